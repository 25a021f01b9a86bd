"""More was sold than there is: flagged in the transaction that took the order in, and shown with what it costs to
call each order off. Nothing is clamped.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, insert, select, update

from syncer.inventory.levels import available, full_levels
from syncer.inventory.posting import lock_stock
from syncer.store.batches import batches
from syncer.store.engine import after_commit
from syncer.store.order_tables import maker_capacity, oversell
from syncer.store.tables import location, product, variant
from syncer.store.wakeup import wake_after_commit

#: A person sees to it: off the desk, and flagged anew only if still more is sold.
HANDLED = "handled"


class Flag(NamedTuple):
    """A variant of which more was sold than there is: ``short`` pieces are missing."""

    id: int
    variant_id: int
    short: int
    new: bool


def missing(connection: Connection, variant_ids: Collection[int]) -> dict[int, int]:
    """Return how many pieces are missing of each variant: over the pooled locations, and at each other one.

    What is made to order has no stock to miss; its crafter's weeks are counted instead.
    """
    ids = sorted(set(variant_ids) - _made_to_order(connection, variant_ids))
    short = {variant_id: max(-free, 0) for variant_id, free in available(connection, ids).items()}
    apart = set(connection.execute(select(location.c.id).where(~location.c.pooled)).scalars())
    for variant_id, levels in full_levels(connection, ids).items() if apart else ():
        short[variant_id] += sum(max(-level.free, 0) for place, level in levels.items() if place in apart)
    return {variant_id: pieces for variant_id, pieces in short.items() if pieces}


def check(
    connection: Connection,
    variant_ids: Collection[int],
    *,
    now: dt.datetime,
    order_ids: Mapping[int, int] | None = None,
) -> list[Flag]:
    """Flag what is oversold of these variants, and close the flags of what no longer is; return the open ones.

    Inside the locks of whoever moved their stock.

    ``order_ids`` names the order that made it so, by variant. A new flag, and one that grew, is logged and wakes
    whoever waits, once the transaction has committed.
    """
    ids = sorted(set(variant_ids))
    if not ids:
        return []
    short = missing(connection, ids)
    open_now = _open(connection, ids)
    flags = []
    for variant_id in ids:
        row = open_now.get(variant_id)
        pieces = short.get(variant_id, 0)
        if not pieces:
            if row is not None:
                _close(connection, row[0], "free_again", now)
            continue
        if row is not None and row[2] == HANDLED:
            if pieces <= row[1]:
                continue
            reopened = {"state": "open", "short": pieces, "flagged_at": now, "settled_at": None}
            connection.execute(update(oversell).where(oversell.c.id == row[0]).values(reopened))
            flag = Flag(row[0], variant_id, pieces, True)
        elif row is None:
            flag = Flag(
                _insert(connection, variant_id, pieces, (order_ids or {}).get(variant_id), now),
                variant_id,
                pieces,
                True,
            )
        else:
            flag = Flag(row[0], variant_id, pieces, pieces > row[1])
            if pieces != row[1]:
                connection.execute(update(oversell).where(oversell.c.id == row[0]).values(short=pieces))
        flags.append(flag)
    for flag in flags:
        if flag.new:
            after_commit(connection, _Said(flag))
            wake_after_commit(connection)
    return flags


def recheck(connection: Connection, *, now: dt.datetime) -> None:
    """Look at all open flags again: the stock may have been counted, or made, meanwhile."""
    query = select(oversell.c.variant_id).where(oversell.c.state.in_(("open", HANDLED)))
    flagged = set(connection.execute(query).scalars())
    lock_stock(connection, flagged)
    check(connection, flagged, now=now)


class _Said:
    """The line in the log, written after the commit; equal ones count once."""

    def __init__(self, flag: Flag) -> None:
        self._flag = flag

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Said) and other._flag == self._flag

    def __hash__(self) -> int:
        return hash(self._flag)

    def __call__(self) -> None:
        import structlog  # a command that counts stock starts without it

        if not structlog.is_configured():
            return  # a command says it itself, in its own words
        log = structlog.get_logger("syncer.orders")
        log.warning("oversell", variant_id=self._flag.variant_id, short=self._flag.short, oversell_id=self._flag.id)


def _open(connection: Connection, ids: Sequence[int]) -> dict[int, tuple[int, int, str]]:
    """Return the flag of each variant that has one: its id, the pieces that were missing, its state."""
    found: dict[int, tuple[int, int, str]] = {}
    for part in batches(ids):
        here = and_(oversell.c.state.in_(("open", HANDLED)), oversell.c.variant_id.in_(part))
        names = (oversell.c.id, oversell.c.variant_id, oversell.c.short, oversell.c.state)
        query = select(*names).where(here).order_by(oversell.c.id)
        found.update((row.variant_id, (row.id, row.short, row.state)) for row in connection.execute(query))
    return found


def _insert(connection: Connection, variant_id: int, short: int, order_id: int | None, now: dt.datetime) -> int:
    values: dict[str, Any] = {
        "variant_id": variant_id,
        "short": short,
        "order_id": order_id,
        "flagged_at": now,
        "detail": {},
    }
    return int(connection.execute(insert(oversell).values(values).returning(oversell.c.id)).scalar_one())


def _close(connection: Connection, flag_id: int, how: str, now: dt.datetime, **more: Any) -> None:
    values = {"state": "settled", "settled_at": now, "detail": {"how": how} | more}
    connection.execute(update(oversell).where(oversell.c.id == flag_id).values(values))


def _made_to_order(connection: Connection, variant_ids: Collection[int]) -> set[int]:
    found: set[int] = set()
    for part in batches(sorted(variant_ids)):
        query = (
            select(variant.c.id)
            .join(product, product.c.id == variant.c.product_id)
            .join(maker_capacity, maker_capacity.c.maker == product.c.maker)
            .where(and_(variant.c.id.in_(part), product.c.made_to_order_days > 0))
        )
        found |= set(connection.execute(query).scalars())
    return found
