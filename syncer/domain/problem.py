"""A problem: what a person has to do before a listing, picture or row can go on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from syncer.domain.words import Words


class Who(StrEnum):
    """Who can apply the remedy."""

    CRAFTER = "crafter"
    COORDINATOR = "coordinator"
    ADMINISTRATOR = "administrator"
    PLATFORM = "platform"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that stops one listing (or offer) from being shown truthfully.

    ``code`` is ours or the platform's (for support), never shown to crafters by itself. ``field`` names the
    product field to edit, where one is at fault; ``sku`` the variant.
    """

    code: str
    words: Words
    remedy: Words
    who: Who = Who.CRAFTER
    field: str | None = None
    sku: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object that :meth:`from_json` reads back."""
        return {
            "code": self.code,
            "words": self.words.to_json(),
            "remedy": self.remedy.to_json(),
            "who": self.who.value,
            "field": self.field,
            "sku": self.sku,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Problem:
        """Read what :meth:`to_json` wrote."""
        return cls(
            code=value["code"],
            words=Words.from_json(value["words"]),
            remedy=Words.from_json(value["remedy"]),
            who=Who(value["who"]),
            field=value.get("field"),
            sku=value.get("sku"),
        )
