"""Our crafts taxonomy and a channel's own category tree, as values."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Category:
    """One category of our crafts taxonomy. Only leaves are given to products."""

    key: str
    name_id: str
    name_en: str
    parent_key: str
    is_leaf: bool


@dataclass(frozen=True, slots=True)
class RemoteCategory:
    """One category of a channel. ``usable`` is false where listings are not accepted (not a leaf, closed)."""

    id: str
    parent_id: str
    name: str
    usable: bool


@dataclass(frozen=True, slots=True)
class RemoteAttribute:
    """An attribute that a channel's category asks for. ``values`` maps value ids to names; empty is free text."""

    id: str
    name: str
    mandatory: bool
    values: tuple[tuple[str, str], ...] = ()
    own_text: bool = False
    most: int = 1
