"""What a tester or a person in the seller centre does to the Shopee sandbox."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.shopee import sandbox_catalogue as tree
from connectors.shopee import sandbox_rules as rules
from connectors.shopee import sandbox_state as state
from connectors.shopee.sandbox_reads import CURRENCY
from connectors.shopee.sandbox_state import Item, Model, Promotion
from connectors.shopee.sandbox_world import World
from syncer.sdk.sandbox import ControlError, WindowOffer, WindowProduct

_WORDS = {
    state.LIVE: "live",
    state.HIDDEN: "hidden",
    state.REVIEW: "review",
    state.BANNED: "rejected",
    state.SELLER_DELETE: "deleted",
    state.SHOPEE_DELETE: "deleted",
}


class Desk:
    """Listings as the control API shows them, and the changes that do not come through the API."""

    def __init__(self, world: World) -> None:
        self._world = world

    def listings(self, shop_id: int | None) -> list[dict[str, Any]]:
        """All items of one shop, or of all shops."""
        shops = self._world.store.shops
        chosen = [shops[shop_id]] if shop_id in shops else list(shops.values()) if shop_id is None else []
        return [self.listing(item) for shop in chosen for item in shop.items.values()]

    def listing(self, item: Item) -> dict[str, Any]:
        """One item in the shape that all sandboxes share, with some more."""
        models = list(item.models.values())
        offers = [
            {
                "sku": model.sku,
                "remote_id": str(model.model_id),
                "price": model.price,
                "currency": CURRENCY,
                "stock": model.stock,
                "name": item.model_name(model),
            }
            for model in models
        ] or [
            {
                "sku": item.sku,
                "remote_id": "0",
                "price": item.price,
                "currency": CURRENCY,
                "stock": item.stock,
                "name": "",
            }
        ]
        return {
            "remote_id": str(item.item_id),
            "title": item.name,
            "status": _WORDS[item.status],
            "images": [self._world.image_url(image_id) for image_id in item.images],
            "offers": offers,
            "shop_id": str(item.shop_id),
            "sku": item.sku,
            "description": item.description,
            "category_id": item.category_id,
            "weight": item.weight,
            "platform_status": item.status,
            "reason": item.violation["violation_reason"] if item.violation else None,
        }

    def find(self, order: Mapping[str, Any]) -> tuple[Item, Model | None]:
        """A copy of the item that an order names by `remote_id` or `sku`, and the model if it names one."""
        remote_id, sku = order.get("remote_id"), order.get("sku")
        shop_id = order.get("shop_id")
        for shop in self._world.store.shops.values():
            if shop_id is not None and str(shop.shop_id) != str(shop_id):
                continue
            for item in shop.items.values():
                if remote_id is not None:
                    if str(item.item_id) == str(remote_id):
                        return self._with_model(item.copy(), order.get("offer") or sku)
                elif sku and item.status not in state.DELETED and sku in _skus(item):
                    return self._with_model(item.copy(), order.get("offer") or sku)
        raise ControlError("There is no such listing; name it by remote_id or sku.")

    @staticmethod
    def _with_model(item: Item, offer: object) -> tuple[Item, Model | None]:
        wanted = str(offer) if offer is not None else ""
        return item, next((m for m in item.models.values() if wanted in (m.sku, str(m.model_id))), None)

    def edit(self, change: Mapping[str, Any]) -> dict[str, Any]:
        """A person changes title, price or stock; without a named offer all offers take the number."""
        item, model = self.find(change)
        if item.status in state.DELETED:
            raise ControlError("The listing is deleted.")
        if not {"title", "price", "stock"} & set(change):
            raise ControlError("Give title, price or stock.")
        if change.get("title") is not None:
            item.name = str(change["title"])
            item.updated = self._world.clock.now()
            self._world.note(item, "title", item.name, "person")
        targets: list[Model | None] = [model] if model or not item.models else list(item.models.values())
        for field in ("price", "stock"):
            if change.get(field) is None:
                continue
            value = _whole(field, change[field])
            for target in targets:
                setattr(item if target is None else target, field, value)
                self._world.note(item, field, value, "person", target)
        self._world.store.put(item)
        return self.listing(item)

    def decide(self, remote_id: str, order: Mapping[str, Any]) -> dict[str, Any]:
        """The platform's own decision about an item (shopee.md 5.22)."""
        item, _ = self.find({"remote_id": remote_id})
        status, reason = order.get("status"), str(order.get("reason") or "Melanggar aturan")
        item.review_until, item.hidden_by_platform = None, False
        if status in {"rejected", "banned"}:
            self._world.ban(item, reason)
        elif status == "live":
            item.status, item.violation, item.was_live = state.LIVE, None, True
        elif status == "hidden":
            item.status, item.hidden_by_platform = state.HIDDEN, True
        elif status == "review":
            item.after_review = item.status if item.status in {state.LIVE, state.HIDDEN} else item.after_review
            item.status = state.REVIEW
        elif status == "deleted":
            item.status, item.deleted = state.SHOPEE_DELETE, self._world.clock.now()
        else:
            raise ControlError("status must be rejected, banned, live, hidden, review or deleted")
        self._world.save(item)
        return self.listing(item)

    def promote(self, order: Mapping[str, Any]) -> dict[str, Any]:
        """A promotion that locks fields (`lock`), holds pieces (`quantity`) and ends in `ends_in_s`, without a word.

        Most promotions lock from the moment they are scheduled (shopee.md 5.15): `starts_in_s` delays the
        start, not the lock. One that holds pieces lets the stock change above them, but the item can't be hidden
        or deleted (shopee.md 5.16, 5.17).
        """
        item, model = self.find(order)
        if item.models and model is None and order.get("quantity"):
            raise ControlError("Name the variant that the promotion holds pieces of.")
        now = self._world.clock.now()
        held = int(order.get("quantity", order.get("reserved", 0)))
        locks = order.get("lock", ["price", "unlist", "delete"] if "quantity" in order else ["price", "stock"])
        known = {"price", "stock", "content", "unlist", "delete"}
        if not isinstance(locks, list) or not set(locks) <= known:
            raise ControlError(f"lock must be a list out of {', '.join(sorted(known))}")
        ends = float(order.get("until") or now + float(order.get("ends_in_s", order.get("until_s", 3600))))
        promotion = Promotion(
            self._world.store.new_promotion_id(),
            str(order.get("promotion_type", "flash_sale")),
            now + float(order.get("starts_in_s", 0)),
            ends,
            tuple(locks),
            model.model_id if model else None,
            held,
        )
        if held > (model.stock if model else item.stock):
            raise ControlError("A promotion can't hold more pieces than there are.")
        item.promotions = (*item.promotions, promotion)
        self._world.store.put(item)
        self._world.tell(
            item.shop_id,
            7,
            {
                "action": "promo_lock_stock" if held else "promo_lock_item",
                "item_id": item.item_id,
                "variation_id": promotion.model_id or 0,
                "promotion_type": promotion.kind,
                "promotion_id": promotion.promotion_id,
                "update_time": int(now),
            },
        )
        return {"promotion_id": promotion.promotion_id, "remote_id": str(item.item_id), "until": ends}

    # The window ---------------------------------------------------------------------------------------

    def window(self, shop_id: int, search: str) -> list[WindowProduct]:
        """Items that buyers see, newest first. One under its first review is not for sale yet (5.22)."""
        words = search.lower().split()
        shop = self._world.store.shops.get(shop_id)
        found = [
            item
            for item in (shop.items.values() if shop else ())
            if is_visible(item) and all(word in item.name.lower() for word in words)
        ]
        found.sort(key=lambda item: item.item_id, reverse=True)
        return [self.product(item) for item in found]

    def window_product(self, shop_id: int, product_id: str) -> WindowProduct | None:
        """One item that buyers see."""
        shop = self._world.store.shops.get(shop_id)
        item = shop.items.get(int(product_id)) if shop and product_id.isdecimal() else None
        return self.product(item) if item is not None and is_visible(item) else None

    def product(self, item: Item) -> WindowProduct:
        """An item as the window draws it."""
        offers = [
            WindowOffer(
                " / ".join(self._names(item, model)),
                model.sku,
                model.price,
                model.stock,
                self._option_image(item, model),
                str(model.model_id),
            )
            for model in item.models.values()
        ] or [WindowOffer("", item.sku, item.price, item.stock)]
        return WindowProduct(
            str(item.item_id),
            item.name,
            item.description,
            item.images,
            offers,
            "Sedang ditinjau" if item.status == state.REVIEW else None,
            self._facts(item),
            [tier.name for tier in item.tiers],
        )

    @staticmethod
    def _names(item: Item, model: Model) -> list[str]:
        return [
            tier.options[index].name
            for tier, index in zip(item.tiers, model.tier_index, strict=False)
            if index < len(tier.options)
        ]

    @staticmethod
    def _option_image(item: Item, model: Model) -> str | None:
        options = item.tiers[0].options if item.tiers else ()
        index = model.tier_index[0] if model.tier_index else 0
        return options[index].image_id or None if index < len(options) else None

    @staticmethod
    def _facts(item: Item) -> list[tuple[str, str]]:
        facts = [("Berat", f"{item.weight:g} kg".replace(".", ","))]
        if item.dimension:
            size = " × ".join(str(value) for value in item.dimension.values())
            facts.append(("Ukuran kemasan", f"{size} cm"))
        if item.pre_order["is_pre_order"]:
            facts.append(("Dibuat dulu", f"{item.pre_order.get('days_to_ship', 0)} hari"))
        category = tree.catalogue().categories.get(item.category_id)
        if category is not None:
            facts.append(("Kategori", category.name))
        if item.brand.get("brand_id"):
            facts.append(("Merek", str(item.brand["original_brand_name"])))
        return facts


def is_visible(item: Item) -> bool:
    """Whether buyers see an item; one under its first review is not for sale yet (shopee.md 5.22)."""
    return item.status == state.LIVE or (
        item.status == state.REVIEW and item.was_live and item.after_review == state.LIVE
    )


def _skus(item: Item) -> set[str]:
    return {item.sku, *(model.sku for model in item.models.values())}


def _whole(field: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0:
        raise ControlError(f"{field} must be a number of at least 0")
    return rules.rupiah(value) if field == "price" else int(value)
