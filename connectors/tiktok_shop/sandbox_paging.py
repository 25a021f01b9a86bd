"""Pages with opaque tokens (tiktok_shop.md 6, 11, 12)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import TypeVar

from connectors.tiktok_shop.sandbox_fields import Refused
from syncer.sdk.sandbox import Call

Row = TypeVar("Row")


def page_of(call: Call, rows: Sequence[Row], key: Callable[[Row], str], size: int) -> tuple[Sequence[Row], str]:
    """The page behind `page_token`, and the token of the next one; an empty one on the last page.

    A token has characters that an address must encode (`+`, `/`, `=`): it is signed decoded (tiktok_shop.md 3).
    """
    start = 0
    token = call.one("page_token")
    if token:
        last = _decoded(token)
        start = next((index + 1 for index, row in enumerate(rows) if key(row) == last), -1)
        if start < 0:
            raise Refused(12019109, "page_token is invalid.")
    page = rows[start : start + size]
    more = start + size < len(rows)
    return page, _encoded(key(page[-1])) if more else ""


def slice_of(call: Call, rows: Sequence[Row], size: int) -> tuple[Sequence[Row], str]:
    """As `page_of`, but a token only says how many rows were given already: rows that move meanwhile are skipped or
    given twice, as the documents warn of orders (tiktok_shop.md 12)."""
    token = call.one("page_token")
    given = _decoded(token) if token else "0"
    if not given.isdecimal():
        raise Refused(12019109, "page_token is invalid.")
    start = int(given)
    more = start + size < len(rows)
    return rows[start : start + size], _encoded(str(start + size)) if more else ""


def _encoded(key: str) -> str:
    return base64.b64encode(b"\xfb\xff" + f"p:{key}".encode() + b"\xfb\xff").decode()


def _decoded(token: str) -> str:
    try:
        return base64.b64decode(token, validate=True)[4:-2].decode()
    except (binascii.Error, UnicodeDecodeError):
        raise Refused(12019109, "page_token is invalid.") from None
