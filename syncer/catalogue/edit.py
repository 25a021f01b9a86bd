"""Change the catalogue. Each function works inside the caller's write transaction and marks the listings it touches."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, delete, exists, insert, or_, select, update

from syncer.catalogue.errors import bad
from syncer.catalogue.plan import PRODUCT_FIELDS
from syncer.catalogue.read import load_product, load_products
from syncer.catalogue.save import Saved, lock_catalogue, preview_products, save_products
from syncer.domain.product import Product, ProductStatus
from syncer.domain.text import clean_text
from syncer.domain.words import SyncerError
from syncer.store.locks import lock_products
from syncer.store.marks import Due, Lane, mark
from syncer.store.skus import find_variant
from syncer.store.tables import cause, listing, product, variant
from syncer.store.wakeup import wake_after_commit

#: What :func:`edit_product` can set.
EDITABLE = tuple(name for name in PRODUCT_FIELDS if name != "status")


class Deleted(NamedTuple):
    """What deleting a product started: ``withdrawing`` listings must go there first (0: it is archived)."""

    product_id: int
    handle: str
    withdrawing: int


def new_cause(connection: Connection, kind: str, note: str, actor: str, now: dt.datetime) -> int:
    """Record why listings are about to change together, and return its id. Brakes count per cause."""
    values = {
        "kind": kind[:20],
        "note": clean_text(note, max_length=500),
        "actor": clean_text(actor, max_length=80),
        "at": now,
    }
    return int(connection.execute(insert(cause).values(values).returning(cause.c.id)).scalar_one())


def save_product(
    connection: Connection, value: Product, *, now: dt.datetime, cause_id: int | None = None, source: str = ""
) -> Saved:
    """Create ``value`` or make the stored product with its handle equal to it; return what changed.

    Variants are matched by id, else by SKU; one that is absent from ``value`` is retired (its ledger stays).
    Raises :class:`~syncer.catalogue.errors.BadProduct`, ``BadSku`` or ``BadText``; then nothing is written.
    """
    outcome = save_products(connection, [value], now=now, cause_id=cause_id, source=source)[0]
    if isinstance(outcome, SyncerError):
        raise outcome
    return outcome


def edit_product(
    connection: Connection, ref: str, *, now: dt.datetime, cause_id: int | None = None, **fields: Any
) -> Saved:
    """Set some fields of the product that ``ref`` names (handle or SKU), such as ``title="…"``.

    Fields are those of :data:`EDITABLE`, with the types of :class:`~syncer.domain.product.Product`.
    """
    unknown = sorted(set(fields) - set(EDITABLE))
    if unknown:
        raise bad(
            unknown[0],
            f'"{unknown[0]}" bukan bagian produk yang bisa diubah. Pilih dari: {", ".join(EDITABLE)}.',
            f'"{unknown[0]}" is no field of a product that can be edited. Choose from: {", ".join(EDITABLE)}.',
        )
    lock_catalogue(connection)
    value = replace(load_product(connection, ref), **fields)
    return save_product(connection, value, now=now, cause_id=cause_id)


def set_price(
    connection: Connection, sku: str, price: Decimal, *, now: dt.datetime, cause_id: int | None = None
) -> Saved:
    """Set the base price of one variant, in the catalogue's currency."""
    return _edit_variant(connection, sku, now=now, cause_id=cause_id, price=price)


def rename_sku(
    connection: Connection, sku: str, new_sku: str, *, now: dt.datetime, cause_id: int | None = None
) -> Saved:
    """Give a variant another SKU. It stays the same variant: ledger, listings and the old SKU go on leading to it."""
    return _edit_variant(connection, sku, now=now, cause_id=cause_id, sku=new_sku)


def delete_product(connection: Connection, ref: str, *, now: dt.datetime, cause_id: int | None = None) -> Deleted:
    """Take a product down everywhere, then archive it; one without listings is archived at once.

    Listings that never reached their channel end here; the others are wanted deleted.
    :func:`archive_finished` archives the product once they are gone.
    """
    lock_catalogue(connection)
    value = load_product(connection, ref)
    lock_products(connection, [value.id])
    never_there = and_(
        listing.c.product_id == value.id,
        listing.c.remote_id.is_(None),
        listing.c.under_way.is_(None),
        listing.c.seeking.is_(None),
        listing.c.claim.is_(None),
    )
    connection.execute(delete(listing).where(never_there))
    connection.execute(update(listing).where(listing.c.product_id == value.id).values(wanted="deleted"))
    left = mark(
        connection,
        listing.c.product_id == value.id,
        Due.CONTENT | Due.STOCK,
        Lane.STOP,
        now=now,
        cause_id=cause_id,
    )
    _set_status(connection, [value.id], ProductStatus.WITHDRAWING if left else ProductStatus.ARCHIVED, now)
    if left:
        wake_after_commit(connection)
    return Deleted(value.id, value.handle, left)


def some_finished(connection: Connection) -> bool:
    """Tell whether a product may be ready for :func:`archive_finished`; costs next to nothing where none is deleted."""
    query = (
        select(listing.c.id)
        .join(product, product.c.id == listing.c.product_id)
        .where(and_(listing.c.state == "deleted", product.c.status == ProductStatus.WITHDRAWING.value))
    )
    return connection.execute(query.limit(1)).first() is not None


def archive_finished(connection: Connection, *, now: dt.datetime) -> list[int]:
    """Archive the withdrawing products whose listings are all gone; return their ids."""
    on_its_way = exists(
        select(listing.c.id).where(
            and_(
                listing.c.product_id == product.c.id,
                or_(
                    listing.c.due != 0,
                    listing.c.under_way.is_not(None),
                    listing.c.seeking.is_not(None),
                    listing.c.claim.is_not(None),
                    listing.c.held.is_not(None),
                    listing.c.wanted != "deleted",
                ),
            )
        )
    )
    query = select(product.c.id).where(and_(product.c.status == ProductStatus.WITHDRAWING.value, ~on_its_way))
    ids = list(connection.execute(query).scalars())
    _set_status(connection, ids, ProductStatus.ARCHIVED, now)
    return ids


def _edit_variant(
    connection: Connection, which: str, *, now: dt.datetime, cause_id: int | None, **fields: Any
) -> Saved:
    lock_catalogue(connection)
    found = find_variant(connection, which)
    value = load_products(connection, [found.product_id])[found.product_id]
    variants = tuple(replace(one, **fields) if one.id == found.id else one for one in value.variants)
    photos = value.photos
    if "sku" in fields:
        photos = tuple(replace(one, sku=fields["sku"]) if one.sku == found.sku else one for one in photos)
    return save_product(connection, replace(value, variants=variants, photos=photos), now=now, cause_id=cause_id)


def _set_status(connection: Connection, ids: Sequence[int], status: ProductStatus, now: dt.datetime) -> None:
    if not ids:
        return
    connection.execute(
        update(product)
        .where(product.c.id.in_(ids))
        .values(status=status.value, version=product.c.version + 1, changed_at=now)
    )
    if status is ProductStatus.ARCHIVED:
        # Archived SKUs are free again; the product and its variants come back if it is saved once more.
        connection.execute(
            update(variant)
            .where(and_(variant.c.product_id.in_(ids), variant.c.retired_at.is_(None)))
            .values(retired_at=now)
        )


__all__ = [
    "EDITABLE",
    "Deleted",
    "Saved",
    "archive_finished",
    "delete_product",
    "edit_product",
    "new_cause",
    "preview_products",
    "rename_sku",
    "save_product",
    "save_products",
    "set_price",
]
