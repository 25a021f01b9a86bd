"""Every accepted write to a title, a price or a stock number, in the order in which it took effect.

This is what a checker needs to prove that no older value ever overtook a newer one.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Write:
    """One accepted value. `by` is `api`, `late` (a write that landed after its time-out) or `person`."""

    n: int
    t: float
    account: str
    remote_id: str
    offer_id: str
    sku: str
    field: str
    value: Any
    by: str


class History:
    """Append-only list of writes; the numbers go on after a reset."""

    def __init__(self) -> None:
        self._writes: list[Write] = []
        self._next = 1

    @property
    def last(self) -> int:
        """Number of the newest write, 0 if there was none."""
        return self._next - 1

    def add(
        self,
        t: float,
        account: str,
        remote_id: str,
        field: str,
        value: Any,
        *,
        sku: str = "",
        offer_id: str = "",
        by: str = "api",
    ) -> None:
        """Note one accepted value."""
        self._writes.append(Write(self._next, t, account, remote_id, offer_id, sku, field, value, by))
        self._next += 1

    def after(self, n: int, remote_id: str | None = None) -> list[dict[str, Any]]:
        """Writes numbered above `n`, of one listing if `remote_id` is given."""
        return [
            asdict(write)
            for write in self._writes
            if write.n > n and (remote_id is None or write.remote_id == remote_id)
        ]

    def clear(self) -> None:
        """Forget all writes; numbering goes on."""
        self._writes.clear()
