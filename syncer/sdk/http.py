"""The one HTTP client for calls to platforms: pooled, always with time-outs, paced, logged without secrets.

A read that fails in passing is repeated a few times here (tenacity). A write never is: it goes back to the
engine, which looks at the state and computes it anew.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import json as jsonlib
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Protocol, runtime_checkable
from urllib.parse import urlsplit

import requests
import tenacity
from requests.adapters import HTTPAdapter
from requests.exceptions import ChunkedEncodingError, ConnectTimeout, ContentDecodingError, RequestException, SSLError
from requests.exceptions import ConnectionError as RequestsConnectionError
from urllib3.exceptions import HTTPError, MaxRetryError, NewConnectionError

from syncer.domain.words import Words
from syncer.sdk.deadline import bound
from syncer.sdk.errors import AccountStopped, ConnectorError, OutcomeUnknown, Transient

#: Largest answer that is read, in bytes after decompression (security.md C1).
MAX_ANSWER_BYTES = 10_000_000
CONNECT_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 30.0
#: A whole call ends after this long, even if its answer drips in byte by byte (security.md H5).
CALL_DEADLINE_S = 60.0
READ_TRIES = 3
#: The longest that a server can make us wait by ``Retry-After``, in seconds.
MOST_WAIT_S = 3600.0

Params = Mapping[str, Any] | Sequence[tuple[str, Any]]

# At DEBUG it writes whole addresses, and some platforms put tokens into their query (security.md H7).
logging.getLogger("urllib3").setLevel(logging.CRITICAL + 1)


class Gate(Protocol):
    """What stands before and behind every call: budgets, the lease, and the correction by the server's answers."""

    def before(self, operation: str) -> None:
        """Wait until the call may be sent and spend its budgets. Raises ConnectorError if it may not be sent."""

    def after(self, operation: str, status: int, headers: Mapping[str, str]) -> None:
        """Learn from the answer (``status`` 0: no answer)."""


@runtime_checkable
class LastWord(Protocol):
    """What a gate may have besides: a last word when the bytes are about to go out."""

    def sending(self) -> None:
        """Raise ConnectorError if the call of this thread may not go out any more. Takes no time."""


class OpenGate:
    """A gate that never waits: for commands outside the engine, and for tests."""

    def before(self, operation: str) -> None:
        """Let the call pass."""

    def after(self, operation: str, status: int, headers: Mapping[str, str]) -> None:
        """Learn nothing."""


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One call for the call log: parameter *names* only, never values, because values may be secrets."""

    operation: str
    method: str
    host: str
    path: str
    write: bool
    status: int
    ms: float
    sent_bytes: int
    received_bytes: int


@dataclass(frozen=True, slots=True)
class Answer:
    """A platform's answer. ``body`` is at most :data:`MAX_ANSWER_BYTES` long."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    write: bool

    def json(self) -> Any:
        """Return the body as JSON. Raises OutcomeUnknown (write) or Transient (read) if it is none."""
        try:
            return jsonlib.loads(self.body)
        except (ValueError, RecursionError):  # RecursionError: a thousand lists in one another
            raise _no_answer(self.write, "not_json") from None


def retry_after_s(headers: Mapping[str, str], now: dt.datetime, *, least_s: float = 0.0) -> float | None:
    """Return the seconds that ``Retry-After`` asks for, given as seconds or as a date; ``None`` if it says nothing.

    ``now`` is aware. The answer is at least ``least_s`` and at most an hour: no server stops us longer.
    """
    value = next((text for name, text in headers.items() if name.lower() == "retry-after"), "").strip()
    if value.isdecimal():
        return min(max(float(value), least_s), MOST_WAIT_S)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC)
    return min(max((moment - now).total_seconds(), least_s), MOST_WAIT_S)


def is_loopback(url: str) -> bool:
    """Return whether ``url`` points at this machine (127.0.0.0/8, ::1 or localhost)."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class HttpClient:
    """Calls to the hosts of one platform, for one account. Safe to use from several threads.

    ``hosts`` is the connector's allow-list; ``sandbox`` is a loopback base address that is allowed besides.
    Redirects are never followed and environment proxies, cookies and ``.netrc`` never used.
    """

    def __init__(
        self,
        *,
        hosts: Sequence[str],
        sandbox: str | None = None,
        gate: Gate | None = None,
        on_call: Callable[[CallRecord], None] | None = None,
        pool: int = 8,
        read_timeout_s: float = READ_TIMEOUT_S,
        deadline_s: float = CALL_DEADLINE_S,
    ) -> None:
        self._hosts = tuple(hosts)
        self._sandbox = urlsplit(sandbox).netloc if sandbox and is_loopback(sandbox) else None
        self._gate = gate or OpenGate()
        self._on_call = on_call
        self._read_timeout_s = read_timeout_s
        self._deadline_s = deadline_s
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        adapter = HTTPAdapter(pool_connections=2, pool_maxsize=pool, max_retries=0)
        bound(adapter.poolmanager, lambda: self._deadline_s, self._may_send)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)

    def __repr__(self) -> str:
        return f"HttpClient(hosts={self._hosts!r})"

    def close(self) -> None:
        """Close the pooled connections."""
        self._session.close()

    def call(
        self,
        method: str,
        url: str,
        *,
        operation: str,
        write: bool,
        params: Params | Callable[[], Params] | None = None,
        json: Any = None,
        data: bytes | None = None,
        files: Any = None,
        headers: Mapping[str, str] | Callable[[], Mapping[str, str]] | None = None,
        timeout_s: float | None = None,
    ) -> Answer:
        """Make one call and return its answer, whatever its status.

        ``params`` and ``headers`` may be functions: they are called after the wait for the budget and again for
        each repeated read, so that a signature's timestamp is never stale. ``json`` is sent compactly as UTF-8.

        Raises :class:`Transient` if nothing was sent or a read failed, :class:`OutcomeUnknown` if a write may
        have happened, :class:`AccountStopped` for a host outside the allow-list.
        """
        self._check_host(url)
        if json is not None:
            data = jsonlib.dumps(json, ensure_ascii=False, separators=(",", ":")).encode()

        def once() -> Answer:
            return self._once(method, url, operation, write, params, data, files, headers, json is not None, timeout_s)

        if write:
            return once()
        retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(READ_TRIES),
            wait=tenacity.wait_random_exponential(multiplier=0.1, max=2.0),
            retry=tenacity.retry_if_exception_type(Transient),
            reraise=True,
        )
        return retrying(once)

    def _once(
        self,
        method: str,
        url: str,
        operation: str,
        write: bool,
        params: Params | Callable[[], Params] | None,
        data: bytes | None,
        files: Any,
        headers: Mapping[str, str] | Callable[[], Mapping[str, str]] | None,
        is_json: bool,
        timeout_s: float | None,
    ) -> Answer:
        self._gate.before(operation)
        sent_headers = {"Content-Type": "application/json"} if is_json else {}
        sent_headers.update(headers() if callable(headers) else headers or {})
        started = time.monotonic()
        status, body, answer_headers, unsent = 0, b"", {}, False
        try:
            response = self._session.request(
                method,
                url,
                params=params() if callable(params) else params,
                data=data,
                files=files,
                headers=sent_headers,
                timeout=(CONNECT_TIMEOUT_S, timeout_s or self._read_timeout_s),
                allow_redirects=False,
                stream=True,
            )
            status, answer_headers = response.status_code, dict(response.headers)
            body = _bounded_body(response, write, started + max(self._deadline_s, timeout_s or 0.0))
        except RequestException as error:
            raise _transport_error(error, write) from None
        except _UnsentError as error:
            unsent = True
            raise error.why from None
        finally:
            self._gate.after(operation, status, answer_headers)
            if not unsent:
                self._log(operation, method, url, write, status, started, len(data or b""), len(body))
        return Answer(status, answer_headers, body, write)

    def _may_send(self) -> None:
        if isinstance(self._gate, LastWord):
            try:
                self._gate.sending()
            except ConnectorError as error:
                raise _UnsentError(error) from None

    def _check_host(self, url: str) -> None:
        parts = urlsplit(url)
        host = parts.hostname or ""
        if self._sandbox is not None and parts.netloc == self._sandbox:
            return
        known = any(host == name or (name.startswith("*.") and host.endswith(name[1:])) for name in self._hosts)
        if not known or parts.scheme != "https":
            raise AccountStopped(
                "host_not_allowed",
                Words(
                    f"Alamat {host or '?'} bukan alamat toko ini, jadi tidak dipanggil.",
                    f"The address {host or '?'} does not belong to this platform, so it is not called.",
                ),
            )

    def _log(
        self, operation: str, method: str, url: str, write: bool, status: int, started: float, sent: int, received: int
    ) -> None:
        if self._on_call is None:
            return
        parts = urlsplit(url)
        ms = (time.monotonic() - started) * 1000
        self._on_call(
            CallRecord(operation, method, parts.netloc, parts.path, write, status, round(ms, 2), sent, received)
        )


class _UnsentError(Exception):
    """The call was not sent: the gate had the last word. Not an error of the transport, which would wrap it."""

    def __init__(self, why: ConnectorError) -> None:
        super().__init__(why.code)
        self.why = why


def _bounded_body(response: requests.Response, write: bool, deadline: float) -> bytes:
    chunks: list[bytes] = []
    size = 0
    try:
        with response:
            # One piece per arrival, and never more than that decompressed, so that both limits hold all the time.
            while chunk := response.raw.read1(65536, decode_content=True):
                size += len(chunk)
                if size > MAX_ANSWER_BYTES:
                    raise _no_answer(write, "answer_too_large")
                if time.monotonic() > deadline:
                    raise _no_answer(write, "answer_too_slow")
                chunks.append(chunk)
    except (HTTPError, OSError):
        late = time.monotonic() >= deadline
        raise _no_answer(write, "answer_too_slow" if late else "connection_lost") from None
    return b"".join(chunks)


def _transport_error(error: RequestException, write: bool) -> ConnectorError:
    if isinstance(error, SSLError):
        return Transient("tls", Words("Sambungan aman ke toko gagal.", "The secure connection to the shop failed."))
    if isinstance(error, ConnectTimeout) or _never_connected(error):
        return Transient(
            "unreachable", Words("Toko tidak bisa dihubungi saat ini.", "The shop can't be reached just now.")
        )
    if isinstance(error, RequestsConnectionError | ChunkedEncodingError | ContentDecodingError):
        return _no_answer(write, "connection_lost")
    return _no_answer(write, "no_answer")


def _never_connected(error: RequestException) -> bool:
    reason = error.args[0] if error.args else None
    return isinstance(reason, MaxRetryError) and isinstance(reason.reason, NewConnectionError)


def _no_answer(write: bool, code: str) -> ConnectorError:
    words = Words("Toko tidak menjawab dengan jelas.", "The shop gave no clear answer.")
    return OutcomeUnknown(code, words) if write else Transient(code, words)
