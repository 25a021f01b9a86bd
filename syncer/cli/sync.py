"""``syncer sync``: send everything that is due, then end."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import typer

from syncer.cli import out
from syncer.cli.desk import Desk, open_desk
from syncer.cli.kit import JSON_HELP, PARTLY, command, single
from syncer.cli.plan import note_json, say_notes
from syncer.cli.texts import both, many, say, word
from syncer.domain.words import SyncerError, Words

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from syncer.channels.records import Account
    from syncer.domain.problem import Problem
    from syncer.sync.status import AccountStatus

app = single()

_HORIZON_S = 30.0
_LOOK_S = 0.05
_ROUNDS = 3
#: How long ``syncer sync`` waits for reviews: most are over in seconds, some take days.
_REVIEW_S = 60.0
#: When it looks once at what a shop would be asked about later: by then a quick review is over.
_SOONER_S = 5.0
#: How long ``syncer sync`` fetches pictures before it leaves the rest for later.
_PICTURES_S = 20.0
#: While a daemon works, how long nothing may move before we stop waiting for it.
_STANDSTILL_S = 120.0


@command(
    app,
    "sync",
    "Kirim semua yang menunggu, lalu selesai.",
    "Send everything that is due, then end.",
)
def sync(
    account: list[str] = typer.Option([], "--account", metavar="NAME", help=both("Hanya toko ini.", "This shop only.")),
    as_json: bool = typer.Option(False, "--json", help=JSON_HELP),
) -> None:
    """Synchronise now: by the daemon if one runs, else here."""
    desk = open_desk()
    from syncer.channels.records import get_account, load_accounts
    from syncer.cli.status import NOT_RELEASED
    from syncer.cli.waking import daemon_runs
    from syncer.housekeeping import archive_deleted
    from syncer.inventory.moments import catch_up
    from syncer.sync.restored import is_released

    with desk.read() as connection:
        accounts = [get_account(connection, name) for name in account] if account else load_accounts(connection)
        before = _last_event(connection)
        released = is_released(connection)
    if not released:
        raise SyncerError(NOT_RELEASED)
    desk.logs("CRITICAL")
    catch_up(desk.engine, desk.now)
    working = [one for one in accounts if one.sends]
    _read_orders(desk, working)
    ours, theirs = _divide(desk, working)
    with out.Progress(Words("Mengirim", "Sending"), unit=Words("barang dan foto", "listings and pictures")) as bar:
        _send(desk, ours, theirs, bar)
        # What can go now does not wait for other people's web servers.
        added, waiting = (0, 0) if daemon_runs(desk.settings.home) else fetch_pictures(desk)
        if added:
            _send(desk, ours, theirs, bar)
        _look_at_reviews(desk, ours, bar)
    archive_deleted(desk.engine, desk.now)
    rows = _summary(desk, accounts, before)
    if as_json:
        out.print_json([row | {"notes": [note_json(*one) for one in row["notes"]]} for row in rows])
    else:
        _say(rows)
    if waiting:
        out.warn(
            Words(
                f"{waiting} foto belum terambil dari alamatnya; syncer sync berikutnya mencoba lagi.",
                f"Not fetched yet: {many(waiting, 'picture')}; the next syncer sync goes on.",
            )
        )
    if any(_unfinished(row) for row in rows):
        raise typer.Exit(PARTLY)


def _read_orders(desk: Desk, accounts: Sequence[Account]) -> None:
    """Whoever asks for it now wants the newest orders too, not those of the last poll."""
    from sqlalchemy import select

    from syncer.orders.reading import read_soon
    from syncer.store.order_tables import order_read

    with desk.write() as connection:
        read = set(connection.execute(select(order_read.c.account_id)).scalars())
        for one in accounts:
            if one.id in read:
                read_soon(connection, one.id, desk.now)


def _send(desk: Desk, ours: Sequence[Account], theirs: Sequence[Account], bar: out.Progress) -> None:
    if theirs:
        _wait_for_daemon(desk, theirs, bar)
    if ours:
        work_until_idle(desk, ours, bar)


def _look_at_reviews(desk: Desk, ours: Sequence[Account], bar: out.Progress) -> None:
    """Look once at what is in review, sooner than the shop would be asked otherwise: most reviews are over by then."""
    from syncer.sync.reviews import look_sooner

    at = desk.now + dt.timedelta(seconds=_SOONER_S)
    with desk.write() as connection:
        sooner = look_sooner(connection, [one.id for one in ours], at)
    if sooner:
        work_until_idle(desk, ours, bar)


def fetch_pictures(desk: Desk) -> tuple[int, int]:
    """Fetch the pictures that imports named by address, for a while; return how many came and how many still wait."""
    from syncer.housekeeping import fetch_pictures_for

    return fetch_pictures_for(
        desk.engine, desk.settings.home, allow_private=desk.settings.allow_private_images, seconds=_PICTURES_S
    )


def _divide(desk: Desk, accounts: Sequence[Account]) -> tuple[list[Account], list[Account]]:
    """Return the accounts to work on here, and those that another process (a daemon) owns."""
    from syncer.sync.lease import holder

    ours: list[Account] = []
    theirs: list[Account] = []
    with desk.read() as connection:
        for one in accounts:
            owned = holder(connection, one.budget_group, desk.now) is not None
            (theirs if owned else ours).append(one)
    return ours, theirs


def work_until_idle(desk: Desk, accounts: Sequence[Account], bar: out.Progress) -> None:
    """Work on these accounts in this process until nothing of them is due."""
    from syncer.sync.idle import open_rows

    desk.logs("CRITICAL")
    for _ in range(_ROUNDS):
        _work_once(desk, accounts, bar)
        # A last look at a listing, while the workers ended, may have found one more thing to do.
        with desk.read() as connection:
            if not open_rows(connection, [one.id for one in accounts], desk.now, reviews=False):
                return


def _work_once(desk: Desk, accounts: Sequence[Account], bar: out.Progress) -> None:
    from syncer.sync.service import Service

    service = Service(desk.deps(), only=[one.name for one in accounts])
    most = 0

    def progress(open_rows: int) -> None:
        nonlocal most
        most = max(most, open_rows)
        bar.to(most - open_rows, most)

    service.start()
    try:
        service.run_until_idle(horizon_s=_HORIZON_S, review_s=_REVIEW_S, progress=progress)
    finally:
        service.stop()


def _wait_for_daemon(desk: Desk, accounts: Sequence[Account], bar: out.Progress) -> None:
    """Wake the daemon and wait until nothing of these accounts is due any more."""
    from syncer.store.wakeup import wake_after_commit
    from syncer.sync.idle import open_rows

    with desk.write() as connection:
        wake_after_commit(connection)
    ids = [one.id for one in accounts]
    most, last, since = 0, -1, time.monotonic()
    while True:
        with desk.read() as connection:
            rows = open_rows(connection, ids, desk.now + dt.timedelta(seconds=_HORIZON_S))
        most = max(most, rows)
        bar.to(most - rows, most)
        if rows == 0:
            return
        if rows != last:
            last, since = rows, time.monotonic()
        if time.monotonic() - since > _STANDSTILL_S:
            return
        time.sleep(_LOOK_S)


def _last_event(connection: Connection) -> int:
    from sqlalchemy import func, select

    from syncer.store.tables import listing_event

    return int(connection.execute(select(func.max(listing_event.c.id))).scalar() or 0)


def _summary(desk: Desk, accounts: Sequence[Account], before: int) -> list[dict[str, Any]]:
    """Return what was sent of each account since event ``before``, and what is left."""
    from sqlalchemy import and_, func, select

    from syncer.store.tables import listing, listing_event
    from syncer.sync.answers import problem_rows
    from syncer.sync.status import read_status

    names = {one.id: one.name for one in accounts}
    sent: dict[str, dict[str, int]] = {name: {} for name in names.values()}
    kind = listing_event.c.detail["kind"].as_string()
    query = (
        select(listing.c.account_id, kind, func.count())
        .join(listing, listing.c.id == listing_event.c.listing_id)
        .where(and_(listing_event.c.id > before, listing_event.c.kind.in_(("sent", "deleted"))))
        .group_by(listing.c.account_id, kind)
    )
    with desk.read() as connection:
        for account_id, what, count in connection.execute(query):
            if account_id in names:
                sent[names[account_id]][str(what)] = int(count)
        status = {one.name: one for one in read_status(connection, desk.now)}
        problems: dict[str, int] = {}
        for row in problem_rows(connection):
            problems[row.account] = problems.get(row.account, 0) + 1
        notes = _notes(connection, before)
    return [
        {
            "account": name,
            "state": status[name].state,
            "mode": status[name].mode,
            "sent": sent[name],
            "counts": dict(status[name].counts),
            "waiting": status[name].due,
            "problems": problems.get(name, 0),
            "questions": status[name].questions,
            "notes": [(handle, note) for account, handle, note in notes if account == name],
            "last_error": _trouble(status[name]),
        }
        for name in names.values()
    ]


def _notes(connection: Connection, before: int) -> list[tuple[str, str, Problem]]:
    """Return what was sent since event ``before`` otherwise than the catalogue says it, such as without its brand:
    shop, product, note.
    """
    from sqlalchemy import and_, select

    from syncer.domain.problem import Problem
    from syncer.store.tables import account, listing, listing_event, product

    query = (
        select(account.c.name, product.c.handle, listing_event.c.detail)
        .join(listing, listing.c.id == listing_event.c.listing_id)
        .join(account, account.c.id == listing.c.account_id)
        .join(product, product.c.id == listing.c.product_id)
        .where(and_(listing_event.c.id > before, listing_event.c.kind == "sent"))
        .order_by(listing_event.c.id)
    )
    return [
        (row.name, row.handle, Problem.from_json(note))
        for row in connection.execute(query)
        for note in row.detail.get("notes", ())
    ]


def _trouble(status: AccountStatus) -> str | None:
    """Return why the shop can't be reached or read now, or ``None``."""
    words = status.last_error or status.orders.problem
    return say(words) if words else None


def _unfinished(row: dict[str, Any]) -> bool:
    """Tell whether something failed or waits. A shop that a person has paused, or that is read-only, is as wanted."""
    if row["state"] in ("sign_in_needed", "stopped"):
        return True
    sends = row["state"] == "active" and row["mode"] == "live"
    return bool(sends and (row["problems"] or row["questions"] or row["waiting"] or row["last_error"]))


def _say(rows: Sequence[dict[str, Any]]) -> None:
    if not rows:
        out.hint(
            Words(
                "Belum ada toko. Tambahkan dengan: syncer account add shopee --help",
                "There are no shops yet. Add one with: syncer account add shopee --help",
            )
        )
        return
    for row in rows:
        _say_one(row)


def _say_one(row: dict[str, Any]) -> None:
    """Say how one shop stands; only one that could be reached gets its tick."""
    writes = sum(row["sent"].values())
    live = row["counts"].get("live", 0)
    if row["last_error"]:
        out.line(
            word(
                f"! {row['account']}: {writes} kiriman; {live} produk tayang menurut kabar terakhir.",
                f"! {row['account']}: {many(writes, 'write')}; {many(live, 'product')} live when last heard of.",
            )
        )
        out.line(f"  {out.clean(row['last_error'])}")
    else:
        out.done(
            Words(
                f"{row['account']}: {writes} kiriman; {live} produk tayang.",
                f"{row['account']}: {many(writes, 'write')}; {many(live, 'product')} live.",
            )
        )
    for key, indonesian, english in (
        ("problems", "masalah", "problem"),
        ("questions", "pertanyaan", "question"),
    ):
        if row[key]:
            what = word(f"{row[key]} {indonesian}; lihat", f"{many(row[key], english)}; see")
            out.line(f"  {what}: syncer problems")
    say_notes([(row["account"], *one) for one in row["notes"]])
    review = row["counts"].get("review", 0)
    if review:
        out.line(
            word(
                f"  {review} sedang ditinjau toko; sampai selesai yang tayang bisa jadi versi lama. Hasilnya dilihat "
                "sendiri oleh syncer run, atau oleh syncer sync berikutnya.",
                f"  {many(review, 'product')} in review there; until it ends the old version may be what is shown. "
                "syncer run sees the outcome by itself, or the next syncer sync does.",
            )
        )
    if row["waiting"]:
        out.line(f"  {row['waiting']} {word('masih menunggu', 'still waiting')}")
    if row["state"] != "active" or row["mode"] != "live":
        from syncer.cli.account import state_words

        out.line(f"  {say(state_words(row['state'], row['mode']))}")
