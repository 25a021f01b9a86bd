"""What else moves when pieces move: the bundles they are in, and what its crafter makes to order in the same week.

The plain case, a variant that nothing hangs on, is one statement (:mod:`syncer.inventory.marking`); this is the other.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, exists, or_, select

from syncer.inventory.free import ACTIVE, CANNOT_STOP, Supply, load_supply, what_is_shared
from syncer.inventory.placing import settle_places
from syncer.inventory.weeks import made_to_order, sharing
from syncer.store.batches import batches
from syncer.store.locks import lock_products
from syncer.store.marks import Due, Lane, mark
from syncer.store.order_tables import bundle_part, maker_capacity, reservation
from syncer.store.tables import account, listing, offer, product, variant
from syncer.store.wakeup import wake_after_commit


def hangs_on(variant_id: ColumnElement[int]) -> ColumnElement[bool]:
    """Return whether anything but its own stock decides what accounts may show of a variant, or hangs on it."""
    made = (
        select(product.c.id).join(variant, variant.c.product_id == product.c.id).join(maker_capacity, made_to_order())
    )
    return or_(
        exists(select(reservation.c.id).where(and_(ACTIVE, reservation.c.variant_id == variant_id))),
        exists(select(bundle_part.c.part_id).where(bundle_part.c.part_id == variant_id)),
        exists(select(maker_capacity.c.maker)) & exists(made.where(variant.c.id == variant_id)),
        exists(select(offer.c.id).where(and_(CANNOT_STOP, offer.c.variant_id == variant_id))),
    )


def anything_hangs(connection: Connection) -> bool:
    """Return whether there is any campaign, bundle, crafter's week, or offer that can't be stopped."""
    return any(what_is_shared(connection))


def holding(connection: Connection, variant_ids: Iterable[int]) -> dict[int, list[int]]:
    """Return, by part, the bundles that it is in."""
    found: dict[int, list[int]] = {}
    for part in batches(sorted(set(variant_ids))):
        query = select(bundle_part.c.part_id, bundle_part.c.variant_id).where(bundle_part.c.part_id.in_(part))
        for row in connection.execute(query.order_by(bundle_part.c.variant_id)):
            found.setdefault(row.part_id, []).append(row.variant_id)
    return found


def moved_with(connection: Connection, variant_ids: Collection[int]) -> list[int]:
    """Return these variants and all whose free pieces move with theirs."""
    found = set(variant_ids)
    for part in batches(sorted(found)):
        found |= set(sharing(connection, part))
    found |= {bundle for bundles in holding(connection, found).values() for bundle in bundles}
    return sorted(found)


def products_moved_with(connection: Connection, product_ids: Sequence[int]) -> list[int]:
    """Return these products and all whose numbers move with theirs."""
    if not anything_hangs(connection):
        return sorted(set(product_ids))
    found = set(product_ids)
    for part in batches(sorted(found)):
        ids = connection.execute(select(variant.c.id).where(variant.c.product_id.in_(part))).scalars().all()
        for more in batches(moved_with(connection, ids)):
            query = select(variant.c.product_id).where(variant.c.id.in_(more))
            found |= set(connection.execute(query).scalars())
    return sorted(found)


def lock_listings(connection: Connection, product_ids: Sequence[int]) -> None:
    """Lock products and the listings that a movement will mark, before the levels: everybody takes them in this order.

    Whoever edits or records a listing holds its row already when it comes to the stock; the other way round two
    transactions could wait for each other. SQLite has one writer at a time and needs no locks.
    """
    if connection.dialect.name == "sqlite":
        return
    product_ids = products_moved_with(connection, product_ids)
    lock_products(connection, product_ids)
    for part in batches(product_ids):
        rows = select(listing.c.id).where(listing.c.product_id.in_(part)).order_by(listing.c.id).with_for_update()
        connection.execute(rows).all()


def lock_variants(connection: Connection, variant_ids: Collection[int]) -> None:
    """Do the same for the products of these variants, before anything of theirs is changed."""
    if connection.dialect.name == "sqlite":
        return
    found: set[int] = set()
    for part in batches(sorted(set(variant_ids))):
        found |= set(connection.execute(select(variant.c.product_id).where(variant.c.id.in_(part))).scalars())
    lock_listings(connection, sorted(found))


def mark_variants(
    connection: Connection,
    variant_ids: Collection[int],
    *,
    now: dt.datetime,
    cause_id: int | None = None,
    without: int | None = None,
) -> int:
    """Mark the listings of these variants, and of all that moves with them; return how many.

    Each gets the lane that its number deserves: a stop where nothing may be shown any more, a fall where less may or
    nobody knows, else a rise. ``without`` is a listing to leave alone, by id.
    """
    if not variant_ids:
        return 0
    lock_variants(connection, variant_ids)
    ids = moved_with(connection, variant_ids)
    supply = load_supply(connection, ids, now=now)
    lanes: dict[int, Lane] = {}
    for part in batches(ids):
        for row in connection.execute(_shown(part)):
            lanes[row.listing_id] = min(lanes.get(row.listing_id, Lane.RISE), _lane(row, supply))
    lanes.pop(without or 0, None)
    marked = 0
    for lane in sorted(set(lanes.values())):
        for some in batches(sorted(key for key, value in lanes.items() if value is lane)):
            marked += mark(connection, listing.c.id.in_(some), Due.STOCK, lane, now=now, cause_id=cause_id)
    if marked:
        wake_after_commit(connection)
    settle_places(connection, ids, now=now)
    return marked


def _shown(variant_ids: Sequence[int]) -> Any:
    """Every listing of these variants with what it shows of each; also those that aren't there yet."""
    return (
        select(
            listing.c.id.label("listing_id"),
            listing.c.under_way,
            listing.c.seeking,
            account.c.id.label("account_id"),
            account.c.location_id,
            account.c.buffer,
            variant.c.id.label("variant_id"),
            variant.c.single_piece,
            offer.c.id.label("offer_id"),
            offer.c.quantity,
            offer.c.quantity_unknown,
        )
        .select_from(variant)
        .join(listing, listing.c.product_id == variant.c.product_id)
        .join(account, account.c.id == listing.c.account_id)
        .outerjoin(offer, and_(offer.c.listing_id == listing.c.id, offer.c.variant_id == variant.c.id))
        .where(variant.c.id.in_(variant_ids))
    )


def _lane(row: Row[Any], supply: Supply) -> Lane:
    on_its_way = row.under_way is not None or row.seeking is not None
    if row.offer_id is None:
        return Lane.FALL if on_its_way else Lane.RISE
    free = supply.free(row.variant_id, row.account_id, row.location_id)
    wanted = free - (0 if row.single_piece else row.buffer)
    unknown = row.quantity_unknown or row.quantity is None
    if wanted <= 0 and (unknown or row.quantity > 0):
        return Lane.STOP
    return Lane.FALL if unknown or row.quantity > wanted or on_its_way else Lane.RISE
