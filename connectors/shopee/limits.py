"""The platform's limits for one category, and its couriers, as facts and as typed values (shopee.md 5.4, 5.5)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from syncer.domain.listing import Json
from syncer.sdk.wire import Object, as_object, exact, objects, text, whole, yes

#: Most variants and axes of one item (shopee.md 5.9), and the dearest variant's price over the cheapest's in ID.
MAX_MODELS, MAX_AXES, MAX_PRICE_RATIO = 50, 2, 7
MAX_PICTURES, MAX_HASHTAGS = 9, 18


@dataclass(frozen=True, slots=True)
class Range:
    """A limit whose bounds may be unknown: ``None`` is "no check here" (shopee.md 5.4)."""

    least: Decimal | None = None
    most: Decimal | None = None

    @classmethod
    def of(cls, block: Json) -> Range:
        """Read ``{"min_limit", "max_limit"}``; the block and each bound may be null."""
        row = as_object(block)
        return cls(exact(row.get("min_limit")), exact(row.get("max_limit")))

    def under(self, value: Decimal | int) -> int:
        """Return how much ``value`` is below the least, 0 if it isn't."""
        return max(0, int(self.least - value)) if self.least is not None else 0

    def over(self, value: Decimal | int) -> int:
        """Return how much ``value`` is above the most, 0 if it isn't."""
        return max(0, int(value - self.most)) if self.most is not None else 0


@dataclass(frozen=True, slots=True)
class Limits:
    """What one category allows. Everything unknown is left unchecked."""

    title: Range = Range()
    description: Range = Range()
    pictures: Range = Range()
    price: Range = Range()
    stock: Range = Range()
    axis_name: Range = Range()
    option_name: Range = Range()
    days: Range = Range()
    no_pre_order: bool = False
    stock_days: int | None = None
    weight_mandatory: bool = True
    dimension_mandatory: bool = False
    barcode_rule: str = ""

    @classmethod
    def of(cls, fact: Json) -> Limits:
        """Read the fact that :func:`limits_fact` made; ``None`` gives no limits."""
        row = as_object(fact)
        days = Range.of(row.get("days"))
        return cls(
            title=Range.of(row.get("title")),
            description=Range.of(row.get("description")),
            pictures=Range.of(row.get("pictures")),
            price=Range.of(row.get("price")),
            stock=Range.of(row.get("stock")),
            axis_name=Range.of(row.get("axis_name")),
            option_name=Range.of(row.get("option_name")),
            days=days,
            no_pre_order=days.most is not None and days.most < 0,
            stock_days=whole(row.get("stock_days")),
            weight_mandatory=yes(row.get("weight_mandatory", True)),
            dimension_mandatory=yes(row.get("dimension_mandatory", False)),
            barcode_rule=text(row.get("barcode_rule")),
        )


def limits_fact(body: Object) -> Json:
    """Return ``get_item_limit``'s answer as a small JSON object; ``gtin_limit`` is read in both its places."""
    found = as_object(body.get("response"))
    days = as_object(found.get("dts_limit"))
    barcode = as_object(found.get("gtin_limit")) or as_object(body.get("gtin_limit"))
    weight, size = as_object(found.get("weight_limit")), as_object(found.get("dimension_limit"))
    return {
        "title": found.get("item_name_length_limit"),
        "description": found.get("item_description_length_limit"),
        "pictures": found.get("item_image_count_limit"),
        "price": found.get("price_limit"),
        "stock": found.get("stock_limit"),
        "axis_name": found.get("tier_variation_name_length_limit"),
        "option_name": found.get("tier_variation_option_length_limit"),
        "days": days.get("days_to_ship_limit"),
        "stock_days": days.get("non_pre_order_days_to_ship"),
        "weight_mandatory": weight.get("weight_mandatory", True),
        "dimension_mandatory": size.get("dimension_mandatory", False),
        "barcode_rule": barcode.get("gtin_validation_rule"),
    }


@dataclass(frozen=True, slots=True)
class Courier:
    """A courier that items may use: enabled, and no mask channel. 0 limits are no limits (shopee.md 5.5)."""

    id: int
    name: str
    fee_type: str
    compulsory: bool
    max_weight_g: int
    min_weight_g: int
    max_sides_cm: tuple[int, ...]
    max_sum_cm: int

    @property
    def usable(self) -> bool:
        """Whether it works without a size or a fee chosen by hand for each product."""
        return self.fee_type not in {"SIZE_SELECTION", "CUSTOM_PRICE"}

    def fits(self, weight_g: int | None, sides_cm: list[int] | None) -> bool:
        """Return whether a parcel is within this courier's weight and size."""
        if weight_g is not None and self.max_weight_g and not self.min_weight_g <= weight_g <= self.max_weight_g:
            return False
        if not sides_cm:
            return True
        sides = sorted(sides_cm, reverse=True)
        limits = sorted(self.max_sides_cm, reverse=True)
        if any(limits) and any(limit and side > limit for side, limit in zip(sides, limits, strict=False)):
            return False
        return not self.max_sum_cm or sum(sides) <= self.max_sum_cm


def couriers_fact(body: Object) -> Json:
    """Return the couriers that items may use out of ``get_channel_list``, as JSON."""
    rows = objects(as_object(body.get("response")).get("logistics_channel_list"))
    return [_courier_fact(row) for row in rows if yes(row.get("enabled")) and not whole(row.get("mask_channel_id"))]


def _courier_fact(row: Object) -> Json:
    weight, sides = as_object(row.get("weight_limit")), as_object(row.get("item_max_dimension"))
    return {
        "id": whole(row.get("logistics_channel_id")) or 0,
        "name": text(row.get("logistics_channel_name")),
        "fee_type": text(row.get("fee_type")),
        "compulsory": yes(row.get("compulsory_channel")),
        "max_weight_g": int((exact(weight.get("item_max_weight")) or 0) * 1000),
        "min_weight_g": int((exact(weight.get("item_min_weight")) or 0) * 1000),
        "max_sides_cm": [whole(sides.get(side)) or 0 for side in ("length", "width", "height")],
        "max_sum_cm": whole(sides.get("dimension_sum")) or 0,
    }


def couriers(fact: Json) -> tuple[Courier, ...]:
    """Read what :func:`couriers_fact` made."""
    return tuple(
        Courier(
            int(row["id"]),
            text(row["name"]),
            text(row["fee_type"]),
            bool(row["compulsory"]),
            int(row["max_weight_g"]),
            int(row["min_weight_g"]),
            tuple(row["max_sides_cm"]),
            int(row["max_sum_cm"]),
        )
        for row in objects(fact)
    )
