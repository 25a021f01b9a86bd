"""Write the first migration anew from ``syncer/store/tables.py`` (``make migration``).

Only until the first release: after that, a change of the tables is a new migration, and this module goes.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import JSON, BigInteger

from syncer.store.engine import open_engine, write
from syncer.store.migrate import HEAD
from syncer.store.migrations.run import config
from syncer.store.types import Amount, UtcTime

FIRST = Path(__file__).parent / "versions" / "first.py"


def main() -> None:
    """Write ``versions/first.py``; ``make migration`` also formats it."""
    for old in FIRST.parent.glob("[!_]*.py"):
        old.unlink()
    with tempfile.TemporaryDirectory() as folder:
        engine = open_engine(f"sqlite:///{folder}/empty.db")
        with write(engine) as connection:
            settings = config(connection)
            settings.attributes["render_item"] = render
            settings.set_main_option("file_template", FIRST.stem)
            command.revision(settings, "The first tables", autogenerate=True, rev_id=HEAD)
        engine.dispose()


def render(kind: str, item: Any, context: AutogenContext) -> str | bool:
    """Name our own column types, which differ by database, instead of what they are on one of them."""
    if kind != "type":
        return False
    name = _our_name(item)
    if name is None:
        return False
    context.imports.add(f"from syncer.store.types import {name.removesuffix('()')}")
    return name


def _our_name(item: Any) -> str | None:
    if isinstance(item, UtcTime):
        return "UtcTime()"
    if isinstance(item, Amount):
        return "Amount()"
    if isinstance(item, JSON):
        return "JsonColumn"
    if isinstance(item, BigInteger):
        return "Identity64"
    return None


if __name__ == "__main__":
    main()
