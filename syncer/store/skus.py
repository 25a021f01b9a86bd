"""Find a variant by what people call it: its SKU, or one it had before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, and_, bindparam, or_, select

from syncer.domain.words import SyncerError, Words
from syncer.store.batches import batches
from syncer.store.tables import product, sku_alias, variant


class UnknownSku(SyncerError):
    """No active variant has this SKU, now or before."""


class FoundVariant(NamedTuple):
    """A variant as the ledger and the prices need it."""

    id: int
    product_id: int
    sku: str
    single_piece: bool


_FOUND = select(variant.c.id, variant.c.product_id, variant.c.sku, variant.c.single_piece)
_BY_SKU = _FOUND.where(and_(variant.c.sku == bindparam("wanted"), variant.c.retired_at.is_(None)))
_BY_FORMER_SKU = _FOUND.join(sku_alias, sku_alias.c.variant_id == variant.c.id).where(
    and_(sku_alias.c.sku == bindparam("wanted"), variant.c.retired_at.is_(None))
)


def find_variant(connection: Connection, sku: str) -> FoundVariant:
    """Return the active variant with this SKU, or with this former SKU; raises :class:`UnknownSku`."""
    wanted = sku.strip()
    found = connection.execute(_BY_SKU, {"wanted": wanted}).first()
    if found is None:
        found = connection.execute(_BY_FORMER_SKU, {"wanted": wanted}).first()
    if found is None:
        raise UnknownSku(_unknown(wanted, close_to(connection, wanted)))
    return FoundVariant(*found)


def close_to(connection: Connection, wanted: str, *, handles: bool = False, most: int = 3) -> list[str]:
    """Return up to ``most`` SKUs (and handles) that look like ``wanted``, best first."""
    names: list[str] = list(connection.execute(select(variant.c.sku).where(variant.c.retired_at.is_(None))).scalars())
    if handles:
        names += connection.execute(select(product.c.handle).where(product.c.status == "active")).scalars()
    return closest(wanted, names, most=most)


def closest(wanted: str, names: Iterable[str], *, most: int = 3) -> list[str]:
    """Return the ``names`` that look most like ``wanted``, best first; fewer or none if nothing is close."""
    from rapidfuzz import fuzz, process, utils

    found = process.extract(
        wanted[:120], list(names), scorer=fuzz.WRatio, processor=utils.default_process, limit=most, score_cutoff=70
    )
    return list(dict.fromkeys(name for name, _score, _index in found))


def did_you_mean(names: Sequence[str]) -> Words:
    """Return the sentence that offers ``names``, or an empty one."""
    if not names:
        return Words("", "")
    return Words(f" Maksudnya {' atau '.join(names)}?", f" Did you mean {' or '.join(names)}?")


def variant_ids(connection: Connection, skus: Sequence[str]) -> dict[str, int]:
    """Return the ids of the active variants with these SKUs; unknown ones are left out."""
    found: dict[str, int] = {}
    for part in batches(skus, 500):
        rows = connection.execute(
            select(variant.c.sku, variant.c.id).where(and_(variant.c.sku.in_(part), variant.c.retired_at.is_(None)))
        )
        found.update((row.sku, row.id) for row in rows)
    return found


def is_known(connection: Connection, sku: str) -> bool:
    """Tell whether an active variant has this SKU, or had it."""
    active = select(variant.c.id).where(and_(variant.c.sku == sku, variant.c.retired_at.is_(None)))
    former = select(sku_alias.c.variant_id).where(sku_alias.c.sku == sku)
    return connection.execute(select(or_(active.exists(), former.exists()))).scalar_one()


def _unknown(wanted: str, names: Sequence[str]) -> Words:
    shown = wanted[:60]
    more = did_you_mean(names)
    see = Words(" Lihat daftarnya: syncer products.", " See the list: syncer products.")
    return Words(
        f'SKU "{shown}" tidak ada di katalog.{more.id or see.id}',
        f'There is no SKU "{shown}" in the catalogue.{more.en or see.en}',
    )
