"""Sales at a bazaar, and a partner's list of what was sold."""

from __future__ import annotations

import datetime as dt
import io
from decimal import Decimal

import pytest
from sqlalchemy import update

from syncer.catalogue.edit import save_product
from syncer.domain.product import Variant
from syncer.inventory.ledger import add_location, audit, set_on_hand
from syncer.inventory.levels import Level, full_levels
from syncer.orders.doors import record_sale, undo_sale
from syncer.orders.errors import OrderError
from syncer.orders.partner import SoldReport, import_sold
from syncer.store.engine import read, write
from syncer.store.marks import Lane
from syncer.store.order_tables import bundle_part
from syncer.store.skus import UnknownSku
from syncer.store.tables import account
from tests.catalogue.builders import NOW, bowl
from tests.orders.shop import Shops, at, line, order

LIST = "Kode,Jumlah,Tanggal,Nomor\nmangkuk-biru,2,23/11/2026,N-1\nmangkuk-biru,1,2026-11-24,\n"


def test_a_sale_is_one_line_and_can_be_undone(shops: Shops) -> None:
    with write(shops.engine) as connection:
        sale = record_sale(connection, "mangkuk-biru", 2, price=Decimal(90000), note="bazar Setu", now=at(10))
        assert (sale.sku, sale.quantity, sale.free, sale.oversold, sale.new) == ("mangkuk-biru", 2, 3, False, True)
    assert shops.level() == Level(3, 0)
    assert shops.owed()[1] == Lane.FALL
    (row,) = shops.orders()
    assert (row["door"], row["account_id"], row["total"], row["currency"]) == ("sale", None, Decimal(180000), "IDR")
    with write(shops.engine) as connection:
        undo_sale(connection, sale.reference, now=at(20))
        with pytest.raises(OrderError, match="undone already"):
            undo_sale(connection, str(sale.id), now=at(20))
        assert audit(connection) == []
    assert shops.level() == Level(5, 0)


def test_a_repeated_sale_counts_once(shops: Shops) -> None:
    for number in range(2):
        with write(shops.engine) as connection:
            sale = record_sale(connection, "mangkuk-biru", reference="hp-7:1", now=at(10))
            assert sale.new is (number == 0)
    assert shops.level() == Level(4, 0)


def test_another_sale_under_the_same_reference_is_refused(shops: Shops) -> None:
    with write(shops.engine) as connection:
        first = record_sale(connection, "mangkuk-biru", 2, price=Decimal(85000), reference="B1", now=at(10))
    others: list[tuple[str, int, Decimal | None]] = [
        ("mangkuk-putih", 2, None),
        ("mangkuk-biru", 1, None),
        ("mangkuk-biru", 2, Decimal(90000)),
    ]
    for sku, quantity, price in others:
        with write(shops.engine) as connection, pytest.raises(OrderError, match="B1 belongs to another sale: 2 mang"):
            record_sale(connection, sku, quantity, price=price, reference="B1", now=at(20))
    with write(shops.engine) as connection:
        assert not record_sale(connection, "mangkuk-biru", 2, reference="B1", now=at(20)).new
        # A reference that looks like a number of ours is still only a reference.
        assert record_sale(connection, "mangkuk-biru", 1, reference=str(first.id), now=at(21)).new
        undo_sale(connection, "B1", now=at(30))
        with pytest.raises(OrderError, match="was undone"):
            record_sale(connection, "mangkuk-biru", 2, reference="B1", now=at(40))
    assert shops.level() == Level(4, 0)


def test_a_price_below_zero_is_refused(shops: Shops) -> None:
    with write(shops.engine) as connection, pytest.raises(OrderError, match="The price -5 can't be used"):
        record_sale(connection, "mangkuk-biru", price=Decimal(-5), now=at(10))
    assert shops.orders() == []


def test_a_sale_of_a_bundle_says_what_its_parts_allow(shops: Shops) -> None:
    with write(shops.engine) as connection:
        value = bowl("hamper", option_names=(), variants=(Variant("hamper-1", Decimal(1)),))
        saved = save_product(connection, value, now=NOW)
        assert saved.variant_ids is not None
        parts = {"variant_id": saved.variant_ids["hamper-1"], "part_id": shops.blue, "quantity": 2}
        connection.execute(bundle_part.insert().values(parts))
        sold = record_sale(connection, "hamper-1", now=at(10))
        assert (sold.free, sold.oversold) == (1, False)
        again = record_sale(connection, "hamper-1", 2, now=at(20))
        assert (again.free, again.oversold) == (-1, True)


def test_a_sale_is_a_fact_even_without_stock(shops: Shops) -> None:
    shops.take(order(lines=[line(quantity=5)]))
    with write(shops.engine) as connection:
        add_location(connection, "galeri")
        assert record_sale(connection, "mangkuk-biru", location="galeri", now=at(300)).oversold
        with pytest.raises(UnknownSku):
            record_sale(connection, "gelas", now=NOW)
        with pytest.raises(OrderError, match="can't be sold"):
            record_sale(connection, "mangkuk-biru", 0, now=NOW)
        with pytest.raises(OrderError, match="no sale"):
            undo_sale(connection, "A1", now=NOW)
    assert [row["short"] for row in shops.oversells()] == [1]


def take(shops: Shops, text: str | bytes, **more: object) -> SoldReport:
    data = text.encode() if isinstance(text, str) else text
    return import_sold(shops.engine, data, "Galeri Kota", now=at(500), language="en", **more)  # type: ignore[arg-type]


def test_a_partners_list_counts_each_sale_once(shops: Shops) -> None:
    looked = take(shops, LIST, dry_run=True)
    assert (looked.new, looked.pieces, shops.orders(), shops.level()) == (2, 3, [], Level(5, 0))
    report = take(shops, LIST)
    assert (report.rows, report.new, report.pieces, report.refused) == (2, 2, 3, {})
    assert shops.level() == Level(2, 0)
    again = take(shops, LIST)
    assert (again.new, again.changed, again.unchanged) == (0, 0, 2)
    longer = take(shops, LIST + "mangkuk-biru,1,2026-11-24,\n", dry_run=True)
    assert (longer.new, longer.unchanged, len(shops.orders())) == (1, 2, 2)
    longer = take(shops, LIST + "mangkuk-biru,1,2026-11-24,\n")
    assert (longer.new, longer.unchanged) == (1, 2)
    assert shops.level() == Level(1, 0)
    assert {row["created_at"] for row in shops.orders()} == {
        dt.datetime(2026, 11, 22, 17, tzinfo=dt.UTC),
        dt.datetime(2026, 11, 23, 17, tzinfo=dt.UTC),
    }


def test_rows_that_are_refused_come_back_and_can_be_mended(shops: Shops) -> None:
    text = (
        "Penjualan November\n\nSKU;Qty;Date;Ref\ngelas;1;2026-11-20;A\nmangkuk-biru;nol;2026-11-20;B\n"
        "mangkuk-biru;0;2026-11-20;C\nmangkuk-biru;1;besok;D\nmangkuk-biru;1;2036-11-20;E\n;1;2026-11-20;F\n"
        "mangkuk-biru;1;2026-11-20;G\n"
    )
    report = take(shops, text)
    assert (report.new, sorted(report.refused)) == (1, [4, 5, 6, 7, 8, 9])
    assert report.refused[5].en.startswith('The quantity "nol" is no number')
    assert shops.level() == Level(4, 0)
    assert report.returned is not None
    back = report.returned.decode("utf-8-sig")
    assert back.splitlines()[0] == "SKU,Qty,Date,Ref,Reason not imported"
    assert "There is no SKU" in back
    mended = back.replace("gelas", "mangkuk-putih").replace("nol", "2").replace("besok", "20/11/2026")
    report = take(shops, mended)
    assert (report.new, len(report.refused)) == (3, 3)
    assert shops.level() == Level(1, 0)


def test_a_workbook_is_read_too(shops: Shops) -> None:
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Kode barang", "Terjual", "Tanggal"])
    sheet.append(["mangkuk-biru", 2, dt.date(2026, 11, 20)])
    data = io.BytesIO()
    book.save(data)
    assert take(shops, data.getvalue()).pieces == 2
    assert take(shops, data.getvalue()).unchanged == 1
    assert shops.level() == Level(3, 0)


def test_a_partner_sells_from_its_own_place(shops: Shops) -> None:
    with write(shops.engine) as connection:
        apart = add_location(connection, "mitra", pooled=False).id
        set_on_hand(connection, "mangkuk-biru", 4, location="mitra", now=NOW)
    assert take(shops, LIST, dry_run=True).pieces == 3
    take(shops, LIST, location="mitra")
    with read(shops.engine) as connection:
        assert full_levels(connection, [shops.blue])[shops.blue][apart] == Level(1, 0)


def test_a_list_that_may_count_sales_twice_is_asked_about(shops: Shops) -> None:
    def sold(partner: str, text: str = LIST, **more: bool) -> SoldReport:
        return import_sold(shops.engine, text.encode(), partner, now=at(500), **more)

    with pytest.raises(OrderError, match=r"the name of a shop of yours \(satu\)"):
        sold("Satu")
    sold("Galeri Kota")
    with pytest.raises(OrderError, match='2 of the 2 sales in this file are recorded for the partner "Galeri Kota"'):
        sold("Galeri Mal", dry_run=True)
    assert sold("galeri kota").unchanged == 2, "capitals make no other partner"
    assert shops.level() == Level(2, 0)
    # Another list that shares a sale by chance, and one that a person is sure of.
    other = LIST + "mangkuk-biru,1,2026-11-22,\nmangkuk-putih,1,2026-11-22,\nmangkuk-putih,3,2026-11-21,\n"
    assert sold("Galeri Tua", other.replace("N-1", "T-9")).new == 5
    assert sold("Galeri Mal", sure=True).new == 2
    assert sold("Galeri Mal").unchanged == 2, "asked once"
    assert sold("Satu", LIST.replace("2026-11-24", "2026-11-20").replace("N-1", "X"), sure=True).new == 2


def test_a_shop_with_a_place_of_its_own_that_tells_no_orders_is_a_partners(shops: Shops) -> None:
    with write(shops.engine) as connection:
        apart = add_location(connection, "mitra", pooled=False).id
        connection.execute(update(account).where(account.c.id == shops.one.id).values(location_id=apart))
    assert import_sold(shops.engine, LIST.encode(), "SATU", now=at(500)).new == 2
    with read(shops.engine) as connection:
        assert full_levels(connection, [shops.blue])[shops.blue][apart] == Level(-3, 0)


def test_a_list_without_the_columns_is_refused(shops: Shops) -> None:
    with pytest.raises(OrderError, match="no sales in this file"):
        take(shops, "SKU,Qty,Date\n")
    with pytest.raises(OrderError, match="date"):
        take(shops, "SKU,Qty\nmangkuk-biru,1\n")
    with pytest.raises(OrderError, match="file is empty"):
        take(shops, " \n")
    with pytest.raises(OrderError, match="partner's name"):
        import_sold(shops.engine, LIST.encode(), " ", now=NOW)
