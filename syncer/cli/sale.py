"""``syncer sale``: a piece was sold at a bazaar, over the counter or in a chat."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

import typer

from syncer.cli import out
from syncer.cli.desk import open_desk
from syncer.cli.kit import JSON_HELP, NumberCommand, UsageProblem, command, single
from syncer.cli.reading import decimal, whole
from syncer.cli.texts import both, many
from syncer.domain.words import Words

if TYPE_CHECKING:
    from syncer.inventory.campaign_short import Short

app = single()


@command(
    app,
    "sale",
    "Catat penjualan di bazar atau di tempat: syncer sale SKU. Membatalkannya: syncer sale undo NOMOR.",
    "Record a sale at a bazaar or over the counter: syncer sale SKU. To take it back: syncer sale undo ID.",
    cls=NumberCommand,
    examples=["syncer sale SRP-BTK-001", "syncer sale SRP-BTK-001 2 --price 85000 --note bazar", "syncer sale undo 17"],
)
def sale(
    sku: str = typer.Argument(metavar="SKU", help=both("SKU yang terjual, atau undo.", "What was sold, or undo.")),
    n: str | None = typer.Argument(
        None,
        metavar="N",
        help=both("Banyaknya (biasanya 1); sesudah undo: nomornya.", "How many (1 by default); after undo: its id."),
    ),
    location: str = typer.Option(
        "", "--location", metavar="CODE", help=both("Barangnya dari lokasi ini.", "Where the pieces were.")
    ),
    price: str | None = typer.Option(
        None, "--price", metavar="N", help=both("Harga satu barang.", "The price of one piece.")
    ),
    note: str = typer.Option("", "--note", metavar="TEXT", help=both("Catatan, tanpa nama pembeli.", "A note.")),
    reference: str = typer.Option(
        "",
        "--reference",
        metavar="TEXT",
        help=both("Nomor sendiri: yang sama tidak dihitung dua kali.", "A number of your own: it counts once."),
    ),
    as_json: bool = typer.Option(False, "--json", help=JSON_HELP),
) -> None:
    """Record a sale, or undo one."""
    if sku == "undo":
        _undo(n)
        return
    number = whole("1" if n is None else n, Words("Jumlah", "The number"))
    each = None if price is None else decimal(price, Words("Harga", "The price"))
    desk = open_desk()
    from syncer.orders.doors import record_sale

    with desk.write() as connection:
        made = record_sale(
            connection,
            sku,
            number,
            location=location,
            price=each,
            note=note,
            reference=reference,
            now=desk.now,
        )
    if as_json:
        out.print_json(
            {
                "id": made.id,
                "reference": made.reference,
                "sku": made.sku,
                "quantity": made.quantity,
                "free": made.free,
                "oversold": made.oversold,
                "new": made.new,
                "campaigns": [
                    {
                        "campaign": one.reservation.campaign,
                        "account": one.reservation.account,
                        "sku": one.reservation.sku,
                        "set_aside": one.reservation.left,
                        "missing": one.missing,
                    }
                    for one in made.campaigns
                ],
            }
        )
        return
    _say(made)


def _say(made: Any) -> None:
    if not made.new:
        out.done(Words(f"Penjualan {made.reference} sudah dicatat.", f"The sale {made.reference} was recorded before."))
        return
    out.done(
        Words(
            f"{made.quantity} {made.sku} terjual; sisa {made.free}. Batal: syncer sale undo {made.id}",
            f"{made.quantity} {made.sku} sold; {made.free} left. Undo: syncer sale undo {made.id}",
        )
    )
    if made.oversold:
        out.warn(
            Words(
                f"{made.sku} terjual melebihi yang ada. Lihat: syncer orders oversold",
                f"More {made.sku} is sold than there is. See: syncer orders oversold",
            )
        )
    for one in made.campaigns:
        words, remedy = short_words(one)
        out.warn(Words(f"{words.id} {remedy.id}", f"{words.en} {remedy.en}"))
    from syncer.cli.products import say_next

    say_next(open_desk())


def short_words(one: Short) -> tuple[Words, Words]:
    """Return what is said of a campaign that lacks pieces, and what to do."""
    kept, missing = one.reservation, one.missing
    of = f"--campaign {shlex.quote(kept.campaign)} --sku {shlex.quote(kept.sku)} --account {shlex.quote(kept.account)}"
    add = f"`syncer stock add {shlex.quote(kept.sku)} {missing} --location {shlex.quote(kept.location)}`"
    aside = f"{many(kept.left, 'piece')} of {kept.sku} {'is' if kept.left == 1 else 'are'}"
    return (
        Words(
            f"Kegiatan {kept.campaign} di {kept.account}: {kept.left} {kept.sku} disisihkan, sekarang kurang "
            f"{missing}.",
            f"The campaign {kept.campaign} in {kept.account}: {aside} set aside, {missing} of them missing now.",
        ),
        Words(
            f"Ada lagi, atau dibuat lagi? {add}. Tidak? Lepaskan: `syncer reserve release {of}`, lalu sisihkan yang "
            "masih ada dengan `syncer reserve add`.",
            f"Found or made more? {add}. If not, release it: `syncer reserve release {of}`, then set aside what there "
            "still is with `syncer reserve add`.",
        ),
    )


def _undo(name: str | None) -> None:
    if name is None:
        raise UsageProblem(
            Words(
                "Penjualan yang mana? Tulis nomornya: `syncer sale undo NOMOR`; nomor-nomornya ada di "
                "`syncer orders --sales`.",
                "Which sale? Name its id: `syncer sale undo ID`; `syncer orders --sales` lists them.",
            )
        )
    desk = open_desk()
    from syncer.orders.doors import undo_sale

    with desk.write() as connection:
        moved = undo_sale(connection, name.strip(), actor=desk.actor, now=desk.now)
    pieces = sum(one.delta for one in moved)
    out.done(Words(f"Dibatalkan: {pieces} kembali ke stok.", f"Undone: {pieces} back in stock."))
    from syncer.cli.products import say_next

    say_next(desk)
