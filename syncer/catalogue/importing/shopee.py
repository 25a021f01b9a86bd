"""Shopee's mass upload sheet: keys in row 1 with flags after a bar, labels below, data from row 7."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import ClassVar

from syncer.catalogue.importing import values
from syncer.catalogue.importing.draft import Draft, DraftVariant, PictureRef
from syncer.catalogue.importing.headings import Heading
from syncer.catalogue.importing.reader import Cells, Columns, Reader, barcode_of, line, lines, sku_of, whole
from syncer.catalogue.importing.table import Row
from syncer.catalogue.taxonomy import mappings, suggest_leaf
from syncer.domain.words import Words

_NAMES = {
    "ps category": "category",
    "ps product name": "title",
    "ps product description": "description",
    "ps sku parent short": "parent",
    "et title variation integration no": "group",
    "et title variation 1": "option_name_1",
    "et title option for variation 1": "option_value_1",
    "et title image per variation": "variant_image",
    "et title variation 2": "option_name_2",
    "et title option for variation 2": "option_value_2",
    "ps price": "price",
    "ps stock": "stock",
    "ps sku short": "sku",
    "ps gtin code": "barcode",
    "ps item cover image": "cover",
    "ps weight": "weight",
    "ps length": "length",
    "ps width": "width",
    "ps height": "height",
    "ps product pre order dts": "days",
}
_SIZES = {"weight_g": "weight", "length_mm": "length", "width_mm": "width", "height_mm": "height"}
_CENTIMETRE = Decimal(10)
_UNITS = {"weight": Decimal(1000), "length": _CENTIMETRE, "width": _CENTIMETRE, "height": _CENTIMETRE}
_AXES = (1, 2)


class Shopee(Reader):
    """See the module."""

    name: ClassVar[str] = "shopee"
    label: ClassVar[Words] = Words("lembar unggah massal Shopee", "Shopee mass upload sheet")
    rows_below: ClassVar[int] = 5

    @classmethod
    def recognise(cls, headings: Sequence[Heading], sample: Sequence[Row]) -> tuple[int, Columns] | None:
        """The keys are the same in every country."""
        single: dict[str, int] = {}
        pictures: dict[int, int] = {}
        for index, head in enumerate(headings):
            bare = _key(head.words)
            if numbered := re.fullmatch(r"ps item image ([1-9])", bare):
                pictures[int(numbered[1])] = index
            elif bare in _NAMES:
                single.setdefault(_NAMES[bare], index)
        if not {"title", "price", "sku"} <= set(single):
            return None
        return 100, Columns(single, {"picture": pictures}, _UNITS)

    def key(self, cells: Cells) -> str:
        """Rows of one product share an integration code, else the parent's SKU."""
        group = cells.get("group") or cells.get("parent")
        return f"={group}" if group else f"#{cells.number}"

    def read(self, key: str, rows: Sequence[Cells]) -> Draft:
        """See the base class."""
        first = rows[0]
        own = first.get("parent") or first.get("group")
        handle = values.tidy_handle(own) if own else values.made_handle(first.get("title"), first.get("sku"))
        draft = Draft([cells.number for cells in rows], handle, native_handle=bool(own))
        good = whole(draft, rows)
        head = next((cells for cells in good if cells.get("title")), None)
        if head is not None and not self.attempt(draft, head.number, "", lambda: self._product(draft, head)):
            draft.refuse(draft.problems[-1].words)
            return draft
        used = [number for number in _AXES if any(cells.get(f"option_value_{number}") for cells in good)]
        if head is not None:
            named = next((cells for cells in good if cells.get("option_name_1")), head)
            draft.option_names = tuple(
                line(named.get(f"option_name_{number}"), 60) or f"Variasi {number}" for number in used
            )
        for cells in good:
            self._variant(draft, cells, used)
        return draft

    def _product(self, draft: Draft, cells: Cells) -> None:
        draft.title = line(cells.get("title"))
        draft.description = lines(cells.get("description"))
        draft.made_to_order_days = values.days(cells.get("days"))
        draft.category_key = _our_category(cells.get("category"), draft.title)
        refs = [cells.get("cover"), *(cells.numbered("picture", number) for number in range(1, 10))]
        draft.pictures = [PictureRef(ref) for ref in dict.fromkeys(refs) if ref]

    def _variant(self, draft: Draft, cells: Cells, axes: Sequence[int]) -> None:
        variant = DraftVariant(cells.number)
        sku = cells.get("sku")

        def fill() -> None:
            variant.sku = sku_of(sku)
            variant.option_values = tuple(line(cells.get(f"option_value_{number}"), 80) for number in axes)
            variant.price = self.price(cells.get("price"))
            variant.stock = self.stock(draft, cells.number, cells.get("stock"), variant.sku)
            variant.barcode = barcode_of(cells) or None
            self.size(cells, variant, _SIZES)

        if self.attempt(draft, cells.number, sku, fill):
            draft.variants.append(variant)
            if image := cells.get("variant_image"):
                draft.pictures.append(PictureRef(image, variant.sku or None))


def _key(words: str) -> str:
    """Return a key without its flags: "ps_price|1|1" is "ps price", "ps_item_image_3|0|3" keeps its own number."""
    parts = words.split(" ")
    if words.startswith("ps item image"):
        return " ".join(parts[:4])
    for keep in range(len(parts), 0, -1):
        if " ".join(parts[:keep]) in _NAMES and all(part.isdigit() for part in parts[keep:]):
            return " ".join(parts[:keep])
    return words


def _our_category(remote: str, title: str) -> str | None:
    """Return our leaf for Shopee's category; of several that map to it, the one that the title speaks of."""
    number = remote.split("-", maxsplit=1)[0].strip()
    ours = [key for key, found in mappings("shopee").items() if found.remote_id == number]
    if len(ours) <= 1:
        return ours[0] if ours else None
    return next((hit.id for hit in suggest_leaf(title, most=20) if hit.id in ours), None)
