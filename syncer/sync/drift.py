"""Drift: the channel shows something that neither we nor an order put there. Each field has an owner.

``ours`` puts our value back, at most twice a day for a field; ``theirs`` takes the shop's value into the
catalogue; ``ask`` asks a person. An offer with a write under way, or due, is not judged.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy import Connection, Row, and_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from syncer.catalogue.edit import edit_product
from syncer.channels.pricing import set_override
from syncer.channels.records import Account, Owner, load_account
from syncer.domain.listing import Json, RemoteListing, Status
from syncer.domain.stock import Reason
from syncer.inventory.ledger import set_on_hand
from syncer.store.marks import Due, Lane, mark
from syncer.store.tables import listing, location, product, put_back, question, variant
from syncer.sync.brakes import ask_once
from syncer.sync.known import Known, merge
from syncer.sync.rows import Item, add_event, known_columns, load_items, store_offers

PUT_BACK_A_DAY = 2
#: Whose word counts where an account says nothing: content, price and stock are ours; whether it is shown, ask.
_DEFAULT_ASK = frozenset({"status"})
_CATALOGUE_FIELDS = {"title": "title", "description": "description"}


@dataclass(frozen=True, slots=True)
class Drift:
    """One difference: ``field`` (title, price, stock, status ...), for ``sku`` where it is an offer's."""

    field: str
    known: Json
    seen: Json
    key: str | None = None
    sku: str | None = None


def find_drift(known: Known, seen: RemoteListing, keys: dict[str, str]) -> Iterator[Drift]:
    """Yield what ``seen`` shows otherwise than we know; unknown values are not judged."""
    now = merge(known, seen, keys)
    for name, value in seen.fields.items():
        if name in known.fields and name not in known.unknown and known.fields[name] != value:
            yield Drift(name, known.fields[name], value)
    if seen.status is Status.HIDDEN and known.status is Status.LIVE:
        yield Drift("status", known.status.value, seen.status.value)
    for key, old in known.offers.items():
        new = now.offers.get(key)
        if new is None:
            yield Drift("variant", old.sku, None, key, old.sku)
            continue
        if not old.price_unknown and old.price is not None and new.price != old.price:
            yield Drift("price", str(old.price), str(new.price), key, old.sku)
        if not old.quantity_unknown and old.quantity is not None and new.quantity != old.quantity:
            yield Drift("stock", old.quantity, new.quantity, key, old.sku)


def judge_listing(
    connection: Connection, account: Account, item: Item, seen: RemoteListing, now: dt.datetime
) -> list[Drift]:
    """Compare one listing as read with what we know, and act by the owner of each field; return the drifts."""
    if item.due or item.under_way or item.settle_at is not None or item.seeking or item.known.uncertain:
        return []
    keys = {offer.sku: offer.key for offer in item.known.offers.values()}
    drifts = list(find_drift(item.known, seen, keys))
    known = item.known
    for drift in drifts:
        owner = account.field_owners.get(drift.field)
        if owner is None:
            owner = Owner.ASK if drift.field in _DEFAULT_ASK else Owner.OURS
        if owner is Owner.OURS and not _may_put_back(connection, item.id, drift, now):
            owner = Owner.ASK
        if owner is Owner.ASK:
            _ask(connection, account, item, drift, now)
            continue
        known = _learn(known, seen, drift, keys)
        if owner is Owner.THEIRS:
            take_in(connection, account, item, drift, now)
        add_event(
            connection,
            item.id,
            "drift",
            {"field": drift.field, "sku": drift.sku, "seen": drift.seen, "known": drift.known, "owner": owner.value},
            now,
        )
    values: dict[str, Any] = {"verified_at": now}
    if known != item.known:
        store_offers(connection, item, known, now=now)
        values |= known_columns(known)
    connection.execute(update(listing).where(listing.c.id == item.id).values(values))
    if known != item.known:
        lane = Lane.FALL if any(drift.field == "stock" for drift in drifts) else Lane.CONTENT
        mark(connection, listing.c.id == item.id, Due.CONTENT | Due.PRICE | Due.STOCK, lane, now=now)
    return drifts


def _learn(known: Known, seen: RemoteListing, drift: Drift, keys: dict[str, str]) -> Known:
    """Return ``known`` with this one drift taken as what is there."""
    if drift.key is None:
        if drift.field == "status":
            return replace(known, status=seen.status)
        return replace(known, fields={**known.fields, drift.field: drift.seen})
    offers = dict(known.offers)
    new = merge(known, seen, keys).offers.get(drift.key)
    if new is None:
        offers.pop(drift.key, None)
    elif drift.field == "price":
        offers[drift.key] = replace(offers[drift.key], price=new.price)
    else:
        offers[drift.key] = replace(offers[drift.key], quantity=new.quantity)
    return replace(known, offers=offers)


def _may_put_back(connection: Connection, listing_id: int, drift: Drift, now: dt.datetime) -> bool:
    """Count one more putting-back of this field today; false once the day's share is used up."""
    field = f"{drift.field}/{drift.key or ''}"
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
    detail = {"field": drift.field, "sku": drift.sku, "key": drift.key, "seen": drift.seen, "known": drift.known}
    about = f"drift:{item.id}:{drift.field}:{drift.key or ''}"
    ask_once(connection, account.id, item.id, "drift", about[:120], detail, now)


def take_in(connection: Connection, account: Account, item: Item, drift: Drift, now: dt.datetime) -> None:
    """Take the shop's value into the catalogue: title and text, this account's price, or the stock."""
    handle = connection.execute(select(product.c.handle).where(product.c.id == item.product_id)).scalar()
    if drift.field in _CATALOGUE_FIELDS and handle is not None:
        fields: dict[str, Any] = {_CATALOGUE_FIELDS[drift.field]: str(drift.seen)}
        edit_product(connection, handle, now=now, **fields)
    elif drift.field == "price" and drift.key is not None:
        price = _decimal(drift.seen)
        if price is not None:
            set_override(connection, account, int(drift.key), price, now=now, actor=account.name)
    elif drift.field == "stock" and drift.key is not None and drift.seen is not None:
        code = _location_code(connection, account)
        set_on_hand(
            connection,
            _sku(connection, drift),
            int(drift.seen) + (account.allocation.buffer if int(drift.seen) else 0),
            location=code,
            actor=account.name,
            note="",
            now=now,
            reason=Reason.TAKEN_IN,
        )
    elif drift.field == "status":
        connection.execute(update(listing).where(listing.c.id == item.id).values(wanted="hidden", state="hidden"))


def _sku(connection: Connection, drift: Drift) -> str:
    sku = connection.execute(select(variant.c.sku).where(variant.c.id == int(drift.key or 0))).scalar()
    return sku or drift.sku or ""


def _location_code(connection: Connection, account: Account) -> str:
    if account.location_id is None:
        return "utama"
    return connection.execute(select(location.c.code).where(location.c.id == account.location_id)).scalar() or "utama"


def _decimal(value: Json) -> Decimal | None:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None


def answer_drift(connection: Connection, row: Row[Any], *, ours: bool, now: dt.datetime) -> int:
    """Apply a person's answer: put our value back, or take theirs in."""
    item = load_items(connection, [row.listing_id]).get(row.listing_id)
    if item is None:
        return 0
    detail = row.detail
    drift = Drift(detail["field"], detail["known"], detail["seen"], detail["key"], detail["sku"])
    if not ours:
        take_in(connection, load_account(connection, row.account_id), item, drift, now)
    connection.execute(update(question).where(question.c.id == row.id).values(answered_at=now))
    # Either way the channel is read first: what it shows by now counts, not what it showed when we asked.
    due = Due.READ | Due.CONTENT | Due.PRICE | Due.STOCK
    return mark(connection, listing.c.id == item.id, due, Lane.PRICE, now=now)
