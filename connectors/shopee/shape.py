"""How a product's option axes and variants fit Shopee: two axes, 50 models, short names (shopee.md 5.9, 10)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from connectors.shopee import problems
from connectors.shopee.limits import MAX_AXES, MAX_MODELS, MAX_PRICE_RATIO, Limits
from syncer.domain.listing import RenderedOffer, WantedListing
from syncer.domain.money import quantize
from syncer.domain.problem import Problem
from syncer.sdk.shape import Shape

_JOIN = " / "


def shape(listing: WantedListing, limits: Limits) -> tuple[Shape, list[Problem]]:
    """Return the axes as Shopee takes them, a third one merged into the second where it fits, and the problems."""
    found = Shape.of(listing)
    names = found.names
    if not found.offers:
        return found, [problems.no_variant()]
    if unfilled := found.unfilled():
        return found, [problems.option_empty(sku) for sku in unfilled]
    if len(names) > MAX_AXES:
        merged = _merge(found)
        if len(names) > MAX_AXES + 1 or list(_text_problems(merged, limits)):
            return found, [problems.too_many_axes(names, MAX_AXES)]
        found = merged
    return found, [
        *_count_problems(found),
        *_text_problems(found, limits),
        *(problems.twins(*pair) for pair in found.twins()),
    ]


def _merge(found: Shape) -> Shape:
    """Return the shape with its second and third axis as one."""
    names = (found.names[0], _JOIN.join(found.names[1:]))
    offers = tuple(
        replace(offer, option_values=(offer.option_values[0], _JOIN.join(offer.option_values[1:])))
        for offer in found.offers
    )
    return Shape(names, offers)


def _count_problems(found: Shape) -> Iterator[Problem]:
    if len(found.offers) > (MAX_MODELS if found.names else 1):
        yield problems.too_many_variants(len(found.offers), MAX_MODELS if found.names else 1)


def _text_problems(found: Shape, limits: Limits) -> Iterator[Problem]:
    for name in found.names:
        if limits.axis_name.over(len(name)):
            yield problems.axis_name_long(name, limits.axis_name.over(len(name)))
    told = set()
    for offer in found.offers:
        for value in offer.option_values:
            extra = limits.option_name.over(len(value))
            if extra and value not in told:
                told.add(value)
                yield problems.option_long(value, extra, offer.sku)


def price_problems(offers: Sequence[RenderedOffer], limits: Limits, currency: str) -> Iterator[Problem]:
    """Yield what is wrong with the prices: outside the limits, or too far apart (shopee.md 5.9, 10)."""
    for offer in offers:
        if limits.price.least is not None and offer.price < limits.price.least:
            yield problems.price_low(offer.sku, limits.price.least, currency)
        elif offer.price <= 0:
            yield problems.price_low(offer.sku, quantize(offer.price + 1, currency), currency)
        if limits.price.most is not None and offer.price > limits.price.most:
            yield problems.price_high(offer.sku, limits.price.most, currency)
    if len(offers) > 1:
        cheap, dear = min(offers, key=lambda offer: offer.price), max(offers, key=lambda offer: offer.price)
        if dear.price > cheap.price * MAX_PRICE_RATIO:
            yield problems.price_ratio(MAX_PRICE_RATIO, cheap.sku, dear.sku)
