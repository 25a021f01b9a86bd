"""The sentences that all connectors share: both languages, a remedy, the platform's name, the field to mend."""

from __future__ import annotations

import dataclasses
from decimal import Decimal

import pytest

from syncer.domain.problem import Problem, Who
from syncer.domain.words import Words
from syncer.sdk.problems import CommonProblems

SAYS = CommonProblems("koperasi", "Koperasi")
WHAT = Words("Judul", "title")
NAMING = (
    SAYS.too_short("title", WHAT, 3),
    SAYS.too_long("title", WHAT, 3),
    SAYS.photo_on_its_way(),
    SAYS.no_category(),
    SAYS.attribute_missing("Bahan", ()),
    SAYS.attribute_value("Bahan", "Batu", ("Kayu", "Rotan")),
    SAYS.price_low("A-1", Decimal(100), "IDR"),
    SAYS.price_high("A-1", Decimal(100), "IDR"),
    SAYS.too_many_variants(60, 50),
    SAYS.too_many_axes(("Warna", "Ukuran", "Motif"), 2),
    SAYS.axis_name_long("Warna", 3),
    SAYS.option_long("Merah", 3, "A-1"),
    SAYS.days_long(40, 30),
)
PLAIN = (
    SAYS.no_weight("A-1"),
    SAYS.no_size(),
    SAYS.no_variant(),
    SAYS.option_empty("A-1"),
    SAYS.twins("A-1", "A-2"),
    SAYS.no_pre_order(),
)


def test_every_sentence_is_looked_at() -> None:
    made = [name for name in vars(CommonProblems) if not name.startswith("_")]
    fields = {field.name for field in dataclasses.fields(CommonProblems)}
    assert len(set(made) - fields - {"problem"}) == len({problem.code for problem in (*NAMING, *PLAIN)})


@pytest.mark.parametrize("problem", [*NAMING, *PLAIN], ids=lambda problem: problem.code)
def test_both_languages_and_a_remedy(problem: Problem) -> None:
    assert problem.code.startswith("koperasi.")
    assert problem.field
    for words in (problem.words, problem.remedy):
        assert words.id != words.en
        for sentence in (words.id, words.en):
            assert sentence.endswith(".")
            assert "{" not in sentence


@pytest.mark.parametrize("problem", NAMING, ids=lambda problem: problem.code)
def test_the_platform_is_named(problem: Problem) -> None:
    assert "Koperasi" in problem.words.id
    assert "Koperasi" in problem.words.en


def test_what_is_said() -> None:
    assert SAYS.no_category("Pasar dan Koperasi").words.id == (
        "Jenis produk ini belum punya kategori di Pasar dan Koperasi."
    )
    assert SAYS.attribute_missing("Bahan", ("Kayu", "Rotan")).remedy.id == 'Isi "Bahan", misalnya: Kayu, Rotan.'
    assert SAYS.attribute_missing("Bahan", ()).remedy.en == 'Fill in "Bahan".'
    assert SAYS.price_low("A-1", Decimal(1500), "IDR").remedy.id == "Naikkan sedikitnya ke Rp 1.500."
    assert "x" * 60 + '"' in SAYS.option_long("x" * 500, 480, "A-1").words.en
    assert SAYS.twins("A-1", "A-2").sku == "A-2"
    assert SAYS.photo_on_its_way().who is Who.NOBODY
    own = SAYS.problem("salted", WHAT, WHAT, field="title", who=Who.PLATFORM, sku="A-1")
    assert own == Problem("koperasi.salted", WHAT, WHAT, Who.PLATFORM, "title", "A-1")
