"""Syncer as people run it: real processes on a home of their own, everything they say kept."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "syncer.cli"]
#: Runs several commands in one process, each behind a mark with its words.
SEVERAL = """
import json, os, sys
from syncer.cli.main import main
given = dict(os.environ)
for words in json.loads(sys.argv[1]):
    os.environ.update(given)  # the key is taken out of it by whoever reads it
    sys.stdout.write("\\x1e" + " ".join(words) + "\\x1f")
    sys.stdout.flush()
    code = main(words)
    sys.stdout.write(f"\\x1f{code}")
    sys.stdout.flush()
"""


class Syncer:
    """A home with its environment. ``said`` collects the whole output of every command, by its words."""

    def __init__(self, home: Path, **settings: str) -> None:
        self.home = home
        self.said: dict[str, str] = {}
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("SYNCER_", "COV"))}
        self.environment = {
            **kept,
            "SYNCER_HOME": str(home),
            "SYNCER_LANGUAGE": "en",
            "PYTHONPATH": str(ROOT),
            "COLUMNS": "200",
            **settings,
        }

    def run(
        self, *words: str, stdin: str = "", code: int | None = 0, more: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run one command to its end; ``code`` is the exit code to expect (None: any)."""
        done = subprocess.run(
            [*COMMAND, *words],
            input=stdin,
            capture_output=True,
            text=True,
            env={**self.environment, **(more or {})},
            cwd=self.home.parent,
            timeout=60,
            check=False,
        )
        self._keep(words, done.stdout + done.stderr)
        assert code is None or done.returncode == code, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def several(self, *commands: str, stdin: str = "") -> dict[str, str]:
        """Run commands, given by their words, in one process; return what each said."""
        words = [command.split() for command in commands]
        done = subprocess.run(
            [sys.executable, "-c", SEVERAL, json.dumps(words)],
            input=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**self.environment, "PYTHONUNBUFFERED": "1"},
            cwd=self.home.parent,
            timeout=60,
            check=False,
        )
        return self._apart(done.stdout, "")

    def on_terminal(self, *commands: str) -> dict[str, str]:
        """Run commands in one process whose output is a terminal; return what the terminal got of each."""
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            [sys.executable, "-c", SEVERAL, json.dumps([command.split() for command in commands])],
            stdin=subprocess.DEVNULL,
            stdout=theirs,
            stderr=theirs,
            env={**self.environment, "TERM": "xterm-256color"},
            cwd=self.home.parent,
        )
        os.close(theirs)
        got = bytearray()
        until = time.monotonic() + 60
        while time.monotonic() < until:
            if select.select([ours], [], [], 0.1)[0]:
                try:
                    piece = os.read(ours, 65536)
                except OSError:  # Linux says so when the other side is closed
                    break
                if not piece:
                    break
                got += piece
            elif process.poll() is not None:
                break
        process.wait(60)
        os.close(ours)
        return self._apart(got.decode("utf-8", "replace"), " (terminal)")

    def _apart(self, text: str, where: str) -> dict[str, str]:
        found = {}
        for part in text.split("\x1e")[1:]:
            words, said, code = part.split("\x1f")
            assert code.strip() != "70", said
            found[words] = said
            self._keep((words + where,), said)
        return found

    @contextmanager
    def daemon(self, **settings: str) -> Iterator[subprocess.Popen[str]]:
        """Run ``syncer run`` for a while; SIGTERM ends it."""
        process = subprocess.Popen(
            [*COMMAND, "run"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**self.environment, **settings},
            cwd=self.home.parent,
        )
        lines: list[str] = []
        assert process.stdout is not None
        reader = threading.Thread(target=lambda: lines.extend(process.stdout or ()), daemon=True)
        reader.start()
        try:
            until = time.monotonic() + 60
            while not any('"started"' in line for line in lines) and process.poll() is None:
                assert time.monotonic() < until, "".join(lines)
                time.sleep(0.05)
            yield process
        finally:
            process.terminate()
            try:
                process.wait(60)
            finally:
                process.kill()
            reader.join(5)
            self._keep(("run",), "".join(lines))

    def _keep(self, words: tuple[str, ...], text: str) -> None:
        name = " ".join(words)
        self.said[name] = self.said.get(name, "") + text


#: What a terminal may be told: colours and weights, by rich or by us; and to clear or move while a bar is drawn.
_ALLOWED = re.compile(r"\x1b\[[0-9;]*[mKA]|\x1b\[\?25[lh]|\x1b\[\d*[A-G]|\r")


def orders(text: str) -> list[str]:
    """Return what in ``text`` steers a terminal, beyond colours."""
    rest = _ALLOWED.sub("", text)
    return re.findall(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069].{0,20}", rest)
