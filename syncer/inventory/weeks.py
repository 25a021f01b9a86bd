"""Made to order: a crafter has so many pieces a week instead of a stock.

A week is Monday to Sunday in the association's time zone, whatever zone the shop is in that sold the piece. An order
counts in the week in which it has to be ready: the day it was placed plus the days to make the product. So what takes
ten days draws on next week or the one after, what takes two perhaps still on this one, and an offer is closed while the
week that a new order would fall into is sold. Every piece counts of anything that this crafter makes to order, sent or
not; what was called off doesn't.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from syncer.store.batches import batches
from syncer.store.order_tables import channel_order, maker_capacity, order_count
from syncer.store.tables import product, variant

TIME_ZONE = ZoneInfo("Asia/Jakarta")
_WEEK = dt.timedelta(days=7)


class Week(NamedTuple):
    """A week of a crafter, by its Monday: pieces that have to be ready in it, and how many more could be."""

    begins: dt.date
    ordered: int
    left: int


class Capacity(NamedTuple):
    """What a crafter can make in a week, and how much of this week is ordered already.

    ``weeks`` are this one and those that new orders fall into, up to the longest time to make anything.
    """

    maker: str
    pieces_a_week: int
    ordered: int
    weeks: tuple[Week, ...] = ()

    @property
    def left(self) -> int:
        """Pieces that can still be made this week; below zero if more was ordered."""
        return self.pieces_a_week - self.ordered


def day_of(moment: dt.datetime) -> dt.date:
    """Return the association's day at ``moment`` (aware)."""
    return moment.astimezone(TIME_ZONE).date()


def ready_week(ordered_at: dt.datetime, days: int) -> dt.date:
    """Return the Monday of the week in which an order has to be ready that takes ``days`` days to make."""
    ready = day_of(ordered_at) + dt.timedelta(days=days)
    return ready - dt.timedelta(days=ready.weekday())


def week_of(moment: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
    """Return the beginning of the week that ``moment`` (aware) is in, and of the next one, in UTC."""
    local = moment.astimezone(TIME_ZONE)
    monday = (local - dt.timedelta(days=local.weekday())).replace(hour=0, minute=0, second=0, microsecond=0)
    return monday.astimezone(dt.UTC), (monday + dt.timedelta(days=7)).astimezone(dt.UTC)


def made_to_order() -> ColumnElement[bool]:
    """Return the condition under which a product counts by its crafter's weeks: join ``maker_capacity`` by maker."""
    return and_(product.c.made_to_order_days > 0, maker_capacity.c.maker == product.c.maker)


def list_capacity(
    connection: Connection, now: dt.datetime, makers: Collection[str] | None = None
) -> dict[str, Capacity]:
    """Return the capacity of all crafters who have one (or of these), by name, from the week of ``now`` on."""
    query = select(maker_capacity.c.maker, maker_capacity.c.pieces_a_week).order_by(maker_capacity.c.maker)
    if makers is not None:
        query = query.where(maker_capacity.c.maker.in_(sorted(makers)))
    weekly = {row.maker: row.pieces_a_week for row in connection.execute(query)}
    if not weekly:
        return {}
    days = _days_to_make(connection, weekly)
    ordered = _ordered(connection, weekly, {one for found in days.values() for one in found}, now)
    found = {}
    for maker, number in weekly.items():
        begins, last = ready_week(now, 0), ready_week(now, max(days.get(maker, (0,))))
        weeks = []
        while begins <= last:
            taken = ordered.get((maker, begins), 0)
            weeks.append(Week(begins, taken, number - taken))
            begins += _WEEK
        found[maker] = Capacity(maker, number, weeks[0].ordered, tuple(weeks))
    return found


def _days_to_make(connection: Connection, makers: Collection[str]) -> dict[str, set[int]]:
    """Return how many days the things take that these crafters make to order."""
    query = (
        select(product.c.maker, product.c.made_to_order_days)
        .where(and_(product.c.maker.in_(sorted(makers)), product.c.made_to_order_days > 0))
        .distinct()
    )
    found: dict[str, set[int]] = {}
    for row in connection.execute(query):
        found.setdefault(row.maker, set()).add(row.made_to_order_days)
    return found


def _ordered(
    connection: Connection, makers: Collection[str], days: Collection[int], now: dt.datetime
) -> Mapping[tuple[str, dt.date], int]:
    """Return how many pieces have to be ready by crafter and week, from this week on."""
    begins = week_of(now)[0]
    since = [
        and_(product.c.made_to_order_days == one, channel_order.c.created_at >= begins - dt.timedelta(days=one))
        for one in sorted(days)
    ]
    if not since:
        return {}
    pieces = func.sum(order_count.c.held + order_count.c.gone).label("pieces")
    query = (
        select(product.c.maker, product.c.made_to_order_days, channel_order.c.created_at, pieces)
        .select_from(order_count)
        .join(channel_order, channel_order.c.id == order_count.c.order_id)
        .join(variant, variant.c.id == order_count.c.variant_id)
        .join(product, product.c.id == variant.c.product_id)
        .where(and_(product.c.maker.in_(sorted(makers)), or_(*since)))
        .group_by(product.c.maker, product.c.made_to_order_days, channel_order.c.created_at)
    )
    found: dict[tuple[str, dt.date], int] = {}
    for row in connection.execute(query):
        key = (row.maker, ready_week(row.created_at, row.made_to_order_days))
        found[key] = found.get(key, 0) + int(row.pieces or 0)
    return found


def left_of(connection: Connection, variant_ids: Collection[int], now: dt.datetime) -> dict[int, int]:
    """Return what can still be ordered now of each variant that is made to order; the others are left out.

    That is what is left of the week in which an order of this moment has to be ready.
    """
    wanted: dict[int, tuple[str, int]] = {}
    ids = sorted(variant_ids)
    for part in batches(ids):
        query = (
            select(variant.c.id, product.c.maker, product.c.made_to_order_days)
            .join(product, product.c.id == variant.c.product_id)
            .join(maker_capacity, made_to_order())
            .where(variant.c.id.in_(part))
        )
        wanted.update((row.id, (row.maker, row.made_to_order_days)) for row in connection.execute(query))
    if not wanted:
        return {}
    found = list_capacity(connection, now, {maker for maker, _days in wanted.values()})
    left = {(maker, week.begins): week.left for maker, one in found.items() for week in one.weeks}
    return {variant_id: left[maker, ready_week(now, days)] for variant_id, (maker, days) in wanted.items()}


def variants_reaching(
    connection: Connection, makers: Iterable[str], before: dt.datetime | None, now: dt.datetime
) -> list[int]:
    """Return the variants that these crafters make to order whose orders fall into another week than at ``before``.

    ``before`` ``None``: all of them.
    """
    names = sorted(set(makers))
    days = {one for found in _days_to_make(connection, names).values() for one in found}
    turned = [one for one in days if before is None or ready_week(before, one) != ready_week(now, one)]
    return variants_of(connection, names, turned) if turned else []


def variants_of(connection: Connection, makers: Iterable[str], days: Collection[int] | None = None) -> list[int]:
    """Return the variants that these crafters make to order and still sell; ``days``: only what takes so many."""
    query = (
        select(variant.c.id)
        .join(product, product.c.id == variant.c.product_id)
        .where(and_(product.c.maker.in_(sorted(set(makers))), product.c.made_to_order_days > 0))
        .where(variant.c.retired_at.is_(None))
        .order_by(variant.c.id)
    )
    if days is not None:
        query = query.where(product.c.made_to_order_days.in_(sorted(days)))
    return list(connection.execute(query).scalars())


def sharing(connection: Connection, variant_ids: Sequence[int]) -> list[int]:
    """Return the variants that draw on the same weeks as those of ``variant_ids`` that are made to order."""
    query = (
        select(product.c.maker)
        .distinct()
        .join(variant, variant.c.product_id == product.c.id)
        .join(maker_capacity, made_to_order())
        .where(variant.c.id.in_(variant_ids))
    )
    makers = list(connection.execute(query).scalars())
    return variants_of(connection, makers) if makers else []
