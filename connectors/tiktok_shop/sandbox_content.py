"""From the body of create, edit and partial edit to a version of a product (tiktok_shop.md 8, 9)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from connectors.tiktok_shop import sandbox_fields as fields
from connectors.tiktok_shop.sandbox_catalogue import ATTRIBUTES, BRANDS, PRODUCT, SALES, catalogue
from connectors.tiktok_shop.sandbox_fields import Refused, bad
from connectors.tiktok_shop.sandbox_limits import TiktokLimits
from connectors.tiktok_shop.sandbox_state import Content, Sale, Sku, Store

CURRENCY = "IDR"

FULL_ONLY = frozenset(
    {
        *("category_id", "category_version", "delivery_option_ids", "is_pre_owned", "minimum_order_quantity"),
        *("shipping_insurance_requirement", "shipping_template_id"),
    }
)
"""What a partial edit does not take; it is left alone there (tiktok_shop.md 9)."""

_AMOUNT = re.compile(r"\d+(\.0+)?")


@dataclass(slots=True)
class Numbers:
    """Price and stock that a body gives for a SKU; None: not given."""

    price: int | None = None
    stock: dict[str, int] | None = None


@dataclass(slots=True)
class Draft:
    """What a body says: a version, the numbers of its SKUs, and warnings for the caller."""

    content: Content
    numbers: dict[str, Numbers] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


class Reader:
    """Reads bodies. `warehouses` are the ids of the shop's sales warehouses."""

    def __init__(self, store: Store, limits: TiktokLimits, warehouses: list[str]) -> None:
        self._store = store
        self._limits = limits
        self._warehouses = warehouses

    def read(self, body: Mapping[str, Any], start: Content | None = None, *, partial: bool = False) -> Draft:
        """A version from a body.

        Without `start` it is a new product. Otherwise a full edit overwrites everything, also with blanks, and a
        partial edit only what is in the body (tiktok_shop.md 9).
        """
        given = {key: value for key, value in body.items() if not (partial and key in FULL_ONLY)}
        draft = Draft(start if partial and start is not None else Content())
        self._read_texts(given, draft, partial=partial)
        self._read_objects(given, draft, partial=partial)
        if not partial or "product_attributes" in given:
            attributes = tuple(self._attribute(entry) for entry in fields.objects(given, "product_attributes"))
            draft.content = replace(draft.content, attributes=attributes)
        if not partial or "brand_id" in given:
            draft.content = replace(draft.content, brand_id=self._brand(given, draft))
        if not partial or "skus" in given:
            known = {sku.id for sku in start.skus} if start else set()
            entries = fields.objects(given, "skus")
            draft.content = replace(draft.content, skus=tuple(self._sku(entry, known, draft) for entry in entries))
        had = start is not None and any(sku.sales for sku in start.skus)
        if had and not any(sku.sales for sku in draft.content.skus):
            raise Refused(12052550, "At least one sales attribute must remain.")
        return draft

    # Fields of the product ----------------------------------------------------------------------------

    def _read_texts(self, given: Mapping[str, Any], draft: Draft, *, partial: bool) -> None:
        names = {
            "title": "title",
            "description": "description",
            "category_id": "category_id",
            "shipping_template_id": "shipping_template",
            "shipping_insurance_requirement": "insurance",
            "external_product_id": "external_id",
        }
        changes: dict[str, Any] = {}
        for name, attribute in names.items():
            if not partial or name in given:
                changes[attribute] = fields.text(given, name)
        for name, attribute in (("is_cod_allowed", "cod"), ("is_pre_owned", "pre_owned")):
            if not partial or name in given:
                changes[attribute] = fields.boolean(given, name)
        if not partial:
            changes["minimum_order"] = fields.integer(given, "minimum_order_quantity") or 1
            changes["delivery_options"] = tuple(fields.texts(given, "delivery_option_ids"))
            self._check_version(given, str(changes["category_id"]))
        draft.content = replace(draft.content, **changes)

    def _check_version(self, given: Mapping[str, Any], category_id: str) -> None:
        """South-east Asia uses the v2 tree; the default is v1 (tiktok_shop.md 8)."""
        version = fields.text(given, "category_version", "v1") or "v1"
        if version not in {"v1", "v2"}:
            raise bad("category_version should be v1 or v2")
        if version != "v2":
            known = category_id in catalogue().categories
            raise Refused(12052230 if known else 12052217, "The category version must be v2 in this market.")

    def _read_objects(self, given: Mapping[str, Any], draft: Draft, *, partial: bool) -> None:
        changes: dict[str, Any] = {}
        if not partial or "main_images" in given:
            changes["images"] = tuple(fields.text(image, "uri") for image in fields.objects(given, "main_images"))
        if not partial or "video" in given:
            changes["video_id"] = fields.text(fields.mapping(given, "video"), "id")
        if not partial or "package_weight" in given:
            changes["weight"] = _texts_of(fields.mapping(given, "package_weight"), ("value", "unit"))
        if not partial or "package_dimensions" in given:
            sides = ("length", "width", "height", "unit")
            changes["dimensions"] = _texts_of(fields.mapping(given, "package_dimensions"), sides)
        if not partial or "certifications" in given:
            entries = fields.objects(given, "certifications")
            changes["certifications"] = tuple({**entry, "id": fields.text(entry, "id")} for entry in entries)
        if not partial or "size_chart" in given:
            changes["size_chart"] = _size_chart(fields.mapping(given, "size_chart"))
        draft.content = replace(draft.content, **changes)
        if catalogue().rules(draft.content.category_id).size_chart == "none":
            # Not supported there: given, but not kept (tiktok_shop.md 6).
            draft.content = replace(draft.content, size_chart={})

    def _attribute(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        """An attribute with its values; an id wins over a name (tiktok_shop.md 8)."""
        attribute_id = fields.text(entry, "id")
        known = _known_attribute(attribute_id, PRODUCT)
        values = []
        for value in fields.objects(entry, "values"):
            value_id, name = fields.text(value, "id"), fields.text(value, "name")
            listed = known.get(value_id, "")
            if listed:
                name = listed
            elif value_id in self._store.titles:
                name = self._store.titles[value_id]
            elif not name:
                raise Refused(12052247, f"The attribute value {value_id} is unknown.")
            else:
                value_id = self._listed_or_new(known, f"value:{attribute_id}", name)
            values.append({"id": value_id, "name": name})
        return {"id": attribute_id, "values": values}

    def _brand(self, given: Mapping[str, Any], draft: Draft) -> str:
        brand_id = fields.text(given, "brand_id")
        if not brand_id or brand_id in self._store.brands:
            return brand_id
        brand = next((brand for brand in BRANDS if brand.id == brand_id), None)
        if brand is None or (brand.t1 and not brand.authorized):
            if self._limits.bad_brand != "warn":
                code = 12052026 if brand is None else 12052200
                raise Refused(code, "The brand is unknown or not authorized.", kind="brand")
            draft.warnings.append("The brand is unknown or not authorized and has been cleared.")
            return ""
        return brand_id

    # SKUs ---------------------------------------------------------------------------------------------

    def _sku(self, entry: Mapping[str, Any], known: set[str], draft: Draft) -> Sku:
        sku_id = fields.text(entry, "id")
        if sku_id and sku_id not in known:
            raise Refused(98001004, f"The SKU {sku_id} does not belong to the product.")
        new = not sku_id
        sku_id = sku_id or self._store.new_id()
        numbers = Numbers()
        if entry.get("price") is not None:
            numbers.price = price_of(fields.mapping(entry, "price"), self._limits)
        if entry.get("inventory") is not None:
            lowest = self._limits.stock_min_create if new else self._limits.stock_min_update
            numbers.stock = stock_of(fields.objects(entry, "inventory"), self._warehouses, self._limits, lowest)
        draft.numbers[sku_id] = numbers
        code = fields.mapping(entry, "identifier_code")
        return Sku(
            sku_id,
            fields.text(entry, "seller_sku"),
            fields.text(entry, "external_sku_id"),
            tuple(self._sale(sale) for sale in fields.objects(entry, "sales_attributes")),
            fields.text(code, "code"),
            fields.text(code, "type"),
            _pre_sale(fields.mapping(entry, "pre_sale")),
        )

    def _sale(self, entry: Mapping[str, Any]) -> Sale:
        """A sales attribute: ids win over names, names become ids (tiktok_shop.md 8)."""
        kind_id, name = fields.text(entry, "id"), fields.text(entry, "name")
        if kind_id:
            name = _attribute_name(kind_id) or self._store.titles.get(kind_id, "")
            if not name:
                raise Refused(12052550, f"The sales attribute {kind_id} is unknown.")
        elif name:
            kind_id = _attribute_id(name) or self._store.named_id("sale", name)
        known = _known_attribute(kind_id, SALES)
        value_id, value = fields.text(entry, "value_id"), fields.text(entry, "value_name")
        if value_id:
            value = known.get(value_id, "") or self._store.titles.get(value_id, "")
            if not value:
                raise Refused(12052550, f"The value {value_id} of a sales attribute is unknown.")
        elif value:
            value_id = self._listed_or_new(known, f"sale:{kind_id}", value)
        return Sale(kind_id, name, value_id, value, fields.text(fields.mapping(entry, "sku_img"), "uri"))

    def _listed_or_new(self, known: Mapping[str, str], kind: str, name: str) -> str:
        listed = next((key for key, text in known.items() if text == name.strip()), None)
        if listed is not None:
            return listed
        return self._store.named_id(kind, name)


def price_of(price: Mapping[str, Any], limits: TiktokLimits) -> int:
    """A price in whole rupiah: `amount` is a text, IDR has no decimals (tiktok_shop.md 8, 15)."""
    amount = fields.text(price, "amount")
    if not amount:
        raise Refused(12052571, "The price is missing.")
    if fields.text(price, "currency") != CURRENCY:
        raise Refused(12052084, "The currency should be IDR.")
    if not _AMOUNT.fullmatch(amount):
        raise Refused(12052012, "The format of the price is wrong.")
    value = int(amount.partition(".")[0])
    if not limits.price_min <= value <= limits.price_max:
        raise Refused(12052570, f"The price is out of range: [{limits.price_min}, {limits.price_max}].")
    return value


def stock_of(entries: list[dict[str, Any]], warehouses: list[str], limits: TiktokLimits, lowest: int) -> dict[str, int]:
    """Pieces by warehouse; the id may be left out with one warehouse (tiktok_shop.md 8, 10)."""
    found: dict[str, int] = {}
    for entry in entries:
        warehouse = fields.text(entry, "warehouse_id")
        if not warehouse and len(warehouses) == 1:
            warehouse = warehouses[0]
        if warehouse not in warehouses:
            raise Refused(12052097, f"The warehouse {warehouse} does not exist or is no sales warehouse.")
        quantity = fields.integer(entry, "quantity")
        if quantity is None:
            raise bad("quantity is required")
        check_quantity(quantity, lowest, limits)
        found[warehouse] = quantity
    return found


def check_quantity(quantity: int, lowest: int, limits: TiktokLimits) -> None:
    """The range of a stock number (tiktok_shop.md 10)."""
    if not lowest <= quantity <= limits.stock_max:
        raise Refused(12052055, f"The quantity is out of range: [{lowest}, {limits.stock_max}].")


def _texts_of(data: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, str]:
    return {name: fields.text(data, name) for name in names} if data else {}


def _size_chart(data: Mapping[str, Any]) -> dict[str, Any]:
    """A template wins over an image (tiktok_shop.md 8)."""
    template = fields.text(fields.mapping(data, "template"), "id")
    image = fields.text(fields.mapping(data, "image"), "uri")
    if template:
        return {"template": template}
    return {"image": image} if image else {}


def _pre_sale(data: Mapping[str, Any]) -> int:
    if not data:
        return 0
    if fields.text(data, "type") != "PRE_ORDER":
        raise Refused(12052990, "Check failed: pre_sale.type should be PRE_ORDER.")
    return fields.integer(fields.mapping(data, "fulfillment_type"), "handling_duration_days") or -1


def _known_attribute(attribute_id: str, kind: str) -> dict[str, str]:
    """Listed values of an attribute of this kind, by id. Attributes have the same values in all categories here."""
    for attribute in ATTRIBUTES:
        if attribute.id == attribute_id and attribute.type == kind:
            return dict(attribute.values)
    return {}


def _attribute_name(attribute_id: str) -> str:
    return next((one.name for one in ATTRIBUTES if one.id == attribute_id and one.type == SALES), "")


def _attribute_id(name: str) -> str:
    return next((one.id for one in ATTRIBUTES if one.type == SALES and one.name == name.strip()), "")
