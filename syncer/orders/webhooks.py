"""Webhooks: stored raw before they are answered, understood afterwards, and never believed (security.md W1 to W6).

A delivery only makes us look: "read this order of that shop now", with our own sign-in. Losing all of them costs
delay, forging one costs a read at most.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from enum import StrEnum

import structlog
from sqlalchemy import Connection, RowMapping, and_, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import OperationalError

from syncer.channels.records import State
from syncer.domain.words import Words
from syncer.orders.apps import App, Apps
from syncer.orders.reading import hint, read_soon
from syncer.sdk.contract import About, Hint
from syncer.store.engine import Engine, write
from syncer.store.errors import StoreError
from syncer.store.order_tables import webhook_delivery
from syncer.store.sealed import Keys, SealBroken
from syncer.store.tables import account, listing
from syncer.store.wakeup import wake_after_commit

_LOG = structlog.get_logger("syncer.orders")
#: How old a delivery may be, and how far ahead of our clock: platforms repeat the original body hours later (W2).
OLDEST, NEWEST = dt.timedelta(hours=24), dt.timedelta(minutes=5)
#: A listing that a webhook names is looked at so much later; so soon after a write of ours it is our own echo.
LOOK_AFTER, ECHO = dt.timedelta(seconds=5), dt.timedelta(seconds=60)
_BATCH, _QUEUE = 64, 2_000
#: Headers that a connector may need to understand a body; nothing else is kept.
_KEPT_HEADERS = 20


class Full(Exception):
    """More deliveries wait to be stored than are kept in memory; the platform will send this one again."""


class Delivered(StrEnum):
    """What became of storing a delivery."""

    NEW = "new"
    REPEATED = "repeated"


@dataclass(frozen=True, slots=True)
class Delivery:
    """A signed delivery as it came. ``key`` is the same for a repeated one."""

    connector: str
    app: str
    key: str
    headers: Mapping[str, str]
    body: bytes


def delivery_key(hints: Sequence[Hint], body: bytes) -> str:
    """Return what makes a delivery unique: the platform's id, else the digest of its body (W2)."""
    named = next((one.delivery_id for one in hints if one.delivery_id), "")
    return f"id:{named}"[:160] if named else f"sha256:{hashlib.sha256(body).hexdigest()}"


class Inbox:
    """Stores deliveries, several in one commit, and then does what they ask for.

    One thread: it commits what came meanwhile, tells whoever waits, and turns what is stored into hints. What an
    earlier process stored and did not understand any more is taken up at the start.
    """

    def __init__(self, engine: Engine, keys: Keys, apps: Apps) -> None:
        self._engine, self._keys, self._apps = engine, keys, apps
        self._queue: queue.Queue[tuple[Delivery, Future[Delivered]] | None] = queue.Queue(_QUEUE)
        self._thread = threading.Thread(target=self._run, name="webhook-inbox", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> None:
        """Store what waits, and end."""
        self._queue.put(None)
        self._thread.join(timeout_s)

    def put(self, delivery: Delivery) -> Future[Delivered]:
        """Queue a delivery; the result is there once it is committed. Raises :class:`Full`."""
        done: Future[Delivered] = Future()
        try:
            self._queue.put_nowait((delivery, done))
        except queue.Full:
            raise Full from None
        return done

    def _run(self) -> None:
        self._careful(self._process_all)
        while True:
            batch = self._take()
            if batch is None:
                return
            self._store(batch)
            self._careful(self._process_all)

    def _take(self) -> list[tuple[Delivery, Future[Delivered]]] | None:
        first = self._queue.get()
        if first is None:
            return None
        batch = [first]
        while len(batch) < _BATCH:
            try:
                one = self._queue.get_nowait()
            except queue.Empty:
                break
            if one is None:
                self._queue.put(None)
                break
            batch.append(one)
        return batch

    def _store(self, batch: Sequence[tuple[Delivery, Future[Delivered]]]) -> None:
        now = dt.datetime.now(dt.UTC)
        # Who does not wait any more has told the platform to send it again; it is stored all the same.
        heard = {done for _, done in batch if done.set_running_or_notify_cancel()}
        try:
            with write(self._engine) as connection:
                results = [store(connection, self._keys, delivery, now) for delivery, _ in batch]
        except Exception as error:
            if not isinstance(error, StoreError):
                _LOG.exception("webhook store fault")
            for done in heard:
                done.set_exception(error)
            return
        for (_, done), result in zip(batch, results, strict=True):
            if done in heard:
                done.set_result(result)

    def _process_all(self) -> None:
        while process(self._engine, self._keys, self._apps, most=_BATCH):
            pass

    def _careful(self, work: Callable[[], None]) -> None:
        try:
            work()
        except StoreError as error:
            _LOG.warning("store", problem=error.words.en)
        except Exception:  # one bad delivery must not end the inbox
            _LOG.exception("webhook fault")


def store(connection: Connection, keys: Keys, delivery: Delivery, now: dt.datetime) -> Delivered:
    """Keep a delivery, sealed, unless it is there already: then count it."""
    kept = dict(list(delivery.headers.items())[:_KEPT_HEADERS])
    purpose = _purpose(delivery.connector, delivery.app, delivery.key)
    values = {
        "connector": delivery.connector,
        "app": delivery.app,
        "delivery_key": delivery.key,
        "received_at": now,
        "headers": kept,
        "sealed_body": keys.seal(base64.b64encode(delivery.body).decode(), purpose),
    }
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    row = dialect.insert(webhook_delivery).values(**values)
    again = row.on_conflict_do_update(
        index_elements=["connector", "app", "delivery_key"], set_={"times": webhook_delivery.c.times + 1}
    )
    times = connection.execute(again.returning(webhook_delivery.c.times)).scalar_one()
    return Delivered.NEW if times == 1 else Delivered.REPEATED


def process(engine: Engine, keys: Keys, apps: Apps, *, most: int = _BATCH) -> int:
    """Turn stored deliveries into hints; return how many were dealt with. Several processes may do so at once."""
    now = dt.datetime.now(dt.UTC)
    table = webhook_delivery.c
    with write(engine) as connection:
        waiting = select(webhook_delivery).where(table.state == "waiting").order_by(table.id).limit(most)
        rows = connection.execute(waiting.with_for_update(skip_locked=True)).mappings().all()
        for row in rows:
            state, problem = _alone(connection, keys, apps, row, now)
            values = {"state": state, "problem": problem, "processed_at": now}
            connection.execute(update(webhook_delivery).where(table.id == row["id"]).values(values))
    return len(rows)


def _alone(
    connection: Connection, keys: Keys, apps: Apps, row: RowMapping, now: dt.datetime
) -> tuple[str, dict[str, str] | None]:
    """Deal with one delivery so that what goes wrong with it leaves the others of the batch alone."""
    try:
        with connection.begin_nested():
            return _process_one(connection, keys, apps, row, now)
    except (StoreError, OperationalError):
        raise  # the database itself: all of them are tried again
    except Exception:
        _LOG.exception("webhook fault", connector=row["connector"])
        return "parked", Words("Pesan ini gagal diolah.", "This message could not be dealt with.").to_json()


def _process_one(
    connection: Connection, keys: Keys, apps: Apps, row: RowMapping, now: dt.datetime
) -> tuple[str, dict[str, str] | None]:
    app = apps.find(row["connector"], row["app"])
    if app is None:
        return "parked", Words("Toko ini sudah tidak tersambung.", "This shop is no longer connected.").to_json()
    try:
        sealed = keys.unseal(row["sealed_body"], _purpose(row["connector"], row["app"], row["delivery_key"]))
        hints = app.read(row["headers"], base64.b64decode(sealed))
    except (ValueError, SealBroken) as error:
        _LOG.warning("webhook not understood", connector=row["connector"], error=type(error).__name__)
        return "parked", Words("Isi pesan ini tidak dimengerti.", "This message is not understood.").to_json()
    except Exception:  # a bug in one connector must not hold up the others' deliveries
        _LOG.exception("connector bug", connector=row["connector"])
        return "parked", Words("Konektor gagal membaca pesan ini.", "The connector failed to read it.").to_json()
    strangers = [one for one in hints if not _follow(connection, app, one, now)]
    return ("stranger" if hints and len(strangers) == len(hints) else "done"), None


def _follow(connection: Connection, app: App, told: Hint, now: dt.datetime) -> bool:
    """Do what one hint asks for; return whether it names a shop of this app."""
    account_id = app.shops.get(told.shop_id)
    if account_id is None or not _is_connected(connection, account_id):
        return False
    stale = told.at is not None and not now - OLDEST <= told.at <= now + NEWEST
    if stale or told.about is About.ACCOUNT:
        read_soon(connection, account_id, now)
    elif told.about is About.ORDER and told.remote_id:
        hint(connection, account_id, [told.remote_id], now, returned=told.returned)
    elif told.about in (About.LISTING, About.STOCK) and told.remote_id:
        _look_at(connection, account_id, told.remote_id, now)
    return True


def _is_connected(connection: Connection, account_id: int) -> bool:
    """Whether the account is there now: what the apps know of it is some seconds old.

    The lock keeps it there until the hint is written.
    """
    connected = and_(account.c.id == account_id, account.c.state != State.DISCONNECTED.value)
    query = select(account.c.id).where(connected).with_for_update(read=True, key_share=True)
    return connection.execute(query).first() is not None


def _look_at(connection: Connection, account_id: int, remote_id: str, now: dt.datetime) -> None:
    """Have a listing looked at before long, unless we write it or wrote it a moment ago: then it is our own echo.

    What our own write leads to there (a review) is looked at without being told.
    """
    table = listing.c
    idle = and_(table.claim.is_(None), func.coalesce(table.acknowledged_at, now - 2 * ECHO) < now - ECHO)
    sooner = or_(table.settle_at.is_(None), table.settle_at > now + LOOK_AFTER)
    same = and_(table.account_id == account_id, table.remote_id == remote_id)
    where = and_(same, sooner, idle)
    if connection.execute(update(listing).where(where).values(settle_at=now + LOOK_AFTER)).rowcount:
        wake_after_commit(connection)


def _purpose(connector: str, app: str, key: str) -> str:
    return f"webhook:{connector}:{app}:{key}"
