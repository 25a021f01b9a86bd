"""The floor: a scheduler of one's own, in memory, with requests and threads; it commits each change, and no more.

And what a user would take instead: APScheduler, a job every second that scans for changes and sends batches.
A process of its own: one JSON line in, one JSON line out.
"""

from __future__ import annotations

import json
import sys
import tempfile
import threading
import time
from typing import Any

import requests

from tests.benchmarks.catalogue import sku
from tests.benchmarks.changes import STOCK
from tests.benchmarks.database import Bare, changed_since


class Bucket:
    """A token bucket for one account."""

    def __init__(self, calls_per_s: float) -> None:
        self.rate, self.tokens, self.at = calls_per_s, calls_per_s * 0.85, time.monotonic()

    def wait(self) -> None:
        """Take a call; wait for it if need be."""
        while True:
            now = time.monotonic()
            self.tokens, self.at = min(self.tokens + (now - self.at) * self.rate, self.rate * 0.85), now
            if self.tokens >= 1:
                self.tokens -= 1
                return
            time.sleep((1 - self.tokens) / self.rate)


class Account(threading.Thread):
    """Sends what is dirty, the oldest first."""

    def __init__(self, order: dict[str, Any], name: str, numbers: list[int]) -> None:
        super().__init__(daemon=True)
        self.url = f"{order['base_url']}/{name}/stock"
        self.offers, self.group = order["offers"], order["group"]
        self.bucket = Bucket(order["calls_per_s"])
        self.numbers = numbers
        self.dirty: dict[int, set[int]] = {}
        self.condition = threading.Condition()
        self.session = requests.Session()
        self.ending = False

    def change(self, variant: int) -> None:
        """Note a change."""
        key = variant // self.group if self.group else variant
        with self.condition:
            self.dirty.setdefault(key, set()).add(variant)
            self.condition.notify()

    def run(self) -> None:
        while True:
            with self.condition:
                while not self.dirty and not self.ending:
                    self.condition.wait()
                if not self.dirty:
                    return
            self.bucket.wait()
            with self.condition:
                chosen: list[int] = []
                for key in list(self.dirty):
                    if len(chosen) >= self.offers or (self.group and chosen):
                        break
                    chosen += self.dirty.pop(key)
            send(self.session, self.url, [(sku(n), self.numbers[n]) for n in chosen])

    def end(self) -> None:
        """Send the rest, and end."""
        with self.condition:
            self.ending = True
            self.condition.notify()
        self.join()


def send(session: requests.Session, url: str, items: list[tuple[str, int]]) -> None:
    """Make one call."""
    session.post(url, json={"items": items}, timeout=30).raise_for_status()


def run_floor(order: dict[str, Any], database: Any) -> list[tuple[float, int, int]]:
    """Commit every change when its time comes, and let six threads send."""
    numbers = [STOCK] * order["variants"]
    accounts = [Account(order, name, numbers) for name in order["accounts"]]
    for one in accounts:
        one.start()

    def changed(variant: int) -> None:
        for one in accounts:
            one.change(variant)

    made = commit_all(order, database, numbers, changed)
    for one in accounts:
        one.end()
    return made


def commit_all(order: dict[str, Any], database: Any, numbers: list[int], changed: Any) -> list[tuple[float, int, int]]:
    """Commit the changes on time; return when each was committed, its variant and number."""
    made, start = [], time.monotonic() + 0.2
    for n, variant in enumerate(order["changes"]):
        wait = start + n * order["every_s"] - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        numbers[variant] -= 1
        database.commit(variant, numbers[variant])
        made.append((time.monotonic(), variant, numbers[variant]))
        changed(variant)
    return made


def run_ticking(order: dict[str, Any], database: Any, path: str) -> list[tuple[float, int, int]]:
    """Commit every change when its time comes; a job scans every second for each account."""
    from apscheduler.schedulers.background import BackgroundScheduler

    sessions = {name: requests.Session() for name in order["accounts"]}
    sent = dict.fromkeys(order["accounts"], 0)
    buckets = {name: Bucket(order["calls_per_s"]) for name in order["accounts"]}

    def job(name: str) -> None:
        rows = changed_since(path, sent[name])
        group, size = order["group"], order["offers"]
        batches: dict[int, list[tuple[int, int, int]]] = {}
        for n, row in enumerate(rows):
            batches.setdefault(row[0] // group if group else n // size, []).append(row)
        for batch in batches.values():
            buckets[name].wait()
            send(sessions[name], f"{order['base_url']}/{name}/stock", [(sku(row[0]), row[1]) for row in batch])
        if rows:
            sent[name] = rows[-1][2]

    scheduler = BackgroundScheduler(job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None})
    for name in order["accounts"]:
        scheduler.add_job(job, "interval", seconds=1, args=[name])
    scheduler.start()
    made = commit_all(order, database, [STOCK] * order["variants"], lambda _variant: None)
    last = len(made)
    while any(done < last for done in sent.values()):
        time.sleep(0.05)
    scheduler.shutdown()
    return made


def main() -> None:
    order = json.loads(sys.stdin.readline())
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/floor.db"
        database = Bare(path, order["variants"])
        before = time.process_time()
        ticking = order["how"] == "ticking"
        made = run_ticking(order, database, path) if ticking else run_floor(order, database)
        cpu_s = time.process_time() - before
    sys.stdout.write(json.dumps({"cpu_s": cpu_s, "made": made}) + "\n")


if __name__ == "__main__":
    import logging

    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    main()
