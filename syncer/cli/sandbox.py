"""``syncer sandbox``: run a local marketplace to try things on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import typer

from syncer.cli.desk import Desk, open_desk
from syncer.cli.kit import command, single
from syncer.cli.reading import pair, whole
from syncer.cli.texts import both
from syncer.domain.words import SyncerError, Words

app = single()


@command(
    app,
    "sandbox",
    "Jalankan toko contoh di mesin ini, untuk mencoba.",
    "Run a sandbox marketplace on this machine, to try things on.",
    examples=["syncer sandbox shopee --port 8090"],
)
def sandbox(
    name: str = typer.Argument(metavar="NAME", help=both("Jenis toko, misalnya shopee.", "Its kind, such as shopee.")),
    port: str = typer.Option(
        "0", "--port", metavar="N", help=both("Port; 0: yang kosong.", "The port; 0: a free one.")
    ),
    state: Path | None = typer.Option(
        None, "--state", metavar="FILE", help=both("Berkas isi toko, agar tetap ada.", "A file that keeps the shop.")
    ),
    setting: list[str] = typer.Option(
        [], "--set", metavar="LIMIT=VALUE", help=both("Ubah batas toko contoh.", "Change a limit of the sandbox.")
    ),
    webhook: str | None = typer.Option(
        None, "--webhook", metavar="URL", help=both("Alamat kabar pesanan di mesin ini.", "Where its webhooks go.")
    ),
) -> None:
    """Serve a sandbox until it is stopped. Its first line is one JSON object."""
    number = whole(port, Words("Port", "The port"), most=65_535)
    limits: dict[str, Any] = dict(_limit(text) for text in setting)
    desk = open_desk()
    from syncer.sdk import registry
    from syncer.sdk.sandbox.runner import SandboxError, run_sandbox

    registry.load(name, group=registry.SANDBOXES, allowed=desk.connectors)
    try:
        run_sandbox(name, number, limits=limits, state=state, production=_has_real_shops(desk), webhook=webhook)
    except SandboxError as error:
        raise SyncerError(error.words or _words(str(error))) from None


def _has_real_shops(desk: Desk) -> bool:
    """Tell whether this home serves a shop that is no sandbox (security.md X4)."""
    from syncer.store.engine import read
    from syncer.store.errors import StoreNotReady

    if desk.settings.database_url.startswith("sqlite") and not (desk.settings.home / "syncer.db").exists():
        return False
    from syncer.channels.connectors import sandbox_of
    from syncer.channels.records import load_accounts

    try:
        with read(desk.bare_engine) as connection:
            return any(sandbox_of(one.options) is None for one in load_accounts(connection))
    except StoreNotReady:
        return False


def _limit(text: str) -> tuple[str, Any]:
    name, value = pair(text, "calls_per_second=5")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _words(text: str) -> Words:
    """Take ``Indonesian (English)`` apart."""
    indonesian, found, english = text.partition(" (")
    return Words(indonesian, english.rstrip(")")) if found else Words(text, text)
