"""The benchmarks still run: a tiny form of some, and what judges them. Nothing here is timed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.benchmarks import burst, call_cost, change_path
from tests.benchmarks.changes import STOCK, Change, judge, zipf
from tests.benchmarks.figures import Figure, table
from tests.benchmarks.house import PlatformClient, platform
from tests.benchmarks.ideal import simulate


@pytest.fixture
def there() -> Iterator[PlatformClient]:
    with platform() as running:
        yield running


def test_a_call_and_a_change(there: PlatformClient) -> None:
    figures = [*call_cost.call_cost(there, times=2, rounds=1), *change_path.change_path(there, times=2, rounds=1)]
    assert all(one.value > 0 for one in figures)
    assert "requests.post" in table(figures)


def test_a_tiny_burst_through_the_daemon_arrives(there: PlatformClient) -> None:
    figures = {one.what: one for one in burst.burst(there, count=20, seconds=0.5)}
    assert figures["regressions"].value == 0
    assert figures["refused calls"].value == 0


def test_the_ideal_sends_the_oldest_and_loses_nothing() -> None:
    numbers: dict[int, int] = {}
    changes = []
    for n, variant in enumerate(zipf(200, 20)):
        numbers[variant] = numbers.get(variant, STOCK) - 1
        changes.append(Change(100 + n / 100, variant, numbers[variant]))
    writes = simulate(changes, 2, latency_s=0.08, calls_per_s=10, offers=5, group=None)
    seen = judge(changes, writes, 2)
    assert seen.regressions == 0
    assert seen.p50_s >= 0.08
    assert seen.calls <= 2 * (10 + 10 * (2 + seen.final_s))


def test_a_change_that_never_arrives_is_noticed() -> None:
    with pytest.raises(ValueError, match="never"):
        judge([Change(1.0, 3, STOCK - 1)], [], 1)


def test_goals() -> None:
    assert Figure("s", "w", 1.2, 1.25).met
    assert not Figure("s", "w", 0.9, 0.99, at_least=True).met
    assert Figure("s", "w", 7.0).met is None
