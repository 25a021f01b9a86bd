"""Serve the web application from a thread of the daemon."""

from __future__ import annotations

import socket
import threading
import time

import uvicorn
from fastapi import FastAPI

from syncer.domain.words import SyncerError, Words

_START_S, _STOP_S = 10.0, 5


class WebAddressProblem(SyncerError):
    """The address can't be listened on."""


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket. Raises :class:`WebAddressProblem` with what to do."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        found = socket.socket(family, socket.SOCK_STREAM)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind((host, port))
    except OSError as error:
        raise WebAddressProblem(
            Words(
                f"Alamat {host}:{port} tidak bisa dipakai ({error.strerror}). Hentikan program lain di sana, atau ubah "
                "SYNCER_WEB_PORT.",
                f"The address {host}:{port} can't be used ({error.strerror}). Stop the other program there, or change "
                "SYNCER_WEB_PORT.",
            )
        ) from None
    found.listen(256)
    return found


class WebServer:
    """uvicorn in a thread of its own. ``proxies`` are the addresses whose forwarding headers are believed."""

    def __init__(self, app: FastAPI, where: socket.socket, *, proxies: str = "127.0.0.1") -> None:
        self._socket = where
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=True,
            lifespan="off",
            proxy_headers=True,
            forwarded_allow_ips=proxies,
            timeout_keep_alive=20,
            timeout_graceful_shutdown=_STOP_S,
            limit_concurrency=512,
            h11_max_incomplete_event_size=65_536,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, name="web", daemon=True)

    @property
    def address(self) -> str:
        """The address it listens on, such as ``http://127.0.0.1:8000``."""
        host, port = self._socket.getsockname()[:2]
        return f"http://{f'[{host}]' if ':' in host else host}:{port}"

    def start(self) -> None:
        """Serve; return once it answers."""
        self._thread.start()
        end = time.monotonic() + _START_S
        while not self._server.started and self._thread.is_alive() and time.monotonic() < end:
            time.sleep(0.005)

    def stop(self) -> None:
        """End after the answers under way."""
        self._server.should_exit = True
        self._thread.join(_STOP_S + 1)
        self._socket.close()

    def _run(self) -> None:
        self._server.run(sockets=[self._socket])
