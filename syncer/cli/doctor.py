"""``syncer doctor``: is everything as it should be, and if not, what to do."""

from __future__ import annotations

import datetime as dt
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import typer

from syncer.cli import out
from syncer.cli.desk import Desk, open_desk
from syncer.cli.kit import JSON_HELP, PARTLY, command, single
from syncer.cli.texts import both, say
from syncer.domain.words import SyncerError, Words

app = single()

_LEAST_FREE_MB = 500
_MOST_CLOCK_S = 60.0


class Finding(NamedTuple):
    """One thing that was looked at. ``good`` ``None``: nothing wrong, but worth knowing."""

    subject: Words
    good: bool | None
    words: Words


@command(
    app,
    "doctor",
    "Periksa apakah semuanya baik, dan apa obatnya.",
    "Check that everything is well, and what to do if not.",
)
def doctor(
    online: bool = typer.Option(
        False, "--online", help=both("Coba juga izin setiap toko.", "Try every shop's sign-in as well.")
    ),
    as_json: bool = typer.Option(False, "--json", help=JSON_HELP),
) -> None:
    """Check the house."""
    findings = list(_look(open_desk(), online))
    if as_json:
        out.print_json([{"subject": one.subject.en, "good": one.good, "message": say(one.words)} for one in findings])
    else:
        marks = {True: "✓", False: "✗", None: "·"}
        for one in findings:
            out.line(f"{marks[one.good]} {say(one.subject)}: {out.clean(say(one.words))}")
    if any(one.good is False for one in findings):
        raise typer.Exit(PARTLY)


def _look(desk: Desk, online: bool) -> Iterator[Finding]:
    for words in desk.settings.warnings:
        yield Finding(Words("Setelan", "Settings"), False, words)
    yield from _home(desk)
    steps: tuple[Callable[[Desk], Iterator[Finding]], ...] = (_database, _key, _connectors, _stock)
    for step in steps:
        yield from _safely(step, desk)
    yield from _safely(lambda desk: _accounts(desk, online), desk)
    yield from _safely(_webhooks, desk)
    yield from _safely(_daemon, desk)


def _webhooks(desk: Desk) -> Iterator[Finding]:
    """Say which address each app's webhooks have, or that orders are read by polling alone."""
    from syncer.channels.connectors import open_connector
    from syncer.orders.apps import Apps

    subject = Words("Kabar pesanan", "Webhooks")
    keys = desk.keys
    apps = Apps(
        desk.engine,
        lambda account: open_connector(
            account, engine=desk.engine, keys=keys, home=desk.settings.home, allowed=desk.connectors
        ),
    ).all()
    if not apps:
        return
    if not desk.settings.public_url:
        every = f"{desk.settings.order_poll_s:g}"
        words = Words(
            f"Tanpa SYNCER_PUBLIC_URL, pesanan dibaca tiap {every} detik saja.",
            f"Without SYNCER_PUBLIC_URL orders are read every {every} seconds only.",
        )
        yield Finding(subject, None, words)
        return
    for app in apps:
        address = f"{desk.settings.public_url}/webhooks/{app.connector}/{app.name}"
        words = Words(f"Daftarkan di {app.connector}: {address}", f"To be registered at {app.connector}: {address}")
        yield Finding(subject, None, words)
        if app.old_key_until is not None:
            until = f"{app.old_key_until:%Y-%m-%d %H:%M} UTC"
            words = Words(
                f"Kunci lama aplikasi {app.name} diterima sampai {until}.",
                f"The old key of the app {app.name} is accepted until {until}.",
            )
            yield Finding(subject, None, words)


def _safely(step: Callable[[Desk], Iterator[Finding]], desk: Desk) -> Iterator[Finding]:
    try:
        yield from step(desk)
    except SyncerError as error:
        yield Finding(Words("Basis data", "Database"), False, error.words)


def _home(desk: Desk) -> Iterator[Finding]:
    from config.settings import prepare_home

    home, subject = desk.settings.home, Words("Folder", "Folder")
    try:
        prepare_home(home)
    except SyncerError as error:
        yield Finding(subject, False, error.words)
        return
    yield Finding(subject, True, Words(str(home), str(home)))
    open_files = [path.name for path in _private(home) if path.stat().st_mode & 0o077]
    if open_files:
        names = ", ".join(sorted(open_files)[:5])
        yield Finding(
            Words("Izin berkas", "Permissions"),
            False,
            Words(
                f"Bisa dibaca orang lain: {names}. Jalankan `chmod -R go-rwx {home}`.",
                f"Others can read: {names}. Run `chmod -R go-rwx {home}`.",
            ),
        )
    free = shutil.disk_usage(home).free // 1_000_000
    yield Finding(
        Words("Disk", "Disk"),
        free >= _LEAST_FREE_MB,
        Words(f"{free} MB kosong.", f"{free} MB free.")
        if free >= _LEAST_FREE_MB
        else Words(
            f"Hanya {free} MB kosong. Hapus berkas yang tidak perlu.", f"Only {free} MB free. Remove unneeded files."
        ),
    )


def _private(home: Path) -> list[Path]:
    return [path for path in home.iterdir() if path.is_file() and path.stat().st_uid == os.geteuid()]


def _database(desk: Desk) -> Iterator[Finding]:
    from sqlalchemy import select, text

    from syncer.channels.records import catalogue_currency
    from syncer.inventory.levels import audit
    from syncer.store.engine import is_sqlite, where
    from syncer.store.tables import product
    from syncer.sync.restored import is_released

    subject = Words("Basis data", "Database")
    with desk.read() as connection:
        damaged = is_sqlite(connection) and connection.execute(text("PRAGMA quick_check(1)")).scalar() != "ok"
        released = is_released(connection)
        currency = catalogue_currency(connection)
        products = connection.execute(select(product.c.id).limit(1)).first() is not None
        wrong = audit(connection)
    place = where(desk.engine)
    if damaged:
        yield Finding(
            subject,
            False,
            Words(
                f"{place} rusak. Pulihkan cadangan terakhir: syncer db restore BERKAS --force",
                f"{place} is damaged. Take the last backup back: syncer db restore FILE --force",
            ),
        )
    else:
        yield Finding(subject, True, Words(place, place))
    if not released:
        yield Finding(
            subject,
            None,
            Words(
                "Dipulihkan dari cadangan dan belum boleh mengirim. Periksa, lalu: syncer db release",
                "Restored from a backup and not released yet. Check it, then: syncer db release",
            ),
        )
    if currency != desk.settings.catalogue_currency and products:
        yield Finding(
            Words("Mata uang", "Currency"),
            False,
            Words(
                f"Katalog dalam {currency}, SYNCER_CATALOGUE_CURRENCY {desk.settings.catalogue_currency}. Samakan.",
                f"The catalogue is in {currency}, SYNCER_CATALOGUE_CURRENCY says "
                f"{desk.settings.catalogue_currency}. Make them equal.",
            ),
        )
    if wrong:
        skus = ", ".join(one.sku for one in wrong[:5])
        yield Finding(
            Words("Buku stok", "Ledger"),
            False,
            Words(
                f"Stok tidak sama dengan bukunya: {skus}. Hitung barangnya, lalu: syncer stock set SKU N",
                f"Stock is not what its ledger says: {skus}. Count the pieces, then: syncer stock set SKU N",
            ),
        )


def _key(desk: Desk) -> Iterator[Finding]:
    from syncer.store.sealed import key_status

    subject = Words("Kunci rahasia", "Secret key")
    try:
        rows = key_status(desk.engine, desk.keys)
    except SyncerError as error:
        yield Finding(subject, False, error.words)
        return
    yield Finding(subject, True, Words(f"cocok ({desk.keys.newest_id})", f"it fits ({desk.keys.newest_id})"))
    old = sum(row.values for row in rows if not row.newest)
    if old:
        yield Finding(
            subject,
            None,
            Words(
                f"{old} rahasia masih memakai kunci lama. Jalankan: syncer key rotate",
                f"{old} secrets still use an old key. Run: syncer key rotate",
            ),
        )


def _connectors(desk: Desk) -> Iterator[Finding]:
    from syncer.sdk import registry

    entries = registry.installed()
    names = ", ".join(entry.name for entry in entries if entry.distribution in desk.connectors)
    yield Finding(Words("Konektor", "Connectors"), bool(names), Words(names or "tidak ada", names or "none"))
    foreign = ", ".join(
        f"{one.name} ({one.distribution})" for one in entries if one.distribution not in desk.connectors
    )
    if foreign:
        yield Finding(
            Words("Konektor", "Connectors"),
            None,
            Words(f"Terpasang tetapi belum diizinkan: {foreign}.", f"Installed but not allowed: {foreign}."),
        )


def _stock(desk: Desk) -> Iterator[Finding]:
    from sqlalchemy import select

    from syncer.store.order_tables import oversell
    from syncer.store.tables import variant

    query = (
        select(variant.c.sku)
        .join(oversell, oversell.c.variant_id == variant.c.id)
        .where(oversell.c.state == "open")
        .order_by(oversell.c.id)
        .limit(5)
    )
    with desk.read() as connection:
        skus = list(connection.execute(query).scalars())
    if skus:
        names = ", ".join(skus)
        yield Finding(
            Words("Stok", "Stock"),
            None,
            Words(
                f"Terjual melebihi stok: {names}. Lihat: syncer orders oversold",
                f"Oversold: {names}. See: syncer orders oversold",
            ),
        )


def _accounts(desk: Desk, online: bool) -> Iterator[Finding]:
    from syncer.channels.joining import check_account
    from syncer.channels.records import load_accounts
    from syncer.channels.sign_in import expiry_notice
    from syncer.cli.account import state_words
    from syncer.cli.texts import once
    from syncer.sdk.errors import ConnectorError
    from syncer.sync.beside import open_beside

    with desk.read() as connection:
        accounts = load_accounts(connection)
    if not accounts:
        yield Finding(Words("Toko", "Shops"), None, Words("belum ada", "none yet"))
    for stored in accounts:
        one, subject = stored, Words(stored.name, stored.name)
        if online and one.state in ("active", "sign_in_needed"):
            try:
                gate = open_beside(desk.deps(), one).gate
                one = check_account(desk.engine, desk.keys, one, now=desk.now, gate=gate, **desk.for_shops()).account
            except ConnectorError as error:
                remedy = once(error.remedy)
                yield Finding(subject, False, Words(f"{error.words.id} {remedy.id}", f"{error.words.en} {remedy.en}"))
                continue
            except SyncerError as error:
                yield Finding(subject, False, error.words)
                continue
        state = state_words(one.state, one.mode)
        notice = expiry_notice(one, desk.now)
        if one.problem is not None:
            yield Finding(
                subject,
                False,
                Words(
                    f"{one.problem.words.id} {one.problem.remedy.id}", f"{one.problem.words.en} {one.problem.remedy.en}"
                ),
            )
        elif notice is not None:
            yield Finding(subject, False, notice)
        else:
            yield Finding(subject, True if one.state == "active" else None, state)


def _daemon(desk: Desk) -> Iterator[Finding]:
    from syncer.cli.waking import daemon_runs

    subject = Words("Daemon", "Daemon")
    if daemon_runs(desk.settings.home):
        yield Finding(subject, True, Words("berjalan", "running"))
    else:
        yield Finding(subject, None, Words("tidak berjalan; jalankan: syncer run", "not running; start: syncer run"))
    skew = _clock_skew(desk)
    if skew is not None and abs(skew) > _MOST_CLOCK_S:
        seconds = f"{abs(skew):.0f}"
        yield Finding(
            Words("Jam", "Clock"),
            False,
            Words(
                f"Jam mesin ini berbeda {seconds} detik dari basis data. Nyalakan penyetelan jam otomatis.",
                f"This machine's clock is {seconds} seconds off the database's. Turn automatic time on.",
            ),
        )
    else:
        now = dt.datetime.now(dt.UTC)
        good = now.year >= 2024
        yield Finding(Words("Jam", "Clock"), good, Words(f"{now:%Y-%m-%d %H:%M} UTC", f"{now:%Y-%m-%d %H:%M} UTC"))


def _clock_skew(desk: Desk) -> float | None:
    """Return how far our clock is ahead of a database server's, in seconds; ``None`` for a file on this machine."""
    from sqlalchemy import text

    from syncer.store.engine import is_sqlite

    if is_sqlite(desk.engine):
        return None
    with desk.read() as connection:
        theirs = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    return float((desk.now - theirs).total_seconds())
