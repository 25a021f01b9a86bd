"""The command: open two sandbox shops, take the demo catalogue in, publish it, and watch the daemon make it true."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, cast

import typer

from syncer.cli import out
from syncer.cli.desk import Desk, open_desk
from syncer.cli.kit import FAILED, command, single
from syncer.cli.texts import both, say, word
from syncer.domain.words import SyncerError, Words

if TYPE_CHECKING:
    from syncer.catalogue.importing import StockBook
    from syncer.cli.demo.check import State
    from syncer.cli.demo.home import Programs
    from syncer.cli.demo.shops import OpenShop

app = single()

#: How long it waits on a slow machine; it takes a third of a minute on most.
_ONCE_S = 200.0
_LOOK_S = 0.3


@command(
    app,
    "demo",
    "Lihat semuanya bekerja dalam satu menit, di mesin ini saja.",
    "See everything work in a minute, on this machine only.",
)
def demo(
    once: bool = typer.Option(
        False,
        "--once",
        help=both(
            "Tunggu sampai semua tayang, bandingkan kedua toko, lalu selesai.",
            "Wait until all is live, compare both shops, then end.",
        ),
    ),
    home: Path = typer.Option(
        Path(".demo"), "--home", metavar="FOLDER", help=both("Folder demo.", "The demo's folder.")
    ),
    keep: bool = typer.Option(
        False, "--keep", help=both("Teruskan demo yang lalu.", "Go on with the last demo instead of a fresh one.")
    ),
) -> None:
    """Run the demo."""
    from syncer.cli.demo.home import Programs, demo_settings, make_home
    from syncer.cli.demo.selling import tell_of_orders

    started = time.monotonic()
    home = home.absolute()
    make_home(home, keep=keep)
    desk = Desk(demo_settings(open_desk().settings, home))
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with Programs(desk.settings) as programs:
            shops = _prepare(desk, programs)
            tell_of_orders(desk, shops, programs.public_url)
            programs.daemon()
            if once:
                _once(desk, programs, shops, started)
            else:
                _watch(desk, programs, shops)
    finally:
        desk.bare_engine.dispose()


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _prepare(desk: Desk, programs: Programs) -> list[OpenShop]:
    from syncer.channels.publishing import publish_all
    from syncer.cli.demo.shops import SHOPS, opened

    names = [shop.name for shop in SHOPS]
    _tell(Words(f"Membuka toko contoh: {' dan '.join(names)}", f"Opening sandbox shops: {' and '.join(names)}"))
    opening = [(shop, programs.sandbox(shop.connector, *shop.limits)) for shop in SHOPS]
    _tell(Words("Mengimpor katalog demo dan menggambar fotonya", "Importing the demo catalogue, drawing its pictures"))
    _take_in(desk)
    shops = [opened(shop, told()) for shop, told in opening]
    for one in shops:
        _connect(desk, one)
    _tell(Words("Menerbitkan semua produk", "Publishing every product"))
    for name in names:
        publish_all(desk.engine, desk.account(name), now=desk.now, actor=desk.actor)
    return shops


def _take_in(desk: Desk) -> None:
    from syncer.catalogue.demo import load_demo
    from syncer.inventory import bulk

    with out.Progress(Words("Menggambar foto", "Drawing pictures"), unit=Words("foto", "pictures")) as bar:
        report = load_demo(desk.engine, desk.settings.home, cast("StockBook", bulk), now=desk.now, progress=bar.to)
    if report.failed:
        raise SyncerError(report.failed[0].words)


def _connect(desk: Desk, one: OpenShop) -> None:
    from syncer.channels.joining import add_account, reconnect
    from syncer.channels.records import UnknownAccount

    try:
        account = desk.account(one.shop.name)
    except UnknownAccount:
        add_account(
            desk.engine,
            desk.keys,
            connector=one.shop.connector,
            name=one.shop.name,
            options=one.options,
            now=desk.now,
            **desk.for_shops(),
        )
    else:
        reconnect(desk.engine, desk.keys, account, options=one.options, now=desk.now, **desk.for_shops())


def _watch(desk: Desk, programs: Programs, shops: Sequence[OpenShop]) -> None:
    """Show how all shops stand until Ctrl-C: as a table on a terminal, as lines elsewhere."""
    from syncer.cli.demo.view import going_on

    asked = _Asked()
    if out.on_terminal():
        _watch_table(desk, programs, shops, asked)
    else:
        _watch_lines(desk, programs, shops, asked)
    again = going_on(desk.settings.home)
    _tell(
        Words(
            f"Selesai. Teruskan demo ini kapan saja dengan: {again} (tanpa --keep, demo mulai dari awal).",
            f"Done. Go on with this demo at any time with: {again} (without --keep it starts anew).",
        )
    )


class _Asked:
    """Notes that Ctrl-C or SIGTERM asks for the end; the second time it interrupts.

    An exception would be lost where it comes while Python tidies up, and would cut a look at the database in two.
    """

    def __init__(self) -> None:
        self.to_end = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._ask)

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        if self.to_end:
            raise KeyboardInterrupt
        self.to_end = True


def _watch_table(desk: Desk, programs: Programs, shops: Sequence[OpenShop], asked: _Asked) -> None:
    from rich.console import Console
    from rich.live import Live

    from syncer.cli.demo.check import look
    from syncer.cli.demo.view import live_table

    console = Console()
    with Live(console=console, auto_refresh=False, screen=True) as live:
        while not asked.to_end:
            width, height = console.size
            live.update(
                live_table(look(desk, shops), shops, desk.settings.home, width=width, height=height), refresh=True
            )
            programs.check()
            time.sleep(_LOOK_S)


def _watch_lines(desk: Desk, programs: Programs, shops: Sequence[OpenShop], asked: _Asked) -> None:
    from syncer.cli.demo.check import look
    from syncer.cli.demo.view import TRY_THIS, commands, summary, windows

    for place, address in windows(shops):
        out.line(f"{place}: {address}")
    out.line(
        word(
            "Beli sesuatu di salah satu toko ini: stoknya turun di toko lain.",
            "Buy something in one of these shops: the stock falls in the other.",
        )
    )
    out.line(say(TRY_THIS))
    for command_line, what in commands(desk.settings.home):
        out.line(f"  {command_line}   # {say(what)}")
    said: dict[str, str] = {}
    while not asked.to_end:
        for state in look(desk, shops):
            now = summary(state)
            if said.get(state.shop.name) != now:
                said[state.shop.name] = now
                _tell(Words(now, now))
        programs.check()
        time.sleep(_LOOK_S)


def _once(desk: Desk, programs: Programs, shops: Sequence[OpenShop], started: float) -> None:
    """Wait until every listing of every shop is acknowledged, then compare and end."""
    from syncer.cli.demo.check import compare, look
    from syncer.cli.demo.view import plain_table, summary

    states = look(desk, shops)
    total = sum(len(state.rows) for state in states)
    with out.Progress(
        Words("Mengirim ke kedua toko", "Sending to both shops"), total, unit=Words("barang", "listings")
    ) as bar:
        while any(state.waiting for state in states) and time.monotonic() - started < _ONCE_S:
            programs.check()
            time.sleep(_LOOK_S)
            states = look(desk, shops)
            bar.to(total - sum(len(state.waiting) for state in states))
    different = {one.shop.name: compare(desk, one) for one in shops}
    plain_table(states)
    for state in states:
        out.line(summary(state))
        _say_stuck(state)
        for one in different[state.shop.name]:
            shown = out.clean(f"{state.shop.name}: {one.handle}: {one.field}: {one.wanted!r} != {one.shown!r}")
            sys.stderr.write(f"  {shown}\n")
    wrong = sum(len(found) for found in different.values())
    waiting, held = (sum(len(found) for found in lists) for lists in zip(*map(_not_there, states), strict=True))
    if wrong or waiting or held:
        out.complain(
            word(
                f"{wrong} isian berbeda, {waiting} belum sampai, {held} tertahan.",
                f"{wrong} fields differ, {waiting} not there, {held} are held.",
            )
        )
        raise typer.Exit(FAILED)
    seconds = f"{time.monotonic() - started:.0f}"
    out.done(
        Words(
            f"Kedua toko sama dengan katalog, isian demi isian ({seconds} detik).",
            f"Both shops equal the catalogue, field by field ({seconds} seconds).",
        )
    )
    _sell(shops)


def _sell(shops: Sequence[OpenShop]) -> None:
    """Buy a piece in one shop, and see the other one follow."""
    from syncer.cli.demo.selling import buy_one

    sold = buy_one(shops)
    if sold is None or sold.seconds is None:
        out.complain(word("Pembelian tidak sampai ke toko yang lain.", "A purchase did not reach the other shop."))
        raise typer.Exit(FAILED)
    took = f"{sold.seconds:.1f}"
    out.done(
        Words(
            f"Terjual 1 {sold.title} di {sold.shop}: stok di {sold.other} turun dari {sold.before} ke {sold.after} "
            f"dalam {took} detik.",
            f"Sold 1 {sold.title} in {sold.shop}: {sold.other} fell from {sold.before} to {sold.after} in {took} "
            "seconds.",
        )
    )


def _not_there(state: State) -> tuple[Sequence[object], Sequence[object]]:
    return state.waiting, state.unexpected


def _say_stuck(state: State) -> None:
    for title, rows in (
        (word("memang belum bisa terbit", "known not to fit this shop yet"), state.expected),
        (word("tertahan", "held"), state.unexpected),
    ):
        if not rows:
            continue
        out.line(f"  {title}:")
        for row in rows:
            why = f"{say(row.problem.words)} {say(row.problem.remedy)}" if row.problem else say(row.chip)
            out.line(out.clean(f"    {row.handle} {row.title}: {why}"))


def _tell(words: Words) -> None:
    out.line(out.clean(say(words)))
    sys.stdout.flush()
