"""Pause, resume, disconnect, remove and go live: what becomes of a shop, and what still sells there meanwhile."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Integer, delete, func, select, update

from syncer.channels.connectors import sandbox_of
from syncer.channels.joining_rules import is_empty
from syncer.channels.old_key import forget_old_key
from syncer.channels.records import Account, AccountError, Mode, State, load_account
from syncer.domain.words import Words
from syncer.sdk.contract import Connector
from syncer.store import tables as t
from syncer.store.engine import Engine, write
from syncer.store.wakeup import wake_after_commit

_NOT_ON_SALE = ("hidden", "rejected", "deleted")
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class StillSelling:
    """A listing that buyers can still buy there. ``pieces`` ``None``: how many is not known."""

    product_id: int
    handle: str
    title: str
    remote_id: str
    pieces: int | None


@dataclass(frozen=True, slots=True)
class Left:
    """An account after a step of its life, what still sells there, and what a person should know."""

    account: Account
    still_selling: tuple[StillSelling, ...] = ()
    notes: tuple[Words, ...] = ()


def pause(connection: Connection, account: Account) -> Left:
    """Stop sending until :func:`resume`; the sign-in is kept, what is due stays due, buyers can still buy there."""
    if account.state is State.DISCONNECTED:
        raise AccountError(_disconnected_words(account))
    _set_state(connection, account, State.PAUSED)
    return _left(connection, account)


def resume(connection: Connection, account: Account) -> Left:
    """Go on after a pause or a stop, at once; problems that are still there show up again by themselves."""
    if account.state is State.DISCONNECTED:
        raise AccountError(_disconnected_words(account))
    if account.state is State.SIGN_IN_NEEDED:
        raise AccountError(
            Words(
                f'Akun "{account.name}" menunggu izin dari toko. Masuk lagi dengan `syncer account reconnect`.',
                f'The account "{account.name}" waits for its sign-in. Use `syncer account reconnect`.',
            )
        )
    connection.execute(update(t.account).where(t.account.c.id == account.id).values(problem=None, blocked_until=None))
    _set_state(connection, account, State.ACTIVE)
    return Left(load_account(connection, account.id))


def disconnect(connection: Connection, account: Account) -> Left:
    """Stop sending and forget the tokens. Its listings stay as they are there: the answer says what still sells."""
    connection.execute(delete(t.sign_in).where(t.sign_in.c.account_id == account.id))
    connection.execute(delete(t.sign_in_request).where(t.sign_in_request.c.account_id == account.id))
    connection.execute(update(t.account).where(t.account.c.id == account.id).values(problem=None, blocked_until=None))
    forget_old_key(connection, account)
    _set_state(connection, account, State.DISCONNECTED)
    return _left(connection, account)


def hold(connection: Connection, account_id: int) -> None:
    """Keep everybody else's hands off an account until the transaction ends: an order of it waits, or came before."""
    if connection.dialect.name != "sqlite":  # there is one writer at a time
        connection.execute(select(t.account.c.id).where(t.account.c.id == account_id).with_for_update()).all()


def remove(connection: Connection, account: Account, *, force: bool = False) -> Left:
    """Forget an account and everything we know about its listings; nothing is changed there.

    Only a disconnected account, or one where nothing is on sale, is removed without ``force``. The answer says what
    still sells there, since nobody lowers its stock any more. Raises AccountError.
    """
    hold(connection, account.id)
    left = _left(connection, account)
    busy = select(func.count()).where(t.listing.c.account_id == account.id, t.listing.c.under_way.is_not(None))
    if not force and connection.execute(busy).scalar_one():
        raise AccountError(
            Words(
                f'Masih ada kiriman yang berjalan di akun "{account.name}". Jeda dulu, tunggu sebentar, lalu ulangi.',
                f'Something is still being sent on the account "{account.name}". Pause it, wait a moment, try again.',
            )
        )
    if not force and account.state is not State.DISCONNECTED and left.still_selling:
        raise AccountError(_still_selling_words(account, left.still_selling))
    _delete_listings(connection, account.id)
    connection.execute(delete(t.category_mapping).where(t.category_mapping.c.account_id == account.id))
    connection.execute(delete(t.account).where(t.account.c.id == account.id))
    wake_after_commit(connection)
    return left


def go_live(engine: Engine, account: Account, connector: Connector | None = None, *, now: dt.datetime) -> Left:
    """Let a read-only account send whose orders can't be read: possible on a sandbox or an empty shop only.

    ``connector`` is asked whether the shop is still empty. Raises AccountError with the reason. Where orders can be
    read, :func:`syncer.orders.going_live.go_live` takes the open ones in first.
    """
    already = ready_to_go_live(account)
    if already is not None:
        return already
    if sandbox_of(account.options) is None and not (connector is not None and is_empty(connector)):
        raise AccountError(
            Words(
                f'Akun "{account.name}" belum bisa mengirim: tokonya sudah berisi, dan Syncer belum bisa membaca '
                "pesanannya. Tanpa pesanan, stok yang dikirim bisa menjual barang yang sudah laku.",
                f"The account \"{account.name}\" can't go live yet: its shop isn't empty, and Syncer can't read its "
                "orders yet. Without orders, the stock we send could sell pieces that are sold already.",
            )
        )
    with write(engine) as connection:
        return Left(send_from_now(connection, account, now))


def ready_to_go_live(account: Account) -> Left | None:
    """Return the answer for an account that is live already, else ``None``; raises AccountError for one that can't."""
    if account.mode is Mode.LIVE:
        already = Words(f'Akun "{account.name}" sudah mengirim.', f'The account "{account.name}" is live already.')
        return Left(account, notes=(already,))
    if account.state is not State.ACTIVE:
        raise AccountError(
            Words(
                f'Akun "{account.name}" sedang tidak aktif. Jalankan `syncer account check {account.name}` dulu.',
                f'The account "{account.name}" is not active. Run `syncer account check {account.name}` first.',
            )
        )
    return None


def send_from_now(connection: Connection, account: Account, now: dt.datetime) -> Account:
    """Make an account live, and what is due there due at once; return it as it is then."""
    connection.execute(update(t.account).where(t.account.c.id == account.id).values(mode=Mode.LIVE.value))
    connection.execute(
        update(t.listing).where(t.listing.c.account_id == account.id, t.listing.c.due != 0).values(due_at=now)
    )
    wake_after_commit(connection)
    return load_account(connection, account.id)


def still_selling(connection: Connection, account_id: int) -> tuple[StillSelling, ...]:
    """Return the listings of an account that buyers can buy from, as far as we know, by title.

    What isn't known counts as on sale: a person should rather look once too often.
    """
    unknown = func.max(t.offer.c.quantity_unknown.cast(Integer))
    shown = func.sum(func.coalesce(t.offer.c.quantity, 0))
    query = (
        select(
            t.product.c.id,
            t.product.c.handle,
            t.product.c.title,
            t.listing.c.remote_id,
            t.listing.c.known["status"].as_string().label("status"),
            shown.label("shown"),
            unknown.label("unknown"),
        )
        .join(t.product, t.product.c.id == t.listing.c.product_id)
        .outerjoin(t.offer, t.offer.c.listing_id == t.listing.c.id)
        .where(t.listing.c.account_id == account_id, t.listing.c.remote_id.is_not(None))
        .group_by(t.listing.c.id, t.product.c.id)
        .order_by(t.product.c.title, t.product.c.id)
    )
    found = []
    for row in connection.execute(query):
        known = row.shown is not None and not row.unknown
        if row.status in _NOT_ON_SALE or (known and row.shown <= 0):
            continue
        pieces = int(row.shown) if known else None
        found.append(StillSelling(row.id, row.handle, row.title, row.remote_id, pieces))
    return tuple(found)


def _left(connection: Connection, account: Account) -> Left:
    selling = still_selling(connection, account.id)
    notes: tuple[Words, ...] = ()
    if selling:
        notes = (
            Words(
                f"{len(selling)} produk masih bisa dibeli di toko itu, dan stoknya tidak lagi diperbarui. "
                "Tutup tokonya atau tarik produknya di sana bila tidak boleh terjual.",
                f"{len(selling)} products can still be bought in that shop, and their stock is no longer updated. "
                "Close the shop or withdraw them there if they must not sell.",
            ),
        )
    return Left(load_account(connection, account.id), selling, notes)


def _set_state(connection: Connection, account: Account, state: State) -> None:
    connection.execute(update(t.account).where(t.account.c.id == account.id).values(state=state.value))
    wake_after_commit(connection)


def _delete_listings(connection: Connection, account_id: int) -> None:
    """Delete in portions; offers, events and questions go with their listing."""
    mine = select(t.listing.c.id).where(t.listing.c.account_id == account_id).limit(_AT_ONCE)
    while ids := list(connection.execute(mine).scalars()):
        connection.execute(delete(t.listing).where(t.listing.c.id.in_(ids)))


def _disconnected_words(account: Account) -> Words:
    return Words(
        f'Akun "{account.name}" sudah diputus. Sambungkan lagi: `syncer account reconnect {account.name}`.',
        f'The account "{account.name}" is disconnected. Connect it again: `syncer account reconnect {account.name}`.',
    )


def _still_selling_words(account: Account, selling: Sequence[StillSelling]) -> Words:
    titles = ", ".join(item.title[:40] for item in selling[:3]) + (" …" if len(selling) > 3 else "")
    return Words(
        f'{len(selling)} produk masih dijual lewat akun "{account.name}" ({titles}). Tarik dulu dengan '
        "`syncer withdraw`, atau putuskan dengan `syncer account disconnect`; --force menghapus akunnya begitu saja.",
        f'{len(selling)} products are still on sale through the account "{account.name}" ({titles}). Withdraw them '
        "first with `syncer withdraw`, or use `syncer account disconnect`; --force removes the account as it is.",
    )


__all__ = [
    "Left",
    "StillSelling",
    "disconnect",
    "go_live",
    "hold",
    "pause",
    "ready_to_go_live",
    "remove",
    "resume",
    "send_from_now",
    "still_selling",
]
