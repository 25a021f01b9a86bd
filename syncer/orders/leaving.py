"""An account is disconnected or removed: its orders are read once more, and what it has promised stays somebody's.

Nothing vanishes in silence: open orders of an account that is removed are settled or kept as a person says, and what
was set aside for its campaigns is given back.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, select

from syncer.channels import lifecycle
from syncer.channels.lifecycle import Left
from syncer.channels.records import Account, AccountError
from syncer.domain.order import RemoteOrder
from syncer.domain.words import Words
from syncer.inventory.reserving import Reservation, release_account, reserved_for
from syncer.orders import reading
from syncer.orders.book import load_orders
from syncer.orders.going_live import Ask, facts_of, not_understood, pages
from syncer.orders.inbox import close
from syncer.orders.shops import keep_name
from syncer.orders.take_in import take_in
from syncer.sdk.contract import Connector, ReadsOrders
from syncer.store.batches import batches
from syncer.store.engine import Engine, make_way, read, write
from syncer.store.order_tables import channel_order, order_count

_BATCH = 50
_NAMED = 5


class Settle(StrEnum):
    """What becomes of the open orders of an account that is removed.

    KEEP: their pieces stay promised until each is closed by hand; SENT: they went out; OFF: they were called off.
    """

    KEEP = "keep"
    SENT = "sent"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class LastRead:
    """The last look at an account's orders: how many were new to us or had changed, what is oversold, what nobody
    could read."""

    orders: int = 0
    oversold: tuple[int, ...] = ()
    unreadable: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Gone:
    """An account after it left: ``orders`` are the ids of those that were open, ``released`` its campaigns' stock."""

    left: Left
    orders: tuple[int, ...] = ()
    released: tuple[Reservation, ...] = ()


def read_last(
    engine: Engine,
    account: Account,
    connector: Connector,
    *,
    clock: Callable[[], dt.datetime],
    ask: Ask = lambda fetch: fetch(),
) -> LastRead:
    """Take in what was ordered since the orders of a live account were read last. Raises ConnectorError.

    An account whose connector reads no orders, or that isn't live, has none.
    """
    facts = facts_of(connector)
    reads: object = connector
    if facts is None or not isinstance(reads, ReadsOrders) or not account.reads_orders:
        return LastRead()
    began = clock()
    with read(engine) as connection:
        state = reading.load_read(connection, account.id)
    opened_at = state.opening_at or account.created_at
    since = (state.read_to or opened_at) - dt.timedelta(seconds=max(facts.overlap_s, facts.lag_s))
    until = began + dt.timedelta(seconds=facts.lag_s) + reading.CLOCKS_DIFFER
    walks = [lambda cursor: reads.fetch_orders(since, until, cursor)]
    if not state.opened:
        walks.insert(0, reads.fetch_open_orders)
    found: dict[str, RemoteOrder] = {}
    unreadable: set[str] = set()
    for page in (page for fetch in walks for page in pages(fetch, ask)):
        found.update({one.remote_id: one for one in page.orders})
        unreadable |= set(page.unreadable)
    changed, oversold = 0, set[int]()
    for opening in (True, False):
        some = [one for one in found.values() if (one.created_at < opened_at) is opening]
        for part in batches(some, _BATCH):
            with write(engine) as connection:
                taken = take_in(connection, account, facts, part, read_began_at=began, now=clock(), opening=opening)
            changed += taken.changed
            oversold |= set(taken.oversold)
            make_way()
    lost = tuple(sorted(unreadable - found.keys()))
    with write(engine) as connection:
        reading.note_last(connection, account.id, began, clock())
        reading.unreadable(connection, account.id, lost, not_understood(), now=clock())
    return LastRead(changed, tuple(sorted(oversold)), lost)


def open_of(connection: Connection, account_id: int) -> list[int]:
    """Return the orders of an account that pieces are promised to, by our id, the oldest first."""
    query = (
        select(channel_order.c.id)
        .join(order_count, order_count.c.order_id == channel_order.c.id)
        .where(channel_order.c.account_id == account_id, order_count.c.held > 0)
        .distinct()
        .order_by(channel_order.c.id)
    )
    return list(connection.execute(query).scalars())


def disconnect(connection: Connection, account: Account) -> Gone:
    """Disconnect an account. Its orders stay open, and what is set aside for it stays so until a person releases it.

    Its shop may still sell both: nobody else is given them.
    """
    left = lifecycle.disconnect(connection, account)
    return Gone(left, tuple(open_of(connection, account.id)), tuple(reserved_for(connection, account.id)))


def remove_account(
    connection: Connection,
    account: Account,
    *,
    force: bool = False,
    settle: Settle | None = None,
    actor: str = "",
    now: dt.datetime,
) -> Gone:
    """Remove an account; its campaigns' stock is free for the others from now on.

    ``settle`` says what becomes of its open orders; if there are any it must be said. Raises AccountError.
    """
    lifecycle.hold(connection, account.id)
    ids = open_of(connection, account.id)
    if ids and settle is None:
        raise AccountError(_open_words(account, [one.remote_id for one in load_orders(connection, ids)]))
    if settle in (Settle.SENT, Settle.OFF):
        for one in load_orders(connection, ids):
            close(connection, one, sent=settle is Settle.SENT, actor=actor, now=now)
    released = release_account(connection, account.id, now=now)
    keep_name(connection, account)
    left = lifecycle.remove(connection, account, force=force)
    return Gone(left, tuple(ids), tuple(released))


def _open_words(account: Account, orders: Sequence[str]) -> Words:
    names = ", ".join(orders[:_NAMED]) + (" …" if len(orders) > _NAMED else "")
    one = len(orders) == 1
    return Words(
        f'{len(orders)} pesanan dari akun "{account.name}" masih menunggu dikirim ({names}), dan barangnya '
        f'dijanjikan. Lihat: `syncer orders --open --account "{account.name}"`. Katakan apa jadinya: `--orders keep` '
        "(tetap dijanjikan; nanti tutup satu-satu dengan `syncer orders close`), `--orders sent` (semua sudah "
        "dikirim), atau `--orders off` (semua batal).",
        f'{len(orders)} {"order" if one else "orders"} of the account "{account.name}" '
        f"{'waits' if one else 'wait'} to be sent ({names}), and the pieces are promised. See `syncer orders --open "
        f'--account "{account.name}"`. Say what becomes of them: `--orders keep` (they stay promised; close each later '
        "with `syncer "
        "orders close`), `--orders sent` (all went out), or `--orders off` (all were called off).",
    )
