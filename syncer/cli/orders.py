"""``syncer orders``: what was ordered, what waits for a person, and what was sold twice."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from syncer.cli import out
from syncer.cli.desk import Desk, open_desk
from syncer.cli.kit import JSON_HELP, PARTLY, UsageProblem, command, group
from syncer.cli.reading import whole
from syncer.cli.texts import both, many, say, word
from syncer.domain.words import Words

if TYPE_CHECKING:
    from syncer.orders.listing import OrderRow
    from syncer.orders.meant import Concerned
    from syncer.orders.partner import SoldReport

_SHOWN = 10
app = group("Lihat pesanan dan yang menunggu jawaban.", "Look at orders, and at what waits for an answer.", alone=True)

ORDER = typer.Argument(metavar="ORDER", help=both("Nomor pesanan, dari toko atau dari Syncer.", "The order's number."))


@app.callback()
def orders(
    ctx: typer.Context,
    account: str | None = typer.Option(
        None, "--account", metavar="NAME", help=both("Hanya toko ini.", "This shop only.")
    ),
    only_open: bool = typer.Option(False, "--open", help=both("Yang belum dikirim saja.", "Only those not yet sent.")),
    sales: bool = typer.Option(False, "--sales", help=both("Penjualan di tempat saja.", "Only `syncer sale`.")),
    limit: int = typer.Option(50, "--limit", metavar="N", help=both("Paling banyak N.", "At most N.")),
    as_json: bool = typer.Option(False, "--json", help=JSON_HELP),
) -> None:
    """List orders, the newest first."""
    if ctx.invoked_subcommand is not None:
        return
    desk = open_desk()
    from syncer.orders.listing import order_rows

    account_id, left = _shop(desk, account) if account else (None, None)
    with desk.read() as connection:
        rows = order_rows(
            connection,
            account_id=account_id,
            left=left,
            only_open=only_open,
            sales=sales,
            limit=min(max(limit, 1), 10_000),
        )
    if as_json:
        out.print_json([_order_json(one) for one in rows])
        return
    if not rows:
        out.done(Words("Tidak ada pesanan.", "There are no orders."))
        return
    out.table(
        [
            Words("NOMOR", "NUMBER"),
            Words("TOKO", "SHOP"),
            Words("DIPESAN", "PLACED"),
            Words("STATUS", "STATUS"),
            Words("ISI", "WHAT"),
            Words("STOK", "STOCK"),
        ],
        [[one.order, one.account, out.moment(one.created_at), one.status, _what(one), _stock(one)] for one in rows],
    )


def _shop(desk: Desk, name: str) -> tuple[int | None, str | None]:
    """Return the account that is called so, or the name that a removed one had. Raises UnknownAccount."""
    from syncer.channels.records import UnknownAccount
    from syncer.orders.shops import was_called

    try:
        return desk.account(name).id, None
    except UnknownAccount:
        with desk.read() as connection:
            left = was_called(connection, name)
        if left is None:
            raise
        return None, left


@command(app, "show", "Tunjukkan satu pesanan dan gerak stoknya.", "Show one order and what it did to the stock.")
def show(name: str = ORDER, as_json: bool = typer.Option(False, "--json", help=JSON_HELP)) -> None:
    """Show an order."""
    desk = open_desk()
    from syncer.orders.inbox import find_order
    from syncer.orders.listing import moves_of, order_rows

    with desk.read() as connection:
        found = find_order(connection, name)
        one = order_rows(connection, ids=[found.id])[0]
        moves = moves_of(connection, found.id)
    if as_json:
        told = [
            {
                "at": move.at,
                "sku": move.sku,
                "location": move.location,
                "delta": move.delta,
                "held_delta": move.held_delta,
                "reason": move.reason,
            }
            for move in moves
        ]
        out.print_json(_order_json(one) | {"movements": told})
        return
    out.line(f"{out.clean(one.order)} · {out.clean(one.account)} · {out.clean(one.status)} · #{one.id}")
    out.line(word("Dipesan ", "Placed ") + out.moment(one.created_at))
    if one.ship_by is not None:
        out.line(word("Dikirim sebelum ", "To be sent by ") + out.moment(one.ship_by))
    for line in one.lines:
        sku = line.sku or word("belum dikenal: ", "unknown: ") + (line.theirs or "-")
        out.line(f"  {line.line}  {line.quantity} × {out.clean(sku)}  {out.clean(line.title)}  {line.meaning.value}")
    out.line(_stock(one))
    for move in moves:
        moved = f"{move.delta:+} / {move.held_delta:+}"
        out.line(f"  {out.moment(move.at)}  {out.clean(move.sku)}  {move.location}  {moved}  {move.reason}")


@command(
    app,
    "inbox",
    "Yang menunggu jawaban: SKU yang belum dikenal, dan barang yang mungkin kembali.",
    "What waits for an answer: SKUs that are unknown here, and pieces that may have come back.",
)
def inbox(as_json: bool = typer.Option(False, "--json", help=JSON_HELP)) -> None:
    """Show the inbox; what the catalogue knows by now is bound first."""
    desk = open_desk()
    from syncer.orders.inbox import questions, unknown_lines
    from syncer.orders.meant import bind_known

    with desk.write() as connection:
        bind_known(connection, now=desk.now)
        unknown, asked = unknown_lines(connection), questions(connection)
    if as_json:
        out.print_json(
            {"unknown": [one._asdict() | {"meaning": one.meaning.value} for one in unknown], "questions": asked}
        )
        return
    if not unknown and not asked:
        out.done(Words("Tidak ada yang menunggu.", "Nothing waits."))
    for one in unknown:
        out.line(
            word(
                f"{one.order} ({one.account}): {one.quantity} × {one.sku or '-'} {one.title} tidak dikenal. "
                f"→ syncer orders bind {one.order} {one.line} SKU",
                f"{one.order} ({one.account}): {one.quantity} × {one.sku or '-'} {one.title} is unknown. "
                f"→ syncer orders bind {one.order} {one.line} SKU",
            )
        )
    for row in asked:
        pieces = ", ".join(f"{count} {sku}" for sku, count in row["pieces"].items())
        out.line(out.clean(_question(row, pieces)))


def _question(row: Any, pieces: str) -> str:
    where = f"{row['order']} ({row['account']}, {row['status']})"
    if row["code"] == "too_many":
        return word(f"{where}: jumlahnya tidak masuk akal; tidak dihitung.", f"{where}: makes no sense; not counted.")
    if row["code"] == "return":
        answer = f"syncer orders returned {row['order']} --quantity N --sku SKU"
        return word(
            f"{where}: ada retur di toko; dari {pieces or '-'}, berapa yang kembali? → {answer} (atau --lost)",
            f"{where}: there is a return in the shop; how many of {pieces or '-'} came back? → {answer} (or --lost)",
        )
    return word(
        f"{where}: apakah {pieces or '-'} kembali? → syncer orders returned {row['order']} (atau --lost)",
        f"{where}: did {pieces or '-'} come back? → syncer orders returned {row['order']} (or --lost)",
    )


@command(
    app,
    "bind",
    "Katakan varian apa yang dimaksud sebuah baris pesanan; stoknya langsung dibetulkan.",
    "Say which variant a line of an order means; the stock is put right at once.",
    examples=[
        "syncer orders bind 250101ABCDEF 7 SRP-BTK-001",
        "syncer orders bind 250101ABCDEF 7 SRP-BTK-002 --again",
    ],
)
def bind(
    name: str = ORDER,
    line: str = typer.Argument(metavar="LINE", help=both("Barisnya, atau SKU di sana.", "The line, or its SKU there.")),
    sku: str = typer.Argument(metavar="SKU", help=both("SKU di katalog.", "The catalogue's SKU.")),
    again: bool = typer.Option(
        False, "--again", help=both("Betulkan: yang dulu keliru.", "Put right what was bound wrongly.")
    ),
    yes: bool = typer.Option(
        False, "--yes", help=both("Juga bila jadi kelebihan jual.", "Even if more is sold than there is.")
    ),
) -> None:
    """Bind a line."""
    desk = open_desk()
    from syncer.orders.meant import bind_line, concerned

    with desk.read() as connection:
        found = concerned(connection, name, line, sku, again=again)
    _say_concerned(found, sku)
    with desk.write() as connection:
        done = bind_line(connection, name, line, sku, again=again, oversell_ok=yes, now=desk.now)
    out.done(
        Words(
            f"{done.lines} baris berarti {done.sku}; stoknya sudah dihitung.",
            f"{many(done.lines, 'line')} {'means' if done.lines == 1 else 'mean'} {done.sku}; the stock is counted.",
        )
    )
    _after(desk, oversold=bool(done.oversold))


def _say_concerned(found: Sequence[Concerned], sku: str) -> None:
    out.line(word(f"{len(found)} baris akan berarti {sku}:", f"{many(len(found), 'line')} to mean {sku}:"))
    for one in found[:_SHOWN]:
        was = "" if one.was is None else word(f", sekarang {one.was}", f", {one.was} so far")
        line = word("baris", "line")
        out.line(out.clean(f"  {one.order} · {line} {one.line} · {one.quantity} × {one.theirs or '-'}{was}"))
    _say_more(len(found))


def _say_more(found: int) -> None:
    if found > _SHOWN:
        out.line(word(f"  … dan {found - _SHOWN} lagi", f"  … and {found - _SHOWN} more"))


@command(
    app,
    "returned",
    "Barang pesanan ini kembali ke rak (atau --lost: tidak kembali).",
    "Pieces of this order came back to the shelf (or --lost: they did not).",
)
def returned(
    name: str = ORDER,
    sku: str = typer.Option("", "--sku", metavar="SKU", help=both("Hanya SKU ini.", "This SKU only.")),
    n: str | None = typer.Option(None, "--quantity", metavar="N", help=both("Hanya sebanyak ini.", "So many only.")),
    lost: bool = typer.Option(False, "--lost", help=both("Tidak kembali.", "They don't come back.")),
) -> None:
    """Put pieces back."""
    pieces = None if n is None else whole(n, Words("Jumlah", "The number"))
    desk = open_desk()
    from syncer.orders.inbox import find_order, give_back

    with desk.write() as connection:
        which = find_order(connection, name)
        moved = give_back(connection, which, sku=sku, pieces=pieces, lost=lost, actor=desk.actor, now=desk.now)
    if lost:
        out.done(Words("Dicatat: tidak kembali.", "Noted: they don't come back."))
        return
    for one in moved:
        out.done(
            Words(
                f"{one.sku}: {one.delta} kembali, sekarang {one.on_hand_after} di {one.location}.",
                f"{one.sku}: {one.delta} back, {one.on_hand_after} at {one.location} now.",
            )
        )
    _after(desk)


@command(
    app,
    "close",
    "Tutup pesanan yang tokonya tidak tersambung lagi: --sent sudah dikirim, --off batal.",
    "Close an order whose shop is connected no more: --sent it went out, --off it was called off.",
    examples=["syncer orders close 250101ABCDEF --sent"],
)
def close(
    name: str = ORDER,
    sent: bool = typer.Option(False, "--sent", help=both("Sudah dikirim.", "It went out.")),
    off: bool = typer.Option(False, "--off", help=both("Batal.", "It was called off.")),
) -> None:
    """Close an order by hand."""
    if sent == off:
        raise UsageProblem(Words("Pilih salah satu: --sent atau --off.", "Choose one: --sent or --off."))
    desk = open_desk()
    from syncer.orders.inbox import close as do
    from syncer.orders.inbox import find_order

    with desk.write() as connection:
        moved = do(connection, find_order(connection, name), sent=sent, actor=desk.actor, now=desk.now)
    for one in moved:
        free = one.on_hand_after - one.held_after
        out.done(
            Words(
                f"{one.sku}: ada {one.on_hand_after}, dijanjikan {one.held_after}, bebas {free}.",
                f"{one.sku}: {one.on_hand_after} on hand, {one.held_after} held, {free} free.",
            )
        )
    _after(desk)


@command(
    app,
    "import",
    "Catat daftar penjualan dari mitra: CSV atau XLSX dengan SKU, jumlah, tanggal, nomor.",
    "Take a partner's list of sales in: a CSV or XLSX with SKU, quantity, date, reference.",
    examples=['syncer orders import terjual.xlsx --partner "Galeri Kota" --location galeri'],
)
def import_sold(
    file: Path = typer.Argument(metavar="FILE", help=both("Berkas CSV atau XLSX.", "A CSV or XLSX file.")),
    partner: str = typer.Option(..., "--partner", metavar="NAME", help=both("Nama mitra.", "The partner's name.")),
    location: str = typer.Option(
        "", "--location", metavar="CODE", help=both("Barangnya dari lokasi ini.", "Where the goods are.")
    ),
    dry_run: bool = typer.Option(False, "--dry-run", help=both("Hanya periksa.", "Only look.")),
    yes: bool = typer.Option(
        False, "--yes", help=both("Juga bila tampak dihitung dua kali.", "Even if it looks counted twice.")
    ),
    as_json: bool = typer.Option(False, "--json", help=JSON_HELP),
) -> None:
    """Import a partner's sold list."""
    desk = open_desk()
    from syncer.catalogue.importing.table import MAX_TEXT_BYTES
    from syncer.cli.importing import keep_returned
    from syncer.cli.texts import language
    from syncer.orders.partner import import_sold as do

    with file.open("rb") as opened:
        data = opened.read(MAX_TEXT_BYTES + 1)
    report = do(
        desk.engine, data, partner, location=location, now=desk.now, dry_run=dry_run, sure=yes, language=language()
    )
    back = None
    if report.returned is not None and not dry_run:
        back = keep_returned(file, report.returned, f"{file.stem}-gagal.csv")
    refused = [{"row": row, "message": words} for row, words in sorted(report.refused.items())]
    if as_json:
        counts = {name: getattr(report, name) for name in ("rows", "new", "changed", "unchanged", "pieces")}
        counts |= {"unread_columns": list(report.unread_columns)}
        out.print_json(counts | {"refused": refused, "returned_file": back, "dry_run": dry_run})
    else:
        _say_sold(report, back, dry_run=dry_run)
        if not dry_run:
            _after(desk, oversold=bool(report.oversold))
    if report.refused:
        raise typer.Exit(PARTLY)


def _say_sold(report: SoldReport, back: Path | None, *, dry_run: bool) -> None:
    from syncer.cli.importing import say_unread

    if dry_run:
        out.line(word("Percobaan: tidak ada yang disimpan.", "A dry run: nothing is kept."))
    say_unread(report.unread_columns)
    found = Words(
        f"{report.rows} baris, {report.pieces} barang: {report.new} penjualan baru, {report.changed} berubah, "
        f"{report.unchanged} sudah ada.",
        f"{many(report.rows, 'row')}, {many(report.pieces, 'piece')}: {many(report.new, 'new sale')}, "
        f"{report.changed} changed, {report.unchanged} known.",
    )
    if not report.refused:
        out.done(found)
    else:
        # No tick where something is left to do.
        out.line(found)
        refused = len(report.refused)
        out.warn(Words(f"{refused} baris ditolak:", f"{many(refused, 'row')} refused:"))
    for row, words in sorted(report.refused.items())[:_SHOWN]:
        out.line(out.clean(f"  {row}: {say(words)}"))
    _say_more(len(report.refused))
    if back is not None:
        out.hint(
            Words(
                f"Baris yang ditolak ada di {back}; perbaiki dan impor lagi.",
                f"The refused rows are in {back}; mend them and import that.",
            )
        )
    if dry_run and report.oversold:
        out.warn(Words("Akan ada yang terjual melebihi stok.", "More would be sold than there is."))


def _after(desk: Desk, *, oversold: bool = False) -> None:
    if oversold:
        out.warn(Words("Ada yang terjual lebih: syncer orders oversold", "Oversold: see syncer orders oversold"))
    from syncer.cli.products import say_next

    say_next(desk)


def _what(one: OrderRow) -> str:
    shown = [f"{line.quantity} {line.sku or line.theirs or '?'}" for line in one.lines[:3]]
    return ", ".join(shown) + (" …" if len(one.lines) > 3 else "")


def _stock(one: OrderRow) -> str:
    if not one.counted:
        return word("tidak dihitung (selesai sebelum tayang)", "not counted (over before going live)")
    parts = []
    # What a person is still asked about has neither gone for good nor come back.
    held, gone = one.held - one.asked.held, one.gone - one.asked.gone
    if held > 0:
        parts.append(word(f"{held} dijanjikan", f"{held} held"))
    if gone > 0:
        parts.append(word(f"{gone} keluar", f"{gone} gone"))
    if one.returned:
        parts.append(word(f"{one.returned} kembali", f"{one.returned} returned"))
    if one.asks:
        asked = f"{one.asked.pieces} " if one.asked.pieces else ""
        parts.append(word(f"{asked}ditanyakan: syncer orders inbox", f"{asked}in question: syncer orders inbox"))
    if any(line.sku is None for line in one.lines):
        parts.append(word("SKU tak dikenal", "unknown SKU"))
    return ", ".join(parts) or "-"


def _order_json(one: OrderRow) -> dict[str, Any]:
    return {
        "id": one.id,
        "order": one.order,
        "account": one.account,
        "status": one.status,
        "created_at": one.created_at,
        "updated_at": one.updated_at,
        "ship_by": one.ship_by,
        "total": one.total,
        "currency": one.currency,
        "counted": one.counted,
        "held": one.held,
        "gone": one.gone,
        "returned": one.returned,
        "asks": one.asks,
        "asked": one.asked.pieces,
        "lines": [
            {
                "line": line.line,
                "sku": line.sku,
                "their_sku": line.theirs,
                "title": line.title,
                "quantity": line.quantity,
                "status": line.status,
                "meaning": line.meaning.value,
                "price": line.price,
            }
            for line in one.lines
        ],
    }


from syncer.cli import oversold as _oversold  # noqa: E402, F401 - it adds `orders oversold`
