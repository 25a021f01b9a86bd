"""Orders in: what is sold in one shop falls in the others at once, and nothing rises before the orders were read."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select, update

from syncer.channels import lifecycle
from syncer.channels.account_settings import set_owner
from syncer.channels.joining import add_account, reconnect
from syncer.channels.records import Account, Owner, load_account
from syncer.domain.listing import Status
from syncer.domain.words import Words
from syncer.inventory.levels import full_levels
from syncer.orders import reading
from syncer.orders.inbox import questions
from syncer.orders.take_in import take_in
from syncer.sdk.errors import ConnectorError, OutcomeUnknown, SignInNeeded, Transient
from syncer.sdk.operations import Kind, Operation
from syncer.store.engine import read, write
from syncer.store.order_tables import channel_order, order_hint
from syncer.store.tables import account as account_table
from syncer.store.tables import listing, offer, variant
from syncer.sync import order_read
from syncer.sync.answers import open_questions
from syncer.sync.preview import plan
from syncer.sync.restored import begin_epoch, release
from syncer.sync.status import AccountStatus, read_status
from tests.sync.stall import SellingStall
from tests.sync.world import FAST, PATIENCE_S, World, now, until_calm, wait_until

POLLS = replace(FAST, order_poll_s=0.15)
DOWN: ConnectorError = Transient("down", Words("Toko tidak menjawab.", "The shop doesn't answer."))


class Market:
    """Stalls that sell the same pieces, and one engine. ``seen`` tells in which order things happened there."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.stalls: dict[str, SellingStall] = {}
        self.seen: list[tuple[str, str, Any]] = []
        world.load = lambda name: self.stalls[name].load(name)

    def stall(self, name: str, **options: Any) -> tuple[SellingStall, Account]:
        stall = self.stalls[name] = SellingStall()

        def say(operation: Operation) -> None:
            numbers = {one.sku: one.quantity for one in operation.rendered.offers if _carries(operation, one.key)}
            self.seen.append((name, operation.kind.value, numbers))

        stall.say = say
        stall.on_orders = lambda call: self.seen.append((name, "orders", call))
        world = self.world
        values = {"app": name, "shop": name, **options}
        added = add_account(
            world.engine,
            world.keys,
            home=world.home,
            connector=name,
            name=name,
            options=values,
            now=now() - dt.timedelta(seconds=5),
            load=world.load,
        )
        return stall, added.account

    def fails(self, name: str, error: ConnectorError | None = DOWN) -> None:
        """Let a stall refuse to tell its orders; ``None``: it tells them again."""

        def asked(call: str) -> None:
            self.seen.append((name, "orders", call))
            if error is not None:
                raise error

        self.stalls[name].on_orders = asked

    def written(self, name: str) -> list[tuple[str, Any]]:
        """The writes of one stall, in order."""
        return [(what, numbers) for where, what, numbers in self.seen if where == name and what != "orders"]

    def status(self, name: str) -> AccountStatus:
        with read(self.world.engine) as connection:
            return next(one for one in read_status(connection, now()) if one.name == name)

    def state(self, account: Account) -> reading.OrderRead:
        with read(self.world.engine) as connection:
            return reading.load_read(connection, account.id)

    def held(self, sku: str) -> tuple[int, int]:
        """On hand and held of one SKU."""
        with read(self.world.engine) as connection:
            key = connection.execute(select(variant.c.id).where(variant.c.sku == sku)).scalar_one()
            levels = full_levels(connection, [key])[key].values()
        return sum(one.on_hand for one in levels), sum(one.held for one in levels)

    def hint(self, account: Account, *order_ids: str, returned: str = "") -> None:
        with write(self.world.engine) as connection:
            reading.hint(connection, account.id, order_ids, now(), returned=returned)

    def orders(self) -> dict[str, Any]:
        with read(self.world.engine) as connection:
            return {row.remote_id: row for row in connection.execute(select(channel_order))}


def _carries(operation: Operation, key: str) -> bool:
    return operation.kind in (Kind.CREATE, Kind.RESHAPE) or (operation.kind is Kind.STOCK and key in operation.offers)


@pytest.fixture
def market(world: World) -> Market:
    return Market(world)


def sells(
    market: Market, *accounts: Account, stock: int = 5, sizes: tuple[str, ...] = (), handle: str = "guci"
) -> None:
    """Publish one product on these accounts and wait until it is there."""
    market.world.product(handle, stock=stock, sizes=sizes)
    for account in accounts:
        market.world.publish(account, handle)
    market.world.settle()
    market.seen.clear()


def rows(market: Market, account: Account) -> list[Any]:
    with read(market.world.engine) as connection:
        return list(connection.execute(select(listing).where(listing.c.account_id == account.id)))


# A sale


def test_a_sale_in_one_shop_falls_in_the_other_at_once(market: Market) -> None:
    here, first = market.stall("satu")
    there, second = market.stall("dua")
    sells(market, first, second, stock=40)
    # By itself it would look much later than this test may take: each sale has to wake it.
    with market.world.at_work(replace(FAST, poll_s=300.0, order_poll_s=300.0)):
        for number in range(1, 16):
            order_id = here.buy("guci")
            market.hint(first, order_id)
            wait_until(lambda left=40 - number: there.shown("guci") == left, 30.0)
    assert here.shown("guci") == 25
    assert market.held("guci") == (40, 15)


def test_without_any_webhook_a_poll_finds_it(market: Market) -> None:
    here, first = market.stall("satu")
    there, second = market.stall("dua")
    sells(market, first, second, stock=1)
    with market.world.at_work(POLLS):
        order_id = here.buy("guci")
        wait_until(lambda: there.shown("guci") == 0)
        here.becomes(order_id, "cancelled", gives_back=True)
        wait_until(lambda: there.shown("guci") == 1)
        wait_until(lambda: here.shown("guci") == 1 and not rows(market, first)[0].due)
    assert market.held("guci") == (1, 0)


def test_a_hundred_hints_about_one_order_are_one_look(market: Market) -> None:
    here, first = market.stall("satu")
    sells(market, first)
    order_id = here.buy("guci")
    here.reads.clear()
    began = time.monotonic()
    with market.world.at_work():
        for _ in range(100):
            market.hint(first, order_id)
        wait_until(lambda: market.held("guci") == (5, 1))
        time.sleep(0.2)
    most = 1 + (time.monotonic() - began) / reading.READ_AGAIN.total_seconds()
    assert len([call for call in here.reads if call.startswith("named")]) <= most
    with read(market.world.engine) as connection:
        assert len(list(connection.execute(select(order_hint)))) <= 1, "at most one look that waits its two seconds"


def test_a_return_that_only_a_webhook_tells_of_is_asked(market: Market) -> None:
    here, first = market.stall("satu")
    sells(market, first)
    order_id = here.buy("guci")
    here.becomes(order_id, "shipped")
    market.hint(first, order_id, returned="R1")
    market.hint(first, order_id)
    with market.world.at_work():
        wait_until(lambda: order_id in market.orders() and market.orders()[order_id].problem is not None)
    with read(market.world.engine) as connection:
        assert [one["pieces"] for one in questions(connection)] == [{"guci": 1}]
        assert list(connection.execute(select(order_hint))) == []


def test_an_order_that_the_shop_does_not_know_yet_is_looked_for_again(market: Market) -> None:
    here, first = market.stall("satu")
    sells(market, first)
    order_id = here.buy("guci")
    here.hidden.add(order_id)
    with market.world.at_work():
        market.hint(first, order_id)
        wait_until(lambda: any(call.startswith("named") for call in here.reads))
        here.hidden.clear()
        with write(market.world.engine) as connection:
            connection.execute(update(order_hint).values(due_at=now()))
        wait_until(lambda: market.held("guci") == (5, 1))


# The rise rule


def test_nothing_is_shown_before_the_orders_were_read(market: Market) -> None:
    stall, account = market.stall("satu")
    market.world.product("guci", stock=2)
    market.world.publish(account, "guci")
    market.world.settle()
    assert [what for _, what, _ in market.seen][:2] == ["orders", "orders"], "open orders, then what changed"
    assert [what for what, _ in market.written("satu")] == ["create"]
    market.seen.clear()
    market.world.stock("guci", 1)
    market.world.settle()
    assert market.seen == [("satu", "stock", {"guci": 1})], "a fall doesn't wait"
    market.seen.clear()
    market.world.stock("guci", 4)
    market.world.settle()
    assert market.seen[0] == ("satu", "orders", "changed")
    assert market.written("satu") == [("stock", {"guci": 4})]
    assert stall.shown("guci") == 4


def test_a_sale_that_crosses_a_restock_is_not_sold_again(market: Market) -> None:
    here, first = market.stall("satu")
    there, second = market.stall("dua")
    sells(market, first, second, stock=1)
    here.buy("guci")
    market.world.stock("guci", 3)
    market.world.settle()
    assert here.shown("guci") == there.shown("guci") == 2
    # On the shop that sold it, three were never there again.
    assert [numbers for _, numbers in market.written("satu")] == [{"guci": 2}]


def test_one_read_serves_all_that_wait(market: Market) -> None:
    stall, account = market.stall("satu")
    handles = [f"guci-{number:02}" for number in range(40)]
    picture = market.world.picture("semua")
    for handle in handles:
        market.world.product(handle, picture=picture)
    market.world.publish(account, *handles)
    market.world.settle()
    for handle in handles:
        market.world.stock(handle, 9)
    stall.reads.clear()
    began = time.monotonic()
    with market.world.at_work():
        wait_until(lambda: all(stall.shown(handle) == 9 for handle in handles))
    assert len(stall.reads) < 2 + (time.monotonic() - began) / order_read.LEAST_PAUSE_S
    assert len(stall.reads) < len(handles) / 2


@pytest.mark.parametrize("sku", ["kain-S", "kain-M"])
def test_a_fall_never_waits_for_a_rise_of_the_same_listing(market: Market, sku: str) -> None:
    stall, account = market.stall("satu")
    sells(market, account, sizes=("S", "M"), handle="kain")
    market.fails("satu")
    other = {"kain-S": "kain-M", "kain-M": "kain-S"}[sku]
    market.world.stock(other, 9)
    market.world.stock(sku, 2)
    with market.world.at_work():
        wait_until(lambda: stall.shown(sku) == 2)
        time.sleep(0.2)
        assert stall.shown(other) == 5
        market.fails("satu", None)
        wait_until(lambda: stall.shown(other) == 9)
    assert market.written("satu") == [("stock", {sku: 2}), ("stock", {other: 9})]


def test_while_orders_cannot_be_read_rises_wait_in_sight_and_all_else_goes_on(market: Market) -> None:
    stall, account = market.stall("satu")
    sells(market, account, stock=3)
    market.fails("satu")
    world = market.world
    with world.at_work():
        world.stock("guci", 7)
        wait_until(lambda: rows(market, account)[0].problem)
        problem = rows(market, account)[0].problem
        assert problem["code"] == "orders_unread"
        assert "doesn't answer" in problem["words"]["en"]
        status = market.status("satu")
        assert status.orders.waiting_rises == 1
        assert status.orders.problem is not None
        assert status.to_json()["orders_problem"]["en"] == "The shop doesn't answer."
        assert [one.kind for one in plan(world.deps())] == ["orders"]
        assert "order read" in plan(world.deps())[0].why.en
        world.title("guci", "Guci baru")
        world.price("guci", 120_000)
        wait_until(lambda: {"price", "update"} <= {what for what, _ in market.written("satu")})
        world.stock("guci", 1)
        wait_until(lambda: stall.shown("guci") == 1)
        world.stock("guci", 6)
        time.sleep(0.2)
        assert stall.shown("guci") == 1
        market.fails("satu", None)
        wait_until(lambda: stall.shown("guci") == 6)
    row = rows(market, account)[0]
    assert (row.problem, row.held, row.state) == (None, None, "live")
    assert market.status("satu").orders.problem is None


def test_syncer_sync_ends_although_orders_cannot_be_read(market: Market) -> None:
    _, account = market.stall("satu")
    sells(market, account, stock=3)
    market.fails("satu")
    market.world.stock("guci", 7)
    assert market.world.sync(horizon_s=1.0) == 1


def unknown(market: Market, sku: str, least: int) -> None:
    """Nobody knows how many the shop shows, but that it is at least so many."""
    with write(market.world.engine) as connection:
        key = connection.execute(select(variant.c.id).where(variant.c.sku == sku)).scalar_one()
        values = {"quantity": least, "quantity_unknown": True}
        connection.execute(update(offer).where(offer.c.variant_id == key).values(values))


def test_an_unknown_number_is_not_raised_and_not_left_too_high(market: Market) -> None:
    stall, account = market.stall("satu")
    sells(market, account, stock=8)
    unknown(market, "guci", 2)
    market.fails("satu")
    with market.world.at_work():
        market.world.stock("guci", 5)
        wait_until(lambda: stall.shown("guci") == 2)
        time.sleep(0.2)
        assert stall.shown("guci") == 2, "the least that may be there, until the orders are read"
        market.fails("satu", None)
        wait_until(lambda: stall.shown("guci") == 5)


def test_an_unknown_number_that_surely_falls_goes_out_at_once(market: Market) -> None:
    stall, account = market.stall("satu")
    sells(market, account, stock=8)
    unknown(market, "guci", 7)
    market.world.stock("guci", 6)
    market.world.settle()
    assert market.seen == [("satu", "stock", {"guci": 6})]
    assert stall.shown("guci") == 6


def test_new_pieces_of_a_listing_wait_and_dropped_ones_do_not(market: Market) -> None:
    from syncer.domain.product import Variant

    stall, account = market.stall("satu")
    sells(market, account, sizes=("S", "M"), handle="kain")
    market.world.variants("kain", lambda old: old[1:])
    market.world.settle()
    assert "orders" not in [what for _, what, _ in market.seen]
    market.seen.clear()
    new = Variant("kain-L", market.world.product_now("kain").variants[0].price, ("L",), weight_g=400)
    market.world.variants("kain", lambda old: (*old, new), stock=4)
    market.world.settle()
    assert [what for _, what, _ in market.seen][:1] == ["orders"]
    assert stall.shown("kain-L") == 4


def test_bringing_back_waits(market: Market) -> None:
    stall, account = market.stall("satu")
    sells(market, account)
    market.world.withdraw(account, "guci")
    market.world.settle()
    assert [what for _, what, _ in market.seen] == ["hide"]
    market.seen.clear()
    market.fails("satu")
    market.world.publish(account, "guci")
    with market.world.at_work():
        wait_until(lambda: rows(market, account)[0].problem)
        assert "show" not in [what for what, _ in market.written("satu")]
        market.fails("satu", None)
        wait_until(lambda: next(iter(stall.there.values())).status is Status.LIVE)


def test_what_a_look_finds_lower_is_raised_only_after_the_orders(market: Market) -> None:
    stall, account = market.stall("satu")
    sells(market, account, stock=5)
    stall.say = lambda _operation: None
    lost = OutcomeUnknown("lost", Words("", ""))

    def answer_lost(operation: Operation) -> None:
        stall.say = lambda _operation: None
        stall.write(operation)
        raise lost

    stall.say = answer_lost
    market.world.title("guci", "Guci lain")
    with market.world.at_work():
        wait_until(lambda: stall.there and next(iter(stall.there.values())).fields["title"] == "Guci lain")
        stall.buy("guci", 2)
        market.world.until_settled()
    assert stall.shown("guci") == 3
    assert market.held("guci") == (5, 2)


@pytest.mark.parametrize("owner", [Owner.OURS, Owner.THEIRS, Owner.ASK])
def test_a_sale_that_a_sweep_sees_first_is_no_drift(market: Market, owner: Owner) -> None:
    stall, account = market.stall("satu")
    with write(market.world.engine) as connection:
        set_owner(connection, account, "stock", owner, now=now())
    sells(market, account, stock=5)
    stall.buy("guci", 2)
    with write(market.world.engine) as connection:
        connection.execute(update(listing).values(acknowledged_at=now() - dt.timedelta(days=1), verified_at=None))
    with market.world.at_work() as service:
        wait_until(lambda: service.sweep()[0].complete)
        market.world.until_settled()
        assert market.held("guci") == (5, 2)
        assert stall.shown("guci") == 3
    with read(market.world.engine) as connection:
        assert open_questions(connection) == []
    assert "drift" not in market.world.events(rows(market, account)[0].id)


# Pages, restarts, kills


def buy_some(stall: SellingStall, count: int) -> list[str]:
    found = []
    for _ in range(count):
        found.append(stall.buy("guci"))
        time.sleep(0.002)
    return found


def test_a_restart_in_the_middle_goes_on_there(market: Market) -> None:
    stall, account = market.stall("satu")
    sells(market, account, stock=20)
    buy_some(stall, 8)
    reached, go_on = threading.Event(), threading.Event()

    def at_the_third(call: str) -> None:
        if call == "changed 6":
            reached.set()
            go_on.wait(PATIENCE_S)
            raise DOWN

    stall.on_orders = at_the_third
    with market.world.at_work(POLLS) as service:
        assert reached.wait(PATIENCE_S)
        service.abort()
        go_on.set()
    assert market.state(account).cursor == "6"
    assert market.held("guci") == (20, 6)
    stall.reads.clear()
    stall.on_orders = lambda _call: None
    with market.world.at_work():
        wait_until(lambda: market.held("guci") == (20, 8))
    assert stall.reads[0] == "changed 6"


def test_killed_between_a_page_and_its_cursor_neither_is_kept(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException):
        pass

    stall, account = market.stall("satu")
    sells(market, account, stock=20)
    buy_some(stall, 5)
    whole = reading.move
    kills = []

    def killed(*arguments: Any, **named: Any) -> bool:
        kills.append(market.state(account).cursor)
        if len(kills) <= 2:
            raise Killed
        return whole(*arguments, **named)

    monkeypatch.setattr(order_read.reading, "move", killed)
    with market.world.at_work(POLLS):
        wait_until(lambda: kills)
        wait_until(lambda: len(kills) > 3)
        wait_until(lambda: market.held("guci") == (20, 5))
    assert kills[:3] == [None, None, None], "the same page again"
    assert len(market.orders()) == 5


def test_one_bad_order_does_not_hold_up_the_page(market: Market) -> None:
    stall, account = market.stall("satu")
    sells(market, account, stock=20)
    ids = buy_some(stall, 5)
    stall.unreadable = {ids[1]}
    with market.world.at_work(POLLS):
        wait_until(lambda: market.held("guci") == (20, 4))
        wait_until(lambda: market.status("satu").orders.unreadable == 1)
        assert market.status("satu").orders.problem is None
        stall.unreadable.clear()
        with write(market.world.engine) as connection:
            connection.execute(update(order_hint).values(due_at=now()))
        wait_until(lambda: market.held("guci") == (20, 5))
        wait_until(lambda: market.status("satu").orders.unreadable == 0)


def test_an_order_that_breaks_our_own_code_is_kept_aside(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    stall, account = market.stall("satu")
    sells(market, account, stock=20)
    ids = buy_some(stall, 4)
    whole: Callable[..., Any] = take_in

    def breaks(connection: Any, account: Any, facts: Any, orders: Any, **named: Any) -> Any:
        found = whole(connection, account, facts, orders, **named)
        if any(one.remote_id == ids[2] for one in orders):
            raise ZeroDivisionError
        return found

    monkeypatch.setattr(order_read, "take_in", breaks)
    with market.world.at_work(POLLS):
        wait_until(lambda: market.held("guci") == (20, 3))
        wait_until(lambda: market.status("satu").orders.unreadable == 1)
    assert ids[2] not in market.orders()


def test_a_late_order_and_an_old_state_of_one(market: Market) -> None:
    stall, account = market.stall("satu")
    sells(market, account, stock=20)
    first, second = buy_some(stall, 2)
    stall.hidden.add(first)
    with market.world.at_work(POLLS):
        wait_until(lambda: market.held("guci") == (20, 1))
        stall.hidden.clear()
        wait_until(lambda: market.held("guci") == (20, 2))
        old = stall.orders[second]
        stall.becomes(second, "shipped")
        wait_until(lambda: market.held("guci") == (19, 1))
        # The list goes back to an older state for a while.
        newest, stall.orders[second] = stall.orders[second], old
        market.hint(account, second)
        time.sleep(0.5)
        assert market.held("guci") == (19, 1)
        stall.orders[second] = newest
    assert market.orders()[second].status == "shipped"


def test_a_stale_cursor_is_given_up(market: Market) -> None:
    stall, account = market.stall("satu")
    sells(market, account, stock=20)
    buy_some(stall, 5)
    good = {"cursor": False}

    def asked(call: str) -> None:
        if call == "changed 3" and not good["cursor"]:
            raise DOWN
        if call == "changed" and market.state(account).tries >= reading.STALE_AFTER:
            good["cursor"] = True

    stall.on_orders = asked
    with market.world.at_work(replace(POLLS, backoff_s=0.01)):
        wait_until(lambda: market.held("guci") == (20, 5))


# Accounts


def test_what_was_open_when_it_went_live_is_held_and_what_was_over_is_not_counted(market: Market) -> None:
    stall, account = market.stall("satu")
    world = market.world
    world.product("guci", stock=10)
    world.publish(account, "guci")
    long_ago = now() - dt.timedelta(days=40)
    with world.at_work():
        wait_until(lambda: stall.there)
    with write(world.engine) as connection:
        connection.execute(update(account_table).values(created_at=now()))
        reading.open_from(connection, account.id, now())
        reading.forget_last(connection, account.id)
    open_id = stall.buy("guci", 2, at=long_ago)
    over_id = stall.buy("guci", 3, at=long_ago)
    stall.becomes(over_id, "shipped")
    with world.at_work(POLLS):
        wait_until(lambda: over_id in market.orders() and market.held("guci") == (10, 2))
        new_id = stall.buy("guci", 1)
        stall.becomes(new_id, "shipped")
        wait_until(lambda: market.held("guci") == (9, 2))
        stall.becomes(open_id, "shipped")
        wait_until(lambda: market.held("guci") == (7, 0))
    assert not market.orders()[over_id].counted


def test_a_paused_account_reads_its_orders_and_one_that_only_looks_does_not(market: Market) -> None:
    here, first = market.stall("satu")
    there, second = market.stall("dua")
    sells(market, first, second, stock=5)
    with write(market.world.engine) as connection:
        lifecycle.pause(connection, load_account(connection, first.id))
        connection.execute(update(account_table).where(account_table.c.id == second.id).values(mode="read_only"))
    there.reads.clear()
    with market.world.at_work(POLLS):
        here.buy("guci")
        wait_until(lambda: market.held("guci") == (5, 1))
        time.sleep(0.3)
    assert there.reads == []
    assert market.written("satu") == []


def test_an_account_that_comes_back_reads_what_it_missed_first(market: Market) -> None:
    stall, account = market.stall("satu")
    sells(market, account, stock=5)
    world = market.world
    with write(world.engine) as connection:
        lifecycle.disconnect(connection, load_account(connection, account.id))
    stall.buy("guci", 2)
    world.stock("guci", 9)
    world.product("tas", stock=1)
    with write(world.engine) as connection:
        current = load_account(connection, account.id)
    world.sync()
    assert stall.reads[-1:] != ["named"]
    reconnect(world.engine, world.keys, current, home=world.home, now=now(), load=world.load)
    world.publish(account, "tas")
    market.seen.clear()
    world.settle()
    assert market.seen[0][1] == "orders"
    assert stall.shown("guci") == 7
    assert max(numbers["guci"] for _, numbers in market.written("satu") if "guci" in (numbers or {})) == 7


def test_a_restored_database_reads_orders_before_anything(market: Market) -> None:
    stall, account = market.stall("satu")
    sells(market, account, stock=5)
    world = market.world
    stall.buy("guci", 2)
    with write(world.engine) as connection:
        begin_epoch(connection, now())
    looks = stall.looks
    stall.on_orders = lambda call: market.seen.append(("satu", "orders", (call, stall.looks - looks)))
    with world.at_work():
        time.sleep(0.2)
        assert market.seen == []
        with write(world.engine) as connection:
            release(connection)
        wait_until(lambda: not rows(market, account)[0].due)
    assert market.seen[0] == ("satu", "orders", ("open", 0))
    assert market.seen[1] == ("satu", "orders", ("changed", 0))
    assert stall.shown("guci") == 3


def test_a_refused_sign_in_stops_the_account(market: Market) -> None:
    _, account = market.stall("satu")
    sells(market, account, stock=5)
    market.fails("satu", SignInNeeded("token", Words("Masuk lagi.", "Sign in again.")))
    with market.world.at_work(POLLS):
        wait_until(lambda: market.status("satu").state == "sign_in_needed")
        # Longer than two polls: what was under way ends, and nothing more is asked.
        until_calm(lambda: len(market.seen))


def test_a_bug_in_reading_orders_keeps_nothing_else(market: Market) -> None:
    stall, account = market.stall("satu")
    sells(market, account, stock=5)

    def bug(_call: str) -> None:
        raise ZeroDivisionError

    stall.on_orders = bug
    with market.world.at_work(POLLS):
        wait_until(lambda: market.status("satu").orders.problem is not None)
        market.world.stock("guci", 2)
        wait_until(lambda: stall.shown("guci") == 2)
        stall.on_orders = lambda _call: None
        market.world.stock("guci", 4)
        wait_until(lambda: stall.shown("guci") == 4)
