"""Set how many pieces a crafter makes to order in a week; :mod:`syncer.inventory.weeks` counts them."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Connection, delete, exists, select, update

from syncer.domain.stock import STOCK_MAX
from syncer.domain.words import SyncerError, Words
from syncer.inventory.ripple import mark_variants
from syncer.inventory.weeks import TIME_ZONE, Capacity, day_of, list_capacity, variants_of, variants_reaching
from syncer.store.order_tables import maker_capacity
from syncer.store.skus import closest, did_you_mean
from syncer.store.tables import meta, product
from syncer.store.upsert import insert_if_absent

#: In ``meta``: the day of the last turn.
DAY = "capacity_day"
_ANY = select(exists(select(maker_capacity.c.maker)))


class BadCapacity(SyncerError):
    """No such crafter, or a number of pieces that can't be."""


def set_capacity(connection: Connection, maker: str, pieces_a_week: int | None, *, now: dt.datetime) -> Capacity | None:
    """Set how many pieces a crafter makes in a week; ``None``: what they make counts by its stock again.

    Raises :class:`BadCapacity` for a crafter who is in no product, and for numbers out of this world.
    """
    name = _known_maker(connection, maker)
    if pieces_a_week is None:
        connection.execute(delete(maker_capacity).where(maker_capacity.c.maker == name))
    elif not 0 <= pieces_a_week <= STOCK_MAX:
        raise BadCapacity(Words("Tulis angka bulat dari 0.", "Write a whole number from 0."))
    else:
        row = {"maker": name, "pieces_a_week": pieces_a_week}
        if not insert_if_absent(connection, maker_capacity, row, ["maker"]):
            here = maker_capacity.c.maker == name
            connection.execute(update(maker_capacity).where(here).values(pieces_a_week=pieces_a_week))
    mark_variants(connection, variants_of(connection, [name]), now=now)
    return list_capacity(connection, now, [name]).get(name)


def _known_maker(connection: Connection, maker: str) -> str:
    wanted = " ".join(maker.split())
    query = select(product.c.maker).where(product.c.maker != "").distinct()
    names: list[str] = list(connection.execute(query).scalars())
    found = next((name for name in names if name.casefold() == wanted.casefold()), None)
    if found is None:
        more = did_you_mean(closest(wanted, names))
        raise BadCapacity(
            Words(
                f'Tidak ada produk dari perajin "{wanted[:80]}".{more.id}',
                f'There is no product of the crafter "{wanted[:80]}".{more.en}',
            )
        )
    return found


def turn_week(connection: Connection, now: dt.datetime) -> int:
    """Open the weeks that orders of today fall into and those of the last turn did not: mark what is made to order.

    Returns how many listings that were. A day may open a week for what takes five days and none for what takes three.
    """
    today = day_of(now).isoformat()
    opened = connection.execute(select(meta.c.value).where(meta.c.key == DAY)).scalar()
    if opened == today or not connection.execute(_ANY).scalar_one():
        return 0
    if not insert_if_absent(connection, meta, {"key": DAY, "value": today}, ["key"]):
        connection.execute(update(meta).where(meta.c.key == DAY).values(value=today))
    before = dt.datetime.combine(dt.date.fromisoformat(opened), dt.time(), TIME_ZONE) if opened else None
    makers = connection.execute(select(maker_capacity.c.maker)).scalars().all()
    return mark_variants(connection, variants_reaching(connection, makers, before, now), now=now)


def week_is_due(connection: Connection, now: dt.datetime) -> bool:
    """Return whether :func:`turn_week` has something to do."""
    opened = connection.execute(select(meta.c.value).where(meta.c.key == DAY)).scalar()
    return opened != day_of(now).isoformat() and bool(connection.execute(_ANY).scalar_one())
