"""Two public clients, written by others and unmodified but for the host, work against Toko Orange."""

from __future__ import annotations

import asyncio
import json
import sys
import time
import types
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.shopee.sandbox import ShopeeSandbox
from syncer.sdk.sandbox import RunningSandbox
from tests.sandbox.client import Client, picture
from tests.sandbox.conftest import QUICK


@pytest.fixture
def running() -> Iterator[RunningSandbox]:
    with ShopeeSandbox.start(limits=QUICK) as sandbox:
        yield sandbox


# pyshopee 1.4.0 -------------------------------------------------------------------------------------------


@pytest.fixture
def pyshopee(running: RunningSandbox, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Its client; it imports selenium only to open a browser for the consent, which no test does."""
    selenium = types.ModuleType("selenium")
    selenium.webdriver = types.ModuleType("webdriver")  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "selenium", selenium)
    from pyshopee2.client import Client as PyShopee

    monkeypatch.setattr(PyShopee, "BASE_URL", running.base_url)
    options = running.account_options
    return PyShopee(
        options["shop_id"],
        options["partner_id"],
        options["partner_key"],
        "http://127.0.0.1/cb",
        access_token=options["access_token"],
        refresh_token=options["refresh_token"],
    )


def test_pyshopee_signs_in(pyshopee: Any, running: RunningSandbox) -> None:
    pyshopee.code = Client(running).control("POST", "consents", {})["code"]
    access, expires, _ = pyshopee.get_token()
    assert expires == 14400
    assert pyshopee.shop.get_shop_info()["shop_name"] == "Toko Orange"
    renewed, _, refresh = pyshopee.get_access_token(
        pyshopee.shop_id, pyshopee.partner_id, pyshopee.partner_key, pyshopee.refresh_token
    )
    assert renewed not in {access, refresh}
    assert pyshopee.shop.get_shop_info()["error"] == ""


def test_pyshopee_walks_a_product_through_its_life(pyshopee: Any, running: RunningSandbox) -> None:
    helper = Client(running)
    body = helper.item(item_status="UNLIST")
    item_id = pyshopee.product.add_item(**body)["response"]["item_id"]
    tiers = [{"name": "Warna", "option_list": [{"option": "Natural"}, {"option": "Cokelat"}]}]
    models = [
        {"tier_index": [i], "original_price": 150000, "model_sku": f"P-{i}", "seller_stock": [{"stock": 4}]}
        for i in (0, 1)
    ]
    made = pyshopee.product.init_tier_variation(item_id=item_id, tier_variation=tiers, model=models)
    first = made["response"]["model"][0]["model_id"]
    stock = [{"model_id": first, "seller_stock": [{"stock": 9}]}]
    assert pyshopee.product.update_stock(item_id=item_id, stock_list=stock)["error"] == ""
    price = [{"model_id": first, "original_price": 145000}]
    assert pyshopee.product.update_price(item_id=item_id, price_list=price)["error"] == ""
    assert pyshopee.product.unlist_item(item_list=[{"item_id": item_id, "unlist": False}])["error"] == ""
    page = pyshopee.product.get_item_list(offset=0, page_size=10, item_status="NORMAL")
    assert page["response"]["item"][0]["item_id"] == item_id
    read = pyshopee.product.get_model_list(item_id=item_id)["response"]["model"][0]
    assert read["price_info"][0]["original_price"] == 145000
    assert read["stock_info_v2"]["seller_stock"][0]["stock"] == 9
    info = pyshopee.product.get_item_base_info(item_id_list=item_id)["response"]["item_list"][0]
    assert info["item_status"] == "NORMAL"
    assert pyshopee.product.get_category(language="id")["response"]["category_list"]
    assert pyshopee.logistics.get_channel_list()["response"]["logistics_channel_list"]
    assert pyshopee.product.delete_item(item_id=item_id)["error"] == ""
    assert helper.listing(item_id)["status"] == "deleted"


def test_pyshopee_reads_and_cancels_orders(pyshopee: Any, running: RunningSandbox) -> None:
    helper = Client(running)
    item_id = helper.add()
    made = [
        helper.control("POST", "orders", {"lines": [{"sku": "TAS-1", "quantity": count}]})["order_id"]
        for count in (1, 2, 3)
    ]
    now = int(time.time())
    window = {"time_range_field": "create_time", "time_from": now - 3600, "time_to": now + 3600}
    found: list[str] = []
    cursor = ""
    for _ in made:
        page = pyshopee.order.get_order_list(
            **window, page_size=2, cursor=cursor, response_optional_fields="order_status"
        )["response"]
        found += [row["order_sn"] for row in page["order_list"]]
        cursor = page["next_cursor"]
        if not page["more"]:
            break
    assert sorted(found) == sorted(made)
    detail = pyshopee.order.get_order_detail(
        order_sn_list=",".join(made), response_optional_fields="item_list,total_amount,recipient_address"
    )["response"]["order_list"]
    amounts = {row["order_sn"]: row["item_list"][0]["model_quantity_purchased"] for row in detail}
    assert amounts == dict(zip(made, (1, 2, 3), strict=True))
    lines = [{"item_id": item_id, "model_id": 0}]
    gone = pyshopee.order.cancel_order(order_sn=made[2], cancel_reason="OUT_OF_STOCK", item_list=lines)
    assert gone["response"]["update_time"]
    assert pyshopee.logistics.get_shipping_parameter(order_sn=made[0])["response"]["info_needed"]["pickup"]
    assert pyshopee.logistics.ship_order(order_sn=made[0], pickup={"address_id": 2826})["error"] == ""
    states = {order["order_id"]: order["status"] for order in helper.control("GET", "orders")}
    assert states == dict(zip(made, ("PROCESSED", "READY_TO_SHIP", "CANCELLED"), strict=True))
    assert helper.listing(item_id)["offers"][0]["stock"] == 9


# mcp-shopee-seller 0.5.0 ----------------------------------------------------------------------------------


class Tools:
    """Collects the tools that the package registers, as its own server does."""

    def __init__(self) -> None:
        self.known: dict[str, Callable[..., Awaitable[str]]] = {}

    def tool(self, **_: Any) -> Callable[[Callable[..., Awaitable[str]]], Callable[..., Awaitable[str]]]:
        def register(function: Callable[..., Awaitable[str]]) -> Callable[..., Awaitable[str]]:
            self.known[function.__name__] = function
            return function

        return register


@pytest.fixture
def seller(running: RunningSandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Its settings, from its own environment variables; the host is one of them."""
    options = running.account_options
    for name in ("MCP_BROKER_URL", "MCP_LICENSE_KEY", "SHOPEE_SHOP_ID"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {
        "SHOPEE_HOST": running.base_url,
        "SHOPEE_PARTNER_ID": str(options["partner_id"]),
        "SHOPEE_PARTNER_KEY": options["partner_key"],
        "SHOPEE_TOKEN_FILE": str(tmp_path / "tokens.json"),
        "SHOPEE_ADS_TOKEN_FILE": str(tmp_path / "ads.json"),
    }.items():
        monkeypatch.setenv(name, value)
    from shopee_mcp.config import load_settings

    return load_settings()


def test_mcp_seller_signs_in_and_sells(seller: Any, running: RunningSandbox, tmp_path: Path) -> None:
    from shopee_mcp.client import ShopeeClient
    from shopee_mcp.tools import register_all

    helper = Client(running)
    photo = tmp_path / "foto.png"
    photo.write_bytes(picture())

    async def walk() -> int:
        client = ShopeeClient(seller)
        tools = Tools()
        register_all(tools, lambda: client)
        ask = tools.known
        code = helper.control("POST", "consents", {})["code"]
        tokens = await client.fetch_token(code, helper.options["shop_id"])
        client._store[helper.options["shop_id"]].expires_at = 0
        assert "Erro" not in await ask["list_products"]()
        assert client._store[helper.options["shop_id"]].access_token != tokens.access_token
        image = json.loads(await ask["upload_product_image"](image_source=str(photo)))["image_id"]
        found = json.loads(await ask["search_categories"](keyword="t-shirts"))["categorias_folha"]
        needs = json.loads(await ask["get_category_requirements"](category_id=found[0]["category_id"]))
        attributes = [
            {
                "attribute_id": attribute["attribute_id"],
                "attribute_value_list": [{"value_id": attribute["valores_exemplo"][0]["value_id"]}],
            }
            for attribute in needs["atributos_obrigatorios"]
        ]
        assert attributes
        made = await ask["create_product"](
            name="Kaos Lukis Tangan",
            description="Kaos katun yang dilukis satu per satu.",
            price=95000,
            stock=6,
            weight_kg=0.2,
            category_id=found[0]["category_id"],
            image_ids=[image],
            attributes=attributes,
            sku="KAOS-1",
        )
        item_id = int(json.loads(made)["item_id"])
        assert item_id in [row["item_id"] for row in json.loads(await ask["list_products"]())["item"]]
        assert json.loads(await ask["update_stock"](item_id=item_id, stock=2))["success_list"]
        assert json.loads(await ask["update_price"](item_id=item_id, price=90000))["success_list"]
        assert "atualizado" in await ask["update_product"](item_id=item_id, name="Kaos Lukis Anggrek")
        details = json.loads(await ask["get_product_details"](item_id_list=[item_id]))["item_list"][0]
        assert details["item_name"] == "Kaos Lukis Anggrek"
        assert "despublicado" in await ask["set_product_status"](item_id=item_id, unlist=True)
        assert "publicado" in await ask["set_product_status"](item_id=item_id, unlist=False)
        await client.aclose()
        return item_id

    item_id = asyncio.run(walk())
    listing = helper.listing(item_id)
    assert (listing["title"], listing["status"]) == ("Kaos Lukis Anggrek", "live")
    assert listing["offers"][0] == {
        "sku": "KAOS-1",
        "remote_id": "0",
        "price": 90000,
        "currency": "IDR",
        "stock": 2,
        "name": "",
    }


def test_mcp_seller_reads_and_ships_orders(seller: Any, running: RunningSandbox) -> None:
    from shopee_mcp.client import ShopeeClient
    from shopee_mcp.tools import register_all

    helper = Client(running)
    helper.add()
    order = helper.control("POST", "orders", {"lines": [{"sku": "TAS-1", "quantity": 2}]})["order_id"]
    now = int(time.time())

    async def walk() -> dict[str, Any]:
        client = ShopeeClient(seller)
        tools = Tools()
        register_all(tools, lambda: client)
        ask = tools.known
        await client.fetch_token(helper.control("POST", "consents", {})["code"], helper.options["shop_id"])
        listed = json.loads(await ask["list_orders"](time_from=now - 3600, time_to=now + 3600))
        assert ([row["order_sn"] for row in listed["order_list"]], listed["more"]) == ([order], False)
        (row,) = json.loads(await ask["get_order_details"](order_sn_list=[order]))["order_list"]
        needed = json.loads(await ask["get_shipping_parameter"](order_sn=order))
        address = needed["pickup"]["address_list"][0]
        slot = address["time_slot_list"][0]["pickup_time_id"]
        shipped = await ask["ship_order"](order_sn=order, pickup_address_id=address["address_id"], pickup_time_id=slot)
        assert "Erro" not in shipped
        await client.aclose()
        return dict(row)

    row = asyncio.run(walk())
    assert (row["order_sn"], row["item_list"][0]["model_quantity_purchased"]) == (order, 2)
    assert row["recipient_address"]["name"].startswith("Kanari")
    assert helper.control("GET", "orders")[0]["status"] == "PROCESSED"


def test_mcp_seller_makes_a_consent_link_that_opens(seller: Any, running: RunningSandbox) -> None:
    import httpx
    from shopee_mcp.auth import build_auth_url
    from shopee_mcp.signer import build_signer

    async def link() -> str:
        async with httpx.AsyncClient() as http:
            return str(await build_auth_url(seller, build_signer(seller, http, app="principal")))

    page = Client(running).http.get(asyncio.run(link()))
    assert page.status_code == 200
    assert "Toko Orange" in page.text
