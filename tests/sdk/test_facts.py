"""Facts that a process keeps, and the first sign-in out of an account's options."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest

from syncer.sdk.facts import KeptFacts
from syncer.sdk.options import SecretStr
from syncer.sdk.sign_in import tokens_from_options

SOON = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)


def test_a_fact_is_read_once_and_again_when_asked() -> None:
    asked: list[str] = []

    def fetch(key: str) -> int:
        asked.append(key)
        return len(asked)

    facts = KeptFacts(fetch, 60.0)
    assert (facts.get("a"), facts.get("a"), facts.get("b")) == (1, 1, 2)
    assert facts.fetch("a") == 3, "fetching reads anew"
    assert facts.get("a") == 3, "and what it read is kept"
    assert asked == ["a", "b", "a"]


def test_a_fact_ends_and_a_failure_is_not_kept() -> None:
    answers: Iterator[Exception | int] = iter([OSError("away"), 1, 2])

    def fetch(_: str) -> int:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    facts = KeptFacts(fetch, 0.0)
    with pytest.raises(OSError, match="away"):
        facts.get("a")
    assert (facts.get("a"), facts.get("a")) == (1, 2)


def test_the_first_sign_in() -> None:
    found = tokens_from_options(SecretStr("kunci"), SecretStr("lagi"), access_until=SOON, shop_id="7")
    assert found is not None
    assert (found.access_token, found.refresh_token, found.access_until) == ("kunci", "lagi", SOON)
    assert (found.refresh_until, found.shop_id) == (None, "7")
    assert "kunci" not in repr(found)
    alone = tokens_from_options(SecretStr("kunci"), None, access_until=SOON, shop_id="")
    assert alone is not None
    assert alone.refresh_token == ""
    assert tokens_from_options(None, SecretStr("lagi"), access_until=SOON, shop_id="7") is None
