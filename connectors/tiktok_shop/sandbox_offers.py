"""Price and stock, one product a call (tiktok_shop.md 10)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.tiktok_shop import sandbox_fields as fields
from connectors.tiktok_shop import sandbox_state as state
from connectors.tiktok_shop.sandbox_content import check_quantity, price_of
from connectors.tiktok_shop.sandbox_fields import Refused, bad, body_of, path_id
from connectors.tiktok_shop.sandbox_state import Offer, Product
from connectors.tiktok_shop.sandbox_world import World
from syncer.sdk.sandbox import Answer, Call


class OfferWrites:
    """The operations that set numbers, at once and without audit."""

    def __init__(self, world: World) -> None:
        self._world = world

    def update_price(self, call: Call) -> Answer:
        """Set prices, all or none. Only on a product that is live and in no promotion (tiktok_shop.md 10)."""
        world = self._world
        product = world.editable(call, path_id(call))
        if not product.on(state.ACTIVATE):
            raise Refused(12052901, "Prices can be updated in the status ACTIVATE only.", kind="review")
        wanted: dict[str, int] = {}
        for entry in self._entries(call):
            sku_id = fields.text(entry, "id")
            if sku_id not in product.offers:
                raise Refused(98001004, f"The SKU {sku_id} does not belong to the product.")
            wanted[sku_id] = price_of(fields.mapping(entry, "price"), world.limits)
            if world.locked(product, "price", sku_id):
                raise Refused(12052038, "The price is locked by a promotion.", kind="promotion")
        for sku_id, price in wanted.items():
            product.offers[sku_id].price = price
            world.note(product, "price", price, call.by, sku_id)
        world.save(product)
        return world.ok()

    def update_inventory(self, call: Call) -> Answer:
        """Set absolute numbers, each SKU by itself: code 0 with `errors` is a partial failure (5, 10)."""
        world = self._world
        product = world.editable(call, path_id(call))
        entries = self._entries(call)
        doomed = set(range(len(entries) // 2, len(entries))) if call.partial else set()
        errors: list[dict[str, Any]] = []
        for index, entry in enumerate(entries):
            sku_id = fields.text(entry, "id")
            offer = product.offers.get(sku_id)
            if offer is None:
                errors.append(_error(98001004, "The SKU does not belong to the product.", sku_id))
                continue
            if index in doomed:
                errors.append(_error(36009003, "Internal error, please try again later.", sku_id))
                continue
            stock = self._stock(product, sku_id, offer, entry, errors)
            if stock is not None:
                offer.stock = stock
                world.note(product, "stock", offer.total, call.by, sku_id)
        if len(errors) < len(entries):
            world.save(product)
        return world.ok({"errors": errors} if errors else None)

    def _entries(self, call: Call) -> list[dict[str, Any]]:
        entries = fields.objects(body_of(call), "skus")
        if not entries:
            raise bad("skus is required")
        if len({str(entry.get("id")) for entry in entries}) != len(entries):
            raise bad("skus has an id twice")
        return entries

    def _stock(
        self,
        product: Product,
        sku_id: str,
        offer: Offer,
        entry: Mapping[str, Any],
        errors: list[dict[str, Any]],
    ) -> dict[str, int] | None:
        """The new numbers of a SKU by warehouse, None after noting why not: all its warehouses, and no others."""
        limits = self._world.limits
        found: dict[str, int] = {}
        extra: list[tuple[int, str, str]] = []
        for row in fields.objects(entry, "inventory"):
            warehouse = fields.text(row, "warehouse_id")
            if not warehouse and len(offer.stock) == 1:
                warehouse = next(iter(offer.stock))
            if warehouse not in offer.stock:
                extra.append((12052097, "The warehouse is not one of the SKU's.", warehouse))
                continue
            quantity = fields.integer(row, "quantity")
            if quantity is None:
                raise bad("quantity is required")
            try:
                check_quantity(quantity, limits.stock_min_update, limits)
            except Refused as refusal:
                extra.append((refusal.code, refusal.message, warehouse))
            found[warehouse] = quantity
        missing = set(offer.stock) - set(found)
        if not extra and missing:
            extra = [(12052516, "The list of warehouses is incomplete.", key) for key in sorted(missing)]
        if not extra and self._world.locked(product, "stock", sku_id) and sum(found.values()) < offer.total:
            extra.append((12052393, "The stock is locked by a promotion.", next(iter(offer.stock))))
        held = sum(promotion.quantity for promotion in self._world.held(product, sku_id))
        if not extra and sum(found.values()) < min(held, offer.total):
            extra.append((12052393, "The stock is held by a promotion.", next(iter(offer.stock))))
        if extra:
            errors.append(_error(extra[0][0], extra[0][1], sku_id, extra))
            return None
        return found


def _error(code: int, message: str, sku_id: str, extra: Sequence[tuple[int, str, str]] = ()) -> dict[str, Any]:
    """One entry of `data.errors` (tiktok_shop.md 10)."""
    rows = [{"code": number, "message": text, "warehouse_id": warehouse} for number, text, warehouse in extra]
    return {"code": code, "message": message, "detail": {"sku_id": sku_id, "extra_errors": rows}}
