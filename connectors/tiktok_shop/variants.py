"""Which SKUs there are, as a full edit writes them: every one that stays is named by its id (tiktok_shop.md 9)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from connectors.tiktok_shop import body, read
from syncer.domain.listing import Json, RemoteOffer, Rendered, RenderedOffer
from syncer.domain.words import Words
from syncer.sdk.errors import ConnectorError, Rejected
from syncer.sdk.operations import Operation
from syncer.sdk.wire import Object, objects, text


@dataclass(frozen=True, slots=True)
class Step:
    """One full edit: its rows of SKUs, and the offers that are there afterwards; new ones have no id yet."""

    rows: list[dict[str, Json]]
    offers: tuple[RemoteOffer, ...]


def bind(rendered: Rendered, known: Sequence[RemoteOffer], product: Object) -> dict[str, Object]:
    """Match offers to SKUs there: by the id we know, then by SKU, then by option values."""
    names = read.axes(product)
    free = {text(sku.get("id")): sku for sku in objects(product.get("skus"))}
    bound: dict[str, Object] = {}
    ids = {offer.key: offer.remote_id for offer in known if offer.key}
    for offer in rendered.offers:
        if ids.get(offer.key) in free:
            bound[offer.key] = free.pop(ids[offer.key])
    by_sku = {text(sku.get("seller_sku")): key for key, sku in free.items() if sku.get("seller_sku")}
    for offer in rendered.offers:
        if offer.key not in bound and by_sku.get(offer.sku) in free:
            bound[offer.key] = free.pop(by_sku[offer.sku])
    by_values = {_folded(read.option_values(sku, names)): key for key, sku in free.items()}
    for offer in rendered.offers:
        if offer.key not in bound and by_values.get(_folded(offer.option_values)) in free:
            bound[offer.key] = free.pop(by_values[_folded(offer.option_values)])
    return bound


def step(operation: Operation, product: Object, warehouse_id: str, days: int | None = None) -> Step | None:
    """Return the edit towards the wanted SKUs, or ``None`` if they are there.

    SKUs that stay keep their id, price, count and making time, and new ones get the making time that the product has
    there: another one is content, and written as such. ``days`` sets it in all of them. Raises Rejected where options
    would have to vanish altogether.
    """
    rendered = operation.rendered
    bound = bind(rendered, operation.known.offers if operation.known else (), product)
    if read.axes(product) and not rendered.option_names:
        raise _options_stay()
    if _as_wanted(rendered, product, bound):
        return None
    rows, offers = [], []
    for offer in rendered.offers:
        there = bound.get(offer.key)
        if there is None:
            row = {**body.new_sku(offer, operation, warehouse_id), **_options(offer, rendered, product)}
            rows.append(row | body.making_time(read.pre_order_days(product) if days is None else days))
            quantity = max(1, offer.quantity)
            offers.append(RemoteOffer("", offer.sku, offer.price, quantity, offer.option_values, {}, offer.key))
            continue
        kept = body.kept_sku(there) if days is None else _made_in(days, there)
        rows.append({**kept, **body.sku_fields(offer, rendered, product)})
        offers.append(RemoteOffer(text(there.get("id")), offer.sku, None, None, offer.option_values, {}, offer.key))
    return Step(rows, tuple(offers))


def unchanged(operation: Operation, product: Object) -> tuple[RemoteOffer, ...]:
    """Return the offers of a product whose SKUs are as wanted."""
    bound = bind(operation.rendered, operation.known.offers if operation.known else (), product)
    return tuple(
        RemoteOffer(text(bound[offer.key].get("id")), offer.sku, None, None, offer.option_values, {}, offer.key)
        for offer in operation.rendered.offers
    )


def with_ids(offers: Sequence[RemoteOffer], answered: Sequence[Object]) -> tuple[RemoteOffer, ...] | None:
    """Return offers with the ids of an answer, matched by SKU; ``None`` if one is missing there (sheet 8)."""
    ids = {text(row.get("seller_sku")): text(row.get("id")) for row in answered}
    found = tuple(offer if offer.remote_id else replace(offer, remote_id=ids.get(offer.sku, "")) for offer in offers)
    return found if all(offer.remote_id for offer in found) else None


def rebuilt(operation: Operation, product: Object, names: Collection[str]) -> list[dict[str, Json]]:
    """Return all SKUs of a product for a full edit, as they are but for those of ``names`` that live inside SKUs.

    ``pre_order_days`` is set in each; ``option_images`` where the options are those that we know (:func:`same_axes`).
    """
    rendered = operation.rendered
    bound = bind(rendered, operation.known.offers if operation.known else (), product)
    by_id = {text(sku.get("id")): key for key, sku in bound.items()}
    wanted = {offer.key: offer for offer in rendered.offers}
    rows = []
    for sku in objects(product.get("skus")):
        kept = _made_in(rendered.fields["pre_order_days"], sku) if "pre_order_days" in names else body.kept_sku(sku)
        offer = wanted.get(by_id.get(text(sku.get("id")), ""))
        if "option_images" in names and offer is not None and same_axes(rendered, product):
            fields = body.sku_fields(offer, rendered, product)
            kept |= {name: value for name, value in fields.items() if name != "seller_sku"}
        rows.append(kept)
    return rows


def _made_in(days: int, sku: Object) -> dict[str, Json]:
    """Return a SKU that is there with another making time."""
    kept = body.kept_sku(sku)
    kept.pop("pre_sale", None)
    return kept | body.making_time(days)


def same_axes(rendered: Rendered, product: Object) -> bool:
    """Return whether the product has the options that we want."""
    return _folded(rendered.option_names) == _folded(read.axes(product))


def _options(offer: RenderedOffer, rendered: Rendered, product: Object) -> dict[str, Json]:
    fields = body.sku_fields(offer, rendered, product)
    return {name: fields[name] for name in ("sales_attributes",) if name in fields}


def _as_wanted(rendered: Rendered, product: Object, bound: Mapping[str, Object]) -> bool:
    """Return whether the SKUs are as wanted. The platform may spell an option as its own list does: "Merah"."""
    names = read.axes(product)
    if len(bound) != len(rendered.offers) or len(objects(product.get("skus"))) != len(bound):
        return False
    if _folded(names) != _folded(rendered.option_names):
        return False
    return all(
        text(bound[offer.key].get("seller_sku")) == offer.sku
        and _folded(read.option_values(bound[offer.key], names)) == _folded(offer.option_values)
        for offer in rendered.offers
    )


def _folded(values: Sequence[str]) -> tuple[str, ...]:
    return tuple(" ".join(value.split()).casefold() for value in values)


def _options_stay() -> ConnectorError:
    return Rejected(
        "options_stay",
        Words(
            "TikTok Shop tidak bisa menghapus semua pilihan dari produk yang sudah punya varian.",
            "TikTok Shop can't take all options away from a product that has variants.",
        ),
        remedy=Words(
            "Tambahkan lagi satu pilihan; atau tarik produk ini dari sana dan terbitkan sebagai produk baru.",
            "Add one option again; or withdraw this product from there and publish it as a new one.",
        ),
        field="option_names",
    )
