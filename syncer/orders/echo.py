"""A sale there may have lowered the number there: what an order tells about the channel's own stock.

The whole is in docs/architecture.md, "Orders and the ledger".
Only where the platform is known to lower (or give back) its number at that status, and no write or look of ours can
have crossed the sale, does the acknowledged number move with it. In every other case it is unknown, and set again: an
extra write costs a call, a missed one costs a bowl.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, and_, select, update

from syncer.domain.order import Meaning
from syncer.inventory.marking import mark_unsure
from syncer.orders.binding import Named, named
from syncer.orders.book import Bound, Stored
from syncer.sdk.contract import OrderFacts
from syncer.store.batches import batches
from syncer.store.tables import listing, offer

#: The platform's clock and ours may differ by so much.
CLOCKS_S = 5.0
#: An order that was placed long before the number there was last seen is in that number already; so long.
_LONG_S = 300.0


class Part(NamedTuple):
    """Some pieces of one offer in an order, in one status."""

    line_id: str
    name: Named
    quantity: int
    status: str


@dataclass(frozen=True, slots=True)
class Moved:
    """What an order did to the channel's number of one variant, as far as that is known.

    ``pieces`` lowered it (negative: were given back), if ``sure``; else it may have fallen by at most ``at_most``.
    ``since``: it happened after this moment of the platform's clock; ``until``: and not after that one.
    """

    variant_id: int
    pieces: int
    sure: bool
    at_most: int
    since: dt.datetime
    until: dt.datetime
    names: frozenset[Named]


def changes_of(
    facts: OrderFacts, stored: Stored, status: str, lines: Sequence[Bound], *, since: dt.datetime, until: dt.datetime
) -> list[Moved]:
    """Return what an order going from ``stored`` to ``status`` and ``lines`` did to the channel's numbers."""
    before: dict[int, list[Part]] = {}
    after: dict[int, list[Part]] = {}
    strange = {one.line_id for one in stored.lines if one.variant_id is None}
    for one in stored.lines:
        if one.variant_id is not None:
            part = Part(one.line_id, one.name, one.quantity, stored.status_of(one))
            before.setdefault(one.variant_id, []).append(part)
    for bound in lines:
        if bound.variant_id is not None:
            part = Part(bound.line_id, named(bound.line), bound.line.quantity, bound.line.status or status)
            after.setdefault(bound.variant_id, []).append(part)
    found = []
    for variant_id in sorted(before.keys() | after.keys()):
        old, new = sorted(before.get(variant_id, [])), sorted(after.get(variant_id, []))
        unbound = any(part.line_id in strange for part in new)
        if old == new and not unbound:
            continue
        moved = _moved(facts, variant_id, old, new, since=since, until=until, unbound=unbound)
        if moved is not None:
            found.append(moved)
    return found


def _moved(
    facts: OrderFacts,
    variant_id: int,
    old: Sequence[Part],
    new: Sequence[Part],
    *,
    since: dt.datetime,
    until: dt.datetime,
    unbound: bool,
) -> Moved | None:
    was, now = _lowered(facts, old), _lowered(facts, new)
    sure = was.known and now.known and not unbound
    pieces = now.sure - was.sure
    if sure and pieces == 0 and not (not old and _called_off(facts, new)):
        return None
    names = frozenset(part.name for part in (*old, *new))
    return Moved(variant_id, pieces, sure, max(now.most - was.sure, 0), since, until, names)


class _Lowered(NamedTuple):
    """By how many pieces the platform lowered its number: surely, and at most."""

    sure: int
    most: int
    known: bool


def _lowered(facts: OrderFacts, parts: Iterable[Part]) -> _Lowered:
    sure = most = 0
    known = True
    for part in parts:
        lowers = facts.lowers.get(part.status)
        sure += part.quantity if lowers else 0
        most += part.quantity if lowers is not False else 0
        known = known and (lowers is not None or part.quantity == 0)
    return _Lowered(sure, most, known)


def _called_off(facts: OrderFacts, parts: Iterable[Part]) -> bool:
    """Whether an order that we never saw open is off already: in between, its number went down and up again."""
    return any(facts.meaning(part.status) is Meaning.BACK for part in parts)


def after_orders(
    connection: Connection, account_id: int, moves: Sequence[Moved], *, now: dt.datetime, opening: bool = False
) -> list[int]:
    """Move the acknowledged numbers with the sales, or make them unknown and mark their listings.

    ``opening``: the orders are from before the account went live; numbers read well after them hold them already.

    Inside the locks of :func:`syncer.inventory.posting.lock_stock`, before the stock is posted. Returns the listings
    whose number is to be set again.
    """
    offers = _offers(connection, account_id, sorted({one.variant_id for one in moves}))
    shown: dict[int, tuple[int | None, bool]] = {
        key: (row.quantity, row.quantity_unknown) for key, row in offers.items()
    }
    touched: set[int] = set()
    for one in moves:
        row = offers.get(one.variant_id)
        if row is None or (opening and _seen_long_after(row, one)):
            continue
        touched.add(one.variant_id)
        quantity, unknown = shown[one.variant_id]
        settled = not unknown and quantity is not None
        if settled and quantity is not None and _follows(row, one) and quantity - one.pieces >= 0:
            shown[one.variant_id] = (quantity - one.pieces, False)
        elif quantity is None:
            shown[one.variant_id] = (None, True)
        else:
            # While it is unknown, the number says the least that may be there.
            shown[one.variant_id] = (max(quantity - one.at_most, 0), True)
    due: dict[int, list[int]] = {}
    unsure: set[int] = set()
    for variant_id, row in offers.items():
        quantity, unknown = shown[variant_id]
        if (quantity, unknown) != (row.quantity, row.quantity_unknown):
            values: dict[str, Any] = {"quantity": quantity, "quantity_unknown": unknown}
            connection.execute(update(offer).where(offer.c.id == row.offer_id).values(values))
        if (quantity, unknown) != (row.quantity, row.quantity_unknown) or (unknown and variant_id in touched):
            # Also where it moved for certain: it may be below what is to be shown there now, because of a cap, say.
            due.setdefault(row.listing_id, []).append(variant_id)
            unsure |= {row.listing_id} if unknown else set()
    if due:
        variants = sorted({variant_id for ids in due.values() for variant_id in ids})
        mark_unsure(connection, sorted(due), variants, now=now)
    return sorted(unsure)


def _offers(connection: Connection, account_id: int, variant_ids: Sequence[int]) -> dict[int, Row[Any]]:
    """Return what one account shows of these variants, by variant."""
    found: dict[int, Row[Any]] = {}
    for part in batches(variant_ids):
        here = and_(
            listing.c.account_id == account_id,
            listing.c.remote_id.is_not(None),
            offer.c.variant_id.in_(part),
        )
        query = (
            select(
                offer.c.id.label("offer_id"),
                offer.c.listing_id,
                offer.c.variant_id,
                offer.c.remote_id,
                offer.c.quantity,
                offer.c.quantity_unknown,
                offer.c.acknowledged_at.label("offer_acknowledged_at"),
                listing.c.remote_id.label("listing_remote_id"),
                listing.c.acknowledged_at,
                listing.c.verified_at,
                listing.c.claim,
                listing.c.seeking,
                listing.c.late,
            )
            .join(listing, listing.c.id == offer.c.listing_id)
            .where(here)
        )
        found.update((row.variant_id, row) for row in connection.execute(query))
    return found


def _follows(row: Row[Any], moved: Moved) -> bool:
    """Whether the number that we know moves with the order: nothing of ours can have crossed it."""
    if not moved.sure or row.claim is not None or row.seeking is not None:
        return False
    if f"*quantity/{row.variant_id}" in (row.late or ()):
        return False
    ours = {(row.listing_remote_id, row.remote_id), (row.listing_remote_id, "")}
    if any((name.listing_id, name.offer_id) not in ours for name in moved.names):
        return False
    moments = (row.offer_acknowledged_at, row.acknowledged_at, row.verified_at)
    last = max((moment for moment in moments if moment is not None), default=None)
    return last is not None and last < moved.since - dt.timedelta(seconds=CLOCKS_S)


def _seen_long_after(row: Row[Any], moved: Moved) -> bool:
    moments = (row.offer_acknowledged_at, row.verified_at)
    last = max((moment for moment in moments if moment is not None), default=None)
    return last is not None and last > moved.until + dt.timedelta(seconds=_LONG_S)
