"""What the daemon costs when there is nothing to do: 20,000 listings, all of them as they should be."""

from __future__ import annotations

import time

from tests.benchmarks import catalogue
from tests.benchmarks.figures import Figure
from tests.benchmarks.house import PlatformClient, cpu_s, house, memory_mb

ACCOUNTS = 2


def idle_daemon(platform: PlatformClient, *, listings: int = 20_000, seconds: float = 40.0) -> list[Figure]:
    """CPU over ``seconds`` and resident memory at the end, of the real daemon with its chores."""
    with house() as home:
        catalogue.fill(home.engine, listings // ACCOUNTS)
        for n in range(ACCOUNTS):
            shop = catalogue.join(home.engine, home.keys, home.home, f"toko{n}", platform.url, kind="token")
            catalogue.list_all(home.engine, shop)
        with home.daemon() as daemon:
            time.sleep(min(5.0, seconds / 4))
            before = cpu_s(daemon.pid)
            time.sleep(seconds)
            share = (cpu_s(daemon.pid) - before) / seconds * 100
            memory = memory_mb(daemon.pid)
    return [
        Figure("idle daemon", "share of a core", share, 0.5, unit="%", ours=share),
        Figure("idle daemon", "memory", memory, 150.0, unit="MB", ours=memory),
    ]
