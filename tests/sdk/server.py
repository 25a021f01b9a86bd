"""A real HTTP server on loopback whose answers a test scripts; it keeps what it was asked."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


@dataclass
class Asked:
    """One request as it came in."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    connection: int


Reply = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 10

    def answer(self, status: int = 200, body: bytes = b"{}", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def lose(self) -> None:
        """Close the connection without an answer."""
        self.close_connection = True

    def drip(self, pieces: int, pause_s: float) -> None:
        """Send an answer byte by byte."""
        self.send_response(200)
        self.send_header("Content-Length", str(pieces))
        self.end_headers()
        for _ in range(pieces):
            self.wfile.write(b"x")
            self.wfile.flush()
            time.sleep(pause_s)

    def handle_any(self) -> None:
        server: Any = self.server
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with server.lock:
            headers = {name.lower(): value for name, value in self.headers.items()}
            server.asked.append(Asked(self.command, self.path, headers, body, self.client_address[1]))
            reply = server.replies.pop(0) if len(server.replies) > 1 else server.replies[0]
        try:
            reply(self)
        except OSError:
            self.close_connection = True

    do_GET = do_POST = do_PUT = handle_any

    def log_message(self, format: str, *args: Any) -> None:
        """Stay silent."""


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that hangs up is no error of ours."""


@dataclass
class Server:
    """``replies`` are given one after another; the last one for ever."""

    replies: list[Reply]
    tls: ssl.SSLContext | None = None
    asked: list[Asked] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __enter__(self) -> Self:
        self._server = _Quiet(("127.0.0.1", 0), Handler)
        for name in ("replies", "asked", "lock"):
            setattr(self._server, name, getattr(self, name))
        if self.tls is not None:
            self._server.socket = self.tls.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"
