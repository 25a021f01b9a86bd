"""``syncer bundle``: hampers, made of pieces of other variants."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from syncer.cli import out
from syncer.cli.desk import open_desk
from syncer.cli.kit import JSON_HELP, UsageProblem, command, group
from syncer.cli.reading import whole
from syncer.cli.texts import both
from syncer.domain.words import Words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from syncer.inventory.bundles import Bundle

app = group("Paket (hampers) dari beberapa barang.", "Bundles (hampers) made of several things.", alone=True)
SKU = typer.Argument(metavar="SKU", help=both("SKU paket.", "The bundle's SKU."))


@app.callback()
def bundle(ctx: typer.Context, as_json: bool = typer.Option(False, "--json", help=JSON_HELP)) -> None:
    """List the bundles."""
    if ctx.invoked_subcommand is None:
        _list(as_json, None)


@command(app, "list", "Lihat semua paket dan isinya.", "List the bundles and their parts.")
def show_all(as_json: bool = typer.Option(False, "--json", help=JSON_HELP)) -> None:
    """List the bundles."""
    _list(as_json, None)


@command(app, "show", "Lihat isi satu paket.", "Show the parts of one bundle.")
def show(sku: str = SKU, as_json: bool = typer.Option(False, "--json", help=JSON_HELP)) -> None:
    """Show one bundle."""
    _list(as_json, sku)


@command(
    app,
    "set",
    "Tulis isi paket: tampil sebanyak yang cukup dari isinya, dan menjualnya mengurangi isinya.",
    "Say what a bundle is made of: it shows what its parts allow, and selling it takes them.",
    examples=["syncer bundle set HAMPERS-01 MK-1:2 SL-M"],
)
def compose(
    sku: str = SKU,
    parts: list[str] = typer.Argument(metavar="PART[:N]...", help=both("SKU isi, dan jumlahnya.", "Parts.")),
) -> None:
    """Set the parts of a bundle."""
    from syncer.inventory.bundles import compose as make

    wanted = [_part(text) for text in parts]
    desk = open_desk()
    with desk.write() as connection:
        made = make(connection, sku, wanted, now=desk.now)
    shown = ", ".join(f"{one.pieces} x {one.sku}" for one in made.parts)
    out.done(Words(f"{made.sku} berisi {shown}.", f"{made.sku} is made of {shown}."))


@command(app, "remove", "Bukan paket lagi.", "Make it a bundle no longer.")
def remove(sku: str = SKU) -> None:
    """Take the parts of a bundle away."""
    from syncer.inventory.bundles import compose as make
    from syncer.inventory.bundles import no_bundle, parts_of
    from syncer.store.skus import find_variant

    desk = open_desk()
    with desk.write() as connection:
        found = find_variant(connection, sku)
        if not parts_of(connection, [found.id]):
            raise no_bundle(found.sku)
        made = make(connection, sku, [], now=desk.now)
    out.done(Words(f"{made.sku} bukan paket lagi.", f"{made.sku} is no bundle any more."))


def _part(text: str) -> tuple[str, int]:
    sku, colon, number = text.strip().rpartition(":")
    if not colon:
        return text.strip(), 1
    if not sku:
        raise UsageProblem(Words("Tulis isi seperti MK-1:2.", "Write a part like MK-1:2."))
    return sku, whole(number, Words("Jumlah", "The number"))


def _list(as_json: bool, sku: str | None) -> None:
    from syncer.inventory.bundles import list_bundles
    from syncer.inventory.free import load_supply

    desk = open_desk()
    with desk.read() as connection:
        found = list_bundles(connection, sku)
        supply = load_supply(connection, [one.variant_id for one in found], now=desk.now)
    free = {one.sku: max(supply.free(one.variant_id, None, None), 0) for one in found}
    if as_json:
        out.print_json(_json(found, free))
        return
    if not found:
        out.hint(
            Words(
                "Belum ada paket. Buat: `syncer bundle set SKU ISI:N ...`.",
                "There is no bundle. To make one: `syncer bundle set SKU PART:N ...`.",
            )
        )
        return
    out.table(
        [Words("PAKET", "BUNDLE"), Words("CUKUP UNTUK", "ENOUGH FOR"), Words("ISI", "PARTS")],
        [[one.sku, free[one.sku], ", ".join(f"{part.pieces} x {part.sku}" for part in one.parts)] for one in found],
        right=(1,),
    )


def _json(found: Sequence[Bundle], free: dict[str, int]) -> list[dict[str, object]]:
    return [
        {
            "sku": one.sku,
            "free": free[one.sku],
            "parts": [{"sku": part.sku, "pieces": part.pieces} for part in one.parts],
        }
        for one in found
    ]
