"""What is written to a listing's row after a call, and the one statement that writes it.

Every statement carries our claim, so a process that lost its lease records nothing. The mark is cleared by
compare-and-set on the version that was read before the call: if it moved, the listing stays due.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Update, and_, bindparam, case, select, update

from syncer.domain.listing import Json, Status
from syncer.inventory.marking import lock_listings
from syncer.inventory.ripple import mark_variants
from syncer.sdk.errors import ConnectorError
from syncer.store.engine import write
from syncer.store.marks import Due, Lane, mark
from syncer.store.shaped import by_shape, parameters, run_all
from syncer.store.tables import listing, offer, photo, picture_upload
from syncer.store.wakeup import wake_after_commit
from syncer.sync.known import Known
from syncer.sync.rows import Item, OffersAfter, add_events, known_columns, store_all_offers
from syncer.sync.shop import Shop

#: In ``seeking``: since when a listing that was there is missed.
GONE_SINCE = "gone_since"
#: Columns that an edit since the call began has set anew: then they stay as the edit left them.
_MARKED = ("due", "lane", "acknowledged_version", "stock_due_since", "due_at", "tries", "strikes")
#: Rows that we have under way, held until the transaction ends; everybody takes them in this order.
_OURS = (
    select(listing.c.id, listing.c.version)
    .where(
        and_(
            listing.c.id.in_(bindparam("ids", expanding=True)),
            listing.c.claim == bindparam("by"),
            listing.c.claim_epoch == bindparam("epoch"),
        )
    )
    .order_by(listing.c.id)
    .with_for_update()
)


@dataclass(slots=True)
class Outcome:
    """What is written to the row after a call: what is known, columns, and a line of the timeline (``event``).

    ``offer_problems`` and ``cannot_stop`` hold values for offers by key. ``also`` runs in the same transaction.
    """

    known: Known
    values: dict[str, Any] = field(default_factory=dict)
    event: str = "sent"
    detail: dict[str, Any] = field(default_factory=dict)
    offer_problems: dict[str, Mapping[str, Any] | None] = field(default_factory=dict)
    cannot_stop: dict[str, dt.datetime | None] = field(default_factory=dict)
    forget_pictures: bool = False
    also: Callable[[Connection], None] | None = None


def store(shop: Shop, item: Item, outcome: Outcome, now: dt.datetime) -> bool:
    """Write an outcome to its row; return whether the claim was still ours."""
    with write(shop.engine) as connection:
        return store_in(connection, shop, item, outcome, now)


def make_good(shop: Shop, item: Item, names: Collection[str], now: dt.datetime) -> None:
    """Have a listing looked at by whoever may: our write was made, but our claim on it had ended meanwhile.

    That happens to a process that is paused on its way out: it asked whether it may send, slept for an hour, and
    the bytes went. Nothing is recorded of it; ``names`` is what it may have changed over a newer value.
    """
    with write(shop.engine) as connection:
        here = listing.c.id == item.id
        if mark(connection, here, Due.READ, Lane.FALL, now=now):
            late = connection.execute(select(listing.c.late).where(here)).scalar()
            connection.execute(update(listing).where(here).values(late=sorted({*names, *(late or ())})))
            wake_after_commit(connection)


def store_in(connection: Connection, shop: Shop, item: Item, outcome: Outcome, now: dt.datetime) -> bool:
    """Do the same inside the caller's transaction."""
    return bool(store_all_in(connection, shop, [(item, outcome)], now))


def store_all_in(
    connection: Connection, shop: Shop, outcomes: Sequence[tuple[Item, Outcome]], now: dt.datetime
) -> set[int]:
    """Write the outcomes of one call to their rows, with few statements; return the ids whose claims were ours."""
    if not shop.lease.held(connection):
        return set()
    others = {item.id: _others_move(item, outcome) for item, outcome in outcomes}
    if any(others.values()):
        lock_listings(connection, sorted({item.product_id for item, _ in outcomes if others[item.id]}))
    claim = {"ids": [item.id for item, _ in outcomes], "by": shop.claim_name, "epoch": shop.lease.epoch}
    versions = {row.id: row.version for row in connection.execute(_OURS, claim)}
    mine: list[tuple[Item, Outcome]] = []
    for item, outcome in outcomes:
        if item.id in versions:
            crossed = versions[item.id] != item.version
            known = _crossed(connection, item, outcome.known) if crossed else outcome.known
            mine.append((item, replace(outcome, known=known)))
    parts = [OffersAfter(item, one.known, one.offer_problems, one.cannot_stop) for item, one in mine]
    store_all_offers(connection, parts, now)
    for shape, rows in by_shape(_parameters(shop, item, outcome) for item, outcome in mine).items():
        run_all(connection, _update(shape), rows)
    add_events(connection, [(item.id, one.event, one.detail) for item, one in mine if one.event], now)
    for item, outcome in mine:
        if outcome.forget_pictures:
            _upload_again(connection, item, now)
        if others[item.id]:
            # Who shares its pieces may show none while this one can't be stopped, and again once it can.
            mark_variants(connection, others[item.id], now=now, without=item.id)
        if outcome.also is not None:
            outcome.also(connection)
    return set(versions)


def _others_move(item: Item, outcome: Outcome) -> list[int]:
    """Return the variants that can't be stopped here from now on, and those that can again."""
    stuck = {key for key, until in outcome.cannot_stop.items() if until is not None}
    freed = {key for key, until in outcome.cannot_stop.items() if until is None}
    return sorted(int(key) for key in (stuck - item.cannot_stop) | (freed & item.cannot_stop))


def _crossed(connection: Connection, item: Item, known: Known) -> Known:
    """Return ``known`` without the numbers that an order has made unknown during the call: the two may have crossed.

    What is kept of such a number is the least that may be there.
    """
    made = and_(offer.c.listing_id == item.id, offer.c.quantity_unknown)
    offers = dict(known.offers)
    for row in connection.execute(select(offer.c.variant_id, offer.c.quantity).where(made)):
        key = str(row.variant_id)
        there, before = offers.get(key), item.known.offers.get(key)
        if there is not None:
            sold = max((before.quantity or 0) - (row.quantity or 0), 0) if before is not None else 0
            low = None if there.quantity is None else max(there.quantity - sold, 0)
            offers[key] = replace(there, quantity=low, quantity_unknown=True)
    return replace(known, offers=offers)


def _parameters(shop: Shop, item: Item, outcome: Outcome) -> dict[str, Any]:
    values = outcome.values | {"claim": None, "claim_epoch": None, "under_way": None} | known_columns(outcome.known)
    keys = {"id": item.id, "version": item.version, "claim": shop.claim_name, "claim_epoch": shop.lease.epoch}
    return parameters(keys, values)


@lru_cache(maxsize=256)
def _update(shape: tuple[str, ...]) -> Update:
    """Return the one statement that writes an outcome with parameters of this ``shape``."""
    same = listing.c.version == bindparam("key_version")
    ours = (listing.c[name] == bindparam(f"key_{name}") for name in ("id", "claim", "claim_epoch"))
    values: dict[str, Any] = {}
    for name in (one.removeprefix("to_") for one in shape if one.startswith("to_")):
        column = listing.c[name]
        value = bindparam(f"to_{name}", type_=column.type)
        values[name] = case((same, value), else_=column) if name in _MARKED else value
    return update(listing).where(and_(*ours)).values(values)


def _upload_again(connection: Connection, item: Item, now: dt.datetime) -> None:
    """The channel has forgotten pictures of this listing: upload them anew; that marks the listing."""
    shown = select(photo.c.sha256).where(photo.c.product_id == item.product_id)
    same = and_(picture_upload.c.account_id == item.account_id, picture_upload.c.sha256.in_(shown))
    connection.execute(update(picture_upload).where(same).values(remote_id=None, tries=0, due_at=now))


def gone_outcome(shop: Shop, item: Item, known: Known, error: ConnectorError, now: dt.datetime) -> Outcome:
    """Return the outcome for a listing that isn't there any more.

    Deleting it is done, then. Otherwise it is looked for once more after the platform's reading lag, and then a
    person decides: it is never recreated by itself.
    """
    if item.wanted == "deleted":
        return deleted_outcome()
    missed = (item.seeking or {}).get(GONE_SINCE)
    lag = dt.timedelta(seconds=shop.finding.read_lag_s)
    if missed is None or now < dt.datetime.fromisoformat(missed) + lag:
        outcome = Outcome(known, event="")
        outcome.values = {"seeking": {GONE_SINCE: missed or now.isoformat()}, "due_at": now + lag, "state": item.state}
        outcome.values |= {"due": item.due | int(Due.READ), "lane": min(item.lane, int(Lane.CONTENT))}
        return outcome
    problem = error.problem().to_json()
    known = replace(known, status=Status.DELETED, unknown=frozenset())
    outcome = Outcome(known, event="gone", detail={"code": error.code, "words": error.words.to_json()})
    outcome.values = _at_rest() | {"state": "gone", "problem": problem}
    return outcome


def deleted_outcome() -> Outcome:
    """Return the outcome for a listing that we have deleted there."""
    outcome = Outcome(Known(), event="deleted")
    outcome.values = _at_rest() | {"state": "deleted", "problem": None, "strikes": 0}
    return outcome


def _at_rest() -> dict[str, Json]:
    return {
        "due": 0,
        "lane": int(Lane.IDLE),
        "stock_due_since": None,
        "not_before": None,
        "settle_at": None,
        "late": None,
        "seeking": None,
        "stop_by": None,
        "held": None,
        "tries": 0,
    }
