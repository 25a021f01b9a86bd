"""Cells as people and shops write them: prices, counts, weights, sizes, yes and no, lists, HTML."""

from __future__ import annotations

import hashlib
import html
import re
import unicodedata
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from html.parser import HTMLParser

from syncer.domain.stock import STOCK_MAX
from syncer.domain.words import SyncerError, Words

_GUARDED = re.compile(r"'+\s*[=+\-@\t\r\n\x00＝＋－＠]")
_FORMULA = re.compile(r"'*\s*[=+\-@\t\r\n\x00＝＋－＠]")
_NUMBER = re.compile(r"-?[0-9]{1,15}(?:[.,][0-9]{1,15})*")
_PLAIN = re.compile(r"-?[0-9]{1,15}(?:[.,][0-9]{1,15})?")
_YES = frozenset("true yes y ya 1 ja oui si sim да benar on aktif".split())
_NO = frozenset("false no n tidak 0 nein non nao нет salah off".split())

#: Grams and millimetres for what stands in a heading's brackets.
GRAMS = {
    "g": Decimal(1), "gr": Decimal(1), "gram": Decimal(1), "grams": Decimal(1), "г": Decimal(1),
    "kg": Decimal(1000), "кг": Decimal(1000), "lb": Decimal("453.59237"), "lbs": Decimal("453.59237"),
    "oz": Decimal("28.349523125"), "pound": Decimal("453.59237"), "mg": Decimal("0.001"),
}  # fmt: skip
MILLIMETRES = {
    "mm": Decimal(1), "мм": Decimal(1), "cm": Decimal(10), "см": Decimal(10), "m": Decimal(1000), "м": Decimal(1000),
    "in": Decimal("25.4"), "inch": Decimal("25.4"), "дюйм": Decimal("25.4"), "yd": Decimal("914.4"),
}  # fmt: skip


class BadCell(SyncerError):
    """A cell that can't be read."""


def _bad(indonesian: str, english: str) -> BadCell:
    return BadCell(Words(indonesian, english))


def cell(text: str) -> str:
    """Return a cell's text without the spaces around it and without the guard against formulas."""
    value = text.strip()
    return value[1:].lstrip() if _GUARDED.match(value) else value


def guarded(text: str) -> str:
    """Return ``text`` so that no spreadsheet program runs it: an apostrophe before what looks like a formula."""
    if _FORMULA.match(text) and not _PLAIN.fullmatch(text):
        return "'" + text
    return text


_STOCK = Words("Stok", "The stock")


def count(text: str, *, three_decimals: bool = False, what: Words = _STOCK) -> int:
    """Read a number of pieces: ``12``, ``5.000`` (three decimals, if the shop writes them), ``1.000``, ``-1``.

    ``what`` is how a person calls it.
    Raises :class:`BadCell` for parts of a piece and for anything outside -1,000,000 to 1,000,000.
    """
    value = text.replace("\u00a0", "").replace(" ", "")
    if not _NUMBER.fullmatch(value):
        raise _bad(
            f'{what.id} "{text[:20]}" bukan angka. Tulis jumlah buah, misalnya 5.',
            f'{what.en} "{text[:20]}" is no number. Write the pieces, such as 5.',
        )
    groups = re.fullmatch(r"-?[0-9]{1,3}(?:([.,])[0-9]{3})(?:\1[0-9]{3})*", value)
    if groups and not three_decimals:
        value = re.sub(r"[.,]", "", value)
    number = Decimal(value.replace(",", ".")) if value.count(".") + value.count(",") <= 1 else None
    if number is None or number != number.to_integral_value():
        raise _bad(
            f'{what.id} "{text[:20]}" bukan jumlah buah yang utuh. Jual per buah, bukan per berat, dan tulis angka '
            "bulat.",
            f'{what.en} "{text[:20]}" is no whole number of pieces. Sell by piece, not by weight, and write a whole '
            "number.",
        )
    if abs(number) > STOCK_MAX:
        raise _bad(
            f'{what.id} "{text[:20]}" terlalu besar. Paling banyak 1.000.000.',
            f'{what.en} "{text[:20]}" is too large. At most 1,000,000.',
        )
    return int(number)


def measure(text: str, unit: Decimal, *, what: Words) -> int | None:
    """Read a weight or size in ``unit`` and return whole grams or millimetres; None for an empty cell or 0.

    A point or comma is the decimal sign, as scales and rulers have it. Raises :class:`BadCell`.
    """
    value = text.replace("\u00a0", "").replace(" ", "")
    if not value:
        return None
    if value.startswith((".", ",")):
        value = "0" + value
    if re.fullmatch(r"[0-9]{1,3}(,[0-9]{3})+\.[0-9]+", value):
        value = value.replace(",", "")
    elif re.fullmatch(r"[0-9]{1,3}(\.[0-9]{3})+,[0-9]+", value):
        value = value.replace(".", "")
    if not _PLAIN.fullmatch(value) or value.startswith("-"):
        raise _bad(
            f'{what.id} "{text[:20]}" tidak bisa dibaca. Tulis angka saja.',
            f'The {what.en} "{text[:20]}" can\'t be read. Write a number only.',
        )
    amount = Decimal(value.replace(",", ".")) * unit
    if amount == 0:
        return None
    return max(int(amount.quantize(Decimal(1), rounding=ROUND_HALF_UP)), 1)


def days(text: str) -> int | None:
    """Read a number of days; None for an empty cell. Raises :class:`BadCell`."""
    if not text:
        return None
    text = re.sub(r"\s*(?:hari|days?)$", "", text[:40], flags=re.IGNORECASE)
    if not re.fullmatch(r"[0-9]{1,4}(?:[.,]0+)?", text):
        raise _bad(
            f'Lama pembuatan "{text[:20]}" tidak bisa dibaca. Tulis jumlah hari, misalnya 7.',
            f'The days until ready "{text[:20]}" can\'t be read. Write a number of days, such as 7.',
        )
    return int(re.split(r"[.,]", text)[0])


def flag(text: str) -> bool | None:
    """Read a yes or no in the usual languages; None for anything else."""
    word = text.strip().casefold()
    if word in _YES:
        return True
    return False if word in _NO else None


def parts(text: str, separator: str = ";", *, raw: bool = False, keep_empty: bool = False) -> list[str]:
    """Split a list at ``separator``; a backslash before a sign keeps it from splitting.

    ``raw`` leaves the backslashes in, to split the parts again. Empty parts are dropped unless ``keep_empty``.
    """
    found: list[str] = []
    current: list[str] = []
    signs = iter(text)
    for sign in signs:
        if sign == "\\":
            following = next(signs, "\\")
            current.append(f"\\{following}" if raw else following)
        elif sign == separator:
            found.append("".join(current).strip())
            current = []
        else:
            current.append(sign)
    found.append("".join(current).strip())
    return found if keep_empty else [part for part in found if part]


def escaped(value: str, separators: str) -> str:
    """Return ``value`` with a backslash before each of ``separators`` and before backslashes."""
    return re.sub(f"([{re.escape(separators)}\\\\])", r"\\\1", value)


def addresses(text: str) -> list[str]:
    """Split a cell with picture addresses: by line, by ``;``, or by a comma before the next address."""
    found = re.split(r"[\n;]+|,\s*(?=https?://)|\s+(?=https?://)", text)
    return list(dict.fromkeys(part.strip().strip(",").strip() for part in found if part.strip().strip(",")))


# --- names made by us -------------------------------------------------------------------------------------------


def slug(text: str, most: int = 80) -> str:
    """Return ``text`` as small Latin letters, digits and hyphens; "" if nothing of it is Latin."""
    ascii_only = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", ascii_only).strip("-")[:most].strip("-")


def digest(*values: str) -> str:
    """Return eight hex digits that stand for ``values``."""
    return hashlib.sha256("\x1f".join(values).casefold().encode("utf-8", "replace")).hexdigest()[:8]


def made_handle(*values: str) -> str:
    """Return a product code from a title (and what tells it apart), the same for the same values."""
    text = " ".join(value for value in values if value)
    found = slug(text, 100)
    return found if found and text.isascii() and len(text) <= 100 else f"{found or 'produk'}-{digest(*values)}"


def tidy_handle(text: str) -> str:
    """Return a foreign product code as one of ours: unchanged if it can be, else made from it."""
    if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,118}", text):
        return text
    return f"{slug(text, 100) or 'produk'}-{digest(text)}"


def made_sku(handle: str, option_values: Sequence[str]) -> str:
    """Return a SKU for a row without one: from the product code and the options, the same on each import."""
    base = slug("-".join([handle, *option_values]), 41) or "produk"
    return f"{base}-{digest(handle, *option_values)}"


# --- HTML -------------------------------------------------------------------------------------------------------

_BLOCKS = frozenset("p div br li ul ol h1 h2 h3 h4 h5 h6 table tr section article blockquote hr".split())
_SILENT = frozenset(("script", "style", "head", "title", "template", "noscript"))


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._pieces: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self._silent += 1
        elif tag in _BLOCKS:
            self._pieces.append("\n• " if tag == "li" else "\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(self._silent - 1, 0)
        elif tag in _BLOCKS and tag not in ("br", "li"):
            self._pieces.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._pieces.append(re.sub(r"\s+", " ", data))

    def text(self) -> str:
        return "".join(self._pieces)


def plain_text(text: str) -> str:
    """Return what a reader sees of HTML, with line breaks where blocks end; plain text stays as it is."""
    if not re.search(r"<[a-zA-Z/!]|&[a-zA-Z#]", text):
        return text.strip()
    if not re.search(r"<[a-zA-Z/!]", text):
        return html.unescape(text).strip()
    # Shops wrap plain lines in HTML: a break in the source counts if no block element does the job.
    source = text if re.search(r"<(?:p|br|div|li|h[1-6])\b", text, re.IGNORECASE) else text.replace("\n", "<br>")
    parser = _Text()
    parser.feed(source)
    parser.close()
    lines = [re.sub(r"[^\S\n]+", " ", line).strip() for line in parser.text().split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
