"""Pushes: signatures over address and raw body, and what they tell us to look at (shopee.md 8)."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest

from connectors.shopee.webhooks import hints
from syncer.sdk.contract import About, Hint, TakesWebhooks, WebhookScope
from tests.connectors.shopee.canned import KEY, Canned

URL = "https://sync.example.org/webhooks/shopee"
BODY = (
    b'{"code":3,"shop_id":14701711,"timestamp":1700000000,"data":{"ordersn":"231114ABCDEFGH",'
    b'"status":"READY_TO_SHIP","completed_scenario":"","items":[],"update_time":1699999999}}'
)
SIGNATURE = "67b9e17f9181872741ad712b2b8a1911589d63049d8ea69de27fc1783c7ff91a"
AT = dt.datetime.fromtimestamp(1_700_000_000, dt.UTC)


def push(code: Any, data: Any, **more: Any) -> bytes:
    return json.dumps({"code": code, "shop_id": 14701711, "timestamp": 1700000000, "data": data, **more}).encode()


def told(code: Any, data: Any, **more: Any) -> list[tuple[About, str, str]]:
    return [(hint.about, hint.shop_id, hint.remote_id) for hint in hints(push(code, data, **more))]


def test_it_takes_pushes_as_the_platform_wants_them_answered(canned: Canned) -> None:
    connector = canned.connector()
    assert isinstance(connector, TakesWebhooks)
    assert (connector.webhook_app(), KEY) == ("2001887", "testkey_0123456789abcdef0123456789abcdef")
    facts = connector.info.webhooks
    assert facts is not None
    assert (facts.scope, facts.status, facts.body, facts.deadline_s) == (WebhookScope.APP, 204, b"", 3.0)
    assert canned.requests == []


def test_the_vector_of_the_fact_sheet(canned: Canned) -> None:
    connector = canned.connector()
    assert connector.is_signed(URL, {"authorization": SIGNATURE}, BODY)
    assert connector.read_webhook({}, BODY) == [Hint(About.ORDER, "14701711", "231114ABCDEFGH", AT)]


@pytest.mark.parametrize(
    ("address", "signature", "body"),
    [
        (URL, SIGNATURE, BODY.replace(b"3", b"4", 1)),
        (URL, SIGNATURE, json.dumps(json.loads(BODY)).encode()),
        (URL, SIGNATURE, BODY + b"\n"),
        (URL + "/", SIGNATURE, BODY),
        (URL, SIGNATURE.upper(), BODY),
        (URL, f"Bearer {SIGNATURE}", BODY),
        (URL, "", BODY),
        (URL, "é" * 64, BODY),
        (URL, SIGNATURE, b""),
    ],
)
def test_anything_else_is_refused(canned: Canned, address: str, signature: str, body: bytes) -> None:
    assert not canned.connector().is_signed(address, {"authorization": signature}, body)


def test_each_flipped_bit_of_the_body_is_noticed(canned: Canned) -> None:
    connector = canned.connector()
    for place in range(0, len(BODY) * 8, 7):
        spoiled = bytearray(BODY)
        spoiled[place // 8] ^= 1 << place % 8
        assert not connector.is_signed(URL, {"authorization": SIGNATURE}, bytes(spoiled))
    assert not connector.is_signed(URL, {}, BODY)


def test_what_pushes_tell_us_to_look_at() -> None:
    shop = "14701711"
    assert told(4, {"ordersn": "A1", "tracking_no": "x"}) == [(About.ORDER, shop, "A1")]
    assert told(29, {"order_sn": "A1"}) == [(About.ORDER, shop, "A1")]
    reserved = {"action": "place_order", "item_id": 245, "variation_id": 11, "ordersn": "A1", "promotion_id": 7}
    assert told(8, reserved) == [(About.ORDER, shop, "A1"), (About.STOCK, shop, "245")]
    assert told(7, {"action": "promo_lock_stock", "item_id": 245}) == [(About.STOCK, shop, "245")]
    assert told(16, {"item_id": 245}) == [(About.LISTING, shop, "245")]
    assert told(22, {"item_id": "245", "model_id": 1}) == [(About.LISTING, shop, "245")]
    assert told(10, {"content": "halo"}) == []
    assert told(99, {}) == []


def test_numbers_may_come_as_text() -> None:
    body = b'{"code": "28", "shop_id": "14701711", "timestamp": "1700000000", "data": {}}'
    assert hints(body) == []
    (hint,) = hints(push("3", {"ordersn": 231114}, shop_id="14701711"))
    assert (hint.remote_id, hint.shop_id) == ("231114", "14701711")


def test_pushes_about_the_app_name_their_shops_inside() -> None:
    top = {"shop_id": None, "partner_id": 2001887}
    assert told(1, {"shop_id": 5}, **top) == [(About.ACCOUNT, "5", "")]
    assert told(2, {"shopid": 6}, **top) == [(About.ACCOUNT, "6", "")]
    assert told(2, {"shop_id_list": [7, 8]}, **top) == [(About.ACCOUNT, "7", ""), (About.ACCOUNT, "8", "")]
    soon = {"shop_expire_soon": [9, {"shop_id": 10}], "merchant_expire_soon": [1], "page_no": 1, "total_page": 2}
    assert told(12, soon, **top) == [(About.ACCOUNT, "9", ""), (About.ACCOUNT, "10", "")]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"\xff\xfe",
        b"not json",
        b'{"code": true}',
        b'{"code": 3, "shop_id": 1, "data": {}}',
        b'{"code": 3, "data": {"ordersn": "A1"}}',
        b'{"code": 3, "shop_id": 1.5, "data": {"ordersn": "A1"}}',
        b'{"code": 3, "shop_id": 1, "data": {"ordersn": "' + b"x" * 5000 + b'"}}',
        b"[" * 100_000,
    ],
)
def test_what_cant_be_understood_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError):
        hints(body)


def test_a_time_out_of_bounds_is_no_time() -> None:
    (hint,) = hints(push(3, {"ordersn": "A1"}, timestamp=10**17))
    assert hint.at is None


def test_a_delivery_id_is_kept_if_there_is_one() -> None:
    (hint,) = hints(push(3, {"ordersn": "A1"}, msg_id="abc"))
    assert hint.delivery_id == "abc"
