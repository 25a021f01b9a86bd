"""Who may write: one process at a time, and never two because of a clock, a pause or a crash."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
import time

import pytest
from sqlalchemy import Engine, select, update

from syncer.store.engine import read, write
from syncer.store.tables import lease
from syncer.sync import lease as leasing
from syncer.sync.lease import Lease, holder, owner_name, surely_dead

NOW = dt.datetime(2026, 5, 1, 8, 0, tzinfo=dt.UTC)
OTHER_MACHINE = "another-boot-id/pid:[1]/17/4711"


def make(engine: Engine, *, ttl_s: float = 60.0, grace_s: float = 10.0) -> Lease:
    made = Lease(engine, "app:7", owner=owner_name(), ttl_s=ttl_s)
    made.grace_s = grace_s
    return made


def own(engine: Engine, owner: str, until: dt.datetime) -> None:
    with write(engine) as connection:
        connection.execute(update(lease).values(owner=owner, until=until))


class Clock:
    """Our own clock, as it goes on while the machine sleeps."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr(leasing, "boot_clock", lambda: self.now)


def held(engine: Engine, one: Lease) -> bool:
    with write(engine) as connection:
        return one.held(connection)


def test_one_at_a_time(engine: Engine) -> None:
    first, second = make(engine), make(engine)
    assert first.acquire(NOW) == 0
    assert second.acquire(NOW) > 0
    assert (held(engine, first), held(engine, second)) == (True, False)
    first.release(NOW)
    assert second.acquire(NOW) == 0
    assert second.epoch == 2
    assert not held(engine, first)
    assert not first.renew(NOW)


def test_a_taker_waits_out_the_lease_and_the_longest_call(engine: Engine) -> None:
    first, second = make(engine), make(engine, grace_s=25.0)
    first.acquire(NOW)
    assert second.acquire(NOW) == 60 + 25
    assert second.acquire(NOW + dt.timedelta(seconds=80)) == 5
    first.renew(NOW + dt.timedelta(seconds=50))
    assert second.acquire(NOW + dt.timedelta(seconds=86)) > 0, "it was renewed meanwhile"
    assert second.acquire(NOW + dt.timedelta(seconds=50 + 60 + 25)) == 0


def test_who_renews_too_late_has_lost_it(engine: Engine) -> None:
    first, second = make(engine), make(engine)
    first.acquire(NOW)
    assert second.acquire(NOW + dt.timedelta(seconds=71)) == 0
    assert not first.renew(NOW + dt.timedelta(seconds=71))
    assert first.epoch == 0
    assert not first.outlives(0.0)


def test_the_clock_of_another_machine_is_not_believed(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    first, second = make(engine), make(engine, ttl_s=30.0, grace_s=20.0)
    first.acquire(NOW)
    own(engine, OTHER_MACHINE, NOW - dt.timedelta(seconds=100))
    assert second.acquire(NOW) > 0, "its clock may be slow: the lease has to be seen standing still"
    own(engine, OTHER_MACHINE, NOW - dt.timedelta(seconds=90))
    clock.now += 49.0
    assert second.acquire(NOW) > 0, "it moved"
    clock.now += 49.0
    assert second.acquire(NOW) > 0, "not as long as a lease and the longest call"
    clock.now += 2.0
    assert second.acquire(NOW) == 0


def test_a_machine_that_is_gone_for_long_is_not_waited_for(engine: Engine) -> None:
    first, second = make(engine), make(engine)
    first.acquire(NOW)
    own(engine, OTHER_MACHINE, NOW - dt.timedelta(hours=1))
    assert second.acquire(NOW) == 0


def test_a_dead_process_of_this_machine_is_not_waited_for(engine: Engine) -> None:
    first = make(engine)
    first.acquire(NOW)
    code = "from syncer.sync.lease import owner_name; print(owner_name())"
    name = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    assert surely_dead(name)
    own(engine, name, NOW + dt.timedelta(hours=1))
    with read(engine) as connection:
        assert holder(connection, "app:7", NOW) is None
    assert make(engine).acquire(NOW) == 0


def test_a_killed_process_that_nobody_has_buried_is_dead() -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as child:
        machine = owner_name().rsplit("/", 2)[0]
        name = f"{machine}/{child.pid}/{leasing._start_time(child.pid)}"
        assert not surely_dead(name)
        child.kill()
        deadline = time.monotonic() + 60
        while not surely_dead(name) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert surely_dead(name), "a zombie writes nothing any more"


def test_this_process_is_alive_and_others_are_not_judged() -> None:
    assert not surely_dead(owner_name())
    assert not surely_dead(OTHER_MACHINE)
    assert not surely_dead("")
    pid = os.getpid()
    assert surely_dead(f"{owner_name().rsplit('/', 2)[0]}/{pid}/1"), "the number was given to another process since"


def test_what_is_left_is_told_by_our_own_clock(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    one = make(engine, ttl_s=30.0)
    one.acquire(NOW)
    assert one.outlives(10.0)
    assert not one.outlives(50.0)
    clock.now += 25.0
    assert not one.outlives(10.0)
    one.renew(NOW)
    assert one.outlives(10.0)


def test_our_own_clock_goes_on() -> None:
    before = leasing.boot_clock()
    time.sleep(0.01)
    assert leasing.boot_clock() > before


def test_the_epoch_rises_with_each_holder(engine: Engine) -> None:
    epochs = []
    for _ in range(3):
        one = make(engine)
        one.acquire(NOW)
        epochs.append(one.epoch)
        one.release(NOW)
    assert epochs == [1, 2, 3]
    with read(engine) as connection:
        assert connection.execute(select(lease.c.owner)).scalar() == ""
