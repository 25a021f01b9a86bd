"""The strange connector is installed before the test files ask for it by its entry point."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.strange_connector.install import install

_folder = tempfile.TemporaryDirectory(prefix="syncer-koperasi-")
install(Path(_folder.name))
