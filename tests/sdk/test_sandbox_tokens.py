"""Codes and tokens that sandboxes give out, and the tickets of their consent pages."""

from __future__ import annotations

import json

import pytest

from syncer.sdk.sandbox.clock import Clock
from syncer.sdk.sandbox.consent import Tickets, with_query
from syncer.sdk.sandbox.tokens import Pass, TokenBook


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def book(clock: Clock) -> TokenBook:
    """Shop 1 and shop 2 have a pair each; shop 1 also has a code, and an older pair."""
    book = TokenBook(clock, "resend")
    for access, refresh, shop in (("old", "old-r", "1"), ("a1", "r1", "1"), ("a2", "r2", "2")):
        book.give_pair(access, _pass(book, shop, 100), refresh, _pass(book, shop, 1000))
    book.codes["c1"] = _pass(book, "1", 10)
    book.further["resend"]["c2"] = _pass(book, "1", 10)
    return book


def _pass(book: TokenBook, shop: str, seconds: float) -> Pass:
    return Pass("app", shop, book.ends_in(seconds), ("read", "write"))


def test_a_code_is_for_its_application_for_a_while_and_once(book: TokenBook, clock: Clock) -> None:
    found = book.usable(book.codes, "c1", "app")
    assert found is not None
    assert found.shop == "1"
    assert book.usable(book.codes, "c1", "other") is None
    assert book.usable(book.codes, "c2", "app") is None, "it is of another kind"
    clock.advance(10)
    assert book.usable(book.codes, "c1", "app") is None
    assert book.unused(book.codes, "c1", "app") is found
    assert book.ended(found)
    found.used = True
    assert book.unused(book.codes, "c1", "app") is None


def test_the_newest_pair_counts_until_it_is_dead(book: TokenBook) -> None:
    assert book.newest("1") == ("a1", "r1")
    assert book.newest("3") is None
    book.refresh["r1"].used = True
    assert book.newest("1") is None
    assert book.newest("2") == ("a2", "r2")


def test_older_access_tokens_may_get_a_grace_time(book: TokenBook, clock: Clock) -> None:
    book.shorten("1", 5)
    clock.advance(5)
    alive = [token for token in ("old", "a1", "a2") if book.usable(book.access, token, "app")]
    assert alive == ["a2"], "another shop's tokens are left alone"
    ends = book.access["a1"].expires
    book.shorten("1", 500)
    assert book.access["a1"].expires == ends, "nothing lives longer by it"


def test_revoking_counts_what_it_killed(book: TokenBook) -> None:
    assert book.revoke("1", access="old") == 1
    assert book.newest("1") == ("a1", "r1")
    assert book.revoke("1", access="old") == 0
    assert book.revoke("1", refresh=True) == 3, "one access token and both refresh tokens"
    assert book.newest("1") is None
    assert book.newest("2") == ("a2", "r2")


def test_all_of_it_comes_back_from_the_state_file(book: TokenBook, clock: Clock) -> None:
    book.refresh["old-r"].used = True
    kept = json.loads(json.dumps(book.to_json()))
    again = TokenBook(clock, "resend")
    again.codes["c9"] = _pass(book, "9", 10)
    again.from_json(kept)
    assert again.to_json() == book.to_json()
    assert again.access["a1"].scopes == ("read", "write")
    assert again.newest("1") == ("a1", "r1")


def test_a_ticket_is_taken_once_and_in_time(clock: Clock) -> None:
    tickets: Tickets[str] = Tickets(clock)
    first, late = tickets.give("shop 1", 60), tickets.give("shop 2", 60)
    assert (tickets.take("nobody's"), tickets.take(first), tickets.take(first)) == (None, "shop 1", None)
    clock.advance(60)
    assert tickets.take(late) is None


def test_a_callers_own_query_is_kept() -> None:
    found = with_query("http://127.0.0.1:8000/masuk?nonce=a%20b&empty=#top", {"code": "x&y"})
    assert found == "http://127.0.0.1:8000/masuk?nonce=a+b&empty=&code=x%26y#top"
