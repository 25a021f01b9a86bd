"""Stock rules without I/O: why a movement happened, and how much one channel account may show."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

STOCK_MAX = 1_000_000


class Reason(StrEnum):
    """Why stock changed."""

    COUNT = "count"
    RECEIVED = "received"
    MADE = "made"
    DAMAGED = "damaged"
    SOLD = "sold"
    RETURNED = "returned"
    MOVED = "moved"
    OPENING = "opening"
    IMPORT = "import"
    TAKEN_IN = "taken_in"
    ORDERED = "ordered"


@dataclass(frozen=True, slots=True)
class Allocation:
    """How much of the free stock a channel account shows: free minus ``buffer``, at most ``cap``.

    "5 with buffer 2 shows 3". A variant that exists once is never hidden by a buffer: it shows 1 or 0.
    ``cap`` ``None`` means no cap.
    """

    buffer: int = 0
    cap: int | None = None

    def shown(self, available: int, *, single_piece: bool) -> int:
        """Return the pieces to show for ``available`` free pieces; never below 0."""
        if single_piece:
            return 1 if available >= 1 else 0
        # A buffer must not hide the very last stock of a small maker who only ever has that one piece,
        # but it may keep back pieces of a larger stock.
        shown = max(available - self.buffer, 0)
        return shown if self.cap is None else min(shown, self.cap)
