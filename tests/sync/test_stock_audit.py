"""The audit of the stock: the ledger recomputed, and what explains each number that a shop shows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from syncer.inventory.ledger import add_location, set_on_hand
from syncer.store.engine import Engine, open_engine, read, write
from syncer.store.tables import account, listing, offer, stock_level, variant
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
