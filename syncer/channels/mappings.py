"""Which category of a channel one of ours is there: by account, else by channel, else as shipped with the project."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, bindparam, delete, insert, select

from syncer.channels.facts import read_fact, save_fact
from syncer.channels.publishing import new_cause
from syncer.channels.records import Account, AccountError
from syncer.domain.listing import Json
from syncer.domain.taxonomy import Category, RemoteCategory
from syncer.domain.words import Words
from syncer.sdk.contract import Connector, HasTaxonomy
from syncer.store import tables as t
from syncer.store.engine import Engine, write
from syncer.store.marks import Due, Lane, mark
from syncer.store.wakeup import wake_after_commit

#: Key of the account fact that holds the channel's category tree.
TREE = "category_tree"
#: Where a mapping came from.
ACCOUNT, CHANNEL, SHIPPED = "account", "channel", "shipped"
_LEAST_SCORE = 45.0

#: The mapping shipped with the project: (connector, our category key) to the channel's id, or ``None``.
#: It is ``syncer.catalogue.taxonomy.mapped``, handed in because the catalogue stands on the same floor.
ShippedMap = Callable[[str, str], str | None]


@dataclass(frozen=True, slots=True)
class CategoryMapping:
    """The channel's category (``remote_id``) and attribute values for one of our categories, and who said so.

    ``attributes`` maps the channel's attribute ids to values. ``origin`` is account, channel or shipped.
    """

    remote_id: str
    origin: str
    attributes: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A category of the channel that may fit: its id, its path by names, and 0 to 100 for how well."""

    remote_id: str
    path: str
    score: float


_THESE = (
    select(t.category_mapping)
    .where(
        t.category_mapping.c.connector == bindparam("of_connector"),
        t.category_mapping.c.account_id.in_(bindparam("accounts", expanding=True)),
        t.category_mapping.c.category_key.in_(bindparam("keys", expanding=True)),
    )
    .order_by(t.category_mapping.c.account_id)
)


def resolve_categories(
    connection: Connection, account: Account, category_keys: Sequence[str], *, shipped: ShippedMap | None = None
) -> dict[str, CategoryMapping]:
    """Return the mappings that count for ``account``, by our key; keys without one are left out."""
    keys = sorted({key for key in category_keys if key})
    found: dict[str, CategoryMapping] = {}
    values = {"of_connector": account.connector, "accounts": (0, account.id), "keys": keys}
    for row in connection.execute(_THESE, values).mappings():
        origin = ACCOUNT if row["account_id"] else CHANNEL
        found[row["category_key"]] = CategoryMapping(row["remote_id"], origin, row["attributes"])
    for key in keys:
        remote_id = shipped(account.connector, key) if shipped is not None and key not in found else None
        if remote_id:
            found[key] = CategoryMapping(remote_id, SHIPPED)
    return found


def set_mapping(
    connection: Connection,
    account: Account,
    category_key: str,
    remote_id: str,
    *,
    attributes: Mapping[str, Json] | None = None,
    whole_channel: bool = False,
    now: dt.datetime,
    actor: str = "",
) -> int:
    """Map one of our categories for an account (or its whole channel) and return how many listings are due for it.

    Refuses a category that the fetched tree doesn't have or doesn't take listings in.
    """
    _check_remote(connection, account, remote_id)
    account_id = 0 if whole_channel else account.id
    connection.execute(delete(t.category_mapping).where(_mapping(account.connector, account_id, category_key)))
    connection.execute(
        insert(t.category_mapping).values(
            connector=account.connector,
            account_id=account_id,
            category_key=category_key,
            remote_id=remote_id,
            attributes=dict(attributes or {}),
            origin="person",
        )
    )
    return _mark_category(connection, account, category_key, whole_channel=whole_channel, now=now, actor=actor)


def clear_mapping(
    connection: Connection,
    account: Account,
    category_key: str,
    *,
    whole_channel: bool = False,
    now: dt.datetime,
    actor: str = "",
) -> bool:
    """Remove a mapping, so that the next one counts; returns whether there was one."""
    where = _mapping(account.connector, 0 if whole_channel else account.id, category_key)
    if not connection.execute(delete(t.category_mapping).where(where)).rowcount:
        return False
    _mark_category(connection, account, category_key, whole_channel=whole_channel, now=now, actor=actor)
    return True


def fetch_category_tree(
    engine: Engine, account: Account, connector: Connector, *, now: dt.datetime
) -> Sequence[RemoteCategory]:
    """Ask the channel for its category tree and keep it. Raises AccountError where a channel has none."""
    if not isinstance(connector, HasTaxonomy):
        raise AccountError(
            Words(
                f'Toko "{account.name}" tidak memakai kategori sendiri, jadi tidak perlu dipetakan.',
                f'The shop "{account.name}" has no categories of its own, so nothing has to be mapped.',
            )
        )
    categories = connector.fetch_categories()
    with write(engine) as connection:
        store_category_tree(connection, account.id, categories, now=now)
    return categories


def store_category_tree(
    connection: Connection, account_id: int, categories: Sequence[RemoteCategory], *, now: dt.datetime
) -> None:
    """Keep a fetched category tree."""
    value = [[item.id, item.parent_id, item.name, item.usable] for item in categories]
    save_fact(connection, account_id, TREE, value, now=now)


def category_tree(connection: Connection, account_id: int) -> tuple[RemoteCategory, ...]:
    """Return the kept category tree; empty if none was fetched."""
    fact = read_fact(connection, account_id, TREE)
    return tuple(RemoteCategory(*item) for item in fact.value) if fact else ()


def suggest_category(
    connection: Connection, account: Account, category: Category, *, parents: Sequence[Category] = (), most: int = 3
) -> list[Suggestion]:
    """Return the channel's categories that fit ``category`` best by name, in either language, best first.

    ``parents`` are the categories above ours, nearest first. Empty without a fetched tree, or if nothing is near.
    """
    paths = category_paths(category_tree(connection, account.id))
    if not paths:
        return []
    from rapidfuzz import fuzz, utils

    above = " ".join(f"{parent.name_id} {parent.name_en}" for parent in parents)
    found: list[Suggestion] = []
    for remote_id, path in paths.items():
        leaf = path.rsplit(" > ", 1)[-1]
        own = max(
            fuzz.token_set_ratio(name, leaf, processor=utils.default_process)
            for name in (category.name_id, category.name_en)
        )
        ours = f"{above} {category.name_id} {category.name_en}"
        around = fuzz.token_set_ratio(ours, path, processor=utils.default_process)
        score = 0.8 * own + 0.2 * around
        if score >= _LEAST_SCORE:
            found.append(Suggestion(remote_id, path, round(score, 1)))
    return sorted(found, key=lambda item: (-item.score, len(item.path), item.remote_id))[:most]


def category_paths(tree: Sequence[RemoteCategory]) -> dict[str, str]:
    """Return ``A > B > C`` for every category that takes listings, by its id."""
    by_id = {item.id: item for item in tree}
    paths: dict[str, str] = {}
    for item in tree:
        if not item.usable:
            continue
        names, seen, at = [item.name], {item.id}, by_id.get(item.parent_id)
        while at is not None and at.id not in seen:
            names.append(at.name)
            seen.add(at.id)
            at = by_id.get(at.parent_id)
        paths[item.id] = " > ".join(reversed(names))
    return paths


def _check_remote(connection: Connection, account: Account, remote_id: str) -> None:
    tree = category_tree(connection, account.id)
    if tree and not any(item.id == remote_id and item.usable for item in tree):
        raise AccountError(
            Words(
                f'Kategori "{remote_id[:40]}" tidak ada di toko ini atau tidak menerima produk. Pilih kategori paling '
                "bawah.",
                f'The category "{remote_id[:40]}" is not there in this shop, or takes no products. Choose one without '
                "sub-categories.",
            )
        )


def _mapping(connector: str, account_id: int, category_key: str) -> ColumnElement[bool]:
    return and_(
        t.category_mapping.c.connector == connector,
        t.category_mapping.c.account_id == account_id,
        t.category_mapping.c.category_key == category_key,
    )


def _mark_category(
    connection: Connection, account: Account, category_key: str, *, whole_channel: bool, now: dt.datetime, actor: str
) -> int:
    products = select(t.product.c.id).where(t.product.c.category_key == category_key)
    accounts: Any = select(t.account.c.id).where(t.account.c.connector == account.connector)
    mine = t.listing.c.account_id.in_(accounts) if whole_channel else t.listing.c.account_id == account.id
    cause_id = new_cause(connection, "mapping", note=f"{account.connector}: {category_key}", actor=actor, now=now)
    where = and_(mine, t.listing.c.product_id.in_(products))
    marked = mark(connection, where, Due.CONTENT, Lane.CONTENT, now=now, cause_id=cause_id)
    wake_after_commit(connection)
    return marked
