"""Start, kill, stop and wake engine processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.sync.world import World

ROOT = Path(__file__).resolve().parents[2]


class EngineProcess:
    """One engine in a process of its own; use it as a context manager."""

    def __init__(self, world: World, **order: Any) -> None:
        order = {
            "url": world.engine.url.render_as_string(hide_password=False),
            "home": str(world.home),
            "timing": asdict(world.timing),
            **order,
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.engine_process", json.dumps(order)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert self.process.stdout is not None
        self.line = self.process.stdout.readline()

    def __enter__(self) -> EngineProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self.send(signal.SIGCONT)
        self.kill()

    def send(self, number: int) -> None:
        if self.process.poll() is None:
            os.kill(self.process.pid, number)

    def kill(self) -> None:
        self.send(signal.SIGKILL)
        self.process.wait(10)
        if self.process.stdout is not None:
            self.process.stdout.close()

    def ended(self, timeout_s: float) -> bool:
        """Wait for the process to kill itself at its point; false if it never came there."""
        try:
            self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return False
        return True
