"""``syncer connectors``: which kinds of shop can be connected."""

from __future__ import annotations

from typing import Any

import typer

from syncer.cli import out
from syncer.cli.desk import open_desk
from syncer.cli.kit import JSON_HELP, command, single
from syncer.cli.texts import say, word
from syncer.domain.words import SyncerError, Words

app = single()


@command(
    app,
    "connectors",
    "Daftar jenis toko yang bisa disambungkan.",
    "List the kinds of shop that can be connected.",
)
def connectors(as_json: bool = typer.Option(False, "--json", help=JSON_HELP)) -> None:
    """List the installed connectors (security.md X1)."""
    desk = open_desk()
    from syncer.sdk import registry

    rows: list[dict[str, Any]] = []
    for entry in registry.installed():
        allowed = entry.distribution in desk.connectors
        label, problem = "", ""
        hosts: list[str] = []
        if allowed:
            try:
                found = registry.load(entry.name, allowed=desk.connectors)
                label, hosts = found.info.label, list(found.info.hosts)
            except (SyncerError, ImportError) as error:
                problem = say(error.words) if isinstance(error, SyncerError) else type(error).__name__
        rows.append(
            {
                "name": entry.name,
                "label": label,
                "package": entry.distribution,
                "version": entry.version,
                "allowed": allowed,
                "hosts": hosts,
                "problem": problem,
            }
        )
    if as_json:
        out.print_json(rows)
        return
    out.table(
        [Words("NAMA", "NAME"), Words("TOKO", "SHOP"), Words("PAKET", "PACKAGE"), Words("KEADAAN", "STATE"), "HOST"],
        [
            [
                row["name"],
                row["label"],
                f"{row['package']} {row['version']}",
                row["problem"] or (word("siap", "ready") if row["allowed"] else word("belum diizinkan", "not allowed")),
                ", ".join(row["hosts"]),
            ]
            for row in rows
        ],
    )
