"""What a person at a terminal meets: questions, progress, the consent of a shop, and the demo."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from config.settings import load_settings
from syncer.cli.demo.check import compare
from syncer.cli.demo.home import demo_settings
from syncer.cli.demo.shops import SHOPS, OpenShop
from syncer.cli.desk import Desk
from tests.cli.conftest import CATALOGUE
from tests.end_to_end.conftest import House, wait_until
from tests.end_to_end.terminal import Terminal


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


def press_the_button(address: str) -> str:
    """Allow Syncer on the sandbox's consent page, as the shop's owner does; return where it leads."""
    with urllib.request.urlopen(address, timeout=60) as page:
        html = page.read().decode()
    base = "{0.scheme}://{0.netloc}".format(urllib.parse.urlsplit(address))
    ticket = re.search(r'name="ticket" value="([^"]+)"', html)
    shop = re.search(r'name="shop_id" value="([^"]+)"', html)
    assert ticket
    assert shop
    form = urllib.parse.urlencode({"ticket": ticket[1], "shop_id": shop[1]}).encode()
    request = urllib.request.Request(f"{base}/consent", data=form, headers={"Origin": base})
    try:
        urllib.request.build_opener(_Stay).open(request, timeout=60)
    except urllib.error.HTTPError as answer:
        return str(answer.headers["Location"])
    raise AssertionError("the page leads nowhere")


def with_sandbox(house: House) -> dict[str, object]:
    """Start a sandbox and return the options of an account that has not signed in yet."""
    process = house.start("sandbox", "shopee", "--set", "burst_per_s=200")
    assert process.stdout is not None
    house.shop = json.loads(process.stdout.readline())
    options = dict(house.shop["account"]["options"])
    for name in ("access_token", "refresh_token", "access_expires_at", "shop_id"):
        options.pop(name)
    return options


def test_a_shop_gives_its_consent_to_a_page_of_ours(sqlite_house: House) -> None:
    house = sqlite_house
    (house.home / "shopee.json").write_text(json.dumps(with_sandbox(house)), "utf-8")
    at = Terminal(
        ["account", "add", "shopee", "--name", "Orange", "--options", "shopee.json"], house.environment, house.home
    )
    address = at.wait_for(r"(http://127\.0\.0\.1:\d+/\S+)")[1]
    leads_to = press_the_button(address)
    assert leads_to.startswith("http://127.0.0.1:")
    with urllib.request.urlopen(leads_to, timeout=60) as page:
        assert "terminal" in page.read().decode()
    at.wait_for(r'The shop is "Toko Orange"')
    at.type("y")
    at.wait_for("connected to Toko Orange")
    assert at.end() == 0
    assert house.json("account", "list")[0]["state"] == "active"
    code = urllib.parse.parse_qs(urllib.parse.urlsplit(leads_to).query)["code"][0]
    assert code not in at.text


def test_a_shop_gives_its_consent_and_the_address_is_pasted(sqlite_house: House) -> None:
    house = sqlite_house
    options = with_sandbox(house)
    said = house.run("account", "add", "shopee", "--name", "Orange", "--options", "-", stdin=json.dumps(options))
    assert "syncer account reconnect Orange" in said.stdout
    assert house.json("account", "list")[0]["state"] == "sign_in_needed"
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "syncer.cli",
            "account",
            "reconnect",
            "Orange",
            "--redirect",
            "http://127.0.0.1/kembali",
        ],
        env=house.environment,
        cwd=house.home,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    process.stdout.readline()
    leads_to = press_the_button(process.stdout.readline().strip())
    out, err = process.communicate(leads_to + "\n", timeout=100)
    assert process.returncode == 0, (out, err)
    assert house.json("account", "list")[0]["state"] == "active"


def test_a_shop_gives_its_consent_where_there_is_no_terminal(sqlite_house: House) -> None:
    house = sqlite_house
    house.run("account", "add", "shopee", "--name", "Orange", "--options", "-", stdin=json.dumps(with_sandbox(house)))

    def reconnect(*more: str) -> subprocess.CompletedProcess[str]:
        line = [sys.executable, "-m", "syncer.cli", "account", "reconnect", "Orange", *more]
        return subprocess.run(
            line,
            check=False,
            env=house.environment,
            cwd=house.home,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )

    asked = reconnect()
    assert asked.returncode == 3
    assert "✓" not in asked.stdout
    address = asked.stderr.splitlines()[1].strip()
    assert "syncer account reconnect Orange --answer" in asked.stderr
    leads_to = press_the_button(address)
    assert reconnect("--answer", leads_to.replace("state=", "state=x")).returncode == 1, (
        "not the answer to our question"
    )
    leads_to = press_the_button(reconnect().stderr.splitlines()[1].strip())
    given = reconnect("--answer", leads_to)
    assert given.returncode == 0, given
    assert "connected to Toko Orange" in given.stdout
    assert house.json("account", "list")[0]["state"] == "active"
    assert reconnect("--answer", leads_to).returncode == 1, "an answer works once"


def test_a_question_before_something_that_is_hard_to_take_back(sqlite_house: House) -> None:
    house = sqlite_house
    (house.home / "katalog.csv").write_text(CATALOGUE, "utf-8")
    house.run("import", "katalog.csv")
    no = Terminal(["products", "delete", "MK"], house.environment, house.home)
    no.wait_for(r"\[y/N\]")
    no.type("n")
    assert no.end() == 130
    assert len(house.json("products")) == 2
    yes = Terminal(["products", "delete", "MK"], house.environment, house.home)
    yes.wait_for(r"\[y/N\]")
    yes.type("y")
    assert yes.end() == 0
    assert len(house.json("products")) == 1


def test_tables_and_progress_on_a_terminal(sqlite_house: House) -> None:
    house = sqlite_house
    (house.home / "katalog.csv").write_text(CATALOGUE, "utf-8")
    importing = Terminal(["import", "katalog.csv"], house.environment, house.home)
    assert importing.end() == 0
    assert "NEW" in importing.text
    assert re.search(r"\d+/\d+ rows", importing.text), "the bar names what it counts"
    listed = Terminal(["products"], house.environment, house.home)
    assert listed.end() == 0
    assert "Mangkuk Kopi Tanah Liat" in listed.text
    assert "\x1b[" in listed.raw


@pytest.mark.timeout(400)
def test_the_demo_proves_itself(tmp_path: Path, sqlite_house: House) -> None:
    environment = sqlite_house.environment
    (tmp_path / ".env").write_text("SYNCER_DATABASE_URL=postgresql://nobody@127.0.0.1:9/real\n", "utf-8")
    (tmp_path / ".env").chmod(0o600)
    done = subprocess.run(
        [sys.executable, "-m", "syncer.cli", "demo", "--once"],
        env={name: value for name, value in environment.items() if name != "SYNCER_DATABASE_URL"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done
    for shop in ("Toko Orange", "Toko Hijau"):
        assert f"{shop}: 38 of 40 products are live, 2 need you." in done.stdout
    for handle in ("CPT-RJT-001", "PAR-DPR-003", "SRP-BTK-004", "SUT-ECO-003"):
        assert f"    {handle} " in done.stdout, "what a shop can't take is named, with the reason"
    rows = [
        line for line in done.stdout.splitlines() if re.search(r" (live|needs mending) +(live|needs mending)$", line)
    ]
    assert len(rows) == 40
    assert "Both shops equal the catalogue, field by field" in done.stdout
    assert (tmp_path / ".demo" / "demo").exists()
    assert not (sqlite_house.home / "syncer.db").exists(), "nothing real was touched"


def change_there(address: str, sku: str, **change: object) -> None:
    """A person changes something in a sandbox shop."""
    body = json.dumps({"sku": sku, **change}).encode()
    request = urllib.request.Request(f"{address}/control/edit", data=body, headers={"Content-Type": "application/json"})
    urllib.request.urlopen(request, timeout=60).close()


def compare_finds_each_difference(home: Path, addresses: dict[str, str]) -> None:
    """What somebody changes in a shop differs there, and nothing else does, until the next look puts it back."""
    desk = Desk(demo_settings(load_settings({"SYNCER_HOME": str(home)}), home))
    for shop in SHOPS:
        address = addresses[shop.name]
        there = OpenShop(shop, {}, f"{address}/control", ())
        changed = {
            ("SRP-KRM-001", "title"): "Mangkuk yang Diubah Orang Lain di Sana",
            ("SRP-KRM-001", "SRP-KRM-001 price"): 1000,
        }

        def seen(there: OpenShop = there, address: str = address, changed: Any = changed) -> bool:
            wait_until(lambda: not compare(desk, there), "the shop equals the catalogue")
            change_there(address, "SRP-KRM-001", title="Mangkuk yang Diubah Orang Lain di Sana", price=1000)
            found = {(one.handle, one.field): one.shown for one in compare(desk, there)}
            assert found.items() <= changed.items(), "nothing else differs"
            return found == changed

        # The daemon's look may come between the change and the comparison, on a slow machine above all.
        wait_until(seen, "the differences are found")
    desk.bare_engine.dispose()


@pytest.mark.timeout(400)
def test_the_demo_to_watch(tmp_path: Path, sqlite_house: House) -> None:
    at = Terminal(["demo"], sqlite_house.environment, tmp_path)
    for shop in ("Toko Orange", "Toko Hijau"):
        at.wait_for(rf"{shop}: 38 of 40 products are live, 2 need you", 120)
    orange = at.wait_for(r"Toko Orange \(Shopee\) +(http://127\.0\.0\.1:\d+)/shop")[1]
    hijau = at.wait_for(r"Toko Hijau \(Tokopedia\) +(http://127\.0\.0\.1:\d+)/shop")[1]
    at.wait_for(rf"Toko Hijau \(TikTok Shop\) +{hijau}/shop\?on=tiktok_shop")
    command = at.wait_for(r"SYNCER_HOME=(\S+) (\S+) stock set (\S+) (\d+)")
    assert command[1] == ".demo"
    environment = sqlite_house.environment | {"SYNCER_HOME": command[1], "SYNCER_DATABASE_URL": ""}
    done = subprocess.run(
        [command[2], "stock", "set", command[3], command[4]],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done
    compare_finds_each_difference(tmp_path / ".demo", {"Toko Orange": orange, "Toko Hijau": hijau})
    second = subprocess.run(
        [sys.executable, "-m", "syncer.cli", "demo"],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert second.returncode == 1
    assert "still running" in second.stderr
    at.interrupt()
    assert at.end() == 0
    assert "demo --keep" in at.text


def test_a_folder_that_is_no_demo_is_left_alone(tmp_path: Path, sqlite_house: House) -> None:
    (tmp_path / "penting").mkdir()
    (tmp_path / "penting" / "skripsi.txt").write_text("jangan dihapus", "utf-8")
    done = sqlite_house.run("demo", "--once", "--home", str(tmp_path / "penting"), code=1)
    assert done.stderr.count("\n") == 1
    assert (tmp_path / "penting" / "skripsi.txt").exists()
