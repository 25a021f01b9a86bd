"""Read a request's body within a size and a time, before anything looks into it."""

from __future__ import annotations

import asyncio

from starlette.requests import ClientDisconnect, Request

#: How long a whole body may take, in seconds (security.md O2).
BODY_S = 30.0


class BodyRefused(Exception):
    """The body is too large (413), too slow (408), or the sender went away (400)."""

    def __init__(self, status: int) -> None:
        super().__init__(str(status))
        self.status = status


async def read_body(request: Request, most_bytes: int, within_s: float = BODY_S) -> bytes:
    """Return the whole body. One that says it is too large is not read at all. Raises :class:`BodyRefused`."""
    said = request.headers.get("content-length", "")
    if said and not (said.isascii() and said.isdigit() and len(said) < 16):
        raise BodyRefused(400)
    if said and int(said) > most_bytes:
        raise BodyRefused(413)
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(within_s):
            async for part in request.stream():
                size += len(part)
                if size > most_bytes:
                    raise BodyRefused(413)
                parts.append(part)
    except TimeoutError:
        raise BodyRefused(408) from None
    except ClientDisconnect:
        raise BodyRefused(400) from None
    return b"".join(parts)
