from __future__ import annotations

import pytest

from syncer.store.engine import Engine
from tests.orders.shop import Shops


@pytest.fixture
def shops(engine: Engine) -> Shops:
    return Shops(engine)
