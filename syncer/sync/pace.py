"""Budgets: spent right before the call, corrected by the server's answers, with a share that content can't spend.

A pacer belongs to one budget group (all accounts whose platform counts them together). It starts empty, because
nobody knows what was spent just before a crash. Daily quotas are read from and written to the database.

A worker first asks for a place (:meth:`Pacer.hold`), so that it computes and claims only what can be sent; the
budget is spent when the call goes out (:meth:`Pacer.spend`), so that what the platform counts is what we count.
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

#: Calls may arrive closer together than they were sent, by so many seconds: a part of each budget is left for that.
_JITTER_S = 0.15
#: Clocks differ a little, too.
_MARGIN = 1.02
#: The pause after a refusal doubles with each refusal in a row, up to this: a stop must not wait for long.
LONGEST_PAUSE_S = 30.0
#: For how long after an urgent call was told to wait the others stand back.
_STAND_BACK_S = 0.1
_SAVED_AHEAD = 20
_NOTHING = 1e-9


@dataclass
class _Meter:
    """The state of one budget."""

    budget: Budget
    tokens: float = 0.0
    filled_at: float = 0.0
    sent: deque[float] = field(default_factory=deque)
    day: dt.date | None = None
    used_today: int = 0
    saved: int = 0
    urgent_until: float = 0.0
    paused_until: float = 0.0
    pause_s: float = 1.0

    @property
    def room(self) -> float:
        """How many calls may go out at once. A bucket refills while they are on their way: a part is left for that."""
        budget = self.budget
        if budget.kind is not BudgetKind.TOKEN:
            return float(budget.limit)
        return max(budget.limit * (1 - _JITTER_S / max(budget.per_seconds, _JITTER_S)), 1.0)

    @property
    def token_s(self) -> float:
        """Seconds until a token comes back."""
        budget = self.budget
        alone = _JITTER_S if self.room <= 1.0 else 0.0
        return budget.per_seconds * _MARGIN / budget.limit + alone

    @property
    def reserve(self) -> float:
        """How many calls of the budget are kept for falling stock."""
        budget = self.budget
        if budget.limit <= 1 or (budget.kind is BudgetKind.TOKEN and budget.limit <= 2):
            return 0.0
        return min(max(budget.limit * budget.urgent_share, 1.0), self.room - 1.0)


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
        self._held = 0
        self.add(budgets)

    def add(self, budgets: Sequence[Budget]) -> None:
        """Take in the budgets of one more account; the same key and name is the same budget."""
        with self._lock:
            now = self._clock()
            for budget in budgets:
                meter = _Meter(budget, filled_at=now, pause_s=self._first_pause_s)
                if budget.kind in (BudgetKind.FIXED, BudgetKind.SLIDING):
                    meter.sent.extend([now] * budget.limit)
                self._meters.setdefault((budget.key, budget.name), meter)

    def hold(self, lane: Lane) -> float:
        """Keep a place for a call of this lane and return 0, or return the seconds to wait before asking again."""
        with self._lock:
            now = self._clock()
            meters = [meter for meter in self._meters.values() if not meter.budget.calls]
            wait = max((self._wait(meter, now, lane, self._held) for meter in meters), default=0.0)
            if wait <= 0:
                self._held += 1
            return wait

    def release(self) -> None:
        """Give back a place that is not needed."""
        with self._lock:
            self._held = max(self._held - 1, 0)

    def spend(self, operation: str, lane: Lane, *, held: bool = False) -> float:
        """Spend one call of ``operation`` and return 0, or return the seconds to wait before asking again.

        ``held`` says that a place was kept for it; once spent, the place is gone.
        """
        with self._lock:
            now = self._clock()
            meters = [meter for meter in self._meters.values() if meter.budget.covers(operation)]
            waits = [
                self._wait(meter, now, Lane.STOP, 0)
                if held and not meter.budget.calls
                else self._wait(meter, now, lane, 0 if meter.budget.calls else self._held)
                for meter in meters
            ]
            if any(wait > 0 for wait in waits):
                return max(waits)
            for meter in meters:
                self._take(meter, now)
            if held:
                self._held = max(self._held - 1, 0)
            return 0.0

    def refused(self, budget_name: str | None, after_s: float | None) -> float:
        """The server refused for its rate: pause, and return the pause in seconds.

        It grows with each refusal after a pause; calls that were under way together count as one.
        """
        with self._lock:
            now, longest = self._clock(), 0.0
            for meter in self._meters.values():
                if budget_name is not None and meter.budget.name != budget_name:
                    continue
                if meter.paused_until <= now:
                    meter.paused_until = now + meter.pause_s
                    meter.pause_s = min(meter.pause_s * 2, LONGEST_PAUSE_S)
                meter.paused_until = max(meter.paused_until, now + (after_s or 0.0))
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

    def _wait(self, meter: _Meter, now: float, lane: Lane, others: int) -> float:
        """Return how long a call of this lane waits for one budget, with ``others`` places kept already."""
        wait = self._wait_alone(meter, now, lane, others)
        if lane > Lane.FALL:
            return max(wait, meter.urgent_until - now)
        if wait > 0:
            meter.urgent_until = now + wait + _STAND_BACK_S
        return wait

    def _wait_alone(self, meter: _Meter, now: float, lane: Lane, others: int) -> float:
        if meter.paused_until > now:
            return meter.paused_until - now
        budget = meter.budget
        needed = 1 + others + (0.0 if lane <= Lane.FALL else meter.reserve)
        if budget.kind is BudgetKind.TOKEN:
            self._refill(meter, now)
            missing = needed - meter.tokens
            if missing <= _NOTHING:
                return 0.0
            # More than there is room for: places that were kept have to be used first.
            return (missing if needed <= meter.room else 1.0) * meter.token_s
        if budget.kind is BudgetKind.DAILY:
            self._new_day(meter)
            return 0.0 if budget.limit - meter.used_today >= needed else self._until_midnight(budget)
        return self._window_wait(meter, now, needed)

    def _window_wait(self, meter: _Meter, now: float, needed: float) -> float:
        window = meter.budget.per_seconds * _MARGIN + _JITTER_S
        while meter.sent and meter.sent[0] <= now - window:
            meter.sent.popleft()
        allowed = max(int(meter.room - needed) + 1, 1)
        if len(meter.sent) < allowed:
            return 0.0
        return max(meter.sent[len(meter.sent) - allowed] + window - now, 0.0)

    def _take(self, meter: _Meter, now: float) -> None:
        kind = meter.budget.kind
        if kind is BudgetKind.TOKEN:
            meter.tokens -= 1
        elif kind is BudgetKind.DAILY:
            meter.used_today += 1
            self._save(meter)
        else:
            meter.sent.append(now)

    def _save(self, meter: _Meter) -> None:
        """Write down what a day has used, some calls ahead: after a crash too few are left, never too many."""
        if self._save_used and meter.day and meter.used_today > meter.saved:
            meter.saved = meter.used_today + min(_SAVED_AHEAD, meter.budget.limit // 100)
            self._save_used(meter.budget.key + "/" + meter.budget.name, meter.day, meter.saved)

    def _refill(self, meter: _Meter, now: float) -> None:
        meter.tokens = min(meter.tokens + (now - meter.filled_at) / meter.token_s, meter.room)
        meter.filled_at = now

    def _new_day(self, meter: _Meter) -> None:
        day = (self._today() + dt.timedelta(hours=meter.budget.utc_offset_h)).date()
        if meter.day != day:
            meter.day = day
            name = meter.budget.key + "/" + meter.budget.name
            meter.used_today = meter.saved = self._load_used(name, day) if self._load_used else 0

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
