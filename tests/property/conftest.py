"""A world for each example of a stateful test: a fresh database, and one sandbox of each marketplace for all."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from syncer.store.engine import open_engine
from tests.sync.markets import Markets, open_sandboxes
from tests.sync.world import Control

Worlds = Callable[[], Any]


@pytest.fixture
def worlds(database_kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Worlds]:
    """Give a function that opens a new world as a context."""
    numbers = count(1)

    @contextmanager
    def database(home: Path) -> Iterator[Engine]:
        if database_kind == "sqlite":
            shutil.copyfile(request.getfixturevalue("sqlite_template"), home / "syncer.db")
            url, drop = f"sqlite:///{home / 'syncer.db'}", None
        else:
            server = request.getfixturevalue("postgres_server")
            name = server.create()
            url, drop = server.url(name), lambda: server.drop(name)
        engine = open_engine(url, home=home)
        try:
            yield engine
        finally:
            engine.dispose()
            if drop is not None:
                drop()

    with open_sandboxes() as runnings:

        @contextmanager
        def world() -> Iterator[Markets]:
            home = tmp_path / f"home{next(numbers)}"
            home.mkdir(mode=0o700)
            with database(home) as engine:
                for running in runnings.values():
                    Control(running.control_url).ask("POST", "reset")
                yield Markets(engine, home, runnings)

        yield world
