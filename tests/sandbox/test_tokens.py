"""Consent, codes and tokens on a clock that tests move (shopee.md 3)."""

from __future__ import annotations

import re
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.sandbox.client import Client

HOUR = 3600
DAY = 86_400


def refresh(client: Client, token: str | None = None) -> dict[str, Any]:
    o = client.options
    body = {"refresh_token": token or o["refresh_token"], "partner_id": o["partner_id"], "shop_id": o["shop_id"]}
    return client.post("auth/access_token/get", body, public=True)


def exchange(client: Client, code: str, **changes: Any) -> dict[str, Any]:
    o = client.options
    body = {"code": code, "partner_id": o["partner_id"], "shop_id": o["shop_id"], **changes}
    return client.post("auth/token/get", body, public=True)


def test_refresh_answers_flat_and_gives_a_new_pair(client: Client) -> None:
    answer = refresh(client)
    assert "response" not in answer
    assert (answer["error"], answer["expire_in"], answer["shop_id"]) == ("", 14400, client.options["shop_id"])
    assert answer["access_token"] != client.options["access_token"]
    assert answer["refresh_token"] != client.options["refresh_token"]


def test_refresh_token_works_once_and_a_wrong_one_looks_the_same(client: Client) -> None:
    refresh(client)
    used, wrong = refresh(client), refresh(client, "0" * 32)
    assert (used["error"], used["message"]) == ("error_auth", "Invalid refresh_token.")
    assert (wrong["error"], wrong["message"]) == (used["error"], used["message"])


def test_old_access_token_lives_five_more_minutes_after_a_refresh(client: Client) -> None:
    refresh(client)
    client.advance(290)
    assert client.get("shop/get_shop_info")["error"] == ""
    client.advance(11)
    assert client.get("shop/get_shop_info")["error"] == "invalid_acceess_token"


def test_access_token_ends_after_four_hours(client: Client) -> None:
    client.advance(4 * HOUR - 5)
    assert client.get("shop/get_shop_info")["error"] == ""
    client.advance(6)
    assert client.get("shop/get_shop_info")["error"] == "invalid_acceess_token"
    assert client.last_call()["refused"] == "token"
    assert refresh(client)["error"] == ""


def test_refresh_token_ends_after_thirty_days(client: Client) -> None:
    client.advance(30 * DAY + 1)
    assert refresh(client)["error"] == "refresh_token_expired"


def test_authorisation_ends_after_a_year(client: Client) -> None:
    info = client.get("shop/get_shop_info")
    assert info["expire_time"] - info["auth_time"] == 365 * DAY
    client.advance(365 * DAY + 1)
    assert refresh(client)["error"] == "shop_access_expired"


def test_options_carry_when_the_token_ends(client: Client) -> None:
    ends = client.options["access_expires_at"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", ends)


def test_code_works_once_and_for_ten_minutes(client: Client) -> None:
    code = client.control("POST", "consents", {})["code"]
    assert exchange(client, code)["error"] == ""
    assert exchange(client, code)["error"] == "invalid_code"
    late = client.control("POST", "consents", {})["code"]
    client.advance(601)
    assert exchange(client, late)["error"] == "invalid_code"


def test_resend_code_repairs_a_lost_pair(client: Client) -> None:
    client.control("POST", "tokens/revoke", {"refresh": True})
    code = client.control("POST", "consents", {"resend": True})["resend_code"]
    answer = client.post("public/get_token_by_resend_code", {"resend_code": code}, public=True)
    assert (answer["error"], answer["shop_id_list"]) == ("", [client.options["shop_id"]])
    client.options = {**client.options, "access_token": answer["access_token"]}
    assert client.get("shop/get_shop_info")["error"] == ""
    again = client.post("public/get_token_by_resend_code", {"resend_code": code}, public=True)
    assert again["error"] == "error_auth"


def test_code_of_another_shop(client: Client) -> None:
    client.control("POST", "shops", {"shop_id": 99})
    code = client.control("POST", "consents", {"shop_id": 99})["code"]
    assert exchange(client, code)["error"] == "invalid_shop_id"
    assert exchange(client, code, shop_id=99)["error"] == ""


def test_token_endpoints_want_the_partner_in_the_body_too(client: Client) -> None:
    answer = client.post("auth/token/get", {"code": "x", "shop_id": 1}, public=True)
    assert (answer["error"], answer["message"]) == ("error_param", "invalid field PartnerId: value must  Not Null")


def test_revoked_tokens_and_unlinked_shop(client: Client) -> None:
    client.control("POST", "tokens/revoke", {})
    assert client.get("shop/get_shop_info")["error"] == "invalid_acceess_token"
    client.control("POST", "tokens/revoke", {"refresh": True, "unlink": True})
    assert refresh(client)["error"] == "shop_no_linked"


def consent_address(client: Client, signed: bool, redirect: str) -> str:
    base, partner = client.running.base_url, client.options["partner_id"]
    if not signed:
        return (
            f"{base}/auth?partner_id={partner}&auth_type=seller&response_type=code&state=n0nce&redirect_uri={redirect}"
        )
    path, now = "/api/v2/shop/auth_partner", int(time.time())
    sign = client.sign(path, now, public=True)
    return f"{base}{path}?partner_id={partner}&timestamp={now}&sign={sign}&redirect={redirect}"


@pytest.mark.parametrize("signed", [True, False])
def test_consent_page_leads_back_with_a_code(client: Client, signed: bool) -> None:
    page = client.http.get(consent_address(client, signed, "http://127.0.0.1:9/cb%3Fmine%3D1"))
    assert page.status_code == 200
    assert "Ya, izinkan" in page.text
    assert "form-action 'self' http://127.0.0.1:9" in page.headers["Content-Security-Policy"]
    ticket = re.search(r'name="ticket" value="([^"]+)"', page.text)
    assert ticket
    form = {"ticket": ticket[1], "shop_id": str(client.options["shop_id"])}
    answer = client.http.post(f"{client.running.base_url}/consent", data=form, allow_redirects=False)
    assert answer.status_code == 303
    query = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert query["mine"] == ["1"]
    assert query["shop_id"] == [str(client.options["shop_id"])]
    assert ("state" in query) is not signed
    assert exchange(client, query["code"][0])["error"] == ""
    again = client.http.post(f"{client.running.base_url}/consent", data=form, allow_redirects=False)
    assert again.status_code == 403


def test_consent_refuses_a_foreign_redirect_and_a_bad_signature(client: Client) -> None:
    page = client.http.get(consent_address(client, True, "https://evil.example/cb"))
    assert page.status_code == 403
    assert "error_param" in page.text
    bad = consent_address(client, True, "http://127.0.0.1/").replace("sign=", "sign=0")
    assert "error_sign" in client.http.get(bad).text
    javascript = client.http.get(consent_address(client, False, "javascript:alert(1)"))
    assert javascript.status_code == 403


def test_cancelling_kills_the_tokens(client: Client) -> None:
    base, partner = client.running.base_url, client.options["partner_id"]
    address = (
        f"{base}/cancel_auth?partner_id={partner}&auth_type=seller&response_type=code&redirect_uri=http://localhost/x"
    )
    ticket = re.search(r'name="ticket" value="([^"]+)"', client.http.get(address).text)
    assert ticket
    form = {"ticket": ticket[1], "shop_id": str(client.options["shop_id"])}
    client.http.post(f"{base}/consent", data=form, allow_redirects=False)
    assert client.get("shop/get_shop_info")["error"] in {"invalid_acceess_token", "shop_no_linked"}
