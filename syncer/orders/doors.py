"""Sales that no channel tells of: at a bazaar, over the counter, in a family chat. Recorded in one line, and undone."""

from __future__ import annotations

import datetime as dt
import secrets
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import Connection, select, update

from syncer.channels.records import catalogue_currency
from syncer.domain.order import QUANTITY_MAX, Meaning, OrderLine, RemoteOrder
from syncer.domain.text import ID_MAX_LENGTH, clean_text
from syncer.inventory.bundles import parts_of
from syncer.inventory.campaign_short import Short, short_campaigns
from syncer.inventory.free import load_supply
from syncer.inventory.ledger import Movement
from syncer.inventory.levels import available
from syncer.inventory.locations import find_location
from syncer.orders import errors, inbox
from syncer.orders.book import SALE, Stored, find_orders
from syncer.orders.take_in import Door, take_in_at
from syncer.sdk.contract import OrderFacts
from syncer.store.order_tables import channel_order
from syncer.store.skus import find_variant
from syncer.store.tables import variant

SOLD, UNDONE = "sold", "undone"
#: A price of one piece lies below this.
PRICE_MAX = Decimal(10) ** 12
#: What is sold over the counter is gone at once.
SALE_FACTS = OrderFacts(meanings={SOLD: Meaning.GONE, UNDONE: Meaning.BACK})


@dataclass(frozen=True, slots=True)
class Sale:
    """A sale as recorded. ``free`` is what is left of it in the pool (of a bundle: what its parts allow; of what is
    made to order: what its maker's week allows); below zero it is oversold.

    ``new``: false if a sale with the same reference was recorded before. ``campaigns``: those that lack (more) pieces
    now, since this sale took what was set aside for them.
    """

    id: int
    reference: str
    sku: str
    quantity: int
    free: int
    oversold: bool
    new: bool = True
    campaigns: tuple[Short, ...] = ()


def record_sale(
    connection: Connection,
    sku: str,
    quantity: int = 1,
    *,
    location: str = "",
    price: Decimal | None = None,
    note: str = "",
    reference: str = "",
    sold_at: dt.datetime | None = None,
    now: dt.datetime,
) -> Sale:
    """Take ``quantity`` pieces out of stock because they were sold; a sale is a fact and never refused for stock.

    ``location`` is where they were (default: the pooled location with the most); ``price`` is for one piece, in the
    catalogue's currency. ``reference`` makes a repeat of the same sale nothing; another sale under the same
    reference is refused. Raises UnknownSku, UnknownLocation, OrderError.
    """
    if not 1 <= quantity <= QUANTITY_MAX:
        raise errors.bad_number(quantity)
    if price is not None and not 0 <= price < PRICE_MAX:
        raise errors.bad_price(price)
    found = find_variant(connection, sku)
    place = find_location(connection, location).id if location else None
    if len(reference.strip()) > ID_MAX_LENGTH:
        raise errors.long_reference()
    name = reference.strip() or f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
    currency = catalogue_currency(connection)
    line = OrderLine("1", "", "", found.sku, quantity, price=price, currency=currency)
    at = sold_at or now
    total = None if price is None else price * quantity
    order = RemoteOrder(name, SOLD, at, at, (line,), total=total, currency=currency)
    said = clean_text(note, max_length=300)
    before = _recorded(connection, name)
    touched = {part for part, _pieces in parts_of(connection, [found.id]).get(found.id, ((found.id, 1),))}
    lacked = {one.reservation.id: one.missing for one in short_campaigns(connection, touched)}
    if before is not None:
        _check_same(connection, before, found.id, found.sku, quantity, total)
    else:
        door = Door(SALE, location_id=place, note=said)
        take_in_at(connection, door, SALE_FACTS, [order], read_began_at=now, now=now)
    stored = before or _recorded(connection, name)
    assert stored is not None
    free = _free(connection, found.id, now)
    lacks = tuple(
        one for one in short_campaigns(connection, touched) if one.missing > lacked.get(one.reservation.id, 0)
    )
    return Sale(stored.id, name, found.sku, quantity, free, free < 0, before is None, lacks)


def _recorded(connection: Connection, reference: str) -> Stored | None:
    """Return the sale that has this reference; a number of Syncer's own is none."""
    found = (one for one in find_orders(connection, reference, door=SALE) if one.remote_id == reference)
    return next(found, None)


def _check_same(
    connection: Connection, before: Stored, variant_id: int, sku: str, quantity: int, total: Decimal | None
) -> None:
    """Refuse another sale under a reference that is taken: nothing may be dropped in silence."""
    if before.status == UNDONE:
        raise errors.undone_reference(before.remote_id)
    line = before.lines[0]
    was = connection.execute(select(variant.c.sku).where(variant.c.id == line.variant_id)).scalar() or line.name.sku
    if line.variant_id != variant_id or line.quantity != quantity:
        raise errors.another_sale(before.remote_id, f"{line.quantity} {was}", f"{quantity} {sku}")
    paid = connection.execute(select(channel_order.c.total).where(channel_order.c.id == before.id)).scalar()
    if total is not None and paid != total:
        raise errors.another_sale(
            before.remote_id, _with_total(line.quantity, was, paid), _with_total(quantity, sku, total)
        )


def _with_total(quantity: int, sku: str, total: Decimal | None) -> str:
    return f"{quantity} {sku}, total {'-' if total is None else f'{total.normalize():f}'}"


def _free(connection: Connection, variant_id: int, now: dt.datetime) -> int:
    supply = load_supply(connection, [variant_id], now=now)
    if variant_id in supply.parts or variant_id in supply.week:
        return supply.free(variant_id, None, None)
    return available(connection, [variant_id])[variant_id]


def undo_sale(connection: Connection, name: str, *, actor: str = "", now: dt.datetime) -> list[Movement]:
    """Take a sale back, as if it had not been: its pieces are on the shelf again. Raises OrderError."""
    found = find_orders(connection, name.strip(), door=SALE)
    if len(found) != 1:
        raise errors.no_sale(name)
    if found[0].status == UNDONE:
        raise errors.undone_already(name)
    moved = inbox.give_back(connection, found[0], actor=actor, now=now)
    connection.execute(
        update(channel_order)
        .where(channel_order.c.id == found[0].id)
        .values(status=UNDONE, revision=channel_order.c.revision + 1, updated_at=now)
    )
    return moved
