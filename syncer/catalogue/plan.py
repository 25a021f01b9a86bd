"""What saving some products would change: compared with what is stored, a few queries for hundreds of products.

Variants keep their identity: by id, else by SKU, else by a former SKU; a retired variant of the same product with
the same SKU comes back as itself. Whatever is left over in the store is retired.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, select

from syncer.catalogue import errors
from syncer.catalogue.check import checked
from syncer.catalogue.read import variant_of
from syncer.domain.product import Photo, Product, Variant
from syncer.domain.words import SyncerError
from syncer.store.batches import batches
from syncer.store.marks import Due
from syncer.store.tables import media, photo, product, sku_alias, variant

_AT_ONCE = 500
#: Product fields with a column of the same name, all of them content.
PRODUCT_FIELDS = (
    "title",
    "description",
    "story",
    "materials",
    "category_key",
    "option_names",
    "made_to_order_days",
    "brand",
    "condition",
    "maker",
    "unit",
    "attributes",
    "status",
)
_VARIANT_CONTENT = ("sku", "option_values", "weight_g", "length_mm", "width_mm", "height_mm", "barcode")


class StoredVariant(NamedTuple):
    """A variant as it is in the store."""

    value: Variant
    position: int
    retired: bool


@dataclass(slots=True)
class VariantPlan:
    """One wanted variant and the stored one that it is (None: new)."""

    wanted: Variant
    position: int
    stored: StoredVariant | None = None

    @property
    def changed(self) -> bool:
        """Whether its row must be written."""
        if self.stored is None:
            return True
        same = replace(self.wanted, id=self.stored.value.id) == self.stored.value
        return not same or self.stored.retired or self.stored.position != self.position


@dataclass(slots=True)
class ProductPlan:
    """How one product is to be saved. ``due`` is what its listings owe; 0 means that nothing changes."""

    wanted: Product
    stored: Product | None
    variants: list[VariantPlan] = field(default_factory=list)
    retired: list[Variant] = field(default_factory=list)
    due: Due = field(default_factory=lambda: Due(0))
    columns_changed: bool = False
    photos_changed: bool = False

    @property
    def changed(self) -> bool:
        """Whether anything must be written."""
        return self.stored is None or bool(self.due) or any(plan.changed for plan in self.variants)

    @property
    def added(self) -> tuple[str, ...]:
        """SKUs that the product gains."""
        return tuple(plan.wanted.sku for plan in self.variants if plan.stored is None or plan.stored.retired)

    @property
    def renamed(self) -> tuple[tuple[str, str], ...]:
        """Pairs of old and new SKU."""
        return tuple(
            (plan.stored.value.sku, plan.wanted.sku)
            for plan in self.variants
            if plan.stored is not None and plan.stored.value.sku != plan.wanted.sku
        )


class _Stored(NamedTuple):
    products: Mapping[str, Product]
    variants: Mapping[int, Mapping[int, StoredVariant]]
    owners: Mapping[str, tuple[int, int, str]]
    former: Mapping[str, tuple[int, int, str]]
    media: frozenset[str]


def plan_products(connection: Connection, products: Sequence[Product]) -> list[ProductPlan | SyncerError]:
    """Return for each product how it would be saved, or why it can't be; nothing is written."""
    cleaned: list[Product | SyncerError] = [_clean(value) for value in products]
    good = [value for value in cleaned if isinstance(value, Product)]
    stored = _load(connection, good)
    claimed: dict[str, str] = {}
    handles: set[str] = set()
    found: list[ProductPlan | SyncerError] = []
    for value in cleaned:
        if isinstance(value, SyncerError):
            found.append(value)
            continue
        try:
            if value.handle in handles:
                raise errors.bad(
                    "handle",
                    f"Kode produk {value.handle} muncul dua kali. Gabungkan menjadi satu produk.",
                    f"The product code {value.handle} is there twice. Make it one product.",
                )
            plan = _plan(value, stored, claimed)
        except SyncerError as error:
            found.append(error)
            continue
        handles.add(value.handle)
        claimed.update((part.wanted.sku, value.handle) for part in plan.variants)
        found.append(plan)
    return found


def _clean(value: Product) -> Product | SyncerError:
    try:
        cleaned = checked(value)
    except SyncerError as error:
        return error
    skus = {one.sku for one in cleaned.variants}
    return replace(
        cleaned,
        photos=tuple(one if one.sku in skus else replace(one, sku=None) for one in cleaned.photos),
        variants=tuple(replace(one, price=_stored_price(one.price)) for one in cleaned.variants),
    )


def _stored_price(price: Decimal) -> Decimal:
    """Return the price as the store keeps it: four digits after the point."""
    rounded = price.quantize(Decimal("0.0001"), rounding=ROUND_HALF_UP)
    return rounded.to_integral_value() if rounded == rounded.to_integral_value() else rounded.normalize()


def _plan(value: Product, stored: _Stored, claimed: Mapping[str, str]) -> ProductPlan:
    before = stored.products.get(value.handle)
    known = stored.variants.get(before.id, {}) if before is not None else {}
    plan = ProductPlan(value, before)
    used: set[int] = set()
    for position, wanted in enumerate(value.variants):
        match, sku = _match(wanted, before, known, stored)
        if match is not None:
            if match.value.id in used:
                raise errors.sku_taken(wanted.sku, value.handle)
            used.add(match.value.id)
        _sku_is_free(sku, match, stored, claimed, before)
        plan.variants.append(VariantPlan(replace(wanted, sku=sku), position, match))
    _no_twin_skus(plan)
    plan.retired = [one.value for one in known.values() if not one.retired and one.value.id not in used]
    missing = [one.sha256 for one in value.photos if one.sha256 not in stored.media]
    if missing:
        raise errors.bad(
            "photos",
            "Satu foto belum tersimpan di sini. Unggah fotonya dulu.",
            "A photo is not stored here yet. Upload it first.",
        )
    _compare(plan)
    return plan


def _match(
    wanted: Variant, before: Product | None, known: Mapping[int, StoredVariant], stored: _Stored
) -> tuple[StoredVariant | None, str]:
    """Return the stored variant that ``wanted`` is, and the SKU to keep."""
    if wanted.id:
        if wanted.id not in known:
            raise errors.bad(
                "variants",
                f"Varian {wanted.sku} bukan milik produk ini.",
                f"The variant {wanted.sku} does not belong to this product.",
            )
        return known[wanted.id], wanted.sku
    if before is None:
        return None, wanted.sku
    owner = stored.owners.get(wanted.sku)
    if owner is not None and owner[1] == before.id:
        return known[owner[0]], wanted.sku
    former = stored.former.get(wanted.sku)
    if former is not None and former[1] == before.id and not known[former[0]].retired:
        return known[former[0]], known[former[0]].value.sku
    back = [one for one in known.values() if one.retired and one.value.sku == wanted.sku]
    return (max(back, key=lambda one: one.value.id), wanted.sku) if back else (None, wanted.sku)


def _sku_is_free(
    sku: str,
    match: StoredVariant | None,
    stored: _Stored,
    claimed: Mapping[str, str],
    before: Product | None,
) -> None:
    if sku in claimed:
        raise errors.sku_taken(sku, claimed[sku])
    owner = stored.owners.get(sku)
    if owner is not None and (before is None or owner[1] != before.id):
        raise errors.sku_taken(sku, owner[2])
    former = stored.former.get(sku)
    if former is not None and (match is None or former[0] != match.value.id) and owner is None:
        raise errors.sku_was(sku, former[2])


def _no_twin_skus(plan: ProductPlan) -> None:
    """A former SKU may lead to the variant that the product lists under its present SKU as well."""
    seen: set[str] = set()
    for part in plan.variants:
        if part.wanted.sku in seen:
            raise errors.sku_taken(part.wanted.sku, plan.wanted.handle)
        seen.add(part.wanted.sku)


def _compare(plan: ProductPlan) -> None:
    due = Due(0)
    before = plan.stored
    if before is None:
        plan.due = Due.CONTENT | Due.PRICE | Due.STOCK
        plan.columns_changed = plan.photos_changed = True
        return
    if any(getattr(plan.wanted, name) != getattr(before, name) for name in PRODUCT_FIELDS):
        plan.columns_changed = True
        due |= Due.CONTENT
    if plan.wanted.photos != before.photos:
        plan.photos_changed = True
        due |= Due.CONTENT
    for part in plan.variants:
        due |= _variant_due(part)
    if plan.retired:
        due |= Due.CONTENT | Due.STOCK
    if _reordered(plan):
        due |= Due.CONTENT
    plan.due = due


def _variant_due(part: VariantPlan) -> Due:
    if part.stored is None or part.stored.retired:
        return Due.CONTENT | Due.PRICE | Due.STOCK
    due = Due(0)
    before = part.stored.value
    if part.wanted.price != before.price:
        due |= Due.PRICE
    if part.wanted.single_piece != before.single_piece:
        due |= Due.STOCK
    if any(getattr(part.wanted, name) != getattr(before, name) for name in _VARIANT_CONTENT):
        due |= Due.CONTENT
    return due


def _reordered(plan: ProductPlan) -> bool:
    positions = [part.stored.position for part in plan.variants if part.stored is not None and not part.stored.retired]
    return positions != sorted(positions)


# --- what is stored ---------------------------------------------------------------------------------------------


def _load(connection: Connection, products: Sequence[Product]) -> _Stored:
    handles = [value.handle for value in products]
    skus = [one.sku for value in products for one in value.variants]
    shas = list({one.sha256 for value in products for one in value.photos})
    rows = [
        row
        for part in batches(handles, _AT_ONCE)
        for row in connection.execute(select(product).where(product.c.handle.in_(part)))
    ]
    ids = [row.id for row in rows]
    variants = _stored_variants(connection, ids)
    photos = _stored_photos(connection, ids)
    return _Stored(
        products={row.handle: _stored_product(row, variants.get(row.id, {}), photos.get(row.id, [])) for row in rows},
        variants=variants,
        owners=_owners(connection, skus),
        former=_former(connection, skus),
        media=frozenset(
            sha
            for part in batches(shas, _AT_ONCE)
            for sha in connection.execute(select(media.c.sha256).where(media.c.sha256.in_(part))).scalars()
        ),
    )


def _stored_variants(connection: Connection, ids: Sequence[int]) -> dict[int, dict[int, StoredVariant]]:
    found: dict[int, dict[int, StoredVariant]] = {}
    for part in batches(ids, _AT_ONCE):
        rows = connection.execute(
            select(variant)
            .where(variant.c.product_id.in_(part))
            .order_by(variant.c.product_id, variant.c.position, variant.c.id)
        )
        for row in rows:
            one = StoredVariant(variant_of(row), row.position, row.retired_at is not None)
            found.setdefault(row.product_id, {})[row.id] = one
    return found


def _stored_photos(connection: Connection, ids: Sequence[int]) -> dict[int, list[Photo]]:
    found: dict[int, list[Photo]] = {}
    for part in batches(ids, _AT_ONCE):
        rows = connection.execute(
            select(photo.c.product_id, photo.c.sha256, photo.c.alt, variant.c.sku)
            .outerjoin(variant, and_(variant.c.id == photo.c.variant_id, variant.c.retired_at.is_(None)))
            .where(photo.c.product_id.in_(part))
            .order_by(photo.c.product_id, photo.c.position)
        )
        for row in rows:
            found.setdefault(row.product_id, []).append(Photo(row.sha256, row.alt, row.sku))
    return found


def _stored_product(row: Any, variants: Mapping[int, StoredVariant], photos: Sequence[Photo]) -> Product:
    from syncer.domain.product import ProductStatus

    return Product(
        handle=row.handle,
        title=row.title,
        description=row.description,
        story=row.story,
        materials=tuple(row.materials),
        category_key=row.category_key,
        option_names=tuple(row.option_names),
        variants=tuple(one.value for one in variants.values() if not one.retired),
        photos=tuple(photos),
        made_to_order_days=row.made_to_order_days,
        brand=row.brand,
        condition=row.condition,
        maker=row.maker,
        unit=row.unit,
        attributes=dict(row.attributes),
        status=ProductStatus(row.status),
        id=row.id,
    )


def _owners(connection: Connection, skus: Sequence[str]) -> dict[str, tuple[int, int, str]]:
    found: dict[str, tuple[int, int, str]] = {}
    for part in batches(skus, _AT_ONCE):
        rows = connection.execute(
            select(variant.c.sku, variant.c.id, variant.c.product_id, product.c.handle)
            .join(product, product.c.id == variant.c.product_id)
            .where(and_(variant.c.sku.in_(part), variant.c.retired_at.is_(None)))
        )
        found.update((row[0], (row[1], row[2], row[3])) for row in rows)
    return found


def _former(connection: Connection, skus: Sequence[str]) -> dict[str, tuple[int, int, str]]:
    found: dict[str, tuple[int, int, str]] = {}
    for part in batches(skus, _AT_ONCE):
        rows = connection.execute(
            select(sku_alias.c.sku, variant.c.id, variant.c.product_id, variant.c.sku)
            .join(variant, variant.c.id == sku_alias.c.variant_id)
            .where(sku_alias.c.sku.in_(part))
        )
        found.update((row[0], (row[1], row[2], row[3])) for row in rows)
    return found
