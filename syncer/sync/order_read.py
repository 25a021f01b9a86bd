"""Read what was ordered on one account: orders that a webhook named, and all that changed, page by page.

A page is taken in by the transaction that moves the cursor, some orders at a time, so that a stop never waits for it.
No transaction spans a call. One reader an account works at a time.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import structlog
from sqlalchemy import Connection

from syncer.domain.order import RemoteOrder
from syncer.domain.problem import Problem, Who
from syncer.domain.words import Words
from syncer.orders import reading
from syncer.orders.inbox import ask_returned
from syncer.orders.reading import HintedOrder, OrderRead
from syncer.orders.take_in import take_in
from syncer.sdk.contract import OrderFacts, OrderPage, ReadsOrders
from syncer.sdk.errors import ConnectorError, RateLimited, Recovery, Unclassified
from syncer.store.batches import batches
from syncer.store.engine import make_way, read, write
from syncer.store.errors import StoreError
from syncer.store.marks import Lane
from syncer.sync.account_state import account_refused
from syncer.sync.claim import orders_were_read
from syncer.sync.prepare import unexpected
from syncer.sync.right_of_way import RIGHT_OF_WAY
from syncer.sync.shop import NotSent, Shop, monotonic, utc_now

_LOG = structlog.get_logger("syncer.sync")
_Answer = TypeVar("_Answer")
#: So many orders are taken in by one transaction: a stop that waits to be written must not wait long.
AT_ONCE = 50
#: Reads that rises wait for begin at most this often, in seconds: one serves all that wait.
LEAST_PAUSE_S = 0.2
#: A walk longer than this many pages has lost its way (security.md H5).
MOST_PAGES = 10_000
#: An order that the channel doesn't know is looked for this often, over some minutes: it may show up late.
_MOST_LOOKS = 8
_OF_THE_ACCOUNT = (Recovery.SIGN_IN_AGAIN, Recovery.STOP_ACCOUNT)
_OF_ONE_ORDER = (Recovery.FIX_LISTING, Recovery.PARK, Recovery.GONE)


@dataclass(frozen=True, slots=True)
class _Part:
    """Orders that one transaction takes in."""

    orders: Sequence[RemoteOrder]
    opening: bool


def _parts(orders: Sequence[RemoteOrder], *, opening: bool) -> list[_Part]:
    return [_Part(part, opening) for part in batches(orders, AT_ONCE)]


class OrderReader:
    """Reads one account's orders. The worker asks :meth:`wait_s` and runs :meth:`run` in one thread at a time."""

    def __init__(self, shop: Shop, connector: ReadsOrders, stopping: threading.Event) -> None:
        self._shop, self._connector, self._stopping = shop, connector, stopping
        self._asked_at: dt.datetime | None = None
        self._began = self._rest_until = 0.0
        self._refusals = 0
        self._pages: tuple[dt.datetime | None, int] = (None, 0)

    @property
    def facts(self) -> OrderFacts:
        """What orders mean on this account."""
        return self._shop.order_facts or OrderFacts()

    def ask(self, at: dt.datetime) -> None:
        """A rise that was decided at ``at`` waits for a read that begins later."""
        self._asked_at = max(self._asked_at or at, at)

    def wait_s(self, connection: Connection, now: dt.datetime) -> float:
        """Return the seconds until there is something to read; 0 or less: now."""
        account_id = self._shop.account.id
        rest = self._rest_until - monotonic()
        hint_at = reading.next_hint(connection, account_id)
        waits = [self._read_in(reading.load_read(connection, account_id), now)]
        if hint_at is not None:
            waits.append((hint_at - now).total_seconds())
        return max(min(waits), rest)

    def run(self) -> None:
        """Read until nothing is due any more."""
        try:
            while not self._stopping.is_set() and self._shop.account.reads_orders and self._step():
                self._refusals = 0
        except NotSent:
            self._rest(LEAST_PAUSE_S)
        except ConnectorError as error:
            self._failed(error)
        except StoreError:
            self._rest(max(self._shop.timing.backoff_s, LEAST_PAUSE_S))
            raise
        except Exception as bug:  # a bug in one connector must not stop the others
            _LOG.exception("connector bug", account=self._shop.account.name, connector=self._shop.info.name)
            self._failed(unexpected(bug))

    def _rest(self, seconds: float) -> None:
        self._rest_until = monotonic() + seconds

    def _read_in(self, state: OrderRead, now: dt.datetime) -> float:
        """Return the seconds until the next page or read is due."""
        due_in = (state.due_at - now).total_seconds() if state.due_at is not None else 0.0
        if state.failing:
            return due_in
        if state.read_began_at is not None:
            # The setting may be another one since that read ended.
            since = (now - state.read_began_at).total_seconds()
            due_in = min(due_in, self._shop.timing.order_poll_s - since)
        if state.under_way:
            return 0.0
        asked = self._asked_at
        if asked is not None and (state.read_began_at is None or state.read_began_at <= asked):
            return min(due_in, self._began + LEAST_PAUSE_S - monotonic())
        return due_in

    def _step(self) -> bool:
        """Follow the hints, or read one page; return whether anything was due."""
        now, account_id = utc_now(), self._shop.account.id
        with read(self._shop.engine) as connection:
            hints = reading.due_hints(connection, account_id, now, max(self.facts.ids_a_call, 1))
            state = reading.load_read(connection, account_id)
        if hints:
            self._follow(hints)
            return True
        if self._read_in(state, now) > 0:
            return False
        self._page(state if state.under_way else self._begin())
        return True

    # What changed

    def _begin(self) -> OrderRead:
        shop = self._shop
        with write(shop.engine) as connection:
            self._hold_lease(connection)
            state = reading.begin(connection, shop.account.id, self.facts, utc_now())
        self._began = monotonic()
        return state

    def _page(self, state: OrderRead) -> None:
        """Read the next page, and take it in."""
        shop, asked_at = self._shop, utc_now()
        page = self._call(Lane.FALL, lambda: self._fetch(state))
        self._count_page(state, page)

        def done(connection: Connection) -> None:
            now = utc_now()
            reading.unreadable(connection, shop.account.id, page.unreadable, _not_understood(), now=now)
            reading.move(connection, state, page.cursor, now=now, poll_s=shop.timing.order_poll_s)

        self._take(page.orders, asked_at, state, done)
        if page.cursor is None:
            _LOG.info("orders read", account=shop.account.name, opening=state.opening, orders=len(page.orders))
            if not state.opening:
                self._let_rises_go()

    def _fetch(self, state: OrderRead) -> OrderPage:
        if state.since is None or state.until is None:
            return self._connector.fetch_open_orders(state.cursor)
        return self._connector.fetch_orders(state.since, state.until, state.cursor)

    def _count_page(self, state: OrderRead, page: OrderPage) -> None:
        """Notice a walk that goes round in circles."""
        began, count = self._pages
        self._pages = (state.began_at, count + 1 if began == state.began_at else 1)
        if page.cursor is not None and (page.cursor == state.cursor or self._pages[1] > MOST_PAGES):
            raise _lost_its_way()

    def _let_rises_go(self) -> None:
        """What waited for this read is looked at again."""
        shop = self._shop
        while True:
            with write(shop.engine) as connection:
                woken = orders_were_read(connection, shop.account.id, utc_now())
            if not woken:
                return
            make_way()

    # What was named

    def _follow(self, hints: Sequence[HintedOrder]) -> None:
        """Read these orders. Where one of them spoils the call for all, each is read alone."""
        ids = [one.remote_id for one in hints]
        asked_at = utc_now()
        RIGHT_OF_WAY.take()
        try:
            orders = self._call(Lane.STOP, lambda: self._connector.fetch_orders_by_id(ids))
        except NotSent:
            raise
        except Exception as error:
            found = error if isinstance(error, ConnectorError) else unexpected(error)
            if found.recovery not in _OF_ONE_ORDER:
                raise
            if len(hints) > 1:
                for one in hints:
                    self._follow([one])
            else:
                self._put_off(hints, found.problem())
            return
        RIGHT_OF_WAY.take()
        by_id = {order.remote_id: order for order in orders}
        seen = [one for one in hints if one.remote_id in by_id]
        missing = [one for one in hints if one.remote_id not in by_id]

        def done(connection: Connection) -> None:
            returns = {one.remote_id: one.returned for one in seen if one.returned}
            early = ask_returned(connection, self._shop.account.id, returns)
            again = [*missing, *(one for one in seen if one.remote_id in early)]
            later = [one for one in again if one.tries < _MOST_LOOKS]
            over = [one for one in hints if one not in later]
            reading.drop_hints(connection, self._shop.account.id, over, asked_at)
            reading.put_off(connection, self._shop.account.id, later, None, now=utc_now())

        with read(self._shop.engine) as connection:
            state = reading.load_read(connection, self._shop.account.id)
        self._take([by_id[one.remote_id] for one in seen], asked_at, state, done)

    def _put_off(self, hints: Sequence[HintedOrder], problem: Problem) -> None:
        with write(self._shop.engine) as connection:
            self._hold_lease(connection)
            reading.put_off(connection, self._shop.account.id, hints, problem, now=utc_now())

    # Both

    def _call(self, lane: Lane, call: Callable[[], _Answer]) -> _Answer:
        self._shop.gate.enter(lane, held=False)
        try:
            return call()
        finally:
            self._shop.gate.leave()

    def _take(
        self,
        orders: Sequence[RemoteOrder],
        asked_at: dt.datetime,
        state: OrderRead,
        done: Callable[[Connection], None],
    ) -> None:
        """Take orders in, a part at a time; ``done`` runs in the last part's transaction.

        Those placed before the account went live count only if they were open then.
        """
        opened = state.opening_at
        old = [one for one in orders if state.opening or (opened is not None and one.created_at < opened)]
        new = [one for one in orders if one not in old]
        parts = [*_parts(old, opening=True), *_parts(new, opening=False)] or [_Part((), opening=False)]
        for part in parts[:-1]:
            self._take_part(part, asked_at, None)
            make_way()
        self._take_part(parts[-1], asked_at, done)

    def _take_part(self, part: _Part, asked_at: dt.datetime, done: Callable[[Connection], None] | None) -> None:
        shop = self._shop
        try:
            with write(shop.engine) as connection:
                self._hold_lease(connection)
                if part.orders:
                    take_in(
                        connection,
                        shop.account,
                        self.facts,
                        part.orders,
                        read_began_at=asked_at,
                        now=utc_now(),
                        opening=part.opening,
                    )
                if done is not None:
                    done(connection)
        except (StoreError, NotSent):
            raise
        except Exception as bug:
            if not part.orders:
                raise
            self._take_alone(part, asked_at, bug)
            if done is not None:
                self._take_part(replace(part, orders=()), asked_at, done)

    def _take_alone(self, part: _Part, asked_at: dt.datetime, bug: Exception) -> None:
        """One bad order must not hold up the others: it is kept with its problem."""
        if len(part.orders) > 1:
            for one in part.orders:
                self._take_part(replace(part, orders=(one,)), asked_at, None)
            return
        shop, order_id = self._shop, part.orders[0].remote_id
        _LOG.error("order not taken in", account=shop.account.name, order=order_id, exc_info=bug)
        with write(shop.engine) as connection:
            self._hold_lease(connection)
            reading.unreadable(connection, shop.account.id, [order_id], _not_understood(), now=utc_now())

    def _hold_lease(self, connection: Connection) -> None:
        if not self._shop.lease.held(connection):
            raise NotSent("lease", Words("Dibaca sebentar lagi.", "It will be read in a moment."))

    def _failed(self, error: ConnectorError) -> None:
        """Reading failed: try again after a pause, and let it show."""
        shop = self._shop
        if isinstance(error, RateLimited):
            shop.pacer.refused(error.budget, error.after_s)
        if error.recovery in _OF_THE_ACCOUNT:
            account_refused(shop, error)
            self._refusals += 1
            if self._refusals == 1:
                # Its sign-in is fresh now, perhaps: that is no failure yet.
                self._rest(max(shop.timing.backoff_s, 0.0))
                return
        with write(shop.engine) as connection:
            state = reading.load_read(connection, shop.account.id)
            most = max(shop.timing.order_poll_s, shop.timing.urgent_most_s)
            pause = max(min(shop.timing.backoff_s * 2 ** min(state.tries, 16), most), error.after_s or 0.0)
            reading.failed(connection, shop.account.id, error.problem(), now=utc_now(), pause_s=pause)
        self._rest(pause)
        _LOG.warning("orders not read", account=shop.account.name, error_code=error.code, pause_s=round(pause, 1))
        if not state.failing:
            # What may go out although orders can't be read goes out now, and the rest says why it waits.
            self._let_rises_go()


def _not_understood() -> Problem:
    words = Words(
        "Satu pesanan di toko ini tidak dapat dipahami Syncer.", "Syncer can't understand an order of this shop."
    )
    remedy = Words(
        "Lihat pesanan itu di toko, lalu catat stoknya dengan `syncer stock`.",
        "Look at that order in the shop, and set the stock with `syncer stock`.",
    )
    return Problem("order_unreadable", words, remedy, Who.ADMINISTRATOR)


def _lost_its_way() -> ConnectorError:
    words = Words("Daftar pesanan toko ini tidak berakhir.", "The list of this shop's orders doesn't end.")
    remedy = Words("Laporkan ke pembuat konektor.", "Tell the connector's author.")
    return Unclassified("orders_endless", words, remedy=remedy)
