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

from connectors.tiktok_shop.connector import TiktokShopConnector
from connectors.tiktok_shop.options import TiktokShopOptions
from syncer.sdk.contract import Context, Tokens
from syncer.sdk.http import HttpClient

APP_KEY, SECRET = "6sandboxkey01", "sandbox_secret_0001"
ACCESS, REFRESH = "ROW_access_0123456789abcdef", "ROW_refresh_0123456789abcdef"
CIPHER, SHOP, WAREHOUSE = "ROW_sandboxCipher0001", "7495540735365777507", "7068517275539719942"
AT = 1_735_689_600
#: An answer that never comes: the connection ends.
DROP = "drop"


@dataclass
class Request:
    method: str
    path: str
    query: list[tuple[str, str]]
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    def param(self, name: str) -> str:
        return dict(self.query)[name]


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
                owner.requests.append(Request(self.command, parts.path, query, dict(self.headers), body))
                waiting = owner.answers.get(f"{self.command} {parts.path}") or owner.answers.get(parts.path)
                waiting = waiting or [refused(36009009, "path")]
                given = waiting.pop(0) if len(waiting) > 1 else waiting[0]
                if given == DROP:
                    self.close_connection = True
                    return
                status, data, headers = given if isinstance(given, tuple) else (200, json.dumps(given).encode(), {})
                self.send_response(status)
                for name, value in {"Content-Length": str(len(data)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_PUT = do_DELETE = answer

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

    def paths(self) -> list[str]:
        return [f"{request.method} {request.path}" for request in self.requests]

    def connector(
        self, now: dt.datetime | None = None, tokens: Tokens | None = None, **changes: Any
    ) -> TiktokShopConnector:
        values = {
            "base_url": self.base_url,
            "app_key": APP_KEY,
            "app_secret": SECRET,
            "shop_id": SHOP,
            "shop_cipher": CIPHER,
            "warehouse_id": WAREHOUSE,
            "access_token": ACCESS,
            "refresh_token": REFRESH,
            **changes,
        }
        client = HttpClient(hosts=(), sandbox=self.base_url)
        self._clients.append(client)
        moment = now or dt.datetime.fromtimestamp(AT, dt.UTC)
        options = TiktokShopOptions.read({name: value for name, value in values.items() if value is not None})
        return TiktokShopConnector(options, Context(client, Path(), lambda: tokens, lambda: moment))


def ok(**data: Any) -> dict[str, Any]:
    """Return a good answer with its envelope."""
    return {"code": 0, "message": "Success", "request_id": "2025010100ABC", "data": data}


def refused(code: int, message: str = "no") -> dict[str, Any]:
    """Return a refusal with its envelope."""
    return {"code": code, "message": message, "request_id": "2025010100ABC", "data": None}


def page(text: str, status: int = 502, **headers: str) -> tuple[int, bytes, dict[str, str]]:
    """Return an answer without an envelope, as a gateway gives it."""
    return status, text.encode(), {name.replace("_", "-"): value for name, value in headers.items()}
