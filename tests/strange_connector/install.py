"""Makes the strange connector an installed package for the tests, without a network and without pip.

A package is installed when a ``*.dist-info`` folder with its entry points lies on the path; that is all that
``pip install --editable`` does. The entry points come from the package's own pyproject.toml.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

from syncer.sdk import registry

HERE = Path(__file__).parent


def install(folder: Path) -> None:
    """Write the package's metadata into ``folder``, and put both on the path of this process."""
    project = tomllib.loads((HERE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    info = folder / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir(parents=True, exist_ok=True)
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n", encoding="utf-8"
    )
    groups = project["entry-points"].items()
    lines = [
        f"[{group}]\n" + "".join(f"{name} = {target}\n" for name, target in points.items()) for group, points in groups
    ]
    (info / "entry_points.txt").write_text("\n".join(lines), encoding="utf-8")
    for path in (str(folder), str(HERE)):
        if path not in sys.path:
            sys.path.append(path)
    registry.forget()
