"""The audit, its outcome on each storefront, and the rules of `listing_platforms` (tiktok_shop.md 1.1, 9, 11)."""

from __future__ import annotations

import pytest

from tests.sandbox.tiktok_shop.client import Client
from tests.sync.world import wait_until

NEW_TITLE = "Keranjang Anyaman Rotan Lonjong"
BAD_TITLE = "Keranjang Anyaman Rotan terlarang"


def both(status: str) -> dict[str, str]:
    return {"TOKOPEDIA": status, "TIKTOK_SHOP": status}


# New products -----------------------------------------------------------------------------------------


def test_a_new_product_waits_and_passes(slow: Client) -> None:
    product_id = slow.made()
    product = slow.product(product_id)
    assert (product["status"], product["product_status"], product["audit"]["status"]) == (
        "PENDING",
        "INITIAL",
        "AUDITING",
    )
    assert product["integrated_platform_statuses"] == [{"platform": "TOKOPEDIA", "status": "PENDING"}]
    assert slow.listing(product_id)["status"] == "review"
    slow.advance(61)
    product = slow.product(product_id)
    assert (product["status"], product["product_status"], product["audit"]["status"]) == (
        "ACTIVATE",
        "ACTIVATE",
        "APPROVED",
    )
    assert slow.listing(product_id)["status"] == "live"


def test_an_audit_ends_without_a_call(client: Client) -> None:
    client.limits(review=True, review_delay_s=1.5)
    client.made()
    before = client.http.get(f"{client.running.window_url}/pulse", timeout=60).json()["revision"]
    pulse = f"{client.running.window_url}/pulse"
    wait_until(lambda: client.http.get(pulse, timeout=60).json()["revision"] > before)


def test_a_refused_product_says_why(slow: Client) -> None:
    product_id = slow.made(title=BAD_TITLE)
    slow.advance(61)
    product = slow.product(product_id)
    assert (product["status"], product["audit"]["status"]) == ("FAILED", "FAILED")
    assert {row["listing_platform"] for row in product["audit_failed_reasons"]} == {"TIKTOK_SHOP", "TOKOPEDIA"}
    assert "terlarang" in product["audit_failed_reasons"][0]["reasons"][0]
    assert product["audit_failed_reasons"][0]["suggestions"]
    assert slow.listing(product_id)["status"] == "rejected"
    assert "terlarang" in slow.listing(product_id)["reason"]
    slow.good(slow.partial(product_id, {"title": NEW_TITLE, "listing_platforms": slow.platforms}))
    slow.advance(61)
    product = slow.product(product_id)
    assert (product["title"], product["status"]) == (NEW_TITLE, "ACTIVATE")
    assert "audit_failed_reasons" not in product


def test_one_storefront_refuses_a_new_product(slow: Client) -> None:
    slow.limits(ban_words_tokopedia=["Bundar"])
    product_id = slow.made()
    slow.advance(61)
    product = slow.product(product_id)
    assert product["status"] == "ACTIVATE"
    assert product["integrated_platform_statuses"] == [{"platform": "TOKOPEDIA", "status": "FAILED"}]
    assert [row["listing_platform"] for row in product["audit_failed_reasons"]] == ["TOKOPEDIA"]
    listing = slow.listing(product_id)
    assert (listing["status"], listing["platforms"]) == ("live", {"TOKOPEDIA": "rejected", "TIKTOK_SHOP": "live"})


def test_a_shop_whose_papers_are_not_ready(slow: Client) -> None:
    slow.limits(kyc_pending=True)
    product_id = slow.made()
    slow.advance(61)
    product = slow.product(product_id)
    assert product["status"] == "PENDING"
    assert product["audit"] == {"status": "PRE_APPROVED", "pre_approved_reasons": ["KYC_PENDING"]}
    slow.limits(kyc_pending=False)
    slow.advance(1)
    assert slow.product(product_id)["status"] == "ACTIVATE"


def test_a_storefront_that_was_never_asked_for_is_left_out(client: Client) -> None:
    product = client.product(client.made(listing_platforms=["TOKOPEDIA"]))
    assert not {"status", "product_status", "audit"} & set(product)
    assert product["integrated_platform_statuses"][0]["status"] == "ACTIVATE"
    product = client.product(client.made(listing_platforms=...))
    assert product["status"] == "ACTIVATE"
    assert "integrated_platform_statuses" not in product
    assert "shipping_insurance_requirement" not in product


def test_drafts(slow: Client) -> None:
    product_id = slow.made(save_mode="AS_DRAFT", title="Rancangan", skus=[slow.sku(price=..., inventory=...)])
    product = slow.product(product_id)
    assert (product["status"], product["product_status"], product["audit"]["status"]) == ("DRAFT", "DRAFT", "NONE")
    assert slow.listing(product_id)["status"] == "hidden"
    refused = slow.partial(product_id, {"title": NEW_TITLE, "listing_platforms": slow.platforms})
    assert refused["code"] == 12052571
    sku = slow.sku(id=product["skus"][0]["id"])
    slow.good(slow.partial(product_id, {"title": NEW_TITLE, "skus": [sku], "listing_platforms": slow.platforms}))
    assert slow.product(product_id)["status"] == "PENDING"
    slow.advance(61)
    assert slow.product(product_id)["status"] == "ACTIVATE"


# Edits of live products -------------------------------------------------------------------------------


@pytest.fixture
def live(client: Client) -> str:
    """A live product on both storefronts; audits now last a minute."""
    product_id = client.made()
    client.limits(review=True, review_delay_s=60)
    return product_id


def test_the_old_version_stays_until_the_new_one_passes(client: Client, live: str) -> None:
    answer = client.good(client.partial(live, {"title": NEW_TITLE, "listing_platforms": client.platforms}))
    assert answer["audit"] == {"status": "AUDITING"}
    product = client.product(live)
    assert (product["status"], product["audit"]["status"]) == ("ACTIVATE", "AUDITING")
    assert product["title"] == "Keranjang Anyaman Rotan Bundar"
    assert client.product(live, return_under_review_version="true")["title"] == NEW_TITLE
    assert (client.listing(live)["title"], client.listing(live)["pending_title"]) == (product["title"], NEW_TITLE)
    client.advance(61)
    product = client.product(live)
    assert (product["title"], product["audit"]["status"]) == (NEW_TITLE, "APPROVED")
    assert client.listing(live)["pending_title"] is None


def test_refused_everywhere_the_old_version_stays_live(client: Client, live: str) -> None:
    client.good(client.partial(live, {"title": BAD_TITLE, "listing_platforms": client.platforms}))
    client.advance(61)
    product = client.product(live)
    assert (product["title"], product["status"], product["audit"]["status"]) == (
        "Keranjang Anyaman Rotan Bundar",
        "ACTIVATE",
        "FAILED",
    )
    assert client.status(live) == both("ACTIVATE")
    assert len(product["audit_failed_reasons"]) == 2


@pytest.mark.parametrize(("loser", "winner"), [("TOKOPEDIA", "TIKTOK_SHOP"), ("TIKTOK_SHOP", "TOKOPEDIA")])
def test_refused_on_one_it_is_hidden_there(client: Client, live: str, loser: str, winner: str) -> None:
    client.limits(**{f"ban_words_{loser.lower()}": ["Lonjong"]})
    client.good(client.partial(live, {"title": NEW_TITLE, "listing_platforms": client.platforms}))
    client.advance(61)
    assert client.status(live) == {winner: "ACTIVATE", loser: "PLATFORM_DEACTIVATED"}
    assert client.product(live)["title"] == NEW_TITLE
    assert client.product(live)["audit_failed_reasons"][0]["listing_platform"] == loser


def test_live_on_both_and_one_named(client: Client, live: str) -> None:
    client.good(client.partial(live, {"title": NEW_TITLE, "listing_platforms": ["TOKOPEDIA"]}))
    assert client.status(live) == {"TOKOPEDIA": "ACTIVATE", "TIKTOK_SHOP": "SELLER_DEACTIVATED"}
    client.advance(61)
    assert client.status(live) == {"TOKOPEDIA": "ACTIVATE", "TIKTOK_SHOP": "SELLER_DEACTIVATED"}
    assert client.product(live)["title"] == NEW_TITLE


def test_live_on_one_and_the_other_named(client: Client) -> None:
    product_id = client.made(listing_platforms=["TIKTOK_SHOP"])
    client.limits(review=True, review_delay_s=60)
    client.good(client.partial(product_id, {"listing_platforms": ["TOKOPEDIA"]}))
    assert client.status(product_id) == {"TIKTOK_SHOP": "SELLER_DEACTIVATED", "TOKOPEDIA": "PENDING"}
    client.advance(61)
    assert client.status(product_id) == {"TIKTOK_SHOP": "SELLER_DEACTIVATED", "TOKOPEDIA": "ACTIVATE"}


def test_without_the_array_the_active_storefronts_are_meant(client: Client, live: str) -> None:
    client.good(client.life("deactivate", live, listing_platforms=["TIKTOK_SHOP"]))
    client.good(client.partial(live, {"title": NEW_TITLE}))
    client.advance(61)
    assert client.status(live) == {"TOKOPEDIA": "ACTIVATE", "TIKTOK_SHOP": "SELLER_DEACTIVATED"}
    assert client.product(live)["title"] == NEW_TITLE


def test_without_the_array_and_none_active_the_last_request_is_meant(client: Client, live: str) -> None:
    client.good(client.life("deactivate", live, listing_platforms=client.platforms))
    client.good(client.partial(live, {"title": NEW_TITLE}))
    assert client.status(live) == both("PENDING")
    client.advance(61)
    assert client.status(live) == both("ACTIVATE")


def test_an_edit_of_a_deactivated_product_may_leave_it_there(client: Client, live: str) -> None:
    client.limits(edit_relists=False)
    client.good(client.life("deactivate", live, listing_platforms=client.platforms))
    client.good(client.partial(live, {"title": NEW_TITLE}))
    assert client.status(live) == both("SELLER_DEACTIVATED")
    assert client.product(live)["title"] == NEW_TITLE


def test_price_and_stock_alone_need_no_audit(client: Client, live: str) -> None:
    sku = client.product(live)["skus"][0]
    changed = client.sku(id=sku["id"], price={"amount": "99000", "currency": "IDR"}, inventory=[{"quantity": 3}])
    answer = client.good(client.partial(live, {"skus": [changed], "listing_platforms": client.platforms}))
    assert answer["audit"] == {"status": "APPROVED"}
    offer = client.listing(live)["offers"][0]
    assert (offer["price"], offer["stock"]) == (99000, 3)


def test_edits_follow_each_other_during_an_audit(client: Client, live: str) -> None:
    client.good(client.partial(live, {"title": NEW_TITLE}))
    client.good(client.partial(live, {"description": "<p>Uraian yang baru</p>"}))
    client.advance(61)
    product = client.product(live)
    assert (product["title"], product["description"]) == (NEW_TITLE, "<p>Uraian yang baru</p>")


def test_back_to_the_old_content_during_an_audit(client: Client, live: str) -> None:
    old = client.product(live)["title"]
    client.good(client.partial(live, {"title": NEW_TITLE}))
    client.good(client.partial(live, {"title": old}))
    client.advance(61)
    assert client.product(live)["title"] == old
    assert client.product(live)["audit"]["status"] == "APPROVED"


def test_edits_during_an_audit_may_be_refused(client: Client, live: str) -> None:
    client.limits(edits_during_audit="refuse")
    client.good(client.partial(live, {"title": NEW_TITLE}))
    assert client.partial(live, {"title": "Keranjang Anyaman Rotan Persegi"})["code"] == 12052901
    assert client.last_call()["refused"] == "review"


def test_deactivating_cancels_the_audit_of_an_edit(client: Client, live: str) -> None:
    client.good(client.partial(live, {"title": NEW_TITLE}))
    client.good(client.life("deactivate", live, listing_platforms=client.platforms))
    client.advance(61)
    assert client.status(live) == both("SELLER_DEACTIVATED")
    assert client.product(live)["title"] == "Keranjang Anyaman Rotan Bundar"


def test_a_draft_of_a_live_product_keeps_no_inventory(client: Client, live: str) -> None:
    sku = client.product(live)["skus"][0]
    changed = client.sku(id=sku["id"], inventory=[{"quantity": 99}], seller_sku="TAS-9")
    client.good(client.partial(live, {"title": NEW_TITLE, "skus": [changed], "save_mode": "AS_DRAFT"}))
    product = client.product(live)
    assert (product["has_draft"], product["title"], product["status"]) == (
        True,
        "Keranjang Anyaman Rotan Bundar",
        "ACTIVATE",
    )
    draft = client.product(live, return_draft_version="true")
    assert (draft["title"], draft["skus"][0]["seller_sku"]) == (NEW_TITLE, "TAS-9")
    assert draft["skus"][0]["inventory"][0]["quantity"] == 12
    assert client.search(return_draft_version=True)["data"]["products"][0]["title"] == NEW_TITLE
    client.good(client.partial(live, {"listing_platforms": client.platforms}))
    client.advance(61)
    product = client.product(live)
    assert (product["has_draft"], product["title"]) == (False, NEW_TITLE)


def test_drafts_are_impossible_while_pending(slow: Client) -> None:
    product_id = slow.made()
    assert slow.partial(product_id, {"title": NEW_TITLE, "save_mode": "AS_DRAFT"})["code"] == 12052901


def test_shop_integration_locks_everything_but_price_and_stock(client: Client) -> None:
    product_id = client.made()
    sku = client.product(product_id)["skus"][0]["id"]
    client.limits(integration_lock=True)
    assert client.partial(product_id, {"title": NEW_TITLE})["code"] == 12052332
    assert client.post("/product/202309/products", client.body())["code"] == 12052332
    assert client.set_price(product_id, {sku: "99000"})["code"] == 0
    assert client.set_stock(product_id, {sku: 2})["code"] == 0
