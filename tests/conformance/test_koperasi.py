from __future__ import annotations

from syncer.sdk.testing import ConnectorSuite


class TestKoperasi(ConnectorSuite):
    connector = "koperasi"
    gaps = {
        "size alone": "Koperasi knows no sizes",
        "barcode alone": "Koperasi knows no barcodes",
        "attributes alone": "Koperasi has no attributes",
    }
