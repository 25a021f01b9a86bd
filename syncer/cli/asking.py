"""Ask a person before something that is hard to take back."""

from __future__ import annotations

import sys

import typer

from syncer.cli.kit import UsageProblem
from syncer.cli.out import clean
from syncer.cli.texts import say, word
from syncer.domain.words import Words


def ask_first(question: Words, *, already: bool) -> None:
    """Go on only after a yes. ``already``: it was given on the command line. Without a terminal it must be."""
    if already:
        return
    if not sys.stdin.isatty():
        raise UsageProblem(
            Words(
                f"{question.id} Tidak ada terminal untuk bertanya; ulangi dengan --yes.",
                f"{question.en} There is no terminal to ask on; give --yes.",
            )
        )
    sys.stderr.write(f"{clean(say(question))} {word('[y/T]', '[y/N]')} ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "ya", "yes"):
        raise typer.Abort
