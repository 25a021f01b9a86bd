"""How commands are put together: typer, with commands that are imported only when they are called."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import typer
from typer.core import TyperCommand, TyperGroup

from syncer.cli.texts import both, localise, pick, word
from syncer.domain.words import SyncerError, Words

F = TypeVar("F", bound=Callable[..., Any])

#: What the exit codes mean; docs/cli.md says it to people.
DONE, FAILED, USAGE, PARTLY, BUSY, FAULT, INTERRUPTED = 0, 1, 2, 3, 4, 70, 130

_NEGATIVE = re.compile(r"-[0-9][0-9.,]*")

JSON_HELP = both("Cetak sebagai JSON, untuk skrip.", "Print JSON, for scripts.")


class UsageProblem(SyncerError):
    """The command was given wrongly; the sentence says what to write instead (exit code 2)."""


class Command(TyperCommand):
    """A command whose help speaks the language in use."""

    def get_help_option(self, ctx: Any) -> Any:
        """Return the option --help."""
        return _help_option(super().get_help_option(ctx))

    def get_usage(self, ctx: Any) -> str:
        """Return the line that shows how the command is written."""
        return _usage(super().get_usage(ctx))

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Print the help."""
        _name_panels()
        super().format_help(ctx, formatter)


class NumberCommand(Command):
    """A command with a number as its argument: ``-1`` is a number that is refused in words, not an option."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Let negative numbers through as arguments; readers of numbers take off the blank in front."""
        parsed: list[str] = super().parse_args(ctx, [f" {one}" if _NEGATIVE.fullmatch(one) else one for one in args])
        return parsed


class Group(TyperGroup):
    """A command with sub-commands; an unknown one is answered with those that look like it."""

    def get_help_option(self, ctx: Any) -> Any:
        """Return the option --help."""
        return _help_option(super().get_help_option(ctx))

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
    found: Any = typer.main.get_command(module.app)
    found.name = name
    found.rich_help_panel = pick(place.panel)
    return prepare(found)


def prepare(found: Any) -> Any:
    """Make a command that typer has built ready for use: quick to read, and in the language in use."""
    _read_plainly(found)
    return localise(found)


class _Plain:
    """Reads text and paths as they are. Typer would load pydantic for it: a fifth of a short command's time."""

    def __init__(self, kind: Callable[[str], Any]) -> None:
        self._kind = kind

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        """Return what was typed. Raises :class:`UsageProblem` for bytes that are no text."""
        if param.multiple or param.nargs == -1:
            return tuple(self._one(one) for one in value or ())
        return None if value is None else self._one(value)

    def _one(self, value: Any) -> Any:
        if isinstance(value, str) and any("\ud800" <= sign <= "\udfff" for sign in value):
            raise UsageProblem(
                Words("Ada huruf yang rusak di perintah ini. Ketik ulang.", "A character is broken. Type it again.")
            )
        return self._kind(value)


_PLAIN: dict[Any, Callable[[str], Any]] = {str: str, list[str]: str, Path: Path, list[Path]: Path, bool: bool}


def _read_plainly(found: Any) -> None:
    for parameter in getattr(found, "params", ()):
        _plain_option(parameter)
    for inner in getattr(found, "commands", {}).values():
        _read_plainly(inner)


def _plain_option(parameter: Any) -> None:
    kind = _PLAIN.get(getattr(getattr(parameter, "type_descriptor", None), "annotation", None))
    if kind is not None and hasattr(parameter, "_runtime_param"):
        parameter._runtime_param = _Plain(kind)
    if getattr(parameter, "is_flag", False) or parameter.param_type_name == "argument":
        parameter.display_type_rich = lambda ctx: ""  # "<bool>" and "<str>" tell nobody anything


def _help_option(option: Any) -> Any:
    if option is not None:
        _plain_option(option)
        option.help = word("Tunjukkan bantuan ini.", "Show this help.")
    return option


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
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.6)
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
