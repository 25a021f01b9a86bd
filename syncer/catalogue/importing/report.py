"""What came of an import, for people and for scripts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from syncer.domain.words import Words


class RowNote(NamedTuple):
    """Something about one row: ``row`` as a spreadsheet program counts, ``name`` the SKU or product code."""

    row: int
    name: str
    words: Words


@dataclass(slots=True)
class ImportReport:
    """Counts of products and rows. ``failed`` are rows that were not taken; ``notes`` say what was made of others.

    ``unread_columns`` are the headings of columns that were not looked at. ``returned`` is a file with the failed rows
    and a reason column, in the kind that came in; None if none failed.
    """

    format: str
    label: Words
    dry_run: bool
    rows: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    products_failed: int = 0
    variants: int = 0
    stock_set: int = 0
    pictures_waiting: int = 0
    failed: list[RowNote] = field(default_factory=list)
    notes: list[RowNote] = field(default_factory=list)
    unread_columns: tuple[str, ...] = ()
    cause_id: int | None = None
    import_id: int | None = None
    returned: bytes | None = None
    returned_name: str = ""

    @property
    def rows_failed(self) -> int:
        """How many rows were not taken."""
        return len({note.row for note in self.failed})

    def counts(self) -> dict[str, int]:
        """Return the numbers by name."""
        return {
            "rows": self.rows,
            "new": self.new,
            "changed": self.changed,
            "unchanged": self.unchanged,
            "products_failed": self.products_failed,
            "rows_failed": self.rows_failed,
            "variants": self.variants,
            "stock_set": self.stock_set,
            "pictures_waiting": self.pictures_waiting,
        }

    def to_json(self) -> dict[str, Any]:
        """Return the whole report as JSON, without the returned file."""
        return {
            "format": self.format,
            "dry_run": self.dry_run,
            **self.counts(),
            "failed": [_note(one) for one in self.failed],
            "notes": [_note(one) for one in self.notes],
            "unread_columns": list(self.unread_columns),
        }


def _note(one: RowNote) -> dict[str, Any]:
    return {"row": one.row, "name": one.name, **one.words.to_json()}
