"""Products, stock, prices, locations, import and export, from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncer.catalogue.artwork import draw, jpeg
from tests.cli.conftest import CATALOGUE, Cli


def test_a_catalogue_comes_in_and_is_listed(cli: Cli) -> None:
    assert "no products yet" in cli.ok("products").out
    cli.catalogue()
    rows = cli.json("products")
    assert [row["handle"] for row in rows] == ["MK", "SL"]
    assert rows[1]["stock"] == 3
    assert {one["sku"]: (one["price"], one["stock"]) for one in rows[1]["variants"]} == {
        "SL-M": (120000, 3),
        "SL-B": (125000, 0),
    }
    assert "Mangkuk Kopi" in cli.ok("products").out
    assert [row["handle"] for row in cli.json("products", "--search", "selendang")] == ["SL"]
    assert cli.json("products", "show", "SL-B")["handle"] == "SL"


def test_the_same_file_again_changes_nothing(cli: Cli) -> None:
    cli.catalogue()
    report = cli.ok("import", "katalog.csv", "--json").json
    assert (report["new"], report["changed"], report["unchanged"], report["stock_set"]) == (0, 0, 2, 0)


def test_a_dry_run_keeps_nothing(cli: Cli, folder: Path) -> None:
    (folder / "katalog.csv").write_text(CATALOGUE, "utf-8")
    report = cli.ok("import", "katalog.csv", "--dry-run", "--json").json
    assert (report["new"], report["dry_run"]) == (2, True)
    assert cli.json("products") == []


def test_rows_that_fail_come_back_in_a_file(sqlite_cli: Cli, folder: Path) -> None:
    bad = CATALOGUE + "TL-1,TL,Talenan Kayu,Talenan.,kayu,mangkuk-kayu,,,tanya saja,1,100\n"
    (folder / "katalog.csv").write_text(bad, "utf-8")
    result = sqlite_cli("import", "katalog.csv")
    assert result.code == 3
    returned = folder / "katalog-gagal.csv"
    assert str(returned.name) in result.err
    assert "TL-1" in returned.read_text("utf-8-sig")
    assert "MK-1" not in returned.read_text("utf-8-sig")
    assert len(sqlite_cli.json("products")) == 2


def test_an_export_imports_back_to_the_same(cli: Cli) -> None:
    cli.catalogue()
    for name in ("keluar.csv", "keluar.xlsx"):
        before = cli.json("products")
        cli.ok("export", name)
        report = cli.ok("import", name, "--json").json
        assert (report["new"], report["changed"]) == (0, 0), name
        assert cli.json("products") == before


def test_products_are_edited(cli: Cli) -> None:
    cli.catalogue()
    cli.ok("products", "edit", "MK-1", "--title", "Cangkir Kopi Tanah Liat", "--made-to-order-days", "4")
    shown = cli.json("products", "show", "MK")
    assert (shown["title"], shown["made_to_order_days"]) == ("Cangkir Kopi Tanah Liat", 4)
    assert "nothing changed" in cli.ok("products", "edit", "MK", "--title", "Cangkir Kopi Tanah Liat").out
    assert cli("products", "edit", "MK").code == 2


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "en",
            [
                "status: on the shelf",
                "category: Shawls and scarves (selendang)",
                "description:",
                "options: Warna",
                "WEIGHT",
            ],
        ),
        ("id", ["keadaan: dijual", "kategori: Selendang dan Syal (selendang)", "uraian:", "pilihan: Warna", "BERAT"]),
    ],
)
def test_a_product_is_shown_in_one_language_with_its_description(
    sqlite_cli: Cli, language: str, words: list[str]
) -> None:
    sqlite_cli.catalogue()
    sqlite_cli.env("SYNCER_LANGUAGE", language)
    shown = sqlite_cli.ok("products", "show", "SL").out
    assert [one for one in [*words, "Selendang ringan dengan tepi benang."] if one not in shown] == [], shown


def test_a_renamed_sku_still_answers_to_its_old_name(cli: Cli) -> None:
    cli.catalogue()
    cli.ok("products", "rename", "SL-M", "SL-MERAH")
    cli.ok("stock", "set", "SL-M", "9")
    rows = {row["sku"]: row["on_hand"] for row in cli.json("stock")}
    assert rows == {"MK-1": 5, "SL-MERAH": 9, "SL-B": 0}


def test_a_product_is_deleted_only_after_a_yes(cli: Cli) -> None:
    cli.catalogue()
    refused = cli("products", "delete", "MK")
    assert refused.code == 2
    assert "--yes" in refused.err
    cli.ok("products", "delete", "MK", "--yes")
    assert [row["handle"] for row in cli.json("products")] == ["SL"]
    assert {row["handle"]: row["status"] for row in cli.json("products", "--archived")} == {
        "MK": "archived",
        "SL": "active",
    }


def test_one_variant_is_dropped_only_after_a_yes_and_comes_back_by_import(sqlite_cli: Cli) -> None:
    cli = sqlite_cli
    cli.catalogue()
    told = cli.ok("products", "drop-variant", "SL-M", "--dry-run").out
    assert "SL-M / Merah" in told
    assert "3 pieces" in told
    refused = cli("products", "drop-variant", "SL-M")
    assert (refused.code, "--yes" in refused.err) == (2, True)
    assert len(cli.json("products", "show", "SL")["variants"]) == 2
    assert "syncer import" in cli.ok("products", "drop-variant", "SL-M", "--yes").out
    assert [one["sku"] for one in cli.json("products", "show", "SL")["variants"]] == ["SL-B"]
    last = cli("products", "drop-variant", "SL-B", "--yes")
    assert (last.code, "syncer products delete SL" in last.err) == (1, True)
    cli.catalogue(CATALOGUE.replace(",120000,3,", ",120000,,"))
    back = {one["sku"]: one["stock"] for one in cli.json("products", "show", "SL")["variants"]}
    assert back == {"SL-B": 0, "SL-M": 3}, "with its stock"


def test_an_import_adds_an_axis(sqlite_cli: Cli) -> None:
    cli = sqlite_cli
    cli.catalogue()
    ids = cli.json("stock")
    wide = "sku,product_code,title,option1_name,option1_value,option2_name,option2_value,price\n"
    rows = "SL-M,SL,Selendang Tenun Tepi Benang,Warna,Merah,Ukuran,Panjang,120000\n"
    partly = cli.folder / "sumbu.csv"
    partly.write_text(wide + rows, "utf-8")
    told = cli.ok("import", partly, "--dry-run")
    assert "SL-B" in told.out, "it is said which variants would end"
    rows += "SL-B,SL,Selendang Tenun Tepi Benang,Warna,Biru,Ukuran,Panjang,125000\n"
    partly.write_text(wide + rows, "utf-8")
    cli.ok("import", partly)
    shown = cli.json("products", "show", "SL")
    assert shown["option_names"] == ["Warna", "Ukuran"]
    assert {one["sku"]: one["options"] for one in shown["variants"]} == {
        "SL-M": ["Merah", "Panjang"],
        "SL-B": ["Biru", "Panjang"],
    }
    assert cli.json("stock") == ids, "the same variants, with their stock"


def test_more_than_one_of_a_single_piece_needs_a_yes(sqlite_cli: Cli) -> None:
    cli = sqlite_cli
    cli.catalogue("sku,product_code,title,price,stock,weight_g,single_piece\nT-1,T,Topeng Panji,750000,0,500,true\n")
    assert cli("stock", "set", "T-1", 1).code == 0
    for arguments in (["set", "T-1", 6], ["add", "T-1", 1]):
        refused = cli("stock", *arguments)
        assert refused.code == 2
        assert "single piece" in refused.err
        assert "--yes" in refused.err
    assert cli.json("stock")[0]["on_hand"] == 1
    cli.ok("stock", "add", "T-1", 1, "--minus")
    assert cli("stock", "set", "T-1", 1, "--yes").code == 0
    cli.ok("stock", "set", "T-1", 6, "--yes")
    assert cli.json("stock")[0]["on_hand"] == 6


def test_stock_is_counted(cli: Cli) -> None:
    cli.catalogue()
    assert "5 → 7" in cli.ok("stock", "set", "MK-1", "7").out
    assert "nothing changed" in cli.ok("stock", "set", "MK-1", "7").out
    moved = cli("stock", "set", "MK-1", "9", "--was", "5")
    assert moved.code == 1
    assert "it is 7 now" in moved.err
    cli.ok("stock", "set", "MK-1", "9", "--was", "7", "--note", "opname")
    cli.ok("stock", "add", "MK-1", "2", "--reason", "made")
    cli.ok("stock", "add", "MK-1", "1", "--reason", "damaged")
    history = cli.json("stock", "history", "MK-1")
    assert [(row["delta"], row["on_hand"], row["reason"]) for row in history[:3]] == [
        (-1, 10, "damaged"),
        (2, 11, "made"),
        (2, 9, "count"),
    ]
    assert history[2]["note"] == "opname"
    assert history[0]["actor"].startswith("cli:")


def test_goods_move_between_locations(cli: Cli) -> None:
    cli.catalogue()
    cli.ok("location", "add", "galeri", "--name", "Galeri Kota")
    cli.ok("location", "add", "mal", "--consignment")
    assert {row["code"]: row["pooled"] for row in cli.json("location")} == {
        "utama": True,
        "galeri": True,
        "mal": False,
    }
    cli.ok("stock", "move", "MK-1", "2", "--to", "galeri")
    cli.ok("stock", "set", "MK-1", "4", "--location", "mal")
    rows = [(row["location"], row["on_hand"]) for row in cli.json("stock", "--search", "MK-1")]
    assert rows == [("galeri", 2), ("mal", 4), ("utama", 3)]
    assert cli.json("products", "show", "MK")["stock"] == 5, "consigned goods are in no pool"
    assert cli("stock", "move", "MK-1", "9", "--to", "galeri").code == 1


def test_prices_as_people_write_them(cli: Cli) -> None:
    cli.catalogue()
    for text, price in (("90000", 90000), ("Rp 1.250.000", 1250000), ("95.500", 95500)):
        cli.ok("price", "set", "MK-1", text)
        assert cli.json("products", "show", "MK")["variants"][0]["price"] == price
    assert cli.json("price", "--search", "MK-1")[0]["price"] == 95500


@pytest.mark.parametrize("number", ["-1", "1_000", "１２", "NaN", "1e3", "9999999", "abc", ""])
@pytest.mark.rule("C3")
def test_numbers_that_are_none_are_refused(sqlite_cli: Cli, number: str) -> None:
    sqlite_cli.catalogue()
    result = sqlite_cli("stock", "set", "MK-1", number)
    assert result.code == 2
    assert len(result.err.strip().splitlines()) == 1
    assert {row["sku"]: row["on_hand"] for row in sqlite_cli.json("stock")}["MK-1"] == 5


@pytest.mark.parametrize("price", ["0", "-5", "NaN", "Infinity", "1e999999", "2000000000", "gratis"])
@pytest.mark.rule("C3")
def test_prices_that_are_none_are_refused(sqlite_cli: Cli, price: str) -> None:
    sqlite_cli.catalogue()
    assert sqlite_cli("price", "set", "MK-1", price).code in (1, 2)
    assert sqlite_cli.json("products", "show", "MK")["variants"][0]["price"] == 85000


def test_photos_from_files(sqlite_cli: Cli, folder: Path) -> None:
    cli = sqlite_cli
    cli.catalogue()
    for name, seed in (("depan.jpg", "a"), ("belakang.jpg", "b")):
        (folder / name).write_bytes(jpeg(draw("pola batik", seed, size=(500, 500))))
    cli.ok("products", "photo", "MK", "depan.jpg", "belakang.jpg")
    assert cli.json("products", "show", "MK")["photos"] == 2
    assert "nothing changed" in cli.ok("products", "photo", "MK", "depan.jpg").out
    cli.ok("products", "photo", "SL", "depan.jpg", "--sku", "SL-B")
    cli.ok("products", "photo", "MK", "belakang.jpg", "--replace")
    assert cli.json("products", "show", "MK")["photos"] == 1
    (folder / "jahat.jpg").write_bytes(b"<script>alert(1)</script>")
    assert cli("products", "photo", "MK", "jahat.jpg").code == 1
    assert cli.json("products", "show", "MK")["photos"] == 1


def test_a_column_that_is_unknown_is_named_by_the_import(sqlite_cli: Cli) -> None:
    path = sqlite_cli.folder / "lain.csv"
    path.write_text("sku,title,price,hari,warna hati\nA1,Vas Kecil,50000,9,biru\n", "utf-8")
    result = sqlite_cli.ok("import", path)
    assert "not read: warna hati." in result.out + result.err
    assert sqlite_cli.json("import", path)["unread_columns"] == ["warna hati"]
    assert sqlite_cli.json("products", "show", "A1")["made_to_order_days"] == 9
