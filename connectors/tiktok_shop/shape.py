"""How a product's option axes, variants and prices fit TikTok Shop in Indonesia (tiktok_shop.md 8, 17)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from connectors.tiktok_shop import problems
from connectors.tiktok_shop.limits import AXIS_NAME_MOST, MAX_AXES, MAX_SKUS, OPTION_MOST
from connectors.tiktok_shop.options import TiktokShopOptions
from syncer.domain.listing import RenderedOffer, WantedListing
from syncer.domain.problem import Problem
from syncer.sdk.shape import Shape


def shape(listing: WantedListing) -> tuple[Shape, list[Problem]]:
    """Return the axes and variants, and what is wrong with them."""
    found = Shape.of(listing)
    if not found.offers:
        return found, [problems.no_variant()]
    if unfilled := found.unfilled():
        return found, [problems.option_empty(sku) for sku in unfilled]
    return found, [*_count_problems(found), *_text_problems(found), *(problems.twins(*pair) for pair in found.twins())]


def _count_problems(found: Shape) -> Iterator[Problem]:
    if len(found.names) > MAX_AXES:
        yield problems.too_many_axes(found.names, MAX_AXES)
    most = MAX_SKUS if found.names else 1
    if len(found.offers) > most:
        yield problems.too_many_variants(len(found.offers), most)


def _text_problems(found: Shape) -> Iterator[Problem]:
    for number, name in enumerate(found.names):
        if len(name) > AXIS_NAME_MOST:
            yield problems.axis_name_long(name, len(name) - AXIS_NAME_MOST)
        if name.casefold() in (other.casefold() for other in found.names[:number]):
            yield problems.twin_axes(name)
    told = set()
    for offer in found.offers:
        for value in offer.option_values:
            if len(value) > OPTION_MOST and value not in told:
                told.add(value)
                yield problems.option_long(value, len(value) - OPTION_MOST, offer.sku)


def price_problems(offers: Sequence[RenderedOffer], options: TiktokShopOptions, currency: str) -> Iterator[Problem]:
    """Yield what is wrong with the prices. The market's bounds are not published in full: they are options."""
    for offer in offers:
        if offer.price < options.lowest_price:
            yield problems.price_low(offer.sku, options.lowest_price, currency)
        elif offer.price > options.highest_price:
            yield problems.price_high(offer.sku, options.highest_price, currency)
