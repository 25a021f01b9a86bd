"""Which format a file is: found by itself, from its headings and what stands below them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

from syncer.catalogue.importing import errors
from syncer.catalogue.importing.etsy import Etsy
from syncer.catalogue.importing.headings import heading, reason_columns, unread_headings
from syncer.catalogue.importing.loyverse import Loyverse
from syncer.catalogue.importing.reader import Columns, Reader
from syncer.catalogue.importing.shopee import Shopee
from syncer.catalogue.importing.shopify import Shopify
from syncer.catalogue.importing.table import MAX_ROWS, Row, Table, open_tables
from syncer.catalogue.importing.template import Template
from syncer.catalogue.importing.woocommerce import WooCommerce

READERS: tuple[type[Reader], ...] = (WooCommerce, Shopify, Etsy, Loyverse, Shopee, Template)
_SAMPLE = 12
_HEADINGS_WITHIN = 8


@dataclass(frozen=True, slots=True)
class Format:
    """A recognised file: who reads it, from which table, which columns, and where its data begins.

    ``unread`` are the headings, as they stand there, of columns that nobody looks at.
    """

    reader: type[Reader]
    table: Table
    columns: Columns
    headings_row: int
    first_data_row: int
    unread: tuple[str, ...] = ()

    @property
    def returned(self) -> bool:
        """Whether the file is one that went back with reasons, and came in again."""
        return bool(self.table.without)


def recognise(data: bytes, name: str = "", *, max_rows: int = MAX_ROWS) -> Format:
    """Return the format of a file; raises :class:`~.errors.ImportRefused` if it is none that we know.

    ``name`` is not looked at: files are often called anything.
    """
    best: tuple[int, Format] | None = None
    tables = open_tables(data, max_rows=max_rows)
    top: list[str] = []
    for whole in tables:
        table, rows = _without_reasons(whole)
        top = top or (rows[0].cells if rows else [])
        for index, row in enumerate(rows[:_HEADINGS_WITHIN]):
            found = _best(table, row, rows[index + 1 :])
            if found is not None and (best is None or found[0] > best[0]):
                best = found
    if best is None:
        if not top:
            raise errors.empty()
        raise errors.unknown_format(top)
    return best[1]


def _without_reasons(table: Table) -> tuple[Table, list[Row]]:
    """Return the table without the column of reasons that our returned file added, and its first rows."""
    rows = list(itertools.islice(table.rows(), _SAMPLE + _HEADINGS_WITHIN))
    ours = next((found for row in rows[:_HEADINGS_WITHIN] if (found := reason_columns(row.cells))), frozenset())
    if not ours:
        return table, rows
    bare = replace(table, without=ours)
    return bare, list(itertools.islice(bare.rows(), _SAMPLE + _HEADINGS_WITHIN))


def _best(table: Table, row: Row, below: Sequence[Row]) -> tuple[int, Format] | None:
    headings = [heading(cell) for cell in row.cells[:300]]
    best: tuple[int, Format] | None = None
    for reader in READERS:
        found = reader.recognise(headings, below[reader.rows_below :])
        if found is not None and (best is None or found[0] > best[0]):
            first = row.number + 1 + reader.rows_below
            unread = unread_headings(row.cells, found[1].read())
            best = found[0], Format(reader, table, found[1], row.number, first, unread)
    return best
