"""Carry out claimed tasks: call the connector, and record what came back. No transaction spans a call."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

import structlog

from syncer.domain.listing import RemoteListing
from syncer.sdk.contract import PublishesListings
from syncer.sdk.errors import AccountStopped, ConnectorError, Gone, RateLimited, Recovery, SignInNeeded
from syncer.sdk.operations import ListingRef, Operation, Result
from syncer.sync.account_state import account_refused
from syncer.sync.claim import unclaim
from syncer.sync.find import record_found
from syncer.sync.prepare import Action, Task
from syncer.sync.record import (
    Outcome,
    record_failed_read,
    record_missing,
    record_read,
    record_write,
    unexpected,
)
from syncer.sync.shop import NotSent, Shop

_LOG = structlog.get_logger("syncer.sync")
_Found = TypeVar("_Found")
#: A platform's clock and ours may differ by so much.
CLOCK_LEEWAY = dt.timedelta(minutes=10)


def carry_out(shop: Shop, tasks: Sequence[Task]) -> None:
    """Carry out tasks of one kind: a batch of writes in one call, or looks one by one."""
    if tasks[0].action is Action.WRITE:
        _write(shop, tasks)
        return
    for task in tasks:
        if task.action is Action.READ:
            _read(shop, task)
        else:
            _seek(shop, task)


def _publisher(shop: Shop) -> PublishesListings:
    if not isinstance(shop.connector, PublishesListings):
        raise TypeError(f"{shop.info.name} has no listings")
    return shop.connector


def _write(shop: Shop, tasks: Sequence[Task]) -> None:
    operations = [task.operation for task in tasks if task.operation is not None]
    started = time.monotonic()
    try:
        results = _apply(shop, operations)
    except NotSent:
        unclaim(shop, [task.item.id for task in tasks])
        return
    except ConnectorError as error:
        if _account_error(shop, error, tasks):
            return
        results = [Result(error=error)] * len(operations)
    except Exception as error:  # a bug in one connector must not stop the others
        _LOG.exception("connector bug", account=shop.account.name, connector=shop.info.name)
        results = [_after_bug(error)] * len(operations)
    now = utc_now()
    for task, result in zip(tasks, results, strict=True):
        outcome = record_write(shop, task, result, now)
        _log(shop, task, outcome, (time.monotonic() - started) * 1000)


def _apply(shop: Shop, operations: Sequence[Operation]) -> Sequence[Result]:
    results = list(_publisher(shop).apply(operations))
    if len(results) != len(operations):
        raise ValueError("one result per operation")
    for result in results:
        if isinstance(result.error, RateLimited):
            shop.pacer.refused(result.error.budget, result.error.after_s)
        if isinstance(result.error, AccountStopped | SignInNeeded):
            raise result.error
    return results


def _after_bug(error: Exception) -> Result:
    found = unexpected(error)
    return Result(error=found)


def _account_error(shop: Shop, error: ConnectorError, tasks: Sequence[Task]) -> bool:
    """Deal with an error that is the account's, not the listings'; return whether it was one."""
    if isinstance(error, RateLimited):
        shop.pacer.refused(error.budget, error.after_s)
        return False
    if error.recovery not in (Recovery.SIGN_IN_AGAIN, Recovery.STOP_ACCOUNT):
        return False
    unclaim(shop, [task.item.id for task in tasks])
    return account_refused(shop, error)


def _read(shop: Shop, task: Task) -> None:
    found = _look(shop, task, lambda publisher: publisher.fetch_listing(task.item.known.remote_id or ""))
    if isinstance(found, RemoteListing):
        outcome = record_read(shop, task, found, utc_now())
        _log(shop, task, outcome, 0.0)


def _seek(shop: Shop, task: Task) -> None:
    if task.wanted is None:
        return
    ref = ListingRef(task.wanted.marker, tuple(offer.sku for offer in task.wanted.offers), _since(task))

    def look(publisher: PublishesListings) -> list[RemoteListing]:
        hits = list(publisher.find_listing(ref))
        if len(hits) == 1 and hits[0].marker == ref.marker and not hits[0].offers_complete:
            return [publisher.fetch_listing(hits[0].remote_id)]
        return hits

    found = _look(shop, task, look)
    if isinstance(found, list):
        record_found(shop, task, ref, found, utc_now())


def _since(task: Task) -> dt.datetime | None:
    """Return since when the listing may exist there; ``None``: any time (a restored database can't know)."""
    seeking = task.item.seeking or {}
    if "since" not in seeking or seeking.get("any_age"):
        return None
    return dt.datetime.fromisoformat(seeking["since"]) - CLOCK_LEEWAY


def _look(shop: Shop, task: Task, look: Callable[[PublishesListings], _Found]) -> _Found | None:
    try:
        return look(_publisher(shop))
    except NotSent:
        unclaim(shop, [task.item.id])
    except Gone as error:
        record_missing(shop, task, error, utc_now())
    except ConnectorError as error:
        if not _account_error(shop, error, [task]):
            record_failed_read(shop, task, error, utc_now())
    except Exception as error:  # a bug in one connector must not stop the others
        _LOG.exception("connector bug", account=shop.account.name, connector=shop.info.name)
        record_failed_read(shop, task, unexpected(error), utc_now())
    return None


def _log(shop: Shop, task: Task, outcome: Outcome, ms: float) -> None:
    operation = task.operation
    log = _LOG.warning if outcome.event in ("cannot_stop", "gone", "park") else _LOG.info
    log(
        "outcome",
        account=shop.account.name,
        listing=task.item.id,
        operation=operation.kind.value if operation else task.action.value,
        offers=len(operation.offers) if operation else 0,
        outcome=outcome.event,
        code=outcome.detail.get("code", ""),
        ms=round(ms, 1),
    )


def utc_now() -> dt.datetime:
    """Return the time now, aware UTC."""
    return dt.datetime.now(dt.UTC)
