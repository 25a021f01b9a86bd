"""What is sold out or withdrawn and still on sale somewhere, because a stop has not got through: for whatever reason.

It is seen from the outside, by its age: a shop that answers with errors, one that hangs, a budget that is used up and
an account that waits for a person all look the same to a buyer.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, Select, and_, func, select

from syncer.domain.problem import Problem, Who
from syncer.domain.words import Words
from syncer.store.marks import Lane
from syncer.store.tables import account, listing, listing_event, product

#: A stop takes a call or two: what takes longer is in trouble.
LATE_S = 5.0


@dataclass(frozen=True, slots=True)
class LateStop:
    """A listing that should be off sale since ``since``; ``told`` is what the shop said last, if it said anything."""

    account: str
    time_zone: str
    handle: str
    title: str
    state: str
    since: dt.datetime
    told: Words | None

    @property
    def problem(self) -> Problem:
        """It in words, with what a person can do at once."""
        at = f"{self.since.astimezone(ZoneInfo(self.time_zone)):%H:%M:%S}"
        told = self.told or Words("", "")
        said = Words(
            f"Sejak {at} seharusnya tidak dijual lagi di sini, tetapi belum berhasil dihentikan; dicoba terus. "
            f"{told.id}".rstrip(),
            f"Since {at} it should be off sale here, but the stop has not got through; it is tried again and again. "
            f"{told.en}".rstrip(),
        )
        remedy = Words(
            "Kalau mendesak, sembunyikan produk ini di aplikasi penjual toko itu.",
            "If it is urgent, hide the product in that shop's seller app.",
        )
        return Problem("stop_late", said, remedy, Who.ADMINISTRATOR)


def late_stops(connection: Connection, now: dt.datetime) -> list[LateStop]:
    """Return the stops that wait for longer than :data:`LATE_S` and are in no other list of problems."""
    return [_late_stop(row) for row in connection.execute(_query(now))]


def _query(now: dt.datetime) -> Select[Any]:
    since = func.coalesce(listing.c.stock_due_since, listing.c.marked_at)
    last = (
        select(func.max(listing_event.c.id))
        .where(listing_event.c.listing_id == listing.c.id)
        .correlate(listing)
        .scalar_subquery()
    )
    told_elsewhere = and_(listing.c.problem.is_not(None), listing.c.state.not_in(("live", "hidden", "sending")))
    return (
        select(
            account.c.name,
            account.c.time_zone,
            product.c.handle,
            product.c.title,
            listing.c.state,
            since.label("since"),
            listing_event.c.detail,
        )
        .join(account, account.c.id == listing.c.account_id)
        .join(product, product.c.id == listing.c.product_id)
        .outerjoin(listing_event, listing_event.c.id == last)
        .where(listing.c.lane == int(Lane.STOP), listing.c.due != 0, listing.c.remote_id.is_not(None))
        .where(account.c.mode == "live", account.c.state != "disconnected")
        .where(since <= now - dt.timedelta(seconds=LATE_S), ~told_elsewhere)
        .order_by(account.c.name, product.c.handle)
    )


def _late_stop(row: Row[Any]) -> LateStop:
    told = (row.detail or {}).get("words")
    since: dt.datetime = row.since
    words = Words.from_json(told) if told else None
    return LateStop(row.name, row.time_zone, row.handle, row.title, row.state, since, words)
