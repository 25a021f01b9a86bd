"""A running Toko Hijau without waiting times; tests of waiting set their own.

With the platform's OpenAPI files at hand (see `openapi.py`) all calls of these tests are checked against them.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors.tiktok_shop.sandbox import TiktokShopSandbox
from syncer.sdk.sandbox import RunningSandbox
from tests.sandbox.tiktok_shop import openapi
from tests.sandbox.tiktok_shop.client import Client

QUICK = {"burst_per_s": 10_000, "review": False}

collect_ignore = [] if openapi.wanted() else ["test_openapi.py", "test_openapi_connector.py"]


@pytest.fixture(scope="session")
def official(tmp_path_factory: pytest.TempPathFactory) -> openapi.Official | None:
    """The platform's OpenAPI files, if they are at hand."""
    return openapi.official(tmp_path_factory.mktemp("openapi")) if openapi.wanted() else None


@pytest.fixture(autouse=True)
def checked(official: openapi.Official | None) -> Iterator[None]:
    """Every test's calls are valid by those files."""
    if official is None:
        yield
        return
    with official.watching():
        yield


@pytest.fixture
def running() -> Iterator[RunningSandbox]:
    with TiktokShopSandbox.start(limits=QUICK) as sandbox:
        yield sandbox


@pytest.fixture
def client(running: RunningSandbox) -> Client:
    return Client(running)


@pytest.fixture
def slow(client: Client) -> Client:
    """Audits last a minute; `advance` ends them."""
    client.limits(review=True, review_delay_s=60)
    return client
