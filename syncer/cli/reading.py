"""Read what people type: numbers, dates, names. ASCII digits only, within the house's bounds (security.md C3)."""

from __future__ import annotations

import datetime as dt
import re
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

from syncer.cli.kit import UsageProblem
from syncer.domain.words import SyncerError, Words

_WHOLE = re.compile(r"[0-9]{1,7}")
_DECIMAL = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,12})?")


def whole(text: str, what: Words, *, most: int = 1_000_000) -> int:
    """Return a whole number from 0 to ``most``."""
    if _WHOLE.fullmatch(text.strip()) and int(text) <= most:
        return int(text)
    shown = text.strip()[:30]
    raise _refused(
        f'{what.id} "{shown}" tidak bisa dibaca. Tulis angka bulat dari 0 sampai {most}.',
        f'{what.en} "{shown}" can\'t be read. Write a whole number from 0 to {most}.',
    )


def decimal(text: str, what: Words) -> Decimal:
    """Return a number with an optional decimal point, such as ``12.5`` or ``-3``."""
    if _DECIMAL.fullmatch(text.strip()):
        return Decimal(text.strip())
    shown = text.strip()[:30]
    raise _refused(
        f'{what.id} "{shown}" tidak bisa dibaca. Tulis angka, misalnya 12.5.',
        f'{what.en} "{shown}" can\'t be read. Write a number, such as 12.5.',
    )


def day(text: str) -> dt.date:
    """Return a date written as 2026-01-31."""
    try:
        return dt.date.fromisoformat(text.strip())
    except ValueError:
        raise _refused(
            f'Tanggal "{text[:20]}" tidak bisa dibaca. Tulis seperti 2026-01-31.',
            f'The date "{text[:20]}" can\'t be read. Write it like 2026-01-31.',
        ) from None


def check_folder(file: Path) -> None:
    """Refuse a file to write whose folder isn't there, by the folder's name."""
    folder = file.parent
    if folder.is_dir():
        return
    raise SyncerError(
        Words(
            f"Folder {folder} tidak ada. Buat foldernya dulu, atau pilih folder lain.",
            f"The folder {folder} does not exist. Make it first, or choose another one.",
        )
    )


def pair(text: str, example: str) -> tuple[str, str]:
    """Return both halves of ``name=value``."""
    name, found, value = text.partition("=")
    if found and name.strip():
        return name.strip(), value.strip()
    raise _refused(
        f'"{text[:40]}" tidak bisa dibaca. Tulis seperti {example}.',
        f'"{text[:40]}" can\'t be read. Write it like {example}.',
    )


def json_object(source: str, what: Words) -> dict[str, Any]:
    """Return the JSON object in the file ``source``; ``-`` is standard input, whose first line may hold it."""
    import json

    if source == "-":
        text = sys.stdin.readline()
        try:
            value = json.loads(text)
        except ValueError:
            text += sys.stdin.read()
            value = _parse(text, what)
    else:
        value = _parse(_text(Path(source), what), what)
    if not isinstance(value, dict):
        raise _no_object(what)
    return value


def _parse(text: str, what: Words) -> Any:
    import json

    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise _no_object(what) from None


def _text(path: Path, what: Words) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise _no_object(what) from None


def _no_object(what: Words) -> UsageProblem:
    # What was read is not repeated: it may hold secrets.
    return _refused(
        f'{what.id} bukan objek JSON. Contohnya: {{"nama": "nilai"}}.',
        f'{what.en} is no JSON object. For example: {{"name": "value"}}.',
    )


def _refused(indonesian: str, english: str) -> UsageProblem:
    return UsageProblem(Words(indonesian, english))
