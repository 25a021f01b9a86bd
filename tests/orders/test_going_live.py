"""Going live: open orders of any age are held first, the others are listed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import ClassVar

import pytest
from sqlalchemy import select, update

from syncer.channels.records import Account, AccountError, Mode, load_account
from syncer.domain.listing import Json, Rendered, WantedListing
from syncer.domain.order import RemoteOrder
from syncer.domain.words import Words
from syncer.inventory.ledger import audit
from syncer.inventory.levels import Level
from syncer.orders.going_live import WentLive, go_live
from syncer.sdk.contract import Budget, Identity, Info, OrderPage
from syncer.sdk.errors import ConnectorError, Transient
from syncer.sdk.options import Options
from syncer.store.engine import read, write
from syncer.store.order_tables import order_hint, order_read
from syncer.store.tables import account
from tests.orders.shop import FACTS, Shops, at, line, order


class Stall:
    """A shop whose list of orders has one order a page."""

    info: ClassVar[Info] = Info(name="stall", label="Stall", orders=FACTS)
    options_type: ClassVar[type[Options]] = Options

    def __init__(self, open_now: Sequence[RemoteOrder], lately: Sequence[RemoteOrder] = ()) -> None:
        self.open_now, self.lately, self.down = open_now, lately, False

    def check(self) -> Identity:
        return Identity("s", "Stall")

    def budgets(self) -> Sequence[Budget]:
        return ()

    def render(self, listing: WantedListing, facts: Mapping[str, Json]) -> Rendered:
        return Rendered(fields={}, offers=())

    def fetch_open_orders(self, cursor: str | None) -> OrderPage:
        return self._page(self.open_now, cursor)

    def fetch_orders(self, since: dt.datetime, until: dt.datetime, cursor: str | None) -> OrderPage:
        assert until - since > dt.timedelta(days=15)
        if self.down:
            raise Transient("down", Words("Toko tidak menjawab.", "The shop doesn't answer."))
        return self._page(self.lately, cursor)

    def fetch_orders_by_id(self, remote_ids: Sequence[str]) -> Sequence[RemoteOrder]:
        return ()

    def _page(self, orders: Sequence[RemoteOrder], cursor: str | None) -> OrderPage:
        number = int(cursor or 0)
        following = str(number + 1) if number + 1 < len(orders) else None
        return OrderPage(tuple(orders[number : number + 1]), following, ("broken",) if number == 0 else ())


@pytest.fixture
def reading(shops: Shops) -> Account:
    """The first shop, before it went live."""
    with write(shops.engine) as connection:
        connection.execute(update(account).where(account.c.id == shops.one.id).values(mode="read_only"))
        return load_account(connection, shops.one.id)


def stall() -> Stall:
    old = order("READY", [line(quantity=2)], name="old", created=-9_000_000)
    unknown = order("UNPAID", [line(sku="gelas"), line("2")], name="unknown")
    half = order("READY", [line("1", status="SHIPPED"), line("2")], name="half")
    gone = [order("SHIPPED", name="gone"), order("CANCELLED", name="off"), order("SHIPPED", name="old", updated=500)]
    return Stall([old, unknown, half], [*gone[:2]])


def live(shops: Shops, which: Account, shop: Stall, **more: bool) -> WentLive:
    return go_live(shops.engine, which, shop, clock=lambda: at(1_000), **more)


def test_open_orders_are_held_and_the_others_listed(shops: Shops, reading: Account) -> None:
    looked = live(shops, reading, stall(), preview=True)
    assert [one.order for one in looked.held] == ["old", "half", "unknown"]
    assert shops.orders() == []
    went = live(shops, reading, stall())
    assert [(one.order, one.pieces) for one in went.held] == [("old", 2), ("half", 1), ("unknown", 1)]
    assert [one.order for one in went.not_counted] == ["gone", "off"]
    assert (went.unknown_lines, went.unreadable, went.oversold) == (1, ("broken",), ())
    assert went.left.account.mode is Mode.LIVE
    assert shops.level() == Level(5, 4)
    assert {row["remote_id"]: row["counted"] for row in shops.orders()} == {
        "old": True,
        "unknown": True,
        "half": True,
        "gone": False,
        "off": False,
    }
    with read(shops.engine) as connection:
        state = connection.execute(select(order_read)).one()
        assert (state.opened, state.opening_at, state.read_to) == (True, at(1_000), at(1_000))
        assert list(connection.execute(select(order_hint.c.remote_id)).scalars()) == ["broken"]
        assert audit(connection) == []
    assert "live already" in live(shops, went.left.account, stall()).left.notes[0].en


def test_counts_that_left_out_what_is_sold_get_it_on_top(shops: Shops, reading: Account) -> None:
    live(shops, reading, stall(), counts_without_held=True)
    # The platform had not lowered its number for the unpaid order: that piece was counted.
    assert shops.level() == Level(8, 4)
    with read(shops.engine) as connection:
        assert audit(connection) == []
    assert shops.oversells() == []


def test_a_shop_that_fails_on_the_way_stays_as_it_was(shops: Shops, reading: Account) -> None:
    broken = stall()
    broken.down = True
    with pytest.raises(ConnectorError):
        live(shops, reading, broken)
    with read(shops.engine) as connection:
        assert load_account(connection, reading.id).mode is Mode.READ_ONLY
    assert shops.orders() == []
    assert shops.level() == Level(5, 0)


def test_more_promised_than_counted_is_said(shops: Shops, reading: Account) -> None:
    went = live(shops, reading, Stall([order(lines=[line(quantity=7)])]))
    assert went.oversold == (shops.blue,)
    assert [row["short"] for row in shops.oversells()] == [2]


def test_a_paused_account_does_not_go_live(shops: Shops, reading: Account) -> None:
    with write(shops.engine) as connection:
        connection.execute(update(account).where(account.c.id == reading.id).values(state="paused"))
        paused = load_account(connection, reading.id)
    with pytest.raises(AccountError, match="not active"):
        live(shops, paused, stall())
