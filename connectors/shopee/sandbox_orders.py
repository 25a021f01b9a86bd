"""Orders through the API: lists, details, cancellation, shipping (shopee.md 6)."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any

from connectors.shopee.sandbox_fields import Refused, body_of, objects, query_int, text
from connectors.shopee.sandbox_reads import CURRENCY, LOCATION
from connectors.shopee.sandbox_sales import WORDS
from connectors.shopee.sandbox_world import World
from syncer.sdk.sandbox import Answer, Call, SoldLine, SoldOrder
from syncer.sdk.sandbox.selling import Selling

LONGEST_S = 15 * 86_400
_FILTERS = frozenset(
    {"UNPAID", "READY_TO_SHIP", "PROCESSED", "SHIPPED", "COMPLETED", "IN_CANCEL", "CANCELLED", "INVOICE_PENDING"}
)
_REASONS = frozenset({"OUT_OF_STOCK", "CUSTOMER_REQUEST", "COD_NOT_SUPPORTED", "UNDELIVERABLE_AREA"})
_UNSHIPPED = frozenset({"UNPAID", "READY_TO_SHIP", "PROCESSED", "RETRY_SHIP", "IN_CANCEL", "PENDING"})
_PENDING = "PENDING"
_LOGISTICS = {
    "UNPAID": "LOGISTICS_NOT_START",
    "READY_TO_SHIP": "LOGISTICS_READY",
    "PROCESSED": "LOGISTICS_REQUEST_CREATED",
    "RETRY_SHIP": "LOGISTICS_PICKUP_RETRY",
    "SHIPPED": "LOGISTICS_PICKUP_DONE",
    "TO_CONFIRM_RECEIVE": "LOGISTICS_DELIVERY_DONE",
    "COMPLETED": "LOGISTICS_DELIVERY_DONE",
    "CANCELLED": "LOGISTICS_REQUEST_CANCELED",
}


class Orders:
    """The operations on orders of the shop that calls."""

    def __init__(self, world: World, selling: Selling) -> None:
        self._world = world
        self._selling = selling

    def operations(self) -> list[tuple[str, Callable[[Call], Answer], bool]]:
        """Names, handlers, and whether they write."""
        return [
            ("order.get_order_list", self.get_order_list, False),
            ("order.get_order_detail", self.get_order_detail, False),
            ("order.cancel_order", self.cancel_order, True),
            ("order.handle_buyer_cancellation", self.handle_buyer_cancellation, True),
            ("logistics.get_shipping_parameter", self.get_shipping_parameter, False),
            ("logistics.ship_order", self.ship_order, True),
            ("logistics.get_tracking_number", self.get_tracking_number, False),
        ]

    # Lists and details --------------------------------------------------------------------------------

    def get_order_list(self, call: Call) -> Answer:
        """Numbers of orders by time, newest made first: no order by `update_time` is promised (shopee.md 6.1)."""
        by = _needed(call, "time_range_field")
        if by not in {"create_time", "update_time"}:
            raise _wrong("time_range_field should be create_time or update_time")
        start, end = query_int(call, "time_from"), query_int(call, "time_to")
        if start >= end or end - start > LONGEST_S:
            raise Refused("order.order_list_invalid_time", "The time range is at most 15 days.")
        size = query_int(call, "page_size", low=1, high=100)
        status = call.one("order_status") or ""
        if status and status not in _FILTERS:
            raise _wrong(f"order_status {status[:30]} is not supported")
        place = _place(call.one("cursor") or "")
        pending = _yes(call.one("request_order_status_pending"))
        found = [
            order
            for order in self._seen(call)
            if start <= int(order.created if by == "create_time" else order.updated) <= end
            and status in ("", order.status)
            and (pending or order.status != _PENDING)
        ]
        found.sort(key=lambda order: (order.created, order.order_id), reverse=True)
        page, more = found[place : place + size], place + size < len(found)
        with_status = "order_status" in _optional(call)
        rows = [{"order_sn": o.order_id, **({"order_status": o.status} if with_status else {})} for o in page]
        return self._world.ok({"more": more, "next_cursor": _cursor(place + size) if more else "", "order_list": rows})

    def _seen(self, call: Call) -> list[SoldOrder]:
        """Orders as the list shows them: late by the limit, and by the faults `stale_read` and `search_lag`."""
        moments = [moment for moment in (call.as_of, call.hide_newer_than) if moment is not None]
        if self._world.limits.orders_lag_s:
            moments.append(self._world.clock.now() - self._world.limits.orders_lag_s)
        return list(self._selling.book.all(call.account, min(moments) if moments else None))

    def get_order_detail(self, call: Call) -> Answer:
        """Whole orders: what is not asked for is left out (shopee.md 6.2)."""
        names = [part for value in call.every("order_sn_list") for part in value.split(",") if part]
        if not names:
            raise _wrong("order_sn_list is a required field.")
        if len(names) > 50:
            raise _wrong("order_sn_list should be at most 50.")
        wanted, pending = _optional(call), _yes(call.one("request_order_status_pending"))
        found = [self._selling.book.get(name, call.as_of) for name in dict.fromkeys(names)]
        own = [order for order in found if order is not None and order.account == call.account]
        shown = [self._detail(order, wanted) for order in own if pending or order.status != _PENDING]
        if not shown:
            raise Refused("error_not_found", "The order is not found.", kind="gone")
        return self._world.ok({"order_list": shown})

    def _detail(self, order: SoldOrder, wanted: frozenset[str]) -> dict[str, Any]:
        always = {
            "order_sn": order.order_id,
            "region": "ID",
            "currency": CURRENCY,
            "cod": False,
            "order_status": order.status,
            "message_to_seller": order.buyer.note,
            "create_time": int(order.created),
            "update_time": int(order.updated),
            "days_to_ship": 2,
            "ship_by_date": int(order.created) + 2 * 86_400,
        }
        makers = self._optional_fields()
        return always | {name: make(order) for name, make in makers.items() if name in wanted}

    def _optional_fields(self) -> dict[str, Callable[[SoldOrder], Any]]:
        return {
            "buyer_user_id": lambda order: order.buyer.user_id,
            "buyer_username": lambda order: self._masked(order.buyer.user_name),
            "estimated_shipping_fee": lambda _: 9000,
            "recipient_address": self._address,
            "goods_to_declare": lambda _: False,
            "note": lambda _: "",
            "note_update_time": lambda _: 0,
            "item_list": self._lines,
            "pay_time": lambda order: None if order.status == "UNPAID" else int(order.created),
            "dropshipper": lambda order: order.buyer.name,
            "dropshipper_phone": lambda order: order.buyer.phone,
            "split_up": lambda _: False,
            "buyer_cancel_reason": lambda _: "",
            "cancel_by": lambda order: order.cancelled_by if order.status == WORDS.cancelled else "",
            "cancel_reason": lambda order: "CUSTOMER_REQUEST" if order.status == WORDS.cancelled else "",
            "fulfillment_flag": lambda _: "fulfilled_by_local_seller",
            "pickup_done_time": lambda order: int(order.updated) if _has_left(order) else 0,
            "package_list": lambda order: [self._package(order)],
            "shipping_carrier": lambda _: "Reguler (Cashless)",
            "payment_method": lambda _: "Shopee Wallet",
            "total_amount": lambda order: order.total + 9000,
            "invoice_data": lambda _: None,
        }

    def _lines(self, order: SoldOrder) -> list[dict[str, Any]]:
        """Lines of the same item and model differ in their `promotion_group_id` (shopee.md 6.2)."""
        rows: list[dict[str, Any]] = []
        for line in order.lines:
            row = self._line(order, line)
            same = (row["item_id"], row["model_id"])
            row["promotion_group_id"] = sum(1 for one in rows if (one["item_id"], one["model_id"]) == same)
            rows.append(row)
        return rows

    def _line(self, order: SoldOrder, line: SoldLine) -> dict[str, Any]:
        offer = line.offer
        cancel_asked = line.active if order.status == "IN_CANCEL" else 0
        varied = offer.offer_id != "0"
        return {
            "item_id": int(offer.listing_id),
            "item_name": offer.title,
            "item_sku": offer.listing_sku,
            "model_id": int(offer.offer_id),
            "model_name": offer.label,
            "model_sku": offer.sku if varied else "",
            "model_quantity_purchased": line.quantity,
            "model_original_price": offer.price,
            "model_discounted_price": offer.price,
            "wholesale": False,
            "weight": 0.6,
            "add_on_deal": False,
            "main_item": False,
            "add_on_deal_id": 0,
            "promotion_type": "flash_sale" if offer.promotion else "",
            "promotion_id": int(offer.promotion or 0),
            "order_item_id": int(offer.listing_id),
            "image_info": {"image_url": self._world.image_url(f"{offer.image}_tn")},
            "product_location_id": [LOCATION],
            "active_qty": line.active - line.returned,
            "cancel_requested_qty": cancel_asked,
            "cancelled_qty": line.cancelled,
            "return_requested_qty": 0,
            "returned_qty": line.returned,
        }

    def _package(self, order: SoldOrder) -> dict[str, Any]:
        items = [
            {
                "item_id": int(line.offer.listing_id),
                "model_id": int(line.offer.offer_id),
                "model_quantity": line.active,
                "order_item_id": int(line.offer.listing_id),
                "promotion_group_id": 0,
                "product_location_id": LOCATION,
            }
            for line in order.lines
        ]
        return {
            "package_number": f"OFG{order.lines[0].line_id}{order.buyer.user_id}",
            "logistics_status": _LOGISTICS.get(order.status, "LOGISTICS_READY"),
            "logistics_channel_id": 8003,
            "shipping_carrier": "Reguler (Cashless)",
            "item_list": items,
        }

    def _address(self, order: SoldOrder) -> dict[str, Any]:
        buyer = order.buyer
        return {
            "name": self._masked(buyer.name),
            "phone": self._masked(buyer.phone),
            "town": "",
            "district": "Serpong",
            "city": "KOTA TANGERANG SELATAN",
            "state": "BANTEN",
            "region": "ID",
            "zipcode": "15310",
            "full_address": self._masked(buyer.address),
        }

    def _masked(self, value: str) -> str:
        """Apps without clearance see stars (shopee.md 6.2)."""
        return f"{value[:1]}****{value[-1:]}" if self._world.limits.masked_buyers else value

    # What the seller does -----------------------------------------------------------------------------

    def cancel_order(self, call: Call) -> Answer:
        """The seller calls an order off (shopee.md 6.3)."""
        body = body_of(call)
        order = self._own(call, body)
        if text(body, "cancel_reason") not in _REASONS:
            raise _wrong("cancel_reason is not supported")
        if text(body, "cancel_reason") == "OUT_OF_STOCK" and not objects(body, "item_list"):
            raise _wrong("item_list is a required field.")
        if order.status not in _UNSHIPPED:
            raise Refused("order.error_limit", "The order can't be cancelled any more.", kind="invalid")
        done = self._selling.cancel_order(order.order_id, by="seller")
        return self._world.ok({"update_time": int(done.updated)})

    def handle_buyer_cancellation(self, call: Call) -> Answer:
        """The seller answers a buyer who wants to cancel (shopee.md 6.3)."""
        body = body_of(call)
        order = self._own(call, body)
        operation = text(body, "operation")
        if operation not in {"ACCEPT", "REJECT"}:
            raise _wrong("operation should be ACCEPT or REJECT")
        if order.status != "IN_CANCEL":
            raise Refused("order.order_status_invalid", "The buyer has not asked to cancel.")
        if operation == "ACCEPT":
            done = self._selling.cancel_order(order.order_id, by="buyer")
        else:
            done = self._selling.move_order(order.order_id, WORDS.paid)
        return self._world.ok({"update_time": int(done.updated)})

    def get_shipping_parameter(self, call: Call) -> Answer:
        """How an order can be handed to its courier (shopee.md 6.4)."""
        self._own(call, {"order_sn": call.one("order_sn")})
        needed = {"pickup": ["address_id", "pickup_time_id"], "dropoff": []}
        slot = {"date": int(self._world.clock.now()) + 86_400, "pickup_time_id": "1700265600", "flags": ["recommended"]}
        address = {"address_id": 2826, "region": "ID", "address": "Bengkel", "time_slot_list": [slot]}
        return self._world.ok({"info_needed": needed, "pickup": {"address_list": [address]}, "dropoff": {}})

    def ship_order(self, call: Call) -> Answer:
        """Shipment is arranged: the order becomes PROCESSED (shopee.md 6.4)."""
        body = body_of(call)
        order = self._own(call, body)
        chosen = [name for name in ("pickup", "dropoff", "non_integrated") if isinstance(body.get(name), dict)]
        if len(chosen) != 1 or body.get("package_number") == "":
            raise Refused("logistics.error_param", "Exactly one of pickup, dropoff, non_integrated is needed.")
        if order.status not in {"READY_TO_SHIP", "RETRY_SHIP"}:
            raise Refused("logistics.ship_order_not_ready_to_ship", "The order is not ready to ship.")
        self._selling.move_order(order.order_id, "PROCESSED")
        return self._world.bare()

    def get_tracking_number(self, call: Call) -> Answer:
        """Empty until shipment is arranged (shopee.md 6.4)."""
        order = self._own(call, {"order_sn": call.one("order_sn")})
        number = "" if order.status in {"UNPAID", "READY_TO_SHIP", _PENDING} else f"ID{order.lines[0].line_id}SPX"
        return self._world.ok({"tracking_number": number, "hint": ""})

    def _own(self, call: Call, body: Mapping[str, Any]) -> SoldOrder:
        name = body.get("order_sn")
        if not name:
            raise _wrong("order_sn is a required field.")
        order = self._selling.book.get(str(name))
        if order is None or order.account != call.account:
            raise Refused("error_not_found", "The order is not found.", kind="gone")
        return order


def _has_left(order: SoldOrder) -> bool:
    return order.status in WORDS.flow and WORDS.flow.index(order.status) >= WORDS.flow.index(WORDS.shipped)


def _optional(call: Call) -> frozenset[str]:
    """`response_optional_fields`, comma-joined (shopee.md 1.3)."""
    return frozenset(part for value in call.every("response_optional_fields") for part in value.split(","))


def _needed(call: Call, name: str) -> str:
    found = call.one(name)
    if not found:
        raise _wrong(f"{name} is a required field.")
    return found


def _wrong(detail: str) -> Refused:
    return Refused("order.error_param", f"Wrong parameters, detail: {detail}")


def _yes(value: str | None) -> bool:
    return (value or "").lower() in {"true", "1"}


def _cursor(place: int) -> str:
    """Opaque to callers (shopee.md 6.1)."""
    return base64.urlsafe_b64encode(f"p:{place}".encode()).decode().rstrip("=")


def _place(cursor: str) -> int:
    if not cursor:
        return 0
    try:
        return int(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().removeprefix("p:"))
    except ValueError:
        raise _wrong("cursor is invalid") from None
