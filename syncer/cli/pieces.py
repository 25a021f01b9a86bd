"""``syncer pieces``: where pieces that exist once are shown, by which rule, and how they move."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from syncer.cli import out
from syncer.cli.desk import open_desk
from syncer.cli.kit import JSON_HELP, NumberCommand, UsageProblem, command, group
from syncer.cli.reading import whole
from syncer.cli.texts import both, say
from syncer.domain.words import Words

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from syncer.cli.desk import Desk
    from syncer.store.skus import FoundVariant

app = group("Karya yang hanya satu: di toko mana ditampilkan.", "Single pieces: which shop shows them.", alone=True)

_MODES = ("one", "several", "default")
SKU = typer.Argument(metavar="SKU", help=both("SKU karya.", "The piece's SKU."))
TO = typer.Option(..., "--to", metavar="NAME", help=both("Toko tujuan.", "The shop that gets it."))


@app.callback()
def pieces(
    ctx: typer.Context,
    as_json: bool = typer.Option(False, "--json", help=JSON_HELP),
) -> None:
    """List the pieces that one shop at a time shows, and those on their way."""
    if ctx.invoked_subcommand is not None:
        return
    desk = open_desk()
    with desk.read() as connection:
        rows = _placed(connection)
    if as_json:
        out.print_json(rows)
        return
    if not rows:
        out.hint(
            Words(
                "Belum ada karya yang dibatasi ke satu toko. Atur: `syncer pieces rule --mode one`.",
                "No piece is held to one shop yet. To do so: `syncer pieces rule --mode one`.",
            )
        )
        return
    out.table(
        ["SKU", Words("DI TOKO", "SHOWN BY"), Words("SEJAK", "SINCE"), Words("ATURAN", "RULE"), Words("KET.", "NOTE")],
        [[one["sku"], one["account"] or "-", one["since_text"], _rule_word(one["rule"]), _note(one)] for one in rows],
    )


def _placed(connection: Connection) -> list[dict[str, Any]]:
    from sqlalchemy import select

    from syncer.inventory.levels import available
    from syncer.store.order_tables import placement
    from syncer.store.tables import account, variant

    here, there = account.alias("here"), account.alias("there")
    query = (
        select(placement, variant.c.sku, here.c.name.label("here_name"), there.c.name.label("there_name"))
        .join(variant, variant.c.id == placement.c.variant_id)
        .outerjoin(here, here.c.id == placement.c.account_id)
        .outerjoin(there, there.c.id == placement.c.to_account_id)
        .order_by(variant.c.sku)
    )
    rows = connection.execute(query).all()
    free = available(connection, [row.variant_id for row in rows])
    return [
        {
            "sku": row.sku,
            "free": free[row.variant_id],
            "account": row.here_name,
            "to": row.there_name,
            "state": row.state,
            "rule": row.rule,
            "since": row.since,
            "since_text": out.moment(row.since),
            "stopped_at": row.stopped_at,
            "problem": row.problem,
        }
        for row in rows
    ]


def _rule_word(rule: str) -> str:
    words = {
        "piece": Words("satu toko bergiliran", "one shop at a time"),
        "guard": Words("stok terakhir", "last pieces"),
    }
    return say(words[rule]) if rule in words else rule


def _why(reason: str) -> str:
    words = {
        "piece": Words("satu toko bergiliran", "one shop at a time"),
        "guard": Words("stok terakhir", "last pieces"),
        "person": Words("diminta", "asked for"),
        "rotation": Words("giliran", "its turn"),
        "campaign": Words("kegiatan", "a campaign"),
        "campaign_end": Words("kegiatan selesai", "a campaign ended"),
    }
    return say(words[reason]) if reason in words else reason


def _note(one: dict[str, Any]) -> str:
    if one["problem"] is not None:
        from syncer.domain.problem import Problem

        problem = Problem.from_json(one["problem"])
        return f"{say(problem.words)} {say(problem.remedy)}"
    if one["state"] == "moving":
        stopped = one["stopped_at"] is not None
        step = Words("membaca pesanan", "reading orders") if stopped else Words("dihentikan dulu", "being stopped")
        return say(Words(f"pindah ke {one['to']}: {step.id}", f"moving to {one['to']}: {step.en}"))
    return "" if one["free"] > 0 else say(Words("habis", "sold out"))


@command(
    app,
    "rule",
    "Atur di mana karya yang hanya satu (atau stok terakhir) boleh tampil; tanpa REF: bawaan untuk semua.",
    "Set where single (or last) pieces are shown; without REF: the default for all.",
    cls=NumberCommand,
    examples=[
        "syncer pieces rule --mode one --rotate-days 7",
        "syncer pieces rule SRP-BTK-001 --mode several",
        'syncer pieces rule --guard-below 3 --guard-account "Toko Orange"',
    ],
)
def rule(
    ref: str | None = typer.Argument(None, metavar="REF", help=both("Produk atau SKU.", "A product or SKU.")),
    mode: str | None = typer.Option(
        None,
        "--mode",
        metavar="MODE",
        help=both(
            "one: satu toko pada satu waktu; several: beberapa; default.", "one shop at a time, several, default."
        ),
    ),
    rotate_days: str | None = typer.Option(
        None,
        "--rotate-days",
        metavar="N",
        help=both("Pindah tiap N hari; 0: tidak.", "Move on after N days; 0: no."),
    ),
    guard_below: str | None = typer.Option(
        None, "--guard-below", metavar="N", help=both("Di bawah N, hanya satu toko.", "Below N, one shop only.")
    ),
    guard_account: str | None = typer.Option(
        None, "--guard-account", metavar="NAME", help=both("Toko itu.", "That shop.")
    ),
) -> None:
    """Set a rule; shops are changed at once, with stops first."""
    desk = open_desk()
    if mode is None and guard_below is None and guard_account is None and rotate_days is None:
        with desk.read() as connection:
            _say_rules(connection)
        return
    if mode is not None and mode not in _MODES:
        raise UsageProblem(Words("--mode: one, several atau default.", "--mode is one, several or default."))
    if (guard_below is None) != (guard_account is None):
        raise UsageProblem(
            Words(
                "--guard-below dan --guard-account dipakai bersama.", "--guard-below and --guard-account go together."
            )
        )
    days = whole(rotate_days, Words("Hari", "The days")) if rotate_days is not None else None
    below = whole(guard_below, Words("Batas", "The number")) if guard_below is not None else None
    _set(desk, ref, mode, days, below, guard_account)
    out.done(Words("Aturan tersimpan.", "The rule is saved."))
    with desk.read() as connection:
        _say_rules(connection)


def _set(desk: Desk, ref: str | None, mode: str | None, days: int | None, below: int | None, guard: str | None) -> None:
    from syncer.catalogue.read import find_product
    from syncer.channels.records import get_account
    from syncer.inventory.placing import PieceMode, apply_rules, own_rule, set_rule

    with desk.write() as connection:
        product_id = find_product(connection, ref) if ref is not None else None
        old = own_rule(connection, product_id)
        chosen = old.mode if mode is None else None if mode == "default" else PieceMode(mode)
        if product_id is not None and days and chosen is None:
            raise UsageProblem(
                Words(
                    "--rotate-days untuk satu produk perlu --mode juga. Tambahkan --mode one.",
                    "--rotate-days of one product needs --mode too. Add --mode one.",
                )
            )
        guard_id = get_account(connection, guard).id if guard is not None else old.guard_account_id
        set_rule(
            connection,
            product_id,
            mode=chosen,
            rotate_days=old.rotate_days if days is None else days,
            guard_below=old.guard_below if below is None else below,
            guard_account_id=None if below == 0 else guard_id,
        )
        apply_rules(connection, now=desk.now)


def _say_rules(connection: Connection) -> None:
    from sqlalchemy import select

    from syncer.store.order_tables import piece_rule
    from syncer.store.tables import account, product

    query = (
        select(piece_rule, product.c.handle, account.c.name)
        .outerjoin(product, product.c.id == piece_rule.c.product_id)
        .outerjoin(account, account.c.id == piece_rule.c.guard_account_id)
        .order_by(piece_rule.c.product_id.is_not(None), product.c.handle)
    )
    rows = [
        [
            row.handle or say(Words("(bawaan)", "(default)")),
            row.mode or "-",
            row.rotate_days or "-",
            f"< {row.guard_below}: {row.name}" if row.name else "-",
        ]
        for row in connection.execute(query)
    ]
    out.table(
        [
            Words("PRODUK", "PRODUCT"),
            Words("MODE", "MODE"),
            Words("GILIR (HARI)", "ROTATE (DAYS)"),
            Words("STOK TERAKHIR", "LAST PIECES"),
        ],
        rows or [[say(Words("(bawaan)", "(default)")), "several", "-", "-"]],
    )


@command(
    app,
    "move",
    "Pindahkan karya ke toko lain: dihentikan dulu di sana, pesanan dibaca, baru tampil di sini.",
    "Move a piece to another shop: stopped there first, orders read, then shown here.",
    examples=['syncer pieces move MK-1 --to "Toko Hijau"'],
)
def move(sku: str = SKU, to: str = TO) -> None:
    """Begin a hand-over."""
    desk = open_desk()
    from syncer.inventory.placing import move_piece

    with desk.write() as connection:
        variant_id, account = _both(connection, sku, to)
        _check_not_set_aside(connection, variant_id, account)
        moved = move_piece(connection, variant_id, account.id, reason="person", actor=desk.actor, now=desk.now)
    if not moved:
        out.done(Words(f"{sku} sudah di {account.name}.", f"{sku} is at {account.name} already."))
        return
    out.done(
        Words(
            f"{sku} dipindah ke {account.name}; lihat langkahnya di `syncer pieces`.",
            f"{sku} moves to {account.name}; `syncer pieces` shows each step.",
        )
    )
    from syncer.cli.products import say_next

    say_next(desk)


@command(
    app,
    "give",
    "Putuskan sendiri: tampilkan karya di sini walau toko lama tidak bisa dihubungi (bisa terjual dua kali).",
    "Decide yourself: show a piece here though the old shop can't be reached (it may be sold twice).",
    examples=['syncer pieces give MK-1 --to "Toko Hijau" --yes'],
)
def give(
    sku: str = SKU,
    to: str = TO,
    yes: bool = typer.Option(False, "--yes", help=both("Ya, risikonya saya tahu.", "Yes, I know the risk.")),
) -> None:
    """Override a hand-over that waits for an account out of reach."""
    if not yes:
        raise UsageProblem(
            Words(
                "Karya ini mungkin masih bisa dibeli di toko lama. Bila tetap ingin, ulangi dengan --yes.",
                "The piece may still be sold by the old shop. If you want it all the same, repeat with --yes.",
            )
        )
    desk = open_desk()
    from syncer.inventory.placing import give as do
    from syncer.inventory.placing import move_piece

    with desk.write() as connection:
        variant_id, account = _both(connection, sku, to)
        move_piece(connection, variant_id, account.id, reason="person", actor=desk.actor, now=desk.now)
        do(connection, variant_id, account.id, outcome="forced", now=desk.now)
    out.done(Words(f"{sku} sekarang di {account.name}.", f"{sku} is at {account.name} now."))


def _both(connection: Connection, sku: str, to: str) -> tuple[int, Any]:
    from syncer.channels.records import get_account
    from syncer.domain.words import SyncerError
    from syncer.inventory.placing import candidates
    from syncer.store.skus import find_variant

    found, account = find_variant(connection, sku), get_account(connection, to)
    if account.id not in candidates(connection, found.id):
        raise SyncerError(
            Words(
                f"{account.name} tidak bisa menampilkan {found.sku}: terbitkan dulu di sana; tokonya harus aktif.",
                f"{account.name} can't show {found.sku}: publish it there first, and see that the shop is active.",
            )
        )
    _check_piece(connection, found)
    return found.id, account


def _check_piece(connection: Connection, found: FoundVariant) -> None:
    """Refuse what is shown everywhere: it isn't held to one shop, so there is nothing to move."""
    from sqlalchemy import select

    from syncer.domain.words import SyncerError
    from syncer.inventory.free import load_supply
    from syncer.inventory.placing import load_rules
    from syncer.store.order_tables import placement

    rule = load_rules(connection, [found.product_id])[found.product_id]
    supply = load_supply(connection, [found.id])
    free, made = supply.loose(found.id), supply.is_made_to_order(found.id)
    placed = connection.execute(select(placement.c.variant_id).where(placement.c.variant_id == found.id)).first()
    if placed is None and rule.why(single_piece=found.single_piece, free=free, made=made) is None:
        raise SyncerError(
            Words(
                f"{found.sku} tampil di semua toko (stok {free}), jadi tidak perlu dipindah. Untuk membatasinya: "
                "`syncer pieces rule REF --mode one`.",
                f"{found.sku} is shown by every shop ({free} free), so there is nothing to move. To hold it to one: "
                "`syncer pieces rule REF --mode one`.",
            )
        )


def _check_not_set_aside(connection: Connection, variant_id: int, account: Any) -> None:
    """Refuse to move what is set aside for a campaign elsewhere: no other shop may show it."""
    from syncer.domain.words import SyncerError
    from syncer.inventory.free import load_supply

    supply = load_supply(connection, [variant_id])
    kept = [one for one in supply.aside.get(variant_id, ()) if one.account_id != account.id and one.left > 0]
    if kept and supply.loose(variant_id) <= 0:
        raise SyncerError(
            Words(
                f"Barang ini disisihkan untuk kegiatan di toko lain, jadi {account.name} tidak boleh menampilkannya. "
                "Lihat `syncer reserve list`; melepaskannya: `syncer reserve release`.",
                f"The piece is set aside for a campaign in another shop, so {account.name} may not show it. See "
                "`syncer reserve list`; to give it back: `syncer reserve release`.",
            )
        )


@command(
    app,
    "history",
    "Perpindahan sebuah karya.",
    "How a piece has moved.",
    examples=["syncer pieces history MK-1"],
)
def history(sku: str = SKU, as_json: bool = typer.Option(False, "--json", help=JSON_HELP)) -> None:
    """List the hand-overs of a piece, the newest first."""
    desk = open_desk()
    from sqlalchemy import select

    from syncer.store.order_tables import hand_over
    from syncer.store.skus import find_variant
    from syncer.store.tables import account

    origin, target = account.alias("origin"), account.alias("target")
    with desk.read() as connection:
        found = find_variant(connection, sku)
        query = (
            select(hand_over, origin.c.name.label("origin"), target.c.name.label("target"))
            .outerjoin(origin, origin.c.id == hand_over.c.from_account_id)
            .outerjoin(target, target.c.id == hand_over.c.to_account_id)
            .where(hand_over.c.variant_id == found.id)
            .order_by(hand_over.c.id.desc())
        )
        rows = connection.execute(query).all()
    names = ("asked_at", "stopped_at", "orders_read_at", "done_at")
    if as_json:
        out.print_json(
            [
                {"from": row.origin, "to": row.target, "reason": row.reason, "outcome": row.outcome}
                | {name: getattr(row, name) for name in names}
                for row in rows
            ]
        )
        return
    out.table(
        [
            Words("DARI", "FROM"),
            Words("KE", "TO"),
            Words("SEBAB", "WHY"),
            Words("DIMINTA", "ASKED"),
            Words("BERHENTI", "STOPPED"),
            Words("PESANAN DIBACA", "ORDERS READ"),
            Words("SELESAI", "DONE"),
            Words("HASIL", "OUTCOME"),
        ],
        [
            [
                row.origin or "-",
                row.target or "-",
                _why(row.reason),
                *(out.moment(getattr(row, name)) for name in names),
                row.outcome,
            ]
            for row in rows
        ],
    )
