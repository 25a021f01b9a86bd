"""Items: creation, edits, review, hiding, deletion (shopee.md 5.7, 5.8, 5.17 to 5.22)."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.shopee.sandbox_catalogue import catalogue
from tests.sandbox.client import Client, picture


def code_of(answer: dict[str, Any]) -> str:
    return str(answer["error"]).removeprefix("product.")


def test_created_item_reads_back_with_its_odd_types(client: Client) -> None:
    item_id = client.add(
        dimension={"package_length": 25, "package_width": 25, "package_height": 12}, original_price=184999.5
    )
    info = client.base(item_id)
    assert item_id > 2**31
    assert (info["weight"], info["deboost"], info["has_model"]) == ("0.6", "false", False)
    assert info["price_info"][0]["original_price"] == 185000
    assert info["stock_info_v2"]["seller_stock"][0]["stock"] == 12
    assert "wholesales" in info
    assert "wholesale" not in info
    offer = client.listing(item_id)["offers"]
    assert offer == [{"sku": "TAS-1", "remote_id": "0", "price": 185000, "currency": "IDR", "stock": 12, "name": ""}]


REFUSALS: list[tuple[dict[str, Any], str]] = [
    ({"item_name": "Tas"}, "error_item_name_is_too_short"),
    ({"item_name": "T" * 256}, "error_title_exceeds_max_length"),
    ({"item_name": "Tas\x07anyam"}, "error_title_character_forbidden"),
    ({"description": "pendek"}, "error_desc_length_min_limit"),
    ({"description": "#a " * 19}, "error_desc_hash_tag_over_limit"),
    ({"category_id": 100636}, "error_param"),
    ({"original_price": 50}, "error_price_exceed_min_limitt"),
    ({"original_price": 150000001}, "error_price_exceed_max_limitt"),
    ({"original_price": 0}, "error_invalid_price"),
    ({"weight": 0}, "error_param"),
    ({"image": {"image_id_list": []}}, "error_image_num_min"),
    ({"image": {"image_id_list": ["id-none"]}}, "error_param"),
    ({"logistic_info": [{"logistic_id": 8006, "enabled": True}]}, "error_invalid_logistic_info"),
    ({"logistic_info": [{"logistic_id": 8003, "enabled": False}]}, "error_invalid_logistic_info"),
    ({"brand": {"brand_id": 5, "original_brand_name": "X"}}, "error_invalid_brand"),
    ({"seller_stock": [{"stock": 10_000_001}]}, "error_busi"),
    ({"seller_stock": [{"stock": 1, "location_id": "IDZ"}]}, "error_auth"),
    ({"pre_order": {"is_pre_order": True, "days_to_ship": 2}}, "error_invalid_days_to_ship"),
    ({"pre_order": {"is_pre_order": True, "days_to_ship": 31}}, "error_param_dts_exceeds_max_limit"),
    ({"pre_order": {"is_pre_order": False, "days_to_ship": 9}}, "error_invalid_days_to_ship"),
    ({"attribute_list": [{"attribute_id": 1, "attribute_value_list": []}]}, "error_invalid_category_attribute"),
    ({"gtin_code": "12"}, "error_param"),
    ({"item_name": ...}, "error_param"),
]


@pytest.mark.parametrize(("change", "code"), REFUSALS)
def test_add_item_refuses(client: Client, change: dict[str, Any], code: str) -> None:
    answer = client.post("product/add_item", client.item(**change))
    assert code_of(answer) == code
    assert answer["error"].startswith("product.")
    assert client.control("GET", "listings") == []


def test_missing_field_and_empty_body_have_the_platforms_texts(client: Client) -> None:
    answer = client.post("product/update_item", {"item_name": "Tas Rotan"})
    assert answer["message"] == "invalid field ItemId: value must  Not Null"
    assert client.raw("POST", "product/update_item").json()["message"] == "EOF"
    over = client.get("product/get_item_list", offset=0, page_size=101, item_status="NORMAL")
    assert over["message"] == "invalid field PageSize: value '101' must be less than '101'"


def mandatory_leaf() -> tuple[int, list[dict[str, Any]]]:
    tree = catalogue()
    for category in tree.categories.values():
        wanted = [a for a in tree.attributes(category.category_id) if a.mandatory] if category.leaf else []
        if len(wanted) > 1 and not tree.brand_mandatory(category.category_id):
            values = [
                {"attribute_id": a.attribute_id, "attribute_value_list": [{"value_id": a.values[0].value_id}]}
                for a in wanted
            ]
            return category.category_id, values
    raise AssertionError


def test_mandatory_attributes_are_wanted(client: Client) -> None:
    leaf, values = mandatory_leaf()
    lacking = client.post("product/add_item", client.item(category_id=leaf, attribute_list=values[1:]))
    assert code_of(lacking) == "error_less_required_attribute"
    assert client.add(category_id=leaf, attribute_list=values)


@pytest.mark.parametrize(
    ("attribute_id", "value", "code"),
    [
        (209001, {"value_id": 0, "original_value_name": "Kulit jeruk"}, ""),
        (209001, {"value_id": 0}, "error_value_name_required"),
        (209001, {"value_id": 4}, "error_invalid_attribute"),
        (209002, {"value_id": 0, "original_value_name": "30", "value_unit": "cm"}, ""),
        (209002, {"value_id": 0, "original_value_name": "30", "value_unit": "mil"}, "error_invalid_attribute"),
        (209002, {"value_id": 0, "original_value_name": "tiga", "value_unit": "cm"}, "error_invalid_attribute"),
        (209002, {"value_id": 7}, "error_value_id_must_equal_zero"),
        (209003, {"value_id": 0, "original_value_name": "Mars"}, "error_invalid_attribute"),
        (209006, {"value_id": 0, "original_value_name": "Bu Sri"}, "error_invalid_category_attribute"),
    ],
)
def test_attribute_values(client: Client, attribute_id: int, value: dict[str, Any], code: str) -> None:
    attributes = [{"attribute_id": attribute_id, "attribute_value_list": [value]}]
    assert code_of(client.post("product/add_item", client.item(attribute_list=attributes))) == code


def test_a_chosen_value_opens_its_child_attribute(client: Client) -> None:
    attributes = [
        {"attribute_id": 209005, "attribute_value_list": [{"value_id": 3900501}]},
        {"attribute_id": 209006, "attribute_value_list": [{"value_id": 0, "original_value_name": "Bu Sri"}]},
    ]
    assert client.add(attribute_list=attributes)


def test_update_keeps_absent_fields_and_replaces_lists(client: Client) -> None:
    item_id = client.add()
    second = client.upload(picture(colour="red"))
    answer = client.post(
        "product/update_item",
        {"item_id": item_id, "item_name": "Tas Rotan Besar", "image": {"image_id_list": [second]}},
    )
    assert answer["error"] == ""
    info = client.base(item_id)
    assert (info["item_name"], info["image"]["image_id_list"], info["item_sku"]) == (
        "Tas Rotan Besar",
        [second],
        "TAS-1",
    )
    client.post("product/update_item", {"item_id": item_id, "item_sku": "", "original_price": 5, "seller_stock": []})
    info = client.base(item_id)
    assert (info["item_sku"], info["price_info"][0]["original_price"]) == ("", 185000)


def test_update_validates_the_whole_item(client: Client) -> None:
    item_id = client.add()
    client.limits(name_min=60)
    answer = client.post("product/update_item", {"item_id": item_id, "condition": "USED"})
    assert code_of(answer) == "error_item_name_is_too_short"


def test_echo_of_status_is_stale(client: Client) -> None:
    item_id = client.add(item_status="UNLIST")
    answer = client.post("product/update_item", {"item_id": item_id, "item_status": "NORMAL"})
    assert answer["response"]["item_status"] == "UNLIST"
    assert client.base(item_id)["item_status"] == "NORMAL"


def test_review_is_asynchronous_and_blocks_edits_but_not_numbers(client: Client) -> None:
    client.limits(review=True, review_delay_s=60)
    item_id = client.add()
    assert client.listing(item_id)["status"] == "review"
    refused = client.post("product/update_item", {"item_id": item_id, "item_name": "Tas Rotan Baru"})
    assert code_of(refused) == "error_busi_item_status_invalid"
    assert client.last_call()["refused"] == "review"
    hide = client.post("product/unlist_item", {"item_list": [{"item_id": item_id, "unlist": True}]})
    assert code_of(hide) == "error_busi_cannot_delist_reviewing_or_banned_item"
    assert client.set_stock(item_id, 3)["error"] == ""
    assert client.set_price(item_id, {0: 170000})["error"] == ""
    client.control("POST", "clock", {"advance_s": 61})
    assert client.base(item_id)["item_status"] == "NORMAL"
    client.post("product/update_item", {"item_id": item_id, "item_name": "Tas Rotan Baru"})
    assert client.listing(item_id)["status"] == "review"


def test_hidden_item_comes_out_of_review_hidden(client: Client) -> None:
    client.limits(review=True, review_delay_s=0)
    item_id = client.add(item_status="UNLIST")
    assert client.base(item_id)["item_status"] == "UNLIST"


def test_forbidden_word_ends_in_a_ban_that_an_edit_can_heal(client: Client) -> None:
    client.limits(review=True, review_delay_s=0)
    item_id = client.add(item_name="Barang terlarang lama")
    assert client.listing(item_id)["status"] == "rejected"
    answer = client.get("product/get_item_violation_info", item_id_list=item_id)
    assert "error" not in answer
    details = answer["response"]["item_list"][0]["item_status_details"][0]
    assert "terlarang" in details["violation_reason"]
    client.post("product/update_item", {"item_id": item_id, "item_name": "Barang boleh dijual"})
    assert client.base(item_id)["item_status"] == "NORMAL"


def test_unlist_and_bring_back_with_both_lists(client: Client) -> None:
    item_id, gone = client.add(), client.add(item_sku="X")
    client.post("product/delete_item", {"item_id": gone})
    entries = [{"item_id": item_id, "unlist": True}, {"item_id": gone, "unlist": True}]
    answer = client.post("product/unlist_item", {"item_list": entries})
    assert answer["error"] == ""
    assert [x["item_id"] for x in answer["response"]["success_list"]] == [item_id]
    assert [x["item_id"] for x in answer["response"]["failure_list"]] == [gone]
    assert client.listing(item_id)["status"] == "hidden"
    back = client.post("product/unlist_item", {"item_list": [{"item_id": item_id, "unlist": False}]})
    assert back["response"]["success_list"][0]["unlist"] is False
    all_failed = client.post("product/unlist_item", {"item_list": [{"item_id": gone, "unlist": True}]})
    assert code_of(all_failed) == "error_unlist_item_all_failed"


def test_deleted_item_is_readable_for_ninety_days(client: Client) -> None:
    item_id = client.add()
    answer = client.post("product/delete_item", {"item_id": item_id})
    assert set(answer) == {"error", "message", "warning", "request_id"}
    assert client.base(item_id)["item_status"] == "SELLER_DELETE"
    edit = client.post("product/update_item", {"item_id": item_id, "item_name": "Tas Rotan Baru"})
    assert code_of(edit) == "error_item_uneditable"
    assert code_of(client.set_stock(item_id, 1)) == "error_item_not_found"
    client.advance(91 * 86_400)
    client.control("POST", "tokens/revoke", {"refresh": True})
    client.options = client.running.account_options
    assert client.get("product/get_item_base_info", item_id_list=item_id)["response"]["item_list"] == []


def test_twins_are_refused_only_with_the_switch(client: Client) -> None:
    image = {"image_id_list": [client.upload()]}
    client.add(image=image)
    client.add(image=image)
    client.limits(repeated_mtsku=True)
    assert code_of(client.post("product/add_item", client.item(image=image))) == "error_repeated_mtsku"


def test_holiday_blocks_new_items_and_stock(client: Client) -> None:
    item_id = client.add()
    client.limits(holiday="full")
    assert code_of(client.post("product/add_item", client.item())) == "error_holiday_on_add_item"
    assert code_of(client.set_stock(item_id, 1)) == "error_holiday_mode_change_stock"
    client.limits(holiday="partial")
    assert client.set_stock(item_id, 1)["error"] == ""


def test_item_of_another_shop(client: Client) -> None:
    other = Client(client.running, client.control("POST", "shops", {})["options"])
    item_id = client.add()
    assert code_of(other.set_stock(item_id, 1)) == "error_item_not_belong_shop"
    assert code_of(other.set_stock(5, 1)) == "error_item_not_found"
    assert client.control("GET", f"listings?shop_id={other.options['shop_id']}") == []
    assert len(client.control("GET", f"listings?shop_id={client.options['shop_id']}")) == 1


def test_masked_courier_must_not_be_used(client: Client) -> None:
    client.limits(masked_channel=True)
    rows = client.get("logistics/get_channel_list")["response"]["logistics_channel_list"]
    masked = next(row for row in rows if row["mask_channel_id"])
    assert masked["enabled"]
    info = [{"logistic_id": masked["logistics_channel_id"], "enabled": True}]
    assert code_of(client.post("product/add_item", client.item(logistic_info=info))) == "error_invalid_logistic_info"
