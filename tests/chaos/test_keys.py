"""A create keeps its key over a crash: a platform that knows keys makes one listing, however late the first lands."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.chaos.conftest import Engines
from tests.sync.stalls import STRANGERS, Stalls, open_stalls
from tests.sync.world import FAST, wait_until

#: Far later than the platform says: looking for it proves nothing, only the key can tell.
_VERY_LATE_MS = 4000


@pytest.fixture
def stalls(engine: Engine, home: Path, tmp_path: Path, engines: Engines) -> Iterator[Stalls]:
    with open_stalls(engine, home, tmp_path / "packages") as found:
        engines.more = {"allowed": STRANGERS, "path": list(sys.path)}
        yield found


def keys(stalls: Stalls) -> list[str | None]:
    return [row.create_key for row in stalls.rows()]


@pytest.mark.parametrize(
    "point",
    ["in_flight", pytest.param("sending", marks=pytest.mark.long), pytest.param("answered", marks=pytest.mark.long)],
)
def test_killed_between_sending_and_recording(stalls: Stalls, engines: Engines, point: str) -> None:
    account = stalls.stall_account()
    stalls.product("guci", stock=3)
    stalls.publish(account, "guci")
    stalls.control.fault(fault="late_write", operation="goods.create", times=1, ms=_VERY_LATE_MS)
    assert engines.run(FAST, point)
    key = keys(stalls)[0]
    assert key is not None
    assert key.isalnum()
    stalls.title("guci", "Guci baru")
    stalls.stock("guci", 1)
    assert not engines.run(FAST)
    assert keys(stalls) == [None], "it has done its work"
    wait_until(lambda: stalls.control.ask("GET", "limits")["pending_late_writes"] == 0)
    stalls.settle()
    there = [one for one in stalls.control.ask("GET", "listings") if one["status"] != "deleted"]
    assert [(one["title"], one["offers"][0]["stock"]) for one in there] == [("Guci baru", 1)]
