"""One change at a time on a quiet system: how soon is it on all six accounts?"""

from __future__ import annotations

from typing import Any

from tests.benchmarks import catalogue
from tests.benchmarks.changes import Change, judge, writes_of
from tests.benchmarks.connector import OFFERS_A_CALL
from tests.benchmarks.figures import Figure
from tests.benchmarks.house import PlatformClient, Talk, house, wait_for

ACCOUNTS = 6


def idle_freshness(platform: PlatformClient, *, count: int = 100, every_s: float = 0.12) -> list[Figure]:
    """No latency and no limit that matters."""
    names = [f"toko{n}" for n in range(ACCOUNTS)]
    order: dict[str, Any] = {"changes": [n % 100 for n in range(count)], "every_s": every_s}
    found = {}
    for how in ("floor", "ticking"):
        platform.limits()
        with Talk("tests.benchmarks.floor") as floor:
            floor.say(
                how=how, accounts=names, variants=100, group=None, offers=OFFERS_A_CALL, calls_per_s=1000,
                base_url=platform.url, **order,
            )  # fmt: skip
            made = [Change(*one) for one in floor.hear()["made"]]
        found[how] = judge(made, writes_of(platform.report(), names), ACCOUNTS)
    with house() as home:
        catalogue.fill(home.engine, 100)
        for name in names:
            shop = catalogue.join(home.engine, home.keys, home.home, name, platform.url, kind="token", calls=1000)
            catalogue.list_all(home.engine, shop)
        platform.limits()
        with home.daemon(), Talk("tests.benchmarks.writer", environment=home.environment) as writer:
            writer.say(url=home.url, home=str(home.home), **order)
            made = [Change(*one) for one in writer.hear()["made"]]
            wait_for(home.at_rest, 60.0, "the changes do not arrive")
    ours = judge(made, writes_of(platform.report(), names), ACCOUNTS)
    floor_seen, ticking = found["floor"], found["ticking"]
    return [
        Figure("idle freshness", what, getattr(ours, field) / getattr(floor_seen, field), goal, False, "floor", "ms",
               getattr(ours, field) * 1000, getattr(floor_seen, field) * 1000, None, getattr(ticking, field) * 1000)
        for what, field, goal in (("p50", "p50_s", 1.5), ("p99", "p99_s", 2.0))
    ]  # fmt: skip
