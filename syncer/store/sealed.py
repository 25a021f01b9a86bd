"""Secrets at rest (security.md section 9, K1 to K4): sealed values that fit one place only.

A sealed value is ``s1.<key id>.<Fernet token>``; the token holds ``{"v": 1, "for": purpose, "value": …}``, so that
a value copied to another row does not open there (K2). The key id names the key without telling it, so that
``key_status`` can count rows per key. Columns named ``sealed_…`` hold such values, or an empty string.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Table, func, select, text, update

from syncer.domain.words import SyncerError, Words
from syncer.store import tables
from syncer.store.engine import Connection, Engine, make_way, read, write

KEY_FILE = "secret.key"
"""Name of the key file in SYNCER_HOME."""

_CANARY = "key_canary"
_CANARY_PURPOSE = "meta:key_canary"
_PREFIX = "s1"
_KEY_FORM = re.compile(r"[A-Za-z0-9_-]{43}=")


class KeyProblem(SyncerError):
    """The secret key is missing, malformed or the wrong one."""


class SealBroken(SyncerError):
    """A sealed value does not open: another key, another place, or damage."""


@dataclass(frozen=True, slots=True)
class KeyStatus:
    """How many sealed values one key still opens. ``newest`` is the key that seals; ``known`` is False for a key
    that was not given to this process."""

    key_id: str
    newest: bool
    known: bool
    values: int


class Keys:
    """One or more Fernet keys, newest first: the first one seals, each of them opens."""

    def __init__(self, keys: Sequence[str]) -> None:
        """Take url-safe base64 keys of 32 bytes. Raises :class:`KeyProblem`."""
        cleaned = [key.strip() for key in keys if key.strip()]
        if not cleaned or not all(_KEY_FORM.fullmatch(key) for key in cleaned):
            raise _malformed()
        self._keys = {_key_id(key): key for key in cleaned}
        self._fernets: dict[str, Any] = {}

    def __repr__(self) -> str:
        return f"Keys({', '.join(self._keys)})"

    @property
    def newest_id(self) -> str:
        """The id of the key that seals."""
        return next(iter(self._keys))

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of all keys, newest first."""
        return tuple(self._keys)

    def seal(self, value: Any, purpose: str) -> str:
        """Seal a JSON value for one place, for example ``account:12:options``."""
        inside = json.dumps({"v": 1, "for": purpose, "value": value}, ensure_ascii=False, separators=(",", ":"))
        token = self._fernet(self.newest_id).encrypt(inside.encode())
        return f"{_PREFIX}.{self.newest_id}.{token.decode()}"

    def unseal(self, sealed: str, purpose: str) -> Any:
        """Open what :meth:`seal` made for the same ``purpose``. Raises :class:`SealBroken`."""
        from cryptography.fernet import InvalidToken

        try:
            prefix, key_id, token = sealed.split(".", 2)
            if prefix != _PREFIX or key_id not in self._keys:
                raise _broken(purpose)
            inside = json.loads(self._fernet(key_id).decrypt(token.encode()))
        except (ValueError, InvalidToken):
            raise _broken(purpose) from None
        if inside.get("v") != 1 or inside.get("for") != purpose:
            raise _broken(purpose)
        return inside["value"]

    def reseal(self, sealed: str) -> str:
        """Seal anew with the newest key, for the same place, without showing the value to the caller."""
        from cryptography.fernet import InvalidToken

        prefix, key_id, token = sealed.split(".", 2)
        if prefix != _PREFIX or key_id not in self._keys:
            raise _wrong()
        if key_id == self.newest_id:
            return sealed
        try:
            inside = self._fernet(key_id).decrypt(token.encode())
        except InvalidToken:
            raise _wrong() from None
        return f"{_PREFIX}.{self.newest_id}.{self._fernet(self.newest_id).encrypt(inside).decode()}"

    def derive(self, label: str, length: int = 32) -> bytes:
        """Return a key for another use (cookies, feed tokens), bound to ``label``, from the newest key (K1)."""
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        secret = base64.urlsafe_b64decode(self._keys[self.newest_id])
        return HKDF(algorithm=SHA256(), length=length, salt=None, info=f"syncer:{label}".encode()).derive(secret)

    def _fernet(self, key_id: str) -> Any:
        found = self._fernets.get(key_id)
        if found is None:
            from cryptography.fernet import Fernet

            found = self._fernets[key_id] = Fernet(self._keys[key_id])
        return found


def open_keys(engine: Engine, home: Path, *, key: str | None = None, key_file: Path | None = None) -> Keys:
    """Return the keys, after checking on a canary that they fit this database (K3).

    ``key`` is SYNCER_SECRET_KEY (keys separated by commas or white space, newest first), ``key_file`` is
    SYNCER_SECRET_KEY_FILE. With neither, ``SYNCER_HOME/secret.key`` is used, and made on the first use; a new
    key is never made while sealed values exist. Raises :class:`KeyProblem`.
    """
    keys = _read_keys(home, key, key_file)
    if keys is None:
        with read(engine) as connection:
            sealed = _sealed_exist(connection)
        # Another process may have made the key, and sealed with it, since we looked for the file.
        keys = _read_keys(home, key, key_file) if sealed else _make_key(home / KEY_FILE)
        if keys is None:
            raise _missing()
    check_canary(engine, keys)
    return keys


def check_canary(engine: Engine, keys: Keys) -> None:
    """Make sure that ``keys`` fit the sealed values of this database; plant the canary on the first use.

    Raises :class:`KeyProblem` if the key is another one.
    """
    with read(engine) as connection:
        canary = _canary(connection)
    if canary is None:
        canary = _plant_canary(engine, keys)
    try:
        keys.unseal(canary, _CANARY_PURPOSE)
    except SealBroken:
        raise _wrong() from None


def _plant_canary(engine: Engine, keys: Keys) -> str:
    with write(engine) as connection:
        # In this order: on PostgreSQL another process may plant it in between, and seals nothing before that.
        if _sealed_exist(connection) and _canary(connection) is None:
            raise _wrong()
        # On PostgreSQL two processes may be here at once: the first one wins, both read what it planted.
        connection.execute(
            text("INSERT INTO meta (key, value) VALUES (:key, :value) ON CONFLICT (key) DO NOTHING"),
            {"key": _CANARY, "value": keys.seal("canary", _CANARY_PURPOSE)},
        )
        planted = _canary(connection)
    assert planted is not None
    return planted


def sealed_columns() -> list[tuple[Table, Column[Any]]]:
    """Return every column that holds sealed values, by its name."""
    return [
        (table, column)
        for table in tables.metadata.sorted_tables
        for column in table.columns
        if column.name.startswith("sealed_")
    ]


def rotate(engine: Engine, keys: Keys, *, batch: int = 200, progress: Callable[[int], None] | None = None) -> int:
    """Seal every value with the newest key; return how many were sealed anew.

    It works in short transactions and may be ended and begun again at any moment: what is done stays done.
    ``progress`` is told how many values each batch has sealed. Raises :class:`KeyProblem` when a value's key
    is not among ``keys``; the values before it are done.
    """
    done = 0
    for table, column in [*sealed_columns(), (tables.meta, tables.meta.c.value)]:
        while count := _rotate_batch(engine, keys, table, column, batch):
            done += count
            if progress is not None:
                progress(count)
            make_way()
    return done


def _rotate_batch(engine: Engine, keys: Keys, table: Table, column: Column[Any], batch: int) -> int:
    newest = f"{_PREFIX}.{keys.newest_id}."
    identity = list(table.primary_key.columns)
    stale = column.startswith(f"{_PREFIX}.", autoescape=True) & ~column.startswith(newest, autoescape=True)
    if table is tables.meta:
        stale &= tables.meta.c.key == _CANARY
    with write(engine) as connection:
        rows = connection.execute(select(*identity, column).where(stale).limit(batch).with_for_update()).all()
        for row in rows:
            here = [part == value for part, value in zip(identity, row[:-1], strict=True)]
            connection.execute(update(table).where(*here).values({column.name: keys.reseal(row[-1])}))
    return len(rows)


def key_status(engine: Engine, keys: Keys) -> list[KeyStatus]:
    """Count the sealed values per key, newest key first; an old key may be dropped only at 0 (K3)."""
    counts = dict.fromkeys(keys.ids, 0)
    start = len(_PREFIX) + 2
    with read(engine) as connection:
        for table, column in [*sealed_columns(), (tables.meta, tables.meta.c.value)]:
            key_id = func.substr(column, start, 8)
            query = select(key_id, func.count()).where(column.startswith(f"{_PREFIX}.")).group_by(key_id)
            if table is tables.meta:
                query = query.where(tables.meta.c.key == _CANARY)
            for found, count in connection.execute(query):
                counts[found] = counts.get(found, 0) + count
    return [
        KeyStatus(key_id, newest=key_id == keys.newest_id, known=key_id in keys.ids, values=count)
        for key_id, count in counts.items()
    ]


def new_key() -> str:
    """Return a fresh key in the form that SYNCER_SECRET_KEY takes."""
    return base64.urlsafe_b64encode(os.urandom(32)).decode()


def _read_keys(home: Path, key: str | None, key_file: Path | None) -> Keys | None:
    if key:
        return Keys(re.split(r"[,\s]+", key))
    path = key_file or home / KEY_FILE
    try:
        content = path.read_text(encoding="ascii")
        status = path.stat()
    except FileNotFoundError:
        if key_file is None:
            return None
        raise _unreadable(path) from None
    except (OSError, UnicodeDecodeError):
        raise _unreadable(path) from None
    # A service manager's credential is root's, with our right to read it in an ACL: its mask shows as group bits.
    theirs = 0o007 if status.st_uid != os.geteuid() else 0o077
    if status.st_mode & theirs:
        raise _open_to_others(path)
    return Keys(re.split(r"[,\s]+", content))


def _make_key(path: Path) -> Keys:
    """Make the key file, with mode 0600 from its first byte; a process that made it meanwhile wins."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_name(f".{KEY_FILE}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(new_key() + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(temporary, path)
        except FileExistsError:
            pass
        finally:
            temporary.unlink()
    except OSError:
        raise _unwritable(path) from None
    found = _read_keys(path.parent, None, path)
    assert found is not None
    return found


def _canary(connection: Connection) -> str | None:
    return connection.execute(select(tables.meta.c.value).where(tables.meta.c.key == _CANARY)).scalar()


def _sealed_exist(connection: Connection) -> bool:
    if _canary(connection) is not None:
        return True
    return any(
        connection.execute(select(1).select_from(table).where(column != "").limit(1)).scalar() is not None
        for table, column in sealed_columns()
    )


def _key_id(key: str) -> str:
    """Name a key without telling anything about it: 32 bits of a hash under our own label."""
    return hashlib.sha256(b"syncer key id:" + key.encode()).hexdigest()[:8]


def _malformed() -> KeyProblem:
    return KeyProblem(
        Words(
            id="SYNCER_SECRET_KEY tidak benar: harus 44 huruf dan angka (kunci Fernet), beberapa kunci dipisah koma. "
            "Buat yang baru dengan `syncer key new`.",
            en="SYNCER_SECRET_KEY is malformed: it must be 44 letters and digits (a Fernet key), several ones "
            "separated by commas. Make one with `syncer key new`.",
        )
    )


def _missing() -> KeyProblem:
    return KeyProblem(
        Words(
            id="Kunci rahasia hilang, padahal ada sandi toko yang tersimpan dengannya. Kembalikan kunci lama lewat "
            "SYNCER_SECRET_KEY atau SYNCER_SECRET_KEY_FILE; kunci baru tidak akan bisa membukanya.",
            en="The secret key is missing, but shop sign-ins are stored with it. Bring the old key back by "
            "SYNCER_SECRET_KEY or SYNCER_SECRET_KEY_FILE; a new key could not open them.",
        )
    )


def _wrong() -> KeyProblem:
    return KeyProblem(
        Words(
            id="Kunci rahasia tidak cocok dengan basis data ini. Pakai kunci yang dulu (SYNCER_SECRET_KEY); setelah "
            "mengganti kunci, tulis yang lama di belakang yang baru.",
            en="The secret key does not fit this database. Use the key it was made with (SYNCER_SECRET_KEY); after "
            "changing keys, keep the old one behind the new one.",
        )
    )


def _unreadable(path: Path) -> KeyProblem:
    return KeyProblem(
        Words(
            id=f"Berkas kunci {path} tidak ada atau tidak bisa dibaca. Periksa SYNCER_SECRET_KEY_FILE dan izinnya.",
            en=f"The key file {path} is missing or cannot be read. Check SYNCER_SECRET_KEY_FILE and its permissions.",
        )
    )


def _unwritable(path: Path) -> KeyProblem:
    return KeyProblem(
        Words(
            id=f"Kunci rahasia tidak bisa disimpan di {path}. Periksa izin folder dan ruang disk, atau isi "
            "SYNCER_SECRET_KEY.",
            en=f"The secret key cannot be saved to {path}. Check the folder's permissions and the disk's room, or "
            "set SYNCER_SECRET_KEY.",
        )
    )


def _open_to_others(path: Path) -> KeyProblem:
    return KeyProblem(
        Words(
            id=f"Berkas kunci {path} bisa dibaca orang lain. Jalankan `chmod 600 {path}`, lalu ulangi.",
            en=f"The key file {path} can be read by others. Run `chmod 600 {path}`, then try again.",
        )
    )


def _broken(purpose: str) -> SealBroken:
    return SealBroken(
        Words(
            id=f"Rahasia yang tersimpan untuk {purpose} tidak bisa dibuka. Masukkan lagi sandi toko itu.",
            en=f"The secret stored for {purpose} does not open. Enter the sign-in of that shop again.",
        )
    )
