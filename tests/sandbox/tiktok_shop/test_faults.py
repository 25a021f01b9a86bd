"""Faults look as they would on this platform, and do what they say."""

from __future__ import annotations

import time

import pytest
import requests

from tests.sandbox.tiktok_shop.client import Client
from tests.sync.world import wait_until

SHOPS = "/authorization/202309/shops"
PRODUCTS = "/product/202309/products"


@pytest.fixture
def made(client: Client) -> tuple[str, str]:
    data = client.create()
    return data["product_id"], data["skus"][0]["id"]


def stock(client: Client, product_id: str) -> int:
    return int(client.listing(product_id)["offers"][0]["stock"])


def test_answer_lost_on_a_create_makes_the_product_once(client: Client) -> None:
    body = client.body(idempotency_key="k-1")
    client.fault("answer_lost", operation="product.create", times=1)
    with pytest.raises(requests.ConnectionError):
        client.post(PRODUCTS, body)
    assert client.last_call()["status"] is None
    assert client.post(PRODUCTS, body)["code"] == 0
    assert len(client.control("GET", "listings")) == 1


def test_a_create_that_lands_late_finds_its_key_used(client: Client) -> None:
    body = client.body(idempotency_key="k-1")
    client.fault("late_write", operation="product.create", times=1, ms=1000)
    with pytest.raises(requests.ConnectionError):
        client.post(PRODUCTS, body)
    made = client.post(PRODUCTS, body)["data"]["product_id"]
    wait_until(lambda: client.control("GET", "limits")["pending_late_writes"] == 0)
    assert [listing["remote_id"] for listing in client.control("GET", "listings")] == [made]


def test_a_late_write_overtakes_a_newer_one(client: Client, made: tuple[str, str]) -> None:
    product_id, sku = made
    wid = client.warehouses()[0]
    client.fault("late_write", operation="update_inventory", times=1, ms=1000)
    with pytest.raises(requests.ConnectionError):
        client.set_stock(product_id, {sku: 3}, wid)
    client.set_stock(product_id, {sku: 7}, wid)
    wait_until(lambda: stock(client, product_id) == 3)
    writes = [w for w in client.control("GET", "history") if w["field"] == "stock"]
    assert [(w["value"], w["by"]) for w in writes] == [(12, "api"), (7, "api"), (3, "late")]


@pytest.mark.parametrize(("kind", "left", "code"), [("error_before", 12, 36009003), ("error_after", 3, 36009007)])
def test_server_errors(client: Client, made: tuple[str, str], kind: str, left: int, code: int) -> None:
    product_id, sku = made
    wid = client.warehouses()[0]
    path = f"{PRODUCTS}/{product_id}/inventory/update"
    body = {"skus": [{"id": sku, "inventory": [{"warehouse_id": wid, "quantity": 3}]}]}
    client.fault(kind, operation="update_inventory", times=1, status=503, shape="json")
    response = client.raw("POST", path, body)
    assert (response.status_code, response.json()["code"]) == (503, code)
    assert stock(client, product_id) == left
    client.fault(kind, operation="update_inventory", times=1)
    response = client.raw("POST", path, body)
    assert (response.status_code, response.headers["Content-Type"][:9]) == (502, "text/html")


def test_rate_limited(client: Client) -> None:
    client.fault("rate_limited", operation="authorization.shops", times=1)
    response = client.raw("GET", SHOPS, cipher=False)
    assert (response.status_code, response.json()["code"]) == (429, 36009002)
    assert (client.last_call()["refused"], client.last_call()["fault"]) == ("fault", "rate_limited")
    assert client.get(SHOPS)["code"] == 0


def test_a_revoked_token_stays_dead_until_refreshed(client: Client) -> None:
    client.fault("token_revoked", operation="authorization.shops", times=1)
    assert [client.raw("GET", SHOPS, cipher=False).status_code for _ in range(2)] == [401, 401]
    token = client.options["refresh_token"]
    data = client.good(client.token("refresh", refresh_token=token, grant_type="refresh_token"))
    client.options["access_token"] = data["access_token"]
    assert client.get(SHOPS)["code"] == 0


def test_a_refresh_whose_answer_is_lost_has_used_the_token(client: Client) -> None:
    token = client.options["refresh_token"]
    client.fault("answer_lost", operation="auth.token_refresh", times=1)
    with pytest.raises(requests.ConnectionError):
        client.token("refresh", refresh_token=token, grant_type="refresh_token")
    assert client.token("refresh", refresh_token=token, grant_type="refresh_token")["code"] == 36004001
    assert client.get(SHOPS)["code"] == 0


def test_stale_reads(client: Client, made: tuple[str, str]) -> None:
    product_id, sku = made
    client.advance(10)
    client.set_stock(product_id, {sku: 3})
    client.fault("stale_read", operation="product.get", ms=5000, times=1)
    client.fault("stale_read", operation="product.inventory_search", ms=5000, times=1)
    client.fault("stale_read", operation="product.search", ms=60_000, times=1)

    def shown() -> list[int]:
        rows = client.good(client.post("/product/202309/inventory/search", {"product_ids": [product_id]}))
        product = client.product(product_id)["skus"][0]["inventory"][0]["quantity"]
        return [product, rows["inventory"][0]["skus"][0]["total_available_quantity"]]

    assert shown() == [12, 12]
    assert client.search()["data"]["total_count"] == 0
    assert shown() == [3, 3]
    assert client.search()["data"]["total_count"] == 1


def test_search_lag(client: Client) -> None:
    client.fault("search_lag", ms=5000)
    product_id = client.made()
    assert client.search()["data"]["total_count"] == 0
    assert client.product(product_id)["id"] == product_id
    client.advance(6)
    assert client.search()["data"]["total_count"] == 1


def test_partial_failures_with_code_0(client: Client) -> None:
    data = client.create(skus=client.skus("Natural", "Hijau"))
    first, second = (sku["id"] for sku in data["skus"])
    client.fault("partial", operation="update_inventory", times=1)
    answer = client.set_stock(data["product_id"], {first: 1, second: 1})
    assert answer["code"] == 0
    assert [(e["code"], e["detail"]["sku_id"]) for e in answer["data"]["errors"]] == [(36009003, second)]
    assert [offer["stock"] for offer in client.listing(data["product_id"])["offers"]] == [1, 5]
    other = client.made()
    client.fault("partial", operation="deactivate", times=1)
    answer = client.life("deactivate", data["product_id"], other, listing_platforms=client.platforms)
    assert [(e["code"], e["detail"]["product_id"]) for e in answer["data"]["errors"]] == [(36009003, other)]
    assert client.listing(other)["status"] == "live"


def test_latency(client: Client) -> None:
    client.fault("latency", operation="authorization.shops", ms=120, times=1)
    started = time.monotonic()
    client.get(SHOPS)
    assert time.monotonic() - started >= 0.12
