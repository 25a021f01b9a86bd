"""WooCommerce's product CSV: one row a product or variation, headings in the shop's language.

Headings are known in nine languages; in another one the exporter's fixed order of columns helps. Variations name
their parent by SKU or as ``id:44``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import ClassVar

from syncer.catalogue.importing import values
from syncer.catalogue.importing.draft import Draft, DraftVariant, PictureRef, Prices
from syncer.catalogue.importing.headings import Heading, find_columns, numbered_columns
from syncer.catalogue.importing.reader import Cells, Columns, Reader, barcode_of, line, lines, sku_of, whole
from syncer.catalogue.importing.table import Row
from syncer.catalogue.importing.woocommerce_words import NAMES, NUMBERED
from syncer.catalogue.taxonomy import by_name
from syncer.domain.words import Words

_SIZES = {"weight_g": "weight", "length_mm": "length", "width_mm": "width", "height_mm": "height"}
#: What WooCommerce writes in the Type column, never translated.
_TYPES = frozenset(
    "simple variable variation grouped external downloadable virtual subscription variable-subscription "
    "subscription_variation bundle composite booking".split()
)
_GROUPED = Words(
    "Produk kelompok hanya menunjuk produk lain, jadi tidak diimpor sendiri.",
    "A grouped product only points at other products, so it isn't imported by itself.",
)
_EXTERNAL = Words(
    "Produk luar dijual di situs lain, jadi tidak diimpor.",
    "An external product is sold on another site, so it isn't imported.",
)
_VIRTUAL = Words(
    "Produk digital atau tanpa pengiriman tidak dijual di sini.",
    "Digital things, and things that aren't shipped, are not sold here.",
)
_OTHER = Words(
    "Jenis produk ini (langganan, paket, pemesanan) belum bisa diimpor.",
    "This kind of product (subscription, bundle, booking) can't be imported.",
)
_NO_PARENT = Words(
    "Produk induk dari variasi ini tidak ada di berkas. Sertakan induknya.",
    "The parent of this variation isn't in the file. Include the parent.",
)
_NO_VARIATIONS = Words(
    "Produk bervariasi ini tidak punya satu pun variasi di berkas. Sertakan variasinya.",
    "This variable product has no variation in the file. Include its variations.",
)


class WooCommerce(Reader):
    """See the module."""

    name: ClassVar[str] = "woocommerce"
    label: ClassVar[Words] = Words("ekspor produk WooCommerce", "WooCommerce product export")

    def __init__(self, columns: Columns, prices: Prices) -> None:
        super().__init__(columns, prices)
        self._by_sku: dict[str, str] = {}

    @classmethod
    def recognise(cls, headings: Sequence[Heading], sample: Sequence[Row]) -> tuple[int, Columns] | None:
        """By headings in nine languages; else by the words in the Type column, and the order of columns."""
        if len(headings) < 4:
            return None
        single = find_columns(headings, NAMES)
        if not _has_types(sample, single.get("type", 1)):
            return None
        single.setdefault("id", 0)
        single.setdefault("type", 1)
        for name, index in _by_position(headings).items():
            single.setdefault(name, index)
        if not {"name", "regular"} <= set(single):
            return None
        units = {
            name: table[headings[single[name]].bracket]
            for name, table in (
                ("weight", values.GRAMS),
                ("length", values.MILLIMETRES),
                ("width", values.MILLIMETRES),
                ("height", values.MILLIMETRES),
            )
            if name in single and headings[single[name]].bracket in table
        }
        default = {"weight": Decimal(1000), **dict.fromkeys(("length", "width", "height"), Decimal(10))}
        return 70 + len(single), Columns(single, numbered_columns(headings, NUMBERED), default | units)

    def key(self, cells: Cells) -> str:
        """A product's own id, or its parent's. Remembers parents by SKU on the way."""
        own = f"id:{cells.get('id')}" if cells.get("id") else f"#{cells.number}"
        if "variation" in _types(cells):
            parent = cells.get("parent")
            return parent.replace(" ", "").lower() if parent.lower().startswith("id:") else f"sku:{parent}"
        if sku := cells.get("sku"):
            self._by_sku.setdefault(f"sku:{sku}", own)
        return own

    def same(self, key: str) -> str:
        """A parent named by SKU is the same as that product's id."""
        return self._by_sku.get(key, key)

    def read(self, key: str, rows: Sequence[Cells]) -> Draft:
        """See the base class."""
        head = next((cells for cells in rows if "variation" not in _types(cells)), None)
        draft = Draft([cells.number for cells in rows], "", native_handle=False)
        if head is None:
            draft.refuse(_NO_PARENT)
            return draft
        handle = head.get("sku") or values.made_handle(head.get("name"), head.get("id"))
        draft.handle = values.tidy_handle(handle.lstrip("'"))
        if (why := _why_not(head)) is not None:
            draft.refuse(why)
            return draft
        good = whole(draft, rows)
        if head not in good or not self.attempt(
            draft, head.number, head.get("sku"), lambda: self._product(draft, head)
        ):
            draft.refuse(draft.problems[-1].words)
            return draft
        variations = [cells for cells in good if cells is not head]
        if variations or "variable" in _types(head):
            self._variations(draft, head, variations)
        else:
            self._simple(draft, head)
        return draft

    def _product(self, draft: Draft, cells: Cells) -> None:
        draft.title = line(cells.get("name"))
        draft.description = lines(cells.get("description") or cells.get("short")) or None
        draft.category_key = next(
            (key for path in cells.get("categories").split(",") if (key := by_name(path.split(">")[-1])) is not None),
            None,
        )
        draft.pictures = [PictureRef(ref) for ref in values.addresses(cells.get("images").replace(", http", "\nhttp"))]
        published = cells.get("published").lstrip("'").strip()
        if published in ("-1", "0"):
            draft.note(
                cells.number,
                "Di toko asal produk ini belum tayang.",
                "In the shop it comes from this product was not on show.",
            )

    def _simple(self, draft: Draft, cells: Cells) -> None:
        draft.option_names = ()
        draft.attributes = {
            line(name, 80): line(cells.numbered("attribute_values", number), 500)
            for number in sorted(self.columns.numbered.get("attribute_name", {}))
            if (name := cells.numbered("attribute_name", number)) and cells.numbered("attribute_values", number)
        } or None
        self._variant(draft, cells, cells, ())

    def _variations(self, draft: Draft, head: Cells, variations: Sequence[Cells]) -> None:
        if not variations:
            draft.refuse(_NO_VARIATIONS)
            return
        axes = [
            number
            for number in sorted(self.columns.numbered.get("attribute_name", {}))
            if any(cells.numbered("attribute_values", number) for cells in variations)
        ]
        draft.option_names = tuple(
            line(
                head.numbered("attribute_name", number)
                or next(name for cells in variations if (name := cells.numbered("attribute_name", number))),
                60,
            )
            for number in axes
        )
        for cells in variations:
            open_axes = [number for number in axes if not cells.numbered("attribute_values", number)]
            if open_axes:
                name = head.numbered("attribute_name", open_axes[0])
                draft.problem(
                    cells.number,
                    Words(
                        f"Variasi ini berlaku untuk semua {name}. Buat satu variasi untuk tiap {name}.",
                        f"This variation stands for any {name}. Make one variation for each {name}.",
                    ),
                    cells.get("sku"),
                )
                continue
            options = tuple(line(cells.numbered("attribute_values", number), 80) for number in axes)
            self._variant(draft, cells, head, options)

    def _variant(self, draft: Draft, cells: Cells, head: Cells, options: tuple[str, ...]) -> None:
        variant = DraftVariant(cells.number, option_values=options)
        sku = cells.get("sku")

        def fill() -> None:
            variant.sku = sku_of(sku)
            variant.price = self.price(cells.get("regular") or cells.get("sale"))
            variant.stock = self._stock(draft, cells, variant.sku)
            variant.barcode = barcode_of(cells) or None
            self.size(head, variant, _SIZES)
            own = DraftVariant(cells.number)
            self.size(cells, own, _SIZES)
            for name in _SIZES:
                if getattr(own, name) is not None:
                    setattr(variant, name, getattr(own, name))

        if self.attempt(draft, cells.number, sku, fill):
            draft.variants.append(variant)
            if cells is not head and variant.sku:
                for ref in values.addresses(cells.get("images")):
                    draft.pictures = [one for one in draft.pictures if one.ref != ref]
                    draft.pictures.append(PictureRef(ref, variant.sku))
            if cells.get("regular") and cells.get("sale"):
                draft.note(
                    cells.number,
                    "Harga obral tidak diimpor; harga biasa yang dipakai.",
                    "The sale price isn't imported; the regular price is used.",
                    variant.sku,
                )

    def _stock(self, draft: Draft, cells: Cells, sku: str) -> int | None:
        if text := cells.get("stock"):
            return self.stock(draft, cells.number, text, sku)
        if values.flag(cells.get("in_stock")) is False:
            return 0
        draft.note(
            cells.number,
            "Berkas tidak menyebut jumlah stok; stok tidak diubah. Isi dengan: syncer stock set.",
            "The file doesn't say how many there are; stock is left alone. Fill it in with: syncer stock set.",
            sku,
        )
        return None


def _types(cells: Cells) -> frozenset[str]:
    return frozenset(part.strip().casefold() for part in cells.get("type").split(","))


def _why_not(cells: Cells) -> Words | None:
    kinds = _types(cells)
    if "grouped" in kinds:
        return _GROUPED
    if "external" in kinds:
        return _EXTERNAL
    if kinds & {"virtual", "downloadable"}:
        return _VIRTUAL
    return None if kinds & {"simple", "variable"} else _OTHER


def _has_types(sample: Sequence[Row], column: int) -> bool:
    """Whether most of the next rows have one of WooCommerce's words in this column."""
    kinds = [row.cells[column].split(",")[0].strip().casefold() for row in sample if column < len(row.cells)]
    return bool(kinds) and sum(kind in _TYPES for kind in kinds) * 2 > len(kinds)


def _by_position(headings: Sequence[Heading]) -> Mapping[str, int]:
    """Return columns by the exporter's order, anchored at the weight and the three sizes with their units."""
    for index in range(len(headings) - 12):
        four = headings[index : index + 4]
        if four[0].bracket in values.GRAMS and all(head.bracket in values.MILLIMETRES for head in four[1:]):
            break
    else:
        return {}
    after = ("weight", "length", "width", "height", None, None, "sale", "regular", "categories", None, None, "images")
    found = {name: index + step for step, name in enumerate(after) if name is not None}
    # In front: ID, Type, SKU, (GTIN,) Name, Published, Featured?, Visibility, Short, Description ... In stock?, Stock
    name_at = 4 if index in (20, 21) and headings[3].words.startswith(("gtin", "ean", "upc", "isbn")) else 3
    found |= {"sku": 2, "name": name_at, "published": name_at + 1, "short": name_at + 4, "description": name_at + 5}
    found |= {"in_stock": name_at + 10, "stock": name_at + 11}
    if len(headings) > index + 15:
        found["parent"] = index + 14
    return found
