"""A small client of the sandbox, written from the fact sheet only; it shares no code with our connector."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from typing import Any

import requests

from syncer.sdk.sandbox import RunningSandbox
from tests.sandbox.client import picture

LEAF = "600686"  # Keranjang Penyimpanan: on both storefronts, nothing mandatory
BAG = "601445"  # Tas Tangan: the material is mandatory, a size chart is taken
TIKTOK_LEAF, TOKOPEDIA_LEAF = "843152", "953736"
BOTH = ["TOKOPEDIA", "TIKTOK_SHOP"]


def sign(secret: str, path: str, query: dict[str, str], body: str) -> str:
    pairs = "".join(f"{key}{query[key]}" for key in sorted(query) if key not in {"sign", "access_token"})
    message = f"{secret}{path}{pairs}{body}{secret}"
    return hmac.new(secret.encode(), message.encode(), hashlib.sha256).hexdigest()


class Client:
    """Signs calls of one shop, and drives the control API."""

    def __init__(self, running: RunningSandbox, options: dict[str, Any] | None = None) -> None:
        self.running = running
        self.options = options or running.account_options
        self.http = requests.Session()
        self.platforms: list[str] = BOTH

    # The platform

    def raw(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: dict[str, str] | None = None,
        cipher: bool = True,
        files: Any = None,
        data: Any = None,
        change: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> requests.Response:
        """One call; `change` overrides or (None) removes query parameters after signing."""
        o = self.options
        sent = {"app_key": o["app_key"], "timestamp": str(int(time.time())), **(query or {})}
        if cipher:
            sent["shop_cipher"] = o["shop_cipher"]
        text = "" if body is None else json.dumps(body, ensure_ascii=False)
        sent["sign"] = sign(o["app_secret"], path, sent, text)
        sent = {key: value for key, value in {**sent, **(change or {})}.items() if value is not None}
        own = {"x-tts-access-token": o["access_token"]}
        if files is None:
            own["Content-Type"] = "application/json"
        return self.http.request(
            method,
            o["base_url"] + path,
            params=sent,
            data=text.encode() if files is None else data,
            files=files,
            headers={**own, **(headers or {})},
            timeout=60,
        )

    def call(self, method: str, path: str, body: Any = None, **more: Any) -> dict[str, Any]:
        return self.raw(method, path, body, **more).json()  # type: ignore[no-any-return]

    def get(self, path: str, **query: str) -> dict[str, Any]:
        return self.call("GET", path, query=query)

    def post(self, path: str, body: Any, **query: str) -> dict[str, Any]:
        return self.call("POST", path, body, query=query)

    def good(self, answer: dict[str, Any]) -> dict[str, Any]:
        assert answer["code"] == 0, answer
        return answer["data"]  # type: ignore[no-any-return]

    def upload(self, content: bytes | None = None, use_case: str = "MAIN_IMAGE") -> dict[str, Any]:
        files = {"data": ("a.png", content or picture())}
        path = "/product/202309/images/upload"
        return self.good(self.call("POST", path, cipher=False, files=files, data={"use_case": use_case}))

    def warehouses(self) -> list[str]:
        rows = self.good(self.get("/logistics/202309/warehouses"))["warehouses"]
        return [row["id"] for row in rows if row["type"] == "SALES_WAREHOUSE"]

    def sku(self, **changes: Any) -> dict[str, Any]:
        body = {
            "seller_sku": "TAS-1",
            "external_sku_id": "var-1",
            "price": {"amount": "185000", "currency": "IDR"},
            "inventory": [{"warehouse_id": self.warehouses()[0], "quantity": 12}],
        }
        return {key: value for key, value in {**body, **changes}.items() if value is not ...}

    def skus(self, *values: str, quantity: int = 5) -> list[dict[str, Any]]:
        return [
            self.sku(
                seller_sku=f"TAS-{value[:2].upper()}",
                external_sku_id=f"var-{value}",
                sales_attributes=[{"name": "Warna Anyam", "value_name": value}],
                inventory=[{"warehouse_id": self.warehouses()[0], "quantity": quantity}],
            )
            for value in values
        ]

    def body(self, **changes: Any) -> dict[str, Any]:
        """A body for create that is accepted; `...` takes a field out."""
        body = {
            "title": "Keranjang Anyaman Rotan Bundar",
            "description": "<p>Keranjang anyaman rotan buatan perajin kampung.</p>",
            "category_id": LEAF,
            "category_version": "v2",
            "main_images": [{"uri": self.upload()["uri"]}] if "main_images" not in changes else None,
            "package_weight": {"value": "0.6", "unit": "KILOGRAM"},
            "listing_platforms": self.platforms,
            "external_product_id": "prod-1",
            "skus": [self.sku()] if "skus" not in changes else None,
        }
        return {key: value for key, value in {**body, **changes}.items() if value is not ...}

    def create(self, **changes: Any) -> dict[str, Any]:
        return self.good(self.post("/product/202309/products", self.body(**changes)))

    def made(self, **changes: Any) -> str:
        return str(self.create(**changes)["product_id"])

    def product(self, product_id: str, **query: str) -> dict[str, Any]:
        return self.good(self.get(f"/product/202309/products/{product_id}", **query))

    def partial(self, product_id: str, body: dict[str, Any]) -> dict[str, Any]:
        return self.post(f"/product/202509/products/{product_id}/partial_edit", body)

    def edit(self, product_id: str, body: dict[str, Any]) -> dict[str, Any]:
        return self.call("PUT", f"/product/202509/products/{product_id}", body)

    def set_price(self, product_id: str, prices: dict[str, str]) -> dict[str, Any]:
        rows = [{"id": key, "price": {"amount": amount, "currency": "IDR"}} for key, amount in prices.items()]
        return self.post(f"/product/202309/products/{product_id}/prices/update", {"skus": rows})

    def set_stock(self, product_id: str, stock: dict[str, int], warehouse: str = "") -> dict[str, Any]:
        wid = warehouse or self.warehouses()[0]
        rows = [{"id": key, "inventory": [{"warehouse_id": wid, "quantity": n}]} for key, n in stock.items()]
        return self.post(f"/product/202309/products/{product_id}/inventory/update", {"skus": rows})

    def life(self, what: str, *ids: str, **more: Any) -> dict[str, Any]:
        return self.post(f"/product/202309/products/{what}", {"product_ids": list(ids), **more})

    def delete(self, *ids: str) -> dict[str, Any]:
        return self.call("DELETE", "/product/202309/products", {"product_ids": list(ids)})

    def search(self, version: str = "202502", page_size: str = "100", token: str = "", **body: Any) -> dict[str, Any]:
        query = {"page_size": page_size, **({"page_token": token} if token else {})}
        return self.post(f"/product/{version}/products/search", body, **query)

    def token(self, kind: str, **query: str) -> dict[str, Any]:
        o = self.options
        sent = {"app_key": o["app_key"], "app_secret": o["app_secret"], **query}
        return self.http.get(f"{o['auth_url']}/api/v2/token/{kind}", params=sent, timeout=60).json()  # type: ignore[no-any-return]

    # Control

    def control(self, method: str, name: str, body: Any = None) -> Any:
        response = self.http.request(method, f"{self.running.control_url}/{name}", json=body, timeout=60)
        assert response.status_code == 200, response.text
        return response.json()

    def limits(self, **values: Any) -> None:
        self.control("POST", "limits", values)

    def fault(self, kind: str, **order: Any) -> dict[str, Any]:
        return self.control("POST", "faults", {"fault": kind, **order})  # type: ignore[no-any-return]

    def advance(self, seconds: float) -> None:
        self.control("POST", "clock", {"advance_s": seconds})

    def listing(self, product_id: str) -> dict[str, Any]:
        return next(x for x in self.control("GET", "listings") if x["remote_id"] == product_id)  # type: ignore[no-any-return]

    def last_call(self) -> dict[str, Any]:
        return self.control("GET", "calls")[-1]  # type: ignore[no-any-return]

    def status(self, product_id: str) -> dict[str, str]:
        return self.listing(product_id)["platform_status"]  # type: ignore[no-any-return]
