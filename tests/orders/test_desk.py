"""The oversell desk: both orders, what calling each off costs, and a message without anybody's name."""

from __future__ import annotations

import logging
from decimal import Decimal

import pytest
import structlog

from syncer.domain.words import Words
from syncer.inventory.ledger import set_on_hand
from syncer.orders import oversell
from syncer.orders.desk import open_cases, settle
from syncer.orders.doors import record_sale
from syncer.orders.errors import OrderError
from syncer.store.engine import read, write
from syncer.store.wakeup import WakeListener
from tests.orders.shop import Shops, at, line, order

COSTS = {"shopee": Words("Satu poin penalti.", "One penalty point.")}


def oversold(shops: Shops) -> None:
    shops.take(order(lines=[line(quantity=4)], total=Decimal(400_000), currency="IDR", ship_by=at(90_000)))
    shops.take(order(name="B1", created=150, lines=[line(quantity=2)]), account=shops.two, began=260)


def test_the_desk_shows_every_order_and_what_it_costs(shops: Shops) -> None:
    oversold(shops)
    with write(shops.engine) as connection:
        record_sale(connection, "mangkuk-biru", now=at(300))
    with read(shops.engine) as connection:
        (case,) = open_cases(connection, costs=COSTS, now=at(400))
    assert (case.sku, case.title, case.short, case.flagged_at) == ("mangkuk-biru", "Mangkuk Tanah Liat", 2, at(261))
    first, second, sale = case.claims
    assert (first.order, first.account, first.held, first.value, first.total) == ("A1", "satu", 4, 340_000, 400_000)
    assert (first.newest, second.newest, sale.newest) == (False, True, False)
    assert (second.order, second.account, second.held, second.cost.en) == ("B1", "dua", 2, "One penalty point.")
    assert (sale.held, sale.gone, sale.message) == (0, 1, "")
    assert "can't be called off" in sale.cost.en
    assert "pesanan B1" in second.message
    assert "Mangkuk Tanah Liat" in second.message
    # The buyer of the one that is kept isn't told that it is sold elsewhere.
    assert (first.message, second.kept_message, sale.kept_message) == ("", "", "")
    assert "Pesanan A1 sedang kami siapkan" in first.kept_message


def test_of_orders_placed_in_the_same_second_a_person_chooses(shops: Shops) -> None:
    shops.take(order(lines=[line(quantity=4)], created=100.2))
    shops.take(order(name="B1", created=100.7, lines=[line(quantity=2)]), account=shops.two, began=260)
    with read(shops.engine) as connection:
        (case,) = open_cases(connection, costs=COSTS, now=at(400))
    assert [(one.newest, one.tied) for one in case.claims] == [(False, True), (False, True)]
    assert all("sudah terjual di tempat lain" in one.message for one in case.claims)
    assert all("terjual di tempat lain" not in one.kept_message for one in case.claims)


def test_so_many_orders_are_called_off_as_pieces_are_missing(shops: Shops) -> None:
    shops.take(order(lines=[line(quantity=5)]))
    for number in (1, 2):
        shops.take(order(name=f"B{number}", created=150 + number, lines=[line()]), account=shops.two, began=260)
    with read(shops.engine) as connection:
        (case,) = open_cases(connection, costs=COSTS, now=at(400))
    assert [bool(one.message) for one in case.claims] == [False, True, True]
    assert [bool(one.kept_message) for one in case.claims] == [True, False, False]


def test_settling_takes_it_off_the_desk_until_more_is_sold(shops: Shops) -> None:
    oversold(shops)
    with write(shops.engine) as connection:
        assert len(settle(connection, "mangkuk-biru", note="B1 dibatalkan", now=at(300))) == 1
        assert open_cases(connection, now=at(300)) == []
        with pytest.raises(OrderError, match="no open oversell"):
            settle(connection, "1", now=at(300))
        oversell.recheck(connection, now=at(300))
    shops.take(order(name="B1", created=150, updated=160, lines=[line(quantity=2)]), account=shops.two, began=310)
    assert [row["state"] for row in shops.oversells()] == ["handled"]
    shops.take(order(name="B2", lines=[line()]), account=shops.two, began=320)
    assert [(row["state"], row["short"]) for row in shops.oversells()] == [("open", 2)]
    with write(shops.engine) as connection:
        set_on_hand(connection, "mangkuk-biru", 9, now=at(330))
        oversell.recheck(connection, now=at(331))
    assert [row["state"] for row in shops.oversells()] == ["settled"]


def test_a_flag_is_logged_and_wakes_when_it_is_committed(shops: Shops) -> None:
    woken: list[int] = []
    with WakeListener(shops.engine, lambda: woken.append(1)), structlog.testing.capture_logs() as logs:
        oversold(shops)
    assert [(one["event"], one["short"], one["log_level"]) for one in logs] == [("oversell", 1, "warning")]
    assert woken
    assert logging.getLogger("syncer.orders") is not None


def test_nothing_is_said_of_what_was_rolled_back(shops: Shops) -> None:
    with structlog.testing.capture_logs() as logs, pytest.raises(RuntimeError), write(shops.engine) as connection:
        record_sale(connection, "mangkuk-biru", 9, now=at(300))
        raise RuntimeError
    assert logs == []
    assert shops.oversells() == []
