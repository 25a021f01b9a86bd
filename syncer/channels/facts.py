"""What an account's platform told us and we keep for a while: limits, couriers, category trees."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select

from syncer.domain.listing import Json
from syncer.store import tables as t


@dataclass(frozen=True, slots=True)
class Fact:
    """One kept answer, as JSON, and when it was fetched."""

    key: str
    value: Json
    fetched_at: dt.datetime


def save_fact(connection: Connection, account_id: int, key: str, value: Json, *, now: dt.datetime) -> None:
    """Keep one fact, in place of an older one."""
    where = (t.account_fact.c.account_id == account_id) & (t.account_fact.c.key == key)
    connection.execute(delete(t.account_fact).where(where))
    connection.execute(insert(t.account_fact).values(account_id=account_id, key=key, value=value, fetched_at=now))


def read_fact(connection: Connection, account_id: int, key: str) -> Fact | None:
    """Return one kept fact; ``None`` if it was never fetched."""
    return read_facts(connection, account_id, [key]).get(key)


def read_facts(connection: Connection, account_id: int, keys: Sequence[str]) -> dict[str, Fact]:
    """Return the kept facts among ``keys``, whatever their age."""
    query = select(t.account_fact.c.key, t.account_fact.c.value, t.account_fact.c.fetched_at).where(
        t.account_fact.c.account_id == account_id, t.account_fact.c.key.in_(keys)
    )
    return {row.key: Fact(row.key, row.value, row.fetched_at) for row in connection.execute(query)}
