"""Walk all listings of an account that is not at work yet: paced, whole, and below everything else."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from syncer.channels.records import Account, AccountError, State
from syncer.domain.listing import RemoteListing
from syncer.domain.words import Words
from syncer.sdk.contract import PublishesListings
from syncer.sdk.errors import Gone
from syncer.sync import beside
from syncer.sync.adopting.plan import is_there
from syncer.sync.lease import Lease
from syncer.sync.service import Deps
from syncer.sync.shop import Shop, ShopGate
from syncer.sync.sweep import MOST_PAGES

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Walked:
    """All listings of an account, each whole, and how many were deleted meanwhile. ``began`` is aware UTC."""

    listings: tuple[RemoteListing, ...]
    left_out: int
    began: dt.datetime


def open_shop(deps: Deps, account: Account, now: dt.datetime) -> Shop:
    """Return ``account`` with a connector that reads, at a pace that leaves room for a daemon beside it.

    Raises AccountError for an account without a sign-in or without listings.
    """
    if account.state not in (State.ACTIVE, State.PAUSED):
        raise AccountError(
            Words(
                f'Akun "{account.name}" sedang tidak tersambung. Jalankan `syncer account reconnect {account.name}`.',
                f'The account "{account.name}" is not connected. Run `syncer account reconnect {account.name}`.',
            )
        )
    paced = beside.open_beside(deps, account)
    shut = threading.Event()
    shut.set()
    lease = Lease(deps.engine, account.budget_group, owner="", ttl_s=0)
    return Shop(
        engine=deps.engine,
        account=account,
        opened_as=account,
        connector=paced.connector,
        pacer=paced.pacer,
        lease=lease,
        gate=ShopGate(paced.pacer, lease, 0, shut),
        timing=deps.timing,
        claim_name="",
        sign_in=paced.sign_in,
    )


def walk(shop: Shop, now: dt.datetime, progress: Callable[[int], None] = lambda _: None) -> Walked:
    """Return every listing of the account. A page that does not show all of a listing is followed by a look at it.

    ``progress`` gets how many listings were read. Raises AccountError, and what the platform answers.
    """
    connector = shop.connector
    if not isinstance(connector, PublishesListings):
        raise AccountError(
            Words(
                f'Toko "{shop.account.name}" tidak punya daftar produk yang bisa dibaca.',
                f'The shop "{shop.account.name}" has no listings that can be read.',
            )
        )
    shop.sign_in.refresh_if_due(shop.engine, shop.account, connector, now)
    found: dict[str, RemoteListing] = {}
    left_out = 0
    cursors: set[str | None] = set()
    cursor: str | None = None
    for _ in range(MOST_PAGES):
        cursors.add(cursor)
        page = patiently(shop, partial(connector.fetch_listings, cursor))
        for one in page.listings:
            if one.remote_id in found:
                continue  # the walk moves under us
            whole = one if is_whole(one) else _look(shop, connector, one.remote_id)
            if whole is None or not is_there(whole):
                left_out += 1
                continue
            found[one.remote_id] = whole
            progress(len(found))
        cursor = page.cursor
        if cursor is None or cursor in cursors:
            break
    return Walked(tuple(found.values()), left_out, now)


def is_whole(listing: RemoteListing) -> bool:
    """Return whether a page showed all that binding needs: title, every offer, its number and its price."""
    return (
        listing.offers_complete
        and listing.status is not None
        and "title" in listing.fields
        and all(offer.price is not None and offer.quantity is not None for offer in listing.offers)
    )


def _look(shop: Shop, connector: PublishesListings, remote_id: str) -> RemoteListing | None:
    try:
        return patiently(shop, lambda: connector.fetch_listing(remote_id))
    except Gone:
        return None


def patiently(shop: Shop, ask: Callable[[], T]) -> T:
    """Return what ``ask`` returns; after a passing fault it is asked again, and after a refused sign-in once more."""
    again = partial(shop.sign_in.refresh_after_refusal, shop.engine, shop.account, shop.connector)
    return beside.patiently(ask, shop.pacer, again, backoff_s=shop.timing.backoff_s)
