"""Insert unless it is there: the one statement that SQLite and PostgreSQL spell alike but build apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def insert_or_keep(connection: Connection, table: Table, key: Sequence[str]) -> Any:
    """Return an ``INSERT … ON CONFLICT (key) DO NOTHING`` on ``table`` for this database."""
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table).on_conflict_do_nothing(index_elements=list(key))
    return postgresql.insert(table).on_conflict_do_nothing(index_elements=list(key))


def insert_if_absent(connection: Connection, table: Table, values: Mapping[str, Any], key: Sequence[str]) -> bool:
    """Insert one row and return True, or do nothing and return False if one with the same ``key`` is there.

    On PostgreSQL it waits for another transaction that inserts the same key.
    """
    statement = insert_or_keep(connection, table, key).values(**values).returning(table.c[key[0]])
    return connection.execute(statement).first() is not None
