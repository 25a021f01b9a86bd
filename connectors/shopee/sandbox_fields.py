"""Reading the fields of a request as strictly as the platform does, with its own texts (shopee.md 9)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from syncer.sdk.sandbox import Call


class Refused(Exception):
    """The platform refuses a call.

    `code` comes without its module prefix; `kind` is for the call log (`invalid`, `review`, `promotion` …);
    `response` holds the lists that some refusals carry besides their code (shopee.md 4).
    """

    def __init__(
        self, code: str, message: str = "", *, kind: str = "invalid", response: dict[str, Any] | None = None
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.kind = kind
        self.response = response


def camel(name: str) -> str:
    """`item_id` as the platform's texts write it: `ItemId`."""
    return "".join(part.capitalize() for part in name.split("_"))


def missing(name: str) -> Refused:
    """A required field is absent. The two spaces are the platform's."""
    return Refused("error_param", f"invalid field {camel(name)}: value must  Not Null")


def wrong(name: str, wanted: str) -> Refused:
    """A field has another JSON type than the platform wants."""
    return Refused("error_param", f"parse body failed: field {name} should be {wanted}")


def body_of(call: Call) -> Mapping[str, Any]:
    """The JSON object of a POST."""
    if not call.body.strip():
        raise Refused("error_param", "EOF")
    try:
        body = json.loads(call.body)
    except (ValueError, RecursionError):
        raise Refused("error_param", "parse body failed: invalid character") from None
    if not isinstance(body, dict):
        raise Refused("error_param", "parse body failed: cannot unmarshal into object")
    return body


def integer(data: Mapping[str, Any], name: str, default: int | None = None) -> int:
    """An integer; required unless there is a default."""
    value = data.get(name)
    if value is None:
        if default is None:
            raise missing(name)
        return default
    if isinstance(value, bool) or not isinstance(value, int) or not -(2**63) <= value < 2**63:
        raise wrong(name, "int")
    return value


def number(data: Mapping[str, Any], name: str, default: float | None = None) -> float:
    """A number; required unless there is a default."""
    value = data.get(name)
    if value is None:
        if default is None:
            raise missing(name)
        return default
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) < 1e18:
        raise wrong(name, "float")
    return value


def text(data: Mapping[str, Any], name: str, default: str | None = None) -> str:
    """A text; required unless there is a default."""
    value = data.get(name)
    if value is None:
        if default is None:
            raise missing(name)
        return default
    if not isinstance(value, str):
        raise wrong(name, "string")
    return value


def boolean(data: Mapping[str, Any], name: str, default: bool | None = None) -> bool:
    """True or false; required unless there is a default."""
    value = data.get(name)
    if value is None:
        if default is None:
            raise missing(name)
        return default
    if not isinstance(value, bool):
        raise wrong(name, "bool")
    return value


def objects(
    data: Mapping[str, Any], name: str, *, at_least: int = 0, at_most: int | None = None
) -> list[dict[str, Any]]:
    """A list of objects; an absent one counts as empty."""
    value = data.get(name)
    if value is None:
        value = []
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise wrong(name, "object[]")
    if len(value) < at_least:
        raise missing(name)
    if at_most is not None and len(value) > at_most:
        raise Refused(
            "error_param", f"invalid field {camel(name)}: length '{len(value)}' must be less than '{at_most + 1}'"
        )
    return value


def mapping(data: Mapping[str, Any], name: str) -> dict[str, Any] | None:
    """An object, None if absent."""
    value = data.get(name)
    if value is not None and not isinstance(value, dict):
        raise wrong(name, "object")
    return value


def texts(data: Mapping[str, Any], name: str) -> list[str]:
    """A list of texts; an absent one counts as empty."""
    value = data.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
        raise wrong(name, "string[]")
    return value


def query_int(
    call: Call, name: str, *, default: int | None = None, low: int | None = None, high: int | None = None
) -> int:
    """An integer of the query string within bounds."""
    value = call.one(name)
    if value is None or value == "":
        if default is None:
            raise missing(name)
        return default
    try:
        parsed = int(value)
    except ValueError:
        raise Refused("error_param", f'strconv.ParseInt: parsing "{value[:20]}": invalid syntax') from None
    if low is not None and parsed < low:
        raise Refused("error_param", f"invalid field {camel(name)}: value '{parsed}' must be greater than '{low - 1}'")
    if high is not None and parsed > high:
        raise Refused("error_param", f"invalid field {camel(name)}: value '{parsed}' must be less than '{high + 1}'")
    return parsed


def query_ids(call: Call, names: Iterable[str], at_most: int, *, brackets: bool) -> list[int]:
    """A list of ids: repeated keys or comma-joined; `[1,2]` only where `brackets` (shopee.md 1.3)."""
    wanted = list(names)
    raw = [value for name in wanted for value in call.every(name)]
    parts: list[str] = []
    for value in raw:
        inner = value.strip()
        if brackets and inner.startswith("[") and inner.endswith("]"):
            inner = inner[1:-1]
        parts += [part.strip() for part in inner.split(",") if part.strip()]
    if not parts:
        raise missing(wanted[0])
    ids = []
    for part in parts:
        if not part.isdigit():
            raise Refused("error_param", f'strconv.ParseUint: parsing "{part[:20]}": invalid syntax')
        ids.append(int(part))
    if len(ids) > at_most:
        raise Refused(
            "error_param", f"invalid field {camel(wanted[0])}: length '{len(ids)}' must be less than '{at_most + 1}'"
        )
    return ids
