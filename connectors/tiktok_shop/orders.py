"""Orders of both storefronts, read whole (tiktok_shop.md 12). Nothing about buyers is kept (security.md P1).

Walks go by time and not by page token: an order that changes between two pages leaves its place, and everything
behind it moves up, so a page token would pass over some. Orders at an edge are read twice instead.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.tiktok_shop.client import Reply, TiktokClient
from connectors.tiktok_shop.errors import PLACE
from connectors.tiktok_shop.shop import Shop
from syncer.domain.order import Meaning, OrderLine, RemoteOrder
from syncer.domain.words import Words
from syncer.sdk.contract import OrderFacts, OrderPage
from syncer.sdk.errors import AccountStopped, ConnectorError
from syncer.sdk.meanings import order_unreadable, orders_not_permitted, pages_repeat
from syncer.sdk.wire import Object, as_object, exact, moment, objects, plain, text, whole

_SEARCH = "/order/202309/orders/search"
_DETAIL = "/order/202507/orders"
_PAGE = 100
_IDS_A_CALL = 50
#: Said of an order of another shop, or of none (tiktok_shop.md 12).
_NOT_OURS = "21008111"
#: A permission wasn't granted (tiktok_shop.md 15).
_NO_PERMISSION = "105005"
#: Statuses of orders that are promised and not gone, in the order in which an order passes through them.
OPEN = ("UNPAID", "ON_HOLD", "AWAITING_SHIPMENT", "PARTIALLY_SHIPPING", "AWAITING_COLLECTION")
CANCELLED = "CANCELLED"
_OWN_SHELF = "FULFILLMENT_BY_SELLER"
_LATEST = 253_402_300_799
#: An order that changes during a read stands at the place of its older time (12): times this young move no walk on.
_MOVING_S = 60

FACTS = OrderFacts(
    meanings={
        # The documents advise to hold stock as soon as an order exists, also unpaid (12).
        "UNPAID": Meaning.HOLD,
        "ON_HOLD": Meaning.HOLD,
        "AWAITING_SHIPMENT": Meaning.SOLD,
        "PARTIALLY_SHIPPING": Meaning.SOLD,
        "AWAITING_COLLECTION": Meaning.SOLD,
        "IN_TRANSIT": Meaning.GONE,
        "DELIVERED": Meaning.GONE,
        "COMPLETED": Meaning.GONE,
        CANCELLED: Meaning.BACK,
        # The webhook spells it otherwise than the order (12, 14).
        "CANCEL": Meaning.BACK,
        # Shipped out of the platform's own warehouse: these pieces left our shelf before they were sold.
        "FULFILLMENT_BY_TIKTOK": Meaning.IGNORE,
        "FULFILLMENT_BY_DILAYANI_TOKOPEDIA": Meaning.IGNORE,
    },
    lowers={
        # What is available is what we wrote minus what was ordered since; open orders are in "committed" (10, 12).
        "ON_HOLD": True,
        "AWAITING_SHIPMENT": True,
        "PARTIALLY_SHIPPING": True,
        "AWAITING_COLLECTION": True,
        "IN_TRANSIT": True,
        "DELIVERED": True,
        "COMPLETED": True,
        # Unconfirmed: whether an unpaid order lowers it already, and whether a cancelled one gives it back (12).
        "UNPAID": None,
        CANCELLED: None,
        "CANCEL": None,
    },
    lag_s=60.0,
    overlap_s=600.0,
    ids_a_call=_IDS_A_CALL,
    # Tokopedia's seller academy: order cancellation (18 June 2025), violation points (21 October 2025).
    cancel_cost=Words(
        "Dibatalkan penjual: menaikkan tingkat pembatalan karena kesalahan penjual (SFCR), yang bisa menjadi poin "
        "pelanggaran; sejak 12 poin toko dibatasi. Dibatalkan pembeli sebelum dikirim: tidak dihitung.",
        "Called off by the seller: it raises the seller-fault cancellation rate (SFCR), which may bring violation "
        "points; from 12 points on the shop is restricted. Called off by the buyer before it is shipped: not counted.",
    ),
    source="tiktok_shop.md 10, 12; 14 for CANCEL; lag_s unconfirmed",
)


@dataclass(frozen=True, slots=True)
class _Walk:
    """Where a walk is: ``step`` of its searches, from which second on, and a page token within that second.

    ``seen`` are the orders of that second that were handed out already.
    """

    step: int = 0
    since: int = 0
    token: str = ""
    seen: tuple[str, ...] = ()

    @classmethod
    def of(cls, cursor: str | None, since: int) -> _Walk:
        if cursor is None:
            return cls(0, since)
        value = json.loads(cursor)
        return cls(int(value["step"]), int(value["since"]), str(value["token"]), tuple(map(str, value["seen"])))

    def text(self) -> str:
        values = {"step": self.step, "since": self.since, "token": self.token, "seen": self.seen}
        return json.dumps(values, separators=(",", ":"))


class Orders:
    """Reads the orders of one shop."""

    def __init__(self, client: TiktokClient, shop: Shop) -> None:
        self._client = client
        self._shop = shop

    def changed(self, since: dt.datetime, until: dt.datetime, cursor: str | None, now: dt.datetime) -> OrderPage:
        """Return the next page of orders whose ``update_time`` lies in [``since``, ``until``], oldest change first."""
        walk, end = _Walk.of(cursor, int(since.timestamp())), int(until.timestamp()) + 1
        body = {"update_time_ge": walk.since, "update_time_lt": end}
        page, following = self._page(walk, "update_time", body, min(end, int(now.timestamp()) - _MOVING_S))
        return _order_page(page, following)

    def open(self, cursor: str | None) -> OrderPage:
        """Return the next page of orders of any age that are promised and not gone.

        One status after the other, in the order in which orders pass through them: one that moves on meanwhile is
        met again later, and none is missed.
        """
        walk = _Walk.of(cursor, 0)
        body = {"order_status": OPEN[walk.step], **({"create_time_ge": walk.since} if walk.since else {})}
        page, following = self._page(walk, "create_time", body, _LATEST)
        if following is None and walk.step + 1 < len(OPEN):
            following = _Walk(walk.step + 1)
        return _order_page(page, following)

    def by_id(self, remote_ids: Sequence[str]) -> list[RemoteOrder]:
        """Return these orders; those that the shop doesn't have are left out.

        One order of another shop spoils the whole call (tiktok_shop.md 12), so the call is halved until it is alone.
        Raises Unclassified if one of them can't be understood.
        """
        wanted = [one for one in dict.fromkeys(remote_ids) if one.isascii() and one.isdigit()]
        if not wanted:
            return []
        # A list is one value with commas: how a repeated key is signed is unconfirmed (tiktok_shop.md 2.1).
        params = self._shop.params(ids=",".join(wanted[:_IDS_A_CALL]))
        try:
            rows = self._read("GET", _DETAIL, "order.read", params).rows("orders")
        except ConnectorError as error:
            if error.code != _NOT_OURS:
                raise
            half = len(wanted) // 2
            return [*self.by_id(wanted[:half]), *self.by_id(wanted[half:])] if half else []
        found, unreadable = _read_all(row for row in rows if text(row.get("id")) in wanted)
        if unreadable:
            raise order_unreadable(unreadable[0])
        return found

    def _read(
        self, method: str, path: str, operation: str, params: Mapping[str, str], body: Mapping[str, Any] | None = None
    ) -> Reply:
        """Read something. A permission that is missing for orders alone must not keep the shop's stock from falling."""
        try:
            return self._client.read(method, path, operation, params, body=body)
        except AccountStopped as error:
            if error.code != _NO_PERMISSION:
                raise
            raise orders_not_permitted(error) from None

    def _page(self, walk: _Walk, field: str, body: Mapping[str, Any], end: int) -> tuple[list[Object], _Walk | None]:
        """Return the rows of one call, and where the walk goes on; ``None`` after the last page.

        ``body`` holds the lower bound ``walk.since`` of ``field``. From a time of ``end`` or later the walk doesn't go
        on: the order may have changed while we read. Then the page token leads on, and the next read's overlap heals.
        """
        params = self._shop.params(
            page_size=str(_PAGE),
            sort_field=field,
            sort_order="ASC",
            **({"page_token": walk.token} if walk.token else {}),
        )
        reply = self._read("POST", _SEARCH, "order.search", params, body)
        rows, token = reply.rows("orders"), text(reply.data.get("next_page_token"))
        fresh = [row for row in rows if text(row.get("id")) not in walk.seen]
        if not token:
            return fresh, None
        if token == walk.token:
            # Taken for the end, orders behind it would never be seen.
            raise pages_repeat(PLACE)
        times = [(time, text(row.get("id"))) for row in rows if (time := whole(row.get(field))) is not None]
        last = max((time for time, _ in times if time < end), default=walk.since)
        if last > walk.since:
            return fresh, _Walk(walk.step, last, "", tuple(key for time, key in times if time == last))
        return fresh, _Walk(walk.step, walk.since, token)


def _order_page(rows: Sequence[Object], following: _Walk | None) -> OrderPage:
    found, unreadable = _read_all(rows)
    return OrderPage(tuple(found), following.text() if following else None, tuple(unreadable))


def _read_all(rows: Sequence[Object] | Iterator[Object]) -> tuple[list[RemoteOrder], list[str]]:
    """Return the orders that can be understood, and the ids of the others."""
    found: list[RemoteOrder] = []
    unreadable: list[str] = []
    for row in rows:
        try:
            found.append(order(row))
        except ValueError:
            unreadable.append(plain(row.get("id"), 80))
    return found, unreadable


def order(row: Object) -> RemoteOrder:
    """Return one order. Raises ValueError if what counts for stock can't be understood.

    Without lines an order would free what it holds, so it isn't understood.
    """
    key, status, created = text(row.get("id")), text(row.get("status")), moment(row.get("create_time"))
    lines = tuple(line for item in objects(row.get("line_items")) for line in _lines(item, row))
    if not key or not status or created is None or not lines:
        raise ValueError("an order without id, status, time or lines")
    payment = as_object(row.get("payment"))
    return RemoteOrder(
        remote_id=key,
        status=status,
        created_at=created,
        updated_at=moment(row.get("update_time")) or created,
        lines=lines,
        front=text(row.get("commerce_platform")),
        ship_by=moment(row.get("rts_sla_time")),
        total=exact(payment.get("total_amount")),
        currency=text(payment.get("currency"))[:3],
    )


def _lines(item: Object, row: Object) -> Iterator[OrderLine]:
    """Yield the line of one line item, which is one piece: there is no quantity (12).

    A bundle made in Seller Center names the SKUs that it is made of: those are what leaves the shelf.
    """
    key = text(item.get("id"))
    if not key:
        raise ValueError("a line without an id")
    common: dict[str, Any] = {"status": _status(item, row), "title": text(item.get("product_name"))}
    parts = objects(item.get("combined_listing_skus"))
    for part in parts:
        count = whole(part.get("sku_count"))
        product, sku = text(part.get("product_id")), text(part.get("sku_id"))
        yield OrderLine(f"{key}:{sku}", product, sku, text(part.get("seller_sku")), _pieces(count), **common)
    if not parts:
        yield OrderLine(
            key,
            text(item.get("product_id")),
            text(item.get("sku_id")),
            text(item.get("seller_sku")),
            1,
            price=exact(item.get("sale_price")),
            currency=text(item.get("currency"))[:3],
            **common,
        )


def _status(item: Object, row: Object) -> str:
    """Return a line's own status; "" for the order's.

    A cancelled order has no line that isn't. A line of an order that isn't says for itself if it is cancelled, or
    gone before the others. Lines have no word for ON_HOLD: as long as both are open, the order's status counts.
    """
    own, whole_order = text(item.get("display_status")), text(row.get("status"))
    if whole_order == CANCELLED:
        return ""
    if own == CANCELLED:
        return own
    kind = text(row.get("fulfillment_type"))
    if kind and kind != _OWN_SHELF:
        return kind
    return "" if own in OPEN and whole_order in OPEN else own


def _pieces(count: int | None) -> int:
    if count is None or count < 1:
        raise ValueError("a bundle without counts")
    return count
