from __future__ import annotations

import shutil
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from syncer.catalogue.importing import ImportOptions, ImportRefused, ImportReport, import_file, recognise
from syncer.catalogue.read import iter_products
from syncer.domain.product import Product
from syncer.inventory import bulk
from syncer.inventory.ledger import available
from syncer.store.engine import Engine, open_engine, read
from syncer.store.tables import picture_fetch
from tests.catalogue.builders import NOW
from tests.catalogue.exports import (
    LOYVERSE_HEADINGS,
    WOO_TRANSLATED,
    etsy,
    loyverse,
    shopee,
    shopify,
    table,
    woo,
    woo_shirt,
)


@pytest.fixture(params=["sqlite"])
def database_kind(request: pytest.FixtureRequest) -> str:
    """Reading files is the same on every database; writing is tried on both in test_importing_run."""
    return str(request.param)


def take(engine: Engine, data: bytes, **options: Any) -> ImportReport:
    return import_file(engine, data, "berkas", bulk, now=NOW, options=ImportOptions(**options))


def products(engine: Engine) -> dict[str, Product]:
    with read(engine) as connection:
        return {one.handle: one for one in iter_products(connection)}


def stock(engine: Engine) -> dict[str, int]:
    with read(engine) as connection:
        skus = {one.id: one.sku for product in iter_products(connection) for one in product.variants}
        return {skus[key]: value for key, value in available(connection, list(skus)).items()}


def pictures(engine: Engine) -> list[tuple[str, str | None]]:
    with read(engine) as connection:
        rows = connection.execute(
            select(picture_fetch.c.url, picture_fetch.c.sku).order_by(
                picture_fetch.c.product_id, picture_fetch.c.position
            )
        )
        return [tuple(row) for row in rows]


def failures(report: ImportReport) -> dict[int, str]:
    return {one.row: one.words.en for one in report.failed}


# --- WooCommerce ------------------------------------------------------------------------------------------------


def test_woocommerce_brings_variations_home_to_their_parent(engine: Engine) -> None:
    report = take(engine, woo(*woo_shirt()))
    assert (report.format, report.new, report.rows, report.failed) == ("woocommerce", 2, 4, [])
    shirt = products(engine)["kaos"]
    assert shirt.title == "Kaos Ecoprint"
    assert shirt.description == "Dicetak dengan daun jati.\n\n• Katun"
    assert shirt.category_key == "ecoprint"
    assert shirt.option_names == ("Warna",)
    assert [(one.sku, one.option_values, one.price, one.weight_g) for one in shirt.variants] == [
        ("kaos-hijau", ("Hijau",), 150000, 227),
        ("kaos-cokelat", ("Cokelat",), 155000, 454),
    ]
    assert shirt.variants[0].length_mm == 254
    assert stock(engine) == {"kaos-hijau": 3, "kaos-cokelat": 0, "syal": 4}
    assert products(engine)["syal"].variants[0].price == 95000
    assert pictures(engine) == [
        ("https://toko.example/1.jpg", None),
        ("https://toko.example/2.jpg", None),
        ("https://toko.example/hijau.jpg", "kaos-hijau"),
    ]


@pytest.mark.parametrize("language", ["en", *WOO_TRANSLATED])
def test_woocommerce_headings_in_nine_languages(engine: Engine, language: str) -> None:
    row = {
        "ID": 5, "Type": "simple", "SKU": "vas-1", "Name": "Vas", "Published": 1, "Description": "Tanah liat",
        "In stock?": 1, "Stock": 7, "Weight (lbs)": "1,5", "Length (in)": "10", "Width (in)": "11", "Height (in)": "12",
        "Regular price": "125000", "Sale price": "99000", "Categories": "Vas Keramik",
        "Images": "https://toko.example/v.jpg", "Attribute 1 name": "Warna", "Attribute 1 value(s)": "Biru",
    }  # fmt: skip
    report = take(engine, woo(row, language=language))
    assert (report.format, report.new, failures(report)) == ("woocommerce", 1, {})
    vase = products(engine)["vas-1"]
    assert (vase.title, vase.description, vase.attributes) == ("Vas", "Tanah liat", {"Warna": "Biru"})
    (only,) = vase.variants
    gram, millimetre = (454, Decimal("25.4")) if language == "en" else (1000, Decimal(10))
    assert only.price == 125000
    assert only.weight_g == round(Decimal("1.5") * (Decimal("453.59237") if language == "en" else gram))
    assert (only.length_mm, only.width_mm, only.height_mm) == tuple(round(n * millimetre) for n in (10, 11, 12))
    assert stock(engine) == {"vas-1": 7}
    assert len(pictures(engine)) == 1


def test_woocommerce_in_an_unknown_language_goes_by_position(engine: Engine) -> None:
    data = woo(
        {"ID": 5, "Type": "simple", "SKU": "vas-1", "Name": "Vas", "Published": 1, "Description": "Tanah", "Stock": 7,
         "Weight (lbs)": 2, "Regular price": "125000", "Images": "https://toko.example/v.jpg"},
    ).decode()  # fmt: skip
    headings, rest = data.split("\r\n", 1)
    foreign = ",".join(
        name if "(" in name and "value" not in name else f"χψ{number}" if number else "ID"
        for number, name in enumerate(headings.split(","))
    )
    report = take(engine, f"{foreign}\r\n{rest}".encode())
    assert (report.format, report.new, failures(report)) == ("woocommerce", 1, {})
    assert products(engine)["vas-1"].title == "Vas"
    assert stock(engine) == {"vas-1": 7}


def test_woocommerce_marks_hide_before_the_first_heading(engine: Engine) -> None:
    data = b"\r\n\t\xef\xbb\xbf" + woo(
        {"ID": 1, "Type": "simple", "Name": "Товар", "Regular price": 240}, language="ru"
    )
    report = take(engine, data)
    assert (report.new, report.rows) == (1, 1)
    (only,) = products(engine).values()
    assert only.title == "Товар"


def test_woocommerce_what_cannot_be_sold_here_says_why(engine: Engine) -> None:
    report = take(
        engine,
        woo(
            {"ID": 1, "Type": "grouped", "SKU": "set", "Name": "Set"},
            {"ID": 2, "Type": "external", "SKU": "luar", "Name": "Luar", "Regular price": 5000},
            {"ID": 3, "Type": "simple, downloadable, virtual", "SKU": "lagu", "Name": "Lagu", "Regular price": 5000},
            {"ID": 4, "Type": "subscription", "SKU": "langganan", "Name": "L", "Regular price": 5000},
            {"ID": 5, "Type": "variation", "SKU": "yatim", "Name": "Yatim", "Regular price": 5000, "Parent": "id:99"},
            {"ID": 6, "Type": "variable", "SKU": "kosong", "Name": "Kosong"},
            {"ID": 7, "Type": "simple", "SKU": "tanpa-harga", "Name": "T"},
            {"ID": 8, "Type": "simple", "SKU": "baik", "Name": "Baik", "Regular price": 5000, "Published": "'-1"},
        ),
    )
    assert (report.new, report.products_failed) == (1, 7)
    found = failures(report)
    assert sorted(found) == [2, 3, 4, 5, 6, 7, 8]
    for row, words in {
        2: "grouped", 3: "external", 4: "Digital", 5: "subscription", 6: "parent", 7: "no variation",
        8: "price is empty",
    }.items():  # fmt: skip
        assert words in found[row]
    assert any("not on show" in one.words.en for one in report.notes)


def test_woocommerce_axes_that_nobody_fills_are_dropped_and_half_filled_ones_asked(engine: Engine) -> None:
    parent = {"ID": 1, "Type": "variable", "SKU": "kaos", "Name": "Kaos", "Attribute 1 name": "Warna",
              "Attribute 1 value(s)": "Merah, Biru", "Attribute 2 name": "Ukuran",
              "Attribute 2 value(s)": "M, L"}  # fmt: skip
    child = {"Type": "variation", "Name": "x", "Regular price": 50000, "Parent": "kaos", "Attribute 1 name": "Warna",
             "Attribute 2 name": "Ukuran"}  # fmt: skip
    report = take(
        engine,
        woo(
            parent,
            child | {"ID": 2, "SKU": "a", "Attribute 1 value(s)": "Merah"},
            child | {"ID": 3, "SKU": "b", "Attribute 1 value(s)": "Biru"},
        ),
    )
    assert report.failed == []
    assert products(engine)["kaos"].option_names == ("Warna",)
    report = take(
        engine,
        woo(
            parent | {"ID": 11, "SKU": "rok", "Name": "Rok"},
            child | {"ID": 12, "SKU": "c", "Attribute 1 value(s)": "Merah", "Parent": "rok"},
            child
            | {"ID": 13, "SKU": "d", "Attribute 1 value(s)": "Biru", "Attribute 2 value(s)": "M", "Parent": "rok"},
        ),
    )
    assert "any Ukuran" in failures(report)[3]
    assert [one.sku for one in products(engine)["rok"].variants] == ["d"]


def test_woocommerce_rows_with_the_same_name_and_no_sku_stay_two_products(engine: Engine) -> None:
    row = {"Type": "simple", "Name": "Ваза (копия)", "Regular price": 240}
    data = woo({"ID": 140} | row, {"ID": 141} | row)
    assert take(engine, data).new == 2
    again = take(engine, data)
    assert (again.new, again.unchanged) == (0, 2)


# --- Shopify ----------------------------------------------------------------------------------------------------


def test_shopify_rows_of_one_handle_are_one_product(engine: Engine) -> None:
    report = take(
        engine,
        shopify(
            {
                "Handle": "cetak-1", "Title": "Cetak Saring 🌿", "Body (HTML)": "<p>Kertas ✊🏾</p>",
                "Vendor": "Sanggar",
                "Option1 Name": "Ukuran", "Option1 Value": "30x45", "Option2 Name": "Bahan", "Option2 Value": "Kanvas",
                "Variant SKU": "'10", "Variant Grams": "0.0", "Variant Inventory Qty": "-1", "Variant Price": "86000",
                "Variant Barcode": "'0012", "Image Src": "https://toko.example/1.jpg", "Image Alt Text": "Depan",
                "Status": "active",
            },
            {
                "Handle": "cetak-1", "Option1 Value": "30x45", "Option2 Value": "Kertas", "Variant Inventory Qty": "2",
                "Variant Price": "35000", "Variant Grams": "250",
            },
            {"Handle": "cetak-1", "Image Src": "https://toko.example/2.jpg", "Image Position": "2"},
            {
                "Handle": "syal", "Title": "Syal", "Option1 Name": "Title", "Option1 Value": "Default Title",
                "Variant SKU": "syal", "Variant Price": "50000", "Variant Inventory Qty": 1, "Status": "draft",
            },
        ),
    )  # fmt: skip
    assert (report.format, report.new, report.failed) == ("shopify", 2, [])
    found = products(engine)
    first, second = found["cetak-1"].variants
    assert found["cetak-1"].title == "Cetak Saring 🌿"
    assert found["cetak-1"].description == "Kertas ✊🏾"
    assert found["cetak-1"].option_names == ("Ukuran", "Bahan")
    assert (first.sku, first.option_values, first.weight_g, first.barcode) == ("10", ("30x45", "Kanvas"), None, "0012")
    assert second.sku.startswith("cetak-1-30x45-kertas-")
    assert second.weight_g == 250
    assert found["syal"].option_names == ()
    assert stock(engine) == {"10": 0, second.sku: 2, "syal": 1}
    assert pictures(engine) == [("https://toko.example/1.jpg", None), ("https://toko.example/2.jpg", None)]
    said = {one.words.en for one in report.notes}
    assert any("stock is -1, below zero; taken as 0" in words for words in said)
    assert any("not on show" in words for words in said)


def test_shopify_duplicate_skus_are_honest_problems(engine: Engine) -> None:
    row = {"Option1 Name": "Ukuran", "Variant SKU": "'10", "Variant Price": "86000"}
    data = shopify(
        {"Handle": "a", "Title": "A", "Option1 Value": "S"} | row,
        {"Handle": "a", "Option1 Value": "M"} | row,
        {"Handle": "b", "Title": "B", "Option1 Value": "S"} | row,
        {"Handle": "c", "Title": "C", "Option1 Value": "S"} | row | {"Variant SKU": "'12"},
        {"Handle": "", "Title": "D", "Option1 Value": "S"} | row,
        {"Handle": "e", "Title": "E", "Gift Card": "true", "Option1 Value": "10"} | row,
    )
    report = take(engine, data)
    assert (report.new, report.products_failed) == (2, 3)
    found = failures(report)
    assert sorted(found) == [3, 4, 6, 7]
    assert "SKU 10" in found[3]
    assert "SKU 10" in found[4]
    assert "Handle is empty" in found[6]
    assert "Gift cards" in found[7]
    again = take(engine, data)
    assert (again.new, again.changed, again.unchanged, sorted(failures(again))) == (0, 0, 2, [3, 4, 6, 7])


def test_prices_with_cents_are_not_taken_for_rupiah(engine: Engine) -> None:
    data = shopify({"Handle": "a", "Title": "A", "Variant Price": "9.99", "Variant SKU": "a"})
    assert "has cents" in failures(take(engine, data))[2]
    report = take(engine, data, file_currency="USD", rate=Decimal(16000))
    assert report.failed == []
    assert products(engine)["a"].variants[0].price == 159840


def test_low_prices_are_taken_with_a_warning(engine: Engine) -> None:
    report = take(engine, shopify({"Handle": "a", "Title": "A", "Variant Price": "86", "Variant SKU": "a"}))
    assert report.new == 1
    assert any("below Rp 1,000" in one.words.en for one in report.notes)


# --- Etsy -------------------------------------------------------------------------------------------------------


def test_etsy_goes_by_position_whatever_the_language(engine: Engine) -> None:
    vase = {
        "TITOLO": "Vaso piccolo", "DESCRIZIONE": "Riga uno\nriga due & tre", "PREZZO": "46", "CURRENCY_CODE": "EUR",
        "QUANTITÀ": 1, "TAG": "vaso_piccolo", "MATERIALI": "Ceramica,smalto_blu", "IMMAGINE1": "https://etsy.example/1.jpg",
        "IMMAGINE3": "https://etsy.example/3.jpg", "SKU": "32",
    }  # fmt: skip
    data = etsy(vase, vase | {"TITOLO": "Vaso grande", "SKU": ""}, vase | {"SKU": "33"})
    report = take(engine, data)
    assert (report.format, report.new, report.rows_failed) == ("etsy", 0, 3)
    assert "in EUR" in failures(report)[2]
    report = take(engine, data, rate=Decimal(17000))
    assert (report.new, report.failed) == (3, [])
    found = products(engine)
    small = found["vaso-piccolo-32"]
    assert small.description == "Riga uno\nriga due & tre"
    assert small.materials == ("Ceramica", "smalto blu")
    assert [(one.sku, one.price) for one in small.variants] == [("32", 782000)]
    assert [url for url, _ in pictures(engine)][:2] == ["https://etsy.example/1.jpg", "https://etsy.example/3.jpg"]
    assert take(engine, data, rate=Decimal(17000)).unchanged == 3


def test_etsy_variations_become_variants_without_a_stock_that_nobody_knows(engine: Engine) -> None:
    ring = {
        "TITOLO": "Anello", "PREZZO": "50000", "CURRENCY_CODE": "IDR", "QUANTITÀ": 9, "NOME VARIANTE 1": "Colore",
        "VALORI VARIANTE 1": "Rosso,Blu", "NOME VARIANTE 2": "Misura", "VALORI VARIANTE 2": "S,M", "SKU": "r1,r2,r3,r4",
    }  # fmt: skip
    report = take(engine, etsy(ring, ring | {"TITOLO": "Collana", "SKU": "c1"}))
    assert report.new == 2
    found = list(products(engine).values())
    assert [(one.sku, one.option_values) for one in found[0].variants][:2] == [
        ("r1", ("Rosso", "S")),
        ("r2", ("Rosso", "M")),
    ]
    assert len({one.sku for one in found[1].variants}) == 4
    assert set(stock(engine).values()) == {0}
    assert any("stock is left alone" in one.words.en for one in report.notes)


# --- Loyverse ---------------------------------------------------------------------------------------------------


def _loyverse_row(**cells: object) -> dict[str, object]:
    shop = {"Price": "Price [Warung Melati]", "Stock": "In stock [Warung Melati]"}
    plain = {"Sold by weight": "N", "Track stock": "Y", "Available for sale [Warung Melati]": "Y"}
    return plain | {shop.get(name, name): value for name, value in cells.items()}


def test_loyverse_reads_the_shops_own_columns(engine: Engine) -> None:
    report = take(
        engine,
        loyverse(
            _loyverse_row(Handle="SABUN-A/B", SKU="10001", Name="Sabun", Barcode="00123", Price="9400", Stock="36.000"),
            _loyverse_row(Handle="minus", SKU="10002", Name="Minus", Price="3100", Stock="-1.500"),
            _loyverse_row(Handle="minus-1", SKU="10003", Name="Minus satu", Price="3100", Stock="-1.000"),
            _loyverse_row(Handle="beras", SKU="10004", Name="Beras", Price="34000", Stock="2.500")
            | {"Sold by weight": "Y"},
            _loyverse_row(Handle="bebas", SKU="10005", Name="Bebas", Price="5000", Stock="") | {"Track stock": "N"},
            _loyverse_row(Handle="paket", SKU="10006", Name="Paket", Price="50000"),
            _loyverse_row(Handle="paket") | {"SKU of included item": "10001"},
            _loyverse_row() | {"SKU of included item": "10002"},
            _loyverse_row(Handle="var", SKU="10007", Name="Varian", Price="variable", Stock="1.000"),
        ),
    )
    assert (report.format, report.new) == ("loyverse", 3)
    assert stock(engine) == {"10001": 36, "10003": 0, "10005": 0}
    soap = next(one for one in products(engine).values() if one.title == "Sabun")
    assert soap.variants[0].barcode == "00123"
    assert soap.handle.startswith("sabun-a-b-")
    found = failures(report)
    assert sorted(found) == [3, 5, 7, 8, 9, 10]
    for row, words in {3: "whole number", 5: "by weight", 7: "composite", 9: "no handle", 10: "can't be read"}.items():
        assert words in found[row]
    assert any("below zero" in one.words.en for one in report.notes)


def test_loyverse_options_and_two_shops(engine: Engine) -> None:
    headings = [*LOYVERSE_HEADINGS, *(name.replace("Melati", "Anggrek") for name in LOYVERSE_HEADINGS[-4:])]
    shop = {"In stock [Warung Anggrek]": "4.000", "Price [Warung Anggrek]": "9000"}
    report = take(
        engine,
        loyverse(
            _loyverse_row(Handle="kaos", SKU="k1", Name="Kaos", Price="50000", Stock="1.000")
            | {"Option 1 name": "Ukuran", "Option 1 value": "M"} | shop,
            _loyverse_row(Handle="kaos", SKU="k2", Price="50000", Stock="2.000") | {"Option 1 value": "L"},
            headings=headings,
        ),
    )  # fmt: skip
    assert report.failed == []
    assert products(engine)["kaos"].option_names == ("Ukuran",)
    assert stock(engine) == {"k1": 5, "k2": 2}


def test_loyverse_headings_in_another_language_go_by_order(engine: Engine) -> None:
    foreign = ["Handle", "SKU", "Namn", "Kategori", "Beskrivning", "Säljs per vikt", *LOYVERSE_HEADINGS[6:17],
               "Till salu [Butik]", "Pris [Butik]", "I lager [Butik]", "Lågt lager [Butik]"]  # fmt: skip
    data = table(
        foreign,
        {"Handle": "a", "SKU": "s1", "Namn": "Skål", "Till salu [Butik]": "Y", "Pris [Butik]": "9000",
         "I lager [Butik]": "3.000"},
    )  # fmt: skip
    assert take(engine, data.encode()).failed == []
    assert stock(engine) == {"s1": 3}


# --- Shopee -----------------------------------------------------------------------------------------------------


def test_shopee_sheet_in_kilograms_and_centimetres(engine: Engine) -> None:
    common = {
        "ps_category": "100407", "ps_product_name": "Kain Batik Cap", "ps_product_description": "Dicap dua kali",
        "ps_sku_parent_short": "KBC", "et_title_variation_integration_no": "KBC", "et_title_variation_1": "Warna",
        "ps_price": 185000, "ps_weight": 0.38, "ps_length": 30, "ps_width": 25, "ps_height": 4,
    }  # fmt: skip
    data = shopee(
        common
        | {
            "et_title_option_for_variation_1": "Biru",
            "ps_stock": 12,
            "ps_sku_short": "KBC-B",
            "ps_product_pre_order_dts": 7,
            "ps_item_cover_image": "https://toko.example/k.jpg",
            "ps_item_image_1": "https://toko.example/k1.jpg",
            "et_title_image_per_variation": "https://toko.example/biru.jpg",
        },
        common | {"et_title_option_for_variation_1": "Merah", "ps_stock": 0, "ps_sku_short": "KBC-M", "ps_price": "x"},
        common | {"et_title_option_for_variation_1": "Hijau", "ps_stock": 3, "ps_sku_short": "KBC-H"},
        {"ps_product_name": "Vas", "ps_price": 90000, "ps_stock": 1, "ps_sku_short": "VAS", "ps_weight": "1,2"},
    )
    report = take(engine, data)
    assert (report.format, report.new) == ("shopee", 2)
    assert sorted(failures(report)) == [8]
    cloth = products(engine)["KBC"]
    assert [one.sku for one in cloth.variants] == ["KBC-B", "KBC-H"]
    first = cloth.variants[0]
    assert (first.weight_g, first.length_mm, first.width_mm, first.height_mm) == (380, 300, 250, 40)
    assert (cloth.made_to_order_days, cloth.category_key) == (7, "batik-cap")
    assert stock(engine) == {"KBC-B": 12, "KBC-H": 3, "VAS": 1}
    assert products(engine)["vas-vas"].variants[0].weight_g == 1200
    assert pictures(engine)[:3] == [
        ("https://toko.example/k.jpg", None),
        ("https://toko.example/k1.jpg", None),
        ("https://toko.example/biru.jpg", "KBC-B"),
    ]


# --- our template, and plain tables -----------------------------------------------------------------------------


def test_the_demo_catalogue_is_a_template(engine: Engine) -> None:
    from syncer.catalogue.demo import demo_catalogue

    report = take(engine, demo_catalogue())
    assert (report.format, report.new, report.variants, report.failed) == ("template", 40, 76, [])
    assert report.unread_columns == (), "its own file needs no warning"
    shirt = products(engine)["SRP-BTK-004"]
    assert shirt.option_names == ("Ukuran", "Lengan")
    assert (shirt.maker, shirt.unit, shirt.made_to_order_days) == ("Kelompok Batik Kampung Melati", "Serpong", 5)
    assert shirt.materials == ("katun batik", "kancing batok kelapa")
    assert sum(one.single_piece for found in products(engine).values() for one in found.variants) == 14
    assert sum(1 for number in stock(engine).values() if number == 0) == 6


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_plain_tables_in_any_dress(engine: Engine, encoding: str, delimiter: str) -> None:
    text = table(
        ["Nama Produk", "SKU", "Harga", "Stok", "Berat (kg)", "Bahan", "Kategori"],
        {"Nama Produk": "Café — Vas “biru”", "SKU": "vas-1", "Harga": "Rp 1.250.000", "Stok": "5", "Berat (kg)": "0,5",
         "Bahan": "tanah liat; glasir", "Kategori": "Vas Keramik"},
        {},
        {"Nama Produk": "Mangkuk\nbaris dua", "Harga": "85.000", "Stok": "2"},
        delimiter=delimiter,
    )  # fmt: skip
    report = take(engine, text.encode(encoding))
    assert (report.format, report.new, failures(report)) == ("template", 2, {})
    vase = products(engine)["vas-1"]
    assert vase.title == "Café — Vas “biru”"
    assert vase.materials == ("tanah liat", "glasir")
    assert vase.category_key == "vas-keramik"
    assert [(one.price, one.weight_g) for one in vase.variants] == [(1250000, 500)]
    bowl = next(one for one in products(engine).values() if one.handle != "vas-1")
    assert bowl.title == "Mangkuk baris dua"
    assert sorted(stock(engine).values()) == [2, 5]


@pytest.mark.parametrize(
    ("heading", "cell"),
    [
        ("days", "7"),
        ("Hari", "7 hari"),
        ("Lama Pengerjaan", "7"),
        ("Lama pengerjaan (hari)", "7 Hari"),
        ("Pre-order days", "7 days"),
        ("Waktu Produksi", "7"),
        ("lead_time", "7"),
    ],
)
def test_the_days_to_make_go_by_many_names(engine: Engine, heading: str, cell: str) -> None:
    report = take(engine, table(["Judul", "Harga", heading], {"Judul": "Vas", "Harga": "5000", heading: cell}).encode())
    assert (failures(report), report.unread_columns) == ({}, ())
    assert [one.made_to_order_days for one in products(engine).values()] == [7]


def test_columns_that_nobody_reads_are_named(engine: Engine) -> None:
    names = ["Judul", "Harga", "Warna kesukaan", "harga jual", " ", "Catatan\x00 kami"]
    report = take(engine, table(names, {"Judul": "Vas", "Harga": "5000", "Warna kesukaan": "biru"}).encode())
    # A second column for the price is not read either.
    assert report.unread_columns == ("Warna kesukaan", "harga jual", "Catatan kami")
    assert report.to_json()["unread_columns"] == list(report.unread_columns)
    assert report.new == 1
    woo_report = take(engine, woo(*woo_shirt()))
    assert "Tax status" in woo_report.unread_columns
    assert "SKU" not in woo_report.unread_columns


def test_excels_separator_line_is_understood(engine: Engine) -> None:
    assert take(engine, b"sep=;\r\nJudul;Harga\r\nVas;5000\r\n").new == 1


def test_a_table_of_skus_and_stock_touches_nothing_else(engine: Engine) -> None:
    take(engine, woo(*woo_shirt()))
    before = products(engine)
    report = take(engine, table(["SKU", "Stok"], {"SKU": "kaos-hijau", "Stok": 8}, {"SKU": "tak-ada", "Stok": 1},
                                {"SKU": "kaos-cokelat", "Stok": 2}).encode())  # fmt: skip
    assert products(engine) == before
    assert stock(engine) == {"kaos-hijau": 8, "kaos-cokelat": 2, "syal": 4}
    assert sorted(failures(report)) == [3]


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ({"title": ""}, "title is empty"),
        ({"price_idr": ""}, "price is empty"),
        ({"price_idr": "gratis"}, "can't be read"),
        ({"price_idr": "0"}, "can't be read"),
        ({"price_idr": "1e999999"}, "can't be read"),
        ({"price_idr": "１２３"}, "can't be read"),
        ({"stock": "banyak"}, "no number"),
        ({"stock": "9999999"}, "too large"),
        ({"weight_g": "berat"}, "can't be read"),
        ({"weight_g": "2000000"}, "must be 1 to"),
        ({"category_key": "mangkuk-keramikk"}, "Did you mean mangkuk-keramik"),
        ({"sku": "a b c"}, "can't be used"),
        ({"sku": "-x"}, "can't be used"),
        ({"title": "a\x00b"}, "broken character"),
        ({"made_to_order_days": "seminggu"}, "can't be read"),
        ({"condition": "baru banget"}, "new or used"),
        ({"description": "x" * 32_768}, "32,767"),
        ({"sku": "x" * 51}, "can't be used"),
    ],
)
def test_a_bad_row_is_a_problem_and_its_neighbours_are_taken(engine: Engine, cells: dict[str, str], words: str) -> None:
    good = {"sku": "ok", "title": "Baik", "price_idr": "5000", "stock": "1"}
    headings = ["sku", "title", "description", "price_idr", "stock", "weight_g", "category_key", "condition",
                "made_to_order_days"]  # fmt: skip
    bad = {"sku": "bad", "title": "Buruk", "price_idr": "5000", "stock": "1"} | cells
    report = take(engine, table(headings, bad, good).encode())
    assert report.new == 1
    assert list(products(engine)) == ["ok"]
    assert list(failures(report)) == [2]
    assert words in failures(report)[2]


def test_numbers_stay_text_where_they_are_names(engine: Engine) -> None:
    import io

    import openpyxl

    book = openpyxl.Workbook()
    book.active.append(["sku", "title", "price_idr", "stock", "barcode"])
    book.active.append([1001, "Vas", 85000, 3.0, 8992727005487])
    out = io.BytesIO()
    book.save(out)
    assert take(engine, out.getvalue()).failed == []
    (only,) = products(engine)["1001"].variants
    assert (only.sku, only.barcode, only.price) == ("1001", "8992727005487", 85000)


# --- files that are none ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"   \r\n \r\n", "empty"),
        (b"halo dunia\r\n", "unknown"),
        (b"a,b,c\r\n1,2,3\r\n", "unknown"),
        (b"\x00\x01\x02\x03" * 400, "neither CSV nor XLSX"),
        (b"%PDF-1.4 \x00\xff", "neither CSV nor XLSX"),
        (b"<html><body><table></table></body></html>", "unknown"),
        (b'judul,harga\r\nVas,"5000' + b"x" * 1_100_000, "never closed"),
    ],
)
def test_files_that_are_none_are_refused_with_the_remedy(engine: Engine, data: bytes, words: str) -> None:
    with pytest.raises(ImportRefused, match=words) as caught:
        take(engine, data)
    assert caught.value.words.id != caught.value.words.en
    assert products(engine) == {}


def test_too_many_rows_are_refused_before_anything_is_written(engine: Engine) -> None:
    data = table(["title", "price"], *({"title": f"Vas {number}", "price": 5000} for number in range(30))).encode()
    with pytest.raises(ImportRefused, match="more than 20 rows"):
        take(engine, data, max_rows=20)
    assert products(engine) == {}
    assert take(engine, data, max_rows=30).new == 30


def test_a_heading_row_alone_imports_nothing(engine: Engine) -> None:
    assert take(engine, shopify()).rows == 0


def test_a_format_is_recognised_without_importing() -> None:
    assert recognise(shopify()).reader.name == "shopify"
    assert recognise(shopee()).first_data_row == 7


# --- returned files come back -----------------------------------------------------------------------------------


def _as_workbook(data: bytes) -> bytes:
    import csv
    import io

    import openpyxl

    book = openpyxl.Workbook()
    for cells in csv.reader(io.StringIO(data.decode("utf-8-sig"))):
        book.active.append(cells)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _everything(engine: Engine) -> tuple[list[Any], dict[str, int], list[tuple[str, str | None]]]:
    with read(engine) as connection:
        found = [
            (one.handle, one.title, one.description, one.option_names, one.materials,
             [(part.sku, part.option_values, part.price, part.weight_g) for part in one.variants])
            for one in sorted(iter_products(connection), key=lambda one: one.handle)
        ]  # fmt: skip
    return found, stock(engine), sorted(pictures(engine), key=str)


_ITALIAN_ROWS = (
    {"TITOLO": "Vaso blu", "DESCRIZIONE": "Fatto a mano", "PREZZO": "12,50", "CURRENCY_CODE": "EUR", "QUANTITÀ": 3,
     "MATERIALI": "argilla", "IMMAGINE1": "https://toko.example/1.jpg", "SKU": "V-1"},
    {"TITOLO": "Sciarpa", "PREZZO": "25,00", "CURRENCY_CODE": "EUR", "QUANTITÀ": 2,
     "TIPO VARIANTE 1": "Colore", "NOME VARIANTE 1": "Colore", "VALORI VARIANTE 1": "Blu,Rosso", "SKU": "S-1,S-2"},
)  # fmt: skip
_WITH_CENTS = {
    "etsy": etsy(*_ITALIAN_ROWS),
    "shopify": shopify(
        {"Handle": "kain", "Title": "Kain", "Option1 Name": "Ukuran", "Option1 Value": "S", "Variant SKU": "K-S",
         "Variant Price": "12.50", "Variant Inventory Qty": 3, "Image Src": "https://toko.example/k.jpg"},
        {"Handle": "kain", "Option1 Value": "M", "Variant SKU": "K-M", "Variant Price": "13.50",
         "Variant Inventory Qty": 1},
        {"Handle": "kain", "Image Src": "https://toko.example/k2.jpg"},
    ),
    "loyverse": loyverse(
        {"Handle": "a", "SKU": "1", "Name": "Mangkuk", "Price [Warung Melati]": "9.50",
         "In stock [Warung Melati]": "2.000"},
        {"Handle": "b", "SKU": "2", "Name": "Kaos", "Option 1 name": "Ukuran", "Option 1 value": "M",
         "Price [Warung Melati]": "7.25", "In stock [Warung Melati]": "1.000"},
        {"Handle": "b", "SKU": "3", "Option 1 value": "L", "Price [Warung Melati]": "8.25",
         "In stock [Warung Melati]": "4.000"},
    ),
    "shopee": shopee(
        {"ps_product_name": "Vas", "ps_price": "9.50", "ps_stock": 1, "ps_sku_short": "VAS", "ps_weight": "1.2"},
        {"ps_product_name": "Kain", "et_title_variation_integration_no": "K", "et_title_variation_1": "Warna",
         "et_title_option_for_variation_1": "Biru", "ps_price": "8.5", "ps_stock": 2, "ps_sku_short": "K-B"},
        {"ps_product_name": "Kain", "et_title_variation_integration_no": "K", "et_title_variation_1": "Warna",
         "et_title_option_for_variation_1": "Merah", "ps_price": "9.5", "ps_stock": 3, "ps_sku_short": "K-M"},
    ),
    "template": table(
        ["sku", "product_code", "title", "option1_name", "option1_value", "price_idr", "stock", "photos"],
        {"sku": "v-1", "product_code": "v", "title": "Vas", "option1_name": "Warna", "option1_value": "Biru",
         "price_idr": "9,50", "stock": "4", "photos": "https://toko.example/v.jpg"},
        {"sku": "v-2", "product_code": "v", "title": "Vas", "option1_name": "Warna", "option1_value": "Putih",
         "price_idr": "8,50", "stock": "1"},
    ).encode(),
} | {
    f"woocommerce {language}": woo(
        {"ID": 10, "Type": "simple", "SKU": "syal", "Name": "Syal", "Regular price": "9.50", "Stock": 4,
         "Attribute 1 name": "Warna", "Attribute 1 value(s)": "Biru", "Images": "https://toko.example/s.jpg"},
        {"ID": 11, "Type": "variable", "SKU": "kaos", "Name": "Kaos", "Attribute 1 name": "Warna",
         "Attribute 1 value(s)": "Hijau, Cokelat"},
        {"ID": 12, "Type": "variation", "SKU": "kaos-h", "Name": "Kaos - Hijau", "Regular price": "12.50", "Stock": 3,
         "Parent": "kaos", "Attribute 1 name": "Warna", "Attribute 1 value(s)": "Hijau"},
        {"ID": 13, "Type": "variation", "SKU": "kaos-c", "Name": "Kaos - Cokelat", "Regular price": "13.50", "Stock": 1,
         "Parent": "id:11", "Attribute 1 name": "Warna", "Attribute 1 value(s)": "Cokelat"},
        language=language,
    )
    for language in ["en", *WOO_TRANSLATED]
}  # fmt: skip


@pytest.fixture
def other_engine(sqlite_template: Path, tmp_path: Path) -> Iterator[Engine]:
    """A second catalogue, to compare with."""
    folder = tmp_path / "other"
    folder.mkdir(mode=0o700)
    shutil.copyfile(sqlite_template, folder / "syncer.db")
    opened = open_engine(f"sqlite:///{folder / 'syncer.db'}", home=folder)
    yield opened
    opened.dispose()


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@pytest.mark.parametrize("language", ["id", "en"])
@pytest.mark.parametrize("name", _WITH_CENTS)
def test_a_returned_file_mended_is_as_good_as_the_first(
    engine: Engine, other_engine: Engine, name: str, language: str, kind: str
) -> None:
    data = _WITH_CENTS[name]
    if kind == "xlsx" and name != "shopee":
        data = _as_workbook(data)
    rate = {"file_currency": "EUR", "rate": Decimal(17500)}
    direct = take(other_engine, data, **rate)
    assert direct.failed == []
    first = take(engine, data, language=language)
    assert (first.format, first.new) == (direct.format, 0)
    assert first.returned is not None
    # It fails again: the reasons don't pile up.
    again = take(engine, first.returned, language="en" if language == "id" else "id")
    assert (again.format, again.new) == (direct.format, 0)
    assert again.returned is not None
    mended = take(engine, again.returned, **rate)
    assert (mended.format, mended.new, failures(mended)) == (direct.format, direct.new, {})
    assert _everything(engine) == _everything(other_engine)


@pytest.mark.parametrize(
    "data",
    [
        woo(*(one | {"Regular price": "salah"} if one.get("SKU") == "kaos-cokelat" else one for one in woo_shirt())),
        shopify(
            {
                "Handle": "kain",
                "Title": "Kain",
                "Option1 Name": "Ukuran",
                "Option1 Value": "S",
                "Variant SKU": "K-S",
                "Variant Price": "12500",
                "Variant Inventory Qty": 3,
                "Image Src": "https://toko.example/k.jpg",
            },
            {
                "Handle": "kain",
                "Option1 Value": "M",
                "Variant SKU": "K-M",
                "Variant Price": "salah",
                "Variant Inventory Qty": 1,
            },
        ),
        loyverse(
            {
                "Handle": "b",
                "SKU": "2",
                "Name": "Kaos",
                "Option 1 name": "Ukuran",
                "Option 1 value": "M",
                "Price [Warung Melati]": "7000",
                "In stock [Warung Melati]": "1.000",
            },
            {
                "Handle": "b",
                "SKU": "3",
                "Option 1 value": "L",
                "Price [Warung Melati]": "salah",
                "In stock [Warung Melati]": "4.000",
            },
        ),
        table(
            ["sku", "product_code", "title", "option1_name", "option1_value", "price_idr", "stock"],
            {
                "sku": "v-1",
                "product_code": "v",
                "title": "Vas",
                "option1_name": "Warna",
                "option1_value": "Biru",
                "price_idr": "9500",
                "stock": "4",
            },
            {"sku": "v-2", "product_code": "v", "option1_value": "Putih", "price_idr": "salah", "stock": "1"},
        ).encode(),
    ],
    ids=["woocommerce", "shopify", "loyverse", "template"],
)
def test_one_failed_variant_comes_back_to_its_product(engine: Engine, other_engine: Engine, data: bytes) -> None:
    assert take(other_engine, data.replace(b"salah", b"8500")).failed == []
    first = take(engine, data)
    assert first.rows_failed == 1
    assert first.returned is not None
    mended = take(engine, first.returned.replace(b"salah", b"8500"))
    assert (mended.format, mended.new, failures(mended)) == (first.format, 0, {})
    assert _everything(engine) == _everything(other_engine)
