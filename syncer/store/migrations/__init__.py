"""Alembic: how the tables came to be what they are; see :mod:`syncer.store.migrate`."""
