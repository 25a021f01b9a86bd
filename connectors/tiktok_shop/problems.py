"""What has to be mended before TikTok Shop would take a listing: one function a problem, in plain words."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from syncer.domain.money import format_money
from syncer.domain.problem import Problem, Who
from syncer.domain.words import Words


def _problem(
    code: str, words: Words, remedy: Words, *, field: str, who: Who = Who.CRAFTER, sku: str | None = None
) -> Problem:
    return Problem(f"tiktok_shop.{code}", words, remedy, who, field, sku)


def empty_text(field: str, what: Words) -> Problem:
    """Return the problem of a missing text."""
    return _problem(
        f"{field}_empty",
        Words(f"{what.id} belum diisi.", f"The {what.en} is missing."),
        Words(f"Isi {what.id.lower()}.", f"Fill in the {what.en}."),
        field=field,
    )


def too_short(missing: int) -> Problem:
    """Return the problem of a title that needs ``missing`` more letters."""
    return _problem(
        "title_too_short",
        Words("Judul terlalu pendek untuk TikTok Shop.", "The title is too short for TikTok Shop."),
        Words(f"Tambah sedikitnya {missing} huruf.", f"Add at least {missing} more letters."),
        field="title",
    )


def too_long(field: str, what: Words, extra: int) -> Problem:
    """Return the problem of a text that is ``extra`` letters too long."""
    return _problem(
        f"{field}_too_long",
        Words(f"{what.id} terlalu panjang untuk TikTok Shop.", f"The {what.en} is too long for TikTok Shop."),
        Words(f"Kurangi {extra} huruf.", f"Take away {extra} letters."),
        field=field,
    )


def no_photo() -> Problem:
    """Return the problem of a listing without photos."""
    return _problem(
        "no_photo",
        Words("Produk ini belum punya foto.", "This product has no photo yet."),
        Words("Tambahkan sedikitnya satu foto.", "Add at least one photo."),
        field="pictures",
    )


def photo_on_its_way() -> Problem:
    """Return the note that photos exist but none is uploaded yet: it goes away by itself."""
    return _problem(
        "photo_on_its_way",
        Words("Foto sedang diunggah ke TikTok Shop.", "The photos are being uploaded to TikTok Shop."),
        Words("Tidak perlu apa-apa; Syncer lanjut sendiri.", "Nothing to do; Syncer goes on by itself."),
        field="pictures",
        who=Who.NOBODY,
    )


def no_category(platforms: str) -> Problem:
    """Return the problem of a product whose category has no category there yet."""
    return _problem(
        "no_category",
        Words(
            f"Jenis produk ini belum punya kategori di {platforms}.",
            f"This kind of product has no category at {platforms} yet.",
        ),
        Words("Pilih kategori untuk jenis produk ini.", "Choose a category for this kind of product."),
        field="category",
        who=Who.ADMINISTRATOR,
    )


def attribute_missing(name: str, examples: Sequence[str]) -> Problem:
    """Return the problem of a mandatory attribute that nothing answers."""
    hint = ", ".join(examples)
    return _problem(
        "attribute_missing",
        Words(f'Kategori ini mewajibkan keterangan "{name}".', f'This category demands the detail "{name}".'),
        Words(
            f'Isi "{name}"' + (f", misalnya: {hint}." if hint else "."),
            f'Fill in "{name}"' + (f", such as: {hint}." if hint else "."),
        ),
        field="attributes",
    )


def attribute_value(name: str, value: str, examples: Sequence[str]) -> Problem:
    """Return the problem of an attribute value that the platform doesn't know."""
    hint = ", ".join(examples)
    return _problem(
        "attribute_value",
        Words(f'Isi "{value}" tidak ada dalam pilihan "{name}".', f'"{name}" has no choice "{value}".'),
        Words(f"Pilih salah satu: {hint} ...", f"Choose one of: {hint} ..."),
        field="attributes",
    )


def certificate_missing(name: str, certificate_id: str) -> Problem:
    """Return the problem of a category that demands a certificate, which only people can hand in."""
    return _problem(
        "certificate_missing",
        Words(f'Kategori ini mewajibkan sertifikat "{name}".', f'This category demands the certificate "{name}".'),
        Words(
            f"Pilih kategori lain; atau tambahkan sertifikat di Seller Center dan nomor {certificate_id} di pilihan "
            "certificates_in_place.",
            f"Choose another category; or add the certificate in Seller Center, and the number {certificate_id} to the "
            "option certificates_in_place.",
        ),
        field="category",
        who=Who.ADMINISTRATOR,
    )


def size_chart_missing() -> Problem:
    """Return the problem of a category that demands a size chart."""
    return _problem(
        "size_chart_missing",
        Words("Kategori ini mewajibkan tabel ukuran.", "This category demands a size chart."),
        Words(
            "Buat templat tabel ukuran di Seller Center dan isi pilihan size_chart_template, atau pilih kategori lain.",
            "Make a size chart template in Seller Center and set the option size_chart_template, or choose another "
            "category.",
        ),
        field="category",
        who=Who.ADMINISTRATOR,
    )


def shop_not_ready(what: Words, remedy: Words, why: str) -> Problem:
    """Return the problem of a shop that may not list yet; ``why`` are the platform's own words."""
    shown = f' Kata TikTok Shop: "{why}"' if why else ""
    shown_en = f' TikTok Shop says: "{why}"' if why else ""
    return _problem(
        "shop_not_ready",
        Words(f"{what.id}{shown}", f"{what.en}{shown_en}"),
        remedy,
        field="shop",
        who=Who.ADMINISTRATOR,
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


def second_hand() -> Problem:
    """Return the problem of second-hand goods on more than Tokopedia alone."""
    return _problem(
        "second_hand",
        Words("Barang bekas hanya bisa dijual di Tokopedia saja.", "Second-hand goods can be sold on Tokopedia alone."),
        Words(
            'Isi pilihan platforms akun ini dengan "tokopedia", atau jual sebagai barang baru.',
            'Set this account\'s option platforms to "tokopedia", or sell it as new.',
        ),
        field="condition",
        who=Who.ADMINISTRATOR,
    )


def price_low(sku: str, least: Decimal, currency: str) -> Problem:
    """Return the problem of a price below the least."""
    shown = format_money(least, currency)
    return _problem(
        "price_low",
        Words(f"Harga {sku} terlalu rendah untuk TikTok Shop.", f"The price of {sku} is too low for TikTok Shop."),
        Words(f"Naikkan sedikitnya ke {shown}.", f"Raise it to at least {shown}."),
        field="price",
        sku=sku,
    )


def price_high(sku: str, most: Decimal, currency: str) -> Problem:
    """Return the problem of a price above the most."""
    shown = format_money(most, currency)
    return _problem(
        "price_high",
        Words(f"Harga {sku} terlalu tinggi untuk TikTok Shop.", f"The price of {sku} is too high for TikTok Shop."),
        Words(f"Turunkan ke paling banyak {shown}.", f"Lower it to at most {shown}."),
        field="price",
        sku=sku,
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
    """Return the problem of more variants than one product holds."""
    return _problem(
        "too_many_variants",
        Words(
            f"Produk ini punya {count} varian; TikTok Shop menerima paling banyak {most}.",
            f"This product has {count} variants; TikTok Shop takes at most {most}.",
        ),
        Words("Bagi menjadi beberapa produk.", "Split it into several products."),
        field="variants",
    )


def too_many_axes(names: Sequence[str], most: int) -> Problem:
    """Return the problem of more kinds of options than there may be."""
    shown = ", ".join(names)
    return _problem(
        "too_many_axes",
        Words(
            f"Produk ini punya {len(names)} macam pilihan ({shown}); TikTok Shop menerima {most}.",
            f"This product has {len(names)} kinds of options ({shown}); TikTok Shop takes {most}.",
        ),
        Words("Gabungkan dua macam pilihan menjadi satu.", "Merge two kinds of options into one."),
        field="option_names",
    )


def twin_axes(name: str) -> Problem:
    """Return the problem of two kinds of options with one name."""
    return _problem(
        "twin_axes",
        Words(f'Nama pilihan "{name}" dipakai dua kali.', f'The option name "{name}" is used twice.'),
        Words("Ubah nama salah satunya.", "Change the name of one of them."),
        field="option_names",
    )


def axis_name_long(name: str, extra: int) -> Problem:
    """Return the problem of an option kind's name that is too long."""
    return _problem(
        "axis_name_long",
        Words(
            f'Nama pilihan "{name}" terlalu panjang untuk TikTok Shop.',
            f'The option name "{name}" is too long for TikTok Shop.',
        ),
        Words(f"Kurangi {extra} huruf.", f"Take away {extra} letters."),
        field="option_names",
    )


def option_long(value: str, extra: int, sku: str) -> Problem:
    """Return the problem of an option that is too long."""
    shown = value[:60]
    return _problem(
        "option_long",
        Words(
            f'Pilihan "{shown}" terlalu panjang untuk TikTok Shop.',
            f'The option "{shown}" is too long for TikTok Shop.',
        ),
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


def no_pre_order() -> Problem:
    """Return the problem of a category that takes no made-to-order products."""
    return _problem(
        "no_pre_order",
        Words(
            "Kategori ini tidak menerima pesanan yang dibuat dulu.",
            "This category doesn't allow made-to-order products.",
        ),
        Words(
            "Jual yang sudah jadi saja di sini: isi lama pembuatan 0 hari.",
            "Sell only finished pieces here: set the making time to 0 days.",
        ),
        field="made_to_order_days",
    )


def days_long(days: int, most: int) -> Problem:
    """Return the problem of a making time that is too long."""
    return _problem(
        "days_long",
        Words(
            f"Lama pembuatan {days} hari terlalu lama untuk TikTok Shop.",
            f"A making time of {days} days is too long for TikTok Shop.",
        ),
        Words(f"Isi paling banyak {most} hari.", f"Set it to at most {most} days."),
        field="made_to_order_days",
    )


_SHOP: dict[str, tuple[Words, Words]] = {
    "SHOP_STATUS": (
        Words("Toko ini belum aktif.", "This shop isn't active."),
        Words("Aktifkan toko di Seller Center.", "Activate the shop in Seller Center."),
    ),
    "SHOP_TAX": (
        Words("Data pajak toko belum lengkap.", "The shop's tax details are incomplete."),
        Words("Lengkapi data pajak di Seller Center.", "Complete the tax details in Seller Center."),
    ),
    "PICKUP_WAREHOUSE": (
        Words("Toko ini belum punya gudang pengiriman.", "This shop has no warehouse for shipping."),
        Words("Tambahkan gudang di Seller Center.", "Add a warehouse in Seller Center."),
    ),
    "RETURN_WAREHOUSE": (
        Words("Toko ini belum punya alamat retur.", "This shop has no address for returns."),
        Words("Tambahkan alamat retur di Seller Center.", "Add an address for returns in Seller Center."),
    ),
    "DELIVERY_OPTION": (
        Words("Toko ini belum mengaktifkan kurir.", "This shop has no courier switched on."),
        Words("Aktifkan kurir di Seller Center.", "Switch a courier on in Seller Center."),
    ),
    "SHIPPING_TEMPLATE": (
        Words("Toko ini belum mengatur ongkos kirim.", "This shop has no shipping cost set up."),
        Words("Atur ongkos kirim di Seller Center.", "Set up the shipping cost in Seller Center."),
    ),
    "PRODUCT_QUANTITY_LIMIT": (
        Words("Toko ini sudah mencapai batas jumlah produk.", "This shop has reached its limit of products."),
        Words("Lihat batasnya di Seller Center.", "See the limit in Seller Center."),
    ),
    "BANK_ACCOUNT": (
        Words("Rekening bank toko belum diisi.", "The shop's bank account is missing."),
        Words("Isi rekening bank di Seller Center.", "Fill in the bank account in Seller Center."),
    ),
    "CONTACT_INFO": (
        Words("Kontak toko belum diisi.", "The shop's contact details are missing."),
        Words("Isi kontak toko di Seller Center.", "Fill in the contact details in Seller Center."),
    ),
}
_SHOP_OTHER = (
    Words("Toko ini belum siap menjual.", "This shop isn't ready to sell."),
    Words("Lihat Seller Center.", "See Seller Center."),
)


def shop_check(item: str, why: str) -> Problem:
    """Return the problem of a prerequisite that isn't met. ``BANk_ACCOUNT`` is spelled so on the wire (sheet 6)."""
    what, remedy = _SHOP.get(item.upper(), _SHOP_OTHER)
    return shop_not_ready(what, remedy, why)
