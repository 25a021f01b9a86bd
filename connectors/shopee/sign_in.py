"""Consent, code exchange and refresh (shopee.md section 3).

A refresh token works once. After an unknown outcome the old access token stays in use; Shopee's only recovery is
a "resend code" that a person asks for in Shopee's console (live only), so there is no recovery by itself: that code
is taken by :func:`exchange` under the name ``resend_code``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from connectors.shopee.client import ACCESS_LIFE, Reply, ShopeeClient
from connectors.shopee.options import ShopeeOptions
from syncer.domain.words import Words
from syncer.sdk.contract import Tokens
from syncer.sdk.errors import AccountStopped, OutcomeUnknown, SignInNeeded
from syncer.sdk.wire import entries, text, whole

#: How long a refresh token lives (shopee.md 3.2).
REFRESH_LIFE = dt.timedelta(days=30)
#: ``expire_in`` above this is an absolute unix time, as one official sample prints it (shopee.md 3.2).
_ABSOLUTE = 1_000_000_000
_SIGNED_PATH = "/api/v2/shop/auth_partner"


def authorise_url(client: ShopeeClient, options: ShopeeOptions, redirect: str, state: str) -> str:
    """Return the consent link in the form that the options choose (shopee.md 3.1).

    The signed form has no ``state``, so ``state`` rides in the redirect's own query; the link dies after 5 minutes.
    """
    if options.consent_form == "signed":
        return client.signed_link(_SIGNED_PATH, [("redirect", _with_state(redirect, state))])
    query = {
        "partner_id": options.partner_id,
        "auth_type": "seller",
        "redirect_uri": redirect,
        "response_type": "code",
        "state": state,
    }
    return f"{options.consent_url}?{urlencode(query)}"


def exchange(client: ShopeeClient, options: ShopeeOptions, answer: Mapping[str, str], now: dt.datetime) -> Tokens:
    """Turn the redirect's query into a sign-in: ``code`` with ``shop_id`` or ``main_account_id``; or ``resend_code``.

    A main account's first refresh token works once for each shop, so its shop gets its own pair at once
    (shopee.md 3.2). Raises SignInNeeded if the code is dead or missing, AccountStopped if it is another shop's.
    """
    if answer.get("resend_code"):
        reply = client.post_public("public/get_token_by_resend_code", {"resend_code": answer["resend_code"]})
        return _tokens(reply, str(options.shop_id or _first_shop(reply)), now)
    if not answer.get("code"):
        raise SignInNeeded("no_code", Words("Shopee tidak mengirim kode izin.", "Shopee sent no consent code."))
    body: dict[str, str | int] = {"code": answer["code"], "partner_id": options.partner_id}
    shop_id, main_account = whole(answer.get("shop_id")), whole(answer.get("main_account_id"))
    if shop_id is not None:
        _same_shop(options, shop_id)
        reply = client.post_public("auth/token/get", {**body, "shop_id": shop_id})
        return _tokens(reply, str(shop_id), now)
    if main_account is None:
        raise SignInNeeded("no_shop", Words("Shopee tidak menyebut toko mana.", "Shopee didn't say which shop."))
    reply = client.post_public("auth/token/get", {**body, "main_account_id": main_account})
    shops = [whole(shop) for shop in entries(reply.body.get("shop_id_list"))]
    chosen = options.shop_id if options.shop_id is not None else _only(shops)
    if chosen not in shops or chosen is None:
        raise _other_shop()
    return refresh(client, options, _tokens(reply, str(chosen), now), now)


def refresh(client: ShopeeClient, options: ShopeeOptions, tokens: Tokens, now: dt.datetime) -> Tokens:
    """Spend the refresh token for a new pair. Raises SignInNeeded if it is dead, OutcomeUnknown if the answer is lost.

    Nothing is cached here: the engine saves the new pair before anything uses it.
    """
    shop_id = whole(tokens.shop_id) if tokens.shop_id else options.shop_id
    if not tokens.refresh_token or shop_id is None:
        raise SignInNeeded(
            "no_refresh_token", Words("Tanda masuk toko ini tidak bisa diperbarui.", "This sign-in can't be renewed.")
        )
    body = {"refresh_token": tokens.refresh_token, "partner_id": options.partner_id, "shop_id": shop_id}
    return _tokens(client.post_public("auth/access_token/get", body), str(shop_id), now)


def _tokens(reply: Reply, shop_id: str, now: dt.datetime) -> Tokens:
    access, renewal = text(reply.payload.get("access_token")), text(reply.payload.get("refresh_token"))
    if not access or not renewal:
        raise OutcomeUnknown(
            "no_tokens", Words("Shopee menjawab tanpa tanda masuk.", "Shopee answered without a sign-in.")
        )
    seconds = whole(reply.payload.get("expire_in")) or int(ACCESS_LIFE.total_seconds())
    until = dt.datetime.fromtimestamp(seconds, dt.UTC) if seconds > _ABSOLUTE else now + dt.timedelta(seconds=seconds)
    return Tokens(access, renewal, until, now + REFRESH_LIFE, shop_id)


def _first_shop(reply: Reply) -> str:
    shops = [whole(shop) for shop in entries(reply.payload.get("shop_id_list"))]
    return str(_only(shops) or "")


def _only(shops: list[int | None]) -> int | None:
    return shops[0] if len(shops) == 1 else None


def _same_shop(options: ShopeeOptions, shop_id: int) -> None:
    if options.shop_id is not None and options.shop_id != shop_id:
        raise _other_shop()


def _other_shop() -> AccountStopped:
    return AccountStopped(
        "other_shop",
        Words(
            "Izin itu untuk toko lain, bukan toko akun ini.", "That consent is for another shop, not this account's."
        ),
        remedy=Words(
            "Masuk dengan toko yang benar, atau isi pilihan shop_id.",
            "Sign in with the right shop, or set the option shop_id.",
        ),
    )


def _with_state(redirect: str, state: str) -> str:
    parts = urlsplit(redirect)
    query = [*parse_qsl(parts.query, keep_blank_values=True), ("state", state)]
    return urlunsplit(parts._replace(query=urlencode(query)))
