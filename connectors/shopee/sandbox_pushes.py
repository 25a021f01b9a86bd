"""Signed pushes (shopee.md 8): one address for each app, no event id, no promise of order."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from typing import Any

from connectors.shopee.sandbox_sales import Reserved
from connectors.shopee.sandbox_world import World
from syncer.sdk.sandbox import Address, Letter, SoldOrder

ORDER_STATUS, RESERVED_STOCK, RETURNS = 3, 8, 29
NAMES = {
    1: "shop_authorization",
    2: "shop_deauthorization",
    ORDER_STATUS: "order_status",
    7: "item_promotion",
    RESERVED_STOCK: "reserved_stock",
    16: "violation_item",
    22: "item_price_update",
    RETURNS: "return_updates",
}
"""Names of the codes that are sent here; faults name webhooks by them (shopee.md 8.3)."""


def sign_push(partner_key: str, url: str, body: bytes) -> str:
    """The `Authorization` header of a push: over the configured address and the raw body (shopee.md 8.2)."""
    return hmac.new(partner_key.encode(), url.encode() + b"|" + body, hashlib.sha256).hexdigest()


class Pushes:
    """Writes and signs pushes."""

    def __init__(self, world: World) -> None:
        self._world = world

    def letter(self, shop_id: int, code: int, data: Mapping[str, Any], address: Address, about: str = "") -> Letter:
        """One push of a shop, signed with its app's key."""
        shop = self._world.store.shops[shop_id]
        key = self._world.store.apps[shop.partner_id].partner_key
        content = {"code": code, "shop_id": shop_id, "timestamp": int(self._world.clock.now()), "data": data}
        body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
        headers = {"Content-Type": "application/json", "Authorization": sign_push(key, address.url, body)}
        return Letter(NAMES[code], str(shop_id), body, headers, address.send_to, about, wants_empty=True)

    def of_order(self, order: SoldOrder, reserved: list[Reserved], address: Address) -> Iterator[Letter]:
        """What is told of an order: code 3 when its status moved, code 8 for pieces of promotions, code 29 for returns.

        A partial cancellation moves no status and is told of by nobody: only a read finds it.
        """
        shop_id, at = int(order.account), int(order.updated)
        if order.status != order.before:
            data: dict[str, Any] = {
                "ordersn": order.order_id,
                "status": order.status,
                "completed_scenario": "",
                "items": [],
                "update_time": at,
            }
            yield self.letter(shop_id, ORDER_STATUS, data, address, order.order_id)
        for one in reserved:
            data = {
                "action": "place_order" if one.new < one.old else "cancel_order",
                "item_id": one.item_id,
                "variation_id": one.model_id,
                "ordersn": order.order_id,
                "promotion_type": one.promotion.kind,
                "promotion_id": one.promotion.promotion_id,
                "changed_values": [{"name": "reserved_stock", "old": one.old, "new": one.new}],
                "update_time": at,
            }
            yield self.letter(shop_id, RESERVED_STOCK, data, address, order.order_id)
        if any(line.returned for line in order.lines):
            data = {"order_sn": order.order_id, "update_time": at}
            yield self.letter(shop_id, RETURNS, data, address, order.order_id)
