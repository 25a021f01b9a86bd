"""Webhooks: signed, and only hints about what to look at (tiktok_shop.md 14).

There is one address for an app; the shop stands in the body. Ids come as text or as numbers of up to 19 digits.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from typing import Any

from syncer.sdk.contract import About, Hint, WebhookFacts, WebhookScope
from syncer.sdk.wire import Object, as_object, exact_id, objects

FACTS = WebhookFacts(
    scope=WebhookScope.APP, status=200, body=b"", refused_status=401, deadline_s=3.0, source="tiktok_shop.md 14"
)

_ORDER_TYPES = frozenset({1, 2, 11, 12})
_PACKAGES, _RETURN, _INFORMATION = 4, 12, 15
#: In the status of a return that a buyer only asks for, or that comes to nothing. The sheet lists no statuses of type
#: 12; those of type 11 end like this (tiktok_shop.md 14).
_NOTHING_COMES_BACK = ("PENDING", "CANCEL", "REJECT")
_LISTING_TYPES = frozenset({5, _INFORMATION, 16, 18, 37, 50})
_STOCK_TYPES = frozenset({27, 71})
_ACCOUNT_TYPES = frozenset({6, 7, 35})
#: Later than this in seconds is a time in milliseconds.
_LATEST_S = 100_000_000_000


def is_signed(app_key: str, secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Return whether ``Authorization`` is the hex HMAC of app key and raw body. No "Bearer" stands before it."""
    expected = hmac.new(secret.encode(), app_key.encode() + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), headers.get("authorization", "").encode("utf-8", "replace"))


def hints(body: bytes) -> list[Hint]:
    """Return what a signed body tells us to look at. Raises ValueError if it can't be understood."""
    try:
        event = json.loads(body)
    except RecursionError:
        raise ValueError("the body is nested too deeply") from None
    event = as_object(event)
    kind, data = event.get("type"), as_object(event.get("data"))
    if type(kind) is not int:
        raise ValueError("the body is no event")
    # The envelope of type 35 names the seller instead of the shop.
    shop = exact_id(event.get("shop_id")) or exact_id(data.get("tts_shop_id"))
    found = list(_about(kind, data))
    if found and not shop:
        raise ValueError(f"an event of type {kind} names no shop")
    at, delivery = _moment(event.get("timestamp")), exact_id(event.get("tts_notification_id"))
    returned = _returned(data) if kind == _RETURN else ""
    return [Hint(about, shop, key, at, delivery, returned) for about, key in found]


def _returned(data: Object) -> str:
    """Return the id of a return by which pieces come back; the order itself never shows it (tiktok_shop.md 12)."""
    status = str(data.get("return_status") or "")
    if any(word in status for word in _NOTHING_COMES_BACK):
        return ""
    return exact_id(data.get("return_id"))


def _about(kind: int, data: Object) -> Iterator[tuple[About, str]]:
    if kind in _ORDER_TYPES:
        yield About.ORDER, _needed(data, "order_id", kind)
    elif kind == _PACKAGES:
        rows = [row.get("order_id_list") for row in objects(data.get("package_list"))]
        ids = [exact_id(key) for row in rows if isinstance(row, list) for key in row]
        yield from ((About.ORDER, key) for key in dict.fromkeys(ids) if key)
    elif kind == _INFORMATION and data.get("change_source") == "OPEN_API":
        # An echo of our own write, or of another app's: it tells nothing that a regular look doesn't find.
        return
    elif kind in _LISTING_TYPES:
        yield About.LISTING, _needed(data, "product_id", kind)
    elif kind in _STOCK_TYPES:
        yield About.STOCK, _needed(data, "product_id", kind)
    elif kind in _ACCOUNT_TYPES:
        yield About.ACCOUNT, ""


def _needed(data: Object, name: str, kind: int) -> str:
    """Return an id that this type must have. The payload of type 2 isn't confirmed, but it is about an order."""
    found = exact_id(data.get(name))
    if not found:
        raise ValueError(f"an event of type {kind} has no {name}")
    return found


def _moment(value: Any) -> dt.datetime | None:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < _LATEST_S * 1000:
        return None
    return dt.datetime.fromtimestamp(value / 1000 if value >= _LATEST_S else value, dt.UTC)
