"""Single pieces: live on one account at a time, and moved by a stored hand-over; last pieces at one chosen account."""

from __future__ import annotations

import datetime as dt
import time
from typing import Any

import pytest
from sqlalchemy import select, update

from syncer.channels import lifecycle
from syncer.channels.records import Account
from syncer.inventory.placing import PieceMode, apply_rules, give, move_piece, rotate, set_rule
from syncer.store.engine import read, write
from syncer.store.order_tables import hand_over, placement
from syncer.store.tables import account, variant
from syncer.store.wakeup import wake_after_commit
from syncer.sync.service import Service
from tests.sync.test_accounts import second_shop, stock_in
from tests.sync.world import World, now, wait_until


class Pair:
    """Two shops of the pool, with products that both list."""

    def __init__(self, world: World, **stock: int) -> None:
        self.world = world
        self.one, self.two = world.account("Satu"), second_shop(world, "Dua")
        for handle, pieces in stock.items():
            world.product(handle, stock=pieces)
            for shop in (self.one, self.two):
                world.publish(shop, handle)

    def follow(self, mode: PieceMode | None = PieceMode.ONE, **more: Any) -> None:
        with write(self.world.engine) as connection:
            set_rule(connection, None, mode=mode, **more)
            apply_rules(connection, now=now())

    def move(self, sku: str, to: Account) -> None:
        with write(self.world.engine) as connection:
            move_piece(connection, self.variant(sku), to.id, reason="person", now=now())

    def variant(self, sku: str) -> int:
        with read(self.world.engine) as connection:
            return int(connection.execute(select(variant.c.id).where(variant.c.sku == sku)).scalar_one())

    def shown(self, sku: str) -> tuple[int, int]:
        # Where a piece goes is asked before where it was: it isn't counted twice because it moved in between.
        second = stock_in(self.world, self.two).get(sku, 0)
        return stock_in(self.world, self.one).get(sku, 0), second

    def place(self, sku: str) -> Any:
        with read(self.world.engine) as connection:
            return connection.execute(select(placement).where(placement.c.variant_id == self.variant(sku))).first()

    def moves(self, sku: str) -> list[Any]:
        with read(self.world.engine) as connection:
            mine = hand_over.c.variant_id == self.variant(sku)
            return list(connection.execute(select(hand_over).where(mine).order_by(hand_over.c.id)).all())


def test_without_a_rule_a_piece_is_on_all(world: World) -> None:
    pair = Pair(world, topeng=1)
    world.settle()
    assert pair.shown("topeng") == (1, 1)


def test_a_single_piece_is_live_on_one_account_at_a_time(world: World) -> None:
    pair = Pair(world, topeng=1, guci=5)
    pair.follow()
    world.settle()
    assert pair.shown("topeng") == (1, 0)
    assert pair.shown("guci") == (5, 5)
    world.stock("guci", 1)
    world.settle()
    assert sorted(pair.shown("guci")) == [0, 1]
    world.stock("guci", 4)
    world.settle()
    assert pair.shown("guci") == (4, 4)
    assert pair.place("guci") is None


def test_the_first_account_by_priority_gets_it(world: World) -> None:
    pair = Pair(world, topeng=1)
    with write(world.engine) as connection:
        from syncer.channels.account_settings import set_priority

        set_priority(connection, pair.two, 1)
    pair.follow()
    world.settle()
    assert pair.shown("topeng") == (0, 1)


def test_moving_stops_there_reads_back_and_reads_orders_before_it_raises_here(world: World) -> None:
    pair = Pair(world, topeng=1)
    pair.follow()
    world.settle()
    last = world.control.last_call()
    pair.move("topeng", pair.two)
    most = []
    with world.at_work():
        wait_until(lambda: most.append(sum(pair.shown("topeng"))) or pair.shown("topeng") == (0, 1))
    assert max(most) <= 1, "never on both"
    move = pair.moves("topeng")[-1]
    assert move.outcome == "done"
    assert move.asked_at <= move.stopped_at <= move.orders_read_at <= move.done_at
    kinds = [call["operation"] for call in world.control.calls(last)]
    stop, rise = (n for n, kind in enumerate(kinds) if kind.endswith("update_stock"))
    between = kinds[stop + 1 : rise]
    assert any("order" in kind for kind in between)
    assert any("item" in kind or "model" in kind for kind in between)


def test_a_piece_that_was_sold_while_it_moved_is_shown_nowhere(world: World) -> None:
    pair = Pair(world, topeng=1)
    pair.follow()
    world.settle()
    world.control.ask("POST", "orders", {"lines": [{"sku": "topeng", "quantity": 1}]})
    pair.move("topeng", pair.two)
    world.settle()
    assert pair.shown("topeng") == (0, 0)
    assert pair.moves("topeng")[-1].outcome == "sold"


def test_an_account_that_cannot_be_reached_keeps_its_piece_until_a_person_decides(world: World) -> None:
    pair = Pair(world, topeng=1)
    pair.follow()
    world.settle()
    with write(world.engine) as connection:
        lifecycle.pause(connection, pair.one)
    pair.move("topeng", pair.two)
    with world.at_work():
        wait_until(lambda: (pair.place("topeng").problem or {}).get("code") == "piece_kept")
        time.sleep(0.3)
        assert pair.shown("topeng") == (1, 0)
        with write(world.engine) as connection:
            give(connection, pair.variant("topeng"), pair.two.id, outcome="forced", now=now())
            wake_after_commit(connection)
        wait_until(lambda: pair.shown("topeng") == (1, 1))
    assert pair.moves("topeng")[-1].outcome == "forced"


def test_the_hand_over_goes_on_when_the_account_is_back(world: World) -> None:
    pair = Pair(world, topeng=1)
    pair.follow()
    world.settle()
    with write(world.engine) as connection:
        lifecycle.pause(connection, pair.one)
    pair.move("topeng", pair.two)
    with world.at_work():
        wait_until(lambda: pair.place("topeng").problem is not None)
        assert pair.shown("topeng") == (1, 0)
    with write(world.engine) as connection:
        lifecycle.resume(connection, pair.one)
    world.settle()
    assert pair.shown("topeng") == (0, 1)
    assert pair.place("topeng").problem is None


def test_a_shop_that_is_down_keeps_its_piece_in_words_until_it_is_back(world: World) -> None:
    pair = Pair(world, topeng=1)
    pair.follow()
    world.settle()
    good = dict(pair.one.options)
    options(world, pair.one, {**good, "base_url": "http://127.0.0.1:1"})
    pair.move("topeng", pair.two)
    world.sync(horizon_s=0.5)
    with world.at_work():
        wait_until(lambda: (pair.place("topeng").problem or {}).get("code") == "piece_kept")
        assert pair.shown("topeng") == (1, 0)
    options(world, pair.one, good)
    world.hurry()
    with world.at_work():
        wait_until(lambda: pair.shown("topeng") == (0, 1))


def test_a_piece_that_waits_for_another_account_does_not_keep_a_sync_of_this_one(world: World) -> None:
    pair = Pair(world, topeng=1)
    pair.follow()
    world.settle()
    pair.move("topeng", pair.two)
    service = Service(world.deps(), only=["Dua"])
    service.start()
    service.run_until_idle(horizon_s=0.5)
    service.stop()
    assert pair.shown("topeng") == (1, 0)
    world.settle()
    assert pair.shown("topeng") == (0, 1)


def options(world: World, shop: Account, values: dict[str, Any]) -> None:
    with write(world.engine) as connection:
        connection.execute(update(account).where(account.c.id == shop.id).values(options=values))


def test_days_at_an_account_end(world: World) -> None:
    pair = Pair(world, topeng=1)
    pair.follow(rotate_days=7)
    world.settle()
    for days, shown in ((6, (1, 0)), (8, (0, 1)), (16, (1, 0))):
        with write(world.engine) as connection:
            since = now() - dt.timedelta(days=days % 8 or 8)
            connection.execute(update(placement).values(since=since))
            rotate(connection, now=now())
        world.settle()
        assert pair.shown("topeng") == shown


def test_a_withdrawn_piece_goes_to_the_next_account(world: World) -> None:
    pair = Pair(world, topeng=1)
    pair.follow()
    world.settle()
    world.withdraw(pair.one, "topeng")
    with write(world.engine) as connection:
        rotate(connection, now=now())
    world.settle()
    assert pair.shown("topeng")[1] == 1


def test_the_last_pieces_go_to_the_chosen_account(world: World) -> None:
    pair = Pair(world, guci=5)
    pair.follow(None, guard_below=3, guard_account_id=pair.two.id)
    world.settle()
    assert pair.shown("guci") == (5, 5)
    world.stock("guci", 2)
    world.settle()
    assert pair.shown("guci") == (0, 2)
    world.stock("guci", 3)
    world.settle()
    assert pair.shown("guci") == (3, 3)


@pytest.mark.parametrize("moments", [0.05, 0.15, 0.3])
def test_a_hand_over_survives_the_end_of_the_daemon_at_any_moment(world: World, moments: float) -> None:
    pair = Pair(world, topeng=1)
    pair.follow()
    world.settle()
    pair.move("topeng", pair.two)
    with world.at_work(stop_s=0.1):
        time.sleep(moments)
    assert sum(pair.shown("topeng")) <= 1
    world.settle()
    wait_until(lambda: pair.shown("topeng") == (0, 1))
