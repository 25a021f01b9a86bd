"""A platform in memory that says what a test tells it to: for answers that no sandbox gives."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from syncer.domain.listing import Json, RemoteListing, RemoteOffer, Rendered, RenderedOffer, Status, WantedListing
from syncer.domain.order import Meaning, OrderLine, RemoteOrder
from syncer.domain.words import Words
from syncer.sdk.contract import Budget, BudgetKind, Context, Finding, Identity, Info, OrderFacts, OrderPage
from syncer.sdk.errors import Gone
from syncer.sdk.operations import Kind, ListingRef, Operation, Page, Result
from syncer.sdk.options import Options

Say = Callable[[Operation], Result | None]


class StallOptions(Options):
    base_url: str = "http://127.0.0.1:9"
    app: str = "satu"
    shop: str = "kios"
    calls: int = 1000


class Stall:
    """The platform. ``say`` answers a write instead of the stall, if it gives something; ``made`` logs writes."""

    def __init__(self) -> None:
        self.there: dict[str, RemoteListing] = {}
        self.writes: list[Kind] = []
        self.looks = 0
        self.say: Say = lambda _operation: None
        self.on_render: Callable[[WantedListing], None] = lambda _listing: None
        self.on_check: Callable[[], None] = lambda: None
        self.lock = threading.Lock()

    def load(self, _name: str) -> type[Any]:
        """Return the connector's class, for ``Deps.load``."""
        return type("StallConnector", (_Connector,), {"stall": self})

    def shown(self, sku: str) -> int:
        """How many of ``sku`` a buyer sees."""
        with self.lock:
            found = [offer for one in self.there.values() for offer in one.offers if offer.sku == sku]
        assert len(found) == 1
        return found[0].quantity or 0


ORDERS = OrderFacts(
    meanings={"paid": Meaning.SOLD, "shipped": Meaning.GONE, "cancelled": Meaning.BACK},
    lowers={"paid": True, "shipped": True, "cancelled": False},
    lag_s=0.0,
    overlap_s=60.0,
    ids_a_call=5,
)


class SellingStall(Stall):
    """A stall that tells what was ordered. ``on_orders`` is called before each answer; ``reads`` logs the calls."""

    def __init__(self, facts: OrderFacts = ORDERS, page: int = 3) -> None:
        super().__init__()
        self.facts, self.page = facts, page
        self.orders: dict[str, RemoteOrder] = {}
        self.reads: list[str] = []
        self.on_orders: Callable[[str], None] = lambda _call: None
        self.unreadable: set[str] = set()
        self.hidden: set[str] = set()

    def load(self, _name: str) -> type[Any]:
        info = replace(_Connector.info, orders=self.facts)
        return type("SellingStallConnector", (_Selling,), {"stall": self, "info": info})

    def buy(self, sku: str, quantity: int = 1, *, status: str = "paid", at: dt.datetime | None = None) -> str:
        """A buyer orders: the stall lowers its own number, as far as there are any."""
        moment = at or dt.datetime.now(dt.UTC)
        with self.lock:
            number, offer = self._move(sku, -quantity)
            order_id = f"B{len(self.orders) + 1:04}"
            line = OrderLine("1", number, offer.remote_id, sku, quantity)
            self.orders[order_id] = RemoteOrder(order_id, status, moment, moment, (line,))
        return order_id

    def becomes(self, order_id: str, status: str, *, gives_back: bool = False, **changes: Any) -> None:
        """An order goes on there."""
        with self.lock:
            order = self.orders[order_id]
            self.orders[order_id] = replace(order, status=status, updated_at=dt.datetime.now(dt.UTC), **changes)
            if gives_back:
                for line in order.lines:
                    self._move(line.sku, line.quantity)

    def _move(self, sku: str, pieces: int) -> tuple[str, RemoteOffer]:
        for number, one in self.there.items():
            for offer in one.offers:
                if offer.sku == sku:
                    left = replace(offer, quantity=max((offer.quantity or 0) + pieces, 0))
                    self.there[number] = replace(one, offers=tuple(left if o is offer else o for o in one.offers))
                    return number, offer
        raise AssertionError(f"{sku} isn't sold here")


class _Connector:
    stall: Stall
    info: ClassVar[Info] = Info(
        name="stall",
        label="Stall",
        currencies=("IDR",),
        operations=frozenset(Kind),
        finding=Finding(search_lag_s=0.05, late_write_s=0.05, read_lag_s=0.02, strong=True),
        editable_fields=("title", "description"),
    )
    options_type: ClassVar[type[Options]] = StallOptions

    def __init__(self, options: Options, context: Context) -> None:
        assert isinstance(options, StallOptions)
        self._options, self._context = options, context

    def check(self) -> Identity:
        self.stall.on_check()
        return Identity(self._options.shop, self._options.shop, currency="IDR", test_shop=True)

    def budgets(self) -> Sequence[Budget]:
        return (Budget("all", f"stall:{self._options.app}", BudgetKind.TOKEN, self._options.calls, 1.0),)

    def render(self, listing: WantedListing, facts: Mapping[str, Json]) -> Rendered:
        self.stall.on_render(listing)
        offers = tuple(
            RenderedOffer(o.key, o.sku, o.price, max(o.quantity, 0), o.option_values) for o in listing.offers
        )
        fields = {"title": listing.title, "description": listing.description}
        return Rendered(fields, offers, listing.option_names, listing.live)

    def apply(self, batch: Sequence[Operation]) -> Sequence[Result]:
        return [self._one(operation) for operation in batch]

    def _one(self, operation: Operation) -> Result:
        with self.stall.lock:
            self.stall.writes.append(operation.kind)
            said = self.stall.say(operation)
            return said if said is not None else self.write(operation)

    def write(self, operation: Operation) -> Result:
        """Do what is asked, as a good platform does."""
        kind, wanted, there = operation.kind, operation.rendered, self.stall.there
        number = operation.remote_id or f"n{len(there) + 1}"
        if kind is Kind.DELETE:
            there.pop(number, None)
            return Result(RemoteListing(number, Status.DELETED))
        before = there.get(number)
        keys = {o.remote_id: o.key for o in operation.known.offers} if operation.known else {}
        offers = {o.key or keys.get(o.remote_id): replace(o, key=None) for o in before.offers} if before else {}
        fields = dict(before.fields) if before else {}
        status = before.status if before else Status.LIVE
        if kind in (Kind.CREATE, Kind.RESHAPE):
            offers = {o.key: _offer(o, offers.get(o.key)) for o in wanted.offers}
        if kind in (Kind.CREATE, Kind.UPDATE):
            names = wanted.fields if kind is Kind.CREATE else operation.fields
            fields |= {name: wanted.fields[name] for name in names}
        for offer in wanted.offers:
            if offer.key in operation.offers and kind in (Kind.STOCK, Kind.PRICE):
                part = {"quantity": offer.quantity} if kind is Kind.STOCK else {"price": offer.price}
                offers[offer.key] = replace(offers[offer.key], **part)
        if kind in (Kind.SHOW, Kind.HIDE):
            status = Status.LIVE if kind is Kind.SHOW else Status.HIDDEN
        found = RemoteListing(
            number, status, operation.ref.marker, fields, wanted.option_names, tuple(offers.values()), True
        )
        there[number] = found
        named = tuple(replace(offer, key=key) for key, offer in offers.items())
        return Result(replace(found, offers=named))

    def find_listing(self, ref: ListingRef) -> Sequence[RemoteListing]:
        self.stall.looks += 1
        wanted = {ref.marker, *ref.skus}
        return [
            one
            for one in self.stall.there.values()
            if one.marker == ref.marker or any(offer.sku in wanted for offer in one.offers)
        ]

    def fetch_listing(self, remote_id: str) -> RemoteListing:
        self.stall.looks += 1
        found = self.stall.there.get(remote_id)
        if found is None:
            raise Gone("gone", Words("Tidak ada lagi.", "No longer there."))
        return found

    def fetch_listings(self, cursor: str | None) -> Page:
        return Page(tuple(self.stall.there.values()))


class _Selling(_Connector):
    """The same, with orders, newest change last, so many a page."""

    stall: SellingStall

    def fetch_orders(self, since: dt.datetime, until: dt.datetime, cursor: str | None) -> OrderPage:
        return self._page("changed", cursor, lambda one: since <= one.updated_at <= until)

    def fetch_open_orders(self, cursor: str | None) -> OrderPage:
        return self._page("open", cursor, lambda one: one.status == "paid")

    def fetch_orders_by_id(self, remote_ids: Sequence[str]) -> Sequence[RemoteOrder]:
        assert 0 < len(remote_ids) <= self.stall.facts.ids_a_call
        self._asked(f"named {' '.join(remote_ids)}")
        if self.stall.unreadable & set(remote_ids):
            raise ValueError("an order without sense")
        with self.stall.lock:
            return [self.stall.orders[one] for one in remote_ids if one in self._told()]

    def _page(self, what: str, cursor: str | None, wanted: Callable[[RemoteOrder], bool]) -> OrderPage:
        self._asked(f"{what} {cursor or ''}".strip())
        with self.stall.lock:
            told = sorted(self._told().values(), key=lambda one: one.updated_at)
            found = [one for one in told if wanted(one)]
        start = int(cursor or 0)
        page = found[start : start + self.stall.page]
        bad = tuple(one.remote_id for one in page if one.remote_id in self.stall.unreadable)
        more = str(start + self.stall.page) if start + self.stall.page < len(found) else None
        return OrderPage(tuple(one for one in page if one.remote_id not in bad), more, bad)

    def _told(self) -> dict[str, RemoteOrder]:
        return {key: one for key, one in self.stall.orders.items() if key not in self.stall.hidden}

    def _asked(self, call: str) -> None:
        self.stall.reads.append(call)
        self.stall.on_orders(call)


def _offer(offer: RenderedOffer, before: RemoteOffer | None) -> RemoteOffer:
    number = before.remote_id if before else f"o{offer.key}"
    return RemoteOffer(number, offer.sku, offer.price, offer.quantity, offer.option_values)
