"""Every rule that applies today has a test that names it, and docs/security.md says the same as the tests."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "security.md"

#: Every code of the house's rules, by chapter.
CODES = frozenset(
    f"{letter}{number}"
    for letter, last in {
        "A": 12, "B": 6, "C": 6, "D": 5, "E": 4, "F": 8, "G": 6, "H": 9,
        "K": 6, "L": 1, "O": 2, "P": 5, "S": 5, "W": 6, "X": 4,
    }.items()
    for number in range(1, last + 1)
)  # fmt: skip

#: What exists today and therefore must obey. A rule that is not here stands in the table of those to come.
APPLIES = frozenset(
    "B1 C1 C2 C3 C4 C5 D1 D3 D4 E4 F1 F2 F3 F4 F6 F7 G1 G2 G3 G4 H1 H2 H3 H4 H5 H6 H7 H8 "
    "K1 K2 K3 K4 K5 K6 P1 P2 P5 S1 S5 W1 W2 W3 W4 W5 W6 X1 X2 X4".split()
)


def marked() -> dict[str, set[str]]:
    """Return which test files carry the marker of each code."""
    found: dict[str, set[str]] = {}
    for path in (ROOT / "tests").rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "rule":
                for argument in node.args:
                    assert isinstance(argument, ast.Constant), f"{path.name}:{node.lineno}"
                    found.setdefault(str(argument.value), set()).add(path.name)
    return found


def table(heading: str) -> set[str]:
    """Return the codes in the first column of the table below a heading of the guide."""
    part = GUIDE.read_text("utf-8").split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return {
        code
        for line in part.splitlines()
        if line.startswith("|")
        for code in re.findall(r"\b[A-Z]\d+\b", line.split("|")[1])
    }


def test_every_rule_that_applies_has_a_test() -> None:
    found = marked()
    assert sorted(APPLIES - set(found)) == []
    assert sorted(set(found) - CODES) == [], "a marker with a code that no rule has"


def test_the_guide_lists_the_same_rules() -> None:
    today, later = table("Rules that apply today"), table("Rules that come with the part that needs them")
    assert today == APPLIES
    assert today | later == CODES
    assert not today & later


def test_the_marker_is_registered(pytestconfig: pytest.Config) -> None:
    assert any(line.startswith("rule(") for line in pytestconfig.getini("markers"))


def test_the_guide_names_files_that_are_there() -> None:
    named = set(
        re.findall(
            r"`((?:syncer|connectors|config|tests)/[\w/.]+\.py|requirements[\w.-]*\.lock|Makefile)`",
            GUIDE.read_text("utf-8"),
        )
    )
    assert len(named) > 25
    assert sorted(name for name in named if not (ROOT / name).is_file()) == []
