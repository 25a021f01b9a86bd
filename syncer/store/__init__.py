"""The database. Importing anything of it loads every table, so that ``metadata`` is always whole."""

from syncer.store import order_tables as order_tables
