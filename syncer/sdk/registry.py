"""Find connectors and sandboxes by entry point, and load only the one that is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from syncer.domain.words import SyncerError, Words

CONNECTORS = "syncer.connectors"
SANDBOXES = "syncer.sandboxes"


class UnknownConnector(SyncerError):
    """No allowed connector has that name."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An installed connector: its name, and the distribution (name and version) that it comes from."""

    name: str
    distribution: str
    version: str


def _distribution(point: EntryPoint) -> tuple[str, str]:
    return (point.dist.name, point.dist.version) if point.dist else ("", "")


@lru_cache(maxsize=8)
def _points(group: str) -> tuple[EntryPoint, ...]:
    return tuple(sorted(entry_points(group=group), key=lambda point: point.name))


def installed(group: str = CONNECTORS) -> tuple[Entry, ...]:
    """Return every installed entry of ``group``, allowed or not, without importing any."""
    return tuple(Entry(point.name, *_distribution(point)) for point in _points(group))


def forget() -> None:
    """Look for entry points anew at the next question: something was installed meanwhile."""
    _points.cache_clear()


def load(name: str, *, group: str = CONNECTORS, allowed: frozenset[str] = frozenset({"syncer"})) -> Any:
    """Import and return the class registered as ``name``.

    ``allowed`` lists the distributions whose code may run in our process (``SYNCER_CONNECTORS``): an installed
    entry point is not a trusted one. Raises :class:`UnknownConnector`.
    """
    for point in _points(group):
        if point.name == name:
            distribution = _distribution(point)[0]
            if distribution not in allowed:
                raise UnknownConnector(
                    Words(
                        f'Konektor "{name}" dari paket "{distribution}" belum diizinkan. '
                        f"Tambahkan ke SYNCER_CONNECTORS bila Anda percaya paket itu.",
                        f'The connector "{name}" of the package "{distribution}" is not allowed yet. '
                        f"Add it to SYNCER_CONNECTORS if you trust that package.",
                    )
                )
            return point.load()
    names = ", ".join(entry.name for entry in installed(group)) or "-"
    raise UnknownConnector(
        Words(
            f'Konektor "{name[:40]}" tidak ada. Yang ada: {names}.',
            f'There is no connector "{name[:40]}". There are: {names}.',
        )
    )
