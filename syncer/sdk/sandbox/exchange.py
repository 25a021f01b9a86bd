"""One call and its answer, as every sandbox sees them, independent of the web server underneath."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation of the platform's API.

    `name` is what faults and the call log use (for example `product.update_stock`). `writes` says that
    it changes the shop, `lists` that it walks or searches listings (`search_lag` applies), and `batch`
    that single entries of it can fail (`partial` applies). `handler` names what answers it.
    """

    name: str
    handler: Callable[[Call], Answer]
    method: str = "GET"
    writes: bool = False
    lists: bool = False
    batch: bool = False


@dataclass(frozen=True, slots=True)
class Upload:
    """One file of a multipart form."""

    field: str
    filename: str
    content_type: str
    content: bytes


@dataclass(slots=True)
class Call:
    """A call as it arrived.

    `as_of` is set by the fault `stale_read`: answer from the state of that moment (unix seconds).
    `hide_newer_than` is set by `search_lag`: lists leave out what was created after that moment.
    `partial` is set by the fault of that name: fail some entries of the batch.
    `account` is filled in by the sandbox as soon as it knows which shop calls.
    """

    method: str
    path: str
    query: list[tuple[str, str]] = field(default_factory=list)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    form: dict[str, str] = field(default_factory=dict)
    files: list[Upload] = field(default_factory=list)
    account: str | None = None
    as_of: float | None = None
    hide_newer_than: float | None = None
    partial: bool = False
    by: str = "api"

    @classmethod
    def build(cls, method: str, path: str, query_string: bytes, headers: Mapping[str, str], body: bytes) -> Call:
        """Split the query string, keeping empty values and repeated keys."""
        pairs = parse_qsl(query_string.decode("utf-8", "replace"), keep_blank_values=True)
        return cls(method, path, pairs, headers, body)

    def one(self, name: str) -> str | None:
        """The first value of a query parameter, None if it is absent."""
        return next((value for key, value in self.query if key == name), None)

    def every(self, name: str) -> list[str]:
        """All values of a repeated query parameter."""
        return [value for key, value in self.query if key == name]


@dataclass(slots=True)
class Answer:
    """What goes back: JSON unless `content` is given.

    `refused` marks calls that the platform did not accept (`rate`, `sign`, `token`, `review` …) in the
    call log; `code` is the platform's own error code, for the log as well.
    """

    status: int = 200
    body: Any = None
    refused: str | None = None
    code: str = ""
    content: bytes | None = None
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)

    def encoded(self) -> bytes:
        """The bytes of the body."""
        if self.content is not None:
            return self.content
        return json.dumps(self.body, ensure_ascii=False, separators=(",", ":")).encode()
