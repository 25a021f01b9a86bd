"""Campaigns beside rules for pieces: what is set aside stays with its campaign, only the rest is placed and moved."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import select, update

from syncer.channels import lifecycle
from syncer.channels.account_settings import set_allocation
from syncer.channels.records import Account
from syncer.domain.stock import Allocation
from syncer.inventory.moments import catch_up
from syncer.inventory.placing import rotate
from syncer.inventory.reserving import list_reservations, release, reserve
from syncer.store.engine import read, write
from syncer.store.order_tables import placement, reservation
from syncer.store.tables import listing, offer
from syncer.store.wakeup import wake_after_commit
from tests.sync.test_hand_over import Pair
from tests.sync.world import World, now, wait_until


def _set_aside(pair: Pair, sku: str, quantity: int, shop: Account) -> None:
    day = dt.timedelta(days=1)
    with write(pair.world.engine) as connection:
        reserve(
            connection,
            sku,
            quantity,
            account_id=shop.id,
            campaign="Lebaran",
            starts_at=now(),
            ends_at=now() + day,
            now=now(),
        )
        wake_after_commit(connection)


def _waits(pair: Pair) -> bool:
    with read(pair.world.engine) as connection:
        return any(one.waits for one in list_reservations(connection))


def _begin_by_the_clock(pair: Pair, sku: str, shop: Account) -> None:
    """Set a piece aside for a campaign whose start comes a moment later."""
    with write(pair.world.engine) as connection:
        begin, end = now() + dt.timedelta(hours=1), now() + dt.timedelta(hours=2)
        whose = {"account_id": shop.id, "campaign": "Lebaran", "starts_at": begin, "ends_at": end}
        reserve(connection, sku, 1, now=now(), **whose)
        connection.execute(update(reservation).values(starts_at=now() - dt.timedelta(seconds=1)))
    assert not _waits(pair)
    assert catch_up(pair.world.engine, now()) == {"campaigns begun": 1}


@pytest.mark.parametrize("how", ["at once", "by the clock"])
def test_a_campaign_gets_a_placed_piece_by_hand_over_and_gives_it_back(world: World, how: str) -> None:
    pair = Pair(world, topeng=1)
    pair.follow()
    world.settle()
    assert pair.shown("topeng") == (1, 0)
    last = world.control.last_call()
    if how == "at once":
        _set_aside(pair, "topeng", 1, pair.two)
    else:
        _begin_by_the_clock(pair, "topeng", pair.two)
    assert _waits(pair)
    _follows(pair, (0, 1))
    there = pair.moves("topeng")[-1]
    assert (there.reason, there.outcome, there.to_account_id) == ("campaign", "done", pair.two.id)
    assert there.asked_at <= there.stopped_at <= there.orders_read_at <= there.done_at
    kinds = [call["operation"] for call in world.control.calls(last)]
    stop, rise = (n for n, kind in enumerate(kinds) if kind.endswith("update_stock"))
    assert any("order" in kind for kind in kinds[stop + 1 : rise])
    assert pair.place("topeng").account_id == pair.two.id
    assert not _waits(pair)
    with write(world.engine) as connection:
        over = {"starts_at": now() - dt.timedelta(hours=1), "ends_at": now() - dt.timedelta(seconds=1)}
        connection.execute(update(reservation).values(over))
    assert catch_up(world.engine, now()) == {"campaigns ended": 1}
    _follows(pair, (1, 0))
    back = pair.moves("topeng")[-1]
    assert (back.reason, back.outcome, back.from_account_id) == ("campaign_end", "done", pair.two.id)


def _follows(pair: Pair, end: tuple[int, int]) -> None:
    """Let the engine work until the shops show ``end``: meanwhile they never show more than one piece together."""
    most: list[int] = []
    with pair.world.at_work():
        wait_until(lambda: bool(most.append(sum(pair.shown("topeng"))) or pair.shown("topeng") == end))
    assert max(most) <= 1


def test_a_shop_out_of_reach_keeps_its_piece_from_a_campaign_elsewhere(world: World) -> None:
    pair = Pair(world, topeng=1)
    pair.follow()
    world.settle()
    with write(world.engine) as connection:
        lifecycle.pause(connection, pair.one)
    _set_aside(pair, "topeng", 1, pair.two)
    with world.at_work():
        wait_until(lambda: (pair.place("topeng").problem or {}).get("code") == "piece_kept")
        assert pair.shown("topeng") == (1, 0)
        assert _waits(pair)
    with write(world.engine) as connection:
        release(connection, "Lebaran", now=now())
        lifecycle.resume(connection, pair.one)
    world.settle()
    assert pair.shown("topeng") == (1, 0)
    assert pair.place("topeng").account_id == pair.one.id


def test_a_piece_that_is_sold_on_its_way_to_a_campaign_is_shown_nowhere(world: World) -> None:
    pair = Pair(world, topeng=1)
    pair.follow()
    world.settle()
    world.control.ask("POST", "orders", {"lines": [{"sku": "topeng", "quantity": 1}]})
    _set_aside(pair, "topeng", 1, pair.two)
    world.settle()
    assert pair.shown("topeng") == (0, 0)
    assert pair.moves("topeng")[-1].outcome == "sold"


def test_last_pieces_go_to_a_campaign_and_back_by_hand_overs(world: World) -> None:
    pair = Pair(world, guci=2)
    pair.follow(None, guard_below=3, guard_account_id=pair.two.id)
    world.settle()
    assert pair.shown("guci") == (0, 2)
    assert pair.moves("guci")[-1].reason == "guard"
    _set_aside(pair, "guci", 1, pair.one)
    world.settle()
    assert pair.shown("guci") == (1, 1)
    assert [one.reason for one in pair.moves("guci")][-2:] == ["campaign", "guard"]
    with write(world.engine) as connection:
        release(connection, "Lebaran", now=now())
    world.settle()
    assert pair.shown("guci") == (0, 2)
    assert pair.moves("guci")[-1].reason == "campaign_end"


def test_a_single_piece_that_is_set_aside_is_shown_by_its_campaigns_shop(world: World) -> None:
    pair = Pair(world, topeng=1)
    _set_aside(pair, "topeng", 1, pair.two)
    pair.follow(rotate_days=1)
    world.settle()
    assert pair.shown("topeng") == (0, 1)
    with write(world.engine) as connection:
        connection.execute(update(placement).values(since=now() - dt.timedelta(days=2)))
        assert rotate(connection, now=now()) == 0, "there is nothing to move"
    world.settle()
    assert pair.shown("topeng") == (0, 1)


def test_only_what_is_set_aside_for_nobody_is_placed_and_moved(world: World) -> None:
    pair = Pair(world, guci=5)
    world.settle()
    pair.follow()
    _set_aside(pair, "guci", 4, pair.one)
    world.settle()
    assert pair.shown("guci") == (5, 0), "the last loose piece is on one account"
    pair.move("guci", pair.two)
    world.settle()
    assert pair.shown("guci") == (4, 1), "what is set aside stays with its campaign"
    assert pair.moves("guci")[-1].outcome == "done"
    with write(world.engine) as connection:
        release(connection, "Lebaran", now=now())
    world.settle()
    assert pair.shown("guci") == (5, 5)
    assert pair.place("guci") is None


def test_last_pieces_go_by_hand_over_to_an_account_that_showed_none(world: World) -> None:
    pair = Pair(world, guci=5)
    with write(world.engine) as connection:
        set_allocation(connection, pair.two, Allocation(buffer=5), now=now())
    world.settle()
    assert pair.shown("guci") == (5, 0)
    with write(world.engine) as connection:
        set_allocation(connection, pair.two, Allocation(), now=now())
    # A write that is under way there doesn't count as showing them already.
    with write(world.engine) as connection:
        mine = listing.c.account_id == pair.two.id
        connection.execute(
            update(offer).where(offer.c.listing_id.in_(select(listing.c.id).where(mine))).values(quantity_unknown=True)
        )
    pair.follow(None, guard_below=6, guard_account_id=pair.two.id)
    world.settle()
    assert pair.shown("guci") == (0, 5)
    last = pair.moves("guci")[-1]
    assert (last.reason, last.outcome) == ("guard", "done")
    assert last.asked_at <= last.stopped_at <= last.orders_read_at <= last.done_at
