"""Codes and tokens of the TikTok Shop sandbox: lifetimes, single use, scopes (tiktok_shop.md 4.2, 4.3)."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from connectors.tiktok_shop.sandbox_fields import Refused
from connectors.tiktok_shop.sandbox_limits import TiktokLimits
from connectors.tiktok_shop.sandbox_state import Shop
from syncer.sdk.sandbox.clock import Clock
from syncer.sdk.sandbox.tokens import Pass, TokenBook

CODE_DEAD, REFRESH_DEAD = 36004004, 36004001


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


class Tokens(TokenBook):
    """All codes and tokens ever given out."""

    def __init__(self, clock: Clock, limits: TiktokLimits) -> None:
        super().__init__(clock)
        self._limits = limits

    def current(self, shop: Shop) -> Pair:
        """The newest pair of a shop; a new one if that is dead."""
        newest = self.newest(shop.id)
        return self._shown(*newest) if newest else self.pair(shop, tuple(self._limits.scopes))

    def code(self, shop: Shop) -> str:
        """A new code, good for 30 minutes and one use (4.2)."""
        code = _new()
        self.codes[code] = self._pass(shop, self._limits.code_s, tuple(self._limits.scopes))
        return code

    def pair(self, shop: Shop, scopes: tuple[str, ...], refresh: str | None = None) -> Pair:
        """A new access token, with a new refresh token unless `refresh` goes on; older access tokens live on."""
        access = _new()
        if refresh is None:
            refresh, renews = _new(), self._pass(shop, self._limits.refresh_token_s, scopes)
        else:
            renews = self.refresh[refresh]
        self.give_pair(access, self._pass(shop, self._limits.access_token_s, scopes), refresh, renews)
        return self._shown(access, refresh)

    def use_code(self, code: str, app_key: str) -> Pass:
        """Use a code up (4.3)."""
        found = self.usable(self.codes, code, app_key)
        if found is None:
            raise Refused(CODE_DEAD, "auth_code is invalid, expired or has been used.", kind="token", status=200)
        found.used = True
        return found

    def use_refresh(self, token: str, app_key: str) -> Pass:
        """Take a refresh token in; with rotation this was its one use (4.3)."""
        found = self.usable(self.refresh, token, app_key)
        if found is None:
            raise Refused(REFRESH_DEAD, "refresh_token is invalid or expired.", kind="token", status=200)
        found.used = self._limits.rotate_refresh
        return found

    def _pass(self, shop: Shop, seconds: float, scopes: tuple[str, ...]) -> Pass:
        return Pass(shop.app_key, shop.id, self.ends_in(seconds), scopes)

    def _shown(self, access: str, refresh: str) -> Pair:
        its = self.access[access]
        return Pair(access, refresh, its.expires, self.refresh[refresh].expires, its.scopes)
