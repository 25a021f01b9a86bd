"""From a Shopee error code and text to what the engine does next (shopee.md sections 3.5 and 9)."""

from __future__ import annotations

import datetime as dt
import re

from connectors.shopee.codes import CODE_DEAD, CODES, DAILY, FAMILIES, PHOTOS, TEXTS, TOKEN, VAGUE
from syncer.domain.words import Words
from syncer.sdk.errors import (
    ConnectorError,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    SignInNeeded,
    Transient,
)
from syncer.sdk.meanings import CodeMeaning, not_signed_in, unknown_code

#: The platform's name in sentences.
PLACE = "Shopee"
#: Shopee's day ends at midnight in UTC+8 (shopee.md 9).
DAY_OFFSET_H = 8.0
BUDGET_APP, BUDGET_DAY = "app", "day"
_SPACES = re.compile(r"\s+")


def bare_code(code: str) -> str:
    """Return ``code`` without its one leading ``module.`` (shopee.md 4); ``error.param`` is a code of its own.

    Codes that Shopee writes with a space get an underscore, so that they can be looked up.
    """
    code = code.strip()
    if not code.startswith("error."):
        code = re.sub(r"^[a-z_]+\.\s*(?=.)", "", code, count=1)
    return _SPACES.sub("_", code)


def meaning(code: str, message: str = "") -> CodeMeaning | None:
    """Return what a bare code means, with the text deciding where the code is vague; ``None`` if unknown."""
    if code in VAGUE:
        for pattern, found in TEXTS:
            if re.search(pattern, message, re.IGNORECASE):
                return found
    if code in CODES:
        return CODES[code]
    return next((found for pattern, found in FAMILIES if re.fullmatch(pattern, code)), None)


def classify(
    code: str,
    message: str,
    *,
    write: bool,
    now: dt.datetime,
    request_id: str | None = None,
    operation: str = "",
    sku: str | None = None,
) -> ConnectorError:
    """Return the error for a bare ``code`` and Shopee's (cleaned) ``message``.

    A passing fault of a write is an unknown outcome: Shopee may have done it all the same (shopee.md 9). An
    ``error_auth`` is a dead sign-in on token calls only; elsewhere the text decides (shopee.md 3.5).
    """
    found = meaning(code, message)
    if operation.startswith("auth/") and (found is None or found.kind is Rejected):
        found = CODE_DEAD if operation == "auth/token/get" else TOKEN
    if found is None:
        return unknown_code(PLACE, code, message, request_id=request_id, sku=sku)
    kind = found.kind
    if (
        kind is Transient
        and write
        and not operation.startswith("auth/")
        and found.after_s is None
        and found.who is None
    ):
        kind = OutcomeUnknown
    error = kind(
        code or "failed",
        found.told(PLACE, message),
        remedy=found.remedy,
        who=found.who,
        after_s=until_midnight(now) if found is DAILY else found.after_s,
        field=found.field,
        sku=sku,
        request_id=request_id,
    )
    if isinstance(error, RateLimited):
        error.budget = BUDGET_DAY if found is DAILY else BUDGET_APP
    return error


def explain(code: str) -> Words | None:
    """Return what one of Shopee's codes means in plain words, with or without its module prefix."""
    found = meaning(bare_code(code))
    return found.words if found else None


def until_midnight(now: dt.datetime) -> float:
    """Return the seconds until Shopee's quotas come back: 00:00 in UTC+8."""
    local = now.astimezone(dt.timezone(dt.timedelta(hours=DAY_OFFSET_H)))
    midnight = (local + dt.timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return (midnight - local).total_seconds()


def sign_in_missing() -> SignInNeeded:
    """Return the error for an account that was never signed in."""
    return not_signed_in(PLACE)


def picture_refused(code: str, request_id: str = "") -> Rejected:
    """Return the error for a photo that Shopee doesn't take (shopee.md 5.6)."""
    return Rejected(
        bare_code(code), PHOTOS.words, remedy=PHOTOS.remedy, who=PHOTOS.who, field=PHOTOS.field, request_id=request_id
    )
