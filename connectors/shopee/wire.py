"""Weights, sizes and prices in Shopee's forms. The rest of an answer is read by :mod:`syncer.sdk.wire`."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from syncer.domain.listing import Json
from syncer.sdk.wire import as_object, exact, whole


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
