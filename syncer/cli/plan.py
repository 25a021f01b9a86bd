"""``syncer plan``: what would be sent, and why, without sending."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import typer

from syncer.cli import out
from syncer.cli.desk import open_desk
from syncer.cli.kit import JSON_HELP, command, single
from syncer.cli.plan_words import change, held, step
from syncer.cli.texts import both, many, say, word
from syncer.domain.words import Words

if TYPE_CHECKING:
    from syncer.domain.problem import Problem
    from syncer.sync.preview import Planned

app = single()

#: How many products one line of the table names.
_NAMED = 2


@command(
    app,
    "plan",
    "Tunjukkan apa yang akan dikirim dan sebabnya, tanpa mengirim.",
    "Show what would be sent and why, without sending it.",
)
def plan(
    account: str | None = typer.Option(
        None, "--account", metavar="NAME", help=both("Hanya toko ini.", "This shop only.")
    ),
    as_json: bool = typer.Option(False, "--json", help=JSON_HELP),
) -> None:
    """Preview the work."""
    desk = open_desk()
    from syncer.sync.preview import plan as preview

    names = [desk.account(account).name] if account else []
    rows = preview(desk.deps(), names)
    if as_json:
        out.print_json([row.to_json() | _texts(row) for row in rows])
        return
    if not rows:
        out.done(Words("Semua toko sudah sesuai; tidak ada yang dikirim.", "Every shop is true; nothing is sent."))
        return
    out.table(
        [
            Words("TOKO", "SHOP"),
            Words("PRODUK", "PRODUCT"),
            Words("LANGKAH", "STEP"),
            Words("PERUBAHAN", "CHANGES"),
            Words("SEBAB", "WHY"),
        ],
        _lines(rows),
    )
    say_notes([(row.account, row.handle, one) for row in rows for one in row.notes])
    _say_next(rows)


def _lines(rows: Sequence[Planned]) -> list[list[str]]:
    """Return the table's lines. Products of a shop of which all else is the same are one line, with their count."""
    alike: dict[tuple[str, ...], list[str]] = {}
    for row in rows:
        alike.setdefault((row.account, step(row.kind), _changes(row), _why(row)), []).append(row.handle)
    return [[shop, _products(handles), *rest] for (shop, *rest), handles in alike.items()]


def _products(handles: Sequence[str]) -> str:
    """Name a few products, and say how many more there are."""
    more = len(handles) - _NAMED
    named = ", ".join(handles[:_NAMED])
    return named if more <= 0 else f"{named} {word(f'dan {more} lagi', f'and {more} more')}"


def _say_next(rows: list[Planned]) -> None:
    """Say what comes before the first write where a shop's rules aren't known yet."""
    for account in dict.fromkeys(row.account for row in rows):
        number = sum(row.account == account and row.kind == "facts" for row in rows)
        if number:
            name = shlex.quote(account)
            products = many(number, "product")
            out.hint(
                Words(
                    f"{account}: untuk {number} produk, aturan toko (kategori, kurir, batas) dibaca dulu; baru sesudah "
                    f"itu terlihat apa yang dikirim. `syncer sync` (atau daemon) membacanya lalu mengirim; "
                    f"`syncer plan --account {name}` menunjukkan sisanya.",
                    f"{account}: for {products} the shop's rules (categories, couriers, limits) are read first; only "
                    f"then can be seen what is sent. `syncer sync` (or the daemon) reads them and sends; "
                    f"`syncer plan --account {name}` shows the rest.",
                )
            )


def _changes(row: Planned) -> str:
    return "; ".join(change(one) for one in row.changes[:4]) + (" …" if len(row.changes) > 4 else "")


def _why(row: Planned) -> str:
    why = say(row.why)
    if row.problem is not None:
        return f"{why} {say(row.problem.words)}".strip()
    return f"{why} ({held(row.held)})" if row.held else why


def _texts(row: Planned) -> dict[str, Any]:
    return {
        "why": say(row.why),
        "problem": None if row.problem is None else _problem(row.problem),
        "notes": [_problem(one) for one in row.notes],
    }


def _problem(problem: Problem) -> dict[str, str]:
    return {"code": problem.code, "message": say(problem.words), "remedy": say(problem.remedy)}


def note_json(handle: str, note: Problem) -> dict[str, str]:
    """Return a note about a product as JSON shows it."""
    return {"handle": handle, **_problem(note)}


def say_notes(notes: Sequence[tuple[str, str, Problem]]) -> None:
    """Say what will be shown otherwise than the catalogue says: (shop, product, note); the same of many once."""
    alike: dict[tuple[str, str], list[str]] = {}
    for shop, handle, note in notes:
        handles = alike.setdefault((shop, f"{say(note.words)} {say(note.remedy)}"), [])
        if handle not in handles:
            handles.append(handle)
    for (shop, text), handles in alike.items():
        out.line(out.clean(f"  {word('Catatan', 'Note')}, {shop}, {_products(handles)}: {text}"))
