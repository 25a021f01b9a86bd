"""Compare what the sandbox shows with the catalogue, field by field."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from syncer.catalogue.read import iter_products
from syncer.channels.listings import ListingRow, listing_rows
from syncer.channels.pricing import channel_price
from syncer.channels.records import get_account
from syncer.domain.product import Product, ProductStatus
from syncer.inventory.levels import available

if TYPE_CHECKING:
    from syncer.channels.records import Account
    from syncer.cli.desk import Desk

_MOST_BYTES = 20_000_000

#: Two products of the demo can't go to this shop as they are, each for its own reason: so a person sees how an
#: honest problem looks, and can mend it.
EXPECTED = {"CPT-RJT-001": "shopee.no_category", "PAR-DPR-003": "shopee.no_pre_order"}


class Different(NamedTuple):
    """One field that is not what the catalogue says."""

    handle: str
    field: str
    wanted: object
    shown: object


class State(NamedTuple):
    """How far the demo is. ``expected`` are products that the shop can't take, known beforehand, with the reason."""

    rows: Sequence[ListingRow]
    waiting: Sequence[ListingRow]
    expected: Sequence[ListingRow]
    unexpected: Sequence[ListingRow]


def look(desk: Desk, account_name: str) -> State:
    """Return how every listing stands."""
    with desk.read() as connection:
        account = get_account(connection, account_name)
        rows = listing_rows(connection, account_id=account.id)
    stuck = [row for row in rows if row.state in ("fix", "parked", "gone", "blocked")]
    return State(
        rows=rows,
        waiting=[row for row in rows if not row.synced and row not in stuck],
        expected=[row for row in stuck if _is_expected(row)],
        unexpected=[row for row in stuck if not _is_expected(row)],
    )


def compare(desk: Desk, account_name: str, control_url: str) -> list[Different]:
    """Return every difference between the sandbox's listings and the catalogue; products it can't take are left out."""
    shown = {one["title"]: one for one in _get(f"{control_url}/listings") if one["status"] != "deleted"}
    found: list[Different] = []
    with desk.read() as connection:
        account = get_account(connection, account_name)
        left_out = {row.handle for row in listing_rows(connection, account_id=account.id) if _is_expected(row)}
        products = list(iter_products(connection, status=ProductStatus.ACTIVE))
        stock = available(connection, [one.id for product in products for one in product.variants], account.location_id)
    for product in products:
        there = shown.pop(product.title, None)
        if product.handle in left_out:
            if there is not None:
                found.append(Different(product.handle, "listing", None, there["remote_id"]))
        elif there is None:
            found.append(Different(product.handle, "listing", product.title, None))
        else:
            found += _differences(account, product, stock, there)
    found += [Different("-", "listing", None, title) for title in shown]
    return found


def _differences(account: Account, product: Product, stock: dict[int, int], there: dict[str, Any]) -> list[Different]:
    pairs: list[tuple[str, object, object]] = [
        ("status", "live", there["status"]),
        ("images", len(product.photos), _count(there["images"])),
        ("skus", sorted(one.sku for one in product.variants), sorted(one["sku"] for one in there["offers"])),
    ]
    offers = {one["sku"]: one for one in there["offers"]}
    for one in product.variants:
        offer = offers.get(one.sku)
        if offer is None:
            continue
        free = account.allocation.shown(stock.get(one.id, 0), single_piece=one.single_piece)
        pairs += [
            (f"{one.sku} price", channel_price(account, one.price), Decimal(str(offer["price"]))),
            (f"{one.sku} currency", account.currency, offer["currency"]),
            (f"{one.sku} stock", free, offer["stock"]),
        ]
    return [Different(product.handle, name, wanted, shown) for name, wanted, shown in pairs if wanted != shown]


def _count(images: Any) -> int:
    return len(images) if isinstance(images, list) else int(images)


def _is_expected(row: ListingRow) -> bool:
    return row.problem is not None and EXPECTED.get(row.handle) == row.problem.code


def _get(address: str) -> Any:
    if not address.startswith("http://127.0.0.1:"):
        raise ValueError("a sandbox is on this machine")
    with urllib.request.urlopen(address, timeout=10) as answer:  # checked above  # noqa: S310  # nosec B310
        return json.loads(answer.read(_MOST_BYTES))
