"""How far the orders of each account are read, and what waits for that: a part of ``syncer status``."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, and_, func, literal_column, select

from syncer.domain.problem import Problem
from syncer.domain.words import Words
from syncer.orders.waiting import open_oversells, waits_by_shop
from syncer.store.order_tables import channel_order, order_count, order_hint, order_read
from syncer.store.tables import listing
from syncer.sync.claim import FOR_ORDERS


@dataclass(frozen=True, slots=True)
class OrderStatus:
    """The orders of one account. ``read_at`` is when the last complete read began: what was ordered before is known.

    ``open_orders`` hold stock. ``waiting_rises`` counts listings whose stock is added only after the next read.
    ``oldest_hint_s`` is the age of the oldest order that is still to be looked at; ``unreadable`` counts those that
    could not be understood. ``problem`` says why orders can't be read now. ``unknown_lines`` (SKUs that nobody knows
    here) and ``questions`` wait in the inbox; ``oversold`` counts what is oversold that its open orders want.
    """

    read_at: dt.datetime | None = None
    open_orders: int = 0
    waiting_rises: int = 0
    oldest_hint_s: float | None = None
    unreadable: int = 0
    problem: Words | None = None
    unknown_lines: int = 0
    questions: int = 0
    oversold: int = 0

    def to_json(self, now: dt.datetime) -> dict[str, Any]:
        """Return this as a JSON object; times are ISO 8601 in UTC, ages in seconds."""
        return {
            "orders_read_at": self.read_at.isoformat() if self.read_at else None,
            "orders_read_age_s": round((now - self.read_at).total_seconds(), 1) if self.read_at else None,
            "open_orders": self.open_orders,
            "waiting_rises": self.waiting_rises,
            "oldest_hint_s": self.oldest_hint_s,
            "unreadable_orders": self.unreadable,
            "orders_problem": self.problem.to_json() if self.problem else None,
            "unknown_order_lines": self.unknown_lines,
            "order_questions": self.questions,
            "oversold": self.oversold,
        }


def read_order_status(connection: Connection, now: dt.datetime) -> Mapping[int, OrderStatus]:
    """Return the state of reading, and what orders ask, by account id; accounts that never had orders are left out."""
    opened = _by_account(
        connection,
        select(channel_order.c.account_id, func.count(func.distinct(order_count.c.order_id)))
        .join(channel_order, channel_order.c.id == order_count.c.order_id)
        .where(order_count.c.held > literal_column("0"))
        .group_by(channel_order.c.account_id),
    )
    waiting = _by_account(
        connection,
        select(listing.c.account_id, func.count())
        .where(and_(listing.c.due != literal_column("0"), listing.c.held == FOR_ORDERS))
        .group_by(listing.c.account_id),
    )
    hints = {
        row.account_id: row
        for row in connection.execute(
            select(
                order_hint.c.account_id,
                func.min(order_hint.c.hinted_at).label("oldest"),
                func.count(order_hint.c.problem).label("unreadable"),
            ).group_by(order_hint.c.account_id)
        )
    }
    found = {}
    for row in connection.execute(select(order_read)):
        hinted = hints.get(row.account_id)
        found[row.account_id] = OrderStatus(
            read_at=row.read_began_at,
            open_orders=int(opened.get(row.account_id, 0)),
            waiting_rises=int(waiting.get(row.account_id, 0)),
            oldest_hint_s=round((now - hinted.oldest).total_seconds(), 1) if hinted else None,
            unreadable=int(hinted.unreadable) if hinted else 0,
            problem=Problem.from_json(row.problem).words if row.problem else None,
        )
    return _with_questions(connection, found)


def _with_questions(connection: Connection, found: Mapping[int, OrderStatus]) -> dict[int, OrderStatus]:
    """Add what waits in the inbox and on the oversell desk."""
    asking = {one.account_id: one for one in waits_by_shop(connection) if one.account_id is not None}
    oversold = Counter(key for one in open_oversells(connection) for key in one.account_ids)
    return {
        key: replace(
            found.get(key, OrderStatus()),
            unknown_lines=asking[key].unknown if key in asking else 0,
            questions=asking[key].questions if key in asking else 0,
            oversold=oversold[key],
        )
        for key in found.keys() | asking.keys() | oversold.keys()
    }


def _by_account(connection: Connection, query: Any) -> dict[int, Any]:
    return {row[0]: row[1] for row in connection.execute(query)}
