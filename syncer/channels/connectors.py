"""Open a connector for an account: its opened options, its HTTP client, its tokens, and nothing else (X2)."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import select

from syncer.channels.records import Account
from syncer.channels.sealing import TOKEN_OPTIONS, Keys, open_options, open_tokens, read_sign_in
from syncer.sdk import registry
from syncer.sdk.contract import Connector, Context, Info, Tokens
from syncer.sdk.http import CallRecord, Gate, HttpClient, is_loopback
from syncer.sdk.options import Options
from syncer.store import tables as t
from syncer.store.engine import Engine, read

#: Gives the connector class of that name; the default asks the registry of installed distributions.
Load = Callable[[str], type[Connector]]
OnCall = Callable[[CallRecord], None]

OURS = frozenset({"syncer"})
_ATTRIBUTES = {"access_token": "access_token", "refresh_token": "refresh_token", "access_expires_at": "access_until"}

_sources: WeakKeyDictionary[Any, TokenSource] = WeakKeyDictionary()


def connector_class(name: str, *, allowed: frozenset[str] = OURS, load: Load | None = None) -> type[Connector]:
    """Return the class of the connector ``name``. Raises UnknownConnector, also for one that isn't allowed (X1)."""
    found: type[Connector] = load(name) if load is not None else registry.load(name, allowed=allowed)
    return found


def open_connector(
    account: Account,
    *,
    engine: Engine,
    keys: Keys,
    home: Path,
    gate: Gate | None = None,
    on_call: OnCall | None = None,
    allowed: frozenset[str] = OURS,
    load: Load | None = None,
    override: Mapping[str, Any] | None = None,
) -> Connector:
    """Return the connector of ``account``, ready to call; it makes no call by itself.

    ``gate`` stands before every call (default: none waits), ``on_call`` gets every call for the log. ``override``
    replaces stored options, before they are saved. Its tokens are always the newest ones in the database.
    Raises UnknownConnector, BadOptions, and the errors of a key that doesn't fit.
    """
    found = connector_class(account.connector, allowed=allowed, load=load)
    source = TokenSource(engine, keys, account.id)
    values = dict(account.options) | open_options(keys, account.id, account.sealed_options) | dict(override or {})
    options = _read_options(found, values, source)
    connector = build(found, options, home=home, shop=str(account.id), tokens=source, gate=gate, on_call=on_call)
    _sources[connector] = source
    return connector


def build(
    found: type[Connector],
    options: Options,
    *,
    home: Path,
    shop: str,
    tokens: Callable[[], Tokens | None],
    gate: Gate | None = None,
    on_call: OnCall | None = None,
) -> Connector:
    """Return a connector for ``options``. It may call its own hosts, and a loopback ``base_url`` (H3)."""
    info: Info = found.info
    scratch = home / "scratch" / shop
    scratch.mkdir(mode=0o700, parents=True, exist_ok=True)
    client = HttpClient(
        hosts=info.hosts,
        sandbox=sandbox_of(options.public()),
        gate=gate,
        on_call=on_call,
        pool=max(info.concurrency, 2),
        read_timeout_s=min(info.call_deadline_s, 30.0),
    )
    return found(options, Context(http=client, scratch=scratch, tokens=tokens))


def sandbox_of(options: Mapping[str, Any]) -> str | None:
    """Return the loopback address that the options name as ``base_url``; ``None`` for a real shop."""
    base_url = options.get("base_url")
    return base_url if isinstance(base_url, str) and is_loopback(base_url) else None


def _read_options(found: type[Connector], values: dict[str, Any], source: TokenSource) -> Options:
    fields = found.options_type.model_fields
    required = [name for name in TOKEN_OPTIONS if name in fields and fields[name].is_required() and name not in values]
    if required:
        tokens = source()
        values |= {name: getattr(tokens, _ATTRIBUTES[name], "") for name in required}
    return found.options_type.read(values)


class TokenSource:
    """The newest tokens of an account. A call costs one look at the version; they are opened only if it moved.

    ``used`` is the version that the calling thread got last, so that a refusal can be told from one that came
    for tokens which another thread or process has replaced since.
    """

    def __init__(self, engine: Engine, keys: Keys, account_id: int) -> None:
        self._engine = engine
        self._keys = keys
        self._account_id = account_id
        self._lock = threading.Lock()
        self._version: int | None = None
        self._tokens: Tokens | None = None
        self._here = threading.local()
        self._uses = 0

    def __repr__(self) -> str:
        return f"TokenSource(account_id={self._account_id})"

    @contextlib.contextmanager
    def using(self, tokens: Tokens) -> Iterator[None]:
        """Give ``tokens`` to this thread instead, before they are saved: to see whose shop they open."""
        self._here.instead = tokens
        try:
            yield
        finally:
            del self._here.instead

    def __call__(self) -> Tokens | None:
        """Return the newest tokens; ``None`` if the account has none."""
        instead: Tokens | None = getattr(self._here, "instead", None)
        if instead is not None:
            return instead
        with read(self._engine) as connection:
            query = select(t.sign_in.c.version).where(t.sign_in.c.account_id == self._account_id)
            version = connection.execute(query).scalar()
            if version is None:
                return None
            with self._lock:
                if version == self._version:
                    self._uses += 1
                    self._here.used = version
                    return self._tokens
            row = read_sign_in(connection, self._account_id)
        if row is None:
            return None
        tokens = open_tokens(self._keys, self._account_id, row.sealed_tokens)
        with self._lock:
            self._version, self._tokens, self._uses = row.version, tokens, 1
        self._here.used = row.version
        return tokens

    @property
    def used(self) -> int | None:
        """The version of the tokens that this thread (or, failing that, any thread) got last."""
        return getattr(self._here, "used", self._version)

    @property
    def uses(self) -> int:
        """How often the newest tokens were asked for: more than once at a time means that they worked before."""
        return self._uses


def using_tokens(connector: Connector, tokens: Tokens) -> contextlib.AbstractContextManager[None]:
    """Let ``connector``, opened by :func:`open_connector`, sign this thread's calls with ``tokens`` for a moment."""
    return _sources[connector].using(tokens)


def tokens_used(connector: Connector) -> int | None:
    """Return the version of the tokens that the connector signed its last call with; ``None`` if not known."""
    source = _sources.get(connector)
    return source.used if source is not None else None


def token_uses(connector: Connector) -> int:
    """Return how often ``connector`` took the newest tokens; 0 if that isn't known."""
    source = _sources.get(connector)
    return source.uses if source is not None else 0


__all__ = [
    "Load",
    "OnCall",
    "TokenSource",
    "build",
    "connector_class",
    "open_connector",
    "sandbox_of",
    "token_uses",
    "tokens_used",
    "using_tokens",
]
