"""A shop that sells something already gets no second listing of it: a person binds the two first."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select, update

from syncer.catalogue.edit import rename_sku, save_product
from syncer.catalogue.read import load_product
from syncer.channels.publishing import publish
from syncer.channels.records import Account, load_account
from syncer.channels.unbound import SOLD_THERE
from syncer.domain.product import Photo, Product, Variant
from syncer.inventory.ledger import set_on_hand
from syncer.store.engine import read, write
from syncer.store.tables import account as account_table
from syncer.store.tables import unbound_sku
from syncer.sync.answers import retry
from syncer.sync.service import Service
from syncer.sync.shelf import look_through
from tests.sync.seller import Seller, sandbox_of
from tests.sync.test_adopt import BOWL, SCARF, SHOPS, Onboarding, now
from tests.sync.world import World


@pytest.fixture(params=SHOPS)
def shop(request: pytest.FixtureRequest, engine: Engine, home: Path, tmp_path: Path) -> Any:
    with sandbox_of(request.param) as running:
        seller = Seller(request.param, running, tmp_path)
        yield Shop(request.param, engine, home, seller)
        seller.close()


class Shop(Onboarding):
    """A shop that sells already, and products of ours that it takes."""

    def sellable(self, handle: str, title: str, sku: str) -> None:
        """Save a product with all that a marketplace asks for."""
        this: Any = self
        value = Product(
            handle,
            title,
            "Buatan tangan dari Serpong, dibuat satu per satu oleh perajin di rumahnya sendiri.",
            category_key="batik-tulis",
            variants=(Variant(sku, Decimal(85000), (), 400),),
            photos=(Photo(World.picture(this, handle)),),
        )
        with write(self.engine) as connection:
            save_product(connection, value, now=now())
            set_on_hand(connection, sku, 3, now=now())

    def take_away(self, remote_id: str) -> None:
        """Delete a listing there."""
        self.seller.control.ask("POST", f"items/{remote_id}", {"status": "deleted"})


def put_on_sale(shop: Shop, account: Account, *handles: str) -> None:
    """Publish with content that the sandbox takes, and send."""
    with write(shop.engine) as connection:
        publish(connection, account, [load_product(connection, one).id for one in handles], now=now())
    shop.sync()


def row_of(shop: Shop, handle: str) -> Any:
    with read(shop.engine) as connection:
        product_id = load_product(connection, handle).id
    return next(row for row in shop.rows() if row.product_id == product_id)


def test_a_shop_that_sells_it_already_gets_no_second_listing(shop: Shop) -> None:
    """Also by a SKU of before. Bound by a person, it goes on by itself; taken away there, it is made."""
    scarf = shop.seller.sells(SCARF, [("SL-LAMA", (), 120000, 3)])
    bowl = shop.seller.sells(BOWL, [("MK-1", (), 85000, 5)])
    shop.sellable("mangkuk", BOWL, "MK-1")
    shop.sellable("selendang", SCARF, "SL-LAMA")
    shop.sellable("vas", "Vas Tanah Liat Buatan Tangan Serpong", "VS-1")
    with write(shop.engine) as connection:
        rename_sku(connection, "SL-LAMA", "SL-1", now=now())
    account = shop.join()
    assert account.sends, "a sandbox is live at once"
    put_on_sale(shop, account, "mangkuk", "selendang", "vas")
    there = shop.seller.there()
    assert len(there) == 3, "the two that were there, and the one that wasn't"
    for handle, remote_id in (("mangkuk", bowl), ("selendang", scarf)):
        row = row_of(shop, handle)
        assert (row.state, row.remote_id, row.problem["code"]) == ("parked", None, SOLD_THERE)
        assert remote_id in row.problem["words"]["en"]
        assert f'syncer account adopt "{account.name}"' in row.problem["remedy"]["id"]
    assert row_of(shop, "vas").remote_id in there

    shop.adopt(account)
    shop.sync()
    assert {row.remote_id for row in shop.rows()} == set(there)
    assert set(shop.seller.there()) == set(there), "bound, and not made again"
    assert all(row.problem is None and row.state == "live" for row in shop.rows())


def test_what_was_taken_away_there_is_made_when_it_is_tried_again(shop: Shop) -> None:
    bowl = shop.seller.sells(BOWL, [("MK-1", (), 85000, 5)])
    shop.sellable("mangkuk", BOWL, "MK-1")
    account = shop.join()
    put_on_sale(shop, account, "mangkuk")
    assert set(shop.seller.there()) == {bowl}
    with write(shop.engine) as connection:
        retry(connection, account.id, load_product(connection, "mangkuk").id, now=now())
    shop.sync()
    assert set(shop.seller.there()) == {bowl}, "still there: looked, and not made"
    assert row_of(shop, "mangkuk").state == "parked"

    shop.take_away(bowl)
    with write(shop.engine) as connection:
        retry(connection, account.id, load_product(connection, "mangkuk").id, now=now())
    shop.sync()
    row = row_of(shop, "mangkuk")
    assert set(shop.seller.there()) == {row.remote_id}
    assert row.remote_id not in (None, bowl)


def test_an_empty_shop_is_looked_at_once_and_not_for_each_listing(shop: Shop) -> None:
    handles = [f"vas-{number}" for number in range(3)]
    for number, handle in enumerate(handles):
        shop.sellable(handle, f"Vas Tanah Liat Buatan Tangan Nomor {number}", f"VS-{number}")
    account = shop.join()
    assert account.looked_at is not None
    before = shop.seller.control.last_call()
    put_on_sale(shop, account, *handles)
    assert len(shop.seller.there()) == 3
    looks = ("get_item_list", "search_item", "products/search")
    walked = [one["path"] for one in shop.seller.control.calls(before) if one["path"].endswith(looks)]
    assert walked == []


def test_what_appears_in_the_shop_before_the_first_publish_is_seen(shop: Shop) -> None:
    """An account that was added to an empty shop long ago; and what a sweep sees later."""
    account = shop.join()
    with write(shop.engine) as connection:
        long_ago = now().replace(year=2020)
        connection.execute(update(account_table).values(looked_at=long_ago))
    bowl = shop.seller.sells(BOWL, [("MK-1", (), 85000, 5)])
    shop.sellable("mangkuk", BOWL, "MK-1")
    shop.sellable("vas", "Vas Tanah Liat Buatan Tangan Serpong", "VS-1")
    put_on_sale(shop, account, "mangkuk", "vas")
    assert len(shop.seller.there()) == 2
    scarf = shop.seller.sells(SCARF, [("SL-1", (), 120000, 3)])
    shop.sellable("selendang", SCARF, "SL-1")
    service = Service(shop.deps)
    service.start()
    try:
        service.sweep()
    finally:
        service.stop()
    put_on_sale(shop, account, "selendang")
    assert len(shop.seller.there()) == 3
    assert {bowl, scarf} < set(shop.seller.there())
    assert row_of(shop, "selendang").state == "parked"


def test_a_look_that_was_cut_short_goes_on_where_it_was(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed between two pages, nothing that was seen is lost, and nothing is published before the end."""
    for number in range(3):
        shop.seller.sells(f"{BOWL} nomor {number}", [(f"MK-{number}", (), 85000, 5)])
    account = shop.join()
    service = Service(shop.deps)
    service.start()
    try:
        there = service.accounts()[0]
        _one_a_page(there.connector, monkeypatch, fail_at=2)
        with pytest.raises(KeyboardInterrupt):
            look_through(there)
        with read(shop.engine) as connection:
            assert load_account(connection, account.id).looked_at is None
            assert len(list(connection.execute(select(unbound_sku)))) == 2
        asked = _one_a_page(there.connector, monkeypatch, fail_at=None)
        look_through(there)
    finally:
        service.stop()
    assert asked[0] == "2", "it goes on with the page that was not kept"
    with read(shop.engine) as connection:
        assert load_account(connection, account.id).looked_at is not None
        assert {row.sku for row in connection.execute(select(unbound_sku))} == {"MK-0", "MK-1", "MK-2"}


def _one_a_page(connector: Any, monkeypatch: pytest.MonkeyPatch, *, fail_at: int | None) -> list[str | None]:
    """Let the shop's list come in pages of one; the process dies before page ``fail_at``. Returns what was asked."""
    whole = type(connector).fetch_listings
    asked: list[str | None] = []

    def page(cursor: str | None) -> Any:
        asked.append(cursor)
        at = int(cursor or 0)
        if at == fail_at:
            raise KeyboardInterrupt
        rows = whole(connector, None).listings
        left = at + 1 < len(rows)
        return type(whole(connector, None))(rows[at : at + 1], str(at + 1) if left else None)

    monkeypatch.setattr(connector, "fetch_listings", page)
    return asked
