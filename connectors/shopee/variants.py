"""The next single write that brings an item's variants closer to the wanted ones (shopee.md 5.9 to 5.13).

Everything starts from a fresh ``get_model_list``, because ``init_tier_variation`` kills all model ids and
``update_tier_variation`` deletes every model that it isn't told about (shopee.md 11, gotcha 5).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from connectors.shopee.limits import MAX_MODELS
from connectors.shopee.read import NO_MODEL, Model, Variants, model, offer_fields, option_images
from connectors.shopee.wire import amount, dimension, kilograms
from syncer.domain.listing import Json, RemoteOffer, Rendered, RenderedOffer
from syncer.sdk.operations import Operation
from syncer.sdk.wire import Object, objects

_MOST_OPTIONS = 50


@dataclass(frozen=True, slots=True)
class Binding:
    """Which model there is which offer of ours (by our key), and the models that are none of ours."""

    models: Mapping[str, Model]
    extra: tuple[Model, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One write: its operation and body, and the offers that are there once it has worked.

    ``new`` are the entries whose model ids only the answer names, by tier index.
    """

    operation: str
    body: dict[str, Json]
    offers: tuple[RemoteOffer, ...]
    option_names: tuple[str, ...]
    images: Mapping[str, str]
    new: Mapping[tuple[int, ...], RemoteOffer]

    def proved(self, models: Sequence[Model]) -> tuple[RemoteOffer, ...] | None:
        """Return all offers with their ids, given the models of the answer; ``None`` if one is missing there."""
        ids = {model.tier_index: model.model_id or NO_MODEL for model in models}
        if any(index not in ids for index in self.new):
            return None
        return (*self.offers, *(replace(offer, remote_id=ids[index]) for index, offer in self.new.items()))


def bind(rendered: Rendered, known: Sequence[RemoteOffer], fresh: Variants) -> Binding:
    """Match offers to models: by the id we know, then by SKU, then by option values."""
    free = {model.model_id: model for model in fresh.models}
    bound: dict[str, Model] = {}
    ids = {offer.key: offer.remote_id for offer in known if offer.key}
    for offer in rendered.offers:
        model_id = ids.get(offer.key)
        if model_id in free:
            bound[offer.key] = free.pop(model_id)
    by_sku = {model.sku: model.model_id for model in free.values() if model.sku}
    for offer in rendered.offers:
        if offer.key not in bound and by_sku.get(offer.sku) in free:
            bound[offer.key] = free.pop(by_sku[offer.sku])
    by_values = {fresh.option_values(model): model.model_id for model in free.values()}
    for offer in rendered.offers:
        if offer.key not in bound and by_values.get(offer.option_values) in free:
            bound[offer.key] = free.pop(by_values[offer.option_values])
    return Binding(bound, tuple(free.values()))


def next_step(operation: Operation, fresh: Variants, *, least_stock: int = 0, location_id: str = "") -> Step | None:
    """Return the next write towards ``operation.rendered``, or ``None`` if the variants are as wanted.

    ``least_stock`` is what new models need at least (a hidden item only; shopee.md 5.16).
    """
    planner = _Planner(operation, fresh, least_stock, location_id)
    return planner.step()


class _Planner:
    def __init__(self, operation: Operation, fresh: Variants, least_stock: int, location_id: str) -> None:
        self.operation = operation
        self.rendered = operation.rendered
        self.fresh = fresh
        self.least_stock = least_stock
        self.location_id = location_id
        self.item_id = int(operation.remote_id)
        self.images: Mapping[str, str] = operation.rendered.fields.get("option_images") or {}
        self.binding = bind(operation.rendered, operation.known.offers if operation.known else (), fresh)
        self.tiers = [_options(operation.rendered, axis) for axis in range(len(operation.rendered.option_names))]

    def step(self) -> Step | None:
        if len(self.tiers) != len(self.fresh.tiers):
            return self._init()
        if not self.tiers:
            return None
        if not self.binding.models:
            return self._replace_all()
        if not self._tiers_equal() or len(self.binding.extra) > 1:
            return self._update_tiers(self.tiers, list(self.binding.models.items()))
        if self.binding.extra:
            return self._delete(self.binding.extra[0])
        return self._add() or self._update_models()

    def _tiers_equal(self) -> bool:
        names = tuple(tier.name for tier in self.fresh.tiers)
        options = [list(tier.options) for tier in self.fresh.tiers]
        images = option_images(self.fresh)
        return names == self.rendered.option_names and options == self.tiers and images == dict(self.images)

    def _init(self) -> Step:
        """Change the depth of the tiers; all model ids are new afterwards."""
        tiers = self._wire_tiers(self.tiers, self.images)
        body: dict[str, Json] = {"item_id": self.item_id, "standardise_tier_variation": tiers}
        if not tiers:
            body["tier_variation"] = []
        new, models = {}, []
        for offer in self.rendered.offers:
            index = _index(offer, self.tiers)
            models.append(self._model(offer, index, with_sku=bool(tiers)))
            new[index] = self._new_offer(offer, parent=not tiers)
        body["model"] = models
        return self._made("product/init_tier_variation", body, (), new)

    def _replace_all(self) -> Step:
        """None of the models there is ours: make room beside one of them first, since Shopee keeps at least one."""
        names = tuple(tier.name for tier in self.fresh.tiers)
        options = [list(tier.options) for tier in self.fresh.tiers]
        ready = names == self.rendered.option_names and all(
            set(wanted) <= set(there) or len(there) == _MOST_OPTIONS
            for wanted, there in zip(self.tiers, options, strict=True)
        )
        if ready and len(self.fresh.models) < MAX_MODELS:
            step = self._add(options)
            if step is not None:
                return step
        kept = self.fresh.models[0]
        values = self.fresh.option_values(kept)
        tiers = [
            wanted if value in wanted else [*wanted[: _MOST_OPTIONS - 1], value]
            for wanted, value in zip(self.tiers, values, strict=True)
        ]
        return self._update_tiers(tiers, [("", kept)], {} if tiers != self.tiers else self.images, values)

    def _update_tiers(
        self,
        tiers: list[list[str]],
        kept: Sequence[tuple[str, Model]],
        images: Mapping[str, str] | None = None,
        values: tuple[str, ...] | None = None,
    ) -> Step:
        """Add, drop, rename or reorder options; the models not in ``kept`` go."""
        images = self.images if images is None else images
        wanted = {offer.key: offer.option_values for offer in self.rendered.offers}
        bound = [(key, model, wanted.get(key) or values or ()) for key, model in kept]
        body: dict[str, Json] = {
            "item_id": self.item_id,
            "standardise_tier_variation": self._wire_tiers(tiers, images),
            "model_list": [
                {"model_id": int(model.model_id), "tier_index": _positions(shown, tiers)} for _, model, shown in bound
            ],
        }
        offers = tuple(_there(key, model, shown) for key, model, shown in bound)
        return self._made("product/update_tier_variation", body, offers, {}, images)

    def _delete(self, model: Model) -> Step:
        body: dict[str, Json] = {"item_id": self.item_id, "model_id": int(model.model_id)}
        return self._made("product/delete_model", body, self._bound_offers(), {})

    def _add(self, options: list[list[str]] | None = None) -> Step | None:
        """Add the missing models, as many as there is room for."""
        options = options or self.tiers
        room = MAX_MODELS - len(self.fresh.models)
        missing = [
            offer
            for offer in self.rendered.offers
            if offer.key not in self.binding.models
            and all(value in there for value, there in zip(offer.option_values, options, strict=True))
        ][:room]
        if not missing:
            return None
        new = {_index(offer, options): self._new_offer(offer) for offer in missing}
        models = [self._model(offer, _index(offer, options)) for offer in missing]
        body: dict[str, Json] = {"item_id": self.item_id, "model_list": models}
        extra = tuple(_there("", model, self.fresh.option_values(model)) for model in self.binding.extra)
        return self._made("product/add_model", body, (*self._bound_offers(), *extra), new, option_images(self.fresh))

    def _update_models(self) -> Step | None:
        """Change SKUs, weights and sizes of models that are there."""
        entries, offers = [], []
        for offer in self.rendered.offers:
            model = self.binding.models.get(offer.key)
            if model is None:
                continue
            shown = _there(offer.key, model, offer.option_values)
            entry = self._changes(offer, model)
            if entry is not None:
                entries.append(entry)
                shown = replace(shown, sku=offer.sku, fields=dict(offer.fields))
            offers.append(shown)
        if not entries:
            return None
        body: dict[str, Json] = {"item_id": self.item_id, "model": entries[:MAX_MODELS]}
        return self._made("product/update_model", body, tuple(offers), {})

    def _changes(self, offer: RenderedOffer, model: Model) -> dict[str, Json] | None:
        there = offer_fields(model.weight_g, model.dimension_cm, model.gtin)
        known = self.operation.known.fields if self.operation.known else {}
        there = {**{key: known[key] for key in ("weight_g", "dimension_cm") if key in known}, **there}
        if offer.sku == model.sku and all(there.get(key) == value for key, value in offer.fields.items()):
            return None
        entry: dict[str, Json] = {"model_id": int(model.model_id), "model_sku": offer.sku}
        return entry | _parcel({key: value for key, value in offer.fields.items() if there.get(key) != value}, offer)

    def _bound_offers(self) -> tuple[RemoteOffer, ...]:
        wanted = {offer.key: offer for offer in self.rendered.offers}
        return tuple(_there(key, model, wanted[key].option_values) for key, model in self.binding.models.items())

    def _made(
        self,
        operation: str,
        body: dict[str, Json],
        offers: tuple[RemoteOffer, ...],
        new: Mapping[tuple[int, ...], RemoteOffer],
        images: Mapping[str, str] | None = None,
    ) -> Step:
        shown = self.images if images is None else images
        return Step(operation, body, offers, self.rendered.option_names, shown, new)

    def _wire_tiers(self, tiers: Sequence[Sequence[str]], images: Mapping[str, str]) -> list[Json]:
        """Return the new shape; only options of the first axis may have pictures, and then all (shopee.md 5.9)."""
        found: list[Json] = []
        for axis, (name, options) in enumerate(zip(self.rendered.option_names, tiers, strict=True)):
            pictured = axis == 0 and bool(options) and all(option in images for option in options)
            rows = [
                {"variation_option_id": 0, "variation_option_name": option}
                | ({"image_id": images[option]} if pictured else {})
                for option in options
            ]
            found.append(
                {"variation_id": 0, "variation_group_id": 0, "variation_name": name, "variation_option_list": rows}
            )
        return found

    def _stock(self, offer: RenderedOffer) -> int:
        return max(offer.quantity, self.least_stock)

    def _model(self, offer: RenderedOffer, index: tuple[int, ...], *, with_sku: bool = True) -> dict[str, Json]:
        """Return one new model, with its own weight and size."""
        stock: dict[str, Json] = {"stock": self._stock(offer)}
        if self.location_id:
            stock["location_id"] = self.location_id
        entry: dict[str, Json] = {"tier_index": list(index), "original_price": amount(offer.price)}
        if with_sku:
            entry["model_sku"] = offer.sku
        entry["seller_stock"] = [stock]
        return entry | _parcel(offer.fields, offer) if with_sku else entry

    def _new_offer(self, offer: RenderedOffer, *, parent: bool = False) -> RemoteOffer:
        known = self.operation.known.fields if self.operation.known else {}
        sku = str(known.get("item_sku", self.operation.ref.marker)) if parent else offer.sku
        return RemoteOffer("", sku, offer.price, self._stock(offer), offer.option_values, dict(offer.fields), offer.key)


def _parcel(changed: Mapping[str, Json], offer: RenderedOffer) -> dict[str, Json]:
    """Return changed fields of a model for the wire; a size is never sent without its weight (shopee.md 5.10)."""
    entry: dict[str, Json] = {}
    if ("weight_g" in changed or "dimension_cm" in changed) and "weight_g" in offer.fields:
        entry["weight"] = kilograms(offer.fields["weight_g"])
    if "dimension_cm" in changed:
        entry["dimension"] = dimension(changed["dimension_cm"])
    if "gtin" in changed:
        entry["gtin_code"] = changed["gtin"]
    return entry


def _there(key: str, model: Model, option_values: tuple[str, ...]) -> RemoteOffer:
    """Return a model that this write leaves as it is: its price and count are not known from it."""
    return RemoteOffer(model.model_id, model.sku, None, None, option_values, {}, key or None)


def _options(rendered: Rendered, axis: int) -> list[str]:
    return list(dict.fromkeys(offer.option_values[axis] for offer in rendered.offers))


def _positions(values: Sequence[str], tiers: Sequence[Sequence[str]]) -> list[int]:
    return [list(options).index(value) for value, options in zip(values, tiers, strict=True)]


def _index(offer: RenderedOffer, tiers: Sequence[Sequence[str]]) -> tuple[int, ...]:
    return tuple(_positions(offer.option_values, tiers))


def answered(payload: Object, location_id: str = "") -> Sequence[Model]:
    """Return the models that ``init_tier_variation`` or ``add_model`` answered with."""
    return [model(row, location_id) for row in objects(payload.get("model"))]
