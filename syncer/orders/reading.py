"""How far the orders of an account are read, and which of them to look at soon: the state of reading, in tables.

A read walks all orders that changed in a span. Its cursor moves in the same transaction that takes a page in, so a
crash repeats a page and never skips one. The first read of an account walks its open orders of any age before that.
Every read begins some way behind the last one and ends in the future, because orders show up late and clocks differ.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from syncer.domain.problem import Problem
from syncer.domain.text import ID_MAX_LENGTH
from syncer.sdk.contract import OrderFacts
from syncer.store.order_tables import channel_order, order_hint, order_read
from syncer.store.tables import account
from syncer.store.upsert import insert_if_absent
from syncer.store.wakeup import wake_after_commit

#: The most by which a platform's clock is taken to differ from ours.
CLOCKS_DIFFER = dt.timedelta(minutes=5)
#: An order is read at most once in this time, however many webhooks name it (security.md W3).
READ_AGAIN = dt.timedelta(seconds=2)
#: After so many failures in a row a walk begins afresh: its cursor may have gone stale.
STALE_AFTER = 3


@dataclass(frozen=True, slots=True)
class OrderRead:
    """The state of reading one account's orders (table ``order_read``); times are aware UTC.

    ``read_to``: every change before it was seen. ``since``, ``until``, ``cursor`` and ``began_at`` are those of the
    read under way; ``read_began_at`` is when the last complete one began, ``read_at`` when it ended. ``opened``: the
    open orders of any age were taken in; those placed before ``opening_at`` and over by then aren't counted.
    """

    account_id: int
    opened: bool = False
    opening_at: dt.datetime | None = None
    read_to: dt.datetime | None = None
    since: dt.datetime | None = None
    until: dt.datetime | None = None
    cursor: str | None = None
    began_at: dt.datetime | None = None
    read_began_at: dt.datetime | None = None
    read_at: dt.datetime | None = None
    due_at: dt.datetime | None = None
    tries: int = 0
    problem: Problem | None = None

    @property
    def under_way(self) -> bool:
        """Whether a read has begun and not ended."""
        return self.began_at is not None

    @property
    def opening(self) -> bool:
        """Whether the read under way walks the open orders of any age."""
        return self.under_way and self.since is None

    @property
    def failing(self) -> bool:
        """Whether the last try to read failed."""
        return self.tries > 0

    def shows_all_until(self, decided_at: dt.datetime, now: dt.datetime, fresh_s: float) -> bool:
        """Whether the orders are read well enough to make more buyable, which was decided at ``decided_at``.

        The last complete read began later than that (and, as every read, reached past that moment and the platform's
        lag), and it isn't older than ``fresh_s`` seconds: after a pause or an outage orders come first.
        """
        began = self.read_began_at
        return began is not None and began > decided_at and began >= now - dt.timedelta(seconds=fresh_s)


@dataclass(frozen=True, slots=True)
class HintedOrder:
    """An order to look at soon. ``version`` moves when it is named again; ``returned`` names a return of it."""

    remote_id: str
    hinted_at: dt.datetime
    tries: int
    version: int
    returned: str = ""


def load_read(connection: Connection, account_id: int, *, wait: bool = False) -> OrderRead:
    """Return the state of reading of one account; where nothing was read yet, an empty one.

    ``wait``: a transaction that is about to end a read is waited for, and no other one can until ours has ended.
    """
    query = select(order_read).where(order_read.c.account_id == account_id)
    row = connection.execute(query.with_for_update(read=True) if wait else query).mappings().first()
    if row is None:
        return OrderRead(account_id)
    return OrderRead(**{**row, "problem": Problem.from_json(row["problem"]) if row["problem"] else None})


# Reads


def open_from(connection: Connection, account_id: int, at: dt.datetime, *, opened: bool = False) -> None:
    """Say that an account goes live at ``at``: from then on every order counts.

    ``opened``: its open orders of any age were taken in already, by a walk that began at ``at``.
    """
    _ensure(connection, account_id)
    values = {"opening_at": at, "opened": opened, "read_to": at if opened else None, **_NO_READ}
    connection.execute(update(order_read).where(order_read.c.account_id == account_id).values(values))


def begin(connection: Connection, account_id: int, facts: OrderFacts, now: dt.datetime) -> OrderRead:
    """Begin a read, unless one is under way; return it.

    The first one walks the open orders; when that has ended, the next begins at the moment of going live.
    """
    _ensure(connection, account_id)
    read = load_read(connection, account_id)
    if read.under_way:
        return read
    values: dict[str, Any] = {"began_at": now, "cursor": None, "since": None, "until": None}
    if read.opened:
        back = dt.timedelta(seconds=max(facts.overlap_s, facts.lag_s))
        values["since"] = (read.read_to or read.opening_at or now) - back
        values["until"] = now + dt.timedelta(seconds=facts.lag_s) + CLOCKS_DIFFER
    connection.execute(update(order_read).where(order_read.c.account_id == account_id).values(values))
    return load_read(connection, account_id)


def move(connection: Connection, read: OrderRead, cursor: str | None, *, now: dt.datetime, poll_s: float) -> bool:
    """Move a read on by one page, in the transaction that took the page in; ``cursor`` ``None`` ends the walk.

    Returns whether it was still the read under way. The next one is due ``poll_s`` seconds after this one began, or
    at once if somebody asked for it meanwhile, or if this was the walk of the open orders.
    """
    values: dict[str, Any] = {"tries": 0, "problem": None}
    if cursor is not None:
        values["cursor"] = cursor
    elif read.opening:
        values |= {"opened": True, "due_at": now, **_NO_READ}
    else:
        values |= {"read_to": read.began_at, "read_began_at": read.began_at, "read_at": now, **_NO_READ}
        values["due_at"] = _next_due(connection, read, now, poll_s)
    same = and_(order_read.c.account_id == read.account_id, order_read.c.began_at == read.began_at)
    return bool(connection.execute(update(order_read).where(same).values(values)).rowcount)


def failed(connection: Connection, account_id: int, problem: Problem, *, now: dt.datetime, pause_s: float) -> None:
    """Note that reading failed, and try again after ``pause_s`` seconds; rises wait meanwhile, and it shows."""
    _ensure(connection, account_id)
    read = load_read(connection, account_id)
    values: dict[str, Any] = {
        "tries": read.tries + 1,
        "problem": problem.to_json(),
        "due_at": now + dt.timedelta(seconds=pause_s),
    }
    if read.tries + 1 >= STALE_AFTER:
        values |= _NO_READ
    connection.execute(update(order_read).where(order_read.c.account_id == account_id).values(values))


def forget_last(connection: Connection, account_id: int | None = None) -> None:
    """Let no rise go out before the orders of an account (default: all) are read again, from where they were read to.

    Open orders of any age are walked again, too: after a backup was restored, nobody knows what was counted since.
    """
    where = order_read.c.account_id == account_id if account_id is not None else order_read.c.account_id > 0
    values = {"opened": False, "read_began_at": None, "due_at": None, "tries": 0, "problem": None, **_NO_READ}
    connection.execute(update(order_read).where(where).values(values))


def note_last(connection: Connection, account_id: int, began: dt.datetime, now: dt.datetime) -> None:
    """Note that all orders that changed before ``began`` were read, beside a read that may be under way."""
    _ensure(connection, account_id)
    where = and_(order_read.c.account_id == account_id, order_read.c.read_to.is_(None) | (order_read.c.read_to < began))
    connection.execute(update(order_read).where(where).values(read_to=began, read_at=now))


def read_soon(connection: Connection, account_id: int, now: dt.datetime) -> None:
    """Ask for a read of this account's orders at once, and wake who does it."""
    _ensure(connection, account_id)
    connection.execute(update(order_read).where(order_read.c.account_id == account_id).values(due_at=now))
    wake_after_commit(connection)


def read_by(connection: Connection, account_id: int, at: dt.datetime) -> None:
    """Let the next read of this account's orders begin at ``at``, if it would begin later; a pause is kept."""
    _ensure(connection, account_id)
    later = and_(order_read.c.account_id == account_id, order_read.c.tries == 0, order_read.c.due_at > at)
    if connection.execute(update(order_read).where(later).values(due_at=at)).rowcount:
        wake_after_commit(connection)


_NO_READ: Mapping[str, Any] = {"began_at": None, "since": None, "until": None, "cursor": None}


def _next_due(connection: Connection, read: OrderRead, now: dt.datetime, poll_s: float) -> dt.datetime:
    assert read.began_at is not None
    asked: dt.datetime | None = connection.execute(
        select(order_read.c.due_at).where(order_read.c.account_id == read.account_id)
    ).scalar()
    if asked is not None and read.began_at < asked <= now:
        return asked
    return max(read.began_at + dt.timedelta(seconds=poll_s), now)


def _ensure(connection: Connection, account_id: int) -> None:
    """Make the row of an account, if there is none: it counts orders from its first day on."""
    found = select(order_read.c.opening_at).where(order_read.c.account_id == account_id)
    row = connection.execute(found).first()
    if row is not None and row.opening_at is not None:
        return
    since = connection.execute(select(account.c.created_at).where(account.c.id == account_id)).scalar()
    if not insert_if_absent(connection, order_read, {"account_id": account_id, "opening_at": since}, ["account_id"]):
        missing = and_(order_read.c.account_id == account_id, order_read.c.opening_at.is_(None))
        connection.execute(update(order_read).where(missing).values(opening_at=since))


# Hints


def hint(
    connection: Connection, account_id: int, remote_ids: Sequence[str], now: dt.datetime, *, returned: str = ""
) -> None:
    """Ask for a look at these orders soon, and wake who does it. An order read a moment ago waits a little.

    ``returned`` names a return of them that the orders themselves don't show.
    """
    wanted = sorted({one for one in remote_ids if one and len(one) <= ID_MAX_LENGTH})
    if not wanted:
        return
    rows = [
        {
            "account_id": account_id,
            "remote_id": one,
            "hinted_at": now,
            "returned": returned[:ID_MAX_LENGTH],
            "due_at": now,
        }
        for one in wanted
    ]
    _put_hints(connection, rows, {"tries": 0} | ({"returned": returned[:ID_MAX_LENGTH]} if returned else {}))
    _wait_after_a_look(connection, account_id, wanted, now)
    wake_after_commit(connection)


def _wait_after_a_look(connection: Connection, account_id: int, remote_ids: Sequence[str], now: dt.datetime) -> None:
    """Let hints about orders read a moment ago wait a little.

    It is asked after the hints are put: a look that was being taken in meanwhile has ended by then, and shows.
    """
    same = and_(
        channel_order.c.account_id == account_id,
        channel_order.c.remote_id.in_(remote_ids),
        channel_order.c.read_as_of > now - READ_AGAIN,
    )
    query = select(channel_order.c.remote_id, func.max(channel_order.c.read_as_of)).where(same)
    for remote_id, read_as_of in connection.execute(query.group_by(channel_order.c.remote_id)).all():
        this = and_(order_hint.c.account_id == account_id, order_hint.c.remote_id == remote_id)
        connection.execute(update(order_hint).where(this).values(due_at=read_as_of + READ_AGAIN))


def unreadable(
    connection: Connection, account_id: int, remote_ids: Sequence[str], problem: Problem, *, now: dt.datetime
) -> None:
    """Keep orders that could not be understood, with the reason: they show, and are looked at again later."""
    rows = [
        {"account_id": account_id, "remote_id": one, "hinted_at": now, "due_at": now + _later(0)}
        for one in sorted({one for one in remote_ids if one and len(one) <= ID_MAX_LENGTH})
    ]
    for row in rows:
        row["problem"] = problem.to_json()
    if rows:
        kept = {"due_at": order_hint.c.due_at, "version": order_hint.c.version}
        _put_hints(connection, rows, {"problem": problem.to_json(), **kept})


def due_hints(connection: Connection, account_id: int, now: dt.datetime, limit: int) -> list[HintedOrder]:
    """Return the orders to look at by now, those that wait longest first."""
    query = (
        select(order_hint)
        .where(and_(order_hint.c.account_id == account_id, order_hint.c.due_at <= now))
        .order_by(order_hint.c.due_at, order_hint.c.remote_id)
        .limit(limit)
    )
    return [
        HintedOrder(row.remote_id, row.hinted_at, row.tries, row.version, row.returned)
        for row in connection.execute(query)
    ]


def next_hint(connection: Connection, account_id: int) -> dt.datetime | None:
    """Return when the next order is to be looked at."""
    query = select(func.min(order_hint.c.due_at)).where(order_hint.c.account_id == account_id)
    found: dt.datetime | None = connection.execute(query).scalar()
    return found


def drop_hints(connection: Connection, account_id: int, hints: Sequence[HintedOrder], read_at: dt.datetime) -> None:
    """Forget hints that were followed at ``read_at``; those that were given again since wait a little."""
    again = read_at + READ_AGAIN
    for one in _in_order(hints):
        connection.execute(delete(order_hint).where(_same_hint(account_id, one)))
    ids = [one.remote_id for one in hints]
    left = and_(order_hint.c.account_id == account_id, order_hint.c.remote_id.in_(ids), order_hint.c.due_at < again)
    connection.execute(update(order_hint).where(left).values(due_at=again))


def put_off(
    connection: Connection, account_id: int, hints: Sequence[HintedOrder], problem: Problem | None, *, now: dt.datetime
) -> None:
    """Look at these orders again later, less and less often; ``problem`` says why they couldn't be taken in."""
    for one in _in_order(hints):
        values: dict[str, Any] = {"tries": one.tries + 1, "due_at": now + _later(one.tries)}
        if problem is not None:
            values["problem"] = problem.to_json()
        connection.execute(update(order_hint).where(_same_hint(account_id, one)).values(values))


def _in_order(hints: Sequence[HintedOrder]) -> list[HintedOrder]:
    """Everybody takes the rows in one order, so that no two transactions wait for each other for ever."""
    return sorted(hints, key=lambda one: one.remote_id)


def _same_hint(account_id: int, one: HintedOrder) -> Any:
    return and_(
        order_hint.c.account_id == account_id,
        order_hint.c.remote_id == one.remote_id,
        order_hint.c.version == one.version,
    )


def _later(tries: int) -> dt.timedelta:
    """Return the pause before an order is looked at again: 2 s, doubled each time, at most an hour."""
    pause: dt.timedelta = READ_AGAIN * 2 ** min(tries, 12)
    return min(pause, dt.timedelta(hours=1))


def _put_hints(connection: Connection, rows: Sequence[Mapping[str, Any]], anew: Mapping[str, Any]) -> None:
    """Insert hints. Where one is there already it is due as the new one says, and ``anew`` is set."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    statement = dialect.insert(order_hint).values([dict(row) for row in rows])
    changes = {"due_at": statement.excluded.due_at, "version": order_hint.c.version + 1, **anew}
    key = ["account_id", "remote_id"]
    connection.execute(statement.on_conflict_do_update(index_elements=key, set_=changes))
