"""A listing as Koperasi stores it: title, text, addresses of photos, and lines with prices in cents."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal

from syncer.domain.listing import Rendered, RenderedOffer, WantedListing, WantedOffer
from syncer.domain.problem import Problem
from syncer.domain.words import Words

TITLE_MAX, TEXT_MAX, PHOTOS_MAX, LINES_MAX, AXES_MAX, COUNT_MAX = 80, 4000, 6, 20, 2, 9999
CENTS_MIN, CENTS_MAX = 1, 99_999_999
BRAND, CONDITION, DAYS = "brand", "condition", "days"

_SHORTEN = Words("Pendekkan, lalu simpan.", "Shorten it and save.")
_CHANGE = Words("Ubah, lalu simpan.", "Change it and save.")


def render(listing: WantedListing, media_url: str) -> Rendered:
    """Return ``listing`` as it will be stored there; ``media_url`` is where photos can be fetched."""
    offers = tuple(_offer(offer) for offer in listing.offers)
    fields = {
        "title": one_line(listing.title),
        "description": text_of(listing),
        "category": listing.category or listing.category_key,
        "pictures": [f"{media_url}/{picture.sha256}.jpg" for picture in listing.pictures],
        BRAND: one_line(listing.brand),
        CONDITION: listing.condition,
        DAYS: listing.made_to_order_days,
    }
    names = tuple(one_line(name) for name in listing.option_names)
    return Rendered(fields, offers, names, listing.live, tuple(_problems(listing, fields["title"], fields, offers)))


def one_line(text: str) -> str:
    """Return ``text`` as the platform keeps a line: spaces collapsed."""
    return " ".join(text.split())


def text_of(listing: WantedListing) -> str:
    """Return description, story and materials as one text with single blank lines."""
    parts = [listing.description, listing.story]
    if listing.materials:
        parts.append("Bahan: " + ", ".join(listing.materials))
    text = "\n\n".join(part.strip() for part in parts if part.strip())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(one_line(line) for line in text.split("\n")))


def cents(price: Decimal) -> int:
    """Return a price in cents, rounded half up."""
    return int((price * 100).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def _offer(offer: WantedOffer) -> RenderedOffer:
    values = tuple(one_line(value) for value in offer.option_values)
    price = Decimal(cents(offer.price)) / 100
    return RenderedOffer(offer.key, offer.sku, price, offer.quantity, values, {"grams": offer.weight_g or 0})


def _problems(
    listing: WantedListing, title: object, fields: dict[str, object], offers: tuple[RenderedOffer, ...]
) -> Iterator[Problem]:
    if not 1 <= len(str(title)) <= TITLE_MAX:
        yield Problem(
            "title",
            Words(f"Judul harus 1 sampai {TITLE_MAX} huruf.", f"The title must have 1 to {TITLE_MAX} characters."),
            _SHORTEN,
            field="title",
        )
    if not 1 <= len(str(fields["description"])) <= TEXT_MAX:
        yield Problem(
            "text",
            Words(f"Uraian harus 1 sampai {TEXT_MAX} huruf.", f"The description must have 1 to {TEXT_MAX} characters."),
            _SHORTEN,
            field="description",
        )
    if not 1 <= len(listing.pictures) <= PHOTOS_MAX:
        yield Problem(
            "photos",
            Words(f"Koperasi menerima 1 sampai {PHOTOS_MAX} foto.", f"Koperasi takes 1 to {PHOTOS_MAX} photos."),
            _CHANGE,
            field="pictures",
        )
    if len(listing.option_names) > AXES_MAX or not 1 <= len(offers) <= LINES_MAX:
        yield Problem(
            "lines",
            Words(
                f"Koperasi menerima {AXES_MAX} jenis pilihan dan {LINES_MAX} varian.",
                f"Koperasi takes {AXES_MAX} kinds of choice and {LINES_MAX} variants.",
            ),
            _CHANGE,
        )
    if any(sign in text for offer in offers for text in offer.option_values for sign in ";=") or any(
        sign in name for name in listing.option_names for sign in ";="
    ):
        yield Problem(
            "choices", Words("Pilihan tidak boleh berisi ; atau =.", "Choices may not contain ; or =."), _CHANGE
        )
    for offer in offers:
        if not CENTS_MIN <= cents(offer.price) <= CENTS_MAX:
            yield Problem(
                "price",
                Words("Harga di luar batas Koperasi.", "The price is outside what Koperasi allows."),
                _CHANGE,
                field="price",
                sku=offer.sku,
            )
        if not 0 <= offer.quantity <= COUNT_MAX:
            yield Problem(
                "count",
                Words(f"Jumlah paling banyak {COUNT_MAX}.", f"The number may be at most {COUNT_MAX}."),
                _CHANGE,
                field="stock",
                sku=offer.sku,
            )
