"""Decide what to do next for due listings, from one snapshot and without changing anything."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

import structlog
from sqlalchemy import Connection, and_, bindparam, case, func, literal_column, or_, select

from syncer.channels.facts import Fact
from syncer.channels.unbound import SOLD_THERE
from syncer.domain.listing import Rendered, Status, WantedListing
from syncer.domain.problem import Problem, Who
from syncer.domain.words import Words
from syncer.orders.reading import OrderRead, load_read
from syncer.sdk.contract import PICTURES, NeedsFacts, UploadsPictures
from syncer.sdk.errors import ConnectorError, Unclassified
from syncer.sdk.operations import Kind, ListingRef, Operation
from syncer.store.marks import Due, Lane
from syncer.store.tables import listing
from syncer.sync import brakes
from syncer.sync.brakes import Verdict
from syncer.sync.desired import Desired, load_desired, load_facts
from syncer.sync.difference import Difference, compare, next_operation, with_known_prices
from syncer.sync.outcome import GONE_SINCE
from syncer.sync.rising import rises, without_rises
from syncer.sync.rows import Item, load_items
from syncer.sync.shelf import SHELF, Shelf
from syncer.sync.shop import Shop, monotonic, utc_now

_LOG = structlog.get_logger("syncer.sync")
#: Our code for "the shop's reviewers refused this": it stays on show until an edit mends it.
REJECTED_CODE = "rejected"
#: Our code for "can't be raised, because the orders can't be read".
ORDERS_UNREAD = "orders_unread"
#: So often in a row the shop may refuse a listing, before it waits for a person.
STRIKES = 3
#: Pause before looking again at a listing that waits for its pictures; their upload marks it before that.
PICTURE_WAIT_S = 30.0
#: Pause before looking again at a listing whose facts are being fetched.
FACT_WAIT_S = 0.25
#: Writes of content: they need the platform's facts, and wait for a person after three refusals.
_CONTENT = (Kind.CREATE, Kind.UPDATE, Kind.RESHAPE, Kind.SHOW)


#: Due, and nobody has it under way. As the partial index says it, to the letter: no database proves it of a parameter.
IS_DUE = and_(listing.c.due != literal_column("0"), listing.c.claim.is_(None))
#: Always true; it leads SQLite to the index of what is due.
ANY_LANE = listing.c.lane >= 0

# What every round of a worker asks, built once.
_MINE = listing.c.account_id == bindparam("of_account")
_NOW = bindparam("now", type_=listing.c.due_at.type)
_TO_SETTLE = and_(listing.c.settle_at.is_not(None), listing.c.claim.is_(None), listing.c.remote_id.is_not(None))
_FROM_THEN = case((listing.c.not_before > listing.c.due_at, listing.c.not_before), else_=listing.c.due_at)
_MAY_BEGIN = and_(listing.c.due_at <= _NOW, or_(listing.c.not_before.is_(None), listing.c.not_before <= _NOW))
_DUE = (
    select(listing.c.id, listing.c.lane)
    .where(and_(_MINE, IS_DUE, _MAY_BEGIN))
    .order_by(listing.c.lane, listing.c.due_at)
    .limit(bindparam("most"))
)
_SETTLE = (
    select(listing.c.id)
    .where(and_(_MINE, _TO_SETTLE, listing.c.settle_at <= _NOW))
    .order_by(listing.c.settle_at)
    .limit(bindparam("most"))
)
_NEXT_DUE = select(func.min(_FROM_THEN)).where(and_(_MINE, IS_DUE, ANY_LANE))
_NEXT_SETTLE = select(listing.c.settle_at).where(and_(_MINE, _TO_SETTLE)).order_by(listing.c.settle_at).limit(1)
_NEXT = select(_NEXT_DUE.scalar_subquery(), _NEXT_SETTLE.scalar_subquery())


class Action(StrEnum):
    """What a listing needs now."""

    WRITE = "write"
    READ = "read"
    SEEK = "seek"
    DONE = "done"
    FIX = "fix"
    WAIT = "wait"
    ASK = "ask"
    FACTS = "facts"
    ORDERS = "orders"
    REST = "rest"


@dataclass(frozen=True, slots=True)
class Task:
    """One listing and what to do with it.

    ``rendered`` and ``difference`` are what was computed in the snapshot in which ``item.version`` was read.
    ``problem`` explains FIX; ``wait_s`` how long WAIT waits; ``facts`` which facts are missing; ORDERS waits until the
    orders were read; ``held`` the kind that a brake holds; ``queue_pictures``: photos were added that are not queued
    for upload yet; ``settle``: a READ that was put off on purpose, after an unsure outcome or for a review;
    ``large_move``: a price that a brake counts; ``claimed_at``: when the call was about to be made. ``there``: listings
    that aren't ours and sell its SKUs (by remote id), where SEEK looks whether they still do.
    """

    item: Item
    action: Action
    wanted: WantedListing | None = None
    rendered: Rendered | None = None
    difference: Difference = field(default_factory=Difference)
    operation: Operation | None = None
    problem: Problem | None = None
    wait_s: float = 0.0
    facts: tuple[str, ...] = ()
    held: Kind | None = None
    prices_held: bool = False
    queue_pictures: bool = False
    settle: bool = False
    large_move: bool = False
    claimed_at: dt.datetime | None = None
    there: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def too_young(self, lag_s: float) -> bool:
        """Return whether a look now may still show the state before our last write: reads lag by ``lag_s`` seconds."""
        last = self.item.acknowledged_at
        return last is not None and self.claimed_at is not None and self.claimed_at < last + dt.timedelta(seconds=lag_s)

    @property
    def lane(self) -> Lane:
        """How urgent it is. A look that settles an unsure outcome or a review comes before content."""
        if self.action is Action.WRITE:
            return self.difference.lane
        if self.settle:
            return Lane.PRICE
        urgent = min(self.item.lane, self.difference.lane)
        return Lane(urgent) if urgent < Lane.CONTENT else Lane.READ


def due_rows(connection: Connection, account_id: int, now: dt.datetime, limit: int) -> list[tuple[int, Lane]]:
    """Return the most urgent due listings of an account that nobody has under way: id and lane."""
    rows = connection.execute(_DUE, {"of_account": account_id, "now": now, "most": limit})
    return [(row.id, Lane(row.lane)) for row in rows]


def settle_ids(connection: Connection, account_id: int, now: dt.datetime, limit: int) -> list[int]:
    """Return listings that are to be read again by now: after an unsure outcome, or for a review."""
    return list(connection.execute(_SETTLE, {"of_account": account_id, "now": now, "most": limit}).scalars())


def next_moment(connection: Connection, account_id: int) -> dt.datetime | None:
    """Return when the next listing of an account that nobody has under way is due, or is to be read again."""
    moments = connection.execute(_NEXT, {"of_account": account_id}).one()
    return min((moment for moment in moments if moment is not None), default=None)


def prepare(connection: Connection, shop: Shop, ids: Sequence[int]) -> list[Task]:
    """Return one task for each of the listings ``ids``, in the same order.

    A listing that can't even be computed (a bug in the connector, say) gets a FIX; the others are not held up.
    """
    items = load_items(connection, ids)
    uploads = isinstance(shop.connector, UploadsPictures)
    desired = load_desired(connection, shop.account, list(items.values()), uploads=uploads)
    shop.need_place({one for wanted in desired.values() for one in wanted.unplaced})
    about = _About(
        shop,
        load_read(connection, shop.account.id) if shop.order_facts is not None else None,
        shop.connector if isinstance(shop.connector, NeedsFacts) else None,
        Shelf(connection, shop),
    )
    looks = [_Look(connection, about, items[key], desired[key]) for key in ids if key in desired]
    facts = load_facts(connection, shop.account.id, sorted({key for look in looks for key in look.fact_keys}))
    return [look.task(facts) for look in looks]


def read_tasks(connection: Connection, ids: Sequence[int]) -> list[Task]:
    """Return READ tasks for listings that are to be looked at again (see :func:`settle_ids`)."""
    return [Task(item, Action.READ, settle=True) for item in load_items(connection, ids).values()]


@dataclass(frozen=True, slots=True)
class _About:
    """What all listings of one look have in common. ``orders`` ``None``: the channel doesn't tell what is ordered.

    ``needs_facts``: the connector, if it needs facts; asked once, since asking costs more than a comparison.
    """

    shop: Shop
    orders: OrderRead | None
    needs_facts: NeedsFacts | None
    shelf: Shelf


class _Look:
    """Decides about one listing."""

    def __init__(self, connection: Connection, about: _About, item: Item, desired: Desired) -> None:
        self._connection, self._shop, self._needs_facts = connection, about.shop, about.needs_facts
        self._item, self._desired, self._orders, self._shelf = item, desired, about.orders, about.shelf
        self._bug: Exception | None = None
        self.fact_keys: tuple[str, ...] = ()
        if self._needs_facts is not None:
            try:
                self.fact_keys = tuple(self._needs_facts.fact_keys(desired.listing))
            except Exception as bug:  # one bad product must not hold up the others
                self._bug = bug

    def task(self, facts: Mapping[str, Fact]) -> Task:
        """Return what to do next."""
        found = None
        if self._bug is None:
            try:
                found = self._task(facts)
            except Exception as bug:  # one bad product must not hold up the others
                self._bug = bug
        if found is None or self._bug is not None:
            found = self._after_bug(self._bug)
        return replace(found, queue_pictures=self._desired.pictures_new)

    def _after_bug(self, bug: Exception | None) -> Task:
        _LOG.error("render bug", account=self._shop.account.name, listing=self._item.id, exc_info=bug)
        problem = unexpected(bug or Exception()).problem()
        return Task(self._item, Action.FIX, self._desired.listing, problem=problem)

    def _task(self, facts: Mapping[str, Fact]) -> Task:
        item, wanted = self._item, self._desired.listing
        if item.seeking is not None:
            return Task(item, Action.READ if GONE_SINCE in item.seeking else Action.SEEK, wanted)
        if item.known.absent and (item.wanted != "live" or item.state == "gone"):
            return Task(item, Action.REST if item.wanted == "live" else Action.DONE, wanted)
        rendered = self._shop.connector.render(wanted, {key: fact.value for key, fact in facts.items()})
        skip = frozenset({PICTURES}) if self._desired.pictures_waiting else frozenset()
        difference = compare(rendered, item.known, self._shop.info, wanted=item.wanted, skip=skip)
        base = Task(item, Action.DONE, wanted, rendered, difference)
        if self._orders_first(difference):
            return self._wait_for_orders(base)
        if difference.create and self._shop.restored and item.verified_at is None:
            # A copy from a backup doesn't know what was made since: look before making it.
            return replace(base, action=Action.SEEK)
        if _must_read_first(item, difference):
            return replace(base, action=Action.READ)
        return self._write(base, rendered, facts)

    def _write(self, base: Task, rendered: Rendered, facts: Mapping[str, Fact]) -> Task:
        """Return ``base`` as a write; or as what it waits for."""
        operation, held = self._operation(base, rendered)
        base = replace(base, prices_held=Kind.PRICE in held)
        content = base.difference.content and (operation is None or operation.kind in _CONTENT)
        missing = self._missing(facts) if content and not self._held_back else ()
        if missing:
            return self._wait_for_facts(base, missing)
        if self._desired.pictures_waiting and content and _needs_pictures(base.difference, rendered):
            return replace(base, action=Action.WAIT, wait_s=PICTURE_WAIT_S)
        if operation is not None and self._too_early(operation):
            return self._careful(base, rendered, facts)
        if operation is not None:
            return self._send(base, operation)
        if any(verdict in (Verdict.ASK, Verdict.WAIT) for verdict in held.values()):
            return replace(base, action=Action.ASK, held=next(iter(held)))
        if held.get(Kind.PRICE) is Verdict.NO:
            return replace(base, action=Action.FIX, problem=_prices_refused())
        if self._desired.problem is not None:
            return replace(base, action=Action.FIX, problem=self._desired.problem)
        if self._item.strikes >= STRIKES and base.difference.anything:
            return replace(base, action=Action.REST)
        if rendered.problems and base.difference.content:
            return replace(base, action=Action.FIX, problem=rendered.problems[0])
        return base

    def _send(self, base: Task, operation: Operation) -> Task:
        if operation.kind is Kind.CREATE:
            if self._shelf.unseen:
                return self._wait_for_facts(base, (SHELF,))
            there = self._shelf.sells(self._desired.listing)
            if there:
                asked = _waits_to_be_bound(self._item)
                return replace(base, action=Action.REST if asked else Action.SEEK, there=there)
        return replace(base, action=Action.WRITE, operation=operation, large_move=self._moves_much(operation))

    def _orders_first(self, difference: Difference) -> bool:
        """Whether orders are read before anything: a copy from a backup doesn't know what was sold since."""
        orders = self._orders
        unread = orders is not None and orders.read_began_at is None and not orders.failing
        return self._shop.restored and unread and difference.lane is not Lane.STOP

    def _too_early(self, operation: Operation) -> bool:
        """Whether ``operation`` makes more buyable, and the orders weren't read since that was decided."""
        orders, shop = self._orders, self._shop
        if orders is None or not rises(operation, self._item.known, shop.info):
            return False
        return not orders.shows_all_until(self._item.decided_at, utc_now(), shop.timing.order_fresh_s)

    def _careful(self, base: Task, rendered: Rendered, facts: Mapping[str, Fact]) -> Task:
        """Return what goes out before the orders are read: falls at once; all that doesn't rise if they can't be."""
        failing = self._orders is not None and self._orders.failing
        left, shown = without_rises(base.difference, rendered, self._item.known, lower_unknown=failing)
        operation, _ = self._operation(replace(base, difference=left), shown)
        falling = bool(left.stops or left.falls) or left.status in (Kind.HIDE, Kind.DELETE)
        if operation is None or not (falling or failing) or self._too_early(operation):
            return self._wait_for_orders(base)
        missing = self._missing(facts) if operation.kind in _CONTENT and left.content else ()
        if missing:
            return self._wait_for_facts(base, missing)
        return self._send(replace(base, difference=left), operation)

    def _wait_for_orders(self, base: Task) -> Task:
        """Wait for a read of the orders, which wakes this listing; say so if they can't be read."""
        problem = orders_unread(self._orders) if self._orders is not None and self._orders.failing else None
        return replace(base, action=Action.ORDERS, wait_s=self._shop.timing.poll_s, problem=problem)

    def _missing(self, facts: Mapping[str, Fact]) -> tuple[str, ...]:
        """Return the facts to fetch before content is sent: not known yet, or too old."""
        if self._needs_facts is None:
            return ()
        oldest = utc_now() - dt.timedelta(seconds=self._needs_facts.fact_ttl_s)
        return tuple(key for key in self.fact_keys if key not in facts or facts[key].fetched_at < oldest)

    @property
    def _held_back(self) -> bool:
        """Whether only stock goes out: the shop refused the rest too often, or it can't be computed."""
        return self._item.strikes >= STRIKES or self._desired.problem is not None

    def _operation(self, base: Task, rendered: Rendered) -> tuple[Operation | None, Mapping[Kind, Verdict]]:
        """Return the next write, and what a brake holds back."""
        item, info = self._item, self._shop.info
        ref = ListingRef(self._desired.listing.marker, tuple(offer.sku for offer in rendered.offers))

        def choose(held: Mapping[Kind, Verdict]) -> Operation | None:
            shown = with_known_prices(rendered, item.known) if Kind.PRICE in held else rendered
            return next_operation(
                base.difference,
                ref,
                shown,
                item.known,
                info,
                stop_by=item.stop_by,
                held=tuple(held),
                stock_only=self._held_back,
            )

        held: dict[Kind, Verdict] = {}
        if base.difference.prices or base.difference.status in (Kind.HIDE, Kind.DELETE):
            held = brakes.judge(self._connection, self._shop.account, item, rendered, base.difference)
        return choose(held), held

    def _moves_much(self, operation: Operation) -> bool:
        """Whether the operation carries a price move that counts for the brake of its cause."""
        priced = bool(operation.offers) and operation.kind is not Kind.STOCK and self._item.cause_id is not None
        return priced and brakes.large_move(self._shop.account, operation.rendered.offers, self._item.known)

    def _wait_for_facts(self, base: Task, missing: tuple[str, ...]) -> Task:
        """Wait until facts are fetched; say so if that fails for good."""
        now = monotonic()
        waits = [self._shop.fact_waits[key] - now for key in missing if key in self._shop.fact_waits]
        problem = next((self._shop.fact_problems[key] for key in missing if key in self._shop.fact_problems), None)
        wait_s = max(waits, default=0.0)
        return replace(base, action=Action.FACTS, facts=missing, wait_s=max(wait_s, FACT_WAIT_S), problem=problem)


def _waits_to_be_bound(item: Item) -> bool:
    """Whether a person knows already that the shop sells this, and only a number has moved since."""
    known = item.problem is not None and item.problem.get("code") == SOLD_THERE
    return known and item.state == "parked" and not item.due & Due.CONTENT


def _must_read_first(item: Item, difference: Difference) -> bool:
    """An unsure outcome is read back before anything is sent; only stock that falls is asserted at once."""
    if item.known.absent or difference.lane is Lane.STOP:
        return False
    return bool(item.due & Due.READ) or (item.known.uncertain and difference.lane > Lane.FALL)


def _needs_pictures(difference: Difference, rendered: Rendered) -> bool:
    return difference.create or any(problem.field == PICTURES for problem in rendered.problems)


def unexpected(bug: Exception) -> ConnectorError:
    """Return a bug of a connector as an error that parks one listing; the outcome of a call is unknown besides."""
    words = Words("Syncer menemui kesalahan di konektor toko ini.", "Syncer met a fault in the connector of this shop.")
    remedy = Words(
        "Laporkan ke pembuat konektor, lalu `syncer retry`.", "Tell the connector's author, then use `syncer retry`."
    )
    return Unclassified(f"bug_{type(bug).__name__}", words, remedy=remedy)


def shown_state(known_status: Status | None) -> str:
    """Return the chip of a listing whose every mark is acknowledged, from what it is there."""
    names = {
        None: "waiting",
        Status.LIVE: "live",
        Status.HIDDEN: "hidden",
        Status.REVIEW: "review",
        Status.REJECTED: "fix",
        Status.DELETED: "gone",
    }
    return names[known_status]


def _prices_refused() -> Problem:
    """The catalogue has prices that a person did not let out: shop and catalogue differ, and that must show."""
    return Problem(
        "price_held",
        Words(
            "Harga baru tidak dikirim karena ditolak; toko memakai harga lama.",
            "The new price was rejected and isn't sent; the shop keeps the old one.",
        ),
        Words("Atur harga lagi: `syncer price set SKU HARGA`.", "Set the price again: `syncer price set SKU PRICE`."),
        Who.COORDINATOR,
        field="price",
    )


def orders_unread(read: OrderRead) -> Problem:
    """Why pieces that could be sold aren't shown: the shop's orders can't be read, so one may be sold already."""
    cause, remedy, who = Words("", ""), Words("Tunggu sebentar.", "Wait a moment."), Who.NOBODY
    if read.problem is not None:
        cause, remedy, who = read.problem.words, read.problem.remedy, read.problem.who
    return Problem(
        ORDERS_UNREAD,
        Words(
            f"Belum ditambah di toko, karena pesanan toko ini belum terbaca: bisa jadi sudah laku. {cause.id}".strip(),
            f"Not added in the shop yet, because its orders can't be read: it may be sold already. {cause.en}".strip(),
        ),
        remedy,
        who,
        field="stock",
    )
