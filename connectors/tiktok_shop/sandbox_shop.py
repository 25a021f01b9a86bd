"""Shops, warehouses, prerequisites, categories, brands and uploads (tiktok_shop.md 2, 4.4, 6, 7)."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from connectors.tiktok_shop import sandbox_catalogue as tree
from connectors.tiktok_shop import sandbox_fields as fields
from connectors.tiktok_shop.sandbox_fields import Refused, bad, body_of, path_id, query_flag
from connectors.tiktok_shop.sandbox_paging import page_of
from connectors.tiktok_shop.sandbox_state import Shop
from connectors.tiktok_shop.sandbox_world import World
from syncer.sdk.sandbox import Answer, Call

_CHECKS = (
    *("SHOP_STATUS", "SHOP_TAX", "PICKUP_WAREHOUSE", "RETURN_WAREHOUSE", "DELIVERY_OPTION", "SHIPPING_TEMPLATE"),
    *("PRODUCT_QUANTITY_LIMIT", "EXTENDED_PRODUCER_RESPONSIBILITY", "BANk_ACCOUNT", "CONTACT_INFO"),
)
"""The items of the prerequisites, spelled as on the wire (tiktok_shop.md 6)."""

_OLD_CHECKS = {
    "SHOP_STATUS": ("", "status"),
    "SHOP_TAX": ("", "tax_info"),
    "BANk_ACCOUNT": ("", "bank_account"),
    "CONTACT_INFO": ("", "contact_info"),
    "PICKUP_WAREHOUSE": ("logistics", "pickup_warehouse"),
    "RETURN_WAREHOUSE": ("logistics", "return_warehouse"),
    "DELIVERY_OPTION": ("logistics", "delivery_option"),
    "SHIPPING_TEMPLATE": ("logistics", "shipping_template"),
    "PRODUCT_QUANTITY_LIMIT": ("gne", "product_quantity_limit"),
    "EXTENDED_PRODUCER_RESPONSIBILITY": ("gne", "epr"),
}
"""Where version 202309 has them."""

_COURIERS = (
    ("7208502187360519938", "Pengiriman Standar", "STANDARD", tree.PLATFORMS, 50_000),
    ("7208502187360519939", "Pengiriman Kargo", "ECONOMY", (tree.TOKOPEDIA,), 300_000),
    ("7208502187360519940", "Pengiriman Hemat", "ECONOMY", (tree.TIKTOK_SHOP,), 20_000),
)


def warehouse_ids(world: World, shop_id: str) -> list[str]:
    """Ids of the shop's sales warehouses; the first one is the default (tiktok_shop.md 6)."""
    return [_warehouse_id(shop_id, name) for name in world.limits.warehouses]


def _warehouse_id(shop_id: str, name: str) -> str:
    mark = int.from_bytes(hashlib.sha256(f"{shop_id}:{name}".encode()).digest()[:7], "big")
    return str(7068517275539719942 + mark % 10**15)


def couriers() -> list[tuple[str, str]]:
    """Delivery options by id and name."""
    return [(courier[0], courier[1]) for courier in _COURIERS]


class ShopReads:
    """Everything about a shop that is not a product."""

    def __init__(self, world: World) -> None:
        self._world = world

    def _shop(self, call: Call) -> Shop:
        return self._world.store.shops[call.account or ""]

    # The shop -----------------------------------------------------------------------------------------

    def authorized_shops(self, call: Call) -> Answer:
        """The shops of the seller whose token this is; here is the cipher (tiktok_shop.md 4.4)."""
        shop = self._shop(call)
        row = {
            "id": shop.id,
            "name": shop.name,
            "region": "ID",
            "seller_type": "LOCAL",
            "cipher": shop.cipher,
            "code": shop.code,
        }
        return self._world.ok({"shops": [row]})

    def active_shops(self, call: Call) -> Answer:
        """The seller's active shops (tiktok_shop.md 2)."""
        shop = self._shop(call)
        return self._world.ok({"shops": [{"id": shop.id, "region": "ID"}]})

    def prerequisites(self, call: Call) -> Answer:
        """What a shop needs before it lists (tiktok_shop.md 6). Version 202309 has the results as texts of JSON."""
        ready = self._world.limits.shop_ready
        rows = [
            {
                "check_item": item,
                "is_failed": item == "SHOP_STATUS" and not ready,
                "fail_reasons": ["Toko belum aktif."] if item == "SHOP_STATUS" and not ready else [],
            }
            for item in _CHECKS
        ]
        if call.path.split("/")[2] != "202309":
            return self._world.ok({"check_results": rows})
        shop: dict[str, Any] = {}
        for row in rows:
            group, name = _OLD_CHECKS[str(row["check_item"])]
            result = {"is_failed": row["is_failed"], "fail_reasons": row["fail_reasons"]}
            place = shop.setdefault(group, {}) if group else shop
            place[name] = json.dumps({"id": name, "name": name, "check_result": result}, ensure_ascii=False)
        return self._world.ok({"shop": shop})

    def warehouses(self, call: Call) -> Answer:
        """Sales warehouses and a return warehouse, which takes no stock (tiktok_shop.md 6)."""
        shop = self._shop(call)
        names = [(name, "SALES_WAREHOUSE") for name in self._world.limits.warehouses]
        rows = [
            {
                "id": _warehouse_id(shop.id, name),
                "name": name,
                "entity_id": _warehouse_id(shop.id, f"entity {name}"),
                "type": kind,
                "sub_type": "DOMESTIC_WAREHOUSE",
                "effect_status": "ENABLED",
                "is_default": index == 0,
                "address": {
                    "region": "Indonesia",
                    "region_code": "ID",
                    "state": "Banten",
                    "city": "Kota Tangerang Selatan",
                    "distict": "Setu",
                    "postal_code": "15314",
                    "full_address": f"{name}, Setu, Kota Tangerang Selatan, Banten 15314",
                    "contact_person": shop.name,
                },
            }
            for index, (name, kind) in enumerate([*names, ("Alamat retur", "RETURN_WAREHOUSE")])
        ]
        return self._world.ok({"warehouses": rows})

    def delivery_options(self, call: Call) -> Answer:
        """Couriers of a warehouse, each for one storefront or both (tiktok_shop.md 1.1)."""
        if path_id(call) not in warehouse_ids(self._world, call.account or ""):
            raise Refused(12052097, "The warehouse does not exist.")
        rows = [
            {
                "id": courier_id,
                "name": name,
                "type": kind,
                "description": "",
                "platform": list(platforms),
                "dimension_limit": {"max_height": 100, "max_length": 100, "max_width": 100, "unit": "CM"},
                "weight_limit": {"max_weight": heaviest, "min_weight": 1, "unit": "GRAM"},
            }
            for courier_id, name, kind, platforms, heaviest in _COURIERS
        ]
        return self._world.ok({"delivery_options": rows})

    # Categories ---------------------------------------------------------------------------------------

    def categories(self, call: Call) -> Answer:
        """The flat tree of one storefront; TikTok Shop's unless it says otherwise (tiktok_shop.md 1.1, 6).

        The v1 tree, which is the default, does not exist for Indonesia: nothing is in it.
        """
        platform = _platform(call.one("listing_platform"))
        keyword = (call.one("keyword") or "").lower()
        rows = [
            {
                "id": node.id,
                "parent_id": node.parent_id,
                "local_name": node.name,
                "is_leaf": node.leaf,
                "permission_statuses": list(node.statuses),
            }
            for node in tree.catalogue().categories.values()
            if platform in node.platforms and keyword in node.name.lower()
        ]
        return self._world.ok({"categories": rows if call.one("category_version") == "v2" else []})

    def recommend(self, call: Call) -> Answer:
        """A leaf for a title (tiktok_shop.md 6)."""
        body = body_of(call)
        title = fields.text(body, "product_title")
        if not title:
            raise Refused(12052261, "The product title is empty.")
        _demand_v2(fields.text(body, "category_version", "v1"))
        found = tree.catalogue().recommend(title, _platform(fields.text(body, "listing_platform") or None))
        if found is None:
            return self._world.ok({"categories": []})
        rows = [
            {
                "id": node.id,
                "name": node.name,
                "level": level,
                "is_leaf": node.leaf,
                "permission_statuses": list(node.statuses),
            }
            for level, node in enumerate(tree.catalogue().chain(found.id), 1)
        ]
        return self._world.ok({"leaf_category_id": found.id, "categories": rows})

    def attributes(self, call: Call) -> Answer:
        """Attributes of a leaf; the required flag is spelled `is_requried` (tiktok_shop.md 6)."""
        rows = [_attribute(one) for one in tree.catalogue().attributes(self._leaf(call))]
        return self._world.ok({"attributes": rows})

    def rules(self, call: Call) -> Answer:
        """What a leaf demands and allows (tiktok_shop.md 6)."""
        rules = tree.catalogue().rules(self._leaf(call))
        certificates = [
            {
                "id": key,
                "name": name,
                "is_required": required,
                "expiration_date": {"is_required": False},
                "document_details": "Foto atau pindaian sertifikat yang masih berlaku.",
                "sample_image_url": "",
                "requirement_conditions": [],
            }
            for key, name, required in rules.certificates
        ]
        data: dict[str, Any] = {
            "product_certifications": certificates,
            "size_chart": {
                "is_supported": rules.size_chart != "none",
                "is_required": rules.size_chart == "required",
            },
            "package_dimension": {"is_required": rules.package_size},
            "cod": {"is_supported": rules.cod},
            "epr": {"is_required": False},
            "manufacturer": {"is_required": False},
            "responsible_person": {"is_required": False},
        }
        if self._world.limits.pre_order:
            data["allowed_special_product_types"] = ["PRE_ORDER"]
        return self._world.ok(data)

    def _leaf(self, call: Call) -> str:
        category_id = path_id(call)
        category = tree.catalogue().categories.get(category_id)
        if category is None:
            raise Refused(12052023, "The category does not exist.")
        _demand_v2(call.one("category_version") or "v1")
        if not category.leaf:
            raise Refused(12052024, "The category is not a leaf category.")
        return category_id

    # Brands -------------------------------------------------------------------------------------------

    def brands(self, call: Call) -> Answer:
        """Brands by the beginning of their names (tiktok_shop.md 6)."""
        size = fields.page_size(call, fields.BAD_PARAMETER)
        start = (call.one("brand_name") or "").lower()
        own = [tree.Brand(key, name) for key, name in self._world.store.brands.items()]
        found = [brand for brand in (*tree.BRANDS, *own) if brand.name.lower().startswith(start)]
        if call.one("is_authorized") is not None:
            found = [brand for brand in found if brand.authorized == query_flag(call, "is_authorized")]
        page, token = page_of(call, found, lambda brand: brand.id, size)
        rows: list[dict[str, Any]] = []
        for brand in page:
            row: dict[str, Any] = {
                "id": brand.id,
                "name": brand.name,
                "authorized_status": "AUTHORIZED" if brand.authorized else "UNAUTHORIEZD",
                "is_t1_brand": brand.t1,
            }
            if brand.authorized and call.one("category_id"):
                row["brand_status"] = "AVAILABLE"
            rows.append(row)
        return self._world.ok({"brands": rows, "next_page_token": token, "total_count": len(found)})

    def create_brand(self, call: Call) -> Answer:
        """A brand of the seller's own (tiktok_shop.md 6)."""
        name = fields.text(body_of(call), "name").strip()
        if not 2 <= len(name) <= 30:
            raise Refused(12019013, "The brand name has 2 to 30 characters.")
        store = self._world.store
        if len(store.brands) >= self._world.limits.brands_per_day:
            raise Refused(12052208, "The limit of new brands is reached.", kind="quota")
        brand_id = store.new_id()
        store.brands[brand_id] = name
        return self._world.ok({"id": brand_id})


def _platform(value: str | None) -> str:
    platform = value or tree.TIKTOK_SHOP
    if platform not in tree.PLATFORMS:
        raise bad("listing_platform should be TIKTOK_SHOP or TOKOPEDIA")
    return platform


def _demand_v2(version: str) -> None:
    if version != "v2":
        raise Refused(12052217, "The category version must be v2 in this market.")


def _attribute(one: tree.Attribute) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": one.id,
        "name": one.name,
        "type": one.type,
        "values": [{"id": key, "name": name} for key, name in one.values],
    }
    if one.type == tree.PRODUCT:
        row |= {
            "is_requried": one.required,
            "is_customizable": one.customizable,
            "is_multiple_selection": one.multiple,
            "requirement_conditions": [],
        }
    if one.needed_if is not None:
        on, value = one.needed_if
        condition = {"condition_type": "VALUE_ID_MATCH", "attribute_id": on, "attribute_value_id": value}
        row["requirement_conditions"] = [condition]
    return row
