"""Reading items, models, lists, promotions and violations (shopee.md 5.14, 5.18 to 5.23)."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import Any

from connectors.shopee import sandbox_catalogue as tree
from connectors.shopee import sandbox_state as state
from connectors.shopee.sandbox_fields import Refused, missing, query_ids, query_int
from connectors.shopee.sandbox_state import Item, Model, Promotion
from connectors.shopee.sandbox_world import World
from syncer.sdk.sandbox import Answer, Call

CURRENCY = "IDR"
LOCATION = "IDZ"
_DEEPEST = 50_000


class ItemReads:
    """The operations that show items."""

    def __init__(self, world: World) -> None:
        self._world = world

    def get_item_list(self, call: Call) -> Answer:
        """A page of ids by status; an item changed meanwhile can move between pages (shopee.md 5.18)."""
        offset = query_int(call, "offset", low=0)
        page_size = query_int(call, "page_size", low=1, high=100)
        if offset > _DEEPEST:
            raise Refused("error_param", "offset is too large, please use the next_offset field.")
        wanted = _statuses(call, required=True)
        since = query_int(call, "update_time_from", default=0)
        until = query_int(call, "update_time_to", default=2**40)
        found = [item for item in self._listed(call) if item.status in wanted and since <= int(item.updated) <= until]
        page = found[offset : offset + page_size]
        more = offset + page_size < len(found)
        response: dict[str, Any] = {
            "item": [
                {
                    "item_id": item.item_id,
                    "item_status": item.status,
                    "update_time": int(item.updated),
                    "tag": {"kit": False},
                }
                for item in page
            ],
            "total_count": len(found),
            "has_next_page": more,
            "next_offset": offset + page_size if more else 0,
        }
        if not page and self._world.limits.empty_list == "missing":
            del response["item"]
        return self._world.ok(response)

    def search_item(self, call: Call) -> Answer:
        """Ids by name or SKU, with an opaque cursor (shopee.md 5.19)."""
        page_size = query_int(call, "page_size", low=1, high=100)
        name, sku, lacking = call.one("item_name"), call.one("item_sku"), call.one("attribute_status")
        if not name and not sku and not lacking:
            raise Refused("error_param", "One of item_name, item_sku, attribute_status is required.")
        start = _cursor_in(call.one("offset") or "")
        wanted = _statuses(call, required=False) or state.STATUSES - state.DELETED
        found = [
            item.item_id
            for item in self._listed(call)
            if item.status in wanted and self._matches(item, name, sku, lacking)
        ]
        more = start + page_size < len(found)
        return self._world.ok(
            {
                "item_id_list": found[start : start + page_size],
                "total_count": len(found),
                "next_offset": _cursor_out(start + page_size) if more else "",
            }
        )

    def _matches(self, item: Item, name: str | None, sku: str | None, lacking: str | None) -> bool:
        if name and name.lower() not in item.name.lower():
            return False
        if lacking == "1":
            return False
        if sku:
            skus = [item.sku]
            if self._world.limits.search_model_sku:
                skus += [model.sku for model in item.models.values()]
            return any(sku.lower() in text.lower() for text in skus)
        return True

    def get_item_base_info(self, call: Call) -> Answer:
        """Items in full; unknown ids are left out (shopee.md 5.20)."""
        return self._world.ok({"item_list": [self._base_info(item) for item in self._named(call)]})

    def get_item_extra_info(self, call: Call) -> Answer:
        """Views and likes: nobody has looked yet (shopee.md 5.21)."""
        rows = [
            {
                "item_id": item.item_id,
                "sale": 0,
                "views": 0,
                "likes": 0,
                "rating_star": 0,
                "comment_count": 0,
            }
            for item in self._named(call)
        ]
        return self._world.ok({"item_list": rows})

    def get_model_list(self, call: Call) -> Answer:
        """Tiers and models of one item, in the new shape and the old (shopee.md 5.14)."""
        item = self._world.store.get(self._world.shop_id(call), query_int(call, "item_id"), call.as_of)
        if item is None:
            raise Refused("error_item_not_found", "Product not found.", kind="gone")
        old, new = [], []
        for tier in item.tiers:
            old.append({"name": tier.name, "option_list": [self._option_old(option) for option in tier.options]})
            new.append(
                {
                    "variation_id": tier.variation_id,
                    "variation_name": tier.name,
                    "variation_group_id": 0,
                    "variation_option_list": [self._option_new(option) for option in tier.options],
                }
            )
        models = [self._model(item, model) for model in item.models.values()]
        return self._world.ok({"tier_variation": old, "standardise_tier_variation": new, "model": models})

    def get_item_promotion(self, call: Call) -> Answer:
        """Running and scheduled promotions (shopee.md 5.23)."""
        now = self._world.clock.now()
        done, failed = [], []
        for item_id in self._ids(call):
            item = self._world.store.get(self._world.shop_id(call), item_id, call.as_of)
            if item is None:
                failed.append({"item_id": item_id, "failed_reason": "item not found"})
                continue
            rows = [_promotion(p, now) for p in item.promotions if p.ends > now]
            done.append({"item_id": item_id, "promotion": rows})
        return self._world.ok({"success_list": done, "failure_list": failed})

    def get_item_violation_info(self, call: Call) -> Answer:
        """Why an item was banned. This answer was seen live without the `error` key (shopee.md 4, 5.23)."""
        rows = []
        for item in self._named(call):
            details = [item.violation] if item.violation else []
            rows.append(
                {
                    "item_id": item.item_id,
                    "item_name": item.name,
                    "item_status": item.status,
                    "deboost": False,
                    "item_status_details": details,
                    "deboost_details": [],
                    "fail_error": "",
                    "fail_message": "",
                }
            )
        body = self._world.envelope(response={"item_list": rows})
        body.pop("error", None)
        return Answer(body=body)

    # Parts --------------------------------------------------------------------------------------------

    def _listed(self, call: Call) -> Iterable[Item]:
        """What lists and searches see: with `search_lag` nothing young, with `stale_read` the past."""
        newest = call.hide_newer_than
        for item in self._world.store.items(self._world.shop_id(call), call.as_of):
            if newest is None or item.created <= newest:
                yield item

    def _ids(self, call: Call) -> list[int]:
        return query_ids(call, ["item_id_list"], 50, brackets=not self._world.limits.strict_lists)

    def _named(self, call: Call) -> list[Item]:
        shop_id = self._world.shop_id(call)
        found = [self._world.store.get(shop_id, item_id, call.as_of) for item_id in dict.fromkeys(self._ids(call))]
        return [item for item in found if item is not None]

    def _base_info(self, item: Item) -> dict[str, Any]:
        world = self._world
        info: dict[str, Any] = {
            "item_id": item.item_id,
            "category_id": item.category_id,
            "item_name": item.name,
            "description": item.description,
            "description_type": "normal",
            "item_sku": item.sku,
            "create_time": int(item.created),
            "update_time": int(item.updated),
            "attribute_list": [_attribute(item, entry) for entry in item.attributes],
            "image": {
                "image_id_list": list(item.images),
                "image_url_list": [world.image_url(image_id) for image_id in item.images],
                "image_ratio": item.image_ratio,
            },
            "weight": _decimal(item.weight),
            "dimension": item.dimension or {"package_length": 0, "package_width": 0, "package_height": 0},
            "logistic_info": [_logistic(entry) for entry in item.logistics],
            "pre_order": self._pre_order(item),
            "condition": item.condition,
            "size_chart": item.size_chart,
            "item_status": item.status,
            "deboost": "false",
            "has_model": bool(item.models),
            "has_promotion": any(p.ends > world.clock.now() for p in item.promotions),
            "video_info": [],
            "brand": item.brand or {"brand_id": 0, "original_brand_name": "NoBrand"},
            "item_dangerous": item.dangerous,
            "gtin_code": item.gtin,
            "wholesales": list(item.wholesale),
            "tag": {"kit": False},
            "is_fulfillment_by_shopee": False,
        }
        if not item.models:
            info["price_info"] = _price(item.price)
            info["stock_info_v2"] = self._stock(item, 0, item.stock)
        return info

    def _pre_order(self, item: Item) -> dict[str, Any]:
        days = item.pre_order.get("days_to_ship", self._world.limits.days_to_ship_ready)
        return {"is_pre_order": item.pre_order["is_pre_order"], "days_to_ship": days}

    def _model(self, item: Item, model: Model) -> dict[str, Any]:
        return {
            "model_id": model.model_id,
            "tier_index": list(model.tier_index),
            "model_sku": model.sku,
            "model_status": "MODEL_NORMAL",
            "has_promotion": any(p.ends > self._world.clock.now() for p in item.promotions),
            "promotion_id": 0,
            "price_info": _price(model.price),
            "stock_info_v2": self._stock(item, model.model_id, model.stock),
            "pre_order": self._pre_order(item),
            "weight": _decimal(item.weight if model.weight is None else model.weight),
            "dimension": model.dimension or item.dimension or {},
            "gtin_code": model.gtin,
            "is_fulfillment_by_shopee": False,
        }

    def _stock(self, item: Item, model_id: int, stock: int) -> dict[str, Any]:
        held = self._world.reserved(item, model_id)
        return {
            "summary_info": {"total_reserved_stock": held, "total_available_stock": max(0, stock - held)},
            "seller_stock": [{"location_id": self._location(), "stock": stock, "if_saleable": True}],
            "shopee_stock": [],
        }

    def _location(self) -> str:
        places = self._world.limits.warehouses
        return places[0] if places else LOCATION

    def _option_old(self, option: state.Option) -> dict[str, Any]:
        found: dict[str, Any] = {"option": option.name}
        if option.image_id:
            found["image"] = {"image_id": option.image_id, "image_url": self._world.image_url(option.image_id)}
        return found

    def _option_new(self, option: state.Option) -> dict[str, Any]:
        found: dict[str, Any] = {
            "variation_option_id": option.option_id,
            "variation_option_name": option.name,
        }
        if option.image_id:
            found |= {"image_id": option.image_id, "image_url": self._world.image_url(option.image_id)}
        return found


def _statuses(call: Call, *, required: bool) -> frozenset[str]:
    """`item_status`: repeated keys, or comma-joined as some clients send it (shopee.md 1.3)."""
    given = [part for value in call.every("item_status") for part in value.split(",") if part]
    if not given and required:
        raise missing("item_status")
    for status in given:
        if status not in state.STATUSES:
            raise Refused("error_param", f"invalid field ItemStatus: value '{status[:30]}' is not supported")
    return frozenset(given)


def _cursor_out(start: int) -> str:
    return base64.urlsafe_b64encode(f"o:{start}".encode()).decode()


def _cursor_in(cursor: str) -> int:
    if not cursor:
        return 0
    try:
        return int(base64.urlsafe_b64decode(cursor.encode()).decode().removeprefix("o:"))
    except ValueError:
        if cursor.isdigit():
            return int(cursor)
        raise Refused("error_param", "invalid field Offset") from None


def _decimal(value: float) -> str:
    """Weights are read as text (shopee.md 5.14, 5.20)."""
    return f"{value:.3f}".rstrip("0").rstrip(".")


def _price(price: int) -> list[dict[str, Any]]:
    """With tax and without: ours has none, so both are the same (shopee.md 10)."""
    return [
        {
            "currency": CURRENCY,
            "current_price": price,
            "original_price": price,
            "inflated_price_of_original_price": price,
            "inflated_price_of_current_price": price,
        }
    ]


def _attribute(item: Item, entry: dict[str, Any]) -> dict[str, Any]:
    known = {a.attribute_id: a for a in tree.catalogue().attributes(item.category_id)}
    attribute = known.get(entry["attribute_id"])
    return {
        "attribute_id": entry["attribute_id"],
        "original_attribute_name": attribute.name if attribute else "",
        "is_mandatory": attribute.mandatory if attribute else False,
        "attribute_value_list": entry["attribute_value_list"],
    }


def _logistic(entry: dict[str, Any]) -> dict[str, Any]:
    names = {channel["id"]: channel["name"] for channel in tree.CHANNELS}
    return {**entry, "logistic_name": names.get(entry["logistic_id"], ""), "estimated_shipping_fee": 9000}


def _promotion(promotion: Promotion, now: float) -> dict[str, Any]:
    return {
        "promotion_type": promotion.kind,
        "promotion_id": promotion.promotion_id,
        "model_id": promotion.model_id or 0,
        "start_time": int(promotion.starts),
        "end_time": int(promotion.ends),
        "promotion_staging": "ongoing" if promotion.starts <= now else "upcoming",
        "promotion_price_info": [],
        "promotion_stock_info_v2": {"summary_info": {"total_reserved_stock": promotion.reserved}},
    }
