"""Set an account's state when nothing of it can work, and tell a person in words."""

from __future__ import annotations

import structlog
from sqlalchemy import and_, update

from syncer.channels.sign_in import Refresh
from syncer.sdk.errors import ConnectorError, Recovery
from syncer.store.engine import write
from syncer.store.tables import account
from syncer.sync.shop import Shop

#: Pause of an account whose sign-in is being refreshed elsewhere, in seconds.
REST_S = 2.0
_LOG = structlog.get_logger("syncer.sync")


def stop_account(shop: Shop, error: ConnectorError, state: str) -> None:
    """Stop one account with a problem in words; the others run on. Its listings stay due."""
    with write(shop.engine) as connection:
        where = and_(account.c.id == shop.account.id, account.c.state == "active")
        connection.execute(update(account).where(where).values(state=state, problem=error.problem().to_json()))
    _LOG.error("account stopped", account=shop.account.name, state=state, error_code=error.code)


def account_refused(shop: Shop, error: ConnectorError) -> bool:
    """Deal with an error that is the account's, not one listing's; return whether it was one.

    A refused sign-in is refreshed once; only if that does not help does a person have to sign in again.
    """
    if error.recovery is Recovery.SIGN_IN_AGAIN:
        outcome = shop.sign_in.refresh_after_refusal(shop.engine, shop.account, shop.connector)
        if outcome is Refresh.FRESH:
            stop_account(shop, error, "sign_in_needed")
        elif outcome in (Refresh.BUSY, Refresh.KEPT):
            shop.rest(REST_S)
        elif outcome is Refresh.REFRESHED:
            shop.rest(0.0)
        return True
    if error.recovery is Recovery.STOP_ACCOUNT:
        stop_account(shop, error, "stopped")
        return True
    return False
