"""Stops go first on the processor, too: while one is on its way, content waits a moment.

Lanes and budgets see to it that a stop is sent first. That doesn't help while dozens of threads compute content and
share one interpreter with the one thread that takes an order in. So whoever has something urgent in hand says so at
each step, and no account begins with other work meanwhile; what has begun goes on, since a listing under way can't be
stopped either. Each step is believed in for :data:`EXPECTED_S` only (a shop may be slow to answer), and nobody stands
aside for longer than :data:`MOST_WAIT_S` in a row, so that content moves on however much is sold.
"""

from __future__ import annotations

import time

from syncer.store.marks import Lane

#: From a webhook to its order, from an order to its stops: each step takes about so long, in seconds.
EXPECTED_S = 0.15
#: No account stands aside for longer than this in a row, in seconds.
MOST_WAIT_S = 0.25


def is_urgent(lane: Lane) -> bool:
    """Whether work of this lane goes first."""
    return lane <= Lane.FALL


class RightOfWay:
    """Who goes first in this process."""

    def __init__(self) -> None:
        self._until = 0.0

    @property
    def is_taken(self) -> bool:
        """Whether something urgent is on its way just now."""
        return time.monotonic() < self._until

    def take(self) -> None:
        """Say that something urgent is on its way."""
        self._until = time.monotonic() + EXPECTED_S


#: The one of this process: its threads share one interpreter, whichever account they work for.
RIGHT_OF_WAY = RightOfWay()
