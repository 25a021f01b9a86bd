"""``syncer key``: the key that seals what shops trust us with."""

from __future__ import annotations

import typer

from syncer.cli import out
from syncer.cli.desk import open_desk
from syncer.cli.kit import JSON_HELP, command, group
from syncer.cli.texts import say
from syncer.domain.words import Words

app = group("Rawat kunci rahasia.", "Look after the secret key.")


@command(app, "new", "Buat kunci baru dan cetak.", "Make a new key and print it.")
def new() -> None:
    """Print a fresh key; nothing is stored."""
    from syncer.store.sealed import new_key

    out.line(new_key())


@command(
    app,
    "status",
    "Hitung rahasia per kunci. Kunci lama boleh dibuang bila sudah 0.",
    "Count what each key seals. An old key may be dropped at 0.",
)
def status(as_json: bool = typer.Option(False, "--json", help=JSON_HELP)) -> None:
    """Show the keys by their ids."""
    desk = open_desk()
    from syncer.store.sealed import key_status

    rows = key_status(desk.engine, desk.keys)
    if as_json:
        out.print_json(
            [{"key": row.key_id, "newest": row.newest, "known": row.known, "values": row.values} for row in rows]
        )
        return
    names = {
        (True, True): Words("terbaru", "newest"),
        (False, True): Words("lama", "old"),
        (False, False): Words("tidak diberikan", "not given"),
    }
    out.table(
        [Words("KUNCI", "KEY"), Words("KEADAAN", "STATE"), Words("RAHASIA", "SEALED")],
        [[row.key_id, say(names[row.newest, row.known]), row.values] for row in rows],
        right=(2,),
    )


@command(
    app,
    "rotate",
    "Segel semua rahasia dengan kunci yang terbaru.",
    "Seal everything with the newest key; may be stopped and repeated.",
)
def rotate() -> None:
    """Rotate."""
    desk = open_desk()
    from syncer.store.sealed import rotate as do

    total = 0

    def progress(count: int) -> None:
        nonlocal total
        total += count
        bar.to(total)

    with out.Progress(Words("Menyegel", "Sealing"), unit=Words("rahasia", "secrets")) as bar:
        done = do(desk.engine, desk.keys, progress=progress)
    out.done(
        Words(
            f"{done} rahasia disegel dengan kunci {desk.keys.newest_id}.",
            f"{done} secrets are sealed with the key {desk.keys.newest_id}.",
        )
    )
    out.hint(
        Words(
            "Bila `syncer key status` menunjukkan 0 untuk kunci lama, kunci itu boleh dibuang.",
            "Once `syncer key status` shows 0 for the old key, it may be dropped.",
        )
    )
