"""Answers with Shopee's loose types and changing names, read into one canonical form."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from connectors.shopee import read
from connectors.shopee.limits import Limits, couriers, couriers_fact, limits_fact
from connectors.shopee.wire import amount, grams, kilograms
from syncer.domain.listing import Status
from syncer.sdk.errors import Gone
from syncer.sdk.wire import exact, objects, plain, whole, yes
from tests.connectors.shopee.canned import Canned, ok

ITEM: dict[str, Any] = {
    "item_id": 24550001001,
    "category_id": 101141,
    "item_name": "Tas Anyaman",
    "description": "Tas anyaman rotan.",
    "item_sku": "DKR-1",
    "create_time": 1700000000,
    "item_status": "NORMAL",
    "weight": "0.6",
    "deboost": "false",
    "has_model": False,
    "image": {"image_id_list": ["id-1"], "image_url_list": []},
    "brand": {"brand_id": 0, "original_brand_name": "No Brand"},
    "condition": "NEW",
    "price_info": [{"currency": "IDR", "original_price": 185000, "inflated_price_of_original_price": 205350}],
    "stock_info_v2": {
        "summary_info": {"total_reserved_stock": 2},
        "seller_stock": [{"location_id": "IDZ", "stock": "7"}],
    },
}


def listed(**changes: Any) -> Any:
    return read.listing({**ITEM, **changes}, read.Variants())


def test_weights_come_as_text_and_count_as_grams() -> None:
    assert listed().fields["weight_g"] == 600
    assert grams("1.25") == 1250
    assert grams(0.6) == 600
    assert grams("0") is None
    assert grams("x") is None
    assert kilograms(625) == 0.625


def test_stock_and_booleans_may_come_as_text() -> None:
    found = listed()
    assert found.offers[0].quantity == 7
    assert found.extra["deboosted"] is False
    assert listed(deboost="true").extra["deboosted"] is True
    assert whole("12") == 12
    assert whole(True) is None
    assert yes("TRUE")
    assert not yes("")


def test_a_price_is_the_untaxed_original_one() -> None:
    assert listed().offers[0].price == Decimal(185000)
    assert read.price({"price_info": {"original_price": 1000}}) == Decimal(1000)


def test_a_price_of_zero_means_look_at_the_models() -> None:
    assert listed(price_info=[{"original_price": 0}]).offers[0].price is None


def test_an_item_without_models_has_model_0() -> None:
    assert listed().offers[0].remote_id == "0"
    assert read.variants({"model": [{"model_id": 0, "tier_index": []}], "tier_variation": []}) == read.Variants()


@pytest.mark.parametrize("key", ["attribute", "attributes", "attribute_list"])
def test_attributes_go_by_three_names(key: str) -> None:
    rows = [{"attribute_id": 5, "attribute_value_list": [{"value_id": 785, "original_value_name": "Rattan"}]}]
    assert listed(**{key: rows}).fields["attributes"] == [{"id": 5, "values": [{"id": 785}]}]


@pytest.mark.parametrize("key", ["image", "images"])
def test_pictures_go_by_two_names(key: str) -> None:
    item = {name: value for name, value in ITEM.items() if name != "image"}
    found = read.listing({**item, key: {"image_id_list": ["a", "b"]}}, read.Variants())
    assert found.fields["pictures"] == ["a", "b"]


def test_no_brand_reads_the_same_whatever_its_text() -> None:
    assert listed().fields["brand"] == {"id": 0, "name": "NoBrand"}
    assert listed(brand={"brand_id": 5, "original_brand_name": "X"}).fields["brand"] == {"id": 5, "name": "X"}


def test_couriers_are_the_enabled_ones_by_id() -> None:
    rows = [
        {"logistic_id": 8005, "enabled": True, "is_free": False},
        {"logistic_id": 8003, "enabled": True, "is_free": True},
        {"logistic_id": 8001, "enabled": False},
    ]
    assert listed(logistic_info=rows).fields["logistics"] == [
        {"id": 8003, "is_free": True},
        {"id": 8005, "is_free": False},
    ]


def test_days_to_ship_of_a_normal_item_are_no_pre_order() -> None:
    assert listed(pre_order={"is_pre_order": False, "days_to_ship": 2}).fields["pre_order_days"] == 0
    assert listed(pre_order={"is_pre_order": True, "days_to_ship": 7}).fields["pre_order_days"] == 7


@pytest.mark.parametrize(
    ("there", "status"),
    [
        ("NORMAL", Status.LIVE),
        ("UNLIST", Status.HIDDEN),
        ("REVIEWING", Status.REVIEW),
        ("BANNED", Status.REJECTED),
        ("SELLER_DELETE", Status.DELETED),
        ("SHOPEE_DELETE", Status.DELETED),
        ("DELETED", Status.DELETED),
        ("SOMETHING_NEW", None),
    ],
)
def test_statuses(there: str, status: Status | None) -> None:
    assert listed(item_status=there).status is status


@pytest.mark.parametrize("status", ["SELLER_DELETE", "SHOPEE_DELETE"])
def test_a_deleted_item_that_is_still_readable_is_gone(canned: Canned, status: str) -> None:
    canned.give("product/get_item_base_info", ok(item_list=[{**ITEM, "item_status": status}]))
    with pytest.raises(Gone):
        canned.connector().fetch_listing("24550001001")


def test_an_item_that_is_silently_missing_is_gone_and_others_are_matched_by_id(canned: Canned) -> None:
    canned.give("product/get_item_base_info", ok(item_list=[{**ITEM, "item_id": 99}]))
    with pytest.raises(Gone):
        canned.connector().fetch_listing("24550001001")


def test_one_unknown_id_among_many_doesnt_lose_the_others(canned: Canned) -> None:
    canned.give("product/get_item_list", ok(item=[{"item_id": 1}, {"item_id": 24550001001}], has_next_page=False))
    missing = {"error": "product.error_item_not_found", "message": "Item_id is not found.", "request_id": "a"}
    canned.give("product/get_item_base_info", missing, missing, ok(item_list=[ITEM]))
    found = canned.connector().fetch_listings(None).listings
    assert [entry.remote_id for entry in found] == ["24550001001"]


def test_an_empty_shop_may_answer_without_the_list(canned: Canned) -> None:
    canned.give("product/get_item_list", ok(total_count=0, has_next_page=False))
    page = canned.connector().fetch_listings(None)
    assert (page.listings, page.cursor) == ((), None)


def test_ids_beyond_32_and_53_bits_stay_exact(canned: Canned) -> None:
    large = 9_007_199_254_740_993
    canned.give("product/get_item_base_info", ok(item_list=[{**ITEM, "item_id": large}]))
    assert canned.connector().fetch_listing(str(large)).remote_id == str(large)


def test_models_carry_their_options_prices_and_counts() -> None:
    found = read.variants(
        {
            "tier_variation": [
                {"name": "Warna", "option_list": [{"option": "Natural", "image": {"image_id": "id-1"}}]}
            ],
            "model": [
                {
                    "model_id": 245500010011,
                    "tier_index": [0],
                    "model_sku": "N",
                    "price_info": [{"original_price": 185000}],
                    "stock_info_v2": {
                        "seller_stock": [{"location_id": "IDZ", "stock": 7}],
                        "shopee_stock": [{"stock": "4"}],
                    },
                    "weight": "0.6",
                }
            ],
        }
    )
    listing = read.listing({**ITEM, "has_model": True}, found)
    (offer,) = listing.offers
    assert (offer.remote_id, offer.option_values, offer.quantity) == ("245500010011", ("Natural",), 7)
    assert offer.fields == {"weight_g": 600}
    assert listing.fields["option_images"] == {"Natural": "id-1"}


def test_the_new_shape_of_tiers_is_read_where_the_old_one_is_missing() -> None:
    tiers = [
        {
            "variation_name": "Warna",
            "variation_option_list": [{"variation_option_name": "Natural"}, {"variation_option_name": "Hitam"}],
        }
    ]
    found = read.variants({"standardise_tier_variation": tiers, "model": [{"model_id": 5, "tier_index": [1]}]})
    assert found.option_values(found.models[0]) == ("Hitam",)


def test_stock_of_one_warehouse_or_of_all() -> None:
    stock = {"stock_info_v2": {"seller_stock": [{"location_id": "A", "stock": 3}, {"location_id": "B", "stock": 4}]}}
    assert read.quantity(stock) == 7
    assert read.quantity(stock, "B") == 4
    assert read.quantity({}) is None


def test_an_extended_description_is_read_as_text() -> None:
    fields = [{"field_type": "text", "text": "satu"}, {"field_type": "image"}, {"field_type": "text", "text": "dua"}]
    info = {"extended_description": {"field_list": fields}}
    found = listed(description_type="extended", description_info=info)
    assert found.fields["description"] == "satu\ndua"


def test_limits_with_nulls_missing_blocks_and_the_barcode_rule_beside_the_response() -> None:
    body = {
        "response": {"price_limit": None, "stock_limit": {"min_limit": 2}},
        "gtin_limit": {"gtin_validation_rule": "Flexible"},
    }
    found = Limits.of(limits_fact(body))
    assert found.price.under(1) == 0
    assert found.price.over(10**12) == 0
    assert found.stock.least == 2
    assert found.barcode_rule == "Flexible"
    inside = {"response": {"gtin_limit": {"gtin_validation_rule": "Mandatory"}}}
    assert Limits.of(limits_fact(inside)).barcode_rule == "Mandatory"


def test_couriers_for_items_are_enabled_and_unmasked_and_zero_is_no_limit() -> None:
    rows = [
        {"logistics_channel_id": 8003, "enabled": True, "mask_channel_id": 0, "fee_type": "SIZE_INPUT"},
        {"logistics_channel_id": 8001, "enabled": False, "mask_channel_id": 0},
        {"logistics_channel_id": 8002, "enabled": True, "mask_channel_id": 8003},
    ]
    (found,) = couriers(couriers_fact(ok(logistics_channel_list=rows)))
    assert found.id == 8003
    assert found.fits(99_000, [999, 999, 999])


def test_courier_limits_count_for_weight_sides_and_sum() -> None:
    row = {
        "logistics_channel_id": 1,
        "enabled": True,
        "mask_channel_id": 0,
        "weight_limit": {"item_max_weight": 2.0, "item_min_weight": 0.001},
        "item_max_dimension": {"length": 40.0, "width": 30.0, "height": 20.0, "unit": "UNKNOWN", "dimension_sum": 80.0},
    }
    (found,) = couriers(couriers_fact(ok(logistics_channel_list=[row])))
    assert found.fits(2000, [20, 40, 20])
    assert not found.fits(2001, None)
    assert not found.fits(500, [41, 10, 10])
    assert not found.fits(500, [40, 30, 20])


def test_a_banned_items_reasons_are_told_in_plain_words(canned: Canned) -> None:
    detail = {
        "violation_type": "Prohibited Listing",
        "violation_reason": "License\x1b[31m",
        "suggestion": "Upload license.",
    }
    row = {"item_id": 24550001001, "item_status": "BANNED", "item_status_details": [detail]}
    canned.give("product/get_item_base_info", ok(item_list=[{**ITEM, "item_status": "BANNED"}]))
    # Seen live without its `error` key (shopee.md 4).
    canned.give("product/get_item_violation_info", {"message": "", "response": {"item_list": [row]}})
    found = canned.connector().fetch_listing("24550001001")
    assert found.status is Status.REJECTED
    assert "Prohibited Listing: License" in found.reasons[0].id
    assert "Upload license" in found.reasons[0].en
    assert "\x1b" not in found.reasons[0].en


def test_helpers_take_what_shopee_sends() -> None:
    assert objects(None) == []
    assert objects([{"a": 1}, None, "x"]) == [{"a": 1}]
    assert exact("NaN") is None
    assert amount(Decimal("185000.00")) == 185000
    assert isinstance(amount(Decimal(185000)), int)
    assert amount(Decimal("12.5")) == 12.5
    assert plain(None) == ""
