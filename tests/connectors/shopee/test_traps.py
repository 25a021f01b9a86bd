"""Every trap of the fact sheet has a test, and the table says which (connectors/shopee/traps.csv)."""

from __future__ import annotations

import ast
import csv
from pathlib import Path

import pytest

import connectors.shopee
from connectors.shopee.options import ShopeeOptions
from syncer.sdk.options import describe, options_table

FOLDER = Path(connectors.shopee.__file__).parent
TESTS = Path(__file__).parent
#: The numbered gotcha of the sheet's section 11 about Shopee's own sandbox: ours is tested in tests/sandbox.
ELSEWHERE = {20}
GOTCHAS = set(range(1, 22)) - ELSEWHERE


def rows() -> list[dict[str, str]]:
    with (FOLDER / "traps.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def names_in(name: str) -> set[str]:
    tree = ast.parse((TESTS / name).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row['sheet']}-{row['test'].partition('::')[2]}")
def test_each_row_names_a_test_that_exists(row: dict[str, str]) -> None:
    assert None not in row, "a comma too many"
    assert row["trap"]
    file, _, name = row["test"].partition("::")
    assert name in names_in(file)


def test_each_numbered_gotcha_has_a_row() -> None:
    named = {int(row["sheet"].partition(".")[2]) for row in rows() if row["sheet"].startswith("11.")}
    assert named == GOTCHAS


def test_the_readme_shows_the_options_as_they_are() -> None:
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert options_table(ShopeeOptions, prefix="SYNCER_SHOPEE") in readme


def test_the_first_sentence_of_each_option_is_a_short_help() -> None:
    for option in describe(ShopeeOptions):
        assert 10 < len(option.help.split(". ")[0]) < 80, option.name
