"""Finding a sandbox by its connector's name and running it: `python -m syncer.sdk.sandbox NAME`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from syncer.domain.words import Words
from syncer.sdk.sandbox.base import Sandbox
from syncer.sdk.sandbox.limits import BadLimitError
from syncer.sdk.sandbox.postman import BadAddressError
from syncer.sdk.sandbox.reserved import ReservedPathError
from syncer.sdk.sandbox.server import PortInUseError, serve

GROUP = "syncer.sandboxes"


class SandboxError(Exception):
    """A sandbox cannot be started; the text is for the person who asked for it (``words``: by language)."""

    def __init__(self, text: str, words: Words | None = None) -> None:
        super().__init__(text)
        self.words = words


def sandbox_names() -> list[str]:
    """Names of all installed sandboxes."""
    return sorted({entry.name for entry in entry_points(group=GROUP)})


def sandbox_class(name: str) -> type[Sandbox]:
    """The sandbox of a connector.

    Raises:
        SandboxError: there is none of that name.
    """
    for entry in entry_points(group=GROUP):
        if entry.name == name:
            found = entry.load()
            if isinstance(found, type) and issubclass(found, Sandbox):
                return found
    known = ", ".join(sandbox_names()) or "-"
    raise SandboxError(
        f"Tidak ada toko contoh bernama '{name}'; yang ada: {known}. "
        f"(There is no sandbox named '{name}'; available: {known}.)"
    )


def run_sandbox(
    name: str,
    port: int = 0,
    *,
    limits: Mapping[str, Any] | None = None,
    state: Path | None = None,
    production: bool = False,
    webhook: str | None = None,
) -> None:
    """Serve a sandbox in the foreground until SIGTERM or SIGINT; prints its JSON line first.

    `webhook` is where its webhooks go (this machine only). `production` says that this home serves real shops: then
    nothing is started (security.md X4).

    Raises:
        SandboxError: unknown name or limit, port in use, an address of the sandbox's own, or a production home.
    """
    if production:
        raise SandboxError(
            "Toko contoh tidak dijalankan di tempat kerja sungguhan; pakai SYNCER_HOME lain. "
            "(A sandbox is not started in a production home; use another SYNCER_HOME.)"
        )
    try:
        sandbox = sandbox_class(name)(limits, state)
        if webhook is not None:
            sandbox.set_webhook({"url": webhook})
        serve(sandbox, port)
    except (BadLimitError, ReservedPathError) as error:
        raise SandboxError(f"{error.words.id} ({error.words.en})", error.words) from error
    except (PortInUseError, BadAddressError) as error:
        raise SandboxError(str(error)) from error


def _setting(text: str) -> tuple[str, Any]:
    name, found, value = text.partition("=")
    if not found:
        raise argparse.ArgumentTypeError("NAME=VALUE expected")
    try:
        return name, json.loads(value)
    except json.JSONDecodeError:
        return name, value


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line of the module. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m syncer.sdk.sandbox", description="Run a local marketplace.")
    parser.add_argument("name", help=f"one of: {', '.join(sandbox_names())}")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--state", type=Path, default=None, help="file in which the shop survives a restart")
    parser.add_argument("--set", type=_setting, action="append", default=[], metavar="LIMIT=VALUE")
    parser.add_argument("--webhook", default=None, metavar="URL", help="where signed webhooks go, on this machine")
    chosen = parser.parse_args(arguments)
    try:
        run_sandbox(chosen.name, chosen.port, limits=dict(chosen.set), state=chosen.state, webhook=chosen.webhook)
    except SandboxError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0
