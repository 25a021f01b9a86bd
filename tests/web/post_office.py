"""A platform that sends webhooks: HMAC-SHA256 over address, bar and body; and its connector."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from syncer.domain.listing import Json, Rendered, WantedListing
from syncer.sdk.contract import About, Budget, Context, Hint, Identity, Info, WebhookFacts, WebhookScope
from syncer.sdk.options import Options, SecretStr

ABOUT = {"order": About.ORDER, "listing": About.LISTING, "account": About.ACCOUNT}


class PostOptions(Options):
    app: str = "app-1"
    shop: str = "7001"
    key: SecretStr
    base_url: str = ""


def sign(key: str, address: str, body: bytes) -> str:
    return hmac.new(key.encode(), address.encode() + b"|" + body, hashlib.sha256).hexdigest()


class PostConnector:
    info: ClassVar[Info] = Info(
        name="post",
        label="Post",
        webhooks=WebhookFacts(WebhookScope.APP, status=204, body=b"", refused_status=401, deadline_s=3.0),
    )
    options_type: ClassVar[type[Options]] = PostOptions

    def __init__(self, options: Options, context: Context) -> None:
        assert isinstance(options, PostOptions)
        self._options = options

    def check(self) -> Identity:
        return Identity(self._options.shop, f"Toko {self._options.shop}")

    def budgets(self) -> Sequence[Budget]:
        return ()

    def render(self, listing: WantedListing, facts: Mapping[str, Json]) -> Rendered:
        return Rendered(fields={"title": listing.title}, offers=())

    def webhook_app(self) -> str:
        return self._options.app

    def is_signed(self, address: str, headers: Mapping[str, str], body: bytes) -> bool:
        good = sign(self._options.key.get_secret_value(), address, body)
        return hmac.compare_digest(good.encode(), headers.get("x-sign", "").encode("utf-8", "replace"))

    def read_webhook(self, headers: Mapping[str, str], body: bytes) -> Sequence[Hint]:
        told: Any = json.loads(body)
        if not isinstance(told, dict):
            raise ValueError("an object is expected")
        if told["about"] not in ABOUT:
            return ()
        at = dt.datetime.fromtimestamp(told["at"], dt.UTC) if "at" in told else None
        return (Hint(ABOUT[told["about"]], str(told["shop"]), str(told.get("id", "")), at, told.get("delivery", "")),)
