"""Commit a write as under way before it is sent. The claim is a compare-and-set on the version that was read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, and_, select, update

from syncer.channels.publishing import queue_pictures
from syncer.store.engine import write
from syncer.store.marks import Due, Lane
from syncer.store.tables import listing
from syncer.sync import brakes
from syncer.sync.known import make_unknown, under_way
from syncer.sync.prepare import Action, Task, shown_state
from syncer.sync.rows import add_event, known_columns, load_items, store_offers
from syncer.sync.shop import Shop

_SENT = (Action.WRITE, Action.READ, Action.SEEK)


def claim(shop: Shop, tasks: Sequence[Task], now: dt.datetime) -> list[Task]:
    """Settle what needs no call, and claim the rest; return the tasks that are ours to carry out.

    One transaction. A task whose row moved since it was read is left out: it will be looked at again.
    """
    claimed: list[Task] = []
    with write(shop.engine) as connection:
        if not shop.lease.held(connection):
            return []
        new = sorted({task.item.product_id for task in tasks if task.queue_pictures})
        if new:
            queue_pictures(connection, shop.account.id, new, now=now)
        for task in tasks:
            if task.action in _SENT:
                if _claim_one(connection, shop, task):
                    claimed.append(task)
            else:
                _settle_without_call(connection, shop, task, now)
    return claimed


def _claim_one(connection: Connection, shop: Shop, task: Task) -> bool:
    values: dict[str, Any] = {"claim": shop.claim_name, "claim_epoch": shop.lease.epoch}
    if task.operation is not None:
        values["under_way"] = under_way(task.operation)
        values["state"] = "sending"
    return _update(connection, task, values)


def _update(connection: Connection, task: Task, values: dict[str, Any]) -> bool:
    where = and_(listing.c.id == task.item.id, listing.c.version == task.item.version, listing.c.claim.is_(None))
    return bool(connection.execute(update(listing).where(where).values(values)).rowcount)


def _settle_without_call(connection: Connection, shop: Shop, task: Task, now: dt.datetime) -> None:
    item = task.item
    cleared: dict[str, Any] = {
        "due": 0,
        "lane": int(Lane.IDLE),
        "stock_due_since": None,
        "acknowledged_version": item.version,
        "held": None,
        "tries": 0,
    }
    if task.action in (Action.WAIT, Action.FACTS):
        _update(connection, task, {"due_at": now + dt.timedelta(seconds=task.wait_s)})
    elif task.action is Action.ASK and task.held is not None:
        brakes.ask(connection, shop.account, item, task.held, now)
        far = now + dt.timedelta(days=1)
        _update(connection, task, {"held": "brake", "state": "asking", "due_at": far, "lane": int(Lane.PRICE)})
    elif task.action is Action.FIX and task.problem is not None:
        problem = task.problem.to_json()
        if _update(connection, task, cleared | {"state": "fix", "problem": problem}) and item.problem != problem:
            add_event(connection, item.id, "fix", problem, now)
    elif task.action is Action.DONE:
        status = item.known.status
        # A rejection stays on show until an edit changes what is sent.
        problem_kept = item.problem if shown_state(status) in ("fix", "gone") else None
        _update(connection, task, cleared | {"state": _done_state(task), "problem": problem_kept, "stop_by": None})


def _done_state(task: Task) -> str:
    if task.item.state in ("deleted", "parked", "asking") and task.item.known.remote_id is None:
        return task.item.state
    if task.item.known.remote_id is None:
        return "hidden" if task.item.wanted != "live" else "waiting"
    return shown_state(task.item.known.status)


def unclaim(shop: Shop, ids: Iterable[int]) -> None:
    """Give claims back whose calls were not sent."""
    with write(shop.engine) as connection:
        where = and_(listing.c.id.in_(list(ids)), listing.c.claim == shop.claim_name)
        connection.execute(update(listing).where(where).values(claim=None, claim_epoch=None, under_way=None))


def recover(shop: Shop, now: dt.datetime) -> int:
    """Take over after a crash: whatever an earlier holder had under way is unknown from now on.

    A create is looked for before it is ever sent again; other values are read back, or asserted if they fall.
    Returns how many listings that were.
    """
    with write(shop.engine) as connection:
        if not shop.lease.held(connection):
            return 0
        query = select(listing.c.id).where(and_(listing.c.account_id == shop.account.id, listing.c.claim.is_not(None)))
        items = load_items(connection, list(connection.execute(query).scalars()))
        for item in items.values():
            values: dict[str, Any] = {"claim": None, "claim_epoch": None, "under_way": None}
            if item.under_way is not None:
                known = make_unknown(item.known, item.under_way)
                store_offers(connection, item, known, now=now)
                values |= known_columns(known)
                if item.known.remote_id is None:
                    values["seeking"] = {"since": now.isoformat(), "looks": 0}
                values["due"] = listing.c.due.bitwise_or(int(Due.CONTENT))
                values["due_at"] = now
                values["settle_at"] = now + dt.timedelta(seconds=shop.settle_s())
                values["state"] = "waiting"
                add_event(connection, item.id, "recovered", {"kind": item.under_way["kind"]}, now)
            connection.execute(update(listing).where(listing.c.id == item.id).values(values))
        return len(items)
