"""Orders and events read from a running Toko Hijau."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import pytest

from connectors.tiktok_shop.connector import TiktokShopConnector
from syncer.domain.order import Meaning, RemoteOrder
from syncer.sdk.contract import About, Context, Hint, OrderPage
from syncer.sdk.errors import SignInNeeded
from tests.connectors.tiktok_shop.conftest import Shop

ROOM = {"past_window_s": 10**9, "future_window_s": 10**9}


def sell(shop: Shop, sku: str, quantity: int = 1, **more: Any) -> str:
    return str(shop.control.post("orders", {"lines": [{"sku": sku, "quantity": quantity}], **more})["order_id"])


def changed(shop: Shop, since: dt.datetime) -> list[RemoteOrder]:
    until, cursor = shop.now() + dt.timedelta(minutes=5), None
    found: list[RemoteOrder] = []
    while True:
        page: OrderPage = shop.connector.fetch_orders(since, until, cursor)
        found += page.orders
        assert not page.unreadable
        cursor = page.cursor
        if cursor is None:
            return found


def open_orders(shop: Shop) -> set[str]:
    cursor, found = None, set[str]()
    while True:
        page = shop.connector.fetch_open_orders(cursor)
        found |= {one.remote_id for one in page.orders}
        cursor = page.cursor
        if cursor is None:
            return found


def test_an_order_is_read_as_it_was_placed_and_nothing_of_its_buyer(shop: Shop) -> None:
    wanted = shop.wanted(axes=1)
    there = shop.publish(wanted)
    began = shop.now() - dt.timedelta(seconds=1)
    sku, offer = wanted.offers[0].sku, there.offers[0]
    order_id = sell(shop, sku, 2, front="TIKTOK_SHOP", status="AWAITING_SHIPMENT")
    (found,) = changed(shop, began)
    assert (found.remote_id, found.front, found.status) == (order_id, "TIKTOK_SHOP", "AWAITING_SHIPMENT")
    assert [(line.listing_id, line.offer_id, line.sku, line.quantity) for line in found.lines] == [
        (there.remote_id, offer.remote_id, sku, 1)
    ] * 2
    assert found.lines[0].price == wanted.offers[0].price
    assert began <= found.created_at <= shop.now()
    (one,) = shop.connector.fetch_orders_by_id([order_id, "576653688135258178"])
    assert one == found
    buyer = shop.control.get("orders")[0]["buyer"]
    shown = repr(dataclasses.asdict(found))
    assert not [value for value in buyer.values() if str(value) in shown]


def test_a_partly_cancelled_order_and_one_that_is_called_off(shop: Shop) -> None:
    wanted = shop.wanted()
    shop.publish(wanted)
    order_id, facts = sell(shop, wanted.offers[0].sku, 3), shop.connector.order_facts()
    shop.control.post(f"orders/{order_id}/cancel", {"lines": [{"sku": wanted.offers[0].sku, "quantity": 2}]})

    def meanings() -> list[Meaning]:
        (order,) = shop.connector.fetch_orders_by_id([order_id])
        return [facts.meaning(line.status or order.status) for line in order.lines]

    assert sorted(meanings()) == [Meaning.BACK, Meaning.BACK, Meaning.HOLD]
    shop.control.post(f"orders/{order_id}/cancel", {})
    assert meanings() == [Meaning.BACK] * 3


def test_every_status_means_something(shop: Shop) -> None:
    wanted = shop.wanted()
    shop.publish(wanted)
    order_id, facts = sell(shop, wanted.offers[0].sku, 2), shop.connector.order_facts()
    for status in shop.control.get("settings")["statuses"]:
        shop.control.post(f"orders/{order_id}/move", {"status": status})
        (order,) = shop.connector.fetch_orders_by_id([order_id])
        assert order.status == status
        assert status in facts.lowers
        assert all(facts.meaning(line.status or status) is not Meaning.ASK for line in order.lines)


def test_the_number_there_falls_when_the_facts_say_that_it_does(shop: Shop) -> None:
    """Whichever way the unconfirmed goes, what is declared as known is true."""
    wanted = shop.wanted()
    there = shop.publish(wanted)
    facts = shop.connector.order_facts()
    for unpaid in (True, False):
        lowers = {"UNPAID": True} if unpaid else {"ON_HOLD": True}
        shop.control.post("settings", {"lowers_at": lowers, "gives_back_at": {"CANCELLED": unpaid}})
        for status, lowered in facts.lowers.items():
            if lowered is None:
                continue
            shop.control.post("edit", {"remote_id": there.remote_id, "stock": 9})
            sell(shop, wanted.offers[0].sku, status=status)
            assert shop.there(there.remote_id)["offers"][0]["stock"] == (8 if lowered else 9), status


def test_no_order_is_passed_over_while_orders_change(shop: Shop) -> None:
    wanted = shop.wanted()
    shop.control.post("edit", {"remote_id": shop.publish(wanted).remote_id, "stock": 900})
    shop.limit(**ROOM)
    connector = TiktokShopConnector(shop.options, Context(shop.clients[-1], shop.scratch, now=shop.now))
    began = shop.now()
    orders = []
    for number in range(230):
        if number % 10 == 0:
            shop.wait(1)
        orders.append(sell(shop, wanted.offers[0].sku, status="UNPAID"))
    shop.wait(600)
    until, cursor, found, turn = shop.now() + dt.timedelta(minutes=5), None, set[str](), 0
    while True:
        page = connector.fetch_orders(began, until, cursor)
        found |= {one.remote_id for one in page.orders}
        cursor = page.cursor
        if cursor is None:
            break
        # A few of the first page move to the end, and all behind them move up.
        for order_id in orders[turn * 5 : turn * 5 + 5]:
            shop.control.post(f"orders/{order_id}/pay", {})
        turn += 1
    assert found == set(orders)
    assert turn >= 2


def test_open_orders_of_any_age(shop: Shop) -> None:
    wanted = shop.wanted()
    shop.control.post("edit", {"remote_id": shop.publish(wanted).remote_id, "stock": 50})
    shop.limit(**ROOM)
    statuses = shop.control.get("settings")["statuses"]
    made = {status: sell(shop, wanted.offers[0].sku, status=status) for status in statuses}
    shop.wait(60 * 86_400)
    shop.sign_in()
    held = {"UNPAID", "AWAITING_SHIPMENT", "PARTIALLY_SHIPPING", "AWAITING_COLLECTION", "ON_HOLD"}
    assert open_orders(shop) == {made[status] for status in held}


def test_a_dead_token_is_told_as_such(shop: Shop) -> None:
    shop.control.post("tokens/revoke", {})
    with pytest.raises(SignInNeeded):
        shop.connector.fetch_open_orders(None)
    shop.sign_in()
    assert open_orders(shop) == set()


def test_events_are_signed_as_the_connector_checks_them(shop: Shop) -> None:
    shop.control.post(
        "webhooks", {"url": "https://sync.example/webhooks/tiktok_shop/x", "send_to": "http://127.0.0.1:9/"}
    )
    shop.limit(webhook_numeric_ids=True)
    wanted = shop.wanted()
    there = shop.publish(wanted)
    order_id = sell(shop, wanted.offers[0].sku)
    shop.control.post(f"orders/{order_id}/ship", {})
    sku = wanted.offers[0].sku
    shop.control.post(f"orders/{order_id}/return", {"lines": [{"sku": sku, "quantity": 1}]})
    hints: list[Hint] = []
    for letter in shop.control.get("webhooks")["sent"]:
        headers, body = {name.lower(): value for name, value in letter["headers"].items()}, letter["body"].encode()
        assert shop.connector.is_signed("https://sync.example/webhooks/tiktok_shop/x", headers, body)
        assert not shop.connector.is_signed("", headers, body + b" ")
        hints += shop.connector.read_webhook(headers, body)
    assert {hint.shop_id for hint in hints} == {shop.connector.check().shop_id}
    assert len({hint.delivery_id for hint in hints}) == len(hints)
    (told,) = (hint for hint in hints if hint.returned)
    assert (told.about, told.remote_id) == (About.ORDER, order_id), "the order itself shows nothing of it"
    assert {(hint.about, hint.remote_id) for hint in hints} == {
        (About.LISTING, there.remote_id),
        (About.ORDER, order_id),
    }
