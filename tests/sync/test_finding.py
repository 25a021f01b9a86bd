"""Found again, vanished, rejected: listings whose fate there is not of our making."""

from __future__ import annotations

from dataclasses import replace

import pytest

from syncer.domain.listing import RemoteListing, Status
from syncer.domain.words import Words
from syncer.sdk.errors import OutcomeUnknown
from syncer.sdk.operations import Kind, Result
from syncer.store.engine import read, write
from syncer.sync.answers import Question, UnknownQuestion, confirm, open_questions, reject, retry
from tests.sync.stall import Stall
from tests.sync.world import World, now, offers_of

LOST = Words("Hilang.", "Lost.")


def questions(world: World) -> list[Question]:
    with read(world.engine) as connection:
        return open_questions(connection)


@pytest.fixture
def stall() -> Stall:
    return Stall()


@pytest.fixture
def shop(world: World, stall: Stall) -> World:
    """A product whose create gave no clear answer and didn't happen."""
    account = world.stall(stall)
    world.product("guci", stock=5)
    lost = [Result(error=OutcomeUnknown("lost", LOST))]
    stall.say = lambda operation: lost.pop() if lost and operation.kind is Kind.CREATE else None
    world.publish(account, "guci")
    return world


def twin(stall: Stall, number: str, marker: str, sku: str = "guci") -> RemoteListing:
    """A listing that is there already."""
    stall.there[number] = RemoteListing(number, Status.LIVE, marker, {"title": f"Punya {number}"}, offers_complete=True)
    from decimal import Decimal

    from syncer.domain.listing import RemoteOffer

    offers = (RemoteOffer(f"o{number}", sku, Decimal(1), 1),)
    stall.there[number] = replace(stall.there[number], offers=offers)
    return stall.there[number]


def test_looked_for_twice_and_made_again(shop: World, stall: Stall) -> None:
    shop.settle()
    assert stall.looks >= 2
    assert stall.writes == [Kind.CREATE, Kind.CREATE]
    assert len(stall.there) == 1


def test_one_with_our_marker_is_adopted_and_mended(shop: World, stall: Stall) -> None:
    twin(stall, "n7", "guci")
    shop.settle()
    assert stall.writes.count(Kind.CREATE) == 1
    assert list(stall.there) == ["n7"]
    assert stall.there["n7"].fields["title"] == "Mangkuk kayu guci"
    assert stall.there["n7"].offers[0].quantity == 5
    assert "drift" not in shop.events(shop.row("guci").id)


def test_one_without_our_marker_is_a_question(shop: World, stall: Stall) -> None:
    twin(stall, "n7", "")
    shop.sync(horizon_s=1.0)
    assert shop.row("guci").state == "asking"
    (asked,) = questions(shop)
    assert [one["remote_id"] for one in asked.detail["candidates"]] == ["n7"]
    assert stall.writes == [Kind.CREATE]
    confirm(shop.engine, asked.id, actor="ibu ani", now=now())
    shop.settle()
    assert shop.row("guci").remote_id == "n7"
    assert stall.there["n7"].offers[0].quantity == 5
    assert "drift" not in shop.events(shop.row("guci").id)


def test_several_are_a_question_with_a_choice(shop: World, stall: Stall) -> None:
    twin(stall, "n7", "guci")
    twin(stall, "n8", "guci")
    shop.sync(horizon_s=1.0)
    (asked,) = questions(shop)
    with pytest.raises(UnknownQuestion, match="n7, n8"):
        confirm(shop.engine, asked.id, actor="ibu ani", now=now())
    confirm(shop.engine, asked.id, actor="ibu ani", now=now(), choice="n8")
    shop.settle()
    assert shop.row("guci").remote_id == "n8"
    assert stall.there["n7"].fields["title"] == "Punya n7", "the other one is left alone"


def test_no_makes_a_new_one(shop: World, stall: Stall) -> None:
    twin(stall, "n7", "")
    shop.sync(horizon_s=1.0)
    reject(shop.engine, questions(shop)[0].id, actor="ibu ani", now=now())
    shop.settle()
    assert stall.writes == [Kind.CREATE, Kind.CREATE]
    assert len(stall.there) == 2


def test_what_belongs_to_another_product_is_no_candidate(world: World, stall: Stall) -> None:
    account = world.stall(stall)
    world.product("lama", stock=1)
    world.publish(account, "lama")
    world.settle()
    (number,) = stall.there
    twin(stall, number, "lama", sku="baru")  # a person gave it the code of another product
    world.product("baru", stock=1)
    lost = [Result(error=OutcomeUnknown("lost", LOST))]
    stall.say = lambda operation: lost.pop() if lost and operation.kind is Kind.CREATE else None
    world.publish(account, "baru")
    world.settle()
    assert questions(world) == []
    assert len(stall.there) == 2


def test_deleted_there_waits_for_a_person_and_edits_change_nothing(world: World) -> None:
    account = world.account()
    world.product("guci", stock=5)
    world.publish(account, "guci")
    world.settle()
    world.control.ask("POST", f"items/{world.row('guci').remote_id}", {"status": "deleted"})
    world.stock("guci", 4)
    world.settle()
    assert world.row("guci").state == "gone"
    before = world.control.last_call()
    world.title("guci", "Guci baru")
    world.stock("guci", 3)
    world.settle()
    assert world.control.calls(before) == []
    assert world.row("guci").state == "gone"
    with write(world.engine) as connection:
        assert retry(connection, account.id, world.product_now("guci").id, now=now())
    world.settle()
    world.check(account)


def test_publishing_again_makes_what_vanished_anew(world: World) -> None:
    account = world.account()
    world.product("guci", stock=5)
    world.publish(account, "guci")
    world.settle()
    world.control.ask("POST", f"items/{world.row('guci').remote_id}", {"status": "deleted"})
    world.stock("guci", 4)
    world.settle()
    world.publish(account, "guci")
    world.settle()
    world.check(account)


def test_what_vanished_and_is_deleted_here_is_done(world: World) -> None:
    account = world.account()
    world.product("guci", stock=5)
    world.publish(account, "guci")
    world.settle()
    world.control.ask("POST", f"items/{world.row('guci').remote_id}", {"status": "deleted"})
    world.delete("guci")
    world.settle()
    assert world.row("guci").state == "deleted"


def test_rejected_by_the_review_and_mended_by_an_edit(world: World) -> None:
    account = world.account()
    world.product("guci", stock=5)
    world.publish(account, "guci")
    world.settle()
    world.title("guci", "Guci terlarang")
    world.settle()
    row = world.row("guci")
    assert row.state == "fix"
    assert "terlarang" in row.problem["words"]["id"]
    world.stock("guci", 2)
    world.settle()
    assert world.row("guci").state == "fix", "its stock goes out, and the reason stays on show"
    assert offers_of(world.there("guci"))["guci"][1] == 2
    world.title("guci", "Guci yang pantas")
    world.settle()
    assert world.row("guci").state == "live"
    assert world.row("guci").problem is None
    world.check(account)


def test_a_problem_of_the_content_is_shown_and_goes_with_the_edit(world: World) -> None:
    account = world.account()
    world.product("guci", stock=5, title="x")
    world.publish(account, "guci")
    world.settle()
    row = world.row("guci")
    assert row.state == "fix"
    assert row.problem["field"] == "title"
    assert world.control.listings() == {}
    world.title("guci", "Guci tanah liat")
    world.settle()
    world.check(account)
    world.title("guci", "y")
    world.settle()
    world.hurry()
    assert world.row("guci").state == "fix"
    assert world.there("guci")["title"] == "Guci tanah liat"
    world.stock("guci", 1)
    world.settle()
    assert world.row("guci").state == "fix"
    assert offers_of(world.there("guci"))["guci"][1] == 1
