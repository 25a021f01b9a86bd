"""Variations: tiers and models, and how edits of them kill model ids (shopee.md 5.9 to 5.13, 5.17)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.shopee import sandbox_rules as rules
from connectors.shopee.sandbox_fields import (
    Refused,
    body_of,
    integer,
    mapping,
    missing,
    number,
    objects,
    text,
    wrong,
)
from connectors.shopee.sandbox_state import Item, Model, Option, Tier
from connectors.shopee.sandbox_world import World
from syncer.sdk.sandbox import Answer, Call


class VariationWrites:
    """The operations that change tiers and models."""

    def __init__(self, world: World) -> None:
        self._world = world

    def init_tier_variation(self, call: Call) -> Answer:
        """Change the depth of tiers; every earlier model id dies (shopee.md 5.10)."""
        world, body = self._world, body_of(call)
        item = self._editable(call, body)
        self._refuse_too_early(item)
        tiers = _tiers(body)
        if world.locked(item, "content"):
            raise Refused("error_cannt_init_tier_in_promotion", "The item is in a promotion.", kind="promotion")
        entries = objects(body, "model", at_least=1, at_most=world.limits.models_max)
        if len(tiers) == len(item.tiers):
            raise Refused("error_param", "The level of tier-variation not change.")
        rules.check_tiers(tiers, world.limits, world.store.pictures)
        models = [self._model(item, tiers, entry) for entry in entries]
        if not tiers:
            self._flatten(item, models)
        else:
            rules.check_models(models, tiers, world.limits)
            item.tiers = tiers
            item.models = {model.model_id: model for model in models}
        self._review(item)
        world.save(item)
        world.note_offers(item, call.by)
        return world.ok(
            {
                "item_id": item.item_id,
                "tier_variation": [self._tier_echo(tier) for tier in item.tiers],
                "model": [self._model_echo(item, model) for model in item.models.values()],
            }
        )

    def update_tier_variation(self, call: Call) -> Answer:
        """Change options at the same depth; a model left out of `model_list` is deleted (shopee.md 5.11)."""
        world, body = self._world, body_of(call)
        item = self._editable(call, body)
        if not item.tiers:
            raise Refused("error_param", "The item has no variation, please use init_tier_variation.")
        tiers = _tiers(body)
        if len(tiers) != len(item.tiers):
            raise Refused("error_tier_var_level_not_same", "The level of tier-variation is not the same.")
        rules.check_tiers(tiers, world.limits, world.store.pictures)
        bindings = self._bindings(item, tiers, body)
        if not bindings:
            raise Refused("error_busi_cannot_delete_all_model", "Cannot delete all models.")
        lost = [model_id for model_id in item.models if model_id not in bindings]
        if lost and world.locked(item, "content"):
            raise Refused("error_cannt_delete_option_in_promotion", "The item is in a promotion.", kind="promotion")
        models = []
        for model_id, tier_index in bindings.items():
            model = item.models[model_id]
            model.tier_index = tier_index
            models.append(model)
        rules.check_models(models, tiers, world.limits)
        item.tiers = tiers
        item.models = {model.model_id: model for model in models}
        self._review(item)
        world.save(item)
        return world.bare()

    def add_model(self, call: Call) -> Answer:
        """Add models for combinations that have none yet (shopee.md 5.12)."""
        world, body = self._world, body_of(call)
        item = self._editable(call, body)
        if not item.tiers:
            raise Refused("error_param", "The item has no variation, please use init_tier_variation.")
        entries = objects(body, "model_list", at_least=1, at_most=50)
        added = [self._model(item, item.tiers, entry) for entry in entries]
        rules.check_models([*item.models.values(), *added], item.tiers, world.limits)
        item.models.update({model.model_id: model for model in added})
        self._review(item)
        world.save(item)
        for model in added:
            world.note(item, "price", model.price, call.by, model)
            world.note(item, "stock", model.stock, call.by, model)
        return world.ok({"model": [self._model_echo(item, model) for model in added]})

    def update_model(self, call: Call) -> Answer:
        """Change SKU, weight, size or GTIN of models (shopee.md 5.13)."""
        world, body = self._world, body_of(call)
        item = self._editable(call, body)
        for entry in objects(body, "model", at_least=1, at_most=50):
            model = item.models.get(integer(entry, "model_id"))
            if model is None:
                raise Refused("error_wrong_modelid", "Wrong model_id.", kind="gone")
            model.sku = text(entry, "model_sku")
            if len(model.sku) > 100:
                raise Refused("error_param", "model_sku should not exceed 100 characters")
            model.gtin = text(entry, "gtin_code", model.gtin)
            rules.check_gtin(model.gtin)
            _take_size(model, entry)
        world.save(item)
        return world.bare()

    def delete_model(self, call: Call) -> Answer:
        """Delete one model; the last one stays (shopee.md 5.17)."""
        world, body = self._world, body_of(call)
        item = self._editable(call, body)
        model_id = integer(body, "model_id")
        if model_id not in item.models:
            raise Refused("error_model_invalid_model_id", "Wrong model_id.", kind="gone")
        if world.locked(item, "content", model_id):
            raise Refused("error_in_model_promotion_delete_lock", "The model is in a promotion.", kind="promotion")
        if len(item.models) == 1:
            raise Refused("error_busi_cannot_delete_default_model", "Cannot delete the last model.")
        del item.models[model_id]
        self._review(item)
        world.save(item)
        return world.bare()

    # Parts --------------------------------------------------------------------------------------------

    def _editable(self, call: Call, body: Mapping[str, Any]) -> Item:
        return self._world.editable(call, integer(body, "item_id"))

    def _review(self, item: Item) -> None:
        if self._world.limits.review_variations:
            self._world.send_to_review(item)

    def _refuse_too_early(self, item: Item) -> None:
        """The pause of 5 seconds after `add_item` (shopee.md 5.10); the text is the one clients report."""
        if not item.tiers and self._world.clock.now() < item.created + self._world.limits.variation_wait_s:
            raise Refused("error_inner", "get update lock failed, please try later", kind="early")

    def _model(self, item: Item, tiers: tuple[Tier, ...], entry: Mapping[str, Any]) -> Model:
        index = _tier_index(entry)
        stock = rules.seller_stock_of(entry, self._world.limits)
        if stock is None:
            raise missing("seller_stock")
        if entry.get("pre_order") is not None:
            raise Refused("error_auth", "No permission to set model level DTS.")
        model = Model(
            self._world.store.new_model_id(),
            index,
            text(entry, "model_sku", ""),
            rules.rupiah(number(entry, "original_price")),
            stock,
            gtin=text(entry, "gtin_code", ""),
        )
        _take_size(model, entry)
        rules.check_price(model.price, self._world.limits)
        name = ",".join(tier.options[i].name for tier, i in zip(tiers, index, strict=False) if i < len(tier.options))
        rules.check_stock(stock, self._world.limits, name)
        return model

    def _flatten(self, item: Item, models: list[Model]) -> None:
        """Back to no variation: `tier_index: []` carries price and stock (shopee.md 5.10)."""
        if len(models) != 1 or models[0].tier_index:
            raise Refused("error_param", "tier_index error: an item without variation has one model.")
        item.tiers, item.models = (), {}
        item.price, item.stock = models[0].price, models[0].stock

    def _bindings(self, item: Item, tiers: tuple[Tier, ...], body: Mapping[str, Any]) -> dict[int, tuple[int, ...]]:
        """Which model sits where afterwards. Without `model_list` models keep their place if it still exists."""
        if body.get("model_list") is None:
            return {
                model.model_id: model.tier_index
                for model in item.models.values()
                if all(i < len(tier.options) for i, tier in zip(model.tier_index, tiers, strict=True))
            }
        bindings: dict[int, tuple[int, ...]] = {}
        for entry in objects(body, "model_list"):
            model_id = integer(entry, "model_id")
            if model_id not in item.models:
                raise Refused("error_wrong_modelid", "Wrong model_id.", kind="gone")
            if model_id in bindings:
                raise Refused("error_duplicate_modelid", "Repeat model_id.")
            bindings[model_id] = _tier_index(entry)
        return bindings

    def _tier_echo(self, tier: Tier) -> dict[str, Any]:
        options = []
        for option in tier.options:
            found: dict[str, Any] = {"option": option.name}
            if option.image_id:
                found["image"] = {"image_url": self._world.image_url(option.image_id)}
            options.append(found)
        return {"name": tier.name, "option_list": options}

    def _model_echo(self, item: Item, model: Model) -> dict[str, Any]:
        """`price_info` is an array here (shopee.md 5.10)."""
        return {
            "tier_index": list(model.tier_index),
            "model_id": model.model_id,
            "model_sku": model.sku,
            "price_info": [{"original_price": model.price}],
            "seller_stock": [{"stock": model.stock}],
            "weight": item.weight if model.weight is None else model.weight,
        }


def _tier_index(entry: Mapping[str, Any]) -> tuple[int, ...]:
    value = entry.get("tier_index")
    if value is None:
        raise missing("tier_index")
    if not isinstance(value, list) or any(isinstance(i, bool) or not isinstance(i, int) for i in value):
        raise wrong("tier_index", "int[]")
    return tuple(value)


def _take_size(model: Model, entry: Mapping[str, Any]) -> None:
    if entry.get("weight") is not None:
        model.weight = number(entry, "weight")
        if model.weight <= 0:
            raise Refused("error_param", "Invalid weight: should be greater than 0")
    if (dimension := mapping(entry, "dimension")) is not None:
        if entry.get("weight") is None:
            raise Refused("error_param", "A model with a dimension needs a weight too.")
        model.dimension = rules.dimension_of(dimension)


def _tiers(body: Mapping[str, Any]) -> tuple[Tier, ...]:
    """Tiers in the new shape, or in the old one that guides still show (shopee.md 5.9)."""
    if body.get("standardise_tier_variation") is not None:
        return tuple(
            Tier(
                text(tier, "variation_name"),
                tuple(
                    Option(
                        text(option, "variation_option_name"),
                        text(option, "image_id", ""),
                        integer(option, "variation_option_id", 0),
                    )
                    for option in objects(tier, "variation_option_list")
                ),
                integer(tier, "variation_id", 0),
            )
            for tier in objects(body, "standardise_tier_variation")
        )
    if body.get("tier_variation") is None:
        raise missing("standardise_tier_variation")
    return tuple(
        Tier(
            text(tier, "name"),
            tuple(
                Option(text(option, "option"), text(mapping(option, "image") or {}, "image_id", ""))
                for option in objects(tier, "option_list")
            ),
        )
        for tier in objects(body, "tier_variation")
    )
