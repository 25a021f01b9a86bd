"""The command line, run in this process on a fresh home, and a real Shopee sandbox beside it."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from syncer.cli import main as cli_main
from syncer.sdk.sandbox import RunningSandbox, sandbox_class

CATALOGUE = """sku,product_code,title,description,materials,category_key,option1_name,option1_value,price,stock,weight_g
MK-1,MK,Mangkuk Kopi Tanah Liat,Mangkuk kecil untuk kopi pagi hari.,tanah liat,mangkuk-keramik,,,85000,5,300
SL-M,SL,Selendang Tenun Tepi Benang,Selendang ringan dengan tepi benang.,katun,selendang,Warna,Merah,120000,3,200
SL-B,SL,Selendang Tenun Tepi Benang,Selendang ringan dengan tepi benang.,katun,selendang,Warna,Biru,125000,0,200
"""


@dataclass(frozen=True)
class Result:
    """What one command gave."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Cli:
    """Runs ``syncer …`` in this process, as a person in ``folder`` would."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, home: Path, folder: Path, url: str) -> None:
        self.home, self.folder, self.url = home, folder, url
        self._monkeypatch = monkeypatch
        for name in [name for name in os.environ if name.startswith("SYNCER_")]:
            monkeypatch.delenv(name)
        monkeypatch.chdir(folder)
        self.env("SYNCER_HOME", str(home))
        self.env("SYNCER_DATABASE_URL", url)
        self.env("SYNCER_LANGUAGE", "en")

    def env(self, name: str, value: str) -> None:
        self._monkeypatch.setenv(name, value)

    def __call__(self, *arguments: object, stdin: str = "") -> Result:
        out, err = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("sys.stdout", out)
            patch.setattr("sys.stderr", err)
            patch.setattr("sys.stdin", io.StringIO(stdin))
            mask = os.umask(0o022)
            try:
                code = cli_main.main([str(one) for one in arguments])
            finally:
                os.umask(mask)
        result = Result(code, out.getvalue(), err.getvalue())
        assert "Traceback" not in result.err, result.err
        assert code != 70, result.err
        return result

    def ok(self, *arguments: object, stdin: str = "") -> Result:
        result = self(*arguments, stdin=stdin)
        assert result.code == 0, (arguments, result)
        return result

    def json(self, *arguments: object) -> Any:
        return self.ok(*arguments, "--json").json

    def catalogue(self, text: str = CATALOGUE) -> None:
        path = self.folder / "katalog.csv"
        path.write_text(text, "utf-8")
        self.ok("import", path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "folder"
    made.mkdir()
    return made


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, home: Path, folder: Path, database_url: str) -> Cli:
    """The command line on both kinds of database."""
    return Cli(monkeypatch, home, folder, database_url)


@pytest.fixture
def sqlite_cli(monkeypatch: pytest.MonkeyPatch, home: Path, folder: Path, sqlite_template: Path) -> Cli:
    """The command line on SQLite, where the kind of database makes no difference."""
    path = home / "syncer.db"
    path.write_bytes(sqlite_template.read_bytes())
    path.chmod(0o600)
    return Cli(monkeypatch, home, folder, f"sqlite:///{path}")


@pytest.fixture
def shop() -> Iterator[RunningSandbox]:
    """A Shopee sandbox on this machine."""
    with RunningSandbox(sandbox_class("shopee")({"burst_per_s": 200, "variation_wait_s": 0.2})) as running:
        yield running


def first_line(shop: RunningSandbox) -> str:
    """What the sandbox prints first, with options that keep tests short."""
    quick = {
        "calls_per_s": 100,
        "variation_pause_s": 0.6,
        "review_check_s": 0.3,
        "late_write_s": 0.5,
        "search_lag_s": 0.2,
        "read_lag_s": 0.1,
    }
    return json.dumps({"connector": "shopee", "account": {"options": shop.account_options | quick}})


def join(cli: Cli, shop: RunningSandbox, name: str = "Orange") -> None:
    """Connect the sandbox as an account."""
    cli.ok("account", "add", "shopee", "--name", name, "--options", "-", stdin=first_line(shop))


def give_photos(cli: Cli, *skus: str) -> None:
    """Give each product of the catalogue a drawn photo."""
    import datetime as dt
    from dataclasses import replace

    from syncer.catalogue.artwork import draw, jpeg
    from syncer.catalogue.edit import save_product
    from syncer.catalogue.media import PhotoStore, record_media
    from syncer.catalogue.read import load_product
    from syncer.domain.product import Photo
    from syncer.store.engine import open_engine, write

    engine = open_engine(cli.url, home=cli.home)
    now = dt.datetime.now(dt.UTC)
    with PhotoStore(cli.home) as store:
        for sku in skus:
            info = store.add(jpeg(draw("pola batik", sku, size=(600, 600))))
            with write(engine) as connection:
                record_media(connection, [info], now)
                product = load_product(connection, sku)
                save_product(connection, replace(product, photos=(Photo(info.sha256),)), now=now)
    engine.dispose()
