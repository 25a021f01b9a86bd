"""Faults of every kind: when they stop, the shop equals the catalogue, with one listing a product."""

from __future__ import annotations

import pytest

from syncer.catalogue.edit import edit_product
from syncer.store.engine import write
from tests.sync.world import World, now, offers_of

FAULTS = [
    {"fault": "answer_lost"},
    {"fault": "error_before"},
    {"fault": "error_after"},
    {"fault": "rate_limited", "times": 2},
    {"fault": "token_revoked", "operation": "product"},
    {"fault": "late_write", "ms": 150},
    {"fault": "partial"},
    {"fault": "latency", "ms": 50},
    {"fault": "stale_read", "ms": 200},
    {"fault": "search_lag", "ms": 200},
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: str(fault["fault"]))
def test_a_publish_survives(world: World, fault: dict[str, object]) -> None:
    account = world.account()
    for number in range(4):
        world.product(f"guci-{number}", sizes=("A", "B") if number % 2 else (), stock=number + 1)
    world.publish(account, *(f"guci-{number}" for number in range(4)))
    world.control.fault(**{"times": 8, **fault}, probability=0.4, seed=3)
    world.sync()
    world.control.heal()
    world.settle()
    there = world.control.listings()
    assert len(there) == 4
    for number in range(4):
        row = there[f"Mangkuk kayu guci-{number}"]
        assert row["status"] == "live"
        skus = [f"guci-{number}-{size}" for size in "AB"] if number % 2 else [f"guci-{number}"]
        assert offers_of(row) == dict.fromkeys(skus, (100000, number + 1))


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: str(fault["fault"]))
def test_edits_survive(world: World, fault: dict[str, object]) -> None:
    account = world.account()
    world.product("vas", sizes=("A", "B"), stock=9)
    world.publish(account, "vas")
    world.sync()
    world.control.fault(**{"times": 6, **fault}, probability=0.5, seed=5)
    for step in range(4):
        world.stock("vas-A", step)
        with write(world.engine) as connection:
            edit_product(connection, "vas", title=f"Vas bunga {step}", now=now())
        world.sync()
    world.control.heal()
    world.settle()
    rows = world.control.listings()
    assert list(rows) == ["Vas bunga 3"]
    assert offers_of(rows["Vas bunga 3"]) == {"vas-A": (100_000, 3), "vas-B": (100_000, 9)}
