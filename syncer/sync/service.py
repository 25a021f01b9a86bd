"""The engine as a whole: one worker an account, one lease and one pacer a budget group, one wake-up for all.

The daemon keeps it running; ``syncer sync`` runs it until nothing is due.
"""

from __future__ import annotations

import datetime as dt
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import structlog
from sqlalchemy import Engine, and_, func, select
from sqlalchemy.dialects import postgresql, sqlite

from syncer.channels.connectors import Load, connector_class, open_connector
from syncer.channels.records import Account, load_accounts
from syncer.domain.words import SyncerError
from syncer.sdk.contract import ReadsOrders, UploadsPictures
from syncer.sdk.errors import ConnectorError
from syncer.sdk.http import CallRecord
from syncer.store.engine import read, write
from syncer.store.errors import StoreError
from syncer.store.sealed import Keys
from syncer.store.tables import budget_use, listing
from syncer.store.wakeup import WakeListener
from syncer.sync.claim import recover
from syncer.sync.hand_over import PieceMover, count_moving
from syncer.sync.idle import open_reads, open_rows
from syncer.sync.lease import Lease, owner_name
from syncer.sync.pace import Pacer
from syncer.sync.restored import is_released
from syncer.sync.shop import Shop, ShopGate, Timing, utc_now
from syncer.sync.sweep import Swept, log_sweep, sweep
from syncer.sync.worker import Worker

_LOG = structlog.get_logger("syncer.sync")
#: However many wake-ups come, accounts are looked for at most this often.
ACCOUNTS_EVERY_S = 0.3
_IDLE_LOOK_S = 0.02


@dataclass(frozen=True, slots=True)
class Deps:
    """What the engine needs from outside. ``allowed`` are the distributions whose connectors may load."""

    engine: Engine
    keys: Keys
    home: Path
    timing: Timing = field(default_factory=Timing)
    allowed: frozenset[str] = frozenset({"syncer"})
    load: Load | None = None
    on_call: Callable[[Account, CallRecord], None] | None = None


@dataclass(slots=True)
class _Group:
    """The accounts that share a budget: one lease, one pacer, and a worker each.

    ``leaving`` are workers that were stopped and still have calls under way.
    """

    lease: Lease
    pacer: Pacer
    workers: dict[int, Worker] = field(default_factory=dict)
    leaving: list[Worker] = field(default_factory=list)
    try_at: float = 0.0

    @property
    def quiet(self) -> bool:
        """Whether no call is under way."""
        self.leaving = [worker for worker in self.leaving if not worker.ended()]
        return not self.leaving and not any(worker.under_way for worker in self.workers.values())


class Service:
    """Runs workers for every account that may send, until it is stopped."""

    def __init__(self, deps: Deps, *, only: Sequence[str] = ()) -> None:
        self._deps = deps
        self._only = frozenset(only)
        self._groups: dict[str, _Group] = {}
        self._stopping = threading.Event()
        self._woken = threading.Event()
        self._lock = threading.Lock()
        self._claim_name = f"{owner_name()}/{uuid.uuid4().hex[:8]}"
        self._keeper = threading.Thread(target=self._keep, name="lease-keeper", daemon=True)
        self._listener = WakeListener(deps.engine, self._on_wake)
        self._pieces = PieceMover(deps.engine, self._read_lags_s)
        self._broken: dict[int, str] = {}
        self._order_readers: dict[str, bool] = {}
        #: All workers, replaced as a whole, so that a wake-up never waits for the lock.
        self._all: tuple[Worker, ...] = ()

    def start(self) -> None:
        """Listen for wake-ups, take the leases that are free, and start the workers."""
        self._listener.start()
        self._refresh_accounts()
        self._keeper.start()
        self._pieces.start()

    def stop(self, timeout_s: float = 30.0) -> None:
        """Drain: take nothing new, finish the calls under way, give the leases back.

        After ``timeout_s`` seconds calls that still hang are left behind; then the lease is not given back, so that
        who comes next takes them for unknown.
        """
        end = time.monotonic() + timeout_s
        self._stopping.set()
        self._woken.set()
        self._listener.stop()
        self._pieces.stop()
        if self._keeper.ident is not None:
            self._keeper.join(timeout_s)
        with self._lock:
            groups = list(self._groups.values())
        workers = [worker for group in groups for worker in (*group.workers.values(), *group.leaving)]
        for worker in workers:
            worker.stop_soon()
        for worker in workers:
            worker.ended(max(end - time.monotonic(), 0.1))
        for group in groups:
            if group.lease.epoch and group.quiet:
                group.lease.release(utc_now())

    def abort(self) -> None:
        """Begin to stop without waiting: calls that wait for their budget are not sent."""
        self._stopping.set()

    def wake(self) -> None:
        """Say that anything may be due."""
        self._on_wake()

    def accounts(self) -> list[Shop]:
        """Return the shops at work."""
        return [worker.shop for worker in self._all]

    def use(self, account_id: int) -> list[dict[str, object]]:
        """Return the budget use of one account's group."""
        for worker in self._all:
            if worker.shop.account.id == account_id:
                return [dict(one) for one in worker.shop.pacer.use()]
        return []

    def sweep(self, name: str | None = None) -> list[Swept]:
        """Walk the listings of one account, or of all at work, and return what was found."""
        found = []
        for shop in self.accounts():
            if (name is None or shop.account.name == name) and shop.lease.epoch and shop.account.sends:
                swept = sweep(shop)
                log_sweep(swept)
                found.append(swept)
        self._on_wake()
        return found

    def run_until_idle(
        self, *, horizon_s: float = 30.0, review_s: float = 60.0, progress: Callable[[int], None] | None = None
    ) -> int:
        """Work until nothing is due within ``horizon_s`` (reviews and platform pauses included).

        Work that waits longer (a back-off, a person) is left, and so are reviews after ``review_s``: those may take
        days. Returns how many rows still wait.
        """
        began = time.monotonic()
        while True:
            self._refresh_accounts()
            # Counted first: a call that ends now has left its work in the rows by the time they are read.
            calls = sum(worker.under_way for worker in self._all)
            waiting, left = self._open_rows(horizon_s, reviews=time.monotonic() - began < review_s)
            if progress is not None:
                progress(waiting)
            if waiting == 0 and calls == 0:
                return left
            time.sleep(_IDLE_LOOK_S)

    def _open_rows(self, horizon_s: float, *, reviews: bool) -> tuple[int, int]:
        """Count rows that will move on by themselves before long, and all that are due."""
        shops = [shop for shop in self.accounts() if shop.account.sends and shop.lease.epoch]
        ids = [shop.account.id for shop in shops]
        uploading = [shop.account.id for shop in shops if isinstance(shop.connector, UploadsPictures)]
        reading = [shop.account.id for shop in self.accounts() if shop.order_facts is not None and shop.lease.epoch]
        now = utc_now()
        until = now + dt.timedelta(seconds=horizon_s)
        with read(self._deps.engine) as connection:
            waiting = 0
            if is_released(connection):
                waiting = open_rows(connection, ids, until, uploading, reviews=reviews)
                waiting += open_reads(connection, reading, now)
                waiting += count_moving(connection, ids)
            left = connection.execute(select(func.count()).select_from(listing).where(listing.c.due != 0)).scalar()
        return waiting, int(left or 0)

    def _read_lags_s(self) -> dict[int, float]:
        return {shop.account.id: shop.finding.read_lag_s for shop in self.accounts()}

    def _on_wake(self) -> None:
        self._woken.set()
        self._pieces.wake()
        for worker in self._all:
            worker.wake()

    def _keep(self) -> None:
        """Renew the leases, and look for accounts that came or went."""
        renew_every = self._deps.timing.lease_s / 4
        renewed = time.monotonic()
        while not self._stopping.is_set():
            self._woken.wait(min(renew_every, self._deps.timing.poll_s))
            self._woken.clear()
            if self._stopping.is_set():
                return
            try:
                if time.monotonic() - renewed >= renew_every:
                    renewed = time.monotonic()
                    self._renew()
                self._refresh_accounts()
                self._stopping.wait(min(ACCOUNTS_EVERY_S, renew_every))
            except StoreError as error:
                _LOG.warning("store", problem=error.words.en)
            except Exception:  # the keeper must live: without it every lease runs out
                _LOG.exception("keeper fault")

    def _renew(self) -> None:
        with self._lock:
            groups = list(self._groups.values())
        for group in groups:
            if group.lease.epoch and not group.lease.renew(utc_now()):
                _LOG.warning("lease lost", group=group.lease.key)

    def _refresh_accounts(self) -> None:
        """Open shops for accounts that may send or are paused, close the others, and take free leases."""
        with read(self._deps.engine) as connection:
            accounts = load_accounts(connection)
        mine = [one for one in accounts if not self._only or one.name in self._only]
        usable = {one.id: one for one in mine if one.sends or (one.reads_orders and self._tells_orders(one))}
        with self._lock:
            for group in self._groups.values():
                self._close_gone(group, usable)
            known = {key for group in self._groups.values() for key in group.workers}
            for one in usable.values():
                if one.id not in known and not self._stopping.is_set():
                    self._open(one)
            self._all = tuple(worker for group in self._groups.values() for worker in group.workers.values())
            for key, group in list(self._groups.items()):
                if group.workers:
                    self._take_lease(group)
                elif group.quiet:
                    self._drop(key, group)

    def _tells_orders(self, one: Account) -> bool:
        """Whether this account's connector can read orders: then it is at work while it is paused, too."""
        if one.connector not in self._order_readers:
            try:
                found = connector_class(one.connector, allowed=self._deps.allowed, load=self._deps.load)
            except Exception as error:  # one account, or its connector, must not keep the others from being opened
                self._say_broken(one, error)
                return False
            self._order_readers[one.connector] = issubclass(found, ReadsOrders)
        return self._order_readers[one.connector]

    def _close_gone(self, group: _Group, usable: Mapping[int, Account]) -> None:
        """Stop the workers of accounts that may do nothing any more, or were opened with other options."""
        for key, worker in list(group.workers.items()):
            now = usable.get(key)
            if now is None or _opened_as(now) != _opened_as(worker.shop.opened_as):
                worker.stop_soon()
                group.leaving.append(group.workers.pop(key))

    def _drop(self, key: str, group: _Group) -> None:
        """Give up a group that has no account left."""
        if group.lease.epoch:
            group.lease.release(utc_now())
        del self._groups[key]

    def _open(self, one: Account) -> None:
        group = self._groups.get(one.budget_group)
        if group is None:
            lease = Lease(self._deps.engine, one.budget_group, owner=owner_name(), ttl_s=self._deps.timing.lease_s)
            first_s = self._deps.timing.backoff_s
            pacer = Pacer([], load_used=self._load_used, save_used=self._save_used, first_pause_s=first_s, learns=True)
            group = self._groups[one.budget_group] = _Group(lease, pacer)
        if any(worker.shop.account.id == one.id for worker in group.leaving) and not group.quiet:
            return  # one write at a time for each listing: its last calls end first
        try:
            shop = self._shop(one, group)
            group.pacer.add(shop.connector.budgets())
            grace_s = self._deps.timing.call_deadline_s + shop.finding.late_write_s
            worker = Worker(shop, self._deps.home)
        except Exception as error:  # one account, or its connector, must not keep the others from being opened
            self._say_broken(one, error)
            return
        group.lease.grace_s = max(group.lease.grace_s, grace_s)
        group.workers[one.id] = worker
        if group.lease.epoch:
            recover(shop, utc_now())
            worker.start_once()

    def _say_broken(self, one: Account, error: Exception) -> None:
        """Say once why an account can't be opened; a bug comes with its traceback."""
        if self._broken.get(one.id) == str(error):
            return
        self._broken[one.id] = str(error)
        foreseen = isinstance(error, SyncerError | ConnectorError)
        _LOG.error(
            "account can't be opened", account=one.name, problem=str(error), exc_info=None if foreseen else error
        )

    def _shop(self, one: Account, group: _Group) -> Shop:
        deps = self._deps
        gate = ShopGate(group.pacer, group.lease, deps.timing.lease_left_s, self._stopping, one.id)
        connector = open_connector(
            one,
            engine=deps.engine,
            keys=deps.keys,
            home=deps.home,
            gate=gate,
            on_call=self._on_call(one, gate),
            allowed=deps.allowed,
            load=deps.load,
        )
        return Shop(
            engine=deps.engine,
            account=one,
            opened_as=one,
            connector=connector,
            pacer=group.pacer,
            lease=group.lease,
            gate=gate,
            timing=deps.timing,
            claim_name=self._claim_name[-60:],
            sign_in=deps.timing.sign_in(deps.keys),
            need_place=self._pieces.need_place,
        )

    def _take_lease(self, group: _Group) -> None:
        if group.lease.epoch or time.monotonic() < group.try_at or not group.quiet:
            return
        wait = group.lease.acquire(utc_now())
        if wait > 0:
            group.try_at = time.monotonic() + min(wait, self._deps.timing.poll_s)
            return
        for worker in group.workers.values():
            recover(worker.shop, utc_now())
            worker.start_once()
            worker.wake()

    def _on_call(self, one: Account, gate: ShopGate) -> Callable[[CallRecord], None]:
        on_call = self._deps.on_call

        def called(record: CallRecord) -> None:
            gate.note(record)
            if on_call is not None:
                on_call(one, record)

        return called

    def _load_used(self, key: str, day: dt.date) -> int:
        start = dt.datetime.combine(day, dt.time(), dt.UTC)
        query = select(budget_use.c.used).where(and_(budget_use.c.key == key, budget_use.c.window_start == start))
        with read(self._deps.engine) as connection:
            return int(connection.execute(query).scalar() or 0)

    def _save_used(self, key: str, day: dt.date, used: int) -> None:
        start = dt.datetime.combine(day, dt.time(), dt.UTC)
        with write(self._deps.engine) as connection:
            dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
            row = dialect.insert(budget_use).values(key=key, window_start=start, used=used)
            connection.execute(row.on_conflict_do_update(index_elements=["key", "window_start"], set_={"used": used}))


def _opened_as(account: Account) -> tuple[object, ...]:
    """Return what a connector is opened with: when it changes, the connector is opened anew."""
    return (account.connector, account.budget_group, account.sealed_options, dict(account.options))
