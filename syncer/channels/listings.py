"""Listings as people look at them: one row each with its chip, and the timeline behind it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, RowMapping, select

from syncer.channels.chips import chip
from syncer.channels.records import Mode, State
from syncer.domain.listing import Json
from syncer.domain.problem import Problem
from syncer.domain.words import Words
from syncer.store import tables as t
from syncer.store.batches import batches
from syncer.store.marks import Due

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class OfferRow:
    """What one SKU shows there, as the channel last acknowledged it. ``None`` is not known."""

    sku: str
    remote_id: str
    price: Decimal | None
    quantity: int | None
    certain: bool
    problem: Problem | None = None
    cannot_stop_until: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class ListingRow:
    """A product on one account. ``synced``: the channel acknowledged exactly what we want now.

    ``quantity`` is the sum of what its offers show; ``prices`` the lowest and highest. ``chip`` is for people.
    """

    id: int
    account: str
    currency: str
    product_id: int
    handle: str
    title: str
    state: str
    wanted: str
    chip: Words
    synced: bool
    due: Due
    due_at: dt.datetime
    remote_id: str | None
    prices: tuple[Decimal, Decimal] | None
    quantity: int | None
    offers: tuple[OfferRow, ...]
    problem: Problem | None
    held: str | None
    acknowledged_at: dt.datetime | None
    verified_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of a listing's timeline."""

    at: dt.datetime
    kind: str
    detail: Json


def listing_rows(
    connection: Connection,
    *,
    account_id: int | None = None,
    product_ids: Sequence[int] | None = None,
    states: Sequence[str] | None = None,
    only_problems: bool = False,
    limit: int | None = None,
    offset: int = 0,
) -> list[ListingRow]:
    """Return listings by account and title; every filter narrows the list."""
    query = (
        select(
            t.listing,
            t.account.c.name.label("account_name"),
            t.account.c.currency,
            t.account.c.state.label("account_state"),
            t.account.c.mode,
            t.product.c.handle,
            t.product.c.title,
        )
        .join(t.account, t.account.c.id == t.listing.c.account_id)
        .join(t.product, t.product.c.id == t.listing.c.product_id)
        .order_by(t.account.c.name, t.product.c.title, t.listing.c.id)
    )
    if account_id is not None:
        query = query.where(t.listing.c.account_id == account_id)
    if product_ids is not None:
        query = query.where(t.listing.c.product_id.in_(product_ids))
    if states is not None:
        query = query.where(t.listing.c.state.in_(states))
    if only_problems:
        query = query.where(t.listing.c.problem.is_not(None))
    if limit is not None:
        query = query.limit(limit).offset(offset)
    rows = connection.execute(query).mappings().all()
    offers = _offers(connection, [row["id"] for row in rows])
    return [_row(row, offers.get(row["id"], ())) for row in rows]


def timeline(connection: Connection, listing_id: int, *, limit: int = 100) -> list[Event]:
    """Return what happened to a listing, the newest first."""
    query = (
        select(t.listing_event.c.at, t.listing_event.c.kind, t.listing_event.c.detail)
        .where(t.listing_event.c.listing_id == listing_id)
        .order_by(t.listing_event.c.id.desc())
        .limit(limit)
    )
    return [Event(row.at, row.kind, row.detail) for row in connection.execute(query)]


def _offers(connection: Connection, listing_ids: Sequence[int]) -> dict[int, tuple[OfferRow, ...]]:
    found: dict[int, list[OfferRow]] = {}
    for part in batches(listing_ids, _AT_ONCE):
        query = (
            select(t.offer, t.variant.c.sku.label("our_sku"), t.variant.c.position)
            .join(t.variant, t.variant.c.id == t.offer.c.variant_id)
            .where(t.offer.c.listing_id.in_(part))
            .order_by(t.offer.c.listing_id, t.variant.c.position, t.variant.c.id)
        )
        for row in connection.execute(query).mappings():
            found.setdefault(row["listing_id"], []).append(_offer(row))
    return {listing_id: tuple(rows) for listing_id, rows in found.items()}


def _offer(row: RowMapping) -> OfferRow:
    return OfferRow(
        sku=row["our_sku"],
        remote_id=row["remote_id"],
        price=row["price"],
        quantity=row["quantity"],
        certain=not (row["price_unknown"] or row["quantity_unknown"]),
        problem=_problem(row["problem"]),
        cannot_stop_until=row["cannot_stop_until"],
    )


def _row(row: RowMapping, offers: Sequence[OfferRow]) -> ListingRow:
    due = Due(row["due"])
    unsent = bool(due & (Due.CONTENT | Due.PRICE | Due.STOCK))
    live_account = row["account_state"] == State.ACTIVE and row["mode"] == Mode.LIVE
    settled = row["under_way"] is None and not row["unknown"] and all(offer.certain for offer in offers)
    prices = [offer.price for offer in offers if offer.price is not None]
    return ListingRow(
        id=row["id"],
        account=row["account_name"],
        currency=row["currency"],
        product_id=row["product_id"],
        handle=row["handle"],
        title=row["title"],
        state=row["state"],
        wanted=row["wanted"],
        chip=chip(
            row["state"],
            wanted=row["wanted"],
            due=unsent,
            sends=live_account,
            read_only=row["mode"] == Mode.READ_ONLY,
        ),
        synced=not unsent and settled and row["problem"] is None and row["acknowledged_version"] > 0,
        due=due,
        due_at=row["due_at"],
        remote_id=row["remote_id"],
        prices=(min(prices), max(prices)) if prices else None,
        quantity=_total(offers),
        offers=tuple(offers),
        problem=_problem(row["problem"]),
        held=row["held"],
        acknowledged_at=row["acknowledged_at"],
        verified_at=row["verified_at"],
    )


def _total(offers: Iterable[OfferRow]) -> int | None:
    known = [offer.quantity for offer in offers if offer.quantity is not None]
    return sum(known) if known else None


def _problem(value: Any) -> Problem | None:
    return Problem.from_json(value) if value else None


__all__ = ["Event", "ListingRow", "OfferRow", "listing_rows", "timeline"]
