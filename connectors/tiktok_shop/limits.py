"""The platform's limits in Indonesia, and the rules of one category as a fact (tiktok_shop.md 6, 8, 17)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from syncer.domain.listing import Json
from syncer.sdk.wire import Object, as_object, objects, text, texts

TITLE_LEAST, TITLE_MOST, DESCRIPTION_MOST = 25, 255, 10_000
MAX_PICTURES, MAX_SKUS, MAX_AXES = 9, 100, 3
AXIS_NAME_MOST, OPTION_MOST, OWN_TEXT_MOST = 20, 50, 2000
STOCK_MOST = 99_999
#: Made-to-order days; below the least the usual time to ship counts (sheet 8: calendar days 3 to 30).
DAYS_LEAST, DAYS_MOST = 3, 30
#: Products of one call that shows, hides or deletes; SKUs of one look-up by SKU (sheet 11).
STATE_BATCH, SEARCH_SKUS, SEARCH_PAGE = 20, 10, 100


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate that a category asks for: always, or if one of ``conditions`` (attribute, value) is met."""

    id: str
    name: str
    required: bool
    conditions: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Rules:
    """What one category demands and allows. Everything unknown is left unchecked."""

    certificates: tuple[Certificate, ...] = ()
    size_chart_required: bool = False
    size_chart_allowed: bool = False
    package_size: bool = False
    cash_on_delivery: bool = True
    pre_order: bool = True

    @classmethod
    def of(cls, fact: Json) -> Rules:
        """Read the fact that :func:`rules_fact` made; ``None`` gives no rules."""
        row = as_object(fact)
        return cls(
            certificates=tuple(_certificate(entry) for entry in objects(row.get("certificates"))),
            size_chart_required=bool(row.get("size_chart_required")),
            size_chart_allowed=bool(row.get("size_chart_allowed")),
            package_size=bool(row.get("package_size")),
            cash_on_delivery=bool(row.get("cash_on_delivery", True)),
            pre_order=bool(row.get("pre_order", True)),
        )


def _certificate(row: Object) -> Certificate:
    return Certificate(
        text(row.get("id")), text(row.get("name")), bool(row.get("required")), conditions_of(row.get("conditions"))
    )


def rules_fact(data: Object) -> Json:
    """Return ``Get Category Rules`` as a small JSON object."""
    chart = as_object(data.get("size_chart"))
    return {
        "certificates": [
            {
                "id": text(row.get("id")),
                "name": text(row.get("name")),
                "required": bool(row.get("is_required")),
                "conditions": conditions_fact(row.get("requirement_conditions")),
            }
            for row in objects(data.get("product_certifications"))
        ],
        "size_chart_required": bool(chart.get("is_required")),
        "size_chart_allowed": bool(chart.get("is_supported") or chart.get("is_required")),
        "package_size": bool(as_object(data.get("package_dimension")).get("is_required")),
        "cash_on_delivery": bool(as_object(data.get("cod")).get("is_supported", True)),
        "pre_order": "PRE_ORDER" in texts(data.get("allowed_special_product_types")),
    }


def conditions_fact(rows: Json) -> Json:
    """Return requirement conditions as ``[attribute id, value id]`` pairs; any one that is met counts (sheet 6)."""
    return [
        [text(row.get("attribute_id")), text(row.get("attribute_value_id"))]
        for row in objects(rows)
        if row.get("condition_type", "VALUE_ID_MATCH") == "VALUE_ID_MATCH"
    ]


def conditions_of(fact: Json) -> tuple[tuple[str, str], ...]:
    """Read what :func:`conditions_fact` made."""
    return tuple((str(pair[0]), str(pair[1])) for pair in fact or ())


def met(conditions: tuple[tuple[str, str], ...], chosen: Mapping[str, frozenset[str]]) -> bool:
    """Return whether one of ``conditions`` holds for the chosen value ids by attribute id."""
    return any(value in chosen.get(attribute, frozenset()) for attribute, value in conditions)
