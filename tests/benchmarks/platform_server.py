"""The other side of every call: a real HTTP server in a process of its own, cheap enough not to be what is measured.

``POST /<account>/<operation>`` is a call of a shop: it is counted against the account's limit when it arrives, and
what it writes counts as being there ``latency_s`` later, when the answer goes out. ``POST /control/limits`` sets the
latency and the limit, ``GET /control/report`` gives every call since the last ``limits`` and forgets them.
Times are CLOCK_MONOTONIC, which all processes of a machine share.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

_OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n" + b'{"ok":true}'
_REFUSED = b"HTTP/1.1 429 Too Many Requests\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


@dataclass
class Limit:
    """One account's limit as the platform counts it: ``token``, ``fixed``, ``sliding``, or none."""

    kind: str
    calls: int
    per_s: float
    tokens: float = 0.0
    at: float = 0.0
    window: int = -1
    used: int = 0
    seen: deque[float] = field(default_factory=deque)

    def admits(self, now: float) -> bool:
        """Count a call that arrives ``now``; false if it is one too many."""
        if self.kind == "token":
            full = self.at == 0.0
            self.tokens = (
                self.calls if full else min(self.tokens + (now - self.at) * self.calls / self.per_s, self.calls)
            )
            self.at = now
            if self.tokens < 1:
                return False
            self.tokens -= 1
        elif self.kind == "fixed":
            window = int(now / self.per_s)
            if window != self.window:
                self.window, self.used = window, 0
            if self.used >= self.calls:
                return False
            self.used += 1
        elif self.kind == "sliding":
            while self.seen and self.seen[0] <= now - self.per_s:
                self.seen.popleft()
            if len(self.seen) >= self.calls:
                return False
            self.seen.append(now)
        return True


class Platform:
    """What the server knows: limits by account, and the calls of this run."""

    def __init__(self) -> None:
        self.latency_s = 0.0
        self.kind, self.calls, self.per_s = "none", 0, 1.0
        self.limits: dict[str, Limit] = {}
        self.log: list[tuple[float, float, str, bytes]] = []
        self.refused = 0

    def set_limits(self, order: dict[str, Any]) -> None:
        """Begin a run."""
        self.latency_s = order.get("latency_s", 0.0)
        self.kind, self.calls, self.per_s = order.get("kind", "none"), order.get("calls", 0), order.get("per_s", 1.0)
        self.limits, self.log, self.refused = {}, [], 0

    def report(self) -> dict[str, Any]:
        """Return what happened since, and forget it."""
        log, refused = self.log, self.refused
        self.log, self.refused = [], 0
        calls = [
            {"arrived": arrived, "there": there, "path": path, "items": json.loads(body)["items"] if body else []}
            for arrived, there, path, body in log
        ]
        return {"calls": calls, "refused": refused}

    def admits(self, account: str, now: float) -> bool:
        """Count a call of ``account``."""
        limit = self.limits.get(account)
        if limit is None:
            limit = self.limits[account] = Limit(self.kind, self.calls, self.per_s)
        return limit.admits(now)


class Session(asyncio.Protocol):
    """One connection; requests come one after the other."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._buffer = b""
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while True:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            head = self._buffer[:end]
            at = head.lower().find(b"content-length:")
            length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            if len(self._buffer) < end + 4 + length:
                return
            body = self._buffer[end + 4 : end + 4 + length]
            self._buffer = self._buffer[end + 4 + length :]
            self._answer(head.split(b" ", 2)[1].decode(), body)

    def _answer(self, path: str, body: bytes) -> None:
        now, platform = time.monotonic(), self._platform
        if path.startswith("/control/"):
            self._control(path, body)
            return
        if not platform.admits(path[1 : path.index("/", 1)], now):
            platform.refused += 1
            self._transport.write(_REFUSED)
        elif platform.latency_s:
            asyncio.get_running_loop().call_later(platform.latency_s, self._done, now, path, body)
        else:
            self._done(now, path, body)

    def _done(self, arrived: float, path: str, body: bytes) -> None:
        self._platform.log.append((arrived, time.monotonic(), path, body))
        self._transport.write(_OK)

    def _control(self, path: str, body: bytes) -> None:
        answer = b"{}"
        if path == "/control/limits":
            self._platform.set_limits(json.loads(body))
        elif path == "/control/count":
            answer = json.dumps({"calls": len(self._platform.log), "refused": self._platform.refused}).encode()
        else:
            answer = json.dumps(self._platform.report()).encode()
        self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(answer) + answer)


async def _serve() -> None:
    platform = Platform()
    server = await asyncio.get_running_loop().create_server(lambda: Session(platform), "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve())
