"""Why a number that an account may show isn't what lies on the shelf: by name, in words for people.

The rules are those of :mod:`syncer.inventory.free`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection, select

from syncer.domain.words import Words
from syncer.inventory.free import Supply, load_supply
from syncer.store.batches import batches
from syncer.store.tables import account, variant


@dataclass(frozen=True, slots=True)
class Cause:
    """One thing that makes a number another: a code for scripts, and words."""

    code: str
    words: Words


@dataclass(frozen=True, slots=True)
class Names:
    """What the causes of a supply are called: accounts by id, and SKUs of the parts of bundles by variant id."""

    accounts: Mapping[int, str] = field(default_factory=dict)
    skus: Mapping[int, str] = field(default_factory=dict)


def load_names(connection: Connection, supply: Supply) -> Names:
    """Return the names that :func:`why` needs; reads nothing where nothing is shared."""
    parts = sorted({part for found in supply.parts.values() for part, _pieces in found})
    accounts: dict[int, str] = {}
    skus: dict[int, str] = {}
    if supply.aside or supply.stuck:
        accounts = dict(connection.execute(select(account.c.id, account.c.name)).tuples().all())
    for some in batches(parts):
        query = select(variant.c.id, variant.c.sku).where(variant.c.id.in_(some))
        skus |= dict(connection.execute(query).tuples().all())
    return Names(accounts, skus)


def why(
    supply: Supply, names: Names, variant_id: int, account_id: int | None, location_id: int | None
) -> Iterator[Cause]:
    """Yield what makes ``supply.free`` of a variant another number than its shelf says; the arguments are the same."""
    parts = supply.parts.get(variant_id)
    if parts is not None:
        makes = {
            part: 0 if part in supply.ended else supply.free(part, account_id, location_id) // pieces
            for part, pieces in parts
        }
        scarce = min(makes, key=lambda part: makes[part])
        sku, most = names.skus.get(scarce, ""), makes[scarce]
        yield _cause("bundle", f"Paket: {sku} cukup untuk {most}.", f"A bundle: {sku} is enough for {most}.")
        yield from why(supply, names, scarce, account_id, location_id)
    elif variant_id in supply.week:
        left = supply.week[variant_id]
        yield _cause(
            "made_to_order",
            f"Dibuat sesuai pesanan: sisa kapasitas perajin di minggu siapnya {left}.",
            f"Made to order: {left} left of its crafter's week in which an order of today has to be ready.",
        )
    else:
        yield from _aside(supply, names, variant_id, account_id, location_id)
    for one in supply.stuck.get(variant_id, ()):
        if one.account_id != account_id and one.location_id == location_id:
            name = names.accounts.get(one.account_id, "")
            yield _cause(
                "stuck",
                f"{name} belum bisa dihentikan menjualnya, jadi toko lain menunjukkan 0.",
                f"{name} can't be stopped from selling it, so other shops show 0.",
            )


def notes(
    connection: Connection, variant_ids: Collection[int], *, now: dt.datetime | None = None
) -> dict[int, tuple[Cause, ...]]:
    """Return why shops that sell from the pool may show another number than is free there; others are left out."""
    supply = load_supply(connection, variant_ids, now=now)
    names = load_names(connection, supply)
    found: dict[int, tuple[Cause, ...]] = {}
    for key in variant_ids:
        here = sum(pieces for place, pieces in supply.levels.get(key, {}).items() if place in supply.pooled)
        if supply.free(key, None, None) != here:
            found[key] = tuple(why(supply, names, key, None, None))
    return found


def _aside(
    supply: Supply, names: Names, variant_id: int, account_id: int | None, location_id: int | None
) -> Iterator[Cause]:
    places = supply.pooled if location_id is None else frozenset((location_id,))
    for one in supply.aside.get(variant_id, ()):
        pieces = one.taken_from(account_id)
        if one.location_id in places and pieces:
            name = names.accounts.get(one.account_id, "")
            yield _cause(
                "campaign", f"Kampanye di {name}: {pieces} disisihkan.", f"A campaign on {name}: {pieces} set aside."
            )


def _cause(code: str, indonesian: str, english: str) -> Cause:
    return Cause(code, Words(indonesian, english))
