"""The file that goes back: the rows that were not taken, as they came in, with the reason in a last column."""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Iterator, Mapping
from pathlib import PurePath

from syncer.catalogue.importing.headings import REASON
from syncer.catalogue.importing.recognise import Format
from syncer.catalogue.importing.values import guarded


def returned_file(form: Format, reasons: Mapping[int, str], *, language: str = "id") -> bytes:
    """Return the failed rows of ``form`` (row number to reason), with all rows above the data, as CSV or XLSX.

    Mended, it can be imported as it is. No cell of it can run as a formula (security.md F6).
    """
    rows = _rows(form, reasons, REASON.in_language(language))
    return _workbook(rows, form.table.sheet) if form.table.kind == "xlsx" else _text(rows, form.table.delimiter)


def returned_name(name: str, form: Format) -> str:
    """Return the file's name: the one that came in, marked."""
    stem = PurePath(name).stem or "impor"
    return f"{stem}-gagal.{'xlsx' if form.table.kind == 'xlsx' else 'csv'}"


def _rows(form: Format, reasons: Mapping[int, str], title: str) -> Iterator[list[str]]:
    head = itertools.takewhile(lambda row: row.number < form.first_data_row, form.table.rows())
    # One width for all rows, so that each reason stands below its heading.
    width = max((len(row.cells) for row in head), default=0)
    number = 0
    for row in form.table.rows():
        if row.number < form.first_data_row:
            while number + 1 < row.number:
                number += 1
                yield []
            number = row.number
            cells = [cell.replace("\ufeff", "").strip("\t\r\n ") for cell in row.cells]
            yield [*cells, *[""] * (width - len(cells)), title] if row.number == form.headings_row else cells
        elif (reason := reasons.get(row.number)) is not None:
            while number + 1 < form.first_data_row:
                number += 1
                yield []
            yield [*row.cells[:width], *[""] * (width - len(row.cells)), reason]


def _text(rows: Iterator[list[str]], delimiter: str) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\r\n")
    for row in rows:
        writer.writerow([guarded(cell) for cell in row])
    # With a mark, because spreadsheet programs take a CSV without one for the system's old encoding.
    return text.getvalue().encode("utf-8-sig", "replace")


def _workbook(rows: Iterator[list[str]], sheet: str) -> bytes:
    from syncer.catalogue.workbook import workbook

    return workbook(sheet or "Data", rows)
