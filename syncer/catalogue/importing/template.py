"""Our own template, and any plain table that names its columns: one row a variant.

Rows of one product share ``product_code``; without it each row is a product. The demo catalogue has a part of
these columns. Headings are known in Indonesian and English too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import ClassVar

from syncer.catalogue.importing import values
from syncer.catalogue.importing.draft import Draft, DraftVariant, PictureRef, Prices
from syncer.catalogue.importing.headings import Heading, find_columns, numbered_columns
from syncer.catalogue.importing.reader import Cells, Columns, Reader, line, sku_of, text_of, whole
from syncer.catalogue.importing.table import Row
from syncer.catalogue.taxonomy import by_name
from syncer.domain.words import Words

_NAMES: Mapping[str, Sequence[str]] = {
    "sku": ["sku", "kode", "kode barang", "kode sku", "item code"],
    "product_code": ["product_code", "kode produk", "product code", "handle", "kode induk"],
    "title": ["title", "judul", "nama", "nama produk", "nama barang", "name", "product name"],
    "description": ["description", "deskripsi", "keterangan"],
    "story": ["story", "cerita"],
    "materials": ["materials", "bahan", "material"],
    "category": ["category_key", "kategori", "category"],
    "brand": ["brand", "merek"],
    "condition": ["condition", "kondisi"],
    "maker": ["group_name", "perajin", "kelompok", "maker", "pengrajin"],
    "unit": ["district", "kecamatan", "unit"],
    "price": ["price", "harga", "harga jual"],
    "stock": ["stock", "stok", "jumlah", "qty", "quantity"],
    "stock_at_export": ["stock_at_export"],
    "single_piece": ["single_piece", "hanya satu", "satu satunya", "single piece"],
    "days": [
        *("made_to_order_days", "made to order days", "days", "days to make", "days until ready", "lead time"),
        *("lead time days", "lead days", "pre-order days", "preorder days", "pre-order", "preorder", "handling days"),
        *("production days", "production time", "processing days", "processing time", "days to ship"),
        *("hari", "jumlah hari", "hari pembuatan", "lama pembuatan", "hari pengerjaan", "lama pengerjaan"),
        *("waktu pengerjaan", "masa pengerjaan", "waktu pembuatan", "waktu produksi", "lama produksi", "hari produksi"),
        *(
            "lama hari",
            "hari pre-order",
            "hari preorder",
            "lama pre-order",
            "lama preorder",
            "masa pre-order",
            "lama po",
        ),
        *("hari po", "hari siap", "siap kirim hari", "lama proses", "waktu proses"),
    ],
    "hint": ["image_hint"],
    # For people: what stands there is nothing of the product, and nobody misses it.
    "remark": ["note"],
    "barcode": ["barcode", "kode batang", "gtin", "ean"],
    "photos": ["photos", "foto", "gambar", "pictures", "images"],
    "attributes": ["attributes", "atribut"],
}
_MEASURES: Mapping[str, Sequence[str]] = {
    "weight": ["weight", "berat"],
    "length": ["length", "panjang"],
    "width": ["width", "lebar"],
    "height": ["height", "tinggi"],
}
_NUMBERED: Mapping[str, Sequence[str]] = {
    "option_name": ["option#_name", "nama pilihan #", "nama variasi #", "option # name"],
    "option_value": ["option#_value", "pilihan #", "variasi #", "option # value"],
}
_SIZES = {"weight_g": "weight", "length_mm": "length", "width_mm": "width", "height_mm": "height"}
_OPTIONS = (1, 2, 3)
_NO_TITLE = Words("Judul kosong. Isi judul produk.", "The title is empty. Fill it in.")


class Template(Reader):
    """See the module."""

    name: ClassVar[str] = "template"
    label: ClassVar[Words] = Words("templat Syncer", "Syncer's template")

    def __init__(self, columns: Columns, prices: Prices) -> None:
        super().__init__(columns, prices)
        self._last = ""

    @classmethod
    def recognise(cls, headings: Sequence[Heading], sample: Sequence[Row]) -> tuple[int, Columns] | None:
        """A title and a price are the least, or a SKU with something to set."""
        single = find_columns(headings, _NAMES)
        units: dict[str, Decimal] = {}
        currency = ""
        for index, head in enumerate(headings):
            if priced := re.fullmatch(r"(?:price|harga) ([a-z]{3})", head.words):
                single.setdefault("price", index)
                currency = priced[1].upper()
            elif (found := _measure(head)) is not None:
                single.setdefault(found[0], index)
                units[found[0]] = found[1]
        known = set(single)
        if not ({"title", "price"} <= known or ("sku" in known and known & {"price", "stock", "title"})):
            return None
        numbered = numbered_columns(headings, _NUMBERED)
        return 10 + len(single), Columns(single, numbered, units, currency=currency)

    def key(self, cells: Cells) -> str:
        """Rows of one product share its code; a row without one stands alone."""
        return cells.get("product_code") or f"#{cells.number}"

    def read(self, key: str, rows: Sequence[Cells]) -> Draft:
        """See the base class."""
        first = rows[0]
        own = first.get("product_code")
        handle = values.tidy_handle(own) if own else values.tidy_handle(_handle(first))
        draft = Draft([cells.number for cells in rows], handle, native_handle=bool(own), ours=True)
        good = whole(draft, rows)
        head = next((cells for cells in good if cells.get("title")), None)
        if head is not None and not self.attempt(draft, head.number, "", lambda: self._product(draft, head)):
            draft.refuse(draft.problems[-1].words)
            return draft
        if head is None and not any(cells.get("sku") for cells in good):
            draft.refuse(_NO_TITLE)
            return draft
        used = [number for number in _OPTIONS if any(cells.numbered("option_value", number) for cells in good)]
        if head is not None and self.columns.numbered.get("option_value"):
            named = next((cells for cells in good if cells.numbered("option_name", used[0] if used else 1)), head)
            draft.option_names = tuple(
                line(named.numbered("option_name", number), 60) or f"Pilihan {number}" for number in used
            )
        elif head is not None and len(good) == 1:
            draft.option_names = ()
        for cells in good:
            self._variant(draft, cells, used)
        return draft

    def _product(self, draft: Draft, cells: Cells) -> None:
        draft.title = line(cells.get("title"))
        draft.description = text_of(cells.get("description")) if cells.has("description") else None
        draft.story = text_of(cells.get("story")) if cells.has("story") else None
        draft.brand = line(cells.get("brand"), 120) if cells.has("brand") else None
        draft.maker = line(cells.get("maker"), 160) if cells.has("maker") else None
        draft.unit = line(cells.get("unit"), 160) if cells.has("unit") else None
        draft.condition = cells.get("condition").casefold() or None
        draft.made_to_order_days = values.days(cells.get("days"))
        if cells.has("materials"):
            draft.materials = tuple(line(part, 120) for part in values.parts(cells.get("materials")))
        if cells.has("category"):
            text = cells.get("category")
            draft.category_key = by_name(text) or text
        if cells.has("attributes"):
            draft.attributes = _attributes(cells.get("attributes"))

    def _variant(self, draft: Draft, cells: Cells, axes: Sequence[int]) -> None:
        variant = DraftVariant(cells.number)
        sku = cells.get("sku")

        def fill() -> None:
            variant.sku = sku_of(sku)
            variant.option_values = tuple(line(cells.numbered("option_value", number), 80) for number in axes)
            if cells.get("price"):
                variant.price = self.price(cells.get("price"))
            variant.stock = self.stock(draft, cells.number, cells.get("stock"), variant.sku)
            variant.stock_untouched = bool(cells.get("stock")) and cells.get("stock_at_export") == cells.get("stock")
            variant.single_piece = values.flag(cells.get("single_piece"))
            variant.barcode = line(cells.get("barcode"), 40) if cells.has("barcode") else None
            self.size(cells, variant, _SIZES)
            draft.pictures += _pictures(cells.get("photos"))

        if self.attempt(draft, cells.number, sku, fill):
            draft.variants.append(variant)


def _handle(cells: Cells) -> str:
    return cells.get("sku").lstrip("'") or values.made_handle(cells.get("title"))


def _measure(head: Heading) -> tuple[str, Decimal] | None:
    """Return the field and its unit for "Berat (g)", "weight_g", "Panjang cm"; grams and millimetres by default."""
    words, _, unit = head.words.rpartition(" ")
    for name, known in _MEASURES.items():
        table = values.GRAMS if name == "weight" else values.MILLIMETRES
        if head.words in known:
            return name, table.get(head.bracket, Decimal(1))
        if words in known and unit in table:
            return name, table[unit]
    return None


def _attributes(text: str) -> dict[str, str]:
    """Read ``name=value; name=value``."""
    found: dict[str, str] = {}
    for part in values.parts(text, raw=True):
        name, *rest = values.parts(part, "=", keep_empty=True)
        value = "=".join(rest)
        if name and value:
            found[line(name, 80)] = line(value, 500)
    return found


def _pictures(text: str) -> list[PictureRef]:
    """Read ``address|SKU|words``, several separated by ``;`` or, plain addresses, as shops list them."""
    if not text:
        return []
    if "|" not in text and "\\" not in text:
        return [PictureRef(ref) for ref in values.addresses(text)]
    found: list[PictureRef] = []
    for part in values.parts(text, raw=True):
        pieces = [*values.parts(part, "|", keep_empty=True), "", ""]
        found.append(PictureRef(pieces[0], pieces[1] or None, pieces[2]))
    return found
