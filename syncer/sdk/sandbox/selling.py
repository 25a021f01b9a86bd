"""The part of a sandbox that sells: orders placed, changed and told of by webhooks.

A platform that sells says its words (`order_words`), finds what a buyer wants (`for_sale`), moves its own number
(`move_stock`), and writes its webhooks (`order_letters`). Everything else is here. A sandbox without `order_words`
has no orders.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from syncer.sdk.sandbox.clock import Clock
from syncer.sdk.sandbox.faults import FaultQueue
from syncer.sdk.sandbox.limits import Limits
from syncer.sdk.sandbox.orders import (
    Buyer,
    ForSale,
    OrderBook,
    OrderError,
    OrderWords,
    SoldLine,
    SoldOrder,
    Switches,
    split,
)
from syncer.sdk.sandbox.postman import Address, Letter, Postman

_MOST = 1000
_ROLES = ("placed", "paid", "shipped", "cancelled", "returned")


class Selling:
    """Orders of a sandbox. All methods run on the sandbox's event loop."""

    name: ClassVar[str]
    order_words: ClassVar[OrderWords | None] = None
    """The statuses of orders; None: this platform sells nothing here."""
    order_switches: ClassVar[Mapping[str, Mapping[str, bool]]] = {}
    """How the platform moves its own number unless a test says otherwise (see :class:`Switches`)."""
    line_per_piece: ClassVar[bool] = False
    """Whether each piece is a line of its own on this platform."""

    clock: Clock
    faults: FaultQueue
    limits: Limits

    def begin_selling(self) -> None:
        """Set up an empty order book; called once, by the constructor."""
        self.book = OrderBook()
        self.switches = Switches()
        self.addresses: dict[str, Address] = {}
        self.postman = Postman(self.name)
        self._reset_switches()

    # What a platform says -----------------------------------------------------------------------------

    def for_sale(self, wanted: Mapping[str, Any]) -> ForSale:
        """The offer that `wanted` names: by `sku`, or by `remote_id` and `offer` (id or SKU); in `shop_id` if given.

        Raises:
            OrderError: there is no such offer that a buyer could see.
        """
        raise OrderError(f"{self.name} has no orders here")

    def move_stock(self, offer: ForSale, pieces: int) -> int:
        """Move the platform's own number by `pieces` (negative: sold). Returns by how many it really moved."""
        raise OrderError(f"{self.name} has no orders here")

    def new_order_id(self) -> str:
        """The next order's id."""
        return str(self.book.number())

    def new_line_id(self, offer: ForSale) -> str:
        """The next line's id."""
        return str(self.book.number())

    def webhook_app(self, account: str) -> str:
        """The app that a shop's webhooks belong to: the key of its address."""
        return ""

    def order_letters(self, order: SoldOrder, address: Address) -> Iterable[Letter]:
        """The webhooks that tell of the change that led to `order` (`order.before` is the status it had)."""
        return ()

    # Placing and changing -----------------------------------------------------------------------------

    def place_order(self, wanted: Mapping[str, Any]) -> SoldOrder:
        """A buyer buys: `lines` of {sku, quantity} (or remote_id, offer), one shop; `status` in the platform's word.

        `age_s` says how long ago that was.

        Raises:
            OrderError: an unknown offer or status, or more than there is (`force` buys it all the same).
        """
        words = self._words()
        status = self._status(wanted.get("status") or words.paid)
        rows = wanted.get("lines")
        if not isinstance(rows, list) or not rows or not all(isinstance(row, Mapping) for row in rows):
            raise OrderError("lines must be a list of {sku, quantity}")
        lines: list[SoldLine] = []
        asked: dict[tuple[str, str], int] = {}
        for row in rows:
            offer = self.for_sale({**row, "shop_id": row.get("shop_id", wanted.get("shop_id"))})
            pieces = _pieces(row.get("quantity", 1))
            key = (offer.listing_id, offer.offer_id)
            asked[key] = asked.get(key, 0) + pieces
            if asked[key] > offer.free and not wanted.get("force"):
                raise OrderError(f"Only {offer.free} of {offer.sku or offer.title} are left.")
            lines += self._lines(offer, pieces)
        if len({line.offer.account for line in lines}) != 1:
            raise OrderError("an order is placed in one shop")
        made = self.clock.now() - _seconds(wanted.get("age_s", 0))
        order = SoldOrder(
            self.new_order_id(),
            lines[0].offer.account,
            status,
            made,
            made,
            tuple(lines),
            Buyer.invent(),
            front=str(wanted.get("front") or ""),
        )
        return self._change(order, made)

    def _lines(self, offer: ForSale, pieces: int) -> list[SoldLine]:
        each = 1 if self.line_per_piece else pieces
        return [SoldLine(self.new_line_id(offer), offer, each) for _ in range(pieces // each)]

    def move_order(self, order_id: str, status: str) -> SoldOrder:
        """An order comes to another status; back from `cancelled` its pieces are wanted again."""
        order = self.sold(order_id)
        words = self._words()
        found = self._status(status)
        lines = order.lines
        if found == words.cancelled:
            lines = tuple(replace(line, cancelled=line.quantity) for line in lines)
        elif order.status == words.cancelled:
            lines = tuple(replace(line, cancelled=0) for line in lines)
        return self._change(replace(order, status=found, lines=lines))

    def cancel_order(self, order_id: str, lines: Sequence[Mapping[str, Any]] = (), by: str = "buyer") -> SoldOrder:
        """Cancel an order, or some pieces of some `lines` ({line_id or sku, quantity}). All gone: all cancelled."""
        order = replace(self.sold(order_id), cancelled_by=by)
        chosen = self._chosen(order, lines) if lines else {line.line_id: line.active for line in order.lines}
        changed = tuple(replace(line, cancelled=line.cancelled + chosen.get(line.line_id, 0)) for line in order.lines)
        status = order.status if any(line.active for line in changed) else self._words().cancelled
        return self._change(replace(order, lines=changed, status=status))

    def return_order(self, order_id: str, lines: Sequence[Mapping[str, Any]] = ()) -> SoldOrder:
        """The buyer sends an order back, or some pieces of it."""
        order = self.sold(order_id)
        chosen = self._chosen(order, lines) if lines else {line.line_id: line.active for line in order.lines}
        changed = tuple(replace(line, returned=line.returned + chosen.get(line.line_id, 0)) for line in order.lines)
        whole = all(line.returned >= line.active for line in changed)
        status = self._words().returned if whole else order.status
        return self._change(replace(order, lines=changed, status=status))

    def split_line(self, order_id: str, line_id: str) -> SoldOrder:
        """One piece of a line becomes a line of its own; the pieces stay as many."""
        order = self.sold(order_id)
        first = next((line for line in order.lines if line.line_id == line_id), order.lines[0])
        return self._change(split(order, line_id, self.new_line_id(first.offer)))

    def sold(self, order_id: str) -> SoldOrder:
        """An order that is there.

        Raises:
            OrderError: it isn't.
        """
        order = self.book.get(order_id)
        if order is None:
            raise OrderError(f"There is no order {order_id}.")
        return order

    def _chosen(self, order: SoldOrder, rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
        """How many pieces of which lines are meant; one row may reach over several lines of its SKU."""
        chosen: dict[str, int] = {}
        for row in rows:
            left = _pieces(row.get("quantity", 1))
            for line in order.lines:
                if row.get("line_id", line.line_id) != line.line_id or row.get("sku", line.offer.sku) != line.offer.sku:
                    continue
                some = min(left, line.active - chosen.get(line.line_id, 0))
                chosen[line.line_id] = chosen.get(line.line_id, 0) + some
                left -= some
            if left:
                raise OrderError("the order has no such pieces left")
        return chosen

    def _change(self, order: SoldOrder, at: float | None = None) -> SoldOrder:
        """Make a changed order the present one: the platform's number follows, and webhooks go out."""
        now = self.clock.now() if at is None else at
        old = self.book.get(order.order_id)
        settled = replace(
            order,
            lines=tuple(self._settle(order, line) for line in order.lines),
            updated=now,
            before=old.status if old else "",
        )
        self.book.put(settled, now)
        self.tell_order(settled)
        return settled

    def _settle(self, order: SoldOrder, line: SoldLine) -> SoldLine:
        """Let the platform's number follow the order's status, as the switches say."""
        words, switches = self._words(), self.switches
        kept = line.counted
        if switches.gives_back_at.get(words.cancelled):
            kept = min(kept, line.active)
        if switches.gives_back_at.get(order.status) and order.status != words.cancelled:
            kept = 0
        elif self._lowered(order.status):
            kept = max(kept, line.active)
        if kept == line.counted:
            return line
        pieces = min(line.counted - kept, line.taken)
        moved = self.move_stock(line.offer, pieces) if pieces else 0
        return replace(line, counted=kept, taken=line.taken - moved)

    def _lowered(self, status: str) -> bool:
        flow = self._words().flow
        come = flow[: flow.index(status) + 1] if status in flow else (status,)
        return any(self.switches.lowers_at.get(name, False) for name in come)

    def _words(self) -> OrderWords:
        if self.order_words is None:
            raise OrderError(f"{self.name} has no orders here")
        return self.order_words

    def _status(self, status: object) -> str:
        if status not in self._words().known():
            raise OrderError(f"status must be one of: {', '.join(sorted(self._words().known()))}")
        return str(status)

    # Webhooks -----------------------------------------------------------------------------------------

    def set_webhook(self, order: Mapping[str, Any]) -> dict[str, Any]:
        """Webhooks of `app` (without it: of all apps) go to `url`; `send_to` is where that really is. No `url`: none.

        Raises:
            BadAddressError: no address, or one that is not on this machine.
        """
        app = str(order.get("app") or "")
        if order.get("url"):
            self.addresses[app] = Address.build(order["url"], order.get("send_to"))
        else:
            self.addresses.pop(app, None)
        return {"addresses": {name: address.url for name, address in self.addresses.items()}}

    def address_of(self, account: str) -> Address | None:
        """Where the webhooks of a shop's app go."""
        return self.addresses.get(self.webhook_app(account)) or self.addresses.get("")

    def tell_order(self, order: SoldOrder) -> None:
        """Send what the platform says of an order's change."""
        address = self.address_of(order.account)
        if address is not None:
            self.send(self.order_letters(order, address))

    def send(self, letters: Iterable[Letter]) -> None:
        """Give signed letters to the postman; ordered faults strike here."""
        for letter in letters:
            faults = self.faults.take_webhook(letter.name)
            self.postman.post(letter, self.clock.now(), faults, self.limits.webhook_retry_s)

    # Switches and keeping -----------------------------------------------------------------------------

    def settings(self) -> dict[str, Any]:
        """The switches now, the statuses that they are made of, and the platform's words for the usual ones."""
        words = self.order_words
        return {
            "lowers_at": dict(self.switches.lowers_at),
            "gives_back_at": dict(self.switches.gives_back_at),
            "statuses": sorted(words.known()) if words else [],
            "words": {name: getattr(words, name) for name in _ROLES} if words else {},
        }

    def set_settings(self, wanted: Mapping[str, Any]) -> dict[str, Any]:
        """Change when the platform moves its own number."""
        self.switches.set(wanted, self._words().known())
        return self.settings()

    def _reset_switches(self) -> None:
        self.switches = Switches(*(dict(self.order_switches.get(name, {})) for name in ("lowers_at", "gives_back_at")))

    def selling_changes(self) -> dict[str, Any]:
        """Pieces for the state file: changed orders, where webhooks go, and the switches."""
        addresses = {app: [address.url, address.send_to] for app, address in self.addresses.items()}
        switches = {"lowers_at": self.switches.lowers_at, "gives_back_at": self.switches.gives_back_at}
        return {**self.book.changes(), "selling": {"addresses": addresses, **switches}}

    def take_selling_back(self, pieces: dict[str, Any]) -> None:
        """Take its own pieces out of `pieces`."""
        self.book.take_back(pieces)
        kept = pieces.pop("selling", None)
        if kept is not None:
            self.addresses = {app: Address(*found) for app, found in kept["addresses"].items()}
            self.switches = Switches(kept["lowers_at"], kept["gives_back_at"])

    def forget_orders(self) -> None:
        """Start again without orders and letters; where webhooks go stays."""
        self.book.clear()
        self.postman.clear()
        self._reset_switches()


def _seconds(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 10**9:
        raise OrderError("age_s must be a number of seconds")
    return value


def _pieces(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _MOST:
        raise OrderError(f"quantity must be a number from 1 to {_MOST}")
    return value
