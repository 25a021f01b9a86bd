"""The sweep: walk all listings of an account, compare them with what we know, and act on what drifted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog
from sqlalchemy import Connection, and_, select, update

from syncer.catalogue.save import lock_catalogue
from syncer.channels.unbound import note_unbound
from syncer.domain.listing import RemoteListing, Status
from syncer.orders.reading import read_by
from syncer.sdk.contract import PublishesListings
from syncer.sdk.errors import ConnectorError
from syncer.store.batches import batches
from syncer.store.engine import read, write
from syncer.store.locks import lock_products
from syncer.store.marks import Due, Lane, mark
from syncer.store.tables import account, listing
from syncer.store.wakeup import wake_after_commit
from syncer.sync.account_state import account_refused
from syncer.sync.drift import Drift, find_drift, judge
from syncer.sync.known import Known, merge, take
from syncer.sync.rows import Item, known_columns, load_items, store_offers
from syncer.sync.shop import NotSent, Shop, utc_now
from syncer.sync.unexplained import explained, pause

_LOG = structlog.get_logger("syncer.sync")
#: A walk longer than this many pages has lost its way (security.md H5).
MOST_PAGES = 10_000
_AT_ONCE = 200


@dataclass(slots=True)
class Swept:
    """What a sweep found: how many listings were seen, what drifted, and which are not ours.

    ``unjudged``: how many of the seen ones were left for the next sweep, because work is under way for them or a
    write so fresh that the shop may still show what was before it.
    """

    account: str
    seen: int = 0
    unjudged: int = 0
    drifts: list[tuple[int, Drift]] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)
    missing: list[int] = field(default_factory=list)
    complete: bool = False
    problem: ConnectorError | None = None


class _Moved(Exception):
    """The listing was claimed while it was judged: nothing of that is kept."""


def sweep(shop: Shop) -> Swept:
    """Walk all listings of one account, page by page, paced below everything else."""
    found = Swept(shop.account.name)
    if not isinstance(shop.connector, PublishesListings):
        return found
    began = utc_now()
    shop.gate.enter(Lane.READ, held=False)
    try:
        seen = _walk(shop, shop.connector, found)
    except NotSent:
        return found
    except ConnectorError as error:
        found.problem = error
        account_refused(shop, error)
        return found
    finally:
        shop.gate.leave()
    if found.complete:
        _look_for_missing(shop, seen, found, began)
    return found


def _walk(shop: Shop, connector: PublishesListings, found: Swept) -> set[str]:
    """Judge page after page; return the remote ids that were seen."""
    seen: set[str] = set()
    cursors: set[str | None] = set()
    cursor: str | None = None
    for _ in range(MOST_PAGES):
        if cursor in cursors:
            break
        cursors.add(cursor)
        asked_at = utc_now()
        page = connector.fetch_listings(cursor)
        found.seen += len(page.listings)
        _judge_page(shop, page.listings, found, asked_at)
        seen |= {one.remote_id for one in page.listings}
        cursor = page.cursor
        if cursor is None:
            found.complete = True
            break
    return seen


def _judge_page(shop: Shop, page: Sequence[RemoteListing], found: Swept, asked_at: dt.datetime) -> None:
    """Note which listings are as we know them, and judge the others one by one."""
    with read(shop.engine) as connection:
        bound = _bound(connection, shop.account.id, [one.remote_id for one in page])
        items = load_items(connection, list(bound.values()))
    same: list[int] = []
    decided: list[int] = []
    strangers: list[RemoteListing] = []
    for one in page:
        item = items.get(bound.get(one.remote_id, 0))
        if item is None:
            if one.status is not Status.DELETED:
                found.strangers.append(one.remote_id)
                strangers.append(one)
        elif _may_judge(shop, item, asked_at):
            if find_drift(item.known, _seen(item, one), ()):
                found.drifts += [(item.id, drift) for drift in _judge(shop, item, one, asked_at)]
            elif one.status not in (None, item.known.status):
                decided.append(item.id)
            else:
                same.append(item.id)
        else:
            found.unjudged += 1
    if not (same or decided or strangers):
        return
    with write(shop.engine) as connection:
        # Nothing is published that the shop has begun to sell by itself.
        note_unbound(connection, shop.account.id, strangers)
        connection.execute(update(listing).where(listing.c.id.in_(same)).values(verified_at=asked_at))
        # A review, a ban, a deletion: a look at that one listing says why.
        mark(connection, listing.c.id.in_(decided), Due.READ, Lane.READ, now=utc_now())


def _bound(connection: Connection, account_id: int, remote_ids: Sequence[str]) -> Mapping[str, int]:
    query = select(listing.c.id, listing.c.remote_id).where(
        and_(listing.c.account_id == account_id, listing.c.remote_id.in_(remote_ids))
    )
    return {row.remote_id: row.id for row in connection.execute(query)}


def _seen(item: Item, found: RemoteListing) -> Known:
    keys = {offer.sku: offer.key for offer in item.known.offers.values() if offer.sku}
    return merge(item.known, found, keys)


def _may_judge(shop: Shop, item: Item, asked_at: dt.datetime) -> bool:
    """A listing with work under way isn't judged, nor one that was written or read after the page was asked for."""
    if item.due or item.claimed or item.settle_at is not None or item.seeking or item.known.uncertain:
        return False
    lag = dt.timedelta(seconds=shop.finding.read_lag_s)
    wrote, looked = item.acknowledged_at, item.verified_at
    return (wrote is None or wrote + lag < asked_at) and (looked is None or looked < asked_at)


def _judge(shop: Shop, item: Item, found: RemoteListing, asked_at: dt.datetime) -> list[Drift]:
    """Act on what drifted of one listing, unless it moved meanwhile."""
    try:
        with write(shop.engine) as connection:
            return _judge_in(connection, shop, item, found, asked_at)
    except _Moved:
        return []


def _judge_in(
    connection: Connection, shop: Shop, item: Item, found: RemoteListing, asked_at: dt.datetime
) -> list[Drift]:
    # What is taken into the catalogue locks that first, as every edit does.
    lock_catalogue(connection)
    lock_products(connection, [item.product_id])
    now = utc_now()
    item = load_items(connection, [item.id])[item.id]
    if not _may_judge(shop, item, asked_at):
        return []
    seen = _seen(item, found)
    drifts = find_drift(item.known, seen, ())
    clear, again_at = explained(connection, shop, item, drifts, asked_at, now)
    learned = judge(connection, shop.account, item, clear, now)
    if load_items(connection, [item.id], lock=True)[item.id].claimed:
        raise _Moved
    known = take(item.known, seen, learned)
    values: dict[str, Any] = {"verified_at": asked_at, "settle_at": again_at}
    if known != item.known:
        store_offers(connection, item, known, now=now)
        values |= known_columns(known)
    connection.execute(update(listing).where(listing.c.id == item.id).values(values))
    if known != item.known:
        urgent = any(drift.field in ("stock", "variant", "status") for drift in clear)
        due = Due.CONTENT | Due.PRICE | Due.STOCK
        mark(connection, listing.c.id == item.id, due, Lane.FALL if urgent else Lane.CONTENT, now=now)
    if again_at is not None:
        read_by(connection, shop.account.id, again_at - pause(shop))
    wake_after_commit(connection)
    return drifts


def _look_for_missing(shop: Shop, seen: set[str], found: Swept, began: dt.datetime) -> None:
    """A listing that the walk did not show may be deleted, or only hidden from the walk: ask for a look at it."""
    with read(shop.engine) as connection:
        query = select(listing.c.id, listing.c.remote_id).where(
            and_(
                listing.c.account_id == shop.account.id,
                listing.c.remote_id.is_not(None),
                listing.c.state.not_in(("gone", "deleted")),
                listing.c.claim.is_(None),
                listing.c.due == 0,
                listing.c.acknowledged_at < began,
            )
        )
        found.missing = [row.id for row in connection.execute(query) if row.remote_id not in seen]
    for some in batches(found.missing, _AT_ONCE):
        with write(shop.engine) as connection:
            part = listing.c.id.in_(some)
            mark(connection, part, Due.READ, Lane.READ, now=utc_now())
    with write(shop.engine) as connection:
        connection.execute(update(account).where(account.c.id == shop.account.id).values(swept_at=began))
        wake_after_commit(connection)


def log_sweep(found: Swept) -> None:
    """Write one line about a sweep."""
    _LOG.info(
        "sweep",
        account=found.account,
        seen=found.seen,
        unjudged=found.unjudged,
        drifts=len(found.drifts),
        strangers=len(found.strangers),
        missing=len(found.missing),
        complete=found.complete,
        error_code=found.problem.code if found.problem else "",
    )
