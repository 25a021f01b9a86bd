"""Our categories on a channel: who says, what is suggested, and what a change touches."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import select, update

from syncer.catalogue.taxonomy import categories, mapped
from syncer.channels.accounts import Account, AccountError
from syncer.channels.connectors import open_connector
from syncer.channels.facts import read_fact, read_facts, save_fact
from syncer.channels.mappings import (
    category_paths,
    category_tree,
    clear_mapping,
    fetch_category_tree,
    resolve_categories,
    set_mapping,
    store_category_tree,
    suggest_category,
)
from syncer.channels.publishing import publish
from syncer.domain.taxonomy import Category, RemoteCategory
from syncer.store import tables as t
from syncer.store.engine import read, write
from tests.channels.conftest import Bench
from tests.channels.kiosk import Kiosk


def shipped(connector: str, key: str) -> str | None:
    return {"batik-tulis": "5"}.get(key) if connector == "folder" else None


@pytest.fixture
def account(bench: Bench) -> Account:
    account = bench.folder_account()
    connector = open_connector(account, engine=bench.engine, keys=bench.keys, home=bench.home, load=bench.load)
    fetch_category_tree(bench.engine, account, connector, now=bench.now)
    return account


def test_the_account_wins_over_the_channel_and_that_over_what_is_shipped(bench: Bench, account: Account) -> None:
    other = bench.folder_account("galeri")
    with write(bench.engine) as connection:
        assert resolve_categories(connection, account, ["batik-tulis"]).get("batik-tulis") is None
        found = resolve_categories(connection, account, ["batik-tulis"], shipped=shipped).get("batik-tulis")
        assert found is not None
        assert (found.remote_id, found.origin) == ("5", "shipped")
        set_mapping(connection, account, "batik-tulis", "3", whole_channel=True, now=bench.now)
        set_mapping(connection, account, "batik-tulis", "2", attributes={"bahan": "rotan"}, now=bench.now)
        mine = resolve_categories(connection, account, ["batik-tulis"], shipped=shipped).get("batik-tulis")
        theirs = resolve_categories(connection, other, ["batik-tulis"], shipped=shipped).get("batik-tulis")
        assert mine is not None
        assert theirs is not None
        assert (mine.remote_id, mine.origin, mine.attributes) == ("2", "account", {"bahan": "rotan"})
        assert (theirs.remote_id, theirs.origin) == ("3", "channel")
        assert clear_mapping(connection, account, "batik-tulis", now=bench.now)
        assert not clear_mapping(connection, account, "batik-tulis", now=bench.now)
        back = resolve_categories(connection, account, ["batik-tulis", "keris", ""], shipped=shipped)
        assert {key: value.remote_id for key, value in back.items()} == {"batik-tulis": "3"}


def test_the_shipped_map_of_the_project_fits_in(bench: Bench, account: Account) -> None:
    with read(bench.engine) as connection:
        assert resolve_categories(connection, account, ["batik-tulis"], shipped=mapped).get("batik-tulis") is None


def test_a_mapping_marks_the_listings_of_its_category(bench: Bench, account: Account) -> None:
    other = bench.folder_account("galeri")
    cloth, bowl = bench.product("kain", category="batik-tulis"), bench.product("mangkuk")
    with write(bench.engine) as connection:
        for each in (account, other):
            publish(connection, each, [cloth, bowl], now=bench.now)
        connection.execute(update(t.listing).values(due=0))
        assert set_mapping(connection, account, "batik-tulis", "5", now=bench.now) == 1
        due = select(t.listing.c.account_id, t.listing.c.product_id).where(t.listing.c.due != 0)
        assert [tuple(row) for row in connection.execute(due)] == [(account.id, cloth)]
        assert set_mapping(connection, account, "batik-tulis", "5", whole_channel=True, now=bench.now) == 2


def test_a_category_that_takes_no_products_is_refused(bench: Bench, account: Account) -> None:
    with write(bench.engine) as connection:
        for remote_id in ("1", "99"):
            with pytest.raises(AccountError, match=remote_id):
                set_mapping(connection, account, "batik-tulis", remote_id, now=bench.now)


def test_the_nearest_category_is_suggested_first(bench: Bench, account: Account) -> None:
    all_of_ours = categories()
    cloth = all_of_ours["batik-tulis"]
    parents = [all_of_ours[cloth.parent_key]]
    basket = Category("keranjang", "Keranjang Anyaman", "Woven baskets", "", is_leaf=True)
    nothing = Category("keris", "Keris", "Kris dagger", "", is_leaf=True)
    with read(bench.engine) as connection:
        first = suggest_category(connection, account, cloth, parents=parents)[0]
        assert (first.remote_id, first.path) == ("5", "Fashion > Kain Batik")
        assert suggest_category(connection, account, basket)[0].path == "Rumah & Dapur > Keranjang Anyaman"
        assert suggest_category(connection, account, nothing) == []


def test_without_a_tree_nothing_is_suggested(bench: Bench, kiosk: Kiosk) -> None:
    account = bench.add("kiosk", "kios", kiosk.options()).account
    with read(bench.engine) as connection:
        assert suggest_category(connection, account, categories()["batik-tulis"]) == []
    connector = open_connector(account, engine=bench.engine, keys=bench.keys, home=bench.home, load=bench.load)
    with pytest.raises(AccountError, match="no categories"):
        fetch_category_tree(bench.engine, account, connector, now=bench.now)


def test_a_tree_with_a_loop_or_a_missing_parent_still_has_paths(bench: Bench, account: Account) -> None:
    tree = (RemoteCategory("a", "b", "A", usable=True), RemoteCategory("b", "a", "B", usable=False))
    assert category_paths(tree) == {"a": "B > A"}
    assert category_paths([RemoteCategory("c", "x", "C", usable=True)]) == {"c": "C"}
    with write(bench.engine) as connection:
        store_category_tree(connection, account.id, tree, now=bench.now)
        assert category_tree(connection, account.id) == tree


def test_facts_are_kept_and_replaced(bench: Bench, account: Account) -> None:
    later = bench.now + dt.timedelta(hours=1)
    with write(bench.engine) as connection:
        save_fact(connection, account.id, "limits:5", {"title": 120}, now=bench.now)
        save_fact(connection, account.id, "limits:5", {"title": 255}, now=later)
        fact = read_fact(connection, account.id, "limits:5")
        assert fact is not None
        assert (fact.value, fact.fetched_at) == ({"title": 255}, later)
        assert set(read_facts(connection, account.id, ["limits:5", "limits:6"])) == {"limits:5"}
