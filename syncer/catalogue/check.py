"""What every door checks before a product is kept, and the one cleaning of its text."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from syncer.catalogue.errors import BadProduct, bad
from syncer.catalogue.taxonomy import check_category
from syncer.domain.money import PRICE_MAX
from syncer.domain.product import MAX_AXES, Photo, Product, Variant
from syncer.domain.text import BadText, check_sku, clean_text

TITLE_MAX = 255
DESCRIPTION_MAX = 20_000
VARIANTS_MAX = 500
PHOTOS_MAX = 50
WEIGHT_MAX_G = 1_000_000
SIZE_MAX_MM = 100_000
DAYS_MAX = 365
_HANDLE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,118}")
_CONDITIONS = ("new", "used")


def checked(product: Product) -> Product:
    """Return ``product`` with its text cleaned; raises :class:`BadProduct`, ``BadSku`` or ``BadText``."""
    if not _HANDLE.fullmatch(product.handle):
        raise bad(
            "handle",
            f'Kode produk "{product.handle[:60]}" tidak bisa dipakai. Pakai 1 sampai 119 huruf, angka, atau . _ -',
            f'The product code "{product.handle[:60]}" can\'t be used. Use 1 to 119 letters, digits or . _ -',
        )
    cleaned = replace(
        product,
        title=_text("title", product.title, TITLE_MAX),
        description=_text("description", product.description, DESCRIPTION_MAX, multiline=True),
        story=_text("story", product.story, DESCRIPTION_MAX, multiline=True),
        materials=_words("materials", product.materials, 120),
        option_names=_words("option_names", product.option_names, 60),
        brand=_text("brand", product.brand, 120),
        maker=_text("maker", product.maker, 160),
        unit=_text("unit", product.unit, 160),
        attributes=_attributes(product),
        variants=tuple(_variant(variant) for variant in product.variants),
        photos=tuple(replace(photo, alt=_text("photos", photo.alt, 500)) for photo in product.photos),
    )
    _product_rules(cleaned)
    _variant_rules(cleaned)
    _photo_rules(cleaned.photos)
    return cleaned


def _text(field: str, value: str, max_length: int, *, multiline: bool = False) -> str:
    try:
        return clean_text(value, max_length=max_length, multiline=multiline)
    except BadText as error:
        raise BadProduct(error.words, field) from None


def _words(field: str, values: tuple[str, ...], max_length: int) -> tuple[str, ...]:
    cleaned = (_text(field, value, max_length) for value in values)
    return tuple(value for value in cleaned if value)


def _attributes(product: Product) -> dict[str, str]:
    if len(product.attributes) > 100:
        raise bad("attributes", "Paling banyak 100 keterangan untuk satu produk.", "At most 100 attributes a product.")
    return {
        _text("attributes", key, 80): _text("attributes", value, 500)
        for key, value in sorted(product.attributes.items())
    }


def _variant(variant: Variant) -> Variant:
    return replace(
        variant,
        sku=check_sku(variant.sku),
        option_values=tuple(_text("option_values", value, 80) for value in variant.option_values),
        barcode=_text("barcode", variant.barcode, 40),
    )


def _product_rules(product: Product) -> None:
    if not product.title:
        raise bad("title", "Judul produk kosong. Isi judulnya.", "The product has no title. Give it one.")
    if len(product.option_names) > MAX_AXES:
        raise bad(
            "option_names",
            f"Paling banyak {MAX_AXES} pilihan (misalnya Warna, Ukuran, Lengan).",
            f"At most {MAX_AXES} options (such as colour, size, sleeve).",
        )
    if len({name.casefold() for name in product.option_names}) != len(product.option_names):
        raise bad("option_names", "Dua pilihan bernama sama. Beri nama lain.", "Two options have the same name.")
    if not 0 <= product.made_to_order_days <= DAYS_MAX:
        raise bad(
            "made_to_order_days",
            f"Lama pembuatan harus 0 sampai {DAYS_MAX} hari.",
            f"The days until ready must be 0 to {DAYS_MAX}.",
        )
    if product.condition not in _CONDITIONS:
        raise bad("condition", "Kondisi harus new (baru) atau used (bekas).", "The condition must be new or used.")
    if product.category_key:
        check_category(product.category_key)


def _variant_rules(product: Product) -> None:
    variants = product.variants
    if not variants:
        raise bad("variants", "Produk belum punya SKU. Isi paling sedikit satu.", "The product needs at least one SKU.")
    if len(variants) > VARIANTS_MAX:
        raise bad(
            "variants",
            f"Paling banyak {VARIANTS_MAX} varian per produk.",
            f"At most {VARIANTS_MAX} variants a product.",
        )
    _no_twins(variants, lambda variant: variant.sku, "sku", "SKU {0} tertulis dua kali.", "The SKU {0} is there twice.")
    for variant in variants:
        _one_variant(variant, len(product.option_names))
    _no_twins(
        variants,
        lambda variant: " / ".join(value.casefold() for value in variant.option_values),
        "option_values",
        'Dua varian punya pilihan yang sama: "{0}". Bedakan pilihannya.',
        'Two variants have the same options: "{0}". Make them differ.',
    )


def _no_twins(
    variants: tuple[Variant, ...], key: Callable[[Variant], str], field: str, indonesian: str, english: str
) -> None:
    seen: set[str] = set()
    for variant in variants:
        value = key(variant)
        if value in seen:
            raise bad(field, indonesian.replace("{0}", value), english.replace("{0}", value))
        seen.add(value)


def _one_variant(variant: Variant, axes: int) -> None:
    if len(variant.option_values) != axes or not all(variant.option_values):
        raise bad(
            "option_values",
            f"Varian {variant.sku} harus mengisi {axes} pilihan.",
            f"The variant {variant.sku} must fill {axes} options.",
        )
    if not variant.price.is_finite() or not 0 < variant.price <= PRICE_MAX:
        raise bad(
            "price",
            f"Harga {variant.sku} harus lebih dari 0 dan paling banyak 1.000.000.000.",
            f"The price of {variant.sku} must be above 0 and at most 1,000,000,000.",
        )
    if variant.weight_g is not None and not 1 <= variant.weight_g <= WEIGHT_MAX_G:
        raise bad(
            "weight_g",
            f"Berat {variant.sku} harus 1 sampai 1.000.000 gram.",
            f"The weight of {variant.sku} must be 1 to 1,000,000 grams.",
        )
    for name in ("length_mm", "width_mm", "height_mm"):
        size = getattr(variant, name)
        if size is not None and not 1 <= size <= SIZE_MAX_MM:
            raise bad(
                name,
                f"Ukuran {variant.sku} harus 1 sampai {SIZE_MAX_MM} milimeter.",
                f"The size of {variant.sku} must be 1 to {SIZE_MAX_MM} millimetres.",
            )


def _photo_rules(photos: tuple[Photo, ...]) -> None:
    if len(photos) > PHOTOS_MAX:
        raise bad("photos", f"Paling banyak {PHOTOS_MAX} foto per produk.", f"At most {PHOTOS_MAX} photos a product.")
