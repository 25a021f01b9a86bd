"""Accounts that wake together look one after the other; a record stands back for what is about to go out."""

from __future__ import annotations

import threading
import time

import pytest

from syncer.sync import turns
from syncer.sync.turns import Turns


def run(work: object) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)  # type: ignore[arg-type]
    thread.start()
    return thread


def test_one_looks_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "LOOK_S", 60.0)
    ours, looking, most = Turns(), [0], [0]

    def look(account_id: int) -> None:
        with ours.look():
            looking[0] += 1
            most[0] = max(most[0], looking[0])
            time.sleep(0.005)
            looking[0] -= 1

    threads = [run(lambda number=number: look(number)) for number in range(6)]
    for thread in threads:
        thread.join(60.0)
    assert most[0] == 1


def test_a_look_that_takes_long_holds_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "LOOK_S", 0.01)
    ours, done = Turns(), threading.Event()

    def look() -> None:
        with ours.look():
            done.set()

    with ours.look():
        run(look)
        assert done.wait(60.0)
    done.clear()
    run(look)
    assert done.wait(60.0), "and whoever did not get its turn gives none back"
    with ours.look():
        pass


def test_a_record_waits_for_others_and_not_for_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "RECORD_S", 60.0)
    ours, recorded = Turns(), threading.Event()

    def record() -> None:
        ours.before_record(1)
        recorded.set()

    ours.about_to_send(1)
    ours.before_record(1)
    ours.about_to_send(2)
    ours.about_to_send(3)
    run(record)
    ours.sent(2)
    assert not recorded.wait(0.05)
    ours.sent(3)
    assert recorded.wait(60.0)


def test_a_record_does_not_wait_for_ever() -> None:
    ours = Turns()
    ours.about_to_send(2)
    began = time.monotonic()
    ours.before_record(1)
    assert time.monotonic() - began >= turns.RECORD_S * 0.9
