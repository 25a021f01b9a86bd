"""What orders ask of a person: lines whose SKU is unknown here, and pieces that may have come back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, select, update

from syncer.domain.order import Count, Meaning
from syncer.inventory.bundles import parts_of
from syncer.inventory.ledger import Movement
from syncer.inventory.posting import lock_stock
from syncer.inventory.reserving import recount
from syncer.orders import errors, oversell
from syncer.orders.book import Stored, find_orders, load_orders, lock_orders
from syncer.orders.counting import Change, Held, append, load_counts
from syncer.orders.shops import SHOP_NAME, with_shops
from syncer.orders.take_in import RETURN
from syncer.store.order_tables import channel_order, order_line
from syncer.store.skus import find_variant
from syncer.store.tables import variant
from syncer.store.wakeup import wake_after_commit

_AT_ONCE = 200
_PROMISED = (Meaning.HOLD, Meaning.SOLD)
#: A line that waits to be bound, of an order that counts.
IS_UNKNOWN = and_(
    order_line.c.variant_id.is_(None),
    channel_order.c.counted,
    order_line.c.quantity > 0,
    order_line.c.meaning.not_in((Meaning.IGNORE.value, Meaning.BACK.value)),
)


class Unknown(NamedTuple):
    """A line whose SKU nobody knows here."""

    order_id: int
    order: str
    account: str
    line: str
    sku: str
    title: str
    quantity: int
    meaning: Meaning
    created_at: dt.datetime


def find_order(connection: Connection, name: str) -> Stored:
    """Return the order that people call ``name``: the channel's number, or Syncer's own. Raises OrderError."""
    found = find_orders(connection, name.strip())
    if not found:
        raise errors.unknown_order(name)
    if len(found) > 1:
        raise errors.several_orders(name, [one.id for one in found])
    return found[0]


def unknown_lines(connection: Connection) -> list[Unknown]:
    """Return the lines that wait to be bound, the oldest first; those of orders that hold nothing are left out."""
    query = (
        select(channel_order, order_line, SHOP_NAME.label("shop"))
        .select_from(with_shops(channel_order.join(order_line, order_line.c.order_id == channel_order.c.id)))
        .where(IS_UNKNOWN)
        .order_by(channel_order.c.created_at, channel_order.c.id, order_line.c.line_id)
    )
    return [
        Unknown(
            row.id,
            row.remote_id,
            row.shop,
            row.line_id,
            row.sku,
            row.title,
            row.quantity,
            Meaning(row.meaning or Meaning.ASK),
            row.created_at,
        )
        for row in connection.execute(query)
    ]


def questions(connection: Connection) -> list[Mapping[str, Any]]:
    """Return the orders that a person must judge, and of which SKUs: gone and called off, or in an unknown status."""
    query = (
        select(channel_order, SHOP_NAME.label("shop"))
        .select_from(with_shops(channel_order))
        .where(channel_order.c.problem.is_not(None))
        .order_by(channel_order.c.updated_at, channel_order.c.id)
    )
    open_now = [row for row in connection.execute(query).mappings() if not row["problem"].get("answered")]
    ids = {variant_id for row in open_now for variant_id in row["problem"].get("variants", ())}
    skus = dict(connection.execute(select(variant.c.id, variant.c.sku).where(variant.c.id.in_(ids))).tuples().all())
    orders = {one.id: one for one in load_orders(connection, [row["id"] for row in open_now])}
    counts = load_counts(connection, list(orders))
    asked = coming_back(connection, list(orders.values()), counts)
    return [
        {
            "order_id": row["id"],
            "order": row["remote_id"],
            "account": row["shop"],
            "status": row["status"],
            "code": row["problem"]["code"],
            "pieces": {
                skus[key]: asked[row["id"]].get(key, Asked()).pieces
                for key in row["problem"].get("variants", ())
                if key in skus
            },
            "updated_at": row["updated_at"],
        }
        for row in open_now
    ]


@dataclass(frozen=True, slots=True)
class Asked:
    """Pieces that a person is asked about: ``gone`` ones, and ``held`` ones that we never saw leave."""

    gone: int = 0
    held: int = 0

    @property
    def pieces(self) -> int:
        """All of them."""
        return self.gone + self.held


def coming_back(
    connection: Connection, orders: Sequence[Stored], counts: Mapping[int, Mapping[int, Held]]
) -> dict[int, dict[int, Asked]]:
    """Return, by order and variant, the pieces that may be on their way back.

    They are those that are counted and that no line says are still promised, or gone for good; where a webhook told of
    a return, all that have gone may be.
    """
    named = {line.variant_id for one in orders for line in one.lines if line.variant_id is not None}
    parts = parts_of(connection, named)
    found: dict[int, dict[int, Asked]] = {}
    for order in orders:
        gone: dict[int, int] = {}
        held: dict[int, int] = {}
        for line in order.lines:
            said = gone if line.meaning is Meaning.GONE else held if line.meaning in _PROMISED else None
            if said is None or line.variant_id is None or (said is gone and _is_told(order)):
                continue
            for part, pieces in parts.get(line.variant_id, ((line.variant_id, 1),)):
                said[part] = said.get(part, 0) + line.quantity * pieces
        found[order.id] = {
            key: Asked(
                max(one.count.gone - one.count.returned - gone.get(key, 0), 0),
                max(one.count.held - held.get(key, 0), 0),
            )
            for key, one in counts[order.id].items()
        }
    return found


def ask_returned(connection: Connection, account_id: int, returns: Mapping[str, str]) -> frozenset[str]:
    """Ask what came back with returns that an account's orders don't show themselves: by order, the id of a return.

    A return is asked about once. Return the orders of which nothing is away, as far as was read by now.
    """
    if not returns:
        return frozenset()
    same = and_(channel_order.c.account_id == account_id, channel_order.c.remote_id.in_(sorted(returns)))
    orders = lock_orders(connection, list(connection.execute(select(channel_order.c.id).where(same)).scalars()))
    counts = load_counts(connection, [one.id for one in orders])
    early = set(returns) - {one.remote_id for one in orders}
    for order in orders:
        told, before = returns[order.remote_id], order.problem or {}
        if before.get("return") == told:
            continue
        away = sorted(key for key, held in counts[order.id].items() if _away(held) > 0)
        if not away:
            early.add(order.remote_id)
            continue
        problem = {"code": RETURN, "variants": away, "return": told}
        connection.execute(update(channel_order).where(channel_order.c.id == order.id).values(problem=problem))
    return frozenset(early)


def _is_told(order: Stored) -> bool:
    """Whether a webhook told of a return, and nobody has said yet what came back."""
    problem = order.problem or {}
    return problem.get("code") == RETURN and not problem.get("answered")


def give_back(
    connection: Connection,
    which: Stored,
    *,
    sku: str = "",
    pieces: int | None = None,
    lost: bool = False,
    actor: str = "",
    now: dt.datetime,
) -> list[Movement]:
    """Put pieces that had gone with an order back on the shelf; ``lost``: they don't come back, and that is settled.

    ``sku`` chooses one variant, ``pieces`` how many of it. By default it is what the channel says is on its way back,
    or all that are away if it says nothing. What was held and is on its way back has gone by now, whatever became of
    it. Raises OrderError, UnknownSku.
    """
    order = lock_orders(connection, [which.id])[0]
    counts = load_counts(connection, [order.id])[order.id]
    asked = coming_back(connection, [order], {order.id: counts})[order.id] if order.problem is not None else {}
    chosen = {find_variant(connection, sku).id} if sku else set(counts)
    most = {key: _away(counts.get(key)) + asked.get(key, Asked()).held for key in chosen}
    default = {key: asked.get(key, Asked()).pieces if order.problem is not None else most[key] for key in chosen}
    if pieces is not None:
        default = {key: pieces for key, away in most.items() if away}
        if default and (len(default) > 1 or not 1 <= pieces <= max(most.values())):
            raise errors.too_many_returned(order.remote_id, max(most.values()))
    back = {key: wanted for key, wanted in default.items() if wanted > 0}
    if not back:
        raise errors.nothing_to_return(order.remote_id)
    if _is_told(order) and pieces is None and not lost and sum(back.values()) > 1:
        # Which pieces of the order come back, the webhook doesn't say.
        raise errors.how_many_returned(order.remote_id)
    stock = lock_stock(connection, back)
    changes = [
        Change(order.id, key, held, _answered(held.count, asked.get(key, Asked()).held, 0 if lost else n), note)
        for key, n in sorted(back.items())
        for held, note in [(counts[key], order.remote_id)]
    ]
    moved = append(connection, stock, changes, actor=actor, now=now)
    oversell.check(connection, back, now=now)
    if order.problem is not None:
        answered = dict(order.problem) | {"answered": True}
        connection.execute(update(channel_order).where(channel_order.c.id == order.id).values(problem=answered))
    wake_after_commit(connection)
    return moved


def close(connection: Connection, which: Stored, *, sent: bool, actor: str = "", now: dt.datetime) -> list[Movement]:
    """Say what became of an order that the channel tells nothing of any more: ``sent``, or called off.

    What it holds goes, or is free again. If the order is ever read again, the channel's word counts. Raises
    OrderError if it holds nothing.
    """
    order = lock_orders(connection, [which.id])[0]
    counts = {key: held for key, held in load_counts(connection, [order.id])[order.id].items() if held.count.held}
    if not counts:
        raise errors.nothing_held(order.remote_id)
    stock = lock_stock(connection, counts)
    changes = [
        Change(order.id, key, held, _closed(held.count, sent=sent), order.remote_id)
        for key, held in sorted(counts.items())
    ]
    moved = append(connection, stock, changes, actor=actor, now=now)
    use_campaigns(connection, [order], counts)
    oversell.check(connection, counts, now=now)
    wake_after_commit(connection)
    return moved


def use_campaigns(connection: Connection, orders: Sequence[Stored], variant_ids: Collection[int]) -> None:
    """Count anew what running campaigns have sold, after a person changed what orders hold of these variants."""
    shops = {(one.account_id, one.tells_promotions) for one in orders if one.account_id is not None}
    for account_id, told in sorted(shops):
        recount(connection, account_id, variant_ids, told=told)


def _closed(count: Count, *, sent: bool) -> Count:
    return Count(0, count.gone + (count.held if sent else 0), count.returned)


def _away(held: Held | None) -> int:
    return 0 if held is None else held.count.gone - held.count.returned


def _answered(count: Count, held: int, back: int) -> Count:
    """Return the count once a person has judged it: ``held`` pieces of it had left, ``back`` are on the shelf."""
    return Count(count.held - held, count.gone + held, count.returned + back)
