"""Orders of both storefronts: what is read of them, and the walks over them (tiktok_shop.md 12)."""

from __future__ import annotations

import dataclasses
import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from syncer.domain.order import Meaning, RemoteOrder
from syncer.sdk.contract import OrderPage, ReadsOrders, TunesOrders
from syncer.sdk.errors import Blocked, Transient, Unclassified
from tests.connectors.tiktok_shop.canned import AT, Canned, ok, refused

SEARCH, DETAIL = "/order/202309/orders/search", "/order/202507/orders"
SINCE, UNTIL = dt.datetime.fromtimestamp(AT - 3600, dt.UTC), dt.datetime.fromtimestamp(AT, dt.UTC)


def item(key: str = "576653688135258001", **changes: Any) -> dict[str, Any]:
    """One line item: one piece."""
    values = {
        "id": key,
        "product_id": "1729592969712207008",
        "product_name": "Tas anyaman pandan",
        "sku_id": "1729592969712207012",
        "seller_sku": "TAS-HIJAU",
        "sku_name": "Hijau",
        "currency": "IDR",
        "original_price": "150000",
        "sale_price": "135000",
        "display_status": "AWAITING_SHIPMENT",
    }
    return {**values, **changes}


def order(key: str = "576653688135258178", at: int = AT - 60, **changes: Any) -> dict[str, Any]:
    values = {
        "id": key,
        "status": "AWAITING_SHIPMENT",
        "commerce_platform": "TOKOPEDIA",
        "create_time": AT - 600,
        "update_time": at,
        "rts_sla_time": AT + 86_400,
        "fulfillment_type": "FULFILLMENT_BY_SELLER",
        "payment": {"currency": "IDR", "total_amount": "145000", "sub_total": "135000"},
        "recipient_address": {
            "name": "Kanari Pembeli",
            "phone_number": "(+62)812***",
            "full_address": "Jalan Kanari 9",
        },
        "buyer_message": "titip kanari",
        "line_items": [item()],
    }
    return {**values, **changes}


def found(rows: list[dict[str, Any]], token: str = "") -> dict[str, Any]:
    return ok(orders=rows, next_page_token=token, total_count=len(rows))


def read(canned: Canned, row: dict[str, Any]) -> RemoteOrder:
    canned.give(SEARCH, found([row]))
    (one,) = canned.connector().fetch_orders(SINCE, UNTIL, None).orders
    return one


def walk(canned: Canned) -> list[OrderPage]:
    connector, cursor, pages = canned.connector(), None, []
    while True:
        page = connector.fetch_orders(SINCE, UNTIL, cursor)
        pages.append(page)
        if page.cursor is None:
            return pages
        cursor = page.cursor
        assert len(pages) < 20


def test_it_reads_orders(canned: Canned) -> None:
    assert isinstance(canned.connector(), ReadsOrders)


def test_an_order_is_read_whole(canned: Canned) -> None:
    one = read(canned, order())
    assert (one.remote_id, one.status, one.front) == ("576653688135258178", "AWAITING_SHIPMENT", "TOKOPEDIA")
    assert (one.created_at.timestamp(), one.updated_at.timestamp()) == (AT - 600, AT - 60)
    assert one.ship_by == dt.datetime.fromtimestamp(AT + 86_400, dt.UTC)
    assert (one.total, one.currency) == (Decimal(145_000), "IDR")
    (line,) = one.lines
    assert (line.line_id, line.listing_id, line.offer_id, line.sku, line.quantity, line.status, line.price) == (
        "576653688135258001",
        "1729592969712207008",
        "1729592969712207012",
        "TAS-HIJAU",
        1,
        "",
        Decimal(135_000),
    )


def test_nothing_about_buyers_is_kept(canned: Canned) -> None:
    assert "anari" not in repr(dataclasses.asdict(read(canned, order())))


def test_each_piece_is_a_line_of_its_own(canned: Canned) -> None:
    one = read(canned, order(line_items=[item("1"), item("2"), item("3", sku_id="99", seller_sku="X")]))
    assert [(line.line_id, line.offer_id, line.quantity) for line in one.lines] == [
        ("1", "1729592969712207012", 1),
        ("2", "1729592969712207012", 1),
        ("3", "99", 1),
    ]


def test_a_cancelled_line_of_an_order_says_so_itself(canned: Canned) -> None:
    one = read(canned, order(line_items=[item("1"), item("2", display_status="CANCELLED")]))
    assert [(line.line_id, line.status) for line in one.lines] == [("1", ""), ("2", "CANCELLED")]


def test_a_cancelled_order_has_no_line_that_is_not(canned: Canned) -> None:
    one = read(canned, order(status="CANCELLED", line_items=[item("1"), item("2", display_status="CANCELLED")]))
    assert one.status == "CANCELLED"
    assert {line.status for line in one.lines} == {""}


def test_lines_may_be_further_than_their_order(canned: Canned) -> None:
    items = [item("1", display_status="IN_TRANSIT"), item("2"), item("3", display_status="")]
    one = read(canned, order(status="PARTIALLY_SHIPPING", line_items=items))
    assert [line.status for line in one.lines] == ["IN_TRANSIT", "", ""]
    one = read(canned, order(status="IN_TRANSIT", line_items=items))
    assert [line.status for line in one.lines] == ["IN_TRANSIT", "AWAITING_SHIPMENT", ""]
    (line,) = read(canned, order(status="ON_HOLD")).lines
    assert line.status == "", "lines have no word for it"


def test_orders_of_both_storefronts_come_through_one_api(canned: Canned) -> None:
    assert read(canned, order(commerce_platform="TIKTOK_SHOP")).front == "TIKTOK_SHOP"
    assert canned.requests[-1].json() == {"update_time_ge": AT - 3600, "update_time_lt": AT + 1}
    assert canned.requests[-1].param("sort_field") == "update_time"
    assert canned.requests[-1].param("sort_order") == "ASC"


def test_on_hold_and_cash_on_delivery_and_samples_take_pieces_like_any_other(canned: Canned) -> None:
    """ON_HOLD has no address; cash on delivery is never unpaid; a sample costs nothing and leaves the shelf."""
    facts = canned.connector().order_facts()
    held = order(status="ON_HOLD", line_items=[item(display_status="UNPAID")])
    del held["recipient_address"]
    for row in (held, order(is_cod=True, payment={}), order(is_sample_order=True, line_items=[item(sale_price="0")])):
        (line,) = read(canned, row).lines
        assert facts.meaning(line.status or row["status"]) in (Meaning.HOLD, Meaning.SOLD)


def test_what_the_platforms_own_warehouse_ships_leaves_our_shelf_alone(canned: Canned) -> None:
    facts = canned.connector().order_facts()
    for kind in ("FULFILLMENT_BY_TIKTOK", "FULFILLMENT_BY_DILAYANI_TOKOPEDIA"):
        (line,) = read(canned, order(fulfillment_type=kind)).lines
        assert facts.meaning(line.status) is Meaning.IGNORE
    (line,) = read(canned, order(fulfillment_type="FULFILLMENT_BY_MOON")).lines
    assert facts.meaning(line.status) is Meaning.ASK


def test_a_bundle_made_there_takes_its_parts(canned: Canned) -> None:
    parts = [
        {"product_id": "7", "sku_id": "71", "seller_sku": "TAS", "sku_count": 1},
        {"product_id": "8", "sku_id": "81", "seller_sku": "GELAS", "sku_count": 4},
    ]
    one = read(canned, order(line_items=[item("1", combined_listing_skus=parts)]))
    assert [(line.line_id, line.listing_id, line.offer_id, line.sku, line.quantity) for line in one.lines] == [
        ("1:71", "7", "71", "TAS", 1),
        ("1:81", "8", "81", "GELAS", 4),
    ]


@pytest.mark.parametrize(
    "broken",
    [
        {"line_items": []},
        {"line_items": None},
        {"status": ""},
        {"create_time": "soon"},
        {"create_time": 0},
        {"line_items": [item(""), item("2")]},
        {"line_items": [item("1", sku_id="9" * 2000)]},
        {"line_items": [item("1", combined_listing_skus=[{"sku_id": "5"}])]},
    ],
)
def test_an_order_that_can_not_be_understood_holds_up_no_other(canned: Canned, broken: dict[str, Any]) -> None:
    canned.give(SEARCH, found([order("1", **broken), order("2")]))
    page = canned.connector().fetch_orders(SINCE, UNTIL, None)
    assert [one.remote_id for one in page.orders] == ["2"]
    assert page.unreadable == ("1",)


def test_ids_that_come_as_numbers_are_not_rounded(canned: Canned) -> None:
    one = read(canned, order(576653688135258178, line_items=[item(576653688135258001)]))  # type: ignore[arg-type]
    assert (one.remote_id, one.lines[0].line_id) == ("576653688135258178", "576653688135258001")


# Walks


def test_a_walk_goes_by_time_so_that_orders_that_move_are_not_passed_over(canned: Canned) -> None:
    """An order that changes meanwhile leaves its place, and all behind it move up: a page token would skip one."""
    canned.give(
        SEARCH,
        found([order("1", AT - 300), order("2", AT - 200)], "t/1=="),
        found([order("2", AT - 200), order("3", AT - 200), order("4", AT - 100)], "t2"),
        found([order("4", AT - 100)]),
    )
    pages = walk(canned)
    assert [[one.remote_id for one in page.orders] for page in pages] == [["1", "2"], ["3", "4"], []]
    assert [request.json()["update_time_ge"] for request in canned.requests] == [AT - 3600, AT - 200, AT - 100]
    assert not any("page_token" in dict(request.query) for request in canned.requests)


def test_more_orders_in_one_second_than_a_page_holds_go_by_token(canned: Canned) -> None:
    canned.give(
        SEARCH,
        found([order("1", AT - 300), order("2", AT - 300)], "t1"),
        found([order("1", AT - 300), order("2", AT - 300)], "t/2+="),
        found([order("3", AT - 300), order("4", AT - 299)], "t3"),
        found([order("4", AT - 299)]),
    )
    pages = walk(canned)
    assert [one.remote_id for page in pages for one in page.orders] == ["1", "2", "3", "4"]
    asked = [(request.json()["update_time_ge"], dict(request.query).get("page_token")) for request in canned.requests]
    assert asked == [(AT - 3600, None), (AT - 300, None), (AT - 300, "t/2+="), (AT - 299, None)]


def test_a_time_beyond_the_window_moves_no_walk_on(canned: Canned) -> None:
    """Update times may exceed the range that was asked for, because orders change during the search."""
    canned.give(
        SEARCH,
        found([order("1", AT + 50), order("2", AT - 200), order("3", AT + 60)], "t1"),
        found([order("4", AT - 150)]),
    )
    walk(canned)
    assert canned.requests[1].json()["update_time_ge"] == AT - 200


def test_orders_of_the_last_minute_go_by_token_because_they_may_be_moving(canned: Canned) -> None:
    canned.give(SEARCH, found([order("1", AT - 300), order("2", AT - 20)], "t1"), found([order("3", AT - 10)]))
    connector = canned.connector()
    until = UNTIL + dt.timedelta(minutes=6)
    page = connector.fetch_orders(SINCE, until, None)
    canned.give(SEARCH, found([order("2", AT - 20)], "t2"), found([order("3", AT - 10)]))
    page = connector.fetch_orders(SINCE, until, page.cursor)
    assert [one.remote_id for one in page.orders] == ["2"]
    page = connector.fetch_orders(SINCE, until, page.cursor)
    assert ([one.remote_id for one in page.orders], page.cursor) == (["3"], None)
    asked = [(request.json()["update_time_ge"], dict(request.query).get("page_token")) for request in canned.requests]
    assert asked == [(AT - 3600, None), (AT - 300, None), (AT - 300, "t2")]
    assert canned.requests[0].json()["update_time_lt"] == AT + 361


def test_a_token_that_repeats_is_not_the_end(canned: Canned) -> None:
    canned.give(SEARCH, found([order("1", AT - 300)], "t1"), found([order("1", AT - 300)], "t1"))
    with pytest.raises(Transient, match="pages_repeat"):
        walk(canned)


def test_an_empty_page_is_not_the_end_either(canned: Canned) -> None:
    canned.give(SEARCH, found([], "t1"), found([order("1")]))
    assert [one.remote_id for page in walk(canned) for one in page.orders] == ["1"]
    assert canned.requests[1].param("page_token") == "t1"


def test_a_permission_that_is_missing_for_orders_leaves_the_rest_at_work(canned: Canned) -> None:
    connector = canned.connector()
    canned.give(SEARCH, refused(105005))
    canned.give(DETAIL, refused(105005))
    for call in (
        lambda: connector.fetch_orders(SINCE, UNTIL, None),
        lambda: connector.fetch_open_orders(None),
        lambda: connector.fetch_orders_by_id(["1"]),
    ):
        with pytest.raises(Blocked, match="105005") as caught:
            call()
        assert "reconnect" in caught.value.remedy.id


def test_open_orders_are_read_in_the_order_in_which_orders_move_on(canned: Canned) -> None:
    row = order("7", create_time=AT - 90_000_000)
    canned.give(SEARCH, found([]), found([row]), found([], ""), found([]), found([order("8")]))
    connector, cursor, ids = canned.connector(), None, []
    for _ in range(5):
        page = connector.fetch_open_orders(cursor)
        ids += [one.remote_id for one in page.orders]
        cursor = page.cursor
    assert (cursor, ids) == (None, ["7", "8"])
    asked = [request.json() for request in canned.requests]
    assert [body["order_status"] for body in asked] == [
        "UNPAID",
        "ON_HOLD",
        "AWAITING_SHIPMENT",
        "PARTIALLY_SHIPPING",
        "AWAITING_COLLECTION",
    ]
    assert {tuple(body) for body in asked} == {("order_status",)}, "of any age"


def test_many_open_orders_are_walked_by_time_of_creation(canned: Canned) -> None:
    canned.give(SEARCH, found([order("1", create_time=AT - 500)], "t"), found([order("2", create_time=AT - 400)]))
    connector = canned.connector()
    page = connector.fetch_open_orders(connector.fetch_open_orders(None).cursor)
    assert canned.requests[1].json() == {"order_status": "UNPAID", "create_time_ge": AT - 500}
    assert canned.requests[1].param("sort_field") == "create_time"
    assert [one.remote_id for one in page.orders] == ["2"]


# By id


def test_orders_by_id_are_asked_for_in_one_value(canned: Canned) -> None:
    canned.give(DETAIL, ok(orders=[order("1"), order("3")]))
    got = canned.connector().fetch_orders_by_id(["1", "2", "3", "1", "no id"])
    assert [one.remote_id for one in got] == ["1", "3"]
    assert [pair for pair in canned.requests[0].query if pair[0] == "ids"] == [("ids", "1,2,3")]


def test_an_order_of_another_shop_does_not_spoil_the_others(canned: Canned) -> None:
    canned.give(DETAIL, refused(21008111), ok(orders=[order("1")]), refused(21008111))
    got = canned.connector().fetch_orders_by_id(["1", "2"])
    assert [one.remote_id for one in got] == ["1"]
    assert [request.param("ids") for request in canned.requests] == ["1,2", "1", "2"]


def test_an_order_by_id_that_can_not_be_understood_is_told(canned: Canned) -> None:
    canned.give(DETAIL, ok(orders=[order("1"), order("2", line_items=[])]))
    with pytest.raises(Unclassified, match="order_unreadable"):
        canned.connector().fetch_orders_by_id(["1", "2"])


def test_other_refusals_of_a_read_are_told(canned: Canned) -> None:
    canned.give(DETAIL, refused(21008999))
    with pytest.raises(Unclassified, match="21008999"):
        canned.connector().fetch_orders_by_id(["1"])
    assert canned.connector().fetch_orders_by_id(["forged"]) == []
    assert len(canned.requests) == 1


# What statuses mean


def test_cancelled_is_spelled_otherwise_in_events(canned: Canned) -> None:
    facts = canned.connector().order_facts()
    assert facts.meaning("CANCEL") is facts.meaning("CANCELLED") is Meaning.BACK
    assert facts.meaning("SOMETHING_NEW") is Meaning.ASK


def test_open_orders_are_off_the_platforms_number_and_the_unconfirmed_is_unknown(canned: Canned) -> None:
    facts = canned.connector().order_facts()
    known = [status for status, meaning in facts.meanings.items() if meaning in (Meaning.SOLD, Meaning.GONE)]
    assert all(facts.lowers[status] is True for status in [*known, "ON_HOLD"])
    assert all(facts.lowers[status] is None for status in ("UNPAID", "CANCELLED", "CANCEL"))
    assert facts.overlap_s == 600


def test_the_account_says_how_late_orders_show_up(canned: Canned) -> None:
    connector = canned.connector(orders_lag_s=3)
    assert isinstance(connector, TunesOrders)
    assert connector.order_facts() == dataclasses.replace(connector.info.orders, lag_s=3)  # type: ignore[type-var]
    assert canned.connector().order_facts() == connector.info.orders
