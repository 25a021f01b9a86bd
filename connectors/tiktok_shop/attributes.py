"""Product attributes of a category: which a listing gets, and where they come from (tiktok_shop.md 6).

The canonical form is a list by attribute id: ``{"id", "values": [{"id"} or {"name"}]}``. A value of the category's
own list goes by id; one of our own by name, because the platform makes up an id for it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from connectors.tiktok_shop import problems
from connectors.tiktok_shop.limits import OWN_TEXT_MOST, conditions_fact, conditions_of, met
from syncer.domain.listing import Json, WantedListing
from syncer.domain.problem import Problem
from syncer.sdk.wire import Object, objects, text

_PRODUCT = "PRODUCT_PROPERTY"
_MATERIAL_NAMES = frozenset({"material", "materials", "bahan", "bahan utama", "main material"})
_NEUTRAL = ("lainnya", "lain-lain", "other", "others", "tidak", "tidak ada", "no", "none", "unisex")
_NUMBER = re.compile(r"[0-9]+([.,][0-9]+)?")
_MOST_VALUES = 500


@dataclass(frozen=True, slots=True)
class Wishes:
    """Where values come from besides the listing: the account's defaults by id or name, and neutral ones."""

    defaults: Mapping[str, str]
    neutral: bool


def attributes_fact(data: Object) -> Json:
    """Return ``Get Attributes`` as small JSON objects, those of variants left out.

    The flag is published as ``is_requried``; the prose says ``is_required``. Either counts (tiktok_shop.md 6).
    """
    return [
        {
            "id": text(row.get("id")),
            "name": text(row.get("name")),
            "required": bool(row.get("is_requried") or row.get("is_required")),
            "own_text": bool(row.get("is_customizable")),
            "many": bool(row.get("is_multiple_selection")),
            "number": bool(row.get("value_data_format")),
            "conditions": conditions_fact(row.get("requirement_conditions")),
            "values": [
                {"id": text(value.get("id")), "name": text(value.get("name"))}
                for value in objects(row.get("values"))[:_MOST_VALUES]
            ],
        }
        for row in objects(data.get("attributes"))
        if row.get("type", _PRODUCT) == _PRODUCT
    ]


def listed_values(fact: Json) -> dict[str, frozenset[str]]:
    """Return the ids of each attribute's own values, by attribute id."""
    return {row["id"]: frozenset(value["id"] for value in objects(row["values"])) for row in objects(fact)}


def canonical(rows: Json, listed: Mapping[str, frozenset[str]]) -> list[Json]:
    """Return attributes as the platform shows them in canonical form."""
    found = []
    for row in objects(rows):
        known = listed.get(text(row.get("id")))
        values = [_value(entry, known) for entry in objects(row.get("values"))]
        if values:
            found.append({"id": text(row.get("id")), "values": _sorted(values)})
    return sorted(found, key=lambda entry: str(entry["id"]))


def _value(entry: Object, known: frozenset[str] | None) -> dict[str, Json]:
    value_id, name = text(entry.get("id")), text(entry.get("name"))
    own = value_id not in known if known is not None else not value_id
    return {"name": name} if own and name else {"id": value_id}


def _sorted(values: Sequence[Json]) -> list[Json]:
    unique = {(text(value.get("id")), text(value.get("name"))): value for value in values}
    return [unique[key] for key in sorted(unique)]


def chosen_ids(attributes: Json) -> dict[str, frozenset[str]]:
    """Return the chosen listed values of canonical attributes, by attribute id."""
    return {
        entry["id"]: frozenset(text(value.get("id")) for value in entry["values"] if value.get("id"))
        for entry in objects(attributes)
    }


def choose(listing: WantedListing, fact: Json, wishes: Wishes) -> tuple[list[Json], list[Problem]]:
    """Return the canonical attributes of ``listing`` and the problems of those that are missing or don't fit.

    A value may make another attribute mandatory, so it goes on until nothing new is demanded.
    """
    chosen: dict[str, Json] = {}
    found: dict[str, Problem] = {}
    rows = objects(fact)
    for _ in range(len(rows) + 1):
        ids = chosen_ids(list(chosen.values()))
        before = dict(chosen)
        for row in rows:
            required = bool(row["required"]) or met(conditions_of(row["conditions"]), ids)
            values, problem = _choose_one(listing, row, wishes, required=required)
            found.pop(row["id"], None)
            if problem is not None:
                found[row["id"]] = problem
            if values:
                chosen[row["id"]] = {"id": row["id"], "values": values}
        if chosen == before:
            break
    return [chosen[key] for key in sorted(chosen)], list(found.values())


def _choose_one(
    listing: WantedListing, row: Object, wishes: Wishes, *, required: bool
) -> tuple[list[Json], Problem | None]:
    given = _by_name(listing.attributes, row)
    if given:
        values = _values(row, given)
        return (values, None) if values else ([], problems.attribute_value(row["name"], given[0], _examples(row)))
    material = row["name"].casefold() in _MATERIAL_NAMES
    if not material and not required:
        return [], None
    values = _from_materials(row, listing.materials, own_text=material)
    if not values and required:
        values = _values(row, _by_name(wishes.defaults, row)) or _from_words(row, listing)
    if not values and required and wishes.neutral:
        values = _neutral(row)
    if not values and required:
        return [], problems.attribute_missing(row["name"], _examples(row))
    return values, None


def _by_name(source: Mapping[str, Json], row: Object) -> list[str]:
    """Return what ``source`` says for this attribute, found by its id or name."""
    keys = {row["id"], row["name"].casefold()}
    for key, value in source.items():
        if key.casefold() in keys:
            return [text(part).strip() for part in (value if isinstance(value, list | tuple) else [value]) if part]
    return []


def _values(row: Object, wanted: Sequence[str]) -> list[Json]:
    """Return canonical values for texts; none if one is not in the list and own text is not allowed."""
    values: list[Json] = []
    for one in wanted:
        listed = _listed(row, one)
        value = {"id": listed} if listed else _own_text(row, one)
        if value is None:
            return []
        values.append(value)
    return _canonical(row, values)


def _listed(row: Object, wanted: str) -> str:
    for value in objects(row["values"]):
        if wanted in (value["id"],) or wanted.casefold() == value["name"].casefold():
            return text(value["id"])
    return ""


def _own_text(row: Object, wanted: str) -> dict[str, Json] | None:
    if not row["own_text"] or not 0 < len(wanted) <= OWN_TEXT_MOST:
        return None
    if row["number"] and not _NUMBER.fullmatch(wanted):
        return None
    return {"name": wanted.replace(",", ".") if row["number"] else wanted}


def _canonical(row: Object, values: Sequence[Json]) -> list[Json]:
    return _sorted(values if row["many"] else values[:1])


def _from_materials(row: Object, materials: Sequence[str], *, own_text: bool) -> list[Json]:
    ids = [{"id": value_id} for material in materials for value_id in _mentioned(row, material.casefold())]
    if not ids and own_text and materials:
        own = [value for value in (_own_text(row, material.strip()) for material in materials) if value]
        return _canonical(row, own)
    return _canonical(row, ids)


def _from_words(row: Object, listing: WantedListing) -> list[Json]:
    spoken = " ".join([listing.title, *(value for offer in listing.offers for value in offer.option_values)])
    return _canonical(row, [{"id": value_id} for value_id in _mentioned(row, spoken.casefold())])


def _mentioned(row: Object, spoken: str) -> list[str]:
    """Return the listed values whose name stands in ``spoken`` as whole words; never the neutral ones."""
    found = []
    for value in objects(row["values"]):
        name = value["name"].casefold()
        if name not in _NEUTRAL and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", spoken):
            found.append(text(value["id"]))
    return found


def _neutral(row: Object) -> list[Json]:
    for name in _NEUTRAL:
        listed = _listed(row, name)
        if listed:
            return [{"id": listed}]
    return []


def _examples(row: Object) -> list[str]:
    return [value["name"] for value in objects(row["values"])[:4]]
