"""What adopting an account would do: one row for each offer there, with a decision that a person can change."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from syncer.channels.records import Account
from syncer.domain.listing import RemoteListing, RemoteOffer, Status
from syncer.domain.words import Words


class Decision(StrEnum):
    """What becomes of an offer there. BOUND: it is one of ours already; LEAVE: nothing is done with it.

    IMPORT makes a new product of the whole listing; in a listing that is bound, a new variant of that product.
    """

    BIND = "bind"
    IMPORT = "import"
    LEAVE = "leave"
    BOUND = "bound"


class Opening(StrEnum):
    """Which number is the opening count of a SKU: the shop's, ours, the larger, the smaller, or both together."""

    THEIRS = "theirs"
    OURS = "ours"
    LARGER = "larger"
    SMALLER = "smaller"
    SUM = "sum"


class By(StrEnum):
    """How an offer was matched. TITLE is a guess with a score; the others are exact."""

    SKU = "sku"
    FORMER_SKU = "former_sku"
    MARKER = "marker"
    OPTIONS = "options"
    TITLE = "title"
    SHEET = "sheet"
    BOUND = "bound"
    NOTHING = ""


@dataclass(slots=True)
class Row:
    """One offer there and what it is to be here.

    ``variant_id`` and ``sku`` name ours (``None`` and "" if nothing fits). ``score`` is 0 to 100. ``ours`` is what is
    free here for this account (``None``: never counted), ``opening`` the opening count (``None``: none is written).
    ``opened_here``: this account has opened the SKU already; ``opened_by`` names another one that has. ``conflicts``
    say why the listing can't be bound; ``notes`` what else a person should know.
    """

    listing: RemoteListing
    offer: RemoteOffer
    variant_id: int | None = None
    product_id: int | None = None
    handle: str = ""
    sku: str = ""
    score: float | None = None
    by: By = By.NOTHING
    decision: Decision = Decision.LEAVE
    ours: int | None = None
    opening: int | None = None
    opened_by: str = ""
    may_open: bool = True
    opened_here: bool = False
    conflicts: list[Words] = field(default_factory=list)
    notes: list[Words] = field(default_factory=list)

    @property
    def key(self) -> str:
        """A short name of the offer that survives every spreadsheet; long numbers don't."""
        digest = hashlib.sha256(f"{self.listing.remote_id}\x1f{self.offer.remote_id}".encode()).hexdigest()
        return f"k-{digest[:10]}"

    @property
    def title(self) -> str:
        """The listing's title there."""
        return str(self.listing.fields.get("title", ""))

    @property
    def options(self) -> str:
        """The offer's options there, such as ``Warna: Merah / Ukuran: M``."""
        names = self.listing.option_names
        values = self.offer.option_values
        if len(names) != len(values):
            return " / ".join(values)
        return " / ".join(f"{name}: {value}" for name, value in zip(names, values, strict=True))

    def to_json(self) -> dict[str, Any]:
        """Return this as a JSON object; sentences stay :class:`Words`."""
        return {
            "key": self.key,
            "remote_id": self.listing.remote_id,
            "offer_remote_id": self.offer.remote_id,
            "title": self.title,
            "options": self.options,
            "status_there": self.listing.status.value if self.listing.status else None,
            "sku_there": self.offer.sku,
            "price_there": self.offer.price,
            "product": self.handle or None,
            "our_sku": self.sku or None,
            "score": self.score,
            "matched_by": self.by.value or None,
            "decision": self.decision.value,
            "count_there": self.offer.quantity,
            "our_on_hand": self.ours,
            "opening_count": self.opening,
            "opened_by": self.opened_by or None,
            "conflicts": list(self.conflicts),
            "notes": list(self.notes),
        }


@dataclass(slots=True)
class Group:
    """One listing there with its rows."""

    listing: RemoteListing
    rows: list[Row]

    @property
    def product_id(self) -> int | None:
        """Our product that its rows are bound to; ``None`` if it is imported or left."""
        return next((row.product_id for row in self.rows if row.decision is Decision.BIND), None)

    @property
    def handle(self) -> str:
        """That product's handle."""
        return next((row.handle for row in self.rows if row.decision is Decision.BIND), "")

    def decided(self, *decisions: Decision) -> list[Row]:
        """Return the rows with one of ``decisions``."""
        return [row for row in self.rows if row.decision in decisions]

    def leave(self, why: Words) -> None:
        """Leave the whole listing alone: binding a part of it would make the engine remove the rest there."""
        for row in self.decided(Decision.BIND, Decision.IMPORT):
            row.decision, row.opening = Decision.LEAVE, None
        for row in self.rows:
            if row.decision is not Decision.BOUND and why not in row.conflicts:
                row.conflicts.append(why)


@dataclass(slots=True)
class Plan:
    """What adopting ``account`` would do. ``left_out`` counts listings there that are deleted or could not be read."""

    account: Account
    groups: list[Group]
    rule: Opening | None = None
    location: str = ""
    left_out: int = 0

    def rows(self) -> Iterator[Row]:
        """Walk all rows."""
        for group in self.groups:
            yield from group.rows

    def counts(self) -> dict[str, int]:
        """Return how many offers have each decision, and how many have a conflict."""
        found = {decision.value: 0 for decision in Decision} | {"conflicts": 0}
        for row in self.rows():
            found[row.decision.value] += 1
            found["conflicts"] += bool(row.conflicts)
        return found

    def unopened(self) -> int:
        """Return how many SKUs would be bound or imported though the shop's number is another, and nobody chose."""
        return sum(
            row.opening is None and row.may_open and row.offer.quantity not in (None, row.ours or 0)
            for row in self.rows()
            if row.decision is not Decision.LEAVE
        )


def is_there(listing: RemoteListing) -> bool:
    """Return whether a listing that a walk showed still exists."""
    return listing.status is not Status.DELETED
