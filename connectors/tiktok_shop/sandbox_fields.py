"""Reading the fields of a request as its published schema types them (tiktok_shop.md 5, 15)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from syncer.sdk.sandbox import Call

BAD_PARAMETER = 36009004


class Refused(Exception):
    """The platform refuses a call.

    `kind` is for the call log (`invalid`, `review`, `promotion`, `rate`, `token` …). `status` is the HTTP status;
    without one it is that of business refusals (tiktok_shop.md 5).
    """

    def __init__(self, code: int, message: str, *, kind: str = "invalid", status: int | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.kind = kind
        self.status = status


def bad(message: str) -> Refused:
    """A parameter that does not fit: HTTP 400 with 36009004 (tiktok_shop.md 5, 15)."""
    return Refused(BAD_PARAMETER, f"Invalid parameter: {message}", status=400)


def body_of(call: Call) -> Mapping[str, Any]:
    """The JSON object of a call; an absent body is an empty one."""
    if not call.body.strip():
        return {}
    kind = str(call.headers.get("content-type", "")).split(";")[0].strip().lower()
    if kind != "application/json":
        raise Refused(36009022, "Invalid content type, application/json is expected.", status=400)
    try:
        body = json.loads(call.body)
    except ValueError:
        raise Refused(36009023, "The request body is not valid JSON.", status=400) from None
    if not isinstance(body, dict):
        raise Refused(36009023, "The request body must be a JSON object.", status=400)
    return body


def text(data: Mapping[str, Any], name: str, default: str = "") -> str:
    """A text; an absent one is the default."""
    value = data.get(name)
    if value is None:
        return default
    if not isinstance(value, str):
        raise bad(f"{name} should be string")
    return value


def integer(data: Mapping[str, Any], name: str) -> int | None:
    """An integer, None if absent."""
    value = data.get(name)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
        raise bad(f"{name} should be integer")
    return value


def boolean(data: Mapping[str, Any], name: str, *, default: bool = False) -> bool:
    """True or false; an absent one is the default."""
    value = data.get(name)
    if value is None:
        return default
    if not isinstance(value, bool):
        raise bad(f"{name} should be boolean")
    return value


def mapping(data: Mapping[str, Any], name: str) -> dict[str, Any]:
    """An object; an absent one is empty."""
    value = data.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise bad(f"{name} should be object")
    return value


def objects(data: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """A list of objects; an absent one is empty."""
    value = data.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise bad(f"{name} should be an array of objects")
    return value


def texts(data: Mapping[str, Any], name: str) -> list[str]:
    """A list of texts; an absent one is empty."""
    value = data.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
        raise bad(f"{name} should be an array of strings")
    return value


def query_flag(call: Call, name: str) -> bool:
    """A boolean of the query string."""
    value = (call.one(name) or "false").lower()
    if value not in {"true", "false"}:
        raise bad(f"{name} should be true or false")
    return value == "true"


def page_size(call: Call, code: int = 12019108) -> int:
    """`page_size`, 1 to 100; it has no default (tiktok_shop.md 6, 11)."""
    value = call.one("page_size") or ""
    if not value.isdigit() or not 1 <= int(value) <= 100:
        raise Refused(code, "page_size is required, valid range: [1, 100].")
    return int(value)


def query_ids(call: Call, name: str) -> list[str]:
    """A list of ids: one comma-joined value or a repeated key (tiktok_shop.md 2.1)."""
    return [part.strip() for value in call.every(name) for part in value.split(",") if part.strip()]


def path_id(call: Call) -> str:
    """The id inside the path, always the fourth part: `/product/202309/products/{id}…`."""
    return call.path.split("/")[4]
