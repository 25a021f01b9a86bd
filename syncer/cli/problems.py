"""``syncer problems``: what waits for a person, with the remedy."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import typer

from syncer.cli import out
from syncer.cli.desk import open_desk
from syncer.cli.kit import JSON_HELP, command, single
from syncer.cli.texts import both, many, say, word
from syncer.domain.words import Words

if TYPE_CHECKING:
    from syncer.inventory.reserving import Reservation
    from syncer.sync.answers import ProblemRow

app = single()


@command(
    app,
    "problems",
    "Tunjukkan apa yang menunggu seseorang, dan obatnya.",
    "Show what waits for somebody, and the remedy.",
)
def problems(
    account: str | None = typer.Option(
        None, "--account", metavar="NAME", help=both("Hanya toko ini.", "This shop only.")
    ),
    as_json: bool = typer.Option(False, "--json", help=JSON_HELP),
) -> None:
    """List problems and questions."""
    desk = open_desk()
    desk.logs()
    from syncer.channels.records import get_account, load_accounts
    from syncer.inventory.reserving import kept_away
    from syncer.sync.answers import open_questions, problem_rows

    with desk.read() as connection:
        name = get_account(connection, account).name if account else None
        rows = [row for row in problem_rows(connection) if name in (None, row.account)]
        questions = [one for one in open_questions(connection) if name in (None, one.account)]
        kept = [one for one in kept_away(connection) if name in (None, one.account)]
        shops = [one for one in load_accounts(connection) if one.problem and name in (None, one.name)]
    found: list[dict[str, object]] = [
        {
            "kind": "account",
            "account": one.name,
            "handle": None,
            "title": None,
            "sku": None,
            "state": one.state.value,
            "code": one.problem.code,
            "message": say(one.problem.words),
            "remedy": say(one.problem.remedy),
            "who": one.problem.who.value,
            "field": None,
            "question": None,
            "since": None,
        }
        for one in shops
        if one.problem
    ]
    found += [
        {
            "kind": "listing",
            "account": row.account,
            "handle": row.handle,
            "title": row.title,
            "sku": row.sku or row.problem.sku,
            "state": row.state,
            "code": row.problem.code,
            "message": say(row.problem.words),
            "remedy": f"{say(row.problem.remedy)} {_command(row)}".strip(),
            "who": row.problem.who.value,
            "field": row.problem.field,
            "question": None,
            "since": row.since,
        }
        for row in rows
    ]
    found += [
        {
            "kind": "question",
            "account": one.account,
            "handle": None,
            "title": None,
            "sku": None,
            "state": "asking",
            "code": one.kind,
            "message": say(one.words),
            "remedy": word(
                f"syncer confirm {one.id}: {one.yes.id}; syncer reject {one.id}: {one.no.id}.",
                f"syncer confirm {one.id}: {one.yes.en}; syncer reject {one.id}: {one.no.en}.",
            ),
            "who": "administrator",
            "field": None,
            "question": one.id,
            "since": one.asked_at,
        }
        for one in questions
    ]
    found += [_kept(one) for one in kept]
    if as_json:
        out.print_json(found)
        return
    if not found:
        out.done(Words("Tidak ada masalah.", "There are no problems."))
        return
    out.table(
        [Words("TOKO", "SHOP"), Words("PRODUK", "PRODUCT"), Words("MASALAH", "PROBLEM"), Words("OBATNYA", "REMEDY")],
        [[one["account"], one["sku"] or one["handle"], one["message"], one["remedy"]] for one in found],
    )


def _kept(one: Reservation) -> dict[str, object]:
    """Say that pieces are set aside for a shop that is disconnected: a person decides, since it may still sell them."""
    of = f"--campaign {shlex.quote(one.campaign)} --sku {shlex.quote(one.sku)} --account {shlex.quote(one.account)}"
    until = out.moment(one.ends_at)
    return {
        "kind": "reservation",
        "account": one.account,
        "handle": None,
        "title": None,
        "sku": one.sku,
        "state": one.state,
        "code": "set_aside_away",
        "message": word(
            f"{one.left} buah disisihkan untuk {one.campaign} sampai {until}, tetapi toko ini diputus.",
            f"{many(one.left, 'piece')} set aside for {one.campaign} until {until}, but this shop is disconnected.",
        ),
        "remedy": word(
            f"Bila tidak terjual lagi di sana: `syncer reserve release {of}`. Bila masih: sambungkan lagi dengan "
            f"`syncer account reconnect {shlex.quote(one.account)}`.",
            f"If that shop sells them no more: `syncer reserve release {of}`. If it does: connect it again with "
            f"`syncer account reconnect {shlex.quote(one.account)}`.",
        ),
        "who": "coordinator",
        "field": None,
        "question": None,
        "since": one.starts_at,
    }


def _command(row: ProblemRow) -> str:
    """Say which command mends it, by the field; the shop's own words know nothing of the command line."""
    code = row.problem.code.partition(".")[2]
    sku = shlex.quote(row.sku or row.problem.sku or row.handle)
    if code == "no_category":
        of = f"--account {shlex.quote(row.account)}"
        return word(
            f"`syncer map list {of}` menyebut KATEGORI-nya, `syncer map suggest KATEGORI {of}` usulannya; lalu: "
            f"`syncer map set KATEGORI ID {of}`.",
            f"`syncer map list {of}` names its CATEGORY, `syncer map suggest CATEGORY {of}` what fits; then: "
            f"`syncer map set CATEGORY ID {of}`.",
        )
    if row.problem.field == "attributes":
        return word(
            f'Dengan: `syncer products edit {sku} --attribute "NAMA=ISI"`.',
            f'With: `syncer products edit {sku} --attribute "NAME=VALUE"`.',
        )
    return ""
