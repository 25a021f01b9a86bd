"""Which variant an order's line means: by the channel's ids first, by the text of its SKU last.

See docs/architecture.md, "Orders and the ledger".
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, insert, select, update

from syncer.domain.order import OrderLine
from syncer.store.batches import batches
from syncer.store.tables import listing, offer, retired_offer, sku_alias, variant


class Named(NamedTuple):
    """How a channel names what was sold."""

    listing_id: str
    offer_id: str
    sku: str


def named(line: OrderLine) -> Named:
    """Return how ``line`` names what was sold."""
    return Named(line.listing_id, line.offer_id, line.sku.strip())


def bind(connection: Connection, account_id: int | None, names: Collection[Named]) -> dict[Named, int]:
    """Return the variant of each name; names that mean nothing here are left out.

    An id that an offer had before still means its variant. ``account_id`` ``None`` (a sale at a bazaar, a partner's
    list): only SKUs are known.
    """
    found = _Finder(connection, account_id, names)
    bound = {name: found.variant(name) for name in names}
    return {name: variant_id for name, variant_id in bound.items() if variant_id is not None}


def remember(connection: Connection, account_id: int, name: Named, variant_id: int, now: dt.datetime) -> None:
    """Keep what a person said ``name`` means on this account, for the orders to come."""
    if not (name.listing_id or name.offer_id):
        return
    key = {"account_id": account_id, "listing_remote_id": name.listing_id, "remote_id": name.offer_id}
    same = and_(*(retired_offer.c[column] == value for column, value in key.items()))
    if connection.execute(select(retired_offer.c.variant_id).where(same)).first() is None:
        connection.execute(insert(retired_offer).values(**key, variant_id=variant_id, retired_at=now))
    else:
        connection.execute(update(retired_offer).where(same).values(variant_id=variant_id))


class _Finder:
    """What the names of some lines may mean, loaded in a handful of queries."""

    def __init__(self, connection: Connection, account_id: int | None, names: Collection[Named]) -> None:
        self._connection = connection
        self._offers: dict[str, list[tuple[str, str, int]]] = {}
        self._retired: dict[tuple[str, str], int] = {}
        if account_id is not None:
            listed = sorted({name.listing_id for name in names if name.listing_id or name.offer_id})
            self._load_offers(account_id, listed)
            self._load_retired(account_id, listed)
        self._skus = self._load_skus(sorted({name.sku for name in names if name.sku}))

    def variant(self, name: Named) -> int | None:
        """Return the variant that ``name`` means, if any."""
        offers = self._offers.get(name.listing_id, [])
        by_id = [found for remote_id, _sku, found in offers if name.offer_id and remote_id == name.offer_id]
        if by_id:
            return by_id[0]
        if (name.listing_id, name.offer_id) in self._retired:
            return self._retired[name.listing_id, name.offer_id]
        if not name.offer_id and len(offers) == 1:
            return offers[0][2]
        by_sku = {found for _remote_id, sku, found in offers if name.sku and sku == name.sku}
        return by_sku.pop() if len(by_sku) == 1 else self._skus.get(name.sku)

    def _load_offers(self, account_id: int, listed: Sequence[str]) -> None:
        for part in batches(listed):
            rows = self._connection.execute(
                select(listing.c.remote_id, offer.c.remote_id, offer.c.sku, offer.c.variant_id)
                .join(offer, offer.c.listing_id == listing.c.id)
                .where(and_(listing.c.account_id == account_id, listing.c.remote_id.in_(part)))
                .order_by(offer.c.id)
            )
            for listing_id, offer_id, sku, variant_id in rows:
                self._offers.setdefault(listing_id, []).append((offer_id, sku, variant_id))

    def _load_retired(self, account_id: int, listed: Sequence[str]) -> None:
        for part in batches(listed):
            rows = self._connection.execute(
                select(retired_offer.c.listing_remote_id, retired_offer.c.remote_id, retired_offer.c.variant_id).where(
                    and_(retired_offer.c.account_id == account_id, retired_offer.c.listing_remote_id.in_(part))
                )
            )
            self._retired.update({(row[0], row[1]): row[2] for row in rows})

    def _load_skus(self, skus: Sequence[str]) -> Mapping[str, int]:
        """Return variants by SKU, active ones before those that had it before."""
        found: dict[str, int] = {}
        for part in batches(skus):
            active: ColumnElement[bool] = and_(variant.c.sku.in_(part), variant.c.retired_at.is_(None))
            former = (
                select(sku_alias.c.sku, variant.c.id)
                .join(variant, variant.c.id == sku_alias.c.variant_id)
                .where(and_(sku_alias.c.sku.in_(part), variant.c.retired_at.is_(None)))
            )
            found.update((row[0], row[1]) for row in self._connection.execute(former))
            rows = self._connection.execute(select(variant.c.sku, variant.c.id).where(active))
            found.update((row[0], row[1]) for row in rows)
        return found
