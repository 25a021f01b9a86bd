"""Which attributes a listing gets, and where their values come from."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.tiktok_shop.attributes import Wishes, attributes_fact, canonical, choose, listed_values
from syncer.domain.listing import WantedListing
from syncer.sdk.testing.builders import listing

MATERIALS = {"11": "Kayu", "12": "Rotan", "13": "Lainnya"}


def row(key: str, name: str, values: dict[str, str] | None = None, **flags: Any) -> dict[str, Any]:
    return {
        "id": key,
        "name": name,
        "type": "PRODUCT_PROPERTY",
        "values": [{"id": value, "name": shown} for value, shown in (values or {}).items()],
        **flags,
    }


def fact(*rows: dict[str, Any]) -> Any:
    return attributes_fact({"attributes": list(rows)})


def chosen(wanted: WantedListing, *rows: dict[str, Any], neutral: bool = False, **defaults: str) -> Any:
    return choose(wanted, fact(*rows), Wishes(defaults, neutral))


def test_a_listed_value_goes_by_its_id_and_an_own_one_by_its_text() -> None:
    wanted = listing(attributes={"Bahan": "kayu", "Gaya": "Jepara tua"})
    found, problems = chosen(
        wanted, row("1", "Bahan", MATERIALS), row("2", "Gaya", {"21": "Modern"}, is_customizable=True)
    )
    assert not problems
    assert found == [{"id": "1", "values": [{"id": "11"}]}, {"id": "2", "values": [{"name": "Jepara tua"}]}]


def test_an_own_text_where_none_is_taken_is_a_problem_with_examples() -> None:
    _, (problem,) = chosen(listing(attributes={"1": "Beludru"}), row("1", "Bahan", MATERIALS))
    assert problem.field == "attributes"
    assert "Kayu" in problem.remedy.id


def test_a_mandatory_attribute_without_an_answer_is_a_problem_with_examples() -> None:
    _, (problem,) = chosen(listing(title="Tas"), row("1", "Bahan", {"11": "Kayu"}, is_requried=True))
    assert "Bahan" in problem.words.id
    assert "Kayu" in problem.remedy.en


def test_any_one_condition_makes_an_attribute_mandatory() -> None:
    conditions = [
        {"condition_type": "VALUE_ID_MATCH", "attribute_id": "1", "attribute_value_id": value} for value in ("98", "99")
    ]
    battery = row("1", "Baterai?", {"98": "Ya", "97": "Tidak"}, is_requried=True)
    kind = row("2", "Jenis baterai", {"31": "Litium"}, requirement_conditions=conditions)
    _, problems = chosen(listing(attributes={"1": "Ya"}), kind, battery)
    assert [problem.code for problem in problems] == ["tiktok_shop.attribute_missing"]
    found, problems = chosen(listing(attributes={"1": "Tidak"}), kind, battery)
    assert not problems
    assert found == [{"id": "1", "values": [{"id": "97"}]}]


@pytest.mark.parametrize(
    ("wanted", "neutral", "defaults", "value"),
    [
        (listing(materials=("Kayu jati", "rotan")), False, {}, [{"id": "11"}, {"id": "12"}]),
        (listing(title="Kursi rotan"), False, {}, [{"id": "12"}]),
        (listing(title="Kursi"), False, {"Bahan": "Kayu"}, [{"id": "11"}]),
        (listing(title="Kursi"), True, {}, [{"id": "13"}]),
    ],
)
def test_where_a_mandatory_value_comes_from(wanted: Any, neutral: bool, defaults: Any, value: Any) -> None:
    rows = row("1", "Bahan", MATERIALS, is_requried=True, is_multiple_selection=True)
    found, problems = chosen(wanted, rows, neutral=neutral, **defaults)
    assert not problems
    assert found == [{"id": "1", "values": value}]


def test_one_value_only_where_one_is_taken() -> None:
    found, _ = chosen(listing(materials=("kayu", "rotan")), row("1", "Bahan", MATERIALS))
    assert found == [{"id": "1", "values": [{"id": "11"}]}]


def test_an_own_value_is_a_number_where_the_format_says_so() -> None:
    rows = row("1", "Isi", is_customizable=True, value_data_format="POSITIVE_INT_OR_DECIMAL")
    assert chosen(listing(attributes={"Isi": "1,5"}), rows)[0] == [{"id": "1", "values": [{"name": "1.5"}]}]
    assert chosen(listing(attributes={"Isi": "banyak"}), rows)[1]
    assert chosen(listing(attributes={"Isi": "9" * 3000}), rows)[1]


def test_the_platform_makes_up_ids_for_own_values() -> None:
    listed = listed_values(fact(row("1", "Bahan", MATERIALS, is_customizable=True)))
    shown = [
        {"id": "2", "name": "Lain", "values": [{"id": "77", "name": "Apa"}]},
        {"id": "1", "name": "Bahan", "values": [{"id": "999", "name": "Jati tua"}, {"id": "11", "name": "Kayu"}]},
    ]
    assert canonical(shown, listed) == [
        {"id": "1", "values": [{"name": "Jati tua"}, {"id": "11"}]},
        {"id": "2", "values": [{"id": "77"}]},
    ]
