"""What is asked of a shop before it is kept: a name, one account per shop, a currency, a mode, a budget group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, func, select, text

from syncer.channels.account_settings import Settings, check_account_currency
from syncer.channels.connectors import sandbox_of
from syncer.channels.records import Account, AccountError, Mode
from syncer.domain.listing import Status
from syncer.domain.text import clean_text
from syncer.domain.words import Words
from syncer.sdk.contract import Connector, Identity, PublishesListings
from syncer.sdk.errors import ConnectorError
from syncer.store import tables as t
from syncer.store.engine import is_sqlite

_GROUP_LENGTH = 120


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


def is_empty(connector: Connector) -> bool | None:
    """Return whether a shop has no listings; ``None`` for a channel that doesn't say. Makes one call."""
    if not isinstance(connector, PublishesListings):
        return None
    page = connector.fetch_listings(None)
    return page.cursor is None and all(one.status is Status.DELETED for one in page.listings)


def first_look(connector: Connector, options: Mapping[str, Any]) -> bool | None:
    """Return whether a new shop is empty. One on a loopback address may also be silent: then ``None``."""
    try:
        return is_empty(connector)
    except ConnectorError:
        if sandbox_of(options) is None:
            raise
        return None


def first_mode(options: Mapping[str, Any], *, empty: bool | None) -> Mode:
    """Return LIVE for a loopback address or a shop without listings, else READ_ONLY."""
    return Mode.LIVE if empty or sandbox_of(options) is not None else Mode.READ_ONLY


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


def lock_accounts(connection: Connection) -> None:
    """Let one process at a time add or move accounts."""
    # SQLite has one writer at a time; PostgreSQL would let two processes add the same shop at the same moment.
    if not is_sqlite(connection):
        connection.execute(text("LOCK TABLE account IN SHARE ROW EXCLUSIVE MODE"))


def refuse_name(connection: Connection, name: str) -> None:
    """Refuse a name that another account has, whatever its capitals."""
    query = select(t.account.c.id).where(func.lower(t.account.c.name) == name.lower())
    if connection.execute(query).first() is not None:
        raise AccountError(name_words(name))


def name_words(name: str) -> Words:
    """Return what to say about a name that is taken."""
    return Words(
        f'Sudah ada akun bernama "{name}". Pilih nama lain, atau sambungkan yang lama dengan '
        "`syncer account reconnect`.",
        f'There is an account called "{name}" already. Choose another name, or connect that one again with '
        "`syncer account reconnect`.",
    )


def refuse_shop(
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


def shop_currency(connector: Connector, identity: Identity, catalogue: str, settings: Settings) -> str:
    """Return the currency to sell in; refuses one that the shop doesn't sell in, or one without a rate."""
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


def joining_notes(account: Account, identity: Identity, *, waits: bool, sells: bool = False) -> tuple[Words, ...]:
    """Return what a person should know about an account that was just added or connected.

    ``sells``: the shop is new here, and has listings.
    """
    notes: list[Words] = []
    if waits:
        notes.append(consent_words(account.name))
    if identity.test_shop and sandbox_of(account.options) is None:
        notes.append(
            Words(
                "Ini toko uji coba dari platformnya; pembeli tidak melihatnya.",
                "This is the platform's test shop; buyers don't see it.",
            )
        )
    if sells and account.mode is Mode.LIVE:
        notes.append(
            Words(
                "Toko simulasi ini sudah berisi. Cocokkan dulu isinya dengan `syncer account adopt`: produk yang "
                "SKU-nya sudah dijual di sana tidak diterbitkan sebelum diikat.",
                "This sandbox isn't empty. Match what it sells with `syncer account adopt` first: a product whose SKU "
                "is sold there already isn't published until it is bound.",
            )
        )
    if account.mode is Mode.READ_ONLY:
        notes.append(
            Words(
                "Akun ini hanya-baca: tokonya sudah berisi. Cocokkan dulu isinya dengan `syncer account adopt`, lalu "
                "`syncer account go-live`: pesanan yang belum dikirim dibaca dulu, baru stok dan isi dikirim.",
                "This account is read-only: its shop isn't empty. Match what it sells with `syncer account adopt`, "
                "then use `syncer account go-live`: its open orders are read first, and only then anything is sent.",
            )
        )
    return tuple(notes)


def consent_words(name: str) -> Words:
    """Return what to do for an account that waits for consent."""
    return Words(
        f"Satu langkah lagi: izinkan Syncer di halaman tokonya dengan `syncer account reconnect {name}`.",
        f"One step is left: allow Syncer on the shop's own page with `syncer account reconnect {name}`.",
    )
