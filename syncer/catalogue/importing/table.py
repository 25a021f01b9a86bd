"""A file as rows of text: CSV in whatever encoding and with whatever separator, or a workbook's sheet.

Rows can be walked several times without being kept in memory. Row numbers count as a spreadsheet program shows
them, blank rows included.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from syncer.catalogue.importing import errors
from syncer.catalogue.untrusted import Child

MAX_ROWS = 50_000
MAX_COLUMNS = 200
MAX_CELL = 32_767
#: Bytes. A sheet is a ZIP; text of 50,000 rows with stories is larger than the page's 20 MB.
MAX_SHEET_BYTES = 20_000_000
MAX_TEXT_BYTES = 64_000_000
#: Rows above the data that a sheet may have (Shopee's has six).
MAX_HEAD_ROWS = 20

_DELIMITERS = ",;\t|"
_LARGEST_CELL = 1_000_000
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class Row(NamedTuple):
    """One row: its number from 1, and its cells as they stand in the file."""

    number: int
    cells: list[str]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of a file. ``kind`` is csv or xlsx; ``sheet`` the name of the workbook's page.

    ``without`` are columns (from 0) that are left out, as if they weren't in the file.
    """

    kind: str
    data: bytes
    encoding: str = "utf-8"
    delimiter: str = ","
    sheet: str = ""
    without: frozenset[int] = frozenset()

    def rows(self) -> Iterator[Row]:
        """Walk the rows that hold anything; raises :class:`~.errors.ImportRefused`."""
        csv.field_size_limit(_LARGEST_CELL)
        text = io.TextIOWrapper(io.BytesIO(self.data), encoding=self.encoding, errors="replace", newline="")
        reader = csv.reader(_without_marks(text), delimiter=self.delimiter)
        number = 0
        try:
            for number, every in enumerate(reader, start=1):
                cells = every if not self.without else self._kept(every)
                if any(cell and not cell.isspace() for cell in cells):
                    yield Row(number, cells)
        except csv.Error:
            raise errors.broken_quotes(number + 1) from None

    def _kept(self, cells: list[str]) -> list[str]:
        return [cell for index, cell in enumerate(cells) if index not in self.without]


def _without_marks(lines: Iterator[str]) -> Iterator[str]:
    """Drop byte-order marks wherever they hide near the top, and Excel's ``sep=;`` line (as a blank row)."""
    for number, line in enumerate(lines):
        if number >= MAX_HEAD_ROWS:
            yield line
            continue
        clean = line.replace("\ufeff", "")
        if number == 0 and re.fullmatch(r"sep=.\s*", clean, flags=re.IGNORECASE):
            clean = "\n"
        yield clean


def open_tables(data: bytes, *, max_rows: int = MAX_ROWS) -> list[Table]:
    """Return the file's tables: one for text, one a page for a workbook.

    Raises :class:`~.errors.ImportRefused`, or :class:`~syncer.catalogue.untrusted.FileRefused` for a workbook
    that can't be opened.
    """
    if not data.strip():
        raise errors.empty()
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        return _sheets(data, max_rows)
    if len(data) > MAX_TEXT_BYTES:
        raise errors.too_large(MAX_TEXT_BYTES // 1_000_000)
    encoding = _encoding(data)
    return [Table("csv", data, encoding, _delimiter(data, encoding))]


def _sheets(data: bytes, max_rows: int) -> list[Table]:
    if len(data) > MAX_SHEET_BYTES:
        raise errors.too_large(MAX_SHEET_BYTES // 1_000_000)
    with Child() as child:
        found = child.ask("sheet", data, max_rows=max_rows + MAX_HEAD_ROWS, max_columns=MAX_COLUMNS, max_cell=MAX_CELL)
    tables: list[Table] = []
    start = 0
    for page in found.facts["sheets"]:
        end = start + page["size"]
        tables.append(Table("xlsx", found.payload[start:end], sheet=str(page["name"])))
        start = end
    if not tables:
        raise errors.empty()
    return tables


def _encoding(data: bytes) -> str:
    for mark, name in _BOMS:
        if data.startswith(mark):
            return name
    head = data[:4096]
    if head.count(b"\x00") > len(head) // 4:
        # UTF-16 without a mark: the zero bytes of Latin letters stand on one side.
        return "utf-16-le" if head[1::2].count(0) > head[::2].count(0) else "utf-16-be"
    if head.count(b"\x00") > len(head) // 50:
        raise errors.no_text()
    return "utf-8" if _is_utf8(data) else "cp1252"


def _is_utf8(data: bytes) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    view = memoryview(data)
    try:
        for start in range(0, len(view), 2**20):
            decoder.decode(view[start : start + 2**20])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _delimiter(data: bytes, encoding: str) -> str:
    """Return the separator that the first row with anything uses most, outside quotation marks."""
    text = io.TextIOWrapper(io.BytesIO(data[:200_000]), encoding=encoding, errors="replace", newline="")
    for line in text:
        clean = line.replace("\ufeff", "")
        if told := re.match(r"sep=(.)\s*$", clean, flags=re.IGNORECASE):
            return told[1] if told[1] in _DELIMITERS else ","
        bare = re.sub(r'"[^"]*"', "", clean).strip("\r\n ")
        if not bare.strip():
            continue
        counts = {sign: bare.count(sign) for sign in _DELIMITERS}
        best = max(_DELIMITERS, key=lambda sign: counts[sign])
        if counts[best]:
            return best
    return ","
