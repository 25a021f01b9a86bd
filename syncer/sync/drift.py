"""Drift: the channel shows something that neither we nor an order put there. Each field has an owner.

``ours`` puts our value back, at most twice a day for a field; ``theirs`` takes the shop's value into the
catalogue; ``ask`` asks a person. What a write of ours may have caused is no drift.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy import Connection, Row, and_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from syncer.catalogue.edit import edit_product
from syncer.channels.pricing import set_override
from syncer.channels.records import Account, Owner, load_account
from syncer.domain.listing import Json, Status
from syncer.domain.stock import Reason
from syncer.domain.words import SyncerError
from syncer.inventory.ledger import DEFAULT_LOCATION, move
from syncer.store.marks import Due, Lane, mark
from syncer.store.tables import listing, location, product, put_back, question, variant
from syncer.sync.brakes import ask_once
from syncer.sync.known import SHAPE, STATUS, Known, make_unknown, price_name, quantity_name
from syncer.sync.rows import Item, add_event, known_columns, load_items, store_offers

PUT_BACK_A_DAY = 2
_SWITCH = (Status.LIVE, Status.HIDDEN)
_CATALOGUE_FIELDS = {"title": "title", "description": "description"}


@dataclass(frozen=True, slots=True)
class Drift:
    """One difference: ``field`` (title, price, stock, status, variant ...), for ``sku`` where it is an offer's.

    ``name`` is what :mod:`syncer.sync.known` calls it, ``key`` the offer's key if it is one of ours.
    """

    name: str
    field: str
    known: Json
    seen: Json
    key: str | None = None
    sku: str | None = None


def find_drift(known: Known, seen: Known, unsure: Collection[str]) -> list[Drift]:
    """Return what ``seen`` shows otherwise than we know; what is called ``unsure`` is not judged."""
    return [drift for drift in _differences(known, seen) if drift.name not in unsure]


def _differences(known: Known, seen: Known) -> Iterator[Drift]:
    for name, value in seen.fields.items():
        if name in known.fields and known.fields[name] != value:
            yield Drift(name, name, known.fields[name], value)
    if known.status in _SWITCH and seen.status in _SWITCH and known.status is not seen.status:
        yield Drift(STATUS, "status", known.status.value, seen.status.value)
    yield from _variants(known, seen)
    for key, old in known.offers.items():
        new = seen.offers.get(key)
        if new is None:
            continue
        if new.price != old.price:
            yield Drift(price_name(key), "price", str(old.price), str(new.price), key, old.sku)
        if new.quantity != old.quantity:
            yield Drift(quantity_name(key), "stock", old.quantity, new.quantity, key, old.sku)


def _variants(known: Known, seen: Known) -> Iterator[Drift]:
    for key, old in known.offers.items():
        new = seen.offers.get(key)
        if new is None:
            yield Drift(SHAPE, "variant", old.sku, None, key, old.sku)
        elif (new.sku, new.option_values) != (old.sku, old.option_values):
            was, there = [old.sku, *old.option_values], [new.sku, *new.option_values]
            yield Drift(SHAPE, "variant", " ".join(was), " ".join(there), key, old.sku)
    known_strangers = {stranger.remote_id for stranger in known.strangers}
    for stranger in seen.strangers:
        if stranger.remote_id not in known_strangers:
            yield Drift(SHAPE, "variant", None, stranger.sku, None, stranger.sku)


def judge(
    connection: Connection, account: Account, item: Item, drifts: Sequence[Drift], now: dt.datetime
) -> frozenset[str]:
    """Act on each drift by the owner of its field; return the names of those that are to be known from now on.

    What a person is asked about stays as we know it, until the answer.
    """
    learned: set[str] = set()
    asked: set[str] = set()
    for drift in drifts:
        owner = _owner(account, drift)
        if owner is Owner.OURS and not _may_put_back(connection, item.id, drift, now):
            owner = Owner.ASK
        if owner is Owner.THEIRS and not take_in(connection, account, item, drift, now):
            owner = Owner.ASK
        if owner is Owner.ASK:
            asked.add(drift.name)
            _ask(connection, account, item, drift, now)
            continue
        learned.add(drift.name)
        detail = {"field": drift.field, "sku": drift.sku, "seen": drift.seen, "known": drift.known}
        add_event(connection, item.id, "drift", detail | {"owner": owner.value}, now)
    return frozenset(learned - asked)


def _owner(account: Account, drift: Drift) -> Owner:
    """Return whose word counts. Where nobody said: content, price and stock are ours; if it was hidden there, ask."""
    owner = account.field_owners.get(drift.field)
    if owner is not None:
        return owner
    return Owner.ASK if drift.field == "status" and drift.seen == Status.HIDDEN.value else Owner.OURS


def _may_put_back(connection: Connection, listing_id: int, drift: Drift, now: dt.datetime) -> bool:
    """Count one more putting-back of this field today; false once the day's share is used up."""
    field = f"{drift.field}/{drift.key or drift.sku or ''}"[:120]
    day = now.date().isoformat()
    same = and_(put_back.c.listing_id == listing_id, put_back.c.field == field, put_back.c.day == day)
    times = connection.execute(select(put_back.c.times).where(same)).scalar() or 0
    if times >= PUT_BACK_A_DAY:
        return False
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    row = dialect.insert(put_back).values(listing_id=listing_id, field=field, day=day, times=1)
    connection.execute(
        row.on_conflict_do_update(index_elements=["listing_id", "field", "day"], set_={"times": put_back.c.times + 1})
    )
    return True


def _ask(connection: Connection, account: Account, item: Item, drift: Drift, now: dt.datetime) -> None:
    detail = {
        "name": drift.name,
        "field": drift.field,
        "sku": drift.sku,
        "key": drift.key,
        "seen": drift.seen,
        "known": drift.known,
    }
    about = f"drift:{item.id}:{drift.field}:{drift.key or drift.sku or ''}"
    ask_once(connection, account.id, item.id, "drift", about[:120], detail, now)


def take_in(connection: Connection, account: Account, item: Item, drift: Drift, now: dt.datetime) -> bool:
    """Take the shop's value into the catalogue: title and text, this account's price, whether it is shown, the stock.

    Returns false for what can't be taken in (a variant, a category); then a person decides.
    """
    try:
        return _take_in(connection, account, item, drift, now)
    except (SyncerError, InvalidOperation):
        # What the shop shows can't stand in the catalogue: nothing was written.
        return False


def _take_in(connection: Connection, account: Account, item: Item, drift: Drift, now: dt.datetime) -> bool:
    if drift.field in _CATALOGUE_FIELDS:
        handle = connection.execute(select(product.c.handle).where(product.c.id == item.product_id)).scalar_one()
        fields: dict[str, Any] = {_CATALOGUE_FIELDS[drift.field]: str(drift.seen)}
        edit_product(connection, handle, now=now, **fields)
        return True
    if drift.field == "status":
        wanted = "live" if drift.seen == Status.LIVE.value else "hidden"
        connection.execute(update(listing).where(listing.c.id == item.id).values(wanted=wanted))
        return True
    if drift.key is None or drift.seen is None:
        return False
    if drift.field == "price":
        set_override(connection, account, int(drift.key), Decimal(str(drift.seen)), now=now, actor=account.name)
        return True
    if drift.field == "stock":
        _take_in_stock(connection, account, item, drift, now)
        return True
    return False


def _take_in_stock(connection: Connection, account: Account, item: Item, drift: Drift, now: dt.datetime) -> None:
    """Move the ledger by as much as the shop's number moved. Raises BadQuantity if there isn't so much there."""
    code = _location_code(connection, account)
    sku = connection.execute(select(variant.c.sku).where(variant.c.id == int(drift.key or 0))).scalar()
    moved = int(drift.seen) - int(drift.known or 0)
    at = item.acknowledged_at.isoformat() if item.acknowledged_at else ""
    reference = f"{Reason.TAKEN_IN.value}:{item.id}:{drift.key}:{at}:{drift.seen}"
    move(
        connection,
        sku or drift.sku or "",
        moved,
        reason=Reason.TAKEN_IN,
        location=code,
        actor=account.name,
        now=now,
        reference=reference,
    )


def _location_code(connection: Connection, account: Account) -> str:
    if account.location_id is None:
        return DEFAULT_LOCATION
    query = select(location.c.code).where(location.c.id == account.location_id)
    return str(connection.execute(query).scalar_one())


def answer_drift(connection: Connection, row: Row[Any], *, ours: bool, now: dt.datetime) -> int:
    """Apply a person's answer: put our value back, or take theirs in.

    Either way the channel is read first: what it shows by now counts, not what it showed when we asked.
    """
    item = load_items(connection, [row.listing_id]).get(row.listing_id)
    if item is None:
        return 0
    detail = row.detail
    drift = Drift(detail["name"], detail["field"], detail["known"], detail["seen"], detail["key"], detail["sku"])
    if not ours:
        take_in(connection, load_account(connection, row.account_id), item, drift, now)
    connection.execute(update(question).where(question.c.id == row.id).values(answered_at=now))
    known = make_unknown(item.known, {drift.name})
    store_offers(connection, item, known, now=now)
    connection.execute(update(listing).where(listing.c.id == item.id).values(known_columns(known)))
    due = Due.READ | Due.CONTENT | Due.PRICE | Due.STOCK
    return mark(connection, listing.c.id == item.id, due, Lane.PRICE, now=now)
