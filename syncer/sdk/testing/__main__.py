"""``python -m syncer.sdk.testing NAME``: the checks that apply to a connector, by the names that ``gaps`` takes."""

from __future__ import annotations

import sys

from syncer.domain.words import SyncerError
from syncer.sdk.testing import NEEDS_PYTEST


def main(arguments: list[str]) -> int:
    """Print the names, one a line; return the exit code."""
    if len(arguments) != 1:
        sys.stderr.write("Usage: python -m syncer.sdk.testing NAME (the connector's, as in its entry point)\n")
        return 2
    try:
        from syncer.sdk.testing.suite import suite_names
    except ModuleNotFoundError as missing:
        if missing.name != "pytest":
            raise
        sys.stderr.write(f"{NEEDS_PYTEST}\n")
        return 1
    try:
        names = suite_names(arguments[0])
    except SyncerError as error:
        sys.stderr.write(f"{error.words.en}\n")
        return 1
    sys.stdout.write("".join(f"{name}\n" for name in names))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
