"""Signed calls to TikTok Shop's API, and the envelope that its answers come in (tiktok_shop.md 2, 3 and 5)."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json as jsonlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from connectors.tiktok_shop import errors
from connectors.tiktok_shop.options import TiktokShopOptions
from syncer.sdk.contract import Context, Tokens
from syncer.sdk.errors import ConnectorError, OutcomeUnknown, Transient
from syncer.sdk.http import Answer, retry_after_s
from syncer.sdk.sign_in import tokens_from_options
from syncer.sdk.wire import Object, as_object, objects, request_id, sentence, text

log = logging.getLogger(__name__)

#: How long an access token lives where nobody says (tiktok_shop.md 4.3).
ACCESS_LIFE = dt.timedelta(days=7)
Params = Mapping[str, str]


def in_path(remote_id: str | None) -> str:
    """Return an id as one part of a path, whatever stands in it; the platform's own ids are digits."""
    return quote(remote_id or "", safe="")


def sign(secret: str, path: str, params: Params, body: bytes = b"") -> str:
    """Return the signature over decoded parameters and the raw body; a form's body is left out (tiktok_shop.md 3)."""
    pairs = "".join(f"{key}{params[key]}" for key in sorted(params) if key not in ("sign", "access_token"))
    message = secret.encode() + path.encode() + pairs.encode() + body + secret.encode()
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class Reply:
    """A parsed answer. ``error`` is the whole call's error, if it has one; ``rows_failed`` are single failures.

    Code 0 with entries in ``data.errors`` is a partial failure (tiktok_shop.md 5).
    """

    code: str
    message: str
    request_id: str | None
    data: Object
    error: ConnectorError | None

    @property
    def rows_failed(self) -> list[Object]:
        """The entries of ``data.errors``."""
        return objects(self.data.get("errors"))

    def rows(self, name: str) -> list[Object]:
        """Return a list of objects out of the data, empty if it is missing."""
        return objects(self.data.get(name))

    def ensure(self) -> Reply:
        """Return this reply, or raise its error."""
        if self.error is not None:
            raise self.error
        return self


class TiktokClient:
    """Makes the calls of one account. It signs anew for every attempt, so that no timestamp is stale.

    Paths are whole ones with their own version: there is no global version (tiktok_shop.md 2).
    """

    def __init__(self, options: TiktokShopOptions, context: Context) -> None:
        self._options = options
        self._context = context

    def __repr__(self) -> str:
        return f"TiktokClient({self._options.base_url!r})"

    def read(
        self,
        method: str,
        path: str,
        operation: str,
        params: Params | None = None,
        *,
        body: Mapping[str, Any] | None = None,
        token: str | None = None,
    ) -> Reply:
        """Read something; also by POST (searches). Raises ConnectorError."""
        answer = self._call(method, path, operation, write=False, params=params or {}, body=body, token=token)
        return self._reply(operation, answer).ensure()

    def write(self, method: str, path: str, operation: str, params: Params, body: Mapping[str, Any]) -> Reply:
        """Write something. The reply is returned with its error, for its partial failures to be read."""
        answer = self._call(method, path, operation, write=True, params=params, body=body)
        return self._reply(operation, answer)

    def upload(self, path: str, operation: str, files: Mapping[str, tuple[str | None, bytes | str, str]]) -> Reply:
        """Send a form; its body is not signed. A lost answer costs nothing, so it is Transient (tiktok_shop.md 7)."""
        try:
            answer = self._call("POST", path, operation, write=True, params={}, files=dict(files))
        except OutcomeUnknown as error:
            raise Transient(error.code, error.words) from None
        return self._reply(operation, replace(answer, write=False))

    def token_call(self, path: str, operation: str, params: Params) -> Reply:
        """Make an unsigned call for tokens. They may be spent by it, so it counts as a write (tiktok_shop.md 4.3).

        Success is ``code`` 0, whatever the HTTP status. Raises ConnectorError.
        """
        secret = self._options.app_secret.get_secret_value()
        answer = self._context.http.call(
            "GET",
            self._options.token_host + path,
            operation=operation,
            write=True,
            params={"app_key": self._options.app_key, "app_secret": secret, **params},
        )
        return self._reply(operation, answer).ensure()

    def tokens(self) -> Tokens | None:
        """Return the sign-in in use: the engine's, or the first one from the options."""
        return self._context.tokens() or first_tokens(self._options, self._context)

    def _call(
        self,
        method: str,
        path: str,
        operation: str,
        *,
        write: bool,
        params: Params,
        body: Mapping[str, Any] | None = None,
        files: Any = None,
        token: str | None = None,
    ) -> Answer:
        raw = b"" if body is None else jsonlib.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()

        def signed() -> dict[str, str]:
            moment = str(int(self._context.now().timestamp()))
            every = {**params, "app_key": self._options.app_key, "timestamp": moment}
            return {**every, "sign": sign(self._options.app_secret.get_secret_value(), path, every, raw)}

        def headers() -> dict[str, str]:
            found = {"x-tts-access-token": token or self._access_token()}
            # The schema demands the content type on GET too; a form's own is set with its boundary.
            return found if files is not None else {**found, "Content-Type": "application/json"}

        return self._context.http.call(
            method,
            self._options.base_url + path,
            operation=operation,
            write=write,
            params=signed,
            data=raw or None,
            files=files,
            headers=headers,
        )

    def _access_token(self) -> str:
        tokens = self.tokens()
        if tokens is None:
            raise errors.sign_in_missing()
        return tokens.access_token

    def _reply(self, operation: str, answer: Answer) -> Reply:
        body = _envelope(answer)
        after_s = retry_after_s(answer.headers, self._context.now(), least_s=1.0)
        if body is None:
            raise errors.by_status(answer.status, write=answer.write, after_s=after_s)
        code, message = text(body.get("code")), self._clean(body.get("message"))
        call_id = request_id(self._clean(body.get("request_id"))) or None
        error = None
        if code != "0":
            error = errors.classify(code, message, write=answer.write, after_s=after_s, request_id=call_id)
            log.info("%s: code %s (request %s)", operation, code, call_id)
        data = as_object(body.get("data"))
        for warning in objects(data.get("warnings")):
            log.warning("%s: %s (request %s)", operation, self._clean(warning.get("message")), call_id)
        if objects(data.get("errors")):
            log.info("%s: partly failed (request %s)", operation, call_id)
        return Reply(code, message, call_id, self._cleaned(data), error)

    def _cleaned(self, data: Object) -> Object:
        """Return the data with texts of failures made safe to show."""
        if "errors" not in data:
            return data
        return {**data, "errors": [self._clean_row(row) for row in objects(data.get("errors"))]}

    def _clean_row(self, row: Object) -> Object:
        detail = as_object(row.get("detail"))
        extra = [self._clean_row(entry) for entry in objects(detail.get("extra_errors"))]
        return {**row, "message": self._clean(row.get("message")), "detail": {**detail, "extra_errors": extra}}

    def _clean(self, value: Any) -> str:
        """Return the platform's text, short, without control signs, and without any secret of this account."""
        return sentence(value, self._secrets())

    def _secrets(self) -> list[str]:
        tokens = self.tokens()
        known = [*self._options.secrets().values()]
        if tokens is not None:
            known += [tokens.access_token, tokens.refresh_token]
        return known


def _envelope(answer: Answer) -> Object | None:
    """Return the platform's envelope, or ``None`` if the answer has none (a gateway's page, say)."""
    try:
        body = jsonlib.loads(answer.body)
    except ValueError:
        return None
    return body if isinstance(body, dict) and "code" in body else None


def first_tokens(options: TiktokShopOptions, context: Context) -> Tokens | None:
    """Return the sign-in that the options bring along, or ``None``."""
    return tokens_from_options(
        options.access_token,
        options.refresh_token,
        access_until=options.access_expires_at or context.now() + ACCESS_LIFE,
        shop_id=options.shop_id,
    )
