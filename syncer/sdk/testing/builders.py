"""Listings and pictures to test with: small, valid nearly everywhere, and different in one thing at a time."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from typing import Any

from PIL import Image

from syncer.domain.listing import Picture, WantedListing, WantedOffer
from syncer.domain.money import minor_digits

_AXES = (("Warna", ("Alami", "Hitam", "Merah", "Biru", "Hijau")), ("Ukuran", ("Kecil", "Sedang", "Besar", "Jumbo")))
_TEXT = (
    "Mangkuk kayu jati ukir tangan, dibuat satu per satu oleh perajin di Setu.\n"
    "Cuci dengan tangan, keringkan di tempat teduh."
)


@dataclass(frozen=True, slots=True)
class PictureFile:
    """A photo as a file: its bytes, and the name and type it is uploaded with."""

    sha256: str
    data: bytes
    mime: str = "image/jpeg"

    @property
    def name(self) -> str:
        """The file's name."""
        return f"{self.sha256[:16]}.jpg"


@cache
def picture_file(number: int) -> PictureFile:
    """Return a real photo, another one for each number: JPEG, 800 by 800 pixels."""
    image = Image.linear_gradient("L").resize((800, 800)).convert("RGB")
    tint = Image.new("RGB", image.size, ((number * 67) % 256, (number * 131) % 256, (number * 29 + 40) % 256))
    file = io.BytesIO()
    Image.blend(image, tint, 0.6).save(file, "JPEG", quality=70)
    data = file.getvalue()
    return PictureFile(hashlib.sha256(data).hexdigest(), data)


def picture_files(count: int = 16) -> dict[str, PictureFile]:
    """Return the first ``count`` photos by their SHA-256."""
    return {file.sha256: file for file in (picture_file(number) for number in range(count))}


def pictures(*numbers: int) -> tuple[Picture, ...]:
    """Return pictures (not uploaded yet) of the photos with these numbers."""
    return tuple(Picture(picture_file(number).sha256) for number in numbers)


def money(rupiah: int, currency: str) -> Decimal:
    """Return an everyday price: ``rupiah`` itself, or about as much in a currency with minor units."""
    if minor_digits(currency) == 0:
        return Decimal(rupiah)
    return (Decimal(rupiah) / 10_000).quantize(Decimal("0.01"))


def offer(number: int = 0, *, currency: str = "IDR", marker: str = "mangkuk", **values: Any) -> WantedOffer:
    """Return the offer of variant ``number``; ``values`` replace what it would have."""
    made = WantedOffer(
        key=f"{marker}-{number}",
        sku=f"{marker.upper()[:30]}-{number}",
        price=money(185_000 + 5_000 * number, currency),
        quantity=5 + number,
        weight_g=700 + 10 * number,
        length_mm=200,
        width_mm=150,
        height_mm=100,
    )
    return replace(made, **values)


def listing(
    *, marker: str = "mangkuk", axes: int = 0, variants: int | None = None, currency: str = "IDR", **values: Any
) -> WantedListing:
    """Return a wanted listing with ``axes`` option axes (0 to 2) and ``variants`` variants.

    ``values`` replace any field. Offers are keyed ``MARKER-0``, ``MARKER-1`` and so on.
    """
    count = variants if variants is not None else (1, 2, 4)[axes]
    choices = _choices(axes, count)
    offers = tuple(offer(n, currency=currency, marker=marker, option_values=choice) for n, choice in enumerate(choices))
    made = WantedListing(
        marker=marker,
        title=f"Mangkuk Jati Ukir {marker}",
        description=_TEXT,
        currency=currency,
        category_key="wood-carving",
        pictures=pictures(0, 1),
        option_names=tuple(name for name, _ in _AXES[:axes]),
        offers=offers,
    )
    return replace(made, **values)


def _choices(axes: int, count: int) -> list[tuple[str, ...]]:
    if axes == 0:
        return [()]
    if axes == 1:
        base = _AXES[0][1]
        return [(base[n] if n < len(base) else f"Corak {n}",) for n in range(count)]
    first, second = _AXES[0][1], _AXES[1][1]
    # Fill the first axis in rows of two sizes, so that every combination of the used values exists.
    return [(first[n // 2] if n // 2 < len(first) else f"Corak {n // 2}", second[n % 2]) for n in range(count)]


def with_offer(wanted: WantedListing, key: str, **values: Any) -> WantedListing:
    """Return ``wanted`` with the offer ``key`` changed."""
    changed = tuple(replace(found, **values) if found.key == key else found for found in wanted.offers)
    return replace(wanted, offers=changed)


def without_offer(wanted: WantedListing, key: str) -> WantedListing:
    """Return ``wanted`` without the offer ``key``."""
    return replace(wanted, offers=tuple(found for found in wanted.offers if found.key != key))
