"""Commits changes from another process than the daemon, as commands and pages do. One JSON line in, one out."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from syncer.inventory.ledger import set_on_hand
from syncer.store.engine import open_engine, write
from tests.benchmarks.catalogue import now, sku
from tests.benchmarks.changes import STOCK


def main() -> None:
    for line in sys.stdin:
        order = json.loads(line)
        engine = open_engine(order["url"], home=Path(order["home"]))
        numbers: dict[int, int] = {}
        made, delays, before = [], [], time.process_time()
        start = time.monotonic() + 0.2
        for n, variant in enumerate(order["changes"]):
            wait = start + n * order["every_s"] - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            number = 0 if order.get("stop") else numbers.get(variant, STOCK) - 1
            numbers[variant] = number
            began = time.monotonic()
            with write(engine) as connection:
                set_on_hand(connection, sku(variant), number, now=now())
            made.append((time.monotonic(), variant, number))
            delays.append(made[-1][0] - began)
        cpu_s = time.process_time() - before
        sys.stdout.write(json.dumps({"cpu_s": cpu_s, "made": made, "delays": delays}) + "\n")
        sys.stdout.flush()
        engine.dispose()


if __name__ == "__main__":
    main()
