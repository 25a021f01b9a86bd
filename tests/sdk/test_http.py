"""The one HTTP client: hosts, redirects, time, size, retries, and no secret anywhere (security.md H1, H3 to H7)."""

from __future__ import annotations

import datetime as dt
import gzip
import itertools
import logging
import ssl
import time
import traceback
import tracemalloc
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import tenacity
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from syncer.domain.words import Words
from syncer.sdk import http
from syncer.sdk.errors import AccountStopped, ConnectorError, OutcomeUnknown, RateLimited, Transient
from syncer.sdk.http import CallRecord, HttpClient, is_loopback
from tests.sdk.server import Handler, Server

SECRET = "KANARI-token-5d41402abc4b2a76"


def _client(server: Server, **options: Any) -> HttpClient:
    return HttpClient(hosts=("partner.example",), sandbox=server.url, **options)


def _read(client: HttpClient, url: str, **sent: Any) -> http.Answer:
    return client.call("GET", url, operation="shop.get", write=False, **sent)


def _write(client: HttpClient, url: str, **sent: Any) -> http.Answer:
    return client.call("POST", url, operation="item.add", write=True, **sent)


@pytest.fixture
def server() -> Iterator[Server]:
    with Server([Handler.answer]) as running:
        yield running


@pytest.fixture(autouse=True)
def _quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tenacity, "wait_random_exponential", lambda **_: tenacity.wait_none())


# Hosts (H3)


@pytest.mark.parametrize(
    "url",
    [
        "https://elsewhere.example/api",
        "http://partner.example/api",
        "https://partner.example.evil.example/api",
        "https://notpartner.example/api",
        "https://partner.example@evil.example/api",
        "https://evil.example/#partner.example",
        "https://evil.example?partner.example",
        "https://shop.evilwild.example/api",
        "https://wild.example/api",
        "ftp://partner.example/api",
        "https://10.0.0.7/api",
        "https://[::1]/api",
        "https:///api",
        "//partner.example/api",
        "",
    ],
)
@pytest.mark.rule("H3")
def test_hosts_outside_the_list_are_refused_before_any_call(url: str) -> None:
    client = HttpClient(hosts=("partner.example", "*.wild.example"))
    with pytest.raises(AccountStopped) as caught:
        _read(client, url)
    assert caught.value.code == "host_not_allowed"


def test_listed_hosts_and_their_subdomains_are_called() -> None:
    # Nothing listens on port 1, so an allowed call fails later: while connecting.
    client = HttpClient(hosts=("localhost", "*.localhost"))
    for url in ("https://localhost:1/api", "https://shop.localhost:1/api"):
        with pytest.raises(Transient) as caught:
            _write(client, url)
        assert caught.value.code == "unreachable"


@pytest.mark.rule("H3")
def test_the_sandbox_is_its_own_address_only(server: Server) -> None:
    client = _client(server)
    assert _read(client, f"{server.url}/api").status == 200
    for url in (
        f"http://127.0.0.1:{server.port + 1}/api",
        f"http://localhost:{server.port}/api",
        f"http://user@127.0.0.1:{server.port}/api",
        f"http://127.0.0.1:{server.port}@evil.example/api",
    ):
        with pytest.raises(AccountStopped):
            _read(client, url)


@pytest.mark.parametrize("address", ["http://10.0.0.7:8000", "http://169.254.169.254", "http://shop.example", ""])
@pytest.mark.rule("H3")
def test_only_a_loopback_address_can_be_a_sandbox(address: str) -> None:
    client = HttpClient(hosts=(), sandbox=address)
    with pytest.raises(AccountStopped):
        _read(client, f"{address}/api")


def test_loopback() -> None:
    for url in ("http://127.0.0.1:1", "http://127.9.9.9", "http://[::1]:80", "http://localhost/x"):
        assert is_loopback(url)
    for url in ("http://127.0.0.1.evil.example", "http://0.0.0.0", "http://10.0.0.1", "http://localhost.example", "x"):
        assert not is_loopback(url)


# TLS (H1)


@pytest.fixture
def self_signed(tmp_path: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


@pytest.mark.rule("H1")
def test_a_certificate_that_nobody_vouches_for_is_refused(
    self_signed: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # Neither may the environment bring its own authorities along.
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "server.pem"))
    monkeypatch.setenv("CURL_CA_BUNDLE", str(tmp_path / "server.pem"))
    with Server([Handler.answer], tls=self_signed) as server:
        client = HttpClient(hosts=("localhost",))
        with pytest.raises(Transient) as caught:
            _write(client, f"https://localhost:{server.port}/api")
        assert caught.value.code == "tls"
        assert not server.asked


# Redirects, cookies, and what the environment says (H1, H4)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.rule("H4")
def test_redirects_are_never_followed(server: Server, status: int) -> None:
    with Server([lambda handler: handler.answer(status, Location=f"{server.url}/stolen")]) as first:
        answer = _read(_client(first), f"{first.url}/api", headers={"x-tts-access-token": SECRET})
    assert answer.status == status
    assert not server.asked


def test_cookies_are_never_kept() -> None:
    with Server([lambda handler: handler.answer(Set_Cookie="session=1; Path=/")]) as server:
        client = _client(server)
        for _ in range(2):
            _read(client, f"{server.url}/api")
        assert "cookie" not in server.asked[1].headers


@pytest.mark.rule("H1")
def test_netrc_and_proxies_of_the_environment_are_ignored(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine 127.0.0.1 login someone password KANARI\n")
    netrc.chmod(0o600)
    with Server([Handler.answer]) as proxy:
        monkeypatch.setenv("NETRC", str(netrc))
        monkeypatch.setenv("HOME", str(tmp_path))
        for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        _read(_client(server), f"{server.url}/api")
        assert not proxy.asked
    assert "authorization" not in server.asked[0].headers


# Time (H5)


@pytest.mark.rule("H5")
def test_a_write_without_an_answer_is_an_unknown_outcome() -> None:
    with Server([lambda _: time.sleep(30)]) as server:
        started = time.monotonic()
        with pytest.raises(OutcomeUnknown) as caught:
            _write(_client(server, read_timeout_s=0.1), f"{server.url}/api")
        assert time.monotonic() - started < 20
        assert caught.value.code == "no_answer"
        assert len(server.asked) == 1


def test_a_read_without_an_answer_is_tried_again_and_given_up() -> None:
    with Server([lambda _: time.sleep(30)]) as server:
        with pytest.raises(Transient):
            _read(_client(server, read_timeout_s=0.05), f"{server.url}/api")
        assert len(server.asked) == http.READ_TRIES


@pytest.mark.rule("H5")
def test_an_answer_that_drips_ends_at_the_deadline() -> None:
    with Server([lambda handler: handler.drip(1500, 0.02)]) as server:
        started = time.monotonic()
        with pytest.raises(OutcomeUnknown) as caught:
            _write(_client(server, read_timeout_s=1.0, deadline_s=0.2), f"{server.url}/api")
        assert caught.value.code == "answer_too_slow"
        assert time.monotonic() - started < 20


def test_nobody_listens() -> None:
    with Server([Handler.answer]) as server:
        client, url = _client(server), server.url
    with pytest.raises(Transient) as caught:
        _write(client, f"{url}/api")
    assert caught.value.code == "unreachable", "nothing was sent, so the write may simply be repeated"


# Size (H5, C1)


@pytest.mark.rule("C1")
@pytest.mark.rule("H5")
def test_an_answer_of_the_largest_size_passes() -> None:
    body = b"x" * http.MAX_ANSWER_BYTES
    with Server(
        [lambda handler: handler.answer(body=body), lambda handler: handler.answer(body=body + b"x")]
    ) as server:
        client = _client(server)
        assert len(_read(client, f"{server.url}/api").body) == http.MAX_ANSWER_BYTES
        with pytest.raises(OutcomeUnknown) as caught:
            _write(client, f"{server.url}/api")
        assert caught.value.code == "answer_too_large"


def _deflated(size: int) -> bytes:
    packer = zlib.compressobj(9)
    zeros = b"\0" * 1_000_000
    return b"".join(packer.compress(zeros) for _ in range(size // len(zeros))) + packer.flush()


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "gzip, gzip"])
@pytest.mark.rule("C1")
@pytest.mark.rule("H5")
def test_a_packed_bomb_is_cut_before_it_fills_the_memory(encoding: str) -> None:
    size = 300_000_000
    if encoding == "deflate":
        bomb = _deflated(size)
    else:
        packer = zlib.compressobj(9, zlib.DEFLATED, 31)
        zeros = b"\0" * 1_000_000
        bomb = b"".join(packer.compress(zeros) for _ in range(size // len(zeros))) + packer.flush()
        if encoding == "gzip, gzip":
            bomb = gzip.compress(bomb)
    assert len(bomb) < 1_000_000
    with Server([lambda handler: handler.answer(body=bomb, Content_Encoding=encoding)]) as server:
        client = _client(server)
        tracemalloc.start()
        try:
            with pytest.raises(ConnectorError) as caught:
                _write(client, f"{server.url}/api")
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert caught.value.code == "answer_too_large"
    assert peak < 5 * http.MAX_ANSWER_BYTES, f"{peak:,} bytes"


def test_gzip_is_unpacked() -> None:
    packed = gzip.compress(b'{"ok": true}')
    with Server([lambda handler: handler.answer(body=packed, Content_Encoding="gzip")]) as server:
        assert _read(_client(server), f"{server.url}/api").json() == {"ok": True}


def test_a_body_that_ends_early_is_no_answer() -> None:
    def short(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "100")
        handler.end_headers()
        handler.wfile.write(b'{"half":')
        handler.lose()

    with Server([short]) as server:
        with pytest.raises(OutcomeUnknown) as caught:
            _write(_client(server), f"{server.url}/api")
        assert caught.value.code == "connection_lost"


@pytest.mark.rule("H6")
def test_a_body_that_is_not_json() -> None:
    with Server([lambda handler: handler.answer(body=b"<h1>Bad gateway</h1>")]) as server:
        client = _client(server)
        with pytest.raises(OutcomeUnknown):
            _write(client, f"{server.url}/api").json()
        with pytest.raises(Transient):
            _read(client, f"{server.url}/api").json()


# Retries


def test_a_read_is_signed_anew_for_each_try() -> None:
    counter = itertools.count(1)
    with Server([Handler.lose, Handler.lose, Handler.answer]) as server:
        gate = _CountingGate()
        answer = _read(
            _client(server, gate=gate),
            f"{server.url}/api",
            params=lambda: [("timestamp", next(counter))],
            headers=lambda: {"X-Sign": f"sign-{next(counter)}"},
        )
        assert answer.status == 200
        assert len({asked.path for asked in server.asked}) == 3
        assert len({asked.headers["x-sign"] for asked in server.asked}) == 3
        assert gate.passed == ["shop.get"] * 3, "each try spends the budget"


def test_a_write_is_never_repeated() -> None:
    with Server([Handler.lose, Handler.answer]) as server:
        with pytest.raises(OutcomeUnknown) as caught:
            _write(_client(server), f"{server.url}/api", json={"price": 1})
        assert caught.value.code == "connection_lost"
        assert len(server.asked) == 1


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_a_status_is_an_answer_and_not_repeated(status: int) -> None:
    with Server([lambda handler: handler.answer(status, Retry_After="7")]) as server:
        client = _client(server)
        for call in (_read, _write):
            answer = call(client, f"{server.url}/api")
            assert (answer.status, answer.headers["Retry-After"]) == (status, "7")
        assert len(server.asked) == 2


class _CountingGate:
    def __init__(self, refuse: ConnectorError | None = None) -> None:
        self.passed: list[str] = []
        self.answers: list[int] = []
        self._refuse = refuse

    def before(self, operation: str) -> None:
        if self._refuse is not None:
            raise self._refuse
        self.passed.append(operation)

    def after(self, operation: str, status: int, headers: Any) -> None:
        self.answers.append(status)


def test_the_gate_learns_every_outcome() -> None:
    with Server([Handler.answer, Handler.lose]) as server:
        gate = _CountingGate()
        client = _client(server, gate=gate)
        _write(client, f"{server.url}/api")
        with pytest.raises(OutcomeUnknown):
            _write(client, f"{server.url}/api")
    assert gate.answers == [200, 0]


def test_a_closed_gate_sends_nothing(server: Server) -> None:
    refusal = RateLimited("budget", Words("Tunggu.", "Wait."), after_s=5)
    with pytest.raises(RateLimited):
        _write(_client(server, gate=_CountingGate(refusal)), f"{server.url}/api")
    assert not server.asked


def test_the_signature_is_made_after_the_wait(server: Server) -> None:
    events: list[str] = []

    class _Gate(_CountingGate):
        def before(self, operation: str) -> None:
            events.append("gate")

    def params() -> list[tuple[str, str]]:
        events.append("sign")
        return []

    _write(_client(server, gate=_Gate()), f"{server.url}/api", params=params)
    assert events == ["gate", "sign"]


# What is sent, and the pool


def test_json_goes_out_compact_and_in_utf8(server: Server) -> None:
    _write(_client(server), f"{server.url}/api", json={"judul": "Mangkuk “Éla” 🪵", "harga": 1})
    assert server.asked[0].body == '{"judul":"Mangkuk “Éla” 🪵","harga":1}'.encode()
    assert server.asked[0].headers["content-type"] == "application/json"


def test_connections_are_reused(server: Server) -> None:
    client = _client(server)
    for _ in range(3):
        _read(client, f"{server.url}/api")
    assert len({asked.connection for asked in server.asked}) == 1


# Secrets (H7)


def _told(error: BaseException) -> str:
    return "\n".join([str(error), repr(error), repr(vars(error)), *traceback.format_exception(error)])


@pytest.mark.parametrize("trouble", ["lost", "slow", "gone"])
@pytest.mark.rule("H7")
def test_no_secret_in_errors_or_logs(trouble: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    records: list[CallRecord] = []
    with ExitStack() as stack:
        server = stack.enter_context(Server([Handler.lose if trouble == "lost" else lambda _: time.sleep(30)]))
        client = _client(server, read_timeout_s=0.05, on_call=records.append)
        if trouble == "gone":
            stack.close()
        for call in (_read, _write):
            with pytest.raises(ConnectorError) as caught:
                call(
                    client,
                    f"{server.url}/api/v2/shop",
                    params=[("access_token", SECRET), ("sign", SECRET)],
                    headers={"Authorization": f"Bearer {SECRET}"},
                )
            assert SECRET not in _told(caught.value)
            assert caught.value.words.id
    assert records
    assert SECRET not in repr(records)
    assert SECRET not in caplog.text
    assert SECRET not in repr(client)


@pytest.mark.rule("H7")
def test_the_call_log_says_what_was_called(server: Server) -> None:
    records: list[CallRecord] = []
    client = _client(server, on_call=records.append)
    _write(client, f"{server.url}/api/v2/item", json={"a": 1}, params=[("sign", SECRET)])
    record = records[0]
    assert (record.operation, record.method, record.path) == ("item.add", "POST", "/api/v2/item")
    assert (record.host, record.write, record.status) == (f"127.0.0.1:{server.port}", True, 200)
    assert (record.sent_bytes, record.received_bytes) == (7, 2)
    assert record.ms >= 0
