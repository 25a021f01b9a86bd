"""Write planned products, set-based, and mark what their listings owe: all in the caller's transaction."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, text, update

from syncer.catalogue.plan import PRODUCT_FIELDS, ProductPlan, VariantPlan, plan_products
from syncer.domain.product import Product
from syncer.domain.words import SyncerError
from syncer.store.batches import batches
from syncer.store.locks import lock_products
from syncer.store.marks import Due, Lane, mark, mark_products
from syncer.store.tables import listing, photo, product, sku_alias, variant
from syncer.store.wakeup import wake_after_commit

_LOCK = text("SELECT pg_advisory_xact_lock(7394120552)")


@dataclass(frozen=True, slots=True)
class Saved:
    """What saving a product changed. ``changed`` is what its listings owe now; 0 means that nothing changed.

    ``variant_ids`` are those of the active variants by SKU (empty in a preview of a new product).
    """

    product_id: int
    handle: str
    created: bool
    changed: Due
    added: tuple[str, ...] = ()
    retired: tuple[str, ...] = ()
    renamed: tuple[tuple[str, str], ...] = ()
    variant_ids: Mapping[str, int] | None = None


def lock_catalogue(connection: Connection) -> None:
    """Let one transaction at a time edit products; on SQLite a writer is alone anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(_LOCK)


def save_products(
    connection: Connection,
    products: Sequence[Product],
    *,
    now: dt.datetime,
    cause_id: int | None = None,
    source: str = "",
) -> list[Saved | SyncerError]:
    """Create or update products by handle (some hundred at a time); return per product what came of it.

    A product that can't be kept gives its error in its place, and nothing of it is written.
    """
    lock_catalogue(connection)
    plans = plan_products(connection, products)
    write_plans(connection, [plan for plan in plans if isinstance(plan, ProductPlan)], now, cause_id, source)
    return [plan if isinstance(plan, SyncerError) else _saved(plan) for plan in plans]


def preview_products(connection: Connection, products: Sequence[Product]) -> list[Saved | SyncerError]:
    """Return what :func:`save_products` would do, without writing."""
    plans = plan_products(connection, products)
    return [plan if isinstance(plan, SyncerError) else _saved(plan) for plan in plans]


def write_plans(
    connection: Connection, plans: Sequence[ProductPlan], now: dt.datetime, cause_id: int | None, source: str
) -> None:
    """Write what the plans say; sets the ids in their ``wanted`` products."""
    changed = [plan for plan in plans if plan.changed]
    if not changed:
        return
    lock_products(connection, [plan.stored.id for plan in changed if plan.stored is not None])
    ids = _write_products(connection, changed, now, source)
    _retire(connection, changed, now)
    _write_variants(connection, changed, ids, now)
    _write_photos(connection, [plan for plan in changed if plan.photos_changed], ids)
    _mark(connection, changed, now, cause_id)


def _saved(plan: ProductPlan) -> Saved:
    kept = {part.wanted.sku: part.stored.value.id for part in plan.variants if part.stored is not None}
    return Saved(
        product_id=plan.stored.id if plan.stored is not None else plan.wanted.id,
        handle=plan.wanted.handle,
        created=plan.stored is None,
        changed=plan.due,
        added=plan.added,
        retired=tuple(one.sku for one in plan.retired),
        renamed=plan.renamed,
        variant_ids=kept | {part.wanted.sku: part.wanted.id for part in plan.variants if part.wanted.id},
    )


# --- rows -------------------------------------------------------------------------------------------------------


def _write_products(
    connection: Connection, plans: Sequence[ProductPlan], now: dt.datetime, source: str
) -> dict[str, int]:
    ids = {plan.wanted.handle: plan.stored.id for plan in plans if plan.stored is not None}
    new = [plan for plan in plans if plan.stored is None]
    if new:
        rows = [
            {
                "handle": plan.wanted.handle,
                **_columns(plan.wanted),
                "source": source[:20],
                "created_at": now,
                "changed_at": now,
            }
            for plan in new
        ]
        for row in connection.execute(insert(product).returning(product.c.id, product.c.handle), rows):
            ids[row.handle] = row.id
    old = [plan for plan in plans if plan.stored is not None]
    if old:
        names = {name: bindparam(f"to_{name}", type_=product.c[name].type) for name in PRODUCT_FIELDS}
        statement = (
            update(product)
            .where(product.c.id == bindparam("of"))
            .values(**names, version=product.c.version + 1, changed_at=now)
        )
        connection.execute(
            statement,
            [
                {"of": ids[plan.wanted.handle]} | {f"to_{name}": value for name, value in _columns(plan.wanted).items()}
                for plan in old
            ],
        )
    return ids


def _columns(value: Product) -> dict[str, Any]:
    found: dict[str, Any] = {name: getattr(value, name) for name in PRODUCT_FIELDS}
    found["materials"] = list(value.materials)
    found["option_names"] = list(value.option_names)
    found["attributes"] = dict(value.attributes)
    found["status"] = value.status.value
    return found


def _retire(connection: Connection, plans: Sequence[ProductPlan], now: dt.datetime) -> None:
    gone = [one.id for plan in plans for one in plan.retired]
    for part in batches(gone, 500):
        connection.execute(update(variant).where(variant.c.id.in_(part)).values(retired_at=now))


def _write_variants(
    connection: Connection, plans: Sequence[ProductPlan], ids: Mapping[str, int], now: dt.datetime
) -> None:
    old: list[VariantPlan] = []
    new: list[dict[str, Any]] = []
    owners: dict[str, VariantPlan] = {}
    for plan in plans:
        for part in plan.variants:
            if part.stored is not None:
                if part.changed:
                    old.append(part)
                continue
            owners[part.wanted.sku] = part
            new.append({"product_id": ids[plan.wanted.handle], **_variant_columns(part)})
    if old:
        _rename(connection, old, now)
        _update_variants(connection, old)
    if new:
        for row in connection.execute(insert(variant).returning(variant.c.id, variant.c.sku), new):
            part = owners[row.sku]
            part.wanted = replace(part.wanted, id=row.id)
    for plan in plans:
        if plan.stored is None:
            plan.wanted = replace(plan.wanted, id=ids[plan.wanted.handle])


def _variant_columns(part: VariantPlan) -> dict[str, Any]:
    value = part.wanted
    return {
        "sku": value.sku,
        "option_values": list(value.option_values),
        "price": value.price,
        "weight_g": value.weight_g,
        "length_mm": value.length_mm,
        "width_mm": value.width_mm,
        "height_mm": value.height_mm,
        "single_piece": value.single_piece,
        "barcode": value.barcode,
        "position": part.position,
        "retired_at": None,
    }


def _update_variants(connection: Connection, parts: Sequence[VariantPlan]) -> None:
    names = _variant_columns(parts[0])
    statement = (
        update(variant)
        .where(variant.c.id == bindparam("of"))
        .values(**{name: bindparam(f"to_{name}", type_=variant.c[name].type) for name in names})
    )
    connection.execute(
        statement,
        [
            {"of": part.stored.value.id} | {f"to_{name}": value for name, value in _variant_columns(part).items()}
            for part in parts
            if part.stored is not None
        ],
    )


def _rename(connection: Connection, parts: Sequence[VariantPlan], now: dt.datetime) -> None:
    """Keep the former SKUs as aliases. The rows step aside first, so that two variants can swap their SKUs."""
    renamed = [
        (part.stored.value.id, part.stored.value.sku, part.wanted.sku)
        for part in parts
        if part.stored is not None and part.stored.value.sku != part.wanted.sku
    ]
    if not renamed:
        return
    aside = update(variant).where(variant.c.id == bindparam("of")).values(sku=bindparam("aside"))
    connection.execute(aside, [{"of": one[0], "aside": f"~{one[0]}"} for one in renamed])
    present = {one[2] for one in renamed}
    names = sorted(present | {one[1] for one in renamed})
    for part in batches(names, 500):
        connection.execute(delete(sku_alias).where(sku_alias.c.sku.in_(part)))
    former = [{"sku": one[1], "variant_id": one[0], "until": now} for one in renamed if one[1] not in present]
    if former:
        connection.execute(insert(sku_alias), former)


def _write_photos(connection: Connection, plans: Sequence[ProductPlan], ids: Mapping[str, int]) -> None:
    old = [plan.stored.id for plan in plans if plan.stored is not None]
    addresses: dict[tuple[int, str], str] = {}
    if old:
        kept = select(photo.c.product_id, photo.c.sha256, photo.c.source_url).where(photo.c.product_id.in_(old))
        addresses = {(row.product_id, row.sha256): row.source_url for row in connection.execute(kept)}
        connection.execute(delete(photo).where(photo.c.product_id.in_(old)))
    rows: list[dict[str, Any]] = []
    for plan in plans:
        product_id = ids[plan.wanted.handle]
        by_sku = {
            part.wanted.sku: part.stored.value.id if part.stored is not None else part.wanted.id
            for part in plan.variants
        }
        rows += [
            {
                "product_id": product_id,
                "position": position,
                "sha256": one.sha256,
                "variant_id": by_sku.get(one.sku) if one.sku else None,
                "alt": one.alt,
                "source_url": addresses.get((product_id, one.sha256), ""),
            }
            for position, one in enumerate(plan.wanted.photos)
        ]
    if rows:
        connection.execute(insert(photo), rows)


# --- marks ------------------------------------------------------------------------------------------------------


def _mark(connection: Connection, plans: Sequence[ProductPlan], now: dt.datetime, cause_id: int | None) -> None:
    groups: dict[tuple[int, bool], list[int]] = {}
    for plan in plans:
        if plan.stored is not None and plan.due:
            groups.setdefault((int(plan.due), bool(plan.retired)), []).append(plan.stored.id)
    marked = 0
    for (due, stops), ids in groups.items():
        if stops:
            # A variant that is no more must stop being sold there before anything else is sent.
            where = listing.c.product_id.in_(ids)
            marked += mark(connection, where, Due(due), Lane.STOP, now=now, cause_id=cause_id)
        else:
            marked += mark_products(connection, ids, Due(due), now=now, cause_id=cause_id)
    if marked:
        wake_after_commit(connection)


__all__ = [
    "Saved",
    "lock_catalogue",
    "preview_products",
    "save_products",
    "write_plans",
]
