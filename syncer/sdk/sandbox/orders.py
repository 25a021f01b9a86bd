"""Orders of a sandbox: who bought what, how far each order has come, and how it looked before.

The words of the statuses are the platform's own. What an order does to the platform's stock number, and when, is a
switch (:class:`Switches`), because the platforms say it unclearly.
"""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

_KEEP_VERSIONS = 64


class OrderError(ValueError):
    """An order cannot be placed or changed so. The text is for the person who asked for it."""


@dataclass(frozen=True, slots=True)
class OrderWords:
    """The platform's words for statuses.

    ``flow`` is the way of an order that goes well, first to last. ``placed``, ``paid``, ``shipped`` are words of it;
    ``cancelled`` and ``returned`` end it elsewhere. ``others`` are further words that an order can be moved to.
    """

    flow: tuple[str, ...]
    placed: str
    paid: str
    shipped: str
    cancelled: str
    returned: str
    others: tuple[str, ...] = ()

    def known(self) -> frozenset[str]:
        """All words."""
        return frozenset({*self.flow, self.cancelled, self.returned, *self.others})


@dataclass(slots=True)
class Switches:
    """When the platform moves its own number.

    ``lowers_at``: by status, whether an order that has come so far has lowered it. ``gives_back_at``: by status,
    whether the pieces of an order that comes there are given back.
    """

    lowers_at: dict[str, bool] = field(default_factory=dict)
    gives_back_at: dict[str, bool] = field(default_factory=dict)

    def set(self, wanted: Mapping[str, Any], known: frozenset[str]) -> None:
        """Take over new switches; a group that is named replaces the old one.

        Raises:
            OrderError: an unknown group or status, or a value that is neither true nor false.
        """
        groups: dict[str, dict[str, bool]] = {}
        for name, group in wanted.items():
            if name not in ("lowers_at", "gives_back_at") or not isinstance(group, Mapping):
                raise OrderError("give lowers_at and gives_back_at, each as {STATUS: true or false}")
            for status, value in group.items():
                if status not in known or not isinstance(value, bool):
                    raise OrderError(f"{status} is no status here, or is neither true nor false")
            groups[name] = dict(group)
        for name, found in groups.items():
            setattr(self, name, found)


@dataclass(frozen=True, slots=True)
class Buyer:
    """Who bought: made up, and easy to find wherever it should not be (security.md P1)."""

    name: str
    phone: str
    address: str
    note: str
    user_name: str
    user_id: int

    @classmethod
    def invent(cls) -> Buyer:
        """A new buyer with words that stand nowhere else."""
        mark = secrets.token_hex(6)
        digits = f"{secrets.randbelow(10**9):09d}"
        return cls(
            name=f"Kanari Pembeli {mark}",
            phone=f"62899{digits}",
            address=f"Jalan Kanari Rahasia {mark} RT 03",
            note=f"titip kanari {mark}",
            user_name=f"kanari_{mark}",
            user_id=90_000_000 + secrets.randbelow(10**7),
        )


@dataclass(frozen=True, slots=True)
class ForSale:
    """What a buyer finds: one offer of one shop. ``free`` is how many can be bought now.

    ``promotion`` names the promotion whose set-aside pieces a purchase takes, or is "".
    """

    account: str
    listing_id: str
    offer_id: str
    sku: str
    title: str
    price: float
    free: int
    label: str = ""
    listing_sku: str = ""
    image: str = ""
    promotion: str = ""


@dataclass(frozen=True, slots=True)
class SoldLine:
    """Some pieces of one offer in an order.

    ``counted`` of them have been taken off the platform's number; ``taken`` is by how much it really fell (it never
    goes below 0), so that not more is given back.
    """

    line_id: str
    offer: ForSale
    quantity: int
    cancelled: int = 0
    returned: int = 0
    counted: int = 0
    taken: int = 0

    @property
    def active(self) -> int:
        """Pieces that the buyer still gets."""
        return self.quantity - self.cancelled


@dataclass(frozen=True, slots=True)
class SoldOrder:
    """An order as it stands; a change makes a new one. Times are unix seconds on the sandbox's clock.

    ``before`` is the status that it had before this one. ``front`` is the storefront where it was placed, or "".
    """

    order_id: str
    account: str
    status: str
    created: float
    updated: float
    lines: tuple[SoldLine, ...]
    buyer: Buyer
    before: str = ""
    front: str = ""
    cancelled_by: str = ""

    @property
    def total(self) -> float:
        """What the buyer pays for the pieces."""
        return sum(line.active * line.offer.price for line in self.lines)

    def as_json(self) -> dict[str, Any]:
        """The order as the control API shows it, buyer included: a test looks for that buyer elsewhere."""
        lines = [
            {
                "line_id": line.line_id,
                "remote_id": line.offer.listing_id,
                "offer": line.offer.offer_id,
                "sku": line.offer.sku,
                "quantity": line.quantity,
                "cancelled": line.cancelled,
                "returned": line.returned,
                "promotion": line.offer.promotion,
            }
            for line in self.lines
        ]
        return {
            "order_id": self.order_id,
            "shop_id": self.account,
            "status": self.status,
            "created": self.created,
            "updated": self.updated,
            "front": self.front,
            "lines": lines,
            "buyer": asdict(self.buyer),
        }


class OrderBook:
    """All orders, by id, oldest first; remembers for each how it looked before."""

    def __init__(self) -> None:
        self._orders: dict[str, SoldOrder] = {}
        self._versions: dict[str, deque[tuple[float, SoldOrder]]] = {}
        self._dirty: set[str] = set()
        self._next = 1

    def number(self) -> int:
        """The next number for an order or a line; never given twice."""
        self._next += 1
        return self._next - 1

    def put(self, order: SoldOrder, at: float) -> None:
        """Make this version of an order the present one, from ``at`` on."""
        self._orders[order.order_id] = order
        self._versions.setdefault(order.order_id, deque(maxlen=_KEEP_VERSIONS)).append((at, order))
        self._dirty.add(order.order_id)

    def get(self, order_id: str, as_of: float | None = None) -> SoldOrder | None:
        """An order now, or as it looked at ``as_of``; None if there is (or was) none."""
        order = self._orders.get(order_id)
        if order is None or as_of is None:
            return order
        return next((version for at, version in reversed(self._versions[order_id]) if at <= as_of), None)

    def all(self, account: str | None = None, as_of: float | None = None) -> Iterator[SoldOrder]:
        """All orders of a shop (or of all), oldest first, now or as they looked at ``as_of``."""
        for order_id, present in self._orders.items():
            order = present if as_of is None else self.get(order_id, as_of)
            if order is not None and account in (None, order.account):
                yield order

    def clear(self) -> None:
        """Forget all orders; numbers go on."""
        self._dirty |= set(self._orders)
        self._orders.clear()
        self._versions.clear()

    # Keeping

    def changes(self) -> dict[str, Any]:
        """Pieces for the state file: changed orders, and the next number."""
        if not self._dirty:
            return {}
        found: dict[str, Any] = {f"order:{key}": self._piece(key) for key in self._dirty}
        self._dirty.clear()
        return {**found, "orders": self._next}

    def _piece(self, order_id: str) -> dict[str, Any] | None:
        order = self._orders.get(order_id)
        return None if order is None else asdict(order)

    def take_back(self, pieces: dict[str, Any]) -> None:
        """Take its own pieces out of ``pieces``, and rebuild the orders from them."""
        self._next = int(pieces.pop("orders", self._next))
        kept = [pieces.pop(key) for key in list(pieces) if key.startswith("order:")]
        for order in sorted((_from_json(piece) for piece in kept), key=lambda order: order.created):
            self.put(order, order.updated)
        self._dirty.clear()


def _from_json(piece: Mapping[str, Any]) -> SoldOrder:
    lines = tuple(SoldLine(**{**line, "offer": ForSale(**line["offer"])}) for line in piece["lines"])
    return SoldOrder(**{**piece, "lines": lines, "buyer": Buyer(**piece["buyer"])})


def split(order: SoldOrder, line_id: str, new_id: str) -> SoldOrder:
    """The same order with one piece of a line as a line of its own, as platforms do for parcels.

    Raises:
        OrderError: no such line, or nothing to split.
    """
    lines: list[SoldLine] = []
    for line in order.lines:
        if line.line_id != line_id or line.active < 2:
            lines.append(line)
            continue
        counted, taken = min(line.counted, 1), min(line.taken, 1)
        one = replace(line, line_id=new_id, quantity=1, cancelled=0, returned=0, counted=counted, taken=taken)
        rest = replace(line, quantity=line.quantity - 1, counted=line.counted - counted, taken=line.taken - taken)
        lines += [rest, one]
    if len(lines) == len(order.lines):
        raise OrderError(f"line {line_id} has no two pieces")
    return replace(order, lines=tuple(lines))
