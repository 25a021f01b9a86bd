"""The ledger: stock changes only by a movement with a unique reference and a reason.

The whole is in docs/architecture.md, "Orders and the ledger".
A level is two numbers: what is *on hand* at a location, and what of it is *held*, promised to orders that have not
gone yet. Free is the difference. What people count and move changes what is on hand; only orders change what is held
(:mod:`syncer.inventory.posting`).

Every function works inside the caller's write transaction, and marks the listings it touches in the same one.
A reference that was used before makes the call a no-op, so that whoever is unsure may simply repeat it.
"""

from __future__ import annotations

import datetime as dt
import uuid
from typing import NamedTuple

from sqlalchemy import Connection, and_, bindparam, insert, select, update

from syncer.domain.stock import STOCK_MAX, Reason
from syncer.domain.text import clean_text
from syncer.inventory import errors
from syncer.inventory.levels import Mismatch, audit, available, held_at, levels
from syncer.inventory.locations import DEFAULT_LOCATION, Location, add_location, find_location, list_locations
from syncer.inventory.marking import lock_listings, mark_moved
from syncer.inventory.ripple import hangs_on
from syncer.store.skus import FoundVariant, find_variant
from syncer.store.tables import location as place
from syncer.store.tables import stock_level, stock_movement, variant
from syncer.store.upsert import insert_if_absent

#: Reasons whose movement is a fact that has happened: it is written even if it takes the level below zero, so
#: that an oversell stays visible.
_FACTS = frozenset({Reason.SOLD})

# Statements of the path that every change takes, built once: building them costs more than running them.
_VARIANT_AT = (
    select(
        *(variant.c.id, variant.c.product_id, variant.c.sku, variant.c.single_piece),
        *(place.c.id, place.c.code, place.c.name, place.c.pooled),
    )
    .join_from(variant, place, place.c.code == bindparam("of_code"))
    .where(and_(variant.c.sku == bindparam("of_sku"), variant.c.retired_at.is_(None)))
)
_LEVEL = and_(
    stock_level.c.variant_id == bindparam("of_variant"), stock_level.c.location_id == bindparam("at_location")
)
_SHARED = hangs_on(stock_level.c.variant_id).label("shared")
#: SQLite has one writer at a time and ignores FOR UPDATE.
_LOCK_LEVEL = select(stock_level.c.on_hand, stock_level.c.held, _SHARED).where(_LEVEL).with_for_update()
_SET_LEVEL = update(stock_level).where(_LEVEL).values(on_hand=bindparam("after"), version=stock_level.c.version + 1)
_SAME_REFERENCE = select(stock_movement.c.id).where(stock_movement.c.reference == bindparam("of_reference"))
_ADD_MOVEMENT = insert(stock_movement).returning(stock_movement.c.id)


class Movement(NamedTuple):
    """One entry of the ledger. ``delta`` may be negative; ``on_hand_after`` is the level it led to.

    ``held_delta`` and ``held_after`` say the same of what is promised to orders and still on hand.
    """

    id: int
    variant_id: int
    product_id: int
    sku: str
    location: str
    delta: int
    on_hand_after: int
    reason: Reason
    reference: str
    at: dt.datetime
    held_delta: int = 0
    held_after: int = 0


def set_on_hand(
    connection: Connection,
    sku: str,
    n: int,
    *,
    location: str = DEFAULT_LOCATION,
    was: int | None = None,
    actor: str = "",
    note: str = "",
    now: dt.datetime,
    reference: str | None = None,
    reason: Reason = Reason.COUNT,
    cause_id: int | None = None,
    without_held: bool = False,
) -> Movement | None:
    """Say that ``n`` pieces of ``sku`` are on hand at ``location``, those promised to orders included.

    ``without_held``: those promised to orders were not counted (they are packed already, say): they come on top.
    Returns the movement that this made; None: nothing to move (it is ``n`` already, or ``reference`` was used
    before). ``was`` is the number that the caller saw, counted in the same way: if another one stands there now,
    :class:`~syncer.inventory.errors.StockMoved` is raised and nothing changes. Raises ``UnknownSku``,
    ``UnknownLocation``, ``BadQuantity``.
    """
    if not 0 <= n <= STOCK_MAX:
        raise errors.bad_quantity(n)
    entry = _Entry(connection, sku, location, reference, reason)
    if entry.repeated:
        return None
    on_top = entry.held if without_held else 0
    if was is not None and entry.on_hand - on_top != was:
        raise errors.moved(entry.found.sku, was, entry.on_hand - on_top)
    if entry.on_hand == n + on_top:
        return None
    return entry.append(n + on_top - entry.on_hand, reason=reason, actor=actor, note=note, now=now, cause_id=cause_id)


def move(
    connection: Connection,
    sku: str,
    delta: int,
    *,
    reason: Reason,
    location: str = DEFAULT_LOCATION,
    actor: str = "",
    note: str = "",
    now: dt.datetime,
    reference: str | None = None,
    cause_id: int | None = None,
) -> Movement | None:
    """Add ``delta`` pieces (negative: take them); return the movement, or None for a repeated ``reference``.

    Taking more than is there is refused (:class:`~syncer.inventory.errors.BadQuantity`), except for a sale,
    which is a fact: its oversell stays visible as a level below zero.
    """
    if not -STOCK_MAX <= delta <= STOCK_MAX:
        raise errors.bad_quantity(delta)
    entry = _Entry(connection, sku, location, reference, reason)
    if entry.repeated or delta == 0:
        return None
    after = entry.on_hand + delta
    if after < 0 and reason not in _FACTS:
        raise errors.below_zero(entry.found.sku, entry.on_hand, delta)
    if not -STOCK_MAX <= after <= STOCK_MAX:
        raise errors.bad_quantity(after)
    return entry.append(delta, reason=reason, actor=actor, note=note, now=now, cause_id=cause_id)


def transfer(
    connection: Connection,
    sku: str,
    n: int,
    *,
    origin: str,
    target: str,
    actor: str = "",
    note: str = "",
    now: dt.datetime,
    reference: str | None = None,
) -> tuple[Movement, Movement] | None:
    """Move ``n`` pieces from one location to another: two movements, or None for a repeated ``reference``.

    What is promised to orders stays where it was promised from: taking more than is free there is refused
    (:class:`~syncer.inventory.errors.BadQuantity`).
    """
    if not 1 <= n <= STOCK_MAX:
        raise errors.bad_quantity(n)
    name = reference or f"{Reason.MOVED.value}:{uuid.uuid4()}"
    # Both levels are locked in one order, so that two opposite transfers never wait for each other.
    locked = {code: _Entry(connection, sku, code, name, Reason.MOVED) for code in sorted({origin, target})}
    leaving = locked[origin]
    used = select(stock_movement.c.id).where(stock_movement.c.reference == f"{name}:from"[:120])
    if connection.execute(used).first() is None and leaving.held and n > leaving.on_hand - leaving.held:
        raise errors.promised(leaving.found.sku, leaving.on_hand, leaving.held, n)
    out = move(
        connection,
        sku,
        -n,
        reason=Reason.MOVED,
        location=origin,
        actor=actor,
        note=note,
        now=now,
        reference=f"{name}:from",
    )
    into = move(
        connection,
        sku,
        n,
        reason=Reason.MOVED,
        location=target,
        actor=actor,
        note=note,
        now=now,
        reference=f"{name}:to",
    )
    return None if out is None or into is None else (out, into)


def _variant_at(connection: Connection, sku: str, code: str) -> tuple[FoundVariant, Location]:
    """Return the variant and the location that people call so: nearly always found by one query."""
    row = connection.execute(_VARIANT_AT, {"of_sku": sku.strip(), "of_code": code}).first()
    if row is None:
        return find_variant(connection, sku), find_location(connection, code)
    return FoundVariant(*row[:4]), Location(*row[4:])


class _Entry:
    """One level, locked until the transaction ends, about to get a movement."""

    def __init__(
        self, connection: Connection, sku: str, location_code: str, reference: str | None, reason: Reason
    ) -> None:
        self._connection = connection
        self.found, self._place = _variant_at(connection, sku, location_code)
        self._reference = (reference or f"{reason.value}:{uuid.uuid4()}")[:120]
        self._key = {"of_variant": self.found.id, "at_location": self._place.id}
        lock_listings(connection, [self.found.product_id])
        self.on_hand, self.held, self._alone = self._lock()
        same = {"of_reference": self._reference}
        # A reference of our own making is new: nobody need look for it.
        self.repeated = reference is not None and connection.execute(_SAME_REFERENCE, same).first() is not None

    def _lock(self) -> tuple[int, int, bool]:
        found = self._connection.execute(_LOCK_LEVEL, self._key).first()
        if found is None:
            row = {"variant_id": self.found.id, "location_id": self._place.id, "on_hand": 0}
            insert_if_absent(self._connection, stock_level, row, ["variant_id", "location_id"])
            found = self._connection.execute(_LOCK_LEVEL, self._key).one()
        return int(found.on_hand), int(found.held), not found.shared

    def append(
        self, delta: int, *, reason: Reason, actor: str, note: str, now: dt.datetime, cause_id: int | None
    ) -> Movement:
        """Write the movement and the level, and mark the listings. What is promised to orders stays promised."""
        after = self.on_hand + delta
        values = {
            "variant_id": self.found.id,
            "location_id": self._place.id,
            "delta": delta,
            "on_hand_after": after,
            "held_delta": 0,
            "held_after": self.held,
            "reason": reason.value,
            "reference": self._reference,
            "note": clean_text(note, max_length=500),
            "actor": clean_text(actor, max_length=80),
            "at": now,
        }
        movement_id = self._connection.execute(_ADD_MOVEMENT, values).scalar_one()
        self._connection.execute(_SET_LEVEL, self._key | {"after": after})
        mark_moved(
            self._connection,
            [self.found.product_id],
            [self.found.id],
            now=now,
            cause_id=cause_id,
            alone=self._alone,
        )
        return Movement(
            movement_id,
            self.found.id,
            self.found.product_id,
            self.found.sku,
            self._place.code,
            delta,
            after,
            reason,
            self._reference,
            now,
            0,
            self.held,
        )


__all__ = [
    "DEFAULT_LOCATION",
    "Location",
    "Mismatch",
    "Movement",
    "add_location",
    "audit",
    "available",
    "find_location",
    "held_at",
    "levels",
    "list_locations",
    "move",
    "set_on_hand",
    "transfer",
]
