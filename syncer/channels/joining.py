"""Add a shop, check it, and connect it again: always tested before anything is saved."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from syncer.channels.account_settings import Settings, check_account_currency, check_stock_owner
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
from syncer.domain.text import clean_text
from syncer.domain.words import Words
from syncer.sdk.contract import Connector, Identity, PublishesListings, SignsIn, Tokens
from syncer.sdk.errors import SignInNeeded
from syncer.sdk.http import Gate
from syncer.sdk.options import Options
from syncer.store import tables as t
from syncer.store.engine import Engine, is_sqlite, read, write
from syncer.store.marks import Due, mark_account
from syncer.store.wakeup import wake_after_commit

#: How long an access token is taken to last where neither the platform nor the options say.
_UNTOLD = dt.timedelta(days=365)
_GROUP_LENGTH = 120


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
        _refuse_name(connection, name)
    opened = build(found, draft.options, home=home, shop="new", tokens=lambda: draft.tokens, gate=gate, on_call=on_call)
    waits = draft.tokens is None and isinstance(opened, SignsIn)
    identity = _unconfirmed(draft.options) if waits else opened.check()
    mode = Mode.READ_ONLY if waits and not sandbox_of(draft.public) else first_mode(opened, draft.public)
    values = {
        "name": name,
        "connector": connector,
        "state": State.SIGN_IN_NEEDED.value if waits else State.ACTIVE.value,
        "mode": mode.value,
        "options": draft.public,
        "shop_id": identity.shop_id,
        "shop_name": identity.shop_name,
        "checked_at": None if waits else now,
        "created_at": now,
        **columns,
    }
    account = _save_new(engine, keys, opened, draft, identity, values, settings, now)
    return Added(account, _notes(account, identity, waits=waits))


def reconnect(
    engine: Engine,
    keys: Keys,
    account: Account,
    *,
    home: Path,
    options: Mapping[str, Any] | None = None,
    now: dt.datetime,
    allowed: frozenset[str] = OURS,
    load: Load | None = None,
    gate: Gate | None = None,
    on_call: OnCall | None = None,
) -> Added:
    """Connect an account again, with new options or tokens on top of the stored ones.

    It must be the same shop as before. What its listings show counts as unknown until it was looked at. An account
    that leaves a loopback address is read-only again. Raises AccountError and what the platform answers.
    """
    found = connector_class(account.connector, allowed=allowed, load=load)
    stored = dict(account.options) | open_options(keys, account.id, account.sealed_options)
    draft = _draft(found, stored | dict(options or {}), now)
    source = TokenSource(engine, keys, account.id)
    tokens: Callable[[], Tokens | None] = source if draft.tokens is None else lambda: draft.tokens
    opened = build(found, draft.options, home=home, shop=str(account.id), tokens=tokens, gate=gate, on_call=on_call)
    if draft.tokens is None and isinstance(opened, SignsIn):
        if source() is None:
            raise ConsentNeeded(_consent_words(account.name))
        SignIn(keys).refresh_if_due(engine, account, opened, now)
    identity = opened.check()
    with write(engine) as connection:
        saved = _save_again(connection, keys, account, draft, identity, now)
    return Added(saved, _notes(saved, identity, waits=False))


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
    mode = account.mode
    if not account.checked_at:
        with using_tokens(connector, consent.tokens):
            mode = first_mode(connector, account.options)
    with write(engine) as connection:
        _lock_accounts(connection)
        _refuse_shop(connection, account.connector, identity, account.options, but=account.id)
        values: dict[str, Any] = {"state": State.ACTIVE.value, "problem": None, "mode": mode.value}
        if not account.checked_at:
            settings = Settings(currency=account.currency if account.rate else "", rate=account.rate)
            values["currency"] = _currency(connector, identity, account.catalogue_currency, settings)
            values["budget_group"] = budget_group(connection, connector, identity, account.name, but=account.id)
        connection.execute(update(t.account).where(t.account.c.id == account.id).values(**values))
        save_tokens(connection, keys, account.id, consent.tokens, now=now, consent_until=identity.access_until)
        _keep_identity(connection, load_account(connection, account.id), identity, now)
        _look_again(connection, account.id, now)
        saved = load_account(connection, account.id)
    return Added(saved, _notes(saved, identity, waits=False))


def check_name(name: str) -> str:
    """Return a name that an account can have: 1 to 60 characters, not beginning with a dash."""
    cleaned = clean_text(name, max_length=60)
    if not cleaned or cleaned.startswith("-"):
        raise AccountError(
            Words(
                "Beri akun ini nama, misalnya --name toko-orange.",
                "Give the account a name, such as --name toko-orange.",
            )
        )
    return cleaned


def first_mode(connector: Connector, options: Mapping[str, Any]) -> Mode:
    """Return LIVE for a loopback address or a shop without listings, else READ_ONLY. May make one call."""
    if sandbox_of(options) is not None:
        return Mode.LIVE
    if not isinstance(connector, PublishesListings):
        return Mode.READ_ONLY
    page = connector.fetch_listings(None)
    return Mode.READ_ONLY if page.listings or page.cursor is not None else Mode.LIVE


def budget_group(
    connection: Connection, connector: Connector, identity: Identity, name: str, *, but: int | None = None
) -> str:
    """Return the group of accounts that share a budget by the platform's own rule; one worker owns a group.

    It is the key that an account already uses as its group, else the first key that names no shop, else the first.
    """
    keys = sorted({budget.key[:_GROUP_LENGTH] for budget in connector.budgets()})
    if not keys:
        return f"{connector.info.name}:{identity.shop_id or name}"[:_GROUP_LENGTH]
    query = select(t.account.c.budget_group).where(t.account.c.budget_group.in_(keys))
    if but is not None:
        query = query.where(t.account.c.id != but)
    used = connection.execute(query.order_by(t.account.c.budget_group).limit(1)).scalar()
    if used is not None:
        return str(used)
    shared = [key for key in keys if not identity.shop_id or identity.shop_id not in key.split(":")]
    return (shared or keys)[0]


def other_shop_words(account: Account, identity: Identity) -> Words:
    """Return what to say when a sign-in turns out to be for another shop."""
    shown = identity.shop_name or identity.shop_id
    return Words(
        f'Izin ini untuk toko lain ("{shown}"), bukan "{account.shop_name or account.shop_id}". Masuk dengan toko '
        "yang benar, atau tambahkan toko itu dengan `syncer account add`.",
        f'This sign-in is for another shop ("{shown}"), not "{account.shop_name or account.shop_id}". Sign in to the '
        "right shop, or add that one with `syncer account add`.",
    )


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


def _consent_words(name: str) -> Words:
    return Words(
        f"Satu langkah lagi: izinkan Syncer di halaman tokonya dengan `syncer account reconnect {name}`.",
        f"One step is left: allow Syncer on the shop's own page with `syncer account reconnect {name}`.",
    )


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
            _lock_accounts(connection)
            _refuse_name(connection, values["name"])
            _refuse_shop(connection, values["connector"], identity, draft.public)
            check_stock_owner(connection, settings.field_owners, settings.location_id, None)
            catalogue = catalogue_currency(connection)
            values["currency"] = _currency(opened, identity, catalogue, settings)
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
        raise AccountError(_name_words(values["name"])) from None


def _save_again(
    connection: Connection, keys: Keys, account: Account, draft: _Draft, identity: Identity, now: dt.datetime
) -> Account:
    current = load_account(connection, account.id)
    if current.shop_id and identity.shop_id != current.shop_id:
        raise AccountError(other_shop_words(current, identity))
    _lock_accounts(connection)
    _refuse_shop(connection, current.connector, identity, draft.public, but=current.id)
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


# --- refusing -------------------------------------------------------------------------------------------------


def _lock_accounts(connection: Connection) -> None:
    # SQLite has one writer at a time; PostgreSQL would let two processes add the same shop at the same moment.
    if not is_sqlite(connection):
        connection.execute(text("LOCK TABLE account IN SHARE ROW EXCLUSIVE MODE"))


def _refuse_name(connection: Connection, name: str) -> None:
    query = select(t.account.c.id).where(func.lower(t.account.c.name) == name.lower())
    if connection.execute(query).first() is not None:
        raise AccountError(_name_words(name))


def _name_words(name: str) -> Words:
    return Words(
        f'Sudah ada akun bernama "{name}". Pilih nama lain, atau sambungkan yang lama dengan '
        "`syncer account reconnect`.",
        f'There is an account called "{name}" already. Choose another name, or connect that one again with '
        "`syncer account reconnect`.",
    )


def _refuse_shop(
    connection: Connection,
    connector: str,
    identity: Identity,
    options: Mapping[str, Any],
    *,
    but: int | None = None,
) -> None:
    """Refuse a second account of one shop: both would publish the same products there. Two sandboxes are two shops."""
    if not identity.shop_id:
        return
    query = select(t.account.c.id, t.account.c.name, t.account.c.options).where(
        t.account.c.connector == connector, t.account.c.shop_id == identity.shop_id
    )
    for row in connection.execute(query):
        if row.id != but and sandbox_of(row.options) == sandbox_of(options):
            shown = identity.shop_name or identity.shop_id
            raise AccountError(
                Words(
                    f'Toko "{shown}" sudah ada sebagai akun "{row.name}". Satu toko satu akun; pakai '
                    "`syncer account reconnect` bila izinnya berubah.",
                    f'The shop "{shown}" is already there as the account "{row.name}". One shop has one account; use '
                    "`syncer account reconnect` if its sign-in changed.",
                )
            )


def _currency(connector: Connector, identity: Identity, catalogue: str, settings: Settings) -> str:
    known: Sequence[str] = connector.info.currencies
    currency = settings.currency or identity.currency or (known[0] if len(known) == 1 else catalogue)
    code = check_account_currency(currency, catalogue, settings.rate)
    if (identity.currency and code != identity.currency) or (known and code not in known):
        sold = identity.currency or ", ".join(known)
        raise AccountError(
            Words(
                f"Toko ini menjual dalam {sold}, bukan {code}. Tulis mata uang tokonya.",
                f"This shop sells in {sold}, not {code}. Write the shop's own currency.",
            )
        )
    return code


def _notes(account: Account, identity: Identity, *, waits: bool) -> tuple[Words, ...]:
    notes: list[Words] = []
    if waits:
        notes.append(_consent_words(account.name))
    if identity.test_shop and sandbox_of(account.options) is None:
        notes.append(
            Words(
                "Ini toko uji coba dari platformnya; pembeli tidak melihatnya.",
                "This is the platform's test shop; buyers don't see it.",
            )
        )
    if account.mode is Mode.READ_ONLY:
        notes.append(
            Words(
                "Akun ini hanya-baca: tokonya sudah berisi, dan Syncer belum membaca pesanan. Stok dan isi baru "
                "dikirim setelah pesanan bisa dibaca dan Anda menjalankan `syncer account go-live`.",
                "This account is read-only: its shop isn't empty, and Syncer doesn't read orders yet. Stock and "
                "content are sent only once orders are read in and you run `syncer account go-live`.",
            )
        )
    return tuple(notes)
