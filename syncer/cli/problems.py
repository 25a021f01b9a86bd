"""``syncer problems``: what waits for a person, with the remedy."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import typer

from syncer.cli import out
from syncer.cli.desk import open_desk
from syncer.cli.kit import JSON_HELP, command, single
from syncer.cli.texts import both, many, say, word
from syncer.domain.words import Words

if TYPE_CHECKING:
    from syncer.channels.records import Account
    from syncer.inventory.campaign_short import Short
    from syncer.inventory.reserving import Reservation
    from syncer.orders.waiting import Oversold, Waits
    from syncer.sync.answers import ProblemRow, Question

Entry = dict[str, Any]
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
    from syncer.inventory.campaign_short import short_campaigns
    from syncer.inventory.reserving import kept_away
    from syncer.orders.waiting import open_oversells, waits_by_shop
    from syncer.sync.answers import open_questions, problem_rows

    with desk.read() as connection:
        name = get_account(connection, account).name if account else None
        rows = [row for row in problem_rows(connection) if name in (None, row.account)]
        questions = [one for one in open_questions(connection) if name in (None, one.account)]
        kept = [one for one in kept_away(connection) if name in (None, one.account)]
        short = [one for one in short_campaigns(connection) if name in (None, one.reservation.account)]
        accounts = [one for one in load_accounts(connection) if name in (None, one.name)]
        asking = [one for one in waits_by_shop(connection) if name in (None, one.account)]
        oversold = [
            one
            for one in open_oversells(connection)
            if name is None or any(shop.id in one.account_ids for shop in accounts)
        ]
    shops = [one for one in accounts if one.problem]
    found = [_oversold(one, account=name) for one in oversold]
    found += [_account(one) for one in shops]
    found += [_listing(row) for row in rows]
    found += [_question(one) for one in questions]
    found += [_kept(one) for one in kept]
    found += [_short(one) for one in short]
    found += [entry for one in asking for entry in _orders(one)]
    if as_json:
        out.print_json(found)
        return
    if not found:
        out.done(Words("Tidak ada masalah.", "There are no problems."))
        return
    out.table(
        [Words("TOKO", "SHOP"), Words("PRODUK", "PRODUCT"), Words("MASALAH", "PROBLEM"), Words("OBATNYA", "REMEDY")],
        [[one["account"] or "-", one["sku"] or one["handle"], one["message"], one["remedy"]] for one in found],
    )


def _entry(kind: str, account: str | None, code: str, message: str, remedy: str, who: str, **more: Any) -> Entry:
    """Return one entry; every one has the same names, for scripts."""
    entry: Entry = {
        "kind": kind,
        "account": account,
        "handle": None,
        "title": None,
        "sku": None,
        "state": None,
        "code": code,
        "message": message,
        "remedy": remedy,
        "who": who,
        "field": None,
        "question": None,
        "count": 1,
        "since": None,
    }
    return entry | more


def _account(one: Account) -> Entry:
    assert one.problem is not None
    problem, state = one.problem, one.state.value
    message, remedy = say(problem.words), say(problem.remedy)
    return _entry("account", one.name, problem.code, message, remedy, problem.who.value, state=state)


def _listing(row: ProblemRow) -> Entry:
    return _entry(
        "listing",
        row.account,
        row.problem.code,
        say(row.problem.words),
        f"{say(row.problem.remedy)} {_command(row)}".strip(),
        row.problem.who.value,
        handle=row.handle,
        title=row.title,
        sku=row.sku or row.problem.sku,
        state=row.state,
        field=row.problem.field,
        since=row.since,
    )


def _question(one: Question) -> Entry:
    remedy = word(
        f"syncer confirm {one.id}: {one.yes.id}; syncer reject {one.id}: {one.no.id}.",
        f"syncer confirm {one.id}: {one.yes.en}; syncer reject {one.id}: {one.no.en}.",
    )
    more = {"state": "asking", "question": one.id, "since": one.asked_at}
    return _entry("question", one.account, one.kind, say(one.words), remedy, "administrator", **more)


def _oversold(one: Oversold, *, account: str | None) -> Entry:
    """Say that more was sold than there is: of all that waits, this has a buyer who waits too."""
    return _entry(
        "oversell",
        account,
        "oversold",
        word(f"Terjual {one.short} lebih dari yang ada.", f"{one.short} more sold than there {_is(one.short)}."),
        word(
            f"Pesanan, biaya batal dan pesan untuk pembeli: `syncer orders oversold show {shlex.quote(one.sku)}`.",
            f"The orders, what calling each off costs, what to write to the buyers: `syncer orders oversold show "
            f"{shlex.quote(one.sku)}`.",
        ),
        "coordinator",
        title=one.title,
        sku=one.sku,
        state="open",
        count=one.short,
        since=one.flagged_at,
    )


def _is(number: int) -> str:
    return "is" if number == 1 else "are"


def _orders(one: Waits) -> Iterator[Entry]:
    """Say what waits in the inbox of orders."""
    more = {"state": "asking", "since": one.since}
    if one.unknown:
        lines = f"{many(one.unknown, 'line')} of orders {'has' if one.unknown == 1 else 'have'}"
        yield _entry(
            "order",
            one.account,
            "unknown_sku",
            word(
                f"{one.unknown} baris pesanan memakai SKU yang tidak dikenal; stoknya belum dikurangi.",
                f"{lines} a SKU that is unknown here; no stock was taken for them.",
            ),
            word(
                "Lihat: `syncer orders inbox`; katakan artinya: `syncer orders bind`.",
                "See `syncer orders inbox`; say what each means with `syncer orders bind`.",
            ),
            "coordinator",
            count=one.unknown,
            **more,
        )
    if one.questions:
        yield _entry(
            "order",
            one.account,
            "order_question",
            word(
                f"{one.questions} pesanan menunggu jawaban Anda, misalnya apakah barangnya kembali.",
                f"{many(one.questions, 'order')} to be judged by you: whether pieces came back, say.",
            ),
            word(
                "Lihat: `syncer orders inbox`; jawab: `syncer orders returned`.",
                "See `syncer orders inbox`; answer with `syncer orders returned`.",
            ),
            "coordinator",
            count=one.questions,
            **more,
        )


def _short(one: Short) -> Entry:
    """Say that a campaign's pieces are not all there any more."""
    from syncer.cli.sale import short_words

    words, remedy = short_words(one)
    kept = one.reservation
    more = {"sku": kept.sku, "state": kept.state, "count": one.missing, "since": kept.starts_at}
    return _entry("reservation", kept.account, "campaign_short", say(words), say(remedy), "coordinator", **more)


def _kept(one: Reservation) -> Entry:
    """Say that pieces are set aside for a shop that is disconnected: a person decides, since it may still sell them."""
    of = f"--campaign {shlex.quote(one.campaign)} --sku {shlex.quote(one.sku)} --account {shlex.quote(one.account)}"
    until = out.moment(one.ends_at)
    return _entry(
        "reservation",
        one.account,
        "set_aside_away",
        word(
            f"{one.left} buah disisihkan untuk {one.campaign} sampai {until}, tetapi toko ini diputus.",
            f"{many(one.left, 'piece')} set aside for {one.campaign} until {until}, but this shop is disconnected.",
        ),
        word(
            f"Bila tidak terjual lagi di sana: `syncer reserve release {of}`. Bila masih: sambungkan lagi dengan "
            f"`syncer account reconnect {shlex.quote(one.account)}`.",
            f"If that shop sells them no more: `syncer reserve release {of}`. If it does: connect it again with "
            f"`syncer account reconnect {shlex.quote(one.account)}`.",
        ),
        "coordinator",
        sku=one.sku,
        state=one.state,
        count=one.left,
        since=one.starts_at,
    )


def _command(row: ProblemRow) -> str:
    """Say which command mends it, by the field; the shop's own words know nothing of the command line."""
    code = row.problem.code.partition(".")[2]
    sku = shlex.quote(row.sku or row.problem.sku or row.handle)
    if code == "no_category":
        of = f"--account {shlex.quote(row.account)}"
        return word(
            f"`syncer map list {of}` menyebut KATEGORI-nya, `syncer map suggest KATEGORI {of}` usulannya; lalu: "
            f"`syncer map set KATEGORI ID {of}`. Produk tanpa kategori: `syncer products edit {sku} "
            "--category KATEGORI`.",
            f"`syncer map list {of}` names its CATEGORY, `syncer map suggest CATEGORY {of}` what fits; then: "
            f"`syncer map set CATEGORY ID {of}`. A product without a category: `syncer products edit {sku} --category "
            "CATEGORY`.",
        )
    if row.problem.field == "attributes":
        return word(
            f'Dengan: `syncer products edit {sku} --attribute "NAMA=ISI"`.',
            f'With: `syncer products edit {sku} --attribute "NAME=VALUE"`.',
        )
    return ""
