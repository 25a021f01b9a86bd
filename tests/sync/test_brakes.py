"""Brakes: large changes of many listings by one cause wait for a person; falling stock never does."""

from __future__ import annotations

from decimal import Decimal

import pytest

from syncer.catalogue.edit import delete_product, edit_product, new_cause, set_price
from syncer.catalogue.read import find_product
from syncer.channels.account_settings import set_brake
from syncer.channels.publishing import withdraw
from syncer.store.engine import read, write
from syncer.sync.answers import Question, UnknownQuestion, confirm, open_questions, reject
from syncer.sync.status import read_status
from tests.sync.world import World, now, offers_of

MANY = 6


@pytest.fixture
def handles(world: World) -> list[str]:
    """Ten live listings; the brake holds more than three of them that are more than a fifth."""
    account = world.account()
    with write(world.engine) as connection:
        set_brake(connection, account, {"count": 3, "share": 0.2, "price_percent": 30})
    names = [f"guci-{number}" for number in range(10)]
    picture = world.picture("semua")
    for name in names:
        world.product(name, picture=picture)
    world.publish(account, *names)
    world.settle()
    return names


def cause(world: World, kind: str) -> int:
    with write(world.engine) as connection:
        return new_cause(connection, kind, "dari uji", "ibu ani", now())


def questions(world: World) -> list[Question]:
    with read(world.engine) as connection:
        return open_questions(connection)


def reprice(world: World, handles: list[str], price: int, cause_id: int) -> None:
    with write(world.engine) as connection:
        for handle in handles:
            set_price(connection, handle, Decimal(price), now=now(), cause_id=cause_id)
            world.truth.note(connection, find_product(connection, handle))


def prices(world: World) -> set[int]:
    return {price for row in world.control.listings().values() for price, _ in offers_of(row).values()}


def withdraw_many(world: World, handles: list[str], *, delete: bool = False) -> None:
    account, cause_id = world.only_account(), cause(world, "withdraw")
    with write(world.engine) as connection:
        for handle in handles:
            withdraw(connection, account, find_product(connection, handle), now=now(), cause_id=cause_id, delete=delete)


def on_sale(world: World) -> int:
    return sum(row["status"] == "live" for row in world.control.listings().values())


def test_many_withdrawals_wait_and_their_stock_does_not(world: World, handles: list[str]) -> None:
    withdraw_many(world, handles[:MANY])
    world.sync()
    assert on_sale(world) == 10
    asked = questions(world)
    assert [(one.kind, one.detail["count"], one.detail["total"]) for one in asked] == [("brake", MANY, 10)]
    world.stock(handles[0], 0)
    world.stock(handles[1], 2)
    world.sync()
    assert offers_of(world.there(handles[0]))[handles[0]][1] == 0, "falling to zero never waits"
    assert offers_of(world.there(handles[1]))[handles[1]][1] == 2
    assert on_sale(world) == 10
    assert len(questions(world)) == 1, "asked once"
    assert confirm(world.engine, asked[0].id, actor="ibu ani", now=now()) == MANY
    world.sync()
    assert on_sale(world) == 4
    assert questions(world) == []


def test_what_never_was_there_does_not_count_as_withdrawn(world: World, handles: list[str]) -> None:
    never = [f"baru-{number}" for number in range(8)]
    for name in never:
        world.product(name, picture=world.picture("semua"))
    world.publish(world.only_account(), *never)
    withdraw_many(world, handles[:MANY] + never)
    world.sync()
    assert [(one.detail["count"], one.detail["total"]) for one in questions(world)] == [(MANY, 10)]


def test_a_rejected_withdrawal_is_taken_back(world: World, handles: list[str]) -> None:
    withdraw_many(world, handles[:MANY])
    world.sync()
    reject(world.engine, questions(world)[0].id, actor="ibu ani", now=now())
    before = world.control.last_call()
    world.settle()
    assert world.control.writes(before) == []
    assert on_sale(world) == 10
    world.check(world.only_account())


def test_many_deletions_wait(world: World, handles: list[str]) -> None:
    cause_id = cause(world, "delete")
    with write(world.engine) as connection:
        for handle in handles[:MANY]:
            delete_product(connection, handle, now=now(), cause_id=cause_id)
    world.sync()
    assert on_sale(world) == 10
    reject(world.engine, questions(world)[0].id, actor="ibu ani", now=now())
    world.settle()
    assert on_sale(world) == 10
    assert world.product_now(handles[0]).status == "active", "it stays in the catalogue"


def test_few_are_no_matter(world: World, handles: list[str]) -> None:
    withdraw_many(world, handles[:3])
    world.sync()
    assert on_sale(world) == 7
    assert questions(world) == []


def test_a_large_price_move_of_many_waits_for_its_answer(world: World, handles: list[str]) -> None:
    reprice(world, handles[:MANY], 40_000, cause(world, "import"))
    world.sync()
    assert prices(world) == {100_000}
    asked = questions(world)
    assert asked[0].detail["kind"] == "price"
    assert asked[0].detail["count"] == MANY
    for handle in handles[:MANY]:
        world.title(handle, f"Guci baru {handle}")
        world.stock(handle, 3)
    world.sync()
    assert {title for title in world.control.listings() if "baru" in title} == {
        f"Guci baru {h}" for h in handles[:MANY]
    }
    assert prices(world) == {100_000}, "content and stock go out, with the old price"
    confirm(world.engine, asked[0].id, actor="ibu ani", now=now())
    world.settle()
    world.check(world.only_account())


def test_a_rejected_price_rests_until_another_change(world: World, handles: list[str]) -> None:
    reprice(world, handles[:MANY], 40_000, cause(world, "import"))
    world.sync()
    reject(world.engine, questions(world)[0].id, actor="ibu ani", now=now())
    before = world.control.last_call()
    world.settle()
    assert world.control.calls(before) == []
    assert world.row(handles[0]).due == 0
    reprice(world, handles[:1], 90_000, cause(world, "price"))
    world.settle()
    assert offers_of(world.there(handles[0])) == {handles[0]: (90_000, 5)}


def test_many_edits_with_few_large_moves_are_no_matter(world: World, handles: list[str]) -> None:
    cause_id = cause(world, "import")
    with write(world.engine) as connection:
        for handle in handles:
            edit_product(connection, handle, title=f"Guci lain {handle}", now=now(), cause_id=cause_id)
    reprice(world, handles, 110_000, cause_id)
    reprice(world, handles[:2], 40_000, cause_id)
    world.sync()
    assert questions(world) == []
    assert prices(world) == {110_000, 40_000}


def test_portions_of_one_cause_count_together(world: World, handles: list[str]) -> None:
    cause_id = cause(world, "import")
    for portion in (handles[:2], handles[2:4], handles[4:6]):
        reprice(world, portion, 40_000, cause_id)
        world.sync()
    assert len([row for row in world.control.listings().values() if offers_of(row).popitem()[1][0] == 40_000]) == 2
    assert questions(world)[0].detail["count"] >= 4


def retitle(world: World, handle: str, title: str) -> None:
    with write(world.engine) as connection:
        edit_product(connection, handle, title=title, now=now(), cause_id=new_cause(connection, "edit", "", "", now()))
        world.truth.note(connection, find_product(connection, handle))


def test_a_held_price_does_not_slip_out_with_a_later_edit(world: World, handles: list[str]) -> None:
    reprice(world, handles, 10_000, cause(world, "import"))
    world.sync()
    retitle(world, handles[0], "Guci dengan nama baru")
    world.sync()
    assert prices(world) == {100_000}
    assert "Guci dengan nama baru" in world.control.listings()
    (asked,) = questions(world)
    reject(world.engine, asked.id, actor="ibu ani", now=now())
    world.sync()
    retitle(world, handles[1], "Guci yang lain")
    world.sync()
    assert prices(world) == {100_000}
    assert "Guci yang lain" in world.control.listings()
    # The shop and the catalogue differ now, and that shows.
    assert {row.problem["code"] for row in world.rows()} == {"price_held"}


def test_a_price_set_anew_after_a_no_goes_out(world: World, handles: list[str]) -> None:
    reprice(world, handles, 10_000, cause(world, "import"))
    world.sync()
    (asked,) = questions(world)
    reject(world.engine, asked.id, actor="ibu ani", now=now())
    world.sync()
    reprice(world, handles[:1], 95_000, cause(world, "edit"))
    world.sync()
    assert prices(world) == {100_000, 95_000}


def test_confirming_lets_also_those_go_that_were_edited_meanwhile(world: World, handles: list[str]) -> None:
    reprice(world, handles, 10_000, cause(world, "import"))
    world.sync()
    retitle(world, handles[0], "Guci dengan nama baru")
    world.sync()
    (asked,) = questions(world)
    confirm(world.engine, asked.id, actor="ibu ani", now=now())
    world.sync()
    assert prices(world) == {10_000}


def test_a_newer_price_takes_the_place_of_the_older_question(world: World, handles: list[str]) -> None:
    reprice(world, handles, 150_000, cause(world, "markup 50"))
    world.sync()
    (older,) = questions(world)
    retitle(world, handles[0], "Guci dengan nama baru")  # its price is held by name from now on
    world.sync()
    reprice(world, handles, 160_000, cause(world, "markup 60"))
    world.sync()
    (newer,) = questions(world)
    assert newer.id != older.id
    assert (newer.detail["count"], newer.detail["lowest_percent"], newer.detail["highest_percent"]) == (10, 60, 60)
    assert "+60 %" in newer.words.en
    with pytest.raises(UnknownQuestion):
        confirm(world.engine, older.id, actor="ibu ani", now=now())
    assert confirm(world.engine, newer.id, actor="ibu ani", now=now()) == len(handles)
    world.sync()
    assert prices(world) == {160_000}


def test_while_a_price_waits_no_stock_counts_as_unsent_and_all_count_as_on_sale(
    world: World, handles: list[str]
) -> None:
    reprice(world, handles, 150_000, cause(world, "import"))
    world.stock(handles[0], 2)
    world.stock(handles[1], 4)
    world.stock(handles[1], 5)  # as it was: nothing to send
    world.sync()
    assert len(questions(world)) == 1
    with read(world.engine) as connection:
        (status,) = read_status(connection, now())
    assert offers_of(world.there(handles[0]))[handles[0]][1] == 2
    assert status.oldest_unsent_stock_s is None
    assert status.on_sale == len(handles)
