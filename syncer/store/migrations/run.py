"""Alembic, run from the program: no alembic.ini, no working directory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection

from syncer.store.tables import metadata


def config(connection: Connection | None = None) -> Config:
    """Return Alembic's configuration; ``env.py`` takes the connection from it."""
    found = Config()
    found.set_main_option("script_location", str(Path(__file__).parent))
    found.attributes["connection"] = connection
    return found


def upgrade_connection(connection: Connection, revision: str = "head") -> None:
    """Run the migrations in the open transaction of ``connection``."""
    command.upgrade(config(connection), revision)


def head() -> str:
    """Return the newest version that the migrations know."""
    newest = ScriptDirectory.from_config(config()).get_current_head()
    assert newest is not None
    return newest


def differences(connection: Connection) -> list[Any]:
    """Return how the database differs from the tables of the program; empty when it does not.

    Defaults are not compared: Alembic takes an empty string on SQLite for a difference.
    """
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, metadata))
