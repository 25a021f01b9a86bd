"""The sign-in that an account's options bring along, before the engine keeps one of its own."""

from __future__ import annotations

import datetime as dt

from syncer.sdk.contract import Tokens
from syncer.sdk.options import SecretStr


def tokens_from_options(
    access_token: SecretStr | None,
    refresh_token: SecretStr | None,
    *,
    access_until: dt.datetime,
    shop_id: str,
) -> Tokens | None:
    """Return the first sign-in in plain text, or ``None`` without an access token.

    ``access_until`` is aware. Where nobody knows it, let the token count as new: if it is dead, the first call says
    so, and the engine refreshes it then.
    """
    if access_token is None:
        return None
    refresh = refresh_token.get_secret_value() if refresh_token else ""
    return Tokens(access_token.get_secret_value(), refresh, access_until, shop_id=shop_id)
