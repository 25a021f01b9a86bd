"""Bundles (hampers): a variant made of pieces of other variants. It has no stock of its own: its parts have."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, and_, delete, insert, or_, select

from syncer.domain.words import SyncerError, Words
from syncer.inventory.ripple import holding, mark_variants
from syncer.store.batches import batches
from syncer.store.order_tables import bundle_part, channel_order, order_count, order_line
from syncer.store.skus import find_variant
from syncer.store.tables import stock_level, variant

#: What a bundle may be made of: enough for any hamper, and an order of it stays one short transaction.
PARTS_MAX, PIECES_MAX = 50, 1000


class BadBundle(SyncerError):
    """These parts can't make this bundle."""


class Part(NamedTuple):
    """``pieces`` of one variant in each bundle."""

    variant_id: int
    sku: str
    pieces: int


class Bundle(NamedTuple):
    """A variant and what it is made of."""

    variant_id: int
    sku: str
    parts: tuple[Part, ...]


def parts_of(connection: Connection, variant_ids: Collection[int]) -> dict[int, tuple[tuple[int, int], ...]]:
    """Return, by bundle, its parts as (variant id, pieces in one bundle); what is no bundle is left out."""
    found: dict[int, list[tuple[int, int]]] = {}
    ids = sorted(variant_ids)
    for some in batches(ids):
        query = (
            select(bundle_part)
            .where(bundle_part.c.variant_id.in_(some))
            .order_by(bundle_part.c.variant_id, bundle_part.c.part_id)
        )
        for row in connection.execute(query):
            found.setdefault(row.variant_id, []).append((row.part_id, row.quantity))
    return {variant_id: tuple(parts) for variant_id, parts in found.items()}


def list_bundles(connection: Connection, sku: str | None = None) -> list[Bundle]:
    """Return all bundles by SKU, or the one that ``sku`` names (none, if that is no bundle)."""
    whole, part = variant.alias("whole"), variant.alias("part")
    query = (
        select(whole.c.id, whole.c.sku, part.c.id, part.c.sku, bundle_part.c.quantity)
        .select_from(bundle_part)
        .join(whole, whole.c.id == bundle_part.c.variant_id)
        .join(part, part.c.id == bundle_part.c.part_id)
        .where(whole.c.retired_at.is_(None))
        .order_by(whole.c.sku, part.c.sku)
    )
    if sku is not None:
        query = query.where(whole.c.id == find_variant(connection, sku).id)
    found: dict[int, tuple[str, list[Part]]] = {}
    for whole_id, whole_sku, part_id, part_sku, pieces in connection.execute(query):
        found.setdefault(whole_id, (whole_sku, []))[1].append(Part(part_id, part_sku, pieces))
    return [Bundle(key, name, tuple(parts)) for key, (name, parts) in found.items()]


def compose(connection: Connection, sku: str, parts: Sequence[tuple[str, int]], *, now: dt.datetime) -> Bundle:
    """Say what the bundle ``sku`` is made of: ``parts`` are (SKU, pieces). No parts: it is no bundle any more.

    Refused while orders of it are open: they are read again, and would be counted by the new parts. Raises
    :class:`BadBundle`, and ``UnknownSku`` for what isn't in the catalogue (retired variants are not).
    """
    found = find_variant(connection, sku)
    wanted = [Part(one.id, one.sku, pieces) for name, pieces in parts for one in [find_variant(connection, name)]]
    _check(found.sku, found.id, wanted)
    _check_nesting(connection, found.sku, found.id, wanted)
    if wanted:
        _check_no_stock(connection, found.sku, found.id)
    _check_no_orders(connection, found.sku, found.id, {(one.variant_id, one.pieces) for one in wanted})
    connection.execute(delete(bundle_part).where(bundle_part.c.variant_id == found.id))
    if wanted:
        rows = [{"variant_id": found.id, "part_id": one.variant_id, "quantity": one.pieces} for one in wanted]
        connection.execute(insert(bundle_part), rows)
    mark_variants(connection, [found.id], now=now)
    return Bundle(found.id, found.sku, tuple(sorted(wanted, key=lambda one: one.sku)))


def no_bundle(sku: str) -> BadBundle:
    """Return the error for what was taken for a bundle."""
    return BadBundle(
        Words(
            f"{sku} bukan paket. Paket yang ada: `syncer bundle list`.",
            f"{sku} is no bundle. Those that there are: `syncer bundle list`.",
        )
    )


def _check(sku: str, variant_id: int, parts: Sequence[Part]) -> None:
    counts: Mapping[int, int] = {one.variant_id: 0 for one in parts}
    if variant_id in counts:
        raise BadBundle(
            Words(
                f"{sku} tidak bisa berisi dirinya sendiri. Tulis SKU isinya.",
                f"{sku} can't be a part of itself. Name the SKUs of its parts.",
            )
        )
    if len(counts) < len(parts):
        raise BadBundle(
            Words(
                "Ada SKU yang ditulis dua kali. Tulis sekali dengan jumlahnya, misalnya mangkuk-biru:2.",
                "A SKU is named twice. Write it once with its number, such as mangkuk-biru:2.",
            )
        )
    if len(parts) > PARTS_MAX or not all(1 <= one.pieces <= PIECES_MAX for one in parts):
        raise BadBundle(
            Words(
                f"Isi paket paling banyak {PARTS_MAX} jenis, masing-masing 1 sampai {PIECES_MAX} buah.",
                f"A bundle has at most {PARTS_MAX} parts, each of 1 to {PIECES_MAX} pieces.",
            )
        )


def _check_nesting(connection: Connection, sku: str, variant_id: int, parts: Sequence[Part]) -> None:
    """No bundle of bundles: so there is no cycle, and one look at the parts is enough."""
    if not parts:
        return
    inner = parts_of(connection, [one.variant_id for one in parts])
    if inner:
        name = next(one.sku for one in parts if one.variant_id in inner)
        raise BadBundle(
            Words(
                f"{name} sendiri sebuah paket. Tulis isinya satu per satu: `syncer bundle show {name}`.",
                f"{name} is a bundle itself. Name its parts one by one: `syncer bundle show {name}`.",
            )
        )
    outer = holding(connection, [variant_id])
    if outer:
        name = connection.execute(select(variant.c.sku).where(variant.c.id == outer[variant_id][0])).scalar_one()
        raise BadBundle(
            Words(
                f"{sku} adalah isi paket {name}, jadi tidak bisa menjadi paket.",
                f"{sku} is a part of the bundle {name}, so it can't be a bundle.",
            )
        )


def refuse_stock(connection: Connection, sku: str, variant_id: int) -> None:
    """Refuse a count of a bundle: it has no stock of its own. Raises :class:`BadBundle`."""
    parts = parts_of(connection, [variant_id]).get(variant_id, ())
    if not parts:
        return
    ids = [part for part, _ in parts]
    skus = select(variant.c.sku).where(variant.c.id.in_(ids)).order_by(variant.c.sku)
    names = ", ".join(connection.execute(skus).scalars())
    raise BadBundle(
        Words(
            f"{sku} adalah paket dan tidak punya stok sendiri. Hitung isinya: {names}.",
            f"{sku} is a bundle and has no stock of its own. Count its parts: {names}.",
        )
    )


def _check_no_orders(connection: Connection, sku: str, variant_id: int, wanted: set[tuple[int, int]]) -> None:
    """An open order of a bundle has promised its present parts: they must not become others under it."""
    before = set(parts_of(connection, [variant_id]).get(variant_id, ()))
    if not before or before == wanted:
        return
    query = (
        select(channel_order.c.remote_id)
        .join(order_line, order_line.c.order_id == channel_order.c.id)
        .join(order_count, order_count.c.order_id == channel_order.c.id)
        .where(and_(order_line.c.variant_id == variant_id, order_count.c.held > 0))
        .distinct()
        .order_by(channel_order.c.remote_id)
    )
    open_orders = list(connection.execute(query).scalars())
    if open_orders:
        names = ", ".join(open_orders[:5]) + (" …" if len(open_orders) > 5 else "")
        raise BadBundle(
            Words(
                f"Paket {sku} masih dipesan ({names}), dan isinya sudah dijanjikan. Tunggu sampai dikirim atau batal, "
                "atau tutup: `syncer orders close`. Lalu coba lagi.",
                f"The bundle {sku} is on order ({names}), and its parts are promised. Wait until these are sent or "
                "called off, or close them: `syncer orders close`. Then try again.",
            )
        )


def _check_no_stock(connection: Connection, sku: str, variant_id: int) -> None:
    there = and_(stock_level.c.variant_id == variant_id, or_(stock_level.c.on_hand != 0, stock_level.c.held != 0))
    row = connection.execute(select(stock_level.c.on_hand, stock_level.c.held).where(there)).first()
    if row is not None:
        raise BadBundle(
            Words(
                f"{sku} punya stok sendiri ({row.on_hand}, {row.held} dijanjikan). Paket tidak punya stok sendiri: "
                f"selesaikan pesanannya dan hitung menjadi 0 dulu: `syncer stock set {sku} 0`.",
                f"{sku} has stock of its own ({row.on_hand}, {row.held} promised). A bundle has none: finish its "
                f"orders and count it as 0 first: `syncer stock set {sku} 0`.",
            )
        )
