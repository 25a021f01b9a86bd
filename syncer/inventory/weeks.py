"""Made to order: a crafter has so many pieces a week instead of a stock.

A week is Monday to Sunday in the association's time zone. Every piece that was ordered in it of anything that this
crafter makes to order counts, sent or not; what was called off doesn't.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, and_, func, select

from syncer.store.batches import batches
from syncer.store.order_tables import channel_order, maker_capacity, order_count
from syncer.store.tables import product, variant

TIME_ZONE = ZoneInfo("Asia/Jakarta")


class Capacity(NamedTuple):
    """What a crafter can make in a week, and how much of this week is ordered already."""

    maker: str
    pieces_a_week: int
    ordered: int

    @property
    def left(self) -> int:
        """Pieces that can still be ordered this week; below zero if more was."""
        return self.pieces_a_week - self.ordered


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
    """Return the capacity of all crafters who have one (or of these), by name, for the week of ``now``."""
    query = select(maker_capacity.c.maker, maker_capacity.c.pieces_a_week).order_by(maker_capacity.c.maker)
    if makers is not None:
        query = query.where(maker_capacity.c.maker.in_(sorted(makers)))
    weekly = {row.maker: row.pieces_a_week for row in connection.execute(query)}
    if not weekly:
        return {}
    begins, ends = week_of(now)
    pieces = func.sum(order_count.c.held + order_count.c.gone)
    ordered = (
        select(product.c.maker, pieces)
        .select_from(order_count)
        .join(channel_order, channel_order.c.id == order_count.c.order_id)
        .join(variant, variant.c.id == order_count.c.variant_id)
        .join(product, product.c.id == variant.c.product_id)
        .where(
            and_(
                channel_order.c.created_at >= begins,
                channel_order.c.created_at < ends,
                product.c.made_to_order_days > 0,
                product.c.maker.in_(sorted(weekly)),
            )
        )
        .group_by(product.c.maker)
    )
    taken = {row[0]: int(row[1] or 0) for row in connection.execute(ordered)}
    return {maker: Capacity(maker, number, taken.get(maker, 0)) for maker, number in weekly.items()}


def left_of(connection: Connection, variant_ids: Collection[int], now: dt.datetime) -> dict[int, int]:
    """Return what can still be ordered this week of each variant that is made to order; the others are left out."""
    makers: dict[int, str] = {}
    ids = sorted(variant_ids)
    for part in batches(ids):
        query = (
            select(variant.c.id, product.c.maker)
            .join(product, product.c.id == variant.c.product_id)
            .join(maker_capacity, made_to_order())
            .where(variant.c.id.in_(part))
        )
        makers.update((row.id, row.maker) for row in connection.execute(query))
    left = list_capacity(connection, now, set(makers.values())) if makers else {}
    return {variant_id: left[maker].left for variant_id, maker in makers.items()}


def variants_of(connection: Connection, makers: Iterable[str]) -> list[int]:
    """Return the variants that these crafters make to order and that are still sold."""
    query = (
        select(variant.c.id)
        .join(product, product.c.id == variant.c.product_id)
        .where(and_(product.c.maker.in_(sorted(set(makers))), product.c.made_to_order_days > 0))
        .where(variant.c.retired_at.is_(None))
        .order_by(variant.c.id)
    )
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
