"""Option axes and variants as platforms hold them."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from syncer.domain.listing import Picture, WantedListing, WantedOffer
from syncer.sdk.shape import Shape, one_line


def listing(*options: tuple[str, ...], names: tuple[str, ...] = ("Warna",)) -> WantedListing:
    offers = tuple(WantedOffer(f"k{n}", f"A-{n}", Decimal(1000), 1, values) for n, values in enumerate(options))
    return WantedListing("a", "A", "A", "IDR", option_names=names, offers=offers)


@given(st.text())
def test_one_line_is_one_line_and_stays_so(value: str) -> None:
    once = one_line(value)
    assert once == one_line(once) == once.strip()
    assert "\n" not in once
    assert "  " not in once


def test_white_space_is_collapsed_everywhere() -> None:
    shape = Shape.of(listing(("  Merah\n tua ",), names=(" Warna  kain",)))
    assert (shape.names, shape.offers[0].option_values) == (("Warna kain",), ("Merah tua",))


def test_offers_that_leave_an_option_open() -> None:
    shape = Shape.of(listing(("Merah", "S"), ("Biru", " "), ("Biru",), ("A", "B", "C"), names=("Warna", "Ukuran")))
    assert shape.unfilled() == ["A-1", "A-2", "A-3"]
    assert Shape.of(listing((), names=())).unfilled() == []


def test_twins_differ_in_case_only() -> None:
    assert list(Shape.of(listing(("Merah",), ("Biru",), ("MERAH ",), ("merah",))).twins()) == [
        ("A-0", "A-2"),
        ("A-0", "A-3"),
    ]
    assert list(Shape.of(listing((), (), names=())).twins()) == [], "without axes nothing tells offers apart anyhow"


def test_a_picture_for_every_option_or_for_none() -> None:
    shape = Shape.of(listing(("Merah", "S"), ("Merah", "M"), ("Biru", "S"), names=("Warna", "Ukuran")))
    red, other, blue = Picture("1", "r1", "A-1"), Picture("2", "r2", "A-1"), Picture("3", "r3", "A-2")
    assert shape.option_images([red, other, blue]) == {"Merah": "r1", "Biru": "r3"}
    assert shape.option_images([red]) == {}
    assert shape.option_images([red, Picture("3", None, "A-2")]) == {}, "it isn't uploaded yet"
    assert Shape.of(listing((), names=())).option_images([Picture("1", "r1", "A-0")]) == {}
