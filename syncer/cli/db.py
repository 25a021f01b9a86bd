"""``syncer db``: bring the database up to date, back it up, take a backup back."""

from __future__ import annotations

from pathlib import Path

import typer

from syncer.cli import out
from syncer.cli.desk import open_desk
from syncer.cli.kit import command, group
from syncer.cli.reading import check_folder
from syncer.cli.texts import both
from syncer.domain.words import Words

app = group("Rawat basis data.", "Look after the database.")

_FILE = typer.Argument(metavar="FILE", help=both("Berkas cadangan.", "The backup file."))


@command(
    app,
    "migrate",
    "Sesuaikan basis data dengan versi program ini.",
    "Bring the database to the version of this program.",
)
def migrate() -> None:
    """Migrate. Every command does it on first use; here it can be done ahead."""
    desk = open_desk()
    from syncer.cli.desk import keep_currency
    from syncer.store.engine import where
    from syncer.store.migrate import HEAD, upgrade

    place = where(desk.bare_engine)
    if upgrade(desk.bare_engine):
        keep_currency(desk.bare_engine, desk.settings.catalogue_currency)
        out.done(Words(f"{place}: sekarang versi {HEAD}.", f"{place}: it is at version {HEAD} now."))
    else:
        out.done(Words(f"{place}: sudah versi {HEAD}.", f"{place}: it is at version {HEAD} already."))


@command(
    app,
    "backup",
    "Simpan semuanya ke satu berkas; daemon boleh tetap berjalan.",
    "Save everything to one file; the daemon may go on.",
    examples=["syncer db backup syncer-2026-01-31.zip"],
)
def backup(
    file: Path = _FILE,
    force: bool = typer.Option(False, "--force", help=both("Timpa berkas yang ada.", "Overwrite an existing file.")),
) -> None:
    """Back up."""
    check_folder(file)
    desk = open_desk()
    from syncer.cli.backup import write_backup

    with out.Progress(Words("Menyimpan", "Saving"), unit=Words("foto", "pictures")) as bar:
        made = write_backup(desk.engine, desk.settings.home, file, force=force, progress=bar.to)
    size = f"{made.size_bytes / 1_000_000:.1f} MB"
    out.done(
        Words(
            f"{made.path}: {made.rows} baris, {made.photos} foto, {size}.",
            f"{made.path}: {made.rows} rows, {made.photos} photos, {size}.",
        )
    )
    if made.missing:
        out.warn(
            Words(f"{made.missing} foto tidak ada di folder media.", f"{made.missing} photos are not in the folder.")
        )
    out.hint(
        Words(
            "Kunci rahasia tidak ada di dalamnya. Simpan kuncinya di tempat lain, juga di kertas.",
            "The secret key is not in it. Keep the key in another place, on paper too.",
        )
    )


@command(
    app,
    "restore",
    "Pulihkan dari cadangan. Tidak ada yang dikirim sampai `syncer db release`.",
    "Take a backup back. Nothing is sent until `syncer db release`.",
)
def restore(
    file: Path = _FILE,
    force: bool = typer.Option(
        False, "--force", help=both("Ganti semua isi yang ada.", "Replace everything that is there.")
    ),
) -> None:
    """Restore."""
    desk = open_desk()
    from syncer.cli.restore import restore_backup
    from syncer.store.sealed import KeyProblem

    with out.Progress(Words("Memulihkan", "Restoring"), unit=Words("baris", "rows")) as bar:
        done = restore_backup(desk.engine, desk.settings.home, file, force=force, progress=bar.to)
    moment = out.moment(done.made_at)
    out.done(
        Words(
            f"Pulih dari {moment}: {done.rows} baris, {done.photos} foto.",
            f"Restored from {moment}: {done.rows} rows, {done.photos} photos.",
        )
    )
    try:
        _ = desk.keys
    except KeyProblem as error:
        out.warn(error.words)
    if done.signed_in:
        names = ", ".join(done.signed_in)
        out.warn(
            Words(
                f"Izin toko hanya sekali pakai; mungkin perlu masuk lagi: {names} (syncer account reconnect).",
                f"Sign-ins are single-use; these may have to sign in again: {names} (syncer account reconnect).",
            )
        )
    out.hint(
        Words(
            "Tidak ada yang dikirim sekarang. Pastikan Syncer yang lama sudah mati, periksa `syncer products` dan "
            "`syncer stock`, lalu: syncer db release",
            "Nothing is sent now. Make sure that the old Syncer is off, look at `syncer products` and "
            "`syncer stock`, then: syncer db release",
        )
    )


@command(
    app,
    "release",
    "Izinkan basis data yang dipulihkan mengirim lagi.",
    "Let a restored database send again.",
)
def release() -> None:
    """Release."""
    desk = open_desk()
    from syncer.store.wakeup import wake_after_commit
    from syncer.sync.restored import is_released
    from syncer.sync.restored import release as do

    with desk.write() as connection:
        if is_released(connection):
            already = True
        else:
            already = False
            do(connection)
            wake_after_commit(connection)
    if already:
        out.done(Words("Basis data ini memang boleh mengirim.", "This database may send already."))
        return
    out.done(
        Words(
            "Boleh mengirim lagi. Isi tiap toko dibaca dulu, lalu disamakan.",
            "It may send again. Every shop is read first, then made true.",
        )
    )
    from syncer.cli.products import say_next

    say_next(desk)
