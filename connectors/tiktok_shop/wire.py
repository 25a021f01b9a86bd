"""Reading the platform's answers: ids that may be numbers, lists that may be null, prices under several names."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Any

from syncer.domain.text import BadText, clean_text

Object = dict[str, Any]


def as_object(value: Any) -> Object:
    """Return ``value`` if it is a JSON object, else an empty one (``data`` may be null or absent: sheet 5)."""
    return value if isinstance(value, dict) else {}


def objects(value: Any) -> list[Object]:
    """Return the JSON objects of a list; anything else counts as an empty list."""
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def text(value: Any) -> str:
    """Return ``value`` as text; null gives an empty one. Ids become text wherever they come as numbers (sheet 14)."""
    return "" if value is None else str(value)


def texts(value: Any) -> list[str]:
    """Return the items of a list as text; anything else counts as an empty list."""
    return [text(item) for item in value] if isinstance(value, list) else []


def whole(value: Any) -> int | None:
    """Return a whole number, also from text; ``None`` if it is none."""
    number = exact(value)
    return None if number is None else int(number)


def exact(value: Any) -> Decimal | None:
    """Return a number exactly, from a number or a text; ``None`` if it is none."""
    if value is None or isinstance(value, bool) or value == "":
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def price(row: Any) -> Decimal | None:
    """Return a price as shown to buyers before discounts. It is never called ``amount`` in answers (sheet 11).

    Get Product says ``sale_price``; the search says ``tax_exclusive_price`` for local sellers.
    """
    found = as_object(row)
    for name in ("sale_price", "tax_exclusive_price", "amount"):
        number = exact(found.get(name))
        if number is not None:
            return number
    return None


def grams(weight: Any) -> int | None:
    """Return ``{"value", "unit"}`` as whole grams; ``None`` if missing or 0."""
    row = as_object(weight)
    number = exact(row.get("value"))
    factor = {"GRAM": Decimal(1), "POUND": Decimal("453.59237")}.get(text(row.get("unit")), Decimal(1000))
    return int((number * factor).to_integral_value()) if number is not None and number > 0 else None


def weight(weight_g: int) -> dict[str, str]:
    """Return grams as the platform takes them in Indonesia: kilograms with up to three decimals (sheet 8)."""
    kilograms = (Decimal(weight_g) / 1000).normalize()
    return {"value": f"{kilograms:f}", "unit": "KILOGRAM"}


def centimetres(package: Any) -> list[int] | None:
    """Return a package as ``[length, width, height]`` in cm; ``None`` if one is missing or 0."""
    row = as_object(package)
    sides = [whole(row.get(key)) for key in ("length", "width", "height")]
    return [side for side in sides if side] if all(sides) else None


def dimensions(sides_cm: Iterable[int]) -> dict[str, str]:
    """Return ``[length, width, height]`` as the platform's object of whole numbers in text (sheet 8)."""
    sides = dict(zip(("length", "width", "height"), (str(side) for side in sides_cm), strict=True))
    return {**sides, "unit": "CENTIMETER"}


def plain(value: Any, max_length: int = 300) -> str:
    """Return a sentence of the platform for people: short, one line, without control signs."""
    try:
        return clean_text(text(value)[:max_length], max_length=max_length)
    except BadText:
        return "?"
