"""A small client of the sandbox, written from the fact sheet only; it shares no code with our connector."""

from __future__ import annotations

import hashlib
import hmac
import io
import time
from typing import Any

import requests
from PIL import Image

from connectors.shopee.sandbox_catalogue import catalogue
from syncer.sdk.sandbox import RunningSandbox


def free_leaf() -> int:
    """A leaf category without mandatory attributes or brand."""
    tree = catalogue()
    return next(
        c.category_id
        for c in tree.categories.values()
        if c.leaf
        and not any(a.mandatory for a in tree.attributes(c.category_id))
        and not tree.brand_mandatory(c.category_id)
        and tree.pre_order_allowed(c.category_id)
    )


def picture(width: int = 300, height: int = 300, kind: str = "PNG", colour: str = "teal") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(out, kind)
    return out.getvalue()


class Client:
    """Signs calls of one shop, and drives the control API."""

    def __init__(self, running: RunningSandbox, options: dict[str, Any] | None = None) -> None:
        self.running = running
        self.options = options or running.account_options
        self.http = requests.Session()
        self.leaf = free_leaf()

    # The platform

    def sign(self, path: str, timestamp: int, *, public: bool = False) -> str:
        o = self.options
        base = f"{o['partner_id']}{path}{timestamp}"
        if not public:
            base += f"{o['access_token']}{o['shop_id']}"
        return hmac.new(o["partner_key"].encode(), base.encode(), hashlib.sha256).hexdigest()

    def raw(
        self,
        method: str,
        name: str,
        *,
        body: Any = None,
        public: bool = False,
        query: Any = None,
        files: Any = None,
        change: dict[str, Any] | None = None,
    ) -> requests.Response:
        """One call; `change` overrides or (None) removes common parameters after signing."""
        path, timestamp = f"/api/v2/{name}", int(time.time())
        o = self.options
        common: dict[str, Any] = {"partner_id": o["partner_id"], "timestamp": timestamp}
        if not public:
            common |= {"access_token": o["access_token"], "shop_id": o["shop_id"]}
        common["sign"] = self.sign(path, timestamp, public=public)
        common |= change or {}
        pairs = [*[(k, v) for k, v in common.items() if v is not None], *(query or [])]
        url = o["base_url"] + path
        return self.http.request(method, url, params=pairs, json=body, files=files, timeout=60)

    def get(self, name: str, **query: Any) -> dict[str, Any]:
        pairs = [(k, v) for k, value in query.items() for v in (value if isinstance(value, list) else [value])]
        return self.raw("GET", name, query=pairs).json()  # type: ignore[no-any-return]

    def post(self, name: str, body: Any, *, public: bool = False) -> dict[str, Any]:
        return self.raw("POST", name, body=body, public=public).json()  # type: ignore[no-any-return]

    def upload(self, content: bytes | None = None, *, public: bool = True) -> str:
        files = {"image": ("a.png", content or picture())}
        answer = self.raw("POST", "media_space/upload_image", public=public, files=files).json()
        assert answer["error"] == "", answer
        return str(answer["response"]["image_info"]["image_id"])

    def item(self, **changes: Any) -> dict[str, Any]:
        """A body for `add_item` that is accepted."""
        body = {
            "item_name": "Tas Anyaman Rotan Bundar",
            "description": "Tas anyaman rotan buatan perajin kampung.",
            "category_id": self.leaf,
            "original_price": 185000,
            "weight": 0.6,
            "image": {"image_id_list": [self.upload()]} if "image" not in changes else None,
            "logistic_info": [{"logistic_id": 8003, "enabled": True, "is_free": False}],
            "brand": {"brand_id": 0, "original_brand_name": "NoBrand"},
            "item_sku": "TAS-1",
            "seller_stock": [{"stock": 12}],
        }
        merged = {**body, **changes}
        return {key: value for key, value in merged.items() if value is not ...}

    def add(self, **changes: Any) -> int:
        answer = self.post("product/add_item", self.item(**changes))
        assert answer["error"] == "", answer
        return int(answer["response"]["item_id"])

    def vary(self, item_id: int, prices: list[int] | None = None, stock: int = 5) -> list[int]:
        """Give an item one tier with two or more options. Returns the model ids."""
        prices = prices or [185000, 195000]
        answer = self.post("product/init_tier_variation", variation_body(item_id, prices, stock))
        assert answer["error"] == "", answer
        return [model["model_id"] for model in answer["response"]["model"]]

    def base(self, item_id: int) -> dict[str, Any]:
        return self.get("product/get_item_base_info", item_id_list=item_id)["response"]["item_list"][0]  # type: ignore[no-any-return]

    def models(self, item_id: int) -> list[dict[str, Any]]:
        return self.get("product/get_model_list", item_id=item_id)["response"]["model"]  # type: ignore[no-any-return]

    def set_stock(self, item_id: int, stock: int, model_id: int = 0) -> dict[str, Any]:
        entry = {"model_id": model_id, "seller_stock": [{"stock": stock}]}
        return self.post("product/update_stock", {"item_id": item_id, "stock_list": [entry]})

    def set_price(self, item_id: int, prices: dict[int, float]) -> dict[str, Any]:
        entries = [{"model_id": key, "original_price": price} for key, price in prices.items()]
        return self.post("product/update_price", {"item_id": item_id, "price_list": entries})

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

    def listing(self, item_id: int) -> dict[str, Any]:
        return next(x for x in self.control("GET", "listings") if x["remote_id"] == str(item_id))  # type: ignore[no-any-return]

    def last_call(self) -> dict[str, Any]:
        return self.control("GET", "calls")[-1]  # type: ignore[no-any-return]


def variation_body(item_id: int, prices: list[int], stock: int = 5) -> dict[str, Any]:
    names = ["Natural", "Cokelat", "Hitam", "Biru"][: len(prices)]
    return {
        "item_id": item_id,
        "standardise_tier_variation": [
            {
                "variation_id": 0,
                "variation_name": "Warna",
                "variation_option_list": [{"variation_option_id": 0, "variation_option_name": name} for name in names],
            }
        ],
        "model": [
            {
                "tier_index": [index],
                "original_price": price,
                "model_sku": f"TAS-1-{names[index][0]}",
                "seller_stock": [{"stock": stock}],
            }
            for index, price in enumerate(prices)
        ],
    }
