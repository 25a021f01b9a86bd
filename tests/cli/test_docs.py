"""What is written down is what the program does: the manual, the README, JSON keys, both languages, the unit."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from syncer.cli import kit
from syncer.cli.main import COMMANDS, app
from syncer.cli.manual import JSON_KEYS, manual
from syncer.cli.texts import set_language
from syncer.sdk.sandbox import RunningSandbox
from tests.cli.conftest import Cli, give_photos, join
from tests.cli.test_sharing import made_to_order
from tests.cli.test_shops import control, there

ROOT = Path(__file__).parents[2]
PAGES = ("README.md", "docs/operations.md", "CONTRIBUTING.md")


def walk(language: str) -> Iterator[tuple[str, Any]]:
    """Every command with its path, in one language."""
    set_language(language)

    def inner(path: str, found: Any) -> Iterator[tuple[str, Any]]:
        yield path, found
        for name, one in getattr(found, "commands", {}).items():
            yield from inner(f"{path} {name}", one)

    for name, place in COMMANDS.items():
        yield from inner(name, kit.load(name, place))


def test_the_manual_is_what_the_commands_say() -> None:
    written = (ROOT / "docs" / "cli.md").read_text("utf-8")
    assert written == manual(), "run: make manual"


def test_every_help_text_is_in_both_languages() -> None:
    texts: dict[str, dict[str, str]] = {}
    for language in ("id", "en"):
        for path, found in walk(language):
            texts.setdefault(path, {})[language] = found.help or ""
            for one in found.params:
                texts.setdefault(f"{path} {one.name}", {})[language] = one.help or ""
    for path, both in texts.items():
        assert both["id"], path
        assert both["en"], path
        assert both["id"] != both["en"] or "," in both["id"], path
        assert "\x1f" not in both["id"] + both["en"]


def test_help_is_shown_for_every_command(sqlite_cli: Cli) -> None:
    for path, _found in walk("en"):
        shown = sqlite_cli.ok(*path.split(), "--help").out
        assert "Usage" in shown, path


def test_every_list_has_json() -> None:
    with_json = {path for path, found in walk("en") if any("--json" in one.opts for one in found.params)}
    for name in JSON_KEYS:
        command = re.sub(r" (/ .*|\(.*)$", "", name)
        assert command in with_json, name


def blocks(page: str) -> Iterator[list[str]]:
    """The words of each command line of a page that begins with ``syncer`` (or ends in a pipe to it)."""
    text = (ROOT / page).read_text("utf-8")
    for block in re.findall(r"^```[a-z]*\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            for part in re.split(r"\|\||&&|(?<!\|)\|(?!\|)", line.partition(" #")[0]):
                words = shlex.split(part.replace("&", "").partition(">")[0])
                if words and re.fullmatch(r"(.*/)?syncer", words[0]) and "()" not in part:
                    yield words[1:]


@pytest.mark.parametrize("page", PAGES)
def test_the_commands_of_a_page_exist(page: str) -> None:
    known = dict(walk("en"))
    found = list(blocks(page))
    for words in found:
        path = words[0]
        rest = words[1:]
        while rest and f"{path} {rest[0]}" in known:
            path, rest = f"{path} {rest[0]}", rest[1:]
        flags = {flag for one in known[path].params for flag in [*one.opts, *one.secondary_opts]} | {"--help"}
        for word in rest:
            if word.startswith("--"):
                assert word.partition("=")[0] in flags, (page, words)


def test_pages_link_to_what_exists() -> None:
    for page in (*PAGES, "docs/architecture.md"):
        text = (ROOT / page).read_text("utf-8")
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text):
            if "://" not in target:
                assert ((ROOT / page).parent / target).exists(), (page, target)


def keys_of(cli: Cli, *arguments: str) -> set[str]:
    value = cli(*arguments, "--json").json
    first = value[0] if isinstance(value, list) else value
    return set(first)


def test_json_keys_are_those_of_the_manual(sqlite_cli: Cli, shop: RunningSandbox) -> None:
    cli = sqlite_cli
    cli.catalogue()
    give_photos(cli, "SL")
    join(cli, shop)
    cli.ok("publish", "--all", "--account", "Orange")
    plan = keys_of(cli, "plan")
    assert cli("sync").code == 3
    item = there(shop)["Selendang Tenun Tepi Benang"]
    for number in range(60):
        # What we wrote ourselves must have settled before a change there counts as somebody else's.
        control(shop, "edit", {"remote_id": item["remote_id"], "title": f"Selendang Diubah Orang {number}"})
        if cli("drift", "--look", "--json").json:
            break
        time.sleep(0.5)
    cli.catalogue()
    seen = {
        "products": keys_of(cli, "products"),
        "products / variants": set(cli.json("products")[0]["variants"][0]),
        "stock": keys_of(cli, "stock"),
        "stock history": keys_of(cli, "stock", "history", "MK-1"),
        "price": keys_of(cli, "price"),
        "location": keys_of(cli, "location"),
        "connectors": keys_of(cli, "connectors"),
        "account list": keys_of(cli, "account", "list"),
        "account adopt (an object)": keys_of(cli, "account", "adopt", "Orange"),
        "account adopt / rows": set(cli.json("account", "adopt", "Orange")["rows"][0]),
        "map list": keys_of(cli, "map", "list", "--account", "Orange"),
        "map suggest": keys_of(cli, "map", "suggest", "selendang", "--account", "Orange"),
        "plan": plan,
        "status": keys_of(cli, "status"),
        "listings": keys_of(cli, "listings"),
        "listings / offers": set(cli.json("listings", "SL")[0]["offers"][0]),
        "problems": keys_of(cli, "problems"),
        "drift": keys_of(cli, "drift"),
        "sync": keys_of(cli, "sync"),
        "doctor": keys_of(cli, "doctor"),
        "key status": keys_of(cli, "key", "status"),
        "import (an object)": keys_of(cli, "import", "katalog.csv"),
        "publish (an object)": keys_of(cli, "publish", "MK", "--account", "Orange"),
        **order_keys(cli),
        **share_keys(cli),
    }
    assert seen == {name: set(keys) for name, keys in JSON_KEYS.items()}


def share_keys(cli: Cli) -> dict[str, set[str]]:
    """What the lists hold that say who may show how much."""
    cli.ok("stock", "set", "SL-M", "3")
    made_to_order(cli)
    cli.ok("capacity", "set", "Ibu Sari", "4")
    cli.ok("bundle", "set", "SL-B", "SL-M:1")
    days = ("--from", "2026-01-01", "--to", "2999-01-01")
    cli.ok("reserve", "SL-M", "1", "--account", "Orange", "--campaign", "Gebyar", *days)
    return {
        "reserve list": keys_of(cli, "reserve", "list"),
        "bundle list": keys_of(cli, "bundle", "list"),
        "bundle list / parts": set(cli.json("bundle", "list")[0]["parts"][0]),
        "capacity list": keys_of(cli, "capacity", "list"),
    }


def order_keys(cli: Cli) -> dict[str, set[str]]:
    """What the lists of orders hold; more is sold than there is on the way."""
    (cli.folder / "terjual.csv").write_text("SKU,Qty,Date\nMK-1,1,2026-11-20\n", "utf-8")
    return {
        "sale (an object)": keys_of(cli, "sale", "SL-M", "9"),
        "orders": keys_of(cli, "orders"),
        "orders / lines": set(cli.json("orders")[0]["lines"][0]),
        "orders inbox (an object)": keys_of(cli, "orders", "inbox"),
        "orders oversold": keys_of(cli, "orders", "oversold"),
        "orders oversold / orders": set(cli.json("orders", "oversold")[0]["orders"][0]),
        "orders import (an object)": keys_of(cli, "orders", "import", "terjual.csv", "--partner", "Galeri"),
        "stock audit (an object)": keys_of(cli, "stock", "audit"),
        "stock audit / variants": set(cli("stock", "audit", "--json").json["variants"][0]),
        "account go-live (an object)": keys_of(cli, "account", "go-live", "Orange"),
    }


def test_the_version(sqlite_cli: Cli) -> None:
    assert re.fullmatch(r"syncer \d+\.\d+\.\d+\n", sqlite_cli.ok("--version").out)


def test_the_unit_is_closed() -> None:
    """Rule O1."""
    unit = ROOT / "deploy" / "syncer.service"
    text = unit.read_text("utf-8")
    for line in (
        "User=syncer", "UMask=0077", "StateDirectoryMode=0700", "NoNewPrivileges=yes", "CapabilityBoundingSet=",
        "ProtectSystem=strict", "ProtectHome=yes", "PrivateTmp=yes", "MemoryMax=768M", "LimitCORE=0",
        "SystemCallFilter=@system-service", "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX",
    ):  # fmt: skip
        assert line in text.splitlines(), line
    assert re.search(r"^LoadCredential=secret_key:", text, re.MULTILINE)
    tool = shutil.which("systemd-analyze")
    if tool is not None:
        done = subprocess.run(
            [tool, "security", "--offline=yes", "--no-pager", str(unit)], capture_output=True, text=True, check=False
        )
        found = re.search(r"exposure level for \S+: ([0-9.]+)", done.stdout)
        if found is not None:  # an older tool can't judge a file
            assert float(found[1]) <= 2.0


def test_commands_are_built_once_each() -> None:
    root: Any = typer.main.get_command(app)
    assert root.list_commands(None) == list(COMMANDS)
