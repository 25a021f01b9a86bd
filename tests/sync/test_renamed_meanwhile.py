"""A create whose answer was lost is found by what it was sent with, whatever its SKUs have become since."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import Engine

from syncer.catalogue.edit import save_product
from syncer.domain.product import Variant
from syncer.store.engine import write
from tests.sync.markets import Markets, open_sandboxes
from tests.sync.world import now, wait_until

CREATES = {"shopee": "product.add_item", "tiktok_shop": "product.create"}


@pytest.fixture
def markets(engine: Engine, home: Path) -> Iterator[Markets]:
    with open_sandboxes() as runnings:
        yield Markets(engine, home, runnings)


def lose_the_answer(markets: Markets, connector: str) -> None:
    """Let a product be made there, and the engine end before it is found."""
    account = markets.join(connector)
    markets.product("guci", stock=3)
    markets.rename("guci", "guci-kecil")
    control = markets.controls[connector]
    control.fault(fault="answer_lost", operation=CREATES[connector], times=1)
    control.fault(fault="search_lag", operation="product", times=20, ms=30_000)
    markets.publish(account, "guci")
    with markets.at_work():
        wait_until(lambda: markets.row("guci").seeking is not None)
    assert markets.row("guci").remote_id is None, "it is not found yet"
    control.heal()


def skus(markets: Markets, connector: str) -> list[list[tuple[str, int]]]:
    return [
        sorted((offer["sku"], offer["stock"]) for offer in one["offers"])
        for one in markets.controls[connector].ask("GET", "listings")
        if one["status"] != "deleted"
    ]


@pytest.mark.parametrize("connector", CREATES)
def test_renamed_before_it_was_found(markets: Markets, connector: str) -> None:
    lose_the_answer(markets, connector)
    markets.rename("guci-kecil", "guci-besar")
    markets.settle()
    assert skus(markets, connector) == [[("guci-besar", 3)]]


@pytest.mark.parametrize("connector", CREATES)
def test_another_variant_before_it_was_found(markets: Markets, connector: str) -> None:
    lose_the_answer(markets, connector)
    before = markets.product_now("guci")
    first = replace(before.variants[0], option_values=("Kecil",))
    second = Variant("guci-2", Decimal(90_000), ("Besar",), weight_g=400)
    with write(markets.engine) as connection:
        changed = replace(before, option_names=("Ukuran",), variants=(first, second))
        markets.truth.note(connection, save_product(connection, changed, now=now()).product_id)
    markets.stock("guci-2", 1)
    markets.settle()
    assert skus(markets, connector) == [[("guci-2", 1), ("guci-kecil", 3)]]
