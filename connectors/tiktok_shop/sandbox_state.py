"""The truth of the TikTok Shop sandbox: one product record for two storefronts (tiktok_shop.md 1, 11).

What buyers read (`Content`) exists in up to three versions: the base version, one under audit, and a draft saved
after going live. Prices and stock (`Offer`) are outside of them: they change at once, without audit (9).
A product in the store is never changed in place: a handler works on a copy and puts it back when every check has
passed. So a refused call leaves nothing behind, and older versions stay readable (`stale_read`).
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from syncer.sdk.sandbox.clock import Clock

DRAFT, PENDING, FAILED, ACTIVATE = "DRAFT", "PENDING", "FAILED", "ACTIVATE"
SELLER_DEACTIVATED, PLATFORM_DEACTIVATED = "SELLER_DEACTIVATED", "PLATFORM_DEACTIVATED"
FREEZE, DELETED = "FREEZE", "DELETED"
STATUSES = frozenset({DRAFT, PENDING, FAILED, ACTIVATE, SELLER_DEACTIVATED, PLATFORM_DEACTIVATED, FREEZE, DELETED})
OFF = frozenset({SELLER_DEACTIVATED, PLATFORM_DEACTIVATED})

NONE, AUDITING, PRE_APPROVED, APPROVED = "NONE", "AUDITING", "PRE_APPROVED", "APPROVED"

_KEEP_VERSIONS = 64
_FIRST_ID = 1729592969712207000


@dataclass(frozen=True, slots=True)
class Sale:
    """One sales attribute of a SKU, with the picture of its value if it has one."""

    id: str
    name: str
    value_id: str
    value_name: str
    image: str = ""


@dataclass(frozen=True, slots=True)
class Sku:
    """One version of a product as its content describes it. `pre_sale_days` 0: not made to order."""

    id: str
    seller_sku: str = ""
    external_sku_id: str = ""
    sales: tuple[Sale, ...] = ()
    code: str = ""
    code_type: str = ""
    pre_sale_days: int = 0

    @property
    def label(self) -> str:
        """The values of its sales attributes, as a buyer reads them."""
        return " / ".join(sale.value_name for sale in self.sales)


@dataclass(frozen=True, slots=True)
class Content:
    """What goes to audit. Nested dictionaries are replaced, never changed in place."""

    title: str = ""
    description: str = ""
    category_id: str = ""
    brand_id: str = ""
    images: tuple[str, ...] = ()
    video_id: str = ""
    attributes: tuple[dict[str, Any], ...] = ()
    weight: dict[str, str] = field(default_factory=dict)
    dimensions: dict[str, str] = field(default_factory=dict)
    certifications: tuple[dict[str, Any], ...] = ()
    size_chart: dict[str, Any] = field(default_factory=dict)
    cod: bool = False
    delivery_options: tuple[str, ...] = ()
    shipping_template: str = ""
    insurance: str = ""
    pre_owned: bool = False
    minimum_order: int = 1
    external_id: str = ""
    skus: tuple[Sku, ...] = ()

    def sku(self, sku_id: str) -> Sku | None:
        """A SKU of this version."""
        return next((sku for sku in self.skus if sku.id == sku_id), None)


@dataclass(slots=True)
class Offer:
    """Price in whole rupiah, and sellable pieces by warehouse (tiktok_shop.md 10)."""

    price: int = 0
    stock: dict[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """Sellable pieces in all warehouses."""
        return sum(self.stock.values())


@dataclass(frozen=True, slots=True)
class Place:
    """How a product stands on one storefront."""

    status: str
    audit: str = NONE
    reasons: tuple[dict[str, Any], ...] = ()
    pre_approved: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Promotion:
    """A promotion that locks price, stock or both, and may hold some `quantity` of the stock (tiktok_shop.md 10, 15).

    Nobody is told when it ends. What it holds is still part of what is available.
    """

    id: str
    starts: float
    ends: float
    locks: tuple[str, ...]
    sku_id: str = ""
    quantity: int = 0


@dataclass(slots=True)
class Product:
    """One listing. `requested` are the storefronts of the last request, `audited` those whose audit runs."""

    id: str
    shop_id: str
    created: float
    updated: float
    base: Content
    offers: dict[str, Offer] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)
    requested: tuple[str, ...] = ()
    pending: Content | None = None
    draft: Content | None = None
    audited: tuple[str, ...] = ()
    audit_until: float | None = None
    was_live: bool = False
    promotions: tuple[Promotion, ...] = ()

    def copy(self) -> Product:
        """A copy to work on."""
        offers = {key: Offer(offer.price, dict(offer.stock)) for key, offer in self.offers.items()}
        return replace(self, offers=offers, places=dict(self.places))

    def on(self, *statuses: str) -> tuple[str, ...]:
        """The storefronts where it stands at one of these statuses."""
        return tuple(platform for platform, place in self.places.items() if place.status in statuses)

    @property
    def deleted(self) -> bool:
        """Whether it is deleted."""
        return bool(self.places) and all(place.status == DELETED for place in self.places.values())


@dataclass(slots=True)
class App:
    """An application of the Partner Center: the owner of keys and rate limits."""

    app_key: str
    app_secret: str
    service_id: str
    name: str = "Syncer"


@dataclass(slots=True)
class Shop:
    """One seller with the one shop that a local seller has (tiktok_shop.md 4.4)."""

    id: str
    name: str
    cipher: str
    code: str
    open_id: str
    app_key: str
    linked: bool = True
    disabled: bool = False
    created_today: int = 0
    day: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """An uploaded picture, as the server adjusted it."""

    uri: str
    content: bytes
    content_type: str
    width: int
    height: int
    use_case: str


@dataclass(frozen=True, slots=True)
class Document:
    """An uploaded PDF or video."""

    id: str
    name: str
    format: str
    content: bytes


class Store:
    """All shops, indexed; remembers for each product how it looked before."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.apps: dict[str, App] = {}
        self.shops: dict[str, Shop] = {}
        self.products: dict[str, dict[str, Product]] = {}
        self.pictures: dict[str, Picture] = {}
        self.documents: dict[str, Document] = {}
        self.brands: dict[str, str] = {}
        self.webhooks: dict[str, dict[str, dict[str, Any]]] = {}
        self.keys: dict[str, str] = {}
        self.names: dict[str, str] = {}
        self.titles: dict[str, str] = {}
        self.order_kinds: dict[str, str] = {}
        self.dirty: set[str] = set()
        self.next_id = _FIRST_ID
        self._versions: dict[str, deque[tuple[float, Product]]] = {}
        self._audits: list[tuple[float, str, str]] = []

    def new_id(self) -> str:
        """The next id: a text of 19 digits, too long for a float (tiktok_shop.md 2.1)."""
        self.next_id += 8
        return str(self.next_id)

    def named_id(self, kind: str, name: str) -> str:
        """The id that the system gives a self-defined name; the same name keeps it."""
        key = f"{kind}:{name.strip().lower()}"
        if key not in self.names:
            self.names[key] = self.new_id()
            self.titles[self.names[key]] = name
        return self.names[key]

    # Products -----------------------------------------------------------------------------------------

    def put(self, product: Product, at: float | None = None) -> None:
        """Make this version of a product the present one."""
        moment = self._clock.now() if at is None else at
        self.products.setdefault(product.shop_id, {})[product.id] = product
        self._versions.setdefault(product.id, deque(maxlen=_KEEP_VERSIONS)).append((moment, product))
        self.dirty.add(f"product:{product.id}")
        if product.audited and product.audit_until is not None:
            heapq.heappush(self._audits, (product.audit_until, product.shop_id, product.id))

    def get(self, shop_id: str, product_id: str, as_of: float | None = None) -> Product | None:
        """A product now, or as it looked at `as_of`."""
        product = self.products.get(shop_id, {}).get(product_id)
        if product is None or as_of is None:
            return product
        if product.created > as_of:
            return None
        versions = self._versions[product_id]
        return next((version for moment, version in reversed(versions) if moment <= as_of), versions[0][1])

    def all(self, shop_id: str, as_of: float | None = None) -> Iterator[Product]:
        """All products of a shop, newest first, now or as they looked at `as_of`."""
        for product_id in reversed(self.products.get(shop_id, {})):
            product = self.get(shop_id, product_id, as_of)
            if product is not None:
                yield product

    def find(self, product_id: str) -> Product | None:
        """A product of any shop."""
        return next((products[product_id] for products in self.products.values() if product_id in products), None)

    def due_audits(self) -> Iterator[Product]:
        """Products whose audit has ended by now, each once."""
        now = self._clock.now()
        while self._audits and self._audits[0][0] <= now:
            until, shop_id, product_id = heapq.heappop(self._audits)
            product = self.products.get(shop_id, {}).get(product_id)
            if product is not None and product.audited and product.audit_until == until:
                yield product

    def clear(self) -> None:
        """Forget products, pictures and documents; ids go on."""
        for products in self.products.values():
            self.dirty.update(f"product:{product_id}" for product_id in products)
        self.dirty.update(f"picture:{uri}" for uri in self.pictures)
        self.products.clear()
        self.pictures.clear()
        self.documents.clear()
        self.brands.clear()
        self.webhooks.clear()
        self.keys.clear()
        self.order_kinds.clear()
        self._versions.clear()
        self._audits.clear()


def product_to_json(product: Product) -> dict[str, Any]:
    """A product as plain JSON data."""
    return asdict(product)


def product_from_json(data: Mapping[str, Any]) -> Product:
    """The product that `product_to_json` wrote down."""
    values = dict(data)
    for version in ("base", "pending", "draft"):
        values[version] = _content_from_json(values[version]) if values[version] is not None else None
    values["offers"] = {key: Offer(**offer) for key, offer in values["offers"].items()}
    values["places"] = {
        key: Place(place["status"], place["audit"], tuple(place["reasons"]), tuple(place["pre_approved"]))
        for key, place in values["places"].items()
    }
    values["promotions"] = tuple(
        Promotion(**{**entry, "locks": tuple(entry["locks"])}) for entry in values["promotions"]
    )
    return Product(**{**values, "requested": tuple(values["requested"]), "audited": tuple(values["audited"])})


def _content_from_json(data: Mapping[str, Any]) -> Content:
    skus = tuple(Sku(**{**sku, "sales": tuple(Sale(**sale) for sale in sku["sales"])}) for sku in data["skus"])
    lists = {name: tuple(data[name]) for name in ("images", "attributes", "certifications", "delivery_options")}
    return Content(**{**data, **lists, "skus": skus})
