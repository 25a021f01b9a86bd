"""Who may show a single or last piece: one account at a time, by rule; moving it is a stored hand-over.

A row of ``placement`` says where a variant may be shown; without one it may be shown everywhere (with stop-first).
While a piece is moving nobody shows it. A campaign on another account than the one that shows it gets it by a hand-over
too, and gives it back by one. What moves it on stands in :mod:`syncer.sync.hand_over`, since it needs to know what the
channels acknowledged. Accounts that sell from a location of their own are never barred: their pieces are in no
pool. Every function works inside the caller's write transaction.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, exists, func, insert, or_, select, update

from syncer.inventory.free import ACTIVE, Supply, load_supply
from syncer.store.marks import Due, Lane, mark
from syncer.store.order_tables import hand_over, piece_rule, placement, reservation
from syncer.store.tables import account, listing, offer, variant
from syncer.store.wakeup import wake_after_commit

_AT_ONCE = 400
#: Why a piece goes to a campaign's account, and why it comes back (``hand_over.reason``).
CAMPAIGN, CAMPAIGN_END = "campaign", "campaign_end"
_ANY_RULE = select(piece_rule.c.id).limit(1)


class PieceMode(StrEnum):
    """Where a piece that exists once is shown: on SEVERAL accounts with stop-first, or on ONE at a time."""

    SEVERAL = "several"
    ONE = "one"


class Why(StrEnum):
    """Which rule holds a variant to one account."""

    PIECE = "piece"
    GUARD = "guard"


@dataclass(frozen=True, slots=True)
class PieceRule:
    """``rotate_days`` 0: a piece stays where it is. Below ``guard_below`` free pieces only one account shows them."""

    mode: PieceMode = PieceMode.SEVERAL
    rotate_days: int = 0
    guard_below: int = 0
    guard_account_id: int | None = None

    def why(self, *, single_piece: bool, free: int, made: bool = False) -> Why | None:
        """Return what holds a variant with so many free pieces to one account; ``None``: nothing.

        ``made``: what is free is what its crafter can still make, so that a last one is no piece that exists once.
        """
        if self.guard_account_id is not None and 0 < free < self.guard_below:
            return Why.GUARD
        return Why.PIECE if self.mode is PieceMode.ONE and (single_piece or (free == 1 and not made)) else None


class Placed(NamedTuple):
    """Where a variant may be shown. ``to_account_id`` is where it goes while it moves."""

    variant_id: int
    account_id: int | None
    to_account_id: int | None
    state: str
    rule: str
    since: dt.datetime


def rules_exist(connection: Connection) -> bool:
    """Return whether anybody has set a rule at all; else everything here is free of cost."""
    return connection.execute(_ANY_RULE).first() is not None


def load_rules(connection: Connection, product_ids: Collection[int]) -> dict[int, PieceRule]:
    """Return the rule of each product: its own, completed by the default."""
    wanted = or_(piece_rule.c.product_id.is_(None), piece_rule.c.product_id.in_(product_ids))
    rows = {row.product_id: row for row in connection.execute(select(piece_rule).where(wanted))}
    base = rows.pop(None, None)
    default = PieceRule()
    if base is not None:
        mode = PieceMode(base.mode or PieceMode.SEVERAL)
        default = PieceRule(mode, base.rotate_days, base.guard_below, base.guard_account_id)
    found = dict.fromkeys(product_ids, default)
    for product_id, row in rows.items():
        guard = (row.guard_below, row.guard_account_id)
        if row.guard_account_id is None:
            guard = (default.guard_below, default.guard_account_id)
        mode = PieceMode(row.mode) if row.mode else default.mode
        found[product_id] = PieceRule(mode, row.rotate_days if row.mode else default.rotate_days, *guard)
    return found


class OwnRule(NamedTuple):
    """What was set for one product, or as the default: ``mode`` ``None`` follows the default."""

    mode: PieceMode | None = None
    rotate_days: int = 0
    guard_below: int = 0
    guard_account_id: int | None = None


def own_rule(connection: Connection, product_id: int | None) -> OwnRule:
    """Return what is set for a product, or as the default (``None``)."""
    same = piece_rule.c.product_id.is_(None) if product_id is None else piece_rule.c.product_id == product_id
    row = connection.execute(select(piece_rule).where(same)).first()
    if row is None:
        return OwnRule()
    return OwnRule(PieceMode(row.mode) if row.mode else None, row.rotate_days, row.guard_below, row.guard_account_id)


def set_rule(
    connection: Connection,
    product_id: int | None,
    *,
    mode: PieceMode | None,
    rotate_days: int = 0,
    guard_below: int = 0,
    guard_account_id: int | None = None,
) -> None:
    """Set the rule of a product, or the default (``None``). ``mode`` ``None``: as the default says."""
    same = piece_rule.c.product_id.is_(None) if product_id is None else piece_rule.c.product_id == product_id
    connection.execute(delete(piece_rule).where(same))
    if mode is None and guard_account_id is None:
        return
    values = {"product_id": product_id, "mode": mode.value if mode else "", "rotate_days": rotate_days}
    values |= {"guard_below": guard_below, "guard_account_id": guard_account_id}
    connection.execute(insert(piece_rule).values(values))


def apply_rules(connection: Connection, *, now: dt.datetime) -> None:
    """Let every variant follow the rules as they are now: to be called after one was set."""
    pieces = select(variant.c.id).join(listing, listing.c.product_id == variant.c.product_id)
    ids = set(connection.execute(pieces.where(variant.c.retired_at.is_(None))).scalars())
    if rules_exist(connection):
        settle_places(connection, ids, now=now)
        return
    for variant_id in connection.execute(select(placement.c.variant_id)).scalars().all():
        _release(connection, variant_id, now)


def barred(
    connection: Connection, account_id: int, variants: Mapping[int, tuple[int, bool]], supply: Supply
) -> tuple[frozenset[int], frozenset[int]]:
    """Return the variants that an account of the pool may not show, and those of them that still need a place.

    Of those it shows what is set aside for its own campaigns (``supply.own``), nothing else. ``variants`` maps variant
    ids to (product id, single piece). To be asked in the snapshot of the decision.
    """
    if not rules_exist(connection):
        return frozenset(), frozenset()
    placed = _placed(connection, list(variants))
    rules = load_rules(connection, {product_id for product_id, _ in variants.values()})
    unplaced = frozenset(
        variant_id
        for variant_id, (product_id, single) in variants.items()
        if variant_id not in placed
        and rules[product_id].why(
            single_piece=single, free=supply.loose(variant_id), made=supply.is_made_to_order(variant_id)
        )
    )
    elsewhere = {one.variant_id for one in placed.values() if one.state != "there" or one.account_id != account_id}
    return frozenset(elsewhere) | unplaced, unplaced


def settle_places(connection: Connection, variant_ids: Collection[int], *, now: dt.datetime) -> None:
    """Give variants a place that need one by their rule and their stock, and free those that don't any more."""
    if not rules_exist(connection):
        return
    ids = sorted(variant_ids)
    for start in range(0, len(ids), _AT_ONCE):
        _settle_some(connection, ids[start : start + _AT_ONCE], now)


def move_piece(
    connection: Connection, variant_id: int, to_account_id: int, *, reason: str, actor: str = "", now: dt.datetime
) -> bool:
    """Begin a hand-over to another account; return whether there was anything to do.

    Nobody shows the piece until it is stopped where it was, and orders are read past that moment.
    """
    here = placement.c.variant_id == variant_id
    row = connection.execute(select(placement).where(here).with_for_update()).first()
    if row is not None and row.state == "moving" and row.to_account_id == to_account_id:
        return False
    if row is not None and row.state == "there" and row.account_id == to_account_id:
        return False
    origin = row.account_id if row is not None else None
    _begin_move(connection, variant_id, origin, to_account_id, row is None, reason=reason, actor=actor, now=now)
    return True


def _begin_move(
    connection: Connection,
    variant_id: int,
    origin: int | None,
    to_account_id: int,
    is_new: bool,
    *,
    reason: str,
    actor: str = "",
    now: dt.datetime,
) -> None:
    here = placement.c.variant_id == variant_id
    _end_moves(connection, variant_id, "replaced", now)
    values = {"state": "moving", "to_account_id": to_account_id, "stopped_at": None, "problem": None, "since": now}
    if is_new:
        connection.execute(insert(placement).values(variant_id=variant_id, rule=Why.PIECE.value, **values))
    else:
        connection.execute(update(placement).where(here).values(version=placement.c.version + 1, **values))
    connection.execute(
        insert(hand_over).values(
            variant_id=variant_id,
            from_account_id=origin,
            to_account_id=to_account_id,
            reason=reason,
            actor=actor[:80],
            asked_at=now,
        )
    )
    _mark(connection, variant_id, now)


def wait_for_hand_over(connection: Connection, which: ColumnElement[bool]) -> None:
    """Let running reservations wait whose pieces one account at a time shows, another than theirs.

    Their own account shows none of them until they were handed over to it; :func:`settle_places` begins that.
    """
    there = and_(placement.c.state == "there", placement.c.account_id == reservation.c.account_id)
    elsewhere = exists(
        select(placement.c.variant_id).where(
            and_(placement.c.variant_id == reservation.c.variant_id, or_(placement.c.account_id.is_(None), ~there))
        )
    )
    pooled = select(account.c.id).where(account.c.location_id.is_(None))
    theirs = and_(which, reservation.c.account_id.in_(pooled), elsewhere)
    connection.execute(update(reservation).where(theirs).values(waits=True))


def hand_back(connection: Connection, variant_id: int, from_account_id: int, *, now: dt.datetime) -> None:
    """Move on what a campaign of ``from_account_id`` had, now that it is over: to where it came from.

    Where it isn't placed there, whoever shows the loose pieces gets the campaign's too, once they are stopped there.
    """
    row = connection.execute(select(placement).where(placement.c.variant_id == variant_id).with_for_update()).first()
    if row is None:
        return
    target = row.to_account_id if row.state == "moving" else row.account_id
    if target == from_account_id:
        home = _came_from(connection, variant_id, from_account_id)
        # One that can't be reached gets no piece, but it keeps the one that it has still.
        has_it = row.state == "moving" and home is not None and _is_listed(connection, home, variant_id)
        if home is not None and (has_it or home in candidates(connection, variant_id)):
            move_piece(connection, variant_id, home, reason=CAMPAIGN_END, now=now)
    elif target is not None and row.state == "there":
        _begin_move(connection, variant_id, from_account_id, target, False, reason=CAMPAIGN_END, now=now)


def _came_from(connection: Connection, variant_id: int, account_id: int) -> int | None:
    """Return who had a piece before it went to a campaign of ``account_id``; ``None``: it went there otherwise."""
    query = select(hand_over).where(hand_over.c.variant_id == variant_id).order_by(hand_over.c.id.desc()).limit(1)
    last = connection.execute(query).first()
    if last is None or last.reason != CAMPAIGN or last.to_account_id != account_id:
        return None
    return int(last.from_account_id) if last.from_account_id is not None else None


def give(connection: Connection, variant_id: int, account_id: int, *, outcome: str, now: dt.datetime) -> None:
    """End a hand-over: from now on ``account_id`` shows the piece, also what is set aside for its campaigns."""
    end_waiting(connection, variant_id, account_id)
    values = {"state": "there", "account_id": account_id, "to_account_id": None, "stopped_at": None, "problem": None}
    connection.execute(
        update(placement)
        .where(placement.c.variant_id == variant_id)
        .values(since=now, version=placement.c.version + 1, **values)
    )
    _end_moves(connection, variant_id, outcome, now)
    _mark(connection, variant_id, now)


def candidates(connection: Connection, variant_id: int) -> list[int]:
    """Return the accounts that could show a piece, the first choice first: live, of the pool, with a listing of it."""
    query = (
        select(account.c.id)
        .join(listing, listing.c.account_id == account.c.id)
        .join(variant, variant.c.product_id == listing.c.product_id)
        .where(
            and_(
                variant.c.id == variant_id,
                listing.c.wanted == "live",
                account.c.mode == "live",
                account.c.state == "active",
                account.c.location_id.is_(None),
            )
        )
        .order_by(account.c.priority, account.c.id)
    )
    return list(connection.execute(query).scalars())


def rotate(connection: Connection, *, now: dt.datetime) -> int:
    """Move pieces on whose days at their account are over, and those whose account doesn't list them any more."""
    if not rules_exist(connection):
        return 0
    query = select(placement, variant.c.product_id).join(variant, variant.c.id == placement.c.variant_id)
    rows = connection.execute(query.where(placement.c.state == "there")).all()
    rules = load_rules(connection, {row.product_id for row in rows})
    supply = load_supply(connection, [row.variant_id for row in rows], now=now)
    moved = 0
    for row in rows:
        found = candidates(connection, row.variant_id)
        days = rules[row.product_id].rotate_days
        over = days > 0 and row.since + dt.timedelta(days=days) <= now and row.rule == Why.PIECE.value
        # What a campaign keeps on its own account isn't moved by the calendar, nor what was sold.
        over = over and supply.loose(row.variant_id) > 0
        if row.account_id is not None and row.account_id not in found:
            over = over or not _is_listed(connection, row.account_id, row.variant_id)
        elif row.account_id is None:
            over = True
        target = _next(found, row.account_id)
        if over and target is not None and target != row.account_id:
            moved += move_piece(connection, row.variant_id, target, reason="rotation", now=now)
    return moved


def _next(found: Sequence[int], current: int | None) -> int | None:
    if current in found:
        return found[(found.index(current) + 1) % len(found)]
    return found[0] if found else None


def _is_listed(connection: Connection, account_id: int, variant_id: int) -> bool:
    """Whether the account still lists it: one that can't be reached keeps its piece, one that withdrew it doesn't."""
    query = (
        select(listing.c.id)
        .join(variant, variant.c.product_id == listing.c.product_id)
        .where(and_(listing.c.account_id == account_id, variant.c.id == variant_id, listing.c.wanted == "live"))
    )
    return connection.execute(query).first() is not None


def _settle_some(connection: Connection, ids: Sequence[int], now: dt.datetime) -> None:
    rows = connection.execute(select(variant).where(and_(variant.c.id.in_(ids), variant.c.retired_at.is_(None)))).all()
    supply = load_supply(connection, [row.id for row in rows], now=now)
    free = {row.id: supply.loose(row.id) for row in rows}
    rules = load_rules(connection, {row.product_id for row in rows})
    placed = _placed(connection, [row.id for row in rows])
    waiting = _waiting(connection, [row.id for row in rows])
    for row in rows:
        made = supply.is_made_to_order(row.id)
        why = rules[row.product_id].why(single_piece=row.single_piece, free=free[row.id], made=made)
        old = placed.get(row.id)
        if row.id in waiting and (why is not None or (old is not None and free[row.id] <= 0)):
            move_piece(connection, row.id, waiting[row.id], reason=CAMPAIGN, now=now)
        elif why is None:
            # A sold piece keeps its place: when it comes back, it is shown where it was.
            if row.id in waiting or (old is not None and free[row.id] > 0):
                _release(connection, row.id, now)
        elif old is None:
            _first_place(connection, row.id, why, rules[row.product_id], supply, now)
        elif why is Why.GUARD:
            _guard(connection, old, rules[row.product_id], now)
        elif old.rule == Why.GUARD.value:
            connection.execute(update(placement).where(placement.c.variant_id == row.id).values(rule=why.value))


def _first_place(
    connection: Connection, variant_id: int, why: Why, rule: PieceRule, supply: Supply, now: dt.datetime
) -> None:
    found = candidates(connection, variant_id)
    showing = _showing(connection, variant_id, supply)
    target = next((one for one in found if one in showing), found[0] if found else None)
    if supply.loose(variant_id) <= 0:
        target = next((one for one in found if supply.own(variant_id, one) > 0), target)
    if why is Why.GUARD:
        target = rule.guard_account_id if rule.guard_account_id in found else None
    if target is None:
        return
    # Whoever gets it shows no more than it does already; what isn't sure there is as good as not shown.
    shown_there = supply.own(variant_id, target) if target not in showing else _shown_for_sure(showing[target])
    if showing.keys() - {target} and shown_there < supply.free(variant_id, target, None):
        move_piece(connection, variant_id, target, reason=why.value, now=now)
        connection.execute(update(placement).where(placement.c.variant_id == variant_id).values(rule=why.value))
        return
    row = {"variant_id": variant_id, "account_id": target, "rule": why.value, "since": now}
    connection.execute(insert(placement).values(row))
    if why is Why.GUARD:
        # Nothing more becomes buyable there by it, so it is done as it is asked for; the history tells of it.
        told = {"to_account_id": target, "reason": why.value, "asked_at": now, "done_at": now, "outcome": "done"}
        connection.execute(insert(hand_over).values(variant_id=variant_id, **told))
    _mark(connection, variant_id, now)


def _guard(connection: Connection, old: Placed, rule: PieceRule, now: dt.datetime) -> None:
    target = rule.guard_account_id
    if old.rule != Why.GUARD.value:
        same = placement.c.variant_id == old.variant_id
        connection.execute(update(placement).where(same).values(rule=Why.GUARD.value))
    if target is not None and target in candidates(connection, old.variant_id):
        move_piece(connection, old.variant_id, target, reason=Why.GUARD.value, now=now)


def _release(connection: Connection, variant_id: int, now: dt.datetime) -> None:
    connection.execute(delete(placement).where(placement.c.variant_id == variant_id))
    _end_moves(connection, variant_id, "released", now)
    end_waiting(connection, variant_id)
    _mark(connection, variant_id, now)


def _waiting(connection: Connection, ids: Sequence[int]) -> dict[int, int]:
    """Return the account of the oldest running campaign whose pieces wait for a hand-over, by variant."""
    waits = and_(ACTIVE, reservation.c.waits, reservation.c.variant_id.in_(ids))
    query = select(reservation.c.variant_id, reservation.c.account_id).where(waits).order_by(reservation.c.id.desc())
    return dict(connection.execute(query).tuples().all())


def end_waiting(connection: Connection, variant_id: int, account_id: int | None = None) -> bool:
    """Let an account (``None``: all) show what is set aside for its campaigns; return whether anything waited."""
    mine = and_(reservation.c.variant_id == variant_id, reservation.c.waits)
    if account_id is not None:
        mine = and_(mine, reservation.c.account_id == account_id)
    return bool(connection.execute(update(reservation).where(mine).values(waits=False)).rowcount)


def _shown_for_sure(one: Row[Any]) -> int:
    return 0 if one.unsure else int(one.quantity or 0)


def _showing(connection: Connection, variant_id: int, supply: Supply) -> dict[int, Row[Any]]:
    """Return, by account, what is shown where somebody might buy it now, or soon by a write that is under way.

    One that shows no more than is set aside for its own campaigns shows those.
    """
    on_its_way = or_(listing.c.under_way.is_not(None), listing.c.seeking.is_not(None))
    shows = or_(offer.c.quantity_unknown, func.coalesce(offer.c.quantity, 0) > 0)
    unsure = or_(on_its_way, offer.c.quantity_unknown)
    query = (
        select(listing.c.account_id, offer.c.quantity, unsure.label("unsure"))
        .join(variant, variant.c.product_id == listing.c.product_id)
        .join(account, account.c.id == listing.c.account_id)
        .outerjoin(offer, and_(offer.c.listing_id == listing.c.id, offer.c.variant_id == variant.c.id))
        .where(and_(variant.c.id == variant_id, account.c.location_id.is_(None), or_(on_its_way, shows)))
    )
    return {
        row.account_id: row
        for row in connection.execute(query)
        if row.unsure or (row.quantity or 0) > supply.own(variant_id, row.account_id)
    }


def _placed(connection: Connection, ids: Sequence[int]) -> dict[int, Placed]:
    columns = [placement.c[name] for name in Placed._fields]
    found: dict[int, Placed] = {}
    for start in range(0, len(ids), _AT_ONCE):
        rows = connection.execute(select(*columns).where(placement.c.variant_id.in_(ids[start : start + _AT_ONCE])))
        found |= {row.variant_id: Placed(*row) for row in rows}
    return found


def _end_moves(connection: Connection, variant_id: int, outcome: str, now: dt.datetime) -> None:
    mine = and_(hand_over.c.variant_id == variant_id, hand_over.c.outcome == "open")
    connection.execute(update(hand_over).where(mine).values(outcome=outcome, done_at=now))


def _mark(connection: Connection, variant_id: int, now: dt.datetime) -> None:
    """Mark every listing of the variant's product: who loses the piece stops, who gets it rises."""
    product_id = select(variant.c.product_id).where(variant.c.id == variant_id).scalar_subquery()
    if mark(connection, listing.c.product_id == product_id, Due.STOCK, Lane.FALL, now=now):
        wake_after_commit(connection)
