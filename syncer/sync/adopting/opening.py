"""The opening count of a SKU: one movement of the ledger with its own reference, so that a repeat changes nothing."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import Connection, insert, select

from syncer.channels.records import Account
from syncer.domain.stock import Reason
from syncer.domain.words import SyncerError, Words
from syncer.inventory.ledger import find_location, set_on_hand
from syncer.inventory.levels import available, held_at, levels
from syncer.inventory.locations import Location
from syncer.inventory.marking import lock_listings
from syncer.store.skus import find_variant
from syncer.store.tables import location, stock_movement
from syncer.sync.adopting.propose import reference


def place_of(connection: Connection, account: Account, code: str) -> Location:
    """Return where an account's goods are: its own location, else the one called ``code`` (default: the main one)."""
    if account.location_id is not None:
        row = connection.execute(select(location.c.code).where(location.c.id == account.location_id)).scalar_one()
        return find_location(connection, row)
    return find_location(connection, code) if code else find_location(connection)


def open_count(
    connection: Connection,
    account: Account,
    sku: str,
    count: int,
    *,
    place: Location,
    was: int | None,
    now: dt.datetime,
    actor: str,
    cause_id: int | None = None,
) -> bool:
    """Make ``count`` what is free of ``sku`` for ``account``, by a movement at ``place``; return whether it is new.

    Also a count that moves nothing is written down: it was chosen, and the next account is told so. ``was`` is what
    was free when it was chosen (``None``: never counted). Raises SyncerError if another number is free by now, or if
    other locations hold more than ``count``.
    """
    variant = find_variant(connection, sku)
    lock_listings(connection, [variant.product_id])
    name = reference(account.id, variant.id)
    if connection.execute(select(stock_movement.c.id).where(stock_movement.c.reference == name)).first() is not None:
        return False
    free = available(connection, [variant.id], account.location_id)[variant.id]
    if free != (was or 0):
        raise SyncerError(
            Words(
                f"{sku}: stok di sini sudah berubah dari {was or 0} ke {free}. Lihat lagi, lalu ulangi.",
                f"{sku}: the stock here has moved from {was or 0} to {free}. Look again, then repeat.",
            )
        )
    here = levels(connection, [variant.id])[variant.id].get(place.id, 0)
    target = here + count - free
    if target < 0:
        raise SyncerError(
            Words(
                f"{sku}: lokasi lain memegang {free - here}, lebih dari {count}. Hitung dulu di sana.",
                f"{sku}: other locations hold {free - here}, more than {count}. Count there first.",
            )
        )
    note = f"{account.name}: {count}"
    moved = set_on_hand(
        connection,
        sku,
        target,
        location=place.code,
        actor=actor,
        note=note,
        now=now,
        reference=name,
        reason=Reason.OPENING,
        cause_id=cause_id,
    )
    if moved is None:
        held = held_at(connection, variant.id, place.id)
        values: dict[str, Any] = {"variant_id": variant.id, "location_id": place.id, "delta": 0, "on_hand_after": here}
        values |= {"held_delta": 0, "held_after": held}
        values |= {"reason": Reason.OPENING.value, "reference": name, "note": note, "actor": actor, "at": now}
        connection.execute(insert(stock_movement).values(values))
    return True
