"""What is still to do: the rows that will move on by themselves before long, whichever process works on them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import Connection, and_, func, or_, select

from syncer.store.tables import listing, picture_upload

#: A listing that failed this often in a row is left to its back-off: nobody waits for it.
PATIENCE = 4


def open_rows(
    connection: Connection, account_ids: Sequence[int], until: dt.datetime, uploading: Sequence[int] | None = None
) -> int:
    """Count listings and pictures of these accounts that are due, under way or in review before ``until``.

    ``uploading`` are the accounts whose shops take pictures by upload (``None``: all of them): pictures for others
    wait for ever.
    """
    if not account_ids:
        return 0
    soon = and_(listing.c.due != 0, listing.c.due_at <= until, listing.c.tries < PATIENCE)
    review = and_(listing.c.settle_at <= until, listing.c.state == "review")
    rows = select(func.count()).where(
        and_(listing.c.account_id.in_(account_ids), or_(soon, review, listing.c.claim.is_not(None)))
    )
    pictures = select(func.count()).where(
        and_(
            picture_upload.c.account_id.in_(account_ids if uploading is None else uploading),
            picture_upload.c.remote_id.is_(None),
            picture_upload.c.problem.is_(None),
            picture_upload.c.tries < PATIENCE,
            picture_upload.c.due_at <= until,
        )
    )
    return int(connection.execute(rows).scalar() or 0) + int(connection.execute(pictures).scalar() or 0)
