"""A process that was stopped past its lease sends nothing that it may no longer send."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from math import inf
from typing import Any

import pytest
from sqlalchemy import select, text

from syncer.channels.records import Account
from syncer.store.engine import read, write
from syncer.store.errors import StoreError
from syncer.store.tables import lease
from syncer.sync.lease import boot_clock
from tests.chaos.conftest import Engines
from tests.chaos.runner import GOING_OUT, diary_of
from tests.sync.world import FAST, World, offers_of, wait_until

#: How long anything may take on a machine that is busy with other things.
PATIENCE_S = 40.0
#: A taker waits for the lease, the longest call and a late write: 1.2 + 0.4 + 0.2 seconds.
TIMING = replace(FAST, lease_s=1.2, call_deadline_s=0.4, late_write_s=0.2)


def until(what: str, condition: Callable[[], Any]) -> Any:
    try:
        return wait_until(condition, PATIENCE_S)
    except AssertionError:
        raise AssertionError(f"not in {PATIENCE_S} s: {what}") from None


def epoch(world: World) -> int:
    with read(world.engine) as connection:
        return connection.execute(select(lease.c.epoch)).scalar() or 0


def stopped(process: Any) -> bool:
    with open(f"/proc/{process.pid}/stat") as stat:
        return stat.read().rpartition(")")[2].split()[0] == "T"


def stop(process: Any) -> None:
    os.kill(process.pid, signal.SIGSTOP)
    until("it is stopped", lambda: stopped(process))


def opened(world: World, count: int = 1) -> Account:
    world.timing = TIMING
    account = world.account()
    picture = world.picture("semua")
    handles = [f"patung-{number}" for number in range(count)]
    for handle in handles:
        world.product(handle, stock=9, picture=picture)
    world.publish(account, *handles)
    world.settle(PATIENCE_S)
    return account


def shown(world: World, handle: str = "patung-0") -> int:
    return offers_of(world.there(handle))[handle][1]


def sent_without_lease(world: World, process: Any, since: float) -> list[float]:
    """Return when a process set about sending something after ``since``, before it had taken the lease again."""
    lines = diary_of(world.home, process.pid)
    again = min((began for kind, began in lines if kind == "lease" and began > since), default=inf)
    return [began for kind, began in lines if kind == "send" and since < began < again]


def wake(process: Any) -> float:
    """Wake a process that has been stopped, and return when that was, on the clock of leases."""
    moment = boot_clock()
    os.kill(process.pid, signal.SIGCONT)
    return moment


def taken_over(world: World, engines: Engines, point: str) -> tuple[Any, Any]:
    """Stop a process at ``point``, past its lease; return it, and the one that has the lease and did the work."""
    old = engines.start(TIMING, point, fuse=signal.SIGSTOP, forever=True)
    until("the first has the lease", lambda: epoch(world) > 1)
    world.stock("patung-0", 3)
    until("the fuse stops it", lambda: stopped(old))
    before = epoch(world)
    new = engines.start(TIMING, forever=True)
    until("the other one has the lease", lambda: epoch(world) > before)
    world.stock("patung-0", 1)
    until("the other one does the work", lambda: shown(world) == 1)
    return old, new


def counts(world: World) -> list[int]:
    """Every number that the shop was told."""
    return [int(one["value"]) for one in world.control.ask("GET", "history") if one["field"] == "stock"]


def told_after(world: World, first: int, second: int) -> bool:
    told = counts(world)
    return first in told and second in told[told.index(first) :]


@pytest.mark.parametrize("point", ["claimed", "sending", "answered"])
def test_a_stopped_process_wakes_without_its_lease(world: World, engines: Engines, point: str) -> None:
    account = opened(world)
    old, new = taken_over(world, engines, point)
    stop(new)
    woken = wake(old)
    time.sleep(0.5)
    assert sent_without_lease(world, old, woken) == []
    os.kill(new.pid, signal.SIGCONT)
    engines.end_all()
    world.settle(PATIENCE_S)
    world.check(account)


def test_a_call_that_was_on_its_way_when_the_process_was_stopped_is_made_good(world: World, engines: Engines) -> None:
    """Between the last question and the first byte a process may sleep for hours: nobody can keep that call back."""
    account = opened(world)
    old, _ = taken_over(world, engines, GOING_OUT)
    wake(old)
    until("the call goes out after all", lambda: told_after(world, 1, 3))
    until("it is made good", lambda: counts(world)[-1] == 1)
    engines.end_all()
    world.settle(PATIENCE_S)
    world.check(account)


@pytest.mark.parametrize("seed", [pytest.param(n, marks=[pytest.mark.long] if n else []) for n in range(4)])
def test_stopped_at_random_moments_under_load(world: World, engines: Engines, seed: int) -> None:
    """Two processes take turns; whoever was stopped past its lease sends nothing before it has it again."""
    account = opened(world, count=12)
    chance = random.Random(seed)
    processes = [engines.start(TIMING, forever=True) for _ in range(2)]
    until("the first has the lease", lambda: epoch(world) > 1)
    for number in range(3 if seed == 0 else 20):
        for product in range(12):
            world.stock(f"patung-{product}", chance.randrange(9))
        time.sleep(chance.uniform(0.0, 0.15))
        working, other = stop_between_transactions(world, processes)
        before = epoch(world)
        until("the other one has the lease", lambda before=before: epoch(world) > before)
        world.title(f"patung-{number % 12}", f"Patung ke-{number}")
        stop(other)
        woken = wake(working)
        time.sleep(0.3)
        assert sent_without_lease(world, working, woken) == []
        os.kill(other.pid, signal.SIGCONT)
    engines.end_all()
    world.settle(PATIENCE_S)
    world.check(account)


def stop_between_transactions(world: World, processes: list[Any]) -> tuple[Any, Any]:
    """Stop the process that holds the lease, at a moment when it has no transaction; return both.

    A process that is stopped within one holds its locks, and nobody can take over before it is woken or ended.
    """
    while True:
        working, other = holder_of(world, processes)
        stop(working)
        # It may have lost the lease on the way here: then the other one has it, and is the one to stop.
        if no_locks(world) and holder_of(world, processes)[0] is working:
            return working, other
        os.kill(working.pid, signal.SIGCONT)
        time.sleep(0.01)


def no_locks(world: World) -> bool:
    """Return whether, within a moment, nobody holds a lock: the one that is stopped doesn't, then."""
    if world.engine.dialect.name == "sqlite":
        free = threading.Event()
        threading.Thread(target=lambda: (take_the_lock(world), free.set()), daemon=True).start()
        return free.wait(1.0)
    end = time.monotonic() + 1.0
    query = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
        "AND backend_xid IS NOT NULL"
    )
    while time.monotonic() < end:
        with read(world.engine) as connection:
            if connection.execute(query).scalar() == 0:
                return True
        time.sleep(0.002)
    return False


def take_the_lock(world: World) -> None:
    with contextlib.suppress(StoreError), write(world.engine):
        pass


def holder_of(world: World, processes: list[Any]) -> tuple[Any, Any]:
    """Return the process that holds the lease, and the other one."""

    def found() -> Any:
        with read(world.engine) as connection:
            owner = str(connection.execute(select(lease.c.owner)).scalar())
        return next((one for one in processes if f"/{one.pid}/" in owner), None)

    working = until("somebody has the lease", found)
    return working, next(one for one in processes if one is not working)
