"""The key of an app before its last change: webhooks signed with it are believed for a while (security.md W4)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, update

from syncer.channels.records import Account
from syncer.channels.sealing import open_options
from syncer.domain.words import Words
from syncer.store import tables as t
from syncer.store.sealed import Keys, SealBroken
from syncer.store.wakeup import wake_after_commit

#: How long, unless a person says otherwise: platforms repeat a delivery with its first signature for hours.
OLD_KEY_FOR = dt.timedelta(hours=24)
_NONE: dict[str, Any] = {"sealed_old_options": "", "old_options_until": None}


def old_key_values(
    keys: Keys, account: Account, secrets: Mapping[str, str], *, until: dt.datetime, now: dt.datetime
) -> dict[str, Any]:
    """Return what becomes of the account's columns of the old key when its secrets become ``secrets``.

    The same secrets again change nothing.
    """
    if not account.sealed_options:
        return {}
    try:
        if open_options(keys, account.id, account.sealed_options) == dict(secrets):
            return {}
    except SealBroken:  # what can't be opened can't verify anything either
        return _NONE
    if until <= now:
        return _NONE
    return {"sealed_old_options": account.sealed_options, "old_options_until": until}


def forget_old_key(connection: Connection, account: Account) -> bool:
    """Believe only what is signed with the present key from now on; return whether there was an old one."""
    connection.execute(update(t.account).where(t.account.c.id == account.id).values(**_NONE))
    wake_after_commit(connection)
    return bool(account.sealed_old_options)


def forget_ended_keys(connection: Connection, now: dt.datetime) -> int:
    """Delete the old keys whose time is over; return how many."""
    ended = t.account.c.old_options_until <= now
    return connection.execute(update(t.account).where(ended).values(**_NONE)).rowcount


def old_key_account(account: Account, now: dt.datetime) -> dict[str, Any] | None:
    """Return which columns of ``account`` to replace so that it is opened with its old key; ``None``: it has none."""
    until = account.old_options_until
    if not account.sealed_old_options or until is None or until <= now:
        return None
    return {"sealed_options": account.sealed_old_options, "sealed_old_options": "", "old_options_until": None}


def accepted_note(before: Account, after: Account) -> tuple[Words, ...]:
    """Say until when the key that ``after`` has no more is believed, if it was changed just now."""
    until = after.old_options_until
    if until is None or after.sealed_old_options == before.sealed_old_options:
        return ()
    local, end = f"{until:%Y-%m-%d %H:%M} UTC", f'syncer account forget-old-key "{after.name}"'
    return (
        Words(
            f"Kabar (webhook) yang ditandatangani kunci lama masih diterima sampai {local}. Akhiri sekarang: {end}. "
            "Toko lain dari aplikasi yang sama juga perlu kunci baru.",
            f"Webhooks signed with the old key are accepted until {local}. End that now: {end}. "
            "Other shops of the same app need the new key too.",
        ),
    )
