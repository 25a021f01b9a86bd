"""Brakes: deletes, withdrawals and large price moves of many listings by one cause wait for a person.

Stock that falls never waits here. A brake is asked once per account, kind and cause; the answer holds for the
rest of that cause.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, and_, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from syncer.channels.records import Account
from syncer.domain.listing import Rendered
from syncer.sdk.operations import Kind
from syncer.store.marks import Due, Lane
from syncer.store.tables import cause, listing, question
from syncer.sync.known import Known
from syncer.sync.rows import Item

#: Beyond this many listings *and* this share of the account's listings, and for prices beyond this move.
DEFAULT_COUNT, DEFAULT_SHARE, DEFAULT_PRICE_MOVE = 20, 0.2, 0.3


class Verdict(StrEnum):
    """What the brake says about one kind of write: go, ask a person first, wait for the answer, or don't."""

    GO = "go"
    ASK = "ask"
    WAIT = "wait"
    NO = "no"


def judge(
    connection: Connection, account: Account, item: Item, rendered: Rendered, kinds: Iterable[Kind]
) -> dict[Kind, Verdict]:
    """Return the verdict for those of ``kinds`` (DELETE, HIDE, PRICE) that may not simply go."""
    if item.cause_id is None:
        return {}
    held: dict[Kind, Verdict] = {}
    for kind in kinds:
        if kind is Kind.PRICE and not _large_move(account, rendered, item.known):
            continue
        verdict = _verdict(connection, account, item.cause_id, kind)
        if verdict is not Verdict.GO:
            held[kind] = verdict
    return held


def topic(kind: Kind, cause_id: int) -> str:
    """Return the topic under which a brake is asked."""
    return f"brake:{kind.value}:{cause_id}"


def _verdict(connection: Connection, account: Account, cause_id: int, kind: Kind) -> Verdict:
    query = (
        select(question.c.state)
        .where(and_(question.c.account_id == account.id, question.c.topic == topic(kind, cause_id)))
        .order_by(question.c.id.desc())
    )
    state = connection.execute(query).scalar()
    if state is not None:
        return {"confirmed": Verdict.GO, "rejected": Verdict.NO}.get(state, Verdict.WAIT)
    count, total = _counts(connection, account.id, cause_id, kind)
    brake = account.brake
    few = count <= int(brake.get("count", DEFAULT_COUNT)) or count <= total * float(brake.get("share", DEFAULT_SHARE))
    return Verdict.GO if few else Verdict.ASK


def _counts(connection: Connection, account_id: int, cause_id: int, kind: Kind) -> tuple[int, int]:
    there = and_(listing.c.account_id == account_id, listing.c.remote_id.is_not(None))
    same = and_(there, listing.c.cause_id == cause_id)
    if kind is not Kind.PRICE:
        same = and_(same, listing.c.wanted != "live")
    count = connection.execute(select(func.count()).select_from(listing).where(same)).scalar() or 0
    total = connection.execute(select(func.count()).select_from(listing).where(there)).scalar() or 0
    return count, total


def _large_move(account: Account, rendered: Rendered, known: Known) -> bool:
    limit = Decimal(str(account.brake.get("price_move", DEFAULT_PRICE_MOVE)))
    for offer in rendered.offers:
        there = known.offers.get(offer.key)
        if there is not None and there.price and abs(offer.price - there.price) > there.price * limit:
            return True
    return False


def ask(connection: Connection, account: Account, item: Item, kind: Kind, now: dt.datetime) -> None:
    """Ask a person about this brake, once, and hold the listing (its stock still goes out)."""
    if item.cause_id is None:
        return
    count, total = _counts(connection, account.id, item.cause_id, kind)
    reason = connection.execute(select(cause.c.kind, cause.c.note).where(cause.c.id == item.cause_id)).first()
    detail = {
        "kind": kind.value,
        "cause_id": item.cause_id,
        "cause": f"{reason.kind}: {reason.note}" if reason else "",
        "count": count,
        "total": total,
    }
    ask_once(connection, account.id, None, "brake", topic(kind, item.cause_id), detail, now)


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
    """Apply a person's answer to a brake: let its listings go, or take the change back. Returns how many."""
    detail = row.detail
    kind, cause_id = Kind(detail["kind"]), detail["cause_id"]
    same = and_(listing.c.account_id == row.account_id, listing.c.cause_id == cause_id, listing.c.held.is_not(None))
    values: dict[str, Any] = {
        "held": None,
        "due_at": now,
        "version": listing.c.version + 1,
        "due": listing.c.due.bitwise_or(int(Due.CONTENT | Due.PRICE)),
        "lane": int(Lane.PRICE),
    }
    if not confirm and kind in (Kind.HIDE, Kind.DELETE):
        values["wanted"] = "live"
    return int(connection.execute(update(listing).where(same).values(values)).rowcount)


__all__ = ["Verdict", "answer_brake", "ask", "ask_once", "judge", "topic"]
