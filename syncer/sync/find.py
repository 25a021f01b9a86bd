"""After a create whose outcome is unknown: look for the listing, adopt it, or be sure before sending again.

"Not found" is no proof until it was looked for twice, over the platform's search lag plus the time in which a
late write may land. Several hits, or one without our marker, are a question to a person.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import Connection, and_, select

from syncer.channels.unbound import forget_unbound
from syncer.domain.listing import Json, RemoteListing, Status
from syncer.sdk.contract import PublishesListings
from syncer.sdk.operations import ListingRef
from syncer.store.engine import read
from syncer.store.marks import Due, Lane
from syncer.store.tables import listing
from syncer.sync.brakes import ask_once
from syncer.sync.known import Known, merge
from syncer.sync.looked import ALL_OURS
from syncer.sync.outcome import Outcome, store
from syncer.sync.prepare import Task
from syncer.sync.shelf import sold_there_problem, still_sold
from syncer.sync.shop import Shop

LEAST_LOOKS = 2
#: A platform's clock and ours may differ by so much.
CLOCK_LEEWAY = dt.timedelta(minutes=10)


def references(task: Task) -> list[ListingRef]:
    """Return how to recognise the listing, and since when it may exist there (``None``: any time).

    If it was sent with other SKUs than it has now (renamed, added or dropped meanwhile), those come first: it is there
    with what it was sent with.
    """
    assert task.wanted is not None
    seeking = task.item.seeking or {}
    tried = None if seeking.get("any_age") else seeking.get("tried")
    since = dt.datetime.fromisoformat(tried) - CLOCK_LEEWAY if tried else None
    sent, now = tuple(_sent_skus(task)), tuple(offer.sku for offer in task.wanted.offers)
    return [ListingRef(task.wanted.marker, skus, since) for skus in dict.fromkeys([sent, now]) if skus]


def _sent_skus(task: Task) -> dict[str, str]:
    """Return the SKUs that the create carried whose outcome is unsure, with our keys of their offers."""
    return {str(sku): str(key) for key, sku in dict((task.item.seeking or {}).get("skus") or {}).items()}


def record_found(shop: Shop, task: Task, hits: Sequence[RemoteListing], now: dt.datetime) -> None:
    """Record what a look for a listing of ours gave: adopt it, look again later, create it again, or ask."""
    alive = _free(shop, task, [hit for hit in hits if hit.status is not Status.DELETED])
    if task.there:
        store(shop, task.item, _sold_there(shop, task, alive, now), now)
        return
    ours = [hit for hit in alive if task.wanted is not None and hit.marker == task.wanted.marker]
    if len(ours) == 1:
        store(shop, task.item, _adopt(shop, task, ours[0], now), now)
    elif alive:
        store(shop, task.item, _ask(shop, task, ours or alive, now), now)
    else:
        store(shop, task.item, _not_found(shop, task, now), now)


def _free(shop: Shop, task: Task, hits: Sequence[RemoteListing]) -> list[RemoteListing]:
    """Leave out what is another listing of ours: a SKU may have moved from one product to another."""
    ids = [hit.remote_id for hit in hits]
    bound = select(listing.c.remote_id).where(
        and_(listing.c.account_id == shop.account.id, listing.c.remote_id.in_(ids), listing.c.id != task.item.id)
    )
    with read(shop.engine) as connection:
        taken = set(connection.execute(bound).scalars())
    return [hit for hit in hits if hit.remote_id not in taken]


def look_for(publisher: PublishesListings, task: Task) -> list[RemoteListing]:
    """Look for a listing: those that are known to sell its SKUs one by one, else by the strongest look-up there is."""
    if task.there:
        return still_sold(publisher, task.there)
    hits: dict[str, RemoteListing] = {}
    for ref in references(task):
        for hit in publisher.find_listing(ref):
            if hit.remote_id not in hits or hit.marker == ref.marker:
                hits[hit.remote_id] = hit
    found = list(hits.values())
    marked = task.wanted is not None and len(found) == 1 and found[0].marker == task.wanted.marker
    return [publisher.fetch_listing(found[0].remote_id)] if marked and not found[0].offers_complete else found


def _sold_there(shop: Shop, task: Task, hits: Sequence[RemoteListing], now: dt.datetime) -> Outcome:
    """Hold what the shop sells already for a person; make it if the shop doesn't sell it any more."""
    if not hits:
        outcome = Outcome(task.item.known, event="", values={"due_at": now, "state": "waiting", "problem": None})
        outcome.also = lambda connection: forget_unbound(connection, shop.account.id, task.there)
        return outcome
    problem = sold_there_problem(shop.account.name, hits, task.there).to_json()
    rest = {"due": 0, "lane": int(Lane.IDLE), "stock_due_since": None, "held": None, "tries": 0}
    event = "" if problem == task.item.problem else "park"
    return Outcome(task.item.known, values={**rest, "state": "parked", "problem": problem}, event=event, detail=problem)


def _adopt(shop: Shop, task: Task, found: RemoteListing, now: dt.datetime) -> Outcome:
    """Take it as ours. What it shows may be old, or half done: whatever differs later is ours to mend."""
    keys = ({offer.sku: offer.key for offer in task.wanted.offers} if task.wanted else {}) | _sent_skus(task)
    outcome = Outcome(merge(Known(), found, keys), event="adopted", detail={"remote_id": found.remote_id})
    outcome.values = {
        "seeking": None,
        "due": task.item.due | int(Due.CONTENT),
        "lane": min(task.item.lane, int(Lane.CONTENT)),
        "due_at": now,
        "tries": 0,
        "problem": None,
        "acknowledged_at": now,
        "settle_at": now + dt.timedelta(seconds=shop.settle_s()),
        "late": [ALL_OURS],
        "state": "waiting",
    }
    return outcome


def _not_found(shop: Shop, task: Task, now: dt.datetime) -> Outcome:
    """Look again, until it is sure. What counts is when a look began: its answer may be long in coming."""
    began = task.claimed_at or now
    seeking = dict(task.item.seeking or {"since": began.isoformat(), "looks": 0})
    seeking["looks"] += 1
    waited = (began - dt.datetime.fromisoformat(seeking["since"])).total_seconds()
    window = shop.finding.search_lag_s + shop.finding.late_write_s
    outcome = Outcome(task.item.known, event="", detail={"looks": seeking["looks"]})
    if seeking["looks"] >= LEAST_LOOKS and waited >= window:
        outcome.event = "not_found"
        outcome.values = {"seeking": None, "due_at": now, "state": "waiting", "settle_at": None, "late": None}
        # In a restored database this says that it was looked for.
        outcome.values |= {"verified_at": now, "tries": 0}
        return outcome
    left = window - waited
    pause = min(shop.timing.backoff_s * 2.0 ** min(seeking["looks"], 16), max(left, 0.0))
    outcome.values = {"seeking": seeking, "due_at": now + dt.timedelta(seconds=max(pause, 0.05)), "state": "waiting"}
    return outcome


def _ask(shop: Shop, task: Task, hits: Sequence[RemoteListing], now: dt.datetime) -> Outcome:
    item = task.item
    candidates = [
        {"remote_id": hit.remote_id, "title": hit.fields.get("title", ""), "marker": hit.marker or ""}
        for hit in hits[:20]
    ]
    detail = {"marker": task.wanted.marker if task.wanted else "", "candidates": candidates}
    outcome = Outcome(item.known, event="asking", detail=detail)
    outcome.values = {"due": 0, "lane": int(Lane.IDLE), "state": "asking", "settle_at": None}
    outcome.values["seeking"] = dict(item.seeking or {"since": now.isoformat(), "looks": 0})
    outcome.also = lambda connection: _ask_adopt(connection, shop, item.id, detail, now)
    return outcome


def _ask_adopt(connection: Connection, shop: Shop, listing_id: int, detail: dict[str, Json], now: dt.datetime) -> None:
    ask_once(connection, shop.account.id, listing_id, "adopt", f"adopt:{listing_id}", detail, now)
