"""Processes and databases of a run. Whatever is started here is ended here, by its own handle."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, func, or_, select

from syncer.store import migrate
from syncer.store.engine import open_engine, read
from syncer.store.sealed import Keys, open_keys
from syncer.store.tables import listing
from tests.benchmarks import connector

ROOT = Path(__file__).resolve().parents[2]


class House:
    """A folder with a database, and the processes on it."""

    def __init__(self, folder: Path, url: str | None = None) -> None:
        self.home = folder / "home"
        self.home.mkdir(mode=0o700, parents=True)
        self.packages = folder / "packages"
        connector.install(self.packages)
        self.url = url or f"sqlite:///{self.home / 'syncer.db'}"
        self.engine: Engine = open_engine(self.url, home=self.home)
        migrate.upgrade(self.engine)
        self.keys: Keys = open_keys(self.engine, self.home)

    @property
    def environment(self) -> dict[str, str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("SYNCER_")}
        return clean | {
            "SYNCER_HOME": str(self.home),
            "SYNCER_DATABASE_URL": self.url,
            "SYNCER_CONNECTORS": f"syncer,{connector.DISTRIBUTION}",
            "SYNCER_LOG_LEVEL": "WARNING",
            "SYNCER_SWEEP_SECONDS": "86400",
            "SYNCER_WEB_PORT": "0",
            "PYTHONPATH": f"{ROOT}{os.pathsep}{self.packages}",
        }

    @contextlib.contextmanager
    def running(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """Run ``syncer ARGUMENTS`` beside us, and end it."""
        with (self.home / "daemon.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "syncer.cli", *arguments],
                env=self.environment,
                cwd=self.home,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                text=True,
            )
            try:
                yield process
            finally:
                process.terminate()
                try:
                    process.wait(20)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()

    @contextlib.contextmanager
    def daemon(self) -> Iterator[subprocess.Popen[str]]:
        """Run the daemon; it listens when this begins."""
        with self.running("run") as process:
            wake = self.home / "wake"
            wait_for(lambda: wake.is_dir() and any(wake.iterdir()), 20.0, "the daemon does not start")
            time.sleep(0.7)
            yield process

    def at_rest(self) -> bool:
        """Whether nothing is due or under way."""
        busy = or_(listing.c.due != 0, listing.c.claim.is_not(None))
        with read(self.engine) as connection:
            return connection.execute(select(listing.c.id).where(busy).limit(1)).first() is None

    def unrest(self) -> list[str]:
        """What is due or under way, for the message of a run that failed: how many of each kind."""
        names = (listing.c.due, listing.c.lane, listing.c.state, listing.c.tries, listing.c.claim.is_not(None))
        query = select(*names, func.count(), func.max(listing.c.due_at)).group_by(*names)
        with read(self.engine) as connection:
            return [str(tuple(row)) for row in connection.execute(query)]


class Talk:
    """A process of ours that takes one JSON line and answers with JSON lines."""

    def __init__(self, module: str, *, environment: dict[str, str] | None = None) -> None:
        env = dict(environment or os.environ)
        env.setdefault("PYTHONPATH", str(ROOT))
        self.process = subprocess.Popen(
            [sys.executable, "-m", module], env=env, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def say(self, **order: Any) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()

    def hear(self) -> Any:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.process.args} ended")
        return json.loads(line)

    def __enter__(self) -> Talk:
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class PlatformClient:
    """The control side of the platform's server."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"

    def limits(self, **order: Any) -> None:
        self._ask("limits", json.dumps(order).encode())

    def report(self) -> dict[str, Any]:
        found: dict[str, Any] = self._ask("report")
        return found

    def count(self) -> dict[str, int]:
        found: dict[str, int] = self._ask("count")
        return found

    def _ask(self, name: str, body: bytes | None = None) -> Any:
        request = urllib.request.Request(f"{self.url}/control/{name}", data=body)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read())


@contextlib.contextmanager
def platform() -> Iterator[PlatformClient]:
    """Run the platform in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.platform_server"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield PlatformClient(int(process.stdout.readline()))
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def house(url: str | None = None) -> Iterator[House]:
    """Make a house in a temporary folder."""
    folder = Path(tempfile.mkdtemp(prefix="syncer-bench-"))
    found = House(folder, url)
    try:
        yield found
    finally:
        found.engine.dispose()
        shutil.rmtree(folder, ignore_errors=True)


def cpu_s(pid: int) -> float:
    """CPU seconds that a process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_mb(pid: int) -> float:
    """Resident memory of a process, in megabytes."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def wait_for(condition: Any, timeout_s: float, why: str | Callable[[], str], every_s: float = 0.05) -> None:
    """Wait until ``condition()`` is true; raise ``TimeoutError`` otherwise."""
    end = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(why if isinstance(why, str) else why())
        time.sleep(every_s)
