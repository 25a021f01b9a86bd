"""What a crafter has to mend before Shopee would take a listing: one function a problem, in plain words."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from syncer.domain.money import format_money
from syncer.domain.problem import Problem, Who
from syncer.domain.words import Words


def _problem(
    code: str, words: Words, remedy: Words, *, field: str, who: Who = Who.CRAFTER, sku: str | None = None
) -> Problem:
    return Problem(f"shopee.{code}", words, remedy, who, field, sku)


def too_short(field: str, what: Words, missing: int) -> Problem:
    """Return the problem of a text that needs ``missing`` more letters."""
    return _problem(
        f"{field}_too_short",
        Words(f"{what.id} terlalu pendek untuk Shopee.", f"The {what.en} is too short for Shopee."),
        Words(f"Tambah sedikitnya {missing} huruf.", f"Add at least {missing} more letters."),
        field=field,
    )


def too_long(field: str, what: Words, extra: int) -> Problem:
    """Return the problem of a text that is ``extra`` letters too long."""
    return _problem(
        f"{field}_too_long",
        Words(f"{what.id} terlalu panjang untuk Shopee.", f"The {what.en} is too long for Shopee."),
        Words(f"Kurangi {extra} huruf.", f"Take away {extra} letters."),
        field=field,
    )


def hashtags(extra: int) -> Problem:
    """Return the problem of too many hash tags."""
    return _problem(
        "hashtags",
        Words("Keterangan berisi terlalu banyak tagar (#).", "The description holds too many hash tags (#)."),
        Words(f"Hapus {extra} tagar.", f"Remove {extra} hash tags."),
        field="description",
    )


def no_photo(missing: int) -> Problem:
    """Return the problem of a listing without (enough) photos."""
    return _problem(
        "no_photo",
        Words("Foto produk belum cukup.", "There aren't enough photos."),
        Words(f"Tambahkan {missing} foto.", f"Add {missing} photo(s)."),
        field="pictures",
    )


def photo_on_its_way() -> Problem:
    """Return the note that photos exist but none is uploaded yet: it goes away by itself."""
    return _problem(
        "photo_on_its_way",
        Words("Foto sedang diunggah ke Shopee.", "The photos are being uploaded to Shopee."),
        Words("Tidak perlu apa-apa; Syncer lanjut sendiri.", "Nothing to do; Syncer goes on by itself."),
        field="pictures",
        who=Who.NOBODY,
    )


def no_category() -> Problem:
    """Return the problem of a product whose category has no Shopee category yet."""
    return _problem(
        "no_category",
        Words("Jenis produk ini belum punya kategori Shopee.", "This kind of product has no Shopee category yet."),
        Words("Pilih kategori Shopee untuk jenis produk ini.", "Choose a Shopee category for this kind of product."),
        field="category",
        who=Who.ADMINISTRATOR,
    )


def attribute_missing(name: str, examples: Sequence[str]) -> Problem:
    """Return the problem of a mandatory attribute that nothing answers."""
    hint = ", ".join(examples)
    return _problem(
        "attribute_missing",
        Words(f'Shopee mewajibkan keterangan "{name}".', f'Shopee demands the detail "{name}".'),
        Words(
            f'Isi "{name}"' + (f", misalnya: {hint}." if hint else "."),
            f'Fill in "{name}"' + (f", such as: {hint}." if hint else "."),
        ),
        field="attributes",
    )


def attribute_value(name: str, value: str, examples: Sequence[str]) -> Problem:
    """Return the problem of an attribute value that Shopee doesn't know."""
    hint = ", ".join(examples)
    return _problem(
        "attribute_value",
        Words(f'Isi "{value}" tidak ada dalam pilihan "{name}" di Shopee.', f'Shopee has no "{value}" for "{name}".'),
        Words(f"Pilih salah satu: {hint} ...", f"Choose one of: {hint} ..."),
        field="attributes",
    )


def brand_missing() -> Problem:
    """Return the problem of a category where a brand is mandatory."""
    return _problem(
        "brand_missing",
        Words("Kategori ini di Shopee mewajibkan merek terdaftar.", "This Shopee category demands a registered brand."),
        Words("Isi merek yang terdaftar di Shopee.", "Fill in a brand that is registered at Shopee."),
        field="brand",
    )


def no_weight(sku: str | None) -> Problem:
    """Return the problem of a missing parcel weight."""
    return _problem(
        "no_weight",
        Words("Berat paket belum diisi.", "The parcel's weight is missing."),
        Words("Isi berat paket dalam gram.", "Fill in the parcel's weight in grams."),
        field="weight_g",
        sku=sku,
    )


def no_size() -> Problem:
    """Return the problem of a missing parcel size where the category demands it."""
    return _problem(
        "no_size",
        Words("Ukuran paket belum lengkap.", "The parcel's size is incomplete."),
        Words("Isi panjang, lebar dan tinggi paket.", "Fill in the parcel's length, width and height."),
        field="length_mm",
    )


def no_courier(*, exists: bool) -> Problem:
    """Return the problem that no courier can take the parcel, or that none is switched on (``exists`` false)."""
    if not exists:
        return _problem(
            "no_courier",
            Words("Toko ini belum mengaktifkan kurir di Shopee.", "This shop has no courier switched on at Shopee."),
            Words("Aktifkan kurir di Seller Centre.", "Switch a courier on in Seller Centre."),
            field="logistics",
            who=Who.ADMINISTRATOR,
        )
    return _problem(
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


def price_low(sku: str, least: Decimal, currency: str) -> Problem:
    """Return the problem of a price below the least."""
    shown = format_money(least, currency)
    return _problem(
        "price_low",
        Words(f"Harga {sku} terlalu rendah untuk Shopee.", f"The price of {sku} is too low for Shopee."),
        Words(f"Naikkan sedikitnya ke {shown}.", f"Raise it to at least {shown}."),
        field="price",
        sku=sku,
    )


def price_high(sku: str, most: Decimal, currency: str) -> Problem:
    """Return the problem of a price above the most."""
    shown = format_money(most, currency)
    return _problem(
        "price_high",
        Words(f"Harga {sku} terlalu tinggi untuk Shopee.", f"The price of {sku} is too high for Shopee."),
        Words(f"Turunkan ke paling banyak {shown}.", f"Lower it to at most {shown}."),
        field="price",
        sku=sku,
    )


def price_ratio(ratio: int, cheap: str, dear: str) -> Problem:
    """Return the problem of variants whose prices are too far apart."""
    return _problem(
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


def no_variant() -> Problem:
    """Return the problem of a product without anything to sell."""
    return _problem(
        "no_variant",
        Words("Produk ini belum punya varian untuk dijual.", "This product has no variant to sell yet."),
        Words("Tambahkan satu varian dengan harga.", "Add one variant with a price."),
        field="variants",
    )


def too_many_variants(count: int, most: int) -> Problem:
    """Return the problem of more variants than one item holds."""
    return _problem(
        "too_many_variants",
        Words(
            f"Produk ini punya {count} varian; Shopee menerima paling banyak {most}.",
            f"This product has {count} variants; Shopee takes at most {most}.",
        ),
        Words("Bagi menjadi beberapa produk.", "Split it into several products."),
        field="variants",
    )


def too_many_axes(names: Sequence[str], most: int) -> Problem:
    """Return the problem of more kinds of options than Shopee has, where they can't be merged."""
    shown = ", ".join(names)
    return _problem(
        "too_many_axes",
        Words(
            f"Produk ini punya {len(names)} macam pilihan ({shown}); Shopee menerima {most}.",
            f"This product has {len(names)} kinds of options ({shown}); Shopee takes {most}.",
        ),
        Words(
            "Gabungkan dua macam pilihan menjadi satu, dengan nama yang pendek.",
            "Merge two kinds of options into one, with short names.",
        ),
        field="option_names",
    )


def axis_name_long(name: str, extra: int) -> Problem:
    """Return the problem of an option kind's name that is too long."""
    return _problem(
        "axis_name_long",
        Words(
            f'Nama pilihan "{name}" terlalu panjang untuk Shopee.', f'The option name "{name}" is too long for Shopee.'
        ),
        Words(f"Kurangi {extra} huruf.", f"Take away {extra} letters."),
        field="option_names",
    )


def option_long(value: str, extra: int, sku: str) -> Problem:
    """Return the problem of an option that is too long."""
    return _problem(
        "option_long",
        Words(f'Pilihan "{value}" terlalu panjang untuk Shopee.', f'The option "{value}" is too long for Shopee.'),
        Words(f"Kurangi {extra} huruf.", f"Take away {extra} letters."),
        field="option_values",
        sku=sku,
    )


def option_empty(sku: str) -> Problem:
    """Return the problem of a variant that leaves an option open."""
    return _problem(
        "option_empty",
        Words(f"Varian {sku} belum punya isi untuk tiap pilihan.", f"The variant {sku} leaves an option open."),
        Words("Isi pilihan varian ini.", "Fill in this variant's options."),
        field="option_values",
        sku=sku,
    )


def twins(first: str, second: str) -> Problem:
    """Return the problem of two variants with the same options."""
    return _problem(
        "twin_variants",
        Words(
            f"Varian {first} dan {second} punya pilihan yang sama.",
            f"The variants {first} and {second} have the same options.",
        ),
        Words("Ubah pilihan salah satunya.", "Change the options of one of them."),
        field="option_values",
        sku=second,
    )


def days_long(days: int, most: int) -> Problem:
    """Return the problem of a making time that is too long; ``most`` below 1: no pre-order at all."""
    if most < 1:
        return _problem(
            "no_pre_order",
            Words(
                "Kategori ini di Shopee tidak menerima pesanan yang dibuat dulu.",
                "This Shopee category doesn't allow made-to-order products.",
            ),
            Words(
                "Jual yang sudah jadi saja di sini: isi lama pembuatan 0 hari.",
                "Sell only finished pieces here: set the making time to 0 days.",
            ),
            field="made_to_order_days",
        )
    return _problem(
        "days_long",
        Words(
            f"Lama pembuatan {days} hari terlalu lama untuk Shopee.",
            f"A making time of {days} days is too long for Shopee.",
        ),
        Words(f"Isi paling banyak {most} hari.", f"Set it to at most {most} days."),
        field="made_to_order_days",
    )


def barcode_missing(sku: str) -> Problem:
    """Return the problem of a category that demands a barcode."""
    return _problem(
        "barcode_missing",
        Words(
            "Kategori ini di Shopee mewajibkan kode batang (GTIN).", "This Shopee category demands a barcode (GTIN)."
        ),
        Words("Isi kode batang dengan 8 sampai 14 angka.", "Fill in a barcode of 8 to 14 digits."),
        field="barcode",
        sku=sku,
    )
