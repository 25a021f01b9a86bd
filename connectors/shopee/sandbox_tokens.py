"""Codes and tokens of the Shopee sandbox: lifetimes, single use, grace (shopee.md 3.2 to 3.5)."""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass
from typing import Any

from connectors.shopee.sandbox_fields import Refused
from connectors.shopee.sandbox_limits import ShopeeLimits
from connectors.shopee.sandbox_state import Shop
from syncer.sdk.sandbox.clock import Clock


@dataclass(slots=True)
class Pass:
    """One code or token. `used` marks a code or refresh token that has done its one turn."""

    partner_id: int
    shop_id: int
    expires: float
    used: bool = False


class Tokens:
    """All codes and tokens ever given out."""

    def __init__(self, clock: Clock, limits: ShopeeLimits) -> None:
        self._clock = clock
        self._limits = limits
        self._codes: dict[str, Pass] = {}
        self._resend: dict[str, Pass] = {}
        self._access: dict[str, Pass] = {}
        self._refresh: dict[str, Pass] = {}
        self._latest: dict[int, tuple[str, str]] = {}

    def current(self, shop: Shop) -> tuple[str, str, float]:
        """The newest pair of a shop and when its access token ends; a new pair if that one is dead."""
        access, refresh = self._latest.get(shop.shop_id, ("", ""))
        if access not in self._access or self._refresh[refresh].used:
            access, refresh = self.pair(shop)
        return access, refresh, self._access[access].expires

    def code(self, shop: Shop, *, resend: bool = False) -> str:
        """A new code, good for 10 minutes and one use; a resend code cannot be told from its looks (3.2)."""
        code = secrets.token_hex(16)
        (self._resend if resend else self._codes)[code] = Pass(
            shop.partner_id, shop.shop_id, self._clock.now() + self._limits.code_s
        )
        return code

    def pair(self, shop: Shop) -> tuple[str, str]:
        """A new access token and refresh token; older access tokens live on for the grace time (3.2)."""
        now = self._clock.now()
        for old in self._access.values():
            if old.shop_id == shop.shop_id:
                old.expires = min(old.expires, now + self._limits.grace_s)
        access, refresh = secrets.token_hex(16), secrets.token_hex(16)
        self._access[access] = Pass(shop.partner_id, shop.shop_id, now + self._limits.access_token_s)
        self._refresh[refresh] = Pass(shop.partner_id, shop.shop_id, now + self._limits.refresh_token_s)
        self._latest[shop.shop_id] = (access, refresh)
        return access, refresh

    def access_alive(self, token: str, partner_id: int, shop_id: int) -> bool:
        """Whether an access token is good for this application and shop now."""
        found = self._access.get(token)
        return (
            found is not None
            and found.partner_id == partner_id
            and found.shop_id == shop_id
            and found.expires > self._clock.now()
        )

    def use_code(self, code: str, partner_id: int, shop_id: int) -> None:
        """Use a code up (3.3)."""
        found = self._codes.get(code)
        if found is None or found.used or found.partner_id != partner_id or found.expires <= self._clock.now():
            raise Refused("invalid_code", "Invalid code, please have a check.", kind="token")
        if found.shop_id != shop_id:
            raise Refused("invalid_shop_id", "The shop_id does not fit the code.", kind="token")
        found.used = True

    def use_resend(self, code: str, partner_id: int) -> int:
        """Use a resend code up. Returns the shop that it is for (3.2)."""
        found = self._resend.get(code)
        if found is None or found.used or found.partner_id != partner_id or found.expires <= self._clock.now():
            raise Refused("error_auth", "Invalid code, please have a check.", kind="token")
        found.used = True
        return found.shop_id

    def use_refresh(self, token: str, partner_id: int, shop_id: int) -> None:
        """Use a refresh token up; wrong and already used ones look the same (3.5)."""
        found = self._refresh.get(token)
        if found is None or found.used or found.partner_id != partner_id or found.shop_id != shop_id:
            raise Refused("error_auth", "Invalid refresh_token.", kind="token")
        if found.expires <= self._clock.now():
            raise Refused("refresh_token_expired", "The refresh_token is expired.", kind="token")
        found.used = True

    def revoke(self, shop_id: int, *, access: str | None = None, refresh: bool = False) -> int:
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
            "latest": {str(shop_id): pair for shop_id, pair in self._latest.items()},
            **{kind: {key: asdict(value) for key, value in table.items()} for kind, table in self._tables()},
        }

    def from_json(self, data: dict[str, Any]) -> None:
        """Take them back."""
        self._latest = {int(shop_id): (pair[0], pair[1]) for shop_id, pair in data["latest"].items()}
        for kind, table in self._tables():
            table.clear()
            table.update({key: Pass(**value) for key, value in data[kind].items()})

    def _tables(self) -> tuple[tuple[str, dict[str, Pass]], ...]:
        return (
            ("codes", self._codes),
            ("resend", self._resend),
            ("access", self._access),
            ("refresh", self._refresh),
        )
