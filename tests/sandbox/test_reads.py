"""Lists, searches, encodings, categories, brands, limits (shopee.md 1.3, 5.1 to 5.5, 5.18 to 5.20)."""

from __future__ import annotations

import pytest

from tests.sandbox.client import Client


def test_list_walks_by_offset_and_repeated_status(client: Client) -> None:
    image = {"image_id_list": [client.upload()]}
    ids = [client.add(item_sku=f"S-{n}", image=image) for n in range(5)]
    client.post("product/unlist_item", {"item_list": [{"item_id": ids[0], "unlist": True}]})
    seen, offset = [], 0
    while True:
        page = client.get("product/get_item_list", offset=offset, page_size=2, item_status=["NORMAL", "UNLIST"])
        seen += [row["item_id"] for row in page["response"]["item"]]
        if not page["response"]["has_next_page"]:
            break
        offset = page["response"]["next_offset"]
    assert seen == ids
    hidden = client.get("product/get_item_list", offset=0, page_size=9, item_status="UNLIST")
    assert [row["item_id"] for row in hidden["response"]["item"]] == [ids[0]]
    bad = client.get("product/get_item_list", offset=0, page_size=9, item_status="SOLD")
    assert bad["error"] == "product.error_param"
    deep = client.get("product/get_item_list", offset=60_000, page_size=9, item_status="NORMAL")
    assert "next_offset" in deep["message"]


def test_empty_list_has_two_shapes(client: Client) -> None:
    query = {"offset": 0, "page_size": 5, "item_status": "NORMAL"}
    assert client.get("product/get_item_list", **query)["response"]["item"] == []
    client.limits(empty_list="missing")
    assert "item" not in client.get("product/get_item_list", **query)["response"]


def test_number_writes_do_not_move_update_time_but_content_does(client: Client) -> None:
    item_id = client.add()
    before = client.base(item_id)["update_time"]
    client.advance(100)
    client.set_stock(item_id, 1)
    client.set_price(item_id, {0: 190000})
    assert client.base(item_id)["update_time"] == before
    client.post("product/update_item", {"item_id": item_id, "item_name": "Tas Rotan Baru"})
    assert client.base(item_id)["update_time"] >= before + 100


def test_search_by_sku_uses_an_opaque_cursor(client: Client) -> None:
    image = {"image_id_list": [client.upload()]}
    ids = [client.add(item_sku=f"DKR-{n}", image=image) for n in range(3)]
    first = client.get("product/search_item", offset="", page_size=2, item_sku="dkr-")["response"]
    assert first["item_id_list"] == ids[:2]
    assert not first["next_offset"].isdigit()
    second = client.get("product/search_item", offset=first["next_offset"], page_size=2, item_sku="DKR-")["response"]
    assert (second["item_id_list"], second["next_offset"]) == (ids[2:], "")
    assert client.get("product/search_item", offset="", page_size=2)["error"] == "product.error_param"


def test_search_finds_model_skus_only_with_the_switch(client: Client) -> None:
    item_id = client.add(item_sku="INDUK")
    client.vary(item_id)
    assert client.get("product/search_item", page_size=5, item_sku="TAS-1-N")["response"]["item_id_list"] == []
    client.limits(search_model_sku=True)
    found = client.get("product/search_item", page_size=5, item_sku="TAS-1-N")["response"]
    assert found["item_id_list"] == [item_id]


def test_id_lists_are_comma_joined_or_repeated_and_never_bracketed(client: Client) -> None:
    image = {"image_id_list": [client.upload()]}
    ids = [client.add(image=image), client.add(image=image)]
    for value in (f"{ids[0]},{ids[1]}", ids):
        answer = client.get("product/get_item_base_info", item_id_list=value)
        assert [row["item_id"] for row in answer["response"]["item_list"]] == ids
    answer = client.get("product/get_item_base_info", item_id_list=f"[{ids[0]}]")
    assert answer["error"] == "product.error_param"
    assert "strconv.ParseUint" in answer["message"]
    client.limits(strict_lists=False)
    assert client.get("product/get_item_base_info", item_id_list=f"[{ids[0]}]")["error"] == ""
    unknown = client.get("product/get_item_base_info", item_id_list=f"{ids[0]},5")
    assert [row["item_id"] for row in unknown["response"]["item_list"]] == [ids[0]]
    many = client.get("product/get_item_base_info", item_id_list=",".join(map(str, range(1, 52))))
    assert many["error"] == "product.error_param"


@pytest.mark.parametrize(
    "query",
    [
        [("category_id_list", "{0},{1}")],
        [("category_id_list", "[{0},{1}]")],
        [("category_id_list", "{0}"), ("category_id_list", "{1}")],
        [("category_ids", "{0},{1}")],
    ],
)
def test_attribute_tree_takes_every_encoding(client: Client, query: list[tuple[str, str]]) -> None:
    leaves = [client.leaf, 100352]
    pairs = [(key, value.format(*leaves)) for key, value in query]
    answer = client.raw("GET", "product/get_attribute_tree", query=pairs).json()
    assert [row["category_id"] for row in answer["response"]["list"]] == leaves
    attributes = answer["response"]["list"][1]["attribute_tree"]
    assert attributes[0]["mandatory"] is True
    assert {"input_type", "input_validation_type", "format_type"} <= set(attributes[0]["attribute_info"])
    assert "attribute_unit_list" in next(a for a in attributes if a["name"] == "Length")["attribute_info"]


def test_tree_has_roots_leaves_and_whole_branches(client: Client) -> None:
    rows = client.get("product/get_category", language="id")["response"]["category_list"]
    by_id = {row["category_id"]: row for row in rows}
    assert len(by_id) == len(rows) > 700
    assert all(row["parent_category_id"] == 0 or row["parent_category_id"] in by_id for row in rows)
    parents = {row["parent_category_id"] for row in rows}
    assert all(row["has_children"] for row in rows if row["category_id"] in parents)


def test_old_attribute_form(client: Client) -> None:
    rows = client.get("product/get_attributes", category_id=100352)["response"]["attribute_list"]
    assert rows[0]["is_mandatory"] is True
    assert {row["input_type"] for row in rows} <= {
        "DROP_DOWN",
        "TEXT_FILED",
        "COMBO_BOX",
        "MULTIPLE_SELECT",
        "MULTIPLE_SELECT_COMBO_BOX",
    }


def test_attribute_values_can_be_searched(client: Client) -> None:
    body = {"attribute_id": 209001, "value_name": "ra", "cursor": 0, "limit": 1}
    first = client.post("product/search_attribute_value_list", body)["response"]
    assert first["value_list"] == [{"value_id": 3900101, "value_name": "Rattan"}]
    assert first["page_info"]["has_next"]
    tree = client.get("product/get_variation_tree", category_id=client.leaf)
    assert tree["data"] == {"standardise_variation_list": []}


def test_brands_are_paged(client: Client) -> None:
    first = client.get("product/get_brand_list", category_id=client.leaf, offset=0, page_size=2, status=1)["response"]
    assert (len(first["brand_list"]), first["has_next_page"]) == (2, True)
    rest = client.get(
        "product/get_brand_list", category_id=client.leaf, offset=first["next_offset"], page_size=50, status=1
    )["response"]
    assert not rest["has_next_page"]
    assert {b["brand_id"] for b in first["brand_list"]} & {b["brand_id"] for b in rest["brand_list"]} == set()


def test_limits_can_be_null_and_gtin_stands_beside(client: Client) -> None:
    answer = client.get("product/get_item_limit", category_id=client.leaf)
    assert answer["response"]["price_limit"] == {"min_limit": 99, "max_limit": 150000000}
    assert answer["gtin_limit"] == {"gtin_validation_rule": "Optional"}
    client.limits(null_limits=True)
    answer = client.get("product/get_item_limit", category_id=client.leaf)
    assert answer["response"]["price_limit"] is None


def test_food_has_no_pre_order(client: Client) -> None:
    rows = client.get("product/get_category")["response"]["category_list"]
    parents = {row["category_id"]: row["parent_category_id"] for row in rows}

    def root(key: int) -> int:
        while parents[key]:
            key = parents[key]
        return key

    leaf = next(r["category_id"] for r in rows if not r["has_children"] and root(r["category_id"]) == 100629)
    limit = client.get("product/get_item_limit", category_id=leaf)["response"]["dts_limit"]
    assert limit["days_to_ship_limit"] == {"min_limit": -1, "max_limit": -1}


def test_success_without_the_error_key(client: Client) -> None:
    client.limits(error_key=False)
    answer = client.get("product/get_category")
    assert "error" not in answer
    assert client.get("product/search_item", page_size=1)["error"] == "product.error_param"


def test_codes_without_prefix(client: Client) -> None:
    client.limits(prefix_codes=False)
    assert client.get("product/search_item", page_size=1)["error"] == "error_param"


def test_shop_helpers(client: Client) -> None:
    info = client.get("shop/get_shop_info")
    assert "response" not in info
    assert (info["shop_name"], info["region"]) == ("Toko Orange", "ID")
    assert client.get("shop/get_warehouse_detail")["error"] == "warehouse.error_not_in_whitelist"
    assert client.get("shop/get_shop_holiday_mode")["response"]["holiday_mode_on"] is False
    orders = client.get(
        "order/get_order_list", time_range_field="update_time", time_from=1, time_to=2, page_size=10, cursor=""
    )
    assert orders["response"] == {"more": False, "next_cursor": "", "order_list": []}
    long = client.get(
        "order/get_order_list", time_range_field="update_time", time_from=1, time_to=2_000_000, page_size=10
    )
    assert long["error"] == "order.order_list_invalid_time"
