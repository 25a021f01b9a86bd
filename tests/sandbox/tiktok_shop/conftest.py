"""A running Toko Hijau without waiting times; tests of waiting set their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors.tiktok_shop.sandbox import TiktokShopSandbox
from syncer.sdk.sandbox import RunningSandbox
from tests.sandbox.tiktok_shop.client import Client

QUICK = {"burst_per_s": 10_000, "review": False}


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
