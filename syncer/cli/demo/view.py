"""What the demo shows: a live table on a terminal, plain lines elsewhere."""

from __future__ import annotations

import datetime as dt
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from syncer.cli import out
from syncer.cli.listings import price_of
from syncer.cli.texts import say, word
from syncer.domain.words import Words

if TYPE_CHECKING:
    from rich.console import Group

    from syncer.channels.listings import ListingRow
    from syncer.cli.demo.check import State

_COLOURS = {"live": "green", "waiting": "yellow", "sending": "cyan", "review": "blue", "fix": "red", "parked": "red"}
_FRESH_S = 6.0


def commands(home: Path) -> list[tuple[str, Words]]:
    """Return commands that one can copy, and what each shows."""
    prefix = f"SYNCER_HOME={_short(home)} {_program()}"
    return [
        (f"{prefix} stock set SRP-BTK-003-BTU 3", Words("stok berubah di toko", "the stock follows in the shop")),
        (f"{prefix} price set SRP-BTK-003-BTU 199000", Words("harganya ikut", "so does the price")),
        (
            f'{prefix} products edit SRP-BTK-001 --title "Kain Batik Blandongan"',
            Words("judulnya ikut", "and the title"),
        ),
        (f"{prefix} problems", Words("apa yang menunggu Anda", "what waits for you")),
        (f"{prefix} status", Words("keadaan toko", "how the shop stands")),
    ]


def _program() -> str:
    """Return how ``syncer`` is called from this folder."""
    beside = Path(sys.executable).with_name("syncer")
    if beside.exists() and shutil.which("syncer") != str(beside):
        return _short(beside)
    return "syncer"


def _short(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def live_table(state: State, window_url: str, home: Path, height: int) -> Group:
    """Return the table with the newest changes on top, the shop's address, and what to try."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    hints = commands(home)
    table = Table(box=SIMPLE_HEAD, header_style="bold", pad_edge=False)
    # Where there is little room, the title and the SKU give way.
    table.add_column(word("Produk", "Product"), min_width=16)
    table.add_column("SKU", min_width=8)
    table.add_column(word("Harga", "Price"), no_wrap=True, justify="right")
    table.add_column(word("Stok", "Stock"), no_wrap=True, justify="right")
    table.add_column("Toko Orange", no_wrap=True, min_width=11)
    room = max(height - len(hints) - 10, 5)
    rows = newest_first(state.rows)
    now = dt.datetime.now(dt.UTC)
    for row in rows[:room]:
        fresh = row.acknowledged_at is not None and (now - row.acknowledged_at).total_seconds() < _FRESH_S
        table.add_row(
            Text(out.clean(row.title), no_wrap=True, overflow="ellipsis"),
            Text(_skus(row), no_wrap=True, overflow="ellipsis"),
            Text(price_of(row)),
            Text(str(row.quantity if row.quantity is not None else "-")),
            Text(say(row.chip), style=_COLOURS.get(row.state, "")),
            style="bold" if fresh else "",
        )
    parts: list[Any] = [table]
    if len(rows) > room:
        parts.append(Text(word(f"… dan {len(rows) - room} lagi", f"… and {len(rows) - room} more"), style="dim"))
    parts.append(Text(summary(state)))
    parts.append(Text(""))
    parts.append(Text.assemble((word("Etalase toko: ", "The shop window: "), "bold"), (window_url, "underline cyan")))
    parts.append(Text(word("Coba di terminal lain:", "Try this in another terminal:"), style="bold"))
    for line, what in hints:
        parts.append(Text.assemble(("  " + line, "cyan"), ("   " + say(what), "dim")))
    parts.append(Text(word("Ctrl-C: selesai.", "Ctrl-C: end."), style="dim"))
    return Group(*parts)


def newest_first(rows: Sequence[ListingRow]) -> list[ListingRow]:
    """Return the rows, those that the shop acknowledged last on top."""
    start = dt.datetime.min.replace(tzinfo=dt.UTC)
    return sorted(rows, key=lambda row: row.acknowledged_at or start, reverse=True)


def summary(state: State) -> str:
    """Say in one line how far it is."""
    live = sum(row.synced for row in state.rows)
    stuck = len(state.expected) + len(state.unexpected)
    text = word(f"{live} dari {len(state.rows)} produk tayang", f"{live} of {len(state.rows)} products are live")
    if state.waiting:
        text += word(f", {len(state.waiting)} di jalan", f", {len(state.waiting)} on their way")
    if stuck:
        text += word(f", {stuck} perlu Anda (syncer problems)", f", {stuck} need you (syncer problems)")
    return text + "."


def plain_table(state: State) -> None:
    """Print every listing once."""
    out.table(
        [Words("PRODUK", "PRODUCT"), "SKU", Words("HARGA", "PRICE"), Words("STOK", "STOCK"), "TOKO ORANGE"],
        [[row.title, _skus(row), price_of(row), row.quantity, say(row.chip)] for row in state.rows],
        right=(2, 3),
    )


def _skus(row: ListingRow) -> str:
    skus = [one.sku for one in row.offers] or [row.handle]
    return out.clean(skus[0]) + (f" +{len(skus) - 1}" if len(skus) > 1 else "")
