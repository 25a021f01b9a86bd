"""Campaigns whose pieces are not there any more: sold over the counter, say, or counted away. Nothing is clamped.

What was sold is sold, and what is set aside stays promised to its campaign; so a person is told which campaign lacks
how many, and decides.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import Connection, and_, select

from syncer.inventory.levels import Level, full_levels
from syncer.inventory.reserving import RELEASED, Reservation, list_reservations
from syncer.store.order_tables import reservation


class Short(NamedTuple):
    """A campaign that lacks ``missing`` of the pieces that are set aside for it, or will be."""

    reservation: Reservation
    missing: int


def short_campaigns(connection: Connection, variant_ids: Collection[int] | None = None) -> list[Short]:
    """Return the running and planned campaigns (of these variants) that lack pieces, the first to begin first.

    Of campaigns on the same days the one that begins first has its pieces first.
    """
    query = select(
        reservation.c.id,
        reservation.c.variant_id,
        reservation.c.location_id,
        reservation.c.starts_at,
        reservation.c.ends_at,
        (reservation.c.quantity - reservation.c.consumed).label("left"),
    ).where(and_(reservation.c.state != RELEASED, reservation.c.quantity > reservation.c.consumed))
    if variant_ids is not None:
        query = query.where(reservation.c.variant_id.in_(sorted(variant_ids)))
    rows = connection.execute(query.order_by(reservation.c.starts_at, reservation.c.id)).all()
    if not rows:
        return []
    levels = full_levels(connection, sorted({row.variant_id for row in rows}))
    missing: dict[int, int] = {}
    for number, row in enumerate(rows):
        before = sum(
            one.left
            for one in rows[:number]
            if (one.variant_id, one.location_id) == (row.variant_id, row.location_id) and one.ends_at > row.starts_at
        )
        there = levels[row.variant_id].get(row.location_id, Level()).free - before
        if there < row.left:
            missing[row.id] = row.left - max(there, 0)
    found = {one.id: one for one in list_reservations(connection, ids=sorted(missing))} if missing else {}
    return [Short(found[key], pieces) for key, pieces in missing.items() if key in found]
