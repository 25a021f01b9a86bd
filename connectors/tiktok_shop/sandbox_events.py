"""Webhooks: who registered for what, and the signed events that go there (tiktok_shop.md 14)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

from connectors.tiktok_shop import sandbox_fields as fields
from connectors.tiktok_shop.sandbox_fields import bad, body_of
from connectors.tiktok_shop.sandbox_gate import sign_webhook
from connectors.tiktok_shop.sandbox_world import Event, World
from syncer.sdk.sandbox import Address, Answer, Call, Letter

TYPES = {
    "ORDER_STATUS_CHANGE": 1,
    "REVERSE_STATUS_UPDATE": 2,
    "RECIPIENT_ADDRESS_UPDATE": 3,
    "PACKAGE_UPDATE": 4,
    "PRODUCT_STATUS_CHANGE": 5,
    "SELLER_DEAUTHORIZATION": 6,
    "UPCOMING_AUTHORIZATION_EXPIRATION": 7,
    "CANCELLATION_STATUS_CHANGE": 11,
    "RETURN_STATUS_CHANGE": 12,
    "PRODUCT_INFORMATION_CHANGE": 15,
    "PRODUCT_CREATION": 16,
    "PRODUCT_CATEGORY_CHANGE": 18,
    "PRODUCT_AUDIT_STATUS_CHANGE": 37,
}
"""Numbers of the events that can be registered for (tiktok_shop.md 14)."""

_NUMERIC_IDS = frozenset({5, 16, 37})
_LOOPBACK = frozenset({"127.0.0.1", "localhost"})


class Webhooks:
    """Registrations of each shop, and what is sent for them.

    An event goes to the address that was registered for it, else to the app's own (`app_address`), which stands for
    the one that is set in Partner Center. The platform takes HTTPS addresses on the open net; here only this machine
    is served, in plain HTTP. `send` posts signed letters without holding up an answer.
    """

    def __init__(
        self,
        world: World,
        app_address: Callable[[str], Address | None],
        send: Callable[[Iterable[Letter]], None],
    ) -> None:
        self._world = world
        self._app_address = app_address
        self._send = send

    def list_all(self, call: Call) -> Answer:
        """What the shop's application registered for."""
        rows = list(self._of(call.account or "").values())
        return self._world.ok({"total_count": len(rows), "webhooks": rows})

    def set_one(self, call: Call) -> Answer:
        """Register an address for an event, or change it."""
        body = body_of(call)
        kind, address = fields.text(body, "event_type"), fields.text(body, "address")
        if kind not in TYPES:
            raise bad("event_type")
        if not address or len(address) > 255 or urlsplit(address).hostname not in _LOOPBACK:
            raise bad("address")
        now = int(self._world.clock.now())
        known = self._of(call.account or "").get(kind)
        row = {
            "event_type": kind,
            "address": address,
            "create_time": known["create_time"] if known else now,
            "update_time": now,
        }
        self._of(call.account or "")[kind] = row
        return self._world.ok()

    def delete_one(self, call: Call) -> Answer:
        """End a registration; always succeeds."""
        self._of(call.account or "").pop(fields.text(body_of(call), "event_type"), None)
        return self._world.ok()

    def tell(self, shop_id: str, kind: int, data: Event) -> None:
        """Send an event; delivery is not guaranteed."""
        name = next(name for name, number in TYPES.items() if number == kind)
        row, address = self._of(shop_id).get(name), self._app_address(shop_id)
        send_to = row["address"] if row is not None else address.send_to if address is not None else ""
        if send_to:
            self._send([self._letter(shop_id, name, data, send_to)])

    def _letter(self, shop_id: str, name: str, data: Event, send_to: str) -> Letter:
        kind = TYPES[name]
        about = str(data.get("order_id") or data.get("product_id") or "")
        if self._world.limits.webhook_numeric_ids and kind in _NUMERIC_IDS:
            data = {**data, "product_id": int(data["product_id"])}
        body = {
            "type": kind,
            "tts_notification_id": self._world.store.new_id(),
            "shop_id": shop_id,
            "timestamp": int(self._world.clock.now()),
            "data": data,
        }
        text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
        app = self._world.store.apps[self._world.store.shops[shop_id].app_key]
        headers = {
            "Content-Type": "application/json",
            "Authorization": sign_webhook(app.app_key, app.app_secret, text),
        }
        return Letter(name.lower(), shop_id, text.encode(), headers, send_to, about)

    def _of(self, shop_id: str) -> dict[str, dict[str, Any]]:
        return self._world.store.webhooks.setdefault(shop_id, {})
