"""Creates whose answers are lost, land late, and can't be found at once: none is doubled, none is missing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.sync.markets import Markets, open_sandboxes

CREATE = {"shopee": "product.add_item", "tiktok_shop": "product.create"}


@pytest.fixture
def markets(engine: Engine, home: Path) -> Iterator[Markets]:
    with open_sandboxes() as runnings:
        yield Markets(engine, home, runnings)


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("connector", "count", "seed"),
    [
        ("shopee", 200, 1),
        pytest.param("shopee", 1000, 2, marks=pytest.mark.long),
        pytest.param("tiktok_shop", 1000, 3, marks=pytest.mark.long),
    ],
)
def test_creates(markets: Markets, connector: str, count: int, seed: int) -> None:
    account = markets.join(connector)
    control = markets.controls[connector]
    picture = markets.picture("semua")
    handles = [f"guci-{number:04}" for number in range(count)]
    for number, handle in enumerate(handles):
        title = f"Guci tanah liat dari Serpong {number:04}"
        sizes = ("A", "B") if number % 8 == 0 else ()
        markets.product(handle, sizes=sizes, stock=1 + number % 7, picture=picture, title=title)
    markets.publish(account, *handles)
    for fault in (
        {"fault": "answer_lost", "operation": CREATE[connector], "probability": 0.1},
        {"fault": "late_write", "operation": CREATE[connector], "probability": 0.05, "ms": 150},
        {"fault": "search_lag", "probability": 0.5, "ms": 200},
    ):
        control.fault(**fault, seed=seed)
    markets.sync()
    markets.heal_all()
    markets.settle(240.0)
    markets.check_all()
    lost = [call for call in control.calls() if call["operation"] == CREATE[connector] and call["fault"]]
    assert len(lost) >= count * 0.1, "the faults struck"
