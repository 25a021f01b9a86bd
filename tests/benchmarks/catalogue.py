"""Put a catalogue and its listings into a database the short way: as if all had been published and acknowledged."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from sqlalchemy import Engine, insert, select, update

from syncer.channels.joining import add_account
from syncer.channels.records import Account
from syncer.inventory.locations import DEFAULT_LOCATION, find_location
from syncer.store.engine import write
from syncer.store.sealed import Keys
from syncer.store.tables import account as account_table
from syncer.store.tables import listing, offer, product, stock_level, variant
from tests.benchmarks.connector import load

PRICE = Decimal(10_000)
_AT_ONCE = 5_000


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def handle(number: int) -> str:
    return f"p{number:06}"


def sku(number: int) -> str:
    """The SKU of the variant with that number, counted over all products."""
    return f"s{number:06}"


def fill(engine: Engine, products: int, variants: int = 1, stock: int = 100_000) -> None:
    """Add ``products`` products of ``variants`` variants each, all with ``stock`` pieces."""
    sizes = [f"U{n}" for n in range(variants)] if variants > 1 else []
    with write(engine) as connection:
        place = find_location(connection, DEFAULT_LOCATION).id
        for start in range(0, products, _AT_ONCE):
            numbers = range(start, min(start + _AT_ONCE, products))
            connection.execute(insert(product), [_product(n, bool(sizes)) for n in numbers])
            first, last = handle(numbers[0]), handle(numbers[-1])
            query = select(product.c.id).where(product.c.handle.between(first, last)).order_by(product.c.handle)
            ids = list(connection.execute(query).scalars())
            rows = [
                _variant(key, n * variants + size, sizes, size)
                for n, key in zip(numbers, ids, strict=True)
                for size in range(variants)
            ]
            connection.execute(insert(variant), rows)
            keys = connection.execute(select(variant.c.id).where(variant.c.product_id.in_(ids))).scalars()
            levels = [{"variant_id": key, "location_id": place, "on_hand": stock} for key in keys]
            connection.execute(insert(stock_level), levels)


def _product(number: int, has_sizes: bool) -> dict[str, Any]:
    return {
        "handle": handle(number),
        "title": f"Mangkuk kayu {number}",
        "description": "Mangkuk kayu jati buatan tangan dari Serpong, halus dan kuat.",
        "materials": ["kayu jati"],
        "category_key": "kayu",
        "option_names": ["Ukuran"] if has_sizes else [],
        "attributes": {},
        "created_at": now(),
        "changed_at": now(),
    }


def _variant(product_id: int, number: int, sizes: list[str], size: int) -> dict[str, Any]:
    values = [sizes[size]] if sizes else []
    return {"product_id": product_id, "sku": sku(number), "option_values": values, "price": PRICE, "position": size}


def join(
    engine: Engine, keys: Keys, home: Any, name: str, base_url: str, connector: str = "bench_many", **options: Any
) -> Account:
    """Add an account of the bench's platform."""
    values = {"base_url": base_url, "shop": name, **options}
    return add_account(
        engine, keys, home=home, connector=connector, name=name, options=values, now=now(), load=load
    ).account


def list_all(engine: Engine, account: Account, stock: int = 100_000) -> None:
    """Give every product a listing on ``account``, live and acknowledged."""
    with write(engine) as connection:
        # As if it had been walked just now: a walk a minute after the start would be measured, too.
        swept = update(account_table).where(account_table.c.id == account.id).values(swept_at=now())
        connection.execute(swept)
        rows = connection.execute(
            select(product.c.id, product.c.handle, product.c.title, product.c.description, product.c.option_names)
        ).all()
        for start in range(0, len(rows), _AT_ONCE):
            part = rows[start : start + _AT_ONCE]
            connection.execute(insert(listing), [_listing(account.id, row) for row in part])
        query = (
            select(listing.c.id, variant.c.id, variant.c.sku, variant.c.option_values)
            .join(variant, variant.c.product_id == listing.c.product_id)
            .where(listing.c.account_id == account.id)
        )
        offers = [_offer(row, stock) for row in connection.execute(query)]
        for start in range(0, len(offers), _AT_ONCE):
            connection.execute(insert(offer), offers[start : start + _AT_ONCE])


def _listing(account_id: int, row: Any) -> dict[str, Any]:
    fields = {"title": row.title, "description": row.description}
    known = {"status": "live", "fields": fields, "option_names": row.option_names, "strangers": [], "extra": {}}
    return {
        "account_id": account_id,
        "product_id": row.id,
        "remote_id": f"r-{row.handle}",
        "state": "live",
        "known": known,
        "due_at": now(),
        "acknowledged_version": 1,
        "acknowledged_at": now(),
        "verified_at": now(),
        "created_at": now(),
    }


def _offer(row: Any, stock: int) -> dict[str, Any]:
    return {
        "listing_id": row[0],
        "variant_id": row[1],
        "remote_id": f"o{row[1]}",
        "sku": row.sku,
        "option_values": row.option_values,
        "price": PRICE,
        "quantity": stock,
        "fields": {},
        "acknowledged_at": now(),
    }
