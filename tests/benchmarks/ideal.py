"""What could be reached at best: the same limits and latency, and no cost of computing at all."""

from __future__ import annotations

import heapq
from collections.abc import Sequence

from tests.benchmarks.changes import Change, Write


def simulate(
    changes: Sequence[Change], accounts: int, *, latency_s: float, calls_per_s: float, offers: int, group: int | None
) -> list[Write]:
    """Return the writes of an ideal scheduler: the oldest change first, as soon as the bucket has a call.

    ``group``: variants of one listing a call, so many variants a listing; ``None``: any variants in one call.
    """
    writes: list[Write] = []
    for account in range(accounts):
        writes += _one(changes, account, latency_s, calls_per_s, offers, group)
    return sorted(writes, key=lambda one: one.at)


def _one(
    changes: Sequence[Change], account: int, latency_s: float, calls_per_s: float, offers: int, group: int | None
) -> list[Write]:
    since: dict[int, dict[int, int]] = {}
    queue: list[tuple[float, int]] = []
    writes: list[Write] = []
    tokens, filled, now, at = calls_per_s, changes[0].at, changes[0].at, 0
    while at < len(changes) or queue:
        if not queue:
            now = max(now, changes[at].at)
        while at < len(changes) and changes[at].at <= now:
            change = changes[at]
            key = change.variant // group if group else change.variant
            if key not in since:
                heapq.heappush(queue, (change.at, key))
            since.setdefault(key, {})[change.variant] = change.stock
            at += 1
        tokens, filled = min(tokens + (now - filled) * calls_per_s, calls_per_s), now
        if tokens < 1 - 1e-9:
            now += (1 - tokens) / calls_per_s
            continue
        items: list[tuple[int, int]] = []
        while queue and len(items) < offers and not (group and items):
            items += since.pop(heapq.heappop(queue)[1]).items()
        if items:
            tokens -= 1
            writes.append(Write(now + latency_s, account, items))
    return writes
