"""One file that holds everything, taken while the daemon runs, and taken back into either kind of database (K6)."""

from __future__ import annotations

import datetime as dt
import fcntl
import json
import os
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from syncer.cli.backup import LEFT_OUT, nightly
from syncer.sdk.sandbox import RunningSandbox
from syncer.store import tables
from syncer.store.engine import open_engine, write
from tests.cli.conftest import Cli, give_photos, join
from tests.cli.test_shops import there
from tests.conftest import PostgresServer


@pytest.fixture
def fresh(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, folder: Path, cli: Cli
) -> Iterator[Cli]:
    """An empty home on the *other* kind of database."""
    home = tmp_path / "fresh"
    home.mkdir(mode=0o700)
    if cli.url.startswith("sqlite"):
        server: PostgresServer = request.getfixturevalue("postgres_server")
        name = server.create(empty=True)
        yield Cli(monkeypatch, home, folder, server.url(name))
        server.drop(name)
        return
    yield Cli(monkeypatch, home, folder, f"sqlite:///{home / 'syncer.db'}")


def back(cli: Cli) -> None:
    """Let the environment speak of this home again."""
    cli.env("SYNCER_HOME", str(cli.home))
    cli.env("SYNCER_DATABASE_URL", cli.url)


def test_everything_comes_back_in_the_other_kind_of_database(cli: Cli, fresh: Cli) -> None:
    back(cli)
    cli.catalogue()
    give_photos(cli, "MK", "SL")
    cli.ok("stock", "set", "MK-1", "2")
    cli.ok("products", "rename", "SL-M", "SL-MERAH")
    before = cli.json("products"), cli.json("stock"), cli.json("stock", "history", "MK-1")
    cli.ok("db", "backup", "cadangan.zip")
    file = cli.folder / "cadangan.zip"
    assert file.stat().st_mode & 0o777 == 0o600

    back(fresh)
    assert fresh.json("products") == []
    said = fresh.ok("db", "restore", "cadangan.zip")
    assert "syncer db release" in said.out
    assert (fresh.json("products"), fresh.json("stock"), fresh.json("stock", "history", "MK-1")) == before
    assert sorted(path.name for path in (fresh.home / "media").iterdir()) == sorted(
        path.name for path in (cli.home / "media").iterdir()
    )
    # New rows get numbers of their own, and the ledger is protected again.
    fresh.ok("stock", "set", "MK-1", "9")
    fresh.ok("location", "add", "galeri")
    fresh.catalogue("sku,title,price_idr,stock,category_key\nBR-1,Baru Sekali,5000,1,selendang\n")
    assert len(fresh.json("products")) == 3
    engine = open_engine(fresh.url, home=fresh.home)
    with pytest.raises(Exception, match="append-only"), write(engine) as connection:
        connection.execute(tables.stock_movement.delete())
    engine.dispose()


def test_what_stays_out(cli: Cli, shop: RunningSandbox) -> None:
    cli.catalogue()
    join(cli, shop)
    engine = open_engine(cli.url, home=cli.home)
    now = dt.datetime.now(dt.UTC)
    with write(engine) as connection:
        account_id = connection.execute(select(tables.account.c.id)).scalar_one()
        connection.execute(
            insert(tables.sign_in_request).values(state="KANARI-state", account_id=account_id, until=now)
        )
    engine.dispose()
    cli.ok("db", "backup", "cadangan.zip")
    with zipfile.ZipFile(cli.folder / "cadangan.zip") as archive:
        content = b"".join(archive.read(name) for name in archive.namelist())
        manifest = json.loads(archive.read("manifest.json"))
    assert not LEFT_OUT & set(manifest["tables"])
    key = (cli.home / "secret.key").read_bytes().strip()
    options = shop.account_options
    for canary in (key, b"KANARI-state", *(options[name].encode() for name in ("partner_key", "access_token"))):
        assert canary not in content
    assert not [path.name for path in cli.home.iterdir() if path.name.startswith(".backup")]


def test_a_restored_database_sends_nothing_until_it_is_released(sqlite_cli: Cli, shop: RunningSandbox) -> None:
    cli = sqlite_cli
    cli.catalogue()
    give_photos(cli, "MK", "SL")
    join(cli, shop)
    cli.ok("publish", "--all", "--account", "Orange")
    cli.ok("sync")
    cli.ok("db", "backup", "cadangan.zip")
    # Life goes on after the backup: fewer are left than the backup says, and the title was mended.
    cli.ok("stock", "set", "MK-1", "1")
    cli.ok("products", "edit", "MK", "--title", "Mangkuk Kopi Tanah Liat Baru")
    cli.ok("sync")
    refused = cli("db", "restore", "cadangan.zip")
    assert refused.code == 1
    assert "--force" in refused.err
    said = cli.ok("db", "restore", "cadangan.zip", "--force")
    assert "Orange" in said.err, "whose sign-in was single-use"
    assert "restored from a backup" in cli.ok("status").err
    asleep = cli("sync")
    assert asleep.code == 1
    assert "syncer db release" in asleep.err
    assert set(there(shop)) == {"Mangkuk Kopi Tanah Liat Baru", "Selendang Tenun Tepi Benang"}
    assert there(shop)["Mangkuk Kopi Tanah Liat Baru"]["offers"][0]["stock"] == 1
    cli.ok("db", "release")
    assert "already" in cli.ok("db", "release").out
    cli("sync")
    shown = there(shop)
    assert len(shown) == 2, "adopted, not made twice"
    assert shown["Mangkuk Kopi Tanah Liat"]["offers"][0]["stock"] == 5


@pytest.mark.parametrize("harm", ["truncated", "other", "rows", "photo", "version"])
def test_a_damaged_backup_changes_nothing(sqlite_cli: Cli, harm: str) -> None:
    cli = sqlite_cli
    cli.catalogue()
    give_photos(cli, "MK")
    cli.ok("db", "backup", "baik.zip")
    bad = cli.folder / "rusak.zip"
    if harm == "truncated":
        bad.write_bytes((cli.folder / "baik.zip").read_bytes()[:-200])
    elif harm == "other":
        with zipfile.ZipFile(bad, "w") as archive:
            archive.writestr("manifest.json", '{"format": "other"}')
    else:
        with zipfile.ZipFile(cli.folder / "baik.zip") as good, zipfile.ZipFile(bad, "w") as archive:
            for name in good.namelist():
                data = good.read(name)
                if harm == "rows" and name == "tables/variant.jsonl":
                    data = data.splitlines(keepends=True)[0]
                if harm == "photo" and name.startswith("media/"):
                    data = b"something else"
                if harm == "version" and name == "manifest.json":
                    data = json.dumps(json.loads(data) | {"schema": "9999"}).encode()
                archive.writestr(name, data)
        shutil.rmtree(cli.home / "media")
    before = cli.json("products")
    result = cli("db", "restore", "rusak.zip", "--force")
    assert result.code == 1
    assert result.err.count("\n") == 1
    assert cli.json("products") == before


def test_no_restore_while_a_daemon_runs(sqlite_cli: Cli) -> None:
    cli = sqlite_cli
    cli.catalogue()
    cli.ok("db", "backup", "cadangan.zip")
    file = os.open(cli.home / "daemon.lock", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(file, fcntl.LOCK_EX)
    try:
        result = cli("db", "restore", "cadangan.zip", "--force")
    finally:
        os.close(file)
    assert result.code == 1
    assert "syncer run" in result.err


def test_a_backup_never_overwrites_by_accident(sqlite_cli: Cli) -> None:
    cli = sqlite_cli
    cli.catalogue()
    cli.ok("db", "backup", "cadangan.zip")
    assert cli("db", "backup", "cadangan.zip").code == 1
    cli.ok("db", "backup", "cadangan.zip", "--force")


def test_restored_without_its_key(sqlite_cli: Cli, shop: RunningSandbox, tmp_path: Path) -> None:
    cli = sqlite_cli
    join(cli, shop)
    cli.ok("db", "backup", "cadangan.zip")
    other = tmp_path / "lain"
    cli.env("SYNCER_HOME", str(other))
    cli.env("SYNCER_DATABASE_URL", f"sqlite:///{other / 'syncer.db'}")
    said = cli.ok("db", "restore", "cadangan.zip")
    assert "secret key is missing" in said.err
    shutil.copy(cli.home / "secret.key", other / "secret.key")
    cli.ok("key", "status")


def test_the_key_is_rotated(sqlite_cli: Cli, shop: RunningSandbox) -> None:
    cli = sqlite_cli
    join(cli, shop)
    old = (cli.home / "secret.key").read_text()
    new = cli.ok("key", "new").out
    (cli.home / "secret.key").write_text(new + old)
    assert [row["values"] > 0 for row in cli.json("key", "status")] == [False, True]
    assert "key rotate" in cli.ok("doctor").out
    cli.ok("key", "rotate")
    assert [row["values"] > 0 for row in cli.json("key", "status")] == [True, False]
    (cli.home / "secret.key").write_text(new)
    cli.ok("account", "check", "Orange")


def test_nightly_backups_grow_old(sqlite_cli: Cli, tmp_path: Path) -> None:
    cli = sqlite_cli
    cli.catalogue()
    night = tmp_path / "malam"
    engine = open_engine(cli.url, home=cli.home)
    start = dt.date(2026, 1, 1)
    for day in range(0, 80, 10):
        nightly(engine, cli.home, night, keep_days=35, today=start + dt.timedelta(days=day))
    engine.dispose()
    names = sorted(path.name for path in night.iterdir())
    assert names == [f"syncer-{start + dt.timedelta(days=day)}.zip" for day in (40, 50, 60, 70)]
    assert night.stat().st_mode & 0o777 == 0o700
