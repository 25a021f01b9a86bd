"""Text for people: every sentence a person reads exists in Bahasa Indonesia and in English."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """One sentence in both languages. ``id`` is Bahasa Indonesia, ``en`` is English."""

    id: str
    en: str

    def in_language(self, language: str) -> str:
        """Return the sentence in ``language`` ("id" or "en"); anything else gives Bahasa Indonesia."""
        return self.en if language == "en" else self.id

    def to_json(self) -> dict[str, str]:
        """Return a JSON object with the keys ``id`` and ``en``."""
        return {"id": self.id, "en": self.en}

    @classmethod
    def from_json(cls, value: Mapping[str, str]) -> Words:
        """Read what :meth:`to_json` wrote."""
        return cls(id=value["id"], en=value["en"])


class SyncerError(Exception):
    """An error that a person can act on. ``words`` says what happened and what to do, without codes or traces."""

    def __init__(self, words: Words) -> None:
        super().__init__(words.en)
        self.words = words
