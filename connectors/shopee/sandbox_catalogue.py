"""Categories, attributes, brands, limits and couriers of the Shopee sandbox (shopee.md 5.1 to 5.5).

Categories come from `data/categories.json`, whose head tells where it is from. Attribute ids and value ids
are the sandbox's own: no public dump has them. They are valid here and nowhere else.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

SINGLE_DROP_DOWN, SINGLE_COMBO_BOX, FREE_TEXT, MULTI_DROP_DOWN, MULTI_COMBO_BOX = 1, 2, 3, 4, 5
NONE, INT, STRING, FLOAT, DATE = 0, 1, 2, 3, 4

FOOD, BEAUTY = 100629, 100630
"""Root categories with special rules here: food has no pre-order, beauty wants a brand."""


@dataclass(frozen=True, slots=True)
class Value:
    """A listed value of an attribute; choosing it opens its `children` (shopee.md 5.2)."""

    value_id: int
    name: str
    name_id: str = ""
    children: tuple[Attribute, ...] = ()


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute of a category (shopee.md 5.2)."""

    attribute_id: int
    name: str
    input_type: int
    values: tuple[Value, ...] = ()
    validation: int = STRING
    units: tuple[str, ...] = ()
    max_values: int = 1
    mandatory: bool = False
    name_id: str = ""

    def value(self, value_id: int) -> Value | None:
        """A listed value by its id."""
        return next((value for value in self.values if value.value_id == value_id), None)


@dataclass(frozen=True, slots=True)
class Category:
    """One node of the tree; `parent_id` 0 is a root."""

    category_id: int
    parent_id: int
    name: str
    leaf: bool
    size_chart: bool
    root_id: int


_MATERIALS = (
    ("Rattan", "Rotan"), ("Bamboo", "Bambu"), ("Wood", "Kayu"), ("Cotton", "Katun"), ("Silk", "Sutra"),
    ("Ceramic", "Keramik"), ("Clay", "Tanah liat"), ("Leather", "Kulit"), ("Silver", "Perak"), ("Brass", "Kuningan"),
    ("Water hyacinth", "Eceng gondok"), ("Pandan", "Pandan"), ("Paper", "Kertas"), ("Stone", "Batu"),
)  # fmt: skip

_MATERIAL = Attribute(
    209001,
    "Material",
    MULTI_COMBO_BOX,
    tuple(Value(3900100 + index, en, id_) for index, (en, id_) in enumerate(_MATERIALS, 1)),
    max_values=3,
    name_id="Bahan",
)
_LENGTH = Attribute(209002, "Length", FREE_TEXT, validation=FLOAT, units=("cm", "m"), name_id="Panjang")
_ORIGIN = Attribute(
    209003,
    "Country of Origin",
    SINGLE_DROP_DOWN,
    (Value(3900301, "Indonesia", "Indonesia"), Value(3900302, "Other", "Lainnya")),
    name_id="Negara Asal",
)
_EXPIRY = Attribute(209004, "Expiry Date", FREE_TEXT, validation=DATE, name_id="Tanggal Kedaluwarsa")
_MAKER = Attribute(209006, "Maker", FREE_TEXT, name_id="Perajin")
_HANDMADE = Attribute(
    209005,
    "Handmade",
    SINGLE_DROP_DOWN,
    (Value(3900501, "Yes", "Ya", (_MAKER,)), Value(3900502, "No", "Tidak")),
    name_id="Buatan Tangan",
)

BRANDS = ((1146303, "Anyam Tangsel"), (1146304, "Batik Serpong"), (1146305, "Gerabah Ciputat"))

CHANNELS: tuple[dict[str, Any], ...] = (
    {"id": 8003, "name": "Reguler (Cashless)", "enabled": True, "max_kg": 50.0},
    {"id": 8005, "name": "Hemat", "enabled": True, "max_kg": 5.0},
    {"id": 8006, "name": "Kargo", "enabled": False, "max_kg": 0.0},
    {"id": 80031, "name": "Reguler (kurir satuan)", "enabled": False, "max_kg": 50.0, "mask": 8003},
)
"""Couriers. Real ids of Indonesia are unconfirmed (shopee.md 5.5); these are the sandbox's own."""


class Catalogue:
    """The tree by id, with the attributes of each leaf."""

    def __init__(self, data: dict[str, Any]) -> None:
        rows = {row["category_id"]: row for row in data["categories"]}
        self.categories = {
            key: Category(
                key,
                row["parent_category_id"],
                row["name"],
                not row["has_children"],
                bool(row.get("size_chart")),
                _root(rows, key),
            )
            for key, row in rows.items()
        }
        known = {key: _attribute(row) for key, row in data["attributes"].items()}
        self._mandatory = {int(key): tuple(known[name] for name in names) for key, names in data["mandatory"].items()}

    def leaf(self, category_id: int) -> Category | None:
        """A category in which items can be sold."""
        found = self.categories.get(category_id)
        return found if found is not None and found.leaf else None

    def attributes(self, category_id: int) -> tuple[Attribute, ...]:
        """Mandatory attributes of the leaf first, then optional ones."""
        category = self.categories[category_id]
        mandatory = self._mandatory.get(category_id, ())
        names = {attribute.name for attribute in mandatory}
        optional = [_LENGTH, _ORIGIN, _HANDMADE]
        if "Material" not in names:
            optional.insert(0, _MATERIAL)
        if category.root_id == FOOD:
            optional.append(_EXPIRY)
        return (*mandatory, *optional)

    def values(self, attribute_id: int) -> tuple[Value, ...]:
        """Listed values of an attribute of any category."""
        everywhere = (*(a for found in self._mandatory.values() for a in found), _MATERIAL, _ORIGIN, _HANDMADE)
        return next((a.values for a in everywhere if a.attribute_id == attribute_id), ())

    def brand_mandatory(self, category_id: int) -> bool:
        """Whether the leaf wants a brand (id 0 "No Brand" counts as one)."""
        return self.categories[category_id].root_id == BEAUTY

    def pre_order_allowed(self, category_id: int) -> bool:
        """Whether goods of this leaf may be made to order (shopee.md 5.4)."""
        return self.categories[category_id].root_id != FOOD


def _root(rows: dict[int, dict[str, Any]], key: int) -> int:
    while rows[key]["parent_category_id"]:
        key = rows[key]["parent_category_id"]
    return key


def _attribute(row: dict[str, Any]) -> Attribute:
    values = tuple(Value(value["value_id"], value["name"]) for value in row["values"])
    return Attribute(
        row["attribute_id"],
        row["name"],
        row["input_type"],
        values,
        max_values=row["max_value_count"],
        mandatory=True,
    )


@cache
def catalogue() -> Catalogue:
    """The project's excerpt of the tree, read once."""
    text = files("connectors.shopee.data").joinpath("categories.json").read_text(encoding="utf-8")
    return Catalogue(json.loads(text))
