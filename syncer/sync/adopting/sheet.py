"""The plan as a sheet: one row for each offer there. A person changes decisions, SKUs and counts, and gives it back."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from syncer.catalogue.importing.table import Row as SheetRow
from syncer.catalogue.importing.table import open_tables
from syncer.catalogue.importing.values import BadCell, cell, count, guarded
from syncer.catalogue.workbook import workbook
from syncer.domain.words import SyncerError, Words
from syncer.sync.adopting.match import Catalogue
from syncer.sync.adopting.plan import By, Decision, Plan, Row
from syncer.sync.adopting.propose import check, fill_counts

#: Headings of the sheet. Those of ``EDITABLE`` may be changed.
COLUMNS = (
    "key",
    "remote_id",
    "offer_remote_id",
    "title",
    "options",
    "status_there",
    "sku_there",
    "price_there",
    "product",
    "our_sku",
    "score",
    "matched_by",
    "decision",
    "count_there",
    "our_on_hand",
    "opening_count",
    "note",
)
EDITABLE = ("our_sku", "decision", "opening_count")
_WIDTHS = (14, 20, 20, 44, 26, 10, 18, 12, 26, 18, 8, 12, 10, 12, 12, 14, 60)
_MOST_BAD = 5
_DECISIONS = {
    "bind": Decision.BIND,
    "hubungkan": Decision.BIND,
    "import": Decision.IMPORT,
    "impor": Decision.IMPORT,
    "leave": Decision.LEAVE,
    "biarkan": Decision.LEAVE,
    "bound": Decision.BOUND,
    "": Decision.LEAVE,
}


class BadSheet(SyncerError):
    """The sheet that came back can't be used; the sentence says what to change in it."""


@dataclass(frozen=True, slots=True)
class _Said:
    """What one row of the sheet says. ``number`` is its row there."""

    number: int
    sku: str
    decision: Decision
    opening: int | None
    count_there: int | None
    ours: int | None


def sheet_csv(plan: Plan, language: str = "id") -> bytes:
    """Return the plan as CSV; cells can't run as formulas (security.md F6)."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerows(_cells(plan, language))
    return text.getvalue().encode("utf-8-sig")


def sheet_xlsx(plan: Plan, language: str = "id") -> bytes:
    """Return the plan as a workbook."""
    return workbook("Adopt", _cells(plan, language), headings=True, widths=_WIDTHS)


def _cells(plan: Plan, language: str) -> Iterator[Sequence[str | int | float]]:
    yield COLUMNS
    for row in plan.rows():
        found = row.to_json()
        said = [one.in_language(language) for one in (*row.conflicts, *row.notes)]
        found["note"] = " ".join(said)
        yield [_cell(found[name]) for name in COLUMNS]


def _cell(value: Any) -> str | int | float:
    if value is None:
        return ""
    if isinstance(value, str):
        return guarded(value)
    return value if isinstance(value, int) else float(value)


def take_sheet(connection: Connection, plan: Plan, catalogue: Catalogue, data: bytes) -> None:
    """Lay what a person wrote over ``plan``. Offers that the sheet doesn't name are left alone.

    Raises :class:`BadSheet` for a file that is no such sheet, or says what can't be; nothing is decided then.
    """
    said = _read(data)
    keys = {row.key for row in plan.rows()}
    if said and not keys & set(said):
        raise BadSheet(
            Words(
                "Lembar kerja ini bukan dari toko ini. Buat lagi dengan `syncer account adopt NAMA --out BERKAS`.",
                "This sheet is not of this shop. Make a new one with `syncer account adopt NAME --out FILE`.",
            )
        )
    bad: list[Words] = []
    other = {
        row.key
        for row in plan.rows()
        if row.decision is not Decision.BOUND and _lay(row, said.get(row.key), catalogue, bad)
    }
    if bad:
        shown = bad[:_MOST_BAD]
        raise BadSheet(Words(" ".join(one.id for one in shown), " ".join(one.en for one in shown)))
    check(connection, plan, catalogue)
    fill_counts(connection, plan)
    for row in plan.rows():
        _count(row, said.get(row.key), other=row.key in other)


def _lay(row: Row, one: _Said | None, catalogue: Catalogue, bad: list[Words]) -> bool:
    """Take one decision; return whether the person chose another SKU than we proposed."""
    row.conflicts, row.notes, row.opening = [], [], None
    if one is None:
        row.decision = Decision.LEAVE
        row.notes.append(Words("Baru di toko; tidak ada di lembar kerja.", "New in the shop; it is not in the sheet."))
        return False
    row.decision = one.decision if one.decision is not Decision.BOUND else Decision.LEAVE
    if row.decision is Decision.IMPORT:
        row.variant_id, row.sku, row.score, row.by = None, "", None, By.NOTHING
    if row.decision is not Decision.BIND:
        return False
    found, _by = catalogue.find_sku(one.sku) if one.sku else (None, By.NOTHING)
    if found is None:
        bad.append(
            Words(
                f'Baris {one.number}: SKU "{one.sku[:60]}" tidak ada di katalog. Isi our_sku, atau tulis leave.',
                f'Row {one.number}: there is no SKU "{one.sku[:60]}" in the catalogue. Fill our_sku, or write leave.',
            )
        )
        return False
    other = found.id != row.variant_id
    if other or row.by is By.TITLE:
        row.by, row.score = By.SHEET, 100.0
    row.variant_id, row.product_id, row.sku = found.id, found.product_id, found.sku
    row.handle = catalogue.products[found.product_id].handle
    return other


def _count(row: Row, one: _Said | None, *, other: bool) -> None:
    """Take the opening count, unless a number has moved since the sheet was written: then a person looks again.

    ``other``: the person chose another SKU, so what the sheet says of ours is not about it.
    """
    row.opening = None
    if one is None or one.opening is None or not row.may_open or row.decision is Decision.LEAVE:
        return
    if one.count_there is not None and one.count_there != row.offer.quantity:
        row.conflicts.append(
            Words(
                f"Jumlah di toko berubah dari {one.count_there} ke {row.offer.quantity}; hitungan awal tidak dipakai. "
                "Buat lembar kerja baru.",
                f"The number there moved from {one.count_there} to {row.offer.quantity}; the opening count is not "
                "taken. Make a new sheet.",
            )
        )
        return
    if not other and (one.ours or 0) != (row.ours or 0):
        row.conflicts.append(
            Words(
                f"Stok kita berubah dari {one.ours or 0} ke {row.ours or 0}; hitungan awal tidak dipakai. "
                "Buat lembar kerja baru.",
                f"Our stock moved from {one.ours or 0} to {row.ours or 0}; the opening count is not taken. "
                "Make a new sheet.",
            )
        )
        return
    row.opening = one.opening


# --- reading ----------------------------------------------------------------------------------------------------


def _read(data: bytes) -> dict[str, _Said]:
    for table in open_tables(data):
        rows = iter(table.rows())
        head = next(rows, None)
        names = [one.strip().casefold() for one in head.cells] if head else []
        if {"key", *EDITABLE} <= set(names):
            return _said(rows, {name: names.index(name) for name in COLUMNS if name in names})
    raise BadSheet(
        Words(
            "Berkas ini bukan lembar kerja adopsi: judul kolom key, our_sku, decision atau opening_count tidak ada.",
            "This file is no adoption sheet: a heading of key, our_sku, decision or opening_count is missing.",
        )
    )


def _said(rows: Iterator[SheetRow], columns: Mapping[str, int]) -> dict[str, _Said]:
    found: dict[str, _Said] = {}
    bad: list[Words] = []
    for row in rows:
        texts = {name: cell(row.cells[at]) if at < len(row.cells) else "" for name, at in columns.items()}
        key = texts["key"]
        if not key:
            continue
        try:
            one = _one(row.number, texts)
            if key in found:
                raise BadCell(Words(f"{key} ada dua kali.", f"{key} is there twice."))
        except SyncerError as error:
            bad.append(Words(f"Baris {row.number}: {error.words.id}", f"Row {row.number}: {error.words.en}"))
            continue
        found[key] = one
    if bad:
        shown = bad[:_MOST_BAD]
        raise BadSheet(Words(" ".join(one.id for one in shown), " ".join(one.en for one in shown)))
    return found


def _one(number: int, texts: Mapping[str, str]) -> _Said:
    decision = _DECISIONS.get(texts["decision"].casefold())
    if decision is None:
        raise BadCell(
            Words(
                f'Keputusan "{texts["decision"][:30]}" tidak dikenal. Tulis bind, import, atau leave.',
                f'The decision "{texts["decision"][:30]}" is unknown. Write bind, import or leave.',
            )
        )
    opening = _number(texts["opening_count"])
    if opening is not None and opening < 0:
        raise BadCell(Words("Hitungan awal tidak boleh di bawah 0.", "An opening count can't be below 0."))
    there, ours = _number(texts.get("count_there", "")), _number(texts.get("our_on_hand", ""))
    return _Said(number, texts["our_sku"], decision, opening, there, ours)


def _number(text: str) -> int | None:
    return count(text) if text else None
