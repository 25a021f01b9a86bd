from __future__ import annotations

from syncer.sdk.testing import ConnectorSuite


class TestShopee(ConnectorSuite):
    connector = "shopee"
    brand = "Anyam Tangsel"
    gaps = {"a listing is found by a variant's SKU": "search_item looks at item SKUs only (shopee.md 5.19)"}
