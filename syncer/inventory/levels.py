"""How many are there: on hand at a location, held for orders, and free for the accounts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, and_, func, or_, select

from syncer.store.batches import batches
from syncer.store.tables import location, stock_level, stock_movement, variant

_AT_ONCE = 500


class Mismatch(NamedTuple):
    """A level that is not the sum of its movements. ``ledger`` and ``held_ledger`` are those sums."""

    variant_id: int
    sku: str
    location: str
    on_hand: int
    ledger: int
    held: int = 0
    held_ledger: int = 0


class Level(NamedTuple):
    """Pieces of one variant at one location: on hand, and how many of them are promised to orders."""

    on_hand: int = 0
    held: int = 0

    @property
    def free(self) -> int:
        """What is neither sold nor promised; below zero if more was promised than is there."""
        return self.on_hand - self.held


def levels(connection: Connection, variant_ids: Sequence[int]) -> dict[int, dict[int, int]]:
    """Return on hand by variant and location id: ``{variant_id: {location_id: pieces}}``; every id is a key."""
    found: dict[int, dict[int, int]] = {variant_id: {} for variant_id in variant_ids}
    for part in batches(variant_ids, _AT_ONCE):
        rows = connection.execute(
            select(stock_level.c.variant_id, stock_level.c.location_id, stock_level.c.on_hand).where(
                stock_level.c.variant_id.in_(part)
            )
        )
        for row in rows:
            found[row.variant_id][row.location_id] = row.on_hand
    return found


def full_levels(connection: Connection, variant_ids: Sequence[int]) -> dict[int, dict[int, Level]]:
    """Return on hand and held by variant and location id; every id is a key."""
    found: dict[int, dict[int, Level]] = {variant_id: {} for variant_id in variant_ids}
    for part in batches(variant_ids, _AT_ONCE):
        for row in connection.execute(select(stock_level).where(stock_level.c.variant_id.in_(part))):
            found[row.variant_id][row.location_id] = Level(row.on_hand, row.held)
    return found


def held_at(connection: Connection, variant_id: int, location_id: int) -> int:
    """Return how many pieces of a variant at a location are promised to orders."""
    query = select(stock_level.c.held).where(
        and_(stock_level.c.variant_id == variant_id, stock_level.c.location_id == location_id)
    )
    return int(connection.execute(query).scalar() or 0)


def available(connection: Connection, variant_ids: Sequence[int], location_id: int | None = None) -> dict[int, int]:
    """Return the free pieces of each variant: over all pooled locations, or at ``location_id`` alone.

    Free is what is on hand and not promised to orders; below zero if more was sold than there is.
    """
    found = dict.fromkeys(variant_ids, 0)
    total = func.sum(stock_level.c.on_hand - stock_level.c.held)
    for part in batches(variant_ids, _AT_ONCE):
        query = select(stock_level.c.variant_id, total).where(stock_level.c.variant_id.in_(part))
        if location_id is None:
            query = query.join(location, and_(location.c.id == stock_level.c.location_id, location.c.pooled))
        else:
            query = query.where(stock_level.c.location_id == location_id)
        found.update((row[0], int(row[1])) for row in connection.execute(query.group_by(stock_level.c.variant_id)))
    return found


def audit(connection: Connection) -> list[Mismatch]:
    """Return every level that is not the sum of its movements. An empty list is the only healthy answer."""
    summed = (
        select(
            stock_movement.c.variant_id,
            stock_movement.c.location_id,
            func.sum(stock_movement.c.delta).label("ledger"),
            func.sum(stock_movement.c.held_delta).label("held_ledger"),
        )
        .group_by(stock_movement.c.variant_id, stock_movement.c.location_id)
        .subquery()
    )
    pairs = (
        select(stock_level.c.variant_id, stock_level.c.location_id)
        .union(select(summed.c.variant_id, summed.c.location_id))
        .subquery()
    )
    on_hand = func.coalesce(stock_level.c.on_hand, 0)
    ledger = func.coalesce(summed.c.ledger, 0)
    held, held_ledger = func.coalesce(stock_level.c.held, 0), func.coalesce(summed.c.held_ledger, 0)
    rows = connection.execute(
        select(pairs.c.variant_id, variant.c.sku, location.c.code, on_hand, ledger, held, held_ledger)
        .join(variant, variant.c.id == pairs.c.variant_id)
        .join(location, location.c.id == pairs.c.location_id)
        .outerjoin(
            stock_level,
            and_(stock_level.c.variant_id == pairs.c.variant_id, stock_level.c.location_id == pairs.c.location_id),
        )
        .outerjoin(summed, and_(summed.c.variant_id == pairs.c.variant_id, summed.c.location_id == pairs.c.location_id))
        .where(or_(on_hand != ledger, held != held_ledger))
        .order_by(variant.c.sku)
    )
    return [Mismatch(row[0], row[1], row[2], *(int(number) for number in row[3:])) for row in rows]
