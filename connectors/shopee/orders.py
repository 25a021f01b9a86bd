"""Orders of one shop, read whole (shopee.md 6). Nothing about buyers is asked for or kept (security.md P1).

The list answers with numbers of orders only, for at most 15 days, in no promised order. A walk by ``update_time`` goes
in windows so short that one page holds each: an order that changes meanwhile leaves its place in a longer list, and the
next page would pass over another one.
"""

from __future__ import annotations

import datetime as dt
import json
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from connectors.shopee.client import Params, Reply, ShopeeClient
from connectors.shopee.codes import PERMISSION
from connectors.shopee.errors import PLACE
from syncer.domain.order import Meaning, OrderLine, RemoteOrder
from syncer.domain.words import Words
from syncer.sdk.contract import OrderFacts, OrderPage
from syncer.sdk.errors import AccountStopped, Gone
from syncer.sdk.meanings import order_unreadable, orders_not_permitted, pages_repeat
from syncer.sdk.wire import Object, exact, moment, objects, plain, text, whole, yes

_LIST, _DETAIL = "order/get_order_list", "order/get_order_detail"
_PAGE, _IDS_A_CALL = 100, 50
_DAY = 86_400
_LONGEST_S = 15 * _DAY
#: How far back open orders are looked for. A pre-order is sent within 30 days (5.4), and Shopee cancels what isn't:
#: four times that is any age, in nine calls.
_OPEN_BACK_S = 120 * _DAY
#: Orders of a shop whose clock is ahead of ours are found too.
_AHEAD_S = _DAY
#: What is named here comes besides what always comes; nothing of it is about the buyer (6.2).
_FIELDS = "item_list,total_amount,fulfillment_flag"
CANCELLED, RETURNED, FROM_SHOPEE = "CANCELLED", "TO_RETURN", "FULFILLED_BY_SHOPEE"

FACTS = OrderFacts(
    meanings={
        "UNPAID": Meaning.HOLD,
        "PENDING": Meaning.HOLD,
        "READY_TO_SHIP": Meaning.SOLD,
        "PROCESSED": Meaning.SOLD,
        "RETRY_SHIP": Meaning.SOLD,
        # The buyer asked to cancel and the seller hasn't answered: still committed.
        "IN_CANCEL": Meaning.SOLD,
        "INVOICE_PENDING": Meaning.SOLD,
        "SHIPPED": Meaning.GONE,
        "TO_CONFIRM_RECEIVE": Meaning.GONE,
        "COMPLETED": Meaning.GONE,
        CANCELLED: Meaning.BACK,
        RETURNED: Meaning.ASK,
        # Sent from Shopee's own warehouse: these pieces left our shelf before they were sold.
        FROM_SHOPEE: Meaning.IGNORE,
    },
    # That the number falls when an order is placed and comes back on cancel is unconfirmed for plain stock, whatever
    # the status: it is set again after each change.
    lowers={},
    lag_s=60.0,
    overlap_s=600.0,
    ids_a_call=_IDS_A_CALL,
    tells_promotions=True,
    cancel_cost=Words(
        "Pembatalan oleh penjual karena stok habis bisa menambah poin penalti toko di Shopee.",
        "A cancellation by the seller for lack of stock may add to the shop's penalty points at Shopee.",
    ),
    source="shopee.md 6.3; lag_s unconfirmed",
)


@dataclass(frozen=True, slots=True)
class _Walk:
    """Where a walk is: the window that starts at ``since`` (unix seconds), the last end, and the platform's cursor."""

    since: int
    end: int
    width: int = _LONGEST_S
    token: str = ""

    @classmethod
    def of(cls, cursor: str | None, since: float, end: float) -> _Walk:
        if cursor is None:
            start = math.floor(since)
            return cls(start, max(math.ceil(end), start + 1))
        value = json.loads(cursor)
        return cls(int(value["since"]), int(value["end"]), int(value["width"]), str(value["token"]))

    def text(self) -> str:
        values = {"since": self.since, "end": self.end, "width": self.width, "token": self.token}
        return json.dumps(values, separators=(",", ":"))

    @property
    def until(self) -> int:
        """Where the present window ends; both ends are taken to belong to it."""
        return min(self.since + self.width, self.end)

    def following(self) -> _Walk | None:
        """The next window, wider if this one was short; ``None`` after the last."""
        if self.until >= self.end:
            return None
        return replace(self, since=self.until, width=min(self.width * 2, _LONGEST_S), token="")


@dataclass(frozen=True, slots=True)
class _Listed:
    """One page of the list: statuses by order number ("" where the answer names none)."""

    statuses: dict[str, str]
    token: str


class Orders:
    """Reads the orders of one shop."""

    def __init__(self, client: ShopeeClient) -> None:
        self._client = client

    def changed(self, since: dt.datetime, until: dt.datetime, cursor: str | None) -> OrderPage:
        """Return the next page of orders whose ``update_time`` lies in [``since``, ``until``]."""
        walk = _Walk.of(cursor, since.timestamp(), until.timestamp())
        listed = self._list("update_time", walk)
        while listed.token and not walk.token and walk.until - walk.since > 1:
            walk = replace(walk, width=(walk.until - walk.since) // 2)
            listed = self._list("update_time", walk)
        return self._whole(list(listed.statuses), walk, listed.token)

    def open(self, cursor: str | None, now: dt.datetime) -> OrderPage:
        """Return the next page of orders of any age that are promised and not gone.

        By the time they were made, which never changes. The list's own filter knows fewer statuses than there are.
        """
        walk = _Walk.of(cursor, now.timestamp() - _OPEN_BACK_S, now.timestamp() + _AHEAD_S)
        listed = self._list("create_time", walk)
        return self._whole([key for key, status in listed.statuses.items() if _may_be_open(status)], walk, listed.token)

    def by_id(self, remote_ids: Sequence[str]) -> list[RemoteOrder]:
        """Return these orders; those that the shop doesn't have are left out.

        Raises Unclassified if one of them can't be understood.
        """
        wanted = [key for key in dict.fromkeys(remote_ids) if key.isascii() and key.isalnum()]
        found, unreadable = _read_all(self._details(wanted[:_IDS_A_CALL]))
        if unreadable:
            raise order_unreadable(unreadable[0])
        return [order for order in found if order.remote_id in wanted]

    def _get(self, operation: str, params: Params) -> Reply:
        """Read. A permission that is missing for orders alone must not keep the shop's stock from falling."""
        try:
            return self._client.get(operation, params)
        except AccountStopped as error:
            if error.words != PERMISSION.words:
                raise
            raise orders_not_permitted(error) from None

    def _whole(self, keys: Sequence[str], walk: _Walk, token: str) -> OrderPage:
        rows = [row for start in range(0, len(keys), _IDS_A_CALL) for row in self._details(keys[start:][:_IDS_A_CALL])]
        found, unreadable = _read_all(rows)
        answered = {order.remote_id for order in found} | set(unreadable)
        missing = [plain(key, 80) for key in keys if key not in answered]
        following = replace(walk, token=token) if token else walk.following()
        return OrderPage(tuple(found), following.text() if following else None, (*unreadable, *missing))

    def _list(self, field: str, walk: _Walk) -> _Listed:
        """Return one page of a window. The order of its entries is not to be relied on (6.1)."""
        params = [
            ("time_range_field", field),
            ("time_from", str(walk.since)),
            ("time_to", str(walk.until)),
            ("page_size", str(_PAGE)),
            ("cursor", walk.token),
            ("response_optional_fields", "order_status"),
            ("request_order_status_pending", "true"),
        ]
        reply = self._get(_LIST, params)
        rows = {text(row.get("order_sn")): text(row.get("order_status")) for row in reply.rows("order_list")}
        token = text(reply.payload.get("next_cursor")) if yes(reply.payload.get("more")) else ""
        if token and token == walk.token:
            raise pages_repeat(PLACE)
        return _Listed({key: status for key, status in rows.items() if key}, token)

    def _details(self, keys: Sequence[str]) -> list[Object]:
        """Return up to 50 orders. One that isn't there may fail the whole call, so it is halved until it is alone."""
        if not keys:
            return []
        params = [
            ("order_sn_list", ",".join(keys)),
            ("response_optional_fields", _FIELDS),
            ("request_order_status_pending", "true"),
        ]
        try:
            return self._get(_DETAIL, params).rows("order_list")
        except Gone:
            half = len(keys) // 2
            return [*self._details(keys[:half]), *self._details(keys[half:])] if half else []


def _may_be_open(status: str) -> bool:
    return FACTS.meaning(status) in (Meaning.HOLD, Meaning.SOLD) or status not in FACTS.meanings


def _read_all(rows: Sequence[Object]) -> tuple[list[RemoteOrder], list[str]]:
    """Return the orders that can be understood, and the numbers of the others."""
    found: list[RemoteOrder] = []
    unreadable: list[str] = []
    for row in rows:
        try:
            found.append(order(row))
        except ValueError:
            unreadable.append(plain(row.get("order_sn"), 80))
    return found, unreadable


def order(row: Object) -> RemoteOrder:
    """Return one order. Raises ValueError if what counts for stock can't be understood.

    Without lines an order would free what it holds, so it isn't understood.
    """
    key, status, created = text(row.get("order_sn")), text(row.get("order_status")), moment(row.get("create_time"))
    lines = tuple(_lines(row))
    if not key or not status or created is None or not lines:
        raise ValueError("an order without number, status, time or lines")
    return RemoteOrder(
        remote_id=key,
        status=status,
        created_at=created,
        updated_at=moment(row.get("update_time")) or created,
        lines=lines,
        ship_by=moment(row.get("ship_by_date")),
        total=exact(row.get("total_amount")),
        currency=text(row.get("currency"))[:3],
    )


def _lines(row: Object) -> Iterator[OrderLine]:
    """Yield an order's lines. Several may name the same item and model: each keeps an id of its own (6.2)."""
    own = FROM_SHOPEE if text(row.get("fulfillment_flag")).lower() == "fulfilled_by_shopee" else ""
    currency = text(row.get("currency"))[:3]
    seen: Counter[str] = Counter()
    for item in objects(row.get("item_list")):
        item_id, model_id = whole(item.get("item_id")), whole(item.get("model_id"))
        if not item_id or model_id is None:
            raise ValueError("a line without an item")
        group = whole(item.get("promotion_group_id")) or 0
        line_id = f"{whole(item.get('order_item_id')) or item_id}-{model_id}-{group}"
        seen[line_id] += 1
        if seen[line_id] > 1:
            line_id = f"{line_id}-{seen[line_id]}"
        promotion = whole(item.get("promotion_id"))
        whole_line = OrderLine(
            line_id=line_id,
            listing_id=str(item_id),
            # Model 0 is a real value: the item has no variants (gotcha 9).
            offer_id=str(model_id),
            sku=text(item.get("model_sku")) or text(item.get("item_sku")),
            quantity=0,
            status=own,
            title=plain(item.get("item_name"), 300),
            price=exact(item.get("model_discounted_price")),
            currency=currency,
            promotion=str(promotion) if promotion else "",
        )
        yield from _shares(whole_line, item, cancelled_whole=text(row.get("order_status")) == CANCELLED)


def _shares(line: OrderLine, item: Object, *, cancelled_whole: bool) -> Iterator[OrderLine]:
    """Yield the pieces that the buyer gets, those cancelled, and those sent back, as lines of their own (6.2).

    A cancelled order has no other pieces. Pieces that a buyer only asks to cancel or return are still theirs.
    """
    bought = whole(item.get("model_quantity_purchased"))
    if bought is None or bought < 0:
        raise ValueError("a line without a quantity")
    cancelled = 0 if cancelled_whole else _amount(item.get("cancelled_qty"), bought)
    returned = 0 if cancelled_whole else _amount(item.get("returned_qty"), bought - cancelled)
    yield replace(line, quantity=bought - cancelled - returned)
    if cancelled:
        yield replace(line, line_id=f"{line.line_id}-cancelled", quantity=cancelled, status=CANCELLED)
    if returned:
        yield replace(line, line_id=f"{line.line_id}-returned", quantity=returned, status=line.status or RETURNED)


def _amount(value: object, most: int) -> int:
    """Return a part of a line's pieces; it may be missing, and is never more than there are."""
    return min(max(whole(value) or 0, 0), most)
