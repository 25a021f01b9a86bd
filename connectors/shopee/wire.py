"""Reading Shopee's loosely typed answers: numbers as strings, booleans as words, keys that may be missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from syncer.domain.listing import Json
from syncer.domain.text import BadText, clean_text

Object = Mapping[str, Any]


def as_object(value: Any) -> Object:
    """Return ``value`` if it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def objects(value: Any) -> list[Object]:
    """Return the JSON objects of a list; anything else counts as an empty list (shopee.md 5.18, 6.2: nulls)."""
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def text(value: Any) -> str:
    """Return ``value`` as text; null gives an empty one."""
    return "" if value is None else str(value)


def whole(value: Any) -> int | None:
    """Return a whole number that may arrive as a string or a float (shopee.md 11, gotcha 11), else ``None``."""
    number = exact(value)
    return None if number is None else int(number)


def exact(value: Any) -> Decimal | None:
    """Return a number exactly, from a number or a string; ``None`` if it is none."""
    if value is None or isinstance(value, bool):
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def yes(value: Any) -> bool:
    """Return a boolean that may arrive as the text "true" or "false" (shopee.md 11, gotcha 11)."""
    return value.strip().lower() == "true" if isinstance(value, str) else bool(value)


def grams(kilograms: Any) -> int | None:
    """Return a weight in kilograms, number or string, as whole grams; ``None`` if missing or 0."""
    number = exact(kilograms)
    return int((number * 1000).to_integral_value()) if number is not None and number > 0 else None


def kilograms(weight_g: int) -> float:
    """Return grams as the kilograms that Shopee takes."""
    return weight_g / 1000


def centimetres(dimension: Any) -> list[int] | None:
    """Return a package as ``[length, width, height]`` in cm; ``None`` if one is missing or 0."""
    package = as_object(dimension)
    sides = [whole(package.get(key)) for key in ("package_length", "package_width", "package_height")]
    return [side for side in sides if side] if all(sides) else None


def dimension(sides_cm: Iterable[int]) -> dict[str, int]:
    """Return ``[length, width, height]`` as Shopee's object; all three are always sent (shopee.md 5.7)."""
    return dict(zip(("package_length", "package_width", "package_height"), sides_cm, strict=True))


def amount(value: Json) -> int | float:
    """Return a price as the JSON number that Shopee takes: whole where it is whole."""
    number = exact(value) or Decimal(0)
    return int(number) if number == number.to_integral_value() else float(number)


def plain(value: Any, max_length: int = 300) -> str:
    """Return a sentence of the platform for people: short, one line, without control signs."""
    try:
        return clean_text(text(value)[:max_length], max_length=max_length)
    except BadText:
        return "?"
