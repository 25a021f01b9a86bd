"""A number that is another there may be a sale that we haven't seen: orders explain it, or a person changed it.

So it is judged only when the orders were read past the moment at which it was seen (and past the channel's lag), and
it is still so then. Until that it is looked at again, and nothing is put back, taken in or asked.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import Connection

from syncer.orders.reading import load_read
from syncer.sync.drift import Drift
from syncer.sync.rows import Item
from syncer.sync.shop import Shop, Suspect


def explained(
    connection: Connection, shop: Shop, item: Item, drifts: Sequence[Drift], looked_at: dt.datetime, now: dt.datetime
) -> tuple[list[Drift], dt.datetime | None]:
    """Return those of ``drifts`` that no order can explain any more, and when to look again for the others.

    The caller lets orders be read before that, at the end of its transaction (:func:`syncer.orders.reading.read_by`).
    What is suspected is kept in memory: after a restart it only takes a little longer.
    """
    facts = shop.order_facts
    numbers = [drift for drift in drifts if drift.field == "stock" and drift.key is not None]
    if facts is None or not numbers:
        return list(drifts), None
    read = load_read(connection, shop.account.id)
    judged = [drift for drift in drifts if drift not in numbers]
    again: dt.datetime | None = None
    for drift in numbers:
        suspect = shop.suspects.get((item.id, drift.key or ""))
        if suspect is None or (suspect.known, suspect.seen) != (drift.known, drift.seen):
            suspect = shop.suspects[item.id, drift.key or ""] = Suspect(looked_at, drift.known, drift.seen)
        needed = suspect.since + dt.timedelta(seconds=facts.lag_s)
        if read.read_began_at is not None and read.read_began_at > needed:
            del shop.suspects[item.id, drift.key or ""]
            judged.append(drift)
            continue
        later = max(needed, now, read.due_at if read.failing and read.due_at is not None else now)
        again = max(again or later, later)
    return judged, again + pause(shop) if again is not None else None


def pause(shop: Shop) -> dt.timedelta:
    """How long a read of the orders has, before the listing is looked at again."""
    return dt.timedelta(seconds=min(shop.timing.poll_s, 1.0))
