"""TikTok Shop's products as our values, in the same canonical form that ``render`` gives (tiktok_shop.md 11).

Canonical content fields: ``title``, ``description`` (text), ``category`` (leaf id), ``pictures`` (uris in order),
``attributes`` (see :mod:`connectors.tiktok_shop.attributes`), ``brand`` (id, "" for none), ``weight_g``,
``dimension_cm`` ``[length, width, height]``, ``pre_order_days`` (0: ships from stock), ``is_pre_owned``,
``listing_platforms`` (sorted), ``option_images`` (value of the first axis → uri), ``barcodes`` (SKU → code), and
``terms`` (what the account's options manage).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from connectors.tiktok_shop import attributes, html
from connectors.tiktok_shop.options import TOKOPEDIA, TiktokShopOptions
from connectors.tiktok_shop.standing import Standing, standing
from connectors.tiktok_shop.wire import centimetres, grams, price
from syncer.domain.listing import Json, RemoteListing, RemoteOffer, Status
from syncer.sdk.wire import Object, as_object, objects, text, whole

#: Gives the ids of each attribute's own values in a category.
Listed = Callable[[str], Mapping[str, frozenset[str]]]
#: Fields that an edit sends to review: they may be the old ones while it runs, and after it was refused.
CONTENT = frozenset(
    {"title", "description", "category", "pictures", "attributes", "brand", "weight_g", "dimension_cm"}
    | {"pre_order_days", "is_pre_owned", "option_images", "barcodes", "terms"}
)
#: In ``extra``: the last edit was refused, so that none of what we know of the content is there (sheet 1.1).
REFUSED = "refused"


def category(product: Object) -> str:
    """Return the leaf of the category chain."""
    chain = objects(product.get("category_chains"))
    leaves = [row for row in chain if row.get("is_leaf")] or chain[-1:]
    return text(leaves[-1].get("id")) if leaves else ""


def quantity(sku: Object, warehouse_id: str = "") -> int | None:
    """Return the pieces on sale: in one warehouse, or in all together."""
    rows = objects(sku.get("inventory"))
    counts = [
        count
        for row in rows
        if not warehouse_id or text(row.get("warehouse_id")) == warehouse_id
        if (count := whole(row.get("quantity"))) is not None
    ]
    if not counts:
        return 0 if rows and warehouse_id else None
    return sum(counts)


def warehouses(sku: Object) -> list[str]:
    """Return the warehouses that a SKU is in."""
    return [text(row.get("warehouse_id")) for row in objects(sku.get("inventory"))]


def axes(product: Object) -> tuple[str, ...]:
    """Return the names of the sales attributes in order; empty for a product with one SKU and none."""
    skus = objects(product.get("skus"))
    return tuple(text(row.get("name")) for row in objects(skus[0].get("sales_attributes"))) if skus else ()


def option_values(sku: Object, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the values of ``names``; the platform may list them in another order for each SKU."""
    found = {text(row.get("name")): text(row.get("value_name")) for row in objects(sku.get("sales_attributes"))}
    return tuple(found.get(name, "") for name in names)


def option_images(product: Object) -> dict[str, str]:
    """Return the pictures of the first axis' values; empty unless every value has one (sheet 8)."""
    names = axes(product)
    images: dict[str, str] = {}
    values: set[str] = set()
    for sku in objects(product.get("skus")):
        for row in objects(sku.get("sales_attributes")):
            if text(row.get("name")) == names[0]:
                value, uri = text(row.get("value_name")), text(as_object(row.get("sku_img")).get("uri"))
                values.add(value)
                images |= {value: uri} if uri else {}
    return images if values == set(images) else {}


def pre_order_days(product: Object) -> int:
    """Return the making time of the slowest SKU; 0 if all ship from stock."""
    days = [
        whole(as_object(as_object(sku.get("pre_sale")).get("fulfillment_type")).get("handling_duration_days")) or 0
        for sku in objects(product.get("skus"))
    ]
    return max(days, default=0)


def barcodes(product: Object) -> dict[str, str]:
    """Return barcodes by SKU."""
    codes = {
        text(sku.get("seller_sku")): text(as_object(sku.get("identifier_code")).get("code"))
        for sku in objects(product.get("skus"))
    }
    return {sku: code for sku, code in codes.items() if code}


def terms(product: Object, options: TiktokShopOptions) -> dict[str, Json]:
    """Return what the account's options manage, as it is there."""
    found: dict[str, Json] = {}
    if options.cash_on_delivery is not None:
        found["cash_on_delivery"] = bool(product.get("is_cod_allowed"))
    if options.delivery_options:
        found["delivery_options"] = sorted(text(row.get("id")) for row in objects(product.get("delivery_options")))
    if options.shipping_insurance and TOKOPEDIA in options.shown_on:
        found["shipping_insurance"] = text(product.get("shipping_insurance_requirement")) or "OPTIONAL"
    if options.minimum_order is not None:
        found["minimum_order"] = whole(product.get("minimum_order_quantity")) or 1
    if options.size_chart_template:
        found["size_chart"] = text(as_object(as_object(product.get("size_chart")).get("template")).get("id"))
    return found


def content(product: Object, where: Standing, options: TiktokShopOptions, listed: Listed) -> dict[str, Json]:
    """Return a product's content fields in canonical form. What isn't known of the newest version is left out."""
    leaf = category(product)
    fields: dict[str, Json] = {
        "title": text(product.get("title")),
        "description": html.to_text(text(product.get("description"))),
        "category": leaf,
        "pictures": [text(row.get("uri")) for row in objects(product.get("main_images"))],
        "attributes": _attributes(product, leaf, listed),
        "brand": text(as_object(product.get("brand")).get("id")),
        "pre_order_days": pre_order_days(product),
        "is_pre_owned": bool(product.get("is_pre_owned")),
        "option_images": option_images(product),
        "barcodes": barcodes(product),
        "terms": terms(product, options),
    }
    weight_g, sides = grams(product.get("package_weight")), centimetres(product.get("package_dimensions"))
    if weight_g is not None:
        fields["weight_g"] = weight_g
    if sides is not None:
        fields["dimension_cm"] = sides
    # After a refused edit this is the old version: what we sent last is known to us, and not to be sent again.
    kept = {} if where.old_version else fields
    return {**kept, "listing_platforms": where.shown_on(options.shown_on)}


def _attributes(product: Object, leaf: str, listed: Listed) -> list[Json]:
    rows = objects(product.get("product_attributes"))
    return attributes.canonical(rows, listed(leaf)) if rows else []


def offers(product: Object, names: tuple[str, ...], options: TiktokShopOptions) -> tuple[RemoteOffer, ...]:
    """Return the offers of a product: its SKUs."""
    return tuple(
        RemoteOffer(
            text(sku.get("id")),
            text(sku.get("seller_sku")),
            price(sku.get("price")),
            quantity(sku, options.warehouse_id),
            option_values(sku, names),
        )
        for sku in objects(product.get("skus"))
    )


def listing(product: Object, options: TiktokShopOptions, listed: Listed) -> RemoteListing:
    """Return a whole product (of Get Product) as one listing."""
    where, names = standing(product), axes(product)
    old = where.old_version
    return RemoteListing(
        remote_id=text(product.get("id")),
        status=where.status,
        marker=text(product.get("external_product_id")),
        fields=content(product, where, options, listed),
        option_names=() if old else names,
        offers=offers(product, names, options),
        offers_complete=not old,
        reasons=where.reasons,
        extra={**remembered(product, where), REFUSED: old},
    )


def row(product: Object, options: TiktokShopOptions) -> RemoteListing:
    """Return a row of a search as a listing: title, SKUs, prices, counts and status; options are not in it."""
    where = standing(product)
    fields: dict[str, Json] = {"listing_platforms": where.shown_on(options.shown_on)}
    if not where.auditing and not where.failed & set(where.live):
        # The search shows the live version, which an edit under review, or a refused one, differs from.
        fields["title"] = text(product.get("title"))
    found = tuple(
        RemoteOffer(offer.remote_id, offer.sku, offer.price, offer.quantity) for offer in offers(product, (), options)
    )
    return RemoteListing(
        text(product.get("id")),
        where.status,
        fields=fields,
        offers=found,
        reasons=where.reasons,
        extra=remembered(product, where),
    )


def remembered(product: Object, where: Standing) -> dict[str, Json]:
    """Return what later writes need: the state by storefront, and the warehouses of SKUs that are in several."""
    several = {text(sku.get("id")): warehouses(sku) for sku in objects(product.get("skus"))}
    return {
        "created_at": whole(product.get("create_time")),
        "platforms": dict(where.platforms),
        "warehouses": {key: ids for key, ids in several.items() if len(ids) > 1},
    }


def picture_addresses(product: Object) -> dict[str, str]:
    """Return the addresses of a product's main images, by uri."""
    found: dict[str, str] = {}
    for row in objects(product.get("main_images")):
        uri, urls = text(row.get("uri")), row.get("urls")
        if uri and isinstance(urls, list) and urls and text(urls[0]):
            found[uri] = text(urls[0])
    return found


def is_deleted(product: Object) -> bool:
    """Return whether a row of a search was deleted; "all" includes those (sheet 11)."""
    return standing(product).status is Status.DELETED
