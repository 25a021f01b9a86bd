"""A person at a terminal: a command in a pseudo-terminal that is read, typed into and resized."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from fcntl import ioctl
from pathlib import Path

_CODES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]|\x1b\][^\x07]*\x07|\x1b[()][AB0]|\x1b[=>]")


class Terminal:
    """Runs ``syncer …`` in a pseudo-terminal, of 120 by 40 unless told otherwise."""

    def __init__(
        self, arguments: list[str], environment: dict[str, str], folder: Path, *, width: int = 120, height: int = 40
    ) -> None:
        self._main, other = pty.openpty()
        ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
        self.raw = ""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "syncer.cli", *arguments],
            env=environment | {"TERM": "xterm-256color", "COLUMNS": str(width), "LINES": str(height)},
            cwd=folder,
            stdin=other,
            stdout=other,
            stderr=other,
            start_new_session=True,
        )
        os.close(other)

    @property
    def text(self) -> str:
        """What was printed so far, without colours and cursor moves."""
        return _CODES.sub("", self.raw).replace("\r", "")

    def wait_for(self, pattern: str, seconds: float = 60.0) -> re.Match[str]:
        """Read until ``pattern`` has appeared."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            found = re.search(pattern, self.text)
            if found is not None:
                return found
            self._read()
        raise AssertionError(f"{pattern!r} did not appear in: {self.text[-3000:]}")

    def type(self, text: str) -> None:
        """Type a line."""
        os.write(self._main, text.encode() + b"\n")

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        self.process.send_signal(signal.SIGINT)

    def end(self, seconds: float = 60.0) -> int:
        """Wait for the end and return the exit code."""
        until = time.monotonic() + seconds
        while self.process.poll() is None and time.monotonic() < until:
            self._read()
        try:
            code = self.process.wait(1)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError(f"it did not end: {self.text[-2000:]}") from None
        self._read()
        os.close(self._main)
        return code

    def _read(self) -> None:
        ready, _, _ = select.select([self._main], [], [], 0.1)
        if ready:
            try:
                self.raw += os.read(self._main, 65_536).decode("utf-8", "replace")
            except OSError:
                time.sleep(0.05)
