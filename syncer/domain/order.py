"""Orders as a channel tells them, and what each says about stock. Pure values and rules.

There is no field for a buyer's name, address or note: stock truth doesn't need them (security.md P1).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from syncer.domain.text import ID_MAX_LENGTH, checked_id, storable

#: Bound of what one line may say; beyond it the line counts as not understood (security.md H6).
QUANTITY_MAX = 1_000_000


class Meaning(StrEnum):
    """What an order's status means for stock.

    IGNORE: nothing. HOLD: promised, may fall through (unpaid). SOLD: promised for good, not yet gone. GONE: it left.
    BACK: called off; what was promised is free again, what had left comes back only when a person says so.
    ASK: a person decides; what is counted stays as it is.
    """

    IGNORE = "ignore"
    HOLD = "hold"
    SOLD = "sold"
    GONE = "gone"
    BACK = "back"
    ASK = "ask"


@dataclass(frozen=True, slots=True)
class OrderLine:
    """Some pieces of one offer in an order. Several lines may name the same offer.

    ``line_id`` is stable within the order. ``listing_id`` and ``offer_id`` are the channel's ids (``offer_id`` "" if
    the listing has a single offer without an id), ``sku`` its text there. ``status`` "" means the order's own; a
    partly cancelled order has lines with another one. ``promotion`` is the channel's id of a campaign whose set-aside
    stock this line took, or "". ``price`` is for one piece. Raises ValueError for an id that is too long to be one,
    or a quantity below 0 or above 1,000,000.
    """

    line_id: str
    listing_id: str
    offer_id: str
    sku: str
    quantity: int
    status: str = ""
    title: str = ""
    price: Decimal | None = None
    currency: str = ""
    promotion: str = ""

    def __post_init__(self) -> None:
        for name in ("line_id", "listing_id", "offer_id", "promotion", "status"):
            object.__setattr__(self, name, checked_id(getattr(self, name)))
        object.__setattr__(self, "sku", str(storable(self.sku))[:ID_MAX_LENGTH])
        object.__setattr__(self, "title", str(storable(self.title))[:300])
        if not 0 <= self.quantity <= QUANTITY_MAX:
            raise ValueError("a quantity of an order is out of bounds")


@dataclass(frozen=True, slots=True)
class RemoteOrder:
    """An order as read now, whole. ``created_at`` and ``updated_at`` are the channel's own, aware UTC.

    ``front`` is the shop front where it was placed, if one account has several. ``ship_by`` is the promised date.
    """

    remote_id: str
    status: str
    created_at: dt.datetime
    updated_at: dt.datetime
    lines: tuple[OrderLine, ...]
    front: str = ""
    ship_by: dt.datetime | None = None
    total: Decimal | None = None
    currency: str = ""

    def __post_init__(self) -> None:
        for name in ("remote_id", "status", "front"):
            object.__setattr__(self, name, checked_id(getattr(self, name)))


@dataclass(frozen=True, slots=True)
class Count:
    """How many pieces of one variant an order holds, and how many have gone and come back."""

    held: int = 0
    gone: int = 0
    returned: int = 0

    def __add__(self, other: Count) -> Count:
        return Count(self.held + other.held, self.gone + other.gone, self.returned + other.returned)


@dataclass(frozen=True, slots=True)
class Counted:
    """What an order says of each variant: ``counts`` by variant id; ``asks`` names variants a person must judge."""

    counts: Mapping[int, Count] = field(default_factory=dict)
    asks: frozenset[int] = frozenset()


def count_lines(lines: Iterable[tuple[int, int, Meaning]], before: Mapping[int, Count]) -> Counted:
    """Return what an order says of its variants, given what was counted ``before``.

    ``lines`` holds (variant id, quantity, meaning). Level-triggered: the result depends on the order as it is now;
    ``before`` matters only for what a person decides: pieces that had gone stay gone when the order is called off,
    and a status we don't know keeps what is counted (at least a hold). Pieces that had gone and are promised again
    (a pick-up that failed) are counted once, as promised.
    """
    said: dict[int, _Said] = {variant_id: _Said() for variant_id in before}
    for variant_id, quantity, meaning in lines:
        said.setdefault(variant_id, _Said()).add(quantity, meaning)
    counts: dict[int, Count] = {}
    asks: set[int] = set()
    for variant_id, now in said.items():
        counts[variant_id], ask = now.against(before.get(variant_id, Count()))
        asks |= {variant_id} if ask else set()
    return Counted(counts, frozenset(asks))


@dataclass(slots=True)
class _Said:
    """What the lines of one variant say: pieces promised, gone, called off, and those whose status is unclear."""

    held: int = 0
    gone: int = 0
    off: int = 0
    unclear: int = 0
    asked: bool = False

    def add(self, quantity: int, meaning: Meaning) -> None:
        if meaning in (Meaning.HOLD, Meaning.SOLD):
            self.held += quantity
        elif meaning is Meaning.GONE:
            self.gone += quantity
        elif meaning is Meaning.ASK:
            self.unclear += quantity
            self.asked = True
        else:
            self.off += quantity

    def against(self, old: Count) -> tuple[Count, bool]:
        """Return the count, and whether a person must judge it."""
        held, gone = self.held, self.gone
        if self.asked:
            # What is counted stays: as gone as far as it had gone, else as a hold.
            unclear = max(self.unclear, old.held + old.gone - held - gone - self.off)
            left = min(unclear, max(old.gone - gone, 0))
            held, gone = held + unclear - left, gone + left
        # What left the house is not on the shelf because the order was called off.
        away = max(old.gone - gone - held, 0)
        unsure = self.asked or away > old.returned
        return Count(held, gone + away, min(old.returned, gone + away)), unsure
