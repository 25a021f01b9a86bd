"""What the connector declares."""

from __future__ import annotations

import pytest

from connectors.shopee.connector import ShopeeConnector
from syncer.domain.listing import RemoteListing, Rendered
from syncer.sdk.contract import BudgetKind, ExplainsCodes, HasTaxonomy, NeedsFacts, PublishesListings, UploadsPictures
from syncer.sdk.errors import AccountStopped, RateLimited
from syncer.sdk.operations import Kind, ListingRef, Operation
from syncer.sdk.options import Options
from tests.connectors.shopee.canned import Canned


def test_it_offers_its_capabilities(canned: Canned) -> None:
    connector = canned.connector()
    for protocol in (PublishesListings, UploadsPictures, NeedsFacts, HasTaxonomy, ExplainsCodes):
        assert isinstance(connector, protocol)


def test_shops_of_one_app_share_their_budget(canned: Canned) -> None:
    (one,) = canned.connector(shop_id=1).budgets()
    (other,) = canned.connector(shop_id=2, calls_per_s=9).budgets()
    assert one.key == other.key == "shopee:app:2001887"
    assert (one.kind, one.limit, one.per_seconds) == (BudgetKind.TOKEN, 5, 1.0)
    assert other.limit == 9
    assert one.covers("product.update_stock")
    assert one.covers("auth.access_token.get")


def test_a_daily_quota_is_kept_in_shopees_time_zone(canned: Canned) -> None:
    _, day = canned.connector(daily_calls=10_000).budgets()
    assert (day.kind, day.limit, day.utc_offset_h) == (BudgetKind.DAILY, 10_000, 8.0)


def test_a_refusal_names_a_budget_that_is_declared(canned: Canned) -> None:
    canned.give("product/delete_item", {"error": "error_rate_limit", "message": "Too many requests."})
    connector = canned.connector(daily_calls=10)
    operation = Operation(Kind.DELETE, ListingRef("x"), Rendered({}, ()), RemoteListing("7"))
    (result,) = connector.apply([operation])
    assert isinstance(result.error, RateLimited)
    assert result.error.budget in {budget.name for budget in connector.budgets()}


def test_finding_takes_the_accounts_own_times(canned: Canned) -> None:
    found = canned.connector(late_write_s=2, search_lag_s=3, read_lag_s=1).finding()
    assert (found.late_write_s, found.search_lag_s, found.read_lag_s) == (2, 3, 1)
    assert canned.connector().finding() == ShopeeConnector.info.finding


@pytest.mark.parametrize("status", ["BANNED", "FROZEN"])
def test_a_banned_or_frozen_shop_stops_the_account(canned: Canned, status: str) -> None:
    canned.give("shop/get_shop_info", {"error": "", "shop_name": "x", "region": "ID", "status": status})
    with pytest.raises(AccountStopped):
        canned.connector().check()


def test_an_empty_batch_makes_no_call(canned: Canned) -> None:
    assert canned.connector().apply([]) == []
    assert canned.requests == []


def test_other_options_are_refused(canned: Canned) -> None:
    with pytest.raises(TypeError):
        ShopeeConnector(Options(), canned.connector()._context)


def test_explains(canned: Canned) -> None:
    words = canned.connector().explain("product.error_holiday_mode_change_stock")
    assert words is not None
    assert "libur" in words.id
