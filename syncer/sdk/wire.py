"""Reading a platform's loosely typed answers: whatever it sends, nothing here raises, and everything is bounded.

Platforms send ids as numbers and numbers as text, leave keys out, and say null for an empty list. What an answer may
hold is limited all the same (security.md C3, H6): text by length and by what a database takes, numbers by size.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from syncer.domain.text import BadText, clean_text

#: A JSON object of an answer.
Object = Mapping[str, Any]

#: How long a platform's sentence may be where people read it, in characters.
SENTENCE_MOST = 300
_MOST_TEXT = 100_000
_MOST_NUMBER = 10**18
_MOST_DECIMALS = 18
_LATEST = 253_402_300_799
_NUMBER = re.compile(r"[+-]?[0-9]{1,18}(\.[0-9]{1,18})?")
_BROKEN = re.compile("[\x00\ud800-\udfff]")
_NOT_IN_IDS = re.compile("[^0-9A-Za-z_-]")
_REQUEST_ID_MOST = 64


def as_object(value: Any) -> Object:
    """Return ``value`` if it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def objects(value: Any) -> list[Object]:
    """Return the JSON objects of a list; anything else counts as an empty list."""
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def entries(value: Any) -> list[Any]:
    """Return the entries of a list; anything else counts as an empty one."""
    return value if isinstance(value, list) else []


def text(value: Any) -> str:
    """Return ``value`` as text that every database takes; null gives an empty one, and so does what is no text."""
    if value is None or isinstance(value, (dict, list)):
        return ""
    return _BROKEN.sub("", str(value)[:_MOST_TEXT])


def texts(value: Any) -> list[str]:
    """Return the entries of a list as text; anything else counts as an empty list."""
    return [text(entry) for entry in entries(value)]


def whole(value: Any) -> int | None:
    """Return a whole number that may arrive as text or a float, else ``None``. A fraction is cut off."""
    number = exact(value)
    return None if number is None else int(number)


def exact(value: Any) -> Decimal | None:
    """Return a number exactly, from a number or a text of ASCII digits; ``None`` if it is none, or 10^18 and more.

    Text with an exponent is no number: ``1e999999`` would fill the memory as soon as somebody writes it out.
    """
    if isinstance(value, str):
        return Decimal(value.strip()) if _NUMBER.fullmatch(value.strip()) else None
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        return None
    if isinstance(value, Decimal) and not value.is_finite():
        return None
    if not -_MOST_NUMBER < value < _MOST_NUMBER:
        return None
    number = Decimal(str(value))
    return number if number.adjusted() >= -_MOST_DECIMALS else Decimal(0)


def moment(value: Any) -> dt.datetime | None:
    """Return unix seconds as aware UTC; ``None`` if they are missing, 0, or no time before the year 10000."""
    seconds = whole(value)
    return dt.datetime.fromtimestamp(seconds, dt.UTC) if seconds and 0 < seconds <= _LATEST else None


def exact_id(value: Any, max_length: int = 40) -> str:
    """Return an id that comes as text or as a whole number; "" for null.

    Raises ValueError for anything else: a float has lost its last digits already, so it is no id.
    """
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, int | str) or len(found := str(value)) > max_length:
        raise ValueError("an id is neither text nor a whole number")
    return text(found).strip()


def yes(value: Any) -> bool:
    """Return a boolean that may arrive as the text "true" or "false"."""
    return value.strip().lower() == "true" if isinstance(value, str) else bool(value)


def plain(value: Any, max_length: int = SENTENCE_MOST) -> str:
    """Return a sentence of the platform for people: short, one line, without control signs."""
    try:
        return clean_text(text(value)[:max_length], max_length=max_length)
    except BadText:
        return "?"


def sentence(value: Any, secrets: Iterable[str], max_length: int = SENTENCE_MOST) -> str:
    """Return what a platform said as :func:`plain` does, with ``***`` for every secret that it repeats.

    What is no text is shown as JSON. ``secrets`` are the account's keys and tokens; empty ones hide nothing.
    """
    found = value if isinstance(value, str) else "" if value is None else json.dumps(value)
    for secret in secrets:
        if secret:
            found = found.replace(secret, "***")
    return plain(found, max_length)


def request_id(value: Any) -> str:
    """Return the platform's number of a call, for its support: letters, digits, ``-`` and ``_``, up to 64."""
    return _NOT_IN_IDS.sub("", text(value))[:_REQUEST_ID_MOST]
