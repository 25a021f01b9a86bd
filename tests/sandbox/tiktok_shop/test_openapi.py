"""One walk through every operation of the sandbox that the platform's OpenAPI files know.

Collected only where the files are at hand (see `openapi.py`); the calls are checked by the fixture `checked`.
"""

from __future__ import annotations

import pytest
import requests

from connectors.tiktok_shop.sandbox import TiktokShopSandbox
from tests.sandbox.client import picture
from tests.sandbox.tiktok_shop.client import BAG, LEAF, Client
from tests.sandbox.tiktok_shop.openapi import Official

# In no OpenAPI file: the token endpoints.
UNKNOWN = {("GET", "/api/v2/token/get"), ("GET", "/api/v2/token/refresh")}


def walk(client: Client) -> None:
    for version in ("202309", "202312"):
        client.good(client.get(f"/product/{version}/prerequisites"))
    for path in ("/authorization/202309/shops", "/seller/202309/shops"):
        client.good(client.call("GET", path, cipher=False))
    warehouse = client.warehouses()[0]
    client.good(client.get(f"/logistics/202309/warehouses/{warehouse}/delivery_options", scope="PRODUCT"))
    client.good(client.get("/product/202309/categories", category_version="v2", locale="id-ID"))
    for part in ("attributes", "rules"):
        client.good(client.get(f"/product/202309/categories/{BAG}/{part}", category_version="v2"))
    recommend = {"product_title": "Tas Rotan", "category_version": "v2", "images": [{"uri": client.upload()["uri"]}]}
    client.good(client.post("/product/202309/categories/recommend", recommend))
    client.good(client.get("/product/202309/brands", page_size="5", category_id=LEAF, is_authorized="true"))
    client.good(client.call("POST", "/product/202309/brands", {"name": "Rotan Cisauk"}, cipher=False))
    upload = {"data": ("sni.pdf", b"%PDF-1.7")}
    client.good(client.call("POST", "/product/202309/files/upload", cipher=False, files=upload, data={"name": "a.pdf"}))
    _products(client)
    _rest(client)


def _products(client: Client) -> None:
    uri = client.upload(picture(), "ATTRIBUTE_IMAGE")["uri"]
    skus = client.skus("Natural", "Hijau")
    for sku in skus:
        sku["sales_attributes"][0]["sku_img"] = {"uri": uri}
        sku["pre_sale"] = {"type": "PRE_ORDER", "fulfillment_type": {"handling_duration_days": 7}}
    body = client.body(
        skus=skus,
        category_id=BAG,
        product_attributes=[{"id": "100701", "values": [{"name": "Rotan"}]}],
        package_dimensions={"length": "30", "width": "20", "height": "10", "unit": "CENTIMETER"},
        brand_id=client.get("/product/202309/brands", page_size="1")["data"]["brands"][0]["id"],
        size_chart={"image": {"uri": client.upload(picture(1100, 1100), "SIZE_CHART_IMAGE")["uri"]}},
        delivery_option_ids=["7208502187360519938"],
        minimum_order_quantity=1,
        idempotency_key="k",
    )
    check = {key: value for key, value in body.items() if key not in {"category_version", "idempotency_key"}}
    client.good(client.post("/product/202309/products/listing_check", check))
    made = client.good(client.post("/product/202309/products", body))
    product_id, first = made["product_id"], made["skus"][0]["id"]
    client.product(product_id, return_under_review_version="true", return_draft_version="true", locale="id-ID")
    entries = [
        {
            "id": sku["id"],
            "seller_sku": sku["seller_sku"],
            "sales_attributes": [
                {"id": s["id"], "value_id": s["value_id"], "sku_img": {"uri": uri}} for s in sku["sales_attributes"]
            ],
        }
        for sku in made["skus"]
    ]
    full = {key: value for key, value in body.items() if key != "idempotency_key"}
    for version in ("202309", "202509"):
        client.good(client.call("PUT", f"/product/{version}/products/{product_id}", {**full, "skus": entries}))
        path = f"/product/{version}/products/{product_id}/partial_edit"
        client.good(client.post(path, {"title": "Tas Anyaman Rotan Lonjong " + version}))
    client.good(client.partial(product_id, {"title": "Tas Anyaman Rotan Sudah Lama", "save_mode": "AS_DRAFT"}))
    client.good(client.set_price(product_id, {first: "150000"}))
    client.good(client.set_stock(product_id, {first: 4, "5": 1}))
    client.good(client.post("/product/202309/inventory/search", {"sku_ids": [first]}))
    for version in ("202309", "202312", "202502"):
        client.good(client.search(version, status="ACTIVATE", seller_skus=["TAS-NA"]))
    for what in ("deactivate", "activate"):
        client.good(client.life(what, product_id, "5", listing_platforms=client.platforms))
    refused = client.control("POST", f"items/{product_id}", {"status": "rejected"})
    assert refused["status"] == "rejected"
    client.product(product_id)
    client.good(client.delete(product_id, "5"))
    client.good(client.life("recover", product_id, "5"))


def _rest(client: Client) -> None:
    _orders(client)
    hook = {"event_type": "PRODUCT_CREATION", "address": "http://127.0.0.1/hook"}
    client.good(client.call("PUT", "/event/202309/webhooks", hook))
    client.good(client.get("/event/202309/webhooks"))
    client.good(client.call("DELETE", "/event/202309/webhooks", {"event_type": "PRODUCT_CREATION"}))


def _orders(client: Client) -> None:
    """One order at every status, with a part cancelled."""
    client.made(skus=[client.sku(seller_sku="JUAL")])
    line = {"sku": "JUAL", "quantity": 2}
    for kind in ("", "cash", "sample"):
        made = client.control("POST", "orders", {"lines": [line], "kind": kind, "front": "TIKTOK_SHOP"})["order_id"]
        client.control("POST", f"orders/{made}/cancel", {"lines": [{"sku": "JUAL", "quantity": 1}]})
        for status in client.control("GET", "settings")["statuses"]:
            client.control("POST", f"orders/{made}/move", {"status": status})
            rows = client.good(client.post("/order/202309/orders/search", {"order_status": status}, page_size="20"))
            assert made in [row["id"] for row in rows["orders"]]
            for version in ("202309", "202507"):
                assert client.good(client.get(f"/order/{version}/orders", ids=made))["orders"][0]["status"] == status
    client.control("POST", "promotions", {"sku": "JUAL", "quantity": 1})
    client.good(client.post("/product/202309/inventory/search", {"product_ids": [client.made()]}))


def test_every_operation_is_in_the_files_and_valid(client: Client, official: Official) -> None:
    official.seen.clear()
    walk(client)
    sandbox = client.running.sandbox
    assert isinstance(sandbox, TiktokShopSandbox)
    mine = {address for address in sandbox.table.addresses() if address not in UNKNOWN}
    known = {found[0] for method, path in mine if (found := official.find(method, path.replace("{id}", "17")))}
    assert len(known) == len(mine)
    assert known == official.seen & known


def test_the_check_finds_mistakes(client: Client, official: Official) -> None:
    wrong = [
        ("POST", "/product/202309/inventory/search", {"product_ids": ["5"], "warehouse": "1"}, {}),
        ("GET", "/product/202309/categories", None, {"category_version": "v2", "platform": "TOKOPEDIA"}),
    ]
    for method, path, body, query in wrong:
        client.good(client.call(method, path, body, query=query))
    assert len(official.problems) == 2
    official.problems.clear()
    answer = requests.Response()
    answer.status_code, answer._content = 200, b'{"code":0,"message":"","request_id":"","data":{"shops":[{"id":5}]}}'
    sent = requests.Request("GET", "http://127.0.0.1/seller/202309/shops").prepare()
    official.check(sent, answer)
    assert sum("is not of type 'string'" in problem for problem in official.problems) == 1
    official.problems.clear()


@pytest.fixture
def official(official: Official | None) -> Official:
    """Here the files are at hand."""
    assert official is not None
    return official
