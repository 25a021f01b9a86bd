"""A person says what a line of an order means, or says so again: the line is counted in that transaction."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, select, update

from syncer.domain.order import Count, Meaning, count_lines
from syncer.inventory.bundles import parts_of
from syncer.inventory.ledger import Movement
from syncer.inventory.posting import lock_stock
from syncer.orders import errors, oversell
from syncer.orders.binding import bind, remember
from syncer.orders.book import Stored, StoredLine, load_orders, lock_orders
from syncer.orders.counting import Change, Held, Places, append, load_counts
from syncer.orders.echo import Moved, after_orders
from syncer.orders.inbox import find_order, use_campaigns
from syncer.orders.take_in import RETURN, TOO_MANY, question
from syncer.store.order_tables import channel_order, order_line
from syncer.store.skus import find_variant
from syncer.store.tables import account, variant

_AT_ONCE = 200
#: The pieces of one bound variant: (variant id of the part, pieces of it).
_Parts = Sequence[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class BoundLines:
    """What binding did: lines bound (this one, and others that name the same), the movements, and what is oversold."""

    lines: int
    sku: str
    moved: tuple[Movement, ...] = ()
    oversold: tuple[int, ...] = ()


class Concerned(NamedTuple):
    """A line that binding would change. ``was``: the SKU that it means so far, or ``None``."""

    order: str
    line: str
    quantity: int
    theirs: str
    was: str | None


def concerned(connection: Connection, name: str, line: str, sku: str, *, again: bool = False) -> list[Concerned]:
    """Return the lines that :func:`bind_line` would bind, the named one first. Raises what it raises."""
    order = find_order(connection, name)
    wanted = _line(connection, order, line, find_variant(connection, sku).id, again=again)
    orders = load_orders(connection, _which(connection, order, wanted))
    skus = dict(
        connection.execute(select(variant.c.id, variant.c.sku).where(variant.c.id == wanted.variant_id)).tuples().all()
    )
    found = [
        (one.id != order.id or row.line_id != wanted.line_id, one, row)
        for one in orders
        for row in one.lines
        if _is_meant(order, wanted, one, row)
    ]
    return [
        Concerned(one.remote_id, row.line_id, row.quantity, row.name.sku, skus.get(row.variant_id or 0))
        for _other, one, row in sorted(found, key=lambda each: (each[0], each[1].id, each[2].line_id))
    ]


def bind_line(
    connection: Connection,
    name: str,
    line: str,
    sku: str,
    *,
    again: bool = False,
    oversell_ok: bool = True,
    now: dt.datetime,
) -> BoundLines:
    """Say which variant a line of an order means, and count it; other lines that name the same are bound with it.

    ``line`` is its id, or the SKU that it shows. What it means is kept for the orders to come. ``again`` takes back
    what was said before: what was counted of the other variant is counted of this one. Raises OrderError, also if
    more would be sold than there is and not ``oversell_ok``; UnknownSku.
    """
    order = find_order(connection, name)
    found = find_variant(connection, sku)
    wanted = _line(connection, order, line, found.id, again=again)
    if _has_ids(order, wanted) and order.account_id is not None:
        remember(connection, order.account_id, wanted.name, found.id, now)
    orders = lock_orders(connection, set(_which(connection, order, wanted)))
    meant = {
        (one.id, row.line_id): found.id for one in orders for row in one.lines if _is_meant(order, wanted, one, row)
    }
    moved, flags = _count_bound(connection, orders, meant, now=now)
    worse = [flag for flag in flags if flag.new]
    if worse and not oversell_ok:
        raise errors.bind_oversells(found.sku, max(flag.short for flag in worse))
    return BoundLines(len(meant), found.sku, tuple(moved), tuple(flag.variant_id for flag in flags))


def bind_known(connection: Connection, *, now: dt.datetime) -> int:
    """Bind the waiting lines whose SKU is known by now (some hundred at a time); return how many those were."""
    query = select(order_line.c.order_id).where(order_line.c.variant_id.is_(None)).distinct().limit(_AT_ONCE)
    orders = lock_orders(connection, set(connection.execute(query).scalars()))
    meant: dict[tuple[int, str], int] = {}
    for account_id in {one.account_id for one in orders}:
        mine = [one for one in orders if one.account_id == account_id]
        waiting = [(one.id, row) for one in mine for row in one.lines if row.variant_id is None]
        found = bind(connection, account_id, {row.name for _order_id, row in waiting})
        meant |= {(order_id, row.line_id): found[row.name] for order_id, row in waiting if row.name in found}
    if meant:
        _count_bound(connection, [one for one in orders if any(key[0] == one.id for key in meant)], meant, now=now)
    return len(meant)


def _line(connection: Connection, order: Stored, line: str, variant_id: int, *, again: bool) -> StoredLine:
    """Return the line that a person names; one that is bound already is refused, unless it is bound anew."""
    wanted = line.strip()
    found = [one for one in order.lines if one.line_id == wanted]
    found = found or [one for one in order.lines if one.name.sku == wanted and one.variant_id is None]
    found = found or [one for one in order.lines if one.name.sku == wanted]
    if not found:
        names = [one.line_id for one in order.lines if one.variant_id is None]
        raise errors.unknown_line(order.remote_id, line, names or [one.line_id for one in order.lines])
    known = found[0].variant_id
    if known is not None and (not again or known == variant_id):
        was = connection.execute(select(variant.c.sku).where(variant.c.id == known)).scalar_one()
        raise errors.bound_already(order.remote_id, found[0].line_id, was)
    return found[0]


def _has_ids(order: Stored, line: StoredLine) -> bool:
    return order.account_id is not None and bool(line.name.listing_id or line.name.offer_id)


def _which(connection: Connection, order: Stored, wanted: StoredLine) -> list[int]:
    """Return the orders that name the same, and mean the same so far; the order itself among them."""
    if not _has_ids(order, wanted):
        return [order.id]
    query = (
        select(order_line.c.order_id)
        .join(channel_order, channel_order.c.id == order_line.c.order_id)
        .where(
            and_(
                order_line.c.variant_id.is_not_distinct_from(wanted.variant_id),
                channel_order.c.account_id == order.account_id,
                order_line.c.listing_remote_id == wanted.name.listing_id,
                order_line.c.offer_remote_id == wanted.name.offer_id,
            )
        )
        .distinct()
    )
    return sorted({order.id, *connection.execute(query).scalars()})


def _is_meant(order: Stored, wanted: StoredLine, other: Stored, row: StoredLine) -> bool:
    if row.variant_id != wanted.variant_id:
        return False
    return (other.id, row.line_id) == (order.id, wanted.line_id) or row.name == wanted.name


def _count_bound(
    connection: Connection, orders: Sequence[Stored], meant: Mapping[tuple[int, str], int], *, now: dt.datetime
) -> tuple[list[Movement], list[oversell.Flag]]:
    """Write down what lines mean and count their orders anew, in this transaction."""
    for (order_id, line_id), variant_id in sorted(meant.items()):
        same = and_(order_line.c.order_id == order_id, order_line.c.line_id == line_id)
        connection.execute(update(order_line).where(same).values(variant_id=variant_id))
    parts = parts_of(connection, _variants(orders, meant))
    counts = load_counts(connection, [one.id for one in orders])
    wanted = _variants(orders, meant) | {part for known in parts.values() for part, _pieces in known}
    stock = lock_stock(connection, wanted | {key for found in counts.values() for key in found})
    _echo(connection, orders, meant, now=now)
    changes: list[Change] = []
    for one in orders:
        own = _own_place(connection, one.account_id)
        places = Places(connection, stock, account_id=one.account_id, own=own, now=now)
        changes += _recount(connection, one, _Meant(one, meant, parts), counts[one.id], places)
    moved = append(connection, stock, changes, actor="bind", now=now)
    use_campaigns(connection, orders, {one.variant_id for one in moved})
    by_variant = {change.variant_id: change.order_id for change in changes}
    return moved, oversell.check(connection, {one.variant_id for one in moved}, now=now, order_ids=by_variant)


class _Meant:
    """The lines of one order, with what each meant and means now."""

    def __init__(
        self, order: Stored, meant: Mapping[tuple[int, str], int], parts: Mapping[int, Sequence[tuple[int, int]]]
    ) -> None:
        self.lines = [(row, meant.get((order.id, row.line_id), row.variant_id)) for row in order.lines]
        self._parts = parts

    def parts(self, variant_id: int) -> _Parts:
        """Return the pieces that a variant is made of."""
        return self._parts.get(variant_id, ((variant_id, 1),))

    def counted(self) -> list[tuple[int, int, Meaning]]:
        """Return the lines as they are counted from now on."""
        return [
            (part, row.quantity * pieces, row.meaning)
            for row, now in self.lines
            if now is not None
            for part, pieces in self.parts(now)
        ]

    def moved(self, before: Mapping[int, Held]) -> dict[int, Count]:
        """Return the counts as if lines that are bound anew had meant the same from the beginning.

        What had gone with such a line has gone of the variant that it means now, and what came back of it came back
        of that.
        """
        counts = {variant_id: held.count for variant_id, held in before.items()}
        free = dict(counts)
        for row, now in self.lines:
            if row.variant_id is not None and row.variant_id == now and row.meaning is Meaning.GONE:
                for part, pieces in self.parts(now):
                    had = free.get(part, Count())
                    gone = max(had.gone - row.quantity * pieces, 0)
                    free[part] = Count(0, gone, min(had.returned, gone))
        again = [(row, was, now) for row, now in self.lines for was in [row.variant_id] if was not in (None, now)]
        for row, was, now in sorted(again, key=lambda each: each[0].meaning is not Meaning.GONE):
            if was is None or now is None or row.meaning in (Meaning.HOLD, Meaning.SOLD, Meaning.IGNORE):
                continue
            units = [free.get(part, Count()) for part, _pieces in self.parts(was)]
            each = [pieces for _part, pieces in self.parts(was)]
            gone = min([row.quantity, *(one.gone // n for one, n in zip(units, each, strict=True))])
            back = min([gone, *(one.returned // n for one, n in zip(units, each, strict=True))])
            for part, pieces in self.parts(was):
                free[part] = _plus(free.get(part, Count()), -gone * pieces, -back * pieces)
                counts[part] = _plus(counts.get(part, Count()), -gone * pieces, -back * pieces)
            for part, pieces in self.parts(now):
                counts[part] = _plus(counts.get(part, Count()), gone * pieces, back * pieces)
        return counts


def _plus(count: Count, gone: int, returned: int) -> Count:
    return Count(count.held, count.gone + gone, count.returned + returned)


def _recount(
    connection: Connection, order: Stored, meant: _Meant, before: Mapping[int, Held], places: Places
) -> list[Change]:
    lines = meant.counted()
    said = count_lines(lines, meant.moved(before))
    _ask_of(connection, order, question(sorted(said.asks), lines), said.counts)
    changes = []
    for variant_id, after in sorted(said.counts.items()):
        held = before.get(variant_id)
        if held is None:
            held = Held(places.choose(variant_id), Count(), 0, row=False)
        silent = not order.counted
        changes.append(Change(order.id, variant_id, held, after, order.remote_id, silent))
    return changes


def _ask_of(
    connection: Connection, order: Stored, asked: Mapping[str, Any] | None, counts: Mapping[int, Count]
) -> None:
    """Ask what was asked of the variants that the lines mean now; an answer stays one."""
    before = order.problem
    if before is None or before["code"] == TOO_MANY:
        return
    if before["code"] == RETURN:
        away = sorted(key for key, one in counts.items() if one.gone > one.returned)
        asked = {**before, "variants": away}
    elif asked is not None and before.get("answered"):
        asked = {**asked, "answered": True}
    connection.execute(update(channel_order).where(channel_order.c.id == order.id).values(problem=asked))


def _echo(
    connection: Connection, orders: Sequence[Stored], meant: Mapping[tuple[int, str], int], *, now: dt.datetime
) -> None:
    """Nobody followed the channel's number while the line meant nothing, or another variant: it is set again."""
    moves: dict[int, list[Moved]] = {}
    for one in orders:
        for row in one.lines:
            key = meant.get((one.id, row.line_id))
            if key is None or one.account_id is None or not one.counted:
                continue
            for variant_id in {key, row.variant_id} - {None}:
                moved = Moved(
                    variant_id or key, 0, False, row.quantity, one.created_at, one.updated_at, frozenset({row.name})
                )
                moves.setdefault(one.account_id, []).append(moved)
    for account_id, found in sorted(moves.items()):
        after_orders(connection, account_id, found, now=now)


def _variants(orders: Collection[Stored], meant: Mapping[tuple[int, str], int]) -> set[int]:
    known = {row.variant_id for one in orders for row in one.lines if row.variant_id is not None}
    return known | set(meant.values())


def _own_place(connection: Connection, account_id: int | None) -> int | None:
    if account_id is None:
        return None
    found: int | None = connection.execute(select(account.c.location_id).where(account.c.id == account_id)).scalar()
    return found
