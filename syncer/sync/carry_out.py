"""Carry out claimed tasks: call the connector, and record what came back. No transaction spans a call."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

import structlog

from syncer.domain.listing import RemoteListing
from syncer.sdk.contract import PublishesListings
from syncer.sdk.errors import ConnectorError, Gone, OutcomeUnknown, RateLimited, Recovery
from syncer.sdk.operations import Operation, Result
from syncer.sync.account_state import account_refused
from syncer.sync.claim import unclaim
from syncer.sync.find import look_for, record_found
from syncer.sync.looked import record_failed_read, record_missing, record_read
from syncer.sync.outcome import Outcome
from syncer.sync.prepare import Action, Task, unexpected
from syncer.sync.record import record_writes
from syncer.sync.shop import NotSent, Shop, utc_now
from syncer.sync.turns import TURNS

_LOG = structlog.get_logger("syncer.sync")
_Found = TypeVar("_Found")
_OF_THE_ACCOUNT = (Recovery.SIGN_IN_AGAIN, Recovery.STOP_ACCOUNT)


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
    results = _apply(shop, operations)
    ms = (time.monotonic() - started) * 1000
    TURNS.before_record(shop.account.id)
    sent: list[tuple[Task, Result]] = []
    unsent, refused = [], None
    for task, result in zip(tasks, results, strict=True):
        error = result.error
        if isinstance(error, NotSent) or (error is not None and error.recovery in _OF_THE_ACCOUNT):
            unsent.append(task)
            refused = error if not isinstance(error, NotSent) else refused
            continue
        if isinstance(error, RateLimited):
            shop.pacer.refused(error.budget, error.after_s)
        sent.append((task, result))
    if sent:
        for (task, _), outcome in zip(sent, record_writes(shop, sent, utc_now()), strict=True):
            _log(shop, task, outcome, ms)
    if unsent:
        unclaim(shop, unsent)
    if refused is not None:
        account_refused(shop, refused)


def _apply(shop: Shop, operations: Sequence[Operation]) -> Sequence[Result]:
    """Return one result for each operation, whatever happens."""
    error: ConnectorError
    try:
        return _as_many(list(_publisher(shop).apply(operations)), operations)
    except NotSent as not_sent:
        error = _after_a_write(shop, not_sent)
    except ConnectorError as refused:
        error = refused
    except Exception as bug:  # a bug in one connector must not stop the others
        _LOG.exception("connector bug", account=shop.account.name, connector=shop.info.name)
        error = unexpected(bug)
    return [Result(error=error)] * len(operations)


def _as_many(results: list[Result], operations: Sequence[Operation]) -> list[Result]:
    if len(results) != len(operations):
        raise ValueError("one result per operation")
    return results


def _after_a_write(shop: Shop, error: NotSent) -> ConnectorError:
    """A call that was not sent, after a write of the same operation that was: the outcome is unknown."""
    return OutcomeUnknown(error.code, error.words) if shop.gate.has_written else error


def _read(shop: Shop, task: Task) -> None:
    started = time.monotonic()
    found = _look(shop, task, lambda publisher: publisher.fetch_listing(task.item.known.remote_id or ""))
    ms = (time.monotonic() - started) * 1000
    if isinstance(found, RemoteListing):
        _log(shop, task, record_read(shop, task, found, utc_now()), ms)


def _seek(shop: Shop, task: Task) -> None:
    found = _look(shop, task, lambda publisher: look_for(publisher, task))
    if isinstance(found, list):
        record_found(shop, task, found, utc_now())


def _look(shop: Shop, task: Task, look: Callable[[PublishesListings], _Found]) -> _Found | None:
    try:
        return look(_publisher(shop))
    except NotSent:
        unclaim(shop, [task])
    except Gone as error:
        if task.action is Action.SEEK:
            record_failed_read(shop, task, error, utc_now())
        else:
            record_missing(shop, task, error, utc_now())
    except ConnectorError as error:
        _look_failed(shop, task, error)
    except Exception as bug:  # a bug in one connector must not stop the others
        _LOG.exception("connector bug", account=shop.account.name, connector=shop.info.name)
        record_failed_read(shop, task, unexpected(bug), utc_now())
    return None


def _look_failed(shop: Shop, task: Task, error: ConnectorError) -> None:
    if error.recovery in _OF_THE_ACCOUNT:
        unclaim(shop, [task])
        account_refused(shop, error)
        return
    if isinstance(error, RateLimited):
        shop.pacer.refused(error.budget, error.after_s)
    record_failed_read(shop, task, error, utc_now())


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
        error_code=outcome.detail.get("code", ""),
        **({"until": outcome.detail["until"]} if "until" in outcome.detail else {}),
        ms=round(ms, 1),
    )
