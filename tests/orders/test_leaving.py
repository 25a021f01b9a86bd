"""An account goes: its orders, its campaigns, and what was just being read of it. On both databases."""

from __future__ import annotations

import threading

import pytest

from syncer.channels.records import AccountError
from syncer.inventory.free import free
from syncer.inventory.levels import Level, audit
from syncer.inventory.reserving import reserve, reserved_for
from syncer.orders.inbox import close, find_order
from syncer.orders.leaving import Settle, disconnect, remove_account
from syncer.orders.listing import order_rows
from syncer.store.engine import read, write
from tests.orders.shop import Shops, at, line, order


def remove(shops: Shops, settle: Settle | None = None) -> None:
    with write(shops.engine) as connection:
        remove_account(connection, shops.one, force=True, settle=settle, now=at(300))


def test_an_account_with_open_orders_is_removed_only_once_a_person_says_what_becomes_of_them(shops: Shops) -> None:
    shops.take(order(lines=[line(quantity=2)]), order("SHIPPED", name="A2"))
    with pytest.raises(AccountError, match=r"1 order .* \(A1\)") as refused:
        remove(shops)
    assert "--orders keep" in str(refused.value)
    assert shops.level() == Level(4, 2)
    remove(shops, Settle.KEEP)
    assert shops.level() == Level(4, 2)
    with write(shops.engine) as connection:
        (left,) = order_rows(connection, only_open=True)
        assert (left.order, left.held, left.account) == ("A1", 2, "satu")
        close(connection, find_order(connection, "A1"), sent=True, now=at(310))
        assert audit(connection) == []
    assert shops.level() == Level(2, 0)


@pytest.mark.parametrize(("settle", "level"), [(Settle.SENT, Level(3, 0)), (Settle.OFF, Level(5, 0))])
def test_its_open_orders_are_settled_with_it(shops: Shops, settle: Settle, level: Level) -> None:
    shops.take(order(lines=[line(quantity=2)]))
    remove(shops, settle)
    assert shops.level() == level


def test_an_order_that_was_being_read_when_its_account_was_removed_counts_all_the_same(shops: Shops) -> None:
    shops.take(order(name="A1"))
    remove(shops, Settle.KEEP)
    shops.take(order(name="A2", lines=[line(quantity=3)]), order("CANCELLED", name="A1", updated=120), began=301)
    assert shops.level() == Level(5, 3)
    with read(shops.engine) as connection:
        assert [one.order for one in order_rows(connection, only_open=True)] == ["A2"]
        assert audit(connection) == []


def test_reading_and_removing_at_the_same_moment_lose_no_order(shops: Shops) -> None:
    begun = threading.Barrier(2)

    def take() -> None:
        begun.wait()
        for number in range(5):
            shops.take(order(name=f"B{number}"), began=200 + number)

    reader = threading.Thread(target=take)
    reader.start()
    begun.wait()
    remove(shops, Settle.KEEP)
    reader.join()
    assert shops.level() == Level(5, 5)
    with read(shops.engine) as connection:
        assert len(order_rows(connection, only_open=True)) == 5


def test_what_was_set_aside_for_an_account_is_free_again_when_it_is_removed_and_kept_when_it_is_away(
    shops: Shops,
) -> None:
    with write(shops.engine) as connection:
        reserve(
            connection,
            "mangkuk-biru",
            4,
            account_id=shops.one.id,
            campaign="Lebaran",
            starts_at=at(0),
            ends_at=at(86_400),
            now=at(0),
        )
        gone = disconnect(connection, shops.one)
        # Its shop may still sell them.
        assert [one.left for one in gone.released] == [4]
        assert free(connection, [shops.blue], account_id=shops.two.id, location_id=None, now=at(0)) == {shops.blue: 1}
    shops.settle()
    remove(shops)
    with read(shops.engine) as connection:
        assert free(connection, [shops.blue], account_id=shops.two.id, location_id=None, now=at(0)) == {shops.blue: 5}
        assert reserved_for(connection, shops.one.id) == []
    assert shops.owed(1)[0] != 0, "the other shop learns that it may show more"
