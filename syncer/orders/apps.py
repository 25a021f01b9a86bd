"""Which accounts a webhook address serves: one app of a connector, and the shops that sold through it."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import structlog

from syncer.channels.old_key import old_key_account
from syncer.channels.records import Account, State, load_accounts
from syncer.domain.words import SyncerError
from syncer.sdk.contract import Connector, Hint, TakesWebhooks, WebhookFacts
from syncer.sdk.errors import ConnectorError
from syncer.store.engine import Engine, read

_LOG = structlog.get_logger("syncer.orders")
#: How old what we know of the accounts may be, in seconds; an unknown app is looked up again after the shorter time.
_FRESH_S, _FRESH_UNKNOWN_S = 5.0, 0.5

#: Opens the connector of an account; it makes no call.
Open = Callable[[Account], Connector]


@dataclass(frozen=True, slots=True)
class App:
    """One webhook address. ``shops`` maps the platform's shop ids to account ids.

    ``verifiers`` hold the secrets that may have signed (two while an app's key is changed, security.md W4; the old
    one until ``old_key_until``).
    """

    connector: str
    name: str
    facts: WebhookFacts
    shops: Mapping[str, int]
    verifiers: Sequence[TakesWebhooks] = field(repr=False)
    old_key_until: dt.datetime | None = None

    def is_signed(self, address: str, headers: Mapping[str, str], body: bytes) -> bool:
        """Return whether one of the app's secrets signed ``body``."""
        return any(verifier.is_signed(address, headers, body) for verifier in self.verifiers)

    def read(self, headers: Mapping[str, str], body: bytes) -> Sequence[Hint]:
        """Return what a signed body tells. Raises ValueError if it can't be understood."""
        return self.verifiers[0].read_webhook(headers, body)


class Apps:
    """The apps of all accounts, read anew every few seconds. Safe to use from several threads."""

    def __init__(self, engine: Engine, open_connector: Open) -> None:
        self._engine, self._open = engine, open_connector
        self._lock = threading.Lock()
        self._opened: dict[tuple[int, bool], tuple[object, Connector | None]] = {}
        self._apps: dict[tuple[str, str], App] = {}
        self._read_at = float("-inf")

    def find(self, connector: str, name: str) -> App | None:
        """Return the app that has this address, or ``None``."""
        with self._lock:
            age = time.monotonic() - self._read_at
            found = self._apps.get((connector, name))
            if age > (_FRESH_S if found is not None else _FRESH_UNKNOWN_S):
                self._read()
                found = self._apps.get((connector, name))
            return found

    def all(self) -> list[App]:
        """Return every app that has an address now."""
        with self._lock:
            self._read()
            return list(self._apps.values())

    def _read(self) -> None:
        with read(self._engine) as connection:
            accounts = [one for one in load_accounts(connection) if one.state is not State.DISCONNECTED]
        members: dict[tuple[str, str], list[tuple[Account, WebhookFacts, TakesWebhooks]]] = {}
        olds: dict[tuple[str, str], list[tuple[dt.datetime, TakesWebhooks]]] = {}
        for account in accounts:
            opened = self._connector(account)
            facts = opened.info.webhooks if opened is not None else None
            verifier = _verifier(opened)
            if facts is not None and verifier is not None:
                key = (account.connector, verifier.webhook_app())
                members.setdefault(key, []).append((account, facts, verifier))
                olds.setdefault(key, []).extend(self._old_key(account, verifier.webhook_app()))
        self._apps = {
            key: App(
                *key,
                facts=shops[0][1],
                shops={account.shop_id: account.id for account, _, _ in shops if account.shop_id},
                verifiers=(*(verifier for _, _, verifier in shops), *(old for _, old in olds[key])),
                old_key_until=max((until for until, _ in olds[key]), default=None),
            )
            for key, shops in members.items()
        }
        self._read_at = time.monotonic()

    def _old_key(self, account: Account, app: str) -> list[tuple[dt.datetime, TakesWebhooks]]:
        """Return who verifies with the key that the account's app had before, while that is to be believed."""
        changed = old_key_account(account, dt.datetime.now(dt.UTC))
        if changed is None or account.old_options_until is None:
            self._opened.pop((account.id, True), None)
            return []
        verifier = _verifier(self._connector(replace(account, **changed), old=True))
        return [(account.old_options_until, verifier)] if verifier is not None and verifier.webhook_app() == app else []

    def _connector(self, account: Account, *, old: bool = False) -> Connector | None:
        made_from = (account.connector, account.sealed_options, dict(account.options))
        known = self._opened.get((account.id, old))
        if known is not None and known[0] == made_from:
            return known[1]
        opened: Connector | None = None
        try:
            opened = self._open(account)
        except (SyncerError, ConnectorError) as error:
            _LOG.warning("no webhooks", account=account.name, problem=str(error))
        except Exception:  # one connector's fault must not close the door to the others
            _LOG.exception("connector bug", account=account.name, connector=account.connector)
        self._opened[account.id, old] = (made_from, opened)
        return opened


def _verifier(opened: object) -> TakesWebhooks | None:
    return opened if isinstance(opened, TakesWebhooks) else None
