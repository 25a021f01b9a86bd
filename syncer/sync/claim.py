"""Commit a write as under way before it is sent. The claim is a compare-and-set on the version that was read."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Update, and_, bindparam, select, update

from syncer.channels.publishing import queue_pictures
from syncer.orders.reading import load_read
from syncer.sdk.operations import Kind
from syncer.store.engine import write
from syncer.store.marks import Due, Lane
from syncer.store.shaped import by_shape, parameters, run_all, update_by
from syncer.store.tables import listing
from syncer.sync import brakes
from syncer.sync.known import make_unknown, touched, under_way
from syncer.sync.prepare import IS_DUE, ORDERS_UNREAD, REJECTED_CODE, Action, Task, shown_state
from syncer.sync.record import seeking
from syncer.sync.rows import Item, add_event, known_columns, load_items, store_offers
from syncer.sync.shop import Shop

_SENT = (Action.WRITE, Action.READ, Action.SEEK)
#: In ``listing.held``: it waits for a read of the account's orders, which wakes it.
FOR_ORDERS = "orders"
#: A listing that a brake holds is looked at again after this long, unless it is marked before.
_HELD = dt.timedelta(days=1)
_WOKEN_AT_ONCE = 500
_GIVEN = listing.c.id.in_(bindparam("ids", expanding=True))
_FREE = (
    select(listing.c.id, listing.c.version, listing.c.claim)
    .where(_GIVEN)
    .order_by(listing.c.id)
    .with_for_update(skip_locked=True)
)


def claim(shop: Shop, tasks: Sequence[Task], now: dt.datetime) -> list[Task]:
    """Settle what needs no call, and claim the rest; return the tasks that are ours to carry out.

    One transaction. A task whose row moved since it was read, or that somebody is changing, is left out: it will be
    looked at again.
    """
    with write(shop.engine) as connection:
        if not shop.lease.held(connection):
            return []
        rows = _lock(connection, tasks)
        tasks = [task for task in tasks if task.item.id in rows]
        new = sorted({task.item.product_id for task in tasks if task.queue_pictures})
        if new:
            queue_pictures(connection, shop.account.id, new, now=now)
        for task in tasks:
            if task.prices_held and task.rendered is not None:
                brakes.hold_prices(connection, shop.account, task.item, task.rendered, now)
            if task.action not in _SENT:
                _settle_without_call(connection, shop, task, now)
        # Whoever is looked for, read or written must be as it was when that was decided.
        ours = [one for one in tasks if one.action in _SENT and rows[one.item.id] == one.item.version]
        return _claim_all(connection, shop, ours, now)


def _with_key(task: Task) -> Task:
    """Give a create its key: the one of the last try, as long as nobody knows that it failed."""
    if task.operation is None or task.operation.kind is not Kind.CREATE:
        return task
    return replace(task, operation=replace(task.operation, key=task.item.create_key or uuid.uuid4().hex))


def _lock(connection: Connection, tasks: Sequence[Task]) -> dict[int, int | None]:
    """Lock the rows that nobody else is changing (an import, say): the others are not waited for.

    Returns the version of each as it is now; ``None`` if somebody has it under way.
    """
    rows = connection.execute(_FREE, {"ids": [task.item.id for task in tasks]})
    return {row.id: row.version if row.claim is None else None for row in rows}


def _claim_all(connection: Connection, shop: Shop, tasks: Sequence[Task], now: dt.datetime) -> list[Task]:
    """Claim ``tasks``, whose rows are locked."""
    ready = [_with_key(task) for task in tasks]
    rows = [parameters({"id": task.item.id}, _claim_columns(shop, task, now)) for task in ready]
    for shape, some in by_shape(rows).items():
        names = tuple(name.removeprefix("to_") for name in shape if name.startswith("to_"))
        run_all(connection, update_by(listing, ("id",), names), some)
    for task in ready:
        if task.large_move and task.item.cause_id is not None:
            brakes.count_move(connection, shop.account.id, task.item.cause_id, now)
    return [replace(task, claimed_at=now) for task in ready]


def _claim_columns(shop: Shop, task: Task, now: dt.datetime) -> dict[str, Any]:
    values: dict[str, Any] = {"claim": shop.claim_name, "claim_epoch": shop.lease.epoch}
    if task.operation is not None:
        values["under_way"] = {**under_way(task.operation), "at": now.isoformat()}
        values["state"] = "sending"
        if task.operation.kind is Kind.CREATE:
            values["create_key"] = task.operation.key
    if task.item.held == FOR_ORDERS:
        values["held"] = None
    return values


def _update(connection: Connection, task: Task, values: dict[str, Any]) -> bool:
    statement = _update_unclaimed(tuple(sorted(values)))
    keys = {"id": task.item.id, "version": task.item.version}
    return bool(connection.execute(statement, parameters(keys, values)).rowcount)


@lru_cache(maxsize=64)
def _update_unclaimed(names: tuple[str, ...]) -> Update:
    return update_by(listing, ("id", "version"), names).where(listing.c.claim.is_(None))


def _settle_without_call(connection: Connection, shop: Shop, task: Task, now: dt.datetime) -> None:
    item = task.item
    rest: dict[str, Any] = {"due": 0, "lane": int(Lane.IDLE), "stock_due_since": None, "held": None, "tries": 0}
    problem = task.problem.to_json() if task.problem is not None else None
    if task.action in (Action.WAIT, Action.FACTS):
        waiting: dict[str, Any] = {"due_at": now + dt.timedelta(seconds=task.wait_s), "state": "waiting"}
        _update(connection, task, waiting | ({"problem": problem} if problem else {}))
    elif task.action is Action.ORDERS:
        _wait_for_orders(connection, shop, task, now)
    elif task.action is Action.ASK and task.held is not None:
        about = None
        if task.held is Kind.PRICE and task.rendered is not None:
            about = brakes.price_cause(connection, shop.account, item, task.rendered)
        brakes.ask(connection, shop.account, item, task.held, now, cause_id=about)
        asking = {"held": "brake", "state": "asking", "due_at": now + _HELD, "lane": int(Lane.PRICE)}
        numbers = task.difference
        if not (numbers.stops or numbers.falls or numbers.rises):
            asking["stock_due_since"] = None
        _update(connection, task, asking)
    elif task.action is Action.FIX:
        fixed = {"state": "fix", "problem": problem, "acknowledged_version": item.version}
        if _update(connection, task, rest | fixed) and item.problem != problem:
            add_event(connection, item.id, "fix", problem or {}, now)
    elif task.action is Action.REST:
        _update(connection, task, rest | {"state": item.state if item.state in _WAITING else "parked"})
    else:
        _update(connection, task, rest | _done(item))


def _wait_for_orders(connection: Connection, shop: Shop, task: Task, now: dt.datetime) -> None:
    """Let a listing wait until the orders were read, unless that has happened since we looked."""
    item = task.item
    read = load_read(connection, shop.account.id, wait=True)
    ready = read.shows_all_until(item.decided_at, now, shop.timing.order_fresh_s)
    values: dict[str, Any] = {"state": "waiting", "due_at": now if ready else now + dt.timedelta(seconds=task.wait_s)}
    if item.held in (None, FOR_ORDERS):
        values["held"] = FOR_ORDERS
    if task.problem is not None:
        values["problem"] = task.problem.to_json()
    elif item.problem is not None and item.problem.get("code") == ORDERS_UNREAD:
        values["problem"] = None
    _update(connection, task, values)


def orders_were_read(connection: Connection, account_id: int, now: dt.datetime) -> int:
    """Wake listings that wait for a read of the orders (some hundreds at a time); return how many those were."""
    waiting = and_(listing.c.account_id == account_id, IS_DUE, listing.c.held == FOR_ORDERS, listing.c.due_at > now)
    query = select(listing.c.id).where(waiting).order_by(listing.c.id).limit(_WOKEN_AT_ONCE)
    ids = list(connection.execute(query.with_for_update(skip_locked=True)).scalars())
    connection.execute(update(listing).where(listing.c.id.in_(ids)).values(due_at=now))
    return len(ids)


#: States in which a listing waits for a person.
_WAITING = ("fix", "parked", "gone", "asking", "deleted")


def _done(item: Item) -> dict[str, Any]:
    """Return the columns of a listing that is as it should be. A rejection stays on show until an edit mends it."""
    state = shown_state(item.known.status)
    if item.known.absent:
        state = "deleted" if item.wanted == "deleted" else "hidden"
    refused = item.problem is not None and item.problem.get("code") == REJECTED_CODE
    if refused and state == "live":
        state = "fix"
    kept = item.problem if state == "fix" else None
    return {"state": state, "problem": kept, "stop_by": None, "acknowledged_version": item.version}


def unclaim(shop: Shop, tasks: Sequence[Task]) -> None:
    """Give claims back whose calls were not sent."""
    with write(shop.engine) as connection:
        for task in tasks:
            ours = and_(
                listing.c.id == task.item.id,
                listing.c.claim == shop.claim_name,
                listing.c.claim_epoch == shop.lease.epoch,
            )
            values = {"claim": None, "claim_epoch": None, "under_way": None, "state": task.item.state}
            connection.execute(update(listing).where(ours).values(values))


def recover(shop: Shop, now: dt.datetime, only: Collection[int] | None = None) -> int:
    """Take over after a crash: whatever an earlier holder had under way is unknown from now on.

    A create is looked for before it is ever sent again; other values are read back, or asserted if they fall.
    ``only`` names our own listings whose outcome could not be recorded. Returns how many listings that were.
    """
    with write(shop.engine) as connection:
        if not shop.lease.held(connection):
            return 0
        query = select(listing.c.id).where(and_(listing.c.account_id == shop.account.id, listing.c.claim.is_not(None)))
        if only is not None:
            query = query.where(listing.c.id.in_(only))
        items = load_items(connection, list(connection.execute(query).scalars()), lock=True)
        for item in items.values():
            values: dict[str, Any] = {"claim": None, "claim_epoch": None, "under_way": None}
            if item.under_way is not None:
                values |= _unsure(connection, shop, item, now)
                add_event(connection, item.id, "recovered", {"kind": item.under_way["kind"]}, now)
            connection.execute(update(listing).where(listing.c.id == item.id).values(values))
        return len(items)


def _unsure(connection: Connection, shop: Shop, item: Item, now: dt.datetime) -> dict[str, Any]:
    """Return the columns of a listing whose write has no known outcome; its offers are stored here."""
    assert item.under_way is not None
    names = touched(item.under_way)
    known = make_unknown(item.known, names)
    store_offers(connection, item, known, now=now)
    look = 0 if item.under_way["kind"] == Kind.STOCK.value else int(Due.READ)
    values = known_columns(known) | {
        "due": listing.c.due.bitwise_or(int(Due.CONTENT) | look),
        "lane": min(item.lane, int(Lane.CONTENT)),
        "due_at": now,
        "settle_at": now + dt.timedelta(seconds=shop.settle_s()),
        "late": sorted({*names, *item.late}),
        "state": "waiting",
    }
    if item.under_way["kind"] == Kind.CREATE.value:
        tried = dt.datetime.fromisoformat(item.under_way["at"])
        values["seeking"] = seeking(now, tried, item.under_way)
    return values
