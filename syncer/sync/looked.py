"""Record what a look at the channel showed: what was unsure is known from now on, and what differs is due.

A look right after a write may still show the state before it, so it only settles what was unsure. What a write of
ours may have caused (its answer was lost, it may land late) is ours to mend; any other difference is drift.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import Connection

from syncer.catalogue.save import lock_catalogue
from syncer.channels.records import Owner
from syncer.domain.listing import RemoteListing, Status
from syncer.domain.problem import Problem, Who
from syncer.domain.words import Words
from syncer.inventory.reserving import note_held
from syncer.orders.reading import read_by
from syncer.sdk.errors import ConnectorError, Gone, Recovery
from syncer.store.engine import write
from syncer.store.locks import lock_products
from syncer.store.marks import Due, Lane
from syncer.sync.drift import find_drift, judge
from syncer.sync.known import SHAPE, STATUS, Known, merge, settle_unknown, sku_keys, take, unknown_names
from syncer.sync.outcome import Outcome, gone_outcome, store, store_in
from syncer.sync.prepare import REJECTED_CODE, STRIKES, Task, shown_state
from syncer.sync.record import backoff_s
from syncer.sync.rows import Item
from syncer.sync.shop import Shop
from syncer.sync.unexplained import explained, pause

#: In ``late``: whatever this listing shows may be of our own making (it was only just found again).
ALL_OURS = "*"
#: How many of a shop's reasons a problem tells: each storefront has its own.
_REASONS_TOLD = 3


class _Lost(Exception):
    """The claim isn't ours any more: nothing of this look is recorded."""


def record_read(shop: Shop, task: Task, found: RemoteListing, now: dt.datetime) -> Outcome:
    """Record a look at the channel and return what was recorded."""
    if found.status is Status.DELETED:
        return record_missing(shop, task, _deleted_there(), now)
    try:
        with write(shop.engine) as connection:
            return _record_in(connection, shop, task, found, now)
    except _Lost:
        return Outcome(task.item.known, event="lost")


def _record_in(connection: Connection, shop: Shop, task: Task, found: RemoteListing, now: dt.datetime) -> Outcome:
    if Owner.THEIRS in shop.account.field_owners.values():
        # What is taken into the catalogue locks that first, as every edit does.
        lock_catalogue(connection)
        lock_products(connection, [task.item.product_id])
    outcome = _Look(connection, shop, task, found, now).outcome()
    _note_held(connection, shop, outcome.known, found, now)
    if not store_in(connection, shop, task.item, outcome, now):
        raise _Lost
    return outcome


def _note_held(connection: Connection, shop: Shop, known: Known, found: RemoteListing, now: dt.datetime) -> None:
    """Keep what the channel holds for promotions beside the number that we set."""
    told = {offer.remote_id: offer.held for offer in found.offers if offer.held is not None}
    held = {int(one.key): told[one.remote_id] for one in known.offers.values() if one.remote_id in told}
    if held:
        note_held(connection, shop.account.id, held, now=now)


class _Look:
    """One look: ``seen`` is what it showed, in our terms."""

    def __init__(self, connection: Connection, shop: Shop, task: Task, found: RemoteListing, now: dt.datetime) -> None:
        self.connection, self.shop, self.task, self.found, self.now = connection, shop, task, found, now
        self.item: Item = task.item
        keys = {offer.sku: offer.key for offer in self.item.known.offers.values() if offer.sku}
        if task.rendered is not None:
            keys |= sku_keys(task.rendered)
        self.seen = merge(self.item.known, found, keys)
        #: Whether to look once more, when a read can't be of before our last write any more.
        self.once_more = False
        #: When to look again at a number that an order may explain.
        self.again_at: dt.datetime | None = None

    def outcome(self) -> Outcome:
        known = settle_unknown(self._learn())
        outcome = Outcome(known, event="read", detail={"status": known.status.value if known.status else ""})
        outcome.also = self._read_orders_first
        outcome.values = {"verified_at": self.now, "seeking": None, **self._next_look(known)}
        if not self.item.due:
            outcome.values["tries"] = 0
        self._state(outcome.values, known)
        if known != self.item.known or self.item.due or (self.item.problem and self.item.strikes < STRIKES):
            outcome.values |= self._due_again(known)
        return outcome

    def _read_orders_first(self, connection: Connection) -> None:
        if self.again_at is not None:
            read_by(connection, self.shop.account.id, self.again_at - pause(self.shop))

    def _learn(self) -> Known:
        """Return what is known after this look."""
        unsure = unknown_names(self.item.known)
        drifts = find_drift(self.item.known, self.seen, unsure)
        if self.task.too_young(self.shop.finding.read_lag_s):
            self.once_more = bool(drifts)
            return take(self.item.known, self.seen, unsure)
        names = unsure | self._ours() | ({STATUS} if self._platform_decided() else frozenset())
        drifts = [drift for drift in drifts if drift.name not in names]
        looked_at = self.task.claimed_at or self.now
        clear, self.again_at = explained(self.connection, self.shop, self.item, drifts, looked_at, self.now)
        if clear:
            names |= judge(self.connection, self.shop.account, self.item, clear, self.now)
        return take(self.item.known, self.seen, names)

    def _ours(self) -> frozenset[str]:
        """Return the names of what our own late writes may have changed."""
        late = self.item.late
        if ALL_OURS not in late:
            return frozenset(late)
        return frozenset({STATUS, SHAPE, *self.seen.fields, *_offer_names(self.seen), *_offer_names(self.item.known)})

    def _platform_decided(self) -> bool:
        """Whether only the platform can have changed the status: a review and its outcome, a show that came through."""
        reviewed = (Status.REVIEW, Status.REJECTED)
        shown = self.seen.status is Status.LIVE and self.item.wanted == "live"
        return shown or self.seen.status in reviewed or self.item.known.status in reviewed

    def _next_look(self, known: Known) -> dict[str, Any]:
        """Return when to look again, and what may still be spoiled by a late write until then."""
        item, waits = self.item, []
        later = item.settle_at is not None and item.settle_at > (self.task.claimed_at or self.now)
        if later and item.settle_at is not None:
            waits.append(item.settle_at)
        sure_from = self.now
        if item.acknowledged_at is not None:
            sure_from = item.acknowledged_at + dt.timedelta(seconds=self.shop.finding.read_lag_s)
        if known.status is Status.REVIEW:
            waits.append(max(self.now + dt.timedelta(seconds=self.shop.review_check_s), sure_from))
        if self.once_more:
            waits.append(sure_from)
        if self.again_at is not None:
            waits.append(self.again_at)
        keep = later or self.once_more
        return {"settle_at": min(waits, default=None), "late": (list(item.late) or None) if keep else None}

    def _state(self, values: dict[str, Any], known: Known) -> None:
        item = self.item
        if known.status is Status.REJECTED or self.found.reasons:
            # Also where an older version stays on sale: what was sent last was refused, and a person has to know.
            values |= {"state": "fix", "problem": _rejected(self.found).to_json()}
        elif item.strikes >= STRIKES or item.state in ("asking", "blocked"):
            values["state"] = item.state
        else:
            values["state"] = shown_state(known.status)
            if item.state in ("review", "fix"):
                values["problem"] = None

    def _due_again(self, known: Known) -> dict[str, Any]:
        """Look at the listing once more here: there may be something to write, or a problem that is over."""
        item = self.item
        before = [(offer.key, offer.quantity, offer.quantity_unknown) for offer in item.known.offers.values()]
        after = [(offer.key, offer.quantity, False) for offer in known.offers.values()]
        lane = min(item.lane, int(Lane.CONTENT if before == after else Lane.FALL))
        # What fails again and again although it can be read is tried less and less often.
        pause = backoff_s(self.shop, item.tries - 1, urgent=lane <= Lane.FALL) if item.tries > 1 else 0.0
        due_at = self.now + dt.timedelta(seconds=pause)
        return {"due": item.due & ~int(Due.READ) | int(Due.CONTENT), "lane": lane, "due_at": due_at}


def _offer_names(known: Known) -> set[str]:
    return {f"*{name}/{key}" for key in known.offers for name in ("price", "quantity")}


def record_missing(shop: Shop, task: Task, error: Gone, now: dt.datetime) -> Outcome:
    """Record that a listing isn't there any more; one that was written a moment ago may only not be seen yet."""
    if task.too_young(shop.finding.read_lag_s):
        return record_failed_read(shop, task, error, now)
    outcome = gone_outcome(shop, task.item, task.item.known, error, now)
    store(shop, task.item, outcome, now)
    return outcome


def record_failed_read(shop: Shop, task: Task, error: ConnectorError, now: dt.datetime) -> Outcome:
    """Record that a look at the channel failed: it is looked again after a pause."""
    item = task.item
    outcome = Outcome(item.known, event="", detail={"code": error.code})
    pause = max(backoff_s(shop, item.tries, urgent=False), error.after_s or 0.0)
    again = now + dt.timedelta(seconds=pause)
    outcome.values = {"tries": item.tries + 1, "due_at": again, "state": item.state}
    if item.settle_at is not None:
        outcome.values["settle_at"] = max(again, item.settle_at)
    if error.recovery in (Recovery.PARK, Recovery.FIX_LISTING) and item.tries + 1 >= STRIKES:
        outcome.values |= {"state": "parked", "problem": error.problem().to_json()}
    store(shop, item, outcome, now)
    return outcome


def _deleted_there() -> Gone:
    return Gone("deleted", Words("Produk ini sudah dihapus di toko.", "This product was deleted in the shop."))


def _rejected(found: RemoteListing) -> Problem:
    """Return all that was refused. The shop's own advice stands in its reasons: the remedy says what happens here."""
    said = list(dict.fromkeys(found.reasons))[:_REASONS_TOLD]
    if not said:
        said = [Words("Toko menolak produk ini.", "The shop rejected this product.")]
    reason = Words(" ".join(one.id for one in said), " ".join(one.en for one in said))
    remedy = Words(
        "Simpan perubahannya di sini; produknya lalu dikirim lagi sendiri.",
        "Save the change here; the product is then sent again by itself.",
    )
    return Problem(REJECTED_CODE, reason, remedy, Who.CRAFTER)
