"""Adding, dropping, renaming and reordering variants without losing the others (one write a step)."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from connectors.shopee.connector import ShopeeConnector
from connectors.shopee.read import Model, Tier, Variants
from connectors.shopee.variants import Step, next_step
from syncer.domain.listing import Picture, RemoteListing, RemoteOffer, Rendered, RenderedOffer, WantedListing
from syncer.sdk.contract import Context
from syncer.sdk.operations import Kind, ListingRef, Operation
from syncer.sdk.testing.builders import picture_file, with_offer, without_offer
from tests.connectors.shopee.canned import Canned, ok
from tests.connectors.shopee.conftest import Shop


def ids(shop: Shop, wanted: WantedListing) -> dict[str, str]:
    known = shop.driver.fetch(wanted)
    return {offer.key or "?": offer.remote_id for offer in known.offers}


def same(shop: Shop, wanted: WantedListing) -> None:
    """Assert that the sandbox shows exactly the wanted variants."""
    rendered = shop.render(wanted)
    known = shop.driver.fetch(wanted)
    shown = {offer.key: (offer.sku, offer.option_values, offer.price, offer.quantity) for offer in known.offers}
    assert shown == {
        offer.key: (offer.sku, offer.option_values, offer.price, offer.quantity) for offer in rendered.offers
    }
    assert known.option_names == rendered.option_names


@pytest.mark.parametrize("axes", [1, 2])
def test_a_variant_is_added_and_the_others_keep_their_ids(shop: Shop, axes: int) -> None:
    more = shop.wanted(axes=axes, variants=6 if axes == 2 else 4)
    fewer = without_offer(without_offer(more, "mangkuk-5"), "mangkuk-3")
    shop.publish(fewer)
    before = ids(shop, fewer)
    shop.first_call = shop.control.last_call()
    shop.driver.converge(more)
    assert shop.writes() == ["product/update_tier_variation", "product/add_model"] or axes == 2
    after = ids(shop, more)
    assert {key: after[key] for key in before} == before
    same(shop, more)


def test_a_variant_is_dropped_with_its_option_and_the_others_keep_their_ids(shop: Shop) -> None:
    whole = shop.wanted(axes=1, variants=3)
    shop.publish(whole)
    before = ids(shop, whole)
    fewer = without_offer(whole, "mangkuk-1")
    shop.first_call = shop.control.last_call()
    shop.driver.converge(fewer)
    assert shop.writes() == ["product/update_tier_variation"]
    assert ids(shop, fewer) == {key: value for key, value in before.items() if key != "mangkuk-1"}
    same(shop, fewer)


def test_a_variant_whose_options_others_still_use_is_deleted_alone(shop: Shop) -> None:
    whole = shop.wanted(axes=2, variants=4)
    shop.publish(whole)
    before = ids(shop, whole)
    fewer = without_offer(whole, "mangkuk-3")
    shop.first_call = shop.control.last_call()
    shop.driver.converge(fewer)
    assert shop.writes() == ["product/delete_model"]
    assert ids(shop, fewer) == {key: value for key, value in before.items() if key != "mangkuk-3"}


def test_an_option_is_renamed_and_reordered_in_one_write(shop: Shop) -> None:
    whole = shop.wanted(axes=1, variants=3)
    shop.publish(whole)
    before = ids(shop, whole)
    renamed = with_offer(whole, "mangkuk-0", option_values=("Cokelat Tua",))
    turned = replace(renamed, option_names=("Rupa",), offers=tuple(reversed(renamed.offers)))
    shop.first_call = shop.control.last_call()
    shop.driver.converge(turned)
    assert shop.writes() == ["product/update_tier_variation"]
    assert ids(shop, turned) == before
    same(shop, turned)


def test_two_options_swap_their_names(shop: Shop) -> None:
    whole = shop.wanted(axes=1, variants=2)
    shop.publish(whole)
    before = ids(shop, whole)
    first, second = (offer.option_values for offer in whole.offers)
    swapped = with_offer(with_offer(whole, "mangkuk-0", option_values=second), "mangkuk-1", option_values=first)
    shop.driver.converge(swapped)
    assert ids(shop, swapped) == before
    same(shop, swapped)


def test_a_sku_is_renamed_and_the_model_keeps_its_id(shop: Shop) -> None:
    whole = shop.wanted(axes=1)
    shop.publish(whole)
    before = ids(shop, whole)
    renamed = with_offer(whole, "mangkuk-1", sku="MANGKUK-BARU")
    shop.first_call = shop.control.last_call()
    shop.driver.converge(renamed)
    assert shop.writes() == ["product/update_model"]
    assert ids(shop, renamed) == before
    same(shop, renamed)


def test_a_variants_own_weight_is_changed_and_the_others_keep_theirs(shop: Shop) -> None:
    whole = shop.wanted(axes=1, variants=3)
    shop.publish(whole)
    heavier = with_offer(whole, "mangkuk-0", weight_g=705)
    shop.first_call = shop.control.last_call()
    shop.driver.converge(heavier)
    assert shop.writes() == ["product/update_model"]
    fields = {offer.key: offer.fields["weight_g"] for offer in shop.driver.fetch(heavier).offers}
    assert fields == {"mangkuk-0": 705, "mangkuk-1": 710, "mangkuk-2": 720}


def test_the_items_own_weight_is_never_written_over_its_variants(shop: Shop) -> None:
    whole = shop.wanted(axes=1, variants=2)
    shop.publish(whole)
    heaviest = with_offer(whole, "mangkuk-1", weight_g=900, length_mm=300)
    shop.driver.converge(heaviest)
    assert shop.writes() == ["product/update_model"]
    known = shop.driver.fetch(heaviest)
    assert {offer.key: offer.fields["weight_g"] for offer in known.offers} == {"mangkuk-0": 700, "mangkuk-1": 900}
    assert {offer.key: offer.fields["dimension_cm"][0] for offer in known.offers} == {"mangkuk-0": 20, "mangkuk-1": 30}


@pytest.mark.parametrize(("before", "after"), [(0, 1), (1, 2), (2, 1), (1, 0)])
def test_the_number_of_axes_changes(shop: Shop, before: int, after: int) -> None:
    first = shop.wanted(axes=before)
    shop.publish(first)
    second = shop.wanted(axes=after, title=first.title)
    shop.driver.converge(second)
    assert "product/init_tier_variation" in shop.writes()
    same(shop, second)
    assert shop.driver.fetch(second).fields["item_sku"] == shop.render(second).fields["item_sku"]


def test_all_variants_are_replaced_without_ever_being_none(shop: Shop) -> None:
    first = shop.wanted(axes=1, variants=3)
    shop.publish(first)
    offers = tuple(
        replace(offer, key=f"new-{n}", sku=f"NEW-{n}", option_values=(f"Corak {n}",))
        for n, offer in enumerate(first.offers)
    )
    second = replace(first, offers=offers)
    shop.driver.converge(second)
    same(shop, second)
    assert shop.writes().count("product/add_model") == 1


def test_pictures_of_options_are_set_changed_and_taken_away(shop: Shop) -> None:
    plain = shop.wanted(axes=1, variants=2)
    shop.publish(plain)
    before = ids(shop, plain)

    def pictured(first: int, second: int) -> WantedListing:
        own = ((0, None), (first, "MANGKUK-0"), (second, "MANGKUK-1"))
        return replace(plain, pictures=tuple(Picture(picture_file(n).sha256, sku=sku) for n, sku in own))

    for wanted in (pictured(1, 2), pictured(2, 3), plain):
        shop.driver.converge(wanted)
        images = shop.driver.fetch(wanted).fields["option_images"]
        assert images == shop.render(wanted).fields["option_images"]
        assert ids(shop, wanted) == before
    assert images == {}


def test_variants_are_bound_by_sku_when_the_ids_are_forgotten(shop: Shop) -> None:
    whole = shop.wanted(axes=1, variants=3)
    found = shop.publish(whole)
    forgotten = replace(found, offers=tuple(replace(offer, key=None) for offer in found.offers))
    operation = replace(shop.operation(Kind.RESHAPE, whole), known=forgotten)
    (result,) = shop.connector.apply([operation])
    assert shop.writes() == []
    assert result.proved is not None
    assert {offer.key: offer.sku for offer in result.proved.offers} == {o.key: o.sku for o in whole.offers}


def test_a_placeholder_price_and_count_stand_in_until_the_variants_come(shop: Shop) -> None:
    wanted = shop.wanted(axes=1)
    shop.driver.converge(wanted)
    (body,) = shop.bodies("product/add_item")
    assert body["item_status"] == "UNLIST"
    assert body["original_price"] == 185000
    assert body["seller_stock"] == [{"stock": 5}]
    assert body["item_sku"] == "mangkuk"
    assert body["weight"] == 0.71
    assert body["dimension"] == {"package_length": 20, "package_width": 15, "package_height": 10}


def test_variations_wait_after_the_item(shop: Shop) -> None:
    options = shop.read_options(variation_pause_s=5)
    wanted = shop.wanted(axes=1)
    (result,) = shop.open(options).apply([shop.operation(Kind.CREATE, wanted)])
    assert result.again_after_s == 5
    assert shop.read_options().variation_pause_s == 0


def test_variations_wait_after_an_item_whose_create_was_answered_to_nobody(shop: Shop) -> None:
    shop.control.post("limits", {"variation_wait_s": 300})
    options = shop.read_options(variation_pause_s=300)
    wanted = shop.wanted(axes=1)
    (made,) = shop.open(options).apply([shop.operation(Kind.CREATE, wanted)])
    assert made.proved is not None
    found = shop.connector.fetch_listing(made.proved.remote_id)
    operation = replace(shop.operation(Kind.RESHAPE, wanted), known=found)
    reborn = shop.open(options)  # it knows nothing of the create, like a process after kill -9

    (waits,) = reborn.apply([operation])
    assert waits.again_after_s == 300
    assert waits.proved is not None
    shop.control.advance(300)
    told = replace(found, extra={**found.extra, **waits.proved.extra})
    # What the engine keeps of it lasts over the next kill -9.
    (result,) = shop.open(options).apply([replace(operation, known=told)])
    assert result.proved is not None
    refused = [call for call in shop.control.calls(shop.first_call) if call["refused"]]
    assert refused == []
    assert len(shop.there(found.remote_id)["offers"]) == len(wanted.offers)


def test_an_old_item_gets_its_variants_at_once(shop: Shop) -> None:
    found = shop.publish(shop.wanted())
    operation = replace(shop.operation(Kind.RESHAPE, shop.wanted(axes=1)), known=found)
    options = shop.read_options(variation_pause_s=5)
    (waits,) = shop.open(options).apply([operation])
    assert waits.again_after_s == 5
    later = Context(shop.clients[0], shop.scratch, lambda: shop.tokens, lambda: shop.now() + dt.timedelta(seconds=120))
    (result,) = ShopeeConnector(options, later).apply([operation])
    assert result.proved is not None
    assert result.proved.offers


def test_variations_go_out_in_the_new_shape(shop: Shop) -> None:
    shop.driver.converge(shop.wanted(axes=2, variants=4))
    (body,) = shop.bodies("product/init_tier_variation")
    assert set(body) == {"item_id", "standardise_tier_variation", "model"}
    assert body["standardise_tier_variation"][1] == {
        "variation_id": 0,
        "variation_group_id": 0,
        "variation_name": "Ukuran",
        "variation_option_list": [
            {"variation_option_id": 0, "variation_option_name": "Kecil"},
            {"variation_option_id": 0, "variation_option_name": "Sedang"},
        ],
    }
    assert body["model"][0] == {
        "tier_index": [0, 0],
        "original_price": 185000,
        "model_sku": "MANGKUK-0",
        "seller_stock": [{"stock": 5}],
        "weight": 0.7,
        "dimension": {"package_length": 20, "package_width": 15, "package_height": 10},
    }


# The planner alone


def offer(key: str, *values: str, sku: str = "") -> RenderedOffer:
    return RenderedOffer(key, sku or key.upper(), Decimal(1000), 3, values)


def plan(
    offers: tuple[RenderedOffer, ...], fresh: Variants, *, known: dict[str, str] | None = None, **rest: Any
) -> Step | None:
    names = ("Warna", "Ukuran")[: len(offers[0].option_values)]
    there = tuple(RemoteOffer(model_id, "", key=key) for key, model_id in (known or {}).items())
    rendered = Rendered({"option_images": {}, "item_sku": "m"}, offers, names)
    operation = Operation(Kind.RESHAPE, ListingRef("m"), rendered, RemoteListing("7", offers=there))
    return next_step(operation, fresh, **rest)


def there(*rows: tuple[str, str, str]) -> Variants:
    options = tuple(dict.fromkeys(row[1] for row in rows))
    models = tuple(Model(row[0], (options.index(row[1]),), row[2], Decimal(1000), 3) for row in rows)
    return Variants((Tier("Warna", options, ("",) * len(options)),), models)


def test_the_remote_id_binds_before_the_sku() -> None:
    fresh = there(("11", "Natural", "B"), ("12", "Hitam", "A"))
    step = plan((offer("a", "Natural"), offer("b", "Hitam")), fresh, known={"a": "11", "b": "12"})
    assert step is not None
    assert step.operation == "product/update_model"
    assert step.body["model"] == [{"model_id": 11, "model_sku": "A"}, {"model_id": 12, "model_sku": "B"}]


def test_unknown_models_are_bound_by_their_options_at_last() -> None:
    step = plan((offer("a", "Natural"),), there(("11", "Natural", "")))
    assert step is not None
    assert step.body["model"] == [{"model_id": 11, "model_sku": "A"}]


def test_models_left_out_of_the_list_are_only_those_that_go() -> None:
    fresh = there(("11", "Natural", "A"), ("12", "Hitam", "B"), ("13", "Biru", "C"))
    step = plan((offer("a", "Natural"), offer("c", "Biru")), fresh)
    assert step is not None
    assert step.operation == "product/update_tier_variation"
    assert step.body["model_list"] == [
        {"model_id": 11, "tier_index": [0]},
        {"model_id": 13, "tier_index": [1]},
    ]


def test_prices_and_counts_of_models_that_stay_are_not_claimed_to_be_known() -> None:
    fresh = there(("11", "Natural", "A"), ("12", "Hitam", "B"))
    step = plan((offer("a", "Natural"),), fresh)
    assert step is not None
    (kept,) = step.proved([]) or ()
    assert (kept.key, kept.price, kept.quantity) == ("a", None, None)


def test_a_hidden_items_new_models_get_the_least_stock() -> None:
    step = plan((replace(offer("a", "Natural"), quantity=0),), Variants(), least_stock=2)
    assert step is not None
    assert step.body["model"][0]["seller_stock"] == [{"stock": 2}]
    (made,) = step.proved([Model("11", (0,), "A", None, None)]) or ()
    assert made.quantity == 2


def test_warehouse_shops_name_the_location() -> None:
    step = plan((offer("a", "Natural"),), Variants(), location_id="IDZ")
    assert step is not None
    assert step.body["model"][0]["seller_stock"] == [{"stock": 3, "location_id": "IDZ"}]


def test_no_more_models_are_added_than_there_is_room_for() -> None:
    wanted = tuple(offer(f"k{n}", f"w{n}") for n in range(50))
    fresh = there(*((str(100 + n), f"old{n}", f"O{n}") for n in range(50)))
    first = plan(wanted, fresh)
    assert first is not None
    assert first.operation == "product/update_tier_variation"
    assert len(first.body["model_list"]) == 1
    options = first.body["standardise_tier_variation"][0]["variation_option_list"]
    assert len(options) == 50
    left = Variants(
        (Tier("Warna", tuple(row["variation_option_name"] for row in options), ("",) * 50),),
        (Model("100", (49,), "O0", None, None),),
    )
    second = plan(wanted, left)
    assert second is not None
    assert second.operation == "product/add_model"
    assert len(second.body["model_list"]) == 49


def test_ids_that_the_answer_leaves_out_are_read(canned: Canned) -> None:
    rows = [{"model_id": 11, "tier_index": [0], "model_sku": "A"}]
    tiers = [{"name": "Warna", "option_list": [{"option": "Natural"}]}]
    canned.give("product/get_model_list", ok(model=[], tier_variation=[]), ok(model=rows, tier_variation=tiers))
    canned.give("product/init_tier_variation", ok(model=[]))
    rendered = Rendered({"option_images": {}}, (offer("a", "Natural"),), ("Warna",))
    operation = Operation(Kind.RESHAPE, ListingRef("m"), rendered, RemoteListing("7"))
    (result,) = canned.connector(variation_pause_s=0).apply([operation])
    assert result.proved is not None
    assert [(found.remote_id, found.key) for found in result.proved.offers] == [("11", "a")]
