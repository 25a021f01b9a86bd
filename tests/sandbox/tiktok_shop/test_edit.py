"""Edit and partial edit: what is overwritten, what stays, what is dropped (tiktok_shop.md 9)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.tiktok_shop.client import Client
from tests.sandbox.tiktok_shop.openapi import unchecked

NEW_TITLE = "Keranjang Anyaman Rotan Lonjong"


@pytest.fixture
def product_id(client: Client) -> str:
    return client.made(
        skus=client.skus("Natural", "Hijau", "Biru"),
        package_dimensions={"length": "30", "width": "20", "height": "10", "unit": "CENTIMETER"},
        minimum_order_quantity=2,
    )


def entries(client: Client, product_id: str) -> list[dict[str, Any]]:
    """The SKUs as an edit sends them back, without numbers."""
    return [
        {
            "id": sku["id"],
            "seller_sku": sku["seller_sku"],
            "external_sku_id": sku["external_sku_id"],
            "sales_attributes": [{"id": s["id"], "value_id": s["value_id"]} for s in sku["sales_attributes"]],
        }
        for sku in client.product(product_id)["skus"]
    ]


@pytest.mark.parametrize("version", ["202309", "202509"])
def test_a_full_edit_blanks_what_it_leaves_out(client: Client, product_id: str, version: str) -> None:
    body = client.body(title=NEW_TITLE, skus=entries(client, product_id), external_product_id=...)
    answer = client.good(client.call("PUT", f"/product/{version}/products/{product_id}", body))
    assert [sku["seller_sku"] for sku in answer["skus"]] == ["TAS-NA", "TAS-HI", "TAS-BI"]
    product = client.product(product_id)
    assert product["title"] == NEW_TITLE
    assert "package_dimensions" not in product
    assert (product["external_product_id"], product["minimum_order_quantity"]) == ("", 1)
    assert [(o["price"], o["stock"]) for o in client.listing(product_id)["offers"]] == [(185000, 5)] * 3


def test_a_full_edit_without_a_mandatory_field_is_refused(client: Client, product_id: str) -> None:
    body = client.body(skus=entries(client, product_id), description=...)
    assert client.edit(product_id, body)["code"] == 12052015
    assert client.product(product_id)["description"]


@pytest.mark.parametrize("version", ["202309", "202509"])
def test_a_partial_edit_leaves_the_rest(client: Client, product_id: str, version: str) -> None:
    before = client.product(product_id)
    path = f"/product/{version}/products/{product_id}/partial_edit"
    client.good(client.post(path, {"title": NEW_TITLE}))
    after = client.product(product_id)
    assert after["title"] == NEW_TITLE
    same = ("description", "skus", "package_dimensions", "minimum_order_quantity", "external_product_id")
    assert {name: before[name] for name in same} == {name: after[name] for name in same}


def test_a_partial_edit_does_not_take_some_fields(client: Client, product_id: str) -> None:
    with unchecked():
        answer = client.partial(product_id, {"title": NEW_TITLE, "category_id": "600064", "minimum_order_quantity": 5})
    assert answer["code"] == 0
    product = client.product(product_id)
    assert product["category_chains"][-1]["id"] == "600686"
    assert product["minimum_order_quantity"] == 2


def test_objects_are_replaced_as_a_whole(client: Client, product_id: str) -> None:
    size = {"package_dimensions": {"length": "31", "unit": "CENTIMETER"}}
    assert client.partial(product_id, size)["code"] == 12052005


@pytest.mark.parametrize("call", ["edit", "partial"])
def test_a_sku_left_out_is_deleted_and_one_without_id_is_made(client: Client, product_id: str, call: str) -> None:
    kept = entries(client, product_id)[:2]
    fresh = client.sku(seller_sku="TAS-UN", sales_attributes=[{"name": "Warna Anyam", "value_name": "Ungu"}])
    body = {"skus": [*kept, fresh], "listing_platforms": client.platforms}
    answer = client.edit(product_id, client.body(**body)) if call == "edit" else client.partial(product_id, body)
    ids = [sku["id"] for sku in client.good(answer)["skus"]]
    assert ids[:2] == [sku["id"] for sku in kept]
    listing = client.listing(product_id)
    assert [offer["sku"] for offer in listing["offers"]] == ["TAS-NA", "TAS-HI", "TAS-UN"]
    assert listing["offers"][2]["remote_id"] == ids[2]


def test_a_new_sku_needs_price_and_stock(client: Client, product_id: str) -> None:
    kept = entries(client, product_id)
    sales = [{"name": "Warna Anyam", "value_name": "Ungu"}]
    for missing, code in ((("price",), 12052571), (("inventory",), 12052516)):
        fresh = client.sku(sales_attributes=sales, **dict.fromkeys(missing, ...))
        assert client.partial(product_id, {"skus": [*kept, fresh]})["code"] == code
    assert len(client.listing(product_id)["offers"]) == 3


def test_a_blank_in_a_sku_overwrites_but_numbers_stay(client: Client, product_id: str) -> None:
    bare = [{"id": sku["id"], "sales_attributes": sku["sales_attributes"]} for sku in entries(client, product_id)]
    client.good(client.partial(product_id, {"skus": bare}))
    offers = client.listing(product_id)["offers"]
    assert [(o["sku"], o["price"], o["stock"]) for o in offers] == [("", 185000, 5)] * 3


def test_sales_attributes_cannot_all_go(client: Client, product_id: str) -> None:
    one = [{"id": entries(client, product_id)[0]["id"], "seller_sku": "TAS"}]
    assert client.partial(product_id, {"skus": one})["code"] == 12052550


def test_a_new_sku_under_audit_is_not_there_yet(client: Client, product_id: str) -> None:
    client.limits(review=True, review_delay_s=60)
    fresh = client.sku(seller_sku="TAS-UN", sales_attributes=[{"name": "Warna Anyam", "value_name": "Ungu"}])
    answer = client.good(client.partial(product_id, {"skus": [*entries(client, product_id), fresh]}))
    new = answer["skus"][3]["id"]
    assert len(client.product(product_id)["skus"]) == 3
    assert len(client.product(product_id, return_under_review_version="true")["skus"]) == 4
    assert client.set_stock(product_id, {new: 7})["data"] == {}
    client.advance(61)
    assert client.listing(product_id)["offers"][3]["stock"] == 7


def test_what_a_refused_version_brought_goes_with_it(client: Client, product_id: str) -> None:
    client.limits(review=True, review_delay_s=60, ban_words=["Lonjong"])
    fresh = client.sku(seller_sku="TAS-UN", sales_attributes=[{"name": "Warna Anyam", "value_name": "Ungu"}])
    body = {"title": NEW_TITLE, "skus": [*entries(client, product_id), fresh]}
    new = client.good(client.partial(product_id, body))["skus"][3]["id"]
    client.advance(61)
    assert client.set_stock(product_id, {new: 7})["data"]["errors"][0]["detail"]["sku_id"] == new
    assert len(client.product(product_id)["skus"]) == 3


def test_frozen_and_deleted_products_cannot_be_edited(client: Client, product_id: str) -> None:
    client.control("POST", f"items/{product_id}", {"status": "banned"})
    assert client.partial(product_id, {"title": NEW_TITLE})["code"] == 12052901
    client.control("POST", f"items/{product_id}", {"status": "deleted"})
    assert client.edit(product_id, client.body())["code"] == 12052901
    assert client.partial("1729592969712999999", {"title": NEW_TITLE})["code"] == 12052032


def test_update_time_moves_with_edits(client: Client, product_id: str) -> None:
    before = client.product(product_id)["update_time"]
    client.advance(5)
    client.good(client.partial(product_id, {"title": NEW_TITLE}))
    assert client.product(product_id)["update_time"] >= before + 5
