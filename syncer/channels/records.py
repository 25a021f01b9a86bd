"""A channel account as a value, and how it is read from the database."""

from __future__ import annotations

import datetime as dt
import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, bindparam, func, select

from syncer.domain.listing import Json
from syncer.domain.pricing import PriceRule, Rate
from syncer.domain.problem import Problem
from syncer.domain.stock import Allocation
from syncer.domain.words import SyncerError, Words
from syncer.store import tables as t

#: The catalogue's currency where ``meta`` names none.
DEFAULT_CURRENCY = "IDR"


class AccountError(SyncerError):
    """Something about a channel account that a person must put right first; the sentence says how."""


class UnknownAccount(AccountError):
    """No account has that name."""


class State(StrEnum):
    """Whether an account works. Only ACTIVE sends anything."""

    ACTIVE = "active"
    PAUSED = "paused"
    DISCONNECTED = "disconnected"
    SIGN_IN_NEEDED = "sign_in_needed"
    STOPPED = "stopped"


class Mode(StrEnum):
    """READ_ONLY reads the shop and sends nothing, until the shop has gone live."""

    READ_ONLY = "read_only"
    LIVE = "live"


class Owner(StrEnum):
    """Whose word counts when the shop shows something else: ours (put back), theirs (taken in), ask a person."""

    OURS = "ours"
    THEIRS = "theirs"
    ASK = "ask"


@dataclass(frozen=True, slots=True)
class Package:
    """Weight in grams and size of the packed piece in millimetres; ``None`` is not known."""

    weight_g: int | None = None
    length_mm: int | None = None
    width_mm: int | None = None
    height_mm: int | None = None

    def to_json(self) -> dict[str, int]:
        """Return what is known, as a JSON object that :meth:`from_json` reads back."""
        values = {
            "weight_g": self.weight_g,
            "length_mm": self.length_mm,
            "width_mm": self.width_mm,
            "height_mm": self.height_mm,
        }
        return {name: value for name, value in values.items() if value is not None}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Package:
        """Read what :meth:`to_json` wrote."""
        return cls(
            **{
                name: int(value[name])
                for name in ("weight_g", "length_mm", "width_mm", "height_mm")
                if value.get(name) is not None
            }
        )


@dataclass(frozen=True, slots=True)
class Account:
    """One shop's sign-in with all its rules. Secrets are not in it: ``sealed_options`` is cipher text.

    ``allocation`` says how much of the free stock it shows; ``location_id`` limits that to one location
    (``None``: all pooled ones). ``field_owners`` maps field names to owners, default ours.
    ``package_defaults`` maps category keys ("*": all others) to a package. ``settings`` go into every listing
    of the account (shipping, brand). ``looked_at`` is when the shop was last looked through for what it sells besides
    ours (``None``: never). ``catalogue_currency`` is what base prices are in. Times are aware UTC.
    ``sealed_old_options`` are the secrets before the last change: webhooks signed with them are believed until
    ``old_options_until`` (security.md W4).
    """

    id: int
    name: str
    connector: str
    state: State
    mode: Mode
    shop_id: str
    shop_name: str
    budget_group: str
    currency: str
    catalogue_currency: str
    rate: Rate | None
    price_rule: PriceRule
    tax_included: bool
    allocation: Allocation
    location_id: int | None
    field_owners: Mapping[str, Owner]
    settings: Mapping[str, Json]
    package_defaults: Mapping[str, Package]
    time_zone: str
    brake: Mapping[str, Json]
    problem: Problem | None
    blocked_until: dt.datetime | None
    checked_at: dt.datetime | None
    swept_at: dt.datetime | None
    sweep_cursor: str | None
    created_at: dt.datetime
    options: Mapping[str, Json]
    access_until: dt.datetime | None = None
    refresh_until: dt.datetime | None = None
    consent_until: dt.datetime | None = None
    signed_in: bool = False
    sealed_options: str = field(default="", repr=False)
    sealed_old_options: str = field(default="", repr=False)
    old_options_until: dt.datetime | None = None
    looked_at: dt.datetime | None = None

    @property
    def sends(self) -> bool:
        """Whether anything may be written to the shop now."""
        return self.state is State.ACTIVE and self.mode is Mode.LIVE

    @property
    def reads_orders(self) -> bool:
        """Whether its orders are read now: also while it is paused, since buyers can still buy there."""
        return self.state in (State.ACTIVE, State.PAUSED) and self.mode is Mode.LIVE

    def owner(self, name: str) -> Owner:
        """Return whose word counts for the field ``name`` (``price``, ``stock``, ``title`` ...)."""
        return self.field_owners.get(name, Owner.OURS)

    def package_default(self, category_key: str) -> Package:
        """Return the package to assume for a piece of ``category_key`` where the variant's own isn't known."""
        default = self.package_defaults.get("*", Package())
        own = self.package_defaults.get(category_key)
        if own is None:
            return default
        return Package.from_json({**default.to_json(), **own.to_json()})


def catalogue_currency(connection: Connection) -> str:
    """Return the currency that base prices are in."""
    found = connection.execute(_CURRENCY).scalar()
    return str(found) if found else DEFAULT_CURRENCY


def load_accounts(connection: Connection) -> list[Account]:
    """Return every account, by name."""
    currency = catalogue_currency(connection)
    rows = connection.execute(_query().order_by(t.account.c.name)).mappings()
    return [_account(row, currency) for row in rows]


def load_account(connection: Connection, account_id: int) -> Account:
    """Return the account with this id as it is now. Raises :class:`UnknownAccount` if it was removed."""
    row = connection.execute(_BY_ID, {"wanted": account_id}).mappings().one_or_none()
    if row is None:
        raise UnknownAccount(
            Words("Akun toko ini sudah dihapus dari Syncer.", "This shop account has been removed from Syncer.")
        )
    return _account(row, catalogue_currency(connection))


def get_account(connection: Connection, name: str) -> Account:
    """Return the account called ``name`` (capitals don't matter). Raises :class:`UnknownAccount` with suggestions."""
    wanted = name.strip()
    query = _query().where(func.lower(t.account.c.name) == wanted.lower())
    row = connection.execute(query).mappings().first()
    if row is not None:
        return _account(row, catalogue_currency(connection))
    names = list(connection.execute(select(t.account.c.name).order_by(t.account.c.name)).scalars())
    raise UnknownAccount(_unknown_words(wanted, names))


def _query() -> Select[Any]:
    source = t.account.outerjoin(t.sign_in, t.sign_in.c.account_id == t.account.c.id)
    return select(
        t.account,
        t.sign_in.c.account_id.label("signed_in_id"),
        t.sign_in.c.access_until,
        t.sign_in.c.refresh_until,
        t.sign_in.c.consent_until,
    ).select_from(source)


def _account(row: RowMapping, currency: str) -> Account:
    return Account(
        id=row["id"],
        name=row["name"],
        connector=row["connector"],
        state=State(row["state"]),
        mode=Mode(row["mode"]),
        shop_id=row["shop_id"],
        shop_name=row["shop_name"],
        budget_group=row["budget_group"],
        currency=row["currency"],
        catalogue_currency=currency,
        rate=rate_from_json(row["rate"]),
        price_rule=PriceRule.from_json(row["price_rule"]),
        tax_included=row["tax_included"],
        allocation=Allocation(row["buffer"], row["cap"]),
        location_id=row["location_id"],
        field_owners={name: Owner(owner) for name, owner in row["field_owners"].items()},
        settings=row["settings"],
        package_defaults={key: Package.from_json(value) for key, value in row["package_defaults"].items()},
        time_zone=row["time_zone"],
        brake=row["brake"],
        problem=Problem.from_json(row["problem"]) if row["problem"] else None,
        blocked_until=row["blocked_until"],
        checked_at=row["checked_at"],
        swept_at=row["swept_at"],
        sweep_cursor=row["sweep_cursor"],
        looked_at=row["looked_at"],
        created_at=row["created_at"],
        options=row["options"],
        access_until=row["access_until"],
        refresh_until=row["refresh_until"],
        consent_until=row["consent_until"],
        signed_in=row["signed_in_id"] is not None,
        sealed_options=row["sealed_options"],
        sealed_old_options=row["sealed_old_options"],
        old_options_until=row["old_options_until"],
    )


# What every round of a worker asks, built once.
_CURRENCY = select(t.meta.c.value).where(t.meta.c.key == "currency")
_BY_ID = _query().where(t.account.c.id == bindparam("wanted"))


def rate_to_json(rate: Rate | None) -> dict[str, str] | None:
    """Return a rate as a JSON object that :func:`rate_from_json` reads back."""
    return None if rate is None else {"factor": str(rate.factor), "day": rate.day.isoformat()}


def rate_from_json(value: Mapping[str, str] | None) -> Rate | None:
    """Read what :func:`rate_to_json` wrote."""
    return None if value is None else Rate(Decimal(value["factor"]), dt.date.fromisoformat(value["day"]))


def _unknown_words(wanted: str, names: Sequence[str]) -> Words:
    shown = wanted[:60]
    if not names:
        return Words(
            f'Akun toko "{shown}" tidak ada; belum ada akun sama sekali. Tambahkan dengan `syncer account add`.',
            f'There is no shop account "{shown}"; there is none at all yet. Add one with `syncer account add`.',
        )
    by_key = {name.lower(): name for name in names}
    near = [by_key[key] for key in difflib.get_close_matches(wanted.lower(), by_key, n=3, cutoff=0.5)]
    known = ", ".join(near or names[:10])
    if near:
        return Words(
            f'Akun toko "{shown}" tidak ada. Maksud Anda: {known}?',
            f'There is no shop account "{shown}". Did you mean: {known}?',
        )
    return Words(
        f'Akun toko "{shown}" tidak ada. Yang ada: {known}.',
        f'There is no shop account "{shown}". There are: {known}.',
    )
