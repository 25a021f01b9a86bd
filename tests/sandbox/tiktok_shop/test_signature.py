"""The published test vectors of tiktok_shop.md 3.1 and 14, against the sandbox's own signing code."""

from __future__ import annotations

import pytest

from connectors.tiktok_shop.sandbox_gate import sign, sign_webhook, string_to_sign

COMMON = [
    ("app_key", "6sandboxkey01"),
    ("shop_cipher", "ROW_sandboxCipher0001"),
    ("timestamp", "1735689600"),
]
SECRET = "sandbox_secret_0001"
PRODUCT = "1729592969712207008"

VECTORS = {
    "A": (
        "e59af819cc",
        "/authorization/202309/shops",
        [("app_key", "29a39d"), ("timestamp", "1623812664")],
        "",
        "b596b73e0cc6de07ac26f036364178ab16b0a907af13d43f0a0cd2345f582dc8",
    ),
    "B": (
        "e59af819cc",
        "/event/202309/webhooks",
        [
            ("timestamp", "1696909648"),
            ("shop_cipher", "ROW_xkMbgAAAeVAQra0eZWebFQq5aIK"),
            ("app_key", "68xu9ks5p4i8"),
        ],
        '{"address":"https://partner.tiktokshop.com","event_type":"PACKAGE_UPDATE"}',
        "cd0d6268252f4ba293bf7ea4c0a2873bf9beec600d22530638564ab301435f7a",
    ),
    "C": (
        SECRET,
        f"/product/202309/products/{PRODUCT}/inventory/update",
        COMMON,
        '{"skus":[{"id":"1729592969712207012","inventory":[{"warehouse_id":"7068517275539719942","quantity":7}]}]}',
        "763da0a82c8b115e926fa8f35a1c51214b013e8d2c09bf771aaa1e9b763fe572",
    ),
    "D": (
        SECRET,
        "/order/202309/orders/search",
        [
            *COMMON,
            ("page_size", "50"),
            ("page_token", "6AsP/QsU+M=="),
            ("sort_field", "update_time"),
            ("sort_order", "ASC"),
        ],
        '{"create_time_ge":1735603200,"create_time_lt":1735689600}',
        "f5052c1b4f34aa945bbe12a4686b9e15365e384c166f0cfbfa7b69d3bd1778f0",
    ),
    "E": (
        SECRET,
        "/product/202309/images/upload",
        [pair for pair in COMMON if pair[0] != "shop_cipher"],
        "",
        "31e516ca342f92abedf76d207038cc7f23f78dd71cf83ffff403ab2c1350071d",
    ),
    "F": (
        SECRET,
        f"/product/202509/products/{PRODUCT}/partial_edit",
        COMMON,
        '{"title":"Tas anyaman pandan – motif \\"Tangsel\\" ukuran besar"}',
        "83b72d6d5c192e3564baee9995f41399593f5d29a819f967e59b718d7e89f90c",
    ),
}


@pytest.mark.parametrize("name", VECTORS)
def test_vectors(name: str) -> None:
    secret, path, query, body, expected = VECTORS[name]
    extra = [("sign", "ignored"), ("access_token", "ignored")]
    assert sign(secret, string_to_sign(secret, path, [*query, *extra], body)) == expected


def test_strings_are_the_published_ones() -> None:
    secret, path, query, body, _ = VECTORS["A"]
    published = "e59af819cc/authorization/202309/shopsapp_key29a39dtimestamp1623812664e59af819cc"
    assert string_to_sign(secret, path, query, body) == published


def test_webhook_vectors() -> None:
    first = (
        '{"type":1,"tts_notification_id":"7380066284010030890","shop_id":"7495540735365777507","timestamp":1718305585,'
        '"data":{"is_on_hold_order":true,"order_id":"576653688135258178","order_status":"UNPAID",'
        '"update_time":1718305585}}'
    )
    assert sign_webhook("abcdef", "123", first) == "5dec0f11ec2f6783b8deee53c9ffbf8d024302f7c7e7fa55a35d17629031ac05"
    second = (
        '{"type":5,"tts_notification_id":"7380066284010030999","shop_id":"7495540735365777507","timestamp":1735689600,'
        '"data":{"product_id":"1729592969712207008","status":"PRODUCT_AUDIT_FAILURE","suspended_reason":"",'
        '"update_time":1735689600}}'
    )
    expected = "3499367d665640e733b4a001245b57598dd987fb227e7e6c58364d23073058d7"
    assert sign_webhook("6sandboxkey01", SECRET, second) == expected
