"""A process that was stopped past its lease sends nothing that it may no longer send."""

from __future__ import annotations

import signal
import time
from dataclasses import replace

from sqlalchemy import select

from syncer.store.engine import read
from syncer.store.tables import lease
from tests.chaos.processes import EngineProcess
from tests.sync.world import World, wait_until


def test_a_stopped_process_wakes_without_its_lease(world: World) -> None:
    world.timing = replace(world.timing, lease_s=2.0, call_deadline_s=0.5)
    account = world.account()
    world.product("patung", stock=9)
    world.publish(account, "patung")
    world.settle()

    def epoch() -> int:
        with read(world.engine) as connection:
            return connection.execute(select(lease.c.epoch)).scalar() or 0

    with EngineProcess(world, point="before_call", times=1, signal=signal.SIGSTOP) as old:
        world.stock("patung", 3)
        wait_until(lambda: _stopped(old.process.pid), 20)
        held = epoch()
        with EngineProcess(world) as new:
            # The holder is not dead, only stopped: the lease has to run out, and a grace besides.
            wait_until(lambda: epoch() > held, 30)
            wait_until(lambda: world.control.listings()["Mangkuk kayu patung"]["offers"][0]["stock"] == 3, 30)
            world.stock("patung", 1)
            wait_until(lambda: world.control.listings()["Mangkuk kayu patung"]["offers"][0]["stock"] == 1, 30)
            new.send(signal.SIGSTOP)
            wait_until(lambda: _stopped(new.process.pid), 20)
            before = world.control.last_call()
            old.send(signal.SIGCONT)
            time.sleep(0.6)
            assert world.control.writes(before) == []
            new.send(signal.SIGCONT)
    assert world.control.listings()["Mangkuk kayu patung"]["offers"][0]["stock"] == 1


def _stopped(pid: int) -> bool:
    with open(f"/proc/{pid}/stat") as stat:
        return stat.read().rpartition(")")[2].split()[0] == "T"
