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
#: Clocks differ a little, too, and so much later than allowed a call goes out.
_MARGIN, _LATER_S = 1.002, 0.002
#: In a window a place that comes free so soon is given away already: its call is made ready meanwhile.
_AHEAD_S = 0.025
#: So many answers show how long a call takes at least.
_ENOUGH_ANSWERS = 10
#: Where slots of a window come free so often (seconds), content spares none: a stop has the next one at once.
_SOON_S = 0.1
#: A limit that nobody knows: calls per second at first; growth per second until the first refusal, and after it; what
#: is left of the rate after the first refusal, after one soon after another, and after a later one; and the pause.
_FIRST_RATE, _FASTER, _SLOWLY = 10.0, 0.6, 0.005
_AFTER_FIRST, _AFTER_SOON, _AFTER_LATER, _SOON_AGAIN_S, _SHORT_PAUSE_S = 0.6, 0.85, 0.96, 2.0, 0.1
_HIGHEST_RATE = 1000.0
#: The pause after a refusal doubles with each refusal in a row, up to this: a stop must not wait for long.
LONGEST_PAUSE_S = 30.0
#: A call has ended by then, in seconds, whatever became of it.
LONGEST_CALL_S = 120.0
#: For how long after an urgent call was told to wait the others stand back.
_STAND_BACK_S = 0.1
_SAVED_AHEAD = 20
_NOTHING = 1e-9
_WINDOWS = (BudgetKind.FIXED, BudgetKind.SLIDING)
_UNKNOWN = "unknown"


@dataclass(slots=True)
class _Sent:
    """A call in a window: when it was sent, and how much longer than the quickest of its kind it took.

    The platform counted it ``late_s`` after the quickest way there, at most; ``None``: not answered yet.
    """

    at: float
    operation: str
    late_s: float | None = None

    def over(self, now: float) -> float:
        """Return the latest moment, on our clock of sending, at which it may have been counted."""
        return min(now, self.at + LONGEST_CALL_S) if self.late_s is None else self.at + self.late_s


@dataclass
class _Learned:
    """A limit that nobody has told us: found by going faster until the platform refuses, then a little below that.

    It grows only while work waits for it.
    """

    rate: float = _FIRST_RATE
    refused: bool = False
    refused_at: float = 0.0
    grown_at: float = 0.0
    wanted_at: float = 0.0

    def accepted(self, now: float) -> None:
        """Go a little faster."""
        since = min(now - self.grown_at, 1.0)
        self.grown_at = now
        if now - self.wanted_at < 1.0:
            self.rate = min(self.rate * (1 + (_SLOWLY if self.refused else _FASTER) * since), _HIGHEST_RATE)

    def slow_down(self, now: float) -> None:
        """A call was refused."""
        soon = _AFTER_SOON if now - self.refused_at < _SOON_AGAIN_S else _AFTER_LATER
        self.rate = max(self.rate * (soon if self.refused else _AFTER_FIRST), 0.1)
        self.refused, self.refused_at = True, now


@dataclass
class _Meter:
    """The state of one budget."""

    budget: Budget
    tokens: float = 0.0
    filled_at: float = 0.0
    sent: deque[_Sent] = field(default_factory=deque)
    quickest: dict[str, float] = field(default_factory=dict)
    answers: int = 0
    day: dt.date | None = None
    used_today: int = 0
    saved: int = 0
    urgent_until: float = 0.0
    paused_until: float = 0.0
    pause_s: float = 1.0
    learned: _Learned | None = None

    @property
    def room(self) -> float:
        """How many calls may go out at once. A bucket refills while they are on their way: a part is left for that."""
        budget = self.budget
        if self.learned is not None:
            return 1.0 + self.learned.rate * _JITTER_S
        if budget.kind is not BudgetKind.TOKEN:
            return float(budget.limit)
        return max(budget.limit * (1 - _JITTER_S / max(budget.per_seconds, _JITTER_S)), 1.0)

    @property
    def token_s(self) -> float:
        """Seconds until a token comes back."""
        budget = self.budget
        if self.learned is not None:
            return 1.0 / self.learned.rate
        alone = _JITTER_S if self.room <= 1.0 else 0.0
        return budget.per_seconds * _MARGIN / budget.limit + alone

    @property
    def reserve(self) -> float:
        """How many calls of the budget are kept for falling stock; none in a window that soon has another one."""
        budget = self.budget
        if self.learned is not None or budget.limit <= 1 or (budget.kind is BudgetKind.TOKEN and budget.limit <= 2):
            return 0.0
        if budget.kind in _WINDOWS and budget.per_seconds / budget.limit <= _SOON_S:
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
        learns: bool = False,
    ) -> None:
        self._lock = threading.Lock()
        self._clock = clock
        self._today = today
        self._first_pause_s = first_pause_s
        self._load_used, self._save_used = load_used, save_used
        self._meters: dict[tuple[str, str], _Meter] = {}
        self._held = 0
        self._learns = learns
        self._here = threading.local()
        self.add(budgets)

    def add(self, budgets: Sequence[Budget]) -> None:
        """Take in the budgets of one more account; the same key and name is the same budget.

        Where none counts every call, the limit isn't known: it is found out.
        """
        with self._lock:
            now = self._clock()
            for budget in budgets:
                meter = _Meter(budget, filled_at=now, pause_s=self._first_pause_s)
                if budget.kind in _WINDOWS:
                    meter.sent.extend(_Sent(now, "", 0.0) for _ in range(budget.limit))
                self._meters.setdefault((budget.key, budget.name), meter)
            known = any(not meter.budget.calls for meter in self._meters.values() if meter.learned is None)
            if known:
                self._meters.pop((_UNKNOWN, _UNKNOWN), None)
            elif (_UNKNOWN, _UNKNOWN) not in self._meters and self._learns:
                unknown = Budget(_UNKNOWN, _UNKNOWN, BudgetKind.TOKEN, int(_HIGHEST_RATE), 1.0)
                learned = _Learned(grown_at=now)
                self._meters[_UNKNOWN, _UNKNOWN] = _Meter(unknown, filled_at=now, learned=learned)

    def hold(self, lane: Lane) -> float:
        """Keep a place for a call of this lane and return 0, or return the seconds to wait before asking again."""
        with self._lock:
            now = self._clock()
            meters = [meter for meter in self._meters.values() if not meter.budget.calls]
            waits = [(self._wait(meter, now, lane, self._held), meter.budget.kind in _WINDOWS) for meter in meters]
            wait = max((one - _AHEAD_S if window else one for one, window in waits), default=0.0)
            if wait <= 0:
                self._held += 1
            return wait

    def places(self, lane: Lane) -> int:
        """Return how many more places of this lane there are just now."""
        with self._lock:
            now, most = self._clock(), 1000
            for meter in self._meters.values():
                if not meter.budget.calls and meter.budget.kind is not BudgetKind.DAILY:
                    kept = self._held + (0.0 if lane <= Lane.FALL else meter.reserve)
                    most = min(most, int(self._free(meter, now) - kept))
            return max(most, 0)

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
            self._here.sent = [sent for meter in meters if (sent := self._take(meter, now, operation)) is not None]
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
                    if meter.learned is not None:
                        meter.learned.slow_down(now)
                    meter.paused_until = now + meter.pause_s
                    meter.pause_s = min(meter.pause_s * 2, LONGEST_PAUSE_S)
                meter.paused_until = max(meter.paused_until, now + (after_s or 0.0))
                meter.tokens = 0.0
                longest = max(longest, meter.paused_until - now)
            return longest

    def accepted(self) -> None:
        """The server took a call: the next refusal starts with a short pause again."""
        with self._lock:
            now = self._clock()
            for meter in self._meters.values():
                meter.pause_s = self._first_pause_s
                if meter.learned is not None:
                    meter.pause_s = min(_SHORT_PAUSE_S, self._first_pause_s)
                    meter.learned.accepted(now)

    def going_out(self) -> None:
        """The bytes of this thread's call go out only now: what it waited for since isn't the platform's time."""
        for _, sent in getattr(self._here, "sent", ()):
            sent.at = self._clock()

    def sent(self) -> list[tuple[_Meter, _Sent]]:
        """Return this thread's last call, for :meth:`answered`; an empty list if that isn't of interest."""
        found: list[tuple[_Meter, _Sent]] = getattr(self._here, "sent", [])
        self._here.sent = []
        return found

    def answered(self, call: list[tuple[_Meter, _Sent]]) -> None:
        """A call has ended: how long it took says how late the platform may have counted it."""
        with self._lock:
            now = self._clock()
            for meter, sent in call:
                took = now - sent.at
                quickest = meter.quickest[sent.operation] = min(meter.quickest.get(sent.operation, took), took)
                meter.answers += 1
                sent.late_s = took - quickest
                if meter.answers < _ENOUGH_ANSWERS:
                    sent.late_s = max(sent.late_s, _JITTER_S)

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
            if meter.learned is not None:
                meter.learned.wanted_at = now
            # More than there is room for: places that were kept have to be used first.
            return (missing if needed <= meter.room else 1.0) * meter.token_s
        if budget.kind is BudgetKind.DAILY:
            self._new_day(meter)
            return 0.0 if budget.limit - meter.used_today >= needed else self._until_midnight(budget)
        return self._window_wait(meter, now, needed)

    def _window_wait(self, meter: _Meter, now: float, needed: float) -> float:
        window = meter.budget.per_seconds * _MARGIN + _LATER_S
        while meter.sent and meter.sent[0].over(now) <= now - window:
            meter.sent.popleft()
        allowed = max(int(meter.room - needed) + 1, 1)
        counted = sorted(over for sent in meter.sent if (over := sent.over(now)) > now - window)
        if len(counted) < allowed:
            return 0.0
        return max(counted[len(counted) - allowed] + window - now, 0.0)

    def _take(self, meter: _Meter, now: float, operation: str) -> tuple[_Meter, _Sent] | None:
        kind = meter.budget.kind
        if kind is BudgetKind.TOKEN:
            meter.tokens -= 1
        elif kind is BudgetKind.DAILY:
            meter.used_today += 1
            self._save(meter)
        else:
            sent = _Sent(now, operation)
            meter.sent.append(sent)
            return meter, sent
        return None

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
        return max(
            meter.budget.limit - sum(1 for sent in meter.sent if sent.over(now) > now - meter.budget.per_seconds), 0
        )
