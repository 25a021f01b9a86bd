"""``syncer account adopt`` at the terminal: shown first, sent out as a sheet, taken back, bound, and only then live."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from syncer.cli.texts import once
from syncer.domain.words import Words
from syncer.sdk.errors import RateLimited
from syncer.sdk.sandbox import RunningSandbox
from syncer.sync import beside
from tests.cli.conftest import Cli, first_line
from tests.cli.test_orders import buy
from tests.cli.test_shops import control, there
from tests.sync.seller import Seller, sandbox_of
from tests.sync.world import Control

BOWL, SCARF = "Mangkuk Kopi Tanah Liat", "Selendang Tenun Tepi Benang"


@pytest.fixture
def selling(tmp_path: Path) -> Iterator[RunningSandbox]:
    """A Shopee sandbox that sells three things already."""
    with sandbox_of("shopee") as running:
        seller = Seller("shopee", running, tmp_path)
        seller.sells(BOWL, [("MK-1", (), 85000, 7)])
        seller.sells(SCARF, [("", ("Merah",), 120000, 3), ("", ("Biru",), 125000, 2)], option_names=("Warna",))
        seller.sells("Keranjang Rotan Besar", [("KR-1", (), 95000, 4)])
        yield running
        seller.close()


def selling_now(shop: RunningSandbox) -> Any:
    """What the shop shows now, for the message of a failed test."""
    return Control(shop.control_url).ask("GET", "listings")


def joined(cli: Cli, shop: RunningSandbox) -> None:
    cli.catalogue()
    cli.ok("account", "add", "shopee", "--name", "Orange", "--options", "-", stdin=first_line(shop))


def test_from_the_first_look_to_go_live(cli: Cli, selling: RunningSandbox) -> None:
    joined(cli, selling)
    shown = cli.ok("account", "adopt", "Orange").out
    for text in (BOWL, SCARF, "Keranjang Rotan Besar", "MK-1", "SL-B", "import", "Nothing is bound yet", "--apply"):
        assert text in shown, "\n".join(
            [
                f"{text} is missing:",
                shown,
                json.dumps(cli.json("products"), indent=1),
                json.dumps(cli.json("account", "adopt", "Orange"), indent=1),
                json.dumps(selling_now(selling), indent=1),
            ]
        )
    assert cli.json("listings") == [], "a look binds nothing"
    assert cli.json("account", "show", "Orange")["mode"] == "live"

    cli.ok("account", "adopt", "Orange", "--out", "adopsi.csv", "--opening", "ours")
    path = cli.folder / "adopsi.csv"
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["title"]: row["decision"] for row in rows} == {
        BOWL: "bind",
        SCARF: "bind",
        "Keranjang Rotan Besar": "import",
    }
    for row in rows:
        if row["sku_there"] == "MK-1":
            assert (row["count_there"], row["our_on_hand"], row["opening_count"]) == ("7", "5", "5")
            row["opening_count"] = "6"
        if row["sku_there"] == "KR-1":
            row["opening_count"] = "4"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)

    planned = cli.json("account", "adopt", "Orange", "--sheet", "adopsi.csv")
    assert planned["applied"] is None
    assert planned["counts"]["bind"] == 3
    result = cli.json("account", "adopt", "Orange", "--sheet", "adopsi.csv", "--apply")
    assert (result["applied"]["bound"], result["applied"]["imported"], result["applied"]["opened"]) == (3, 1, 4)
    assert result["mode"] == "read_only"
    assert {row["sku"]: row["on_hand"] for row in cli.json("stock")} == {"MK-1": 6, "SL-M": 3, "SL-B": 0, "KR-1": 4}
    history = cli.json("stock", "history", "MK-1")
    assert next((row["reason"], row["delta"]) for row in history) == ("opening", 1)
    assert len(cli.json("listings")) == 3
    assert cli.json("sync") == [] or not cli.json("sync")[0]["sent"], "read-only until go-live"
    cli.ok("account", "go-live", "Orange")
    assert cli.json("account", "show", "Orange")["mode"] == "live"
    cli("sync")
    numbers = {one["sku"]: one["stock"] for row in cli.json("listings") for one in row["offers"]}
    assert numbers == {"MK-1": 6, "SL-M": 3, "SL-B": 0, "KR-1": 4}


@pytest.mark.parametrize("connector", ["shopee", "tiktok_shop"])
def test_an_imported_product_has_the_shops_pictures_and_they_are_not_sent_back(
    sqlite_cli: Cli, tmp_path: Path, connector: str
) -> None:
    cli = sqlite_cli
    cli.env("SYNCER_ALLOW_PRIVATE_IMAGES", "1")
    with sandbox_of(connector) as running:
        seller = Seller(connector, running, tmp_path)
        remote_id = seller.sells("Keranjang Rotan Besar Buatan Tangan", [("KR-1", (), 95000, 4)])
        options = json.dumps({"account": {"options": seller.options}})
        cli.ok("account", "add", connector, "--name", "Toko", "--options", "-", stdin=options)
        result = cli.json("account", "adopt", "Toko", "--apply", "--opening", "theirs")
        assert (result["applied"]["imported"], result["applied"]["pictures_added"]) == (1, 2)
        assert cli.json("products")[0]["photos"] == 2
        planned = [change["field"] for row in cli.json("plan") for change in row["changes"]]
        assert "pictures" not in planned
        before = seller.there()[remote_id]
        cli.ok("account", "go-live", "Toko")
        cli("sync")
        assert seller.there()[remote_id] == before
        seller.close()


def test_what_a_live_account_means_how_it_was_matched_and_missing_pictures_are_said(
    sqlite_cli: Cli, selling: RunningSandbox
) -> None:
    """Pictures on this machine's own network are not fetched unless that is allowed: each is named."""
    cli = sqlite_cli
    cli.catalogue()
    added = cli.ok("account", "add", "shopee", "--name", "Orange", "--options", "-", stdin=first_line(selling))
    assert "This sandbox isn't empty" in added.out
    shown = cli.ok("account", "adopt", "Orange").out
    assert "is live, as every sandbox" in shown
    assert "--apply makes it read-only" in shown
    assert "SKU 100" in shown
    result = cli.ok("account", "adopt", "Orange", "--apply", "--opening", "theirs")
    assert "is now read-only" in result.out
    lines = [one for one in result.err.splitlines() if "was not fetched" in one]
    assert len(lines) == 2, result.err
    assert all(selling.base_url.partition("//")[2].partition(":")[0] in one for one in lines)
    looked = cli.ok("account", "go-live", "Orange", "--dry-run").out
    assert "Orange has no open or recent orders" in looked
    assert cli.json("account", "show", "Orange")["mode"] == "read_only"


def test_what_nobody_chose_is_said(sqlite_cli: Cli, selling: RunningSandbox) -> None:
    cli = sqlite_cli
    joined(cli, selling)
    result = cli.ok("account", "adopt", "Orange", "--apply")
    assert "have no opening count" in result.err
    assert "read-only" in result.out
    assert "go-live" in result.out
    again = cli.ok("account", "adopt", "Orange", "--apply", "--opening", "theirs")
    assert "0 listings bound" in again.out
    assert "4 opening counts" in again.out
    third = cli.json("account", "adopt", "Orange", "--apply", "--opening", "sum")
    assert third["applied"]["opened"] == 0
    assert {row["decision"] for row in third["rows"]} == {"bound"}


def test_conflicts_end_with_their_own_code(sqlite_cli: Cli, selling: RunningSandbox, tmp_path: Path) -> None:
    cli = sqlite_cli
    joined(cli, selling)
    seller = Seller("shopee", selling, tmp_path)
    seller.sells("Mangkuk yang dipasang dua kali", [("MK-1", (), 85000, 7)])
    seller.close()
    result = cli("account", "adopt", "Orange", "--apply")
    assert result.code == 3
    assert "several listings there" in result.out
    assert {row["handle"] for row in cli.json("listings")} >= {"SL"}
    assert "MK" not in {row["handle"] for row in cli.json("listings")}


def test_in_bahasa_indonesia(sqlite_cli: Cli, selling: RunningSandbox) -> None:
    cli = sqlite_cli
    joined(cli, selling)
    cli.env("SYNCER_LANGUAGE", "id")
    shown = cli.ok("account", "adopt", "Orange").out
    for text in ("PRODUK DI TOKO", "KEPUTUSAN", "ikat", "impor", "Belum ada yang diikat"):
        assert text in shown


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["Orang"], 1, "Orange"),
        (["Orange", "--opening", "besok"], 2, "theirs"),
        (["Orange", "--bind-at", "200"], 2, "--bind-at"),
        (["Orange", "--out", "adopsi.pdf"], 2, ".xlsx"),
        (["Orange", "--sheet", "tidak-ada.csv"], 1, "tidak-ada.csv"),
        (["Orange", "--sheet", "katalog.csv"], 1, "adoption sheet"),
        (["Orange", "--sheet", "katalog.csv", "--opening", "ours"], 2, "--opening"),
        (["Orange", "--location", "gudang"], 1, "gudang"),
    ],
)
def test_bad_input_is_one_sentence(
    sqlite_cli: Cli, selling: RunningSandbox, arguments: list[str], code: int, says: str
) -> None:
    cli = sqlite_cli
    joined(cli, selling)
    result = cli("account", "adopt", *arguments)
    assert result.code == code, result
    assert says in result.err
    assert len(result.err.strip().splitlines()) == 1
    assert cli.json("listings") == []


def test_a_disconnected_account_is_not_walked(sqlite_cli: Cli, selling: RunningSandbox) -> None:
    cli = sqlite_cli
    joined(cli, selling)
    cli.ok("account", "disconnect", "Orange")
    result = cli("account", "adopt", "Orange")
    assert result.code == 1
    assert "reconnect" in result.err


def test_going_live_holds_what_is_ordered_and_not_yet_sent(sqlite_cli: Cli, selling: RunningSandbox) -> None:
    cli = sqlite_cli
    joined(cli, selling)
    open_now, sent = (buy(selling, ("MK-1", 2)), buy(selling, ("KR-1", 1)))
    control(selling, f"orders/{sent}/ship", {})
    cli.ok("account", "adopt", "Orange", "--apply", "--opening", "theirs")
    looked = cli.ok("account", "go-live", "Orange", "--dry-run").out
    assert open_now in looked
    assert "2 pieces are promised" in looked
    assert "Nothing is kept yet" in looked
    assert cli.json("account", "show", "Orange")["mode"] == "read_only"
    went = cli.json("account", "go-live", "Orange", "--counts-without-held")
    assert {one["order"]: one["held"] for one in went["orders"]} == {open_now: True, sent: False}
    row = next(one for one in cli.json("stock") if one["sku"] == "MK-1")
    assert (row["on_hand"], row["held"], row["free"]) == (7, 2, 5), "the shop had lowered its 7 to 5"
    cli("sync")
    assert stock_there(selling, "MK-1") == 5
    assert {one["order"]: one["counted"] for one in cli.json("orders")} == {open_now: True, sent: False}


def stock_there(shop: RunningSandbox, sku: str) -> int:
    return next(one["stock"] for row in there(shop).values() for one in row["offers"] if one["sku"] == sku)


def test_going_live_keeps_to_the_shops_budget(
    sqlite_cli: Cli, selling: RunningSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli = sqlite_cli
    cli.catalogue()
    options = json.loads(first_line(selling))
    options["account"]["options"]["calls_per_s"] = 10
    cli.ok("account", "add", "shopee", "--name", "Orange", "--options", "-", stdin=json.dumps(options))
    cli.ok("account", "adopt", "Orange", "--apply")
    monkeypatch.setattr(beside, "TRIES", 1)
    ordered = {buy(selling, ("MK-1", 1)) for _ in range(3)}
    control(selling, "limits", {"burst_per_s": 10})
    for _ in range(2):
        looked = cli.json("account", "go-live", "Orange", "--dry-run")
        assert {one["order"] for one in looked["orders"]} == ordered
    cli.ok("account", "check", "Orange")


def test_a_command_that_has_ended_promises_nothing() -> None:
    assert once(RateLimited("x", Words("a", "b"), after_s=1.0).remedy) == Words(
        "Coba lagi sebentar lagi dengan perintah yang sama.", "Try again in a moment with the same command."
    )
    clock = Words("Setel jamnya; Syncer mencoba lagi sendiri.", "Set it; Syncer tries again by itself.")
    assert once(clock) == Words(
        "Setel jamnya; lalu jalankan lagi perintah ini.", "Set it; then run this command again."
    )
