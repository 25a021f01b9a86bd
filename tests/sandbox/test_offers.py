"""Prices and stock: partial failure, ratio, locks, reserved pieces (shopee.md 5.15, 5.16)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.client import Client
from tests.sandbox.test_items import code_of


def stocks(client: Client, item_id: int, wanted: dict[int, int]) -> dict[str, Any]:
    entries = [{"model_id": key, "seller_stock": [{"stock": value}]} for key, value in wanted.items()]
    return client.post("product/update_stock", {"item_id": item_id, "stock_list": entries})


def test_plain_item_by_absent_and_zero_model_id(client: Client) -> None:
    item_id = client.add()
    assert client.set_stock(item_id, 0)["error"] == ""
    body = {"item_id": item_id, "stock_list": [{"seller_stock": [{"stock": 4}]}]}
    assert client.post("product/update_stock", body)["error"] == ""
    assert client.listing(item_id)["offers"][0]["stock"] == 4
    answer = client.set_price(item_id, {0: 179000.5})
    assert answer["response"]["success_list"] == [{"original_price": 179001}]


def test_models_left_out_keep_their_numbers(client: Client) -> None:
    item_id = client.add()
    first, second = client.vary(item_id)
    client.set_stock(item_id, 1, first)
    client.set_price(item_id, {second: 150000})
    offers = {o["remote_id"]: (o["price"], o["stock"]) for o in client.listing(item_id)["offers"]}
    assert offers == {str(first): (185000, 1), str(second): (150000, 5)}


def test_partial_price_write_is_not_an_error(client: Client) -> None:
    item_id = client.add()
    first, _ = client.vary(item_id)
    answer = client.set_price(item_id, {first: 179000, 999: 179000})
    assert answer["error"] == ""
    assert answer["response"]["success_list"] == [{"model_id": first, "original_price": 179000}]
    assert answer["response"]["failure_list"] == [{"model_id": 999, "failed_reason": "model ID not exist in sku"}]


def test_permanent_price_failures_say_try_later(client: Client) -> None:
    item_id = client.add()
    first, second = client.vary(item_id, [10000, 20000])
    for wanted in ({999: 1000}, {0: 1000}, {first: 140001}):
        answer = client.set_price(item_id, wanted)
        assert code_of(answer) == "error_update_price_fail"
        assert "try later" in answer["message"]
        assert answer["response"]["failure_list"]
    assert client.set_price(item_id, {first: 140000, second: 140000})["error"] == ""
    client.post("product/delete_item", {"item_id": item_id})
    assert code_of(client.set_price(item_id, {first: 1000})) == "error_update_price_fail"


@pytest.mark.parametrize(("shape", "code"), [("plain", ""), ("code", "product.error_busi_update_stock_failed")])
def test_partial_stock_write_comes_in_both_shapes(client: Client, shape: str, code: str) -> None:
    client.limits(partial_shape=shape)
    item_id = client.add()
    first, second = client.vary(item_id)
    answer = stocks(client, item_id, {first: 6, second: 20_000_000})
    assert answer["error"] == code
    assert answer["response"]["success_list"] == [{"model_id": first, "location_id": "", "stock": 6}]
    reason = answer["response"]["failure_list"][0]["failed_reason"]
    assert reason == "Stock should be within 0-10000000 for model Cokelat"
    assert client.listing(item_id)["offers"][0]["stock"] == 6


def test_all_failed_is_the_documented_code(client: Client) -> None:
    item_id = client.add()
    answer = client.set_stock(item_id, 20_000_000)
    assert code_of(answer) == "error_busi_update_stock_failed"
    assert answer["response"]["success_list"] == []


def test_stock_refusals(client: Client) -> None:
    item_id = client.add()
    first, second = client.vary(item_id)
    assert code_of(client.set_stock(item_id, 1)) == "error_edit_item_stock_for_item_has_model"
    unknown = client.set_stock(item_id, 1, 999)
    assert (code_of(unknown), unknown["message"]) == ("error_param", "Wrong model_id.")
    twice = {
        "item_id": item_id,
        "stock_list": [{"model_id": first, "seller_stock": [{"stock": 1}]} for _ in range(2)],
    }
    assert client.post("product/update_stock", twice)["message"] == "Repeat model_id."
    mixed = stocks(client, item_id, {second: 2, 999: 2})
    assert mixed["error"] == ""
    assert [x["model_id"] for x in mixed["response"]["success_list"]] == [second]
    located = {
        "item_id": item_id,
        "stock_list": [{"model_id": first, "seller_stock": [{"stock": 1, "location_id": "X"}]}],
    }
    assert code_of(client.post("product/update_stock", located)) == "error_auth"


def test_shop_with_warehouses_wants_a_location(client: Client) -> None:
    assert client.get("shop/get_warehouse_detail")["error"] == "warehouse.error_not_in_whitelist"
    client.limits(warehouses=["ID-BSD"])
    assert client.get("shop/get_warehouse_detail")["response"][0]["location_id"] == "ID-BSD"
    assert code_of(client.post("product/add_item", client.item())) == "error_auth"
    item_id = client.add(seller_stock=[{"stock": 3, "location_id": "ID-BSD"}])
    assert client.base(item_id)["stock_info_v2"]["seller_stock"][0]["location_id"] == "ID-BSD"
    assert code_of(client.set_stock(item_id, 2)) == "error_auth"


def test_create_minimum_does_not_hold_for_updates(client: Client) -> None:
    client.limits(stock_min_create=2)
    answer = client.post("product/add_item", client.item(seller_stock=[{"stock": 1}]))
    assert code_of(answer) == "error_busi"
    assert "within 2-" in answer["message"]
    item_id = client.add(seller_stock=[{"stock": 2}])
    assert client.set_stock(item_id, 0)["error"] == ""


def test_promotion_locks_until_its_end(client: Client) -> None:
    item_id = client.add()
    first, second = client.vary(item_id)
    order = {"remote_id": str(item_id), "offer": str(first), "starts_in_s": 60, "until_s": 600}
    client.control("POST", "promotions", order)
    assert code_of(client.set_price(item_id, {first: 150000})) == "error_cannt_edit_price_in_promotion"
    assert client.last_call()["refused"] == "promotion"
    assert code_of(client.set_stock(item_id, 3, first)) == "error_cannt_edit_stock_in_promotion"
    assert client.set_stock(item_id, 3, second)["error"] == ""
    rows = client.get("product/get_item_promotion", item_id_list=item_id)["response"]["success_list"]
    assert rows[0]["promotion"][0]["promotion_staging"] == "upcoming"
    client.advance(601)
    assert client.set_price(item_id, {first: 150000})["error"] == ""
    assert client.set_stock(item_id, 3, first)["error"] == ""


def test_stock_never_falls_below_reserved(client: Client) -> None:
    item_id = client.add()
    client.control("POST", "promotions", {"sku": "TAS-1", "lock": [], "reserved": 4})
    answer = client.set_stock(item_id, 3)
    assert code_of(answer) == "error_param"
    assert "reserved stock" in answer["message"]
    assert client.set_stock(item_id, 4)["error"] == ""
    summary = client.base(item_id)["stock_info_v2"]["summary_info"]
    assert summary == {"total_reserved_stock": 4, "total_available_stock": 0}


def test_promotion_blocks_content_and_hiding(client: Client) -> None:
    item_id = client.add()
    client.control("POST", "promotions", {"sku": "TAS-1", "lock": ["content", "unlist", "delete"]})
    edit = client.post("product/update_item", {"item_id": item_id, "item_name": "Tas Rotan Baru"})
    assert code_of(edit) == "error_cannt_edit_name_in_promotion"
    hide = client.post("product/unlist_item", {"item_list": [{"item_id": item_id, "unlist": True}]})
    assert "promotion" in hide["response"]["failure_list"][0]["failed_reason"]
    assert code_of(client.post("product/delete_item", {"item_id": item_id})) == "error_in_item_promotion_delete_lock"
