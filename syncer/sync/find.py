"""After a create whose outcome is unknown: look for the listing, adopt it, or be sure before sending again.

"Not found" is no proof until it was looked for twice, over the platform's search lag plus the time in which a
late write may land. Several hits, or one without our marker, are a question to a person.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from syncer.domain.listing import RemoteListing, Status
from syncer.sdk.operations import ListingRef
from syncer.store.engine import write
from syncer.store.marks import Due, Lane
from syncer.sync.brakes import ask_once
from syncer.sync.known import Known, merge
from syncer.sync.prepare import Task
from syncer.sync.record import Outcome, store
from syncer.sync.shop import Shop

LEAST_LOOKS = 2


def record_found(shop: Shop, task: Task, ref: ListingRef, hits: Sequence[RemoteListing], now: dt.datetime) -> None:
    """Record what a look for a listing of ours gave: adopt it, look again later, create it again, or ask."""
    alive = [hit for hit in hits if hit.status is not Status.DELETED]
    ours = [hit for hit in alive if hit.marker == ref.marker]
    if len(ours) == 1:
        _adopt(shop, task, ours[0], now)
    elif len(alive) >= 1:
        _ask(shop, task, alive, now)
    else:
        _not_found(shop, task, now)


def _adopt(shop: Shop, task: Task, found: RemoteListing, now: dt.datetime) -> None:
    keys = {offer.sku: offer.key for offer in task.wanted.offers} if task.wanted else {}
    outcome = Outcome(merge(Known(), found, keys), event="adopted", detail={"remote_id": found.remote_id})
    outcome.values = {
        "seeking": None,
        "due": task.item.due | int(Due.CONTENT),
        "lane": int(Lane.CONTENT),
        "due_at": now,
        "tries": 0,
        "problem": None,
        "settle_at": now + dt.timedelta(seconds=shop.settle_s()),
        "state": "waiting",
    }
    store(shop, task.item, outcome, now)


def _not_found(shop: Shop, task: Task, now: dt.datetime) -> None:
    seeking = dict(task.item.seeking or {"since": now.isoformat(), "looks": 0})
    seeking["looks"] += 1
    waited = (now - dt.datetime.fromisoformat(seeking["since"])).total_seconds()
    window = shop.finding.search_lag_s + shop.finding.late_write_s
    outcome = Outcome(task.item.known, event="not_found", detail={"looks": seeking["looks"]})
    if seeking["looks"] >= LEAST_LOOKS and waited >= window:
        outcome.values = {"seeking": None, "due_at": now, "state": "waiting", "settle_at": None}
    else:
        left = window - waited
        pause = min(max(2.0 ** seeking["looks"] * shop.timing.backoff_s, 0.05), left) if left > 0 else 0.05
        outcome.values = {"seeking": seeking, "due_at": now + dt.timedelta(seconds=max(pause, 0.02))}
        outcome.event = ""
    store(shop, task.item, outcome, now)


def _ask(shop: Shop, task: Task, hits: Sequence[RemoteListing], now: dt.datetime) -> None:
    detail = {
        "marker": task.wanted.marker if task.wanted else "",
        "candidates": [
            {"remote_id": hit.remote_id, "title": hit.fields.get("title", ""), "marker": hit.marker or ""}
            for hit in hits[:20]
        ],
    }
    with write(shop.engine) as connection:
        ask_once(connection, shop.account.id, task.item.id, "adopt", f"adopt:{task.item.id}", detail, now)
    outcome = Outcome(task.item.known, event="asking", detail=detail)
    outcome.values = {"due": 0, "lane": int(Lane.IDLE), "state": "asking", "settle_at": None}
    outcome.values["seeking"] = dict(task.item.seeking or {"since": now.isoformat(), "looks": 0})
    store(shop, task.item, outcome, now)
