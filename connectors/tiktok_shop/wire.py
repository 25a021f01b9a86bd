"""Prices, weights and sizes in the platform's forms. The rest of an answer is read by :mod:`syncer.sdk.wire`."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from syncer.sdk.wire import as_object, exact, text, whole


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
