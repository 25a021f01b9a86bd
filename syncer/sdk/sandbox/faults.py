"""Faults that a test orders: what goes wrong, for which calls, how often."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from syncer.sdk.sandbox.exchange import Operation

OUTCOMES = frozenset({"answer_lost", "late_write", "error_before", "error_after", "rate_limited", "token_revoked"})
"""Faults that decide how a call ends. At most one of them strikes a call."""

MODIFIERS = frozenset({"latency", "stale_read", "search_lag", "partial"})
"""Faults that change a call on its way. Several can strike one call."""

WEBHOOKS = frozenset({"webhook_lost", "webhook_twice", "webhook_late", "out_of_order"})
"""Faults that strike webhooks on their way out, never calls. `operation` is matched with the webhook's name."""

KINDS = OUTCOMES | MODIFIERS | WEBHOOKS

_DEFAULT_MS = {"latency": 200, "late_write": 500, "stale_read": 1000, "search_lag": 2000, "webhook_late": 1000}


class BadFaultError(ValueError):
    """The order for a fault is not understood; the text says why."""


@dataclass(slots=True)
class Fault:
    """One ordered fault.

    `operation` and `path` match when they are equal to, or part of, the call's; None matches every call.
    `times` is how many calls are still to be struck, None for all until deleted. `probability` is 0 to 1
    and drawn from a generator seeded with `seed`. `ms` means: how long (`latency`), how much later the
    write lands (`late_write`), how old the answer is (`stale_read`), how young an item must be to stay
    hidden (`search_lag`), how late the webhook is (`webhook_late`), what `Retry-After` says where the platform
    sends it (`rate_limited`; 0 leaves the platform's own). `hold_ms` keeps a doomed connection
    open for so long before it is closed.
    `status` and `shape` (`html` or `json`) form the answer of `error_before` and `error_after`.
    """

    id: int
    kind: str
    operation: str | None = None
    path: str | None = None
    times: int | None = None
    probability: float = 1.0
    ms: int = 0
    hold_ms: int = 0
    status: int = 502
    shape: str = "html"
    struck: int = 0
    rng: random.Random = field(default_factory=random.Random, repr=False)

    def fits(self, operation: Operation, path: str) -> bool:
        """Whether this fault is meant for such a call, and can mean anything for it."""
        if self.kind in WEBHOOKS or (self.times is not None and self.times <= 0):
            return False
        if self.operation is not None and self.operation not in operation.name:
            return False
        if self.path is not None and self.path not in path:
            return False
        possible = {
            "late_write": operation.writes,
            "stale_read": not operation.writes,
            "search_lag": operation.lists,
            "partial": operation.batch,
        }
        return possible.get(self.kind, True)

    def fits_webhook(self, name: str) -> bool:
        """Whether this fault is meant for a webhook of that name."""
        wanted = self.kind in WEBHOOKS and (self.operation is None or self.operation in name)
        return wanted and (self.times is None or self.times > 0)

    def strikes(self) -> bool:
        """Draw, and use up one of `times` if it strikes."""
        if self.probability < 1.0 and self.rng.random() >= self.probability:
            return False
        if self.times is not None:
            self.times -= 1
        self.struck += 1
        return True

    def as_json(self) -> dict[str, Any]:
        """The fault as the control API shows it."""
        return {
            "id": self.id,
            "fault": self.kind,
            "operation": self.operation,
            "path": self.path,
            "times": self.times,
            "probability": self.probability,
            "ms": self.ms,
            "struck": self.struck,
        }


def _number(order: Mapping[str, Any], name: str, default: float | None) -> float | None:
    value = order.get(name, default)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0:
        raise BadFaultError(f"{name} must be a number of at least 0")
    return value


def _text(order: Mapping[str, Any], name: str) -> str | None:
    value = order.get(name)
    if value is not None and (not isinstance(value, str) or not value):
        raise BadFaultError(f"{name} must be a text")
    return value


class FaultQueue:
    """The faults now ordered, oldest first."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._next = 1

    def add(self, order: Mapping[str, Any]) -> Fault:
        """Queue one fault.

        Raises:
            BadFaultError: unknown kind, or a value out of range.
        """
        kind = order.get("fault")
        if kind not in KINDS:
            raise BadFaultError(f"fault must be one of: {', '.join(sorted(KINDS))}")
        unknown = set(order) - {
            *("fault", "operation", "path", "times", "probability", "ms", "seed", "hold_ms", "status", "shape")
        }
        if unknown:
            raise BadFaultError(f"unknown: {', '.join(sorted(unknown))}")
        probability = _number(order, "probability", 1.0)
        if probability is None or probability > 1:
            raise BadFaultError("probability must be between 0 and 1")
        times = _number(order, "times", None)
        fault = Fault(
            id=self._next,
            kind=kind,
            operation=_text(order, "operation"),
            path=_text(order, "path"),
            times=None if times is None else int(times),
            probability=float(probability),
            ms=int(_number(order, "ms", _DEFAULT_MS.get(kind, 0)) or 0),
            hold_ms=int(_number(order, "hold_ms", 0) or 0),
            status=int(_number(order, "status", 502) or 502),
            shape=_text(order, "shape") or "html",
        )
        if order.get("seed") is not None:
            fault.rng.seed(str(order["seed"]))
        self._next += 1
        self._faults.append(fault)
        return fault

    def take(self, operation: Operation, path: str) -> list[Fault]:
        """The faults that strike this call; each is used up by one. Later outcomes than the first wait."""
        struck: list[Fault] = []
        ended = False
        for fault in self._faults:
            if not fault.fits(operation, path) or (ended and fault.kind in OUTCOMES):
                continue
            if fault.strikes():
                struck.append(fault)
                ended = ended or fault.kind in OUTCOMES
        return struck

    def take_webhook(self, name: str) -> list[Fault]:
        """The faults that strike a webhook of that name; each is used up by one."""
        return [fault for fault in self._faults if fault.fits_webhook(name) and fault.strikes()]

    def all(self) -> list[dict[str, Any]]:
        """Every ordered fault, also those used up."""
        return [fault.as_json() for fault in self._faults]

    def clear(self, fault_id: int | None = None) -> int:
        """Delete one fault, or all. Returns how many were deleted."""
        before = len(self._faults)
        self._faults = [] if fault_id is None else [f for f in self._faults if f.id != fault_id]
        return before - len(self._faults)
