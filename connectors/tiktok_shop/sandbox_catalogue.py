"""Categories, attributes, brands and category rules of the TikTok Shop sandbox (tiktok_shop.md 6).

Categories come from `data/categories.json`, whose head tells where it is from. Attribute ids, value ids and
brands are the sandbox's own: no public list has them. They are valid here and nowhere else.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

TIKTOK_SHOP, TOKOPEDIA = "TIKTOK_SHOP", "TOKOPEDIA"
PLATFORMS = (TIKTOK_SHOP, TOKOPEDIA)

SALES, PRODUCT = "SALES_PROPERTY", "PRODUCT_PROPERTY"

_WEARABLES = frozenset({"601152", "601303", "601352", "802184", "824328", "824584"})
"""Clothes, shoes and bags: here a product must say what it is made of."""
_LIGHTING = "872456"


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute of a category. `needed_if` is (attribute id, value id): mandatory where that is chosen."""

    id: str
    name: str
    type: str
    values: tuple[tuple[str, str], ...] = ()
    required: bool = False
    customizable: bool = True
    multiple: bool = False
    needed_if: tuple[str, str] | None = None

    def value_name(self, value_id: str) -> str | None:
        """The name of a listed value."""
        return next((name for known, name in self.values if known == value_id), None)


@dataclass(frozen=True, slots=True)
class Brand:
    """A brand; T1 brands need an authorisation (tiktok_shop.md 6)."""

    id: str
    name: str
    authorized: bool = False
    t1: bool = False


@dataclass(frozen=True, slots=True)
class Rules:
    """What a category demands and allows (tiktok_shop.md 6)."""

    cod: bool = True
    size_chart: str = "none"
    package_size: bool = False
    certificates: tuple[tuple[str, str, bool], ...] = ()


@dataclass(frozen=True, slots=True)
class Category:
    """One node of the tree; `parent_id` "0" is a root."""

    id: str
    parent_id: str
    name: str
    leaf: bool
    statuses: tuple[str, ...]
    platforms: tuple[str, ...]


def _values(first: int, *names: str) -> tuple[tuple[str, str], ...]:
    return tuple((str(first + index), name) for index, name in enumerate(names))


_MATERIALS = _values(
    1200001,
    *("Rotan", "Bambu", "Kayu", "Katun", "Sutra", "Keramik", "Tanah liat", "Kulit", "Perak", "Kuningan"),
    *("Eceng gondok", "Pandan", "Kertas", "Batu", "Goni", "Kaca"),
)
_COLOURS = _values(
    1000101, "Merah", "Hitam", "Putih", "Biru", "Hijau", "Kuning", "Cokelat", "Krem", "Abu-abu", "Natural"
)
_SIZES = _values(1000201, "S", "M", "L", "XL", "Kecil", "Sedang", "Besar")
_YES, _NO = "1000301", "1000302"

_COLOUR = Attribute("100000", "Warna", SALES, _COLOURS)
_SIZE = Attribute("100007", "Ukuran", SALES, _SIZES)
_MATERIAL = Attribute("100701", "Bahan", PRODUCT, _MATERIALS, multiple=True)
_PATTERN = Attribute("100702", "Motif", PRODUCT, _values(1200101, "Polos", "Batik", "Tenun", "Bunga", "Garis"))
_ORIGIN = Attribute(
    "100703", "Negara Asal", PRODUCT, _values(1200201, "Indonesia", "Malaysia", "Lainnya"), customizable=False
)
_BATTERY = Attribute(
    "100704", "Mengandung baterai?", PRODUCT, ((_YES, "Ya"), (_NO, "Tidak")), required=True, customizable=False
)
_BATTERY_TYPE = Attribute(
    "100705", "Jenis baterai", PRODUCT, _values(1200301, "Alkalin", "Litium"), needed_if=("100704", _YES)
)

ATTRIBUTES = (_COLOUR, _SIZE, _MATERIAL, _PATTERN, _ORIGIN, _BATTERY, _BATTERY_TYPE)
"""All attributes; an attribute has the same values wherever it occurs."""

BRANDS = tuple(
    Brand(str(7082427311584347905 + number * 1021), name, authorized, t1)
    for number, (name, authorized, t1) in enumerate(
        (
            ("Anyam Setu", True, False),
            ("Anyam Tangsel", True, False),
            ("Batik Cisadane", False, False),
            ("Gerabah Serpong", False, False),
            ("Kulit Pamulang", False, False),
            ("Maison Contoh", False, True),
        )
    )
)
"""Made-up brands: usable, and one T1 brand without an authorisation."""


class Catalogue:
    """The tree with its rules."""

    def __init__(self, data: dict[str, Any]) -> None:
        own = data["own"]
        only = {node: platform for platform, nodes in own["only_on"].items() for node in nodes}
        self.categories = {
            row["id"]: Category(
                row["id"],
                row["parent_id"],
                row["local_name"],
                row["is_leaf"],
                tuple(own["permission_statuses"].get(row["id"], row["permission_statuses"])),
                (only[row["id"]],) if row["id"] in only else PLATFORMS,
            )
            for row in data["categories"]
        }
        self._rules: dict[str, Any] = data["category_rules"]
        self._own = own
        rows = [entry for rule in self._rules.values() for entry in rule.get("certifications", ())]
        self._certificates: dict[str, str] = {entry["id"]: entry["name"] for entry in rows}

    def leaf(self, category_id: str) -> Category | None:
        """A leaf category by its id."""
        found = self.categories.get(category_id)
        return found if found is not None and found.leaf else None

    def chain(self, category_id: str) -> list[Category]:
        """A category and what it is in, from the root down."""
        found: list[Category] = []
        node = self.categories.get(category_id)
        while node is not None:
            found.insert(0, node)
            node = self.categories.get(node.parent_id)
        return found

    def attributes(self, category_id: str) -> tuple[Attribute, ...]:
        """The attributes of a category."""
        within = {node.id for node in self.chain(category_id)}
        material = _MATERIAL
        if within & _WEARABLES:
            material = Attribute("100701", "Bahan", PRODUCT, _MATERIALS, required=True, multiple=True)
        battery = (_BATTERY, _BATTERY_TYPE) if _LIGHTING in within else ()
        return (_COLOUR, _SIZE, material, _PATTERN, _ORIGIN, *battery)

    def rules(self, category_id: str) -> Rules:
        """The rules of a category."""
        rule = self._rules.get(category_id, {})
        listed = {entry["id"]: bool(entry["required"]) for entry in rule.get("certifications", ())}
        listed.update(dict.fromkeys(self._own["required_certificates"].get(category_id, ()), True))
        return Rules(
            rule.get("cod_supported", True),
            rule.get("size_chart", "none"),
            category_id in self._own["package_size_required"],
            tuple((key, self._certificates[key], required) for key, required in listed.items()),
        )

    def recommend(self, title: str, platform: str) -> Category | None:
        """The leaf whose name shares most words with a title; the first leaf if none does."""
        words = set(title.lower().split())
        best: tuple[int, Category] | None = None
        for node in self.categories.values():
            if node.leaf and platform in node.platforms and node.statuses == ("AVAILABLE",):
                score = len(words & set(node.name.lower().split()))
                if best is None or score > best[0]:
                    best = (score, node)
        return best[1] if best else None


@cache
def catalogue() -> Catalogue:
    """The tree, read once."""
    raw = files("connectors.tiktok_shop.data").joinpath("categories.json").read_text("utf-8")
    return Catalogue(json.loads(raw))
