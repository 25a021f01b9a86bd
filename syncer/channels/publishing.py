"""Put products on a channel account and take them off again: by rows that are the work, never by calls."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import (
    ColumnElement,
    Connection,
    Insert,
    Table,
    and_,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert_postgresql
from sqlalchemy.dialects.sqlite import insert as upsert_sqlite

from syncer.channels.listings import Event, ListingRow, OfferRow, listing_rows, timeline
from syncer.channels.records import Account, AccountError, Mode, State
from syncer.domain.product import ProductStatus
from syncer.domain.words import Words
from syncer.store import tables as t
from syncer.store.batches import batches
from syncer.store.engine import Engine, is_sqlite, make_way, read, write
from syncer.store.locks import wait_for_changes
from syncer.store.marks import Due, Lane, mark
from syncer.store.wakeup import wake_after_commit

EVERYTHING = Due.CONTENT | Due.PRICE | Due.STOCK
#: States in which a listing waits for a person; publishing it again is that person's answer.
_STUCK = ("gone", "parked", "deleted")
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class PublishReport:
    """What publishing did: new listings, listings brought back, listings that were published already.

    ``refused`` pairs a product id with the reason. ``notes`` say what else a person should know.
    """

    new: int = 0
    again: int = 0
    already: int = 0
    refused: tuple[tuple[int, Words], ...] = ()
    notes: tuple[Words, ...] = ()

    @property
    def marked(self) -> int:
        """How many listings are due now because of this."""
        return self.new + self.again

    def plus(self, other: PublishReport) -> PublishReport:
        """Return the sum of two reports (notes of the first)."""
        return replace(
            self,
            new=self.new + other.new,
            again=self.again + other.again,
            already=self.already + other.already,
            refused=self.refused + other.refused,
        )


def publish(
    connection: Connection,
    account: Account,
    product_ids: Sequence[int],
    *,
    now: dt.datetime,
    cause_id: int | None = None,
) -> PublishReport:
    """Publish these products on ``account``: a listing row each, due at once, and their pictures.

    A product that was withdrawn there is brought back. Products that aren't active are refused with the reason,
    the others go on. Raises :class:`~syncer.channels.records.AccountError` for an account that can't publish.
    """
    _check(account)
    report = PublishReport(notes=publish_notes(account))
    unique = list(dict.fromkeys(product_ids))
    for part in batches(unique, _AT_ONCE):
        report = report.plus(_publish_part(connection, account, part, now, cause_id))
    wake_after_commit(connection)
    return report


def publish_all(
    engine: Engine, account: Account, *, now: dt.datetime, actor: str = "", batch: int = 1000
) -> PublishReport:
    """Publish every active product on ``account``, in short transactions, so that a stop never waits for it."""
    _check(account)
    with write(engine) as connection:
        cause_id = new_cause(connection, "publish", note=account.name, actor=actor, now=now)
    report = PublishReport(notes=publish_notes(account))
    after = 0
    while True:
        with read(engine) as connection:
            query = (
                select(t.product.c.id)
                .where(t.product.c.id > after, t.product.c.status == ProductStatus.ACTIVE.value)
                .order_by(t.product.c.id)
                .limit(batch)
            )
            ids = list(connection.execute(query).scalars())
        if not ids:
            return report
        with write(engine) as connection:
            where = and_(t.product.c.id > after, t.product.c.id <= ids[-1])
            report = report.plus(_publish_where(connection, account, where, now, cause_id))
            wake_after_commit(connection)
        after = ids[-1]
        make_way()


def withdraw(
    connection: Connection,
    account: Account,
    product_id: int,
    *,
    now: dt.datetime,
    cause_id: int | None = None,
    delete: bool = False,
) -> bool:
    """Take a product off sale on ``account``, as the most urgent work (``delete``: for good).

    Returns whether there was a listing to withdraw. Nothing is sent from here: the listing is due.
    """
    where = and_(t.listing.c.account_id == account.id, t.listing.c.product_id == product_id)
    return _withdraw(connection, where, now=now, cause_id=cause_id, delete=delete) > 0


def withdraw_everywhere(
    connection: Connection, product_id: int, *, now: dt.datetime, cause_id: int | None = None, delete: bool = False
) -> int:
    """Take a product off sale on every account; returns how many listings that were."""
    where = t.listing.c.product_id == product_id
    return _withdraw(connection, where, now=now, cause_id=cause_id, delete=delete)


def queue_pictures(
    connection: Connection, account_id: int, product_ids: Sequence[int] | None, *, now: dt.datetime
) -> int:
    """Queue the photos of these products (``None``: of all that are listed there) for upload, each once per account.

    Returns how many pictures are new. A picture that failed before is tried again when it is queued again.
    """
    if product_ids is None:
        listed = select(t.listing.c.product_id).where(t.listing.c.account_id == account_id)
        return _queue(connection, account_id, t.photo.c.product_id.in_(listed), now)
    new = 0
    for some in batches(product_ids, _AT_ONCE):
        part = list(some)
        new += _queue(connection, account_id, t.photo.c.product_id.in_(part), now)
    return new


def new_cause(connection: Connection, kind: str, *, note: str = "", actor: str = "", now: dt.datetime) -> int:
    """Record why many listings change together, and return the cause's id: brakes count per cause."""
    query = insert(t.cause).values(kind=kind, note=note, actor=actor, at=now).returning(t.cause.c.id)
    return int(connection.execute(query).scalar_one())


def publish_notes(account: Account) -> tuple[Words, ...]:
    """Return what to say with every publish on an account that doesn't send now."""
    if account.mode is Mode.READ_ONLY:
        return (
            Words(
                f'Akun "{account.name}" masih hanya-baca, jadi belum ada yang dikirim ke tokonya. '
                "Lihat rencananya dengan `syncer plan`.",
                f'The account "{account.name}" is still read-only, so nothing is sent to its shop yet. '
                "See what would be sent with `syncer plan`.",
            ),
        )
    if account.state is State.PAUSED:
        return (
            Words(
                f'Akun "{account.name}" dijeda. Kirimannya jalan lagi setelah `syncer account resume`.',
                f'The account "{account.name}" is paused. It goes on after `syncer account resume`.',
            ),
        )
    if account.state in (State.SIGN_IN_NEEDED, State.STOPPED):
        return (
            Words(
                f'Akun "{account.name}" sedang tidak bisa mengirim. Lihat sebabnya dengan `syncer account list`.',
                f'The account "{account.name}" can\'t send just now. See why with `syncer account list`.',
            ),
        )
    return ()


def _check(account: Account) -> None:
    if account.state is State.DISCONNECTED:
        raise AccountError(
            Words(
                f'Akun "{account.name}" sudah diputus. Sambungkan lagi dulu dengan `syncer account reconnect`.',
                f'The account "{account.name}" is disconnected. Connect it first with `syncer account reconnect`.',
            )
        )


def _publish_part(
    connection: Connection, account: Account, ids: Sequence[int], now: dt.datetime, cause_id: int | None
) -> PublishReport:
    rows = connection.execute(select(t.product.c.id, t.product.c.status).where(t.product.c.id.in_(ids)))
    status = {row.id: row.status for row in rows}
    refused = tuple(
        (product_id, _refusal(status.get(product_id)))
        for product_id in ids
        if status.get(product_id) != ProductStatus.ACTIVE.value
    )
    report = _publish_where(connection, account, t.product.c.id.in_(ids), now, cause_id)
    return replace(report, refused=refused)


def _refusal(status: str | None) -> Words:
    if status is None:
        return Words("Produk ini tidak ada di katalog.", "This product is not in the catalogue.")
    return Words(
        "Produk ini sudah diarsipkan atau sedang ditarik. Hidupkan lagi dulu dari berkasnya: syncer import FILE "
        "--restore-deleted",
        "This product is archived or being withdrawn. Bring it back from its file first: syncer import FILE "
        "--restore-deleted",
    )


def _publish_where(
    connection: Connection, account: Account, where: ColumnElement[bool], now: dt.datetime, cause_id: int | None
) -> PublishReport:
    wait_for_changes(connection, account.id, where)
    active = and_(where, t.product.c.status == ProductStatus.ACTIVE.value)
    products = select(t.product.c.id).where(active)
    here = and_(t.listing.c.account_id == account.id, t.listing.c.product_id.in_(products))
    found = connection.execute(select(func.count()).select_from(t.listing).where(here)).scalar_one()
    again = _bring_back(connection, here, now, cause_id)
    new = _insert_listings(connection, account.id, active, now, cause_id)
    _queue(connection, account.id, t.photo.c.product_id.in_(products), now)
    return PublishReport(new=new, again=again, already=int(found) - again)


def _bring_back(connection: Connection, here: ColumnElement[bool], now: dt.datetime, cause_id: int | None) -> int:
    back = and_(here, or_(t.listing.c.wanted != "live", t.listing.c.state.in_(_STUCK)))
    ids = list(connection.execute(select(t.listing.c.id).where(back)).scalars())
    for part in batches(ids, _AT_ONCE):
        these = t.listing.c.id.in_(part)
        mark(connection, these, EVERYTHING, Lane.RISE, now=now, cause_id=cause_id)
        _forget_vanished(connection, and_(these, t.listing.c.state == "gone", t.listing.c.claim.is_(None)), now)
        connection.execute(
            update(t.listing).where(these).values(wanted="live", held=None, problem=None, stop_by=None, state="waiting")
        )
    return len(ids)


def _forget_vanished(connection: Connection, where: ColumnElement[bool], now: dt.datetime) -> None:
    """Let listings that vanished there be made anew; their remote ids stay known, because orders may name them."""
    ids = list(connection.execute(select(t.listing.c.id).where(where)).scalars())
    if not ids:
        return
    these = t.listing.c.id.in_(ids)
    retired = (
        select(
            t.listing.c.account_id,
            t.listing.c.remote_id,
            t.offer.c.remote_id,
            t.offer.c.variant_id,
            literal(now, t.retired_offer.c.retired_at.type),
        )
        .join(t.listing, t.listing.c.id == t.offer.c.listing_id)
        .where(these, t.listing.c.remote_id.is_not(None), t.offer.c.remote_id != "")
    )
    columns = ["account_id", "listing_remote_id", "remote_id", "variant_id", "retired_at"]
    connection.execute(_insert_new(connection, t.retired_offer).from_select(columns, retired))
    connection.execute(delete(t.offer).where(t.offer.c.listing_id.in_(ids)))
    connection.execute(update(t.listing).where(these).values(remote_id=None, known=None, unknown=None))


def _insert_listings(
    connection: Connection, account_id: int, where: ColumnElement[bool], now: dt.datetime, cause_id: int | None
) -> int:
    listed = select(t.listing.c.id).where(
        t.listing.c.account_id == account_id, t.listing.c.product_id == t.product.c.id
    )
    columns = {
        "account_id": literal(account_id),
        "product_id": t.product.c.id,
        "wanted": literal("live"),
        "due": literal(int(EVERYTHING)),
        "lane": literal(int(Lane.CONTENT)),
        "cause_id": literal(cause_id, t.listing.c.cause_id.type),
        "due_at": literal(now, t.listing.c.due_at.type),
        "state": literal("waiting"),
        "created_at": literal(now, t.listing.c.created_at.type),
    }
    rows = select(*columns.values()).where(where, ~listed.exists()).order_by(t.product.c.id)
    return _inserted(connection, _insert_new(connection, t.listing).from_select(list(columns), rows))


def _queue(connection: Connection, account_id: int, photos: ColumnElement[bool], now: dt.datetime) -> int:
    mine = t.picture_upload.c.account_id == account_id
    hashes = select(t.photo.c.sha256).where(photos)
    connection.execute(
        update(t.picture_upload)
        .where(mine, t.picture_upload.c.problem.is_not(None), t.picture_upload.c.sha256.in_(hashes))
        .values(problem=None, tries=0, due_at=now)
    )
    due_at = literal(now, t.picture_upload.c.due_at.type)
    rows = select(literal(account_id), t.photo.c.sha256, due_at).where(photos).distinct()
    statement = _insert_new(connection, t.picture_upload).from_select(["account_id", "sha256", "due_at"], rows)
    return _inserted(connection, statement)


def _inserted(connection: Connection, statement: Insert) -> int:
    # SQLAlchemy drops the count of an INSERT on PostgreSQL unless it is asked to keep it.
    return int(connection.execute(statement, execution_options={"preserve_rowcount": True}).rowcount)


def _insert_new(connection: Connection, table: Table) -> Insert:
    """Return an INSERT that leaves rows alone which another process has inserted meanwhile."""
    if is_sqlite(connection):
        return upsert_sqlite(table).on_conflict_do_nothing()
    return upsert_postgresql(table).on_conflict_do_nothing()


def _withdraw(
    connection: Connection, where: ColumnElement[bool], *, now: dt.datetime, cause_id: int | None, delete: bool
) -> int:
    wanted = "deleted" if delete else "hidden"
    still = and_(where, t.listing.c.wanted != wanted)
    if not delete:
        still = and_(still, t.listing.c.wanted != "deleted")
    ids = list(connection.execute(select(t.listing.c.id).where(still)).scalars())
    for part in batches(ids, _AT_ONCE):
        these = t.listing.c.id.in_(part)
        mark(connection, these, Due.CONTENT | Due.STOCK, Lane.STOP, now=now, cause_id=cause_id)
        connection.execute(update(t.listing).where(these).values(wanted=wanted))
    if ids:
        wake_after_commit(connection)
    return len(ids)


__all__ = [
    "EVERYTHING",
    "Event",
    "ListingRow",
    "OfferRow",
    "PublishReport",
    "listing_rows",
    "new_cause",
    "publish",
    "publish_all",
    "publish_notes",
    "queue_pictures",
    "timeline",
    "withdraw",
    "withdraw_everywhere",
]
