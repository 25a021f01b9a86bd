"""Codes and tokens of the TikTok Shop sandbox: lifetimes, single use, scopes (tiktok_shop.md 4.2, 4.3)."""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass
from typing import Any

from connectors.tiktok_shop.sandbox_fields import Refused
from connectors.tiktok_shop.sandbox_limits import TiktokLimits
from connectors.tiktok_shop.sandbox_state import Shop
from syncer.sdk.sandbox.clock import Clock

CODE_DEAD, REFRESH_DEAD = 36004004, 36004001


@dataclass(slots=True)
class Pass:
    """One code or token of a seller. `used` marks a code or refresh token that has done its one turn."""

    app_key: str
    shop_id: str
    expires: float
    scopes: tuple[str, ...]
    used: bool = False


@dataclass(frozen=True, slots=True)
class Pair:
    """An access token and a refresh token, with their absolute ends (unix seconds)."""

    access: str
    refresh: str
    access_ends: float
    refresh_ends: float
    scopes: tuple[str, ...]


def _new(prefix: str = "ROW_") -> str:
    return prefix + secrets.token_urlsafe(48)


class Tokens:
    """All codes and tokens ever given out."""

    def __init__(self, clock: Clock, limits: TiktokLimits) -> None:
        self._clock = clock
        self._limits = limits
        self._codes: dict[str, Pass] = {}
        self._access: dict[str, Pass] = {}
        self._refresh: dict[str, Pass] = {}
        self._latest: dict[str, tuple[str, str]] = {}

    def current(self, shop: Shop) -> Pair:
        """The newest pair of a shop; a new one if that is dead."""
        access, refresh = self._latest.get(shop.id, ("", ""))
        if access not in self._access or self._refresh[refresh].used:
            return self.pair(shop, tuple(self._limits.scopes))
        alive, renews = self._access[access], self._refresh[refresh]
        return Pair(access, refresh, alive.expires, renews.expires, alive.scopes)

    def code(self, shop: Shop) -> str:
        """A new code, good for 30 minutes and one use (4.2)."""
        code = _new()
        expires = self._clock.now() + self._limits.code_s
        self._codes[code] = Pass(shop.app_key, shop.id, expires, tuple(self._limits.scopes))
        return code

    def pair(self, shop: Shop, scopes: tuple[str, ...], refresh: str | None = None) -> Pair:
        """A new access token, with a new refresh token unless `refresh` goes on; older access tokens live on."""
        now = self._clock.now()
        access = _new()
        self._access[access] = Pass(shop.app_key, shop.id, now + self._limits.access_token_s, scopes)
        if refresh is None:
            refresh = _new()
            self._refresh[refresh] = Pass(shop.app_key, shop.id, now + self._limits.refresh_token_s, scopes)
        self._latest[shop.id] = (access, refresh)
        return Pair(access, refresh, self._access[access].expires, self._refresh[refresh].expires, scopes)

    def access(self, token: str) -> Pass | None:
        """What an access token stands for, also after its end."""
        return self._access.get(token)

    def use_code(self, code: str, app_key: str) -> Pass:
        """Use a code up (4.3)."""
        found = self._codes.get(code)
        if found is None or found.used or found.app_key != app_key or found.expires <= self._clock.now():
            raise Refused(CODE_DEAD, "auth_code is invalid, expired or has been used.", kind="token", status=200)
        found.used = True
        return found

    def use_refresh(self, token: str, app_key: str) -> Pass:
        """Take a refresh token in; with rotation this was its one use (4.3)."""
        found = self._refresh.get(token)
        if found is None or found.used or found.app_key != app_key or found.expires <= self._clock.now():
            raise Refused(REFRESH_DEAD, "refresh_token is invalid or expired.", kind="token", status=200)
        found.used = self._limits.rotate_refresh
        return found

    def revoke(self, shop_id: str, *, access: str | None = None, refresh: bool = False) -> int:
        """Kill access tokens of a shop (or one), and its refresh tokens if asked. Returns how many."""
        killed = 0
        for token, found in list(self._access.items()):
            if found.shop_id == shop_id and access in (None, token):
                del self._access[token]
                killed += 1
        if refresh:
            for found in self._refresh.values():
                if found.shop_id == shop_id and not found.used:
                    found.used = True
                    killed += 1
        return killed

    def to_json(self) -> dict[str, Any]:
        """All codes and tokens, for the state file."""
        return {
            "latest": dict(self._latest),
            **{kind: {key: asdict(value) for key, value in table.items()} for kind, table in self._tables()},
        }

    def from_json(self, data: dict[str, Any]) -> None:
        """Take them back."""
        self._latest = {shop_id: (pair[0], pair[1]) for shop_id, pair in data["latest"].items()}
        for kind, table in self._tables():
            table.clear()
            for key, value in data[kind].items():
                table[key] = Pass(**{**value, "scopes": tuple(value["scopes"])})

    def _tables(self) -> tuple[tuple[str, dict[str, Pass]], ...]:
        return (("codes", self._codes), ("access", self._access), ("refresh", self._refresh))
