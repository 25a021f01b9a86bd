"""Codes and tokens that a sandbox gives out: whose they are, until when they are good, and whether they are used up.

What a platform calls them, how long they live and what it answers for a dead one stays with its sandbox.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from syncer.sdk.sandbox.clock import Clock


@dataclass(slots=True)
class Pass:
    """One code or token of an application for a shop; `expires` in unix seconds of the sandbox's clock.

    `used` marks a code or refresh token that has done its one turn.
    """

    app: str
    shop: str
    expires: float
    scopes: tuple[str, ...] = ()
    used: bool = False


class TokenBook:
    """All codes and tokens ever given out, by kind; `further` names kinds besides codes, access and refresh."""

    def __init__(self, clock: Clock, *further: str) -> None:
        self._clock = clock
        self.codes: dict[str, Pass] = {}
        self.access: dict[str, Pass] = {}
        self.refresh: dict[str, Pass] = {}
        self.further: dict[str, dict[str, Pass]] = {name: {} for name in further}
        self._newest: dict[str, tuple[str, str]] = {}

    def ends_in(self, seconds: float) -> float:
        """The moment so many seconds from now."""
        return self._clock.now() + seconds

    def ended(self, found: Pass) -> bool:
        """Whether the time of a code or token is over."""
        return found.expires <= self._clock.now()

    def unused(self, kind: Mapping[str, Pass], token: str, app: str) -> Pass | None:
        """A code or token of this application that is not used up, also after its end; None for all others."""
        found = kind.get(token)
        return found if found is not None and not found.used and found.app == app else None

    def usable(self, kind: Mapping[str, Pass], token: str, app: str) -> Pass | None:
        """As `unused`, and its end is still to come."""
        found = self.unused(kind, token, app)
        return found if found is not None and not self.ended(found) else None

    def give_pair(self, access: str, its: Pass, refresh: str, renews: Pass) -> None:
        """Note a shop's newest access token and refresh token; older ones are as good as they were."""
        self.access[access], self.refresh[refresh] = its, renews
        self._newest[its.shop] = (access, refresh)

    def newest(self, shop: str) -> tuple[str, str] | None:
        """A shop's newest pair; None if there is none, or it was revoked or refreshed."""
        access, refresh = self._newest.get(shop, ("", ""))
        return (access, refresh) if access in self.access and not self.refresh[refresh].used else None

    def shorten(self, shop: str, grace_s: float) -> None:
        """Let the access tokens that a shop has end within the grace time."""
        for found in self.access.values():
            if found.shop == shop:
                found.expires = min(found.expires, self.ends_in(grace_s))

    def revoke(self, shop: str, *, access: str | None = None, refresh: bool = False) -> int:
        """Kill access tokens of a shop (or one), and its refresh tokens if asked. Returns how many."""
        dead = [token for token, found in self.access.items() if found.shop == shop and access in (None, token)]
        for token in dead:
            del self.access[token]
        spent = [found for found in self.refresh.values() if refresh and found.shop == shop and not found.used]
        for found in spent:
            found.used = True
        return len(dead) + len(spent)

    def to_json(self) -> dict[str, Any]:
        """All codes and tokens, for the state file."""
        kinds = {name: {key: asdict(value) for key, value in kind.items()} for name, kind in self._kinds().items()}
        return {"newest": dict(self._newest), **kinds}

    def from_json(self, data: Mapping[str, Any]) -> None:
        """Take back what `to_json` gave."""
        self._newest = {shop: (pair[0], pair[1]) for shop, pair in data["newest"].items()}
        for name, kind in self._kinds().items():
            kind.clear()
            kind.update({key: Pass(**{**row, "scopes": tuple(row["scopes"])}) for key, row in data[name].items()})

    def _kinds(self) -> dict[str, dict[str, Pass]]:
        return {"codes": self.codes, "access": self.access, "refresh": self.refresh, **self.further}
