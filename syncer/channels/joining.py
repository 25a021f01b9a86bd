"""Add a shop, check it, and connect it again: always tested before anything is saved."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import IntegrityError

from syncer.channels.account_settings import Settings, check_stock_owner
from syncer.channels.connectors import (
    OURS,
    Load,
    OnCall,
    TokenSource,
    build,
    connector_class,
    open_connector,
    sandbox_of,
    using_tokens,
)
from syncer.channels.joining_rules import (
    budget_group,
    check_name,
    consent_words,
    first_look,
    first_mode,
    joining_notes,
    lock_accounts,
    name_words,
    other_shop_words,
    refuse_name,
    refuse_shop,
    shop_currency,
)
from syncer.channels.old_key import OLD_KEY_FOR, accepted_note, old_key_values
from syncer.channels.records import (
    Account,
    AccountError,
    Mode,
    State,
    catalogue_currency,
    load_account,
)
from syncer.channels.sealing import TOKEN_OPTIONS, Keys, open_options, save_tokens, seal_options
from syncer.channels.sign_in import Consent, Refresh, SignIn
from syncer.domain.problem import Problem, Who
from syncer.domain.words import Words
from syncer.sdk.contract import Connector, Identity, SignsIn, Tokens
from syncer.sdk.errors import SignInNeeded
from syncer.sdk.http import Gate
from syncer.sdk.options import Options
from syncer.store import tables as t
from syncer.store.engine import Engine, read, write
from syncer.store.marks import Due, mark_account
from syncer.store.order_tables import order_read
from syncer.store.wakeup import wake_after_commit

#: How long an access token is taken to last where neither the platform nor the options say.
_UNTOLD = dt.timedelta(days=365)


class ConsentNeeded(AccountError):
    """The shop's owner must consent on the platform's page first (:meth:`SignIn.start`)."""


@dataclass(frozen=True, slots=True)
class Added:
    """An account that was added or connected again, and what a person should know about it."""

    account: Account
    notes: tuple[Words, ...] = ()


@dataclass(frozen=True, slots=True)
class Checked:
    """Whose shop an account is, as its platform says now."""

    account: Account
    identity: Identity


@dataclass(frozen=True, slots=True)
class _Draft:
    """Validated options, taken apart: what is public, what is secret, and the first tokens."""

    options: Options
    public: dict[str, Any]
    secrets: dict[str, str]
    tokens: Tokens | None


def add_account(
    engine: Engine,
    keys: Keys,
    *,
    home: Path,
    connector: str,
    name: str,
    options: Mapping[str, Any],
    settings: Settings | None = None,
    now: dt.datetime,
    allowed: frozenset[str] = OURS,
    load: Load | None = None,
    gate: Gate | None = None,
    on_call: OnCall | None = None,
) -> Added:
    """Add a shop: its sign-in is tried, and only then saved, secrets sealed.

    A platform with a consent page may be added without tokens: the account then waits for its sign-in
    (:class:`~syncer.channels.sign_in.SignIn`). It is live at once if its address is loopback or its shop is empty,
    otherwise read-only. Raises AccountError, UnknownConnector, BadOptions, and what the platform answers
    (ConnectorError); nothing is saved then.
    """
    name = check_name(name)
    found = connector_class(connector, allowed=allowed, load=load)
    draft = _draft(found, options, now)
    settings = settings or Settings()
    columns = settings.columns()
    with read(engine) as connection:
        refuse_name(connection, name)
    opened = build(found, draft.options, home=home, shop="new", tokens=lambda: draft.tokens, gate=gate, on_call=on_call)
    waits = draft.tokens is None and isinstance(opened, SignsIn)
    identity = _unconfirmed(draft.options) if waits else opened.check()
    empty = None if waits else first_look(opened, draft.public)
    values = {
        "name": name,
        "connector": connector,
        "state": State.SIGN_IN_NEEDED.value if waits else State.ACTIVE.value,
        "mode": first_mode(draft.public, empty=empty).value,
        "options": draft.public,
        "shop_id": identity.shop_id,
        "shop_name": identity.shop_name,
        "checked_at": None if waits else now,
        "looked_at": now if empty else None,
        "created_at": now,
        **columns,
    }
    account = _save_new(engine, keys, opened, draft, identity, values, settings, now)
    return Added(account, joining_notes(account, identity, waits=waits, sells=empty is False))


def reconnect(
    engine: Engine,
    keys: Keys,
    account: Account,
    *,
    home: Path,
    options: Mapping[str, Any] | None = None,
    now: dt.datetime,
    old_key_for: dt.timedelta = OLD_KEY_FOR,
    allowed: frozenset[str] = OURS,
    load: Load | None = None,
    gate: Gate | None = None,
    on_call: OnCall | None = None,
) -> Added:
    """Connect an account again, with new options or tokens on top of the stored ones.

    It must be the same shop as before. What its listings show counts as unknown until it was looked at. An account
    that leaves a loopback address is read-only again. If the app's secrets change, webhooks signed with the old ones
    are believed for ``old_key_for`` more. Raises AccountError and what the platform answers.
    """
    found = connector_class(account.connector, allowed=allowed, load=load)
    stored = dict(account.options) | open_options(keys, account.id, account.sealed_options)
    draft = _draft(found, stored | dict(options or {}), now)
    source = TokenSource(engine, keys, account.id)
    tokens: Callable[[], Tokens | None] = source if draft.tokens is None else lambda: draft.tokens
    opened = build(found, draft.options, home=home, shop=str(account.id), tokens=tokens, gate=gate, on_call=on_call)
    if draft.tokens is None and isinstance(opened, SignsIn):
        if source() is None:
            raise ConsentNeeded(consent_words(account.name))
        SignIn(keys).refresh_if_due(engine, account, opened, now)
    identity = opened.check()
    with write(engine) as connection:
        saved = _save_again(connection, keys, account, draft, identity, now, old_key_for)
    return Added(saved, joining_notes(saved, identity, waits=False) + accepted_note(account, saved))


def check_account(
    engine: Engine,
    keys: Keys,
    account: Account,
    *,
    home: Path,
    now: dt.datetime,
    allowed: frozenset[str] = OURS,
    load: Load | None = None,
    gate: Gate | None = None,
    on_call: OnCall | None = None,
) -> Checked:
    """Try the sign-in now, refreshing it if that is due, and keep what the platform says about the shop.

    A check that succeeds ends "sign-in needed". Raises AccountError for another shop, or what the platform answers.
    """
    connector = open_connector(
        account, engine=engine, keys=keys, home=home, gate=gate, on_call=on_call, allowed=allowed, load=load
    )
    manager = SignIn(keys)
    manager.refresh_if_due(engine, account, connector, now)
    try:
        identity = connector.check()
    except SignInNeeded:
        if manager.refresh_after_refusal(engine, account, connector, now) is not Refresh.REFRESHED:
            raise
        identity = connector.check()
    with write(engine) as connection:
        if account.shop_id and identity.shop_id != account.shop_id:
            _stop_other_shop(connection, account)
        else:
            _keep_identity(connection, load_account(connection, account.id), identity, now)
        checked = load_account(connection, account.id)
        wake_after_commit(connection)
    if checked.problem is not None and checked.problem.code == "other_shop":
        raise AccountError(checked.problem.words)
    return Checked(checked, identity)


def accept_shop(
    engine: Engine, keys: Keys, account: Account, connector: Connector, consent: Consent, *, now: dt.datetime
) -> Added:
    """Keep the sign-in of a shop that a person has confirmed, and let the account work.

    Raises AccountError for another shop than before, a shop that another account has, or a currency without a rate;
    nothing is kept then.
    """
    identity = consent.identity
    if account.shop_id and identity.shop_id != account.shop_id:
        raise AccountError(other_shop_words(account, identity))
    mode, empty = account.mode, None
    if not account.checked_at:
        with using_tokens(connector, consent.tokens):
            empty = first_look(connector, account.options)
        mode = first_mode(account.options, empty=empty)
    with write(engine) as connection:
        lock_accounts(connection)
        refuse_shop(connection, account.connector, identity, account.options, but=account.id)
        values: dict[str, Any] = {"state": State.ACTIVE.value, "problem": None, "mode": mode.value}
        if empty:
            values["looked_at"] = now
        if not account.checked_at:
            settings = Settings(currency=account.currency if account.rate else "", rate=account.rate)
            values["currency"] = shop_currency(connector, identity, account.catalogue_currency, settings)
            values["budget_group"] = budget_group(connection, connector, identity, account.name, but=account.id)
        connection.execute(update(t.account).where(t.account.c.id == account.id).values(**values))
        save_tokens(connection, keys, account.id, consent.tokens, now=now, consent_until=identity.access_until)
        _keep_identity(connection, load_account(connection, account.id), identity, now)
        _look_again(connection, account.id, now)
        saved = load_account(connection, account.id)
    return Added(saved, joining_notes(saved, identity, waits=False, sells=empty is False))


# --- before saving --------------------------------------------------------------------------------------------


def _draft(found: type[Connector], values: Mapping[str, Any], now: dt.datetime) -> _Draft:
    options = found.options_type.read(values)
    given = options.model_fields_set
    public = {name: value for name, value in options.public().items() if name in given and name not in TOKEN_OPTIONS}
    secrets = {name: value for name, value in options.secrets().items() if name not in TOKEN_OPTIONS}
    return _Draft(options, public, secrets, _first_tokens(found, options, now))


def _first_tokens(found: type[Connector], options: Options, now: dt.datetime) -> Tokens | None:
    opened = options.secrets()
    access = opened.get("access_token") or _plain(options, "access_token")
    if not access:
        return None
    refresh = opened.get("refresh_token") or _plain(options, "refresh_token")
    until = getattr(options, "access_expires_at", None)
    if isinstance(until, int | float):
        until = dt.datetime.fromtimestamp(until, dt.UTC)
    if not isinstance(until, dt.datetime):
        # An untold end means: refresh soon, but don't take the token for dead.
        ahead = getattr(found, "refresh_ahead_s", 0.0)
        until = now + (dt.timedelta(seconds=ahead) if refresh else _UNTOLD)
    return Tokens(access, refresh, until, shop_id=_plain(options, "shop_id"))


def _plain(options: Options, name: str) -> str:
    value = getattr(options, name, None)
    return str(value) if isinstance(value, str | int) else ""


def _unconfirmed(options: Options) -> Identity:
    return Identity(shop_id=_plain(options, "shop_id"), shop_name="")


# --- saving ---------------------------------------------------------------------------------------------------


def _save_new(
    engine: Engine,
    keys: Keys,
    opened: Connector,
    draft: _Draft,
    identity: Identity,
    values: dict[str, Any],
    settings: Settings,
    now: dt.datetime,
) -> Account:
    try:
        with write(engine) as connection:
            lock_accounts(connection)
            refuse_name(connection, values["name"])
            refuse_shop(connection, values["connector"], identity, draft.public)
            check_stock_owner(connection, settings.field_owners, settings.location_id, None)
            catalogue = catalogue_currency(connection)
            values["currency"] = shop_currency(opened, identity, catalogue, settings)
            values["budget_group"] = budget_group(connection, opened, identity, values["name"])
            account_id = int(
                connection.execute(insert(t.account).values(**values).returning(t.account.c.id)).scalar_one()
            )
            sealed = seal_options(keys, account_id, draft.secrets)
            connection.execute(update(t.account).where(t.account.c.id == account_id).values(sealed_options=sealed))
            if draft.tokens is not None:
                save_tokens(connection, keys, account_id, draft.tokens, now=now, consent_until=identity.access_until)
            wake_after_commit(connection)
            return load_account(connection, account_id)
    except IntegrityError:
        raise AccountError(name_words(values["name"])) from None


def _save_again(
    connection: Connection,
    keys: Keys,
    account: Account,
    draft: _Draft,
    identity: Identity,
    now: dt.datetime,
    old_key_for: dt.timedelta,
) -> Account:
    current = load_account(connection, account.id)
    if current.shop_id and identity.shop_id != current.shop_id:
        raise AccountError(other_shop_words(current, identity))
    lock_accounts(connection)
    refuse_shop(connection, current.connector, identity, draft.public, but=current.id)
    left_sandbox = sandbox_of(current.options) is not None and sandbox_of(draft.public) is None
    values: dict[str, Any] = {
        "options": draft.public,
        "sealed_options": seal_options(keys, current.id, draft.secrets),
        "shop_id": identity.shop_id,
        "state": State.ACTIVE.value,
        "problem": None,
        "blocked_until": None,
        "sweep_cursor": None,
    }
    values |= old_key_values(keys, current, draft.secrets, until=now + old_key_for, now=now)
    if current.state is State.DISCONNECTED or left_sandbox:
        # Nobody has watched what the shop sells meanwhile.
        values |= {"looked_at": None, "look_cursor": None}
    if left_sandbox:
        values["mode"] = Mode.READ_ONLY.value
    connection.execute(update(t.account).where(t.account.c.id == current.id).values(**values))
    if draft.tokens is not None:
        save_tokens(connection, keys, current.id, draft.tokens, now=now, consent_until=identity.access_until)
    _keep_identity(connection, load_account(connection, current.id), identity, now)
    _look_again(connection, current.id, now)
    return load_account(connection, current.id)


def _keep_identity(connection: Connection, account: Account, identity: Identity, now: dt.datetime) -> None:
    values: dict[str, Any] = {"shop_id": identity.shop_id, "shop_name": identity.shop_name, "checked_at": now}
    if account.state is State.SIGN_IN_NEEDED:
        values |= {"state": State.ACTIVE.value, "problem": None}
    connection.execute(update(t.account).where(t.account.c.id == account.id).values(**values))
    if identity.access_until is not None:
        where = t.sign_in.c.account_id == account.id
        connection.execute(update(t.sign_in).where(where).values(consent_until=identity.access_until))


def _look_again(connection: Connection, account_id: int, now: dt.datetime) -> None:
    """Count everything there as unknown: while we were away, sales and people may have changed it."""
    there = select(t.listing.c.id).where(t.listing.c.account_id == account_id, t.listing.c.remote_id.is_not(None))
    connection.execute(
        update(t.offer).where(t.offer.c.listing_id.in_(there)).values(price_unknown=True, quantity_unknown=True)
    )
    everything = Due.READ | Due.STOCK | Due.PRICE | Due.CONTENT
    mark_account(connection, account_id, everything, now=now, only_there=True)
    # The orders that were missed are read, from where they were read to, before anything more is shown.
    unread = update(order_read).where(order_read.c.account_id == account_id)
    connection.execute(unread.values(read_began_at=None, due_at=None, tries=0, problem=None))
    wake_after_commit(connection)


def _stop_other_shop(connection: Connection, account: Account) -> None:
    problem = Problem(
        "other_shop",
        Words(
            f'Izin akun "{account.name}" sekarang untuk toko lain, jadi tidak ada yang dikirim.',
            f'The sign-in of the account "{account.name}" is for another shop now, so nothing is sent.',
        ),
        Words(
            "Masuk lagi ke toko yang benar: `syncer account reconnect`.", "Sign in again: `syncer account reconnect`."
        ),
        Who.ADMINISTRATOR,
    )
    connection.execute(
        update(t.account)
        .where(t.account.c.id == account.id)
        .values(state=State.STOPPED.value, problem=problem.to_json())
    )
