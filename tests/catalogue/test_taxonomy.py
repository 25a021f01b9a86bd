from __future__ import annotations

import csv
import io
from importlib.resources import files

import pytest

from syncer.catalogue.errors import BadProduct
from syncer.catalogue.taxonomy import by_name, categories, check_category, mapped, mappings, suggest, suggest_leaf

CHANNELS = ("google", "shopify", "etsy", "shopee", "tiktok_shop", "lazada")


def test_the_list_is_a_tree_of_groups_and_leaves() -> None:
    found = categories()
    assert len(found) == 137
    assert sum(one.is_leaf for one in found.values()) == 121
    for one in found.values():
        assert (one.parent_key == "") != one.is_leaf
        assert not one.parent_key or not found[one.parent_key].is_leaf
        assert one.name_id
        assert one.name_en


def test_only_leaves_are_categories_of_products() -> None:
    assert check_category("batik-tulis") == "batik-tulis"
    for wrong in ("wastra", "batik", "", "x" * 500):
        with pytest.raises(BadProduct):
            check_category(wrong)
    with pytest.raises(BadProduct, match="Did you mean batik-tulis"):
        check_category("batik-tuliss")


def test_names_lead_to_leaves_in_both_languages() -> None:
    leaf = categories()["batik-tulis"]
    assert by_name(f" {leaf.name_id.upper()} ") == "batik-tulis"
    assert by_name(leaf.name_en) == "batik-tulis"
    assert by_name("Clothing") is None


@pytest.mark.parametrize("connector", CHANNELS)
def test_every_mapping_speaks_of_our_leaves_only(connector: str) -> None:
    leaves = {key for key, one in categories().items() if one.is_leaf}
    assert set(mappings(connector)) <= leaves
    assert len(mappings(connector)) > 100
    text = files("syncer.catalogue").joinpath("data", "taxonomy", f"map_{connector}.csv").read_text("utf-8")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert {row["category_key"] for row in rows} == leaves
    assert {row["match"] for row in rows} <= {"exact", "close", "broad", ""}


def test_what_has_no_fitting_category_stays_without() -> None:
    assert mapped("shopee", "batik-tulis") == "100407"
    assert all(mapped(connector, "keris-hias") is None for connector in ("etsy", "shopee", "tiktok_shop", "lazada"))
    assert mapped("shopee", "nope") is None
    assert mapped("../../secrets", "batik-tulis") is None
    assert mappings("woocommerce") == {}


@pytest.mark.parametrize(
    ("title", "materials", "leaf"),
    [
        ("Kain Batik Tulis Motif Burung", ("katun",), "batik-tulis"),
        ("Mangkuk Keramik Biru", ("tanah liat",), "mangkuk-keramik"),
        ("Gelang Manik Warna Warni", (), "manik-gelang"),
        ("Handmade ceramic vase", ("clay",), "vas-keramik"),
    ],
)
def test_a_leaf_is_suggested_from_the_title(title: str, materials: tuple[str, ...], leaf: str) -> None:
    assert leaf in [one.id for one in suggest_leaf(title, materials)]


def test_nothing_is_suggested_for_what_is_no_craft() -> None:
    assert suggest_leaf("Oli mesin 10W-40 1 liter") == []
    assert suggest_leaf("") == []


def test_a_channels_tree_gives_suggestions_best_first() -> None:
    tree = {
        "1": "Home & Living > Kitchen > Ceramic Bowls",
        "2": "Home & Living > Kitchen > Knives",
        "3": "Fashion > Batik > Hand-drawn Batik",
        "4": "Toys",
    }
    found = suggest("ceramic bowl kitchen", tree)
    assert found[0].id == "1"
    assert found[0].score <= 100
    assert suggest("zzz", tree) == []


def test_every_demo_product_has_a_leaf() -> None:
    from syncer.catalogue.demo import demo_catalogue

    for row in csv.DictReader(io.StringIO(demo_catalogue().decode())):
        check_category(row["category_key"])
