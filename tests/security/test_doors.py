"""Every door that takes text or numbers, with what breaks programs: never a fault, never stored as it came (C2, C3)."""

from __future__ import annotations

import json
import re
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine, select

from connectors.shopee.sandbox import ShopeeSandbox
from syncer.catalogue.importing import values
from syncer.domain.money import PRICE_MAX, BadAmount, parse_price
from syncer.domain.product import Product
from syncer.domain.text import BadSku, BadText, check_sku, clean_text
from syncer.store import tables
from tests.cli.conftest import CATALOGUE, Cli
from tests.sandbox.client import Client
from tests.sandbox.conftest import QUICK
from tests.security.nasties import NUMBERS, TEXTS

HIDDEN = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff\ud800-\udfff]"
)


@pytest.fixture
def door(monkeypatch: pytest.MonkeyPatch, home: Path, tmp_path: Path, sqlite_template: Path) -> Cli:
    path = home / "syncer.db"
    path.write_bytes(sqlite_template.read_bytes())
    path.chmod(0o600)
    folder = tmp_path / "folder"
    folder.mkdir()
    made = Cli(monkeypatch, home, folder, f"sqlite:///{path}")
    made.catalogue(CATALOGUE)
    return made


def everything(door: Cli) -> dict[str, list[Any]]:
    """Return every row of the database but those that say when something was done."""
    engine = create_engine(door.url)
    with engine.connect() as connection:
        rows = {
            table.name: [tuple(row) for row in connection.execute(select(table))]
            for table in tables.metadata.sorted_tables
        }
    engine.dispose()
    return rows


def texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [one for pair in value.items() for part in pair for one in texts(part)]
    return [one for part in value for one in texts(part)] if isinstance(value, (list, tuple)) else []


# --- text -----------------------------------------------------------------------------------------------------


@pytest.mark.rule("C2")
@pytest.mark.parametrize("name", TEXTS)
def test_clean_text(name: str) -> None:
    text = TEXTS[name]
    try:
        cleaned = clean_text(text, max_length=200)
    except BadText:
        assert name in ("nul", "lone surrogate", "byte of a wrong encoding", "zalgo", "long")
        return
    assert not HIDDEN.search(cleaned)
    assert "\n" not in cleaned
    assert cleaned == unicodedata.normalize("NFC", cleaned)
    assert cleaned == clean_text(cleaned, max_length=200), "once is enough"
    assert ("\u200d" in cleaned) == (name == "joined emoji")


@pytest.mark.rule("C2")
@given(st.text(alphabet=st.characters(), max_size=60), st.booleans())
def test_clean_text_is_done_once_and_for_all(text: str, multiline: bool) -> None:
    try:
        cleaned = clean_text(text, max_length=200, multiline=multiline)
    except BadText:
        return
    assert not HIDDEN.search(cleaned)
    cleaned.encode("utf-8")
    assert clean_text(cleaned, max_length=200, multiline=multiline) == cleaned


@pytest.mark.rule("C2")
@pytest.mark.parametrize("name", TEXTS)
def test_no_text_is_a_sku(name: str) -> None:
    with pytest.raises(BadSku) as caught:
        check_sku(TEXTS[name])
    assert not HIDDEN.search(caught.value.words.id)
    assert len(caught.value.words.id) < 300


@pytest.mark.rule("C2")
@pytest.mark.parametrize("name", [name for name in TEXTS if name != "nul"])  # no command line can hold a NUL
def test_no_command_stores_text_as_it_came(door: Cli, name: str) -> None:
    text = TEXTS[name]
    for words in (
        ("products", "edit", "MK-1", "--title", text),
        ("products", "edit", "MK-1", "--description", text, "--story", text, "--brand", text, "--materials", text),
        ("products", "edit", "MK-1", "--category", text),
        ("products", "--search", text),
        ("products", "show", text),
        ("products", "rename", "MK-1", text),
        ("stock", "set", text, "3"),
        ("stock", "set", "MK-1", "3", "--location", text),
        ("price", "set", text, "5000"),
        ("location", "add", text[:30], "--name", text),
        ("publish", text, "--account", text),
        ("account", "show", text),
        ("import", text[:200]),
        (text[:200],),
    ):
        result = door(*words)
        assert result.code in (0, 1, 2), (words[:3], result)
        assert len(result.err) < 1000, "no message repeats a hundred thousand letters"
        assert not HIDDEN.search(result.out.replace("\n", " ") + result.err.replace("\n", " ")), words[:3]
    for table, rows in everything(door).items():
        for stored in texts(rows):
            assert not HIDDEN.search(stored), (table, stored[:100])


@pytest.mark.rule("C2")
@pytest.mark.parametrize("name", TEXTS)
def test_no_import_stores_text_as_it_came(door: Cli, name: str) -> None:
    text = TEXTS[name].replace('"', '""')
    cells = ["SX-1", text, text, text, text, text, "kain-batik", "Warna", text, "5000", "3", "100", text]
    heads = (
        "sku,product_code,title,description,story,materials,category_key,option1_name,option1_value,price_idr,stock,"
    )
    lines = [heads + "weight_g,maker", ",".join(f'"{cell}"' for cell in cells)]
    file = door.folder / "jahat.csv"
    for encoding in ("utf-8", "utf-16"):
        file.write_bytes("\r\n".join(lines).encode(encoding, "surrogatepass"))
        result = door("import", file, "--no-pictures")
        assert result.code in (0, 1, 3), result
        for table, rows in everything(door).items():
            if table != "import_run":
                for stored in texts(rows):
                    assert not HIDDEN.search(stored), (table, stored[:100])


@pytest.mark.rule("C2")
def test_a_name_of_a_file_is_only_text(door: Cli) -> None:
    name = "../x\x1b[2J\u202e=cmd.csv"
    file = door.folder / name.replace("/", "_")
    file.write_text("sku,title,price_idr\n,,x\n", "utf-8")
    before = set(door.folder.parent.rglob("*"))
    result = door("import", file)
    assert not HIDDEN.search(result.out.replace("\n", " ") + result.err.replace("\n", " "))
    made = set(door.folder.parent.rglob("*")) - before
    assert {path.parent for path in made if "gagal" in path.name} <= {door.folder}


# --- numbers --------------------------------------------------------------------------------------------------


@pytest.mark.rule("C3")
@pytest.mark.parametrize("text", NUMBERS)
def test_no_price_and_no_count(text: str) -> None:
    with pytest.raises(BadAmount) as caught:
        parse_price(text)
    assert len(caught.value.words.id) < 300
    if text not in ("-1", "- 5"):
        with pytest.raises(values.BadCell):
            values.count(text)


@pytest.mark.rule("C3")
@given(st.text(alphabet="0123456789.,-+eE_ RpIDR\u0663１", max_size=25))
def test_whatever_is_read_as_a_price_is_one(text: str) -> None:
    try:
        found = parse_price(text)
    except BadAmount:
        return
    assert 0 < found <= PRICE_MAX
    assert re.search("[0-9]", text)
    assert not re.search("[\u0663１_eE]", text)


@pytest.mark.rule("C3")
def test_no_command_takes_what_is_no_number(door: Cli) -> None:
    before = everything(door)
    for text in NUMBERS:
        for words in (
            ("stock", "set", "MK-1", "--", text),
            ("stock", "set", "MK-1", "5", "--was", text),
            ("price", "set", "MK-1", "--", text),
            ("products", "edit", "MK-1", "--made-to-order-days", text),
            ("sandbox", "shopee", "--port", text),
            ("confirm", "--", text),
            ("reject", "--", text),
        ):
            result = door(*words)
            assert result.code in (1, 2), (words, result)
            assert len(result.err) < 500
    assert everything(door) == before


@pytest.mark.rule("C3")
def test_no_import_takes_what_is_no_number(door: Cli) -> None:
    file = door.folder / "angka.csv"
    before = everything(door)
    rows = [["sku", "product_code", "title", "category_key", "price_idr", "stock", "weight_g"]]
    for number, text in enumerate(NUMBERS):
        rows.append([f"N-{number}", f"n{number}", "Barang", "kain-batik", text, "1", "1"])
        if text not in ("-1", "true", "None"):
            rows.append([f"S-{number}", f"s{number}", "Barang", "kain-batik", "5000", text, "1"])
    file.write_bytes("\n".join(",".join(f'"{cell}"' for cell in row) for row in rows).encode("utf-8", "surrogatepass"))
    result = door("import", file, "--json")
    assert result.code == 3
    report = result.json
    assert report["new"] == 0, report["notes"]
    assert everything(door)["variant"] == before["variant"]


@pytest.mark.rule("C2")
@pytest.mark.rule("C3")
def test_a_sandbox_refuses_without_a_fault() -> None:
    with ShopeeSandbox.start(limits=QUICK) as running:
        client = Client(running)
        item = client.add()
        image = {"image_id_list": [client.upload()]}
        loose = [*NUMBERS, *TEXTS.values(), None, [], {}, True, 10**30, 1.5e308]
        for number, value in enumerate(loose):
            for name, body in (
                ("product/add_item", client.item(item_name=value, description=value, item_sku=value, image=image)),
                ("product/add_item", client.item(original_price=value, weight=value, image=image)),
                ("product/update_item", {"item_id": item, "item_name": value}),
                ("product/update_stock", {"item_id": item, "stock_list": [{"model_id": 0, "seller_stock": value}]}),
                (
                    "product/update_price",
                    {"item_id": value, "price_list": [{"model_id": value, "original_price": value}]},
                ),
                ("product/init_tier_variation", {"item_id": item, "tier_variation": value, "model": value}),
            ):
                path = f"{running.base_url}/api/v2/{name}"
                data = json.dumps(body).encode()
                answer = client.raw("POST", name, change={}, body=json.loads(data))
                assert answer.status_code < 500, (path, number, value)
                assert answer.json()["error"] != "sandbox", (name, value, answer.text)
            for name in ("edit", "faults", "clock", "limits"):
                url = f"{running.control_url}/{name}"
                body = {"remote_id": value, "price": value, "stock": value, "fault": value, "advance_s": value}
                assert client.http.post(url, data=json.dumps(body), timeout=5).status_code < 500, (name, value)
        assert client.http.get(running.window_url, timeout=5).status_code == 200


def test_products_are_made_of_the_texts_above() -> None:
    """The columns that the import test fills are those that a product has."""
    assert {"title", "description", "story", "materials", "maker"} <= set(Product.__dataclass_fields__)
