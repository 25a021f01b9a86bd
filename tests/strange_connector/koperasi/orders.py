"""Sales at Koperasi in the words of the SDK, and the notes that tell of them."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from koperasi.client import many

from syncer.domain.order import Meaning, OrderLine, RemoteOrder
from syncer.sdk.contract import About, Hint, OrderFacts, WebhookFacts, WebhookScope

#: The handbook says when the number on the shelf falls, and when it is given back.
FACTS = OrderFacts(
    meanings={
        "asked": Meaning.HOLD,
        "paid": Meaning.SOLD,
        "sent": Meaning.GONE,
        "got": Meaning.GONE,
        "off": Meaning.BACK,
        "back": Meaning.ASK,
    },
    lowers={"asked": False, "paid": True, "sent": True, "got": True, "off": False, "back": True},
    lag_s=2.0,
    overlap_s=10.0,
    ids_a_call=10,
    source="koperasi handbook 6",
)

NOTES = WebhookFacts(
    scope=WebhookScope.ACCOUNT, status=202, body=b"noted", refused_status=403, source="koperasi handbook 7"
)


def order(sale: Mapping[str, Any]) -> RemoteOrder:
    """Return one sale. Raises ValueError or LookupError if it can't be understood."""
    lines = tuple(
        OrderLine(
            line_id=str(line["@no"]),
            listing_id=str(line["good"]),
            offer_id=str(line["line"]),
            sku=str(line["code"]),
            quantity=int(line["count"]),
            status=str(line.get("state", "")),
            price=Decimal(int(line["cents"])) / 100,
            currency="EUR",
        )
        for line in many(sale["lines"], "line")
    )
    if not lines:
        raise ValueError("a sale without lines")
    return RemoteOrder(
        str(sale["@no"]), str(sale["state"]), _moment(sale["made"]), _moment(sale["changed"]), lines, currency="EUR"
    )


def is_signed(key: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Return whether the mark is that of the stall's key."""
    mark = base64.b64encode(hmac.new(key.encode(), body, hashlib.sha512).digest())
    return hmac.compare_digest(mark, headers.get("x-koperasi-mark", "").encode("utf-8", "replace"))


def hints(body: bytes) -> list[Hint]:
    """Return the sale that a note names. Raises ValueError if it can't be understood."""
    try:
        note = json.loads(body)
    except RecursionError:
        raise ValueError("too deep") from None
    if not isinstance(note, dict) or not all(isinstance(note.get(name), str) for name in ("stall", "sale", "note")):
        raise ValueError("this is no note")
    return [Hint(About.ORDER, note["stall"], note["sale"], delivery_id=note["note"])]


def _moment(value: Any) -> dt.datetime:
    return dt.datetime.fromtimestamp(float(value), dt.UTC)
