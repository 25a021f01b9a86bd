"""Locks against two changes that don't see each other: PostgreSQL only, SQLite has one writer at a time.

Whoever changes a product (its content, its prices, its stock) marks the listings that there are; whoever publishes
it makes a new one. If neither saw the other, the new listing would show the old values for ever. So a change holds
its products, and publishing waits for it, and the other way round. Everybody takes locks in this order: products,
listings, stock levels.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, select

from syncer.store.batches import batches
from syncer.store.tables import account, product


def lock_products(connection: Connection, product_ids: Sequence[int]) -> None:
    """Hold products that are about to change, or whose prices or stock are, until the transaction ends."""
    if connection.dialect.name == "sqlite":
        return
    ids = sorted(set(product_ids))
    for some in batches(ids):
        part = product.c.id.in_(some)
        query = select(product.c.id).where(part).order_by(product.c.id)
        connection.execute(query.with_for_update(key_share=True)).all()


def wait_for_changes(connection: Connection, account_id: int, products: ColumnElement[bool]) -> None:
    """Wait until nobody is changing these products, or the account's rules, and keep it so: they are published."""
    if connection.dialect.name == "sqlite":
        return
    connection.execute(select(account.c.id).where(account.c.id == account_id).with_for_update(read=True)).all()
    query = select(product.c.id).where(products).order_by(product.c.id)
    connection.execute(query.with_for_update(read=True)).all()
