"""Meanings of codes: what is told, and what becomes of a code that nobody knows."""

from __future__ import annotations

from syncer.domain.problem import Who
from syncer.domain.words import Words
from syncer.sdk.errors import Recovery, Rejected
from syncer.sdk.meanings import CodeMeaning, not_signed_in, quoted, unknown_code

WORDS = Words("Judul terlalu panjang.", "The title is too long.")


def test_the_platform_is_quoted_only_where_it_says_more() -> None:
    assert CodeMeaning(Rejected, WORDS).told("Koperasi", "too long") == WORDS
    loud = CodeMeaning(Rejected, WORDS, quote=True)
    assert loud.told("Koperasi", "too long").id == 'Judul terlalu panjang. Kata Koperasi: "too long"'
    assert loud.told("Koperasi", "too long").en == 'The title is too long. Koperasi says: "too long"'
    assert loud.told("Koperasi", "") == quoted(WORDS, "Koperasi", "") == WORDS


def test_an_unknown_code_asks_an_administrator_with_all_that_is_known() -> None:
    error = unknown_code("Koperasi", "E-77", "salt", request_id="r1", sku="A-1")
    assert (error.code, error.who, error.request_id, error.sku) == ("E-77", Who.ADMINISTRATOR, "r1", "A-1")
    assert 'Koperasi says: "salt"' in error.words.en
    assert unknown_code("Koperasi", "", "").code == "failed"


def test_an_account_without_a_sign_in_asks_for_one() -> None:
    error = not_signed_in("Koperasi")
    assert error.recovery is Recovery.SIGN_IN_AGAIN
    assert "Koperasi" in error.words.id
