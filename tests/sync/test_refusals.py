"""What a shop refuses, or answers in a way that nobody understands: three strikes, then a person; stock goes on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import select, text

from syncer.catalogue.edit import save_product
from syncer.catalogue.read import load_product
from syncer.domain.product import Variant
from syncer.domain.words import Words
from syncer.sdk.errors import Blocked, ConnectorError, OutcomeUnknown, Rejected, Transient, Unclassified
from syncer.sdk.operations import Kind, Operation, Result
from syncer.store.engine import open_engine, read, write
from syncer.store.tables import lease
from syncer.sync.answers import problem_rows, retry
from syncer.sync.prepare import STRIKES
from syncer.sync.service import Service
from tests.sync.stall import Stall
from tests.sync.world import FAST, PATIENCE_S, World, now, wait_until

WORDS = Words("Tidak mau.", "Won't do.")


def refuse(
    *kinds: Kind, error: Callable[[str, Words], ConnectorError] = Rejected
) -> Callable[[Operation], Result | None]:
    return lambda operation: Result(error=error("no", WORDS)) if operation.kind in kinds else None


@pytest.fixture
def stall() -> Stall:
    return Stall()


@pytest.fixture
def shop(world: World, stall: Stall) -> World:
    account = world.stall(stall)
    world.product("guci", stock=5)
    world.product("vas", stock=5)
    world.publish(account, "guci", "vas")
    world.settle()
    stall.writes.clear()
    return world


def there(stall: Stall, sku: str) -> tuple[int, int]:
    offer = next(o for one in stall.there.values() for o in one.offers if o.sku == sku)
    return int(offer.price or 0), int(offer.quantity or 0)


def try_all(shop: World) -> None:
    """Let everything that waits be tried, often enough for three strikes."""
    for _ in range(5):
        shop.sync(horizon_s=0.5)
        shop.hurry()
    shop.sync(horizon_s=0.5)


@pytest.mark.parametrize("error", [Rejected, Unclassified])
def test_three_strikes_and_a_person(shop: World, stall: Stall, error: type[ConnectorError]) -> None:
    stall.say = refuse(Kind.UPDATE, error=error)
    shop.title("guci", "Guci baru")
    try_all(shop)
    assert stall.writes == [Kind.UPDATE] * 3
    row = shop.row("guci")
    assert (row.state, row.due) == ("fix" if error is Rejected else "parked", 0)
    with read(shop.engine) as connection:
        assert [(one.handle, one.problem.code) for one in problem_rows(connection)] == [("guci", "no")]
    shop.stock("guci", 2)
    try_all(shop)
    assert there(stall, "guci") == (100_000, 2), "its stock goes out"
    assert stall.writes == [Kind.UPDATE] * 3 + [Kind.STOCK], "its content doesn't"
    assert shop.row("guci").state == row.state, "and a person is still told"
    stall.say = lambda _operation: None
    shop.title("guci", "Guci lain")
    shop.settle()
    assert shop.row("guci").state == "live"
    assert shop.row("guci").problem is None


def test_a_person_may_say_try_again(shop: World, stall: Stall) -> None:
    stall.say = refuse(Kind.UPDATE)
    shop.title("guci", "Guci baru")
    try_all(shop)
    stall.say = lambda _operation: None
    with write(shop.engine) as connection:
        assert retry(connection, shop.only_account().id, shop.product_now("guci").id, now=now())
    shop.settle()
    assert next(one for one in stall.there.values() if one.marker == "guci").fields["title"] == "Guci baru"


@pytest.mark.parametrize("error", [Transient, Blocked])
def test_what_passes_is_tried_for_as_long_as_it_takes(shop: World, stall: Stall, error: type[ConnectorError]) -> None:
    stall.say = refuse(Kind.UPDATE, error=error)
    shop.title("guci", "Guci baru")
    try_all(shop)
    assert len(stall.writes) > 3
    assert shop.row("guci").due != 0
    stall.writes.clear()
    began = time.monotonic()
    with shop.at_work():
        time.sleep(1.0)
    most = 2 + (time.monotonic() - began) / FAST.backoff_most_s
    assert len(stall.writes) <= most, "not more often than the longest back-off says"
    stall.say = lambda _operation: None
    shop.settle()
    assert shop.row("guci").state == "live"


def test_a_refused_rise_rests_and_a_refused_fall_does_not(shop: World, stall: Stall) -> None:
    stall.say = refuse(Kind.STOCK, error=Unclassified)
    shop.stock("guci", 9)
    try_all(shop)
    assert shop.row("guci").due == 0
    shop.stock("vas", 1)
    try_all(shop)
    assert shop.row("vas").due != 0
    stall.say = lambda _operation: None
    shop.hurry()
    shop.settle()
    assert there(stall, "vas") == (100_000, 1)


def test_a_bug_in_a_connector_parks_one_listing(shop: World, stall: Stall) -> None:
    def say(operation: Operation) -> Result | None:
        if operation.ref.marker == "guci":
            raise KeyError("halo")
        return None

    stall.say = say
    shop.title("guci", "Guci baru")
    shop.title("vas", "Vas baru")
    try_all(shop)
    assert shop.row("guci").state == "parked"
    assert shop.row("guci").problem["code"] == "bug_KeyError"
    assert shop.row("vas").state == "live"


def test_a_bug_in_render_holds_up_nothing_else(shop: World, stall: Stall) -> None:
    def on_render(listing: object) -> None:
        if getattr(listing, "marker", "") == "guci":
            raise ZeroDivisionError

    stall.on_render = on_render
    shop.title("guci", "Guci baru")
    shop.title("vas", "Vas baru")
    shop.sync()
    assert shop.row("guci").state == "fix"
    assert shop.row("guci").problem["code"] == "bug_ZeroDivisionError"
    assert shop.row("vas").state == "live"


def test_a_shop_that_says_yes_and_keeps_its_own_is_noticed(shop: World, stall: Stall) -> None:
    stall.say = lambda operation: Result(stall.there[operation.remote_id]) if operation.kind is Kind.UPDATE else None
    shop.title("guci", "Guci baru")
    try_all(shop)
    row = shop.row("guci")
    assert (row.state, row.due, row.problem["code"]) == ("parked", 0, "not_kept")
    assert stall.writes == [Kind.UPDATE] * 3


def test_a_shop_whose_steps_lead_nowhere_is_noticed(shop: World, stall: Stall) -> None:
    """Each write is one step of several, says its connector; but none is ever the last."""
    stall.say = lambda operation: (
        Result(stall.there[operation.remote_id], again_after_s=0.0) if operation.kind is Kind.RESHAPE else None
    )
    added = Variant(sku="guci-2", price=Decimal(90_000), option_values=("Besar",), weight_g=400)
    with write(shop.engine) as connection:
        before = load_product(connection, "guci")
        first = replace(before.variants[0], option_values=("Kecil",))
        save_product(connection, replace(before, option_names=("Ukuran",), variants=(first, added)), now=now())
    for _ in range(30):
        shop.sync(horizon_s=0.5)
        shop.hurry()
        if shop.row("guci").due == 0:
            break
    row = shop.row("guci")
    assert (row.state, row.due, row.problem["code"]) == ("parked", 0, "not_kept")
    assert STRIKES < len(stall.writes) <= STRIKES * (STRIKES + 1)


def test_an_unclear_answer_is_read_back_before_anything_else(shop: World, stall: Stall) -> None:
    answers = iter([Result(error=OutcomeUnknown("lost", WORDS))])
    stall.say = lambda operation: next(answers, None) if operation.kind is Kind.UPDATE else None
    shop.title("guci", "Guci baru")
    looks = stall.looks
    shop.settle()
    assert stall.writes == [Kind.UPDATE, Kind.UPDATE]
    assert stall.looks > looks


def test_a_rise_that_is_unsure_is_read_and_a_fall_is_sent_again_at_once(shop: World, stall: Stall) -> None:
    lost = [Result(error=OutcomeUnknown("lost", WORDS)), Result(error=OutcomeUnknown("lost", WORDS))]
    stall.say = lambda operation: lost.pop() if lost and operation.kind is Kind.STOCK else None
    with shop.at_work():
        shop.stock("guci", 0)
        wait_until(lambda: there(stall, "guci")[1] == 0)
    assert stall.writes[:2] == [Kind.STOCK, Kind.STOCK]


def test_an_edit_does_not_shorten_the_pause_that_the_shop_asks_for(shop: World, stall: Stall) -> None:
    times = []

    def say(operation: Operation) -> Result | None:
        times.append(time.monotonic())
        return Result(stall.there[operation.remote_id], again_after_s=0.6) if len(times) == 1 else None

    stall.say = say
    with shop.at_work():
        shop.price("guci", 120_000)
        wait_until(lambda: stall.writes == [Kind.PRICE])
        for number in range(5):
            shop.title("guci", f"Guci ke-{number}")
            time.sleep(0.05)
        wait_until(lambda: len(times) > 1)
    assert times[1] - times[0] > 0.5


def test_what_waits_for_its_budget_is_given_back_when_the_engine_stops(shop: World, stall: Stall) -> None:
    with shop.at_work(stop_s=300.0) as service:
        wait_until(service.accounts)
        for one in service.accounts():
            one.pacer.refused(None, 300.0)
        shop.stock("guci", 0)
        time.sleep(0.3)
        began = time.monotonic()
    assert time.monotonic() - began < 25.0, "it doesn't wait for its budget"
    assert stall.writes == []
    row = shop.row("guci")
    assert (row.claim, row.under_way, row.state) == (None, None, "live")
    assert row.due != 0
    shop.settle()
    assert there(stall, "guci") == (100_000, 0)


def test_an_outcome_that_the_database_could_not_take_counts_as_unknown(shop: World, stall: Stall) -> None:
    going = threading.Event()
    locked = threading.Event()

    def say(_operation: Operation) -> None:
        locked.set()
        going.wait(PATIENCE_S)

    stall.say = say
    engine = open_engine(shop.engine.url.render_as_string(hide_password=False), home=shop.home, busy_s=0.2)
    service = Service(replace(shop.deps(), engine=engine))
    service.start()
    try:
        shop.stock("guci", 1)
        assert locked.wait(PATIENCE_S)
        stall.say = lambda _operation: None
        with write(shop.engine) as connection:
            if shop.engine.dialect.name == "postgresql":
                connection.execute(text("SET LOCAL lock_timeout = '60s'"))
                connection.execute(select(lease).with_for_update()).all()
            going.set()
            time.sleep(0.6)
        wait_until(lambda: there(stall, "guci") == (100_000, 1))
        shop.until_settled()
    finally:
        service.stop()
        engine.dispose()
    assert shop.row("guci").state == "live"
