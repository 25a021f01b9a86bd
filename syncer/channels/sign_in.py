"""Consent, code exchange and refresh. A refresh token is spent once, so every step is committed before the next.

The order of a refresh: *under way* is committed (compare-and-set, so that two processes never refresh at once),
then the call, then the new pair is committed, and only then used. After a lost answer the old access token stays
in use until it ends; one recovery is tried; after that a person is asked, while all other accounts run on.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection, delete, insert, select

from syncer.channels.connectors import tokens_used, using_tokens
from syncer.channels.expiry import expiry_days, expiry_notice, expiry_stage
from syncer.channels.records import Account, AccountError
from syncer.channels.refresh import Attempt, Refresh, Times, need_sign_in
from syncer.channels.sealing import Keys, read_sign_in
from syncer.domain.words import Words
from syncer.sdk.contract import Connector, Identity, SignsIn, Tokens
from syncer.store import tables as t
from syncer.store.engine import Engine, read, write

#: How long a consent may take (security.md H8).
CONSENT_S = 600


@dataclass(frozen=True, slots=True)
class Consent:
    """A sign-in that a person has to confirm: whose shop it is, and the tokens, not saved yet."""

    identity: Identity
    tokens: Tokens = field(repr=False)


@dataclass(frozen=True, slots=True)
class SignIn:
    """The sign-ins of all accounts. It holds no state but the keys: everything that matters is in the database."""

    keys: Keys
    times: Times = field(default_factory=Times)

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
        attempt = Attempt(self.keys, self.times, engine, account, connector, row, now, refused)
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


__all__ = ["Consent", "Refresh", "SignIn", "Times", "expiry_days", "expiry_notice", "expiry_stage", "need_sign_in"]
