"""What the clock brings: campaigns begin and end, a new week opens for crafters, stopped offers count as stopped,
bundles end with a part that is sold no more.

Everything due stands in the tables, so a tick that was missed is made up for by the next one, also by ``syncer sync``.
"""

from __future__ import annotations

import datetime as dt

import structlog
from sqlalchemy import Connection, Engine, and_, or_, select, update

from syncer.inventory.capacity import turn_week, week_is_due
from syncer.inventory.free import CANNOT_STOP
from syncer.inventory.marking import lock_listings
from syncer.inventory.reserving import next_turn, turn
from syncer.inventory.ripple import mark_variants
from syncer.store.engine import read, write
from syncer.store.order_tables import bundle_part
from syncer.store.tables import listing, offer, variant

_LOG = structlog.get_logger("syncer.inventory")


def catch_up(engine: Engine, now: dt.datetime) -> dict[str, int]:
    """Do all that is due by ``now``, and return what it was; where nothing is due this only reads."""
    with read(engine) as connection:
        turns = next_turn(connection)
        due = (turns is not None and turns <= now) or week_is_due(connection, now)
        due = due or bool(_freed(connection)) or bool(_broken(connection))
    if not due:
        return {}
    with write(engine) as connection:
        turned = turn(connection, now)
        done = {"campaigns begun": turned.begun, "campaigns ended": turned.ended, "looked again": turned.looked}
    with write(engine) as connection:
        done["opened by a new week"] = turn_week(connection, now)
    with write(engine) as connection:
        done["stopped after all"] = free_again(connection, now)
    with write(engine) as connection:
        broken = _broken(connection)
        done["bundles ended"] = mark_variants(connection, broken, now=now) if broken else 0
    found = {name: number for name, number in done.items() if number}
    _LOG.info("moments", **{name.replace(" ", "_"): number for name, number in found.items()})
    return found


def free_again(connection: Connection, now: dt.datetime) -> int:
    """Forget that an offer could not be stopped, once nothing is due for its listing any more; return how many."""
    rows = _freed(connection)
    if not rows:
        return 0
    lock_listings(connection, sorted({product_id for _offer, _variant, product_id in rows}))
    ids = [offer_id for offer_id, _variant, _product in rows]
    connection.execute(update(offer).where(offer.c.id.in_(ids)).values(cannot_stop_until=None))
    mark_variants(connection, sorted({variant_id for _offer, variant_id, _product in rows}), now=now)
    return len(rows)


def _freed(connection: Connection) -> list[tuple[int, int, int]]:
    at_rest = and_(CANNOT_STOP, listing.c.due == 0, listing.c.claim.is_(None))
    query = select(offer.c.id, offer.c.variant_id, listing.c.product_id).join(
        listing, listing.c.id == offer.c.listing_id
    )
    return [(row.id, row.variant_id, row.product_id) for row in connection.execute(query.where(at_rest))]


def _broken(connection: Connection) -> list[int]:
    """Return the bundles that are still shown although one of their parts was retired from the catalogue."""
    part = variant.alias("part")
    shown = or_(offer.c.quantity_unknown, offer.c.quantity > 0)
    query = (
        select(bundle_part.c.variant_id)
        .distinct()
        .join(part, and_(part.c.id == bundle_part.c.part_id, part.c.retired_at.is_not(None)))
        .join(offer, and_(offer.c.variant_id == bundle_part.c.variant_id, shown))
        .join(listing, and_(listing.c.id == offer.c.listing_id, listing.c.due == 0, listing.c.claim.is_(None)))
        .where(listing.c.wanted == "live")
    )
    return sorted(connection.execute(query).scalars())
