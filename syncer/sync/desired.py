"""The wanted state of listings, computed now, from one snapshot: catalogue, stock, prices, mappings, pictures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from sqlalchemy import Connection, and_, select

from syncer.catalogue.read import load_products
from syncer.catalogue.taxonomy import mapped
from syncer.channels.facts import Fact, read_facts
from syncer.channels.mappings import CategoryMapping, resolve_categories
from syncer.channels.pricing import channel_price, override_prices
from syncer.channels.records import Account
from syncer.domain.listing import Picture, WantedListing, WantedOffer
from syncer.domain.pricing import RateMissing
from syncer.domain.problem import Problem, Who
from syncer.domain.product import Product, Variant
from syncer.domain.words import Words
from syncer.inventory.free import Supply, load_supply
from syncer.inventory.placing import barred
from syncer.store.tables import picture_upload
from syncer.sync.rows import Item


@dataclass(frozen=True, slots=True)
class Desired:
    """What one listing should be. ``pictures_waiting``: some of its pictures aren't uploaded yet.
    ``pictures_new``: some were never asked for (a photo was added since it was published).

    ``problem`` says why nothing can be computed at all (a missing rate, say). ``unplaced``: variants that one account
    at a time may show, and that have no place yet: nobody shows them until they have.
    """

    listing: WantedListing
    pictures_waiting: bool = False
    pictures_new: bool = False
    problem: Problem | None = None
    unplaced: frozenset[int] = frozenset()


def load_desired(
    connection: Connection, account: Account, items: Sequence[Item], *, uploads: bool
) -> dict[int, Desired]:
    """Return the wanted state by listing id, with few set-based queries for all ``items``.

    ``uploads``: the channel takes pictures by upload, so their remote ids are looked up.
    """
    products = load_products(connection, sorted({item.product_id for item in items}))
    variant_ids = [variant.id for product in products.values() for variant in product.variants]
    supply = load_supply(connection, variant_ids)
    barred, unplaced = _barred(connection, account, products.values(), supply)
    free = {
        key: supply.own(key, account.id) if key in barred else supply.free(key, account.id, account.location_id)
        for key in variant_ids
    }
    overrides = override_prices(connection, account.id, variant_ids)
    pictures = _uploads(connection, account.id, products.values()) if uploads else None
    keys = [product.category_key for product in products.values()]
    mappings = resolve_categories(connection, account, keys, shipped=mapped)
    found: dict[int, Desired] = {}
    for item in items:
        product = products.get(item.product_id)
        if product is not None:
            mapping = mappings.get(product.category_key)
            wanted = _desired(account, item, product, free, overrides, pictures, mapping)
            mine = unplaced.intersection(variant.id for variant in product.variants)
            found[item.id] = replace(wanted, unplaced=mine) if mine else wanted
    return found


def _barred(
    connection: Connection, account: Account, products: Iterable[Product], supply: Supply
) -> tuple[frozenset[int], frozenset[int]]:
    """Return the variants that this account may not show now, and those that have no place yet."""
    if account.location_id is not None:
        return frozenset(), frozenset()
    variants = {one.id: (product.id, one.single_piece) for product in products for one in product.variants}
    return barred(connection, account.id, variants, supply)


def _desired(
    account: Account,
    item: Item,
    product: Product,
    free: Mapping[int, int],
    overrides: Mapping[int, Decimal],
    uploads: Mapping[str, tuple[str | None, bool]] | None,
    mapping: CategoryMapping | None,
) -> Desired:
    chosen, waiting, new = _pictures(product, uploads)
    problem: Problem | None = None
    try:
        offers = tuple(_offer(account, product, variant, free, overrides) for variant in product.variants)
    except RateMissing as error:
        # Prices can't be computed, so nothing but stock is sent.
        problem = _rate_problem(error)
        offers = tuple(_offer(account, product, one, free, {one.id: one.price}) for one in product.variants)
    listing = WantedListing(
        marker=product.handle,
        title=product.title,
        description=product.description,
        currency=account.currency,
        category_key=product.category_key,
        category=mapping.remote_id if mapping else "",
        story=product.story,
        materials=product.materials,
        attributes={**(mapping.attributes if mapping else {}), **product.attributes},
        brand=product.brand,
        condition=product.condition,
        pictures=chosen,
        option_names=product.option_names,
        offers=offers,
        made_to_order_days=product.made_to_order_days,
        settings=account.settings,
        live=item.wanted == "live",
    )
    return Desired(listing, waiting, new, problem)


def _offer(
    account: Account,
    product: Product,
    variant: Variant,
    free: Mapping[int, int],
    overrides: Mapping[int, Decimal],
) -> WantedOffer:
    default = account.package_default(product.category_key)
    return WantedOffer(
        key=str(variant.id),
        sku=variant.sku,
        price=channel_price(account, variant.price, overrides.get(variant.id)),
        quantity=account.allocation.shown(free.get(variant.id, 0), single_piece=variant.single_piece),
        option_values=variant.option_values,
        weight_g=variant.weight_g or default.weight_g,
        length_mm=variant.length_mm or default.length_mm,
        width_mm=variant.width_mm or default.width_mm,
        height_mm=variant.height_mm or default.height_mm,
        barcode=variant.barcode,
    )


def _pictures(
    product: Product, uploads: Mapping[str, tuple[str | None, bool]] | None
) -> tuple[tuple[Picture, ...], bool, bool]:
    if uploads is None:
        return tuple(Picture(photo.sha256, None, photo.sku) for photo in product.photos), False, False
    chosen: list[Picture] = []
    waiting = False
    for photo in product.photos:
        remote_id, failed = uploads.get(photo.sha256, (None, False))
        if remote_id is not None:
            chosen.append(Picture(photo.sha256, remote_id, photo.sku))
        elif not failed:
            waiting = True
    new = any(photo.sha256 not in uploads for photo in product.photos)
    return tuple(chosen), waiting, new


def _uploads(
    connection: Connection, account_id: int, products: Iterable[Product]
) -> dict[str, tuple[str | None, bool]]:
    hashes = sorted({photo.sha256 for product in products for photo in product.photos})
    if not hashes:
        return {}
    query = select(picture_upload.c.sha256, picture_upload.c.remote_id, picture_upload.c.problem).where(
        and_(picture_upload.c.account_id == account_id, picture_upload.c.sha256.in_(hashes))
    )
    return {row.sha256: (row.remote_id, row.problem is not None) for row in connection.execute(query)}


def load_facts(connection: Connection, account_id: int, keys: Sequence[str]) -> dict[str, Fact]:
    """Return the facts of an account that were fetched already, by key."""
    return read_facts(connection, account_id, keys) if keys else {}


def _rate_problem(error: RateMissing) -> Problem:
    remedy = Words("Isi kurs pada akun toko ini.", "Set the rate on this account.")
    return Problem("rate_missing", error.words, remedy, Who.ADMINISTRATOR, field="price")
