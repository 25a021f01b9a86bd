"""Look what a shop sells already before anything is made there: once per account, and kept by SKU.

An empty shop costs one call, a full one as much as a sweep. Before a listing is created whose SKU the shop sells, a
look at that one listing decides: still there and bound to nothing of ours, then a person binds it (or takes it away).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from functools import cached_property

from sqlalchemy import Connection, and_, select

from syncer.channels.unbound import (
    SOLD_THERE,
    any_unbound,
    forget_unbound,
    looked_through,
    note_unbound,
    sold_there,
)
from syncer.domain.listing import RemoteListing, WantedListing
from syncer.domain.problem import Problem, Who
from syncer.domain.text import clean_text
from syncer.domain.words import Words
from syncer.sdk.contract import PublishesListings
from syncer.sdk.errors import ConnectorError, Gone, Recovery
from syncer.store.engine import read, write
from syncer.store.tables import account, listing
from syncer.sync.shop import Shop, utc_now

#: The name under which the look is fetched, beside the facts of a connector.
SHELF = "*shelf"
#: So old a look may be when the first listing of all is made; later, sweeps notice what appears in the shop.
FRESH = dt.timedelta(seconds=60)
#: A walk longer than this many pages has lost its way (security.md H5).
_MOST_PAGES = 10_000
_AGAIN = (Recovery.RETRY, Recovery.RETRY_AT, Recovery.SIGN_IN_AGAIN, Recovery.STOP_ACCOUNT)


class Shelf:
    """What is known in one snapshot of what the shop of an account sells besides ours."""

    def __init__(self, connection: Connection, shop: Shop) -> None:
        self._connection, self._account = connection, shop.account

    @cached_property
    def unseen(self) -> bool:
        """Whether the shop has to be looked through before anything is made there."""
        looked_at = self._account.looked_at
        if looked_at is None:
            return True
        if looked_at + FRESH > utc_now():
            return False
        at_work = and_(listing.c.account_id == self._account.id, listing.c.remote_id.is_not(None))
        return self._connection.execute(select(listing.c.id).where(at_work).limit(1)).first() is None

    @cached_property
    def _any(self) -> bool:
        return any_unbound(self._connection, self._account.id)

    def sells(self, wanted: WantedListing) -> Mapping[str, frozenset[str]]:
        """Return the SKUs of ``wanted`` that the shop sells already, by the remote id of the listing there."""
        if not self._any:
            return {}
        skus = [offer.sku for offer in wanted.offers]
        return sold_there(self._connection, self._account.id, skus, [int(offer.key) for offer in wanted.offers])


def look_through(shop: Shop) -> None:
    """Walk all listings of the shop and keep the SKUs of those that aren't ours, page by page; killed, it goes on.

    Raises ConnectorError.
    """
    connector = shop.connector
    mine = select(account.c.look_cursor).where(account.c.id == shop.account.id)
    with read(shop.engine) as connection:
        cursor: str | None = connection.execute(mine).scalar()
    if cursor is None:
        with write(shop.engine) as connection:
            forget_unbound(connection, shop.account.id)
    cursors: set[str | None] = set()
    while isinstance(connector, PublishesListings) and len(cursors) < _MOST_PAGES:
        cursors.add(cursor)
        try:
            page = connector.fetch_listings(cursor)
        except ConnectorError as error:
            _begin_anew(shop, error)
            raise
        whole = [one if one.offers_complete else _whole(connector, one) for one in page.listings]
        cursor = page.cursor
        with write(shop.engine) as connection:
            note_unbound(connection, shop.account.id, whole)
            looked_through(connection, shop.account.id, utc_now(), cursor=cursor, done=False)
        if cursor is None or cursor in cursors:
            break
    with write(shop.engine) as connection:
        looked_through(connection, shop.account.id, utc_now())


def _begin_anew(shop: Shop, error: ConnectorError) -> None:
    """A place in the list that the shop doesn't know any more is forgotten: the next look begins at the top."""
    if error.recovery not in _AGAIN:
        with write(shop.engine) as connection:
            looked_through(connection, shop.account.id, utc_now(), done=False)


def _whole(connector: PublishesListings, seen: RemoteListing) -> RemoteListing:
    try:
        return connector.fetch_listing(seen.remote_id)
    except Gone:
        return seen


def still_sold(connector: PublishesListings, there: Mapping[str, frozenset[str]]) -> list[RemoteListing]:
    """Return those listings of ``there`` (SKUs by remote id) that still hold one of these SKUs. One call each."""
    found: list[RemoteListing] = []
    for remote_id, skus in there.items():
        try:
            one = connector.fetch_listing(remote_id)
        except Gone:
            continue
        if not one.offers_complete or any(offer.sku.strip() in skus for offer in one.offers):
            found.append(one)
    return found


def sold_there_problem(name: str, hits: Sequence[RemoteListing], there: Mapping[str, frozenset[str]]) -> Problem:
    """Return why a listing isn't made on the account ``name``: the shop has one already, in ``hits``."""
    first = hits[0]
    title = clean_text(str(first.fields.get("title", "")), max_length=60) or first.remote_id
    skus = ", ".join(sorted(there.get(first.remote_id, frozenset()))[:3])
    return Problem(
        SOLD_THERE,
        Words(
            f'Toko ini sudah menjual SKU {skus}, di produknya "{title}" ({first.remote_id}), yang belum diikat ke '
            "katalog. Supaya tidak ada produk dobel, produk ini belum diterbitkan.",
            f'This shop sells the SKU {skus} already, in its listing "{title}" ({first.remote_id}), which is not bound '
            "to the catalogue. So that nothing is there twice, this product isn't published yet.",
        ),
        Words(
            f'Ikat keduanya dengan `syncer account adopt "{name}"` dan langkah yang ditunjukkannya; sesudah itu '
            "penerbitan jalan sendiri. Bila bukan barang "
            "yang sama: hapus produk itu atau ganti SKU-nya di toko, lalu `syncer retry`.",
            f'Bind the two with `syncer account adopt "{name}"` and the steps that it shows; publishing then goes on '
            "by itself. If they are not the same "
            "goods: remove that listing or change its SKU in the shop, then use `syncer retry`.",
        ),
        Who.ADMINISTRATOR,
    )
