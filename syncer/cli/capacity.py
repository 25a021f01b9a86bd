"""``syncer capacity``: how many pieces a crafter makes to order in a week."""

from __future__ import annotations

import typer

from syncer.cli import out
from syncer.cli.desk import open_desk
from syncer.cli.kit import JSON_HELP, NumberCommand, command, group
from syncer.cli.reading import whole
from syncer.cli.texts import both
from syncer.domain.words import Words

app = group("Berapa yang bisa dibuat perajin tiap minggu.", "How many pieces a crafter can make a week.", alone=True)


@app.callback()
def capacity(ctx: typer.Context, as_json: bool = typer.Option(False, "--json", help=JSON_HELP)) -> None:
    """List the crafters with a weekly capacity."""
    if ctx.invoked_subcommand is None:
        _list(as_json)


@command(app, "list", "Lihat kapasitas tiap minggu.", "List what is left of each week.")
def show(as_json: bool = typer.Option(False, "--json", help=JSON_HELP)) -> None:
    """List the crafters with a weekly capacity."""
    _list(as_json)


@command(
    app,
    "set",
    "Barang buatan menurut pesanan tampil sebanyak sisa minggu siapnya, bukan stok.",
    "What is made to order shows what is left of the week it has to be ready in, instead of its stock.",
    cls=NumberCommand,
    examples=['syncer capacity set "Kelompok Tungku" 6', 'syncer capacity set "Kelompok Tungku" none'],
)
def set_weekly(
    maker: str = typer.Argument(metavar="MAKER", help=both("Nama perajin.", "The crafter's name.")),
    n: str = typer.Argument(metavar="N", help=both("Buah per minggu; none: menurut stok.", "Pieces a week; none.")),
) -> None:
    """Set a crafter's capacity."""
    from syncer.inventory.capacity import set_capacity

    pieces = None if n.strip().lower() == "none" else whole(n, Words("Jumlah", "The number"))
    desk = open_desk()
    with desk.write() as connection:
        found = set_capacity(connection, maker, pieces, now=desk.now)
    if found is None:
        out.done(Words(f"{maker}: menurut stok lagi.", f"{maker}: counts by stock again."))
        return
    out.done(
        Words(
            f"{found.maker}: {found.pieces_a_week} seminggu (Senin sampai Minggu), untuk produk dengan hari pembuatan. "
            "Pesanan dihitung di minggu barangnya harus siap; sisanya: `syncer capacity`.",
            f"{found.maker}: {found.pieces_a_week} a week (Monday to Sunday), for products with days to make. An order "
            "counts in the week it has to be ready; what is left of each: `syncer capacity`.",
        )
    )


def _list(as_json: bool) -> None:
    from syncer.inventory.weeks import list_capacity

    desk = open_desk()
    with desk.read() as connection:
        rows = list(list_capacity(connection, desk.now).values())
    if as_json:
        out.print_json(
            [
                {"maker": one.maker, "pieces_a_week": one.pieces_a_week, "ordered": one.ordered, "left": one.left}
                | {"weeks": [week._asdict() | {"begins": week.begins.isoformat()} for week in one.weeks]}
                for one in rows
            ]
        )
        return
    if not rows:
        out.hint(
            Words(
                "Belum ada kapasitas. Atur: `syncer capacity set PERAJIN N`.",
                "No capacity is set. To do so: `syncer capacity set MAKER N`.",
            )
        )
        return
    out.table(
        [
            Words("PERAJIN", "CRAFTER"),
            Words("SEMINGGU", "A WEEK"),
            Words("MINGGU MULAI", "WEEK OF"),
            Words("HARUS SIAP", "TO BE READY"),
            Words("SISA", "LEFT"),
        ],
        [
            [one.maker, one.pieces_a_week, week.begins.isoformat(), week.ordered, week.left]
            for one in rows
            for week in one.weeks
        ],
        right=(1, 3, 4),
    )
