"""What a command works with: settings, the database (brought up to date on first use), the key, and the clock."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

from config.settings import Settings, load_settings, prepare_home

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection, Engine

    from syncer.channels.records import Account
    from syncer.store.sealed import Keys
    from syncer.sync.service import Deps


class Desk:
    """The things of one command, each made when it is first asked for."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._logs = False

    @cached_property
    def actor(self) -> str:
        """Who gives the command, as the ledger and the answers record it."""
        import getpass

        try:
            name = getpass.getuser()
        except (KeyError, OSError):
            name = str(os.getuid())
        return f"cli:{name}"[:80]

    @property
    def now(self) -> dt.datetime:
        """The moment, aware UTC."""
        return dt.datetime.now(dt.UTC)

    @cached_property
    def bare_engine(self) -> Engine:
        """The database as it is, tables or not."""
        from syncer.store.engine import open_engine

        prepare_home(self.settings.home)
        return open_engine(self.settings.database_url, home=self.settings.home)

    @cached_property
    def engine(self) -> Engine:
        """The database with its tables: they are made or changed on first use."""
        from syncer.store import migrate

        engine = self.bare_engine
        if migrate.upgrade(engine):
            keep_currency(engine, self.settings.catalogue_currency)
        return engine

    @cached_property
    def keys(self) -> Keys:
        """The secret key, tried on this database."""
        from syncer.store.sealed import open_keys

        return open_keys(
            self.engine, self.settings.home, key=self.settings.secret_key, key_file=self.settings.secret_key_file
        )

    @property
    def connectors(self) -> frozenset[str]:
        """The packages whose connectors may be used."""
        return frozenset(self.settings.connectors)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One snapshot of the database."""
        from syncer.store.engine import read

        with read(self.engine) as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction."""
        from syncer.store.engine import write

        with write(self.engine) as connection:
            yield connection

    def account(self, name: str) -> Account:
        """Return the account with this name. Raises UnknownAccount."""
        from syncer.channels.records import get_account

        with self.read() as connection:
            return get_account(connection, name)

    def for_shops(self) -> Mapping[str, Any]:
        """Return what the functions that open a connector ask for."""
        return {"home": self.settings.home, "allowed": self.connectors}

    def logs(self, level: str = "") -> None:
        """Send what is logged to standard error, so that a command's own output stays clean.

        Without ``level``: warnings and worse, unless a level was set before. ``SYNCER_LOG_LEVEL=DEBUG`` shows all.
        """
        if level or not self._logs:
            from config.logging import set_up_logging

            self._logs = True
            set_up_logging("DEBUG" if self.settings.log_level == "DEBUG" else level or "WARNING")

    def deps(self, **more: Any) -> Deps:
        """Return what the engine needs."""
        self.logs()
        from syncer.sync.service import Deps
        from syncer.sync.shop import Timing

        settings = self.settings
        timing = Timing(lease_s=settings.lease_s, sweep_s=settings.sweep_s, order_poll_s=settings.order_poll_s)
        return Deps(
            engine=self.engine,
            keys=self.keys,
            home=self.settings.home,
            timing=timing,
            allowed=self.connectors,
            **more,
        )


def keep_currency(engine: Engine, currency: str) -> None:
    """Write down which currency the prices of this catalogue are in. Refuses to change it once there are products."""
    from sqlalchemy import select, text

    from syncer.channels.records import catalogue_currency
    from syncer.domain.words import SyncerError, Words
    from syncer.store.engine import read, write
    from syncer.store.tables import product

    with read(engine) as connection:
        found = catalogue_currency(connection)
        empty = connection.execute(select(product.c.id).limit(1)).first() is None
    if found == currency:
        return
    if not empty:
        raise SyncerError(
            Words(
                f"Harga di katalog ini dalam {found}, tetapi SYNCER_CATALOGUE_CURRENCY adalah {currency}. "
                f"Kembalikan ke {found}, atau pakai SYNCER_HOME lain untuk katalog dalam {currency}.",
                f"The prices of this catalogue are in {found}, but SYNCER_CATALOGUE_CURRENCY is {currency}. "
                f"Set it to {found} again, or use another SYNCER_HOME for a catalogue in {currency}.",
            )
        )
    with write(engine) as connection:
        connection.execute(
            text(
                "INSERT INTO meta (key, value) VALUES ('currency', :value) "
                "ON CONFLICT (key) DO UPDATE SET value = excluded.value"
            ),
            {"value": currency},
        )


_desk: list[Desk] = []


def open_desk() -> Desk:
    """Read the settings and return this process's desk; the same one until :func:`close_desk`."""
    if not _desk:
        _desk.append(Desk(load_settings()))
    return _desk[0]


def close_desk() -> None:
    """Give back the database's connections."""
    while _desk:
        engine = _desk.pop().__dict__.get("bare_engine")
        if engine is not None:
            engine.dispose()
