"""What was measured, and whether it is as good as it should be."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table. ``value`` is the ratio (or number) that is judged, ``goal`` what it may be at most.

    ``at_least``: the goal is a least instead. ``ours``, ``floor``, ``ideal``, ``ticking`` are what the ratio comes
    from, in ``unit``.
    """

    scenario: str
    what: str
    value: float
    goal: float | None = None
    at_least: bool = False
    against: str = ""
    unit: str = ""
    ours: float | None = None
    floor: float | None = None
    ideal: float | None = None
    ticking: float | None = None

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; ``None`` if there is none."""
        if self.goal is None:
            return None
        return self.value >= self.goal if self.at_least else self.value <= self.goal

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"met": self.met}


def table(figures: list[Figure]) -> str:
    """Return the figures as a Markdown table, which reads well on a terminal too."""
    head = ["scenario", "what", "ratio", "goal", "met", "Syncer", "floor", "ideal", "APScheduler job"]
    rows = [head, ["---"] * len(head)]
    for one in figures:
        goal = "" if one.goal is None else f"{'≥' if one.at_least else '≤'} {one.goal:g}"
        met = {True: "yes", False: "**no**", None: ""}[one.met]
        value = f"{one.value:.3g}{' x ' + one.against if one.against else ''}"
        cells = [_number(number, one.unit) for number in (one.ours, one.floor, one.ideal, one.ticking)]
        rows.append([one.scenario, one.what, value, goal, met, *cells])
    widths = [max(len(row[n]) for row in rows) for n in range(len(head))]
    lines = []
    for row in rows:
        cells = [cell.ljust(width, "-" if cell == "---" else " ") for cell, width in zip(row, widths, strict=True)]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _number(value: float | None, unit: str) -> str:
    if value is None:
        return ""
    text = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return f"{text} {unit}".strip()
