"""Mark the listings whose numbers move with the stock, in the lane that the movement deserves.

One set-based statement, run after the levels were written: it compares, per listing, what the channel shows of
the moved variants with what is free now for that account (its own location, or the pool), minus its buffer.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from functools import cache

from sqlalchemy import ColumnElement, Connection, Update, and_, bindparam, case, func, or_, select

from syncer.inventory.placing import settle_places
from syncer.inventory.ripple import anything_hangs, lock_listings, mark_variants
from syncer.store.batches import batches
from syncer.store.least import least
from syncer.store.marks import Due, Lane, mark_statement, run_mark
from syncer.store.tables import account, listing, location, offer, stock_level, variant
from syncer.store.wakeup import wake_after_commit

_OF_LISTINGS = listing.c.id.in_(bindparam("listings", expanding=True))
_OF_PRODUCTS = listing.c.product_id.in_(bindparam("products", expanding=True))


def mark_moved(
    connection: Connection,
    product_ids: Sequence[int],
    variant_ids: Sequence[int],
    *,
    now: dt.datetime,
    cause_id: int | None = None,
    alone: bool | None = None,
) -> int:
    """Mark the listings of ``product_ids`` after the stock of ``variant_ids`` moved; return how many.

    A number that falls to zero there is a stop, any other fall a fall, the rest a rise. What is shown there
    counts as buyable while it isn't known (a write is under way). ``alone``: nothing else decides what is shown of
    them, or hangs on it (a campaign, a bundle, a crafter's week); ``None``: look.
    """
    if alone is None:
        alone = not anything_hangs(connection)
    if not alone:
        return mark_variants(connection, variant_ids, now=now, cause_id=cause_id)
    marked = 0
    statement = _mark_moved(cause_id is not None)
    for part in batches(product_ids):
        lists = {"products": part, "variants": variant_ids}
        marked += run_mark(connection, _OF_PRODUCTS, statement, now=now, cause_id=cause_id, parameters=lists)
    if marked:
        wake_after_commit(connection)
    settle_places(connection, variant_ids, now=now)
    return marked


def mark_unsure(
    connection: Connection, listing_ids: Sequence[int], variant_ids: Sequence[int], *, now: dt.datetime
) -> int:
    """Mark listings whose number there is, or may be, another than we thought; return how many.

    Whoever calls this has written what is known of these offers by now; an unknown number makes it a stop or a fall.
    """
    marked = 0
    for part in batches(listing_ids):
        lists = {"listings": part, "variants": variant_ids}
        marked += run_mark(connection, _OF_LISTINGS, _mark_unsure(), now=now, parameters=lists)
    if marked:
        wake_after_commit(connection)
    return marked


@cache
def _mark_unsure() -> Update:
    return mark_statement(_OF_LISTINGS, Due.STOCK, _lane(), with_cause=False)


@cache
def _mark_moved(with_cause: bool) -> Update:
    """Return the statement, built once: every change of stock runs it, and building it costs more than running it."""
    return mark_statement(_OF_PRODUCTS, Due.STOCK, _lane(), with_cause=with_cause)


def _lane() -> ColumnElement[int]:
    """The lane that the most urgent moved offer of a listing deserves; every offer is looked at once."""
    shows_some = or_(offer.c.quantity_unknown, func.coalesce(offer.c.quantity, 1) > 0)
    shows_more = or_(offer.c.quantity_unknown, offer.c.quantity.is_(None), offer.c.quantity > _wanted())
    on_its_way = or_(listing.c.under_way.is_not(None), listing.c.seeking.is_not(None))
    stops = and_(shows_some, _wanted() <= 0)
    moved = offer.c.variant_id.in_(bindparam("variants", expanding=True))
    of_offers = (
        select(func.min(case((stops, int(Lane.STOP)), (shows_more, int(Lane.FALL)), else_=int(Lane.RISE))))
        .select_from(offer)
        .join(variant, variant.c.id == offer.c.variant_id)
        .join(account, account.c.id == listing.c.account_id)
        .where(and_(offer.c.listing_id == listing.c.id, moved))
        .correlate(listing)
        .scalar_subquery()
    )
    of_listing = case((on_its_way, int(Lane.FALL)), else_=int(Lane.RISE))
    return least(func.coalesce(of_offers, int(Lane.RISE)), of_listing)


def _wanted() -> ColumnElement[int]:
    """What the account may show of the offer's variant, before its cap; a single piece is not hidden by a buffer.

    The lane needs no cap: what is shown above it, yet within this, is there to be sold, so that fall isn't urgent.
    """
    own = account.c.location_id.is_not(None)
    counts = or_(and_(own, location.c.id == account.c.location_id), and_(~own, location.c.pooled))
    free = (
        select(func.coalesce(func.sum(stock_level.c.on_hand - stock_level.c.held), 0))
        .join(location, location.c.id == stock_level.c.location_id)
        .where(and_(stock_level.c.variant_id == offer.c.variant_id, counts))
        .correlate(offer, account)
        .scalar_subquery()
    )
    wanted: ColumnElement[int] = free - case((variant.c.single_piece, 0), else_=account.c.buffer)
    return wanted


__all__ = ["lock_listings", "mark_moved", "mark_unsure"]
