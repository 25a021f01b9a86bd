"""Categories of both storefronts, rules, brands, readiness."""

from __future__ import annotations

from typing import Any

import pytest

from tests.connectors.tiktok_shop.canned import Canned, ok
from tests.connectors.tiktok_shop.conftest import BOTH, TOKOPEDIA, Shop

CATEGORIES, BRANDS = "/product/202309/categories", "/product/202309/brands"


def category(key: str, *, leaf: bool = True, statuses: tuple[str, ...] = ("AVAILABLE",), parent: str = "0") -> Any:
    return {
        "id": key,
        "parent_id": parent,
        "local_name": f"Kategori {key}",
        "is_leaf": leaf,
        "permission_statuses": list(statuses),
    }


def test_only_leaves_of_both_storefronts_are_usable(canned: Canned) -> None:
    canned.give(
        CATEGORIES,
        ok(categories=[category("1", leaf=False), category("2", parent="1"), category("3")]),
        ok(categories=[category("1", leaf=False), category("2", parent="1"), category("4")]),
    )
    found = {one.id: one for one in canned.connector().fetch_categories()}
    assert {key: one.usable for key, one in found.items()} == {"1": False, "2": True, "3": False, "4": False}
    assert (found["1"].parent_id, found["2"].parent_id) == ("", "1")
    asked = [dict(request.query) for request in canned.requests]
    assert [one["listing_platform"] for one in asked] == BOTH
    assert {(one["category_version"], one["locale"]) for one in asked} == {("v2", "id-ID")}


def test_one_storefront_is_asked_alone(canned: Canned) -> None:
    canned.give(CATEGORIES, ok(categories=[category("3")]))
    (found,) = canned.connector(platforms="tokopedia").fetch_categories()
    assert found.usable
    assert [request.param("listing_platform") for request in canned.requests] == [TOKOPEDIA]


@pytest.mark.parametrize("statuses", [("INVITE_ONLY",), ("NON_MAIN_CATEGORY",), ("AVAILABLE", "INVITE_ONLY"), ()])
def test_a_category_that_needs_leave_is_not_usable(canned: Canned, statuses: tuple[str, ...]) -> None:
    canned.give(CATEGORIES, ok(categories=[category("3", statuses=statuses)]))
    assert [one.usable for one in canned.connector().fetch_categories()] == [False]


def test_at_the_sandbox_the_storefronts_trees_differ(shop: Shop) -> None:
    both = {one.id for one in shop.connector.fetch_categories() if one.usable}
    alone = shop.open(shop.read_options(platforms="tokopedia"))
    assert both < {one.id for one in alone.fetch_categories() if one.usable}


@pytest.mark.parametrize("flag", ["is_requried", "is_required"])
def test_the_required_flag_is_misspelled_on_the_wire(canned: Canned, flag: str) -> None:
    row = {"id": "1", "name": "Bahan", "type": "PRODUCT_PROPERTY", flag: True, "values": [{"id": "9", "name": "Kayu"}]}
    canned.give(f"{CATEGORIES}/5/attributes", ok(attributes=[row]))
    (found,) = canned.connector().fetch_attributes("5")
    assert found.mandatory
    assert found.values == (("9", "Kayu"),)


def test_attributes_of_variants_are_no_product_attributes(canned: Canned) -> None:
    row = {"id": "100000", "name": "Warna", "type": "SALES_PROPERTY", "values": []}
    canned.give(f"{CATEGORIES}/5/attributes", ok(attributes=[row]))
    assert canned.connector().fetch_attributes("5") == []
    assert canned.requests[0].param("category_version") == "v2"


def test_rules_are_read_with_what_is_missing_left_open(canned: Canned) -> None:
    path = f"{CATEGORIES}/5/rules"
    conditions = [{"condition_type": "VALUE_ID_MATCH", "attribute_id": "1", "attribute_value_id": "2"}]
    certificate = {"id": "602362", "name": "SNI", "is_required": False, "requirement_conditions": conditions}
    canned.give(
        path,
        ok(
            product_certifications=[certificate],
            size_chart={"is_supported": True, "is_required": True},
            package_dimension={"is_required": True},
            cod={"is_supported": False},
            allowed_special_product_types=["PRE_ORDER"],
        ),
        ok(),
    )
    connector = canned.connector()
    rules = connector.fetch_fact("rules:5")
    assert rules["certificates"] == [{"id": "602362", "name": "SNI", "required": False, "conditions": [["1", "2"]]}]
    assert (rules["size_chart_required"], rules["package_size"], rules["cash_on_delivery"]) == (True, True, False)
    assert rules["pre_order"]
    bare = connector.fetch_fact("rules:5")
    assert (bare["size_chart_required"], bare["cash_on_delivery"], bare["pre_order"]) == (False, True, False)


def brand(name: str, status: str, **more: Any) -> Any:
    return {"id": f"id of {name}", "name": name, "authorized_status": status, **more}


@pytest.mark.parametrize(
    ("row", "usable"),
    [
        (brand("Anyam", "AUTHORIZED", brand_status="AVAILABLE"), True),
        (brand("Anyam", "AUTHORIZED", brand_status="UNAVAILABLE"), False),
        (brand("Anyam", "UNAUTHORIEZD", is_t1_brand=False), True),
        (brand("Anyam", "UNAUTHORIEZD", is_t1_brand=True), False),
    ],
)
def test_which_brands_may_be_used(canned: Canned, row: Any, usable: bool) -> None:
    canned.give(BRANDS, ok(brands=[row]))
    assert bool(canned.connector().fetch_fact("brand:5:anyam")) == usable
    assert canned.connector(platforms="tokopedia").fetch_fact("brand:5:Anyam") == {"id": "id of Anyam", "name": "Anyam"}
    assert canned.requests[0].param("brand_name") == "anyam"


def test_brands_come_in_pages_and_only_the_whole_name_counts(canned: Canned) -> None:
    first = ok(brands=[brand("Anyam Jaya", "AUTHORIZED")], next_page_token="t1")
    canned.give(BRANDS, first, ok(brands=[brand("Anyam", "AUTHORIZED")], next_page_token=""))
    assert canned.connector().fetch_fact("brand:5:Anyam")["id"] == "id of Anyam"
    assert canned.requests[1].param("page_token") == "t1"
    assert {request.param("page_size") for request in canned.requests} == {"100"}


def test_the_shops_readiness_is_a_fact(canned: Canned) -> None:
    canned.give(
        "/product/202312/prerequisites",
        ok(
            check_results=[
                {"check_item": "BANk_ACCOUNT", "is_failed": True, "fail_reasons": ["No account"]},
                {"check_item": "SHOP_STATUS", "is_failed": False, "fail_reasons": []},
            ]
        ),
    )
    assert canned.connector().fetch_fact("shop") == [{"item": "BANK_ACCOUNT", "why": ["No account"]}]


def test_facts_are_not_kept_for_long(canned: Canned) -> None:
    assert canned.connector().fact_ttl_s <= 3600


@pytest.mark.parametrize("key", ["", "nonsense", "rules:", "brand:5", "brand::x"])
def test_unknown_facts_are_refused(canned: Canned, key: str) -> None:
    with pytest.raises(ValueError, match="unknown fact"):
        canned.connector().fetch_fact(key)
