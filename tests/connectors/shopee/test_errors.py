"""Codes and texts to what happens next: the table of shopee.md section 9, row by row."""

from __future__ import annotations

import datetime as dt

import pytest

from connectors.shopee.codes import CODES, FAMILIES, TEXTS
from connectors.shopee.errors import bare_code, classify, explain, until_midnight
from syncer.domain.problem import Who
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
from syncer.sdk.meanings import CodeMeaning

NOW = dt.datetime(2026, 3, 1, 10, 0, tzinfo=dt.UTC)


def error(
    code: str, message: str = "", *, write: bool = True, operation: str = "product/update_item"
) -> ConnectorError:
    return classify(bare_code(code), message, write=write, now=NOW, operation=operation)


@pytest.mark.parametrize(
    ("code", "bare"),
    [
        ("product.error_param", "error_param"),
        ("error_param", "error_param"),
        ("common.error_auth", "error_auth"),
        ("order. error_param", "error_param"),
        ("error.param", "error.param"),
        ("product.error.param", "error.param"),
        ("error category", "error_category"),
        ("", ""),
    ],
)
def test_exactly_one_module_prefix_is_taken_off(code: str, bare: str) -> None:
    assert bare_code(code) == bare


@pytest.mark.parametrize(
    ("code", "message", "kind"),
    [
        ("error_network", "Inner http call failed", Transient),
        ("error_server", "Something wrong. Please try later.", Transient),
        ("error_system_busy", "", Transient),
        ("error_inner", "Our system is taking some time to respond, please try later.", Transient),
        ("error_data", "parse data failed", Transient),
        ("error_get_shop_fail", "", Transient),
        ("error_rate_limit", "", RateLimited),
        ("error_limit", "", RateLimited),
        ("invalid_acceess_token", "", SignInNeeded),
        ("invalid_access_token", "", SignInNeeded),
        ("error_auth", "Invalid access_token.", SignInNeeded),
        ("refresh_token_expired", "", SignInNeeded),
        ("shop_access_expired", "", SignInNeeded),
        ("error_shop_refresh_token", "", SignInNeeded),
        ("shop_no_linked", "", AccountStopped),
        ("partner_shop_no_link", "", AccountStopped),
        ("error_kyc_auth", "", AccountStopped),
        ("error_sign", "Wrong sign.", AccountStopped),
        ("invalid_partner_id", "", AccountStopped),
        ("error_partner_key_expired", "", AccountStopped),
        ("error_param", "There is no partner_id in query.", AccountStopped),
        ("error_param", "Timestamp is expired.", Transient),
        ("source_ip_undeclared", "", AccountStopped),
        ("error_api_permission", "", AccountStopped),
        ("error_api_call_restricted", "", AccountStopped),
        ("shop_banned", "", AccountStopped),
        ("error_seller_under_penalty", "", Blocked),
        ("error_holiday_on_add_item", "", Blocked),
        ("error_holiday_mode_change_stock", "", Blocked),
        ("error_item_not_found", "", Gone),
        ("error_item_not_belong_shop", "", Gone),
        ("error_param", "Wrong model_id.", Gone),
        ("", "model ID not exist in sku", Gone),
        ("error_cannt_edit_price_in_promotion", "", Blocked),
        ("error_cannt_edit_description_in_promotion", "", Blocked),
        ("error_in_item_promotion_item_price_lock", "", Blocked),
        ("error_in_model_promotion_delete_lock", "", Blocked),
        ("error_cannot_update_price_in_promotion", "", Blocked),
        ("error_promotion_cantnot_update_stock", "", Blocked),
        ("error_model_update_stock_model_in_promotion", "", Blocked),
        ("error_slash_price_models_diff", "", Blocked),
        ("error_unlist_in_promotion", "", Blocked),
        ("error_busi_cannot_delist_reviewing_or_banned_item", "", Blocked),
        ("error_set_normal_unlisted_item", "", Blocked),
        ("error_title_exceeds_max_length", "", Rejected),
        ("error_price_exceed_min_limitt", "", Rejected),
        ("error_incalid_brand", "", Rejected),
        ("error category", "", Rejected),
        ("error_less_required_attribute", "", Rejected),
        ("error_check_luc_fail", "details", Rejected),
        ("error_repeated_mtsku", "", Rejected),
        ("error_reach_shop_item_limit", "", Rejected),
        ("error_param", "something about the item", Rejected),
        ("error_param_validate", "This is not a valid GTIN.", Rejected),
        ("error_busi", "Stock should be within 2-1000000 for model", Rejected),
        ("error_param", "Image not exist.", PictureGone),
        ("error_strange_new", "", Unclassified),
    ],
)
def test_the_table_of_section_9(code: str, message: str, kind: type[ConnectorError]) -> None:
    assert type(error(code, message, write=False)) is kind
    assert type(error(f"product.{code}" if code else "", message, write=False)) is kind


@pytest.mark.parametrize("code", ["error_server", "error_busi_add_item_failed", "error_inner", "http_502"])
def test_a_passing_fault_of_a_write_may_have_happened(code: str) -> None:
    assert type(error(code, write=True)) is OutcomeUnknown
    assert type(error(code, write=False)) is Transient


def test_a_price_that_failed_is_permanent_whatever_its_text_says() -> None:
    found = error("product.error_update_price_fail", "Update price failed, please try later.")
    assert type(found) is Rejected
    assert found.field == "price"


@pytest.mark.parametrize("code", ["error_auth", "error_param", "error.param"])
def test_stock_below_what_a_promotion_holds_waits(code: str) -> None:
    found = error(code, "Can not update item with stock less than reserved stock")
    assert type(found) is Blocked
    assert found.after_s


def test_error_auth_from_a_business_call_never_disconnects_a_shop() -> None:
    assert type(error("error_auth", "Something that nobody wrote down")) is Unclassified
    assert type(error("error_auth", "No permission to current api.")) is AccountStopped
    assert type(error("error_auth", "Lack of location_id, please double check.")) is Rejected
    assert type(error("error_auth", "Stock should be larger than reserved stock.")) is Blocked


def test_error_auth_from_a_token_call_is_a_dead_sign_in() -> None:
    assert type(error("error_auth", "Invalid refresh_token.", operation="auth/access_token/get")) is SignInNeeded
    assert type(error("error_auth", "whatever", operation="auth/access_token/get")) is SignInNeeded
    assert type(error("error_auth", "Invalid code", operation="auth/token/get")) is SignInNeeded
    assert type(error("error_server", "", operation="auth/access_token/get")) is Transient


def test_a_wrong_location_is_for_the_administrator() -> None:
    assert error("error_auth", "Lack of location_id, please double check.").who is Who.ADMINISTRATOR


def test_the_burst_pauses_the_app_for_a_moment() -> None:
    found = error("error_rate_limit")
    assert isinstance(found, RateLimited)
    assert (found.budget, found.after_s) == ("app", 1.0)


def test_the_daily_quota_comes_back_at_midnight_in_utc_plus_8() -> None:
    found = error("error_limit")
    assert isinstance(found, RateLimited)
    assert found.budget == "day"
    # 10:00 UTC is 18:00 there: six hours to go.
    assert found.after_s == 6 * 3600
    assert until_midnight(dt.datetime(2026, 3, 1, 16, 0, tzinfo=dt.UTC)) == 86_400


def test_every_meaning_speaks_both_languages_without_jargon() -> None:
    meanings: list[CodeMeaning] = [*CODES.values(), *(found for _, found in FAMILIES), *(found for _, found in TEXTS)]
    for found in meanings:
        for words in (found.words, found.remedy or found.kind.default_remedy):
            assert words.id.strip()
            assert words.en.strip()
            assert words.id != words.en
            assert "error_" not in words.en
            assert "HTTP" not in words.en


def test_codes_are_explained_with_or_without_prefix() -> None:
    words = explain("product.error_title_exceeds_max_length")
    assert words is not None
    assert "Judul" in words.id
    assert explain("error_title_exceeds_max_length") == words
    assert explain("error_that_nobody_knows") is None


def test_a_policy_refusal_quotes_shopee() -> None:
    found = error("error_check_luc_fail", "Product contains a prohibited word")
    assert "Product contains a prohibited word" in found.words.id
    assert found.problem().remedy.id


def test_the_request_id_is_kept_for_support() -> None:
    found = classify("error_strange", "", write=False, now=NOW, request_id="3f2a")
    assert found.request_id == "3f2a"
