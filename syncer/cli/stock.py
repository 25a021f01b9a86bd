"""``syncer stock``: how many are there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from syncer.cli import out
from syncer.cli.desk import open_desk
from syncer.cli.kit import JSON_HELP, NumberCommand, UsageProblem, command, group
from syncer.cli.reading import whole
from syncer.cli.texts import both, say, word
from syncer.domain.words import Words

if TYPE_CHECKING:
    from syncer.cli.desk import Desk

app = group("Lihat dan hitung stok.", "Look at stock and count it.", alone=True)

SKU = typer.Argument(metavar="SKU", help=both("SKU varian.", "The variant's SKU."))
NUMBER = typer.Argument(metavar="N", help=both("Banyaknya.", "How many."))
LOCATION = typer.Option(
    "utama",
    "--location",
    metavar="CODE",
    help=both('Lokasi; "utama" ada sejak awal.', 'The location; "utama" (the main one) is there from the start.'),
)
NOTE = typer.Option("", "--note", metavar="TEXT", help=both("Catatan.", "A note."))
YES = typer.Option(
    False,
    "--yes",
    help=both("Jangan bertanya dulu untuk barang satu-satunya.", "Don't ask first about a single piece."),
)
_COUNT = Words("Jumlah", "The number")


@app.callback()
def stock(
    ctx: typer.Context,
    search: str = typer.Option("", "--search", metavar="TEXT", help=both("Cari di SKU dan judul.", "Search.")),
    as_json: bool = typer.Option(False, "--json", help=JSON_HELP),
) -> None:
    """List what is on hand, promised to orders, and free, by SKU and location."""
    if ctx.invoked_subcommand is not None:
        return
    desk = open_desk()
    from sqlalchemy import and_, or_, select

    from syncer.domain.text import search_text
    from syncer.inventory.why import notes
    from syncer.store.tables import location, product, stock_level, variant

    query = (
        select(variant.c.id, variant.c.sku, product.c.title, location.c.code, stock_level.c.on_hand, stock_level.c.held)
        .join(product, product.c.id == variant.c.product_id)
        .outerjoin(stock_level, stock_level.c.variant_id == variant.c.id)
        .outerjoin(location, location.c.id == stock_level.c.location_id)
        .where(and_(variant.c.retired_at.is_(None), product.c.status != "archived"))
        .order_by(product.c.handle, variant.c.position, variant.c.id, location.c.code)
    )
    if search:
        search = search_text(search)
        query = query.where(
            or_(variant.c.sku.icontains(search, autoescape=True), product.c.title.icontains(search, autoescape=True))
        )
    with desk.read() as connection:
        rows = connection.execute(query).all()
        causes = notes(connection, sorted({row.id for row in rows}), now=desk.now)
    said = {key: " ".join(say(one.words) for one in found) for key, found in causes.items()}
    if as_json:
        out.print_json(
            [
                {
                    "sku": row.sku,
                    "title": row.title,
                    "location": row.code or "utama",
                    "on_hand": row.on_hand or 0,
                    "held": row.held or 0,
                    "free": (row.on_hand or 0) - (row.held or 0),
                    "note": said.get(row.id, ""),
                }
                for row in rows
            ]
        )
        return
    out.table(
        [
            "SKU",
            Words("JUDUL", "TITLE"),
            Words("LOKASI", "LOCATION"),
            Words("ADA", "ON HAND"),
            Words("DIJANJIKAN", "HELD"),
            Words("BEBAS", "FREE"),
            *([Words("CATATAN", "NOTE")] if said else ()),
        ],
        [
            [
                row.sku,
                row.title,
                row.code or "utama",
                row.on_hand or 0,
                row.held or 0,
                (row.on_hand or 0) - (row.held or 0),
                *([said.get(row.id, "")] if said else ()),
            ]
            for row in rows
        ],
        right=(3, 4, 5),
    )


@command(
    app,
    "set",
    "Tulis berapa yang ada di satu lokasi, termasuk yang dijanjikan untuk pesanan dan belum dikirim.",
    "Say how many are on hand at one location, those promised to orders and not yet sent included.",
    cls=NumberCommand,
    examples=[
        "syncer stock set SRP-BTK-003-BTU 3",
        "syncer stock set SRP-BTK-003-BTU 3 --was 5 --location galeri",
        "syncer stock set SRP-BTK-003-BTU 2 --without-held",
    ],
)
def set_stock(
    sku: str = SKU,
    n: str = NUMBER,
    location: str = LOCATION,
    was: str | None = typer.Option(
        None,
        "--was",
        metavar="M",
        help=both("Tolak bila stok sekarang bukan M.", "Refuse if it is not M now: it moved meanwhile."),
    ),
    without_held: bool = typer.Option(
        False,
        "--without-held/--including-held",
        help=both(
            "Yang dijanjikan untuk pesanan tidak ikut dihitung (misalnya sudah dibungkus).",
            "What is promised to orders was not counted (it is packed already, say).",
        ),
    ),
    note: str = NOTE,
    yes: bool = YES,
) -> None:
    """Set what is on hand."""
    number = whole(n, _COUNT)
    before = None if was is None else whole(was, _COUNT)
    desk = open_desk()
    _ask_about_single(desk, sku, number, location=location, counted=True, already=yes)
    from syncer.inventory.ledger import find_location, held_at, set_on_hand
    from syncer.orders.oversell import check
    from syncer.store.skus import find_variant

    _refuse_bundle(desk, sku)
    with desk.write() as connection:
        moved = set_on_hand(
            connection,
            sku,
            number,
            location=location,
            was=before,
            actor=desk.actor,
            note=note,
            now=desk.now,
            without_held=without_held,
        )
        found = find_variant(connection, sku)
        held = held_at(connection, found.id, find_location(connection, location).id)
        short = check(connection, [found.id], now=desk.now) if moved is not None else []
    if moved is None:
        out.done(Words(f"{sku}: sudah {number}, tidak berubah.", f"{sku}: it is {number} already, nothing changed."))
    else:
        _say(moved.sku, moved.on_hand_after - moved.delta, moved.on_hand_after, moved.location)
    if held:
        _say_held(found.sku, number + held if without_held else number, held, without_held=without_held)
    if short:
        out.warn(Words("Terjual melebihi yang ada: syncer orders oversold", "Oversold: see syncer orders oversold"))


def _say_held(sku: str, on_hand: int, held: int, *, without_held: bool) -> None:
    free = on_hand - held
    if without_held:
        out.line(
            word(
                f"{sku}: hitungan ini tanpa {held} yang dijanjikan untuk pesanan; ada {on_hand}, bebas {free}.",
                f"{sku}: this count leaves out {held} promised to orders; {on_hand} on hand, {free} free.",
            )
        )
        return
    out.line(
        word(
            f"{sku}: hitungan ini termasuk {held} yang dijanjikan untuk pesanan; bebas {free}. "
            "Bila yang itu tidak ikut dihitung, ulangi dengan --without-held.",
            f"{sku}: this count includes {held} promised to orders; {free} free. "
            "If those were not counted, repeat it with --without-held.",
        )
    )


@command(
    app,
    "add",
    "Tambah (atau kurangi dengan --minus) sejumlah barang.",
    "Add pieces (or take them with --minus).",
    cls=NumberCommand,
    examples=["syncer stock add SRP-BTK-003-BTU 5 --reason made"],
)
def add(
    sku: str = SKU,
    n: str = NUMBER,
    reason: str = typer.Option(
        "received",
        "--reason",
        metavar="WHY",
        help=both("received, made, damaged, sold atau returned.", "received, made, damaged, sold or returned."),
    ),
    minus: bool = typer.Option(False, "--minus", help=both("Kurangi.", "Take them instead.")),
    location: str = LOCATION,
    note: str = NOTE,
    yes: bool = YES,
) -> None:
    """Move stock by a number."""
    number = whole(n, _COUNT)
    desk = open_desk()
    from syncer.domain.stock import Reason
    from syncer.inventory.ledger import move

    allowed = ("received", "made", "damaged", "sold", "returned")
    if reason not in allowed:
        listed = ", ".join(allowed)
        raise UsageProblem(Words(f"--reason harus salah satu dari: {listed}.", f"--reason must be one of: {listed}."))
    negative = minus or reason in ("damaged", "sold")
    if not negative:
        _ask_about_single(desk, sku, number, location=location, counted=False, already=yes)
    _refuse_bundle(desk, sku)
    with desk.write() as connection:
        moved = move(
            connection,
            sku,
            -number if negative else number,
            reason=Reason(reason),
            location=location,
            actor=desk.actor,
            note=note,
            now=desk.now,
        )
    if moved is not None:
        _say(moved.sku, moved.on_hand_after - moved.delta, moved.on_hand_after, moved.location)


@command(
    app,
    "move",
    "Pindahkan barang dari satu lokasi ke lokasi lain.",
    "Move pieces from one location to another.",
    cls=NumberCommand,
    examples=["syncer stock move SRP-BTK-003-BTU 2 --to galeri"],
)
def move_stock(
    sku: str = SKU,
    n: str = NUMBER,
    target: str = typer.Option(..., "--to", metavar="CODE", help=both("Lokasi tujuan.", "Where they go.")),
    origin: str = typer.Option("utama", "--from", metavar="CODE", help=both("Lokasi asal.", "Where they are.")),
    note: str = NOTE,
) -> None:
    """Transfer between locations."""
    number = whole(n, _COUNT)
    desk = open_desk()
    from syncer.inventory.ledger import transfer

    with desk.write() as connection:
        moved = transfer(
            connection, sku, number, origin=origin, target=target, actor=desk.actor, note=note, now=desk.now
        )
    if moved is not None:
        for one in moved:
            _say(one.sku, one.on_hand_after - one.delta, one.on_hand_after, one.location)


@command(
    app,
    "history",
    "Tunjukkan buku stok sebuah SKU, yang terbaru di atas.",
    "Show the ledger of a SKU, the newest first.",
)
def history(
    sku: str = SKU,
    limit: int = typer.Option(30, "--limit", metavar="N", help=both("Paling banyak N baris.", "At most N lines.")),
    as_json: bool = typer.Option(False, "--json", help=JSON_HELP),
) -> None:
    """Show the movements."""
    desk = open_desk()
    from sqlalchemy import select

    from syncer.store.skus import find_variant
    from syncer.store.tables import location, stock_movement

    with desk.read() as connection:
        found = find_variant(connection, sku)
        query = (
            select(stock_movement, location.c.code)
            .join(location, location.c.id == stock_movement.c.location_id)
            .where(stock_movement.c.variant_id == found.id)
            .order_by(stock_movement.c.id.desc())
            .limit(max(limit, 1))
        )
        rows = connection.execute(query).all()
    if as_json:
        out.print_json(
            [
                {
                    "at": row.at,
                    "location": row.code,
                    "delta": row.delta,
                    "on_hand": row.on_hand_after,
                    "held_delta": row.held_delta,
                    "held": row.held_after,
                    "reason": row.reason,
                    "actor": row.actor,
                    "note": row.note,
                }
                for row in rows
            ]
        )
        return
    out.table(
        [
            Words("KAPAN", "WHEN"),
            Words("LOKASI", "LOCATION"),
            Words("GERAK", "MOVED"),
            Words("JADI", "LEFT"),
            Words("DIJANJIKAN", "HELD"),
            Words("SEBAB", "WHY"),
            Words("OLEH", "BY"),
            Words("CATATAN", "NOTE"),
        ],
        [
            [
                out.moment(row.at),
                row.code,
                f"{row.delta:+}",
                row.on_hand_after,
                row.held_after,
                row.reason,
                row.actor,
                row.note,
            ]
            for row in rows
        ],
        right=(2, 3, 4),
    )


def _refuse_bundle(desk: Desk, sku: str) -> None:
    from syncer.inventory.bundles import refuse_stock
    from syncer.store.skus import find_variant

    with desk.read() as connection:
        found = find_variant(connection, sku)
        refuse_stock(connection, found.sku, found.id)


def _ask_about_single(desk: Desk, sku: str, number: int, *, location: str, counted: bool, already: bool) -> None:
    """Go on only after a yes if there would be more than one of a piece that is said to exist once.

    ``counted``: ``number`` replaces what is on hand at the location, else it is added.
    """
    if already or number < 1:
        return
    from sqlalchemy import func, select

    from syncer.cli.asking import ask_first
    from syncer.store.skus import find_variant
    from syncer.store.tables import location as place
    from syncer.store.tables import stock_level

    with desk.read() as connection:
        found = find_variant(connection, sku)
        if not found.single_piece:
            return
        there = (
            select(func.coalesce(func.sum(stock_level.c.on_hand), 0))
            .join(place, place.c.id == stock_level.c.location_id)
            .where(stock_level.c.variant_id == found.id)
        )
        if counted:
            there = there.where(place.c.code != location)
        total = number + int(connection.execute(there).scalar_one())
    if total < 2:
        return
    ask_first(
        Words(
            f"{found.sku} tercatat sebagai barang satu-satunya, dan setelah ini ada {total}; toko tetap menunjukkan "
            "paling banyak satu. Tulis juga?",
            f"{found.sku} is a single piece, and there would be {total} of it; shops go on showing one at most. "
            "Write it anyway?",
        ),
        already=False,
    )


def _say(sku: str, before: int, after: int, location: str) -> None:
    out.done(Words(f"{sku}: {before} → {after} di {location}.", f"{sku}: {before} → {after} at {location}."))
    from syncer.cli.products import say_next

    say_next(open_desk())


from syncer.cli import stock_audit as _audit  # noqa: E402, F401 - it adds `stock audit` to this group
