"""Edits that Tokopedia alone reviews: ``syncer sync`` waits for the outcome, and what was refused is not forgotten."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from syncer.catalogue.edit import edit_product
from syncer.store.engine import read, write
from syncer.store.tables import listing_event
from syncer.sync.reviews import look_sooner
from tests.sync.markets import Markets, open_sandboxes
from tests.sync.world import now

TITLE, BETTER, BAD = (
    "Lampion rotan bulat dari Setu",
    "Lampion rotan bundar dari Setu",
    "Lampion rotan replika dari Setu",
)


@pytest.fixture
def tokopedia(engine: Engine, home: Path) -> Iterator[Markets]:
    with open_sandboxes() as runnings:
        markets = Markets(engine, home, runnings)
        markets.join("tiktok_shop", platforms="tokopedia")
        markets.product("lampion", sizes=("S", "M"), stock=4, title=TITLE)
        markets.publish(markets.shops[0], "lampion")
        markets.settle()
        markets.controls["tiktok_shop"].limits(review_delay_s=0.6, ban_words=["replika"])
        yield markets


def edit(markets: Markets, **fields: object) -> None:
    with write(markets.engine) as connection:
        edit_product(connection, "lampion", now=now(), **fields)


def drifts(markets: Markets) -> list[object]:
    with read(markets.engine) as connection:
        query = select(listing_event.c.detail).where(listing_event.c.kind == "drift")
        return list(connection.execute(query).scalars())


def test_a_sync_ends_after_the_review_of_an_edit(tokopedia: Markets) -> None:
    edit(tokopedia, title=BETTER)
    tokopedia.sync()
    assert tokopedia.row("lampion").state == "live"
    assert set(tokopedia.controls["tiktok_shop"].listings()) == {BETTER}, "the review is over"
    edit(tokopedia, title=BAD)
    tokopedia.sync()
    assert set(tokopedia.controls["tiktok_shop"].listings()) == {BETTER}, "the old version stays"
    row = tokopedia.row("lampion")
    assert row.state == "fix"
    said = f"{row.problem['words']['id']} {row.problem['remedy']['id']}"
    assert (said.count("Hapus kata itu dari judul"), said.count("Saran")) == (1, 1), said


def test_who_waits_looks_at_a_review_sooner_than_the_shop_is_asked_otherwise(engine: Engine, home: Path) -> None:
    with open_sandboxes() as runnings:
        markets = Markets(engine, home, runnings)
        account = markets.join("tiktok_shop", platforms="tokopedia", review_check_s=3600)
        markets.product("lampion", stock=4, title=TITLE)
        markets.publish(account, "lampion")
        markets.sync()
        assert markets.row("lampion").state == "review"
        with write(engine) as connection:
            assert look_sooner(connection, [account.id], now() + dt.timedelta(seconds=1)) == 1
        markets.sync()
        assert markets.row("lampion").state == "live"
        with write(engine) as connection:
            assert look_sooner(connection, [account.id], now()) == 0


def test_what_a_refused_edit_carried_goes_out_with_the_next_one(tokopedia: Markets) -> None:
    edit(tokopedia, title=BAD, made_to_order_days=5, description="Dianyam dua hari, lalu dijemur sehari penuh.")
    tokopedia.sync()
    assert tokopedia.row("lampion").state == "fix"
    edit(tokopedia, title=BETTER)
    tokopedia.settle()
    assert tokopedia.row("lampion").state == "live"
    there = tokopedia.row("lampion").known["fields"]
    assert (there["title"], there["pre_order_days"]) == (BETTER, 5)
    assert drifts(tokopedia) == [], "nobody changed anything there"
