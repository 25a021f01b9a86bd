"""What a crafter makes: products, their variants and photos, as pure values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

MAX_AXES = 3


class ProductStatus(StrEnum):
    """Life of a product: on the shelf, being taken down everywhere, or only kept for the record."""

    ACTIVE = "active"
    WITHDRAWING = "withdrawing"
    ARCHIVED = "archived"


@dataclass(frozen=True, slots=True)
class Photo:
    """One photo of a product by content (``sha256`` hex of the stored file). ``sku`` ties it to one variant."""

    sha256: str
    alt: str = ""
    sku: str | None = None


@dataclass(frozen=True, slots=True)
class Variant:
    """One sellable version of a product. ``option_values`` follow the product's ``option_names`` one by one.

    ``price`` is in the catalogue's currency. Weight in grams, sizes of the packed piece in millimetres;
    ``None`` means not known (the category's default is used where the account has one).
    ``id`` is the stored identity, which survives a renamed SKU; 0 for a variant that isn't stored yet.
    """

    sku: str
    price: Decimal
    option_values: tuple[str, ...] = ()
    weight_g: int | None = None
    length_mm: int | None = None
    width_mm: int | None = None
    height_mm: int | None = None
    single_piece: bool = False
    barcode: str = ""
    id: int = 0


@dataclass(frozen=True, slots=True)
class Product:
    """A product with up to three option axes (``option_names``) and its variants.

    ``handle`` names it for people and scripts. ``description`` and ``story`` are plain text with line breaks.
    ``made_to_order_days`` is the days until ready to ship; 0 ships from stock.
    """

    handle: str
    title: str
    description: str = ""
    story: str = ""
    materials: tuple[str, ...] = ()
    category_key: str = ""
    option_names: tuple[str, ...] = ()
    variants: tuple[Variant, ...] = ()
    photos: tuple[Photo, ...] = ()
    made_to_order_days: int = 0
    brand: str = ""
    condition: str = "new"
    maker: str = ""
    unit: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    status: ProductStatus = ProductStatus.ACTIVE
    id: int = 0
