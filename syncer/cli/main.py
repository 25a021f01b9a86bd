"""``syncer``: the command line. Every error ends here as one sentence and an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import typer

from syncer.cli import kit, out
from syncer.cli.desk import close_desk, open_desk
from syncer.cli.kit import LazyGroup, Place
from syncer.cli.texts import both, once, say, set_language, word
from syncer.domain.words import SyncerError, Words

_CATALOGUE = both("Katalog dan stok", "Catalogue and stock")
_SHOPS = both("Toko", "Shops")
_SYNC = both("Sinkronisasi", "Synchronisation")
_SYSTEM = both("Sistem", "System")

COMMANDS: dict[str, Place] = {
    "import": Place("importing", _CATALOGUE),
    "export": Place("exporting", _CATALOGUE),
    "products": Place("products", _CATALOGUE),
    "stock": Place("stock", _CATALOGUE),
    "sale": Place("sale", _CATALOGUE),
    "orders": Place("orders", _CATALOGUE),
    "price": Place("price", _CATALOGUE),
    "location": Place("location", _CATALOGUE),
    "pieces": Place("pieces", _CATALOGUE),
    "reserve": Place("reserve", _CATALOGUE),
    "bundle": Place("bundles", _CATALOGUE),
    "capacity": Place("capacity", _CATALOGUE),
    "account": Place("account", _SHOPS),
    "connectors": Place("connectors", _SHOPS),
    "map": Place("mapping", _SHOPS),
    "publish": Place("publish", _SHOPS),
    "withdraw": Place("withdraw", _SHOPS),
    "plan": Place("plan", _SYNC),
    "sync": Place("sync", _SYNC),
    "run": Place("run", _SYNC),
    "status": Place("status", _SYNC),
    "listings": Place("listings", _SYNC),
    "problems": Place("problems", _SYNC),
    "confirm": Place("confirm", _SYNC),
    "reject": Place("reject", _SYNC),
    "retry": Place("retry", _SYNC),
    "drift": Place("drift", _SYNC),
    "sandbox": Place("sandbox", _SYSTEM),
    "demo": Place("demo.command", _SYSTEM),
    "doctor": Place("doctor", _SYSTEM),
    "db": Place("db", _SYSTEM),
    "key": Place("key", _SYSTEM),
}


class Root(LazyGroup):
    """All commands of ``syncer``."""

    places = COMMANDS


app = typer.Typer(
    cls=Root,
    help=both(
        "Satu katalog kriya, selalu sama di setiap toko.",
        "One catalogue of crafts, kept true in every shop.",
    ),
    epilog=both(
        "Baru mulai? Coba [cyan]syncer demo[/cyan].",
        "New here? Try [cyan]syncer demo[/cyan].",
    ),
    no_args_is_help=True,
    rich_markup_mode="rich",
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        out.line(f"syncer {version('syncer')}")
        raise typer.Exit


@app.callback()
def root(
    version: bool = typer.Option(
        False,
        "--version",
        callback=_show_version,
        is_eager=True,
        help=both("Tunjukkan versi program.", "Show the program's version."),
    ),
) -> None:
    """Hold the options that stand before every command."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    os.umask(0o077)
    close_desk()  # each command reads the settings anew, also where several run in one process
    try:
        return _run(list(sys.argv[1:] if arguments is None else arguments))
    finally:
        close_desk()


def _run(arguments: list[str]) -> int:
    debug = False
    try:
        set_language(os.environ.get("SYNCER_LANGUAGE", "id").strip().lower())
        if _needs_settings(arguments):
            settings = open_desk().settings
            set_language(settings.language)
            debug = settings.debug
        command = kit.prepare(typer.main.get_command(app))
        code = command.main(args=arguments, prog_name="syncer", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else kit.DONE
    except BrokenPipeError:
        # Whoever read our output has gone (`| head`); the interpreter must not complain about it at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return kit.DONE
    except BaseException as error:
        if debug and not isinstance(error, SystemExit):
            import traceback

            traceback.print_exc()
        return _say_why(error)


def _needs_settings(arguments: Sequence[str]) -> bool:
    """Help and version are shown even where a setting is wrong."""
    return not any(one in ("--help", "--version") for one in arguments)


def _say_why(error: BaseException) -> int:
    if isinstance(error, SyncerError):
        out.complain(say(error.words))
        return _code(error)
    if type(error).__name__ == "NoArgsIsHelpError":
        return kit.DONE if error.ctx.parent is None else kit.USAGE  # type: ignore[attr-defined]
    if isinstance(error, typer.TyperException):
        out.complain(f"{kit.usage_sentence(error)} {kit.help_hint(error)}")
        return kit.USAGE
    if isinstance(error, (KeyboardInterrupt, typer.Abort)):
        out.complain(word("Dihentikan.", "Stopped."))
        return kit.INTERRUPTED
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else kit.FAILED
    return _say_other(error)


def _code(error: SyncerError) -> int:
    from syncer.store.errors import StoreBusy

    if isinstance(error, kit.UsageProblem):
        return kit.USAGE
    return kit.BUSY if isinstance(error, StoreBusy) else kit.FAILED


def _say_other(error: BaseException) -> int:
    from syncer.sdk.errors import ConnectorError

    if isinstance(error, ConnectorError):
        out.complain(f"{say(error.words)} {say(once(error.remedy))}")
        return kit.FAILED
    if isinstance(error, OSError):
        out.complain(say(_file_words(error)))
        return kit.FAILED
    name = type(error).__name__
    out.complain(
        word(
            f"Syncer menemui kesalahan di dalam programnya ({name}). Jalankan lagi dengan SYNCER_DEBUG=1 dan "
            "laporkan hasilnya.",
            f"Syncer met a fault inside the program ({name}). Run it again with SYNCER_DEBUG=1 and report what it "
            "shows.",
        )
    )
    return kit.FAULT


def _file_words(error: OSError) -> Words:
    import errno

    name = error.filename if isinstance(error.filename, str) else str(error.filename or "")
    shown = Words(f"Berkas {name}" if name else "Berkasnya", f"The file {name}" if name else "The file")
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return Words(
            f"{shown.id} tidak bisa disimpan: disk penuh. Hapus berkas yang tidak perlu, lalu ulangi.",
            f"{shown.en} cannot be saved: the disk is full. Remove files that you do not need, then try again.",
        )
    if isinstance(error, FileNotFoundError):
        return Words(
            f"{shown.id} tidak ada. Periksa nama dan foldernya.",
            f"{shown.en} does not exist. Check its name and folder.",
        )
    if isinstance(error, PermissionError):
        return Words(
            f"{shown.id} tidak boleh dibuka. Periksa izinnya.", f"{shown.en} may not be opened. Check its permissions."
        )
    if isinstance(error, IsADirectoryError):
        return Words(f"{shown.id} adalah folder. Tulis nama berkas.", f"{shown.en} is a folder. Name a file.")
    return Words(
        f"{shown.id} tidak bisa dibuka atau disimpan ({error.strerror}). Periksa disk dan foldernya.",
        f"{shown.en} cannot be opened or saved ({error.strerror}). Check the disk and the folder.",
    )
