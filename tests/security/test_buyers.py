"""Who bought is nobody's business here: nothing of a buyer reaches the database, the log or a message (P1)."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from syncer.orders.reading import read_soon
from syncer.store import tables
from syncer.store.engine import read, write
from syncer.store.order_tables import channel_order
from syncer.sync.service import Deps, Service
from tests.market.market import Market, now
from tests.sync.world import FAST, wait_until


@pytest.mark.rule("P1")
@pytest.mark.parametrize("connector", ["shopee", "tiktok_shop"])
def test_nothing_of_a_buyer_is_kept(
    engine: Engine, database_url: str, home: Path, connector: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with Market(engine, database_url, home) as market:
        market.open_shops(connector, ["Toko"])
        market.offer({"guci": 3})
        shop = market.shops[0]
        service = Service(Deps(engine, market.keys, home, FAST))
        service.start()
        try:
            wait_until(lambda: shop.shown() == {"guci": 3})
            assert shop.buy("guci")
            with write(engine) as connection:
                read_soon(connection, shop.account.id, now())
            wait_until(lambda: everything(engine, "channel_order"))
        finally:
            service.stop()
        buyers = [order["buyer"] for order in shop.control.ask("GET", "orders")]
        assert buyers
        kept = "\n".join(everything(engine, table.name) for table in tables.metadata.sorted_tables)
        said = "".join(capsys.readouterr())
        with read(engine) as connection:
            assert connection.execute(select(channel_order.c.remote_id)).scalar_one() in kept
        for value in {str(value) for buyer in buyers for value in buyer.values()}:
            assert value not in kept + said, value


def everything(engine: Engine, name: str) -> str:
    """All rows of a table, as text."""
    with read(engine) as connection:
        rows = connection.execute(select(tables.metadata.tables[name])).all()
    return "\n".join(map(str, rows))
