"""``syncer products``: look at the catalogue, and edit it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from syncer.cli import out
from syncer.cli.desk import Desk, open_desk
from syncer.cli.kit import JSON_HELP, UsageProblem, command, group
from syncer.cli.product_page import print_product, products_json
from syncer.cli.reading import pair, whole
from syncer.cli.texts import both, many
from syncer.domain.words import Words

if TYPE_CHECKING:
    from syncer.catalogue.dropping import Leaving

app = group("Lihat dan ubah produk.", "Look at products and edit them.", alone=True)

REF = typer.Argument(metavar="REF", help=both("Nama pendek (handle) atau SKU.", "A product's handle or any SKU."))
AS_JSON = typer.Option(False, "--json", help=JSON_HELP)


@app.callback()
def products(
    ctx: typer.Context,
    search: str = typer.Option(
        "", "--search", metavar="TEXT", help=both("Cari di nama, judul dan SKU.", "Search handle, title and SKUs.")
    ),
    archived: bool = typer.Option(
        False, "--archived", help=both("Juga yang sudah diarsipkan.", "Archived ones as well.")
    ),
    as_json: bool = AS_JSON,
) -> None:
    """List the products."""
    if ctx.invoked_subcommand is not None:
        return
    desk = open_desk()
    from syncer.catalogue.read import list_products

    with desk.read() as connection:
        rows = list_products(connection, search=search, include_archived=archived)
        if as_json:
            out.print_json(products_json(connection, [row.id for row in rows], {row.id: row.listings for row in rows}))
            return
    if not rows:
        out.hint(
            Words(
                "Belum ada produk. Bawa masuk katalog dengan: syncer import BERKAS",
                "There are no products yet. Bring your catalogue in with: syncer import FILE",
            )
        )
        return
    out.table(
        [
            "HANDLE",
            Words("JUDUL", "TITLE"),
            "SKU",
            Words("STOK", "STOCK"),
            Words("FOTO", "PHOTOS"),
            Words("TOKO", "SHOPS"),
        ],
        [[row.handle, row.title, _short(row.skus), row.stock, row.photos, row.listings] for row in rows],
        right=(3, 4, 5),
    )


@command(app, "show", "Tunjukkan satu produk.", "Show one product.", examples=["syncer products show SRP-BTK-001"])
def show(ref: str = REF, as_json: bool = AS_JSON) -> None:
    """Show one product with its variants."""
    desk = open_desk()
    from syncer.catalogue.read import find_product

    with desk.read() as connection:
        found = products_json(connection, [find_product(connection, ref)], {})[0]
    if as_json:
        out.print_json(found)
        return
    print_product(found)


@command(
    app,
    "edit",
    "Ubah sebuah produk; perubahannya langsung dikirim ke semua toko.",
    "Edit a product; the change goes to every shop at once.",
    examples=['syncer products edit SRP-BTK-001 --title "Kain Batik Tulis"'],
)
def edit(
    ref: str = REF,
    title: str | None = typer.Option(None, "--title", metavar="TEXT", help=both("Judul.", "The title.")),
    description: str | None = typer.Option(
        None, "--description", metavar="TEXT", help=both("Uraian.", "The description.")
    ),
    story: str | None = typer.Option(None, "--story", metavar="TEXT", help=both("Kisahnya.", "Its story.")),
    category: str | None = typer.Option(
        None, "--category", metavar="KEY", help=both("Kategori kriya.", "Its category of crafts.")
    ),
    materials: str | None = typer.Option(
        None, "--materials", metavar="A;B", help=both("Bahan, dipisah titik koma.", "Materials, by semicolons.")
    ),
    brand: str | None = typer.Option(None, "--brand", metavar="TEXT", help=both("Merek.", "The brand.")),
    made_to_order_days: str | None = typer.Option(
        None, "--made-to-order-days", metavar="N", help=both("Hari pembuatan; 0: siap kirim.", "Days to make; 0: none.")
    ),
    attribute: list[str] = typer.Option(
        [],
        "--attribute",
        metavar="NAME=VALUE",
        help=both(
            "Keterangan, misalnya Bahan=Katun; kosong: hapus.", "A detail, such as Material=Cotton; empty: none."
        ),
    ),
) -> None:
    """Change what is given, leave the rest."""
    fields: dict[str, Any] = {
        "title": title,
        "description": description,
        "story": story,
        "category_key": category,
        "materials": None
        if materials is None
        else tuple(part.strip() for part in materials.split(";") if part.strip()),
        "brand": brand,
        "made_to_order_days": None
        if made_to_order_days is None
        else whole(made_to_order_days, Words("Jumlah hari", "The number of days"), most=365),
    }
    fields = {name: value for name, value in fields.items() if value is not None}
    details = dict(pair(text, "Bahan=Katun") for text in attribute)
    if not fields and not details:
        raise UsageProblem(
            Words(
                "Tulis apa yang diubah, misalnya --title. Lihat `syncer products edit --help`.",
                "Write what to change, such as --title. See `syncer products edit --help`.",
            )
        )
    desk = open_desk()
    from syncer.catalogue.edit import edit_product, new_cause

    with desk.write() as connection:
        if details:
            from syncer.catalogue.read import load_product

            merged = {**load_product(connection, ref).attributes, **details}
            fields["attributes"] = {name: value for name, value in merged.items() if value}
        cause = new_cause(connection, "edit", ref, desk.actor, desk.now)
        saved = edit_product(connection, ref, now=desk.now, cause_id=cause, **fields)
    say_saved(saved.handle, bool(saved.changed))


@command(
    app,
    "photo",
    "Beri produk foto dari berkas.",
    "Give a product photos from files.",
    examples=["syncer products photo SRP-BTK-001 depan.jpg belakang.jpg"],
)
def photo(
    ref: str = REF,
    files: list[Path] = typer.Argument(metavar="FILE", help=both("Foto JPEG, PNG atau WebP.", "JPEG, PNG or WebP.")),
    sku: str | None = typer.Option(
        None, "--sku", metavar="SKU", help=both("Foto varian ini.", "They show this variant.")
    ),
    replace_all: bool = typer.Option(
        False, "--replace", help=both("Ganti semua foto yang ada.", "Instead of all that are there.")
    ),
) -> None:
    """Add photos; each is checked, turned upright and made small enough first."""
    desk = open_desk()
    from dataclasses import replace

    from syncer.catalogue.edit import new_cause, save_product
    from syncer.catalogue.media import MAX_PHOTO_BYTES, PhotoStore, record_media
    from syncer.catalogue.read import load_product
    from syncer.domain.product import Photo
    from syncer.store.skus import find_variant

    with desk.read() as connection:
        load_product(connection, ref)
        of = find_variant(connection, sku).sku if sku else None
    with PhotoStore(desk.settings.home) as store:
        infos = [store.add(_beginning(file, MAX_PHOTO_BYTES + 1)) for file in files]
    with desk.write() as connection:
        record_media(connection, infos, desk.now)
        value = load_product(connection, ref)
        kept = () if replace_all else value.photos
        known = {one.sha256 for one in kept}
        added = tuple(Photo(info.sha256, value.title, of) for info in infos if info.sha256 not in known)
        cause = new_cause(connection, "edit", ref, desk.actor, desk.now)
        saved = save_product(connection, replace(value, photos=kept + added), now=desk.now, cause_id=cause)
    say_saved(saved.handle, bool(saved.changed))


def _beginning(file: Path, most: int) -> bytes:
    with file.open("rb") as opened:
        return opened.read(most)


@command(
    app,
    "rename",
    "Ganti SKU sebuah varian; stok dan tokonya tetap tersambung.",
    "Give a variant another SKU; its stock and listings stay with it.",
)
def rename(
    sku: str = typer.Argument(metavar="SKU", help=both("SKU yang sekarang.", "The SKU it has.")),
    new_sku: str = typer.Argument(metavar="NEW", help=both("SKU yang baru.", "The SKU it gets.")),
) -> None:
    """Rename a SKU."""
    desk = open_desk()
    from syncer.catalogue.edit import rename_sku

    with desk.write() as connection:
        saved = rename_sku(connection, sku, new_sku, now=desk.now)
    say_saved(saved.handle, bool(saved.changed or saved.renamed))


@command(
    app,
    "drop-variant",
    "Hapus satu varian produk; varian lain tetap dijual. Stok dan riwayatnya tersimpan.",
    "Drop one variant of a product; the others go on. Its stock and history are kept.",
    examples=["syncer products drop-variant SRP-BTK-003-BTU --dry-run", "syncer products drop-variant SRP-BTK-003-BTU"],
)
def drop_variant(
    sku: str = typer.Argument(metavar="SKU", help=both("SKU varian itu.", "The variant's SKU.")),
    dry_run: bool = typer.Option(
        False, "--dry-run", help=both("Hanya tunjukkan akibatnya.", "Only say what would come of it.")
    ),
    yes: bool = typer.Option(False, "--yes", help=both("Jangan bertanya dulu.", "Don't ask first.")),
) -> None:
    """Drop one variant."""
    desk = open_desk()
    from syncer.catalogue.dropping import drop_variant as drop
    from syncer.catalogue.dropping import leaving
    from syncer.catalogue.edit import new_cause
    from syncer.cli.asking import ask_first

    with desk.read() as connection:
        found = leaving(connection, sku)
    name = " / ".join((found.sku, *found.option_values))
    if dry_run:
        out.line(Words(f"Akan dihapus: {name} dari {found.handle}.", f"Would be dropped: {name} of {found.handle}."))
        _say_what_stays(found)
        return
    ask_first(
        Words(
            f"Hapus varian {name} dari {found.handle}? Toko yang menampilkannya: {found.shops}.",
            f"Drop the variant {name} of {found.handle}? {many(found.shops, 'shop')} now "
            f"{'shows' if found.shops == 1 else 'show'} it.",
        ),
        already=yes,
    )
    with desk.write() as connection:
        cause = new_cause(connection, "drop", found.sku, desk.actor, desk.now)
        drop(connection, found.sku, now=desk.now, cause_id=cause)
    out.done(
        Words(f"{name} bukan lagi varian {found.handle}.", f"{name} is no longer a variant of {found.handle}."),
    )
    _say_what_stays(found)
    say_next(desk)


def _say_what_stays(found: Leaving) -> None:
    if found.shops:
        out.line(
            Words(
                f"  Di {found.shops} toko penjualannya dihentikan dulu, lalu variannya dihapus; "
                f"{found.left} varian lain tetap seperti sekarang.",
                f"  In {many(found.shops, 'shop')} it stops being sold first, then it is taken off; "
                f"the other {many(found.left, 'variant')} {'stays' if found.left == 1 else 'stay'} as now.",
            )
        )
    if found.on_hand:
        out.line(
            Words(
                f"  Stoknya ({found.on_hand} buah) tetap tercatat, tetapi tidak dijual di mana pun.",
                f"  Its stock ({many(found.on_hand, 'piece')}) stays on the books, but is sold nowhere.",
            )
        )
    out.line(
        Words(
            "  Mengembalikannya: `syncer import` berkas dengan baris SKU ini; stok dan riwayatnya kembali juga.",
            "  To bring it back: `syncer import` a file with a row of this SKU; its stock and history come back, too.",
        )
    )


@command(
    app,
    "delete",
    "Tarik produk dari semua toko, lalu arsipkan.",
    "Take a product down in every shop, then archive it.",
)
def delete(
    ref: str = REF,
    yes: bool = typer.Option(False, "--yes", help=both("Jangan bertanya dulu.", "Don't ask first.")),
) -> None:
    """Delete a product."""
    desk = open_desk()
    from syncer.catalogue.edit import delete_product, new_cause
    from syncer.catalogue.read import load_product
    from syncer.cli.asking import ask_first

    with desk.read() as connection:
        value = load_product(connection, ref)
    ask_first(
        Words(f'Hapus "{value.title}" dari semua toko?', f'Take "{value.title}" down in every shop?'), already=yes
    )
    with desk.write() as connection:
        cause = new_cause(connection, "delete", value.handle, desk.actor, desk.now)
        gone = delete_product(connection, value.handle, now=desk.now, cause_id=cause)
    if gone.withdrawing:
        out.done(
            Words(
                f"{gone.handle}: sedang ditarik dari {gone.withdrawing} toko, lalu diarsipkan.",
                f"{gone.handle}: being taken down in {many(gone.withdrawing, 'shop')}, then archived.",
            )
        )
        say_next(desk)
    else:
        out.done(Words(f"{gone.handle} diarsipkan.", f"{gone.handle} is archived."))


def say_saved(handle: str, changed: bool) -> None:
    """Say what came of an edit, and when the shops follow."""
    if not changed:
        out.done(Words(f"{handle}: tidak ada yang berubah.", f"{handle}: nothing changed."))
        return
    out.done(Words(f"{handle} tersimpan.", f"{handle} is saved."))
    say_next(open_desk())


def say_next(desk: Desk) -> None:
    """Say when the change reaches the shops: at once by a daemon, else by ``syncer sync``."""
    from syncer.cli.waking import daemon_runs, something_due

    if daemon_runs(desk.settings.home):
        return
    if something_due(desk):
        out.hint(
            Words(
                "Belum ada yang mengirimnya ke toko. Kirim sekarang: syncer sync (atau biarkan syncer run berjalan).",
                "Nothing is sending it to the shops yet. Send it now: syncer sync (or keep syncer run running).",
            )
        )


def _short(skus: tuple[str, ...]) -> str:
    return ", ".join(skus[:2]) + (f" +{len(skus) - 2}" if len(skus) > 2 else "")
