"""Which operations there are, at which addresses, and what each asks of its caller (tiktok_shop.md 2)."""

from __future__ import annotations

import re
from collections.abc import Callable

from connectors.tiktok_shop.sandbox_auth import SignIn
from connectors.tiktok_shop.sandbox_events import Webhooks
from connectors.tiktok_shop.sandbox_fields import Refused
from connectors.tiktok_shop.sandbox_life import LifeWrites
from connectors.tiktok_shop.sandbox_media import Media
from connectors.tiktok_shop.sandbox_offers import OfferWrites
from connectors.tiktok_shop.sandbox_orders import OrderReads
from connectors.tiktok_shop.sandbox_products import ProductWrites
from connectors.tiktok_shop.sandbox_reads import ProductReads
from connectors.tiktok_shop.sandbox_shop import ShopReads
from connectors.tiktok_shop.sandbox_world import World
from syncer.sdk.sandbox import Answer, Call, Operation

AUTHORIZATION, READ = "seller.authorization.info", "seller.product.basic"
WRITE, DELETE = "seller.product.write", "seller.product.delete"
ORDER, LOGISTICS = "seller.order.info", "seller.logistics"

_VERSION = re.compile(r"\d{6}")
_PRODUCTS = "/product/202309/products"
_CATEGORIES = "/product/202309/categories"


class Table:
    """All operations. `scopes` has for each, by name, the scope it needs and whether it is for one shop."""

    def __init__(self, world: World, sign_in: SignIn, webhooks: Webhooks, orders: OrderReads) -> None:
        self.scopes: dict[str, tuple[str, bool]] = {}
        self._operations: dict[tuple[str, str], Operation] = {}
        self._add_sign_in(sign_in)
        self._add_shop(ShopReads(world), Media(world))
        self._add_content(ProductWrites(world), ProductReads(world, orders.committed))
        self._add_orders(orders)
        self._add_numbers(OfferWrites(world), LifeWrites(world))
        self._add_events(webhooks)

    def find(self, method: str, path: str) -> Operation | None:
        """The operation behind an address."""
        return self._operations.get((method, path)) or self._operations.get((method, _template(path)))

    def addresses(self) -> list[tuple[str, str]]:
        """All methods and paths; `{id}` stands for an id."""
        return list(self._operations)

    def refusal(self, path: str) -> Refused:
        """Why there is no operation: a wrong method, version or path (tiktok_shop.md 15)."""
        known = {path for _, path in self._operations}
        asked = {path, _template(path)}
        if asked & known:
            return Refused(36009010, "The method is invalid.", kind="path", status=405)
        if {_VERSION.sub("*", one, count=1) for one in asked} & {_VERSION.sub("*", one, count=1) for one in known}:
            return Refused(36009014, "The API version is invalid.", kind="path", status=404)
        return Refused(36009009, "The path is invalid.", kind="path", status=404)

    def _add(
        self,
        call: str,
        name: str,
        handler: Callable[[Call], Answer],
        scope: str,
        *,
        by_shop: bool = True,
        writes: bool = False,
        lists: bool = False,
        batch: bool = False,
    ) -> None:
        method, path = call.split()
        self._operations[method, path] = Operation(name, handler, method, writes, lists, batch)
        self.scopes[name] = (scope, by_shop)

    def _add_sign_in(self, sign_in: SignIn) -> None:
        # They are GET calls, but a code is used up and a refresh token exchanged.
        path = "GET /api/v2/token"
        self._add(f"{path}/get", "auth.token_get", sign_in.get_token, "", by_shop=False, writes=True)
        self._add(f"{path}/refresh", "auth.token_refresh", sign_in.refresh_token, "", by_shop=False, writes=True)

    def _add_shop(self, shop: ShopReads, media: Media) -> None:
        for path, name, handler in (
            ("/authorization/202309/shops", "authorization.shops", shop.authorized_shops),
            ("/seller/202309/shops", "seller.shops", shop.active_shops),
        ):
            self._add(f"GET {path}", name, handler, AUTHORIZATION, by_shop=False)
        for version in ("202309", "202312"):
            self._add(f"GET /product/{version}/prerequisites", "product.prerequisites", shop.prerequisites, READ)
        path = "/logistics/202309/warehouses"
        self._add(f"GET {path}", "logistics.warehouses", shop.warehouses, LOGISTICS)
        self._add(f"GET {path}/{{id}}/delivery_options", "logistics.delivery_options", shop.delivery_options, LOGISTICS)
        self._add(f"GET {_CATEGORIES}", "product.categories", shop.categories, READ)
        self._add(f"POST {_CATEGORIES}/recommend", "product.recommend_category", shop.recommend, READ)
        self._add(f"GET {_CATEGORIES}/{{id}}/attributes", "product.attributes", shop.attributes, READ)
        self._add(f"GET {_CATEGORIES}/{{id}}/rules", "product.rules", shop.rules, READ)
        self._add("GET /product/202309/brands", "product.brands", shop.brands, READ)
        for path, name, handler in (
            ("brands", "product.create_brand", shop.create_brand),
            ("images/upload", "product.upload_image", media.upload_image),
            ("files/upload", "product.upload_file", media.upload_file),
        ):
            self._add(f"POST /product/202309/{path}", name, handler, WRITE, by_shop=False, writes=True)

    def _add_content(self, products: ProductWrites, reads: ProductReads) -> None:
        self._add(f"POST {_PRODUCTS}/listing_check", "product.listing_check", products.listing_check, READ)
        self._add(f"POST {_PRODUCTS}", "product.create", products.create, WRITE, writes=True)
        for version in ("202309", "202509"):
            path = f"/product/{version}/products/{{id}}"
            self._add(f"PUT {path}", "product.edit", products.edit, WRITE, writes=True)
            self._add(f"POST {path}/partial_edit", "product.partial_edit", products.partial_edit, WRITE, writes=True)
        self._add(f"GET {_PRODUCTS}/{{id}}", "product.get", reads.get, READ)
        for version in ("202309", "202312", "202502"):
            self._add(f"POST /product/{version}/products/search", "product.search", reads.search, READ, lists=True)
        self._add("POST /product/202309/inventory/search", "product.inventory_search", reads.inventory, READ)

    def _add_orders(self, orders: OrderReads) -> None:
        self._add("POST /order/202309/orders/search", "order.search", orders.search, ORDER, lists=True)
        for version in ("202309", "202507"):
            self._add(f"GET /order/{version}/orders", "order.get", orders.get, ORDER)

    def _add_numbers(self, offers: OfferWrites, life: LifeWrites) -> None:
        path, name = f"POST {_PRODUCTS}/{{id}}", "product.update_inventory"
        self._add(f"{path}/prices/update", "product.update_price", offers.update_price, WRITE, writes=True)
        self._add(f"{path}/inventory/update", name, offers.update_inventory, WRITE, writes=True, batch=True)
        for call, name, handler, scope in (
            (f"POST {_PRODUCTS}/activate", "product.activate", life.activate, WRITE),
            (f"POST {_PRODUCTS}/deactivate", "product.deactivate", life.deactivate, WRITE),
            (f"POST {_PRODUCTS}/recover", "product.recover", life.recover, DELETE),
            (f"DELETE {_PRODUCTS}", "product.delete", life.delete, DELETE),
        ):
            self._add(call, name, handler, scope, writes=True, batch=True)

    def _add_events(self, webhooks: Webhooks) -> None:
        path = "/event/202309/webhooks"
        self._add(f"GET {path}", "event.webhooks", webhooks.list_all, AUTHORIZATION)
        self._add(f"PUT {path}", "event.set_webhook", webhooks.set_one, AUTHORIZATION, writes=True)
        self._add(f"DELETE {path}", "event.delete_webhook", webhooks.delete_one, AUTHORIZATION, writes=True)


def _template(path: str) -> str:
    """A path with `{id}` as its fourth part, where ids always stand (tiktok_shop.md 2)."""
    parts = path.split("/")
    return "/".join([*parts[:4], "{id}", *parts[5:]]) if len(parts) > 4 and parts[4].isdigit() else path
