"""A person drops one variant: both marketplaces lose just that one, and it comes back as itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from syncer.catalogue.dropping import drop_variant, leaving
from syncer.catalogue.edit import save_product
from syncer.catalogue.read import load_product
from syncer.domain.product import Variant
from syncer.store.engine import read, write
from tests.sync.markets import CONNECTORS, Markets, open_sandboxes
from tests.sync.world import now

TITLE = "Lampion rotan bulat dari Setu"


@pytest.fixture
def markets(engine: Engine, home: Path) -> Iterator[Markets]:
    with open_sandboxes() as runnings:
        yield Markets(engine, home, runnings)


def offers(markets: Markets, connector: str) -> dict[str, dict[str, Any]]:
    return {one["sku"]: one for one in markets.controls[connector].listings()[TITLE]["offers"]}


def test_a_dropped_variant_leaves_both_shops_and_comes_back_as_itself(markets: Markets) -> None:
    for connector in CONNECTORS:
        markets.join(connector)
    markets.product("lampion", sizes=("S", "M", "L"), stock=4, title=TITLE)
    for account in markets.shops:
        markets.publish(account, "lampion")
    markets.settle()
    before = {connector: offers(markets, connector) for connector in CONNECTORS}
    ids = {one.sku: one.id for one in markets.product_now("lampion").variants}

    with read(markets.engine) as connection:
        found = leaving(connection, "lampion-M")
    assert (found.handle, found.left, found.shops, found.on_hand) == ("lampion", 2, 2, 4)
    with write(markets.engine) as connection:
        assert drop_variant(connection, "lampion-M", now=now()).retired == ("lampion-M",)
        markets.truth.note(connection, load_product(connection, "lampion").id)
    markets.settle()
    markets.check_all()
    for connector in CONNECTORS:
        rest = {sku: one for sku, one in before[connector].items() if sku != "lampion-M"}
        assert offers(markets, connector) == rest, connector

    back = Variant(sku="lampion-M", price=Decimal(110_000), option_values=("M",), weight_g=400)
    with write(markets.engine) as connection:
        product = load_product(connection, "lampion")
        save_product(connection, replace(product, variants=(*product.variants, back)), now=now())
        markets.truth.note(connection, product.id)
    markets.settle()
    markets.check_all()
    assert {one.sku: one.id for one in markets.product_now("lampion").variants} == ids
    for connector in CONNECTORS:
        shown = offers(markets, connector)
        assert (int(shown["lampion-M"]["price"]), shown["lampion-M"]["stock"]) == (110_000, 4), "with its ledger"
        assert {sku: shown[sku] for sku in ("lampion-S", "lampion-L")} == {
            sku: before[connector][sku] for sku in ("lampion-S", "lampion-L")
        }
