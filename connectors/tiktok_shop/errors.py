"""From a TikTok Shop code and text to what the engine does next (tiktok_shop.md sections 5 and 15)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from connectors.tiktok_shop.codes import BUSY, CODES, PHOTOS, RATE, TEXTS, TIMEOUT, TOKEN, VAGUE, WRAPPER
from syncer.domain.words import Words
from syncer.sdk.errors import (
    ConnectorError,
    Gone,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    SignInNeeded,
    Transient,
)
from syncer.sdk.meanings import CodeMeaning, not_signed_in, quoted, unknown_code
from syncer.sdk.wire import Object, as_object, objects, plain, text

#: The platform's name in sentences.
PLACE = "TikTok Shop"
_SERVER_ERROR, _TOO_MANY, _UNAUTHORISED = 500, 429, 401


def meaning(code: str, message: str = "") -> CodeMeaning | None:
    """Return what a code means, with the text deciding where the code is vague; ``None`` if unknown."""
    if code in VAGUE:
        for pattern, found in TEXTS:
            if re.search(pattern, message, re.IGNORECASE):
                return found
    return CODES.get(code)


def classify(
    code: str,
    message: str,
    *,
    write: bool,
    after_s: float | None = None,
    request_id: str | None = None,
    sku: str | None = None,
) -> ConnectorError:
    """Return the error for ``code`` and the platform's (cleaned) ``message``.

    A passing fault of a write is an unknown outcome: it may have happened all the same. An unknown code is
    permanent for the item (sheet 15). ``after_s`` is what the answer's ``Retry-After`` says.
    """
    found = meaning(code, message)
    if found is None:
        return unknown_code(PLACE, code, message, request_id=request_id, sku=sku)
    kind = found.kind
    if found is BUSY and write:
        kind = OutcomeUnknown
    if found is TIMEOUT and not write:
        kind = Transient
    return kind(
        code,
        found.told(PLACE, message),
        remedy=found.remedy,
        who=found.who,
        after_s=(after_s or found.after_s) if found is RATE else found.after_s,
        field=found.field or None,
        sku=sku,
        request_id=request_id,
    )


def by_status(status: int, *, write: bool, after_s: float | None = None) -> ConnectorError:
    """Return the error for an answer without the platform's envelope: only its HTTP status is left (sheet 5)."""
    code = f"http_{status}"
    if status == _TOO_MANY:
        return RateLimited(code, RATE.words, after_s=after_s or RATE.after_s)
    if status == _UNAUTHORISED:
        return SignInNeeded(code, TOKEN.words)
    words = Words("TikTok Shop tidak menjawab dengan jelas.", "TikTok Shop gave no clear answer.")
    return OutcomeUnknown(code, words) if write else Transient(code, words)


def row_error(row: Object, *, request_id: str | None, sku: str | None = None) -> ConnectorError:
    """Return the error of one entry of ``data.errors``; under "check failed" its extra errors say why (sheet 15)."""
    reasons = list(_reasons(row))
    known = [reason for reason in reasons if meaning(*reason) not in (None, WRAPPER)]
    code, message = (known or reasons)[0]
    return classify(code, message, write=False, request_id=request_id, sku=sku)


def _reasons(row: Object) -> Iterator[tuple[str, str]]:
    for entry in (row, *objects(as_object(row.get("detail")).get("extra_errors"))):
        yield text(entry.get("code")), plain(entry.get("message"))


def explain(code: str) -> Words | None:
    """Return what one of the platform's codes means in plain words."""
    found = meaning(code)
    return found.words if found else None


def sign_in_missing() -> SignInNeeded:
    """Return the error for an account that was never signed in."""
    return not_signed_in(PLACE)


def picture_refused(code: str, message: str, request_id: str | None) -> Rejected:
    """Return the error for a photo that isn't taken (sheet 7)."""
    return Rejected(
        code,
        quoted(PHOTOS.words, PLACE, message),
        remedy=PHOTOS.remedy,
        who=PHOTOS.who,
        field=PHOTOS.field,
        request_id=request_id,
    )


def gone() -> Gone:
    """Return the error for a product that was deleted or is unknown."""
    return Gone(
        "product_deleted",
        Words("Produk ini sudah dihapus di TikTok Shop.", "This product was deleted at TikTok Shop."),
    )
