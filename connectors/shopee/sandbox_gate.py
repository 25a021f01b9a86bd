"""The platform's gateway: signature, tokens and the rate limit, in the order of shopee.md 2.2."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from connectors.shopee.sandbox_fields import Refused
from connectors.shopee.sandbox_limits import ShopeeLimits
from connectors.shopee.sandbox_state import App, Shop, Store
from connectors.shopee.sandbox_tokens import Tokens
from syncer.sdk.sandbox import Call
from syncer.sdk.sandbox.clock import Clock

PUBLIC, SHOP, EITHER = "public", "shop", "either"
"""Which signature an operation wants; `either` is `upload_image` (shopee.md 2)."""

_UINT32 = 2**32 - 1
_QUOTA_ZONE = timezone(timedelta(hours=8))


def sign(key: str, base_string: str) -> str:
    """HMAC-SHA256 in lowercase hex; the key is used as text (shopee.md 2)."""
    return hmac.new(key.encode(), base_string.encode(), hashlib.sha256).hexdigest()


@dataclass(slots=True)
class Budget:
    """What one application has used: a token bucket for bursts and a count for the day (shopee.md 9.1)."""

    level: float
    seen: float
    day: str = ""
    used_today: int = 0
    used: int = 0
    refused: int = 0

    def spend(self, now: float, limits: ShopeeLimits) -> str | None:
        """Take one call. Returns the error code if there is none left."""
        day = datetime.fromtimestamp(now, UTC).astimezone(_QUOTA_ZONE).date().isoformat()
        if day != self.day:
            self.day, self.used_today = day, 0
        size = max(1.0, limits.burst_per_s)
        self.level = min(size, self.level + max(0.0, now - self.seen) * limits.burst_per_s)
        self.seen = now
        if limits.daily is not None and self.used_today >= limits.daily:
            self.refused += 1
            return "error_limit"
        if self.level < 1.0:
            self.refused += 1
            return "error_rate_limit"
        self.level -= 1.0
        self.used_today += 1
        self.used += 1
        return None


class Gate:
    """Lets a call in or raises `Refused`. The refusal's kind says why, for the call log."""

    def __init__(self, store: Store, tokens: Tokens, limits: ShopeeLimits) -> None:
        self._store = store
        self._tokens = tokens
        self._limits = limits
        self.budgets: dict[int, Budget] = {}

    def pass_public(self, call: Call, clock: Clock) -> App:
        """Checks 2 to 8 of shopee.md 2.2 with the public base string."""
        app, timestamp, signature = self._basics(call, clock)
        self._compare(app, f"{app.partner_id}{call.path}{timestamp}", signature)
        return app

    def pass_shop(self, call: Call, clock: Clock) -> tuple[App, Shop]:
        """Checks 2 to 13 of shopee.md 2.2 with the shop base string."""
        app, timestamp, signature = self._basics(call, clock)
        token, shop_text = call.one("access_token") or "", call.one("shop_id") or ""
        self._compare(app, f"{app.partner_id}{call.path}{timestamp}{token}{shop_text}", signature)
        if not token:
            raise Refused("error_param", "There is no access_token in query.", kind="token")
        if not shop_text:
            raise Refused("error_param", "There is no shop_id in query.", kind="shop")
        if not shop_text.isdigit() or int(shop_text) > _UINT32:
            raise Refused("error_param", "Invalid shop_id.", kind="shop")
        return app, self.check_token(app, token, int(shop_text))

    def check_token(self, app: App, token: str, shop_id: int) -> Shop:
        """Checks 11 to 13: the token is alive and for this shop, which is linked and not banned."""
        if not self._tokens.access_alive(token, app.partner_id, shop_id):
            raise Refused("invalid_acceess_token", "Invalid access_token, please have a check.", kind="token")
        shop = self._store.shops.get(shop_id)
        if shop is None or not shop.linked or shop.partner_id != app.partner_id:
            raise Refused("shop_no_linked", "The shop is not linked to the partner.", kind="shop")
        if shop.banned:
            raise Refused("shop_banned", "The shop is banned.", kind="shop")
        return shop

    def spend(self, app: App, now: float) -> None:
        """Check 16: one call off the application's budget, which all its shops share (shopee.md 9.1)."""
        budget = self.budgets.get(app.partner_id)
        if budget is None:
            budget = self.budgets[app.partner_id] = Budget(max(1.0, self._limits.burst_per_s), now)
        code = budget.spend(now, self._limits)
        if code == "error_limit":
            raise Refused(code, "The daily call quota is used up.", kind="quota")
        if code is not None:
            raise Refused(code, "Your call frequency exceeds the limit, please try later.", kind="rate")

    def _basics(self, call: Call, clock: Clock) -> tuple[App, str, str]:
        partner = call.one("partner_id")
        if not partner:
            raise Refused("error_param", "There is no partner_id in query.", kind="partner")
        if not partner.isdigit() or int(partner) > _UINT32:
            raise Refused("error_param", "Invalid partner_id.", kind="partner")
        app = self._store.apps.get(int(partner))
        if app is None:
            raise Refused("invalid_partner_id", "Invalid partner_id", kind="partner")
        timestamp = call.one("timestamp")
        if not timestamp:
            raise Refused("error_param", "no timestamp", kind="time")
        if not timestamp.isdigit() or int(timestamp) > _UINT32:
            raise Refused("error_param", "Invalid timestamp", kind="time")
        # A caller's clock is this machine's, or one that its test moved together with ours.
        off = min(abs(clock.real() - int(timestamp)), abs(clock.now() - int(timestamp)))
        if off > self._limits.replay_window_s:
            raise Refused("error_param", "Timestamp is expired.", kind="time")
        signature = call.one("sign")
        if not signature:
            raise Refused("error_param", "There is no sign in query.", kind="sign")
        return app, timestamp, signature

    @staticmethod
    def _compare(app: App, base_string: str, signature: str) -> None:
        if not hmac.compare_digest(sign(app.partner_key, base_string).encode(), signature.encode()):
            raise Refused("error_sign", "Wrong sign.", kind="sign")
