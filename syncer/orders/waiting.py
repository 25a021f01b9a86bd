"""What orders ask of a person, counted by shop, for whoever looks at the whole: ``syncer status``, ``syncer problems``.

The inbox (:mod:`syncer.orders.inbox`) and the desk (:mod:`syncer.orders.desk`) show each of them, and take the answer.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from syncer.orders.inbox import IS_UNKNOWN
from syncer.orders.oversell import missing
from syncer.orders.shops import SHOP_NAME, with_shops
from syncer.store.batches import batches
from syncer.store.order_tables import channel_order, order_count, order_line, oversell
from syncer.store.tables import product, variant


@dataclass(frozen=True, slots=True)
class Waits:
    """What the orders of one shop ask: ``unknown`` lines whose SKU nobody knows here, and ``questions``.

    ``account_id`` ``None``: they are of no shop that is here (a partner's, a sale, a shop that was removed).
    ``since`` is when the oldest of these orders was placed.
    """

    account_id: int | None
    account: str
    unknown: int
    questions: int
    since: dt.datetime


class Oversold(NamedTuple):
    """A variant of which ``short`` pieces are sold that aren't there. ``account_ids``: whose open orders want it."""

    id: int
    sku: str
    title: str
    short: int
    flagged_at: dt.datetime
    account_ids: frozenset[int]


def waits_by_shop(connection: Connection) -> list[Waits]:
    """Return what the orders of each shop ask, by name; shops whose orders ask nothing are left out."""
    found: dict[tuple[int | None, str], Waits] = {}

    def add(account_id: int | None, name: str, since: dt.datetime, *, unknown: int = 0, questions: int = 0) -> None:
        old = found.get((account_id, name), Waits(account_id, name, 0, 0, since))
        found[account_id, name] = replace(
            old,
            unknown=old.unknown + unknown,
            questions=old.questions + questions,
            since=min(old.since, since),
        )

    names = (channel_order.c.account_id, SHOP_NAME.label("shop"))
    since = channel_order.c.created_at
    lines = with_shops(channel_order.join(order_line, order_line.c.order_id == channel_order.c.id))
    unknown = select(*names, func.count(), func.min(since)).select_from(lines).where(IS_UNKNOWN)
    for account_id, shop, count, oldest in connection.execute(unknown.group_by(*names)):
        add(account_id, shop, oldest, unknown=int(count))
    asked = select(*names, since, channel_order.c.problem).select_from(with_shops(channel_order))
    for account_id, shop, placed, problem in connection.execute(asked.where(channel_order.c.problem.is_not(None))):
        if not problem.get("answered"):
            add(account_id, shop, placed, questions=1)
    return sorted(found.values(), key=lambda one: one.account)


def open_oversells(connection: Connection) -> list[Oversold]:
    """Return what is on the oversell desk, and still short of pieces; the oldest first."""
    query = (
        select(oversell.c.id, oversell.c.variant_id, oversell.c.flagged_at, variant.c.sku, product.c.title)
        .join(variant, variant.c.id == oversell.c.variant_id)
        .join(product, product.c.id == variant.c.product_id)
        .where(oversell.c.state == "open")
        .order_by(oversell.c.flagged_at, oversell.c.id)
    )
    rows = connection.execute(query).all()
    ids = [row.variant_id for row in rows]
    short = missing(connection, ids)
    wanted: dict[int, set[int]] = {}
    for part in batches(ids):
        shops = (
            select(order_count.c.variant_id, channel_order.c.account_id)
            .join(channel_order, channel_order.c.id == order_count.c.order_id)
            .where(order_count.c.variant_id.in_(part), order_count.c.held > 0, channel_order.c.account_id.is_not(None))
            .distinct()
        )
        for variant_id, account_id in connection.execute(shops):
            wanted.setdefault(variant_id, set()).add(account_id)
    return [
        Oversold(
            row.id,
            row.sku,
            row.title,
            short[row.variant_id],
            row.flagged_at,
            frozenset(wanted.get(row.variant_id, ())),
        )
        for row in rows
        if row.variant_id in short
    ]
