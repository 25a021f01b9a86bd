"""Orders from the command line: sales at a bazaar, a shop's orders, the inbox, the oversell desk, the audit."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

from syncer.sdk.sandbox import RunningSandbox
from tests.cli.conftest import Cli
from tests.cli.test_shops import published


def buy(shop: RunningSandbox, *lines: tuple[str, int]) -> str:
    """Place a paid order in the sandbox; returns its number."""
    body: dict[str, Any] = {"lines": [{"sku": sku, "quantity": quantity} for sku, quantity in lines]}
    request = urllib.request.Request(
        f"{shop.control_url}/orders",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
        method="POST",
    )
    with urllib.request.urlopen(request, timeout=5) as answer:
        return str(json.load(answer)["order_id"])


def stock(cli: Cli, sku: str) -> tuple[int, int, int]:
    row = next(one for one in cli.json("stock") if one["sku"] == sku)
    return row["on_hand"], row["held"], row["free"]


def test_a_sale_at_a_bazaar(cli: Cli) -> None:
    cli.catalogue()
    sold = cli.json("sale", "MK-1", "2", "--price", "85000", "--note", "bazar")
    assert (sold["quantity"], sold["free"], sold["oversold"]) == (2, 3, False)
    assert stock(cli, "MK-1") == (3, 0, 3)
    assert "undo" in cli.ok("sale", "MK-1").out
    nameless = cli("sale", "undo")
    assert (nameless.code, "syncer orders --sales" in nameless.err) == (2, True)
    assert "2 back in stock" in cli.ok("sale", "undo", sold["id"]).out
    assert stock(cli, "MK-1") == (4, 0, 4)
    assert [row["status"] for row in cli.json("orders", "--sales")] == ["sold", "undone"]
    once = [cli.json("sale", "SL-M", "--reference", "hp-1")["new"] for _ in range(2)]
    assert once == [True, False]
    other = cli("sale", "MK-1", "2", "--reference", "hp-1")
    assert (other.code, other.out) == (1, "")
    assert "hp-1 belongs to another sale: 1 SL-M; this one is 2 MK-1. Nothing was recorded." in other.err
    assert cli("sale", "MK-1", "--price", "-5").code == 1
    assert stock(cli, "MK-1") == (4, 0, 4)
    failed = cli("sale", "gelas")
    assert failed.code == 1
    assert "no SKU" in failed.err


def test_a_line_that_was_bound_wrongly_is_put_right(sqlite_cli: Cli) -> None:
    cli = sqlite_cli
    cli.catalogue()
    cli.ok("sale", "MK-1", "2", "--reference", "hp-2")
    refused = cli("orders", "bind", "hp-2", "1", "SL-M")
    assert (refused.code, "--again" in refused.err) == (1, True)
    short = cli("orders", "bind", "hp-2", "1", "SL-B", "--again")
    assert (short.code, "2 short, counting SL-B" in short.err, "--yes" in short.err) == (1, True, True)
    assert stock(cli, "MK-1") == (3, 0, 3)
    said = cli.ok("orders", "bind", "hp-2", "1", "SL-M", "--again").out
    assert said.startswith("1 line to mean SL-M:\n  hp-2 · line 1 · 2 × MK-1, MK-1 so far\n")
    assert (stock(cli, "MK-1"), stock(cli, "SL-M")) == ((5, 0, 5), (1, 0, 1))
    assert "oversold" in cli.ok("orders", "bind", "hp-2", "1", "SL-B", "--again", "--yes").err
    assert (stock(cli, "SL-M"), stock(cli, "SL-B")) == ((3, 0, 3), (-2, 0, -2))


def test_a_partners_list(sqlite_cli: Cli) -> None:
    cli = sqlite_cli
    cli.catalogue()
    (cli.folder / "terjual.csv").write_text(
        "Kode;Jumlah;Tanggal;Kasir\nMK-1;2;20/11/2026\ngelas;1;20/11/2026\n", "utf-8"
    )
    looked = cli("orders", "import", "terjual.csv", "--partner", "Galeri Kota", "--dry-run")
    assert (looked.code, stock(cli, "MK-1")) == (3, (5, 0, 5))
    assert "2 rows, 2 pieces: 1 new sale, 0 changed" in looked.out
    assert "not read: Kasir." in looked.err
    first = cli("orders", "import", "terjual.csv", "--partner", "Galeri Kota")
    assert first.code == 3
    assert "✓" not in first.out
    assert "1 row refused" in first.err
    assert (cli.folder / "terjual-gagal.csv").exists()
    assert "gelas" in first.out
    again = cli("orders", "import", "terjual.csv", "--partner", "Galeri Kota", "--json").json
    assert (again["new"], again["unchanged"], again["unread_columns"]) == (0, 1, ["Kasir"])
    assert stock(cli, "MK-1") == (3, 0, 3)
    assert cli.json("orders")[0]["account"] == "partner:Galeri Kota"


def test_a_shops_orders_hold_stock_and_an_oversell_is_on_the_desk(cli: Cli, shop: RunningSandbox) -> None:
    published(cli, shop)
    number = buy(shop, ("MK-1", 4))
    cli("sync")
    assert stock(cli, "MK-1") == (5, 4, 1)
    (row,) = cli.json("orders", "--open")
    assert (row["order"], row["account"], row["held"]) == (number, "Orange", 4)
    assert "4 × MK-1" in cli.ok("orders", "show", number).out
    assert cli.json("orders", "show", number)["movements"][0]["held_delta"] == 4

    counted = cli.ok("stock", "set", "MK-1", "4").out
    assert "includes 4 promised to orders; 0 free" in counted
    assert "leaves out 4" in cli.ok("stock", "set", "MK-1", "1", "--without-held").out
    assert stock(cli, "MK-1") == (5, 4, 1)

    cli.ok("sale", "MK-1", "3")
    assert "oversold" in cli.ok("sale", "MK-1", "1").err
    (case,) = cli.json("orders", "oversold")
    assert (case["sku"], case["short"]) == ("MK-1", 3)
    assert {one["account"] for one in case["orders"]} == {"Orange", "sale"}
    shown = cli.ok("orders", "oversold", "show", "MK-1").out
    assert f"pesanan {number}" in shown
    assert "can't be called off" in shown
    assert "4 pieces worth Rp 340.000" in shown
    assert "1 piece worth" in shown
    cli.ok("orders", "oversold", "settle", case["id"], "--note", "dibuat lagi")
    assert cli.json("orders", "oversold") == []
    assert cli("orders", "oversold", "settle", "MK-1").code == 1


def test_the_audit_explains_every_number(cli: Cli, shop: RunningSandbox) -> None:
    published(cli, shop)
    calm = cli.json("stock", "audit")
    assert (calm["mismatches"], calm["unexplained"], calm["variants"]) == ([], 0, [])
    said = cli.ok("stock", "audit").out
    assert "all agree" in said
    assert "Orange: the whole shop last looked at: never; the oldest number here: " in said
    cli.ok("drift", "--look")
    assert "last looked at: never" not in cli.ok("stock", "audit").out
    cli.ok("stock", "set", "MK-1", "9")
    cli.ok("account", "pause", "Orange")
    on_its_way = cli.ok("stock", "audit").out
    assert ("all agree" in on_its_way, "1 still on their way" in on_its_way) == (False, True)
    (row,) = cli.json("stock", "audit")["variants"]
    (there,) = row["shops"]
    assert (row["sku"], row["free"], there["shown"], there["should"]) == ("MK-1", 9, 5, 9)
    assert {one["code"] for one in there["reasons"]} >= {"paused", "due"}
    assert "is paused" in cli.ok("stock", "audit").out
    cli.ok("stock", "set", "MK-1", "1")
    sells_more = cli("stock", "audit")
    assert (sells_more.code, "✓" in sells_more.out) == (3, False), "the shop goes on showing 5"
    assert "higher than what there is" in sells_more.err
    cli.ok("stock", "set", "MK-1", "9")
    cli.ok("account", "resume", "Orange")
    cli.ok("account", "set", "Orange", "--buffer", "2")
    cli("sync")
    codes = {
        one["sku"]: [reason["code"] for reason in one["shops"][0]["reasons"]]
        for one in cli.json("stock", "audit")["variants"]
    }
    assert codes["MK-1"] == ["buffer"]
    assert len(cli.json("stock", "audit", "--all")["variants"]) == 3


def test_a_shop_that_leaves_is_read_once_more_and_its_orders_stay_somebodys(cli: Cli, shop: RunningSandbox) -> None:
    published(cli, shop)
    number = buy(shop, ("MK-1", 2))
    # Nobody has read that order yet.
    assert stock(cli, "MK-1") == (5, 0, 5)
    left = cli.ok("account", "disconnect", "Orange").out
    assert "1 order was taken in just now" in left
    assert "1 order there is not sent yet" in left
    assert stock(cli, "MK-1") == (5, 2, 3)
    refused = cli("account", "remove", "Orange", "--yes")
    assert refused.code == 1
    assert number in refused.err
    assert cli("account", "remove", "Orange", "--yes", "--orders", "perhaps").code == 2
    assert "noted as sent" in cli.ok("account", "remove", "Orange", "--yes", "--orders", "sent").out
    assert stock(cli, "MK-1") == (3, 0, 3)
    assert cli.json("orders", "--open") == []
