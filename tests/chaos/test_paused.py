"""A process that was stopped past its lease sends nothing that it may no longer send."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from syncer.channels.records import Account
from syncer.store.engine import read, write
from syncer.store.tables import lease, listing
from tests.chaos.conftest import Engines
from tests.sync.world import FAST, World, offers_of, wait_until

#: A taker waits for the lease, the longest call and a late write: 0.6 + 0.3 + 0.2 seconds.
TIMING = replace(FAST, lease_s=0.6, call_deadline_s=0.3, late_write_s=0.2)


def epoch(world: World) -> int:
    with read(world.engine) as connection:
        return connection.execute(select(lease.c.epoch)).scalar() or 0


def stopped(process: Any) -> bool:
    with open(f"/proc/{process.pid}/stat") as stat:
        return stat.read().rpartition(")")[2].split()[0] == "T"


def stop(process: Any) -> None:
    os.kill(process.pid, signal.SIGSTOP)
    wait_until(lambda: stopped(process))


def opened(world: World, count: int = 1) -> Account:
    world.timing = TIMING
    account = world.account()
    picture = world.picture("semua")
    handles = [f"patung-{number}" for number in range(count)]
    for handle in handles:
        world.product(handle, stock=9, picture=picture)
    world.publish(account, *handles)
    world.settle()
    return account


def shown(world: World, handle: str = "patung-0") -> int:
    return offers_of(world.there(handle))[handle][1]


@pytest.mark.parametrize("point", ["claimed", "sending", "answered"])
def test_a_stopped_process_wakes_without_its_lease(world: World, engines: Engines, point: str) -> None:
    account = opened(world)
    old = engines.start(TIMING, point, fuse=signal.SIGSTOP, forever=True)
    wait_until(lambda: epoch(world) > 1)
    world.stock("patung-0", 3)
    wait_until(lambda: stopped(old))
    before = epoch(world)
    new = engines.start(TIMING, forever=True)
    wait_until(lambda: epoch(world) > before)
    world.stock("patung-0", 1)
    wait_until(lambda: shown(world) == 1)
    stop(new)
    last = world.control.last_call()
    os.kill(old.pid, signal.SIGCONT)
    time.sleep(0.5)
    assert world.control.writes(last) == [], "the old one sends nothing"
    os.kill(new.pid, signal.SIGCONT)
    old.kill()
    new.kill()
    old.join()
    new.join()
    world.settle()
    world.check(account)


@pytest.mark.parametrize("seed", [pytest.param(n, marks=[pytest.mark.long] if n else []) for n in range(4)])
def test_stopped_at_random_moments_under_load(world: World, engines: Engines, seed: int) -> None:
    """Two processes take turns; whoever was stopped past its lease writes nothing before it has it again."""
    account = opened(world, count=12)
    chance = random.Random(seed)
    processes = [engines.start(TIMING, forever=True) for _ in range(2)]
    wait_until(lambda: epoch(world) > 1)
    rounds = 4 if seed == 0 else 20
    for number in range(rounds):
        for product in range(12):
            world.stock(f"patung-{product}", chance.randrange(9))
        time.sleep(chance.uniform(0.0, 0.15))
        working, other = stop_between_transactions(world, processes)
        before = epoch(world)
        wait_until(lambda before=before: epoch(world) > before, 10.0)
        world.title(f"patung-{number % 12}", f"Patung ke-{number}")
        stop(other)
        last = world.control.last_call()
        os.kill(working.pid, signal.SIGCONT)
        time.sleep(0.3)
        assert world.control.writes(last) == []
        os.kill(other.pid, signal.SIGCONT)
    for process in processes:
        process.kill()
        process.join()
    world.settle()
    world.check(account)


def stop_between_transactions(world: World, processes: list[Any]) -> tuple[Any, Any]:
    """Stop the process that holds the lease, at a moment when it holds no lock of the database; return both."""
    while True:
        working, other = holder_of(world, processes)
        stop(working)
        free = threading.Event()
        probe = threading.Thread(target=lambda free=free: (lock_everything(world), free.set()), daemon=True)
        probe.start()
        if free.wait(0.3):
            return working, other
        os.kill(working.pid, signal.SIGCONT)
        probe.join()


def lock_everything(world: World) -> None:
    """Succeed when nobody holds a row that an engine needs."""
    with write(world.engine) as connection:
        connection.execute(select(lease.c.key).with_for_update()).all()
        connection.execute(select(listing.c.id).order_by(listing.c.id).with_for_update()).all()


def holder_of(world: World, processes: list[Any]) -> tuple[Any, Any]:
    """Return the process that holds the lease, and the other one."""

    def found() -> Any:
        with read(world.engine) as connection:
            owner = str(connection.execute(select(lease.c.owner)).scalar())
        return next((one for one in processes if f"/{one.pid}/" in owner), None)

    working = wait_until(found, 10.0)
    return working, next(one for one in processes if one is not working)
