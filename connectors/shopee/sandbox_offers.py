"""Price and stock: one item a call, each model by itself, two shapes of partial failure (shopee.md 5.15, 5.16)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.shopee import sandbox_rules as rules
from connectors.shopee.sandbox_fields import Refused, body_of, integer, missing, number, objects
from connectors.shopee.sandbox_state import Item, Model
from connectors.shopee.sandbox_world import World
from syncer.sdk.sandbox import Answer, Call

_BUSY = "System busy, please try later"
_NO_MODEL = "model ID not exist in sku"


class OfferWrites:
    """The two operations that set numbers. Neither moves `update_time`; both work during a review."""

    def __init__(self, world: World) -> None:
        self._world = world

    def update_price(self, call: Call) -> Answer:
        """Set prices. Permanent problems come with a text that says "try later" (shopee.md 5.15)."""
        world, body = self._world, body_of(call)
        item_id = integer(body, "item_id")
        entries = objects(body, "price_list", at_least=1, at_most=50)
        wanted = {integer(entry, "model_id", 0): rules.rupiah(number(entry, "original_price")) for entry in entries}
        try:
            item = world.own(call, item_id)
        except Refused as refusal:
            raise _price_failed(refusal.kind, _failures(wanted, "item not found")) from None
        if len(wanted) != len(entries):
            raise Refused("error_param", "Repeat model_id.")
        for model_id in wanted:
            if world.locked(item, "price", model_id):
                raise Refused(
                    "error_cannt_edit_price_in_promotion",
                    "Cannot edit the price while the item is in a promotion.",
                    kind="promotion",
                )
        failed = self._price_failures(item, wanted, _doomed(call, list(wanted)))
        good = {model_id: price for model_id, price in wanted.items() if model_id not in failed}
        if good and not rules.ratio_fits(_prices_with(item, good), world.limits):
            raise _price_failed("invalid", _failures(wanted, "price ratio between models is over the limit"))
        failure_list = [{"model_id": key, "failed_reason": reason} for key, reason in failed.items()]
        if not good:
            raise _price_failed("invalid", failure_list)
        for model_id, price in good.items():
            model = item.models.get(model_id)
            old = model.price if model else item.price
            if model is None:
                item.price = price
            else:
                model.price = price
            world.note(item, "price", price, call.by, model)
            world.tell_price(item, model_id, old, price)
        world.store.put(item)
        success = [
            {"model_id": key, "original_price": price} if key else {"original_price": price}
            for key, price in good.items()
        ]
        return world.ok({"success_list": success, "failure_list": failure_list})

    def _price_failures(self, item: Item, wanted: Mapping[int, int], doomed: set[int]) -> dict[int, str]:
        failed: dict[int, str] = {}
        for model_id, price in wanted.items():
            if not _exists(item, model_id):
                failed[model_id] = _NO_MODEL
                continue
            if model_id in doomed:
                failed[model_id] = _BUSY
                continue
            try:
                rules.check_price(price, self._world.limits)
            except Refused as refusal:
                if len(wanted) == 1:
                    raise
                failed[model_id] = refusal.message
        return failed

    def update_stock(self, call: Call) -> Answer:
        """Set absolute stock numbers (shopee.md 5.16)."""
        world, body = self._world, body_of(call)
        item = world.own(call, integer(body, "item_id"))
        wanted = self._stock_wanted(body)
        self._refuse_stock(item, wanted)
        failed = self._stock_failures(item, wanted, _doomed(call, list(wanted)))
        good = {model_id: stock for model_id, stock in wanted.items() if model_id not in failed}
        for model_id, stock in good.items():
            model = item.models.get(model_id)
            if model is None:
                item.stock = stock
            else:
                model.stock = stock
            world.note(item, "stock", stock, call.by, model)
        if good:
            world.store.put(item)
        response = {
            "success_list": [{"model_id": key, "location_id": "", "stock": stock} for key, stock in good.items()],
            "failure_list": [{"model_id": key, "failed_reason": reason} for key, reason in failed.items()],
        }
        if failed and (not good or world.limits.partial_shape == "code"):
            raise Refused(
                "error_busi_update_stock_failed",
                "Update stock failed, please check failure_list for detailed reason",
                response=response,
            )
        return world.ok(response)

    def _stock_wanted(self, body: Mapping[str, Any]) -> dict[int, int]:
        wanted: dict[int, int] = {}
        for entry in objects(body, "stock_list", at_least=1, at_most=50):
            model_id = integer(entry, "model_id", 0)
            stock = rules.seller_stock_of(entry, self._world.limits)
            if stock is None:
                raise missing("seller_stock")
            if model_id in wanted:
                raise Refused("error_param", "Repeat model_id.")
            wanted[model_id] = stock
        return wanted

    def _refuse_stock(self, item: Item, wanted: Mapping[int, int]) -> None:
        """Refusals of the call as a whole."""
        world = self._world
        if world.limits.holiday == "full":
            raise Refused("error_holiday_mode_change_stock", "The shop is on holiday.", kind="holiday")
        if item.models and 0 in wanted:
            raise Refused("error_edit_item_stock_for_item_has_model", "The item has models, name them.")
        if all(not _exists(item, model_id) for model_id in wanted):
            raise Refused("error_param", "Wrong model_id.", kind="gone")
        for model_id, stock in wanted.items():
            if world.locked(item, "stock", model_id):
                raise Refused(
                    "error_cannt_edit_stock_in_promotion",
                    "Cannot edit the stock while the item is in a promotion.",
                    kind="promotion",
                )
            held = world.reserved(item, model_id)
            if 0 <= stock < held:
                raise Refused(
                    "error_param",
                    f"Stock should not be less than the reserved stock {held} of promotions.",
                    kind="promotion",
                )

    def _stock_failures(self, item: Item, wanted: Mapping[int, int], doomed: set[int]) -> dict[int, str]:
        failed: dict[int, str] = {}
        for model_id, stock in wanted.items():
            model = item.models.get(model_id)
            if not _exists(item, model_id):
                failed[model_id] = _NO_MODEL
            elif model_id in doomed:
                failed[model_id] = _BUSY
            elif not rules.stock_fits(stock, self._world.limits, creating=False):
                name = item.model_name(model) if model else ""
                failed[model_id] = rules.stock_text(self._world.limits, name, creating=False)
        return failed


def _exists(item: Item, model_id: int) -> bool:
    """Model id 0 is a real value: "no variation" (shopee.md gotcha 9)."""
    return model_id in item.models if item.models else model_id == 0


def _doomed(call: Call, model_ids: list[int]) -> set[int]:
    """Which entries the fault `partial` lets fail: the second half, at least one."""
    return set(model_ids[len(model_ids) // 2 :]) if call.partial else set()


def _prices_with(item: Item, wanted: Mapping[int, int]) -> list[int]:
    """All prices after the write; siblings not named keep theirs (shopee.md 5.15)."""

    def price(model: Model) -> int:
        return wanted.get(model.model_id, model.price)

    return [price(model) for model in item.models.values()]


def _failures(wanted: Mapping[int, int], reason: str) -> list[dict[str, Any]]:
    return [{"model_id": model_id, "failed_reason": reason} for model_id in wanted]


def _price_failed(kind: str, failure_list: list[dict[str, Any]]) -> Refused:
    return Refused(
        "error_update_price_fail",
        "Update price failed, please try later",
        kind=kind,
        response={"success_list": [], "failure_list": failure_list},
    )
