"""The worker of one account: claim what is due, the most urgent first, and carry it out within its budgets.

One dispatcher thread an account; its calls run in a small pool, so that the platform's latency does not limit
the rate. A dead or slow account blocks only its own threads.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path

import structlog
from sqlalchemy import and_, func, select

from syncer.channels.records import load_account
from syncer.channels.sign_in import Refresh
from syncer.sdk.contract import UploadsPictures
from syncer.store.engine import read
from syncer.store.errors import StoreError
from syncer.store.marks import Lane
from syncer.store.tables import listing, meta
from syncer.sync.account_state import account_refused
from syncer.sync.beforehand import Upload, due_uploads, fetch_facts, upload
from syncer.sync.carry_out import carry_out, utc_now
from syncer.sync.claim import claim
from syncer.sync.prepare import Action, Task, due_ids, prepare, read_tasks, settle_ids, top_lane
from syncer.sync.shop import Shop, monotonic

_LOG = structlog.get_logger("syncer.sync")
#: How many due listings are looked at in one go, at most.
LOOK_AHEAD = 16
_CALLS = (Action.WRITE, Action.READ, Action.SEEK)


class Worker:
    """Runs one account until it is stopped. ``home`` holds the picture files."""

    def __init__(self, shop: Shop, home: Path) -> None:
        self.shop = shop
        self._home = home
        self._event = threading.Event()
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._slots = self._free = max(shop.info.concurrency, 1)
        self._pool = ThreadPoolExecutor(self._slots, thread_name_prefix=f"{shop.account.name}-call")
        self._thread = threading.Thread(target=self._run, name=f"{shop.account.name}-worker", daemon=True)
        self._facts: set[str] = set()
        self._pictures: set[str] = set()

    def start_once(self) -> None:
        """Start the dispatcher, unless it runs already."""
        if self._thread.ident is None:
            self._thread.start()

    def wake(self) -> None:
        """Say that something may be due; remembered while the worker is busy."""
        self._event.set()

    def stop(self, timeout_s: float) -> None:
        """Take nothing more, finish the calls under way, and end."""
        self._stopping.set()
        self._event.set()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        self._pool.shutdown(wait=True, cancel_futures=True)

    @property
    def under_way(self) -> int:
        """How many calls are under way."""
        with self._lock:
            return self._slots - self._free

    def _run(self) -> None:
        while not self._stopping.is_set():
            # Cleared before looking: a wake-up that comes while we look is not lost.
            self._event.clear()
            try:
                pause = self._round()
            except StoreError as error:
                _LOG.warning("store", account=self.shop.account.name, problem=error.words.en)
                pause = 0.5
            except Exception:  # one account's fault must not end its worker
                _LOG.exception("worker fault", account=self.shop.account.name)
                pause = self.shop.timing.poll_s
            if pause > 0:
                self._event.wait(min(pause, self.shop.timing.poll_s))

    def _round(self) -> float:
        """Start what can be started now; return the seconds until there may be more (0: at once)."""
        poll = self.shop.timing.poll_s
        if self._free == 0 or not self._usable():
            return poll
        now = utc_now()
        started, pause = self._start_listings(now)
        more, picture_pause = self._start_pictures(now)
        if started or more:
            return 0.0
        return min(pause, picture_pause, self._next_moment(now))

    def _usable(self) -> bool:
        """Return whether this account may send now; refresh its sign-in if that is due."""
        shop = self.shop
        with read(shop.engine) as connection:
            shop.account = load_account(connection, shop.account.id)
            released = connection.execute(select(meta.c.value).where(meta.c.key == "released")).scalar()
        if not shop.account.sends or released == "0" or not shop.lease.epoch:
            return False
        if monotonic() < shop.rest_until:
            return False
        return shop.sign_in.refresh_if_due(shop.engine, shop.account, shop.connector) is not Refresh.NEEDED

    def _start_listings(self, now: dt.datetime) -> tuple[int, float]:
        """Start calls for due listings; return how many rows moved on, and how long the budget makes us wait."""
        shop, poll = self.shop, self.shop.timing.poll_s
        with read(shop.engine) as connection:
            lane = top_lane(connection, shop.account.id, now)
            if lane is None:
                return 0, poll
            wait = shop.pacer.spend("", lane)
            if wait > 0:
                return 0, wait
            ids = due_ids(connection, shop.account.id, now, LOOK_AHEAD)
            tasks = prepare(connection, shop, ids, now) if ids else []
            settling = settle_ids(connection, shop.account.id, now, 4)
            tasks += read_tasks(connection, [key for key in settling if key not in ids])
        moved = self._settle(tasks, now)
        calls = sorted((task for task in tasks if task.action in _CALLS), key=lambda task: task.lane)
        sent = self._send(calls)
        return moved + sent, poll

    def _settle(self, tasks: Sequence[Task], now: dt.datetime) -> int:
        """Deal with tasks that need no call of their own."""
        silent = [task for task in tasks if task.action not in _CALLS]
        if not silent:
            return 0
        self._start_facts([key for task in silent for key in task.facts])
        claim(self.shop, silent, now)
        return len(silent)

    def _send(self, calls: list[Task]) -> int:
        """Claim and start calls while there are slots and budget; the first one is paid for already."""
        sent, paid = 0, True
        while calls and self._free > 0 and not self._stopping.is_set():
            lane = calls[0].lane
            if not paid and self.shop.pacer.spend("", lane) > 0:
                break
            paid = True
            claimed = claim(self.shop, take_batch(self.shop, calls), utc_now())
            if claimed:
                self._submit(partial(self._call, claimed, lane))
                paid = False
            sent += 1
        if paid:
            self.shop.pacer.give_back()
        return sent

    def _call(self, tasks: Sequence[Task], lane: Lane) -> None:
        self.shop.gate.enter(lane, paid=True)
        try:
            carry_out(self.shop, tasks)
        finally:
            self.shop.gate.leave()

    def _submit(self, work: Callable[[], None]) -> None:
        with self._lock:
            self._free -= 1

        def finished(future: Future[None]) -> None:
            with self._lock:
                self._free += 1
            error = None if future.cancelled() else future.exception()
            if error is not None:
                _LOG.error("call fault", account=self.shop.account.name, exc_info=error)
            self._event.set()

        self._pool.submit(work).add_done_callback(finished)

    def _start_facts(self, keys: Sequence[str]) -> None:
        now = monotonic()
        wanted = {key for key in keys if key not in self._facts and self.shop.fact_waits.get(key, 0.0) <= now}
        if wanted and self._free > 0:
            self._facts |= wanted
            self._submit(partial(self._fetch_facts, sorted(wanted)))

    def _fetch_facts(self, keys: Sequence[str]) -> None:
        self.shop.gate.enter(Lane.CONTENT, paid=False)
        try:
            error = fetch_facts(self.shop, keys, utc_now())
            if error is not None:
                account_refused(self.shop, error)
        finally:
            self.shop.gate.leave()
            self._facts -= set(keys)

    def _start_pictures(self, now: dt.datetime) -> tuple[int, float]:
        """Start uploads, but leave a slot for stock; return how many, and how long the budget makes us wait."""
        shop, poll = self.shop, self.shop.timing.poll_s
        kept_free = 1 if self._slots > 1 else 0
        if not isinstance(shop.connector, UploadsPictures) or self._free <= kept_free:
            return 0, poll
        with read(shop.engine) as connection:
            wishes = due_uploads(connection, shop.account.id, now, LOOK_AHEAD)
        started = 0
        for wish in wishes:
            if wish.sha256 in self._pictures:
                continue
            if self._free <= kept_free:
                break
            wait = shop.pacer.spend("", Lane.CONTENT)
            if wait > 0:
                return started, wait
            self._pictures.add(wish.sha256)
            self._submit(partial(self._upload, wish))
            started += 1
        return started, poll

    def _upload(self, wish: Upload) -> None:
        self.shop.gate.enter(Lane.CONTENT, paid=True)
        try:
            error = upload(self.shop, self._home, wish, utc_now())
            if error is not None:
                account_refused(self.shop, error)
        finally:
            self.shop.gate.leave()
            self._pictures.discard(wish.sha256)

    def _next_moment(self, now: dt.datetime) -> float:
        """Return the seconds until the next row is due or is to be read again."""
        mine = and_(listing.c.account_id == self.shop.account.id, listing.c.claim.is_(None))
        due = select(func.min(listing.c.due_at)).where(and_(mine, listing.c.due != 0))
        settle = select(func.min(listing.c.settle_at)).where(and_(mine, listing.c.settle_at.is_not(None)))
        with read(self.shop.engine) as connection:
            moments = [connection.execute(query).scalar() for query in (due, settle)]
        waits = [(moment - now).total_seconds() for moment in moments if moment is not None]
        return max(min(waits, default=self.shop.timing.poll_s), 0.01)


def take_batch(shop: Shop, calls: list[Task]) -> list[Task]:
    """Take the first task off ``calls``, and others of the same kind that fit into the same call."""
    first = calls.pop(0)
    shape = shop.info.batches.get(first.operation.kind) if first.operation is not None else None
    if first.operation is None or shape is None or shape.listings == 1:
        return [first]
    batch, offers = [first], len(first.operation.offers)
    for task in list(calls):
        operation = task.operation
        if operation is None or operation.kind is not first.operation.kind:
            continue
        if len(batch) >= shape.listings or offers + len(operation.offers) > shape.offers:
            break
        calls.remove(task)
        batch.append(task)
        offers += len(operation.offers)
    return batch
