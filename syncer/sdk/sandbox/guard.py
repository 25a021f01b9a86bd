"""Who may talk to a sandbox: programs and pages of this machine, no foreign web page (security.md E4, D1)."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})

_COMMON = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": (
        "accelerometer=(), camera=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), payment=(), usb=()"
    ),
    "Cache-Control": "no-store",
}

API_HEADERS = {"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'", **_COMMON}
"""Headers of every answer that is not a page."""


def page_headers(leaves_to: str | None = None) -> dict[str, str]:
    """Headers of a page; `leaves_to` is an origin that its forms may lead to."""
    actions = f"'self' {leaves_to}" if leaves_to else "'self'"
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        f"form-action {actions}; frame-ancestors 'none'; base-uri 'none'; object-src 'none'; "
        "require-trusted-types-for 'script'"
    )
    return {"Content-Security-Policy": policy, **_COMMON}


def refusal(request: Request, *, is_page: bool) -> Response | None:
    """A refusal for a foreign host name or for another site's page, else None.

    A link from another site to a page that a person reads (window, consent) is let through: opening it
    changes nothing.
    """
    host = urlsplit(f"//{request.headers.get('host', '')}").hostname
    if host not in LOOPBACK_NAMES:
        return _no("This sandbox answers on this machine only.")
    site = request.headers.get("sec-fetch-site")
    if site == "cross-site" and not (
        is_page and request.method == "GET" and request.headers.get("sec-fetch-mode") == "navigate"
    ):
        return _no("Requests from other web sites are refused.")
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).hostname not in LOOPBACK_NAMES:
        return _no("Requests from other web sites are refused.")
    return None


def _no(text: str) -> Response:
    return JSONResponse({"error": text}, status_code=403, headers=API_HEADERS)
