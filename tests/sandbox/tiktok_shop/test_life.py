"""Activate, deactivate, delete, recover; get and search (tiktok_shop.md 1.1, 11)."""

from __future__ import annotations

import pytest

from tests.sandbox.tiktok_shop.client import Client


def errors(answer: dict[str, object]) -> list[tuple[int, str]]:
    assert answer["code"] == 0, answer
    rows = answer["data"].get("errors", [])  # type: ignore[attr-defined]
    return [(row["code"], row["detail"]["product_id"]) for row in rows]


def test_deactivate_and_activate_without_the_array_mean_tiktok_shop_only(client: Client) -> None:
    product_id = client.made()
    assert errors(client.life("deactivate", product_id)) == []
    assert client.status(product_id) == {"TOKOPEDIA": "ACTIVATE", "TIKTOK_SHOP": "SELLER_DEACTIVATED"}
    assert client.listing(product_id)["status"] == "live"
    assert errors(client.life("deactivate", product_id, listing_platforms=["TOKOPEDIA"])) == []
    assert client.listing(product_id)["status"] == "hidden"
    assert errors(client.life("activate", product_id)) == []
    assert client.status(product_id) == {"TOKOPEDIA": "SELLER_DEACTIVATED", "TIKTOK_SHOP": "ACTIVATE"}


def test_activation_goes_through_an_audit(client: Client) -> None:
    product_id = client.made()
    client.life("deactivate", product_id, listing_platforms=client.platforms)
    assert client.product(product_id)["audit"]["status"] == "NONE"
    client.limits(review=True, review_delay_s=60)
    assert errors(client.life("activate", product_id, listing_platforms=client.platforms)) == []
    assert client.status(product_id) == {"TOKOPEDIA": "PENDING", "TIKTOK_SHOP": "PENDING"}
    client.advance(61)
    assert client.status(product_id) == {"TOKOPEDIA": "ACTIVATE", "TIKTOK_SHOP": "ACTIVATE"}


def test_states_that_do_not_fit(client: Client) -> None:
    product_id = client.made(listing_platforms=["TOKOPEDIA"])
    assert errors(client.life("deactivate", product_id)) == [(12052330, product_id)]
    assert errors(client.life("activate", product_id)) == [(12052330, product_id)]
    assert errors(client.life("activate", product_id, listing_platforms=["TOKOPEDIA"])) == [(12052901, product_id)]
    client.life("deactivate", product_id, listing_platforms=["TOKOPEDIA"])
    again = client.life("deactivate", product_id, listing_platforms=["TOKOPEDIA"])
    assert errors(again) == [(12052901, product_id)]
    client.limits(shop_ready=False)
    assert errors(client.life("activate", product_id, listing_platforms=["TOKOPEDIA"])) == [(12052700, product_id)]
    assert errors(client.life("recover", product_id)) == [(12052901, product_id)]


def test_a_pending_product_cannot_be_deactivated(slow: Client) -> None:
    product_id = slow.made()
    assert errors(slow.life("deactivate", product_id, listing_platforms=slow.platforms)) == [(12052901, product_id)]
    slow.advance(61)
    assert errors(slow.life("deactivate", product_id, listing_platforms=slow.platforms)) == []


def test_one_bad_product_does_not_stop_the_others(client: Client) -> None:
    first, second = client.made(), client.made()
    answer = client.life("deactivate", first, "5", second, listing_platforms=client.platforms)
    assert errors(answer) == [(12052032, "5")]
    assert {client.listing(one)["status"] for one in (first, second)} == {"hidden"}
    assert client.life("deactivate", *["5"] * 21)["code"] == 36009004
    assert client.life("deactivate")["code"] == 36009004
    assert client.life("deactivate", first, listing_platforms=["SHOPEE"])["code"] == 36009004


def test_delete_has_a_json_body_and_recover_brings_it_back_hidden(client: Client) -> None:
    product_id = client.made()
    assert errors(client.delete(product_id)) == []
    assert client.listing(product_id)["status"] == "deleted"
    assert client.get(f"/product/202309/products/{product_id}")["code"] == 12052901
    client.limits(get_deleted=True)
    assert client.product(product_id)["status"] == "DELETED"
    assert errors(client.delete(product_id)) == [(12052260, product_id)]
    assert errors(client.life("recover", product_id)) == []
    assert client.status(product_id) == {"TOKOPEDIA": "SELLER_DEACTIVATED", "TIKTOK_SHOP": "SELLER_DEACTIVATED"}
    assert client.product(product_id)["title"]


def test_frozen_on_one_storefront_cannot_be_deleted(client: Client) -> None:
    product_id = client.made()
    client.control("POST", f"items/{product_id}", {"status": "banned", "platform": "TOKOPEDIA"})
    assert errors(client.delete(product_id)) == [(12052901, product_id)]
    assert client.get(f"/product/202309/products/{product_id}")["code"] == 12052901


# Search -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["202309", "202312", "202502"])
def test_search_in_each_version(client: Client, version: str) -> None:
    product_id = client.made()
    row = client.search(version)["data"]["products"][0]
    assert (row["id"], row["status"], row["sales_regions"]) == (product_id, "ACTIVATE", ["ID"])
    assert row["skus"][0]["price"]["tax_exclusive_price"] == "185000"
    assert ("integrated_platform_statuses" in row) == (version != "202309")
    assert ("has_draft" in row) == ("status_info" in row["skus"][0]) == (version == "202502")


def test_search_by_storefront(client: Client) -> None:
    both = client.made()
    tiktok, tokopedia = client.made(listing_platforms=["TIKTOK_SHOP"]), client.made(listing_platforms=["TOKOPEDIA"])

    def found(**body: object) -> set[str]:
        return {row["id"] for row in client.search(**body)["data"]["products"]}  # type: ignore[arg-type]

    assert found(status="ACTIVATE") == {both, tiktok, tokopedia}
    assert found(status="ACTIVATE", listing_platforms=["TOKOPEDIA"]) == {both, tokopedia}
    assert found(status="ACTIVATE", listing_platforms=["TIKTOK_SHOP"]) == {both, tiktok}
    assert found(status="ACTIVATE", listing_platforms=["TIKTOK_SHOP", "TOKOPEDIA"]) == {both}
    assert client.search(listing_platforms=["TOKOPEDIA"])["code"] == 36009004
    client.life("deactivate", both, listing_platforms=["TOKOPEDIA"])
    assert found(status="SELLER_DEACTIVATED", listing_platforms=["TOKOPEDIA"]) == {both}
    assert found(status="ACTIVATE", listing_platforms=["TOKOPEDIA"]) == {tokopedia}
    client.delete(both)
    assert found() == {both, tiktok, tokopedia}
    assert found(status="DELETED") == {both}
    client.limits(all_includes_deleted=False)
    assert found() == {tiktok, tokopedia}


def test_search_by_sku_time_and_audit(client: Client) -> None:
    product_id = client.made()
    client.made(skus=[client.sku(seller_sku="LAIN")])
    product = client.product(product_id)

    def count(**body: object) -> int:
        return int(client.search(**body)["data"]["total_count"])  # type: ignore[arg-type]

    assert count(seller_skus=["TAS-1", "TIDAK"]) == 1
    assert count(sku_ids=[product["skus"][0]["id"]]) == 1
    assert count(audit_status=["APPROVED"]) == 2
    assert count(audit_status=["FAILED"]) == 0
    assert count(create_time_ge=product["create_time"] + 100) == 0
    assert count(update_time_le=product["create_time"] + 100, create_time_le=product["create_time"] + 100) == 2
    assert client.search(seller_skus=["x"] * 11)["code"] == 12019027
    assert client.search(sku_ids=["x"] * 11)["code"] == 12019120
    assert client.search(status="LIVE")["code"] == 36009004


def test_pages(client: Client) -> None:
    uri = client.upload()["uri"]
    made = [client.made(main_images=[{"uri": uri}]) for _ in range(5)]
    seen: list[str] = []
    token = ""
    while True:
        data = client.search(page_size="2", token=token)["data"]
        seen += [row["id"] for row in data["products"]]
        assert data["total_count"] == 5
        token = data["next_page_token"]
        if not token:
            break
        assert set(token) & set("+/=")
    assert seen == made[::-1]
    for size in ("0", "101", "x"):
        assert client.search(page_size=size)["code"] == 12019108
    assert client.call("POST", "/product/202502/products/search", {})["code"] == 12019108
    client.limits(search_max=4)
    assert client.search()["code"] == 12052180


# Orders -----------------------------------------------------------------------------------------------


def test_orders_are_empty_and_valid(client: Client) -> None:
    path = "/order/202309/orders/search"
    assert client.post(path, {}, page_size="50")["data"] == {"orders": [], "next_page_token": "", "total_count": 0}
    assert client.post(path, {})["code"] == 12019108
    for version in ("202309", "202507"):
        assert client.get(f"/order/{version}/orders", ids="576653688135258178")["data"] == {"orders": []}
        assert client.get(f"/order/{version}/orders")["code"] == 36009004
        assert client.get(f"/order/{version}/orders", ids=",".join("5" * 51))["code"] == 36009004
