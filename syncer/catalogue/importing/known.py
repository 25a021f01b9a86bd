"""What the catalogue has about the products that a file speaks of, with a handful of queries for many of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, select

from syncer.catalogue.importing import values
from syncer.catalogue.importing.draft import Draft, DraftVariant
from syncer.catalogue.read import load_products
from syncer.domain.product import Product
from syncer.store.batches import batches
from syncer.store.tables import media, photo, product, sku_alias, variant

#: What a picture's address begins with if it means one that is stored here, by its SHA-256.
MEDIA = "media:"
_AT_ONCE = 500


class Owner(NamedTuple):
    """Whose SKU it is: the variant, its product, and its present SKU."""

    variant_id: int
    product_id: int
    sku: str


@dataclass(slots=True)
class Known:
    """What the catalogue has about some drafts."""

    by_handle: dict[str, int]
    owners: Mapping[str, Owner]
    products: dict[int, Product]
    sources: Mapping[int, str]
    retired: Mapping[int, frozenset[str]]
    media: frozenset[str]
    addresses: Mapping[int, Mapping[str, str]]

    def remember(self, value: Product) -> None:
        """Let later drafts of the same product build on ``value``, which isn't saved yet."""
        key = self.by_handle.setdefault(value.handle, -1 - len(self.by_handle))
        self.products[key] = value


def look_up(connection: Connection, drafts: Sequence[Draft]) -> Known:
    """Return what the catalogue has about ``drafts``, with a handful of queries."""
    handles = [draft.handle for draft in drafts]
    skus = list({sku for draft in drafts for one in draft.variants for sku in possible_skus(draft, one)})
    by_handle = {
        row.handle: row.id
        for part in batches(handles, _AT_ONCE)
        for row in connection.execute(select(product.c.handle, product.c.id).where(product.c.handle.in_(part)))
    }
    owners = _owners(connection, skus)
    ids = sorted({*by_handle.values(), *(owner.product_id for owner in owners.values())})
    refs = [picture.ref.removeprefix(MEDIA) for draft in drafts for picture in draft.pictures]
    return Known(
        by_handle=by_handle,
        owners=owners,
        products=load_products(connection, ids),
        sources=_column(connection, ids, product.c.source),
        retired=_retired(connection, ids),
        media=frozenset(
            sha
            for part in batches([ref for ref in refs if len(ref) == 64], _AT_ONCE)
            for sha in connection.execute(select(media.c.sha256).where(media.c.sha256.in_(part))).scalars()
        ),
        addresses=_addresses(connection, ids) if refs else {},
    )


def possible_skus(draft: Draft, one: DraftVariant) -> list[str]:
    """Return the SKUs under which a row's variant may be stored: its own, or the one made for it."""
    return [one.sku] if one.sku else [made(draft, one)]


def made(draft: Draft, one: DraftVariant) -> str:
    """Return the SKU that a row without one gets."""
    return values.made_sku(draft.handle, one.option_values)


def _owners(connection: Connection, skus: Sequence[str]) -> dict[str, Owner]:
    found: dict[str, Owner] = {}
    for part in batches(skus, _AT_ONCE):
        former = connection.execute(
            select(sku_alias.c.sku, variant.c.id, variant.c.product_id, variant.c.sku)
            .join(variant, variant.c.id == sku_alias.c.variant_id)
            .where(and_(sku_alias.c.sku.in_(part), variant.c.retired_at.is_(None)))
        )
        found.update((row[0], Owner(row[1], row[2], row[3])) for row in former)
        rows = connection.execute(
            select(variant.c.sku, variant.c.id, variant.c.product_id).where(
                and_(variant.c.sku.in_(part), variant.c.retired_at.is_(None))
            )
        )
        found.update((row[0], Owner(row[1], row[2], row[0])) for row in rows)
    return found


def _column(connection: Connection, ids: Sequence[int], column: Any) -> dict[int, str]:
    return {
        row[0]: row[1]
        for part in batches(ids, _AT_ONCE)
        for row in connection.execute(select(product.c.id, column).where(product.c.id.in_(part)))
    }


def _retired(connection: Connection, ids: Sequence[int]) -> dict[int, frozenset[str]]:
    found: dict[int, set[str]] = {}
    for part in batches(ids, _AT_ONCE):
        rows = connection.execute(
            select(variant.c.product_id, variant.c.sku).where(
                and_(variant.c.product_id.in_(part), variant.c.retired_at.is_not(None))
            )
        )
        for row in rows:
            found.setdefault(row[0], set()).add(row[1])
    return {product_id: frozenset(skus) for product_id, skus in found.items()}


def _addresses(connection: Connection, ids: Sequence[int]) -> dict[int, dict[str, str]]:
    """Return which photo came from which address, by product."""
    found: dict[int, dict[str, str]] = {}
    for part in batches(ids, _AT_ONCE):
        rows = connection.execute(
            select(photo.c.product_id, photo.c.source_url, photo.c.sha256).where(
                and_(photo.c.product_id.in_(part), photo.c.source_url != "")
            )
        )
        for row in rows:
            found.setdefault(row[0], {})[row[1]] = row[2]
    return found
