"""Restored is not now: a restored or copied database starts a new epoch.

Nothing is sent until a person releases it; every acknowledgement is unknown, listings are read back first, and
what was under way in the copy counts as lost. Orders are read again before anything else.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects import postgresql, sqlite

from syncer.orders.reading import forget_last
from syncer.store.marks import Due, Lane
from syncer.store.tables import lease, listing, meta, offer
from syncer.sync.known import SHAPE, STATUS


def begin_epoch(connection: Connection, now: dt.datetime) -> int:
    """Start a new epoch in a restored database and return its number. Nothing is sent until :func:`release`."""
    epoch = int(_get(connection, "epoch") or "1") + 1
    _set(connection, "epoch", str(epoch))
    _set(connection, "released", "0")
    connection.execute(update(lease).values(owner="", until=now))
    forget_last(connection)
    connection.execute(update(offer).values(price_unknown=True, quantity_unknown=True))
    connection.execute(
        update(listing).values(claim=None, claim_epoch=None, under_way=None, version=listing.c.version + 1, due_at=now)
    )
    there = listing.c.remote_id.is_not(None)
    for row in connection.execute(select(listing.c.id, listing.c.known).where(there)).all():
        names = sorted({*(row.known or {}).get("fields", {}), STATUS, SHAPE})
        connection.execute(update(listing).where(listing.c.id == row.id).values(unknown=names))
    everything = int(Due.READ | Due.CONTENT | Due.STOCK)
    connection.execute(update(listing).where(there).values(due=everything, lane=int(Lane.READ)))
    # A listing that the copy doesn't know yet may have been created since: it is looked for before it is made.
    seek = {"since": now.isoformat(), "looks": 0, "any_age": True}
    connection.execute(update(listing).where(~there, listing.c.wanted == "live").values(seeking=seek))
    return epoch


def is_released(connection: Connection) -> bool:
    """Return whether this database may send (always, unless it was restored and not released yet)."""
    return _get(connection, "released") != "0"


def release(connection: Connection) -> None:
    """Let a restored database send again: a person has decided that it is the one that counts."""
    _set(connection, "released", "1")


def _get(connection: Connection, key: str) -> str | None:
    return connection.execute(select(meta.c.value).where(meta.c.key == key)).scalar()


def _set(connection: Connection, key: str, value: str) -> None:
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    row = dialect.insert(meta).values(key=key, value=value)
    connection.execute(row.on_conflict_do_update(index_elements=["key"], set_={"value": value}))
