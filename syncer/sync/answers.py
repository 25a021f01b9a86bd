"""What a person answers: brakes, drift, several candidates for one product, and work that was parked."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Row, and_, select, update

from syncer.domain.problem import Problem
from syncer.domain.words import SyncerError, Words
from syncer.store.engine import write
from syncer.store.marks import Due, Lane, mark
from syncer.store.order_tables import placement
from syncer.store.tables import account, listing, offer, product, question, variant
from syncer.store.wakeup import wake_after_commit
from syncer.sync.brakes import answer_brake
from syncer.sync.drift import answer_drift
from syncer.sync.late_stops import late_stops
from syncer.sync.looked import ALL_OURS
from syncer.sync.rows import add_event


class UnknownQuestion(SyncerError):
    """There is no such open question."""


@dataclass(frozen=True, slots=True)
class Question:
    """Something only a person can decide. ``words`` ask it; ``yes`` and ``no`` say what each answer does."""

    id: int
    account: str
    kind: str
    words: Words
    yes: Words
    no: Words
    detail: Mapping[str, Any]
    asked_at: dt.datetime


@dataclass(frozen=True, slots=True)
class ProblemRow:
    """A listing (or one variant of it) that waits for somebody."""

    account: str
    handle: str
    title: str
    sku: str | None
    state: str
    problem: Problem
    since: dt.datetime | None


def open_questions(connection: Connection) -> list[Question]:
    """Return every open question, the oldest first."""
    query = (
        select(question, account.c.name.label("account_name"), product.c.handle, product.c.title)
        .join(account, account.c.id == question.c.account_id)
        .outerjoin(listing, listing.c.id == question.c.listing_id)
        .outerjoin(product, product.c.id == listing.c.product_id)
        .where(question.c.state == "open")
        .order_by(question.c.id)
    )
    return [_question(row) for row in connection.execute(query)]


def problem_rows(connection: Connection, now: dt.datetime | None = None) -> list[ProblemRow]:
    """Return every problem that waits for somebody: of whole listings, of variants, and of accounts' listings.

    At ``now`` (default: at this moment) a stop may be late: that is a problem, too.
    """
    names = (account.c.name, product.c.handle, product.c.title)
    whole = (
        select(*names, listing.c.state, listing.c.problem, listing.c.acknowledged_at)
        .join(account, account.c.id == listing.c.account_id)
        .join(product, product.c.id == listing.c.product_id)
        .where(and_(listing.c.problem.is_not(None), listing.c.state.not_in(("live", "hidden", "sending"))))
        .order_by(account.c.name, product.c.handle)
    )
    single = (
        select(*names, variant.c.sku, listing.c.state, offer.c.problem, offer.c.acknowledged_at)
        .join(listing, listing.c.id == offer.c.listing_id)
        .join(account, account.c.id == listing.c.account_id)
        .join(product, product.c.id == listing.c.product_id)
        .join(variant, variant.c.id == offer.c.variant_id)
        .where(offer.c.problem.is_not(None))
        .order_by(account.c.name, product.c.handle, variant.c.sku)
    )
    rows = [
        ProblemRow(
            row.name, row.handle, row.title, None, row.state, Problem.from_json(row.problem), row.acknowledged_at
        )
        for row in connection.execute(whole)
    ]
    rows += [
        ProblemRow(
            row.name, row.handle, row.title, row.sku, row.state, Problem.from_json(row.problem), row.acknowledged_at
        )
        for row in connection.execute(single)
    ]
    late = [
        ProblemRow(one.account, one.handle, one.title, None, one.state, one.problem, one.since)
        for one in late_stops(connection, now or dt.datetime.now(dt.UTC))
    ]
    return late + rows + _held_up_pieces(connection)


def _held_up_pieces(connection: Connection) -> list[ProblemRow]:
    """Return pieces whose hand-over waits for an account that is out of reach."""
    query = (
        select(account.c.name, product.c.handle, product.c.title, variant.c.sku, placement.c.problem, placement.c.since)
        .join(variant, variant.c.id == placement.c.variant_id)
        .join(product, product.c.id == variant.c.product_id)
        .join(account, account.c.id == placement.c.to_account_id)
        .where(placement.c.problem.is_not(None))
        .order_by(account.c.name, variant.c.sku)
    )
    return [
        ProblemRow(row.name, row.handle, row.title, row.sku, "moving", Problem.from_json(row.problem), row.since)
        for row in connection.execute(query)
    ]


def confirm(engine: Engine, question_id: int, *, actor: str, now: dt.datetime, choice: str | None = None) -> int:
    """Answer a question with yes; ``choice`` names the candidate (a remote id) where there are several.

    Returns how many listings move on. Raises :class:`UnknownQuestion`.
    """
    return _answer(engine, question_id, True, actor, now, choice)


def reject(engine: Engine, question_id: int, *, actor: str, now: dt.datetime) -> int:
    """Answer a question with no. Returns how many listings move on. Raises :class:`UnknownQuestion`."""
    return _answer(engine, question_id, False, actor, now, None)


def retry(connection: Connection, account_id: int, product_id: int, *, now: dt.datetime) -> bool:
    """Try a parked, rejected or vanished listing again; one that was deleted there is created anew.

    Returns whether there was such a listing.
    """
    same = and_(listing.c.account_id == account_id, listing.c.product_id == product_id, listing.c.claim.is_(None))
    row = connection.execute(select(listing.c.id, listing.c.state).where(same)).first()
    if row is None:
        return False
    again = {"state": "waiting", "problem": None, "held": None, "stop_by": None}
    connection.execute(update(listing).where(listing.c.id == row.id).values(again))
    mark(connection, listing.c.id == row.id, Due.CONTENT | Due.PRICE | Due.STOCK, Lane.CONTENT, now=now)
    add_event(connection, row.id, "retry", {}, now)
    wake_after_commit(connection)
    return True


def _answer(engine: Engine, question_id: int, yes: bool, actor: str, now: dt.datetime, choice: str | None) -> int:
    with write(engine) as connection:
        row = connection.execute(
            select(question).where(and_(question.c.id == question_id, question.c.state == "open")).with_for_update()
        ).first()
        if row is None:
            raise UnknownQuestion(
                Words(
                    f"Pertanyaan {question_id} tidak ada atau sudah dijawab. Lihat `syncer problems`.",
                    f"There is no open question {question_id}. See `syncer problems`.",
                )
            )
        state = "confirmed" if yes else "rejected"
        connection.execute(
            update(question).where(question.c.id == question_id).values(state=state, answered_at=now, actor=actor)
        )
        moved = _apply(connection, row, yes, choice, now)
        wake_after_commit(connection)
        return moved


def _apply(connection: Connection, row: Row[Any], yes: bool, choice: str | None, now: dt.datetime) -> int:
    if row.kind == "brake":
        return answer_brake(connection, row, confirm=yes, now=now)
    if row.kind == "adopt":
        return _answer_adopt(connection, row, yes, choice, now)
    return answer_drift(connection, row, ours=yes, now=now)


def _answer_adopt(connection: Connection, row: Row[Any], yes: bool, choice: str | None, now: dt.datetime) -> int:
    """Yes binds the product to the chosen listing (or the only one); no creates a new one."""
    candidates = [one["remote_id"] for one in row.detail["candidates"]]
    values: dict[str, Any] = {"seeking": None, "state": "waiting"}
    if yes:
        if choice is None and len(candidates) == 1:
            choice = candidates[0]
        if choice not in candidates:
            listed = ", ".join(candidates)
            raise UnknownQuestion(
                Words(f"Pilih salah satu: {listed} (--choice).", f"Choose one of: {listed} (--choice).")
            )
        values |= {"remote_id": choice, "late": [ALL_OURS]}
        bound = select(listing.c.id).where(and_(listing.c.account_id == row.account_id, listing.c.remote_id == choice))
        if connection.execute(bound).first() is not None:
            raise UnknownQuestion(
                Words(f"{choice} sudah dipakai produk lain.", f"{choice} belongs to another product already.")
            )
    connection.execute(update(listing).where(listing.c.id == row.listing_id).values(values))
    due = Due.READ | Due.CONTENT if yes else Due.CONTENT
    return mark(connection, listing.c.id == row.listing_id, due, Lane.CONTENT, now=now)


def _question(row: Row[Any]) -> Question:
    words, yes, no = _wording(row)
    return Question(row.id, row.account_name, row.kind, words, yes, no, row.detail, row.asked_at)


def _wording(row: Row[Any]) -> tuple[Words, Words, Words]:
    detail, shop, title = row.detail, row.account_name, row.title or ""
    if row.kind == "brake":
        what = {
            "price": Words("Harga banyak produk berubah besar", "The prices of many products change a lot"),
            "hide": Words("Banyak produk akan ditarik", "Many products are to be withdrawn"),
            "delete": Words("Banyak produk akan dihapus", "Many products are to be deleted"),
        }[detail["kind"]]
        count = f"{detail['count']}/{detail['total']}"
        if "lowest_percent" in detail:
            low, high = detail["lowest_percent"], detail["highest_percent"]
            count += f", {low:+d} %" if low == high else f", {low:+d} … {high:+d} %"
        return (
            Words(f"{what.id} di {shop} ({count}). Lanjutkan?", f"{what.en} on {shop} ({count}). Go on?"),
            Words("dikirim", "they are sent"),
            Words("tidak dikirim", "they are not sent"),
        )
    if row.kind == "adopt":
        return (
            Words(
                f'"{title}" mungkin sudah ada di {shop}. Pakai yang ada?',
                f'"{title}" may exist on {shop} already. Use that one?',
            ),
            Words("dipakai (--choice bila ada beberapa)", "it is used (--choice if there are several)"),
            Words("produk baru dibuat", "a new listing is created"),
        )
    field, seen, ours = detail["field"], detail["seen"], detail["known"]
    return (
        Words(
            f'Di {shop}, {field} dari "{title}" sekarang "{seen}", di katalog "{ours}". Kembalikan ke katalog?',
            f'On {shop}, {field} of "{title}" is now "{seen}", in the catalogue "{ours}". Put the catalogue\'s back?',
        ),
        Words("nilai katalog dikirim lagi", "the catalogue's value is sent again"),
        Words("nilai toko diterima", "the shop's value is accepted"),
    )
