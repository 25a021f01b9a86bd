"""Take a backup back: all of it in one transaction, and then nothing is sent until a person releases it."""

from __future__ import annotations

import datetime as dt
import fcntl
import hashlib
import json
import os
import re
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, Integer, Table, delete, func, insert, select, text
from sqlalchemy.exc import DataError, IntegrityError

from syncer.catalogue.media import media_path, write_private
from syncer.cli.backup import FORMAT, MANIFEST, VERSION, decode, kept_tables
from syncer.cli.waking import LOCK
from syncer.domain.words import SyncerError, Words
from syncer.store import tables
from syncer.store.engine import is_sqlite, write
from syncer.store.migrate import HEAD
from syncer.store.triggers import create_statements, drop_statements
from syncer.sync.lease import holder
from syncer.sync.restored import begin_epoch

_AT_ONCE = 500
_PHOTO = re.compile(r"media/([0-9a-f]{64})\.jpg")
_MOST_BYTES = 30_000_000


class RestoreRefused(SyncerError):
    """The backup can't be taken back here and now; the sentence says why. Nothing was changed."""


class Restored(NamedTuple):
    """What came back. ``signed_in`` accounts may have to sign in again: their tokens were single-use."""

    made_at: dt.datetime
    rows: int
    photos: int
    epoch: int
    signed_in: tuple[str, ...]


def restore_backup(
    engine: Engine,
    home: Path,
    path: Path,
    *,
    force: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Restored:
    """Replace the database by the backup in ``path``, in one transaction, and start a new epoch.

    Raises :class:`RestoreRefused` while a daemon runs, for a database with content (without ``force``), and for a
    file that is no backup, damaged, or of another version.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            manifest = _manifest(archive)
            with _alone(home, engine):
                _take_photos(archive, home)
                return _replace(engine, archive, manifest, force, progress)
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError, AttributeError, EOFError, RecursionError):
        raise _damaged(path) from None
    except (IntegrityError, DataError, ArithmeticError):  # rows that do not fit together, or no column
        raise _damaged(path) from None


def _manifest(archive: zipfile.ZipFile) -> dict[str, Any]:
    found = json.loads(_read(archive, MANIFEST))
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise ValueError("no manifest of ours")
    if found.get("version") != VERSION or found.get("schema") != HEAD:
        made_by = str(found.get("syncer"))[:20]
        raise RestoreRefused(
            Words(
                f"Cadangan ini dibuat Syncer {made_by} dengan bentuk data lain. Pulihkan dengan versi itu, lalu "
                "perbarui.",
                f"This backup was made by Syncer {made_by}, with another form of data. Restore it with that version, "
                "then update.",
            )
        )
    return found


@contextmanager
def _alone(home: Path, engine: Engine) -> Iterator[None]:
    """Make sure that no daemon works on this database, and that none starts meanwhile."""
    file = os.open(home / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise _daemon_runs() from None
        now = dt.datetime.now(dt.UTC)
        with engine.connect() as connection:
            keys = list(connection.execute(select(tables.lease.c.key)).scalars())
            if any(holder(connection, key, now) is not None for key in keys):
                raise _daemon_runs()
        yield
    finally:
        os.close(file)


def _replace(
    engine: Engine,
    archive: zipfile.ZipFile,
    manifest: dict[str, Any],
    force: bool,
    progress: Callable[[int, int], None] | None,
) -> Restored:
    total, rows = sum(int(count) for count in manifest["tables"].values()), 0
    now = dt.datetime.now(dt.UTC)
    with write(engine) as connection:
        if not force and _has_content(connection):
            raise RestoreRefused(
                Words(
                    "Basis data ini sudah berisi. Pulihkan ke SYNCER_HOME yang kosong, atau ganti semuanya dengan "
                    "--force.",
                    "This database is not empty. Restore into an empty SYNCER_HOME, or replace everything with "
                    "--force.",
                )
            )
        before = connection.execute(select(tables.meta.c.value).where(tables.meta.c.key == "epoch")).scalar()
        _empty(connection)
        for table in kept_tables():
            count = 0
            for part in _rows(archive, table):
                connection.execute(insert(table), part)
                count += len(part)
                if progress is not None:
                    progress(rows + count, total)
            if count != int(manifest["tables"][table.name]):
                raise ValueError(f"rows are missing in {table.name}")
            rows += count
        _continue_identities(connection)
        _keep_epoch_rising(connection, before)
        epoch = begin_epoch(connection, now)
        query = (
            select(tables.account.c.name)
            .join(tables.sign_in, tables.sign_in.c.account_id == tables.account.c.id)
            .order_by(tables.account.c.name)
        )
        signed_in = tuple(connection.execute(query).scalars())
    made_at = dt.datetime.fromisoformat(manifest["made_at"])
    return Restored(made_at, rows, int(manifest["photos"]), epoch, signed_in)


def _has_content(connection: Connection) -> bool:
    return any(
        connection.execute(select(text("1")).select_from(table).limit(1)).first() is not None
        for table in (tables.product, tables.account, tables.stock_movement)
    )


def _empty(connection: Connection) -> None:
    """Delete every row. The ledger's triggers step aside for this transaction only."""
    dialect = connection.dialect.name
    for statement in drop_statements(dialect):
        connection.exec_driver_sql(statement)
    for table in reversed(tables.metadata.sorted_tables):
        connection.execute(delete(table))
    for statement in create_statements(dialect):
        connection.exec_driver_sql(statement)


def _rows(archive: zipfile.ZipFile, table: Table) -> Iterator[list[dict[str, Any]]]:
    with archive.open(f"tables/{table.name}.jsonl") as file:
        while lines := list(islice(file, _AT_ONCE)):
            yield [decode(table, json.loads(line)) for line in lines]


def _continue_identities(connection: Connection) -> None:
    """Let new rows of PostgreSQL get numbers above those that came back; SQLite does so by itself."""
    if is_sqlite(connection):
        return
    for table in tables.metadata.sorted_tables:
        column = table.primary_key.columns.values()[0]
        sequence = None
        if len(table.primary_key.columns) == 1 and isinstance(column.type, Integer):
            sequence = connection.execute(
                text("SELECT pg_get_serial_sequence(:table, :column)"), {"table": table.name, "column": column.name}
            ).scalar()
        if sequence:
            highest = connection.execute(select(func.max(column))).scalar()
            if highest is not None:
                connection.execute(text("SELECT setval(:sequence, :value)"), {"sequence": sequence, "value": highest})


def _keep_epoch_rising(connection: Connection, before: str | None) -> None:
    """A database that was restored before, and now again from an older backup, must not count backwards."""
    meta = tables.meta
    now = connection.execute(select(meta.c.value).where(meta.c.key == "epoch")).scalar()
    if before is not None and int(before) > int(now or "1"):
        connection.execute(delete(meta).where(meta.c.key == "epoch"))
        connection.execute(insert(meta).values(key="epoch", value=before))


def _take_photos(archive: zipfile.ZipFile, home: Path) -> None:
    """Write the photos that are not there yet. They are named by their content, so nothing is overwritten."""
    for name in archive.namelist():
        found = _PHOTO.fullmatch(name)
        if found is None:
            continue
        target = media_path(home, found[1])
        if target.exists():
            continue
        data = _read(archive, name)
        if hashlib.sha256(data).hexdigest() != found[1]:
            raise ValueError("a photo is not what its name says")
        write_private(target, data)


def _read(archive: zipfile.ZipFile, name: str) -> bytes:
    if archive.getinfo(name).file_size > _MOST_BYTES:
        raise ValueError("a part is too large")
    return archive.read(name)


def _daemon_runs() -> RestoreRefused:
    return RestoreRefused(
        Words(
            "Daemon Syncer sedang memakai basis data ini. Hentikan dulu `syncer run`, lalu ulangi.",
            "A Syncer daemon works on this database. Stop `syncer run` first, then try again.",
        )
    )


def _damaged(path: Path) -> RestoreRefused:
    return RestoreRefused(
        Words(
            f"Berkas {path} bukan cadangan Syncer, atau rusak. Tidak ada yang diubah; pakai cadangan lain.",
            f"The file {path} is no backup of Syncer, or it is damaged. Nothing was changed; use another backup.",
        )
    )
