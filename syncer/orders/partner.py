"""A partner's list of what was sold: a CSV or a workbook with SKU, quantity, date and, if there is one, a number.

Every row is a fact with a name of its own, so the same list, or one that goes on where the last ended, counts each
sale once.
"""

from __future__ import annotations

import contextlib
import csv
import datetime as dt
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, select

from syncer.catalogue.importing import values
from syncer.catalogue.importing.headings import REASON, find_columns, heading, reason_columns, unread_headings
from syncer.catalogue.importing.table import Row, Table, open_tables
from syncer.domain.order import QUANTITY_MAX, Meaning, OrderLine, RemoteOrder
from syncer.domain.text import clean_text
from syncer.domain.words import SyncerError, Words
from syncer.inventory.locations import find_location
from syncer.orders import errors
from syncer.orders.binding import Named, bind
from syncer.orders.book import Stored, door_of_partner, load_orders
from syncer.orders.take_in import Door, TakenIn, take_in_at
from syncer.sdk.contract import OrderFacts
from syncer.store.batches import batches
from syncer.store.engine import Engine, make_way, read, write
from syncer.store.order_tables import channel_order, order_read
from syncer.store.tables import account

SOLD = "sold"
PARTNER_FACTS = OrderFacts(meanings={SOLD: Meaning.GONE})
_NAMES: dict[str, Sequence[str]] = {
    "sku": ("SKU", "Kode", "Kode barang", "Kode produk", "Seller SKU", "Item code", "Product code"),
    "quantity": ("Jumlah", "Qty", "Quantity", "Terjual", "Sold", "Pcs", "Kuantitas", "Jumlah terjual", "Quantity sold"),
    "date": ("Tanggal", "Date", "Tgl", "Sold on", "Tanggal jual", "Tanggal transaksi", "Sale date"),
    "reference": ("Nomor", "No", "Referensi", "Reference", "Ref", "No nota", "Nota", "Invoice", "Nomor transaksi"),
    "price": ("Harga", "Price", "Harga satuan", "Unit price"),
}
_NEEDED = ("sku", "quantity", "date")
_SHOWN = {"sku": "SKU", "quantity": "jumlah / quantity", "date": "tanggal / date"}
_HEADINGS_WITHIN = 8
_BATCH = 100
_DAY = re.compile(r"([0-9]{1,2})[/.\-]([0-9]{1,2})[/.\-]([0-9]{4})")
_MOST_DAYS = 3660
_QUANTITY = Words("Jumlah", "The quantity")


@dataclass(slots=True)
class SoldReport:
    """What a partner's list did. ``refused`` says by row number why a row was not taken.

    ``unread_columns`` are the headings of columns that were not looked at. ``returned`` is a CSV with those rows and
    their reasons, or ``None``. A dry run tells what would have been.
    """

    rows: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    pieces: int = 0
    oversold: set[int] = field(default_factory=set)
    refused: dict[int, Words] = field(default_factory=dict)
    unread_columns: tuple[str, ...] = ()
    returned: bytes | None = None


@dataclass(frozen=True, slots=True)
class _Sold:
    row: int
    sku: str
    quantity: int
    day: dt.date
    reference: str
    price: Decimal | None


def import_sold(
    engine: Engine,
    data: bytes,
    partner: str,
    *,
    location: str = "",
    time_zone: str = "Asia/Jakarta",
    now: dt.datetime,
    dry_run: bool = False,
    sure: bool = False,
    language: str = "id",
) -> SoldReport:
    """Take a partner's list of what was sold in; refused rows come back with the reason, the others are counted.

    ``location`` is where the partner keeps the goods (default: the own location of the account with the partner's
    name, else the pooled locations). Unless a person is ``sure``, a list that may count sales twice is refused: of a
    partner called like a shop whose orders are read, or one that was taken in for another partner. Raises OrderError,
    ImportRefused, FileRefused, UnknownLocation.
    """
    name = clean_text(partner, max_length=200).strip()
    if not 1 <= len(name) <= 60:
        raise errors.bad_partner(partner)
    if not data.strip():
        raise errors.empty_list()
    table, head, columns = _find(data)
    report = SoldReport()
    report.unread_columns = unread_headings(head.cells, {*columns.values(), *reason_columns(head.cells)})
    rows = [row for row in table.rows() if row.number > head.number]
    sold = [one for row in rows if (one := _read(row, columns, report, now)) is not None]
    report.rows = len(rows)
    if not rows:
        raise errors.no_sales()
    with read(engine) as connection:
        name = _as_before(connection, name)
        if not sure:
            _check_name(connection, name)
        known = bind(connection, None, {Named("", "", one.sku) for one in sold})
        place = _place(connection, name, location)
    good = []
    for one in sold:
        if Named("", "", one.sku) in known:
            good.append(one)
        else:
            report.refused[one.row] = _unknown(one.sku)
    orders = _orders(good, ZoneInfo(time_zone))
    report.pieces = sum(one.quantity for one in good)
    if not sure:
        with read(engine) as connection:
            _check_new(connection, name, orders)
    door = Door(door_of_partner(name), location_id=place, note=name)
    _take(engine, door, orders, report, now, dry_run=dry_run)
    report.returned = _returned(rows, head, report.refused, language) if report.refused else None
    return report


def _as_before(connection: Connection, name: str) -> str:
    """Return the partner's name as it was spelled in its lists before: capitals make no other partner."""
    wanted = func.lower(channel_order.c.door) == door_of_partner(name).lower()
    doors = sorted(connection.execute(select(channel_order.c.door).where(wanted).distinct()).scalars())
    same = door_of_partner(name)
    return name if not doors or same in doors else doors[0].removeprefix(door_of_partner(""))


def _check_name(connection: Connection, name: str) -> None:
    """Refuse the name of a shop whose orders are, or will be, read from itself.

    A shop with a place of its own that tells no orders is a partner's: its lists are the only word of what it sold.
    """
    query = (
        select(account.c.name, account.c.location_id, order_read.c.account_id.label("reads"))
        .outerjoin(order_read, order_read.c.account_id == account.c.id)
        .where(func.lower(account.c.name) == name.lower())
    )
    for row in connection.execute(query):
        if row.reads is not None or row.location_id is None:
            raise errors.partner_is_a_shop(name, row.name)


def _check_new(connection: Connection, name: str, orders: Sequence[RemoteOrder]) -> None:
    """Refuse a list of which half or more of what is new was taken in for another partner."""
    wanted = {order.remote_id: order for order in orders}
    ids = []
    mine: set[str] = set()
    names = list(wanted)
    for part in batches(names):
        partners = channel_order.c.door.startswith(door_of_partner(""), autoescape=True)
        query = select(channel_order.c.id, channel_order.c.door, channel_order.c.remote_id)
        for row in connection.execute(query.where(partners, channel_order.c.remote_id.in_(part))):
            if row.door == door_of_partner(name):
                mine.add(row.remote_id)
            else:
                ids.append(row.id)
    others: dict[str, set[str]] = {}
    for stored in load_orders(connection, ids):
        if stored.remote_id not in mine and _is_same(stored, wanted[stored.remote_id]):
            others.setdefault(stored.door, set()).add(stored.remote_id)
    new = len(wanted.keys() - mine)
    for door, same in sorted(others.items()):
        if len(same) * 2 >= new:
            raise errors.known_of_another_partner(len(same), new, door.removeprefix(door_of_partner("")))


def _is_same(stored: Stored, order: RemoteOrder) -> bool:
    before = sorted((line.name.sku, line.quantity) for line in stored.lines)
    return stored.created_at == order.created_at and before == sorted((one.sku, one.quantity) for one in order.lines)


def _take(
    engine: Engine, door: Door, orders: Sequence[RemoteOrder], report: SoldReport, now: dt.datetime, *, dry_run: bool
) -> None:
    for number, part in enumerate(batches(orders, _BATCH)):
        if number:
            make_way()
        taken = _take_part(engine, door, part, now, dry_run=dry_run)
        report.new += taken.new
        report.changed += taken.changed - taken.new
        report.unchanged += len(part) - taken.changed
        report.oversold |= set(taken.oversold)


class _OnlyLooked(Exception):
    """Takes back what a dry run did."""


def _take_part(engine: Engine, door: Door, part: Sequence[RemoteOrder], now: dt.datetime, *, dry_run: bool) -> TakenIn:
    taken = TakenIn()
    with contextlib.suppress(_OnlyLooked), write(engine) as connection:
        taken = take_in_at(connection, door, PARTNER_FACTS, part, read_began_at=now, now=now)
        if dry_run:
            raise _OnlyLooked
    return taken


def _find(data: bytes) -> tuple[Table, Row, Mapping[str, int]]:
    """Return the table that holds sales, its row of headings, and where each column is."""
    missing: Sequence[str] = _NEEDED
    for table in open_tables(data):
        for number, row in enumerate(table.rows()):
            if number >= _HEADINGS_WITHIN:
                break
            ours = reason_columns(row.cells)
            columns = find_columns([heading(cell) for cell in row.cells[:200]], _NAMES)
            columns = {field: index for field, index in columns.items() if index not in ours}
            lacking = [field for field in _NEEDED if field not in columns]
            if not lacking:
                return table, row, columns
            missing = lacking if len(lacking) < len(missing) else missing
    raise errors.no_columns([_SHOWN[one] for one in missing])


def _read(row: Row, columns: Mapping[str, int], report: SoldReport, now: dt.datetime) -> _Sold | None:
    """Return what a row says, or ``None`` with the reason in the report."""

    def cell(name: str) -> str:
        index = columns.get(name, -1)
        return values.cell(row.cells[index]) if 0 <= index < len(row.cells) else ""

    try:
        sku = cell("sku").lstrip("'").strip()
        if not sku:
            raise _bad("SKU kosong. Isi kodenya.", "The SKU is empty. Fill it in.")
        quantity = values.count(cell("quantity"), three_decimals=_is_precise(cell("quantity")), what=_QUANTITY)
        if not 1 <= quantity <= QUANTITY_MAX:
            raise _bad(
                f"Jumlah {quantity} tidak bisa dicatat sebagai penjualan. Barang yang kembali dicatat dengan "
                "syncer stock add --reason returned.",
                f"{quantity} can't be recorded as sold. What came back is recorded with "
                "syncer stock add --reason returned.",
            )
        day = _day(cell("date"), now)
        price = _price(cell("price"))
    except SyncerError as error:
        report.refused[row.number] = error.words
        return None
    return _Sold(row.number, sku[:120], quantity, day, clean_text(cell("reference")[:200], max_length=200)[:80], price)


def _is_precise(text: str) -> bool:
    """Whether a number is written with three decimals that are all zero (``2.000``), as some programs do."""
    return bool(re.fullmatch(r"[0-9]{1,3}[.,]000", text.strip()))


def _day(text: str, now: dt.datetime) -> dt.date:
    bare = text.strip().split("T")[0].split(" ")[0]
    found = _DAY.fullmatch(bare)
    try:
        day = dt.date(int(found[3]), int(found[2]), int(found[1])) if found else dt.date.fromisoformat(bare)
    except ValueError:
        raise _bad(
            f'Tanggal "{text[:20]}" tidak bisa dibaca. Tulis seperti 31/01/2026 atau 2026-01-31.',
            f'The date "{text[:20]}" can\'t be read. Write it like 31/01/2026 or 2026-01-31.',
        ) from None
    if not -_MOST_DAYS <= (day - now.date()).days <= 1:
        raise _bad(
            f"Tanggal {day.isoformat()} ada di masa depan, atau terlalu lama. Periksa tahunnya.",
            f"The date {day.isoformat()} is in the future, or too long ago. Look at its year.",
        )
    return day


def _price(text: str) -> Decimal | None:
    bare = re.sub(r"[^0-9.,]", "", text)
    if not bare:
        return None
    if re.fullmatch(r"[0-9]{1,3}([.,][0-9]{3})+", bare):
        bare = re.sub(r"[.,]", "", bare)
    bare = bare.replace(",", ".")
    return Decimal(bare) if re.fullmatch(r"[0-9]{1,12}(\.[0-9]{1,4})?", bare) else None


def _orders(sold: Sequence[_Sold], zone: ZoneInfo) -> list[RemoteOrder]:
    """Return one order a number; rows without a number are each one of their own, told apart by their place."""
    groups: dict[str, list[_Sold]] = {}
    seen: dict[tuple[str, int, dt.date], int] = {}
    for one in sold:
        name = one.reference
        if not name:
            key = (one.sku, one.quantity, one.day)
            seen[key] = seen.get(key, 0) + 1
            name = f"{one.day.isoformat()}:{one.quantity}:{seen[key]}:{one.sku}"[:120]
        groups.setdefault(name, []).append(one)
    return [_order(name, rows, zone) for name, rows in groups.items()]


def _order(name: str, rows: Sequence[_Sold], zone: ZoneInfo) -> RemoteOrder:
    at = dt.datetime.combine(min(one.day for one in rows), dt.time(), zone).astimezone(dt.UTC)
    lines = tuple(
        OrderLine(str(number), "", "", one.sku, one.quantity, price=one.price) for number, one in enumerate(rows, 1)
    )
    return RemoteOrder(name, SOLD, at, at, lines)


def _place(connection: Connection, partner: str, location: str) -> int | None:
    if location:
        return find_location(connection, location).id
    query = select(account.c.location_id).where(func.lower(account.c.name) == partner.lower())
    found: int | None = connection.execute(query).scalar()
    return found


def _returned(rows: Sequence[Row], head: Row, refused: Mapping[int, Words], language: str) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    for cells in _returned_rows(rows, head, refused, language):
        writer.writerow([values.guarded(cell) for cell in cells])
    return text.getvalue().encode("utf-8-sig", "replace")


def _returned_rows(rows: Sequence[Row], head: Row, refused: Mapping[int, Words], language: str) -> Iterator[list[str]]:
    ours, width = reason_columns(head.cells), len(head.cells)

    def kept(cells: Sequence[Any]) -> list[str]:
        padded = [*cells[:width], *[""] * (width - len(cells))]
        return [str(cell) for index, cell in enumerate(padded) if index not in ours]

    yield [*kept(head.cells), REASON.in_language(language)]
    for row in rows:
        if row.number in refused:
            yield [*kept(row.cells), refused[row.number].in_language(language)]


def _unknown(sku: str) -> Words:
    shown = clean_text(sku[:60], max_length=60)
    return Words(
        f'SKU "{shown}" tidak ada di katalog. Perbaiki kodenya, lalu impor berkas ini lagi.',
        f'There is no SKU "{shown}" in the catalogue. Mend the code, then import this file again.',
    )


def _bad(indonesian: str, english: str) -> SyncerError:
    return errors.OrderError(Words(indonesian, english))
