"""A whole life with secrets that can be found again: accounts, import, publishing, faults, daemon, backup, restore.

One run is made; then everything that came out of it is searched. Each secret is ``KANARI-<kind>-<random>``.
"""

from __future__ import annotations

import base64
import io
import json
import re
import socket
import stat
import time
import traceback
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from cryptography.fernet import Fernet
from PIL import Image
from sqlalchemy import select

from connectors.shopee import sandbox_tokens
from connectors.shopee.sandbox import PARTNER_ID, ShopeeSandbox
from syncer.channels.connectors import open_connector
from syncer.channels.records import load_accounts
from syncer.sdk.errors import ConnectorError
from syncer.sdk.sandbox import RunningSandbox
from syncer.store import tables
from syncer.store.engine import open_engine, read
from syncer.store.sealed import open_keys
from tests.sdk.server import Server
from tests.security.processes import Syncer, orders

SHOP = "Toko\x1b]0;diambil\x07 [bold red]Merah[/] [link=https://evil.example]klik[/link]\u202e"
TITLE = "Mangkuk [blink]kedip[/blink] [link=https://evil.example]kayu[/link] jati"


class Canaries:
    """Secrets of this run, each of a kind."""

    def __init__(self) -> None:
        self.all: list[str] = []

    def new(self, kind: str) -> str:
        import secrets

        made = f"KANARI-{kind}-{secrets.token_hex(8)}"
        self.all.append(made)
        return made

    def shapes(self) -> Iterator[tuple[str, bytes]]:
        """Yield every secret as it might stand somewhere: plain, in base64 at any offset, in hex."""
        for secret in self.all:
            raw = secret.encode()
            yield secret, raw
            yield secret, raw.hex().encode()
            for shift in range(3):
                code = base64.b64encode(b"x" * shift + raw)
                yield secret, code[4 if shift else 0 : -4]

    def hits(self, where: str, content: bytes) -> list[str]:
        return [f"{secret} in {where}" for secret, shape in self.shapes() if shape in content]


class Run:
    """What the run left behind."""

    def __init__(self, folder: Path, canaries: Canaries, sandbox: RunningSandbox, syncer: Syncer) -> None:
        self.folder, self.canaries, self.sandbox, self.syncer = folder, canaries, sandbox, syncer
        self.keys = ""
        self.bought = ""

    def control(self, method: str, name: str, body: Any = None) -> Any:
        return requests.request(method, f"{self.sandbox.control_url}/{name}", json=body, timeout=60).json()

    def wait(self, condition: Any, seconds: float = 60.0) -> None:
        until = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < until, "the shop never got there"
            time.sleep(0.05)

    def stocks(self) -> dict[str, int]:
        rows = self.control("GET", "listings")
        return {one["sku"]: one["stock"] for row in rows for one in row["offers"] if row["status"] != "deleted"}


CATALOGUE = """sku,product_code,title,description,category_key,price_idr,stock,weight_g,photos
MK-1,mangkuk-1,"{title}",Mangkuk kayu jati buatan tangan dari Serpong yang halus dan kuat.,batik-tulis,185000,5,400,{photo}
MK-2,mangkuk-2,Piring kayu mahoni bulat,Piring kayu mahoni buatan tangan dari Serpong yang halus dan kuat.,batik-tulis,95000,4,400,{photo}
MK-3,mangkuk-3,Baris tanpa harga,Yang ini tidak masuk.,batik-tulis,=HYPERLINK("x"),4,400,
"""  # noqa: E501


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (600, 600), (120, 80, 40)).save(out, "JPEG")
    return out.getvalue()


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    folder = tmp_path
    canaries = Canaries()
    original = sandbox_tokens.secrets
    # The sandbox gives out tokens and codes that can be found again.
    sandbox_tokens.secrets = type("Found", (), {"token_hex": staticmethod(lambda _n: canaries.new("token"))})
    sandbox = ShopeeSandbox({"burst_per_s": 10_000, "review_delay_s": 0.05, "variation_wait_s": 0.05})
    sandbox.store.apps[PARTNER_ID].partner_key = canaries.new("partner")
    try:
        with RunningSandbox(sandbox) as running:
            next(iter(sandbox.store.shops.values())).name = SHOP
            old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
            canaries.all += [old, new]
            syncer = Syncer(
                folder / "home", SYNCER_SECRET_KEY=old, SYNCER_ALLOW_PRIVATE_IMAGES="1", SYNCER_LOG_LEVEL="DEBUG"
            )
            made = Run(folder, canaries, running, syncer)
            made.keys = f"{new},{old}"
            with Server([lambda handler: handler.answer(body=picture(), Content_Type="image/jpeg")]) as photos:
                _live(made, photos.url)
            yield made
    finally:
        sandbox_tokens.secrets = original


def _live(run: Run, photos: str) -> None:
    syncer = run.syncer
    options = {**run.sandbox.account_options, "variation_pause_s": 0.1, "review_check_s": 0.1, "late_write_s": 0.3}
    options |= {"search_lag_s": 0.2, "read_lag_s": 0.1, "calls_per_s": 500}
    wrong = {**options, "partner_key": run.canaries.new("wrong")}
    syncer.run("account", "add", "shopee", "--name", "Salah", "--options", "-", stdin=json.dumps(wrong), code=1)
    syncer.run("account", "add", "shopee", "--name", "Salah", "--partner-key", run.canaries.new("flag"), code=2)
    syncer.run("account", "add", "shopee", "--name", "Orange", "--options", "-", stdin=json.dumps(options))
    catalogue = run.folder / "katalog.csv"
    catalogue.write_text(CATALOGUE.format(title=TITLE, photo=f"{photos}/a.jpg"), "utf-8")
    syncer.run("import", str(catalogue), code=3)
    syncer.run("plan", "--json")
    syncer.run("publish", "--all", "--account", "Orange")
    syncer.run("sync", code=None)
    run.wait(lambda: {"MK-1", "MK-2"} <= set(run.stocks()))
    _faults(run)
    _person_edits(run)
    _consent(run)
    syncer.several(
        "account list --json",
        "account show Orange --json",
        "status --json",
        "problems --json",
        "listings --timeline --json",
        "drift --json",
        "doctor --json",
        "products",
        "orders --json",
        f"orders show {run.bought}",
        "orders inbox",
        "orders oversold",
        "stock audit",
        f"export {run.folder}/keluar.csv",
        f"export {run.folder}/keluar.xlsx",
    )
    syncer.environment["SYNCER_SECRET_KEY"] = run.keys
    syncer.several("key rotate", "key status --json", f"db backup {run.folder}/cadangan.zip")


def _faults(run: Run) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    public = f"http://127.0.0.1:{port}"
    run.control("POST", "webhooks", {"url": f"{public}/webhooks/shopee/{PARTNER_ID}"})
    with run.syncer.daemon(SYNCER_WEB_PORT=str(port), SYNCER_PUBLIC_URL=public):
        _somebody_buys(run)
        for number, fault in enumerate(
            (
                {"fault": "token_revoked"},
                {"fault": "error_before"},
                {"fault": "answer_lost"},
                {"fault": "rate_limited"},
            ),
            start=20,
        ):
            run.control("POST", "faults", {**fault, "operation": "product.update_stock", "times": 1, "ms": 100})
            run.syncer.run("stock", "set", "MK-1", str(number))
            run.wait(lambda wanted=number: run.stocks().get("MK-1") == wanted)
    run.control("DELETE", "faults")


def _somebody_buys(run: Run) -> None:
    """A buyer who is in no other place; a webhook tells the daemon."""
    run.bought = run.control("POST", "orders", {"lines": [{"sku": "MK-2", "quantity": 1}]})["order_id"]
    run.wait(lambda: any(one["accepted"] for one in run.control("GET", "webhooks")["sent"]))
    for order in run.control("GET", "orders"):
        run.canaries.all += [order["buyer"][name] for name in ("name", "phone", "address", "note", "user_name")]


def _person_edits(run: Run) -> None:
    listing = next(row for row in run.control("GET", "listings") if row["title"].startswith("Piring"))
    run.control("POST", "edit", {"remote_id": listing["remote_id"], "title": f"Piring {SHOP}"})
    run.syncer.run("drift", code=None)
    run.syncer.run("sync", code=None)


def _consent(run: Run) -> None:
    """Sign in again on the platform's page: the code of the redirect is a secret too."""
    import subprocess

    from tests.security.processes import COMMAND

    process = subprocess.Popen(
        [*COMMAND, "account", "reconnect", "Orange", "--redirect", "http://127.0.0.1/kembali"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=run.syncer.environment,
        cwd=run.folder,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if "auth_partner" in line:
            break
    query = parse_qs(urlsplit(said[-1].strip()).query)
    redirect = query["redirect"][0]
    answer = run.control("POST", "consents", {"redirect": redirect, "state": query.get("state", [""])[0]})["url"]
    out, _ = process.communicate(answer + "\n", timeout=100)
    run.syncer.said["account reconnect"] = out
    assert process.returncode == 0, out


# --- what is searched -----------------------------------------------------------------------------------------


def _no_secret_in_anything_that_was_said(run: Run) -> None:
    assert len(run.canaries.all) > 10, "tokens were refreshed, so there are many"
    hits = [hit for words, text in run.syncer.said.items() for hit in run.canaries.hits(words, text.encode())]
    assert hits == []
    log = run.syncer.said["run"]
    assert '"outcome"' in log, "the daemon did log"


def _the_order_was_read(run: Run) -> None:
    """So that there was something about its buyer to be found."""
    assert run.bought in run.syncer.said["orders --json"]


def _no_secret_in_any_file(run: Run) -> None:
    """The strings of the database with its journal, backups unpacked, exports, the returned file, pictures."""
    hits: list[str] = []
    seen = 0
    for path in run.folder.rglob("*"):
        if not path.is_file():
            continue
        seen += 1
        content = path.read_bytes()
        hits += run.canaries.hits(path.name, content)
        if content.startswith(b"PK"):
            with zipfile.ZipFile(path) as archive:
                for part in archive.namelist():
                    hits += run.canaries.hits(f"{path.name}/{part}", archive.read(part))
    assert hits == []
    assert seen >= 6
    assert not list(run.folder.rglob("secret.key")), "the key came from the environment, so no file holds it"


def _no_secret_in_the_database_or_the_call_log(run: Run) -> None:
    engine = open_engine(f"sqlite:///{run.syncer.home / 'syncer.db'}", home=run.syncer.home)
    try:
        with read(engine) as connection:
            for table in tables.metadata.sorted_tables:
                rows = repr([tuple(row) for row in connection.execute(select(table))])
                assert run.canaries.hits(table.name, rows.encode()) == []
            calls = list(connection.execute(select(tables.call_log.c.operation)).scalars())
    finally:
        engine.dispose()
    assert "product.update_stock" in calls


def _no_secret_in_reprs_and_tracebacks(run: Run) -> None:
    engine = open_engine(f"sqlite:///{run.syncer.home / 'syncer.db'}", home=run.syncer.home)
    try:
        keys = open_keys(engine, run.syncer.home, key=run.keys)
        with read(engine) as connection:
            (account,) = load_accounts(connection)
        connector = open_connector(account, engine=engine, keys=keys, home=run.syncer.home)
        tokens = connector._context.tokens()  # type: ignore[attr-defined]
        assert tokens is not None
        assert tokens.access_token in run.canaries.all, "the connector itself does get its secrets"
        parts = [keys, account, connector, connector._options, connector._context, connector._client, tokens]  # type: ignore[attr-defined]
        shown = "\n".join(f"{part!r}\n{part}" for part in parts) + repr(vars(connector))
        shown += connector._options.model_dump_json() + json.dumps(connector._options.public())  # type: ignore[attr-defined]
        run.control("POST", "tokens/revoke", {})
        with pytest.raises(ConnectorError) as caught:
            connector.check()
        shown += "".join(traceback.format_exception(caught.value)) + repr(vars(caught.value))
        assert run.canaries.hits("reprs", shown.encode()) == []
    finally:
        engine.dispose()


def _the_log_is_json_in_utc_and_names_no_address(run: Run) -> None:
    lines = [line for line in run.syncer.said["run"].splitlines() if line.startswith("{")]
    for line in lines:
        entry = json.loads(line)
        assert entry["at"].endswith("Z")
        assert entry["level"] in ("debug", "info", "warning", "error")
        assert "?" not in entry.get("path", "")
    assert not re.search(r"sign=|access_token=|partner_id=", run.syncer.said["run"])
    others = [line for line in run.syncer.said["run"].splitlines() if not line.startswith("{")]
    assert all("Traceback" not in line for line in others)


def _everything_in_the_home_is_private(run: Run) -> None:
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in [run.syncer.home, *run.syncer.home.rglob("*")]}
    open_to_others = {str(path.relative_to(run.folder)): oct(mode) for path, mode in modes.items() if mode & 0o077}
    assert open_to_others == {}
    for name in ("cadangan.zip", "keluar.csv", "keluar.xlsx", "katalog-gagal.csv"):
        assert stat.S_IMODE((run.folder / name).stat().st_mode) == 0o600, name


def _a_backup_leaves_out_what_it_must_and_comes_back(run: Run) -> None:
    with zipfile.ZipFile(run.folder / "cadangan.zip") as archive:
        names = set(archive.namelist())
    assert not {f"tables/{name}.jsonl" for name in ("sign_in_request", "lease", "call_log")} & names
    other = Syncer(run.folder / "pulih", SYNCER_SECRET_KEY=run.keys)
    said = other.run("db", "restore", str(run.folder / "cadangan.zip"))
    assert "Orange" in said.stderr, "which accounts must sign in again"
    products = json.loads(other.run("products", "--json").stdout)
    assert {one["handle"] for one in products} == {"mangkuk-1", "mangkuk-2"}
    before = run.control("GET", "calls")[-1]["n"]
    other.run("stock", "set", "MK-1", "1")
    said = other.run("sync", code=1)
    assert "db release" in said.stderr, "nothing is sent until a person says so"
    assert [call for call in run.control("GET", f"calls?after={before}") if call["method"] == "POST"] == []
    lost = Syncer(run.folder / "tanpa", SYNCER_SECRET_KEY=Fernet.generate_key().decode())
    lost.run("db", "restore", str(run.folder / "cadangan.zip"))
    refused = lost.run("account", "check", "Orange", code=1)
    assert "does not fit" in refused.stderr
    for home in (other, lost):
        for words, text in home.said.items():
            assert run.canaries.hits(words, text.encode()) == []


def _the_old_key_may_go_only_when_nothing_needs_it(run: Run) -> None:
    counted = json.loads(run.syncer.said["key status --json"])
    assert [(row["newest"], row["values"] > 0) for row in counted] == [(True, True), (False, False)]
    new, old = run.keys.split(",")
    run.syncer.run("account", "show", "Orange", more={"SYNCER_SECRET_KEY": new})
    said = run.syncer.run("key", "status", code=1, more={"SYNCER_SECRET_KEY": old})
    assert "does not fit" in said.stderr
    assert len(said.stderr.strip().splitlines()) == 1
    said = run.syncer.run("key", "status", code=1, more={"SYNCER_SECRET_KEY": ""})
    assert "missing" in said.stderr
    assert not (run.syncer.home / "secret.key").exists()


def _no_name_or_title_steers_the_terminal(run: Run) -> None:
    got = run.syncer.on_terminal(
        "account list",
        "account show Orange",
        "products",
        "products show MK-1",
        "listings --timeline",
        "problems",
        "drift",
        "status",
        "plan",
    )
    assert len(got) == 9
    for words, text in got.items():
        assert orders(text) == [], words
        assert "\x1b]8" not in text, words
    assert "[link=https://evil.example]" in got["products"], "markup is text"
    assert "[bold red]Merah[/]" in got["account list"]


def _plain_output_holds_no_orders_either(run: Run) -> None:
    texts = {words: text for words, text in run.syncer.said.items() if "(terminal)" not in words and words != "run"}
    found = {words: orders(text) for words, text in texts.items() if orders(text.replace("\t", " "))}
    assert found == {}


@pytest.mark.rule("D4")
@pytest.mark.rule("G1")
@pytest.mark.rule("G2")
@pytest.mark.rule("G4")
@pytest.mark.rule("H7")
@pytest.mark.rule("K3")
@pytest.mark.rule("K4")
@pytest.mark.rule("K5")
@pytest.mark.rule("K6")
@pytest.mark.rule("P1")
def test_a_whole_run(run: Run) -> None:
    """One test, so that the run is made once however many processes share the suite."""
    _no_name_or_title_steers_the_terminal(run)
    _no_secret_in_anything_that_was_said(run)
    _the_order_was_read(run)
    _no_secret_in_any_file(run)
    _no_secret_in_the_database_or_the_call_log(run)
    _no_secret_in_reprs_and_tracebacks(run)
    _the_log_is_json_in_utc_and_names_no_address(run)
    _everything_in_the_home_is_private(run)
    _a_backup_leaves_out_what_it_must_and_comes_back(run)
    _the_old_key_may_go_only_when_nothing_needs_it(run)
    _plain_output_holds_no_orders_either(run)


@pytest.mark.rule("G3")
@pytest.mark.rule("G4")
@pytest.mark.parametrize("debug", ["0", "1"])
def test_no_password_of_the_database_in_an_error(tmp_path: Path, debug: str) -> None:
    canaries = Canaries()
    address = f"postgresql://sari:{canaries.new('password')}@127.0.0.1:1/syncer"
    syncer = Syncer(tmp_path / "home", SYNCER_DATABASE_URL=address, SYNCER_DEBUG=debug)
    said = syncer.several("status", "doctor", "db migrate", "run")
    for words, text in said.items():
        assert canaries.hits(words, text.encode()) == []
    assert all("127.0.0.1" in text or "PostgreSQL" in text for text in said.values()), said
    assert ("Traceback" in said["status"]) == (debug == "1")
