"""Get, search and inventory search (tiktok_shop.md 10, 11)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from connectors.tiktok_shop import sandbox_fields as fields
from connectors.tiktok_shop import sandbox_state as state
from connectors.tiktok_shop.sandbox_catalogue import BRANDS, PLATFORMS, TIKTOK_SHOP, TOKOPEDIA, catalogue
from connectors.tiktok_shop.sandbox_content import CURRENCY
from connectors.tiktok_shop.sandbox_fields import Refused, bad, body_of, path_id, query_flag
from connectors.tiktok_shop.sandbox_paging import page_of
from connectors.tiktok_shop.sandbox_shop import couriers
from connectors.tiktok_shop.sandbox_state import Content, Offer, Product, Promotion, Sku, Store
from connectors.tiktok_shop.sandbox_world import World
from syncer.sdk.sandbox import Answer, Call

_SINCE_202312 = frozenset({"audit", "integrated_platform_statuses", "is_not_for_sale"})
_SINCE_202502 = frozenset({"has_draft"})


class ProductReads:
    """The operations that read products. `committed` says how many pieces of a shop, by SKU, open orders have taken."""

    def __init__(self, world: World, committed: Callable[[str], Mapping[str, int]]) -> None:
        self._world = world
        self._committed = committed

    # One product --------------------------------------------------------------------------------------

    def get(self, call: Call) -> Answer:
        """One product in the version that was asked for (tiktok_shop.md 11)."""
        world, product_id = self._world, path_id(call)
        product = world.store.get(call.account or "", product_id, call.as_of)
        if product is None:
            product = world.own(call, product_id)
        if product.on(state.FREEZE, state.DELETED) and not world.limits.get_deleted:
            raise Refused(12052901, "Not possible in the current state of the product.", kind="gone")
        content = product.base
        if query_flag(call, "return_draft_version") and product.draft is not None:
            content = product.draft
        elif query_flag(call, "return_under_review_version") and product.pending is not None:
            content = product.pending
        return world.ok({**self._standing(product), **self._content(product, content)})

    def _standing(self, product: Product) -> dict[str, Any]:
        """Where it stands; a storefront that was never asked for is left out (tiktok_shop.md 1.1)."""
        data: dict[str, Any] = {
            "id": product.id,
            "create_time": int(product.created),
            "update_time": int(product.updated),
            "has_draft": product.draft is not None,
            "is_not_for_sale": False,
            **_platform_status(product),
        }
        mine = product.places.get(TIKTOK_SHOP)
        if mine is not None:
            hidden = mine.status in {state.PENDING, state.FAILED}
            data["product_status"] = "INITIAL" if hidden else mine.status
        reasons = [reason for place in product.places.values() for reason in place.reasons]
        if reasons:
            data["audit_failed_reasons"] = reasons
        return data

    def _content(self, product: Product, content: Content) -> dict[str, Any]:
        """The shapes of an answer differ from those of a request (tiktok_shop.md 11)."""
        data: dict[str, Any] = {
            "title": content.title,
            "description": content.description,
            "external_product_id": content.external_id,
            "category_chains": [
                {"id": node.id, "parent_id": node.parent_id, "local_name": node.name, "is_leaf": node.leaf}
                for node in catalogue().chain(content.category_id)
            ],
            "main_images": [self._image(uri) for uri in content.images],
            "product_attributes": self._attributes(content),
            "is_cod_allowed": content.cod,
            "is_pre_owned": content.pre_owned,
            "minimum_order_quantity": content.minimum_order,
            "product_types": [],
            "skus": [self._sku(sku, product.offers.get(sku.id, Offer())) for sku in content.skus],
        }
        brand = brand_name(self._world.store, content.brand_id)
        optional: dict[str, Any] = {
            "brand": {"id": content.brand_id, "name": brand} if brand else None,
            "package_weight": content.weight,
            "package_dimensions": content.dimensions,
            "certifications": self._certifications(content),
            "size_chart": self._size_chart(content.size_chart),
            "delivery_options": self._delivery(product.base),
            "shipping_template_id": content.shipping_template,
            "video": {"id": content.video_id} if content.video_id else None,
        }
        if TOKOPEDIA in product.places:
            optional["shipping_insurance_requirement"] = content.insurance or "OPTIONAL"
        return {**data, **{name: value for name, value in optional.items() if value}}

    def _image(self, uri: str) -> dict[str, Any]:
        picture = self._world.store.pictures.get(uri)
        url = self._world.image_url(uri)
        size = (picture.width, picture.height) if picture else (0, 0)
        return {"uri": uri, "urls": [url], "thumb_urls": [url], "width": size[0], "height": size[1]}

    def _attributes(self, content: Content) -> list[dict[str, Any]]:
        names = {one.id: one.name for one in catalogue().attributes(content.category_id)}
        return [{"id": e["id"], "name": names.get(e["id"], ""), "values": e["values"]} for e in content.attributes]

    def _certifications(self, content: Content) -> list[dict[str, Any]]:
        titles = {key: name for key, name, _ in catalogue().rules(content.category_id).certificates}
        rows = []
        for entry in content.certifications:
            images = [self._image(fields.text(image, "uri")) for image in fields.objects(entry, "images")]
            files = [
                {"id": one.get("id", ""), "name": one.get("name", ""), "format": "PDF", "urls": []}
                for one in fields.objects(entry, "files")
            ]
            rows.append({"id": entry["id"], "title": titles.get(entry["id"], ""), "images": images, "files": files})
        return rows

    def _size_chart(self, chart: Mapping[str, Any]) -> dict[str, Any] | None:
        if "template" in chart:
            return {"template": {"id": chart["template"]}}
        return {"image": self._image(chart["image"])} if "image" in chart else None

    def _delivery(self, content: Content) -> list[dict[str, Any]]:
        names = dict(couriers())
        return [
            {"id": key, "name": names.get(key, ""), "is_available": key in names} for key in content.delivery_options
        ]

    def _sku(self, sku: Sku, offer: Offer) -> dict[str, Any]:
        """A SKU: the price comes back without `amount` (tiktok_shop.md 11)."""
        sales = []
        for sale in sku.sales:
            row: dict[str, Any] = {
                "id": sale.id,
                "name": sale.name,
                "value_id": sale.value_id,
                "value_name": sale.value_name,
            }
            if sale.image:
                row["sku_img"] = self._image(sale.image)
            sales.append(row)
        data: dict[str, Any] = {
            **_offer(sku, offer),
            "external_sku_id": sku.external_sku_id,
            "sales_attributes": sales,
            "status_info": {"status": "NORMAL"},
        }
        if sku.code:
            data["identifier_code"] = {"code": sku.code, "type": sku.code_type}
        if sku.pre_sale_days:
            data["pre_sale"] = {
                "type": "PRE_ORDER",
                "fulfillment_type": {"handling_duration_days": sku.pre_sale_days},
            }
        return data

    # Search -------------------------------------------------------------------------------------------

    def search(self, call: Call) -> Answer:
        """Products by status, storefront, seller SKU and time, newest first (tiktok_shop.md 1.1, 11)."""
        size, body = fields.page_size(call), body_of(call)
        wanted = _Filter(body, self._world.limits.all_includes_deleted)
        found = [
            product
            for product in self._world.store.all(call.account or "", call.as_of)
            if wanted.takes(product) and not _too_new(product, call)
        ]
        if len(found) > self._world.limits.search_max:
            raise Refused(12052180, "The search has more than 10000 results, please narrow it.")
        page, token = page_of(call, found, lambda product: product.id, size)
        version = call.path.split("/")[2]
        rows = [self._row(product, version, draft=wanted.draft) for product in page]
        return self._world.ok({"products": rows, "next_page_token": token, "total_count": len(found)})

    def _row(self, product: Product, version: str, *, draft: bool) -> dict[str, Any]:
        content = product.draft if draft and product.draft is not None else product.base
        data: dict[str, Any] = {
            "id": product.id,
            "title": content.title,
            "create_time": int(product.created),
            "update_time": int(product.updated),
            "sales_regions": ["ID"],
            "is_not_for_sale": False,
            "has_draft": product.draft is not None,
            **_platform_status(product),
            "skus": [_offer(sku, product.offers.get(sku.id, Offer())) for sku in content.skus],
        }
        if version >= "202502":
            for row in data["skus"]:
                row["status_info"] = {"status": "NORMAL"}
            return data
        hidden = _SINCE_202502 if version >= "202312" else _SINCE_202502 | _SINCE_202312
        return {name: value for name, value in data.items() if name not in hidden}

    def inventory(self, call: Call) -> Answer:
        """Sellable and committed pieces; SKU ids win over product ids (tiktok_shop.md 10)."""
        body = body_of(call)
        product_ids, sku_ids = fields.texts(body, "product_ids"), fields.texts(body, "sku_ids")
        if len(product_ids) > 100 or len(sku_ids) > 600:
            raise Refused(12019120, "Too many ids.")
        if not product_ids and not sku_ids:
            raise bad("product_ids or sku_ids is required")
        rows = []
        committed = self._committed(call.account or "")
        for product in self._world.store.all(call.account or "", call.as_of):
            skus = [
                _inventory(
                    sku,
                    product.offers.get(sku.id, Offer()),
                    committed.get(sku.id, 0),
                    self._world.held(product, sku.id),
                )
                for sku in product.base.skus
                if (sku.id in sku_ids if sku_ids else product.id in product_ids)
            ]
            if skus and not product.deleted:
                rows.append({"product_id": product.id, "skus": skus})
        return self._world.ok({"inventory": rows})


class _Filter:
    """What a search is for."""

    def __init__(self, body: Mapping[str, Any], all_includes_deleted: bool) -> None:
        self.status = fields.text(body, "status", "ALL") or "ALL"
        if self.status != "ALL" and self.status not in state.STATUSES:
            raise bad("status")
        self.platforms = fields.texts(body, "listing_platforms")
        if set(self.platforms) - set(PLATFORMS):
            raise bad("listing_platforms")
        if self.platforms and self.status == "ALL":
            raise bad("a status other than ALL is needed with listing_platforms")
        self.audit = fields.texts(body, "audit_status")
        self.skus, self.sku_ids = fields.texts(body, "seller_skus"), fields.texts(body, "sku_ids")
        if len(self.skus) > 10:
            raise Refused(12019027, "At most 10 seller_skus.")
        if len(self.sku_ids) > 10:
            raise Refused(12019120, "At most 10 sku_ids.")
        self.draft = fields.boolean(body, "return_draft_version")
        self.times = [
            (name.endswith("_le"), name.startswith("create"), value)
            for name in ("create_time_ge", "create_time_le", "update_time_ge", "update_time_le")
            if (value := fields.integer(body, name)) is not None
        ]
        self._deleted = all_includes_deleted

    def takes(self, product: Product) -> bool:
        """Whether a product is one of those."""
        return (
            self._fits_status(product)
            and (not self.audit or self._audit(product) in self.audit)
            and (not self.skus or any(sku.seller_sku in self.skus for sku in product.base.skus))
            and (not self.sku_ids or any(sku.id in self.sku_ids for sku in product.base.skus))
            and (not self.draft or product.draft is not None)
            and all(self._fits_time(product, *bound) for bound in self.times)
        )

    def _fits_status(self, product: Product) -> bool:
        """One platform: listed there, also if on both. Both: only what is on both (tiktok_shop.md 1.1)."""
        if self.status == "ALL":
            return self._deleted or not product.deleted
        there = product.on(self.status)
        return all(platform in there for platform in self.platforms) if self.platforms else bool(there)

    @staticmethod
    def _audit(product: Product) -> str:
        place = product.places.get(TIKTOK_SHOP)
        return place.audit if place else ""

    @staticmethod
    def _fits_time(product: Product, is_upper: bool, is_create: bool, bound: int) -> bool:
        moment = int(product.created if is_create else product.updated)
        return moment <= bound if is_upper else moment >= bound


def brand_name(store: Store, brand_id: str) -> str | None:
    """The name of a brand, also of the seller's own."""
    return store.brands.get(brand_id) or next((brand.name for brand in BRANDS if brand.id == brand_id), None)


def _too_new(product: Product, call: Call) -> bool:
    return call.hide_newer_than is not None and product.created > call.hide_newer_than


def _platform_status(product: Product) -> dict[str, Any]:
    """Both storefronts' sides; each is left out if it was never asked for (tiktok_shop.md 1.1)."""
    data: dict[str, Any] = {}
    mine, theirs = product.places.get(TIKTOK_SHOP), product.places.get(TOKOPEDIA)
    if mine is not None:
        data["status"] = mine.status
        data["audit"] = {"status": mine.audit, "pre_approved_reasons": list(mine.pre_approved)}
    if theirs is not None:
        data["integrated_platform_statuses"] = [{"platform": TOKOPEDIA, "status": theirs.status}]
    return data


def _offer(sku: Sku, offer: Offer) -> dict[str, Any]:
    price = str(offer.price)
    return {
        "id": sku.id,
        "seller_sku": sku.seller_sku,
        "price": {"currency": CURRENCY, "sale_price": price, "tax_exclusive_price": price},
        "inventory": [{"warehouse_id": key, "quantity": quantity} for key, quantity in offer.stock.items()],
    }


def _inventory(sku: Sku, offer: Offer, committed: int, held: Sequence[Promotion]) -> dict[str, Any]:
    """One SKU; what a promotion holds is part of what is available, and what orders have taken is not (10)."""
    campaigns = [{"campaign_name": f"Promo {one.id[-4:]}", "quantity": one.quantity} for one in held]
    in_campaigns = sum(one.quantity for one in held)
    return {
        "id": sku.id,
        "seller_sku": sku.seller_sku,
        "total_available_quantity": offer.total,
        "total_committed_quantity": committed,
        "warehouse_inventory": [
            {
                "warehouse_id": key,
                "available_quantity": quantity,
                "committed_quantity": committed if index == 0 else 0,
            }
            for index, (key, quantity) in enumerate(offer.stock.items())
        ],
        "total_available_inventory_distribution": {
            "in_shop_inventory": {"quantity": max(offer.total - in_campaigns, 0)},
            "campaign_inventory": campaigns,
            "creator_inventory": [],
        },
    }
