"""When a shop's consent ends, said in time."""

from __future__ import annotations

import datetime as dt

from syncer.channels.records import Account
from syncer.domain.words import Words

#: Days ahead of the end of a consent at which a person is told.
NOTICE_DAYS = (14, 7, 3, 1)


def expiry_days(account: Account, now: dt.datetime) -> int | None:
    """Return the days until the shop's consent ends, rounded up (0: it has ended); ``None`` if no end is known."""
    if account.consent_until is None:
        return None
    left = (account.consent_until - now).total_seconds()
    return max(-(-int(left) // 86_400), 0) if left > 0 else 0


def expiry_stage(account: Account, now: dt.datetime) -> int | None:
    """Return the last of 14, 7, 3, 1 (and 0: ended) days that has been reached: each is worth one message."""
    days = expiry_days(account, now)
    if days is None:
        return None
    if days == 0:
        return 0
    return next((stage for stage in sorted(NOTICE_DAYS) if days <= stage), None)


def expiry_notice(account: Account, now: dt.datetime) -> Words | None:
    """Return the warning that a shop's consent ends within 14 days, with the remedy; ``None`` before that."""
    if expiry_stage(account, now) is None:
        return None
    days = expiry_days(account, now)
    remedy = f"`syncer account reconnect {account.name}`"
    if days == 0:
        return Words(
            f'Izin toko "{account.name}" sudah berakhir. Masuk lagi: {remedy}.',
            f'The consent of the shop "{account.name}" has ended. Sign in again: {remedy}.',
        )
    return Words(
        f'Izin toko "{account.name}" berakhir dalam {days} hari. Perpanjang sebelum itu: {remedy}.',
        f'The consent of the shop "{account.name}" ends in {days} {"day" if days == 1 else "days"}. '
        f"Renew it before that: {remedy}.",
    )
