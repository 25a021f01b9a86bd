"""Photos: normalised in a child process, kept by content as ``media/<sha256>.jpg`` in the home folder.

What is kept is made from the pixels alone: turned upright, RGB, at most 2,000 pixels long, no EXIF, no comments,
nothing appended. The original bytes are never stored (security.md F3).
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import os
import re
import secrets
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from sqlalchemy import Connection

from syncer.catalogue.untrusted import Child, FileRefused
from syncer.domain.words import SyncerError, Words
from syncer.store.tables import media
from syncer.store.upsert import insert_or_keep

LONGEST_PX = 2000
MAX_PHOTO_BYTES = 15_000_000
_SHA256 = re.compile(r"[0-9a-f]{64}")


class PhotoTooLarge(SyncerError):
    """A photo above the limit in bytes."""


class MediaInfo(NamedTuple):
    """A stored picture. Sizes in pixels and bytes."""

    sha256: str
    mime: str
    width: int
    height: int
    size_bytes: int


class PhotoStore:
    """Stores a batch of photos with one child: ``with PhotoStore(home) as store: store.add(data)``."""

    def __init__(self, home: Path, *, max_bytes: int = MAX_PHOTO_BYTES, child: Child | None = None) -> None:
        self._home = home
        self._max_bytes = max_bytes
        self._child = child or Child()

    def __enter__(self) -> PhotoStore:
        self._child.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._child.__exit__(kind, error, trace)

    def add(self, data: bytes) -> MediaInfo:
        """Normalise and store one photo.

        Raises :class:`~syncer.catalogue.untrusted.FileRefused` or :class:`PhotoTooLarge`, in plain words.
        """
        if len(data) > self._max_bytes:
            raise too_large(self._max_bytes)
        if not data:
            raise FileRefused("no_picture")
        found = self._child.ask("picture", data, longest=LONGEST_PX)
        sha256 = hashlib.sha256(found.payload).hexdigest()
        write_private(media_path(self._home, sha256), found.payload)
        return MediaInfo(sha256, "image/jpeg", found.facts["width"], found.facts["height"], len(found.payload))


def media_path(home: Path, sha256: str) -> Path:
    """Return where the picture with this content is kept; raises ValueError for anything but a SHA-256 in hex."""
    if not _SHA256.fullmatch(sha256):
        raise ValueError("not a SHA-256")
    return home / "media" / f"{sha256}.jpg"


def record_media(connection: Connection, infos: Sequence[MediaInfo], now: dt.datetime) -> None:
    """Note stored pictures in the database, in the caller's write transaction; known ones are left alone."""
    if infos:
        rows = [{**info._asdict(), "created_at": now} for info in infos]
        connection.execute(insert_or_keep(connection, media, ["sha256"]), rows)


def write_private(path: Path, data: bytes, *, replace: Callable[[Path, Path], None] = os.replace) -> None:
    """Write a file so that it is there whole or not at all, readable by its owner only."""
    if path.exists():
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        replace(part, path)
    except OSError:
        with contextlib.suppress(OSError):
            part.unlink()
        raise


def too_large(max_bytes: int) -> PhotoTooLarge:
    """Return the error for a picture above ``max_bytes``."""
    return PhotoTooLarge(
        Words(
            f"Foto ini lebih besar dari {max_bytes // 1_000_000} MB. Perkecil dulu, lalu kirim lagi.",
            f"This picture is larger than {max_bytes // 1_000_000} MB. Make it smaller, then send it again.",
        )
    )
