"""What the connector declares."""

from __future__ import annotations

import pytest

from connectors.tiktok_shop.connector import TiktokShopConnector
from connectors.tiktok_shop.options import HOSTS
from syncer.domain.listing import RemoteListing, Rendered
from syncer.domain.order import Meaning
from syncer.sdk import contract
from syncer.sdk.contract import BudgetKind
from syncer.sdk.operations import Kind, ListingRef, Operation
from syncer.sdk.options import Options
from tests.connectors.tiktok_shop.canned import Canned, ok, refused

INFO = TiktokShopConnector.info


def test_it_offers_its_capabilities(canned: Canned) -> None:
    connector = canned.connector()
    for name in (
        *("PublishesListings", "UploadsPictures", "NeedsFacts", "HasTaxonomy", "SignsIn", "RecoversSignIn"),
        *("ExplainsCodes", "TunesFinding", "TunesOrders", "HasReview", "ReadsOrders", "TakesWebhooks"),
    ):
        assert isinstance(connector, getattr(contract, name)), name


def test_the_quota_hangs_on_app_and_shop(canned: Canned) -> None:
    one, other = canned.connector(shop_id="1").budgets(), canned.connector(shop_id="2").budgets()
    assert [budget.key for budget in one] != [budget.key for budget in other]
    assert one[0].key == "tiktok_shop:6sandboxkey01:1"
    assert {budget.kind for budget in one} == {BudgetKind.TOKEN}


def test_heavy_writes_are_slower_than_other_writes_and_those_than_reads(canned: Canned) -> None:
    calls, writes, listings = canned.connector().budgets()
    assert calls.limit > writes.limit > listings.limit
    for name in ("product.search", "product.read", "category.read", "shop.read", "token.refresh"):
        assert calls.covers(name)
        assert not writes.covers(name)
    for name in (
        "product.stock",
        "product.price",
        "product.activate",
        "product.deactivate",
        "product.delete",
        "product.partial_edit",
    ):
        assert writes.covers(name)
        assert not listings.covers(name)
    for name in ("product.create", "product.edit"):
        assert writes.covers(name)
        assert listings.covers(name)


def test_every_call_has_a_name_that_a_budget_knows(canned: Canned) -> None:
    """A write that is spelled otherwise would be paid for as a read."""
    connector = canned.connector()
    _, writes, _ = connector.budgets()
    for path in ("activate", "deactivate"):
        canned.give(f"/product/202309/products/{path}", ok())
    canned.give("/product/202309/products", ok())
    canned.give("/product/202309/images/upload", ok(uri="u"))
    canned.give("/product/202309/products/7", ok(id="7", status="SELLER_DEACTIVATED", skus=[]))
    named: list[str] = []
    connector._context.http._on_call = lambda record: named.append(record.operation) if record.write else None
    for kind in (Kind.SHOW, Kind.HIDE, Kind.DELETE):
        connector.apply([Operation(kind, ListingRef("m"), Rendered({"title": "x"}, ()), RemoteListing("7"))])
    connector.upload_picture(b"x", "image/jpeg", "x.jpg")
    assert named == ["product.activate", "product.deactivate", "product.delete", "product.picture"]
    assert all(writes.covers(name) for name in named)


def test_batches() -> None:
    assert INFO.batches[Kind.HIDE].listings == INFO.batches[Kind.DELETE].listings == 20
    assert INFO.batches[Kind.STOCK].offers == INFO.batches[Kind.PRICE].offers == INFO.max_offers == 100
    assert INFO.max_axes == 3


def test_what_orders_mean_for_stock() -> None:
    assert INFO.orders is not None
    meanings = INFO.orders.meanings
    assert meanings["UNPAID"] is meanings["ON_HOLD"] is Meaning.HOLD
    assert meanings["CANCEL"] is meanings["CANCELLED"] is Meaning.BACK
    assert meanings["IN_TRANSIT"] is meanings["COMPLETED"] is Meaning.GONE
    assert set(meanings) >= {"AWAITING_SHIPMENT", "PARTIALLY_SHIPPING", "AWAITING_COLLECTION", "DELIVERED"}


def test_only_the_platforms_hosts_are_called() -> None:
    assert HOSTS == INFO.hosts == ("open-api.tiktokglobalshop.com", "auth.tiktok-shops.com")


def test_finding_and_review_take_the_accounts_own_times(canned: Canned) -> None:
    connector = canned.connector(late_write_s=2, search_lag_s=3, read_lag_s=1, review_check_s=7)
    found = connector.finding()
    assert (found.late_write_s, found.search_lag_s, found.read_lag_s) == (2, 3, 1)
    assert connector.review_check_s == 7
    assert canned.connector().finding() == INFO.finding


def test_an_empty_batch_makes_no_call(canned: Canned) -> None:
    assert canned.connector().apply([]) == []
    assert canned.requests == []


def test_other_options_are_refused(canned: Canned) -> None:
    with pytest.raises(TypeError):
        TiktokShopConnector(Options(), canned.connector()._context)


def test_an_upload_without_an_id_is_tried_again(canned: Canned) -> None:
    for answer in (ok(), refused(36009003)):
        canned.give("/product/202309/images/upload", answer)
        with pytest.raises(Exception, match=r"no_uri|36009003") as caught:
            canned.connector().upload_picture(b"x", "image/jpeg", "x.jpg")
        assert caught.value.recovery == "retry"


def test_explains(canned: Canned) -> None:
    words = canned.connector().explain("12052994")
    assert words is not None
    assert "Tokopedia" in words.id
