"""Compare what a sandbox shows with the catalogue, field by field."""

from __future__ import annotations

import html
import json
import re
import urllib.request
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from syncer.catalogue.read import load_products
from syncer.channels.connectors import open_connector
from syncer.channels.listings import ListingRow, listing_rows
from syncer.channels.pricing import channel_price
from syncer.channels.records import get_account
from syncer.cli.demo.shops import DemoShop, OpenShop
from syncer.inventory.levels import available
from syncer.sdk.contract import NeedsFacts, UploadsPictures
from syncer.sync.desired import load_desired, load_facts
from syncer.sync.rows import load_items

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from syncer.channels.records import Account
    from syncer.cli.desk import Desk
    from syncer.domain.listing import Rendered
    from syncer.domain.product import Product

_MOST_BYTES = 20_000_000
_TAG = re.compile(r"</?[a-z][^>]*>")


class Different(NamedTuple):
    """One field that is not what the catalogue says."""

    handle: str
    field: str
    wanted: object
    shown: object


class State(NamedTuple):
    """How far a shop is: ``live`` shows exactly what we want, ``waiting`` not yet (a review, say).

    ``expected`` are products that the shop can't take, known beforehand, with the reason.
    """

    shop: DemoShop
    rows: Sequence[ListingRow]
    live: Sequence[ListingRow]
    waiting: Sequence[ListingRow]
    expected: Sequence[ListingRow]
    unexpected: Sequence[ListingRow]


def look(desk: Desk, shops: Iterable[OpenShop]) -> list[State]:
    """Return how every listing of every shop stands."""
    with desk.read() as connection:
        return [_state(connection, one.shop) for one in shops]


def _state(connection: Connection, shop: DemoShop) -> State:
    rows = listing_rows(connection, account_id=get_account(connection, shop.name).id)
    stuck = [row for row in rows if row.state in ("fix", "parked", "gone", "blocked")]
    live = [row for row in rows if row.synced and row.state == "live"]
    return State(
        shop=shop,
        rows=rows,
        live=live,
        waiting=[row for row in rows if row not in live and row not in stuck],
        expected=[row for row in stuck if _is_expected(shop, row)],
        unexpected=[row for row in stuck if not _is_expected(shop, row)],
    )


def _is_expected(shop: DemoShop, row: ListingRow) -> bool:
    return row.problem is not None and shop.expected.get(row.handle) == row.problem.code


def compare(desk: Desk, shop: OpenShop) -> list[Different]:
    """Return every difference between a sandbox's listings and what the catalogue wants there.

    Prices and counts come from the catalogue and the account's rules; texts, category and pictures as the connector
    says that this platform stores them (its suffix of a short title, say). Products that the shop can't take are
    not to be there at all.
    """
    there = {str(one["remote_id"]): one for one in _get(f"{shop.control_url}/listings") if one["status"] != "deleted"}
    by_sku = {offer["sku"]: one for one in there.values() for offer in one["offers"]}
    found: list[Different] = []
    for wanted in _all_wanted(desk, shop):
        product = wanted.product
        shown = next((by_sku[one.sku] for one in product.variants if one.sku in by_sku), None)
        if shown is not None:
            there.pop(str(shown["remote_id"]), None)
        if wanted.left_out:
            if shown is not None:
                found.append(Different(product.handle, "listing", None, shown["remote_id"]))
        elif shown is None:
            found.append(Different(product.handle, "listing", product.title, None))
        else:
            pairs = [*_content(wanted, shown), *_offers(wanted, shown)]
            found += [Different(product.handle, name, one, other) for name, one, other in pairs if one != other]
    return found + [Different("-", "listing", None, one["title"]) for one in there.values()]


class _Wanted(NamedTuple):
    """What one product should be in a shop."""

    account: Account
    product: Product
    rendered: Rendered
    stock: Mapping[int, int]
    left_out: bool


_Pair = tuple[str, object, object]


def _all_wanted(desk: Desk, shop: OpenShop) -> list[_Wanted]:
    account = desk.account(shop.shop.name)
    connector = open_connector(
        account, engine=desk.engine, keys=desk.keys, home=desk.settings.home, allowed=desk.connectors
    )
    with desk.read() as connection:
        rows = listing_rows(connection, account_id=account.id)
        items = list(load_items(connection, [row.id for row in rows]).values())
        desired = load_desired(connection, account, items, uploads=isinstance(connector, UploadsPictures))
        products = load_products(connection, [row.product_id for row in rows])
        stock = available(
            connection, [one.id for product in products.values() for one in product.variants], account.location_id
        )
        found = []
        for row in rows:
            listing = desired[row.id].listing
            keys = connector.fact_keys(listing) if isinstance(connector, NeedsFacts) else ()
            facts = {key: fact.value for key, fact in load_facts(connection, account.id, sorted(keys)).items()}
            rendered = connector.render(listing, facts)
            left_out = _is_expected(shop.shop, row)
            found.append(_Wanted(account, products[row.product_id], rendered, stock, left_out))
    return found


def _content(wanted: _Wanted, shown: Mapping[str, Any]) -> list[_Pair]:
    product, fields = wanted.product, wanted.rendered.fields
    images = [str(one) for one in shown["images"]]
    pairs: list[_Pair] = [
        ("status", "live", shown["status"]),
        *((f"status on {place}", "live", status) for place, status in shown.get("platforms", {}).items()),
        ("title", fields["title"], shown["title"]),
        ("description", _words(fields["description"]), _words(shown["description"])),
        ("category", str(fields["category"]), str(shown["category_id"])),
        ("images", len(product.photos), len(images)),
        ("skus", sorted(one.sku for one in product.variants), sorted(one["sku"] for one in shown["offers"])),
    ]
    for number, (remote_id, address) in enumerate(zip(fields["pictures"], images, strict=False), 1):
        pairs.append((f"image {number}", True, str(remote_id) in address or f"{remote_id} is not {address}"))
    return pairs


def _offers(wanted: _Wanted, shown: Mapping[str, Any]) -> list[_Pair]:
    account, pairs = wanted.account, list[_Pair]()
    offers = {one["sku"]: one for one in shown["offers"]}
    for one in wanted.product.variants:
        offer = offers.get(one.sku)
        if offer is None:
            continue
        free = account.allocation.shown(wanted.stock.get(one.id, 0), single_piece=one.single_piece)
        pairs += [
            (f"{one.sku} price", channel_price(account, one.price), Decimal(str(offer["price"]))),
            (f"{one.sku} currency", account.currency, offer["currency"]),
            (f"{one.sku} stock", free, offer["stock"]),
        ]
    return pairs


def _words(text: object) -> str:
    """Return a description's words: platforms keep them as HTML, or with other line breaks."""
    plain = str(text)
    if _TAG.search(plain):
        plain = html.unescape(_TAG.sub(" ", plain))
    return " ".join(plain.split())


def _get(address: str) -> Any:
    if not address.startswith("http://127.0.0.1:"):
        raise ValueError("a sandbox is on this machine")
    with urllib.request.urlopen(address, timeout=10) as answer:  # checked above  # noqa: S310  # nosec B310
        return json.loads(answer.read(_MOST_BYTES))
