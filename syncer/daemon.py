"""``syncer run``: the engine, kept running, with a clock beside it.

APScheduler only ticks. What must survive a restart is in the tables; killing this process at any moment loses
nothing. SIGTERM or SIGINT drains (no new work, calls under way end), a second one ends at once.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import gc
import json
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy import insert
from sqlalchemy.engine import Engine

from config.logging import set_up_logging
from config.settings import Settings
from syncer.cli.waking import LOCK
from syncer.domain.words import SyncerError, Words
from syncer.housekeeping import archive_deleted, fetch_waiting_pictures, set_meta, sign_in_notices, tidy
from syncer.inventory.moments import catch_up
from syncer.store.engine import is_sqlite, read, write
from syncer.store.errors import StoreError
from syncer.store.tables import call_log
from syncer.sync.status import BUDGET_USE

if TYPE_CHECKING:
    from syncer.channels.records import Account
    from syncer.sdk.http import CallRecord
    from syncer.sync.service import Deps, Service

_LOG = structlog.get_logger("syncer.daemon")
_DRAIN_S = 45.0
_TICK_S = 2.0
_PICTURES_S = 5.0
_PICTURES_AT_ONCE = 100
_TIDY_S = 3600.0
_BACKUPS_KEPT_DAYS = 35
#: Values made before the youngest are collected, and collections of them before the older ones are.
_COLLECT_AFTER = (20_000, 20, 50)
#: How long a thread keeps the interpreter while others want it, in seconds.
_SWITCH_S = 0.001
_LOCK_TRIES = 10


class AlreadyRunning(SyncerError):
    """Another daemon works on this home."""


class CallLog:
    """Collects calls and writes them in one transaction every few seconds: the log must not slow the work."""

    def __init__(self, *, most: int = 20_000) -> None:
        self._most = most
        self._rows: list[dict[str, Any]] = []
        self._lock = threading.Lock()

    def add(self, account: Account, record: CallRecord) -> None:
        """Note one call. When the database can't keep up, the newest ones are dropped."""
        row = {
            "account_id": account.id,
            "at": dt.datetime.now(dt.UTC),
            "operation": record.operation[:80],
            "status": record.status,
            "ms": record.ms,
            "outcome": "write" if record.write else "read",
        }
        with self._lock:
            if len(self._rows) < self._most:
                self._rows.append(row)

    def flush(self, engine: Engine) -> None:
        """Write what was noted."""
        with self._lock:
            rows, self._rows = self._rows, []
        if not rows:
            return
        try:
            with write(engine) as connection:
                connection.execute(insert(call_log), rows)
        except StoreError:
            with self._lock:
                self._rows = (rows + self._rows)[: self._most]
            raise


class Chores:
    """What the ticks do. Each is safe to be missed, repeated or cut off."""

    def __init__(self, settings: Settings, deps: Deps, service: Service, calls: CallLog) -> None:
        self._settings, self._deps, self._service, self._calls = settings, deps, service, calls
        self._budgets: dict[int, str] = {}
        self._swept: dict[str, float] = {}
        #: One walk at a time: a look that a person asked for and the daemon's own would see the same shop twice.
        self._walking = threading.Lock()

    def tick(self) -> None:
        """Write the call log, how much of each budget is free, and that a product is deleted everywhere."""
        self._calls.flush(self._deps.engine)
        archive_deleted(self._deps.engine, dt.datetime.now(dt.UTC))
        changed = {}
        for shop in self._service.accounts():
            use = json.dumps(self._service.use(shop.account.id), default=str)
            if self._budgets.get(shop.account.id) != use:
                changed[shop.account.id] = use
        if changed:
            with write(self._deps.engine) as connection:
                for account_id, use in changed.items():
                    set_meta(connection, f"{BUDGET_USE}{account_id}", use)
            self._budgets |= changed

    def moments(self) -> None:
        """Begin and end campaigns, open a new week for crafters."""
        catch_up(self._deps.engine, dt.datetime.now(dt.UTC))

    def pictures(self) -> None:
        """Fetch pictures that imports named by address."""
        private = self._settings.allow_private_images
        fetch_waiting_pictures(self._deps.engine, self._settings.home, allow_private=private, most=_PICTURES_AT_ONCE)

    def looks(self) -> None:
        """Walk the shops that a person asked to be looked at now."""
        from syncer.sync.look_asked import answer_looks

        with self._walking:
            for name in answer_looks(self._deps.engine, self._service):
                self._swept[name] = time.monotonic()

    def sweep(self) -> None:
        """Walk the shops whose last walk is longer ago than SYNCER_SWEEP_SECONDS."""
        with self._walking:
            self._sweep()

    def _sweep(self) -> None:
        from syncer.channels.records import load_accounts

        now, every = dt.datetime.now(dt.UTC), self._settings.sweep_s
        with read(self._deps.engine) as connection:
            swept_at = {one.name: one.swept_at for one in load_accounts(connection)}
        for shop in self._service.accounts():
            name = shop.account.name
            last = swept_at.get(name)
            tried = self._swept.get(name)
            if last is not None and (now - last).total_seconds() < every:
                continue
            if tried is not None and time.monotonic() - tried < min(every, 300.0):
                continue
            self._swept[name] = time.monotonic()
            self._service.sweep(name)

    def tidy(self) -> None:
        """Forget what is past its time, and say whose sign-in ends."""
        now = dt.datetime.now(dt.UTC)
        gone = {name: count for name, count in tidy(self._deps.engine, now).items() if count}
        if gone:
            _LOG.info("tidied", **gone)
        sign_in_notices(self._deps.engine, now)

    def backup(self) -> None:
        """Write tonight's backup, and remove those that are too old."""
        from syncer.cli.backup import nightly

        folder = self._settings.backup_folder
        if folder is not None:
            path = nightly(self._deps.engine, self._settings.home, folder, keep_days=_BACKUPS_KEPT_DAYS)
            _LOG.info("backed up", file=str(path))


def run_daemon(settings: Settings, make_deps: Callable[..., Deps], *, language: str) -> None:
    """Run until a signal ends it. Raises :class:`AlreadyRunning`, and what the database or the key have to say."""
    from syncer.sync.service import Service
    from syncer.web.serving import start_web

    set_up_logging(settings.log_level)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file would hold secrets (security.md G3)
    calls = CallLog()
    deps = make_deps(on_call=calls.add)
    lock = _take_lock(settings, deps.engine)
    service = Service(deps)
    stopping = _stop_on_signals(service, language)
    chores = Chores(settings, deps, service, calls)
    web = start_web(settings, deps)
    service.start()
    scheduler = _schedule(settings, chores)
    _tune_interpreter()
    _greet(service, language)
    _LOG.info("started", pid=os.getpid(), accounts=[shop.account.name for shop in service.accounts()])
    try:
        stopping.wait()
    finally:
        scheduler.shutdown(wait=False)
        if web is not None:
            web.stop()
        service.stop(_DRAIN_S)
        _quietly(lambda: calls.flush(deps.engine))
        _LOG.info("stopped")
        os.close(lock)


def _tune_interpreter() -> None:
    """Share the interpreter among threads the way a long-running service needs it.

    What is loaded by now stays for good, so no collection walks it again, and they come less often: rounds make many
    short-lived values and hardly a cycle. A thread with a stop in its hands gets its turn sooner.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECT_AFTER)
    sys.setswitchinterval(_SWITCH_S)


def _take_lock(settings: Settings, engine: Engine) -> int:
    """Hold SYNCER_HOME/daemon.lock while we run. The lock goes with the process, however it ends."""
    file = os.open(settings.home / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    for _ in range(_LOCK_TRIES):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            time.sleep(0.05)  # a command that only looks whether a daemon runs holds it for a moment
        else:
            return file
    if not is_sqlite(engine):
        return file  # on PostgreSQL several daemons share the work by their leases
    os.close(file)
    raise AlreadyRunning(
        Words(
            f"Syncer sudah berjalan untuk {settings.home}. Yang ini tidak perlu; hentikan dulu yang lama bila ingin "
            "menggantinya.",
            f"Syncer runs for {settings.home} already. This one is not needed; stop the other one first if it is to "
            "be replaced.",
        )
    )


def _stop_on_signals(service: Service, language: str) -> threading.Event:
    stopping = threading.Event()

    def stop(number: int, _frame: FrameType | None) -> None:
        if stopping.is_set():
            # Everything is safe at any moment: what was under way counts as unknown and is looked at again.
            service.abort()
            os._exit(128 + number)
        stopping.set()
        if sys.stderr.isatty():
            words = Words(
                "Berhenti setelah kiriman yang berjalan selesai; sekali lagi: berhenti seketika.",
                "Stopping once the calls under way have ended; once more: at once.",
            )
            sys.stderr.write(f"\n{words.in_language(language)}\n")

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    return stopping


def _schedule(settings: Settings, chores: Chores) -> Any:
    from apscheduler.schedulers.background import BackgroundScheduler

    scheduler = BackgroundScheduler(
        timezone="Asia/Jakarta", job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
    )
    soon = dt.datetime.now(dt.UTC)
    sweep_tick = min(max(settings.sweep_s / 4, 0.1), 60.0)
    for name, chore, seconds, first in (
        ("tick", chores.tick, _TICK_S, 1.0),
        ("moments", chores.moments, _TICK_S, 0.1),
        ("pictures", chores.pictures, _PICTURES_S, 1.0),
        ("looks", chores.looks, _TICK_S, 1.0),
        ("sweep", chores.sweep, sweep_tick, sweep_tick),
        ("tidy", chores.tidy, _TIDY_S, 60.0),
    ):
        scheduler.add_job(
            _careful(name, chore),
            "interval",
            seconds=seconds,
            id=name,
            next_run_time=soon + dt.timedelta(seconds=first),
        )
    if settings.backup_folder is not None:
        scheduler.add_job(_careful("backup", chores.backup), "cron", hour=2, minute=10, id="backup")
    scheduler.start()
    return scheduler


def _careful(name: str, chore: Callable[[], None]) -> Callable[[], None]:
    """Let a chore fail without an end to the next one: it says so in the log."""

    def run() -> None:
        try:
            chore()
        except SyncerError as error:
            _LOG.warning("chore failed", chore=name, problem=error.words.en)
        except Exception:
            _LOG.exception("chore fault", chore=name)

    return run


def _quietly(chore: Callable[[], None]) -> None:
    try:
        chore()
    except StoreError as error:
        _LOG.warning("store", problem=error.words.en)


def _greet(service: Service, language: str) -> None:
    if not sys.stdout.isatty():
        return
    names = ", ".join(shop.account.name for shop in service.accounts()) or "-"
    words = Words(f"Syncer berjalan. Toko: {names}. Ctrl-C: berhenti.", f"Syncer runs. Shops: {names}. Ctrl-C: stop.")
    from syncer.cli.out import clean

    sys.stdout.write(clean(words.in_language(language)) + "\n")
    sys.stdout.flush()
