"""Sales in the sandbox: what the platform tells of orders, and its notes (handbook 6 and 7)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Sequence
from typing import Any

from syncer.sdk.sandbox import Address, Letter, OrderWords, SoldLine, SoldOrder

WORDS = OrderWords(
    flow=("asked", "paid", "sent", "got"),
    placed="asked",
    paid="paid",
    shipped="sent",
    cancelled="off",
    returned="back",
)
SWITCHES = {"lowers_at": {"paid": True}, "gives_back_at": {"off": True}}


def entries(name: str, found: Sequence[Any]) -> Any:
    """Turn entries into JSON as XML converters do."""
    if not found:
        return ""
    return {name: found[0] if len(found) == 1 else list(found)}


def sale_json(order: SoldOrder) -> dict[str, Any]:
    """One sale: everything is text, pieces that were called off are a line of their own, and the buyer is named."""
    rows = [row for line in order.lines for row in _rows(order, line)]
    return {
        "@no": order.order_id,
        "state": order.status,
        "made": f"{order.created:.3f}",
        "changed": f"{order.updated:.3f}",
        "to": f"{order.buyer.name}, {order.buyer.address}, {order.buyer.phone}",
        "wish": order.buyer.note,
        "lines": entries("line", rows),
    }


def _rows(order: SoldOrder, line: SoldLine) -> list[dict[str, str]]:
    row = {
        "@no": line.line_id,
        "good": line.offer.listing_id,
        "line": line.offer.offer_id,
        "code": line.offer.sku,
        "count": str(line.quantity),
        "cents": str(round(line.offer.price * 100)),
    }
    if order.status == WORDS.cancelled or not line.cancelled:
        return [row]
    off = {**row, "@no": f"{line.line_id}x", "count": str(line.cancelled), "state": WORDS.cancelled}
    return [{**row, "count": str(line.active)}, off]


def note(order: SoldOrder, stall: str, key: str, number: int, address: Address) -> Letter:
    """One note, marked with the stall's key over its bytes."""
    body = json.dumps({"stall": stall, "sale": order.order_id, "note": str(number)}).encode()
    mark = base64.b64encode(hmac.new(key.encode(), body, hashlib.sha512).digest()).decode()
    return Letter("sale", stall, body, {"X-Koperasi-Mark": mark}, address.send_to, order.order_id)
