"""Headings in whatever language: normalised, with the unit or shop name that stands in their brackets."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from syncer.domain.words import Words

#: Heading of the column that a returned file gets; such a column is never read.
REASON = Words("Alasan tidak diimpor", "Reason not imported")

_BRACKETS = re.compile(r"[(\[]([^)\]]{0,60})[)\]]")
_NOT_WORD = re.compile(r"[^\w]+")


class Heading(NamedTuple):
    """One heading: its words in plain small letters, what stood in brackets (``kg``, a shop's name), and whether
    it asks: in Spanish only the question marks tell "in stock?" from "stock".
    """

    words: str
    bracket: str
    asks: bool


def heading(text: str) -> Heading:
    """Return the normalised heading of a cell: no accents, no punctuation, case ignored."""
    bare = text.strip()[:200]
    found = _BRACKETS.search(bare)
    bracket = found[1].strip().casefold() if found else ""
    return Heading(plain(_BRACKETS.sub(" ", bare)), bracket, "?" in bare)


def reason_columns(cells: Sequence[str]) -> frozenset[int]:
    """Return the columns (from 0) of a heading row that a returned file of ours added."""
    ours = {heading(REASON.id), heading(REASON.en)}
    return frozenset(index for index, cell in enumerate(cells) if heading(cell) in ours)


def plain(text: str) -> str:
    """Return ``text`` in small letters without accents, words separated by one space."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    letters = "".join(sign for sign in decomposed if not unicodedata.combining(sign))
    return _NOT_WORD.sub(" ", letters.replace("_", " ")).strip()


def find_columns(headings: Sequence[Heading], names: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Return the first column of each field of ``names`` (field to its headings in all languages)."""
    where: dict[str, int] = {}
    known = [(heading(name), field) for field, many in names.items() for name in many]
    exactly = {(head.words, head.asks): field for head, field in known}
    nearly = {head.words: field for head, field in reversed(known)}
    for index, head in enumerate(headings):
        field = exactly.get((head.words, head.asks)) or nearly.get(head.words)
        if field is not None:
            where.setdefault(field, index)
    return where


def numbered_columns(headings: Sequence[Heading], names: Mapping[str, Sequence[str]]) -> dict[str, dict[int, int]]:
    """Return columns that come numbered: field to number to column. ``#`` stands for the number in ``names``."""
    by_words = {heading(name.replace("#", "7")).words: field for field, known in names.items() for name in known}
    where: dict[str, dict[int, int]] = {}
    for index, head in enumerate(headings):
        digits = re.findall(r"\d+", head.words)
        if len(digits) != 1 or len(digits[0]) > 3:
            continue
        field = by_words.get(head.words.replace(digits[0], "7"))
        if field is not None:
            where.setdefault(field, {}).setdefault(int(digits[0]), index)
    return where


def unread_headings(cells: Sequence[str], read: Collection[int]) -> tuple[str, ...]:
    """Return what stands over the columns that are not in ``read``, so that nothing is left out in silence."""
    return tuple(
        " ".join("".join(sign if sign.isprintable() else " " for sign in cell[:300]).split())[:60]
        for index, cell in enumerate(cells)
        if index not in read and cell.strip()
    )
