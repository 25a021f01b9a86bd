"""Shopee's items and models as our values, in the same canonical form that ``render`` gives (shopee.md 5.14, 5.20).

Canonical content fields: ``title``, ``description``, ``category`` (id as text), ``pictures`` (image ids in order),
``attributes`` (see :func:`attributes`), ``brand`` ``{"id", "name"}``, ``condition`` ``NEW|USED``, ``weight_g``,
``dimension_cm`` ``[length, width, height]``, ``logistics`` (``{"id", "is_free"}`` of the enabled couriers, by id),
``pre_order_days`` (0: ships from stock), ``item_sku``, ``option_images`` (option of the first axis → image id).
With variants, weight and size belong to the offers, and ``render`` gives none for the item.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from connectors.shopee.wire import centimetres, grams
from syncer.domain.listing import Json, RemoteListing, RemoteOffer, Status
from syncer.domain.words import Words
from syncer.sdk.errors import Gone
from syncer.sdk.wire import Object, as_object, entries, exact, objects, plain, text, whole, yes

NO_BRAND = "NoBrand"
#: The model id of an item without variants. A real value: never test it for truth (shopee.md 11, gotcha 9).
NO_MODEL = "0"

STATUSES: Mapping[str, Status] = {
    "NORMAL": Status.LIVE,
    "UNLIST": Status.HIDDEN,
    "REVIEWING": Status.REVIEW,
    "BANNED": Status.REJECTED,
    "SELLER_DELETE": Status.DELETED,
    "SHOPEE_DELETE": Status.DELETED,
    "DELETED": Status.DELETED,
}


@dataclass(frozen=True, slots=True)
class Tier:
    """One option axis: its name, its options in order, and their image ids ("" if none)."""

    name: str
    options: tuple[str, ...]
    images: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Model:
    """One variant there. ``weight_g`` and ``dimension_cm`` are ``None`` where the item's own count."""

    model_id: str
    tier_index: tuple[int, ...]
    sku: str
    price: Decimal | None
    quantity: int | None
    weight_g: int | None = None
    dimension_cm: tuple[int, ...] | None = None
    gtin: str | None = None


@dataclass(frozen=True, slots=True)
class Variants:
    """All variants of one item. Both are empty for an item without variants."""

    tiers: tuple[Tier, ...] = ()
    models: tuple[Model, ...] = ()

    def option_values(self, model: Model) -> tuple[str, ...]:
        """Return the option texts of ``model``, one for each axis."""
        pairs = zip(self.tiers, model.tier_index, strict=False)
        return tuple(tier.options[index] if 0 <= index < len(tier.options) else "" for tier, index in pairs)


def price(row: Object) -> Decimal | None:
    """Return the original price of an item or model: ``price_info`` is an array or an object (shopee.md 5.10).

    0 means "look at the models" and gives ``None`` (shopee.md 11, gotcha 8).
    """
    info = row.get("price_info")
    first = objects(info)[0] if objects(info) else as_object(info)
    found = exact(first.get("original_price"))
    return found if found else None


def quantity(row: Object, location_id: str = "") -> int | None:
    """Return what the seller put on sale: at ``location_id``, or at all locations together.

    That is what ``update_stock`` writes; the part held for a promotion is in it (shopee.md 7).
    """
    stock = as_object(row.get("stock_info_v2")).get("seller_stock", row.get("seller_stock"))
    rows = [entry for entry in objects(stock) if not location_id or text(entry.get("location_id")) == location_id]
    counts = [count for count in (whole(entry.get("stock")) for entry in rows) if count is not None]
    return sum(counts) if counts else None


def model(row: Object, location_id: str = "") -> Model:
    """Read one model of ``get_model_list``, ``init_tier_variation`` or ``add_model``."""
    sides = centimetres(row.get("dimension"))
    return Model(
        model_id=text(whole(row.get("model_id"))),
        tier_index=tuple(whole(index) or 0 for index in entries(row.get("tier_index"))),
        sku=text(row.get("model_sku")),
        price=price(row),
        quantity=quantity(row, location_id),
        weight_g=grams(row.get("weight")),
        dimension_cm=tuple(sides) if sides else None,
        gtin=text(row["gtin_code"]) if isinstance(row.get("gtin_code"), str) else None,
    )


def variants(payload: Object, location_id: str = "") -> Variants:
    """Read ``get_model_list``; an entry with model id 0 means "no variants" (shopee.md 5.14)."""
    models = tuple(model(row, location_id) for row in objects(payload.get("model")))
    tiers = tuple(_tier(row) for row in objects(payload.get("tier_variation")))
    if not tiers:
        tiers = tuple(_standard_tier(row) for row in objects(payload.get("standardise_tier_variation")))
    return Variants(tiers, tuple(found for found in models if found.model_id != NO_MODEL) if tiers else ())


def _tier(row: Object) -> Tier:
    options = objects(row.get("option_list"))
    images = tuple(text(as_object(option.get("image")).get("image_id")) for option in options)
    return Tier(text(row.get("name")), tuple(text(option.get("option")) for option in options), images)


def _standard_tier(row: Object) -> Tier:
    options = objects(row.get("variation_option_list"))
    names = tuple(text(option.get("variation_option_name")) for option in options)
    return Tier(text(row.get("variation_name")), names, tuple(text(option.get("image_id")) for option in options))


def attributes(rows: Any) -> list[Json]:
    """Return an attribute list in canonical form, by id: ``{"id", "values": [{"id"} or {"id": 0, "text", "unit"}]}``.

    The name of a listed value is left out, because its language may differ from one read to the next.
    """
    found = []
    for row in objects(rows):
        values = [_value(entry) for entry in objects(row.get("attribute_value_list"))]
        if values:
            found.append({"id": whole(row.get("attribute_id")) or 0, "values": sorted(values, key=_value_order)})
    return sorted(found, key=lambda entry: int(str(entry["id"])))


def _value(entry: Object) -> dict[str, Json]:
    value_id = whole(entry.get("value_id")) or 0
    if value_id:
        return {"id": value_id}
    return {"id": 0, "text": text(entry.get("original_value_name")), "unit": text(entry.get("value_unit"))}


def _value_order(value: Mapping[str, Json]) -> tuple[int, str]:
    return int(value["id"]), str(value.get("text", ""))


def brand(row: Any) -> dict[str, Json]:
    """Return ``{"id", "name"}``; id 0 is "no brand" whatever its text says (shopee.md 5.3)."""
    brand_id = whole(as_object(row).get("brand_id")) or 0
    return {"id": brand_id, "name": text(as_object(row).get("original_brand_name")) if brand_id else NO_BRAND}


def logistics(rows: Any) -> list[Json]:
    """Return the enabled couriers by id."""
    found = [
        {"id": whole(row.get("logistic_id")) or 0, "is_free": yes(row.get("is_free"))}
        for row in objects(rows)
        if yes(row.get("enabled"))
    ]
    return sorted(found, key=lambda entry: int(entry["id"]))


def pre_order_days(row: Any) -> int:
    """Return the days to ship of a pre-order item; 0 if it ships from stock."""
    found = as_object(row)
    return (whole(found.get("days_to_ship")) or 0) if yes(found.get("is_pre_order")) else 0


def description(item: Object) -> str:
    """Return an item's description as text, also from the extended form (pictures left out)."""
    if text(item.get("description_type")) != "extended":
        return text(item.get("description"))
    extended = as_object(as_object(item.get("description_info")).get("extended_description"))
    parts = [text(row.get("text")) for row in objects(extended.get("field_list")) if row.get("field_type") == "text"]
    return "\n".join(parts) or text(item.get("description"))


def content(item: Object, found: Variants) -> dict[str, Json]:
    """Return an item's content fields in canonical form. What the answer leaves out is left out here too."""
    image = as_object(item.get("image") or item.get("images"))
    fields: dict[str, Json] = {
        "title": text(item.get("item_name")),
        "description": description(item),
        "category": text(whole(item.get("category_id"))),
        "pictures": [text(image_id) for image_id in entries(image.get("image_id_list"))],
        "attributes": attributes(item.get("attribute_list") or item.get("attributes") or item.get("attribute")),
        "brand": brand(item.get("brand")),
        "condition": text(item.get("condition")) or "NEW",
        "logistics": logistics(item.get("logistic_info")),
        "pre_order_days": pre_order_days(item.get("pre_order")),
        "item_sku": text(item.get("item_sku")),
        "option_images": option_images(found),
    }
    weight_g, sides = grams(item.get("weight")), centimetres(item.get("dimension"))
    if weight_g is not None:
        fields["weight_g"] = weight_g
    if sides is not None:
        fields["dimension_cm"] = sides
    if item.get("gtin_code"):
        fields["gtin"] = text(item.get("gtin_code"))
    return fields


def option_images(found: Variants) -> dict[str, str]:
    """Return the pictures of the first axis' options; empty unless every option has one (shopee.md 5.9)."""
    if not found.tiers or not all(found.tiers[0].images):
        return {}
    return dict(zip(found.tiers[0].options, found.tiers[0].images, strict=True))


def offers(item: Object, found: Variants, location_id: str = "") -> tuple[RemoteOffer, ...]:
    """Return the offers of an item: its models, or the item itself as model 0."""
    if not found.tiers:
        sku = text(item.get("item_sku"))
        return (RemoteOffer(NO_MODEL, sku, price(item), quantity(item, location_id)),)
    weight_g, sides = grams(item.get("weight")), centimetres(item.get("dimension"))
    return tuple(
        RemoteOffer(
            entry.model_id,
            entry.sku,
            entry.price,
            entry.quantity,
            found.option_values(entry),
            offer_fields(entry.weight_g or weight_g, entry.dimension_cm or sides, entry.gtin),
        )
        for entry in found.models
    )


def offer_fields(weight_g: int | None, sides_cm: Any, gtin: str | None = None) -> dict[str, Json]:
    """Return a variant's own fields in canonical form; unknown ones are left out."""
    fields: dict[str, Json] = {}
    if weight_g:
        fields["weight_g"] = weight_g
    if sides_cm:
        fields["dimension_cm"] = list(sides_cm)
    if gtin:
        fields["gtin"] = gtin
    return fields


def listing(item: Object, found: Variants, reasons: tuple[Words, ...] = (), location_id: str = "") -> RemoteListing:
    """Return a whole item as one listing."""
    return RemoteListing(
        remote_id=text(whole(item.get("item_id"))),
        status=STATUSES.get(text(item.get("item_status"))),
        marker=text(item.get("item_sku")),
        fields=content(item, found),
        option_names=tuple(tier.name for tier in found.tiers),
        offers=offers(item, found, location_id),
        offers_complete=True,
        reasons=reasons,
        extra={
            "created_at": whole(item.get("create_time")),
            "description_type": text(item.get("description_type")) or "normal",
            "deboosted": yes(item.get("deboost")),
        },
    )


def violation_words(row: Object) -> tuple[Words, ...]:
    """Return why Shopee banned an item, with its suggestion (shopee.md 5.23)."""
    found = []
    for detail in objects(row.get("item_status_details")):
        kind, reason = plain(detail.get("violation_type")), plain(detail.get("violation_reason"))
        advice = plain(detail.get("suggestion"))
        what = ": ".join(part for part in (kind, reason) if part) or "-"
        found.append(
            Words(
                f"Shopee menolak produk ini: {what.rstrip('.')}."
                + (f" Saran Shopee: {advice.rstrip('.')}." if advice else ""),
                f"Shopee rejected this product: {what.rstrip('.')}."
                + (f" Shopee's advice: {advice.rstrip('.')}." if advice else ""),
            )
        )
    return tuple(found) or (
        Words("Shopee menolak produk ini tanpa alasan.", "Shopee rejected this product without a reason."),
    )


def gone() -> Gone:
    """Return the error for an item that was deleted or is unknown."""
    return Gone(
        "item_deleted",
        Words("Produk ini sudah dihapus di Shopee.", "This product was deleted at Shopee."),
    )
