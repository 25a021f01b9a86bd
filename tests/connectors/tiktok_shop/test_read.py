"""Products as the platform shows them: shapes of answers, statuses of two storefronts, reasons."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from connectors.tiktok_shop import read
from connectors.tiktok_shop.options import TiktokShopOptions
from connectors.tiktok_shop.standing import standing
from connectors.tiktok_shop.wire import centimetres, dimensions, grams, price, weight
from syncer.domain.listing import RemoteListing, Status
from syncer.sdk.errors import Gone
from syncer.sdk.wire import text
from tests.connectors.tiktok_shop.canned import Canned, ok, refused

PRODUCT = "/product/202309/products/1729592969712207008"
LIVE = {"status": "ACTIVATE", "audit": {"status": "APPROVED"}}


def options(**values: Any) -> TiktokShopOptions:
    return TiktokShopOptions.read({"app_key": "k", "app_secret": "s" * 20, **values})


def sku(number: int, *values: str, **more: Any) -> dict[str, Any]:
    return {
        "id": f"17295929697122070{number:02}",
        "seller_sku": f"S-{number}",
        "price": {"currency": "IDR", "sale_price": "185000", "tax_exclusive_price": "166667"},
        "inventory": [{"warehouse_id": "w1", "quantity": 5}],
        "sales_attributes": [
            {"id": f"a{axis}", "name": name, "value_id": f"v{value}", "value_name": value}
            for axis, (name, value) in enumerate(zip(("Warna", "Ukuran"), values, strict=False))
        ],
        **more,
    }


def product(**more: Any) -> dict[str, Any]:
    return {
        "id": "1729592969712207008",
        "title": "Mangkuk kayu jati ukir tangan",
        "description": "<p>Satu<br>Dua</p>",
        "external_product_id": "mangkuk",
        "category_chains": [
            {"id": "600001", "parent_id": "0", "is_leaf": False},
            {"id": "853000", "parent_id": "600001", "is_leaf": True},
        ],
        "brand": {"id": "7082427311584347905", "name": "Anyam"},
        "main_images": [{"uri": "tos/1", "urls": ["https://x/1"], "width": 600}, {"uri": "tos/2", "urls": []}],
        "package_weight": {"value": "1.32", "unit": "KILOGRAM"},
        "package_dimensions": {"length": "20", "width": "15", "height": "10", "unit": "CENTIMETER"},
        "skus": [sku(1)],
        **LIVE,
        **more,
    }


def seen(one: dict[str, Any], **chosen: Any) -> RemoteListing:
    return read.listing(one, options(**chosen), lambda _: {})


def test_answers_have_other_shapes_than_requests() -> None:
    found = seen(product())
    assert found.fields["category"] == "853000"
    assert found.fields["pictures"] == ["tos/1", "tos/2"]
    assert found.fields["brand"] == "7082427311584347905"
    assert found.fields["description"] == "Satu\nDua"
    assert (found.fields["weight_g"], found.fields["dimension_cm"]) == (1320, [20, 15, 10])
    assert [(offer.price, offer.quantity) for offer in found.offers] == [(Decimal(185_000), 5)]
    assert found.marker == "mangkuk"


@pytest.mark.parametrize(
    ("row", "amount"),
    [
        ({"sale_price": "185000", "tax_exclusive_price": "1"}, 185_000),
        ({"tax_exclusive_price": "185000"}, 185_000),
        ({"amount": "185000"}, 185_000),
        ({"sale_price": "", "tax_exclusive_price": "7"}, 7),
        ({}, None),
        (None, None),
    ],
)
def test_the_price_goes_by_other_names_in_answers(row: Any, amount: int | None) -> None:
    assert price(row) == amount


def test_ids_are_text_even_where_they_come_as_numbers() -> None:
    found = seen(product(id=1729592969712207008, skus=[sku(1, id=1729592969712207012)]))
    assert found.remote_id == "1729592969712207008"
    assert found.offers[0].remote_id == "1729592969712207012"
    assert text(1729592969712207012) == "1729592969712207012"


def test_weights_are_kilograms_with_three_decimals() -> None:
    assert [weight(grams_)["value"] for grams_ in (1, 700, 1320, 10_000)] == ["0.001", "0.7", "1.32", "10"]
    assert weight(700)["unit"] == "KILOGRAM"
    assert grams({"value": "0.001", "unit": "KILOGRAM"}) == 1
    assert grams({"value": "250", "unit": "GRAM"}) == 250
    assert grams({"value": "0", "unit": "KILOGRAM"}) is grams(None) is None


def test_sizes_are_whole_centimetres() -> None:
    assert dimensions([20, 15, 10]) == {"length": "20", "width": "15", "height": "10", "unit": "CENTIMETER"}
    assert centimetres({"length": "20", "width": "15"}) is None


def test_stock_counts_in_all_warehouses_or_in_the_accounts_own() -> None:
    rows = [{"warehouse_id": "w1", "quantity": 5}, {"warehouse_id": "w2", "quantity": 3}]
    one = product(skus=[sku(1, inventory=rows)])
    assert seen(one).offers[0].quantity == 8
    assert seen(one, warehouse_id="w2").offers[0].quantity == 3
    assert seen(one, warehouse_id="w3").offers[0].quantity == 0
    assert seen(one).extra["warehouses"] == {"1729592969712207001": ["w1", "w2"]}


def test_options_are_matched_by_name_and_not_by_place() -> None:
    one, other = sku(1, "Merah", "Kecil"), sku(2, "Biru", "Besar")
    other["sales_attributes"].reverse()
    found = seen(product(skus=[one, other]))
    assert found.option_names == ("Warna", "Ukuran")
    assert [offer.option_values for offer in found.offers] == [("Merah", "Kecil"), ("Biru", "Besar")]


def test_option_pictures_count_only_if_each_value_has_one() -> None:
    one, other = sku(1, "Merah"), sku(2, "Biru")
    one["sales_attributes"][0]["sku_img"] = {"uri": "tos/r", "urls": []}
    assert seen(product(skus=[one, other])).fields["option_images"] == {}
    other["sales_attributes"][0]["sku_img"] = {"uri": "tos/b"}
    assert seen(product(skus=[one, other])).fields["option_images"] == {"Merah": "tos/r", "Biru": "tos/b"}


def test_terms_are_only_those_that_the_account_manages() -> None:
    one = product(
        is_cod_allowed=True,
        minimum_order_quantity=3,
        delivery_options=[{"id": "12", "name": "x"}, {"id": "11"}],
        size_chart={"template": {"id": "77"}},
    )
    assert seen(one).fields["terms"] == {}
    chosen = {"cash_on_delivery": False, "minimum_order": 1, "delivery_options": "11", "size_chart_template": "1"}
    assert seen(one, shipping_insurance="REQUIRED", **chosen).fields["terms"] == {
        "cash_on_delivery": True,
        "minimum_order": 3,
        "delivery_options": ["11", "12"],
        "size_chart": "77",
        "shipping_insurance": "OPTIONAL",
    }


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("ACTIVATE", Status.LIVE),
        ("PENDING", Status.REVIEW),
        ("SCHEDULED", Status.REVIEW),
        ("FAILED", Status.REJECTED),
        ("PLATFORM_DEACTIVATED", Status.REJECTED),
        ("FREEZE", Status.REJECTED),
        ("SELLER_DEACTIVATED", Status.HIDDEN),
        ("DRAFT", Status.HIDDEN),
        ("DELETED", Status.DELETED),
    ],
)
def test_statuses(status: str, expected: Status) -> None:
    assert standing({"status": status}).status is expected
    tokopedia = {"integrated_platform_statuses": [{"platform": "TOKOPEDIA", "status": status}]}
    assert standing(tokopedia).status is expected
    assert standing({}).status is None


@pytest.mark.parametrize(
    ("mine", "theirs", "expected"),
    [
        ("ACTIVATE", "PENDING", Status.REVIEW),
        ("ACTIVATE", "SELLER_DEACTIVATED", Status.LIVE),
        ("PLATFORM_DEACTIVATED", "ACTIVATE", Status.LIVE),
        ("FAILED", "SELLER_DEACTIVATED", Status.REJECTED),
        ("DELETED", "SELLER_DEACTIVATED", Status.HIDDEN),
        ("DELETED", "DELETED", Status.DELETED),
    ],
)
def test_two_storefronts_make_one_status(mine: str, theirs: str, expected: Status) -> None:
    row = {"status": mine, "integrated_platform_statuses": [{"platform": "TOKOPEDIA", "status": theirs}]}
    assert standing(row).status is expected


def test_a_live_product_whose_edit_is_reviewed_is_in_review() -> None:
    assert seen(product(audit={"status": "AUDITING"})).status is Status.REVIEW


def test_a_storefront_that_was_never_asked_for_is_left_out() -> None:
    one = product(integrated_platform_statuses=[{"platform": "TOKOPEDIA", "status": "ACTIVATE"}])
    for name in ("status", "audit"):
        del one[name]
    found = seen(one, platforms="tokopedia")
    assert (found.status, found.extra["platforms"]) == (Status.LIVE, {"TOKOPEDIA": "ACTIVATE"})
    assert found.fields["listing_platforms"] == ["TOKOPEDIA"]


@pytest.mark.parametrize(
    ("mine", "theirs", "shown_on"),
    [
        ("ACTIVATE", "ACTIVATE", ["TIKTOK_SHOP", "TOKOPEDIA"]),
        ("ACTIVATE", "SELLER_DEACTIVATED", ["TIKTOK_SHOP"]),
        ("ACTIVATE", "PLATFORM_DEACTIVATED", ["TIKTOK_SHOP", "TOKOPEDIA"]),
        ("SELLER_DEACTIVATED", "SELLER_DEACTIVATED", ["TIKTOK_SHOP", "TOKOPEDIA"]),
        ("DRAFT", "DRAFT", ["TIKTOK_SHOP", "TOKOPEDIA"]),
    ],
)
def test_where_it_is_asked_to_be_shown(mine: str, theirs: str, shown_on: list[str]) -> None:
    one = product(status=mine, integrated_platform_statuses=[{"platform": "TOKOPEDIA", "status": theirs}])
    assert seen(one).fields["listing_platforms"] == shown_on


def failed(platform: str, *reasons: str) -> dict[str, Any]:
    return {"listing_platform": platform, "position": "Judul", "reasons": list(reasons), "suggestions": ["Ubah judul."]}


def test_reasons_are_told_by_storefront_in_plain_words() -> None:
    rows = [failed("TOKOPEDIA", "kata terlarang"), failed("TIKTOK_SHOP", "foto buram", "judul")]
    words = seen(product(status="FAILED", audit={"status": "FAILED"}, audit_failed_reasons=rows)).reasons
    assert [one.id for one in words] == [
        "Tokopedia menolak produk ini (Judul): kata terlarang. Saran: Ubah judul.",
        "TikTok Shop menolak produk ini (Judul): foto buram; judul. Saran: Ubah judul.",
    ]
    assert words[0].en.startswith("Tokopedia refused this product")


@pytest.mark.parametrize("status", ["FAILED", "PLATFORM_DEACTIVATED", "FREEZE"])
def test_a_refusal_without_a_reason_still_says_what_happened(status: str) -> None:
    (words,) = seen(product(status=status, audit={})).reasons
    assert "TikTok Shop" in words.id


@pytest.mark.parametrize("why", ["KYC_PENDING", "RESTRICTED_CATEGORY_PENDING"])
def test_passed_and_still_not_shown(why: str) -> None:
    found = seen(product(status="PENDING", audit={"status": "PRE_APPROVED", "pre_approved_reasons": [why]}))
    assert found.status is Status.REVIEW
    assert len(found.reasons) == 1


def test_after_a_refused_edit_the_old_version_is_not_taken_for_ours() -> None:
    found = seen(product(audit={"status": "FAILED"}, audit_failed_reasons=[failed("TIKTOK_SHOP", "x")]))
    assert found.status is Status.LIVE
    assert set(found.fields) == {"listing_platforms"}
    assert not found.offers_complete
    assert [offer.quantity for offer in found.offers] == [5]
    assert found.reasons


def test_refused_on_one_storefront_the_other_shows_the_new_version() -> None:
    found = seen(
        product(
            audit_failed_reasons=[failed("TOKOPEDIA", "x")],
            integrated_platform_statuses=[{"platform": "TOKOPEDIA", "status": "PLATFORM_DEACTIVATED"}],
        )
    )
    assert found.status is Status.LIVE
    assert "title" in found.fields
    assert found.offers_complete
    assert "Tokopedia" in found.reasons[0].id


def test_rows_of_a_search_know_no_options_and_no_pictures() -> None:
    found = read.row({"id": "1", "title": "T", "skus": [sku(1, "Merah")], **LIVE}, options())
    assert found.fields == {"title": "T", "listing_platforms": ["TIKTOK_SHOP"]}
    assert not found.offers_complete
    assert [(offer.sku, offer.price, offer.quantity) for offer in found.offers] == [("S-1", Decimal(185_000), 5)]


@pytest.mark.parametrize("audit", ["AUDITING", "FAILED"])
def test_a_search_shows_the_live_title_only(audit: str) -> None:
    found = read.row({"id": "1", "title": "T", "skus": [], "status": "ACTIVATE", "audit": {"status": audit}}, options())
    assert "title" not in found.fields


@pytest.mark.parametrize("code", [12052260, 12052032, 12019150, 12052034])
def test_an_unknown_or_foreign_product_is_gone(canned: Canned, code: int) -> None:
    canned.give(PRODUCT, refused(code))
    with pytest.raises(Gone):
        canned.connector().fetch_listing("1729592969712207008")


def test_a_deleted_product_can_or_cannot_be_read(canned: Canned) -> None:
    canned.give(PRODUCT, ok(**product(status="DELETED", audit={})), refused(12052901, "state"))
    canned.give("/product/202502/products/search", ok(products=[]))
    connector = canned.connector()
    for _ in range(2):
        with pytest.raises(Gone):
            connector.fetch_listing("1729592969712207008")


def test_a_frozen_product_is_found_by_a_search(canned: Canned) -> None:
    canned.give(PRODUCT, refused(12052901, "state"))
    row = {"id": "1729592969712207008", "title": "T", "status": "FREEZE", "skus": [sku(1)]}
    canned.give("/product/202502/products/search", ok(products=[{"id": "1", "status": "FREEZE"}, row]))
    found = canned.connector().fetch_listing("1729592969712207008")
    assert found.status is Status.REJECTED
    assert "membekukan" in found.reasons[0].id
    assert canned.requests[-1].json() == {"status": "FREEZE"}


def test_the_version_under_review_is_read_in_the_accounts_language(canned: Canned) -> None:
    canned.give(PRODUCT, ok(**product()))
    canned.connector(language="en").fetch_listing("1729592969712207008")
    assert canned.requests[0].param("return_under_review_version") == "true"
    assert canned.requests[0].param("locale") == "en-US"
