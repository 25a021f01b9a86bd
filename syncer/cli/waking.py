"""Tell whether a daemon works on this home, and whether there is work for it."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from syncer.cli.desk import Desk

LOCK = "daemon.lock"
"""The daemon holds a lock on this file of SYNCER_HOME while it runs."""


def daemon_runs(home: Path) -> bool:
    """Tell whether a daemon of this home runs now (on this machine)."""
    try:
        file = os.open(home / LOCK, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    else:
        return False
    finally:
        os.close(file)


def something_due(desk: Desk) -> bool:
    """Tell whether any shop that may send has something due."""
    from sqlalchemy import and_, select

    from syncer.store.tables import account, listing

    query = (
        select(listing.c.id)
        .join(account, account.c.id == listing.c.account_id)
        .where(and_(listing.c.due != 0, account.c.state == "active", account.c.mode == "live"))
        .limit(1)
    )
    with desk.read() as connection:
        return connection.execute(query).first() is not None
