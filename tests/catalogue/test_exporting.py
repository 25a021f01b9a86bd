from __future__ import annotations

import csv
import io
import zipfile
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from syncer.catalogue.check import checked
from syncer.catalogue.edit import delete_product, edit_product, save_product
from syncer.catalogue.exporting import COLUMNS, export_csv, export_xlsx
from syncer.catalogue.importing import ImportOptions, ImportReport, import_file
from syncer.catalogue.read import iter_products, load_product
from syncer.catalogue.taxonomy import categories
from syncer.domain.product import Photo, Product, ProductStatus, Variant
from syncer.domain.stock import Reason
from syncer.domain.words import SyncerError
from syncer.inventory import bulk
from syncer.inventory.ledger import available, move, set_on_hand
from syncer.store.engine import Engine, open_engine, read, write
from syncer.store.tables import photo
from tests.catalogue.builders import NOW, add_media, bowl

PAYLOADS = (
    "=1+1",
    "+62812",
    "-A1",
    "@SUM(A1)",
    "＝1",
    "＋1",
    "－1",
    "＠x",
    '=HYPERLINK("http://x")',
    "'=1",
    "''+1",
    "-",
)


def export(engine: Engine, path: Path, **options: Any) -> bytes:
    with read(engine) as connection:
        (export_xlsx if path.suffix == ".xlsx" else export_csv)(connection, path, **options)
    return path.read_bytes()


def take(engine: Engine, data: bytes, **options: Any) -> ImportReport:
    return import_file(engine, data, "katalog", bulk, now=NOW, options=ImportOptions(**options))


def plain(product: Product) -> Product:
    """The product without the ids of one database."""
    return replace(product, id=0, variants=tuple(replace(one, id=0) for one in product.variants))


def state(engine: Engine) -> tuple[list[Product], dict[str, int]]:
    with read(engine) as connection:
        found = list(iter_products(connection))
        ids = {one.id: one.sku for value in found for one in value.variants}
        stock = {ids[key]: value for key, value in available(connection, list(ids)).items()}
    return [plain(value) for value in found], stock


def fill(engine: Engine) -> None:
    """Products with everything that a product can have."""
    with write(engine) as connection:
        add_media(connection, "a" * 64, "b" * 64)
        photos = (Photo("b" * 64, "dari; depan|x\\y", "mangkuk-putih"), Photo("a" * 64))
        save_product(
            connection,
            bowl(
                photos=photos,
                story='Baris satu\nbaris dua, "kutip"',
                brand="Tungku",
                materials=("tanah; liat", "glasir \\ abu"),
                attributes={"ukuran; dalam": "12=3", "a\\b": "c;d"},
                made_to_order_days=7,
            ),
            now=NOW,
        )
        save_product(
            connection,
            bowl("satu", option_names=(), variants=(Variant("007", Decimal(1), single_piece=True, barcode="00123"),)),
            now=NOW,
        )
        set_on_hand(connection, "mangkuk-biru", 5, now=NOW)
        set_on_hand(connection, "007", 1, now=NOW)
        save_product(connection, bowl("lama"), now=NOW)
        delete_product(connection, "lama", now=NOW)


@pytest.fixture
def other(tmp_path: Path) -> Engine:
    """An empty catalogue in another place."""
    from syncer.store import migrate

    engine = open_engine(f"sqlite:///{tmp_path / 'other.db'}")
    migrate.upgrade(engine)
    return engine


@pytest.mark.parametrize("name", ["katalog.csv", "katalog.xlsx"])
def test_an_export_imports_back_to_the_same_catalogue(engine: Engine, other: Engine, tmp_path: Path, name: str) -> None:
    fill(engine)
    before = state(engine)
    data = export(engine, tmp_path / name)
    report = take(engine, data)
    assert (report.format, report.new, report.changed, report.stock_set) == ("template", 0, 0, 0)
    assert (report.unchanged, report.failed, report.notes) == (2, [], report.notes)
    assert state(engine) == before
    # In another place too, where the pictures are known.
    with write(other) as connection:
        add_media(connection, "a" * 64, "b" * 64)
    report = take(other, data)
    assert (report.new, report.failed) == (2, [])
    active = [value for value in before[0] if value.status is ProductStatus.ACTIVE]
    assert state(other) == (active, before[1])


def test_pictures_that_exist_only_elsewhere_are_said(engine: Engine, other: Engine, tmp_path: Path) -> None:
    fill(engine)
    report = take(other, export(engine, tmp_path / "k.csv"))
    assert report.failed == []
    assert sum("exists only where it comes from" in one.words.en for one in report.notes) == 2


def test_a_picture_with_an_address_is_exported_by_its_address(engine: Engine, other: Engine, tmp_path: Path) -> None:
    fill(engine)
    with write(engine) as connection:
        connection.execute(
            update(photo).where(photo.c.sha256 == "a" * 64).values(source_url="https://toko.example/a|b;c.jpg")
        )
    data = export(engine, tmp_path / "k.csv")
    assert take(engine, data).unchanged == 2
    assert take(other, data).pictures_waiting == 1


def test_an_old_export_does_not_turn_back_the_stock(engine: Engine, tmp_path: Path) -> None:
    fill(engine)
    data = export(engine, tmp_path / "k.csv").decode("utf-8-sig")
    with write(engine) as connection:
        move(connection, "mangkuk-biru", -2, reason=Reason.SOLD, now=NOW)
        edit_product(connection, "mangkuk", now=NOW, title="Judul baru")
    report = take(engine, data.encode())
    assert (report.stock_set, report.changed) == (0, 1)
    assert state(engine)[1]["mangkuk-biru"] == 3
    # A number that somebody wrote is taken.
    rows = list(csv.reader(io.StringIO(data)))
    column = rows[0].index("stock")
    rows[1][column] = "9"
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    assert take(engine, out.getvalue().encode()).stock_set == 1
    assert state(engine)[1]["mangkuk-biru"] == 9


def test_another_currency_stands_in_the_heading(engine: Engine, other: Engine, tmp_path: Path) -> None:
    with write(engine) as connection:
        save_product(connection, bowl(option_names=(), variants=(Variant("x", Decimal("12.5")),)), now=NOW)
    data = export(engine, tmp_path / "k.csv", currency="EUR")
    assert b"price_eur" in data
    assert take(engine, data, currency="EUR").unchanged == 1
    report = take(other, data)
    assert "in EUR" in report.failed[0].words.en


_TEXT = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("=+-@'\"\\;|,\n\t ＝<>&_xA0"), max_size=30)
_LINE = _TEXT.map(lambda text: text.replace("\n", " "))


@st.composite
def catalogues(draw: st.DrawFn) -> Product:
    """Any product that a person could have saved."""
    axes = draw(st.lists(_LINE, max_size=3, unique_by=str.casefold))
    count = draw(st.integers(1, 4)) if axes else 1
    choices = draw(st.lists(_LINE, min_size=count, max_size=count, unique_by=str.casefold))
    sizes = st.none() | st.integers(1, 100_000)
    variants = tuple(
        Variant(
            sku=f"S-{number}",
            price=Decimal(draw(st.integers(1, 1_000_000_000))),
            option_values=tuple(choices[number] for _ in axes),
            weight_g=draw(sizes),
            length_mm=draw(sizes),
            width_mm=draw(sizes),
            height_mm=draw(sizes),
            single_piece=draw(st.booleans()),
            barcode=draw(st.text("0123456789", max_size=13)),
        )
        for number in range(count)
    )
    value = Product(
        handle="P-1",
        title=draw(_LINE),
        description=draw(_TEXT),
        story=draw(_TEXT),
        materials=tuple(draw(st.lists(_LINE, max_size=3))),
        category_key=draw(st.sampled_from(["", *(one.key for one in categories().values() if one.is_leaf)])),
        option_names=tuple(axes),
        variants=variants,
        made_to_order_days=draw(st.integers(0, 365)),
        brand=draw(_LINE),
        condition=draw(st.sampled_from(["new", "used"])),
        maker=draw(_LINE),
        unit=draw(_LINE),
        attributes=draw(st.dictionaries(_LINE, _LINE, max_size=3)),
    )
    try:
        cleaned = checked(value)
    except SyncerError:
        assume(False)
    assume(all(name and text for name, text in cleaned.attributes.items()))
    return cleaned


@pytest.mark.parametrize("database_kind", ["sqlite"])
@pytest.mark.parametrize("name", ["k.csv", "k.xlsx"])
@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much, HealthCheck.too_slow],
)
@given(value=catalogues())
@pytest.mark.rule("F6")
def test_whatever_is_saved_comes_back(engine: Engine, tmp_path: Path, name: str, value: Product) -> None:
    with write(engine) as connection:
        value = replace(value, id=0)
        save_product(connection, value, now=NOW)
        saved = plain(load_product(connection, "P-1"))
    if name.endswith(".xlsx"):
        # A workbook is XML 1.0, which has no room for these signs.
        assume(not any("\ufffe" in str(part) or "\uffff" in str(part) for part in (value,)))
    report = take(engine, export(engine, tmp_path / name))
    assert report.failed == []
    with read(engine) as connection:
        assert plain(load_product(connection, "P-1")) == saved
    assert report.changed == 0


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.rule("F6")
def test_no_cell_of_an_export_runs(engine: Engine, tmp_path: Path, payload: str) -> None:
    """Security F6: every text column, in both kinds of file."""
    with write(engine) as connection:
        save_product(
            connection,
            bowl(
                title=payload, description=payload, story=payload, brand=payload, maker=payload, unit=payload,
                materials=(payload,), option_names=(payload,), attributes={payload: payload},
                variants=(Variant("x", Decimal(5000), (payload,), barcode=payload),),
            ),
            now=NOW,
        )  # fmt: skip
    before = state(engine)
    text = export(engine, tmp_path / "k.csv").decode("utf-8-sig")
    for row in csv.reader(io.StringIO(text)):
        assert not any(cell.lstrip()[:1] in set("=+-@＝＋－＠") for cell in row)
    data = export(engine, tmp_path / "k.xlsx")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert not any(b"<f>" in archive.read(part) for part in archive.namelist())
        assert not any(b"<hyperlink " in archive.read(part) for part in archive.namelist())
    for row in openpyxl.load_workbook(io.BytesIO(data)).active.iter_rows():
        assert not any(cell.data_type == "f" for cell in row)
    for file in (text.encode(), data):
        assert (take(engine, file).failed, state(engine)) == ([], before)


def test_an_export_that_fails_leaves_the_old_file(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "k.csv"
    path.write_text("lama")
    fill(engine)
    with pytest.raises(RuntimeError), read(engine) as connection:
        export_csv(_Breaking(connection), path)  # type: ignore[arg-type]
    assert path.read_text() == "lama"
    assert [one.name for one in tmp_path.glob("*k.csv*")] == ["k.csv"]
    with pytest.raises(OSError):
        export(engine, tmp_path / "tidak-ada" / "k.csv")


class _Breaking:
    """A connection that breaks after its first answer."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._answers = 0

    def execute(self, *arguments: Any) -> Any:
        self._answers += 1
        if self._answers > 5:
            raise RuntimeError
        return self._connection.execute(*arguments)


def test_the_columns_hold_those_of_the_demo_catalogue() -> None:
    from syncer.catalogue.demo import demo_catalogue

    demo = demo_catalogue().decode().split("\n", 1)[0].strip().split(",")
    assert set(demo) - {"image_hint", "note"} <= set(COLUMNS)
