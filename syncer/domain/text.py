"""Text from outside, made safe to keep: one cleaning for every door, and the grammar of SKUs."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from syncer.domain.words import SyncerError, Words

#: Bidirectional controls and zero-width signs that can hide or reorder text (security.md C2).
_HIDDEN = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069\u200b\u2060\ufeff]")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_SPACES = re.compile(r"[^\S\n]+")
_BROKEN = re.compile("[\x00\ud800-\udfff]")
_JOINER_ALONE = re.compile(
    "(?<![\U0001f000-\U0001faff\u2600-\u27bf\ufe0f])\u200d|\u200d(?![\U0001f000-\U0001faff\u2600-\u27bf])"
)

#: What every channel allows in a SKU: 1 to 50 of these signs, starting with a letter or digit.
SKU_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/+-]{0,49}")
SKU_MAX_LENGTH = 50
SEARCH_MAX_LENGTH = 200
#: The longest id of a channel, in characters (security.md H6).
ID_MAX_LENGTH = 120


class BadText(SyncerError):
    """Text that can't be kept: a NUL sign, a lone surrogate, or longer than allowed."""


class BadSku(SyncerError):
    """A SKU outside the grammar that all channels accept."""


def storable(value: Any) -> Any:
    """Return a JSON value without what no database takes: NUL, lone surrogates, numbers that are none.

    For what a platform said and that must be compared as it stands; what people type goes through
    :func:`clean_text`. A value that is fine is returned as it is.
    """
    return value if _is_storable(value) else _without_broken(value)


def _is_storable(value: Any) -> bool:
    if isinstance(value, str):
        return not _BROKEN.search(value)
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, Mapping):
        return all(_is_storable(name) and _is_storable(item) for name, item in value.items())
    return not isinstance(value, (list, tuple)) or all(map(_is_storable, value))


def _without_broken(value: Any) -> Any:
    if isinstance(value, str):
        return _BROKEN.sub("", value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {_without_broken(name): _without_broken(item) for name, item in value.items()}
    return [_without_broken(item) for item in value] if isinstance(value, (list, tuple)) else value


def checked_id(value: str) -> str:
    """Return an id of a channel as it can be stored; raise ValueError for one that is too long to be one."""
    found = str(storable(value))
    if len(found) > ID_MAX_LENGTH:
        raise ValueError("an id of the channel is too long")
    return found


def search_text(value: str) -> str:
    """Return what somebody searches for, cut to a length that every database takes."""
    found = str(storable(value))
    return found[:SEARCH_MAX_LENGTH]


def clean_text(value: str, *, max_length: int, multiline: bool = False) -> str:
    """Return ``value`` normalised (NFC), without control, bidi and zero-width signs, spaces collapsed.

    ``max_length`` counts characters after cleaning. Line breaks survive only if ``multiline``.
    Raises :class:`BadText` for NUL, lone surrogates and text that is too long.
    """
    if "\x00" in value or any(0xD800 <= ord(sign) <= 0xDFFF for sign in value):
        raise BadText(
            Words(
                "Teks berisi tanda yang rusak. Ketik ulang teks itu.",
                "The text holds a broken character. Please type it again.",
            )
        )
    text = unicodedata.normalize("NFC", value.replace("\r\n", "\n").replace("\r", "\n"))
    text = _JOINER_ALONE.sub("", _HIDDEN.sub("", _CONTROL.sub("", text.replace("\t", " "))))
    if not multiline:
        text = text.replace("\n", " ")
    text = _SPACES.sub(" ", text)
    text = "\n".join(line.strip() for line in text.split("\n")).strip()
    if len(text) > max_length:
        raise BadText(
            Words(
                f"Teks terlalu panjang: {len(text)} huruf, paling banyak {max_length}. Pendekkan teks itu.",
                f"The text is too long: {len(text)} characters, at most {max_length}. Please shorten it.",
            )
        )
    return text


def check_sku(value: str) -> str:
    """Return ``value`` if it is a SKU that all channels accept; raise :class:`BadSku` with advice otherwise."""
    sku = value.strip()
    if not SKU_PATTERN.fullmatch(sku):
        shown = clean_text(sku.replace("\x00", "")[:60], max_length=80) if sku.isprintable() else "?"
        raise BadSku(
            Words(
                f'SKU "{shown}" tidak bisa dipakai. Pakai 1 sampai {SKU_MAX_LENGTH} huruf, angka, atau tanda . _ / + - '
                "dan mulai dengan huruf atau angka.",
                f'The SKU "{shown}" can\'t be used. Use 1 to {SKU_MAX_LENGTH} letters, digits or . _ / + - '
                "and start with a letter or a digit.",
            )
        )
    return sku
