"""Signed calls to Shopee's API v2, and the envelope that its answers come in (shopee.md 1, 2 and 4)."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from connectors.shopee.errors import bare_code, classify, sign_in_missing
from connectors.shopee.options import ShopeeOptions
from syncer.sdk.contract import Context, Tokens
from syncer.sdk.errors import ConnectorError, OutcomeUnknown, Transient
from syncer.sdk.http import Answer
from syncer.sdk.sign_in import tokens_from_options
from syncer.sdk.wire import Object, as_object, objects, request_id, sentence, text

log = logging.getLogger(__name__)

#: How long an access token lives (shopee.md 3.2).
ACCESS_LIFE = dt.timedelta(hours=4)
Params = Sequence[tuple[str, str]]


def sign(partner_key: str, *parts: object) -> str:
    """Return the signature over ``parts`` joined without separators (shopee.md 2).

    Public calls sign partner id, path, timestamp; shop calls also access token and shop id.
    """
    message = "".join(str(part) for part in parts).encode()
    return hmac.new(partner_key.encode(), message, hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class Reply:
    """A parsed answer. ``code`` has no module prefix and is "" on success; both lists of a batch are kept.

    ``message`` is cleaned and holds no secret of the account; ``error`` is the whole call's error, if it has one.
    """

    code: str
    message: str
    warning: str
    request_id: str
    body: Object
    error: ConnectorError | None

    @property
    def payload(self) -> Object:
        """The operation's own part: below ``response``, or the flat answer itself (shopee.md 4)."""
        response = self.body.get("response")
        return as_object(response) if response is not None else self.body

    def rows(self, name: str) -> list[Object]:
        """Return a list of objects out of the payload, empty if it is missing."""
        return objects(self.payload.get(name))

    def ensure(self) -> Reply:
        """Return this reply, or raise its error."""
        if self.error is not None:
            raise self.error
        return self


class ShopeeClient:
    """Makes the calls of one account. It signs anew for every attempt, so that no timestamp is stale."""

    def __init__(self, options: ShopeeOptions, context: Context) -> None:
        self._options = options
        self._context = context
        #: The tokens that this thread signed with last. Asking for the newest would hide which ones were refused.
        self._signed = threading.local()

    def __repr__(self) -> str:
        return f"ShopeeClient({self._options.base_url!r})"

    def get(self, operation: str, params: Params = ()) -> Reply:
        """Read with the shop's signature. ``operation`` is ``module/name``. Raises ConnectorError."""
        answer = self._call("GET", operation, write=False, params=params)
        return self._reply(operation, answer).ensure()

    def post(self, operation: str, body: Mapping[str, Any]) -> Reply:
        """Write with the shop's signature. A batch's reply is returned with its error, for its lists to be read."""
        answer = self._call("POST", operation, write=True, json=body)
        return self._reply(operation, answer)

    def post_public(self, operation: str, body: Mapping[str, Any]) -> Reply:
        """Write with the app's signature only (tokens). Raises ConnectorError."""
        answer = self._call("POST", operation, write=True, json=body, public=True)
        return self._reply(operation, answer).ensure()

    def upload(self, operation: str, files: Mapping[str, tuple[str | None, bytes | str, str]]) -> Reply:
        """Send a multipart form with the app's signature (shopee.md 5.6). A lost answer costs nothing: Transient."""
        try:
            answer = self._call("POST", operation, write=True, files=dict(files), public=True)
        except OutcomeUnknown as error:
            raise Transient(error.code, error.words) from None
        return self._reply(operation, replace(answer, write=False))

    def signed_link(self, path: str, params: Params) -> str:
        """Return an address on the API host with the app's signature over ``path`` (shopee.md 3.1)."""
        return f"{self._options.base_url}{path}?{urlencode([*self._public_params(path), *params])}"

    def tokens(self) -> Tokens | None:
        """Return the sign-in in use: the engine's, or the first one from the options."""
        return self._context.tokens() or first_tokens(self._options, self._context)

    def shop_id(self) -> str:
        """Return the shop's id from the options, or from the sign-in."""
        if self._options.shop_id is not None:
            return str(self._options.shop_id)
        tokens = self.tokens()
        if tokens is None or not tokens.shop_id:
            raise sign_in_missing()
        return tokens.shop_id

    def _call(
        self,
        method: str,
        operation: str,
        *,
        write: bool,
        params: Params = (),
        json: Mapping[str, Any] | None = None,
        files: Any = None,
        public: bool = False,
    ) -> Answer:
        path = f"/api/v2/{operation}"
        common = self._public_params if public else self._shop_params
        return self._context.http.call(
            method,
            self._options.base_url + path,
            operation=operation.replace("/", "."),
            write=write,
            params=lambda: [*common(path), *params],
            json=json,
            files=files,
        )

    def _public_params(self, path: str) -> list[tuple[str, str]]:
        partner, moment = str(self._options.partner_id), self._moment()
        signature = sign(self._options.partner_key.get_secret_value(), partner, path, moment)
        return [("partner_id", partner), ("timestamp", moment), ("sign", signature)]

    def _shop_params(self, path: str) -> list[tuple[str, str]]:
        tokens = self.tokens()
        if tokens is None:
            raise sign_in_missing()
        self._signed.tokens = tokens
        partner, moment, shop = str(self._options.partner_id), self._moment(), self.shop_id()
        key = self._options.partner_key.get_secret_value()
        signature = sign(key, partner, path, moment, tokens.access_token, shop)
        return [
            ("partner_id", partner),
            ("timestamp", moment),
            ("sign", signature),
            ("access_token", tokens.access_token),
            ("shop_id", shop),
        ]

    def _moment(self) -> str:
        return str(int(self._context.now().timestamp()))

    def _reply(self, operation: str, answer: Answer) -> Reply:
        body = answer.json()
        if not isinstance(body, dict):
            body = Answer(answer.status, answer.headers, b"", answer.write).json()
        code = bare_code(text(body.get("error")))
        message = self._clean(body.get("message"))
        call_id = request_id(body.get("request_id"))
        if not code and answer.status >= 400:
            code = f"http_{answer.status}"
        error = None
        if code:
            error = classify(
                code,
                message,
                write=answer.write,
                request_id=call_id or None,
                now=self._context.now(),
                operation=operation,
            )
        warning = self._clean(body.get("warning"))
        if warning:
            log.warning("shopee %s: warning %s (request %s)", operation, warning, call_id)
        return Reply(code, message, warning, call_id, body, error)

    def _clean(self, value: Any) -> str:
        """Return the platform's text, short, without control signs, and without any secret of this account."""
        return sentence(value, self._secrets())

    def _secrets(self) -> list[str]:
        tokens: Tokens | None = getattr(self._signed, "tokens", None)
        known = [*self._options.secrets().values()]
        if tokens is not None:
            known += [tokens.access_token, tokens.refresh_token]
        return known


def first_tokens(options: ShopeeOptions, context: Context) -> Tokens | None:
    """Return the sign-in that the options bring along, or ``None``."""
    return tokens_from_options(
        options.access_token,
        options.refresh_token,
        access_until=options.access_expires_at or context.now() + ACCESS_LIFE,
        shop_id=str(options.shop_id or ""),
    )
