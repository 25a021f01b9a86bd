"""Errors say what happens next, in words for people, and survive the road into the database."""

from __future__ import annotations

import json

import pytest

from syncer.domain.problem import Problem, Who
from syncer.domain.words import Words
from syncer.sdk import errors
from syncer.sdk.errors import ConnectorError, Recovery

_WORDS = Words("Judul terlalu panjang.", "The title is too long.")
_KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, ConnectorError)]
_NAMED = [kind for kind in _KINDS if kind is not ConnectorError]


def test_each_recovery_has_one_error() -> None:
    named = [kind.recovery for kind in _NAMED if kind.__base__ is ConnectorError]
    assert sorted(named) == sorted(Recovery)


def test_what_nobody_classified_is_parked() -> None:
    assert ConnectorError.recovery is Recovery.PARK


@pytest.mark.parametrize("kind", _NAMED, ids=lambda kind: kind.__name__)
def test_an_error_becomes_a_problem_with_a_remedy(kind: type[ConnectorError]) -> None:
    problem = kind("E42", _WORDS, field="title", sku="A-1").problem()
    assert problem.words == _WORDS
    assert problem.remedy.id
    assert problem.remedy.en
    assert (problem.code, problem.field, problem.sku) == ("E42", "title", "A-1")
    assert Problem.from_json(json.loads(json.dumps(problem.to_json()))) == problem


def test_what_heals_itself_asks_nobody() -> None:
    healing = {Recovery.RETRY, Recovery.RETRY_AT, Recovery.READ_BACK, Recovery.WAIT_STATE}
    for kind in _NAMED:
        asks_nobody = kind("x", _WORDS).who is Who.NOBODY
        assert asks_nobody == (kind.recovery in healing), kind


def test_remedy_and_person_can_be_named() -> None:
    remedy = Words("Hubungi Shopee.", "Ask Shopee.")
    error = errors.Blocked("holiday", _WORDS, remedy=remedy, who=Who.PLATFORM, after_s=3600, request_id="r1")
    assert (error.remedy, error.who, error.after_s, error.request_id) == (remedy, Who.PLATFORM, 3600, "r1")
    assert str(error) == "holiday: The title is too long."
