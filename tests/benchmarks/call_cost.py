"""CPU of one call through the SDK's client, against plain ``requests.post``."""

from __future__ import annotations

import time
from collections.abc import Callable

import requests

from syncer.sdk.http import HttpClient
from tests.benchmarks.figures import Figure
from tests.benchmarks.house import PlatformClient

BODY = {"items": [[f"s{n:06}", n] for n in range(50)]}


def call_cost(platform: PlatformClient, *, times: int = 200, rounds: int = 7) -> list[Figure]:
    """Each takes turns, and the best round of each counts. The logging of calls is on, as in the daemon."""
    platform.limits()
    url = f"{platform.url}/toko/stock"
    records: list[object] = []
    client = HttpClient(hosts=(), sandbox=platform.url, on_call=records.append)
    session = requests.Session()

    def ours() -> None:
        client.call("POST", url, operation="stock", write=True, json=BODY)

    def plain() -> None:
        requests.post(url, json=BODY, timeout=30)

    def kept() -> None:
        session.post(url, json=BODY, timeout=30)

    works = [ours, plain, kept]
    best = [1e9] * len(works)
    for _ in range(rounds):
        best = [min(old, _cost_us(work, times)) for old, work in zip(best, works, strict=True)]
    client.close()
    session.close()
    return [
        Figure("call", "CPU of one call", best[0] / best[1], 0.75, False, "requests.post", "us", best[0], best[1]),
        Figure("call", "CPU of one call", best[0] / best[2], None, False, "a session's post", "us", best[0], best[2]),
    ]


def _cost_us(work: Callable[[], None], times: int) -> float:
    work()
    before = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - before) / times * 1e6
