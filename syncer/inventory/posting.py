"""What orders do to stock: promise pieces, take them away, give them back. Appended to the ledger in one go.

An order is a fact: nothing is refused here, and a level may go below zero, so that an oversell stays visible. Locks
are taken in the order of everybody (products, listings, levels; each by id), so two orders never wait for each other
for ever.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, bindparam, insert, select, update

from syncer.domain.stock import Reason
from syncer.domain.text import clean_text
from syncer.inventory.ledger import Movement
from syncer.inventory.levels import Level
from syncer.inventory.marking import lock_listings, mark_moved
from syncer.store.batches import batches
from syncer.store.tables import location, stock_level, stock_movement, variant
from syncer.store.upsert import insert_or_keep


class Posting(NamedTuple):
    """What is asked of one level: pieces that come or leave, and pieces promised (negative: no longer so).

    ``reference`` is unique for ever, at most 120 characters: the same posting again is nothing.
    """

    variant_id: int
    location_id: int
    delta: int
    held_delta: int
    reference: str
    reason: Reason = Reason.ORDERED
    note: str = ""


class Stock(NamedTuple):
    """The stock of some variants, locked until the transaction ends: levels by variant and location."""

    levels: dict[int, dict[int, Level]]
    products: dict[int, int]


def lock_stock(connection: Connection, variant_ids: Iterable[int]) -> Stock:
    """Lock the products, listings and levels of these variants, and return what there is.

    To be called once in a transaction, with all the variants that it will move: whoever locks twice may wait for
    somebody who waits for them.
    """
    ids = sorted(set(variant_ids))
    products: dict[int, int] = {}
    levels: dict[int, dict[int, Level]] = {variant_id: {} for variant_id in ids}
    parts = list(batches(ids))
    for part in parts:
        rows = connection.execute(select(variant.c.id, variant.c.product_id).where(variant.c.id.in_(part)))
        products.update((row.id, row.product_id) for row in rows)
    lock_listings(connection, sorted(set(products.values())))
    for part in parts:
        query = (
            select(stock_level)
            .where(stock_level.c.variant_id.in_(part))
            .order_by(stock_level.c.variant_id, stock_level.c.location_id)
        )
        for row in connection.execute(query.with_for_update()):
            levels[row.variant_id][row.location_id] = Level(row.on_hand, row.held)
    return Stock(levels, products)


def post(
    connection: Connection,
    stock: Stock,
    postings: Sequence[Posting],
    *,
    actor: str = "",
    now: dt.datetime,
    cause_id: int | None = None,
) -> list[Movement]:
    """Append ``postings`` to the ledger and mark the listings whose free stock moved; return what was new.

    ``stock`` comes from :func:`lock_stock` in the same transaction and holds every variant named; its levels are
    brought up to date.
    """
    new = _new(connection, [one for one in postings if one.delta or one.held_delta])
    if not new:
        return []
    rows: list[dict[str, Any]] = []
    for one in new:
        before = stock.levels[one.variant_id].get(one.location_id, Level())
        after = Level(before.on_hand + one.delta, before.held + one.held_delta)
        stock.levels[one.variant_id][one.location_id] = after
        rows.append(
            {
                **one._asdict(),
                "reason": one.reason.value,
                "note": clean_text(one.note, max_length=500),
                "actor": clean_text(actor, max_length=80),
                "on_hand_after": after.on_hand,
                "held_after": after.held,
                "at": now,
            }
        )
    connection.execute(insert(stock_movement), rows)
    _write_levels(connection, stock, sorted({(one.variant_id, one.location_id) for one in new}))
    moved = sorted({one.variant_id for one in new if one.delta != one.held_delta})
    if moved:
        products = sorted({stock.products[variant_id] for variant_id in moved})
        mark_moved(connection, products, moved, now=now, cause_id=cause_id)
    return _movements(connection, stock, [one.reference for one in new])


def _new(connection: Connection, postings: Sequence[Posting]) -> list[Posting]:
    """Return those whose reference was not used before, each once."""
    wanted = {one.reference: one for one in postings}
    names = list(wanted)
    for part in batches(names):
        used = select(stock_movement.c.reference).where(stock_movement.c.reference.in_(part))
        for name in connection.execute(used).scalars():
            wanted.pop(name, None)
    return list(wanted.values())


def _write_levels(connection: Connection, stock: Stock, pairs: Sequence[tuple[int, int]]) -> None:
    keys = ["variant_id", "location_id"]
    connection.execute(
        insert_or_keep(connection, stock_level, keys),
        [{"variant_id": variant_id, "location_id": location_id, "on_hand": 0} for variant_id, location_id in pairs],
    )
    here = and_(stock_level.c.variant_id == bindparam("of"), stock_level.c.location_id == bindparam("at_place"))
    statement = (
        update(stock_level)
        .where(here)
        .values(on_hand=bindparam("there"), held=bindparam("promised"), version=stock_level.c.version + 1)
    )
    connection.execute(
        statement,
        [
            {"of": pair[0], "at_place": pair[1], "there": level.on_hand, "promised": level.held}
            for pair in pairs
            for level in [stock.levels[pair[0]][pair[1]]]
        ],
    )


def _movements(connection: Connection, stock: Stock, references: Sequence[str]) -> list[Movement]:
    found = []
    for part in batches(references):
        query = (
            select(stock_movement, variant.c.sku, location.c.code)
            .join(variant, variant.c.id == stock_movement.c.variant_id)
            .join(location, location.c.id == stock_movement.c.location_id)
            .where(stock_movement.c.reference.in_(part))
            .order_by(stock_movement.c.id)
        )
        found += [
            Movement(
                row.id,
                row.variant_id,
                stock.products[row.variant_id],
                row.sku,
                row.code,
                row.delta,
                row.on_hand_after,
                Reason(row.reason),
                row.reference,
                row.at,
                row.held_delta,
                row.held_after,
            )
            for row in connection.execute(query)
        ]
    return found
