"""How each account stands, in numbers and words: ``syncer status``."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, func, or_, select

from syncer.channels.records import Account, load_accounts
from syncer.channels.sign_in import expiry_notice
from syncer.domain.listing import Status
from syncer.domain.words import Words
from syncer.store.tables import listing, meta, offer, question
from syncer.sync.order_status import OrderStatus, read_order_status

#: Key in ``meta`` under which the daemon keeps the budget use of an account.
BUDGET_USE = "budget_use:"
#: For sale there. In most states that says the state; in others, what is known of it there.
_ON_SALE = or_(
    listing.c.state == "live",
    and_(
        listing.c.state.not_in(("live", "hidden", "gone", "deleted")),
        listing.c.remote_id.is_not(None),
        listing.c.known["status"].as_string() == Status.LIVE.value,
    ),
)


@dataclass(frozen=True, slots=True)
class AccountStatus:
    """One account: counts by state, and what is late or needs somebody.

    ``on_sale`` counts the listings that are for sale there, whatever of them still waits.
    ``oldest_unsent_stock_s`` is the age of the oldest stock change that the channel hasn't acknowledged.
    ``budget`` is as the daemon last reported it. ``shares_budget_with`` names accounts of the same quota.
    ``orders`` says how far its orders are read.
    """

    name: str
    connector: str
    shop_name: str
    state: str
    mode: str
    counts: Mapping[str, int]
    on_sale: int
    due: int
    oldest_unsent_stock_s: float | None
    oldest_verified_at: dt.datetime | None
    budget: Sequence[Mapping[str, Any]]
    shares_budget_with: Sequence[str]
    sign_in_expires_at: dt.datetime | None
    sign_in_notice: Words | None
    last_error: Words | None
    questions: int
    cannot_stop: int
    orders: OrderStatus
    as_of: dt.datetime

    def to_json(self) -> dict[str, Any]:
        """Return this as a JSON object; times are ISO 8601 in UTC."""
        return {
            "name": self.name,
            "connector": self.connector,
            "shop_name": self.shop_name,
            "state": self.state,
            "mode": self.mode,
            "counts": dict(self.counts),
            "on_sale": self.on_sale,
            "due": self.due,
            "oldest_unsent_stock_s": self.oldest_unsent_stock_s,
            "oldest_verified_at": _iso(self.oldest_verified_at),
            "budget": [dict(one) for one in self.budget],
            "shares_budget_with": list(self.shares_budget_with),
            "sign_in_expires_at": _iso(self.sign_in_expires_at),
            "sign_in_notice": self.sign_in_notice.to_json() if self.sign_in_notice else None,
            "last_error": self.last_error.to_json() if self.last_error else None,
            "questions": self.questions,
            "cannot_stop": self.cannot_stop,
            **self.orders.to_json(self.as_of),
        }


def read_status(connection: Connection, now: dt.datetime) -> list[AccountStatus]:
    """Return the status of every account, by name, with a few set-based queries."""
    accounts = load_accounts(connection)
    counts = _counts(connection)
    due = _by_account(connection, select(listing.c.account_id, func.count()).where(listing.c.due != 0))
    waiting = _by_account(
        connection,
        select(listing.c.account_id, func.min(listing.c.stock_due_since)).where(listing.c.stock_due_since.is_not(None)),
    )
    verified = _by_account(
        connection,
        select(listing.c.account_id, func.min(func.coalesce(listing.c.verified_at, listing.c.acknowledged_at))).where(
            listing.c.remote_id.is_not(None)
        ),
    )
    asked = _by_account(
        connection, select(question.c.account_id, func.count()).where(question.c.state == "open"), question.c.account_id
    )
    stuck = _by_account(
        connection,
        select(listing.c.account_id, func.count())
        .join(offer, offer.c.listing_id == listing.c.id)
        .where(offer.c.cannot_stop_until.is_not(None)),
    )
    on_sale = _by_account(connection, select(listing.c.account_id, func.count()).where(_ON_SALE))
    orders = read_order_status(connection, now)
    groups: dict[str, list[str]] = {}
    for one in accounts:
        groups.setdefault(one.budget_group, []).append(one.name)
    return [
        _status(
            connection,
            one,
            now,
            counts=counts.get(one.id, {}),
            on_sale=int(on_sale.get(one.id, 0)),
            due=int(due.get(one.id, 0)),
            waiting=waiting.get(one.id),
            verified=verified.get(one.id),
            questions=int(asked.get(one.id, 0)),
            cannot_stop=int(stuck.get(one.id, 0)),
            others=[name for name in groups[one.budget_group] if name != one.name],
            orders=orders.get(one.id, OrderStatus()),
        )
        for one in accounts
    ]


def _status(
    connection: Connection,
    one: Account,
    now: dt.datetime,
    *,
    counts: Mapping[str, int],
    on_sale: int,
    due: int,
    waiting: dt.datetime | None,
    verified: dt.datetime | None,
    questions: int,
    cannot_stop: int,
    others: Sequence[str],
    orders: OrderStatus,
) -> AccountStatus:
    stored = connection.execute(select(meta.c.value).where(meta.c.key == f"{BUDGET_USE}{one.id}")).scalar()
    ends = [moment for moment in (one.refresh_until, one.consent_until) if moment is not None]
    return AccountStatus(
        name=one.name,
        connector=one.connector,
        shop_name=one.shop_name,
        state=one.state.value,
        mode=one.mode.value,
        counts=counts,
        on_sale=on_sale,
        due=due,
        oldest_unsent_stock_s=round((now - waiting).total_seconds(), 1) if waiting else None,
        oldest_verified_at=verified,
        budget=json.loads(stored) if stored else [],
        shares_budget_with=others,
        sign_in_expires_at=min(ends, default=None),
        sign_in_notice=expiry_notice(one, now),
        last_error=one.problem.words if one.problem else None,
        questions=questions,
        cannot_stop=cannot_stop,
        orders=orders,
        as_of=now,
    )


def _counts(connection: Connection) -> dict[int, dict[str, int]]:
    query = select(listing.c.account_id, listing.c.state, func.count()).group_by(listing.c.account_id, listing.c.state)
    counts: dict[int, dict[str, int]] = {}
    for account_id, state, number in connection.execute(query):
        counts.setdefault(account_id, {})[state] = number
    return counts


def _by_account(connection: Connection, query: Any, column: Any = listing.c.account_id) -> dict[int, Any]:
    return {row[0]: row[1] for row in connection.execute(query.group_by(column))}


def _iso(moment: dt.datetime | None) -> str | None:
    return moment.isoformat() if moment else None
