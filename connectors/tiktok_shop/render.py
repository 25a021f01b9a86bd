"""A wanted listing exactly as TikTok Shop will store it, and what has to be mended before it would (pure).

The fields are those of :mod:`connectors.tiktok_shop.read`. Missing facts are unchecked: the platform has the last
word then. ``terms`` holds only what the account's options manage; all else stays as people set it there.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from connectors.tiktok_shop import html, problems
from connectors.tiktok_shop.attributes import Wishes, choose, chosen_ids
from connectors.tiktok_shop.limits import (
    DAYS_LEAST,
    DAYS_MOST,
    DESCRIPTION_MOST,
    MAX_PICTURES,
    STOCK_MOST,
    TITLE_LEAST,
    TITLE_MOST,
    Rules,
    met,
)
from connectors.tiktok_shop.options import TOKOPEDIA, TiktokShopOptions
from connectors.tiktok_shop.shape import price_problems, shape
from syncer.domain.listing import Json, Rendered, RenderedOffer, WantedListing, WantedOffer
from syncer.domain.money import quantize
from syncer.domain.problem import Problem
from syncer.domain.words import Words
from syncer.sdk.shape import Shape, one_line
from syncer.sdk.wire import as_object, objects

_TITLE = Words("Judul", "title")
_DESCRIPTION = Words("Keterangan", "description")
#: Kinds of characters that titles may not hold: pictures, half characters, and signs without a meaning.
_NOT_IN_TITLES = frozenset({"So", "Sk", "Cs", "Co", "Cn", "Me", "Cf"})
_VARIATION_SELECTORS = dict.fromkeys(range(0xFE00, 0xFE10))
_ISBN = ("978", "979")
_NAMES = {"both": "TikTok Shop dan Tokopedia", "tokopedia": "Tokopedia", "tiktok_shop": "TikTok Shop"}


def fact_keys(listing: WantedListing) -> tuple[str, ...]:
    """Return the facts that rendering ``listing`` needs."""
    if not listing.category:
        return ("shop",)
    keys = ("shop", f"attributes:{listing.category}", f"rules:{listing.category}")
    brand = one_line(listing.brand)
    return (*keys, f"brand:{listing.category}:{brand}") if brand else keys


def render(listing: WantedListing, facts: Mapping[str, Json], options: TiktokShopOptions) -> Rendered:
    """Return ``listing`` as TikTok Shop will show it. Pure: equal input gives equal output."""
    shaped, found = shape(listing)
    rules = Rules.of(facts.get(f"rules:{listing.category}"))
    job = _Job(listing, facts, options, rules, shaped)
    offers = tuple(_offer(listing, offer) for offer in shaped.offers)
    fields: dict[str, Json] = {
        "title": _title(listing, options),
        "description": _description(listing),
        "listing_platforms": list(options.shown_on),
        "option_images": shaped.option_images(listing.pictures),
        "barcodes": _barcodes(shaped.offers),
    }
    found += _text_problems(fields)
    for part in (_category, _attributes, _brand, _pictures, _parcel, _days, _condition, _terms):
        extra, more = part(job)
        fields |= extra
        found += more
    found += _certificates(job, fields.get("attributes"))
    found += price_problems(offers, options, listing.currency)
    found += [problems.shop_check(row["item"], "; ".join(row["why"])) for row in objects(facts.get("shop"))]
    return Rendered(fields, offers, shaped.names, listing.live, tuple(found), _notes(listing, fields))


def _notes(listing: WantedListing, fields: Mapping[str, Json]) -> tuple[Problem, ...]:
    """Return what is shown otherwise than the catalogue says: a brand that may not be used is left out."""
    brand = one_line(listing.brand)
    return (problems.brand_unknown(brand),) if brand and fields.get("brand") == "" else ()


@dataclass(frozen=True, slots=True)
class _Job:
    listing: WantedListing
    facts: Mapping[str, Json]
    options: TiktokShopOptions
    rules: Rules
    shaped: Shape


_Part = tuple[dict[str, Json], list[Problem]]


def _offer(listing: WantedListing, offer: WantedOffer) -> RenderedOffer:
    quantity = min(max(0, offer.quantity), STOCK_MOST)
    return RenderedOffer(offer.key, offer.sku, quantize(offer.price, listing.currency), quantity, offer.option_values)


def _title(listing: WantedListing, options: TiktokShopOptions) -> str:
    """Return the title without emoji (refused: 12052931), and with the suffix where it would be too short."""
    plain = unicodedata.normalize("NFC", listing.title).translate(_VARIATION_SELECTORS)
    title = one_line("".join(sign for sign in plain if unicodedata.category(sign) not in _NOT_IN_TITLES))
    suffix = one_line(options.short_title_suffix)
    return f"{title} - {suffix}" if title and suffix and len(title) < TITLE_LEAST else title


def _description(listing: WantedListing) -> str:
    """Return description, story and materials as one text; the story goes first where it would be too long."""
    materials = ", ".join(one_line(material) for material in listing.materials)
    made_of = f"Bahan: {materials}." if materials else ""
    first = listing.description or listing.story
    whole, without_story, bare = (
        html.canonical("\n\n".join(part for part in (text.strip() for text in texts) if part))
        for texts in ((listing.description, listing.story, made_of), (first, made_of), (first,))
    )
    for text in (whole, without_story):
        if len(html.to_html(text)) <= DESCRIPTION_MOST:
            return text
    return bare


def _text_problems(fields: Mapping[str, Json]) -> list[Problem]:
    found = []
    title, length = fields["title"], len(html.to_html(fields["description"]))
    if not title:
        found.append(problems.empty_text("title", _TITLE))
    elif len(title) < TITLE_LEAST:
        found.append(problems.too_short("title", _TITLE, TITLE_LEAST - len(title)))
    elif len(title) > TITLE_MOST:
        found.append(problems.too_long("title", _TITLE, len(title) - TITLE_MOST))
    if not length:
        found.append(problems.empty_text("description", _DESCRIPTION))
    elif length > DESCRIPTION_MOST:
        found.append(problems.too_long("description", _DESCRIPTION, length - DESCRIPTION_MOST))
    return found


def _category(job: _Job) -> _Part:
    if not job.listing.category:
        return {}, [problems.no_category(_NAMES[job.options.platforms])]
    return {"category": job.listing.category}, []


def _attributes(job: _Job) -> _Part:
    fact = job.facts.get(f"attributes:{job.listing.category}")
    if fact is None:
        return {}, []
    own = as_object(job.listing.settings.get("attribute_defaults"))
    defaults = {str(key): str(value) for key, value in {**job.options.attribute_defaults, **own}.items()}
    chosen, found = choose(job.listing, fact, Wishes(defaults, job.options.neutral_attributes))
    return {"attributes": chosen}, found


def _brand(job: _Job) -> _Part:
    """Return the brand's id, "" for none. A brand that the shop may not use is left out: brands are optional."""
    name = one_line(job.listing.brand)
    if not name:
        return {"brand": ""}, []
    fact = job.facts.get(f"brand:{job.listing.category}:{name}")
    return ({} if fact is None else {"brand": str(as_object(fact).get("id") or "")}), []


def _pictures(job: _Job) -> _Part:
    uploaded = list(dict.fromkeys(picture.remote_id for picture in job.listing.pictures if picture.remote_id))
    if not job.listing.pictures:
        return {"pictures": []}, [problems.no_photo()]
    if not uploaded:
        return {}, [problems.photo_on_its_way()]
    return {"pictures": uploaded[:MAX_PICTURES]}, []


def _barcodes(offers: Sequence[WantedOffer]) -> dict[str, str]:
    """Return barcodes by SKU, each once: they must be unique, and are fixed at creation (sheet 8)."""
    found: dict[str, str] = {}
    for offer in offers:
        if barcode_type(offer.barcode) and offer.barcode not in found.values():
            found[offer.sku] = offer.barcode
    return found


def barcode_type(code: str) -> str:
    """Return what kind of barcode ``code`` is by its length, "" if it is none (sheet 8)."""
    if not code.isdecimal() or not code.isascii():
        return ""
    if len(code) == 13 and code.startswith(_ISBN):
        return "ISBN"
    return {8: "EAN", 12: "UPC", 13: "EAN", 14: "GTIN"}.get(len(code), "")


def _parcel(job: _Job) -> _Part:
    """Return the product's one parcel: the heaviest and largest of its variants (sheet 8, design advice)."""
    offers = job.shaped.offers
    weights = [offer.weight_g for offer in offers if offer.weight_g]
    sizes = [(o.length_mm, o.width_mm, o.height_mm) for o in offers if o.length_mm and o.width_mm and o.height_mm]
    default = job.listing.settings.get("weight_g")
    weight_g = max(weights) if weights else default if isinstance(default, int) and default > 0 else None
    fields: dict[str, Json] = {}
    found: list[Problem] = []
    if weight_g:
        fields["weight_g"] = weight_g
    elif offers:
        found.append(problems.no_weight(offers[0].sku if len(offers) == 1 else None))
    if sizes:
        fields["dimension_cm"] = [
            math.ceil(max(side or 0 for side in sides) / 10) for sides in zip(*sizes, strict=True)
        ]
    elif job.rules.package_size and offers:
        found.append(problems.no_size())
    return fields, found


def _days(job: _Job) -> _Part:
    """Return the days of a made-to-order product; 0 within the usual time to ship (sheet 8: 3 to 30)."""
    days = job.listing.made_to_order_days
    if days < DAYS_LEAST:
        return {"pre_order_days": 0}, []
    if not job.rules.pre_order:
        return {"pre_order_days": 0}, [problems.no_pre_order()]
    return {"pre_order_days": days}, [problems.days_long(days, DAYS_MOST)] if days > DAYS_MOST else []


def _condition(job: _Job) -> _Part:
    used = job.listing.condition.lower() == "used"
    alone = job.options.shown_on == (TOKOPEDIA,)
    return {"is_pre_owned": used and alone}, [problems.second_hand()] if used and not alone else []


def _terms(job: _Job) -> _Part:
    """Return what the account's options manage besides: payment, shipping, size chart."""
    options, rules = job.options, job.rules
    terms: dict[str, Json] = {}
    found: list[Problem] = []
    if options.cash_on_delivery is not None:
        terms["cash_on_delivery"] = options.cash_on_delivery and rules.cash_on_delivery
    if options.delivery_options:
        terms["delivery_options"] = sorted(options.delivery_options)
    if options.shipping_insurance and TOKOPEDIA in options.shown_on:
        terms["shipping_insurance"] = options.shipping_insurance
    if options.minimum_order is not None:
        terms["minimum_order"] = options.minimum_order
    if options.size_chart_template:
        terms["size_chart"] = options.size_chart_template if rules.size_chart_allowed else ""
    elif rules.size_chart_required:
        found.append(problems.size_chart_missing())
    return {"terms": terms}, found


def _certificates(job: _Job, attributes: Json) -> list[Problem]:
    """Return the certificates that the category demands always, or because of a chosen attribute (sheet 6)."""
    chosen = chosen_ids(attributes)
    return [
        problems.certificate_missing(one.name, one.id)
        for one in job.rules.certificates
        if (one.required or met(one.conditions, chosen)) and one.id not in job.options.certificates_in_place
    ]
