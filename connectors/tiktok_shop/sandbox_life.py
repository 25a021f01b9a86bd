"""Activate, deactivate, delete, recover: up to 20 products a call, each by itself (tiktok_shop.md 1.1, 11)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from connectors.tiktok_shop import sandbox_fields as fields
from connectors.tiktok_shop import sandbox_rules as rules
from connectors.tiktok_shop import sandbox_state as state
from connectors.tiktok_shop.sandbox_catalogue import TIKTOK_SHOP
from connectors.tiktok_shop.sandbox_fields import Refused, bad, body_of
from connectors.tiktok_shop.sandbox_state import Place, Product
from connectors.tiktok_shop.sandbox_world import World, off
from syncer.sdk.sandbox import Answer, Call

_BUSY = Refused(36009003, "Internal error, please try again later.", kind="partial")

Change = Callable[[Product, tuple[str, ...]], None]


class LifeWrites:
    """The operations that change where a product stands, but not what it is."""

    def __init__(self, world: World) -> None:
        self._world = world

    def activate(self, call: Call) -> Answer:
        """Send deactivated products to audit again; without `listing_platforms` on TikTok Shop only."""
        return self._each(call, self._activate, by_platform=True, extra=True)

    def deactivate(self, call: Call) -> Answer:
        """Hide live products; without `listing_platforms` on TikTok Shop only (tiktok_shop.md 1.1)."""
        return self._each(call, self._deactivate, by_platform=True)

    def delete(self, call: Call) -> Answer:
        """Delete products that are not frozen on any storefront. The body of this DELETE is JSON."""
        return self._each(call, self._delete)

    def recover(self, call: Call) -> Answer:
        """Bring deleted products back, deactivated."""
        return self._each(call, self._recover)

    def _each(self, call: Call, change: Change, *, by_platform: bool = False, extra: bool = False) -> Answer:
        world, body = self._world, body_of(call)
        ids = fields.texts(body, "product_ids")
        if not 1 <= len(ids) <= 20:
            raise bad("product_ids, valid count: [1, 20]")
        platforms: tuple[str, ...] = ()
        if by_platform:
            platforms = tuple(fields.texts(body, "listing_platforms")) or (TIKTOK_SHOP,)
            rules.check_platforms(platforms, world.limits)
        doomed = set(range(len(ids) // 2, len(ids))) if call.partial else set()
        errors: list[dict[str, Any]] = []
        for index, product_id in enumerate(ids):
            refusal: Refused | None = _BUSY
            if index not in doomed:
                refusal = self._change(call, product_id, change, platforms)
            if refusal is not None:
                detail: dict[str, Any] = {"product_id": product_id, **({"extra_errors": []} if extra else {})}
                errors.append({"code": refusal.code, "message": refusal.message, "detail": detail})
        return world.ok({"errors": errors} if errors else None)

    def _change(self, call: Call, product_id: str, change: Change, platforms: tuple[str, ...]) -> Refused | None:
        """Change one product, or say why not."""
        try:
            product = self._world.own(call, product_id)
            change(product, platforms)
        except Refused as refusal:
            return refusal
        self._world.save(product)
        return None

    def _activate(self, product: Product, platforms: tuple[str, ...]) -> None:
        world = self._world
        if not set(platforms) & set(product.places):
            raise Refused(12052330, "The product is not on the chosen platform.", kind="platform")
        wanted = [platform for platform in platforms if platform in product.on(*state.OFF)]
        if not wanted:
            raise Refused(12052901, "Not possible in the current state of the product.", kind="state")
        if not world.limits.shop_ready:
            raise Refused(12052700, "The shop is not active.", kind="shop")
        under_way = tuple(platform for platform in product.audited if platform not in wanted)
        world.submit(product, product.pending, (*under_way, *wanted))
        product.requested = tuple({**dict.fromkeys(product.on(state.ACTIVATE)), **dict.fromkeys(wanted)})

    def _deactivate(self, product: Product, platforms: tuple[str, ...]) -> None:
        live = [platform for platform in platforms if platform in product.on(state.ACTIVATE)]
        if not set(platforms) & set(product.places):
            raise Refused(12052330, "The product is not on the chosen platform.", kind="platform")
        if not live:
            raise Refused(12052901, "Only products in the status ACTIVATE can be deactivated.", kind="state")
        off(product, live)
        if not product.audited:
            # The audit of an edit that is under way is cancelled; the old version is what there is.
            self._world.end_audit(product)

    def _delete(self, product: Product, _platforms: tuple[str, ...]) -> None:
        if product.deleted:
            raise Refused(12052260, "The product does not exist.", kind="gone")
        if product.on(state.FREEZE):
            raise Refused(12052901, "A frozen product cannot be deleted.", kind="state")
        product.places = {platform: Place(state.DELETED) for platform in product.places}
        self._world.end_audit(product)

    def _recover(self, product: Product, _platforms: tuple[str, ...]) -> None:
        if not product.deleted:
            raise Refused(12052901, "Only deleted products can be recovered.", kind="state")
        for platform, place in product.places.items():
            product.places[platform] = replace(place, status=state.SELLER_DEACTIVATED)
