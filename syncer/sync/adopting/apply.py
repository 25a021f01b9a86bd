"""Bind what was decided, one listing a transaction: killed anywhere and repeated, nothing is lost or doubled."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection, and_, select, update

from syncer.catalogue.edit import save_product
from syncer.catalogue.read import load_products
from syncer.catalogue.save import Saved, lock_catalogue
from syncer.channels.pricing import set_override
from syncer.channels.publishing import EVERYTHING, new_cause, queue_pictures
from syncer.channels.records import Account, Mode, load_account
from syncer.channels.unbound import replace_unbound
from syncer.domain.listing import RemoteListing, Status
from syncer.domain.product import Product, ProductStatus
from syncer.domain.words import SyncerError, Words
from syncer.inventory.locations import Location
from syncer.store.engine import make_way, read, write
from syncer.store.locks import lock_products
from syncer.store.marks import Lane
from syncer.store.tables import account as account_table
from syncer.store.tables import listing
from syncer.store.upsert import insert_or_keep
from syncer.store.wakeup import wake_after_commit
from syncer.sync.adopting import pictures
from syncer.sync.adopting.importing import new_product, new_variant, odd_prices, sku_for
from syncer.sync.adopting.opening import open_count, place_of
from syncer.sync.adopting.plan import Decision, Group, Plan, Row
from syncer.sync.adopting.propose import EVENT, why_taken
from syncer.sync.known import SHAPE, Known, merge
from syncer.sync.prepare import shown_state
from syncer.sync.rows import add_event, known_columns, load_items, store_offers
from syncer.sync.shop import Shop


@dataclass(slots=True)
class Applied:
    """What applying a plan did. ``refused`` pairs a listing's remote id with the reason; the others went on.

    ``read_only`` says that the account was made read-only for it. ``product_ids`` are new products, ``pictures`` the
    addresses of theirs by product and by the channel's id.
    """

    bound: int = 0
    imported: int = 0
    opened: int = 0
    read_only: bool = False
    listing_ids: list[int] = field(default_factory=list)
    product_ids: list[int] = field(default_factory=list)
    pictures: dict[int, Mapping[str, str]] = field(default_factory=dict)
    refused: list[tuple[str, Words]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Work:
    """What every step of one run shares."""

    shop: Shop
    account: Account
    place: Location
    now: dt.datetime
    read_at: dt.datetime
    actor: str
    cause_id: int


def apply(
    shop: Shop,
    plan: Plan,
    *,
    read_at: dt.datetime,
    now: dt.datetime,
    actor: str = "",
    progress: Callable[[int], None] = lambda _: None,
) -> Applied:
    """Do what ``plan`` says. ``read_at`` is when its walk began. Whatever can't be done is refused, one by one."""
    done = Applied()
    with write(shop.engine) as connection:
        done.read_only = _hold_back(connection, shop.account)
        account = load_account(connection, shop.account.id)
        place = place_of(connection, account, plan.location)
        cause_id = new_cause(connection, "adopt", note=account.name, actor=actor, now=now)
    work = _Work(shop, account, place, now, read_at, actor, cause_id)
    for number, group in enumerate(plan.groups, start=1):
        if _has_work(group):
            _one(work, group, done)
            make_way()
        progress(number)
    with write(shop.engine) as connection:
        # What is bound now goes on; what isn't, and is published here, waits for a person.
        replace_unbound(connection, shop.account.id, [group.listing for group in plan.groups], now=now)
    return done


def _has_work(group: Group) -> bool:
    return bool(group.decided(Decision.BIND, Decision.IMPORT)) or any(row.opening is not None for row in group.rows)


def is_at_work(connection: Connection, account_id: int) -> bool:
    """Return whether a listing there is bound to a product of ours: such an account stays live when more is bound."""
    at_work = and_(listing.c.account_id == account_id, listing.c.remote_id.is_not(None))
    return connection.execute(select(listing.c.id).where(at_work).limit(1)).first() is not None


def _hold_back(connection: Connection, account: Account) -> bool:
    """Make an account that sells nothing of ours yet read-only until ``account go-live``; return whether it wasn't.

    One that is at work stays live: its stops may not wait.
    """
    if account.mode is Mode.READ_ONLY or is_at_work(connection, account.id):
        return False
    same = account_table.c.id == account.id
    connection.execute(update(account_table).where(same).values(mode=Mode.READ_ONLY.value))
    wake_after_commit(connection)
    return True


def _one(work: _Work, group: Group, done: Applied) -> None:
    """Bind or import one listing, with its opening counts, in one transaction."""
    urls = pictures.addresses(work.shop, group) if _is_import(group) else {}
    try:
        with write(work.shop.engine) as connection:
            part = _bind(connection, work, group, urls)
            part.opened = _open(connection, work, group)
    except SyncerError as error:
        done.refused.append((group.listing.remote_id, error.words))
        return
    done.bound += part.bound
    done.imported += part.imported
    done.opened += part.opened
    done.listing_ids += part.listing_ids
    done.product_ids += part.product_ids
    done.pictures |= part.pictures


def _is_import(group: Group) -> bool:
    return not group.decided(Decision.BIND) and bool(group.decided(Decision.IMPORT))


def _bind(connection: Connection, work: _Work, group: Group, urls: Mapping[str, str]) -> Applied:
    done = Applied()
    found = group.listing
    if not group.decided(Decision.BIND, Decision.IMPORT):
        return done
    lock_catalogue(connection)
    same = account_table.c.id == work.account.id
    connection.execute(select(account_table.c.id).where(same).with_for_update(read=True)).all()
    bound = and_(listing.c.account_id == work.account.id, listing.c.remote_id == found.remote_id)
    if connection.execute(select(listing.c.id).where(bound)).first() is not None:
        return done  # another process was faster
    if _is_import(group):
        product_id = _import(connection, work, group)
        pictures.ask_for(connection, product_id, urls)
        done.imported, done.product_ids, done.pictures = 1, [product_id], {product_id: urls}
    else:
        assert group.product_id is not None
        product_id = group.product_id
        lock_products(connection, [product_id])
        _add_variants(connection, work, group, product_id)
    listing_id = _row(connection, work, product_id, found)
    _store(connection, work, listing_id, group)
    queue_pictures(connection, work.account.id, [product_id], now=work.now)
    done.bound, done.listing_ids = 1, [listing_id]
    return done


# --- products ---------------------------------------------------------------------------------------------------


def _import(connection: Connection, work: _Work, group: Group) -> int:
    made = new_product(connection, work.account, group.listing)
    saved = save_product(connection, made.product, now=work.now, cause_id=work.cause_id, source="adopt")
    _take_ids(group.decided(Decision.IMPORT), made.skus, saved)
    _keep_prices(connection, work, made.prices, saved)
    return saved.product_id


def _add_variants(connection: Connection, work: _Work, group: Group, product_id: int) -> None:
    """Make the offers there that we don't have variants of our product."""
    product = _active(load_products(connection, [product_id]).get(product_id))
    rows = group.decided(Decision.IMPORT)
    if not rows:
        return
    skus: dict[str, str] = {}
    for row in rows:
        skus[row.offer.remote_id] = sku_for(connection, row.offer, product.handle, skus.values())
    new = tuple(new_variant(work.account, group.listing, row.offer, skus[row.offer.remote_id]) for row in rows)
    wanted = replace(product, variants=product.variants + new)
    saved = save_product(connection, wanted, now=work.now, cause_id=work.cause_id)
    _take_ids(rows, skus, saved)
    odd = odd_prices(work.account, [row.offer for row in rows], skus, new)
    _keep_prices(connection, work, odd, saved)


def _active(product: Product | None) -> Product:
    if product is None or product.status is not ProductStatus.ACTIVE:
        raise SyncerError(
            Words(
                "Produk ini sudah diarsipkan. Ulangi perintahnya.", "This product is archived. Run the command again."
            )
        )
    return product


def _take_ids(rows: Sequence[Row], skus: Mapping[str, str], saved: Saved) -> None:
    ids = saved.variant_ids or {}
    for row in rows:
        row.sku = skus[row.offer.remote_id]
        row.variant_id, row.product_id, row.handle = ids[row.sku], saved.product_id, saved.handle


def _keep_prices(connection: Connection, work: _Work, prices: Mapping[str, Any], saved: Saved) -> None:
    ids = saved.variant_ids or {}
    for sku, price in prices.items():
        set_override(connection, work.account, ids[sku], price, now=work.now, actor=work.actor)


# --- the listing ------------------------------------------------------------------------------------------------


def _row(connection: Connection, work: _Work, product_id: int, found: RemoteListing) -> int:
    """Return the listing row of the product on this account, made if need be. Raises SyncerError if it is taken."""
    wanted = "hidden" if found.status is Status.HIDDEN else "live"
    values = {"account_id": work.account.id, "product_id": product_id, "wanted": wanted, "state": "waiting"}
    values |= {"due_at": work.now, "created_at": work.now}
    connection.execute(insert_or_keep(connection, listing, ["account_id", "product_id"]).values(**values))
    same = and_(listing.c.account_id == work.account.id, listing.c.product_id == product_id)
    row = connection.execute(select(listing).where(same).with_for_update()).one()
    why = why_taken(row, found.remote_id)
    if why is not None:
        raise SyncerError(why)
    return int(row.id)


def _store(connection: Connection, work: _Work, listing_id: int, group: Group) -> None:
    """Keep what was read as the acknowledged state: everything of it is certain."""
    item = load_items(connection, [listing_id])[listing_id]
    known = _known(group)
    store_offers(connection, item, known, now=work.read_at)
    values: dict[str, Any] = {
        "due": int(EVERYTHING),
        "lane": int(Lane.CONTENT),
        "due_at": work.now,
        "marked_at": work.now,
        "version": listing.c.version + 1,
        "state": shown_state(known.status),
        "problem": None,
        "held": None,
        "seeking": None,
        "late": None,
        "settle_at": work.now if known.status is Status.REVIEW else None,
        "acknowledged_at": work.read_at,
        "verified_at": work.read_at,
        **known_columns(known),
    }
    connection.execute(update(listing).where(listing.c.id == listing_id).values(values))
    add_event(connection, listing_id, EVENT, {"remote_id": known.remote_id}, work.now)
    wake_after_commit(connection)


def _known(group: Group) -> Known:
    keys = {row.offer.remote_id: str(row.variant_id) for row in group.decided(Decision.BIND, Decision.IMPORT)}
    offers = tuple(replace(offer, key=keys.get(offer.remote_id)) for offer in group.listing.offers)
    known = merge(Known(), replace(group.listing, offers=offers), {})
    return known if group.listing.offers_complete else replace(known, unknown=known.unknown | {SHAPE})


# --- counts -----------------------------------------------------------------------------------------------------


def _open(connection: Connection, work: _Work, group: Group) -> int:
    opened = 0
    for row in group.decided(Decision.BIND, Decision.IMPORT, Decision.BOUND):
        if row.opening is not None and row.sku:
            opened += open_count(
                connection,
                work.account,
                row.sku,
                row.opening,
                place=work.place,
                was=row.ours,
                now=work.now,
                actor=work.actor,
                cause_id=work.cause_id,
            )
    return opened


def bound_ids(shop: Shop) -> list[int]:
    """Return the listings of the account that are there and due: those whose marks may be about nothing."""
    here = and_(listing.c.account_id == shop.account.id, listing.c.remote_id.is_not(None), listing.c.due != 0)
    with read(shop.engine) as connection:
        return list(connection.execute(select(listing.c.id).where(here).order_by(listing.c.id)).scalars())
