"""Toko Hijau: TikTok Shop's open platform for Indonesia on this machine, with Tokopedia behind it.

One product record, two storefronts (tiktok_shop.md 1). Every operation names the section of the fact sheet that it
follows. Numbers and unconfirmed behaviour are switches, see `sandbox_limits.py`. Both hosts of the platform, API and
sign-in, share one server. Attribute ids, couriers and brands are the sandbox's own.
"""

from __future__ import annotations

import asyncio
import base64
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

from connectors.tiktok_shop.sandbox_auth import SignIn
from connectors.tiktok_shop.sandbox_control import STOREFRONTS, Desk
from connectors.tiktok_shop.sandbox_events import Webhooks
from connectors.tiktok_shop.sandbox_fields import Refused
from connectors.tiktok_shop.sandbox_gate import Gate, Throttled
from connectors.tiktok_shop.sandbox_limits import TiktokLimits
from connectors.tiktok_shop.sandbox_orders import OrderReads
from connectors.tiktok_shop.sandbox_selling import SellingSandbox
from connectors.tiktok_shop.sandbox_state import (
    App,
    Document,
    Picture,
    Shop,
    Store,
    product_from_json,
    product_to_json,
)
from connectors.tiktok_shop.sandbox_table import Table
from connectors.tiktok_shop.sandbox_tokens import Tokens
from connectors.tiktok_shop.sandbox_world import World, request_id
from syncer.sdk.sandbox import (
    Answer,
    Call,
    ControlError,
    Fault,
    Limits,
    Operation,
    Page,
    Theme,
    WindowProduct,
)

APP_KEY = "6hijau0setu01"
FIRST_SHOP_ID = 7495540735365777507

_SIGN_IN_PATHS = "/api/v2/token/"


class TiktokShopSandbox(SellingSandbox):
    """One application with one seller, "Toko Hijau"; more shops through `POST /control/shops`."""

    name: ClassVar[str] = "tiktok_shop"
    theme: ClassVar[Theme] = Theme(
        shop="Toko Hijau",
        place="Tokopedia",
        tagline="Kriya dari tangan pertama, langsung dari perajinnya.",
        accent="#0a7d33",
        accent_dark="#0a6b2c",
        tint="#f1f8f3",
    )
    storefronts: ClassVar[Mapping[str, Theme]] = {
        "tiktok_shop": Theme(
            shop="Toko Hijau",
            place="TikTok Shop",
            tagline="Kriya dari tangan pertama, langsung dari perajinnya.",
            accent="#fe2c55",
            accent_dark="#ff7a93",
            tint="#0b0b0d",
            dark=True,
        )
    }
    limits_type: ClassVar[type[Limits]] = TiktokLimits
    templates: ClassVar[str | None] = "connectors.tiktok_shop"

    def __init__(self, limits: Mapping[str, Any] | None = None, state: Path | None = None) -> None:
        super().__init__(limits, state)
        own_limits = self.limits
        if not isinstance(own_limits, TiktokLimits):
            raise TypeError("the TikTok Shop sandbox needs TiktokLimits")
        self.store = Store(self.clock)
        self.world = World(self.store, own_limits, self.clock, self.history, lambda: self.base_url)
        self.tokens = Tokens(self.clock, own_limits)
        self.gate = Gate(self.store, self.tokens, own_limits, self.clock)
        self._sign_in = SignIn(self.world, self.tokens)
        self._webhooks = Webhooks(self.world, self.address_of, self.send)
        self._desk = Desk(self.world)
        self.world.tell, self.world.later = self._webhooks.tell, self._look_later
        self.table = Table(self.world, self._sign_in, self._webhooks, OrderReads(self.world, self.book))
        self.restore()
        self.find_orders()
        if not self.store.shops:
            self.store.apps[APP_KEY] = App(
                APP_KEY, secrets.token_hex(20), str(7290000000000000000 + secrets.randbelow(10**15))
            )
            self._open_shop(str(FIRST_SHOP_ID), self.theme.shop)
        self.keep()

    # The platform -------------------------------------------------------------------------------------

    def operation(self, method: str, path: str) -> Operation | None:
        """The operation behind an address."""
        return self.table.find(method, path)

    def unknown(self, call: Call) -> Answer:
        """Wrong path, method or version (tiktok_shop.md 15)."""
        return self._refuse(self.table.refusal(call.path))

    def admit(self, call: Call, operation: Operation) -> Answer | None:
        """Signature, token, scope and cipher, then the budget; the token endpoints check for themselves."""
        self.world.settle()
        self.end_holds()
        if call.path.startswith(_SIGN_IN_PATHS):
            return None
        scope, by_shop = self.table.scopes[operation.name]
        try:
            shop = self.gate.check(call, scope, by_shop=by_shop)
            call.account = shop.id
            self.gate.spend(shop, operation.name)
        except Refused as refusal:
            return self._refuse(refusal)
        return None

    def failure(self, call: Call, operation: Operation, error: Exception) -> Answer:
        """A refusal by a handler: a code that is not 0; its HTTP status is a switch (tiktok_shop.md 5)."""
        if not isinstance(error, Refused):
            raise error
        return self._refuse(error)

    def struck(self, call: Call, operation: Operation, fault: Fault) -> Answer:
        """Injected refusals look like real ones; `fault` in the call log tells them apart."""
        limits = self.world.limits
        if fault.kind == "rate_limited":
            return self._refuse(Throttled(1.0, limits, self.clock.now()), "fault")
        if fault.kind == "token_revoked":
            if call.account:
                token = str(call.headers.get("x-tts-access-token", ""))
                self.tokens.revoke(call.account, access=token)
            return self._refuse(Refused(105001, "access_token is invalid.", kind="token", status=401))
        if fault.shape == "json":
            code, text = (36009007, "Timeout.") if fault.kind == "error_after" else (36009003, "Internal error.")
            return self._refuse(Refused(code, text, kind="error", status=fault.status))
        html = f"<html><body><h1>{fault.status} Bad Gateway</h1></body></html>"
        return Answer(fault.status, content=html.encode(), content_type="text/html")

    def _refuse(self, refusal: Refused, refused: str | None = None) -> Answer:
        status = refusal.status or self.world.limits.business_http_status
        body = {"code": refusal.code, "message": refusal.message, "request_id": request_id(self.clock.now())}
        headers = refusal.headers if isinstance(refusal, Throttled) else {}
        return Answer(status, body, refused or refusal.kind, str(refusal.code), headers=dict(headers))

    def _look_later(self, seconds: float) -> None:
        """Look again after some time, so that an audit ends, and is told, without a call."""

        def look() -> None:
            if self.world.settle():
                self.touched()

        try:
            asyncio.get_running_loop().call_later(max(0.0, seconds) + 0.001, look)
        except RuntimeError:
            return

    # Control ------------------------------------------------------------------------------------------

    def account_options(self, account: str | None = None) -> dict[str, Any]:
        """Options of a shop: addresses, application, shop and a token pair that is good now."""
        shop = self._shop(account)
        app = self.store.apps[shop.app_key]
        pair = self.tokens.current(shop)
        expires = datetime.fromtimestamp(pair.access_ends, UTC)
        return {
            "base_url": self.base_url,
            "auth_url": self.base_url,
            "app_key": app.app_key,
            "app_secret": app.app_secret,
            "service_id": app.service_id,
            "shop_id": shop.id,
            "shop_cipher": shop.cipher,
            "access_token": pair.access,
            "refresh_token": pair.refresh,
            "access_expires_at": expires.isoformat(timespec="seconds").replace("+00:00", "Z"),
            "platforms": "both",
            "orders_lag_s": self.limits.orders_lag_s,
        }

    def listings(self, account: str | None = None) -> list[dict[str, Any]]:
        """All products, of one shop if it is named."""
        self.world.settle()
        return self._desk.listings(account)

    def edit(self, change: Mapping[str, Any]) -> dict[str, Any]:
        """A person changes something in the seller centre."""
        self.world.settle()
        return self._desk.edit(change)

    def decide(self, remote_id: str, order: Mapping[str, Any]) -> dict[str, Any]:
        """The platform decides about a product."""
        self.world.settle()
        return self._desk.decide(remote_id, order)

    def promote(self, order: Mapping[str, Any]) -> dict[str, Any]:
        """Start a promotion."""
        return self._desk.promote(order)

    def revoke_tokens(self, order: Mapping[str, Any]) -> dict[str, Any]:
        """Kill a shop's access tokens; `refresh` also its refresh tokens, `unlink` the authorisation."""
        shop = self._shop(order.get("shop_id"))
        revoked = self.tokens.revoke(shop.id, refresh=bool(order.get("refresh")))
        if order.get("unlink"):
            shop.linked = False
        if order.get("disable"):
            shop.disabled = True
        return {"revoked": revoked}

    def add_account(self, order: Mapping[str, Any]) -> dict[str, Any]:
        """Another seller of the same application, or of a new one with `app_key`."""
        app_key = str(order.get("app_key") or APP_KEY)
        if app_key not in self.store.apps:
            self.store.apps[app_key] = App(app_key, secrets.token_hex(20), app_key)
        shop_id = str(order.get("shop_id") or max(int(key) for key in self.store.shops) + 1)
        if shop_id in self.store.shops or not shop_id.isdigit():
            raise ControlError(f"There is a shop {shop_id} already, or it is no number.")
        name = str(order.get("name") or f"Toko Hijau {len(self.store.shops) + 1}")
        return self.account_options(self._open_shop(shop_id, name, app_key).id)

    def grant(self, order: Mapping[str, Any]) -> dict[str, Any]:
        """Consent without a browser: a code, and the address with it if `redirect` is given; `deny` refuses."""
        shop = self._shop(order.get("shop_id"))
        redirect, state = str(order.get("redirect") or ""), str(order.get("state") or "")
        if not redirect:
            return {"code": self._sign_in.authorise(shop), "shop_id": shop.id}
        answer = self._sign_in.refusal if order.get("deny") else self._sign_in.consent
        return {"url": answer(shop, redirect, state)}

    def usage(self) -> dict[str, Any]:
        """Calls used and refused, by application and shop."""
        return {
            f"{app_key}/{shop_id}": {"used": budget.used, "refused": budget.refused}
            for (app_key, shop_id), budget in self.gate.budgets.items()
        }

    def clear(self) -> None:
        """Empty all shops."""
        self.store.clear()
        self.gate.budgets.clear()
        for shop in self.store.shops.values():
            shop.created_today = 0

    def _open_shop(self, shop_id: str, name: str, app_key: str = APP_KEY) -> Shop:
        cipher, open_id = f"ROW_{secrets.token_urlsafe(24)}", secrets.token_urlsafe(24)
        shop = Shop(shop_id, name, cipher, f"IDLC{int(shop_id) % 10**8:08d}", open_id, app_key)
        self.store.shops[shop_id] = shop
        self.tokens.pair(shop, tuple(self.world.limits.scopes))
        return shop

    def _shop(self, account: object) -> Shop:
        if account is None:
            return next(iter(self.store.shops.values()))
        shop = self.store.shops.get(str(account))
        if shop is None:
            raise ControlError(f"There is no shop {account}.")
        return shop

    # Windows ------------------------------------------------------------------------------------------

    def window(self, account: str | None, search: str) -> Sequence[WindowProduct]:
        """What buyers see on Tokopedia."""
        return self.window_on("tokopedia", account, search)

    def window_product(self, account: str | None, product_id: str) -> WindowProduct | None:
        """One product as buyers see it on Tokopedia."""
        return self.window_product_on("tokopedia", account, product_id)

    def window_on(self, storefront: str, account: str | None, search: str) -> Sequence[WindowProduct]:
        """What buyers see on one storefront."""
        self.world.settle()
        return self._desk.window(self._window_shop(account), STOREFRONTS[storefront], search)

    def window_product_on(self, storefront: str, account: str | None, product_id: str) -> WindowProduct | None:
        """One product as buyers see it on one storefront."""
        self.world.settle()
        return self._desk.window_product(self._window_shop(account), STOREFRONTS[storefront], product_id)

    def window_name(self, account: str | None) -> str:
        """The shop's name."""
        shop = self.store.shops.get(self._window_shop(account))
        return shop.name if shop else self.theme.shop

    def _window_shop(self, account: str | None) -> str:
        return account or next(iter(self.store.shops))

    def file(self, file_id: str) -> tuple[bytes, str] | None:
        """An uploaded picture or document."""
        picture = self.store.pictures.get(file_id)
        if picture is not None:
            return picture.content, picture.content_type
        document = self.store.documents.get(file_id)
        return (document.content, "application/octet-stream") if document else None

    def page(self, call: Call) -> Page | None:
        """The consent pages."""
        return self._sign_in.page(call)

    # Keeping ------------------------------------------------------------------------------------------

    def changes(self) -> Mapping[str, Any]:
        """Changed products and pictures, and always the small rest."""
        store = self.store
        pieces: dict[str, Any] = {
            "apps": [asdict(app) for app in store.apps.values()],
            "shops": [asdict(shop) for shop in store.shops.values()],
            "tokens": self.tokens.to_json(),
            "numbers": {"next_id": store.next_id},
            "names": [store.names, store.titles, store.brands, store.keys],
            "webhooks": store.webhooks,
            "order_kinds": store.order_kinds,
            "documents": [_with_text(asdict(document)) for document in store.documents.values()],
        }
        for key in store.dirty:
            kind, _, name = key.partition(":")
            if kind == "product":
                product = store.find(name)
                pieces[key] = product_to_json(product) if product else None
            else:
                picture = store.pictures.get(name)
                pieces[key] = _with_text(asdict(picture)) if picture else None
        store.dirty.clear()
        return pieces

    def take_back(self, pieces: Mapping[str, Any]) -> None:
        """Rebuild shops, tokens, products and pictures."""
        if not pieces:
            return
        store = self.store
        store.apps = {app["app_key"]: App(**app) for app in pieces["apps"]}
        store.shops = {shop["id"]: Shop(**shop) for shop in pieces["shops"]}
        self.tokens.from_json(pieces["tokens"])
        store.next_id = pieces["numbers"]["next_id"]
        store.names, store.titles, store.brands, store.keys = pieces["names"]
        store.webhooks = pieces["webhooks"]
        store.order_kinds = pieces.get("order_kinds", {})
        for row in pieces["documents"]:
            store.documents[row["id"]] = Document(**_with_bytes(row))
        for key, piece in sorted(pieces.items()):
            if key.startswith("picture:"):
                store.pictures[piece["uri"]] = Picture(**_with_bytes(piece))
            elif key.startswith("product:"):
                product = product_from_json(piece)
                store.put(product, at=product.created)
        store.dirty.clear()


def _with_text(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "content": base64.b64encode(row["content"]).decode()}


def _with_bytes(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, "content": base64.b64decode(row["content"])}
