"""Two public clients, written by others and unmodified but for the host, work against Toko Hijau."""

from __future__ import annotations

import asyncio
import io
import json
import queue
from pathlib import Path
from typing import Any

import pytest

from syncer.sdk.sandbox import RunningSandbox
from tests.sandbox.client import picture
from tests.sandbox.tiktok_shop.client import Client
from tests.sandbox.tiktok_shop.test_events import box

__all__ = ["box"]

# tiktok-shop-api 0.1.0 ------------------------------------------------------------------------------------


@pytest.fixture
def sdk(running: RunningSandbox) -> Any:
    from tiktok_shop_api import TikTokShop

    o = running.account_options
    with TikTokShop(
        o["app_key"], o["app_secret"], o["access_token"], o["shop_cipher"], base_url=running.base_url
    ) as client:
        yield client


def body(client: Client, uri: str) -> dict[str, Any]:
    skus = client.skus("Natural", "Hijau Tua")
    skus[0]["sales_attributes"][0]["sku_img"] = {"uri": uri}
    skus[1]["sales_attributes"][0]["sku_img"] = {"uri": uri}
    return client.body(main_images=[{"uri": uri}], skus=skus, idempotency_key="kunci-1")


def test_sdk_signs_in(running: RunningSandbox) -> None:
    from tiktok_shop_api import TikTokShop, TikTokShopAuth, TikTokShopError

    o, code = running.account_options, Client(running).control("POST", "consents", {})["code"]
    auth = TikTokShopAuth(o["app_key"], o["app_secret"], o["service_id"], base_url=running.base_url)
    tokens = auth.exchange_code(code)
    assert tokens.seller_name == "Toko Hijau"
    assert tokens.access_token_expire_in > 1_700_000_000
    renewed = auth.refresh(tokens.refresh_token)
    with TikTokShop(o["app_key"], o["app_secret"], renewed.access_token, base_url=running.base_url) as client:
        shop = client.authorization.get_authorized_shops().data.shops[0]
        assert (shop.id, shop.cipher) == (o["shop_id"], o["shop_cipher"])
    with pytest.raises(TikTokShopError) as error:
        auth.exchange_code(code)
    assert error.value.code == 36004004


def test_sdk_consent_address_opens(running: RunningSandbox) -> None:
    from tiktok_shop_api import TikTokShopAuth

    o = running.account_options
    address = TikTokShopAuth(o["app_key"], o["app_secret"], o["service_id"]).authorization_url(
        type="seller", region="row", state="s"
    )
    page = Client(running).http.get(running.base_url + "/" + address.split("/", 3)[3], timeout=60)
    assert "Toko Hijau" in page.text


def test_sdk_walks_a_product_through_its_life(sdk: Any, client: Client) -> None:
    from tiktok_shop_api import TikTokShopError
    from tiktok_shop_api.generated import models, types

    file = types.File(payload=io.BytesIO(picture()), file_name="a.png", mime_type="image/png")
    use_case = models.UploadProductImageRequestUseCase("MAIN_IMAGE")
    upload = models.UploadProductImageRequest(data=file, use_case=use_case)
    uri = sdk.products.upload_product_image(body=upload).data.uri

    rows = sdk.products.get_categories(category_version="v2").data.categories
    assert any(row.id == "600686" and row.is_leaf for row in rows)
    warehouse = sdk.logistics.get_warehouse_list().data.warehouses[0].id
    assert sdk.products.check_listing_prerequisites().data.check_results

    made = sdk.products.create_product(body=models.CreateProductRequest.from_dict(body(client, uri))).data
    first, second = (sku.id for sku in made.skus)
    product = sdk.products.get_product(made.product_id).data
    assert product.skus[0].price.sale_price == "185000"
    assert product.integrated_platform_statuses[0].status == "ACTIVATE"
    found = sdk.products.search_products(
        page_size=10, body=models.SearchProductsRequest.from_dict({"status": "ACTIVATE", "seller_skus": ["TAS-NA"]})
    ).data
    assert [row.id for row in found.products] == [made.product_id]

    stock = {"skus": [{"id": first, "inventory": [{"warehouse_id": warehouse, "quantity": 3}]}]}
    sdk.products.update_inventory(made.product_id, body=models.UpdateInventoryRequest.from_dict(stock))
    price = {"skus": [{"id": second, "price": {"amount": "99000", "currency": "IDR"}}]}
    sdk.products.update_price(made.product_id, body=models.UpdatePriceRequest.from_dict(price))
    change = {"title": "Keranjang Anyaman Rotan – “Lonjong”", "listing_platforms": ["TOKOPEDIA"]}
    sdk.products.partial_edit_product(
        made.product_id, body=models.PartialEditProductRequest.from_dict({**change, "category_id": "600686"})
    )
    listing = client.listing(made.product_id)
    assert listing["platforms"] == {"TOKOPEDIA": "live", "TIKTOK_SHOP": "hidden"}
    assert (listing["title"], [(o["price"], o["stock"]) for o in listing["offers"]]) == (
        change["title"],
        [(185000, 3), (99000, 5)],
    )
    skus = sdk.products.inventory_search(
        body=models.InventorySearchRequest.from_dict({"product_ids": [made.product_id]})
    ).data.inventory[0]
    assert [sku.total_available_quantity for sku in skus.skus] == [3, 5]

    ids = {"product_ids": [made.product_id], "listing_platforms": ["TOKOPEDIA"]}
    sdk.products.deactivate_products(body=models.DeactivateProductsRequest.from_dict(ids))
    assert client.listing(made.product_id)["status"] == "hidden"
    sdk.products.activate_products(body=models.ActivateProductsRequest.from_dict(ids))
    sdk.products.delete_products(body=models.DeleteProductsRequest.from_dict({"product_ids": [made.product_id]}))
    assert client.listing(made.product_id)["status"] == "deleted"
    with pytest.raises(TikTokShopError) as error:
        sdk.products.get_product(made.product_id)
    assert error.value.code == 12052901
    assert sdk.orders.get_order_detail(ids=["1", "2"]).data.orders == []


def test_sdk_full_edit_and_paging(sdk: Any, client: Client) -> None:
    from tiktok_shop_api.generated import models

    uri = client.upload()["uri"]
    ids = [client.made(main_images=[{"uri": uri}]) for _ in range(3)]
    seen: list[str] = []
    token: dict[str, str] = {}
    while True:
        data = sdk.products.search_products(page_size=2, body=models.SearchProductsRequest.from_dict({}), **token).data
        seen += [row.id for row in data.products]
        if not data.next_page_token:
            break
        token = {"page_token": data.next_page_token}
    assert seen == ids[::-1]
    sku = client.sku(id=client.product(ids[0])["skus"][0]["id"], inventory=..., price=...)
    edit = client.body(main_images=[{"uri": uri}], skus=[sku], title="Keranjang Anyaman Rotan Lonjong")
    sdk.products.edit_product(ids[0], body=models.EditProductRequest.from_dict(edit))
    assert client.listing(ids[0])["title"] == "Keranjang Anyaman Rotan Lonjong"


def test_sdk_reads_our_events(client: Client, box: tuple[str, queue.Queue[tuple[str, bytes]]]) -> None:
    from tiktok_shop_api.webhooks import UnknownWebhookEvent, Webhooks

    address, letters = box
    for kind in ("PRODUCT_STATUS_CHANGE", "PRODUCT_CREATION", "PRODUCT_AUDIT_STATUS_CHANGE"):
        client.call("PUT", "/event/202309/webhooks", {"event_type": kind, "address": address})
    client.limits(review=True, review_delay_s=0.02)
    client.made()
    o = client.options
    for _ in range(3):
        signature, raw = letters.get(timeout=60)
        event = Webhooks.verify_and_parse(
            app_key=o["app_key"], app_secret=o["app_secret"], raw_body=raw, signature=signature
        )
        assert not isinstance(event, UnknownWebhookEvent)


def test_sdk_reads_orders_and_their_events(
    sdk: Any, client: Client, box: tuple[str, queue.Queue[tuple[str, bytes]]]
) -> None:
    from tiktok_shop_api.generated import models
    from tiktok_shop_api.webhooks import Webhooks

    address, letters = box
    client.made()
    client.control("POST", "webhooks", {"url": address})
    lines = [{"sku": "TAS-1", "quantity": 3}]
    order_id = client.control("POST", "orders", {"lines": lines, "front": "TOKOPEDIA"})["order_id"]
    client.control("POST", f"orders/{order_id}/cancel", {"lines": [{"sku": "TAS-1", "quantity": 1}]})
    body = models.GetOrderListRequest.from_dict({"order_status": "ON_HOLD"})
    data = sdk.orders.get_order_list(page_size=20, body=body).data
    assert [(row.id, row.status, row.commerce_platform) for row in data.orders] == [(order_id, "ON_HOLD", "TOKOPEDIA")]
    (order,) = sdk.orders.get_order_detail(ids=[order_id]).data.orders
    assert sorted(item.display_status for item in order.line_items) == ["AWAITING_SHIPMENT"] * 2 + ["CANCELLED"]
    o = client.options
    told = []
    for _ in range(2):
        signature, raw = letters.get(timeout=60)
        event = Webhooks.verify_and_parse(
            app_key=o["app_key"], app_secret=o["app_secret"], raw_body=raw, signature=signature
        )
        told.append((type(event).__name__, event.data.order_id))
    assert told == [("OrderStatusChangeWebhook", order_id), ("CancellationStatusChangeWebhook", order_id)]


def test_async_sdk(running: RunningSandbox, client: Client) -> None:
    from tiktok_shop_api import AsyncTikTokShop

    product_id, o = client.made(), running.account_options

    async def walk() -> str:
        async with AsyncTikTokShop(
            o["app_key"], o["app_secret"], o["access_token"], o["shop_cipher"], base_url=running.base_url
        ) as shop:
            return str((await shop.products.get_product(product_id)).data.title)

    assert asyncio.run(walk()) == "Keranjang Anyaman Rotan Bundar"


# tiktok-shop-mcp 0.3.0 ------------------------------------------------------------------------------------


@pytest.fixture
def seller(running: RunningSandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Its client, from its own file of shops; the two hosts are attributes of its configuration."""
    o = running.account_options
    shops = tmp_path / "shops.json"
    names = ("app_key", "app_secret", "access_token", "refresh_token", "shop_id", "shop_cipher")
    record = {"seller_name": "Toko Hijau", "seller_base_region": "ID", **{name: o[name] for name in names}}
    shops.write_text(json.dumps([record]))
    monkeypatch.setenv("TIKTOK_SHOP_CONFIG", str(shops))
    from tiktok_shop_mcp.config import TikTokShopConfig, config

    monkeypatch.setattr(TikTokShopConfig, "BASE_URL", running.base_url)
    monkeypatch.setattr(TikTokShopConfig, "AUTH_URL", running.base_url)
    monkeypatch.setattr(config, "_shops_path", shops)
    monkeypatch.setattr(config, "shops", {})
    config._load_shops()
    from tiktok_shop_mcp.client import TikTokShopClient

    return TikTokShopClient(config.get_shop("Toko Hijau"))


def test_mcp_reads_products_and_orders(seller: Any, client: Client) -> None:
    from tiktok_shop_mcp.tools import get_order_detail, get_orders, get_product_detail, get_products

    made = client.create(skus=client.skus("Natural", "Hijau"))

    async def walk() -> None:
        found = await get_products(seller, status="ACTIVATE")
        assert [row["product_id"] for row in found["products"]] == [made["product_id"]]
        detail = await get_product_detail(seller, made["product_id"])
        assert [(sku["stock"], sku["price"]["sale_price"]) for sku in detail["skus"]] == [(5, "185000")] * 2
        assert detail["skus"][0]["sales_attributes"] == ["Natural"]
        assert (await get_orders(seller))["orders"] == []
        assert await get_order_detail(seller, ["576653688135258178"]) == []
        lines = [{"sku": "TAS-NA", "quantity": 2}]
        order_id = client.control("POST", "orders", {"lines": lines, "status": "AWAITING_SHIPMENT"})["order_id"]
        orders = (await get_orders(seller, status="AWAITING_SHIPMENT"))["orders"]
        assert [row["order_id"] for row in orders] == [order_id]
        (order,) = await get_order_detail(seller, [order_id])
        assert [item["sku_id"] for item in order["line_items"]] == [made["skus"][0]["id"]] * 2

    asyncio.run(walk())


def test_mcp_refreshes_a_dead_token_by_itself(seller: Any, client: Client, tmp_path: Path) -> None:
    from tiktok_shop_mcp.tools import get_products

    old = client.options["access_token"]
    client.control("POST", "tokens/revoke", {})
    assert asyncio.run(get_products(seller))["total_count"] == 0
    kept = json.loads((tmp_path / "shops.json").read_text())
    assert (kept[0] if isinstance(kept, list) else kept["shops"][0])["access_token"] != old
