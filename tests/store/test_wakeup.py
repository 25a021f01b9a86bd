from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from syncer.store.engine import Engine, open_engine, read, write
from syncer.store.wakeup import WakeListener, poke, wake_after_commit

_COMMIT = (
    "import sys, pathlib\n"
    "from syncer.store.engine import open_engine, write\n"
    "from syncer.store.wakeup import wake_after_commit\n"
    "engine = open_engine(sys.argv[1], home=pathlib.Path(sys.argv[2]))\n"
    "print('ready', flush=True)\n"
    "for line in sys.stdin:\n"
    "    with write(engine) as connection:\n"
    "        wake_after_commit(connection)\n"
    "    print('done', flush=True)\n"
)


class Bell:
    """Counts wake-ups and lets a test wait for the next one."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self._changed = threading.Condition()

    def ring(self) -> None:
        with self._changed:
            self.times.append(time.perf_counter())
            self._changed.notify_all()

    def wait(self, count: int, timeout_s: float = 60) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: len(self.times) >= count, timeout_s)


@pytest.fixture
def bell(engine: Engine) -> Iterator[Bell]:
    bell = Bell()
    with WakeListener(engine, bell.ring):
        assert bell.wait(1)
        yield bell


@pytest.fixture
def other_process(engine: Engine, home: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that commits when it gets a line."""
    url = engine.url.render_as_string(hide_password=False)
    process = subprocess.Popen(
        [sys.executable, "-c", _COMMIT, url, str(home)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdin is not None
    assert process.stdout.readline() == "ready\n"
    yield process
    process.stdin.close()
    process.wait(60)
    process.stdout.close()


def commit_there(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("go\n")
    process.stdin.flush()
    assert process.stdout.readline() == "done\n"


def commit_here(engine: Engine) -> None:
    with write(engine) as connection:
        wake_after_commit(connection)
        wake_after_commit(connection)


def test_listening_begins_with_a_look(bell: Bell) -> None:
    assert len(bell.times) == 1


def test_another_process_wakes_with_each_commit(bell: Bell, other_process: subprocess.Popen[str]) -> None:
    for number in range(6):
        before = len(bell.times)
        commit_there(other_process)
        assert bell.wait(before + 1), number


def test_the_same_process_wakes(engine: Engine, bell: Bell) -> None:
    commit_here(engine)
    assert bell.wait(2)


def test_no_wake_before_the_commit_and_none_without_it(engine: Engine, bell: Bell) -> None:
    with write(engine) as connection:
        wake_after_commit(connection)
        assert not bell.wait(2, 0.1)
    assert bell.wait(2)
    time.sleep(0.05)
    seen = len(bell.times)
    with pytest.raises(ZeroDivisionError), write(engine) as connection:
        wake_after_commit(connection)
        _ = 1 / 0
    assert not bell.wait(seen + 1, 0.1)


def test_what_woke_us_is_visible(engine: Engine) -> None:
    seen: list[int] = []
    looked = threading.Event()

    def look() -> None:
        with read(engine) as connection:
            seen.append(connection.execute(text("SELECT count(*) FROM meta")).scalar_one())
        if seen[-1]:
            looked.set()

    with WakeListener(engine, look):
        with write(engine) as connection:
            connection.execute(text("INSERT INTO meta (key, value) VALUES ('probe', '1')"))
            wake_after_commit(connection)
        assert looked.wait(60)


def test_a_burst_is_few_calls(engine: Engine, home: Path) -> None:
    calls, all_there = Bell(), threading.Event()

    def slow() -> None:
        calls.ring()
        all_there.wait(60)

    with WakeListener(engine, slow):
        assert calls.wait(1)
        for _ in range(50):
            commit_here(engine)
        all_there.set()
        assert calls.wait(2)
        time.sleep(0.2)
    assert 2 <= len(calls.times) < 30


def test_several_listeners_all_wake(engine: Engine, bell: Bell, other_process: subprocess.Popen[str]) -> None:
    second = Bell()
    with WakeListener(engine, second.ring):
        assert second.wait(1)
        commit_there(other_process)
        assert bell.wait(2)
        assert second.wait(2)


def test_a_callback_that_fails_does_not_end_the_listening(engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    calls = Bell()

    def fail() -> None:
        calls.ring()
        raise ValueError("KANARI")

    with WakeListener(engine, fail):
        assert calls.wait(1)
        commit_here(engine)
        assert calls.wait(2)
    assert "wake_callback_failed" in caplog.text
    assert "KANARI" not in caplog.text


def test_stopping_is_quick_and_final(engine: Engine) -> None:
    bell = Bell()
    listener = WakeListener(engine, bell.ring)
    listener.start()
    assert bell.wait(1)
    began = time.monotonic()
    listener.stop()
    assert time.monotonic() - began < 4, "it isn't woken to end"
    commit_here(engine)
    assert not bell.wait(2, 0.1)


def test_nobody_listens(engine: Engine, other_process: subprocess.Popen[str]) -> None:
    commit_here(engine)
    commit_there(other_process)


@pytest.mark.parametrize("database_kind", ["postgresql"])
def test_a_lost_connection_is_built_anew_with_a_look(
    engine: Engine, bell: Bell, other_process: subprocess.Popen[str]
) -> None:
    with write(engine) as connection:
        connection.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'LISTEN syncer_wake'")
        )
    assert bell.wait(2), "the look after the reconnect"
    commit_there(other_process)
    assert bell.wait(3), "the wake-up after the reconnect"


def test_a_server_that_is_away_at_first_is_tried_again() -> None:
    engine = open_engine("postgresql://nobody@127.0.0.1:1/nothing")
    bell = Bell()
    listener = WakeListener(engine, bell.ring)
    began = time.monotonic()
    listener.start()
    assert time.monotonic() - began < 20
    listener.stop()
    assert bell.times == []


class TestSockets:
    """The road of the embedded database; no database is needed to try it."""

    def test_a_listener_that_was_killed_leaves_no_trouble(self, home: Path) -> None:
        engine = open_engine(f"sqlite:///{home}/syncer.db", home=home)
        dead = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        (home / "wake").mkdir()
        dead.bind(str(home / "wake" / "1-dead.sock"))
        dead.close()
        bell = Bell()
        with WakeListener(engine, bell.ring):
            assert bell.wait(1)
            assert poke(home) == 1
            assert bell.wait(2)
            names = [path.name for path in (home / "wake").iterdir()]
            assert len(names) == 1
            assert names[0].startswith(f"{os.getpid()}-")
        assert list((home / "wake").iterdir()) == []
        assert poke(home) == 0

    def test_a_sender_never_waits_for_a_listener_that_does_not_read(self, home: Path) -> None:
        deaf = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        (home / "wake").mkdir()
        deaf.bind(str(home / "wake" / "1-deaf.sock"))
        began = time.monotonic()
        for _ in range(1000):
            poke(home)
        assert time.monotonic() - began < 60
        assert (home / "wake" / "1-deaf.sock").exists()
        deaf.close()

    def test_a_home_with_a_long_path(self, tmp_path: Path) -> None:
        home = tmp_path / ("perajin-" * 12) / ("gerabah-" * 12)
        home.mkdir(parents=True)
        engine = open_engine(f"sqlite:///{home}/syncer.db", home=home)
        bell = Bell()
        with WakeListener(engine, bell.ring):
            assert bell.wait(1)
            assert poke(home) == 1
            assert bell.wait(2)

    def test_a_socket_that_was_removed_is_made_anew(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("syncer.store.wakeup._ALIVE_CHECK_S", 0.05)
        engine = open_engine(f"sqlite:///{home}/syncer.db", home=home)
        bell = Bell()
        with WakeListener(engine, bell.ring):
            assert bell.wait(1)
            for path in (home / "wake").iterdir():
                path.unlink()
            (home / "wake").rmdir()
            assert bell.wait(2), "a look after listening anew"
            assert poke(home) == 1
            assert bell.wait(3)

    def test_a_home_that_does_not_exist(self, tmp_path: Path) -> None:
        assert poke(tmp_path / "nowhere") == 0

    def test_the_socket_is_private(self, home: Path) -> None:
        with WakeListener(open_engine(f"sqlite:///{home}/syncer.db", home=home), lambda: None):
            folder = home / "wake"
            assert folder.stat().st_mode & 0o777 == 0o700
            assert [path.stat().st_mode & 0o777 for path in folder.iterdir()] == [0o600]
