"""Real processes on one home: the sandbox, the daemon, and commands beside them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

QUICK = {
    "calls_per_s": 100,
    "variation_pause_s": 0.6,
    "review_check_s": 0.3,
    "late_write_s": 1.0,
    "search_lag_s": 0.2,
    "read_lag_s": 0.1,
}


class House:
    """A home with its processes. Whatever it started is ended with it."""

    def __init__(self, home: Path, url: str) -> None:
        self.home, self.url = home, url
        self.shop: dict[str, Any] = {}
        self._running: list[subprocess.Popen[str]] = []

    @property
    def environment(self) -> dict[str, str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("SYNCER_")}
        return clean | {
            "SYNCER_HOME": str(self.home),
            "SYNCER_DATABASE_URL": self.url,
            "SYNCER_LANGUAGE": "en",
            "SYNCER_LEASE_SECONDS": "60",
        }

    def start(self, *arguments: str, **more: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "syncer.cli", *arguments],
            env=self.environment | more,
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=(self.home / f"{arguments[0]}.log").open("ab"),
            text=True,
        )
        self._running.append(process)
        return process

    def run(self, *arguments: str, code: int | None = 0, stdin: str = "") -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "syncer.cli", *arguments],
            env=self.environment,
            cwd=self.home,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        if code is not None:
            assert done.returncode == code, done
        return done

    def json(self, *arguments: str) -> Any:
        return json.loads(self.run(*arguments, "--json").stdout)

    def open_shop(self) -> None:
        process = self.start("sandbox", "shopee", "--set", "burst_per_s=200", "--set", "variation_wait_s=0.2")
        assert process.stdout is not None
        self.shop = json.loads(process.stdout.readline())
        options = json.dumps(self.shop["account"]["options"] | QUICK)
        self.run("account", "add", "shopee", "--name", "Orange", "--options", "-", stdin=options)

    def daemon(self, **more: str) -> subprocess.Popen[str]:
        process = self.start("run", **more)
        wait_until(lambda: self.log("started", process.pid), "the daemon started")
        return process

    def log(self, event: str, pid: int | None = None) -> list[dict[str, Any]]:
        path = self.home / "run.log"
        lines = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.startswith("{")]
        return [line for line in lines if line["event"] == event and pid in (None, line.get("pid"))]

    def listings(self) -> dict[str, dict[str, Any]]:
        with urllib.request.urlopen(f"{self.shop['control_url']}/listings", timeout=60) as answer:
            return {one["title"]: one for one in json.load(answer) if one["status"] != "deleted"}

    def calls(self) -> list[dict[str, Any]]:
        with urllib.request.urlopen(f"{self.shop['control_url']}/calls?after=0", timeout=60) as answer:
            found: list[dict[str, Any]] = json.load(answer)
        return found

    def offer(self, sku: str) -> dict[str, Any] | None:
        offers = [offer for one in self.listings().values() for offer in one["offers"] if offer["sku"] == sku]
        return offers[0] if offers else None

    def close(self) -> None:
        for process in reversed(self._running):
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()


#: How long anything may take, in seconds, on a machine that is slow and stalls.
PATIENCE_S = 60.0


def wait_until(true: Callable[[], object], what: str, seconds: float = PATIENCE_S) -> float:
    """Wait until ``true`` says so; return how long it took, in seconds."""
    started = time.monotonic()
    while not true():
        assert time.monotonic() - started < seconds, what
        time.sleep(0.01)
    return time.monotonic() - started


@pytest.fixture
def house(home: Path, database_url: str) -> Iterator[House]:
    """A home on each kind of database."""
    made = House(home, database_url)
    yield made
    made.close()


@pytest.fixture
def sqlite_house(home: Path) -> Iterator[House]:
    """A home on SQLite."""
    made = House(home, f"sqlite:///{home / 'syncer.db'}")
    yield made
    made.close()
