"""Wake whoever waits for work, in any process, as soon as a commit has made some.

Step 2 in docs/architecture.md, "The walk of one change".
A wake-up carries no message: it means "look", and the rows say what is due. One that is lost costs time only,
because the listener also polls slowly. The roads:

- same process: a registry of listeners, called after the commit;
- SQLite: one datagram socket per listener in ``SYNCER_HOME/wake/``; who commits sends one byte to each;
- PostgreSQL: a NOTIFY without payload inside the committing transaction; the listener has its own connection
  and signals a look after every LISTEN, so that what happened while it was away is found.
"""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import select
import socket
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from sqlalchemy import text

from syncer.store.engine import Connection, Engine, after_commit, home_of, is_sqlite

if TYPE_CHECKING:
    from types import TracebackType

    import psycopg

CHANNEL = "syncer_wake"
"""The PostgreSQL channel; NOTIFY reaches this database only."""

_NOTIFY = text(f"NOTIFY {CHANNEL}")
_ALIVE_CHECK_S = 5.0
_READABLE = select.POLLIN | select.POLLPRI
_RECONNECT_FIRST_S = 0.1
_RECONNECT_LAST_S = 5.0

_local: WeakSet[_Listener] = WeakSet()
_local_lock = threading.Lock()
_log = logging.getLogger("syncer.wakeup")


def wake_after_commit(connection: Connection) -> None:
    """Wake all listeners of this database once the transaction of ``connection`` has committed.

    To be called inside :func:`syncer.store.engine.write`, as often as one likes: one transaction wakes once.
    It never blocks and never fails because nobody listens.
    """
    waker = _Waker(str(connection.engine.url), home_of(connection) if is_sqlite(connection) else None)
    if not after_commit(connection, waker):
        return
    if not is_sqlite(connection):
        notify(connection)


def notify(connection: Connection) -> None:
    """PostgreSQL only: NOTIFY inside the transaction; the server delivers it at the commit."""
    connection.execute(_NOTIFY)


def poke(home: Path) -> int:
    """Send one byte to each listener's socket in ``home``; return how many took it.

    A socket whose listener is gone is removed. Nothing is waited for: a full socket means that its listener
    has wake-ups to read already.
    """
    reached = 0
    with contextlib.suppress(OSError), _Folder(home / "wake", create=False) as folder:
        names = [name for name in os.listdir(folder.descriptor) if name.endswith(".sock")]
        if not names:
            return 0
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.setblocking(False)
            for name in names:
                try:
                    sender.sendto(b"w", folder.address(name))
                    reached += 1
                except ConnectionRefusedError:
                    with contextlib.suppress(OSError):
                        os.unlink(name, dir_fd=folder.descriptor)
                except OSError:
                    continue
    return reached


class _Waker:
    """What runs after the commit; equal ones count once."""

    def __init__(self, database: str, home: Path | None) -> None:
        self._database = database
        self._home = home

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Waker) and (other._database, other._home) == (self._database, self._home)

    def __hash__(self) -> int:
        return hash((self._database, self._home))

    def __call__(self) -> None:
        with _local_lock:
            here = [listener for listener in _local if listener.database == self._database]
        for listener in here:
            listener.signal()
        if self._home is not None:
            poke(self._home)


class WakeListener:
    """Calls ``on_wake()`` on a thread of its own whenever there may be new work.

    The first call comes when listening has begun, and one after each time that listening was interrupted.
    Many wake-ups at once become one call. ``on_wake`` should only set an event; what it raises is logged.
    """

    def __init__(self, engine: Engine, on_wake: Callable[[], None]) -> None:
        self._listener: _Listener
        if is_sqlite(engine):
            home = home_of(engine)
            assert home is not None
            self._listener = _SocketListener(str(engine.url), on_wake, home)
        else:
            self._listener = _PostgresListener(str(engine.url), on_wake, engine)

    def start(self) -> None:
        """Begin to listen; returns when nothing can be missed any more, or at once if the server is away."""
        self._listener.start()

    def stop(self) -> None:
        """Stop listening and wait for the thread."""
        self._listener.stop()

    def __enter__(self) -> WakeListener:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class _Listener(ABC):
    """A thread that waits on file descriptors; ``signal`` and ``stop`` reach it through a socket pair."""

    def __init__(self, database: str, on_wake: Callable[[], None]) -> None:
        self.database = database
        self._on_wake = on_wake
        self._stopping = threading.Event()
        self._ready = threading.Event()
        self._ours, self._theirs = socket.socketpair()
        self._ours.setblocking(False)
        self._theirs.setblocking(False)
        self._thread = threading.Thread(target=self._run, name="syncer-wake", daemon=True)

    def start(self) -> None:
        with _local_lock:
            _local.add(self)
        self._thread.start()
        self._ready.wait(2)

    def signal(self) -> None:
        """Wake the thread, from any other thread."""
        with contextlib.suppress(OSError):
            self._theirs.send(b"w")

    def stop(self) -> None:
        with _local_lock:
            _local.discard(self)
        self._stopping.set()
        self.signal()
        if self._thread.ident is not None:
            self._thread.join(5)
        self._ours.close()
        self._theirs.close()

    @abstractmethod
    def _listen(self) -> None:
        """Listen until stopped; returning or raising means that it was interrupted."""

    def _run(self) -> None:
        pause_s = _RECONNECT_FIRST_S
        while not self._stopping.is_set():
            began = time.monotonic()
            try:
                self._listen()
            except Exception as error:  # the thread must outlive whatever the road throws
                if time.monotonic() - began > _RECONNECT_LAST_S:
                    pause_s = _RECONNECT_FIRST_S
                _log.warning("wake_listener_interrupted", extra={"error": type(error).__name__, "again_in_s": pause_s})
                self._ready.set()
                self._stopping.wait(pause_s)
                pause_s = min(pause_s * 2, _RECONNECT_LAST_S)

    def _call(self) -> None:
        try:
            self._on_wake()
        except Exception as error:
            _log.error("wake_callback_failed", extra={"error": type(error).__name__})

    def _listening(self) -> None:
        self._ready.set()
        self._call()

    def _wait(self, source: Any, timeout_s: float) -> tuple[bool, bool]:
        """Return (source is readable, we were signalled)."""
        number = source if isinstance(source, int) else source.fileno()
        poll = select.poll()  # not select(), which knows the first 1,024 files of a process only
        poll.register(number, _READABLE)
        poll.register(self._ours, _READABLE)
        ready = {file for file, _ in poll.poll(timeout_s * 1000)}
        signalled = self._ours.fileno() in ready
        if signalled:
            _drain(self._ours)
        return number in ready, signalled


class _SocketListener(_Listener):
    def __init__(self, database: str, on_wake: Callable[[], None], home: Path) -> None:
        super().__init__(database, on_wake)
        self._folder = home / "wake"

    def _listen(self) -> None:
        with self._bound() as (receiver, path):
            self._listening()
            while not self._stopping.is_set():
                readable, signalled = self._wait(receiver, _ALIVE_CHECK_S)
                if readable:
                    _drain(receiver)
                if (readable or signalled) and not self._stopping.is_set():
                    self._call()
                if not path.exists():
                    return

    @contextlib.contextmanager
    def _bound(self) -> Iterator[tuple[socket.socket, Path]]:
        name = f"{os.getpid()}-{secrets.token_hex(4)}.sock"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
            receiver.setblocking(False)
            with _Folder(self._folder, create=True) as folder:
                receiver.bind(folder.address(name))
            path = self._folder / name
            try:
                path.chmod(0o600)
                yield receiver, path
            finally:
                path.unlink(missing_ok=True)


class _PostgresListener(_Listener):
    def __init__(self, database: str, on_wake: Callable[[], None], engine: Engine) -> None:
        super().__init__(database, on_wake)
        self._arguments = engine.dialect.create_connect_args(engine.url)

    def _listen(self) -> None:
        with contextlib.closing(self._connect()) as connection:
            connection.execute(f"LISTEN {CHANNEL}".encode())
            self._listening()
            while not self._stopping.is_set():
                readable, signalled = self._wait(connection.fileno(), 30.0)
                if readable:
                    signalled = _take_notifications(connection) or signalled
                elif not signalled:
                    connection.execute("SELECT 1")  # a dead road raises here, and is built anew
                if signalled and not self._stopping.is_set():
                    self._call()

    def _connect(self) -> psycopg.Connection[Any]:
        import psycopg

        positional, named = self._arguments
        return psycopg.connect(*positional, **{**named, "autocommit": True})


def _take_notifications(connection: psycopg.Connection[Any]) -> bool:
    """Read what the server sent; raises ``psycopg.OperationalError`` when the connection is lost."""
    raw = connection.pgconn
    raw.consume_input()
    taken = False
    while raw.notifies() is not None:
        taken = True
    return taken


def _drain(source: socket.socket) -> None:
    with contextlib.suppress(BlockingIOError):
        while source.recv(4096):
            pass


class _Folder:
    """A folder whose sockets can be addressed although a socket's path may have about 100 bytes only.

    On Linux the address goes by way of the open folder's own entry in ``/proc/self/fd``.
    """

    def __init__(self, path: Path, *, create: bool) -> None:
        self._path = path
        if create:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)

    def address(self, name: str) -> str:
        """Return a path for ``bind`` or ``sendto``."""
        direct = f"/proc/self/fd/{self.descriptor}"
        return f"{direct}/{name}" if os.path.isdir(direct) else str(self._path / name)

    def __enter__(self) -> _Folder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self.descriptor)
