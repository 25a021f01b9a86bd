"""The first publish of a catalogue under a limit: how much of the limit is used, and how many calls are refused."""

from __future__ import annotations

import time

from syncer.channels.publishing import publish_all
from tests.benchmarks import catalogue
from tests.benchmarks.figures import Figure
from tests.benchmarks.house import PlatformClient, house, wait_for

CALLS_PER_S, LATENCY_S = 50, 0.08
_UNKNOWN = "unknown"


def first_publish(
    platform: PlatformClient,
    *,
    kinds: tuple[str, ...] = ("token", "fixed", "sliding", _UNKNOWN),
    listings: int = 750,
    listings_unknown: int = 2000,
) -> list[Figure]:
    """Each kind of limit alone. Utilisation is what the platform counts, from the first to the last call."""
    figures = []
    for kind in kinds:
        known = kind != _UNKNOWN
        count = listings if known else listings_unknown
        used, refused, calls = _publish(platform, kind if known else "token", count, known=known)
        name = f"first publish, {kind} limit"
        figures.append(
            Figure(name, "utilisation", used, 0.99 if known else 0.95, True, "ideal", "calls/s", used * CALLS_PER_S,
                   ideal=float(CALLS_PER_S))
        )  # fmt: skip
        share = refused / (calls + refused)
        figures.append(Figure(name, "refused calls (share)", share, 0.0 if known else 1 / 200, ours=float(refused)))
    return figures


def _publish(platform: PlatformClient, kind: str, count: int, *, known: bool) -> tuple[float, int, int]:
    with house() as home:
        catalogue.fill(home.engine, count, stock=5)
        options = {"kind": kind if known else "none", "calls": CALLS_PER_S}
        shop = catalogue.join(home.engine, home.keys, home.home, "toko", platform.url, **options)
        platform.limits(latency_s=LATENCY_S, kind=kind, calls=CALLS_PER_S, per_s=1.0)
        with home.daemon():
            publish_all(home.engine, shop, now=catalogue.now())
            wait_for(lambda: platform.count()["calls"] >= count, 30 + count / 10, "the publish does not end", 0.2)
            wait_for(home.at_rest, 60.0, lambda: f"not recorded: {home.unrest()}")
            time.sleep(0.2)
    report = platform.report()
    arrived = sorted(call["arrived"] for call in report["calls"])
    used = (len(arrived) - 1) / (arrived[-1] - arrived[0]) / CALLS_PER_S
    return used, report["refused"], len(arrived)
