"""The ends of a call: nothing goes out that may no longer go out, and no answer lasts for ever (security.md H5).

A time-out of a socket starts anew with each byte, so a server that sends one byte every few seconds, or one
``100 Continue`` after the other, would hold a call for ever, and with it a lease that counts on the call's end.
A process may be paused at any moment, for hours; so whether a call may go out is asked once more right before each
of its bytes does.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from http.client import HTTPResponse
from socket import socket
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

#: Seconds that the next answer may take from its first to its last byte.
SecondsLeft = Callable[[], float]


class _UntilDeadline(io.RawIOBase):
    """The reading side of a socket; it raises TimeoutError once the deadline has passed."""

    def __init__(self, inner: Any, sock: socket, deadline: float) -> None:
        self._inner, self._sock, self._deadline = inner, sock, deadline
        self._patience = sock.gettimeout()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer took too long")
        self._sock.settimeout(left if self._patience is None else min(self._patience, left))
        count: int | None = self._inner.readinto(buffer)
        return count

    def close(self) -> None:
        self._inner.close()
        super().close()


def bound(pool_manager: Any, seconds_left: SecondsLeft, may_send: Callable[[], None] = lambda: None) -> None:
    """Let every answer over ``pool_manager`` (urllib3's) end within ``seconds_left()`` of its request.

    ``may_send`` is called right before anything goes out, and raises if it may not.
    """

    class Answer(HTTPResponse):
        def __init__(self, sock: socket, *args: Any, **kwargs: Any) -> None:
            super().__init__(sock, *args, **kwargs)
            # A call that asks for more patience than the deadline, such as an upload, gets it.
            deadline = time.monotonic() + max(seconds_left(), sock.gettimeout() or 0.0)
            self.fp = io.BufferedReader(_UntilDeadline(self.fp.detach(), sock, deadline))

    class Plain(HTTPConnection):
        response_class = Answer

        def send(self, data: Any) -> None:
            if self.sock is None:
                self.connect()
            may_send()
            super().send(data)

    class Secure(HTTPSConnection):
        response_class = Answer

        def send(self, data: Any) -> None:
            if self.sock is None:
                self.connect()
            may_send()
            super().send(data)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    pool_manager.pool_classes_by_scheme = {"http": PlainPool, "https": SecurePool}


__all__ = ["SecondsLeft", "bound"]
