"""How many are there: on hand at a location, and free for the accounts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, and_, func, select

from syncer.store.tables import location, stock_level, stock_movement, variant

_AT_ONCE = 500


class Mismatch(NamedTuple):
    """A level that is not the sum of its movements."""

    variant_id: int
    sku: str
    location: str
    on_hand: int
    ledger: int


def levels(connection: Connection, variant_ids: Sequence[int]) -> dict[int, dict[int, int]]:
    """Return on hand by variant and location id: ``{variant_id: {location_id: pieces}}``; every id is a key."""
    found: dict[int, dict[int, int]] = {variant_id: {} for variant_id in variant_ids}
    for part in _parts(variant_ids):
        rows = connection.execute(
            select(stock_level.c.variant_id, stock_level.c.location_id, stock_level.c.on_hand).where(
                stock_level.c.variant_id.in_(part)
            )
        )
        for row in rows:
            found[row.variant_id][row.location_id] = row.on_hand
    return found


def available(connection: Connection, variant_ids: Sequence[int], location_id: int | None = None) -> dict[int, int]:
    """Return the free pieces of each variant: over all pooled locations, or at ``location_id`` alone."""
    found = dict.fromkeys(variant_ids, 0)
    total = func.sum(stock_level.c.on_hand)
    for part in _parts(variant_ids):
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
    rows = connection.execute(
        select(pairs.c.variant_id, variant.c.sku, location.c.code, on_hand, ledger)
        .join(variant, variant.c.id == pairs.c.variant_id)
        .join(location, location.c.id == pairs.c.location_id)
        .outerjoin(
            stock_level,
            and_(stock_level.c.variant_id == pairs.c.variant_id, stock_level.c.location_id == pairs.c.location_id),
        )
        .outerjoin(summed, and_(summed.c.variant_id == pairs.c.variant_id, summed.c.location_id == pairs.c.location_id))
        .where(on_hand != ledger)
        .order_by(variant.c.sku)
    )
    return [Mismatch(row[0], row[1], row[2], int(row[3]), int(row[4])) for row in rows]


def _parts(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), _AT_ONCE):
        yield ids[start : start + _AT_ONCE]
