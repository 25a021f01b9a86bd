"""The small world with the strange connector, which writes whole listings only, and its own sandbox."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from syncer.channels.joining import Settings, add_account
from syncer.channels.records import Account
from syncer.domain.pricing import Rate
from syncer.sdk import registry
from tests.strange_connector.install import install
from tests.sync.world import World, now

STRANGERS = frozenset({"syncer", "syncer-koperasi"})


class Stalls(World):
    """The small world, with the strange connector's own sandbox."""

    def __init__(self, engine: Engine, home: Path, running: Any) -> None:
        super().__init__(engine, home, running)
        self.allowed = STRANGERS

    def limits_for_tests(self) -> None:
        self.control.limits(window_calls=10_000)

    def stall_account(self) -> Account:
        return add_account(
            self.engine,
            self.keys,
            home=self.home,
            connector="koperasi",
            name="Lapak",
            options=self.running.account_options,
            settings=Settings(rate=Rate(Decimal("0.0001"), dt.date(2026, 1, 1))),
            now=now(),
            allowed=STRANGERS,
        ).account


@contextmanager
def open_stalls(engine: Engine, home: Path, scratch: Path) -> Iterator[Stalls]:
    """Install the strange connector into ``scratch``, and start its sandbox."""
    before = list(sys.path)
    install(scratch)
    sandbox = registry.load("koperasi", group=registry.SANDBOXES, allowed=STRANGERS)
    with sandbox().start() as running:
        yield Stalls(engine, home, running)
    sys.path[:] = before
    registry.forget()
