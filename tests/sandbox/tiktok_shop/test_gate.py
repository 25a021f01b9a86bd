"""Signature, common parameters, tokens, scopes, shops and the rate limit (tiktok_shop.md 2 to 5, 13)."""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from tests.sandbox.tiktok_shop.client import Client, picture, sign

WAREHOUSES = "/logistics/202309/warehouses"
SHOPS = "/authorization/202309/shops"


def refusal(client: Client, path: str = WAREHOUSES, **more: Any) -> tuple[int, int]:
    response = client.raw("GET", path, **more)
    body = response.json()
    assert isinstance(body["request_id"], str)
    assert body["message"]
    return response.status_code, body["code"]


def test_a_good_call(client: Client) -> None:
    answer = client.get(WAREHOUSES)
    assert (answer["code"], answer["message"]) == (0, "Success")
    assert client.last_call()["refused"] is None
    assert client.last_call()["operation"] == "logistics.warehouses"
    assert client.last_call()["account"] == client.options["shop_id"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"sign": "0" * 64}, (401, 106001)),
        ({"sign": None}, (400, 36009004)),
        ({"app_key": None}, (400, 36009004)),
        ({"app_key": "unknown"}, (401, 106001)),
        ({"timestamp": None}, (400, 36009004)),
        ({"timestamp": str(int(time.time()) - 301)}, (401, 106001)),
        ({"timestamp": str(int(time.time()) + 3000)}, (401, 106001)),
        ({"timestamp": str(int(time.time() * 1000))}, (401, 106001)),
        ({"unsigned": "x"}, (401, 106001)),
    ],
)
def test_common_parameters(client: Client, change: dict[str, Any], expected: tuple[int, int]) -> None:
    assert refusal(client, change=change) == expected


def test_a_signed_timestamp_that_is_too_old(client: Client) -> None:
    path, o = WAREHOUSES, client.options
    for offset, code in ((-290, 0), (-400, 106001), (400, 106001)):
        stamp = str(int(time.time()) + offset)
        query = {"app_key": o["app_key"], "shop_cipher": o["shop_cipher"], "timestamp": stamp}
        signed = sign(o["app_secret"], path, query, "")
        assert client.call("GET", path, change={"timestamp": stamp, "sign": signed})["code"] == code
    client.limits(future_window_s=30)
    stamp = str(int(time.time()) + 60)
    query = {"app_key": o["app_key"], "shop_cipher": o["shop_cipher"], "timestamp": stamp}
    signed = sign(o["app_secret"], path, query, "")
    assert client.call("GET", path, change={"timestamp": stamp, "sign": signed})["code"] == 106001


def test_the_access_token_in_the_query_is_legacy_and_not_signed(client: Client) -> None:
    assert client.call("GET", WAREHOUSES, change={"access_token": "anything"})["code"] == 0


def test_the_raw_body_is_signed(client: Client) -> None:
    path, o = "/product/202309/products/search", client.options
    query = {"app_key": o["app_key"], "shop_cipher": o["shop_cipher"], "timestamp": str(int(time.time()))}
    query["page_size"] = "10"
    headers = {"x-tts-access-token": o["access_token"], "Content-Type": "application/json"}
    body = '{ "status" : "ALL" }'
    query["sign"] = sign(o["app_secret"], path, query, body)
    good = client.http.post(o["base_url"] + path, params=query, data=body, headers=headers, timeout=60).json()
    assert good["code"] == 0
    other = '{"status":"ALL"}'
    bad = client.http.post(o["base_url"] + path, params=query, data=other, headers=headers, timeout=60)
    assert (bad.status_code, bad.json()["code"]) == (401, 106001)


def test_multipart_bodies_are_not_signed_and_a_cipher_is_taken(client: Client) -> None:
    for cipher in (False, True):
        answer = client.call(
            "POST",
            "/product/202309/images/upload",
            cipher=cipher,
            files={"data": ("a.png", picture())},
            data={"use_case": "MAIN_IMAGE"},
        )
        assert answer["code"] == 0


def test_repeated_keys_and_one_joined_value(client: Client) -> None:
    path, o = "/order/202507/orders", client.options
    assert client.get(path, ids="1,2")["code"] == 0
    query = {"app_key": o["app_key"], "shop_cipher": o["shop_cipher"], "timestamp": str(int(time.time()))}
    for signed_ids in ("ids1ids2", "ids1"):
        head, tail = f"app_key{query['app_key']}", f"shop_cipher{query['shop_cipher']}timestamp{query['timestamp']}"
        signature = sign(o["app_secret"], path + head + signed_ids + tail, {}, "")
        pairs = [*query.items(), ("ids", "1"), ("ids", "2"), ("sign", signature)]
        headers = {"x-tts-access-token": o["access_token"], "Content-Type": "application/json"}
        assert client.http.get(o["base_url"] + path, params=pairs, headers=headers, timeout=60).json()["code"] == 0


def test_tokens_and_ciphers(client: Client) -> None:
    assert refusal(client, headers={"x-tts-access-token": ""}) == (401, 105001)
    assert refusal(client, headers={"x-tts-access-token": "ROW_unknown"}) == (401, 105001)
    assert refusal(client, cipher=False) == (400, 106013)
    other = client.control("POST", "shops", {"name": "Toko Kedua"})["options"]
    mixed = Client(client.running, {**client.options, "shop_cipher": other["shop_cipher"]})
    assert refusal(mixed) == (401, 101000)
    assert Client(client.running, other).get(WAREHOUSES)["code"] == 0
    client.advance(604_801)
    assert refusal(client) == (401, 105002)
    assert client.last_call()["refused"] == "token"


def test_scopes_are_those_of_the_consent(client: Client) -> None:
    client.limits(scopes=["seller.authorization.info", "seller.product.basic"])
    assert client.get(WAREHOUSES)["code"] == 0
    code = client.control("POST", "consents", {})["code"]
    pair = client.good(client.token("get", auth_code=code, grant_type="authorized_code"))
    assert pair["granted_scopes"] == ["seller.authorization.info", "seller.product.basic"]
    narrow = Client(client.running, {**client.options, "access_token": pair["access_token"]})
    assert refusal(narrow) == (401, 105005)
    assert narrow.get(SHOPS)["code"] == 0
    renewed = client.good(client.token("refresh", refresh_token=pair["refresh_token"], grant_type="refresh_token"))
    narrow.options["access_token"] = renewed["access_token"]
    assert refusal(narrow) == (401, 105005)


def test_shops_without_cipher(client: Client) -> None:
    shop = client.good(client.call("GET", SHOPS, cipher=False))["shops"][0]
    o = client.options
    assert (shop["id"], shop["cipher"], shop["region"], shop["seller_type"]) == (
        o["shop_id"],
        o["shop_cipher"],
        "ID",
        "LOCAL",
    )
    active = client.good(client.call("GET", "/seller/202309/shops", cipher=False))["shops"]
    assert active == [{"id": o["shop_id"], "region": "ID"}]


def test_shops_of_one_application_see_only_their_own(client: Client) -> None:
    other = Client(client.running, client.control("POST", "shops", {"name": "Toko Kedua"})["options"])
    assert other.options["app_key"] == client.options["app_key"]
    assert other.options["shop_id"] != client.options["shop_id"]
    product_id = client.made()
    assert other.get(f"/product/202309/products/{product_id}")["code"] == 12052034
    assert other.search()["data"]["total_count"] == 0
    assert [s["name"] for s in other.get(SHOPS)["data"]["shops"]] == ["Toko Kedua"]
    assert client.control("GET", f"listings?shop_id={other.options['shop_id']}") == []


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/product/202309/nothing", (404, 36009009)),
        ("GET", "/product/202309/products/search", (405, 36009010)),
        ("DELETE", "/logistics/202309/warehouses", (405, 36009010)),
        ("GET", "/product/202001/categories", (404, 36009014)),
        ("POST", "/product/202001/products/1729592969712207008/partial_edit", (404, 36009014)),
    ],
)
def test_unknown_addresses(client: Client, method: str, path: str, expected: tuple[int, int]) -> None:
    response = client.raw(method, path)
    assert (response.status_code, response.json()["code"]) == expected


def test_bodies(client: Client) -> None:
    path = "/product/202309/products/search"
    query = {"page_size": "5"}
    assert client.call("POST", path, query=query)["code"] == 0
    assert client.call("POST", path, ["list"], query=query)["code"] == 36009023
    wrong = client.raw("POST", path, {}, query=query, headers={"Content-Type": "text/plain"})
    assert (wrong.status_code, wrong.json()["code"]) == (400, 36009022)
    client.limits(demand_content_type=True)
    assert client.get(WAREHOUSES)["code"] == 0
    o = client.options
    sent = {"app_key": o["app_key"], "shop_cipher": o["shop_cipher"], "timestamp": str(int(time.time()))}
    sent["sign"] = sign(o["app_secret"], WAREHOUSES, sent, "")
    bare = client.http.get(
        o["base_url"] + WAREHOUSES, params=sent, headers={"x-tts-access-token": o["access_token"]}, timeout=5
    )
    assert bare.json()["code"] == 36009022


def test_empty_data_in_all_shapes(client: Client) -> None:
    product = client.create()
    sku = product["skus"][0]["id"]
    for shape, expected in (("object", {}), ("null", None), ("absent", "absent")):
        client.limits(empty_data=shape)
        answer = client.set_price(product["product_id"], {sku: "150000"})
        assert (answer["code"], answer.get("data", "absent")) == (0, expected)


def test_rate_limit_by_application_and_shop(client: Client) -> None:
    other = Client(client.running, client.control("POST", "shops", {})["options"])
    client.limits(burst_per_s=2)
    answers = [client.raw("GET", SHOPS, cipher=False) for _ in range(4)]
    assert [a.status_code for a in answers] == [200, 200, 429, 429]
    assert answers[-1].json()["code"] == 36009002
    assert int(answers[-1].headers["Retry-After"]) >= 1
    assert client.last_call()["refused"] == "rate"
    assert other.get(SHOPS)["code"] == 0
    usage = client.control("GET", "limits")["usage"]
    key = f"{client.options['app_key']}/{client.options['shop_id']}"
    assert usage[key] == {"used": 2, "refused": 2}
    client.advance(1)
    assert client.get(SHOPS)["code"] == 0


def test_rates_of_single_operations_and_other_shapes_of_the_refusal(client: Client) -> None:
    product = client.create()
    sku = product["skus"][0]["id"]
    client.limits(operation_rates={"product.update_price": 1}, retry_after="date", rate_code=12052109)
    client.limits(rate_http_status=200)
    assert client.set_price(product["product_id"], {sku: "150000"})["code"] == 0
    body = {"skus": [{"id": sku, "price": {"amount": "160000", "currency": "IDR"}}]}
    second = client.raw("POST", f"/product/202309/products/{product['product_id']}/prices/update", body)
    assert (second.status_code, second.json()["code"]) == (200, 12052109)
    assert parsedate_to_datetime(second.headers["Retry-After"]).timestamp() > time.time() - 1
    assert client.get(SHOPS)["code"] == 0
    client.limits(retry_after="none")
    assert (
        "Retry-After"
        not in client.raw("POST", f"/product/202309/products/{product['product_id']}/prices/update").headers
    )


def test_disabled_and_unlinked_shops(client: Client) -> None:
    client.control("POST", "tokens/revoke", {"unlink": True})
    client.control("POST", "consents", {})
    fresh = Client(client.running)
    assert fresh.get(WAREHOUSES)["code"] == 0
    fresh.control("POST", "tokens/revoke", {"disable": True})
    again = Client(client.running)
    assert refusal(again) == (403, 36009043)
