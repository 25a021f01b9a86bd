"""Running a sandbox: in a thread for tests, in the foreground for the command line. Loopback only."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, Self

import uvicorn
from starlette.types import Scope
from uvicorn.protocols.http.h11_impl import H11Protocol

from syncer.sdk.sandbox.app import SandboxApp
from syncer.sdk.sandbox.base import Sandbox
from syncer.sdk.sandbox.reserved import refuse_reserved

HOST = "127.0.0.1"
START_SECONDS = 10
STOP_SECONDS = 5


class PortInUseError(OSError):
    """Another program listens on the port. The text says so, in Bahasa Indonesia and English."""

    def __init__(self, port: int) -> None:
        super().__init__(
            f"Port {port} sedang dipakai program lain; pilih yang lain dengan --port. "
            f"(Port {port} is in use by another program; choose another one with --port.)"
        )


class SandboxStartError(RuntimeError):
    """The server did not come up."""


class _Connections:
    """Open connections by the caller's address, so that one can be closed without an answer."""

    def __init__(self) -> None:
        self.open: dict[tuple[str, int], asyncio.Transport] = {}

    async def drop(self, scope: Scope) -> None:
        """Close the caller's connection and wait until the server has noticed."""
        transport = self.open.get(tuple(scope["client"]))
        if transport is not None:
            transport.close()
        await asyncio.sleep(0.01)


def _protocol(connections: _Connections) -> type[asyncio.Protocol]:
    class Protocol(H11Protocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self.peer = tuple(transport.get_extra_info("peername") or ())[:2]
            connections.open[self.peer] = transport

        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            connections.open.pop(self.peer, None)

    return Protocol


class _Server(uvicorn.Server):
    """A server that leaves signals alone, says when it is up, and stops at once when asked to."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Ask it, from any thread, to end."""
        self.should_exit = True
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._stopping.set)

    async def main_loop(self) -> None:
        # Uvicorn's own loop looks ten times a second whether to end; this one is woken.
        self._loop = asyncio.get_running_loop()
        counter = 0
        while not await self.on_tick(counter):
            counter = (counter + 10) % 864_000
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), 1.0)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # Uvicorn's own way takes a tenth of a second, also when nobody waits for an answer.
        if self.server_state.tasks:
            await super().shutdown(sockets=sockets)
            return
        for server in self.servers:
            server.close()
        for listener in sockets or []:
            listener.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        await asyncio.sleep(0.002)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self.up.set()


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen(1024)
    except OSError as error:
        listener.close()
        raise PortInUseError(port) from error
    return listener


def _build(sandbox: Sandbox, listener: socket.socket) -> _Server:
    connections = _Connections()
    sandbox.base_url = f"http://{HOST}:{listener.getsockname()[1]}"
    config = uvicorn.Config(
        SandboxApp(sandbox, connections.drop),
        http=_protocol(connections),
        ws="none",
        loop="asyncio",
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=1024,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=1,
    )
    return _Server(config)


def describe(sandbox: Sandbox) -> dict[str, Any]:
    """The object that is printed first: addresses, and the options for `syncer account add`.

    A shop with several storefronts has `windows`, by their names, as well.
    """
    window = f"{sandbox.base_url}/shop"
    told = {
        "connector": sandbox.name,
        "base_url": sandbox.base_url,
        "window_url": window,
        "control_url": f"{sandbox.base_url}/control",
        "account": {"options": sandbox.account_options()},
    }
    if sandbox.storefronts:
        others = {theme.place: f"{window}?on={name}" for name, theme in sandbox.storefronts.items()}
        told["windows"] = {sandbox.theme.place: window, **others}
    return told


class RunningSandbox:
    """A sandbox served from a thread. Leave the `with` block, or call `stop`, to end it.

    Raises:
        PortInUseError: another program listens on the port.
        ReservedPathError: the platform has an operation where the sandbox has its own pages.
    """

    def __init__(self, sandbox: Sandbox, port: int = 0) -> None:
        refuse_reserved(sandbox)
        self.sandbox = sandbox
        self._listener = _listen(port)
        self._server = _build(sandbox, self._listener)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._listener]}, name=f"sandbox-{sandbox.name}", daemon=True
        )
        self._thread.start()
        if not self._server.up.wait(START_SECONDS):
            raise SandboxStartError(f"the {sandbox.name} sandbox did not start within {START_SECONDS} seconds")

    @property
    def base_url(self) -> str:
        """Address of the platform's API."""
        return self.sandbox.base_url

    @property
    def window_url(self) -> str:
        """Address of the shop window."""
        return f"{self.base_url}/shop"

    @property
    def control_url(self) -> str:
        """Address of the control API, without a slash at its end."""
        return f"{self.base_url}/control"

    @property
    def account_options(self) -> dict[str, Any]:
        """Options of the default shop, for `syncer account add`."""
        return self.sandbox.account_options()

    def stop(self) -> None:
        """Stop serving and free the port."""
        self._server.stop()
        self._thread.join(STOP_SECONDS)
        self._listener.close()
        self.sandbox.postman.close()
        if self.sandbox.state_file is not None:
            self.sandbox.state_file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def serve(sandbox: Sandbox, port: int = 0) -> None:
    """Serve until SIGTERM or SIGINT. Prints one JSON line first (see `describe`).

    Raises:
        PortInUseError: another program listens on the port.
    """
    with RunningSandbox(sandbox, port):
        stopping = threading.Event()

        def stop(_signal: int, _frame: FrameType | None) -> None:
            stopping.set()

        before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            sys.stdout.write(json.dumps(describe(sandbox), ensure_ascii=False) + "\n")
            sys.stdout.flush()
            stopping.wait()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
