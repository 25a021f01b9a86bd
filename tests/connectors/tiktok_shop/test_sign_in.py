"""Consent, code exchange, refresh, and whose shop it is."""

from __future__ import annotations

import datetime as dt
import logging
from urllib.parse import parse_qsl, urlsplit

import pytest

from connectors.tiktok_shop.options import LIVE_HOST
from syncer.sdk.contract import RecoversSignIn, SignsIn, Tokens
from syncer.sdk.errors import AccountStopped, OutcomeUnknown, SignInNeeded
from tests.connectors.tiktok_shop.canned import (
    ACCESS,
    AT,
    CIPHER,
    DROP,
    REFRESH,
    SECRET,
    SHOP,
    Canned,
    ok,
    page,
    refused,
)
from tests.connectors.tiktok_shop.conftest import Shop

GET, RENEW, SHOPS = "/api/v2/token/get", "/api/v2/token/refresh", "/authorization/202309/shops"
OLD = Tokens(ACCESS, REFRESH, dt.datetime.fromtimestamp(AT, dt.UTC), shop_id=SHOP)
PAIR = {
    "access_token": "ROW_new",
    "access_token_expire_in": 1_796_105_140,
    "refresh_token": "ROW_newer",
    "refresh_token_expire_in": 1_827_036_340,
    "user_type": 0,
}
MINE = {"id": SHOP, "name": "Toko Hijau", "region": "ID", "seller_type": "LOCAL", "cipher": CIPHER}


def test_the_consent_page_of_an_app_with_a_service_id(canned: Canned) -> None:
    connector = canned.connector(service_id="7300000000000000001", base_url=LIVE_HOST)
    parts = urlsplit(connector.authorise_url("https://x.example/back", "a state"))
    assert (parts.netloc, parts.path) == ("services.tiktokshop.com", "/open/authorize")
    assert dict(parse_qsl(parts.query)) == {"service_id": "7300000000000000001", "state": "a state"}


def test_the_older_consent_page_names_the_app_key(canned: Canned) -> None:
    parts = urlsplit(canned.connector(base_url=LIVE_HOST).authorise_url("https://x.example/back", "s"))
    assert (parts.netloc, parts.path) == ("auth.tiktok-shops.com", "/oauth/authorize")
    assert dict(parse_qsl(parts.query))["app_key"] == "6sandboxkey01"


def test_a_code_becomes_a_sign_in_and_its_shop_is_asked_for(canned: Canned) -> None:
    canned.give(GET, ok(**PAIR))
    canned.give(SHOPS, ok(shops=[MINE]))
    tokens = canned.connector(shop_id=None, shop_cipher=None).exchange({"code": "c", "state": "s"})
    assert (tokens.access_token, tokens.refresh_token, tokens.shop_id) == ("ROW_new", "ROW_newer", SHOP)
    exchange, shops = canned.requests
    assert dict(exchange.query) == {
        "app_key": "6sandboxkey01",
        "app_secret": SECRET,
        "auth_code": "c",
        "grant_type": "authorized_code",
    }
    assert exchange.method == "GET"
    assert shops.headers["x-tts-access-token"] == "ROW_new"
    assert "shop_cipher" not in dict(shops.query)


def test_the_ends_of_tokens_are_moments_and_not_lengths(canned: Canned) -> None:
    canned.give(GET, ok(**PAIR))
    canned.give(SHOPS, ok(shops=[MINE]))
    tokens = canned.connector().exchange({"code": "c"})
    assert tokens.access_until == dt.datetime(2026, 12, 1, 6, 5, 40, tzinfo=dt.UTC)
    assert tokens.refresh_until == dt.datetime.fromtimestamp(1_827_036_340, dt.UTC)


@pytest.mark.parametrize("far", [4_900_000_000, "4900000000", 10**18, 0, None])
def test_a_refresh_token_may_live_a_century(canned: Canned, far: object) -> None:
    canned.give(RENEW, ok(**{**PAIR, "refresh_token_expire_in": far}))
    until = canned.connector().refresh(OLD).refresh_until
    assert until is None or until.year == 2125


@pytest.mark.parametrize("given", ["ROW_newer", None, ""])
def test_a_refresh_token_may_rotate_or_stay(canned: Canned, given: str | None) -> None:
    canned.give(RENEW, ok(**{**PAIR, "refresh_token": given}))
    tokens = canned.connector().refresh(OLD)
    assert tokens.refresh_token == (given or REFRESH)
    assert tokens.access_token == "ROW_new"
    assert tokens.shop_id == SHOP


def test_where_refresh_tokens_stay_a_lost_refresh_is_recovered(shop: Shop) -> None:
    shop.limit(rotate_refresh=False)
    old = shop.connector.first_tokens()
    assert old is not None
    shop.control.fault("answer_lost")
    with pytest.raises(OutcomeUnknown):
        shop.connector.refresh(old)
    assert isinstance(shop.connector, RecoversSignIn)
    shop.tokens = shop.connector.recover(old)
    assert shop.connector.check().shop_id == shop.options.shop_id


def test_a_refresh_without_a_clear_answer_is_unknown_and_made_once(canned: Canned) -> None:
    connector = canned.connector()
    for answer in (DROP, page("<html>", 502), ok(), refused(36009003, "internal")):
        canned.requests.clear()
        canned.give(RENEW, answer)
        with pytest.raises(OutcomeUnknown):
            connector.refresh(OLD)
        assert len(canned.requests) == 1


@pytest.mark.parametrize("status", [200, 400])
def test_success_is_code_0_and_not_the_status(canned: Canned, status: int) -> None:
    canned.give(RENEW, (status, b'{"code":36004001,"message":"refresh_token is expired"}', {}))
    with pytest.raises(SignInNeeded) as caught:
        canned.connector().refresh(OLD)
    assert caught.value.code == "36004001"


@pytest.mark.parametrize(
    "answer", [{"code": "null", "error": "auth_denied"}, {"error": "auth_denied"}, {"code": "null"}, {}]
)
def test_a_seller_may_say_no(canned: Canned, answer: dict[str, str]) -> None:
    with pytest.raises(SignInNeeded):
        canned.connector().exchange(answer)
    assert canned.requests == []


def test_a_used_or_old_code_asks_for_another_consent(canned: Canned) -> None:
    canned.give(GET, refused(36004004, "auth_code is invalid"))
    with pytest.raises(SignInNeeded) as caught:
        canned.connector().exchange({"code": "c"})
    assert "30" in caught.value.words.id


def test_only_a_sellers_consent_counts(canned: Canned) -> None:
    canned.give(GET, ok(**{**PAIR, "user_type": 1}))
    with pytest.raises(AccountStopped, match="not_a_seller"):
        canned.connector().exchange({"code": "c"})


def test_the_spent_code_is_not_lost_with_the_shops_answer(canned: Canned) -> None:
    canned.give(GET, ok(**PAIR))
    canned.give(SHOPS, page("<html>", 503))
    tokens = canned.connector().exchange({"code": "c"})
    assert (tokens.access_token, tokens.shop_id) == ("ROW_new", SHOP)


def test_a_consent_for_another_shop_stops_the_account(canned: Canned) -> None:
    canned.give(GET, ok(**PAIR))
    canned.give(SHOPS, ok(shops=[{**MINE, "id": "1"}]))
    with pytest.raises(AccountStopped, match="other_shop"):
        canned.connector().exchange({"code": "c"})


def test_several_shops_need_a_choice(canned: Canned) -> None:
    canned.give(SHOPS, ok(shops=[MINE, {**MINE, "id": "2", "cipher": "other"}]))
    with pytest.raises(AccountStopped, match="several_shops"):
        canned.connector(shop_id=None, shop_cipher=None).check()
    assert canned.connector(shop_id="2", shop_cipher=None).check().shop_id == "2"


def test_the_shop_cipher_is_read_once_and_kept(canned: Canned) -> None:
    canned.give(SHOPS, ok(shops=[MINE]))
    canned.give("/product/202502/products/search", ok(products=[]))
    connector = canned.connector(shop_cipher=None)
    connector.fetch_listings(None)
    connector.fetch_listings(None)
    assert canned.paths().count(f"GET {SHOPS}") == 1
    assert all(request.param("shop_cipher") == CIPHER for request in canned.requests[1:])


def test_a_cipher_that_is_preset_is_not_read(canned: Canned) -> None:
    canned.give("/product/202502/products/search", ok(products=[]))
    canned.connector(shop_cipher="PRESET").fetch_listings(None)
    assert [request.param("shop_cipher") for request in canned.requests] == ["PRESET"]


def test_whose_shop_it_is(canned: Canned) -> None:
    canned.give(SHOPS, ok(shops=[{**MINE, "id": int(SHOP)}]))
    identity = canned.connector().check()
    assert (identity.shop_id, identity.shop_name, identity.region, identity.currency) == (
        SHOP,
        "Toko Hijau",
        "ID",
        "IDR",
    )


def test_test_shops_are_on_the_live_host_so_only_a_loopback_address_makes_one(canned: Canned) -> None:
    canned.give(SHOPS, ok(shops=[{**MINE, "name": "Sandbox test shop"}]))
    connector = canned.connector()
    assert connector.check().test_shop
    object.__setattr__(connector, "_options", connector._options.model_copy(update={"base_url": LIVE_HOST}))
    assert not connector.check().test_shop


def test_a_missing_scope_needs_a_new_consent(canned: Canned) -> None:
    canned.give(SHOPS, (401, b'{"code":105005,"message":"Access denied"}', {}))
    with pytest.raises(AccountStopped) as caught:
        canned.connector().check()
    assert "Partner Center" in caught.value.remedy.en


@pytest.mark.parametrize("code", [105001, 105002, 105004, 101000])
def test_a_dead_token_asks_for_a_sign_in(canned: Canned, code: int) -> None:
    canned.give(SHOPS, (401, f'{{"code":{code},"message":"token"}}'.encode(), {}))
    with pytest.raises(SignInNeeded):
        canned.connector().check()


def test_the_secrets_of_token_calls_stay_out_of_the_log(canned: Canned, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    canned.give(RENEW, refused(36004001, f"bad {REFRESH} {SECRET}"))
    with pytest.raises(SignInNeeded) as caught:
        canned.connector().refresh(OLD)
    shown = f"{caplog.text} {caught.value!r} {vars(caught.value)}"
    assert REFRESH not in shown
    assert SECRET not in shown


def test_at_the_sandbox_a_consent_becomes_a_sign_in_that_is_refreshed(shop: Shop) -> None:
    assert isinstance(shop.connector, SignsIn)
    answer = shop.control.post("consents", {"redirect": "http://127.0.0.1/back", "state": "s"})
    shop.tokens = shop.connector.exchange(dict(parse_qsl(urlsplit(answer["url"]).query)))
    assert shop.connector.check().shop_id == shop.tokens.shop_id == shop.options.shop_id
    shop.sign_in()
    assert shop.connector.check().shop_id == shop.options.shop_id
