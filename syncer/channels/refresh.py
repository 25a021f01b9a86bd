"""One refresh of one account: what is committed before the call, and what after each way it may end."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, select, update

from syncer.channels.connectors import token_uses
from syncer.channels.records import Account, State
from syncer.channels.sealing import Keys, SignInRow, read_sign_in, seal_tokens
from syncer.domain.problem import Problem, Who
from syncer.domain.words import Words
from syncer.sdk.contract import RecoversSignIn, Tokens
from syncer.sdk.errors import ConnectorError, OutcomeUnknown, Recovery, SignInNeeded
from syncer.store import tables as t
from syncer.store.engine import Engine, read, write
from syncer.store.wakeup import wake_after_commit

#: After this long a refresh that nobody recorded counts as lost: its process has died.
LOST_AFTER_S = 120.0
#: How long to wait before the one recovery, because a lost write may still land.
RECOVER_AFTER_S = 60.0
_RETRY_S = 30.0
#: A pair that is refused within ``YOUNG_S``, before it has served, was not refused for its age. After so many in a
#: row a person is asked: else every call would spend another refresh token, for ever.
YOUNG_S = 60.0
YOUNG_REFUSALS = 6
#: The code of the problem that a person must sign in again.
SIGN_IN_CODE = "sign_in_needed"


class Refresh(StrEnum):
    """What became of a refresh.

    FRESH: none was due. REFRESHED: newer tokens are in place; try the call again. KEPT: the old access token stays
    in use for now. BUSY: another process is refreshing; wait a moment. NEEDED: a person must sign in again.
    """

    FRESH = "fresh"
    REFRESHED = "refreshed"
    KEPT = "kept"
    BUSY = "busy"
    NEEDED = "needed"


@dataclass(frozen=True, slots=True)
class Times:
    """How long a refresh waits; see the constants of this module."""

    lost_after_s: float = LOST_AFTER_S
    recover_after_s: float = RECOVER_AFTER_S
    young_s: float = YOUNG_S


@dataclass(frozen=True, slots=True)
class Attempt:
    """One look at an account's sign-in (``row``), and at most one call for it.

    ``refused`` says that the platform has refused the access token, so that it is no good any more.
    """

    keys: Keys
    times: Times
    engine: Engine
    account: Account
    connector: Any
    row: SignInRow
    now: dt.datetime
    refused: bool

    def run(self) -> Refresh:
        """Look what is to be done, and do it."""
        if self.row.refreshing is not None:
            return self._after_lost_answer()
        if not self.refused and not self._due():
            return Refresh.FRESH
        if self.row.recovered:
            return self._wait_for_a_person()
        if self.row.next_try_at is not None and self.row.next_try_at > self.now:
            return self._busy()
        if self._streak() >= YOUNG_REFUSALS:
            return self._ask()
        return self._spend()

    def _due(self) -> bool:
        ahead = dt.timedelta(seconds=float(self.connector.refresh_ahead_s))
        return self.row.access_until - ahead <= self.now

    def _streak(self) -> int:
        """How many pairs in a row, this one included, were refused at their first use: age isn't the reason."""
        saved_at, before = self.row.history(self.keys)
        young = (self.now - saved_at).total_seconds() < self.times.young_s
        young = young and token_uses(self.connector) <= self.connector.info.concurrency
        return before + 1 if self.refused and young else 0

    def _busy(self) -> Refresh:
        """Somebody else is at it, or it is too early: use what there is."""
        with read(self.engine) as connection:
            newest = read_sign_in(connection, self.account.id)
        if newest is not None and newest.version > self.row.version:
            return Refresh.REFRESHED
        return Refresh.KEPT if self._still_good() else Refresh.BUSY

    def _spend(self) -> Refresh:
        """Spend the refresh token: first the intent is committed, then the call is made."""
        if not self._set({"refreshing": self.now, "next_try_at": None}, refreshing=None):
            return self._busy()
        tokens = self.row.tokens(self.keys)
        return self._call(lambda: self.connector.refresh(tokens))

    def _after_lost_answer(self) -> Refresh:
        """A refresh was sent and its outcome never recorded."""
        started = self.row.refreshing
        assert started is not None
        # With ``next_try_at`` it is known that the answer was lost; without, its process may still be waiting for it.
        known_lost = self.row.next_try_at is not None
        again_at = self.row.next_try_at or started + dt.timedelta(seconds=self.times.lost_after_s)
        if again_at > self.now and not (self.refused and known_lost):
            return self._busy()
        if self.row.recovered:
            return self._wait_for_a_person()
        # Once only, so that is committed first.
        if not self._set({"recovered": True, "refreshing": self.now, "next_try_at": None}, refreshing=started):
            return self._busy()
        tokens = self.row.tokens(self.keys)
        recovers = isinstance(self.connector, RecoversSignIn)
        return self._call(lambda: (self.connector.recover if recovers else self.connector.refresh)(tokens), last=True)

    def _call(self, call: Callable[[], Tokens], *, last: bool = False) -> Refresh:
        try:
            tokens = call()
        except OutcomeUnknown:
            return self._lost(last)
        except SignInNeeded as error:
            return self._dead(error.problem())
        except ConnectorError as error:
            if error.recovery in (Recovery.RETRY, Recovery.RETRY_AT, Recovery.WAIT_STATE):
                return self._not_sent(error.after_s or _RETRY_S, last)
            if error.recovery is Recovery.STOP_ACCOUNT:
                return self._stop(error.problem(), last)
            return self._lost(last)
        except Exception:
            # A bug in the connector, after the token may have been spent: the outcome is unknown. It is raised,
            # because the engine counts bugs; the rows say what to do next.
            self._lost(last)
            raise
        return self._keep(tokens)

    def _keep(self, tokens: Tokens) -> Refresh:
        """Commit the new pair. It is used only after this, because readers see only what is committed."""
        current = self.row.tokens(self.keys)
        if not tokens.shop_id and current.shop_id:
            tokens = Tokens(
                tokens.access_token, tokens.refresh_token, tokens.access_until, tokens.refresh_until, current.shop_id
            )
        sealed = seal_tokens(self.keys, self.account.id, tokens, saved_at=self.now, streak=self._streak())
        with write(self.engine) as connection:
            kept = connection.execute(
                update(t.sign_in)
                .where(t.sign_in.c.account_id == self.account.id, t.sign_in.c.version == self.row.version)
                .values(
                    sealed_tokens=sealed,
                    access_until=tokens.access_until,
                    refresh_until=tokens.refresh_until,
                    version=self.row.version + 1,
                    refreshing=None,
                    recovered=False,
                    next_try_at=None,
                )
            ).rowcount
            if kept:
                signed_in(connection, self.account)
            wake_after_commit(connection)
        # Not kept: a person has signed in again meanwhile, and that sign-in is the newest.
        return Refresh.REFRESHED

    def _not_sent(self, after_s: float, last: bool) -> Refresh:
        """The call did not happen: the token is unspent, and the one recovery still to be had."""
        self._unspent(self.now + dt.timedelta(seconds=min(after_s, 3600.0)), last)
        return self._busy()

    def _unspent(self, next_try_at: dt.datetime | None, last: bool) -> None:
        values: dict[str, Any] = {"recovered": False} if last else {"refreshing": None}
        self._set(values | {"next_try_at": next_try_at}, refreshing=self.now)

    def _stop(self, problem: Problem, last: bool) -> Refresh:
        """The account can't work at all (banned, wrong key): a person mends it, then resumes."""
        self._unspent(self.now if last else None, last)
        with write(self.engine) as connection:
            connection.execute(
                update(t.account)
                .where(t.account.c.id == self.account.id, t.account.c.state == State.ACTIVE.value)
                .values(state=State.STOPPED.value, problem=problem.to_json())
            )
        return Refresh.NEEDED

    def _lost(self, last: bool) -> Refresh:
        again_at = self.now if last else self.now + dt.timedelta(seconds=self.times.recover_after_s)
        self._set({"next_try_at": again_at}, refreshing=self.now)
        return self._wait_for_a_person() if last else self._busy()

    def _dead(self, problem: Problem) -> Refresh:
        """The platform refuses the refresh token for good. Someone else may have replaced it meanwhile."""
        with read(self.engine) as connection:
            newest = read_sign_in(connection, self.account.id)
        if newest is not None and newest.version > self.row.version:
            return Refresh.REFRESHED
        self._set({"recovered": True, "refreshing": None, "next_try_at": None}, refreshing=self.now)
        return self._wait_for_a_person(problem)

    def _wait_for_a_person(self, problem: Problem | None = None) -> Refresh:
        if not self._still_good():
            return self._ask(problem)
        if self.account.problem is not None:
            return Refresh.KEPT
        with write(self.engine) as connection:
            shown = sign_in_problem(self.account, until=self.row.access_until, cause=problem)
            connection.execute(
                update(t.account)
                .where(t.account.c.id == self.account.id, t.account.c.problem.is_(None))
                .values(problem=shown.to_json())
            )
        return Refresh.KEPT

    def _ask(self, problem: Problem | None = None) -> Refresh:
        with write(self.engine) as connection:
            need_sign_in(connection, self.account, problem)
        return Refresh.NEEDED

    def _still_good(self) -> bool:
        return not self.refused and self.row.access_until > self.now

    def _set(self, values: Mapping[str, Any], *, refreshing: dt.datetime | None) -> bool:
        """Compare-and-set on the version and on who is refreshing; commit. Returns whether it was still so."""
        column = t.sign_in.c.refreshing
        with write(self.engine) as connection:
            result = connection.execute(
                update(t.sign_in)
                .where(
                    t.sign_in.c.account_id == self.account.id,
                    t.sign_in.c.version == self.row.version,
                    column.is_(None) if refreshing is None else column == refreshing,
                )
                .values(**values)
            )
        return result.rowcount == 1


def need_sign_in(connection: Connection, account: Account, problem: Problem | None = None) -> None:
    """Let an account wait until a person signs in again; what is due stays due. Paused accounts stay paused."""
    connection.execute(
        update(t.account)
        .where(t.account.c.id == account.id, t.account.c.state.in_((State.ACTIVE.value, State.SIGN_IN_NEEDED.value)))
        .values(state=State.SIGN_IN_NEEDED.value, problem=sign_in_problem(account, cause=problem).to_json())
    )
    wake_after_commit(connection)


def signed_in(connection: Connection, account: Account) -> None:
    """End "sign-in needed" and its warning after new tokens came."""
    row = connection.execute(
        select(t.account.c.state, t.account.c.problem).where(t.account.c.id == account.id)
    ).one_or_none()
    if row is None:
        return
    values: dict[str, Any] = {}
    if row.problem and row.problem.get("code") == SIGN_IN_CODE:
        values["problem"] = None
    if row.state == State.SIGN_IN_NEEDED:
        values["state"] = State.ACTIVE.value
    if values:
        connection.execute(update(t.account).where(t.account.c.id == account.id).values(**values))


def sign_in_problem(account: Account, *, until: dt.datetime | None = None, cause: Problem | None = None) -> Problem:
    """Return what to show where a person must sign in again: at once, or before ``until``."""
    why = cause.words if cause else Words("Izin toko tidak bisa diperpanjang.", "The sign-in can't be renewed.")
    remedy = Words(
        f"Masuk lagi ke toko: `syncer account reconnect {account.name}`.",
        f"Sign in to the shop again: `syncer account reconnect {account.name}`.",
    )
    if until is None:
        words = Words(f"{why.id} Sampai itu, tidak ada yang dikirim.", f"{why.en} Nothing is sent until then.")
    else:
        moment = f"{until.astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC"
        words = Words(f"{why.id} Masih jalan sampai {moment}.", f"{why.en} It still works until {moment}.")
    return Problem(SIGN_IN_CODE, words, remedy, Who.ADMINISTRATOR)
