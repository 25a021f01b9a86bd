"""What the demo shows: a live table on a terminal, plain lines elsewhere."""

from __future__ import annotations

import datetime as dt
import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from syncer.cli import out
from syncer.cli.texts import say, word
from syncer.domain.money import format_money
from syncer.domain.words import Words

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    from syncer.channels.listings import ListingRow
    from syncer.cli.demo.check import State
    from syncer.cli.demo.shops import OpenShop

_COLOURS = {"live": "green", "waiting": "yellow", "sending": "cyan", "review": "blue", "fix": "red", "parked": "red"}
_CHANGING = Words("mengubah", "changing")
_FRESH_S = 6.0
_CHIP_MOST = 16
#: Below the first width the SKUs give way; below the second a range of prices is shown by its lowest.
_WITH_SKUS, _WITH_RANGES = 100, 120
_TALL = 30


class Line(NamedTuple):
    """One product: what the catalogue says of it now, and its listing in each shop (``None``: not published there)."""

    title: str
    skus: str
    prices: tuple[str, str] | None
    stock: int | None
    listings: tuple[ListingRow | None, ...]

    @property
    def acknowledged_at(self) -> dt.datetime:
        """When a shop last acknowledged something of it."""
        start = dt.datetime.min.replace(tzinfo=dt.UTC)
        return max((row.acknowledged_at or start for row in self.listings if row is not None), default=start)

    def price(self, *, short: bool = False) -> str:
        """Return the price, or the range of prices."""
        if self.prices is None:
            return "-"
        low, high = self.prices
        if low == high:
            return low
        return f"{low}+" if short else f"{low} – {high.partition(' ')[2]}"


def lines(states: Sequence[State]) -> list[Line]:
    """Return one line a product, in the order of titles."""
    by_product: dict[int, list[ListingRow | None]] = {}
    for number, state in enumerate(states):
        for row in state.rows:
            by_product.setdefault(row.product_id, [None] * len(states))[number] = row
    found = [_line(tuple(rows)) for rows in by_product.values()]
    return sorted(found, key=lambda line: line.title)


def _line(rows: tuple[ListingRow | None, ...]) -> Line:
    """Take price and count from the listing that a shop acknowledged last: it is the nearest to the catalogue."""
    start = dt.datetime.min.replace(tzinfo=dt.UTC)
    there = sorted((row for row in rows if row is not None), key=lambda row: row.acknowledged_at or start)
    best = next((row for row in reversed(there) if row.prices is not None), there[-1])
    skus = [one.sku for one in best.offers] or [best.handle]
    low_high = best.prices and tuple(format_money(amount, best.currency) for amount in best.prices)
    return Line(
        title=out.clean(best.title),
        skus=out.clean(skus[0]) + (f" +{len(skus) - 1}" if len(skus) > 1 else ""),
        prices=(low_high[0], low_high[1]) if low_high else None,
        stock=best.quantity,
        listings=rows,
    )


#: A shop's search field knows SKUs, and their beginnings.
TRY_THIS = Words(
    "Coba di terminal lain, lalu cari SRP-BTK-003-BTU di toko:",
    "Try this in another terminal, and search a shop for SRP-BTK-003-BTU:",
)


def going_on(home: Path) -> str:
    """Return the command that goes on with the demo in ``home``, as one can copy it."""
    where = "" if home == Path.cwd() / ".demo" else f" --home {shlex.quote(_short(home))}"
    return f"{_program()} demo --keep{where}"


def commands(home: Path) -> list[tuple[str, Words]]:
    """Return commands that one can copy, and what each shows."""
    prefix = f"SYNCER_HOME={_short(home)} {_program()}"
    return [
        (f"{prefix} stock set SRP-BTK-003-BTU 3", Words("stok ikut di kedua toko", "the stock follows in both shops")),
        (f"{prefix} price set SRP-BTK-003-BTU 199000", Words("harganya ikut", "so does the price")),
        (
            f'{prefix} products edit SRP-BTK-001 --title "Kain Batik Tulis Blandongan"',
            Words("judulnya ikut", "and the title"),
        ),
        (f"{prefix} problems", Words("apa yang menunggu Anda", "what waits for you")),
        (f"{prefix} status", Words("keadaan kedua toko", "how both shops stand")),
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


def windows(shops: Sequence[OpenShop]) -> list[tuple[str, str]]:
    """Return every shop window: the shop with its storefront, and the address."""
    return [(f"{one.shop.name} ({place})", address) for one in shops for place, address in one.windows]


def live_table(states: Sequence[State], shops: Sequence[OpenShop], home: Path, *, width: int, height: int) -> Group:
    """Return the table with the newest changes on top, the shops' addresses, and what to try, all on one screen."""
    from rich.console import Group
    from rich.text import Text

    hints = _hints(home, width, height)
    tail: list[Any] = [Text(summary(state), no_wrap=True, overflow="ellipsis") for state in states]
    tail += [Text("")] if height >= _TALL else []
    places = windows(shops)
    longest = max(len(place) for place, _ in places)
    tail += [
        Text.assemble((place.ljust(longest + 2), "bold"), (address, "underline cyan")) for place, address in places
    ]
    buy = word(
        "Beli sesuatu di salah satu toko ini: stoknya turun di toko lain.",
        "Buy something in one of these shops: the stock falls in the other.",
    )
    tail.append(Text(buy, style="bold", no_wrap=True, overflow="ellipsis"))
    tail += [Text(say(TRY_THIS), style="bold", no_wrap=True, overflow="ellipsis"), *hints]
    tail.append(Text(word("Ctrl-C: selesai.", "Ctrl-C: end."), style="dim"))
    newest = sorted(lines(states), key=lambda line: line.acknowledged_at, reverse=True)
    room = max(height - len(tail) - 6, 3)
    table = _table(states, newest[:room], width)
    more = len(newest) - room
    if more > 0:
        tail.insert(0, Text(word(f"… dan {more} produk lagi", f"… and {more} more products"), style="dim"))
    return Group(table, *tail)


def _hints(home: Path, width: int, height: int) -> list[Text]:
    """Return the commands to try that fit into one row each, with their meaning where there is room for it."""
    from rich.text import Text

    stock, price, title, problems, status = commands(home)
    # A small screen is for the products: two changes to try, and what waits.
    found = []
    for command, what in (stock, price, title, problems, status) if height >= _TALL else (stock, price, problems):
        row, said = Text(f"  {command}", style="cyan", no_wrap=True), f"   {say(what)}"
        if len(row) + len(said) <= width:
            row = Text.assemble(row, (said, "dim"))
        if len(row) <= width:
            found.append(row)
    return found


def _table(states: Sequence[State], shown: Sequence[Line], width: int) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    with_skus, short = width >= _WITH_SKUS, width < _WITH_RANGES
    table = Table(box=SIMPLE_HEAD, header_style="bold", pad_edge=False)
    table.add_column(word("Produk", "Product"), min_width=16, ratio=1)
    if with_skus:
        table.add_column("SKU", no_wrap=True)
    table.add_column(word("Harga", "Price"), no_wrap=True, justify="right")
    table.add_column(word("Stok", "Stock"), no_wrap=True, justify="right")
    for state in states:
        table.add_column(state.shop.name, no_wrap=True, min_width=len(state.shop.name), max_width=_CHIP_MOST)
    now = dt.datetime.now(dt.UTC)
    for line in shown:
        cells = [Text(line.title, no_wrap=True, overflow="ellipsis")]
        if with_skus:
            cells.append(Text(line.skus, no_wrap=True, overflow="ellipsis"))
        cells += [Text(line.price(short=short)), Text("-" if line.stock is None else str(line.stock))]
        cells += [_chip(row) for row in line.listings]
        table.add_row(*cells, style="bold" if (now - line.acknowledged_at).total_seconds() < _FRESH_S else "")
    return table


def _chip(row: ListingRow | None) -> Text:
    from rich.text import Text

    if row is None:
        return Text("-", style="dim")
    if row.state == "live" and not row.synced:
        return Text(say(_CHANGING), style="yellow")
    return Text(say(row.chip), style=_COLOURS.get(row.state, ""), no_wrap=True, overflow="ellipsis")


def summary(state: State) -> str:
    """Say in one line how far a shop is."""
    live, stuck = len(state.live), len(state.expected) + len(state.unexpected)
    text = word(f"{live} dari {len(state.rows)} produk tayang", f"{live} of {len(state.rows)} products are live")
    if state.waiting:
        text += word(f", {len(state.waiting)} di jalan", f", {len(state.waiting)} on their way")
    if stuck:
        text += word(f", {stuck} perlu Anda", f", {stuck} need you")
    return f"{state.shop.name}: {text}."


def plain_table(states: Sequence[State]) -> None:
    """Print every product once, with a column for each shop."""
    out.table(
        [
            Words("PRODUK", "PRODUCT"),
            "SKU",
            Words("HARGA", "PRICE"),
            Words("STOK", "STOCK"),
            *(state.shop.name.upper() for state in states),
        ],
        [
            [line.title, line.skus, line.price(), line.stock, *(row and say(row.chip) for row in line.listings)]
            for line in lines(states)
        ],
        right=(2, 3),
    )
