"""Registrations, and the signed events that follow products (tiktok_shop.md 14)."""

from __future__ import annotations

import hashlib
import hmac
import json
import queue
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from tests.sandbox.tiktok_shop.client import Client

WEBHOOKS = "/event/202309/webhooks"
Letter = tuple[str, bytes]


@pytest.fixture
def box() -> Iterator[tuple[str, queue.Queue[Letter]]]:
    """A server that keeps what is posted to it: its address and the letters."""
    letters: queue.Queue[Letter] = queue.Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.end_headers()
            letters.put((self.headers["Authorization"], body))

        def log_message(self, *_: object) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/hook", letters
    server.shutdown()
    thread.join()
    server.server_close()


def test_registrations(client: Client) -> None:
    def known() -> list[tuple[str, str]]:
        data = client.good(client.get(WEBHOOKS))
        assert data["total_count"] == len(data["webhooks"])
        return [(row["event_type"], row["address"]) for row in data["webhooks"]]

    assert known() == []
    for address in ("http://127.0.0.1/a", "http://127.0.0.1/b"):
        body = {"event_type": "PRODUCT_STATUS_CHANGE", "address": address}
        assert client.call("PUT", WEBHOOKS, body)["code"] == 0
    assert known() == [("PRODUCT_STATUS_CHANGE", "http://127.0.0.1/b")]
    for bad in (
        {"event_type": "OTHER"},
        {"address": "http://example.com/"},
        {"address": "http://127.0.0.1/" + "x" * 255},
    ):
        body = {"event_type": "PRODUCT_CREATION", "address": "http://127.0.0.1/", **bad}
        assert client.call("PUT", WEBHOOKS, body)["code"] == 36009004
    for _ in range(2):
        assert client.call("DELETE", WEBHOOKS, {"event_type": "PRODUCT_STATUS_CHANGE"})["code"] == 0
    assert known() == []


@pytest.mark.parametrize("numeric", [False, True])
def test_events_are_signed_and_follow_the_audit(
    client: Client, box: tuple[str, queue.Queue[Letter]], numeric: bool
) -> None:
    address, letters = box
    client.limits(review=True, review_delay_s=0.05, webhook_numeric_ids=numeric, ban_words_tokopedia=["Bundar"])
    kinds = ("PRODUCT_STATUS_CHANGE", "PRODUCT_CREATION", "PRODUCT_AUDIT_STATUS_CHANGE", "PRODUCT_INFORMATION_CHANGE")
    for kind in kinds:
        client.call("PUT", WEBHOOKS, {"event_type": kind, "address": address})
    product_id = client.made()

    def letter() -> dict[str, Any]:
        signature, body = letters.get(timeout=60)
        o = client.options
        expected = hmac.new(o["app_secret"].encode(), o["app_key"].encode() + body, hashlib.sha256).hexdigest()
        assert signature == expected
        event: dict[str, Any] = json.loads(body)
        assert event["shop_id"] == o["shop_id"]
        return event

    # Events of different types don't wait for each other.
    by_type = {event["type"]: event for event in (letter() for _ in range(3))}
    assert set(by_type) == {16, 5, 37}
    told = [by_type[16], by_type[5], by_type[37]]
    shown = int(product_id) if numeric else product_id
    assert {event["data"]["product_id"] for event in told} == {shown}
    assert told[1]["data"]["status"] == "PRODUCT_AUDIT_FAILURE"
    assert told[2]["data"]["audit"]["status"] == "APPROVED"
    assert told[2]["data"]["integrated_platform_statuses"] == {"platform": "TOKOPEDIA", "status": "FAILED"}
    assert len({event["tts_notification_id"] for event in told}) == 3
    client.control("POST", "edit", {"remote_id": product_id, "stock": 3})
    changed = letter()
    assert (changed["type"], changed["data"]["change_source"], changed["data"]["changed_fields"]) == (
        15,
        "SELLER_CENTER",
        ["stock"],
    )
