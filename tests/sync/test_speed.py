"""Soon, and no more than needed: wake-ups, coalescing, large catalogues, and an engine that has nothing to do."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import ClauseElement, Engine, Executable, func, insert, select, text, update
from sqlalchemy.ext.compiler import compiles

from syncer.channels.publishing import publish_all
from syncer.inventory.locations import DEFAULT_LOCATION, find_location
from syncer.store.engine import read, write
from syncer.store.marks import Due, Lane, mark
from syncer.store.tables import listing, media, picture_upload, product, stock_level, variant
from syncer.sync.beforehand import due_uploads, next_upload
from syncer.sync.idle import open_rows
from syncer.sync.prepare import due_rows, next_moment, settle_ids
from syncer.sync.shop import Timing
from tests.sync.stall import Stall
from tests.sync.world import FAST, World, now, offers_of, wait_until


def shown(world: World, sku: str) -> int:
    return offers_of(world.there(sku))[sku][1]


def test_a_change_from_another_process_is_there_in_a_moment(world: World, database_url: str) -> None:
    shop = world.account()
    world.product("guci", stock=50)
    world.publish(shop, "guci")
    world.settle()
    code = f"""
import datetime as dt, sys
from pathlib import Path
from syncer.inventory.ledger import set_on_hand
from syncer.store.engine import open_engine, write
engine = open_engine({database_url!r}, home=Path({str(world.home)!r}))
for line in sys.stdin:
    with write(engine) as connection:
        set_on_hand(connection, "guci", int(line), now=dt.datetime.now(dt.UTC))
    print("committed", flush=True)
"""
    # By itself it would look much later than this test may take: each change has to wake it.
    slow_poll = replace(FAST, poll_s=300.0)
    with (
        subprocess.Popen(
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as other,
        world.at_work(slow_poll),
    ):
        assert other.stdin is not None
        assert other.stdout is not None
        for number in range(49, 38, -1):
            other.stdin.write(f"{number}\n")
            other.stdin.flush()
            assert other.stdout.readline() == "committed\n"
            wait_until(lambda number=number: shown(world, "guci") == number)
        other.stdin.close()


def test_a_hundred_edits_between_two_looks_are_one_call(world: World) -> None:
    shop = world.account()
    world.product("guci", stock=5)
    world.publish(shop, "guci")
    world.settle()
    before = world.control.last_call()
    for number in range(100):
        world.stock("guci", number % 7)
    world.stock("guci", 42)
    world.settle()
    assert [call["operation"] for call in world.control.writes(before)] == ["product.update_stock"]
    assert shown(world, "guci") == 42


def test_edits_of_every_kind_between_two_looks_are_one_call_each(world: World) -> None:
    shop = world.account()
    world.product("guci", stock=5)
    world.publish(shop, "guci")
    world.settle()
    before = world.control.last_call()
    for number in range(10):
        world.stock("guci", number)
        world.price("guci", 100_000 + number)
        world.title("guci", f"Guci ke-{number}")
    world.settle()
    assert sorted(call["operation"] for call in world.control.writes(before)) == [
        "product.update_item",
        "product.update_price",
        "product.update_stock",
    ]
    world.check(shop)


def many(engine: Engine, count: int) -> None:
    """Put ``count`` products into the catalogue, the short way."""
    rows = [
        {
            "handle": f"p{n:05}",
            "title": f"Produk {n}",
            "description": "Buatan tangan.",
            "materials": [],
            "option_names": [],
            "attributes": {},
            "created_at": now(),
            "changed_at": now(),
        }
        for n in range(count)
    ]
    with write(engine) as connection:
        connection.execute(insert(product), rows)
        ids = list(connection.execute(select(product.c.id).order_by(product.c.id)).scalars())
        variants = [
            {"product_id": key, "sku": f"s{n:05}", "option_values": [], "price": Decimal(10_000), "position": 0}
            for n, key in enumerate(ids)
        ]
        connection.execute(insert(variant), variants)
        keys = list(connection.execute(select(variant.c.id)).scalars())
        place = find_location(connection, DEFAULT_LOCATION).id
        connection.execute(
            insert(stock_level), [{"variant_id": key, "location_id": place, "on_hand": 5} for key in keys]
        )


@pytest.mark.long
def test_two_thousand_listings(world: World) -> None:
    stall = Stall()
    shop = world.stall(stall, calls=100_000)
    many(world.engine, 2000)
    publish_all(world.engine, shop, now=now())
    world.settle()
    assert len(stall.there) == 2000
    one_change_is_two_calls_at_most(world, stall)
    nothing_changed_nothing_sent(world, stall)
    hot_queries_run_on_partial_indexes(world)
    idle_costs_nothing(world, stall)


def one_change_is_two_calls_at_most(world: World, stall: Stall) -> None:
    stall.writes.clear()
    looks = stall.looks
    world.stock("s00777", 1)
    world.settle()
    assert len(stall.writes) + stall.looks - looks <= 2


def nothing_changed_nothing_sent(world: World, stall: Stall) -> None:
    with write(world.engine) as connection:
        mark(connection, listing.c.id > 0, Due.CONTENT | Due.PRICE | Due.STOCK, Lane.CONTENT, now=now())
    stall.writes.clear()
    looks = stall.looks
    world.settle()
    assert (stall.writes, stall.looks) == ([], looks)


class _Explain(Executable, ClauseElement):
    inherit_cache = False

    def __init__(self, query: Any) -> None:
        self.query = query


@compiles(_Explain)
def _explain(element: _Explain, compiler: Any, **more: Any) -> str:
    verb = "EXPLAIN QUERY PLAN" if compiler.dialect.name == "sqlite" else "EXPLAIN"
    return f"{verb} {compiler.process(element.query, **more)}"


def plan_of(engine: Engine, query: Any, values: Any = None) -> str:
    """Return how the database answers ``query``, with its parameters as parameters."""
    with read(engine) as connection:
        found = connection.execute(_Explain(query), values)
        return "\n".join(str(row[-1]) for row in found.cursor.fetchall())  # type: ignore[union-attr]


class _Spy:
    """Keeps the queries that the engine's own functions make."""

    def __init__(self, connection: Any) -> None:
        self._connection, self.queries = connection, []

    def execute(self, query: Any, values: Any = None) -> Any:
        self.queries.append((query, values))
        return self._connection.execute(query, values)


def hot_queries_run_on_partial_indexes(world: World) -> None:
    shop = world.only_account()
    with write(world.engine) as connection:
        # As in real life: pictures are uploaded, and nearly nothing is due.
        first = select(func.min(listing.c.id)).scalar_subquery()
        connection.execute(update(listing).where(listing.c.id == first).values(due=1, settle_at=now()))
        pictures = [f"{n:064}" for n in range(2000)]
        size = {"mime": "image/jpeg", "width": 600, "height": 600, "size_bytes": 1, "created_at": now()}
        connection.execute(insert(media), [{"sha256": sha, **size} for sha in pictures])
        sent = {"account_id": shop.id, "remote_id": "x", "due_at": now()}
        connection.execute(insert(picture_upload), [{"sha256": sha, **sent} for sha in pictures])
    with read(world.engine) as connection:
        spy: Any = _Spy(connection)
        due_rows(spy, shop.id, now(), 16)
        settle_ids(spy, shop.id, now(), 4)
        next_moment(spy, shop.id)
        due_uploads(spy, shop.id, now(), 16)
        next_upload(spy, shop.id, ())
        open_rows(spy, [shop.id], now())
    if world.engine.dialect.name == "postgresql":
        with world.engine.connect() as connection:
            connection.execute(text("ANALYZE listing, picture_upload"))
            connection.commit()
    for query, values in spy.queries:
        plan = plan_of(world.engine, query, values)
        # Where the state is given too, PostgreSQL may go by that.
        assert any(name in plan for name in _PARTIAL) or "'review'" in plan, plan
    with write(world.engine) as connection:
        connection.execute(update(listing).values(due=0, settle_at=None))


_PARTIAL = ("ix_listing_due", "ix_listing_settle", "ix_listing_claimed", "ix_picture_upload_due")


def idle_costs_nothing(world: World, stall: Stall) -> None:
    looks, writes = stall.looks, len(stall.writes)
    with world.at_work(Timing()):
        time.sleep(1.0)
        began = time.process_time()
        time.sleep(4.0)
        used = time.process_time() - began
    assert (len(stall.writes), stall.looks) == (writes, looks)
    assert used < 0.02, f"{used / 4:.2%} of a processor"
