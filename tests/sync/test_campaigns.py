"""Campaigns in the engine: pieces set aside, promotions that hold on to stock, and ends that nobody announces."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from zoneinfo import ZoneInfo

from sqlalchemy import select, update

from syncer.channels.account_settings import set_allocation, set_time_zone
from syncer.channels.records import Account
from syncer.domain.stock import Allocation
from syncer.inventory import reserving
from syncer.inventory.moments import catch_up
from syncer.inventory.reserving import reserve
from syncer.orders.reading import read_soon
from syncer.store.engine import read, write
from syncer.store.marks import Due, Lane, mark
from syncer.store.order_tables import reservation
from syncer.store.tables import listing, offer
from syncer.store.wakeup import wake_after_commit
from tests.sync.stall import Stall
from tests.sync.test_accounts import second_shop, stock_in
from tests.sync.world import World, now, wait_until


def two_shops(world: World, **stock: int) -> tuple[Account, Account]:
    one, two = world.account("Satu"), second_shop(world, "Dua")
    for handle, pieces in stock.items():
        world.product(handle, stock=pieces)
        for shop in (one, two):
            world.publish(shop, handle)
    world.settle()
    return one, two


def set_aside(world: World, account: Account, sku: str, quantity: int, hours: float = 10.0) -> None:
    with write(world.engine) as connection:
        reserve(
            connection,
            sku,
            quantity,
            account_id=account.id,
            campaign="Lebaran",
            starts_at=now(),
            ends_at=now() + dt.timedelta(hours=hours),
            now=now(),
        )


def shown(world: World, sku: str, *accounts: Account) -> tuple[int, ...]:
    return tuple(stock_in(world, account)[sku] for account in accounts)


def stuck_until(world: World, account: Account) -> dt.datetime | None:
    with read(world.engine) as connection:
        query = select(offer.c.cannot_stop_until).join(listing, listing.c.id == offer.c.listing_id)
        return connection.execute(query.where(listing.c.account_id == account.id)).scalar()


def keep_back(world: World, account: Account, pieces: int) -> None:
    with write(world.engine) as connection:
        set_allocation(connection, account, Allocation(buffer=pieces), now=now())
        wake_after_commit(connection)


def test_what_is_set_aside_leaves_the_other_shop_and_comes_back_at_the_end(world: World) -> None:
    one, two = two_shops(world, guci=5)
    set_aside(world, one, "guci", 5)
    world.settle()
    assert shown(world, "guci", one, two) == (5, 0)
    before = world.control.last_call()
    with write(world.engine) as connection:
        over = {"starts_at": now() - dt.timedelta(hours=1), "ends_at": now() - dt.timedelta(seconds=1)}
        connection.execute(update(reservation).values(over))
    assert catch_up(world.engine, now()) == {"campaigns ended": 1}
    assert catch_up(world.engine, now()) == {}
    world.settle()
    assert shown(world, "guci", one, two) == (5, 5)
    reads = [call["operation"] for call in world.control.calls(before) if call["operation"].startswith("product.get")]
    assert "product.get_item_base_info" in reads, "its own shop was read, without an end message"


def test_while_a_promotion_refuses_a_stop_no_other_shop_sells_it(world: World) -> None:
    one, two = two_shops(world, guci=5)
    shop = {"shop_id": one.shop_id, "sku": "guci"}
    world.control.ask("POST", "promotions", shop | {"lock": ["stock", "unlist"], "until_s": 100})
    set_aside(world, one, "guci", 1)
    with write(world.engine) as connection:
        set_time_zone(connection, one, "Asia/Makassar")
    world.settle()
    assert shown(world, "guci", one, two) == (5, 4)
    with read(world.engine) as connection:
        ends = reserving.list_reservations(connection)[0].ends_at
    with world.at_work():
        keep_back(world, one, 5)
        wait_until(lambda: shown(world, "guci", two) == (0,))
    # Until the campaign's planned end, and the alert says so, by the clock of the shop.
    assert stuck_until(world, one) == ends
    with read(world.engine) as connection:
        problem = connection.execute(select(listing.c.problem).where(listing.c.account_id == one.id)).scalar_one()
    end = f"{ends.astimezone(ZoneInfo('Asia/Makassar')):%d-%m-%Y %H:%M} WITA"
    assert f"can't be stopped until {end}" in problem["words"]["en"]
    assert shown(world, "guci", one) == (5,)
    with read(world.engine) as connection:
        again = connection.execute(select(listing.c.due_at).where(listing.c.account_id == one.id)).scalar_one()
    assert again - now() <= dt.timedelta(seconds=30), "the shop's promotion may end before our campaign does"
    world.control.ask("POST", "clock", {"advance_s": 200})
    world.hurry()
    world.settle()
    assert shown(world, "guci", one, two) == (0, 4)
    assert stuck_until(world, one) is None


def test_a_fall_that_a_promotion_refuses_says_until_when(world: World) -> None:
    one, two = two_shops(world, guci=5)
    world.control.ask("POST", "promotions", {"shop_id": one.shop_id, "sku": "guci", "lock": ["stock"], "until_s": 100})
    set_aside(world, one, "guci", 1)
    world.settle()
    keep_back(world, one, 3)
    world.sync()
    with read(world.engine) as connection:
        ends = reserving.list_reservations(connection)[0].ends_at
        problem = connection.execute(select(listing.c.problem).where(listing.c.account_id == one.id)).scalar_one()
    assert f"can't be lowered until {ends.astimezone(ZoneInfo(one.time_zone)):%d-%m-%Y %H:%M}" in problem["words"]["en"]
    assert stuck_until(world, one) is None, "it still sells what there is"
    assert shown(world, "guci", one, two)[0] == 5


def test_an_offer_that_need_not_stop_any_more_frees_the_others(world: World) -> None:
    one, two = two_shops(world, guci=5)
    shop = {"shop_id": one.shop_id, "sku": "guci"}
    world.control.ask("POST", "promotions", shop | {"lock": ["stock", "unlist"], "until_s": 100})
    keep_back(world, one, 5)
    world.sync()
    assert stuck_until(world, one) is not None
    keep_back(world, one, 0)  # it shows five again, as the shop does: nothing is sent
    world.sync()
    catch_up(world.engine, now())
    world.settle()
    assert stuck_until(world, one) is None
    assert shown(world, "guci", one, two) == (5, 5)


def test_what_a_promotion_sells_there_is_taken_from_what_was_set_aside_for_it(world: World) -> None:
    one, two = two_shops(world, guci=5)
    set_aside(world, one, "guci", 2)
    world.control.ask("POST", "promotions", {"shop_id": one.shop_id, "sku": "guci", "quantity": 2, "ends_in_s": 500})
    world.settle()
    assert shown(world, "guci", one, two) == (5, 3)
    with world.at_work():
        world.control.ask("POST", "orders", {"shop_id": one.shop_id, "lines": [{"sku": "guci", "quantity": 1}]})
        with write(world.engine) as connection:
            read_soon(connection, one.id, now())
        wait_until(lambda: set_aside_of(world) == [(2, 1)])
    world.settle()
    # Four are left, one of them set aside: the other shop loses nothing by it.
    assert shown(world, "guci", one, two) == (4, 3)


def test_what_a_channel_keeps_apart_is_not_shown_a_second_time(world: World) -> None:
    stall = Stall()
    shop = world.stall(stall)
    world.product("guci", stock=5)
    world.publish(shop, "guci")
    world.settle()
    assert stall.shown("guci") == 5
    set_aside(world, shop, "guci", 3)
    [(number, there)] = stall.there.items()
    # A promotion there takes two of the five away from the number, and a look at it tells.
    kept = replace(there, offers=tuple(replace(one, quantity=3, held=2) for one in there.offers))
    stall.there[number] = kept
    with write(world.engine) as connection:
        mark(connection, listing.c.account_id == shop.id, Due.READ, Lane.READ, now=now())
        wake_after_commit(connection)
    world.settle()
    assert stall.shown("guci") == 3


def set_aside_of(world: World) -> list[tuple[int, int]]:
    with read(world.engine) as connection:
        return [(one.quantity, one.consumed) for one in reserving.list_reservations(connection)]
