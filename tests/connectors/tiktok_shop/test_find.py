"""Finding our listings again, and walking over all of them."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest

from syncer.domain.listing import Status
from syncer.sdk.errors import AccountStopped
from syncer.sdk.operations import Kind, ListingRef
from tests.connectors.tiktok_shop.canned import AT, Canned, ok, page, refused
from tests.connectors.tiktok_shop.conftest import Shop

SEARCH = "/product/202502/products/search"


def row(key: str, *skus: str, status: str = "ACTIVATE") -> dict[str, Any]:
    return {
        "id": key,
        "title": f"T {key}",
        "status": status,
        "skus": [{"id": f"s{sku}", "seller_sku": sku} for sku in skus],
    }


def whole(key: str, marker: str, *skus: str) -> dict[str, Any]:
    return {**row(key, *skus), "external_product_id": marker}


def test_at_most_ten_skus_are_searched_a_call(canned: Canned) -> None:
    canned.give(SEARCH, ok(products=[]))
    canned.connector().find_listing(ListingRef("m", tuple(f"S-{n}" for n in range(23))))
    asked = [request.json()["seller_skus"] for request in canned.requests]
    assert [len(some) for some in asked] == [10, 10, 3]
    assert {request.json()["status"] for request in canned.requests} == {"ALL"}


def test_ours_is_what_carries_our_external_id(canned: Canned) -> None:
    canned.give(SEARCH, ok(products=[row("1", "A"), row("2", "A")]))
    canned.give("/product/202309/products/1", ok(**whole("1", "tas", "A")))
    canned.give("/product/202309/products/2", ok(**whole("2", "other", "A")))
    found = canned.connector().find_listing(ListingRef("tas", ("A",)))
    assert [(one.remote_id, one.marker) for one in found] == [("1", "tas"), ("2", "")]


def test_only_whole_equal_skus_count_and_deleted_products_do_not(canned: Canned) -> None:
    rows = [row("1", "A-LONG"), row("2", "A", status="DELETED"), row("3", "a")]
    canned.give(SEARCH, ok(products=rows))
    assert canned.connector().find_listing(ListingRef("tas", ("A",))) == []
    assert canned.paths() == [f"POST {SEARCH}"]


def test_a_listing_that_goes_while_it_is_looked_for_is_left_out(canned: Canned) -> None:
    canned.give(SEARCH, ok(products=[row("1", "A")]))
    canned.give("/product/202309/products/1", refused(12052032))
    assert canned.connector().find_listing(ListingRef("tas", ("A",))) == []


def test_a_lost_create_is_found_by_its_sku_whichever_state_it_is_in(shop: Shop) -> None:
    shop.limit(review_delay_s=300.0)
    wanted = shop.wanted(axes=1)
    operation = shop.operation(Kind.CREATE, wanted)
    shop.control.fault("answer_lost", path="/product/202309/products")
    with pytest.raises(Exception, match="connection_lost"):
        shop.connector.apply([operation])
    (found,) = shop.connector.find_listing(ListingRef(wanted.marker, tuple(o.sku for o in wanted.offers)))
    assert (found.marker, found.status) == (wanted.marker, Status.REVIEW)
    assert found.offers_complete


def test_a_walk_follows_the_token_until_it_is_empty(canned: Canned) -> None:
    canned.give(
        SEARCH,
        ok(products=[row("1", "A")], next_page_token="t/1=="),
        ok(products=[row("2", "B"), row("3", "C", status="DELETED")], next_page_token=""),
    )
    connector = canned.connector()
    first = connector.fetch_listings(None)
    second = connector.fetch_listings(first.cursor)
    assert [one.remote_id for one in (*first.listings, *second.listings)] == ["1", "2"]
    assert second.cursor is None
    assert canned.requests[1].param("page_token") == "t/1=="
    assert {request.param("page_size") for request in canned.requests} == {"100"}


def walk(connector: Any) -> tuple[list[str], int]:
    found, cursor, pages, cursors = [], None, 0, set()
    while True:
        page_ = connector.fetch_listings(cursor)
        found += [one.remote_id for one in page_.listings]
        pages, cursor = pages + 1, page_.cursor
        if cursor is None:
            return found, pages
        assert cursor not in cursors
        cursors.add(cursor)


@pytest.mark.parametrize("says", ["refuses", "counts"])
def test_more_than_10_000_hits_are_walked_by_time_of_creation(canned: Canned, says: str) -> None:
    """Here every window longer than two days has too many."""
    shown: list[tuple[int, int]] = []

    class Answers(list[Any]):
        def __init__(self) -> None:
            super().__init__([1, 2])

        def pop(self, index: Any = 0) -> Any:
            body = canned.requests[-1].json()
            since, until = body.get("create_time_ge", 0), body.get("create_time_le", AT)
            if until - since > 2 * 86_400 * 365:
                return refused(12052180) if says == "refuses" else ok(products=[], total_count=10_001)
            shown.append((since, until))
            return ok(products=[row(f"{since}", "A")], total_count=1)

    canned.answers[SEARCH] = Answers()
    found, pages = walk(canned.connector())
    assert len(found) == len(shown) > 2
    assert pages > len(shown)
    shown.sort()
    assert shown[-1][1] == AT
    assert all(one[1] + 1 == other[0] for one, other in itertools.pairwise(shown)), "a gap, or an overlap"


def test_other_refusals_of_a_walk_are_told(canned: Canned) -> None:
    canned.give(SEARCH, refused(12019108))
    with pytest.raises(AccountStopped):
        canned.connector().fetch_listings(None)
    canned.give(SEARCH, page("<html>", 502))
    with pytest.raises(Exception, match="http_502"):
        canned.connector().fetch_listings(None)


def test_a_cursor_is_text_that_survives_a_restart(canned: Canned) -> None:
    canned.give(SEARCH, ok(products=[row("1", "A")], next_page_token="t"), ok(products=[]))
    cursor = canned.connector().fetch_listings(None).cursor
    assert json.loads(cursor or "") == {"windows": [], "token": "t"}
    assert canned.connector().fetch_listings(cursor).cursor is None


@pytest.mark.parametrize("all_includes_deleted", [True, False])
def test_a_walk_leaves_deleted_products_out(shop: Shop, all_includes_deleted: bool) -> None:
    shop.limit(all_includes_deleted=all_includes_deleted)
    kept, gone = shop.wanted(marker="tetap"), shop.wanted(marker="hilang")
    shop.publish(kept)
    shop.publish(gone)
    shop.driver.converge(gone, state="deleted")
    assert [one.offers[0].sku for one in shop.connector.fetch_listings(None).listings] == ["TETAP-0"]
