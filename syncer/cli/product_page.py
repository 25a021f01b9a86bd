"""Products as the command line shows them: a page for people, and the JSON for scripts."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from syncer.cli import out
from syncer.cli.texts import say, word
from syncer.domain.words import Words

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from syncer.domain.product import Product

_WIDTH = 100
_STATUS = {
    "active": Words("dijual", "on the shelf"),
    "withdrawing": Words("sedang ditarik dari toko", "being taken down in the shops"),
    "archived": Words("diarsipkan", "archived"),
}
_FIELDS = (
    ("handle", Words("kode produk", "handle")),
    ("status", Words("keadaan", "status")),
    ("category", Words("kategori", "category")),
    ("maker", Words("pembuat", "maker")),
    ("brand", Words("merek", "brand")),
    ("materials", Words("bahan", "materials")),
    ("attributes", Words("keterangan", "details")),
    ("option_names", Words("pilihan", "options")),
    ("made_to_order_days", Words("hari pembuatan", "days to make")),
    ("photos", Words("foto", "photos")),
)
_TEXTS = (("description", Words("uraian", "description")), ("story", Words("kisah", "story")))


def print_product(found: dict[str, Any]) -> None:
    """Print one product as :func:`products_json` gives it."""
    out.line(out.clean(found["title"]))
    for name, label in _FIELDS:
        if found[name]:
            out.line(f"  {say(label)}: {out.clean(_value(name, found[name]))}")
    for name, label in _TEXTS:
        if found[name]:
            out.line(f"  {say(label)}:")
            for part in str(found[name]).splitlines():
                for row in textwrap.wrap(out.clean(part), _WIDTH) or [""]:
                    out.line(f"    {row}".rstrip())
    out.table(
        ["SKU", Words("PILIHAN", "OPTIONS"), Words("HARGA", "PRICE"), Words("STOK", "STOCK"), Words("BERAT", "WEIGHT")],
        [
            [one["sku"], " / ".join(one["options"]), one["price"], one["stock"], f"{one['weight_g'] or '-'} g"]
            for one in found["variants"]
        ],
        right=(2, 3, 4),
    )


def _value(name: str, value: Any) -> str:
    if name == "status":
        return say(_STATUS[value]) if value in _STATUS else str(value)
    if name == "category":
        return _category(str(value))
    if isinstance(value, dict):
        return ", ".join(f"{key}={one}" for key, one in value.items())
    return ", ".join(value) if isinstance(value, list) else str(value)


def _category(key: str) -> str:
    """Return a category by its name in the language in use, with the key that commands take."""
    from syncer.catalogue.taxonomy import categories

    found = categories().get(key)
    return key if found is None else f"{word(found.name_id, found.name_en)} ({key})"


def products_json(connection: Connection, ids: list[int], listings: dict[int, int]) -> list[dict[str, Any]]:
    """Return products as JSON shows them, in the order of ``ids``; ``listings`` says in how many shops each is."""
    from syncer.catalogue.read import load_products
    from syncer.inventory.levels import available

    found = load_products(connection, ids)
    variants = [one.id for value in found.values() for one in value.variants]
    stock = available(connection, variants)
    shown = [_product(found[key], stock) for key in ids if key in found]
    for row, key in zip(shown, (key for key in ids if key in found), strict=True):
        row["listings"] = listings.get(key, 0)
    return shown


def _product(value: Product, stock: dict[int, int]) -> dict[str, Any]:
    return {
        "handle": value.handle,
        "title": value.title,
        "status": value.status.value,
        "category": value.category_key,
        "description": value.description,
        "story": value.story,
        "materials": list(value.materials),
        "maker": value.maker,
        "brand": value.brand,
        "attributes": dict(value.attributes),
        "made_to_order_days": value.made_to_order_days,
        "option_names": list(value.option_names),
        "photos": len(value.photos),
        "stock": sum(stock.get(one.id, 0) for one in value.variants),
        "variants": [
            {
                "sku": one.sku,
                "options": list(one.option_values),
                "price": one.price,
                "stock": stock.get(one.id, 0),
                "weight_g": one.weight_g,
                "single_piece": one.single_piece,
            }
            for one in value.variants
        ],
    }
