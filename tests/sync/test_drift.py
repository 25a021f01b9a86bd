"""What a person changed there: put back (twice a day), taken in, or asked about, as the field's owner says."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import update

from syncer.channels.account_settings import set_owner
from syncer.channels.records import Owner
from syncer.inventory.levels import available
from syncer.store.engine import read, write
from syncer.store.marks import Due, Lane, mark
from syncer.store.tables import listing
from syncer.sync.answers import Question, confirm, open_questions, reject
from syncer.sync.look_asked import Answer, answer_looks, answers, ask, forget
from syncer.sync.service import Service
from syncer.sync.sweep import Swept
from tests.sync.world import FAST, World, now, offers_of, wait_until


@pytest.fixture
def shop(world: World) -> World:
    account = world.account()
    world.product("kain", sizes=("S", "M"), stock=5)
    world.product("guci", stock=3)
    world.publish(account, "kain", "guci")
    world.settle()
    quiet(world)
    return world


def quiet(world: World) -> None:
    """Let the last write be long ago, so that a read of now can't be of before it."""
    with write(world.engine) as connection:
        connection.execute(update(listing).values(acknowledged_at=now().replace(year=2020), verified_at=None))


def edit(world: World, handle: str, **change: Any) -> None:
    """A person changes something in the shop."""
    world.control.ask("POST", "edit", {"remote_id": world.row(handle).remote_id, **change})


def walk(service: Service) -> Swept:
    """Walk the whole shop; a walk that was cut short is made again."""
    found: Swept = wait_until(lambda: next((one for one in service.sweep() if one.complete), None))
    return found


def sweep(world: World) -> int:
    """Walk the whole shop, let the engine act on it, and return how many drifts it found.

    A walk that a stall of this machine has cut short (its lease ran low, a call took too long) is made again.
    """
    drifts = 0

    def walked() -> bool:
        nonlocal drifts
        (found,) = service.sweep()
        drifts += len(found.drifts)
        return found.complete and not found.unjudged

    with world.at_work() as service:
        wait_until(walked)
        world.until_settled()
    return drifts


def own(world: World, field: str, owner: Owner) -> None:
    with write(world.engine) as connection:
        set_owner(connection, world.only_account(), field, owner, now=now())
    world.settle()
    quiet(world)


def questions(world: World) -> list[Question]:
    with read(world.engine) as connection:
        return open_questions(connection)


def free(world: World, sku: str) -> int:
    with read(world.engine) as connection:
        product = world.product_now(sku.split("-", maxsplit=1)[0])
        key = next(variant.id for variant in product.variants if variant.sku == sku)
        return available(connection, [key])[key]


def test_nothing_drifted_nothing_sent(shop: World) -> None:
    before = shop.control.last_call()
    assert sweep(shop) == 0
    assert shop.control.writes(before) == []


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("listings", "rounds"), [(20, 3), pytest.param(100, 50, marks=pytest.mark.long)], ids=["120", "10000"]
)
def test_echoes_of_our_own_writes_cause_no_write(world: World, listings: int, rounds: int) -> None:
    """Walks of the whole shop, and looks at each listing as a webhook asks for them: all show our own values."""
    account = world.account()
    picture = world.picture("semua")
    handles = [f"guci-{number}" for number in range(listings)]
    for number, handle in enumerate(handles):
        sizes = ("S", "M") if number % 4 == 0 else ()
        world.product(handle, sizes=sizes, stock=number % 5, picture=picture)
    world.publish(account, *handles)
    world.settle()
    for handle in handles:
        world.title(handle, f"Guci {handle} yang baru")
    world.settle()
    quiet(world)
    before, echoes = world.control.last_call(), 0
    with world.at_work() as service:
        for _ in range(rounds):
            echoes += walk(service).seen
            with write(world.engine) as connection:
                echoes += mark(connection, listing.c.id > 0, Due.READ, Lane.READ, now=now())
            world.until_settled(60.0)
    assert echoes == 2 * listings * rounds
    assert world.control.writes(before) == []


@pytest.mark.parametrize("change", [{"title": "Judul orang"}, {"price": 77_000, "offer": "kain-S"}, {"stock": 9}])
def test_ours_is_put_back_twice_a_day_and_then_asked(shop: World, change: dict[str, Any]) -> None:
    for _ in range(2):
        edit(shop, "kain", **change)
        assert sweep(shop) >= 1
        shop.check(shop.only_account())
        quiet(shop)
    edit(shop, "kain", **change)
    before = shop.control.last_call()
    sweep(shop)
    assert shop.control.writes(before) == []
    assert questions(shop)[0].kind == "drift"
    assert shop.events(shop.row("kain").id).count("drift") >= 2


def test_theirs_is_taken_in(shop: World) -> None:
    for field in ("title", "price", "stock"):
        own(shop, field, Owner.THEIRS)
    edit(shop, "guci", title="Guci dari toko", price=90_000, stock=2)
    before = shop.control.last_call()
    sweep(shop)
    assert shop.control.writes(before) == [], "the shop is right already"
    assert shop.product_now("guci").title == "Guci dari toko"
    assert free(shop, "guci") == 2
    assert offers_of(shop.there("guci")) == {"guci": (90_000, 2)}
    edit(shop, "kain", stock=4, offer="kain-S")
    sweep(shop)
    assert free(shop, "kain-S") == 4
    assert free(shop, "kain-M") == 5


def test_a_sale_there_moves_the_ledger_by_as_much_as_it_moved(shop: World) -> None:
    own(shop, "stock", Owner.THEIRS)
    from syncer.channels.account_settings import set_allocation
    from syncer.domain.stock import Allocation

    with write(shop.engine) as connection:
        set_allocation(connection, shop.only_account(), Allocation(buffer=1), now=now())
    shop.settle()
    quiet(shop)
    assert offers_of(shop.there("guci"))["guci"][1] == 2, "3 with buffer 1"
    edit(shop, "guci", stock=1)
    sweep(shop)
    assert free(shop, "guci") == 2


def test_ask_leaves_it_until_the_answer(shop: World) -> None:
    own(shop, "price", Owner.ASK)
    edit(shop, "guci", price=90_000)
    before = shop.control.last_call()
    sweep(shop)
    sweep(shop)
    assert shop.control.writes(before) == []
    (asked,) = questions(shop)
    confirm(shop.engine, asked.id, actor="ibu ani", now=now())
    shop.settle()
    assert offers_of(shop.there("guci")) == {"guci": (100_000, 3)}
    quiet(shop)
    edit(shop, "guci", price=80_000)
    sweep(shop)
    reject(shop.engine, questions(shop)[0].id, actor="ibu ani", now=now())
    before = shop.control.last_call()
    shop.settle()
    assert shop.control.writes(before) == []
    assert offers_of(shop.there("guci")) == {"guci": (80_000, 3)}
    assert questions(shop) == []


def test_who_hides_a_listing_there_is_asked(shop: World) -> None:
    shop.control.ask("POST", f"items/{shop.row('guci').remote_id}", {"status": "hidden"})
    sweep(shop)
    assert shop.there("guci")["status"] == "hidden"
    (asked,) = questions(shop)
    assert asked.detail["field"] == "status"
    reject(shop.engine, asked.id, actor="ibu ani", now=now())
    shop.settle()
    assert shop.row("guci").wanted == "hidden"


def test_who_shows_what_we_withdrew_does_not_sell_it(shop: World) -> None:
    shop.withdraw(shop.only_account(), "guci")
    shop.settle()
    quiet(shop)
    shop.control.ask("POST", f"items/{shop.row('guci').remote_id}", {"status": "live"})
    sweep(shop)
    assert shop.there("guci")["status"] == "hidden"


def test_a_look_for_a_review_overwrites_nothing_of_theirs(shop: World) -> None:
    own(shop, "stock", Owner.THEIRS)
    shop.title("guci", "Guci yang baru")
    shop.sync()
    quiet(shop)
    edit(shop, "guci", stock=1)
    shop.hurry()
    shop.settle()
    assert free(shop, "guci") == 1
    assert offers_of(shop.there("guci"))["guci"][1] == 1


def test_what_our_own_late_write_did_is_no_drift(shop: World) -> None:
    own(shop, "stock", Owner.THEIRS)
    shop.control.fault(fault="late_write", operation="product.update_stock", ms=250, times=1)
    shop.timing = replace(shop.timing, late_write_s=300.0)  # it has landed before this is over, on any machine
    shop.stock("guci", 9)
    shop.sync()
    shop.stock("guci", 4)
    shop.sync()
    wait_until(lambda: shop.control.ask("GET", "limits")["pending_late_writes"] == 0)
    shop.timing = FAST
    shop.hurry()
    shop.settle()
    assert free(shop, "guci") == 4
    assert offers_of(shop.there("guci"))["guci"][1] == 4


def test_a_page_from_before_a_write_is_not_judged(shop: World) -> None:
    own(shop, "stock", Owner.THEIRS)
    shop.control.fault(fault="stale_read", operation="product.get", ms=200)
    with shop.at_work() as service:
        shop.stock("guci", 1)
        shop.until_settled()
        walk(service)
    shop.control.heal()
    shop.settle()
    assert free(shop, "guci") == 1


def test_what_was_written_moments_ago_is_counted_and_left_for_the_next_look(shop: World) -> None:
    with write(shop.engine) as connection:
        connection.execute(update(listing).values(acknowledged_at=now() + dt.timedelta(minutes=1)))
    edit(shop, "guci", title="Guci orang lain")
    with shop.at_work() as service:
        fresh = walk(service)
        quiet(shop)
        later = walk(service)
    assert (fresh.unjudged, len(fresh.drifts)) == (fresh.seen, 0)
    assert (later.unjudged, [drift.field for _, drift in later.drifts]) == (0, ["title"])


def test_a_look_asked_for_by_another_process_is_answered_once(shop: World) -> None:
    account = shop.only_account()
    with write(shop.engine) as connection:
        ask(connection, [account.id])
        assert answers(connection, [account.id]) == {account.id: None}
    edit(shop, "guci", title="Guci orang lain")
    with shop.at_work() as service:
        wait_until(lambda: answer_looks(shop.engine, service) == [account.name])
        assert answer_looks(shop.engine, service) == []
        shop.until_settled()
    assert "Guci orang lain" not in shop.control.listings(), "it was seen, and ours was put back"
    with write(shop.engine) as connection:
        assert answers(connection, [account.id]) == {account.id: Answer()}
        # Who asks again gets an answer of after that.
        ask(connection, [account.id])
        assert answers(connection, [account.id]) == {account.id: None}
        forget(connection, [account.id])


def test_a_listing_deleted_there_is_found_missing(shop: World) -> None:
    shop.control.ask("POST", f"items/{shop.row('guci').remote_id}", {"status": "deleted"})
    sweep(shop)
    assert shop.row("guci").state == "gone"
    assert shop.row("kain").state == "live"


def test_a_ban_is_found_with_its_reason(shop: World) -> None:
    shop.control.ask("POST", f"items/{shop.row('guci').remote_id}", {"status": "banned", "reason": "Foto buram"})
    sweep(shop)
    row = shop.row("guci")
    assert row.state == "fix"
    assert "Foto buram" in row.problem["words"]["id"]
