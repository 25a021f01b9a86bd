"""Consent, code exchange and refresh (tiktok_shop.md section 4).

The redirect's address is set in Partner Center, so the consent link names none; ``state`` comes back with the code.
Whether a refresh gives a new refresh token is not documented: what comes is kept, and what doesn't come stays.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from urllib.parse import urlencode

from connectors.tiktok_shop.client import ACCESS_LIFE, Reply, TiktokClient
from connectors.tiktok_shop.options import AUTH_HOST, CONSENT_HOST, TiktokShopOptions
from connectors.tiktok_shop.shop import Shop
from syncer.domain.words import Words
from syncer.sdk.contract import Tokens
from syncer.sdk.errors import AccountStopped, ConnectorError, OutcomeUnknown, SignInNeeded
from syncer.sdk.wire import text, whole

_GET, _REFRESH = "/api/v2/token/get", "/api/v2/token/refresh"
_SELLER = 0
#: A year that no clock of ours should reach: a captured answer named a date a century away (tiktok_shop.md 4.3).
_LAST_YEAR = 9000


def authorise_url(options: TiktokShopOptions, state: str) -> str:
    """Return the consent page's address; without a service id, that of the older page (tiktok_shop.md 2)."""
    if options.service_id:
        query = urlencode({"service_id": options.service_id, "state": state})
        return f"{options.consent_host}/open/authorize?{query}"
    host = AUTH_HOST if options.consent_host == CONSENT_HOST else options.consent_host
    return f"{host}/oauth/authorize?{urlencode({'app_key': options.app_key, 'state': state})}"


def exchange(
    client: TiktokClient, shop: Shop, options: TiktokShopOptions, answer: Mapping[str, str], now: dt.datetime
) -> Tokens:
    """Turn the redirect's query into a sign-in.

    The token answer names no shop, so the authorised shops are asked with the new token (tiktok_shop.md 4.3); the
    code is spent by then, so a fault of that second call loses nothing. Raises SignInNeeded if the seller said no or
    the code is dead, AccountStopped if the consent is not for this account's shop.
    """
    if answer.get("error"):
        raise SignInNeeded("auth_denied", Words("Pemilik toko menolak memberi izin.", "The shop's owner said no."))
    code = answer.get("code") or answer.get("auth_code") or ""
    if code in ("", "null"):
        raise SignInNeeded("no_code", Words("TikTok Shop tidak mengirim kode izin.", "TikTok Shop sent no code."))
    query = {"auth_code": code, "grant_type": "authorized_code"}
    reply = client.token_call(_GET, "token.get", query)
    kind = whole(reply.data.get("user_type"))
    if kind not in (None, _SELLER):
        raise AccountStopped(
            "not_a_seller",
            Words("Izin itu bukan dari akun penjual.", "That consent isn't a seller's."),
            remedy=Words("Masuk dengan akun penjual.", "Sign in with a seller's account."),
        )
    tokens = _tokens(reply, "", options.shop_id, now)
    try:
        shop_id = text(shop.identity(tokens.access_token).get("id"))
    except AccountStopped:
        raise
    except ConnectorError:
        return tokens
    return _tokens(reply, "", shop_id, now)


def refresh(client: TiktokClient, tokens: Tokens, now: dt.datetime) -> Tokens:
    """Spend the refresh token for a new pair. Raises SignInNeeded if it is dead, OutcomeUnknown if the answer is lost.

    Nothing is cached here: the engine saves the new pair before anything uses it.
    """
    if not tokens.refresh_token:
        raise SignInNeeded(
            "no_refresh_token", Words("Tanda masuk toko ini tidak bisa diperbarui.", "This sign-in can't be renewed.")
        )
    query = {"refresh_token": tokens.refresh_token, "grant_type": "refresh_token"}
    reply = client.token_call(_REFRESH, "token.refresh", query)
    return _tokens(reply, tokens.refresh_token, tokens.shop_id, now)


def _tokens(reply: Reply, old_refresh: str, shop_id: str, now: dt.datetime) -> Tokens:
    access = text(reply.data.get("access_token"))
    renewal = text(reply.data.get("refresh_token")) or old_refresh
    if not access or not renewal:
        raise OutcomeUnknown(
            "no_tokens", Words("TikTok Shop menjawab tanpa tanda masuk.", "TikTok Shop answered without a sign-in.")
        )
    until = _moment(reply.data.get("access_token_expire_in")) or now + ACCESS_LIFE
    return Tokens(access, renewal, until, _moment(reply.data.get("refresh_token_expire_in")), shop_id)


def _moment(value: object) -> dt.datetime | None:
    """Return the end of a token: in spite of its name ``*_expire_in`` is a moment (tiktok_shop.md 4.3)."""
    seconds = whole(value)
    if not seconds:
        return None
    try:
        moment = dt.datetime.fromtimestamp(seconds, dt.UTC)
    except (OverflowError, ValueError, OSError):
        return None
    return moment if moment.year < _LAST_YEAR else None
