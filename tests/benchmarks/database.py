"""The bare database of the floor: the same kind, the same durability, one small table, no library in between."""

from __future__ import annotations

import sqlite3


class Bare:
    """The driver of Python's own library, with a journal and synchronisation as Syncer has them.

    Each ``commit`` is one durable transaction.
    """

    def __init__(self, path: str, variants: int) -> None:
        self._raw = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        for pragma in ("journal_mode=WAL", "synchronous=FULL"):
            self._raw.execute(f"PRAGMA {pragma}")
        self._raw.execute("CREATE TABLE stock (id INTEGER PRIMARY KEY, number INTEGER, version INTEGER)")
        self._raw.execute("CREATE INDEX stock_version ON stock (version)")
        self._raw.execute("BEGIN IMMEDIATE")
        self._raw.executemany("INSERT INTO stock VALUES (?, 0, 0)", [(n,) for n in range(variants)])
        self._raw.execute("COMMIT")
        self._version = 0

    def commit(self, variant: int, stock: int) -> None:
        self._version += 1
        self._raw.execute("BEGIN IMMEDIATE")
        self._raw.execute("UPDATE stock SET number = ?, version = ? WHERE id = ?", (stock, self._version, variant))
        self._raw.execute("COMMIT")


def changed_since(path: str, version: int) -> list[tuple[int, int, int]]:
    """Return the changes after a version: variant, number, version; in their order."""
    raw = sqlite3.connect(path)
    try:
        query = "SELECT id, number, version FROM stock WHERE version > ? ORDER BY version"
        return raw.execute(query, (version,)).fetchall()
    finally:
        raw.close()
