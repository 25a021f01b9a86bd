"""An optional file in which a sandbox's truth survives a restart."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class StateFile:
    """Pieces of state by key, in one SQLite file; every save is on disk before it returns."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.execute("CREATE TABLE IF NOT EXISTS piece (key TEXT PRIMARY KEY, value TEXT NOT NULL)")
        path.chmod(0o600)

    def save(self, pieces: Mapping[str, Any]) -> None:
        """Write the pieces in one transaction; None deletes one."""
        gone = [(key,) for key, value in pieces.items() if value is None]
        kept = [(key, json.dumps(value)) for key, value in pieces.items() if value is not None]
        self._db.execute("BEGIN IMMEDIATE")
        self._db.executemany("DELETE FROM piece WHERE key = ?", gone)
        self._db.executemany("INSERT OR REPLACE INTO piece VALUES (?, ?)", kept)
        self._db.execute("COMMIT")

    def load(self) -> dict[str, Any]:
        """All pieces."""
        return {key: json.loads(value) for key, value in self._db.execute("SELECT key, value FROM piece")}

    def close(self) -> None:
        """Close the file."""
        self._db.close()
