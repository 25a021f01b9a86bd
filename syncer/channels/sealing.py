"""What of an account is kept sealed: its secret options and its tokens (security.md K2, K4)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from syncer.sdk.contract import Tokens
from syncer.store import tables as t
from syncer.store.sealed import Keys

#: Options by these names are the first sign-in of an account; they are kept as tokens, not as options.
TOKEN_OPTIONS = ("access_token", "refresh_token", "access_expires_at")


def seal_options(keys: Keys, account_id: int, secrets: Mapping[str, str]) -> str:
    """Return the secret options of an account as text that only this account's row opens again; "" for none."""
    return keys.seal(dict(secrets), f"account:{account_id}:options") if secrets else ""


def open_options(keys: Keys, account_id: int, sealed: str) -> dict[str, str]:
    """Return the secret options that :func:`seal_options` sealed."""
    if not sealed:
        return {}
    opened: dict[str, str] = keys.unseal(sealed, f"account:{account_id}:options")
    return opened


def seal_tokens(keys: Keys, account_id: int, tokens: Tokens, *, saved_at: dt.datetime, streak: int = 0) -> str:
    """Return both tokens as sealed text, with when they came and how many pairs before them were refused young."""
    plain = {
        "saved_at": saved_at.isoformat(),
        "streak": streak,
        "access_token": tokens.access_token,
        "refresh_token": tokens.refresh_token,
        "access_until": tokens.access_until.isoformat(),
        "refresh_until": tokens.refresh_until.isoformat() if tokens.refresh_until else None,
        "shop_id": tokens.shop_id,
    }
    return keys.seal(plain, f"account:{account_id}:tokens")


def open_tokens(keys: Keys, account_id: int, sealed: str) -> Tokens:
    """Return the tokens that :func:`seal_tokens` sealed."""
    plain: dict[str, Any] = keys.unseal(sealed, f"account:{account_id}:tokens")
    until = plain["refresh_until"]
    return Tokens(
        access_token=plain["access_token"],
        refresh_token=plain["refresh_token"],
        access_until=dt.datetime.fromisoformat(plain["access_until"]),
        refresh_until=dt.datetime.fromisoformat(until) if until else None,
        shop_id=plain["shop_id"],
    )


@dataclass(frozen=True, slots=True)
class SignInRow:
    """An account's sign-in as stored. ``version`` rises with every new pair."""

    account_id: int
    version: int
    access_until: dt.datetime
    refresh_until: dt.datetime | None
    refreshing: dt.datetime | None
    recovered: bool
    next_try_at: dt.datetime | None
    sealed_tokens: str = field(repr=False)

    def tokens(self, keys: Keys) -> Tokens:
        """Return the opened pair."""
        return open_tokens(keys, self.account_id, self.sealed_tokens)

    def history(self, keys: Keys) -> tuple[dt.datetime, int]:
        """Return when this pair came, and how many pairs in a row before it were refused young."""
        plain = keys.unseal(self.sealed_tokens, f"account:{self.account_id}:tokens")
        return dt.datetime.fromisoformat(plain["saved_at"]), int(plain["streak"])


def read_sign_in(connection: Connection, account_id: int) -> SignInRow | None:
    """Return the sign-in of an account; ``None`` if it has none."""
    row = connection.execute(select(t.sign_in).where(t.sign_in.c.account_id == account_id)).mappings().one_or_none()
    if row is None:
        return None
    return SignInRow(
        account_id=account_id,
        version=row["version"],
        access_until=row["access_until"],
        refresh_until=row["refresh_until"],
        refreshing=row["refreshing"],
        recovered=row["recovered"],
        next_try_at=row["next_try_at"],
        sealed_tokens=row["sealed_tokens"],
    )


def save_tokens(
    connection: Connection,
    keys: Keys,
    account_id: int,
    tokens: Tokens,
    *,
    now: dt.datetime,
    consent_until: dt.datetime | None = None,
) -> None:
    """Keep a pair that a person brought, whatever the account had before; a refresh under way loses to it."""
    before = read_sign_in(connection, account_id)
    connection.execute(delete(t.sign_in).where(t.sign_in.c.account_id == account_id))
    connection.execute(
        insert(t.sign_in).values(
            account_id=account_id,
            sealed_tokens=seal_tokens(keys, account_id, tokens, saved_at=now),
            access_until=tokens.access_until,
            refresh_until=tokens.refresh_until,
            consent_until=consent_until,
            version=before.version + 1 if before else 1,
        )
    )


__all__ = [
    "TOKEN_OPTIONS",
    "Keys",
    "SignInRow",
    "open_options",
    "open_tokens",
    "read_sign_in",
    "save_tokens",
    "seal_options",
    "seal_tokens",
]
