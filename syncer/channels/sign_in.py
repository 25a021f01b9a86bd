"""Consent, code exchange and refresh. A refresh token is spent once, so every step is committed before the next.

The order of a refresh: *under way* is committed (compare-and-set, so that two processes never refresh at once),
then the call, then the new pair is committed, and only then used. After a lost answer the old access token stays
in use until it ends; one recovery is tried; after that a person is asked, while all other accounts run on.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from syncer.channels.connectors import token_uses, tokens_used, using_tokens
from syncer.channels.records import Account, AccountError, State
from syncer.channels.sealing import Keys, SignInRow, read_sign_in, seal_tokens
from syncer.domain.problem import Problem, Who
from syncer.domain.words import Words
from syncer.sdk.contract import Connector, Identity, RecoversSignIn, SignsIn, Tokens
from syncer.sdk.errors import ConnectorError, OutcomeUnknown, Recovery, SignInNeeded
from syncer.store import tables as t
from syncer.store.engine import Engine, read, write
from syncer.store.wakeup import wake_after_commit

#: How long a consent may take (security.md H8).
CONSENT_S = 600
#: After this long a refresh that nobody recorded counts as lost: its process has died.
LOST_AFTER_S = 120.0
#: How long to wait before the one recovery, because a lost write may still land.
RECOVER_AFTER_S = 60.0
_RETRY_S = 30.0
#: A pair that is refused within ``YOUNG_S``, before it has served, was not refused for its age. After so many in a
#: row a person is asked: else every call would spend another refresh token, for ever.
YOUNG_S = 60.0
YOUNG_REFUSALS = 6
#: Days ahead of the end of a consent at which a person is told.
NOTICE_DAYS = (14, 7, 3, 1)

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
class Consent:
    """A sign-in that a person has to confirm: whose shop it is, and the tokens, not saved yet."""

    identity: Identity
    tokens: Tokens = field(repr=False)


@dataclass(frozen=True, slots=True)
class SignIn:
    """The sign-ins of all accounts. It holds no state but the keys: everything that matters is in the database."""

    keys: Keys
    lost_after_s: float = LOST_AFTER_S
    recover_after_s: float = RECOVER_AFTER_S
    young_s: float = YOUNG_S

    def start(
        self,
        engine: Engine,
        account: Account,
        connector: Connector,
        redirect: str,
        *,
        now: dt.datetime,
        session: str = "",
    ) -> str:
        """Return the platform's address where the shop's owner consents.

        ``redirect`` is where the answer goes. The answer must come back within ten minutes, once, for this account
        and the same ``session`` (any text that only the person's session has). Raises AccountError if the platform
        has no consent.
        """
        if not isinstance(connector, SignsIn):
            raise AccountError(
                Words(
                    f'Akun "{account.name}" tidak memakai halaman izin; sambungkan dengan --options.',
                    f'The account "{account.name}" has no consent page; connect it with --options.',
                )
            )
        state = secrets.token_urlsafe(16)
        with write(engine) as connection:
            connection.execute(delete(t.sign_in_request).where(t.sign_in_request.c.until < now))
            connection.execute(
                insert(t.sign_in_request).values(
                    state=_state_key(state, session),
                    account_id=account.id,
                    until=now + dt.timedelta(seconds=CONSENT_S),
                )
            )
        return connector.authorise_url(redirect, state)

    def finish(
        self,
        engine: Engine,
        account: Account,
        connector: Connector,
        answer: Mapping[str, str],
        *,
        now: dt.datetime,
        session: str = "",
    ) -> Consent:
        """Turn the query of the redirect back into a sign-in, and say whose shop it is; nothing is kept yet.

        Show the shop to the person and then call :func:`~syncer.channels.joining.accept_shop`. ``connector`` comes
        from ``open_connector``. Raises AccountError for an answer that is late, used, or for another account or
        session; ConnectorError if the platform refuses the code.
        """
        self._spend_state(engine, account, answer.get("state", ""), session, now)
        return self.take_code(connector, answer)

    def take_code(self, connector: Connector, answer: Mapping[str, str]) -> Consent:
        """Do the same with a code that an administrator typed in, from the platform's console: it has no state.

        Never for what came with a redirect: only the state tells whose answer that is.
        """
        if not isinstance(connector, SignsIn):
            raise AccountError(_stale_words())
        tokens = connector.exchange(answer)
        with using_tokens(connector, tokens):
            return Consent(connector.check(), tokens)

    def refresh_if_due(
        self, engine: Engine, account: Account, connector: Connector, now: dt.datetime | None = None
    ) -> Refresh:
        """Refresh the access token if it ends soon. Never raises for what the platform answers."""
        return self._refresh(engine, account, connector, now or dt.datetime.now(dt.UTC), refused=False)

    def refresh_after_refusal(
        self, engine: Engine, account: Account, connector: Connector, now: dt.datetime | None = None
    ) -> Refresh:
        """Refresh because the platform refused the access token; call it in the thread whose call was refused.

        REFRESHED says that a newer token is in place (perhaps another process brought it): try once more.
        """
        return self._refresh(engine, account, connector, now or dt.datetime.now(dt.UTC), refused=True)

    def _refresh(
        self, engine: Engine, account: Account, connector: Connector, now: dt.datetime, *, refused: bool
    ) -> Refresh:
        with read(engine) as connection:
            row = read_sign_in(connection, account.id)
            copy = _is_copy(connection)
        if row is None or not isinstance(connector, SignsIn):
            return self._need(engine, account) if refused else Refresh.FRESH
        used = tokens_used(connector)
        if refused and used is not None and row.version > used:
            return Refresh.REFRESHED
        if copy:
            # The tokens are single-use: the database that this one is a copy of may be using them.
            return Refresh.KEPT
        attempt = _Attempt(self, engine, account, connector, row, now, refused)
        return attempt.run()

    def _spend_state(self, engine: Engine, account: Account, state: str, session: str, now: dt.datetime) -> None:
        # Spent whatever comes of it, and before the code is: an answer works once.
        with write(engine) as connection:
            spent = connection.execute(
                delete(t.sign_in_request)
                .where(t.sign_in_request.c.state == _state_key(state, session))
                .returning(t.sign_in_request.c.account_id, t.sign_in_request.c.until)
            ).one_or_none()
        if spent is None or spent.account_id != account.id or spent.until < now:
            raise AccountError(_stale_words())

    def _need(self, engine: Engine, account: Account) -> Refresh:
        with write(engine) as connection:
            need_sign_in(connection, account)
        return Refresh.NEEDED


@dataclass(frozen=True, slots=True)
class _Attempt:
    """One look at an account's sign-in, and at most one call for it."""

    manager: SignIn
    engine: Engine
    account: Account
    connector: Any
    row: SignInRow
    now: dt.datetime
    refused: bool

    def run(self) -> Refresh:
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
        saved_at, before = self.row.history(self.manager.keys)
        young = (self.now - saved_at).total_seconds() < self.manager.young_s
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
        tokens = self.row.tokens(self.manager.keys)
        return self._call(lambda: self.connector.refresh(tokens))

    def _after_lost_answer(self) -> Refresh:
        """A refresh was sent and its outcome never recorded."""
        started = self.row.refreshing
        assert started is not None
        # With ``next_try_at`` it is known that the answer was lost; without, its process may still be waiting for it.
        known_lost = self.row.next_try_at is not None
        again_at = self.row.next_try_at or started + dt.timedelta(seconds=self.manager.lost_after_s)
        if again_at > self.now and not (self.refused and known_lost):
            return self._busy()
        if self.row.recovered:
            return self._wait_for_a_person()
        # Once only, so that is committed first.
        if not self._set({"recovered": True, "refreshing": self.now, "next_try_at": None}, refreshing=started):
            return self._busy()
        tokens = self.row.tokens(self.manager.keys)
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
        current = self.row.tokens(self.manager.keys)
        if not tokens.shop_id and current.shop_id:
            tokens = Tokens(
                tokens.access_token, tokens.refresh_token, tokens.access_until, tokens.refresh_until, current.shop_id
            )
        sealed = seal_tokens(self.manager.keys, self.account.id, tokens, saved_at=self.now, streak=self._streak())
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
        again_at = self.now if last else self.now + dt.timedelta(seconds=self.manager.recover_after_s)
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


def expiry_days(account: Account, now: dt.datetime) -> int | None:
    """Return the days until the shop's consent ends, rounded up (0: it has ended); ``None`` if no end is known."""
    if account.consent_until is None:
        return None
    left = (account.consent_until - now).total_seconds()
    return max(-(-int(left) // 86_400), 0) if left > 0 else 0


def expiry_stage(account: Account, now: dt.datetime) -> int | None:
    """Return the last of 14, 7, 3, 1 (and 0: ended) days that has been reached: each is worth one message."""
    days = expiry_days(account, now)
    if days is None:
        return None
    if days == 0:
        return 0
    return next((stage for stage in sorted(NOTICE_DAYS) if days <= stage), None)


def expiry_notice(account: Account, now: dt.datetime) -> Words | None:
    """Return the warning that a shop's consent ends within 14 days, with the remedy; ``None`` before that."""
    if expiry_stage(account, now) is None:
        return None
    days = expiry_days(account, now)
    remedy = f"`syncer account reconnect {account.name}`"
    if days == 0:
        return Words(
            f'Izin toko "{account.name}" sudah berakhir. Masuk lagi: {remedy}.',
            f'The consent of the shop "{account.name}" has ended. Sign in again: {remedy}.',
        )
    return Words(
        f'Izin toko "{account.name}" berakhir dalam {days} hari. Perpanjang sebelum itu: {remedy}.',
        f'The consent of the shop "{account.name}" ends in {days} {"day" if days == 1 else "days"}. '
        f"Renew it before that: {remedy}.",
    )


def _is_copy(connection: Connection) -> bool:
    return connection.execute(select(t.meta.c.value).where(t.meta.c.key == "released")).scalar() == "0"


def _state_key(state: str, session: str) -> str:
    # Only a hash is stored: who reads the database can't finish somebody else's consent.
    return hashlib.sha256(f"{session}\n{state}".encode()).hexdigest()


def _stale_words() -> Words:
    return Words(
        "Jawaban dari halaman izin tidak cocok, sudah dipakai, atau lewat 10 menit. Mulai lagi dari "
        "`syncer account reconnect`.",
        "The answer of the consent page doesn't fit, was used before, or is older than 10 minutes. Start again with "
        "`syncer account reconnect`.",
    )


__all__ = ["Consent", "Refresh", "SignIn", "expiry_days", "expiry_notice", "expiry_stage", "need_sign_in"]
