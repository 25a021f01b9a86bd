"""Reviews that somebody waits for: looked at sooner than the platform's usual time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import Connection, and_, select, update

from syncer.store.tables import listing

#: A shop that has just been filled has thousands in review: those wait for their time, or every look would cost a call.
MOST = 50


def look_sooner(connection: Connection, account_ids: Sequence[int], at: dt.datetime) -> int:
    """Look at listings in review at ``at`` if that would come later; return how many.

    Where a late write may still land, the moment when it can't any more stays as it is.
    """
    waiting = and_(
        listing.c.account_id.in_(account_ids),
        listing.c.state == "review",
        listing.c.settle_at > at,
        listing.c.late.is_(None),
        listing.c.claim.is_(None),
    )
    ids = list(connection.execute(select(listing.c.id).where(waiting).order_by(listing.c.id).limit(MOST)).scalars())
    if ids:
        connection.execute(update(listing).where(and_(listing.c.id.in_(ids), waiting)).values(settle_at=at))
    return len(ids)
