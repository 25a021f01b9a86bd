"""The control API's shapes, a person's edits, the platform's decisions, and what survives a restart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from connectors.tiktok_shop.sandbox import TiktokShopSandbox
from tests.sandbox.tiktok_shop.client import Client
from tests.sandbox.tiktok_shop.conftest import QUICK


def test_listings_have_the_agreed_keys(client: Client) -> None:
    made = client.create(skus=client.skus("Natural", "Hijau"))
    listing = client.control("GET", "listings")[0]
    assert {"remote_id", "title", "status", "images", "offers"} <= set(listing)
    assert [offer["remote_id"] for offer in listing["offers"]] == [sku["id"] for sku in made["skus"]]
    assert listing["offers"][0]["price"] == 185000
    assert {"sku", "remote_id", "price", "currency", "stock"} <= set(listing["offers"][0])
    assert client.http.get(listing["images"][0], timeout=60).status_code == 200
    assert listing["platforms"] == {"TOKOPEDIA": "live", "TIKTOK_SHOP": "live"}
    assert client.control("GET", "listings?shop_id=5") == []


def test_account_options(client: Client) -> None:
    assert list(client.options) == [
        *("base_url", "auth_url", "app_key", "app_secret", "service_id", "shop_id", "shop_cipher"),
        *("access_token", "refresh_token", "access_expires_at", "platforms", "orders_lag_s"),
    ]
    assert client.options["access_expires_at"].endswith("Z")


def test_a_person_edits(client: Client) -> None:
    made = client.create(skus=client.skus("Natural", "Hijau"))
    product_id, second = made["product_id"], made["skus"][1]["id"]
    client.control("POST", "edit", {"remote_id": product_id, "title": "Judul orang"})
    client.control("POST", "edit", {"sku": "TAS-NA", "stock": 99})
    client.control("POST", "edit", {"remote_id": product_id, "offer": second, "price": 123000})
    listing = client.listing(product_id)
    assert listing["title"] == client.product(product_id)["title"] == "Judul orang"
    assert [(o["price"], o["stock"]) for o in listing["offers"]] == [(185000, 99), (123000, 5)]
    client.control("POST", "edit", {"remote_id": product_id, "stock": 1})
    assert [o["stock"] for o in client.listing(product_id)["offers"]] == [1, 1]
    by_person = [w for w in client.control("GET", "history") if w["by"] == "person"]
    assert [(w["field"], w["value"]) for w in by_person] == [
        ("title", "Judul orang"),
        ("stock", 99),
        ("price", 123000),
        ("stock", 1),
        ("stock", 1),
    ]


@pytest.mark.parametrize(
    ("status", "shown", "platform"),
    [
        ("rejected", "rejected", "FAILED"),
        ("banned", "rejected", "FREEZE"),
        ("hidden", "hidden", "PLATFORM_DEACTIVATED"),
        ("review", "review", "PENDING"),
        ("deleted", "deleted", "DELETED"),
        ("live", "live", "ACTIVATE"),
    ],
)
def test_the_platform_decides(client: Client, status: str, shown: str, platform: str) -> None:
    product_id = client.made()
    answer = client.control("POST", f"items/{product_id}", {"status": status, "reason": "Foto kabur"})
    assert answer["status"] == shown
    assert set(answer["platform_status"].values()) == {platform}
    if shown == "rejected":
        assert answer["reason"] == "Foto kabur"
    if status == "rejected":
        reasons = client.product(product_id)["audit_failed_reasons"]
        assert [row["reasons"] for row in reasons] == [["Foto kabur"]] * 2


def test_the_platform_decides_on_one_storefront(client: Client) -> None:
    product_id = client.made()
    order = {"status": "rejected", "reason": "Foto kabur", "platform": "TOKOPEDIA"}
    answer = client.control("POST", f"items/{product_id}", order)
    assert answer["platforms"] == {"TOKOPEDIA": "rejected", "TIKTOK_SHOP": "live"}


def test_a_decision_ends_an_audit(slow: Client) -> None:
    product_id = slow.made()
    slow.control("POST", f"items/{product_id}", {"status": "live"})
    assert slow.product(product_id)["status"] == "ACTIVATE"
    slow.control("POST", f"items/{product_id}", {"status": "review"})
    slow.advance(61)
    assert slow.product(product_id)["status"] == "PENDING"


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("edit", {"remote_id": "5", "title": "x"}),
        ("edit", {"sku": "TAS-1"}),
        ("edit", {"sku": "TAS-1", "stock": -1}),
        ("edit", {"sku": "TAS-1", "stock": "many"}),
        ("items/5", {"status": "live"}),
        ("promotions", {"sku": "TAS-1", "lock": ["title"]}),
        ("shops", {"shop_id": "7495540735365777507"}),
        ("consents", {"shop_id": "5"}),
        ("limits", {"review_delay_s": "soon"}),
        ("limits", {"unknown": 1}),
    ],
)
def test_bad_orders_get_one_sentence(client: Client, name: str, body: dict[str, Any]) -> None:
    client.made()
    response = client.http.post(f"{client.running.control_url}/{name}", json=body, timeout=60)
    assert response.status_code == 400
    assert isinstance(response.json()["error"], str)


def test_bad_decisions(client: Client) -> None:
    product_id = client.made()
    for order in ({"status": "lost"}, {"status": "live", "platform": "SHOPEE"}):
        response = client.http.post(f"{client.running.control_url}/items/{product_id}", json=order, timeout=60)
        assert response.status_code == 400
    client.delete(product_id)
    change = {"remote_id": product_id, "stock": 1}
    assert client.http.post(f"{client.running.control_url}/edit", json=change, timeout=60).status_code == 400


def test_reset_keeps_the_sign_in(client: Client) -> None:
    client.made()
    client.limits(title_min=1)
    client.fault("latency")
    client.control("POST", "reset")
    assert client.control("GET", "listings") == client.control("GET", "faults") == []
    assert client.control("GET", "limits")["title_min"] == 25
    client.made()


def test_state_survives_a_restart(tmp_path: Path) -> None:
    state = tmp_path / "hijau.db"
    with TiktokShopSandbox.start(limits=QUICK, state=state) as running:
        client = Client(running)
        body = client.body(idempotency_key="k", skus=client.skus("Natural", "Hijau"))
        first = client.good(client.post("/product/202309/products", body))
        client.limits(review=True, review_delay_s=60)
        client.partial(first["product_id"], {"title": "Keranjang Anyaman Rotan Lonjong"})
        client.control("POST", "shops", {"name": "Toko Kedua"})
        before, options = client.control("GET", "listings"), client.options
        url = before[0]["images"][0].removeprefix(running.base_url)
        picture = client.http.get(running.base_url + url, timeout=60).content
    with TiktokShopSandbox.start(limits=QUICK, state=state) as running:
        client = Client(running, {**options, "base_url": running.base_url})
        after = client.control("GET", "listings")
        assert [{**row, "images": []} for row in after] == [{**row, "images": []} for row in before]
        assert client.http.get(running.base_url + url, timeout=60).content == picture
        again = client.good(client.post("/product/202309/products", body))
        assert again["product_id"] == first["product_id"]
        new = client.made()
        assert new not in {first["product_id"], *(sku["id"] for sku in first["skus"])}
        client.advance(61)
        assert client.product(first["product_id"])["title"] == "Keranjang Anyaman Rotan Lonjong"
        assert len(running.sandbox.account_options()) == len(options)
