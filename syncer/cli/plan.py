"""``syncer plan``: what would be sent, and why, without sending."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import typer

from syncer.cli import out
from syncer.cli.desk import open_desk
from syncer.cli.kit import JSON_HELP, command, single
from syncer.cli.texts import both, say, word
from syncer.domain.words import Words

if TYPE_CHECKING:
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
        out.print_json([row.to_json() | {"why": say(row.why), "problem": _problem(row)} for row in rows])
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
    _say_next(rows)


def _lines(rows: Sequence[Planned]) -> list[list[str]]:
    """Return the table's lines. Products of a shop of which all else is the same are one line, with their count."""
    alike: dict[tuple[str, ...], list[str]] = {}
    for row in rows:
        alike.setdefault((row.account, row.kind, _changes(row), _why(row)), []).append(row.handle)
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
            products = "1 product" if number == 1 else f"{number} products"
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
    return "; ".join(_change(one) for one in row.changes[:4]) + (" …" if len(row.changes) > 4 else "")


def _change(one: dict[str, Any]) -> str:
    name = f"{one['field']} {one['sku']}" if one.get("sku") else str(one["field"])
    return f"{name}: {_short(one['from'])} → {_short(one['to'])}"


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(out.plain(value), ensure_ascii=False)
    return text if len(text) <= 30 else text[:29] + "…"


def _why(row: Planned) -> str:
    why = say(row.why)
    if row.problem is not None:
        return f"{why} {say(row.problem.words)}".strip()
    return f"{why} ({row.held})" if row.held else why


def _problem(row: Planned) -> dict[str, Any] | None:
    if row.problem is None:
        return None
    return {"code": row.problem.code, "message": say(row.problem.words), "remedy": say(row.problem.remedy)}
