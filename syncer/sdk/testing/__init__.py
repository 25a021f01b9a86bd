"""The conformance suite of connectors, with the builders, the driver and the bench that it is made of.

Import it in tests only: it needs pytest. The whole test file of a connector::

    from syncer.sdk.testing import ConnectorSuite


    class TestKoperasi(ConnectorSuite):
        connector = "koperasi"
"""

from __future__ import annotations

from typing import Any

#: Said where pytest is missing.
NEEDS_PYTEST = (
    "The conformance suite needs pytest. In a clone of Syncer, `make .venv/.dev` installs it; elsewhere, "
    "`pip install pytest`."
)

try:
    import pytest
except ModuleNotFoundError as missing:
    if missing.name != "pytest":
        raise

    def __getattr__(name: str) -> Any:
        raise ModuleNotFoundError(NEEDS_PYTEST, name="pytest")

else:
    # Before they are imported: so failed assertions show their values here as in any test file.
    for _part in ("changes", "declaration", "driver", "faults", "orders", "publishing", "suite", "webhooks"):
        pytest.register_assert_rewrite(f"{__name__}.{_part}")

    from syncer.sdk.testing.bench import Bench
    from syncer.sdk.testing.builders import listing, offer, picture_file, pictures
    from syncer.sdk.testing.control import Control
    from syncer.sdk.testing.driver import Driver, NotConverged, Outcome
    from syncer.sdk.testing.suite import ConnectorSuite

__all__ = [
    "Bench",
    "ConnectorSuite",
    "Control",
    "Driver",
    "NotConverged",
    "Outcome",
    "listing",
    "offer",
    "picture_file",
    "pictures",
]
