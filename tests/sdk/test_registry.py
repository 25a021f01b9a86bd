"""Connectors are found by entry point; installed is not trusted, and what isn't allowed isn't even imported (X1)."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from syncer.sdk import registry
from syncer.sdk.registry import UnknownConnector


@pytest.fixture
def foreign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package by a stranger: importing it leaves a trace in the file that is returned."""
    trace = tmp_path / "imported"
    (tmp_path / "foreign_shop.py").write_text(
        f"from pathlib import Path\nPath({str(trace)!r}).write_text('x')\n\n\nclass ForeignShop:\n    pass\n"
    )
    info = tmp_path / "foreign_shop-2.1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: foreign-shop\nVersion: 2.1\n")
    (info / "entry_points.txt").write_text("[syncer.connectors]\nforeign = foreign_shop:ForeignShop\n")
    monkeypatch.syspath_prepend(tmp_path)
    registry.forget()
    yield trace
    sys.modules.pop("foreign_shop", None)
    monkeypatch.undo()
    registry.forget()


@pytest.mark.rule("X1")
def test_what_is_installed_is_listed_without_an_import(foreign: Path) -> None:
    entry = next(entry for entry in registry.installed() if entry.name == "foreign")
    assert (entry.distribution, entry.version) == ("foreign-shop", "2.1")
    assert not foreign.exists()


def test_a_foreign_connector_is_refused_until_it_is_allowed(foreign: Path) -> None:
    with pytest.raises(UnknownConnector) as caught:
        registry.load("foreign")
    assert "foreign-shop" in caught.value.words.en
    assert "SYNCER_CONNECTORS" in caught.value.words.id
    assert not foreign.exists(), "code of a package that isn't allowed was run"


def test_an_allowed_connector_is_loaded(foreign: Path) -> None:
    found = registry.load("foreign", allowed=frozenset({"syncer", "foreign-shop"}))
    assert found.__name__ == "ForeignShop"
    assert foreign.exists()


@pytest.mark.rule("X1")
def test_allowing_one_package_allows_no_other(foreign: Path) -> None:
    with pytest.raises(UnknownConnector):
        registry.load("foreign", allowed=frozenset({"foreign", "syncer"}))


def test_an_unknown_name_lists_what_there_is() -> None:
    with pytest.raises(UnknownConnector) as caught:
        registry.load("shope" + "x" * 500)
    assert "shopee" in caught.value.words.en
    assert len(caught.value.words.en) < 400


def test_ours_come_from_our_own_package() -> None:
    ours = {entry.name for entry in registry.installed() if entry.distribution == "syncer"}
    assert "shopee" in ours
    sandboxes = {entry.name for entry in registry.installed(registry.SANDBOXES) if entry.distribution == "syncer"}
    assert ours == sandboxes, "each connector comes with its sandbox"
