"""The demo's own home, apart from everything real, and the programs that the demo starts."""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

from config.settings import Settings
from syncer.cli.waking import daemon_runs
from syncer.domain.words import SyncerError, Words

#: Stands in a home that may be thrown away.
MARK = "demo"
_STOP_S = 10.0
_PR_SET_PDEATHSIG = 1


def demo_settings(settings: Settings, home: Path) -> Settings:
    """Return settings that touch nothing but ``home``, whatever the environment says."""
    return replace(
        settings,
        home=home,
        database_url=f"sqlite:///{home / 'syncer.db'}",
        secret_key=None,
        secret_key_file=None,
        connectors=("syncer",),
        catalogue_currency="IDR",
        backup_folder=None,
    )


def make_home(home: Path, *, keep: bool) -> None:
    """Make the folder, empty unless ``keep``. Refuses a folder that isn't a demo's, or whose demo still runs."""
    if home.exists() and not (home / MARK).exists() and any(home.iterdir()):
        raise SyncerError(
            Words(
                f"Folder {home} bukan milik demo, jadi tidak disentuh. Pilih yang lain dengan --home.",
                f"The folder {home} is not a demo's, so it is left alone. Choose another one with --home.",
            )
        )
    if daemon_runs(home):
        raise SyncerError(
            Words(
                f"Demo di {home} masih berjalan. Hentikan dulu dengan Ctrl-C di terminalnya.",
                f"The demo in {home} is still running. Stop it first with Ctrl-C in its terminal.",
            )
        )
    if home.exists() and not keep:
        shutil.rmtree(home)
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    (home / MARK).write_text("This folder belongs to `syncer demo`; it is emptied each time.\n", "utf-8")


class Programs:
    """The sandboxes and the daemon, as processes of their own. They end with the demo, however it ends."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        #: Where the daemon listens for the sandboxes' webhooks.
        self.public_url = f"http://127.0.0.1:{_free_port()}"
        self._running: dict[str, subprocess.Popen[str]] = {}
        self._files = ExitStack()

    def __enter__(self) -> Programs:
        return self

    def __exit__(self, *_: object) -> None:
        for process in reversed(self._running.values()):
            process.terminate()
        for process in reversed(self._running.values()):
            try:
                process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._files.close()

    def sandbox(self, connector: str, *limits: str) -> Callable[[], dict[str, Any]]:
        """Start a sandbox; call what this returns for its first line, which comes when it is open."""
        name = f"sandbox-{connector}"
        settings = [part for limit in limits for part in ("--set", limit)]
        state = str(self._settings.home / f"{connector}.db")
        process = self._start(name, "sandbox", connector, "--state", state, *settings)

        def told() -> dict[str, Any]:
            assert process.stdout is not None
            try:
                found: dict[str, Any] = json.loads(process.stdout.readline())
            except ValueError:
                raise self._failed(name) from None
            return found

        return told

    def daemon(self) -> None:
        """Start the daemon."""
        self._start("run", "run")

    def check(self) -> None:
        """Raise SyncerError if one of the programs has ended by itself."""
        for name, process in self._running.items():
            if process.poll() is not None:
                raise self._failed(name)

    def _start(self, name: str, *command: str) -> subprocess.Popen[str]:
        log: IO[bytes] = self._files.enter_context((self._settings.home / f"{name}.log").open("ab"))
        process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", "syncer.cli", *command],
            env=self._environment(),
            cwd=self._settings.home,  # so that a .env of the folder we were called in says nothing
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,  # Ctrl-C reaches the demo only, which then stops them in order
            preexec_fn=_end_with_parent,  # noqa: PLW1509 - there is one thread
        )
        self._running[name] = process
        return process

    def _environment(self) -> dict[str, str]:
        found = {name: value for name, value in os.environ.items() if not name.startswith("SYNCER_")}
        return found | {
            "SYNCER_HOME": str(self._settings.home),
            "SYNCER_DATABASE_URL": self._settings.database_url,
            "SYNCER_LANGUAGE": self._settings.language,
            "SYNCER_SWEEP_SECONDS": "20",
            "SYNCER_ORDER_POLL_SECONDS": "10",
            "SYNCER_WEB_HOST": "127.0.0.1",
            "SYNCER_WEB_PORT": self.public_url.rpartition(":")[2],
            "SYNCER_PUBLIC_URL": self.public_url,
        }

    def _failed(self, name: str) -> SyncerError:
        log = self._settings.home / f"{name}.log"
        last = [line for line in log.read_text("utf-8", "replace").splitlines() if line.strip()][-1:]
        said = last[0][:200] if last else "-"
        return SyncerError(
            Words(
                f"Bagian demo ({name}) berhenti: {said} (lihat {log}).",
                f"A part of the demo ({name}) ended: {said} (see {log}).",
            )
        )


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def _end_with_parent() -> None:
    """Let the kernel end this process when the demo is killed (Linux; elsewhere the demo stops it itself)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
