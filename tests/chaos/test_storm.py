"""Both marketplaces, every fault, and an engine that is killed again and again: nothing lost, doubled or put back."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from syncer.domain.product import Variant
from tests.chaos.conftest import Engines
from tests.chaos.runner import POINTS
from tests.sync.markets import Markets, open_sandboxes
from tests.sync.world import FAST

FAULTS: dict[str, dict[str, Any]] = {
    "answer_lost": {"operation": "product"},
    "late_write": {"operation": "product", "ms": 150},
    "error_before": {"operation": "product"},
    "error_after": {"operation": "product"},
    "rate_limited": {"operation": "product"},
    "token_revoked": {"operation": "product"},
    "partial": {},
    "latency": {"ms": 60},
    "stale_read": {"ms": 150},
    "search_lag": {"ms": 150},
}
#: Most kills are where a write is: around its call and its record.
WHERE = (*POINTS[:5], *POINTS[:5], *POINTS[5:])
HANDLES = ("guci", "kain", "tampah", "keranjang")


@pytest.fixture
def markets(engine: Engine, home: Path) -> Iterator[Markets]:
    with open_sandboxes() as runnings:
        yield Markets(engine, home, runnings)


class Crafter:
    """Changes one thing after the other, by chance."""

    def __init__(self, markets: Markets, chance: random.Random) -> None:
        self.markets, self.chance, self.made = markets, chance, 0
        self.skus = {handle: [f"{handle}-{size}" for size in "SML"] for handle in HANDLES[1:]} | {"guci": ["guci"]}
        picture = markets.picture("semua")
        for handle, skus in self.skus.items():
            sizes = tuple("SML") if len(skus) > 1 else ()
            markets.product(handle, sizes=sizes, stock=3, picture=picture, title=f"Kerajinan tangan {handle} Serpong")
        for account in markets.shops:
            markets.publish(account, *HANDLES)

    def change(self) -> None:
        changes: list[Callable[[str, str], None]] = [self._stock, self._stock, self._stock, self._price, self._title]
        changes += [self._withdraw, self._publish, self._variant]
        handle = self.chance.choice(HANDLES)
        self.chance.choice(changes)(handle, self.chance.choice(self.skus[handle]))

    def _stock(self, _handle: str, sku: str) -> None:
        self.markets.stock(sku, self.chance.choice((0, 0, 1, 2, 5, 9)))

    def _price(self, _handle: str, sku: str) -> None:
        self.markets.price(sku, 100_000 + 1000 * self.chance.randrange(20))

    def _title(self, handle: str, _sku: str) -> None:
        self.markets.title(handle, f"Kerajinan tangan {handle} nomor {self.chance.randrange(1000)}")

    def _withdraw(self, handle: str, _sku: str) -> None:
        self.markets.withdraw(self.chance.choice(self.markets.shops), handle)

    def _publish(self, handle: str, _sku: str) -> None:
        self.markets.publish(self.chance.choice(self.markets.shops), handle)

    def _variant(self, handle: str, sku: str) -> None:
        """Drop one and add one."""
        if handle == "guci":
            return
        self.made += 1
        new = Variant(f"{handle}-v{self.made}", Decimal(110_000), (f"V{self.made}",), weight_g=400)
        self.markets.variants(handle, lambda old: (*(one for one in old if one.sku != sku), new), stock=2)
        self.skus[handle] = [one for one in self.skus[handle] if one != sku] + [new.sku]


@pytest.mark.timeout(1500)
@pytest.mark.parametrize(("kills", "seed"), [(5, 1), pytest.param(210, 2, marks=pytest.mark.long)], ids=["few", "many"])
def test_killed_in_the_storm(markets: Markets, engines: Engines, kills: int, seed: int) -> None:
    for connector in ("shopee", "shopee", "tiktok_shop", "tiktok_shop"):
        markets.join(connector)
    chance = random.Random(seed)
    crafter = Crafter(markets, chance)
    killed = runs = consents = 0
    while killed < kills:
        kind = sorted(FAULTS)[runs % len(FAULTS)]
        connector = ("shopee", "tiktok_shop")[runs // len(FAULTS) % 2]
        markets.controls[connector].fault(**{"fault": kind, "times": chance.randint(1, 2), **FAULTS[kind]})
        runs += 1
        killed += engines.run(FAST, chance.choice(WHERE), chance.randint(1, 4))
        # Killed with a pair that the platform has given and nobody kept: only a person can help, and does.
        consents += markets.sign_in_again()
        for _ in range(chance.randint(1, 3)):
            crafter.change()
        assert runs < 6 * kills + 20, "no progress"
    struck = {call["fault"] for control in markets.controls.values() for call in control.calls()}
    print(f"{killed} kills in {runs} runs, {consents} new consents; faults that struck: {sorted(struck - {None})}")
    markets.heal_all()
    markets.sign_in_again()
    markets.settle(120.0)
    markets.check_all()
    if kills > 100:
        assert struck >= set(FAULTS), "every fault struck"
