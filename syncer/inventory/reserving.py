"""Stock set aside for a campaign: planned, running from its start, and given back at its planned end.

While it runs, nobody else may show what is left of it (:mod:`syncer.inventory.free`). At its end it is released and
the channel is looked at again, then and a day later, whatever the platform says of its promotion or doesn't.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, and_, exists, func, insert, or_, select, update

from syncer.domain.problem import Problem
from syncer.domain.text import clean_text
from syncer.domain.words import SyncerError, Words
from syncer.inventory.bundles import parts_of
from syncer.inventory.free import ACTIVE as IS_ACTIVE
from syncer.inventory.levels import full_levels
from syncer.inventory.locations import Location, find_location
from syncer.inventory.placing import hand_back, wait_for_hand_over
from syncer.inventory.posting import lock_stock
from syncer.inventory.ripple import lock_variants, mark_variants
from syncer.inventory.weeks import left_of
from syncer.store.marks import Due, Lane, mark
from syncer.store.order_tables import channel_order, order_count, order_line, placement, reservation
from syncer.store.skus import find_variant
from syncer.store.tables import account, listing, location, variant
from syncer.store.wakeup import wake_after_commit

PLANNED, ACTIVE, RELEASED = "planned", "active", "released"
#: A promotion that ended gives its pieces back when it likes: the channel is looked at once more, so much later.
RECHECK_AFTER = dt.timedelta(days=1)


class BadReservation(SyncerError):
    """This can't be set aside; the words say why, and how much could be."""


class Reservation(NamedTuple):
    """Pieces set aside: ``quantity``, of which ``consumed`` were sold in the campaign. Times are aware UTC.

    ``waits``: another shop showed them, and they are not handed over yet.
    """

    id: int
    campaign: str
    account: str
    sku: str
    location: str
    quantity: int
    consumed: int
    held_there: int
    starts_at: dt.datetime
    ends_at: dt.datetime
    state: str
    waits: bool = False

    @property
    def left(self) -> int:
        """Pieces that are still set aside, or will be."""
        return max(self.quantity - self.consumed, 0) if self.state != RELEASED else 0


class Turned(NamedTuple):
    """What became due: how many reservations began, how many ended, how many channels are looked at once more."""

    begun: int = 0
    ended: int = 0
    looked: int = 0


def reserve(
    connection: Connection,
    sku: str,
    quantity: int,
    *,
    account_id: int,
    campaign: str,
    starts_at: dt.datetime,
    ends_at: dt.datetime,
    place: str | None = None,
    actor: str = "",
    now: dt.datetime,
) -> Reservation:
    """Set ``quantity`` pieces of ``sku`` aside for one account, from ``starts_at`` until ``ends_at``.

    ``place`` is a location's code; by default the account's own, or the default one. Raises
    :class:`BadReservation`, ``UnknownSku`` and ``UnknownLocation``.
    """
    found = find_variant(connection, sku)
    lock_stock(connection, [found.id])
    name = clean_text(campaign, max_length=120)
    if not name:
        raise BadReservation(Words("Beri nama kegiatannya.", "Name the campaign."))
    if quantity < 1:
        raise BadReservation(
            Words(
                f"{quantity} buah tidak perlu disisihkan. Tulis 1 atau lebih; melepaskan: `syncer reserve release`.",
                f"There is nothing to set aside in {quantity}. Write 1 or more; to give pieces back: `syncer reserve "
                "release`.",
            )
        )
    if ends_at <= starts_at or ends_at <= now:
        raise BadReservation(
            Words(
                "Waktu selesai harus sesudah waktu mulai, dan belum lewat.",
                "The end must be after the start, and not over yet.",
            )
        )
    where = _place(connection, account_id, place)
    _check_kind(connection, found.sku, found.id, now)
    _check_new(connection, name, account_id, found.id, where)
    most = free_for_campaign(connection, found.id, where.id, starts_at, ends_at)
    if quantity > most:
        raise _too_many(found.sku, quantity, max(most, 0), where.code)
    values = {
        "campaign": name,
        "account_id": account_id,
        "variant_id": found.id,
        "location_id": where.id,
        "quantity": quantity,
        "starts_at": starts_at,
        "ends_at": ends_at,
        "state": ACTIVE if starts_at <= now else PLANNED,
        "actor": clean_text(actor, max_length=80),
        "created_at": now,
    }
    new = connection.execute(insert(reservation).values(values).returning(reservation.c.id)).scalar_one()
    if starts_at <= now:
        wait_for_hand_over(connection, reservation.c.id == new)
        mark_variants(connection, [found.id], now=now)
    return list_reservations(connection, ids=[int(new)])[0]


def free_for_campaign(
    connection: Connection, variant_id: int, location_id: int, starts_at: dt.datetime, ends_at: dt.datetime
) -> int:
    """Return the pieces at a location that no order and no other campaign of these days needs."""
    level = full_levels(connection, [variant_id])[variant_id].get(location_id)
    same_days = and_(
        reservation.c.variant_id == variant_id,
        reservation.c.location_id == location_id,
        reservation.c.state != RELEASED,
        reservation.c.starts_at < ends_at,
        reservation.c.ends_at > starts_at,
    )
    aside = connection.execute(
        select(func.coalesce(func.sum(reservation.c.quantity - reservation.c.consumed), 0)).where(same_days)
    ).scalar_one()
    return (level.free if level is not None else 0) - int(aside)


def release(
    connection: Connection, campaign: str, *, sku: str | None = None, account_id: int | None = None, now: dt.datetime
) -> list[Reservation]:
    """End a campaign's reservations now (all, or those of one variant or account); return what was released.

    Raises :class:`BadReservation` if there is none.
    """
    where = [reservation.c.campaign == clean_text(campaign, max_length=120), reservation.c.state != RELEASED]
    if sku is not None:
        where.append(reservation.c.variant_id == find_variant(connection, sku).id)
    if account_id is not None:
        where.append(reservation.c.account_id == account_id)
    ids = list(connection.execute(select(reservation.c.id).where(and_(*where)).order_by(reservation.c.id)).scalars())
    if not ids:
        raise BadReservation(
            Words(
                f'Tidak ada stok yang disisihkan untuk "{campaign[:60]}". Lihat: `syncer reserve list`.',
                f'Nothing is set aside for "{campaign[:60]}". See `syncer reserve list`.',
            )
        )
    _end(connection, reservation.c.id.in_(ids), now)
    return list_reservations(connection, ids=ids)


def release_account(connection: Connection, account_id: int, *, now: dt.datetime) -> list[Reservation]:
    """Release all that is set aside for an account; return what that was, as it was."""
    found = reserved_for(connection, account_id)
    _end(connection, and_(reservation.c.account_id == account_id, reservation.c.state != RELEASED), now)
    return found


def reserved_for(connection: Connection, account_id: int) -> list[Reservation]:
    """Return what is set aside for an account, or will be."""
    mine = and_(reservation.c.account_id == account_id, reservation.c.state != RELEASED)
    ids = list(connection.execute(select(reservation.c.id).where(mine)).scalars())
    return list_reservations(connection, ids=ids) if ids else []


def kept_away(connection: Connection) -> list[Reservation]:
    """Return what is set aside for accounts that are disconnected, and not sold yet."""
    query = (
        select(reservation.c.id)
        .join(account, account.c.id == reservation.c.account_id)
        .where(account.c.state == "disconnected", reservation.c.state != RELEASED)
    )
    ids = list(connection.execute(query).scalars())
    return [one for one in list_reservations(connection, ids=ids) if one.left > 0] if ids else []


def list_reservations(
    connection: Connection, *, ids: Sequence[int] | None = None, ended: bool = True
) -> list[Reservation]:
    """Return what is set aside, by start (``ids``: only those; ``ended`` false: without what was released)."""
    query = (
        select(reservation, account.c.name, variant.c.sku, location.c.code)
        .join(account, account.c.id == reservation.c.account_id)
        .join(variant, variant.c.id == reservation.c.variant_id)
        .join(location, location.c.id == reservation.c.location_id)
        .order_by(reservation.c.starts_at, reservation.c.id)
    )
    if ids is not None:
        query = query.where(reservation.c.id.in_(ids))
    if not ended:
        query = query.where(reservation.c.state != RELEASED)
    return [
        Reservation(
            row.id,
            row.campaign,
            row.name,
            row.sku,
            row.code,
            row.quantity,
            row.consumed,
            row.held_there,
            row.starts_at,
            row.ends_at,
            row.state,
            row.waits,
        )
        for row in connection.execute(query)
    ]


def hand_overs_held_up(connection: Connection) -> dict[int, Problem]:
    """Return, by reservation, why its pieces aren't handed over to it yet: somebody out of reach may sell them."""
    query = (
        select(reservation.c.id, placement.c.problem)
        .join(placement, placement.c.variant_id == reservation.c.variant_id)
        .where(and_(reservation.c.waits, IS_ACTIVE, placement.c.problem.is_not(None)))
    )
    return {key: Problem.from_json(problem) for key, problem in connection.execute(query)}


def next_turn(connection: Connection) -> dt.datetime | None:
    """Return when :func:`turn` has something to do next; ``None``: nothing is planned."""
    row = connection.execute(
        select(
            select(func.min(reservation.c.starts_at)).where(reservation.c.state == PLANNED).scalar_subquery(),
            select(func.min(reservation.c.ends_at)).where(reservation.c.state != RELEASED).scalar_subquery(),
            select(func.min(reservation.c.recheck_at)).scalar_subquery(),
        )
    ).one()
    return min((moment for moment in row if moment is not None), default=None)


def turn(connection: Connection, now: dt.datetime) -> Turned:
    """Begin what is to begin by now, end what is to end, and look again where that is due."""
    over = and_(reservation.c.state != RELEASED, reservation.c.ends_at <= now)
    again = and_(reservation.c.state == RELEASED, reservation.c.recheck_at <= now)
    begins = and_(reservation.c.state == PLANNED, reservation.c.starts_at <= now, reservation.c.ends_at > now)
    lock_variants(connection, _variants(connection, or_(begins, over, again)))
    begun = _variants(connection, begins)
    if begun:
        _look_again(connection, begins, now)
        wait_for_hand_over(connection, begins)
        connection.execute(update(reservation).where(begins).values(state=ACTIVE))
        mark_variants(connection, begun, now=now)
    ended = _end(connection, over, now)
    looked = _look_again(connection, again, now)
    if looked:
        connection.execute(update(reservation).where(again).values(recheck_at=None))
    return Turned(len(begun), ended, looked)


def recount(connection: Connection, account_id: int, variant_ids: Collection[int], *, told: bool) -> None:
    """Count anew how many pieces of running campaigns an account's orders have used.

    ``told``: the channel says which lines belong to a promotion, and only their orders count; else every order that
    was placed within the campaign does. To be called after the orders, their lines and counts were written.
    """
    running = and_(
        reservation.c.account_id == account_id,
        IS_ACTIVE,
        reservation.c.variant_id.in_(sorted(variant_ids)),
    )
    for row in connection.execute(select(reservation).where(running).order_by(reservation.c.id)).all():
        used = _used(connection, row, told=told)
        if used != row.consumed:
            held = max(row.held_there - max(used - row.consumed, 0), 0)
            values = {"consumed": used, "held_there": held}
            connection.execute(update(reservation).where(reservation.c.id == row.id).values(values))


def campaign_ends(connection: Connection, account_id: int, variant_ids: Collection[int]) -> dt.datetime | None:
    """Return when the last of the running campaigns ends that hold these variants on an account."""
    here = and_(reservation.c.account_id == account_id, reservation.c.variant_id.in_(sorted(variant_ids)), IS_ACTIVE)
    return connection.execute(select(func.max(reservation.c.ends_at)).where(here)).scalar()


def note_held(connection: Connection, account_id: int, held: Mapping[int, int], *, now: dt.datetime) -> None:
    """Keep what a look at the channel told: pieces, by variant, that it keeps apart from the number that we set."""
    here = and_(reservation.c.account_id == account_id, IS_ACTIVE)
    query = select(reservation.c.id, reservation.c.variant_id, reservation.c.held_there)
    rows = connection.execute(query.where(and_(here, reservation.c.variant_id.in_(sorted(held))))).all()
    if not rows:
        return
    lock_variants(connection, held)
    first: set[int] = set()
    moved: set[int] = set()
    for row in rows:
        pieces = 0 if row.variant_id in first else held[row.variant_id]
        first.add(row.variant_id)
        if pieces != row.held_there:
            connection.execute(update(reservation).where(reservation.c.id == row.id).values(held_there=pieces))
            moved.add(row.variant_id)
    # What this account may show beside them has changed, and perhaps what the others may.
    mark_variants(connection, moved, now=now)


def _used(connection: Connection, row: Row[Any], *, told: bool) -> int:
    where = [
        channel_order.c.account_id == row.account_id,
        order_count.c.variant_id == row.variant_id,
        order_count.c.location_id == row.location_id,
        # Platforms tell the time in whole seconds.
        channel_order.c.created_at >= max(row.starts_at, row.created_at).replace(microsecond=0),
        channel_order.c.created_at < row.ends_at,
    ]
    if told:
        in_promotion = and_(order_line.c.order_id == channel_order.c.id, order_line.c.promotion != "")
        where.append(exists(select(order_line.c.line_id).where(in_promotion)))
    query = (
        select(func.coalesce(func.sum(order_count.c.held + order_count.c.gone), 0))
        .select_from(order_count)
        .join(channel_order, channel_order.c.id == order_count.c.order_id)
        .where(and_(*where))
    )
    return int(connection.execute(query).scalar_one())


def _end(connection: Connection, which: ColumnElement[bool], now: dt.datetime) -> int:
    variants = _variants(connection, which)
    if not variants:
        return 0
    lock_variants(connection, variants)
    ids = list(connection.execute(select(reservation.c.id).where(which)).scalars())
    these = reservation.c.id.in_(ids)
    running = and_(these, IS_ACTIVE, reservation.c.quantity > reservation.c.consumed)
    whose = select(reservation.c.variant_id, reservation.c.account_id).where(running).order_by(reservation.c.id)
    ending = connection.execute(whose).tuples().all()
    values = {"state": RELEASED, "waits": False, "held_there": 0, "recheck_at": now + RECHECK_AFTER}
    connection.execute(update(reservation).where(these).values(values))
    _look_again(connection, these, now)
    for variant_id, account_id in ending:
        hand_back(connection, variant_id, account_id, now=now)
    mark_variants(connection, variants, now=now)
    return len(ids)


def _variants(connection: Connection, which: ColumnElement[bool]) -> list[int]:
    query = select(reservation.c.variant_id).where(which).distinct().order_by(reservation.c.variant_id)
    return list(connection.execute(query).scalars())


def _look_again(connection: Connection, which: ColumnElement[bool], now: dt.datetime) -> int:
    """Ask for a look at the listings of these reservations on their own accounts; return how many those are."""
    pairs = (
        select(listing.c.id)
        .join(variant, variant.c.product_id == listing.c.product_id)
        .join(
            reservation,
            and_(reservation.c.variant_id == variant.c.id, reservation.c.account_id == listing.c.account_id),
        )
        .where(and_(which, listing.c.remote_id.is_not(None)))
        .distinct()
    )
    ids = sorted(connection.execute(pairs).scalars())
    if not ids:
        return 0
    marked = mark(connection, listing.c.id.in_(ids), Due.READ, Lane.READ, now=now)
    wake_after_commit(connection)
    return marked


def _place(connection: Connection, account_id: int, place: str | None) -> Location:
    """Return the location to take from: the account's own, or one of the pool."""
    own = connection.execute(select(account.c.location_id).where(account.c.id == account_id)).scalar_one()
    if own is not None:
        code = connection.execute(select(location.c.code).where(location.c.id == own)).scalar_one()
        if place is not None and place != code:
            raise BadReservation(
                Words(
                    f"Toko ini hanya menjual dari lokasi {code}. Pindahkan dulu barangnya: `syncer stock move`.",
                    f"This shop sells from the location {code} only. Move the pieces there first: `syncer stock move`.",
                )
            )
        return find_location(connection, code)
    found = find_location(connection, place) if place is not None else find_location(connection)
    if not found.pooled:
        raise BadReservation(
            Words(
                f"Barang di {found.code} adalah titipan dan tidak dijual toko ini. Pindahkan dulu ke lokasi bersama.",
                f"The goods at {found.code} are on consignment and not sold by this shop. Move them to a shared "
                "location first.",
            )
        )
    return found


def _check_kind(connection: Connection, sku: str, variant_id: int, now: dt.datetime) -> None:
    if parts_of(connection, [variant_id]):
        raise BadReservation(
            Words(
                f"{sku} adalah paket. Sisihkan isinya: `syncer bundle show {sku}`.",
                f"{sku} is a bundle. Set its parts aside instead: `syncer bundle show {sku}`.",
            )
        )
    if left_of(connection, [variant_id], now):
        raise BadReservation(
            Words(
                f"{sku} dibuat menurut pesanan, jadi tidak ada stok yang bisa disisihkan.",
                f"{sku} is made to order, so there is no stock to set aside.",
            )
        )


def _check_new(connection: Connection, name: str, account_id: int, variant_id: int, place: Location) -> None:
    same = and_(
        reservation.c.campaign == name,
        reservation.c.account_id == account_id,
        reservation.c.variant_id == variant_id,
        reservation.c.location_id == place.id,
        reservation.c.state != RELEASED,
    )
    if connection.execute(select(reservation.c.id).where(same)).first() is not None:
        raise BadReservation(
            Words(
                f'Untuk "{name}" sudah ada yang disisihkan di toko ini. Lepaskan dulu: `syncer reserve release`.',
                f'Some is set aside for "{name}" in this shop already. Release it first: `syncer reserve release`.',
            )
        )


def _too_many(sku: str, quantity: int, most: int, code: str) -> BadReservation:
    return BadReservation(
        Words(
            f"Dari {sku} hanya {most} yang bebas di {code} pada hari-hari itu, jadi {quantity} tidak bisa disisihkan.",
            f"Only {most} of {sku} are free at {code} in those days, so {quantity} can't be set aside.",
        )
    )
