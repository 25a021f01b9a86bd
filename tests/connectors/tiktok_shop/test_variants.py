"""SKUs by a full edit: those that stay are named by their ids, and keep their prices and counts."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from connectors.tiktok_shop import variants
from connectors.tiktok_shop.body import known_ids
from syncer.domain.listing import Picture, RemoteListing, RemoteOffer, Rendered, RenderedOffer, Status
from syncer.sdk.errors import Rejected
from syncer.sdk.operations import Kind, ListingRef, Operation
from syncer.sdk.testing.builders import picture_file, with_offer, without_offer
from tests.connectors.tiktok_shop.canned import Canned, ok
from tests.connectors.tiktok_shop.conftest import Shop

EDIT = "/product/202509/products/7"


def sold(shop: Shop, remote_id: str, sku: str, left: int) -> None:
    """A piece is sold there while we look elsewhere."""
    shop.control.post("edit", {"remote_id": remote_id, "sku": sku, "stock": left})


def test_a_variant_is_added_and_the_others_keep_ids_prices_and_counts(shop: Shop) -> None:
    fewer = shop.wanted(axes=1, variants=2)
    found = shop.publish(fewer)
    sold(shop, found.remote_id, "MANGKUK-0", 1)
    whole = shop.wanted(axes=1, variants=3)
    result = shop.apply(Kind.RESHAPE, whole)
    (body,) = shop.bodies("PUT products")
    ids = [offer.remote_id for offer in found.offers]
    assert [sku.get("id") for sku in body["skus"]] == [*ids, None]
    assert [{"price", "inventory"} & set(sku) for sku in body["skus"]] == [set(), set(), {"price", "inventory"}]
    assert result.proved is not None
    assert [(o.remote_id in ids, o.quantity) for o in result.proved.offers] == [(True, None), (True, None), (False, 7)]
    there = shop.there(found.remote_id)["offers"]
    assert [(offer["remote_id"], offer["stock"]) for offer in there] == [
        (ids[0], 1),
        (ids[1], 6),
        (result.proved.offers[2].remote_id, 7),
    ]


def test_other_variants_leave_the_making_time_as_it_is_there(shop: Shop) -> None:
    """Only an edit that names it sets it, in every SKU; nothing else is taken for known."""
    shop.publish(shop.wanted(axes=1, variants=2, made_to_order_days=5))
    more = shop.wanted(axes=1, variants=3)
    result = shop.apply(Kind.RESHAPE, more)
    assert result.proved is not None
    assert "pre_order_days" not in result.proved.fields
    assert shop.driver.fetch(more).fields["pre_order_days"] == 5
    days = [sku.get("pre_sale") for sku in shop.bodies("PUT products")[0]["skus"]]
    assert days == [days[0]] * 3
    assert days[0]
    shop.apply(Kind.UPDATE, more, fields=("option_images",))
    assert shop.driver.fetch(more).fields["pre_order_days"] == 5
    result = shop.apply(Kind.UPDATE, more, fields=("pre_order_days",))
    assert result.proved is not None
    assert result.proved.fields == {"pre_order_days": 0}
    assert shop.driver.fetch(more).fields["pre_order_days"] == 0


def test_a_sku_left_out_is_deleted_so_only_what_goes_is_left_out(shop: Shop) -> None:
    whole = shop.wanted(axes=1, variants=3)
    found = shop.publish(whole)
    shop.driver.converge(without_offer(whole, "mangkuk-1"))
    (body,) = shop.bodies("PUT products")
    assert [sku["id"] for sku in body["skus"]] == [found.offers[0].remote_id, found.offers[2].remote_id]
    assert [offer["sku"] for offer in shop.there(found.remote_id)["offers"]] == ["MANGKUK-0", "MANGKUK-2"]


def test_an_edit_of_content_never_drops_a_sku(shop: Shop) -> None:
    wanted = shop.wanted(axes=2, variants=6)
    found = shop.publish(wanted)
    shop.driver.converge(replace(wanted, category=shop.other_category, title="Mangkuk kayu jati berjudul lain"))
    assert [offer["remote_id"] for offer in shop.there(found.remote_id)["offers"]] == [
        o.remote_id for o in found.offers
    ]


def test_a_sku_a_value_and_a_name_are_changed_and_ids_stay(shop: Shop) -> None:
    wanted = shop.wanted(axes=1)
    found = shop.publish(wanted)
    changed = with_offer(wanted, "mangkuk-0", sku="BARU-1", option_values=("Jingga",))
    changed = replace(changed, option_names=("Corak",))
    outcome = shop.driver.converge(changed)
    assert outcome.kinds == [Kind.RESHAPE]
    there = shop.there(found.remote_id)["offers"]
    assert [(offer["remote_id"], offer["sku"], offer["name"]) for offer in there] == [
        (found.offers[0].remote_id, "BARU-1", "Jingga"),
        (found.offers[1].remote_id, "MANGKUK-1", "Hitam"),
    ]


def test_options_that_are_there_are_named_by_their_ids(shop: Shop) -> None:
    wanted = shop.wanted(axes=1)
    found = shop.publish(wanted)
    product = shop.connector._reader.product(found.remote_id)
    ids = known_ids(product)["Warna"]
    shop.driver.converge(with_offer(wanted, "mangkuk-0", option_values=("Jingga",)))
    (body,) = shop.bodies("PUT products")
    assert [sku["sales_attributes"] for sku in body["skus"]] == [
        [{"id": ids[0], "value_name": "Jingga"}],
        [{"id": ids[0], "value_id": ids[1]["Hitam"]}],
    ]


@pytest.mark.parametrize(("before", "after"), [(0, 1), (1, 2), (0, 2)])
def test_options_are_added_to_what_is_there(shop: Shop, before: int, after: int) -> None:
    found = shop.publish(shop.wanted(axes=before))
    wanted = shop.wanted(axes=after)
    outcome = shop.driver.converge(wanted)
    assert outcome.kinds[0] is Kind.RESHAPE
    seen = shop.driver.fetch(wanted)
    assert seen.option_names == wanted.option_names
    assert seen.offers[0].remote_id == found.offers[0].remote_id


def test_an_option_kind_is_taken_away_but_never_the_last_one(shop: Shop) -> None:
    two = shop.wanted(axes=2, variants=2)
    shop.publish(two)
    one = replace(
        two,
        option_names=("Ukuran",),
        offers=tuple(replace(offer, option_values=offer.option_values[1:]) for offer in two.offers),
    )
    assert shop.driver.converge(one).kinds == [Kind.RESHAPE]
    with pytest.raises(Rejected) as caught:
        shop.driver.converge(shop.wanted(axes=0))
    assert caught.value.code == "options_stay"


def test_a_new_variant_without_stock_has_one_piece_for_a_moment_in_review(shop: Shop) -> None:
    """No smaller count is taken for a new SKU; it isn't on sale before its review, and the count is set at once."""
    found = shop.publish(shop.wanted(axes=1, variants=2))
    whole = with_offer(shop.wanted(axes=1, variants=3), "mangkuk-2", quantity=0)
    shop.limit(review_delay_s=300.0)
    result = shop.apply(Kind.RESHAPE, whole)
    assert result.proved is not None
    assert result.proved.status is Status.REVIEW
    assert result.proved.offers[2].quantity == 1
    assert [offer["sku"] for offer in shop.there(found.remote_id)["offers"]] == ["MANGKUK-0", "MANGKUK-1"]
    shop.limit(review_delay_s=0.0)
    outcome = shop.driver.converge(whole)
    assert Kind.STOCK in outcome.kinds
    assert [offer["stock"] for offer in shop.there(found.remote_id)["offers"]] == [5, 6, 0]


def test_pictures_of_options_go_on_one_kind_for_each_of_its_values(shop: Shop) -> None:
    wanted = shop.wanted(axes=2, variants=4)
    photos = tuple(Picture(picture_file(n).sha256, sku=f"MANGKUK-{2 * n}") for n in range(2))
    found = shop.publish(replace(wanted, pictures=photos))
    product = shop.connector._reader.product(found.remote_id)
    pictured = [[("sku_img" in sale) for sale in sku["sales_attributes"]] for sku in product["skus"]]
    assert pictured == [[True, False]] * 4
    swapped = tuple(replace(photo, sku=other.sku) for photo, other in zip(photos, photos[::-1], strict=True))
    edited = replace(wanted, pictures=swapped)
    outcome = shop.driver.converge(edited)
    assert outcome.kinds == [Kind.UPDATE]
    assert shop.driver.fetch(edited).fields["option_images"] == outcome.rendered.fields["option_images"]
    plain = replace(wanted, pictures=tuple(replace(photo, sku=None) for photo in photos))
    shop.driver.converge(plain)
    assert shop.driver.fetch(plain).fields["option_images"] == {}


def operation(**changes: Any) -> Operation:
    offers = tuple(RenderedOffer(f"k{n}", f"S-{n}", Decimal(1000), 5, (f"v{n}",)) for n in range(2))
    rendered = Rendered({"option_images": {}, "pre_order_days": 0, "barcodes": {}}, offers, ("Warna",))
    known = RemoteListing("7", offers=(RemoteOffer("11", "OLD", key="k0"),))
    return replace(Operation(Kind.RESHAPE, ListingRef("m"), rendered, known), **changes)


def sku(key: str, seller_sku: str, value: str) -> dict[str, Any]:
    sale = {"id": "a", "name": "Warna", "value_id": f"id-{value}", "value_name": value}
    return {"id": key, "seller_sku": seller_sku, "sales_attributes": [sale]}


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        ([sku("11", "?", "x"), sku("12", "S-1", "y")], {"k0": "11", "k1": "12"}),
        ([sku("13", "S-0", "x"), sku("12", "?", "V1")], {"k0": "13", "k1": "12"}),
        ([sku("14", "?", "x")], {}),
    ],
)
def test_skus_are_bound_by_id_then_code_then_options(there: Any, expected: dict[str, str]) -> None:
    done = operation()
    found = variants.bind(done.rendered, done.known.offers if done.known else (), {"skus": there})
    assert {key: one["id"] for key, one in found.items()} == expected


def test_options_spelled_otherwise_there_are_not_written_again(canned: Canned) -> None:
    """The platform may show a value as its own list spells it."""
    product = {"id": "7", "title": "T", "status": "ACTIVATE", "skus": [sku("11", "S-0", "V0"), sku("12", "S-1", "v1 ")]}
    canned.give("/product/202309/products/7", ok(**product))
    (result,) = canned.connector().apply([operation()])
    assert canned.paths() == ["GET /product/202309/products/7"]
    assert result.proved is not None
    assert [(o.key, o.remote_id, o.option_values) for o in result.proved.offers] == [
        ("k0", "11", ("v0",)),
        ("k1", "12", ("v1",)),
    ]


def test_ids_that_the_answer_leaves_out_are_read(canned: Canned) -> None:
    product = {"id": "7", "title": "T", "status": "ACTIVATE", "skus": [sku("11", "S-0", "v0")]}
    canned.give("/product/202309/products/7", ok(**product))
    canned.give(EDIT, ok(product_id="7", skus=[{"id": "11", "seller_sku": "S-0"}], audit={"status": "AUDITING"}))
    (result,) = canned.connector().apply([operation()])
    assert result.proved is not None
    assert not result.proved.offers_complete
    assert (result.proved.status, result.check_after_s) == (Status.REVIEW, 0.0)


def test_numbers_as_ids_in_the_answer_become_text(canned: Canned) -> None:
    product = {"id": "7", "title": "T", "status": "ACTIVATE", "skus": [sku("11", "S-0", "v0")]}
    canned.give("/product/202309/products/7", ok(**product))
    answered = [{"id": 11, "seller_sku": "S-0"}, {"id": 1729592969712207012, "seller_sku": "S-1"}]
    canned.give(EDIT, ok(product_id=7, skus=answered))
    (result,) = canned.connector().apply([operation()])
    assert result.proved is not None
    assert [offer.remote_id for offer in result.proved.offers] == ["11", "1729592969712207012"]
