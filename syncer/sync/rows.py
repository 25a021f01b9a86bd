"""Load and store what is known of listings. The only place that reads and writes ``listing`` and ``offer`` rows
as a whole; every statement that stores carries the claim and the lease's epoch.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, delete, insert, select

from syncer.domain.listing import Json, RemoteOffer, Status
from syncer.store.shaped import by_shape, parameters, run_all, update_by
from syncer.store.tables import listing, listing_event, offer, retired_offer
from syncer.sync.known import SHAPE, STATUS, Known, KnownOffer

_NEVER = dt.datetime.max.replace(tzinfo=dt.UTC)
_ROWS = select(listing).where(listing.c.id.in_(bindparam("ids", expanding=True))).order_by(listing.c.id)
_LOCKED_ROWS = _ROWS.with_for_update()
_OFFERS = select(offer).where(offer.c.listing_id.in_(bindparam("ids", expanding=True)))
_STORED = select(offer.c.listing_id, offer.c.variant_id).where(offer.c.listing_id.in_(bindparam("ids", expanding=True)))
_ADD_OFFER = insert(offer)
_ADD_EVENT = insert(listing_event)


@dataclass(frozen=True, slots=True)
class Item:
    """One listing row with what is known of it. ``version`` is the mark that was read with it.

    ``decided_at`` is when it was last marked, or seen to be other than it should be. ``cannot_stop`` names the
    offers that are sold out and still on sale there.
    """

    id: int
    account_id: int
    product_id: int
    wanted: str
    version: int
    due: int
    lane: int
    known: Known
    cause_id: int | None = None
    state: str = "waiting"
    seeking: Mapping[str, Json] | None = None
    create_key: str | None = None
    settle_at: dt.datetime | None = None
    due_at: dt.datetime | None = None
    stop_by: str | None = None
    tries: int = 0
    strikes: int = 0
    held: str | None = None
    under_way: Mapping[str, Json] | None = None
    problem: Mapping[str, Json] | None = None
    late: tuple[str, ...] = ()
    acknowledged_at: dt.datetime | None = None
    verified_at: dt.datetime | None = None
    decided_at: dt.datetime = _NEVER
    claimed: bool = False
    cannot_stop: frozenset[str] = frozenset()


def load_items(connection: Connection, ids: Sequence[int], *, lock: bool = False) -> dict[int, Item]:
    """Return the listings ``ids`` with their offers, in two queries.

    ``lock`` keeps other writers away until the transaction ends (SQLite has only one writer anyway).
    """
    if not ids:
        return {}
    rows = connection.execute(_LOCKED_ROWS if lock else _ROWS, {"ids": ids}).all()
    offers: dict[int, dict[str, KnownOffer]] = {}
    stuck: dict[int, set[str]] = {}
    for row in connection.execute(_OFFERS, {"ids": ids}):
        if row.remote_id or row.quantity is not None or row.price is not None:
            offers.setdefault(row.listing_id, {})[str(row.variant_id)] = _known_offer(row)
        if row.cannot_stop_until is not None:
            stuck.setdefault(row.listing_id, set()).add(str(row.variant_id))
    return {row.id: _item(row, offers.get(row.id, {}), frozenset(stuck.get(row.id, ()))) for row in rows}


def _known_offer(row: Row[Any]) -> KnownOffer:
    return KnownOffer(
        key=str(row.variant_id),
        remote_id=row.remote_id,
        sku=row.sku,
        price=row.price,
        quantity=row.quantity,
        option_values=tuple(row.option_values),
        fields=row.fields,
        price_unknown=row.price_unknown,
        quantity_unknown=row.quantity_unknown,
    )


def _item(row: Row[Any], offers: Mapping[str, KnownOffer], cannot_stop: frozenset[str]) -> Item:
    stored = row.known or {}
    known = Known(
        remote_id=row.remote_id,
        status=Status(stored["status"]) if stored.get("status") else None,
        fields=stored.get("fields", {}),
        option_names=tuple(stored.get("option_names", ())),
        offers=offers,
        strangers=tuple(_stranger(value) for value in stored.get("strangers", ())),
        unknown=frozenset(row.unknown or ()),
        extra=stored.get("extra", {}),
    )
    return Item(
        id=row.id,
        account_id=row.account_id,
        product_id=row.product_id,
        wanted=row.wanted,
        version=row.version,
        due=row.due,
        lane=row.lane,
        known=known,
        cause_id=row.cause_id,
        state=row.state,
        seeking=row.seeking,
        create_key=row.create_key,
        settle_at=row.settle_at,
        due_at=row.due_at,
        stop_by=row.stop_by,
        tries=row.tries,
        strikes=row.strikes,
        held=row.held,
        under_way=row.under_way,
        problem=row.problem,
        late=tuple(row.late or ()),
        acknowledged_at=row.acknowledged_at,
        verified_at=row.verified_at,
        decided_at=max(one for one in (row.created_at, row.marked_at, row.verified_at) if one is not None),
        claimed=row.claim is not None,
        cannot_stop=cannot_stop,
    )


def _stranger(value: Mapping[str, Json]) -> RemoteOffer:
    return RemoteOffer(value["remote_id"], value["sku"], option_values=tuple(value["option_values"]))


def known_columns(known: Known) -> dict[str, Any]:
    """Return the columns of ``listing`` that hold ``known`` (its offers are stored by :func:`store_offers`).

    Once it is there, the key of its create has done its work.
    """
    return ({"create_key": None} if known.remote_id else {}) | {
        "remote_id": known.remote_id,
        "known": {
            "status": known.status.value if known.status else None,
            "fields": dict(known.fields),
            "option_names": list(known.option_names),
            "strangers": [
                {"remote_id": found.remote_id, "sku": found.sku, "option_values": list(found.option_values)}
                for found in known.strangers
            ],
            "extra": dict(known.extra),
        },
        "unknown": sorted(known.unknown) or None,
    }


@dataclass(frozen=True, slots=True)
class OffersAfter:
    """What is known of an item's offers now. ``problems`` and ``blocked`` (until when an offer can't be stopped) are
    columns to set besides, by offer key.
    """

    item: Item
    known: Known
    problems: Mapping[str, Mapping[str, Json] | None] = field(default_factory=dict)
    blocked: Mapping[str, dt.datetime | None] = field(default_factory=dict)

    def rows(self, now: dt.datetime) -> dict[str, dict[str, Any]]:
        """Return the columns to set, by offer key; an offer that stays as it is is left out."""
        before, found = self.item.known.offers, {}
        for key in sorted(self.known.offers.keys() | self.problems.keys() | self.blocked.keys()):
            there = self.known.offers.get(key)
            values: dict[str, Any] = {}
            if there is not None and there != before.get(key):
                values = _offer_columns(there) | {"acknowledged_at": now}
            if key in self.problems:
                values["problem"] = self.problems[key]
            if key in self.blocked:
                values["cannot_stop_until"] = self.blocked[key]
            if values:
                found[key] = values
        return found


def store_offers(connection: Connection, item: Item, known: Known, *, now: dt.datetime) -> None:
    """Store the offers of ``known`` that differ from those of ``item``; remember remote ids that are gone."""
    store_all_offers(connection, [OffersAfter(item, known)], now)


def store_all_offers(connection: Connection, parts: Sequence[OffersAfter], now: dt.datetime) -> None:
    """Do the same for several listings, with few statements."""
    ids = {"ids": [part.item.id for part in parts]}
    stored = {(row.listing_id, row.variant_id) for row in connection.execute(_STORED, ids)}
    old: list[dict[str, Any]] = []
    new: list[dict[str, Any]] = []
    for part in parts:
        for key, values in part.rows(now).items():
            place = {"listing_id": part.item.id, "variant_id": int(key)}
            if (part.item.id, int(key)) in stored:
                old.append(parameters(place, values))
            elif key in part.known.offers:
                new.append(place | values)
    for shape, rows in by_shape(old).items():
        names = tuple(name.removeprefix("to_") for name in shape if name.startswith("to_"))
        run_all(connection, update_by(offer, ("listing_id", "variant_id"), names), rows)
    for rows in by_shape(new).values():
        run_all(connection, _ADD_OFFER, rows)
    for part in parts:
        _retire(connection, part.item, part.known, now)


def _retire(connection: Connection, item: Item, known: Known, now: dt.datetime) -> None:
    gone = [
        (key, old)
        for key, old in item.known.offers.items()
        if key not in known.offers or known.offers[key].remote_id != old.remote_id
    ]
    for key, old in gone:
        if item.known.remote_id and old.remote_id:
            same = and_(
                retired_offer.c.account_id == item.account_id,
                retired_offer.c.listing_remote_id == item.known.remote_id,
                retired_offer.c.remote_id == old.remote_id,
            )
            connection.execute(delete(retired_offer).where(same))
            connection.execute(
                insert(retired_offer).values(
                    account_id=item.account_id,
                    listing_remote_id=item.known.remote_id,
                    remote_id=old.remote_id,
                    variant_id=int(key),
                    retired_at=now,
                )
            )
        if key not in known.offers:
            connection.execute(delete(offer).where(and_(offer.c.listing_id == item.id, offer.c.variant_id == int(key))))


def _offer_columns(there: KnownOffer) -> dict[str, Any]:
    return {
        "remote_id": there.remote_id,
        "sku": there.sku,
        "option_values": list(there.option_values),
        "price": there.price,
        "quantity": there.quantity,
        "fields": dict(there.fields),
        "price_unknown": there.price_unknown,
        "quantity_unknown": there.quantity_unknown,
    }


def add_event(connection: Connection, listing_id: int, kind: str, detail: Mapping[str, Json], now: dt.datetime) -> None:
    """Append one line to a listing's timeline."""
    add_events(connection, [(listing_id, kind, detail)], now)


def add_events(connection: Connection, events: Sequence[tuple[int, str, Mapping[str, Json]]], now: dt.datetime) -> None:
    """Append lines (listing id, kind, detail) to the timelines of listings."""
    rows = [{"listing_id": key, "at": now, "kind": kind, "detail": dict(detail)} for key, kind, detail in events]
    run_all(connection, _ADD_EVENT, rows)


__all__ = [
    "SHAPE",
    "STATUS",
    "Item",
    "OffersAfter",
    "add_event",
    "add_events",
    "known_columns",
    "load_items",
    "store_all_offers",
    "store_offers",
]
