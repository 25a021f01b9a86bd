"""Stops while a large import runs: the import must not delay them."""

from __future__ import annotations

import csv
import time
from pathlib import Path

from tests.benchmarks import catalogue
from tests.benchmarks.changes import Change, writes_of
from tests.benchmarks.figures import Figure
from tests.benchmarks.house import House, PlatformClient, Talk, house, wait_for

LATENCY_S = 0.08


def stop_beside_import(
    platform: PlatformClient, *, stops: int = 150, every_s: float = 0.1, rows: int = 50_000
) -> list[Figure]:
    """From the begin of the commit of a stop until it is there, with and without the import of ``rows`` rows."""
    with house() as home:
        catalogue.fill(home.engine, 2 * stops + 10)
        shop = catalogue.join(home.engine, home.keys, home.home, "toko", platform.url, kind="token", calls=1000)
        catalogue.list_all(home.engine, shop)
        file = _sheet(home.home / "impor.csv", rows)
        platform.limits(latency_s=LATENCY_S)
        with home.daemon(), Talk("tests.benchmarks.writer", environment=home.environment) as writer:
            alone = _stops(home, platform, writer, range(stops), every_s)
            with home.running("import", str(file), "--no-pictures") as importing:
                wait_for(lambda: _imported(home) > 0, 60.0, "the import does not begin")
                beside = _stops(home, platform, writer, range(stops, 2 * stops), every_s)
                done = importing.poll()
                more = _imported(home)
    if done is not None and more < rows // 2:
        raise RuntimeError("the import failed")
    return [
        Figure("stop beside an import", what, two / one, goal, False, "without it", "ms", two * 1000, one * 1000)
        for what, one, two, goal in (
            ("p50", _part(alone, 0.5), _part(beside, 0.5), None),
            ("p99", _part(alone, 0.99), _part(beside, 0.99), 2.0),
        )
    ]


def _stops(home: House, platform: PlatformClient, writer: Talk, variants: range, every_s: float) -> list[float]:
    platform.report()
    writer.say(url=home.url, home=str(home.home), changes=list(variants), every_s=every_s, stop=True)
    done = writer.hear()
    time.sleep(1.0)
    there = {variant: one.at for one in writes_of(platform.report(), ["toko"]) for variant, _ in one.items}
    changes = [Change(*one) for one in done["made"]]
    missing = [one.variant for one in changes if one.variant not in there]
    if missing:
        raise RuntimeError(f"{len(missing)} stops never arrived")
    return sorted(
        there[change.variant] - change.at + took for change, took in zip(changes, done["delays"], strict=True)
    )


def _part(values: list[float], share: float) -> float:
    return values[min(int(len(values) * share), len(values) - 1)]


def _imported(home: House) -> int:
    from sqlalchemy import func, select

    from syncer.store.engine import read
    from syncer.store.tables import product

    with read(home.engine) as connection:
        return int(connection.execute(select(func.count()).where(product.c.handle.like("impor%"))).scalar() or 0)


def _sheet(path: Path, rows: int) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        sheet = csv.writer(file)
        sheet.writerow(["handle", "title", "description", "sku", "price", "stock", "weight_g"])
        for n in range(rows):
            sheet.writerow([f"impor-{n:06}", f"Barang {n}", "Buatan tangan.", f"IM-{n:06}", 25_000, 3, 200])
    return path
