"""What the Shopee sandbox accepts in an item (shopee.md 5.7 to 5.12); every edit re-validates the whole item."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from connectors.shopee import sandbox_catalogue as tree
from connectors.shopee.sandbox_fields import Refused, boolean, integer, number, objects, text
from connectors.shopee.sandbox_limits import ShopeeLimits
from connectors.shopee.sandbox_state import Item, Model, Picture, Tier

NO_BRAND = {"brand_id": 0, "original_brand_name": "NoBrand"}


def rupiah(amount: float) -> int:
    """Whole rupiah, half up (shopee.md 5.15, 10)."""
    return int(Decimal(str(amount)).quantize(Decimal(1), ROUND_HALF_UP))


def check_item(item: Item, limits: ShopeeLimits, pictures: Mapping[str, Picture]) -> None:
    """All rules that hold for the item as a whole. Raises `Refused` for the first that is broken."""
    _check_text(item, limits)
    _check_category(item.category_id)
    if item.weight <= 0:
        raise Refused("error_param", "Invalid weight: should be greater than 0")
    _check_pictures(item.images, limits, pictures)
    _check_logistics(item, limits)
    _check_attributes(item)
    _check_brand(item)
    _check_pre_order(item, limits)
    if len(item.sku) > 100:
        raise Refused("error_param", "item_sku should not exceed 100 characters")
    if item.condition not in {"NEW", "USED"}:
        raise Refused("error_param", "condition should be NEW or USED")
    if item.dangerous not in {0, 1}:
        raise Refused("error_param", "item_dangerous should be 0 or 1")
    check_gtin(item.gtin)


def _check_text(item: Item, limits: ShopeeLimits) -> None:
    if len(item.name) < limits.name_min:
        raise Refused("error_item_name_is_too_short", f"Item name should have at least {limits.name_min} characters.")
    if len(item.name) > limits.name_max:
        raise Refused("error_title_exceeds_max_length", f"Item name should have at most {limits.name_max} characters.")
    if any(ord(char) < 32 or ord(char) == 127 for char in item.name):
        raise Refused("error_title_character_forbidden", "Item name has forbidden characters.")
    if len(item.description) < limits.description_min:
        raise Refused("error_desc_length_min_limit", f"Description needs at least {limits.description_min} characters.")
    if len(item.description) > limits.description_max:
        raise Refused("error_param", f"Description should have at most {limits.description_max} characters.")
    if len(re.findall(r"#\w", item.description)) > 18:
        raise Refused("error_desc_hash_tag_over_limit", "Description has more than 18 hash tags.")


def _check_category(category_id: int) -> None:
    category = tree.catalogue().categories.get(category_id)
    if category is None:
        raise Refused("error_param", "Invalid category. : category does not exist")
    if not category.leaf:
        raise Refused("error_param", "Invalid category. : should use leaf category")


def _check_pictures(images: Sequence[str], limits: ShopeeLimits, pictures: Mapping[str, Picture]) -> None:
    if not images:
        raise Refused("error_image_num_min", "Item needs at least 1 image.")
    if len(images) > limits.images_max:
        raise Refused("error_param", f"Item may have at most {limits.images_max} images.")
    for image_id in images:
        check_picture(image_id, pictures)


def check_picture(image_id: str, pictures: Mapping[str, Picture]) -> None:
    """An image id that was uploaded here (shopee.md 5.6)."""
    if image_id not in pictures:
        raise Refused("error_param", "Image not exist.")


def _check_logistics(item: Item, limits: ShopeeLimits) -> None:
    channels = {channel["id"]: channel for channel in channels_of(limits)}
    chosen = [entry for entry in item.logistics if entry["enabled"]]
    if not chosen:
        raise Refused("error_invalid_logistic_info", "At least one logistics channel should be enabled.")
    for entry in chosen:
        channel = channels.get(entry["logistic_id"])
        if channel is None or not channel["enabled"] or channel.get("mask"):
            raise Refused("error_invalid_logistic_info", f"Logistics channel {entry['logistic_id']} is invalid.")
        if channel["max_kg"] and item.weight > channel["max_kg"]:
            raise Refused("error_invalid_logistic_info", f"Weight is over the limit of channel {entry['logistic_id']}.")


def channels_of(limits: ShopeeLimits) -> list[dict[str, Any]]:
    """The shop's couriers; with `masked_channel` one that is enabled but must not be used (shopee.md 5.5)."""
    return [
        {**channel, "enabled": True} if channel.get("mask") and limits.masked_channel else channel
        for channel in tree.CHANNELS
    ]


def _check_brand(item: Item) -> None:
    known = {0, *(brand_id for brand_id, _ in tree.BRANDS)}
    if not item.brand:
        if tree.catalogue().brand_mandatory(item.category_id):
            raise Refused("error_less_required_brand", "Brand is required in this category.")
        return
    if item.brand["brand_id"] not in known:
        raise Refused("error_invalid_brand", "Invalid brand.")


def _check_pre_order(item: Item, limits: ShopeeLimits) -> None:
    days = item.pre_order.get("days_to_ship")
    if not item.pre_order["is_pre_order"]:
        if days is not None and days != limits.days_to_ship_ready:
            raise Refused("error_invalid_days_to_ship", "days_to_ship is only for pre-order items.")
        return
    if not tree.catalogue().pre_order_allowed(item.category_id):
        raise Refused("error_param_category_not_support_pre_order", "This category does not support pre-order.")
    if days is None or days < limits.days_to_ship_min:
        raise Refused("error_invalid_days_to_ship", f"days_to_ship is at least {limits.days_to_ship_min}.")
    if days > limits.days_to_ship_max:
        raise Refused("error_param_dts_exceeds_max_limit", f"days_to_ship is at most {limits.days_to_ship_max}.")


def check_gtin(gtin: str) -> None:
    """8 to 14 digits or `00` (shopee.md 5.7)."""
    if gtin and gtin != "00" and not (gtin.isdigit() and 8 <= len(gtin) <= 14):
        raise Refused("error_param", "gtin_code should have 8 to 14 digits or be 00.")


# Attributes -------------------------------------------------------------------------------------------


def _check_attributes(item: Item) -> None:
    allowed = {attribute.attribute_id: attribute for attribute in tree.catalogue().attributes(item.category_id)}
    for _ in range(2):
        for entry in item.attributes:
            attribute = allowed.get(entry["attribute_id"])
            for given in entry["attribute_value_list"] if attribute else ():
                listed = attribute.value(given["value_id"]) if attribute else None
                allowed.update({child.attribute_id: child for child in (listed.children if listed else ())})
    given_ids = set()
    for entry in item.attributes:
        attribute = allowed.get(entry["attribute_id"])
        if attribute is None:
            raise Refused(
                "error_invalid_category_attribute", f"Attribute {entry['attribute_id']} is not in this category."
            )
        _check_values(attribute, entry["attribute_value_list"])
        given_ids.add(attribute.attribute_id)
    lacking = [a.name for a in allowed.values() if a.mandatory and a.attribute_id not in given_ids]
    if lacking:
        raise Refused("error_less_required_attribute", f"Required attributes are missing: {', '.join(lacking)}.")


def _check_values(attribute: tree.Attribute, values: Sequence[Mapping[str, Any]]) -> None:
    if not values:
        raise Refused("error_invalid_attribute", f"Attribute {attribute.name} has no value.")
    single = attribute.input_type in {tree.SINGLE_DROP_DOWN, tree.SINGLE_COMBO_BOX, tree.FREE_TEXT}
    if len(values) > (1 if single else attribute.max_values):
        raise Refused("error_invalid_attribute", f"Attribute {attribute.name} has too many values.")
    for value in values:
        if value["value_id"] == 0:
            _check_own_text(attribute, value)
        elif attribute.input_type == tree.FREE_TEXT:
            raise Refused("error_value_id_must_equal_zero", f"value_id of {attribute.name} must be 0.")
        elif attribute.value(value["value_id"]) is None:
            raise Refused("error_invalid_attribute", f"Attribute {attribute.name} has no such value.")


def _check_own_text(attribute: tree.Attribute, value: Mapping[str, Any]) -> None:
    if attribute.input_type in {tree.SINGLE_DROP_DOWN, tree.MULTI_DROP_DOWN}:
        raise Refused("error_invalid_attribute", f"Attribute {attribute.name} takes listed values only.")
    own = value["original_value_name"]
    if not own:
        raise Refused("error_value_name_required", f"original_value_name of {attribute.name} is required.")
    if attribute.validation in {tree.INT, tree.DATE} and not own.isdigit():
        raise Refused("error_invalid_attribute", f"Attribute {attribute.name} should be a whole number.")
    if attribute.validation == tree.FLOAT and not re.fullmatch(r"\d+(\.\d+)?", own):
        raise Refused("error_invalid_attribute", f"Attribute {attribute.name} should be a number.")
    if attribute.units and value["value_unit"] not in attribute.units:
        raise Refused("error_invalid_attribute", f"Attribute {attribute.name} needs a unit.")


def attributes_of(data: Mapping[str, Any], category_id: int) -> tuple[dict[str, Any], ...]:
    """The `attribute_list` of a request with the names of listed values filled in."""
    names = {
        value.value_id: value.name
        for attribute in (tree.catalogue().attributes(category_id) if tree.catalogue().leaf(category_id) else ())
        for value in attribute.values
    }
    entries = []
    for entry in objects(data, "attribute_list"):
        values = [
            {
                "value_id": integer(value, "value_id", 0),
                "original_value_name": names.get(integer(value, "value_id", 0), text(value, "original_value_name", "")),
                "value_unit": text(value, "value_unit", ""),
            }
            for value in objects(entry, "attribute_value_list")
        ]
        entries.append({"attribute_id": integer(entry, "attribute_id"), "attribute_value_list": values})
    return tuple(entries)


# Parts of a request -----------------------------------------------------------------------------------


def logistics_of(data: Mapping[str, Any]) -> tuple[dict[str, Any], ...]:
    """The `logistic_info` of a request (shopee.md 5.7)."""
    return tuple(
        {
            "logistic_id": integer(entry, "logistic_id"),
            "enabled": boolean(entry, "enabled"),
            "is_free": boolean(entry, "is_free", False),
            "size_id": integer(entry, "size_id", 0),
            "shipping_fee": number(entry, "shipping_fee", 0),
        }
        for entry in objects(data, "logistic_info", at_least=1)
    )


def dimension_of(data: Mapping[str, Any]) -> dict[str, int]:
    """A `dimension`: three whole centimetres, all or none (shopee.md 5.7)."""
    names = ("package_length", "package_width", "package_height")
    size = {name: integer(data, name) for name in names}
    if min(size.values()) <= 0:
        raise Refused("error_param", "Invalid dimension: should be greater than 0")
    return size


def brand_of(data: Mapping[str, Any]) -> dict[str, Any]:
    """A `brand`; any text goes with id 0 (shopee.md 5.3)."""
    brand_id = integer(data, "brand_id")
    name = dict(tree.BRANDS).get(brand_id, text(data, "original_brand_name", "NoBrand"))
    return {"brand_id": brand_id, "original_brand_name": name}


def pre_order_of(data: Mapping[str, Any]) -> dict[str, Any]:
    """A `pre_order` block."""
    found: dict[str, Any] = {"is_pre_order": boolean(data, "is_pre_order")}
    if data.get("days_to_ship") is not None:
        found["days_to_ship"] = integer(data, "days_to_ship")
    return found


def wholesale_of(data: Mapping[str, Any]) -> tuple[dict[str, Any], ...]:
    """The `wholesale` tiers of a request."""
    return tuple(
        {
            "min_count": integer(entry, "min_count"),
            "max_count": integer(entry, "max_count"),
            "unit_price": number(entry, "unit_price"),
        }
        for entry in objects(data, "wholesale")
    )


def seller_stock_of(data: Mapping[str, Any], limits: ShopeeLimits) -> int | None:
    """The stock of a `seller_stock` list, None if it is absent.

    A shop without warehouses refuses a `location_id`, one with warehouses wants it (shopee.md 5.16, gotcha 14).
    """
    entries = objects(data, "seller_stock", at_most=1)
    if not entries:
        return None
    location = text(entries[0], "location_id", "")
    if location and not limits.warehouses:
        raise Refused("error_auth", "Wrong location_id: the shop has no multiple warehouses.")
    if limits.warehouses and location not in limits.warehouses:
        raise Refused("error_auth", "Lacking or wrong location_id.")
    return integer(entries[0], "stock")


# Price and stock --------------------------------------------------------------------------------------


def check_price(price: int, limits: ShopeeLimits) -> None:
    """Bounds of a price; 0 is invalid (shopee.md gotcha 8). The codes are spelt as the platform does."""
    if price <= 0:
        raise Refused("error_invalid_price", "Price should be greater than 0.")
    if price < limits.price_min:
        raise Refused("error_price_exceed_min_limitt", f"Price should be at least {limits.price_min}.")
    if price > limits.price_max:
        raise Refused("error_price_exceed_max_limitt", f"Price should be at most {limits.price_max}.")


def stock_text(limits: ShopeeLimits, name: str, *, creating: bool) -> str:
    """The platform's text for a stock out of bounds (shopee.md 5.16)."""
    low = limits.stock_min_create if creating else 0
    return f"Stock should be within {low}-{limits.stock_max} for model {name}".rstrip()


def stock_fits(stock: int, limits: ShopeeLimits, *, creating: bool) -> bool:
    """Bounds of a stock; 0 is fine on update, on create the shop's minimum holds (shopee.md 5.16)."""
    return (limits.stock_min_create if creating else 0) <= stock <= limits.stock_max


def check_stock(stock: int, limits: ShopeeLimits, name: str = "") -> None:
    """Bounds of a stock at creation, with the measured refusal (shopee.md 5.7)."""
    if not stock_fits(stock, limits, creating=True):
        raise Refused("error_busi", stock_text(limits, name, creating=True))


def ratio_fits(prices: Sequence[int], limits: ShopeeLimits) -> bool:
    """Highest price at most 7 times the lowest in Indonesia (shopee.md 5.9)."""
    return not prices or max(prices) <= min(prices) * limits.price_ratio


# Variations -------------------------------------------------------------------------------------------


def check_tiers(tiers: Sequence[Tier], limits: ShopeeLimits, pictures: Mapping[str, Picture]) -> None:
    """Depth, names, option counts and pictures of tiers (shopee.md 5.9, 5.10)."""
    if len(tiers) > 2:
        raise Refused("error_param", "The level of tier-variation should not be over 2.")
    for number_, tier in enumerate(tiers):
        if not 1 <= len(tier.name) <= limits.tier_name_max:
            raise Refused("error_tier_var_name_too_long", f"Variation name: 1 to {limits.tier_name_max} characters.")
        if not 1 <= len(tier.options) <= limits.options_max:
            raise Refused("error_param", f"A variation has 1 to {limits.options_max} options.")
        names = [option.name for option in tier.options]
        if any(not 1 <= len(name) <= limits.tier_option_max for name in names):
            raise Refused("error_tier_opt_val_too_long", f"Option: 1 to {limits.tier_option_max} characters.")
        if len(set(names)) != len(names):
            raise Refused("error_model_duplicate_name", "Option names should not repeat.")
        images = [option.image_id for option in tier.options if option.image_id]
        if images and (number_ > 0 or len(images) != len(names)):
            raise Refused("error_param", "Only options of the first variation have images, and then all of them.")
        for image_id in images:
            check_picture(image_id, pictures)
    if len({tier.name for tier in tiers}) != len(tiers):
        raise Refused("error_model_duplicate_name", "Variation names should not repeat.")


def check_models(models: Sequence[Model], tiers: Sequence[Tier], limits: ShopeeLimits) -> None:
    """Indexes, counts and the price ratio of models (shopee.md 5.9, 5.10)."""
    if len(models) > limits.models_max:
        raise Refused("error_model_count_over_limit", f"An item has at most {limits.models_max} models.")
    seen = set()
    for model in models:
        if len(model.tier_index) != len(tiers):
            raise Refused("error_param", "tier_index error: one number for each variation.")
        if any(not 0 <= i < len(tier.options) for i, tier in zip(model.tier_index, tiers, strict=True)):
            raise Refused("error_model_tier_index_bound", "tier_index is out of range.")
        if model.tier_index in seen:
            raise Refused("error_model_duplicate_tier_variation_index", "tier_index should not repeat.")
        seen.add(model.tier_index)
        if len(model.sku) > 100:
            raise Refused("error_param", "model_sku should not exceed 100 characters")
        check_gtin(model.gtin)
    if not ratio_fits([model.price for model in models], limits):
        raise Refused(
            "error_invalid_price", f"The highest price should be at most {limits.price_ratio} times the lowest."
        )
