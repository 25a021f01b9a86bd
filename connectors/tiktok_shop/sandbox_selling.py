"""What happens in the TikTok Shop sandbox when somebody buys: number, order and events (tiktok_shop.md 10, 12, 14)."""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from connectors.tiktok_shop import sandbox_state as state
from connectors.tiktok_shop.sandbox_control import STOREFRONTS
from connectors.tiktok_shop.sandbox_limits import TiktokLimits
from connectors.tiktok_shop.sandbox_orders import (
    AWAITING_SHIPMENT,
    CASH,
    ON_HOLD,
    SAMPLE,
    SWITCHES,
    WORDS,
    events_of,
    front_of,
)
from connectors.tiktok_shop.sandbox_state import Product, Sku, Store
from connectors.tiktok_shop.sandbox_world import World
from syncer.sdk.sandbox import ForSale, OrderError, OrderWords, Sandbox, SoldOrder

_FIRST_ORDER, _FIRST_LINE = 576_653_688_135_000_000, 576_653_690_000_000_000


class SellingSandbox(Sandbox):
    """Orders of both storefronts. The sandbox itself sets `store` and `world`."""

    order_words: ClassVar[OrderWords | None] = WORDS
    order_switches: ClassVar[Mapping[str, Mapping[str, bool]]] = SWITCHES
    line_per_piece: ClassVar[bool] = True

    store: Store
    world: World

    def begin_selling(self) -> None:
        """An empty order book; no order waits for the end of its free hour."""
        super().begin_selling()
        self._on_hold: list[tuple[float, str]] = []
        self._told: dict[str, SoldOrder] = {}
        self._kind = ""

    # Buying -------------------------------------------------------------------------------------------

    def for_sale(self, wanted: Mapping[str, Any]) -> ForSale:
        """The SKU that `wanted` names, if it is live on `front` (or, without one, on any storefront)."""
        product, sku = self._wanted(wanted)
        live = product.on(state.ACTIVATE)
        front = front_of(wanted.get("front"), STOREFRONTS, live)
        if front not in live:
            raise OrderError(f"{product.base.title} cannot be bought there.")
        offer, held = product.offers[sku.id], self.world.held(product, sku.id)
        image = next((sale.image for sale in sku.sales if sale.image), next(iter(product.base.images), ""))
        return ForSale(
            product.shop_id,
            product.id,
            sku.id,
            sku.seller_sku,
            product.base.title,
            offer.price,
            offer.total,
            label=sku.label or "Default",
            image=self.world.image_url(image) if image else "",
            promotion=held[0].id if held else "",
        )

    def _wanted(self, wanted: Mapping[str, Any]) -> tuple[Product, Sku]:
        remote_id, offer, shop_id = wanted.get("remote_id"), wanted.get("offer") or wanted.get("sku"), None
        if wanted.get("shop_id") is not None:
            shop_id = str(wanted["shop_id"])
        for shop, products in self.store.products.items():
            if shop_id not in (None, shop):
                continue
            for product in products.values() if remote_id is None else filter(None, [products.get(str(remote_id))]):
                skus = [one for one in product.base.skus if offer in (None, one.id, one.seller_sku)]
                if skus and not product.deleted and (offer is not None or len(skus) == 1):
                    return product, skus[0]
        raise OrderError("There is no such offer; name it by sku, or by remote_id and offer.")

    def place_order(self, wanted: Mapping[str, Any]) -> SoldOrder:
        """As usual, on a storefront (`front`: TOKOPEDIA or TIKTOK_SHOP); `kind` is cash, sample or nothing.

        Cash on delivery is never unpaid.
        """
        self.world.settle()
        kind, rows = str(wanted.get("kind") or ""), wanted.get("lines")
        if kind not in ("", CASH, SAMPLE):
            raise OrderError(f"kind must be {CASH} or {SAMPLE}")
        if kind == CASH and wanted.get("status") == WORDS.placed:
            raise OrderError("an order with cash on delivery is never UNPAID")
        if isinstance(rows, list) and rows and all(isinstance(row, Mapping) for row in rows):
            product, _ = self._wanted({"shop_id": wanted.get("shop_id"), **rows[0]})
            front = front_of(wanted.get("front"), STOREFRONTS, product.on(state.ACTIVATE))
            wanted = {**wanted, "front": front, "lines": [{**row, "front": front} for row in rows]}
        self._kind = kind
        return super().place_order(wanted)

    def buy(self, storefront: str | None, account: str | None, product_id: str, offer: str) -> str:
        """The buy button of either window; without a name it is Tokopedia's."""
        return super().buy(storefront or "tokopedia", account, product_id, offer)

    def new_order_id(self) -> str:
        """18 digits, too long for a float (tiktok_shop.md 2.1)."""
        order_id = str(_FIRST_ORDER + self.book.number())
        if self._kind:
            self.store.order_kinds[order_id] = self._kind
        return order_id

    def new_line_id(self, offer: ForSale) -> str:
        """18 digits as well."""
        return str(_FIRST_LINE + self.book.number())

    # The number ---------------------------------------------------------------------------------------

    def move_stock(self, offer: ForSale, pieces: int) -> int:
        """Take pieces from the first warehouses that have some, or put them back into the first (tiktok_shop.md 10)."""
        found = self.store.get(offer.account, offer.listing_id)
        if found is None or offer.offer_id not in found.offers:
            return 0
        product = found.copy()
        stock, left = product.offers[offer.offer_id].stock, pieces
        for warehouse, there in stock.items():
            moved = max(left, -there)
            stock[warehouse] = there + moved
            left -= moved
        product.promotions = tuple(
            replace(one, quantity=max(one.quantity + pieces, 0)) if one.id == offer.promotion else one
            for one in product.promotions
        )
        self.store.put(product)
        self.world.note(product, "stock", product.offers[offer.offer_id].total, "order", offer.offer_id)
        return pieces - left

    # Events and time ----------------------------------------------------------------------------------

    def webhook_app(self, account: str) -> str:
        """The application that the shop's events belong to."""
        return self.store.shops[account].app_key

    def tell_order(self, order: SoldOrder) -> None:
        """Events for registered addresses and the app's own; the free hour begins to run."""
        if order.status == ON_HOLD:
            heapq.heappush(self._on_hold, (order.updated + self._hold_s, order.order_id))
        for kind, data in events_of(order, self._told.get(order.order_id)):
            self.world.tell(order.account, kind, data)
        self._told[order.order_id] = order

    def end_holds(self) -> None:
        """Orders whose hour of free cancelling is over go on (tiktok_shop.md 12)."""
        now = self.clock.now()
        while self._on_hold and self._on_hold[0][0] <= now:
            until, order_id = heapq.heappop(self._on_hold)
            order = self.book.get(order_id)
            if order is not None and order.status == ON_HOLD and order.updated + self._hold_s <= until:
                self.move_order(order_id, AWAITING_SHIPMENT)

    def find_orders(self) -> None:
        """Look once, after a restart, at what was told and which orders wait."""
        self._told = {order.order_id: order for order in self.book.all()}
        self._on_hold = [
            (order.updated + self._hold_s, order.order_id) for order in self.book.all() if order.status == ON_HOLD
        ]
        heapq.heapify(self._on_hold)

    @property
    def _hold_s(self) -> float:
        limits = self.limits
        return limits.on_hold_s if isinstance(limits, TiktokLimits) else 0.0
