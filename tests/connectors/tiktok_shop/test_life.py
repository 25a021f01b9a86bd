"""A listing's life: made, edited, hidden, shown, deleted; and each call's refusals."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from connectors.tiktok_shop.body import EDITABLE
from syncer.domain.listing import RemoteListing, Rendered, Status
from syncer.sdk.errors import Blocked, Gone, OutcomeUnknown, PictureGone, Rejected
from syncer.sdk.operations import Kind, ListingRef, Operation
from syncer.sdk.testing.builders import pictures, with_offer
from tests.connectors.tiktok_shop.canned import Canned, ok, refused
from tests.connectors.tiktok_shop.conftest import BOTH, Shop

PRODUCTS = "/product/202309/products"
OTHER = "Mangkuk kayu jati berjudul lain"


def remove(kind: Kind = Kind.DELETE, product_id: str = "7", **known: Any) -> Operation:
    return Operation(kind, ListingRef("m"), Rendered({}, ()), RemoteListing(product_id, **known))


# Create


@pytest.mark.parametrize("axes", [0, 1, 2])
def test_a_product_is_created_with_all_its_skus_in_one_call_and_reads_back_equal(shop: Shop, axes: int) -> None:
    wanted = shop.wanted(axes=axes)
    outcome = shop.driver.converge(wanted)
    assert outcome.kinds == [Kind.CREATE]
    assert shop.writes() == ["POST upload", "POST upload", "POST products"]
    assert outcome.listing is not None
    found = shop.connector.fetch_listing(outcome.listing.remote_id)
    assert dict(found.fields) == outcome.rendered.fields
    assert found.status is Status.LIVE
    assert (found.marker, found.option_names) == (wanted.marker, wanted.option_names)
    assert [(o.sku, o.price, o.quantity, o.option_values) for o in found.offers] == [
        (o.sku, o.price, o.quantity, o.option_values) for o in outcome.rendered.offers
    ]


def test_the_body_of_a_new_product(shop: Shop) -> None:
    wanted = with_offer(shop.wanted(axes=1, made_to_order_days=7), "mangkuk-0", barcode="8991234567890")
    shop.driver.converge(wanted)
    (body,) = shop.bodies("POST products")
    uris = shop.render(wanted).fields["pictures"]
    first = body["skus"][0]
    assert body["save_mode"] == "LISTING"
    assert body["category_version"] == "v2"
    assert body["main_images"] == [{"uri": uri} for uri in uris]
    assert body["listing_platforms"] == BOTH
    assert body["external_product_id"] == wanted.marker
    assert body["package_weight"] == {"value": "0.71", "unit": "KILOGRAM"}
    assert body["package_dimensions"] == {"length": "20", "width": "15", "height": "10", "unit": "CENTIMETER"}
    assert body["description"].startswith("<p>Mangkuk kayu jati")
    assert "brand_id" not in body
    assert "product_attributes" not in body
    assert first["price"] == {"amount": "185000", "currency": "IDR"}
    assert first["external_sku_id"] == "mangkuk/mangkuk-0"
    assert first["identifier_code"] == {"code": "8991234567890", "type": "EAN"}
    assert first["pre_sale"] == {"type": "PRE_ORDER", "fulfillment_type": {"handling_duration_days": 7}}
    assert first["sales_attributes"] == [{"name": "Warna", "value_name": "Alami"}]
    assert [row["quantity"] for row in first["inventory"]] == [5]
    assert first["inventory"][0]["warehouse_id"]


def test_a_new_product_is_in_review_until_it_is_looked_at(shop: Shop) -> None:
    shop.limit(review_delay_s=300.0)
    wanted = shop.wanted()
    result = shop.connector.apply([shop.operation(Kind.CREATE, wanted)])[0]
    assert result.proved is not None
    assert (result.proved.status, result.check_after_s) == (Status.REVIEW, 1.0)
    assert shop.connector.fetch_listing(result.proved.remote_id).status is Status.REVIEW
    shop.wait(301)
    assert shop.connector.fetch_listing(result.proved.remote_id).status is Status.LIVE


def test_passed_but_waiting_for_the_sellers_registration(shop: Shop) -> None:
    shop.limit(kyc_pending=True)
    result = shop.connector.apply([shop.operation(Kind.CREATE, shop.wanted())])[0]
    assert result.proved is not None
    found = shop.connector.fetch_listing(result.proved.remote_id)
    assert found.status is Status.REVIEW
    assert "KYC" in found.reasons[0].id


@pytest.mark.parametrize("live", [True, False])
def test_a_count_of_0_goes_in_as_a_draft_that_nobody_sees_and_is_set_right_first(shop: Shop, live: bool) -> None:
    wanted = with_offer(shop.wanted(axes=1, live=live), "mangkuk-1", quantity=0)
    outcome = shop.driver.converge(wanted)
    assert outcome.kinds == [Kind.CREATE, Kind.STOCK] + ([Kind.SHOW] if live else [])
    (body,) = shop.bodies("POST products")
    assert body["save_mode"] == "AS_DRAFT"
    assert [sku["inventory"][0]["quantity"] for sku in body["skus"]] == [5, 1]
    assert outcome.listing is not None
    there = shop.there(outcome.listing.remote_id)
    assert [offer["stock"] for offer in there["offers"]] == [5, 0]
    assert there["status"] == ("live" if live else "hidden")
    if live:
        assert shop.bodies("POST partial_edit")[-1]["save_mode"] == "LISTING"


def test_a_draft_stays_one_through_edits(shop: Shop) -> None:
    hidden = shop.wanted(axes=1, live=False)
    found = shop.publish(hidden)
    edited = shop.wanted(axes=1, variants=3, live=False, title=OTHER, category=shop.other_category)
    shop.driver.converge(with_offer(edited, "mangkuk-0", price=Decimal(99_000)))
    assert "PUT products" in shop.writes()
    modes = {body["save_mode"] for _, _, body in shop.sent if isinstance(body, dict) and "save_mode" in body}
    assert modes == {"AS_DRAFT"}
    there = shop.there(found.remote_id)
    assert (there["status"], there["title"], there["offers"][0]["price"]) == ("hidden", OTHER, 99_000)


def test_the_same_key_makes_one_product(shop: Shop) -> None:
    operation = replace(shop.operation(Kind.CREATE, shop.wanted()), key="0f" * 16)
    first, again = (shop.connector.apply([operation])[0] for _ in range(2))
    assert first.proved is not None
    assert again.proved is not None
    assert first.proved.remote_id == again.proved.remote_id
    assert {body["idempotency_key"] for body in shop.bodies("POST products")} == {"0f" * 16}
    assert len(shop.control.listings()) == 1


def test_without_a_key_of_the_engine_each_create_has_its_own(shop: Shop) -> None:
    for marker in ("satu", "dua"):
        shop.connector.apply([shop.operation(Kind.CREATE, shop.wanted(marker=marker))])
    keys = [body["idempotency_key"] for body in shop.bodies("POST products")]
    assert len(set(keys)) == 2
    assert all(len(key) <= 128 for key in keys)


def test_a_used_external_id_may_be_our_own_lost_create(shop: Shop) -> None:
    shop.limit(external_id_unique=True)
    wanted = shop.wanted()
    operation = shop.operation(Kind.CREATE, wanted)
    shop.connector.apply([operation])
    with pytest.raises(OutcomeUnknown):
        shop.connector.apply([operation])
    stranger = replace(wanted, offers=tuple(replace(offer, sku="LAIN-1") for offer in wanted.offers))
    (result,) = shop.connector.apply([shop.operation(Kind.CREATE, stranger)])
    assert isinstance(result.error, Blocked)
    assert len(shop.control.listings()) == 1


def test_a_warning_means_that_something_was_dropped_and_the_content_is_not_proved(shop: Shop) -> None:
    shop.limit(bad_brand="warn")
    wanted = shop.wanted(brand="Anyam Tangsel")
    operation = shop.operation(Kind.CREATE, wanted)
    fields = {**operation.rendered.fields, "brand": "1234567890"}
    operation = replace(operation, rendered=replace(operation.rendered, fields=fields))
    (result,) = shop.connector.apply([operation])
    assert result.proved is not None
    assert result.proved.fields == {}
    assert shop.connector.fetch_listing(result.proved.remote_id).fields["brand"] == ""


def test_an_answer_without_ids_is_read_back(canned: Canned, shop: Shop) -> None:
    operation = shop.operation(Kind.CREATE, shop.wanted())
    canned.give(PRODUCTS, ok(product_id="7", skus=[]), ok())
    (result,) = canned.connector().apply([operation])
    assert result.proved is not None
    assert (result.proved.remote_id, result.proved.offers_complete, result.check_after_s) == ("7", False, 0.0)
    with pytest.raises(OutcomeUnknown):
        canned.connector().apply([operation])


def test_a_picture_that_the_platform_lost_is_uploaded_again(shop: Shop) -> None:
    operation = shop.operation(Kind.CREATE, shop.wanted())
    fields = {**operation.rendered.fields, "pictures": ["tos/lost"]}
    with pytest.raises(PictureGone):
        shop.connector.apply([replace(operation, rendered=replace(operation.rendered, fields=fields))])


def test_a_refused_picture_is_the_crafters_to_replace(canned: Canned) -> None:
    for message in ("The image is too small", "The image uri is broken"):
        canned.give("/product/202309/images/upload", refused(12038005, message))
        with pytest.raises(Rejected) as caught:
            canned.connector().upload_picture(b"x", "image/jpeg", "x.jpg")
        assert caught.value.field == "pictures"


@pytest.mark.parametrize(
    ("limits", "code"),
    [({"products_max": 0}, "12052093"), ({"integration_lock": True}, "12052332"), ({"warehouses": []}, "no_warehouse")],
)
def test_what_only_waits(shop: Shop, limits: dict[str, Any], code: str) -> None:
    wanted = shop.wanted()
    shop.render(wanted)
    shop.limit(**limits)
    if limits.get("warehouses") == []:
        shop.connector._shop.forget_warehouse()
    try:
        error = shop.connector.apply([shop.operation(Kind.CREATE, wanted)])[0].error
    except Blocked as raised:
        error = raised
    assert isinstance(error, Blocked)
    assert error.code == code


# Edit

CHANGES: dict[str, tuple[dict[str, Any], str]] = {
    "title": ({"title": OTHER}, "POST partial_edit"),
    "description": ({"description": "Mangkuk yang dihaluskan\ndengan minyak kelapa."}, "POST partial_edit"),
    "pictures": ({"pictures": pictures(2, 0, 1)}, "POST partial_edit"),
    "brand": ({"brand": "Anyam Setu"}, "POST partial_edit"),
    "attributes": ({"attributes": {"Bahan": ["Kayu", "Jati tua"]}}, "POST partial_edit"),
    "pre_order_days": ({"made_to_order_days": 7}, "PUT products"),
    "category": ({"category": "other"}, "PUT products"),
}


@pytest.mark.parametrize("field", sorted(CHANGES))
def test_one_field_changed_sends_that_field_alone_and_loses_nothing(shop: Shop, field: str) -> None:
    change, call = CHANGES[field]
    change = {name: shop.other_category if value == "other" else value for name, value in change.items()}
    wanted = shop.wanted(axes=1)
    found = shop.publish(wanted)
    edited = replace(wanted, **change)
    outcome = shop.driver.converge(edited)
    assert outcome.kinds == [Kind.UPDATE]
    assert outcome.operations[0].fields == (field,)
    assert [write for write in shop.writes() if write != "POST upload"] == [call]
    after = shop.driver.fetch(edited)
    assert dict(after.fields) == outcome.rendered.fields
    assert {o.key: (o.remote_id, o.sku, o.price, o.quantity) for o in after.offers} == {
        o.key: (o.remote_id, o.sku, o.price, o.quantity) for o in found.offers
    }
    assert shop.driver.converge(edited).operations == []


def test_a_partial_edit_says_only_what_changed(shop: Shop) -> None:
    found = shop.publish(shop.wanted())
    shop.driver.converge(shop.wanted(title=OTHER))
    assert shop.bodies("POST partial_edit") == [{"title": OTHER, "save_mode": "LISTING", "listing_platforms": BOTH}]
    assert shop.there(found.remote_id)["title"] == OTHER


@pytest.mark.parametrize("field", ["brand", "attributes"])
def test_what_is_emptied_goes_by_a_full_edit(shop: Shop, field: str) -> None:
    full = {"brand": {"brand": "Anyam Setu"}, "attributes": {"attributes": {"Bahan": "Kayu"}}}[field]
    shop.publish(shop.wanted(**full))
    shop.driver.converge(shop.wanted())
    assert shop.writes() == ["PUT products"]
    assert shop.driver.fetch(shop.wanted()).fields[field] in ("", [])


def test_a_full_edit_carries_everything_that_is_there(shop: Shop) -> None:
    shop.start_anew(cash_on_delivery=True, minimum_order=2, shipping_insurance="REQUIRED")
    wanted = shop.wanted(axes=2, brand="Anyam Setu", attributes={"Bahan": "Kayu"}, made_to_order_days=5)
    wanted = with_offer(wanted, "mangkuk-0", barcode="8991234567890")
    found = shop.publish(wanted)
    shop.driver.converge(replace(wanted, category=shop.other_category))
    (body,) = shop.bodies("PUT products")
    assert body["external_product_id"] == "mangkuk"
    assert (body["is_cod_allowed"], body["minimum_order_quantity"]) == (True, 2)
    assert body["shipping_insurance_requirement"] == "REQUIRED"
    assert body["brand_id"]
    assert [sku["id"] for sku in body["skus"]] == [offer.remote_id for offer in found.offers]
    assert body["skus"][0]["identifier_code"] == {"code": "8991234567890", "type": "EAN"}
    assert all(sku["pre_sale"] and sku["external_sku_id"] and len(sku["sales_attributes"]) == 2 for sku in body["skus"])
    assert not any({"price", "inventory"} & set(sku) for sku in body["skus"])


def test_a_full_edit_keeps_what_we_do_not_manage() -> None:
    from connectors.tiktok_shop.body import whole_product

    there = {
        "title": "T",
        "certifications": [
            {
                "id": "602362",
                "title": "SNI",
                "expiration_date": 1741235456,
                "images": [{"uri": "tos/c", "urls": []}],
                "files": [{"id": "f", "name": "C.PDF", "format": "PDF", "urls": []}],
            }
        ],
        "size_chart": {"image": {"uri": "tos/s", "height": 1}},
        "video": {"id": "v", "cover_url": "https://x", "height": 1},
        "delivery_options": [{"id": "11", "name": "x", "is_available": True}],
        "shipping_template_id": "9",
        "product_attributes": [{"id": "1", "name": "Bahan", "values": [{"id": "11", "name": "Kayu"}]}],
    }
    body = whole_product(there, BOTH, draft=False)
    assert body["certifications"] == [
        {
            "id": "602362",
            "images": [{"uri": "tos/c"}],
            "files": [{"id": "f", "name": "C.PDF", "format": "PDF"}],
            "expiration_date": 1741235456,
        }
    ]
    assert body["size_chart"] == {"image": {"uri": "tos/s"}}
    assert body["video"] == {"id": "v"}
    assert body["delivery_option_ids"] == ["11"]
    assert body["shipping_template_id"] == "9"
    assert body["product_attributes"] == [{"id": "1", "values": [{"id": "11", "name": "Kayu"}]}]


def test_terms_of_the_account_are_written_and_kept(shop: Shop) -> None:
    wanted = shop.wanted()
    found = shop.publish(wanted)
    options = shop.read_options(cash_on_delivery=True, minimum_order=3)
    shop.driver.connector = shop.open(options)
    shop.driver.fetch(wanted)
    shop.driver.converge(wanted)
    assert shop.writes() == ["PUT products"]
    assert shop.driver.fetch(wanted).fields["terms"] == {"cash_on_delivery": True, "minimum_order": 3}
    assert shop.there(found.remote_id)["status"] == "live"


def test_an_edit_during_the_review_adds_to_it_or_waits(shop: Shop) -> None:
    wanted = shop.wanted()
    shop.publish(wanted)
    shop.limit(review_delay_s=300.0)
    first = shop.apply(Kind.UPDATE, shop.wanted(title=OTHER), fields=("title",))
    assert first.proved is not None
    assert (first.proved.status, first.check_after_s) == (Status.REVIEW, 1.0)
    second = shop.wanted(title=OTHER, description="Baris baru.")
    assert shop.apply(Kind.UPDATE, second, fields=("description",)).error is None
    seen = shop.driver.fetch(second)
    assert (seen.fields["title"], seen.fields["description"]) == (OTHER, "Baris baru.")
    shop.limit(edits_during_audit="refuse")
    waiting = shop.apply(Kind.UPDATE, shop.wanted(title="Mangkuk kayu jati ketiga kali"), fields=("title",)).error
    assert isinstance(waiting, Blocked)
    assert waiting.after_s == 1.0


def test_the_old_version_stays_on_sale_while_an_edit_is_reviewed(shop: Shop) -> None:
    wanted = shop.wanted()
    found = shop.publish(wanted)
    shop.limit(review_delay_s=300.0)
    shop.apply(Kind.UPDATE, shop.wanted(title=OTHER), fields=("title",))
    there = shop.there(found.remote_id)
    assert (there["status"], there["title"], there["pending_title"]) == (
        "live",
        shop.render(wanted).fields["title"],
        OTHER,
    )
    result = shop.apply(Kind.STOCK, with_offer(wanted, "mangkuk-0", quantity=2), offers=["mangkuk-0"])
    assert not result.offer_errors
    assert shop.there(found.remote_id)["offers"][0]["stock"] == 2


# On and off sale


def test_hiding_and_deleting_take_20_a_call_each_with_its_own_result(shop: Shop) -> None:
    made = [shop.wanted(marker=f"uji-{n}") for n in range(4)]
    found = [shop.publish(wanted) for wanted in made]
    shop.control.fault("partial", path=f"{PRODUCTS}/deactivate")
    batch = [shop.operation(Kind.HIDE, wanted) for wanted in made]
    results = shop.connector.apply(batch)
    assert [result.error is None for result in results] == [True, True, False, False]
    assert [shop.there(one.remote_id)["status"] for one in found] == ["hidden", "hidden", "live", "live"]
    results = shop.connector.apply([replace(one, kind=Kind.DELETE) for one in batch])
    assert [result.proved.status for result in results if result.proved] == [Status.DELETED] * 4
    assert shop.control.listings() == []


def test_deleting_is_a_delete_with_a_json_body(canned: Canned) -> None:
    canned.give(PRODUCTS, ok())
    (result,) = canned.connector().apply([remove()])
    assert result.proved is not None
    (request,) = canned.requests
    assert (request.method, request.json()) == ("DELETE", {"product_ids": ["7"]})
    assert request.headers["Content-Type"] == "application/json"


def row(code: int, product_id: str = "7") -> dict[str, Any]:
    return {"code": code, "message": "no", "detail": {"product_id": product_id, "extra_errors": []}}


@pytest.mark.parametrize("answer", [ok(errors=[row(12052260)]), refused(12052032)])
def test_what_is_deleted_already_is_deleted(canned: Canned, answer: Any) -> None:
    canned.give(PRODUCTS, answer)
    (result,) = canned.connector().apply([remove()])
    assert result.error is None
    assert result.proved is not None
    assert result.proved.status is Status.DELETED


def test_a_frozen_product_cant_be_deleted_and_says_why(canned: Canned) -> None:
    canned.give(PRODUCTS, ok(errors=[row(12052901)]))
    canned.give(f"{PRODUCTS}/7", refused(12052901))
    canned.give(
        "/product/202502/products/search", ok(products=[{"id": "7", "title": "T", "status": "FREEZE", "skus": []}])
    )
    (result,) = canned.connector().apply([remove()])
    assert isinstance(result.error, Rejected)
    assert "membekukan" in result.error.words.id


def test_stock_held_by_tokopedias_own_warehouse_blocks(canned: Canned) -> None:
    canned.give(PRODUCTS, ok(errors=[row(12052377)]))
    (result,) = canned.connector().apply([remove()])
    assert isinstance(result.error, Blocked)
    assert "Dilayani Tokopedia" in result.error.words.id


@pytest.mark.parametrize(
    ("there", "expected"),
    [("SELLER_DEACTIVATED", Status.HIDDEN), ("FAILED", Status.HIDDEN), ("PENDING", None)],
)
def test_hiding_what_is_hidden_is_done_and_in_review_it_waits(canned: Canned, there: str, expected: Any) -> None:
    canned.give(f"{PRODUCTS}/deactivate", ok(errors=[row(12052901)]))
    canned.give(f"{PRODUCTS}/7", ok(id="7", status=there, skus=[]))
    (result,) = canned.connector().apply([remove(Kind.HIDE)])
    if expected is None:
        assert isinstance(result.error, Blocked)
    else:
        assert result.proved is not None
        assert result.proved.status is expected


def test_deleted_there_by_a_person_is_gone(shop: Shop) -> None:
    wanted = shop.wanted()
    found = shop.publish(wanted)
    shop.control.post(f"items/{found.remote_id}", {"status": "deleted"})
    for kind, more in ((Kind.UPDATE, {"fields": ("title",)}), (Kind.STOCK, {"offers": ["mangkuk-0"]}), (Kind.SHOW, {})):
        result = shop.apply(kind, shop.wanted(title=OTHER), **more)
        assert isinstance(result.error, Gone), kind


def test_a_product_taken_off_is_brought_back_with_its_new_price(shop: Shop) -> None:
    wanted = shop.wanted(axes=1)
    found = shop.publish(wanted)
    shop.driver.converge(wanted, state="hidden")
    changed = with_offer(wanted, "mangkuk-0", price=Decimal(99_000), quantity=3)
    shop.limit(edit_relists=False)
    outcome = shop.driver.converge(changed)
    assert outcome.kinds == [Kind.STOCK, Kind.PRICE, Kind.SHOW]
    there = shop.there(found.remote_id)
    assert (there["status"], there["offers"][0]["price"], there["offers"][0]["stock"]) == ("live", 99_000, 3)


def test_an_edit_never_lists_what_is_to_stay_hidden(shop: Shop) -> None:
    wanted = shop.wanted(axes=1)
    found = shop.publish(wanted)
    shop.driver.converge(wanted, state="hidden")
    hidden = replace(wanted, live=False, title=OTHER)
    shop.sent.clear()
    for kind, more in (
        (Kind.UPDATE, {"fields": ("title",)}),
        (Kind.RESHAPE, {}),
        (Kind.PRICE, {"offers": ["mangkuk-0"]}),
    ):
        changed = with_offer(replace(hidden, offers=hidden.offers[:1]), "mangkuk-0", price=Decimal(99_000))
        assert isinstance(shop.apply(kind, changed, **more).error, Blocked), kind
    assert shop.writes() == []
    assert shop.there(found.remote_id)["status"] == "hidden"


def test_every_editable_field_is_rendered(shop: Shop) -> None:
    assert set(EDITABLE) <= set(shop.render(shop.wanted(axes=1)).fields)
