"""A large catalogue: the cost of a change depends on what it touches, never on how much there is."""

from __future__ import annotations

import pytest

from syncer.catalogue.read import find_product
from syncer.channels.publishing import publish_all
from syncer.store.engine import write
from tests.sync.world import World, now


@pytest.mark.timeout(300)
@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
@pytest.mark.long
def test_one_change_among_many_listings(world: World) -> None:
    account = world.account()
    picture = world.picture("satu untuk semua")
    for number in range(300):
        world.product(f"anting-{number}", picture=picture)
    publish_all(world.engine, account, now=now())
    world.settle(120)
    assert len(world.control.listings()) == 300

    before = world.control.last_call()
    publish_all(world.engine, account, now=now())
    world.settle()
    assert world.control.writes(before) == []

    before = world.control.last_call()
    with write(world.engine) as connection:
        assert find_product(connection, "anting-150")
    world.stock("anting-150", 1)
    world.settle()
    assert 1 <= len(world.control.calls(before)) <= 2
