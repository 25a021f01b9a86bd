"""The change path: one variant, six listings, one transaction; against the bare driver doing the same writes."""

from __future__ import annotations

import itertools
import sqlite3
import time
import uuid
from collections.abc import Callable

from syncer.inventory.ledger import set_on_hand
from syncer.store.engine import write
from tests.benchmarks import catalogue
from tests.benchmarks.figures import Figure
from tests.benchmarks.house import House, PlatformClient, house

ACCOUNTS, VARIANTS = 6, 500
_LEVEL = "SELECT on_hand FROM stock_level WHERE variant_id = ? AND location_id = 1"


def change_path(platform: PlatformClient, *, times: int = 300, rounds: int = 7) -> list[Figure]:
    """CPU of one change; both take turns, and the best round of each counts."""
    with house() as home:
        catalogue.fill(home.engine, VARIANTS)
        for n in range(ACCOUNTS):
            shop = catalogue.join(home.engine, home.keys, home.home, f"toko{n}", platform.url, kind="token")
            catalogue.list_all(home.engine, shop)
        ours, bare = _ours(home), _bare(home)
        best = [1e9, 1e9]
        for _ in range(rounds):
            best = [min(old, _cost_us(work, times)) for old, work in zip(best, (ours, bare), strict=True)]
    return [Figure("change path", "CPU of one change", best[0] / best[1], 3.0, False, "raw sqlite3", "us", *best)]


def _cost_us(work: Callable[[], None], times: int) -> float:
    before = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - before) / times * 1e6


def _ours(home: House) -> Callable[[], None]:
    numbers = itertools.count()

    def change() -> None:
        n = next(numbers)
        with write(home.engine) as connection:
            set_on_hand(connection, catalogue.sku(n % VARIANTS), 50_000 - n, now=catalogue.now())

    return change


def _bare(home: House) -> Callable[[], None]:
    """The same rows: a movement, the level, the marks of six listings; with the same settings of the database."""
    raw = sqlite3.connect(str(home.home / "syncer.db"), isolation_level=None)
    for pragma in ("synchronous=FULL", "secure_delete=ON", "foreign_keys=ON"):
        raw.execute(f"PRAGMA {pragma}")
    numbers = itertools.count()

    def change() -> None:
        n = next(numbers)
        moment = catalogue.now().strftime("%Y-%m-%dT%H:%M:%S.%f")
        raw.execute("BEGIN IMMEDIATE")
        key, product = raw.execute(
            "SELECT id, product_id FROM variant WHERE sku = ? AND retired_at IS NULL", (catalogue.sku(n % VARIANTS),)
        ).fetchone()
        (here,) = raw.execute(_LEVEL, (key,)).fetchone()
        number = 40_000 - n
        raw.execute(
            "INSERT INTO stock_movement (variant_id, location_id, delta, on_hand_after, reason, reference, at) "
            "VALUES (?, 1, ?, ?, 'count', ?, ?)",
            (key, number - here, number, f"count:{uuid.uuid4()}", moment),
        )
        raw.execute("UPDATE stock_level SET on_hand = ?, version = version + 1 "
            "WHERE variant_id = ? AND location_id = 1",
                    (number, key))  # fmt: skip
        raw.execute(
            "UPDATE listing SET due = due | 1, lane = min(lane, 1), version = version + 1, due_at = ?, tries = 0, "
            "stock_due_since = coalesce(stock_due_since, ?) WHERE product_id = ?",
            (moment, moment, product),
        )
        raw.execute("COMMIT")

    return change
