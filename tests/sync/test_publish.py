"""The main road: publish, edit, stock, price, withdraw, and nothing more than needed."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import select

from syncer.catalogue.edit import delete_product, edit_product, save_product, set_price
from syncer.catalogue.read import find_product, load_product
from syncer.channels.publishing import withdraw
from syncer.domain.product import Variant
from syncer.store.engine import read, write
from syncer.store.tables import listing_event
from tests.sync.world import World, now, offers_of


def test_a_product_appears_as_it_is_in_the_catalogue(world: World) -> None:
    account = world.account()
    world.product("mangkuk-1", stock=3, price=185_000)
    world.product("kain-1", sizes=("S", "M", "L"), stock=2)
    world.publish(account, "mangkuk-1", "kain-1")
    assert world.sync() == 0
    there = world.control.listings()
    assert {title: row["status"] for title, row in there.items()} == {
        "Mangkuk kayu mangkuk-1": "live",
        "Mangkuk kayu kain-1": "live",
    }
    assert offers_of(there["Mangkuk kayu mangkuk-1"]) == {"mangkuk-1": (185_000, 3)}
    assert offers_of(there["Mangkuk kayu kain-1"]) == {f"kain-1-{size}": (100_000, 2) for size in "SML"}
    assert [row.state for row in world.rows()] == ["live", "live"]


def test_nothing_changed_nothing_sent(world: World) -> None:
    account = world.account()
    world.product("kain-2", sizes=("S", "M"))
    world.publish(account, "kain-2")
    world.sync()
    before = world.control.last_call()
    world.publish(account, "kain-2")
    with write(world.engine) as connection:
        edit_product(connection, "kain-2", title="Mangkuk kayu kain-2", now=now())
    world.sync()
    assert world.control.writes(before) == []


@pytest.mark.parametrize("sizes", [(), ("S", "M")])
def test_stock_price_and_text_follow(world: World, sizes: tuple[str, ...]) -> None:
    account = world.account()
    world.product("tas", sizes=sizes, stock=5)
    world.publish(account, "tas")
    world.sync()
    sku = "tas-S" if sizes else "tas"
    before = world.control.last_call()
    world.stock(sku, 0)
    world.sync()
    assert len(world.control.writes(before)) == 1
    with write(world.engine) as connection:
        set_price(connection, sku, Decimal(120_000), now=now())
        edit_product(connection, "tas", title="Tas anyaman pandan", now=now())
    world.sync()
    there = world.control.listings()["Tas anyaman pandan"]
    assert offers_of(there)[sku] == (120_000, 0)


def test_withdrawn_brought_back_deleted(world: World) -> None:
    account = world.account()
    world.product("guci", sizes=("A", "B"))
    world.publish(account, "guci")
    world.sync()
    with write(world.engine) as connection:
        withdraw(connection, account, find_product(connection, "guci"), now=now())
    world.sync()
    assert world.control.listings()["Mangkuk kayu guci"]["status"] == "hidden"
    world.publish(account, "guci")
    world.sync()
    assert world.control.listings()["Mangkuk kayu guci"]["status"] == "live"
    with write(world.engine) as connection:
        delete_product(connection, "guci", now=now())
    world.sync()
    assert world.control.listings() == {}


@pytest.mark.parametrize("sizes", [(), ("S", "M")])
def test_a_number_that_goes_first_does_not_lose_a_new_sku(world: World, sizes: tuple[str, ...]) -> None:
    account = world.account()
    world.product("topeng", sizes=sizes)
    world.publish(account, "topeng")
    world.settle()
    sku = "topeng-S" if sizes else "topeng"
    world.rename(sku, f"{sku}-baru")
    world.stock(f"{sku}-baru", 2)
    world.price(f"{sku}-baru", 120_000)
    world.settle()
    there = offers_of(world.control.listings()["Mangkuk kayu topeng"])
    assert there == {f"{sku}-baru": (120_000, 2)} | ({"topeng-M": (100_000, 5)} if sizes else {})


def test_a_variant_comes_without_a_false_alarm(world: World) -> None:
    account = world.account()
    world.product("lampu", sizes=("S", "M"))
    world.publish(account, "lampu")
    world.settle()
    added = Variant(sku="lampu-L", price=Decimal(90_000), option_values=("L",), weight_g=400)
    world.variants("lampu", lambda old: (*old, added), stock=2)
    world.settle()
    offers = {"lampu-S": (100_000, 5), "lampu-M": (100_000, 5), "lampu-L": (90_000, 2)}
    assert offers_of(world.control.listings()["Mangkuk kayu lampu"]) == offers
    with read(world.engine) as connection:
        assert [*connection.scalars(select(listing_event.c.kind).where(listing_event.c.kind == "park"))] == []


def test_variants_go_before_the_price_of_the_others_moves(world: World) -> None:
    account = world.account()
    world.product("wayang", sizes=("S", "M", "L"), price=200_000)
    world.publish(account, "wayang")
    world.settle()
    with write(world.engine) as connection:
        stored = load_product(connection, "wayang")
        left = replace(stored.variants[0], price=Decimal(20_000))
        save_product(connection, replace(stored, variants=(left,)), now=now())
        world.truth.note(connection, find_product(connection, "wayang"))
    world.settle()
    assert offers_of(world.control.listings()["Mangkuk kayu wayang"]) == {"wayang-S": (20_000, 5)}
