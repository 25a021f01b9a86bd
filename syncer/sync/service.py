"""The engine as a whole: one worker an account, one lease and one pacer a budget group, one wake-up for all.

The daemon keeps it running; ``syncer sync`` runs it until nothing is due.
"""

from __future__ import annotations

import datetime as dt
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import structlog
from sqlalchemy import Engine, and_, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from syncer.channels.connectors import Load, open_connector
from syncer.channels.records import Account, load_accounts
from syncer.domain.words import SyncerError
from syncer.sdk.errors import ConnectorError
from syncer.sdk.http import CallRecord
from syncer.store.engine import read, write
from syncer.store.errors import StoreError
from syncer.store.sealed import Keys
from syncer.store.tables import budget_use, listing, picture_upload
from syncer.store.wakeup import WakeListener
from syncer.sync.carry_out import utc_now
from syncer.sync.claim import recover
from syncer.sync.lease import Lease, owner_name
from syncer.sync.pace import Pacer
from syncer.sync.shop import Shop, ShopGate, Timing
from syncer.sync.sweep import Swept, log_sweep, sweep
from syncer.sync.worker import Worker

_LOG = structlog.get_logger("syncer.sync")
#: However many wake-ups come, accounts are looked for at most this often.
ACCOUNTS_EVERY_S = 0.3


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
    """The accounts that share a budget: one lease, one pacer, and a worker each."""

    lease: Lease
    pacer: Pacer
    workers: dict[int, Worker] = field(default_factory=dict)
    try_at: float = 0.0


class Service:
    """Runs workers for every account that may send, until it is stopped."""

    def __init__(self, deps: Deps, *, only: Sequence[str] = ()) -> None:
        self._deps = deps
        self._only = frozenset(only)
        self._groups: dict[str, _Group] = {}
        self._stopping = threading.Event()
        self._abort = threading.Event()
        self._woken = threading.Event()
        self._lock = threading.Lock()
        self._claim_name = f"{owner_name()}/{uuid.uuid4().hex[:8]}"
        self._keeper = threading.Thread(target=self._keep, name="lease-keeper", daemon=True)
        self._listener = WakeListener(deps.engine, self._on_wake)
        self._broken: dict[int, str] = {}
        #: All workers, replaced as a whole, so that a wake-up never waits for the lock.
        self._all: tuple[Worker, ...] = ()

    def start(self) -> None:
        """Listen for wake-ups, take the leases that are free, and start the workers."""
        self._listener.start()
        self._refresh_accounts()
        self._keeper.start()

    def stop(self, timeout_s: float = 30.0) -> None:
        """Drain: take nothing new, finish the calls under way, give the leases back."""
        self._stopping.set()
        self._woken.set()
        self._listener.stop()
        with self._lock:
            groups = list(self._groups.values())
        workers = [worker for group in groups for worker in group.workers.values()]
        for worker in workers:
            worker.stop(timeout_s)
        self._keeper.join(timeout_s)
        for group in groups:
            if group.lease.epoch:
                group.lease.release(utc_now())

    def abort(self) -> None:
        """Let waiting calls fail at once instead of waiting for their budget."""
        self._abort.set()

    def wake(self) -> None:
        """Say that anything may be due."""
        self._on_wake()

    def accounts(self) -> list[Shop]:
        """Return the shops at work."""
        with self._lock:
            return [worker.shop for group in self._groups.values() for worker in group.workers.values()]

    def use(self, account_id: int) -> list[dict[str, object]]:
        """Return the budget use of one account's group."""
        with self._lock:
            for group in self._groups.values():
                if account_id in group.workers:
                    return [dict(one) for one in group.pacer.use()]
        return []

    def sweep(self, name: str | None = None) -> list[Swept]:
        """Walk the listings of one account, or of all at work, and return what was found."""
        found = []
        for shop in self.accounts():
            if (name is None or shop.account.name == name) and shop.lease.epoch:
                swept = sweep(shop, utc_now())
                log_sweep(swept)
                found.append(swept)
        self._on_wake()
        return found

    def run_until_idle(self, *, horizon_s: float = 30.0, progress: Callable[[int], None] | None = None) -> int:
        """Work until nothing is due within ``horizon_s`` (reviews and platform pauses included).

        Work that waits longer (a back-off, a person) is left. Returns how many rows still wait.
        """
        while True:
            self._refresh_accounts()
            open_rows, calls = self._open_rows(horizon_s), self._calls_under_way()
            if progress is not None:
                progress(open_rows)
            if open_rows == 0 and calls == 0:
                return self._waiting_rows()
            time.sleep(0.02)

    def _calls_under_way(self) -> int:
        with self._lock:
            return sum(worker.under_way for group in self._groups.values() for worker in group.workers.values())

    def _open_rows(self, horizon_s: float) -> int:
        """Count rows of the accounts at work that will move on by themselves before long."""
        ids = [shop.account.id for shop in self.accounts() if shop.account.sends and shop.lease.epoch]
        if not ids:
            return 0
        until = utc_now() + dt.timedelta(seconds=horizon_s)
        soon = and_(listing.c.due != 0, listing.c.due_at <= until, listing.c.tries < 4)
        review = and_(listing.c.settle_at <= until, listing.c.state == "review")
        rows = select(func.count()).where(
            and_(listing.c.account_id.in_(ids), or_(soon, review, listing.c.claim.is_not(None)))
        )
        pictures = select(func.count()).where(
            and_(
                picture_upload.c.account_id.in_(ids),
                picture_upload.c.remote_id.is_(None),
                picture_upload.c.problem.is_(None),
                picture_upload.c.due_at <= until,
            )
        )
        with read(self._deps.engine) as connection:
            return int(connection.execute(rows).scalar() or 0) + int(connection.execute(pictures).scalar() or 0)

    def _waiting_rows(self) -> int:
        with read(self._deps.engine) as connection:
            return int(connection.execute(select(func.count()).where(listing.c.due != 0)).scalar() or 0)

    def _on_wake(self) -> None:
        self._woken.set()
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
                self._stopping.wait(ACCOUNTS_EVERY_S)
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
        """Open shops for accounts that may send, close those that may not, and take free leases."""
        with read(self._deps.engine) as connection:
            accounts = load_accounts(connection)
        usable = {one.id: one for one in accounts if one.sends and (not self._only or one.name in self._only)}
        with self._lock:
            for group in self._groups.values():
                for gone in [key for key in group.workers if key not in usable]:
                    worker = group.workers.pop(gone)
                    threading.Thread(target=worker.stop, args=(60.0,), daemon=True).start()
            known = {key for group in self._groups.values() for key in group.workers}
            for one in usable.values():
                if one.id not in known and not self._stopping.is_set():
                    self._open(one)
            self._all = tuple(worker for group in self._groups.values() for worker in group.workers.values())
            for group in self._groups.values():
                self._take_lease(group)

    def _open(self, one: Account) -> None:
        deps = self._deps
        group = self._groups.get(one.budget_group)
        if group is None:
            lease = Lease(
                deps.engine,
                one.budget_group,
                owner=owner_name(),
                ttl_s=deps.timing.lease_s,
                grace_s=deps.timing.call_deadline_s + (deps.timing.late_write_s or 0.0),
            )
            pacer = Pacer([], load_used=self._load_used, save_used=self._save_used, first_pause_s=deps.timing.backoff_s)
            group = self._groups[one.budget_group] = _Group(lease, pacer)
        gate = ShopGate(group.pacer, group.lease, deps.timing.call_deadline_s, self._abort)
        try:
            connector = open_connector(
                one,
                engine=deps.engine,
                keys=deps.keys,
                home=deps.home,
                gate=gate,
                on_call=self._on_call(one),
                allowed=deps.allowed,
                load=deps.load,
            )
        except (SyncerError, ConnectorError) as error:
            if self._broken.get(one.id) != str(error):
                self._broken[one.id] = str(error)
                _LOG.error("account can't be opened", account=one.name, problem=str(error))
            return
        group.pacer.add(connector.budgets())
        shop = Shop(
            engine=deps.engine,
            account=one,
            connector=connector,
            pacer=group.pacer,
            lease=group.lease,
            gate=gate,
            timing=deps.timing,
            claim_name=self._claim_name[-60:],
            sign_in=deps.timing.sign_in(deps.keys),
        )
        worker = Worker(shop, deps.home)
        group.workers[one.id] = worker
        if group.lease.epoch:
            recover(shop, utc_now())
            worker.start_once()

    def _take_lease(self, group: _Group) -> None:
        if group.lease.epoch or time.monotonic() < group.try_at:
            return
        wait = group.lease.acquire(utc_now())
        if wait > 0:
            group.try_at = time.monotonic() + min(wait, self._deps.timing.poll_s)
            return
        for worker in group.workers.values():
            recover(worker.shop, utc_now())
            worker.start_once()

    def _on_call(self, one: Account) -> Callable[[CallRecord], None] | None:
        on_call = self._deps.on_call
        return None if on_call is None else lambda record: on_call(one, record)

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
