from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncer.catalogue.importing import values
from syncer.catalogue.importing.draft import ForeignPrice, Prices
from syncer.domain.money import BadAmount, BrokenAmount, parse_price
from syncer.domain.text import check_sku
from syncer.domain.words import Words

WEIGHT = Words("Berat", "weight")


@pytest.mark.parametrize(
    ("text", "three", "number"),
    [("5", False, 5), ("5.000", True, 5), ("1.000", True, 1), ("-1.000", True, -1), ("1.000", False, 1000),
     ("1,250", False, 1250), ("5.0", False, 5), ("12,00", False, 12), (" 7 ", False, 7),
     ("1.000.000", False, 1_000_000),
     ("-3", False, -3)],
)  # fmt: skip
def test_counts(text: str, three: bool, number: int) -> None:
    assert values.count(text, three_decimals=three) == number


@pytest.mark.parametrize(
    "text",
    [
        "1.5",
        "-1.500",
        "abc",
        "1_000",
        "１２３",
        "٣",
        "NaN",
        "1e9",
        "",
        "--1",
        "1.000.001",
        "9" * 40,
        "1.2.3",
        "0x10",
        "½",
    ],
)
@pytest.mark.rule("C3")
def test_bad_counts_are_refused_in_words(text: str) -> None:
    with pytest.raises(values.BadCell):
        values.count(text, three_decimals=text == "-1.500")


@pytest.mark.parametrize(
    ("text", "unit", "found"),
    [(".5", "lb", 227), ("0,42", "kg", 420), ("1.250", "kg", 1250), ("1,234.5", "g", 1235), ("1.234,5", "g", 1235),
     ("0", "kg", None), ("0.0", "g", None), ("", "g", None), ("0.0001", "kg", 1), ("2.3", "kg", 2300)],
)  # fmt: skip
def test_weights(text: str, unit: str, found: int | None) -> None:
    assert values.measure(text, values.GRAMS[unit], what=WEIGHT) == found


@pytest.mark.parametrize("text", ["-1", "abc", "1e3", "١", "Infinity"])
def test_bad_weights_are_refused(text: str) -> None:
    with pytest.raises(values.BadCell):
        values.measure(text, Decimal(1), what=WEIGHT)


@pytest.mark.parametrize("text", ["1.5", "-1", "1e3", "99999999", "x", "²"])
def test_bad_days_are_refused(text: str) -> None:
    with pytest.raises(values.BadCell):
        values.days(text)


@pytest.mark.parametrize(
    ("text", "price"),
    [("Rp 1.250.000", 1250000), ("Rp. 185.000,00", 185000), ("185000", 185000), ("185.000", 185000), ("1,250", 1250),
     ("Rp1.250.000,-", 1250000)],
)  # fmt: skip
def test_prices_in_rupiah(text: str, price: int) -> None:
    assert Prices().read(text) == price


@pytest.mark.parametrize("text", ["1.5", "12,75", "Rp 12.50", "0.4", "1.250,5", "1,250.75", "99.9999"])
@pytest.mark.parametrize("currency", ["IDR", "JPY"])
def test_a_part_of_a_rupiah_is_refused_not_rounded(text: str, currency: str) -> None:
    with pytest.raises(BrokenAmount) as caught:
        parse_price(text, currency)
    assert text in caught.value.words.id
    assert f"{currency} has no cents" in caught.value.words.en


@pytest.mark.parametrize(
    ("text", "price"),
    [("1.250", 1250), ("1,250", 1250), ("1250.00", 1250), ("1250,00", 1250), ("1.250,00", 1250), ("1,250.00", 1250)],
)
def test_thousands_and_empty_cents_are_whole_rupiah(text: str, price: int) -> None:
    assert parse_price(text, "IDR") == price


def test_currencies_with_cents_keep_them() -> None:
    assert parse_price("12,75", "EUR") == Decimal("12.75")
    assert parse_price("1.5", "USD") == Decimal("1.50")


def test_a_converted_price_is_rounded_to_whole_rupiah() -> None:
    assert Prices("IDR", "EUR", Decimal("17500.33")).read("0,99") == 17325


def test_prices_in_another_currency_need_a_rate() -> None:
    with pytest.raises(ForeignPrice, match="in EUR"):
        Prices().read("46", "EUR")
    with pytest.raises(ForeignPrice, match="has cents"):
        Prices().read("9.99")
    assert Prices(file_currency="USD", rate=Decimal(16250)).read("9.99") == 162338
    assert Prices(rate=Decimal("17000.5")).read("46", "EUR") == 782023
    assert Prices("EUR").read("9,99") == Decimal("9.99")
    with pytest.raises(ForeignPrice):
        Prices(file_currency="USD", rate=Decimal("NaN")).read("1")
    with pytest.raises(BadAmount):
        Prices(file_currency="USD", rate=Decimal(10_000_000)).read("1000")


@pytest.mark.parametrize("text", ["=1+1", "+62", "-A", "@x", "\tx", "＝1", " =1", "'=1", "''=x", "'-5"])
@pytest.mark.rule("F6")
def test_what_looks_like_a_formula_is_guarded_and_read_back(text: str) -> None:
    written = values.guarded(text)
    assert written.startswith("'")
    assert values.cell(written) == text.strip()


@pytest.mark.parametrize("text", ["-5", "-5.5", "12", "'", "it's", "a=b", "'apa'"])
@pytest.mark.rule("F6")
def test_what_is_no_formula_stays(text: str) -> None:
    assert values.guarded(text) == text
    assert values.cell(text) == text


@given(st.text())
def test_the_guard_never_loses_anything(text: str) -> None:
    text = text.strip()
    written = values.guarded(text)
    if written == text and text.startswith("'"):
        assert values.cell(written) == text
    if written != text:
        assert values.cell(written) == text


@given(st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"])).map(str.strip).filter(bool), max_size=6))
def test_lists_survive(many: list[str]) -> None:
    assert values.parts("; ".join(values.escaped(one, ";") for one in many)) == many


def test_addresses_are_told_apart() -> None:
    text = "https://a/1.jpg, http://b/2,3.png;https://c/4\nhttps://a/1.jpg"
    assert values.addresses(text) == ["https://a/1.jpg", "http://b/2,3.png", "https://c/4"]


@pytest.mark.parametrize(
    ("source", "seen"),
    [
        ("<p>Satu</p><p>Dua &amp; tiga</p>", "Satu\n\nDua & tiga"),
        ("Baris <br>dua<script>alert(1)</script>", "Baris\ndua"),
        ("<ul><li>a</li><li>b</li></ul>", "• a\n• b"),
        ("5 < 6 dan\n7 > 2", "5 < 6 dan\n7 > 2"),
        ("<b>tebal</b>\nbaris", "tebal\nbaris"),
        ("&quot;kutip&quot;", '"kutip"'),
        ("<style>p{}</style>x<!-- y -->", "x"),
    ],
)
@pytest.mark.rule("F7")
def test_html_becomes_what_a_reader_sees(source: str, seen: str) -> None:
    assert values.plain_text(source) == seen


@given(st.text(), st.lists(st.text(max_size=20), max_size=3))
def test_made_skus_are_good_and_stable(handle: str, options: list[str]) -> None:
    sku = values.made_sku(handle, options)
    assert check_sku(sku) == sku
    assert values.made_sku(handle, options) == sku


def test_made_skus_differ_where_only_their_signs_differ() -> None:
    assert values.made_sku("a", ["Merah"]) != values.made_sku("a", ["Merah!"])
    assert values.made_sku("товар", []) != values.made_sku("вещь", [])


@given(st.text(min_size=1))
def test_foreign_handles_become_ours(text: str) -> None:
    from syncer.catalogue.check import _HANDLE

    assert _HANDLE.fullmatch(values.tidy_handle(text))
    assert _HANDLE.fullmatch(values.made_handle(text))
