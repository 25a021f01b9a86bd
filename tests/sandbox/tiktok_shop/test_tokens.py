"""Codes, tokens and the consent page (tiktok_shop.md 4.2, 4.3)."""

from __future__ import annotations

import re
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.sandbox.tiktok_shop.client import Client

WAREHOUSES = "/logistics/202309/warehouses"


def exchange(client: Client, code: str) -> dict[str, Any]:
    return client.token("get", auth_code=code, grant_type="authorized_code")


def refresh(client: Client, token: str) -> dict[str, Any]:
    return client.token("refresh", refresh_token=token, grant_type="refresh_token")


def test_a_code_is_good_once_and_ends_are_absolute(client: Client) -> None:
    code = client.control("POST", "consents", {})["code"]
    data = client.good(exchange(client, code))
    assert abs(data["access_token_expire_in"] - (time.time() + 604_800)) < 5
    assert data["refresh_token_expire_in"] > data["access_token_expire_in"]
    assert (data["user_type"], data["seller_base_region"]) == (0, "ID")
    assert "shop_cipher" not in data
    client.options["access_token"] = data["access_token"]
    assert client.get(WAREHOUSES)["code"] == 0
    assert exchange(client, code)["code"] == 36004004


def test_codes_end_after_half_an_hour(client: Client) -> None:
    code = client.control("POST", "consents", {})["code"]
    client.advance(1801)
    assert exchange(client, code)["code"] == 36004004
    assert exchange(client, "null")["code"] == 36004004


def test_refresh_rotates_and_older_access_tokens_live_on(client: Client) -> None:
    old = dict(client.options)
    data = client.good(refresh(client, old["refresh_token"]))
    assert data["access_token"] != old["access_token"]
    assert data["refresh_token"] != old["refresh_token"]
    assert client.get(WAREHOUSES)["code"] == 0
    assert refresh(client, old["refresh_token"])["code"] == 36004001
    assert client.running.account_options["access_token"] == data["access_token"]
    client.advance(365 * 86_400 + 1)
    assert refresh(client, data["refresh_token"])["code"] == 36004001


def test_refresh_without_rotation(client: Client) -> None:
    client.limits(rotate_refresh=False)
    token = client.options["refresh_token"]
    first, second = client.good(refresh(client, token)), client.good(refresh(client, token))
    assert first["refresh_token"] == second["refresh_token"] == token
    assert first["access_token"] != second["access_token"]


@pytest.mark.parametrize(
    "change", [{"app_secret": "wrong"}, {"app_key": "wrong"}, {"grant_type": "refresh"}, {"app_secret": None}]
)
def test_wrong_parameters_of_the_token_endpoints(client: Client, change: dict[str, Any]) -> None:
    o = client.options
    sent = {"app_key": o["app_key"], "app_secret": o["app_secret"], "refresh_token": o["refresh_token"]}
    query = {key: value for key, value in {**sent, "grant_type": "refresh_token", **change}.items() if value}
    answer = client.http.get(f"{o['auth_url']}/api/v2/token/refresh", params=query, timeout=60).json()
    assert answer["code"] == 36009004
    assert refresh(client, o["refresh_token"])["code"] == 0


def test_an_ended_authorization(client: Client) -> None:
    client.control("POST", "tokens/revoke", {"unlink": True, "refresh": True})
    assert client.get(WAREHOUSES)["code"] == 105001
    assert refresh(client, client.options["refresh_token"])["code"] == 36004001


def test_secrets_never_stand_in_the_call_log(client: Client) -> None:
    refresh(client, client.options["refresh_token"])
    log = client.http.get(f"{client.running.control_url}/calls", timeout=60).text
    assert client.options["app_secret"] not in log
    assert client.options["refresh_token"] not in log


@pytest.mark.parametrize(
    "page", ["/open/authorize?service_id={service}&state=xyz", "/oauth/authorize?app_key={app}&state=xyz"]
)
@pytest.mark.parametrize("answer", ["yes", "no"])
def test_consent_page(client: Client, page: str, answer: str) -> None:
    client.limits(redirect_url="http://127.0.0.1:9/callback?nonce=7")
    base = client.running.base_url
    shown = client.http.get(
        base + page.format(app=client.options["app_key"], service=client.options["service_id"]), timeout=5
    )
    assert "Toko Hijau" in shown.text
    assert "form-action 'self' http://127.0.0.1:9" in shown.headers["Content-Security-Policy"]
    ticket = re.search(r'name="ticket" value="([^"]+)"', shown.text)
    assert ticket
    form = {"ticket": ticket[1], "shop_id": client.options["shop_id"], "answer": answer}
    sent = client.http.post(f"{base}/consent", data=form, allow_redirects=False, timeout=60)
    query = parse_qs(urlsplit(sent.headers["Location"]).query)
    assert (query["state"], query["nonce"]) == (["xyz"], ["7"])
    if answer == "no":
        assert (query["code"], query["error"]) == (["null"], ["auth_denied"])
        return
    assert query["shop_region"] == ["ID"]
    assert exchange(client, query["code"][0])["code"] == 0
    assert client.http.post(f"{base}/consent", data=form, timeout=60).status_code == 403


def test_consent_page_without_a_redirect_shows_the_address(client: Client) -> None:
    base = client.running.base_url
    shown = client.http.get(f"{base}/oauth/authorize?app_key={client.options['app_key']}&state=s", timeout=60)
    ticket = re.search(r'name="ticket" value="([^"]+)"', shown.text)
    assert ticket
    form = {"ticket": ticket[1], "shop_id": client.options["shop_id"], "answer": "yes"}
    page = client.http.post(f"{base}/consent", data=form, timeout=60).text
    code = re.search(r"code=([^&]+)&amp;", page)
    assert code
    assert exchange(client, code[1])["code"] == 0
    assert client.http.get(f"{base}/open/authorize?service_id=other", timeout=60).status_code == 403


def test_consent_by_the_control_api(client: Client) -> None:
    url = client.control("POST", "consents", {"redirect": "http://127.0.0.1/cb", "state": "s"})["url"]
    assert parse_qs(urlsplit(url).query)["state"] == ["s"]
    url = client.control("POST", "consents", {"redirect": "http://127.0.0.1/cb", "deny": True})["url"]
    assert parse_qs(urlsplit(url).query)["error"] == ["auth_denied"]
