"""The web application of a sandbox: guard, control API, window, and the road of one platform call.

The road: signature, token and limits (`admit`) → ordered faults → the handler → the state file → the answer.
A fault is not used up by a call that the platform refuses anyway.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from syncer.sdk.sandbox.base import Sandbox
from syncer.sdk.sandbox.calls import CallRecord
from syncer.sdk.sandbox.control import ControlApi
from syncer.sdk.sandbox.exchange import Answer, Call, Operation, Upload
from syncer.sdk.sandbox.faults import OUTCOMES, Fault
from syncer.sdk.sandbox.guard import API_HEADERS, refusal
from syncer.sdk.sandbox.reserved import ReservedPathError, is_reserved
from syncer.sdk.sandbox.window import Window

MAX_BODY_BYTES = 100 * 1024 * 1024

_log = logging.getLogger(__name__)

Drop = Callable[[Scope], Awaitable[None]]


class SandboxApp:
    """ASGI application. `drop` closes a caller's connection without an answer."""

    def __init__(self, sandbox: Sandbox, drop: Drop) -> None:
        self.sandbox = sandbox
        self._drop = drop
        self._control = ControlApi(sandbox, self.cancel_late_writes)
        self._window = Window(sandbox)
        self._late: set[asyncio.TimerHandle] = set()
        self._slow = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request; a caller that went away before it had said all is forgotten."""
        if scope["type"] == "http":
            with suppress(ClientDisconnect):
                await self._answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        path: str = scope["path"]
        response: Response | None = refusal(request, is_page=self._is_page(path))
        if response is None and is_reserved(path):
            response = self._claimed(request.method, path)
        if response is None and (path == "/control" or path.startswith("/control/")):
            response = await self._control.answer(request)
        if response is None:
            response = await self._windows(request)
        if response is None:
            call = await self._read(request)
            if call is None:
                response = Response(status_code=413, headers=API_HEADERS)
            else:
                response = self._page(call) or await self._platform(call, scope)
        if response is not None:
            await response(scope, receive, send)

    async def _windows(self, request: Request) -> Response | None:
        if request.method in {"GET", "HEAD"}:
            return self._window.answer(request)
        return await self._window.buy(request) if request.method == "POST" else None

    def _claimed(self, method: str, path: str) -> Response | None:
        """Say it, rather than answer with a page of ours, where the platform has an operation at an address we keep."""
        if self.sandbox.operation(method, path) is None:
            return None
        error = str(ReservedPathError(self.sandbox.name, method, path))
        return JSONResponse({"error": error}, status_code=500, headers=API_HEADERS)

    def _is_page(self, path: str) -> bool:
        return not path.startswith("/control") and self.sandbox.operation("GET", path) is None

    def _page(self, call: Call) -> Response | None:
        page = self.sandbox.page(call)
        if page is None:
            return None
        self.sandbox.keep()
        return self._window.page(page)

    async def _read(self, request: Request) -> Call | None:
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BODY_BYTES:
                return None
        call = Call.build(
            request.method, request.scope["path"], request.scope["query_string"], request.headers, bytes(body)
        )
        if "form" in request.headers.get("content-type", ""):
            await _read_form(request.scope, call)
        return call

    async def _platform(self, call: Call, scope: Scope) -> Response | None:
        sandbox = self.sandbox
        operation = sandbox.operation(call.method, call.path)
        name = operation.name if operation else "unknown"
        record = sandbox.calls.begin(sandbox.clock.now(), call.method, call.path, name)
        if operation is None:
            return _send(sandbox.unknown(call), record)
        answer = sandbox.admit(call, operation)
        record.account = call.account
        if answer is not None:
            return _send(answer, record)
        faults = sandbox.faults.take(operation, call.path)
        delay_ms = sandbox.limits.latency_ms + self._modify(call, faults)
        record.fault = next((fault.kind for fault in reversed(faults)), None)
        outcome = next((fault for fault in faults if fault.kind in OUTCOMES), None)
        if delay_ms:
            await self._delay(delay_ms / 1000, operation)
        if outcome is None:
            return _send(self._apply(call, operation), record)
        record.fault = outcome.kind
        return await self._fail(call, operation, outcome, record, scope)

    async def _delay(self, seconds: float, operation: Operation) -> None:
        """Hold a call back; a write counts as late as long as it is."""
        self._slow += operation.writes
        self._count_late()
        try:
            await asyncio.sleep(seconds)
        finally:
            self._slow -= operation.writes
            self._count_late()

    def _count_late(self) -> None:
        self.sandbox.late_writes = len(self._late) + self._slow

    def _modify(self, call: Call, faults: list[Fault]) -> float:
        now = self.sandbox.clock.now()
        delay_ms = 0.0
        for fault in faults:
            if fault.kind == "latency":
                delay_ms += fault.ms
            elif fault.kind == "stale_read":
                call.as_of = now - fault.ms / 1000
            elif fault.kind == "search_lag":
                call.hide_newer_than = now - fault.ms / 1000
            elif fault.kind == "partial":
                call.partial = True
        return delay_ms

    def _apply(self, call: Call, operation: Operation) -> Answer:
        try:
            answer = operation.handler(call)
        except Exception as error:
            try:
                answer = self.sandbox.failure(call, operation, error)
            except Exception:
                _log.exception("the sandbox itself failed on %s", operation.name)
                return Answer(500, {"error": "sandbox", "message": "the sandbox itself failed, see its log"})
        if operation.writes:
            self.sandbox.touched()
        return answer

    async def _fail(
        self, call: Call, operation: Operation, fault: Fault, record: CallRecord, scope: Scope
    ) -> Response | None:
        if fault.kind == "answer_lost":
            self._apply(call, operation)
        elif fault.kind == "late_write":
            self._land_later(call, operation, fault, record)
        else:
            if fault.kind == "error_after":
                self._apply(call, operation)
            return _send(_waiting(self.sandbox.struck(call, operation, fault), fault), record)
        if fault.hold_ms:
            await asyncio.sleep(fault.hold_ms / 1000)
        await self._drop(scope)
        return None

    def _land_later(self, call: Call, operation: Operation, fault: Fault, record: CallRecord) -> None:
        def land() -> None:
            self._late.discard(handle)
            self._count_late()
            call.by = "late"
            record.landed = self.sandbox.clock.now()
            record.code = self._apply(call, operation).code

        handle = asyncio.get_running_loop().call_later(fault.ms / 1000, land)
        self._late.add(handle)
        self._count_late()

    def cancel_late_writes(self) -> None:
        """Forget writes that have not landed yet (a reset)."""
        for handle in self._late:
            handle.cancel()
        self._late.clear()
        self._count_late()


def _waiting(answer: Answer, fault: Fault) -> Answer:
    """Let a platform that says how long to wait say what the fault's order says."""
    if fault.kind == "rate_limited" and fault.ms and "Retry-After" in answer.headers:
        answer.headers["Retry-After"] = str(-(-fault.ms // 1000))
    return answer


def _send(answer: Answer, record: CallRecord) -> Response:
    record.status, record.refused, record.code = answer.status, answer.refused, answer.code
    record.retry_after = answer.headers.get("Retry-After")
    headers = {**API_HEADERS, **answer.headers}
    return Response(answer.encoded(), answer.status, headers, media_type=answer.content_type)


async def _read_form(scope: Scope, call: Call) -> None:
    """Fill `call.form` and `call.files` from a form body; a broken one leaves them empty."""

    async def replay() -> dict[str, Any]:
        return {"type": "http.request", "body": call.body, "more_body": False}

    try:
        form = await Request(scope, replay).form(max_part_size=MAX_BODY_BYTES)
    except Exception:
        return
    for name, value in form.multi_items():
        if isinstance(value, UploadFile):
            content = await value.read()
            call.files.append(Upload(name, value.filename or "", value.content_type or "", content))
        else:
            call.form[name] = value
    await form.close()
