"""One file that holds the whole catalogue: every table as JSON lines, and the photos (security.md K6).

The daemon may go on meanwhile: on SQLite the rows come from a copy made by SQLite's own backup, on PostgreSQL from
one snapshot. Never in it: the secret key, sign-ins under way, who is working, the call log. What the key seals
stays sealed. A backup of one kind of database can be restored into the other.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
import os
import re
import secrets
import sqlite3
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, Table, select

from syncer.domain.words import SyncerError, Words
from syncer.store import tables
from syncer.store.engine import is_sqlite, open_engine, read
from syncer.store.migrate import HEAD

FORMAT, VERSION = "syncer-backup", 1
MANIFEST = "manifest.json"
#: Rows of the moment, and of processes: they mean nothing in another place or time.
LEFT_OUT = frozenset({"sign_in_request", "lease", "call_log", "webhook_delivery", "order_hint"})
_AT_ONCE = 2000
_NIGHTLY = re.compile(r"syncer-(\d{4}-\d{2}-\d{2})\.zip")


class Backup(NamedTuple):
    """A backup that was written. ``missing`` photos are known to the database but not in the folder."""

    path: Path
    rows: int
    photos: int
    missing: int
    size_bytes: int


class BackupExists(SyncerError):
    """There is a file with that name already."""


def kept_tables() -> list[Table]:
    """Return the tables of a backup, parents before children."""
    return [table for table in tables.metadata.sorted_tables if table.name not in LEFT_OUT]


def write_backup(
    engine: Engine,
    home: Path,
    path: Path,
    *,
    force: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Backup:
    """Write the backup to ``path`` with mode 0600, whole or not at all; an older file is kept unless ``force``."""
    if path.exists() and not force:
        raise BackupExists(
            Words(
                f"Berkas {path} sudah ada. Pilih nama lain, atau timpa dengan --force.",
                f"The file {path} exists already. Choose another name, or overwrite it with --force.",
            )
        )
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
                rows, photos, missing = _fill(engine, home, archive, progress)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return Backup(path, rows, photos, missing, path.stat().st_size)


def nightly(engine: Engine, home: Path, folder: Path, *, keep_days: int, today: dt.date | None = None) -> Path:
    """Write today's backup into ``folder``, remove those older than ``keep_days``, and return the new file."""
    today = today or dt.datetime.now(dt.UTC).date()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"syncer-{today.isoformat()}.zip"
    write_backup(engine, home, path, force=True)
    for old in folder.iterdir():
        found = _NIGHTLY.fullmatch(old.name)
        if found and (today - dt.date.fromisoformat(found[1])).days > keep_days:
            old.unlink(missing_ok=True)
    return path


def _fill(
    engine: Engine, home: Path, archive: zipfile.ZipFile, progress: Callable[[int, int], None] | None
) -> tuple[int, int, int]:
    counts: dict[str, int] = {}
    photos: list[str] = []
    missing = 0
    with _snapshot(engine, home) as connection:
        for table in kept_tables():
            counts[table.name] = _write_table(connection, archive, table)
        found = list(connection.execute(select(tables.media.c.sha256).order_by(tables.media.c.sha256)).scalars())
    for number, sha256 in enumerate(found):
        source = home / "media" / f"{sha256}.jpg"
        try:
            data = source.read_bytes()
        except FileNotFoundError:
            missing += 1
            continue
        archive.writestr(zipfile.ZipInfo(f"media/{sha256}.jpg"), data, zipfile.ZIP_STORED)
        photos.append(sha256)
        if progress is not None:
            progress(number + 1, len(found))
    manifest = {
        "format": FORMAT,
        "version": VERSION,
        "syncer": version("syncer"),
        "schema": HEAD,
        "made_at": dt.datetime.now(dt.UTC).isoformat(),
        "database": engine.dialect.name,
        "tables": counts,
        "photos": len(photos),
    }
    archive.writestr(MANIFEST, json.dumps(manifest, indent=2))
    return sum(counts.values()), len(photos), missing


def _write_table(connection: Connection, archive: zipfile.ZipFile, table: Table) -> int:
    count = 0
    query = select(table).order_by(*table.primary_key.columns)
    with archive.open(f"tables/{table.name}.jsonl", "w", force_zip64=True) as file:
        result = connection.execution_options(yield_per=_AT_ONCE).execute(query)
        for part in result.mappings().partitions(_AT_ONCE):
            lines = [json.dumps(encode(dict(row)), ensure_ascii=False, separators=(",", ":")) for row in part]
            file.write(("\n".join(lines) + "\n").encode())
            count += len(lines)
    return count


def encode(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row as JSON; :func:`decode` reads it back by the types of its columns."""
    return {name: _plain(value) for name, value in row.items()}


def decode(table: Table, row: dict[str, Any]) -> dict[str, Any]:
    """Return the row that :func:`encode` wrote. Raises KeyError, ValueError or TypeError for anything else."""
    from sqlalchemy import LargeBinary

    from syncer.store.types import Amount, UtcTime

    found: dict[str, Any] = {}
    for name, value in row.items():
        kind = table.c[name].type
        if value is None:
            found[name] = None
        elif isinstance(kind, UtcTime):
            found[name] = dt.datetime.fromisoformat(value)
        elif isinstance(kind, Amount):
            found[name] = Decimal(value)
        elif isinstance(kind, LargeBinary):
            found[name] = base64.b64decode(value, validate=True)
        else:
            found[name] = value
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value


@contextmanager
def _snapshot(engine: Engine, home: Path) -> Iterator[Connection]:
    """Give a connection to one moment of the database, without holding anybody up."""
    if not is_sqlite(engine):
        with read(engine) as connection:
            yield connection
        return
    copy = home / f".backup-{secrets.token_hex(4)}.db"
    try:
        os.close(os.open(copy, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        with engine.connect() as source:
            raw = source.connection.driver_connection
            target = sqlite3.connect(copy)
            try:
                assert isinstance(raw, sqlite3.Connection)
                raw.backup(target)
            finally:
                target.close()
        copied = open_engine(f"sqlite:///{copy}")
        try:
            with read(copied) as connection:
                yield connection
        finally:
            copied.dispose()
    finally:
        for name in (copy.name, f"{copy.name}-wal", f"{copy.name}-shm"):
            (home / name).unlink(missing_ok=True)
