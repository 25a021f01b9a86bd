"""Security F2: workbooks of strangers, bombs and all."""

from __future__ import annotations

import io
import time
import zipfile

import openpyxl
import pytest

from syncer.catalogue import untrusted_child
from syncer.catalogue.importing.errors import ImportRefused
from syncer.catalogue.importing.table import open_tables
from syncer.catalogue.untrusted import FileRefused

_TYPES = """<?xml version="1.0" encoding="UTF-8"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Override PartName="/xl/workbook.xml"
 ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>
<Override PartName="/xl/worksheets/sheet1.xml"
 ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>
<Override PartName="/xl/sharedStrings.xml"
 ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"/>
</Types>"""
_RELS = """<?xml version="1.0" encoding="UTF-8"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
<Relationship Id="rId1" Target="xl/workbook.xml"
 Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"/></Relationships>"""
_BOOK_RELS = """<?xml version="1.0" encoding="UTF-8"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
<Relationship Id="rId1" Target="worksheets/sheet1.xml"
 Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet"/>
<Relationship Id="rId2" Target="sharedStrings.xml"
 Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings"/></Relationships>"""
_BOOK = """<?xml version="1.0" encoding="UTF-8"?>
<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"
 xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">
<sheets>{sheets}</sheets></workbook>"""
_MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


def raw_book(
    sheet: str, *, doctype: str = "", strings: str = "", extra: dict[str, bytes] | None = None, sheets: int = 1
) -> bytes:
    """A workbook written by hand."""
    out = io.BytesIO()
    names = "".join(f'<sheet name="S{number}" sheetId="{number}" r:id="rId1"/>' for number in range(1, sheets + 1))
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", _TYPES)
        archive.writestr("_rels/.rels", _RELS)
        archive.writestr("xl/_rels/workbook.xml.rels", _BOOK_RELS)
        archive.writestr("xl/workbook.xml", _BOOK.format(sheets=names))
        archive.writestr("xl/sharedStrings.xml", strings or f'<?xml version="1.0"?><sst {_MAIN}/>')
        archive.writestr(
            "xl/worksheets/sheet1.xml",
            f'<?xml version="1.0"?>{doctype}<worksheet {_MAIN}><sheetData>{sheet}</sheetData></worksheet>',
        )
        for name, data in (extra or {}).items():
            archive.writestr(name, data)
    return out.getvalue()


def plain_book(*rows: list[object]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_a_plain_workbook_gives_its_rows() -> None:
    book = plain_book(["sku", "harga"], ["A", 185000], [None, None], ["B", 12.5], ["00012", True])
    rows = list(open_tables(book)[0].rows())
    assert [(row.number, row.cells) for row in rows] == [
        (1, ["sku", "harga"]),
        (2, ["A", "185000"]),
        (4, ["B", "12.5"]),
        (5, ["00012", "true"]),
    ]


def _refused(data: bytes) -> str:
    started = time.monotonic()
    with pytest.raises((FileRefused, ImportRefused)) as caught:
        for table in open_tables(data):
            list(table.rows())
    assert time.monotonic() - started < 20
    return getattr(caught.value, "code", "import")


_LAUGHS = "".join(
    f'<!ENTITY l{number} "{("&l" + str(number - 1) + ";") * 10 if number else "lol"}">' for number in range(10)
)


@pytest.mark.parametrize(
    ("doctype", "entity"),
    [
        (f"<!DOCTYPE x [{_LAUGHS}]>", "&l9;"),
        ('<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>', "&e;"),
        ('<!DOCTYPE x [<!ENTITY % e SYSTEM "http://127.0.0.1:9/x"> %e;]>', ""),
    ],
)
@pytest.mark.rule("F2")
def test_entities_are_forbidden(doctype: str, entity: str) -> None:
    cell = f'<row r="1"><c r="A1" t="inlineStr"><is><t>{entity}</t></is></c></row>'
    assert _refused(raw_book(cell, doctype=doctype)) in ("forbidden_xml", "damaged")


@pytest.mark.rule("F2")
def test_openpyxl_reads_with_defusedxml() -> None:
    from openpyxl.xml import DEFUSEDXML

    assert DEFUSEDXML is True


@pytest.mark.rule("F2")
def test_two_far_cells_cost_nothing() -> None:
    far = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>2</v></c></row>'
    started = time.monotonic()
    rows = list(open_tables(raw_book(far))[0].rows())
    assert [row.cells for row in rows] == [["1"]]
    assert time.monotonic() - started < 10


def test_a_wide_row_is_cut() -> None:
    wide = '<row r="1"><c r="A1"><v>1</v></c><c r="XFD1"><v>2</v></c></row>'
    assert next(iter(open_tables(raw_book(wide))[0].rows())).cells == ["1"]


@pytest.mark.rule("C1")
@pytest.mark.rule("F2")
def test_three_hundred_megabytes_of_strings_are_refused() -> None:
    strings = f'<?xml version="1.0"?><sst {_MAIN}>' + "<si><t>" + "A" * 300_000_000 + "</t></si></sst>"
    assert _refused(raw_book('<row r="1"><c r="A1" t="s"><v>0</v></c></row>', strings=strings)) == "too_large_unpacked"


@pytest.mark.rule("C1")
@pytest.mark.rule("F2")
def test_a_lie_about_the_size_does_not_help() -> None:
    data = bytearray(raw_book("", extra={"xl/bomb.bin": b"\x00" * 150_000_000}))
    size = (150_000_000).to_bytes(4, "little")
    assert data.count(size) >= 1
    assert _refused(bytes(data.replace(size, (10).to_bytes(4, "little")))) in ("too_large_unpacked", "damaged")


@pytest.mark.rule("C1")
@pytest.mark.rule("F2")
def test_ten_thousand_sheets_and_parts() -> None:
    many = {f"xl/worksheets/extra{number}.xml": b"<x/>" for number in range(10_000)}
    assert _refused(raw_book("", extra=many)) == "too_large_unpacked"
    assert open_tables(raw_book('<row r="1"><c r="A1"><v>1</v></c></row>', sheets=150))


@pytest.mark.rule("F2")
def test_a_zip_in_a_zip_is_no_workbook() -> None:
    inner = raw_book("")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("book.xlsx", inner)
    assert _refused(out.getvalue()) == "no_sheet"


@pytest.mark.rule("F2")
def test_macros_old_and_encrypted_files_are_refused_by_content() -> None:
    assert _refused(raw_book("", extra={"xl/vbaProject.bin": b"x"})) == "macros"
    assert _refused(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 2000) == "old_or_encrypted"


@pytest.mark.parametrize("cut", [50, 400, -30])
def test_a_cut_off_workbook_is_refused(cut: int) -> None:
    assert _refused(plain_book(["sku"], ["A"])[:cut]) in ("damaged", "no_sheet")


@pytest.mark.rule("C1")
def test_a_workbook_with_too_many_rows_is_refused() -> None:
    book = plain_book(["sku"], *([str(number)] for number in range(60)))
    with pytest.raises(FileRefused, match="too many rows"):
        open_tables(book, max_rows=10)


@pytest.mark.rule("F2")
def test_formulas_give_their_value_never_themselves() -> None:
    cell = '<row r="1"><c r="A1"><f>HYPERLINK("http://x")</f><v>7</v></c></row>'
    assert next(iter(open_tables(raw_book(cell))[0].rows())).cells == ["7"]


def test_the_child_refuses_to_read_without_defusedxml(monkeypatch) -> None:
    import openpyxl.xml

    monkeypatch.setattr(openpyxl.xml, "DEFUSEDXML", False)
    with pytest.raises(untrusted_child.Refused, match="no_defused_xml"):
        untrusted_child.sheet(plain_book(["a"]), 10, 10, 100)
