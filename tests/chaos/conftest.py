"""Fixtures of the tests that kill: a shop, and engines in processes of their own."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from syncer.sdk import registry
from syncer.sync.shop import Timing
from tests.chaos import runner
from tests.sync.world import World

_LONGEST_RUN_S = 200.0


class Engines:
    """Starts engines in processes of their own; ends those that are left over. ``more`` goes to ``runner.run``."""

    def __init__(self, url: str, home: Path) -> None:
        self._url, self._home = url, home
        self.more: dict[str, Any] = {}
        # A server that has everything imported forks them, so that each starts in a moment.
        self._context: Any = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["tests.chaos.runner"])
        self._started: list[Any] = []

    def start(
        self,
        timing: Timing,
        point: str = "",
        after: int = 1,
        *,
        fuse: int = signal.SIGKILL,
        forever: bool = False,
    ) -> Any:
        """Start one and return its process."""
        arguments = (self._url, str(self._home), timing, point, after, fuse)
        process = self._context.Process(
            target=runner.run, args=arguments, kwargs={"forever": forever, **self.more}, daemon=True
        )
        process.start()
        self._started.append(process)
        return process

    def run(self, timing: Timing, point: str = "", after: int = 1) -> bool:
        """Run one until it ends; return whether the fuse killed it."""
        process = self.start(timing, point, after)
        process.join(_LONGEST_RUN_S)
        assert process.exitcode in (0, -signal.SIGKILL), f"exit code {process.exitcode}"
        return bool(process.exitcode)

    def end_all(self) -> None:
        for process in self._started:
            if process.is_alive():
                process.kill()
            process.join()


@pytest.fixture
def world(engine: Engine, home: Path) -> Iterator[World]:
    sandbox = registry.load("shopee", group=registry.SANDBOXES)
    with sandbox().start() as running:
        yield World(engine, home, running)


@pytest.fixture
def engines(database_url: str, home: Path) -> Iterator[Engines]:
    started = Engines(database_url, home)
    yield started
    started.end_all()
