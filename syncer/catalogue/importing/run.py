"""Import a file: recognise, read, compare, and write in small transactions that let others in between.

One import is one cause. A transaction holds the database for some hundredths of a second only; whoever wants to
change stock meanwhile waits that long at most. Whatever was written stays if the import breaks off: importing the
same file again goes on from there, because nothing is done twice.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import PurePath
from typing import Any, NamedTuple, Protocol

from sqlalchemy import Connection, Engine, delete, insert, select

from syncer.catalogue.edit import new_cause, preview_products, save_products
from syncer.catalogue.importing.draft import Draft, Prices
from syncer.catalogue.importing.grouping import Groups, group
from syncer.catalogue.importing.known import look_up
from syncer.catalogue.importing.merge import Merged, merge
from syncer.catalogue.importing.recognise import recognise
from syncer.catalogue.importing.report import ImportReport, RowNote
from syncer.catalogue.importing.returned import returned_file, returned_name
from syncer.catalogue.importing.table import MAX_ROWS
from syncer.catalogue.save import Saved
from syncer.domain.text import clean_text
from syncer.domain.words import SyncerError, Words
from syncer.store.batches import batches
from syncer.store.engine import make_way, read, write
from syncer.store.tables import import_run, picture_fetch
from syncer.store.upsert import insert_or_keep

#: How long one transaction should hold the database, in seconds; the size of a bunch follows from it.
BUNCH_S = 0.04
BUNCH_FIRST = 40
BUNCH_MOST = 250
#: Below this a price in rupiah is more likely one in another currency.
_LOW_PRICE = Decimal(1000)
_KEEP_FAILED = dt.timedelta(days=7)
_MOST_NOTES = 2000
#: Why a row that didn't fail is in the returned file.
_BESIDE = Words(
    "Baris ini tidak gagal; baris lain dari produk yang sama memerlukannya.",
    "This row did not fail; other rows of the same product need it.",
)


class StockCount(NamedTuple):
    """``on_hand`` pieces of one variant, as row ``row`` of the file says."""

    variant_id: int
    product_id: int
    on_hand: int
    row: int


class StockBook(Protocol):
    """Where counts go: the ledger of ``syncer.inventory.bulk``, which this package may not import itself."""

    def import_counts(
        self,
        connection: Connection,
        counts: Sequence[StockCount],
        *,
        source: str,
        run: str,
        actor: str,
        now: dt.datetime,
        location: str,
        cause_id: int | None,
    ) -> Sequence[object]:
        """Set the counts that differ from what ``source`` said last; return those that were taken."""

    def would_move(
        self, connection: Connection, counts: Sequence[StockCount], *, source: str, location: str
    ) -> Sequence[object]:
        """Return the counts that would be taken."""


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How to import. ``file_currency`` and ``rate`` are for prices in another currency (see ``Prices``)."""

    dry_run: bool = False
    currency: str = "IDR"
    file_currency: str = ""
    rate: Decimal | None = None
    location: str = "utama"
    restore_deleted: bool = False
    actor: str = ""
    language: str = "id"
    max_rows: int = MAX_ROWS


def import_file(
    engine: Engine,
    data: bytes,
    name: str,
    stock: StockBook,
    *,
    now: dt.datetime,
    options: ImportOptions | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> ImportReport:
    """Import ``data``, a file called ``name``, and return what came of it; a dry run writes nothing.

    ``progress`` is called with rows done and rows in all. Raises
    :class:`~syncer.catalogue.importing.errors.ImportRefused` or ``FileRefused`` when the file as a whole can't
    be imported; then nothing was written.
    """
    chosen = options or ImportOptions()
    form = recognise(data, name, max_rows=chosen.max_rows)
    prices = Prices(chosen.currency, chosen.file_currency, chosen.rate)
    groups = group(form, form.reader(form.columns, prices), max_rows=chosen.max_rows)
    report = ImportReport(form.reader.name, form.reader.label, chosen.dry_run, rows=groups.rows)
    report.unread_columns = form.unread
    work = _Import(engine, stock, chosen, report, now, hashlib.sha256(data).hexdigest(), PurePath(name).name)
    work.returned = form.returned
    work.run(groups, progress or (lambda _done, _all: None))
    if report.failed:
        reasons: dict[int, str] = {}
        for one in report.failed:
            reasons.setdefault(one.row, one.words.in_language(chosen.language))
        for row in work.beside:
            reasons.setdefault(row, _BESIDE.in_language(chosen.language))
        report.returned = returned_file(form, reasons, language=chosen.language)
        report.returned_name = returned_name(name, form)
    if not chosen.dry_run:
        work.record()
    return report


class _Import:
    """One import under way."""

    def __init__(
        self,
        engine: Engine,
        stock: StockBook,
        options: ImportOptions,
        report: ImportReport,
        now: dt.datetime,
        file_sha256: str,
        file_name: str,
    ) -> None:
        self._engine = engine
        self._stock = stock
        self._options = options
        self._report = report
        self._now = now
        self._file_sha256 = file_sha256
        self._file_name = clean_text(file_name.replace("\x00", "")[:200], max_length=200) or "?"
        self._run = f"{file_sha256[:12]}-{secrets.token_hex(4)}"
        self._taken: dict[str, int] = {}
        self._low: list[int] = []
        self._counted: set[str] = set()
        self._bunch_of = BUNCH_FIRST
        #: Whether the file is one that went back with reasons.
        self.returned = False
        #: Rows that failed rows can't be imported without: a parent, or further pictures.
        self.beside: list[int] = []

    def run(self, groups: Groups, progress: Callable[[int, int], None]) -> None:
        """Walk the file and write it, bunch by bunch."""
        if not self._options.dry_run:
            with write(self._engine) as connection:
                self._report.cause_id = new_cause(connection, "import", self._file_name, self._options.actor, self._now)
        done = 0
        progress(done, groups.rows)
        for bunch in _bunches(groups.drafts(), lambda: self._bunch_of):
            took_s = self._take(bunch)
            done += sum(len(draft.rows) for draft in bunch)
            progress(done, groups.rows)
            self._bunch_of = _next_size(self._bunch_of, took_s)
        if self._low and self._options.currency == "IDR":
            self._note_low_prices()

    def record(self) -> None:
        """Keep what came of it, with the returned file for a week."""
        report = self._report
        with write(self._engine) as connection:
            connection.execute(delete(import_run).where(import_run.c.at < self._now - _KEEP_FAILED))
            values = {
                "at": self._now,
                "file_name": self._file_name,
                "file_sha256": self._file_sha256,
                "format": report.format,
                "counts": report.counts(),
                "failed_file": report.returned,
            }
            report.import_id = connection.execute(
                insert(import_run).values(values).returning(import_run.c.id)
            ).scalar_one()

    def _take(self, drafts: Sequence[Draft]) -> float:
        """Take one bunch; return how long the database was held, in seconds."""
        if self._options.dry_run:
            with read(self._engine) as connection:
                merged, outcomes = self._compare(connection, drafts, preview_products)
                self._report.pictures_waiting += self._new_pictures(connection, merged, outcomes)
                self._tally(merged, outcomes, self._stock_preview(connection, merged, outcomes))
            self._remarks(drafts)
            return BUNCH_S
        started = time.monotonic()
        with write(self._engine) as connection:
            started = time.monotonic()
            merged, outcomes = self._compare(connection, drafts, self._save)
            moved = self._write_stock(connection, merged, outcomes)
            pictures = self._ask_for_pictures(connection, merged, outcomes)
        took_s = time.monotonic() - started
        self._report.pictures_waiting += pictures
        self._tally(merged, outcomes, moved)
        self._remarks(drafts)
        make_way()
        return took_s

    def _save(self, connection: Connection, products: Sequence[object]) -> list[Saved | SyncerError]:
        return save_products(
            connection,
            products,  # type: ignore[arg-type]
            now=self._now,
            cause_id=self._report.cause_id,
            source=self._report.format,
        )

    def _compare(
        self,
        connection: Connection,
        drafts: Sequence[Draft],
        save: Callable[..., list[Saved | SyncerError]],
    ) -> tuple[list[Merged], dict[str, Saved | SyncerError]]:
        known = look_up(connection, drafts)
        merged = [
            found
            for draft in drafts
            if (
                found := merge(
                    draft,
                    known,
                    self._report.format,
                    self._taken,
                    restore_deleted=self._options.restore_deleted,
                    returned=self.returned,
                )
            )
            is not None
        ]
        products = {one.product.handle: one.product for one in merged}
        outcomes = dict(zip(products, save(connection, list(products.values())), strict=True))
        for one in merged:
            outcome = outcomes[one.product.handle]
            if isinstance(outcome, SyncerError):
                one.draft.refuse(outcome.words)
        return merged, outcomes

    def _counts(
        self, merged: Sequence[Merged], outcomes: dict[str, Saved | SyncerError]
    ) -> tuple[list[StockCount], int]:
        """Return the counts for variants that are stored, and how many there are for new ones."""
        counts: list[StockCount] = []
        new = 0
        for one in merged:
            saved = outcomes[one.product.handle]
            if isinstance(saved, SyncerError):
                continue
            ids = saved.variant_ids or {}
            for row, sku, number in one.stock:
                if sku in ids:
                    counts.append(StockCount(ids[sku], saved.product_id, number, row))
                else:
                    new += 1
        return counts, new

    def _write_stock(
        self, connection: Connection, merged: Sequence[Merged], outcomes: dict[str, Saved | SyncerError]
    ) -> int:
        counts, _new = self._counts(merged, outcomes)
        if not counts:
            return 0
        taken = self._stock.import_counts(
            connection,
            counts,
            source=self._report.format,
            run=self._run,
            actor=self._options.actor,
            now=self._now,
            location=self._options.location,
            cause_id=self._report.cause_id,
        )
        return len(taken)

    def _stock_preview(
        self, connection: Connection, merged: Sequence[Merged], outcomes: dict[str, Saved | SyncerError]
    ) -> int:
        counts, new = self._counts(merged, outcomes)
        location = self._options.location
        return new + len(self._stock.would_move(connection, counts, source=self._report.format, location=location))

    def _new_pictures(
        self, connection: Connection, merged: Sequence[Merged], outcomes: dict[str, Saved | SyncerError]
    ) -> int:
        """Return how many addresses would be asked for that weren't before."""
        rows = _picture_rows(merged, outcomes)
        ids = list({row["product_id"] for row in rows})
        known = {
            (row.product_id, row.url)
            for part in batches(ids, 500)
            for row in connection.execute(
                select(picture_fetch.c.product_id, picture_fetch.c.url).where(picture_fetch.c.product_id.in_(part))
            )
        }
        return sum((row["product_id"], row["url"]) not in known for row in rows)

    def _ask_for_pictures(
        self, connection: Connection, merged: Sequence[Merged], outcomes: dict[str, Saved | SyncerError]
    ) -> int:
        rows = _picture_rows(merged, outcomes)
        if not rows:
            return 0
        statement = insert_or_keep(connection, picture_fetch, ["product_id", "url"]).returning(picture_fetch.c.id)
        return len(connection.execute(statement, rows).all())

    def _tally(self, merged: Sequence[Merged], outcomes: dict[str, Saved | SyncerError], moved: int) -> None:
        report = self._report
        report.stock_set += moved
        for handle, outcome in outcomes.items():
            if isinstance(outcome, SyncerError) or handle in self._counted:
                continue
            self._counted.add(handle)
            report.variants += sum(len(one.product.variants) for one in merged if one.product.handle == handle)
            if outcome.created:
                report.new += 1
            elif outcome.changed:
                report.changed += 1
            else:
                report.unchanged += 1
        for one in merged:
            low = [part.row for part in one.draft.variants if part.price is not None and part.price < _LOW_PRICE]
            self._low += low[: 50 - len(self._low)] if len(self._low) < 50 else []

    def _remarks(self, drafts: Sequence[Draft]) -> None:
        report = self._report
        for draft in drafts:
            failed_rows = {remark.row for remark in draft.problems}
            report.failed += [
                RowNote(remark.row, remark.sku or draft.handle, remark.words) for remark in draft.problems
            ]
            if failed_rows:
                self.beside += set(draft.rows) - failed_rows - {part.row for part in draft.variants}
            if failed_rows >= set(draft.rows):
                report.products_failed += 1
            if len(report.notes) < _MOST_NOTES:
                report.notes += [
                    RowNote(remark.row, remark.sku or draft.handle, remark.words)
                    for remark in draft.notes
                    if remark.row not in failed_rows
                ]

    def _note_low_prices(self) -> None:
        self._report.notes.append(
            RowNote(
                self._low[0],
                "",
                Words(
                    "Berkas ini berisi harga di bawah Rp 1.000. Bila harganya dalam mata uang lain, "
                    "impor lagi dengan mata uang dan kursnya.",
                    "This file has prices below Rp 1,000. If they are in another currency, "
                    "import again with that currency and its rate.",
                ),
            )
        )


def _picture_rows(merged: Sequence[Merged], outcomes: dict[str, Saved | SyncerError]) -> list[dict[str, Any]]:
    return [
        {"product_id": saved.product_id, "position": position, "url": picture.ref[:2000], "sku": picture.sku}
        for one in merged
        if not isinstance(saved := outcomes[one.product.handle], SyncerError)
        for position, picture in enumerate(one.fetch)
    ]


def _bunches(drafts: Iterator[Draft], size: Callable[[], int]) -> Iterator[list[Draft]]:
    bunch: list[Draft] = []
    weight = 0
    for draft in drafts:
        bunch.append(draft)
        weight += max(len(draft.variants), 1)
        if weight >= size():
            yield bunch
            bunch, weight = [], 0
    if bunch:
        yield bunch


def _next_size(size: int, took_s: float) -> int:
    """Return how many variants the next bunch should have, so that it takes about :data:`BUNCH_S`."""
    wanted = int(size * BUNCH_S / max(took_s, 0.001))
    return max(20, min((size + wanted) // 2 + 1, BUNCH_MOST))


__all__ = ["ImportOptions", "StockBook", "StockCount", "import_file"]
