"""Shops for these tests: a platform over HTTP and a shop in a folder, added to a fresh database."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from syncer.catalogue.edit import save_product
from syncer.channels.accounts import Account, Added, Settings, add_account
from syncer.domain.product import Product, Variant
from syncer.store import tables as t
from syncer.store.engine import Engine, write
from syncer.store.sealed import Keys, new_key
from tests.channels.folder_shop import FolderConnector, make_shop
from tests.channels.kiosk import CrashingConnector, Kiosk, KioskConnector, RecoveringConnector

CONNECTORS: dict[str, Any] = {
    "kiosk": KioskConnector,
    "recovering": RecoveringConnector,
    "crashing": CrashingConnector,
    "folder": FolderConnector,
}


class Bench:
    """A database, its keys, and short ways to add shops and products to it."""

    def __init__(self, engine: Engine, home: Path, folder: Path) -> None:
        self.engine = engine
        self.home = home
        self.folder = folder
        self.keys = Keys([new_key()])
        self.now = dt.datetime.now(dt.UTC)

    @property
    def road(self) -> dict[str, Any]:
        """What every function that calls a shop takes besides."""
        return {"home": self.home, "load": self.load, "now": self.now}

    def load(self, name: str) -> Any:
        return CONNECTORS[name]

    def add(self, connector: str, name: str, options: Mapping[str, Any], settings: Settings | None = None) -> Added:
        return add_account(
            self.engine, self.keys, connector=connector, name=name, options=options, settings=settings, **self.road
        )

    def folder_account(self, name: str = "gudang", **shop: Any) -> Account:
        options = make_shop(self.folder / name, shop_id=shop.pop("shop_id", name), **shop)
        return self.add("folder", name, options).account

    def product(self, handle: str, *, price: int = 100_000, skus: tuple[str, ...] = (), category: str = "") -> int:
        names = ("Ukuran",) if len(skus) > 1 else ()
        variants = tuple(
            Variant(sku, Decimal(price), option_values=(sku,) if names else ()) for sku in skus or (handle.upper(),)
        )
        value = Product(
            handle, handle.replace("-", " ").title(), option_names=names, variants=variants, category_key=category
        )
        with write(self.engine) as connection:
            return save_product(connection, value, now=self.now).product_id

    def show(self, listing_id: int, variant_id: int, *, quantity: int, remote_id: str, status: str = "live") -> None:
        """Record what the engine would: the listing is there and shows ``quantity``."""
        with write(self.engine) as connection:
            connection.execute(
                t.listing.update()
                .where(t.listing.c.id == listing_id)
                .values(
                    remote_id=remote_id, state=status, due=0, lane=9, known={"status": status}, acknowledged_version=1
                )
            )
            connection.execute(
                insert(t.offer).values(
                    listing_id=listing_id,
                    variant_id=variant_id,
                    option_values=[],
                    fields={},
                    price=Decimal(100_000),
                    quantity=quantity,
                    remote_id=f"{remote_id}-1",
                )
            )


@pytest.fixture
def bench(engine: Engine, home: Path, tmp_path: Path) -> Bench:
    return Bench(engine, home, tmp_path / "shops")


@pytest.fixture
def kiosk() -> Iterator[Kiosk]:
    platform = Kiosk()
    yield platform
    platform.stop()


def dump(engine: Engine) -> str:
    """Everything that stands in the database about accounts, as text."""
    with engine.connect() as connection:
        rows = [
            dict(row)
            for table in (t.account, t.sign_in, t.sign_in_request, t.listing_event, t.meta)
            for row in connection.execute(table.select()).mappings()
        ]
    return json.dumps(rows, default=str)
