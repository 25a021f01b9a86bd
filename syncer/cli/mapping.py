"""``syncer map``: which category of a shop each of our categories is there."""

from __future__ import annotations

import typer

from syncer.cli import out
from syncer.cli.desk import open_desk
from syncer.cli.kit import JSON_HELP, command, group
from syncer.cli.reading import pair
from syncer.cli.texts import both, language, many, word
from syncer.domain.words import SyncerError, Words

app = group("Petakan kategori ke kategori toko.", "Map categories to a shop's own.")

ACCOUNT = typer.Option(..., "--account", metavar="NAME", help=both("Nama akun toko.", "The shop's account."))
CATEGORY = typer.Argument(metavar="CATEGORY", help=both("Kategori kriya.", "One of our categories."))


@command(app, "list", "Tunjukkan kategori yang dipakai, dan petanya.", "Show the categories in use, and their mapping.")
def list_mappings(account: str = ACCOUNT, as_json: bool = typer.Option(False, "--json", help=JSON_HELP)) -> None:
    """List the mappings of the categories that products have."""
    desk = open_desk()
    from sqlalchemy import func, select

    from syncer.catalogue.taxonomy import mapped
    from syncer.channels.mappings import category_paths, category_tree, resolve_categories
    from syncer.channels.records import get_account
    from syncer.store.tables import product

    query = (
        select(product.c.category_key, func.count())
        .where(product.c.status == "active")
        .group_by(product.c.category_key)
        .order_by(product.c.category_key)
    )
    with desk.read() as connection:
        there = get_account(connection, account)
        used = connection.execute(query).all()
        found = resolve_categories(connection, there, [row[0] for row in used], shipped=mapped)
        paths = category_paths(category_tree(connection, there.id))
    rows = [
        {
            "category": key or None,
            "products": count,
            "remote_id": found[key].remote_id if key in found else None,
            "path": paths.get(found[key].remote_id) if key in found else None,
            "origin": found[key].origin if key in found else None,
        }
        for key, count in used
    ]
    if as_json:
        out.print_json(rows)
        return
    none = word("belum dipetakan", "not mapped")
    out.table(
        [
            Words("KATEGORI", "CATEGORY"),
            Words("PRODUK", "PRODUCTS"),
            Words("DI TOKO", "IN THE SHOP"),
            Words("DARI", "FROM"),
        ],
        [[row["category"], row["products"], row["path"] or row["remote_id"] or none, row["origin"]] for row in rows],
        right=(1,),
    )


@command(
    app,
    "suggest",
    "Ambil daftar kategori toko dan usulkan yang cocok.",
    "Fetch the shop's categories and suggest those that fit.",
)
def suggest(
    category: str = CATEGORY,
    account: str = ACCOUNT,
    as_json: bool = typer.Option(False, "--json", help=JSON_HELP),
) -> None:
    """Suggest."""
    desk = open_desk()
    from syncer.catalogue.taxonomy import categories, check_category
    from syncer.channels.connectors import open_connector
    from syncer.channels.mappings import category_tree, fetch_category_tree, suggest_category

    there = desk.account(account)
    ours = categories()[check_category(category)]
    parents = [categories()[ours.parent_key]] if ours.parent_key in categories() else []
    with desk.read() as connection:
        fetched = bool(category_tree(connection, there.id))
    if not fetched:
        connector = open_connector(there, engine=desk.engine, keys=desk.keys, **desk.for_shops())
        fetch_category_tree(desk.engine, there, connector, now=desk.now)
    with desk.read() as connection:
        found = suggest_category(connection, there, ours, parents=parents, most=5)
    if as_json:
        out.print_json([{"remote_id": one.remote_id, "path": one.path, "score": one.score} for one in found])
        return
    name = ours.name_en if language() == "en" else ours.name_id
    if not found:
        out.line(word(f"Tidak ada usulan untuk {name}.", f"No suggestion for {name}."))
        return
    out.table(
        ["ID", Words("KATEGORI TOKO", "THE SHOP'S CATEGORY"), Words("COCOK", "FIT")],
        [[one.remote_id, one.path, f"{one.score:.0f}%"] for one in found],
        right=(2,),
    )


@command(
    app,
    "set",
    "Pilih kategori toko untuk sebuah kategori kriya.",
    "Choose the shop's category for one of ours.",
    examples=['syncer map set keris-hias 101127 --account "Toko Orange"'],
)
def set_mapping(
    category: str = CATEGORY,
    remote_id: str = typer.Argument(metavar="ID", help=both("Nomor kategori toko.", "The shop's category id.")),
    account: str = ACCOUNT,
    attribute: list[str] = typer.Option(
        [], "--attribute", metavar="ID=VALUE", help=both("Isi atribut toko.", "A value for the shop's attribute.")
    ),
    whole_channel: bool = typer.Option(
        False, "--everywhere", help=both("Untuk semua toko sejenis.", "For every shop of this kind.")
    ),
) -> None:
    """Set a mapping."""
    desk = open_desk()
    from syncer.catalogue.taxonomy import check_category
    from syncer.channels.mappings import set_mapping as do
    from syncer.channels.records import get_account

    attributes = dict(pair(text, "100037=Katun") for text in attribute)
    with desk.write() as connection:
        marked = do(
            connection,
            get_account(connection, account),
            check_category(category),
            remote_id,
            attributes=attributes,
            whole_channel=whole_channel,
            now=desk.now,
            actor=desk.actor,
        )
    out.done(
        Words(
            f"{category} → {remote_id}; {marked} produk diperbarui.",
            f"{category} → {remote_id}; {many(marked, 'listing')}.",
        )
    )
    from syncer.cli.products import say_next

    say_next(desk)


@command(app, "clear", "Hapus pilihan itu; peta bawaan berlaku lagi.", "Remove that choice; the shipped map counts.")
def clear(
    category: str = CATEGORY,
    account: str = ACCOUNT,
    whole_channel: bool = typer.Option(
        False, "--everywhere", help=both("Untuk semua toko sejenis.", "For every shop of this kind.")
    ),
) -> None:
    """Clear a mapping."""
    desk = open_desk()
    from syncer.channels.mappings import clear_mapping
    from syncer.channels.records import get_account

    with desk.write() as connection:
        gone = clear_mapping(
            connection,
            get_account(connection, account),
            category,
            whole_channel=whole_channel,
            now=desk.now,
            actor=desk.actor,
        )
    if not gone:
        raise SyncerError(
            Words(
                f"{category} tidak punya peta sendiri di sana. Lihat `syncer map list`.",
                f"{category} has no mapping of its own there. See `syncer map list`.",
            )
        )
    out.done(Words(f"{category}: peta bawaan berlaku lagi.", f"{category}: the shipped map counts again."))
