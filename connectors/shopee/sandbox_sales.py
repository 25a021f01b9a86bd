"""What buyers do in the Shopee sandbox: they find an offer, and the platform's number follows (shopee.md 6.3, 7)."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.shopee.sandbox_control import Desk, is_visible
from connectors.shopee.sandbox_state import Item, Model, Promotion
from connectors.shopee.sandbox_world import World
from syncer.sdk.sandbox import ControlError, ForSale, OrderError, OrderWords

WORDS = OrderWords(
    flow=("UNPAID", "READY_TO_SHIP", "PROCESSED", "SHIPPED", "TO_CONFIRM_RECEIVE", "COMPLETED"),
    placed="UNPAID",
    paid="READY_TO_SHIP",
    shipped="SHIPPED",
    cancelled="CANCELLED",
    returned="TO_RETURN",
    others=("PENDING", "RETRY_SHIP", "IN_CANCEL", "INVOICE_PENDING"),
)
"""The statuses of shopee.md 6.3."""

SWITCHES: Mapping[str, Mapping[str, bool]] = {
    "lowers_at": {"UNPAID": True, "PENDING": True},
    "gives_back_at": {"CANCELLED": True},
}
"""The working assumption of shopee.md 6.3: the number falls when an order is placed, and comes back on cancel."""

_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_JAKARTA = timedelta(hours=7)


@dataclass(frozen=True, slots=True)
class Reserved:
    """How a purchase or its end moved the pieces that a promotion holds: what push 8 tells."""

    promotion: Promotion
    item_id: int
    model_id: int
    old: int
    new: int


class Sales:
    """Offers as buyers find them, and the numbers behind them."""

    def __init__(self, world: World, desk: Desk) -> None:
        self._world = world
        self._desk = desk
        self.reserved: list[Reserved] = []

    def order_sn(self) -> str:
        """A new order's number: the day, and eight letters and digits (shopee.md 6.1)."""
        day = datetime.fromtimestamp(self._world.clock.now(), UTC) + _JAKARTA
        return f"{day:%y%m%d}" + "".join(secrets.choice(_LETTERS) for _ in range(8))

    def for_sale(self, wanted: Mapping[str, Any]) -> ForSale:
        """One visible offer. Buyers take a running promotion's pieces while there are any (shopee.md 7).

        With `promotion: false` the purchase passes the promotion by.
        """
        try:
            item, model = self._desk.find({key: wanted[key] for key in wanted if wanted[key] is not None})
        except ControlError as error:
            raise OrderError(str(error)) from None
        if not is_visible(item) or (item.models and model is None):
            raise OrderError("That is not for sale.")
        model_id = model.model_id if model else 0
        stock = model.stock if model else item.stock
        promotion = None if wanted.get("promotion") is False else self._running(item, model_id)
        return ForSale(
            account=str(item.shop_id),
            listing_id=str(item.item_id),
            offer_id=str(model_id),
            sku=model.sku if model else item.sku,
            title=item.name,
            price=model.price if model else item.price,
            free=promotion.reserved if promotion else max(0, stock - self._world.reserved(item, model_id)),
            label=item.model_name(model) if model else "",
            listing_sku=item.sku,
            image=item.images[0] if item.images else "",
            promotion=str(promotion.promotion_id) if promotion else "",
        )

    def _running(self, item: Item, model_id: int) -> Promotion | None:
        now = self._world.clock.now()
        return next(
            (
                one
                for one in item.promotions
                if one.starts <= now < one.ends and one.reserved > 0 and one.model_id in (None, model_id)
            ),
            None,
        )

    def move_stock(self, offer: ForSale, pieces: int) -> int:
        """Move the seller's stock; pieces of a promotion come from, and go back to, what it holds (shopee.md 7)."""
        found = self._world.store.get(int(offer.account), int(offer.listing_id))
        if found is None:
            return 0
        item = found.copy()
        model = item.models.get(int(offer.offer_id))
        if model is None and (item.models or offer.offer_id != "0"):
            return 0
        target: Item | Model = model or item
        moved = max(pieces, -target.stock)
        target.stock += moved
        self._move_reserved(item, offer, moved)
        # The item's update_time stays: a sale is no edit.
        self._world.store.put(item)
        self._world.note(item, "stock", target.stock, "order", model)
        return moved

    def _move_reserved(self, item: Item, offer: ForSale, moved: int) -> None:
        now = self._world.clock.now()
        changed = []
        for one in item.promotions:
            if str(one.promotion_id) == offer.promotion and one.ends > now:
                after = replace(one, reserved=max(0, one.reserved + moved))
                self.reserved.append(Reserved(one, item.item_id, int(offer.offer_id), one.reserved, after.reserved))
                changed.append(after)
            else:
                changed.append(one)
        item.promotions = tuple(changed)
