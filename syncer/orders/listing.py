"""Orders as people look at them: one row each, and one order whole."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, RowMapping, and_, func, select

from syncer.domain.order import Meaning
from syncer.orders.book import SALE, load_orders
from syncer.orders.counting import load_counts
from syncer.orders.inbox import Asked, coming_back
from syncer.orders.shops import SHOP_NAME, with_shops
from syncer.store.batches import batches
from syncer.store.order_tables import channel_order, left_shop, order_count, order_line
from syncer.store.tables import location, stock_movement, variant


@dataclass(frozen=True, slots=True)
class LineRow:
    """A line: what it is of (``sku`` ours, ``theirs`` as the channel calls it), and what it means for stock."""

    line: str
    sku: str | None
    theirs: str
    title: str
    quantity: int
    status: str
    meaning: Meaning
    price: Decimal | None


@dataclass(frozen=True, slots=True)
class OrderRow:
    """An order with what the ledger has of it. ``account`` is the shop (also one that was removed), or ``sale``, or
    ``partner:NAME``.

    ``counted`` is false for orders that were over before their shop went live. Of what is held and gone, a person is
    asked about the pieces in ``asked`` (whether they come back).
    """

    id: int
    order: str
    account: str
    status: str
    created_at: dt.datetime
    updated_at: dt.datetime
    ship_by: dt.datetime | None
    total: Decimal | None
    currency: str
    counted: bool
    held: int
    gone: int
    returned: int
    asks: bool
    lines: tuple[LineRow, ...]
    asked: Asked


@dataclass(frozen=True, slots=True)
class MoveRow:
    """What an order did to the ledger once."""

    at: dt.datetime
    sku: str
    location: str
    delta: int
    held_delta: int
    reason: str


def order_rows(
    connection: Connection,
    *,
    account_id: int | None = None,
    left: str | None = None,
    only_open: bool = False,
    sales: bool = False,
    ids: Sequence[int] | None = None,
    limit: int = 50,
) -> list[OrderRow]:
    """Return orders, the newest first; ``only_open``: those that hold pieces; ``sales``: those of no shop's.

    ``account_id``: of this shop; ``left``: of the removed ones that had this name.
    """
    counted = (
        select(
            order_count.c.order_id,
            func.sum(order_count.c.held).label("held"),
            func.sum(order_count.c.gone).label("gone"),
            func.sum(order_count.c.returned).label("returned"),
        )
        .group_by(order_count.c.order_id)
        .subquery()
    )
    query = (
        select(
            channel_order,
            SHOP_NAME.label("shop"),
            func.coalesce(counted.c.held, 0).label("held"),
            func.coalesce(counted.c.gone, 0).label("gone"),
            func.coalesce(counted.c.returned, 0).label("returned"),
        )
        .select_from(with_shops(channel_order).outerjoin(counted, counted.c.order_id == channel_order.c.id))
        .order_by(channel_order.c.created_at.desc(), channel_order.c.id.desc())
        .limit(limit)
    )
    if account_id is not None:
        query = query.where(channel_order.c.account_id == account_id)
    if left is not None:
        query = query.where(left_shop.c.name == left, channel_order.c.account_id.is_(None))
    if only_open:
        query = query.where(counted.c.held > 0)
    if sales:
        query = query.where(channel_order.c.door == SALE)
    if ids is not None:
        query = query.where(channel_order.c.id.in_(ids))
    rows = connection.execute(query).mappings().all()
    lines = _lines(connection, [row["id"] for row in rows])
    asked = _asked(connection, [row for row in rows if _asks(row)])
    return [_row(row, lines.get(row["id"], ()), asked.get(row["id"], Asked())) for row in rows]


def moves_of(connection: Connection, order_id: int) -> list[MoveRow]:
    """Return what an order did to the ledger, the oldest first."""
    mine = select(order_count.c.variant_id).where(order_count.c.order_id == order_id)
    query = (
        select(stock_movement, variant.c.sku, location.c.code)
        .join(variant, variant.c.id == stock_movement.c.variant_id)
        .join(location, location.c.id == stock_movement.c.location_id)
        .where(
            and_(
                stock_movement.c.variant_id.in_(mine),
                stock_movement.c.reference.startswith(f"order:{order_id}:", autoescape=True),
            )
        )
        .order_by(stock_movement.c.id)
    )
    return [
        MoveRow(row.at, row.sku, row.code, row.delta, row.held_delta, row.reason) for row in connection.execute(query)
    ]


def _asks(row: RowMapping) -> bool:
    problem: Any = row["problem"]
    return bool(problem) and not problem.get("answered")


def _asked(connection: Connection, rows: Sequence[RowMapping]) -> dict[int, Asked]:
    """Return, by order, the pieces of which a person is asked whether they come back."""
    orders = load_orders(connection, [row["id"] for row in rows])
    if not orders:
        return {}
    found = coming_back(connection, orders, load_counts(connection, [one.id for one in orders]))
    return {
        one.id: Asked(sum(each.gone for each in mine), sum(each.held for each in mine))
        for one in orders
        for mine in [[each for key, each in found[one.id].items() if key in (one.problem or {}).get("variants", ())]]
    }


def _row(row: RowMapping, lines: tuple[LineRow, ...], asked: Asked) -> OrderRow:
    return OrderRow(
        row["id"],
        row["remote_id"],
        row["shop"],
        row["status"],
        row["created_at"],
        row["updated_at"],
        row["ship_by"],
        row["total"],
        row["currency"],
        row["counted"],
        int(row["held"]),
        int(row["gone"]),
        int(row["returned"]),
        _asks(row),
        lines,
        asked,
    )


def _lines(connection: Connection, ids: Sequence[int]) -> dict[int, tuple[LineRow, ...]]:
    found: dict[int, list[LineRow]] = {}
    for part in batches(ids):
        query = (
            select(order_line, variant.c.sku.label("ours"))
            .outerjoin(variant, variant.c.id == order_line.c.variant_id)
            .where(order_line.c.order_id.in_(part))
            .order_by(order_line.c.order_id, order_line.c.line_id)
        )
        for row in connection.execute(query):
            found.setdefault(row.order_id, []).append(
                LineRow(
                    row.line_id,
                    row.ours,
                    row.sku,
                    row.title,
                    row.quantity,
                    row.status,
                    Meaning(row.meaning or Meaning.ASK),
                    row.price,
                )
            )
    return {order_id: tuple(lines) for order_id, lines in found.items()}
