"""Events: their signature, and what they tell us to look at (tiktok_shop.md 14)."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
from typing import Any

import pytest

from syncer.sdk.contract import About, Hint, TakesWebhooks, WebhookScope
from tests.connectors.tiktok_shop.canned import APP_KEY, AT, SECRET, SHOP, Canned

W1 = (
    b'{"type":1,"tts_notification_id":"7380066284010030890","shop_id":"7495540735365777507","timestamp":1718305585,'
    b'"data":{"is_on_hold_order":true,"order_id":"576653688135258178","order_status":"UNPAID",'
    b'"update_time":1718305585}}'
)
W2 = (
    b'{"type":5,"tts_notification_id":"7380066284010030999","shop_id":"7495540735365777507","timestamp":1735689600,'
    b'"data":{"product_id":"1729592969712207008","status":"PRODUCT_AUDIT_FAILURE","suspended_reason":"",'
    b'"update_time":1735689600}}'
)
ADDRESS = f"https://sync.example/webhooks/tiktok_shop/{APP_KEY}"


def event(kind: Any, **data: Any) -> bytes:
    body = {"type": kind, "tts_notification_id": "7380066284010031000", "shop_id": SHOP, "timestamp": AT, "data": data}
    return json.dumps(body).encode()


def told(canned: Canned, body: bytes) -> list[tuple[About, str]]:
    hints = canned.connector().read_webhook({}, body)
    assert {(hint.shop_id, hint.delivery_id) for hint in hints} <= {(SHOP, "7380066284010031000")}
    return [(hint.about, hint.remote_id) for hint in hints]


@pytest.mark.parametrize(
    ("app", "secret", "body", "sign"),
    [
        ("abcdef", "123", W1, "5dec0f11ec2f6783b8deee53c9ffbf8d024302f7c7e7fa55a35d17629031ac05"),
        (APP_KEY, SECRET, W2, "3499367d665640e733b4a001245b57598dd987fb227e7e6c58364d23073058d7"),
    ],
)
def test_the_signature_is_over_app_key_and_raw_body(
    canned: Canned, app: str, secret: str, body: bytes, sign: str
) -> None:
    connector = canned.connector(app_key=app, app_secret=secret)
    assert connector.is_signed(ADDRESS, {"authorization": sign}, body)
    assert connector.is_signed("https://elsewhere.example/", {"authorization": sign}, body), "not over the address"
    for place in (0, len(body) // 2, len(body) - 1):
        flipped = body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]
        assert not connector.is_signed(ADDRESS, {"authorization": sign}, flipped)
    again = json.dumps(json.loads(body)).encode()
    assert not connector.is_signed(ADDRESS, {"authorization": sign}, again)
    for wrong in ({}, {"authorization": ""}, {"authorization": f"Bearer {sign}"}, {"authorization": sign.upper()}):
        assert not connector.is_signed(ADDRESS, wrong, body)
    assert not connector.is_signed(ADDRESS, {"authorization": "é\udcff"}, body)
    other = hmac.new(b"other", app.encode() + body, hashlib.sha256).hexdigest()
    assert not connector.is_signed(ADDRESS, {"authorization": other}, body)


def test_there_is_one_address_for_an_app_and_the_shop_is_in_the_body(canned: Canned) -> None:
    connector = canned.connector()
    assert isinstance(connector, TakesWebhooks)
    assert connector.webhook_app() == APP_KEY
    assert canned.requests == [], "it needs no call"
    assert connector.info.webhooks is not None
    assert connector.info.webhooks.scope is WebhookScope.APP
    assert connector.read_webhook({}, W1) == [
        Hint(
            About.ORDER,
            SHOP,
            "576653688135258178",
            dt.datetime.fromtimestamp(1_718_305_585, dt.UTC),
            "7380066284010030890",
        )
    ]


def test_events_are_answered_with_200_within_three_seconds(canned: Canned) -> None:
    facts = canned.connector().info.webhooks
    assert facts is not None
    assert (facts.status, facts.body, facts.refused_status, facts.deadline_s) == (200, b"", 401, 3.0)


@pytest.mark.parametrize(
    ("kind", "data", "expected"),
    [
        (1, {"order_id": "5", "order_status": "CANCEL"}, [(About.ORDER, "5")]),
        (11, {"order_id": "5", "cancel_id": "9"}, [(About.ORDER, "5")]),
        (12, {"order_id": "5", "return_id": "9", "return_status": "RETURN_OR_REFUND_REQUEST_COMPLETE"},
         [(About.ORDER, "5")]),
        (4, {"package_list": [{"package_id": "1", "order_id_list": ["5", "6"]}, {"order_id_list": ["6"]}]},
         [(About.ORDER, "5"), (About.ORDER, "6")]),
        (5, {"product_id": "7"}, [(About.LISTING, "7")]),
        (16, {"product_id": "7", "product_types": []}, [(About.LISTING, "7")]),
        (37, {"product_id": "7", "audit": {}}, [(About.LISTING, "7")]),
        (50, {"product_id": "7", "skus": []}, [(About.LISTING, "7")]),
        (15, {"product_id": "7", "change_source": "SELLER_CENTER"}, [(About.LISTING, "7")]),
        (15, {"product_id": "7", "change_source": "OPEN_API"}, []),
        (27, {"product_id": "7", "sku_id": "71"}, [(About.STOCK, "7")]),
        (71, {"product_id": "7", "sku_id": "71"}, [(About.STOCK, "7")]),
        (6, {"message": "bye"}, [(About.ACCOUNT, "")]),
        (7, {"expiration_time": AT}, [(About.ACCOUNT, "")]),
        (3, {"order_id": "5"}, []),
        (999, {"order_id": "5"}, []),
    ],
)  # fmt: skip
def test_events_are_hints(canned: Canned, kind: int, data: dict[str, Any], expected: list[tuple[About, str]]) -> None:
    assert told(canned, event(kind, **data)) == expected


@pytest.mark.parametrize(
    ("kind", "status", "returned"),
    [
        (12, "RETURN_OR_REFUND_REQUEST_COMPLETE", "9"),
        (12, "", "9"),
        (12, "RETURN_OR_REFUND_REQUEST_PENDING", ""),
        (12, "RETURN_OR_REFUND_CANCEL", ""),
        (11, "RETURN_OR_REFUND_REQUEST_COMPLETE", ""),
    ],
)
def test_a_return_is_told_once_pieces_come_back(canned: Canned, kind: int, status: str, returned: str) -> None:
    (hint,) = canned.connector().read_webhook({}, event(kind, order_id="5", return_id="9", return_status=status))
    assert (hint.remote_id, hint.returned) == ("5", returned)


def test_ids_may_be_numbers_of_19_digits(canned: Canned) -> None:
    for kind in (5, 16, 37, 71):
        assert [key for _, key in told(canned, event(kind, product_id=1729592969712207009))] == ["1729592969712207009"]
    body = event(1, order_id=576653688135258179).replace(f'"{SHOP}"'.encode(), SHOP.encode())
    assert told(canned, body) == [(About.ORDER, "576653688135258179")]


def test_a_mirroring_event_names_its_shop_elsewhere(canned: Canned) -> None:
    body = {"type": 35, "seller_open_id": "o", "timestamp": AT, "data": {"tts_shop_id": int(SHOP)}}
    (hint,) = canned.connector().read_webhook({}, json.dumps(body).encode())
    assert (hint.about, hint.shop_id) == (About.ACCOUNT, SHOP)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b'"x"',
        b"{}",
        b'{"type":true}',
        b'{"type":"1"}',
        event(1),
        event(1, order_id=5.766536881352582e17),
        event(1, order_id=["5"]),
        event(1, order_id="5" * 500),
        event(1, order_id="5").replace(f'"{SHOP}"'.encode(), b"null"),
        b"[" * 100_000,
    ],
)
def test_what_can_not_be_understood_is_told(canned: Canned, body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        canned.connector().read_webhook({}, body)


@pytest.mark.parametrize("at", [None, "soon", 0, -5, 10**30, True])
def test_a_strange_time_is_no_time(canned: Canned, at: Any) -> None:
    body = {"type": 1, "shop_id": SHOP, "timestamp": at, "data": {"order_id": "5"}}
    (hint,) = canned.connector().read_webhook({}, json.dumps(body).encode())
    assert (hint.at, hint.delivery_id) == (None, "")


def test_a_time_in_milliseconds_is_one(canned: Canned) -> None:
    body = {"type": 1, "shop_id": SHOP, "timestamp": AT * 1000, "data": {"order_id": "5"}}
    (hint,) = canned.connector().read_webhook({}, json.dumps(body).encode())
    assert hint.at == dt.datetime.fromtimestamp(AT, dt.UTC)
