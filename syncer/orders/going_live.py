"""Going live: the open orders of a shop become holds before anything is sent there.

The whole is in docs/architecture.md, "Orders and the ledger".
What a shop shows says nothing of what it has promised. So its open orders, however old, are read first and held;
orders that were over by then are listed and not counted, never skipped in silence.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from sqlalchemy import Connection, select

from syncer.channels.lifecycle import Left, ready_to_go_live, send_from_now
from syncer.channels.lifecycle import go_live as go_live_unread
from syncer.channels.records import Account
from syncer.domain.order import Meaning, RemoteOrder
from syncer.domain.problem import Problem, Who
from syncer.domain.stock import Reason
from syncer.domain.words import Words
from syncer.inventory.posting import Posting, lock_stock, post
from syncer.orders import reading
from syncer.orders.binding import bind, named
from syncer.orders.book import find_orders
from syncer.orders.counting import Held, load_counts
from syncer.orders.oversell import check
from syncer.orders.take_in import door_for, take_in_at
from syncer.sdk.contract import Connector, OrderFacts, OrderPage, ReadsOrders, TunesOrders
from syncer.sdk.errors import Transient
from syncer.store.batches import batches
from syncer.store.engine import Engine, make_way, read, write
from syncer.store.tables import variant

_BATCH = 50
#: Orders that changed so lately are listed even if they are over.
LISTED = dt.timedelta(days=15)
#: A walk longer than this many pages has lost its way (security.md H5).
_MOST_PAGES = 10_000
#: Calls what fetches a page of orders, and returns the page.
Ask = Callable[[Callable[[], OrderPage]], OrderPage]
_OPEN = (Meaning.HOLD, Meaning.SOLD, Meaning.ASK)


@dataclass(frozen=True, slots=True)
class SeenLine:
    """A line of an order: what it is of (our SKU, or theirs if ``known`` is false), and how many."""

    sku: str
    quantity: int
    known: bool
    meaning: Meaning


@dataclass(frozen=True, slots=True)
class SeenOrder:
    """An order found at going live. ``held``: it is open, so its pieces are promised from now on."""

    order: str
    status: str
    created_at: dt.datetime
    held: bool
    lines: tuple[SeenLine, ...]

    @property
    def pieces(self) -> int:
        """How many known pieces it holds."""
        return sum(one.quantity for one in self.lines if one.known and one.meaning in _OPEN)


@dataclass(frozen=True, slots=True)
class WentLive:
    """What going live did, or would do: the account, the orders found, those that could not be understood, and the
    variants of which more is promised than there is."""

    left: Left
    orders: tuple[SeenOrder, ...] = ()
    unreadable: tuple[str, ...] = ()
    oversold: tuple[int, ...] = ()

    @property
    def held(self) -> tuple[SeenOrder, ...]:
        """The open orders."""
        return tuple(one for one in self.orders if one.held)

    @property
    def not_counted(self) -> tuple[SeenOrder, ...]:
        """The orders that were over."""
        return tuple(one for one in self.orders if not one.held)

    @property
    def unknown_lines(self) -> int:
        """Lines of open orders that nobody knows here."""
        return sum(not line.known for one in self.held for line in one.lines)


def facts_of(connector: Connector) -> OrderFacts | None:
    """Return what orders mean on a connector's account; ``None`` if it doesn't read orders."""
    if not isinstance(connector, ReadsOrders):
        return None
    return connector.order_facts() if isinstance(connector, TunesOrders) else connector.info.orders or OrderFacts()


def go_live(
    engine: Engine,
    account: Account,
    connector: Connector | None,
    *,
    clock: Callable[[], dt.datetime],
    counts_without_held: bool = False,
    preview: bool = False,
    progress: Callable[[int], None] = lambda _orders: None,
    ask: Ask = lambda fetch: fetch(),
) -> WentLive:
    """Let a read-only account send, after its open orders were taken in as holds.

    ``counts_without_held``: the opening counts don't hold what is sold and not yet sent (they came from the shop's
    own number, say): those pieces are put on top. ``preview``: look only. ``clock`` gives the moment, aware UTC.
    ``progress`` is told how many orders were read. ``ask`` calls what fetches a page, again after a
    passing fault if it likes. Raises AccountError, ConnectorError; then the account stays as it is, and going live
    may simply be tried again.
    """
    already = ready_to_go_live(account)
    if already is not None:
        return WentLive(already)
    facts = facts_of(connector) if connector is not None else None
    reads: object = connector
    if facts is None or not isinstance(reads, ReadsOrders):
        if preview:
            return WentLive(Left(account))
        return WentLive(go_live_unread(engine, account, connector, now=clock()))
    began = clock()
    found, unreadable = _walk(reads, facts, began, progress, ask)
    orders = list(found.values())
    with read(engine) as connection:
        seen = _seen(connection, account, facts, orders)
    if preview:
        return WentLive(Left(account), seen, unreadable)
    oversold: set[int] = set()
    for part in batches(orders, _BATCH):
        with write(engine) as connection:
            oversold |= _hold(connection, account, facts, part, began, clock(), on_top=counts_without_held)
        make_way()
    now = clock()
    with write(engine) as connection:
        reading.open_from(connection, account.id, began, opened=True)
        reading.unreadable(connection, account.id, unreadable, not_understood(), now=now)
        live = send_from_now(connection, account, now)
    return WentLive(Left(live), seen, unreadable, tuple(sorted(oversold)))


def _walk(
    connector: ReadsOrders, facts: OrderFacts, began: dt.datetime, progress: Callable[[int], None], ask: Ask
) -> tuple[dict[str, RemoteOrder], tuple[str, ...]]:
    """Return all open orders, and the others that changed lately; and those that can't be understood."""
    found: dict[str, RemoteOrder] = {}
    unreadable: set[str] = set()
    since, until = began - LISTED, began + dt.timedelta(seconds=facts.lag_s)
    # The lately changed ones come second: an order that moved while the open ones were walked is in them.
    walks = (connector.fetch_open_orders, lambda cursor: connector.fetch_orders(since, until, cursor))
    for fetch in walks:
        for page in pages(fetch, ask):
            for order in page.orders:
                before = found.get(order.remote_id)
                if before is None or order.updated_at >= before.updated_at:
                    found[order.remote_id] = order
            unreadable |= set(page.unreadable)
            progress(len(found))
    return found, tuple(sorted(unreadable - found.keys()))


def pages(fetch: Callable[[str | None], OrderPage], ask: Ask) -> Iterator[OrderPage]:
    """Return the pages of a walk, each asked for with ``ask``. Raises Transient for one that never ends."""
    cursor: str | None = None
    for _ in range(_MOST_PAGES):
        page = ask(partial(fetch, cursor))
        yield page
        if page.cursor is None:
            return
        cursor = page.cursor
    raise Transient(
        "endless", Words("Daftar pesanan toko tidak ada habisnya.", "The shop's list of orders never ends.")
    )


def _seen(
    connection: Connection, account: Account, facts: OrderFacts, orders: Sequence[RemoteOrder]
) -> tuple[SeenOrder, ...]:
    meant = bind(connection, account.id, {named(line) for order in orders for line in order.lines})
    ids = sorted(set(meant.values()))
    skus: dict[int, str] = {}
    for part in batches(ids):
        query = select(variant.c.id, variant.c.sku).where(variant.c.id.in_(part))
        skus |= dict(connection.execute(query).tuples().all())
    found = [_seen_order(facts, order, {name: skus[key] for name, key in meant.items()}) for order in orders]
    return tuple(sorted(found, key=lambda one: (one.created_at, one.order)))


def _seen_order(facts: OrderFacts, order: RemoteOrder, skus: Mapping[object, str]) -> SeenOrder:
    lines = tuple(
        SeenLine(
            skus.get(named(line), line.sku or line.title or line.offer_id),
            line.quantity,
            named(line) in skus,
            facts.meaning(line.status or order.status),
        )
        for line in order.lines
    )
    held = any(line.meaning in _OPEN for line in lines)
    return SeenOrder(order.remote_id, order.status, order.created_at, held, lines)


def _hold(
    connection: Connection,
    account: Account,
    facts: OrderFacts,
    orders: Sequence[RemoteOrder],
    began: dt.datetime,
    now: dt.datetime,
    *,
    on_top: bool,
) -> set[int]:
    """Take orders in; ``on_top``: what is held is added to what is on hand. Return what is oversold."""
    door = door_for(account)
    take_in_at(connection, door, facts, orders, read_began_at=began, now=now, opening=True, flag=False)
    stored = [one for order in orders for one in find_orders(connection, order.remote_id, door=door.name)]
    counts = load_counts(connection, [one.id for one in stored])
    if on_top:
        _put_on_top(connection, account, facts, {one.id: one.status for one in stored}, counts, now=now)
    flags = check(connection, {key for found in counts.values() for key in found}, now=now)
    return {flag.variant_id for flag in flags}


def _put_on_top(
    connection: Connection,
    account: Account,
    facts: OrderFacts,
    statuses: Mapping[int, str],
    counts: Mapping[int, Mapping[int, Held]],
    *,
    now: dt.datetime,
) -> None:
    """Add what is held to what is on hand, where the platform's own number may hold it no more."""
    postings = [
        Posting(
            key, held.location_id, held.count.held, 0, f"opening-held:{order_id}:{key}", Reason.OPENING, account.name
        )
        for order_id, found in sorted(counts.items())
        if facts.lowers.get(statuses[order_id]) is not False
        for key, held in sorted(found.items())
        if held.count.held
    ]
    stock = lock_stock(connection, {one.variant_id for one in postings})
    post(connection, stock, postings, actor="go-live", now=now)


def not_understood() -> Problem:
    """Return the problem of an order that nobody can read."""
    return Problem(
        "order_unreadable",
        Words("Pesanan ini tidak bisa dibaca Syncer.", "Syncer can't understand this order."),
        Words(
            "Lihat pesanannya di toko; catat penjualannya dengan `syncer sale` bila perlu.",
            "Look at the order in the shop; record the sale with `syncer sale` if need be.",
        ),
        Who.COORDINATOR,
    )
