"""Categories, couriers, pictures and facts about the shop (shopee.md 5.1 to 5.6, 5.23)."""

from __future__ import annotations

import hashlib
import io
import secrets
import warnings
from typing import Any

from PIL import Image

from connectors.shopee import sandbox_catalogue as tree
from connectors.shopee import sandbox_rules as rules
from connectors.shopee.sandbox_fields import Refused, body_of, integer, missing, query_ids, query_int, text
from connectors.shopee.sandbox_state import Picture
from connectors.shopee.sandbox_world import World
from syncer.sdk.sandbox import Answer, Call, Upload

_TYPES = {"JPEG": "image/jpeg", "PNG": "image/png"}
_ID_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"


class ShopReads:
    """The operations around a shop, and picture upload."""

    def __init__(self, world: World) -> None:
        self._world = world

    # Categories ---------------------------------------------------------------------------------------

    def get_category(self, call: Call) -> Answer:
        """The whole tree. Names are English in every language: no public Indonesian tree exists (5.1)."""
        rows = [
            {
                "category_id": category.category_id,
                "parent_category_id": category.parent_id,
                "original_category_name": category.name,
                "display_category_name": category.name,
                "has_children": not category.leaf,
            }
            for category in tree.catalogue().categories.values()
        ]
        return self._world.ok({"category_list": rows})

    def get_attribute_tree(self, call: Call) -> Answer:
        """Attributes of up to 20 leaves; all list encodings that clients use are taken (shopee.md 1.3, 5.2)."""
        ids = query_ids(call, ["category_id_list", "category_ids", "category_id"], 20, brackets=True)
        rows = []
        for category_id in ids:
            _leaf(category_id)
            attributes = [_attribute(a) for a in tree.catalogue().attributes(category_id)]
            rows.append({"category_id": category_id, "warning": "", "attribute_tree": attributes})
        return self._world.ok({"list": rows})

    def get_attributes(self, call: Call) -> Answer:
        """The older form that old clients still ask for (shopee.md 5.2)."""
        category_id = query_int(call, "category_id")
        _leaf(category_id)
        rows = [_old_attribute(a) for a in tree.catalogue().attributes(category_id)]
        return self._world.ok({"attribute_list": rows})

    def search_attribute_value_list(self, call: Call) -> Answer:
        """Listed values of one attribute by name, paged (shopee.md 5, summary)."""
        body = body_of(call)
        wanted, name = integer(body, "attribute_id"), text(body, "value_name", "").lower()
        start, limit = integer(body, "cursor"), integer(body, "limit")
        if not 1 <= limit <= 100:
            raise Refused("error_param", "invalid field Limit: value must be 1 to 100")
        found = [value for value in tree.catalogue().values(wanted) if name in value.name.lower()]
        return self._world.ok(
            {
                "value_list": [
                    {"value_id": value.value_id, "value_name": value.name} for value in found[start : start + limit]
                ],
                "page_info": {"cursor": start + limit, "has_next": start + limit < len(found)},
            }
        )

    def get_variation_tree(self, call: Call) -> Answer:
        """Standard variations, of which the sandbox has none; the answer stands under `data` (shopee.md 4)."""
        _leaf(query_int(call, "category_id"))
        return Answer(body=self._world.envelope(data={"standardise_variation_list": []}))

    def get_brand_list(self, call: Call) -> Answer:
        """Brands of a leaf, paged (shopee.md 5.3)."""
        category_id = query_int(call, "category_id")
        _leaf(category_id)
        offset = query_int(call, "offset", low=0)
        page_size = query_int(call, "page_size", low=1, high=100)
        status = query_int(call, "status", low=1, high=2)
        brands = [(0, "NoBrand"), *tree.BRANDS] if status == 1 else []
        page = brands[offset : offset + page_size]
        more = offset + page_size < len(brands)
        return self._world.ok(
            {
                "brand_list": [
                    {"brand_id": brand_id, "original_brand_name": name, "display_brand_name": name}
                    for brand_id, name in page
                ],
                "has_next_page": more,
                "next_offset": offset + page_size if more else 0,
                "is_mandatory": tree.catalogue().brand_mandatory(category_id),
                "input_type": "DROP_DOWN",
            }
        )

    def get_item_limit(self, call: Call) -> Answer:
        """The numbers of a category; `gtin_limit` stands beside `response` (shopee.md 5.4)."""
        limits = self._world.limits
        category_id = query_int(call, "category_id", default=0)
        category = _leaf(category_id) if category_id else None
        pre_order = category is None or tree.catalogue().pre_order_allowed(category_id)
        days = (limits.days_to_ship_min, limits.days_to_ship_max) if pre_order else (-1, -1)
        numbers = not limits.null_limits
        response = {
            "price_limit": _bounds(limits.price_min, limits.price_max) if numbers else None,
            "wholesale_price_threshold_percentage": _bounds(50, 100),
            "stock_limit": _bounds(limits.stock_min_create, limits.stock_max) if numbers else None,
            "item_name_length_limit": _bounds(limits.name_min, limits.name_max),
            "item_image_count_limit": _bounds(1, limits.images_max),
            "item_description_length_limit": _bounds(limits.description_min, limits.description_max),
            "tier_variation_name_length_limit": _bounds(1, limits.tier_name_max),
            "tier_variation_option_length_limit": _bounds(1, limits.tier_option_max),
            "item_count_limit": {"max_limit": limits.items_max},
            "extended_description_limit": None,
            "dts_limit": {
                "days_to_ship_limit": _bounds(*days),
                "non_pre_order_days_to_ship": limits.days_to_ship_ready,
            },
            "weight_limit": {"weight_mandatory": True},
            "dimension_limit": {"dimension_mandatory": False},
            "size_chart_limit": {
                "size_chart_mandatory": False,
                "support_image_size_chart": bool(category and category.size_chart),
                "support_template_size_chart": False,
            },
        }
        return Answer(body=self._world.envelope(response=response, gtin_limit={"gtin_validation_rule": "Optional"}))

    # Couriers and the shop ----------------------------------------------------------------------------

    def get_channel_list(self, call: Call) -> Answer:
        """Couriers; only enabled ones with `mask_channel_id` 0 may be used (shopee.md 5.5)."""
        rows = [_channel(channel) for channel in rules.channels_of(self._world.limits)]
        return self._world.ok({"logistics_channel_list": rows})

    def get_shop_info(self, call: Call) -> Answer:
        """Facts of the shop and its authorisation; a flat answer (shopee.md 3.2, 4)."""
        shop = self._world.store.shops[self._world.shop_id(call)]
        return self._world.flat(
            shop_name=shop.name,
            region="ID",
            status="BANNED" if shop.banned else "NORMAL",
            sip_affi_shops=[],
            is_cb=False,
            is_sip=False,
            auth_time=int(shop.auth_time),
            expire_time=int(shop.expire_time),
        )

    def get_profile(self, call: Call) -> Answer:
        """Name and description of the shop."""
        shop = self._world.store.shops[self._world.shop_id(call)]
        return self._world.ok({"shop_name": shop.name, "shop_logo": "", "description": ""})

    def get_shops_by_partner(self, call: Call) -> Answer:
        """Shops that authorised the application; a flat answer (shopee.md 4)."""
        partner_id = int(call.one("partner_id") or 0)
        rows = [
            {
                "region": "ID",
                "shop_id": shop.shop_id,
                "auth_time": int(shop.auth_time),
                "expire_time": int(shop.expire_time),
                "sip_affi_shop_list": [],
            }
            for shop in self._world.store.shops.values()
            if shop.partner_id == partner_id and shop.linked
        ]
        return self._world.flat(authed_shop_list=rows, more=False)

    def get_holiday_mode(self, call: Call) -> Answer:
        """Holiday mode: 0 full, 1 partial (shopee.md 5.23)."""
        mode = self._world.limits.holiday
        return self._world.ok({"holiday_mode_on": mode != "off", "holiday_mode_type": 1 if mode == "partial" else 0})

    def get_warehouse_detail(self, call: Call) -> Answer:
        """Ordinary shops are not on the list of those with warehouses (shopee.md 5.23); an ARRAY (4)."""
        places = self._world.limits.warehouses
        if not places:
            raise Refused("warehouse.error_not_in_whitelist", "The shop is not in the whitelist.")
        rows = [
            {"warehouse_id": number, "warehouse_name": place, "warehouse_type": 1, "location_id": place}
            for number, place in enumerate(places, 1)
        ]
        return self._world.ok(rows)

    # Pictures -----------------------------------------------------------------------------------------

    def upload_image(self, call: Call) -> Answer:
        """Keep pictures: JPG or PNG by content, at most 10 MB, not tiny (shopee.md 5.6)."""
        files = [upload for upload in call.files if upload.field == "image"]
        if not files:
            raise missing("image")
        if len(files) > 9:
            raise Refused("error_param", "At most 9 images a call.")
        rows: list[dict[str, Any]] = []
        doomed = set(range(len(files) // 2, len(files))) if call.partial else set()
        for index, upload in enumerate(files):
            try:
                kept = self._keep(upload, busy=index in doomed)
                rows.append({"id": index, "error": "", "message": "", "image_info": kept})
            except Refused as refusal:
                if len(files) == 1:
                    raise
                rows.append({"id": index, "error": refusal.code, "message": refusal.message})
        response: dict[str, Any] = {"image_info_list": rows}
        if "image_info" in rows[0]:
            response["image_info"] = rows[0]["image_info"]
        return self._world.ok(response)

    def _keep(self, upload: Upload, *, busy: bool) -> dict[str, Any]:
        if busy:
            raise Refused("error_inner", "System busy, please try later.", kind="partial")
        picture = _inspect(upload.content, self._world.limits.image_min_px, self._world.limits.image_max_bytes)
        store = self._world.store
        store.pictures[picture.image_id] = picture
        store.dirty.add(f"picture:{picture.image_id}")
        return {
            "image_id": picture.image_id,
            "image_url_list": [
                {"image_url_region": "ID", "image_url": self._world.image_url(picture.image_id)},
            ],
        }


def _inspect(content: bytes, min_px: int, max_bytes: int) -> Picture:
    if not content or len(content) > max_bytes:
        raise Refused("error_param", "Invalid image: the size should be at most 10 MB.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=list(_TYPES)) as image:
                kind, (width, height) = image.format or "", image.size
                image.verify()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Refused("error_param", "Invalid image: unsupported image format.") from None
    if min(width, height) < min_px:
        raise Refused("error_param", "Invalid image: the image is too small.")
    mark = hashlib.sha256(content + secrets.token_bytes(8)).digest()
    image_id = "id-11134207-7r98o-" + "".join(_ID_LETTERS[byte % 36] for byte in mark[:14])
    return Picture(image_id, content, _TYPES[kind], width, height)


def _leaf(category_id: int) -> tree.Category:
    found = tree.catalogue().leaf(category_id)
    if found is None:
        raise Refused("error_param", "Invalid category. : should use leaf category")
    return found


def _bounds(low: int, high: int) -> dict[str, int]:
    return {"min_limit": low, "max_limit": high}


def _languages(name_id: str) -> list[dict[str, str]]:
    return [{"language": "id", "value": name_id}] if name_id else []


def _attribute(attribute: tree.Attribute) -> dict[str, Any]:
    info: dict[str, Any] = {
        "input_type": attribute.input_type,
        "input_validation_type": attribute.validation,
        "format_type": 2 if attribute.units else 1,
        "max_value_count": attribute.max_values,
        "is_oem": False,
        "support_search_value": False,
    }
    if attribute.units:
        info["attribute_unit_list"] = list(attribute.units)
    if attribute.validation == tree.DATE:
        info["date_format_type"] = 0
    return {
        "attribute_id": attribute.attribute_id,
        "mandatory": attribute.mandatory,
        "name": attribute.name,
        "attribute_value_list": [
            {
                "value_id": value.value_id,
                "name": value.name,
                "value_unit": "",
                "multi_lang": _languages(value.name_id),
                "child_attribute_list": [_attribute(child) for child in value.children],
            }
            for value in attribute.values
        ],
        "attribute_info": info,
        "multi_lang": _languages(attribute.name_id),
    }


def _old_attribute(attribute: tree.Attribute) -> dict[str, Any]:
    kinds = ("DROP_DOWN", "COMBO_BOX", "TEXT_FILED", "MULTIPLE_SELECT", "MULTIPLE_SELECT_COMBO_BOX")
    validations = ("STRING_TYPE", "INT_TYPE", "STRING_TYPE", "FLOAT_TYPE", "DATE_TYPE")
    return {
        "attribute_id": attribute.attribute_id,
        "original_attribute_name": attribute.name,
        "display_attribute_name": attribute.name_id or attribute.name,
        "is_mandatory": attribute.mandatory,
        "input_type": kinds[attribute.input_type - 1],
        "input_validation_type": validations[attribute.validation],
        "format_type": "QUANTITATIVE" if attribute.units else "NORMAL",
        "attribute_unit": list(attribute.units),
        "attribute_value_list": [
            {"value_id": value.value_id, "original_value_name": value.name, "display_value_name": value.name}
            for value in attribute.values
        ],
    }


def _channel(channel: dict[str, Any]) -> dict[str, Any]:
    return {
        "logistics_channel_id": channel["id"],
        "logistics_channel_name": channel["name"],
        "enabled": channel["enabled"],
        "force_enable": False,
        "cod_enabled": False,
        "fee_type": "SIZE_INPUT",
        "mask_channel_id": channel.get("mask", 0),
        "size_list": [],
        "weight_limit": {"item_max_weight": channel["max_kg"], "item_min_weight": 0.001},
        "item_max_dimension": {"height": 100.0, "width": 100.0, "length": 100.0, "unit": "cm", "dimension_sum": 0.0},
        "volume_limit": {"item_max_volume": 0.0, "item_min_volume": 0.0},
        "logistics_description": "",
        "block_seller_cover_shipping_fee": False,
        "support_cross_border": False,
        "seller_logistic_has_configuration": None,
        "logistics_capability": {"seller_logistics": False},
        "preprint": False,
        "compulsory_channel": False,
    }
