"""Codes and tokens of the Shopee sandbox: lifetimes, single use, grace (shopee.md 3.2 to 3.5)."""

from __future__ import annotations

import secrets

from connectors.shopee.sandbox_fields import Refused
from connectors.shopee.sandbox_limits import ShopeeLimits
from connectors.shopee.sandbox_state import Shop
from syncer.sdk.sandbox.clock import Clock
from syncer.sdk.sandbox.tokens import Pass, TokenBook

_RESEND = "resend"


class Tokens(TokenBook):
    """All codes and tokens ever given out."""

    def __init__(self, clock: Clock, limits: ShopeeLimits) -> None:
        super().__init__(clock, _RESEND)
        self._limits = limits

    def current(self, shop: Shop) -> tuple[str, str, float]:
        """The newest pair of a shop and when its access token ends; a new pair if that one is dead."""
        access, refresh = self.newest(str(shop.shop_id)) or self.pair(shop)
        return access, refresh, self.access[access].expires

    def code(self, shop: Shop, *, resend: bool = False) -> str:
        """A new code, good for 10 minutes and one use; a resend code cannot be told from its looks (3.2)."""
        code = secrets.token_hex(16)
        (self.further[_RESEND] if resend else self.codes)[code] = self._pass(shop, self._limits.code_s)
        return code

    def pair(self, shop: Shop) -> tuple[str, str]:
        """A new access token and refresh token; older access tokens live on for the grace time (3.2)."""
        self.shorten(str(shop.shop_id), self._limits.grace_s)
        access, refresh = secrets.token_hex(16), secrets.token_hex(16)
        its, renews = self._pass(shop, self._limits.access_token_s), self._pass(shop, self._limits.refresh_token_s)
        self.give_pair(access, its, refresh, renews)
        return access, refresh

    def access_alive(self, token: str, partner_id: int, shop_id: int) -> bool:
        """Whether an access token is good for this application and shop now."""
        found = self.usable(self.access, token, str(partner_id))
        return found is not None and found.shop == str(shop_id)

    def use_code(self, code: str, partner_id: int, shop_id: int) -> None:
        """Use a code up (3.3)."""
        found = self.usable(self.codes, code, str(partner_id))
        if found is None:
            raise Refused("invalid_code", "Invalid code, please have a check.", kind="token")
        if found.shop != str(shop_id):
            raise Refused("invalid_shop_id", "The shop_id does not fit the code.", kind="token")
        found.used = True

    def use_resend(self, code: str, partner_id: int) -> int:
        """Use a resend code up. Returns the shop that it is for (3.2)."""
        found = self.usable(self.further[_RESEND], code, str(partner_id))
        if found is None:
            raise Refused("error_auth", "Invalid code, please have a check.", kind="token")
        found.used = True
        return int(found.shop)

    def use_refresh(self, token: str, partner_id: int, shop_id: int) -> None:
        """Use a refresh token up; wrong and already used ones look the same (3.5)."""
        found = self.unused(self.refresh, token, str(partner_id))
        if found is None or found.shop != str(shop_id):
            raise Refused("error_auth", "Invalid refresh_token.", kind="token")
        if self.ended(found):
            raise Refused("refresh_token_expired", "The refresh_token is expired.", kind="token")
        found.used = True

    def _pass(self, shop: Shop, seconds: float) -> Pass:
        return Pass(str(shop.partner_id), str(shop.shop_id), self.ends_in(seconds))
