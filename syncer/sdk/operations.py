"""What the engine asks of a connector, and what it gets back: one operation, at most one remote write."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from syncer.domain.listing import RemoteListing, Rendered
from syncer.sdk.errors import ConnectorError


class Kind(StrEnum):
    """The kinds of write. A connector names those that it can do in ``Info.operations``.

    CREATE makes the listing (hidden until complete, if it takes several calls); UPDATE writes content fields;
    RESHAPE changes option axes or which variants exist; PRICE and STOCK write only that; SHOW and HIDE put a
    listing on and off sale; DELETE removes it for good.
    A connector without PRICE, STOCK or RESHAPE gets an UPDATE with the whole listing instead.
    """

    CREATE = "create"
    UPDATE = "update"
    RESHAPE = "reshape"
    PRICE = "price"
    STOCK = "stock"
    SHOW = "show"
    HIDE = "hide"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class ListingRef:
    """How to recognise a listing of ours: ``marker`` (the product's handle) and the SKUs of its variants.

    ``since`` is when we first tried to create it (aware UTC): where only a SKU can carry the marker, what is older
    was made by a person. ``None``: not known.
    """

    marker: str
    skus: tuple[str, ...] = ()
    since: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Operation:
    """One intent on one listing. Applying it makes **at most one** remote write (reads beforehand are free).

    ``rendered`` is the whole wanted state, computed at send time. ``known`` is what we know to be there
    (``None`` for CREATE). ``fields`` names the content fields to write (UPDATE); ``offers`` the offer keys to
    write (PRICE, STOCK, or an UPDATE of a connector without those). A RESHAPE, or a CREATE that takes several
    calls, does its next step only; the engine looks at the result, and asks again for what still differs.
    ``key`` names one CREATE (at most 64 letters and digits): it stays the same when that is sent again after an
    unknown outcome, and is another for every other one; for platforms with idempotency keys. "": the caller has none.
    """

    kind: Kind
    ref: ListingRef
    rendered: Rendered
    known: RemoteListing | None = None
    fields: tuple[str, ...] = ()
    offers: tuple[str, ...] = ()
    key: str = ""

    @property
    def remote_id(self) -> str:
        """The channel's id of the listing; "" before it exists."""
        return self.known.remote_id if self.known else ""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one operation.

    ``proved`` holds what the answer proves to be there now (only that: absent means "not known from this").
    ``error`` is set if the whole operation failed; ``offer_errors`` (by offer key) if only some offers did.
    ``again_after_s``: this was one step of several, and may show nothing new by itself; the next call on this listing
    comes after this pause, in seconds (0 where the platform asks for none).
    ``check_after_s``: the final state shows only later (a review): read the listing again then.
    """

    proved: RemoteListing | None = None
    error: ConnectorError | None = None
    offer_errors: Mapping[str, ConnectorError] = field(default_factory=dict)
    again_after_s: float | None = None
    check_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a walk over all listings of an account; ``cursor`` ``None`` ends the walk."""

    listings: tuple[RemoteListing, ...]
    cursor: str | None = None
