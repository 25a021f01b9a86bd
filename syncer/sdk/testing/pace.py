"""A gate that keeps exactly the budgets that a connector declares, on a clock that tests can push forward."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from syncer.sdk.contract import Budget, BudgetKind

#: Against rounding of times; jitter needs none, because a call counts from the moment of its answer.
_MARGIN = 1.01


@dataclass(frozen=True, slots=True)
class Sent:
    """One call that passed the gate: its operation, and its answer's status (0: none)."""

    operation: str
    status: int | None = None


class PacedGate:
    """Lets a call pass when every declared budget that covers it has room; waits (on the pushed clock) until then.

    It is for one thread: calls pass one after another.
    ``now`` is the platform's time in seconds, ``wait`` pushes it forward. All that passed stands in ``sent``.
    """

    def __init__(self, now: Callable[[], float], wait: Callable[[float], None]) -> None:
        self.budgets: Sequence[Budget] = ()
        self.sent: list[Sent] = []
        self._now = now
        self._wait = wait
        self._times: dict[tuple[str, str], deque[float]] = {}

    def before(self, operation: str) -> None:
        """Wait until ``operation`` may be sent."""
        while (pause := self._pause(operation)) > 0:
            self._wait(pause)
        self.sent.append(Sent(operation))

    def after(self, operation: str, status: int, headers: Mapping[str, str]) -> None:
        """Count the call: the platform had it by now, so a window that starts here is never too short."""
        now = self._now()
        self.sent[-1] = Sent(operation, status)
        for budget in self.budgets:
            if budget.covers(operation):
                self._times.setdefault((budget.key, budget.name), deque()).append(now)

    def _pause(self, operation: str) -> float:
        now = self._now()
        return max((self._room(budget, now) for budget in self.budgets if budget.covers(operation)), default=0.0)

    def _room(self, budget: Budget, now: float) -> float:
        """Return the seconds until one more call fits into ``budget``.

        Every kind is kept as if the platform looked back over a whole window: that is never more than it allows.
        """
        span = (86_400.0 if budget.kind is BudgetKind.DAILY else budget.per_seconds) * _MARGIN
        times = self._times.setdefault((budget.key, budget.name), deque())
        while times and times[0] <= now - span:
            times.popleft()
        return times[-budget.limit] + span - now if len(times) >= budget.limit else 0.0


def most_in_window(times: Sequence[float], seconds: float) -> int:
    """Return the largest number of ``times`` (sorted) within any window of ``seconds``."""
    most = start = 0
    for end, time in enumerate(times):
        while time - times[start] >= seconds:
            start += 1
        most = max(most, end - start + 1)
    return most
