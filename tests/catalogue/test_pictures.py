"""Security H2, H4, H5: pictures by address, from real servers on loopback, and never from where they may not come."""

from __future__ import annotations

import datetime as dt
import gzip
import http.server
import io
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import insert, select, update

from syncer.catalogue import addresses
from syncer.catalogue.addresses import AddressRefused, Fetcher
from syncer.catalogue.edit import save_product
from syncer.catalogue.media import media_path
from syncer.catalogue.pictures import GIVE_UP, TRY_AGAIN, FetchReport, fetch_waiting
from syncer.catalogue.read import load_product
from syncer.store.engine import Engine, read, write
from syncer.store.marks import Due
from syncer.store.tables import picture_fetch, product
from tests.catalogue.builders import NOW, add_account, add_listing, bowl, owed


def jpeg(colour: str = "teal") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (60, 40), colour).save(out, "JPEG")
    return out.getvalue()


class Server:
    """A web server whose answers are functions, and that counts who calls."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.answers: dict[str, Callable[[http.server.BaseHTTPRequestHandler], None]] = {}
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.calls.append(self.path)
                outer.headers.append(dict(self.headers))
                try:
                    outer.answers.get(self.path, outer.missing)(self)
                except (BrokenPipeError, ConnectionResetError):
                    return

            def log_message(self, *_args: object) -> None:
                return

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        self.host = f"127.0.0.1:{self.port}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def url(self, path: str) -> str:
        return f"http://{self.host}{path}"

    def give(self, path: str, body: bytes, *, status: int = 200, **headers: str) -> str:
        """Answer ``path`` with ``body``; return its address."""

        def answer(request: http.server.BaseHTTPRequestHandler) -> None:
            request.send_response(status)
            for name, value in headers.items():
                request.send_header(name.replace("_", "-"), value)
            request.send_header("Content-Length", str(len(body)))
            request.end_headers()
            request.wfile.write(body)

        self.answers[path] = answer
        return self.url(path)

    @staticmethod
    def missing(request: http.server.BaseHTTPRequestHandler) -> None:
        request.send_response(404)
        request.send_header("Content-Length", "0")
        request.end_headers()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    """A web server of this test."""
    running = Server()
    yield running
    running.stop()


def ask_for(engine: Engine, *urls: str, sku: str | None = None) -> tuple[int, int]:
    """A listed product that waits for pictures; returns its id and its listing's."""
    with write(engine) as connection:
        saved = save_product(connection, bowl(), now=NOW)
        listed = add_listing(connection, add_account(connection), saved.product_id)
        for position, url in enumerate(urls):
            connection.execute(
                insert(picture_fetch).values(product_id=saved.product_id, position=position, url=url, sku=sku)
            )
    return saved.product_id, listed


def fetch(engine: Engine, home: Path, server: Server | None = None, **options: object) -> FetchReport:
    allowed = [server.host] if server is not None else False
    now = options.pop("now", NOW)
    return fetch_waiting(engine, home, allowed, now=lambda: now, **options)  # type: ignore[arg-type, return-value]


def states(engine: Engine) -> list[str]:
    with read(engine) as connection:
        return list(connection.execute(select(picture_fetch.c.state).order_by(picture_fetch.c.id)).scalars())


def test_pictures_come_in_the_files_order_and_mark_the_listing(engine: Engine, home: Path, server: Server) -> None:
    urls = [server.give(f"/{n}.jpg", jpeg(colour)) for n, colour in enumerate(("red", "green", "blue", "red"))]
    _, listed = ask_for(engine, *urls)
    seen: list[tuple[int, int]] = []
    report = fetch(engine, home, server, progress=lambda done, whole: seen.append((done, whole)))
    assert (report.added, report.refused, report.again) == (4, [], 0)
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert states(engine) == ["done"] * 4
    with read(engine) as connection:
        photos = load_product(connection, "mangkuk").photos
        assert owed(connection, listed)[0] == Due.CONTENT
    # The same picture under two addresses is one photo.
    assert len(photos) == 3
    colours = [Image.open(media_path(home, one.sha256)).getpixel((5, 5)) for one in photos]
    assert [max(range(3), key=lambda part: colour[part]) for colour in colours] == [0, 1, 2]
    assert fetch(engine, home, server).added == 0
    assert "Cookie" not in server.headers[0]


def test_a_picture_of_one_variant_stays_with_it(engine: Engine, home: Path, server: Server) -> None:
    ask_for(engine, server.give("/1.jpg", jpeg()), sku="mangkuk-putih")
    fetch(engine, home, server)
    with read(engine) as connection:
        assert [one.sku for one in load_product(connection, "mangkuk").photos] == ["mangkuk-putih"]


def test_a_limit_leaves_the_rest_waiting(engine: Engine, home: Path, server: Server) -> None:
    ask_for(engine, *(server.give(f"/{n}.jpg", jpeg(colour)) for n, colour in enumerate(("red", "blue", "lime"))))
    assert fetch(engine, home, server, limit=2).added == 2
    assert states(engine) == ["done", "done", "waiting"]


@pytest.mark.parametrize(
    ("body", "words"),
    [(b"<html>bukan foto</html>", "no picture"), (b"GIF89a" + b"\x00" * 20, "GIF"), (jpeg()[:300], "damaged"),
     (b"", "no picture")],
)  # fmt: skip
def test_what_is_no_picture_is_refused_with_the_reason(
    engine: Engine, home: Path, server: Server, body: bytes, words: str
) -> None:
    ask_for(engine, server.give("/x", body))
    report = fetch(engine, home, server)
    assert words in report.refused[0][1].en
    assert states(engine) == ["refused"]
    with read(engine) as connection:
        assert words in connection.execute(select(picture_fetch.c.reason)).scalar_one()["en"]
    assert fetch(engine, home, server, now=NOW + TRY_AGAIN).added == 0
    assert len(server.calls) == 1


def test_errors_that_pass_are_tried_again_and_given_up_after_days(engine: Engine, home: Path, server: Server) -> None:
    product_id, _ = ask_for(engine, server.give("/x", b"", status=503))
    assert fetch(engine, home, server).again == 1
    assert fetch(engine, home, server).again == 0
    assert len(server.calls) == 1
    assert fetch(engine, home, server, now=NOW + TRY_AGAIN).again == 1
    with write(engine) as connection:
        connection.execute(update(product).where(product.c.id == product_id).values(changed_at=NOW))
    report = fetch(engine, home, server, now=NOW + GIVE_UP + dt.timedelta(hours=1))
    assert "not tried any more" in report.refused[0][1].en


def test_a_missing_picture_is_refused_at_once(engine: Engine, home: Path, server: Server) -> None:
    ask_for(engine, server.url("/gone.jpg"))
    assert "error 404" in fetch(engine, home, server).refused[0][1].en


def test_one_bad_address_does_not_stop_the_others(engine: Engine, home: Path, server: Server) -> None:
    ask_for(engine, "https://127.0.0.1/a.jpg", server.give("/1.jpg", jpeg()), "ftp://x/y", server.url("/gone"))
    report = fetch(engine, home, server)
    assert (report.added, len(report.refused)) == (1, 3)


# --- size and time ----------------------------------------------------------------------------------------------


@pytest.mark.rule("C1")
@pytest.mark.rule("H5")
def test_a_body_is_cut_at_the_limit_unpacked(server: Server) -> None:
    bomb = gzip.compress(b"\x00" * 60_000_000)
    server.give("/bomb", bomb, Content_Encoding="gzip")
    server.give("/large", b"x" * 3_000_000)
    with Fetcher(allow_private=[server.host]) as fetcher:
        for path in ("/bomb", "/large"):
            with pytest.raises(AddressRefused, match="larger than 2 MB"):
                fetcher.fetch(server.url(path), max_bytes=2_000_000)
        assert len(fetcher.fetch(server.url("/large"), max_bytes=3_000_000)[0]) == 3_000_000


def test_a_body_that_drips_is_cut_off(server: Server) -> None:
    def drip(request: http.server.BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        for _ in range(600):
            request.wfile.write(b"x" * 30_000)
            time.sleep(0.05)

    server.answers["/drip"] = drip
    with Fetcher(allow_private=True, whole_s=0.4) as fetcher:
        started = time.monotonic()
        with pytest.raises(AddressRefused, match="too long") as caught:
            fetcher.fetch(server.url("/drip"), max_bytes=20_000_000)
    assert caught.value.again
    assert time.monotonic() - started < 20


def test_a_server_that_never_answers_is_left(server: Server) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/x"
        with Fetcher(allow_private=True, timeouts=(0.3, 0.3)) as fetcher:
            with pytest.raises(AddressRefused, match="can't be reached"):
                fetcher.fetch(url, max_bytes=100)


# --- addresses --------------------------------------------------------------------------------------------------

PRIVATE = (
    "127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "localhost", "0.0.0.0", "10.0.0.1", "172.16.3.4",
    "192.168.1.1", "169.254.169.254", "100.64.0.1", "192.0.0.8", "198.18.0.1", "224.0.0.1", "240.0.0.1",
    "255.255.255.255", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:10.0.0.1]", "[::127.0.0.1]", "[fd00::1]",
    "[fe80::1]", "[fec0::1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[ff02::1]",
)  # fmt: skip


@pytest.mark.parametrize("host", PRIVATE)
@pytest.mark.rule("H2")
def test_private_addresses_in_every_spelling_are_refused(host: str) -> None:
    with Fetcher(allow_http=True, timeouts=(0.5, 0.5)) as fetcher:
        for scheme in ("https", "http"):
            with pytest.raises(AddressRefused) as caught:
                fetcher.fetch(f"{scheme}://{host}/x.jpg", max_bytes=100)
            assert "own network" in caught.value.words.en
            assert not caught.value.again


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://example.com/x.jpg", "https://"),
        ("ftp://example.com/x", "no address"),
        ("file:///etc/passwd", "no address"),
        ("javascript:alert(1)", "no address"),
        ("//example.com/x", "no address"),
        ("https:///x", "no address"),
        ("https://exa mple.com:99999/x", "no address"),
        ("https://example.com:8443/x", "unusual port"),
        ("https://user:pass@example.com/x", "user name"),
        ("https://example.com\\@127.0.0.1/x", "no address"),
        ("https://" + "a" * 3000, "no address"),
        ("https://[::1", "no address"),
        ("", "no address"),
    ],
)
@pytest.mark.rule("H2")
def test_addresses_in_a_wrong_form_are_refused_uncalled(url: str, words: str) -> None:
    with Fetcher() as fetcher, pytest.raises(AddressRefused, match=words):
        fetcher.fetch(url, max_bytes=100)


def test_only_listed_private_addresses_are_called(server: Server) -> None:
    url = server.give("/1.jpg", jpeg())
    with Fetcher(allow_private=[f"127.0.0.1:{server.port + 1}"], allow_http=True) as fetcher:
        with pytest.raises(AddressRefused):
            fetcher.fetch(url, max_bytes=10_000)
    assert server.calls == []
    with Fetcher(allow_private=[server.host]) as fetcher:
        assert fetcher.fetch(url, max_bytes=10_000)[0] == jpeg()


@pytest.mark.rule("H4")
def test_a_redirect_is_followed_only_where_it_may_go(server: Server) -> None:
    server.give("/1.jpg", jpeg())
    server.give("/a", b"", status=302, Location="/1.jpg")
    server.give("/out", b"", status=302, Location="http://169.254.169.254/latest/meta-data")
    server.give("/file", b"", status=301, Location="file:///etc/passwd")
    server.give("/round", b"", status=302, Location="/round")
    other = Server()
    try:
        server.give("/other", b"", status=307, Location=other.give("/secret", b"KANARI"))
        with Fetcher(allow_private=[server.host], allow_http=True, timeouts=(0.5, 0.5)) as fetcher:
            assert fetcher.fetch(server.url("/a"), max_bytes=10_000)[0] == jpeg()
            for path in ("/out", "/file", "/other"):
                with pytest.raises(AddressRefused):
                    fetcher.fetch(server.url(path), max_bytes=10_000)
            with pytest.raises(AddressRefused, match="redirected too often"):
                fetcher.fetch(server.url("/round"), max_bytes=10_000)
        assert other.calls == []
        assert server.calls.count("/round") == addresses.HOPS + 1
    finally:
        other.stop()


@pytest.mark.rule("H2")
def test_a_name_is_looked_up_once_and_only_the_checked_address_called(server: Server, monkeypatch) -> None:
    """DNS rebinding: public at the first look-up, loopback at the second."""
    looked_up: list[str] = []
    called: list[object] = []
    answers = iter(["93.184.215.14"] + ["127.0.0.1"] * 50)
    real = socket.getaddrinfo

    def resolve(host, port, *args, **kwargs):
        if host == "rebind.example":
            looked_up.append(host)
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), port))]
        return real(host, port, *args, **kwargs)

    def connect(self, address):
        called.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(socket.socket, "connect", connect)
    with Fetcher(allow_http=True) as fetcher, pytest.raises(AddressRefused, match="can't be reached"):
        fetcher.fetch("http://rebind.example/x.jpg", max_bytes=100)
    assert looked_up == ["rebind.example"]
    assert [address[0] for address in called] == ["93.184.215.14"]


def test_a_name_that_leads_home_is_refused(monkeypatch) -> None:
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, port, *a, **k: [(socket.AF_INET, 1, 6, "", ("192.168.0.7", port))]
    )
    with Fetcher() as fetcher, pytest.raises(AddressRefused, match="own network"):
        fetcher.fetch("https://toko.example/x.jpg", max_bytes=100)


def test_proxies_and_netrc_of_the_surroundings_are_not_used(server: Server, monkeypatch, tmp_path: Path) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login a password KANARI\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with Fetcher(allow_private=[server.host]) as fetcher:
        fetcher.fetch(server.give("/1.jpg", jpeg()), max_bytes=10_000)
    assert "Authorization" not in server.headers[0]
