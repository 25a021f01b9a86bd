"""A product as one channel account shows it: wanted, rendered for the channel, and known to be there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from syncer.domain.problem import Problem
from syncer.domain.text import ID_MAX_LENGTH, checked_id, storable
from syncer.domain.words import Words

#: Anything that JSON can hold. Rendered fields are compared by equality, so they must be canonical.
Json = Any

#: Bounds of what a channel may say; beyond them it counts as not known (security.md H6).
_QUANTITY_MAX = 2**31 - 1
_PRICE_MAX = Decimal(10) ** 13


class Status(StrEnum):
    """What a listing is on the channel."""

    LIVE = "live"
    HIDDEN = "hidden"
    REVIEW = "review"
    REJECTED = "rejected"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Picture:
    """A photo for a listing: ``sha256`` of our file and, once uploaded, the channel's ``remote_id`` for it."""

    sha256: str
    remote_id: str | None = None
    sku: str | None = None


@dataclass(frozen=True, slots=True)
class WantedOffer:
    """What one variant should show: price in the account's currency, quantity to show, and its package.

    ``key`` is our stable name for the offer (it survives a renamed SKU).
    """

    key: str
    sku: str
    price: Decimal
    quantity: int
    option_values: tuple[str, ...] = ()
    weight_g: int | None = None
    length_mm: int | None = None
    width_mm: int | None = None
    height_mm: int | None = None
    barcode: str = ""


@dataclass(frozen=True, slots=True)
class WantedListing:
    """The neutral state that a channel account should show: the input of a connector's ``render``.

    ``marker`` is the text by which a listing of ours is recognised there (the product's handle).
    ``category`` is the channel's category id or "" if unmapped; ``attributes`` maps the channel's attribute
    ids to values (a string, or a list of strings). ``settings`` are the account's listing settings, such as
    shipping. ``live`` false means hidden from buyers.
    """

    marker: str
    title: str
    description: str
    currency: str
    category_key: str = ""
    category: str = ""
    story: str = ""
    materials: tuple[str, ...] = ()
    attributes: Mapping[str, Json] = field(default_factory=dict)
    brand: str = ""
    condition: str = "new"
    pictures: tuple[Picture, ...] = ()
    option_names: tuple[str, ...] = ()
    offers: tuple[WantedOffer, ...] = ()
    made_to_order_days: int = 0
    settings: Mapping[str, Json] = field(default_factory=dict)
    live: bool = True


@dataclass(frozen=True, slots=True)
class RenderedOffer:
    """An offer exactly as the channel will store it. ``fields`` are its other fields (weight, barcode ...)."""

    key: str
    sku: str
    price: Decimal
    quantity: int
    option_values: tuple[str, ...] = ()
    fields: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rendered:
    """A listing exactly as the channel will store and show it: the output of ``render``.

    ``fields`` holds every content field in the channel's canonical form, equal to what a later read gives.
    ``problems`` say what must be mended before anything of the content is sent; stock and price of a listing
    that already exists still go out. ``notes`` hold nothing back: they say what is shown otherwise than a person
    may think (``field`` names of what), and are told when it is sent.
    """

    fields: Mapping[str, Json]
    offers: tuple[RenderedOffer, ...]
    option_names: tuple[str, ...] = ()
    live: bool = True
    problems: tuple[Problem, ...] = ()
    notes: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class RemoteOffer:
    """An offer as the channel has it. ``None`` means not known, and so does an empty SKU. ``key`` is set once it is
    bound to ours.

    ``held`` are pieces that the channel keeps for a promotion *apart from* ``quantity``: on sale there, and not in the
    number that we set. Where what a promotion holds is part of the quantity, there is nothing to tell.
    Whatever the channel said is made storable here: a price or quantity out of this world is not known.
    Raises ValueError for an id that is too long to be one.
    """

    remote_id: str
    sku: str
    price: Decimal | None = None
    quantity: int | None = None
    option_values: tuple[str, ...] = ()
    fields: Mapping[str, Json] = field(default_factory=dict)
    key: str | None = None
    held: int | None = None

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "remote_id", checked_id(self.remote_id))
        put(self, "sku", str(storable(self.sku))[:ID_MAX_LENGTH])
        put(self, "option_values", tuple(storable(value) for value in self.option_values))
        put(self, "fields", storable(self.fields))
        if self.price is not None and not (self.price.is_finite() and abs(self.price) < _PRICE_MAX):
            put(self, "price", None)
        if self.quantity is not None and abs(self.quantity) > _QUANTITY_MAX:
            put(self, "quantity", None)
        if self.held is not None and not 0 <= self.held <= _QUANTITY_MAX:
            put(self, "held", None)


@dataclass(frozen=True, slots=True)
class RemoteListing:
    """A listing as the channel has it: a whole read, or what one write's answer proved.

    ``status`` ``None`` and absent fields mean *not known from this*, not *empty*. ``offers_complete`` says that
    ``offers`` (and ``option_names``) are all there are; otherwise they are only those that the call touched.
    ``marker`` is our marker as found there ("" if none). ``reasons`` explain a rejection. ``extra`` is for the
    connector's own use (raw ids), JSON. Whatever the channel said is made storable here; raises ValueError for an
    id that is too long to be one.
    """

    remote_id: str
    status: Status | None = None
    marker: str | None = None
    fields: Mapping[str, Json] = field(default_factory=dict)
    option_names: tuple[str, ...] = ()
    offers: tuple[RemoteOffer, ...] = ()
    offers_complete: bool = False
    reasons: tuple[Words, ...] = ()
    extra: Mapping[str, Json] = field(default_factory=dict)

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "remote_id", checked_id(self.remote_id))
        put(self, "marker", storable(self.marker))
        put(self, "fields", storable(self.fields))
        put(self, "option_names", tuple(storable(name) for name in self.option_names))
        put(self, "reasons", tuple(Words(storable(one.id), storable(one.en)) for one in self.reasons))
        put(self, "extra", storable(self.extra))

    def offer(self, key: str) -> RemoteOffer | None:
        """Return the offer bound to our ``key``, if it is there."""
        return next((offer for offer in self.offers if offer.key == key), None)
