"""What the engine holds of one account while it runs: the opened connector, its pace, its lease and its gate."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Engine

from syncer.channels.records import Account
from syncer.channels.refresh import Times
from syncer.channels.sign_in import SignIn
from syncer.domain.listing import Json
from syncer.domain.problem import Problem
from syncer.domain.words import Words
from syncer.sdk.contract import (
    Connector,
    Finding,
    HasReview,
    Info,
    OrderFacts,
    ReadsOrders,
    TunesFinding,
    TunesOrders,
)
from syncer.sdk.errors import Transient
from syncer.sdk.http import CallRecord, retry_after_s
from syncer.store.errors import StoreError
from syncer.store.marks import Lane
from syncer.store.sealed import Keys
from syncer.sync.lease import Lease
from syncer.sync.pace import Pacer
from syncer.sync.turns import TURNS

#: How often to look at a listing in review, where the connector does not say, in seconds.
REVIEW_CHECK_S = 30.0


@dataclass(frozen=True, slots=True)
class Timing:
    """Times of the engine, in seconds; tests shorten them.

    ``poll_s``: the safety net when a wake-up is lost. ``lease_s``: how long a lease lasts without renewal.
    ``call_deadline_s``: the longest a call may take. ``backoff_s`` and ``backoff_most_s``: first and longest
    pause after a passing fault; ``urgent_most_s``: the longest for stock that falls; ``stop_again_s``: the longest for
    a stop that something there blocks; ``strike_s``: the least after a refusal. ``order_poll_s``: how often orders are
    read where no webhook comes. ``late_write_s`` and ``search_lag_s`` replace what the connector says.
    """

    poll_s: float = 5.0
    lease_s: float = 60.0
    call_deadline_s: float = 60.0
    backoff_s: float = 1.0
    backoff_most_s: float = 300.0
    urgent_most_s: float = 15.0
    stop_again_s: float = 30.0
    strike_s: float = 30.0
    sweep_s: float = 3600.0
    order_poll_s: float = 60.0
    late_write_s: float | None = None
    search_lag_s: float | None = None
    young_token_s: float = 60.0
    refresh_lost_s: float = 120.0
    refresh_recover_s: float = 60.0

    @property
    def lease_left_s(self) -> float:
        """How much of the lease must be left when a call is sent. A taker waits out the longest call besides."""
        return min(self.call_deadline_s, self.lease_s / 2)

    @property
    def order_fresh_s(self) -> float:
        """How old the last complete read of orders may be when more is made buyable."""
        return max(2 * self.order_poll_s, 30.0)

    def sign_in(self, keys: Keys) -> SignIn:
        """Return the manager of sign-ins with these times."""
        return SignIn(keys, Times(self.refresh_lost_s, self.refresh_recover_s, self.young_token_s))


@dataclass(frozen=True, slots=True)
class Suspect:
    """A number that was first seen to be ``seen`` at ``since``, when ``known`` was expected."""

    since: dt.datetime
    known: Json
    seen: Json


class NotSent(Transient):
    """The call was not sent: the lease may run out before it ends, or the engine is stopping."""


class ShopGate:
    """Stands before every call of one account: budget, stop, lease; and learns from the answers.

    ``stopping`` is set when the engine drains: a call that would have to wait for its budget isn't sent any more.
    """

    def __init__(
        self, pacer: Pacer, lease: Lease, lease_left_s: float, stopping: threading.Event, account_id: int = 0
    ) -> None:
        self._pacer, self._lease, self._lease_left_s, self._stopping = pacer, lease, lease_left_s, stopping
        self._account_id = account_id
        self._local = threading.local()

    def enter(self, lane: Lane, *, held: bool) -> None:
        """Set, for this thread, how urgent its calls are, and whether the first one has a place in the budget."""
        self._local.lane, self._local.held, self._local.wrote = lane, held, False

    def leave(self) -> None:
        """End what :meth:`enter` began; a place that was not used is given back."""
        if getattr(self._local, "held", False):
            self._pacer.release()
        self._local.lane, self._local.held = Lane.READ, False

    @property
    def has_written(self) -> bool:
        """Whether this thread has made a write since :meth:`enter`."""
        return bool(getattr(self._local, "wrote", False))

    def note(self, record: CallRecord) -> None:
        """Take notice of a call that this thread has made."""
        if record.write:
            self._local.wrote = True

    def before(self, operation: str) -> None:
        """Wait for the budgets, then make sure that the lease outlives the call. Raises :class:`NotSent`."""
        lane: Lane = getattr(self._local, "lane", Lane.READ)
        held: bool = getattr(self._local, "held", False)
        try:
            while (wait := self._pacer.spend(operation, lane, held=held)) > 0:
                TURNS.sent(self._account_id)
                if self._stopping.wait(min(wait, 1.0)):
                    raise _not_sent("stopping")
        except StoreError:
            raise _not_sent("store") from None
        self._local.held = False
        if not self._lease.outlives(self._lease_left_s):
            raise _not_sent("lease")

    def sending(self) -> None:
        """Make sure once more, right before the bytes go out: this process may have been paused since."""
        if not self._lease.outlives(0.0):
            raise _not_sent("lease")
        self._pacer.going_out()
        TURNS.sent(self._account_id)

    def after(self, operation: str, status: int, headers: Mapping[str, str]) -> None:
        """Learn from an answer's status: 429 pauses, anything else that answered shortens the next pause."""
        self._pacer.answered(self._pacer.sent())
        if status == 429:
            self._pacer.refused(None, retry_after_s(headers, utc_now()))
        elif status:
            self._pacer.accepted()


def _not_sent(code: str) -> NotSent:
    return NotSent(code, Words("Dikirim sebentar lagi.", "It will be sent in a moment."))


@dataclass(slots=True)
class Shop:
    """One account at work. ``claim_name`` stands in every row that this process has under way.

    ``account`` is as it was last read, ``opened_as`` as its connector was opened. ``fact_waits`` says until when (on
    :func:`monotonic`) a fact that failed is not fetched again, ``fact_problems`` why. ``restored``: the database is a
    copy from a backup, so a listing may exist that it doesn't know. ``need_place`` is told of variants that one account
    at a time may show, and that have no place yet.
    """

    engine: Engine
    account: Account
    opened_as: Account
    connector: Connector
    pacer: Pacer
    lease: Lease
    gate: ShopGate
    timing: Timing
    claim_name: str
    sign_in: SignIn
    need_place: Callable[[Collection[int]], None] = lambda _variant_ids: None
    rest_until: float = 0.0
    restored: bool = False
    fact_waits: dict[str, float] = field(default_factory=dict)
    fact_problems: dict[str, Problem] = field(default_factory=dict)
    suspects: dict[tuple[int, str], Suspect] = field(default_factory=dict)

    @property
    def info(self) -> Info:
        """The connector's facts."""
        return self.connector.info

    @property
    def finding(self) -> Finding:
        """How listings are found again here, with the account's own times where they are set."""
        return finding_of(self.connector, self.timing)

    @property
    def order_facts(self) -> OrderFacts | None:
        """What orders mean on this account; ``None`` if the channel doesn't tell what is ordered."""
        return order_facts_of(self.connector)

    @property
    def review_check_s(self) -> float:
        """How often to look at a listing in review, in seconds."""
        return self.connector.review_check_s if isinstance(self.connector, HasReview) else REVIEW_CHECK_S

    def rest(self, seconds: float) -> None:
        """Send nothing of this account for a while."""
        self.rest_until = monotonic() + seconds

    def settle_s(self) -> float:
        """How long after an unknown outcome a look at the channel is proof, in seconds."""
        return self.finding.late_write_s + self.finding.read_lag_s


def order_facts_of(connector: Connector) -> OrderFacts | None:
    """Return the connector's facts about orders, with the account's own times; ``None`` if it reads none."""
    if not isinstance(connector, ReadsOrders):
        return None
    if isinstance(connector, TunesOrders):
        return connector.order_facts()
    return connector.info.orders or OrderFacts()


def finding_of(connector: Connector, timing: Timing) -> Finding:
    """Return the connector's finding facts; an account's options or ``timing`` may set other times."""
    finding = connector.finding() if isinstance(connector, TunesFinding) else connector.info.finding
    if timing.late_write_s is None and timing.search_lag_s is None:
        return finding
    return Finding(
        search_lag_s=finding.search_lag_s if timing.search_lag_s is None else timing.search_lag_s,
        late_write_s=finding.late_write_s if timing.late_write_s is None else timing.late_write_s,
        read_lag_s=min(finding.read_lag_s, timing.late_write_s or finding.read_lag_s),
        strong=finding.strong,
        source=finding.source,
    )


def monotonic() -> float:
    """Return the clock for pauses inside one process, in seconds."""
    return time.monotonic()


def utc_now() -> dt.datetime:
    """Return the time now, aware UTC."""
    return dt.datetime.now(dt.UTC)
