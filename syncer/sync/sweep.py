"""The sweep: walk all listings of an account, compare them with what we know, and act on what drifted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog
from sqlalchemy import and_, select, update

from syncer.domain.listing import RemoteListing, Status
from syncer.sdk.contract import PublishesListings
from syncer.sdk.errors import ConnectorError
from syncer.store.engine import write
from syncer.store.marks import Due, Lane, mark
from syncer.store.tables import account, listing
from syncer.sync.account_state import account_refused
from syncer.sync.drift import Drift, judge_listing
from syncer.sync.rows import load_items
from syncer.sync.shop import NotSent, Shop

_LOG = structlog.get_logger("syncer.sync")
#: A walk longer than this many pages has lost its way (security.md H5).
MOST_PAGES = 10_000


@dataclass(slots=True)
class Swept:
    """What a sweep found: how many listings were seen and judged, what drifted, and which are not ours."""

    account: str
    seen: int = 0
    drifts: list[tuple[int, Drift]] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)
    missing: list[int] = field(default_factory=list)
    complete: bool = False
    problem: ConnectorError | None = None


def sweep(shop: Shop, now: dt.datetime) -> Swept:
    """Walk all listings of one account, page by page, paced below everything else."""
    found = Swept(shop.account.name)
    connector = shop.connector
    if not isinstance(connector, PublishesListings):
        return found
    shop.gate.enter(Lane.READ, paid=False)
    seen_ids: set[str] = set()
    cursors: set[str | None] = set()
    cursor: str | None = None
    try:
        for _ in range(MOST_PAGES):
            if cursor in cursors:
                break
            cursors.add(cursor)
            page = connector.fetch_listings(cursor)
            _judge_page(shop, page.listings, found, dt.datetime.now(dt.UTC))
            seen_ids |= {one.remote_id for one in page.listings}
            cursor = page.cursor
            if cursor is None:
                found.complete = True
                break
    except NotSent:
        return found
    except ConnectorError as error:
        found.problem = error
        account_refused(shop, error)
        return found
    finally:
        shop.gate.leave()
    if found.complete:
        _look_for_missing(shop, seen_ids, found, now)
    return found


def _judge_page(shop: Shop, page: Sequence[RemoteListing], found: Swept, now: dt.datetime) -> None:
    found.seen += len(page)
    ids = [one.remote_id for one in page]
    with write(shop.engine) as connection:
        query = select(listing.c.id, listing.c.remote_id).where(
            and_(listing.c.account_id == shop.account.id, listing.c.remote_id.in_(ids))
        )
        bound = {row.remote_id: row.id for row in connection.execute(query)}
        items = load_items(connection, list(bound.values()))
        for one in page:
            item = items.get(bound.get(one.remote_id, 0))
            if item is None:
                if one.status is not Status.DELETED:
                    found.strangers.append(one.remote_id)
                continue
            found.drifts += [(item.id, drift) for drift in judge_listing(connection, shop.account, item, one, now)]


def _look_for_missing(shop: Shop, seen: set[str], found: Swept, now: dt.datetime) -> None:
    """A listing that the walk did not show may be deleted, or only hidden from the walk: ask for a look at it."""
    with write(shop.engine) as connection:
        query = select(listing.c.id, listing.c.remote_id).where(
            and_(
                listing.c.account_id == shop.account.id,
                listing.c.remote_id.is_not(None),
                listing.c.state.not_in(("gone", "deleted", "hidden")),
                listing.c.claim.is_(None),
                listing.c.due == 0,
            )
        )
        found.missing = [row.id for row in connection.execute(query) if row.remote_id not in seen]
        for start in range(0, len(found.missing), 200):
            part = listing.c.id.in_(found.missing[start : start + 200])
            mark(connection, part, Due.READ, Lane.READ, now=now)
        connection.execute(update(account).where(account.c.id == shop.account.id).values(swept_at=now))


def log_sweep(found: Swept) -> None:
    """Write one line about a sweep."""
    _LOG.info(
        "sweep",
        account=found.account,
        seen=found.seen,
        drifts=len(found.drifts),
        strangers=len(found.strangers),
        missing=len(found.missing),
        complete=found.complete,
        code=found.problem.code if found.problem else "",
    )
