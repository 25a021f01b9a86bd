"""``syncer confirm``: answer a question with yes."""

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
    "confirm",
    "Jawab ya untuk sebuah pertanyaan dari `syncer problems`.",
    "Answer yes to a question of `syncer problems`.",
)
def confirm(
    question: str = typer.Argument(metavar="NUMBER", help=both("Nomor pertanyaan.", "The question's number.")),
    choice: str | None = typer.Option(
        None, "--choice", metavar="ID", help=both("Pilihan, bila ada beberapa.", "Which one, if there are several.")
    ),
) -> None:
    """Confirm."""
    desk = open_desk()
    desk.logs()
    from syncer.sync.answers import confirm as do

    number = whole(question, Words("Nomor", "The number"), most=9_999_999)
    moved = do(desk.engine, number, actor=desk.actor, now=desk.now, choice=choice)
    if moved:
        out.done(Words(f"Dijawab ya; {moved} produk berjalan lagi.", f"Answered yes; {moved} listings move on."))
    else:
        out.warn(
            Words(
                "Dijawab ya, tetapi tidak ada produk yang menunggu ini lagi: sudah diubah lagi sesudah pertanyaan itu. "
                "`syncer sync` menanyakan yang baru.",
                "Answered yes, but no listing waits for this any more: it was changed again after that question. "
                "`syncer sync` asks about the new change.",
            )
        )
    from syncer.cli.products import say_next

    say_next(desk)
