"""Facts of a platform, kept by the process that read them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from syncer.domain.listing import Json


class KeptFacts:
    """Facts by key, so that a read or write of a listing can look one up without another call.

    ``fetch`` reads one from the platform and raises what that call raises; a fact is kept for ``ttl_s`` seconds. Safe
    to use from several threads: two that miss at once may both fetch.
    """

    def __init__(self, fetch: Callable[[str], Json], ttl_s: float) -> None:
        self._fetch = fetch
        self._ttl_s = ttl_s
        self._kept: dict[str, tuple[float, Json]] = {}
        self._lock = threading.Lock()

    def fetch(self, key: str) -> Json:
        """Read a fact from the platform in any case, and keep it."""
        value = self._fetch(key)
        with self._lock:
            self._kept[key] = (time.monotonic(), value)
        return value

    def get(self, key: str) -> Json:
        """Return a fact as it was read last, or read it if that is too long ago."""
        with self._lock:
            kept = self._kept.get(key)
        if kept is not None and time.monotonic() - kept[0] < self._ttl_s:
            return kept[1]
        return self.fetch(key)
