"""Every route says who may call it; the app refuses to start if one does not (security.md B1)."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any, TypeVar

from fastapi import FastAPI
from fastapi.routing import APIRoute

_Endpoint = TypeVar("_Endpoint", bound=Callable[..., Any])
_MARK = "__syncer_policy__"


class Policy(StrEnum):
    """PUBLIC: anybody. SIGNED: whoever proves by a signature that he is the platform."""

    PUBLIC = "public"
    SIGNED = "signed"


class PolicyMissing(RuntimeError):
    """A route has no policy: a fault of the program, found when it starts."""


def policy(who: Policy) -> Callable[[_Endpoint], _Endpoint]:
    """Declare who may call an endpoint."""

    def declare(endpoint: _Endpoint) -> _Endpoint:
        setattr(endpoint, _MARK, who)
        return endpoint

    return declare


def check_policies(app: FastAPI) -> dict[str, Policy]:
    """Return the policy of every route by its path. Raises :class:`PolicyMissing`."""
    found: dict[str, Policy] = {}
    for route in app.routes:
        path = getattr(route, "path", str(route))
        who = getattr(route.endpoint, _MARK, None) if isinstance(route, APIRoute) else None
        if who is None:
            raise PolicyMissing(f"the route {path} declares no policy")
        found[path] = who
    return found
