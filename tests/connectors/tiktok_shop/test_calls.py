"""What goes over the wire: signatures, versions, parameters, and the envelopes that come back."""

from __future__ import annotations

import datetime as dt
import json
import logging
from decimal import Decimal
from typing import Any

import pytest

from connectors.tiktok_shop.client import sign
from syncer.domain.listing import RemoteListing, RemoteOffer, Rendered, RenderedOffer
from syncer.sdk.errors import (
    OutcomeUnknown,
    RateLimited,
    Rejected,
    SignInNeeded,
    Transient,
)
from syncer.sdk.http import retry_after_s
from syncer.sdk.operations import Kind, ListingRef, Operation
from syncer.sdk.testing.builders import picture_file
from tests.connectors.tiktok_shop.canned import (
    ACCESS,
    APP_KEY,
    AT,
    CIPHER,
    DROP,
    SECRET,
    WAREHOUSE,
    Canned,
    ok,
    page,
    refused,
)

PRODUCT, SKU = "1729592969712207008", "1729592969712207012"
STOCK = f"/product/202309/products/{PRODUCT}/inventory/update"
SHOPS, SEARCH = "/authorization/202309/shops", "/product/202502/products/search"
UPLOAD = "/product/202309/images/upload"
COMMON = {"app_key": APP_KEY, "shop_cipher": CIPHER, "timestamp": str(AT)}


def stock(quantity: int = 7) -> Operation:
    rendered = Rendered({}, (RenderedOffer("k", "S", Decimal(1000), quantity),))
    known = RemoteListing(PRODUCT, offers=(RemoteOffer(SKU, "S", key="k"),))
    return Operation(Kind.STOCK, ListingRef("m"), rendered, known, offers=("k",))


@pytest.mark.parametrize(
    ("secret", "path", "params", "body", "expected"),
    [
        (
            "e59af819cc",
            SHOPS,
            {"app_key": "29a39d", "timestamp": "1623812664"},
            "",
            "b596b73e0cc6de07ac26f036364178ab16b0a907af13d43f0a0cd2345f582dc8",
        ),
        (
            "e59af819cc",
            "/event/202309/webhooks",
            {
                "app_key": "68xu9ks5p4i8",
                "shop_cipher": "ROW_xkMbgAAAeVAQra0eZWebFQq5aIK",
                "timestamp": "1696909648",
                "access_token": "never signed",
                "sign": "neither",
            },
            '{"address":"https://partner.tiktokshop.com","event_type":"PACKAGE_UPDATE"}',
            "cd0d6268252f4ba293bf7ea4c0a2873bf9beec600d22530638564ab301435f7a",
        ),
        (
            SECRET,
            STOCK,
            COMMON,
            f'{{"skus":[{{"id":"{SKU}","inventory":[{{"warehouse_id":"{WAREHOUSE}","quantity":7}}]}}]}}',
            "763da0a82c8b115e926fa8f35a1c51214b013e8d2c09bf771aaa1e9b763fe572",
        ),
        (
            SECRET,
            "/order/202309/orders/search",
            {
                **COMMON,
                "page_size": "50",
                "page_token": "6AsP/QsU+M==",
                "sort_field": "update_time",
                "sort_order": "ASC",
            },
            '{"create_time_ge":1735603200,"create_time_lt":1735689600}',
            "f5052c1b4f34aa945bbe12a4686b9e15365e384c166f0cfbfa7b69d3bd1778f0",
        ),
        (
            SECRET,
            UPLOAD,
            {"app_key": APP_KEY, "timestamp": str(AT)},
            "",
            "31e516ca342f92abedf76d207038cc7f23f78dd71cf83ffff403ab2c1350071d",
        ),
        (
            SECRET,
            f"/product/202509/products/{PRODUCT}/partial_edit",
            COMMON,
            '{"title":"Tas anyaman pandan – motif \\"Tangsel\\" ukuran besar"}',
            "83b72d6d5c192e3564baee9995f41399593f5d29a819f967e59b718d7e89f90c",
        ),
    ],
    ids=["A", "B", "C", "D", "E", "F"],
)
def test_signature_vectors(secret: str, path: str, params: dict[str, str], body: str, expected: str) -> None:
    assert sign(secret, path, params, body.encode()) == expected


def test_the_bytes_that_are_signed_are_the_bytes_that_are_sent(canned: Canned) -> None:
    canned.give(STOCK, ok())
    canned.connector().apply([stock()])
    (request,) = canned.requests
    assert request.body.decode() == (
        f'{{"skus":[{{"id":"{SKU}","inventory":[{{"warehouse_id":"{WAREHOUSE}","quantity":7}}]}}]}}'
    )
    assert dict(request.query) == {
        **COMMON,
        "sign": "763da0a82c8b115e926fa8f35a1c51214b013e8d2c09bf771aaa1e9b763fe572",
    }


def test_text_beyond_ascii_is_sent_and_signed_as_utf_8(canned: Canned) -> None:
    path = f"/product/202509/products/{PRODUCT}/partial_edit"
    canned.give(path, ok(audit={"status": "AUDITING"}))
    title = 'Tas anyaman pandan – motif "Tangsel" ukuran besar'
    known = RemoteListing(PRODUCT)
    canned.connector().apply(
        [Operation(Kind.UPDATE, ListingRef("m"), Rendered({"title": title}, ()), known, ("title",))]
    )
    request = canned.requests[-1]
    assert title.replace('"', '\\"').encode() in request.body
    unsigned = {name: value for name, value in request.query if name != "sign"}
    assert request.param("sign") == sign(SECRET, path, unsigned, request.body)


def test_the_token_travels_in_a_header_and_never_in_the_query(canned: Canned) -> None:
    canned.give(STOCK, ok())
    canned.connector().apply([stock()])
    (request,) = canned.requests
    assert request.headers["x-tts-access-token"] == ACCESS
    assert "access_token" not in dict(request.query)


def test_the_content_type_is_named_on_reads_too(canned: Canned) -> None:
    canned.give(SHOPS, ok(shops=[{"id": "1", "name": "x", "region": "ID", "cipher": "c"}]))
    canned.connector(shop_id=None, shop_cipher=None).check()
    assert canned.requests[0].headers["Content-Type"] == "application/json"


def test_a_form_is_sent_without_cipher_and_its_body_is_not_signed(canned: Canned) -> None:
    canned.give(UPLOAD, ok(uri="tos/1", use_case="MAIN_IMAGE"))
    file = picture_file(0)
    assert canned.connector().upload_picture(file.data, file.mime, file.name) == "tos/1"
    (request,) = canned.requests
    assert "shop_cipher" not in dict(request.query)
    assert request.param("sign") == "31e516ca342f92abedf76d207038cc7f23f78dd71cf83ffff403ab2c1350071d"
    assert request.headers["Content-Type"].startswith("multipart/form-data; boundary=")


def test_the_use_of_a_picture_is_always_named(canned: Canned) -> None:
    canned.give(UPLOAD, ok(uri="tos/1"))
    canned.connector().upload_picture(b"x", "image/jpeg", "x.jpg")
    assert b'name="use_case"' in canned.requests[0].body
    assert b"MAIN_IMAGE" in canned.requests[0].body
    assert b'name="data"; filename="x.jpg"' in canned.requests[0].body


def test_every_attempt_is_signed_anew(canned: Canned) -> None:
    canned.give(SEARCH, DROP, ok(products=[]))
    connector = canned.connector()

    def now() -> dt.datetime:
        return dt.datetime.fromtimestamp(AT + 400 * len(canned.requests), dt.UTC)

    object.__setattr__(connector._context, "now", now)
    connector._reader._search_page({}, "")
    assert [request.param("timestamp") for request in canned.requests] == [str(AT), str(AT + 400)]
    assert len({request.param("sign") for request in canned.requests}) == 2


def test_each_operation_has_its_own_version(canned: Canned) -> None:
    """There is no global version: a newer number of another operation says nothing (sheet 2)."""
    canned.give(SEARCH, ok(products=[]))
    canned.give("/product/202312/prerequisites", ok(check_results=[]))
    canned.give("/product/202309/categories", ok(categories=[]))
    connector = canned.connector()
    connector.fetch_listings(None)
    connector.fetch_fact("shop")
    connector.fetch_categories()
    assert canned.paths() == [
        f"POST {SEARCH}",
        "GET /product/202312/prerequisites",
        "GET /product/202309/categories",
        "GET /product/202309/categories",
    ]


@pytest.mark.parametrize("data", [{}, None, "absent"])
def test_data_may_be_an_object_null_or_absent(canned: Canned, data: Any) -> None:
    answer = {"code": 0, "message": "Success", "request_id": "r"}
    canned.give(STOCK, answer if data == "absent" else {**answer, "data": data})
    (result,) = canned.connector().apply([stock()])
    assert result.error is None
    assert result.proved is not None
    assert [offer.quantity for offer in result.proved.offers] == [7]


@pytest.mark.parametrize("status", [200, 400, 401, 500])
def test_the_code_counts_whatever_the_status(canned: Canned, status: int) -> None:
    canned.give(STOCK, (status, json.dumps(refused(12052570, "price")).encode(), {}))
    (result,) = canned.connector().apply([stock()])
    assert isinstance(result.error, Rejected)
    assert result.error.code == "12052570"


def test_code_0_counts_though_the_status_is_an_error(canned: Canned) -> None:
    canned.give(STOCK, (500, json.dumps(ok()).encode(), {}))
    (result,) = canned.connector().apply([stock()])
    assert result.error is None


@pytest.mark.parametrize(
    ("answer", "write", "read"),
    [
        (page("<html>bad gateway"), OutcomeUnknown, Transient),
        (page("[]", 200), OutcomeUnknown, Transient),
        (page("slow down", 429), RateLimited, RateLimited),
        (page("no", 401), SignInNeeded, SignInNeeded),
    ],
)
def test_without_an_envelope_the_status_counts(canned: Canned, answer: Any, write: type, read: type) -> None:
    canned.give(STOCK, answer)
    canned.give(SEARCH, answer)
    connector = canned.connector()
    with pytest.raises(write):
        connector.apply([stock()])
    with pytest.raises(read):
        connector.fetch_listings(None)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        ("0", 1.0),
        ("Wed, 01 Jan 2025 00:00:30 GMT", 30.0),
        ("Tue, 31 Dec 2024 23:00:00 GMT", 1.0),
        ("soon", None),
        ("²", None),
        ("999999", 3600.0),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str, seconds: float | None) -> None:
    now = dt.datetime.fromtimestamp(AT, dt.UTC)
    assert retry_after_s({"retry-after": header}, now, least_s=1.0) == seconds
    assert retry_after_s({}, now) is None


def test_a_throttled_call_says_when_to_go_on(canned: Canned) -> None:
    body = json.dumps(refused(36009002, "Too many requests")).encode()
    canned.give(STOCK, (429, body, {"Retry-After": "4"}))
    (result,) = canned.connector().apply([stock()])
    assert isinstance(result.error, RateLimited)
    assert result.error.after_s == 4


def test_the_request_id_is_logged_and_kept_for_support(canned: Canned, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    canned.give(STOCK, refused(12052570))
    (result,) = canned.connector().apply([stock()])
    assert result.error is not None
    assert result.error.request_id == "2025010100ABC"
    assert "2025010100ABC" in caplog.text


def test_a_list_of_ids_is_never_a_repeated_key(canned: Canned) -> None:
    """How repeated keys are signed is not documented, so none is ever sent (sheet 2.1)."""
    canned.give(SEARCH, ok(products=[]))
    canned.connector().find_listing(ListingRef("m", ("A", "B")))
    names = [name for name, _ in canned.requests[0].query]
    assert len(names) == len(set(names))
    assert canned.requests[0].json()["seller_skus"] == ["A", "B"]
