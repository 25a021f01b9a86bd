"""Promises of the repository itself: what is locked, and what no file may name."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)")


def pins(name: str) -> dict[str, str]:
    found = {}
    for line in (ROOT / name).read_text("utf-8").splitlines():
        match = PIN.match(line)
        if match:
            found[canonicalize_name(match[1])] = match[2]
    return found


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
@pytest.mark.rule("S1")
def test_each_pin_has_its_hashes_and_no_registry_is_named(name: str) -> None:
    """Rule S1."""
    text = (ROOT / name).read_text("utf-8")
    for block in re.split(r"\n(?=[A-Za-z0-9])", text):
        if PIN.match(block):
            assert "--hash=sha256:" in block, block.splitlines()[0]
    assert "://" not in text
    assert not re.search(r"^--", text, re.MULTILINE)


@pytest.mark.parametrize(
    ("lock", "groups"),
    [("requirements.lock", ["build"]), ("requirements-dev.lock", ["build", "test", "lint"])],
)
@pytest.mark.rule("S1")
def test_the_lock_file_holds_what_the_project_asks_for(lock: str, groups: list[str]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    asked = project["dependencies"] + [line for group in groups for line in project["optional-dependencies"][group]]
    locked = pins(lock)
    for requirement in map(Requirement, asked):
        version = locked.get(canonicalize_name(requirement.name))
        assert version is not None, f"{requirement.name} is not in {lock}: run make lock"
        assert requirement.specifier.contains(version), f"{requirement} but {version} in {lock}: run make lock"


def test_both_lock_files_agree() -> None:
    runtime, development = pins("requirements.lock"), pins("requirements-dev.lock")
    assert runtime.items() <= development.items()


def test_no_file_names_a_registry_or_a_machine() -> None:
    # Put together here, so that this file does not name them either.
    forbidden = [".".join(("pypi", "org")), "files.python" + "hosted", "registry.npm" + "js", "deb.debian" + ".org"]
    forbidden += ["/work" + "/main", "/work" + "/shared", "/opt" + "/pypi"]
    found = []
    for path in tracked():
        content = path.read_bytes()
        found += [f"{path.relative_to(ROOT)}: {word}" for word in forbidden if word.encode() in content]
    assert found == []


def test_no_work_is_left_for_later_in_the_code() -> None:
    marks = re.compile("|".join(("TO" + "DO", "FIX" + "ME", "X" + "XX", "raise NotImplemented" + "Error")))
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in tracked()
        if path.suffix == ".py"
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if marks.search(line)
    ]
    assert found == []


def test_what_the_readme_tells_people_to_make_is_not_taken_for_source() -> None:
    text = (ROOT / "README.md").read_text("utf-8") + (ROOT / "docs/operations.md").read_text("utf-8")
    made = set(re.findall(r"(?:export|backup|restore|> ?) ?([a-z][\w-]*\.\w+)", text))
    assert {"catalogue.xlsx", "sandbox.json", "syncer.log", "move.zip"} <= made
    kept = [name for name in sorted({*made, ".env", ".demo/syncer.db"}) if not ignored(name)]
    assert not kept, f".gitignore lets these through: {kept}"


def ignored(name: str) -> bool:
    return subprocess.run(["git", "check-ignore", "--quiet", name], cwd=ROOT, check=False).returncode == 0


def test_each_target_of_the_makefile_is_explained() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = {name for line in re.findall(r"^\.PHONY: (.+)$", makefile, re.MULTILINE) for name in line.split()}
    told = set(re.findall(r"^\| `make ([a-z-]+)", (ROOT / "CONTRIBUTING.md").read_text("utf-8"), re.MULTILINE))
    assert targets == told


def sections(cell: str) -> list[str]:
    """The numbers of a cell such as ``11.1, 11.2`` or ``11.5 to 11.7``."""
    first, _, last = cell.partition(" to ")
    if not last:
        return cell.split(", ")
    chapter, _, start = first.rpartition(".")
    return [f"{chapter}.{number}" for number in range(int(start), int(last.rpartition(".")[2]) + 1)]


@pytest.mark.parametrize("sheet", ["shopee", "tiktok_shop"])
def test_each_section_that_the_code_names_leads_to_its_source(sheet: str) -> None:
    text = (ROOT / "docs" / "sources.md").read_text("utf-8")
    table = next(part for part in text.split("\n## ") if f"(`{sheet}.md`)" in part.splitlines()[0])
    told = {number for cell in re.findall(r"^\| (\d[^|]*) \|", table, re.MULTILINE) for number in sections(cell)}
    rows = (ROOT / "connectors" / sheet / "traps.csv").read_text("utf-8").splitlines()[1:]
    named = {row.partition(",")[0] for row in rows}
    for path in tracked():
        if path.suffix == ".py":
            named |= set(re.findall(rf"\b{sheet}\.md (\d+(?:\.\d+)*)", path.read_text("utf-8")))
    assert len(named) > 20
    assert named <= told, f"no row in docs/sources.md: {sorted(named - told)}"


def test_remarks_lead_to_headings_that_exist() -> None:
    headings = set(re.findall(r"^#+ (.+)$", (ROOT / "docs" / "architecture.md").read_text("utf-8"), re.MULTILINE))
    named = set()
    for path in tracked():
        if path.suffix == ".py":
            named |= set(re.findall(r'docs/architecture\.md,\s+"([^"]+)"', path.read_text("utf-8")))
    assert named
    assert named <= headings
