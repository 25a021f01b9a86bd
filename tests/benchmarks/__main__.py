"""``make bench``: run the scenarios, print the table, and keep the figures as JSON and in docs/benchmarks.md."""

from __future__ import annotations

import argparse
import json
import os
import platform as machine
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.benchmarks import burst, call_cost, change_path, claiming, idle, idling, market, publishing, stopping
from tests.benchmarks.figures import Figure, table
from tests.benchmarks.house import ROOT, PlatformClient, platform
from tests.benchmarks.page import render

#: In the order in which they run.
SCENARIOS: dict[str, Callable[..., list[Figure]]] = {
    "call": call_cost.call_cost,
    "change": change_path.change_path,
    "idle": idle.idle_freshness,
    "burst": burst.burst,
    "burst-one": burst.burst_one,
    "publish": publishing.first_publish,
    "stop": stopping.stop_beside_import,
    "claim": claiming.claim_due,
    "daemon": idling.idle_daemon,
    "market": market.market,
}


def run(names: list[str], there: PlatformClient, **options: dict[str, Any]) -> dict[str, list[Figure]]:
    """Run scenarios one after the other, so that none takes time from another."""
    found = {}
    for name in names:
        began = time.monotonic()
        print(f"{name} ...", end=" ", flush=True, file=sys.stderr)
        found[name] = SCENARIOS[name](there, **options.get(name, {}))
        print(f"{time.monotonic() - began:.0f} s", file=sys.stderr)
    return found


def keep(found: dict[str, list[Figure]], path: Path) -> dict[str, Any]:
    """Write the figures to the JSON file, beside those of scenarios that were not run now; return all of it."""
    old = json.loads(path.read_text(encoding="utf-8"))["scenarios"] if path.exists() else {}
    new = {name: [one.to_json() for one in figures] for name, figures in found.items()}
    merged = {name: (old | new)[name] for name in SCENARIOS if name in old | new}
    whole: dict[str, Any] = {
        "machine": f"{machine.machine()}, {os.cpu_count()} CPUs, Python {machine.python_version()}",
        "cpus": os.cpu_count(),
        "load": os.getloadavg()[2],
    }
    content = whole | {"at": time.strftime("%Y-%m-%d"), "scenarios": merged}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return content


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--only", default="", help=f"some of: {' '.join(SCENARIOS)}")
    parser.add_argument("--json", type=Path, default=ROOT / "build" / "bench.json", help="where the figures go")
    arguments = parser.parse_args()
    names = arguments.only.replace(",", " ").split() or list(SCENARIOS)
    unknown = [name for name in names if name not in SCENARIOS]
    if unknown:
        parser.error(f"unknown: {' '.join(unknown)}; there are: {' '.join(SCENARIOS)}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is ended
    with platform() as there:
        found = run(names, there)
    print(table([one for figures in found.values() for one in figures]))
    content = keep(found, arguments.json)
    (ROOT / "docs" / "benchmarks.md").write_text(render(content, list(SCENARIOS)), encoding="utf-8")
    print(f"\nKept in {arguments.json} and docs/benchmarks.md", file=sys.stderr)


if __name__ == "__main__":
    main()
