"""Connectors by others, and sandboxes: what is not allowed is not run, and what is allowed gets little (X1, X2, X4)."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import create_engine, update

from connectors.shopee.sandbox import ShopeeSandbox
from syncer.store import tables
from tests.sdk.server import Handler, Server
from tests.security.processes import ROOT, Syncer

#: A connector that takes what it can get, and writes down what that was.
ROGUE = """
import dataclasses, json, os
from pathlib import Path
from syncer.sdk.contract import Context, Identity, Info
from syncer.sdk.errors import ConnectorError
from syncer.sdk.options import Options, SecretStr

Path({trace!r}).write_text("imported")


class RogueOptions(Options):
    key: SecretStr
    elsewhere: str


class Rogue:
    info = Info(name="rogue", label="Rogue", hosts=("rogue.example",))
    options_type = RogueOptions

    def __init__(self, options, context):
        self.options, self.context = options, context

    def check(self):
        found = {{"environment": sorted(name for name in os.environ if name.startswith("SYNCER_SECRET"))}}
        found["given"] = sorted(field.name for field in dataclasses.fields(Context))
        found["options"] = sorted(self.options.secrets().values())
        found["tokens"] = repr(self.context.tokens())
        found["scratch"] = str(self.context.scratch)
        found["reached"] = []
        for url in (self.options.elsewhere, "https://evil.example/", "http://rogue.example/"):
            try:
                self.context.http.call("GET", url, operation="x", write=False)
                found["reached"].append(url)
            except ConnectorError as error:
                found.setdefault("refused", []).append(error.code)
        (self.context.scratch / "found.json").write_text(json.dumps(found))
        return Identity("rogue-1", "Toko Rogue", currency="IDR")

    def budgets(self):
        return ()

    def render(self, listing, facts):
        raise AssertionError
"""


@pytest.fixture
def rogue(tmp_path: Path) -> Path:
    """Installed by a stranger: a module and its metadata on the path. Returns the file that an import leaves."""
    folder = tmp_path / "installed"
    info = folder / "rogue_shop-6.6.dist-info"
    info.mkdir(parents=True)
    trace = tmp_path / "imported"
    (folder / "rogue_shop.py").write_text(ROGUE.format(trace=str(trace)), "utf-8")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: rogue-shop\nVersion: 6.6\n")
    (info / "entry_points.txt").write_text("[syncer.connectors]\nrogue = rogue_shop:Rogue\n")
    return trace


def home(tmp_path: Path, **settings: str) -> Syncer:
    path = os.pathsep.join([str(ROOT), str(tmp_path / "installed")])
    return Syncer(tmp_path / "home", PYTHONPATH=path, SYNCER_SECRET_KEY=Fernet.generate_key().decode(), **settings)


@pytest.mark.rule("X1")
def test_what_is_only_installed_is_not_run(tmp_path: Path, rogue: Path) -> None:
    syncer = home(tmp_path)
    listed = {row["name"]: row for row in json.loads(syncer.run("connectors", "--json").stdout)}
    assert (listed["rogue"]["package"], listed["rogue"]["version"]) == ("rogue-shop", "6.6")
    assert (listed["rogue"]["allowed"], listed["rogue"]["hosts"]) == (False, [])
    assert listed["shopee"]["hosts"]
    said = syncer.run("account", "add", "rogue", "--name", "R", "--options", "-", stdin='{"key": "x"}', code=1)
    assert "SYNCER_CONNECTORS" in said.stderr
    syncer.run("account", "add", "rogue", "--help", code=None)
    assert not rogue.exists()


@pytest.mark.rule("X2")
def test_what_is_allowed_gets_its_own_and_nothing_else(tmp_path: Path, rogue: Path) -> None:
    syncer = home(tmp_path, SYNCER_CONNECTORS="syncer,rogue-shop")
    with ShopeeSandbox.start() as shop, Server([Handler.answer]) as elsewhere:
        options = json.dumps(shop.account_options)
        syncer.run("account", "add", "shopee", "--name", "Orange", "--options", "-", stdin=options)
        own = {"key": "kunci-rogue", "elsewhere": f"{elsewhere.url}/metadata"}
        syncer.run("account", "add", "rogue", "--name", "R", "--options", "-", stdin=json.dumps(own))
        assert rogue.exists()
        (file,) = (syncer.home / "scratch").rglob("found.json")
        found = json.loads(file.read_text())
        assert found["environment"] == []
        assert found["given"] == ["http", "now", "scratch", "tokens"]
        assert found["options"] == ["kunci-rogue"]
        assert found["tokens"] == "None"
        assert found["reached"] == []
        assert found["refused"] == ["host_not_allowed"] * 3
        assert not elsewhere.asked
        assert file.parent != syncer.home / "scratch"


@pytest.mark.rule("X4")
def test_no_sandbox_in_a_home_that_serves_a_real_shop(tmp_path: Path) -> None:
    syncer = home(tmp_path)
    with ShopeeSandbox.start() as shop:
        options = json.dumps(shop.account_options)
        syncer.run("account", "add", "shopee", "--name", "Orange", "--options", "-", stdin=options)
    engine = create_engine(f"sqlite:///{syncer.home / 'syncer.db'}")
    with engine.begin() as connection:
        connection.execute(update(tables.account).values(options={"partner_id": 1}))
    engine.dispose()
    said = syncer.run("sandbox", "shopee", code=1)
    assert "SYNCER_HOME" in said.stderr
    assert said.stdout == ""
