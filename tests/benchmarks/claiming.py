"""Claiming due work must not grow with the catalogue: 10,000 listings against 1,000,000, on both databases."""

from __future__ import annotations

import shutil
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from syncer.channels.records import load_account
from syncer.store.engine import Engine, read, write
from syncer.store.marks import Due, Lane, mark
from syncer.store.tables import listing
from syncer.sync.claim import claim, unclaim
from syncer.sync.lease import Lease, owner_name
from syncer.sync.pace import Pacer
from syncer.sync.prepare import due_rows, prepare
from syncer.sync.shop import Shop, ShopGate, Timing
from tests.benchmarks import catalogue
from tests.benchmarks.connector import load
from tests.benchmarks.figures import Figure
from tests.benchmarks.house import House, PlatformClient, house

_KNOWN = (
    '{"status": "live", "fields": {"title": "T", "description": "D"}, "option_names": [], "strangers": [], "extra": {}}'
)
SMALL, LARGE, ACCOUNTS, AT_ONCE, DUE = 10_000, 1_000_000, 10, 16, 200


def claim_due(
    platform: PlatformClient, *, kinds: tuple[str, ...] = ("sqlite", "postgresql"), large: int = LARGE,
    rounds: int = 150,
) -> list[Figure]:  # fmt: skip
    """Look for what is due, compute it and claim it; both sizes take turns, and the middle of all rounds counts."""
    return [_compare(kind, platform, large, rounds) for kind in kinds]


def _compare(kind: str, platform: PlatformClient, large: int, rounds: int) -> Figure:
    with _databases(kind) as make:
        works = [_prepared(make(), platform, count) for count in (SMALL, large)]
        times: list[list[float]] = [[], []]
        for turn in range(rounds + 10):
            for n, work in enumerate(works):
                took = work()
                if turn >= 10:
                    times[n].append(took * 1000)
    few, many = (statistics.median(one) for one in times)
    return Figure(f"claim, {kind}", f"{large:,} against {SMALL:,} listings", many / few, 1.25, unit="ms", ours=many,
                  floor=few)  # fmt: skip


class _databases:
    """Houses on one kind of database, two of them."""

    def __init__(self, kind: str) -> None:
        self._kind, self._open = kind, []  # type: ignore[var-annotated]
        self._server: Any = None

    def __enter__(self) -> Callable[[], House]:
        if self._kind == "postgresql":
            from tests.conftest import PostgresServer

            self._folder = Path(tempfile.mkdtemp(prefix="syncer-pg-"))
            self._folder.chmod(0o755)
            self._server = PostgresServer(self._folder / "data")
        return self._make

    def _make(self) -> House:
        url = self._server.url(self._server.create(empty=True)) if self._server else None
        context = house(url)
        found = context.__enter__()
        self._open.append(context)
        return found

    def __exit__(self, *details: Any) -> None:
        for context in self._open:
            context.__exit__(*details)
        if self._server is not None:
            self._server.stop()
            shutil.rmtree(self._folder, ignore_errors=True)


def _prepared(home: House, platform: PlatformClient, count: int) -> Callable[[], float]:
    """Fill the house with ``count`` listings on ten accounts, and return one round of claiming."""
    engine = home.engine
    catalogue.fill(engine, 1)
    shops = [
        catalogue.join(engine, home.keys, home.home, f"toko{n}", platform.url, kind="token") for n in range(ACCOUNTS)
    ]
    _multiply(engine, count // ACCOUNTS, [shop.id for shop in shops])
    account_id = shops[0].id
    shop = _shop(home, account_id)
    with write(engine) as connection:
        first = connection.execute(select(func.min(listing.c.id)).where(listing.c.account_id == account_id)).scalar()
        assert first is not None
        spread = max(count // ACCOUNTS // DUE, 1)
        some = (listing.c.account_id == account_id) & ((listing.c.product_id % spread) == 0)
        mark(connection, some, Due.STOCK, Lane.FALL, now=catalogue.now())

    def once() -> float:
        now = catalogue.now()
        began = time.perf_counter()
        with read(engine) as connection:
            ids = [row[0] for row in due_rows(connection, account_id, now, AT_ONCE)]
            tasks = prepare(connection, shop, ids)
        claimed = claim(shop, tasks, now)
        took = time.perf_counter() - began
        assert len(claimed) == AT_ONCE
        unclaim(shop, claimed)
        return took

    return once


def _multiply(engine: Engine, products: int, accounts: list[int]) -> None:
    """Add products, variants, levels, listings and offers with the database's own means: a million take a while."""
    sqlite = engine.dialect.name == "sqlite"
    with engine.connect() as connection:
        raw = connection.connection.driver_connection
        assert raw is not None
        for statement in _statements(products, accounts, sqlite=sqlite):
            raw.execute("BEGIN" if sqlite else "SELECT 1")
            raw.execute(statement)
            raw.execute("COMMIT")
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)" if sqlite else "ANALYZE")
        raw.commit()


def _statements(products: int, accounts: list[int], *, sqlite: bool) -> list[str]:
    json = "" if sqlite else "::jsonb"
    moment = "'2026-01-01T00:00:00.000000'" if sqlite else "timestamptz '2026-01-01 00:00:00+00'"
    numbers = f"SELECT generate_series(1, {products}) AS i"
    if sqlite:
        numbers = (
            f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {products}) SELECT i FROM n"
        )
    statements = [
        "INSERT INTO product "
        "(handle, title, description, materials, option_names, attributes, created_at, changed_at) "
        "SELECT 'm' || i, 'T', 'D', p.materials, p.option_names, p.attributes, p.created_at, p.changed_at "
        f"FROM ({numbers}) AS numbers, (SELECT * FROM product LIMIT 1) AS p",
        "INSERT INTO variant (product_id, sku, option_values, price) "
        "SELECT p.id, 'm' || p.id, v.option_values, v.price FROM product AS p, (SELECT * FROM variant LIMIT 1) AS v "
        "WHERE p.handle LIKE 'm%'",
        "INSERT INTO stock_level (variant_id, location_id, on_hand) SELECT v.id, l.location_id, 5 "
        "FROM variant AS v, (SELECT * FROM stock_level LIMIT 1) AS l WHERE v.sku LIKE 'm%'",
    ]
    for account in accounts:
        statements += [
            "INSERT INTO listing "
            "(account_id, product_id, remote_id, state, known, due_at, acknowledged_version, created_at) "
            f"SELECT {account}, id, 'r' || id, 'live', '{_KNOWN}'{json}, {moment}, 1, {moment} "
            "FROM product WHERE handle LIKE 'm%'",
            "INSERT INTO offer (listing_id, variant_id, remote_id, sku, option_values, price, quantity, fields) "
            f"SELECT l.id, v.id, 'o' || v.id, v.sku, v.option_values, v.price, 9, '{{}}'{json} "
            f"FROM listing AS l JOIN variant AS v ON v.product_id = l.product_id WHERE l.account_id = {account}",
        ]
    return statements


def _shop(home: House, account_id: int) -> Shop:
    """Open the account as the engine does, with a lease of our own."""
    from syncer.channels.connectors import open_connector

    with read(home.engine) as connection:
        account = load_account(connection, account_id)
    lease = Lease(home.engine, account.budget_group, owner=owner_name(), ttl_s=3600.0)
    assert lease.acquire(catalogue.now()) == 0
    pacer, timing = Pacer([]), Timing()
    gate = ShopGate(pacer, lease, 1.0, threading.Event())
    connector = open_connector(account, engine=home.engine, keys=home.keys, home=home.home, gate=gate, load=load)
    return Shop(
        engine=home.engine, account=account, opened_as=account, connector=connector, pacer=pacer, lease=lease,
        gate=gate, timing=timing, claim_name="bench", sign_in=timing.sign_in(home.keys),
    )  # fmt: skip
