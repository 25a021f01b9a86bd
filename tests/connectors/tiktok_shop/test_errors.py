"""From codes and texts to what happens next."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.tiktok_shop.codes import BY_MEANING, CODES
from connectors.tiktok_shop.errors import classify, explain, row_error
from syncer.sdk.errors import (
    AccountStopped,
    Blocked,
    ConnectorError,
    Gone,
    OutcomeUnknown,
    PictureGone,
    RateLimited,
    Rejected,
    SignInNeeded,
    Transient,
    Unclassified,
)

TABLE: dict[type[ConnectorError], tuple[int, ...]] = {
    RateLimited: (36009002, 12052109),
    SignInNeeded: (105001, 105002, 105004, 101000, 36004001, 36004004),
    AccountStopped: (
        *(105005, 106001, 106013, 36009009, 36009010, 36009014, 36009022, 36009023, 36009033, 36009043, 36009044),
        *(12052994, 12052995, 12052180, 12019108, 12019109, 12019118, 12019119, 12019120),
    ),
    Rejected: (
        *(98001004, 11050001, 12052910, 12052990, 12052051, 12052261, 12052263, 12052931),
        *(12052013, 12052015, 12052056, 12019006, 12052344, 12052348, 12052352, 12052932),
        *(12052300, 12052303, 12052306, 12052722, 12038002, 12038009, 12038015, 12019116, 12052520, 12052528),
        *(12052023, 12052024, 12052217, 12052230, 12052220, 12052222, 12052227, 12052026, 12019013),
        *(12052200, 12052201, 12052208, 12052104, 12052246, 12052250, 12052256, 12052105, 12052655),
        *(12052050, 12052558, 12052054, 12019059, 12052550, 12052560, 12052369, 12052003, 12052006, 12052116),
        *(12052181, 12052915, 12019011, 12019012, 12052012, 12052073, 12052092, 12052570, 12052572, 12052084),
        *(12052330, 12052358, 12052316),
    ),
    Blocked: (
        *(12052038, 12019045, 12052393, 12052055, 12052037, 12052516, 12052097, 12052530, 12052533, 12052115),
        *(12052535, 12052402, 12052420, 12052901, 12052308, 12052093, 12052332, 12052377, 12052382),
        *(12052700, 12052704, 12052419, 12052996),
    ),
    Gone: (12052032, 12052260, 12019150, 12052034, 12052048),
}
BUSY = (36009003, 12001000, 12052881, 33001002)


def error(code: int | str, message: str = "", *, write: bool = True, **more: Any) -> ConnectorError:
    return classify(str(code), message, write=write, **more)


@pytest.mark.parametrize(("kind", "code"), [(kind, code) for kind, codes in TABLE.items() for code in codes])
def test_the_table_of_section_15(kind: type[ConnectorError], code: int) -> None:
    found = error(code, "it says so")
    assert type(found) is kind
    assert found.code == str(code)
    for words in (found.words, found.remedy):
        assert words.id
        assert words.en


def test_no_code_stands_twice() -> None:
    codes = [code for _, some in BY_MEANING for code in some.split()]
    assert len(codes) == len(set(codes))
    assert len(CODES) > 130


@pytest.mark.parametrize("code", BUSY)
def test_a_passing_fault_of_a_write_may_have_happened(code: int) -> None:
    assert type(error(code)) is OutcomeUnknown
    assert type(error(code, write=False)) is Transient


def test_their_timeout_is_read_back_first() -> None:
    assert type(error(36009007)) is OutcomeUnknown
    assert type(error(36009007, write=False)) is Transient


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("Invalid parameter: access_token", SignInNeeded),
        ("refresh token is wrong", SignInNeeded),
        ("Invalid parameter: auth_code", SignInNeeded),
        ("Invalid app_key", AccountStopped),
        ("invalid timestamp", Transient),
        ("Invalid parameter: title should be string", Rejected),
        ("", Rejected),
    ],
)
def test_a_bad_parameter_has_several_meanings(message: str, kind: type[ConnectorError]) -> None:
    assert type(error(36009004, message)) is kind


def test_a_wrong_clock_is_not_a_wrong_key() -> None:
    assert type(error(106001, "Invalid timestamp")) is Transient
    assert type(error(106001, "Invalid sign, please check the signature.")) is AccountStopped


def test_token_codes_by_their_first_digits_would_be_too_coarse() -> None:
    assert [type(error(code)) for code in (36009002, 36009003, 36009007)] == [
        RateLimited,
        OutcomeUnknown,
        OutcomeUnknown,
    ]


def test_an_unknown_code_holds_the_item_and_quotes_the_platform() -> None:
    found = error(12059999, "something new")
    assert type(found) is Unclassified
    assert "something new" in found.words.id
    assert "something new" in found.words.en


def test_an_unknown_picture_is_uploaded_again_and_a_bad_one_is_the_crafters() -> None:
    assert type(error(12038002, "The image uri is invalid: tos/1")) is PictureGone
    assert type(error(12038005, "The image is too small")) is Rejected


def test_check_failed_is_a_wrapper_around_the_real_reasons() -> None:
    row = {
        "code": 12052990,
        "message": "Check failed",
        "detail": {
            "sku_id": "1",
            "extra_errors": [{"code": 77, "message": "?"}, {"code": 12052570, "message": "price"}],
        },
    }
    found = row_error(row, request_id="r", sku="S")
    assert (found.code, found.sku, found.request_id) == ("12052570", "S", "r")
    assert isinstance(found, Rejected)


def test_without_a_reason_inside_the_row_itself_counts() -> None:
    found = row_error({"code": 12052990, "message": "Check failed: chart"}, request_id=None)
    assert found.code == "12052990"
    assert "chart" in found.words.en


def test_the_editor_is_locked_for_hours_while_shops_are_joined() -> None:
    found = error(12052332)
    assert isinstance(found, Blocked)
    assert (found.after_s or 0) >= 3600


def test_the_limit_of_new_products_waits() -> None:
    assert (error(12052093).after_s or 0) >= 3600


def test_explains() -> None:
    words = explain("12052038")
    assert words is not None
    assert "promosi" in words.id
    assert explain("1") is None
