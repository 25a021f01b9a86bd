"""Orders in Toko Orange: placed, changed, read through the API, and what they do to the number (shopee.md 6, 7)."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from connectors.shopee.sandbox import ShopeeSandbox
from syncer.sdk.sandbox import RunningSandbox
from tests.sandbox.client import Client
from tests.sandbox.conftest import QUICK

DAY = 86_400


def buy(client: Client, sku: str = "TAS-1", quantity: int = 1, **more: Any) -> str:
    body = {"lines": [{"sku": sku, "quantity": quantity}], **more}
    return str(client.control("POST", "orders", body)["order_id"])


def stock(client: Client, item_id: int, sku: str = "TAS-1") -> int:
    return next(offer["stock"] for offer in client.listing(item_id)["offers"] if offer["sku"] == sku)  # type: ignore[no-any-return]


def listed(client: Client, **query: Any) -> list[str]:
    now = int(time.time())
    asked = {"time_range_field": "update_time", "time_from": now - DAY, "time_to": now + DAY, "page_size": 100}
    answer = client.get("order/get_order_list", **{**asked, **query})
    assert answer["error"] == "", answer
    return [row["order_sn"] for row in answer["response"]["order_list"]]


def detail(client: Client, *order_ids: str, fields: str = "item_list", **query: Any) -> list[dict[str, Any]]:
    asked = {"order_sn_list": ",".join(order_ids), "response_optional_fields": fields}
    answer = client.get("order/get_order_detail", **asked, **query)
    assert answer["error"] == "", answer
    return answer["response"]["order_list"]  # type: ignore[no-any-return]


def error(client: Client, name: str, **query: Any) -> str:
    return str(client.get(name, **query)["error"])


def test_an_order_lowers_the_number_and_a_cancellation_gives_it_back(client: Client) -> None:
    item_id = client.add()
    order = buy(client, quantity=3)
    assert stock(client, item_id) == 9
    assert client.control("POST", f"orders/{order}/cancel", {"lines": [{"sku": "TAS-1", "quantity": 1}]})
    assert stock(client, item_id) == 10
    (row,) = detail(client, order)[0]["item_list"]
    amounts = [row[name] for name in ("model_quantity_purchased", "active_qty", "cancelled_qty")]
    assert amounts == [3, 2, 1]
    client.control("POST", f"orders/{order}/cancel")
    assert stock(client, item_id) == 12
    assert detail(client, order)[0]["order_status"] == "CANCELLED"
    client.control("POST", f"orders/{order}/move", {"status": "READY_TO_SHIP"})
    assert stock(client, item_id) == 9
    history = client.control("GET", "history")
    assert [entry["value"] for entry in history if entry["by"] == "order"] == [9, 10, 12, 9]


@pytest.mark.parametrize(
    ("lowers", "back", "numbers"),
    [
        ({"READY_TO_SHIP": True}, {"CANCELLED": True}, [12, 10, 10, 12]),
        ({"SHIPPED": True}, {"CANCELLED": True}, [12, 12, 10, 12]),
        ({"UNPAID": True}, {}, [10, 10, 10, 10]),
        ({}, {"CANCELLED": True}, [12, 12, 12, 12]),
    ],
)
def test_when_the_number_moves_is_a_switch(
    client: Client, lowers: dict[str, bool], back: dict[str, bool], numbers: list[int]
) -> None:
    item_id = client.add()
    client.control("POST", "settings", {"lowers_at": lowers, "gives_back_at": back})
    order = buy(client, quantity=2, status="UNPAID")
    seen = [stock(client, item_id)]
    for step in ("pay", "ship", "cancel"):
        client.control("POST", f"orders/{order}/{step}")
        seen.append(stock(client, item_id))
    assert seen == numbers


def test_no_more_is_sold_than_there_is_and_not_more_given_back_than_was_taken(client: Client) -> None:
    item_id = client.add(seller_stock=[{"stock": 1}])
    answer = client.http.post(
        f"{client.running.control_url}/orders", json={"lines": [{"sku": "TAS-1", "quantity": 2}]}, timeout=5
    )
    assert (answer.status_code, "Only 1" in answer.json()["error"]) == (400, True)
    client.control("POST", "settings", {"lowers_at": {"READY_TO_SHIP": True}})
    first, second = buy(client, status="UNPAID"), buy(client, status="UNPAID")
    client.control("POST", f"orders/{first}/pay")
    client.control("POST", f"orders/{second}/pay")
    assert stock(client, item_id) == 0
    client.control("POST", f"orders/{second}/cancel")
    assert stock(client, item_id) == 0
    client.control("POST", f"orders/{first}/cancel")
    assert stock(client, item_id) == 1


def test_several_lines_of_one_variant_and_a_split_one(client: Client) -> None:
    item_id = client.add()
    client.vary(item_id)
    lines = [{"sku": "TAS-1-N", "quantity": 2}, {"sku": "TAS-1-N", "quantity": 1}, {"sku": "TAS-1-C", "quantity": 1}]
    made = client.control("POST", "orders", {"lines": lines})
    rows = detail(client, made["order_id"])[0]["item_list"]
    keys = {(row["order_item_id"], row["model_id"], row["promotion_group_id"]) for row in rows}
    assert len(keys) == 3
    client.control("POST", f"orders/{made['order_id']}/split", {"line_id": made["lines"][0]["line_id"]})
    rows = detail(client, made["order_id"])[0]["item_list"]
    natural = [row["model_quantity_purchased"] for row in rows if row["model_sku"] == "TAS-1-N"]
    assert natural == [1, 1, 1]
    assert stock(client, item_id, "TAS-1-N") == 2


def test_the_list_pages_by_time_and_hides_what_is_not_asked_for(client: Client) -> None:
    client.add()
    orders = [buy(client) for _ in range(5)]
    now = int(time.time())
    asked = {"time_range_field": "create_time", "time_from": now - 60, "time_to": now + 60}
    found: list[str] = []
    cursor = ""
    for _ in range(4):
        answer = client.get("order/get_order_list", **asked, page_size=2, cursor=cursor)["response"]
        assert all(set(row) == {"order_sn"} for row in answer["order_list"])
        found += [row["order_sn"] for row in answer["order_list"]]
        cursor = answer["next_cursor"]
        if not answer["more"]:
            break
    assert (sorted(found), cursor) == (sorted(orders), "")
    row = client.get("order/get_order_list", **asked, page_size=1, response_optional_fields="order_status")
    assert row["response"]["order_list"][0]["order_status"] == "READY_TO_SHIP"
    assert listed(client, order_status="SHIPPED") == []
    assert error(client, "order/get_order_list", **{**asked, "time_from": now - 16 * DAY}, page_size=1) == (
        "order.order_list_invalid_time"
    )
    assert error(client, "order/get_order_list", **{**asked, "time_from": now + 60}, page_size=1) == (
        "order.order_list_invalid_time"
    )
    assert "error_param" in error(client, "order/get_order_list", **asked, page_size=101)
    assert "error_param" in error(client, "order/get_order_list", **asked, page_size=1, order_status="LOST")


def test_details_come_only_if_they_are_named(client: Client) -> None:
    client.add()
    order = buy(client)
    (bare,) = detail(client, order, fields="")
    always = {"order_sn", "region", "currency", "cod", "order_status", "message_to_seller", "create_time"}
    assert set(bare) == {*always, "update_time", "days_to_ship", "ship_by_date"}
    (full,) = detail(client, order, fields="item_list,recipient_address,buyer_username,total_amount")
    buyer = client.control("GET", "orders")[0]["buyer"]
    assert full["recipient_address"]["full_address"] == buyer["address"]
    assert full["message_to_seller"] == buyer["note"]
    assert full["total_amount"] == 185000 + 9000
    client.limits(masked_buyers=True)
    (masked,) = detail(client, order, fields="recipient_address")
    assert buyer["phone"] not in str(masked)
    assert error(client, "order/get_order_detail", order_sn_list="231114NOBODY") == "error_not_found"
    assert "error_param" in error(client, "order/get_order_detail")
    assert "error_param" in error(client, "order/get_order_detail", order_sn_list=",".join(["a"] * 51))


def test_pending_orders_are_seen_only_by_those_who_ask(client: Client) -> None:
    client.add()
    order = buy(client, status="PENDING")
    assert listed(client) == []
    assert listed(client, request_order_status_pending="true") == [order]
    assert detail(client, order, request_order_status_pending="true")[0]["order_status"] == "PENDING"


def test_the_list_lags_and_details_do_not(client: Client) -> None:
    client.add()
    client.limits(orders_lag_s=60.0)
    order = buy(client)
    assert listed(client) == []
    assert detail(client, order)[0]["order_sn"] == order
    client.advance(61)
    assert listed(client) == [order]


def test_an_order_of_another_shop_is_not_found(client: Client, running: RunningSandbox) -> None:
    client.add()
    order = buy(client)
    other = Client(running, client.control("POST", "shops", {})["options"])
    assert error(other, "order/get_order_detail", order_sn_list=order) == "error_not_found"
    assert listed(other) == []


def test_the_seller_cancels_and_answers_and_ships(client: Client) -> None:
    item_id = client.add()
    order = buy(client)
    assert client.post("order/cancel_order", {"order_sn": order, "cancel_reason": "OUT_OF_STOCK"})["error"] != ""
    body = {"order_sn": order, "cancel_reason": "OUT_OF_STOCK", "item_list": [{"item_id": item_id, "model_id": 0}]}
    assert client.post("order/cancel_order", body)["response"]["update_time"]
    assert client.post("order/cancel_order", body)["error"] == "order.error_limit"
    asked = buy(client)
    client.control("POST", f"orders/{asked}/move", {"status": "IN_CANCEL"})
    refuse = {"order_sn": asked, "operation": "REJECT"}
    assert client.post("order/handle_buyer_cancellation", refuse)["error"] == ""
    assert client.post("order/handle_buyer_cancellation", refuse)["error"] == "order.order_status_invalid"
    assert client.get("logistics/get_tracking_number", order_sn=asked)["response"]["tracking_number"] == ""
    assert "pickup" in client.get("logistics/get_shipping_parameter", order_sn=asked)["response"]["info_needed"]
    assert client.post("logistics/ship_order", {"order_sn": asked})["error"] != ""
    shipped = client.post("logistics/ship_order", {"order_sn": asked, "pickup": {"address_id": 2826}})
    assert "response" not in shipped
    assert detail(client, asked)[0]["order_status"] == "PROCESSED"
    assert client.get("logistics/get_tracking_number", order_sn=asked)["response"]["tracking_number"]


# Promotions -----------------------------------------------------------------------------------------------


def test_a_promotion_holds_pieces_and_never_says_that_it_ended(client: Client) -> None:
    item_id = client.add()
    held = client.control("POST", "promotions", {"sku": "TAS-1", "quantity": 4, "ends_in_s": 600})
    refused = client.set_stock(item_id, 3)
    assert (refused["error"], "reserved stock" in refused["message"]) == ("product.error_param", True)
    assert client.set_stock(item_id, 4)["error"] == ""
    hide = client.post("product/unlist_item", {"item_list": [{"item_id": item_id, "unlist": True}]})
    assert hide["response"]["failure_list"][0]["failed_reason"]
    order = buy(client)
    (row,) = detail(client, order)[0]["item_list"]
    assert row["promotion_id"] == held["promotion_id"]
    promotion = client.get("product/get_item_promotion", item_id_list=item_id)["response"]["success_list"][0]
    summary = promotion["promotion"][0]["promotion_stock_info_v2"]["summary_info"]
    assert (summary["total_reserved_stock"], stock(client, item_id)) == (3, 3)
    assert client.set_stock(item_id, 2)["error"] != ""
    client.advance(601)
    assert client.set_stock(item_id, 2)["error"] == ""
    client.control("POST", f"orders/{order}/cancel")
    assert stock(client, item_id) == 3


def test_a_cancelled_promotion_order_is_held_again(client: Client) -> None:
    item_id = client.add()
    client.control("POST", "promotions", {"sku": "TAS-1", "quantity": 1})
    order = buy(client)
    assert client.set_stock(item_id, 0)["error"] == ""
    client.control("POST", f"orders/{order}/cancel")
    assert stock(client, item_id) == 1
    assert client.set_stock(item_id, 0)["error"] != ""


# The window and the file ----------------------------------------------------------------------------------


def test_the_buy_button_works_without_javascript(client: Client) -> None:
    item_id = client.add(seller_stock=[{"stock": 1}])
    address = f"{client.running.window_url}/{item_id}"
    assert f'action="/shop/{item_id}/buy"' in client.http.get(address).text
    thanks = client.http.post(f"{address}/buy", data={"offer": "TAS-1"}, timeout=60)
    order = client.control("GET", "orders")[0]["order_id"]
    assert "Terima kasih" in thanks.text
    assert order in thanks.text
    assert thanks.history[0].status_code == 303
    assert "Stok habis" in thanks.text
    assert "<button" not in thanks.text.split("<main")[1]
    late = client.http.post(f"{address}/buy", data={"offer": "TAS-1"}, timeout=60)
    assert (late.status_code, late.history) == (409, [])
    assert "baru saja habis" in late.text
    assert "live.js" not in late.text, "the answer to a purchase, loaded again, would buy"
    assert len(client.control("GET", "orders")) == 1
    assert "Terima kasih" not in client.http.get(f"{address}?order=made-up").text
    foreign = client.http.post(f"{address}/buy", headers={"Origin": "https://evil.example"}, timeout=60)
    assert foreign.status_code == 403


def test_the_buy_button_names_the_variant(client: Client) -> None:
    item_id = client.add()
    models = client.vary(item_id)
    address = f"{client.running.window_url}/{item_id}"
    assert f'value="{models[1]}"' in client.http.get(address).text
    client.http.post(f"{address}/buy", data={"offer": str(models[1])}, timeout=60)
    assert (stock(client, item_id, "TAS-1-N"), stock(client, item_id, "TAS-1-C")) == (5, 4)


def test_orders_survive_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "toko.db"
    with ShopeeSandbox.start(limits=QUICK, state=file) as first:
        client = Client(first)
        item_id = client.add()
        order = buy(client, quantity=2)
        client.control("POST", "webhooks", {"url": "http://127.0.0.1:9/hook"})
        client.control("POST", "settings", {"gives_back_at": {}})
        before = client.control("GET", "orders")
    with ShopeeSandbox.start(limits=QUICK, state=file) as second:
        client = Client(second)
        assert client.control("GET", "orders") == before
        assert client.control("GET", "webhooks")["addresses"] == {"": "http://127.0.0.1:9/hook"}
        client.control("POST", f"orders/{order}/cancel")
        assert stock(client, item_id) == 10
        assert buy(client) != order
