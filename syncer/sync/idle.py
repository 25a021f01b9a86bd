"""What is still to do: the rows that will move on by themselves before long, whichever process works on them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import Connection, and_, func, or_, select

from syncer.store.order_tables import order_hint, order_read
from syncer.store.tables import listing, picture_upload
from syncer.sync.claim import FOR_ORDERS
from syncer.sync.prepare import ANY_LANE, IS_DUE

#: A listing that failed this often in a row is left to its back-off: nobody waits for it.
PATIENCE = 4


def open_rows(
    connection: Connection,
    account_ids: Sequence[int],
    until: dt.datetime,
    uploading: Sequence[int] | None = None,
    *,
    reviews: bool = True,
) -> int:
    """Count listings and pictures of these accounts that are due, under way or (with ``reviews``) in review, before
    ``until``.

    ``uploading`` are the accounts whose shops take pictures by upload (``None``: all of them): pictures for others
    wait for ever.
    """
    if not account_ids:
        return 0
    mine = listing.c.account_id.in_(account_ids)
    unread = select(order_read.c.account_id).where(order_read.c.tries >= PATIENCE)
    stuck = and_(listing.c.held.is_not(None), listing.c.held == FOR_ORDERS, listing.c.account_id.in_(unread))
    due = and_(mine, IS_DUE, ANY_LANE, listing.c.due_at <= until, listing.c.tries < PATIENCE, ~stuck)
    under_way = and_(mine, listing.c.claim.is_not(None))
    reviewed = and_(mine, listing.c.settle_at.is_not(None), listing.c.settle_at <= until)
    review = and_(reviewed, listing.c.state == "review", listing.c.claim.is_(None))
    moving = (due, under_way, review) if reviews else (due, under_way)
    counts = [select(func.count()).select_from(listing).where(where) for where in moving]
    pictures = select(func.count()).where(
        and_(
            picture_upload.c.account_id.in_(account_ids if uploading is None else uploading),
            picture_upload.c.remote_id.is_(None),
            picture_upload.c.problem.is_(None),
            picture_upload.c.tries < PATIENCE,
            picture_upload.c.due_at <= until,
        )
    )
    return sum(int(connection.execute(query).scalar() or 0) for query in (*counts, pictures))


def open_reads(connection: Connection, account_ids: Sequence[int], now: dt.datetime) -> int:
    """Count accounts (of those that read orders) whose orders are to be read by ``now``, or were never yet, and orders
    that are to be looked at."""
    mine = order_read.c.account_id.in_(account_ids)
    waits = and_(order_read.c.began_at.is_(None), order_read.c.due_at > now)
    left = or_(waits, order_read.c.tries >= PATIENCE)
    done = select(func.count()).select_from(order_read).where(and_(mine, left))
    named = and_(order_hint.c.account_id.in_(account_ids), order_hint.c.due_at <= now, order_hint.c.tries < PATIENCE)
    hints = select(func.count()).select_from(order_hint).where(named)
    return len(account_ids) - int(connection.execute(done).scalar() or 0) + int(connection.execute(hints).scalar() or 0)
