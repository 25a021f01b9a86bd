"""Parts of a consent page: the ticket in its form, and the address that the browser is sent back to."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Generic, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from syncer.sdk.sandbox.clock import Clock

About = TypeVar("About")


class Tickets(Generic[About]):
    """What consent pages were asked about, until they are answered: each ticket once, and not too late."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._open: dict[str, tuple[About, float]] = {}

    def give(self, about: About, seconds: float) -> str:
        """A new ticket, good for so many seconds."""
        ticket = secrets.token_urlsafe(16)
        self._open[ticket] = (about, self._clock.now() + seconds)
        return ticket

    def take(self, ticket: str) -> About | None:
        """What a ticket is about; None if there is no such ticket, or it was taken, or it is too old."""
        about, expires = self._open.pop(ticket, (None, 0.0))
        return about if expires > self._clock.now() else None


def with_query(url: str, extra: Mapping[str, str]) -> str:
    """Add parameters to an address that may have some already (the caller's own nonce)."""
    parts = urlsplit(url)
    query = [*parse_qsl(parts.query, keep_blank_values=True), *extra.items()]
    return urlunsplit((parts.scheme, parts.netloc, parts.path, urlencode(query), parts.fragment))
