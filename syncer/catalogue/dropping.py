"""End one variant of a product that goes on: what stands against it, and what stays of it.

Its ledger, its orders and its SKU stay with it, so that it comes back as itself when the product is saved with that
SKU again (an import does). Refused is what would leave a promise behind that nobody sees any more.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from sqlalchemy import Connection, and_, func, or_, select

from syncer.catalogue.errors import BadProduct, bad
from syncer.catalogue.read import load_products
from syncer.catalogue.save import Saved, lock_catalogue, save_products
from syncer.domain.product import Product, ProductStatus
from syncer.domain.words import SyncerError
from syncer.store.locks import lock_products
from syncer.store.order_tables import bundle_part, channel_order, order_count, order_line, reservation
from syncer.store.skus import FoundVariant, find_variant
from syncer.store.tables import listing, offer, stock_level, variant

_NAMED = 5


class Leaving(NamedTuple):
    """A variant that can be dropped: ``shops`` show it now, and ``on_hand`` pieces stay in the ledger."""

    sku: str
    handle: str
    option_values: tuple[str, ...]
    left: int
    shops: int
    on_hand: int


def leaving(connection: Connection, sku: str) -> Leaving:
    """Return what dropping a variant means; nothing is written.

    Raises :class:`~syncer.catalogue.errors.BadProduct` for what can't go, with the remedy: the only variant of its
    product, one that is on order, set aside for a campaign, or part of a bundle. ``UnknownSku`` if there is none.
    """
    found = find_variant(connection, sku)
    product = load_products(connection, [found.product_id])[found.product_id]
    _check(connection, product, found)
    values = next(one.option_values for one in product.variants if one.id == found.id)
    shown = select(func.count()).select_from(offer.join(listing)).where(offer.c.variant_id == found.id)
    count = select(func.coalesce(func.sum(stock_level.c.on_hand), 0)).where(stock_level.c.variant_id == found.id)
    return Leaving(
        found.sku,
        product.handle,
        values,
        len(product.variants) - 1,
        int(connection.execute(shown.where(listing.c.remote_id.is_not(None))).scalar_one()),
        int(connection.execute(count).scalar_one()),
    )


def drop_variant(connection: Connection, sku: str, *, now: dt.datetime, cause_id: int | None = None) -> Saved:
    """Retire one variant; every shop stops selling it first, then takes it off, and keeps the others as they are.

    Raises as :func:`leaving` does.
    """
    lock_catalogue(connection)
    found = find_variant(connection, sku)
    lock_products(connection, [found.product_id])
    product = load_products(connection, [found.product_id])[found.product_id]
    _check(connection, product, found)
    kept = tuple(one for one in product.variants if one.id != found.id)
    outcome = save_products(connection, [replace(product, variants=kept)], now=now, cause_id=cause_id)[0]
    if isinstance(outcome, SyncerError):
        raise outcome
    return outcome


def _check(connection: Connection, product: Product, found: FoundVariant) -> None:
    for error in (
        _is_last(product, found.sku),
        _in_bundles(connection, found),
        _on_order(connection, found),
        _set_aside(connection, found),
    ):
        if error is not None:
            raise error


def _is_last(product: Product, sku: str) -> BadProduct | None:
    if product.status is not ProductStatus.ACTIVE:
        return bad(
            "variants",
            f"{product.handle} sedang dihapus seluruhnya; tidak ada lagi yang perlu dihapus.",
            f"{product.handle} is being deleted as a whole; nothing is left to drop.",
        )
    if len(product.variants) > 1:
        return None
    return bad(
        "variants",
        f"{sku} satu-satunya varian {product.handle}. Hapus produknya: `syncer products delete {product.handle}`; "
        f"atau tarik dari toko saja: `syncer withdraw {product.handle} --everywhere`.",
        f"{sku} is the only variant of {product.handle}. Delete the product: `syncer products delete "
        f"{product.handle}`; or only take it off the shops: `syncer withdraw {product.handle} --everywhere`.",
    )


def _in_bundles(connection: Connection, found: FoundVariant) -> BadProduct | None:
    query = (
        select(variant.c.sku)
        .join(bundle_part, bundle_part.c.variant_id == variant.c.id)
        .where(and_(bundle_part.c.part_id == found.id, variant.c.retired_at.is_(None)))
        .order_by(variant.c.sku)
    )
    bundles = list(connection.execute(query).scalars())
    if not bundles:
        return None
    return bad(
        "variants",
        f"{found.sku} adalah isi paket {_listed(bundles)}, yang tidak bisa dijual tanpa isinya. Ubah dulu isinya: "
        f"`syncer bundle set {bundles[0]} ISI:N ...`, atau `syncer bundle remove {bundles[0]}`.",
        f"{found.sku} is a part of the bundle {_listed(bundles)}, which can't be sold without it. Change its parts "
        f"first: `syncer bundle set {bundles[0]} PART:N ...`, or `syncer bundle remove {bundles[0]}`.",
    )


def _on_order(connection: Connection, found: FoundVariant) -> BadProduct | None:
    """Its open orders still promise pieces; of a bundle, those of its parts."""
    line = and_(order_line.c.order_id == channel_order.c.id, order_line.c.variant_id == found.id)
    query = (
        select(channel_order.c.remote_id)
        .join(order_count, and_(order_count.c.order_id == channel_order.c.id, order_count.c.held > 0))
        .where(or_(order_count.c.variant_id == found.id, select(order_line.c.line_id).where(line).exists()))
        .distinct()
        .order_by(channel_order.c.remote_id)
    )
    orders = list(connection.execute(query).scalars())
    if not orders:
        return None
    return bad(
        "variants",
        f"{found.sku} masih dipesan ({_listed(orders)}), dan barangnya sudah dijanjikan. Berhenti menjualnya sekarang: "
        f"`syncer stock set {found.sku} N` dengan N sebanyak yang dijanjikan. Setelah pesanannya dikirim, batal, atau "
        "ditutup (`syncer orders close`), hapus lagi.",
        f"{found.sku} is on order ({_listed(orders)}), and its pieces are promised. To stop selling it now: "
        f"`syncer stock set {found.sku} N`, with N as many as are promised. Once these orders are sent, called off or "
        "closed (`syncer orders close`), drop it again.",
    )


def _set_aside(connection: Connection, found: FoundVariant) -> BadProduct | None:
    open_ones = and_(reservation.c.variant_id == found.id, reservation.c.state != "released")
    query = select(reservation.c.campaign).where(open_ones).distinct().order_by(reservation.c.campaign)
    campaigns = list(connection.execute(query).scalars())
    if not campaigns:
        return None
    return bad(
        "variants",
        f'{found.sku} disisihkan untuk "{_listed(campaigns)}". Lepaskan dulu: '
        f'`syncer reserve release --campaign "{campaigns[0]}"`.',
        f'{found.sku} is set aside for "{_listed(campaigns)}". Release it first: '
        f'`syncer reserve release --campaign "{campaigns[0]}"`.',
    )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:_NAMED]) + (", …" if len(names) > _NAMED else "")
