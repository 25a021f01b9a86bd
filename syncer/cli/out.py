"""What the commands print: lines, tables and JSON. Text from outside never steers the terminal (security.md D4)."""

from __future__ import annotations

import datetime as dt
import json
import re
import sys
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from syncer.cli.texts import say, word
from syncer.domain.words import Words

#: Control characters, those that turn the direction of writing or take no room, and halves of characters.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff\ud800-\udfff]")
_JAKARTA = "Asia/Jakarta"
_MONTHS = {
    "id": "Jan Feb Mar Apr Mei Jun Jul Agu Sep Okt Nov Des".split(),
    "en": "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(),
}


def clean(text: object) -> str:
    """Return text in one line, without anything that a terminal would obey."""
    return _CONTROL.sub(" ", str(text)).replace("\n", " ")


def on_terminal() -> bool:
    """Tell whether a person watches: standard output is a terminal."""
    return sys.stdout.isatty()


def line(text: str | Words = "") -> None:
    """Print one line."""
    sys.stdout.write((say(text) if isinstance(text, Words) else text) + "\n")


def done(words: Words) -> None:
    """Print what was done."""
    line(_styled("✓ ", "32") + clean(say(words)))


def hint(words: Words) -> None:
    """Print what one may do next."""
    line(_styled(clean(say(words)), "2"))


def warn(words: Words) -> None:
    """Print, on standard error, something a person should know though the command went on."""
    sys.stderr.write(f"! {clean(say(words))}\n")


def complain(text: str) -> None:
    """Print, on standard error, why the command ended."""
    label = word("Gagal", "Failed")
    mark = f"\x1b[31m{label}:\x1b[0m" if sys.stderr.isatty() else f"{label}:"
    sys.stderr.write(f"{mark} {clean(text)}\n")


def _styled(text: str, code: str) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if on_terminal() else text


def moment(value: dt.datetime | None) -> str:
    """Return a time as people here read it: Jakarta's clock, with the day unless it is today."""
    if value is None:
        return "-"
    from syncer.cli.texts import language

    here = value.astimezone(ZoneInfo(_JAKARTA))
    if here.date() == dt.datetime.now(ZoneInfo(_JAKARTA)).date():
        return f"{here:%H:%M:%S}"
    return f"{here.day} {_MONTHS[language()][here.month - 1]} {here:%Y %H:%M}"


def age(seconds: float | None) -> str:
    """Return a duration in one unit: ``12 s``, ``3 m``, ``5 j`` (hours), ``2 h`` (days); in English ``h`` and ``d``."""
    if seconds is None:
        return "-"
    for size, unit in ((86_400, word("hari", "d")), (3600, word("jam", "h")), (60, word("mnt", "min"))):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} {word('dtk', 's')}"


def print_json(value: Any) -> None:
    """Print a value as JSON: keys are stable, times are ISO 8601 in UTC, money is a number."""
    indent = 2 if on_terminal() else None
    sys.stdout.write(json.dumps(plain(value), ensure_ascii=False, indent=indent) + "\n")


def plain(value: Any) -> Any:
    """Return ``value`` with everything that JSON does not know turned into what it knows."""
    if isinstance(value, Words):
        return say(value)
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, Path):
        return str(value)
    return value


def table(columns: Sequence[Words | str], rows: Iterable[Sequence[object]], *, right: Iterable[int] = ()) -> None:
    """Print a table: drawn on a terminal, plain aligned lines elsewhere. ``right`` are numbers' columns."""
    heads = [say(one) if isinstance(one, Words) else one for one in columns]
    cells = [[clean("-" if cell is None or cell == "" else cell) for cell in row] for row in rows]
    if on_terminal():
        _draw(heads, cells, set(right))
    else:
        _align(heads, cells, set(right))


def _draw(heads: Sequence[str], cells: Sequence[Sequence[str]], right: set[int]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=SIMPLE_HEAD, header_style="bold", pad_edge=False)
    for number, head in enumerate(heads):
        drawn.add_column(Text(head), justify="right" if number in right else "left", overflow="fold")
    for row in cells:
        drawn.add_row(*(Text(cell) for cell in row))
    Console().print(drawn)


def _align(heads: Sequence[str], cells: Sequence[Sequence[str]], right: set[int]) -> None:
    widths = [max(len(row[number]) for row in (heads, *cells)) for number in range(len(heads))]
    for row in (heads, *cells):
        parts = [
            cell.rjust(width) if number in right else cell.ljust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        line("  ".join(parts).rstrip())


class Progress:
    """A progress bar on a terminal; elsewhere nothing. ``total`` may become known later.

    ``unit`` names what is counted.
    """

    def __init__(self, what: Words, total: int | None = None, *, unit: Words | None = None) -> None:
        self._what, self._total = say(what), total
        self._unit = say(unit) if unit is not None else ""
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> Progress:
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
            from rich.progress import Progress as Bar

            self._bar = Bar(
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                MofNCompleteColumn(),
                *([TextColumn(self._unit, markup=False)] if self._unit else ()),
                TimeElapsedColumn(),
                console=Console(stderr=True),
                transient=True,
            )
            self._bar.start()
            self._task = self._bar.add_task(self._what, total=self._total)
        return self

    def to(self, completed: int, total: int | None = None) -> None:
        """Say how far it is."""
        if self._bar is not None:
            self._bar.update(self._task, completed=completed, total=self._total if total is None else total)

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()
