"""The sandbox's clock, which tests move forward instead of waiting."""

from __future__ import annotations

import time


class Clock:
    """Wall clock plus an offset. It never goes back: a platform's clock does not either."""

    def __init__(self) -> None:
        self.offset_s = 0.0

    def now(self) -> float:
        """Unix seconds as the platform sees them."""
        return time.time() + self.offset_s

    def real(self) -> float:
        """Unix seconds of this machine, for checks of a caller's own clock (signature windows)."""
        return time.time()

    def advance(self, seconds: float) -> None:
        """Move forward by `seconds`.

        Raises:
            ValueError: `seconds` is negative.
        """
        if seconds < 0:
            raise ValueError("the clock moves forward only")
        self.offset_s += seconds
