"""What a bundle is made of: an order of one counts its parts."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, select

from syncer.store.order_tables import bundle_part

_AT_ONCE = 400


def parts_of(connection: Connection, variant_ids: Collection[int]) -> dict[int, tuple[tuple[int, int], ...]]:
    """Return, by bundle, its parts as (variant id, pieces in one bundle); what is no bundle is left out."""
    found: dict[int, list[tuple[int, int]]] = {}
    ids = sorted(variant_ids)
    for start in range(0, len(ids), _AT_ONCE):
        query = (
            select(bundle_part)
            .where(bundle_part.c.variant_id.in_(ids[start : start + _AT_ONCE]))
            .order_by(bundle_part.c.variant_id, bundle_part.c.part_id)
        )
        for row in connection.execute(query):
            found.setdefault(row.variant_id, []).append((row.part_id, row.quantity))
    return {variant_id: tuple(parts) for variant_id, parts in found.items()}
