"""Rows of one product together, wherever they stand in the file, without keeping the file in memory.

A first walk notes where each product's last row is; the second hands a product over as soon as that row has come.
Only products whose rows are apart wait in memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from syncer.catalogue.importing import errors
from syncer.catalogue.importing.draft import Draft
from syncer.catalogue.importing.reader import Cells, Reader
from syncer.catalogue.importing.recognise import Format
from syncer.catalogue.importing.table import MAX_ROWS


@dataclass(slots=True)
class Groups:
    """The products of one file. ``rows`` is how many data rows it has."""

    form: Format
    reader: Reader
    rows: int
    _last: dict[str, int]

    def drafts(self) -> Iterator[Draft]:
        """Walk the products in the order of their last rows."""
        waiting: dict[str, list[Cells]] = {}
        for cells in _data(self.form):
            key = self.reader.same(self.reader.key(cells))
            rows = waiting.setdefault(key, [])
            rows.append(cells)
            if self._last.get(key) == cells.number:
                yield self.reader.read(key, waiting.pop(key))


def group(form: Format, reader: Reader, *, max_rows: int = MAX_ROWS) -> Groups:
    """Walk the file once and return its products; raises :class:`~.errors.ImportRefused` for too many rows."""
    last: dict[str, int] = {}
    rows = 0
    for cells in _data(form):
        rows += 1
        if rows > max_rows:
            raise errors.too_many_rows(max_rows)
        last[reader.key(cells)] = cells.number
    merged: dict[str, int] = {}
    for key, number in last.items():
        same = reader.same(key)
        merged[same] = max(merged.get(same, 0), number)
    return Groups(form, reader, rows, merged)


def _data(form: Format) -> Iterator[Cells]:
    for row in form.table.rows():
        if row.number >= form.first_data_row:
            yield Cells(row, form.columns)
