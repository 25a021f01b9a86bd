"""What goes wrong ends as one sentence with the remedy, an exit code that isn't 0, and nothing half-written."""

from __future__ import annotations

import errno
import json
import os
import resource
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from syncer.cli.importing import disk_words
from syncer.sdk.sandbox import RunningSandbox
from tests.cli.conftest import CATALOGUE, Cli, Result, join


def one_sentence(result: Result, code: int = 1) -> str:
    assert result.code == code, result
    assert result.err.count("\n") == 1, result.err
    assert result.err.startswith("Failed: ")
    return result.err


def run(cli: Cli, *arguments: str, limit: int | None = None) -> subprocess.CompletedProcess[str]:
    """Run ``syncer`` as a process of its own; ``limit`` is the largest file it may write, in bytes."""

    def before() -> None:
        import signal

        if limit is not None:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    return subprocess.run(
        [sys.executable, "-m", "syncer.cli", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=cli.folder,
        preexec_fn=before,
        env=dict(os.environ),
        stdin=subprocess.DEVNULL,
        check=False,
    )


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["stock", "set", "MK-2", "1"], "MK-1"),
        (["price", "set", "MK-2", "1000"], "MK-1"),
        (["products", "edit", "Mangkok", "--title", "X"], "syncer products"),
        (["products", "show", "MK-9"], "MK"),
        (["publish", "MK", "--account", "Biru"], "syncer account add"),
        (["withdraw", "MK", "--account", "Biru"], "syncer account add"),
        (["account", "check", "Biru"], "syncer account add"),
        (["stock", "set", "MK-1", "1", "--location", "glaeri"], "utama"),
        (["export", "/nowhere/at/all.csv"], "folder /nowhere/at "),
        (["db", "backup", "/nowhere/at/all.zip"], "folder /nowhere/at "),
        (["import", "missing.csv"], "missing.csv"),
        (["import", "."], "folder"),
        (["db", "restore", "missing.zip"], "missing.zip"),
        (["sandbox", "warung"], "shopee"),
        (["account", "add", "warung", "--name", "X", "--options", "-"], "shopee"),
    ],
)
def test_a_name_that_is_not_there(sqlite_cli: Cli, arguments: list[str], says: str) -> None:
    sqlite_cli.catalogue()
    before = sqlite_cli.json("stock"), sqlite_cli.json("price")
    assert says in one_sentence(sqlite_cli(*arguments, stdin="{}"))
    assert (sqlite_cli.json("stock"), sqlite_cli.json("price")) == before


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["stok"], "stock"),
        (["stock", "sett", "MK-1", "1"], "set"),
        (["stock", "set", "MK-1"], "N is missing"),
        (["stock", "set", "MK-1", "1", "2"], "Too many"),
        (["stock", "set", "MK-1", "1", "--locaton", "x"], "--location"),
        (["stock", "set", "MK-1", "1", "--was"], "--was"),
        (["publish", "MK"], "--account"),
        (["export", "katalog.pdf"], ".xlsx"),
        (["sandbox", "shopee", "--port", "99999"], "65535"),
        (["sandbox", "shopee", "--set", "x"], "calls_per_second=5"),
        (["account", "set", "Biru"], "--markup"),
        (["confirm", "satu"], "satu"),
    ],
)
def test_a_command_that_is_written_wrongly(sqlite_cli: Cli, arguments: list[str], says: str) -> None:
    assert says in one_sentence(sqlite_cli(*arguments), 2)


@pytest.mark.parametrize(
    "content",
    [b"", b"\x00\x01\x02\xff" * 200, b"PK\x03\x04broken zip", b"a,b,c\n1,2,3\n", b"%PDF-1.7"],
)
def test_a_broken_file(sqlite_cli: Cli, folder: Path, content: bytes) -> None:
    (folder / "rusak.xlsx").write_bytes(content)
    result = sqlite_cli("import", "rusak.xlsx")
    one_sentence(result)
    assert sqlite_cli.json("products") == []


def test_a_locked_database_is_told_apart(sqlite_cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    sqlite_cli.catalogue()
    monkeypatch.setattr("syncer.store.engine.BUSY_S", 0.3)
    monkeypatch.setattr("syncer.store.engine.open_engine.__kwdefaults__", {"home": None, "busy_s": 0.3})
    other = sqlite3.connect(sqlite_cli.home / "syncer.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        assert "another process" in one_sentence(sqlite_cli("stock", "set", "MK-1", "1"), 4)
        assert sqlite_cli.json("stock")[0]["on_hand"] == 5, "reading goes on"
    finally:
        other.close()
    sqlite_cli.ok("stock", "set", "MK-1", "1")


def test_a_full_disk(sqlite_cli: Cli) -> None:
    sqlite_cli.catalogue()
    size = (sqlite_cli.home / "syncer.db").stat().st_size
    many = CATALOGUE + "".join(
        f"B-{n},B-{n},Barang Nomor {n},{'uraian ' * 40},kayu,mangkuk-kayu,,,10000,1,100\n" for n in range(3000)
    )
    (sqlite_cli.folder / "banyak.csv").write_text(many, "utf-8")
    done = run(sqlite_cli, "import", "banyak.csv", limit=size + 100_000)
    assert done.returncode == 1, done
    assert done.stderr.count("\n") == 1, done.stderr
    assert "disk" in done.stderr.lower()
    assert "Traceback" not in done.stderr
    # What was written is whole, and the same file goes on from there.
    sqlite_cli.ok("import", "banyak.csv")
    assert len(sqlite_cli.json("products")) == 3002


def test_an_export_to_a_full_disk_leaves_no_half_file(sqlite_cli: Cli) -> None:
    sqlite_cli.catalogue()
    for name in ("keluar.csv", "keluar.xlsx"):
        done = run(sqlite_cli, "export", name, limit=300)
        assert done.returncode == 1, done
        assert "disk" in done.stderr.lower(), done.stderr
        assert [path.name for path in sqlite_cli.folder.iterdir()] == ["katalog.csv"]


def test_a_backup_to_a_full_disk_leaves_no_half_file(sqlite_cli: Cli) -> None:
    sqlite_cli.catalogue()
    done = run(sqlite_cli, "db", "backup", "cadangan.zip", limit=2000)
    assert done.returncode == 1, done
    assert [path.name for path in sqlite_cli.folder.iterdir()] == ["katalog.csv"]
    assert not [path for path in sqlite_cli.home.iterdir() if path.name.startswith(".backup")]


def test_a_port_in_use(sqlite_cli: Cli) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert "--port" in one_sentence(sqlite_cli("sandbox", "shopee", "--port", str(port)))


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("SYNCER_SWEEP_SECONDS", "sering", "SYNCER_SWEEP_SECONDS"),
        ("SYNCER_DATABASE_URL", "mysql://root@db/x", "SYNCER_DATABASE_URL"),
        ("SYNCER_HOME", "/proc/nowhere", "/proc/nowhere"),
        ("SYNCER_DATABASE_URL", "postgresql://KANARI:KANARI@127.0.0.1:9/x", "127.0.0.1"),
    ],
)
def test_a_setting_that_cannot_be(sqlite_cli: Cli, name: str, value: str, says: str) -> None:
    sqlite_cli.env(name, value)
    result = sqlite_cli("products")
    assert says in one_sentence(result)
    assert "KANARI" not in result.err
    assert sqlite_cli("--help").code == 0


def test_a_damaged_database(sqlite_cli: Cli) -> None:
    (sqlite_cli.home / "syncer.db").write_bytes(b"this is no database, but it is long enough to be looked at" * 50)
    one_sentence(sqlite_cli("products"))


@pytest.mark.rule("K3")
def test_a_key_that_does_not_fit(sqlite_cli: Cli) -> None:
    sqlite_cli.ok("key", "status")
    sqlite_cli.env("SYNCER_SECRET_KEY", sqlite_cli.ok("key", "new").out.strip())
    one_sentence(sqlite_cli("key", "status"))
    sqlite_cli.env("SYNCER_SECRET_KEY", "short")
    one_sentence(sqlite_cli("key", "status"))


@pytest.mark.rule("D4")
def test_text_from_outside_never_steers_the_terminal(sqlite_cli: Cli) -> None:
    """Rule D4."""
    sqlite_cli.catalogue()
    sqlite_cli("products", "edit", "MK", "--title", "Mangkuk \x1b[2J[link=http://jahat]\u202e merah")
    for arguments in (["products"], ["products", "show", "MK"], ["stock"], ["price"]):
        shown = sqlite_cli.ok(*arguments).out
        assert "\x1b" not in shown
        assert "\u202e" not in shown
    unknown = sqlite_cli("stock", "set", "\x1b]0;jahat\x07", "1")
    assert "\x1b" not in unknown.err
    assert "\x07" not in unknown.err


def test_a_fault_of_ours_is_one_sentence_too(sqlite_cli: Cli) -> None:
    """Rule G3: the stack is shown on demand only, and never with local values."""
    sqlite_cli.catalogue()
    broken = (
        "import syncer.catalogue.read as r\ndef f(*a, **k):\n    secret = 'KANARI-local'\n    raise RuntimeError('x')\n"
    )
    program = f"{broken}r.list_products = f\nfrom syncer.cli.main import main\nraise SystemExit(main(['products']))"

    def result(debug: str) -> subprocess.CompletedProcess[str]:
        environment = dict(os.environ) | {"SYNCER_DEBUG": debug}
        return subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=False, timeout=30
        )

    plain = result("0")
    assert plain.returncode == 70
    assert plain.stderr.count("\n") == 1
    assert "RuntimeError" in plain.stderr
    shown = result("1")
    assert "Traceback" in shown.stderr
    assert "KANARI-local'" not in shown.stderr.replace("secret = 'KANARI-local'", "")


def test_both_languages(sqlite_cli: Cli) -> None:
    sqlite_cli.env("SYNCER_LANGUAGE", "id")
    assert 'Batas "nope" tidak ada' in sqlite_cli("sandbox", "shopee", "--set", "nope=3").err
    assert "tulis seperti 0.3" in sqlite_cli("sandbox", "shopee", "--set", "review_delay_s=lama").err
    assert "Partner key aplikasi Anda" in sqlite_cli("account", "add", "shopee", "--help").out
    assert "tidak ada" in sqlite_cli("stock", "set", "X", "1").err
    assert "Cara pakai" in sqlite_cli("stock", "set", "--help").out
    sqlite_cli.env("SYNCER_LANGUAGE", "en")
    assert 'no limit "nope"' in one_sentence(sqlite_cli("sandbox", "shopee", "--set", "nope=3"))
    assert "Partner key of your app" in sqlite_cli("account", "add", "shopee", "--help").out
    assert "There is no" in sqlite_cli("stock", "set", "X", "1").err
    assert "Usage" in sqlite_cli("stock", "set", "--help").out


def test_output_that_nobody_reads_to_its_end(sqlite_cli: Cli) -> None:
    sqlite_cli.catalogue()
    done = subprocess.run(
        f"{sys.executable} -m syncer.cli products | head -1",
        shell=True,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0
    assert done.stderr == ""


def test_a_new_home_is_made_on_first_use(sqlite_cli: Cli, tmp_path: Path) -> None:
    """Rule K5: nothing in it is for others."""
    home = tmp_path / "baru" / "rumah"
    sqlite_cli.env("SYNCER_HOME", str(home))
    sqlite_cli.env("SYNCER_DATABASE_URL", "")
    assert sqlite_cli.json("products") == []
    sqlite_cli.ok("key", "status")
    assert home.stat().st_mode & 0o777 == 0o700
    for path in home.iterdir():
        assert path.stat().st_mode & 0o077 == 0, path


@pytest.mark.parametrize("arguments", [["stock", "set", "MK-1"], ["stock", "add", "MK-1"], ["price", "set", "MK-1"]])
@pytest.mark.parametrize("number", ["abc", "-1"])
def test_a_number_that_cannot_be_meant(sqlite_cli: Cli, arguments: list[str], number: str) -> None:
    sqlite_cli.catalogue()
    assert f'"{number}" can\'t be read' in one_sentence(sqlite_cli(*arguments, number), code=2)


def test_a_mistyped_option_is_still_named(sqlite_cli: Cli) -> None:
    assert "--location" in one_sentence(sqlite_cli("stock", "set", "MK-1", "-1", "--locatoin", "x"), code=2)


def test_pictures_that_cannot_be_kept_do_not_replace_the_report(sqlite_cli: Cli) -> None:
    head, first, *_ = CATALOGUE.splitlines()
    (sqlite_cli.folder / "gambar.csv").write_text(f"{head},image_hint\n{first},mangkuk tanah liat\n", "utf-8")
    (sqlite_cli.home / "media").write_text("no folder")
    done = sqlite_cli("import", "gambar.csv")
    assert done.code == 3, done
    assert "STOCK SET" in done.out
    assert "stored, but 1 picture couldn't be kept: File exists" in done.err
    assert [row["sku"] for row in sqlite_cli.json("stock")] == ["MK-1"]


def test_a_full_disk_is_named() -> None:
    assert "the disk is full" in disk_words(OSError(errno.ENOSPC, "No space left on device")).en


def test_details_are_edited_one_by_one(sqlite_cli: Cli) -> None:
    sqlite_cli.catalogue()
    sqlite_cli.ok("products", "edit", "MK-1", "--attribute", "Bahan=Tanah liat", "--attribute", "Asal=Kasongan")
    assert sqlite_cli.json("products", "show", "MK")["attributes"] == {"Asal": "Kasongan", "Bahan": "Tanah liat"}
    sqlite_cli.ok("products", "edit", "MK", "--attribute", "Asal=")
    assert sqlite_cli.json("products", "show", "MK")["attributes"] == {"Bahan": "Tanah liat"}


def test_an_archived_product_says_how_it_comes_back(sqlite_cli: Cli, shop: RunningSandbox) -> None:
    sqlite_cli.catalogue()
    join(sqlite_cli, shop)
    sqlite_cli.ok("products", "delete", "MK", "--yes")
    assert "--restore-deleted" in sqlite_cli("publish", "MK", "--account", "Orange").err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--owner", "foo=ask"], '"foo" is unknown'),
        (["--default-weight", "*=0"], "1 to 1,000,000 grams"),
        (["--rate", "2"], "it takes no rate"),
        (["--rate-day", "2026-01-31"], "--rate as well"),
    ],
)
def test_a_rule_that_cannot_be_meant(sqlite_cli: Cli, shop: RunningSandbox, arguments: list[str], says: str) -> None:
    join(sqlite_cli, shop)
    before = sqlite_cli.json("account", "show", "Orange")
    result = sqlite_cli("account", "set", "Orange", *arguments)
    assert says in one_sentence(result, code=2 if "--rate" in " ".join(arguments) else 1)
    assert sqlite_cli.json("account", "show", "Orange") == before


def test_sync_prints_only_json_and_counts_pictures_that_wait(sqlite_cli: Cli, shop: RunningSandbox) -> None:
    join(sqlite_cli, shop)
    head, first, *_ = CATALOGUE.splitlines()
    rows = f"{head},images\n{first},https://127.0.0.1:9/mangkuk.jpg\n"
    (sqlite_cli.folder / "foto.csv").write_text(rows, "utf-8")
    sqlite_cli.ok("import", "foto.csv", "--no-pictures")
    done = run(sqlite_cli, "sync", "--json")
    assert json.loads(done.stdout)[0]["account"] == "Orange"


def test_no_category_names_the_commands(sqlite_cli: Cli, shop: RunningSandbox) -> None:
    sqlite_cli.catalogue(CATALOGUE.replace("mangkuk-keramik", ""))
    join(sqlite_cli, shop, "Toko Orange")
    sqlite_cli.ok("publish", "MK", "--account", "Toko Orange")
    sqlite_cli("sync")
    remedies = {row["code"]: row["remedy"] for row in sqlite_cli.json("problems")}
    assert "syncer map set" in remedies["shopee.no_category"], remedies
