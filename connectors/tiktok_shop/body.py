"""Requests that write content: create, full edit, partial edit (tiktok_shop.md 8, 9).

A full edit overwrites everything with what it says, blanks included; only price and inventory of a SKU stay if left
out. So it starts from the product as it is there. A SKU left out is deleted, so every one that is to stay is in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from connectors.tiktok_shop import html, read
from connectors.tiktok_shop.options import TOKOPEDIA
from connectors.tiktok_shop.render import barcode_type
from connectors.tiktok_shop.taxonomy import VERSION
from connectors.tiktok_shop.wire import dimensions, weight
from syncer.domain.listing import Json, Rendered, RenderedOffer
from syncer.sdk.operations import Operation
from syncer.sdk.wire import Object, as_object, objects, text, texts, whole

LISTING, AS_DRAFT = "LISTING", "AS_DRAFT"
#: Fields that a partial edit doesn't take, or that live inside SKUs, which it would replace whole (sheet 9).
FULL_ONLY = frozenset({"category", "pre_order_days", "option_images", "is_pre_owned", "terms"})
#: Fields that only a full edit can make empty for sure: left out means "unchanged" in a partial one (sheet 9).
_EMPTIABLE = frozenset({"brand", "attributes"})
EDITABLE = (
    "title",
    "description",
    "category",
    "pictures",
    "attributes",
    "brand",
    "weight_g",
    "dimension_cm",
    "pre_order_days",
    "is_pre_owned",
    "listing_platforms",
    "option_images",
    "terms",
)


def needs_full(fields: Sequence[str], rendered: Rendered) -> bool:
    """Return whether an edit of ``fields`` has to be a full one."""
    return any(name in FULL_ONLY or (name in _EMPTIABLE and not rendered.fields[name]) for name in fields)


def create(operation: Operation, *, warehouse_id: str, key: str, draft: bool) -> dict[str, Json]:
    """Return the body of a new product with all its SKUs. A draft's counts of 0 are 1: no smaller one is taken."""
    rendered, fields = operation.rendered, operation.rendered.fields
    body: dict[str, Json] = {"save_mode": AS_DRAFT if draft else LISTING, "idempotency_key": key}
    for name in EDITABLE:
        if name in fields and (fields[name] or name not in _EMPTIABLE):
            body |= field(name, fields)
    body["external_product_id"] = operation.ref.marker
    days = fields.get("pre_order_days", 0)
    body["skus"] = [{**new_sku(offer, operation, warehouse_id), **making_time(days)} for offer in rendered.offers]
    return body


def field(name: str, fields: Mapping[str, Json]) -> dict[str, Json]:
    """Return one content field for the wire; those inside SKUs give nothing here."""
    value = fields[name]
    if name == "description":
        return {"description": html.to_html(value)}
    if name == "category":
        return {"category_id": value, "category_version": VERSION}
    if name == "pictures":
        return {"main_images": [{"uri": uri} for uri in value]}
    if name == "attributes":
        return {"product_attributes": [{"id": row["id"], "values": list(row["values"])} for row in value]}
    if name == "brand":
        return {"brand_id": value} if value else {}
    if name == "weight_g":
        return {"package_weight": weight(value)}
    if name == "dimension_cm":
        return {"package_dimensions": dimensions(value)}
    if name == "is_pre_owned":
        # Only where Tokopedia is the only storefront may it be said at all (sheet 1.1).
        return {"is_pre_owned": value} if list(fields.get("listing_platforms", ())) == [TOKOPEDIA] else {}
    if name == "terms":
        return _terms(value)
    return {name: value} if name in ("title", "listing_platforms") else {}


def _terms(value: Mapping[str, Json]) -> dict[str, Json]:
    names = {
        "cash_on_delivery": "is_cod_allowed",
        "delivery_options": "delivery_option_ids",
        "shipping_insurance": "shipping_insurance_requirement",
        "minimum_order": "minimum_order_quantity",
    }
    body: dict[str, Json] = {wire: value[name] for name, wire in names.items() if name in value}
    if value.get("size_chart"):
        body["size_chart"] = {"template": {"id": value["size_chart"]}}
    return body


# SKUs


def new_sku(offer: RenderedOffer, operation: Operation, warehouse_id: str) -> dict[str, Json]:
    """Return a SKU that isn't there yet, with its price and count (at least 1: sheet 8), without its making time."""
    fields = operation.rendered.fields
    row = {
        **sku_fields(offer, operation.rendered),
        "external_sku_id": f"{operation.ref.marker}/{offer.key}",
        "price": price(offer),
        "inventory": [{"warehouse_id": warehouse_id, "quantity": max(1, offer.quantity)}],
    }
    code = fields.get("barcodes", {}).get(offer.sku)
    if code:
        row["identifier_code"] = {"code": code, "type": barcode_type(code)}
    return row


def sku_fields(offer: RenderedOffer, rendered: Rendered, there: Object | None = None) -> dict[str, Json]:
    """Return what the content says of a SKU: its code, options, picture. Ids are used where they fit."""
    row: dict[str, Json] = {"seller_sku": offer.sku}
    if rendered.option_names:
        images = rendered.fields.get("option_images", {})
        row["sales_attributes"] = [
            _sale(name, value, axis, images, there)
            for axis, (name, value) in enumerate(zip(rendered.option_names, offer.option_values, strict=True))
        ]
    return row


def making_time(days: int) -> dict[str, Json]:
    """Return what a SKU says of its making time: nothing, if it ships from stock (sheet 8)."""
    return {"pre_sale": {"type": "PRE_ORDER", "fulfillment_type": {"handling_duration_days": days}}} if days else {}


def _sale(name: str, value: str, axis: int, images: Mapping[str, str], there: Object | None) -> dict[str, Json]:
    """Return one option of a SKU, by the ids it has in the product already, else by our own words."""
    ids = known_ids(there or {}).get(name, ("", {}))
    row: dict[str, Json] = {"id": ids[0]} if ids[0] else {"name": name}
    row |= {"value_id": ids[1][value]} if value in ids[1] else {"value_name": value}
    if axis == 0 and images.get(value):
        row["sku_img"] = {"uri": images[value]}
    return row


def known_ids(product: Object) -> dict[str, tuple[str, dict[str, str]]]:
    """Return each sales attribute of a product by name: its id, and its values' ids by name."""
    found: dict[str, tuple[str, dict[str, str]]] = {}
    for sku in objects(product.get("skus")):
        for row in objects(sku.get("sales_attributes")):
            _, values = found.setdefault(text(row.get("name")), (text(row.get("id")), {}))
            values[text(row.get("value_name"))] = text(row.get("value_id"))
    return found


def price(offer: RenderedOffer) -> dict[str, str]:
    """Return a price for the wire. Rupiah have no decimals (sheet 8)."""
    return {"amount": str(int(offer.price)), "currency": "IDR"}


def kept_sku(sku: Object) -> dict[str, Json]:
    """Return a SKU that is there for a full edit, unchanged; price and inventory are left out, so they stay."""
    row: dict[str, Json] = {"id": text(sku.get("id"))}
    for name in ("seller_sku", "external_sku_id"):
        if sku.get(name):
            row[name] = text(sku[name])
    sales = [_kept_sale(entry) for entry in objects(sku.get("sales_attributes"))]
    if sales:
        row["sales_attributes"] = sales
    code = as_object(sku.get("identifier_code"))
    if code.get("code"):
        row["identifier_code"] = {"code": text(code["code"]), "type": text(code.get("type"))}
    for name in ("pre_sale", "external_urls", "extra_identifier_codes"):
        if sku.get(name):
            row[name] = sku[name]
    return row


def _kept_sale(entry: Object) -> dict[str, Json]:
    row: dict[str, Json] = {"id": text(entry.get("id")), "value_id": text(entry.get("value_id"))}
    uri = text(as_object(entry.get("sku_img")).get("uri"))
    return {**row, "sku_img": {"uri": uri}} if uri else row


# Full edit


def whole_product(product: Object, platforms: Sequence[str], *, draft: bool) -> dict[str, Json]:
    """Return a product as it is there as the body of a full edit, with all its SKUs.

    Answers have other shapes than requests: categories come as a chain, pictures with addresses, couriers and the
    brand as objects (sheet 11).
    """
    body: dict[str, Json] = {
        "save_mode": AS_DRAFT if draft else LISTING,
        "title": text(product.get("title")),
        "description": text(product.get("description")),
        "category_id": read.category(product),
        "category_version": VERSION,
        "main_images": _uris(product.get("main_images")),
        "listing_platforms": list(platforms),
        "skus": [kept_sku(sku) for sku in objects(product.get("skus"))],
    }
    optional: dict[str, Json] = {
        "brand_id": text(as_object(product.get("brand")).get("id")),
        "product_attributes": [_attribute(row) for row in objects(product.get("product_attributes"))],
        "package_weight": _only(product.get("package_weight"), ("value", "unit")),
        "package_dimensions": _only(product.get("package_dimensions"), ("length", "width", "height", "unit")),
        "certifications": [_certification(row) for row in objects(product.get("certifications"))],
        "size_chart": _size_chart(as_object(product.get("size_chart"))),
        "video": _only(product.get("video"), ("id",)),
        "delivery_option_ids": [text(row.get("id")) for row in objects(product.get("delivery_options"))],
        "shipping_template_id": text(product.get("shipping_template_id")),
        "external_product_id": text(product.get("external_product_id")),
        "manufacturer_ids": texts(product.get("manufacturer_ids")),
        "responsible_person_ids": texts(product.get("responsible_person_ids")),
        "minimum_order_quantity": whole(product.get("minimum_order_quantity")),
    }
    if TOKOPEDIA in platforms:
        optional["shipping_insurance_requirement"] = text(product.get("shipping_insurance_requirement"))
    body |= {name: value for name, value in optional.items() if value}
    if isinstance(product.get("is_cod_allowed"), bool):
        body["is_cod_allowed"] = product["is_cod_allowed"]
    if list(platforms) == [TOKOPEDIA]:
        body["is_pre_owned"] = bool(product.get("is_pre_owned"))
    return body


def with_fields(body: dict[str, Json], names: Sequence[str], rendered: Rendered) -> dict[str, Json]:
    """Return a full body with the content fields ``names`` as wanted, emptied where they are empty."""
    changed = dict(body)
    for name in names:
        if name == "brand":
            changed.pop("brand_id", None)
        if name == "attributes":
            changed.pop("product_attributes", None)
        if name == "terms" and rendered.fields["terms"].get("size_chart") == "":
            changed.pop("size_chart", None)
        if name not in _EMPTIABLE or rendered.fields[name]:
            changed |= field(name, rendered.fields)
    return changed


def _uris(rows: Json) -> list[Json]:
    return [{"uri": text(row.get("uri"))} for row in objects(rows)]


def _only(value: Json, names: Sequence[str]) -> dict[str, str]:
    row = as_object(value)
    return {name: text(row[name]) for name in names if row.get(name)}


def _attribute(row: Object) -> Json:
    values = [_only(value, ("id", "name")) for value in objects(row.get("values"))]
    return {"id": text(row.get("id")), "values": values}


def _certification(row: Object) -> Json:
    found: dict[str, Json] = {"id": text(row.get("id"))}
    if row.get("images"):
        found["images"] = _uris(row["images"])
    if row.get("files"):
        found["files"] = [_only(file, ("id", "name", "format")) for file in objects(row["files"])]
    if row.get("expiration_date"):
        found["expiration_date"] = row["expiration_date"]
    return found


def _size_chart(chart: Object) -> dict[str, Json]:
    template = text(as_object(chart.get("template")).get("id"))
    if template:
        return {"template": {"id": template}}
    uri = text(as_object(chart.get("image")).get("uri"))
    return {"image": {"uri": uri}} if uri else {}
