"""How long things are kept, and what a backup's file may not do (P2, F4, K6)."""

from __future__ import annotations

import datetime as dt
import json
import zipfile
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select

from syncer.catalogue.edit import save_product
from syncer.cli.backup import nightly, write_backup
from syncer.housekeeping import CALL_LOG_DAYS, EVENTS_KEPT, FAILED_FILE_DAYS, tidy
from syncer.store import tables as t
from syncer.store.engine import Engine, open_engine, read, write
from tests.catalogue.builders import add_account, add_listing, bowl
from tests.security.processes import Syncer

NOW = dt.datetime(2026, 11, 24, 8, 0, tzinfo=dt.UTC)


def ago(days: float) -> dt.datetime:
    return NOW - dt.timedelta(days=days)


@pytest.mark.rule("P2")
def test_nothing_is_kept_past_its_time(engine: Engine) -> None:
    assert (CALL_LOG_DAYS, FAILED_FILE_DAYS) == (14, 7)
    call = {"account_id": 1, "operation": "x", "status": 200, "ms": 1.0}
    run = {"file_name": "a.csv", "file_sha256": "0" * 64, "format": "syncer", "counts": {}, "failed_file": b"nama"}
    with write(engine) as connection:
        account_id = add_account(connection)
        saved = save_product(connection, bowl(), now=NOW)
        listing_id = add_listing(connection, account_id, saved.product_id)
        connection.execute(insert(t.call_log), [{**call, "at": ago(days)} for days in (13.9, 14.1, 400)])
        connection.execute(insert(t.import_run), [{**run, "at": ago(days)} for days in (6.9, 7.1)])
        connection.execute(
            insert(t.sign_in_request),
            [
                {"state": name, "account_id": account_id, "until": ago(days)}
                for name, days in (("old", 0.01), ("new", -0.01))
            ],
        )
        event = {"listing_id": listing_id, "kind": "sent", "detail": {}}
        connection.execute(
            insert(t.listing_event), [{**event, "at": ago(days)} for days in range(EVENTS_KEPT + 20, 0, -1)]
        )
        connection.execute(
            insert(t.question),
            [
                {
                    "account_id": account_id, "kind": "brake", "topic": topic, "detail": {}, "state": state,
                    "asked_at": ago(200), "answered_at": answered,
                }
                for topic, state, answered in (
                    ("a", "confirmed", ago(91)),
                    ("b", "confirmed", ago(89)),
                    ("c", "open", None),
                )
            ],
        )  # fmt: skip
    tidy(engine, NOW)
    with read(engine) as connection:
        assert list(connection.execute(select(t.call_log.c.at)).scalars()) == [ago(13.9)]
        files = dict(connection.execute(select(t.import_run.c.at, t.import_run.c.failed_file)).all())
        assert files.get(ago(7.1)) is None
        assert files[ago(6.9)] == b"nama"
        assert list(connection.execute(select(t.sign_in_request.c.state)).scalars()) == ["new"]
        assert connection.execute(select(func.count()).select_from(t.listing_event)).scalar() == EVENTS_KEPT
        assert connection.execute(select(func.max(t.listing_event.c.at))).scalar() == ago(1), "the newest stay"
        assert set(connection.execute(select(t.question.c.topic)).scalars()) == {"b", "c"}
    assert not any(tidy(engine, NOW).values()), "a second look finds nothing"


@pytest.mark.rule("P2")
@pytest.mark.rule("K6")
def test_nightly_backups_are_kept_35_days(engine: Engine, home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "cadangan"
    today = dt.date(2026, 11, 24)
    for days in (36, 35, 1):
        nightly(engine, home, folder, keep_days=35, today=today - dt.timedelta(days=days))
    other = folder / "syncer-penting.zip"
    other.write_bytes(b"x")
    made = nightly(engine, home, folder, keep_days=35, today=today)
    kept = {path.name for path in folder.iterdir()}
    assert kept == {"syncer-2026-10-20.zip", "syncer-2026-11-23.zip", made.name, other.name}
    assert all(path.stat().st_mode & 0o077 == 0 for path in folder.iterdir() if path != other)
    assert folder.stat().st_mode & 0o077 == 0


@pytest.fixture
def good(tmp_path: Path, sqlite_template: Path) -> Path:
    """A backup of an empty house."""
    engine = open_engine(f"sqlite:///{sqlite_template}")
    try:
        return write_backup(engine, tmp_path, tmp_path / "cadangan.zip").path
    finally:
        engine.dispose()


@pytest.mark.rule("F4")
@pytest.mark.rule("K6")
def test_a_backup_by_a_stranger_writes_nothing_outside(tmp_path: Path, good: Path) -> None:
    sha = "a" * 64
    evil = [
        "../../luar.jpg",
        "/tmp/luar-syncer.jpg",
        f"media/../../{sha}.jpg",
        f"media/{sha}.jpg/../../luar",
        "C:\\luar",
    ]
    bad = tmp_path / "jahat.zip"
    with zipfile.ZipFile(good) as source, zipfile.ZipFile(bad, "w") as target:
        for name in source.namelist():
            target.writestr(name, source.read(name))
        for name in evil:
            target.writestr(name, b"jahat")
        link = zipfile.ZipInfo("media/tautan.jpg")
        link.external_attr = 0o120777 << 16
        target.writestr(link, "/etc/passwd")
    before = set(tmp_path.rglob("*"))
    other = Syncer(tmp_path / "lain")
    other.run("db", "restore", str(bad))
    made = {path.relative_to(tmp_path) for path in set(tmp_path.rglob("*")) - before}
    assert {path.parts[0] for path in made} == {"lain"}
    assert not [path for path in made if "luar" in path.name or path.suffix == ".jpg"]
    assert not Path("/tmp/luar-syncer.jpg").exists()

    with zipfile.ZipFile(good) as source, zipfile.ZipFile(bad, "w") as target:
        for name in source.namelist():
            target.writestr(name, source.read(name))
        target.writestr(f"media/{sha}.jpg", b"<script>not what its name says</script>")
    said = Syncer(tmp_path / "ketiga").run("db", "restore", str(bad), code=1)
    assert len(said.stderr.strip().splitlines()) == 1
    assert not list((tmp_path / "ketiga").rglob("*.jpg"))


@pytest.mark.rule("F4")
@pytest.mark.parametrize("spoil", ["no manifest", "deep", "rows", "lie", "twice"])
def test_a_broken_backup_is_one_sentence_and_changes_nothing(tmp_path: Path, good: Path, spoil: str) -> None:
    bad = tmp_path / "rusak.zip"
    with zipfile.ZipFile(good) as source, zipfile.ZipFile(bad, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "manifest.json":
                if spoil == "no manifest":
                    continue
                if spoil == "deep":
                    content = b"[" * 100_000
                if spoil == "lie":
                    content = json.dumps(json.loads(content) | {"tables": {"product": "x"}}).encode()
            if spoil == "rows" and name == "tables/meta.jsonl":
                content = b'{"key": {"a": 1}, "nope": 2}\n'
            if spoil == "twice" and name == "tables/meta.jsonl":
                content = b'{"key": "a", "value": "b"}\n' * 2
            target.writestr(name, content)
    said = Syncer(tmp_path / "lain").run("db", "restore", str(bad), "--force", code=1)
    assert len(said.stderr.strip().splitlines()) == 1, said.stderr
    assert "Nothing was changed" in said.stderr
