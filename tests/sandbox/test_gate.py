"""Signature vectors and the order of checks (shopee.md 2)."""

from __future__ import annotations

import time
from typing import Any

import pytest

from connectors.shopee.sandbox_gate import sign
from tests.sandbox.client import Client

KEY = "testkey_0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        (
            "2001887/api/v2/auth/token/get1700000000",
            "10689e2e36cae094f9149de161afbd8ae300d562410f546631a4586abf06c8a4",
        ),
        (
            "2001887/api/v2/shop/auth_partner1700000000",
            "74d985455fee64d3f0d3294fe73c0c8582d61a46ab490d5079378c1585137557",
        ),
        (
            "2001887/api/v2/product/update_stock17000000007a6f6b656e5f73686172656414701711",
            "9d8dfda157575044720bbb4fbe524bc1e92b39ddd3dbb3e930c7ca0be2594284",
        ),
        (
            "2001887/api/v2/product/get_item_list17000000007a6f6b656e5f73686172656414701711",
            "64e15b3a1c31ec6e9500c135305858fde5d16ea708321b35457fc11602229b70",
        ),
        (
            "2001887/api/v2/global_product/get_category17000000007a6f6b656e5f7368617265641000000",
            "865dcd64fb005ddaeada0a76f7f3ae6c26ebb0ce8c682f4543ff71e909d4666a",
        ),
        (
            "2001887/api/v2/media_space/upload_image1700000000",
            "88ee19359e8e7ddb03a732a3928164e8476191d9a2fe87d10d0dd9106f6af052",
        ),
    ],
)
def test_signature_vectors(base: str, expected: str) -> None:
    assert sign(KEY, base) == expected


FIRST_FAILURE: list[tuple[dict[str, Any], str, str]] = [
    ({"partner_id": None, "sign": None, "timestamp": None}, "error_param", "There is no partner_id in query."),
    ({"partner_id": "-1", "sign": None}, "error_param", "Invalid partner_id."),
    ({"partner_id": str(2**32), "sign": None}, "error_param", "Invalid partner_id."),
    ({"partner_id": "77", "timestamp": None}, "invalid_partner_id", "Invalid partner_id"),
    ({"timestamp": None, "sign": None}, "error_param", "no timestamp"),
    ({"timestamp": "soon", "sign": None}, "error_param", "Invalid timestamp"),
    ({"timestamp": 1700000000, "sign": None}, "error_param", "Timestamp is expired."),
    ({"sign": None, "access_token": None}, "error_param", "There is no sign in query."),
    ({"sign": "0" * 64, "access_token": None}, "error_sign", "Wrong sign."),
    ({"sign": "ä"}, "error_sign", "Wrong sign."),
]


@pytest.mark.parametrize(("change", "code", "message"), FIRST_FAILURE)
def test_checks_come_in_the_order_of_the_sheet(client: Client, change: dict[str, Any], code: str, message: str) -> None:
    response = client.raw("GET", "shop/get_shop_info", change=change)
    assert (response.status_code, response.json()["error"], response.json()["message"]) == (403, code, message)


def test_timestamps_of_this_machine_and_of_the_moved_clock_are_both_taken(client: Client) -> None:
    client.limits(access_token_s=10**6)
    client.options = client.control("POST", "shops", {})["options"]
    client.advance(3600)
    assert client.get("shop/get_shop_info")["error"] == ""
    path, moved = "/api/v2/shop/get_shop_info", int(time.time()) + 3600
    for timestamp, code in ((moved, ""), (moved - 1000, "error_param")):
        change = {"timestamp": timestamp, "sign": client.sign(path, timestamp)}
        assert client.raw("GET", "shop/get_shop_info", change=change).json()["error"] == code


def test_missing_token_and_shop_are_named_when_the_signature_fits(client: Client) -> None:
    token, shop = client.options["access_token"], client.options["shop_id"]
    client.options = {**client.options, "access_token": ""}
    assert client.raw("GET", "shop/get_shop_info").json()["message"] == "There is no access_token in query."
    client.options = {**client.options, "access_token": token, "shop_id": ""}
    assert client.raw("GET", "shop/get_shop_info").json()["message"] == "There is no shop_id in query."
    client.options = {**client.options, "shop_id": shop + 5}
    answer = client.raw("GET", "shop/get_shop_info").json()
    assert answer["error"] == "invalid_acceess_token"


def test_unknown_path(client: Client) -> None:
    answer = client.get("product/no_such_thing")
    assert (answer["error"], answer["message"]) == ("error_param", "path incorrect or API offline")


def test_wrong_method_is_an_unknown_path(client: Client) -> None:
    assert client.get("product/add_item")["message"] == "path incorrect or API offline"


def test_body_and_operation_parameters_are_not_signed(client: Client) -> None:
    answer = client.raw("GET", "product/get_category", query=[("language", "id"), ("anything", "1")]).json()
    assert answer["error"] == ""


def test_empty_common_parameters_on_public_calls_are_ignored(client: Client) -> None:
    query = [("access_token", ""), ("shop_id", ""), ("principal_id", "")]
    answer = client.raw("GET", "public/get_shops_by_partner", public=True, query=query).json()
    assert answer["error"] == ""
    assert answer["authed_shop_list"][0]["shop_id"] == client.options["shop_id"]


def test_upload_takes_the_public_and_the_shop_signature(client: Client) -> None:
    assert client.upload(public=True).startswith("id-")
    assert client.upload(public=False).startswith("id-")


def test_gateway_status_is_a_switch(client: Client) -> None:
    for status in (200, 400):
        client.limits(gateway_http_status=status)
        response = client.raw("GET", "shop/get_shop_info", change={"sign": "0" * 64})
        assert (response.status_code, response.json()["error"]) == (status, "error_sign")


def test_banned_and_unlinked_shops(client: Client) -> None:
    shop = client.running.sandbox.store.shops[client.options["shop_id"]]  # type: ignore[attr-defined]
    shop.banned = True
    assert client.get("shop/get_shop_info")["error"] == "shop_banned"
    shop.banned, shop.linked = False, False
    assert client.get("shop/get_shop_info")["error"] == "shop_no_linked"


def test_burst_is_counted_for_the_application_across_its_shops(client: Client) -> None:
    other = Client(client.running, client.control("POST", "shops", {"name": "Toko Dua"})["options"])
    client.limits(burst_per_s=6)
    codes = [c.get("shop/get_shop_info")["error"] for _ in range(5) for c in (client, other)]
    assert codes[:6] == [""] * 6
    assert "error_rate_limit" in codes[6:]
    refused = [c for c in client.control("GET", "calls") if c["refused"] == "rate"]
    assert {c["status"] for c in refused} == {429}
    assert {c["account"] for c in refused} <= {str(client.options["shop_id"]), str(other.options["shop_id"])}
    response = client.raw("GET", "shop/get_shop_info")
    assert "Retry-After" not in response.headers
    client.advance(1)
    assert client.get("shop/get_shop_info")["error"] == ""


def test_daily_quota_ends_at_midnight_of_utc_plus_8(client: Client) -> None:
    client.limits(daily=2)
    codes = [client.get("shop/get_shop_info")["error"] for _ in range(4)]
    assert codes[-1] == "error_limit"
    assert client.last_call()["refused"] == "quota"
    now = client.control("GET", "clock")["now"]
    client.advance(86_400 - (now + 8 * 3600) % 86_400 + 1)
    client.options = client.running.account_options
    assert client.post("auth/access_token/get", {**_refresh(client)}, public=True)["error"] == ""


def _refresh(client: Client) -> dict[str, Any]:
    o = client.options
    return {"refresh_token": o["refresh_token"], "partner_id": o["partner_id"], "shop_id": o["shop_id"]}


def test_other_application_has_its_own_budget_and_key(client: Client) -> None:
    options = client.control("POST", "shops", {"partner_id": 2009999})["options"]
    other = Client(client.running, options)
    client.limits(burst_per_s=1)
    while client.get("shop/get_shop_info")["error"] == "":
        pass
    assert other.get("shop/get_shop_info")["error"] == ""
    assert options["partner_key"] != client.options["partner_key"]


def test_log_holds_no_secret(client: Client) -> None:
    client.raw("GET", "shop/get_shop_info", change={"sign": "f" * 64})
    client.get("shop/get_shop_info")
    text = client.http.get(f"{client.running.control_url}/calls").text
    assert client.options["access_token"] not in text
    assert client.options["partner_key"] not in text
    assert "f" * 64 not in text
    assert str(int(time.time()) // 100) in text
