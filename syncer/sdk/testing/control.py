"""The control API of a running sandbox, as a client: what is there, what was called, what shall go wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import requests


class ControlError(AssertionError):
    """The sandbox refused an order; its own sentence says why."""


class Control:
    """Calls to one sandbox's control API (the same for every sandbox)."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        self._session = requests.Session()
        self._session.trust_env = False

    def close(self) -> None:
        """Close the connection."""
        self._session.close()

    def get(self, name: str, **params: str | int) -> Any:
        """Return the answer of ``GET name``."""
        return self._answer("GET", name, params=params)

    def post(self, name: str, body: Mapping[str, Any] | None = None) -> Any:
        """Return the answer of ``POST name``."""
        return self._answer("POST", name, json=dict(body or {}))

    def listings(self) -> list[dict[str, Any]]:
        """Return all listings that aren't deleted: remote_id, title, status, images, offers."""
        return [found for found in self.get("listings") if found["status"] != "deleted"]

    def listing(self, remote_id: str) -> dict[str, Any]:
        """Return one listing, deleted or not."""
        found = [listing for listing in self.get("listings") if str(listing["remote_id"]) == remote_id]
        if not found:
            raise ControlError(f"the sandbox has no listing {remote_id}")
        listing: dict[str, Any] = found[0]
        return listing

    def calls(self, after: int = 0) -> list[dict[str, Any]]:
        """Return the call log after number ``after``."""
        found: list[dict[str, Any]] = self.get("calls", after=after)
        return found

    def last_call(self) -> int:
        """Return the number of the newest call; 0 if there is none."""
        calls = self.calls()
        return int(calls[-1]["n"]) if calls else 0

    def fault(self, kind: str, **order: Any) -> int:
        """Order a fault; once unless ``times`` says otherwise. Returns its id."""
        return int(self.post("faults", {"fault": kind, "times": 1, **order})["id"])

    def struck(self, fault: int) -> int:
        """Return how many calls a fault has struck."""
        return next((int(found["struck"]) for found in self.get("faults") if found["id"] == fault), 0)

    def clear_faults(self) -> None:
        """End all faults."""
        self._answer("DELETE", "faults")

    def advance(self, seconds: float) -> None:
        """Move the sandbox's clock forward."""
        self.post("clock", {"advance_s": seconds})

    def late_writes(self) -> int:
        """Return how many writes without an answer have still to land."""
        return int(self.get("limits")["pending_late_writes"])

    def reset(self) -> None:
        """Empty the shop; forget faults and calls."""
        self.post("reset")

    def _answer(self, method: str, name: str, **sent: Any) -> Any:
        response = self._session.request(method, f"{self._url}/{name}", timeout=60, **sent)
        if response.status_code >= 300:
            raise ControlError(f"{method} {name}: {response.status_code} {response.text[:300]}")
        return response.json()
