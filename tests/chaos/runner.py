"""The engine in a process of its own, which kills itself at a chosen point. Nothing of this is in the product.

Points are passed in this order by a write: ``claimed`` (committed as under way), ``sending`` (before its request goes
out), ``going_out`` (its last piece was told that it may go out, and hasn't yet), ``in_flight`` (the request is there,
its answer isn't), ``answered`` (before the outcome is recorded), ``recorded``. Others: ``found`` and ``looked`` (before
a look is recorded), ``uploaded`` (before a picture's id is kept), ``refreshed`` (before new tokens are kept).
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
import structlog
from sqlalchemy import Connection, Engine, event

from syncer.channels import refresh
from syncer.store.engine import open_engine
from syncer.store.sealed import open_keys
from syncer.sync import beforehand, carry_out, worker
from syncer.sync.lease import Lease, boot_clock
from syncer.sync.prepare import Action
from syncer.sync.service import Deps, Service
from syncer.sync.shop import ShopGate, Timing

#: For SIGSTOP only.
GOING_OUT = "going_out"
POINTS = ("claimed", "sending", "in_flight", "answered", "recorded", "found", "looked", "uploaded", "refreshed")
_FLIGHT_S = 0.004
#: The head of a request is one piece, its body is the next and last.
_LAST_PIECE = 2


class Fuse:
    """Sends this process a signal when ``point`` is passed for the ``after``-th time."""

    def __init__(self, point: str, after: int, number: int) -> None:
        self._point, self._left, self._number = point, after, number
        self._lock = threading.Lock()
        self.transactions = Transactions()

    def passes(self, point: str) -> bool:
        """Count one pass of ``point``; return whether it is the one."""
        if point != self._point:
            return False
        with self._lock:
            self._left -= 1
            return self._left == 0

    def pass_by(self, point: str) -> None:
        if self.passes(point):
            self.burn()

    def burn(self) -> None:
        if self._number == signal.SIGSTOP:
            with self.transactions.none():
                # To this very thread: it stops before it does anything else.
                signal.pthread_kill(threading.get_ident(), self._number)
            return
        os.kill(os.getpid(), self._number)
        if self._number == signal.SIGKILL:
            time.sleep(10)


class Transactions:
    """Counts the transactions of this process: one that is stopped within one holds its locks as long as it is."""

    def __init__(self) -> None:
        self._open: set[int] = set()
        self._stopping = False
        self._changed = threading.Condition()

    def watch(self, engine: Engine) -> None:
        event.listen(engine, "begin", self._begins, insert=True)
        # The events of commit and rollback come before them.
        event.listen(engine, "checkin", self._ends)

    def _begins(self, connection: Connection) -> None:
        if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
            with self._changed:
                self._changed.wait_for(lambda: not self._stopping)
                self._open.add(id(connection.connection.dbapi_connection))

    def _ends(self, raw: Any, _record: Any) -> None:
        with self._changed:
            self._open.discard(id(raw))
            self._changed.notify_all()

    @contextmanager
    def none(self) -> Iterator[None]:
        """Let none be open, and none begin."""
        with self._changed:
            self._stopping = True
            self._changed.wait_for(lambda: not self._open)
        yield
        with self._changed:
            self._stopping = False
            self._changed.notify_all()


def _before(module: Any, name: str, hook: Callable[..., None]) -> None:
    original = getattr(module, name)

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        hook(*args, **kwargs)
        return original(*args, **kwargs)

    setattr(module, name, wrapped)


def _after(module: Any, name: str, hook: Callable[[Any], None]) -> None:
    original = getattr(module, name)

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        result = original(*args, **kwargs)
        hook(result)
        return result

    setattr(module, name, wrapped)


def arm(fuse: Fuse) -> None:
    """Put the fuse at every point, by wrapping functions from outside."""

    def claimed(tasks: Any) -> None:
        if any(task.action is Action.WRITE for task in tasks):
            fuse.pass_by("claimed")

    def sending(_session: Any, method: str, url: str, **_kwargs: Any) -> None:
        pieces.pop(threading.get_ident(), None)
        if method == "GET" or "upload" in url or "auth" in url:
            return
        pieces[threading.get_ident()] = 0
        fuse.pass_by("sending")
        if fuse.passes("in_flight"):
            threading.Timer(_FLIGHT_S, fuse.burn).start()

    pieces: dict[int, int] = {}
    allow = ShopGate.sending

    def going_out(gate: ShopGate) -> None:
        allow(gate)
        me = threading.get_ident()
        if me in pieces:
            pieces[me] += 1
            if pieces[me] == _LAST_PIECE:
                fuse.pass_by(GOING_OUT)

    ShopGate.sending = going_out  # type: ignore[method-assign]
    _after(worker, "claim", claimed)
    _before(requests.Session, "request", sending)
    _before(carry_out, "record_writes", lambda *_a, **_k: fuse.pass_by("answered"))
    _after(carry_out, "record_writes", lambda _result: fuse.pass_by("recorded"))
    _before(carry_out, "record_found", lambda *_a, **_k: fuse.pass_by("found"))
    _before(carry_out, "record_read", lambda *_a, **_k: fuse.pass_by("looked"))
    _before(beforehand, "_keep_upload", lambda *_a, **_k: fuse.pass_by("uploaded"))
    _before(refresh.Attempt, "_keep", lambda *_a, **_k: fuse.pass_by("refreshed"))


def keep_diary(path: Path) -> None:
    """Write down what is asked before the bytes of a call go out and allowed, and every lease that is taken.

    Each line has the time, on the clock of leases, at which that *began*: a process may be stopped within it.
    """
    diary = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def note(kind: str, owner: Any, name: str) -> None:
        original = getattr(owner, name)

        def wrapped(*args: Any, **kwargs: Any) -> Any:
            began = boot_clock()
            result = original(*args, **kwargs)
            if not result:
                os.write(diary, f"{kind} {began}\n".encode())
            return result

        setattr(owner, name, wrapped)

    note("send", ShopGate, "sending")
    note("lease", Lease, "_take")


def diary_of(home: Path, pid: int) -> list[tuple[str, float]]:
    """Return what a process wrote down: ("send" or "lease", when)."""
    path = home / f"diary-{pid}"
    rows = [line.split() for line in path.read_text().splitlines()] if path.exists() else []
    return [(kind, float(began)) for kind, began in rows]


def run(
    url: str,
    home: str,
    timing: Timing,
    point: str = "",
    after: int = 1,
    number: int = signal.SIGKILL,
    *,
    forever: bool = False,
    allowed: frozenset[str] = frozenset({"syncer"}),
    path: Sequence[str] = (),
) -> None:
    """Run the engine until nothing is due (or ``forever``, as the daemon does), or until the fuse ends it.

    ``allowed`` are the packages whose connectors may be used; ``path`` is where else packages are.
    """
    sys.path += [one for one in path if one not in sys.path]
    logging.disable(logging.CRITICAL)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    fuse = Fuse(point, after, number)
    arm(fuse)
    keep_diary(Path(home) / f"diary-{os.getpid()}")
    engine = open_engine(url, home=Path(home))
    fuse.transactions.watch(engine)
    service = Service(Deps(engine, open_keys(engine, Path(home)), Path(home), timing, allowed))
    service.start()
    if forever:
        ending = threading.Event()
        signal.signal(signal.SIGTERM, lambda *_: ending.set())
        ending.wait()
    else:
        service.run_until_idle(horizon_s=5.0)
    service.stop()
