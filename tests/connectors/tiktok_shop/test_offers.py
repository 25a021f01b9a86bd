"""Prices and counts: absolute, only those named, of every warehouse, and partial failures."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from syncer.domain.listing import RemoteListing, RemoteOffer, Rendered, RenderedOffer, Status
from syncer.sdk.errors import Blocked, Gone, OutcomeUnknown, Rejected, Transient, Unclassified
from syncer.sdk.operations import Kind, ListingRef, Operation
from syncer.sdk.testing.builders import with_offer
from tests.connectors.tiktok_shop.canned import WAREHOUSE, Canned, ok, refused
from tests.connectors.tiktok_shop.conftest import Shop

PRICE, STOCK = "/product/202309/products/7/prices/update", "/product/202309/products/7/inventory/update"
WAREHOUSES = "/logistics/202309/warehouses"


def operation(kind: Kind, *skus: str, count: int = 3, price: int = 1000, **known: Any) -> Operation:
    rendered = Rendered({}, tuple(RenderedOffer(f"k{s}", f"S{s}", Decimal(price), count) for s in skus))
    there = RemoteListing("7", **{"status": Status.LIVE, **known})
    there = replace(there, offers=tuple(RemoteOffer(s, f"S{s}", key=f"k{s}") for s in skus))
    return Operation(kind, ListingRef("m"), rendered, there, offers=tuple(f"k{s}" for s in skus))


def failure(sku_id: str, code: int, *extra: int) -> dict[str, Any]:
    rows = [{"code": one, "message": "x", "warehouse_id": "w"} for one in extra]
    return {"code": code, "message": "x", "detail": {"sku_id": sku_id, "extra_errors": rows}}


def test_only_the_named_offers_are_written_and_at_once(shop: Shop) -> None:
    wanted = shop.wanted(axes=1, variants=3)
    found = shop.publish(wanted)
    changed = with_offer(wanted, "mangkuk-1", quantity=2, price=Decimal(200_000))
    shop.limit(review_delay_s=300.0)
    shop.driver.converge(changed)
    assert shop.writes() == ["POST update", "POST update"]
    ((_, _, stock), (_, _, price)) = [one for one in shop.sent if one[1].endswith("update")]
    sku_id = found.offers[1].remote_id
    assert [row["id"] for row in stock["skus"]] == [sku_id]
    assert price["skus"] == [{"id": sku_id, "price": {"amount": "200000", "currency": "IDR"}}]
    shown = {offer["sku"]: (offer["stock"], offer["price"]) for offer in shop.there(found.remote_id)["offers"]}
    assert shown["MANGKUK-1"] == (2, 200_000)
    assert shown["MANGKUK-0"] == (5, 185_000)
    assert shop.there(found.remote_id)["status"] == "live"


def test_an_empty_answer_to_prices_is_success(canned: Canned) -> None:
    canned.give(PRICE, {"code": 0, "message": "Success", "request_id": "r", "data": {}})
    (result,) = canned.connector().apply([operation(Kind.PRICE, "1", "2")])
    assert result.proved is not None
    assert [offer.price for offer in result.proved.offers] == [1000, 1000]


def test_code_0_with_errors_is_a_partial_failure(canned: Canned) -> None:
    canned.give(STOCK, ok(errors=[failure("2", 12052516, 12052516)]))
    (result,) = canned.connector().apply([operation(Kind.STOCK, "1", "2")])
    assert result.error is None
    assert result.proved is not None
    assert [(offer.key, offer.quantity) for offer in result.proved.offers] == [("k1", 3)]
    assert isinstance(result.offer_errors["k2"], Blocked)
    assert result.offer_errors["k2"].sku == "S2"


def test_all_may_fail_with_code_0(canned: Canned) -> None:
    canned.give(STOCK, ok(errors=[failure("1", 12052393), failure("2", 12052990, 12052382)]))
    (result,) = canned.connector().apply([operation(Kind.STOCK, "1", "2")])
    assert result.proved is None
    assert {key: error.code for key, error in result.offer_errors.items()} == {"k1": "12052393", "k2": "12052382"}


def test_a_failure_that_names_no_variant_leaves_all_unknown(canned: Canned) -> None:
    canned.give(STOCK, ok(errors=[{"code": 12052393, "message": "x"}]))
    (result,) = canned.connector().apply([operation(Kind.STOCK, "1", "2")])
    assert result.proved is None
    assert [type(error) for error in result.offer_errors.values()] == [OutcomeUnknown, OutcomeUnknown]


def test_a_numeric_sku_id_in_a_failure_still_names_its_variant(canned: Canned) -> None:
    row = failure("1", 12052393)
    row["detail"]["sku_id"] = 1
    canned.give(STOCK, ok(errors=[row]))
    (result,) = canned.connector().apply([operation(Kind.STOCK, "1", "2")])
    assert set(result.offer_errors) == {"k1"}


def test_a_variant_that_isnt_there_yet_waits_and_the_others_go(canned: Canned) -> None:
    canned.give(STOCK, ok())
    one = operation(Kind.STOCK, "1", "2")
    assert one.known is not None
    one = replace(one, known=replace(one.known, offers=one.known.offers[:1]))
    (result,) = canned.connector().apply([one])
    assert isinstance(result.offer_errors["k2"], Transient)
    assert result.proved is not None
    assert [offer.key for offer in result.proved.offers] == ["k1"]
    (nothing,) = canned.connector().apply([replace(one, known=RemoteListing("7"))])
    assert nothing.proved is None
    assert len(canned.requests) == 1


@pytest.mark.parametrize(
    ("code", "kind"),
    [(12052032, Gone), (12052570, Rejected), (36009003, OutcomeUnknown), (12059999, Unclassified), (12052038, Blocked)],
)
def test_the_whole_call_may_be_refused(canned: Canned, code: int, kind: type) -> None:
    canned.give(PRICE, refused(code))
    (result,) = canned.connector().apply([operation(Kind.PRICE, "1")])
    assert type(result.error) is kind


def test_a_promotion_locks_prices_and_what_it_holds_of_the_stock(shop: Shop) -> None:
    wanted = shop.wanted()
    found = shop.publish(wanted)
    shop.control.post("promotions", {"remote_id": found.remote_id, "until_s": 3600})
    price = shop.apply(Kind.PRICE, with_offer(wanted, "mangkuk-0", price=Decimal(99_000)), offers=["mangkuk-0"])
    fewer = shop.apply(Kind.STOCK, with_offer(wanted, "mangkuk-0", quantity=1), offers=["mangkuk-0"])
    more = shop.apply(Kind.STOCK, with_offer(wanted, "mangkuk-0", quantity=9), offers=["mangkuk-0"])
    assert isinstance(price.error, Blocked)
    assert isinstance(fewer.offer_errors["mangkuk-0"], Blocked)
    assert not more.offer_errors
    shop.wait(3601)
    shop.driver.converge(with_offer(wanted, "mangkuk-0", price=Decimal(99_000), quantity=1))
    assert shop.there(found.remote_id)["offers"][0]["price"] == 99_000


def test_prices_of_a_product_that_isnt_live_wait_for_its_review(shop: Shop) -> None:
    shop.limit(review_delay_s=300.0)
    wanted = shop.wanted()
    operation_ = shop.operation(Kind.CREATE, wanted)
    proved = shop.connector.apply([operation_])[0].proved
    assert proved is not None
    changed = with_offer(wanted, "mangkuk-0", price=Decimal(99_000))
    priced = replace(shop.operation(Kind.PRICE, changed, offers=["mangkuk-0"]), known=proved)
    (result,) = shop.connector.apply([priced])
    assert isinstance(result.error, Blocked)
    assert result.error.after_s == 1.0


def test_a_count_of_0_is_sent(shop: Shop) -> None:
    wanted = shop.wanted(axes=1)
    found = shop.publish(wanted)
    shop.driver.converge(with_offer(wanted, "mangkuk-0", quantity=0))
    assert [offer["stock"] for offer in shop.there(found.remote_id)["offers"]] == [0, 6]


def test_where_0_is_refused_the_stop_goes_on_by_hiding(shop: Shop) -> None:
    shop.limit(stock_min_update=1)
    wanted = shop.wanted()
    found = shop.publish(wanted)
    result = shop.apply(Kind.STOCK, with_offer(wanted, "mangkuk-0", quantity=0), offers=["mangkuk-0"])
    error = result.offer_errors["mangkuk-0"]
    assert isinstance(error, Blocked), "a blocked stop goes down the ladder"
    assert error.code == "12052055"
    steps = [step.kind for step in shop.connector.info.stop_ladder]
    assert steps == [Kind.STOCK, Kind.HIDE, Kind.DELETE]
    shop.driver.converge(wanted, state="hidden")
    assert shop.there(found.remote_id)["status"] == "hidden"


# Warehouses


def warehouse(key: str, **more: Any) -> dict[str, Any]:
    return {"id": key, "type": "SALES_WAREHOUSE", "effect_status": "ENABLED", "is_default": False, **more}


@pytest.mark.parametrize(
    ("rows", "chosen"),
    [
        ([warehouse("1"), warehouse("2", is_default=True)], "2"),
        ([warehouse("1", type="RETURN_WAREHOUSE", is_default=True), warehouse("2")], "2"),
        ([warehouse("1", effect_status="DISABLED", is_default=True), warehouse("2", effect_status="RESTRICTED")], None),
        ([], None),
    ],
)
def test_stock_goes_to_an_active_sales_warehouse_the_default_one_first(canned: Canned, rows: Any, chosen: Any) -> None:
    canned.give(WAREHOUSES, ok(warehouses=rows))
    canned.give(STOCK, ok())
    connector = canned.connector(warehouse_id=None)
    if chosen is None:
        (result,) = connector.apply([operation(Kind.STOCK, "1")])
        assert isinstance(result.error, Blocked)
        return
    for _ in range(2):
        connector.apply([operation(Kind.STOCK, "1")])
    assert canned.requests[-1].json()["skus"][0]["inventory"] == [{"warehouse_id": chosen, "quantity": 3}]
    assert canned.paths().count(f"GET {WAREHOUSES}") == 1


def test_a_refused_warehouse_is_looked_up_again(canned: Canned) -> None:
    canned.give(WAREHOUSES, ok(warehouses=[warehouse("1")]), ok(warehouses=[warehouse("2")]))
    canned.give(STOCK, ok(errors=[failure("1", 12052097, 12052097)]), ok())
    connector = canned.connector(warehouse_id=None)
    connector.apply([operation(Kind.STOCK, "1")])
    connector.apply([operation(Kind.STOCK, "1")])
    assert canned.requests[-1].json()["skus"][0]["inventory"][0]["warehouse_id"] == "2"


def test_every_warehouse_of_a_sku_is_named_and_no_other(canned: Canned) -> None:
    canned.give(STOCK, ok())
    canned.give(WAREHOUSES, ok(warehouses=[warehouse("w1", is_default=True), warehouse("w2")]))
    several = {"warehouses": {"1": ["w1", "w2"]}}
    canned.connector(warehouse_id=None).apply([operation(Kind.STOCK, "1", "2", extra=several)])
    rows = {row["id"]: row["inventory"] for row in canned.requests[-1].json()["skus"]}
    assert rows == {
        "1": [{"warehouse_id": "w1", "quantity": 3}, {"warehouse_id": "w2", "quantity": 0}],
        "2": [{"warehouse_id": "w1", "quantity": 3}],
    }


def test_with_an_own_warehouse_the_others_keep_their_counts(canned: Canned) -> None:
    canned.give(STOCK, ok())
    counts = [{"warehouse_id": WAREHOUSE, "available_quantity": 9}, {"warehouse_id": "w2", "available_quantity": 4}]
    inventory = [{"product_id": "7", "skus": [{"id": "1", "warehouse_inventory": counts}]}]
    canned.give("/product/202309/inventory/search", ok(inventory=inventory))
    several = {"warehouses": {"1": ["w2", WAREHOUSE]}}
    canned.connector().apply([operation(Kind.STOCK, "1", extra=several)])
    assert canned.requests[-1].json()["skus"][0]["inventory"] == [
        {"warehouse_id": WAREHOUSE, "quantity": 3},
        {"warehouse_id": "w2", "quantity": 4},
    ]
    assert canned.requests[0].json() == {"product_ids": ["7"]}


def test_at_the_sandbox_a_product_in_two_warehouses_shows_our_number(shop: Shop) -> None:
    wanted = shop.wanted()
    shop.limit(warehouses=["Bengkel Setu", "Galeri"])
    found = shop.publish(wanted)
    reply = shop.connector._client.read("GET", WAREHOUSES, "x", shop.connector._shop.params())
    mine, other = (row["id"] for row in reply.rows("warehouses")[:2])
    product = shop.connector._reader.product(found.remote_id)
    rows = [{"warehouse_id": mine, "quantity": 5}, {"warehouse_id": other, "quantity": 4}]
    body = {"skus": [{"id": product["skus"][0]["id"], "inventory": rows}], "title": product["title"]}
    path = f"/product/202509/products/{found.remote_id}/partial_edit"
    shop.connector._client.write("POST", path, "x", shop.connector._shop.params(), body).ensure()
    assert shop.driver.fetch(wanted).offers[0].quantity == 9
    shop.driver.converge(with_offer(wanted, "mangkuk-0", quantity=2))
    assert shop.there(found.remote_id)["offers"][0]["warehouses"] == {mine: 2, other: 0}
