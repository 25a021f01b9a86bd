"""``POST /webhooks/CONNECTOR/APP``: the steps of security.md W1, in their order.

App known, else 404; too large, 413 unread; signature over the raw bytes, else refused; stored and committed, then
answered as the platform wants it. What it means is found out afterwards.

W5 asks for two things: after so many wrong signatures an address gets 429 unread, and good ones are never limited.
Where both come from one address (a proxy that isn't configured, a program of this machine) only reading tells them
apart. So a suspect address is read still, but few deliveries at a time and in little time each; a right signature is
taken as ever, a wrong one gets 429. What finds no place among these few soon enough gets 429 unread: that bounds the
memory and the time that a flood costs, and the platform sends a good one again.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping

import structlog
from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool

from syncer.orders.apps import App, Apps
from syncer.orders.webhooks import Delivery, Full, Inbox, delivery_key
from syncer.sdk.contract import About
from syncer.sync.right_of_way import RIGHT_OF_WAY
from syncer.web.body import BodyRefused, read_body
from syncer.web.policy import Policy, policy

_LOG = structlog.get_logger("syncer.web")
#: So many wrong signatures a minute from one address, then it is suspect until the minute is over (W5).
BAD_A_MINUTE, _MINUTE_S, _ADDRESSES = 60, 60.0, 4_096
#: So many deliveries of suspect addresses are read at a time, each within so many seconds.
SUSPECTS_AT_ONCE, _SUSPECT_BODY_S = 8, 5.0
_MOST_BYTES = 1_048_576


class BadSenders:
    """Counts wrong signatures by address, in memory, for one minute each."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: OrderedDict[str, tuple[float, int]] = OrderedDict()
        self.total = 0

    def count(self, address: str) -> None:
        """Note one wrong signature."""
        began, times = self._current(address)
        self._seen[address] = (began, times + 1)
        self._seen.move_to_end(address)
        self.total += 1
        while len(self._seen) > _ADDRESSES:
            self._seen.popitem(last=False)

    def too_many(self, address: str) -> bool:
        """Return whether the address has used up its minute."""
        return self._current(address)[1] >= BAD_A_MINUTE

    def _current(self, address: str) -> tuple[float, int]:
        now = self._clock()
        began, times = self._seen.get(address, (now, 0))
        return (now, 0) if now - began > _MINUTE_S else (began, times)


class WebhookDoor:
    """Takes deliveries. ``public_url`` is the address that the platforms were told, without a slash at its end."""

    def __init__(self, apps: Apps, inbox: Inbox, public_url: str) -> None:
        self._apps, self._inbox, self._public_url = apps, inbox, public_url
        self.bad = BadSenders()
        self._suspects = asyncio.Semaphore(SUSPECTS_AT_ONCE)

    async def receive(self, connector: str, app_name: str, request: Request) -> Response:
        """Return the answer to one delivery."""
        sender = request.client.host if request.client else ""
        app = await run_in_threadpool(self._apps.find, connector, app_name)
        if app is None:
            return Response(status_code=404)
        headers = {name.lower(): value for name, value in request.headers.items()}
        try:
            if self.bad.too_many(sender):
                body, signed = await self._look_at_suspect(app, headers, request)
                if not signed:
                    return _too_many()
            else:
                body = await read_body(request, _most_bytes(app))
                if not self._is_signed(app, headers, body):
                    return self._refuse(app, sender, body)
        except BodyRefused as refused:
            return Response(status_code=refused.status, headers={"connection": "close"})
        return await self._keep(app, headers, body)

    def _is_signed(self, app: App, headers: Mapping[str, str], body: bytes) -> bool:
        return app.is_signed(f"{self._public_url}/webhooks/{app.connector}/{app.name}", headers, body)

    async def _look_at_suspect(self, app: App, headers: Mapping[str, str], request: Request) -> tuple[bytes, bool]:
        """Return the body of a delivery from a suspect address, and whether it is signed; unread, it isn't."""
        try:
            await asyncio.wait_for(self._suspects.acquire(), app.facts.deadline_s * 0.4)
        except TimeoutError:
            return b"", False
        try:
            body = await read_body(request, _most_bytes(app), _SUSPECT_BODY_S)
            return body, self._is_signed(app, headers, body)
        finally:
            self._suspects.release()

    def _refuse(self, app: App, sender: str, body: bytes) -> Response:
        self.bad.count(sender)
        digest = hashlib.sha256(body).hexdigest()[:16]
        _LOG.warning("webhook with a wrong signature", connector=app.connector, app=app.name, digest=digest)
        return Response(status_code=app.facts.refused_status)

    async def _keep(self, app: App, headers: Mapping[str, str], body: bytes) -> Response:
        try:
            hints = app.read(headers, body)
            key = delivery_key(hints, body)
            if any(one.about is About.ORDER for one in hints):
                RIGHT_OF_WAY.take()
        except Exception:  # understood or not, it is signed: it is kept, and looked into later
            key = delivery_key((), body)
        kept = {name: value for name, value in headers.items() if name.startswith(("x-", "content-type"))}
        delivery = Delivery(app.connector, app.name, key, kept, body)
        try:
            await asyncio.wait_for(asyncio.wrap_future(self._inbox.put(delivery)), app.facts.deadline_s * 0.8)
        except Full:
            return Response(status_code=503, headers={"retry-after": "60"})
        except Exception:  # not stored, so not taken: the platform sends it again
            _LOG.warning("webhook not stored", connector=app.connector, app=app.name)
            return Response(status_code=503, headers={"retry-after": "60"})
        return Response(app.facts.body, status_code=app.facts.status)


def _most_bytes(app: App) -> int:
    return min(app.facts.most_bytes, _MOST_BYTES)


def _too_many() -> Response:
    return Response(status_code=429, headers={"retry-after": "60", "connection": "close"})


def add_webhooks(app: FastAPI, door: WebhookDoor) -> None:
    """Add the route of the webhooks."""

    @app.post("/webhooks/{connector}/{app_name}")
    @policy(Policy.SIGNED)
    async def webhook(connector: str, app_name: str, request: Request) -> Response:
        return await door.receive(connector, app_name, request)
