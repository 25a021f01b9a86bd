"""Read products: by what people call them, one by one or many at once with few queries."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import BindParameter, Connection, Row, and_, bindparam, func, or_, select

from syncer.catalogue.errors import UnknownProduct
from syncer.domain.product import Photo, Product, ProductStatus, Variant
from syncer.domain.text import search_text
from syncer.domain.words import Words
from syncer.store.batches import batches
from syncer.store.skus import close_to, did_you_mean
from syncer.store.tables import listing, location, photo, product, sku_alias, stock_level, variant

_AT_ONCE = 500
# What every look at a listing asks, built once.
_IDS: BindParameter[int] = bindparam("ids", expanding=True)
_PRODUCTS = select(product).where(product.c.id.in_(_IDS))
_VARIANTS = (
    select(variant)
    .where(and_(variant.c.product_id.in_(_IDS), variant.c.retired_at.is_(None)))
    .order_by(variant.c.product_id, variant.c.position, variant.c.id)
)
_PHOTOS = (
    select(photo.c.product_id, photo.c.sha256, photo.c.alt, variant.c.sku)
    .outerjoin(variant, and_(variant.c.id == photo.c.variant_id, variant.c.retired_at.is_(None)))
    .where(photo.c.product_id.in_(_IDS))
    .order_by(photo.c.product_id, photo.c.position)
)


class ProductRow(NamedTuple):
    """A product as a list shows it. ``stock`` is on hand over all pooled locations."""

    id: int
    handle: str
    title: str
    status: str
    category_key: str
    variants: int
    stock: int
    photos: int
    listings: int
    skus: tuple[str, ...]
    changed_at: dt.datetime


def find_product(connection: Connection, ref: str) -> int:
    """Return the id of the product with this handle, SKU or former SKU.

    Raises :class:`~syncer.catalogue.errors.UnknownProduct`, naming what looks like it.
    """
    wanted = ref.strip()
    by_handle = select(product.c.id).where(product.c.handle == wanted)
    by_sku = select(variant.c.product_id).where(and_(variant.c.sku == wanted, variant.c.retired_at.is_(None)))
    by_alias = (
        select(variant.c.product_id)
        .join(sku_alias, sku_alias.c.variant_id == variant.c.id)
        .where(sku_alias.c.sku == wanted)
    )
    for query in (by_handle, by_sku, by_alias):
        found = connection.execute(query).scalar()
        if found is not None:
            return int(found)
    more = did_you_mean(close_to(connection, wanted, handles=True))
    raise UnknownProduct(
        Words(
            f'Produk "{wanted[:60]}" tidak ada.{more.id or " Lihat daftarnya: syncer products."}',
            f'There is no product "{wanted[:60]}".{more.en or " See the list: syncer products."}',
        )
    )


def load_product(connection: Connection, ref: str) -> Product:
    """Return the product that :func:`find_product` finds."""
    product_id = find_product(connection, ref)
    return load_products(connection, [product_id])[product_id]


def load_products(connection: Connection, ids: Sequence[int]) -> dict[int, Product]:
    """Return products by id, with their active variants (in order, with ids) and photos; unknown ids are left out.

    Three queries for any number of ids up to 500.
    """
    found: dict[int, Product] = {}
    for part in batches(ids, _AT_ONCE):
        rows = connection.execute(_PRODUCTS, {"ids": part}).all()
        variants = _variants(connection, part)
        photos = _photos(connection, part)
        for row in rows:
            found[row.id] = _product(row, variants.get(row.id, ()), photos.get(row.id, ()))
    return found


def iter_products(
    connection: Connection, *, status: ProductStatus | None = None, at_once: int = 200
) -> Iterator[Product]:
    """Walk all products in the order of their ids, ``at_once`` at a time in memory."""
    last = 0
    while True:
        query = select(product.c.id).where(product.c.id > last).order_by(product.c.id).limit(at_once)
        if status is not None:
            query = query.where(product.c.status == status.value)
        ids = list(connection.execute(query).scalars())
        if not ids:
            return
        last = ids[-1]
        found = load_products(connection, ids)
        yield from (found[product_id] for product_id in ids)


def list_products(
    connection: Connection,
    *,
    search: str = "",
    include_archived: bool = False,
    limit: int | None = None,
    after_handle: str = "",
) -> list[ProductRow]:
    """Return the rows of a product list by handle. ``search`` looks in handle, title and SKUs.

    ``limit`` and ``after_handle`` page through a long list.
    """
    query = select(product.c.id, product.c.handle, product.c.title, product.c.status, product.c.category_key)
    query = query.add_columns(product.c.changed_at).order_by(product.c.handle).where(product.c.handle > after_handle)
    if not include_archived:
        query = query.where(product.c.status != ProductStatus.ARCHIVED.value)
    if search:
        search = search_text(search)
        in_sku = select(variant.c.product_id).where(
            and_(variant.c.sku.icontains(search, autoescape=True), variant.c.retired_at.is_(None))
        )
        query = query.where(
            or_(
                product.c.handle.icontains(search, autoescape=True),
                product.c.title.icontains(search, autoescape=True),
                product.c.id.in_(in_sku),
            )
        )
    if limit is not None:
        query = query.limit(limit)
    rows = connection.execute(query).all()
    skus: dict[int, list[str]] = {}
    stock: dict[int, int] = {}
    photos: dict[int, int] = {}
    listings: dict[int, int] = {}
    for some in batches(rows, _AT_ONCE):
        part = [row.id for row in some]
        skus.update(_skus(connection, part))
        stock.update(_stock(connection, part))
        photos.update(_counts(connection, photo.c.product_id, part))
        listings.update(_counts(connection, listing.c.product_id, part))
    return [
        ProductRow(
            id=row.id,
            handle=row.handle,
            title=row.title,
            status=row.status,
            category_key=row.category_key,
            variants=len(skus.get(row.id, ())),
            stock=stock.get(row.id, 0),
            photos=photos.get(row.id, 0),
            listings=listings.get(row.id, 0),
            skus=tuple(skus.get(row.id, ())),
            changed_at=row.changed_at,
        )
        for row in rows
    ]


def _variants(connection: Connection, ids: Sequence[int]) -> dict[int, list[Variant]]:
    found: dict[int, list[Variant]] = {}
    for row in connection.execute(_VARIANTS, {"ids": ids}):
        found.setdefault(row.product_id, []).append(variant_of(row))
    return found


def variant_of(row: Row[Any]) -> Variant:
    """Return the domain's variant for a row of the table."""
    return Variant(
        sku=row.sku,
        price=row.price,
        option_values=tuple(row.option_values),
        weight_g=row.weight_g,
        length_mm=row.length_mm,
        width_mm=row.width_mm,
        height_mm=row.height_mm,
        single_piece=row.single_piece,
        barcode=row.barcode,
        id=row.id,
    )


def _photos(connection: Connection, ids: Sequence[int]) -> dict[int, list[Photo]]:
    found: dict[int, list[Photo]] = {}
    for row in connection.execute(_PHOTOS, {"ids": ids}):
        found.setdefault(row.product_id, []).append(Photo(row.sha256, row.alt, row.sku))
    return found


def _product(row: Row[Any], variants: Sequence[Variant], photos: Sequence[Photo]) -> Product:
    return Product(
        handle=row.handle,
        title=row.title,
        description=row.description,
        story=row.story,
        materials=tuple(row.materials),
        category_key=row.category_key,
        option_names=tuple(row.option_names),
        variants=tuple(variants),
        photos=tuple(photos),
        made_to_order_days=row.made_to_order_days,
        brand=row.brand,
        condition=row.condition,
        maker=row.maker,
        unit=row.unit,
        attributes=dict(row.attributes),
        status=ProductStatus(row.status),
        id=row.id,
    )


def _skus(connection: Connection, ids: Sequence[int]) -> Mapping[int, list[str]]:
    rows = connection.execute(
        select(variant.c.product_id, variant.c.sku)
        .where(and_(variant.c.product_id.in_(ids), variant.c.retired_at.is_(None)))
        .order_by(variant.c.product_id, variant.c.position, variant.c.id)
    )
    found: dict[int, list[str]] = {}
    for row in rows:
        found.setdefault(row.product_id, []).append(row.sku)
    return found


def _stock(connection: Connection, ids: Sequence[int]) -> dict[int, int]:
    rows = connection.execute(
        select(variant.c.product_id, func.sum(stock_level.c.on_hand))
        .join(stock_level, stock_level.c.variant_id == variant.c.id)
        .join(location, and_(location.c.id == stock_level.c.location_id, location.c.pooled))
        .where(and_(variant.c.product_id.in_(ids), variant.c.retired_at.is_(None)))
        .group_by(variant.c.product_id)
    )
    return {row[0]: int(row[1]) for row in rows}


def _counts(connection: Connection, column: Any, ids: Sequence[int]) -> dict[int, int]:
    rows = connection.execute(select(column, func.count()).where(column.in_(ids)).group_by(column))
    return {row[0]: int(row[1]) for row in rows}
