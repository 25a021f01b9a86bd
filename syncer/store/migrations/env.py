"""Alembic runs this file for each command; it uses the connection and transaction that it is given."""

from __future__ import annotations

from alembic import context

from syncer.store.tables import metadata

_given = context.config.attributes
context.configure(
    connection=_given["connection"],
    target_metadata=metadata,
    compare_type=True,
    transactional_ddl=True,
    render_item=_given.get("render_item"),
)
with context.begin_transaction():
    context.run_migrations()
