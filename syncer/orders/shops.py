"""What a shop is called whose orders we have: an account of ours, or one that was removed and left its name behind."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, FromClause, func, select, update

from syncer.channels.records import Account
from syncer.orders.book import door_of
from syncer.store.order_tables import channel_order, left_shop
from syncer.store.tables import account
from syncer.store.upsert import insert_if_absent

#: The shop of an order, in a query over :func:`with_shops`: its account's name, the name that a removed one had, or
#: the door (``sale``, ``partner:NAME``).
SHOP_NAME: ColumnElement[str] = func.coalesce(account.c.name, left_shop.c.name, channel_order.c.door)


def with_shops(orders: FromClause) -> FromClause:
    """Return ``orders`` (``channel_order``, joined with whatever) with what names the shop of each."""
    return orders.outerjoin(account, account.c.id == channel_order.c.account_id).outerjoin(
        left_shop, left_shop.c.door == channel_order.c.door
    )


def keep_name(connection: Connection, shop: Account) -> None:
    """Keep the name of an account that is about to be removed, for the orders that stay."""
    doors = set(
        connection.execute(
            select(channel_order.c.door).where(channel_order.c.account_id == shop.id).distinct()
        ).scalars()
    )
    for door in sorted(doors | {door_of(shop)}):
        if not insert_if_absent(connection, left_shop, {"door": door, "name": shop.name}, ["door"]):
            connection.execute(update(left_shop).where(left_shop.c.door == door).values(name=shop.name))


def was_called(connection: Connection, name: str) -> str | None:
    """Return the name of a removed account whose orders are here, as it was spelled, or ``None``."""
    query = (
        select(left_shop.c.name)
        .join(channel_order, channel_order.c.door == left_shop.c.door)
        .where(func.lower(left_shop.c.name) == name.strip().lower(), channel_order.c.account_id.is_(None))
        .limit(1)
    )
    found: str | None = connection.execute(query).scalar()
    return found
