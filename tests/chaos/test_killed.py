"""Killed at any moment: nothing is lost, nothing is doubled, and nobody mends anything by hand."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence
from decimal import Decimal

import pytest

from syncer.channels.records import Account
from syncer.domain.product import Variant
from tests.chaos.conftest import Engines
from tests.chaos.runner import POINTS
from tests.sync.world import FAST, World

OF_A_WRITE = POINTS[:5]
MOSTLY_WRITES = (*OF_A_WRITE, *OF_A_WRITE, *POINTS)
MOST_KILLS = 150


def opened(world: World) -> Account:
    """A shop with a piece and a cloth in three sizes, published and not sent yet."""
    account = world.account()
    world.product("guci", stock=3)
    world.product("kain", sizes=("S", "M", "L"), stock=2)
    world.publish(account, "guci", "kain")
    return account


def edits(world: World, account: Account) -> Iterator[None]:
    """Change a bit of everything, step by step."""
    world.stock("guci", 0)
    world.stock("kain-S", 5)
    yield
    world.title("kain", "Kain tenun baru")
    world.price("kain-M", 130_000)
    world.withdraw(account, "guci")
    yield
    new = Variant(sku="kain-XL", price=Decimal(120_000), option_values=("XL",), weight_g=400)
    world.variants("kain", lambda old: (*old[1:], new), stock=4)
    world.publish(account, "guci")
    yield
    world.rename("kain-L", "kain-besar")
    world.title("guci", "Guci tanah liat")
    world.stock("guci", 7)
    yield
    world.delete("guci")
    world.stock("kain-besar", 1)
    yield


def killed_until_done(world: World, engines: Engines, points: Iterator[tuple[str, int]], quiet: int) -> int:
    """Run engines that are killed, until ``quiet`` of them in a row had nothing left to do; return the kills."""
    kills = survived = 0
    while survived < quiet:
        if engines.run(FAST, *next(points)):
            kills, survived = kills + 1, 0
        else:
            survived += 1
        # Killed with a pair that the platform has given and nobody kept: only a person can help, and does.
        world.sign_in_again()
        assert kills < MOST_KILLS, "no progress"
    return kills


def kill_all_the_way(world: World, engines: Engines, points: Sequence[str], seed: int, after: int = 1) -> None:
    """Publish, edit and delete with engines killed at these points, in any order, at the first to ``after``-th pass."""
    account = opened(world)
    world.control.ask("POST", "tokens/revoke", {})
    chance = random.Random(seed)
    turns = ((chance.choice(points), chance.randint(1, after)) for _ in itertools.count())
    kills = killed_until_done(world, engines, turns, quiet=4 * after)
    world.check(account)
    for _ in edits(world, account):
        kills += killed_until_done(world, engines, turns, quiet=2 * after)
    world.settle()
    world.check(account)
    assert kills >= 10 // after, "a point that is to be passed ``after`` times is reached that much less often"


@pytest.mark.parametrize(
    ("points", "seed"),
    [pytest.param(OF_A_WRITE, 1, marks=pytest.mark.long), (MOSTLY_WRITES, 2)],
    ids=["write", "any"],
)
def test_killed_at_every_step(world: World, engines: Engines, points: tuple[str, ...], seed: int) -> None:
    kill_all_the_way(world, engines, points, seed)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(10, 16))
@pytest.mark.parametrize("after", [1, 2, 3])
def test_killed_at_every_step_many_times(world: World, engines: Engines, seed: int, after: int) -> None:
    kill_all_the_way(world, engines, MOSTLY_WRITES if after > 1 else OF_A_WRITE, seed, after)


@pytest.mark.parametrize("seed", [pytest.param(n, marks=[pytest.mark.long] if n else []) for n in range(4)])
def test_killed_at_random_moments(world: World, engines: Engines, seed: int) -> None:
    account = opened(world)
    chance = random.Random(seed)
    for _ in itertools.chain([None], edits(world, account)):
        for _ in range(3 if seed == 0 else 12):
            process = engines.start(FAST)
            process.join(chance.uniform(0.02, 0.5))
            process.kill()
            process.join()
        assert not engines.run(FAST)
    world.settle()
    world.check(account)


@pytest.mark.parametrize("point", ["in_flight", "answered"])
@pytest.mark.parametrize("late", [False, True], ids=["kill", "late"])
def test_back_to_the_old_value_with_a_kill_or_a_late_write_between(
    world: World, engines: Engines, point: str, late: bool
) -> None:
    account = world.account()
    world.product("guci", stock=3)
    world.product("kain", sizes=("S", "M"), stock=2)
    world.publish(account, "guci", "kain")
    assert not engines.run(FAST)
    for number in range(3):
        world.stock("guci", 9 + number)
        world.stock("kain-S", 9 + number)
        world.price("kain-M", 150_000 + number)
        world.title("guci", f"Guci B {number}")
        if late:
            world.control.fault(fault="late_write", ms=150, operation="product.update", times=4)
        engines.run(FAST, point, number + 1)
        world.stock("guci", 3)
        world.stock("kain-S", 2)
        world.price("kain-M", 100_000)
        world.title("guci", "Mangkuk kayu guci")
        engines.run(FAST)
    world.control.heal()
    world.settle()
    world.check(account)
