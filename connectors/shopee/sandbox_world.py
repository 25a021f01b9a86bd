"""What the operations of the Shopee sandbox share: the store, envelopes, reviews, and who may be edited."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from connectors.shopee import sandbox_state as state
from connectors.shopee.sandbox_fields import Refused
from connectors.shopee.sandbox_limits import ShopeeLimits
from connectors.shopee.sandbox_state import Item, Model, Store
from syncer.sdk.sandbox import Answer, Call
from syncer.sdk.sandbox.clock import Clock
from syncer.sdk.sandbox.history import History


@dataclass(slots=True)
class World:
    """The sandbox's truth and its rules, as the operations need them."""

    store: Store
    limits: ShopeeLimits
    clock: Clock
    history: History
    base_url: Callable[[], str]
    tell: Callable[[int, int, Mapping[str, Any]], None] = lambda _shop, _code, _data: None
    """Sends a push of a shop: its code and data (shopee.md 8.3)."""

    # Answers ------------------------------------------------------------------------------------------

    def envelope(self, **more: Any) -> dict[str, Any]:
        """The outer keys of an answer (shopee.md 4); without `error` where that switch is off."""
        found: dict[str, Any] = {"error": "", "message": "", "warning": "", "request_id": secrets.token_hex(16)}
        if not self.limits.error_key:
            del found["error"]
        return {**found, **more}

    def ok(self, response: Any) -> Answer:
        """A success with a payload under `response`."""
        return Answer(body=self.envelope(response=response))

    def bare(self) -> Answer:
        """A success without payload: only the envelope (shopee.md 4)."""
        return Answer(body=self.envelope())

    def flat(self, **fields: Any) -> Answer:
        """A success whose fields stand beside `error` (shopee.md 4)."""
        return Answer(body={**self.envelope(), **fields})

    def image_url(self, image_id: str) -> str:
        """Where a picture can be seen."""
        return f"{self.base_url()}/file/{image_id}"

    # Items --------------------------------------------------------------------------------------------

    def shop_id(self, call: Call) -> int:
        """The shop that calls."""
        return int(call.account or 0)

    def own(self, call: Call, item_id: int) -> Item:
        """A copy of an item of the calling shop that still exists (shopee.md 5.16)."""
        found = self.store.get(self.shop_id(call), item_id)
        if found is None:
            if self.store.find(item_id) is not None and item_id not in self.store.shops[self.shop_id(call)].items:
                raise Refused("error_item_not_belong_shop", "The item does not belong to the shop.", kind="gone")
            raise Refused("error_item_not_found", "Product not found.", kind="gone")
        if found.status in state.DELETED:
            raise Refused("error_item_not_found", "Product not found.", kind="gone")
        return found.copy()

    def editable(self, call: Call, item_id: int) -> Item:
        """A copy of an item whose content may be edited now.

        Deleted ones are `error_item_uneditable`; while under review edits are refused (shopee.md 5.8, 5.22).
        """
        found = self.store.get(self.shop_id(call), item_id)
        if found is not None and found.status in state.DELETED:
            raise Refused("error_item_uneditable", "The item is deleted and cannot be edited.", kind="gone")
        item = self.own(call, item_id)
        if item.status == state.REVIEW:
            raise Refused(
                "error_busi_item_status_invalid", "Item is under review and cannot be edited now.", kind="review"
            )
        return item

    def save(self, item: Item) -> None:
        """Make an edited item the present one; its `update_time` moves."""
        item.updated = self.clock.now()
        self.store.put(item)

    def send_to_review(self, item: Item) -> None:
        """Put a new or edited item under review; what it becomes afterwards is kept (shopee.md 5.22)."""
        if item.status in {state.LIVE, state.HIDDEN}:
            item.after_review = item.status
        item.violation = None
        if self.limits.review:
            item.status = state.REVIEW
            item.review_until = self.clock.now() + self.limits.review_delay_s
        else:
            self.finish_review(item)

    def settle(self) -> None:
        """End the reviews that are over. Called before every answer."""
        for due in self.store.due_reviews():
            item = due.copy()
            until = item.review_until or self.clock.now()
            self.finish_review(item)
            item.updated = until
            self.store.put(item, at=until)

    def finish_review(self, item: Item) -> None:
        """The reviewer's answer: back to what it was, or banned for a forbidden word."""
        word = next((word for word in self.limits.ban_words if word.lower() in item.name.lower()), None)
        item.review_until = None
        if word is not None:
            self.ban(item, f"Judul memuat kata yang dilarang: {word}")
            return
        item.status = item.after_review
        item.was_live = item.was_live or item.status == state.LIVE

    def ban(self, item: Item, reason: str) -> None:
        """Ban an item, with the record that `get_item_violation_info` shows (shopee.md 5.23)."""
        now = self.clock.now()
        item.status = state.BANNED
        item.review_until = None
        item.violation = {
            "violation_type": "Prohibited Listing",
            "violation_reason": reason,
            "suggestion": "Ubah barang ini, lalu kirim lagi.",
            "fix_deadline_time": int(now) + 7 * 86400,
            "update_time": int(now),
        }
        data = {"item_id": item.item_id, "item_name": item.name, "item_status": item.status, "deboost": False}
        self.tell(item.shop_id, 16, {**data, "item_status_details": [item.violation], "deboosted_details": []})

    # Promotions ---------------------------------------------------------------------------------------

    def locked(self, item: Item, what: str, model_id: int | None = None) -> bool:
        """Whether a running or scheduled promotion locks `what` (shopee.md 5.15)."""
        now = self.clock.now()
        return any(
            what in promotion.locks
            and promotion.ends > now
            and (model_id is None or promotion.model_id in (None, model_id))
            for promotion in item.promotions
        )

    def reserved(self, item: Item, model_id: int) -> int:
        """Pieces that running or scheduled promotions hold of one model (shopee.md 7)."""
        now = self.clock.now()
        return sum(
            promotion.reserved
            for promotion in item.promotions
            if promotion.ends > now and promotion.model_id in (None, model_id)
        )

    # History ------------------------------------------------------------------------------------------

    def note(self, item: Item, field: str, value: Any, by: str, model: Model | None = None) -> None:
        """Note an accepted value for the checker."""
        self.history.add(
            self.clock.now(),
            str(item.shop_id),
            str(item.item_id),
            field,
            value,
            sku=model.sku if model else item.sku,
            offer_id=str(model.model_id) if model else "0",
            by=by,
        )

    def tell_price(self, item: Item, model_id: int, old: int, new: int) -> None:
        """Push 22: it fires on an application's own writes too (shopee.md 8.3)."""
        data = {"item_id": item.item_id, "model_id": model_id, "old_value": old, "new_value": new}
        self.tell(item.shop_id, 22, {**data, "update_field": "original_price", "update_time": int(self.clock.now())})

    def note_offers(self, item: Item, by: str) -> None:
        """Note price and stock of all models, after a create or a change of variations."""
        for model in item.models.values():
            self.note(item, "price", model.price, by, model)
            self.note(item, "stock", model.stock, by, model)
        if not item.models:
            self.note(item, "price", item.price, by)
            self.note(item, "stock", item.stock, by)
