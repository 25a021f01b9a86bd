from __future__ import annotations

from syncer.sdk.testing import ConnectorSuite


class TestTiktokShop(ConnectorSuite):
    connector = "tiktok_shop"
    brand = "Anyam Tangsel"
    gaps = {
        "partial failure of a price change": "prices of a product change all or none (tiktok_shop.md 10)",
        "a listing is found by its marker alone": "nothing searches by external id (tiktok_shop.md 11)",
        "a listing with variants is found by its marker alone": "nothing searches by external id (tiktok_shop.md 11)",
    }


class TestTokopediaAloneAnsweringOtherwise(TestTiktokShop):
    """On one storefront, and with the other one of each answer that the fact sheet leaves open."""

    options = {"platforms": "tokopedia"}
    limits = {
        **ConnectorSuite.limits,
        "empty_data": "absent",
        "business_http_status": 400,
        "retry_after": "date",
        "rate_http_status": 200,
        "rate_code": 12052109,
        "idempotency": "error",
        "external_id_unique": True,
        "edits_during_audit": "refuse",
        "edit_relists": False,
        "all_includes_deleted": False,
        "demand_content_type": True,
        "bad_brand": "warn",
    }
