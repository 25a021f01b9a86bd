"""Consent in both forms, the exchange, and refresh tokens that work once."""

from __future__ import annotations

import datetime as dt
from urllib.parse import parse_qsl, urlsplit

import pytest

from connectors.shopee.client import sign
from syncer.sdk.contract import RecoversSignIn, SignsIn, Tokens
from syncer.sdk.errors import AccountStopped, OutcomeUnknown, SignInNeeded, Transient
from tests.connectors.shopee.canned import ACCESS, KEY, REFRESH, Canned
from tests.connectors.shopee.conftest import Shop

NOW = dt.datetime.fromtimestamp(1_700_000_000, dt.UTC)
FLAT = {"error": "", "request_id": "a", "access_token": "new-a", "refresh_token": "new-r", "expire_in": 14400}
OLD = Tokens(ACCESS, REFRESH, NOW, shop_id="14701711")
REDIRECT = "https://sync.example.org/masuk?shop=oranye"


def test_the_signed_consent_link_carries_the_state_in_the_redirect(canned: Canned) -> None:
    url = urlsplit(canned.connector().authorise_url(REDIRECT, "nonce-1"))
    query = dict(parse_qsl(url.query))
    assert url.path == "/api/v2/shop/auth_partner"
    assert query["sign"] == sign(KEY, 2001887, "/api/v2/shop/auth_partner", 1700000000)
    assert query["redirect"] == "https://sync.example.org/masuk?shop=oranye&state=nonce-1"
    assert "state" not in query


def test_the_open_consent_link_is_unsigned_and_has_a_state(canned: Canned) -> None:
    connector = canned.connector(consent_form="open")
    url = urlsplit(connector.authorise_url(REDIRECT, "nonce-1"))
    query = dict(parse_qsl(url.query))
    assert f"{url.scheme}://{url.netloc}{url.path}" == "https://open.shopee.com/auth"
    assert query == {
        "partner_id": "2001887",
        "auth_type": "seller",
        "redirect_uri": REDIRECT,
        "response_type": "code",
        "state": "nonce-1",
    }


def test_a_code_becomes_a_sign_in(canned: Canned) -> None:
    canned.give("auth/token/get", {**FLAT, "shop_id_list": [14701711], "merchant_id_list": []})
    tokens = canned.connector(access_token=None).exchange({"code": "abc", "shop_id": "14701711"})
    request = canned.requests[-1]
    assert request.json() == {"code": "abc", "partner_id": 2001887, "shop_id": 14701711}
    assert {name for name, _ in request.query} == {"partner_id", "timestamp", "sign"}
    assert (tokens.access_token, tokens.refresh_token, tokens.shop_id) == ("new-a", "new-r", "14701711")
    assert tokens.access_until == NOW + dt.timedelta(hours=4)
    assert tokens.refresh_until == NOW + dt.timedelta(days=30)


def test_a_main_account_gives_its_shop_its_own_pair(canned: Canned) -> None:
    canned.give("auth/token/get", {**FLAT, "refresh_token": "first", "shop_id_list": [5, 14701711]})
    canned.give("auth/access_token/get", FLAT)
    tokens = canned.connector().exchange({"code": "abc", "main_account_id": "77"})
    first, second = canned.requests
    assert first.json() == {"code": "abc", "partner_id": 2001887, "main_account_id": 77}
    assert second.json() == {"refresh_token": "first", "partner_id": 2001887, "shop_id": 14701711}
    assert tokens.shop_id == "14701711"


def test_consent_for_another_shop_is_refused_before_the_code_is_spent(canned: Canned) -> None:
    with pytest.raises(AccountStopped):
        canned.connector().exchange({"code": "abc", "shop_id": "99"})
    assert canned.requests == []


def test_a_dead_code_asks_for_consent_again(canned: Canned) -> None:
    canned.give("auth/token/get", {"error": "error_auth", "message": "Invalid code", "request_id": "a"})
    with pytest.raises(SignInNeeded):
        canned.connector().exchange({"code": "abc", "shop_id": "14701711"})
    with pytest.raises(SignInNeeded):
        canned.connector().exchange({"shop_id": "14701711"})


def test_a_refresh_spends_the_token_for_a_new_pair(canned: Canned) -> None:
    canned.give("auth/access_token/get", {**FLAT, "partner_id": 2001887, "shop_id": 14701711})
    tokens = canned.connector().refresh(OLD)
    assert canned.requests[-1].json() == {"refresh_token": REFRESH, "partner_id": 2001887, "shop_id": 14701711}
    assert tokens.access_token == "new-a"


def test_an_absolute_expiry_is_read_as_one(canned: Canned) -> None:
    canned.give("auth/access_token/get", {**FLAT, "expire_in": 1_700_014_400})
    assert canned.connector().refresh(OLD).access_until == NOW + dt.timedelta(hours=4)


@pytest.mark.parametrize(
    "code", ["error_auth", "error_shop_refresh_token", "refresh_token_expired", "shop_access_expired"]
)
def test_a_dead_refresh_token_needs_a_person(canned: Canned, code: str) -> None:
    canned.give("auth/access_token/get", {"error": code, "message": "Invalid refresh_token.", "request_id": "a"})
    with pytest.raises(SignInNeeded):
        canned.connector().refresh(OLD)


def test_shopees_own_trouble_is_tried_again(canned: Canned) -> None:
    canned.give("auth/access_token/get", {"error": "error_server", "message": "Something wrong", "request_id": "a"})
    with pytest.raises(Transient):
        canned.connector().refresh(OLD)


@pytest.mark.parametrize("body", [b"<html>", b'{"error":"","access_token":""}'])
def test_a_refresh_without_a_clear_answer_is_unknown_and_made_once(canned: Canned, body: bytes) -> None:
    canned.give("auth/access_token/get", (200, body))
    with pytest.raises(OutcomeUnknown):
        canned.connector().refresh(OLD)
    assert len(canned.requests) == 1


def test_a_resend_code_is_taken_from_a_person(canned: Canned) -> None:
    canned.give("public/get_token_by_resend_code", {**FLAT, "shop_id_list": [14701711]})
    tokens = canned.connector().exchange({"resend_code": "resend5a"})
    assert canned.requests[-1].json() == {"resend_code": "resend5a"}
    assert tokens.refresh_token == "new-r"


def test_it_signs_in_and_offers_no_recovery_of_its_own(canned: Canned) -> None:
    connector = canned.connector()
    assert isinstance(connector, SignsIn)
    assert not isinstance(connector, RecoversSignIn)
    assert connector.refresh_ahead_s == 3600


def test_the_first_sign_in_comes_from_the_options(canned: Canned) -> None:
    tokens = canned.connector(access_expires_at="2026-03-01T10:00:00Z").first_tokens()
    assert tokens is not None
    assert tokens.access_until == dt.datetime(2026, 3, 1, 10, tzinfo=dt.UTC)
    assert canned.connector(access_token=None).first_tokens() is None
    with pytest.raises(SignInNeeded):
        canned.connector(access_token=None).check()


def test_at_the_sandbox_a_refresh_token_works_once(shop: Shop) -> None:
    first = shop.connector.first_tokens()
    assert first is not None
    second = shop.connector.refresh(first)
    assert second.access_token != first.access_token
    with pytest.raises(SignInNeeded):
        shop.connector.refresh(first)
    shop.tokens = second
    assert shop.connector.check().shop_name == "Toko Orange"


def test_at_the_sandbox_an_old_access_token_dies_and_is_refreshed(shop: Shop) -> None:
    shop.wait(5 * 3600)
    with pytest.raises(SignInNeeded):
        shop.connector.check()
    shop.sign_in()
    assert shop.connector.check().test_shop


def test_at_the_sandbox_a_person_consents(shop: Shop) -> None:
    answer = shop.control.post("consents", {"redirect": "http://127.0.0.1:8000/masuk", "state": "n"})
    query = dict(parse_qsl(urlsplit(answer["url"]).query))
    shop.tokens = shop.connector.exchange(query)
    assert shop.connector.check().shop_id == str(shop.options.shop_id)
    with pytest.raises(SignInNeeded):
        shop.connector.exchange(query)
