"""How many pieces an account may show (before its buffer and cap): docs/architecture.md, "Pieces".

* what is on hand and promised to nobody, in the pooled locations or at the account's own one;
* minus what is set aside there for campaigns on other accounts. An account's own campaign takes nothing from itself,
  except what its platform keeps apart from the number that we set: that is on sale there already;
* nothing while another account can't be stopped from selling it;
* of a bundle, as many as its parts allow; of what is made to order, what is left of its crafter's week.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlalchemy import Connection, and_, bindparam, exists, literal_column, or_, select

from syncer.inventory.weeks import left_of
from syncer.store.batches import batches
from syncer.store.order_tables import bundle_part, maker_capacity, reservation
from syncer.store.tables import account, listing, location, offer, stock_level, variant

#: As the partial index says it, to the letter: no database proves it of a parameter.
ACTIVE = reservation.c.state == literal_column("'active'")
CANNOT_STOP = offer.c.cannot_stop_until.is_not(None)


class Aside(NamedTuple):
    """Pieces set aside for a campaign on one account: ``left`` of them not sold yet, ``held_there`` kept by its
    platform apart from the number that we set. ``waits``: they are still to be handed over to it."""

    account_id: int
    location_id: int
    left: int
    held_there: int = 0
    waits: bool = False

    def taken_from(self, account_id: int | None) -> int:
        """Return what an account may not show because of it."""
        return self.held_there if account_id == self.account_id and not self.waits else self.not_for_others

    @property
    def not_for_others(self) -> int:
        """What no other account may show."""
        return max(self.left, self.held_there, 0)


class Stuck(NamedTuple):
    """An account that still sells a variant and can't be stopped. ``location_id``: its own location, if any."""

    account_id: int
    location_id: int | None


@dataclass(frozen=True, slots=True)
class Supply:
    """What there is of some variants, for all accounts alike. Keys are variant ids.

    ``levels``: free pieces by location (on hand, not promised to orders); ``week``: what is left of the crafter's
    week, for what is made to order; ``parts``: of bundles; ``ended``: parts that are sold no more.
    """

    levels: Mapping[int, Mapping[int, int]] = field(default_factory=dict)
    pooled: frozenset[int] = frozenset()
    aside: Mapping[int, Sequence[Aside]] = field(default_factory=dict)
    stuck: Mapping[int, Sequence[Stuck]] = field(default_factory=dict)
    week: Mapping[int, int] = field(default_factory=dict)
    parts: Mapping[int, Sequence[tuple[int, int]]] = field(default_factory=dict)
    ended: frozenset[int] = frozenset()

    def free(self, variant_id: int, account_id: int | None, location_id: int | None) -> int:
        """Return the pieces that an account may show; below zero if more was promised than there is.

        ``location_id`` is the account's own location, ``None`` the pool. ``account_id`` ``None``: an account without
        campaigns of its own.
        """
        parts = self.parts.get(variant_id)
        if parts is None:
            return self._free(variant_id, account_id, location_id)
        if self._is_stuck(variant_id, account_id, location_id):
            return 0
        return min(
            0 if part in self.ended else self._free(part, account_id, location_id) // pieces for part, pieces in parts
        )

    def loose(self, variant_id: int) -> int:
        """Return the pieces of the pool that are set aside for nobody: those that one account at a time may be given.

        Below zero if more was promised than there is. That an account can't be stopped changes nothing.
        """
        parts = self.parts.get(variant_id, ((variant_id, 1),))
        return min(0 if part in self.ended else self._loose(part) // pieces for part, pieces in parts)

    def is_made_to_order(self, variant_id: int) -> bool:
        """Whether :meth:`loose` counts what a crafter can still make; of a bundle, if nothing else makes it scarce."""
        if variant_id not in self.parts:
            return variant_id in self.week
        least = self.loose(variant_id)
        return all(
            part in self.week and part not in self.ended
            for part, pieces in self.parts[variant_id]
            if part in self.ended or self._loose(part) // pieces == least
        )

    def own(self, variant_id: int, account_id: int) -> int:
        """Return the pieces that an account of the pool shows for its campaigns, whoever is given the loose ones.

        A bundle that is held to one account is shown there only: it is set aside by its parts.
        """
        if not self.aside or variant_id in self.parts:
            return 0
        here = self.free(variant_id, account_id, None)
        return max(here - max(self.loose(variant_id), 0), 0)

    def _loose(self, variant_id: int) -> int:
        if variant_id in self.week:
            return self.week[variant_id]
        return self._here(variant_id, None, self.pooled)

    def _free(self, variant_id: int, account_id: int | None, location_id: int | None) -> int:
        if variant_id in self.week:
            return self.week[variant_id]
        here = self._here(variant_id, account_id, self.pooled if location_id is None else frozenset((location_id,)))
        return min(here, 0) if self._is_stuck(variant_id, account_id, location_id) else here

    def _here(self, variant_id: int, account_id: int | None, places: frozenset[int]) -> int:
        here = sum(pieces for place, pieces in self.levels.get(variant_id, {}).items() if place in places)
        for one in self.aside.get(variant_id, ()):
            if one.location_id in places:
                here -= one.taken_from(account_id)
        return here

    def _is_stuck(self, variant_id: int, account_id: int | None, location_id: int | None) -> bool:
        """Whether another account that sells from the same place can't be stopped from selling it."""
        return any(
            one.account_id != account_id and one.location_id == location_id for one in self.stuck.get(variant_id, ())
        )


def free(
    connection: Connection,
    variant_ids: Collection[int],
    *,
    account_id: int,
    location_id: int | None,
    now: dt.datetime | None = None,
) -> dict[int, int]:
    """Return the pieces of each variant that one account may show, before its buffer and cap; every id is a key.

    ``location_id`` is the account's own location, ``None`` the pool.
    """
    supply = load_supply(connection, variant_ids, now=now)
    return {variant_id: supply.free(variant_id, account_id, location_id) for variant_id in variant_ids}


def load_supply(connection: Connection, variant_ids: Collection[int], *, now: dt.datetime | None = None) -> Supply:
    """Read what there is of some variants: in three queries where nothing is set aside, bundled, or made to order."""
    shared = what_is_shared(connection)
    wanted = set(variant_ids)
    parts, ended = _load_parts(connection, wanted) if shared.bundles else ({}, frozenset())
    all_ids = sorted(wanted | {part for found in parts.values() for part, _pieces in found})
    return Supply(
        levels=_load_levels(connection, all_ids),
        pooled=frozenset(connection.execute(_POOLED).scalars()),
        aside=_load_aside(connection, all_ids) if shared.asides else {},
        stuck=_load_stuck(connection, all_ids) if shared.stuck else {},
        week=left_of(connection, all_ids, now or dt.datetime.now(dt.UTC)) if shared.weeks else {},
        parts=parts,
        ended=ended,
    )


class Shared(NamedTuple):
    """Whether there is any campaign, bundle, crafter's week, or offer that can't be stopped."""

    asides: bool
    bundles: bool
    weeks: bool
    stuck: bool


_IS_SHARED = select(
    exists(select(reservation.c.id).where(ACTIVE)),
    exists(select(bundle_part.c.part_id)),
    exists(select(maker_capacity.c.maker)),
    exists(select(offer.c.id).where(CANNOT_STOP)),
)


def what_is_shared(connection: Connection) -> Shared:
    """Tell, in one query, what needs a look at all."""
    return Shared(*(bool(value) for value in connection.execute(_IS_SHARED).one()))


_POOLED = select(location.c.id).where(location.c.pooled)
_LEVELS = select(stock_level.c.variant_id, stock_level.c.location_id, stock_level.c.on_hand - stock_level.c.held).where(
    stock_level.c.variant_id.in_(bindparam("variants", expanding=True))
)


def _load_levels(connection: Connection, ids: Sequence[int]) -> dict[int, dict[int, int]]:
    found: dict[int, dict[int, int]] = {}
    for part in batches(ids):
        for variant_id, place, pieces in connection.execute(_LEVELS, {"variants": part}):
            found.setdefault(variant_id, {})[place] = int(pieces)
    return found


def _load_parts(
    connection: Connection, ids: Collection[int]
) -> tuple[dict[int, list[tuple[int, int]]], frozenset[int]]:
    found: dict[int, list[tuple[int, int]]] = {}
    ended: set[int] = set()
    for part in batches(sorted(ids)):
        query = (
            select(bundle_part, variant.c.retired_at)
            .join(variant, variant.c.id == bundle_part.c.part_id)
            .where(bundle_part.c.variant_id.in_(part))
        )
        for row in connection.execute(query):
            found.setdefault(row.variant_id, []).append((row.part_id, row.quantity))
            if row.retired_at is not None:
                ended.add(row.part_id)
    return found, frozenset(ended)


def _load_aside(connection: Connection, ids: Sequence[int]) -> dict[int, list[Aside]]:
    found: dict[int, list[Aside]] = {}
    for part in batches(ids):
        query = select(reservation).where(and_(reservation.c.variant_id.in_(part), ACTIVE))
        for row in connection.execute(query):
            one = Aside(row.account_id, row.location_id, row.quantity - row.consumed, row.held_there, row.waits)
            found.setdefault(row.variant_id, []).append(one)
    return found


def _load_stuck(connection: Connection, ids: Sequence[int]) -> dict[int, list[Stuck]]:
    """Return who can't be stopped, by variant: also by the parts of a bundle that can't be."""
    found: dict[int, list[Stuck]] = {}
    for part in batches(ids):
        in_bundle = and_(bundle_part.c.variant_id == offer.c.variant_id, bundle_part.c.part_id.in_(part))
        query = (
            select(offer.c.variant_id, bundle_part.c.part_id, account.c.id, account.c.location_id)
            .select_from(offer)
            .join(listing, listing.c.id == offer.c.listing_id)
            .join(account, account.c.id == listing.c.account_id)
            .outerjoin(bundle_part, in_bundle)
            .where(and_(CANNOT_STOP, or_(offer.c.variant_id.in_(part), bundle_part.c.part_id.is_not(None))))
        )
        for variant_id, part_id, account_id, place in connection.execute(query):
            for key in {variant_id, part_id} - {None}:
                found.setdefault(key, []).append(Stuck(account_id, place))
    return found
