"""What is promised to orders: still on hand, no longer free."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from syncer.catalogue.edit import save_product
from syncer.domain.stock import Reason
from syncer.inventory.bulk import Count, import_counts
from syncer.inventory.errors import BadQuantity, StockMoved
from syncer.inventory.ledger import add_location, audit, available, find_location, move, set_on_hand, transfer
from syncer.inventory.levels import Level, full_levels, held_at
from syncer.inventory.posting import Posting, lock_stock, post
from syncer.store.engine import Connection, Engine, read, write
from syncer.store.marks import Due, Lane
from syncer.store.tables import stock_level
from tests.catalogue.builders import LATER, NOW, add_account, add_listing, bowl, owed, settle


@pytest.fixture
def ids(engine: Engine) -> dict[str, int]:
    with write(engine) as connection:
        saved = save_product(connection, bowl(), now=NOW)
        set_on_hand(connection, "mangkuk-biru", 5, now=NOW)
        place = find_location(connection).id
    assert saved.variant_ids is not None
    return {
        "product": saved.product_id,
        "blue": saved.variant_ids["mangkuk-biru"],
        "white": saved.variant_ids["mangkuk-putih"],
        "main": place,
    }


def hold(connection: Connection, ids: dict[str, int], n: int, reference: str = "order:1") -> None:
    stock = lock_stock(connection, [ids["blue"]])
    post(connection, stock, [Posting(ids["blue"], ids["main"], 0, n, reference)], now=NOW)


def test_what_is_held_is_on_hand_and_not_free(engine: Engine, ids: dict[str, int]) -> None:
    with write(engine) as connection:
        hold(connection, ids, 2)
        hold(connection, ids, 2)
        assert available(connection, [ids["blue"]]) == {ids["blue"]: 3}
        assert full_levels(connection, [ids["blue"]]) == {ids["blue"]: {ids["main"]: Level(5, 2)}}
        stock = lock_stock(connection, [ids["blue"], ids["white"]])
        gone = post(
            connection,
            stock,
            [Posting(ids["blue"], ids["main"], -2, -2, "order:2"), Posting(ids["white"], ids["main"], 0, 1, "order:3")],
            now=LATER,
        )
        assert [(one.sku, one.delta, one.on_hand_after, one.held_delta, one.held_after) for one in gone] == [
            ("mangkuk-biru", -2, 3, -2, 0),
            ("mangkuk-putih", 0, 0, 1, 1),
        ]
        assert available(connection, [ids["blue"], ids["white"]]) == {ids["blue"]: 3, ids["white"]: -1}
        assert audit(connection) == []


def test_a_held_level_that_is_not_its_ledger_is_found(engine: Engine, ids: dict[str, int]) -> None:
    with write(engine) as connection:
        hold(connection, ids, 2)
        connection.execute(update(stock_level).values(held=1))
    with read(engine) as connection:
        assert [(one.sku, one.on_hand, one.ledger, one.held, one.held_ledger) for one in audit(connection)] == [
            ("mangkuk-biru", 5, 5, 1, 2)
        ]


def test_counts_and_imports_leave_promises_alone(engine: Engine, ids: dict[str, int]) -> None:
    with write(engine) as connection:
        hold(connection, ids, 2)
        counted = set_on_hand(connection, "mangkuk-biru", 4, was=5, now=NOW)
        assert counted is not None
        assert (counted.on_hand_after, counted.held_after) == (4, 2)
        with pytest.raises(StockMoved, match="is 2 now"):
            set_on_hand(connection, "mangkuk-biru", 7, was=4, without_held=True, now=NOW)
        assert set_on_hand(connection, "mangkuk-biru", 2, was=2, without_held=True, now=NOW) is None
        packed = set_on_hand(connection, "mangkuk-biru", 3, without_held=True, now=NOW)
        assert packed is not None
        assert packed.on_hand_after == 5
        import_counts(connection, [Count(ids["blue"], ids["product"], 9, 1)], source="csv", run="r", now=NOW)
        assert available(connection, [ids["blue"]]) == {ids["blue"]: 7}
        damaged = move(connection, "mangkuk-biru", -1, reason=Reason.DAMAGED, now=NOW)
        assert damaged is not None
        assert damaged.held_after == held_at(connection, ids["blue"], ids["main"]) == 2
        assert audit(connection) == []


def test_promised_pieces_are_not_moved_away(engine: Engine, ids: dict[str, int]) -> None:
    with write(engine) as connection:
        add_location(connection, "mal", pooled=False)
        hold(connection, ids, 3)
        with pytest.raises(BadQuantity, match="only 2 can be moved"):
            transfer(connection, "mangkuk-biru", 3, origin="utama", target="mal", now=NOW)
        moved = transfer(connection, "mangkuk-biru", 2, origin="utama", target="mal", now=NOW, reference="t")
        assert moved is not None
        assert [(one.on_hand_after, one.held_after) for one in moved] == [(3, 3), (2, 0)]
        assert transfer(connection, "mangkuk-biru", 2, origin="utama", target="mal", now=NOW, reference="t") is None
        assert audit(connection) == []


def test_a_promise_marks_the_shops_and_a_parcel_that_leaves_does_not(engine: Engine, ids: dict[str, int]) -> None:
    with write(engine) as connection:
        listed = add_listing(connection, add_account(connection), ids["product"], {ids["blue"]: 5})
        hold(connection, ids, 4)
        assert owed(connection, listed) == (Due.STOCK, Lane.FALL)
        hold(connection, ids, 1, "order:2")
        assert owed(connection, listed) == (Due.STOCK, Lane.STOP)
        settle(connection)
        stock = lock_stock(connection, [ids["blue"]])
        sent = [Posting(ids["blue"], ids["main"], -4, -4, "order:3")]
        post(connection, stock, sent, now=NOW)
        assert owed(connection, listed) == (0, Lane.IDLE)
