"""While something urgent is on its way, other work stands aside, and moves on all the same."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from syncer.store.marks import Lane
from syncer.sync import right_of_way
from syncer.sync.right_of_way import RIGHT_OF_WAY, RightOfWay, is_urgent
from tests.sync.world import World, offers_of, wait_until


@contextmanager
def _no_end_of_orders() -> Iterator[None]:
    """As if a webhook came every few milliseconds."""
    over = threading.Event()

    def orders() -> None:
        while not over.wait(0.005):
            RIGHT_OF_WAY.take()

    thread = threading.Thread(target=orders)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_content_and_stops_move_on_however_much_is_sold(world: World) -> None:
    account = world.account()
    world.product("guci", stock=5)
    with world.at_work(), _no_end_of_orders():
        world.publish(account, "guci")
        wait_until(lambda: world.row("guci").state == "live")
        world.stock("guci", 0)
        wait_until(lambda: offers_of(world.there("guci"))["guci"][1] == 0)
    world.settle()
    world.check(account)


def test_a_step_is_believed_in_for_a_moment_only(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr(right_of_way.time, "monotonic", lambda: clock[0])
    way = RightOfWay()
    assert not way.is_taken
    way.take()
    assert way.is_taken
    clock[0] += right_of_way.EXPECTED_S
    assert not way.is_taken


def test_only_what_falls_goes_first() -> None:
    assert [lane for lane in Lane if is_urgent(lane)] == [Lane.STOP, Lane.FALL]
