"""Sign-in: consent pages in both forms, codes, tokens (shopee.md 3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from connectors.shopee.sandbox_fields import Refused, body_of, integer, text
from connectors.shopee.sandbox_gate import Gate
from connectors.shopee.sandbox_state import App, Shop
from connectors.shopee.sandbox_tokens import Tokens
from connectors.shopee.sandbox_world import World
from syncer.sdk.sandbox import Answer, Call, Page
from syncer.sdk.sandbox.consent import Tickets, with_query

SIGNED = "/api/v2/shop/auth_partner"
SIGNED_CANCEL = "/api/v2/shop/cancel_auth_partner"
UNSIGNED = "/auth"
UNSIGNED_CANCEL = "/cancel_auth"
ANSWER = "/consent"
PAGES = frozenset({SIGNED, SIGNED_CANCEL, UNSIGNED, UNSIGNED_CANCEL, ANSWER})

_CONSENT_S = 365 * 86400
_TEMPLATE = "own/consent.html"


@dataclass(frozen=True, slots=True)
class _Ticket:
    partner_id: int
    redirect: str
    state: str
    cancelling: bool


class SignIn:
    """Consent pages and token endpoints."""

    def __init__(self, world: World, gate: Gate, tokens: Tokens) -> None:
        self._world = world
        self._gate = gate
        self._tokens = tokens
        self._tickets: Tickets[_Ticket] = Tickets(world.clock)

    # Consent ------------------------------------------------------------------------------------------

    def page(self, call: Call) -> Page | None:
        """The consent page, or the answer to its form; None for every other address (shopee.md 3.1)."""
        if call.path not in PAGES:
            return None
        try:
            if call.path == ANSWER:
                return self._answer(call) if call.method == "POST" else None
            return self._ask(call)
        except Refused as refusal:
            return _page("Tidak bisa menyambungkan", error=f"{refusal.code}: {refusal.message}", status=403)

    def _ask(self, call: Call) -> Page:
        if call.path in {SIGNED, SIGNED_CANCEL}:
            app = self._gate.pass_public(call, self._world.clock)
            redirect, state = call.one("redirect") or "", ""
        else:
            app = self._unsigned(call)
            redirect, state = call.one("redirect_uri") or "", call.one("state") or ""
        target = self._check_redirect(redirect)
        cancelling = call.path in {SIGNED_CANCEL, UNSIGNED_CANCEL}
        asked = _Ticket(app.partner_id, redirect, state, cancelling)
        ticket = self._tickets.give(asked, self._world.limits.code_s)
        shops = [shop for shop in self._world.store.shops.values() if shop.partner_id == app.partner_id]
        return _page(
            "Putuskan sambungan" if cancelling else "Sambungkan toko",
            app_name=app.name,
            question="tidak akan bisa lagi:" if cancelling else "meminta izin untuk:",
            cancelling=cancelling,
            ticket=ticket,
            shops=shops,
            button="Putuskan" if cancelling else "Ya, izinkan",
            leaves_to=target,
        )

    def _unsigned(self, call: Call) -> App:
        partner = call.one("partner_id") or ""
        app = self._world.store.apps.get(int(partner)) if partner.isdigit() else None
        if app is None:
            raise Refused("error_param", "Invalid partner_id.")
        if call.one("auth_type") != "seller" or call.one("response_type") != "code":
            raise Refused("error_param", "auth_type should be seller and response_type should be code.")
        return app

    def _check_redirect(self, redirect: str) -> str:
        """The redirect's domain must be the one declared for the application (shopee.md 3.1)."""
        parts = urlsplit(redirect)
        if parts.scheme not in {"http", "https"} or parts.hostname not in self._world.limits.redirect_domains:
            raise Refused("error_param", "The redirect URL does not match the domain of the app.")
        return f"{parts.scheme}://{parts.netloc}"

    def _answer(self, call: Call) -> Page:
        ticket = self._tickets.take(call.form.get("ticket", ""))
        if ticket is None:
            raise Refused("error_param", "The page is too old, please open the link again.")
        chosen = call.form.get("shop_id", "")
        shop = self._world.store.shops.get(int(chosen)) if chosen.isdigit() else None
        if shop is None or shop.partner_id != ticket.partner_id:
            raise Refused("error_param", "Invalid shop_id.")
        if ticket.cancelling:
            self._cancel(shop)
            return Page(location=with_query(ticket.redirect, {"shop_id": str(shop.shop_id)}))
        return Page(location=self.consent(shop, ticket.redirect, ticket.state))

    def consent(self, shop: Shop, redirect: str, state: str = "") -> str:
        """The seller says yes. Returns the address that the browser is sent to."""
        code = self.authorise(shop)
        extra = {"code": code, "shop_id": str(shop.shop_id)}
        return with_query(redirect, {**extra, "state": state} if state else extra)

    def authorise(self, shop: Shop) -> str:
        """Link the shop for a year and give out a code."""
        now = self._world.clock.now()
        shop.linked, shop.auth_time, shop.expire_time = True, now, now + _CONSENT_S
        return self._tokens.code(shop)

    def _cancel(self, shop: Shop) -> None:
        shop.linked = False
        self._tokens.revoke(str(shop.shop_id), refresh=True)

    # Tokens -------------------------------------------------------------------------------------------

    def get_token(self, call: Call) -> Answer:
        """Exchange a code for a pair; a flat answer (shopee.md 3.3)."""
        body = body_of(call)
        partner_id = self._partner(call, body)
        code = text(body, "code")
        if body.get("main_account_id") is not None:
            raise Refused("invalid_main_acount_id", "The main_account_id does not fit the code.", kind="token")
        shop_id = integer(body, "shop_id")
        shop = self._shop(shop_id, partner_id, missing_code="invalid_shop_id")
        self._tokens.use_code(code, partner_id, shop_id)
        access, refresh = self._tokens.pair(shop)
        return self._world.flat(access_token=access, refresh_token=refresh, expire_in=self._world.limits.access_token_s)

    def refresh_token(self, call: Call) -> Answer:
        """Exchange a refresh token for a new pair, once; a flat answer (shopee.md 3.4)."""
        body = body_of(call)
        partner_id = self._partner(call, body)
        token = text(body, "refresh_token")
        shop_id = integer(body, "shop_id")
        shop = self._shop(shop_id, partner_id, missing_code="shop_no_linked")
        if shop.expire_time <= self._world.clock.now():
            raise Refused("shop_access_expired", "The authorization is expired.", kind="token")
        self._tokens.use_refresh(token, partner_id, shop_id)
        access, refresh = self._tokens.pair(shop)
        return self._world.flat(
            partner_id=partner_id,
            shop_id=shop_id,
            access_token=access,
            refresh_token=refresh,
            expire_in=self._world.limits.access_token_s,
        )

    def resend(self, call: Call) -> Answer:
        """Exchange a resend code for a pair, after one was lost; a flat answer (shopee.md 3.2, 4)."""
        shop_id = self._tokens.use_resend(text(body_of(call), "resend_code"), int(call.one("partner_id") or 0))
        access, refresh = self._tokens.pair(self._world.store.shops[shop_id])
        return self._world.flat(
            access_token=access,
            refresh_token=refresh,
            expire_in=self._world.limits.access_token_s,
            shop_id_list=[shop_id],
            merchant_id_list=[],
        )

    def _partner(self, call: Call, body: Any) -> int:
        partner_id = integer(body, "partner_id")
        if str(partner_id) != call.one("partner_id"):
            raise Refused("error_param", "partner_id in body and query differ.")
        return partner_id

    def _shop(self, shop_id: int, partner_id: int, missing_code: str) -> Shop:
        shop = self._world.store.shops.get(shop_id)
        if shop is None or shop.partner_id != partner_id:
            raise Refused(missing_code, "Invalid shop_id.", kind="token")
        if not shop.linked:
            raise Refused("shop_no_linked", "The shop is not linked to the partner.", kind="shop")
        if shop.banned:
            raise Refused("shop_banned", "The shop is banned.", kind="shop")
        return shop


def _page(heading: str, *, status: int = 200, leaves_to: str | None = None, **values: Any) -> Page:
    empty = {"error": "", "app_name": "", "question": "", "cancelling": False, "ticket": "", "shops": (), "button": ""}
    return Page(_TEMPLATE, {**empty, "heading": heading, **values}, status, leaves_to)
