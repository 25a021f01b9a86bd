"""A wanted listing exactly as Shopee will store it, and what has to be mended before it would (pure).

The fields are those of :mod:`connectors.shopee.read`; what we have no opinion on is left out, so that it is never
compared and never sent. Missing facts are unchecked: Shopee has the last word then.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from connectors.shopee import problems
from connectors.shopee.attributes import Wishes, choose
from connectors.shopee.limits import MAX_HASHTAGS, MAX_PICTURES, Limits, couriers
from connectors.shopee.options import ShopeeOptions
from connectors.shopee.read import NO_BRAND, offer_fields
from connectors.shopee.shape import price_problems, shape
from syncer.domain.listing import Json, Rendered, RenderedOffer, WantedListing, WantedOffer
from syncer.domain.money import quantize
from syncer.domain.problem import Problem
from syncer.domain.words import Words
from syncer.sdk.shape import Shape, one_line
from syncer.sdk.wire import as_object

_TITLE = Words("Judul", "title")
_DESCRIPTION = Words("Keterangan", "description")
_HASHTAG = re.compile(r"#\w+")
_GTIN = re.compile(r"[0-9]{8,14}")
#: What ``gtin_code`` says for goods without a barcode, where the rule is "Flexible" (shopee.md 5.4).
NO_GTIN = "00"


@dataclass(frozen=True, slots=True)
class Parcel:
    """The packed piece: grams and whole centimetres; ``None`` where not known."""

    weight_g: int | None
    sides_cm: list[int] | None


def fact_keys(listing: WantedListing) -> tuple[str, ...]:
    """Return the facts that rendering ``listing`` needs."""
    if not listing.category:
        return ("logistics",)
    keys = ["logistics", *(f"{name}:{listing.category}" for name in ("limits", "attributes", "brand_rule"))]
    return (*keys, f"brands:{listing.category}") if listing.brand else tuple(keys)


def render(listing: WantedListing, facts: Mapping[str, Json], options: ShopeeOptions) -> Rendered:
    """Return ``listing`` as Shopee will show it. Pure: equal input gives equal output."""
    limits = Limits.of(facts.get(f"limits:{listing.category}"))
    shaped, found = shape(listing, limits)
    parcel = _parcel(listing, shaped.offers)
    offers = tuple(_offer(listing, offer, shaped, parcel, limits) for offer in shaped.offers)
    fields: dict[str, Json] = {
        "title": one_line(listing.title),
        "description": _description(listing, limits),
        "condition": "USED" if listing.condition.lower() == "used" else "NEW",
        "item_sku": _item_sku(listing, shaped),
        "option_images": shaped.option_images(listing.pictures),
    }
    found += _text_problems(fields, limits)
    for part in (_category, _attributes, _brand, _pictures, _couriers, _pre_order):
        extra, more = part(_Job(listing, facts, options, limits, parcel))
        fields |= extra
        found += more
    found += _parcel_problems(listing, shaped.offers, parcel, limits)
    found += price_problems(offers, limits, listing.currency)
    found += _barcode_problems(shaped.offers, limits)
    fields |= _item_parcel(parcel, shaped)
    gtin = _gtin(shaped.offers[0], limits) if offers and not shaped.names else None
    if gtin is not None:
        fields["gtin"] = gtin
    notes = _notes(listing, facts.get(f"brands:{listing.category}"), fields)
    return Rendered(fields, offers, shaped.names, listing.live, tuple(found), notes)


def _notes(listing: WantedListing, brands: Json, fields: Mapping[str, Json]) -> tuple[Problem, ...]:
    """Return what is shown otherwise than the catalogue says: a brand that Shopee doesn't know is left out."""
    brand = one_line(listing.brand)
    if not brand or brands is None or fields["brand"]["id"] or brand.replace(" ", "").casefold() == NO_BRAND.casefold():
        return ()
    return (problems.brand_unknown(brand),)


@dataclass(frozen=True, slots=True)
class _Job:
    listing: WantedListing
    facts: Mapping[str, Json]
    options: ShopeeOptions
    limits: Limits
    parcel: Parcel

    def fact(self, name: str) -> Json:
        return self.facts.get(f"{name}:{self.listing.category}")


_Part = tuple[dict[str, Json], list[Problem]]


def _item_sku(listing: WantedListing, shaped: Shape) -> str:
    """Return the parent SKU: our marker; or the piece's own SKU where the item has no variants to carry it."""
    return listing.marker if shaped.names or not shaped.offers else shaped.offers[0].sku


def _offer(listing: WantedListing, offer: WantedOffer, shaped: Shape, parcel: Parcel, limits: Limits) -> RenderedOffer:
    quantity = max(0, offer.quantity)
    if limits.stock.most is not None:
        quantity = min(quantity, int(limits.stock.most))
    fields: dict[str, Json] = {}
    if shaped.names:
        own = _own_parcel(offer)
        fields = offer_fields(own.weight_g or parcel.weight_g, own.sides_cm or parcel.sides_cm, _gtin(offer, limits))
    price = quantize(offer.price, listing.currency)
    return RenderedOffer(offer.key, offer.sku, price, quantity, offer.option_values, fields)


def _gtin(offer: WantedOffer, limits: Limits) -> str | None:
    """Return the barcode where the category has a rule for it, "Optional" included (shopee.md 5.4)."""
    if not limits.barcode_rule:
        return None
    if _GTIN.fullmatch(offer.barcode):
        return offer.barcode
    return NO_GTIN if limits.barcode_rule == "Flexible" else None


def _own_parcel(offer: WantedOffer) -> Parcel:
    sides = (offer.length_mm, offer.width_mm, offer.height_mm)
    sides_cm = [math.ceil(side / 10) for side in sides if side]
    return Parcel(offer.weight_g if offer.weight_g else None, sides_cm if len(sides_cm) == 3 else None)


def _parcel(listing: WantedListing, offers: Sequence[WantedOffer]) -> Parcel:
    """Return the item's own parcel: the heaviest and largest of its variants, as Shopee shows it too."""
    own = [_own_parcel(offer) for offer in offers]
    weights = [parcel.weight_g for parcel in own if parcel.weight_g]
    sides = [parcel.sides_cm for parcel in own if parcel.sides_cm]
    default = listing.settings.get("weight_g")
    weight_g = max(weights) if weights else default if isinstance(default, int) and default > 0 else None
    return Parcel(weight_g, [max(side) for side in zip(*sides, strict=True)] if sides else None)


def _item_parcel(parcel: Parcel, shaped: Shape) -> dict[str, Json]:
    """Return the item's own weight and size; with variants each of them carries its own (shopee.md 5.8)."""
    return {} if shaped.names else offer_fields(parcel.weight_g, parcel.sides_cm)


def _parcel_problems(
    listing: WantedListing, offers: Sequence[WantedOffer], parcel: Parcel, limits: Limits
) -> list[Problem]:
    found = []
    if parcel.weight_g is None and limits.weight_mandatory and offers:
        found.append(problems.no_weight(offers[0].sku if len(offers) == 1 else None))
    if parcel.sides_cm is None and limits.dimension_mandatory and offers:
        found.append(problems.no_size())
    return found


def _barcode_problems(offers: Sequence[WantedOffer], limits: Limits) -> list[Problem]:
    if limits.barcode_rule != "Mandatory":
        return []
    return [problems.barcode_missing(offer.sku) for offer in offers if not _GTIN.fullmatch(offer.barcode)]


def _description(listing: WantedListing, limits: Limits) -> str:
    """Return description, story and materials as one text; the story goes first where it would be too long."""
    materials = ", ".join(one_line(material) for material in listing.materials)
    made_of = f"Bahan: {materials}." if materials else ""
    whole, without_story, bare = (
        "\n\n".join(part for part in (text.strip() for text in texts) if part)
        for texts in (
            (listing.description, listing.story, made_of),
            (listing.description or listing.story, made_of),
            (listing.description or listing.story,),
        )
    )
    for text in (whole, without_story):
        if not limits.description.over(len(text)):
            return text
    return bare


def _text_problems(fields: Mapping[str, Json], limits: Limits) -> list[Problem]:
    found = []
    for field, what, bounds in (
        ("title", _TITLE, limits.title),
        ("description", _DESCRIPTION, limits.description),
    ):
        length = len(fields[field])
        missing = max(bounds.under(length), 0 if length else 1)
        if missing:
            found.append(problems.too_short(field, what, missing))
        if bounds.over(length):
            found.append(problems.too_long(field, what, bounds.over(length)))
    tags = len(_HASHTAG.findall(fields["description"]))
    return [*found, problems.hashtags(tags - MAX_HASHTAGS)] if tags > MAX_HASHTAGS else found


def _category(job: _Job) -> _Part:
    if not job.listing.category:
        return {}, [problems.no_category()]
    return {"category": job.listing.category}, []


def _attributes(job: _Job) -> _Part:
    tree = job.fact("attributes")
    if tree is None:
        return {}, []
    own = as_object(job.listing.settings.get("attribute_defaults"))
    defaults = {str(key): str(value) for key, value in {**job.options.attribute_defaults, **own}.items()}
    chosen, found = choose(job.listing, tree, Wishes(defaults, job.options.neutral_attributes))
    return {"attributes": chosen}, found


def _brand(job: _Job) -> _Part:
    known = as_object(job.fact("brands"))
    entry = known.get(one_line(job.listing.brand).casefold()) if job.listing.brand else None
    if entry:
        return {"brand": {"id": entry[0], "name": entry[1]}}, []
    mandatory = bool(as_object(job.fact("brand_rule")).get("mandatory"))
    return {"brand": {"id": 0, "name": NO_BRAND}}, [problems.brand_missing()] if mandatory else []


def _pictures(job: _Job) -> _Part:
    most = MAX_PICTURES if job.limits.pictures.most is None else int(job.limits.pictures.most)
    least = max(1, int(job.limits.pictures.least or 1))
    uploaded = list(dict.fromkeys(picture.remote_id for picture in job.listing.pictures if picture.remote_id))
    if len(job.listing.pictures) < least:
        return {"pictures": uploaded[:most]}, [problems.no_photo(least - len(job.listing.pictures))]
    if len(uploaded) < least:
        return {}, [problems.photo_on_its_way()]
    return {"pictures": uploaded[:most]}, []


def _couriers(job: _Job) -> _Part:
    settings = job.listing.settings
    wanted = [int(chosen) for chosen in settings.get("logistics") or job.options.logistics]
    free = bool(settings.get("free_shipping", job.options.free_shipping))
    fact = job.facts.get("logistics")
    if fact is None:
        chosen = sorted(set(wanted))
        return ({"logistics": [{"id": entry, "is_free": free} for entry in chosen]} if chosen else {}), []
    known = [courier for courier in couriers(fact) if (courier.id in wanted if wanted else courier.usable)]
    fitting = [courier for courier in known if courier.fits(job.parcel.weight_g, job.parcel.sides_cm)]
    found = [] if fitting else [problems.no_courier(exists=bool(known))]
    must = [courier for courier in couriers(fact) if courier.compulsory and courier.usable]
    if fitting and must and not any(courier.compulsory for courier in fitting):
        fitting += [courier for courier in must if courier.fits(job.parcel.weight_g, job.parcel.sides_cm)][:1]
    return {"logistics": [{"id": entry, "is_free": free} for entry in sorted(courier.id for courier in fitting)]}, found


def _pre_order(job: _Job) -> _Part:
    """Return the days to ship: 0 within the normal time, else at least the category's least (shopee.md 11, 13)."""
    days, limits = job.listing.made_to_order_days, job.limits
    if days <= 0 or days <= (limits.stock_days or 0):
        return {"pre_order_days": 0}, []
    if limits.no_pre_order:
        return {"pre_order_days": 0}, [problems.days_long(days, 0)]
    found = [problems.days_long(days, int(limits.days.most or 0))] if limits.days.over(days) else []
    return {"pre_order_days": days + limits.days.under(days)}, found
