"""Walk all listings of an account that is not at work yet: paced, whole, and below everything else."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from syncer.channels.connectors import open_connector
from syncer.channels.records import Account, AccountError, State
from syncer.channels.sign_in import Refresh
from syncer.domain.listing import RemoteListing
from syncer.domain.words import Words
from syncer.sdk.contract import Budget, PublishesListings
from syncer.sdk.errors import ConnectorError, Gone, Recovery
from syncer.sdk.http import retry_after_s
from syncer.store.engine import read
from syncer.store.marks import Lane
from syncer.sync.adopting.plan import is_there
from syncer.sync.lease import Lease, holder
from syncer.sync.pace import Pacer
from syncer.sync.service import Deps
from syncer.sync.shop import Shop, ShopGate, utc_now
from syncer.sync.sweep import MOST_PAGES

#: The share of each budget that a walk may spend while a daemon spends the same budget for other shops.
_BESIDE_A_DAEMON = 0.1
_TRIES = 6
_LONGEST_PAUSE_S = 30.0
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Walked:
    """All listings of an account, each whole, and how many were deleted meanwhile. ``began`` is aware UTC."""

    listings: tuple[RemoteListing, ...]
    left_out: int
    began: dt.datetime


class _Gate:
    """Stands before every call of the walk: waits for the budget, and learns from refusals."""

    def __init__(self, pacer: Pacer) -> None:
        self._pacer = pacer

    def before(self, operation: str) -> None:
        """Wait for the budgets."""
        while (wait := self._pacer.spend(operation, Lane.READ)) > 0:
            time.sleep(min(wait, 1.0))

    def after(self, operation: str, status: int, headers: Mapping[str, str]) -> None:
        """Pause after a 429."""
        if status == 429:
            self._pacer.refused(None, retry_after_s(headers, utc_now()))
        elif status:
            self._pacer.accepted()


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
    pacer = Pacer([])
    connector = open_connector(
        account,
        engine=deps.engine,
        keys=deps.keys,
        home=deps.home,
        gate=_Gate(pacer),
        allowed=deps.allowed,
        load=deps.load,
    )
    with read(deps.engine) as connection:
        busy = holder(connection, account.budget_group, now) is not None
    pacer.add([_share(budget) if busy else budget for budget in connector.budgets()])
    shut = threading.Event()
    shut.set()
    lease = Lease(deps.engine, account.budget_group, owner="", ttl_s=0)
    return Shop(
        engine=deps.engine,
        account=account,
        opened_as=account,
        connector=connector,
        pacer=pacer,
        lease=lease,
        gate=ShopGate(pacer, lease, 0, shut),
        timing=deps.timing,
        claim_name="",
        sign_in=deps.timing.sign_in(deps.keys),
    )


def _share(budget: Budget) -> Budget:
    return replace(budget, limit=max(int(budget.limit * _BESIDE_A_DAEMON), 1))


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
    signed_in = False
    for number in range(_TRIES):
        try:
            return ask()
        except ConnectorError as error:
            last = number == _TRIES - 1
            if error.recovery is Recovery.SIGN_IN_AGAIN and not signed_in:
                signed_in = True
                outcome = shop.sign_in.refresh_after_refusal(shop.engine, shop.account, shop.connector)
                if outcome not in (Refresh.REFRESHED, Refresh.BUSY, Refresh.KEPT):
                    raise
            elif last or error.recovery not in (Recovery.RETRY, Recovery.RETRY_AT):
                raise
            time.sleep(min(error.after_s or shop.timing.backoff_s * 2**number, _LONGEST_PAUSE_S))
    raise AssertionError("the last try returns or raises")
