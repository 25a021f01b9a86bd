"""Brakes: deletes, withdrawals and large price moves of many listings by one cause wait for a person.

Stock that falls never waits here. A brake is asked once per account, kind and cause; the answer holds for the
rest of that cause.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from syncer.channels.records import Account
from syncer.domain.listing import Rendered, RenderedOffer, WantedOffer
from syncer.domain.product import ProductStatus
from syncer.sdk.operations import Kind
from syncer.store.batches import batches
from syncer.store.marks import Due, Lane, mark
from syncer.store.tables import cause, listing, product, question
from syncer.sync.desired import load_desired
from syncer.sync.difference import Difference
from syncer.sync.known import Known
from syncer.sync.rows import Item, load_items

#: Beyond this many listings *and* this share of the account's listings, and for prices beyond this move.
DEFAULT_COUNT, DEFAULT_SHARE, DEFAULT_PRICE_PERCENT = 20, 0.2, 30
#: State of the row that counts a cause's large price moves; it asks nothing.
_COUNTING = "counting"
#: State of the row that remembers which prices of a listing wait for an answer, or were answered with no.
_HELD_PRICES = "held"
#: State of a question whose listings all wait for the answer to a newer one.
_SUPERSEDED = "superseded"
_THERE = listing.c.remote_id.is_not(None)
_AT_ONCE = 200


class Verdict(StrEnum):
    """What the brake says about one kind of write: go, ask a person first, wait for the answer, or don't."""

    GO = "go"
    ASK = "ask"
    WAIT = "wait"
    NO = "no"


def judge(
    connection: Connection, account: Account, item: Item, rendered: Rendered, difference: Difference
) -> dict[Kind, Verdict]:
    """Return the verdict for those of DELETE, HIDE and PRICE in ``difference`` that may not simply go.

    An answer about prices holds for those prices, whatever else of the listing changes meanwhile, until somebody
    sets them anew.
    """
    causes: dict[Kind, int | None] = {
        kind: item.cause_id for kind in (Kind.DELETE, Kind.HIDE) if difference.status is kind
    }
    if difference.prices and large_move(account, rendered.offers, item.known):
        causes[Kind.PRICE] = price_cause(connection, account, item, rendered)
    verdicts = {
        kind: _verdict(connection, account, cause_id, kind) for kind, cause_id in causes.items() if cause_id is not None
    }
    return {kind: verdict for kind, verdict in verdicts.items() if verdict is not Verdict.GO}


def price_cause(connection: Connection, account: Account, item: Item, rendered: Rendered) -> int | None:
    """Return the cause that the large price moves of this listing come from."""
    held = connection.execute(select(question.c.detail).where(_held_row(account.id, item.id))).scalar()
    if held is not None and held["prices"] == _large_prices(account, rendered, item.known):
        return int(held["cause_id"])
    return item.cause_id


def hold_prices(connection: Connection, account: Account, item: Item, rendered: Rendered, now: dt.datetime) -> None:
    """Remember which prices of a listing are held, and by which cause, so that no later edit lets them slip out."""
    cause_id = price_cause(connection, account, item, rendered)
    connection.execute(delete(question).where(_held_row(account.id, item.id)))
    if cause_id is None:
        return
    detail = {"cause_id": cause_id, "prices": _large_prices(account, rendered, item.known)}
    connection.execute(
        insert(question).values(
            account_id=account.id,
            listing_id=item.id,
            kind="brake",
            topic=f"prices:{item.id}",
            detail=detail,
            state=_HELD_PRICES,
            asked_at=now,
        )
    )


def _held_row(account_id: int, listing_id: int) -> ColumnElement[bool]:
    return and_(
        question.c.account_id == account_id,
        question.c.listing_id == listing_id,
        question.c.state == _HELD_PRICES,
    )


def _held_listings(connection: Connection, account_id: int, cause_id: int) -> list[int]:
    query = select(question.c.listing_id, question.c.detail).where(
        and_(question.c.account_id == account_id, question.c.state == _HELD_PRICES)
    )
    return [row.listing_id for row in connection.execute(query) if row.detail["cause_id"] == cause_id]


def _large_prices(account: Account, rendered: Rendered, known: Known) -> dict[str, str]:
    return {offer.key: str(offer.price) for offer in rendered.offers if large_move(account, (offer,), known)}


def topic(kind: Kind, cause_id: int) -> str:
    """Return the topic under which a brake is asked."""
    return f"brake:{kind.value}:{cause_id}"


def _verdict(connection: Connection, account: Account, cause_id: int, kind: Kind) -> Verdict:
    query = (
        select(question.c.state)
        .where(and_(question.c.account_id == account.id, question.c.topic == topic(kind, cause_id)))
        .where(question.c.state.not_in((_COUNTING, _SUPERSEDED)))
        .order_by(question.c.id.desc())
    )
    state = connection.execute(query).scalar()
    if state is not None:
        return {"confirmed": Verdict.GO, "rejected": Verdict.NO}.get(state, Verdict.WAIT)
    count, total = _counts(connection, account, cause_id, kind)
    brake = account.brake
    few = count <= int(brake.get("count", DEFAULT_COUNT)) or count <= total * float(brake.get("share", DEFAULT_SHARE))
    return Verdict.GO if few else Verdict.ASK


def _counts(connection: Connection, account: Account, cause_id: int, kind: Kind) -> tuple[int, int]:
    """Return how many listings of the account the cause touches in this way, and how many there are."""
    here = listing.c.account_id == account.id
    same = and_(here, listing.c.cause_id == cause_id)
    total = connection.execute(select(func.count()).select_from(listing).where(and_(here, _THERE))).scalar() or 0
    if kind is Kind.PRICE:
        ids = _repriced(connection, account.id, cause_id)
        return len(_large_moves(connection, account, ids)) + _moved(connection, account.id, cause_id), total
    leaving = and_(same, _THERE, listing.c.wanted != "live")
    return connection.execute(select(func.count()).select_from(listing).where(leaving)).scalar() or 0, total


def _repriced(connection: Connection, account_id: int, cause_id: int) -> list[int]:
    """Return the listings there whose price is due by this cause."""
    same = and_(listing.c.account_id == account_id, listing.c.cause_id == cause_id, _THERE)
    waiting = select(listing.c.id).where(and_(same, listing.c.due.bitwise_and(int(Due.PRICE)) != 0))
    return list(connection.execute(waiting).scalars())


def _large_moves(connection: Connection, account: Account, ids: Sequence[int]) -> list[list[Decimal]]:
    """Return, for those of the listings ``ids`` whose price is about to move a lot, by what share each price moves."""
    found = []
    for part in batches(ids, _AT_ONCE):
        items = load_items(connection, part)
        desired = load_desired(connection, account, list(items.values()), uploads=False)
        for key, wanted in desired.items():
            if large_move(account, wanted.listing.offers, items[key].known):
                found.append(_shares(wanted.listing.offers, items[key].known))
    return found


def _shares(offers: Iterable[WantedOffer], known: Known) -> list[Decimal]:
    there = {key: one.price for key, one in known.offers.items() if one.price}
    return [offer.price / there[offer.key] - 1 for offer in offers if offer.key in there]


def large_move(account: Account, offers: Iterable[WantedOffer | RenderedOffer], known: Known) -> bool:
    """Return whether the price of one of ``offers`` is further from what is there than the account allows."""
    limit = Decimal(str(account.brake.get("price_percent", DEFAULT_PRICE_PERCENT))) / 100
    for offer in offers:
        there = known.offers.get(offer.key)
        if there is not None and there.price and abs(offer.price - there.price) > there.price * limit:
            return True
    return False


def count_move(connection: Connection, account_id: int, cause_id: int, now: dt.datetime) -> None:
    """Count one more large price move that is sent for a cause: an import comes in portions, each of them small."""
    about = topic(Kind.PRICE, cause_id)
    moved = _moved(connection, account_id, cause_id)
    connection.execute(
        delete(question).where(
            and_(question.c.account_id == account_id, question.c.topic == about, question.c.state == _COUNTING)
        )
    )
    values = {"account_id": account_id, "kind": "brake", "topic": about, "detail": {"moved": moved + 1}}
    connection.execute(insert(question).values(**values, state=_COUNTING, asked_at=now, answered_at=now))


def _moved(connection: Connection, account_id: int, cause_id: int) -> int:
    query = select(question.c.detail).where(
        and_(
            question.c.account_id == account_id,
            question.c.topic == topic(Kind.PRICE, cause_id),
            question.c.state == _COUNTING,
        )
    )
    detail = connection.execute(query).scalar()
    return int(detail["moved"]) if detail else 0


def ask(
    connection: Connection, account: Account, item: Item, kind: Kind, now: dt.datetime, *, cause_id: int | None = None
) -> None:
    """Ask a person about this brake, once, and hold the listing (its stock still goes out).

    ``cause_id``: the cause it is about, if not the listing's newest.
    """
    cause_id = item.cause_id if cause_id is None else cause_id
    if cause_id is None:
        return
    _supersede(connection, account.id, item, kind, cause_id, now)
    asked = and_(question.c.account_id == account.id, question.c.topic == topic(kind, cause_id))
    if connection.execute(select(question.c.id).where(and_(asked, question.c.state == "open"))).first():
        return
    count, total = _counts(connection, account, cause_id, kind)
    reason = connection.execute(select(cause.c.kind, cause.c.note).where(cause.c.id == cause_id)).first()
    detail = {
        "kind": kind.value,
        "cause_id": cause_id,
        "cause": f"{reason.kind}: {reason.note}" if reason else "",
        "count": count,
        "total": total,
    }
    if kind is Kind.PRICE:
        moves = _large_moves(connection, account, _repriced(connection, account.id, cause_id))
        shares = [share * 100 for one in moves for share in one if share]
        if shares:
            detail |= {"lowest_percent": round(min(shares)), "highest_percent": round(max(shares))}
    ask_once(connection, account.id, None, "brake", topic(kind, cause_id), detail, now)


def _supersede(
    connection: Connection, account_id: int, item: Item, kind: Kind, cause_id: int, now: dt.datetime
) -> None:
    """Close older questions of this kind for which no listing waits any more: an answer to them would do nothing."""
    brake = and_(question.c.account_id == account_id, question.c.kind == "brake")
    open_ones = select(question.c.id, question.c.detail).where(and_(brake, question.c.state == "open"))
    others = [
        row
        for row in connection.execute(open_ones)
        if row.detail["kind"] == kind.value and row.detail["cause_id"] != cause_id
    ]
    if not others:
        return
    if kind is Kind.PRICE:
        mine = select(question.c.id, question.c.detail).where(_held_row(account_id, item.id))
        old = [row.id for row in connection.execute(mine) if row.detail["cause_id"] != cause_id]
        connection.execute(delete(question).where(question.c.id.in_(old)))
    for row in others:
        older = row.detail["cause_id"]
        waits = and_(listing.c.account_id == account_id, listing.c.cause_id == older, _THERE, listing.c.due != 0)
        if connection.execute(select(listing.c.id).where(waits).limit(1)).first() is not None:
            continue
        if kind is Kind.PRICE and _held_listings(connection, account_id, older):
            continue
        closed = update(question).where(and_(question.c.id == row.id, question.c.state == "open"))
        connection.execute(closed.values(state=_SUPERSEDED, answered_at=now))


def ask_once(
    connection: Connection,
    account_id: int,
    listing_id: int | None,
    kind: str,
    about: str,
    detail: Mapping[str, Any],
    now: dt.datetime,
) -> None:
    """Ask a person, unless the same question is open already."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    values = {
        "account_id": account_id,
        "listing_id": listing_id,
        "kind": kind,
        "topic": about,
        "detail": dict(detail),
        "state": "open",
        "asked_at": now,
    }
    connection.execute(dialect.insert(question).values(values).on_conflict_do_nothing())


def answer_brake(connection: Connection, row: Any, *, confirm: bool, now: dt.datetime) -> int:
    """Apply a person's answer to a brake: let its listings go, or take the change back. Returns how many.

    A price change that is taken back stays in the catalogue and is not sent; a withdrawal is undone.
    """
    kind, cause_id = Kind(row.detail["kind"]), row.detail["cause_id"]
    same = and_(listing.c.account_id == row.account_id, listing.c.cause_id == cause_id)
    if kind is Kind.PRICE:
        remembered = _held_listings(connection, row.account_id, cause_id)
        held = or_(and_(same, listing.c.held.is_not(None)), listing.c.id.in_(remembered))
        moved = mark(connection, held, Due.PRICE, Lane.PRICE, now=now)
        connection.execute(update(listing).where(held).values(held=None))
        return moved
    leaving = and_(same, listing.c.wanted != "live", _THERE)
    if not confirm:
        # A product that was to be deleted stays in the catalogue.
        products = select(listing.c.product_id).where(leaving)
        deleted = and_(product.c.id.in_(products), product.c.status == ProductStatus.WITHDRAWING.value)
        connection.execute(update(product).where(deleted).values(status=ProductStatus.ACTIVE.value))
    moved = mark(connection, leaving, Due.CONTENT | Due.STOCK, Lane.STOP if confirm else Lane.RISE, now=now)
    connection.execute(update(listing).where(leaving).values(held=None))
    if not confirm:
        connection.execute(update(listing).where(leaving).values(wanted="live"))
    return moved


__all__ = [
    "Verdict",
    "answer_brake",
    "ask",
    "ask_once",
    "count_move",
    "hold_prices",
    "judge",
    "large_move",
    "price_cause",
    "topic",
]
