"""Loyverse's item export: one row a variant; price and stock once a shop, whose name stands in the heading."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from syncer.catalogue.importing import values
from syncer.catalogue.importing.draft import Draft, DraftVariant
from syncer.catalogue.importing.headings import Heading, find_columns, numbered_columns
from syncer.catalogue.importing.reader import Cells, Columns, Reader, barcode_of, line, lines, sku_of, whole
from syncer.catalogue.importing.table import Row
from syncer.catalogue.taxonomy import by_name
from syncer.domain.words import Words

_NAMES: Mapping[str, Sequence[str]] = {
    "handle": ["Handle"],
    "sku": ["SKU", "REF", "Artikelnummer", "Артикул"],
    "name": ["Name", "Nama", "Nombre", "Nome", "Nom", "Naam", "Название", "Имя"],
    "category": ["Category", "Kategori", "Categoría", "Categoria", "Catégorie", "Kategorie", "Categorie", "Категория"],
    "description": [
        "Description", "Deskripsi", "Descripción", "Descrizione", "Descrição", "Beschreibung", "Beschrijving",
        "Описание",
    ],
    "by_weight": [
        "Sold by weight", "Dijual per berat", "Dijual berdasarkan berat", "Vendido por peso", "Venduto a peso",
        "Vendu au poids", "Nach Gewicht verkauft", "Verkocht op gewicht", "Весовой товар",
    ],
    "cost": ["Cost", "Biaya", "Coste", "Costo", "Custo", "Coût", "Kosten", "Себестоимость"],
    "barcode": ["Barcode", "Kode batang", "Código de barras", "Codice a barre", "Code-barres", "Штрихкод"],
    "part": ["SKU of included item", "SKU barang yang disertakan"],
    "tracked": ["Track stock", "Lacak stok", "Seguir el inventario", "Traccia scorte", "Bestand verfolgen"],
}  # fmt: skip
_NUMBERED: Mapping[str, Sequence[str]] = {
    "option_name": ["Option # name", "Nama opsi #", "Nombre de la opción #", "Opzione # nome", "Название опции #"],
    "option_value": ["Option # value", "Nilai opsi #", "Valor de la opción #", "Opzione # valore", "Значение опции #"],
}
#: Columns that come once a shop, in this order; their headings are translated, their order is not.
_STORE_COLUMNS = ("available", "price", "stock", "low")
_OPTIONS = (1, 2, 3)
_NO_HANDLE = Words(
    "Baris ini tidak punya Handle dan nama: mungkin bagian dari barang gabungan. Barang gabungan tidak diimpor.",
    "This row has no handle and no name: perhaps a part of a composite item. Composite items are not imported.",
)
_COMPOSITE = Words(
    "Barang gabungan (dirakit dari barang lain) tidak diimpor, karena stoknya bergantung pada bagiannya.",
    "A composite item (made of other items) is not imported, because its stock follows from its parts.",
)
_BY_WEIGHT = Words(
    "Barang ini dijual per berat. Toko di marketplace menjual per buah: buat per kemasan, lalu impor lagi.",
    "This item is sold by weight. Marketplaces sell by piece: make it one pack each, then import again.",
)


class Loyverse(Reader):
    """See the module."""

    name: ClassVar[str] = "loyverse"
    label: ClassVar[Words] = Words("ekspor barang Loyverse", "Loyverse item export")

    @classmethod
    def recognise(cls, headings: Sequence[Heading], sample: Sequence[Row]) -> tuple[int, Columns] | None:
        """Handle and SKU first, and columns with a shop's name in brackets."""
        if len(headings) < 12 or headings[0].words != "handle":
            return None
        by_store: dict[str, list[int]] = {}
        for index, head in enumerate(headings):
            if head.bracket:
                by_store.setdefault(head.bracket, []).append(index)
        stores: dict[str, list[int]] = {}
        for indexes in by_store.values():
            if len(indexes) >= 3:
                for name, index in zip(_STORE_COLUMNS, indexes, strict=False):
                    stores.setdefault(name, []).append(index)
        single = find_columns(headings, _NAMES)
        numbered = dict(numbered_columns(headings, _NUMBERED))
        # The first columns stand in a fixed order, for languages that aren't listed above.
        for index, name in enumerate(("handle", "sku", "name", "category")):
            single.setdefault(name, index)
        if not stores or ("option_value" not in numbered and len(single) < 6):
            return None
        return 90, Columns(single, numbered, stores=stores)

    def key(self, cells: Cells) -> str:
        """Rows of one item share its handle."""
        return cells.get("handle") or f"#{cells.number}"

    def read(self, key: str, rows: Sequence[Cells]) -> Draft:
        """See the base class."""
        draft = Draft([cells.number for cells in rows], values.tidy_handle(key))
        good = whole(draft, rows)
        head = next((cells for cells in good if cells.get("name")), None)
        if key.startswith("#") and head is None:
            draft.refuse(_NO_HANDLE)
            return draft
        if any(cells.get("part") for cells in good):
            draft.refuse(_COMPOSITE)
            return draft
        if head is not None:
            if values.flag(head.get("by_weight")):
                draft.refuse(_BY_WEIGHT)
                return draft
            if not self.attempt(draft, head.number, "", lambda: self._product(draft, head)):
                draft.refuse(draft.problems[-1].words)
                return draft
        used = [number for number in _OPTIONS if any(cells.numbered("option_value", number) for cells in good)]
        if head is not None:
            draft.option_names = tuple(
                line(head.numbered("option_name", number), 60) or f"Option {number}" for number in used
            )
        for cells in good:
            self._variant(draft, cells, used)
        return draft

    def _product(self, draft: Draft, cells: Cells) -> None:
        draft.title = line(cells.get("name"))
        draft.description = lines(cells.get("description")) or None
        draft.category_key = by_name(cells.get("category"))

    def _variant(self, draft: Draft, cells: Cells, axes: Sequence[int]) -> None:
        variant = DraftVariant(cells.number)
        sku = cells.get("sku")

        def fill() -> None:
            variant.sku = sku_of(sku)
            variant.option_values = tuple(line(cells.numbered("option_value", number), 80) for number in axes)
            variant.price = self.price(next((text for text in cells.stores("price") if text), ""))
            variant.barcode = barcode_of(cells) or None
            variant.stock = self._stock(draft, cells, variant.sku)

        if self.attempt(draft, cells.number, sku, fill):
            draft.variants.append(variant)
            if cells.stores("available") and all(values.flag(text) is False for text in cells.stores("available")):
                draft.note(
                    cells.number,
                    "Di Loyverse barang ini tidak dijual.",
                    "In Loyverse this item is not for sale.",
                    variant.sku,
                )

    def _stock(self, draft: Draft, cells: Cells, sku: str) -> int | None:
        """Return the sum over all shops: the catalogue knows one place until a person adds more."""
        if values.flag(cells.get("tracked")) is False:
            return None
        counts = [
            found
            for text in cells.stores("stock")
            if (found := self.stock(draft, cells.number, text, sku, three_decimals=True)) is not None
        ]
        return sum(counts) if counts else None
