"""Long lists in parts: a statement takes only so many values at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

#: Values in one statement: every database takes that many beside its other parameters.
AT_ONCE = 400
T = TypeVar("T")


def batches(items: Sequence[T], size: int = AT_ONCE) -> Iterator[Sequence[T]]:
    """Return ``items`` in parts of ``size``, in their order; the last part may be shorter, and none is empty."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
