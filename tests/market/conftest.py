"""A market on a fresh database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.market.market import Market

#: Where time is short, these run on both databases, and the others on SQLite only.
ON_BOTH = ("killed_while", "two_buyers")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        here = "tests/market/" in item.nodeid and "postgresql" in item.nodeid
        if here and not any(name in item.nodeid for name in ON_BOTH):
            item.add_marker(pytest.mark.long)


@pytest.fixture
def market(engine: Engine, database_url: str, home: Path) -> Iterator[Market]:
    with Market(engine, database_url, home, poll_s=1.0) as found:
        found.open_shops("shopee", ["Orange Satu", "Orange Dua"])
        found.open_shops("tiktok_shop", ["Hijau Satu", "Hijau Dua"])
        found.send_webhooks()
        yield found
