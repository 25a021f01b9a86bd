"""Record what became of a call: remote ids first, then acknowledged state, or a classified problem.

Every statement carries our claim, so a process that lost its lease records nothing. The mark is cleared by
compare-and-set on the version that was read before the call: if it moved, the listing stays due.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection, and_, case, select, update

from syncer.domain.listing import RemoteListing, Status
from syncer.domain.problem import Problem, Who
from syncer.domain.words import Words
from syncer.sdk.contract import HasReview
from syncer.sdk.errors import ConnectorError, Gone, PictureGone, Recovery, Transient, Unclassified
from syncer.sdk.operations import Kind, Result
from syncer.store.engine import write
from syncer.store.marks import Due, Lane
from syncer.store.tables import listing, photo, picture_upload
from syncer.sync.difference import Difference, compare
from syncer.sync.known import SHAPE, Known, make_unknown, merge, settle_unknown, sku_keys, under_way
from syncer.sync.prepare import Task, shown_state
from syncer.sync.rows import Item, add_event, known_columns, store_offers
from syncer.sync.shop import Shop

STRIKES = 3
#: How often to look at a listing in review, where the connector does not say, in seconds.
REVIEW_CHECK_S = 30.0
#: Order in which several errors of one call decide about the listing.
_GRAVITY = (
    Recovery.STOP_ACCOUNT,
    Recovery.SIGN_IN_AGAIN,
    Recovery.READ_BACK,
    Recovery.RETRY_AT,
    Recovery.RETRY,
    Recovery.WAIT_STATE,
    Recovery.GONE,
    Recovery.FIX_LISTING,
    Recovery.PARK,
)


#: After these nobody knows whether the write happened: an unclear answer, or one that we do not understand.
_UNSURE = (Recovery.READ_BACK, Recovery.PARK)


@dataclass(slots=True)
class Outcome:
    """What is written to the row after a call."""

    known: Known
    values: dict[str, Any] = field(default_factory=dict)
    event: str = "sent"
    detail: dict[str, Any] = field(default_factory=dict)
    offer_problems: dict[str, Mapping[str, Any] | None] = field(default_factory=dict)
    cannot_stop: dict[str, dt.datetime | None] = field(default_factory=dict)
    pause_holds: bool = False
    forget_pictures: bool = False


def record_write(shop: Shop, task: Task, result: Result, now: dt.datetime) -> Outcome:
    """Record the result of a write and return what was recorded."""
    outcome = _outcome(shop, task, result, now)
    store(shop, task.item, outcome, now)
    return outcome


def record_read(shop: Shop, task: Task, found: RemoteListing, now: dt.datetime) -> Outcome:
    """Record a look at the channel: what it shows is known from now on, and what differs is due again."""
    item = task.item
    keys = {offer.sku: offer.key for offer in item.known.offers.values() if offer.sku}
    if task.rendered is not None:
        keys |= sku_keys(task.rendered)
    known = settle_unknown(merge(item.known, found, keys))
    outcome = Outcome(known, event="read", detail={"status": found.status.value if found.status else ""})
    settled = item.settle_at is not None and item.settle_at <= now
    values: dict[str, Any] = {"verified_at": now, "seeking": None, "tries": 0}
    if settled:
        values["settle_at"] = None
    if known.status is Status.REVIEW:
        values["settle_at"] = now + dt.timedelta(seconds=_review_pause(shop))
    if known.status is Status.REJECTED:
        values |= _rejected(found)
    else:
        values["problem"] = None if item.state in ("review", "fix") and item.due == 0 else item.problem
    if known != item.known or item.due:
        values["due"] = item.due & ~int(Due.READ) | int(Due.CONTENT)
        values["lane"] = min(item.lane, int(Lane.CONTENT))
        values["due_at"] = now
    values["state"] = "fix" if known.status is Status.REJECTED else shown_state(known.status)
    outcome.values = values
    store(shop, item, outcome, now)
    return outcome


def record_missing(shop: Shop, task: Task, error: Gone, now: dt.datetime) -> Outcome:
    """Record that a listing was deleted there: a person decides, it is never recreated by itself."""
    outcome = Outcome(task.item.known, event="gone", detail={"code": error.code})
    if task.item.wanted == "deleted":
        _deleted(outcome)
    else:
        _gone(shop, task.item, error, outcome, now)
    store(shop, task.item, outcome, now)
    return outcome


def record_failed_read(shop: Shop, task: Task, error: ConnectorError, now: dt.datetime) -> Outcome:
    """Record that a look at the channel failed: it is looked again after a pause."""
    outcome = Outcome(task.item.known, event="", detail={"code": error.code})
    pause = _backoff(shop, task.item.tries, urgent=False)
    again = now + dt.timedelta(seconds=max(pause, error.after_s or 0.0))
    outcome.values = {"tries": task.item.tries + 1, "due_at": again}
    if task.item.settle_at is not None:
        outcome.values["settle_at"] = again
    if error.recovery is Recovery.PARK:
        outcome.values["strikes"] = task.item.strikes + 1
        outcome.values["problem"] = error.problem().to_json()
    store(shop, task.item, outcome, now)
    return outcome


def _outcome(shop: Shop, task: Task, result: Result, now: dt.datetime) -> Outcome:
    item, operation, rendered = task.item, task.operation, task.rendered
    if operation is None or rendered is None:
        raise ValueError("a write has an operation")
    known = item.known if operation.kind is not Kind.CREATE else Known()
    if result.proved is not None:
        known = merge(known, result.proved, sku_keys(rendered))
    errors = [error for error in (result.error, *result.offer_errors.values()) if error is not None]
    if any(error.recovery is Recovery.GONE for error in result.offer_errors.values()):
        # A variant is gone there: look at what there is before anything is sent again.
        known = replace(known, unknown=known.unknown | {SHAPE})
        errors = [
            _as_retry(error) if error.recovery is Recovery.GONE and error is not result.error else error
            for error in errors
        ]
    if any(error.recovery in _UNSURE for error in errors):
        known = make_unknown(known, under_way(operation))
    outcome = Outcome(known, detail={"kind": operation.kind.value})
    if operation.kind is Kind.DELETE and all(error.recovery is Recovery.GONE for error in errors):
        _deleted(outcome)
        return outcome
    remaining = compare(rendered, known, shop.info, wanted=item.wanted)
    outcome.values = _after_success(shop, item, result, remaining, known, now)
    outcome.pause_holds = result.again_after_s is not None
    for key in operation.offers or known.offers:
        problem = result.offer_errors.get(key)
        outcome.offer_problems[key] = problem.problem().to_json() if problem else None
        outcome.cannot_stop[key] = None
    outcome.forget_pictures = any(isinstance(error, PictureGone) for error in errors)
    if errors:
        worst = min(errors, key=lambda error: _GRAVITY.index(error.recovery))
        _after_error(shop, task, worst, outcome, now)
    elif remaining.content and rendered.problems:
        outcome.values["problem"] = rendered.problems[0].to_json()
    return outcome


def _as_retry(error: ConnectorError) -> ConnectorError:
    return Transient(error.code, error.words)


def _after_success(
    shop: Shop, item: Item, result: Result, remaining: Difference, known: Known, now: dt.datetime
) -> dict[str, Any]:
    values: dict[str, Any] = {"tries": 0, "strikes": 0, "problem": None, "acknowledged_at": now, "seeking": None}
    values["due"], values["lane"] = int(remaining.due), int(remaining.lane)
    values["due_at"] = now + dt.timedelta(seconds=result.again_after_s or 0.0)
    values["state"] = "waiting" if remaining.anything else shown_state(known.status)
    if not remaining.stops:
        values["stop_by"] = None
    if not (remaining.stops or remaining.falls or remaining.rises):
        values["stock_due_since"] = None
    if not remaining.anything:
        values["acknowledged_version"] = item.version
    if result.check_after_s is not None:
        check = now + dt.timedelta(seconds=result.check_after_s)
        values["settle_at"] = max(check, item.settle_at) if item.settle_at else check
    return values


def _after_error(shop: Shop, task: Task, error: ConnectorError, outcome: Outcome, now: dt.datetime) -> None:
    """Change what :func:`_after_success` wrote according to the error's recovery."""
    item, values = task.item, outcome.values
    urgent = task.difference.lane <= Lane.FALL
    outcome.event, outcome.detail = error.recovery.value, outcome.detail | {"code": error.code}
    outcome.detail["words"] = error.words.to_json()
    values |= {
        "due": item.due | int(task.difference.due),
        "lane": int(task.difference.lane),
        "tries": item.tries + 1,
        "strikes": item.strikes,
        "state": "waiting",
        "problem": error.problem().to_json(),
        "acknowledged_version": item.version - 1,
    }
    values.pop("stock_due_since", None)
    values.pop("acknowledged_at", None)
    pause = max(_backoff(shop, item.tries, urgent=urgent), error.after_s or 0.0)
    recovery = error.recovery
    if recovery in _UNSURE:
        values["settle_at"] = now + dt.timedelta(seconds=shop.settle_s())
        if task.operation is not None and task.operation.kind is Kind.CREATE:
            values["seeking"] = {"since": now.isoformat(), "looks": 0}
    if recovery is Recovery.READ_BACK:
        values["problem"] = item.problem
        pause = min(pause, shop.finding.read_lag_s)
    elif recovery is Recovery.WAIT_STATE:
        values["state"] = "blocked"
    elif recovery is Recovery.GONE:
        pause = max(pause, _gone(shop, item, error, outcome, now))
    elif recovery in (Recovery.FIX_LISTING, Recovery.PARK):
        _strike(shop, item, recovery, urgent, outcome)
        pause = max(pause, shop.timing.strike_s) if not urgent else pause
    elif recovery in (Recovery.RETRY, Recovery.RETRY_AT):
        values["problem"] = item.problem if item.tries < STRIKES else values["problem"]
    values["due_at"] = now + dt.timedelta(seconds=pause)
    if task.difference.stops and recovery in (Recovery.WAIT_STATE, Recovery.FIX_LISTING, Recovery.PARK):
        _down_the_ladder(shop, task, error, outcome, values["due_at"], now)


def _strike(shop: Shop, item: Item, recovery: Recovery, urgent: bool, outcome: Outcome) -> None:
    values = outcome.values
    values["strikes"] = item.strikes + 1
    values["state"] = "fix" if recovery is Recovery.FIX_LISTING else "parked"
    if values["strikes"] >= STRIKES and not urgent:
        values |= {"due": 0, "lane": int(Lane.IDLE)}


def _down_the_ladder(
    shop: Shop, task: Task, error: ConnectorError, outcome: Outcome, again: dt.datetime, now: dt.datetime
) -> None:
    """A stop was refused: take the next step that works there, or say since when it can't be stopped."""
    steps = [step.kind for step in shop.info.stop_ladder if step.kind in shop.info.operations and step.undo]
    tried = task.operation.kind if task.operation else Kind.STOCK
    later = steps[steps.index(tried) + 1 :] if tried in steps else []
    if later and task.item.stop_by != later[0].value:
        outcome.values |= {"stop_by": later[0].value, "due_at": now, "state": "waiting"}
        return
    outcome.values["stop_by"] = None
    outcome.event = "cannot_stop"
    outcome.detail["until"] = again.isoformat()
    outcome.detail["offers"] = list(task.difference.stops)
    for key in task.difference.stops:
        outcome.cannot_stop[key] = again


def _backoff(shop: Shop, tries: int, *, urgent: bool) -> float:
    most = shop.timing.urgent_most_s if urgent else shop.timing.backoff_most_s
    return float(min(shop.timing.backoff_s * 2 ** min(tries, 16), most))


def _review_pause(shop: Shop) -> float:
    return shop.connector.review_check_s if isinstance(shop.connector, HasReview) else REVIEW_CHECK_S


def _gone(shop: Shop, item: Item, error: ConnectorError, outcome: Outcome, now: dt.datetime) -> float:
    """Believe that a listing vanished only when it is missed again after the platform's reading lag.

    A read may show a state from before its creation. Returns the pause before the second look, in seconds.
    """
    seen = (item.seeking or {}).get("gone_since")
    lag = shop.finding.read_lag_s
    if seen is None or (now - dt.datetime.fromisoformat(seen)).total_seconds() < lag:
        outcome.event = ""
        outcome.values |= {
            "seeking": {"gone_since": seen or now.isoformat()},
            "due": item.due | int(Due.READ),
            "due_at": now + dt.timedelta(seconds=lag),
            "settle_at": None,
            "problem": item.problem,
            "state": "waiting",
        }
        return lag
    outcome.values |= {
        "due": 0,
        "lane": int(Lane.IDLE),
        "stock_due_since": None,
        "state": "gone",
        "problem": error.problem().to_json(),
        "settle_at": None,
        "seeking": None,
    }
    return 0.0


def _deleted(outcome: Outcome) -> None:
    outcome.known = Known()
    outcome.event = "deleted"
    outcome.values = {
        "due": 0,
        "lane": int(Lane.IDLE),
        "stock_due_since": None,
        "state": "deleted",
        "problem": None,
        "settle_at": None,
        "seeking": None,
        "stop_by": None,
    }


def _rejected(found: RemoteListing) -> dict[str, Any]:
    reason = found.reasons[0] if found.reasons else Words("Toko menolak produk ini.", "The shop rejected this product.")
    remedy = Words("Perbaiki produk ini, lalu simpan.", "Edit this product and save it.")
    return {"problem": Problem("rejected", reason, remedy, Who.CRAFTER).to_json()}


def unexpected(error: Exception) -> ConnectorError:
    """Return a bug of a connector as an error that parks one listing; the outcome is unknown besides."""
    name = type(error).__name__
    return Unclassified(
        f"bug_{name}",
        Words("Syncer menemui kesalahan di konektor toko ini.", "Syncer met a fault in the connector of this shop."),
    )


def store(shop: Shop, item: Item, outcome: Outcome, now: dt.datetime) -> None:
    """Write an outcome to its row, if the claim is still ours."""
    values = dict(outcome.values)
    values |= {"claim": None, "claim_epoch": None, "under_way": None} | known_columns(outcome.known)
    same = listing.c.version == item.version
    for name in ("due", "lane", "acknowledged_version", "stock_due_since", "due_at"):
        if name in values and not (name == "due_at" and outcome.pause_holds):
            # An edit since then has marked the row anew: its marks and its time stay.
            values[name] = case((same, values[name]), else_=listing.c[name])
    where = and_(listing.c.id == item.id, listing.c.claim == shop.claim_name, listing.c.claim_epoch == shop.lease.epoch)
    with write(shop.engine) as connection:
        if not shop.lease.held(connection) or not _still_ours(connection, where):
            return
        store_offers(
            connection,
            item,
            outcome.known,
            now=now,
            problems=outcome.offer_problems,
            cannot_stop_until=outcome.cannot_stop,
        )
        connection.execute(update(listing).where(where).values(values))
        if outcome.forget_pictures:
            _upload_again(connection, item, now)
        if outcome.event:
            add_event(connection, item.id, outcome.event, outcome.detail, now)


def _upload_again(connection: Connection, item: Item, now: dt.datetime) -> None:
    """The channel has forgotten pictures of this listing: upload them anew; that marks the listing."""
    shown = select(photo.c.sha256).where(photo.c.product_id == item.product_id)
    same = and_(picture_upload.c.account_id == item.account_id, picture_upload.c.sha256.in_(shown))
    connection.execute(update(picture_upload).where(same).values(remote_id=None, tries=0, due_at=now))


def _still_ours(connection: Connection, where: Any) -> bool:
    return connection.execute(select(listing.c.id).where(where)).first() is not None
