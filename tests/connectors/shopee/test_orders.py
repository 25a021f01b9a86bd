"""Reading orders: windows, statuses, shares of lines, and nothing about buyers (shopee.md 6)."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import fields, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors.shopee import orders
from connectors.shopee.sandbox_sales import WORDS
from syncer.domain.order import Meaning, OrderLine, RemoteOrder
from syncer.sdk.contract import ReadsOrders, TunesOrders
from syncer.sdk.errors import AccountStopped, Blocked, Transient, Unclassified
from tests.connectors.shopee.canned import Canned, ok
from tests.connectors.shopee.conftest import Shop

HOUR = dt.timedelta(hours=1)
NOW = dt.datetime.fromtimestamp(1_700_000_000, dt.UTC)


def buy(shop: Shop, *lines: tuple[str, int], **more: Any) -> str:
    body = {"lines": [{"sku": sku, "quantity": count} for sku, count in lines], "force": True, **more}
    return str(shop.control.post("orders", body)["order_id"])


@pytest.fixture
def aged(tmp_path: Path) -> Iterator[Shop]:
    """A shop of its own, whose clock can be moved by weeks."""
    found = Shop(tmp_path)
    yield found
    found.close()


def pass_days(shop: Shop, days: float) -> None:
    """Let days pass: the sign-in would be over, so the seller consents again."""
    shop.control.advance(days * 86_400)
    answer = {name: str(value) for name, value in shop.control.post("consents").items()}
    shop.tokens = shop.connector.exchange(answer)


def changed(shop: Shop, since: dt.timedelta = HOUR) -> list[RemoteOrder]:
    """All orders that changed lately, as the engine walks through them."""
    now = shop.now()
    found, cursor = [], None
    for _ in range(200):
        page = shop.connector.fetch_orders(now - since, now + HOUR, cursor)
        assert page.unreadable == ()
        found += page.orders
        if page.cursor is None:
            return found
        cursor = page.cursor
    raise AssertionError("the walk does not end")


def wire(**changes: Any) -> dict[str, Any]:
    """An order as the platform tells it."""
    line = {"item_id": 24550001001, "item_sku": "DKR", "model_id": 245500010011, "model_sku": "DKR-N"}
    amounts = {"model_quantity_purchased": 3, "model_discounted_price": 179000, "order_item_id": 24550001001}
    row = {
        "order_sn": "231114AB12CD34",
        "order_status": "READY_TO_SHIP",
        "create_time": 1_700_000_000,
        "update_time": 1_700_000_100,
        "currency": "IDR",
        "item_list": [{**line, **amounts}],
    }
    return {**row, **changes}


def line_with(**changes: Any) -> dict[str, Any]:
    return wire(item_list=[{**wire()["item_list"][0], **changes}])


def shares(order: RemoteOrder) -> list[tuple[int, str]]:
    return [(line.quantity, line.status) for line in order.lines]


def test_it_reads_orders(canned: Canned) -> None:
    connector = canned.connector(orders_lag_s=7)
    assert isinstance(connector, ReadsOrders)
    assert isinstance(connector, TunesOrders)
    assert (connector.order_facts().lag_s, connector.info.orders) == (7, orders.FACTS)


def test_every_status_of_the_platform_has_a_meaning() -> None:
    assert WORDS.known() <= set(orders.FACTS.meanings)
    assert orders.FACTS.meaning("SOMETHING_NEW") is Meaning.ASK


def test_an_order_of_the_sandbox_is_read_whole(shop: Shop) -> None:
    found = shop.publish(shop.wanted(axes=1))
    one, other = found.offers
    key = buy(shop, (one.sku, 2), (one.sku, 1), (other.sku, 1))
    (order,) = changed(shop)
    assert (order.remote_id, order.status, order.currency) == (key, "READY_TO_SHIP", "IDR")
    assert {line.listing_id for line in order.lines} == {found.remote_id}
    assert [(line.offer_id, line.sku, line.quantity) for line in order.lines] == [
        (one.remote_id, one.sku, 2),
        (one.remote_id, one.sku, 1),
        (other.remote_id, other.sku, 1),
    ]
    assert len({line.line_id for line in order.lines}) == 3
    assert order.lines[0].price == one.price
    assert abs(order.created_at - shop.now()) < HOUR


def test_an_item_without_variants_is_model_0(shop: Shop) -> None:
    found = shop.publish(shop.wanted())
    buy(shop, (found.offers[0].sku, 1))
    (order,) = changed(shop)
    assert (order.lines[0].offer_id, order.lines[0].sku) == (found.offers[0].remote_id, found.offers[0].sku)


def test_a_long_span_is_split_into_windows_of_15_days(aged: Shop) -> None:
    shop = aged
    found = shop.publish(shop.wanted())
    keys = []
    for _ in range(3):
        keys.append(buy(shop, (found.offers[0].sku, 1)))
        pass_days(shop, 20)
    shop.sent.clear()
    assert [order.remote_id for order in changed(shop, dt.timedelta(days=61))] == keys
    spans = [dict(sent) for path, sent in shop.sent if path == "order/get_order_list"]
    assert len(spans) >= 5
    assert all(0 < int(span["time_to"]) - int(span["time_from"]) <= 15 * 86_400 for span in spans)


def test_a_full_window_is_cut_until_one_page_holds_it(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orders, "_PAGE", 2)
    found = shop.publish(shop.wanted())
    keys = []
    for _ in range(7):
        keys.append(buy(shop, (found.offers[0].sku, 1)))
        shop.control.advance(90)
    shop.sent.clear()
    assert {order.remote_id for order in changed(shop)} == set(keys)
    assert not [sent for path, sent in shop.sent if path == "order/get_order_list" and dict(sent)["cursor"]]


def test_an_order_that_changes_between_pages_hides_no_other(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orders, "_PAGE", 2)
    found = shop.publish(shop.wanted())
    keys = []
    for _ in range(6):
        keys.append(buy(shop, (found.offers[0].sku, 1)))
        shop.control.advance(60)
    begin, end = shop.now() - HOUR, shop.now() + HOUR
    seen: dict[str, str] = {}
    cursor, rest = None, list(keys)
    for _ in range(100):
        page = shop.connector.fetch_orders(begin, end, cursor)
        seen |= {order.remote_id: order.status for order in page.orders}
        if rest:
            shop.control.post(f"orders/{rest.pop(0)}/ship")
        cursor = page.cursor
        if cursor is None:
            break
    assert set(seen) == set(keys)


def test_more_orders_in_one_second_than_a_page_holds(canned: Canned) -> None:
    rows = [{"order_sn": f"A{n}", "order_status": "UNPAID"} for n in range(3)]
    full = ok(more=True, next_cursor="c1", order_list=rows[:2])
    canned.give("order/get_order_list", full, full, ok(more=False, next_cursor="", order_list=rows[2:]))
    details = [wire(order_sn=row["order_sn"]) for row in rows]
    canned.give("order/get_order_detail", ok(order_list=details[:2]), ok(order_list=details[2:]))
    connector = canned.connector()
    second = dt.timedelta(seconds=2)
    first = connector.fetch_orders(NOW, NOW + second, None)
    assert [order.remote_id for order in first.orders] == ["A0", "A1"]
    after = connector.fetch_orders(NOW, NOW + second, first.cursor)
    assert [order.remote_id for order in after.orders] == ["A2"]
    lists = [dict(request.query) for request in canned.requests if request.path == "order/get_order_list"]
    assert [(int(q["time_to"]) - int(q["time_from"]), q["cursor"]) for q in lists] == [(2, ""), (1, ""), (1, "c1")]


def test_open_orders_of_any_age_are_found_and_others_are_not(aged: Shop) -> None:
    shop = aged
    found = shop.publish(shop.wanted())
    wanted = {}
    for status in sorted(WORDS.known()):
        wanted[buy(shop, (found.offers[0].sku, 1), status=status)] = status
    pass_days(shop, 110)
    connector = shop.connector
    connector._context = replace(connector._context, now=shop.now)
    seen: dict[str, str] = {}
    cursor: str | None = None
    for _ in range(60):
        page = connector.fetch_open_orders(cursor)
        seen |= {order.remote_id: order.status for order in page.orders}
        cursor = page.cursor
        if cursor is None:
            break
    open_ones = {"UNPAID", "PENDING", "READY_TO_SHIP", "PROCESSED", "RETRY_SHIP", "IN_CANCEL", "INVOICE_PENDING"}
    assert sorted(seen.values()) == sorted(open_ones)
    assert seen.items() <= wanted.items()


def test_orders_by_id_leave_out_what_is_not_there(shop: Shop) -> None:
    found = shop.publish(shop.wanted())
    keys = [buy(shop, (found.offers[0].sku, 1)) for _ in range(2)]
    read = shop.connector.fetch_orders_by_id([*keys, "231114NOBODY", "../x", keys[0]])
    assert sorted(order.remote_id for order in read) == sorted(keys)
    assert shop.connector.fetch_orders_by_id(["231114NOBODY"]) == []
    assert shop.connector.fetch_orders_by_id([]) == []


def test_one_unknown_order_may_fail_the_whole_call(canned: Canned) -> None:
    gone = {"error": "error_not_found", "message": "not found"}
    canned.give("order/get_order_detail", gone, ok(order_list=[wire()]), gone)
    (order,) = canned.connector().fetch_orders_by_id(["231114AB12CD34", "231114NOBODY"])
    assert order.remote_id == "231114AB12CD34"
    asked = [dict(request.query)["order_sn_list"] for request in canned.requests]
    assert asked == ["231114AB12CD34,231114NOBODY", "231114AB12CD34", "231114NOBODY"]


def test_a_partial_cancellation_and_a_partial_return(shop: Shop) -> None:
    found = shop.publish(shop.wanted())
    sku = found.offers[0].sku
    key = buy(shop, (sku, 3))
    shop.control.post(f"orders/{key}/cancel", {"lines": [{"sku": sku, "quantity": 1}]})
    (order,) = changed(shop)
    assert (order.status, shares(order)) == ("READY_TO_SHIP", [(2, ""), (1, "CANCELLED")])
    shop.control.post(f"orders/{key}/ship")
    shop.control.post(f"orders/{key}/return", {"lines": [{"sku": sku, "quantity": 1}]})
    (order,) = changed(shop)
    assert (order.status, shares(order)) == ("SHIPPED", [(1, ""), (1, "CANCELLED"), (1, "TO_RETURN")])
    shop.control.post(f"orders/{key}/cancel")
    (order,) = changed(shop)
    assert (order.status, shares(order)) == ("CANCELLED", [(3, "")])


@pytest.mark.parametrize(
    ("amounts", "wanted"),
    [
        ({}, [(3, "")]),
        ({"active_qty": 3, "cancelled_qty": 0, "returned_qty": None}, [(3, "")]),
        ({"active_qty": "2", "cancelled_qty": "1"}, [(2, ""), (1, "CANCELLED")]),
        ({"cancelled_qty": 9}, [(0, ""), (3, "CANCELLED")]),
        ({"cancel_requested_qty": 2, "active_qty": 1}, [(3, "")]),
        ({"returned_qty": 3}, [(0, ""), (3, "TO_RETURN")]),
    ],
)
def test_amounts_may_be_missing_or_text(amounts: dict[str, Any], wanted: list[tuple[int, str]]) -> None:
    assert shares(orders.order(line_with(**amounts))) == wanted


def test_lines_of_the_same_model_keep_ids_of_their_own() -> None:
    line = wire()["item_list"][0]
    order = orders.order(wire(item_list=[line, {**line, "promotion_group_id": 5}, line]))
    assert len({line.line_id for line in order.lines}) == 3
    assert sum(line.quantity for line in order.lines) == 9


def test_a_promotions_line_names_it(shop: Shop) -> None:
    found = shop.publish(shop.wanted())
    sku = found.offers[0].sku
    held = shop.control.post("promotions", {"sku": sku, "quantity": 2, "ends_in_s": 600})
    buy(shop, (sku, 1))
    (order,) = changed(shop)
    assert order.lines[0].promotion == str(held["promotion_id"])
    assert orders.order(wire()).lines[0].promotion == ""


def test_a_bundles_line_may_cost_nothing() -> None:
    assert orders.order(line_with(model_discounted_price=0)).lines[0].price == Decimal(0)


def test_what_shopee_sends_from_its_own_warehouse_is_not_ours() -> None:
    order = orders.order(wire(fulfillment_flag="fulfilled_by_shopee"))
    assert orders.FACTS.meaning(order.lines[0].status) is Meaning.IGNORE


@pytest.mark.parametrize(
    "bad",
    [
        {"order_sn": ""},
        {"order_status": None},
        {"create_time": 0},
        {"item_list": []},
        {"item_list": None},
        {"item_list": [{"item_id": 1, "model_quantity_purchased": 1}]},
        {"item_list": [{"item_id": 1, "model_id": 0}]},
        {"item_list": [{"item_id": 1, "model_id": 0, "model_quantity_purchased": 10**9}]},
    ],
)
def test_one_order_that_cant_be_understood_holds_up_no_other(canned: Canned, bad: dict[str, Any]) -> None:
    rows = [{"order_sn": key, "order_status": "UNPAID"} for key in ("GOOD1", "231114AB12CD34", "LOST1")]
    canned.give("order/get_order_list", ok(more=False, next_cursor="", order_list=rows))
    canned.give("order/get_order_detail", ok(order_list=[wire(order_sn="GOOD1"), wire(**bad)]))
    page = canned.connector().fetch_orders(NOW - HOUR, NOW, None)
    assert [order.remote_id for order in page.orders] == ["GOOD1"]
    assert {"231114AB12CD34", "LOST1"} <= set(page.unreadable)


def test_orders_are_asked_for_without_anything_about_the_buyer(shop: Shop) -> None:
    found = shop.publish(shop.wanted())
    buy(shop, (found.offers[0].sku, 1))
    shop.sent.clear()
    read = changed(shop)
    asked = {name for path, sent in shop.sent if path == "order/get_order_detail" for name in dict(sent).items()}
    assert ("response_optional_fields", "item_list,total_amount,fulfillment_flag") in asked
    buyer = shop.control.get("orders")[0]["buyer"]
    assert not [value for value in buyer.values() if str(value) in repr(read)]
    assert {name.name for name in fields(RemoteOrder)} | {name.name for name in fields(OrderLine)} == {
        *("remote_id", "status", "created_at", "updated_at", "lines", "front", "ship_by", "total", "currency"),
        *("line_id", "listing_id", "offer_id", "sku", "quantity", "title", "price", "promotion"),
    }


def test_a_cursor_survives_as_text(shop: Shop) -> None:
    page = shop.connector.fetch_orders(NOW, NOW + dt.timedelta(days=40), None)
    assert page.cursor is not None
    assert json.loads(page.cursor)["since"] == 1_700_000_000 + 15 * 86_400


def test_a_failed_read_is_tried_again(canned: Canned) -> None:
    canned.give("order/get_order_list", {"error": "error_server", "message": "Something wrong. Please try later."})
    with pytest.raises(Transient):
        canned.connector().fetch_orders(NOW - HOUR, NOW, None)


def test_a_missing_permission_for_orders_stops_no_account(canned: Canned) -> None:
    refusal = {"error": "error_auth", "message": "No permission to current api."}
    canned.give("order/get_order_list", refusal, {"error": "shop_banned", "message": "banned"})
    connector = canned.connector()
    with pytest.raises(Blocked) as caught:
        connector.fetch_orders(NOW - HOUR, NOW, None)
    assert caught.value.after_s
    with pytest.raises(AccountStopped):
        connector.fetch_open_orders(None)


def test_an_order_asked_for_by_id_that_cant_be_understood_is_told(canned: Canned) -> None:
    canned.give("order/get_order_detail", ok(order_list=[wire(item_list=[])]))
    with pytest.raises(Unclassified, match="231114AB12CD34"):
        canned.connector().fetch_orders_by_id(["231114AB12CD34"])


def test_a_list_that_never_ends_is_a_fault_of_the_platform(canned: Canned) -> None:
    canned.give("order/get_order_list", ok(more=True, next_cursor="same", order_list=[]))
    connector = canned.connector()
    page = connector.fetch_open_orders(None)
    with pytest.raises(Transient, match="pages_repeat"):
        connector.fetch_open_orders(page.cursor)
