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
from syncer.catalogue.importing.values import cell, count, guarded
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
_MOST_BAD = 20
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


class _Bad:
    """What is wrong in a sheet, row by row: all of it is said at once."""

    def __init__(self) -> None:
        self._rows: list[tuple[int, Words]] = []

    def add(self, number: int, words: Words) -> None:
        """Note what is wrong in the row ``number``."""
        self._rows.append((number, words))

    def __contains__(self, number: int) -> bool:
        """Whether something is wrong in the row ``number`` already."""
        return any(number == row for row, _ in self._rows)

    def refuse(self) -> None:
        """Raise BadSheet if anything is wrong."""
        if not self._rows:
            return
        rows = sorted(self._rows, key=lambda each: each[0])
        shown, more = rows[:_MOST_BAD], len(rows) - _MOST_BAD
        indonesian = [f"Baris {number}: {words.id}" for number, words in shown]
        english = [f"Row {number}: {words.en}" for number, words in shown]
        if more > 0:
            indonesian.append(f"… dan {more} baris lagi.")
            english.append(f"… and {more} more.")
        raise BadSheet(
            Words(
                f"Belum ada yang diikat. {' '.join(indonesian)}",
                f"Nothing was bound. {' '.join(english)}",
            )
        )


@dataclass(frozen=True, slots=True)
class _Said:
    """What one row of the sheet says. ``number`` is its row there; ``proposed``: its SKU was proposed by us."""

    number: int
    sku: str
    proposed: bool
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
    bad = _Bad()
    said = _read(data, bad)
    rows = {row.key: row for row in plan.rows()}
    if said and not rows.keys() & said.keys():
        raise BadSheet(
            Words(
                "Lembar kerja ini bukan dari toko ini. Buat lagi dengan `syncer account adopt NAMA --out BERKAS`.",
                "This sheet is not of this shop. Make a new one with `syncer account adopt NAME --out FILE`.",
            )
        )
    for key in said.keys() - rows.keys():
        bad.add(said[key].number, _no_such_key(key))
    other: set[str] = set()
    for key, row in rows.items():
        if row.decision is Decision.BOUND:
            _check_bound(row, said.get(key), bad)
        elif _lay(row, said.get(key), catalogue, bad):
            other.add(key)
    bad.refuse()
    check(connection, plan, catalogue)
    fill_counts(connection, plan)
    for row in plan.rows():
        _count(row, said.get(row.key), other=row.key in other)


def _no_such_key(key: str) -> Words:
    return Words(
        f'Kunci (key) "{key[:30]}" tidak ada di toko ini, atau produknya sudah tidak ada. Hapus baris ini, atau buat '
        "lembar kerja baru.",
        f'The key "{key[:30]}" is not in this shop, or its listing is gone. Delete this row, or make a new sheet.',
    )


def _check_bound(row: Row, one: _Said | None, bad: _Bad) -> None:
    """What is bound stays as it is: an edit that says otherwise is refused, not passed over."""
    row.conflicts, row.notes = [], []
    if one is None or one.number in bad:
        return
    cleared = not one.sku and one.decision in (Decision.BOUND, Decision.BIND) and row.sku
    if (one.sku and one.sku != row.sku) or cleared:
        bad.add(
            one.number,
            Words(
                f"sudah terikat ke SKU {row.sku or '?'}, dan our_sku tidak bisa diganti di sini. Tulis kembali SKU "
                "itu; untuk mengganti nama SKU: `syncer products rename`.",
                f"it is bound to the SKU {row.sku or '?'} already, and our_sku can't be changed here. Write that SKU "
                "again; to rename a SKU: `syncer products rename`.",
            ),
        )
    if one.decision is Decision.LEAVE:
        bad.add(
            one.number,
            Words(
                "sudah terikat; leave tidak melepasnya. Tulis bound.",
                "it is bound already; leave doesn't undo that. Write bound.",
            ),
        )
    if one.opening is not None and not row.may_open and not row.opened_here:
        bad.add(
            one.number,
            Words(
                "akun ini sudah mengirim, jadi opening_count tidak dipakai lagi. Kosongkan, lalu "
                f"`syncer stock set {row.sku} {one.opening}`.",
                "this account sends already, so opening_count is not taken any more. Leave it empty, then "
                f"`syncer stock set {row.sku} {one.opening}`.",
            ),
        )


def _lay(row: Row, one: _Said | None, catalogue: Catalogue, bad: _Bad) -> bool:
    """Take one decision; return whether the person chose another SKU than we proposed."""
    row.conflicts, row.notes, row.opening = [], [], None
    if one is None:
        row.decision = Decision.LEAVE
        row.notes.append(Words("Baru di toko; tidak ada di lembar kerja.", "New in the shop; it is not in the sheet."))
        return False
    if one.number in bad:
        return False
    proposed, row.decision = row.sku, one.decision
    if row.decision is Decision.BOUND:
        bad.add(
            one.number,
            Words(
                "belum terikat. Tulis bind, import, atau leave.", "it is not bound yet. Write bind, import or leave."
            ),
        )
        return False
    if row.decision is Decision.IMPORT:
        row.variant_id, row.sku, row.score, row.by = None, "", None, By.NOTHING
    if row.decision is not Decision.BIND:
        if one.sku and (not one.proposed or (proposed and one.sku != proposed)):
            bad.add(
                one.number,
                Words(
                    f'our_sku "{one.sku[:60]}" hanya dipakai dengan bind. Tulis bind, atau kosongkan our_sku.',
                    f'our_sku "{one.sku[:60]}" counts with the decision bind only. Write bind, or empty our_sku.',
                ),
            )
        return False
    found, _by = catalogue.find_sku(one.sku) if one.sku else (None, By.NOTHING)
    if found is None:
        bad.add(
            one.number,
            Words(
                f'SKU "{one.sku[:60]}" tidak ada di katalog. Isi our_sku, atau tulis leave.',
                f'there is no SKU "{one.sku[:60]}" in the catalogue. Fill our_sku, or write leave.',
            ),
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
    if one is None or one.opening is None:
        return
    if row.decision is Decision.LEAVE or not row.may_open:
        if row.decision is Decision.LEAVE or one.opening != row.ours:
            row.notes.append(_not_taken(row, one.opening))
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


def _not_taken(row: Row, opening: int) -> Words:
    if row.decision is Decision.LEAVE:
        return Words(
            f"Hitungan awal {opening} tidak dipakai, karena baris ini dibiarkan.",
            f"The opening count {opening} is not taken, since this row is left alone.",
        )
    return Words(
        f"{row.sku} sudah punya hitungan awal; {opening} tidak dipakai. Ubah dengan `syncer stock set`.",
        f"{row.sku} has its opening count already; {opening} is not taken. Change it with `syncer stock set`.",
    )


# --- reading ----------------------------------------------------------------------------------------------------


def _read(data: bytes, bad: _Bad) -> dict[str, _Said]:
    for table in open_tables(data):
        rows = iter(table.rows())
        head = next(rows, None)
        names = [one.strip().casefold() for one in head.cells] if head else []
        if {"key", *EDITABLE} <= set(names):
            return _said(rows, {name: names.index(name) for name in COLUMNS if name in names}, bad)
    raise BadSheet(
        Words(
            "Berkas ini bukan lembar kerja adopsi: judul kolom key, our_sku, decision atau opening_count tidak ada.",
            "This file is no adoption sheet: a heading of key, our_sku, decision or opening_count is missing.",
        )
    )


def _said(rows: Iterator[SheetRow], columns: Mapping[str, int], bad: _Bad) -> dict[str, _Said]:
    found: dict[str, _Said] = {}
    for row in rows:
        texts = {name: cell(row.cells[at]) if at < len(row.cells) else "" for name, at in columns.items()}
        key = texts["key"]
        if not any(texts.values()):
            continue
        if not key:
            bad.add(row.number, Words("key kosong. Salin kembali dari lembar aslinya.", "key is empty. Copy it back."))
        elif key in found:
            bad.add(row.number, Words(f"{key} ada dua kali.", f"{key} is there twice."))
        else:
            found[key] = _one(row.number, texts, bad)
    return found


def _one(number: int, texts: Mapping[str, str], bad: _Bad) -> _Said:
    decision = _DECISIONS.get(texts["decision"].casefold())
    if decision is None:
        bad.add(
            number,
            Words(
                f'keputusan "{texts["decision"][:30]}" tidak dikenal. Tulis bind, import, atau leave.',
                f'the decision "{texts["decision"][:30]}" is unknown. Write bind, import or leave.',
            ),
        )
    opening = _number(number, texts["opening_count"], bad)
    if opening is not None and opening < 0:
        bad.add(number, Words("hitungan awal tidak boleh di bawah 0.", "an opening count can't be below 0."))
    there, ours = (_number(number, texts.get(name, ""), bad) for name in ("count_there", "our_on_hand"))
    proposed = bool(texts.get("matched_by", "?"))
    return _Said(number, texts["our_sku"], proposed, decision or Decision.LEAVE, opening, there, ours)


def _number(row: int, text: str, bad: _Bad) -> int | None:
    try:
        return count(text) if text else None
    except SyncerError as error:
        bad.add(row, error.words)
        return None
