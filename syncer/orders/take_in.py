"""Take orders in: the one door through which a channel's orders reach the stock.

The whole is in docs/architecture.md, "Orders and the ledger".
Everything happens inside the caller's write transaction: the orders as read, what their lines mean, what they hold
and what has gone, what the channel's own numbers did meanwhile, and whether more was sold than there is.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, select

from syncer.channels.records import Account
from syncer.domain.order import QUANTITY_MAX, Count, Meaning, RemoteOrder, count_lines
from syncer.domain.words import Words
from syncer.inventory.bundles import parts_of
from syncer.inventory.posting import Stock, lock_stock
from syncer.inventory.reserving import recount
from syncer.orders import oversell
from syncer.orders.binding import Named, bind, named
from syncer.orders.book import Bound, Entry, Stored, door_of, open_orders, write_orders
from syncer.orders.counting import Change, Held, Places, append, load_counts
from syncer.orders.echo import Moved, after_orders, changes_of
from syncer.sdk.contract import OrderFacts
from syncer.store.tables import account as account_table
from syncer.store.wakeup import wake_after_commit

_OPEN = (Meaning.HOLD, Meaning.SOLD, Meaning.ASK)
_MAY_BE_BACK = (Meaning.ASK, Meaning.BACK)
#: A state whose own time lies so far ahead of our clock is no ground to refuse a later one.
_FUTURE = dt.timedelta(days=1)
ASK, TOO_MANY = "ask", "too_many"
#: A return that a webhook told of; the order as read shows nothing of it.
RETURN = "return"


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What taking orders in did: orders that changed, those that moved stock, lines whose SKU is unknown here, and
    the variants of which more is sold than there is. ``stale``: orders of which something newer was read already."""

    changed: int = 0
    counted: int = 0
    unknown_lines: int = 0
    oversold: tuple[int, ...] = ()
    stale: int = 0
    new: int = 0


@dataclass(frozen=True, slots=True)
class Door:
    """Where orders come in. ``location_id``: its goods are there, else in the pooled locations."""

    name: str
    account_id: int | None = None
    location_id: int | None = None
    note: str = ""


def take_in(
    connection: Connection,
    account: Account,
    facts: OrderFacts,
    orders: Sequence[RemoteOrder],
    *,
    read_began_at: dt.datetime,
    now: dt.datetime,
    opening: bool = False,
) -> TakenIn:
    """Take in what was read of an account's orders; to be called once in a transaction, with at most some hundred.

    ``read_began_at`` is when the read began that showed them: what an earlier read showed never overwrites it.
    ``opening``: they were placed before the account went live; what of them had gone by then is stored and listed,
    not counted (an order that we know already is not touched by this). Times are aware UTC.
    """
    door = door_for(account)
    if not _is_there(connection, account.id):
        # It was removed while its orders were being read: what they promise counts all the same.
        door = replace(door, account_id=None)
    return take_in_at(connection, door, facts, orders, read_began_at=read_began_at, now=now, opening=opening)


def _is_there(connection: Connection, account_id: int) -> bool:
    """Whether an account was not removed; until the transaction ends it isn't either."""
    query = select(account_table.c.id).where(account_table.c.id == account_id)
    return connection.execute(query.with_for_update(read=True, key_share=True)).first() is not None


def door_for(account: Account) -> Door:
    """Return the door through which a shop's orders come in."""
    return Door(door_of(account), account.id, account.location_id, account.name)


def take_in_at(
    connection: Connection,
    door: Door,
    facts: OrderFacts,
    orders: Sequence[RemoteOrder],
    *,
    read_began_at: dt.datetime,
    now: dt.datetime,
    opening: bool = False,
    flag: bool = True,
) -> TakenIn:
    """Do the same for any door; see :func:`take_in`. ``flag``: false leaves oversells to the caller's own check."""
    newest = _newest(orders)
    book = open_orders(connection, door.name, door.account_id, newest, read_as_of=read_began_at, now=now)
    fresh = [
        (order, book[order.remote_id])
        for order in newest
        if not _is_stale(order, book[order.remote_id], read_began_at, now)
    ]
    if not fresh:
        return TakenIn(stale=len(newest))
    work = _Work(connection, door, facts, fresh, now=now, opening=opening)
    oversold = work.count(flag=flag)
    write_orders(
        connection,
        work.entries,
        account_id=door.account_id,
        read_as_of=read_began_at,
        tells_promotions=facts.tells_promotions,
    )
    if door.account_id is not None and work.moved:
        recount(connection, door.account_id, work.moved, told=facts.tells_promotions)
    changed = sum(entry.changed for entry in work.entries)
    if changed:
        wake_after_commit(connection)
    new = sum(stored.new for _order, stored in fresh)
    return TakenIn(changed, work.counted, work.unknown_lines, oversold, len(newest) - len(fresh), new)


def _newest(orders: Iterable[RemoteOrder]) -> list[RemoteOrder]:
    """Return each order once, as it was last; a later one of the list wins where their own times are equal."""
    found: dict[str, RemoteOrder] = {}
    for order in orders:
        other = found.get(order.remote_id)
        if other is None or order.updated_at >= other.updated_at:
            found[order.remote_id] = order
    return list(found.values())


def _is_stale(order: RemoteOrder, stored: Stored, read_began_at: dt.datetime, now: dt.datetime) -> bool:
    """Whether something newer was read already: by a later read, or with a later time of the channel's own.

    What people enter themselves is true as they enter it.
    """
    if stored.new or stored.account_id is None:
        return False
    if read_began_at < stored.read_as_of:
        return True
    return order.updated_at < stored.updated_at <= now + _FUTURE


class _Work:
    """The orders of one call, from what their lines mean to what they do to the stock."""

    def __init__(
        self,
        connection: Connection,
        door: Door,
        facts: OrderFacts,
        fresh: Sequence[tuple[RemoteOrder, Stored]],
        *,
        now: dt.datetime,
        opening: bool,
    ) -> None:
        self._connection, self._door, self._facts = connection, door, facts
        self._now, self._opening = now, opening
        meant = bind(connection, door.account_id, _unbound(fresh))
        self.entries = [Entry(order, stored, _bound(facts, order, stored, meant)) for order, stored in fresh]
        self.counted = 0
        self.moved: frozenset[int] = frozenset()
        named_ids = {one.variant_id for entry in self.entries for one in entry.lines if one.variant_id is not None}
        self._parts = parts_of(connection, named_ids)
        self._counts = load_counts(connection, [entry.stored.id for entry in self.entries])
        self._stock = self._lock(named_ids)
        self._moves = [move for entry in self.entries for move in self._echo(entry)]

    @property
    def unknown_lines(self) -> int:
        """How many lines name something that is unknown here, though they say something about stock."""
        return sum(
            1
            for entry in self.entries
            for one in entry.lines
            if one.variant_id is None and one.meaning is not Meaning.IGNORE
        )

    def _lock(self, named_ids: Collection[int]) -> Stock:
        wanted = set(named_ids)
        wanted |= {part for parts in self._parts.values() for part, _pieces in parts}
        wanted |= {variant_id for counts in self._counts.values() for variant_id in counts}
        wanted |= {one.variant_id for entry in self.entries for one in entry.stored.lines if one.variant_id is not None}
        return lock_stock(self._connection, wanted)

    def _echo(self, entry: Entry) -> list[Moved]:
        if self._door.account_id is None:
            return []
        stored, order = entry.stored, entry.order
        since = order.created_at if stored.new else stored.updated_at
        return changes_of(self._facts, stored, order.status, entry.lines, since=since, until=order.updated_at)

    def count(self, *, flag: bool) -> tuple[int, ...]:
        """Count every order and move the stock; return the variants that are oversold now."""
        if self._door.account_id is not None and self._moves:
            after_orders(self._connection, self._door.account_id, self._moves, now=self._now, opening=self._opening)
        places = Places(
            self._connection,
            self._stock,
            account_id=self._door.account_id,
            own=self._door.location_id,
            now=self._now,
        )
        changes = [change for entry in self.entries for change in self._changes(entry, places)]
        moved = append(self._connection, self._stock, changes, actor=self._door.name, now=self._now)
        self.counted = len({one.order_id for one in changes if not one.silent and one.after != one.before.count})
        self.moved = frozenset(one.variant_id for one in moved)
        if not moved or not flag:
            return ()
        orders = {one.variant_id: one.order_id for one in changes}
        flags = oversell.check(self._connection, self.moved, now=self._now, order_ids=orders)
        return tuple(flag.variant_id for flag in flags)

    def _changes(self, entry: Entry, places: Places) -> list[Change]:
        stored = entry.stored
        before = self._counts.get(stored.id, {})
        lines = [
            (part, one.line.quantity * pieces, one.meaning)
            for one in entry.lines
            if one.variant_id is not None
            for part, pieces in self._parts.get(one.variant_id, ((one.variant_id, 1),))
        ]
        meanings = {one.meaning for one in entry.lines} or {self._facts.meaning(entry.order.status)}
        late = self._opening and stored.new
        is_open = any(meaning in _OPEN for meaning in meanings)
        entry.counted = is_open or (stored.counted if not stored.new else not late)
        if _too_many(lines):
            entry.problem = {"code": TOO_MANY, "words": _TOO_MANY.to_json()}
            return []
        old = {variant_id: held.count for variant_id, held in before.items()}
        base = _gone_by_now(lines) if late else {}
        said = count_lines(lines, old | base)
        entry.problem = _question(entry, sorted(said.asks), lines)
        changes = []
        for variant_id, after in sorted(said.counts.items()):
            held = before.get(variant_id)
            if held is None:
                if after == Count():
                    continue
                held = Held(places.choose(variant_id), Count(), 0, row=False)
            changes += _steps(stored.id, variant_id, held, base.get(variant_id), after, self._note(entry))
            places.take(variant_id, held.location_id, after.held - held.count.held)
        return changes

    def _note(self, entry: Entry) -> str:
        return f"{self._door.note} {entry.order.remote_id}".strip()


def _steps(order_id: int, variant_id: int, held: Held, base: Count | None, after: Count, note: str) -> list[Change]:
    """Return the changes of one variant: first what was gone before we looked, without a movement, then the rest."""
    if base is None or base == held.count:
        return [Change(order_id, variant_id, held, after, note)]
    first = Change(order_id, variant_id, held, base, note, silent=True)
    then = Change(order_id, variant_id, Held(held.location_id, base, held.revision), after, note)
    return [first, then]


def _question(entry: Entry, asks: Sequence[int], lines: Sequence[tuple[int, int, Meaning]]) -> Mapping[str, Any] | None:
    """Return what a person is asked about an order; a question that was answered isn't asked again.

    It is another one if the channel speaks of another number of pieces.
    """
    now = question(asks, lines)
    before = dict(entry.stored.problem or {})
    if now is None:
        return before if before.get("code") == RETURN else None
    answered = before.pop("answered", False)
    same = before == now and entry.stored.status == entry.order.status
    return {**now, "answered": True} if same and answered else now


def question(asks: Sequence[int], lines: Sequence[tuple[int, int, Meaning]]) -> Mapping[str, Any] | None:
    """Return what is asked about these variants of an order's lines, as it is stored; ``None`` if nothing is."""
    if not asks:
        return None
    back = [sum(n for key, n, meaning in lines if key == asked and meaning in _MAY_BE_BACK) for asked in asks]
    return {"code": ASK, "variants": list(asks), "pieces": back}


def _gone_by_now(lines: Iterable[tuple[int, int, Meaning]]) -> dict[int, Count]:
    found: dict[int, Count] = {}
    for variant_id, quantity, meaning in lines:
        if meaning is Meaning.GONE:
            found[variant_id] = found.get(variant_id, Count()) + Count(gone=quantity)
    return found


def _too_many(lines: Iterable[tuple[int, int, Meaning]]) -> bool:
    totals: dict[int, int] = {}
    for variant_id, quantity, _meaning in lines:
        totals[variant_id] = totals.get(variant_id, 0) + quantity
    return any(total > QUANTITY_MAX for total in totals.values())


def _unbound(fresh: Sequence[tuple[RemoteOrder, Stored]]) -> set[Named]:
    """Return the names that are to be looked up: those of lines that are new, renamed, or unknown so far."""
    found: set[Named] = set()
    for order, stored in fresh:
        known = {one.line_id: one.name for one in stored.lines if one.variant_id is not None}
        found |= {named(line) for line_id, line in _lines(order) if known.get(line_id) != named(line)}
    return found


def _bound(facts: OrderFacts, order: RemoteOrder, stored: Stored, meant: Mapping[Named, int]) -> list[Bound]:
    """Return an order's lines with their variants; a line keeps the one it had for as long as it names the same."""
    known = {one.line_id: (one.name, one.variant_id) for one in stored.lines if one.variant_id is not None}
    found = []
    for line_id, line in _lines(order):
        name, variant_id = known.get(line_id, (None, None))
        variant_id = variant_id if name == named(line) else meant.get(named(line))
        found.append(Bound(line_id, line, variant_id, facts.meaning(line.status or order.status)))
    return found


def _lines(order: RemoteOrder) -> list[tuple[str, Any]]:
    """Return an order's lines, each with an id of its own."""
    found: dict[str, Any] = {}
    for line in order.lines:
        line_id, number = line.line_id, 1
        while line_id in found:
            number += 1
            line_id = f"{line.line_id[:110]}#{number}"
        found[line_id] = line
    return list(found.items())


_TOO_MANY = Words(
    "Jumlah barang di pesanan ini tidak masuk akal, jadi tidak dihitung. Periksa pesanannya di toko.",
    "The number of pieces in this order makes no sense, so it isn't counted. Look at the order in the shop.",
)
