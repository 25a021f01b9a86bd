"""What others would have sold too often to the same buyers: simulated, with nothing in their way but their design.

A shop lowers its own number at once when it sells. What the others show follows as soon as the rival has learned of
the sale and told them; a rival's computing costs nothing, no call fails, and no limit of a platform holds it up.
"""

from __future__ import annotations

import heapq
import itertools
import math
import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from tests.market.market import Attempt


@dataclass(frozen=True, slots=True)
class Day:
    """How the day goes: what one call takes, and what becomes of webhooks. Everything in seconds."""

    call_s: float
    poll_s: float
    lost: float
    late: float
    late_s: float
    factor: float


class Rival(Protocol):
    """Says when a sale is known, and when a shop shows the number that follows from it.

    ``by_task``: the number goes to the other shops as it was when it was decided, whatever came since.
    """

    by_task: bool

    def learns(self, at: float, webhook_at: float | None) -> float: ...

    def shows(self, account: str, decided: float) -> float: ...


@dataclass(slots=True)
class Ideal:
    """Knows a sale when its webhook came (else by the next poll) and was read, and needs one call to stop it."""

    day: Day
    by_task: bool = False

    def learns(self, at: float, webhook_at: float | None) -> float:
        polled = _next(at, self.day.poll_s)
        return min(webhook_at or math.inf, polled) + self.day.call_s

    def shows(self, account: str, decided: float) -> float:
        return decided + self.day.call_s


@dataclass(slots=True)
class Poller:
    """Asks for orders each quarter of an hour of the day, and sets every number anew."""

    day: Day
    by_task: bool = False

    def learns(self, at: float, webhook_at: float | None) -> float:
        return _next(at, 900 / self.day.factor) + self.day.call_s

    def shows(self, account: str, decided: float) -> float:
        return decided + self.day.call_s


@dataclass(slots=True)
class TaskQueue:
    """Puts one task for each change and shop into a queue, with the number as it was then; a worker for each shop.

    It hears webhooks, and asks for what it missed each quarter of an hour of the day.
    """

    day: Day
    by_task: bool = True
    _free_at: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    def learns(self, at: float, webhook_at: float | None) -> float:
        return (webhook_at or _next(at, 900 / self.day.factor)) + self.day.call_s

    def shows(self, account: str, decided: float) -> float:
        self._free_at[account] = max(self._free_at[account], decided) + self.day.call_s
        return self._free_at[account]


class Learned(NamedTuple):
    """A sale is known."""

    account: str
    sku: str
    quantity: int


class Told(NamedTuple):
    """A shop shows a number."""

    account: str
    sku: str
    number: int


def _next(at: float, every_s: float) -> float:
    return (math.floor(at / every_s) + 1) * every_s


def oversells(
    rival: Rival, day: Day, attempts: Iterable[Attempt], stock: Mapping[str, int], accounts: Sequence[str], seed: int
) -> int:
    """Return how many orders would have taken more than there was."""
    chance = random.Random(seed)
    shown = {(account, sku): number for sku, number in stock.items() for account in accounts}
    known, left = dict(stock), dict(stock)
    numbers = itertools.count()
    events: list[tuple[float, int, Attempt | Learned | Told]] = []
    for one in attempts:
        heapq.heappush(events, (one.t, next(numbers), one))
    found = 0
    while events:
        at, _, about = heapq.heappop(events)
        if isinstance(about, Attempt):
            if shown[about.account, about.sku] < about.quantity:
                continue
            shown[about.account, about.sku] -= about.quantity
            left[about.sku] -= about.quantity
            found += left[about.sku] < 0
            learned = rival.learns(at, _webhook_at(at, day, chance))
            heapq.heappush(events, (learned, next(numbers), Learned(about.account, about.sku, about.quantity)))
        elif isinstance(about, Learned):
            known[about.sku] -= about.quantity
            for account in accounts:
                if not rival.by_task or account != about.account:
                    told = Told(account, about.sku, max(known[about.sku], 0))
                    heapq.heappush(events, (rival.shows(account, at), next(numbers), told))
        else:
            # Without tasks a number follows what is known when it is sent, and never undoes what a shop just sold.
            lower = min(shown[about.account, about.sku], max(known[about.sku], 0))
            shown[about.account, about.sku] = about.number if rival.by_task else lower
    return found


def _webhook_at(at: float, day: Day, chance: random.Random) -> float | None:
    drawn = chance.random()
    if drawn < day.lost:
        return None
    return at + (day.late_s if drawn < day.lost + day.late else 0.0)
