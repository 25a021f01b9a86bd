"""Mark what is due. The row is the work: no message, no payload, so nothing can be lost or grow stale.

Every change of the catalogue, of stock or of an account calls one of these inside its own transaction: one
set-based statement on the listings it touches. Times come from the caller; the order of work does not depend on
them, only on ``lane`` and ``version``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from enum import IntEnum, IntFlag
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, case, func, literal, select, update

from syncer.store.tables import listing


class Due(IntFlag):
    """What of a listing is due. READ asks for a look at the channel instead of a write."""

    STOCK = 1
    PRICE = 2
    CONTENT = 4
    READ = 8


class Lane(IntEnum):
    """How urgent, most urgent first: a number falling to zero, other falls, rises, prices, content, reads."""

    STOP = 0
    FALL = 1
    RISE = 2
    PRICE = 3
    CONTENT = 4
    READ = 5
    IDLE = 9


def mark(
    connection: Connection,
    where: ColumnElement[bool],
    due: Due,
    lane: Lane | ColumnElement[int],
    *,
    now: dt.datetime,
    cause_id: int | None = None,
    at: dt.datetime | None = None,
) -> int:
    """Mark every listing that fulfils ``where`` and return how many those were.

    ``at`` is the earliest moment (default: at once). A mark wakes a listing that waits for its back-off; an edit of
    its content or price clears its strikes: whoever edits wants it tried again.
    """
    lane_value: Any = int(lane) if isinstance(lane, Lane) else lane
    values: dict[str, Any] = {
        "due": listing.c.due.bitwise_or(int(due)),
        "lane": case((listing.c.lane < lane_value, listing.c.lane), else_=lane_value),
        "version": listing.c.version + 1,
        "due_at": at or now,
        "marked_at": now,
        "tries": 0,
    }
    if due & (Due.CONTENT | Due.PRICE):
        values["strikes"] = 0
    if due & Due.STOCK:
        since = literal(now, listing.c.stock_due_since.type)
        values["stock_due_since"] = func.coalesce(listing.c.stock_due_since, since)
    if cause_id is not None:
        values["cause_id"] = cause_id
    if connection.dialect.name == "postgresql":
        # Two marks of the same listings must take their rows in one order, or each may wait for the other for ever.
        connection.execute(select(listing.c.id).where(where).order_by(listing.c.id).with_for_update())
    result = connection.execute(update(listing).where(where).values(values))
    return int(result.rowcount)


def mark_products(
    connection: Connection,
    product_ids: Sequence[int],
    due: Due,
    *,
    now: dt.datetime,
    cause_id: int | None = None,
) -> int:
    """Mark all listings of ``product_ids`` (up to a few hundred at a time) as due."""
    lane = Lane.RISE if due & Due.STOCK else Lane.PRICE if due & Due.PRICE else Lane.CONTENT
    return mark(connection, listing.c.product_id.in_(product_ids), due, lane, now=now, cause_id=cause_id)


def mark_account(
    connection: Connection,
    account_id: int,
    due: Due,
    *,
    now: dt.datetime,
    cause_id: int | None = None,
    only_there: bool = False,
) -> int:
    """Mark every listing of one account (``only_there``: those that exist on the channel)."""
    where = listing.c.account_id == account_id
    if only_there:
        where = and_(where, listing.c.remote_id.is_not(None))
    lane = Lane.FALL if due & Due.STOCK else Lane.PRICE if due & Due.PRICE else Lane.CONTENT
    return mark(connection, where, due, lane, now=now, cause_id=cause_id)
