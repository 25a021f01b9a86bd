"""The control API's shapes, a person's edits, the platform's decisions, and who may call it."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.sandbox.client import Client


def test_listings_and_calls_have_the_agreed_keys(client: Client) -> None:
    item_id = client.add()
    client.vary(item_id)
    listing = client.control("GET", "listings")[0]
    assert {"remote_id", "title", "status", "images", "offers"} <= set(listing)
    assert {"sku", "remote_id", "price", "currency", "stock"} <= set(listing["offers"][0])
    assert client.http.get(listing["images"][0]).status_code == 200
    calls = client.control("GET", "calls")
    assert {"n", "t", "method", "path", "operation", "status", "refused"} <= set(calls[0])
    assert [c["n"] for c in calls] == list(range(1, len(calls) + 1))
    assert [c["n"] for c in client.control("GET", f"calls?after={calls[1]['n']}")] == [c["n"] for c in calls[2:]]
    assert calls[-1]["operation"] == "product.init_tier_variation"
    assert calls[-1]["path"] == "/api/v2/product/init_tier_variation"


def test_numbers_go_on_after_a_reset(client: Client) -> None:
    client.add()
    last = client.last_call()["n"]
    client.fault("latency")
    client.control("POST", "reset")
    assert client.control("GET", "listings") == []
    assert client.control("GET", "faults") == []
    assert client.control("GET", "calls") == []
    client.get("shop/get_shop_info")
    assert client.last_call()["n"] == last + 1


def test_reset_brings_the_first_limits_back_and_keeps_the_sign_in(client: Client) -> None:
    client.limits(review=True, latency_ms=1)
    client.control("POST", "reset")
    limits = client.control("GET", "limits")
    assert (limits["review"], limits["latency_ms"], limits["burst_per_s"]) == (False, 0, 10_000)
    assert client.get("shop/get_shop_info")["error"] == ""


def test_a_person_edits(client: Client) -> None:
    item_id = client.add()
    first, second = client.vary(item_id)
    client.control("POST", "edit", {"remote_id": str(item_id), "title": "Judul orang"})
    client.control("POST", "edit", {"sku": "TAS-1-N", "stock": 99})
    client.control("POST", "edit", {"remote_id": item_id, "offer": str(second), "price": 123000})
    listing = client.listing(item_id)
    assert listing["title"] == "Judul orang"
    assert [(o["price"], o["stock"]) for o in listing["offers"]] == [(185000, 99), (123000, 5)]
    assert client.base(item_id)["item_name"] == "Judul orang"
    client.control("POST", "edit", {"remote_id": item_id, "stock": 1})
    assert [o["stock"] for o in client.listing(item_id)["offers"]] == [1, 1]
    by_person = [w for w in client.control("GET", f"history?remote_id={item_id}") if w["by"] == "person"]
    assert [(w["field"], w["value"]) for w in by_person] == [
        ("title", "Judul orang"),
        ("stock", 99),
        ("price", 123000),
        ("stock", 1),
        ("stock", 1),
    ]


def test_history_is_in_order_of_effect(client: Client) -> None:
    item_id = client.add()
    for number in (3, 2, 5):
        client.set_stock(item_id, number)
    client.set_price(item_id, {0: 150000})
    client.set_stock(item_id, 20_000_000)
    writes = client.control("GET", "history")
    assert [w["n"] for w in writes] == list(range(1, len(writes) + 1))
    assert [w["value"] for w in writes if w["field"] == "stock"] == [12, 3, 2, 5]
    assert [w["value"] for w in writes if w["field"] == "price"] == [185000, 150000]
    assert {w["sku"] for w in writes} == {"TAS-1"}
    assert client.control("GET", f"history?after={writes[-2]['n']}") == writes[-1:]


@pytest.mark.parametrize(
    ("status", "shown", "platform"),
    [
        ("rejected", "rejected", "BANNED"),
        ("banned", "rejected", "BANNED"),
        ("hidden", "hidden", "UNLIST"),
        ("review", "review", "REVIEWING"),
        ("deleted", "deleted", "SHOPEE_DELETE"),
        ("live", "live", "NORMAL"),
    ],
)
def test_the_platform_decides(client: Client, status: str, shown: str, platform: str) -> None:
    item_id = client.add()
    answer = client.control("POST", f"items/{item_id}", {"status": status, "reason": "Foto kabur"})
    assert (answer["status"], answer["platform_status"]) == (shown, platform)
    if shown == "rejected":
        info = client.get("product/get_item_violation_info", item_id_list=item_id)["response"]["item_list"][0]
        assert info["item_status_details"][0]["violation_reason"] == "Foto kabur"
    if shown == "hidden":
        back = client.post("product/unlist_item", {"item_list": [{"item_id": item_id, "unlist": False}]})
        assert back["error"] == "product.error_set_normal_unlisted_item"


@pytest.mark.parametrize(
    ("method", "name", "body", "status"),
    [
        ("GET", "nothing", None, 404),
        ("PUT", "faults", {}, 404),
        ("POST", "faults", {"fault": "fire"}, 400),
        ("POST", "faults", [{"fault": "latency"}, 5], 400),
        ("POST", "edit", {"remote_id": "5", "title": "x"}, 400),
        ("POST", "items/5", {"status": "live"}, 400),
        ("POST", "clock", {"advance_s": -5}, 400),
        ("POST", "clock", {"advance_s": "soon"}, 400),
        ("POST", "limits", {"burst": 5}, 400),
        ("POST", "limits", {"burst_per_s": "many"}, 400),
        ("POST", "limits", [], 400),
        ("GET", "calls?after=x", None, 400),
        ("POST", "promotions", {"sku": "none"}, 400),
        ("POST", "shops", {"shop_id": 14701711}, 400),
    ],
)
def test_bad_orders_get_one_sentence(client: Client, method: str, name: str, body: Any, status: int) -> None:
    response = client.http.request(method, f"{client.running.control_url}/{name}", json=body)
    assert response.status_code == status
    assert isinstance(response.json()["error"], str)


def test_body_that_is_not_json(client: Client) -> None:
    response = client.http.post(f"{client.running.control_url}/clock", data="{", timeout=60)
    assert (response.status_code, response.json()["error"]) == (400, "The body is not JSON.")


def test_limits_change_all_or_none(client: Client) -> None:
    response = client.http.post(
        f"{client.running.control_url}/limits", json={"latency_ms": 50, "unknown": 1}, timeout=5
    )
    assert response.status_code == 400
    assert client.control("GET", "limits")["latency_ms"] == 0


@pytest.mark.parametrize("path", ["/control/listings", "/shop", "/api/v2/shop/get_shop_info", "/file/x"])
@pytest.mark.rule("E4")
def test_foreign_host_names_are_refused(client: Client, path: str) -> None:
    url = client.running.base_url + path
    assert requests.get(url, headers={"Host": "evil.example"}, timeout=60).status_code == 403
    assert requests.get(url, headers={"Host": "127.0.0.1.evil.example"}, timeout=60).status_code == 403
    local = requests.get(url, headers={"Host": f"localhost:{url.split(':')[2].split('/')[0]}"}, timeout=60)
    assert local.status_code != 403 or "/api/" in path


@pytest.mark.rule("E4")
def test_other_sites_pages_are_refused(client: Client) -> None:
    url = f"{client.running.control_url}/reset"
    cross = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
    assert requests.post(url, headers=cross, timeout=60).status_code == 403
    assert requests.post(url, headers={"Origin": "https://evil.example"}, timeout=60).status_code == 403
    assert requests.post(url, headers={"Origin": "null"}, timeout=60).status_code == 403
    navigate = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert requests.get(f"{client.running.control_url}/listings", headers=navigate, timeout=60).status_code == 403
    assert requests.get(client.running.window_url, headers=navigate, timeout=60).status_code == 200
    assert requests.get(client.running.window_url, headers=cross, timeout=60).status_code == 403


@pytest.mark.rule("D1")
def test_no_answer_names_the_server_or_opens_to_other_origins(client: Client) -> None:
    for path in ("/shop", "/control/listings", "/api/v2/none", "/shop/none"):
        headers = requests.get(client.running.base_url + path, timeout=60).headers
        assert "Server" not in headers
        assert not any(name.lower().startswith("access-control") for name in headers)
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Frame-Options"] == "DENY"
