"""Products and listings for the tests of catalogue and inventory."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, insert, select

from syncer.domain.product import Product, Variant
from syncer.store.tables import account, listing, media, offer

NOW = dt.datetime(2026, 11, 24, 8, 0, tzinfo=dt.UTC)
LATER = NOW + dt.timedelta(hours=1)


def bowl(handle: str = "mangkuk", **changes: Any) -> Product:
    """A bowl in two colours."""
    values: dict[str, Any] = {
        "handle": handle,
        "title": "Mangkuk Tanah Liat",
        "description": "Dibakar dengan kayu.\nTahan panas.",
        "materials": ("tanah liat", "glasir"),
        "category_key": "mangkuk-keramik",
        "option_names": ("Warna",),
        "variants": (
            Variant(f"{handle}-biru", Decimal(85000), ("Biru",), weight_g=400),
            Variant(f"{handle}-putih", Decimal(80000), ("Putih",), weight_g=400),
        ),
        "attributes": {"teknik": "putar"},
        "maker": "Kelompok Tungku",
        "unit": "Setu",
    }
    return Product(**(values | changes))


def add_account(connection: Connection, name: str = "toko", **changes: Any) -> int:
    """An account whose listings can be marked."""
    values: dict[str, Any] = {
        "name": name,
        "connector": "shopee",
        "options": {},
        "budget_group": "g",
        "currency": "IDR",
        "price_rule": {},
        "field_owners": {},
        "settings": {},
        "package_defaults": {},
        "brake": {},
        "created_at": NOW,
    }
    statement = insert(account).values(values | changes).returning(account.c.id)
    return int(connection.execute(statement).scalar_one())


def add_listing(
    connection: Connection,
    account_id: int,
    product_id: int,
    shown: dict[int, int | None] | None = None,
    **changes: Any,
) -> int:
    """A listing that exists there and owes nothing; ``shown`` is the acknowledged quantity by variant id."""
    values: dict[str, Any] = {
        "account_id": account_id,
        "product_id": product_id,
        "remote_id": f"r{account_id}-{product_id}",
        "due_at": NOW,
        "created_at": NOW,
    }
    listing_id = int(connection.execute(insert(listing).values(values | changes).returning(listing.c.id)).scalar_one())
    for variant_id, quantity in (shown or {}).items():
        connection.execute(
            insert(offer).values(
                listing_id=listing_id, variant_id=variant_id, option_values=[], fields={}, quantity=quantity
            )
        )
    return listing_id


def owed(connection: Connection, listing_id: int) -> tuple[int, int]:
    """What the listing owes, and in which lane."""
    row = connection.execute(select(listing.c.due, listing.c.lane).where(listing.c.id == listing_id)).one()
    return row.due, row.lane


def settle(connection: Connection) -> None:
    """As if every listing had been acknowledged."""
    from sqlalchemy import update

    connection.execute(update(listing).values(due=0, lane=9, stock_due_since=None))


def add_media(connection: Connection, *shas: str) -> None:
    """Pictures, as rows only."""
    for sha in shas:
        connection.execute(
            insert(media).values(sha256=sha, mime="image/jpeg", width=800, height=600, size_bytes=1000, created_at=NOW)
        )
