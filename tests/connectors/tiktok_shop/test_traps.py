"""Every trap of the fact sheet has a test, and the table says which (connectors/tiktok_shop/traps.csv)."""

from __future__ import annotations

import ast
import csv
from pathlib import Path

import pytest

import connectors.tiktok_shop
from connectors.tiktok_shop.options import TiktokShopOptions
from syncer.sdk.options import describe, options_table

FOLDER = Path(connectors.tiktok_shop.__file__).parent
TESTS = Path(__file__).parent
#: Sections of the sheet that say something a connector can get wrong; 16 is the sandbox's, 17 repeats 6 to 11.
SECTIONS = set(range(1, 16))


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


def test_each_section_of_the_sheet_has_a_row() -> None:
    assert {int(row["sheet"].partition(".")[0]) for row in rows()} == SECTIONS


def test_no_trap_stands_twice() -> None:
    traps = [row["trap"] for row in rows()]
    assert len(set(traps)) == len(traps)


def test_the_readme_shows_the_options_as_they_are() -> None:
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert options_table(TiktokShopOptions, prefix="SYNCER_TIKTOK_SHOP") in readme


def test_the_first_sentence_of_each_option_is_a_short_help() -> None:
    for option in describe(TiktokShopOptions):
        assert 10 < len(option.help.split(". ")[0]) < 80, option.name
