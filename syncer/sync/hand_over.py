"""Move pieces from one account to another: stopped there and read back, orders read past that, then raised here.

Driven by what is in the database only, so that it goes on after a crash, in whichever process. An account that can't be
reached keeps its piece (nobody else gets it) until it can be again, or a person decides.
The whole is in docs/architecture.md, "Pieces".
"""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import structlog
from sqlalchemy import Connection, Engine, Row, and_, func, or_, select, update

from syncer.domain.listing import Status
from syncer.domain.problem import Problem, Who
from syncer.domain.words import Words
from syncer.inventory.free import Supply, load_supply
from syncer.inventory.placing import end_waiting, give, rotate, rules_exist, settle_places
from syncer.orders.reading import read_soon
from syncer.store.engine import read, write
from syncer.store.errors import StoreError
from syncer.store.order_tables import hand_over, order_read, placement
from syncer.store.tables import account, listing, offer, variant
from syncer.store.wakeup import wake_after_commit
from syncer.sync.known import STATUS, quantity_name

_LOG = structlog.get_logger("syncer.sync")
#: A read may show a state this old where the connector doesn't say, in seconds.
READ_LAG_S = 5.0
#: Pause between two looks while a piece is on its way, when one is held up, and when none is; how often days at an
#: account are counted. In seconds.
MOVING_S, HELD_UP_S, IDLE_S, ROTATE_S = 0.05, 1.0, 10.0, 60.0
_AT_ONCE = 50
#: So many calls in a row that failed there make an account count as out of reach.
OUT_OF_REACH_TRIES = 3
_NOT_SOLD = (Status.HIDDEN.value, Status.DELETED.value, Status.REJECTED.value)


class PieceMover:
    """Moves pieces on, in a thread of its own: quickly while one is on its way, else when somebody wakes it.

    ``read_lags_s`` gives, by account id, how old a state a read may show.
    """

    def __init__(self, engine: Engine, read_lags_s: Callable[[], Mapping[int, float]]) -> None:
        self._engine, self._read_lags_s = engine, read_lags_s
        self._woken, self._stopping = threading.Event(), threading.Event()
        self._lock = threading.Lock()
        self._unplaced: set[int] = set()
        self._rotated_at = float("-inf")
        self._thread = threading.Thread(target=self._run, name="piece-mover", daemon=True)

    def start(self) -> None:
        """Begin; what an earlier process left on its way is taken up."""
        self._thread.start()

    def stop(self) -> None:
        """End after the step under way."""
        self._stopping.set()
        self._woken.set()
        if self._thread.ident is not None:
            self._thread.join(5.0)

    def wake(self) -> None:
        """Say that something may have changed."""
        self._woken.set()

    def need_place(self, variant_ids: Collection[int]) -> None:
        """Say that variants were found that need a place."""
        if variant_ids:
            with self._lock:
                self._unplaced |= set(variant_ids)
            self._woken.set()

    def _run(self) -> None:
        pause = 0.0
        while not self._stopping.is_set():
            self._woken.wait(pause)
            self._woken.clear()
            if self._stopping.is_set():
                return
            try:
                pause = self._work()
            except StoreError as error:
                _LOG.warning("store", problem=error.words.en)
                pause = 1.0
            except Exception:  # pieces on their way must not be left there
                _LOG.exception("piece mover fault")
                pause = IDLE_S
            self._stopping.wait(MOVING_S)

    def _work(self) -> float:
        """Do what can be done; return the seconds until there may be more."""
        now = dt.datetime.now(dt.UTC)
        with self._lock:
            unplaced, self._unplaced = sorted(self._unplaced), set()
        if unplaced:
            place_missing(self._engine, unplaced, now)
        if time.monotonic() - self._rotated_at > ROTATE_S:
            self._rotated_at = time.monotonic()
            self._rotate(now)
        moving, held_up = advance(self._engine, now, self._read_lags_s())
        return MOVING_S if moving else HELD_UP_S if held_up else IDLE_S

    def _rotate(self, now: dt.datetime) -> None:
        with read(self._engine) as connection:
            if not rules_exist(connection):
                return
        with write(self._engine) as connection:
            rotate(connection, now=now)


def count_moving(connection: Connection, at_work: Collection[int] | None = None) -> int:
    """Return how many pieces are on their way and get on by themselves.

    ``at_work`` are the accounts that somebody works on now (``None``: all): a piece that another one still shows waits
    for that one.
    """
    columns = (placement.c.variant_id, placement.c.to_account_id, placement.c.problem)
    rows = connection.execute(select(*columns).where(placement.c.state == "moving")).all()
    return sum(_gets_on(connection, row, at_work) for row in rows)


def _gets_on(connection: Connection, row: Row[Any], at_work: Collection[int] | None) -> bool:
    if row.problem is None and at_work is None:
        return True
    origins = _origins(connection, row.variant_id, row.to_account_id or 0)
    # An account that was out of reach may be back, and nobody has taken its note away yet.
    if row.problem is not None and any(_is_out_of_reach(one) for one in origins):
        return False
    return at_work is None or {one.account_id for one in origins} <= set(at_work)


def advance(engine: Engine, now: dt.datetime, read_lags_s: Mapping[int, float]) -> tuple[int, int]:
    """Do the next step of every hand-over that can do one; return how many move on still, and how many are held up.

    ``read_lags_s`` says, by account id, how old a state a read may show.
    """
    with read(engine) as connection:
        ids = list(connection.execute(select(placement.c.variant_id).where(placement.c.state == "moving")).scalars())
    for start in range(0, len(ids), _AT_ONCE):
        with write(engine) as connection:
            _advance_some(connection, ids[start : start + _AT_ONCE], now, read_lags_s)
    if not ids:
        return 0, 0
    with read(engine) as connection:
        moving = count_moving(connection)
        still = connection.execute(select(func.count()).where(placement.c.state == "moving")).scalar_one()
    return moving, int(still) - moving


def place_missing(engine: Engine, variant_ids: Sequence[int], now: dt.datetime) -> None:
    """Give a place to variants that were found without one."""
    with write(engine) as connection:
        settle_places(connection, variant_ids, now=now)


def _advance_some(connection: Connection, ids: Sequence[int], now: dt.datetime, lags_s: Mapping[int, float]) -> None:
    query = select(placement).where(and_(placement.c.variant_id.in_(ids), placement.c.state == "moving"))
    rows = connection.execute(query.order_by(placement.c.variant_id).with_for_update(skip_locked=True)).all()
    supply = load_supply(connection, [row.variant_id for row in rows], now=now)
    for row in rows:
        _step(connection, row, supply, now, lags_s)


def _step(connection: Connection, row: Row[Any], supply: Supply, now: dt.datetime, lags_s: Mapping[int, float]) -> None:
    """Do the next step of one hand-over, if it can be done."""
    if row.to_account_id is None:
        # The account that was to get it has been removed.
        connection.execute(placement.delete().where(placement.c.variant_id == row.variant_id))
        settle_places(connection, [row.variant_id], now=now)
        return
    origins = _origins(connection, row.variant_id, row.to_account_id)
    selling = [
        one for one in origins if not _is_stopped(one, row.variant_id, supply.own(row.variant_id, one.account_id))
    ]
    if selling:
        _say_blocked(connection, row, selling, _still_sold)
        if row.stopped_at is not None:
            _note(connection, row.variant_id, stopped_at=None)
        return
    stopped_at = row.stopped_at or now
    unproved = [one for one in origins if not _is_proved(connection, one, stopped_at, lags_s)]
    if not unproved:
        _finish(connection, row, now)
        return
    if row.stopped_at is None:
        _note(connection, row.variant_id, stopped_at=now)
        _note_move(connection, row.variant_id, stopped_at=now)
    _say_blocked(connection, row, unproved, _unread)
    _ask_for_proof(connection, unproved, stopped_at, now, lags_s)


def _origins(connection: Connection, variant_id: int, to_account_id: int) -> list[Row[Any]]:
    """Return the other accounts' listings of the piece, as far as they are live there or on their way."""
    there = or_(listing.c.remote_id.is_not(None), listing.c.under_way.is_not(None), listing.c.seeking.is_not(None))
    query = (
        select(
            listing.c.id,
            listing.c.remote_id,
            listing.c.account_id,
            listing.c.under_way,
            listing.c.seeking,
            listing.c.late,
            listing.c.known,
            listing.c.unknown,
            listing.c.verified_at,
            offer.c.quantity,
            offer.c.quantity_unknown,
            listing.c.tries,
            order_read.c.tries.label("order_tries"),
            account.c.state.label("account_state"),
            account.c.name.label("account_name"),
        )
        .join(variant, variant.c.product_id == listing.c.product_id)
        .join(account, account.c.id == listing.c.account_id)
        .outerjoin(order_read, order_read.c.account_id == account.c.id)
        .outerjoin(offer, and_(offer.c.listing_id == listing.c.id, offer.c.variant_id == variant.c.id))
        .where(
            and_(
                variant.c.id == variant_id,
                account.c.id != to_account_id,
                account.c.location_id.is_(None),
                account.c.mode == "live",
                there,
            )
        )
    )
    return list(connection.execute(query).all())


def _is_stopped(one: Row[Any], variant_id: int, own: int) -> bool:
    """Whether nobody can buy the piece there: acknowledged zero, and no write that may still change it.

    ``own`` pieces are set aside for that account's campaigns: it goes on showing those.
    """
    if one.remote_id is None and one.seeking is None and one.under_way is None:
        return True
    if one.seeking is not None or (one.under_way is not None and one.under_way["kind"] != "price"):
        return False
    if quantity_name(str(variant_id)) in (one.late or ()) or one.quantity_unknown:
        return False
    hidden = (one.known or {}).get("status") in _NOT_SOLD and STATUS not in (one.unknown or ())
    return hidden or one.quantity is None or one.quantity <= own


def _is_out_of_reach(one: Row[Any]) -> bool:
    """Whether a person or time has to help there: it is paused, signed out, or has failed several times in a row."""
    return bool(one.account_state != "active" or max(one.tries, one.order_tries or 0) >= OUT_OF_REACH_TRIES)


def _ask_for_proof(
    connection: Connection,
    origins: Sequence[Row[Any]],
    stopped_at: dt.datetime,
    now: dt.datetime,
    lags_s: Mapping[int, float],
) -> None:
    """Have what isn't proved yet read: a read that was under way at the stop is none."""
    for one in origins:
        at = _seen_from(one, stopped_at, lags_s)
        if one.verified_at is None or one.verified_at < at:
            sooner = or_(listing.c.settle_at.is_(None), listing.c.settle_at > max(at, now))
            connection.execute(update(listing).where(and_(listing.c.id == one.id, sooner)).values(settle_at=at))
        orders = connection.execute(select(order_read).where(order_read.c.account_id == one.account_id)).first()
        began = () if orders is None else (orders.began_at, orders.read_began_at)
        if began and not any(moment is not None and moment > stopped_at for moment in began):
            read_soon(connection, one.account_id, now)
    wake_after_commit(connection)


def _seen_from(one: Row[Any], stopped_at: dt.datetime, lags_s: Mapping[int, float]) -> dt.datetime:
    """Return from when on a read shows the state after the stop."""
    return stopped_at + dt.timedelta(seconds=lags_s.get(one.account_id, READ_LAG_S))


def _is_proved(connection: Connection, one: Row[Any], stopped_at: dt.datetime, lags_s: Mapping[int, float]) -> bool:
    """Whether the stop was read back, and orders were read from after it."""
    if one.verified_at is None or one.verified_at < _seen_from(one, stopped_at, lags_s):
        return False
    query = select(order_read.c.read_began_at).where(order_read.c.account_id == one.account_id)
    found = connection.execute(query).first()
    return found is None or bool(found.read_began_at is not None and found.read_began_at > stopped_at)


def _finish(connection: Connection, row: Row[Any], now: dt.datetime) -> None:
    """Give the piece to its new account. If it was sold meanwhile, there is nothing to show, and it stays at zero."""
    _note_move(connection, row.variant_id, orders_read_at=now)
    waited = end_waiting(connection, row.variant_id, row.to_account_id)
    supply = load_supply(connection, [row.variant_id], now=now)
    free = supply.free(row.variant_id, row.to_account_id, None)
    give(connection, row.variant_id, row.to_account_id, outcome="done" if free > 0 else "sold", now=now)
    if waited:
        # The last pieces that are loose go on to their own account, those of another campaign to that one.
        settle_places(connection, [row.variant_id], now=now)


def _say_blocked(
    connection: Connection, row: Row[Any], waited_for: Sequence[Row[Any]], say: Callable[[str], Problem]
) -> None:
    """Note which account holds the piece up, if it is out of reach; else that nothing does."""
    name = next((one.account_name for one in waited_for if _is_out_of_reach(one)), None)
    problem = say(name).to_json() if name is not None else None
    if row.problem != problem:
        _note(connection, row.variant_id, problem=problem)


def _note(connection: Connection, variant_id: int, **values: Any) -> None:
    connection.execute(update(placement).where(placement.c.variant_id == variant_id).values(**values))


def _note_move(connection: Connection, variant_id: int, **values: Any) -> None:
    mine = and_(hand_over.c.variant_id == variant_id, hand_over.c.outcome == "open")
    connection.execute(update(hand_over).where(mine).values(**values))


_REMEDY = Words(
    "Sambungkan lagi akun itu, atau putuskan sendiri: `syncer pieces give SKU --to AKUN`.",
    "Reconnect the account, or decide yourself: `syncer pieces give SKU --to ACCOUNT`.",
)


def _still_sold(name: str) -> Problem:
    words = Words(
        f'Akun "{name}" tidak bisa dihubungi, jadi barang ini masih bisa dibeli di sana dan tidak dipindah.',
        f'The account "{name}" cannot be reached, so the piece can still be bought there and is not moved.',
    )
    return Problem("piece_kept", words, _REMEDY, Who.COORDINATOR)


def _unread(name: str) -> Problem:
    words = Words(
        f'Akun "{name}" tidak bisa dibaca, jadi belum pasti barang ini tidak terjual di sana, dan tidak dipindah.',
        f'The account "{name}" cannot be read, so it may have sold the piece, which is not moved.',
    )
    return Problem("piece_kept", words, _REMEDY, Who.COORDINATOR)
