"""Attributes of a category: which a listing gets, where they come from, and how they are sent (shopee.md 5.2)."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

from connectors.shopee import problems
from syncer.domain.listing import Json, WantedListing
from syncer.domain.problem import Problem
from syncer.sdk.wire import Object, as_object, entries, objects, text, whole, yes


class Input(IntEnum):
    """How an attribute takes its value; the names are Shopee's own."""

    SINGLE_DROP_DOWN = 1
    SINGLE_COMBO_BOX = 2
    FREE_TEXT = 3
    MULTI_DROP_DOWN = 4
    MULTI_COMBO_BOX = 5


OWN_TEXT = frozenset({Input.SINGLE_COMBO_BOX, Input.FREE_TEXT, Input.MULTI_COMBO_BOX})
MANY = frozenset({Input.MULTI_DROP_DOWN, Input.MULTI_COMBO_BOX})
DATE, QUANTITY = 4, 2
_MATERIAL_NAMES = frozenset({"material", "materials", "bahan", "bahan utama", "main material"})
_NEUTRAL = ("other", "others", "lainnya", "lain-lain", "unisex", "no", "tidak")
#: Materials as our crafters write them, and the English names that trees without Indonesian names use.
_MATERIALS = {
    "katun": "cotton",
    "sutra": "silk",
    "kulit": "leather",
    "perak": "silver",
    "emas": "gold",
    "kuningan": "brass",
    "rotan": "rattan",
    "bambu": "bamboo",
    "kayu": "wood",
    "kain": "fabric",
    "kanvas": "canvas",
    "nilon": "nylon",
    "wol": "wool",
    "kaca": "glass",
    "keramik": "ceramic",
    "mutiara": "pearl",
    "renda": "lace",
    "rajut": "knit",
}
_MOST_VALUES = 500
_DATE = re.compile(r"(?:(\d{2})/)?(\d{2})/(\d{4})")


@dataclass(frozen=True, slots=True)
class Wishes:
    """Where values come from besides the listing: the account's defaults by id or name, and neutral ones."""

    defaults: Mapping[str, str]
    neutral: bool


def attributes_fact(body: Object) -> Json:
    """Return the tree of the one asked category as small JSON objects (``children`` sit inside values)."""
    for row in objects(as_object(body.get("response")).get("list")):
        return [_fact(entry) for entry in objects(row.get("attribute_tree"))]
    return []


def _fact(row: Object) -> Json:
    info = as_object(row.get("attribute_info"))
    return {
        "id": whole(row.get("attribute_id")) or 0,
        "names": _names(row, text(row.get("name"))),
        "mandatory": yes(row.get("mandatory")),
        "input": whole(info.get("input_type")) or Input.FREE_TEXT,
        "check": whole(info.get("input_validation_type")) or 0,
        "format": whole(info.get("format_type")) or 1,
        "units": [text(unit) for unit in entries(info.get("attribute_unit_list"))],
        "most": whole(info.get("max_value_count")) or 0,
        "values": [
            {
                "id": whole(value.get("value_id")) or 0,
                "names": _names(value, text(value.get("name"))),
                "children": [_fact(child) for child in objects(value.get("child_attribute_list"))],
            }
            for value in objects(row.get("attribute_value_list"))[:_MOST_VALUES]
        ],
    }


def _names(row: Object, name: str) -> list[str]:
    """Return the names in every language, the one for people first (Indonesian where there is one)."""
    own = [text(entry.get("value")) for entry in objects(row.get("multi_lang")) if entry.get("language") == "id"]
    rest = [text(entry.get("value")) for entry in objects(row.get("multi_lang"))]
    return list(dict.fromkeys(found for found in [*own, name, *rest] if found))


def choose(listing: WantedListing, tree: Json, wishes: Wishes) -> tuple[list[Json], list[Problem]]:
    """Return the canonical attributes of ``listing`` and the problems of those that are missing or don't fit."""
    chosen: list[Json] = []
    found_problems: list[Problem] = []
    waiting = list(objects(tree))
    for attribute in waiting:
        values, problem = _choose_one(listing, attribute, wishes)
        if problem is not None:
            found_problems.append(problem)
        if values:
            chosen.append({"id": attribute["id"], "values": values})
            waiting.extend(_opened(attribute, values))
    return sorted(chosen, key=lambda entry: int(entry["id"])), found_problems


def _opened(attribute: Object, values: Sequence[Json]) -> Iterator[Object]:
    ids = {value["id"] for value in values}
    for value in objects(attribute["values"]):
        if value["id"] in ids:
            yield from objects(value["children"])


def _choose_one(listing: WantedListing, attribute: Object, wishes: Wishes) -> tuple[list[Json], Problem | None]:
    given = _by_name(listing.attributes, attribute)
    name = attribute["names"][0] if attribute["names"] else str(attribute["id"])
    if given:
        values = _values(attribute, given)
        return (values, None) if values else ([], problems.attribute_value(name, given[0], _examples(attribute)))
    material = any(known.casefold() in _MATERIAL_NAMES for known in attribute["names"])
    if not material and not attribute["mandatory"]:
        return [], None
    values = _from_materials(attribute, listing.materials, own_text=material)
    if not values and attribute["mandatory"]:
        values = _values(attribute, _by_name(wishes.defaults, attribute)) or _from_words(attribute, listing)
    if not values and attribute["mandatory"] and wishes.neutral:
        values = _neutral(attribute)
    if not values and attribute["mandatory"]:
        return [], problems.attribute_missing(name, _examples(attribute))
    return values, None


def _by_name(source: Mapping[str, Json], attribute: Object) -> list[str]:
    """Return what ``source`` says for this attribute, found by its id or any of its names."""
    keys = {str(attribute["id"]), *(name.casefold() for name in attribute["names"])}
    for key, value in source.items():
        if key.casefold() in keys:
            return [text(part).strip() for part in (value if isinstance(value, list | tuple) else [value]) if part]
    return []


def _values(attribute: Object, texts: Sequence[str]) -> list[Json]:
    """Return canonical values for ``texts``; none if one is not in the list and own text is not allowed."""
    values: list[Json] = []
    for wanted in texts:
        listed = _listed(attribute, wanted)
        value = {"id": listed} if listed else _own_text(attribute, wanted)
        if value is None:
            return []
        values.append(value)
    return _canonical(attribute, values)


def _listed(attribute: Object, wanted: str) -> int | None:
    for value in objects(attribute["values"]):
        if wanted == str(value["id"]) or wanted.casefold() in (name.casefold() for name in value["names"]):
            return int(value["id"])
    return None


def _own_text(attribute: Object, wanted: str) -> dict[str, Json] | None:
    if attribute["input"] not in OWN_TEXT or not wanted:
        return None
    if attribute["format"] != QUANTITY:
        return {"id": 0, "text": wanted, "unit": ""}
    number = re.fullmatch(r"([0-9]+(?:[.,][0-9]+)?)\s*(\S*)", wanted)
    units = attribute["units"]
    if number is None or not units:
        return None
    unit = number[2] or units[0]
    return {"id": 0, "text": number[1].replace(",", "."), "unit": unit} if unit in units else None


def _canonical(attribute: Object, values: Sequence[Json]) -> list[Json]:
    most = (attribute["most"] or len(values)) if attribute["input"] in MANY else 1
    unique = list({(value["id"], value.get("text", "")): value for value in values}.values())[:most]
    return sorted(unique, key=lambda value: (int(value["id"]), str(value.get("text", ""))))


def _from_materials(attribute: Object, materials: Sequence[str], *, own_text: bool) -> list[Json]:
    ids = []
    for material in materials:
        words = re.findall(r"\w+", material.casefold())
        spoken = " ".join([*words, *(_MATERIALS[word] for word in words if word in _MATERIALS)])
        ids += [{"id": value_id} for value_id in _mentioned(attribute, spoken)]
    if not ids and own_text and materials and attribute["format"] != QUANTITY:
        own = [value for value in (_own_text(attribute, material) for material in materials) if value]
        return _canonical(attribute, own)
    return _canonical(attribute, ids)


def _from_words(attribute: Object, listing: WantedListing) -> list[Json]:
    spoken = " ".join([listing.title, *(value for offer in listing.offers for value in offer.option_values)])
    return _canonical(attribute, [{"id": value_id} for value_id in _mentioned(attribute, spoken.casefold())])


def _mentioned(attribute: Object, spoken: str) -> list[int]:
    """Return the listed values whose name stands in ``spoken`` as whole words; never the neutral ones."""
    found = []
    for value in objects(attribute["values"]):
        for name in value["names"]:
            plain = name.casefold()
            if plain not in _NEUTRAL and re.search(rf"(?<!\w){re.escape(plain)}(?!\w)", spoken):
                found.append(int(value["id"]))
                break
    return found


def _neutral(attribute: Object) -> list[Json]:
    for plain in _NEUTRAL:
        listed = _listed(attribute, plain)
        if listed:
            return [{"id": listed}]
    return []


def _examples(attribute: Object) -> list[str]:
    return [value["names"][0] for value in objects(attribute["values"])[:4] if value["names"]]


def holds_date(attributes: Json) -> bool:
    """Return whether a canonical list holds a text that looks like a date, so that the tree must be asked."""
    return any(_DATE.fullmatch(text(value.get("text"))) for entry in objects(attributes) for value in entry["values"])


def to_wire(attributes: Json, tree: Json = None) -> list[Json]:
    """Return canonical attributes as ``attribute_list``; dates go out as unix seconds (shopee.md 5.2)."""
    dates = {entry["id"] for entry in _flat(tree) if entry["check"] == DATE}
    return [
        {
            "attribute_id": entry["id"],
            "attribute_value_list": [_wire_value(value, entry["id"] in dates) for value in entry["values"]],
        }
        for entry in objects(attributes)
    ]


def _flat(tree: Json) -> Iterator[Object]:
    for attribute in objects(tree):
        yield attribute
        for value in objects(attribute["values"]):
            yield from _flat(value["children"])


def _wire_value(value: Object, is_date: bool) -> Json:
    if value["id"]:
        return {"value_id": value["id"]}
    own = text(value.get("text"))
    wire = {"value_id": 0, "original_value_name": _seconds(own) if is_date else own}
    return wire | ({"value_unit": value["unit"]} if value.get("unit") else {})


def _seconds(day: str) -> str:
    """Return a ``DD/MM/YYYY`` or ``MM/YYYY`` date as unix seconds: noon in Jakarta, the same day nearly everywhere."""
    match = _DATE.fullmatch(day)
    if match is None:
        return day
    try:
        moment = dt.datetime(int(match[3]), int(match[2]), int(match[1] or 1), 5, tzinfo=dt.UTC)
    except ValueError:
        return day
    return str(int(moment.timestamp()))
