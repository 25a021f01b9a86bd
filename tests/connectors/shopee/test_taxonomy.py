"""Categories, attributes, brands and couriers as facts."""

from __future__ import annotations

from connectors.shopee.limits import couriers
from tests.connectors.shopee.canned import Canned, ok
from tests.connectors.shopee.conftest import BAGS, PLAIN, Shop


def test_only_leaves_are_usable(shop: Shop) -> None:
    tree = {category.id: category for category in shop.connector.fetch_categories()}
    leaf = tree[PLAIN]
    assert leaf.usable
    assert not tree[leaf.parent_id].usable
    roots = [category for category in tree.values() if not category.parent_id]
    assert roots
    assert all(not category.usable for category in roots if any(c.parent_id == category.id for c in tree.values()))


def test_names_are_those_for_people(canned: Canned) -> None:
    row = {
        "category_id": 5,
        "parent_category_id": 0,
        "original_category_name": "Home",
        "display_category_name": "Rumah",
    }
    canned.give("product/get_category", ok(category_list=[{**row, "has_children": "true"}]))
    (found,) = canned.connector().fetch_categories()
    assert (found.id, found.parent_id, found.name, found.usable) == ("5", "", "Rumah", False)
    assert dict(canned.requests[-1].query)["language"] == "id"


def test_attributes_of_a_category(shop: Shop) -> None:
    found = {attribute.name: attribute for attribute in shop.connector.fetch_attributes(BAGS)}
    assert found["Bag style"].mandatory
    material = next(attribute for name, attribute in found.items() if name in ("Material", "Bahan"))
    assert material.own_text
    assert material.most == 3
    assert len(material.values) > 3


def test_brands_are_read_over_all_pages(canned: Canned) -> None:
    def brand(number: int) -> dict[str, object]:
        return {"brand_id": number, "original_brand_name": f"Merek  {number}", "display_brand_name": f"Brand {number}"}

    first = ok(brand_list=[brand(1)], has_next_page=True, next_offset=100, is_mandatory=True)
    canned.give("product/get_brand_list", first, ok(brand_list=[brand(2)], has_next_page=False))
    found = canned.connector().fetch_fact("brands:7")
    assert found == {
        "merek 1": [1, "Merek  1"],
        "brand 1": [1, "Merek  1"],
        "merek 2": [2, "Merek  2"],
        "brand 2": [2, "Merek  2"],
    }
    assert [dict(request.query)["offset"] for request in canned.requests] == ["0", "100"]
    assert canned.connector().fetch_fact("brand_rule:7") == {"mandatory": False}


def test_the_sandboxs_couriers_leave_the_masked_one_out(shop: Shop) -> None:
    shop.control.post("limits", {"masked_channel": True})
    found = couriers(shop.connector.fetch_fact("logistics"))
    assert found
    assert all(courier.usable for courier in found)
    (wanted,) = [shop.wanted()]
    assert shop.driver.converge(wanted).errors == []
