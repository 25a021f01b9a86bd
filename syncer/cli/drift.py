"""``syncer drift``: what a shop shows that neither we nor an order put there."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import typer

from syncer.cli import out
from syncer.cli.desk import Desk, open_desk
from syncer.cli.kit import JSON_HELP, PARTLY, command, single
from syncer.cli.texts import both, word
from syncer.domain.words import Words

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from syncer.channels.records import Account

#: How long the daemon's answer is waited for, and how often it is looked for, in seconds.
_PATIENCE_S, _LOOK_S = 600.0, 0.2
app = single()


@command(
    app,
    "drift",
    "Tunjukkan perubahan yang dibuat orang di toko.",
    "Show what people changed in the shop.",
    examples=["syncer drift", "syncer drift --look"],
)
def drift(
    account: str | None = typer.Option(
        None, "--account", metavar="NAME", help=both("Hanya toko ini.", "This shop only.")
    ),
    look: bool = typer.Option(
        False, "--look", help=both("Periksa toko sekarang dulu.", "Look at the shop now, first.")
    ),
    as_json: bool = typer.Option(False, "--json", help=JSON_HELP),
) -> None:
    """List drift, newest first; ``--look`` walks the shops first."""
    desk = open_desk()
    name = desk.account(account).name if account else None
    failed = _look(desk, name) if look else []
    with desk.read() as connection:
        rows = _rows(connection, name)
    if as_json:
        out.print_json(rows)
    elif not rows:
        out.done(Words("Tidak ada perubahan dari luar.", "Nothing was changed from outside."))
    else:
        _draw(rows)
    if failed:
        raise typer.Exit(PARTLY)


def _draw(rows: list[dict[str, Any]]) -> None:
    out.table(
        [
            Words("KAPAN", "WHEN"),
            Words("TOKO", "SHOP"),
            Words("PRODUK", "PRODUCT"),
            Words("ISIAN", "FIELD"),
            Words("KATALOG", "CATALOGUE"),
            Words("DI TOKO", "IN THE SHOP"),
            Words("AKIBAT", "WHAT CAME OF IT"),
        ],
        [
            [
                out.moment(row["at"]),
                row["account"],
                row["sku"] or row["handle"],
                row["field"],
                _short(row["known"]),
                _short(row["seen"]),
                _outcome(row),
            ]
            for row in rows
        ],
    )


def _look(desk: Desk, name: str | None) -> list[str]:
    """Walk the shops; return those that could not be walked to the end."""
    from syncer.channels.records import load_accounts
    from syncer.cli.sync import work_until_idle
    from syncer.cli.waking import daemon_runs
    from syncer.sync.service import Service

    desk.logs("CRITICAL")
    with desk.read() as connection:
        wanted = [one for one in load_accounts(connection) if name in (None, one.name)]
    accounts = [one for one in wanted if one.sends]
    for away in wanted:
        if not away.sends:
            out.warn(_not_looked(away.name))
    if not accounts:
        return []
    if daemon_runs(desk.settings.home):
        return _ask_daemon(desk, accounts)
    with out.Progress(
        Words("Memeriksa toko", "Looking at the shops"), unit=Words("barang dan foto", "listings and pictures")
    ) as bar:
        work_until_idle(desk, accounts, bar)  # what is due is not judged
        service = Service(desk.deps(), only=[one.name for one in accounts])
        service.start()
        try:
            found = service.sweep(name)
        finally:
            service.stop()
        work_until_idle(desk, accounts, bar)
    failed = [one.account for one in found if one.problem is not None]
    for one in found:
        if one.problem is not None:
            out.warn(Words(f"{one.account}: {one.problem.words.id}", f"{one.account}: {one.problem.words.en}"))
        elif one.unjudged:
            out.warn(_unjudged(one.account, one.unjudged))
    return failed


def _not_looked(name: str) -> Words:
    return Words(
        f"{name}: tidak diperiksa, karena tokonya tidak aktif atau hanya dibaca. Lihat: syncer status",
        f"{name}: not looked at, since the shop is not active, or read-only. See syncer status",
    )


def _ask_daemon(desk: Desk, accounts: Sequence[Account]) -> list[str]:
    """Let the daemon walk the shops now, and wait for it; return those that could not be walked to the end."""
    from syncer.cli.waking import daemon_runs
    from syncer.sync.look_asked import answers, ask, forget

    names = {one.id: one for one in accounts}
    with desk.write() as connection:
        ask(connection, names)
    end = time.monotonic() + _PATIENCE_S
    with out.Progress(Words("Menunggu daemon memeriksa toko", "Waiting for the daemon to look at the shops")) as bar:
        while True:
            with desk.read() as connection:
                found = answers(connection, names)
            left = [names[key] for key, answer in found.items() if answer is None]
            bar.to(len(names) - len(left), len(names))
            gone = bool(left) and not daemon_runs(desk.settings.home)
            if not left or gone or time.monotonic() > end:
                break
            time.sleep(_LOOK_S)
    with desk.write() as connection:
        forget(connection, [key for key, answer in found.items() if answer is not None or gone])
    for one in left:
        out.warn(_still_walking(one, desk.now, gone=gone))
    failed = [one.name for one in left]
    for key, answer in found.items():
        if answer is not None and answer.problem is not None:
            failed.append(names[key].name)
            out.warn(Words(f"{names[key].name}: {answer.problem.id}", f"{names[key].name}: {answer.problem.en}"))
        elif answer is not None and answer.unjudged:
            out.warn(_unjudged(names[key].name, answer.unjudged))
    return failed


def _still_walking(one: Account, now: dt.datetime, *, gone: bool) -> Words:
    last = Words("belum pernah", "never")
    if one.swept_at is not None:
        age = out.age((now - one.swept_at).total_seconds())
        last = Words(f"{age} lalu", f"{age} ago")
    if gone:
        return Words(
            f"{one.name}: daemon berhenti sebelum selesai memeriksa; terakhir diperiksa: {last.id}. Ulangi "
            "perintahnya.",
            f"{one.name}: the daemon ended before it had looked; last looked at: {last.en}. Give the command again.",
        )
    return Words(
        f"{one.name}: daemon belum selesai memeriksa; terakhir diperiksa: {last.id}. Hasilnya nanti: syncer drift",
        f"{one.name}: the daemon has not looked yet; last looked at: {last.en}. What it finds, later: syncer drift",
    )


def _unjudged(name: str, number: int) -> Words:
    are = "1 listing was" if number == 1 else f"{number} listings were"
    return Words(
        f"{name}: {number} barang belum diperiksa, karena baru saja dikirim atau sedang dikerjakan. "
        "Ulangi sebentar lagi.",
        f"{name}: {are} not looked at, written moments ago or still being worked on. Look again in a moment.",
    )


def _rows(connection: Connection, name: str | None) -> list[dict[str, Any]]:
    from sqlalchemy import select

    from syncer.store.tables import account, listing, listing_event, product, question

    common = (account.c.name, product.c.handle, product.c.title)
    happened = (
        select(listing_event.c.at, listing_event.c.detail, *common)
        .join(listing, listing.c.id == listing_event.c.listing_id)
        .join(account, account.c.id == listing.c.account_id)
        .join(product, product.c.id == listing.c.product_id)
        .where(listing_event.c.kind == "drift")
        .order_by(listing_event.c.id.desc())
        .limit(500)
    )
    asked = (
        select(question.c.asked_at.label("at"), question.c.detail, question.c.id, *common)
        .join(account, account.c.id == question.c.account_id)
        .join(listing, listing.c.id == question.c.listing_id)
        .join(product, product.c.id == listing.c.product_id)
        .where(question.c.kind == "drift", question.c.state == "open")
    )
    rows = [_row(row, row.detail.get("owner", "ours"), None) for row in connection.execute(happened)]
    rows += [_row(row, "ask", row.id) for row in connection.execute(asked)]
    rows = [row for row in rows if name in (None, row["account"])]
    return sorted(rows, key=lambda row: row["at"], reverse=True)


def _row(row: Any, owner: str, question_id: int | None) -> dict[str, Any]:
    detail = row.detail
    return {
        "at": row.at,
        "account": row.name,
        "handle": row.handle,
        "title": row.title,
        "sku": detail.get("sku"),
        "field": detail.get("field"),
        "known": detail.get("known"),
        "seen": detail.get("seen"),
        "owner": owner,
        "question": question_id,
    }


def _outcome(row: dict[str, Any]) -> str:
    if row["question"] is not None:
        number = row["question"]
        return word(f"menunggu: syncer confirm/reject {number}", f"waits: syncer confirm/reject {number}")
    return {
        "ours": word("dikembalikan", "put back"),
        "theirs": word("diterima", "taken in"),
    }.get(row["owner"], str(row["owner"]))


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 40 else text[:39] + "…"
