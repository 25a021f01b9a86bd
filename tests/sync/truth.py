"""What the catalogue ever said, and whether a shop tells the same: the yardstick of the engine's tests."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from syncer.catalogue.read import load_products
from syncer.inventory.levels import available
from syncer.store.tables import listing, stock_movement


@dataclass(frozen=True, slots=True)
class Wanted:
    """One product as a shop should show it: its title, and (price, stock) by SKU; ``shown`` or taken off."""

    title: str
    offers: dict[str, tuple[int, int]]
    shown: bool


class Truth:
    """Every value that was committed, by variant, and the names that a shop may know a variant under."""

    def __init__(self) -> None:
        self.titles: set[str] = set()
        #: Orders come in, too: each committed number of pieces is in the ledger, and a shop may have fewer meanwhile.
        self.sells = False
        self._names: dict[str, set[int]] = defaultdict(set)
        self._values: dict[tuple[str, int], set[int]] = defaultdict(set)

    def note(self, connection: Connection, product_id: int) -> None:
        """Take down what a product is now; call it in the transaction that changed it."""
        product = load_products(connection, [product_id])[product_id]
        free = available(connection, [variant.id for variant in product.variants])
        self.titles.add(product.title)
        for variant in product.variants:
            self._values["price", variant.id].add(int(variant.price))
            self._values["stock", variant.id].add(free[variant.id])
            # An item without variants, and one that has none yet, go by the product's handle there.
            for name in (variant.sku, product.handle):
                self._names[name].add(variant.id)

    def _committed(self, field: str, sku: str) -> set[int]:
        return {value for variant_id in self._names[sku] for value in self._values[field, variant_id]}

    def read_ledger(self, connection: Connection) -> None:
        """Take down every number of pieces that orders led to, where all goods are in one place."""
        self.sells = True
        for row in connection.execute(select(stock_movement)):
            self._values["stock", row.variant_id].add(row.on_hand_after - row.held_after)

    def check_history(self, history: list[dict[str, Any]]) -> None:
        """Fail if a value ever reached the shop that was never committed (what others did there aside)."""
        for write in history:
            if write["by"] in ("person", "order"):
                continue
            value = write["value"]
            if write["field"] == "title":
                assert value in self.titles, write
            elif self.sells and write["field"] == "stock":
                assert int(value) <= max(self._committed("stock", write["sku"])), write
            else:
                assert int(value) in self._committed(write["field"], write["sku"]), write


def wanted(connection: Connection, account_id: int) -> list[Wanted]:
    """Return what the shop of an account should show, computed from the tables alone."""
    rows = connection.execute(select(listing.c.product_id, listing.c.wanted).where(listing.c.account_id == account_id))
    states = {row.product_id: row.wanted for row in rows}
    products = load_products(connection, sorted(states))
    free = available(connection, [variant.id for one in products.values() for variant in one.variants])
    return [
        Wanted(
            product.title,
            {variant.sku: (int(variant.price), max(free[variant.id], 0)) for variant in product.variants},
            states[key] == "live",
        )
        for key, product in products.items()
    ]


def compare(wishes: list[Wanted], there: list[dict[str, Any]]) -> None:
    """Fail unless the shop shows every wanted product, exactly once, as it is, and nothing else."""
    alive = [row for row in there if row["status"] != "deleted"]
    on_sale = [row for row in alive if row["status"] != "hidden"]
    by_title: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in on_sale:
        by_title[row["title"]].append(row)
    shown = {wish.title: wish for wish in wishes if wish.shown}
    assert set(by_title) == set(shown), f"shown: {sorted(by_title)}, wanted: {sorted(shown)}"
    for title, rows in by_title.items():
        assert len(rows) == 1, f"{len(rows)} listings of {title}"
        assert rows[0]["status"] == "live", rows[0]
        offers = {offer["sku"]: (int(offer["price"]), int(offer["stock"])) for offer in rows[0]["offers"]}
        assert offers == shown[title].offers, title
    assert len(alive) <= len(wishes), "more listings than products"
