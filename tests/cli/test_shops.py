"""Shops from the command line: joined, published to, watched and left again, against a real sandbox."""

from __future__ import annotations

import json
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from syncer.cli.plan_words import change
from syncer.sdk.sandbox import RunningSandbox, sandbox_class
from tests.cli.conftest import CATALOGUE, Cli, first_line, give_photos, join
from tests.sync.world import Control


def there(shop: RunningSandbox) -> dict[str, dict[str, Any]]:
    """What the sandbox shows, by title."""
    with urllib.request.urlopen(f"{shop.control_url}/listings", timeout=5) as answer:
        return {one["title"]: one for one in json.load(answer) if one["status"] != "deleted"}


def control(shop: RunningSandbox, path: str, body: dict[str, Any]) -> None:
    request = urllib.request.Request(
        f"{shop.control_url}/{path}",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
        method="POST",
    )
    urllib.request.urlopen(request, timeout=5).close()


def published(cli: Cli, shop: RunningSandbox) -> None:
    cli.catalogue()
    give_photos(cli, "MK", "SL")
    join(cli, shop)
    cli.ok("publish", "--all", "--account", "Orange")
    result = cli("sync")
    assert result.code == 0, result


def test_a_catalogue_appears_in_the_shop(cli: Cli, shop: RunningSandbox) -> None:
    cli.catalogue()
    give_photos(cli, "MK", "SL")
    join(cli, shop)
    report = cli.json("publish", "--all", "--account", "orange")
    assert (report["account"], report["new"]) == ("Orange", 2)
    planned = cli.json("plan")
    assert {row["handle"] for row in planned} == {"MK", "SL"}
    assert "for 2 products the shop's rules" in cli.ok("plan").out, "it says what comes before the first write"
    assert there(shop) == {}, "a plan sends nothing"
    summary = cli.json("sync")
    assert summary[0]["counts"] == {"live": 2}
    assert summary[0]["sent"]["create"] == 2
    shown = there(shop)
    assert {
        one["sku"]: (int(one["price"]), one["stock"]) for one in shown["Selendang Tenun Tepi Benang"]["offers"]
    } == {
        "SL-M": (120000, 3),
        "SL-B": (125000, 0),
    }
    rows = cli.json("listings")
    assert [(row["handle"], row["state"], row["synced"], row["chip"]) for row in rows] == [
        ("MK", "live", True, "live"),
        ("SL", "live", True, "live"),
    ]
    assert cli.json("plan") == []
    assert cli.json("problems") == []
    before = len(shop.sandbox.calls.entries()) if hasattr(shop.sandbox.calls, "entries") else None
    again = cli.json("sync")
    assert again[0]["sent"] == {}, "nothing changed, nothing sent"
    assert before is None or len(shop.sandbox.calls.entries()) == before


def test_changes_follow(sqlite_cli: Cli, shop: RunningSandbox) -> None:
    cli = sqlite_cli
    published(cli, shop)
    assert "syncer sync" in cli.ok("stock", "set", "MK-1", "2").out
    cli.ok("price", "set", "SL-B", "130000")
    cli.ok("price", "set", "MK-1", "99000", "--account", "Orange")
    cli.ok("products", "edit", "SL", "--title", "Selendang Tenun Tepi Emas")
    cli.ok("sync")
    shown = there(shop)
    assert shown["Mangkuk Kopi Tanah Liat"]["offers"][0]["stock"] == 2
    assert int(shown["Mangkuk Kopi Tanah Liat"]["offers"][0]["price"]) == 99000
    assert {one["sku"]: int(one["price"]) for one in shown["Selendang Tenun Tepi Emas"]["offers"]}["SL-B"] == 130000
    cli.ok("price", "clear", "MK-1", "--account", "Orange")
    cli.ok("account", "set", "Orange", "--markup", "10", "--round-to", "1000", "--buffer", "1")
    cli.ok("sync")
    offer = there(shop)["Mangkuk Kopi Tanah Liat"]["offers"][0]
    assert (int(offer["price"]), offer["stock"]) == (94000, 1)
    assert cli.json("price", "--search", "MK-1")[0]["accounts"]["Orange"]["price"] == 94000


def test_withdrawn_and_brought_back(sqlite_cli: Cli, shop: RunningSandbox) -> None:
    cli = sqlite_cli
    published(cli, shop)
    cli.ok("withdraw", "MK-1", "--account", "Orange")
    cli.ok("sync")
    assert there(shop)["Mangkuk Kopi Tanah Liat"]["status"] == "hidden"
    cli.ok("publish", "MK", "--account", "Orange")
    cli.ok("sync")
    assert there(shop)["Mangkuk Kopi Tanah Liat"]["status"] == "live"
    cli.ok("products", "delete", "MK", "--yes")
    cli.ok("sync")
    assert set(there(shop)) == {"Selendang Tenun Tepi Benang"}
    archived = {row["handle"]: row["status"] for row in cli.json("products", "--archived")}
    assert archived["MK"] == "archived", "the last shop has taken it down"
    missing = cli("withdraw", "MK", "--account", "Orange")
    assert missing.code == 1


def test_what_is_missing_is_a_problem_with_its_remedy(sqlite_cli: Cli, shop: RunningSandbox) -> None:
    cli = sqlite_cli
    cli.catalogue()
    join(cli, shop)
    cli.ok("publish", "MK", "--account", "Orange")
    assert cli("sync").code == 3
    rows = cli.json("problems")
    assert [(row["handle"], row["kind"]) for row in rows] == [("MK", "listing")]
    assert "photo" in rows[0]["message"] + rows[0]["remedy"]
    give_photos(cli, "MK")
    cli.ok("retry", "MK", "--account", "Orange")
    cli.ok("sync")
    assert cli.json("problems") == []


def test_a_brand_that_the_shop_does_not_know_is_told(sqlite_cli: Cli, shop: RunningSandbox) -> None:
    cli = sqlite_cli
    cli.catalogue()
    join(cli, shop)
    give_photos(cli, "MK-1", "SL-M")
    cli.ok("products", "edit", "MK-1", "--brand", "Tungku Setu")
    cli.ok("publish", "--all", "--account", "Orange")
    told = cli.ok("sync").out
    assert told.count('The brand "Tungku Setu" isn\'t registered') == 1
    assert "Note, Orange, MK:" in told
    assert "No Brand" in cli.ok("listings", "MK", "--timeline").out
    assert cli.json("problems") == [], "it holds nothing back"
    cli.ok("products", "edit", "MK-1", "--title", "Mangkuk Kopi Tanah Liat Setu")
    assert cli.ok("sync", "--json").json[0]["notes"] == [], "once"
    cli.catalogue(
        CATALOGUE.splitlines()[0] + "\nMT-1,MT,Mangkuk Teh,Mangkuk.,tanah liat,mangkuk-keramik,,,9000,1,300\n"
    )
    cli.ok("products", "edit", "MT", "--brand", "Tungku Setu")
    cli.ok("publish", "MT", "--account", "Orange")
    (row,) = cli.json("plan")
    assert [note["code"] for note in row["notes"]] == ["shopee.brand_unknown"]


def test_a_review_is_seen_at_the_end_of_a_sync(
    sqlite_cli: Cli, shop: RunningSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("syncer.cli.sync._REVIEW_S", 0.5)
    cli = sqlite_cli
    cli.catalogue()
    join(cli, shop)
    give_photos(cli, "MK-1")
    control(shop, "limits", {"review_delay_s": 3600})
    cli.ok("publish", "MK", "--account", "Orange")
    assert "1 product in review there" in cli.ok("sync").out, "it doesn't wait for days"


def test_a_shop_that_is_down_gets_no_tick(sqlite_cli: Cli) -> None:
    cli = sqlite_cli
    with RunningSandbox(sandbox_class("shopee")({"burst_per_s": 200, "variation_wait_s": 0.2})) as shop:
        published(cli, shop)
        assert "✓ Orange: 0 writes; 2 products live." in cli.ok("sync").out
    told = cli("sync")
    assert told.code == 3
    assert "✓" not in told.out
    assert "! Orange: 0 writes; 2 products live when last heard of." in told.out
    assert "reached" in cli("sync", "--json").json[0]["last_error"]


def test_the_plan_says_the_same_of_many_products_once(sqlite_cli: Cli, shop: RunningSandbox) -> None:
    cli = sqlite_cli
    head, row = CATALOGUE.splitlines()[:2]
    cli.catalogue("\n".join([head, *(row.replace("MK", f"PR{number}") for number in range(5))]))
    join(cli, shop)
    cli.ok("publish", "--all", "--account", "Orange")
    lines = [line for line in cli.ok("plan").out.splitlines() if line.startswith("Orange ")]
    assert len(lines) == 1
    assert "PR0, PR1 and 3 more" in lines[0]
    assert "read the shop's rules" in lines[0]


def test_the_plan_speaks_in_words(sqlite_cli: Cli, shop: RunningSandbox) -> None:
    """No JSON, no names of the program's insides."""
    cli = sqlite_cli
    published(cli, shop)
    cli.ok("products", "edit", "MK", "--title", "Mangkuk Kopi Tanah Liat Coklat", "--brand", "Tungku Setu")
    cli.ok("stock", "set", "MK-1", "2")
    cli.ok("price", "set", "MK-1", "90000")
    line = next(one for one in cli.ok("plan").out.splitlines() if one.startswith("Orange "))
    for text in ("title:", "price MK-1: 85000 → 90000", "stock MK-1: 5 → 2"):
        assert text in line
    for text in ("{", "}", "[", "null", "facts"):
        assert text not in line
    rows = [
        {"field": "attributes", "from": {"1": ["2"]}, "to": {"1": ["3"]}},
        {"field": "status", "from": None, "to": "show"},
    ]
    assert [change(row) for row in rows] == ["attributes: changed", "shown: - → on sale"]


def test_what_a_person_changed_there_is_seen(sqlite_cli: Cli, shop: RunningSandbox) -> None:
    cli = sqlite_cli
    published(cli, shop)
    assert "Nothing was changed" in cli.ok("drift", "--look").out
    item = there(shop)["Mangkuk Kopi Tanah Liat"]
    control(shop, "edit", {"remote_id": item["remote_id"], "price": 1000 + int(item["offers"][0]["price"])})
    rows = cli.ok("drift", "--look", "--json").json
    assert [(row["handle"], row["field"], row["owner"]) for row in rows] == [("MK", "price", "ours")]
    assert int(there(shop)["Mangkuk Kopi Tanah Liat"]["offers"][0]["price"]) == 85000, "put back"


def test_a_question_is_answered(sqlite_cli: Cli, shop: RunningSandbox) -> None:
    cli = sqlite_cli
    published(cli, shop)
    cli.ok("account", "set", "Orange", "--owner", "price=ask")
    item = there(shop)["Mangkuk Kopi Tanah Liat"]
    control(shop, "edit", {"remote_id": item["remote_id"], "price": 77000})
    rows = cli.ok("drift", "--look", "--json").json
    number = rows[0]["question"]
    assert number is not None
    asked = [row for row in cli.json("problems") if row["kind"] == "question"]
    assert asked[0]["question"] == number
    assert f"syncer confirm {number}" in asked[0]["remedy"]
    assert cli("sync").code == 3
    cli.ok("confirm", number)
    cli.ok("sync")
    assert int(there(shop)["Mangkuk Kopi Tanah Liat"]["offers"][0]["price"]) == 85000
    assert cli("confirm", number).code == 1, "answered already"
    assert cli("reject", "999").code == 1


def test_the_life_of_an_account(cli: Cli, shop: RunningSandbox) -> None:
    published(cli, shop)
    assert cli.json("account", "list")[0]["state"] == "active"
    assert "Toko Orange" in cli.ok("account", "check", "orange").out
    paused = cli.ok("account", "pause", "Orange")
    assert "Mangkuk Kopi" in paused.out, "says what still sells there"
    cli.ok("stock", "set", "MK-1", "1")
    cli.ok("sync")
    assert there(shop)["Mangkuk Kopi Tanah Liat"]["offers"][0]["stock"] == 5
    cli.ok("account", "resume", "Orange")
    cli.ok("sync")
    assert there(shop)["Mangkuk Kopi Tanah Liat"]["offers"][0]["stock"] == 1
    cli.ok("account", "disconnect", "Orange")
    assert cli("account", "resume", "Orange").code == 1
    cli.ok("account", "reconnect", "Orange", "--options", "-", stdin=first_line(shop))
    assert cli.json("account", "show", "Orange")["state"] == "active"
    assert "live already" in cli.ok("account", "go-live", "Orange").out
    assert cli("account", "remove", "Orange", "--yes").code == 1, "it still sells there"
    cli.ok("account", "disconnect", "Orange")
    cli.ok("account", "remove", "Orange", "--yes")
    assert cli.json("account", "list") == []


def test_options_from_a_file_the_environment_and_flags(sqlite_cli: Cli, shop: RunningSandbox, folder: Path) -> None:
    cli = sqlite_cli
    options = dict(shop.account_options)
    key = options.pop("partner_key")
    options.pop("partner_id")
    (folder / "shopee.json").write_text(json.dumps(options), "utf-8")
    cli.env("SYNCER_SHOPEE_PARTNER_KEY", key)
    cli.ok(
        "account", "add", "shopee", "--name", "Orange", "--options", "shopee.json",
        "--partner-id", str(shop.account_options["partner_id"]), "--calls-per-s=7",
    )  # fmt: skip
    shown = cli.json("account", "show", "Orange")
    assert shown["options"]["calls_per_s"] == 7
    assert key not in json.dumps(shown)


@pytest.mark.parametrize(
    ("arguments", "stdin", "code", "says"),
    [
        (["--options", "-"], "{}", 1, "partner_id"),
        (["--options", "-"], "KANARI not json", 2, "JSON"),
        (["--options", "-"], '["KANARI"]', 2, "JSON"),
        (["--options", "missing.json"], "", 1, "missing.json"),
        (["--options", "-", "--warna", "merah"], "{}", 2, "--warna"),
        (["--options", "-", "--partner-key", "KANARI"], "{}", 2, "SYNCER_SHOPEE_PARTNER_KEY"),
        (["--options", "-", "--partner-id"], "{}", 2, "--partner-id"),
        (["--options", "-"], '{"partner_id": "KANARI", "partner_key": "x"}', 1, "partner_id"),
    ],
)
@pytest.mark.rule("C4")
def test_wrong_options_are_one_sentence_and_nothing_is_kept(
    sqlite_cli: Cli, arguments: list[str], stdin: str, code: int, says: str
) -> None:
    result = sqlite_cli("account", "add", "shopee", "--name", "Orange", *arguments, stdin=stdin)
    assert result.code == code, result
    assert len(result.err.strip().splitlines()) == 1
    assert says in result.err
    assert "KANARI" not in result.out + result.err
    assert sqlite_cli.json("account", "list") == []


def test_a_sign_in_that_the_shop_refuses_is_not_kept(sqlite_cli: Cli, shop: RunningSandbox) -> None:
    for wrong in ({"partner_key": "f" * 64}, {"access_token": "f" * 64}):
        options = json.dumps(shop.account_options | wrong)
        result = sqlite_cli("account", "add", "shopee", "--name", "Orange", "--options", "-", stdin=options)
        assert result.code == 1
        assert "The account was not added. " in result.err
        assert "resume" not in result.err, "there is nothing to resume"
        assert "reconnect" not in result.err
    assert "--options, then run this command again" in result.err
    assert sqlite_cli.json("account", "list") == []


def test_one_more_shop_of_a_sandbox_is_added_from_its_answer_as_it_is(sqlite_cli: Cli, shop: RunningSandbox) -> None:
    answer = Control(shop.control_url).ask("POST", "shops", {"name": "Toko Kedua"})
    sqlite_cli.ok("account", "add", "shopee", "--name", "Dua", "--options", "-", stdin=json.dumps(answer))
    assert sqlite_cli.json("account", "show", "Dua")["shop_name"] == "Toko Kedua"


def test_a_value_that_does_not_fit_is_told_with_those_that_do(sqlite_cli: Cli) -> None:
    options = json.dumps({"app_key": "x", "app_secret": "y", "platforms": "tokped"})
    result = sqlite_cli("account", "add", "tiktok_shop", "--name", "Hijau", "--options", "-", stdin=options)
    assert result.code == 1
    assert "both, tokopedia, tiktok_shop" in result.err
    assert "Where products are shown" in result.err


def test_a_shop_that_is_not_there(sqlite_cli: Cli, shop: RunningSandbox) -> None:
    options = shop.account_options | {"base_url": "http://127.0.0.1:9"}
    result = sqlite_cli("account", "add", "shopee", "--name", "Orange", "--options", "-", stdin=json.dumps(options))
    assert result.code == 1
    assert len(result.err.strip().splitlines()) == 1


def test_the_help_of_account_add_shows_the_connectors_options(sqlite_cli: Cli) -> None:
    shown = sqlite_cli.ok("account", "add", "shopee", "--help").out
    for text in ("--partner-id", "SYNCER_SHOPEE_PARTNER_KEY", "--calls-per-s", "--name"):
        assert text in shown
    assert "no connector" in sqlite_cli.ok("account", "add", "warung", "--help").out


def test_connectors_and_categories(sqlite_cli: Cli, shop: RunningSandbox) -> None:
    cli = sqlite_cli
    rows = cli.json("connectors")
    assert next(row for row in rows if row["name"] == "shopee")["allowed"]
    cli.catalogue()
    join(cli, shop)
    mapped = {row["category"]: row for row in cli.json("map", "list", "--account", "Orange")}
    assert mapped["selendang"]["origin"] == "shipped"
    found = cli.json("map", "suggest", "selendang", "--account", "Orange")
    assert found
    remote_id = found[0]["remote_id"]
    cli.ok("map", "set", "selendang", remote_id, "--account", "Orange")
    mapped = {row["category"]: row for row in cli.json("map", "list", "--account", "Orange")}
    assert (mapped["selendang"]["remote_id"], mapped["selendang"]["origin"]) == (remote_id, "account")
    assert cli("map", "set", "selendang", "12345678", "--account", "Orange").code == 1
    cli.ok("map", "clear", "selendang", "--account", "Orange")
    assert cli("map", "clear", "selendang", "--account", "Orange").code == 1


def test_some_products_of_a_list_are_unknown(sqlite_cli: Cli, shop: RunningSandbox) -> None:
    cli = sqlite_cli
    cli.catalogue()
    join(cli, shop)
    result = cli("publish", "MK", "TIDAK-ADA", "--account", "Orange")
    assert result.code == 3
    assert "TIDAK-ADA" in result.err
    assert [row["handle"] for row in cli.json("listings")] == ["MK"]
    assert cli("publish", "TIDAK-ADA", "--account", "Orange").code == 1
    assert cli("publish", "--account", "Orange").code == 2
    assert cli("publish", "MK", "--all", "--account", "Orange").code == 2


def test_status_tells_how_long_stock_waits(sqlite_cli: Cli, shop: RunningSandbox) -> None:
    cli = sqlite_cli
    published(cli, shop)
    cli.ok("stock", "set", "MK-1", "1")
    time.sleep(0.2)
    row = cli.json("status")[0]
    assert row["oldest_unsent_stock_s"] >= 0.1
    assert row["counts"] == {"live": 2}
    assert row["sign_in_expires_at"] is not None
    assert "Orange" in cli.ok("status").out
    cli.ok("sync")
    assert cli.json("status")[0]["oldest_unsent_stock_s"] is None


def test_status_says_which_shops_share_a_budget(sqlite_cli: Cli, shop: RunningSandbox) -> None:
    cli = sqlite_cli
    join(cli, shop)
    assert "share" not in cli.ok("status").out
    request = urllib.request.Request(
        f"{shop.control_url}/shops", json.dumps({"name": "Dua"}).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=5) as answer:
        second = json.load(answer)["options"]
    options = json.dumps({"account": {"options": {**json.loads(first_line(shop))["account"]["options"], **second}}})
    cli.ok("account", "add", "shopee", "--name", "Jingga", "--options", "-", stdin=options)
    shown = [line for line in cli.ok("status").out.splitlines() if "share one budget" in line]
    assert len(shown) == 1, "one sentence for both"
    assert shown[0].startswith("Jingga and Orange share one budget of calls")
    assert {row["name"]: row["shares_budget_with"] for row in cli.json("status")} == {
        "Jingga": ["Orange"],
        "Orange": ["Jingga"],
    }
    cli.env("SYNCER_LANGUAGE", "id")
    assert "Jingga dan Orange memakai satu jatah panggilan" in cli.ok("status").out


def test_the_doctor(sqlite_cli: Cli, shop: RunningSandbox) -> None:
    cli = sqlite_cli
    join(cli, shop)
    found = {row["subject"]: row for row in cli.json("doctor", "--online")}
    assert found["Database"]["good"] is True
    assert found["Orange"]["good"] is True
    assert "60 seconds" in found["Webhooks"]["message"]
    cli.env("SYNCER_PUBLIC_URL", "https://syncer.example.org/")
    told = {row["subject"]: row["message"] for row in cli.json("doctor")}
    assert "https://syncer.example.org/webhooks/shopee/" in told["Webhooks"]
    (cli.home / "secret.key").chmod(0o644)
    result = cli("doctor", "--json")
    assert result.code == 3
    bad = [row for row in result.json if row["good"] is False]
    assert any("chmod" in row["message"] for row in bad)
