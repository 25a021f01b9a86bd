"""Requests and answers against the platform's own OpenAPI files (npm package `@tts-open-toolkit/cli`).

The files are not part of this project. `TTS_OPENAPI` says where they are: a folder that holds the package (or its
`oas` folder), or `npm` to install the package from the registry that npm is set up for. Without it nothing is checked.

Every call that goes out through `requests` is looked at: an accepted one must be a valid request, and every answer
with HTTP 200 a valid answer. The files list no field as required and allow unknown ones; here unknown ones are
mistakes.
"""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from jsonschema import Draft202012Validator
from urllib3 import HTTPResponse

VARIABLE = "TTS_OPENAPI"
PACKAGE = "@tts-open-toolkit/cli@0.1.7"
COMMON = frozenset({"app_key", "timestamp", "sign", "access_token", "shop_cipher"})

_INT_BITS = {"int16": 15, "int32": 31, "int64": 63}
_unchecked = 0


@contextmanager
def unchecked() -> Iterator[None]:
    """For calls that are wrong on purpose, but accepted."""
    global _unchecked  # noqa: PLW0603
    _unchecked += 1
    try:
        yield
    finally:
        _unchecked -= 1


class Official:
    """The operations of the files. `problems` collects what does not fit, `seen` which operations were checked."""

    def __init__(self, folder: Path) -> None:
        self.problems: list[str] = []
        self.seen: set[str] = set()
        self._folder = next(iter(sorted(folder.rglob("oas/paths"))), folder / "paths")
        assert self._folder.is_dir(), f"there are no OpenAPI files in {folder}"
        self._validators: dict[tuple[str, ...], Draft202012Validator] = {}

    @cached_property
    def operations(self) -> dict[str, list[tuple[re.Pattern[str], str, dict[str, Any]]]]:
        """By method: what an address looks like, its template, and the operation."""
        found: dict[str, list[tuple[re.Pattern[str], str, dict[str, Any]]]] = {}
        for name in ("authorization", "event", "logistics", "order", "product", "seller"):
            paths = json.loads((self._folder / f"{name}.json").read_text("utf-8"))["paths"]
            for template, methods in paths.items():
                pattern = re.compile(re.sub(r"\{[^}]+\}", r"\\d+", template))
                for method, operation in methods.items():
                    found.setdefault(method.upper(), []).append((pattern, template, operation))
        return found

    def find(self, method: str, path: str) -> tuple[str, dict[str, Any]] | None:
        """The operation behind an address."""
        for pattern, template, operation in self.operations.get(method, []):
            if pattern.fullmatch(path):
                return f"{method} {template}", operation
        return None

    def check(self, request: requests.PreparedRequest, response: requests.Response) -> None:
        """Look at one call and its answer."""
        parts = urlsplit(request.url or "")
        found = self.find(request.method or "", parts.path)
        if found is None or response.status_code != 200 or _unchecked:
            return
        name, operation = found
        self.seen.add(name)
        answer = response.json()
        if answer.get("code") == 0:
            self._check_query(name, operation, parse_qsl(parts.query, keep_blank_values=True))
            self._check_headers(name, request.headers)
            self._check_body(name, operation, request)
        content = operation["responses"]["200"]["content"]["application/json"]
        told = {key: value for key, value in answer.items() if not (key == "data" and value is None)}
        self._validate((name, "answer"), content["schema"], told)

    def _check_query(self, name: str, operation: Mapping[str, Any], query: list[tuple[str, str]]) -> None:
        known = {one["name"]: one for one in operation.get("parameters", []) if one["in"] == "query"}
        for key, value in query:
            kind = known.get(key, {}).get("schema", {}).get("type")
            if key not in known and key not in COMMON:
                self.problems.append(f"{name}: there is no query parameter {key}")
            elif (kind == "integer" and not value.isdigit()) or (kind == "boolean" and value not in {"true", "false"}):
                self.problems.append(f"{name}: the query parameter {key} should be {kind}")
        given = {key for key, _ in query}
        for key, one in known.items():
            if one.get("required") and key not in given:
                self.problems.append(f"{name}: the query parameter {key} is missing")

    def _check_headers(self, name: str, headers: Mapping[str, Any]) -> None:
        for header in ("x-tts-access-token", "Content-Type"):
            if not headers.get(header):
                self.problems.append(f"{name}: the header {header} is missing")

    def _check_body(self, name: str, operation: Mapping[str, Any], request: requests.PreparedRequest) -> None:
        content = operation.get("requestBody", {}).get("content", {})
        body = request.body.encode() if isinstance(request.body, str) else request.body or b""
        if "application/json" in content and body:
            self._validate((name, "request"), content["application/json"]["schema"], json.loads(body))
        elif "multipart/form-data" in content:
            sent = set(re.findall(rb'form-data; name="([^"]+)"', body))
            known = {key.encode() for key in content["multipart/form-data"]["schema"]["properties"]}
            if not sent or sent - known:
                self.problems.append(f"{name}: the parts are {sorted(sent)}, not {sorted(known)}")
        elif body and not content:
            self.problems.append(f"{name}: it takes no body")

    def _validate(self, key: tuple[str, ...], schema: Mapping[str, Any], value: Any) -> None:
        if key not in self._validators:
            self._validators[key] = Draft202012Validator(strict(schema))
        for error in self._validators[key].iter_errors(value):
            place = "/".join(str(part) for part in error.absolute_path)
            self.problems.append(f"{' '.join(key)} at {place}: {error.message[:300]}")

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Look at all calls that go out through `requests` meanwhile; raises if something does not fit."""
        send = requests.adapters.HTTPAdapter.send

        def watched(adapter: Any, request: requests.PreparedRequest, **more: Any) -> requests.Response:
            response = send(adapter, request, **more)
            self.check(request, _read(response) if more.get("stream") else response)
            return response

        self.problems.clear()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(requests.adapters.HTTPAdapter, "send", watched)
            yield
        assert not self.problems, "\n".join(dict.fromkeys(self.problems))


def _read(response: requests.Response) -> requests.Response:
    """A copy of an answer that is read bit by bit; the original can still be read."""
    copy = requests.Response()
    copy.status_code, copy._content = response.status_code, response.raw.read(decode_content=True)
    response.raw = HTTPResponse(
        io.BytesIO(copy.content), headers=response.raw.headers, status=response.status_code, preload_content=False
    )
    return copy


def strict(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A schema that takes no unknown fields, and no number too large for its format."""
    made: dict[str, Any] = {"type": schema["type"]} if "type" in schema else {}
    if schema.get("type") == "object" or "properties" in schema:
        made["properties"] = {key: strict(value) for key, value in schema.get("properties", {}).items()}
        made["additionalProperties"] = False
    if "items" in schema:
        made["items"] = strict(schema["items"])
    bits = _INT_BITS.get(schema.get("format", ""))
    if bits:
        made |= {"minimum": -(2**bits), "maximum": 2**bits - 1}
    return made


def wanted() -> bool:
    """Whether calls are to be checked."""
    return bool(os.environ.get(VARIABLE))


def official(scratch: Path) -> Official:
    """The files that `TTS_OPENAPI` names; with `npm` they are installed into `scratch`."""
    where = os.environ[VARIABLE]
    if where != "npm":
        return Official(Path(where))
    command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(scratch), PACKAGE]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    return Official(scratch)
