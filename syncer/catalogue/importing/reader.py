"""What every format has to offer, and what they share: a row by field names, and its cells turned into values."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import ClassVar

from syncer.catalogue.importing import values
from syncer.catalogue.importing.draft import Draft, DraftVariant, Prices
from syncer.catalogue.importing.headings import Heading
from syncer.catalogue.importing.table import MAX_CELL, Row
from syncer.domain.text import check_sku, clean_text
from syncer.domain.words import SyncerError, Words

WEIGHT = Words("Berat", "weight")
SIZE = Words("Ukuran", "size")
NO_PRICE = Words("Harga kosong. Isi harganya.", "The price is empty. Fill it in.")
TOO_LONG = Words(
    "Satu sel di baris ini lebih dari 32.767 huruf. Mungkin ada tanda petik yang tidak ditutup.",
    "A cell of this row has more than 32,767 characters. Perhaps a quotation mark is never closed.",
)


@dataclass(slots=True)
class Columns:
    """Which column holds what. ``units`` are grams or millimetres for a field's number."""

    single: Mapping[str, int]
    numbered: Mapping[str, Mapping[int, int]] = field(default_factory=dict)
    units: Mapping[str, Decimal] = field(default_factory=dict)
    stores: Mapping[str, Sequence[int]] = field(default_factory=dict)
    currency: str = ""

    def read(self) -> frozenset[int]:
        """Return the columns that are looked at."""
        numbered = {index for found in self.numbered.values() for index in found.values()}
        return frozenset({*self.single.values(), *numbered, *(one for found in self.stores.values() for one in found)})


class Cells:
    """One row by field names."""

    __slots__ = ("_cells", "_columns", "number")

    def __init__(self, row: Row, columns: Columns) -> None:
        self.number = row.number
        self._cells = row.cells
        self._columns = columns

    def get(self, name: str) -> str:
        """Return the cell's text without guard and outer spaces; "" if the file has no such column."""
        index = self._columns.single.get(name)
        return self.at(index) if index is not None else ""

    def has(self, name: str) -> bool:
        """Whether the file has such a column at all."""
        return name in self._columns.single

    def numbered(self, name: str, number: int) -> str:
        """Return the cell of a column that comes numbered."""
        index = self._columns.numbered.get(name, {}).get(number)
        return self.at(index) if index is not None else ""

    def stores(self, name: str) -> list[str]:
        """Return the cells of a column that comes once a shop."""
        return [self.at(index) for index in self._columns.stores.get(name, ())]

    def at(self, index: int) -> str:
        """Return the cell in column ``index``."""
        return values.cell(self._cells[index]) if index < len(self._cells) else ""

    def too_long(self) -> bool:
        """Whether a cell is longer than any spreadsheet program makes them."""
        return any(len(cell) > MAX_CELL for cell in self._cells)


class Reader(ABC):
    """One format. An instance reads one file: ``recognise`` makes it, ``key`` groups rows, ``read`` makes drafts."""

    name: ClassVar[str]
    label: ClassVar[Words]
    #: Rows between the headings and the data.
    rows_below: ClassVar[int] = 0

    def __init__(self, columns: Columns, prices: Prices) -> None:
        self.columns = columns
        self.prices = prices

    @classmethod
    @abstractmethod
    def recognise(cls, headings: Sequence[Heading], sample: Sequence[Row]) -> tuple[int, Columns] | None:
        """Return how sure it is (more is surer) and the columns, or None. ``sample`` are the next rows."""

    @abstractmethod
    def key(self, cells: Cells) -> str:
        """Return what the rows of one product have in common."""

    def same(self, key: str) -> str:
        """Return the key that stands for ``key``, once all rows were seen."""
        return key

    @abstractmethod
    def read(self, key: str, rows: Sequence[Cells]) -> Draft:
        """Return what the rows of one product say."""

    # --- shared steps -------------------------------------------------------------------------------------------

    def attempt(self, draft: Draft, row: int, sku: str, step: Callable[[], None]) -> bool:
        """Run ``step``; what it can't read becomes a problem of the row. Return whether it went well."""
        try:
            step()
        except SyncerError as error:
            draft.problem(row, error.words, sku)
            return False
        return True

    def stock(self, draft: Draft, row: int, text: str, sku: str, *, three_decimals: bool = False) -> int | None:
        """Return the count to set; a negative one is taken as 0, and said so."""
        if not text:
            return None
        found = values.count(text, three_decimals=three_decimals)
        if found < 0:
            draft.note(
                row,
                f"Stok di berkas {found}, kurang dari nol; dicatat 0.",
                f"The file's stock is {found}, below zero; taken as 0.",
                sku,
            )
            return 0
        return found

    def price(self, text: str, stated: str = "") -> Decimal:
        """Return the price in the catalogue's currency; raises what says why not."""
        if not text:
            raise values.BadCell(NO_PRICE)
        return self.prices.read(text, stated or self.columns.currency)

    def size(self, cells: Cells, variant: DraftVariant, names: Mapping[str, str]) -> None:
        """Fill weight and sizes; ``names`` maps the variant's field to the file's."""
        for field_name, column in names.items():
            what = WEIGHT if field_name == "weight_g" else SIZE
            unit = self.columns.units.get(column, Decimal(1))
            setattr(variant, field_name, values.measure(cells.get(column), unit, what=what))


def sku_of(text: str) -> str:
    """Return a SKU as the file has it, checked; "" stays "". Leading apostrophes are a spreadsheet's guard."""
    bare = text.strip().lstrip("'").strip()
    return check_sku(bare) if bare else ""


def barcode_of(cells: Cells) -> str:
    """Return the barcode; a leading apostrophe is a spreadsheet's way to keep its zeros."""
    return line(cells.get("barcode").lstrip("'"), 40)


def line(text: str, max_length: int = 255) -> str:
    """Return one line of cleaned text, cut to ``max_length``."""
    cleaned = clean_text(text[: max_length * 8], max_length=max_length * 8)
    return cleaned[:max_length].strip()


def lines(text: str, max_length: int = 20_000) -> str:
    """Return cleaned text with its line breaks, HTML turned into what a reader sees."""
    return text_of(values.plain_text(text), max_length)


def text_of(text: str, max_length: int = 20_000) -> str:
    """Return cleaned plain text with its line breaks."""
    return clean_text(text, max_length=max_length, multiline=True)


def whole(draft: Draft, rows: Sequence[Cells]) -> list[Cells]:
    """Return the rows that are whole; a row with a monstrous cell, or broken signs, becomes a problem."""
    good = []
    for cells in rows:
        if cells.too_long():
            draft.problem(cells.number, TOO_LONG)
        else:
            good.append(cells)
    return good


__all__ = [
    "NO_PRICE",
    "Cells",
    "Columns",
    "Reader",
    "barcode_of",
    "line",
    "lines",
    "sku_of",
    "text_of",
    "whole",
]
