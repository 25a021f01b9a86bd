"""What a crafter has to mend before Shopee would take a listing: one function a problem, in plain words."""

from __future__ import annotations

from syncer.domain.problem import Problem, Who
from syncer.domain.words import Words
from syncer.sdk.problems import CommonProblems

_SAYS = CommonProblems("shopee", "Shopee")

#: What every platform asks for, in the words of :mod:`syncer.sdk.problems`.
too_short = _SAYS.too_short
too_long = _SAYS.too_long
photo_on_its_way = _SAYS.photo_on_its_way
no_category = _SAYS.no_category
attribute_missing = _SAYS.attribute_missing
attribute_value = _SAYS.attribute_value
no_weight = _SAYS.no_weight
no_size = _SAYS.no_size
price_low = _SAYS.price_low
price_high = _SAYS.price_high
no_variant = _SAYS.no_variant
too_many_variants = _SAYS.too_many_variants
too_many_axes = _SAYS.too_many_axes
axis_name_long = _SAYS.axis_name_long
option_long = _SAYS.option_long
option_empty = _SAYS.option_empty
twins = _SAYS.twins


def hashtags(extra: int) -> Problem:
    """Return the problem of too many hash tags."""
    return _SAYS.problem(
        "hashtags",
        Words("Keterangan berisi terlalu banyak tagar (#).", "The description holds too many hash tags (#)."),
        Words(f"Hapus {extra} tagar.", f"Remove {extra} hash tags."),
        field="description",
    )


def no_photo(missing: int) -> Problem:
    """Return the problem of a listing without (enough) photos."""
    return _SAYS.problem(
        "no_photo",
        Words("Foto produk belum cukup.", "There aren't enough photos."),
        Words(f"Tambahkan {missing} foto.", f"Add {missing} {'photo' if missing == 1 else 'photos'}."),
        field="pictures",
    )


def brand_missing() -> Problem:
    """Return the problem of a category where a brand is mandatory."""
    return _SAYS.problem(
        "brand_missing",
        Words("Kategori ini di Shopee mewajibkan merek terdaftar.", "This Shopee category demands a registered brand."),
        Words("Isi merek yang terdaftar di Shopee.", "Fill in a brand that is registered at Shopee."),
        field="brand",
    )


def brand_unknown(brand: str) -> Problem:
    """Return the note of a brand that isn't registered for this category: the item goes out without one."""
    return _SAYS.problem(
        "brand_unknown",
        Words(
            f'Merek "{brand}" tidak terdaftar di Shopee untuk kategori ini; produknya tampil tanpa merek (No Brand).',
            f'The brand "{brand}" isn\'t registered at Shopee for this category; the product is shown as "No Brand".',
        ),
        Words(
            "Tulis seperti di Shopee: `syncer products edit REF --brand MEREK`; atau daftarkan di Seller Centre.",
            "Write it as Shopee does: `syncer products edit REF --brand BRAND`; or register it in Seller Centre.",
        ),
        field="brand",
    )


def no_courier(*, exists: bool) -> Problem:
    """Return the problem that no courier can take the parcel, or that none is switched on (``exists`` false)."""
    if not exists:
        return _SAYS.problem(
            "no_courier",
            Words("Toko ini belum mengaktifkan kurir di Shopee.", "This shop has no courier switched on at Shopee."),
            Words("Aktifkan kurir di Seller Centre.", "Switch a courier on in Seller Centre."),
            field="logistics",
            who=Who.ADMINISTRATOR,
        )
    return _SAYS.problem(
        "courier_too_small",
        Words(
            "Paket ini terlalu berat atau terlalu besar untuk semua kurir toko.",
            "This parcel is too heavy or too large for all of the shop's couriers.",
        ),
        Words(
            "Periksa berat dan ukuran paket, atau aktifkan kurir lain.",
            "Check the parcel's weight and size, or switch on another courier.",
        ),
        field="weight_g",
    )


def price_ratio(ratio: int, cheap: str, dear: str) -> Problem:
    """Return the problem of variants whose prices are too far apart."""
    return _SAYS.problem(
        "price_ratio",
        Words(
            f"Harga varian terlalu jauh berbeda: {dear} lebih dari {ratio} kali {cheap}.",
            f"The variants' prices are too far apart: {dear} is more than {ratio} times {cheap}.",
        ),
        Words(
            "Dekatkan harganya, atau jual sebagai produk terpisah.",
            "Bring the prices closer, or sell them as separate products.",
        ),
        field="price",
        sku=dear,
    )


def days_long(days: int, most: int) -> Problem:
    """Return the problem of a making time that is too long; ``most`` below 1: no pre-order at all."""
    return _SAYS.days_long(days, most) if most >= 1 else _SAYS.no_pre_order()


def barcode_missing(sku: str) -> Problem:
    """Return the problem of a category that demands a barcode."""
    return _SAYS.problem(
        "barcode_missing",
        Words(
            "Kategori ini di Shopee mewajibkan kode batang (GTIN).", "This Shopee category demands a barcode (GTIN)."
        ),
        Words("Isi kode batang dengan 8 sampai 14 angka.", "Fill in a barcode of 8 to 14 digits."),
        field="barcode",
        sku=sku,
    )
