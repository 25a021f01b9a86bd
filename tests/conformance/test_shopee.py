from __future__ import annotations

from syncer.sdk.testing import ConnectorSuite


class TestShopee(ConnectorSuite):
    connector = "shopee"
    brand = "Anyam Tangsel"
    gaps = {
        "a listing is found by a variant's SKU": "search_item looks at item SKUs only (shopee.md 5.19)",
        "a listing is found by its marker alone": "an item without variants has one SKU, and it is the variant's",
    }


class TestShopeeAnsweringOtherwise(TestShopee):
    """The fact sheet leaves statuses and shapes of some answers open: the connector may not depend on them."""

    limits = {
        **ConnectorSuite.limits,
        "gateway_http_status": 200,
        "rate_http_status": 200,
        "partial_shape": "code",
        "prefix_codes": False,
        "error_key": False,
        "empty_list": "missing",
        "stale_echo": False,
    }
