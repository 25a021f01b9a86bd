"""What a file says about one product: only what it says. ``None`` means that the file is silent about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from syncer.domain.money import BrokenAmount, check_currency, parse_price, quantize
from syncer.domain.words import SyncerError, Words


class Remark(NamedTuple):
    """Something to tell about one row: a problem (the row was not taken) or a note (it was, with a change)."""

    row: int
    words: Words
    sku: str = ""


class PictureRef(NamedTuple):
    """A picture that the file names: an address, or ``media:`` and the SHA-256 of one that is stored here."""

    ref: str
    sku: str | None = None
    alt: str = ""


@dataclass(slots=True)
class DraftVariant:
    """What one row says about a variant. ``sku`` "" means that it has none. Grams and millimetres."""

    row: int
    sku: str = ""
    option_values: tuple[str, ...] = ()
    price: Decimal | None = None
    stock: int | None = None
    #: The file itself says that nobody touched this number since it was exported.
    stock_untouched: bool = False
    weight_g: int | None = None
    length_mm: int | None = None
    width_mm: int | None = None
    height_mm: int | None = None
    single_piece: bool | None = None
    barcode: str | None = None


@dataclass(slots=True)
class Draft:
    """What a file says about one product.

    ``native_handle``: the handle is the file's own, not made by us. ``ours``: it is our own template, whose
    categories are meant as they stand.
    """

    rows: list[int]
    handle: str
    native_handle: bool = True
    ours: bool = False
    title: str | None = None
    description: str | None = None
    story: str | None = None
    materials: tuple[str, ...] | None = None
    category_key: str | None = None
    option_names: tuple[str, ...] | None = None
    made_to_order_days: int | None = None
    brand: str | None = None
    condition: str | None = None
    maker: str | None = None
    unit: str | None = None
    attributes: Mapping[str, str] | None = None
    pictures: list[PictureRef] = field(default_factory=list)
    variants: list[DraftVariant] = field(default_factory=list)
    problems: list[Remark] = field(default_factory=list)
    notes: list[Remark] = field(default_factory=list)

    def problem(self, row: int, words: Words, sku: str = "") -> None:
        """Say that ``row`` can't be taken."""
        self.problems.append(Remark(row, words, sku))

    def note(self, row: int, indonesian: str, english: str, sku: str = "") -> None:
        """Say what was made of ``row``."""
        self.notes.append(Remark(row, Words(indonesian, english), sku))

    def refuse(self, words: Words) -> None:
        """Say that no row of the product can be taken."""
        known = {remark.row for remark in self.problems}
        self.problems += [Remark(row, words) for row in self.rows if row not in known]
        self.variants.clear()


@dataclass(frozen=True, slots=True)
class Prices:
    """How to read the file's prices into the catalogue's currency.

    ``file_currency`` is what the person says the file is in ("" if they don't); ``rate`` is how much of the
    catalogue's currency one unit of the file's is worth.
    """

    currency: str = "IDR"
    file_currency: str = ""
    rate: Decimal | None = None

    def read(self, text: str, stated: str = "") -> Decimal:
        """Return the price in the catalogue's currency; ``stated`` is the currency that the file itself names.

        Raises ``BadAmount``, or :class:`ForeignPrice` where a rate is needed.
        """
        theirs = check_currency(self.file_currency or stated or self.currency)
        if theirs == self.currency:
            return self._own(text)
        if self.rate is None or not self.rate.is_finite() or self.rate <= 0:
            raise foreign(text, theirs, self.currency)
        amount = parse_price(text, theirs) * self.rate
        return parse_price(format(quantize(amount, self.currency), "f"), self.currency)

    def _own(self, text: str) -> Decimal:
        try:
            return parse_price(text, self.currency)
        except BrokenAmount:
            raise cents(text, self.currency) from None


class ForeignPrice(SyncerError):
    """A price in another currency than the catalogue's, without a rate."""


def foreign(text: str, theirs: str, ours: str) -> ForeignPrice:
    """Return the error for a price that needs a rate."""
    return ForeignPrice(
        Words(
            f"Harga {text[:20]} dalam {theirs}, katalog ini dalam {ours}. "
            f"Impor lagi dengan kurs: berapa {ours} untuk 1 {theirs}.",
            f"The price {text[:20]} is in {theirs}, this catalogue is in {ours}. "
            f"Import again with a rate: how many {ours} make 1 {theirs}.",
        )
    )


def cents(text: str, ours: str) -> ForeignPrice:
    """Return the error for a price with cents in a currency that has none."""
    return ForeignPrice(
        Words(
            f"Harga {text[:20]} memakai sen, tetapi katalog ini dalam {ours}. Bila berkas ini memakai mata uang "
            "lain, impor lagi dengan mata uang dan kursnya; bila tidak, tulis harga tanpa sen.",
            f"The price {text[:20]} has cents, but this catalogue is in {ours}. If the file is in another currency, "
            "import again with that currency and its rate; if not, write the price without cents.",
        )
    )
