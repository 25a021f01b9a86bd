"""``kill -9`` at any moment: nothing is lost, nothing doubled, and nobody repairs anything by hand."""

from __future__ import annotations

import random
import time
from decimal import Decimal

import pytest

from syncer.catalogue.edit import edit_product, set_price
from syncer.store.engine import write
from tests.chaos.engine_process import POINTS
from tests.chaos.processes import EngineProcess
from tests.sync.world import World, now, offers_of


def check(world: World, wanted: dict[str, tuple[str, dict[str, tuple[int, int]]]]) -> None:
    """The shop holds exactly the wanted titles and offers, once each (``listings`` refuses duplicates)."""
    there = world.control.listings()
    assert sorted(there) == sorted(title for title, _ in wanted.values())
    for title, offers in wanted.values():
        assert there[title]["status"] == "live"
        assert offers_of(there[title]) == offers


@pytest.mark.parametrize("point", POINTS)
def test_killed_at_each_point_of_a_create(world: World, point: str) -> None:
    account = world.account()
    world.product("guci", sizes=("A", "B"), stock=3)
    world.product("vas", stock=1)
    world.publish(account, "guci", "vas")
    for times in (1, 2, 3, 4):
        with EngineProcess(world, point=point, times=times) as engine:
            engine.ended(2.5)
    world.settle()
    check(
        world,
        {
            "guci": ("Mangkuk kayu guci", {"guci-A": (100_000, 3), "guci-B": (100_000, 3)}),
            "vas": ("Mangkuk kayu vas", {"vas": (100_000, 1)}),
        },
    )


@pytest.mark.parametrize("point", ["claimed", "before_call", "after_call"])
def test_killed_between_a_to_b_and_back_to_a(world: World, point: str) -> None:
    account = world.account()
    world.product("tas", sizes=("A", "B"), stock=5)
    world.publish(account, "tas")
    world.settle()
    for text, number in (("Tas B", 0), ("Mangkuk kayu tas", 5), ("Tas C", 2), ("Mangkuk kayu tas", 5)):
        with write(world.engine) as connection:
            edit_product(connection, "tas", title=text, now=now())
        world.stock("tas-A", number)
        with EngineProcess(world, point=point, times=1) as engine:
            assert engine.ended(5)
    world.settle()
    check(world, {"tas": ("Mangkuk kayu tas", {"tas-A": (100_000, 5), "tas-B": (100_000, 5)})})


def test_a_late_write_never_wins_over_a_newer_one(world: World) -> None:
    account = world.account()
    world.product("kap", stock=5)
    world.publish(account, "kap")
    world.settle()
    world.control.fault(operation="product.update_stock", fault="late_write", ms=250, times=1)
    world.control.fault(operation="product.update_item", fault="late_write", ms=250, times=1)
    with EngineProcess(world):
        world.stock("kap", 4)
        with write(world.engine) as connection:
            edit_product(connection, "kap", title="Kap lampu B", now=now())
        time.sleep(0.1)
        world.stock("kap", 5)
        with write(world.engine) as connection:
            edit_product(connection, "kap", title="Mangkuk kayu kap", now=now())
        time.sleep(0.6)
    world.settle()
    check(world, {"kap": ("Mangkuk kayu kap", {"kap": (100_000, 5)})})


def test_killed_at_random_moments(world: World) -> None:
    luck = random.Random(7)
    account = world.account()
    handles = [f"produk-{number}" for number in range(6)]
    state: dict[str, tuple[str, dict[str, tuple[int, int]]]] = {}
    for number, handle in enumerate(handles):
        sizes = ("A", "B") if number % 2 else ()
        world.product(handle, sizes=sizes, stock=4)
        skus = [f"{handle}-{size}" for size in sizes] or [handle]
        state[handle] = (f"Mangkuk kayu {handle}", dict.fromkeys(skus, (100_000, 4)))
    world.publish(account, *handles)
    world.control.fault(fault="answer_lost", probability=0.1, seed=1)
    world.control.fault(fault="late_write", probability=0.05, ms=120, seed=2)
    for turn in range(8):
        with EngineProcess(world):
            for _ in range(4):
                handle = luck.choice(handles)
                title, offers = state[handle]
                sku = luck.choice(sorted(offers))
                stock, price = luck.randrange(0, 6), luck.choice((90_000, 100_000, 110_000))
                title = f"{handle} ke-{turn}-{luck.randrange(3)}"
                world.stock(sku, stock)
                with write(world.engine) as connection:
                    set_price(connection, sku, Decimal(price), now=now())
                    edit_product(connection, handle, title=title, now=now())
                state[handle] = (title, {**offers, sku: (price, stock)})
                time.sleep(luck.random() * 0.15)
    world.control.heal()
    world.settle(20)
    check(world, state)
    assert [call for call in world.control.calls() if call["refused"] in ("rate", "quota")] == []


def test_two_hundred_creates_with_lost_answers(world: World) -> None:
    account = world.account()
    picture = world.picture("satu untuk semua")
    handles = [f"anting-{number}" for number in range(200)]
    for handle in handles:
        world.product(handle, stock=2, picture=picture)
    world.publish(account, *handles)
    world.control.fault(operation="product.add_item", fault="answer_lost", probability=0.1, seed=4)
    world.control.fault(operation="product.add_item", fault="late_write", probability=0.05, ms=200, seed=5)
    world.control.fault(fault="search_lag", ms=150)
    world.settle(60)
    there = world.control.listings()
    assert sorted(there) == sorted(f"Mangkuk kayu {handle}" for handle in handles)
    lost = [call for call in world.control.calls() if call["fault"] in ("answer_lost", "late_write")]
    assert len(lost) >= 15
