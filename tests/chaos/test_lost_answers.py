"""Creates whose answers are lost, land late, and can't be found at once: none is doubled, none is missing."""

from __future__ import annotations

import pytest

from tests.sync.world import World


@pytest.mark.parametrize(
    ("count", "seed"), [(200, 1), pytest.param(600, 2, marks=pytest.mark.long)], ids=["200", "600"]
)
def test_creates(world: World, count: int, seed: int) -> None:
    account = world.account()
    picture = world.picture("semua")
    handles = [f"guci-{number:03}" for number in range(count)]
    for number, handle in enumerate(handles):
        world.product(handle, sizes=("A", "B") if number % 8 == 0 else (), stock=1 + number % 7, picture=picture)
    world.publish(account, *handles)
    for fault in (
        {"fault": "answer_lost", "operation": "product.add_item", "probability": 0.1},
        {"fault": "late_write", "operation": "product.add_item", "probability": 0.05, "ms": 300},
        {"fault": "search_lag", "probability": 0.5, "ms": 250},
    ):
        world.control.fault(**fault, seed=seed)
    world.sync()
    world.control.heal()
    world.settle(60.0)
    world.check(account)
    lost = [call for call in world.control.calls() if call["operation"] == "product.add_item" and call["fault"]]
    assert len(lost) >= count * 0.1, "the faults struck"
