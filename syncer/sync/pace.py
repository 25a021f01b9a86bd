"""Budgets: spent before the call, corrected by the server's answers, with a share that content can't spend.

A pacer belongs to one budget group (all accounts whose platform counts them together). It starts empty, because
nobody knows what was spent just before a crash. Daily quotas are read from and written to the database.
"""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from syncer.sdk.contract import Budget, BudgetKind
from syncer.store.marks import Lane

#: Times jitter on their way: a window is taken a little longer than declared.
_MARGIN = 1.02
#: The pause after a refusal doubles with each refusal in a row, up to this: a stop must not wait for long.
LONGEST_PAUSE_S = 30.0


@dataclass
class _Meter:
    """The state of one budget."""

    budget: Budget
    tokens: float = 0.0
    filled_at: float = 0.0
    sent: deque[float] = field(default_factory=deque)
    day: dt.date | None = None
    used_today: int = 0
    paused_until: float = 0.0
    pause_s: float = 1.0


class Pacer:
    """Hands out the calls of a budget group. Safe to use from several threads.

    ``load_used`` and ``save_used`` keep daily quotas (key, day, used) over restarts.
    """

    def __init__(
        self,
        budgets: Sequence[Budget],
        *,
        load_used: Callable[[str, dt.date], int] | None = None,
        save_used: Callable[[str, dt.date, int], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
        today: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
        first_pause_s: float = 1.0,
    ) -> None:
        self._lock = threading.Lock()
        self._clock = clock
        self._today = today
        self._first_pause_s = first_pause_s
        self._load_used, self._save_used = load_used, save_used
        self._meters: dict[tuple[str, str], _Meter] = {}
        self.add(budgets)

    def add(self, budgets: Sequence[Budget]) -> None:
        """Take in the budgets of one more account; the same key and name is the same budget."""
        with self._lock:
            for budget in budgets:
                self._meters.setdefault(
                    (budget.key, budget.name),
                    _Meter(budget, filled_at=self._clock(), pause_s=self._first_pause_s),
                )

    def spend(self, operation: str, lane: Lane, *, paid: bool = False) -> float:
        """Spend one call of ``operation`` and return 0, or return the seconds to wait before asking again.

        ``operation`` "" asks for the budgets that count every call; ``paid`` says that this was done for it
        already, so that only budgets of single operations are spent.
        """
        with self._lock:
            now = self._clock()
            meters = [
                meter
                for meter in self._meters.values()
                if self._covers(meter.budget, operation) and not (paid and not meter.budget.calls)
            ]
            wait = max((self._wait(meter, now, lane) for meter in meters), default=0.0)
            if wait > 0:
                return wait
            for meter in meters:
                self._take(meter, now)
            return 0.0

    def give_back(self) -> None:
        """Return one call that was spent for all calls ("") and then not made."""
        with self._lock:
            for meter in self._meters.values():
                if not meter.budget.calls:
                    meter.tokens += 1
                    if meter.sent:
                        meter.sent.pop()
                    meter.used_today = max(meter.used_today - 1, 0)

    def refused(self, budget_name: str | None, after_s: float | None) -> float:
        """The server refused for its rate: pause (longer each time in a row) and return the pause in seconds.

        ``after_s`` is what the server asked for. Refusals that come while it is paused already, of calls that were
        under way, are the same refusal.
        """
        with self._lock:
            now, longest = self._clock(), 0.0
            for meter in self._meters.values():
                if budget_name is not None and meter.budget.name != budget_name:
                    continue
                if meter.paused_until <= now:
                    pause = max(after_s or 0.0, meter.pause_s)
                    meter.pause_s = min(meter.pause_s * 2, LONGEST_PAUSE_S)
                    meter.paused_until = now + pause
                elif after_s is not None:
                    meter.paused_until = max(meter.paused_until, now + after_s)
                meter.tokens = 0.0
                longest = max(longest, meter.paused_until - now)
            return longest

    def accepted(self) -> None:
        """The server took a call: the next refusal starts with a short pause again."""
        with self._lock:
            for meter in self._meters.values():
                meter.pause_s = self._first_pause_s

    def use(self) -> list[Mapping[str, object]]:
        """Return per budget its name, key, limit, window and what is free now, for ``syncer status``."""
        with self._lock:
            now = self._clock()
            return [
                {
                    "name": meter.budget.name,
                    "key": meter.budget.key,
                    "limit": meter.budget.limit,
                    "per_seconds": meter.budget.per_seconds,
                    "free": self._free(meter, now),
                    "paused_s": round(max(meter.paused_until - now, 0.0), 1),
                }
                for meter in self._meters.values()
            ]

    @staticmethod
    def _covers(budget: Budget, operation: str) -> bool:
        return budget.covers(operation) if operation else not budget.calls

    def _wait(self, meter: _Meter, now: float, lane: Lane) -> float:
        if meter.paused_until > now:
            return meter.paused_until - now
        budget = meter.budget
        reserve = 0.0 if lane <= Lane.FALL else _reserve(budget)
        if budget.kind is BudgetKind.TOKEN:
            self._refill(meter, now)
            missing = 1 + reserve - meter.tokens
            return max(missing * budget.per_seconds * _MARGIN / budget.limit, 0.0)
        if budget.kind is BudgetKind.DAILY:
            self._new_day(meter)
            left = budget.limit - reserve - meter.used_today
            return 0.0 if left >= 1 else self._until_midnight(budget)
        window = budget.per_seconds * _MARGIN
        while meter.sent and meter.sent[0] <= now - window:
            meter.sent.popleft()
        allowed = max(int(budget.limit - reserve), 1)
        if len(meter.sent) < allowed:
            return 0.0
        return max(meter.sent[len(meter.sent) - allowed] + window - now, 0.0)

    def _take(self, meter: _Meter, now: float) -> None:
        kind = meter.budget.kind
        if kind is BudgetKind.TOKEN:
            meter.tokens -= 1
        elif kind is BudgetKind.DAILY:
            meter.used_today += 1
            if self._save_used and meter.day:
                self._save_used(meter.budget.key + "/" + meter.budget.name, meter.day, meter.used_today)
        else:
            meter.sent.append(now)

    def _refill(self, meter: _Meter, now: float) -> None:
        budget = meter.budget
        gained = (now - meter.filled_at) * budget.limit / (budget.per_seconds * _MARGIN)
        meter.tokens = min(meter.tokens + gained, max(float(budget.limit), 1.0))
        meter.filled_at = now

    def _new_day(self, meter: _Meter) -> None:
        day = (self._today() + dt.timedelta(hours=meter.budget.utc_offset_h)).date()
        if meter.day != day:
            meter.day = day
            name = meter.budget.key + "/" + meter.budget.name
            meter.used_today = self._load_used(name, day) if self._load_used else 0

    def _until_midnight(self, budget: Budget) -> float:
        local = self._today() + dt.timedelta(hours=budget.utc_offset_h)
        midnight = dt.datetime.combine(local.date() + dt.timedelta(days=1), dt.time(), dt.UTC)
        return (midnight - local).total_seconds() + 1.0

    def _free(self, meter: _Meter, now: float) -> int:
        kind = meter.budget.kind
        if kind is BudgetKind.TOKEN:
            self._refill(meter, now)
            return max(int(meter.tokens), 0)
        if kind is BudgetKind.DAILY:
            self._new_day(meter)
            return max(meter.budget.limit - meter.used_today, 0)
        return max(meter.budget.limit - sum(1 for at in meter.sent if at > now - meter.budget.per_seconds), 0)


def _reserve(budget: Budget) -> float:
    """Return how many calls of the budget are kept for falling stock."""
    if budget.kind is BudgetKind.TOKEN and budget.limit <= 2:
        return 0.0
    return min(max(budget.limit * budget.urgent_share, 1.0), budget.limit - 1.0) if budget.limit > 1 else 0.0
