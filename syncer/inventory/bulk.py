"""Many counts in one transaction, set-based: what an import of a catalogue brings along.

An import remembers, in the ledger itself, what it said last about each variant: a file's number moves stock only
if it differs from the number that the last import *from the same source* set, or if this source never said
anything about the variant. So the same file imported again, also after a sale in between, moves nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, func, insert, select, update

from syncer.domain.stock import STOCK_MAX, Reason
from syncer.inventory import errors
from syncer.inventory.locations import DEFAULT_LOCATION, find_location
from syncer.inventory.marking import lock_listings, mark_moved
from syncer.store.tables import stock_level, stock_movement
from syncer.store.upsert import insert_or_keep


class Count(NamedTuple):
    """``on_hand`` pieces of one variant, as row ``row`` of a file says."""

    variant_id: int
    product_id: int
    on_hand: int
    row: int


def import_counts(
    connection: Connection,
    counts: Sequence[Count],
    *,
    source: str,
    run: str,
    actor: str = "",
    note: str = "",
    now: dt.datetime,
    location: str = DEFAULT_LOCATION,
    cause_id: int | None = None,
) -> list[Count]:
    """Set the stock of some hundred variants as a file of ``source`` (a format's name) says.

    ``run`` names this import (unique per import); with the row it makes each movement's reference. Returns
    the counts that the ledger took. A count that equals the level is written too (with delta 0) if it is the
    first word of this source: it is what the next import compares with.
    Raises :class:`~syncer.inventory.errors.BadQuantity`.
    """
    for count in counts:
        if not 0 <= count.on_hand <= STOCK_MAX:
            raise errors.bad_quantity(count.on_hand)
    place = find_location(connection, location)
    ids = [count.variant_id for count in counts]
    last = _last_said(connection, ids, place.id, source)
    due = [count for count in counts if last.get(count.variant_id) != count.on_hand]
    if not due:
        return []
    lock_listings(connection, sorted({count.product_id for count in due}))
    levels = _locked_levels(connection, [count.variant_id for count in due], place.id)
    on_hand = {variant_id: level[0] for variant_id, level in levels.items()}
    common = {"location_id": place.id, "reason": Reason.IMPORT.value, "note": note, "actor": actor, "at": now}
    rows: list[dict[str, Any]] = [
        {
            **common,
            "variant_id": count.variant_id,
            "delta": count.on_hand - on_hand[count.variant_id],
            "on_hand_after": count.on_hand,
            "held_delta": 0,
            "held_after": levels[count.variant_id][1],
            "reference": f"{_prefix(source)}{run}:{count.row}:{count.variant_id}",
        }
        for count in due
    ]
    connection.execute(insert(stock_movement), rows)
    moved = [count for count in due if count.on_hand != on_hand[count.variant_id]]
    if moved:
        _write_levels(connection, moved, place.id)
        products = sorted({count.product_id for count in moved})
        mark_moved(connection, products, [count.variant_id for count in moved], now=now, cause_id=cause_id)
    return due


def would_move(
    connection: Connection, counts: Sequence[Count], *, source: str, location: str = DEFAULT_LOCATION
) -> list[Count]:
    """Return which of ``counts`` :func:`import_counts` would take, without writing anything."""
    from syncer.inventory.locations import list_locations

    place = next((known for known in list_locations(connection) if known.code == location), None)
    if place is None:
        return list(counts)
    last = _last_said(connection, [count.variant_id for count in counts], place.id, source)
    return [count for count in counts if last.get(count.variant_id) != count.on_hand]


def _prefix(source: str) -> str:
    return f"import:{source[:30]}:"


def _last_said(connection: Connection, ids: Sequence[int], location_id: int, source: str) -> dict[int, int]:
    """Return what the last import from ``source`` set, by variant."""
    newest = (
        select(func.max(stock_movement.c.id))
        .where(
            and_(
                stock_movement.c.variant_id.in_(ids),
                stock_movement.c.location_id == location_id,
                stock_movement.c.reason == Reason.IMPORT.value,
                stock_movement.c.reference.startswith(_prefix(source), autoescape=True),
            )
        )
        .group_by(stock_movement.c.variant_id)
    )
    rows = connection.execute(
        select(stock_movement.c.variant_id, stock_movement.c.on_hand_after).where(stock_movement.c.id.in_(newest))
    )
    return {row.variant_id: row.on_hand_after for row in rows}


def _locked_levels(connection: Connection, ids: Sequence[int], location_id: int) -> dict[int, tuple[int, int]]:
    """Return on hand and held by variant, locked."""
    rows = [{"variant_id": variant_id, "location_id": location_id, "on_hand": 0} for variant_id in sorted(ids)]
    connection.execute(insert_or_keep(connection, stock_level, ["variant_id", "location_id"]), rows)
    locked = connection.execute(
        select(stock_level.c.variant_id, stock_level.c.on_hand, stock_level.c.held)
        .where(and_(stock_level.c.variant_id.in_(ids), stock_level.c.location_id == location_id))
        .order_by(stock_level.c.variant_id)
        .with_for_update()
    )
    return {row.variant_id: (row.on_hand, row.held) for row in locked}


def _write_levels(connection: Connection, moved: Sequence[Count], location_id: int) -> None:
    from sqlalchemy import bindparam

    statement = (
        update(stock_level)
        .where(and_(stock_level.c.variant_id == bindparam("of"), stock_level.c.location_id == location_id))
        .values(on_hand=bindparam("now_there"), version=stock_level.c.version + 1)
    )
    connection.execute(statement, [{"of": count.variant_id, "now_there": count.on_hand} for count in moved])
