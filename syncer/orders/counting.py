"""What orders hold, and what has gone and come back: the difference to the ledger, appended with a revision.

Level-triggered (docs/architecture.md, "Orders and the ledger"): an order as read now says how much of each variant it
holds; what the ledger has of it stands in ``order_count``; the difference becomes one movement, whose reference
carries the revision, so that no reading counts twice.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, bindparam, insert, select, update

from syncer.domain.order import Count
from syncer.domain.stock import Reason
from syncer.inventory.ledger import Movement
from syncer.inventory.locations import find_location
from syncer.inventory.posting import Posting, Stock, post
from syncer.store.batches import batches
from syncer.store.order_tables import order_count, reservation
from syncer.store.tables import location


@dataclass(frozen=True, slots=True)
class Held:
    """What the ledger has of one order and variant. ``row``: it is stored already."""

    location_id: int
    count: Count
    revision: int
    row: bool = True


class Change(NamedTuple):
    """One variant of one order counts anew. ``silent``: taken as it is, without a movement (over before go-live)."""

    order_id: int
    variant_id: int
    before: Held
    after: Count
    note: str = ""
    silent: bool = False


def load_counts(connection: Connection, order_ids: Collection[int]) -> dict[int, dict[int, Held]]:
    """Return what the ledger has of these orders, by order and variant."""
    found: dict[int, dict[int, Held]] = {order_id: {} for order_id in order_ids}
    ids = sorted(order_ids)
    for some in batches(ids):
        part = order_count.c.order_id.in_(some)
        query = select(order_count).where(part).order_by(order_count.c.location_id)
        for row in connection.execute(query):
            held = Held(row.location_id, Count(row.held, row.gone, row.returned), row.revision)
            found[row.order_id].setdefault(row.variant_id, held)
    return found


class Places:
    """Where the pieces of an order come from: chosen once, then kept.

    The account's own location; else where its running campaign keeps them; else the pooled location with the most
    free pieces at this moment.
    """

    def __init__(
        self, connection: Connection, stock: Stock, *, account_id: int | None, own: int | None, now: dt.datetime
    ) -> None:
        self._connection, self._own = connection, own
        self._free = {
            variant_id: {place: level.free for place, level in levels.items()}
            for variant_id, levels in stock.levels.items()
        }
        self._campaigns = self._load_campaigns(account_id, now) if own is None else {}
        self._pooled: list[int] | None = None

    def choose(self, variant_id: int) -> int:
        """Return the id of the location that gives pieces of a variant."""
        if self._own is not None:
            return self._own
        if variant_id in self._campaigns:
            return self._campaigns[variant_id]
        free = self._free.get(variant_id, {})
        pooled = [place for place in self._all_pooled() if place in free]
        if not pooled:
            return find_location(self._connection).id
        return max(pooled, key=lambda place: (free[place], -place))

    def take(self, variant_id: int, location_id: int, pieces: int) -> None:
        """Note that pieces are no longer free there: the next order of the same batch chooses after this one."""
        free = self._free.setdefault(variant_id, {})
        free[location_id] = free.get(location_id, 0) - pieces

    def _all_pooled(self) -> list[int]:
        if self._pooled is None:
            query = select(location.c.id).where(location.c.pooled).order_by(location.c.id)
            self._pooled = list(self._connection.execute(query).scalars())
        return self._pooled

    def _load_campaigns(self, account_id: int | None, now: dt.datetime) -> dict[int, int]:
        if account_id is None or not self._free:
            return {}
        running = and_(
            reservation.c.account_id == account_id,
            reservation.c.state == "active",
            reservation.c.starts_at <= now,
            reservation.c.variant_id.in_(sorted(self._free)),
        )
        query = select(reservation.c.variant_id, reservation.c.location_id).where(running).order_by(reservation.c.id)
        return {row.variant_id: row.location_id for row in self._connection.execute(query)}


def append(
    connection: Connection, stock: Stock, changes: Sequence[Change], *, actor: str, now: dt.datetime
) -> list[Movement]:
    """Append what changed to the ledger and keep it as counted; inside the locks of ``stock``."""
    due = [one for one in changes if one.after != one.before.count]
    postings = [_posting(one) for one in due if not one.silent]
    # Counted before it is posted: what a crafter makes to order shows what the counts leave of the week.
    _write(connection, due)
    return post(connection, stock, [one for one in postings if one.delta or one.held_delta], actor=actor, now=now)


def _posting(change: Change) -> Posting:
    old, new = change.before.count, change.after
    place, revision = change.before.location_id, change.before.revision + 1
    came_back, left = new.returned > old.returned, new.gone > old.gone
    reason = Reason.RETURNED if came_back else Reason.SOLD if left else Reason.ORDERED
    return Posting(
        change.variant_id,
        place,
        (old.gone - old.returned) - (new.gone - new.returned),
        new.held - old.held,
        f"order:{change.order_id}:{change.variant_id}:{place}:{revision}",
        reason,
        change.note,
    )


def _write(connection: Connection, changes: Iterable[Change]) -> None:
    fresh: list[dict[str, Any]] = []
    known: list[dict[str, Any]] = []
    for one in changes:
        values = {"held": one.after.held, "gone": one.after.gone, "returned": one.after.returned}
        revision = one.before.revision if one.silent else one.before.revision + 1
        key = {"order_id": one.order_id, "variant_id": one.variant_id, "location_id": one.before.location_id}
        if one.before.row:
            known.append({f"k_{name}": value for name, value in key.items()} | {"n_revision": revision})
            known[-1] |= {f"n_{name}": value for name, value in values.items()}
        else:
            fresh.append(key | values | {"revision": revision})
    if fresh:
        connection.execute(insert(order_count), fresh)
    if known:
        same = and_(
            *(order_count.c[name] == bindparam(f"k_{name}") for name in ("order_id", "variant_id", "location_id"))
        )
        names = ("held", "gone", "returned", "revision")
        statement = update(order_count).where(same).values({name: bindparam(f"n_{name}") for name in names})
        connection.execute(statement, known)
