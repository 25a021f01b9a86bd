"""What a crafter is told before any call, and how a listing is rendered (pure)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from connectors.shopee.options import ShopeeOptions
from connectors.shopee.render import fact_keys, render
from syncer.domain.listing import Picture, Rendered, WantedListing, WantedOffer
from syncer.domain.problem import Problem, Who

OPTIONS = ShopeeOptions.read({"partner_id": 1, "partner_key": "k"})
LIMITS: dict[str, Any] = {
    "title": {"min_limit": 5, "max_limit": 40},
    "description": {"min_limit": 20, "max_limit": 200},
    "pictures": {"min_limit": 1, "max_limit": 9},
    "price": {"min_limit": 99, "max_limit": 1_000_000},
    "stock": {"min_limit": 0, "max_limit": 500},
    "axis_name": {"min_limit": 1, "max_limit": 14},
    "option_name": {"min_limit": 1, "max_limit": 20},
    "days": {"min_limit": 3, "max_limit": 30},
    "stock_days": 2,
    "weight_mandatory": True,
    "dimension_mandatory": False,
    "barcode_rule": "Optional",
}
COURIER: dict[str, Any] = {
    "id": 8003,
    "name": "Reguler",
    "fee_type": "SIZE_INPUT",
    "compulsory": False,
    "max_weight_g": 5000,
    "min_weight_g": 1,
    "max_sides_cm": [100, 100, 100],
    "max_sum_cm": 0,
}
FACTS: dict[str, Any] = {"limits:7": LIMITS, "attributes:7": [], "logistics": [COURIER], "brand_rule:7": {}}


def offer(key: str = "a", **values: Any) -> WantedOffer:
    base = {"sku": f"SKU-{key}", "price": Decimal(1000), "quantity": 3, "weight_g": 500}
    return WantedOffer(**{"key": key, **base, **values})


def wanted(**values: Any) -> WantedListing:
    base: dict[str, Any] = {
        "marker": "tas-rotan",
        "title": "Tas Rotan Bundar",
        "description": "Tas anyaman rotan dari Setu.",
        "currency": "IDR",
        "category": "7",
        "pictures": (Picture("aa", "id-1"),),
        "offers": (offer(),),
    }
    return WantedListing(**{**base, **values})


def made(facts: Any = None, options: ShopeeOptions = OPTIONS, **values: Any) -> Rendered:
    return render(wanted(**values), FACTS if facts is None else facts, options)


def limits(**values: Any) -> dict[str, Any]:
    return {**FACTS, "limits:7": {**LIMITS, **values}}


def only(rendered: Rendered, code: str) -> Problem:
    (problem,) = rendered.problems
    assert problem.code == f"shopee.{code}"
    return problem


def axes(*names: str, values: Any) -> dict[str, Any]:
    offers = tuple(offer(f"k{n}", option_values=row) for n, row in enumerate(values))
    return {"option_names": names, "offers": offers}


def test_a_good_listing_has_no_problem_and_renders_the_same_twice() -> None:
    first, second = made(), made()
    assert first == second
    assert first.problems == ()
    assert first.fields == {
        "title": "Tas Rotan Bundar",
        "description": "Tas anyaman rotan dari Setu.",
        "condition": "NEW",
        "item_sku": "SKU-a",
        "option_images": {},
        "category": "7",
        "attributes": [],
        "brand": {"id": 0, "name": "NoBrand"},
        "pictures": ["id-1"],
        "logistics": [{"id": 8003, "is_free": False}],
        "pre_order_days": 0,
        "weight_g": 500,
    }


@pytest.mark.parametrize(
    ("title", "code", "remedy"),
    [("Tas", "title_too_short", "2"), ("T" * 47, "title_too_long", "7"), ("  ", "title_too_short", "5")],
)
def test_a_title_outside_the_limits_says_by_how_many_letters(title: str, code: str, remedy: str) -> None:
    problem = only(made(title=title), code)
    assert remedy in problem.remedy.id
    assert remedy in problem.remedy.en
    assert problem.field == "title"


def test_a_description_outside_the_limits_says_by_how_many_letters() -> None:
    assert "13" in only(made(description="pendek."), "description_too_short").remedy.id
    assert "50" in only(made(description="x" * 250), "description_too_long").remedy.id


def test_description_story_and_materials_make_one_text_and_the_story_yields_first() -> None:
    text = made(story="Dibuat Bu Siti.", materials=("rotan", "kulit")).fields["description"]
    assert text == "Tas anyaman rotan dari Setu.\n\nDibuat Bu Siti.\n\nBahan: rotan, kulit."
    long = made(story="s" * 190, materials=("rotan",))
    assert long.fields["description"] == "Tas anyaman rotan dari Setu.\n\nBahan: rotan."
    assert long.problems == ()


def test_the_limits_are_read_and_a_null_is_no_check() -> None:
    unlimited = limits(title=None, description={"min_limit": None, "max_limit": None}, price=None, stock=None)
    rendered = made(unlimited, title="T" * 400, description="d", offers=(offer(price=Decimal(1), quantity=10**9),))
    assert rendered.problems == ()
    assert rendered.offers[0].quantity == 10**9


def test_without_facts_only_what_is_always_true_is_checked() -> None:
    rendered = made({}, title="T" * 400)
    assert rendered.problems == ()
    assert "attributes" not in rendered.fields
    assert "logistics" not in rendered.fields


def test_eighteen_hash_tags_and_no_more() -> None:
    tags = " ".join(f"#t{n}" for n in range(19))
    assert "1" in only(made(description=f"Tas anyaman rotan {tags}"), "hashtags").remedy.id
    assert made(description="Tas anyaman rotan " + " ".join(f"#t{n}" for n in range(18))).problems == ()


def test_a_listing_needs_a_photo_and_shows_at_most_nine() -> None:
    assert only(made(pictures=()), "no_photo").field == "pictures"
    many = made(pictures=tuple(Picture(f"s{n}", f"id-{n}") for n in range(12)))
    assert many.fields["pictures"] == [f"id-{n}" for n in range(9)]


def test_a_photo_on_its_way_is_nobodys_fault() -> None:
    rendered = made(pictures=(Picture("aa"),))
    assert only(rendered, "photo_on_its_way").who is Who.NOBODY
    assert "pictures" not in rendered.fields


def test_prices_are_whole_rupiah_rounded_half_up() -> None:
    assert made(offers=(offer(price=Decimal("1000.5")),)).offers[0].price == Decimal(1001)
    assert made(offers=(offer(price=Decimal("1000.49")),)).offers[0].price == Decimal(1000)


def test_prices_outside_the_limits() -> None:
    assert "Rp 99" in only(made(offers=(offer(price=Decimal(50)),)), "price_low").remedy.id
    assert only(made(offers=(offer(price=Decimal(2_000_000)),)), "price_high").sku == "SKU-a"


def test_a_price_of_zero_is_never_sent() -> None:
    assert only(made(limits(price=None), offers=(offer(price=Decimal(0)),)), "price_low").field == "price"


def test_the_dearest_variant_costs_at_most_seven_times_the_cheapest() -> None:
    def priced(high: int) -> Rendered:
        cheap, dear = offer("a", option_values=("S",)), offer("b", option_values=("L",), price=Decimal(high))
        return made(option_names=("Ukuran",), offers=(cheap, dear))

    assert priced(7000).problems == ()
    assert only(priced(7001), "price_ratio").sku == "SKU-b"


def test_more_than_the_most_stock_shows_the_most() -> None:
    assert made(offers=(offer(quantity=900),)).offers[0].quantity == 500


def test_a_third_axis_is_merged_into_the_second_where_it_fits() -> None:
    values = [("Alami", "S", "A"), ("Alami", "S", "B"), ("Hitam", "L", "A")]
    rendered = made(**axes("Warna", "Ukuran", "Tali", values=values))
    assert rendered.problems == ()
    assert rendered.option_names == ("Warna", "Ukuran / Tali")
    assert rendered.offers[2].option_values == ("Hitam", "L / A")


def test_a_third_axis_that_doesnt_fit_is_a_problem() -> None:
    values = [("Alami", "Sangat besar sekali", "A")]
    assert "Warna" in only(made(**axes("Warna", "Ukuran", "Tali", values=values)), "too_many_axes").words.id


def test_option_names_and_values_have_their_lengths() -> None:
    assert "1" in only(made(**axes("W" * 15, values=[("S",), ("L",)])), "axis_name_long").remedy.id
    assert "4" in only(made(**axes("Warna", values=[("x" * 24,), ("L",)])), "option_long").remedy.id


def test_two_variants_with_the_same_options_are_named() -> None:
    problem = only(made(**axes("Warna", values=[("Alami",), ("alami",)])), "twin_variants")
    assert problem.sku == "SKU-k1"


def test_a_variant_that_leaves_an_option_open_is_named() -> None:
    assert only(made(**axes("Warna", values=[("Alami",), ("",)])), "option_empty").sku == "SKU-k1"


def test_fifty_variants_and_no_more() -> None:
    assert made(**axes("Nomor", values=[(str(n),) for n in range(50)])).problems == ()
    assert only(made(**axes("Nomor", values=[(str(n),) for n in range(51)])), "too_many_variants").field == "variants"


def test_a_product_without_variants_to_sell() -> None:
    assert only(made(offers=()), "no_variant")


def test_an_unmapped_category_is_the_administrators() -> None:
    problem = only(made(category=""), "no_category")
    assert problem.who is Who.ADMINISTRATOR


def test_weight_is_mandatory_unless_the_account_has_a_default() -> None:
    bare = (offer(weight_g=None),)
    assert only(made(offers=bare), "no_weight").sku == "SKU-a"
    assert made(offers=bare, settings={"weight_g": 250}).fields["weight_g"] == 250
    assert made(limits(weight_mandatory=False), offers=bare).problems == ()


def test_sizes_are_whole_centimetres_rounded_up_and_all_three_or_none() -> None:
    sized = offer(length_mm=251, width_mm=250, height_mm=9)
    assert made(offers=(sized,)).fields["dimension_cm"] == [26, 25, 1]
    assert "dimension_cm" not in made(offers=(replace(sized, height_mm=None),)).fields
    assert only(made(limits(dimension_mandatory=True)), "no_size")


def test_each_variant_carries_its_own_parcel() -> None:
    small = offer("a", option_values=("S",), weight_g=300, length_mm=100, width_mm=100, height_mm=100)
    large = offer("b", option_values=("L",), weight_g=800, length_mm=90, width_mm=200, height_mm=100)
    rendered = made(option_names=("Ukuran",), offers=(small, large))
    assert "dimension_cm" not in rendered.fields
    assert "weight_g" not in rendered.fields
    assert rendered.offers[0].fields == {"weight_g": 300, "dimension_cm": [10, 10, 10]}


def test_without_a_courier_nothing_can_be_sold() -> None:
    assert only(made({**FACTS, "logistics": []}), "no_courier").who is Who.ADMINISTRATOR
    assert only(made(offers=(offer(weight_g=9000),)), "courier_too_small").field == "weight_g"


def test_chosen_couriers_are_kept_to_those_that_are_on() -> None:
    couriers = [COURIER, {**COURIER, "id": 8005}, {**COURIER, "id": 8010, "fee_type": "CUSTOM_PRICE"}]
    facts = {**FACTS, "logistics": couriers}
    assert [entry["id"] for entry in made(facts).fields["logistics"]] == [8003, 8005]
    chosen = ShopeeOptions.read({"partner_id": 1, "partner_key": "k", "logistics": [8005, 9999]})
    assert [entry["id"] for entry in made(facts, chosen).fields["logistics"]] == [8005]
    assert [entry["id"] for entry in made(facts, settings={"logistics": ["8003"]}).fields["logistics"]] == [8003]


def test_a_compulsory_courier_is_always_on() -> None:
    facts = {**FACTS, "logistics": [COURIER, {**COURIER, "id": 8000, "compulsory": True}]}
    chosen = ShopeeOptions.read({"partner_id": 1, "partner_key": "k", "logistics": [8003]})
    assert [entry["id"] for entry in made(facts, chosen).fields["logistics"]] == [8000, 8003]


@pytest.mark.parametrize(("days", "shown"), [(0, 0), (2, 0), (3, 3), (30, 30)])
def test_days_to_ship_are_a_pre_order_only_above_the_normal_time(days: int, shown: int) -> None:
    assert made(made_to_order_days=days).fields["pre_order_days"] == shown


def test_days_between_the_normal_time_and_the_least_are_raised_to_the_least() -> None:
    assert made(limits(days={"min_limit": 7, "max_limit": 30}), made_to_order_days=4).fields["pre_order_days"] == 7


def test_days_outside_the_limits() -> None:
    assert "30" in only(made(made_to_order_days=40), "days_long").remedy.id
    closed = limits(days={"min_limit": -1, "max_limit": -1})
    assert only(made(closed, made_to_order_days=5), "no_pre_order").field == "made_to_order_days"
    assert made(closed, made_to_order_days=1).problems == ()


def test_a_known_brand_goes_by_its_id_and_an_unknown_one_as_no_brand() -> None:
    facts = {**FACTS, "brands:7": {"anyam tangsel": [1146303, "Anyam Tangsel"]}}
    assert made(facts, brand="ANYAM  tangsel").fields["brand"] == {"id": 1146303, "name": "Anyam Tangsel"}
    assert made(facts, brand="ANYAM  tangsel").notes == ()
    other = made(facts, brand="Lain")
    assert other.fields["brand"] == {"id": 0, "name": "NoBrand"}
    assert [(note.code, note.field, '"Lain"' in note.words.en) for note in other.notes] == [
        ("shopee.brand_unknown", "brand", True)
    ]
    assert (other.problems, made(facts).notes, made(FACTS, brand="Lain").notes) == ((), (), ())
    assert made(facts, brand="No Brand").notes == ()


def test_a_mandatory_brand_is_asked_for() -> None:
    assert only(made({**FACTS, "brand_rule:7": {"mandatory": True}}), "brand_missing").field == "brand"


def test_barcodes_follow_the_categorys_rule() -> None:
    assert "gtin" not in made(limits(barcode_rule=None), offers=(offer(barcode="8991234567890"),)).fields
    assert made(offers=(offer(barcode="8991234567890"),)).fields["gtin"] == "8991234567890"
    assert "gtin" not in made(offers=(offer(barcode="no digits"),)).fields
    assert made(limits(barcode_rule="Flexible")).fields["gtin"] == "00"
    assert made(limits(barcode_rule="Mandatory"), offers=(offer(barcode="8991234567890"),)).fields["gtin"]
    assert only(made(limits(barcode_rule="Mandatory")), "barcode_missing").field == "barcode"


def test_option_pictures_only_if_every_option_has_one() -> None:
    values = [("Alami",), ("Hitam",)]
    both = (Picture("a", "id-a", "SKU-k0"), Picture("b", "id-b", "SKU-k1"))
    assert made(**axes("Warna", values=values), pictures=both).fields["option_images"] == {
        "Alami": "id-a",
        "Hitam": "id-b",
    }
    assert made(**axes("Warna", values=values), pictures=both[:1]).fields["option_images"] == {}


def test_the_parent_sku_is_the_marker_or_the_only_pieces_sku() -> None:
    assert made().fields["item_sku"] == "SKU-a"
    assert made(**axes("Warna", values=[("Alami",), ("Hitam",)])).fields["item_sku"] == "tas-rotan"


def test_hidden_wishes_and_used_goods_pass_through() -> None:
    rendered = made(live=False, condition="used")
    assert rendered.live is False
    assert rendered.fields["condition"] == "USED"


def test_every_problem_speaks_both_languages_and_names_a_field() -> None:
    bad = made(
        limits(dimension_mandatory=True, barcode_rule="Mandatory", axis_name={"max_limit": 2}),
        title="x",
        description="y",
        pictures=(),
        made_to_order_days=99,
        **axes("Warna", values=[("Alami",), ("Alami",), ("",)]),
    )
    assert len(bad.problems) >= 5
    for problem in bad.problems:
        assert problem.field
        assert problem.words.id != problem.words.en
        assert problem.remedy.id
        assert problem.remedy.en


def test_facts_are_asked_for_by_category() -> None:
    assert fact_keys(wanted(category="")) == ("logistics",)
    assert set(fact_keys(wanted())) == {"logistics", "limits:7", "attributes:7", "brand_rule:7"}
    assert "brands:7" in fact_keys(wanted(brand="Anyam"))
