"""A real HTTP server that gives the answers it was told to: for shapes of answers that the sandbox doesn't give."""

from __future__ import annotations

import datetime as dt
import json
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from connectors.shopee.connector import ShopeeConnector
from connectors.shopee.options import ShopeeOptions
from syncer.sdk.contract import Context
from syncer.sdk.http import HttpClient

KEY = "testkey_0123456789abcdef0123456789abcdef"
ACCESS, REFRESH = "7a6f6b656e5f736861726564", "526566726573685f3030303031"


@dataclass
class Request:
    method: str
    path: str
    query: list[tuple[str, str]]
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Canned:
    """Answers by path: each is a JSON object, or ``(status, bytes)``; the last one is given again and again."""

    def __init__(self) -> None:
        self.answers: dict[str, list[Any]] = {}
        self.requests: list[Request] = []
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                parts = urlsplit(self.path)
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                query = parse_qsl(parts.query, keep_blank_values=True)
                path = parts.path.removeprefix("/api/v2/")
                owner.requests.append(Request(self.command, path, query, dict(self.headers), body))
                waiting = owner.answers.get(path) or [{"error": "error_param", "message": "path incorrect"}]
                given = waiting.pop(0) if len(waiting) > 1 else waiting[0]
                status, data = given if isinstance(given, tuple) else (200, json.dumps(given).encode())
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = answer

            def log_message(self, *_: Any) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.base_url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()
        self._clients: list[HttpClient] = []

    def close(self) -> None:
        for client in self._clients:
            client.close()
        self._server.shutdown()
        self._server.server_close()

    def give(self, path: str, *answers: Any) -> None:
        self.answers[path] = list(answers)

    def connector(self, now: dt.datetime | None = None, **changes: Any) -> ShopeeConnector:
        values = {
            "base_url": self.base_url,
            "partner_id": 2001887,
            "partner_key": KEY,
            "shop_id": 14701711,
            "access_token": ACCESS,
            "refresh_token": REFRESH,
            **changes,
        }
        client = HttpClient(hosts=(), sandbox=self.base_url)
        self._clients.append(client)
        moment = now or dt.datetime.fromtimestamp(1_700_000_000, dt.UTC)
        options = ShopeeOptions.read({name: value for name, value in values.items() if value is not None})
        return ShopeeConnector(options, Context(client, Path(), now=lambda: moment))


def ok(**response: Any) -> dict[str, Any]:
    """Return a good answer with its envelope."""
    return {"error": "", "message": "", "warning": "", "request_id": "a1", "response": response}
