from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, bindparam, event, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from syncer.store import errors
from syncer.store.engine import Engine, after_commit, home_of, open_engine, read, write

_metadata = MetaData()
BOWLS = Table(
    "probe_bowls",
    _metadata,
    Column("id", Integer, primary_key=True),
    Column("sku", String(20), nullable=False, unique=True),
    Column("count", Integer, nullable=False),
)


@pytest.fixture
def bowls(empty_database_url: str, home: Path) -> Iterator[Engine]:
    engine = open_engine(empty_database_url, home=home, busy_s=0.3)
    with write(engine) as connection:
        _metadata.create_all(connection)
        connection.execute(insert(BOWLS), [{"id": 1, "sku": "B-1", "count": 5}])
    yield engine
    engine.dispose()


@pytest.fixture
def sqlite_bowls(bowls: Engine, database_kind: str) -> Iterator[tuple[Engine, Path]]:
    path = Path(str(bowls.url.database))
    return bowls, path


def count(engine: Engine) -> int:
    with read(engine) as connection:
        return connection.execute(select(BOWLS.c.count).where(BOWLS.c.id == 1)).scalar_one()


def test_a_write_is_kept_whole_or_not_at_all(bowls: Engine) -> None:
    with write(bowls) as connection:
        connection.execute(update(BOWLS).values(count=4))
    assert count(bowls) == 4
    with pytest.raises(ZeroDivisionError), write(bowls) as connection:
        connection.execute(update(BOWLS).values(count=3))
        _ = 1 / 0
    assert count(bowls) == 4


def test_a_read_sees_one_moment(bowls: Engine) -> None:
    with read(bowls) as snapshot:
        before = snapshot.execute(select(BOWLS.c.count)).scalar_one()
        with write(bowls) as connection:
            connection.execute(update(BOWLS).values(count=1))
        assert snapshot.execute(select(BOWLS.c.count)).scalar_one() == before == 5
    assert count(bowls) == 1


def test_a_read_cannot_write_and_leaves_the_connection_able_to(bowls: Engine) -> None:
    with pytest.raises(errors.StoreReadOnly), read(bowls) as connection:
        connection.execute(update(BOWLS).values(count=0))
    for _ in range(3):
        with write(bowls) as connection:
            connection.execute(update(BOWLS).values(count=BOWLS.c.count + 1))
    assert count(bowls) == 8


@pytest.mark.rule("G3")
def test_constraints_stay_the_callers_business_and_show_no_values(bowls: Engine) -> None:
    with pytest.raises(IntegrityError) as caught, write(bowls) as connection:
        connection.execute(insert(BOWLS).values(id=1, sku="KANARI-sku", count=1))
    assert "KANARI" not in str(caught.value)


def test_missing_tables_are_said_in_words(bowls: Engine) -> None:
    with pytest.raises(errors.StoreNotReady) as caught, read(bowls) as connection:
        connection.execute(text("SELECT * FROM nowhere"))
    assert "syncer db upgrade" in caught.value.words.en
    assert "syncer db upgrade" in caught.value.words.id


def test_what_is_to_happen_after_the_commit(bowls: Engine) -> None:
    seen: list[int] = []

    def look() -> None:
        seen.append(count(bowls))

    with write(bowls) as connection:
        assert after_commit(connection, look)
        assert not after_commit(connection, look)
        connection.execute(update(BOWLS).values(count=7))
        assert seen == []
    assert seen == [7]
    with pytest.raises(ZeroDivisionError), write(bowls) as connection:
        after_commit(connection, look)
        _ = 1 / 0
    with write(bowls) as connection:
        connection.execute(update(BOWLS).values(count=8))
    assert seen == [7]


def test_ten_threads_add_without_losing_one(bowls: Engine) -> None:
    patient = open_engine(bowls.url.render_as_string(hide_password=False), home=home_of(bowls))

    def add() -> None:
        for _ in range(20):
            with write(patient) as connection:
                row = connection.execute(select(BOWLS.c.count).where(BOWLS.c.id == 1).with_for_update()).scalar_one()
                connection.execute(update(BOWLS).where(BOWLS.c.id == 1).values(count=row + 1))

    threads = [threading.Thread(target=add) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    patient.dispose()
    assert count(bowls) == 205


@pytest.mark.parametrize(
    "url",
    [
        "",
        "mysql://u:KANARI@h/d",
        "sqlite://",
        "sqlite:///:memory:",
        "nonsense",
        "sqlite:///file:x?mode=memory&uri=true",
    ],
)
def test_an_address_that_we_cannot_use(url: str) -> None:
    with pytest.raises(errors.StoreAddressInvalid) as caught:
        open_engine(url)
    assert "KANARI" not in str(caught.value)
    assert "SYNCER_DATABASE_URL" in caught.value.words.id


@pytest.mark.parametrize("prefix", ["postgres://", "postgresql://", "postgresql+psycopg://"])
def test_forms_of_a_postgresql_address(prefix: str) -> None:
    engine = open_engine(f"{prefix}sari:secret@db.example/syncer?sslmode=verify-full")
    assert engine.url.drivername == "postgresql+psycopg"
    assert engine.url.query["sslmode"] == "verify-full"
    assert "secret" not in repr(engine)


def test_a_server_that_is_not_there() -> None:
    engine = open_engine("postgresql://sari:KANARI@127.0.0.1:1/syncer")
    with pytest.raises(errors.StoreUnreachable) as caught, read(engine):
        pass
    assert "127.0.0.1/syncer" in caught.value.words.id
    assert "KANARI" not in str(caught.value)


@pytest.mark.parametrize("database_kind", ["postgresql"])
def test_a_connection_ended_by_the_server_is_said_and_replaced(bowls: Engine) -> None:
    with pytest.raises(errors.StoreUnreachable), write(bowls) as connection:
        with write(bowls) as other:
            mine = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
            other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": mine})
        connection.execute(update(BOWLS).values(count=0))
    assert count(bowls) == 5


@pytest.mark.parametrize("database_kind", ["sqlite"])
class TestSQLite:
    def test_it_keeps_what_was_committed_and_checks_what_it_should(self, bowls: Engine) -> None:
        expected = {
            "journal_mode": "wal",
            "foreign_keys": 1,
            "synchronous": 2,
            "trusted_schema": 0,
            "secure_delete": 1,
            "busy_timeout": 5000,
            "query_only": 0,
        }
        with write(bowls) as connection:
            got = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in expected}
        assert got == expected

    @pytest.mark.rule("K5")
    def test_the_files_are_private(self, sqlite_bowls: tuple[Engine, Path]) -> None:
        engine, path = sqlite_bowls
        with write(engine) as connection:
            connection.execute(update(BOWLS).values(count=2))
        files = [path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")]
        assert [stat.S_IMODE(file.stat().st_mode) for file in files] == [0o600] * 3

    def test_a_file_left_open_to_others_is_closed(self, sqlite_bowls: tuple[Engine, Path]) -> None:
        engine, path = sqlite_bowls
        engine.dispose()
        path.chmod(0o644)
        assert count(engine) == 5
        assert stat.S_IMODE(path.stat().st_mode) == 0o600

    def test_a_writer_waits_for_another_process(self, sqlite_bowls: tuple[Engine, Path]) -> None:
        _, path = sqlite_bowls
        holder = subprocess.Popen(
            [
                sys.executable,
                "-c",
                "import sqlite3,sys\n"
                "c = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
                "c.execute('BEGIN IMMEDIATE'); print('held', flush=True)\n"
                "sys.stdin.readline(); c.execute('COMMIT')",
                str(path),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert holder.stdin is not None
        assert holder.stdout is not None
        holder.stdout.readline()
        patient = open_engine(f"sqlite:///{path}", busy_s=60)
        told = []

        def let_go() -> None:
            told.append(time.monotonic())
            holder.communicate(b"now\n")

        timer = threading.Timer(0.3, let_go)
        timer.start()
        with write(patient) as connection:
            connection.execute(update(BOWLS).values(count=9))
            got_in = time.monotonic()
        timer.join()
        assert got_in > told[0]
        assert holder.returncode == 0
        patient.dispose()

    def test_a_database_that_stays_locked(self, sqlite_bowls: tuple[Engine, Path]) -> None:
        engine, path = sqlite_bowls
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        with pytest.raises(errors.StoreBusy) as caught, write(engine):
            pass
        assert 0.25 < time.monotonic() - began < 8
        assert str(path) in caught.value.words.id
        assert count(engine) == 5  # readers go on
        other.execute("ROLLBACK")
        other.close()
        with write(engine) as connection:
            connection.execute(update(BOWLS).values(count=6))

    def test_a_waiting_writer_gets_into_a_short_gap(self, sqlite_bowls: tuple[Engine, Path]) -> None:
        """A bulk writer that steps aside for 10 ms between batches does not starve a stop."""
        engine, path = sqlite_bowls
        stop = threading.Event()

        def bulk() -> None:
            other = sqlite3.connect(path, isolation_level=None, timeout=5)
            while not stop.is_set():
                other.execute("BEGIN IMMEDIATE")
                time.sleep(0.05)
                other.execute("COMMIT")
                time.sleep(0.01)
            other.close()

        patient = open_engine(f"sqlite:///{path}", busy_s=10)
        thread = threading.Thread(target=bulk)
        thread.start()
        waited_s = []
        try:
            for _ in range(8):
                began = time.monotonic()
                with write(patient) as connection:
                    connection.execute(update(BOWLS).values(count=BOWLS.c.count + 1))
                waited_s.append(time.monotonic() - began)
        finally:
            stop.set()
            thread.join()
            patient.dispose()
        assert sorted(waited_s)[len(waited_s) // 2] < 2.0, waited_s

    def test_a_full_disk(self, sqlite_bowls: tuple[Engine, Path]) -> None:
        engine, _ = sqlite_bowls
        with pytest.raises(errors.StoreFull) as caught, write(engine) as connection:
            connection.exec_driver_sql("PRAGMA max_page_count=8")
            rows = [{"sku": f"S-{n}" + "x" * 10, "count": n} for n in range(5000)]
            connection.execute(insert(BOWLS), rows)
        assert "Disk penuh" in caught.value.words.id
        with read(engine) as connection:
            assert connection.execute(select(func.count()).select_from(BOWLS)).scalar_one() == 1

    def test_statements_are_compiled_once(self, bowls: Engine) -> None:
        statement = update(BOWLS).where(BOWLS.c.id == bindparam("key")).values(count=bindparam("n"))
        hits: list[str] = []

        @event.listens_for(bowls, "after_cursor_execute")
        def _note(_c: object, _u: object, _s: str, _p: object, context: object, _m: bool) -> None:
            hits.append(context.cache_hit.name)  # type: ignore[attr-defined]

        for number in range(3):
            with write(bowls) as connection:
                connection.execute(statement, {"key": 1, "n": number})
        assert hits[1:] == ["CACHE_HIT", "CACHE_HIT"]


def test_opening_the_store_is_light() -> None:
    """No other database driver, no Alembic, no cryptography, before somebody needs them."""
    code = "import sys, syncer.store.engine, syncer.store.wakeup, syncer.store.migrate; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    heavy = {"psycopg", "alembic", "cryptography", "structlog", "requests", "pydantic", "rich"}
    assert heavy.isdisjoint(loaded)


def test_driver_errors_we_do_not_know_stay_what_they_are(bowls: Engine) -> None:
    with pytest.raises(DBAPIError), read(bowls) as connection:
        connection.execute(text("SELECT FROM WHERE"))


@pytest.mark.rule("K5")
def test_a_missing_folder_is_made_private(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/a/b/syncer.db")
    with write(engine):
        pass
    engine.dispose()
    assert stat.S_IMODE((tmp_path / "a" / "b").stat().st_mode) == 0o700
    assert home_of(engine) == tmp_path / "a" / "b"


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    path.write_bytes(b"this is a shopping list, not a database\n" * 100)
    with pytest.raises(errors.StoreDamaged) as caught, read(open_engine(f"sqlite:///{path}")):
        pass
    assert "syncer db restore" in caught.value.words.en


def test_a_place_that_cannot_hold_a_database(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for place in (tmp_path / "file" / "syncer.db", tmp_path):
        with pytest.raises(errors.StoreReadOnly), write(open_engine(f"sqlite:///{place}")):
            pass


class _Interrupted:
    """A value during whose sending somebody presses Ctrl-C."""

    def __conform__(self, _protocol: object) -> str:
        raise KeyboardInterrupt


def test_ctrl_c_within_a_statement_is_ctrl_c(home: Path) -> None:
    engine = open_engine(f"sqlite:///{home / 'one.db'}")
    with pytest.raises(KeyboardInterrupt), read(engine) as connection:
        connection.exec_driver_sql("SELECT ?", (_Interrupted(),))
    with read(engine) as connection:
        assert connection.exec_driver_sql("SELECT 1").scalar() == 1
    engine.dispose()
