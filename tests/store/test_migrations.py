from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import insert, inspect, text
from sqlalchemy.exc import DBAPIError

from syncer.store import errors, migrate, tables, triggers
from syncer.store.engine import Connection, Engine, open_engine, read, write
from syncer.store.migrations import run

REMEDY = "syncer/store/tables.py and the migration differ: run `make migration`"


@pytest.fixture
def empty(empty_database_url: str, home: Path) -> Iterator[Engine]:
    engine = open_engine(empty_database_url, home=home)
    yield engine
    engine.dispose()


def schema(connection: Connection) -> set[str]:
    """Every table, column, constraint, index and trigger, one line each, as the database itself tells it."""
    if connection.dialect.name == "sqlite":
        found = connection.execute(text("SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'"))
        return {
            f"{row.type} {row.name}: {plain(line)}" for row in found for line in (row.sql or "").splitlines() if line
        }
    queries = (
        "SELECT concat_ws(' ', table_name, ordinal_position, column_name, data_type, character_maximum_length, "
        "numeric_precision, numeric_scale, is_nullable, column_default) FROM information_schema.columns "
        "WHERE table_schema = 'public'",
        "SELECT concat_ws(' ', conrelid::regclass, conname, pg_get_constraintdef(oid)) FROM pg_constraint "
        "WHERE connamespace = 'public'::regnamespace AND contype <> 'n'",
        "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'",
        "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
    )
    return {str(line) for query in queries for line in connection.execute(text(query)).scalars()}


def plain(line: str) -> str:
    """Alembic writes DEFAULT (false) on SQLite where the tables say DEFAULT false: the same."""
    line = re.sub(r"DEFAULT \((\w+)\)", r"DEFAULT \1", line.strip().rstrip(","))
    return line.removesuffix(")") if line.count(")") > line.count("(") else line


def test_the_migration_makes_exactly_the_tables(engine: Engine, empty: Engine) -> None:
    with read(engine) as connection:
        assert run.differences(connection) == [], REMEDY
        migrated = {line for line in schema(connection) if "alembic_version" not in line}
    with write(empty) as connection:
        tables.metadata.create_all(connection)
        made = schema(connection)
    assert migrated == made, REMEDY


def test_the_program_knows_the_newest_version(engine: Engine) -> None:
    assert run.head() == migrate.HEAD
    assert migrate.current(engine) == migrate.HEAD
    assert migrate.is_current(engine)
    migrate.require_current(engine)


def test_an_empty_database_is_made_ready_once(empty: Engine) -> None:
    assert migrate.current(empty) is None
    with pytest.raises(errors.StoreNotReady) as caught:
        migrate.require_current(empty)
    assert "syncer db upgrade" in caught.value.words.id
    assert migrate.upgrade(empty)
    assert not migrate.upgrade(empty)
    with read(empty) as connection:
        assert set(tables.metadata.tables) <= set(inspect(connection).get_table_names())


def test_two_at_once_make_it_once(empty: Engine) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: migrate.upgrade(empty), range(4)))
    assert migrate.is_current(empty)


def test_a_migration_that_fails_leaves_nothing(empty: Engine) -> None:
    with write(empty) as connection:
        connection.exec_driver_sql("CREATE TABLE variant (id INTEGER)")
    with pytest.raises(DBAPIError):
        migrate.upgrade(empty)
    with read(empty) as connection:
        assert inspect(connection).get_table_names() == ["variant"]


def test_a_database_of_a_newer_program_is_left_alone(engine: Engine) -> None:
    with write(engine) as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    for attempt in (migrate.upgrade, migrate.require_current):
        with pytest.raises(errors.StoreNotReady) as caught:
            attempt(engine)
        assert "newer" in caught.value.words.en


@pytest.mark.parametrize("change", ["UPDATE stock_movement SET delta = 9", "DELETE FROM stock_movement"])
def test_the_ledger_cannot_be_rewritten(engine: Engine, change: str) -> None:
    """Rule K5: append-only, enforced by the database itself."""
    assert "stock_movement" in triggers.APPEND_ONLY
    with write(engine) as connection:
        add_movement(connection)
    with pytest.raises(DBAPIError, match="append-only"), write(engine) as connection:
        connection.exec_driver_sql(change)
    with read(engine) as connection:
        assert connection.execute(text("SELECT delta FROM stock_movement")).scalars().all() == [5]


def add_movement(connection: Connection) -> None:
    import datetime as dt
    from decimal import Decimal

    now = dt.datetime(2026, 1, 2, tzinfo=dt.UTC)
    times = {"created_at": now, "changed_at": now}
    connection.execute(
        insert(tables.product).values(
            id=1, handle="bowl", title="Bowl", materials=[], option_names=[], attributes={}, **times
        )
    )
    connection.execute(insert(tables.variant).values(id=1, product_id=1, sku="B", option_values=[], price=Decimal(1)))
    connection.execute(insert(tables.location).values(id=1, code="workshop", name="Workshop"))
    connection.execute(
        insert(tables.stock_movement).values(
            variant_id=1, location_id=1, delta=5, on_hand_after=5, reason="count", reference="r1", at=now
        )
    )


def test_a_database_that_is_ready_costs_no_alembic(engine: Engine) -> None:
    code = (
        "import sys\nfrom syncer.store import engine, migrate\n"
        "assert not migrate.upgrade(engine.open_engine(sys.argv[1]))\n"
        "assert 'alembic' not in sys.modules"
    )
    url = engine.url.render_as_string(hide_password=False)
    subprocess.run([sys.executable, "-c", code, url], check=True)
