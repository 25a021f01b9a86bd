"""What happened: facts only, as the shops, the ledger and the clock have them. Times are seconds since the epoch."""

from __future__ import annotations

from dataclasses import dataclass, field

#: Some shops' clocks count whole seconds, and a commit's time is taken a moment before it is there.
ROUGH_S = 1.1


@dataclass(frozen=True, slots=True)
class Commit:
    """The ledger's level of a SKU after one movement: on hand and held over the pool."""

    t: float
    sku: str
    delta: int
    held_delta: int
    on_hand: int
    held: int

    @property
    def free(self) -> int:
        return self.on_hand - self.held


@dataclass(frozen=True, slots=True)
class Write:
    """A stock number that took effect in a shop. ``by``: api, late (landed after its time-out), order, person."""

    t: float
    account: str
    sku: str
    value: int
    by: str


@dataclass(frozen=True, slots=True)
class Order:
    """Pieces of one SKU that were bought in a shop.

    ``held``: pieces that the order still wants (0 once it is called off). ``heard_t``: when the webhook that was
    accepted knocked, if one was.
    """

    t: float
    account: str
    remote_id: str
    sku: str
    quantity: int
    held: int
    heard_t: float | None = None


@dataclass(frozen=True, slots=True)
class GivenBack:
    """A shop raised its own number, because an order there was called off; nobody else did that."""

    t: float
    account: str
    sku: str
    heard_t: float | None = None


@dataclass(frozen=True, slots=True)
class Down:
    """A span in which the daemon was dead, or (with ``account``) that shop struck its calls with faults."""

    since: float
    until: float
    account: str | None = None


@dataclass(slots=True)
class History:
    """Everything that the checker gets.

    ``poll_s``: how often orders are asked for; ``call_s``: the longest a call took; ``rough_s``: how far clocks are
    trusted. ``levels`` is what the database's levels say at the end, ``counted`` what it counted of each order by
    (account, remote id, sku), ``shown`` what the shops show at the end by (account, sku), ``flagged`` when an oversell
    of a SKU was first put on the desk. ``keeps_number``: the
    accounts whose shop does not lower its own number as soon as it sells.
    """

    poll_s: float
    call_s: float
    rough_s: float = ROUGH_S
    stock: dict[str, int] = field(default_factory=dict)
    commits: list[Commit] = field(default_factory=list)
    writes: list[Write] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    given_back: list[GivenBack] = field(default_factory=list)
    downs: list[Down] = field(default_factory=list)
    kills: list[float] = field(default_factory=list)
    levels: dict[str, tuple[int, int]] = field(default_factory=dict)
    counted: dict[tuple[str, str, str], int] = field(default_factory=dict)
    shown: dict[tuple[str, str], int] = field(default_factory=dict)
    flagged: dict[str, float] = field(default_factory=dict)
    one_at_a_time: frozenset[str] = frozenset()
    keeps_number: frozenset[str] = frozenset()
