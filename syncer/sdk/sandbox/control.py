"""The control API under `/control/`, the same for every sandbox.

| call | does |
|---|---|
| `GET listings[?shop_id=]` | all listings with their offers |
| `GET calls?after=N` | the call log |
| `GET history?after=N[&remote_id=]` | accepted writes of title, price, stock, in order of effect |
| `GET, POST, DELETE faults` | ordered faults (`DELETE faults?id=` for one) |
| `POST edit` | a person changes title, price or stock there |
| `POST items/ID` | the platform decides: `status` rejected, banned, live, hidden, review, deleted; `reason` |
| `POST promotions` | locks price or stock (`lock`), holds pieces (`sku, quantity, ends_in_s`); never says it ended |
| `GET, POST orders[?shop_id=]` | all orders; a buyer buys: `lines: [{sku, quantity}], status, force, age_s` |
| `POST orders/ID/cancel`, `return` | whole, or `lines: [{sku or line_id, quantity}]`; `by` buyer, seller, system |
| `POST orders/ID/pay`, `ship`, `move` | the next statuses; `move` takes any `status` of the platform |
| `POST orders/ID/split` | one piece of `line_id` becomes a line of its own |
| `GET, POST webhooks[?after=N]` | letters sent; where they go: `url`, `send_to` if it really is elsewhere, `app` |
| `GET, POST settings` | when the platform's own number moves: `lowers_at`, `gives_back_at`: `{STATUS: true or false}` |
| `POST clock` | `advance_s` |
| `GET, POST limits` | numbers and switches |
| `POST tokens/revoke`, `POST consents`, `POST shops` | sign-ins, consent without a browser, another shop |
| `POST reset` | empty shops, no faults, no calls |

Errors are `{"error": "one sentence"}` with status 400 or 404.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from syncer.sdk.sandbox.base import ControlError, Sandbox
from syncer.sdk.sandbox.faults import BadFaultError
from syncer.sdk.sandbox.guard import API_HEADERS
from syncer.sdk.sandbox.limits import BadLimitError
from syncer.sdk.sandbox.orders import OrderError, SoldOrder

Handler = Callable[[Mapping[str, str], Any], Any]


class ControlApi:
    """Answers the control calls of one sandbox."""

    def __init__(self, sandbox: Sandbox, cancel_late_writes: Callable[[], None]) -> None:
        self._sandbox = sandbox
        self._cancel_late_writes = cancel_late_writes
        self._routes: dict[tuple[str, str], Handler] = {
            ("GET", ""): self._index,
            ("GET", "listings"): lambda query, _: sandbox.listings(query.get("shop_id")),
            ("GET", "calls"): lambda query, _: sandbox.calls.after(_after(query)),
            ("GET", "history"): lambda query, _: sandbox.history.after(_after(query), query.get("remote_id")),
            ("GET", "faults"): lambda _, __: sandbox.faults.all(),
            ("POST", "faults"): self._add_faults,
            ("DELETE", "faults"): self._delete_faults,
            ("POST", "edit"): lambda _, body: sandbox.edit(_object(body)),
            ("POST", "promotions"): lambda _, body: sandbox.promote(_object(body)),
            ("POST", "clock"): self._clock,
            ("GET", "clock"): self._time,
            ("GET", "limits"): self._limits,
            ("POST", "limits"): self._set_limits,
            ("POST", "tokens/revoke"): lambda _, body: sandbox.revoke_tokens(_object(body)),
            ("POST", "consents"): lambda _, body: sandbox.grant(_object(body)),
            ("GET", "account"): lambda query, _: {"options": sandbox.account_options(query.get("shop_id"))},
            ("POST", "shops"): lambda _, body: {"options": sandbox.add_account(_object(body))},
            ("POST", "reset"): self._reset,
            ("GET", "orders"): lambda query, _: [order.as_json() for order in sandbox.book.all(query.get("shop_id"))],
            ("POST", "orders"): lambda _, body: _told(sandbox.place_order(_object(body))),
            ("GET", "webhooks"): self._webhooks,
            ("POST", "webhooks"): lambda _, body: sandbox.set_webhook(_object(body)),
            ("GET", "settings"): lambda _, __: sandbox.settings(),
            ("POST", "settings"): lambda _, body: sandbox.set_settings(_object(body)),
        }
        self._changes: dict[str, Callable[[str, Mapping[str, Any]], SoldOrder]] = {
            "cancel": lambda order, body: sandbox.cancel_order(order, _lines(body), str(body.get("by") or "buyer")),
            "return": lambda order, body: sandbox.return_order(order, _lines(body)),
            "pay": lambda order, _: sandbox.move_order(order, sandbox.order_words.paid if sandbox.order_words else ""),
            "ship": lambda order, _: sandbox.move_order(
                order, sandbox.order_words.shipped if sandbox.order_words else ""
            ),
            "move": lambda order, body: sandbox.move_order(order, str(body.get("status") or "")),
            "split": lambda order, body: sandbox.split_line(order, str(body.get("line_id") or "")),
        }

    async def answer(self, request: Request) -> Response:
        """Answer one control call as JSON."""
        name = request.scope["path"].removeprefix("/control").strip("/")
        try:
            raw = await request.body()
            body = json.loads(raw) if raw.strip() else {}
            if name.startswith("items/") and request.method == "POST":
                result: Any = self._sandbox.decide(name.removeprefix("items/"), _object(body))
            elif (change := self._change_of(request.method, name)) is not None:
                result = _told(change(name.split("/")[1], _object(body)))
            else:
                handler = self._routes.get((request.method, name))
                if handler is None:
                    return _json({"error": f"There is no {request.method} /control/{name}."}, 404)
                result = handler(dict(request.query_params), body)
        except json.JSONDecodeError:
            return _json({"error": "The body is not JSON."}, 400)
        except (ControlError, OrderError, BadFaultError, BadLimitError, ValueError) as error:
            return _json({"error": str(error)}, 400)
        except (TypeError, OverflowError, RecursionError):
            return _json({"error": "A value in the body has the wrong form."}, 400)
        if request.method != "GET":
            self._sandbox.touched()
        return _json(result, 200)

    def _index(self, _query: Mapping[str, str], _body: Any) -> dict[str, Any]:
        names = sorted(f"{method} {name}" for method, name in self._routes if name)
        changes = [f"POST orders/ID/{change}" for change in sorted(self._changes)]
        return {"connector": self._sandbox.name, "calls": [*names, "POST items/ID", *changes]}

    def _change_of(self, method: str, name: str) -> Callable[[str, Mapping[str, Any]], SoldOrder] | None:
        parts = name.split("/")
        return self._changes.get(parts[2]) if method == "POST" and len(parts) == 3 and parts[0] == "orders" else None

    def _webhooks(self, query: Mapping[str, str], _body: Any) -> dict[str, Any]:
        sandbox = self._sandbox
        return {
            "addresses": {app: address.url for app, address in sandbox.addresses.items()},
            "waiting": sandbox.postman.waiting(),
            "sent": sandbox.postman.log(_after(query)),
        }

    def _add_faults(self, _query: Mapping[str, str], body: Any) -> Any:
        orders = body if isinstance(body, list) else [body]
        added = [self._sandbox.faults.add(_object(order)).as_json() for order in orders]
        return added if isinstance(body, list) else added[0]

    def _delete_faults(self, query: Mapping[str, str], _body: Any) -> dict[str, int]:
        fault_id = int(query["id"]) if "id" in query else None
        return {"deleted": self._sandbox.faults.clear(fault_id)}

    def _clock(self, _query: Mapping[str, str], body: Any) -> dict[str, float]:
        seconds = _object(body).get("advance_s")
        if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
            raise ControlError("advance_s must be a number of seconds")
        self._sandbox.clock.advance(seconds)
        return self._time({}, None)

    def _time(self, _query: Mapping[str, str], _body: Any) -> dict[str, float]:
        clock = self._sandbox.clock
        return {"now": clock.now(), "offset_s": clock.offset_s}

    def _limits(self, _query: Mapping[str, str], _body: Any) -> dict[str, Any]:
        sandbox = self._sandbox
        return {
            **sandbox.limits.as_json(),
            "usage": sandbox.usage(),
            "pending_late_writes": sandbox.late_writes,
        }

    def _set_limits(self, query: Mapping[str, str], body: Any) -> dict[str, Any]:
        self._sandbox.limits.set(_object(body))
        return self._limits(query, body)

    def _reset(self, _query: Mapping[str, str], _body: Any) -> dict[str, bool]:
        self._cancel_late_writes()
        self._sandbox.reset()
        return {"ok": True}


def _told(order: SoldOrder) -> dict[str, Any]:
    return order.as_json()


def _lines(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    lines = body.get("lines") or []
    if not isinstance(lines, list) or not all(isinstance(line, dict) for line in lines):
        raise ControlError("lines must be a list of {sku or line_id, quantity}")
    return lines


def _after(query: Mapping[str, str]) -> int:
    text = query.get("after", "0")
    if not text.isdigit():
        raise ControlError("after must be a number")
    return int(text)


def _object(body: Any) -> Mapping[str, Any]:
    if not isinstance(body, dict):
        raise ControlError("The body must be a JSON object.")
    return body


def _json(body: Any, status: int) -> Response:
    return JSONResponse(body, status_code=status, headers=API_HEADERS)
