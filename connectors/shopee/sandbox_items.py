"""Creating, editing, hiding and deleting items (shopee.md 5.7, 5.8, 5.17)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.shopee import sandbox_rules as rules
from connectors.shopee import sandbox_state as state
from connectors.shopee.sandbox_fields import (
    Refused,
    body_of,
    boolean,
    integer,
    mapping,
    missing,
    number,
    objects,
    text,
    texts,
)
from connectors.shopee.sandbox_state import Item
from connectors.shopee.sandbox_world import World
from syncer.sdk.sandbox import Answer, Call

_STATUS = {"NORMAL": state.LIVE, "UNLIST": state.HIDDEN}


class ItemWrites:
    """The operations that change an item as a whole."""

    def __init__(self, world: World) -> None:
        self._world = world

    def add_item(self, call: Call) -> Answer:
        """Create an item; not idempotent: there is no client key (shopee.md 5.7)."""
        world, body = self._world, body_of(call)
        shop = world.store.shops[world.shop_id(call)]
        if world.limits.holiday == "full":
            raise Refused("error_holiday_on_add_item", "The shop is on holiday.", kind="holiday")
        if sum(item.status not in state.DELETED for item in shop.items.values()) >= world.limits.items_max:
            raise Refused("error_reach_shop_item_limit", "The shop has reached its item limit.")
        now = world.clock.now()
        price = rules.rupiah(number(body, "original_price"))
        stock = rules.seller_stock_of(body, world.limits)
        item = Item(
            item_id=0,
            shop_id=shop.shop_id,
            name=text(body, "item_name"),
            description="",
            category_id=integer(body, "category_id"),
            price=price,
            stock=0 if stock is None else stock,
            weight=number(body, "weight"),
            images=(),
            created=now,
            updated=now,
            status=state.LIVE,
        )
        if mapping(body, "image") is None:
            raise missing("image")
        if "description" not in body and body.get("description_type") != "extended":
            raise missing("description")
        self._apply(item, body)
        rules.logistics_of(body)
        rules.check_item(item, world.limits, world.store.pictures)
        rules.check_price(price, world.limits)
        rules.check_stock(item.stock, world.limits)
        self._refuse_twin(item)
        item.item_id = world.store.new_item_id()
        wanted = item.status
        world.send_to_review(item)
        world.store.put(item)
        world.note(item, "title", item.name, call.by)
        world.note_offers(item, call.by)
        return world.ok(self._created(item, wanted))

    def update_item(self, call: Call) -> Answer:
        """Edit an item. Absent fields stay, lists replace, price, stock and models are ignored (shopee.md 5.8)."""
        world, body = self._world, body_of(call)
        item = world.editable(call, integer(body, "item_id"))
        before = item.copy()
        self._apply(item, body)
        self._refuse_locked(before, item)
        if item.hidden_by_platform and item.status == state.LIVE:
            raise Refused("error_set_normal_unlisted_item", "The item was hidden by Shopee.")
        rules.check_item(item, world.limits, world.store.pictures)
        for model in item.models.values():
            model.weight = item.weight if "weight" in body else model.weight
            model.dimension = item.dimension if "dimension" in body else model.dimension
        if _content(before) != _content(item) or before.status == state.BANNED:
            world.send_to_review(item)
        else:
            item.was_live = item.was_live or item.status == state.LIVE
        world.save(item)
        if item.name != before.name:
            world.note(item, "title", item.name, call.by)
        return world.ok(self._edited(item, before.status if world.limits.stale_echo else item.status))

    def unlist_item(self, call: Call) -> Answer:
        """Hide or list up to 50 items, each by itself (shopee.md 5.17)."""
        world, body = self._world, body_of(call)
        entries = objects(body, "item_list", at_least=1, at_most=50)
        done: list[dict[str, Any]] = []
        failed: list[dict[str, Any]] = []
        codes: set[tuple[str, str]] = set()
        doomed = set(range(len(entries) // 2, len(entries))) if call.partial else set()
        for index, entry in enumerate(entries):
            item_id, unlist = integer(entry, "item_id"), boolean(entry, "unlist")
            try:
                self._unlist(call, item_id, unlist, busy=index in doomed)
                done.append({"item_id": item_id, "unlist": unlist})
            except Refused as refusal:
                codes.add((refusal.code, refusal.kind))
                failed.append({"item_id": item_id, "failed_reason": refusal.message})
        response = {"success_list": done, "failure_list": failed}
        if failed and not done:
            code, kind = next(iter(codes)) if len(codes) == 1 else ("error_unlist_item_all_failed", "invalid")
            if code not in {"error_busi_cannot_delist_reviewing_or_banned_item", "error_set_normal_unlisted_item"}:
                code = "error_unlist_item_all_failed"
            raise Refused(code, failed[0]["failed_reason"], kind=kind, response=response)
        return world.ok(response)

    def _unlist(self, call: Call, item_id: int, unlist: bool, *, busy: bool) -> None:
        world = self._world
        if busy:
            raise Refused("error_unlist_item_failed", "System busy, please try later.", kind="partial")
        item = world.own(call, item_id)
        if item.status in {state.REVIEW, state.BANNED}:
            kind = "review" if item.status == state.REVIEW else "banned"
            raise Refused(
                "error_busi_cannot_delist_reviewing_or_banned_item",
                "Cannot unlist or list an item that is under review or banned",
                kind=kind,
            )
        if unlist and world.locked(item, "unlist"):
            raise Refused(
                "error_unlist_in_promotion", "Can't unlist item when item is under promotion", kind="promotion"
            )
        if not unlist and item.hidden_by_platform:
            raise Refused("error_set_normal_unlisted_item", "The item was hidden by Shopee")
        item.status = state.HIDDEN if unlist else state.LIVE
        item.was_live = item.was_live or item.status == state.LIVE
        world.save(item)

    def delete_item(self, call: Call) -> Answer:
        """Delete for good; readable for 90 days as SELLER_DELETE (shopee.md 5.17)."""
        world = self._world
        item = world.own(call, integer(body_of(call), "item_id"))
        if world.locked(item, "delete"):
            raise Refused("error_in_item_promotion_delete_lock", "The item is under promotion.", kind="promotion")
        item.status, item.deleted, item.review_until = state.SELLER_DELETE, world.clock.now(), None
        world.save(item)
        return world.bare()

    # Parts --------------------------------------------------------------------------------------------

    def _apply(self, item: Item, body: Mapping[str, Any]) -> None:
        """Put the fields of a request onto an item; absent ones stay."""
        item.name = text(body, "item_name", item.name)
        if text(body, "description_type", "normal") != "normal":
            raise Refused("error_param", "description_type extended is for whitelisted sellers only.")
        item.description = text(body, "description", item.description)
        item.category_id = integer(body, "category_id", item.category_id)
        item.weight = number(body, "weight", item.weight)
        item.sku = text(body, "item_sku", item.sku)
        item.condition = text(body, "condition", item.condition)
        item.dangerous = integer(body, "item_dangerous", item.dangerous)
        item.gtin = text(body, "gtin_code", item.gtin)
        if (dimension := mapping(body, "dimension")) is not None:
            item.dimension = rules.dimension_of(dimension)
        if (image := mapping(body, "image")) is not None:
            item.images = tuple(texts(image, "image_id_list"))
            item.image_ratio = text(image, "image_ratio", "1:1")
        if body.get("logistic_info") is not None:
            item.logistics = rules.logistics_of(body)
        if body.get("attribute_list") is not None:
            item.attributes = rules.attributes_of(body, item.category_id)
        if "brand" in body or not item.item_id:
            brand = mapping(body, "brand")
            item.brand = {} if brand is None else rules.brand_of(brand)
        if (pre_order := mapping(body, "pre_order")) is not None:
            item.pre_order = rules.pre_order_of(pre_order)
        if body.get("wholesale") is not None:
            item.wholesale = rules.wholesale_of(body)
        if (chart := mapping(body, "size_chart_info")) is not None:
            item.size_chart = text(chart, "size_chart", "")
        if (purchase := mapping(body, "purchase_limit_info")) is not None:
            item.purchase_limit = purchase
        status = text(body, "item_status", "")
        if status:
            if status not in _STATUS:
                raise Refused("error_param", "item_status should be NORMAL or UNLIST")
            item.status = item.after_review = _STATUS[status]

    def _refuse_twin(self, item: Item) -> None:
        if not self._world.limits.repeated_mtsku:
            return
        for other in self._world.store.items(item.shop_id):
            if (other.name, other.images) == (item.name, item.images) and other.status not in state.DELETED:
                raise Refused("error_repeated_mtsku", "A listing with the same information exists already.")

    def _refuse_locked(self, before: Item, item: Item) -> None:
        if not self._world.locked(item, "content"):
            return
        for name, changed in (
            ("error_cannt_edit_name_in_promotion", before.name != item.name),
            ("error_cannt_edit_description_in_promotion", before.description != item.description),
            ("error_cannt_edit_image_in_promotion", before.images != item.images),
            ("error_cannt_edit_pre_order_in_promotion", before.pre_order != item.pre_order),
            ("error_item_in_promotion", before.category_id != item.category_id),
        ):
            if changed:
                raise Refused(name, "The item is in a promotion.", kind="promotion")

    def _created(self, item: Item, status: str) -> dict[str, Any]:
        """The echo of `add_item`: prices as an object, pictures under `images` (shopee.md 5.7)."""
        return {
            **self._edited(item, status),
            "description": item.description,
            "description_type": "normal",
            "price_info": {"current_price": item.price, "original_price": item.price},
            "dimension": item.dimension or {},
            "pre_order": {
                "is_pre_order": item.pre_order["is_pre_order"],
                "days_to_ship": item.pre_order.get("days_to_ship", self._world.limits.days_to_ship_ready),
            },
            "logistic_info": list(item.logistics),
            "attributes": list(item.attributes),
            "item_dangerous": item.dangerous,
            "seller_stock": [{"stock": item.stock}],
        }

    def _edited(self, item: Item, status: str) -> dict[str, Any]:
        return {
            "item_id": item.item_id,
            "item_name": item.name,
            "item_status": status,
            "category_id": item.category_id,
            "images": {
                "image_id_list": list(item.images),
                "image_url_list": [self._world.image_url(image_id) for image_id in item.images],
            },
            "weight": item.weight,
            "condition": item.condition,
            "brand": item.brand,
        }


def _content(item: Item) -> tuple[object, ...]:
    """What a reviewer looks at."""
    return (item.name, item.description, item.images, item.category_id, item.attributes, item.brand)
