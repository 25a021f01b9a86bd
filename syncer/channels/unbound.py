"""What a shop sells besides our listings, by SKU: so that nothing is published that it sells already."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, and_, delete, or_, select, update

from syncer.domain.listing import RemoteListing, Status
from syncer.store import tables as t
from syncer.store.batches import batches
from syncer.store.marks import Due, Lane, mark
from syncer.store.upsert import insert_or_keep
from syncer.store.wakeup import wake_after_commit

#: Our code for "the shop sells this already, in a listing that isn't bound to ours".
SOLD_THERE = "sold_there"
_SKU_MOST, _ID_MOST = 50, 120


def note_unbound(connection: Connection, account_id: int, seen: Sequence[RemoteListing]) -> int:
    """Remember the SKUs of those of ``seen`` that are bound to nothing of ours; return how many SKUs are new."""
    new = 0
    for some in batches(seen, 200):
        part = [one for one in some if one.status is not Status.DELETED and len(one.remote_id) <= _ID_MOST]
        bound = _bound(connection, account_id, [one.remote_id for one in part])
        pairs = {
            (offer.sku.strip(), one.remote_id) for one in part if one.remote_id not in bound for offer in one.offers
        }
        ids = [one.remote_id for one in part]
        known = select(t.unbound_sku.c.sku, t.unbound_sku.c.remote_id).where(
            and_(t.unbound_sku.c.account_id == account_id, t.unbound_sku.c.remote_id.in_(ids))
        )
        pairs -= set(connection.execute(known).tuples())
        rows: list[dict[str, Any]] = [
            {"account_id": account_id, "sku": sku, "remote_id": remote_id}
            for sku, remote_id in sorted(pairs)
            if 0 < len(sku) <= _SKU_MOST
        ]
        if rows:
            key = ["account_id", "sku", "remote_id"]
            connection.execute(insert_or_keep(connection, t.unbound_sku, key), rows)
        new += len(rows)
    return new


def _bound(connection: Connection, account_id: int, remote_ids: Sequence[str]) -> set[str]:
    here = and_(t.listing.c.account_id == account_id, t.listing.c.remote_id.in_(remote_ids))
    return set(connection.execute(select(t.listing.c.remote_id).where(here)).scalars())


def forget_unbound(connection: Connection, account_id: int, gone: Mapping[str, frozenset[str]] | None = None) -> None:
    """Forget SKUs by remote id that were looked for and aren't there any more; ``None``: all of the account's."""
    mine = t.unbound_sku.c.account_id == account_id
    if gone is None:
        connection.execute(delete(t.unbound_sku).where(mine))
        return
    for remote_id, skus in gone.items():
        same = and_(mine, t.unbound_sku.c.remote_id == remote_id, t.unbound_sku.c.sku.in_(skus))
        connection.execute(delete(t.unbound_sku).where(same))


def any_unbound(connection: Connection, account_id: int) -> bool:
    """Return whether the shop was seen to sell anything besides ours."""
    query = select(t.unbound_sku.c.sku).where(t.unbound_sku.c.account_id == account_id).limit(1)
    return connection.execute(query).first() is not None


def sold_there(
    connection: Connection, account_id: int, skus: Sequence[str], variant_ids: Sequence[int]
) -> dict[str, frozenset[str]]:
    """Return which of these variants the shop sells in listings that aren't ours: SKUs, now or before, by remote id."""
    former = select(t.sku_alias.c.sku).where(t.sku_alias.c.variant_id.in_(variant_ids))
    named = or_(t.unbound_sku.c.sku.in_(skus), t.unbound_sku.c.sku.in_(former))
    query = (
        select(t.unbound_sku.c.remote_id, t.unbound_sku.c.sku)
        .where(and_(t.unbound_sku.c.account_id == account_id, named))
        .order_by(t.unbound_sku.c.remote_id)
    )
    rows = list(connection.execute(query).tuples())
    ours = _bound(connection, account_id, [remote_id for remote_id, _ in rows]) if rows else set()
    found: dict[str, frozenset[str]] = {}
    for remote_id, sku in rows:
        if remote_id not in ours:
            found[remote_id] = found.get(remote_id, frozenset()) | {sku}
    return found


def looked_through(
    connection: Connection, account_id: int, now: dt.datetime, *, cursor: str | None = None, done: bool = True
) -> None:
    """Note that the shop was looked through; or (not ``done``) up to where."""
    values: dict[str, Any] = {"look_cursor": cursor}
    if done:
        values["looked_at"] = now
    connection.execute(update(t.account).where(t.account.c.id == account_id).values(values))


def replace_unbound(
    connection: Connection, account_id: int, seen: Sequence[RemoteListing], *, now: dt.datetime
) -> None:
    """Keep what a whole walk showed, in place of what was kept; look again at listings that wait because of it."""
    forget_unbound(connection, account_id)
    note_unbound(connection, account_id, seen)
    looked_through(connection, account_id, now)
    parked = and_(t.listing.c.account_id == account_id, t.listing.c.state == "parked", t.listing.c.claim.is_(None))
    rows = connection.execute(select(t.listing.c.id, t.listing.c.problem).where(parked))
    waiting = [row.id for row in rows if row.problem and row.problem.get("code") == SOLD_THERE]
    for some in batches(waiting, 500):
        mark(connection, t.listing.c.id.in_(some), Due.CONTENT, Lane.CONTENT, now=now)
    wake_after_commit(connection)
