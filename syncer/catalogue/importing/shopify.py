"""Shopify's product CSV: one row a variant, the product's own facts on the first row of its handle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from syncer.catalogue.importing import values
from syncer.catalogue.importing.draft import Draft, DraftVariant, PictureRef
from syncer.catalogue.importing.headings import Heading, find_columns, numbered_columns
from syncer.catalogue.importing.reader import Cells, Columns, Reader, barcode_of, line, lines, sku_of, whole
from syncer.catalogue.importing.table import Row
from syncer.catalogue.taxonomy import by_name
from syncer.domain.words import SyncerError, Words

_NAMES: Mapping[str, Sequence[str]] = {
    "handle": ["Handle", "URL handle"],
    "title": ["Title"],
    "description": ["Body (HTML)", "Body", "Description"],
    "vendor": ["Vendor"],
    "type": ["Type", "Custom Product Type", "Standardized Product Type", "Product Category"],
    "sku": ["Variant SKU", "SKU"],
    "grams": ["Variant Grams", "Weight value (grams)"],
    "stock": ["Variant Inventory Qty", "Inventory quantity"],
    "price": ["Variant Price", "Price"],
    "barcode": ["Variant Barcode", "Barcode"],
    "image": ["Image Src", "Product image URL"],
    "image_alt": ["Image Alt Text", "Image alt text"],
    "variant_image": ["Variant Image", "Variant image URL"],
    "gift_card": ["Gift Card"],
    "ships": ["Variant Requires Shipping", "Requires shipping"],
    "status": ["Status"],
    "published": ["Published"],
}
_NUMBERED: Mapping[str, Sequence[str]] = {
    "option_name": ["Option# Name", "Option # name"],
    "option_value": ["Option# Value", "Option # value"],
}
_OPTIONS = (1, 2, 3)
_NO_HANDLE = Words(
    "Kolom Handle kosong, jadi tidak jelas ini produk yang mana. Isi Handle.",
    "The Handle is empty, so it isn't clear which product this is. Fill it in.",
)
_NO_SHIPPING = Words(
    "Kartu hadiah dan barang tanpa pengiriman tidak dijual di sini.",
    "Gift cards and things that aren't shipped are not sold here.",
)


class Shopify(Reader):
    """See the module."""

    name: ClassVar[str] = "shopify"
    label: ClassVar[Words] = Words("CSV produk Shopify", "Shopify product CSV")

    @classmethod
    def recognise(cls, headings: Sequence[Heading], sample: Sequence[Row]) -> tuple[int, Columns] | None:
        """Shopify's headings are English in every shop."""
        single = find_columns(headings, _NAMES)
        numbered = numbered_columns(headings, _NUMBERED)
        if not {"handle", "title", "price"} <= set(single) or "option_name" not in numbered:
            return None
        return 80 + len(single), Columns(single, numbered)

    def key(self, cells: Cells) -> str:
        """Rows of one product share its handle."""
        return cells.get("handle") or f"#{cells.number}"

    def read(self, key: str, rows: Sequence[Cells]) -> Draft:
        """See the base class."""
        draft = Draft([cells.number for cells in rows], values.tidy_handle(key))
        good = whole(draft, rows)
        if key.startswith("#") and not any(cells.get("handle") for cells in rows):
            draft.refuse(_NO_HANDLE)
            return draft
        head = next((cells for cells in good if cells.get("title")), None)
        if head is not None and not self.attempt(draft, head.number, "", lambda: self._product(draft, head)):
            draft.refuse(draft.problems[-1].words)
            return draft
        if any(values.flag(cells.get("gift_card")) or values.flag(cells.get("ships")) is False for cells in good):
            draft.refuse(_NO_SHIPPING)
            return draft
        axes = self._axes(good, draft)
        for cells in good:
            self._picture(draft, cells)
            if cells.get("price") or cells.numbered("option_value", 1) or cells.get("sku"):
                self._variant(draft, cells, axes)
        return draft

    def _product(self, draft: Draft, cells: Cells) -> None:
        draft.title = line(cells.get("title"))
        draft.description = lines(cells.get("description")) or None
        draft.brand = line(cells.get("vendor"), 120) or None
        kind = cells.get("type").split(">")[-1]
        draft.category_key = by_name(kind)
        if cells.get("status").casefold() in ("draft", "archived") or values.flag(cells.get("published")) is False:
            draft.note(
                cells.number,
                "Di toko asal produk ini belum tayang.",
                "In the shop it comes from this product was not on show.",
            )

    def _axes(self, rows: Sequence[Cells], draft: Draft) -> list[int]:
        """Return the numbers of the options in use, and name them if the file does."""
        named = next((cells for cells in rows if cells.numbered("option_name", 1)), None)
        used = [number for number in _OPTIONS if any(cells.numbered("option_value", number) for cells in rows)]
        if named is None:
            return used
        names = [named.numbered("option_name", number) for number in used]
        first = {cells.numbered("option_value", 1) for cells in rows if cells.numbered("option_value", 1)}
        if names == ["Title"] and first <= {"Default Title"}:
            used, names = [], []
        draft.option_names = tuple(
            line(name, 60) or f"Option {number}" for name, number in zip(names, used, strict=True)
        )
        return used

    def _variant(self, draft: Draft, cells: Cells, axes: Sequence[int]) -> None:
        variant = DraftVariant(cells.number)
        sku = cells.get("sku")

        def fill() -> None:
            variant.sku = sku_of(sku)
            variant.option_values = tuple(line(cells.numbered("option_value", number), 80) for number in axes)
            variant.price = self.price(cells.get("price"))
            variant.stock = self.stock(draft, cells.number, cells.get("stock"), variant.sku)
            variant.barcode = barcode_of(cells) or None
            self.size(cells, variant, {"weight_g": "grams"})

        if self.attempt(draft, cells.number, sku, fill):
            draft.variants.append(variant)

    def _picture(self, draft: Draft, cells: Cells) -> None:
        try:
            alt = line(cells.get("image_alt"), 500)
        except SyncerError:
            alt = ""
        refs = [(cells.get("image"), alt), (cells.get("variant_image"), "")]
        known = {picture.ref for picture in draft.pictures}
        draft.pictures += [PictureRef(ref, None, text) for ref, text in refs if ref and ref not in known]
