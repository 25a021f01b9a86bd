"""Bring the tables of a database to the version of this program.

Alembic is imported only if there is something to do: a command must answer in well under half a second.
"""

from __future__ import annotations

from sqlalchemy import text

from syncer.store import errors
from syncer.store.engine import Engine, read, where, write

HEAD = "0001"
"""The version that this program needs; a test compares it with Alembic's own head."""


def current(engine: Engine) -> str | None:
    """Return the version of the tables, or None for a database without ours."""
    try:
        with read(engine) as connection:
            version = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    except errors.StoreNotReady:
        return None
    return None if version is None else str(version)


def is_current(engine: Engine) -> bool:
    """Tell whether the tables are those of this program."""
    return current(engine) == HEAD


def require_current(engine: Engine) -> None:
    """Raise :class:`~syncer.store.errors.StoreNotReady` unless the tables are those of this program."""
    version = current(engine)
    if version == HEAD:
        return
    raise errors.newer(where(engine)) if _is_newer(version) else errors.not_ready(where(engine))


def upgrade(engine: Engine) -> bool:
    """Make or change the tables as needed, in one transaction; return whether anything was done.

    Two processes may call it at once: the second waits, then finds nothing to do.
    Raises :class:`~syncer.store.errors.StoreNotReady` when the database is newer than the program.
    """
    version = current(engine)
    if version == HEAD:
        return False
    if _is_newer(version):
        raise errors.newer(where(engine))
    from syncer.store.migrations.run import upgrade_connection

    with write(engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(7394120551)"))
        upgrade_connection(connection, HEAD)
    return True


def _is_newer(version: str | None) -> bool:
    return version is not None and version > HEAD


__all__ = ["HEAD", "current", "is_current", "require_current", "upgrade"]
