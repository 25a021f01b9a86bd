"""The worker of one account: claim what is due, the most urgent first, and carry it out within its budgets.

One dispatcher thread an account; its calls run in a small pool, so that the platform's latency does not limit
the rate. A dead or slow account blocks only its own threads.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import structlog
from sqlalchemy import Connection, select

from syncer.channels.records import UnknownAccount, load_account
from syncer.channels.sign_in import Refresh
from syncer.sdk.contract import ReadsOrders, SignsIn, UploadsPictures
from syncer.sdk.operations import Kind
from syncer.store.engine import read
from syncer.store.errors import StoreError
from syncer.store.marks import Lane
from syncer.store.tables import meta
from syncer.sync.account_state import account_refused
from syncer.sync.beforehand import Upload, due_uploads, fetch_facts, next_upload, upload
from syncer.sync.carry_out import carry_out
from syncer.sync.claim import claim, recover
from syncer.sync.order_read import OrderReader
from syncer.sync.prepare import Action, Task, due_rows, next_moment, prepare, read_tasks, settle_ids
from syncer.sync.right_of_way import MOST_WAIT_S, RIGHT_OF_WAY, is_urgent
from syncer.sync.shop import Shop, monotonic, utc_now
from syncer.sync.turns import TURNS

_LOG = structlog.get_logger("syncer.sync")
#: How many due listings are looked at in one go: at least, at most, and of those that wait for a second look.
LOOK_LEAST, LOOK_AHEAD, SECOND_LOOKS = 2, 64, 4
#: How many pictures are.
PICTURES_AHEAD = 16
#: Pause when nothing that is due could be started: somebody else is changing those rows.
_STUCK_S = 0.05
#: What work of a lane goes out as, mostly.
_KINDS = {
    Lane.STOP: (Kind.STOCK, Kind.HIDE, Kind.DELETE),
    Lane.FALL: (Kind.STOCK,),
    Lane.RISE: (Kind.STOCK,),
    Lane.PRICE: (Kind.PRICE,),
}
_CONTENT_KINDS = (Kind.CREATE, Kind.UPDATE, Kind.RESHAPE)
_CALLS = (Action.WRITE, Action.READ, Action.SEEK)
_STATE = select(meta.c.key, meta.c.value).where(meta.c.key.in_(("released", "epoch")))
#: While the budget makes other work wait, a wake-up may bring a stop, which may go: so often is looked, in seconds.
_URGENT_LOOK_S = 0.02


@dataclass(frozen=True, slots=True)
class _Round:
    """What one look at the database found: tasks, pictures to upload, and when there is more."""

    tasks: Sequence[Task] = ()
    uploads: Sequence[Upload] = ()
    next_at: dt.datetime | None = None


class Worker:
    """Runs one account until it is stopped. ``home`` holds the picture files."""

    def __init__(self, shop: Shop, home: Path) -> None:
        self.shop = shop
        self._home = home
        self._event = threading.Event()
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        concurrency = max(shop.info.concurrency, 1)
        self._orders = _reader(shop, self._stopping)
        #: Orders are read in a slot of their own where there are enough: neither waits for the other then.
        self._own_slot = self._orders is not None and concurrency > 2
        self._slots = self._free = concurrency - self._own_slot
        self._reading = False
        self._pool = ThreadPoolExecutor(concurrency, thread_name_prefix=f"{shop.account.name}-call")
        self._thread = threading.Thread(target=self._run, name=f"{shop.account.name}-worker", daemon=True)
        #: Facts and pictures on their way, and whether a sign-in is being refreshed.
        self._facts: set[str] = set()
        self._pictures: set[str] = set()
        self._uploading: frozenset[str] = frozenset()
        self._fetching: frozenset[str] = frozenset()
        self._refreshing, self._refresh_at = False, 0.0
        self._unrecorded: set[int] = set()
        #: Grows while those that are looked at can't be started: somebody else is changing them.
        self._wider = 1
        #: How many listings the largest call of the last round carried: of the same, the next can carry more.
        self._batched = 1
        #: How long wake-ups can't change anything, because the budget is spent.
        self._deaf_s = 0.0
        #: Since when something urgent of others goes first; 0: nothing does.
        self._aside_since = 0.0
        self._released = True

    def start_once(self) -> None:
        """Start the dispatcher, unless it runs already."""
        if self._thread.ident is None:
            self._thread.start()

    def wake(self) -> None:
        """Say that something may be due; remembered while the worker is busy."""
        self._event.set()

    def stop_soon(self) -> None:
        """Take nothing more; calls under way go on."""
        self._stopping.set()
        self._event.set()

    def ended(self, timeout_s: float = 0.0) -> bool:
        """Wait at most ``timeout_s`` until the calls under way have ended; return whether they have."""
        end = monotonic() + timeout_s
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
            if self._thread.is_alive():
                return False
        self._pool.shutdown(wait=False)
        while self.under_way and monotonic() < end:
            self._event.wait(0.02)
            self._event.clear()
        return not self.under_way

    @property
    def under_way(self) -> int:
        """How many calls are under way."""
        with self._lock:
            return self._slots - self._free + (self._reading and self._own_slot)

    def _run(self) -> None:
        while not self._stopping.is_set():
            # Cleared before looking: a wake-up that comes while we look is not lost.
            self._event.clear()
            self._deaf_s = 0.0
            try:
                with TURNS.look():
                    pause = self._round()
            except StoreError as error:
                _LOG.warning("store", account=self.shop.account.name, problem=error.words.en)
                pause = 0.5
            except UnknownAccount:
                return
            except Exception:  # one account's fault must not end its worker
                _LOG.exception("worker fault", account=self.shop.account.name)
                pause = self.shop.timing.poll_s
            if pause > 0 and self._deaf_s > 0:
                self._stopping.wait(min(pause, self._deaf_s))
            if pause > self._deaf_s:
                self._event.wait(min(pause - self._deaf_s, self.shop.timing.poll_s))

    def _round(self) -> float:
        """Start what can be started now; return the seconds until there may be more (0: at once)."""
        shop, now = self.shop, utc_now()
        self._recover_unrecorded(now)
        # What ends while we look is not in the snapshot yet: it must not be started once more.
        self._uploading, self._fetching = frozenset(self._pictures), frozenset(self._facts)
        with read(shop.engine) as connection:
            self._read_account(connection)
            orders = self._start_orders(connection, now)
            rest = self._rest_s() or (shop.timing.poll_s if self._free == 0 else 0.0)
            if rest > 0:
                return min(rest, orders)
            due = due_rows(connection, shop.account.id, now, LOOK_AHEAD)
            lane = self._top_lane(connection, due, now)
            if lane is not None and self._stands_aside(lane):
                return min(_URGENT_LOOK_S, orders)
            wait = shop.pacer.hold(lane) if lane is not None else 0.0
            held = lane is not None and wait <= 0
            if lane is not None and wait > 0:
                self._deaf_s = wait if lane <= Lane.FALL else min(wait, _URGENT_LOOK_S)
            if held:
                TURNS.about_to_send(shop.account.id)
            try:
                found = self._look(connection, due, now, lane if held else None)
            except BaseException:
                if held:
                    shop.pacer.release()
                    TURNS.sent(shop.account.id)
                raise
        self._refresh_sign_in(now)
        started = self._send(found.tasks, now, held=held)
        self._wider = min(self._wider * 2, LOOK_AHEAD) if found.tasks and not started else 1
        more, picture_wait = self._start_pictures(found.uploads)
        if started or more:
            return 0.0
        waits = [orders, wait or shop.timing.poll_s, picture_wait or shop.timing.poll_s]
        if found.tasks:
            waits.append(_STUCK_S)
        if found.next_at is not None and found.next_at > now:
            waits.append((found.next_at - now).total_seconds())
        return max(min(waits), 0.005)

    # What is there to do

    def _read_account(self, connection: Connection) -> None:
        shop = self.shop
        shop.account = load_account(connection, shop.account.id)
        facts = {row.key: row.value for row in connection.execute(_STATE)}
        shop.restored = facts.get("epoch", "1") != "1"
        self._released = facts.get("released") != "0"

    def _rest_s(self) -> float:
        """Return how long this account may send nothing, in seconds; 0 if it may."""
        return self._account_rest_s() if self.shop.account.sends else self.shop.timing.poll_s

    def _account_rest_s(self) -> float:
        """Return how long nothing at all may be asked on this account, in seconds; 0 if it may."""
        shop = self.shop
        if not self._released or not shop.lease.epoch:
            return shop.timing.poll_s
        return max(shop.rest_until - monotonic(), 0.0)

    def _top_lane(self, connection: Connection, due: Sequence[tuple[int, Lane]], now: dt.datetime) -> Lane | None:
        """Return how urgent the most urgent work is that there is a free slot for; ``None`` if there is none."""
        lane = due[0][1] if due else Lane.PRICE if settle_ids(connection, self.shop.account.id, now, 1) else None
        return lane if lane is not None and self._slot_for(lane) else None

    def _stands_aside(self, lane: Lane) -> bool:
        """Whether to compute nothing of this lane now: something urgent is on its way, here or on another account."""
        now = monotonic()
        if is_urgent(lane):
            RIGHT_OF_WAY.take()
        if is_urgent(lane) or not RIGHT_OF_WAY.is_taken or now > (self._aside_since or now) + MOST_WAIT_S:
            self._aside_since = 0.0
            return False
        self._aside_since = self._aside_since or now
        return True

    def _slot_for(self, lane: Lane) -> bool:
        """Whether a call of this lane may have a slot: the last one is kept for stock that falls."""
        kept = 1 if self._slots > 1 and lane > Lane.FALL else 0
        return self._free > kept

    def _ahead(self, lane: Lane) -> int:
        """Return how many listings to look at: as many as the calls can carry that may go out now."""
        shop = self.shop
        kinds = _KINDS.get(lane, _CONTENT_KINDS)
        carries = max((shape.listings for kind, shape in shop.info.batches.items() if kind in kinds), default=1)
        if self._batched > 1:
            carries = max(carries, 2 * self._batched)
        calls = min(1 + shop.pacer.places(lane), self._free)
        return min(max(carries * calls, LOOK_LEAST) * self._wider, LOOK_AHEAD)

    def _look(
        self, connection: Connection, due: Sequence[tuple[int, Lane]], now: dt.datetime, lane: Lane | None
    ) -> _Round:
        """Compute what to do for the most urgent of the listings ``due``, and for pictures.

        ``lane`` is how urgent the most urgent one is; ``None``: no place in the budget is held for it.
        """
        shop = self.shop
        account_id = shop.account.id
        tasks: list[Task] = []
        if lane is not None:
            # What is less urgent is looked at when its turn comes: computing it now would hold up what can't wait.
            ids = [key for key, its in due[: self._ahead(lane)] if its <= max(lane, Lane.RISE)]
            tasks = prepare(connection, shop, ids) if ids else []
            again = settle_ids(connection, account_id, now, SECOND_LOOKS)
            tasks += read_tasks(connection, [key for key in again if key not in ids])
        uploads: list[Upload] = []
        if isinstance(shop.connector, UploadsPictures) and self._slot_for(Lane.CONTENT):
            uploads = due_uploads(connection, account_id, now, PICTURES_AHEAD)
        uploads = [wish for wish in uploads if wish.sha256 not in self._uploading | self._pictures]
        if tasks or uploads:
            return _Round(tasks, uploads)
        moments = [next_moment(connection, account_id), next_upload(connection, account_id, self._pictures)]
        return _Round((), (), min((moment for moment in moments if moment is not None), default=None))

    # Starting it

    def _send(self, tasks: Sequence[Task], now: dt.datetime, *, held: bool) -> int:
        """Claim and start calls while there are slots and budget; the first one has its place in the budget.

        Returns how many listings moved on, those included that need no call.
        """
        moved, self._batched, calls_out = 0, 1, False
        try:
            moved = self._settle([task for task in tasks if task.action not in _CALLS], now)
            calls = [task for task in tasks if task.action in _CALLS]
            calls.sort(key=lambda task: (task.lane, not task.settle))
            while calls and not self._stopping.is_set() and self._slot_for(calls[0].lane):
                lane = calls[0].lane
                if not held and self.shop.pacer.hold(lane) > 0:
                    break
                held = True
                claimed = claim(self.shop, take_batch(self.shop, calls), utc_now())
                if claimed:
                    self._submit(partial(self._call, claimed, lane))
                    held, calls_out = False, True
                    moved += 1
                    self._batched = max(self._batched, len(claimed))
        finally:
            if held:
                self.shop.pacer.release()
            if moved == 0 or not calls_out:
                TURNS.sent(self.shop.account.id)
        return moved

    def _settle(self, silent: Sequence[Task], now: dt.datetime) -> int:
        """Deal with tasks that need no call of their own; return how many."""
        if silent:
            self._start_facts([key for task in silent for key in task.facts])
            waiting = [task.item.decided_at for task in silent if task.action is Action.ORDERS]
            if self._orders is not None and waiting:
                self._orders.ask(max(waiting))
            claim(self.shop, silent, now)
        return len(silent)

    def _call(self, tasks: Sequence[Task], lane: Lane) -> None:
        self.shop.gate.enter(lane, held=True)
        try:
            carry_out(self.shop, tasks)
        except Exception:
            # Its outcome is not in the database, which was full or away: it counts as unknown.
            with self._lock:
                self._unrecorded |= {task.item.id for task in tasks}
            raise
        finally:
            TURNS.sent(self.shop.account.id)
            self.shop.gate.leave()

    def _recover_unrecorded(self, now: dt.datetime) -> None:
        with self._lock:
            ids, self._unrecorded = self._unrecorded, set()
        if not ids:
            return
        try:
            recover(self.shop, now, ids)
        except StoreError:
            with self._lock:
                self._unrecorded |= ids
            raise

    def _submit(self, work: Callable[[], None], *, own_slot: bool = False) -> None:
        slots = 0 if own_slot else 1
        with self._lock:
            self._free -= slots
        self._pool.submit(work).add_done_callback(partial(self._finished, slots))

    def _finished(self, slots: int, future: Future[None]) -> None:
        with self._lock:
            self._free += slots
        error = None if future.cancelled() else future.exception()
        if error is not None:
            _LOG.error("call fault", account=self.shop.account.name, exc_info=error)
        self._event.set()

    # Beside the listings

    def _start_orders(self, connection: Connection, now: dt.datetime) -> float:
        """Read orders if it is time to; return the seconds until it is. A paused account reads them, too."""
        most, reader = self.shop.timing.poll_s, self._orders
        if reader is None or self._reading or not self.shop.account.reads_orders or self._account_rest_s() > 0:
            return most
        if not (self._own_slot or self._free > 0) or self._stopping.is_set():
            return most
        wait = reader.wait_s(connection, now)
        if wait > 0:
            return min(max(wait, 0.005), most)
        if not self.shop.account.sends:
            self._refresh_sign_in(now)
        self._reading = True
        self._submit(self._read_orders, own_slot=self._own_slot)
        return most

    def _read_orders(self) -> None:
        assert self._orders is not None
        try:
            self._orders.run()
        finally:
            self._reading = False

    def _refresh_sign_in(self, now: dt.datetime) -> None:
        """Refresh the access token ahead of its end, beside the calls: they go on with the one that is good still."""
        shop = self.shop
        connector, until = shop.connector, shop.account.access_until
        if self._refreshing or until is None or not isinstance(connector, SignsIn) or monotonic() < self._refresh_at:
            return
        if until - dt.timedelta(seconds=connector.refresh_ahead_s) <= now and self._free > 0:
            self._refreshing, self._refresh_at = True, monotonic() + shop.timing.poll_s
            self._submit(self._refresh)

    def _refresh(self) -> None:
        shop = self.shop
        shop.gate.enter(Lane.STOP, held=False)
        try:
            if shop.sign_in.refresh_if_due(shop.engine, shop.account, shop.connector) is Refresh.REFRESHED:
                shop.rest_until = 0.0
        finally:
            shop.gate.leave()
            self._refreshing = False

    def _start_facts(self, keys: Sequence[str]) -> None:
        now = monotonic()
        busy = self._fetching | self._facts
        wanted = {key for key in keys if key not in busy and self.shop.fact_waits.get(key, 0.0) <= now}
        if wanted and self._free > 0:
            self._facts |= wanted
            self._submit(partial(self._fetch_facts, sorted(wanted)))

    def _fetch_facts(self, keys: Sequence[str]) -> None:
        self.shop.gate.enter(Lane.CONTENT, held=False)
        try:
            error = fetch_facts(self.shop, keys, utc_now())
            if error is not None:
                account_refused(self.shop, error)
        finally:
            self.shop.gate.leave()
            self._facts -= set(keys)

    def _start_pictures(self, wishes: Sequence[Upload]) -> tuple[int, float]:
        """Start uploads, but leave a slot for stock; return how many, and how long the budget makes us wait."""
        started = 0
        for wish in wishes:
            if not self._slot_for(Lane.CONTENT) or self._stopping.is_set():
                break
            wait = self.shop.pacer.hold(Lane.CONTENT)
            if wait > 0:
                return started, wait
            self._pictures.add(wish.sha256)
            self._submit(partial(self._upload, wish))
            started += 1
        return started, 0.0

    def _upload(self, wish: Upload) -> None:
        self.shop.gate.enter(Lane.CONTENT, held=True)
        try:
            error = upload(self.shop, self._home, wish, utc_now())
            if error is not None:
                account_refused(self.shop, error)
        finally:
            self.shop.gate.leave()
            self._pictures.discard(wish.sha256)


def _reader(shop: Shop, stopping: threading.Event) -> OrderReader | None:
    return OrderReader(shop, shop.connector, stopping) if isinstance(shop.connector, ReadsOrders) else None


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
