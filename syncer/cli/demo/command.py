"""The command: start a sandbox, take the demo catalogue in, publish it, and watch the daemon make it true."""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, cast

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

app = single()

SHOP = "Toko Orange"
_ONCE_S = 55.0
_LOOK_S = 0.3
#: The sandbox allows more calls than the platform, so that nobody has to wait; the connector keeps below it.
_CALLS_PER_S = 40
#: What the catalogue says nothing of, and Shopee demands of food and of crafts kits.
_ATTRIBUTES = {"Shelf life": "6 months", "Masa penyimpanan": "6 months"}


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
            "Tunggu sampai semua tayang, bandingkan, lalu selesai.", "Wait until all is live, compare, then end."
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

    started = time.monotonic()
    home = home.absolute()
    make_home(home, keep=keep)
    desk = Desk(demo_settings(open_desk().settings, home))
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with Programs(desk.settings) as programs:
            shop = _prepare(desk, programs)
            programs.daemon()
            if once:
                _once(desk, programs, shop, started)
            else:
                _watch(desk, programs, shop)
    finally:
        desk.bare_engine.dispose()


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _prepare(desk: Desk, programs: Programs) -> dict[str, Any]:
    _tell(Words("Membuka toko contoh", "Opening a sandbox shop"))
    shop = programs.sandbox("shopee", "--set", f"burst_per_s={_CALLS_PER_S * 2}")
    _tell(Words("Mengimpor katalog demo dan menggambar fotonya", "Importing the demo catalogue, drawing its pictures"))
    _take_in(desk)
    _connect(desk, shop)
    _tell(Words("Menerbitkan semua produk", "Publishing every product"))
    from syncer.channels.publishing import publish_all

    publish_all(desk.engine, desk.account(SHOP), now=desk.now, actor=desk.actor)
    return shop


def _take_in(desk: Desk) -> None:
    from syncer.catalogue.demo import load_demo
    from syncer.inventory import bulk

    with out.Progress(Words("Menggambar foto", "Drawing pictures")) as bar:
        report = load_demo(desk.engine, desk.settings.home, cast("StockBook", bulk), now=desk.now, progress=bar.to)
    if report.failed:
        raise SyncerError(report.failed[0].words)


def _connect(desk: Desk, shop: dict[str, Any]) -> None:
    from syncer.channels.joining import add_account, reconnect
    from syncer.channels.records import UnknownAccount

    options = {
        **shop["account"]["options"],
        "calls_per_s": _CALLS_PER_S,
        "review_check_s": 1.0,
        "attribute_defaults": _ATTRIBUTES,
    }
    try:
        account = desk.account(SHOP)
    except UnknownAccount:
        add_account(
            desk.engine,
            desk.keys,
            connector="shopee",
            name=SHOP,
            options=options,
            now=desk.now,
            **desk.for_shops(),
        )
    else:
        reconnect(desk.engine, desk.keys, account, options=options, now=desk.now, **desk.for_shops())


def _watch(desk: Desk, programs: Programs, shop: dict[str, Any]) -> None:
    """Show the table until Ctrl-C."""
    from syncer.cli.demo.check import look
    from syncer.cli.demo.view import commands, live_table, summary

    window = str(shop["window_url"])
    if not out.on_terminal():
        _tell(Words(f"Etalase toko: {window}", f"The shop window: {window}"))
        for line, what in commands(desk.settings.home):
            out.line(f"  {line}   # {say(what)}")
    try:
        if out.on_terminal():
            from rich.console import Console
            from rich.live import Live

            console = Console()
            with Live(console=console, auto_refresh=False, screen=True) as live:
                while True:
                    live.update(
                        live_table(look(desk, SHOP), window, desk.settings.home, console.size.height), refresh=True
                    )
                    programs.check()
                    time.sleep(_LOOK_S)
        said = ""
        while True:
            now = summary(look(desk, SHOP))
            if now != said:
                said = now
                _tell(Words(now, now))
            programs.check()
            time.sleep(_LOOK_S)
    except KeyboardInterrupt:
        _tell(
            Words(
                "Selesai. Teruskan kapan saja dengan: syncer demo --keep",
                "Done. Go on at any time with: syncer demo --keep",
            )
        )


def _once(desk: Desk, programs: Programs, shop: dict[str, Any], started: float) -> None:
    """Wait until every listing is acknowledged, then compare and end."""
    from syncer.cli.demo.check import compare, look
    from syncer.cli.demo.view import plain_table, summary

    state = look(desk, SHOP)
    with out.Progress(Words("Mengirim ke toko", "Sending to the shop"), len(state.rows)) as bar:
        while state.waiting and time.monotonic() - started < _ONCE_S:
            programs.check()
            time.sleep(_LOOK_S)
            state = look(desk, SHOP)
            bar.to(len(state.rows) - len(state.waiting))
    different = compare(desk, SHOP, str(shop["control_url"]))
    plain_table(state)
    _say_stuck(state)
    for one in different:
        shown = out.clean(f"{one.handle}: {one.field}: {one.wanted!r} != {one.shown!r}")
        sys.stderr.write(f"  {shown}\n")
    seconds = f"{time.monotonic() - started:.0f}"
    if different or state.waiting or state.unexpected:
        out.complain(
            word(
                f"{len(different)} isian berbeda, {len(state.waiting)} belum sampai, {len(state.unexpected)} tertahan.",
                f"{len(different)} fields differ, {len(state.waiting)} not there, {len(state.unexpected)} are held.",
            )
        )
        raise typer.Exit(FAILED)
    out.line(summary(state))
    out.done(
        Words(
            f"Toko sama dengan katalog, isian demi isian ({seconds} detik).",
            f"The shop equals the catalogue, field by field ({seconds} seconds).",
        )
    )


def _say_stuck(state: State) -> None:
    for title, rows in (
        (word("Memang belum bisa terbit", "Known not to fit this shop yet"), state.expected),
        (word("Tertahan", "Held"), state.unexpected),
    ):
        if not rows:
            continue
        out.line(f"{title}:")
        for row in rows:
            why = f"{say(row.problem.words)} {say(row.problem.remedy)}" if row.problem else say(row.chip)
            out.line(out.clean(f"  {row.handle} {row.title}: {why}"))


def _tell(words: Words) -> None:
    out.line(out.clean(say(words)))
    sys.stdout.flush()
