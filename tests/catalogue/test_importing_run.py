from __future__ import annotations

import csv
import datetime as dt
import io
import threading
import time
from typing import Any

import openpyxl
import pytest
from sqlalchemy import func, select

from syncer.catalogue.edit import delete_product, edit_product, rename_sku, save_product, set_price
from syncer.catalogue.importing import ImportOptions, ImportReport, import_file
from syncer.catalogue.read import iter_products, load_product
from syncer.domain.product import Product, ProductStatus
from syncer.domain.stock import Reason
from syncer.inventory import bulk
from syncer.inventory.ledger import audit, available, move, set_on_hand
from syncer.store.engine import Engine, read, write
from syncer.store.marks import Due
from syncer.store.skus import find_variant
from syncer.store.tables import cause, import_run, listing, product, stock_movement, variant
from tests.catalogue.builders import NOW, add_account, add_listing, bowl, owed
from tests.catalogue.exports import etsy, loyverse, shopee, shopify, table, woo, woo_shirt

PAYLOADS = (
    "=1+1",
    "+62812",
    "-A1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    " =1",
    "＝1",
    "＋1",
    "＠x",
    '=HYPERLINK("http://x")',
    "'=1",
)
COLUMNS = ["sku", "product_code", "title", "option1_name", "option1_value", "price_idr", "stock"]


def take(engine: Engine, data: bytes, name: str = "berkas.csv", **options: Any) -> ImportReport:
    return import_file(engine, data, name, bulk, now=NOW, options=ImportOptions(**options))


def rows(*many: tuple[Any, ...]) -> bytes:
    """A template with these rows, in the order of COLUMNS."""
    return table(COLUMNS, *(dict(zip(COLUMNS, one, strict=False)) for one in many)).encode()


def state(engine: Engine) -> tuple[list[Product], dict[str, int], int]:
    """Everything that an import could change."""
    with read(engine) as connection:
        found = list(iter_products(connection))
        ids = {one.id: one.sku for value in found for one in value.variants}
        stock = {ids[key]: value for key, value in available(connection, list(ids)).items()}
        movements = connection.execute(select(func.count()).select_from(stock_movement)).scalar_one()
        assert audit(connection) == []
    return found, stock, movements


def on_hand(engine: Engine, sku: str) -> int:
    with read(engine) as connection:
        found = find_variant(connection, sku)
        return available(connection, [found.id])[found.id]


FILES = {
    "woocommerce": woo(*woo_shirt()),
    "shopify": shopify(
        {"Handle": "a", "Title": "A", "Option1 Name": "Ukuran", "Option1 Value": "S", "Variant Price": "86000",
         "Variant Inventory Qty": 3},
        {"Handle": "a", "Option1 Value": "M", "Variant Price": "96000", "Variant Inventory Qty": 0},
    ),
    "etsy": etsy({"TITOLO": "Vaso", "PREZZO": "46000", "CURRENCY_CODE": "IDR", "QUANTITÀ": 1, "SKU": ""}),
    "loyverse": loyverse(
        {"Handle": "a", "SKU": "1", "Name": "A", "Price [Warung Melati]": "9000", "In stock [Warung Melati]": "2.000"}
    ),
    "shopee": shopee({"ps_product_name": "Vas", "ps_price": 90000, "ps_stock": 1, "ps_sku_short": "VAS"}),
    "template": rows(("", "v", "Vas", "Warna", "Biru", "9000", "4"), ("", "v", "Vas", "Warna", "Putih", "9000", "0")),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_the_same_file_twice_changes_nothing_not_even_after_a_sale(engine: Engine, name: str) -> None:
    first = take(engine, FILES[name])
    assert (first.format, first.failed) == (name, [])
    assert first.new > 0
    before = state(engine)
    again = take(engine, FILES[name])
    assert (again.new, again.changed, again.unchanged, again.stock_set) == (0, 0, first.new, 0)
    assert state(engine) == before
    sold = next(sku for sku, number in before[1].items() if number > 0)
    with write(engine) as connection:
        move(connection, sold, -1, reason=Reason.SOLD, now=NOW)
        counted = next((sku for sku, number in before[1].items() if number == 0), None)
        if counted is not None:
            set_on_hand(connection, counted, 9, now=NOW)
    between = state(engine)
    assert take(engine, FILES[name]).stock_set == 0
    assert state(engine) == between


@pytest.mark.parametrize("name", FILES)
def test_a_dry_run_tells_the_same_and_writes_nothing(engine: Engine, name: str) -> None:
    preview = take(engine, FILES[name], dry_run=True)
    assert state(engine) == ([], {}, 0)
    with read(engine) as connection:
        assert connection.execute(select(func.count()).select_from(cause)).scalar() == 0
        assert connection.execute(select(func.count()).select_from(import_run)).scalar() == 0
    assert take(engine, FILES[name]).counts() == preview.counts()
    assert take(engine, FILES[name], dry_run=True).counts()["unchanged"] == preview.new


def test_a_file_sets_stock_only_where_it_says_something_new(engine: Engine) -> None:
    take(engine, rows(("a", "a", "Vas", "", "", "9000", "5"), ("b", "b", "Guci", "", "", "9000", "5")))
    with write(engine) as connection:
        move(connection, "a", -2, reason=Reason.SOLD, now=NOW)
        move(connection, "b", -2, reason=Reason.SOLD, now=NOW)
    report = take(engine, rows(("a", "a", "Vas", "", "", "9000", "5"), ("b", "b", "Guci", "", "", "9000", "7")))
    assert report.stock_set == 1
    assert (on_hand(engine, "a"), on_hand(engine, "b")) == (3, 7)
    # Another kind of file is heard anew.
    take(
        engine,
        loyverse(
            {"Handle": "a", "SKU": "a", "Name": "Vas", "Price [Warung Melati]": "9000",
             "In stock [Warung Melati]": "5.000"}
        ),
    )  # fmt: skip
    assert on_hand(engine, "a") == 5


def test_an_import_marks_listings_once_with_its_cause(engine: Engine) -> None:
    take(engine, rows(("a", "a", "Vas", "", "", "9000", "5"), ("b", "b", "Guci", "", "", "9000", "5")))
    with write(engine) as connection:
        shop = add_account(connection)
        a, b = (add_listing(connection, shop, found.id) for found in iter_products(connection))
    report = take(engine, rows(("a", "a", "Vas", "", "", "9500", "5"), ("b", "b", "Guci", "", "", "9000", "5")))
    assert (report.changed, report.unchanged) == (1, 1)
    with read(engine) as connection:
        assert owed(connection, a)[0] == Due.PRICE
        assert owed(connection, b)[0] == 0
        marked = connection.execute(select(listing.c.cause_id).where(listing.c.id == a)).scalar_one()
        kind, note, actor = connection.execute(
            select(cause.c.kind, cause.c.note, cause.c.actor).where(cause.c.id == marked)
        ).one()
    assert (report.cause_id, kind, note, actor) == (marked, "import", "berkas.csv", "")


def test_what_a_file_is_silent_about_stays(engine: Engine) -> None:
    take(engine, FILES["template"])
    with write(engine) as connection:
        edit_product(connection, "v", now=NOW, story="Cerita", materials=("tanah",), category_key="vas-keramik")
    take(engine, rows(("", "v", "Vas Besar", "Warna", "Biru", "9500", "4")))
    with read(engine) as connection:
        found = load_product(connection, "v")
    assert (found.title, found.story, found.materials, found.category_key) == (
        "Vas Besar",
        "Cerita",
        ("tanah",),
        "vas-keramik",
    )
    assert [one.price for one in found.variants] == [9500, 9000]


def test_a_failed_row_never_reads_as_gone(engine: Engine) -> None:
    take(
        engine, rows(("x", "v", "Vas", "Warna", "Biru", "9000", "4"), ("y", "v", "Vas", "Warna", "Putih", "9000", "2"))
    )
    report = take(
        engine, rows(("x", "v", "Vas", "Warna", "Biru", "salah", "4"), ("y", "v", "Vas", "Warna", "Putih", "9500", "2"))
    )
    assert [one.row for one in report.failed] == [2]
    with read(engine) as connection:
        assert [(one.sku, one.price) for one in load_product(connection, "v").variants] == [("x", 9000), ("y", 9500)]


def test_new_options_end_the_old_variants_only_if_the_file_lists_all(engine: Engine) -> None:
    take(engine, rows(("x", "v", "Vas", "", "", "9000", "4")))
    with write(engine) as connection:
        listed = add_listing(connection, add_account(connection), load_product(connection, "v").id)
    wrong = rows(("x-b", "v", "Vas", "Warna", "Biru", "9000", "1"), ("x-p", "v", "Vas", "Warna", "Putih", "salah", "1"))
    report = take(engine, wrong)
    assert {one.row for one in report.failed} == {2, 3}
    with read(engine) as connection:
        assert [one.sku for one in load_product(connection, "v").variants] == ["x"]
        assert owed(connection, listed)[0] == 0
    assert not any("no longer sold" in one.words.en for one in report.notes)
    right = wrong.replace(b"salah", b"9000")
    preview = take(engine, right, dry_run=True)
    report = take(engine, right)
    assert report.failed == []
    for told in (preview, report):
        (note,) = [one for one in told.notes if "no longer sold: x." in one.words.en]
        assert note.row == 2
        assert "product v" in note.words.en
        assert "tidak dijual lagi: x." in note.words.id
    with read(engine) as connection:
        assert [one.sku for one in load_product(connection, "v").variants] == ["x-b", "x-p"]
    assert not any("no longer sold" in one.words.en for one in take(engine, right).notes)


def test_rows_of_a_product_may_stand_apart(engine: Engine) -> None:
    filler = [(f"f{number}", f"f{number}", f"Isi {number}", "", "", "9000", "1") for number in range(400)]
    report = take(
        engine,
        rows(
            ("x", "v", "Vas", "Warna", "Biru", "9000", "4"),
            *filler,
            ("y", "v", "Vas", "Warna", "Putih", "9000", "2"),
            ("x", "w", "Guci", "", "", "9000", "4"),
        ),
    )
    assert (report.new, [one.row for one in report.failed]) == (401, [404])
    assert "row 2" in report.failed[0].words.en
    with read(engine) as connection:
        assert [one.sku for one in load_product(connection, "v").variants] == ["x", "y"]


def test_a_made_sku_is_replaced_by_a_real_one_and_keeps_its_identity(engine: Engine) -> None:
    take(engine, FILES["template"])
    with read(engine) as connection:
        before = load_product(connection, "v").variants
    report = take(
        engine, rows(("VB", "v", "Vas", "Warna", "Biru", "9000", "4"), ("", "v", "Vas", "Warna", "Putih", "9000", "0"))
    )
    assert (report.changed, report.failed) == (1, [])
    with read(engine) as connection:
        after = load_product(connection, "v").variants
    assert [one.id for one in after] == [one.id for one in before]
    assert after[0].sku == "VB"
    # The old file, without SKU, still means the same variant; so does a former SKU.
    assert take(engine, FILES["template"]).unchanged == 1
    with write(engine) as connection:
        rename_sku(connection, "VB", "VB-2", now=NOW)
    assert take(engine, rows(("VB", "v", "Vas", "Warna", "Biru", "9000", "4"))).unchanged == 1
    with read(engine) as connection:
        assert load_product(connection, "v").variants[0].sku == "VB-2"


def test_another_sku_for_known_options_is_asked_about(engine: Engine) -> None:
    take(engine, rows(("x", "v", "Vas", "Warna", "Biru", "9000", "4")))
    report = take(engine, rows(("z", "v", "Vas", "Warna", "Biru", "9000", "4")))
    assert "has the SKU x" in report.failed[0].words.en


def test_a_common_sku_does_not_overwrite_another_shops_product(engine: Engine) -> None:
    take(engine, etsy({"TITOLO": "Vaso blu", "PREZZO": "46000", "CURRENCY_CODE": "IDR", "SKU": "10"}))
    report = take(
        engine, shopify({"Handle": "cetak", "Title": "Cetak Saring", "Variant SKU": "'10", "Variant Price": 5000})
    )
    assert "SKU 10 belongs to vaso-blu-10" in report.failed[0].words.en
    # The same thing in another system is recognised by SKU and title.
    report = take(engine, shopify({"Handle": "x", "Title": "Vaso Blu", "Variant SKU": "10", "Variant Price": 47000}))
    assert (report.changed, report.new) == (1, 0)
    # And the same shop may rename a listing.
    data = etsy({"TITOLO": "Tutt'altro", "PREZZO": "47000", "CURRENCY_CODE": "IDR", "SKU": "10"})
    assert take(engine, data).changed == 1
    with read(engine) as connection:
        assert [one.title for one in iter_products(connection)] == ["Tutt'altro"]


def test_a_deleted_product_comes_back_only_when_asked(engine: Engine) -> None:
    take(engine, FILES["template"])
    with write(engine) as connection:
        delete_product(connection, "v", now=NOW)
    report = take(engine, FILES["template"])
    assert (report.products_failed, report.rows_failed) == (1, 2)
    assert "was deleted here" in report.failed[0].words.en
    assert take(engine, FILES["template"], restore_deleted=True).changed == 1
    with read(engine) as connection:
        found = load_product(connection, "v")
    assert (found.status, len(found.variants)) == (ProductStatus.ACTIVE, 2)


def test_edits_made_here_are_kept_unless_the_file_says_otherwise(engine: Engine) -> None:
    take(engine, FILES["template"])
    with write(engine) as connection:
        sku = load_product(connection, "v").variants[0].sku
        set_price(connection, sku, load_product(connection, "v").variants[0].price + 1, now=NOW)
    assert take(engine, FILES["template"]).changed == 1


def test_progress_counts_rows_to_the_end(engine: Engine) -> None:
    seen: list[tuple[int, int]] = []
    data = rows(*((f"f{n}", f"f{n}", f"Isi {n}", "", "", "9000", "1") for n in range(150)))
    import_file(engine, data, "x", bulk, now=NOW, progress=lambda done, whole: seen.append((done, whole)))
    assert seen[0] == (0, 150)
    assert seen[-1] == (150, 150)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_an_import_that_breaks_off_goes_on_from_there(engine: Engine) -> None:
    data = rows(*((f"f{n}", f"f{n}", f"Isi {n}", "", "", "9000", str(n % 5)) for n in range(200)))

    def stop(done: int, _whole: int) -> None:
        if done > 60:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_file(engine, data, "x", bulk, now=NOW, progress=stop)
    written = len(state(engine)[0])
    assert 60 < written < 200
    report = take(engine, data)
    assert (report.new, report.unchanged, report.failed) == (200 - written, written, [])
    assert len(state(engine)[0]) == 200


@pytest.mark.rule("P2")
def test_a_run_is_recorded_and_its_file_kept_a_week(engine: Engine) -> None:
    report = take(engine, rows(("a", "a", "Vas", "", "", "salah", "5")), "../../stok\u202e.csv", actor="ani")
    with read(engine) as connection:
        row = connection.execute(select(import_run)).one()
    assert row.id == report.import_id
    assert (row.file_name, row.format, row.counts["rows_failed"]) == ("stok.csv", "template", 1)
    assert bytes(row.failed_file) == report.returned
    later = NOW + dt.timedelta(days=8)
    import_file(engine, rows(("a", "a", "Vas", "", "", "5000", "5")), "x", bulk, now=later)
    with read(engine) as connection:
        assert [one.failed_file for one in connection.execute(select(import_run))] == [None]


# --- the returned file ------------------------------------------------------------------------------------------


def read_csv(data: bytes, delimiter: str = ",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), delimiter=delimiter))


def test_failed_rows_come_back_with_the_reason_and_import_once_mended(engine: Engine) -> None:
    data = rows(
        ("x", "v", "Vas", "Warna", "Biru", "salah", "4"),
        ("y", "v", "Vas", "Warna", "Putih", "9000", "2"),
        ("z", "w", 'Guci, "besar"\nsekali', "", "", "", "1"),
    )
    report = take(engine, data, "stok.csv")
    assert report.returned_name == "stok-gagal.csv"
    assert report.returned is not None
    heading, first, second = read_csv(report.returned)
    assert heading == [*COLUMNS, "Alasan tidak diimpor"]
    assert first[:7] == ["x", "v", "Vas", "Warna", "Biru", "salah", "4"]
    assert first[7].startswith('Harga "salah"')
    assert second[2] == 'Guci, "besar"\nsekali'
    mended = report.returned.replace(b"salah", b"9500").replace(b",,1,", b",8000,1,")
    again = take(engine, mended)
    assert (again.failed, again.new, again.changed) == ([], 1, 1)
    with read(engine) as connection:
        assert {one.sku for one in load_product(connection, "v").variants} == {"x", "y"}
    english = take(engine, data.replace(b"z,w", b"q,q"), language="en")
    assert english.returned is not None
    assert read_csv(english.returned)[0][-1] == "Reason not imported"


@pytest.mark.parametrize(
    "second",
    [("x", "v", "Vas", "Warna", "Putih", "9000", "2"), ("x", "lain", "Vas lain", "", "", "9000", "2")],
    ids=["another variant", "another product"],
)
def test_a_duplicate_that_comes_back_unmended_moves_nothing(engine: Engine, second: tuple[str, ...]) -> None:
    first = take(engine, rows(("x", "v", "Vas", "Warna", "Biru", "8000", "4"), second))
    assert first.returned is not None
    before = state(engine)
    again = take(engine, first.returned, language="en")
    assert [one.row for one in again.failed] == [2]
    assert "x" in again.failed[0].words.en
    assert state(engine) == before
    assert again.returned is not None
    mended = take(engine, again.returned.replace(b"\nx,", b"\ny,"))
    assert mended.failed == []
    with read(engine) as connection:
        assert load_product(connection, "v").variants[0].option_values == ("Biru",)
        assert find_variant(connection, "y").id


def test_the_returned_file_keeps_the_separator_that_came_in(engine: Engine) -> None:
    report = take(engine, b"Judul;Harga\r\nVas;salah\r\n")
    assert report.returned is not None
    assert read_csv(report.returned, ";")[1][:2] == ["Vas", "salah"]


def test_a_workbook_comes_back_as_a_workbook_with_its_head(engine: Engine) -> None:
    good = {"ps_product_name": "Vas", "ps_price": 90000, "ps_stock": 1, "ps_sku_short": "VAS"}
    report = take(
        engine, shopee(good, good | {"ps_product_name": "Guci", "ps_sku_short": "GUCI", "ps_price": "x"}), "s.xlsx"
    )
    assert report.returned is not None
    page = openpyxl.load_workbook(io.BytesIO(report.returned)).active
    found = [list(row) for row in page.iter_rows(values_only=True)]
    assert len(found) == 7
    assert found[0][0] == "ps_category|0|0"
    assert found[0][-1] == "Alasan tidak diimpor"
    assert "GUCI" in found[6]
    mended = report.returned
    book = openpyxl.load_workbook(io.BytesIO(mended))
    book.active.cell(7, found[0].index("ps_price|1|1") + 1).value = 95000
    out = io.BytesIO()
    book.save(out)
    again = take(engine, out.getvalue())
    assert (again.format, again.new, again.failed) == ("shopee", 1, [])


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.rule("F6")
def test_no_cell_of_a_returned_file_runs(engine: Engine, payload: str) -> None:
    data = table(COLUMNS, {"sku": payload, "product_code": payload, "title": payload, "price_idr": "x"}).encode()
    report = take(engine, data)
    assert report.returned is not None
    for row in read_csv(report.returned):
        for cell in row:
            assert cell.lstrip(" ")[:1] not in ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "＠")
    report = take(engine, shopee({"ps_product_name": payload, "ps_sku_short": "a", "ps_price": "x"}), "x.xlsx")
    assert report.returned is not None
    import zipfile

    with zipfile.ZipFile(io.BytesIO(report.returned)) as archive:
        for name in archive.namelist():
            assert b"<f>" not in archive.read(name)
            assert b"<hyperlink " not in archive.read(name)


# --- large, and beside others -----------------------------------------------------------------------------------


def test_others_get_in_between_within_milliseconds(engine: Engine) -> None:
    with write(engine) as connection:
        save_product(connection, bowl(), now=NOW)
    data = rows(*((f"f{n}", f"p{n // 3}", f"Isi {n // 3}", "Warna", str(n), "9000", "3") for n in range(4000)))
    waited: list[float] = []
    done = threading.Event()

    def count() -> None:
        number = 0
        while not done.is_set():
            number += 1
            started = time.monotonic()
            with write(engine) as connection:
                set_on_hand(connection, "mangkuk-biru", number % 9 + 1, now=NOW)
            waited.append(time.monotonic() - started)
            time.sleep(0.02)

    thread = threading.Thread(target=count)
    thread.start()
    began = time.monotonic()
    try:
        report = take(engine, data)
    finally:
        took = time.monotonic() - began
        done.set()
        thread.join()
    assert report.failed == []
    assert len(waited) > 5
    assert sorted(waited)[len(waited) // 2] < max(0.3, took / 10)
    with read(engine) as connection:
        assert audit(connection) == []
        assert connection.execute(select(func.count()).select_from(variant)).scalar() == 4002


def test_counts_and_imports_of_the_same_listed_products_never_wait_for_each_other(engine: Engine) -> None:
    def data(round_number: int) -> bytes:
        return rows(
            *((f"f{n}", f"p{n}", f"Isi {n} {round_number}", "", "", "9000", str(round_number % 7)) for n in range(30))
        )

    take(engine, data(0))
    with write(engine) as connection:
        shops = [add_account(connection, name) for name in ("satu", "dua")]
        for found in iter_products(connection):
            for shop in shops:
                add_listing(connection, shop, found.id, {found.variants[0].id: 3})
    failed: list[BaseException] = []
    done = threading.Event()

    def count(order: int) -> None:
        try:
            number = 0
            while not done.is_set():
                number += order
                with write(engine) as connection:
                    set_on_hand(connection, f"f{number % 30}", abs(number) % 9, now=NOW)
                    set_on_hand(connection, f"f{number % 30}", abs(number) % 9 + 1, now=NOW)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=count, args=(order,)) for order in (1, -1)]
    for thread in threads:
        thread.start()
    try:
        for round_number in range(1, 12):
            report = take(engine, data(round_number))
            assert report.changed == 30
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert failed == []
    with read(engine) as connection:
        assert audit(connection) == []


def test_two_imports_of_the_same_file_at_once_make_one_catalogue(engine: Engine) -> None:
    data = rows(*((f"f{n}", f"p{n // 2}", f"Isi {n // 2}", "Warna", str(n), "9000", "3") for n in range(300)))
    reports: list[ImportReport] = []
    threads = [threading.Thread(target=lambda: reports.append(take(engine, data))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(reports) == 2
    assert sum(one.new for one in reports) == 150
    with read(engine) as connection:
        assert connection.execute(select(func.count()).select_from(product)).scalar() == 150
        assert audit(connection) == []
    assert set(state(engine)[1].values()) == {3}
