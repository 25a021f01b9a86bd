"""Accounts: one that is dead, banned, paused or signed out slows nobody else, and goes on where it stopped."""

from __future__ import annotations

import socket
import threading
import time
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import update

from syncer.channels import lifecycle
from syncer.channels.records import Account, State
from syncer.domain.words import Words
from syncer.sdk import registry
from syncer.sdk.errors import AccountStopped, SignInNeeded
from syncer.sdk.operations import Kind, Result
from syncer.store.engine import read, write
from syncer.store.tables import account, listing
from syncer.sync.answers import open_questions
from syncer.sync.preview import plan
from syncer.sync.restored import begin_epoch, release
from syncer.sync.service import Service
from tests.sync.stall import Stall
from tests.sync.world import FAST, PATIENCE_S, World, now, offers_of, until_calm, wait_until

WORDS = Words("Tidak bisa.", "Can't.")


def second_shop(world: World, name: str = "Dua", **options: Any) -> Account:
    """Another shop of the same app on the same sandbox."""
    more = world.control.ask("POST", "shops", {"name": name})["options"]
    return world.account(name, **{**more, **options})


def stock_in(world: World, shop: Account) -> dict[str, int]:
    rows = world.control.ask("GET", f"listings?shop_id={shop.shop_id}")
    return {sku: stock for row in rows for sku, (_, stock) in offers_of(row).items()}


def threads() -> set[str]:
    return {one.name for one in threading.enumerate() if one.name != "MainThread" and "sandbox" not in one.name}


@pytest.fixture
def silent() -> Any:
    """An address that takes connections and never answers."""
    listener = socket.create_server(("127.0.0.1", 0))
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    listener.close()


def test_a_dead_account_slows_nobody(world: World, silent: str) -> None:
    good = world.account("Satu")
    dead = second_shop(world, "Dua")
    world.product("guci", stock=5)
    for shop in (good, dead):
        world.publish(shop, "guci")
    world.settle()
    with write(world.engine) as connection:
        options = {**dead.options, "base_url": silent}
        connection.execute(update(account).where(account.c.id == dead.id).values(options=options))
    with world.at_work(stop_s=0.2):
        for number in (4, 3, 2, 1):
            world.stock("guci", number)
            # A call to the dead one is given up after thirty seconds.
            wait_until(lambda number=number: stock_in(world, good) == {"guci": number}, 20.0)
    assert stock_in(world, dead) == {"guci": 5}


def test_stops_of_one_shop_pass_the_content_of_another_and_no_call_is_refused(world: World) -> None:
    calls = 6  # few, so that it is calls that are counted and not how busy this machine is
    first = world.account("Satu", calls_per_s=calls)
    second = second_shop(world, "Dua", calls_per_s=calls)
    picture = world.picture("semua")
    world.product("tas", stock=5, picture=picture)
    world.publish(second, "tas")
    world.settle()
    world.control.limits(burst_per_s=calls)
    handles = [f"guci-{number:03}" for number in range(60)]
    for handle in handles:
        world.product(handle, picture=picture)
    world.publish(first, *handles)
    with world.at_work():
        wait_until(lambda: len(stock_in(world, first)) > 1)
        world.stock("tas", 0)
        committed = time.time()
        wait_until(lambda: stock_in(world, second) == {"tas": 0})
        after = [call["operation"] for call in world.control.calls() if call["t"] > committed]
        assert after.index("product.update_stock") <= 4
    assert [call for call in world.control.calls() if call["refused"] == "rate"] == []


@pytest.mark.parametrize(("error", "state"), [(AccountStopped, "stopped"), (SignInNeeded, "sign_in_needed")])
def test_an_account_that_can_do_nothing_waits_for_its_owner(world: World, error: type[Exception], state: str) -> None:
    stall = Stall()
    shop = world.stall(stall)
    world.product("guci", stock=5)
    world.product("vas", stock=5)
    world.publish(shop, "guci", "vas")
    world.settle()
    stall.say = lambda _operation: Result(error=error("no", WORDS))  # type: ignore[call-arg]
    with world.at_work():
        world.stock("guci", 1)
        world.stock("vas", 1)
        wait_until(lambda: world.only_account().state.value == state)
        until_calm(lambda: len(stall.writes))  # calls that were under way with it end, and nothing more is tried
        assert all(row.due and row.claim is None for row in world.rows()), "and everything stays due"
        stall.say = lambda _operation: None
        with write(world.engine) as connection:
            if state == "stopped":
                lifecycle.resume(connection, world.only_account())
            else:
                connection.execute(update(account).values(state="active", problem=None))
        world.until_settled()
    assert [one.offers[0].quantity for one in stall.there.values()] == [1, 1]


def test_a_banned_shop_stops_with_a_reason_and_the_other_runs_on(world: World) -> None:
    first, second = world.account("Satu"), second_shop(world, "Dua")
    world.product("guci", stock=5)
    for shop in (first, second):
        world.publish(shop, "guci")
    world.settle()
    world.control.ask("POST", "tokens/revoke", {"shop_id": int(second.shop_id), "refresh": True, "unlink": True})
    with world.at_work():
        world.stock("guci", 2)
        wait_until(lambda: stock_in(world, first) == {"guci": 2})
        wait_until(lambda: states(world)["Dua"] is not State.ACTIVE)
        world.stock("guci", 1)
        wait_until(lambda: stock_in(world, first) == {"guci": 1})
    assert states(world)["Satu"] is State.ACTIVE


def states(world: World) -> dict[str, State]:
    from syncer.channels.records import load_accounts

    with read(world.engine) as connection:
        return {one.name: one.state for one in load_accounts(connection)}


def test_a_revoked_token_is_refreshed_once_for_all_calls(world: World) -> None:
    shop = world.account()
    picture = world.picture("semua")
    handles = [f"guci-{number}" for number in range(8)]
    for handle in handles:
        world.product(handle, picture=picture)
    world.publish(shop, *handles)
    world.settle()
    world.control.ask("POST", "tokens/revoke", {})
    before = world.control.last_call()
    for handle in handles:
        world.stock(handle, 1)
    world.settle()
    refreshes = [call for call in world.control.calls(before) if call["operation"] == "auth.access_token_get"]
    assert len(refreshes) == 1
    world.check(shop)


def test_paused_and_resumed_and_its_threads_end(world: World) -> None:
    shop = world.account()
    world.product("guci", stock=5)
    world.publish(shop, "guci")
    world.settle()
    idle = threads()
    with world.at_work() as service:
        wait_until(lambda: any("worker" in name for name in threads()))
        with write(world.engine) as connection:
            lifecycle.pause(connection, world.only_account())
        wait_until(lambda: not any(shop.account.sends for shop in service.accounts()))
        world.stock("guci", 1)
        time.sleep(0.3)
        assert stock_in(world, shop) == {"guci": 5}
        with write(world.engine) as connection:
            lifecycle.resume(connection, world.only_account())
        wait_until(lambda: stock_in(world, shop) == {"guci": 1})
    wait_until(lambda: threads() <= idle)


def test_stopping_leaves_no_thread_and_no_lease(world: World) -> None:
    shop = world.account()
    world.product("guci", stock=5)
    world.publish(shop, "guci")
    before = threads()
    for _ in range(3):
        world.sync()
    wait_until(lambda: threads() <= before)
    from syncer.sync.lease import holder

    with read(world.engine) as connection:
        assert holder(connection, shop.budget_group, now()) is None


def test_new_options_are_taken_without_a_restart(world: World) -> None:
    stall = Stall()
    shop = world.stall(stall)
    with world.at_work() as service:
        before = wait_until(service.accounts)[0]
        with write(world.engine) as connection:
            connection.execute(
                update(account).where(account.c.id == shop.id).values(options={**shop.options, "calls": 7})
            )
        service.wake()
        wait_until(lambda: [one for one in service.accounts() if one is not before])


def test_a_connector_that_can_not_be_opened_keeps_nobody_else(world: World) -> None:
    good = world.account("Satu")
    stall = Stall()
    world.stall(stall, name="Apa saja")  # before "Satu" in the alphabet
    real = world.load

    def load(name: str) -> type[Any]:
        if name == "stall":
            broken: type[Any] = real(name)
            broken.budgets = lambda _self: 1 / 0
            return broken
        return registry.load(name)

    world.load = load
    world.product("guci", stock=5)
    world.publish(good, "guci")
    world.settle()
    assert stock_in(world, good) == {"guci": 5}


def test_a_restored_database_sends_nothing_until_it_is_released_and_then_makes_nothing_twice(world: World) -> None:
    shop = world.account()
    world.product("guci", sizes=("S", "M"), stock=3)
    world.product("vas", stock=3)
    world.product("tas", stock=3)
    world.publish(shop, "guci", "vas")
    world.settle()
    # As after a restore: the copy knows "guci" with an old number, and nothing of "vas" being there.
    with write(world.engine) as connection:
        vas = world.row("vas").id
        values = {"remote_id": None, "known": None, "state": "waiting", "due": 7, "acknowledged_at": None}
        connection.execute(update(listing).where(listing.c.id == vas).values(values))
        begin_epoch(connection, now())
    before = world.control.last_call()
    world.stock("guci-S", 1)
    world.sync()
    with world.at_work():
        time.sleep(0.3)
    assert world.control.calls(before) == []
    with write(world.engine) as connection:
        release(connection)
    world.publish(shop, "tas")
    world.settle()
    creates = [call for call in world.control.writes(before) if call["operation"] == "product.add_item"]
    assert len(creates) == 1, "only what is new is made"
    world.check(shop)
    with read(world.engine) as connection:
        assert open_questions(connection) == []


def test_the_plan_says_what_would_be_sent_and_sends_nothing(world: World) -> None:
    shop = world.account()
    world.product("guci", sizes=("S", "M"), stock=3)
    world.product("vas", stock=3)
    world.publish(shop, "guci", "vas")
    world.settle()
    world.stock("guci-S", 0)
    world.price("guci-M", 120_000)
    world.title("vas", "Vas baru")
    before = world.control.last_call()
    planned = {one.handle: one for one in plan(world.deps())}
    assert world.control.calls(before) == []
    assert planned["guci"].kind == "stock"
    assert {(one["field"], one.get("sku")) for one in planned["guci"].changes} == {
        ("stock", "guci-S"),
        ("price", "guci-M"),
    }
    assert [one["field"] for one in planned["vas"].changes] == ["title"]
    world.settle()
    assert plan(world.deps()) == []


def test_a_call_that_hangs_does_not_hang_the_stop(world: World) -> None:
    stall = Stall()
    shop = world.stall(stall)
    world.product("guci", stock=5)
    world.publish(shop, "guci")
    world.settle()
    going = threading.Event()

    def hang(_operation: Any) -> None:
        going.wait(PATIENCE_S)

    stall.say = hang
    service = Service(world.deps())
    service.start()
    world.stock("guci", 1)
    wait_until(lambda: stall.writes[-1] is Kind.STOCK)
    began = time.monotonic()
    service.stop(0.3)
    assert time.monotonic() - began < PATIENCE_S / 2
    going.set()
    # Its lease was not given back: who comes next waits, and takes what hung for unknown.
    stall.say = lambda _operation: None
    world.timing = replace(FAST, call_deadline_s=0.2)
    world.settle()
    assert [one.offers[0].quantity for one in stall.there.values()] == [1]
