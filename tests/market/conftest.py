"""A market on a fresh database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.market.market import Market


@pytest.fixture
def market(engine: Engine, database_url: str, home: Path) -> Iterator[Market]:
    with Market(engine, database_url, home) as found:
        found.open_shops("shopee", ["Orange Satu", "Orange Dua"])
        found.open_shops("tiktok_shop", ["Hijau Satu", "Hijau Dua"])
        yield found
