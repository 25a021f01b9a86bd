"""Every fault does what it says, as often as ordered, and never to a call that it cannot mean."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress
from typing import Any

import pytest
import requests

from syncer.sdk.sandbox.exchange import Answer, Operation
from syncer.sdk.sandbox.faults import BadFaultError, FaultQueue
from tests.sandbox.client import Client
from tests.sync.world import wait_until

READ = Operation("product.get_item_list", lambda call: Answer(), lists=True)
WRITE = Operation("product.update_stock", lambda call: Answer(), "POST", writes=True, batch=True)


def stock(client: Client, item_id: int) -> int:
    return int(client.listing(item_id)["offers"][0]["stock"])


def test_latency_delays(client: Client) -> None:
    client.fault("latency", operation="get_shop_info", ms=150, times=1)
    started = time.monotonic()
    client.get("shop/get_shop_info")
    first = time.monotonic() - started
    client.get("shop/get_shop_info")
    assert first >= 0.15
    assert client.control("GET", "faults")[0]["struck"] == 1, "the second call isn't delayed"


def test_latency_of_one_call_does_not_hold_up_others(client: Client) -> None:
    client.fault("latency", operation="get_category", ms=60_000, times=1)
    slow = Client(client.running, client.options)

    def wait_for_it() -> None:
        with suppress(requests.RequestException):  # the sandbox ends before it answers
            slow.get("product/get_category")

    thread = threading.Thread(target=wait_for_it, daemon=True)
    thread.start()
    wait_until(lambda: client.control("GET", "faults")[0]["struck"] == 1)
    client.get("shop/get_shop_info")
    assert thread.is_alive()


def test_answer_lost_applies_the_write(client: Client) -> None:
    item_id = client.add()
    client.fault("answer_lost", operation="update_stock", times=1)
    with pytest.raises(requests.ConnectionError):
        client.set_stock(item_id, 3)
    assert stock(client, item_id) == 3
    call = client.last_call()
    assert (call["status"], call["fault"], call["refused"]) == (None, "answer_lost", None)
    assert client.set_stock(item_id, 4)["error"] == ""


def test_answer_lost_on_a_create_makes_the_item(client: Client) -> None:
    body = client.item()
    client.fault("answer_lost", operation="add_item", times=1)
    with pytest.raises(requests.ConnectionError):
        client.post("product/add_item", body)
    assert len(client.control("GET", "listings")) == 1


def test_late_write_overtakes_a_newer_one(client: Client) -> None:
    item_id = client.add()
    client.fault("late_write", operation="update_stock", times=1, ms=1500)
    with pytest.raises(requests.ConnectionError):
        client.set_stock(item_id, 3)
    assert stock(client, item_id) == 12
    assert client.control("GET", "limits")["pending_late_writes"] == 1
    client.set_stock(item_id, 7)
    assert stock(client, item_id) == 7
    wait_until(lambda: stock(client, item_id) == 3)
    writes = [w for w in client.control("GET", "history") if w["field"] == "stock"]
    assert [(w["value"], w["by"]) for w in writes] == [(12, "api"), (7, "api"), (3, "late")]
    landed = next(c for c in client.control("GET", "calls") if c["fault"] == "late_write")
    assert landed["landed"] > landed["t"]


def test_reset_forgets_late_writes(client: Client) -> None:
    item_id = client.add()
    client.fault("late_write", operation="update_stock", times=1, ms=100)
    with pytest.raises(requests.ConnectionError):
        client.set_stock(item_id, 3)
    client.control("POST", "reset")
    time.sleep(0.2)
    assert client.control("GET", "history") == []


def test_held_connection_lets_the_client_time_out(client: Client) -> None:
    item_id = client.add()
    client.fault("late_write", operation="update_stock", times=1, ms=300, hold_ms=3000)
    path = f"{client.options['base_url']}/api/v2/product/update_stock"
    now = int(time.time())
    query = {
        **{k: client.options[k] for k in ("partner_id", "access_token", "shop_id")},
        "timestamp": now,
        "sign": client.sign("/api/v2/product/update_stock", now),
    }
    body = {"item_id": item_id, "stock_list": [{"seller_stock": [{"stock": 2}]}]}
    with pytest.raises(requests.Timeout):
        client.http.post(path, params=query, json=body, timeout=0.1)
    wait_until(lambda: stock(client, item_id) == 2)


@pytest.mark.parametrize(("kind", "left"), [("error_before", 12), ("error_after", 3)])
def test_server_errors_before_and_after_the_write(client: Client, kind: str, left: int) -> None:
    item_id = client.add()
    client.fault(kind, path="/api/v2/product/update_stock", times=1, status=503)
    entry = {"item_id": item_id, "stock_list": [{"seller_stock": [{"stock": 3}]}]}
    response = client.raw("POST", "product/update_stock", body=entry)
    assert response.status_code == 503
    assert response.headers["Content-Type"].startswith("text/html")
    assert stock(client, item_id) == left


def test_server_error_can_be_json(client: Client) -> None:
    client.fault("error_before", times=1, shape="json")
    answer = client.raw("GET", "shop/get_shop_info")
    assert (answer.status_code, answer.json()["error"]) == (502, "error_server")


def test_rate_limited_is_marked_as_ours(client: Client) -> None:
    client.fault("rate_limited", operation="get_shop_info", times=1)
    response = client.raw("GET", "shop/get_shop_info")
    assert (response.status_code, response.json()["error"]) == (429, "error_rate_limit")
    call = client.last_call()
    assert (call["refused"], call["fault"]) == ("fault", "rate_limited")
    assert client.get("shop/get_shop_info")["error"] == ""


def test_revoked_token_stays_dead_until_refreshed(client: Client) -> None:
    client.fault("token_revoked", operation="get_shop_info", times=1)
    assert client.get("shop/get_shop_info")["error"] == "invalid_acceess_token"
    assert client.get("shop/get_shop_info")["error"] == "invalid_acceess_token"
    o = client.options
    body = {"refresh_token": o["refresh_token"], "partner_id": o["partner_id"], "shop_id": o["shop_id"]}
    answer = client.post("auth/access_token/get", body, public=True)
    client.options = {**o, "access_token": answer["access_token"]}
    assert client.get("shop/get_shop_info")["error"] == ""


def test_stale_read_shows_the_past(client: Client) -> None:
    item_id = client.add()
    client.vary(item_id)
    client.advance(10)
    models = client.models(item_id)
    client.set_stock(item_id, 1, models[0]["model_id"])
    client.post("product/update_item", {"item_id": item_id, "item_name": "Tas Rotan Baru"})
    young = client.add(item_sku="MUDA")
    client.fault("stale_read", ms=5000)
    old = client.models(item_id)
    assert old[0]["stock_info_v2"]["seller_stock"][0]["stock"] == 5
    assert client.base(item_id)["item_name"] == "Tas Anyaman Rotan Bundar"
    listed = client.get("product/get_item_list", offset=0, page_size=9, item_status="NORMAL")["response"]["item"]
    assert [row["item_id"] for row in listed] == [item_id]
    assert client.get("product/get_item_base_info", item_id_list=young)["response"]["item_list"] == []
    client.control("DELETE", "faults")
    assert client.models(item_id)[0]["stock_info_v2"]["seller_stock"][0]["stock"] == 1


def test_search_lag_hides_young_items_from_lists_only(client: Client) -> None:
    item_id = client.add()
    client.fault("search_lag", ms=5000)
    assert client.get("product/search_item", page_size=5, item_sku="TAS")["response"]["item_id_list"] == []
    page = client.get("product/get_item_list", offset=0, page_size=5, item_status="NORMAL")
    assert page["response"]["item"] == []
    assert client.base(item_id)["item_id"] == item_id
    client.advance(6)
    assert client.get("product/search_item", page_size=5, item_sku="TAS")["response"]["item_id_list"] == [item_id]


def test_partial_fails_some_entries(client: Client) -> None:
    item_id = client.add()
    first, second = client.vary(item_id)
    client.fault("partial", operation="update_stock", times=1)
    entries = [{"model_id": m, "seller_stock": [{"stock": 1}]} for m in (first, second)]
    answer = client.post("product/update_stock", {"item_id": item_id, "stock_list": entries})
    assert [x["model_id"] for x in answer["response"]["success_list"]] == [first]
    assert [x["model_id"] for x in answer["response"]["failure_list"]] == [second]
    client.fault("partial", operation="update_price", times=1)
    answer = client.set_price(item_id, {first: 180000, second: 180000})
    assert len(answer["response"]["failure_list"]) == 1
    client.fault("partial", operation="unlist_item", times=1)
    answer = client.post("product/unlist_item", {"item_list": [{"item_id": item_id, "unlist": True}]})
    assert answer["error"] == "product.error_unlist_item_all_failed"


def test_caller_that_dies_while_sending_changes_nothing(client: Client) -> None:
    item_id = client.add()
    port = int(client.running.base_url.rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port)) as wire:
        head = "POST /api/v2/product/update_stock HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 500\r\n\r\n{"
        wire.sendall(head.encode())
        time.sleep(0.05)
    time.sleep(0.05)
    assert stock(client, item_id) == 12
    assert client.last_call()["operation"] == "product.add_item"


def test_refused_calls_use_up_no_fault(client: Client) -> None:
    client.fault("answer_lost", operation="get_shop_info", times=1)
    client.raw("GET", "shop/get_shop_info", change={"sign": "0" * 64})
    with pytest.raises(requests.ConnectionError):
        client.get("shop/get_shop_info")


def test_probability_is_repeatable_with_a_seed() -> None:
    def draw() -> list[bool]:
        queue = FaultQueue()
        queue.add({"fault": "error_before", "probability": 0.3, "seed": 7})
        return [bool(queue.take(WRITE, "/x")) for _ in range(60)]

    assert draw() == draw()
    assert 8 <= sum(draw()) <= 30


def test_times_and_matching() -> None:
    queue = FaultQueue()
    queue.add({"fault": "error_before", "operation": "update_stock", "times": 2})
    assert [len(queue.take(op, "/p")) for op in (READ, WRITE, WRITE, WRITE)] == [0, 1, 1, 0]
    queue.add({"fault": "latency", "path": "/api/v2/product"})
    assert len(queue.take(READ, "/api/v2/product/get_item_list")) == 1
    assert queue.take(READ, "/api/v2/shop/x") == []


def test_one_outcome_strikes_and_the_next_waits() -> None:
    queue = FaultQueue()
    queue.add({"fault": "answer_lost", "times": 1})
    queue.add({"fault": "late_write", "times": 1})
    queue.add({"fault": "latency", "times": 1})
    assert [f.kind for f in queue.take(WRITE, "/p")] == ["answer_lost", "latency"]
    assert [f.kind for f in queue.take(WRITE, "/p")] == ["late_write"]


def test_faults_wait_for_calls_they_can_mean() -> None:
    queue = FaultQueue()
    for kind in ("late_write", "stale_read", "search_lag", "partial"):
        queue.add({"fault": kind, "times": 1})
    assert {f.kind for f in queue.take(READ, "/p")} == {"stale_read", "search_lag"}
    assert {f.kind for f in queue.take(WRITE, "/p")} == {"late_write", "partial"}


@pytest.mark.parametrize(
    "order",
    [
        {"fault": "fire"},
        {},
        {"fault": "latency", "ms": -1},
        {"fault": "latency", "ms": "long"},
        {"fault": "latency", "probability": 2},
        {"fault": "latency", "operation": ""},
        {"fault": "latency", "oops": 1},
    ],
)
def test_bad_orders_are_refused(order: dict[str, Any]) -> None:
    with pytest.raises(BadFaultError):
        FaultQueue().add(order)
