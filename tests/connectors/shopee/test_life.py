from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from connectors.shopee.writes import EDITABLE_FIELDS
from syncer.domain.listing import RemoteListing, Rendered, Status
from syncer.sdk.errors import Blocked, Gone, PictureGone
from syncer.sdk.operations import Kind, ListingRef, Operation
from syncer.sdk.testing.builders import pictures, with_offer
from tests.connectors.shopee.canned import Canned, ok
from tests.connectors.shopee.conftest import Shop


def editable(fields: Any) -> dict[str, Any]:
    """What can be edited after creation; with variants, weight and size are the variants' own."""
    own = ("weight_g", "dimension_cm")
    return {name: value for name, value in fields.items() if name in EDITABLE_FIELDS and name not in own}


def test_a_piece_without_variants_is_created_in_one_call_and_reads_back_equal(shop: Shop) -> None:
    wanted = shop.wanted()
    outcome = shop.driver.converge(wanted)
    assert outcome.kinds == [Kind.CREATE]
    found = shop.connector.fetch_listing(outcome.listing.remote_id)
    assert found.fields == outcome.rendered.fields
    assert found.status is Status.LIVE
    assert [(offer.sku, offer.price, offer.quantity) for offer in found.offers] == [("MANGKUK-0", Decimal(185000), 5)]


@pytest.mark.parametrize("axes", [1, 2])
def test_variants_are_added_to_a_hidden_item_and_shown_last(shop: Shop, axes: int) -> None:
    wanted = shop.wanted(axes=axes)
    outcome = shop.driver.converge(wanted)
    assert outcome.kinds == [Kind.CREATE, Kind.RESHAPE, Kind.SHOW]
    found = shop.driver.fetch(wanted)
    assert editable(found.fields) == editable(outcome.rendered.fields)
    assert found.option_names == wanted.option_names
    assert {offer.key: (offer.sku, offer.price, offer.quantity, dict(offer.fields)) for offer in found.offers} == {
        offer.key: (offer.sku, offer.price, offer.quantity, dict(offer.fields)) for offer in outcome.rendered.offers
    }
    assert shop.there(found.remote_id)["status"] == "live"


CHANGES: dict[str, dict[str, Any]] = {
    "title": {"title": "Mangkuk Jati Halus"},
    "description": {"description": "Mangkuk kayu jati yang dihaluskan dengan minyak kelapa."},
    "condition": {"condition": "used"},
    "pictures": {"pictures": pictures(2, 0, 1)},
    "pre_order_days": {"made_to_order_days": 7},
    "category": {"category": "101242"},
    "logistics": {"settings": {"free_shipping": True}},
}


@pytest.mark.parametrize("field", sorted(CHANGES))
def test_one_field_changed_sends_that_field_alone(shop: Shop, field: str) -> None:
    wanted = shop.wanted()
    shop.publish(wanted)
    changed = replace(wanted, **CHANGES[field])
    outcome = shop.driver.converge(changed)
    (body,) = shop.bodies("product/update_item")
    assert len(body) == 2, body
    assert shop.driver.fetch(changed).fields == outcome.rendered.fields


def test_nothing_changed_sends_nothing(shop: Shop) -> None:
    for wanted in (shop.wanted(), shop.wanted(marker="vas", axes=2)):
        shop.publish(wanted)
        shop.driver.fetch(wanted)
        assert shop.driver.converge(wanted).operations == []


def test_price_and_stock_are_never_part_of_an_update(shop: Shop) -> None:
    wanted = shop.wanted()
    shop.publish(wanted)
    shop.driver.converge(replace(wanted, title="Mangkuk Jati Baru"))
    (body,) = shop.bodies("product/update_item")
    assert not {"original_price", "seller_stock", "price", "stock"} & set(body)


def test_a_courier_taken_away_is_switched_off_in_the_full_list(canned: Canned) -> None:
    canned.give("product/update_item", ok(item_id=7))
    rendered = Rendered({"logistics": [{"id": 8003, "is_free": False}]}, ())
    known = RemoteListing("7", fields={"logistics": [{"id": 8003, "is_free": False}, {"id": 8005, "is_free": False}]})
    operation = Operation(Kind.UPDATE, ListingRef("x"), rendered, known, ("logistics",))
    canned.connector().apply([operation])
    assert canned.requests[-1].json()["logistic_info"] == [
        {"logistic_id": 8003, "enabled": True, "is_free": False},
        {"logistic_id": 8005, "enabled": False, "is_free": False},
    ]


def test_unknown_fields_are_left_out_and_never_null(shop: Shop) -> None:
    bare = with_offer(shop.wanted(), "mangkuk-0", length_mm=None, width_mm=None, height_mm=None)
    shop.driver.converge(bare)
    (body,) = shop.bodies("product/add_item")
    assert "dimension" not in body
    assert None not in body.values()
    assert body["pre_order"] == {"is_pre_order": False}


def test_a_warning_means_that_something_was_dropped_and_nothing_is_proved(canned: Canned) -> None:
    canned.give("product/update_item", {**ok(item_id=7), "warning": "some attributes were dropped"})
    operation = Operation(Kind.UPDATE, ListingRef("x"), Rendered({"title": "T"}, ()), RemoteListing("7"), ("title",))
    (result,) = canned.connector().apply([operation])
    assert result.error is None
    assert result.proved is not None
    assert result.proved.fields == {}
    assert result.check_after_s is not None


def test_an_extended_description_that_a_person_made_becomes_plain_again(canned: Canned) -> None:
    canned.give("product/update_item", ok(item_id=7))
    known = RemoteListing("7", extra={"description_type": "extended"})
    rendered = Rendered({"description": "Tas anyaman."}, ())
    canned.connector().apply([Operation(Kind.UPDATE, ListingRef("x"), rendered, known, ("description",))])
    assert canned.requests[-1].json() == {"item_id": 7, "description": "Tas anyaman.", "description_type": "normal"}


def test_a_picture_that_shopee_lost_is_uploaded_again(canned: Canned) -> None:
    canned.give("product/update_item", {"error": "product.error_param", "message": "Image not exist."})
    operation = Operation(
        Kind.UPDATE, ListingRef("x"), Rendered({"pictures": ["id-1"]}, ()), RemoteListing("7"), ("pictures",)
    )
    with pytest.raises(PictureGone):
        canned.connector().apply([operation])


def test_a_new_listing_is_read_for_its_status_and_never_believed(shop: Shop) -> None:
    shop.control.post("limits", {"review_delay_s": 3600.0})
    wanted = shop.wanted()
    result = shop.apply(Kind.CREATE, wanted)
    assert result.proved is not None
    assert result.proved.status is Status.REVIEW
    assert result.check_after_s == 1
    assert shop.connector.fetch_listing(result.proved.remote_id).status is Status.REVIEW


def test_an_edit_asks_for_another_look(shop: Shop) -> None:
    wanted = shop.wanted()
    shop.publish(wanted)
    result = shop.apply(Kind.UPDATE, replace(wanted, title="Mangkuk Lain"), fields=["title"])
    assert result.proved is not None
    assert result.proved.status is None
    assert result.check_after_s == 1


def test_an_edit_during_the_review_waits(shop: Shop) -> None:
    wanted = shop.wanted()
    found = shop.publish(wanted)
    shop.control.post(f"items/{found.remote_id}", {"status": "review"})
    with pytest.raises(Blocked):
        shop.apply(Kind.UPDATE, replace(wanted, title="Mangkuk Lain"), fields=["title"])
    (hidden,) = shop.connector.apply([shop.operation(Kind.HIDE, wanted)])
    assert type(hidden.error) is Blocked


def test_an_item_that_cant_be_edited_is_gone_only_if_it_is_deleted(canned: Canned) -> None:
    refused = {"error": "product.error_item_uneditable", "message": "Can't edit this item.", "request_id": "a"}
    canned.give("product/update_item", refused)
    operation = Operation(Kind.UPDATE, ListingRef("x"), Rendered({"title": "T"}, ()), RemoteListing("7"), ("title",))
    for status, kind in (("REVIEWING", Blocked), ("SELLER_DELETE", Gone)):
        canned.give("product/get_item_base_info", ok(item_list=[{"item_id": 7, "item_status": status}]))
        (result,) = canned.connector().apply([operation])
        assert type(result.error) is kind


def test_a_ban_is_told_with_its_reason_and_mended_by_an_edit(shop: Shop) -> None:
    wanted = shop.wanted()
    found = shop.publish(wanted)
    shop.control.post(f"items/{found.remote_id}", {"status": "banned", "reason": "Foto memuat nomor telepon"})
    read = shop.driver.fetch(wanted)
    assert read.status is Status.REJECTED
    assert "Foto memuat nomor telepon" in read.reasons[0].id
    mended = replace(wanted, title="Mangkuk Jati Bersih")
    shop.driver.converge(mended)
    assert shop.driver.fetch(mended).status is Status.LIVE


def test_many_listings_are_hidden_and_shown_in_one_call(shop: Shop) -> None:
    wishes = [shop.wanted(marker=f"m{n}") for n in range(3)]
    for wanted in wishes:
        shop.publish(wanted)
    hidden = shop.connector.apply([shop.operation(Kind.HIDE, wanted) for wanted in wishes])
    assert [result.proved.status for result in hidden if result.proved] == [Status.HIDDEN] * 3
    shown = shop.connector.apply([shop.operation(Kind.SHOW, wanted) for wanted in wishes])
    assert [result.proved.status for result in shown if result.proved] == [Status.LIVE] * 3
    assert shop.writes() == ["product/unlist_item", "product/unlist_item"]


def test_one_listing_that_cant_be_hidden_doesnt_fail_the_others(shop: Shop) -> None:
    wishes = [shop.wanted(marker=f"m{n}") for n in range(2)]
    locked, free = [shop.publish(wanted) for wanted in wishes]
    shop.control.post("promotions", {"remote_id": locked.remote_id, "lock": ["unlist"]})
    first, second = shop.connector.apply([shop.operation(Kind.HIDE, wanted) for wanted in wishes])
    assert type(first.error) is Blocked
    assert second.proved is not None
    assert shop.there(free.remote_id)["status"] == "hidden"


def test_all_that_fail_are_told_apart(canned: Canned) -> None:
    rows = [
        {"item_id": 7, "failed_reason": "under promotion"},
        {"item_id": 8, "failed_reason": "item not found"},
    ]
    answer = {**ok(success_list=[], failure_list=rows), "error": "product.error_unlist_item_all_failed"}
    canned.give("product/unlist_item", answer)
    batch = [Operation(Kind.HIDE, ListingRef("x"), Rendered({}, ()), RemoteListing(n)) for n in ("7", "8")]
    first, second = canned.connector().apply(batch)
    assert (type(first.error), type(second.error)) == (Blocked, Gone)


def test_a_deleted_listing_is_gone_and_deleting_it_again_is_done(shop: Shop) -> None:
    wanted = shop.wanted()
    found = shop.publish(wanted)
    for _ in range(2):
        result = shop.apply(Kind.DELETE, wanted)
        assert result.proved is not None
        assert result.proved.status is Status.DELETED
    with pytest.raises(Gone):
        shop.connector.fetch_listing(found.remote_id)
    assert shop.connector.fetch_listings(None).listings == ()
    with pytest.raises(Gone):
        shop.connector.fetch_listing("999")


def test_a_count_below_the_least_at_creation_goes_in_hidden_and_is_set_right(shop: Shop) -> None:
    shop.control.post("limits", {"stock_min_create": 2})
    for wanted in (
        with_offer(shop.wanted(), "mangkuk-0", quantity=0),
        with_offer(shop.wanted(axes=1, marker="vas"), "vas-0", quantity=1),
    ):
        found = shop.driver.converge(wanted).listing
        assert found is not None
        there = shop.there(found.remote_id)
        assert there["status"] == "live"
        assert sorted(offer["stock"] for offer in there["offers"]) == sorted(o.quantity for o in wanted.offers)
        history = shop.control.get("history", after=0, remote_id=found.remote_id)
        assert history


def test_all_listings_are_walked_page_by_page_with_their_offers(shop: Shop) -> None:
    made = {shop.publish(shop.wanted(marker=f"w{n}", axes=n % 2)).remote_id for n in range(3)}
    connector = shop.open()
    look = connector._reader
    seen, offset = set(), 0
    while offset is not None:
        ids, offset = look._list(offset, 2)
        seen.update(ids)
    assert seen == made
    page = connector.fetch_listings(None)
    assert {entry.remote_id for entry in page.listings} == made
    assert all(entry.offers for entry in page.listings)
    assert page.cursor is None
