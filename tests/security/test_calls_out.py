"""Calls to platforms: what a broken or hostile answer can't do (H1, H5, H6). More of it stands in tests/sdk."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.shopee import read as shopee_read
from connectors.shopee.wire import grams
from syncer.catalogue.addresses import AddressRefused, Fetcher
from syncer.domain.listing import RemoteListing
from syncer.sdk import http, wire
from syncer.sdk.errors import ConnectorError, OutcomeUnknown, Transient
from syncer.sdk.http import HttpClient
from syncer.sync.shop import Timing
from syncer.sync.sweep import MOST_PAGES
from tests.sdk.server import Handler, Server
from tests.sdk.test_http import self_signed  # noqa: F401 - a fixture

# Time (H5)


def slow_head(handler: Handler) -> None:
    """A head that comes a byte at a time and never ends."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    for _ in range(1500):
        handler.wfile.write(b"x")
        handler.wfile.flush()
        time.sleep(0.02)
    handler.close_connection = True


def endless_continue(handler: Handler) -> None:
    """``100 Continue`` again and again."""
    for _ in range(1500):
        handler.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        handler.wfile.flush()
        time.sleep(0.02)
    handler.close_connection = True


@pytest.mark.rule("H5")
@pytest.mark.parametrize("reply", [slow_head, endless_continue])
def test_a_head_that_never_ends_does(reply: Callable[[Handler], None]) -> None:
    with Server([reply]) as server:
        client = HttpClient(hosts=(), sandbox=server.url, read_timeout_s=0.3, deadline_s=0.3)
        started = time.monotonic()
        with pytest.raises(OutcomeUnknown):
            client.call("POST", f"{server.url}/x", operation="x", write=True)
        assert time.monotonic() - started < 20
        with Fetcher(allow_private=True, whole_s=0.3, timeouts=(0.3, 0.3)) as fetcher:
            started = time.monotonic()
            with pytest.raises(AddressRefused) as caught:
                fetcher.fetch(f"{server.url}/x.jpg", max_bytes=1000)
            assert time.monotonic() - started < 20
        assert caught.value.again


@pytest.mark.rule("H5")
def test_a_connection_serves_again_after_a_slow_but_good_answer() -> None:
    def slow(handler: Handler) -> None:
        time.sleep(0.2)
        handler.answer()

    with Server([slow, slow, Handler.answer]) as server:
        client = HttpClient(hosts=(), sandbox=server.url, deadline_s=60.0)
        for _ in range(3):
            client.call("GET", f"{server.url}/x", operation="x", write=False)
        assert len({asked.connection for asked in server.asked}) == 1


@pytest.mark.rule("H5")
def test_an_upload_may_take_longer() -> None:
    def slow(handler: Handler) -> None:
        time.sleep(0.4)
        handler.answer()

    with Server([slow]) as server:
        client = HttpClient(hosts=(), sandbox=server.url, deadline_s=0.2, read_timeout_s=0.2)
        answer = client.call("POST", f"{server.url}/x", operation="x", write=True, timeout_s=60.0)
    assert answer.status == 200


@pytest.mark.rule("H5")
@pytest.mark.rule("C1")
def test_the_limits_are_those_of_the_guide() -> None:
    assert (http.CONNECT_TIMEOUT_S, http.READ_TIMEOUT_S, http.CALL_DEADLINE_S) == (5.0, 30.0, 60.0)
    assert (http.MAX_ANSWER_BYTES, MOST_PAGES) == (10_000_000, 10_000)
    assert Timing().call_deadline_s <= http.CALL_DEADLINE_S


# TLS (H1)


def _handshakes(context: ssl.SSLContext) -> Iterator[tuple[int, list[str]]]:
    """Serve handshakes; what went wrong with each is kept."""
    reasons: list[str] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                raw, _ = listener.accept()
            except OSError:
                return
            try:
                context.wrap_socket(raw, server_side=True).close()
                reasons.append("shaken")
            except ssl.SSLError as error:
                reasons.append(error.reason or "?")
            except OSError:
                reasons.append("closed")

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield listener.getsockname()[1], reasons
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(60)


@pytest.mark.rule("H1")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_old_tls_is_not_spoken(self_signed: ssl.SSLContext, tmp_path: Path) -> None:  # noqa: F811
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    old.load_cert_chain(tmp_path / "server.pem")
    old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    old.set_ciphers("ALL:@SECLEVEL=0")
    for context, wanted in ((old, ("UNSUPPORTED_PROTOCOL",)), (self_signed, ("TLSV1_ALERT_UNKNOWN_CA",))):
        for port, reasons in _handshakes(context):  # noqa: B007 - it fills up meanwhile
            client = HttpClient(hosts=("localhost",))
            with pytest.raises(Transient) as caught:
                client.call("POST", f"https://localhost:{port}/x", operation="x", write=True)
            assert caught.value.code == "tls"
        assert reasons[0] in wanted


# Answers are input (H6)


@pytest.mark.rule("H6")
@pytest.mark.parametrize(
    "body",
    [b"[" * 100_000, b'{"a":' * 100_000, b"1" * 5000, b"\xff\xfe", b"", b"nan", b'{"a": 1', b"null\x00"],
    ids=["lists", "objects", "digits", "bytes", "empty", "nan", "cut", "nul"],
)
def test_a_body_that_is_no_json_is_no_answer(body: bytes) -> None:
    with Server([lambda handler: handler.answer(body=body)]) as server:
        client = HttpClient(hosts=(), sandbox=server.url)
        answer = client.call("POST", f"{server.url}/x", operation="x", write=True)
        with pytest.raises(ConnectorError):
            answer.json()


#: What a hostile answer may hold in the place of anything.
NASTY: list[Any] = [
    None,
    True,
    -1,
    2**31,
    2**63,
    10**30,
    1e308,
    float("nan"),
    float("inf"),
    "",
    "NaN",
    "Infinity",
    "1e999999999",
    "-1e999999999",
    "1" * 4000,
    "１２３",
    "1_000",
    "a\x00b",
    "\ud800",
    "\x1b]0;x\x07",
    "\u202eevil",
    "x" * 1_000_000,
    [],
    [None],
    [[]],
    {},
    {"a": None},
    [{"a": {"b": [1, "2"]}}] * 3,
]

ITEM: dict[str, Any] = {
    "item_id": 3400133011,
    "item_status": "NORMAL",
    "item_name": "Mangkuk kayu",
    "description": "Mangkuk kayu jati",
    "description_type": "normal",
    "category_id": 100182,
    "item_sku": "MK-1",
    "create_time": 1700000000,
    "price_info": [{"currency": "IDR", "original_price": 185000, "current_price": 185000}],
    "stock_info_v2": {"seller_stock": [{"location_id": "", "stock": 5}]},
    "image": {"image_id_list": ["a", "b"], "image_url_list": ["https://x/a", "https://x/b"]},
    "weight": "0.400",
    "dimension": {"package_length": 10, "package_width": 10, "package_height": 10},
    "logistic_info": [{"logistic_id": 8003, "enabled": True, "is_free": False}],
    "pre_order": {"is_pre_order": False, "days_to_ship": 2},
    "condition": "NEW",
    "brand": {"brand_id": 0, "original_brand_name": "NoBrand"},
    "attribute_list": [{"attribute_id": 1, "attribute_value_list": [{"value_id": 0, "original_value_name": "Kayu"}]}],
    "has_model": True,
    "gtin_code": "123",
    "deboost": False,
}
MODELS: dict[str, Any] = {
    "tier_variation": [
        {"name": "Warna", "option_list": [{"option": "Merah", "image": {"image_id": "c"}}, {"option": "Biru"}]}
    ],
    "model": [
        {
            "model_id": 7000000001,
            "tier_index": [0],
            "model_sku": "MK-1-M",
            "price_info": [{"original_price": 185000}],
            "stock_info_v2": {"seller_stock": [{"stock": 3}]},
            "weight": "0.4",
            "gtin_code": "",
        }
    ],
}


def twisted(value: Any, nasty: Any) -> Iterator[Any]:
    """Yield copies of ``value``, each with one part replaced by ``nasty``."""
    yield nasty
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from ({**value, key: changed} for changed in twisted(inner, nasty))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from ([*value[:index], changed, *value[index + 1 :]] for changed in twisted(inner, nasty))


@pytest.mark.rule("H6")
@pytest.mark.parametrize("number", range(len(NASTY)))
def test_no_twisted_answer_breaks_the_reader(number: int) -> None:
    """Any part of an item may be anything: it is read as unknown, in no time, and is at most what it said."""
    started = time.monotonic()
    for changed in twisted(ITEM, NASTY[number]):
        found = shopee_read.listing(wire.as_object(changed), shopee_read.variants(MODELS))
        assert isinstance(found, RemoteListing)
    for changed in twisted(MODELS, NASTY[number]):
        shopee_read.listing(ITEM, shopee_read.variants(wire.as_object(changed)))
    assert time.monotonic() - started < 60


@pytest.mark.rule("H6")
@pytest.mark.rule("C3")
@pytest.mark.parametrize(
    "value", ["1e999999999", "9" * 4000, 10**30, "NaN", "Infinity", "1_000", "１２３", "٣", " 5 5"]
)
def test_numbers_of_a_platform_are_numbers_of_this_world(value: Any) -> None:
    started = time.monotonic()
    assert wire.whole(value) is None
    assert wire.exact(value) is None
    assert grams(value) is None
    assert time.monotonic() - started < 5


@pytest.mark.rule("H6")
@pytest.mark.rule("C2")
def test_words_of_a_platform_are_cleaned_before_people_see_them() -> None:
    assert wire.plain("a\x1b[31mb\u202ec\n" + "d" * 999, 20) == "a[31mbc dddddddddd"
    assert wire.plain("a\x00b\ud800") == "ab"
    assert len(wire.plain("x" * 10_000)) == 300


@pytest.mark.rule("H6")
def test_the_answer_as_json_holds_what_it_should() -> None:
    """The twisted items above are what the reader gets from real JSON, too."""
    text = json.dumps(ITEM)
    assert shopee_read.listing(json.loads(text), shopee_read.variants(json.loads(json.dumps(MODELS)))).remote_id
