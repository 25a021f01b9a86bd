from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from config import settings
from config.settings import BadSetting, load_settings, prepare_home

ROOT = Path(__file__).parents[2]


@pytest.fixture
def dotenv(tmp_path: Path) -> Path:
    return tmp_path / ".env"


def test_without_anything_set_it_works(dotenv: Path) -> None:
    got = load_settings({"HOME": "/nowhere"}, dotenv)
    assert got.home == Path("~/.local/share/syncer").expanduser()
    assert got.database_url == f"sqlite:///{got.home}/syncer.db"
    assert (got.secret_key, got.secret_key_file) == (None, None)
    assert (got.language, got.catalogue_currency, got.connectors) == ("id", "IDR", ("syncer",))
    assert (got.web_host, got.web_port, got.allow_private_images) == ("127.0.0.1", 8000, False)
    assert got.warnings == ()


@pytest.mark.rule("K1")
def test_everything_set(dotenv: Path, tmp_path: Path) -> None:
    environ = {
        "SYNCER_DATABASE_URL": "postgresql://sari:KANARI@db/syncer",
        "SYNCER_HOME": str(tmp_path / "h"),
        "SYNCER_SECRET_KEY": "KANARI-key",
        "SYNCER_SECRET_KEY_FILE": str(tmp_path / "key"),
        "SYNCER_CONNECTORS": "syncer, syncer-tokoku",
        "SYNCER_CATALOGUE_CURRENCY": "usd",
        "SYNCER_LANGUAGE": "EN",
        "SYNCER_LOG_LEVEL": "debug",
        "SYNCER_ALLOW_PRIVATE_IMAGES": "ya",
        "SYNCER_WEB_HOST": "0.0.0.0",
        "SYNCER_WEB_PORT": "0",
        "SYNCER_WEB_PROXIES": "192.0.2.7",
        "SYNCER_PUBLIC_URL": "https://syncer.example.org/",
        "SYNCER_ORDER_POLL_SECONDS": "0.5",
        "SYNCER_SWEEP_SECONDS": " 7200 ",
        "SYNCER_LEASE_SECONDS": "15",
        "SYNCER_BACKUP_FOLDER": str(tmp_path / "backups"),
        "SYNCER_DEBUG": "1",
    }
    assert set(environ) == {setting.name for setting in settings.SETTINGS}
    got = load_settings(environ, dotenv)
    assert got.home == tmp_path / "h"
    assert got.secret_key == "KANARI-key"
    assert got.connectors == ("syncer", "syncer-tokoku")
    assert (got.catalogue_currency, got.language, got.log_level) == ("USD", "en", "DEBUG")
    assert (got.web_port, got.order_poll_s, got.sweep_s, got.lease_s) == (0, 0.5, 7200.0, 15.0)
    assert (got.web_proxies, got.public_url) == ("192.0.2.7", "https://syncer.example.org")
    assert got.allow_private_images
    assert (got.backup_folder, got.debug) == (tmp_path / "backups", True)
    assert "KANARI" not in repr(got)
    assert "SYNCER_SECRET_KEY" not in environ, "rule K1: children do not inherit the key"


def test_the_environment_wins_over_the_file(dotenv: Path) -> None:
    dotenv.write_text("\ufeffSYNCER_LANGUAGE=en\nSYNCER_WEB_PORT='9000'  # comment\nSYNCER_LOG_LEVEL=\n", "utf-8")
    dotenv.chmod(0o600)
    got = load_settings({"SYNCER_WEB_PORT": "9001", "SYNCER_LANGUAGE": ""}, dotenv)
    assert (got.language, got.web_port, got.log_level) == ("en", 9001, "INFO")


def test_options_of_a_shop_come_from_the_same_places(dotenv: Path) -> None:
    dotenv.write_text("SYNCER_PARTNER_KEY=from-file\nSYNCER_SHOP_ID=7\n", "utf-8")
    dotenv.chmod(0o600)
    environ = {"SYNCER_SHOP_ID": "8", "SYNCER_REGION": ""}
    names = ["SYNCER_PARTNER_KEY", "SYNCER_SHOP_ID", "SYNCER_REGION"]
    got = settings.option_values(names, environ, dotenv)
    assert got == {"SYNCER_PARTNER_KEY": "from-file", "SYNCER_SHOP_ID": "8"}


def test_the_default_folder_follows_xdg(dotenv: Path) -> None:
    assert load_settings({"XDG_DATA_HOME": "/data"}, dotenv).home == Path("/data/syncer")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SYNCER_WEB_PORT", "KANARI"),
        ("SYNCER_WEB_PORT", "70000"),
        ("SYNCER_WEB_PORT", "-1"),
        ("SYNCER_ORDER_POLL_SECONDS", "0"),
        ("SYNCER_SWEEP_SECONDS", "nan"),
        ("SYNCER_LEASE_SECONDS", "inf"),
        ("SYNCER_LANGUAGE", "KANARI"),
        ("SYNCER_LOG_LEVEL", "loud"),
        ("SYNCER_ALLOW_PRIVATE_IMAGES", "maybe"),
        ("SYNCER_CATALOGUE_CURRENCY", "Rupiah"),
        ("SYNCER_CONNECTORS", "a b;c"),
    ],
)
@pytest.mark.rule("C4")
def test_a_bad_value_is_one_sentence_that_names_the_variable(dotenv: Path, name: str, value: str) -> None:
    with pytest.raises(BadSetting) as caught:
        load_settings({name: value}, dotenv)
    assert caught.value.name == name
    for sentence in (caught.value.words.id, caught.value.words.en):
        assert sentence.startswith(name)
        assert "KANARI" not in sentence


@pytest.mark.rule("K5")
def test_a_file_that_others_can_read(dotenv: Path) -> None:
    """Rule K5: refused with a secret in it, warned of without."""
    dotenv.write_text("SYNCER_LANGUAGE=en\n")
    dotenv.chmod(0o644)
    (warning,) = load_settings({}, dotenv).warnings
    assert "chmod 600" in warning.id
    for secret in ("SYNCER_SECRET_KEY=KANARI", "SYNCER_DATABASE_URL=postgresql://u:KANARI@h/d"):
        dotenv.write_text(secret + "\n")
        with pytest.raises(BadSetting) as caught:
            load_settings({}, dotenv)
        assert "chmod 600" in caught.value.words.id
        dotenv.chmod(0o600)
        assert load_settings({}, dotenv).warnings == ()
        dotenv.chmod(0o644)


def test_a_file_that_is_no_text(dotenv: Path) -> None:
    dotenv.write_bytes(b"\xff\xfe\x00bad")
    with pytest.raises(BadSetting, match=r"UTF-8"):
        load_settings({}, dotenv)


@pytest.mark.parametrize(("name", "text"), [(".env.example", settings.example), ("docs/settings.md", settings.manual)])
def test_the_files_are_what_the_table_says(name: str, text: Callable[[], str]) -> None:
    assert (ROOT / name).read_text("utf-8") == text(), "run: make settings"
    assert all(setting.name in text() for setting in settings.SETTINGS)


def test_the_example_file_is_valid_when_filled_in(dotenv: Path) -> None:
    lines = [line.removeprefix("#") for line in settings.example().splitlines() if line.startswith("#SYNCER_")]
    dotenv.write_text("\n".join(lines))
    dotenv.chmod(0o600)
    assert load_settings({}, dotenv).home == Path("/home/sari/syncer")


@pytest.mark.rule("K5")
def test_the_home_folder_is_private(tmp_path: Path) -> None:
    home = tmp_path / "a" / "b"
    prepare_home(home)
    assert home.stat().st_mode & 0o777 == 0o700
    home.chmod(0o755)
    prepare_home(home)
    assert home.stat().st_mode & 0o777 == 0o700


def test_a_home_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadSetting, match="SYNCER_HOME"):
        prepare_home(tmp_path / "file" / "home")


def test_reading_settings_is_light() -> None:
    code = "import sys, config.settings; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT, env=dict(os.environ)
    ).stdout.split()
    assert {"sqlalchemy", "pydantic", "structlog", "requests"}.isdisjoint(loaded)
