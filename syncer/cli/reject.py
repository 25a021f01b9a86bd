"""``syncer reject``: answer a question with no."""

from __future__ import annotations

import typer

from syncer.cli import out
from syncer.cli.desk import open_desk
from syncer.cli.kit import command, single
from syncer.cli.reading import whole
from syncer.cli.texts import both
from syncer.domain.words import Words

app = single()


@command(
    app,
    "reject",
    "Jawab tidak untuk sebuah pertanyaan dari `syncer problems`.",
    "Answer no to a question of `syncer problems`.",
)
def reject(
    question: str = typer.Argument(metavar="NUMBER", help=both("Nomor pertanyaan.", "The question's number.")),
) -> None:
    """Reject."""
    desk = open_desk()
    desk.logs()
    from syncer.sync.answers import reject as do

    number = whole(question, Words("Nomor", "The number"), most=9_999_999)
    moved = do(desk.engine, number, actor=desk.actor, now=desk.now)
    out.done(Words(f"Dijawab tidak; {moved} produk diperbarui.", f"Answered no; {moved} listings are updated."))
    from syncer.cli.products import say_next

    say_next(desk)
