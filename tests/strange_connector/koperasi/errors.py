"""From Koperasi's answers to errors that say what happens next."""

from __future__ import annotations

import datetime as dt
from typing import Any

from syncer.domain.words import Words
from syncer.sdk.errors import (
    AccountStopped,
    ConnectorError,
    Gone,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    SignInNeeded,
    Transient,
    Unclassified,
)
from syncer.sdk.http import Answer, retry_after_s

GONE = Words("Barang ini sudah tidak ada di Koperasi.", "This piece is no longer at Koperasi.")
BUSY = Words("Koperasi meminta jeda sebentar.", "Koperasi asks for a short break.")
NO_KEY = Words("Koperasi tidak mengenali kunci lapak ini.", "Koperasi does not know the key of this stall.")
CLOSED = Words("Lapak ini ditutup oleh Koperasi.", "Koperasi has closed this stall.")
DOWN = Words("Koperasi sedang bermasalah.", "Koperasi has trouble just now.")

#: What the platform refuses about a listing: its code, our field, what to tell the crafter.
_REFUSED: dict[str, tuple[str | None, Words]] = {
    "E10": ("title", Words("Judul kosong atau terlalu panjang.", "The title is empty or too long.")),
    "E11": ("description", Words("Uraian kosong atau terlalu panjang.", "The description is empty or too long.")),
    "E12": ("pictures", Words("Jumlah foto tidak cocok.", "The number of photos does not fit.")),
    "E20": ("price", Words("Harga di luar batas Koperasi.", "The price is outside what Koperasi allows.")),
    "E21": ("sku", Words("SKU dipakai dua kali.", "A SKU is used twice.")),
    "E22": (None, Words("Pilihan varian tidak cocok.", "The choices of the variants do not fit.")),
}


def fault_code(answer: Answer) -> str | None:
    """Return the code of the answer's fault, or ``None`` if it holds none."""
    body = answer.json()
    fault = body.get("fault") if isinstance(body, dict) else None
    return str(fault.get("@code", "")) if isinstance(fault, dict) else None


def refused(code: str) -> ConnectorError:
    """Return the error for a code about the listing's content."""
    if code in _REFUSED:
        field, words = _REFUSED[code]
        return Rejected(code, words, field=field)
    if code == "E30":
        return Transient(code, Words("Baris ini belum bisa diubah.", "This line can't be changed yet."))
    return Unclassified(
        code or "no_code", Words("Koperasi menolak tanpa alasan.", "Koperasi refused without a reason.")
    )


def check(answer: Answer) -> Any:
    """Return the body of a good answer; raise the error that says what happens next."""
    if answer.status == 401:
        raise SignInNeeded("401", NO_KEY)
    if answer.status == 403:
        raise AccountStopped("403", CLOSED)
    if answer.status == 404:
        raise Gone("404", GONE)
    if answer.status == 429:
        raise RateLimited("429", BUSY, after_s=_wait(answer))
    if answer.status >= 500:
        raise OutcomeUnknown(str(answer.status), DOWN) if answer.write else Transient(str(answer.status), DOWN)
    body = answer.json()
    code = fault_code(answer)
    if code is not None:
        raise refused(code)
    if not isinstance(body, dict) or answer.status >= 300:
        raise Unclassified(str(answer.status), DOWN)
    return body


def _wait(answer: Answer) -> float:
    told = retry_after_s(answer.headers, dt.datetime.now(dt.UTC))
    return 1.0 if told is None else told
