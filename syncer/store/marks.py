"""Mark what is due. The row is the work: no message, no payload, so nothing can be lost or grow stale.

Every change of the catalogue, of stock or of an account calls one of these inside its own transaction: one
set-based statement on the listings it touches. Times come from the caller; the order of work does not depend on
them, only on ``lane`` and ``version``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from enum import IntEnum, IntFlag
from typing import Any

from sqlalchemy import ColumnElement, Connection, Update, and_, bindparam, func, select, update

from syncer.store.least import least
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
    statement = mark_statement(where, due, lane, with_cause=cause_id is not None)
    return run_mark(connection, where, statement, now=now, at=at, cause_id=cause_id)


def mark_statement(
    where: ColumnElement[bool], due: Due, lane: Lane | ColumnElement[int], *, with_cause: bool
) -> Update:
    """Return the statement of :func:`mark`, for :func:`run_mark`: what marks often builds it once."""
    lane_value: Any = int(lane) if isinstance(lane, Lane) else lane
    values: dict[str, Any] = {
        "due": listing.c.due.bitwise_or(int(due)),
        "lane": least(listing.c.lane, lane_value),
        "version": listing.c.version + 1,
        "due_at": bindparam("mark_at", type_=listing.c.due_at.type),
        "marked_at": bindparam("mark_now", type_=listing.c.marked_at.type),
        "tries": 0,
    }
    if due & (Due.CONTENT | Due.PRICE):
        values["strikes"] = 0
    if due & Due.STOCK:
        since = bindparam("mark_now", type_=listing.c.stock_due_since.type)
        values["stock_due_since"] = func.coalesce(listing.c.stock_due_since, since)
    if with_cause:
        values["cause_id"] = bindparam("mark_cause")
    return update(listing).where(where).values(values)


def run_mark(
    connection: Connection,
    where: ColumnElement[bool],
    statement: Update,
    *,
    now: dt.datetime,
    at: dt.datetime | None = None,
    cause_id: int | None = None,
    parameters: Mapping[str, Any] | None = None,
) -> int:
    """Run what :func:`mark_statement` made for ``where``, whose own parameters are ``parameters``."""
    own = dict(parameters or {})
    if connection.dialect.name == "postgresql":
        # Two marks of the same listings must take their rows in one order, or each may wait for the other for ever.
        connection.execute(select(listing.c.id).where(where).order_by(listing.c.id).with_for_update(), own)
    values = own | {"mark_at": at or now, "mark_now": now, "mark_cause": cause_id}
    return int(connection.execute(statement, values).rowcount)


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
