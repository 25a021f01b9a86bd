"""50,000 rows: within a minute, with memory that does not grow with the file."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.catalogue.test_importing_run import COLUMNS

_PROGRAM = """
import datetime as dt, json, pathlib, resource, sys, time
from syncer.catalogue.importing import import_file
from syncer.inventory import bulk
from syncer.store import migrate
from syncer.store.engine import open_engine

def peak_mb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

engine = open_engine("sqlite:///" + sys.argv[2])
migrate.upgrade(engine)
data = pathlib.Path(sys.argv[1]).read_bytes()
before = peak_mb()
started = time.monotonic()
report = import_file(engine, data, "x.csv", bulk, now=dt.datetime.now(dt.UTC))
print(json.dumps({**report.counts(), "seconds": time.monotonic() - started, "grew_mb": peak_mb() - before}))
"""


def write_file(path: Path, count: int) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([*COLUMNS, "description"])
        for number in range(count):
            title = f"Mangkuk Tanah Liat {number // 3}"
            row = [f"SKU-{number}", f"P-{number // 3}", title, "Warna", "abc"[number % 3], 85000, number % 20]
            writer.writerow([*row, "Dibakar dengan kayu selama dua hari, tahan panas. " * 5])


def run(tmp_path: Path, count: int) -> dict[str, float]:
    write_file(tmp_path / f"{count}.csv", count)
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, str(tmp_path / f"{count}.csv"), str(tmp_path / f"{count}.db")],
        check=True,
        capture_output=True,
        text=True,
    )
    found: dict[str, float] = json.load(io.StringIO(done.stdout))
    return found


@pytest.mark.long
def test_fifty_thousand_rows(tmp_path: Path) -> None:
    found = run(tmp_path, 50_000)
    assert (found["new"], found["variants"], found["stock_set"], found["rows_failed"]) == (16_667, 50_000, 50_000, 0)
    assert found["seconds"] < 60
    assert found["grew_mb"] < 80


def test_memory_does_not_grow_with_the_rows(tmp_path: Path) -> None:
    small, large = run(tmp_path, 1_000), run(tmp_path, 6_000)
    assert large["new"] == 2_000
    assert large["grew_mb"] < small["grew_mb"] + 25
