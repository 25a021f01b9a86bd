"""Orders in Toko Hijau: placed on two storefronts, read, changed, told of, and what they do to the number (12, 14)."""

from __future__ import annotations

import hashlib
import hmac
import json
import queue
import time
from pathlib import Path
from typing import Any

import pytest

from connectors.tiktok_shop.sandbox import TiktokShopSandbox
from syncer.sdk.sandbox import RunningSandbox
from tests.sandbox.tiktok_shop.client import Client
from tests.sandbox.tiktok_shop.conftest import QUICK
from tests.sandbox.tiktok_shop.openapi import unchecked
from tests.sandbox.tiktok_shop.test_events import box

__all__ = ["box"]

SEARCH = "/order/202309/orders/search"


def buy(client: Client, sku: str = "TAS-1", quantity: int = 1, **more: Any) -> str:
    return str(client.control("POST", "orders", {"lines": [{"sku": sku, "quantity": quantity}], **more})["order_id"])


def change(client: Client, order_id: str, name: str, **body: Any) -> dict[str, Any]:
    return client.control("POST", f"orders/{order_id}/{name}", body)  # type: ignore[no-any-return]


def numbers(client: Client, product_id: str) -> tuple[int, int]:
    """What is available, by both reads of it, and what is committed."""
    body = {"product_ids": [product_id]}
    (sku,) = client.good(client.post("/product/202309/inventory/search", body))["inventory"][0]["skus"]
    available = client.product(product_id)["skus"][0]["inventory"][0]["quantity"]
    assert available == sku["total_available_quantity"] == sku["warehouse_inventory"][0]["available_quantity"]
    return available, sku["total_committed_quantity"]


def listed(client: Client, query: dict[str, str] | None = None, **body: Any) -> list[dict[str, Any]]:
    return client.good(client.post(SEARCH, body, page_size="100", **(query or {})))["orders"]  # type: ignore[no-any-return]


def detail(client: Client, *ids: str, version: str = "202507") -> list[dict[str, Any]]:
    return client.good(client.get(f"/order/{version}/orders", ids=",".join(ids)))["orders"]  # type: ignore[no-any-return]


def refused(client: Client, name: str, **body: Any) -> str:
    answer = client.http.post(f"{client.running.control_url}/{name}", json=body, timeout=60)
    assert answer.status_code == 400
    return str(answer.json()["error"])


# The number


def test_pieces_of_open_orders_are_committed_and_a_cancellation_gives_them_back(client: Client) -> None:
    product_id = client.made()
    order = buy(client, quantity=3)
    assert numbers(client, product_id) == (9, 3)
    change(client, order, "cancel", lines=[{"sku": "TAS-1", "quantity": 1}])
    assert numbers(client, product_id) == (10, 2)
    change(client, order, "ship")
    assert numbers(client, product_id) == (10, 0)
    second = buy(client, quantity=4)
    change(client, second, "cancel")
    assert numbers(client, product_id) == (10, 0)
    change(client, second, "move", status="AWAITING_SHIPMENT")
    assert numbers(client, product_id) == (6, 4)
    assert [row["value"] for row in client.control("GET", "history") if row["by"] == "order"] == [
        *(11, 10, 9),
        10,
        *(9, 8, 7, 6),
        *(7, 8, 9, 10),
        *(9, 8, 7, 6),
    ]


@pytest.mark.parametrize(
    ("lowers", "back", "expected"),
    [
        ({"UNPAID": True}, {"CANCELLED": True}, [10, 10, 12]),
        ({"ON_HOLD": True}, {"CANCELLED": True}, [12, 10, 12]),
        ({"ON_HOLD": True}, {}, [12, 10, 10]),
    ],
)
def test_when_the_number_moves_is_a_switch(
    client: Client, lowers: dict[str, bool], back: dict[str, bool], expected: list[int]
) -> None:
    product_id = client.made()
    client.control("POST", "settings", {"lowers_at": lowers, "gives_back_at": back})
    order = buy(client, quantity=2, status="UNPAID")
    seen = [numbers(client, product_id)[0]]
    for step in ("pay", "cancel"):
        change(client, order, step)
        seen.append(numbers(client, product_id)[0])
    assert seen == expected


def test_several_warehouses_are_emptied_one_after_the_other(client: Client) -> None:
    client.limits(warehouses=["Bengkel Setu", "Gudang Cisauk"])
    first, second = client.warehouses()
    stock = [{"warehouse_id": first, "quantity": 2}, {"warehouse_id": second, "quantity": 3}]
    product_id = client.made(skus=[client.sku(inventory=stock)])
    order = buy(client, quantity=4)

    def there() -> list[int]:
        return [row["quantity"] for row in client.product(product_id)["skus"][0]["inventory"]]

    assert there() == [0, 1]
    assert "Only 1" in refused(client, "orders", lines=[{"sku": "TAS-1", "quantity": 2}])
    buy(client, quantity=2, force=True)
    assert there() == [0, 0]
    change(client, order, "cancel")
    assert there() == [4, 0]


# How an order looks


def test_each_piece_is_a_line_item_and_a_cancelled_one_says_so(client: Client) -> None:
    product_id = client.made(skus=client.skus("Natural", "Hijau"))
    lines = [{"sku": "TAS-NA", "quantity": 2}, {"sku": "TAS-HI", "quantity": 1}]
    order = client.control("POST", "orders", {"lines": lines})["order_id"]
    (row,) = detail(client, order)
    items = row["line_items"]
    assert [item["seller_sku"] for item in items] == ["TAS-NA", "TAS-NA", "TAS-HI"]
    assert len({item["id"] for item in items}) == 3
    assert {item["product_id"] for item in items} == {product_id}
    assert items[2]["sku_name"] == "Hijau"
    assert "quantity" not in json.dumps(row)
    assert len(order) == 18
    change(client, order, "cancel", lines=[{"sku": "TAS-NA", "quantity": 1}], by="seller")
    (row,) = detail(client, order, version="202309")
    assert row["status"] == "ON_HOLD"
    assert sorted(item["display_status"] for item in row["line_items"]) == [
        "AWAITING_SHIPMENT",
        "AWAITING_SHIPMENT",
        "CANCELLED",
    ]
    assert row["payment"]["sub_total"] == str(2 * 185_000)
    assert "fulfillment_priority_level" in row
    change(client, order, "move", status="PARTIALLY_SHIPPING")
    found = {item["display_status"] for item in detail(client, order)[0]["line_items"]}
    assert found == {"IN_TRANSIT", "AWAITING_SHIPMENT", "CANCELLED"}
    change(client, order, "cancel")
    (row,) = detail(client, order)
    assert (row["status"], row["cancellation_initiator"]) == ("CANCELLED", "BUYER")
    assert {item["display_status"] for item in row["line_items"]} == {"CANCELLED"}


def test_an_order_without_an_address_until_its_free_hour_is_over(client: Client) -> None:
    client.made()
    order = buy(client, status="UNPAID")
    assert not {"recipient_address", "paid_time"} & set(detail(client, order)[0])
    change(client, order, "pay")
    assert (detail(client, order)[0]["status"], "recipient_address" in detail(client, order)[0]) == ("ON_HOLD", False)
    client.limits(past_window_s=100_000, future_window_s=100_000)
    client.advance(3_599)
    assert detail(client, order)[0]["status"] == "ON_HOLD"
    client.advance(2)
    (row,) = detail(client, order)
    assert (row["status"], row["recipient_address"]["region_code"]) == ("AWAITING_SHIPMENT", "ID")
    buyer = client.control("GET", "orders")[0]["buyer"]
    assert buyer["name"] == row["recipient_address"]["name"], "a canary for those who keep too much"


def test_cash_on_delivery_and_samples(client: Client) -> None:
    client.made()
    cash = detail(client, buy(client, kind="cash", status="AWAITING_SHIPMENT"))[0]
    assert (cash["is_cod"], cash["is_sample_order"]) == (True, False)
    sample = detail(client, buy(client, kind="sample"))[0]
    assert (sample["is_sample_order"], sample["line_items"][0]["sale_price"]) == (True, "0")
    assert "never UNPAID" in refused(client, "orders", lines=[{"sku": "TAS-1"}], kind="cash", status="UNPAID")
    assert "kind" in refused(client, "orders", lines=[{"sku": "TAS-1"}], kind="gift")


def test_both_storefronts_sell_and_say_so(client: Client) -> None:
    product_id = client.made()
    for front, expected in (("TIKTOK_SHOP", "TIKTOK_SHOP"), ("tokopedia", "TOKOPEDIA"), ("", "TOKOPEDIA")):
        assert detail(client, buy(client, front=front))[0]["commerce_platform"] == expected
    client.good(client.life("deactivate", product_id, listing_platforms=["TOKOPEDIA"]))
    assert detail(client, buy(client))[0]["commerce_platform"] == "TIKTOK_SHOP"
    assert "cannot be bought there" in refused(client, "orders", lines=[{"sku": "TAS-1"}], front="TOKOPEDIA")
    assert "front must be" in refused(client, "orders", lines=[{"sku": "TAS-1"}], front="shopee")
    client.good(client.life("deactivate", product_id, listing_platforms=["TIKTOK_SHOP"]))
    assert "cannot be bought there" in refused(client, "orders", lines=[{"sku": "TAS-1"}])


def test_the_buy_buttons_of_both_windows(client: Client, running: RunningSandbox) -> None:
    product_id = client.made(skus=client.skus("Natural", "Hijau"))
    sku_id = client.product(product_id)["skus"][1]["id"]
    for on, front in (("", "TOKOPEDIA"), ("?on=tiktok_shop", "TIKTOK_SHOP")):
        page = client.http.get(f"{running.base_url}/shop/{product_id}{on}", timeout=60).text
        assert f'value="{sku_id}"' in page
        answer = client.http.post(
            f"{running.base_url}/shop/{product_id}/buy{on}",
            data={"offer": sku_id},
            headers={"Sec-Fetch-Site": "same-origin"},
            timeout=60,
        )
        assert answer.status_code == 200, answer.text
        order = client.control("GET", "orders")[-1]
        assert order["order_id"] in answer.url
        assert (order["front"], order["lines"][0]["sku"]) == (front, "TAS-HI")
    assert [row["stock"] for row in client.listing(product_id)["offers"]] == [5, 3]


# Search


def test_a_search_goes_by_status_and_time(client: Client) -> None:
    client.made()
    now = int(time.time())
    first, second = buy(client, status="UNPAID"), buy(client)
    client.limits(past_window_s=10_000, future_window_s=10_000)
    client.advance(100)
    change(client, first, "pay")
    assert [row["id"] for row in listed(client, order_status="ON_HOLD")] == [second, first]
    assert [row["id"] for row in listed(client, update_time_ge=now + 50)] == [first]
    assert [row["id"] for row in listed(client, update_time_lt=now + 50)] == [second]
    assert [row["id"] for row in listed(client, create_time_ge=now + 50)] == []
    updated = listed(client, update_time_ge=now + 50)[0]["update_time"]
    assert listed(client, update_time_ge=updated, update_time_lt=updated) == [], "the upper bound is not included"
    assert len(listed(client, update_time_ge=updated, update_time_lt=updated + 1)) == 1
    order = {"sort_field": "update_time", "sort_order": "ASC"}
    assert [row["id"] for row in listed(client, order)] == [second, first]
    assert [row["id"] for row in listed(client, {**order, "sort_order": "DESC"})] == [first, second]
    assert listed(client, shipping_type="SELLER") == []
    for query, body in (
        ({}, {"order_status": "PAID"}),
        ({}, {"update_time_ge": "1"}),
        ({"sort_field": "price"}, {}),
        ({"sort_order": "UP"}, {}),
    ):
        assert client.post(SEARCH, body, page_size="10", **query)["code"] == 36009004
    assert client.post(SEARCH, {}, page_size="101")["code"] == 12019108


def test_pages_know_nothing_of_orders_that_move(client: Client) -> None:
    """A row that changes between two pages goes to the end, and the one behind the edge is passed over (12)."""
    client.made()
    client.limits(past_window_s=10_000, future_window_s=10_000)
    orders = []
    for _ in range(4):
        orders.append(buy(client))
        client.advance(10)
    query = {"page_size": "2", "sort_field": "update_time", "sort_order": "ASC"}
    one = client.good(client.post(SEARCH, {}, **query))
    assert ([row["id"] for row in one["orders"]], one["total_count"]) == (orders[:2], 4)
    change(client, orders[0], "ship")
    two = client.good(client.post(SEARCH, {}, **query, page_token=one["next_page_token"]))
    assert ([row["id"] for row in two["orders"]], two["next_page_token"]) == ([orders[3], orders[0]], "")


def test_lists_may_lag_behind_what_is_read_by_id(client: Client) -> None:
    client.made()
    client.limits(orders_lag_s=60, past_window_s=10_000, future_window_s=10_000)
    assert client.control("GET", "account")["options"]["orders_lag_s"] == 60
    order = buy(client)
    assert listed(client) == []
    assert len(detail(client, order)) == 1
    client.advance(61)
    assert len(listed(client)) == 1
    client.fault("stale_read", operation="order.get", times=1, ms=100_000)
    assert detail(client, order) == []


def test_orders_of_others_are_refused_and_of_nobody_left_out(client: Client, running: RunningSandbox) -> None:
    client.made()
    order = buy(client)
    other = Client(running, client.control("POST", "shops", {})["options"])
    assert other.get("/order/202507/orders", ids=order)["code"] == 21008111
    assert listed(other) == []
    assert [row["id"] for row in detail(client, "576653688135258178", order)] == [order]
    with unchecked():
        assert client.call("GET", "/order/202507/orders", query={"ids": ""})["code"] == 36009004
        assert client.get("/order/202507/orders", ids=",".join(str(n) for n in range(51)))["code"] == 36009004


# Promotions


def test_a_promotion_holds_pieces_and_nobody_is_told_when_it_ends(client: Client, box: tuple[str, Any]) -> None:
    address, letters = box
    client.control("POST", "webhooks", {"url": address})
    product_id = client.made()
    sku_id = client.product(product_id)["skus"][0]["id"]
    assert json.loads(letters.get(timeout=60)[1])["type"] == 16
    promotion = {"sku": "TAS-1", "quantity": 5, "ends_in_s": 600}
    assert "not so many" in refused(client, "promotions", sku="TAS-1", quantity=13)
    client.control("POST", "promotions", promotion)

    def shown() -> tuple[int, list[int]]:
        body = {"product_ids": [product_id]}
        (sku,) = client.good(client.post("/product/202309/inventory/search", body))["inventory"][0]["skus"]
        parts = sku["total_available_inventory_distribution"]
        held = [row["quantity"] for row in parts["campaign_inventory"]]
        assert parts["in_shop_inventory"]["quantity"] == sku["total_available_quantity"] - sum(held)
        return sku["total_available_quantity"], held

    def set_stock(quantity: int) -> int:
        errors = client.set_stock(product_id, {sku_id: quantity})["data"].get("errors") or [{"code": 0}]
        return int(errors[0]["code"])

    assert shown() == (12, [5])
    assert (set_stock(4), set_stock(6)) == (12052393, 0)
    order = buy(client, quantity=2)
    assert client.control("GET", "orders")[0]["lines"][0]["promotion"]
    assert shown() == (4, [3])
    assert (set_stock(0), set_stock(3)) == (12052393, 0)
    change(client, order, "cancel")
    assert shown() == (5, [5])
    # Events of different types don't wait for each other.
    assert sorted(json.loads(letters.get(timeout=60)[1])["type"] for _ in range(3)) == [1, 1, 11]
    client.limits(past_window_s=10_000, future_window_s=10_000)
    client.advance(601)
    assert shown() == (5, [])
    assert set_stock(0) == 0
    assert letters.empty()


# Events


def test_events_follow_an_order_and_are_signed(client: Client, box: tuple[str, queue.Queue[tuple[str, bytes]]]) -> None:
    address, letters = box
    client.made()
    client.control("POST", "webhooks", {"url": address})
    o = client.options

    def told() -> tuple[int, dict[str, Any]]:
        signature, body = letters.get(timeout=60)
        assert signature == hmac.new(o["app_secret"].encode(), o["app_key"].encode() + body, hashlib.sha256).hexdigest()
        event = json.loads(body)
        assert (event["shop_id"], event["data"]["order_id"]) == (o["shop_id"], order)
        return event["type"], event["data"]

    order = buy(client, quantity=2, status="UNPAID")
    kind, data = told()
    assert (kind, data["order_status"], data["is_on_hold_order"]) == (1, "UNPAID", True)
    for step, status in (("pay", "ON_HOLD"), ("ship", "IN_TRANSIT")):
        change(client, order, step)
        assert told()[1]["order_status"] == status
    change(client, order, "return", lines=[{"sku": "TAS-1", "quantity": 1}])
    kind, data = told()
    assert (kind, data["return_status"]) == (12, "RETURN_OR_REFUND_REQUEST_COMPLETE")
    order = buy(client, quantity=2)
    told()
    change(client, order, "cancel", lines=[{"sku": "TAS-1", "quantity": 1}])
    kind, data = told()
    assert (kind, data["cancel_status"]) == (11, "CANCELLATION_REQUEST_COMPLETE")
    change(client, order, "cancel")
    # Events of different types don't wait for each other.
    assert {(kind, data.get("order_status")) for kind, data in (told(), told())} == {(1, "CANCEL"), (11, None)}


def test_a_registered_address_counts_before_the_apps_own(
    client: Client, box: tuple[str, queue.Queue[tuple[str, bytes]]]
) -> None:
    address, letters = box
    client.made()
    client.control("POST", "webhooks", {"url": "http://127.0.0.1:9/", "app": client.options["app_key"]})
    body = {"event_type": "ORDER_STATUS_CHANGE", "address": address}
    client.good(client.call("PUT", "/event/202309/webhooks", body))
    buy(client)
    assert json.loads(letters.get(timeout=60)[1])["type"] == 1
    client.call("DELETE", "/event/202309/webhooks", {"event_type": "ORDER_STATUS_CHANGE"})
    buy(client)
    assert client.control("GET", "webhooks")["sent"][-1]["send_to"] == "http://127.0.0.1:9/"


def test_faults_strike_events(client: Client, box: tuple[str, queue.Queue[tuple[str, bytes]]]) -> None:
    address, letters = box
    client.made()
    client.control("POST", "webhooks", {"url": address})
    client.fault("webhook_lost", operation="order_status", times=1)
    buy(client)
    client.fault("webhook_twice", operation="order_status", times=1)
    order = buy(client)
    told = [json.loads(letters.get(timeout=60)[1]) for _ in range(2)]
    assert {event["data"]["order_id"] for event in told} == {order}
    assert len({event["tts_notification_id"] for event in told}) == 1


def test_orders_survive_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "state"
    with TiktokShopSandbox.start(limits=QUICK, state=path) as running:
        client = Client(running)
        product_id = client.made()
        order = buy(client, kind="sample", front="TIKTOK_SHOP")
        client.control("POST", "promotions", {"sku": "TAS-1", "quantity": 5, "ends_in_s": 600})
        before = detail(client, order)
    with TiktokShopSandbox.start(limits={**QUICK, "past_window_s": 10_000, "future_window_s": 10_000}, state=path) as r:
        client = Client(r)
        assert detail(client, order) == before
        assert numbers(client, product_id) == (11, 1)
        client.advance(3_601)
        assert detail(client, order)[0]["status"] == "AWAITING_SHIPMENT"
        assert buy(client) != order
