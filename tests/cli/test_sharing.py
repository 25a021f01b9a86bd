"""Who may show how much: campaigns, bundles and crafters' weeks, from the command line."""

from __future__ import annotations

import shlex

from syncer.sdk.sandbox import RunningSandbox
from tests.cli.conftest import Cli, join

DAYS = ("--from", "2026-01-01", "--to", "2999-12-31")


MADE = """sku,product_code,title,description,materials,category_key,maker,made_to_order_days,price,weight_g
NM-1,NM,Nampan Kayu Ukir,Nampan dari kayu jati.,kayu jati,mangkuk-keramik,Ibu Sari,7,150000,600
"""


def made_to_order(cli: Cli) -> None:
    """A tray that Ibu Sari makes to order."""
    (cli.folder / "pesanan.csv").write_text(MADE, "utf-8")
    cli.ok("import", "pesanan.csv")


def test_stock_is_set_aside_listed_and_released(cli: Cli, shop: RunningSandbox) -> None:
    cli.catalogue()
    join(cli, shop)
    assert "Nothing is set aside" in cli.ok("reserve").out
    where = ("--account", "Orange", "--campaign", "Gebyar 12.12")
    refused = cli("reserve", "MK-1", "9", *where, *DAYS)
    assert refused.code == 1
    assert "Only 5 of MK-1 are free" in refused.err
    assert cli("reserve", "MK-1", "2", *where, "--from", "besok", "--to", "2999-01-01").code == 2
    assert "every other shop stops selling them" in cli.ok("reserve", "MK-1", "2", *where, *DAYS).out
    row = cli.json("reserve", "list")[0]
    assert (row["sku"], row["quantity"], row["left"], row["state"]) == ("MK-1", 2, 2, "active")
    # The last day counts whole, by Jakarta's clock.
    assert row["ends_at"] == "2999-12-31T17:00:00Z"
    assert "Gebyar 12.12" in cli.ok("reserve").out
    assert "2 pieces are released" in cli.ok("reserve", "release", "--campaign", "Gebyar 12.12").out
    assert cli.json("reserve", "list") == []
    assert [one["state"] for one in cli.json("reserve", "list", "--all")] == ["released"]
    later = ("--from", "2998-01-01T20:00", "--to", "2998-01-02")
    assert "to be set aside" in cli.ok("reserve", "add", "MK-1", "2", *where, *later).out

    # Disconnected, the shop may still sell them: a person says when they are free, with the command that is named.
    assert cli.json("problems") == []
    assert "stay set aside" in cli.ok("account", "disconnect", "Orange").out
    (row,) = cli.json("problems")
    assert (row["kind"], row["account"], row["sku"]) == ("reservation", "Orange", "MK-1")
    command = row["remedy"].split("`")[1]
    cli.ok(*shlex.split(command)[1:])
    assert cli.json("problems") == []


def test_a_bundle_is_made_shown_and_taken_apart(cli: Cli) -> None:
    cli.catalogue()
    cli.ok("bundle", "set", "SL-B", "MK-1:2", "SL-M")
    shown = {"sku": "SL-B", "free": 2, "parts": [{"sku": "MK-1", "pieces": 2}, {"sku": "SL-M", "pieces": 1}]}
    assert cli.json("bundle", "show", "SL-B") == [shown]
    assert "2 x MK-1, 1 x SL-M" in cli.ok("bundle").out
    notes = {one["sku"]: one["note"] for one in cli.json("stock")}
    assert notes == {"MK-1": "", "SL-M": "", "SL-B": "A bundle: MK-1 is enough for 2."}
    assert "part of the bundle SL-B" in cli("bundle", "set", "MK-1", "SL-M").err
    assert cli("bundle", "set", "SL-B", "MK-1:x").code == 2
    for counting in ("set", "add"):
        assert "Count its parts: MK-1, SL-M" in cli("stock", counting, "SL-B", "3").err
    cli.ok("bundle", "remove", "SL-B")
    assert "NOTE" not in cli.ok("stock").out
    assert cli.json("bundle", "list") == []
    again = cli("bundle", "remove", "SL-B")
    assert (again.code, "SL-B is no bundle" in again.err) == (1, True)


def test_a_crafters_week_is_set_and_listed(cli: Cli) -> None:
    made_to_order(cli)
    assert "Did you mean Ibu Sari" in cli("capacity", "set", "Ibu Sri", "4").err
    assert "4 a week (Monday to Sunday)" in cli.ok("capacity", "set", "ibu sari", "4").out
    (row,) = cli.json("capacity")
    assert (row["maker"], row["pieces_a_week"], row["ordered"], row["left"]) == ("Ibu Sari", 4, 0, 4)
    assert [(week["ordered"], week["left"]) for week in row["weeks"]] == [(0, 4)] * len(row["weeks"])
    assert row["weeks"][0]["begins"] in cli.ok("capacity").out
    assert "4 left of its crafter's week" in cli.ok("stock").out
    cli.ok("capacity", "set", "Ibu Sari", "none")
    assert cli.json("capacity", "list") == []


def test_what_can_not_be_kept_is_refused_in_words(cli: Cli, shop: RunningSandbox) -> None:
    cli.catalogue()
    join(cli, shop)
    where = ("--account", "Orange", "--campaign", "Selamanya")
    far = cli("reserve", "MK-1", "1", *where, "--from", "2026-01-01", "--to", "9999-12-31")
    assert (far.code, "makes no sense" in far.err) == (2, True)
    alone = cli("pieces", "rule", "MK-1", "--rotate-days", "3")
    assert (alone.code, "--mode one" in alone.err) == (2, True)
    cli.ok("pieces", "rule", "MK-1", "--mode", "one")
    cli.ok("pieces", "rule", "MK-1", "--rotate-days", "3")
    long = "x" * 120
    assert "at most 120" in cli("sale", "MK-1", "--reference", f"{long}A").err
    cli.ok("sale", "MK-1", "--reference", long)
    unknown = cli("stock", "audit", "MK-1", "TIDAK-ADA")
    assert unknown.code == 1
    assert "TIDAK-ADA" in unknown.err
