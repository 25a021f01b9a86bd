"""Price, stock and inventory search (tiktok_shop.md 10)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.tiktok_shop.client import Client


@pytest.fixture
def made(client: Client) -> tuple[str, str, str]:
    """A product with two SKUs: its id, and theirs."""
    data = client.create(skus=client.skus("Natural", "Hijau"))
    first, second = data["skus"]
    return data["product_id"], first["id"], second["id"]


def numbers(client: Client, product_id: str) -> list[tuple[int, int]]:
    return [(offer["price"], offer["stock"]) for offer in client.listing(product_id)["offers"]]


def test_prices_and_stock_are_absolute_and_at_once(client: Client, made: tuple[str, str, str]) -> None:
    product_id, first, second = made
    assert client.set_price(product_id, {first: "150000", second: "160000.00"})["data"] == {}
    assert client.set_stock(product_id, {first: 0, second: 99_999})["data"] == {}
    assert numbers(client, product_id) == [(150000, 0), (160000, 99_999)]


def test_prices_are_all_or_none(client: Client, made: tuple[str, str, str]) -> None:
    product_id, first, second = made
    assert client.set_price(product_id, {first: "150000", second: "99"})["code"] == 12052570
    assert client.set_price(product_id, {first: "150000", "5": "150000"})["code"] == 98001004
    assert numbers(client, product_id) == [(185000, 5)] * 2
    path = f"/product/202309/products/{product_id}/prices/update"
    assert client.post(path, {})["code"] == 36009004
    twice = {"id": first, "price": {"amount": "150000", "currency": "IDR"}}
    assert client.post(path, {"skus": [twice, twice]})["code"] == 36009004


def test_prices_only_on_live_products(slow: Client) -> None:
    data = slow.create()
    sku = data["skus"][0]["id"]
    assert slow.set_price(data["product_id"], {sku: "150000"})["code"] == 12052901
    assert slow.set_stock(data["product_id"], {sku: 3})["data"] == {}
    slow.advance(61)
    assert slow.set_price(data["product_id"], {sku: "150000"})["code"] == 0
    slow.life("deactivate", data["product_id"], listing_platforms=slow.platforms)
    assert slow.set_price(data["product_id"], {sku: "140000"})["code"] == 12052901
    assert slow.set_stock(data["product_id"], {sku: 2})["data"] == {}


def test_stock_fails_by_sku_with_code_0(client: Client, made: tuple[str, str, str]) -> None:
    product_id, first, second = made
    answer = client.set_stock(product_id, {first: 4, second: 100_000, "5": 1})
    assert answer["code"] == 0
    errors = answer["data"]["errors"]
    assert [(error["code"], error["detail"]["sku_id"]) for error in errors] == [(12052055, second), (98001004, "5")]
    assert errors[0]["detail"]["extra_errors"][0]["warehouse_id"] == client.warehouses()[0]
    assert numbers(client, product_id) == [(185000, 4), (185000, 5)]


def test_zero_may_be_refused(client: Client, made: tuple[str, str, str]) -> None:
    product_id, first, _ = made
    client.limits(stock_min_update=1)
    assert client.set_stock(product_id, {first: 0})["data"]["errors"][0]["code"] == 12052055
    assert client.set_stock(product_id, {first: 1})["data"] == {}


def test_every_warehouse_of_the_sku_and_no_other(client: Client) -> None:
    client.limits(warehouses=["Setu", "Serpong"])
    one, two = client.warehouses()
    skus = [client.sku(inventory=[{"warehouse_id": one, "quantity": 3}, {"warehouse_id": two, "quantity": 4}])]
    data = client.create(skus=skus)
    product_id, sku = data["product_id"], data["skus"][0]["id"]
    path = f"/product/202309/products/{product_id}/inventory/update"

    def codes(*rows: dict[str, Any]) -> list[int]:
        answer = client.post(path, {"skus": [{"id": sku, "inventory": list(rows)}]})
        return [error["code"] for error in answer["data"].get("errors", [])]

    assert codes({"warehouse_id": one, "quantity": 1}) == [12052516]
    assert codes({"quantity": 1}) == [12052097]
    both = ({"warehouse_id": one, "quantity": 1}, {"warehouse_id": two, "quantity": 2})
    assert codes(*both, {"warehouse_id": "9", "quantity": 2}) == [12052097]
    assert codes(*both) == []
    assert client.listing(product_id)["offers"][0]["warehouses"] == {one: 1, two: 2}


def test_one_warehouse_may_be_left_out(client: Client, made: tuple[str, str, str]) -> None:
    product_id, first, _ = made
    path = f"/product/202309/products/{product_id}/inventory/update"
    answer = client.post(path, {"skus": [{"id": first, "inventory": [{"quantity": 8}]}]})
    assert answer["data"] == {}
    assert numbers(client, product_id)[0] == (185000, 8)


def test_promotions_lock_price_and_falling_stock(client: Client, made: tuple[str, str, str]) -> None:
    product_id, first, second = made
    client.control("POST", "promotions", {"remote_id": product_id, "offer": first, "until_s": 60})
    assert client.set_price(product_id, {first: "150000"})["code"] == 12052038
    assert client.last_call()["refused"] == "promotion"
    assert client.set_price(product_id, {second: "150000"})["code"] == 0
    assert client.set_stock(product_id, {first: 4})["data"]["errors"][0]["code"] == 12052393
    assert client.set_stock(product_id, {first: 6})["data"] == {}
    client.advance(61)
    assert client.set_price(product_id, {first: "150000"})["code"] == 0
    assert client.set_stock(product_id, {first: 0})["data"] == {}


def test_unknown_frozen_and_foreign_products(client: Client, made: tuple[str, str, str]) -> None:
    product_id, first, _ = made
    assert client.set_stock("1729592969712999999", {first: 1})["code"] == 12052032
    client.control("POST", f"items/{product_id}", {"status": "banned"})
    assert client.set_stock(product_id, {first: 1})["code"] == 12052901
    assert client.set_price(product_id, {first: "150000"})["code"] == 12052901


def test_inventory_search(client: Client, made: tuple[str, str, str]) -> None:
    product_id, first, _ = made
    path = "/product/202309/inventory/search"
    rows = client.good(client.post(path, {"product_ids": [product_id]}))["inventory"]
    assert [len(row["skus"]) for row in rows] == [2]
    sku = client.good(client.post(path, {"sku_ids": [first], "product_ids": ["5"]}))["inventory"][0]["skus"][0]
    assert (sku["total_available_quantity"], sku["total_committed_quantity"]) == (5, 0)
    assert sku["warehouse_inventory"][0] == {
        "warehouse_id": client.warehouses()[0],
        "available_quantity": 5,
        "committed_quantity": 0,
    }
    assert client.post(path, {})["code"] == 36009004
    assert client.post(path, {"product_ids": ["1"] * 101})["code"] == 12019120
    assert client.good(client.post(path, {"product_ids": ["77"]}))["inventory"] == []


def test_history_is_in_order_of_effect(client: Client, made: tuple[str, str, str]) -> None:
    product_id, first, _ = made
    for number in (3, 2, 100_000, 4):
        client.set_stock(product_id, {first: number})
    client.set_price(product_id, {first: "150000"})
    writes = [w for w in client.control("GET", f"history?remote_id={product_id}") if w["offer_id"] in ("", first)]
    assert [(w["field"], w["value"]) for w in writes] == [
        ("title", "Keranjang Anyaman Rotan Bundar"),
        ("price", 185000),
        ("stock", 5),
        ("stock", 3),
        ("stock", 2),
        ("stock", 4),
        ("price", 150000),
    ]
    assert {w["sku"] for w in writes[1:]} == {"TAS-NA"}
    assert {w["account"] for w in writes} == {client.options["shop_id"]}
