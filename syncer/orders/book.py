"""Orders as they are stored: locked, loaded, and written back with their lines."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, insert, select, true, update

from syncer.channels.connectors import sandbox_of
from syncer.channels.records import Account
from syncer.domain.order import Meaning, OrderLine, RemoteOrder
from syncer.orders.binding import Named, named
from syncer.store.batches import batches
from syncer.store.order_tables import channel_order, order_line
from syncer.store.upsert import insert_or_keep

_UNWRITTEN = 0
SALE = "sale"


def door_of(account: Account) -> str:
    """Return the door of a shop's orders: the shop itself, so that connecting it anew doesn't count them twice.

    Sandboxes may share a shop's id: there it is the account.
    """
    if account.shop_id and sandbox_of(account.options) is None:
        return f"shop:{account.connector}:{account.shop_id}"
    return f"account:{account.id}"


def door_of_partner(name: str) -> str:
    """Return the door of a partner's lists of what was sold."""
    return f"partner:{name}"


@dataclass(frozen=True, slots=True)
class StoredLine:
    """A line as it was last read. ``variant_id`` ``None``: nobody knows yet what it means."""

    line_id: str
    name: Named
    quantity: int
    status: str
    promotion: str
    variant_id: int | None
    meaning: Meaning


@dataclass(frozen=True, slots=True)
class Stored:
    """An order as it was last read. ``new``: it is stored by this transaction, and says nothing yet."""

    id: int
    door: str
    account_id: int | None
    remote_id: str
    status: str
    counted: bool
    created_at: dt.datetime
    updated_at: dt.datetime
    read_as_of: dt.datetime
    revision: int
    problem: Mapping[str, Any] | None = None
    tells_promotions: bool = False
    lines: tuple[StoredLine, ...] = ()

    @property
    def new(self) -> bool:
        """Whether nothing was read of it before."""
        return self.revision == _UNWRITTEN

    def status_of(self, line: StoredLine) -> str:
        """Return the status of one line: its own, or the order's."""
        return line.status or self.status


@dataclass(frozen=True, slots=True)
class Bound:
    """A line as read now, with the variant that it means (``None``: unknown)."""

    line_id: str
    line: OrderLine
    variant_id: int | None
    meaning: Meaning


@dataclass(slots=True)
class Entry:
    """What is to be written of one order."""

    order: RemoteOrder
    stored: Stored
    lines: Sequence[Bound]
    counted: bool = True
    problem: Mapping[str, Any] | None = None
    changed: bool = field(default=False)


def open_orders(
    connection: Connection,
    door: str,
    account_id: int | None,
    orders: Iterable[RemoteOrder],
    *,
    read_as_of: dt.datetime,
    now: dt.datetime,
) -> dict[str, Stored]:
    """Lock the orders of a door, those that are new to us included, until the transaction ends; by remote id."""
    wanted = {order.remote_id: order for order in orders}
    fresh = [
        {
            "door": door,
            "account_id": account_id,
            "remote_id": remote_id,
            "status": order.status,
            "created_at": order.created_at,
            "updated_at": order.updated_at,
            "revision": _UNWRITTEN,
            "first_seen_at": now,
            "read_as_of": read_as_of,
        }
        for remote_id, order in sorted(wanted.items())
    ]
    if not fresh:
        return {}
    # A row that another transaction is making is waited for here; nobody ever sees one with revision 0 but its maker.
    connection.execute(insert_or_keep(connection, channel_order, ["door", "remote_id"]), fresh)
    names = list(wanted)
    found: dict[str, Stored] = {}
    for part in batches(names):
        here = and_(channel_order.c.door == door, channel_order.c.remote_id.in_(part))
        found.update({one.remote_id: one for one in _load(connection, here, lock=True)})
    return found


def lock_orders(connection: Connection, ids: Collection[int]) -> list[Stored]:
    """Lock and return orders by id, in the order of their ids."""
    return _load(connection, channel_order.c.id.in_(sorted(ids)), lock=True)


def load_orders(connection: Connection, ids: Collection[int]) -> list[Stored]:
    """Return orders by id, in the order of their ids, without a lock."""
    return [one for part in batches(sorted(ids)) for one in _load(connection, channel_order.c.id.in_(part))]


def find_orders(connection: Connection, name: str, *, door: str | None = None) -> list[Stored]:
    """Return the orders that people call ``name``: by the channel's id of it, or by ours; at one ``door`` only."""
    here = and_(channel_order.c.door == door if door is not None else true(), channel_order.c.remote_id == name)
    found = _load(connection, here)
    if found or not (name.isdigit() and len(name) < 10):
        return found
    ours = and_(channel_order.c.door == door if door is not None else true(), channel_order.c.id == int(name))
    return _load(connection, ours)


def _load(connection: Connection, where: Any, *, lock: bool = False) -> list[Stored]:
    query = select(channel_order).where(where).order_by(channel_order.c.id)
    rows = connection.execute(query.with_for_update() if lock else query).mappings().all()
    lines: dict[int, list[StoredLine]] = {}
    ids = [row["id"] for row in rows if row["revision"] != _UNWRITTEN]
    for some in batches(ids):
        part = order_line.c.order_id.in_(some)
        for line in connection.execute(select(order_line).where(part).order_by(order_line.c.line_id)):
            lines.setdefault(line.order_id, []).append(
                StoredLine(
                    line.line_id,
                    Named(line.listing_remote_id, line.offer_remote_id, line.sku.strip()),
                    line.quantity,
                    line.status,
                    line.promotion,
                    line.variant_id,
                    Meaning(line.meaning or Meaning.ASK),
                )
            )
    names = ("id", "door", "account_id", "remote_id", "status", "counted", "created_at", "updated_at", "read_as_of")
    return [
        Stored(
            **{name: row[name] for name in names},
            revision=row["revision"],
            problem=row["problem"],
            tells_promotions=row["tells_promotions"],
            lines=tuple(lines.get(row["id"], ())),
        )
        for row in rows
    ]


def write_orders(
    connection: Connection,
    entries: Sequence[Entry],
    *,
    account_id: int | None,
    read_as_of: dt.datetime,
    tells_promotions: bool,
) -> None:
    """Write orders as read now; lines that are there no more go.

    ``tells_promotions``: the channel says which lines belong to a promotion.
    """
    if not entries:
        return
    for entry in entries:
        entry.changed = _differs(entry)
    statement = (
        update(channel_order)
        .where(channel_order.c.id == bindparam("of"))
        .values(
            {
                name: bindparam(f"n_{name}")
                for name in (
                    *("account_id", "status", "front", "counted", "created_at", "updated_at", "ship_by", "total"),
                    *("currency", "revision", "read_as_of", "problem", "tells_promotions"),
                )
            }
        )
    )
    rows = [_order_row(entry, account_id, read_as_of) | {"n_tells_promotions": tells_promotions} for entry in entries]
    connection.execute(statement, rows)
    changed = [entry for entry in entries if entry.changed]
    ids = [entry.stored.id for entry in changed if not entry.stored.new]
    for part in batches(ids):
        connection.execute(delete(order_line).where(order_line.c.order_id.in_(part)))
    lines = [_line_row(entry.stored.id, bound) for entry in changed for bound in entry.lines]
    if lines:
        connection.execute(insert(order_line), lines)


def _differs(entry: Entry) -> bool:
    stored, order = entry.stored, entry.order
    if stored.new or (stored.status, stored.updated_at) != (order.status, order.updated_at):
        return True
    before = {
        (one.line_id, one.name, one.quantity, one.status, one.promotion, one.variant_id, one.meaning)
        for one in stored.lines
    }
    after = {
        (one.line_id, named(one.line), line.quantity, line.status, line.promotion, one.variant_id, one.meaning)
        for one in entry.lines
        for line in [one.line]
    }
    return before != after or stored.counted != entry.counted or stored.problem != entry.problem


def _order_row(entry: Entry, account_id: int | None, read_as_of: dt.datetime) -> dict[str, Any]:
    order, stored = entry.order, entry.stored
    values = {
        "account_id": account_id,
        "status": order.status,
        "front": order.front,
        "counted": entry.counted,
        "created_at": order.created_at,
        "updated_at": order.updated_at,
        "ship_by": order.ship_by,
        "total": order.total,
        "currency": order.currency[:3],
        "revision": stored.revision + (1 if entry.changed else 0),
        "read_as_of": max(read_as_of, stored.read_as_of),
        "problem": entry.problem,
    }
    return {"of": stored.id} | {f"n_{name}": value for name, value in values.items()}


def _line_row(order_id: int, bound: Bound) -> dict[str, Any]:
    line = bound.line
    return {
        "order_id": order_id,
        "line_id": bound.line_id,
        "listing_remote_id": line.listing_id,
        "offer_remote_id": line.offer_id,
        "sku": line.sku,
        "title": line.title,
        "quantity": line.quantity,
        "status": line.status,
        "promotion": line.promotion,
        "price": line.price,
        "currency": line.currency[:3],
        "variant_id": bound.variant_id,
        "meaning": bound.meaning.value,
    }
