"""Workbooks out: every text is text, whatever it looks like (security.md F6)."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Sequence

#: What XML 1.0, and with it a workbook, can't hold.
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_NAME = re.compile(r"[\[\]:*?/\\']")
_MOST = 32_767


def workbook(
    sheet: str, rows: Iterable[Sequence[str | int | float]], *, headings: bool = False, widths: Sequence[int] = ()
) -> bytes:
    """Return an XLSX with one sheet. Strings are written as strings, numbers as numbers; no formula, no link."""
    import xlsxwriter

    out = io.BytesIO()
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    book = xlsxwriter.Workbook(out, options)
    page = book.add_worksheet(_NAME.sub(" ", sheet)[:31].strip() or "Data")
    bold = book.add_format({"bold": True})
    for number, width in enumerate(widths):
        page.set_column(number, number, width)
    if headings:
        page.freeze_panes(1, 0)
    for number, row in enumerate(rows):
        for column, value in enumerate(row):
            look = bold if headings and number == 0 else None
            if isinstance(value, str):
                if value:
                    page.write_string(number, column, _NO_XML.sub("", value)[:_MOST], look)
            else:
                page.write_number(number, column, value, look)
    book.close()
    return out.getvalue()
