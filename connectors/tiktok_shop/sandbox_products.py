"""Create, edit, partial edit and the check before them (tiktok_shop.md 1.1, 8, 9)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from connectors.tiktok_shop import sandbox_fields as fields
from connectors.tiktok_shop import sandbox_rules as rules
from connectors.tiktok_shop import sandbox_state as state
from connectors.tiktok_shop.sandbox_catalogue import TIKTOK_SHOP
from connectors.tiktok_shop.sandbox_content import Draft, Reader
from connectors.tiktok_shop.sandbox_fields import Refused, bad, body_of, path_id
from connectors.tiktok_shop.sandbox_shop import warehouse_ids
from connectors.tiktok_shop.sandbox_state import Content, Offer, Place, Product
from connectors.tiktok_shop.sandbox_world import World, off
from syncer.sdk.sandbox import Answer, Call

_DAY_ZONE = timezone(timedelta(hours=7))


class ProductWrites:
    """The operations that write content."""

    def __init__(self, world: World) -> None:
        self._world = world

    # Create -------------------------------------------------------------------------------------------

    def create(self, call: Call) -> Answer:
        """Create a product, for audit or as a draft (tiktok_shop.md 8)."""
        world, body = self._world, body_of(call)
        shop_id = call.account or ""
        self._refuse_locked()
        listing = _to_list(body)
        key = fields.text(body, "idempotency_key")
        if len(key) > 128:
            raise bad("idempotency_key has at most 128 characters")
        first = self._first_of(shop_id, key)
        if first is not None:
            return world.ok(_created(first, []))
        platforms = tuple(fields.texts(body, "listing_platforms")) or (TIKTOK_SHOP,)
        draft = self._reader(shop_id).read(body)
        rules.check_platforms(platforms, world.limits)
        if listing:
            rules.check(draft.content, platforms, world.store, world.limits)
        self._refuse_twin(shop_id, draft.content.external_id)
        self._count(shop_id)
        now = world.clock.now()
        product = Product(world.store.new_id(), shop_id, now, now, draft.content, requested=platforms)
        product.offers = {sku.id: self._offer(draft, sku.id, shop_id, listing=listing) for sku in draft.content.skus}
        if listing:
            world.submit(product, None, platforms)
        else:
            product.places = {platform: Place(state.DRAFT) for platform in platforms}
        if key:
            world.store.keys[f"{shop_id}:{key}"] = product.id
        world.save(product)
        world.note(product, "title", draft.content.title, call.by)
        world.note_offers(product, call.by, product.offers)
        data = {"product_id": product.id, "product_types": ["REGULAR_PRODUCT"], "update_time": int(now)}
        world.tell(shop_id, 16, data)
        return world.ok(_created(product, draft.warnings))

    def _first_of(self, shop_id: str, key: str) -> Product | None:
        """The product that was made with the same key, if keys are looked at (tiktok_shop.md 16.6)."""
        if not key or self._world.limits.idempotency == "ignored":
            return None
        product_id = self._world.store.keys.get(f"{shop_id}:{key}")
        if product_id is None:
            return None
        if self._world.limits.idempotency == "error":
            raise Refused(98001004, "The idempotency_key has been used.", kind="repeated")
        return self._world.store.get(shop_id, product_id)

    def _refuse_twin(self, shop_id: str, external_id: str, but: str = "") -> None:
        if not external_id or not self._world.limits.external_id_unique:
            return
        for product in self._world.store.all(shop_id):
            if product.id != but and product.base.external_id == external_id and not product.deleted:
                raise Refused(12052996, "The external_product_id is used by another product.", kind="repeated")

    def _count(self, shop_id: str) -> None:
        """How many products a shop may have, and make in a day (tiktok_shop.md 8)."""
        limits, shop = self._world.limits, self._world.store.shops[shop_id]
        day = datetime.fromtimestamp(self._world.clock.now(), UTC).astimezone(_DAY_ZONE).date().isoformat()
        if shop.day != day:
            shop.day, shop.created_today = day, 0
        full = sum(not product.deleted for product in self._world.store.all(shop_id)) >= limits.products_max
        if full or 0 < limits.products_per_day <= shop.created_today:
            raise Refused(12052093, "The product limit of the shop is reached.", kind="quota")
        shop.created_today += 1

    def _offer(self, draft: Draft, sku_id: str, shop_id: str, *, listing: bool) -> Offer:
        """Price and stock of a SKU that is new."""
        numbers = draft.numbers[sku_id]
        if listing and numbers.price is None:
            raise Refused(12052571, "The price is missing.")
        if listing and not numbers.stock:
            raise Refused(12052516, "The inventory is missing.")
        stock = numbers.stock or {warehouse_ids(self._world, shop_id)[0]: 0}
        return Offer(numbers.price or 0, stock)

    # Edit ---------------------------------------------------------------------------------------------

    def edit(self, call: Call) -> Answer:
        """Full edit: what is not in the body is overwritten with blanks (tiktok_shop.md 9)."""
        return self._edit(call, partial=False)

    def partial_edit(self, call: Call) -> Answer:
        """Partial edit: what is not in the body stays (tiktok_shop.md 9)."""
        return self._edit(call, partial=True)

    def _edit(self, call: Call, *, partial: bool) -> Answer:
        world, body = self._world, body_of(call)
        product = world.editable(call, path_id(call))
        listing = _to_list(body)
        start = product.draft or product.pending or product.base
        draft = self._reader(product.shop_id).read(body, start, partial=partial)
        named = tuple(fields.texts(body, "listing_platforms")) if body.get("listing_platforms") is not None else None
        platforms = named or product.on(state.ACTIVATE) or product.requested
        rules.check_platforms(platforms, world.limits)
        content_changed = draft.content != start
        if content_changed or not partial:
            self._refuse_locked()
        if content_changed and product.audited and world.limits.edits_during_audit == "refuse":
            raise Refused(12052901, "The product is under audit and cannot be edited now.", kind="review")
        if not listing:
            return self._save_draft(call, product, draft, partial=partial)
        rules.check(draft.content, platforms, world.store, world.limits)
        self._refuse_twin(product.shop_id, draft.content.external_id, product.id)
        changed = self._set_numbers(product, draft, call.by)
        if any(not product.offers[sku.id].price for sku in draft.content.skus):
            raise Refused(12052571, "The price is missing.")
        off(product, [platform for platform in product.places if platform not in platforms])
        self._list(product, draft.content, platforms)
        world.forget_offers(product)
        world.save(product)
        self._note(product, start, draft.content, changed, call)
        return world.ok(self._edited(product, draft, partial=partial))

    def _list(self, product: Product, content: Content, platforms: tuple[str, ...]) -> None:
        """Send the version where it is wanted; price and stock alone need no audit (tiktok_shop.md 9)."""
        world = self._world
        product.draft = None
        if all(_shown(product, content, platform) for platform in platforms):
            product.requested = platforms
            if not product.audited:
                world.end_audit(product)
        elif not world.limits.edit_relists and product.was_live and not product.on(state.ACTIVATE, state.PENDING):
            product.base, product.requested = content, platforms
            for platform in platforms:
                product.places.setdefault(platform, Place(state.SELLER_DEACTIVATED))
        else:
            world.submit(product, content, platforms)

    def _save_draft(self, call: Call, product: Product, draft: Draft, *, partial: bool) -> Answer:
        """`save_mode` AS_DRAFT; after going live a draft keeps no inventory (tiktok_shop.md 9)."""
        world = self._world
        if product.on(state.PENDING):
            raise Refused(12052901, "A draft cannot be saved in the current state of the product.", kind="review")
        if product.was_live:
            for sku_id in draft.numbers:
                if sku_id not in product.offers:
                    product.offers[sku_id] = self._offer(draft, sku_id, product.shop_id, listing=False)
            product.draft = replace(draft.content, delivery_options=product.base.delivery_options)
        else:
            self._set_numbers(product, draft, call.by, listing=False)
            product.base = draft.content
        world.forget_offers(product)
        world.save(product)
        return world.ok(self._edited(product, draft, partial=partial))

    def _set_numbers(self, product: Product, draft: Draft, by: str, *, listing: bool = True) -> list[str]:
        """Set what the body gives; what it leaves out stays. Returns the SKUs that changed."""
        changed = []
        for sku_id, numbers in draft.numbers.items():
            offer = product.offers.get(sku_id)
            if offer is None:
                product.offers[sku_id] = self._offer(draft, sku_id, product.shop_id, listing=listing)
                changed.append(sku_id)
                continue
            before = (offer.price, dict(offer.stock))
            if numbers.price is not None and numbers.price != offer.price:
                if self._world.locked(product, "price", sku_id):
                    raise Refused(12052038, "The price is locked by a promotion.", kind="promotion")
                offer.price = numbers.price
            if numbers.stock is not None:
                if self._world.locked(product, "stock", sku_id) and sum(numbers.stock.values()) < offer.total:
                    raise Refused(12052393, "The stock is locked by a promotion.", kind="promotion")
                offer.stock = dict(numbers.stock)
            if (offer.price, offer.stock) != before:
                changed.append(sku_id)
        return changed

    def _note(self, product: Product, start: Content, content: Content, changed: list[str], call: Call) -> None:
        if start.title != content.title:
            self._world.note(product, "title", content.title, call.by)
        self._world.note_offers(product, call.by, [sku_id for sku_id in changed if sku_id in product.offers])
        names = [name for name in ("title", "description", "skus") if getattr(start, name) != getattr(content, name)]
        data = {"product_id": product.id, "change_source": "OPEN_API", "changed_fields": names}
        self._world.tell(product.shop_id, 15, {**data, "update_time": int(product.updated)})

    def _edited(self, product: Product, draft: Draft, *, partial: bool) -> dict[str, Any]:
        place = product.places.get(TIKTOK_SHOP)
        audit = {"audit": {"status": place.audit}} if place is not None else {}
        data = {**_listed(product, draft.content, draft.warnings), **audit}
        if partial:
            # Its published answer has no warnings.
            del data["warnings"]
        return data

    # Check --------------------------------------------------------------------------------------------

    def listing_check(self, call: Call) -> Answer:
        """The same rules as create, without creating (tiktok_shop.md 2). The schema has no category version."""
        world, body = self._world, {**body_of(call), "category_version": "v2"}
        platforms = tuple(fields.texts(body, "listing_platforms")) or (TIKTOK_SHOP,)
        try:
            draft = self._reader(call.account or "").read(body)
            rules.check_platforms(platforms, world.limits)
            rules.check(draft.content, platforms, world.store, world.limits)
        except Refused as refusal:
            reason = {"code": refusal.code, "message": refusal.message}
            return world.ok({"check_result": "FAILED", "fail_reasons": [reason]})
        return world.ok({"check_result": "PASS", "fail_reasons": []})

    # Help ---------------------------------------------------------------------------------------------

    def _reader(self, shop_id: str) -> Reader:
        return Reader(self._world.store, self._world.limits, warehouse_ids(self._world, shop_id))

    def _refuse_locked(self) -> None:
        if self._world.limits.integration_lock:
            raise Refused(12052332, "The shop is being integrated: only price and stock can be edited.", kind="locked")


def _to_list(body: Mapping[str, Any]) -> bool:
    mode = fields.text(body, "save_mode", "LISTING") or "LISTING"
    if mode not in {"LISTING", "AS_DRAFT"}:
        raise bad("save_mode should be LISTING or AS_DRAFT")
    return mode == "LISTING"


def _shown(product: Product, content: Content, platform: str) -> bool:
    """Whether a storefront has this version, or has it under audit."""
    if platform in product.audited:
        return content == (product.pending or product.base)
    return platform in product.on(state.ACTIVATE) and content == product.base


def _created(product: Product, warnings: list[str]) -> dict[str, Any]:
    return _listed(product, product.pending or product.base, warnings)


def _listed(product: Product, content: Content, warnings: list[str]) -> dict[str, Any]:
    """What create and edit answer: ids to be matched by seller_sku or external_sku_id (tiktok_shop.md 8)."""
    skus = [
        {
            "id": sku.id,
            "seller_sku": sku.seller_sku,
            "external_sku_id": sku.external_sku_id,
            "sales_attributes": [{"id": sale.id, "value_id": sale.value_id} for sale in sku.sales],
        }
        for sku in content.skus
    ]
    return {"product_id": product.id, "skus": skus, "warnings": [{"message": text} for text in warnings]}
