"""Who may write to the accounts of one budget group: a lease with an epoch, held by one process at a time.

Every claim and record carries the epoch, and a call is sent only while the lease outlives the call's deadline,
on a clock that goes on while the machine sleeps. A taker waits until the old lease has run out, and the longest call
with it, unless it can see that the holder, a process of this very machine, is dead.
"""

from __future__ import annotations

import datetime as dt
import os
import threading
import time
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, and_, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from syncer.store.engine import read, write
from syncer.store.tables import lease

#: Pause after somebody else was quicker.
_TRY_AGAIN_S = 0.1
#: The most by which the clocks of two machines differ.
_CLOCKS_DIFFER_S = 300.0
_HELD = (
    select(lease.c.key)
    .where(
        and_(
            lease.c.key == bindparam("of_key"),
            lease.c.owner == bindparam("of_owner"),
            lease.c.epoch == bindparam("of_epoch"),
        )
    )
    .with_for_update(read=True)
)


def boot_clock() -> float:
    """Return seconds on a clock that also counts the time that the machine was suspended."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


def _read(path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return ""


def _start_time(pid: int) -> str:
    """Return when a process of this machine started; "" if there is none, or only what is left of one."""
    fields = _read(f"/proc/{pid}/stat").rpartition(")")[2].split()
    return fields[19] if fields and fields[0] not in ("Z", "X") else ""


def _boot() -> str:
    return _read("/proc/sys/kernel/random/boot_id")


def _machine() -> str:
    try:
        space = os.readlink("/proc/self/ns/pid")
    except OSError:
        space = ""
    return f"{_boot()}/{space}"


def owner_name() -> str:
    """Return a name of this process by which others on the same machine can tell whether it still lives."""
    return f"{_machine()}/{os.getpid()}/{_start_time(os.getpid())}"


def surely_dead(owner: str) -> bool:
    """Return whether the process called ``owner`` ran on this machine, since this boot, and has ended.

    Where a machine can't tell its boot from another one's, nobody is declared dead: the lease has to run out.
    """
    if not _boot():
        return False
    machine, _, rest = owner.rpartition("/")
    machine, _, pid = machine.rpartition("/")
    if not machine or machine != _machine() or not pid.isdigit() or not _start_time(os.getpid()):
        return False
    return _start_time(int(pid)) != rest


class Lease:
    """The lease on one budget group. ``ttl_s`` is how long it lasts without renewal.

    ``epoch`` is 0 while it isn't held. ``grace_s`` is how long after its end a call of the old holder may still
    change something there.
    """

    def __init__(self, engine: Engine, key: str, *, owner: str, ttl_s: float) -> None:
        self.key, self.owner = key, owner
        self.epoch = 0
        self.grace_s = 0.0
        self._engine, self._ttl_s = engine, ttl_s
        self._until = 0.0
        self._lock = threading.Lock()
        self._seen: tuple[str, int, dt.datetime] | None = None
        self._unchanged_since = 0.0

    def acquire(self, now: dt.datetime) -> float:
        """Try to take the lease: return 0 if it is ours now, else the seconds to wait before trying again."""
        with read(self._engine) as connection:
            row = connection.execute(select(lease).where(lease.c.key == self.key)).first()
        wait = self._wait_for(row, now)
        return wait if wait > 0 else self._take(row, now)

    def _take(self, row: Row[Any] | None, now: dt.datetime) -> float:
        """Take it, if it is still as it was seen."""
        started = boot_clock()
        values = {"owner": self.owner, "until": now + dt.timedelta(seconds=self._ttl_s)}
        try:
            with write(self._engine) as connection:
                if row is None:
                    connection.execute(insert(lease).values(key=self.key, epoch=1, **values))
                elif not connection.execute(
                    update(lease)
                    .where(and_(lease.c.key == self.key, lease.c.epoch == row.epoch, lease.c.until == row.until))
                    .values(epoch=row.epoch + 1, **values)
                ).rowcount:
                    return _TRY_AGAIN_S
        except IntegrityError:
            return _TRY_AGAIN_S
        with self._lock:
            self.epoch, self._until = (row.epoch + 1 if row else 1), started + self._ttl_s
        return 0.0

    def _wait_for(self, row: Row[Any] | None, now: dt.datetime) -> float:
        """Return how long the lease must be left alone, in seconds.

        A holder of this machine that has ended need not be waited for. The clock of another machine may be wrong by
        minutes: its lease must be seen to stand still for that long, measured on our own clock.
        """
        if row is None or not row.owner or surely_dead(row.owner):
            return 0.0
        left = (row.until - now).total_seconds() + self.grace_s
        if _boot() and row.owner.startswith(f"{_boot()}/"):
            return float(left)
        seen = (row.owner, row.epoch, row.until)
        if seen != self._seen:
            self._seen, self._unchanged_since = seen, boot_clock()
        return float(min(self._unchanged_since + self._ttl_s + self.grace_s - boot_clock(), left + _CLOCKS_DIFFER_S))

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
        """Return, inside a transaction, whether the lease is ours; until it ends nobody can take it."""
        ours = {"of_key": self.key, "of_owner": self.owner, "of_epoch": self.epoch}
        return self.epoch > 0 and connection.execute(_HELD, ours).first() is not None

    def _ours(self) -> ColumnElement[bool]:
        return and_(lease.c.key == self.key, lease.c.owner == self.owner, lease.c.epoch == self.epoch)


def holder(connection: Connection, key: str, now: dt.datetime) -> str | None:
    """Return who holds the lease ``key`` (alive, as far as one can see), or ``None``."""
    row = connection.execute(select(lease.c.owner, lease.c.until).where(lease.c.key == key)).first()
    if row is None or not row.owner or row.until < now or surely_dead(row.owner):
        return None
    return str(row.owner)
