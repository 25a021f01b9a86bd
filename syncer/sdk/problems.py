"""What a crafter has to mend before any platform would take a listing: the sentences that all of them share.

A connector names itself once and gets one function a problem, in plain words of both languages::

    _SAYS = CommonProblems("shopee", "Shopee")
    too_long = _SAYS.too_long

What only one platform demands is made with :meth:`CommonProblems.problem` in the connector itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from syncer.domain.money import format_money
from syncer.domain.problem import Problem, Who
from syncer.domain.words import Words

#: How much of an option's value is repeated in a sentence, in characters.
_SHOWN_MOST = 60


@dataclass(frozen=True, slots=True)
class CommonProblems:
    """Sentences about a listing. ``connector`` leads every code; ``place`` is the platform's name in sentences."""

    connector: str
    place: str

    def problem(
        self, code: str, words: Words, remedy: Words, *, field: str, who: Who = Who.CRAFTER, sku: str | None = None
    ) -> Problem:
        """Return a problem whose code is ``connector.code``."""
        return Problem(f"{self.connector}.{code}", words, remedy, who, field, sku)

    def too_short(self, field: str, what: Words, missing: int) -> Problem:
        """Return the problem of a text that needs ``missing`` more letters."""
        return self.problem(
            f"{field}_too_short",
            Words(f"{what.id} terlalu pendek untuk {self.place}.", f"The {what.en} is too short for {self.place}."),
            Words(f"Tambah sedikitnya {missing} huruf.", f"Add at least {missing} more letters."),
            field=field,
        )

    def too_long(self, field: str, what: Words, extra: int) -> Problem:
        """Return the problem of a text that is ``extra`` letters too long."""
        return self.problem(
            f"{field}_too_long",
            Words(f"{what.id} terlalu panjang untuk {self.place}.", f"The {what.en} is too long for {self.place}."),
            Words(f"Kurangi {extra} huruf.", f"Take away {extra} letters."),
            field=field,
        )

    def photo_on_its_way(self) -> Problem:
        """Return the note that photos exist but none is uploaded yet: it goes away by itself."""
        return self.problem(
            "photo_on_its_way",
            Words(f"Foto sedang diunggah ke {self.place}.", f"The photos are being uploaded to {self.place}."),
            Words("Tidak perlu apa-apa; Syncer lanjut sendiri.", "Nothing to do; Syncer goes on by itself."),
            field="pictures",
            who=Who.NOBODY,
        )

    def no_category(self, places: str = "") -> Problem:
        """Return the problem of a product whose category has none there yet; ``places`` if it isn't ``place``."""
        shown = places or self.place
        return self.problem(
            "no_category",
            Words(
                f"Jenis produk ini belum punya kategori di {shown}.",
                f"This kind of product has no category at {shown} yet.",
            ),
            Words("Pilih kategori untuk jenis produk ini.", "Choose a category for this kind of product."),
            field="category",
            who=Who.ADMINISTRATOR,
        )

    def attribute_missing(self, name: str, examples: Sequence[str]) -> Problem:
        """Return the problem of a mandatory attribute that nothing answers."""
        hint = ", ".join(examples)
        return self.problem(
            "attribute_missing",
            Words(f'{self.place} mewajibkan keterangan "{name}".', f'{self.place} demands the detail "{name}".'),
            Words(
                f'Isi "{name}"' + (f", misalnya: {hint}." if hint else "."),
                f'Fill in "{name}"' + (f", such as: {hint}." if hint else "."),
            ),
            field="attributes",
        )

    def attribute_value(self, name: str, value: str, examples: Sequence[str]) -> Problem:
        """Return the problem of an attribute value that the platform doesn't know."""
        hint = ", ".join(examples)
        return self.problem(
            "attribute_value",
            Words(
                f'Isi "{value}" tidak ada dalam pilihan "{name}" di {self.place}.',
                f'{self.place} has no "{value}" for "{name}".',
            ),
            Words(f"Pilih salah satu: {hint} ...", f"Choose one of: {hint} ..."),
            field="attributes",
        )

    def no_weight(self, sku: str | None) -> Problem:
        """Return the problem of a missing parcel weight."""
        return self.problem(
            "no_weight",
            Words("Berat paket belum diisi.", "The parcel's weight is missing."),
            Words("Isi berat paket dalam gram.", "Fill in the parcel's weight in grams."),
            field="weight_g",
            sku=sku,
        )

    def no_size(self) -> Problem:
        """Return the problem of a missing parcel size where the category demands it."""
        return self.problem(
            "no_size",
            Words("Ukuran paket belum lengkap.", "The parcel's size is incomplete."),
            Words("Isi panjang, lebar dan tinggi paket.", "Fill in the parcel's length, width and height."),
            field="length_mm",
        )

    def price_low(self, sku: str, least: Decimal, currency: str) -> Problem:
        """Return the problem of a price below the least."""
        shown = format_money(least, currency)
        return self.problem(
            "price_low",
            Words(
                f"Harga {sku} terlalu rendah untuk {self.place}.", f"The price of {sku} is too low for {self.place}."
            ),
            Words(f"Naikkan sedikitnya ke {shown}.", f"Raise it to at least {shown}."),
            field="price",
            sku=sku,
        )

    def price_high(self, sku: str, most: Decimal, currency: str) -> Problem:
        """Return the problem of a price above the most."""
        shown = format_money(most, currency)
        return self.problem(
            "price_high",
            Words(
                f"Harga {sku} terlalu tinggi untuk {self.place}.", f"The price of {sku} is too high for {self.place}."
            ),
            Words(f"Turunkan ke paling banyak {shown}.", f"Lower it to at most {shown}."),
            field="price",
            sku=sku,
        )

    def no_variant(self) -> Problem:
        """Return the problem of a product without anything to sell."""
        return self.problem(
            "no_variant",
            Words("Produk ini belum punya varian untuk dijual.", "This product has no variant to sell yet."),
            Words("Tambahkan satu varian dengan harga.", "Add one variant with a price."),
            field="variants",
        )

    def too_many_variants(self, count: int, most: int) -> Problem:
        """Return the problem of more variants than one listing holds."""
        return self.problem(
            "too_many_variants",
            Words(
                f"Produk ini punya {count} varian; {self.place} menerima paling banyak {most}.",
                f"This product has {count} variants; {self.place} takes at most {most}.",
            ),
            Words("Bagi menjadi beberapa produk.", "Split it into several products."),
            field="variants",
        )

    def too_many_axes(self, names: Sequence[str], most: int) -> Problem:
        """Return the problem of more kinds of options than the platform has."""
        shown = ", ".join(names)
        return self.problem(
            "too_many_axes",
            Words(
                f"Produk ini punya {len(names)} macam pilihan ({shown}); {self.place} menerima {most}.",
                f"This product has {len(names)} kinds of options ({shown}); {self.place} takes {most}.",
            ),
            Words(
                "Gabungkan dua macam pilihan menjadi satu, dengan nama yang pendek.",
                "Merge two kinds of options into one, with short names.",
            ),
            field="option_names",
        )

    def axis_name_long(self, name: str, extra: int) -> Problem:
        """Return the problem of an option kind's name that is too long."""
        return self.problem(
            "axis_name_long",
            Words(
                f'Nama pilihan "{name}" terlalu panjang untuk {self.place}.',
                f'The option name "{name}" is too long for {self.place}.',
            ),
            Words(f"Kurangi {extra} huruf.", f"Take away {extra} letters."),
            field="option_names",
        )

    def option_long(self, value: str, extra: int, sku: str) -> Problem:
        """Return the problem of an option that is too long."""
        shown = value[:_SHOWN_MOST]
        return self.problem(
            "option_long",
            Words(
                f'Pilihan "{shown}" terlalu panjang untuk {self.place}.',
                f'The option "{shown}" is too long for {self.place}.',
            ),
            Words(f"Kurangi {extra} huruf.", f"Take away {extra} letters."),
            field="option_values",
            sku=sku,
        )

    def option_empty(self, sku: str) -> Problem:
        """Return the problem of a variant that leaves an option open."""
        return self.problem(
            "option_empty",
            Words(f"Varian {sku} belum punya isi untuk tiap pilihan.", f"The variant {sku} leaves an option open."),
            Words("Isi pilihan varian ini.", "Fill in this variant's options."),
            field="option_values",
            sku=sku,
        )

    def twins(self, first: str, second: str) -> Problem:
        """Return the problem of two variants with the same options."""
        return self.problem(
            "twin_variants",
            Words(
                f"Varian {first} dan {second} punya pilihan yang sama.",
                f"The variants {first} and {second} have the same options.",
            ),
            Words("Ubah pilihan salah satunya.", "Change the options of one of them."),
            field="option_values",
            sku=second,
        )

    def no_pre_order(self) -> Problem:
        """Return the problem of a category that takes no made-to-order products."""
        return self.problem(
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

    def days_long(self, days: int, most: int) -> Problem:
        """Return the problem of a making time that is too long."""
        return self.problem(
            "days_long",
            Words(
                f"Lama pembuatan {days} hari terlalu lama untuk {self.place}.",
                f"A making time of {days} days is too long for {self.place}.",
            ),
            Words(f"Isi paling banyak {most} hari.", f"Set it to at most {most} days."),
            field="made_to_order_days",
        )
