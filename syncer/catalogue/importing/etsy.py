"""Etsy's listings download: one row a listing, headings in the shop's language, fixed order of columns."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import ClassVar

from syncer.catalogue.importing import values
from syncer.catalogue.importing.draft import Draft, DraftVariant, PictureRef
from syncer.catalogue.importing.headings import Heading
from syncer.catalogue.importing.reader import Cells, Columns, Reader, line, lines, sku_of
from syncer.catalogue.importing.table import Row
from syncer.domain.words import Words

_BEFORE_PICTURES = ("title", "description", "price", "currency", "stock", "tags", "materials")
_AFTER_PICTURES = ("type_1", "name_1", "values_1", "type_2", "name_2", "values_2", "sku")


class Etsy(Reader):
    """See the module."""

    name: ClassVar[str] = "etsy"
    label: ClassVar[Words] = Words("unduhan listing Etsy", "Etsy listings download")

    @classmethod
    def recognise(cls, headings: Sequence[Heading], sample: Sequence[Row]) -> tuple[int, Columns] | None:
        """The one heading that is never translated is CURRENCY_CODE, the fourth; the rest goes by position."""
        width = len(headings)
        while width and not headings[width - 1].words:
            width -= 1
        pictures = width - len(_BEFORE_PICTURES) - len(_AFTER_PICTURES)
        if pictures < 1 or headings[3].words != "currency code":
            return None
        single = {name: index for index, name in enumerate(_BEFORE_PICTURES)}
        first = len(_BEFORE_PICTURES)
        single |= {name: first + pictures + index for index, name in enumerate(_AFTER_PICTURES)}
        return 100, Columns(single, {"picture": {number: first + number for number in range(pictures)}})

    def key(self, cells: Cells) -> str:
        """Each row is a listing of its own."""
        return f"#{cells.number}"

    def read(self, key: str, rows: Sequence[Cells]) -> Draft:
        """See the base class."""
        cells = rows[0]
        skus = [part.strip() for part in cells.get("sku").split(",") if part.strip()]
        title = cells.get("title")
        draft = Draft([cells.number], values.made_handle(title, *skus[:1]), native_handle=False)
        self.attempt(draft, cells.number, cells.get("sku"), lambda: self._fill(draft, cells, skus))
        if draft.problems:
            draft.variants.clear()
        return draft

    def _fill(self, draft: Draft, cells: Cells, skus: Sequence[str]) -> None:
        draft.title = line(cells.get("title"))
        draft.description = lines(cells.get("description"))
        draft.materials = tuple(
            line(part.replace("_", " "), 120) for part in cells.get("materials").split(",") if part.strip()
        )
        draft.pictures = [PictureRef(ref) for number in range(20) if (ref := cells.numbered("picture", number))]
        axes = [
            (line(cells.get(f"name_{number}") or cells.get(f"type_{number}"), 60), choices)
            for number in (1, 2)
            if (choices := [part.strip() for part in cells.get(f"values_{number}").split(",") if part.strip()])
        ]
        draft.option_names = tuple(name or f"Option {number}" for number, (name, _) in enumerate(axes, start=1))
        price = self.price(cells.get("price"), cells.get("currency"))
        stock = self.stock(draft, cells.number, cells.get("stock"), cells.get("sku"))
        combinations = list(itertools.islice(itertools.product(*(choices for _, choices in axes)), 500))
        own = skus if len(skus) == len(combinations) else []
        for position, combination in enumerate(combinations):
            variant = DraftVariant(cells.number, option_values=tuple(line(part, 80) for part in combination))
            variant.sku = sku_of(own[position]) if own else ""
            variant.price = price
            variant.stock = stock if len(combinations) == 1 else None
            draft.variants.append(variant)
        if len(combinations) > 1:
            draft.note(
                cells.number,
                "Berkas Etsy tidak menyebut stok dan harga tiap varian: stok tidak diubah, harga sama untuk semua.",
                "Etsy's file doesn't tell stock and price of each variant: stock is left alone, one price for all.",
            )
        if skus and not own:
            draft.note(
                cells.number,
                "Jumlah SKU tidak sama dengan jumlah varian; SKU dibuatkan.",
                "There are not as many SKUs as variants; SKUs were made.",
            )
