"""Reading answers: whatever JSON a platform sends, reading it never raises and never grows."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncer.sdk import wire

_LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.from_regex(r"[+-]?\d+e\d+")
ANSWERS = st.recursive(_LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner))


@given(ANSWERS)
def test_whatever_comes_is_read_and_bounded(value: Any) -> None:
    number = wire.exact(value)
    assert number is None or (abs(number) < 10**18 and len(f"{number:f}") < 60)
    assert wire.whole(value) == (None if number is None else int(number))
    wire.text(value).encode()
    assert len(wire.plain(value)) <= wire.SENTENCE_MOST
    assert "\n" not in wire.plain(value)
    assert all(isinstance(row, dict) for row in wire.objects(value))
    assert len(wire.texts(value)) == len(wire.entries(value))
    assert isinstance(wire.as_object(value), dict)
    assert isinstance(wire.yes(value), bool)
    assert wire.request_id(value).isascii()


@given(st.integers(-(10**18) + 1, 10**18 - 1))
def test_a_number_is_the_same_as_text(value: int) -> None:
    assert wire.exact(value) == wire.exact(f" {value} ") == Decimal(value)


@pytest.mark.parametrize(
    "value", ["1e9", "1E999999", "1_000", "١٢", "0x10", "", " ", "NaN", "Infinity", "1.", True, 10**18, 1e300]
)
def test_no_number(value: Any) -> None:
    assert wire.exact(value) is None


@pytest.mark.parametrize(
    ("value", "number"), [("95000.50", "95000.50"), (0.1, "0.1"), ("-3", "-3"), (1e-300, "0"), ("+1", "1")]
)
def test_a_number(value: Any, number: str) -> None:
    assert wire.exact(value) == Decimal(number)


@given(st.text(min_size=3), st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=8, max_size=20))
def test_a_secret_is_never_repeated(said: str, secret: str) -> None:
    assert secret not in wire.sentence(f"{said}{secret}{said}", ["", secret])
    assert secret not in wire.sentence({"message": [secret]}, [secret])


def test_a_sentence_for_people() -> None:
    assert wire.sentence(None, []) == ""
    assert wire.sentence(["stok", 3], []) == '["stok", 3]'
    assert wire.sentence("satu\ndua\x1b[31m", []) == "satu dua[31m"
    assert wire.request_id("ab-1_2<script>") == "ab-1_2script"


def test_a_moment_is_aware_and_bounded() -> None:
    assert wire.moment("1700000000") == dt.datetime(2023, 11, 14, 22, 13, 20, tzinfo=dt.UTC)
    assert [wire.moment(value) for value in (None, 0, -5, "soon", 10**15, True, {})] == [None] * 7


def test_an_id_is_text_or_a_whole_number() -> None:
    big = 2**63 + 1
    assert [wire.exact_id(value) for value in (None, big, f" {big} ", "")] == ["", str(big), str(big), ""]
    for value in (1.5, True, [1], {}, "x" * 41):
        with pytest.raises(ValueError, match="neither text nor"):
            wire.exact_id(value)
