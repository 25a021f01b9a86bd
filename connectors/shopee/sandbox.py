"""Toko Orange: Shopee's open platform on this machine (shopee.md, mainly 11.1).

Every operation names the section of the fact sheet that it follows. Numbers and unconfirmed behaviour are
switches, see `sandbox_limits.py`. Attribute ids, couriers and brands are the sandbox's own.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

from connectors.shopee.sandbox_auth import SignIn
from connectors.shopee.sandbox_control import Desk
from connectors.shopee.sandbox_fields import Refused
from connectors.shopee.sandbox_gate import EITHER, PUBLIC, SHOP, Gate
from connectors.shopee.sandbox_items import ItemWrites
from connectors.shopee.sandbox_limits import ShopeeLimits
from connectors.shopee.sandbox_offers import OfferWrites
from connectors.shopee.sandbox_orders import Orders
from connectors.shopee.sandbox_pushes import Pushes
from connectors.shopee.sandbox_reads import ItemReads
from connectors.shopee.sandbox_sales import SWITCHES, WORDS, Sales
from connectors.shopee.sandbox_shop import ShopReads
from connectors.shopee.sandbox_state import App, Picture, Shop, Store, item_from_json, item_to_json
from connectors.shopee.sandbox_tokens import Tokens
from connectors.shopee.sandbox_variations import VariationWrites
from connectors.shopee.sandbox_world import World
from syncer.sdk.sandbox import (
    Address,
    Answer,
    Call,
    ControlError,
    Fault,
    ForSale,
    Letter,
    Limits,
    Operation,
    OrderWords,
    Page,
    Sandbox,
    SoldOrder,
    Theme,
    WindowProduct,
)

PARTNER_ID = 2001887
FIRST_SHOP_ID = 14701711
_PREFIX = "/api/v2/"
_GATEWAY = frozenset({"partner", "time", "sign", "token", "shop", "permission"})
_YEAR_S = 365 * 86400


class ShopeeSandbox(Sandbox):
    """One application with one shop, "Toko Orange"; more shops through `POST /control/shops`."""

    name: ClassVar[str] = "shopee"
    theme: ClassVar[Theme] = Theme(
        shop="Toko Orange",
        tagline="Kriya dari tangan pertama, langsung dari perajinnya.",
        accent="#d9480f",
        accent_dark="#b23503",
        tint="#fdf5ee",
    )
    limits_type: ClassVar[type[Limits]] = ShopeeLimits
    templates: ClassVar[str | None] = "connectors.shopee"
    order_words: ClassVar[OrderWords | None] = WORDS
    order_switches: ClassVar[Mapping[str, Mapping[str, bool]]] = SWITCHES

    def __init__(self, limits: Mapping[str, Any] | None = None, state: Path | None = None) -> None:
        super().__init__(limits, state)
        shopee_limits = self.limits
        if not isinstance(shopee_limits, ShopeeLimits):
            raise TypeError("the Shopee sandbox needs ShopeeLimits")
        self.store = Store(self.clock)
        self.world = World(self.store, shopee_limits, self.clock, self.history, lambda: self.base_url)
        self.tokens = Tokens(self.clock, shopee_limits)
        self.gate = Gate(self.store, self.tokens, shopee_limits)
        self._sign_in = SignIn(self.world, self.gate, self.tokens)
        self._desk = Desk(self.world)
        self._sales = Sales(self.world, self._desk)
        self._pushes = Pushes(self.world)
        self.world.tell = self._tell
        self._operations, self._kinds = self._table()
        self.restore()
        if not self.store.shops:
            self.store.apps[PARTNER_ID] = App(PARTNER_ID, secrets.token_hex(32))
            self._open_shop(FIRST_SHOP_ID, self.theme.shop)
        self.keep()

    def _table(self) -> tuple[dict[tuple[str, str], Operation], dict[str, str]]:
        """All operations by method and path, and the kind of signature that each wants (shopee.md 5)."""
        items, variations = ItemWrites(self.world), VariationWrites(self.world)
        offers, reads, shop, sign_in = (
            OfferWrites(self.world),
            ItemReads(self.world),
            ShopReads(self.world),
            self._sign_in,
        )
        table: dict[tuple[str, str], Operation] = {}
        kinds: dict[str, str] = {}

        def add(
            method: str,
            name: str,
            handler: Callable[[Call], Answer],
            kind: str = SHOP,
            *,
            path: str = "",
            lists: bool = False,
            batch: bool = False,
            reads: bool = False,
        ) -> None:
            writes = method == "POST" and not reads
            operation = Operation(name, handler, method, writes, lists, batch)
            table[method, _PREFIX + (path or name.replace(".", "/", 1))] = operation
            kinds[name] = kind

        add("POST", "auth.token_get", sign_in.get_token, PUBLIC, path="auth/token/get")
        add("POST", "auth.access_token_get", sign_in.refresh_token, PUBLIC, path="auth/access_token/get")
        add("POST", "public.get_token_by_resend_code", sign_in.resend, PUBLIC)
        add("GET", "public.get_shops_by_partner", shop.get_shops_by_partner, PUBLIC)
        add("GET", "shop.get_shop_info", shop.get_shop_info)
        add("GET", "shop.get_profile", shop.get_profile)
        add("GET", "shop.get_shop_holiday_mode", shop.get_holiday_mode)
        add("GET", "shop.get_warehouse_detail", shop.get_warehouse_detail)
        add("GET", "logistics.get_channel_list", shop.get_channel_list)
        add("POST", "media_space.upload_image", shop.upload_image, EITHER, batch=True)
        add("GET", "product.get_category", shop.get_category)
        add("GET", "product.get_attribute_tree", shop.get_attribute_tree)
        add("GET", "product.get_attributes", shop.get_attributes)
        add("POST", "product.search_attribute_value_list", shop.search_attribute_value_list, reads=True)
        add("GET", "product.get_variation_tree", shop.get_variation_tree)
        add("GET", "product.get_brand_list", shop.get_brand_list)
        add("GET", "product.get_item_limit", shop.get_item_limit)
        add("POST", "product.add_item", items.add_item)
        add("POST", "product.update_item", items.update_item)
        add("POST", "product.unlist_item", items.unlist_item, batch=True)
        add("POST", "product.delete_item", items.delete_item)
        add("POST", "product.init_tier_variation", variations.init_tier_variation)
        add("POST", "product.update_tier_variation", variations.update_tier_variation)
        add("POST", "product.add_model", variations.add_model)
        add("POST", "product.update_model", variations.update_model)
        add("POST", "product.delete_model", variations.delete_model)
        add("POST", "product.update_price", offers.update_price, batch=True)
        add("POST", "product.update_stock", offers.update_stock, batch=True)
        add("GET", "product.get_item_list", reads.get_item_list, lists=True)
        add("GET", "product.search_item", reads.search_item, lists=True)
        add("GET", "product.get_item_base_info", reads.get_item_base_info)
        add("GET", "product.get_item_extra_info", reads.get_item_extra_info)
        add("GET", "product.get_model_list", reads.get_model_list)
        add("GET", "product.get_item_promotion", reads.get_item_promotion)
        add("GET", "product.get_item_violation_info", reads.get_item_violation_info)
        for name, handler, writes in Orders(self.world, self).operations():
            add("POST" if writes else "GET", name, handler, lists=name == "order.get_order_list")
        return table, kinds

    # The platform -------------------------------------------------------------------------------------

    def operation(self, method: str, path: str) -> Operation | None:
        """The operation behind an address."""
        return self._operations.get((method, path))

    def unknown(self, call: Call) -> Answer:
        """Check 1 of shopee.md 2.2."""
        return self._refuse(Refused("error_param", "path incorrect or API offline", kind="path"), "", 404)

    def admit(self, call: Call, operation: Operation) -> Answer | None:
        """Checks 2 to 16 of shopee.md 2.2."""
        self.world.settle()
        kind = self._kinds[operation.name]
        shop_id = call.one("shop_id") or ""
        if shop_id.isdigit() and int(shop_id) in self.store.shops:
            call.account = shop_id
        try:
            if kind == SHOP or (kind == EITHER and call.one("access_token")):
                app, shop = self.gate.pass_shop(call, self.clock)
                call.account = str(shop.shop_id)
            else:
                app = self.gate.pass_public(call, self.clock)
            self.gate.spend(app, self.clock.now())
        except Refused as refusal:
            return self._refuse(refusal, "")
        return None

    def failure(self, call: Call, operation: Operation, error: Exception) -> Answer:
        """A business refusal: HTTP 200 and a code with the module's prefix (shopee.md 2.2, 4)."""
        if not isinstance(error, Refused):
            raise error
        module = operation.name.split(".", 1)[0]
        return self._refuse(error, module if module in {"product", "media_space", "logistics"} else "")

    def struck(self, call: Call, operation: Operation, fault: Fault) -> Answer:
        """Injected refusals look like real ones; `fault` in the call log tells them apart."""
        if fault.kind == "rate_limited":
            refusal = Refused(
                "error_rate_limit", "Your call frequency exceeds the limit, please try later.", kind="rate"
            )
            return self._refuse(refusal, "", refused="fault")
        if fault.kind == "token_revoked":
            self._revoke_of(call)
            refusal = Refused("invalid_acceess_token", "Invalid access_token, please have a check.", kind="token")
            return self._refuse(refusal, "")
        if fault.shape == "json":
            body = self.world.envelope(error="error_server", message="Something wrong. Please try later.")
            return Answer(fault.status, body, code="error_server")
        html = f"<html><body><h1>{fault.status} Bad Gateway</h1></body></html>"
        return Answer(fault.status, content=html.encode(), content_type="text/html")

    def _revoke_of(self, call: Call) -> None:
        token, shop_id = call.one("access_token"), call.one("shop_id") or ""
        if token and shop_id.isdigit():
            self.tokens.revoke(str(int(shop_id)), access=token)

    def _refuse(self, refusal: Refused, module: str, status: int | None = None, refused: str | None = None) -> Answer:
        code = refusal.code
        if module and self.world.limits.prefix_codes and "." not in code:
            code = f"{'product' if module == 'media_space' else module}.{code}"
        body = self.world.envelope(error=code, message=refusal.message)
        body["error"] = code
        if refusal.response is not None:
            body["response"] = refusal.response
        limits = self.world.limits
        if status is None and refusal.kind in {"rate", "quota"}:
            status = limits.rate_http_status
        elif status is None and not module and (refusal.kind in _GATEWAY):
            status = limits.gateway_http_status
        return Answer(status or 200, body, refused or refusal.kind, code)

    # Control ------------------------------------------------------------------------------------------

    def account_options(self, account: str | None = None) -> dict[str, Any]:
        """Options of a shop: address, application, shop and a token pair that is good now."""
        shop = self._shop(account)
        app = self.store.apps[shop.partner_id]
        access, refresh, ends = self.tokens.current(shop)
        expires = datetime.fromtimestamp(ends, UTC)
        return {
            "base_url": self.base_url,
            "consent_url": f"{self.base_url}/auth",
            "partner_id": app.partner_id,
            "partner_key": app.partner_key,
            "shop_id": shop.shop_id,
            "access_token": access,
            "refresh_token": refresh,
            "access_expires_at": expires.isoformat(timespec="seconds").replace("+00:00", "Z"),
            "orders_lag_s": self.limits.orders_lag_s,
        }

    def listings(self, account: str | None = None) -> list[dict[str, Any]]:
        """All items, of one shop if it is named."""
        self.world.settle()
        return self._desk.listings(None if account is None else int(account) if account.isdigit() else -1)

    def edit(self, change: Mapping[str, Any]) -> dict[str, Any]:
        """A person changes something in the seller centre."""
        self.world.settle()
        return self._desk.edit(change)

    def decide(self, remote_id: str, order: Mapping[str, Any]) -> dict[str, Any]:
        """The platform decides about an item."""
        self.world.settle()
        return self._desk.decide(remote_id, order)

    def promote(self, order: Mapping[str, Any]) -> dict[str, Any]:
        """Start a promotion."""
        return self._desk.promote(order)

    def revoke_tokens(self, order: Mapping[str, Any]) -> dict[str, Any]:
        """Kill a shop's access tokens; `refresh` also its refresh tokens, `unlink` the authorisation."""
        shop = self._shop(order.get("shop_id"))
        revoked = self.tokens.revoke(str(shop.shop_id), refresh=bool(order.get("refresh")))
        if order.get("unlink"):
            shop.linked = False
        return {"revoked": revoked}

    def add_account(self, order: Mapping[str, Any]) -> dict[str, Any]:
        """Another shop of the same application, or of a new one with `partner_id`."""
        partner_id = int(order.get("partner_id") or PARTNER_ID)
        if partner_id not in self.store.apps:
            self.store.apps[partner_id] = App(partner_id, secrets.token_hex(32))
        shop_id = int(order.get("shop_id") or max(self.store.shops) + 1)
        if shop_id in self.store.shops:
            raise ControlError(f"There is a shop {shop_id} already.")
        shop = self._open_shop(
            shop_id, str(order.get("name") or f"Toko Orange {len(self.store.shops) + 1}"), partner_id
        )
        return self.account_options(str(shop.shop_id))

    def grant(self, order: Mapping[str, Any]) -> dict[str, Any]:
        """Consent without a browser: a code, and the address with it if `redirect` is given.

        With `resend: true` a resend code, as a seller gets one in the console (shopee.md 3.2).
        """
        shop = self._shop(order.get("shop_id"))
        redirect = order.get("redirect")
        if order.get("resend"):
            return {"resend_code": self.tokens.code(shop, resend=True), "shop_id": shop.shop_id}
        if not redirect:
            return {"code": self._sign_in.authorise(shop), "shop_id": shop.shop_id}
        return {"url": self._sign_in.consent(shop, str(redirect), str(order.get("state") or ""))}

    def usage(self) -> dict[str, Any]:
        """Calls used and refused, by application."""
        return {str(partner_id): asdict(budget) for partner_id, budget in self.gate.budgets.items()}

    def clear(self) -> None:
        """Empty all shops."""
        self.store.clear()
        self.gate.budgets.clear()

    def _open_shop(self, shop_id: int, name: str, partner_id: int = PARTNER_ID) -> Shop:
        now = self.clock.now()
        shop = Shop(shop_id, name, partner_id, now, now + _YEAR_S)
        self.store.shops[shop_id] = shop
        self.tokens.pair(shop)
        return shop

    def _shop(self, account: object) -> Shop:
        if account is None:
            return next(iter(self.store.shops.values()))
        shop = self.store.shops.get(int(account)) if str(account).isdigit() else None  # type: ignore[call-overload]
        if shop is None:
            raise ControlError(f"There is no shop {account}.")
        return shop

    # Orders -------------------------------------------------------------------------------------------

    def for_sale(self, wanted: Mapping[str, Any]) -> ForSale:
        """One offer as a buyer finds it."""
        self.world.settle()
        return self._sales.for_sale(wanted)

    def move_stock(self, offer: ForSale, pieces: int) -> int:
        """Move the seller's stock."""
        return self._sales.move_stock(offer, pieces)

    def new_order_id(self) -> str:
        """The next `order_sn`."""
        return self._sales.order_sn()

    def webhook_app(self, account: str) -> str:
        """Pushes go to one address for each app, for all its shops (shopee.md 8.1)."""
        return str(self.store.shops[int(account)].partner_id)

    def order_letters(self, order: SoldOrder, address: Address) -> Sequence[Letter]:
        """The pushes about an order."""
        return list(self._pushes.of_order(order, self._sales.reserved, address))

    def tell_order(self, order: SoldOrder) -> None:
        """Push what happened to an order, and to what promotions hold."""
        super().tell_order(order)
        self._sales.reserved.clear()

    def _tell(self, shop_id: int, code: int, data: Mapping[str, Any]) -> None:
        address = self.address_of(str(shop_id))
        if address is not None:
            self.send([self._pushes.letter(shop_id, code, data, address, str(data.get("item_id", "")))])

    # Window -------------------------------------------------------------------------------------------

    def window(self, account: str | None, search: str) -> Sequence[WindowProduct]:
        """What buyers see."""
        self.world.settle()
        return self._desk.window(self._window_shop(account), search)

    def window_product(self, account: str | None, product_id: str) -> WindowProduct | None:
        """One product as buyers see it."""
        self.world.settle()
        return self._desk.window_product(self._window_shop(account), product_id)

    def window_name(self, account: str | None) -> str:
        """The shop's name."""
        shop = self.store.shops.get(self._window_shop(account))
        return shop.name if shop else self.theme.shop

    def _window_shop(self, account: str | None) -> int:
        if account and account.isdecimal():
            return int(account)
        return next(iter(self.store.shops))

    def file(self, file_id: str) -> tuple[bytes, str] | None:
        """An uploaded picture; `_tn` at its end asks for the thumbnail, here the same."""
        picture = self.store.pictures.get(file_id.removesuffix("_tn"))
        return (picture.content, picture.content_type) if picture else None

    def page(self, call: Call) -> Page | None:
        """The consent pages."""
        return self._sign_in.page(call)

    # Keeping ------------------------------------------------------------------------------------------

    def changes(self) -> Mapping[str, Any]:
        """Changed items and pictures, and always the small rest."""
        pieces: dict[str, Any] = {
            "apps": [asdict(app) for app in self.store.apps.values()],
            "shops": [{**asdict(shop), "items": {}} for shop in map(_without_items, self.store.shops.values())],
            "tokens": self.tokens.to_json(),
            "counters": self.store.counters(),
        }
        for key in self.store.dirty:
            kind, _, name = key.partition(":")
            if kind == "item":
                item = self.store.find(int(name))
                pieces[key] = item_to_json(item) if item else None
            else:
                picture = self.store.pictures.get(name)
                pieces[key] = _picture_to_json(picture) if picture else None
        self.store.dirty.clear()
        return pieces

    def take_back(self, pieces: Mapping[str, Any]) -> None:
        """Rebuild shops, tokens, items and pictures."""
        if not pieces:
            return
        for app in pieces["apps"]:
            self.store.apps[app["partner_id"]] = App(**app)
        for shop in pieces["shops"]:
            self.store.shops[shop["shop_id"]] = Shop(**shop)
        self.tokens.from_json(pieces["tokens"])
        self.store.set_counters(pieces["counters"])
        for key, piece in sorted(pieces.items(), key=lambda entry: (len(entry[0]), entry[0])):
            if key.startswith("picture:"):
                picture = Picture(**{**piece, "content": base64.b64decode(piece["content"])})
                self.store.pictures[picture.image_id] = picture
            elif key.startswith("item:"):
                item = item_from_json(piece)
                self.store.put(item, at=item.created)
        self.store.dirty.clear()


def _without_items(shop: Shop) -> Shop:
    return Shop(shop.shop_id, shop.name, shop.partner_id, shop.auth_time, shop.expire_time, shop.linked, shop.banned)


def _picture_to_json(picture: Picture) -> dict[str, Any]:
    return {
        "image_id": picture.image_id,
        "content": base64.b64encode(picture.content).decode(),
        "content_type": picture.content_type,
        "width": picture.width,
        "height": picture.height,
    }
