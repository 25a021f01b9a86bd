"""``syncer reserve``: stock set aside for a campaign in one shop, from one day to another."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import typer

from syncer.cli import out
from syncer.cli.desk import open_desk
from syncer.cli.kit import JSON_HELP, Group, NumberCommand, UsageProblem, command
from syncer.cli.reading import whole
from syncer.cli.texts import both, many, say
from syncer.domain.words import Words

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from syncer.domain.problem import Problem
    from syncer.inventory.reserving import Reservation


class _Short(Group):
    """``syncer reserve SKU N …`` is ``syncer reserve add SKU N …``."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the sub-command; what is none is a SKU to set aside."""
        if args and not args[0].startswith("-") and self.get_command(ctx, args[0]) is None:
            args = ["add", *args]
        return super().resolve_command(ctx, args)


app = typer.Typer(
    cls=_Short,
    help=both("Sisihkan stok untuk kegiatan di satu toko.", "Set stock aside for a campaign in one shop."),
    add_completion=False,
    invoke_without_command=True,
    rich_markup_mode="rich",
)

_STATES = {
    "planned": Words("direncanakan", "planned"),
    "active": Words("berjalan", "running"),
    "released": Words("dilepas", "released"),
}
CAMPAIGN = typer.Option(..., "--campaign", metavar="NAME", help=both("Nama kegiatan.", "The campaign's name."))


@app.callback()
def reserve(ctx: typer.Context, as_json: bool = typer.Option(False, "--json", help=JSON_HELP)) -> None:
    """List what is set aside."""
    if ctx.invoked_subcommand is None:
        _list(as_json, ended=False)


@command(
    app,
    "add",
    "Sisihkan N buah; kata add boleh tidak ditulis.",
    "Set N pieces aside; the word add may be left out.",
    cls=NumberCommand,
    examples=[
        'syncer reserve SRP-BTK-003-BTU 2 --account "Toko Orange" --campaign "Gebyar 12.12" '
        "--from 2026-12-10 --to 2026-12-12",
    ],
)
def add(
    sku: str = typer.Argument(metavar="SKU", help=both("SKU varian.", "The variant's SKU.")),
    n: str = typer.Argument(metavar="N", help=both("Banyaknya.", "How many.")),
    account: str = typer.Option(..., "--account", metavar="NAME", help=both("Toko kegiatan.", "The campaign's shop.")),
    campaign: str = CAMPAIGN,
    begins: str = typer.Option(
        ..., "--from", metavar="DAY", help=both("Hari pertama (WIB), atau 2026-12-10T20:00.", "First day, or a time.")
    ),
    ends: str = typer.Option(
        ..., "--to", metavar="DAY", help=both("Hari terakhir (WIB), atau 2026-12-12T22:00.", "Last day, or a time.")
    ),
    location: str | None = typer.Option(
        None, "--location", metavar="CODE", help=both("Diambil dari lokasi ini.", "Taken from this location.")
    ),
) -> None:
    """Set pieces aside."""
    from syncer.channels.records import get_account
    from syncer.inventory.reserving import ACTIVE, reserve

    quantity = whole(n, Words("Jumlah", "The number"))
    starts_at, ends_at = _moment(begins, last=False), _moment(ends, last=True)
    desk = open_desk()
    with desk.write() as connection:
        made = reserve(
            connection,
            sku,
            quantity,
            account_id=get_account(connection, account).id,
            campaign=campaign,
            starts_at=starts_at,
            ends_at=ends_at,
            place=location,
            actor=desk.actor,
            now=desk.now,
        )
    until = out.moment(made.ends_at)
    if made.state == ACTIVE:
        done = Words(f"disisihkan sampai {until}", f"set aside until {until}")
    else:
        begin = out.moment(made.starts_at)
        done = Words(f"akan disisihkan dari {begin} sampai {until}", f"to be set aside from {begin} until {until}")
    after = Words("toko lain berhenti menjualnya.", "every other shop stops selling them.")
    if made.waits:
        after = Words(
            "toko yang menampilkannya dihentikan dulu, baru tampil di sana. Langkahnya: `syncer pieces`.",
            "the shop that shows them is stopped first, then they are shown there. Each step: `syncer pieces`.",
        )
    out.done(
        Words(
            f"{made.quantity} {made.sku} {done.id} untuk {made.campaign} di {made.account}; {after.id}",
            f"{made.quantity} of {made.sku} are {done.en} for {made.campaign} in {made.account}; {after.en}",
        )
    )


@command(app, "list", "Lihat yang disisihkan.", "List what is set aside.")
def show(
    ended: bool = typer.Option(False, "--all", help=both("Juga yang sudah dilepas.", "Released ones as well.")),
    as_json: bool = typer.Option(False, "--json", help=JSON_HELP),
) -> None:
    """List reservations."""
    _list(as_json, ended=ended)


@command(
    app,
    "release",
    "Lepaskan yang disisihkan sebelum waktunya.",
    "Release what is set aside before its time.",
    examples=['syncer reserve release --campaign "Gebyar 12.12"'],
)
def release(
    campaign: str = CAMPAIGN,
    sku: str | None = typer.Option(None, "--sku", metavar="SKU", help=both("Hanya SKU ini.", "This SKU only.")),
    account: str | None = typer.Option(
        None, "--account", metavar="NAME", help=both("Hanya toko ini.", "This shop only.")
    ),
) -> None:
    """Release reservations."""
    from syncer.channels.records import get_account
    from syncer.inventory.reserving import release

    desk = open_desk()
    with desk.write() as connection:
        account_id = get_account(connection, account).id if account is not None else None
        gone = release(connection, campaign, sku=sku, account_id=account_id, now=desk.now)
    pieces = sum(max(one.quantity - one.consumed, 0) for one in gone)
    released = f"{many(pieces, 'piece')} {'is' if pieces == 1 else 'are'} released"
    out.done(
        Words(
            f"{pieces} buah dilepas; yang boleh tampil di toko lain akan tampil lagi. Tokonya diperiksa sekarang dan "
            "sehari lagi.",
            f"{released}; where other shops may show them, they will again. The shop is looked at now and in a day.",
        )
    )


def _list(as_json: bool, *, ended: bool) -> None:
    desk = open_desk()
    with desk.read() as connection:
        rows, held_up = _rows(connection, ended=ended)
    if as_json:
        out.print_json([_json(one, held_up.get(one.id)) for one in rows])
        return
    if not rows:
        out.hint(
            Words(
                "Belum ada yang disisihkan. Caranya: `syncer reserve --help`.",
                "Nothing is set aside. How to: `syncer reserve --help`.",
            )
        )
        return
    out.table(
        [
            Words("KEGIATAN", "CAMPAIGN"),
            Words("TOKO", "SHOP"),
            "SKU",
            Words("DISISIHKAN", "SET ASIDE"),
            Words("LAKU", "SOLD"),
            Words("MULAI", "FROM"),
            Words("SAMPAI", "UNTIL"),
            Words("KET.", "STATE"),
        ],
        [
            [
                one.campaign,
                one.account,
                one.sku,
                one.quantity,
                one.consumed,
                out.moment(one.starts_at),
                out.moment(one.ends_at),
                say(_state(one, held_up.get(one.id))),
            ]
            for one in rows
        ],
        right=(3, 4),
    )


def _rows(connection: Connection, *, ended: bool) -> tuple[list[Reservation], dict[int, Problem]]:
    from syncer.inventory.reserving import hand_overs_held_up, list_reservations

    return list_reservations(connection, ended=ended), hand_overs_held_up(connection)


def _state(one: Reservation, problem: Problem | None) -> Words:
    if problem is not None:
        return Words(f"{problem.words.id} {problem.remedy.id}", f"{problem.words.en} {problem.remedy.en}")
    if one.waits:
        return Words("menunggu toko lain berhenti: `syncer pieces`", "waits for another shop's stop: `syncer pieces`")
    return _STATES[one.state]


def _json(one: Reservation, problem: Problem | None) -> dict[str, Any]:
    return {
        "campaign": one.campaign,
        "account": one.account,
        "sku": one.sku,
        "location": one.location,
        "quantity": one.quantity,
        "sold": one.consumed,
        "left": one.left,
        "state": one.state,
        "waits": one.waits,
        "problem": None if problem is None else problem.to_json(),
        "starts_at": one.starts_at,
        "ends_at": one.ends_at,
    }


def _moment(text: str, *, last: bool) -> dt.datetime:
    """Return a day (its beginning, or with ``last`` its end) or a time of Jakarta's clock, in UTC."""
    from syncer.inventory.weeks import TIME_ZONE

    wanted = text.strip()
    try:
        found = dt.datetime.fromisoformat(wanted)
    except ValueError:
        raise UsageProblem(
            Words(
                f'Waktu "{wanted[:30]}" tidak bisa dibaca. Tulis seperti 2026-12-10 atau 2026-12-10T20:00.',
                f'The time "{wanted[:30]}" can\'t be read. Write it like 2026-12-10 or 2026-12-10T20:00.',
            )
        ) from None
    if not 2000 <= found.year <= 2999:
        raise UsageProblem(
            Words(
                f'Tahun di "{wanted[:30]}" tidak masuk akal. Tulis seperti 2026-12-10.',
                f'The year in "{wanted[:30]}" makes no sense. Write it like 2026-12-10.',
            )
        )
    if last and len(wanted) <= len("2026-12-10"):
        found += dt.timedelta(days=1)
    return (found if found.tzinfo is not None else found.replace(tzinfo=TIME_ZONE)).astimezone(dt.UTC)
