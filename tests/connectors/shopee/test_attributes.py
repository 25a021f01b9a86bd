"""Which attributes a listing gets, and how they are sent."""

from __future__ import annotations

from typing import Any

from connectors.shopee import read
from connectors.shopee.attributes import Wishes, attributes_fact, choose, to_wire
from syncer.domain.listing import WantedListing
from tests.connectors.shopee.canned import Canned, ok
from tests.connectors.shopee.conftest import BAGS, Shop

NOTHING = Wishes({}, neutral=False)


def wanted(**values: Any) -> WantedListing:
    return WantedListing(**{"marker": "tas", "title": "Tas Bundar", "description": "-", "currency": "IDR", **values})


def value(value_id: int, name: str, id_name: str = "", children: Any = ()) -> dict[str, Any]:
    languages = [{"language": "id", "value": id_name}] if id_name else []
    return {"value_id": value_id, "name": name, "multi_lang": languages, "child_attribute_list": list(children)}


def attribute(attribute_id: int, name: str, kind: int, *values: Any, mandatory: bool = True, **info: Any) -> Any:
    return {
        "attribute_id": attribute_id,
        "name": name,
        "mandatory": mandatory,
        "attribute_value_list": list(values),
        "attribute_info": {"input_type": kind, "input_validation_type": 2, "format_type": 1, **info},
        "multi_lang": [{"language": "id", "value": "Bahan"}] if name == "Material" else [],
    }


def tree(*attributes: Any) -> Any:
    return attributes_fact(ok(list=[{"category_id": 1, "attribute_tree": list(attributes)}]))


MATERIAL = attribute(100134, "Material", 5, value(785, "Rattan", "Rotan"), value(786, "Leather"), max_value_count=3)


def test_materials_are_found_by_their_name_in_any_language() -> None:
    chosen, found = choose(wanted(materials=("rotan Kalimantan", "kulit sapi")), tree(MATERIAL), NOTHING)
    assert chosen == [{"id": 100134, "values": [{"id": 785}, {"id": 786}]}]
    assert found == []


def test_own_text_is_allowed_where_the_box_takes_it() -> None:
    chosen, _ = choose(wanted(materials=("pandan",)), tree(MATERIAL), NOTHING)
    assert chosen == [{"id": 100134, "values": [{"id": 0, "text": "pandan", "unit": ""}]}]
    assert to_wire(chosen) == [
        {"attribute_id": 100134, "attribute_value_list": [{"value_id": 0, "original_value_name": "pandan"}]}
    ]


def test_a_mandatory_attribute_without_an_answer_is_a_problem_with_examples() -> None:
    shelf = attribute(18, "Shelf life", 1, value(1, "1 month"), value(2, "3 months"))
    chosen, (problem,) = choose(wanted(), tree(shelf), Wishes({}, neutral=True))
    assert chosen == []
    assert problem.field == "attributes"
    assert "Shelf life" in problem.words.id
    assert "1 month" in problem.remedy.id


def test_the_accounts_default_comes_before_the_neutral_value() -> None:
    style = attribute(39, "Bag style", 1, value(1, "Bucket bag"), value(2, "Other"))
    by_name, _ = choose(wanted(), tree(style), Wishes({"bag style": "Bucket bag"}, neutral=True))
    neutral, _ = choose(wanted(), tree(style), Wishes({}, neutral=True))
    assert by_name == [{"id": 39, "values": [{"id": 1}]}]
    assert neutral == [{"id": 39, "values": [{"id": 2}]}]
    assert len(choose(wanted(), tree(style), NOTHING)[1]) == 1


def test_words_of_the_title_answer_before_a_neutral_value() -> None:
    pattern = attribute(3, "Pattern", 4, value(1, "Batik"), value(2, "Other"), max_value_count=3)
    chosen, _ = choose(wanted(title="Kemeja Batik Cap"), tree(pattern), Wishes({}, neutral=True))
    assert chosen == [{"id": 3, "values": [{"id": 1}]}]


def test_what_the_product_says_wins_and_must_be_on_the_list() -> None:
    gender = attribute(21, "Gender", 1, value(1, "Female"), value(2, "Male"), mandatory=False)
    assert choose(wanted(attributes={"21": "2"}), tree(gender), NOTHING)[0] == [{"id": 21, "values": [{"id": 2}]}]
    assert choose(wanted(attributes={"Gender": "male"}), tree(gender), NOTHING)[0] == [
        {"id": 21, "values": [{"id": 2}]}
    ]
    chosen, (problem,) = choose(wanted(attributes={"21": "Anak"}), tree(gender), NOTHING)
    assert chosen == []
    assert "Anak" in problem.words.id


def test_an_optional_attribute_without_an_answer_is_left_out() -> None:
    style = attribute(39, "Bag style", 1, value(1, "Other"), mandatory=False)
    assert choose(wanted(), tree(style), Wishes({}, neutral=True)) == ([], [])


def test_a_chosen_value_opens_its_own_attributes() -> None:
    child = attribute(7, "Grade", 1, value(70, "A"), value(71, "Other"))
    parent = attribute(6, "Kind", 1, value(60, "Graded", children=[child]), value(61, "Plain"))
    opened, problems = choose(wanted(attributes={"6": "Graded"}), tree(parent), NOTHING)
    assert [entry["id"] for entry in opened] == [6]
    assert len(problems) == 1
    closed, problems = choose(wanted(attributes={"6": "Plain"}), tree(parent), NOTHING)
    assert problems == []
    assert [entry["id"] for entry in closed] == [6]


def test_a_quantity_carries_one_of_the_listed_units() -> None:
    length = attribute(9, "Length", 3, mandatory=False, format_type=2, attribute_unit_list=["cm", "m"])
    chosen, _ = choose(wanted(attributes={"9": "25 cm"}), tree(length), NOTHING)
    assert to_wire(chosen) == [
        {
            "attribute_id": 9,
            "attribute_value_list": [{"value_id": 0, "original_value_name": "25", "value_unit": "cm"}],
        }
    ]
    assert choose(wanted(attributes={"9": "25 inch"}), tree(length), NOTHING)[1]


def test_single_boxes_take_one_value_and_many_boxes_at_most_their_count() -> None:
    many = attribute(5, "Material", 5, *(value(n, f"m{n}") for n in range(1, 6)), max_value_count=2)
    chosen, _ = choose(wanted(attributes={"5": ["m1", "m2", "m3"]}), tree(many), NOTHING)
    assert len(chosen[0]["values"]) == 2


def test_dates_go_out_as_unix_seconds_and_come_back_formatted() -> None:
    expiry = attribute(11, "Expiry", 3, mandatory=False, input_validation_type=4)
    facts = tree(expiry)
    chosen, _ = choose(wanted(attributes={"11": "31/12/2026"}), facts, NOTHING)
    sent = to_wire(chosen, facts)[0]["attribute_value_list"][0]["original_value_name"]
    assert sent == "1798693200"
    answered = [
        {
            "attribute_id": 11,
            "attribute_value_list": [{"value_id": 0, "original_value_name": "31/12/2026", "value_unit": ""}],
        }
    ]
    assert read.attributes(answered) == chosen


def test_a_write_with_a_date_asks_the_tree(canned: Canned) -> None:
    from syncer.domain.listing import RemoteListing, Rendered
    from syncer.sdk.operations import Kind, ListingRef, Operation

    expiry = attribute(11, "Expiry", 3, mandatory=False, input_validation_type=4)
    canned.give("product/get_attribute_tree", ok(list=[{"category_id": 5, "attribute_tree": [expiry]}]))
    canned.give("product/update_item", ok(item_id=1))
    fields = {"category": "5", "attributes": [{"id": 11, "values": [{"id": 0, "text": "31/12/2026", "unit": ""}]}]}
    operation = Operation(Kind.UPDATE, ListingRef("x"), Rendered(fields, ()), RemoteListing("1"), ("attributes",))
    canned.connector().apply([operation])
    sent = canned.requests[-1].json()["attribute_list"][0]["attribute_value_list"][0]
    assert sent == {"value_id": 0, "original_value_name": "1798693200"}


def test_mandatory_attributes_reach_the_sandbox_and_read_back_equal(shop: Shop) -> None:
    made = shop.wanted(category=BAGS, materials=("kulit sapi", "kanvas"), attributes={"Bag style": "Bucket bag"})
    outcome = shop.driver.converge(made)
    assert outcome.listing is not None
    assert len(outcome.rendered.fields["attributes"]) == 3
    assert (
        shop.connector.fetch_listing(outcome.listing.remote_id).fields["attributes"]
        == outcome.rendered.fields["attributes"]
    )
