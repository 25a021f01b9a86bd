"""The ledger is append-only, and the database itself sees to it: triggers refuse UPDATE and DELETE.

``metadata.create_all`` runs them by itself once this module is imported; a migration runs
``create_statements(dialect)`` one by one.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Table, event

from syncer.store.tables import stock_movement

#: Tables whose rows are written once.
APPEND_ONLY = ("stock_movement",)

_FUNCTION = "syncer_refuse_change"


def create_statements(dialect: str, tables: tuple[str, ...] = APPEND_ONLY) -> list[str]:
    """Return the statements that protect ``tables`` on ``dialect`` ("sqlite" or "postgresql"), in order."""
    if dialect == "sqlite":
        return [_sqlite(table, action) for table in tables for action in ("UPDATE", "DELETE")]
    return [
        f"CREATE OR REPLACE FUNCTION {_FUNCTION}() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'this table is append-only' USING ERRCODE = 'restrict_violation'; END $$",
        *(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {_FUNCTION}()"
            for table in tables
        ),
    ]


def drop_statements(dialect: str, tables: tuple[str, ...] = APPEND_ONLY) -> list[str]:
    """Return the statements that take the protection away again (for a migration that rebuilds a table)."""
    if dialect == "sqlite":
        return [f"DROP TRIGGER IF EXISTS {table}_no_{action}" for table in tables for action in ("update", "delete")]
    return [f"DROP TRIGGER IF EXISTS {table}_append_only ON {table}" for table in tables]


def _sqlite(table: str, action: str) -> str:
    return (
        f"CREATE TRIGGER {table}_no_{action.lower()} BEFORE {action} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, 'this table is append-only'); END"
    )


def _protect(table: Table, connection: Connection, **_kwargs: Any) -> None:
    for statement in create_statements(connection.dialect.name, (table.name,)):
        connection.exec_driver_sql(statement)


event.listen(stock_movement, "after_create", _protect)
