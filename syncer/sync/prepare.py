"""Decide what to do next for due listings, from one snapshot and without changing anything."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from sqlalchemy import Connection, and_, select

from syncer.domain.listing import Rendered, Status, WantedListing
from syncer.domain.problem import Problem
from syncer.sdk.contract import PICTURES, NeedsFacts, UploadsPictures
from syncer.sdk.operations import Kind, ListingRef, Operation
from syncer.store.marks import Due, Lane
from syncer.store.tables import listing
from syncer.sync import brakes
from syncer.sync.brakes import Verdict
from syncer.sync.desired import Desired, load_desired, load_facts
from syncer.sync.difference import Difference, compare, next_operation
from syncer.sync.rows import Item, load_items
from syncer.sync.shop import Shop

#: Pause before looking again at a listing that waits for its pictures; their upload marks it before that.
PICTURE_WAIT_S = 30.0
#: Pause before looking again at a listing whose facts are being fetched.
FACT_WAIT_S = 0.25
_BRAKED = (Kind.PRICE, Kind.HIDE, Kind.DELETE)


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


@dataclass(frozen=True, slots=True)
class Task:
    """One listing and what to do with it.

    ``rendered`` and ``difference`` are what was computed in the snapshot in which ``item.version`` was read.
    ``problem`` explains FIX; ``wait_s`` how long WAIT waits; ``facts`` which facts are missing; ``held`` the kind
    that a brake holds; ``queue_pictures``: photos were added that are not queued for upload yet.
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
    queue_pictures: bool = False

    @property
    def lane(self) -> Lane:
        """How urgent it is."""
        if self.action is Action.WRITE:
            return self.difference.lane
        return Lane.FALL if self.action is Action.SEEK else Lane.READ


def top_lane(connection: Connection, account_id: int, now: dt.datetime) -> Lane | None:
    """Return how urgent the most urgent work of an account is, or ``None`` if nothing is due now."""
    ids = due_ids(connection, account_id, now, 1)
    if ids:
        lane = connection.execute(select(listing.c.lane).where(listing.c.id == ids[0])).scalar()
        return Lane(lane) if lane is not None else Lane.READ
    return Lane.READ if settle_ids(connection, account_id, now, 1) else None


def due_ids(connection: Connection, account_id: int, now: dt.datetime, limit: int) -> list[int]:
    """Return the most urgent due listings of an account that nobody has under way."""
    query = (
        select(listing.c.id)
        .where(
            and_(
                listing.c.account_id == account_id,
                listing.c.due != 0,
                listing.c.claim.is_(None),
                listing.c.due_at <= now,
            )
        )
        .order_by(listing.c.lane, listing.c.due_at)
        .limit(limit)
    )
    return list(connection.execute(query).scalars())


def settle_ids(connection: Connection, account_id: int, now: dt.datetime, limit: int) -> list[int]:
    """Return listings that are to be read again by now: after an unknown outcome, or for a review."""
    query = (
        select(listing.c.id)
        .where(
            and_(
                listing.c.account_id == account_id,
                listing.c.settle_at.is_not(None),
                listing.c.settle_at <= now,
                listing.c.claim.is_(None),
                listing.c.remote_id.is_not(None),
            )
        )
        .order_by(listing.c.settle_at)
        .limit(limit)
    )
    return list(connection.execute(query).scalars())


def prepare(connection: Connection, shop: Shop, ids: Sequence[int], now: dt.datetime) -> list[Task]:
    """Return one task for each of the listings ``ids``, in the same order."""
    items = load_items(connection, ids)
    uploads = isinstance(shop.connector, UploadsPictures)
    desired = load_desired(connection, shop.account, list(items.values()), uploads=uploads)
    facts = _facts(connection, shop, desired)
    tasks = [_task(connection, shop, items[key], desired.get(key), facts, now) for key in ids if key in items]
    return [_with_pictures(task, desired.get(task.item.id)) for task in tasks]


def _with_pictures(task: Task, desired: Desired | None) -> Task:
    return replace(task, queue_pictures=True) if desired is not None and desired.pictures_new else task


def read_tasks(connection: Connection, ids: Sequence[int]) -> list[Task]:
    """Return READ tasks for listings that are to be looked at."""
    return [Task(item, Action.READ) for item in load_items(connection, ids).values()]


def _facts(connection: Connection, shop: Shop, desired: Mapping[int, Desired]) -> Mapping[str, object]:
    connector = shop.connector
    if not isinstance(connector, NeedsFacts):
        return {}
    keys = {key for one in desired.values() for key in connector.fact_keys(one.listing)}
    return load_facts(connection, shop.account.id, sorted(keys))


def _task(
    connection: Connection,
    shop: Shop,
    item: Item,
    desired: Desired | None,
    facts: Mapping[str, object],
    now: dt.datetime,
) -> Task:
    if item.seeking is not None and "gone_since" in item.seeking:
        return Task(item, Action.READ)
    if item.seeking is not None and desired is not None:
        return Task(item, Action.SEEK, desired.listing)
    if desired is None:
        return Task(item, Action.DONE)
    if desired.problem is not None:
        return Task(item, Action.FIX, desired.listing, problem=desired.problem)
    rendered = shop.connector.render(desired.listing, facts)
    waits_for_pictures = desired.pictures_waiting
    skip = frozenset({PICTURES}) if waits_for_pictures else frozenset()
    difference = compare(rendered, item.known, shop.info, wanted=item.wanted, skip=skip)
    if _must_read_first(item, difference):
        return Task(item, Action.READ, desired.listing, rendered, difference)
    missing = _missing_facts(shop, desired.listing, facts, difference)
    if missing:
        return Task(item, Action.FACTS, desired.listing, rendered, difference, facts=missing, wait_s=FACT_WAIT_S)
    no_picture_yet = any(problem.field == PICTURES for problem in rendered.problems)
    if waits_for_pictures and (difference.create or (difference.content and no_picture_yet)):
        return Task(item, Action.WAIT, desired.listing, rendered, difference, wait_s=PICTURE_WAIT_S)
    return _write_task(connection, shop, item, desired.listing, rendered, difference, now)


def _must_read_first(item: Item, difference: Difference) -> bool:
    """An unknown outcome is read back before anything is sent; only stock that falls is asserted at once."""
    if item.known.remote_id is None:
        return False
    if item.due & Due.READ and difference.lane > Lane.FALL:
        return True
    return item.known.uncertain and difference.lane > Lane.FALL


def _missing_facts(
    shop: Shop, wanted: WantedListing, facts: Mapping[str, object], difference: Difference
) -> tuple[str, ...]:
    connector = shop.connector
    if not difference.content or not isinstance(connector, NeedsFacts):
        return ()
    return tuple(key for key in connector.fact_keys(wanted) if key not in facts)


def _write_task(
    connection: Connection,
    shop: Shop,
    item: Item,
    wanted: WantedListing,
    rendered: Rendered,
    difference: Difference,
    now: dt.datetime,
) -> Task:
    ref = ListingRef(wanted.marker, tuple(offer.sku for offer in rendered.offers))

    def choose(held: Mapping[Kind, Verdict]) -> Operation | None:
        return next_operation(difference, ref, rendered, item.known, shop.info, stop_by=item.stop_by, held=tuple(held))

    operation = choose({})
    held: dict[Kind, Verdict] = {}
    if operation is not None and operation.kind in _BRAKED and operation.kind.value != item.stop_by:
        held = brakes.judge(connection, shop.account, item, rendered, (operation.kind,))
        if held:
            operation = choose(held)
    if operation is not None:
        return Task(item, Action.WRITE, wanted, rendered, difference, operation)
    if any(verdict in (Verdict.ASK, Verdict.WAIT) for verdict in held.values()):
        return Task(item, Action.ASK, wanted, rendered, difference, held=next(iter(held)))
    if rendered.problems and difference.content:
        return Task(item, Action.FIX, wanted, rendered, difference, problem=rendered.problems[0])
    return Task(item, Action.DONE, wanted, rendered, difference)


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
