"""A crafter's stock and two shops that sell it, for the tests of orders."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, select

from syncer.catalogue.edit import save_product
from syncer.channels.records import Account, load_account
from syncer.domain.order import Meaning, OrderLine, RemoteOrder
from syncer.inventory.ledger import find_location, set_on_hand
from syncer.inventory.levels import Level, available, full_levels
from syncer.orders.take_in import TakenIn, take_in
from syncer.sdk.contract import OrderFacts
from syncer.store.engine import Engine, read, write
from syncer.store.order_tables import channel_order, order_count, oversell
from syncer.store.tables import listing, offer, stock_movement
from tests.catalogue.builders import NOW, add_account, add_listing, bowl, owed, settle

MEANINGS = {
    "UNPAID": Meaning.HOLD,
    "READY": Meaning.SOLD,
    "SHIPPED": Meaning.GONE,
    "CANCELLED": Meaning.BACK,
    "TRIAL": Meaning.IGNORE,
    "TO_RETURN": Meaning.ASK,
}
#: A platform that lowers its number when an order is paid, and gives it back when it is called off.
LOWERS = {"UNPAID": False, "READY": True, "SHIPPED": True, "CANCELLED": False}
FACTS = OrderFacts(meanings=MEANINGS, lowers=LOWERS)


def at(seconds: float) -> dt.datetime:
    """A moment so many seconds after the tests' beginning."""
    return NOW + dt.timedelta(seconds=seconds)


def line(line_id: str = "1", sku: str = "mangkuk-biru", quantity: int = 1, **more: Any) -> OrderLine:
    values: dict[str, Any] = {"listing_id": "", "offer_id": "", "price": Decimal(85000), "currency": "IDR"}
    return OrderLine(line_id=line_id, sku=sku, quantity=quantity, **(values | more))


def order(
    status: str = "READY",
    lines: Sequence[OrderLine] = (),
    *,
    name: str = "A1",
    created: float = 100,
    updated: float | None = None,
    **more: Any,
) -> RemoteOrder:
    changed = at(created if updated is None else updated)
    return RemoteOrder(name, status, at(created), changed, tuple(lines) or (line(),), **more)


class Shops:
    """Five blue bowls and no white one, on sale in two shops that are as they should be."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        with write(engine) as connection:
            saved = save_product(connection, bowl(), now=NOW)
            assert saved.variant_ids is not None
            self.product = saved.product_id
            self.blue, self.white = saved.variant_ids["mangkuk-biru"], saved.variant_ids["mangkuk-putih"]
            set_on_hand(connection, "mangkuk-biru", 5, now=NOW)
            self.main = find_location(connection).id
            ids = [add_account(connection, name, shop_id=f"s-{name}", mode="live") for name in ("satu", "dua")]
            shown = {self.blue: 5, self.white: 0}
            self.listings = [
                add_listing(connection, key, self.product, shown, remote_id=f"L{key}", known={"status": "live"})
                for key in ids
            ]
            for listing_id in self.listings:
                for variant_id in shown:
                    row = (offer.c.listing_id == listing_id) & (offer.c.variant_id == variant_id)
                    connection.execute(
                        offer.update().where(row).values(remote_id=f"M{variant_id}", acknowledged_at=at(0))
                    )
            settle(connection)
            self.one, self.two = (load_account(connection, key) for key in ids)

    def mine(self, account: Account, quantity: int = 1, line_id: str = "1", **more: Any) -> OrderLine:
        """A line as a shop names the blue bowl."""
        names = {"listing_id": f"L{account.id}", "offer_id": f"M{self.blue}"}
        return line(line_id, quantity=quantity, **(names | more))

    def take(
        self,
        *orders: RemoteOrder,
        account: Account | None = None,
        began: float = 200,
        facts: OrderFacts = FACTS,
        **more: Any,
    ) -> TakenIn:
        with write(self.engine) as connection:
            return take_in(
                connection,
                account or self.one,
                facts,
                orders,
                read_began_at=at(began),
                now=at(began + 1),
                **more,
            )

    def level(self, variant_id: int | None = None) -> Level:
        """What the main location has."""
        key = variant_id or self.blue
        with read(self.engine) as connection:
            return full_levels(connection, [key])[key].get(self.main, Level())

    def free(self) -> int:
        with read(self.engine) as connection:
            return available(connection, [self.blue])[self.blue]

    def shown(self, number: int = 0) -> tuple[int | None, bool]:
        """What is known of the blue bowl in one shop: its number, and whether that is unsure."""
        with read(self.engine) as connection:
            here = (offer.c.listing_id == self.listings[number]) & (offer.c.variant_id == self.blue)
            row = connection.execute(select(offer.c.quantity, offer.c.quantity_unknown).where(here)).one()
            return row.quantity, row.quantity_unknown

    def owed(self, number: int = 0) -> tuple[int, int]:
        with read(self.engine) as connection:
            return owed(connection, self.listings[number])

    def settle(self) -> None:
        with write(self.engine) as connection:
            settle(connection)

    def set(self, number: int = 0, **values: Any) -> None:
        """Change the listing of one shop."""
        with write(self.engine) as connection:
            connection.execute(listing.update().where(listing.c.id == self.listings[number]).values(values))

    def orders(self) -> list[Mapping[str, Any]]:
        return self._all(channel_order)

    def oversells(self) -> list[Mapping[str, Any]]:
        return self._all(oversell)

    def counts(self) -> list[tuple[int, int, int]]:
        return [(row["held"], row["gone"], row["returned"]) for row in self._all(order_count)]

    def movements(self) -> list[Mapping[str, Any]]:
        return [row for row in self._all(stock_movement) if row["reference"].startswith("order:")]

    def _all(self, table: Any) -> list[Mapping[str, Any]]:
        with read(self.engine) as connection:
            return [dict(row) for row in connection.execute(select(table)).mappings()]


def count(connection: Connection, sku: str, n: int) -> None:
    set_on_hand(connection, sku, n, now=NOW)
