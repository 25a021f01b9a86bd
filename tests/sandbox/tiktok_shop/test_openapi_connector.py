"""The connector's whole conformance suite again, with every call checked against the platform's OpenAPI files.

Collected only where the files are at hand (see `openapi.py`).
"""

from __future__ import annotations

from tests.conformance.test_tiktok_shop import TestTiktokShop

__all__ = ["TestTiktokShop"]
