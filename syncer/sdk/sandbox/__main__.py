"""`python -m syncer.sdk.sandbox NAME --port N`."""

from __future__ import annotations

import sys

from syncer.sdk.sandbox.runner import main

if __name__ == "__main__":
    sys.exit(main())
