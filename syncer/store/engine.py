"""The one door to the database: SQLite (embedded default) or PostgreSQL, with the same manners.

``open_engine`` gives the engine, ``write`` a transaction that changes things, ``read`` one snapshot.
Errors that a person can act on become :class:`~syncer.store.errors.StoreError`; a broken constraint stays
SQLAlchemy's ``IntegrityError``, since only the caller knows what it means.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import create_engine, event
from sqlalchemy.engine import URL, Connection, Dialect, Engine, ExceptionContext, make_url
from sqlalchemy.exc import ArgumentError

from syncer.store import errors

BUSY_S = 10.0
"""How long a writer waits at BEGIN for another writer, in seconds."""

_POLL_S = 0.002
_READER_BUSY_MS = 5000
_IDLE_MS = 30_000
_AFTER_COMMIT = "syncer_after_commit"
_MODE = "syncer_mode"

_HOMES: WeakKeyDictionary[Dialect, Path] = WeakKeyDictionary()
_BUSY_S: WeakKeyDictionary[Dialect, float] = WeakKeyDictionary()


def open_engine(url: str, *, home: Path | None = None, busy_s: float = BUSY_S) -> Engine:
    """Return an engine for ``url``; nothing is contacted before the first transaction.

    Known forms: ``sqlite:///relative.db``, ``sqlite:////absolute.db``, ``postgresql://…``, ``postgres://…``.
    ``home`` is SYNCER_HOME, where processes poke each other (see :mod:`syncer.store.wakeup`); without it a
    SQLite database uses its own folder. ``busy_s`` is how long a writer waits for another one.
    Raises :class:`~syncer.store.errors.StoreAddressInvalid`.
    """
    address = _address(url)
    if address.get_backend_name() == "sqlite":
        engine = _open_sqlite(address)
        folder: Path | None = home or Path(str(address.database)).absolute().parent
    else:
        engine = _open_postgresql(address)
        folder = home
    if folder is not None:
        _HOMES[engine.dialect] = folder
    _BUSY_S[engine.dialect] = busy_s
    event.listen(engine, "handle_error", _say_in_words, retval=True)
    return engine


def home_of(bind: Engine | Connection) -> Path | None:
    """Return the SYNCER_HOME that the engine was opened with, or None."""
    return _HOMES.get(bind.dialect)


def is_sqlite(bind: Engine | Connection) -> bool:
    """Tell whether this is the embedded database."""
    return bind.dialect.name == "sqlite"


@contextlib.contextmanager
def write(engine: Engine) -> Iterator[Connection]:
    """One transaction that changes things: all of it is kept, or nothing.

    On SQLite it is BEGIN IMMEDIATE, so that it never fails half-way because somebody else wrote; it waits up
    to ``busy_s`` at the start and raises :class:`~syncer.store.errors.StoreBusy` after that. Keep it short:
    no network, no files. Functions given to :func:`after_commit` run once the commit has happened.
    """
    with engine.connect() as connection:
        if is_sqlite(connection):
            connection.execution_options(**{_MODE: "write"})
        with connection.begin():
            connection.info.pop(_AFTER_COMMIT, None)
            yield connection
        callbacks = connection.info.pop(_AFTER_COMMIT, ())
    for callback in callbacks:
        callback()


@contextlib.contextmanager
def read(engine: Engine) -> Iterator[Connection]:
    """One consistent snapshot that cannot write: every statement in it sees the same moment."""
    with engine.connect() as connection:
        if is_sqlite(connection):
            raw = _raw(connection)
            raw.execute("PRAGMA query_only=ON")
            try:
                with connection.begin():
                    yield connection
            finally:
                # After Ctrl-C within a statement it is closed, and never used again.
                if not connection.invalidated:
                    raw.execute("PRAGMA query_only=OFF")
        else:
            connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            with connection.begin():
                yield connection


def after_commit(connection: Connection, callback: Callable[[], None]) -> bool:
    """Run ``callback`` after the :func:`write` transaction of ``connection`` has committed; never if it fails.

    The same callback (by equality) is kept once; returns whether it is new. It runs without a transaction and
    must not raise.
    """
    callbacks: list[Callable[[], None]] = connection.info.setdefault(_AFTER_COMMIT, [])
    if callback in callbacks:
        return False
    callbacks.append(callback)
    return True


def make_way(pause_s: float = 0.01) -> None:
    """Let waiting writers in: a bulk write calls this between its batches, outside any transaction.

    SQLite has one writer at a time and no queue; without a gap, a stop that waits could starve.
    """
    time.sleep(pause_s)


def where(bind: Engine | Connection) -> str:
    """Return the database's place for messages: a path or a server, never a password."""
    return _place(bind.engine.url)


def _address(url: str) -> URL:
    if url.startswith("postgres://"):
        url = "postgresql://" + url.removeprefix("postgres://")
    try:
        address = make_url(url)
    except (ArgumentError, ValueError):
        raise errors.bad_address() from None
    if address.drivername in ("postgresql", "postgresql+psycopg"):
        return address.set(drivername="postgresql+psycopg")
    in_memory = address.database in (None, "", ":memory:") or "mode=memory" in url
    if address.drivername == "sqlite" and not in_memory:
        return address
    raise errors.bad_address()


def _place(url: URL) -> str:
    if url.get_backend_name() == "sqlite":
        return str(url.database)
    host = url.host or str(url.query.get("host", "localhost"))
    return f"{host}/{url.database or ''}"


# --- SQLite ---------------------------------------------------------------------------------------------


def _open_sqlite(address: URL) -> Engine:
    engine = create_engine(
        address,
        hide_parameters=True,
        pool_size=12,
        max_overflow=8,
        pool_timeout=30,
        pool_use_lifo=True,
        connect_args={"timeout": _READER_BUSY_MS / 1000, "cached_statements": 256},
    )
    path = Path(str(address.database))

    @event.listens_for(engine, "do_connect")
    def _private_file(_dialect: Dialect, _record: Any, _cargs: Any, _cparams: Any) -> None:
        _make_private(path)

    event.listen(engine, "connect", _on_sqlite_connect)
    event.listen(engine, "begin", _on_sqlite_begin)
    return engine


def _make_private(path: Path) -> None:
    """Make the file with mode 0600 before SQLite does; its -wal and -shm files take over the mode (K5)."""
    try:
        if not path.exists():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        elif path.stat().st_mode & 0o077 and path.stat().st_uid == os.geteuid():
            path.chmod(0o600)
    except OSError as error:
        raise (errors.full(str(path)) if _is_full(error) else errors.cannot_open(str(path))) from None


def _is_full(error: OSError) -> bool:
    import errno

    return error.errno in (errno.ENOSPC, errno.EDQUOT)


def _on_sqlite_connect(connection: sqlite3.Connection, _record: Any) -> None:
    # The driver would begin transactions by itself, but deferred ones, and only before a write.
    connection.isolation_level = None
    if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        connection.execute("PRAGMA journal_mode=WAL")
    for pragma in (
        "foreign_keys=ON",
        "synchronous=FULL",  # an intent or a single-use token must survive a power cut
        "trusted_schema=OFF",
        "secure_delete=ON",
        "temp_store=MEMORY",
        "journal_size_limit=67108864",
        "cache_size=-8192",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _on_sqlite_begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get("isolation_level") == "AUTOCOMMIT":
        return
    raw = _raw(connection)
    if options.get(_MODE) != "write":
        raw.execute("BEGIN")
        return
    _begin_immediate(raw, _place(connection.engine.url), _BUSY_S.get(connection.dialect, BUSY_S))


def _begin_immediate(raw: sqlite3.Connection, place: str, busy_s: float) -> None:
    """Begin to write, polling every few milliseconds.

    SQLite's own waiting grows to 100 ms between two tries, so that a stop could starve behind an import that
    leaves gaps of 10 ms; hence our loop, with SQLite's switched off for the moment.
    """
    started = time.monotonic()
    raw.execute("PRAGMA busy_timeout=0")
    try:
        while True:
            try:
                raw.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if not _is_locked(error):
                    raise _translate_sqlite(error, place) or error from None
                waited_s = time.monotonic() - started
                if waited_s >= busy_s:
                    raise errors.busy(place, waited_s) from None
                time.sleep(_POLL_S)
            else:
                return
    finally:
        raw.execute(f"PRAGMA busy_timeout={_READER_BUSY_MS}")


def _raw(connection: Connection) -> sqlite3.Connection:
    raw = connection.connection.driver_connection
    assert isinstance(raw, sqlite3.Connection)
    return raw


def _is_locked(error: BaseException) -> bool:
    return (getattr(error, "sqlite_errorcode", 0) & 0xFF) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _translate_sqlite(error: BaseException, place: str) -> errors.StoreError | None:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    known: dict[int, Callable[[], errors.StoreError]] = {
        sqlite3.SQLITE_BUSY: lambda: errors.busy(place, _READER_BUSY_MS / 1000),
        sqlite3.SQLITE_LOCKED: lambda: errors.busy(place, _READER_BUSY_MS / 1000),
        sqlite3.SQLITE_FULL: lambda: errors.full(place),
        sqlite3.SQLITE_READONLY: lambda: errors.read_only(place),
        sqlite3.SQLITE_CANTOPEN: lambda: errors.cannot_open(place),
        sqlite3.SQLITE_PERM: lambda: errors.cannot_open(place),
        sqlite3.SQLITE_CORRUPT: lambda: errors.damaged(place),
        sqlite3.SQLITE_NOTADB: lambda: errors.damaged(place),
        sqlite3.SQLITE_IOERR: lambda: errors.disk_failed(place),
    }
    if code in known:
        return known[code]()
    if code == sqlite3.SQLITE_ERROR and str(error).startswith("no such table"):
        return errors.not_ready(place)
    return None


# --- PostgreSQL -----------------------------------------------------------------------------------------


def _open_postgresql(address: URL) -> Engine:
    defaults = {
        "connect_timeout": "10",
        "application_name": "syncer",
        # A machine that vanished is noticed within a minute, instead of the system's two hours.
        "keepalives_idle": "20",
        "keepalives_interval": "10",
        "keepalives_count": "3",
    }
    for name, value in defaults.items():
        if name not in address.query:
            address = address.update_query_dict({name: value})
    engine = create_engine(
        address,
        hide_parameters=True,
        pool_size=12,
        max_overflow=8,
        pool_timeout=30,
        pool_use_lifo=True,
        pool_pre_ping=True,
    )
    event.listen(engine, "connect", _on_postgresql_connect)
    return engine


def _on_postgresql_connect(connection: Any, _record: Any) -> None:
    """Let the server end a transaction whose process was stopped in its midst: others wait for its locks."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET idle_in_transaction_session_timeout = {_IDLE_MS}")
    connection.commit()


def _translate_postgresql(context: ExceptionContext, place: str) -> errors.StoreError | None:
    state = str(getattr(context.original_exception, "sqlstate", None) or "")
    if context.is_disconnect or state.startswith(("08", "57P", "28", "3D")):
        return errors.unreachable(place)
    if state == "53100":
        return errors.full(place)
    if state in ("55P03", "40P01", "40001"):  # lock not available, deadlock, serialization failure
        return errors.busy(place)
    if state == "25006":
        return errors.read_only(place)
    if state == "42P01":
        return errors.not_ready(place)
    if context.connection is None and not state:
        return errors.unreachable(place)
    return None


# --- errors ---------------------------------------------------------------------------------------------


def _say_in_words(context: ExceptionContext) -> BaseException | None:
    """Turn what the driver says into a sentence; SQLAlchemy raises what this returns, in place of its own."""
    if context.is_pre_ping or context.engine is None:
        return None
    if isinstance(context.original_exception, errors.StoreError):
        return None
    place = _place(context.engine.url)
    if context.engine.dialect.name == "sqlite":
        return _translate_sqlite(context.original_exception, place)
    return _translate_postgresql(context, place)


__all__ = [
    "BUSY_S",
    "Connection",
    "Engine",
    "after_commit",
    "home_of",
    "is_sqlite",
    "make_way",
    "open_engine",
    "read",
    "where",
    "write",
]
