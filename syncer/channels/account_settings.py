"""The rules of an account: price, stock shown, field owners, defaults. A change marks what it touches, as one cause."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import Connection, select, update

from syncer.channels.publishing import new_cause
from syncer.channels.records import Account, AccountError, Owner, Package, load_account, rate_to_json
from syncer.domain.listing import Json
from syncer.domain.money import check_currency
from syncer.domain.pricing import PriceRule, Rate
from syncer.domain.stock import STOCK_MAX, Allocation
from syncer.domain.words import Words
from syncer.store import tables as t
from syncer.store.marks import Due, mark_account
from syncer.store.wakeup import wake_after_commit

#: Whose word can be told apart: what the sweep compares, whichever kind of shop shows it.
OWNED_FIELDS = (
    "title",
    "description",
    "price",
    "stock",
    "status",
    "variant",
    "pictures",
    "option_images",
    "category",
    "attributes",
    "brand",
    "condition",
    "is_pre_owned",
    "weight_g",
    "dimension_cm",
    "gtin",
    "barcodes",
    "logistics",
    "pre_order_days",
    "item_sku",
    "listing_platforms",
    "terms",
)
_MAX_WEIGHT_G, _MAX_SIZE_MM = 1_000_000, 10_000
_FEE_MAX = Decimal(1_000_000_000)


@dataclass(frozen=True, slots=True)
class Settings:
    """What a person may set on an account; see :class:`~syncer.channels.records.Account` for the meanings.

    ``currency`` "" takes the shop's own. ``listing`` goes into every listing (shipping, brand).
    """

    currency: str = ""
    rate: Rate | None = None
    price_rule: PriceRule = field(default_factory=PriceRule)
    tax_included: bool = True
    allocation: Allocation = field(default_factory=Allocation)
    location_id: int | None = None
    field_owners: Mapping[str, Owner] = field(default_factory=dict)
    listing: Mapping[str, Json] = field(default_factory=dict)
    package_defaults: Mapping[str, Package] = field(default_factory=dict)
    time_zone: str = "Asia/Jakarta"
    brake: Mapping[str, Json] = field(default_factory=dict)

    def columns(self) -> dict[str, Any]:
        """Return the checked values as columns of the account table, the currency left out."""
        check_rule(self.price_rule)
        check_allocation(self.allocation)
        return {
            "rate": rate_to_json(check_rate(self.rate)),
            "price_rule": self.price_rule.to_json(),
            "tax_included": self.tax_included,
            "buffer": self.allocation.buffer,
            "cap": self.allocation.cap,
            "location_id": self.location_id,
            "field_owners": {check_field(name): Owner(owner).value for name, owner in self.field_owners.items()},
            "settings": dict(self.listing),
            "package_defaults": {key: check_package(value).to_json() for key, value in self.package_defaults.items()},
            "time_zone": check_time_zone(self.time_zone),
            "brake": check_brake(self.brake),
        }


@dataclass(frozen=True, slots=True)
class Changed:
    """An account after a change, and how many of its listings are due because of it."""

    account: Account
    marked: int


def set_rule(
    connection: Connection, account: Account, rule: PriceRule, *, now: dt.datetime, actor: str = ""
) -> Changed:
    """Set how this account's prices follow from the base prices."""
    check_rule(rule)
    values = {"price_rule": rule.to_json()}
    return _change(connection, account, values, Due.PRICE, "price rule", now, actor)


def set_tax(
    connection: Connection, account: Account, *, included: bool, percent: Decimal, now: dt.datetime, actor: str = ""
) -> Changed:
    """Set whether base prices include tax already, and the percent to add on this account where they don't."""
    current = account.price_rule
    rule = PriceRule(current.markup_percent, current.fixed_fee, percent, current.round_to, current.ending)
    check_rule(rule)
    values = {"price_rule": rule.to_json(), "tax_included": included}
    return _change(connection, account, values, Due.PRICE, "tax", now, actor)


def set_rate(
    connection: Connection, account: Account, rate: Rate | None, *, now: dt.datetime, actor: str = ""
) -> Changed:
    """Set the dated exchange rate. An account in another currency than the catalogue's can't go without."""
    if rate is None and account.currency != account.catalogue_currency:
        raise AccountError(rate_words(account.currency, account.catalogue_currency))
    values = {"rate": rate_to_json(check_rate(rate))}
    return _change(connection, account, values, Due.PRICE, "rate", now, actor)


def set_allocation(
    connection: Connection, account: Account, allocation: Allocation, *, now: dt.datetime, actor: str = ""
) -> Changed:
    """Set the safety buffer and the cap: how much of the free stock this account shows."""
    check_allocation(allocation)
    values = {"buffer": allocation.buffer, "cap": allocation.cap}
    return _change(connection, account, values, Due.STOCK, "allocation", now, actor)


def set_location(
    connection: Connection, account: Account, code: str | None, *, now: dt.datetime, actor: str = ""
) -> Changed:
    """Sell from one location only, by its code (consignment), or from all pooled ones (``None``)."""
    location_id = find_location(connection, code) if code else None
    check_stock_owner(connection, account.field_owners, location_id, account.id)
    return _change(connection, account, {"location_id": location_id}, Due.STOCK, "location", now, actor)


def set_owner(
    connection: Connection, account: Account, name: str, owner: Owner, *, now: dt.datetime, actor: str = ""
) -> Changed:
    """Set whose word counts for one field (``price``, ``stock`` or a content field). What is ours is looked at again.

    ``theirs`` for stock is possible on one account per location only: two shops can't both say how many there are.
    """
    owners = dict(account.field_owners) | {check_field(name): owner}
    check_stock_owner(connection, owners, account.location_id, account.id)
    values = {"field_owners": {key: value.value for key, value in owners.items()}}
    due = {"stock": Due.STOCK, "price": Due.PRICE}.get(name, Due.CONTENT)
    return _change(connection, account, values, due, f"owner of {name}", now, actor)


def set_package_default(
    connection: Connection, account: Account, category_key: str, package: Package, *, now: dt.datetime, actor: str = ""
) -> Changed:
    """Set weight and size to assume for a category ("*": all others) where a variant's own aren't known."""
    defaults = {key: value.to_json() for key, value in account.package_defaults.items()}
    given = check_package(package).to_json()
    if given:
        defaults[category_key] = given
    else:
        defaults.pop(category_key, None)
    return _change(connection, account, {"package_defaults": defaults}, Due.CONTENT, "package", now, actor)


def set_listing_settings(
    connection: Connection, account: Account, settings: Mapping[str, Json], *, now: dt.datetime, actor: str = ""
) -> Changed:
    """Set values that go into every listing of the account (shipping template, brand). ``None`` removes one."""
    merged = {key: value for key, value in (dict(account.settings) | dict(settings)).items() if value is not None}
    return _change(connection, account, {"settings": merged}, Due.CONTENT, "listing settings", now, actor)


def set_time_zone(connection: Connection, account: Account, name: str) -> Changed:
    """Set the shop's time zone (an IANA name): it decides where a day begins, and touches no listing."""
    return _change(connection, account, {"time_zone": check_time_zone(name)})


def set_priority(connection: Connection, account: Account, n: int) -> Changed:
    """Set who comes first where a piece can be at one account only: the smallest number does."""
    return _change(connection, account, {"priority": n})


def set_brake(connection: Connection, account: Account, brake: Mapping[str, Json]) -> Changed:
    """Set when bulk changes wait for a person: ``share`` (0 to 1) *and* ``count`` of listings per cause."""
    return _change(connection, account, {"brake": check_brake(dict(account.brake) | dict(brake))})


def _change(
    connection: Connection,
    account: Account,
    values: Mapping[str, Any],
    due: Due | None = None,
    note: str = "",
    now: dt.datetime | None = None,
    actor: str = "",
) -> Changed:
    connection.execute(update(t.account).where(t.account.c.id == account.id).values(**values))
    marked = 0
    if due is not None and now is not None:
        cause_id = new_cause(connection, "account", note=f"{account.name}: {note}", actor=actor, now=now)
        marked = mark_account(connection, account.id, due, now=now, cause_id=cause_id)
    wake_after_commit(connection)
    return Changed(load_account(connection, account.id), marked)


def find_location(connection: Connection, code: str) -> int:
    """Return the id of the location with this code."""
    found = connection.execute(select(t.location.c.id).where(t.location.c.code == code.strip())).scalar()
    if found is None:
        known = ", ".join(connection.execute(select(t.location.c.code).order_by(t.location.c.code)).scalars()) or "-"
        raise AccountError(
            Words(
                f'Lokasi "{code[:40]}" tidak ada. Yang ada: {known}.',
                f'There is no location "{code[:40]}". There are: {known}.',
            )
        )
    return int(found)


def check_stock_owner(
    connection: Connection, owners: Mapping[str, Owner], location_id: int | None, account_id: int | None
) -> None:
    """Refuse a second account that takes stock in from its shop at the same location."""
    if owners.get("stock") is not Owner.THEIRS:
        return
    query = select(t.account.c.id, t.account.c.name, t.account.c.location_id, t.account.c.field_owners)
    for row in connection.execute(query):
        if row.id != account_id and row.location_id == location_id and row.field_owners.get("stock") == Owner.THEIRS:
            raise AccountError(
                Words(
                    f'Stok lokasi ini sudah diambil dari akun "{row.name}". Hanya satu akun per lokasi yang boleh '
                    "menentukan stok.",
                    f'The stock of this location is already taken from the account "{row.name}". Only one account '
                    "per location may decide it.",
                )
            )


def check_rule(rule: PriceRule) -> None:
    """Refuse a price rule that can't be meant."""
    sane = (
        all(value.is_finite() for value in (rule.markup_percent, rule.fixed_fee, rule.tax_percent))
        and -90 <= rule.markup_percent <= 1000
        and abs(rule.fixed_fee) <= _FEE_MAX
        and 0 <= rule.tax_percent <= 100
        and 0 <= rule.round_to <= 1_000_000
    )
    if not sane:
        raise AccountError(
            Words(
                "Aturan harga tidak masuk akal. Markup dari -90 sampai 1000 persen, pajak 0 sampai 100 persen, "
                "pembulatan 0 sampai 1.000.000.",
                "The price rule can't be meant. Markup is -90 to 1000 percent, tax 0 to 100 percent, "
                "rounding 0 to 1,000,000.",
            )
        )
    if rule.ending is not None and not 0 <= rule.ending < rule.round_to:
        raise AccountError(
            Words(
                "Akhiran harga harus lebih kecil dari pembulatannya, misalnya akhiran 900 dengan pembulatan 1000.",
                "A price ending must be smaller than its rounding, such as ending 900 with rounding 1000.",
            )
        )


def check_allocation(allocation: Allocation) -> None:
    """Refuse a negative buffer or cap."""
    cap = 0 if allocation.cap is None else allocation.cap
    if not (0 <= allocation.buffer <= STOCK_MAX and 0 <= cap <= STOCK_MAX):
        raise AccountError(
            Words(
                "Stok cadangan dan batas tampil harus angka dari 0 sampai 1.000.000.",
                "Buffer and cap must be numbers from 0 to 1,000,000.",
            )
        )


def check_rate(rate: Rate | None) -> Rate | None:
    """Refuse a rate that isn't positive."""
    if rate is not None and not (rate.factor.is_finite() and 0 < rate.factor <= _FEE_MAX):
        raise AccountError(
            Words(
                "Kurs harus lebih besar dari 0, misalnya 0.000061 untuk rupiah ke dolar.",
                "A rate must be above 0, such as 0.000061 from rupiah to dollars.",
            )
        )
    return rate


def rate_words(currency: str, catalogue: str) -> Words:
    """Return what to say about an account in another currency without a rate."""
    return Words(
        f"Toko ini menjual dalam {currency}, katalog dalam {catalogue}. Beri kurs bertanggal: "
        "--rate 0.000061 --rate-day 2026-01-31.",
        f"This shop sells in {currency}, the catalogue is in {catalogue}. Give a dated rate: "
        "--rate 0.000061 --rate-day 2026-01-31.",
    )


def check_account_currency(currency: str, catalogue: str, rate: Rate | None) -> str:
    """Return the currency if the account can sell in it: the catalogue's own, or another with a dated rate."""
    code = check_currency(currency)
    if code != catalogue and rate is None:
        raise AccountError(rate_words(code, catalogue))
    return code


def check_field(name: str) -> str:
    """Return the name of a field, if it can be one."""
    if name not in OWNED_FIELDS:
        known = ", ".join(OWNED_FIELDS)
        raise AccountError(
            Words(
                f'Nama isian "{name[:40]}" tidak dikenal. Yang ada: {known}.',
                f'The field "{name[:40]}" is unknown. There are: {known}.',
            )
        )
    return name


def check_package(package: Package) -> Package:
    """Refuse weights over a tonne and sizes over ten metres, and what is not above 0."""
    sizes = (package.length_mm, package.width_mm, package.height_mm)
    good = (package.weight_g is None or 0 < package.weight_g <= _MAX_WEIGHT_G) and all(
        size is None or 0 < size <= _MAX_SIZE_MM for size in sizes
    )
    if not good:
        raise AccountError(
            Words(
                "Berat harus 1 sampai 1.000.000 gram, ukuran 1 sampai 10.000 milimeter.",
                "Weight must be 1 to 1,000,000 grams, sizes 1 to 10,000 millimetres.",
            )
        )
    return package


def check_time_zone(name: str) -> str:
    """Return the name of a time zone that exists."""
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise AccountError(
            Words(
                f'Zona waktu "{name[:40]}" tidak dikenal. Misalnya: Asia/Jakarta, Asia/Makassar, Asia/Jayapura.',
                f'The time zone "{name[:40]}" is unknown. For example: Asia/Jakarta, Asia/Makassar, Asia/Jayapura.',
            )
        ) from None


def check_brake(brake: Mapping[str, Json]) -> dict[str, Json]:
    """Return the brake's limits, if they can be ones."""
    share, count = brake.get("share"), brake.get("count")
    good = set(brake) <= {"share", "count", "price_percent"}
    good = good and (share is None or (isinstance(share, int | float) and 0 <= share <= 1))
    good = good and (count is None or (isinstance(count, int) and count >= 0))
    if not good:
        raise AccountError(
            Words(
                "Rem tidak bisa dipakai. Isi share dari 0 sampai 1, count angka bulat, price_percent angka.",
                "The brake can't be used. Give share from 0 to 1, count a whole number, price_percent a number.",
            )
        )
    return dict(brake)
