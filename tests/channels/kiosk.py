"""A small platform over real HTTP, with a consent page and single-use refresh tokens, and its connector."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import threading
import time
from collections.abc import Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import urlencode

from syncer.domain.listing import Json, Rendered, WantedListing
from syncer.sdk.contract import Budget, BudgetKind, Context, Identity, Info, Tokens
from syncer.sdk.errors import SignInNeeded, Transient
from syncer.sdk.options import Options, SecretStr


class Kiosk:
    """The platform. ``faults`` are used up one a refresh: lost (spent, but no answer), down, refuse, slow."""

    def __init__(self) -> None:
        self.shop_id, self.shop_name, self.currency = "kios-7", "Kios Anyam", "IDR"
        self.access_s, self.consent_days = 4 * 3600, 200
        self.codes: dict[str, str] = {}
        self.access: dict[str, str] = {}
        self.refresh_token, self.pair = "", {}
        self.faults: list[str] = []
        self.refreshes, self.recoveries, self.at_once, self.most_at_once = 0, 0, 0, 0
        self.refuse_everything = False
        self._numbers = 0
        self._lock = threading.Lock()
        handler = type("Handler", (_Handler,), {"kiosk": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        self.base_url = f"http://127.0.0.1:{self._server.server_port}"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def options(self, **more: Any) -> dict[str, Any]:
        """What a seller pastes who has a sign-in already."""
        pair = self.new_pair()
        return {
            "base_url": self.base_url,
            "app_secret": "rahasia-kios",
            "access_token": pair["access_token"],
            "refresh_token": pair["refresh_token"],
            **more,
        }

    def consent(self, shop_id: str | None = None) -> str:
        """The seller presses the button on the consent page; returns the code of the redirect."""
        code = f"code-{len(self.codes)}"
        self.codes[code] = shop_id or self.shop_id
        return code

    def new_pair(self, shop_id: str | None = None) -> dict[str, Any]:
        with self._lock:
            self._numbers += 1
            self.refresh_token = f"segar-{self._numbers}"
            self.access[f"masuk-{self._numbers}"] = shop_id or self.shop_id
            self.pair = {
                "access_token": f"masuk-{self._numbers}",
                "refresh_token": self.refresh_token,
                "expires_s": self.access_s,
            }
            return self.pair

    def answer(self, path: str, token: str, body: Mapping[str, Any]) -> tuple[int, Any] | None:
        if path == "/me":
            shop = self.access.get(token)
            if shop is None or self.refuse_everything:
                return 401, {}
            return 200, {"id": shop, "name": self.shop_name, "currency": self.currency, "days": self.consent_days}
        if path == "/token":
            shop = self.codes.pop(body["code"], None)
            return (200, self.new_pair(shop)) if shop else (401, {})
        if path == "/recover":
            self.recoveries += 1
            return 200, self.pair
        return self._refresh(body)

    def _refresh(self, body: Mapping[str, Any]) -> tuple[int, Any] | None:
        with self._lock:
            self.refreshes += 1
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            fault = self.faults.pop(0) if self.faults else ""
        try:
            if fault == "slow":
                time.sleep(0.3)
            if fault == "down":
                return 503, {}
            if fault == "refuse" or body["refresh_token"] != self.refresh_token:
                return 401, {}
            pair = self.new_pair()
            return None if fault == "lost" else (200, pair)
        finally:
            with self._lock:
                self.at_once -= 1


class _Handler(BaseHTTPRequestHandler):
    kiosk: Kiosk

    def do_GET(self) -> None:
        self._answer({})

    def do_POST(self) -> None:
        self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    def _answer(self, body: Mapping[str, Any]) -> None:
        answer = self.kiosk.answer(self.path, self.headers.get("X-Token", ""), body)
        if answer is None:
            self.close_connection = True
            return
        data = json.dumps(answer[1]).encode()
        self.send_response(answer[0])
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_args: Any) -> None:
        """Say nothing."""


class KioskOptions(Options):
    base_url: str
    app_secret: SecretStr
    note: str = "halo"
    access_token: SecretStr | None = None
    refresh_token: SecretStr | None = None
    access_expires_at: dt.datetime | None = None


class KioskConnector:
    """Signs in by consent; its refresh token can be spent once."""

    info: ClassVar[Info] = Info(name="kiosk", label="Kiosk", currencies=("IDR", "USD"))
    options_type: ClassVar[type[Options]] = KioskOptions
    refresh_ahead_s: ClassVar[float] = 3600.0

    def __init__(self, options: KioskOptions, context: Context) -> None:
        self._options = options
        self._context = context

    def check(self) -> Identity:
        tokens = self._context.tokens()
        headers = {"X-Token": tokens.access_token if tokens else ""}
        answer = self._context.http.call(
            "GET", f"{self._options.base_url}/me", operation="me", write=False, headers=headers
        )
        if answer.status != 200:
            raise _refused()
        me = answer.json()
        until = None if me["days"] is None else self._context.now() + dt.timedelta(days=me["days"])
        return Identity(me["id"], me["name"], currency=me["currency"], test_shop=True, access_until=until)

    def budgets(self) -> Sequence[Budget]:
        return (
            Budget("shop", "kiosk:shop:kios-7", BudgetKind.TOKEN, 10, 1),
            Budget("app", "kiosk:app:1", BudgetKind.TOKEN, 10, 1),
        )

    def render(self, listing: WantedListing, facts: Mapping[str, Json]) -> Rendered:
        return Rendered(fields={"title": listing.title}, offers=())

    def authorise_url(self, redirect: str, state: str) -> str:
        return f"{self._options.base_url}/consent?" + urlencode({"redirect": redirect, "state": state})

    def exchange(self, answer: Mapping[str, str]) -> Tokens:
        return self._pair("/token", {"code": answer["code"]})

    def refresh(self, tokens: Tokens) -> Tokens:
        return self._pair("/refresh", {"refresh_token": tokens.refresh_token})

    def _pair(self, path: str, body: Mapping[str, Any]) -> Tokens:
        answer = self._context.http.call(
            "POST", self._options.base_url + path, operation=path[1:], write=True, json=body, timeout_s=5
        )
        if answer.status == 503:
            raise Transient("down", _refused().words)
        if answer.status != 200:
            raise _refused()
        pair = answer.json()
        until = self._context.now() + dt.timedelta(seconds=pair["expires_s"])
        return Tokens(pair["access_token"], pair["refresh_token"], until)


class RecoveringConnector(KioskConnector):
    """The same platform, if it documents how a lost pair is sent again."""

    info: ClassVar[Info] = Info(name="recovering", label="Recovering kiosk", currencies=("IDR",))

    def recover(self, tokens: Tokens) -> Tokens:
        return self._pair("/recover", {"refresh_token": tokens.refresh_token})


class CrashingConnector(KioskConnector):
    """Its process dies between the platform's answer and our record."""

    info: ClassVar[Info] = Info(name="crashing", label="Crashing kiosk", currencies=("IDR",))

    def refresh(self, tokens: Tokens) -> Tokens:
        with contextlib.suppress(SignInNeeded):
            super().refresh(tokens)
        raise KeyboardInterrupt


def _refused() -> SignInNeeded:
    from syncer.domain.words import Words

    return SignInNeeded("denied", Words("Kios menolak izin ini.", "The kiosk refuses this sign-in."))


__all__ = [
    "CrashingConnector",
    "Kiosk",
    "KioskConnector",
    "KioskOptions",
    "RecoveringConnector",
]
