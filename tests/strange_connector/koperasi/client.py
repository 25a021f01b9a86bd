"""Koperasi's API: forms in, XML-flavoured JSON out, a fixed key in the header."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

from koperasi import errors
from koperasi.options import KoperasiOptions

from syncer.sdk.http import HttpClient

Form = Sequence[tuple[str, str]]


def many(value: Any, name: str) -> list[Any]:
    """Return the entries ``name`` of an XML-flavoured list: absent, "", one object, or a list of them."""
    found = value.get(name) if isinstance(value, Mapping) else None
    if found in (None, ""):
        return []
    return list(found) if isinstance(found, list) else [found]


class Client:
    """The calls of the platform that we use. Each names its operation, for budgets and the call log."""

    def __init__(self, options: KoperasiOptions, http: HttpClient) -> None:
        self._options = options
        self._http = http

    def shop(self) -> Mapping[str, Any]:
        """Return the stall."""
        found: Mapping[str, Any] = self._call("GET", "/v1/shop", "shop.get")["shop"]
        return found

    def good(self, number: str) -> Mapping[str, Any]:
        """Return one listing. Raises Gone."""
        found: Mapping[str, Any] = self._call("GET", f"/v1/goods/{quote(number, safe='')}", "goods.get")["good"]
        return found

    def page(self, after: str, size: int) -> tuple[list[Mapping[str, Any]], str]:
        """Return one page of listings, and what to ask for next ("" ends it)."""
        form = [("size", str(size))] + ([("after", after)] if after else [])
        body = self._call("GET", "/v1/goods", "goods.list", params=form)
        return many(body["goods"], "good"), str(body.get("more") or "")

    def by_ref(self, ref: str) -> list[Mapping[str, Any]]:
        """Return the listings with our marker: exact, and never late."""
        return many(self._call("GET", f"/v1/refs/{quote(ref, safe='')}", "goods.by_ref")["goods"], "good")

    def by_code(self, code: str) -> list[Mapping[str, Any]]:
        """Return the listings with a line of that code."""
        return many(self._call("GET", f"/v1/codes/{quote(code, safe='')}", "goods.by_code")["goods"], "good")

    def create(self, form: Form, once: str) -> Mapping[str, Any]:
        """Make a listing; a second call with the same ``once`` gives back the first one's."""
        body = self._call("POST", "/v1/goods", "goods.create", form=form, headers={"Idempotency-Key": once})
        found: Mapping[str, Any] = body["good"]
        return found

    def put(self, number: str, form: Form) -> tuple[Mapping[str, Any], list[Mapping[str, Any]]]:
        """Write a whole listing; return it as stored, and the lines that were refused."""
        body = self._call("PUT", f"/v1/goods/{quote(number, safe='')}", "goods.put", form=form)
        return body["good"], many(body.get("refused"), "line")

    def shelf(self, number: str, *, on: bool) -> Mapping[str, Any]:
        """Put a listing on the shelf or take it off."""
        form = [("shelf", "on" if on else "off")]
        body = self._call("POST", f"/v1/goods/{quote(number, safe='')}/shelf", "goods.shelf", form=form)
        found: Mapping[str, Any] = body["good"]
        return found

    def delete(self, number: str) -> None:
        """Remove a listing for good."""
        self._call("DELETE", f"/v1/goods/{quote(number, safe='')}", "goods.delete")

    def sales(self, form: Form, after: str) -> tuple[list[Mapping[str, Any]], str]:
        """Return one page of sales, and what to ask for next ("" ends it)."""
        params = [*form, *([("after", after)] if after else [])]
        body = self._call("GET", "/v1/sales", "sales.list", params=params)
        return many(body["sales"], "sale"), str(body.get("more") or "")

    def sale(self, number: str) -> Mapping[str, Any]:
        """Return one sale. Raises Gone."""
        found: Mapping[str, Any] = self._call("GET", f"/v1/sales/{quote(number, safe='')}", "sales.get")["sale"]
        return found

    def _call(
        self,
        method: str,
        path: str,
        operation: str,
        *,
        params: Form | None = None,
        form: Form | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        sent = {"Authorization": self._authorization(), **(headers or {})}
        if form is not None:
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        answer = self._http.call(
            method,
            self._options.base_url + path,
            operation=operation,
            write=method != "GET",
            params=params,
            data=urlencode(form).encode() if form is not None else None,
            headers=sent,
        )
        return errors.check(answer)

    def _authorization(self) -> str:
        pair = f"{self._options.stall}:{self._options.key.get_secret_value()}"
        return "Basic " + base64.b64encode(pair.encode()).decode()
