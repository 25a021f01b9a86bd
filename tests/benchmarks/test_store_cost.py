"""What the store costs: a commit against the bare driver, a snapshot, a wake-up. Run by ``make bench``."""

from __future__ import annotations

import sqlite3
import statistics
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import bindparam, select, update

from syncer.store.engine import Engine, read, write
from syncer.store.tables import meta
from syncer.store.wakeup import WakeListener, wake_after_commit

pytestmark = pytest.mark.bench

_SET = update(meta).where(meta.c.key == bindparam("wanted")).values(value=bindparam("now"))
_GET = select(meta.c.value).where(meta.c.key == bindparam("wanted"))


def cost_us(work: Callable[[], None], times: int = 500) -> tuple[float, float]:
    """Return (CPU, elapsed) microseconds of one call, the best of five rounds."""
    rounds = []
    for _ in range(5):
        cpu, wall = time.process_time(), time.perf_counter()
        for _ in range(times):
            work()
        rounds.append((time.process_time() - cpu, time.perf_counter() - wall))
    best = min(rounds)
    return best[0] / times * 1e6, best[1] / times * 1e6


def fill(engine: Engine) -> None:
    with write(engine) as connection:
        connection.execute(meta.insert().values(key="bench", value="0"))


def test_a_commit(engine: Engine, database_kind: str) -> None:
    fill(engine)

    def ours() -> None:
        with write(engine) as connection:
            connection.execute(_SET, {"wanted": "bench", "now": str(time.perf_counter_ns())})

    cpu_us, wall_us = cost_us(ours)
    print(f"\ncommit, {database_kind}: {cpu_us:.0f} us CPU, {wall_us:.0f} us elapsed")
    if database_kind == "sqlite":
        bare_us, bare_wall_us = cost_us(bare_commit(Path(str(engine.url.database))))
        print(f"commit, bare sqlite3: {bare_us:.0f} us CPU, {bare_wall_us:.0f} us elapsed")
        assert cpu_us < 3.5 * bare_us


def bare_commit(path: Path) -> Callable[[], None]:
    bare = sqlite3.connect(path, isolation_level=None)
    bare.execute("PRAGMA synchronous=FULL")
    bare.execute("PRAGMA secure_delete=ON")

    def commit() -> None:
        bare.execute("BEGIN IMMEDIATE")
        bare.execute("UPDATE meta SET value = ? WHERE key = ?", (str(time.perf_counter_ns()), "bench"))
        bare.execute("COMMIT")

    return commit


def test_a_snapshot(engine: Engine, database_kind: str) -> None:
    fill(engine)

    def ours() -> None:
        with read(engine) as connection:
            connection.execute(_GET, {"wanted": "bench"}).scalar()

    cpu_us, wall_us = cost_us(ours)
    print(f"\nsnapshot, {database_kind}: {cpu_us:.0f} us CPU, {wall_us:.0f} us elapsed")
    assert cpu_us < 2000


def test_a_wake_up(engine: Engine, database_kind: str) -> None:
    rung = threading.Event()
    delays_ms = []
    with WakeListener(engine, rung.set):
        rung.wait(2)
        for _ in range(100):
            rung.clear()
            began = time.perf_counter()
            with write(engine) as connection:
                wake_after_commit(connection)
            assert rung.wait(2)
            delays_ms.append((time.perf_counter() - began) * 1000)
            time.sleep(0.002)
    middle, worst = statistics.median(delays_ms), max(delays_ms)
    print(f"\nwake-up, {database_kind}: {middle:.2f} ms in the middle, {worst:.2f} ms at worst")
    assert middle < 10
