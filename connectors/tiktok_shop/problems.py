"""What has to be mended before TikTok Shop would take a listing: one function a problem, in plain words."""

from __future__ import annotations

from syncer.domain.problem import Problem, Who
from syncer.domain.words import Words
from syncer.sdk.problems import CommonProblems

_SAYS = CommonProblems("tiktok_shop", "TikTok Shop")

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
no_pre_order = _SAYS.no_pre_order
days_long = _SAYS.days_long


def empty_text(field: str, what: Words) -> Problem:
    """Return the problem of a missing text."""
    return _SAYS.problem(
        f"{field}_empty",
        Words(f"{what.id} belum diisi.", f"The {what.en} is missing."),
        Words(f"Isi {what.id.lower()}.", f"Fill in the {what.en}."),
        field=field,
    )


def no_photo() -> Problem:
    """Return the problem of a listing without photos."""
    return _SAYS.problem(
        "no_photo",
        Words("Produk ini belum punya foto.", "This product has no photo yet."),
        Words("Tambahkan sedikitnya satu foto.", "Add at least one photo."),
        field="pictures",
    )


def brand_unknown(brand: str) -> Problem:
    """Return the note of a brand that the shop may not use here: the product goes out without one."""
    return _SAYS.problem(
        "brand_unknown",
        Words(
            f'Merek "{brand}" tidak dikenal di sana untuk kategori ini, atau toko belum boleh memakainya; produknya '
            "tampil tanpa merek.",
            f'The brand "{brand}" is unknown there in this category, or the shop may not use it; the product is '
            "shown without a brand.",
        ),
        Words(
            "Tulis seperti di Seller Center: `syncer products edit REF --brand MEREK`; atau daftarkan di sana.",
            "Write it as Seller Center does: `syncer products edit REF --brand BRAND`; or register it there.",
        ),
        field="brand",
    )


def certificate_missing(name: str, certificate_id: str) -> Problem:
    """Return the problem of a category that demands a certificate, which only people can hand in."""
    return _SAYS.problem(
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
    return _SAYS.problem(
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
    return _SAYS.problem(
        "shop_not_ready",
        Words(f"{what.id}{shown}", f"{what.en}{shown_en}"),
        remedy,
        field="shop",
        who=Who.ADMINISTRATOR,
    )


def second_hand() -> Problem:
    """Return the problem of second-hand goods on more than Tokopedia alone."""
    return _SAYS.problem(
        "second_hand",
        Words("Barang bekas hanya bisa dijual di Tokopedia saja.", "Second-hand goods can be sold on Tokopedia alone."),
        Words(
            'Isi pilihan platforms akun ini dengan "tokopedia", atau jual sebagai barang baru.',
            'Set this account\'s option platforms to "tokopedia", or sell it as new.',
        ),
        field="condition",
        who=Who.ADMINISTRATOR,
    )


def twin_axes(name: str) -> Problem:
    """Return the problem of two kinds of options with one name."""
    return _SAYS.problem(
        "twin_axes",
        Words(f'Nama pilihan "{name}" dipakai dua kali.', f'The option name "{name}" is used twice.'),
        Words("Ubah nama salah satunya.", "Change the name of one of them."),
        field="option_names",
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
