"""Sign-in: the seller's consent page and the token endpoints (tiktok_shop.md 4).

The token endpoints are on a host of their own in production; here they share the server. They are not signed,
and their secrets stand in the query.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from connectors.tiktok_shop.sandbox_fields import Refused, bad
from connectors.tiktok_shop.sandbox_state import App, Shop
from connectors.tiktok_shop.sandbox_tokens import Pair, Tokens
from connectors.tiktok_shop.sandbox_world import World
from syncer.sdk.sandbox import Answer, Call, Page
from syncer.sdk.sandbox.consent import Tickets, with_query

CONSENT = "/open/authorize"
OLDER_CONSENT = "/oauth/authorize"
ANSWER = "/consent"
PAGES = frozenset({CONSENT, OLDER_CONSENT, ANSWER})

_TEMPLATE = "own/consent.html"
_SHOWN = "http://127.0.0.1/callback"
"""Stands for the address that the application would have in the Partner Center, if the sandbox knows none."""


@dataclass(frozen=True, slots=True)
class _Ticket:
    app_key: str
    state: str


class SignIn:
    """Consent page and token endpoints."""

    def __init__(self, world: World, tokens: Tokens) -> None:
        self._world = world
        self._tokens = tokens
        self._tickets: Tickets[_Ticket] = Tickets(world.clock)

    # Consent ------------------------------------------------------------------------------------------

    def page(self, call: Call) -> Page | None:
        """The consent page, or the answer to its form; None for every other address (4.2)."""
        if call.path not in PAGES:
            return None
        try:
            if call.path == ANSWER:
                return self._answer(call) if call.method == "POST" else None
            return self._ask(call)
        except Refused as refusal:
            return _page("Tidak bisa menyambungkan", error=f"{refusal.code}: {refusal.message}", status=403)

    def _ask(self, call: Call) -> Page:
        app = self._app(call)
        asked = _Ticket(app.app_key, call.one("state") or "")
        ticket = self._tickets.give(asked, self._world.limits.code_s)
        redirect = self._world.limits.redirect_url
        parts = urlsplit(redirect)
        shops = [shop for shop in self._world.store.shops.values() if shop.app_key == app.app_key]
        return _page(
            "Sambungkan toko",
            app_name=app.name,
            ticket=ticket,
            shops=shops,
            leaves_to=f"{parts.scheme}://{parts.netloc}" if redirect else None,
        )

    def _app(self, call: Call) -> App:
        apps = self._world.store.apps
        if call.path == OLDER_CONSENT:
            app = apps.get(call.one("app_key") or "")
        else:
            wanted = call.one("service_id") or ""
            app = next((app for app in apps.values() if wanted in (app.service_id, app.app_key)), None)
        if app is None:
            raise bad("the application is unknown")
        return app

    def _answer(self, call: Call) -> Page:
        ticket = self._tickets.take(call.form.get("ticket", ""))
        if ticket is None:
            raise bad("the page is too old, please open the link again")
        shop = self._world.store.shops.get(call.form.get("shop_id", ""))
        if shop is None or shop.app_key != ticket.app_key:
            raise bad("the shop is unknown")
        redirect = self._world.limits.redirect_url
        if call.form.get("answer") == "no":
            address = self.refusal(shop, redirect or _SHOWN, ticket.state)
        else:
            address = self.consent(shop, redirect or _SHOWN, ticket.state)
        return Page(location=address) if redirect else _page("Salin alamat ini", address=address)

    def consent(self, shop: Shop, redirect: str, state: str = "") -> str:
        """The seller says yes. Returns the address that the browser is sent to."""
        extra = {
            "app_key": shop.app_key,
            "code": self.authorise(shop),
            "locale": "id-ID",
            "shop_region": "ID",
        }
        return with_query(redirect, {**extra, "state": state} if state else extra)

    def refusal(self, shop: Shop, redirect: str, state: str = "") -> str:
        """The seller says no (4.2)."""
        extra = {"app_key": shop.app_key, "code": "null", "error": "auth_denied"}
        return with_query(redirect, {**extra, "state": state} if state else extra)

    def authorise(self, shop: Shop) -> str:
        """Link the shop and give out a code."""
        shop.linked = True
        return self._tokens.code(shop)

    # Tokens -------------------------------------------------------------------------------------------

    def get_token(self, call: Call) -> Answer:
        """Exchange a code for a pair (4.3)."""
        app = self._caller(call, "authorized_code")
        found = self._tokens.use_code(call.one("auth_code") or "", app.app_key)
        shop = self._world.store.shops[found.shop]
        return self._pair(shop, self._tokens.pair(shop, found.scopes))

    def refresh_token(self, call: Call) -> Answer:
        """Exchange a refresh token for a pair; the refresh token may or may not rotate (4.3)."""
        app = self._caller(call, "refresh_token")
        token = call.one("refresh_token") or ""
        found = self._tokens.use_refresh(token, app.app_key)
        shop = self._world.store.shops[found.shop]
        if not shop.linked:
            raise Refused(36004001, "The seller ended the authorization.", kind="token", status=200)
        kept = None if self._world.limits.rotate_refresh else token
        return self._pair(shop, self._tokens.pair(shop, found.scopes, kept))

    def _caller(self, call: Call, grant: str) -> App:
        app = self._world.store.apps.get(call.one("app_key") or "")
        given = call.one("app_secret") or ""
        if app is None or not secrets.compare_digest(app.app_secret.encode(), given.encode()):
            raise bad("app_key or app_secret is wrong")
        if call.one("grant_type") != grant:
            raise bad(f"grant_type should be {grant}")
        return app

    def _pair(self, shop: Shop, pair: Pair) -> Answer:
        """The ends are absolute unix seconds in spite of their names (4.3)."""
        return self._world.ok(
            {
                "access_token": pair.access,
                "access_token_expire_in": int(pair.access_ends),
                "refresh_token": pair.refresh,
                "refresh_token_expire_in": int(pair.refresh_ends),
                "open_id": shop.open_id,
                "seller_name": shop.name,
                "seller_base_region": "ID",
                "user_type": 0,
                "granted_scopes": list(pair.scopes),
            }
        )


def _page(heading: str, *, status: int = 200, leaves_to: str | None = None, **values: Any) -> Page:
    empty = {"error": "", "app_name": "", "ticket": "", "shops": (), "address": ""}
    return Page(_TEMPLATE, {**empty, "heading": heading, **values}, status, leaves_to)
