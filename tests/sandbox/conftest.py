"""A running Toko Orange without waiting times; tests of waiting set their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors.shopee.sandbox import ShopeeSandbox
from syncer.sdk.sandbox import RunningSandbox
from tests.sandbox.client import Client

QUICK = {"burst_per_s": 10_000, "review": False, "variation_wait_s": 0}


@pytest.fixture
def running() -> Iterator[RunningSandbox]:
    with ShopeeSandbox.start(limits=QUICK) as sandbox:
        yield sandbox


@pytest.fixture
def client(running: RunningSandbox) -> Client:
    return Client(running)
