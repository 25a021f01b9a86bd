"""Pushes: signed, and only hints about what to look at (shopee.md 8).

There is one address for an app; the shop stands in the body. Numbers may come as text.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping

from syncer.sdk.contract import About, Hint, WebhookFacts, WebhookScope
from syncer.sdk.wire import Object, as_object, entries, exact_id, moment, whole

FACTS = WebhookFacts(
    # Any body counts as failed, also with status 200.
    scope=WebhookScope.APP,
    status=204,
    body=b"",
    refused_status=401,
    deadline_s=3.0,
    source="shopee.md 8.1, 8.2",
)

_ACCOUNT_CODES = frozenset({1, 2, 12})
#: Order status, tracking number, shipping document, returns, and parcels.
_ORDER_CODES = frozenset({3, 4, 15, 29, 30, 37, 47})
_RESERVED = 8
_STOCK_CODES = frozenset({7, 9})
#: Violations, prices (also of our own writes), and what could not be published.
_LISTING_CODES = frozenset({16, 22, 27})


def is_signed(partner_key: str, address: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Return whether ``Authorization`` is the hex HMAC of configured address, ``|`` and raw body. No scheme word."""
    message = address.encode("utf-8", "replace") + b"|" + body
    expected = hmac.new(partner_key.encode(), message, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), headers.get("authorization", "").encode("utf-8", "replace"))


def hints(body: bytes) -> list[Hint]:
    """Return what a signed body tells us to look at. Raises ValueError if it can't be understood."""
    try:
        event = as_object(json.loads(body))
    except RecursionError:
        raise ValueError("the body is nested too deeply") from None
    code, data = whole(event.get("code")), as_object(event.get("data"))
    if code is None:
        raise ValueError("the body is no push")
    at, delivery = moment(event.get("timestamp")), exact_id(event.get("msg_id"))
    shops = list(dict.fromkeys(_shops(event, data)))
    found = list(dict.fromkeys(_about(code, data)))
    if found and not shops:
        raise ValueError(f"a push of code {code} names no shop")
    return [Hint(about, shop, key, at, delivery) for shop in shops for about, key in found]


def _shops(event: Object, data: Object) -> Iterator[str]:
    """Yield the shops that a push is about: on top, or, where it is about the app's shops, inside."""
    for row in (event, data):
        for name in ("shop_id", "shopid"):
            if row.get(name):
                yield exact_id(row[name])
    for name in ("shop_id_list", "shop_expire_soon"):
        for entry in entries(data.get(name)):
            found = entry.get("shop_id") if isinstance(entry, dict) else entry
            if found:
                yield exact_id(found)


def _about(code: int, data: Object) -> Iterator[tuple[About, str]]:
    if code in _ORDER_CODES:
        yield About.ORDER, _order(code, data)
    elif code == _RESERVED:
        # A promotion's piece was ordered, or such an order was called off.
        if data.get("ordersn") or data.get("order_sn"):
            yield About.ORDER, _order(code, data)
        yield About.STOCK, _item(data)
    elif code in _STOCK_CODES:
        yield About.STOCK, _item(data)
    elif code in _LISTING_CODES:
        yield About.LISTING, _item(data)
    elif code in _ACCOUNT_CODES:
        yield About.ACCOUNT, ""


def _order(code: int, data: Object) -> str:
    """Return the order's number: ``ordersn`` in pushes, ``order_sn`` elsewhere (gotcha 12)."""
    found = exact_id(data.get("ordersn")) or exact_id(data.get("order_sn"))
    if not found:
        raise ValueError(f"a push of code {code} names no order")
    return found


def _item(data: Object) -> str:
    """Return the item's id; the fields of some pushes are not documented, then the shop alone is the hint."""
    return exact_id(data.get("item_id"))
