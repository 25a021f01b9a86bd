"""What a tester or a person in the seller centre does to the TikTok Shop sandbox, and its two windows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

from connectors.tiktok_shop import sandbox_state as state
from connectors.tiktok_shop.sandbox_catalogue import PLATFORMS, TIKTOK_SHOP, TOKOPEDIA, catalogue
from connectors.tiktok_shop.sandbox_content import CURRENCY
from connectors.tiktok_shop.sandbox_reads import brand_name
from connectors.tiktok_shop.sandbox_state import Offer, Place, Product, Promotion, Sku
from connectors.tiktok_shop.sandbox_world import World, failed_reason
from syncer.sdk.sandbox import ControlError, WindowOffer, WindowProduct

_WORDS = {
    state.DRAFT: "hidden",
    state.PENDING: "review",
    state.FAILED: "rejected",
    state.ACTIVATE: "live",
    state.SELLER_DEACTIVATED: "hidden",
    state.PLATFORM_DEACTIVATED: "hidden",
    state.FREEZE: "rejected",
    state.DELETED: "deleted",
}
_ORDER = ("live", "review", "rejected", "hidden", "deleted")
"""What counts for a product that stands differently on the two storefronts: on sale anywhere is on sale."""

_NEVER_S = 10 * 365 * 86_400


class Desk:
    """Listings as the control API shows them, and the changes that do not come through the API."""

    def __init__(self, world: World) -> None:
        self._world = world

    def listings(self, shop_id: str | None) -> list[dict[str, Any]]:
        """All products of one shop, or of all shops, oldest first."""
        shops = self._world.store.products
        chosen = list(shops.values()) if shop_id is None else [shops.get(shop_id, {})]
        return [self.listing(product) for products in chosen for product in products.values()]

    def listing(self, product: Product) -> dict[str, Any]:
        """One product in the shape that all sandboxes share, with some more: `platforms` by storefront."""
        content = product.base
        platforms = {platform: _WORDS[place.status] for platform, place in product.places.items()}
        reasons = [text for place in product.places.values() for row in place.reasons for text in row["reasons"]]
        return {
            "remote_id": product.id,
            "title": content.title,
            "status": next(word for word in _ORDER if word in platforms.values()),
            "images": [self._world.image_url(uri) for uri in content.images],
            "offers": [self._offer(sku, product.offers.get(sku.id, Offer())) for sku in content.skus],
            "shop_id": product.shop_id,
            "platforms": platforms,
            "platform_status": {platform: place.status for platform, place in product.places.items()},
            "audit": {platform: place.audit for platform, place in product.places.items()},
            "pending_title": product.pending.title if product.pending else None,
            "has_draft": product.draft is not None,
            "description": content.description,
            "category_id": content.category_id,
            "weight": content.weight.get("value"),
            "external_id": content.external_id,
            "reason": reasons[0] if reasons else None,
        }

    @staticmethod
    def _offer(sku: Sku, offer: Offer) -> dict[str, Any]:
        return {
            "sku": sku.seller_sku,
            "remote_id": sku.id,
            "price": offer.price,
            "currency": CURRENCY,
            "stock": offer.total,
            "name": sku.label,
            "external_id": sku.external_sku_id,
            "warehouses": dict(offer.stock),
        }

    def find(self, order: Mapping[str, Any]) -> tuple[Product, str]:
        """A copy of the product that an order names by `remote_id` or `sku`, and the SKU id if it names one."""
        remote_id, sku, shop_id = order.get("remote_id"), order.get("sku"), order.get("shop_id")
        for shop, products in self._world.store.products.items():
            if shop_id is not None and shop != str(shop_id):
                continue
            for product in products.values():
                by_sku = not product.deleted and any(one.seller_sku == sku for one in product.base.skus)
                if (product.id == str(remote_id)) if remote_id is not None else (bool(sku) and by_sku):
                    return product.copy(), _sku_id(product, order.get("offer") or sku)
        raise ControlError("There is no such listing; name it by remote_id or sku.")

    def edit(self, change: Mapping[str, Any]) -> dict[str, Any]:
        """A person changes title, price or stock; without a named offer all offers take the number."""
        product, sku_id = self.find(change)
        if product.deleted:
            raise ControlError("The listing is deleted.")
        if not {"title", "price", "stock"} & set(change):
            raise ControlError("Give title, price or stock.")
        changed = [name for name in ("title", "price", "stock") if change.get(name) is not None]
        if change.get("title") is not None:
            product.base = replace(product.base, title=str(change["title"]))
            self._world.note(product, "title", product.base.title, "person")
        targets = [sku_id] if sku_id else [sku.id for sku in product.base.skus]
        for name in ("price", "stock"):
            if change.get(name) is None:
                continue
            value = _whole(name, change[name])
            for target in targets:
                offer = product.offers[target]
                if name == "price":
                    offer.price = value
                else:
                    offer.stock = _spread(offer, value)
                self._world.note(product, name, value, "person", target)
        self._world.save(product)
        data = {"product_id": product.id, "change_source": "SELLER_CENTER", "changed_fields": changed}
        self._world.tell(product.shop_id, 15, {**data, "update_time": int(product.updated)})
        return self.listing(product)

    def decide(self, remote_id: str, order: Mapping[str, Any]) -> dict[str, Any]:
        """The platform's own decision about a product, on both storefronts or on the named `platform`."""
        product, _ = self.find({"remote_id": remote_id})
        status, reason = str(order.get("status")), str(order.get("reason") or "Melanggar aturan")
        platforms = [str(order["platform"])] if order.get("platform") else list(product.places)
        if not set(platforms) <= set(PLATFORMS):
            raise ControlError("platform must be TIKTOK_SHOP or TOKOPEDIA")
        for platform in platforms:
            product.places[platform] = _decided(status, platform, reason)
        product.audited = tuple(platform for platform in product.audited if platform not in platforms)
        if status == "review":
            product.audited, product.audit_until = tuple(platforms), self._world.clock.now() + _NEVER_S
        elif not product.audited:
            self._world.end_audit(product)
        product.was_live = product.was_live or status == "live"
        self._world.store.put(product)
        return self.listing(product)

    def promote(self, order: Mapping[str, Any]) -> dict[str, Any]:
        """A promotion that ends in `ends_in_s` (or `until_s`), and nobody is told (tiktok_shop.md 10).

        It locks price, stock or both (`lock`), or holds `quantity` pieces of one offer: its stock can't be set lower.
        """
        product, sku_id = self.find(order)
        now = self._world.clock.now()
        held = _whole("quantity", order.get("quantity") or 0)
        locks = order.get("lock", ["price"] if held else ["price", "stock"])
        if not isinstance(locks, list) or not set(locks) <= {"price", "stock"}:
            raise ControlError("lock must be a list out of price, stock")
        if held and not sku_id:
            raise ControlError("name the offer by sku, of which pieces are held")
        if held > (product.offers[sku_id].total if held else 0):
            raise ControlError("There are not so many pieces.")
        ends = float(order.get("until") or now + float(order.get("ends_in_s", order.get("until_s", 3600))))
        promotion = Promotion(self._world.store.new_id(), now, ends, tuple(locks), sku_id, held)
        product.promotions = (*product.promotions, promotion)
        self._world.store.put(product)
        return {"promotion_id": promotion.id, "remote_id": product.id, "until": ends}

    # The windows --------------------------------------------------------------------------------------

    def window(self, shop_id: str, platform: str, search: str) -> list[WindowProduct]:
        """Products that buyers see on one storefront, newest first."""
        words = search.lower().split()
        return [
            self.product(product, platform)
            for product in self._world.store.all(shop_id)
            if _visible(product, platform) and all(word in product.base.title.lower() for word in words)
        ]

    def window_product(self, shop_id: str, platform: str, product_id: str) -> WindowProduct | None:
        """One product that buyers see on one storefront."""
        product = self._world.store.get(shop_id, product_id)
        return self.product(product, platform) if product is not None and _visible(product, platform) else None

    def product(self, product: Product, platform: str) -> WindowProduct:
        """A product as a window draws it."""
        content = product.base
        offers = [
            WindowOffer(
                sku.label,
                sku.seller_sku,
                product.offers[sku.id].price,
                product.offers[sku.id].total,
                next((sale.image for sale in sku.sales if sale.image), None),
                sku.id,
            )
            for sku in content.skus
        ]
        return WindowProduct(
            product.id,
            content.title,
            plain(content.description),
            content.images,
            offers,
            "Sedang ditinjau" if platform in product.audited else None,
            self._facts(product),
            [sale.name for sale in content.skus[0].sales] if content.skus else [],
        )

    def _facts(self, product: Product) -> list[tuple[str, str]]:
        content = product.base
        facts = []
        if content.weight:
            facts.append(("Berat", f"{content.weight['value']} kg".replace(".", ",")))
        if content.dimensions:
            size = " × ".join(content.dimensions[side] for side in ("length", "width", "height"))
            facts.append(("Ukuran kemasan", f"{size} cm"))
        days = max((sku.pre_sale_days for sku in content.skus), default=0)
        if days:
            facts.append(("Dibuat dulu", f"{days} hari"))
        names = {one.id: one.name for one in catalogue().attributes(content.category_id)}
        for entry in content.attributes:
            values = ", ".join(value["name"] for value in entry["values"])
            facts.append((names.get(entry["id"], ""), values))
        chain = catalogue().chain(content.category_id)
        if chain:
            facts.append(("Kategori", chain[-1].name))
        brand = brand_name(self._world.store, content.brand_id)
        if brand:
            facts.append(("Merek", brand))
        return facts


class _Text(HTMLParser):
    """The words of a description, with its lines."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []

    def handle_starttag(self, tag: str, _attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"br", "p", "div", "h1", "h2", "h3", "tr"}:
            self.parts.append("\n")
        elif tag == "li":
            self.parts.append("\n• ")

    def handle_endtag(self, tag: str) -> None:
        if tag in {"p", "ul", "ol"}:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


def plain(html: str) -> str:
    """A description as a window shows it: its words, without tags."""
    parser = _Text()
    parser.feed(html)
    parser.close()
    lines = "".join(parser.parts).replace("\n\n\n", "\n\n")
    return lines.strip()


def _visible(product: Product, platform: str) -> bool:
    return platform in product.on(state.ACTIVATE)


def _decided(status: str, platform: str, reason: str) -> Place:
    rows = (failed_reason(platform, reason),)
    places = {
        "rejected": Place(state.FAILED, state.FAILED, rows),
        "banned": Place(state.FREEZE, state.NONE, rows),
        "live": Place(state.ACTIVATE, state.APPROVED),
        "hidden": Place(state.PLATFORM_DEACTIVATED),
        "review": Place(state.PENDING, state.AUDITING),
        "deleted": Place(state.DELETED),
    }
    if status not in places:
        raise ControlError("status must be rejected, banned, live, hidden, review or deleted")
    return places[status]


def _sku_id(product: Product, offer: object) -> str:
    wanted = str(offer) if offer is not None else ""
    return next((sku.id for sku in product.base.skus if wanted in (sku.seller_sku, sku.id)), "") if wanted else ""


def _spread(offer: Offer, value: int) -> dict[str, int]:
    """All pieces in the first warehouse."""
    return {key: value if index == 0 else 0 for index, key in enumerate(offer.stock)}


def _whole(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0:
        raise ControlError(f"{name} must be a number of at least 0")
    return int(value)


STOREFRONTS = {"tokopedia": TOKOPEDIA, "tiktok_shop": TIKTOK_SHOP}
"""The windows by the names that stand in their addresses."""
