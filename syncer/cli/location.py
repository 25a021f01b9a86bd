"""``syncer location``: where goods are."""

from __future__ import annotations

import typer

from syncer.cli import out
from syncer.cli.desk import open_desk
from syncer.cli.kit import JSON_HELP, command, group
from syncer.cli.texts import both, say
from syncer.domain.words import Words

app = group("Lihat dan tambah lokasi stok.", "Look at stock locations and add them.", alone=True)


@app.callback()
def locations(ctx: typer.Context, as_json: bool = typer.Option(False, "--json", help=JSON_HELP)) -> None:
    """List the locations."""
    if ctx.invoked_subcommand is not None:
        return
    desk = open_desk()
    from syncer.inventory.locations import find_location, list_locations

    with desk.write() as connection:
        find_location(connection)
        rows = list_locations(connection)
    if as_json:
        out.print_json([{"code": row.code, "name": row.name, "pooled": row.pooled} for row in rows])
        return
    yes, no = say(Words("ya", "yes")), say(Words("tidak", "no"))
    out.table(
        [Words("KODE", "CODE"), Words("NAMA", "NAME"), Words("STOK BERSAMA", "SHARED STOCK")],
        [[row.code, row.name, yes if row.pooled else no] for row in rows],
    )


@command(
    app,
    "add",
    "Tambah lokasi, misalnya galeri atau toko titipan.",
    "Add a location, such as a gallery or a partner's shop floor.",
    examples=['syncer location add galeri --name "Galeri Dekranasda"', "syncer location add mall-bxc --consignment"],
)
def add(
    code: str = typer.Argument(metavar="CODE", help=both("Huruf kecil dan angka.", "Small letters and digits.")),
    name: str = typer.Option("", "--name", metavar="TEXT", help=both("Nama untuk orang.", "Its name for people.")),
    consignment: bool = typer.Option(
        False,
        "--consignment",
        help=both("Titipan: tidak dijual toko lain.", "On consignment: no other shop sells these goods."),
    ),
) -> None:
    """Add a location."""
    desk = open_desk()
    from syncer.inventory.locations import add_location

    with desk.write() as connection:
        place = add_location(connection, code, name, pooled=not consignment)
    out.done(Words(f"Lokasi {place.code} ({place.name}) ada.", f"The location {place.code} ({place.name}) is there."))
