"""The changes of a burst, and what became of them there."""

from __future__ import annotations

import bisect
import itertools
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

STOCK = 100_000


def zipf(count: int, variants: int, seed: int = 7) -> list[int]:
    """Return ``count`` variant numbers, skewed as sales are: the n-th most wanted sells 1/n as often as the first."""
    chance = random.Random(seed)
    order = list(range(variants))
    chance.shuffle(order)
    heavy = list(itertools.accumulate(1 / (n + 1) for n in range(variants)))
    return [order[bisect.bisect_left(heavy, chance.random() * heavy[-1])] for _ in range(count)]


@dataclass(frozen=True, slots=True)
class Change:
    """One commit: when, which variant, and its stock from then on. Each takes one piece, so a number is a version."""

    at: float
    variant: int
    stock: int


@dataclass(frozen=True, slots=True)
class Write:
    """What became visible there: when, on which account, and the numbers by variant."""

    at: float
    account: int
    items: Sequence[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Seen:
    """What a burst came to. ``final_s``: from the last commit to everything final; freshness in seconds."""

    final_s: float
    p50_s: float
    p99_s: float
    calls: int
    regressions: int


def writes_of(report: dict[str, Any], accounts: Sequence[str]) -> list[Write]:
    """Return the writes of the platform's report, in the order in which they became visible."""
    numbers = {name: n for n, name in enumerate(accounts)}
    found = []
    for call in report["calls"]:
        name = call["path"].split("/")[1]
        items = [(int(sku[1:]), int(stock)) for sku, stock in call["items"]]
        found.append(Write(call["there"], numbers[name], items))
    return sorted(found, key=lambda one: one.at)


def judge(changes: Sequence[Change], writes: Sequence[Write], accounts: int) -> Seen:
    """Compare what was committed with what was seen there. Raises ``ValueError`` if a change never arrived."""
    shown: dict[tuple[int, int], list[tuple[int, float]]] = {}
    regressions = 0
    for write in writes:
        for variant, stock in write.items:
            past = shown.setdefault((write.account, variant), [])
            version = STOCK - stock
            if past and version < past[-1][0]:
                regressions += 1
            elif not past or version > past[-1][0]:
                past.append((version, write.at))
    ages, last = [], 0.0
    for change in changes:
        for account in range(accounts):
            past = shown.get((account, change.variant), [])
            place = bisect.bisect_left(past, STOCK - change.stock, key=lambda one: one[0])
            if place == len(past):
                raise ValueError(f"variant {change.variant} never became {change.stock} on account {account}")
            ages.append(max(past[place][1] - change.at, 0.0))
            last = max(last, past[place][1])
    ages.sort()
    end = max(change.at for change in changes)
    return Seen(last - end, ages[len(ages) // 2], ages[int(len(ages) * 0.99)], len(writes), regressions)
