"""Addresses that a person typed: nothing of ours is reached through them (H2, H4, H5).

Public servers can't be had in a test, so some tests count loopback addresses of 127.77.0.0/16 as public; every other
private address stays refused, and the servers behind are real.
"""

from __future__ import annotations

import gzip
import ipaddress
import socket
import ssl
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from syncer.catalogue import addresses
from syncer.catalogue.addresses import AddressRefused, Fetcher
from tests.sdk.server import Handler, Server
from tests.sdk.test_http import self_signed  # noqa: F401 - a fixture

PRIVATE = [
    "127.0.0.1",
    "127.1",
    "0177.0.0.1",
    "0x7f000001",
    "2130706433",
    "127.9.9.9",
    "localhost",
    "0.0.0.0",
    "0",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "192.0.2.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:169.254.169.254]",
    "[::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
    "[fd00::1]",
    "[fe80::1]",
    "[fec0::1]",
    "[ff02::1]",
]


@pytest.fixture
def server() -> Iterator[Server]:
    with Server([lambda handler: handler.answer(body=b"picture")]) as running:
        yield running


def fetch(url: str, **options: Any) -> bytes:
    with Fetcher(timeouts=(1.0, 1.0), **options) as fetcher:
        return fetcher.fetch(url, max_bytes=1_000_000)[0]


@pytest.mark.rule("H2")
@pytest.mark.parametrize("host", PRIVATE)
def test_no_spelling_of_a_private_address_is_called(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    connected: list[Any] = []
    monkeypatch.setattr(socket.socket, "connect", lambda _self, address: connected.append(address))
    for url in (f"https://{host}/a.jpg", f"http://{host}/a.jpg", f"https://{host}:443/a.jpg"):
        with pytest.raises(AddressRefused) as caught:
            fetch(url, allow_http=True)
        assert not caught.value.again, "it is never tried again"
        assert caught.value.words.id != caught.value.words.en
    assert connected == []


@pytest.mark.rule("H2")
@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://example.com/a.jpg",
        "gopher://example.com/",
        "data:image/png;base64,AAAA",
        "javascript:alert(1)",
        "//example.com/a.jpg",
        "/etc/passwd",
        "a.jpg",
        "",
        "https://",
        "https:///a.jpg",
        "http://example.com/a.jpg",
        "https://user:password@example.com/a.jpg",
        "https://user@example.com/a.jpg",
        "https://example.com:22/a.jpg",
        "https://example.com:8443/a.jpg",
        "https://example.com:99999/a.jpg",
        "https://example.com\\@127.0.0.1/a.jpg",
        "https://[::1/a.jpg",
        "https://example.com/" + "a" * 3000,
    ],
)
def test_other_forms_are_refused_before_any_look_up(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def look_up(*args: Any, **_: Any) -> Any:
        asked.append(args)
        raise OSError

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with pytest.raises(AddressRefused):
        fetch(url)
    assert asked == []


def resolver(answers: list[str]) -> tuple[Callable[..., Any], list[str]]:
    """A resolver that gives one answer after another, and keeps what it was asked."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def look_up(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        try:
            ipaddress.ip_address(str(name).strip("[]"))
        except ValueError:
            asked.append(str(name))
            address = answers.pop(0) if len(answers) > 1 else answers[0]
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, int(port or 0)))]
        return real(host, port, *args, **kwargs)

    return look_up, asked


@pytest.mark.rule("H2")
def test_a_name_that_answers_public_then_loopback_is_looked_up_once(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: what was checked is what is connected to."""
    look_up, asked = resolver(["93.184.216.34", "127.0.0.1"])
    connected: list[Any] = []

    def connect(_self: Any, address: Any) -> None:
        connected.append(address[0])
        raise TimeoutError

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr(socket.socket, "connect", connect)
    with pytest.raises(AddressRefused) as caught:
        fetch("https://foto.example/a.jpg")
    assert caught.value.again
    assert asked == ["foto.example"]
    assert set(connected) == {"93.184.216.34"}
    assert not server.asked


@pytest.mark.rule("H2")
def test_a_name_that_leads_home_is_refused_and_noted(
    server: Server, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    look_up, asked = resolver(["127.0.0.1"])
    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with pytest.raises(AddressRefused):
        fetch("http://foto.example/a.jpg?sign=KANARI", allow_http=True)
    (line,) = caplog.records
    assert (line.levelname, line.__dict__["host"], line.__dict__["address"]) == ("INFO", "foto.example", "127.0.0.1")
    assert "KANARI" not in str(line.__dict__)
    assert asked == ["foto.example"]
    assert not server.asked


@pytest.fixture
def public(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Server]]:
    """Servers on 127.77.0.x, ports of their own, that count as public and have the ports of the web."""
    net = ipaddress.ip_network("127.77.0.0/16")
    kind: Any = ipaddress.IPv4Address
    is_global, is_private = kind.is_global.fget, kind.is_private.fget
    monkeypatch.setattr(kind, "is_global", property(lambda self: self in net or is_global(self)))
    monkeypatch.setattr(kind, "is_private", property(lambda self: self not in net and is_private(self)))
    connect = socket.socket.connect
    ports: dict[str, int] = {}

    def to_port(self: socket.socket, address: Any) -> Any:
        return connect(self, (address[0], ports[address[0]]) if address[0] in ports else address)

    monkeypatch.setattr(socket.socket, "connect", to_port)
    with ExitStack() as stack:

        def start(host: str, *replies: Any, tls: ssl.SSLContext | None = None) -> Server:
            made = stack.enter_context(_Elsewhere(list(replies), tls, host=host))
            ports[host] = made.port
            return made

        yield start


class _Elsewhere(Server):
    def __init__(self, replies: list[Any], tls: ssl.SSLContext | None, host: str) -> None:
        super().__init__(replies, tls)
        self._host = host

    def __enter__(self) -> Any:
        from tests.sdk import server as module

        quiet = module._Quiet

        class There(quiet):  # type: ignore[misc,valid-type]
            def __init__(inner, address: Any, handler: Any) -> None:
                super().__init__((self._host, 0), handler)

        module._Quiet = There  # type: ignore[misc]
        try:
            return super().__enter__()
        finally:
            module._Quiet = quiet  # type: ignore[misc]


@pytest.mark.rule("H2")
def test_a_public_address_is_fetched_without_cookies_or_sign_ins(
    public: Callable[..., Server], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine 127.77.0.1 login sari password KANARI\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    there = public("127.77.0.1", lambda handler: handler.answer(body=b"picture", Set_Cookie="a=KANARI"))
    assert fetch("http://127.77.0.1/a.jpg", allow_http=True) == b"picture"
    fetch("http://127.77.0.1/b.jpg", allow_http=True)
    for asked in there.asked:
        assert not {"authorization", "cookie"} & set(asked.headers)


@pytest.mark.rule("H4")
@pytest.mark.parametrize(
    "target",
    [
        "http://127.0.0.1:{port}/secret",
        "http://localhost:{port}/secret",
        "http://[::1]:{port}/secret",
        "http://169.254.169.254/latest/meta-data/",
        "file:///etc/passwd",
        "//127.0.0.1/secret",
        "http://user:x@127.77.0.2/secret",
    ],
)
def test_a_redirect_to_something_of_ours_ends_there(server: Server, public: Callable[..., Server], target: str) -> None:
    location = target.replace("{port}", str(server.port))
    public("127.77.0.1", lambda handler: handler.answer(302, Location=location))
    with pytest.raises(AddressRefused):
        fetch("http://127.77.0.1/a.jpg", allow_http=True)
    assert not server.asked


@pytest.mark.rule("H4")
def test_three_redirects_are_followed_and_not_one_more(public: Callable[..., Server]) -> None:
    hop = [lambda handler, n=n: handler.answer(302, Location=f"http://127.77.0.{n}/a") for n in (2, 3, 4)]
    public("127.77.0.1", hop[0])
    public("127.77.0.2", hop[1])
    public("127.77.0.3", hop[2])
    last = public("127.77.0.4", lambda handler: handler.answer(body=b"picture"))
    assert fetch("http://127.77.0.1/a.jpg", allow_http=True) == b"picture"
    last.replies[0] = lambda handler: handler.answer(302, Location="http://127.77.0.4/a")
    with pytest.raises(AddressRefused):
        fetch("http://127.77.0.1/a.jpg", allow_http=True)
    assert len(last.asked) == 2


@pytest.mark.rule("H1")
@pytest.mark.rule("H2")
def test_a_certificate_that_nobody_vouches_for_is_refused(
    public: Callable[..., Server],
    self_signed: ssl.SSLContext,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "server.pem"))
    there = public("127.77.0.1", Handler.answer, tls=self_signed)
    look_up, _ = resolver(["127.77.0.1"])
    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with pytest.raises(AddressRefused) as caught:
        fetch("https://localhost/a.jpg")
    assert not caught.value.again
    assert not there.asked


@pytest.mark.rule("C1")
@pytest.mark.rule("H5")
def test_size_is_counted_unpacked(public: Callable[..., Server]) -> None:
    bomb = gzip.compress(b"\0" * 200_000_000, 6)
    public("127.77.0.1", lambda handler: handler.answer(body=bomb, Content_Encoding="gzip"))
    public("127.77.0.2", lambda handler: handler.answer(body=b"x" * 1_000_001))
    tracemalloc.start()
    try:
        for host in ("127.77.0.1", "127.77.0.2"):
            with pytest.raises(AddressRefused, match="larger"):
                fetch(f"http://{host}/a.jpg", allow_http=True)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 100_000_000, f"{peak:,} bytes"


@pytest.mark.rule("H5")
def test_a_body_that_drips_ends_in_time(public: Callable[..., Server]) -> None:
    public("127.77.0.1", lambda handler: handler.drip(1500, 0.02))
    started = time.monotonic()
    with pytest.raises(AddressRefused) as caught:
        fetch("http://127.77.0.1/a.jpg", allow_http=True, whole_s=0.3)
    assert time.monotonic() - started < 20
    assert caught.value.again


@pytest.mark.rule("H2")
def test_only_the_setting_lets_a_private_address_in(server: Server) -> None:
    url = f"{server.url}/a.jpg"
    with pytest.raises(AddressRefused):
        fetch(url, allow_http=True)
    assert not server.asked
    assert fetch(url, allow_private=[f"127.0.0.1:{server.port}"]) == b"picture"
    with pytest.raises(AddressRefused):
        fetch(url.replace("127.0.0.1", "localhost"), allow_http=True, allow_private=[f"127.0.0.1:{server.port}"])
    assert fetch(url, allow_private=True) == b"picture"


def test_the_list_of_networks_names_what_the_library_lets_through() -> None:
    assert all(
        any(ipaddress.ip_address(one) in net for net in addresses._MORE_PRIVATE) for one in ("::7f00:1", "fec0::1")
    )
