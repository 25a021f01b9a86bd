"""Sign in to a shop on its platform's own page: open the address, allow Syncer, come back with the answer."""

from __future__ import annotations

import os
import secrets
import shlex
import sys
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from syncer.cli import out
from syncer.cli.asking import ask_first
from syncer.cli.kit import UsageProblem
from syncer.cli.texts import word
from syncer.domain.words import Words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from syncer.channels.joining import Added
    from syncer.channels.records import Account
    from syncer.cli.desk import Desk

#: Where the browser ends when nobody listens: its address line holds the answer.
_LOOPBACK = "http://127.0.0.1/"
_WAIT_S = 600.0
_MOST = 16_384


def sign_in(desk: Desk, added: Added, redirect: str | None, *, came_back: str | None = None) -> Added:
    """Lead a person through the platform's consent page; return the account as it is then.

    With ``redirect`` (an address registered with the platform) the person pastes the address that the browser
    ends on; without, a page on this machine takes the answer. Without a terminal nothing is asked: the address is
    printed, the account waits, and the person gives what ``came_back`` to ``account reconnect``.
    """
    from syncer.channels.connectors import open_connector
    from syncer.channels.joining import accept_shop
    from syncer.channels.sign_in import SignIn

    account = added.account
    connector = open_connector(account, engine=desk.engine, keys=desk.keys, **desk.for_shops())
    manager, session = SignIn(desk.keys), secrets.token_urlsafe(16)
    answer: Mapping[str, str]
    if came_back is not None:
        answer, session = _query(came_back), _Waiting(desk, account).session()
    elif redirect is None and not sys.stdin.isatty():
        address = manager.start(desk.engine, account, connector, _LOOPBACK, now=desk.now, session=session)
        _Waiting(desk, account).keep(session)
        _say_how_to_go_on(account, address)
        return added
    elif redirect is not None:
        address = manager.start(desk.engine, account, connector, redirect, now=desk.now, session=session)
        answer = _pasted(address)
    else:
        with _Page() as page:
            address = manager.start(desk.engine, account, connector, page.address, now=desk.now, session=session)
            answer = page.wait(address)
    consent = manager.finish(desk.engine, account, connector, answer, now=desk.now, session=session)
    shop = consent.identity.shop_name or consent.identity.shop_id
    ask_first(
        Words(f'Toko ini: "{shop}". Benar?', f'The shop is "{shop}". Is that right?'), already=not sys.stdin.isatty()
    )
    return accept_shop(desk.engine, desk.keys, account, connector, consent, now=desk.now)


def _pasted(address: str) -> Mapping[str, str]:
    out.line(word("Buka alamat ini dan izinkan Syncer:", "Open this address and allow Syncer:"))
    out.line(f"  {out.clean(address)}")
    out.line(word("Lalu tempel alamat yang tampil di akhir:", "Then paste the address that you end on:"))
    sys.stdout.flush()
    return _query(sys.stdin.readline(_MOST).strip())


def _query(address: str) -> Mapping[str, str]:
    found = query_of(address[:_MOST])
    if not found:
        raise UsageProblem(
            Words(
                "Alamat itu tidak berisi jawaban izin. Salin seluruh alamat dari peramban, lalu ulangi.",
                "That address holds no answer. Copy the whole address from the browser, then try again.",
            )
        )
    return found


def query_of(address: str) -> dict[str, str]:
    """Return the query of an address; a name that stands twice is refused (nothing is returned)."""
    pairs = parse_qsl(urlsplit(address).query, keep_blank_values=True)
    found = dict(pairs)
    return found if len(found) == len(pairs) else {}


class _Waiting:
    """The secret that ties a sign-in to this home while its answer is on its way: nobody else's answer is taken."""

    def __init__(self, desk: Desk, account: Account) -> None:
        self._file = desk.settings.home / "scratch" / f"sign-in-{account.id}"

    def keep(self, session: str) -> None:
        """Keep it for the next command, readable by this user only."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._file.unlink(missing_ok=True)
        with os.fdopen(os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(session)

    def session(self) -> str:
        """Return it, once; "" if none was kept (then the answer counts as late)."""
        try:
            session = self._file.read_text("ascii")
        except FileNotFoundError:
            return ""
        self._file.unlink()
        return session


def _say_how_to_go_on(account: Account, address: str) -> None:
    # On standard error: the output may be JSON that a script reads.
    command = f"syncer account reconnect {shlex.quote(account.name)} --answer"
    for text in (
        word("Buka alamat ini di peramban dan izinkan Syncer:", "Open this address in a browser and allow Syncer:"),
        f"  {out.clean(address)}",
        word(
            "Peramban berakhir di alamat 127.0.0.1 yang tidak bisa dibuka; itu wajar. Salin alamat itu, dan dalam "
            "sepuluh menit jalankan:",
            "The browser ends on an address of 127.0.0.1 that can't be opened; that is all right. Copy that address, "
            "and within ten minutes run:",
        ),
        f"  {out.clean(command)} '{word('ALAMAT', 'ADDRESS')}'",
    ):
        sys.stderr.write(f"{text}\n")


class _Page:
    """A page on 127.0.0.1 that takes the answer of the consent page, once."""

    def __init__(self) -> None:
        from http.server import BaseHTTPRequestHandler, HTTPServer

        answers: list[dict[str, str]] = []
        thanks = word(
            "Izin diterima. Kembali ke terminal Anda.", "The answer has arrived. Go back to your terminal."
        ).encode()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                found = query_of(self.path[:_MOST])
                if found:
                    answers.append(found)
                self.send_response(200 if found else 404)
                self.send_header("Content-Type", "text/plain; charset=utf-8")
                self.send_header("Cache-Control", "no-store")
                self.end_headers()
                self.wfile.write(thanks if found else b"")

            def log_message(self, format: str, *args: object) -> None:
                """Stay silent: the address holds the code."""

        self._answers = answers
        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self._server.timeout = 1.0

    @property
    def address(self) -> str:
        """Where the platform sends the person back."""
        return f"http://127.0.0.1:{self._server.server_port}/"

    def wait(self, address: str) -> Mapping[str, str]:
        """Show ``address`` and wait for the answer. Raises UsageProblem after ten minutes."""
        import time

        out.line(
            word(
                "Buka alamat ini di peramban mesin ini dan izinkan Syncer:",
                "Open this address in a browser of this machine and allow Syncer:",
            )
        )
        out.line(f"  {out.clean(address)}")
        sys.stdout.flush()
        until = time.monotonic() + _WAIT_S
        while not self._answers and time.monotonic() < until:
            self._server.handle_request()
        if not self._answers:
            raise UsageProblem(
                Words(
                    "Sepuluh menit berlalu tanpa jawaban. Mulai lagi dengan `syncer account reconnect`.",
                    "Ten minutes went by without an answer. Start again with `syncer account reconnect`.",
                )
            )
        return self._answers[0]

    def __enter__(self) -> _Page:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.server_close()
