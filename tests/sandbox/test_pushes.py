"""Pushes of Toko Orange: signed, sent from a background thread, and struck by faults (shopee.md 8)."""

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

from connectors.shopee.sandbox_pushes import sign_push
from tests.sandbox.client import Client
from tests.sandbox.test_orders import buy

Letter = tuple[dict[str, str], dict[str, Any]]


class Box:
    """A receiver that answers as told: status and body."""

    def __init__(self) -> None:
        self.letters: queue.Queue[Letter] = queue.Queue()
        self.answer: tuple[int, bytes] = (204, b"")
        box = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, said = box.answer
                self.send_response(status)
                if status != 204:
                    self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)
                headers = {**self.headers, "raw": body.decode(), "path": self.path}
                box.letters.put((headers, json.loads(body)))

            def log_message(self, *_: object) -> None:
                return

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/webhooks/shopee/2001887"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()

    def next(self) -> Letter:
        return self.letters.get(timeout=60)

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def box(client: Client) -> Iterator[Box]:
    found = Box()
    client.control("POST", "webhooks", {"url": found.url})
    yield found
    found.close()


def test_the_vector_of_the_fact_sheet() -> None:
    key = "testkey_0123456789abcdef0123456789abcdef"
    url = "https://sync.example.org/webhooks/shopee"
    body = (
        b'{"code":3,"shop_id":14701711,"timestamp":1700000000,"data":{"ordersn":"231114ABCDEFGH",'
        b'"status":"READY_TO_SHIP","completed_scenario":"","items":[],"update_time":1699999999}}'
    )
    assert sign_push(key, url, body) == "67b9e17f9181872741ad712b2b8a1911589d63049d8ea69de27fc1783c7ff91a"


def test_an_order_is_told_of_with_a_signature_over_address_and_body(client: Client, box: Box) -> None:
    client.add()
    order = buy(client, status="UNPAID")
    headers, body = box.next()
    message = f"{box.url}|{headers['raw']}".encode()
    wanted = hmac.new(client.options["partner_key"].encode(), message, hashlib.sha256).hexdigest()
    assert headers["Authorization"] == wanted
    assert (body["code"], body["shop_id"]) == (3, client.options["shop_id"])
    assert (body["data"]["ordersn"], body["data"]["status"]) == (order, "UNPAID")
    assert set(body["data"]) == {"ordersn", "status", "completed_scenario", "items", "update_time"}
    for step, status in (("pay", "READY_TO_SHIP"), ("ship", "SHIPPED"), ("cancel", "CANCELLED")):
        client.control("POST", f"orders/{order}/{step}")
        assert box.next()[1]["data"]["status"] == status


def test_what_is_signed_may_stand_behind_a_tunnel(client: Client, box: Box) -> None:
    public = "https://sync.example.org/webhooks/shopee/2001887"
    client.control("POST", "webhooks", {"url": public, "send_to": box.url})
    client.add()
    buy(client)
    headers, _ = box.next()
    assert headers["Authorization"] == sign_push(client.options["partner_key"], public, headers["raw"].encode())
    for wrong in ({"url": public}, {"url": "nonsense"}, {"url": public, "send_to": "http://192.0.2.1/x"}):
        answer = client.http.post(f"{client.running.control_url}/webhooks", json=wrong, timeout=60)
        assert answer.status_code == 400


def test_a_promotions_pieces_are_told_of(client: Client, box: Box) -> None:
    item_id = client.add()
    held = client.control("POST", "promotions", {"sku": "TAS-1", "quantity": 5, "ends_in_s": 600})
    assert box.next()[1]["code"] == 7
    order = buy(client)
    # Letters of different kinds don't wait for each other.
    told, body = sorted((box.next()[1] for _ in range(2)), key=lambda letter: letter["code"])
    assert told["code"] == 3
    data = body["data"]
    assert (body["code"], data["action"], data["item_id"], data["variation_id"]) == (8, "place_order", item_id, 0)
    assert (data["ordersn"], data["promotion_id"]) == (order, held["promotion_id"])
    assert data["changed_values"] == [{"name": "reserved_stock", "old": 5, "new": 4}]
    client.control("POST", f"orders/{order}/cancel")
    assert sorted(box.next()[1]["code"] for _ in range(2)) == [3, 8]
    client.advance(601)
    buy(client)
    assert box.next()[1]["code"] == 3
    assert box.letters.empty()


def test_prices_and_bans_are_told_of_and_partial_cancellations_are_not(client: Client, box: Box) -> None:
    item_id = client.add()
    client.set_price(item_id, {0: 150000})
    _, body = box.next()
    assert (body["code"], body["data"]["old_value"], body["data"]["new_value"]) == (22, 185000, 150000)
    order = buy(client, quantity=3)
    assert box.next()[1]["code"] == 3
    client.control("POST", f"orders/{order}/cancel", {"lines": [{"sku": "TAS-1", "quantity": 1}]})
    client.control("POST", f"orders/{order}/return", {"lines": [{"sku": "TAS-1", "quantity": 1}]})
    assert (box.next()[1]["code"], box.letters.empty()) == (29, True)
    client.control("POST", f"items/{item_id}", {"status": "rejected", "reason": "Foto buram"})
    assert box.next()[1]["data"]["item_status_details"][0]["violation_reason"] == "Foto buram"


def test_lost_doubled_late_and_out_of_order(client: Client, box: Box) -> None:
    client.add(seller_stock=[{"stock": 99}])
    client.fault("webhook_lost", times=1, operation="order_status")
    lost, first = buy(client), buy(client)
    assert box.next()[1]["data"]["ordersn"] == first
    client.fault("webhook_twice", times=1)
    twice = buy(client)
    assert [box.next()[1]["data"]["ordersn"] for _ in range(2)] == [twice, twice]
    client.fault("out_of_order", times=1)
    held, overtaking = buy(client), buy(client)
    assert [box.next()[1]["data"]["ordersn"] for _ in range(2)] == [overtaking, held]
    client.fault("webhook_late", times=1, ms=150)
    late, soon = buy(client), buy(client)
    assert [box.next()[1]["data"]["ordersn"] for _ in range(2)] == [soon, late]
    sent = client.control("GET", "webhooks")["sent"]
    assert [one["fault"] for one in sent if one["about"] == lost] == ["webhook_lost"]
    assert [one["status"] for one in sent if one["about"] in (lost, twice)] == [None, 204]
    assert [fault["struck"] for fault in client.control("GET", "faults")] == [1, 1, 1, 1]


def test_one_held_back_comes_all_the_same(client: Client, box: Box) -> None:
    client.add()
    client.fault("out_of_order", times=1)
    order = buy(client)
    assert box.next()[1]["data"]["ordersn"] == order


def test_webhook_faults_strike_no_calls_and_others_no_webhooks(client: Client, box: Box) -> None:
    client.fault("webhook_lost")
    client.fault("error_before", operation="order")
    client.add()
    buy(client)
    assert client.control("GET", "webhooks")["sent"][0]["fault"] == "webhook_lost"
    assert client.raw("GET", "order/get_order_list").status_code == 502


def test_an_answer_with_a_body_counts_as_failed_and_is_sent_again(client: Client, box: Box) -> None:
    client.add()
    client.limits(webhook_retry_s=[0.01, 0.01])
    box.answer = (200, b'{"ok":true}')
    buy(client)
    first = box.next()
    assert box.next()[0]["raw"] == first[0]["raw"]
    box.answer = (204, b"")
    box.next()
    assert box.letters.empty()


def test_nobody_waits_for_a_receiver_that_is_away(client: Client) -> None:
    client.control("POST", "webhooks", {"url": "http://127.0.0.1:9/gone"})
    client.add()
    assert buy(client)


def test_each_app_has_its_own_address(client: Client, box: Box) -> None:
    other = Client(client.running, client.control("POST", "shops", {"partner_id": 2009999})["options"])
    client.control("POST", "webhooks", {"url": "http://127.0.0.1:9/other", "app": "2009999"})
    other.add(item_sku="LAIN-1")
    buy(client, "LAIN-1")
    client.add()
    mine = buy(client)
    assert box.next()[1]["data"]["ordersn"] == mine
    assert next(one["send_to"] for one in client.control("GET", "webhooks")["sent"]) == "http://127.0.0.1:9/other"
