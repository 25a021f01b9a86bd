"""The truth of the Shopee sandbox: applications, shops, items, models, and how they looked a moment ago.

An item in the store is never changed in place: a handler works on a copy and puts it back when every check
has passed. So a refused call leaves nothing behind, and older versions stay readable (`stale_read`).
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from syncer.sdk.sandbox.clock import Clock

LIVE = "NORMAL"
HIDDEN = "UNLIST"
REVIEW = "REVIEWING"
BANNED = "BANNED"
SELLER_DELETE = "SELLER_DELETE"
SHOPEE_DELETE = "SHOPEE_DELETE"
DELETED = frozenset({SELLER_DELETE, SHOPEE_DELETE})
STATUSES = frozenset({LIVE, HIDDEN, REVIEW, BANNED, *DELETED})

KEEP_DELETED_S = 90 * 86400
"""A deleted item stays readable for 90 days (shopee.md 5.17, 5.22)."""

_KEEP_VERSIONS = 64


@dataclass(slots=True)
class Model:
    """One version of an item (shopee.md 5.9). `weight` in kg, `price` in whole rupiah."""

    model_id: int
    tier_index: tuple[int, ...]
    sku: str
    price: int
    stock: int
    weight: float | None = None
    dimension: dict[str, int] | None = None
    gtin: str = ""


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a tier, with its picture on the first tier."""

    name: str
    image_id: str = ""
    option_id: int = 0


@dataclass(frozen=True, slots=True)
class Tier:
    """One axis of variation."""

    name: str
    options: tuple[Option, ...]
    variation_id: int = 0


@dataclass(frozen=True, slots=True)
class Promotion:
    """A promotion that locks fields and may hold pieces (shopee.md 5.15, 5.16, 7)."""

    promotion_id: int
    kind: str
    starts: float
    ends: float
    locks: tuple[str, ...]
    model_id: int | None = None
    reserved: int = 0


@dataclass(slots=True)
class Item:
    """One listing. Nested lists and dictionaries are replaced, never changed in place."""

    item_id: int
    shop_id: int
    name: str
    description: str
    category_id: int
    price: int
    stock: int
    weight: float
    images: tuple[str, ...]
    created: float
    updated: float
    status: str = LIVE
    sku: str = ""
    dimension: dict[str, int] | None = None
    image_ratio: str = "1:1"
    logistics: tuple[dict[str, Any], ...] = ()
    attributes: tuple[dict[str, Any], ...] = ()
    brand: dict[str, Any] = field(default_factory=lambda: {"brand_id": 0, "original_brand_name": "NoBrand"})
    condition: str = "NEW"
    pre_order: dict[str, Any] = field(default_factory=lambda: {"is_pre_order": False})
    dangerous: int = 0
    gtin: str = ""
    wholesale: tuple[dict[str, Any], ...] = ()
    size_chart: str = ""
    purchase_limit: dict[str, Any] | None = None
    tiers: tuple[Tier, ...] = ()
    models: dict[int, Model] = field(default_factory=dict)
    review_until: float | None = None
    after_review: str = LIVE
    was_live: bool = False
    hidden_by_platform: bool = False
    violation: dict[str, Any] | None = None
    promotions: tuple[Promotion, ...] = ()
    deleted: float | None = None

    def copy(self) -> Item:
        """A copy to work on."""
        return replace(self, models={key: replace(model) for key, model in self.models.items()})

    def model_name(self, model: Model) -> str:
        """The option names of a model, joined by a comma as order lines show them."""
        names = []
        for tier, index in zip(self.tiers, model.tier_index, strict=False):
            names.append(tier.options[index].name if index < len(tier.options) else "")
        return ",".join(names)

    def prices(self) -> list[int]:
        """Prices that a buyer can pay."""
        return [model.price for model in self.models.values()] or [self.price]


@dataclass(slots=True)
class App:
    """An application of the open platform: the owner of keys, tokens and the rate limit."""

    partner_id: int
    partner_key: str
    name: str = "Syncer"


@dataclass(slots=True)
class Shop:
    """One shop and its authorisation for one application."""

    shop_id: int
    name: str
    partner_id: int
    auth_time: float
    expire_time: float
    linked: bool = True
    banned: bool = False
    items: dict[int, Item] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Picture:
    """An uploaded picture."""

    image_id: str
    content: bytes
    content_type: str
    width: int
    height: int


class Store:
    """All shops, indexed; remembers for each item how it looked before."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.apps: dict[int, App] = {}
        self.shops: dict[int, Shop] = {}
        self.pictures: dict[str, Picture] = {}
        self.dirty: set[str] = set()
        self._versions: dict[int, deque[tuple[float, Item]]] = {}
        self._reviews: list[tuple[float, int, int]] = []
        self._next_item = 24550001001
        self._next_model = 245500010011
        self._next_promotion = 70011

    # Numbers ------------------------------------------------------------------------------------------

    def new_item_id(self) -> int:
        """The next item id; ids exceed 2^31 (shopee.md gotcha 10)."""
        self._next_item += 1
        return self._next_item - 1

    def new_model_id(self) -> int:
        """The next model id."""
        self._next_model += 1
        return self._next_model - 1

    def new_promotion_id(self) -> int:
        """The next promotion id."""
        self._next_promotion += 1
        return self._next_promotion - 1

    # Items --------------------------------------------------------------------------------------------

    def put(self, item: Item, at: float | None = None) -> None:
        """Make this version of an item the present one."""
        moment = self._clock.now() if at is None else at
        self.shops[item.shop_id].items[item.item_id] = item
        versions = self._versions.setdefault(item.item_id, deque(maxlen=_KEEP_VERSIONS))
        versions.append((moment, item))
        self.dirty.add(f"item:{item.item_id}")
        if item.status == REVIEW and item.review_until is not None:
            heapq.heappush(self._reviews, (item.review_until, item.shop_id, item.item_id))

    def get(self, shop_id: int, item_id: int, as_of: float | None = None) -> Item | None:
        """An item now, or as it looked at `as_of`; None if unknown, or deleted more than 90 days ago."""
        item = self.shops[shop_id].items.get(item_id)
        if item is None or as_of is None:
            return item if item and not self._gone(item) else None
        if item.created > as_of:
            return None
        versions = self._versions[item_id]
        return next((version for moment, version in reversed(versions) if moment <= as_of), versions[0][1])

    def items(self, shop_id: int, as_of: float | None = None) -> Iterator[Item]:
        """All readable items of a shop, oldest first, now or as they looked at `as_of`."""
        for item_id in self.shops[shop_id].items:
            item = self.get(shop_id, item_id, as_of)
            if item is not None:
                yield item

    def find(self, item_id: int) -> Item | None:
        """An item of any shop, also one long deleted."""
        return next((shop.items[item_id] for shop in self.shops.values() if item_id in shop.items), None)

    def _gone(self, item: Item) -> bool:
        return item.deleted is not None and item.deleted + KEEP_DELETED_S < self._clock.now()

    def due_reviews(self) -> Iterator[Item]:
        """Items whose review has ended by now, each once."""
        now = self._clock.now()
        while self._reviews and self._reviews[0][0] <= now:
            until, shop_id, item_id = heapq.heappop(self._reviews)
            item = self.shops[shop_id].items.get(item_id)
            if item is not None and item.status == REVIEW and item.review_until == until:
                yield item

    def clear(self) -> None:
        """Forget all items and pictures; ids go on."""
        for shop in self.shops.values():
            self.dirty.update(f"item:{item_id}" for item_id in shop.items)
            shop.items.clear()
        self.dirty.update(f"picture:{image_id}" for image_id in self.pictures)
        self.pictures.clear()
        self._versions.clear()
        self._reviews.clear()

    # Keeping ------------------------------------------------------------------------------------------

    def counters(self) -> dict[str, int]:
        """The next ids, to be kept."""
        return {"item": self._next_item, "model": self._next_model, "promotion": self._next_promotion}

    def set_counters(self, counters: dict[str, int]) -> None:
        """Take kept ids back."""
        self._next_item = counters["item"]
        self._next_model = counters["model"]
        self._next_promotion = counters["promotion"]


def item_to_json(item: Item) -> dict[str, Any]:
    """An item as plain JSON data."""
    return asdict(item)


def item_from_json(data: dict[str, Any]) -> Item:
    """The item that `item_to_json` wrote down."""
    tiers = tuple(
        Tier(tier["name"], tuple(Option(**option) for option in tier["options"]), tier["variation_id"])
        for tier in data["tiers"]
    )
    models = {
        int(key): Model(**{**model, "tier_index": tuple(model["tier_index"])}) for key, model in data["models"].items()
    }
    promotions = tuple(Promotion(**{**entry, "locks": tuple(entry["locks"])}) for entry in data["promotions"])
    tuples = {name: tuple(data[name]) for name in ("images", "logistics", "attributes", "wholesale")}
    return Item(**{**data, **tuples, "tiers": tiers, "models": models, "promotions": promotions})
