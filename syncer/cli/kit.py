"""How commands are put together: typer, with commands that are imported only when they are called."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, NamedTuple, TypeVar

import typer
from typer.core import TyperCommand, TyperGroup

from syncer.cli.texts import both, localise, pick, word
from syncer.domain.words import SyncerError, Words

F = TypeVar("F", bound=Callable[..., Any])

#: What the exit codes mean; docs/cli.md says it to people.
DONE, FAILED, USAGE, PARTLY, BUSY, FAULT, INTERRUPTED = 0, 1, 2, 3, 4, 70, 130

JSON_HELP = both("Cetak sebagai JSON, untuk skrip.", "Print JSON, for scripts.")


class UsageProblem(SyncerError):
    """The command was given wrongly; the sentence says what to write instead (exit code 2)."""


class Command(TyperCommand):
    """A command whose help speaks the language in use."""

    def get_usage(self, ctx: Any) -> str:
        """Return the line that shows how the command is written."""
        return _usage(super().get_usage(ctx))

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Print the help."""
        _name_panels()
        super().format_help(ctx, formatter)


class Group(TyperGroup):
    """A command with sub-commands; an unknown one is answered with those that look like it."""

    def get_usage(self, ctx: Any) -> str:
        """Return the line that shows how the command is written."""
        return _usage(super().get_usage(ctx))

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Print the help."""
        _name_panels()
        super().format_help(ctx, formatter)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the sub-command. Raises :class:`UsageProblem`."""
        if args and not args[0].startswith("-") and self.get_command(ctx, args[0]) is None:
            raise _unknown_command(ctx.command_path, args[0], self.list_commands(ctx))
        return super().resolve_command(ctx, args)


class Place(NamedTuple):
    """Where a command lives: a module of ``syncer.cli`` with its ``app``, and the panel it is shown in."""

    module: str
    panel: str


class LazyGroup(Group):
    """A group whose commands are imported when they are called (or when the help is shown)."""

    places: dict[str, Place] = {}

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names in the order of the table."""
        return list(self.places)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import and return one command; ``None`` for a name that isn't in the table."""
        place = self.places.get(cmd_name)
        return None if place is None else load(cmd_name, place)


def load(name: str, place: Place) -> Any:
    """Return the command ``name`` as built from its module, in the language in use."""
    module = import_module(f"syncer.cli.{place.module}")
    command: Any = typer.main.get_command(module.app)
    command.name = name
    command.rich_help_panel = pick(place.panel)
    return localise(command)


def group(indonesian: str, english: str, *, alone: bool = False) -> typer.Typer:
    """Return a new group of commands; ``alone``: it also does something without a sub-command."""
    return typer.Typer(
        cls=Group,
        help=both(indonesian, english),
        add_completion=False,
        no_args_is_help=not alone,
        invoke_without_command=alone,
        rich_markup_mode="rich",
    )


def single() -> typer.Typer:
    """Return the holder of one command that has no sub-commands."""
    return typer.Typer(add_completion=False, rich_markup_mode="rich")


def command(
    app: typer.Typer,
    name: str,
    indonesian: str,
    english: str,
    *,
    cls: type[TyperCommand] = Command,
    examples: Sequence[str] = (),
    **more: Any,
) -> Callable[[F], F]:
    """Register a function as the command ``name`` of ``app``."""
    epilog = None
    if examples:
        shown = "\n\n".join(f"[cyan]{line}[/cyan]" for line in examples)
        epilog = both(f"Contoh:\n\n{shown}", f"For example:\n\n{shown}")
    return app.command(name, cls=cls, help=both(indonesian, english), epilog=epilog, **more)


def usage_sentence(error: Any) -> str:
    """Say in one sentence what was wrong with the way a command was written (an error of typer's parser)."""
    kind = type(error).__name__
    parameter = getattr(error, "param", None)
    if kind == "MissingParameter" and parameter is not None:
        return word(f"{_shown(parameter)} belum diisi.", f"{_shown(parameter)} is missing.")
    if kind == "NoSuchOption":
        near = ", ".join(getattr(error, "possibilities", None) or ())
        more = word(f" Maksudnya {near}?", f" Did you mean {near}?") if near else ""
        option = str(getattr(error, "option_name", ""))
        return word(f"Pilihan {option} tidak ada.{more}", f"There is no option {option}.{more}")
    if kind == "BadOptionUsage":
        option = str(getattr(error, "option_name", ""))
        return word(f"Pilihan {option} perlu sebuah nilai.", f"The option {option} needs a value.")
    if kind == "BadParameter" and parameter is not None:
        return word(f"Isi {_shown(parameter)} tidak cocok.", f"The value of {_shown(parameter)} does not fit.")
    text = error.format_message() if hasattr(error, "format_message") else str(error)
    if "unexpected extra argument" in text:
        extra = text.partition("(")[2].rstrip(").")
        return word(f"Terlalu banyak kata: {extra}.", f"Too many words: {extra}.")
    return str(text)


def help_hint(error: Any) -> str:
    """Say where the help of the command is."""
    ctx = getattr(error, "ctx", None)
    path = ctx.command_path if ctx is not None else "syncer"
    return word(f"Lihat `{path} --help`.", f"See `{path} --help`.")


def _shown(parameter: Any) -> str:
    if parameter.param_type_name == "option":
        return str(parameter.opts[-1])
    return str(parameter.metavar or parameter.name).upper()


def _unknown_command(path: str, name: str, names: Sequence[str]) -> UsageProblem:
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    shown = name[:40]
    if near:
        listed = ", ".join(near)
        return UsageProblem(
            Words(
                f'Perintah "{shown}" tidak ada. Maksudnya {listed}?',
                f'There is no command "{shown}". Did you mean {listed}?',
            )
        )
    return UsageProblem(
        Words(
            f'Perintah "{shown}" tidak ada. Lihat `{path} --help`.',
            f'There is no command "{shown}". See `{path} --help`.',
        )
    )


def _usage(text: str) -> str:
    if word("id", "en") == "en":
        return text
    return text.replace("Usage:", "Cara pakai:").replace("[OPTIONS]", "[PILIHAN]").replace("COMMAND", "PERINTAH")


def _name_panels() -> None:
    from typer import rich_utils

    rich_utils.ARGUMENTS_PANEL_TITLE = word("Isian", "Arguments")
    rich_utils.OPTIONS_PANEL_TITLE = word("Pilihan", "Options")
    rich_utils.COMMANDS_PANEL_TITLE = word("Perintah", "Commands")
    rich_utils.DEFAULT_STRING = word("(bila kosong: {})", "(default: {})")
    rich_utils.REQUIRED_LONG_STRING = word("(wajib)", "(required)")
