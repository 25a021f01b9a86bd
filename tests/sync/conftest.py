"""Fixtures of the engine's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from syncer.sdk import registry
from tests.sync.stalls import Stalls, open_stalls
from tests.sync.world import World


@pytest.fixture
def world(engine: Engine, home: Path) -> Iterator[World]:
    sandbox = registry.load("shopee", group=registry.SANDBOXES)
    with sandbox().start() as running:
        yield World(engine, home, running)


@pytest.fixture
def stalls(engine: Engine, home: Path, tmp_path: Path) -> Iterator[Stalls]:
    with open_stalls(engine, home, tmp_path / "packages") as found:
        yield found
