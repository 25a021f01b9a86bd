"""The audit of the stock: the ledger recomputed, and what explains each number that a shop shows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, update

from syncer.inventory.capacity import set_capacity
from syncer.inventory.ledger import add_location, set_on_hand
from syncer.inventory.why import notes
from syncer.store.engine import Engine, open_engine, read, write
from syncer.store.order_tables import reservation
from syncer.store.tables import account, listing, offer, product, stock_level, variant
from syncer.sync.stock_audit import Shown, StockAudit, audit_stock
from tests.catalogue.builders import NOW
from tests.orders.shop import Shops, at, line, order


@pytest.fixture
def shops(home: Path, sqlite_template: Path) -> Iterator[Shops]:
    """On SQLite, where the kind of database makes no difference."""
    (home / "syncer.db").write_bytes(sqlite_template.read_bytes())
    engine = open_engine(f"sqlite:///{home / 'syncer.db'}", home=home)
    yield Shops(engine)
    engine.dispose()


def look(shops: Shops, *skus: str) -> StockAudit:
    with read(shops.engine) as connection:
        return audit_stock(connection, skus=skus, now=NOW)


def first(shops: Shops) -> Shown:
    return look(shops, "mangkuk-biru").variants[0].shops[0]


def codes(shops: Shops) -> list[str]:
    return [one.code for one in first(shops).reasons]


def change(shops: Shops, table: Any, **values: Any) -> None:
    """Change the first shop's account, its listing, or its blue bowl's offer."""
    here = {
        "account": account.c.id == shops.one.id,
        "listing": listing.c.id == shops.listings[0],
        "offer": (offer.c.listing_id == shops.listings[0]) & (offer.c.variant_id == shops.blue),
        "variant": variant.c.id == shops.blue,
    }[table.name]
    with write(shops.engine) as connection:
        connection.execute(update(table).where(here).values(**values))


def test_nothing_is_said_where_all_agree(shops: Shops) -> None:
    found = look(shops)
    assert (found.mismatches, found.unexplained) == ((), 0)
    assert [one.differs for one in found.variants] == [False, False]


def test_a_level_that_is_not_its_ledger_is_found(shops: Shops) -> None:
    with write(shops.engine) as connection:
        connection.execute(update(stock_level).values(held=1))
    (wrong,) = look(shops).mismatches
    assert (wrong.sku, wrong.on_hand, wrong.ledger, wrong.held, wrong.held_ledger) == ("mangkuk-biru", 5, 5, 1, 0)


def test_a_number_that_nothing_explains_is_drift(shops: Shops) -> None:
    change(shops, offer, quantity=7)
    assert codes(shops) == ["drift"]
    assert not first(shops).explained
    assert look(shops).unexplained == 1


@pytest.mark.parametrize(
    ("table", "values", "code"),
    [
        (account, {"mode": "read_only"}, "read_only"),
        (account, {"state": "paused"}, "paused"),
        (account, {"state": "sign_in_needed"}, "away"),
        (listing, {"under_way": {"kind": "stock", "offers": {"1": {"sku": "x", "quantity": 5}}}}, "under_way"),
        (offer, {"cannot_stop_until": at(900)}, "cannot_stop"),
        (offer, {"quantity_unknown": True}, "unknown"),
        (listing, {"held": "orders"}, "orders"),
        (listing, {"held": "brake"}, "brake"),
        (listing, {"due": 1}, "due"),
        (listing, {"state": "parked"}, "problem"),
    ],
)
def test_what_a_shop_waits_for_is_said(shops: Shops, table: Any, values: dict[str, Any], code: str) -> None:
    change(shops, offer, quantity=7)
    change(shops, table, **values)
    found = first(shops)
    assert code in [one.code for one in found.reasons]
    assert found.explained
    assert all(one.words.id and one.words.en for one in found.reasons)


@pytest.mark.parametrize(
    ("table", "values", "shown", "code"),
    [
        (account, {"buffer": 2}, 3, "buffer"),
        (account, {"cap": 4}, 4, "cap"),
        (variant, {"single_piece": True}, 1, "single"),
        (listing, {"wanted": "hidden"}, 0, "withdrawn"),
    ],
)
def test_what_a_rule_makes_of_it_is_said(
    shops: Shops, table: Any, values: dict[str, Any], shown: int, code: str
) -> None:
    change(shops, table, **values)
    change(shops, offer, quantity=shown)
    assert codes(shops) == [code]


def test_a_refused_stop_is_never_called_well(shops: Shops) -> None:
    shops.take(order(lines=[line(quantity=7)]))
    until = dt.datetime(2026, 11, 24, 18, 30, tzinfo=dt.UTC)
    change(shops, offer, quantity=38, quantity_unknown=False, cannot_stop_until=until)
    found = look(shops, "mangkuk-biru")
    refused, other = found.variants[0].shops
    said = " ".join(one.words.en for one in refused.reasons)
    assert "tried again at 25-11-2026 01:30 WIB" in said
    assert "Oversold by 2; it should show 0." in said
    assert "it shows 0" not in said
    assert (refused.explained, refused.sells_missing, refused.settled) == (True, True, False)
    assert (found.unexplained, found.missing) == (0, 2), "the other shop still shows 5"
    assert (other.shown, other.should) == (5, 0)


def test_what_was_stopped_by_hiding_sells_nothing(shops: Shops) -> None:
    shops.take(order(lines=[line(quantity=5)]))
    change(shops, offer, quantity=3, quantity_unknown=False)
    assert first(shops).sells_missing
    change(shops, listing, known={"status": "hidden"}, due=0)
    found = first(shops)
    assert (found.shown, found.should, found.hidden) == (3, 0, True)
    assert (found.sells_missing, found.explained, found.settled, found.agrees) == (False, True, True, True)
    assert "nobody can buy the 3" in " ".join(one.words.en for one in found.reasons)
    # It is being shown again, or nobody knows whether it is: then it may sell.
    for values in ({"under_way": {"offers": {}}}, {"under_way": None, "unknown": ["*status"]}):
        change(shops, listing, **values)
        assert first(shops).sells_missing


def test_numbers_that_are_not_known_are_named(shops: Shops) -> None:
    assert (look(shops).unknown, look(shops).on_their_way) == ([], 0)
    change(shops, offer, quantity_unknown=True)
    found = look(shops)
    assert (found.unknown, found.unsettled) == ([("mangkuk-biru", "satu")], 0)
    change(shops, offer, quantity_unknown=False, quantity=2)
    change(shops, listing, due=1)
    assert (look(shops).unknown, look(shops).on_their_way) == ([], 1)


def test_it_says_when_each_shop_was_looked_at(shops: Shops) -> None:
    change(shops, account, swept_at=at(-60))
    change(shops, listing, verified_at=at(-60), acknowledged_at=at(-600))
    one, two = sorted(look(shops).looked, key=lambda each: each.account != "satu")
    assert (one.account, one.walked_at, one.oldest_at) == ("satu", at(-60), at(-60))
    assert (two.account, two.walked_at) == ("dua", None)
    assert look(shops, "mangkuk-putih").looked


def test_what_a_campaign_keeps_is_no_oversell(shops: Shops) -> None:
    with write(shops.engine) as connection:
        connection.execute(
            insert(reservation).values(
                account_id=shops.two.id,
                variant_id=shops.blue,
                location_id=shops.main,
                quantity=8,
                consumed=0,
                held_there=0,
                campaign="12.12",
                starts_at=at(-10),
                created_at=at(-10),
                ends_at=at(1_000),
                state="active",
            )
        )
    shops.take(order(lines=[line(quantity=7)]))
    change(shops, offer, quantity=0, quantity_unknown=False)
    said = [(one.code, one.words.en) for one in first(shops).reasons]
    assert said == [
        ("campaign", "A campaign on dua: 8 set aside."),
        ("oversold", "Oversold by 2; it shows 0."),
    ]


def test_what_a_crafter_has_left_is_named(shops: Shops) -> None:
    with write(shops.engine) as connection:
        connection.execute(update(product).values(made_to_order_days=7, maker="Bu Sari"))
        set_capacity(connection, "Bu Sari", 2, now=NOW)
        assert [one.code for one in notes(connection, [shops.blue], now=NOW)[shops.blue]] == ["made_to_order"]
    assert "made_to_order" in codes(shops)
    assert not first(shops).settled, "the shop shows 5"
    assert "2 left" in next(one.words.en for one in first(shops).reasons if one.code == "made_to_order")


def test_an_own_place_and_an_oversell_are_said(engine: Engine) -> None:
    shops = Shops(engine)
    with write(shops.engine) as connection:
        apart = add_location(connection, "mal", pooled=False).id
        set_on_hand(connection, "mangkuk-biru", 2, location="mal", now=NOW)
    shops.take(order(lines=[line(quantity=6)]))
    change(shops, account, location_id=apart)
    found = look(shops, "mangkuk-biru").variants[0]
    assert (found.on_hand, found.held, found.free) == (7, 6, -1)
    own, pooled = found.shops
    assert (own.should, "location" in [one.code for one in own.reasons]) == (2, True)
    assert (pooled.should, "oversold" in [one.code for one in pooled.reasons]) == (0, True)
