"""What goes over the wire: signatures, encodings, and the envelopes that come back."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
from typing import Any

import pytest

from connectors.shopee.client import sign
from syncer.domain.listing import RemoteListing, RemoteOffer, Rendered, RenderedOffer
from syncer.sdk.errors import OutcomeUnknown, Rejected, SignInNeeded, Transient, Unclassified
from syncer.sdk.operations import Kind, ListingRef, Operation
from tests.connectors.shopee.canned import ACCESS, KEY, Canned, ok
from tests.connectors.shopee.conftest import PLAIN, Shop

AT, SHOP, MERCHANT, PARTNER = 1_700_000_000, 14701711, 1000000, 2001887


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (("/api/v2/auth/token/get", AT), "10689e2e36cae094f9149de161afbd8ae300d562410f546631a4586abf06c8a4"),
        (("/api/v2/shop/auth_partner", AT), "74d985455fee64d3f0d3294fe73c0c8582d61a46ab490d5079378c1585137557"),
        (
            ("/api/v2/product/update_stock", AT, ACCESS, SHOP),
            "9d8dfda157575044720bbb4fbe524bc1e92b39ddd3dbb3e930c7ca0be2594284",
        ),
        (
            ("/api/v2/product/get_item_list", AT, ACCESS, SHOP),
            "64e15b3a1c31ec6e9500c135305858fde5d16ea708321b35457fc11602229b70",
        ),
        (
            ("/api/v2/global_product/get_category", AT, ACCESS, MERCHANT),
            "865dcd64fb005ddaeada0a76f7f3ae6c26ebb0ce8c682f4543ff71e909d4666a",
        ),
        (("/api/v2/media_space/upload_image", AT), "88ee19359e8e7ddb03a732a3928164e8476191d9a2fe87d10d0dd9106f6af052"),
    ],
)
def test_signature_vectors(parts: tuple[Any, ...], expected: str) -> None:
    assert sign(KEY, PARTNER, *parts) == expected


def test_common_parameters_travel_in_the_query_and_only_they_are_signed(canned: Canned) -> None:
    canned.give("product/update_stock", ok(success_list=[{"model_id": 5, "stock": 6}], failure_list=[]))
    canned.connector().apply([_stock(5, 6)])
    request = canned.requests[-1]
    query = dict(request.query)
    assert query == {
        "partner_id": "2001887",
        "timestamp": "1700000000",
        "sign": "9d8dfda157575044720bbb4fbe524bc1e92b39ddd3dbb3e930c7ca0be2594284",
        "access_token": ACCESS,
        "shop_id": "14701711",
    }
    assert request.method == "POST"
    assert request.headers["Content-Type"] == "application/json"
    assert request.body == b'{"item_id":24550001001,"stock_list":[{"model_id":5,"seller_stock":[{"stock":6}]}]}'


def test_reads_are_signed_the_same_way_and_carry_no_body(canned: Canned) -> None:
    canned.give("product/get_item_list", ok(item=[], has_next_page=False))
    canned.connector().fetch_listings(None)
    request = canned.requests[-1]
    assert dict(request.query)["sign"] == "64e15b3a1c31ec6e9500c135305858fde5d16ea708321b35457fc11602229b70"
    assert request.body == b""


def test_text_is_utf8_and_not_escaped(canned: Canned) -> None:
    canned.give("product/update_item", ok(item_id=24550001001))
    rendered = Rendered({"title": "Tas “Anyam” é", "item_sku": "x"}, ())
    operation = Operation(Kind.UPDATE, ListingRef("x"), rendered, RemoteListing("24550001001"), ("title",))
    canned.connector().apply([operation])
    assert canned.requests[-1].body == '{"item_id":24550001001,"item_name":"Tas “Anyam” é"}'.encode()


def test_every_attempt_is_signed_anew(shop: Shop) -> None:
    moments = []
    shop.control.fault("answer_lost", operation="get_shop_info", times=2)

    def counted() -> dt.datetime:
        moments.append(1)
        return dt.datetime.now(dt.UTC)

    connector = shop.open()
    object.__setattr__(connector._context, "now", counted)
    connector.check()
    assert len(moments) >= 3


def test_item_statuses_are_repeated_keys(canned: Canned) -> None:
    canned.give("product/get_item_list", ok(item=[], has_next_page=False))
    canned.connector().fetch_listings(None)
    query = canned.requests[-1].query
    assert [value for name, value in query if name == "item_status"] == ["NORMAL", "UNLIST", "REVIEWING", "BANNED"]


def test_item_ids_are_joined_by_commas_without_brackets(canned: Canned) -> None:
    canned.give("product/get_item_list", ok(item=[{"item_id": 101}, {"item_id": 102}], has_next_page=False))
    canned.give("product/get_item_base_info", ok(item_list=[]))
    canned.connector().fetch_listings(None)
    assert dict(canned.requests[-1].query)["item_id_list"] == "101,102"


def test_one_category_a_call(canned: Canned) -> None:
    canned.give("product/get_attribute_tree", ok(list=[]))
    canned.connector().fetch_fact("attributes:101141")
    query = canned.requests[-1].query
    assert [(name, value) for name, value in query if name.startswith("category")] == [("category_id_list", "101141")]
    assert ("language", "id") in query


def test_pictures_are_sent_as_a_form_with_the_apps_signature(canned: Canned) -> None:
    canned.give("media_space/upload_image", ok(image_info={"image_id": "id-1"}, image_info_list=[]))
    assert canned.connector().upload_picture(b"\xff\xd8\xffdata", "image/jpeg", "a.jpg") == "id-1"
    request = canned.requests[-1]
    assert {name for name, _ in request.query} == {"partner_id", "timestamp", "sign"}
    assert dict(request.query)["sign"] == "88ee19359e8e7ddb03a732a3928164e8476191d9a2fe87d10d0dd9106f6af052"
    assert request.headers["Content-Type"].startswith("multipart/form-data; boundary=")
    assert b'name="image"; filename="a.jpg"' in request.body
    assert b'name="scene"' in request.body
    assert b"normal" in request.body


def test_a_refused_picture_is_the_crafters_to_replace(canned: Canned) -> None:
    refused = {"id": 0, "error": "error_param", "message": "unsupported image", "image_info": {}}
    canned.give("media_space/upload_image", ok(image_info_list=[refused]))
    with pytest.raises(Rejected) as caught:
        canned.connector().upload_picture(b"x", "image/jpeg", "a.jpg")
    assert caught.value.field == "pictures"


def test_an_upload_without_an_answer_is_simply_tried_again(canned: Canned) -> None:
    canned.give("media_space/upload_image", (502, b"<html>bad gateway</html>"))
    with pytest.raises(Transient):
        canned.connector().upload_picture(b"x", "image/jpeg", "a.jpg")


def test_a_missing_error_key_is_success(canned: Canned) -> None:
    canned.give("shop/get_shop_info", {"shop_name": "Toko Orange", "region": "ID", "status": "NORMAL"})
    identity = canned.connector().check()
    assert (identity.shop_name, identity.currency, identity.shop_id) == ("Toko Orange", "IDR", "14701711")


@pytest.mark.parametrize("status", [200, 400, 403, 500])
def test_the_error_code_counts_whatever_the_status(canned: Canned, status: int) -> None:
    body = b'{"error":"invalid_acceess_token","message":"Invalid access_token","request_id":"a1"}'
    canned.give("shop/get_shop_info", (status, body))
    with pytest.raises(SignInNeeded):
        canned.connector().check()


def test_a_body_that_is_no_json_is_a_lost_answer(canned: Canned) -> None:
    canned.give("product/delete_item", (200, b"<html></html>"))
    with pytest.raises(OutcomeUnknown):
        canned.connector().apply([_operation(Kind.DELETE)])
    canned.give("shop/get_shop_info", (403, b"<html>forbidden</html>"))
    with pytest.raises(Transient):
        canned.connector().check()


def test_json_that_is_no_object_is_a_lost_answer(canned: Canned) -> None:
    canned.give("shop/get_shop_info", (200, b"[]"))
    with pytest.raises(Transient):
        canned.connector().check()


def test_a_null_message_and_extra_keys_are_fine(canned: Canned) -> None:
    canned.give("shop/get_shop_info", {"error": "error_strange", "message": None, "debug_msg": "x"})
    with pytest.raises(Unclassified) as caught:
        canned.connector().check()
    assert caught.value.code == "error_strange"


def test_a_message_is_cut_and_cleaned_of_secrets_and_control_signs(canned: Canned) -> None:
    canned.give(
        "shop/get_shop_info", {"error": "error_strange", "message": f"token {ACCESS} key {KEY} \x1b[31m" + "x" * 900}
    )
    with pytest.raises(Unclassified) as caught:
        canned.connector().check()
    shown = caught.value.words.en
    assert ACCESS not in shown
    assert KEY not in shown
    assert "\x1b" not in shown
    assert len(shown) < 500


def test_vectors_are_plain_hmac_over_the_key_as_text() -> None:
    expected = hmac.new(KEY.encode(), b"2001887/api/v2/auth/token/get1700000000", hashlib.sha256).hexdigest()
    assert sign(KEY, "2001887", "/api/v2/auth/token/get", "1700000000") == expected


def test_facts_are_read_for_the_shop(shop: Shop) -> None:
    limits = shop.connector.fetch_fact(f"limits:{PLAIN}")
    assert limits["title"] == {"min_limit": 5, "max_limit": 255}
    with pytest.raises(ValueError, match="unknown fact"):
        shop.connector.fetch_fact("weather:1")


def _operation(kind: Kind, **rest: Any) -> Operation:
    return Operation(kind, ListingRef("x"), Rendered({}, ()), RemoteListing("24550001001"), **rest)


def _stock(model_id: int, count: int) -> Operation:
    from decimal import Decimal

    rendered = Rendered({}, (RenderedOffer("k", "S", Decimal(1000), count),))
    known = RemoteListing("24550001001", offers=(RemoteOffer(str(model_id), "S", key="k"),))
    return Operation(Kind.STOCK, ListingRef("x"), rendered, known, offers=("k",))
