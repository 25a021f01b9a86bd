"""Stops: what may not be sold any more goes off sale by the least harmful step that works, or somebody is told."""

from __future__ import annotations

import datetime as dt
import time

import pytest
from sqlalchemy import select, update

from syncer.store.engine import read, write
from syncer.store.tables import account as accounts
from syncer.store.tables import offer
from syncer.sync.answers import problem_rows
from syncer.sync.late_stops import LATE_S
from syncer.sync.status import read_status
from tests.sync.world import World, now, offers_of, wait_until


def stuck(world: World) -> list[dt.datetime]:
    with read(world.engine) as connection:
        query = select(offer.c.cannot_stop_until).where(offer.c.cannot_stop_until.is_not(None))
        return list(connection.execute(query).scalars())


def published(world: World, *handles: str, sizes: tuple[str, ...] = ()) -> None:
    account = world.account()
    for handle in handles:
        world.product(handle, sizes=sizes)
    world.publish(account, *handles)
    world.settle()


def test_a_blocked_zero_hides_the_listing_until_it_goes_through(world: World) -> None:
    published(world, "guci", sizes=("A", "B"))
    world.control.ask("POST", "promotions", {"sku": "guci-A", "offer": "guci-A", "lock": ["stock"], "until_s": 100})
    world.stock("guci-A", 0)
    world.sync()
    assert world.there("guci")["status"] == "hidden", "the next step of the ladder"
    assert stuck(world) == [], "hidden is stopped"
    assert world.row("guci").state == "blocked"
    world.control.ask("POST", "clock", {"advance_s": 200})
    world.hurry()
    world.settle()
    assert world.there("guci")["status"] == "live", "its other variant is on sale again"
    assert offers_of(world.there("guci")) == {"guci-A": (100_000, 0), "guci-B": (100_000, 5)}


def test_what_cannot_be_stopped_is_said_at_once(world: World) -> None:
    published(world, "guci")
    world.control.ask("POST", "promotions", {"sku": "guci", "lock": ["stock", "unlist"], "until_s": 100})
    with world.at_work():
        changed = now()
        world.stock("guci", 0)
        until = wait_until(lambda: stuck(world))[0]
    assert until > changed
    assert "cannot_stop" in world.events(world.row("guci").id)
    with read(world.engine) as connection:
        assert read_status(connection, now())[0].cannot_stop == 1
    world.control.ask("POST", "clock", {"advance_s": 200})
    world.hurry()
    world.settle()
    assert offers_of(world.there("guci")) == {"guci": (100_000, 0)}
    assert stuck(world) == []
    assert world.there("guci")["status"] == "live"


@pytest.mark.parametrize(
    "fault",
    [
        {"fault": "error_before", "times": 1000},
        pytest.param({"fault": "latency", "ms": 60_000, "times": 1000}, marks=pytest.mark.long),
    ],
)
def test_a_stop_that_does_not_get_through_is_a_problem_whatever_holds_it_up(
    world: World, fault: dict[str, object]
) -> None:
    published(world, "guci", "kain")
    world.control.fault(operation="product.update_stock", **fault)
    world.stock("guci", 0)

    def late(after_s: float) -> list[str]:
        with read(world.engine) as connection:
            rows = problem_rows(connection, now() + dt.timedelta(seconds=after_s))
        assert all("hide the product" in row.problem.remedy.en for row in rows if row.problem.code == "stop_late")
        return [row.handle for row in rows if row.problem.code == "stop_late"]

    with world.at_work(stop_s=1.0):
        wait_until(lambda: any(call["operation"] == "product.update_stock" for call in world.control.calls()))
        assert late(0.0) == [] or world.row("guci").stock_due_since < now() - dt.timedelta(seconds=LATE_S)
        assert late(LATE_S) == ["guci"]
        world.control.heal()
    world.settle()
    assert late(3600.0) == []


def test_a_stop_is_never_parked(world: World) -> None:
    published(world, "guci")
    world.control.ask("POST", "promotions", {"sku": "guci", "lock": ["stock", "unlist"], "until_s": 1000})
    world.stock("guci", 0)
    for _ in range(5):
        world.sync()
        world.hurry()
    row = world.row("guci")
    assert row.due != 0
    assert row.lane == 0


def test_a_withdrawal_during_a_review_sells_nothing_meanwhile(world: World) -> None:
    published(world, "guci", sizes=("A", "B"))
    world.control.limits(review_delay_s=3000.0)
    world.title("guci", "Guci yang ditinjau")
    world.sync(horizon_s=0.0)
    assert world.there("guci")["status"] == "review"
    world.withdraw(world.only_account(), "guci")
    world.sync(horizon_s=0.0)
    assert {stock for _, stock in offers_of(world.there("guci")).values()} == {0}
    assert world.row("guci").state == "blocked"
    world.control.ask("POST", "clock", {"advance_s": 6000})
    world.hurry()
    world.settle()
    assert world.there("guci")["status"] == "hidden"
    world.publish(world.only_account(), "guci")
    world.control.limits(review_delay_s=0.03)
    world.settle()
    world.check(world.only_account())


def test_a_variant_that_is_no_more_stops_before_anything_else(world: World) -> None:
    published(world, "kain", sizes=("S", "M", "L"))
    before = world.control.last_call()
    world.variants("kain", lambda old: old[1:])
    world.sync()
    writes = [call["operation"] for call in world.control.writes(before)]
    assert writes[0] == "product.update_stock"
    world.settle()
    world.check(world.only_account())


def test_a_removed_variant_stops_although_the_content_waits_for_a_person(world: World) -> None:
    published(world, "kain", sizes=("S", "M", "L"))
    world.title("kain", "x")  # too short for this shop: a problem of the content
    world.variants("kain", lambda old: old[1:])
    world.sync()
    assert world.row("kain").state == "fix"
    assert offers_of(world.there("kain"))["kain-S"][1] == 0


@pytest.mark.timeout(300)
@pytest.mark.parametrize("count", [300, pytest.param(2000, marks=pytest.mark.long)])
def test_a_stop_passes_a_push_of_many_listings(world: World, count: int) -> None:
    """It waits for less than one call: what is sent between its commit and itself went out already, or isn't sent."""
    calls_per_s = 3  # few, so that it is calls that are counted and not how busy this machine is
    account = world.account()
    picture = world.picture("semua")
    bags = [f"tas-{number}" for number in range(4)]
    for handle in bags:
        world.product(handle, stock=3, picture=picture)
    world.publish(account, *bags)
    world.settle()
    handles = [f"guci-{number:04}" for number in range(count)]
    for handle in handles:
        world.product(handle, picture=picture)
    world.publish(account, *handles)
    with write(world.engine) as connection:
        options = {**account.options, "calls_per_s": calls_per_s}
        connection.execute(update(accounts).where(accounts.c.id == account.id).values(options=options))
    world.control.limits(burst_per_s=calls_per_s)
    passed = []
    with world.at_work():
        first = world.control.last_call()
        wait_until(lambda: len(world.control.writes(first)) > 1)
        for handle in bags:
            time.sleep(0.5)
            world.stock(handle, 0)
            committed = time.time()
            wait_until(lambda handle=handle: offers_of(world.there(handle))[handle][1] == 0)
            # Orders are read in a slot of their own.
            later = [one for one in world.control.calls() if one["t"] > committed and one["operation"][:6] != "order."]
            passed.append(next(n for n, one in enumerate(later) if one["operation"] == "product.update_stock"))
    print(f"calls sent between a stop and its call: {passed}")
    assert sum(passed) / len(passed) < 1, passed
    assert max(passed) <= 2, passed
    refused = [call for call in world.control.calls() if call["refused"] == "rate"]
    assert refused == []
