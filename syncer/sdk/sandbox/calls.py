"""The call log: what came in, how it was answered, and never a secret.

Only method, path and outcome are kept. Query values and bodies are not: Shopee puts its token and its
signature into the query, TikTok Shop its application secret (security.md H7).
"""

from __future__ import annotations

from collections import deque
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any


@dataclass(slots=True)
class CallRecord:
    """One call. `n` counts from 1; `t` is unix seconds on the sandbox's clock.

    `status` is None when the caller got no answer. `refused` is None for an accepted call. `fault` names
    the injected fault that shaped the answer, `landed` the moment at which a late write was applied,
    `retry_after` what the answer's header of that name said.
    """

    n: int
    t: float
    method: str
    path: str
    operation: str
    account: str | None = None
    status: int | None = None
    refused: str | None = None
    code: str = ""
    fault: str | None = None
    landed: float | None = None
    retry_after: str | None = None


class CallLog:
    """The last `keep` calls, numbered without gaps; a reset does not start the numbers again."""

    def __init__(self, keep: int = 200_000) -> None:
        self._records: deque[CallRecord] = deque(maxlen=keep)
        self._next = 1

    def begin(self, t: float, method: str, path: str, operation: str) -> CallRecord:
        """Note a call before it is answered."""
        record = CallRecord(self._next, t, method, path, operation)
        self._next += 1
        self._records.append(record)
        return record

    def after(self, n: int) -> list[dict[str, Any]]:
        """All kept calls with a number above `n`, oldest first."""
        first = self._records[0].n if self._records else self._next
        skip = max(0, n + 1 - first)
        return [asdict(record) for record in islice(self._records, skip, None)]

    def clear(self) -> None:
        """Forget all calls; numbering goes on."""
        self._records.clear()
