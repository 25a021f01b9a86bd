"""A command answers in well under half a second: it imports what it needs and nothing else."""

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

    def seconds(number: int) -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            [sys.executable, "-m", "syncer.cli", "stock", "set", "MK-1", str(number)], check=True, capture_output=True
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    # The processor's time, not the clock's, and the best of five: other tests run beside this one.
    assert min(seconds(number) for number in range(10, 15)) < 0.45
