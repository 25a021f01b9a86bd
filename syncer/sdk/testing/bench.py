"""A connector on the bench: its sandbox, its account, its HTTP client behind a paced gate, and what they did."""

from __future__ import annotations

import datetime as dt
import itertools
import logging
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from syncer.sdk import registry
from syncer.sdk.contract import Context, Identity, Info, SignsIn, Tokens
from syncer.sdk.http import Answer, CallRecord, Gate, HttpClient
from syncer.sdk.operations import Kind, Operation
from syncer.sdk.options import Options
from syncer.sdk.testing.builders import picture_files
from syncer.sdk.testing.control import Control
from syncer.sdk.testing.driver import Driver
from syncer.sdk.testing.pace import PacedGate

#: Options that hold the first sign-in of an account, by the name of the attribute of the tokens.
_FIRST_SIGN_IN = {"access_token": "access_token", "refresh_token": "refresh_token", "access_expires_at": "access_until"}
#: Shorter values could be found in a text by chance.
_SECRET_MIN_LENGTH = 8
_LATE_STEPS, _LATE_STEP_S = 3000, 0.02
#: How long a write that is struck by latency is waited for; the others have all the time they need.
_SHORT_TIMEOUT_S = 0.25


@dataclass(frozen=True, slots=True)
class Applied:
    """One ``apply``: its kind, the write calls it made by our client's count, and by the sandbox's."""

    kind: Kind
    client_writes: int
    sandbox_writes: int


class NoConnection(Exception):
    """The connector can't even say whose shop the sandbox is; the text says why."""


class LogBook(logging.Handler):
    """Keeps every log record of the process as text, whatever its level."""

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one record, with its traceback if it has one."""
        self.lines.append(f"{record.name}: {self.format(record)}")


class WatchedClient(HttpClient):
    """The engine's HTTP client, which asks before a write goes out how long to wait for its answer."""

    def __init__(self, *, before_write: Callable[[str], float | None], **options: Any) -> None:
        super().__init__(**options)
        self._before_write = before_write
        self.urls: list[str] = []

    def call(self, method: str, url: str, *, write: bool, **sent: Any) -> Answer:
        """Make the call."""
        self.urls.append(url)
        if write and (timeout_s := self._before_write(urlsplit(url).path)) is not None:
            sent["timeout_s"] = timeout_s
        return super().call(method, url, write=write, **sent)


class Bench:
    """One connector against its own sandbox.

    ``limits`` are set at the sandbox, ``overrides`` replace options of the account that it hands out.
    """

    def __init__(
        self,
        name: str,
        scratch: Path,
        *,
        limits: Mapping[str, Any] | None = None,
        overrides: Mapping[str, Any] | None = None,
    ) -> None:
        self.name = name
        self.connector_type = connector_type(name)
        self.info: Info = self.connector_type.info
        self.running = registry.load(
            name, group=registry.SANDBOXES, allowed=distributions(name, registry.SANDBOXES)
        ).start(limits=dict(limits or {}))
        self.control = Control(self.running.control_url)
        self.gate = PacedGate(self.platform_now, self.pass_time)
        self.calls: list[CallRecord] = []
        self.applied: list[Applied] = []
        self.tokens: Tokens | None = None
        self.secrets: set[str] = set()
        self._scratch = scratch
        self._overrides = dict(overrides or {})
        self._offset_s = 0.0
        self._clients: list[HttpClient] = []
        self._seen = 0
        self._armed: dict[str, Any] | None = None
        self._fault: int | None = None
        self._found: dict[str, Any] = {}
        self._markers = itertools.count(1)
        self.forget_calls()
        try:
            self.read_options()
            self.identity: Identity = self._identity()
        except BaseException:
            self.close()
            raise

    def _identity(self) -> Identity:
        try:
            identity: Identity = self.connector().check()
        except Exception as error:
            calls = [f"{call['method']} {call['path']} -> {call['status']}" for call in self.platform_calls()]
            frame = traceback.extract_tb(error.__traceback__)[-1]
            raise NoConnection(
                f"check() of the connector {self.name} fails at its own sandbox: {type(error).__name__}: {error} "
                f"({frame.filename}:{frame.lineno}). "
                f"Calls that reached the platform's API: {', '.join(calls) or 'none'}."
            ) from error
        return identity

    def close(self) -> None:
        """Stop the sandbox and close every connection."""
        for client in self._clients:
            client.close()
        self.control.close()
        self.running.stop()

    def reset(self) -> None:
        """Empty the shop and forget what was called, before the next test."""
        self.control.reset()
        self._armed = None
        self.forget_calls()
        self.tokens = None
        self.read_options()
        self.logs = LogBook()
        self.driver = self.new_driver()

    # The account

    def read_options(self) -> None:
        """Take the account's options from the sandbox, as a person copies them from the platform's page."""
        values = {**self.control.get("account")["options"], **self._overrides}
        self.options: Options = self.connector_type.options_type.read(values)
        self.secrets |= {value for value in self.options.secrets().values() if len(value) >= _SECRET_MIN_LENGTH}

    def connector(self, *, gate: Gate | None = None, options: Options | None = None, timeout_s: float = 5.0) -> Any:
        """Return a fresh connector for the account. ``gate`` and ``options`` replace the bench's own."""
        client = self.client(gate=gate, timeout_s=timeout_s)
        return self.connector_type(options or self.options, self.context(client))

    def client(
        self,
        *,
        gate: Gate | None = None,
        timeout_s: float = 5.0,
        hosts: tuple[str, ...] | None = None,
        sandbox: bool = True,
    ) -> WatchedClient:
        """Return an HTTP client as the engine gives one: the connector's own hosts, and the sandbox.

        Its ``urls`` keep the addresses that were called.
        """
        client = WatchedClient(
            before_write=self._before_write,
            hosts=self.info.hosts if hosts is None else hosts,
            sandbox=self.running.base_url if sandbox else None,
            gate=gate or self.gate,
            on_call=self.calls.append,
            read_timeout_s=timeout_s,
        )
        self._clients.append(client)
        return client

    def context(self, client: HttpClient) -> Context:
        """Return what the engine gives a connector."""
        return Context(http=client, scratch=self._scratch, tokens=lambda: self.tokens)

    def new_driver(self, *, timeout_s: float = 5.0) -> Driver:
        """Return a driver that knows nothing yet, around a fresh connector."""
        connector = self.connector(timeout_s=timeout_s)
        self.gate.budgets = tuple(connector.budgets())
        return Driver(
            connector, wait=self.pass_time, files=picture_files(), sign_in=self.sign_in_again, around=self._around
        )

    def first_tokens(self) -> Tokens | None:
        """Return the sign-in in use: the refreshed one, or the first one from the options."""
        if self.tokens is not None:
            return self.tokens
        values = {**self.options.model_dump(), **self.options.secrets()}
        found = {attribute: values.get(option) for option, attribute in _FIRST_SIGN_IN.items()}
        if not found["access_token"] or not found["refresh_token"]:
            return None
        until = found["access_until"] or dt.datetime.now(dt.UTC)
        return Tokens(found["access_token"], found["refresh_token"], until, shop_id=self.identity.shop_id)

    def keep_tokens(self, tokens: Tokens) -> None:
        """Use ``tokens`` from now on."""
        self.tokens = tokens
        self.secrets |= {tokens.access_token, tokens.refresh_token} - {""}

    def sign_in_again(self) -> None:
        """Refresh the sign-in as the engine does; where there is none, a person copies the new key."""
        connector = self.connector()
        tokens = self.first_tokens()
        if isinstance(connector, SignsIn) and tokens is not None:
            self.keep_tokens(connector.refresh(tokens))
            return
        self.read_options()
        # The engine opens the connector anew with the new options; the driver keeps what it knows.
        self.driver.connector = self.connector()

    def sign_in_anew(self) -> None:
        """Have the seller consent again at the sandbox, and keep the new pair."""
        redirect, state = "http://127.0.0.1:8000/masuk", "kanari-state-1234"
        answer = self.control.post("consents", {"redirect": redirect, "state": state})
        query = dict(parse_qsl(urlsplit(answer["url"]).query))
        self.secrets |= {query[name] for name in ("code",) if name in query}
        self.keep_tokens(self.connector().exchange(query))

    # Time

    def platform_now(self) -> float:
        """Return the platform's time in unix seconds."""
        return time.time() + self._offset_s

    def pass_time(self, seconds: float) -> None:
        """Let ``seconds`` pass on the platform: its clock is moved, and writes that are still out there land."""
        if seconds > 0:
            self.control.advance(seconds)
            self._offset_s += seconds
        if seconds >= self.info.finding.late_write_s > 0:
            self.land_late_writes()

    def land_late_writes(self) -> None:
        """Wait until every write without an answer has landed."""
        for _ in range(_LATE_STEPS):
            if self.control.late_writes() == 0:
                return
            time.sleep(_LATE_STEP_S)
        raise AssertionError("a late write did not land in time")

    # Faults

    def strike_next_write(self, kind: str, **order: Any) -> None:
        """Order a fault for the next call that a connector makes as a write, whichever it is."""
        self._armed, self._fault = {"kind": kind, **order}, None

    def struck(self) -> int:
        """Return how many calls the fault of :meth:`strike_next_write` has struck."""
        return self.control.struck(self._fault) if self._fault is not None else 0

    def _before_write(self, path: str) -> float | None:
        """Order the armed fault, if there is one; return how long to wait for the answer (``None``: as always)."""
        if self._armed is None:
            return None
        order, self._armed = self._armed, None
        self._fault = self.control.fault(path=path, **order)
        return _SHORT_TIMEOUT_S if order["kind"] == "latency" else None

    # What was called

    def writes(self) -> int:
        """Return how many write calls operations have made since the last reset, by the sandbox's count."""
        return sum(done.sandbox_writes for done in self.applied)

    def all_writes(self) -> int:
        """Return how many write calls there were at all: also uploads and sign-ins."""
        return self._sandbox_writes(self._first_call)

    def uploads(self) -> int:
        """Return how many write calls there were outside operations: uploads (and sign-ins)."""
        return self.all_writes() - self.writes()

    def platform_calls(self) -> list[dict[str, Any]]:
        """Return the sandbox's call log since the last reset."""
        return self.control.calls(self._first_call)

    def once(self, name: str, find: Callable[[], Any]) -> Any:
        """Return what ``find`` gives, asked once for the whole class."""
        if name not in self._found:
            self._found[name] = find()
        return self._found[name]

    def marker(self) -> str:
        """Return a new marker for a listing."""
        return f"uji-{next(self._markers)}"

    def currency(self) -> str:
        """Return the account's currency."""
        return self.identity.currency or next(iter(self.info.currencies), "IDR")

    def troubles(self) -> Iterator[str]:
        """Yield what no connector may ever do, whatever the test was about."""
        yield from self._write_troubles()
        refused = [call for call in self.platform_calls() if call["refused"] == "rate" and not call["fault"]]
        if refused:
            yield f"{len(refused)} calls went over the platform's limit though the budgets were kept: {refused[0]}"
        passed, logged = len(self.gate.sent) - self._first_sent, len(self.platform_calls())
        if logged > passed:
            yield f"{logged} calls reached the platform and only {passed} passed the gate: call through Context.http"
        yield from self._secret_troubles()
        told = "\n".join([*self.logs.lines, repr(self.calls)])
        buyers = [asdict(order.buyer) for order in self.running.sandbox.book.all()]
        if any(str(value) in told for buyer in buyers for value in buyer.values()):
            yield "something about a buyer stands in a log"

    def _write_troubles(self) -> Iterator[str]:
        for done in self.applied:
            writes = max(done.client_writes, done.sandbox_writes)
            if writes > 1:
                yield f"one {done.kind} made {writes} remote writes; at most one is allowed"
            if done.sandbox_writes > done.client_writes:
                yield f"{done.kind} made a write that it called with write=False: it would be repeated after a fault"

    def _secret_troubles(self) -> Iterator[str]:
        options = self.options
        texts = {
            "a log record": "\n".join(self.logs.lines),
            "a call record": repr(self.calls),
            "an error": "\n".join(_error_text(error) for error in self.driver.errors),
            "the options' repr": f"{options!r} {options} {options.model_dump_json()} {options.public()}",
            "the connector's repr": f"{self.driver.connector!r} {self.driver.connector}",
            "the tokens' repr": repr(self.tokens),
            "the HTTP client's repr": " ".join(repr(client) for client in self._clients[-2:]),
        }
        for where, text in texts.items():
            if any(secret in text for secret in self.secrets):
                yield f"a secret of the account stands in {where}"

    def _sandbox_writes(self, after: int) -> int:
        sandbox = self.running.sandbox
        operations = (sandbox.operation(call["method"], call["path"]) for call in self.control.calls(after))
        return sum(1 for operation in operations if operation is not None and operation.writes)

    @contextmanager
    def _around(self, operation: Operation) -> Iterator[None]:
        first_call, first_record = self._last_call(), len(self.calls)
        try:
            yield
        finally:
            client_writes = sum(1 for record in self.calls[first_record:] if record.write)
            self.applied.append(Applied(operation.kind, client_writes, self._sandbox_writes(first_call)))

    def _last_call(self) -> int:
        calls = self.control.calls(self._seen)
        self._seen = int(calls[-1]["n"]) if calls else self._seen
        return self._seen

    def forget_calls(self) -> None:
        """Count calls from here on."""
        self._first_call = self._last_call()
        self._first_sent = len(self.gate.sent)
        self.calls.clear()
        self.applied.clear()


def connector_type(name: str) -> Any:
    """Return the class of an installed connector, whichever package it comes from: a test trusts what it tests."""
    return registry.load(name, allowed=distributions(name, registry.CONNECTORS))


def distributions(name: str, group: str) -> frozenset[str]:
    """Return the packages that register ``name``."""
    return frozenset(entry.distribution for entry in registry.installed(group) if entry.name == name)


def _error_text(error: BaseException) -> str:
    parts: list[str] = []
    seen: BaseException | None = error
    while seen is not None:
        parts += [repr(seen), str(seen), repr(vars(seen))]
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)
    return "\n".join(parts)
