"""Campaigns beside rules for pieces: what is set aside stays with its campaign, only the rest is placed and moved."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import update

from syncer.channels.records import Account
from syncer.inventory.placing import rotate
from syncer.inventory.reserving import release, reserve
from syncer.store.engine import write
from syncer.store.order_tables import placement
from tests.sync.test_hand_over import Pair
from tests.sync.world import World, now


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
