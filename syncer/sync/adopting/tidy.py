"""After binding: no marks but for what differs. Each bound listing is rendered and compared, as the engine would."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from functools import partial
from typing import Any

from sqlalchemy import and_, update

from syncer.channels.facts import save_fact
from syncer.sdk.contract import NeedsFacts
from syncer.sdk.errors import ConnectorError
from syncer.store.batches import batches
from syncer.store.engine import make_way, read, write
from syncer.store.marks import Due, Lane
from syncer.store.tables import listing
from syncer.sync.adopting.walk import patiently
from syncer.sync.prepare import Action, Task, prepare
from syncer.sync.shelf import SHELF
from syncer.sync.shop import Shop

_AT_ONCE = 100


def tidy(shop: Shop, ids: Sequence[int], now: dt.datetime) -> int:
    """Take the marks of listings ``ids`` away where the shop shows what we want; return how many still differ.

    Killed before it ends, the marks stay: they cost the engine a look, not a call.
    """
    differ = 0
    for some in batches(ids, _AT_ONCE):
        part = list(some)
        _fetch_facts(shop, _prepared(shop, part), now)
        tasks = _prepared(shop, part)
        differ += sum(task.action is not Action.DONE for task in tasks)
        _write(shop, tasks)
        make_way()
    return differ


def _prepared(shop: Shop, ids: Sequence[int]) -> list[Task]:
    with read(shop.engine) as connection:
        return list(prepare(connection, shop, ids))


def _fetch_facts(shop: Shop, tasks: Sequence[Task], now: dt.datetime) -> None:
    connector = shop.connector
    if not isinstance(connector, NeedsFacts):
        return
    for key in dict.fromkeys(key for task in tasks for key in task.facts if key != SHELF):
        try:
            value = patiently(shop, partial(connector.fetch_fact, key))
        except ConnectorError:
            continue  # the engine asks again, and says so
        with write(shop.engine) as connection:
            save_fact(connection, shop.account.id, key, value, now=now)


def _write(shop: Shop, tasks: Sequence[Task]) -> None:
    with write(shop.engine) as connection:
        for task in tasks:
            done = task.action is Action.DONE
            left = task.difference
            due = Due(0) if done else left.due or Due.CONTENT
            lane = Lane.IDLE if done else left.lane if left.due else Lane.CONTENT
            values: dict[str, Any] = {"due": int(due), "lane": int(lane)}
            if done:
                values["acknowledged_version"] = task.item.version
            if not due & Due.STOCK:
                values["stock_due_since"] = None
            same = and_(listing.c.id == task.item.id, listing.c.version == task.item.version, listing.c.claim.is_(None))
            connection.execute(update(listing).where(same).values(values))
