"""What stands against dropping a variant: each in words, with the remedy, and then nothing is changed."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import Engine

from syncer.catalogue.dropping import drop_variant, leaving
from syncer.catalogue.edit import delete_product, save_product
from syncer.catalogue.errors import BadProduct
from syncer.catalogue.read import load_product
from syncer.domain.product import Product
from syncer.inventory.bundles import compose
from syncer.inventory.reserving import release, reserve
from syncer.store.engine import read, write
from syncer.store.skus import UnknownSku
from tests.catalogue.builders import LATER, NOW, bowl
from tests.orders.shop import Shops, order


def refuse(engine: Engine, sku: str, words: str) -> None:
    with pytest.raises(BadProduct, match=words), read(engine) as connection:
        leaving(connection, sku)
    with pytest.raises(BadProduct, match=words), write(engine) as connection:
        drop_variant(connection, sku, now=LATER)


def there(engine: Engine) -> Product:
    with read(engine) as connection:
        return load_product(connection, "mangkuk")


def test_the_only_variant_goes_with_its_product(engine: Engine) -> None:
    with write(engine) as connection:
        save_product(connection, bowl(), now=NOW)
        drop_variant(connection, "mangkuk-putih", now=LATER)
    refuse(engine, "mangkuk-biru", "syncer products delete mangkuk")
    with pytest.raises(UnknownSku), write(engine) as connection:
        drop_variant(connection, "mangkuk-putih", now=LATER)


def test_what_is_on_order_is_dropped_when_it_is_over(engine: Engine) -> None:
    shops = Shops(engine)
    shops.take(order("READY", [shops.mine(shops.one, 2)]))
    refuse(engine, "mangkuk-biru", "on order .A1.*syncer orders close")
    assert len(there(engine).variants) == 2
    shops.take(order("SHIPPED", [shops.mine(shops.one, 2)], updated=300), began=400)
    with write(engine) as connection:
        assert leaving(connection, "mangkuk-biru").on_hand == 3
        drop_variant(connection, "mangkuk-biru", now=LATER)
    with write(engine) as connection:
        save_product(connection, bowl(), now=LATER)
        assert leaving(connection, "mangkuk-biru").on_hand == 3, "it comes back with its ledger"


def test_a_part_of_a_bundle_stays(engine: Engine) -> None:
    shops = Shops(engine)
    with write(engine) as connection:
        save_product(connection, bowl("hampers"), now=NOW)
        compose(connection, "hampers-biru", [("mangkuk-biru", 2)], now=NOW)
    refuse(engine, "mangkuk-biru", "bundle hampers-biru.*syncer bundle remove hampers-biru")
    shops.take(order("READY", [shops.mine(shops.one, 1)]))
    with write(engine) as connection:
        drop_variant(connection, "hampers-biru", now=LATER)
    refuse(engine, "mangkuk-biru", "on order")


def test_what_is_set_aside_stays_until_it_is_released(engine: Engine) -> None:
    shops = Shops(engine)
    with write(engine) as connection:
        reserve(
            connection,
            "mangkuk-biru",
            2,
            account_id=shops.one.id,
            campaign="Gebyar",
            starts_at=NOW,
            ends_at=NOW + dt.timedelta(days=3),
            now=NOW,
        )
    refuse(engine, "mangkuk-biru", "Gebyar.*syncer reserve release")
    with write(engine) as connection:
        release(connection, "Gebyar", now=LATER)
        drop_variant(connection, "mangkuk-biru", now=LATER)
    assert [one.sku for one in there(engine).variants] == ["mangkuk-putih"]


def test_nothing_is_dropped_of_what_is_being_deleted(engine: Engine) -> None:
    shops = Shops(engine)
    with write(engine) as connection:
        assert delete_product(connection, "mangkuk", now=LATER).withdrawing == 2
    refuse(engine, "mangkuk-biru", "being deleted as a whole")
    assert shops.product
