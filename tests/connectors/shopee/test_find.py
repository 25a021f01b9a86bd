"""Finding our own listings again after a lost answer."""

from __future__ import annotations

import datetime as dt
from typing import Any

from syncer.domain.listing import Status
from syncer.sdk.operations import Kind, ListingRef
from tests.connectors.shopee.canned import Canned, ok
from tests.connectors.shopee.conftest import Shop


def ref(wanted: Any, **rest: Any) -> ListingRef:
    return ListingRef(wanted.marker, tuple(offer.sku for offer in wanted.offers), **rest)


def test_a_listing_with_variants_is_found_by_its_marker_from_the_first_step(shop: Shop) -> None:
    wanted = shop.wanted(axes=1)
    result = shop.apply(Kind.CREATE, wanted)
    assert result.proved is not None
    (found,) = shop.connector.find_listing(ref(wanted))
    assert (found.remote_id, found.marker, found.status) == (result.proved.remote_id, "mangkuk", Status.HIDDEN)


def test_a_listing_is_found_while_the_search_lags(shop: Shop) -> None:
    wanted = shop.wanted()
    made = shop.publish(wanted)
    shop.control.fault("search_lag", operation="search_item", times=10, ms=60_000)
    (found,) = shop.connector.find_listing(ref(wanted))
    assert found.remote_id == made.remote_id
    assert found.offers_complete


def test_a_sku_that_only_contains_ours_is_not_ours(shop: Shop) -> None:
    shop.publish(shop.wanted(marker="tas-besar"))
    shop.publish(shop.wanted(marker="tas-besar-2"))
    wanted = shop.wanted(marker="tas")
    assert shop.connector.find_listing(ListingRef("tas", ("TAS",))) == []
    assert shop.connector.find_listing(ref(wanted)) == []


def test_an_item_from_before_our_first_attempt_is_a_persons(shop: Shop) -> None:
    wanted = shop.wanted()
    shop.publish(wanted)
    now = shop.now()
    (ours,) = shop.connector.find_listing(ref(wanted, since=now - dt.timedelta(seconds=30)))
    (theirs,) = shop.connector.find_listing(ref(wanted, since=now + dt.timedelta(hours=2)))
    (unknown,) = shop.connector.find_listing(ref(wanted))
    assert (ours.marker, theirs.marker, unknown.marker) == ("mangkuk", "", "mangkuk")


def test_a_persons_listing_with_one_of_our_skus_is_found_without_the_marker(shop: Shop) -> None:
    made = shop.publish(shop.wanted(marker="lama", axes=1))
    shop.control.post("limits", {"search_model_sku": True})
    (found,) = shop.connector.find_listing(ListingRef("baru", ("LAMA-0", "BARU-1")))
    assert (found.remote_id, found.marker) == (made.remote_id, "")


def test_hidden_reviewed_and_banned_listings_are_found_and_deleted_ones_not(shop: Shop) -> None:
    wanted = shop.wanted()
    made = shop.publish(wanted)
    for status in ("hidden", "review", "banned"):
        shop.control.post(f"items/{made.remote_id}", {"status": status})
        assert [entry.remote_id for entry in shop.connector.find_listing(ref(wanted))] == [made.remote_id]
    shop.control.post(f"items/{made.remote_id}", {"status": "deleted"})
    assert shop.connector.find_listing(ref(wanted)) == []


def test_twins_are_both_returned(shop: Shop) -> None:
    wanted = shop.wanted(axes=1)
    shop.apply(Kind.CREATE, wanted)
    shop.apply(Kind.CREATE, wanted)
    assert len(shop.connector.find_listing(ref(wanted))) == 2


def test_the_search_follows_its_opaque_cursor(canned: Canned) -> None:
    canned.give("product/get_item_list", ok(item=[], has_next_page=False))
    canned.give("product/get_item_base_info", ok(item_list=[]))
    canned.give("product/search_item", ok(item_id_list=[1], next_offset="abc="), ok(item_id_list=[2], next_offset=""))
    canned.connector().find_listing(ListingRef("m"))
    searches = [dict(request.query) for request in canned.requests if request.path == "product/search_item"]
    assert [search.get("offset") for search in searches] == [None, "abc="]
    assert searches[0]["item_sku"] == "m"
    (base,) = [dict(request.query) for request in canned.requests if request.path == "product/get_item_base_info"]
    assert base["item_id_list"] == "1,2"


def test_the_walk_asks_for_what_changed_lately(canned: Canned) -> None:
    canned.give("product/search_item", ok(item_id_list=[], next_offset=""))
    canned.give("product/get_item_list", ok(item=[], has_next_page=False))
    canned.connector().find_listing(ListingRef("m", since=dt.datetime.fromtimestamp(1_699_999_000, dt.UTC)))
    (walk,) = [dict(request.query) for request in canned.requests if request.path == "product/get_item_list"]
    assert walk["update_time_from"] == str(1_699_999_000 - 600)


def test_a_walk_that_moves_under_us_counts_each_listing_once(canned: Canned) -> None:
    canned.give("product/search_item", ok(item_id_list=[], next_offset=""))
    first = ok(item=[{"item_id": 1}, {"item_id": 2}], has_next_page=True, next_offset=100)
    canned.give("product/get_item_list", first, ok(item=[{"item_id": 2}], has_next_page=False))
    item = {"item_id": 2, "item_sku": "m", "item_status": "NORMAL"}
    canned.give("product/get_item_base_info", ok(item_list=[item]))
    assert len(canned.connector().find_listing(ListingRef("m"))) == 1


def test_what_didnt_move_since_the_last_walk_is_not_read_again(shop: Shop) -> None:
    for number in range(3):
        shop.publish(shop.wanted(marker=f"lain-{number}"))
    nobody = ListingRef("bukan-siapa", ("BUKAN",))
    shop.sent.clear()
    assert shop.connector.find_listing(nobody) == []
    assert len(shop.bodies("product/get_item_base_info")) == 1
    assert shop.connector.find_listing(nobody) == []
    assert len(shop.bodies("product/get_item_base_info")) == 1
    wanted = shop.wanted(marker="baru", axes=1)
    shop.apply(Kind.CREATE, wanted)
    shop.control.fault("search_lag", operation="search_item", times=10, ms=60_000)
    assert len(shop.connector.find_listing(ref(wanted))) == 1
