"""A listing exactly as the platform will store it, and what a crafter has to mend first."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from connectors.tiktok_shop import html
from connectors.tiktok_shop.options import TiktokShopOptions
from connectors.tiktok_shop.render import barcode_type, fact_keys, render
from syncer.domain.listing import Picture, Rendered, WantedListing
from syncer.sdk.testing.builders import listing, offer, with_offer

ALLOWED = {"pre_order": True, "size_chart_allowed": True}
FACTS = {"rules:5": ALLOWED, "attributes:5": [], "shop": []}
LONG = "Mangkuk kayu jati ukir tangan dari Setu"


def options(**values: Any) -> TiktokShopOptions:
    return TiktokShopOptions.read({"app_key": "k", "app_secret": "s" * 20, **values})


def wanted(**values: Any) -> WantedListing:
    return listing(
        **{"title": LONG, "category": "5", "pictures": (Picture("a", "uri-a"), Picture("b", "uri-b")), **values}
    )


def shown(one: WantedListing, facts: Any = None, **chosen: Any) -> Rendered:
    return render(one, FACTS if facts is None else {**FACTS, **facts}, options(**chosen))


def codes(rendered: Rendered) -> list[str]:
    return [problem.code.removeprefix("tiktok_shop.") for problem in rendered.problems]


def test_a_good_listing_has_no_problem_and_says_everything() -> None:
    rendered = shown(wanted())
    assert codes(rendered) == []
    assert rendered.fields == {
        "title": LONG,
        "description": html.canonical(wanted().description),
        "category": "5",
        "pictures": ["uri-a", "uri-b"],
        "attributes": [],
        "brand": "",
        "weight_g": 700,
        "dimension_cm": [20, 15, 10],
        "pre_order_days": 0,
        "is_pre_owned": False,
        "listing_platforms": ["TIKTOK_SHOP", "TOKOPEDIA"],
        "option_images": {},
        "barcodes": {},
        "terms": {},
    }


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Tas Rotan", "Tas Rotan - Produk UMKM Indonesia"),
        ("x" * 24, "x" * 24 + " - Produk UMKM Indonesia"),
        ("x" * 25, "x" * 25),
        ("  Tas   Rotan  Bundar dari Setu Tangsel ", "Tas Rotan Bundar dari Setu Tangsel"),
        ("", ""),
    ],
)
def test_short_titles_get_the_accounts_suffix(title: str, expected: str) -> None:
    assert shown(wanted(title=title)).fields["title"] == expected


@pytest.mark.parametrize(
    ("title", "suffix", "code"),
    [
        ("Tas", "", "title_too_short"),
        ("", "Produk UMKM Indonesia", "title_empty"),
        ("T", "UMKM", "title_too_short"),
        ("x" * 256, "", "title_too_long"),
    ],
)
def test_titles_have_25_to_255_letters(title: str, suffix: str, code: str) -> None:
    assert codes(shown(wanted(title=title), short_title_suffix=suffix)) == [code]


def test_emoji_are_left_out_of_titles_and_accents_stay() -> None:
    rendered = shown(wanted(title="Mangkuk “Éla” 🪵👍🏽 & kawan ❤️ dari Setu ™"))
    assert rendered.fields["title"] == "Mangkuk “Éla” & kawan dari Setu"


def test_descriptions_are_html_of_at_most_10_000_letters() -> None:
    assert codes(shown(wanted(description="x" * 9_993))) == []
    assert codes(shown(wanted(description="x" * 9_994))) == ["description_too_long"]
    assert codes(shown(wanted(description="&" * 2_500))) == ["description_too_long"]
    assert codes(shown(wanted(description="  "))) == ["description_empty"]


def test_description_story_and_materials_are_one_text_and_the_story_goes_first() -> None:
    one = wanted(description="Satu.\nDua.", story="Tiga.", materials=("kayu jati", "rotan"))
    assert shown(one).fields["description"] == "Satu.\nDua.\n\nTiga.\n\nBahan: kayu jati, rotan."
    long = replace(one, story="x" * 9_990)
    assert shown(long).fields["description"] == "Satu.\nDua.\n\nBahan: kayu jati, rotan."


@pytest.mark.parametrize(
    "text",
    [
        "Satu",
        "Satu\nDua",
        "Satu\nDua\n\nTiga",
        "a < b & c > d",
        "“kutip” — é\nbaris",
        "<b>bukan tebal</b>",
        "100% &amp;",
    ],
)
def test_text_survives_the_way_there_and_back(text: str) -> None:
    assert html.to_text(html.to_html(text)) == html.canonical(text)


@pytest.mark.parametrize(
    ("there", "text"),
    [
        ("<p>Satu</p>\n<p>Dua</p>", "Satu\n\nDua"),
        ("<div>Satu<br/>Dua</div>", "Satu\nDua"),
        ("<p>Isi:</p> <ul>\n <li>satu</li>\n <li>dua</li></ul>", "Isi:\n\nsatu\ndua"),
        ("Satu\nDua", "Satu\nDua"),
        ('<p>a</p><img src="https://x/y.jpg" width="1" height="1"/><script>no()</script>', "a"),
        ("<p>Teh &amp; kopi &lt;3</p>", "Teh & kopi <3"),
    ],
)
def test_html_that_was_written_anew_reads_the_same(there: str, text: str) -> None:
    assert html.to_text(there) == text


def test_prices_are_whole_rupiah_within_the_bounds() -> None:
    one = wanted()
    half = with_offer(one, one.offers[0].key, price=Decimal("185000.50"))
    assert shown(half).offers[0].price == Decimal(185_001)
    for price, code in (("0.004", "price_low"), ("99", "price_low"), ("100000001", "price_high")):
        assert codes(shown(with_offer(one, one.offers[0].key, price=Decimal(price)))) == [code]
    assert codes(shown(with_offer(one, one.offers[0].key, price=Decimal(50)), lowest_price=10)) == []


def test_at_most_99_999_pieces() -> None:
    one = wanted()
    assert shown(with_offer(one, one.offers[0].key, quantity=10**9)).offers[0].quantity == 99_999
    assert shown(with_offer(one, one.offers[0].key, quantity=-3)).offers[0].quantity == 0


def test_the_heaviest_and_largest_variant_makes_the_parcel() -> None:
    one = wanted(axes=1)
    first, second = one.offers
    offers = (replace(first, weight_g=1250, height_mm=101), replace(second, weight_g=300, length_mm=333))
    fields = shown(replace(one, offers=offers)).fields
    assert (fields["weight_g"], fields["dimension_cm"]) == (1250, [34, 15, 11])


def test_weight_is_needed_and_size_only_where_the_category_says_so() -> None:
    one = wanted()
    bare = replace(one, offers=(replace(one.offers[0], weight_g=None, length_mm=None),))
    assert codes(shown(bare)) == ["no_weight"]
    assert codes(shown(bare, {"rules:5": {"package_size": True}})) == ["no_weight", "no_size"]
    assert shown(replace(bare, settings={"weight_g": 400})).fields["weight_g"] == 400


def test_at_most_three_kinds_of_options_and_100_variants() -> None:
    names = ("Warna", "Ukuran", "Tali", "Corak")
    four = replace(wanted(), option_names=names, offers=(offer(option_values=("a", "b", "c", "d")),))
    assert codes(shown(four)) == ["too_many_axes"]
    many = tuple(offer(n, option_values=(f"Corak {n}",)) for n in range(101))
    assert codes(shown(replace(wanted(), option_names=("Corak",), offers=many))) == ["too_many_variants"]
    assert codes(shown(replace(wanted(), offers=many[:2]))) == ["option_empty", "option_empty"]


def test_several_variants_need_an_option() -> None:
    two = (offer(0, option_values=()), offer(1, option_values=()))
    assert codes(shown(replace(wanted(), offers=two))) == ["too_many_variants"]
    assert codes(shown(replace(wanted(), offers=()))) == ["no_variant"]


def test_option_names_have_20_letters_and_values_50() -> None:
    def one(name: str, value: str) -> Rendered:
        return shown(replace(wanted(), option_names=(name,), offers=(offer(option_values=(value,)),)))

    assert codes(one("x" * 20, "y" * 50)) == []
    assert codes(one("x" * 21, "y" * 51)) == ["axis_name_long", "option_long"]


def test_twins_are_told() -> None:
    twins = (offer(0, option_values=("Merah",)), offer(1, option_values=("merah",)))
    assert codes(shown(replace(wanted(), option_names=("Warna",), offers=twins))) == ["twin_variants"]
    pair = (offer(0, option_values=("a", "b")),)
    assert codes(shown(replace(wanted(), option_names=("Warna", "warna"), offers=pair))) == ["twin_axes"]


def test_option_pictures_only_if_every_value_has_one() -> None:
    one = wanted(axes=1)
    first, second = (Picture(f"p{n}", f"uri-{n}", one.offers[n].sku) for n in range(2))
    assert shown(replace(one, pictures=(first,))).fields["option_images"] == {}
    both = shown(replace(one, pictures=(first, second))).fields["option_images"]
    assert both == {"Alami": "uri-0", "Hitam": "uri-1"}


def test_at_most_nine_pictures_in_order_each_once() -> None:
    many = tuple(Picture(f"p{n}", f"uri-{n % 10}") for n in range(30))
    assert shown(wanted(pictures=many)).fields["pictures"] == [f"uri-{n}" for n in range(9)]


def test_pictures_are_needed() -> None:
    assert codes(shown(wanted(pictures=()))) == ["no_photo"]
    waiting = shown(wanted(pictures=(Picture("a"),)))
    assert codes(waiting) == ["photo_on_its_way"]
    assert "pictures" not in waiting.fields


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("89912345", "EAN"),
        ("899123456789", "UPC"),
        ("8991234567890", "EAN"),
        ("9786020000000", "ISBN"),
        ("08991234567890", "GTIN"),
        ("8991", ""),
        ("899123456789X", ""),
        ("", ""),
    ],
)
def test_barcodes_by_their_length(code: str, kind: str) -> None:
    assert barcode_type(code) == kind


def test_a_barcode_is_given_once() -> None:
    offers = tuple(offer(n, option_values=(f"v{n}",), barcode="8991234567890") for n in range(2))
    rendered = shown(replace(wanted(), option_names=("Warna",), offers=offers))
    assert rendered.fields["barcodes"] == {"MANGKUK-0": "8991234567890"}


@pytest.mark.parametrize(("days", "expected"), [(0, 0), (2, 0), (3, 3), (30, 30)])
def test_made_to_order_takes_3_to_30_days(days: int, expected: int) -> None:
    rendered = shown(wanted(made_to_order_days=days))
    assert (rendered.fields["pre_order_days"], codes(rendered)) == (expected, [])


def test_made_to_order_only_where_the_category_allows_it() -> None:
    assert codes(shown(wanted(made_to_order_days=31))) == ["days_long"]
    assert codes(shown(wanted(made_to_order_days=7), {"rules:5": {"pre_order": False}})) == ["no_pre_order"]


def test_second_hand_goods_are_for_tokopedia_alone() -> None:
    used = wanted(condition="used")
    assert codes(shown(used)) == codes(shown(used, platforms="tiktok_shop")) == ["second_hand"]
    alone = shown(used, platforms="tokopedia")
    assert (codes(alone), alone.fields["is_pre_owned"]) == ([], True)


def test_a_category_is_needed() -> None:
    rendered = shown(wanted(category=""))
    assert codes(rendered) == ["no_category"]
    assert "Tokopedia" in rendered.problems[0].words.id


def test_a_demanded_size_chart_comes_from_the_account() -> None:
    rules = {"rules:5": {**ALLOWED, "size_chart_required": True}}
    assert codes(shown(wanted(), rules)) == ["size_chart_missing"]
    assert shown(wanted(), rules, size_chart_template="77").fields["terms"] == {"size_chart": "77"}
    none = {"rules:5": {"size_chart_allowed": False}}
    assert shown(wanted(), none, size_chart_template="77").fields["terms"] == {"size_chart": ""}


def test_demanded_certificates_are_told_by_name() -> None:
    conditions = [["1", "11"]]
    rows = [
        {"id": "601", "name": "SNI", "required": True, "conditions": []},
        {"id": "602", "name": "BPOM", "required": False, "conditions": conditions},
        {"id": "603", "name": "Halal", "required": False, "conditions": []},
    ]
    attribute = {"id": "1", "name": "Bahan", "required": False, "own_text": False, "many": False, "number": False}
    facts = {
        "rules:5": {**ALLOWED, "certificates": rows},
        "attributes:5": [{**attribute, "conditions": [], "values": [{"id": "11", "name": "Kayu"}]}],
    }
    rendered = shown(wanted(), facts)
    assert codes(rendered) == ["certificate_missing"]
    assert "SNI" in rendered.problems[0].words.id
    assert "601" in rendered.problems[0].remedy.id
    assert len(codes(shown(wanted(attributes={"Bahan": "Kayu"}), facts))) == 2
    assert codes(shown(wanted(), facts, certificates_in_place="601, 602")) == []


def test_cash_on_delivery_only_where_the_category_has_it() -> None:
    assert shown(wanted(), cash_on_delivery=True).fields["terms"] == {"cash_on_delivery": True}
    none = {"rules:5": {"cash_on_delivery": False}}
    assert shown(wanted(), none, cash_on_delivery=True).fields["terms"] == {"cash_on_delivery": False}


def test_only_terms_that_the_account_manages_are_written() -> None:
    chosen = {"delivery_options": "12, 11", "minimum_order": 2, "shipping_insurance": "REQUIRED"}
    managed = {"delivery_options": ["11", "12"], "minimum_order": 2, "shipping_insurance": "REQUIRED"}
    assert shown(wanted(), **chosen).fields["terms"] == managed
    del managed["shipping_insurance"]
    assert shown(wanted(), platforms="tiktok_shop", **chosen).fields["terms"] == managed


@pytest.mark.parametrize(
    ("item", "word"),
    [("SHOP_STATUS", "aktif"), ("BANK_ACCOUNT", "bank"), ("RETURN_WAREHOUSE", "retur"), ("SOMETHING_NEW", "siap")],
)
def test_a_shop_that_isnt_ready_is_told_in_plain_words(item: str, word: str) -> None:
    rendered = shown(wanted(), {"shop": [{"item": item, "why": ["because"]}]})
    assert codes(rendered) == ["shop_not_ready"]
    assert word in rendered.problems[0].words.id
    assert "because" in rendered.problems[0].words.en


def test_no_brand_and_an_unknown_brand_are_left_out() -> None:
    assert shown(wanted()).fields["brand"] == ""
    foreign = shown(wanted(brand="Asing"), {"brand:5:Asing": {}})
    assert (foreign.fields["brand"], foreign.problems) == ("", ())
    assert [(note.code, '"Asing"' in note.words.en) for note in foreign.notes] == [("tiktok_shop.brand_unknown", True)]
    assert shown(wanted()).notes == shown(wanted(brand="Asing")).notes == ()
    assert shown(wanted(brand="Anyam"), {"brand:5:Anyam": {"id": "9", "name": "Anyam"}}).fields["brand"] == "9"
    assert "brand" not in shown(wanted(brand="Anyam")).fields


def test_which_facts_are_needed() -> None:
    assert fact_keys(wanted(category="")) == ("shop",)
    assert fact_keys(wanted()) == ("shop", "attributes:5", "rules:5")
    assert fact_keys(wanted(brand=" Anyam  Setu"))[-1] == "brand:5:Anyam Setu"


def test_without_facts_the_platform_has_the_last_word() -> None:
    rendered = render(wanted(made_to_order_days=7), {}, options())
    assert codes(rendered) == []
    assert "attributes" not in rendered.fields
