"""Reading Shopee's loosely typed answers: numbers as strings, booleans as words, keys that may be missing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from syncer.domain.listing import Json
from syncer.domain.text import BadText, clean_text

Object = Mapping[str, Any]

#: What an answer may hold is bounded, whatever the platform sends (security.md C3, H6).
_MOST_TEXT = 100_000
_MOST_NUMBER = 10**18
_NUMBER = re.compile(r"[+-]?[0-9]{1,18}(\.[0-9]{1,18})?")
_BROKEN = re.compile("[\x00\ud800-\udfff]")


def as_object(value: Any) -> Object:
    """Return ``value`` if it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def objects(value: Any) -> list[Object]:
    """Return the JSON objects of a list; anything else counts as an empty list (shopee.md 5.18, 6.2: nulls)."""
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def entries(value: Any) -> list[Any]:
    """Return the entries of a list; anything else counts as an empty one."""
    return value if isinstance(value, list) else []


def text(value: Any) -> str:
    """Return ``value`` as text that every database takes; null gives an empty one, and so does what is no text."""
    if value is None or isinstance(value, (dict, list)):
        return ""
    return _BROKEN.sub("", str(value)[:_MOST_TEXT])


def whole(value: Any) -> int | None:
    """Return a whole number that may arrive as a string or a float (shopee.md 11, gotcha 11), else ``None``."""
    number = exact(value)
    return None if number is None else int(number)


def exact(value: Any) -> Decimal | None:
    """Return a number exactly, from a number or a string of ASCII digits; ``None`` if it is none, or 10^18 and more."""
    if isinstance(value, str):
        return Decimal(value.strip()) if _NUMBER.fullmatch(value.strip()) else None
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        return None
    number = Decimal(str(value))
    return number if number.is_finite() and abs(number) < _MOST_NUMBER else None


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
