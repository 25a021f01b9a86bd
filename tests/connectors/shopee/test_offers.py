"""Prices and counts: absolute, only those named, both shapes of partial failure, promotions and holidays."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from syncer.domain.listing import RemoteListing, RemoteOffer, Rendered, RenderedOffer
from syncer.sdk.errors import Blocked, Gone, OutcomeUnknown, Rejected, Transient, Unclassified
from syncer.sdk.operations import Kind, ListingRef, Operation
from syncer.sdk.testing.builders import with_offer
from tests.connectors.shopee.canned import Canned, ok
from tests.connectors.shopee.conftest import Shop


def operation(kind: Kind, *model_ids: str, count: int = 3, price: int = 1000) -> Operation:
    rendered = Rendered({}, tuple(RenderedOffer(f"k{m}", f"S{m}", Decimal(price), count) for m in model_ids))
    known = RemoteListing("7", offers=tuple(RemoteOffer(m, f"S{m}", key=f"k{m}") for m in model_ids))
    return Operation(kind, ListingRef("m"), rendered, known, offers=tuple(f"k{m}" for m in model_ids))


def envelope(code: str, message: str = "", **response: Any) -> dict[str, Any]:
    return {**ok(**response), "error": code, "message": message}


def failure(model_id: int, reason: str) -> dict[str, Any]:
    return {"model_id": model_id, "failed_reason": reason}


def test_only_the_named_offers_are_written(shop: Shop) -> None:
    wanted = shop.wanted(axes=1, variants=3)
    found = shop.publish(wanted)
    changed = with_offer(wanted, "mangkuk-1", quantity=2, price=Decimal(200_000))
    shop.driver.converge(changed)
    (stock,) = shop.bodies("product/update_stock")
    (price,) = shop.bodies("product/update_price")
    model_id = int(next(offer.remote_id for offer in found.offers if offer.key == "mangkuk-1"))
    assert stock["stock_list"] == [{"model_id": model_id, "seller_stock": [{"stock": 2}]}]
    assert price["price_list"] == [{"model_id": model_id, "original_price": 200_000}]
    shown = {offer["sku"]: (offer["stock"], offer["price"]) for offer in shop.there(found.remote_id)["offers"]}
    assert shown["MANGKUK-1"] == (2, 200_000)
    assert shown["MANGKUK-0"] == (5, 185_000)


def test_a_piece_without_variants_is_model_0_and_its_price_answer_names_no_model(shop: Shop) -> None:
    wanted = shop.wanted()
    found = shop.publish(wanted)
    changed = with_offer(wanted, "mangkuk-0", price=Decimal(99_000))
    result = shop.apply(Kind.PRICE, changed, offers=["mangkuk-0"])
    assert result.offer_errors == {}
    assert result.proved is not None
    assert [(offer.remote_id, offer.price) for offer in result.proved.offers] == [("0", Decimal(99_000))]
    assert shop.bodies("product/update_price")[0]["price_list"][0]["model_id"] == 0
    assert shop.there(found.remote_id)["offers"][0]["price"] == 99_000


def test_a_count_of_zero_is_written(shop: Shop) -> None:
    wanted = shop.wanted()
    found = shop.publish(wanted)
    shop.apply(Kind.STOCK, with_offer(wanted, "mangkuk-0", quantity=0), offers=["mangkuk-0"])
    assert shop.there(found.remote_id)["offers"][0]["stock"] == 0


@pytest.mark.parametrize("shape", ["plain", "code"])
def test_one_bad_entry_never_fails_its_neighbours(shop: Shop, shape: str) -> None:
    wanted = shop.wanted(axes=1, variants=2)
    shop.publish(wanted)
    changed = with_offer(with_offer(wanted, "mangkuk-0", quantity=7), "mangkuk-1", quantity=9)
    # The limit fell after it was read.
    shop.control.post("limits", {"partial_shape": shape, "stock_max": 8})
    result = shop.apply(Kind.STOCK, changed, offers=["mangkuk-0", "mangkuk-1"])
    assert result.error is None
    assert result.proved is not None
    assert [(offer.key, offer.quantity) for offer in result.proved.offers] == [("mangkuk-0", 7)]
    (error,) = result.offer_errors.values()
    assert type(error) is Rejected
    assert error.sku == "MANGKUK-1"


def test_an_error_with_filled_lists_is_read_row_by_row(canned: Canned) -> None:
    lists = {"success_list": [{"model_id": 1, "stock": 3}], "failure_list": [failure(2, "model ID not exist in sku")]}
    canned.give("product/update_stock", envelope("product.error_busi_update_stock_failed", **lists))
    (result,) = canned.connector().apply([operation(Kind.STOCK, "1", "2")])
    assert result.error is None
    assert result.proved is not None
    assert [offer.key for offer in result.proved.offers] == ["k1"]
    assert type(result.offer_errors["k2"]) is Gone


def test_no_error_with_a_failure_list_is_not_done(canned: Canned) -> None:
    lists = {"success_list": [], "failure_list": [failure(1, "Stock should be within 0-10 for model X")]}
    canned.give("product/update_stock", ok(**lists))
    (result,) = canned.connector().apply([operation(Kind.STOCK, "1")])
    assert result.proved is None
    assert type(result.offer_errors["k1"]) is Rejected


def test_an_error_without_lists_fails_the_whole_operation(canned: Canned) -> None:
    canned.give("product/update_stock", envelope("product.error_item_not_found", "Item_id is not found."))
    (result,) = canned.connector().apply([operation(Kind.STOCK, "1")])
    assert type(result.error) is Gone


def test_an_entry_that_the_answer_doesnt_name_is_unknown(canned: Canned) -> None:
    canned.give("product/update_stock", ok(success_list=[{"model_id": 1, "stock": 3}], failure_list=[]))
    (result,) = canned.connector().apply([operation(Kind.STOCK, "1", "2")])
    assert type(result.offer_errors["k2"]) is OutcomeUnknown


def test_the_number_in_the_answer_counts_more_than_ours(canned: Canned) -> None:
    canned.give("product/update_price", ok(success_list=[{"model_id": 1, "original_price": 1001}], failure_list=[]))
    (result,) = canned.connector().apply([operation(Kind.PRICE, "1")])
    assert result.proved is not None
    assert result.proved.offers[0].price == Decimal(1001)


def test_a_failed_price_is_permanent_though_it_says_try_later(canned: Canned) -> None:
    message = "Update price failed, please try later."
    canned.give("product/update_price", envelope("product.error_update_price_fail", message))
    (result,) = canned.connector().apply([operation(Kind.PRICE, "1")])
    assert type(result.error) is Rejected


def test_an_offer_that_isnt_there_yet_costs_no_call(canned: Canned) -> None:
    lone = operation(Kind.STOCK, "1")
    unknown = Operation(lone.kind, lone.ref, lone.rendered, RemoteListing("7"), offers=lone.offers)
    (result,) = canned.connector().apply([unknown])
    assert type(result.offer_errors["k1"]) is Transient
    assert canned.requests == []


def test_an_unknown_reason_is_parked_for_a_person(canned: Canned) -> None:
    canned.give("product/update_stock", ok(success_list=[], failure_list=[failure(1, "zzz")]))
    (result,) = canned.connector().apply([operation(Kind.STOCK, "1")])
    assert type(result.offer_errors["k1"]) is Unclassified


def test_a_promotion_locks_the_price_and_it_waits(shop: Shop) -> None:
    wanted = shop.wanted()
    found = shop.publish(wanted)
    shop.control.post("promotions", {"remote_id": found.remote_id, "lock": ["price"], "starts_in_s": 3600})
    result = shop.apply(Kind.PRICE, with_offer(wanted, "mangkuk-0", price=Decimal(1000)), offers=["mangkuk-0"])
    assert type(result.error) is Blocked
    assert result.error.after_s


def test_stock_below_the_reserved_pieces_waits(shop: Shop) -> None:
    wanted = shop.wanted()
    found = shop.publish(wanted)
    shop.control.post("promotions", {"remote_id": found.remote_id, "lock": [], "reserved": 3})
    result = shop.apply(Kind.STOCK, with_offer(wanted, "mangkuk-0", quantity=1), offers=["mangkuk-0"])
    errors = [error for error in (result.error, *result.offer_errors.values()) if error]
    assert [type(error) for error in errors] == [Blocked]


def test_holiday_mode_waits_and_the_listing_is_not_broken(shop: Shop) -> None:
    wanted = shop.wanted()
    shop.publish(wanted)
    shop.control.post("limits", {"holiday": "full"})
    result = shop.apply(Kind.STOCK, with_offer(wanted, "mangkuk-0", quantity=1), offers=["mangkuk-0"])
    assert type(result.error) is Blocked


def test_location_ids_are_sent_only_by_shops_that_set_one(canned: Canned) -> None:
    canned.give("product/update_stock", ok(success_list=[{"model_id": 1, "stock": 3}], failure_list=[]))
    canned.connector().apply([operation(Kind.STOCK, "1")])
    canned.connector(location_id="IDZ").apply([operation(Kind.STOCK, "1")])
    first, second = (request.json()["stock_list"][0]["seller_stock"][0] for request in canned.requests)
    assert first == {"stock": 3}
    assert second == {"stock": 3, "location_id": "IDZ"}


def test_at_most_fifty_offers_a_call() -> None:
    from connectors.shopee.connector import ShopeeConnector

    batches = ShopeeConnector.info.batches
    assert (batches[Kind.STOCK].offers, batches[Kind.PRICE].offers, batches[Kind.STOCK].listings) == (50, 50, 1)
    assert batches[Kind.HIDE].listings == 50
