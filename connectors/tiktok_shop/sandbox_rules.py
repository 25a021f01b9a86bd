"""What the platform demands of a product before it takes it in (tiktok_shop.md 6 to 8, 15, 17)."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from itertools import combinations

from connectors.tiktok_shop.sandbox_catalogue import PLATFORMS, PRODUCT, TIKTOK_SHOP, TOKOPEDIA, Attribute, catalogue
from connectors.tiktok_shop.sandbox_fields import Refused
from connectors.tiktok_shop.sandbox_limits import TiktokLimits
from connectors.tiktok_shop.sandbox_state import Content, Store

_WEIGHT = re.compile(r"\d+(\.\d{1,3})?")
_WHOLE = re.compile(r"[1-9]\d*")
_EMOJI = re.compile("[\U0001f000-\U0001faff\u2600-\u27bf\ufe0f]")
_REPEATED = re.compile(r"(.)\1{4,}")
_CODES = {"GTIN": {14}, "EAN": {8, 13, 14}, "UPC": {12}, "ISBN": {10, 13}, "JAN": {8, 13}}


def check_platforms(platforms: tuple[str, ...], limits: TiktokLimits) -> None:
    """`listing_platforms` is for sellers that came over from Tokopedia (tiktok_shop.md 1.1, 15)."""
    if not platforms or set(platforms) - set(PLATFORMS) or len(set(platforms)) != len(platforms):
        raise Refused(36009004, "Invalid parameter: listing_platforms", status=400)
    if TOKOPEDIA in platforms and not limits.tokopedia_seller:
        raise Refused(12052994, "The seller is not a Tokopedia seller.", kind="platform")


def check(content: Content, platforms: tuple[str, ...], store: Store, limits: TiktokLimits) -> None:
    """All rules for a product that is to be listed. Raises the first refusal."""
    _check_title(content.title, limits)
    _check_description(content.description, store, limits)
    _check_category(content, platforms)
    _check_images(content, store, limits)
    _check_attributes(content)
    _check_category_rules(content)
    _check_package(content)
    _check_platform_fields(content, platforms)
    _check_skus(content, store, limits)
    if not 1 <= content.minimum_order <= 20:
        raise Refused(98001004, "minimum_order_quantity, valid range: [1, 20].")


def _check_title(title: str, limits: TiktokLimits) -> None:
    if not title.strip():
        raise Refused(12052261, "The product title is empty.")
    if not limits.title_min <= len(title) <= limits.title_max:
        raise Refused(12052051, f"The title length should be [{limits.title_min}, {limits.title_max}].")
    if _EMOJI.search(title) or _REPEATED.search(title):
        raise Refused(12052931, "The title has emojis, symbols or repetitions.")


class _Images(HTMLParser):
    """Collects the attributes of all `<img>`."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[dict[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "img":
            self.found.append(dict(attrs))


def _check_description(description: str, store: Store, limits: TiktokLimits) -> None:
    if not description.strip():
        raise Refused(12052015, "The product description is missing.")
    if len(description) > limits.description_max:
        raise Refused(12052013, f"The description is too long, at most {limits.description_max} characters.")
    parser = _Images()
    parser.feed(description)
    if len(parser.found) > limits.description_images_max:
        raise Refused(12052056, "The description has too many images.")
    for image in parser.found:
        if not all(str(image.get(name) or "").isdigit() for name in ("width", "height")):
            raise Refused(12052346, "An image in the description needs src, width and height.")
        if max(int(image["width"] or 0), int(image["height"] or 0)) > 4000:
            raise Refused(12052347, "An image in the description is larger than 4000 px.")
        if str(image.get("src") or "").partition("/file/")[2] not in store.pictures:
            raise Refused(12052344, "An image in the description is not hosted by TikTok Shop.")


def _check_category(content: Content, platforms: tuple[str, ...]) -> None:
    category = catalogue().categories.get(content.category_id)
    if category is None:
        raise Refused(12052023, "The category does not exist.")
    if not category.leaf:
        raise Refused(12052024, "The category is not a leaf category.")
    if "INVITE_ONLY" in category.statuses:
        raise Refused(12052221, "The category is invite-only.", kind="category")
    if "NON_MAIN_CATEGORY" in category.statuses:
        raise Refused(12052225, "The category is not in the shop's main category.", kind="category")
    lacking = [platform for platform in platforms if platform not in category.platforms]
    if lacking:
        raise Refused(12052330, f"The category is not available on {', '.join(lacking)}.", kind="category")


def check_image_uris(uris: list[str], store: Store) -> None:
    """Only pictures uploaded here are accepted (tiktok_shop.md 7)."""
    for uri in uris:
        if uri not in store.pictures:
            raise Refused(12038002, f"The image uri is invalid: {uri[:80]}", kind="picture")


def _check_images(content: Content, store: Store, limits: TiktokLimits) -> None:
    if not 1 <= len(content.images) <= limits.images_max:
        raise Refused(12052306, f"A product needs 1 to {limits.images_max} main images.")
    check_image_uris(list(content.images), store)
    for uri in content.images:
        picture = store.pictures[uri]
        if min(picture.width, picture.height) < 300:
            raise Refused(12052302, "A main image is smaller than 300 px.")


def _check_attributes(content: Content) -> None:
    known = {one.id: one for one in catalogue().attributes(content.category_id) if one.type == PRODUCT}
    given: dict[str, list[dict[str, str]]] = {}
    for entry in content.attributes:
        attribute = known.get(entry["id"])
        if attribute is None:
            raise Refused(12052246, f"The attribute {entry['id']} does not belong to the category.")
        given[entry["id"]] = entry["values"]
        _check_values(attribute, entry["values"])
    for attribute in known.values():
        needed = attribute.required
        if attribute.needed_if is not None:
            on, value = attribute.needed_if
            needed = any(chosen.get("id") == value for chosen in given.get(on, []))
        if needed and not given.get(attribute.id):
            raise Refused(12052104, f"The required attribute {attribute.name} is missing.")


def _check_values(attribute: Attribute, values: list[dict[str, str]]) -> None:
    if len(values) > 1 and not attribute.multiple:
        raise Refused(12052248, f"The attribute {attribute.name} takes one value.")
    names = [value["name"].lower() for value in values]
    if len(set(names)) != len(names):
        raise Refused(12052249, f"The attribute {attribute.name} has a value twice.")
    for value in values:
        if attribute.value_name(value["id"]) is not None:
            continue
        if not attribute.customizable:
            raise Refused(12052247, f"The attribute {attribute.name} takes listed values only.")
        if not 1 <= len(value["name"]) <= 2000:
            raise Refused(12052250, f"A value of {attribute.name} is too long.")


def _check_category_rules(content: Content) -> None:
    rules = catalogue().rules(content.category_id)
    if content.cod and not rules.cod:
        raise Refused(12052222, "The category does not support cash on delivery.")
    if rules.size_chart == "required" and not content.size_chart:
        raise Refused(12052990, "Check failed: the size chart is missing.")
    known = {key for key, _, _ in rules.certificates}
    given = {entry["id"] for entry in content.certifications}
    if given - known or len(content.certifications) > 10:
        raise Refused(12052655, "The certification id is unknown.")
    for key, name, required in rules.certificates:
        if required and key not in given:
            raise Refused(12052105, f"The required certification is missing: {name}")


def _check_package(content: Content) -> None:
    weight, size = content.weight, content.dimensions
    if not weight:
        raise Refused(12052003, "package_weight is missing.")
    if weight["unit"] != "KILOGRAM":
        raise Refused(12052915, "The unit of the weight should be KILOGRAM.")
    if not _WEIGHT.fullmatch(weight["value"]) or float(weight["value"]) <= 0:
        raise Refused(12052004, "The weight should be positive, with at most 3 decimals.")
    if not size:
        if catalogue().rules(content.category_id).package_size:
            raise Refused(12052006, "package_dimensions are required in this category.")
        return
    if size["unit"] != "CENTIMETER":
        raise Refused(12052915, "The unit of the dimensions should be CENTIMETER.")
    if not all(_WHOLE.fullmatch(size[side]) for side in ("length", "width", "height")):
        raise Refused(12052005, "The dimensions should be positive whole numbers.")


def _check_platform_fields(content: Content, platforms: tuple[str, ...]) -> None:
    if content.pre_owned and TIKTOK_SHOP in platforms:
        raise Refused(12052316, "Pre-owned products are for TOKOPEDIA only.", kind="platform")
    if content.insurance not in {"", "REQUIRED", "OPTIONAL", "NOT_SUPPORTED"}:
        raise Refused(36009004, "Invalid parameter: shipping_insurance_requirement", status=400)


def _check_skus(content: Content, store: Store, limits: TiktokLimits) -> None:
    skus = content.skus
    if not skus:
        raise Refused(12052990, "Check failed: skus are missing.")
    if len(skus) > limits.skus_max:
        raise Refused(12052050, f"A product has at most {limits.skus_max} SKUs.")
    if len(content.external_id) > 999 or any(len(sku.external_sku_id) > 999 for sku in skus):
        raise Refused(12052369, "An external id has at most 999 characters.")
    for sku in skus:
        if len(sku.seller_sku) > 50:
            raise Refused(12052054, "The seller_sku is too long, at most 50 characters.")
        if any(letter.isspace() for letter in sku.seller_sku):
            raise Refused(12019059, "The seller_sku has spaces.")
        if sku.code and len(sku.code) not in _CODES.get(sku.code_type, set()):
            raise Refused(12052990, "Check failed: the identifier code does not fit its type.")
        if sku.pre_sale_days and not (limits.pre_order and 3 <= sku.pre_sale_days <= 30):
            raise Refused(12052990, "Check failed: handling_duration_days, valid range: [3, 30].")
    _check_sales(content, store)


def _check_sales(content: Content, store: Store) -> None:
    skus = content.skus
    kinds = {tuple(sorted(sale.id for sale in sku.sales)) for sku in skus}
    if len(kinds) > 1 or (len(skus) > 1 and not skus[0].sales) or any(len(k) != len(set(k)) for k in kinds):
        raise Refused(12052550, "Each SKU needs the same kinds of sales attributes.")
    if len(next(iter(kinds))) > 3:
        raise Refused(12052525, "A product has at most 3 kinds of sales attributes.")
    for one, other in combinations(skus, 2):
        if {(s.id, s.value_id) for s in one.sales} == {(s.id, s.value_id) for s in other.sales}:
            raise Refused(12052560, "Two SKUs have the same sales attributes.")
    for sale in (sale for sku in skus for sale in sku.sales):
        if not 1 <= len(sale.name) <= 20:
            raise Refused(12052558, "The name of a sales attribute has 1 to 20 characters.")
        if not 1 <= len(sale.value_name) <= 50:
            raise Refused(12052558, "The value of a sales attribute has 1 to 50 characters.")
    _check_sku_images(content, store)


def _check_sku_images(content: Content, store: Store) -> None:
    """Images on one kind only, and then for each of its values (tiktok_shop.md 8)."""
    sales = [sale for sku in content.skus for sale in sku.sales]
    pictured = {sale.id for sale in sales if sale.image}
    if len(pictured) > 1:
        raise Refused(12052528, "Only one kind of sales attribute may have images.")
    check_image_uris([sale.image for sale in sales if sale.image], store)
    for kind in pictured:
        bare = {s.value_id for s in sales if s.id == kind} - {s.value_id for s in sales if s.id == kind and s.image}
        if bare:
            raise Refused(12052527, "Each value of the attribute with images needs one.")
