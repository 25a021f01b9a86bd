"""A burst of sales: Zipf-skewed changes on six accounts, committed by another process than the daemon."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from tests.benchmarks import catalogue
from tests.benchmarks.changes import Change, Seen, judge, writes_of, zipf
from tests.benchmarks.connector import OFFERS_A_CALL
from tests.benchmarks.figures import Figure
from tests.benchmarks.house import House, PlatformClient, Talk, cpu_s, house, wait_for
from tests.benchmarks.ideal import simulate

ACCOUNTS, CALLS_PER_S, LATENCY_S = 6, 10, 0.08


def burst(platform: PlatformClient, *, count: int = 10_000, seconds: float = 10.0) -> list[Figure]:
    """50 offers of any listings a call, 500 listings."""
    return _burst("burst", platform, count, seconds, products=500, variants=1)


def burst_one(platform: PlatformClient, *, count: int = 10_000, seconds: float = 10.0) -> list[Figure]:
    """Offers of one listing a call, 100 listings of 5 variants."""
    return _burst("burst, a listing a call", platform, count, seconds, products=100, variants=5)


def _burst(
    name: str, platform: PlatformClient, count: int, seconds: float, *, products: int, variants: int
) -> list[Figure]:
    total = products * variants
    group = variants if variants > 1 else None
    order = {"changes": zipf(count, total), "every_s": seconds / count}
    names = [f"toko{n}" for n in range(ACCOUNTS)]
    floor, floor_cpu, _ = _other("floor", platform, order, names, total, group)
    ticking, ticking_cpu, _ = _other("ticking", platform, order, names, total, group)
    with house() as home:
        _furnish(home, platform, names, products, variants)
        platform.limits(latency_s=LATENCY_S, kind="token", calls=CALLS_PER_S, per_s=1.0)
        made, cpu, writer_cpu = _ours(home, order)
    changes = [Change(*one) for one in made]
    report = platform.report()
    ours = judge(changes, writes_of(report, names), ACCOUNTS)
    perfect = simulate(
        changes, ACCOUNTS, latency_s=LATENCY_S, calls_per_s=CALLS_PER_S, offers=OFFERS_A_CALL, group=group
    )
    ideal = judge(changes, perfect, ACCOUNTS)
    took = changes[-1].at - changes[0].at
    return [
        *_times(name, ours, floor, ideal, ticking),
        Figure(name, "calls", ours.calls / ideal.calls, 1.05, against="ideal", ours=ours.calls, floor=floor.calls,
               ideal=ideal.calls, ticking=ticking.calls),
        Figure(name, "refused calls", report["refused"], 0, ours=report["refused"]),
        Figure(name, "regressions", ours.regressions, 0, ours=ours.regressions, floor=floor.regressions),
        Figure(name, "CPU, daemon and committing process", (cpu + writer_cpu) / floor_cpu, 2.0, against="floor",
               unit="s", ours=cpu + writer_cpu, floor=floor_cpu, ticking=ticking_cpu),
        Figure(name, "CPU, daemon alone", cpu / floor_cpu, None, against="floor", unit="s", ours=cpu, floor=floor_cpu),
        Figure(name, "committing took", took / seconds, None, against="plan", unit="s", ours=took),
    ]  # fmt: skip


def _times(name: str, ours: Seen, floor: Seen, ideal: Seen, ticking: Seen) -> list[Figure]:
    figures = []
    for what, field, goal in (
        ("last commit to all final", "final_s", 1.25),
        ("freshness p50", "p50_s", 1.1),
        ("freshness p99", "p99_s", 1.25),
    ):
        values = [getattr(one, field) for one in (ours, floor, ideal, ticking)]
        figures.append(Figure(name, what, values[0] / values[2], goal, False, "ideal", "s", *values))
    return figures


def _other(
    how: str, platform: PlatformClient, order: dict[str, Any], names: Sequence[str], total: int, group: int | None
) -> tuple[Seen, float, list[Change]]:
    platform.limits(latency_s=LATENCY_S, kind="token", calls=CALLS_PER_S, per_s=1.0)
    with Talk("tests.benchmarks.floor") as floor:
        floor.say(
            how=how, accounts=list(names), variants=total, group=group, offers=OFFERS_A_CALL,
            calls_per_s=CALLS_PER_S, base_url=platform.url, **order,
        )  # fmt: skip
        done = floor.hear()
    changes = [Change(*one) for one in done["made"]]
    return judge(changes, writes_of(platform.report(), names), len(names)), done["cpu_s"], changes


def _furnish(home: House, platform: PlatformClient, names: Sequence[str], products: int, variants: int) -> None:
    catalogue.fill(home.engine, products, variants)
    connector = "bench_one" if variants > 1 else "bench_many"
    for name in names:
        shop = catalogue.join(
            home.engine, home.keys, home.home, name, platform.url, connector, kind="token", calls=CALLS_PER_S
        )
        catalogue.list_all(home.engine, shop)


def _ours(home: House, order: dict[str, Any]) -> tuple[list[Any], float, float]:
    with home.daemon() as daemon, Talk("tests.benchmarks.writer", environment=home.environment) as writer:
        before = cpu_s(daemon.pid)
        writer.say(url=home.url, home=str(home.home), **order)
        done = writer.hear()
        wait_for(home.at_rest, 240.0, "the burst does not end", 0.25)
        time.sleep(0.3)
        return done["made"], cpu_s(daemon.pid) - before, done["cpu_s"]
