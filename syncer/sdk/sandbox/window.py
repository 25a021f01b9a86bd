"""The shop window under `/shop`: what a buyer would see. Server-rendered, mobile first, Bahasa Indonesia.

Works without JavaScript; with it, the page follows changes by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, partial
from importlib.resources import files
from typing import Any
from urllib.parse import quote, urlencode

from jinja2 import Environment, PackageLoader, PrefixLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from syncer.sdk.sandbox.base import Page, Sandbox, Theme, WindowProduct
from syncer.sdk.sandbox.guard import API_HEADERS, page_headers
from syncer.sdk.sandbox.orders import OrderError

PAGE_SIZE = 48

_BASE = "syncer.sdk.sandbox"
_DARK = "--ink:#f3f1f2;--soft:#a8a3a7;--line:#2d2d33;--paper:#18181c;--bar:#000;--leaf:#000;color-scheme:dark"
_STATIC = {"style.css": "text/css; charset=utf-8", "live.js": "text/javascript; charset=utf-8"}


def money(amount: float, currency: str) -> str:
    """`185000` IDR as `Rp 185.000`; other currencies with two places, as `EUR 12,50`."""
    if currency == "IDR":
        return "Rp " + f"{amount:,.0f}".replace(",", ".")
    return f"{currency} " + f"{amount:,.2f}".translate(str.maketrans(",.", ".,"))


def amount(value: float, currency: str) -> str:
    """The number of :func:`money` alone, for the end of a range: `Rp 185.000 – 195.000` fits on one line."""
    return money(value, currency).partition(" ")[2]


@cache
def _static(name: str) -> bytes:
    return files(f"{_BASE}.templates").joinpath(name).read_bytes()


def _environment(own: str | None, currency: str) -> Environment:
    loaders = {"base": PackageLoader(_BASE, "templates")}
    if own:
        loaders["own"] = PackageLoader(own, "templates")
    environment = Environment(
        loader=PrefixLoader(loaders),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["money"] = partial(money, currency=currency)
    environment.filters["amount"] = partial(amount, currency=currency)
    return environment


@dataclass(frozen=True, slots=True)
class _View:
    """Which shop is looked at, and on which storefront (None: the first one)."""

    account: str | None = None
    storefront: str | None = None

    def address(self, path: str = "", **more: Any) -> str:
        """The address of a page in the same view."""
        pairs = [("shop_id", self.account), ("on", self.storefront), *more.items()]
        query = urlencode([(key, value) for key, value in pairs if value])
        return f"/shop{path}?{query}" if query else f"/shop{path}"


class Window:
    """Pages of one sandbox."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._environment = _environment(sandbox.templates, sandbox.theme.currency)

    def page(self, page: Page) -> Response:
        """Show a page of the platform, or follow its redirect."""
        headers = page_headers(page.leaves_to)
        if page.location is not None:
            return RedirectResponse(page.location, status_code=303, headers=headers)
        return self._render(page.template, page.status, page.values, headers)

    def answer(self, request: Request) -> Response | None:
        """A page or file of the window, None if the address belongs to the platform."""
        path: str = request.scope["path"]
        if path == "/":
            return RedirectResponse("/shop", status_code=303, headers=page_headers())
        if path == "/favicon.ico":
            return RedirectResponse("/shop/icon.svg", status_code=303, headers=page_headers())
        if path.startswith("/file/"):
            return self._file(path.removeprefix("/file/"))
        if path != "/shop" and not path.startswith("/shop/"):
            return None
        return self._shop(path.removeprefix("/shop").strip("/"), request)

    async def buy(self, request: Request) -> Response | None:
        """The buy button: an order is placed, and the page says thank you, or sorry. None: no such address."""
        path: str = request.scope["path"]
        name, _, action = path.removeprefix("/shop/").partition("/")
        if not path.startswith("/shop/") or action != "buy":
            return None
        view = self._view(request)
        offer = ""
        with suppress(Exception):
            offer = str((await request.form(max_files=0, max_fields=10)).get("offer") or "")
        try:
            order = self._sandbox.buy(view.storefront, view.account, name, offer)
        except OrderError:
            return self._show(view, name, {}, sorry=True)
        # A redirect, so that a page which loads itself again buys nothing twice.
        address = view.address(f"/{quote(name)}", order=order)
        return RedirectResponse(address, status_code=303, headers=page_headers())

    def _view(self, request: Request) -> _View:
        storefront = request.query_params.get("on")
        known = storefront if storefront in self._sandbox.storefronts else None
        return _View(request.query_params.get("shop_id"), known)

    def _show(self, view: _View, name: str, asked: Mapping[str, str], *, sorry: bool = False) -> Response:
        """A product's page; after a purchase with thanks, or with regrets and the status of a conflict (409)."""
        order = asked.get("order", "")[:80]
        product = self._product(view, name)
        if product is None:
            return self._render("base/missing.html", 404, self._frame(view))
        sold = self._sandbox.book.get(order) if order else None
        thanks = order if sold and any(line.offer.listing_id == name for line in sold.lines) else ""
        values = {
            "product": product,
            "sells": self._sandbox.order_words is not None,
            "buy_at": view.address(f"/{name}/buy"),
            "thanks": thanks,
            "sorry": sorry,
        }
        return self._render("base/product.html", 409 if sorry else 200, {**self._frame(view), **values})

    def _shop(self, name: str, request: Request) -> Response:
        view = self._view(request)
        if name == "":
            return self._grid(view, request)
        if name == "pulse":
            return JSONResponse({"revision": self._sandbox.revision}, headers=API_HEADERS)
        if name == "theme.css":
            return self._theme(self._theme_of(view))
        if name == "icon.svg":
            icon = _static(name).replace(b"ACCENT", self._theme_of(view).accent.encode())
            return Response(icon, headers=API_HEADERS, media_type="image/svg+xml")
        if name in _STATIC:
            return Response(_static(name), headers=API_HEADERS, media_type=_STATIC[name])
        return self._show(view, name, request.query_params)

    def _product(self, view: _View, name: str) -> WindowProduct | None:
        if view.storefront is None:
            return self._sandbox.window_product(view.account, name)
        return self._sandbox.window_product_on(view.storefront, view.account, name)

    def _products(self, view: _View, search: str) -> Sequence[WindowProduct]:
        """What buyers see, by words of its name as the platform finds it, and by an SKU or its beginning."""
        named = self._seen(view, search)
        if not search:
            return named
        ids, start = {product.id for product in named}, search.casefold()
        return [
            product
            for product in self._seen(view, "")
            if product.id in ids or any(offer.sku.casefold().startswith(start) for offer in product.offers)
        ]

    def _seen(self, view: _View, search: str) -> Sequence[WindowProduct]:
        if view.storefront is None:
            return self._sandbox.window(view.account, search)
        return self._sandbox.window_on(view.storefront, view.account, search)

    def _grid(self, view: _View, request: Request) -> Response:
        search = request.query_params.get("q", "").strip()[:100]
        wanted = request.query_params.get("page", "1")
        products = self._products(view, search)
        pages = max(1, -(-len(products) // PAGE_SIZE))
        number = min(max(1, int(wanted) if wanted.isdigit() and len(wanted) < 6 else 1), pages)
        values = {
            **self._frame(view),
            "search": search,
            "total": len(products),
            "products": products[(number - 1) * PAGE_SIZE : number * PAGE_SIZE],
            "number": number,
            "pages": pages,
            "link": lambda page: view.address(q=search, page=page),
        }
        return self._render("base/shop.html", 200, values)

    def _theme_of(self, view: _View) -> Theme:
        return self._sandbox.storefronts[view.storefront] if view.storefront else self._sandbox.theme

    def _frame(self, view: _View) -> dict[str, Any]:
        sandbox = self._sandbox
        views = [_View(view.account, name) for name in (None, *sandbox.storefronts)]
        return {
            "theme": self._theme_of(view),
            "shop_name": sandbox.window_name(view.account),
            "view": view,
            "search": "",
            "revision": sandbox.revision,
            "places": [(self._theme_of(other).place, other.address(), other == view) for other in views],
        }

    def _file(self, file_id: str) -> Response:
        found = self._sandbox.file(file_id)
        if found is None:
            return JSONResponse({"error": "There is no such file."}, status_code=404, headers=API_HEADERS)
        headers = {**API_HEADERS, "Cache-Control": "public, max-age=31536000, immutable"}
        return Response(found[0], headers=headers, media_type=found[1])

    def _theme(self, theme: Theme) -> Response:
        dark = _DARK if theme.dark else ""
        css = f":root{{--accent:{theme.accent};--accent-dark:{theme.accent_dark};--tint:{theme.tint};{dark}}}"
        return Response(css, headers=API_HEADERS, media_type="text/css; charset=utf-8")

    def _render(self, template: str, status: int, values: Any, headers: dict[str, str] | None = None) -> Response:
        html = self._environment.get_template(template).render(**{**self._frame(_View()), **values})
        return Response(html, status, headers or page_headers(), media_type="text/html; charset=utf-8")
