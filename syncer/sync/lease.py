"""Who may write to the accounts of one budget group: a lease with an epoch, held by one process at a time.

Every claim and record carries the epoch, and a call is sent only while the lease outlives the call's deadline,
on a clock that goes on while the machine sleeps. A taker waits until the old lease has run out, unless it can
see that the holder, a process of this very machine, is dead.
"""

from __future__ import annotations

import datetime as dt
import os
import threading
import time
from pathlib import Path

from sqlalchemy import ColumnElement, Connection, Engine, and_, exists, insert, select, update
from sqlalchemy.exc import IntegrityError

from syncer.store.engine import write
from syncer.store.tables import lease


def boot_clock() -> float:
    """Return seconds on a clock that also counts the time that the machine was suspended."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


def _read(path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return ""


def _start_time(pid: int) -> str:
    stat = _read(f"/proc/{pid}/stat")
    return stat.rpartition(")")[2].split()[19] if stat else ""


def _machine() -> str:
    try:
        space = os.readlink("/proc/self/ns/pid")
    except OSError:
        space = ""
    return f"{_read('/proc/sys/kernel/random/boot_id')}/{space}"


def owner_name() -> str:
    """Return a name of this process by which others on the same machine can tell whether it still lives."""
    return f"{_machine()}/{os.getpid()}/{_start_time(os.getpid())}"


def surely_dead(owner: str) -> bool:
    """Return whether the process called ``owner`` ran on this machine, since this boot, and has ended."""
    machine, _, rest = owner.rpartition("/")
    machine, _, pid = machine.rpartition("/")
    if not machine or machine != _machine() or not pid.isdigit() or not _start_time(os.getpid()):
        return False
    return _start_time(int(pid)) != rest


class Lease:
    """The lease on one budget group. ``ttl_s`` is how long it lasts without renewal.

    ``epoch`` is 0 while it isn't held.
    """

    def __init__(self, engine: Engine, key: str, *, owner: str, ttl_s: float, grace_s: float) -> None:
        self.key, self.owner = key, owner
        self.epoch = 0
        self._engine, self._ttl_s, self._grace_s = engine, ttl_s, grace_s
        self._until = 0.0
        self._lock = threading.Lock()

    def acquire(self, now: dt.datetime) -> float:
        """Try to take the lease: return 0 if it is ours now, else the seconds to wait before trying again."""
        started = boot_clock()
        with write(self._engine) as connection:
            row = connection.execute(select(lease).where(lease.c.key == self.key).with_for_update()).first()
            wait = self._wait_for(row.owner, row.until, now) if row else 0.0
            if wait > 0:
                return wait
            epoch = row.epoch + 1 if row else 1
            values = {"owner": self.owner, "epoch": epoch, "until": now + dt.timedelta(seconds=self._ttl_s)}
            try:
                if row:
                    connection.execute(update(lease).where(lease.c.key == self.key).values(values))
                else:
                    connection.execute(insert(lease).values(key=self.key, **values))
            except IntegrityError:
                return 0.1
        with self._lock:
            self.epoch, self._until = epoch, started + self._ttl_s
        return 0.0

    def _wait_for(self, owner: str, until: dt.datetime, now: dt.datetime) -> float:
        if not owner or owner == self.owner or surely_dead(owner):
            return 0.0
        return (until - now).total_seconds() + self._grace_s

    def renew(self, now: dt.datetime) -> bool:
        """Prolong the lease; false if another process has it by now."""
        started = boot_clock()
        with write(self._engine) as connection:
            done = connection.execute(
                update(lease).where(self._ours()).values(until=now + dt.timedelta(seconds=self._ttl_s))
            ).rowcount
        with self._lock:
            if done:
                self._until = started + self._ttl_s
            else:
                self.epoch, self._until = 0, 0.0
        return bool(done)

    def release(self, now: dt.datetime) -> None:
        """Give the lease back, so that the next process need not wait."""
        with write(self._engine) as connection:
            connection.execute(update(lease).where(self._ours()).values(owner="", until=now))
        with self._lock:
            self.epoch, self._until = 0, 0.0

    def outlives(self, seconds: float) -> bool:
        """Return whether the lease is ours for at least ``seconds`` more, by our own clock."""
        with self._lock:
            return self.epoch > 0 and boot_clock() + seconds < self._until

    def held(self, connection: Connection) -> bool:
        """Return, inside a transaction, whether the database still says that the lease is ours."""
        return bool(connection.execute(select(exists().where(self._ours()))).scalar())

    def _ours(self) -> ColumnElement[bool]:
        return and_(lease.c.key == self.key, lease.c.owner == self.owner, lease.c.epoch == self.epoch)


def holder(connection: Connection, key: str, now: dt.datetime) -> str | None:
    """Return who holds the lease ``key`` (alive, as far as one can see), or ``None``."""
    row = connection.execute(select(lease.c.owner, lease.c.until).where(lease.c.key == key)).first()
    if row is None or not row.owner or surely_dead(row.owner) or row.until < now:
        return None
    return str(row.owner)
