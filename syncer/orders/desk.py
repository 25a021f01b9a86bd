"""The oversell desk: every order that wants a piece that isn't there, what calling each off costs, and what to write
to the buyers.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import Connection, RowMapping, and_, func, or_, select, update

from syncer.domain.words import Words
from syncer.inventory.bundles import parts_of
from syncer.orders import errors
from syncer.orders.book import load_orders
from syncer.orders.counting import load_counts
from syncer.orders.inbox import coming_back
from syncer.orders.oversell import HANDLED
from syncer.orders.shops import SHOP_NAME, with_shops
from syncer.store.order_tables import channel_order, order_count, order_line, oversell
from syncer.store.tables import account, product, variant

#: What went so shortly before the flag may be the other half of the oversell: a sale at a bazaar, say.
_JUST_GONE = dt.timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Claim:
    """One order that wants the piece. ``held`` pieces can still be called off; ``gone`` ones have left.

    ``value`` is what they sold for, ``total`` the whole order. ``ship_by`` is when it was promised. ``newest``: it
    was placed last of all, ``tied``: in the same second as another one that was. ``cost`` says what calling it off
    costs the seller there. ``message`` is for the buyer if it is called off, "" for an order to keep; ``kept_message``
    is for the buyer of an order that is kept, "" for one to call off. Of a tie, which a person decides, both are there.
    ``asked``: pieces of it of which a person is asked in the inbox whether they come back.
    """

    order_id: int
    order: str
    account: str
    connector: str
    status: str
    held: int
    gone: int
    value: Decimal | None
    total: Decimal | None
    currency: str
    created_at: dt.datetime
    ship_by: dt.datetime | None
    newest: bool
    cost: Words
    message: str
    tied: bool = False
    kept_message: str = ""
    asked: int = 0


@dataclass(frozen=True, slots=True)
class Case:
    """An oversell: ``short`` pieces of ``sku`` are missing, and these orders want them, the oldest first."""

    id: int
    sku: str
    title: str
    short: int
    flagged_at: dt.datetime
    state: str
    made_to_order_days: int
    claims: tuple[Claim, ...]


_NO_COST = Words(
    "Pembatalan oleh penjual biasanya menurunkan nilai toko. Syncer tidak tahu seberapa besar di toko ini.",
    "Calling off an order usually lowers a shop's rating. Syncer doesn't know by how much here.",
)
_SALE = Words("Sudah dibawa pembeli; tidak bisa dibatalkan.", "The buyer has it already; it can't be called off.")


def open_cases(
    connection: Connection, *, costs: Mapping[str, Words] | None = None, now: dt.datetime, which: str = ""
) -> list[Case]:
    """Return the open oversells, the oldest first. ``costs`` says by connector what calling an order off costs.

    ``which`` names one, by its number or by SKU; raises OrderError if there is none.
    """
    query = (
        select(
            oversell.c.id,
            oversell.c.variant_id,
            oversell.c.short,
            oversell.c.flagged_at,
            oversell.c.state,
            variant.c.sku,
            product.c.title,
            product.c.made_to_order_days,
        )
        .join(variant, variant.c.id == oversell.c.variant_id)
        .join(product, product.c.id == variant.c.product_id)
        .where(oversell.c.state.in_(("open", HANDLED) if which else ("open",)))
        .order_by(oversell.c.flagged_at, oversell.c.id)
    )
    if which:
        number = int(which) if which.isdigit() and len(which) < 10 else -1
        query = query.where(or_(oversell.c.id == number, variant.c.sku == which.strip()))
    rows = connection.execute(query).all()
    if which and not rows:
        raise errors.no_oversell(which)
    return [
        Case(
            row.id,
            row.sku,
            row.title,
            row.short,
            row.flagged_at,
            row.state,
            row.made_to_order_days,
            _claims(connection, row, costs or {}, now),
        )
        for row in rows
    ]


def settle(connection: Connection, which: str, *, note: str = "", actor: str = "", now: dt.datetime) -> list[int]:
    """Take an oversell off the desk: a person sees to it. It comes back only if still more is sold.

    The stock is not touched: calling the order off there, or counting the shelf, moves that. Raises OrderError.
    """
    cases = [one for one in open_cases(connection, now=now, which=which) if one.state == "open"]
    if not cases:
        raise errors.no_oversell(which)
    detail = {"how": "person", "note": note[:500], "actor": actor}
    ids = [one.id for one in cases]
    values = {"state": HANDLED, "settled_at": now, "detail": detail}
    connection.execute(update(oversell).where(oversell.c.id.in_(ids)).values(values))
    return ids


def _claims(connection: Connection, case: Any, costs: Mapping[str, Words], now: dt.datetime) -> tuple[Claim, ...]:
    wants = or_(
        order_count.c.held > 0,
        and_(order_count.c.gone > order_count.c.returned, channel_order.c.first_seen_at > case.flagged_at - _JUST_GONE),
    )
    query = (
        select(
            channel_order,
            func.sum(order_count.c.held).label("held"),
            func.sum(order_count.c.gone - order_count.c.returned).label("away"),
            SHOP_NAME.label("shop"),
            account.c.connector,
        )
        .select_from(with_shops(channel_order.join(order_count, order_count.c.order_id == channel_order.c.id)))
        .where(and_(order_count.c.variant_id == case.variant_id, wants, channel_order.c.counted))
        .group_by(channel_order.c.id, SHOP_NAME, account.c.connector)
        .order_by(channel_order.c.created_at, channel_order.c.id)
    )
    rows = connection.execute(query).mappings().all()
    values = _values(connection, [row["id"] for row in rows], case.variant_id)
    asked = _asked(connection, rows, case.variant_id)
    off, tied = _to_call_off(rows, case.short)
    last = max((_second(row) for row in rows if row["held"] > 0), default=None)
    return tuple(
        _claim(
            row,
            case,
            values.get(row["id"]),
            costs,
            _Place(_second(row) == last, row["id"] in off, row["id"] in tied, asked.get(row["id"], 0)),
        )
        for row in rows
    )


class _Place(NamedTuple):
    """Where an order stands among those that want the piece."""

    last: bool
    off: bool
    tied: bool
    asked: int


def _asked(connection: Connection, rows: Sequence[RowMapping], variant_id: int) -> dict[int, int]:
    """Return, by order, the pieces of a variant of which a person is asked whether they come back."""
    asking = [row["id"] for row in rows if row["problem"] and not row["problem"].get("answered")]
    orders = load_orders(connection, asking)
    found = coming_back(connection, orders, load_counts(connection, asking))
    return {order_id: pieces[variant_id].pieces for order_id, pieces in found.items() if variant_id in pieces}


def _second(row: RowMapping) -> dt.datetime:
    """Return when an order was placed, as finely as every platform tells."""
    found: dt.datetime = row["created_at"].replace(microsecond=0)
    return found


def _to_call_off(rows: Sequence[RowMapping], short: int) -> tuple[set[int], set[int]]:
    """Return the orders that lack their pieces if the first one placed is served first, and those that tie for it."""
    off: set[int] = set()
    held = [row for row in rows if row["held"] > 0]
    for second in sorted({_second(row) for row in held}, reverse=True):
        if short <= 0:
            break
        group = [row for row in held if _second(row) == second]
        pieces = sum(int(row["held"]) for row in group)
        ids = {row["id"] for row in group}
        if len(group) > 1 and pieces > short:
            return off, ids
        off |= ids
        short -= pieces
    return off, set()


def _claim(row: RowMapping, case: Any, value: Decimal | None, costs: Mapping[str, Words], place: _Place) -> Claim:
    here = row["connector"] or ""
    held, away = int(row["held"]), int(row["away"])
    cost = _SALE if not here and not held else costs.get(here, _NO_COST)
    can_choose = bool(held and here)
    if_off = message(row["remote_id"], case.title, case.made_to_order_days)
    return Claim(
        row["id"],
        row["remote_id"],
        row["shop"],
        here,
        row["status"],
        held,
        away,
        value,
        row["total"],
        row["currency"],
        row["created_at"],
        row["ship_by"],
        place.last and not place.tied and held > 0,
        cost,
        if_off if can_choose and (place.off or place.tied) else "",
        place.tied,
        kept_message(row["remote_id"], case.title) if can_choose and not place.off else "",
        place.asked,
    )


def _values(connection: Connection, order_ids: Sequence[int], variant_id: int) -> dict[int, Decimal]:
    """Return what an order's pieces of a variant, or of bundles that hold it, sold for."""
    query = select(order_line).where(and_(order_line.c.order_id.in_(order_ids), order_line.c.variant_id.is_not(None)))
    lines = connection.execute(query).all()
    parts = parts_of(connection, {line.variant_id for line in lines})
    found: dict[int, Decimal] = {}
    for line in lines:
        holds = line.variant_id == variant_id or variant_id in dict(parts.get(line.variant_id, ()))
        if holds and line.price is not None:
            found[line.order_id] = found.get(line.order_id, Decimal(0)) + line.price * line.quantity
    return found


def kept_message(order: str, title: str) -> str:
    """Return what may be written to the buyer whose order is kept."""
    return (
        f"Halo Kak, terima kasih sudah memesan {title}. Pesanan {order} sedang kami siapkan dan kami kirim sesuai "
        "jadwalnya. Terima kasih sudah menunggu."
    )


def message(order: str, title: str, made_to_order_days: int = 0) -> str:
    """Return what to paste into the shop's own chat with the buyer: by order number, without anybody's name."""
    ways = ["menggantinya dengan produk lain yang Kakak pilih", "membatalkannya, dan uang Kakak kembali penuh"]
    if made_to_order_days:
        ways.insert(0, f"membuatkannya lagi, siap dikirim dalam {made_to_order_days} hari")
    listed = "; ".join(f"({number}) {way}" for number, way in enumerate(ways, 1))
    return (
        f"Halo Kak, mohon maaf sebesar-besarnya. {title} di pesanan {order} dibuat dengan tangan dan jumlahnya sangat "
        f"terbatas. Pada saat yang hampir bersamaan, yang terakhir sudah terjual di tempat lain. Kami bisa: {listed}. "
        "Mana yang Kakak pilih? Kami tunggu kabarnya, dan sekali lagi mohon maaf."
    )
