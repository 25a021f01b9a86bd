"""The strange connector is a package like any other: pip can install it, and its entry points come with it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path

from syncer.sdk import registry
from tests.strange_connector.install import HERE, install

_NAME = "syncer-koperasi"


def _entry_points(folder: Path) -> set[tuple[str, str, str]]:
    found = next(dist for dist in distributions(path=[str(folder)]) if dist.name == _NAME)
    return {(point.group, point.name, point.value) for point in found.entry_points}


def test_pip_installs_the_same_entry_points(tmp_path: Path) -> None:
    source, target, written = tmp_path / "source", tmp_path / "target", tmp_path / "written"
    shutil.copytree(HERE, source, ignore=shutil.ignore_patterns("__pycache__", "install.py", "__init__.py"))
    shutil.copy(HERE / "koperasi" / "__init__.py", source / "koperasi")
    command = ["pip", "install", "--quiet", "--no-index", "--no-deps", "--no-build-isolation", "--no-compile"]
    done = subprocess.run(
        [sys.executable, "-m", *command, "--disable-pip-version-check", "--target", str(target), str(source)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (target / "koperasi" / "connector.py").exists()
    install(written)
    try:
        assert _entry_points(target) == _entry_points(written) != set()
    finally:
        sys.path.remove(str(written))
        registry.forget()


def test_it_is_found_by_entry_point_only() -> None:
    entries = [entry for entry in registry.installed() if entry.name == "koperasi"]
    assert [(entry.distribution, entry.version) for entry in entries] == [(_NAME, "1.0")]
    root = HERE.parent.parent
    ours = [file for part in ("syncer", "connectors", "config") for file in (root / part).rglob("*.py")]
    assert ours
    assert not [
        file for file in ours if re.search(r"^\s*(from|import) koperasi", file.read_text("utf-8"), re.MULTILINE)
    ]
