"""The catalogue as a file for people: our template as CSV or XLSX, which imports back to the same catalogue.

One row a variant. ``stock`` is what is on hand at one location; ``stock_at_export`` repeats it, so that an import
later tells a number that somebody changed from one that merely grew old.
"""

from __future__ import annotations

import csv
import os
import secrets
from collections.abc import Iterator, Sequence
from pathlib import Path

from sqlalchemy import Connection, and_, select

from syncer.catalogue.importing.values import escaped, guarded
from syncer.catalogue.read import iter_products
from syncer.catalogue.workbook import workbook
from syncer.domain.product import Product, ProductStatus, Variant
from syncer.store.batches import batches
from syncer.store.tables import location, stock_level

#: The template's columns; ``price_idr`` stands for the catalogue's currency.
COLUMNS = (
    "sku",
    "product_code",
    "title",
    "description",
    "story",
    "materials",
    "category_key",
    "brand",
    "condition",
    "group_name",
    "district",
    "option1_name",
    "option1_value",
    "option2_name",
    "option2_value",
    "option3_name",
    "option3_value",
    "price_idr",
    "stock",
    "stock_at_export",
    "single_piece",
    "made_to_order_days",
    "weight_g",
    "length_mm",
    "width_mm",
    "height_mm",
    "barcode",
    "photos",
    "attributes",
)
_WIDTHS = (18, 18, 36, 40, 30, 24, 18, *[14] * 22)
_AT_ONCE = 200

Value = str | int | float


def export_csv(connection: Connection, path: Path, *, currency: str = "IDR", location_code: str = "utama") -> int:
    """Write all active products to ``path`` as CSV and return how many rows; cells can't run as formulas (F6)."""
    rows = 0
    part = _part(path)
    try:
        with part.open("x", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file, lineterminator="\r\n")
            writer.writerow(columns(currency))
            for row in export_rows(connection, currency=currency, location_code=location_code):
                writer.writerow([guarded(value) if isinstance(value, str) else value for value in row])
                rows += 1
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return rows


def export_xlsx(connection: Connection, path: Path, *, currency: str = "IDR", location_code: str = "utama") -> int:
    """Write all active products to ``path`` as a workbook and return how many rows."""
    count = 0

    def rows() -> Iterator[Sequence[Value]]:
        nonlocal count
        yield columns(currency)
        for row in export_rows(connection, currency=currency, location_code=location_code):
            count += 1
            yield [guarded(value) if isinstance(value, str) else value for value in row]

    data = workbook("Katalog", rows(), headings=True, widths=_WIDTHS)
    part = _part(path)
    try:
        part.write_bytes(data)
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return count


def columns(currency: str) -> list[str]:
    """Return the headings for a catalogue in ``currency``."""
    return [f"price_{currency.lower()}" if name == "price_idr" else name for name in COLUMNS]


def export_rows(
    connection: Connection, *, currency: str = "IDR", location_code: str = "utama"
) -> Iterator[list[Value]]:
    """Walk the rows of all active products, a few hundred products in memory at a time."""
    bunch: list[Product] = []
    for product in iter_products(connection, status=ProductStatus.ACTIVE, at_once=_AT_ONCE):
        bunch.append(product)
        if len(bunch) >= _AT_ONCE:
            yield from _rows(connection, bunch, location_code)
            bunch = []
    yield from _rows(connection, bunch, location_code)


def _rows(connection: Connection, products: Sequence[Product], location_code: str) -> Iterator[list[Value]]:
    ids = [one.id for product in products for one in product.variants]
    on_hand = {
        row[0]: row[1]
        for part in batches(ids, 500)
        for row in connection.execute(
            select(stock_level.c.variant_id, stock_level.c.on_hand)
            .join(location, location.c.id == stock_level.c.location_id)
            .where(and_(stock_level.c.variant_id.in_(part), location.c.code == location_code))
        )
    }
    addresses = _addresses(connection, [product.id for product in products])
    for product in products:
        photos = _photos(product, addresses)
        for number, one in enumerate(product.variants):
            yield _row(product, one, on_hand.get(one.id), photos if number == 0 else "")


def _row(product: Product, one: Variant, on_hand: int | None, photos: str) -> list[Value]:
    options: list[Value] = []
    for number in range(3):
        used = number < len(product.option_names)
        options += [product.option_names[number], one.option_values[number]] if used else ["", ""]
    stock: Value = "" if on_hand is None or on_hand < 0 else on_hand
    price = int(one.price) if one.price == one.price.to_integral_value() else float(one.price)
    sizes: list[Value] = [
        "" if size is None else size for size in (one.weight_g, one.length_mm, one.width_mm, one.height_mm)
    ]
    return [
        one.sku,
        product.handle,
        product.title,
        product.description,
        product.story,
        "; ".join(escaped(material, ";") for material in product.materials),
        product.category_key,
        product.brand,
        product.condition,
        product.maker,
        product.unit,
        *options,
        price,
        stock,
        stock,
        "true" if one.single_piece else "false",
        product.made_to_order_days,
        *sizes,
        one.barcode,
        photos,
        "; ".join(f"{escaped(name, ';=')}={escaped(value, ';=')}" for name, value in product.attributes.items()),
    ]


def _photos(product: Product, addresses: dict[tuple[int, str], str]) -> str:
    found: list[str] = []
    for photo in product.photos:
        ref = addresses.get((product.id, photo.sha256)) or f"media:{photo.sha256}"
        # A bar even without more to say: then the list is read by our own rules, whatever the address holds.
        pieces = [ref, photo.sku or "", *([photo.alt] if photo.alt else [])]
        found.append("|".join(escaped(piece, ";|") for piece in pieces))
    return "; ".join(found)


def _addresses(connection: Connection, ids: Sequence[int]) -> dict[tuple[int, str], str]:
    from syncer.store.tables import photo

    rows = connection.execute(
        select(photo.c.product_id, photo.c.sha256, photo.c.source_url).where(
            and_(photo.c.product_id.in_(ids), photo.c.source_url != "")
        )
    )
    return {(row.product_id, row.sha256): row.source_url for row in rows}


def _part(path: Path) -> Path:
    """Return where to write first: the file that was asked for is there whole or not at all."""
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}")
