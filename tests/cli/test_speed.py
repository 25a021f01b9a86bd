"""A command answers in a moment: it imports what it needs and nothing else."""

from __future__ import annotations

import os
import resource
import subprocess
import sys

from tests.cli.conftest import Cli

PROGRAM = """
import sys
from syncer.cli.main import main
code = main(sys.argv[1:])
print(" ".join(sorted({name.partition(".")[0] for name in sys.modules})), file=sys.stderr)
raise SystemExit(code)
"""
HEAVY = {"alembic", "psycopg", "requests", "rich", "openpyxl", "PIL", "pydantic", "structlog", "apscheduler", "uvicorn"}


def test_a_short_command_loads_nothing_heavy(sqlite_cli: Cli) -> None:
    sqlite_cli.catalogue()
    for arguments in (["stock", "set", "MK-1", "2"], ["price", "set", "MK-1", "90000"], ["products", "--json"]):
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, *arguments],
            capture_output=True,
            text=True,
            check=True,
            env=dict(os.environ),
        )
        assert not HEAVY & set(done.stderr.split()), arguments


def test_it_answers_at_once(sqlite_cli: Cli) -> None:
    sqlite_cli.catalogue()

    def seconds(*arguments: str) -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    # The processor's time, not the clock's, and the best of five: other tests run beside this one. What a machine
    # takes to import the library for databases (a sixth of a second on most) tells how fast it is.
    unit = min(seconds("-c", "import sqlalchemy") for _ in range(5))
    assert min(seconds("-m", "syncer.cli", "stock", "set", "MK-1", str(number)) for number in range(10, 15)) < 3 * unit
