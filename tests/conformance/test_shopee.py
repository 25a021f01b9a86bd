from __future__ import annotations

from syncer.sdk.testing import ConnectorSuite


class TestShopee(ConnectorSuite):
    connector = "shopee"
