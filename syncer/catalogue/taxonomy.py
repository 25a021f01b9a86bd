"""The crafts taxonomy: 16 groups and 121 leaf categories, and which category of a channel each leaf is there.

The lists are data of the project (``data/taxonomy/``). An empty id in a mapping means that no fitting category
was found; it is never guessed.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import NamedTuple

from syncer.catalogue.errors import BadProduct
from syncer.domain.taxonomy import Category
from syncer.domain.words import Words

#: The column that holds the channel's id, per mapping file.
_ID_COLUMNS = {"google": "google_product_category", "shopify": "taxonomy_gid", "etsy": "taxonomy_id"}
_COMMON_WORDS = frozenset("dan dari untuk yang dengan the and of for with a in other others lainnya".split())


class Mapped(NamedTuple):
    """A channel's category for one of ours. ``match`` is exact, close or broad."""

    remote_id: str
    path: str
    match: str


class Suggestion(NamedTuple):
    """A category that may fit. ``score`` runs from 0 to 100."""

    id: str
    name: str
    score: float


@cache
def categories() -> dict[str, Category]:
    """Return all categories of the taxonomy by key, in the list's order."""
    return {
        row["key"]: Category(
            key=row["key"],
            name_id=row["name_id"],
            name_en=row["name_en"],
            parent_key=row["parent_key"],
            is_leaf=row["is_leaf"] == "true",
        )
        for row in _rows("categories.csv")
    }


@cache
def typical_materials() -> dict[str, tuple[str, ...]]:
    """Return what things of each leaf are usually made of, by category key (Bahasa Indonesia)."""
    return {
        row["key"]: tuple(part.strip() for part in row["typical_materials"].split(";") if part.strip())
        for row in _rows("categories.csv")
    }


def check_category(key: str) -> str:
    """Return ``key`` if products may have it; raises :class:`BadProduct` with close names otherwise."""
    found = categories().get(key)
    if found is not None and found.is_leaf:
        return key
    from syncer.store.skus import closest, did_you_mean

    more = did_you_mean(closest(key, [known.key for known in categories().values() if known.is_leaf]))
    raise BadProduct(
        Words(
            f'Kategori "{key[:60]}" tidak ada di daftar kriya.{more.id or " Pilih satu dari daftar kategori."}',
            f'The category "{key[:60]}" is not in the crafts list.{more.en or " Choose one from the list."}',
        ),
        "category_key",
    )


def by_name(text: str) -> str | None:
    """Return the leaf that is called exactly so (key or name in either language, case ignored), or None."""
    return _names().get(text.strip().casefold())


@cache
def mappings(connector: str) -> Mapping[str, Mapped]:
    """Return the shipped mapping for ``connector`` by category key; empty for a channel without one."""
    name = f"map_{connector}.csv"
    if not re.fullmatch(r"[a-z0-9_]{1,40}", connector) or not _folder().joinpath(name).is_file():
        return {}
    column = _ID_COLUMNS.get(connector, "category_id")
    return {
        row["category_key"]: Mapped(row[column], row["path"], row["match"]) for row in _rows(name) if row.get(column)
    }


def mapped(connector: str, category_key: str) -> str | None:
    """Return the channel's category id for one of our leaves, or None if none is known."""
    found = mappings(connector).get(category_key)
    return None if found is None else found.remote_id


def suggest(text: str, candidates: Mapping[str, str], *, most: int = 3, at_least: float = 55) -> list[Suggestion]:
    """Return up to ``most`` of ``candidates`` (id to name or path) that ``text`` may belong to, best first.

    For a channel's tree give the leaves with their paths, and as ``text`` our category's names and path.
    """
    from rapidfuzz import fuzz, process, utils

    found = process.extract(
        text[:400],
        candidates,
        scorer=fuzz.token_set_ratio,
        processor=utils.default_process,
        limit=most * 4,
        score_cutoff=at_least,
    )
    # Among equally fitting paths the one with the fewest foreign words fits best.
    ranked = sorted(
        found, key=lambda hit: (-hit[1], -fuzz.token_sort_ratio(text[:400], hit[0], processor=utils.default_process))
    )
    return [Suggestion(key, name, round(score, 1)) for name, score, key in ranked[:most]]


def suggest_leaf(title: str, materials: Sequence[str] = (), hint: str = "", *, most: int = 3) -> list[Suggestion]:
    """Return our leaves that a product may belong to, from its title, its materials and a foreign category name.

    A word of the title or hint that names a leaf counts most, a typical material only tips the scale.
    """
    from rapidfuzz import fuzz, utils

    said = _tokens([title, hint])
    made_of = _tokens(materials)
    found: list[Suggestion] = []
    for key, names in _leaf_words().items():
        best = max(
            (100 * len(said & words) / len(words) for words in names if words),
            default=0.0,
        )
        if not best:
            continue
        typical = _tokens(typical_materials()[key])
        score = 0.8 * best + (10 if made_of & typical else 0) + (5 if said & typical else 0)
        leaf = categories()[key]
        score += 0.05 * fuzz.token_set_ratio(f"{title} {hint}", leaf.name_id, processor=utils.default_process)
        if score >= 40:
            found.append(Suggestion(key, leaf.name_id, round(min(score, 100.0), 1)))
    return sorted(found, key=lambda hit: -hit.score)[:most]


@cache
def _names() -> dict[str, str]:
    found: dict[str, str] = {}
    for leaf in categories().values():
        if leaf.is_leaf:
            for name in (leaf.key, leaf.name_id, leaf.name_en):
                found.setdefault(name.casefold(), leaf.key)
    return found


@cache
def _leaf_words() -> dict[str, tuple[frozenset[str], ...]]:
    return {
        leaf.key: (frozenset(_tokens([leaf.name_id])), frozenset(_tokens([leaf.name_en])))
        for leaf in categories().values()
        if leaf.is_leaf
    }


def _tokens(texts: Iterable[str]) -> set[str]:
    words = re.findall(r"[^\W\d_]{3,}", " ".join(texts)[:2000].casefold())
    return {word.removesuffix("s") for word in words if word not in _COMMON_WORDS}


def _folder() -> Traversable:
    return files("syncer.catalogue").joinpath("data", "taxonomy")


def _rows(name: str) -> Iterable[dict[str, str]]:
    return csv.DictReader(io.StringIO(_folder().joinpath(name).read_text("utf-8")))
