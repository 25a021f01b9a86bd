"""A connector that writes whole listings only, from another package: the engine drives it like any other."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from syncer.channels.account_settings import set_brake
from syncer.domain.product import Variant
from syncer.store.engine import read, write
from syncer.sync.answers import open_questions
from tests.sync.stalls import Stalls
from tests.sync.world import now

FAULTS = [
    {"fault": "answer_lost"},
    {"fault": "error_after"},
    {"fault": "late_write", "ms": 150},
    {"fault": "rate_limited", "times": 1},
    {"fault": "stale_read", "ms": 200},
    {"fault": "partial"},
]


def check(world: Stalls, wanted: dict[str, dict[str, tuple[int, int]]]) -> None:
    """The stall shows exactly these offers: price in cents and count, by title and SKU."""
    alive = [one for one in world.control.ask("GET", "listings") if one["status"] == "live"]
    there = {
        one["title"]: {o["sku"]: (round(float(o["price"]) * 100), int(o["stock"])) for o in one["offers"]}
        for one in alive
    }
    assert len(there) == len(alive)
    assert there == wanted


def test_whole_listings_follow(stalls: Stalls) -> None:
    account = stalls.stall_account()
    stalls.product("kain", sizes=("S", "M"), stock=5)
    stalls.product("guci", stock=3)
    stalls.publish(account, "kain", "guci")
    stalls.settle()
    stalls.stock("kain-S", 0)
    stalls.price("kain-M", 130_000)
    stalls.title("guci", "Guci baru")
    new = Variant(sku="kain-XL", price=Decimal(120_000), option_values=("XL",), weight_g=400)
    stalls.settle()
    check(
        stalls,
        {"Mangkuk kayu kain": {"kain-S": (1000, 0), "kain-M": (1300, 5)}, "Guci baru": {"guci": (1000, 3)}},
    )
    stalls.variants("kain", lambda old: (*old[1:], new), stock=4)
    stalls.withdraw(account, "guci")
    stalls.settle()
    check(stalls, {"Mangkuk kayu kain": {"kain-M": (1300, 5), "kain-XL": (1200, 4)}})
    stalls.publish(account, "guci")
    stalls.delete("kain")
    stalls.settle()
    check(stalls, {"Guci baru": {"guci": (1000, 3)}})
    before = stalls.control.last_call()
    stalls.publish(account, "guci")
    stalls.sync()
    assert stalls.control.calls(before) == []


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: str(fault["fault"]))
def test_its_faults_heal(stalls: Stalls, fault: dict[str, Any]) -> None:
    account = stalls.stall_account()
    for number in range(3):
        stalls.product(f"guci-{number}", sizes=("A", "B") if number else (), stock=number + 1)
    stalls.control.fault(**{"times": 5, **fault}, probability=0.5, seed=4)
    stalls.publish(account, *(f"guci-{number}" for number in range(3)))
    stalls.sync()
    stalls.stock("guci-1-A", 0)
    stalls.price("guci-2-B", 110_000)
    stalls.sync()
    stalls.control.heal()
    stalls.settle()
    check(
        stalls,
        {
            "Mangkuk kayu guci-0": {"guci-0": (1000, 1)},
            "Mangkuk kayu guci-1": {"guci-1-A": (1000, 0), "guci-1-B": (1000, 2)},
            "Mangkuk kayu guci-2": {"guci-2-A": (1000, 3), "guci-2-B": (1100, 3)},
        },
    )


def test_a_held_price_does_not_slip_out_with_the_stock(stalls: Stalls) -> None:
    from syncer.catalogue.edit import new_cause, set_price

    account = stalls.stall_account()
    handles = [f"guci-{number}" for number in range(4)]
    for handle in handles:
        stalls.product(handle, stock=5)
    stalls.publish(account, *handles)
    stalls.settle()
    with write(stalls.engine) as connection:
        set_brake(connection, account, {"count": 1, "share": 0.1})
        cause_id = new_cause(connection, "import", "harga", "ibu ani", now())
        for handle in handles:
            set_price(connection, handle, Decimal(30_000), now=now(), cause_id=cause_id)
    stalls.stock("guci-0", 0)
    stalls.stock("guci-1", 2)
    stalls.sync()
    with read(stalls.engine) as connection:
        assert [one.kind for one in open_questions(connection)] == ["brake"]
    check(
        stalls,
        {
            "Mangkuk kayu guci-0": {"guci-0": (1000, 0)},
            "Mangkuk kayu guci-1": {"guci-1": (1000, 2)},
            "Mangkuk kayu guci-2": {"guci-2": (1000, 5)},
            "Mangkuk kayu guci-3": {"guci-3": (1000, 5)},
        },
    )
