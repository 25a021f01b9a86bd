"""Budgets: never more than the platform counts, and falling stock first."""

from __future__ import annotations

import datetime as dt
import heapq
import random
from typing import Any

import pytest

from syncer.sdk.contract import Budget, BudgetKind
from syncer.store.marks import Lane
from syncer.sync.pace import Pacer


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def budget(kind: BudgetKind = BudgetKind.TOKEN, limit: int = 10, per_seconds: float = 1.0, **more: object) -> Budget:
    return Budget("app", "k", kind, limit, per_seconds, **more)  # type: ignore[arg-type]


def arrivals(pacer: Pacer, clock: Clock, seconds: float, lane: Lane, chance: random.Random) -> list[float]:
    """Send as fast as allowed; each call arrives up to 0.15 s late, as on a busy machine, and is answered later."""
    found, end = [], clock.now + seconds
    answers: list[tuple[float, int, Any]] = []
    while clock.now < end:
        wait = pacer.spend("x", lane)
        if wait <= 0:
            found.append(clock.now + chance.uniform(0, 0.15))
            heapq.heappush(answers, (found[-1] + chance.uniform(0.05, 0.1), len(found), pacer.sent()))
            continue
        until = clock.now + wait + 1e-6
        if answers and answers[0][0] <= until:
            clock.now, _, call = heapq.heappop(answers)
            pacer.answered(call)
        else:
            clock.now = until
    return sorted(found)


def refused_by_bucket(found: list[float], limit: int) -> int:
    level, seen, refused = float(limit), found[0], 0
    for at in found:
        level, seen = min(level + (at - seen) * limit, limit), at
        if level < 1:
            refused += 1
        else:
            level -= 1
    return refused


def refused_by_window(found: list[float], limit: int, per_seconds: float) -> int:
    return sum(sum(1 for other in found[:n] if other > at - per_seconds) >= limit for n, at in enumerate(found))


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 10, 100])
def test_a_bucket_is_never_overdrawn_although_calls_bunch(limit: int) -> None:
    clock = Clock()
    pacer = Pacer([budget(limit=limit)], clock=clock)
    found = arrivals(pacer, clock, 60, Lane.STOP, random.Random(limit))
    assert refused_by_bucket(found, limit) == 0
    assert len(found) >= 60 * limit * 0.8, "and hardly anything is left unused"


@pytest.mark.parametrize("kind", [BudgetKind.FIXED, BudgetKind.SLIDING])
@pytest.mark.parametrize(("limit", "per_seconds"), [(5, 1.0), (60, 2.0), (100, 60.0)])
def test_a_window_is_never_overdrawn(kind: BudgetKind, limit: int, per_seconds: float) -> None:
    clock = Clock()
    pacer = Pacer([budget(kind, limit, per_seconds)], clock=clock)
    found = arrivals(pacer, clock, per_seconds * 20, Lane.STOP, random.Random(limit))
    assert refused_by_window(found, limit, per_seconds) == 0
    assert len(found) >= 20 * limit * 0.7


def test_a_pacer_starts_empty() -> None:
    for kind in (BudgetKind.TOKEN, BudgetKind.SLIDING):
        pacer = Pacer([budget(kind)], clock=Clock())
        assert pacer.spend("x", Lane.STOP) > 0


def test_content_leaves_a_share_for_stock_that_falls() -> None:
    clock = Clock()
    pacer = Pacer([budget(limit=10)], clock=clock)
    clock.now += 60
    while pacer.spend("x", Lane.CONTENT) == 0:
        pass
    assert pacer.spend("x", Lane.FALL) == 0


def test_stock_that_waits_comes_before_content_that_asks_later() -> None:
    clock = Clock()
    pacer = Pacer([budget(limit=1)], clock=clock)
    clock.now += 60
    assert pacer.spend("x", Lane.CONTENT) == 0
    wait = pacer.spend("x", Lane.STOP)
    assert wait > 0
    clock.now += wait
    assert pacer.spend("x", Lane.CONTENT) > 0, "it stands back"
    assert pacer.spend("x", Lane.STOP) == 0


def test_a_place_is_kept_and_given_back() -> None:
    clock = Clock()
    pacer = Pacer([budget(limit=4)], clock=clock)
    clock.now += 60
    assert pacer.hold(Lane.CONTENT) == 0
    assert pacer.hold(Lane.CONTENT) == 0
    assert pacer.hold(Lane.CONTENT) > 0
    assert pacer.spend("x", Lane.CONTENT, held=True) == 0
    assert pacer.spend("x", Lane.CONTENT, held=True) == 0
    clock.now += 60
    assert pacer.hold(Lane.CONTENT) == 0
    pacer.release()
    assert pacer.hold(Lane.CONTENT) == 0


def test_a_refusal_pauses_and_several_at_once_are_one() -> None:
    clock = Clock()
    pacer = Pacer([budget()], clock=clock, first_pause_s=1.0)
    clock.now += 60
    assert [pacer.refused(None, None) for _ in range(4)] == [1.0] * 4
    assert pacer.spend("x", Lane.STOP) == 1.0
    clock.now += 1.01
    assert pacer.refused(None, None) == 2.0, "the next one in a row is longer"
    clock.now += 2.01
    pacer.accepted()
    assert pacer.refused(None, 7.0) == 7.0, "or as long as the server says"


def test_budgets_of_single_operations_and_of_others() -> None:
    clock = Clock()
    stock = Budget("stock", "k", BudgetKind.TOKEN, 2, 1.0, calls=("product.update_*",))
    pacer = Pacer([budget(limit=100), stock], clock=clock)
    clock.now += 60
    assert pacer.spend("product.update_stock", Lane.STOP) == 0
    assert pacer.spend("product.update_stock", Lane.STOP) > 0
    assert pacer.spend("product.get", Lane.CONTENT) == 0


def test_a_day_is_kept_over_restarts_and_ends_at_its_own_midnight() -> None:
    kept: dict[tuple[str, dt.date], int] = {}
    clock, today = Clock(), [dt.datetime(2026, 5, 1, 15, 59, tzinfo=dt.UTC)]

    def pacer() -> Pacer:
        return Pacer(
            [budget(BudgetKind.DAILY, 100, 86_400.0, utc_offset_h=8.0, urgent_share=0.1)],
            load_used=lambda key, day: kept.get((key, day), 0),
            save_used=lambda key, day, used: kept.update({(key, day): used}),
            clock=clock,
            today=lambda: today[0],
        )

    first = pacer()
    sent = 0
    while first.spend("x", Lane.CONTENT) == 0:
        sent += 1
    assert sent == 90
    second = pacer()
    rest = 0
    while (wait := second.spend("x", Lane.STOP)) == 0:
        rest += 1
    assert sent + rest <= 100, "a restart never gives calls back"
    assert 55 <= wait <= 65, "midnight at UTC+8"
    today[0] += dt.timedelta(minutes=2)
    clock.now += 120
    assert second.spend("x", Lane.CONTENT) == 0


@pytest.mark.parametrize("kind", [BudgetKind.FIXED, BudgetKind.SLIDING])
def test_a_window_is_used_up_where_answers_come_evenly(kind: BudgetKind) -> None:
    clock, sent = Clock(), 0
    pacer = Pacer([budget(kind, 50)], clock=clock)
    answers: list[tuple[float, int, Any]] = []
    while clock.now < 130.0:
        wait = pacer.spend("x", Lane.CONTENT)
        if wait <= 0:
            sent += 1
            heapq.heappush(answers, (clock.now + 0.08, sent, pacer.sent()))
            continue
        until = clock.now + wait + 1e-6
        if answers and answers[0][0] <= until:
            clock.now, _, call = heapq.heappop(answers)
            pacer.answered(call)
        else:
            clock.now = until
    assert sent >= 29 * 50 * 0.98


def test_a_limit_that_nobody_knows_is_found_out() -> None:
    clock = Clock()
    pacer = Pacer([], clock=clock, learns=True)
    pacer.add([])
    level, seen, taken, refused = 50.0, clock.now, 0, 0
    while clock.now < 140.0:
        wait = pacer.spend("x", Lane.CONTENT)
        if wait > 0:
            clock.now += wait + 1e-6
            continue
        level, seen = min(level + (clock.now - seen) * 50, 50.0), clock.now
        if level < 1:
            refused += 1
            pacer.refused(None, None)
        else:
            level, taken = level - 1, taken + 1
            pacer.accepted()
    assert taken >= 40 * 50 * 0.95
    assert refused <= taken / 200
