"""What a piece costs on one channel account: the account's rule, or a price that a person set for it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import ColumnElement, Connection, and_, bindparam, delete, insert, select, update

from syncer.channels.records import Account, AccountError
from syncer.domain.money import PRICE_MAX, minor_digits, quantize
from syncer.domain.words import Words
from syncer.store import tables as t
from syncer.store.batches import batches
from syncer.store.locks import lock_products
from syncer.store.marks import Due, Lane, mark
from syncer.store.wakeup import wake_after_commit

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Override:
    """A price that a person set instead of the rule, and what the rule would give today. ``age_days`` is its age."""

    variant_id: int
    sku: str
    title: str
    price: Decimal
    by_rule: Decimal
    set_at: dt.datetime
    age_days: int
    actor: str


def channel_price(account: Account, base: Decimal, override: Decimal | None = None) -> Decimal:
    """Return the price to show on ``account`` for a base price in the catalogue's currency.

    An ``override`` is in the account's currency and wins over the rule. Tax is added only where base prices are
    without it. Never below the smallest price that the currency can show.
    Raises :class:`~syncer.domain.pricing.RateMissing` for another currency without a rate.
    """
    if override is not None:
        return quantize(override, account.currency)
    rule = account.price_rule
    if account.tax_included and rule.tax_percent:
        rule = type(rule)(rule.markup_percent, rule.fixed_fee, Decimal(0), rule.round_to, rule.ending)
    price = rule.apply(
        base, catalogue_currency=account.catalogue_currency, currency=account.currency, rate=account.rate
    )
    return max(price, Decimal(1).scaleb(-minor_digits(account.currency)))


def set_override(
    connection: Connection, account: Account, variant_id: int, price: Decimal, *, now: dt.datetime, actor: str = ""
) -> Decimal:
    """Set the price of one variant on one account, in the account's currency; its listing is due. Returns the price."""
    if not price.is_finite() or not 0 < price <= PRICE_MAX:
        raise AccountError(
            Words(
                "Harga harus angka dari 1 sampai 1.000.000.000, misalnya 185000.",
                "The price must be a number from 1 to 1,000,000,000, such as 185000.",
            )
        )
    rounded = quantize(price, account.currency)
    _hold(connection, variant_id)
    where = _one(account.id, variant_id)
    values = {"price": rounded, "set_at": now, "actor": actor}
    if not connection.execute(update(t.price_override).where(where).values(**values)).rowcount:
        connection.execute(insert(t.price_override).values(account_id=account.id, variant_id=variant_id, **values))
    _mark_price(connection, account.id, variant_id, now)
    return rounded


def clear_override(connection: Connection, account: Account, variant_id: int, *, now: dt.datetime) -> bool:
    """Let the rule decide again; returns whether there was a price to clear."""
    _hold(connection, variant_id)
    cleared = connection.execute(delete(t.price_override).where(_one(account.id, variant_id))).rowcount > 0
    if cleared:
        _mark_price(connection, account.id, variant_id, now)
    return cleared


_SET_PRICES = select(t.price_override.c.variant_id, t.price_override.c.price).where(
    t.price_override.c.account_id == bindparam("of_account"),
    t.price_override.c.variant_id.in_(bindparam("variants", expanding=True)),
)


def override_prices(connection: Connection, account_id: int, variant_ids: Sequence[int]) -> dict[int, Decimal]:
    """Return the set prices of these variants on one account, by variant id."""
    found: dict[int, Decimal] = {}
    for part in batches(variant_ids, _AT_ONCE):
        rows = connection.execute(_SET_PRICES, {"of_account": account_id, "variants": part})
        found.update((row.variant_id, row.price) for row in rows)
    return found


def overrides(connection: Connection, account: Account, *, now: dt.datetime) -> list[Override]:
    """Return every set price of one account, the oldest first: those are the ones that are forgotten."""
    query = (
        select(t.price_override, t.variant.c.sku, t.variant.c.price.label("base"), t.product.c.title)
        .join(t.variant, t.variant.c.id == t.price_override.c.variant_id)
        .join(t.product, t.product.c.id == t.variant.c.product_id)
        .where(t.price_override.c.account_id == account.id, t.variant.c.retired_at.is_(None))
        .order_by(t.price_override.c.set_at, t.variant.c.sku)
    )
    return [
        Override(
            variant_id=row["variant_id"],
            sku=row["sku"],
            title=row["title"],
            price=row["price"],
            by_rule=channel_price(account, row["base"]),
            set_at=row["set_at"],
            age_days=max((now - row["set_at"]).days, 0),
            actor=row["actor"],
        )
        for row in connection.execute(query).mappings()
    ]


def _hold(connection: Connection, variant_id: int) -> None:
    lock_products(
        connection,
        list(connection.execute(select(t.variant.c.product_id).where(t.variant.c.id == variant_id)).scalars()),
    )


def _one(account_id: int, variant_id: int) -> ColumnElement[bool]:
    return and_(t.price_override.c.account_id == account_id, t.price_override.c.variant_id == variant_id)


def _mark_price(connection: Connection, account_id: int, variant_id: int, now: dt.datetime) -> None:
    product_id = select(t.variant.c.product_id).where(t.variant.c.id == variant_id).scalar_subquery()
    where = and_(t.listing.c.account_id == account_id, t.listing.c.product_id == product_id)
    mark(connection, where, Due.PRICE, Lane.PRICE, now=now)
    wake_after_commit(connection)
