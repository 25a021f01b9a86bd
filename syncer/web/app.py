"""The web application: webhooks, and whether the daemon is well."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.middleware.trustedhost import TrustedHostMiddleware

from syncer.web.policy import Policy, check_policies, policy
from syncer.web.webhooks import WebhookDoor, add_webhooks

_HEADERS = {
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "referrer-policy": "no-referrer",
}


def make_app(door: WebhookDoor, *, public_url: str, is_ready: Callable[[], bool]) -> FastAPI:
    """Return the application. ``is_ready`` says whether the database answers; it may block for a moment."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    add_webhooks(app, door)

    @app.get("/healthz")
    @policy(Policy.PUBLIC)
    async def healthz() -> Response:
        return Response("ok", media_type="text/plain")

    @app.get("/readyz")
    @policy(Policy.PUBLIC)
    async def readyz() -> Response:
        ready = await run_in_threadpool(is_ready)
        return Response("ok" if ready else "database", status_code=200 if ready else 503, media_type="text/plain")

    @app.middleware("http")
    async def headers(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        response = await call_next(request)
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    host = urlsplit(public_url).hostname or "localhost"
    app.add_middleware(
        TrustedHostMiddleware, allowed_hosts=[host, "localhost", "127.0.0.1", "[::1]"], www_redirect=False
    )
    check_policies(app)
    return app
