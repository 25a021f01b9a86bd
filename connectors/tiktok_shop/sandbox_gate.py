"""The platform's gateway: signature, token, scope, shop cipher and the rate limit (tiktok_shop.md 2.1, 3, 4, 13)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.utils import formatdate
from math import ceil

from connectors.tiktok_shop.sandbox_fields import Refused, bad
from connectors.tiktok_shop.sandbox_limits import TiktokLimits
from connectors.tiktok_shop.sandbox_state import App, Shop, Store
from connectors.tiktok_shop.sandbox_tokens import Tokens
from syncer.sdk.sandbox import Call
from syncer.sdk.sandbox.clock import Clock

UNSIGNED = frozenset({"sign", "access_token"})
"""Query parameters that never enter the signature (tiktok_shop.md 3)."""


def string_to_sign(secret: str, path: str, query: Sequence[tuple[str, str]], body: str) -> str:
    """Secret, path, sorted keys and values, body, secret (tiktok_shop.md 3). Query values are decoded ones."""
    pairs = sorted((pair for pair in query if pair[0] not in UNSIGNED), key=lambda pair: pair[0].encode())
    return f"{secret}{path}{''.join(key + value for key, value in pairs)}{body}{secret}"


def sign(secret: str, message: str) -> str:
    """HMAC-SHA256 in lowercase hex, keyed with the application's secret (tiktok_shop.md 3)."""
    return hmac.new(secret.encode(), message.encode("utf-8", "surrogateescape"), hashlib.sha256).hexdigest()


def sign_webhook(app_key: str, secret: str, body: str) -> str:
    """The `Authorization` header of an event (tiktok_shop.md 14)."""
    return sign(secret, app_key + body)


@dataclass(slots=True)
class Bucket:
    """A token bucket that refills steadily."""

    level: float
    seen: float

    def spend(self, now: float, per_second: float) -> float:
        """Take one call. Returns how many seconds are missing, 0 if it may pass."""
        size = max(1.0, per_second)
        self.level = min(size, self.level + max(0.0, now - self.seen) * per_second)
        self.seen = now
        if self.level < 1.0:
            return (1.0 - self.level) / per_second if per_second > 0 else 60.0
        self.level -= 1.0
        return 0.0


@dataclass(slots=True)
class Budget:
    """What one application has used for one shop (tiktok_shop.md 13)."""

    buckets: dict[str, Bucket] = field(default_factory=dict)
    used: int = 0
    refused: int = 0


class Throttled(Refused):
    """Too many calls; `after_s` says when the next may pass."""

    def __init__(self, after_s: float, limits: TiktokLimits, now: float) -> None:
        super().__init__(limits.rate_code, "Too many requests.", kind="rate", status=limits.rate_http_status)
        seconds = max(1, ceil(after_s))
        kinds = {"seconds": str(seconds), "date": formatdate(now + seconds, usegmt=True)}
        header = kinds.get(limits.retry_after)
        self.headers = {"Retry-After": header} if header else {}


class Gate:
    """Lets a call in or raises `Refused`. The refusal's kind says why, for the call log."""

    def __init__(self, store: Store, tokens: Tokens, limits: TiktokLimits, clock: Clock) -> None:
        self._store = store
        self._tokens = tokens
        self._limits = limits
        self._clock = clock
        self.budgets: dict[tuple[str, str], Budget] = {}

    def check(self, call: Call, scope: str, *, by_shop: bool) -> Shop:
        """Everything but the rate limit. Returns the shop that calls.

        Application-level operations need no `shop_cipher`, but take one that fits (tiktok_shop.md 2.1).
        """
        app = self._signed(call)
        shop, scopes = self._token(call, app)
        cipher = call.one("shop_cipher")
        if by_shop and not cipher:
            raise Refused(106013, "shop_cipher is required.", kind="shop", status=400)
        if cipher and cipher != shop.cipher:
            raise Refused(101000, "The access token does not match the shop_cipher.", kind="token", status=401)
        if scope not in scopes:
            raise Refused(105005, f"Access denied: the scope {scope} is not granted.", kind="scope", status=401)
        if shop.disabled:
            raise Refused(36009043, "The shop is disabled.", kind="shop", status=403)
        return shop

    def spend(self, shop: Shop, operation: str) -> None:
        """One call off the budget of this application and shop."""
        now, limits = self._clock.now(), self._limits
        budget = self.budgets.setdefault((shop.app_key, shop.id), Budget())
        rates = {"": limits.burst_per_s}
        if operation in limits.operation_rates:
            rates[operation] = float(limits.operation_rates[operation])
        for name, rate in rates.items():
            bucket = budget.buckets.setdefault(name, Bucket(max(1.0, rate), now))
            missing = bucket.spend(now, rate)
            if missing:
                budget.refused += 1
                raise Throttled(missing, limits, now)
        budget.used += 1

    def _signed(self, call: Call) -> App:
        key, timestamp, given = (call.one(name) or "" for name in ("app_key", "timestamp", "sign"))
        for name, value in (("app_key", key), ("timestamp", timestamp), ("sign", given)):
            if not value:
                raise bad(f"{name} is required")
        if self._limits.demand_content_type and not call.headers.get("content-type"):
            raise Refused(36009022, "Content-Type is required.", status=400)
        app = self._store.apps.get(key)
        if app is None or not self._in_time(timestamp) or not self._signature_fits(call, app.app_secret, given):
            raise Refused(106001, "Invalid sign, please check the signature.", kind="sign", status=401)
        return app

    def _in_time(self, timestamp: str) -> bool:
        if not timestamp.isdigit() or len(timestamp) != 10:
            return False
        # A caller's clock is this machine's, or one that its test moved together with ours.
        offs = (int(timestamp) - self._clock.real(), int(timestamp) - self._clock.now())
        return any(-self._limits.past_window_s <= off <= self._limits.future_window_s for off in offs)

    def _signature_fits(self, call: Call, secret: str, given: str) -> bool:
        kind = str(call.headers.get("content-type", "")).lower()
        body = "" if kind.startswith("multipart/form-data") else call.body.decode("utf-8", "surrogateescape")
        first = list({pair[0]: pair for pair in reversed(call.query)}.values())
        # How repeated keys are signed is unconfirmed: all of them, or the first one (tiktok_shop.md 2.1).
        fits = [
            hmac.compare_digest(sign(secret, string_to_sign(secret, call.path, query, body)).encode(), given.encode())
            for query in (call.query, first)
        ]
        return any(fits)

    def _token(self, call: Call, app: App) -> tuple[Shop, tuple[str, ...]]:
        token = str(call.headers.get("x-tts-access-token", ""))
        found = self._tokens.access.get(token)
        if found is None or found.app != app.app_key:
            raise Refused(105001, "access_token is invalid.", kind="token", status=401)
        if self._tokens.ended(found):
            raise Refused(105002, "access_token is expired.", kind="token", status=401)
        shop = self._store.shops[found.shop]
        if not shop.linked:
            raise Refused(
                105001, "access_token is invalid: the seller ended the authorization.", kind="token", status=401
            )
        return shop, found.scopes
