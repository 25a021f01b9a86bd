"""Orders of both storefronts: search, detail, and how one looks (tiktok_shop.md 12)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.tiktok_shop import sandbox_fields as fields
from connectors.tiktok_shop.sandbox_catalogue import PLATFORMS, TIKTOK_SHOP
from connectors.tiktok_shop.sandbox_content import CURRENCY
from connectors.tiktok_shop.sandbox_fields import Refused, bad, body_of
from connectors.tiktok_shop.sandbox_paging import slice_of
from connectors.tiktok_shop.sandbox_shop import warehouse_ids
from connectors.tiktok_shop.sandbox_world import World
from syncer.sdk.sandbox import Answer, Call, OrderError, OrderWords, SoldLine, SoldOrder
from syncer.sdk.sandbox.orders import OrderBook

UNPAID, ON_HOLD, CANCELLED = "UNPAID", "ON_HOLD", "CANCELLED"
AWAITING_SHIPMENT, PARTIALLY_SHIPPING, IN_TRANSIT = "AWAITING_SHIPMENT", "PARTIALLY_SHIPPING", "IN_TRANSIT"
WORDS = OrderWords(
    flow=(
        *(UNPAID, ON_HOLD, AWAITING_SHIPMENT, PARTIALLY_SHIPPING),
        *("AWAITING_COLLECTION", IN_TRANSIT, "DELIVERED", "COMPLETED"),
    ),
    placed=UNPAID,
    paid=ON_HOLD,
    shipped=IN_TRANSIT,
    cancelled=CANCELLED,
    # A return has a life of its own; the order stays what it was (tiktok_shop.md 14, type 12).
    returned="COMPLETED",
)
OPEN = frozenset(WORDS.flow[: WORDS.flow.index(IN_TRANSIT)])
"""Ordered and not shipped: these pieces are "committed" (tiktok_shop.md 10)."""
SWITCHES: Mapping[str, Mapping[str, bool]] = {"lowers_at": {UNPAID: True}, "gives_back_at": {CANCELLED: True}}
"""Whether an unpaid order lowers what is available, and a cancelled one gives it back, is unconfirmed (12)."""

CASH, SAMPLE = "cash", "sample"
"""Kinds of orders besides the usual one: paid on delivery, or a sample for a creator that costs nothing."""

_NO_ADDRESS = frozenset({UNPAID, ON_HOLD})
_FOREIGN = 21008111
_SHIP_WITHIN_S = 2 * 86_400
_SHIPPING_FEE = 10_000
_INITIATORS = {"buyer": "BUYER", "seller": "SELLER", "system": "SYSTEM"}


class OrderReads:
    """The operations that read orders."""

    def __init__(self, world: World, book: OrderBook) -> None:
        self._world = world
        self._book = book

    def search(self, call: Call) -> Answer:
        """Orders by status and time. They move while one pages, and the tokens don't care (tiktok_shop.md 12)."""
        size, body = fields.page_size(call), body_of(call)
        field, descending = _sorting(call)
        wanted = _Filter(body)
        found = [
            order
            for order in self._book.all(call.account, self._as_of(call))
            if wanted.takes(order) and not (call.hide_newer_than is not None and order.created > call.hide_newer_than)
        ]
        found.sort(key=lambda order: (int(getattr(order, field)), order.order_id), reverse=descending)
        page, token = slice_of(call, found, size)
        rows = [self._row(order, older=True) for order in page]
        return self._world.ok({"orders": rows, "next_page_token": token, "total_count": len(found)})

    def get(self, call: Call) -> Answer:
        """Up to 50 orders by id; one of another shop is refused, one of none is left out (tiktok_shop.md 12)."""
        ids = fields.query_ids(call, "ids")
        if not 1 <= len(ids) <= 50:
            raise bad("ids, valid count: [1, 50]")
        rows = []
        for order_id in dict.fromkeys(ids):
            order = self._book.get(order_id, call.as_of)
            if order is not None and order.account != call.account:
                raise Refused(_FOREIGN, "The order does not belong to the shop.", kind="gone")
            if order is not None:
                rows.append(self._row(order, older=call.path.split("/")[2] < "202507"))
        return self._world.ok({"orders": rows})

    def committed(self, shop_id: str) -> dict[str, int]:
        """Pieces by SKU id that open orders have taken from what is available (tiktok_shop.md 10)."""
        found: dict[str, int] = {}
        for order in self._book.all(shop_id):
            for line in order.lines if order.status in OPEN else ():
                found[line.offer.offer_id] = found.get(line.offer.offer_id, 0) + min(line.taken, line.active)
        return found

    def _as_of(self, call: Call) -> float | None:
        """Lists may lag behind."""
        lag_s = self._world.limits.orders_lag_s
        moments = [call.as_of] if call.as_of is not None else []
        return min([*moments, self._world.clock.now() - lag_s]) if lag_s else call.as_of

    def _row(self, order: SoldOrder, *, older: bool) -> dict[str, Any]:
        """An order with one line item for each piece; times are unix seconds and amounts are text (12)."""
        created = int(order.created)
        kind = self._world.store.order_kinds.get(order.order_id, "")
        row: dict[str, Any] = {
            "id": order.order_id,
            "status": order.status,
            "commerce_platform": order.front,
            "create_time": created,
            "update_time": int(order.updated),
            "rts_sla_time": created + _SHIP_WITHIN_S,
            "fulfillment_type": "FULFILLMENT_BY_SELLER",
            "shipping_type": "TIKTOK",
            "order_type": "NORMAL",
            "is_cod": kind == CASH,
            "is_sample_order": kind == SAMPLE,
            "is_on_hold_order": True,
            "is_buyer_request_cancel": False,
            "warehouse_id": warehouse_ids(self._world, order.account)[0],
            "user_id": str(7_000_000_000_000_000_000 + order.buyer.user_id),
            "buyer_email": f"{order.buyer.user_name}@scs.example",
            "buyer_message": order.buyer.note,
            "seller_note": "",
            "packages": [],
            "payment": _payment(0 if kind == SAMPLE else int(order.total)),
            "line_items": [_item(order, index, line, kind) for index, line in enumerate(order.lines)],
        }
        if order.status != UNPAID:
            row["paid_time"] = created
        if order.status not in _NO_ADDRESS:
            row["recipient_address"] = _address(order)
        if order.status == CANCELLED:
            row |= {
                "cancel_time": int(order.updated),
                "cancel_reason": "Berubah pikiran",
                "cancellation_initiator": _INITIATORS.get(order.cancelled_by, "SYSTEM"),
            }
        if older:
            # The newer detail has no such field.
            row["fulfillment_priority_level"] = 600
        return row


def _sorting(call: Call) -> tuple[str, bool]:
    field, order = call.one("sort_field") or "create_time", call.one("sort_order") or "DESC"
    if field not in {"create_time", "update_time"}:
        raise bad("sort_field should be create_time or update_time")
    if order not in {"ASC", "DESC"}:
        raise bad("sort_order should be ASC or DESC")
    return {"create_time": "created", "update_time": "updated"}[field], order == "DESC"


class _Filter:
    """What a search is for. Lower bounds are included, upper ones aren't."""

    def __init__(self, body: Mapping[str, Any]) -> None:
        self._status = fields.text(body, "order_status")
        if self._status and self._status not in WORDS.known():
            raise bad("order_status")
        self._bounds = [
            (name.startswith("create"), name.endswith("_lt"), value)
            for name in ("create_time_ge", "create_time_lt", "update_time_ge", "update_time_lt")
            if (value := fields.integer(body, name)) is not None
        ]
        if fields.text(body, "shipping_type") not in {"", "TIKTOK", "SELLER"}:
            raise bad("shipping_type")
        self._none = fields.text(body, "shipping_type") == "SELLER" or fields.boolean(body, "is_buyer_request_cancel")
        self._buyer = fields.text(body, "buyer_user_id")
        if len(fields.texts(body, "warehouse_ids")) > 100:
            raise bad("warehouse_ids, max count: 100")

    def takes(self, order: SoldOrder) -> bool:
        """Whether an order is one of those."""
        return (
            not self._none
            and self._status in ("", order.status)
            and (not self._buyer or self._buyer.endswith(str(order.buyer.user_id)))
            and all(self._fits(order, *bound) for bound in self._bounds)
        )

    @staticmethod
    def _fits(order: SoldOrder, is_create: bool, is_upper: bool, bound: int) -> bool:
        moment = int(order.created if is_create else order.updated)
        return moment < bound if is_upper else moment >= bound


def _payment(total: int) -> dict[str, str]:
    amounts = {
        "sub_total": total,
        "original_total_product_price": total,
        "shipping_fee": _SHIPPING_FEE,
        "original_shipping_fee": _SHIPPING_FEE,
        "seller_discount": 0,
        "platform_discount": 0,
        "total_amount": total + _SHIPPING_FEE,
    }
    return {"currency": CURRENCY, **{name: str(amount) for name, amount in amounts.items()}}


def _item(order: SoldOrder, index: int, line: SoldLine, kind: str) -> dict[str, Any]:
    """One piece."""
    offer, price = line.offer, str(int(line.offer.price))
    paid = "0" if kind == SAMPLE else price
    row: dict[str, Any] = {
        "id": line.line_id,
        "product_id": offer.listing_id,
        "product_name": offer.title,
        "sku_id": offer.offer_id,
        "seller_sku": offer.sku,
        "sku_name": offer.label,
        "sku_image": offer.image,
        "currency": CURRENCY,
        "original_price": price,
        "sale_price": paid,
        "seller_discount": str(int(price) - int(paid)),
        "platform_discount": "0",
        "display_status": _display_status(order, index, line),
        "is_gift": False,
    }
    if line.active < line.quantity:
        initiator = _INITIATORS.get(order.cancelled_by, "SYSTEM")
        row |= {"cancel_user": initiator, "cancel_reason": "Berubah pikiran"}
    return row


def _display_status(order: SoldOrder, index: int, line: SoldLine) -> str:
    """A line's own status. The published list has neither ON_HOLD nor PARTIALLY_SHIPPING."""
    if line.active < line.quantity or order.status == CANCELLED:
        return CANCELLED
    if order.status == PARTIALLY_SHIPPING:
        first = next(number for number, one in enumerate(order.lines) if one.active)
        return IN_TRANSIT if index == first else AWAITING_SHIPMENT
    return AWAITING_SHIPMENT if order.status == ON_HOLD else order.status


def _address(order: SoldOrder) -> dict[str, Any]:
    """Where it goes. Name and phone are masked with the platform's own logistics; here they are whole, so that a
    test finds them wherever they should not be (security.md P1)."""
    levels = (("L1", "Province", "Banten"), ("L2", "City", "Tangerang Selatan"), ("L3", "District", "Setu"))
    return {
        "name": order.buyer.name,
        "first_name": order.buyer.name,
        "last_name": "",
        "phone_number": f"(+62){order.buyer.phone[2:]}",
        "full_address": f"{order.buyer.address}, Setu, Tangerang Selatan, Banten",
        "address_detail": order.buyer.address,
        "postal_code": "15314",
        "region_code": "ID",
        "district_info": [
            {"address_level": level, "address_level_name": name, "address_name": place} for level, name, place in levels
        ],
    }


def events_of(order: SoldOrder, before: SoldOrder | None) -> Sequence[tuple[int, dict[str, Any]]]:
    """What webhooks say of a change: the type and its data (tiktok_shop.md 14)."""
    now, key = int(order.updated), {"order_id": order.order_id}
    found: list[tuple[int, dict[str, Any]]] = []
    cancelled, returned = (
        sum(getattr(line, name) for line in order.lines) - sum(getattr(line, name) for line in before.lines)
        if before is not None
        else 0
        for name in ("cancelled", "returned")
    )
    if before is None or before.status != order.status:
        status = "CANCEL" if order.status == CANCELLED else order.status
        # The documents' list of this event has no PARTIALLY_SHIPPING.
        if status != PARTIALLY_SHIPPING:
            data = {**key, "order_status": status, "is_on_hold_order": True, "update_time": now}
            found.append((1, data))
    if cancelled > 0:
        data = {
            **key,
            "cancellations_role": _INITIATORS.get(order.cancelled_by, "SYSTEM"),
            "cancel_status": "CANCELLATION_REQUEST_COMPLETE",
            "cancel_id": f"40{order.order_id[2:]}",
            "create_time": now,
        }
        found.append((11, data))
    if returned > 0:
        data = {
            **key,
            "return_role": "BUYER",
            "return_type": "RETURN_AND_REFUND",
            "return_status": "RETURN_OR_REFUND_REQUEST_COMPLETE",
            "return_id": f"41{order.order_id[2:]}",
            "create_time": now,
            "update_time": now,
        }
        found.append((12, data))
    return found


def front_of(wanted: object, storefronts: Mapping[str, str], live: Sequence[str]) -> str:
    """The storefront where an order is placed: the named one, else one where the product is live."""
    named = storefronts.get(str(wanted or ""), str(wanted or ""))
    if named in PLATFORMS:
        return named
    if named:
        raise OrderError("front must be TOKOPEDIA or TIKTOK_SHOP")
    others = [platform for platform in live if platform != TIKTOK_SHOP]
    return (others or list(live) or [TIKTOK_SHOP])[0]
